"""Rank candidate places for one more facility by the people that each would newly cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

GAIN_DECIMALS = 6
"""Gains that differ by less than a millionth of a person are ties; the first candidate wins. A cost divides the gain
after that, so that no currency makes a gain per cost too small to count."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The chosen candidates, best first."""

    candidate: IntArray  # (n_chosen,) row of the candidate
    newly_covered_people: FloatArray  # (n_chosen,) given the ones above it
    alone_covered_people: FloatArray  # (n_chosen,) if it were the only new one

    @property
    def cumulative_people(self) -> FloatArray:
        """People newly covered by each and all above it."""
        return np.cumsum(self.newly_covered_people)


def rank_candidates(
    reach: csr_array,
    people: FloatArray,
    *,
    missing: IntArray | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
    top: int = 20,
) -> Ranking:
    """Choose candidates one after another, each time the one that newly covers the most people (per cost).

    Greedy maximal covering with the existing facilities fixed: after each choice the people that it covers no longer
    count, so overlaps are counted once. Every gain is exact at every step (it is decremented where cells become
    covered, never estimated), so the choice is that of full re-evaluation. For coverage by one facility and no costs
    the result is within 1 - 1/e of the optimum (Nemhauser, Wolsey & Fisher 1978). Where cells need several facilities
    (``missing`` above 1) that bound does not hold, because a first of two covers nobody yet; nor does it under a
    budget. `siting.maximal_covering` is exact for both. Candidates that would cover nobody are not listed.

    Parameters
    ----------
    reach
        (n_candidates, n_cells) sparse; an entry where the cell lies within the candidate's circle.
    people
        (n_cells,) people who are not covered yet, 0 where covered.
    missing
        (n_cells,) how many more facilities a cell needs in reach to count as covered; 1 by default.
    cost
        (n_candidates,) above 0, in any one currency; where given, gains are compared per cost.
    budget
        Most that the chosen may cost together; needs ``cost``. One that no longer fits is passed over.
    top
        Longest list.

    Returns
    -------
    Ranking
        Ties go to the lower candidate row.

    Raises
    ------
    ValueError
        If a cost is not above 0, or there is a budget without costs.
    """
    rows = csr_array(reach)
    price = checked_cost(cost, budget, rows.shape[0])
    columns = csr_array(rows.T)
    heads = np.asarray(people, dtype=np.float64)
    still = np.ones(len(heads), dtype=np.int64) if missing is None else missing.astype(np.int64)
    gain = sum_rows(rows, heads * (still == 1))
    alone = gain.copy()
    left = np.inf if budget is None else budget
    chosen: list[int] = []
    newly: list[float] = []
    while len(chosen) < min(top, rows.shape[0]):
        score = np.where(price <= left, np.round(gain, GAIN_DECIMALS) / price, -np.inf)
        best = int(np.argmax(score))
        if score[best] <= 0:
            break
        cells = row_cells(rows, best)
        covered = cells[still[cells] == 1]
        chosen.append(best)
        newly.append(float(heads[covered].sum()))
        left -= price[best] if budget is not None else 0.0
        _shift_gain(gain, columns, covered, -heads[covered])
        closer = cells[still[cells] == 2]  # noqa: PLR2004 (one facility short after this choice)
        _shift_gain(gain, columns, closer, heads[closer])
        still[cells] -= 1
        gain[best] = -np.inf
    order = np.array(chosen, dtype=np.int64)
    return Ranking(order, np.array(newly, dtype=np.float64), alone[order])


def covered_in_order(
    reach: csr_array, people: FloatArray, *, missing: IntArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Give the people that each row of ``reach`` newly covers given the rows above it, and alone.

    Parameters
    ----------
    reach, people, missing
        As for `rank_candidates`; the rows are built in their order, also those that cover nobody.

    Returns
    -------
    tuple of ndarray
        In order and alone, float64 (n_rows,) each. The first sums to the people that all together newly cover.
    """
    rows = csr_array(reach)
    heads = np.asarray(people, dtype=np.float64)
    still = np.ones(len(heads), dtype=np.int64) if missing is None else missing.astype(np.int64)
    alone = sum_rows(rows, heads * (still == 1))
    newly = np.zeros(rows.shape[0])
    for row in range(rows.shape[0]):
        cells = row_cells(rows, row)
        newly[row] = heads[cells[still[cells] == 1]].sum()
        still[cells] -= 1
    return newly, alone


def checked_cost(cost: FloatArray | None, budget: float | None, n_candidates: int) -> FloatArray:
    """Give each candidate's cost, 1 each where there are none.

    Raises
    ------
    ValueError
        If a cost is not above 0, or there is a budget without costs.
    """
    if cost is None:
        if budget is not None:
            raise ValueError("a budget needs the candidates' costs")
        return np.ones(n_candidates)
    price = np.asarray(cost, dtype=np.float64)
    if price.shape != (n_candidates,):
        raise ValueError(f"cost has shape {price.shape}; one per candidate is ({n_candidates},)")
    bad = np.flatnonzero(~(np.isfinite(price) & (price > 0)))
    if bad.size:
        raise ValueError(f"cost[{bad[0]}] = {price[bad[0]]}: a cost is finite and above 0")
    return price


def row_cells(rows: csr_array, row: int) -> npt.NDArray[np.int32]:
    """Give the cells of one row."""
    return np.asarray(rows.indices[rows.indptr[row] : rows.indptr[row + 1]])


def sum_rows(rows: csr_array, weight: FloatArray) -> FloatArray:
    """Sum ``weight`` (n_cells,) over the cells of each row, whatever the entries' values."""
    ones = csr_array((np.ones(rows.nnz, dtype=np.int8), rows.indices, rows.indptr), shape=rows.shape)
    return np.asarray(ones @ weight, dtype=np.float64)


def _shift_gain(gain: FloatArray, columns: csr_array, cells: npt.NDArray[np.int32], change: FloatArray) -> None:
    """Add each cell's change to the gain of every candidate that reaches it."""
    counts = columns.indptr[cells + 1] - columns.indptr[cells]
    starts = np.repeat(columns.indptr[cells] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    candidates = columns.indices[starts + np.arange(counts.sum())]
    gain -= np.bincount(candidates, weights=np.repeat(-change, counts), minlength=len(gain))
