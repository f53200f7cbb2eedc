"""How lists of places hold in the draws: ranking, planned projects, sited places; and a ranking that is robust."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.network.linking.link import link
from circle15.pipeline.draws.drawn_studies import MEASURED_DRAWS, DrawnStudies, in_draw
from circle15.pipeline.draws.held_choices import Candidates, HeldChoice, hold_choice, order_depends_on, robust_order
from circle15.pipeline.projects.gains import demand_of, gains_in_order, offer_of, shortage_around
from circle15.pipeline.projects.ranked import (
    Limits,
    Ranking,
    choose_places,
    places_for,
    places_frame,
    usable_places,
)
from circle15.pipeline.study.parcels import Parcels, candidates_of, new_capacity
from circle15.planning.gap_ranking import filled_in_order
from circle15.planning.place_ranking import places_filled_in_order
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.draws.certainty_table import Certainty
    from circle15.pipeline.draws.held_choices import Places
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
HELD = ("first_share", "top3_share", "chosen_share", "gain_p10", "no_regret", "depends_on")
SAME_PLACE_M = 300.0
"""Where candidates are cells, two nearer to each other than this are one place: neighbours do not compete."""
_LOOKS = 12
"""Draws, evenly over walking speeds, in which is looked for places that compete with the listed ones."""
_LOOKS_AT_CELLS = {"people": 12, "gap": 4, "places": 2}
"""The same where every cell is a candidate, by what they are ranked by: a look among thousands takes long."""
_DRAWS_BY_PLACES = 20
"""Draws in which a list by places is made anew: each place chosen there asks for many flows through the district."""


def held_ranking(
    study: Study, services: Sequence[Service], certainty: Certainty, ranking: pd.DataFrame
) -> pd.DataFrame:
    """Give ranking.csv with how each of its places holds in the draws.

    The listed places compete with those that greedy chooses in some draws (`_LOOKS`). For lists by gaps or missing
    places the district is measured anew in each draw, and catchments and flows with it (`drawn_studies`).
    """
    every = candidates_of(study)
    frames = []
    for service in services:
        own = ranking[ranking["layer"] == service.layer.id].reset_index(drop=True)
        columns = unknown(len(own))
        if len(own):
            by = str(own["ranked_by"].iloc[0])
            by_cost = by.endswith("per_cost") or study.config.planning.budget is not None
            places, at, _ = usable_places(study, service, places_for(study, service, every, []), needs_cost=by_cost)
            rows = listed(own, places)
            capacity = new_capacity(study, service.layer, places.capacity)
            most = _DRAWS_BY_PLACES if by.startswith("places") else MEASURED_DRAWS
            studies = DrawnStudies(certainty.world, most=most, with_missing=False)
            every_place = _Drawn(certainty, studies, service, at, capacity, by)
            pool = (every_place.of(slice(None)), places)
            looks = _LOOKS if study.config.planning.candidates else _LOOKS_AT_CELLS[by.partition("_")[0]]
            some = competing(certainty, service, pool, rows, by_cost=by_cost, looks=looks)
            cost = places.cost[some] if by_cost else None
            columns = held_columns(certainty, service, every_place.of(some), (len(some), len(rows)), cost=cost)
        frames.append(pd.concat([own, columns], axis=1))
    return pd.concat(frames, ignore_index=True) if frames else ranking.assign(**unknown(0))


class ListedPlaces:
    """Places that are ranked by the gap closed or the missing places made up for, in every draw."""

    def __init__(self, studies: DrawnStudies, service: Service, at: Linkage, capacity: Float64, by: str) -> None:
        self._studies, self._service, self._at = studies, service, at
        self._capacity, self._by = capacity, by

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self._studies.n_draws

    @property
    def n_alone(self) -> int:
        """Number of draws in which each factor is drawn alone."""
        return (self.n_draws + 1) // 2

    def chosen(self, draw: int, top: int, *, cost: Float64 | None = None, budget: float | None = None,
               drawn: str = "all") -> Int64:  # fmt: skip
        """Choose up to ``top`` places in a draw, best first."""
        study, service = self._studies.of(self._service, draw, drawn)
        limits = Limits(top, cost, budget)
        return choose_places(study, service, in_draw(self._at, study), self._capacity, by=self._by, limits=limits)

    def gained(self, draw: int) -> Float64:
        """Give what each place closes or makes up for in a draw, built in their order, (n_places,)."""
        study, service = self._studies.of(self._service, draw)
        at = in_draw(self._at, study)
        if self._by.startswith("places"):
            return places_filled_in_order(*shortage_around(study, service, at), self._capacity)
        return filled_in_order(offer_of(study, service, at, self._capacity), service.gap)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A list's candidates, of which some compete."""

    certainty: Certainty
    studies: DrawnStudies
    service: Service
    at: Linkage
    capacity: Float64
    by: str  # what they are ranked by

    def of(self, part: Int64 | slice) -> Places:
        """Give some of them in every draw."""
        if self.by.startswith("people"):
            return Candidates(self.certainty, self.service, self.at.take(part))
        return ListedPlaces(self.studies, self.service, self.at.take(part), self.capacity[part], self.by)


