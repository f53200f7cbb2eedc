"""New facilities on the study's network: candidates, reach, the ranking table and lists of planned projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array, hstack

from circle15.errors import ConfigError, Problem
from circle15.measures.decay import decay_weights
from circle15.measures.times import pair_rows
from circle15.pipeline.parcels import Parcels, candidates_of, new_capacity, read_parcels
from circle15.planning.gap_ranking import Offer, filled_in_order, places_per_person, rank_by_gap
from circle15.planning.overlap import compare_projects
from circle15.planning.place_ranking import Shortage, places_filled_in_order, rank_by_places, shortage_of
from circle15.planning.ranking import covered_in_order, rank_candidates
from circle15.reach.search import travel_times, travel_times_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.network.link import Linkage
    from circle15.pipeline.service import Service
    from circle15.pipeline.study import Study

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

COLUMNS = (
    "rank", "layer", "cell", "lon", "lat", "unit_id",
    "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled", "cumulative_people",
    "name", "capacity", "cost", "people_per_cost", "ranked_by",
)  # fmt: skip
PROJECT_COLUMNS = (
    "order", "layer", "name", "cell", "lon", "lat", "unit_id", "capacity", "cost",
    "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled", "people_per_cost",
    "overlaps_with", "overlap_people", "overlap_share", "is_duplicate", "gini_before", "gini_after",
)  # fmt: skip

THREE_STEP = "three_step"
_SHOWN = 5
BLOCK_ORIGINS = 4096
"""Cells searched at once: what bounds the memory beside the table itself, which has 5 bytes a pair."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A layer's people by distinct cell, as candidates see them."""

    people: FloatArray  # (n_cells,) not covered yet
    missing: IntArray  # (n_cells,) facilities that a cell still needs, at least 1 where people are uncovered
    at: Linkage  # of the cells

    @property
    def rows(self) -> IntArray:
        """Cells on the network with people who are not covered."""
        return np.flatnonzero((self.people > 0) & (self.at.edge >= 0))


def demand_of(study: Study, service: Service) -> Demand:
    """Give the people of a layer who are not covered."""
    cells = study.cells
    uncovered = np.where(service.covered, 0.0, service.people)
    people = np.bincount(cells.cell_of_piece, weights=uncovered, minlength=cells.n_cells).astype(np.float64)
    count = np.zeros(cells.n_cells, dtype=np.int64)
    count[cells.cell_of_piece] = service.count
    return Demand(people, service.layer.min_count - count, study.linked_cells(service.layer.profile))


def reach_of(
    study: Study, service: Service, cells: Linkage, candidates: Linkage, *, threads: int | None = None
) -> csr_array:
    """Give which cells each candidate's circle holds: (n_candidates, n_cells) with ones, built in blocks of cells."""
    counts, columns = [np.zeros(1, dtype=np.int64)], [np.empty(0, dtype=np.int32)]
    for _, table in travel_times_blocks(
        study.network,
        cells,
        candidates,
        profile=service.layer.profile,
        cutoff_s=service.threshold_s,
        block=BLOCK_ORIGINS,
        threads=threads,
    ):
        counts.append(np.diff(table.indptr))
        columns.append(table.destination)
    destination = np.concatenate(columns)
    indptr = np.cumsum(np.concatenate(counts))
    by_cell = csr_array(
        (np.ones(len(destination), dtype=np.int8), destination, indptr), shape=(len(cells), len(candidates))
    )
    return by_cell.T.tocsr()


def offer_of(
    study: Study, service: Service, candidates: Linkage, capacity: FloatArray, *, threads: int | None = None
) -> Offer:
    """Give what each candidate would share out, over the pieces of cells (the run's own catchment, but three-step).

    People beyond the border take their share of a candidate's places as of any other's.
    """
    lived_in = np.flatnonzero(service.people > 0)
    homes = study.linked_cells(service.layer.profile).take(study.cells.cell_of_piece[lived_in])
    within = _asked_from_beyond(study, service, candidates, threads)
    rows, columns, weights = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [np.empty(0)]
    for first, table in travel_times_blocks(
        study.network,
        homes,
        candidates,
        profile=service.layer.profile,
        cutoff_s=service.threshold_s,
        block=BLOCK_ORIGINS,
        threads=threads,
    ):
        piece = lived_in[first + pair_rows(table)]
        weight = decay_weights(table.seconds, service.threshold_s, service.layer.decay)
        within += np.bincount(table.destination, weights=service.people[piece] * weight, minlength=len(within))
        has_gap = service.gap[piece] > 0
        rows.append(table.destination[has_gap])
        columns.append(piece[has_gap].astype(np.int32))
        weights.append(weight[has_gap] ** (2 if service.layer.catchment == "modified" else 1))
    entries = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    pairs = csr_array(entries, shape=(len(candidates), len(service.people)))
    return Offer(pairs, service.people, places_per_person(capacity, within))


