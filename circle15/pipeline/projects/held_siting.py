"""How sited places hold in the draws: the task is solved anew, by its own model, in every draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.pipeline.draws.drawn_studies import DrawnStudies, in_draw
from circle15.pipeline.draws.held_choices import Candidates
from circle15.pipeline.projects.gains import demand_of
from circle15.pipeline.projects.held import competing, held_columns, is_near, listed, unknown
from circle15.pipeline.projects.ranked import places_for, usable_places
from circle15.pipeline.projects.sited import most_people_first
from circle15.pipeline.projects.siting_models import Case, greedy_choice, solve
from circle15.pipeline.study.parcels import candidates_of, new_capacity
from circle15.planning.ranking import covered_in_order

if TYPE_CHECKING:
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.draws.certainty_table import Certainty
    from circle15.pipeline.projects.siting_task import Task
    from circle15.pipeline.study.parcels import Parcels
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
_FEW = 40
"""So many candidates all compete; of more, those that some draws would choose."""
_LOOKS = 4
"""Draws, evenly over walking speeds, in which is looked for places that compete with the listed ones."""


def held_siting(study: Study, service: Service, certainty: Certainty, siting: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Give siting.csv with how each sited place holds.

    mclp without costs is chosen greedily in every draw, as rankings are; the other models are solved exactly, in the
    first draws (`drawn_studies.MEASURED_DRAWS`).
    """
    every = places_for(study, service, candidates_of(study), [])
    needs_cost = task.budget is not None or task.cheapest
    places, at, _ = usable_places(study, service, every, needs_cost=needs_cost)
    places = replace(places, capacity=new_capacity(study, service.layer, places.capacity))
    studies = DrawnStudies(certainty.world, with_missing=False)
    frames = []
    for _, one in siting.groupby("solution", sort=False):
        own = one.reset_index(drop=True)
        rows = listed(own, places)
        if task.model == "mclp" and not needs_cost:
            candidates = Candidates(certainty, service, at)
            some = competing(certainty, service, (candidates, places), rows, by_cost=False)
            columns = held_columns(certainty, service, Candidates(certainty, service, at.take(some)),
                                   (len(some), len(own)))  # fmt: skip
        else:
            some = _competing(studies, service, (places, at), rows, task)
            columns = held_columns(
                certainty, service, SitedPlaces(studies, service, (places.take(some), at.take(some)), task),
                (len(some), len(own)),
            )  # fmt: skip
        frames.append(pd.concat([own, columns], axis=1))
    return pd.concat(frames, ignore_index=True) if frames else siting.assign(**unknown(0))


class SitedPlaces:
    """Places of which a siting task chooses some in every draw."""

    def __init__(self, studies: DrawnStudies, service: Service, places: tuple[Parcels, Linkage], task: Task) -> None:
        self._studies, self._service, self._task = studies, service, task
        self._places, self._at = places

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self._studies.n_draws

    @property
    def n_alone(self) -> int:
        """Number of draws in which each factor is drawn alone."""
        return (self.n_draws + 1) // 2

    def case(self, draw: int, drawn: str = "all") -> Case:
        """Give the task as it is in a draw."""
        study, service = self._studies.of(self._service, draw, drawn)
        cost = self._places.cost if self._task.budget is not None or self._task.cheapest else None
        at = in_draw(self._at, study)
        return Case(study, service, self._task, self._places, at, cost, demand_of(study, service), 1)

    def chosen(
        self,
        draw: int,
        top: int,  # noqa: ARG002 (the task has limits of its own)
        *,
        cost: Float64 | None = None,  # noqa: ARG002 (as above)
        budget: float | None = None,  # noqa: ARG002 (as above)
        drawn: str = "all",
    ) -> Int64:
        """Solve the task; those that newly cover most people come first."""
        case = self.case(draw, drawn)
        return most_people_first(case, solve(case).exact.candidate)

    def gained(self, draw: int) -> Float64:
        """Give the people newly covered by each place in a draw, built in their order, (n_places,)."""
        case = self.case(draw)
        reach = case.reach(case.demand.at.take(case.demand.rows))
        people, missing = case.demand.people[case.demand.rows], case.demand.missing[case.demand.rows]
        return covered_in_order(reach, people, missing=missing)[0]


def _competing(
    studies: DrawnStudies, service: Service, candidates: tuple[Parcels, Linkage], rows: Int64, task: Task
) -> Int64:
    """Give the rows of the candidates that compete: the listed ones, and all others or those that greedy may choose."""
    places, _ = candidates
    found: list[int] = rows.tolist()
    if len(places) <= _FEW:
        return np.array([*found, *(row for row in range(len(places)) if row not in found)], dtype=np.int64)
    every = SitedPlaces(studies, service, candidates, task)
    for draw in studies.over_speeds(service.layer, _LOOKS):
        for row in greedy_choice(every.case(draw)).tolist():
            if row not in found and not is_near(places, row, found):
                found.append(row)
    return np.array(found, dtype=np.int64)