def robust_ranking(
    study: Study, services: Sequence[Service], certainty: Certainty, found: Ranking, *, top: int, threads: int | None
) -> Ranking:
    """Rank by the 10 % quantile of the newly covered people over the draws instead of by them as stated.

    Chosen is among the places of the ranking as stated and those that greedy chooses in some draws.
    """
    every = candidates_of(study)
    frames = []
    for service in services:
        own = found.table[found.table["layer"] == service.layer.id].reset_index(drop=True)
        places, at, _ = usable_places(study, service, places_for(study, service, every, []), needs_cost=False)
        candidates = Candidates(certainty, service, at)
        some = competing(certainty, service, (candidates, places), listed(own, places), by_cost=False, merged=False)
        order, _ = robust_order(Candidates(certainty, service, at.take(some)), len(some), top)
        frames.append(_robust_rows(study, service, places.take(some[order]), at.take(some[order]), threads=threads))
    table = pd.concat(frames, ignore_index=True)
    return replace(found, table=table[[c for c in found.table.columns if c in table]])


def _robust_rows(study: Study, service: Service, places: Parcels, at: Linkage, *, threads: int | None) -> pd.DataFrame:
    capacity = new_capacity(study, service.layer, places.capacity)
    gains = gains_in_order(study, service, at, capacity, demand_of(study, service), threads=threads)
    frame = places_frame(study, service.layer, places, capacity).assign(**gains)
    return frame.assign(
        rank=np.arange(1, len(places) + 1),
        layer=service.layer.id,
        group=service.layer.group,
        cumulative_people=np.cumsum(frame["newly_covered_people"]),
        people_per_cost=frame["newly_covered_people"] / frame["cost"],
        ranked_by="people_p10",
    )


def held_projects(
    study: Study, services: Sequence[Service], certainty: Certainty, projects: pd.DataFrame
) -> pd.DataFrame:
    """Give projects.csv with how each project holds among the layer's: best, in the best three, of use at all."""
    frames = []
    for service in services:
        own = projects[projects["layer"] == service.layer.id].reset_index(drop=True)
        columns = unknown(0)
        if len(own):
            candidates = Candidates(certainty, service, _linked(study, service, own))
            columns = held_columns(certainty, service, candidates, (len(own), len(own)))
        frames.append(pd.concat([own, columns], axis=1))
    return pd.concat(frames, ignore_index=True) if frames else projects.assign(**unknown(0))


def held_columns(
    certainty: Certainty, service: Service, places: Places, n: tuple[int, int], *, cost: Float64 | None = None
) -> pd.DataFrame:
    """Give how the first ``n[1]`` of a pool of ``n[0]`` places hold, where as many are chosen in every draw."""
    n_places, n_listed = n
    budget = certainty.world.study.config.planning.budget if cost is not None else None
    kind: dict[str, Any] = {"cost": cost, "budget": budget}
    held = hold_choice(places, n_places, n_listed, **kind)
    depends = np.full(n_places, "", dtype=object)
    if service.layer.min_count == 1 or not isinstance(places, Candidates):
        depends = order_depends_on(places, n_places, n_listed, **kind)
    return _columns(held, depends).iloc[:n_listed]


def _columns(held: HeldChoice, depends: npt.NDArray[np.object_]) -> pd.DataFrame:
    values = (held.first_share, held.top3_share, held.chosen_share, held.gain_p10, held.no_regret, depends)
    return pd.DataFrame(dict(zip(HELD, values, strict=True)))


def unknown(n: int) -> pd.DataFrame:
    """Give the columns of ``n`` places of which nothing is known."""
    nothing = np.full(n, np.nan)
    values = (nothing, nothing, nothing, nothing, np.full(n, False), np.full(n, "", dtype=object))
    return pd.DataFrame(dict(zip(HELD, values, strict=True)))


def _linked(study: Study, service: Service, places: pd.DataFrame) -> Linkage:
    lon, lat = (places[c].to_numpy(np.float64) for c in ("lon", "lat"))
    return link(study.network, lon, lat, max_access_m=study.config.network.max_access_m, profile=service.layer.profile)


def listed(own: pd.DataFrame, places: Parcels) -> Int64:
    """Give the rows of the candidates that are listed, in the list's order."""
    row = {
        place: i for i, place in reversed(list(enumerate(zip(places.lon.tolist(), places.lat.tolist(), strict=True))))
    }
    return np.array(
        [row[place] for place in zip(own["lon"].tolist(), own["lat"].tolist(), strict=True)], dtype=np.int64
    )


def competing(
    certainty: Certainty, service: Service, candidates: tuple[Places, Parcels], listed: Int64,
    *, by_cost: bool, merged: bool = True, looks: int = _LOOKS,
) -> Int64:  # fmt: skip
    """Give the rows of the candidates that compete: the listed ones, then those that greedy chooses in some draws."""
    every, places = candidates
    planning = certainty.world.study.config.planning
    by_speed = np.argsort(certainty.of_layer(service.layer.id).speed_factor[: every.n_draws], kind="stable")
    looked = np.unique(np.linspace(0, len(by_speed) - 1, looks).astype(np.int64))
    cost, budget = (places.cost, planning.budget) if by_cost else (None, None)
    found: list[int] = listed.tolist()
    is_cells = merged and planning.candidates is None
    for draw in by_speed[looked].tolist():
        for row in every.chosen(draw, len(listed) or 1, cost=cost, budget=budget).tolist():
            if row not in found and not (is_cells and is_near(places, row, found)):
                found.append(row)
    return np.array(found, dtype=np.int64)


def is_near(places: Parcels, row: int, others: list[int]) -> bool:
    """Tell whether a place is so near to another that they are one (`SAME_PLACE_M`)."""
    if not others:
        return False
    lon, lat = np.radians(places.lon), np.radians(places.lat)
    east = (lon[others] - lon[row]) * np.cos(lat[row])
    return bool((np.hypot(east, lat[others] - lat[row]) * EARTH_RADIUS_M < SAME_PLACE_M).any())
