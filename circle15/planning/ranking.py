"""Rank candidate places for one more facility by the people that each would newly cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

GAIN_DECIMALS = 6
"""Gains that differ by less than a millionth of a person are ties; the first candidate wins."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The chosen candidates, best first."""

    candidate: npt.NDArray[np.int64]  # (n_chosen,) row of the candidate
    newly_covered_people: npt.NDArray[np.float64]  # (n_chosen,) given the ones above it
    alone_covered_people: npt.NDArray[np.float64]  # (n_chosen,) if it were the only new one
    gap_filled: npt.NDArray[np.float64]  # (n_chosen,) gap of the newly covered cells, in the layer's unit

    @property
    def cumulative_people(self) -> npt.NDArray[np.float64]:
        """People newly covered by each and all above it."""
        return np.cumsum(self.newly_covered_people)


def rank_candidates(
    reach: csr_array,
    people: npt.NDArray[np.float64],
    *,
    missing: npt.NDArray[np.int64] | None = None,
    gap: npt.NDArray[np.float64] | None = None,
    top: int = 20,
) -> Ranking:
    """Choose candidates one after another, each time the one that newly covers the most people.

    Greedy maximal covering with the existing facilities fixed: after each choice the people that it covers no longer
    count, so overlaps are counted once. For coverage by one facility the result is within 1 - 1/e of the optimum
    (Nemhauser, Wolsey & Fisher 1978); where cells need several facilities that bound does not hold, because a first of
    two covers nobody yet. Candidates that would cover nobody are not listed.

    Parameters
    ----------
    reach
        (n_candidates, n_cells) sparse; an entry where the cell lies within the candidate's circle.
    people
        (n_cells,) people who are not covered yet, 0 where covered.
    missing
        (n_cells,) how many more facilities a cell needs in reach to count as covered; 1 by default.
    gap
        (n_cells,) unmet need in the layer's unit (seats, beds), summed over the newly covered cells; NaN by default.
    top
        Longest list.

    Returns
    -------
    Ranking
        Ties go to the lower candidate row.
    """
    rows = csr_array(reach)
    columns = csr_array(rows.T)
    people = np.asarray(people, dtype=np.float64)
    still = np.ones(len(people), dtype=np.int64) if missing is None else missing.astype(np.int64)
    gain = _sum_rows(rows, people * (still == 1))
    alone = gain.copy()
    chosen: list[int] = []
    newly: list[float] = []
    filled: list[float] = []
    while len(chosen) < min(top, rows.shape[0]):
        best = int(np.argmax(np.round(gain, GAIN_DECIMALS)))
        if round(float(gain[best]), GAIN_DECIMALS) <= 0:
            break
        cells = rows.indices[rows.indptr[best] : rows.indptr[best + 1]]
        covered = cells[still[cells] == 1]
        chosen.append(best)
        newly.append(float(people[covered].sum()))
        filled.append(float(gap[covered].sum()) if gap is not None else np.nan)
        _shift_gain(gain, columns, covered, -people[covered])
        closer = cells[still[cells] == 2]  # noqa: PLR2004 (one facility short after this choice)
        _shift_gain(gain, columns, closer, people[closer])
        still[cells] -= 1
        gain[best] = -np.inf
    order = np.array(chosen, dtype=np.int64)
    return Ranking(order, np.array(newly), alone[order] if len(order) else np.empty(0), np.array(filled))


def _sum_rows(rows: csr_array, weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ones = csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape)
    return np.asarray(ones @ weight, dtype=np.float64)


def _shift_gain(
    gain: npt.NDArray[np.float64],
    columns: csr_array,
    cells: npt.NDArray[np.int32],
    change: npt.NDArray[np.float64],
) -> None:
    """Add each cell's change to the gain of every candidate that reaches it."""
    counts = columns.indptr[cells + 1] - columns.indptr[cells]
    starts = np.repeat(columns.indptr[cells] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    candidates = columns.indices[starts + np.arange(counts.sum())]
    gain -= np.bincount(candidates, weights=np.repeat(-change, counts), minlength=len(gain))
