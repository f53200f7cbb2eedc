"""A layer's siting task solved by its model, exactly and by greedy choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from circle15.errors import ConfigError
from circle15.pipeline.projects.gains import BLOCK_ORIGINS, Uncovered, reach_of
from circle15.pipeline.study.parcels import new_capacity
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
    from circle15.pipeline.projects.gains import Uncovered
    from circle15.pipeline.projects.siting_task import Task
    from circle15.pipeline.study.parcels import Parcels
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service
    from circle15.planning.milp import Siting

MOST_PAIRS = 5_000_000
"""Pairs of candidate and cell that a model may have; beyond, its solution would take more than memory and patience."""

SEARCHED_S = 4 * 3600.0
"""p-median and p-centre look for walks up to four hours; a cell without one has no part in them."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solved:
    """Both solutions of a task, in the model's own unit."""

    exact: Siting
    greedy: IntArray | None  # in order of choice; None where greedy finds no choice
    greedy_objective: float
    unit: Said | str
    scale: float = 1.0  # from the model's unit to the printed one
    notes: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
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
        """Give who of the candidates is within reach of which cell."""
        found = reach_of(self.study, self.service, cells, self.at, threads=self.threads)
        _check_size(found.nnz, self.task)
        return found


def solve(case: Case) -> Solved:
    """Solve a case by its task's model.

    Raises
    ------
    ConfigError
        If the model is too large, or the layer lacks what it needs; says what would do.
    """
    by_model = {"mclp": _most_people, "set-cover": _fewest, "capacitated": _by_capacity}
    return by_model.get(case.task.model, _by_distance)(case)


def greedy_choice(case: Case) -> IntArray:
    """Choose greedily by the task's model alone, without any proof; places in order of choice, maybe none."""
    task = case.task
    none = np.empty(0, dtype=np.int64)
    if task.model in {"p-median", "p-centre"}:
        seconds, people, existing = _walks(case)
        if task.model == "p-median":
            return greedy_median(seconds, people, existing=existing, p=task.p, cost=case.cost, budget=task.budget)
        if task.p is None or task.budget is not None:
            return none
        return greedy_centre(seconds, people, existing=existing, p=task.p)
    if task.model == "capacitated":
        capacity = _offered(case)
        reach, gap = _open_gap(case)
        return greedy_filling(reach, gap, capacity, p=task.p, cost=case.cost, budget=task.budget)[0]
    reach, people, missing = _uncovered(case)
    if task.model == "set-cover":
        price = case.cost if task.cheapest else None
        found = greedy_set_covering(reach, people, _target(case), cost=price, missing=missing)
        return none if found is None else found
    top = task.p or reach.shape[0]
    return rank_candidates(reach, people, missing=missing, cost=case.cost, budget=task.budget, top=top).candidate


def _uncovered(case: Case) -> tuple[csr_array, FloatArray, IntArray]:
    """Give whom each candidate reaches of those who are not covered, how many they are, and what they lack."""
    rows = case.demand.rows
    return case.reach(case.demand.at.take(rows)), case.demand.people[rows], case.demand.missing[rows]


def _target(case: Case) -> float:
    """Give the people whom a covering has to add."""
    service = case.service
    return case.task.share * float(service.people.sum()) - float(service.people[service.covered].sum())


def _most_people(case: Case) -> Solved:
    task = case.task
    reach, people, missing = _uncovered(case)
    exact = maximal_covering(
        reach, people, p=task.p, cost=case.cost, budget=task.budget, missing=missing, time_limit_s=task.time_limit_s
    )
    top = task.p or reach.shape[0]
    found = rank_candidates(reach, people, missing=missing, cost=case.cost, budget=task.budget, top=top)
    unit = Said("人", "people")
    return Solved(exact, found.candidate, float(found.newly_covered_people.sum()), unit)


