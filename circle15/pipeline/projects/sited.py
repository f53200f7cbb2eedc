"""Exact siting for one layer of a study, with the greedy list beside it: the rows of siting.csv."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from circle15.errors import ConfigError, Problem
from circle15.pipeline.projects.gains import BLOCK_ORIGINS, Uncovered, demand_of, gains_in_order, reach_of
from circle15.pipeline.projects.ranked import places_for, places_frame, usable_places
from circle15.pipeline.study.parcels import candidates_of, new_capacity
from circle15.pipeline.tables.district_result import labels_of_study
from circle15.planning import MODELS
from circle15.planning.ranking import rank_candidates
from circle15.planning.siting import (
    PEOPLE_SLACK,
    covered_people,
    greedy_filling,
    greedy_set_covering,
    maximal_covering,
    maximal_filling,
    set_covering,
)
from circle15.planning.siting_distance import (
    centre_value,
    greedy_centre,
    greedy_median,
    median_value,
    p_centre,
    p_median,
)
from circle15.reach.search import nearest, travel_times_blocks
from circle15.reach.times import pair_rows
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.network.linking.linkage import Linkage
    from circle15.outputs.book_labels import BookLabels
    from circle15.pipeline.projects.gains import Uncovered
    from circle15.pipeline.study.parcels import Parcels
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service
    from circle15.planning import Model
    from circle15.planning.milp import Siting

COLUMNS = (
    "layer", "model", "solution", "rank", "name", "cell", "lon", "lat", "unit_id", "capacity", "cost",
    "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled",
    "objective", "objective_unit", "bound", "gap_share",
    "status", "group", "capacity_from", "road", "community", "people_per_cost",
)  # fmt: skip

MOST_PAIRS = 5_000_000
"""Pairs of candidate and cell that a model may have; beyond, its solution would take more than memory and patience."""

SEARCHED_S = 4 * 3600.0
"""p-median and p-centre look for walks up to four hours; a cell without one has no part in them."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def as_model(name: str) -> Model:
    """Give the model of that name.

    Raises
    ------
    ConfigError
        If there is none; lists those there are.
    """
    for model in MODELS:
        if model == name:
            return model
    raise ConfigError(
        Problem(
            Said(f"没有这种模型；可用 {', '.join(MODELS)}", f"no such model; there are {', '.join(MODELS)}"),
            value=name,
        )
    )


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be sited."""

    model: Model
    p: int | None = None
    budget: float | None = None  # 万元
    share: float = 1.0  # of the layer's people, for set-cover
    cheapest: bool = False  # set-cover by cost, not by number
    time_limit_s: float = 60.0

    def problems(self) -> list[Problem]:
        """Say what the task lacks."""
        found = []
        if self.model == "set-cover":
            if not 0 < self.share <= 1:
                found.append(
                    Problem(
                        Said("比例应大于 0 且不大于 1", "a share is above 0 and at most 1"),
                        key="--share",
                        value=self.share,
                    )
                )
            if self.p is not None or self.budget is not None:
                found.append(
                    Problem(
                        Said(
                            "set-cover 求最少需要几处；请写 --share，不写 --p 或 --budget",
                            "set-cover asks how few are enough; give --share, not --p or --budget",
                        ),
                    )
                )
        elif self.p is None and self.budget is None:
            found.append(
                Problem(
                    Said(
                        f"{self.model} 须写 --p N（处数）或 --budget（万元）",
                        f"{self.model} needs --p N (how many) or --budget (in 万元)",
                    ),
                )
            )
        if self.p is not None and self.p < 1:
            found.append(Problem(Said("至少一处", "at least one facility"), key="--p", value=self.p))
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """Both solutions of a task, and their rows."""

    table: pd.DataFrame  # COLUMNS
    exact: Siting
    notes: tuple[Said, ...]  # what was proven, in plain sentences
    labels: BookLabels  # how a workbook of it calls layers and units


@dataclass(frozen=True, slots=True)
class _Solved:
    exact: Siting
    greedy: IntArray | None  # in order of choice; None where greedy finds no choice
    greedy_objective: float
    unit: Said | str
    scale: float = 1.0  # from the model's unit to the printed one
    notes: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """A task with its candidates."""

    study: Study
    service: Service
    task: Task
    places: Parcels
    at: Linkage  # of the places
    cost: FloatArray | None  # where the task counts costs
    demand: Uncovered
    threads: int | None

    def reach(self, cells: Linkage) -> csr_array:
        found = reach_of(self.study, self.service, cells, self.at, threads=self.threads)
        _check_size(found.nnz, self.task)
        return found


def site_service(study: Study, service: Service, task: Task, *, threads: int | None = None) -> Answer:
    """Solve one siting task for a layer, existing facilities locked, forbidden places left out.

    Raises
    ------
    ConfigError
        If the task lacks something, or the model is too large; says how to make it smaller.
    """
    ConfigError.gather(task.problems())
    needs_cost = task.budget is not None or task.cheapest
    vanished: list[Said] = []
    every = places_for(study, service, candidates_of(study), vanished)
    places, at, told = usable_places(study, service, every, needs_cost=needs_cost)
    told = [*vanished, *told]
    if not len(places):
        raise ConfigError(
            Said(
                f"没有可用的备选地点：均未接入道路{'或未写造价' if needs_cost else ''}",
                "no candidate is left that is on a street" + (" and states a cost" if needs_cost else ""),
            )
        )
    cost = places.cost if needs_cost else None
    case = _Case(study, service, task, places, at, cost, demand_of(study, service), threads)
    solve = {"mclp": _most_people, "set-cover": _fewest, "capacitated": _by_capacity}.get(task.model, _by_distance)
    solved = solve(case)
    nothing = np.empty(0, dtype=np.int64)
    bound = solved.exact.bound * solved.scale
    frames = []
    for name, chosen, value, status in (
        ("exact", _most_people_first(case, solved.exact.candidate), solved.exact.objective, solved.exact.status),
        ("greedy", nothing if solved.greedy is None else solved.greedy, solved.greedy_objective, "greedy"),
    ):
        objective = value * solved.scale
        rows = _rows(case, chosen)
        frames.append(
            rows.assign(
                layer=service.layer.id,
                group=service.layer.group,
                model=task.model,
                solution=name,
                objective=objective,
                objective_unit=np.full(len(rows), solved.unit, object),
                bound=bound,
                gap_share=_gap(objective, bound),
                status=status,
            )
        )
    table = pd.concat(frames, ignore_index=True)[list(COLUMNS)]
    return Answer(table, solved.exact, (*told, *solved.notes, *_said(solved)), labels_of_study(study, [service]))


def _most_people(case: _Case) -> _Solved:
    task, rows = case.task, case.demand.rows
    people, missing = case.demand.people[rows], case.demand.missing[rows]
    reach = case.reach(case.demand.at.take(rows))
    exact = maximal_covering(
        reach, people, p=task.p, cost=case.cost, budget=task.budget, missing=missing, time_limit_s=task.time_limit_s
    )
    top = task.p or reach.shape[0]
    found = rank_candidates(reach, people, missing=missing, cost=case.cost, budget=task.budget, top=top)
    unit = Said("人", "people")
    return _Solved(exact, found.candidate, float(found.newly_covered_people.sum()), unit)


def _fewest(case: _Case) -> _Solved:
    task, service, rows = case.task, case.service, case.demand.rows
    people, missing = case.demand.people[rows], case.demand.missing[rows]
    reach = case.reach(case.demand.at.take(rows))
    everybody = float(service.people.sum())
    already = float(service.people[service.covered].sum())
    target = task.share * everybody - already
    most = covered_people(reach, people, np.arange(reach.shape[0]), missing=missing)
    notes: tuple[Said, ...] = ()
    if most < target - PEOPLE_SLACK:
        reachable = np.floor((already + most) / everybody * 1e6) / 1e6
        notes = (
            Said(
                f"全部候选合计只能覆盖 {reachable:.6f}；请把 --share 降到 {reachable:.6f} 以下",
                f"all candidates together cover a share of {reachable:.6f}; ask for --share {reachable:.6f} or less",
            ),
        )
    price = case.cost if task.cheapest else None
    exact = set_covering(reach, people, target, cost=price, missing=missing, time_limit_s=task.time_limit_s)
    greedy = greedy_set_covering(reach, people, target, cost=price, missing=missing)
    worth = float("nan") if greedy is None else float(len(greedy) if price is None else price[greedy].sum())
    unit = Said("处", "facilities") if price is None else "万元"
    return _Solved(exact, greedy, worth, unit, notes=notes)


def _by_capacity(case: _Case) -> _Solved:
    """Serve the open gap, handed out as is best."""
    study, service, task = case.study, case.service, case.task
    if not service.has_norm:
        raise ConfigError(
            Said(
                f"服务 {service.layer.id}：capacitated 须有 norm_per_1000 和设施容量",
                f"layer {service.layer.id}: capacitated needs norm_per_1000 and facilities' capacities",
            )
        )
    capacity = new_capacity(study, service.layer, case.places.capacity)
    if np.isnan(capacity).any():
        raise ConfigError(
            Said(
                f"请写明新设施的容量：[planning.new_capacity] {service.layer.id} = …",
                f"say what a new facility offers: [planning.new_capacity] {service.layer.id} = ...",
            )
        )
    cells, homes = study.cells, case.demand.at
    gap = cells.sum_of_pieces(service.gap)
    rows = np.flatnonzero((gap > 0) & (homes.edge >= 0))
    reach = case.reach(homes.take(rows))
    exact = maximal_filling(
        reach, gap[rows], capacity, p=task.p, cost=case.cost, budget=task.budget, time_limit_s=task.time_limit_s
    )
    greedy, filled = greedy_filling(reach, gap[rows], capacity, p=task.p, cost=case.cost, budget=task.budget)
    unit = service.layer.capacity_unit or Said("个", "places")
    return _Solved(exact, greedy, filled, unit)


def _by_distance(case: _Case) -> _Solved:
    task = case.task
    seconds, people, existing = _walks(case)
    if task.model == "p-median":
        exact = p_median(
            seconds, people, existing=existing, p=task.p, cost=case.cost, budget=task.budget,
            time_limit_s=task.time_limit_s,
        )  # fmt: skip
        greedy = greedy_median(seconds, people, existing=existing, p=task.p, cost=case.cost, budget=task.budget)
        value = median_value(seconds, people, greedy, existing=existing)
        unit = Said("秒/人（平均步行时间）", "seconds per person")
        return _Solved(exact, greedy, value, unit, scale=1.0 / max(float(people.sum()), 1e-9))
    exact = p_centre(
        seconds, people, existing=existing, p=task.p, cost=case.cost, budget=task.budget, time_limit_s=task.time_limit_s
    )
    unit = Said("秒（最长步行时间）", "seconds")
    if task.p is None or task.budget is not None:
        return _Solved(exact, None, float("nan"), unit)
    greedy = greedy_centre(seconds, people, existing=existing, p=task.p)
    return _Solved(exact, greedy, centre_value(seconds, people, greedy, existing=existing), unit)


def _walks(case: _Case) -> tuple[csr_array, FloatArray, FloatArray]:
    """Give candidates x inhabited cells in seconds, the cells' people, and their walk to a facility today.

    Only pairs that are shorter than the cell's walk today are kept. Cells from which no candidate and no facility can
    be walked to are left out.
    """
    study, service, homes = case.study, case.service, case.demand.at
    cells, profile = study.cells, service.layer.profile
    people = cells.sum_of_pieces(service.people)
    rows = np.flatnonzero((people > 0) & (homes.edge >= 0))
    entrances, _ = study.linked_entrances(service.layer)
    origins = homes.take(rows)
    today = nearest(
        study.network, origins, entrances, profile=profile, cutoff_s=SEARCHED_S, threads=case.threads
    ).seconds
    cutoff_s = SEARCHED_S if np.isnan(today).any() else float(today.max(initial=1.0))
    parts: list[tuple[IntArray, IntArray, FloatArray]] = []
    n_pairs = 0
    for first, table in travel_times_blocks(
        study.network, origins, case.at, profile=profile, cutoff_s=cutoff_s, block=BLOCK_ORIGINS, threads=case.threads
    ):
        row = first + pair_rows(table)
        shorter = ~(table.seconds >= today[row])
        parts.append((table.destination[shorter].astype(np.int64), row[shorter], table.seconds[shorter]))
        n_pairs += int(shorter.sum())
        _check_size(n_pairs, case.task)
    place = np.concatenate([part[0] for part in parts])
    row = np.concatenate([part[1] for part in parts])
    seconds = np.concatenate([part[2] for part in parts])
    could = ~np.isnan(today)
    could[row] = True
    new_row = np.cumsum(could) - 1
    shape = (len(case.at), int(could.sum()))
    return csr_array((seconds, (place, new_row[row])), shape=shape), people[rows][could], today[could]


def _most_people_first(case: _Case, chosen: IntArray) -> IntArray:
    """Order a solution's places as greedy would build them; those that then cover nobody new come last.

    Where people covered are all that counts, such places are left out.
    """
    demand, rows = case.demand, case.demand.rows
    at = case.at.take(chosen)
    reach = reach_of(case.study, case.service, demand.at.take(rows), at, threads=case.threads)
    first = rank_candidates(reach, demand.people[rows], missing=demand.missing[rows], top=len(chosen)).candidate
    every = np.arange(len(chosen))
    people, missing = demand.people[rows], demand.missing[rows]
    if case.task.model == "mclp" and covered_people(reach, people, first, missing=missing) >= (
        covered_people(reach, people, every, missing=missing) - PEOPLE_SLACK
    ):
        return chosen.take(first)
    rest = np.setdiff1d(every, first)
    order: IntArray = np.concatenate([first, rest]).astype(np.int64)
    return chosen.take(order)


def _rows(case: _Case, chosen: IntArray) -> pd.DataFrame:
    places, at = case.places.take(chosen), case.at.take(chosen)
    capacity = new_capacity(case.study, case.service.layer, places.capacity)
    gains = gains_in_order(case.study, case.service, at, capacity, case.demand, threads=case.threads)
    frame = places_frame(case.study, case.service.layer, places, capacity).assign(**gains)
    people_per_cost = frame["newly_covered_people"] / frame["cost"]
    return frame.assign(rank=np.arange(1, len(places) + 1), people_per_cost=people_per_cost)


def _check_size(n_pairs: int, task: Task) -> None:
    if n_pairs > MOST_PAIRS:
        message = Said(
            f"{task.model}：备选地点与网格的组合超过 {MOST_PAIRS:,} 对。请给出备选地块表（[planning] candidates）、"
            "改用较粗的 [cells] resolution，或用没有此限制的 circle15 rank",
            f"{task.model}: more than {MOST_PAIRS:,} pairs of candidate and cell. Give a table of candidates "
            "([planning] candidates), a coarser [cells] resolution, or take `circle15 rank`, which has no such limit",
        )
        raise ConfigError(message)


def _gap(objective: float, bound: float) -> float:
    largest = max(abs(objective), abs(bound))
    if not np.isfinite(largest):
        return float("nan")
    return abs(objective - bound) / largest if largest > 0 else 0.0


def _said(solved: _Solved) -> list[Said]:
    """Say in plain sentences what was proven."""
    exact = solved.exact
    value, bound, greedy = (v * solved.scale for v in (exact.objective, exact.bound, solved.greedy_objective))
    if exact.status == "infeasible":
        none = Said("没有任何候选组合能满足模型", "no choice of candidates satisfies the model")
        return [] if solved.notes else [none]
    if exact.status == "optimal":
        said = [Said("已证明最优：{v} {unit}", "optimal: {v} {unit}, proven")]
    else:
        said = [
            Said(
                "限时停止：得 {v} {unit}，不排除 {b} {unit}（相差 {g}）",
                "stopped by the time limit: {v} {unit} found, {b} {unit} not excluded (gap {g})",
            )
        ]
    if np.isfinite(greedy):
        said.append(Said("逐点择优：{w} {unit}，与界相差 {d}", "greedy: {w} {unit}, {d} from the bound"))
    values = {"v": f"{value:,.1f}", "b": f"{bound:,.1f}", "w": f"{greedy:,.1f}"}
    shares = {"g": f"{_gap(value, bound):.2%}", "d": f"{_gap(greedy, bound):.2%}"}
    return [text.format(unit=solved.unit, **values, **shares) for text in said]
