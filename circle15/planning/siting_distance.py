"""Exact siting by walking time: p-median and p-centre, with existing facilities fixed.

Existing facilities are locked in as the time that a cell walks today; a cell without one (NaN) has to be given one of
the chosen places. A cell from which no candidate and no facility can be walked to at all has no part in the model; the
caller counts its people.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
from scipy.optimize import LinearConstraint
from scipy.sparse import coo_array, csr_array

from circle15.planning.milp import Siting, chosen_rows, minimise, no_siting, settle
from circle15.planning.ranking import FloatArray, IntArray, rank_candidates, row_cells
from circle15.planning.siting import checked_limits, limits

_FAR = 10.0
"""While greedy still leaves cells without any place, each counts as this many longest walks."""


def p_median(
    seconds: csr_array,
    people: FloatArray,
    *,
    existing: FloatArray | None = None,
    p: int | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the places that make the people's walks to their nearest facility shortest in total.

    p-median (ReVelle & Swain 1970, Geographical Analysis 2). Only pairs that are shorter than a cell's walk today have
    a variable, which leaves a sparse model where facilities exist.

    Parameters
    ----------
    seconds
        (n_candidates, n_cells) sparse walking times; a stored 0 is a walk of no time, an absent pair cannot be walked.
    people
        (n_cells,) weights; cells with 0 have no part.
    existing
        (n_cells,) seconds to the nearest existing facility, NaN where there is none; all NaN by default.
    p, cost, budget
        As for `siting.maximal_covering`.
    time_limit_s
        Seconds for the solver. The greedy choice stands in where it stops with less.

    Returns
    -------
    Siting
        Objective and bound in person-seconds over the cells that have a place; infeasible where the limits leave a cell
        without any.
    """
    n, m = seconds.shape
    price = checked_limits(n, p, cost, budget)
    today = np.full(m, np.nan) if existing is None else np.asarray(existing, dtype=np.float64)
    heads = np.asarray(people, dtype=np.float64)
    j, i, walk = _pairs(seconds)
    useful = (heads[i] > 0) & ~(walk >= today[i])
    j, i, walk = j[useful], i[useful], walk[useful]
    base = float((heads * np.nan_to_num(today))[heads > 0].sum())
    k = len(j)
    if k == 0:
        return Siting(np.empty(0, dtype=np.int64), base, base, "optimal")
    start = greedy_median(seconds, heads, existing=today, p=p, cost=cost, budget=budget)
    ones, pair = np.ones(k), np.arange(k)
    used, row = np.unique(i, return_inverse=True)
    must = np.isnan(today[used])
    assigned = coo_array((ones, (row, n + pair)), shape=(len(used), n + k))
    is_open = coo_array(
        (np.concatenate((ones, -ones)), (np.tile(pair, 2), np.concatenate((n + pair, j)))), shape=(k, n + k)
    )
    constraints = [
        LinearConstraint(csr_array(assigned), np.where(must, 1.0, 0.0), 1.0),
        LinearConstraint(csr_array(is_open), -np.inf, 0.0),
        *limits(n, k, p, price, budget),
    ]
    objective = np.concatenate((np.zeros(n), heads[i] * (walk - np.nan_to_num(today[i]))))
    is_integer = np.concatenate((np.ones(n, dtype=bool), np.zeros(k, dtype=bool)))
    solution = minimise(objective, constraints, is_integer=is_integer, time_limit_s=time_limit_s)
    chosen = None if solution.x is None else chosen_rows(solution.x[:n])
    value = float("nan") if chosen is None else median_value(seconds, heads, chosen, existing=today)
    known = median_value(seconds, heads, start, existing=today)
    return settle(
        chosen, value, solution, solution.bound + base, (start, known) if np.isfinite(known) else None, is_maximum=False
    )


