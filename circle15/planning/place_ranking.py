"""Rank candidate places by the missing places that a new facility of given capacity would make up for.

What is missing is need less the largest flow (`measures.flow`). A new facility's places go to those in its circle who
are short, and what those no longer take of other facilities goes to others: so it may help beyond its own circle, and
it never helps by more than its capacity. Only those who are short matter, with the facilities that they reach, all of
whose places they have: everybody else has enough without these.

Where all who compete live in the district the gain is a flow's, monotone and submodular in the set that is built, so
that lazy greedy is exact greedy and within 1 - 1/e of the optimum (Nemhauser, Wolsey & Fisher 1978). Where people
beyond the border have a claim to the new places too, a gain is the district's part, exact each time it is counted.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array

from circle15.measures.flow import fair_shares
from circle15.planning.ranking import GAIN_DECIMALS, FloatArray, IntArray, checked_cost
from circle15.reach.times import Times, n_cells, pair_rows

if TYPE_CHECKING:
    import numpy.typing as npt
    from scipy.sparse import csr_array

    from circle15.reach.times import TravelTable

_FULL = 1.0 - 1e-9
"""A share of the need from which on nobody is short; rounding flows to whole units takes less."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Who is short of places, and the facilities that they reach."""

    times: Times  # those who are short x facilities, seconds within the threshold
    need: FloatArray  # (n_short,) supply units
    is_inside: npt.NDArray[np.bool_]  # (n_short,) whether they live in the district
    supply: FloatArray  # (n_facilities,) supply units

    def missing(self) -> FloatArray:
        """Give the places that each lacks, (n_short,)."""
        return self.need * (1.0 - fair_shares(self.times, supply=self.supply, need=self.need))

    def missing_inside(self) -> float:
        """Sum the places that the district lacks."""
        return float(self.missing()[self.is_inside].sum())

    def built(self, circle: IntArray, capacity: float) -> Shortage:
        """Give the same with one more facility, ``circle`` the rows of those who reach it."""
        row = np.concatenate([pair_rows(self.times), circle])
        column = np.concatenate([self.times.destination, np.full(len(circle), len(self.supply))]).astype(np.int32)
        seconds = np.concatenate([self.times.seconds, np.zeros(len(circle))])
        order = np.argsort(row, kind="stable")
        indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(self.need))))).astype(np.int64)
        times = Times(indptr, column[order], seconds[order], self.times.cutoff_s, len(self.supply) + 1)
        return replace(self, times=times, supply=np.append(self.supply, capacity))

    def take(self, rows: npt.NDArray[np.bool_]) -> Shortage:
        """Give some of those who are short, with all facilities."""
        kept = rows[pair_rows(self.times)]
        counts = np.diff(self.times.indptr)[rows]
        times = Times(
            np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            self.times.destination[kept],
            self.times.seconds[kept],
            self.times.cutoff_s,
            self.times.n_destinations,
        )
        return Shortage(times, self.need[rows], self.is_inside[rows], self.supply)

    def parts(self) -> IntArray:
        """Give those who are short one number where a place could pass between them, (n_short,)."""
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 (slow import that only capacities need)

        n = len(self.need)
        pairs = (
            np.ones(len(self.times.destination), dtype=np.int8),
            (pair_rows(self.times), n + self.times.destination),
        )
        size = n + len(self.supply)
        return np.asarray(connected_components(coo_array(pairs, shape=(size, size)), directed=False)[1][:n], np.int64)


def shortage_of(t: TravelTable, *, supply: FloatArray, need: FloatArray, n_inside: int) -> tuple[Shortage, IntArray]:
    """Find who is short of places.

    Parameters
    ----------
    t
        All who compete x facilities, the district's cells first.
    supply, need
        Of facilities and cells, in supply units.
    n_inside
        Cells of the district.

    Returns
    -------
    shortage
        Those who are short.
    rows
        Their rows of `t`, int64 (n_short,).
    """
    shares = fair_shares(t, supply=supply, need=need)
    is_short = (shares < _FULL) & (need > 0)
    everybody = Shortage(
        Times(t.indptr, t.destination, t.seconds, t.cutoff_s, t.n_destinations),
        need,
        np.arange(n_cells(t)) < n_inside,
        supply,
    )
    return everybody.take(is_short), np.flatnonzero(is_short).astype(np.int64)


