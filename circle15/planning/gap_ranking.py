"""Rank candidate places by the supply gap that a new facility of given capacity would close.

The rule is that of the run's own gaps, so that building a candidate closes the very amount that was promised. A
facility of capacity C shares its places among all D people in its circle, those with enough included (2SFCA, Luo &
Wang 2003), so cell i with P_i people gets P_i W_ij C / D of them, D = sum of P_k W_kj, and its gap g_i shrinks by
min(g_i, P_i W_ij C / D). In the modified method (Delamater 2013) it gets P_i W_ij^2 C / D. The sum over cells is at
most C and at most the gap still open in the circle; places that go to people who already have enough close no gap. In
the three-step method a new facility changes what everybody gets of the old ones, so no such rule holds there.

In the set of built candidates this total is monotone and submodular (each cell's part is a concave function of a sum),
so lazy greedy is exact greedy and within 1 - 1/e of the optimum (Minoux 1978; Nemhauser, Wolsey & Fisher 1978); with
costs or a budget that bound does not hold.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circle15.planning.ranking import GAIN_DECIMALS, FloatArray, IntArray, checked_cost

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BLOCK_PAIRS = 4_000_000


@dataclass(frozen=True, slots=True)
class Offer:
    """What each candidate would give to each cell.

    Parameters
    ----------
    pairs
        (n_candidates, n_cells) sparse; the share weight of each cell in the candidate's circle: W_ij, W_ij^2 in the
        modified method, 1 for binary.
        Cells without a gap may be left out, as nothing is closed there.
    people
        P_i, float64 (n_cells,).
    rate
        C / D of each candidate, float64 (n_candidates,): places per person in its circle; 0 where nobody is.
    """

    pairs: csr_array
    people: FloatArray
    rate: FloatArray

    def row(self, candidate: int) -> tuple[IntArray, FloatArray]:
        """Give the cells of one candidate and the places that each would get."""
        part = slice(self.pairs.indptr[candidate], self.pairs.indptr[candidate + 1])
        cells = np.asarray(self.pairs.indices[part], dtype=np.int64)
        return cells, self.people[cells] * self.pairs.data[part] * self.rate[candidate]

    def fill_alone(self, gap: FloatArray) -> FloatArray:
        """Give the gap that each candidate would close by itself, (n_candidates,)."""
        indptr = self.pairs.indptr.astype(np.int64)
        n = len(indptr) - 1
        filled = np.zeros(n)
        first = 0
        while first < n:  # blocks keep the temporary arrays small
            last = max(first + 1, int(np.searchsorted(indptr, indptr[first] + _BLOCK_PAIRS, side="right")) - 1)
            part = slice(indptr[first], indptr[last])
            cells = self.pairs.indices[part]
            row = np.repeat(np.arange(last - first), np.diff(indptr[first : last + 1]))
            given = self.people[cells] * self.pairs.data[part] * self.rate[first + row]
            filled[first:last] = np.bincount(row, weights=np.minimum(gap[cells], given), minlength=last - first)
            first = last
        return filled


def places_per_person(capacity: FloatArray, people_within: FloatArray) -> FloatArray:
    """Divide capacities by the weighted people in the circles; 0 where nobody is."""
    within = np.asarray(people_within, dtype=np.float64)
    return np.divide(capacity, within, out=np.zeros(len(within)), where=within > 0)


def rank_by_gap(
    offer: Offer,
    gap: FloatArray,
    *,
    cost: FloatArray | None = None,
    budget: float | None = None,
    top: int = 20,
) -> tuple[IntArray, FloatArray]:
    """Choose candidates one after another, each time the one that closes the most gap (per cost).

    Parameters
    ----------
    offer
        What each candidate would give.
    gap
        Open gap of each cell in the layer's unit, float64 (n_cells,), not negative.
    cost, budget, top
        As for `ranking.rank_candidates`.

    Returns
    -------
    candidate
        int64 (n_chosen,), best first; ties go to the lower row; one that closes nothing is not listed.
    gap_filled
        float64 (n_chosen,), given the ones above it.
    """
    price = checked_cost(cost, budget, len(offer.rate))
    open_gap = np.array(gap, dtype=np.float64)
    left = np.inf if budget is None else budget
    scores = np.round(offer.fill_alone(open_gap), GAIN_DECIMALS) / price
    heap = [(-score, row) for row, score in enumerate(scores.tolist())]
    heapq.heapify(heap)
    chosen: list[int] = []
    filled: list[float] = []
    while heap and len(chosen) < top:
        row = heapq.heappop(heap)[1]
        if price[row] > left:
            continue  # what is left only shrinks
        cells, given = offer.row(row)
        closes = np.minimum(open_gap[cells], given)
        amount = float(closes.sum())
        fresh = (-round(amount, GAIN_DECIMALS) / price[row], row)
        if heap and fresh > heap[0]:
            heapq.heappush(heap, fresh)  # the others' old scores are upper bounds, so theirs must be looked at first
            continue
        if fresh[0] >= 0:
            break
        chosen.append(row)
        filled.append(amount)
        open_gap[cells] -= closes
        left -= price[row] if budget is not None else 0.0
    return np.array(chosen, dtype=np.int64), np.array(filled, dtype=np.float64)


def filled_in_order(offer: Offer, gap: FloatArray) -> FloatArray:
    """Give the gap that each candidate closes given those above it, in the order of the rows, (n_candidates,)."""
    open_gap = np.array(gap, dtype=np.float64)
    filled = np.zeros(len(offer.rate))
    for row in range(len(offer.rate)):
        cells, given = offer.row(row)
        closes = np.minimum(open_gap[cells], given)
        filled[row] = closes.sum()
        open_gap[cells] -= closes
    return filled