def greedy_median(
    seconds: csr_array,
    people: FloatArray,
    *,
    existing: FloatArray | None = None,
    p: int | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
) -> IntArray:
    """Add places one after another, each time the one that shortens the walks most (per cost); in order of choice."""
    n, m = seconds.shape
    price = checked_limits(n, p, cost, budget)
    left = np.inf if budget is None else budget
    j, i, walk = _pairs(seconds)
    now = np.full(m, np.nan) if existing is None else np.array(existing, dtype=np.float64)
    now[np.isnan(now)] = _FAR * max(walk.max(initial=0.0), np.nanmax(now, initial=0.0), 1.0)
    chosen: list[int] = []
    while len(chosen) < (p if p is not None else n):
        saved = np.bincount(j, weights=people[i] * np.maximum(0.0, now[i] - walk), minlength=n)
        score = np.where(price <= left, saved / price, 0.0)
        best = int(np.argmax(score))
        if score[best] <= 0:
            break
        chosen.append(best)
        left -= price[best] if budget is not None else 0.0
        of_best = j == best
        now[i[of_best]] = np.minimum(now[i[of_best]], walk[of_best])
    return np.array(chosen, dtype=np.int64)


def median_value(
    seconds: csr_array, people: FloatArray, chosen: IntArray, *, existing: FloatArray | None = None
) -> float:
    """Sum the person-seconds to the nearest of existing and chosen; NaN where a cell is left without a place."""
    walk = nearest_of(seconds, chosen, existing=existing)
    heads = np.asarray(people, dtype=np.float64)
    took_part = (heads > 0) & could_have_a_place(seconds, existing)
    return float((heads[took_part] * walk[took_part]).sum())


