"""Exact siting by people covered: maximal covering and set covering, with existing facilities fixed.

Existing facilities are locked in by their effect: a cell that they cover is no longer demand, and ``missing`` says how
many more facilities a cell needs. Forbidden places are left out of the candidates. Distances are in `siting_distance`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import LinearConstraint
from scipy.sparse import coo_array, csr_array, hstack

from circle15.planning.milp import Siting, chosen_rows, minimise, no_siting, settle
from circle15.planning.ranking import (
    GAIN_DECIMALS,
    FloatArray,
    IntArray,
    checked_cost,
    rank_candidates,
    row_cells,
    sum_rows,
)

PEOPLE_SLACK = 1e-6
"""A share of people counts as reached within a millionth of a person."""


def maximal_covering(
    reach: csr_array,
    people: FloatArray,
    *,
    p: int | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
    missing: IntArray | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the places that newly cover the most people: at most ``p`` of them, or within a budget, or both.

    Maximal covering location problem (Church & ReVelle 1974, Papers in Regional Science 32): maximise sum w_i y_i with
    m_i y_i <= sum of x_j over the candidates j that reach i. Cells with the same candidates are merged first, which
    changes nothing.

    Parameters
    ----------
    reach
        (n_candidates, n_cells) sparse; an entry where the cell lies within the candidate's circle.
    people
        (n_cells,) people who are not covered yet, 0 where covered.
    p
        Most facilities to choose.
    cost, budget
        (n_candidates,) above 0, and the most that the chosen may cost together.
    missing
        m_i, (n_cells,) how many more facilities a cell needs; 1 by default. Any value is exact.
    time_limit_s
        Seconds for the solver. The greedy choice stands in where it stops with less.

    Returns
    -------
    Siting
        Objective and bound in people newly covered.

    Raises
    ------
    ValueError
        If neither ``p`` nor ``budget`` is given.
    """
    price = checked_limits(reach.shape[0], p, cost, budget)
    heads = np.asarray(people, dtype=np.float64)
    need = np.ones(len(heads), dtype=np.int64) if missing is None else missing.astype(np.int64)
    start = rank_candidates(reach, heads, missing=need, cost=cost, budget=budget, top=p or reach.shape[0]).candidate
    cells, of_cell, weight = _merged_cells(reach, heads, need)
    n, m = reach.shape[0], len(cells)
    if m == 0:
        return Siting(np.empty(0, dtype=np.int64), 0.0, 0.0, "optimal")
    by_cell = csr_array(of_cell)
    diagonal = coo_array((-need[cells].astype(np.float64), (np.arange(m), np.arange(m))), shape=(m, m))
    constraints = [LinearConstraint(hstack([by_cell, diagonal], format="csr"), 0, np.inf)]
    constraints += limits(n, m, p, price, budget)
    # With one facility missing, y is 0 or 1 by itself once x is.
    is_integer = np.concatenate((np.ones(n, dtype=bool), need[cells] > 1))
    objective = np.concatenate((np.zeros(n), -weight))
    solution = minimise(objective, constraints, is_integer=is_integer, time_limit_s=time_limit_s)
    chosen = None if solution.x is None else chosen_rows(solution.x[:n])
    return settle(
        chosen,
        float("nan") if chosen is None else covered_people(reach, heads, chosen, missing=need),
        solution,
        min(-solution.bound, float(weight.sum())),
        (start, covered_people(reach, heads, start, missing=need)),
        is_maximum=True,
    )