def _fewest(case: Case) -> Solved:
    task, service = case.task, case.service
    reach, people, missing = _uncovered(case)
    target = _target(case)
    most = covered_people(reach, people, np.arange(reach.shape[0]), missing=missing)
    notes: tuple[Said, ...] = ()
    if most < target - PEOPLE_SLACK:
        already = float(service.people[service.covered].sum())
        reachable = np.floor((already + most) / float(service.people.sum()) * 1e6) / 1e6
        notes = (
            Said(
                f"全部备选合计只能覆盖 {reachable:.6f}；请把 --share 降到 {reachable:.6f} 以下",
                f"all candidates together cover a share of {reachable:.6f}; ask for --share {reachable:.6f} or less",
            ),
        )
    price = case.cost if task.cheapest else None
    exact = set_covering(reach, people, target, cost=price, missing=missing, time_limit_s=task.time_limit_s)
    greedy = greedy_set_covering(reach, people, target, cost=price, missing=missing)
    worth = float("nan") if greedy is None else float(len(greedy) if price is None else price[greedy].sum())
    unit = Said("处", "facilities") if price is None else "万元"
    return Solved(exact, greedy, worth, unit, notes=notes)


def _by_capacity(case: Case) -> Solved:
    """Serve the open gap, handed out as is best."""
    task, capacity = case.task, _offered(case)
    reach, gap = _open_gap(case)
    exact = maximal_filling(
        reach, gap, capacity, p=task.p, cost=case.cost, budget=task.budget, time_limit_s=task.time_limit_s
    )
    greedy, filled = greedy_filling(reach, gap, capacity, p=task.p, cost=case.cost, budget=task.budget)
    unit = case.service.layer.capacity_unit or Said("个", "places")
    return Solved(exact, greedy, filled, unit)


def _offered(case: Case) -> FloatArray:
    """Give the candidates' capacities; say so where the layer has no gap or a capacity is not known."""
    service = case.service
    if not service.has_norm:
        raise ConfigError(
            Said(
                f"服务 {service.layer.id}：capacitated 须有 norm_per_1000 和设施容量",
                f"layer {service.layer.id}: capacitated needs norm_per_1000 and facilities' capacities",
            )
        )
    capacity = new_capacity(case.study, service.layer, case.places.capacity)
    if np.isnan(capacity).any():
        raise ConfigError(
            Said(
                f"请写明新设施的容量：[planning.new_capacity] {service.layer.id} = …",
                f"say what a new facility offers: [planning.new_capacity] {service.layer.id} = ...",
            )
        )
    return capacity


def _open_gap(case: Case) -> tuple[csr_array, FloatArray]:
    """Give whom each candidate reaches of the cells with a gap, and their gaps."""
    homes = case.demand.at
    gap = case.study.cells.sum_of_pieces(case.service.gap)
    rows = np.flatnonzero((gap > 0) & (homes.edge >= 0))
    return case.reach(homes.take(rows)), gap[rows]


def _by_distance(case: Case) -> Solved:
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
        return Solved(exact, greedy, value, unit, scale=1.0 / max(float(people.sum()), 1e-9))
    exact = p_centre(
        seconds, people, existing=existing, p=task.p, cost=case.cost, budget=task.budget, time_limit_s=task.time_limit_s
    )
    unit = Said("秒（最长步行时间）", "seconds")
    if task.p is None or task.budget is not None:
        return Solved(exact, None, float("nan"), unit)
    greedy = greedy_centre(seconds, people, existing=existing, p=task.p)
    return Solved(exact, greedy, centre_value(seconds, people, greedy, existing=existing), unit)


def _walks(case: Case) -> tuple[csr_array, FloatArray, FloatArray]:
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


def _check_size(n_pairs: int, task: Task) -> None:
    if n_pairs > MOST_PAIRS:
        message = Said(
            f"{task.model}：备选地点与网格的组合超过 {MOST_PAIRS:,} 对。请给出备选地块表（[planning] candidates）、"
            "改用较粗的 [cells] resolution，或用没有此限制的 circle15 rank",
            f"{task.model}: more than {MOST_PAIRS:,} pairs of candidate and cell. Give a table of candidates "
            "([planning] candidates), a coarser [cells] resolution, or take `circle15 rank`, which has no such limit",
        )
        raise ConfigError(message)