def p_centre(
    seconds: csr_array,
    people: FloatArray,
    *,
    existing: FloatArray | None = None,
    p: int | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the places that make the longest of all walks to the nearest facility shortest.

    p-centre (Hakimi 1964) by bisection over the distinct walking times, each step one covering model (Minieka 1970,
    SIAM Review 12): is there a choice with every inhabited cell within r?

    Parameters and errors are those of `p_median`; ``people`` only says which cells count.

    Returns
    -------
    Siting
        Objective and bound in seconds; where the time limit stops it, the bound is the longest walk that is proven to
        be unavoidable so far.
    """
    n, m = seconds.shape
    price = checked_limits(n, p, cost, budget)
    today = np.full(m, np.nan) if existing is None else np.asarray(existing, dtype=np.float64)
    cells = np.flatnonzero((np.asarray(people) > 0) & could_have_a_place(seconds, today))
    if not len(cells):
        return Siting(np.empty(0, dtype=np.int64), 0.0, 0.0, "optimal")
    # No choice is better than all candidates at once.
    unavoidable = float(np.max(nearest_of(seconds, np.arange(n), existing=today)[cells]))
    radii = np.unique(np.concatenate((_pairs(seconds)[2], today[np.isfinite(today)], [unavoidable])))
    radii = radii[radii >= unavoidable]
    ends = time.monotonic() + time_limit_s
    low, high, best = 0, len(radii), np.empty(0, dtype=np.int64)
    stopped = False
    while low < high and not stopped:
        middle = (low + high) // 2
        radius = float(radii[middle])
        found, stopped = _within(seconds, cells, today, radius, p=p, price=price, budget=budget, ends=ends)
        if found is None and not stopped:
            low = middle + 1
        elif found is not None:
            best, high, stopped = found, middle, False
    if high == len(radii) and not stopped:
        return no_siting()
    value = centre_value(seconds, people, best, existing=today) if high < len(radii) else float("nan")
    bound = float(radii[low])
    return Siting(np.sort(best), value, value if low == high else bound, "optimal" if low == high else "time limit")


def greedy_centre(
    seconds: csr_array,
    people: FloatArray,
    *,
    existing: FloatArray | None = None,
    p: int,
) -> IntArray:
    """Find by bisection a short radius at which greedy set covering needs at most ``p`` places; in order of choice."""
    n, m = seconds.shape
    today = np.full(m, np.nan) if existing is None else np.asarray(existing, dtype=np.float64)
    cells = np.flatnonzero((np.asarray(people) > 0) & could_have_a_place(seconds, today))
    radii = np.unique(np.concatenate((_pairs(seconds)[2], today[np.isfinite(today)])))
    low, high, best = 0, len(radii), np.empty(0, dtype=np.int64)
    while low < high:
        middle = (low + high) // 2
        needed = _greedy_within(seconds, cells, today, float(radii[middle]), np.ones(n))
        if needed is not None and len(needed) <= p:
            best, high = needed, middle
        else:
            low = middle + 1
    return best


def centre_value(
    seconds: csr_array, people: FloatArray, chosen: IntArray, *, existing: FloatArray | None = None
) -> float:
    """Give the longest walk to the nearest of existing and chosen; NaN where a cell is left without a place."""
    walk = nearest_of(seconds, chosen, existing=existing)
    took_part = (np.asarray(people) > 0) & could_have_a_place(seconds, existing)
    return float(walk[took_part].max(initial=0.0))


def nearest_of(seconds: csr_array, chosen: IntArray, *, existing: FloatArray | None = None) -> FloatArray:
    """Give each cell's seconds to the nearest of existing and chosen, NaN where there is none, (n_cells,)."""
    rows = csr_array(seconds)
    walk = np.full(rows.shape[1], np.inf) if existing is None else np.where(np.isnan(existing), np.inf, existing)
    for row in chosen.tolist():
        cells = row_cells(rows, row)
        walk[cells] = np.minimum(walk[cells], rows.data[rows.indptr[row] : rows.indptr[row + 1]])
    return np.where(np.isinf(walk), np.nan, walk)


def could_have_a_place(seconds: csr_array, existing: FloatArray | None) -> npt.NDArray[np.bool_]:
    """Tell which cells can be walked from to a candidate or to a facility, (n_cells,)."""
    could = np.zeros(seconds.shape[1], dtype=np.bool_)
    could[csr_array(seconds).indices] = True
    return could if existing is None else could | ~np.isnan(existing)


def _within(
    seconds: csr_array,
    cells: IntArray,
    today: FloatArray,
    radius: float,
    *,
    p: int | None,
    price: FloatArray,
    budget: float | None,
    ends: float,
) -> tuple[IntArray | None, bool]:
    """Look for a choice within the limits that has every cell within ``radius``; tell also whether time ran out."""
    easy = _greedy_within(seconds, cells, today, radius, price)
    if easy is not None and (p is None or len(easy) <= p) and (budget is None or price[easy].sum() <= budget):
        return easy, False
    far = cells[~(today[cells] <= radius)]
    by_cell = _circle(seconds, radius, far).T.tocsr()
    if (np.diff(by_cell.indptr) == 0).any():
        return None, False
    n = seconds.shape[0]
    constraints = [LinearConstraint(by_cell, 1.0, np.inf), *limits(n, 0, p, price, budget)]
    left = ends - time.monotonic()
    if left <= 0:
        return None, True
    solution = minimise(np.zeros(n), constraints, is_integer=np.ones(n, dtype=bool), time_limit_s=left)
    if solution.x is not None:
        return chosen_rows(solution.x), False
    return None, solution.status == "time limit"


def _greedy_within(
    seconds: csr_array, cells: IntArray, today: FloatArray, radius: float, price: FloatArray
) -> IntArray | None:
    """Cover every cell within ``radius`` greedily; None where greedy, and so every choice, leaves one out."""
    far = cells[~(today[cells] <= radius)]
    found = rank_candidates(_circle(seconds, radius, far), np.ones(len(far)), cost=price, top=len(price))
    return found.candidate if round(found.newly_covered_people.sum()) == len(far) else None


def _circle(seconds: csr_array, radius: float, cells: IntArray) -> csr_array:
    """Give the candidates' circles of ``radius`` over ``cells``, with ones."""
    j, i, walk = _pairs(seconds)
    place = np.full(seconds.shape[1], -1)
    place[cells] = np.arange(len(cells))
    inside = (walk <= radius) & (place[i] >= 0)
    ones = np.ones(int(inside.sum()))
    return csr_array(coo_array((ones, (j[inside], place[i[inside]])), shape=(seconds.shape[0], len(cells))))


def _pairs(seconds: csr_array) -> tuple[IntArray, IntArray, FloatArray]:
    """Give candidate, cell and seconds of each stored pair, stored zeros included."""
    rows = csr_array(seconds)
    j = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return j, rows.indices.astype(np.int64), np.asarray(rows.data, dtype=np.float64)