def maximal_filling(
    reach: csr_array,
    demand: FloatArray,
    capacity: FloatArray,
    *,
    p: int | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the places that serve the most demand when each can serve only so much: capacitated maximal covering.

    Demand is handed out as is best for the whole (Current & Storbeck 1988, Environment and Planning B 15): flows f_ij
    >= 0 from candidate j to cell i within its circle, sum_j f_ij <= demand_i, sum_i f_ij <= capacity_j x_j and f_ij <=
    demand_i x_j. A ranking by gap hands places out to everyone in the circle instead, so it promises less.

    Parameters
    ----------
    reach, p, cost, budget, time_limit_s
        As for `maximal_covering`.
    demand
        (n_cells,) open demand in places.
    capacity
        (n_candidates,) places.

    Returns
    -------
    Siting
        Objective and bound in places used.
    """
    price = checked_limits(reach.shape[0], p, cost, budget)
    pairs = coo_array(csr_array(reach))
    keep = (demand[pairs.coords[1]] > 0) & (capacity[pairs.coords[0]] > 0)
    j, i = pairs.coords[0][keep], pairs.coords[1][keep]
    n, k = reach.shape[0], len(j)
    if k == 0:
        return Siting(np.empty(0, dtype=np.int64), 0.0, 0.0, "optimal")
    flow = np.arange(k)
    ones = np.ones(k)
    largest = np.minimum(demand[i], capacity[j])
    to_cell = coo_array((ones, (i, n + flow)), shape=(len(demand), n + k))
    from_place = coo_array((ones, (j, n + flow)), shape=(n, n + k)) + coo_array(
        (-capacity, (np.arange(n), np.arange(n))), shape=(n, n + k)
    )
    only_open = coo_array(
        (np.concatenate((ones, -largest)), (np.tile(flow, 2), np.concatenate((n + flow, j)))), shape=(k, n + k)
    )
    constraints = [
        LinearConstraint(csr_array(to_cell), -np.inf, demand),
        LinearConstraint(csr_array(from_place), -np.inf, 0.0),
        LinearConstraint(csr_array(only_open), -np.inf, 0.0),
        *limits(n, k, p, price, budget),
    ]
    is_integer = np.concatenate((np.ones(n, dtype=bool), np.zeros(k, dtype=bool)))
    objective = np.concatenate((np.zeros(n), -ones))
    solution = minimise(objective, constraints, is_integer=is_integer, time_limit_s=time_limit_s, upper=np.inf)
    chosen = None if solution.x is None else chosen_rows(solution.x[:n])
    value = float("nan") if solution.x is None else float(solution.x[n:].sum())
    start = greedy_filling(reach, demand, capacity, p=p, cost=cost, budget=budget)
    return settle(chosen, value, solution, min(-solution.bound, float(demand.sum())), start, is_maximum=True)


def greedy_filling(
    reach: csr_array,
    demand: FloatArray,
    capacity: FloatArray,
    *,
    p: int | None = None,
    cost: FloatArray | None = None,
    budget: float | None = None,
) -> tuple[IntArray, float]:
    """Add places one after another, each time the one that serves most of the demand still open (per cost).

    Each serves all open demand in its circle by the same share. Arguments as for `maximal_filling`.

    Returns
    -------
    tuple
        The places in order of choice, and the places used by all of them.
    """
    rows = csr_array(reach)
    price = checked_limits(rows.shape[0], p, cost, budget)
    left = np.inf if budget is None else budget
    still = np.array(demand, dtype=np.float64)
    chosen: list[int] = []
    while len(chosen) < (p or len(capacity)):
        serves = np.minimum(sum_rows(rows, still), capacity)
        serves[chosen] = 0.0
        score = np.where(price <= left, np.round(serves, GAIN_DECIMALS) / price, 0.0)
        best = int(np.argmax(score))
        if score[best] <= 0:
            break
        circle = row_cells(rows, best)
        still[circle] *= 1.0 - serves[best] / still[circle].sum()
        chosen.append(best)
        left -= price[best] if budget is not None else 0.0
    return np.array(chosen, dtype=np.int64), float(np.sum(demand) - still.sum())


def set_covering(
    reach: csr_array,
    people: FloatArray,
    target_people: float,
    *,
    cost: FloatArray | None = None,
    missing: IntArray | None = None,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the fewest places (or the cheapest) that newly cover at least ``target_people``.

    Location set covering (Toregas et al. 1971, Operations Research 19) where the target is everybody, partial covering
    (Daskin & Owen 1999) below.

    Parameters
    ----------
    reach, people, cost, missing, time_limit_s
        As for `maximal_covering`.
    target_people
        People to cover newly.

    Returns
    -------
    Siting
        Objective and bound in facilities, or in cost; infeasible where all candidates together cover fewer.
    """
    price = checked_cost(cost, None, reach.shape[0])
    heads = np.asarray(people, dtype=np.float64)
    need = np.ones(len(heads), dtype=np.int64) if missing is None else missing.astype(np.int64)
    n = reach.shape[0]
    if target_people <= PEOPLE_SLACK:
        return Siting(np.empty(0, dtype=np.int64), 0.0, 0.0, "optimal")
    if covered_people(reach, heads, np.arange(n), missing=need) < target_people - PEOPLE_SLACK:
        return no_siting()
    start = greedy_set_covering(reach, heads, target_people, cost=cost, missing=need)
    cells, of_cell, weight = _merged_cells(reach, heads, need)
    by_cell, m = csr_array(of_cell), len(cells)
    if weight.sum() <= target_people + PEOPLE_SLACK:  # everybody who can be covered: no need to say whom to leave out
        constraints = [LinearConstraint(by_cell, need[cells].astype(np.float64), np.inf)]
        objective, is_integer = price, np.ones(n, dtype=bool)
    else:
        diagonal = coo_array((-need[cells].astype(np.float64), (np.arange(m), np.arange(m))), shape=(m, m))
        row = coo_array((weight, (np.zeros(m, dtype=int), n + np.arange(m))), shape=(1, n + m))
        constraints = [
            LinearConstraint(hstack([by_cell, diagonal], format="csr"), 0, np.inf),
            LinearConstraint(csr_array(row), target_people - PEOPLE_SLACK, np.inf),
        ]
        objective = np.concatenate((price, np.zeros(m)))
        is_integer = np.concatenate((np.ones(n, dtype=bool), need[cells] > 1))
    solution = minimise(objective, constraints, is_integer=is_integer, time_limit_s=time_limit_s)
    chosen = None if solution.x is None else chosen_rows(solution.x[:n])
    value = float("nan") if chosen is None else float(price[chosen].sum())
    bound = max(solution.bound, 0.0)
    if cost is None and np.isfinite(bound):
        bound = float(np.ceil(bound - PEOPLE_SLACK))  # a number of facilities is whole
    known = None if start is None else (start, float(price[start].sum()))
    return settle(chosen, value, solution, bound, known, is_maximum=False)


def greedy_set_covering(
    reach: csr_array,
    people: FloatArray,
    target_people: float,
    *,
    cost: FloatArray | None = None,
    missing: IntArray | None = None,
) -> IntArray | None:
    """Choose places greedily (Chvátal 1979) until ``target_people`` are newly covered; None where that gets stuck."""
    if target_people <= PEOPLE_SLACK:
        return np.empty(0, dtype=np.int64)
    found = rank_candidates(reach, people, missing=missing, cost=cost, top=reach.shape[0])
    enough = np.flatnonzero(found.cumulative_people >= target_people - PEOPLE_SLACK)
    return found.candidate[: enough[0] + 1] if len(enough) else None


def covered_people(reach: csr_array, people: FloatArray, chosen: IntArray, *, missing: IntArray | None = None) -> float:
    """Sum the people that the chosen candidates newly cover."""
    rows = csr_array(reach)
    counts = np.zeros(rows.shape[1], dtype=np.int64)
    for row in chosen:
        counts[row_cells(rows, int(row))] += 1
    need = 1 if missing is None else missing
    return float(np.asarray(people)[counts >= need].sum())


def _merged_cells(reach: csr_array, people: FloatArray, need: IntArray) -> tuple[IntArray, csr_array, FloatArray]:
    """Merge cells that the same candidates reach and that need as many.

    Returns
    -------
    tuple
        One cell of each kind (n_kinds,), the kinds' candidates (n_kinds, n_candidates) with ones, the people of each
        kind (n_kinds,).
    """
    by_cell = csr_array(csr_array(reach).T)
    by_cell.sort_indices()
    useful = np.flatnonzero((people > 0) & (np.diff(by_cell.indptr) >= need) & (need > 0))
    kinds: dict[tuple[int, bytes], int] = {}
    kind = np.empty(len(useful), dtype=np.int64)
    for place, cell in enumerate(useful.tolist()):
        key = (int(need[cell]), by_cell.indices[by_cell.indptr[cell] : by_cell.indptr[cell + 1]].tobytes())
        kind[place] = kinds.setdefault(key, len(kinds))
    first = np.unique(kind, return_index=True)[1]
    weight = np.bincount(kind, weights=people[useful], minlength=len(kinds)).astype(np.float64)
    cells: IntArray = useful[first].astype(np.int64)
    of_cell = by_cell[cells]
    of_cell.data = np.ones(of_cell.nnz)
    return cells, of_cell, weight


def checked_limits(n: int, p: int | None, cost: FloatArray | None, budget: float | None) -> FloatArray:
    """Give each candidate's cost, 1 each where there are none, once something limits the choice."""
    if p is None and budget is None:
        raise ValueError("say how many facilities to choose (p), or what they may cost (budget)")
    return checked_cost(cost, budget, n)


def limits(n: int, n_others: int, p: int | None, price: FloatArray, budget: float | None) -> list[LinearConstraint]:
    """Give the rows for the number and the cost of the chosen."""
    rest: npt.NDArray[np.float64] = np.zeros(n_others)
    found = []
    if p is not None:
        found.append(LinearConstraint(np.concatenate((np.ones(n), rest))[None, :], -np.inf, p))
    if budget is not None:
        found.append(LinearConstraint(np.concatenate((price, rest))[None, :], -np.inf, budget))
    return found
