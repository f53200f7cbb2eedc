"""How lists of places hold in the draws: ranking, planned projects, sited places; and a ranking that is robust."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.network.linking.link import link
from circle15.pipeline.draws.held_choices import Candidates, HeldChoice, hold_choice, order_depends_on, robust_order
from circle15.pipeline.projects.gains import demand_of, gains_in_order
from circle15.pipeline.projects.ranked import Ranking, places_for, places_frame, usable_places
from circle15.pipeline.study.parcels import Parcels, candidates_of, new_capacity
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.draws.certainty_table import Certainty
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

Int64 = npt.NDArray[np.int64]
HELD = ("first_share", "top3_share", "chosen_share", "gain_p10", "no_regret", "depends_on")
SAME_PLACE_M = 300.0
"""Where candidates are cells, two nearer to each other than this are one place: neighbours do not compete."""
_LOOKS = 12
"""Draws, evenly over walking speeds, in which is looked for places that compete with the listed ones."""


def held_ranking(
    study: Study, services: Sequence[Service], certainty: Certainty, ranking: pd.DataFrame
) -> pd.DataFrame:
    """Give ranking.csv with how each of its places holds in the draws.

    The listed places compete with those that greedy chooses in some draws (`_LOOKS`). Lists in the order of gaps or
    missing places are not drawn: their columns are empty.
    """
    every = candidates_of(study)
    frames = []
    for service in services:
        own = ranking[ranking["layer"] == service.layer.id].reset_index(drop=True)
        columns = _unknown(len(own))
        if len(own) and str(own["ranked_by"].iloc[0]).startswith("people"):
            by_cost = str(own["ranked_by"].iloc[0]).endswith("per_cost") or study.config.planning.budget is not None
            places, at, _ = usable_places(study, service, places_for(study, service, every, []), needs_cost=by_cost)
            rows = _listed(own, places)
            pool = _pool(certainty, service, (places, at), rows, by_cost=by_cost)
            cost = places.cost[pool] if by_cost else None
            columns = held_columns(certainty, service, at.take(pool), len(rows), cost=cost)
        frames.append(pd.concat([own, columns], axis=1))
    return pd.concat(frames, ignore_index=True) if frames else ranking.assign(**_unknown(0))


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
        pool = _pool(certainty, service, (places, at), _listed(own, places), by_cost=False, merged=False)
        order, _ = robust_order(Candidates(certainty, service, at.take(pool)), len(pool), top)
        frames.append(_robust_rows(study, service, places.take(pool[order]), at.take(pool[order]), threads=threads))
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
        columns = held_columns(certainty, service, _linked(study, service, own), len(own)) if len(own) else _unknown(0)
        frames.append(pd.concat([own, columns], axis=1))
    return pd.concat(frames, ignore_index=True) if frames else projects.assign(**_unknown(0))


def held_siting(study: Study, service: Service, certainty: Certainty, siting: pd.DataFrame) -> pd.DataFrame:
    """Give siting.csv with how each sited place holds where people covered are what counts (mclp)."""
    if not len(siting) or siting["model"].iloc[0] != "mclp":
        return pd.concat([siting.reset_index(drop=True), _unknown(len(siting))], axis=1)
    budget = study.config.planning.budget
    every = candidates_of(study)
    places, at, _ = usable_places(study, service, places_for(study, service, every, []), needs_cost=False)
    frames = []
    for _, one in siting.groupby("solution", sort=False):
        own = one.reset_index(drop=True)
        pool = _pool(certainty, service, (places, at), _listed(own, places), by_cost=budget is not None)
        frames.append(pd.concat([own, held_columns(certainty, service, at.take(pool), len(own))], axis=1))
    return pd.concat(frames, ignore_index=True)


def held_columns(
    certainty: Certainty, service: Service, at: Linkage, n_listed: int, *, cost: npt.NDArray[np.float64] | None = None
) -> pd.DataFrame:
    """Give how a list holds, the first ``n_listed`` of a pool of places, where as many are chosen in every draw."""
    candidates = Candidates(certainty, service, at)
    budget = certainty.world.study.config.planning.budget if cost is not None else None
    kind: dict[str, Any] = {"cost": cost, "budget": budget}
    held = hold_choice(candidates, len(at), n_listed, **kind)
    depends = np.full(len(at), "", dtype=object)
    if service.layer.min_count == 1:
        depends = order_depends_on(candidates, len(at), n_listed, **kind)
    return _columns(held, depends).iloc[:n_listed]


def _columns(held: HeldChoice, depends: npt.NDArray[np.object_]) -> pd.DataFrame:
    values = (held.first_share, held.top3_share, held.chosen_share, held.gain_p10, held.no_regret, depends)
    return pd.DataFrame(dict(zip(HELD, values, strict=True)))


def _unknown(n: int) -> pd.DataFrame:
    nothing = np.full(n, np.nan)
    values = (nothing, nothing, nothing, nothing, np.full(n, False), np.full(n, "", dtype=object))
    return pd.DataFrame(dict(zip(HELD, values, strict=True)))


def _linked(study: Study, service: Service, places: pd.DataFrame) -> Linkage:
    lon, lat = (places[c].to_numpy(np.float64) for c in ("lon", "lat"))
    return link(study.network, lon, lat, max_access_m=study.config.network.max_access_m, profile=service.layer.profile)


def _listed(own: pd.DataFrame, places: Parcels) -> Int64:
    """Give the rows of the candidates that are listed, in the list's order."""
    row = {
        place: i for i, place in reversed(list(enumerate(zip(places.lon.tolist(), places.lat.tolist(), strict=True))))
    }
    return np.array(
        [row[place] for place in zip(own["lon"].tolist(), own["lat"].tolist(), strict=True)], dtype=np.int64
    )


def _pool(
    certainty: Certainty, service: Service, candidates: tuple[Parcels, Linkage], listed: Int64,
    *, by_cost: bool, merged: bool = True,
) -> Int64:  # fmt: skip
    """Give the rows of the candidates that compete: the listed ones, then those that greedy chooses in some draws."""
    places, at = candidates
    every, planning = Candidates(certainty, service, at), certainty.world.study.config.planning
    by_speed = np.argsort(certainty.of_layer(service.layer.id).speed_factor, kind="stable")
    looks = np.unique(np.linspace(0, len(by_speed) - 1, _LOOKS).astype(np.int64))
    cost, budget = (places.cost, planning.budget) if by_cost else (None, None)
    pool: list[int] = listed.tolist()
    is_cells = merged and planning.candidates is None
    for draw in by_speed[looks].tolist():
        for row in every.chosen(draw, len(listed) or 1, cost=cost, budget=budget).tolist():
            if row not in pool and not (is_cells and _is_near(places, row, pool)):
                pool.append(row)
    return np.array(pool, dtype=np.int64)


def _is_near(places: Parcels, row: int, others: list[int]) -> bool:
    if not others:
        return False
    lon, lat = np.radians(places.lon), np.radians(places.lat)
    east = (lon[others] - lon[row]) * np.cos(lat[row])
    return bool((np.hypot(east, lat[others] - lat[row]) * EARTH_RADIUS_M < SAME_PLACE_M).any())