def _asked_from_beyond(study: Study, service: Service, candidates: Linkage, threads: int | None) -> FloatArray:
    """Sum the people beyond the border around each candidate, weighted as in its catchment."""
    around, layer = study.around, service.layer
    if around is None:
        return np.zeros(len(candidates))
    homes = study.linked_around(around, layer.profile)
    table = travel_times(
        study.network, homes, candidates, profile=layer.profile, cutoff_s=service.threshold_s, threads=threads
    )
    people = around.groups[layer.group].to_numpy(np.float64)[pair_rows(table)]
    weight = decay_weights(table.seconds, service.threshold_s, layer.decay)
    return np.bincount(table.destination, weights=people * weight, minlength=len(candidates)).astype(np.float64)


def shortage_around(
    study: Study, service: Service, candidates: Linkage, *, threads: int | None = None
) -> tuple[Shortage, csr_array]:
    """Give who is short of a layer's places, beyond the border too, and which of them each candidate's circle holds."""
    n_inside = len(service.people)
    shortage, rows = shortage_of(service.demand.times, supply=service.supply, need=service.wanted, n_inside=n_inside)
    inside, beyond = rows[rows < n_inside], rows[rows >= n_inside] - n_inside
    cells = study.linked_cells(service.layer.profile).take(study.cells.cell_of_piece[inside])
    circles = reach_of(study, service, cells, candidates, threads=threads)
    if study.around is not None:
        homes = study.linked_around(study.around, service.layer.profile).take(beyond)
        circles = hstack([circles, reach_of(study, service, homes, candidates, threads=threads)], format="csr")
    return shortage, csr_array(circles)


def rank_services(study: Study, services: Sequence[Service], *, top: int, threads: int | None = None) -> pd.DataFrame:
    """Give ranking.csv: per layer, the places where one more facility helps most, best first.

    Candidates are the centres of the district's cells, or the rows of the config's table. A facility there pays its own
    access leg to the street, as a real one would, so that building it yields the very number that is printed. What
    "most" means says the config's ``rank_by``: newly covered people, the gap closed (`planning.gap_ranking`) or the
    missing places made up for (`planning.place_ranking`), each also per cost. A layer that states no norm has no gap
    and is ranked by people. What a planner must know of the
    candidates stands in the frame's ``attrs["warnings"]``.
    """
    candidates = candidates_of(study)
    told: list[str] = []
    frames = [_rank_one(study, s, candidates.of_layer(s.layer.id), top, threads=threads, told=told) for s in services]
    joined = pd.concat(frames, ignore_index=True)[list(COLUMNS)]
    joined.attrs["warnings"] = tuple(told)
    return joined


