"""RAAM: what people pay in walking and in crowds where everybody goes where that costs least (Saxon & Snow 2020).

The cost of facility j to a person of cell i is t_ij / tau + (D_j / S_j) / rho: walking time over the walk tau that one
would accept to escape a crowd of the average size, and the load D_j / S_j over the average rho of all people over all
places. Everybody takes the cheapest; in equilibrium nobody can do better (a Wardrop equilibrium, as of roads). It is
the minimum of a convex function, sum x_ij t_ij / tau + sum D_j^2 / (2 S_j rho), so that loads and costs are unique.

The authors move people step by step; here the equilibrium itself is solved, in the facilities' crowds c_j = D_j / S_j /
rho, by Newton's method. People take the cheapest softly, with shares exp(-cost / e), e falling until it is `SHARPNESS`:
a cost is then at most e times the logarithm of the number of facilities in reach off the equilibrium's.

Source: Saxon & Snow 2020, Annals of the American Association of Geographers 110(1),
doi:10.1080/24694452.2019.1629870.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy  # its parts load when they are used

from circle15.errors import Circle15Error
from circle15.measures.flow import checked_amounts
from circle15.reach.times import checked_threshold, n_cells, pair_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.reach.times import FloatArray, IntArray, TravelTable

SOFTEST, SHARPNESS = 0.25, 1e-6
"""The first and the last e, in units of the walk tau."""
_SETTLED = 1e-9
_GOOD_ENOUGH = 1e-6
_ROUNDING = 1e-13
_MOST_STEPS = 60


class NoEquilibriumError(Circle15Error, RuntimeError):
    """Newton's method did not settle, which its theory excludes."""


def rational_agent_cost(
    t: TravelTable,
    *,
    supply: npt.ArrayLike,
    demand: npt.ArrayLike,
    tau_s: float | None = None,
    threshold_s: float | None = None,
) -> FloatArray:
    """Give what each cell's people pay at the cheapest facility within the threshold, in units of tau; less is better.

    Parameters
    ----------
    t
        Cells x facilities, seconds.
    supply
        S_j in supply units, float (n_facilities,), not negative; facilities without supply take nobody.
    demand
        P_i, persons, float (n_cells,), not negative. A cell without people is told what one more person would pay.
    tau_s
        tau in seconds; the threshold by default.
    threshold_s
        T in seconds, inclusive, at most the cutoff of `t`, which is the default.

    Returns
    -------
    numpy.ndarray
        float64 (n_cells,), no unit; NaN where no supply is in reach.

    Raises
    ------
    ValueError
        If lengths do not fit, a value is negative or not finite, or tau is not above 0.
    """
    places = checked_amounts(supply, t.n_destinations, "supply")
    people = checked_amounts(demand, n_cells(t), "demand")
    limit = checked_threshold(t, threshold_s)
    tau = limit if tau_s is None else tau_s
    if not tau > 0:
        raise ValueError(f"tau_s = {tau}: a walk is longer than 0")
    inside = (t.seconds <= limit) & (places[t.destination] > 0)
    row, column, walk = pair_rows(t)[inside], t.destination[inside].astype(np.int64), t.seconds[inside] / tau
    cost = np.full(n_cells(t), np.inf)
    np.minimum.at(cost, row, walk + _crowds(walk, row, column, people=people, places=places)[column])
    return np.where(np.isinf(cost), np.nan, cost)


def _crowds(walk: FloatArray, row: IntArray, column: IntArray, *, people: FloatArray, places: FloatArray) -> FloatArray:
    """Give c of each facility in equilibrium, (n_facilities,): 0 where nobody lives in its circle."""
    crowd = np.zeros(len(places))
    reaching = np.unique(row)
    taking_part = float(people[reaching].sum())
    lived_in = people[row] > 0
    if not lived_in.any():
        return crowd
    mean_places = float(places[np.unique(column)].sum()) / taking_part  # 1 / rho
    rows, at_row = np.unique(row[lived_in], return_inverse=True)
    used, at_column = np.unique(column[lived_in], return_inverse=True)
    pairs = scipy.sparse.csr_array((walk[lived_in], (at_row, at_column)), shape=(len(rows), len(used)))
    slope = mean_places / places[used]  # what one more person adds
    found, softness = np.zeros(len(used)), SOFTEST
    while True:
        found = _settled(pairs, people[rows], slope, found, softness)
        if softness <= SHARPNESS:
            crowd[used] = found
            return crowd
        softness = max(softness / 4, SHARPNESS)


def _settled(
    walk: scipy.sparse.csr_array, heads: FloatArray, slope: FloatArray, crowd: FloatArray, softness: float
) -> FloatArray:
    """Solve c = slope x load(c), the maximum of a concave function, by Newton's method with a line search."""
    column, first = walk.indices, walk.indptr[:-1].astype(np.int64)
    row = np.repeat(np.arange(len(heads)), np.diff(walk.indptr))

    def shares(at: FloatArray) -> tuple[FloatArray, float]:
        cost = walk.data + at[column]
        lowest = np.minimum.reduceat(cost, first)
        pull = np.exp(-(cost - lowest[row]) / softness)
        total = np.add.reduceat(pull, first)
        value = float((heads * (lowest - softness * np.log(total))).sum()) - float((at**2 / (2 * slope)).sum())
        return pull / total[row], value

    share, value = shares(crowd)
    for _ in range(_MOST_STEPS):
        load = np.bincount(column, weights=heads[row] * share, minlength=len(slope))
        gradient = load - crowd / slope
        # On the way down it is enough to stay near; the last one is solved.
        if np.abs(gradient * slope).max() <= (_SETTLED if softness <= SHARPNESS else softness / 10):
            return crowd
        taken = scipy.sparse.csr_array((share, column, walk.indptr), shape=walk.shape)
        weighted = scipy.sparse.csr_array((heads[row] * share, column, walk.indptr), shape=walk.shape)
        curvature = (np.diag(load) - (taken.T @ weighted).toarray()) / softness + np.diag(1 / slope)
        # Scaled by the slopes' roots the matrix is 1 and more on its diagonal, however unlike the facilities are.
        root = np.sqrt(slope)
        step = root * np.linalg.solve(root[:, None] * curvature * root, root * gradient)
        rise, length = float(gradient @ step), 1.0
        while True:
            trial = crowd + length * step
            share, now = shares(trial)
            # Near the top the value rises by less than it is rounded.
            if now >= value + 1e-4 * length * rise - _ROUNDING * abs(value) or length < _SETTLED:
                break
            length /= 2
        if length < _SETTLED:  # rounding allows no more
            return crowd
        crowd, value = trial, now
    if np.abs(gradient * slope).max() <= _GOOD_ENOUGH:
        return crowd
    raise NoEquilibriumError(f"the crowds had not settled after {_MOST_STEPS} steps")
