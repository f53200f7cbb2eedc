"""New facilities on the study's network: candidates, reach, the ranking table and lists of planned projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from circle15.errors import ConfigError, Problem
from circle15.pipeline.study.parcels import (
    Parcels,
    candidates_of,
    capacity_sources,
    cells_as_candidates,
    new_capacity,
)
from circle15.pipeline.tables.district_result import labels_of_study
from circle15.planning.gap_ranking import rank_by_gap
from circle15.planning.place_ranking import rank_by_places
from circle15.planning.ranking import rank_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.outputs.book_labels import BookLabels
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

from circle15.pipeline.projects.gains import (
    THREE_STEP,
    FloatArray,
    demand_of,
    gains_in_order,
    offer_of,
    reach_of,
    shortage_around,
)
from circle15.pipeline.projects.whereabouts import communities_at, roads_near
from circle15.said import Said

COLUMNS = (
    "rank", "layer", "cell", "lon", "lat", "unit_id",
    "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled", "cumulative_people",
    "name", "capacity", "cost", "people_per_cost", "ranked_by", "group", "capacity_from", "road", "community",
)  # fmt: skip
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Ranking:
    """Places in the order in which they help most."""

    table: pd.DataFrame  # ranking.csv
    warnings: tuple[Said, ...]  # what a planner must know of the candidates
    labels: BookLabels  # how a workbook of it calls layers and units


def rank_services(study: Study, services: Sequence[Service], *, top: int, threads: int | None = None) -> Ranking:
    """Give ranking.csv: per layer, the places where one more facility helps most, best first.

    Candidates are the places where the walks of the district's cells start, or the rows of the config's table. A
    facility there pays its own access leg to the street, as a real one would, so that building it yields the very
    number that is printed. What "most" means says the config's ``rank_by``: newly covered people, the gap closed
    (`planning.gap_ranking`) or the missing places made up for (`planning.place_ranking`), each also per cost. A layer
    that states no norm has no gap and is ranked by people.
    """
    candidates = candidates_of(study)
    told: list[Said] = []
    frames = [
        _rank_one(study, s, places_for(study, s, candidates, told), top, threads=threads, told=told) for s in services
    ]
    table = pd.concat(frames, ignore_index=True)[list(COLUMNS)]
    return Ranking(table, tuple(told), labels_of_study(study, services))


def places_for(study: Study, service: Service, candidates: Parcels, told: list[Said]) -> Parcels:
    """Give a service's candidates; those of a service of which the config's table names none are the cells' places."""
    own = candidates.of_layer(service.layer.id)
    if len(own) or study.config.planning.candidates is None:
        return own
    name = service.layer.name
    told.append(
        Said(
            f"{name}：备选地块表中没有该服务的地块，改以网格为备选",
            f"{name}: the table of candidates names none for it; the cells are its candidates",
        )
    )
    return cells_as_candidates(study)