def _rank_one(
    study: Study, service: Service, places: Parcels, top: int, *, threads: int | None, told: list[str]
) -> pd.DataFrame:
    layer, planning = service.layer, study.config.planning
    by = planning.rank_by
    if not by.startswith("people") and not service.has_norm:
        told.append(
            study.words(
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
    demand = demand_of(study, service)
    if not by.startswith("people"):
        if np.isnan(capacity).any():
            message = (
                f"say what a new facility offers: [planning.new_capacity] {layer.id} = ..., or a column of capacity"
            )
            raise ConfigError(Problem(message, file=str(study.config.path), key="planning.rank_by", value=by))
        if by.startswith("gap") and layer.catchment == THREE_STEP:
            message = (
                f'layer {layer.id} has catchment = "{THREE_STEP}", in which a new facility changes what others give:'
                ' rank it by people or places, or take catchment "two_step" or "modified"'
            )
            raise ConfigError(Problem(message, file=str(study.config.path), key="planning.rank_by", value=by))
    if by.startswith("places"):
        shortage, circles = shortage_around(study, service, at, threads=threads)
        chosen = rank_by_places(shortage, circles, capacity, cost=cost, budget=planning.budget, top=top)[0]
    elif by.startswith("gap"):
        offer = offer_of(study, service, at, capacity, threads=threads)
        chosen = rank_by_gap(offer, service.gap, cost=cost, budget=planning.budget, top=top)[0]
    else:
        reach = reach_of(study, service, demand.at.take(demand.rows), at, threads=threads)
        people, missing = demand.people[demand.rows], demand.missing[demand.rows]
        chosen = rank_candidates(reach, people, missing=missing, cost=cost, budget=planning.budget, top=top).candidate
    gains = gains_in_order(study, service, at.take(chosen), capacity[chosen], demand, threads=threads)
    frame = places_frame(study, places.take(chosen), capacity[chosen]).assign(**gains)
    return frame.assign(
        rank=np.arange(1, len(chosen) + 1),
        layer=layer.id,
        cumulative_people=np.cumsum(frame["newly_covered_people"]),
        people_per_cost=frame["newly_covered_people"] / frame["cost"],
        ranked_by=by,
    )


def usable_places(
    study: Study, service: Service, places: Parcels, *, needs_cost: bool
) -> tuple[Parcels, Linkage, list[str]]:
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
                study.words(
                    f"{service.layer.name}：{of} 个备选地块中有 {n} 个{zh}，未考虑：{'、'.join(names)}{more}",
                    f"{service.layer.name}: {n} of {of} candidates {en} and are left out: {', '.join(names)}{more}",
                )
            )
    kept = np.flatnonzero(linked & has_cost)
    return places.take(kept), at.take(kept), told


def gains_in_order(
    study: Study, service: Service, at: Linkage, capacity: FloatArray, demand: Demand, *, threads: int | None = None
) -> dict[str, FloatArray]:
    """Give what new facilities do one after another: people newly covered, alone, gap closed and places made up for.

    The last two are NaN where the layer has no norm or a new facility's capacity is not known, and the gap in the
    three-step catchment.
    """
    rows = demand.rows
    reach = reach_of(study, service, demand.at.take(rows), at, threads=threads)
    newly, alone = covered_in_order(reach, demand.people[rows], missing=demand.missing[rows])
    filled, places = np.full(len(at), np.nan), np.full(len(at), np.nan)
    if service.has_norm and not np.isnan(capacity).any():
        places = places_filled_in_order(*shortage_around(study, service, at, threads=threads), capacity)
        if service.layer.catchment != THREE_STEP:
            filled = filled_in_order(offer_of(study, service, at, capacity, threads=threads), service.gap)
    return {
        "newly_covered_people": newly,
        "alone_covered_people": alone,
        "gap_filled": filled,
        "places_filled": places,
    }


def places_frame(study: Study, places: Parcels, capacity: FloatArray) -> pd.DataFrame:
    """Give the columns that say where and what a place is."""
    unit_ids = np.append(study.district.units["unit_id"].to_numpy(object), "")
    return pd.DataFrame(
        {
            "name": places.name,
            "cell": places.cell,
            "lon": places.lon,
            "lat": places.lat,
            "unit_id": unit_ids[places.unit],
            "capacity": capacity,
            "cost": places.cost,
        }
    )


def projects_table(study: Study, services: Sequence[Service], *, threads: int | None = None) -> pd.DataFrame:
    """Give projects.csv: what each of the config's planned projects adds in the list's order and alone.

    Each layer's projects are taken in the order of the table; see `planning.overlap` for duplicates and the Gini.
    """
    name = study.config.planning.projects
    if name is None:
        return pd.DataFrame(columns=list(PROJECT_COLUMNS))
    listed = read_parcels(study, name)
    frames = [_projects_of(study, s, listed.of_layer(s.layer.id), threads) for s in services]
    return pd.concat(frames, ignore_index=True)[list(PROJECT_COLUMNS)]


def _projects_of(study: Study, service: Service, places: Parcels, threads: int | None) -> pd.DataFrame:
    at = places.linked(study, service.layer.profile)  # one that is on no street is listed and adds nobody
    capacity = new_capacity(study, service.layer, places.capacity)
    pieces = study.linked_cells(service.layer.profile).take(study.cells.cell_of_piece)
    found = compare_projects(
        reach_of(study, service, pieces, at, threads=threads),
        service.people,
        service.count,
        study.unit_of_piece,
        study.n_units,
        min_count=service.layer.min_count,
    )
    gains = gains_in_order(study, service, at, capacity, demand_of(study, service), threads=threads)
    order = np.arange(1, len(places) + 1)
    labels = np.array([n or str(i) for n, i in zip(places.name, order, strict=True)] + [""], dtype=object)
    return places_frame(study, places, capacity).assign(
        order=order,
        layer=service.layer.id,
        newly_covered_people=found.newly_covered_people,
        alone_covered_people=found.alone_covered_people,
        gap_filled=gains["gap_filled"],
        places_filled=gains["places_filled"],
        people_per_cost=found.newly_covered_people / places.cost,
        overlaps_with=labels[found.partner],
        overlap_people=found.shared_people,
        overlap_share=found.shared_share,
        is_duplicate=found.is_duplicate,
        gini_before=found.gini_before,
        gini_after=found.gini_after,
    )
