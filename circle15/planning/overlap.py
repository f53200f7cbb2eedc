"""A list of planned projects: what each adds, which of them duplicate each other, and who gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from circle15.measures.coverage import coverage
from circle15.measures.equity import gini
from circle15.planning.ranking import FloatArray, IntArray, covered_in_order, row_cells, sum_rows

DUPLICATE_SHARE = 0.8
"""Two projects duplicate each other when they share this much of the uncovered people of the smaller."""


@dataclass(frozen=True, slots=True)
class Projects:
    """What a list of projects does, in its own order."""

    newly_covered_people: FloatArray  # (n,) given the projects above
    alone_covered_people: FloatArray  # (n,)
    partner: IntArray  # (n,) the project that shares most of its uncovered people, -1 = none does
    shared_people: FloatArray  # (n,) uncovered people in the circles of both
    shared_share: FloatArray  # (n,) of the smaller of the two; NaN where none is shared
    is_duplicate: npt.NDArray[np.bool_]  # (n,)
    gini_before: FloatArray  # (n,) Gini of the units' covered shares before the project is built
    gini_after: FloatArray  # (n,)


def compare_projects(
    reach: csr_array,
    people: FloatArray,
    count: IntArray,
    unit: IntArray,
    n_units: int,
    *,
    min_count: int = 1,
) -> Projects:
    """Compare projects that are built one after another beside the existing facilities.

    Parameters
    ----------
    reach
        (n_projects, n_cells) sparse; an entry where the cell lies within the project's circle.
    people
        (n_cells,) all people of the group.
    count
        (n_cells,) existing facilities within the circle.
    unit, n_units
        Unit of each cell, int (n_cells,).
    min_count
        Facilities that a cell needs to count as covered.

    Returns
    -------
    Projects
        The Gini is people-weighted over the units' covered shares (`equity.gini`): 0 where all units are covered alike.
    """
    rows = csr_array(reach)
    uncovered = np.where(count >= min_count, 0.0, people)
    newly, alone = covered_in_order(rows, uncovered, missing=np.maximum(min_count - count, 1))
    partner, shared, share = _partners(rows, uncovered)
    steps = _gini_steps(rows, people, count, unit, n_units=n_units, min_count=min_count)
    return Projects(
        newly_covered_people=newly,
        alone_covered_people=alone,
        partner=partner,
        shared_people=shared,
        shared_share=share,
        is_duplicate=share >= DUPLICATE_SHARE,
        gini_before=steps[:-1],
        gini_after=steps[1:],
    )


def _partners(rows: csr_array, uncovered: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Find for each project the one whose circle shares most of the uncovered people; of several the first."""
    n = rows.shape[0]
    ones = csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape)
    weighted = csr_array((uncovered[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
    both = (weighted @ ones.T).toarray()
    np.fill_diagonal(both, 0.0)
    own = sum_rows(rows, uncovered)
    partner = both.argmax(axis=1) if n else np.empty(0, dtype=np.int64)
    shared = both[np.arange(n), partner]
    partner = np.where(shared > 0, partner, -1)
    smaller = np.minimum(own, own[partner]) if n else own
    share = np.divide(shared, smaller, out=np.full(n, np.nan), where=shared > 0)
    return partner.astype(np.int64), shared, share


def _gini_steps(
    rows: csr_array, people: FloatArray, count: IntArray, unit: IntArray, *, n_units: int, min_count: int
) -> FloatArray:
    """Give the Gini before the first project and after each, (n_projects + 1,)."""
    found = np.empty(rows.shape[0] + 1)
    built = count.copy()
    for step in range(len(found)):
        if step:
            built[row_cells(rows, step - 1)] += 1
        by_unit = coverage(built >= min_count, people, unit, n_units)
        lived_in = by_unit.people[:-1] > 0
        found[step] = gini(by_unit.covered_share[:-1][lived_in], by_unit.people[:-1][lived_in])
    return found
