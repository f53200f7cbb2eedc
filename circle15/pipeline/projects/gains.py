"""What one more facility gains: whom it would newly reach, and what gap it would fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from circle15.measures.decay import decay_weights
from circle15.planning.gap_ranking import Offer, filled_in_order, places_per_person
from circle15.planning.place_ranking import Shortage, places_filled_in_order, shortage_of
from circle15.planning.ranking import covered_in_order
from circle15.reach.search import travel_times, travel_times_blocks
from circle15.reach.times import pair_rows

if TYPE_CHECKING:
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service


FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

THREE_STEP = "three_step"
BLOCK_ORIGINS = 4096
"""Cells searched at once: what bounds the memory beside the table itself, which has 5 bytes a pair."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A layer's people by distinct cell, as candidates see them."""

    people: FloatArray  # (n_cells,) not covered yet
    missing: IntArray  # (n_cells,) facilities that a cell still needs, at least 1 where people are uncovered
    at: Linkage  # of the cells

    @property
    def rows(self) -> IntArray:
        """Cells on the network with people who are not covered."""
        return np.flatnonzero((self.people > 0) & (self.at.edge >= 0))


def demand_of(study: Study, service: Service) -> Uncovered:
    """Give the people of a layer who are not covered."""
    cells = study.cells
    uncovered = np.where(service.covered, 0.0, service.people)
    people = cells.sum_of_pieces(uncovered)
    count = np.zeros(cells.n_cells, dtype=np.int64)
    count[cells.cell_of_piece] = service.count
    return Uncovered(people, service.layer.min_count - count, study.linked_cells(service.layer.profile))


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
    shortage, rows = short_of_places(service)
    return shortage, circles_of_short(study, service, rows, candidates, threads=threads)


def short_of_places(service: Service) -> tuple[Shortage, IntArray]:
    """Give who is short of a layer's places, and their rows: pieces and, behind them, cells beyond the border."""
    n_inside = len(service.people)
    return shortage_of(service.demand.times, supply=service.supply, need=service.wanted, n_inside=n_inside)


def circles_of_short(
    study: Study, service: Service, rows: IntArray, candidates: Linkage, *, threads: int | None = None
) -> csr_array:
    """Give which of those who are short each candidate's circle holds, (n_candidates, n_short) with ones."""
    n_inside = len(service.people)
    inside, beyond = rows[rows < n_inside], rows[rows >= n_inside] - n_inside
    cells = study.linked_cells(service.layer.profile).take(study.cells.cell_of_piece[inside])
    circles = reach_of(study, service, cells, candidates, threads=threads)
    if study.around is not None:
        homes = study.linked_around(study.around, service.layer.profile).take(beyond)
        circles = hstack([circles, reach_of(study, service, homes, candidates, threads=threads)], format="csr")
    return csr_array(circles)


def gains_in_order(
    study: Study, service: Service, at: Linkage, capacity: FloatArray, demand: Uncovered, *, threads: int | None = None
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
