"""The sparse table of walking times that measures start from, and its regrouping by facility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class TravelTable(Protocol):
    """What a measure needs of a table of cells x facilities, as `travel_times` gives it.

    Row `i` (a cell) holds the places ``indptr[i]`` to ``indptr[i + 1]`` of `destination` and `seconds`; a pair that is
    further than the cutoff is absent. A pair stands at most once.
    """

    @property
    def indptr(self) -> npt.NDArray[np.int64]:
        """Give the row starts, int64 (n_cells + 1,)."""

    @property
    def destination(self) -> npt.NDArray[np.int32]:
        """Give the facility of each pair, int32 (n_pairs,)."""

    @property
    def seconds(self) -> FloatArray:
        """Give the walking time of each pair in seconds, float64 (n_pairs,)."""

    @property
    def cutoff_s(self) -> float:
        """Give the cutoff in seconds, inclusive."""

    @property
    def n_destinations(self) -> int:
        """Give the number of facilities, reached or not."""


@dataclass(frozen=True, slots=True)
class Times:
    """A table of cells x facilities made by regrouping another (see `TravelTable`)."""

    indptr: npt.NDArray[np.int64]  # (n_cells + 1,)
    destination: npt.NDArray[np.int32]  # (n_pairs,)
    seconds: FloatArray  # (n_pairs,) seconds
    cutoff_s: float
    n_destinations: int


def times_from_dense(seconds: npt.ArrayLike, cutoff_s: float) -> Times:
    """Make the sparse table from a dense one, (n_cells, n_facilities) seconds, NaN or beyond `cutoff_s` = no pair."""
    dense = np.asarray(seconds, dtype=np.float64)
    is_pair = dense <= cutoff_s
    row, column = np.nonzero(is_pair)
    indptr = np.concatenate(([0], np.cumsum(is_pair.sum(axis=1)))).astype(np.int64)
    return Times(indptr, column.astype(np.int32), dense[row, column], float(cutoff_s), dense.shape[1])


def n_cells(t: TravelTable) -> int:
    """Give the number of cells (rows) of `t`."""
    return len(t.indptr) - 1


def pair_rows(t: TravelTable) -> IntArray:
    """Give the cell of each pair, int64 (n_pairs,), ascending."""
    return np.repeat(np.arange(n_cells(t), dtype=np.int64), np.diff(t.indptr))


def checked_threshold(t: TravelTable, threshold_s: float | None) -> float:
    """Give the threshold in seconds to use with `t`, by default its cutoff.

    Raises
    ------
    ValueError
        If the threshold is above the cutoff of `t` (pairs beyond it were never searched), or not above 0.
    """
    if threshold_s is None:
        return float(t.cutoff_s)
    if not 0 < threshold_s <= t.cutoff_s:
        raise ValueError(
            f"threshold_s = {threshold_s}: a threshold is above 0 and at most the table's cutoff of {t.cutoff_s}"
            " seconds, because longer walks were not searched"
        )
    return float(threshold_s)


def by_facility(t: TravelTable, facility: npt.ArrayLike, n_facilities: int) -> Times:
    """Merge the entrances of each facility: its time is the shortest over its entrances.

    Parameters
    ----------
    t
        Cells x entrances.
    facility
        Facility of each entrance, int (n_destinations,), 0 to ``n_facilities - 1``.
    n_facilities
        Number of facilities, those without a reached entrance included.

    Returns
    -------
    Times
        Cells x facilities, each row ordered by facility.

    Raises
    ------
    ValueError
        If `facility` has another length than `t` has destinations, or a number out of range.
    """
    of_entrance = np.asarray(facility, dtype=np.int64)
    if of_entrance.shape != (t.n_destinations,):
        raise ValueError(f"facility has shape {of_entrance.shape}; one per destination is ({t.n_destinations},)")
    if of_entrance.size and not (of_entrance.min() >= 0 and of_entrance.max() < n_facilities):
        raise ValueError(f"facility numbers are 0 to {n_facilities - 1}")
    facility_of_pair = of_entrance.astype(np.int32)[t.destination]
    if _rows_rise(facility_of_pair, t.indptr):  # nothing to merge or to order: millions of pairs are left as they are
        return Times(t.indptr, facility_of_pair, t.seconds, float(t.cutoff_s), n_facilities)
    row = pair_rows(t)
    key = row * max(n_facilities, 1) + facility_of_pair
    order = np.lexsort((t.seconds, key))
    key = key[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    kept = order[first]
    counts = np.bincount(row[kept], minlength=n_cells(t))
    return Times(
        indptr=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        destination=facility_of_pair[kept],
        seconds=t.seconds[kept],
        cutoff_s=float(t.cutoff_s),
        n_destinations=n_facilities,
    )


def _rows_rise(destination: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64]) -> bool:
    """Tell whether the destinations of every row rise strictly."""
    rises = destination[1:] > destination[:-1]
    starts = indptr[1:-1]
    rises[starts[(starts > 0) & (starts < len(destination))] - 1] = True
    return bool(rises.all())


def spread_to_pieces(t: TravelTable, row: npt.ArrayLike) -> Times:
    """Give a table whose row `i` is row ``row[i]`` of `t`, e.g. every piece of a cell from the cell's one search.

    Parameters
    ----------
    t
        Searched cells x facilities.
    row
        Row of `t` for each wanted row, int (n_rows,); -1 gives an empty row (a cell that is not on the network).
    """
    wanted = np.asarray(row, dtype=np.int64)
    if np.array_equal(wanted, np.arange(n_cells(t))):  # each cell is one piece
        return Times(t.indptr, t.destination, t.seconds, float(t.cutoff_s), t.n_destinations)
    on_network = wanted >= 0
    starts = np.where(on_network, t.indptr[np.maximum(wanted, 0)], 0) if len(t.indptr) > 1 else np.zeros_like(wanted)
    counts = np.where(on_network, np.diff(t.indptr)[np.maximum(wanted, 0)], 0) if len(t.indptr) > 1 else starts
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    pick = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], counts)
    return Times(indptr, t.destination[pick], t.seconds[pick], float(t.cutoff_s), t.n_destinations)


def stacked(first: TravelTable, second: TravelTable) -> Times:
    """Give a table with the rows of `first` and, below them, those of `second`, which has the same facilities.

    Raises
    ------
    ValueError
        If the tables differ in facilities or cutoff.
    """
    if (first.n_destinations, first.cutoff_s) != (second.n_destinations, second.cutoff_s):
        raise ValueError(
            f"tables of {first.n_destinations} and {second.n_destinations} facilities within {first.cutoff_s} and"
            f" {second.cutoff_s} s cannot stand in one"
        )
    return Times(
        indptr=np.concatenate([first.indptr, first.indptr[-1] + second.indptr[1:]]),
        destination=np.concatenate([first.destination, second.destination]),
        seconds=np.concatenate([first.seconds, second.seconds]),
        cutoff_s=float(first.cutoff_s),
        n_destinations=first.n_destinations,
    )
