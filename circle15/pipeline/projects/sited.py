"""Exact siting for one layer of a study, with the greedy list beside it: the rows of siting.csv."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.errors import ConfigError
from circle15.pipeline.projects.gains import demand_of, gains_in_order, reach_of
from circle15.pipeline.projects.ranked import places_for, places_frame, usable_places
from circle15.pipeline.projects.siting_models import Case, solve
from circle15.pipeline.study.parcels import candidates_of, new_capacity
from circle15.pipeline.tables.district_result import labels_of_study
from circle15.planning.ranking import rank_candidates
from circle15.planning.siting import PEOPLE_SLACK, covered_people
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.outputs.book_labels import BookLabels
    from circle15.pipeline.projects.siting_models import IntArray, Solved
    from circle15.pipeline.projects.siting_task import Task
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service
    from circle15.planning.milp import Siting

COLUMNS = (
    "layer", "model", "solution", "rank", "name", "cell", "lon", "lat", "unit_id", "capacity", "cost",
    "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled",
    "objective", "objective_unit", "bound", "gap_share",
    "status", "group", "capacity_from", "road", "community", "people_per_cost",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Both solutions of a task, and their rows."""

    table: pd.DataFrame  # COLUMNS
    exact: Siting
    notes: tuple[Said, ...]  # what was proven, in plain sentences
    labels: BookLabels  # how a workbook of it calls layers and units


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
                "没有可用的备选地点：均未接入道路"
                + ("或未写造价；请用 --candidates 或 planning.candidates 给出带造价的备选地点表" if needs_cost else ""),
                "no candidate is left that is on a street"
                + (
                    " and states a cost; name a table of places with costs: --candidates, or planning.candidates"
                    if needs_cost
                    else ""
                ),
            )
        )
    cost = places.cost if needs_cost else None
    case = Case(study, service, task, places, at, cost, demand_of(study, service), threads)
    solved = solve(case)
    nothing = np.empty(0, dtype=np.int64)
    bound = solved.exact.bound * solved.scale
    frames = []
    for name, chosen, value, status in (
        ("exact", most_people_first(case, solved.exact.candidate), solved.exact.objective, solved.exact.status),
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


def most_people_first(case: Case, chosen: IntArray) -> IntArray:
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


def _rows(case: Case, chosen: IntArray) -> pd.DataFrame:
    places, at = case.places.take(chosen), case.at.take(chosen)
    capacity = new_capacity(case.study, case.service.layer, places.capacity)
    gains = gains_in_order(case.study, case.service, at, capacity, case.demand, threads=case.threads)
    frame = places_frame(case.study, case.service.layer, places, capacity).assign(**gains)
    people_per_cost = frame["newly_covered_people"] / frame["cost"]
    return frame.assign(rank=np.arange(1, len(places) + 1), people_per_cost=people_per_cost)


def _gap(objective: float, bound: float) -> float:
    largest = max(abs(objective), abs(bound))
    if not np.isfinite(largest):
        return float("nan")
    return abs(objective - bound) / largest if largest > 0 else 0.0


def _said(solved: Solved) -> list[Said]:
    """Say in plain sentences what was proven."""
    exact = solved.exact
    value, bound, greedy = (v * solved.scale for v in (exact.objective, exact.bound, solved.greedy_objective))
    if exact.status == "infeasible":
        none = Said("没有任何备选组合能满足模型", "no choice of candidates satisfies the model")
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