class Gains:
    """What candidates would add to what is built already."""

    def __init__(self, shortage: Shortage, circles: csr_array, capacity: FloatArray) -> None:
        self._circles, self._capacity = circles, capacity
        self._settle(shortage)

    def _settle(self, shortage: Shortage) -> None:
        self._shortage = shortage
        self._part = shortage.parts()
        self._missing = np.where(shortage.is_inside, shortage.missing(), 0.0)
        self._missing_of_part = np.bincount(self._part, weights=self._missing)

    @property
    def is_submodular(self) -> bool:
        """Tell whether a gain never grows as others are built: where all who are short live in the district."""
        return bool(self._shortage.is_inside.all())

    def circle(self, candidate: int) -> IntArray:
        """Give who of those who are short reaches a candidate."""
        part = slice(self._circles.indptr[candidate], self._circles.indptr[candidate + 1])
        return np.asarray(self._circles.indices[part], dtype=np.int64)

    def bound(self, candidate: int) -> tuple[float, float]:
        """Give the most that a candidate can add, and what is missing in its own circle."""
        circle = self.circle(candidate)
        most = float(self._missing_of_part[np.unique(self._part[circle])].sum())
        return min(float(self._capacity[candidate]), most), float(self._missing[circle].sum())

    def gain(self, candidate: int) -> float:
        """Give the missing places that a candidate makes up for in the district."""
        circle = self.circle(candidate)
        if not len(circle):
            return 0.0
        rows = np.isin(self._part, self._part[circle])
        after = self._shortage.take(rows).built((np.cumsum(rows) - 1)[circle], float(self._capacity[candidate]))
        return max(0.0, float(self._missing[rows].sum()) - after.missing_inside())

    def build(self, candidate: int) -> None:
        """Count what a candidate offers as there."""
        self._settle(self._shortage.built(self.circle(candidate), float(self._capacity[candidate])))


def rank_by_places(
    shortage: Shortage,
    circles: csr_array,
    capacity: FloatArray,
    *,
    cost: FloatArray | None = None,
    budget: float | None = None,
    top: int = 20,
) -> tuple[IntArray, FloatArray]:
    """Choose candidates one after another, each time the one that makes up for most missing places (per cost).

    Parameters
    ----------
    shortage
        Who is short; see `shortage_of`.
    circles
        (n_candidates, n_short) sparse: an entry where who is short reaches the candidate within the threshold.
    capacity
        Of each candidate in supply units, float64 (n_candidates,).
    cost, budget, top
        As for `ranking.rank_candidates`.

    Returns
    -------
    candidate
        int64 (n_chosen,), best first; of equals the one with more missing in its own circle, then the lower row; one
        that makes up for nothing is not listed.
    places_filled
        float64 (n_chosen,), given the ones above it.
    """
    n = circles.shape[0]
    price = checked_cost(cost, budget, n)
    left = np.inf if budget is None else budget
    gains = Gains(shortage, circles, capacity)
    heap = []
    for row in range(n):
        most, own = gains.bound(row)
        heap.append((-round(most, GAIN_DECIMALS) / price[row], -round(own, GAIN_DECIMALS), row))
    heapq.heapify(heap)
    chosen: list[int] = []
    filled: list[float] = []
    counted: dict[int, float] = {}  # exact gains beside what is built now
    while heap and len(chosen) < top:
        _, own, row = heapq.heappop(heap)
        if price[row] > left:
            continue  # what is left only shrinks
        if row not in counted:
            counted[row] = gains.gain(row)
        fresh = (-round(counted[row], GAIN_DECIMALS) / price[row], own, row)
        if heap and fresh > heap[0]:
            heapq.heappush(heap, fresh)
            continue
        if fresh[0] >= 0:
            break
        chosen.append(row)
        filled.append(counted[row])
        gains.build(row)
        counted = {}
        left -= price[row] if budget is not None else 0.0
    return np.array(chosen, dtype=np.int64), np.array(filled, dtype=np.float64)


def places_filled_in_order(shortage: Shortage, circles: csr_array, capacity: FloatArray) -> FloatArray:
    """Give the missing places that each candidate makes up for given those above it, in the order of the rows."""
    gains = Gains(shortage, circles, capacity)
    filled = np.zeros(circles.shape[0])
    for row in range(circles.shape[0]):
        filled[row] = gains.gain(row)
        gains.build(row)
    return filled