def _rank_one(
    study: Study, service: Service, places: Parcels, top: int, *, threads: int | None, told: list[Said]
) -> pd.DataFrame:
    layer, planning = service.layer, study.config.planning
    by = planning.rank_by
    if not by.startswith("people") and not service.has_norm:
        told.append(
            Said(
                f"{layer.name}：没有定额或容量，无从计算缺口，按人数排序",
                f"{layer.name}: no norm or no capacities, so no gap; it is ranked by people",
            )
        )
        by = "people_per_cost" if by.endswith("per_cost") else "people"
    costs_count = by.endswith("per_cost") or planning.budget is not None
    places, at, left_out = usable_places(study, service, places, needs_cost=costs_count)
    told += left_out
    capacity = new_capacity(study, layer, places.capacity)
    cost = places.cost if costs_count else None
    if not by.startswith("people"):
        if np.isnan(capacity).any():
            message = Said(
                f"请写明新设施的容量：[planning.new_capacity] {layer.id} = …，或容量列",
                f"say what a new facility offers: [planning.new_capacity] {layer.id} = ..., or a column of capacity",
            )
            raise ConfigError(Problem(message, file=str(study.config.path), key="planning.rank_by", value=by))
        if by.startswith("gap") and layer.catchment == THREE_STEP:
            message = Said(
                f'服务 {layer.id} 的 catchment = "{THREE_STEP}"，新设施会改变其他设施的供给：请按 people 或 places '
                '排序，或改用 catchment "two_step"、"modified"',
                f'layer {layer.id} has catchment = "{THREE_STEP}", in which a new facility changes what others give:'
                ' rank it by people or places, or take catchment "two_step" or "modified"',
            )
            raise ConfigError(Problem(message, file=str(study.config.path), key="planning.rank_by", value=by))
    limits = Limits(top, cost, planning.budget)
    chosen = choose_places(study, service, at, capacity, by=by, limits=limits, threads=threads)
    gains = gains_in_order(
        study, service, at.take(chosen), capacity[chosen], demand_of(study, service), threads=threads
    )
    frame = places_frame(study, layer, places.take(chosen), capacity[chosen]).assign(**gains)
    return frame.assign(
        rank=np.arange(1, len(chosen) + 1),
        layer=layer.id,
        group=layer.group,
        cumulative_people=np.cumsum(frame["newly_covered_people"]),
        people_per_cost=frame["newly_covered_people"] / frame["cost"],
        ranked_by=by,
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """How many places a list may have."""

    top: int
    cost: FloatArray | None = None  # (n_places,) where costs count
    budget: float | None = None  # 万元


def choose_places(
    study: Study, service: Service, at: Linkage, capacity: FloatArray, *, by: str, limits: Limits,
    threads: int | None = None,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Choose places one after another by what the config's ``rank_by`` counts; rows of them, best first."""
    kind: dict[str, Any] = {"cost": limits.cost, "budget": limits.budget, "top": limits.top}
    if by.startswith("places"):
        shortage, circles = shortage_around(study, service, at, threads=threads)
        return rank_by_places(shortage, circles, capacity, **kind)[0]
    if by.startswith("gap"):
        return rank_by_gap(offer_of(study, service, at, capacity, threads=threads), service.gap, **kind)[0]
    demand = demand_of(study, service)
    reach = reach_of(study, service, demand.at.take(demand.rows), at, threads=threads)
    people, missing = demand.people[demand.rows], demand.missing[demand.rows]
    return rank_candidates(reach, people, missing=missing, **kind).candidate


def usable_places(
    study: Study, service: Service, places: Parcels, *, needs_cost: bool
) -> tuple[Parcels, Linkage, list[Said]]:
    """Leave out places that are on no street, or have no cost where one is needed; say which of a table these are."""
    at = places.linked(study, service.layer.profile)
    linked = at.edge >= 0
    has_cost = ~np.isnan(places.cost) | (not needs_cost)
    told = []
    for lost, zh, en in (
        (np.flatnonzero(~linked), "附近没有可步行的街道", "are on no walkable street"),
        (np.flatnonzero(linked & ~has_cost), "没有写明造价", "state no cost"),
    ):
        if len(lost) and study.config.planning.candidates is not None:
            names = [str(places.name[i]) or f"{places.lon[i]:g},{places.lat[i]:g}" for i in lost[:_SHOWN]]
            more, n, of = " …" if len(lost) > _SHOWN else "", len(lost), len(places)
            told.append(
                Said(
                    f"{service.layer.name}：{of} 个备选地块中有 {n} 个{zh}，未考虑：{'、'.join(names)}{more}",
                    f"{service.layer.name}: {n} of {of} candidates {en} and are left out: {', '.join(names)}{more}",
                )
            )
    kept = np.flatnonzero(linked & has_cost)
    return places.take(kept), at.take(kept), told


def places_frame(study: Study, layer: LayerTable, places: Parcels, capacity: FloatArray) -> pd.DataFrame:
    """Give the columns that say where and what a place is, in numbers and in words."""
    unit_ids = np.append(study.district.units["unit_id"].to_numpy(object), "")
    return pd.DataFrame(
        {
            "name": places.name,
            "cell": places.cell,
            "lon": places.lon,
            "lat": places.lat,
            "unit_id": unit_ids[places.unit],
            "road": roads_near(study, places.lon, places.lat),
            "community": communities_at(study, places.lon, places.lat),
            "capacity": capacity,
            "capacity_from": capacity_sources(study, layer, places.capacity),
            "cost": places.cost,
        }
    )
