"""均衡 equity: how evenly access is shared among people, in the district and between and within its units.

Every measure weighs a cell by its people, so that splitting a cell into equal parts changes nothing. Values are supply
units per person (or any quantity that is not negative); the measures themselves have no unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.reach.times import FloatArray

TOP_SHARE, BOTTOM_SHARE = 0.1, 0.4
"""The tenth and the four tenths of the people that the Palma ratio compares."""


PalmaState = Literal["", "none_at_bottom", "none_at_all", "nobody"]
"""Why there is no Palma ratio: the four tenths have nothing (it is beyond all bounds), nobody has anything, or there is
nobody; "" where there is one."""


@dataclass(frozen=True, slots=True)
class Lorenz:
    """The Lorenz curve: the poorest `people_share` of the people have `value_share` of the whole."""

    people_share: FloatArray  # (n + 1,) 0 to 1, ascending
    value_share: FloatArray  # (n + 1,) 0 to 1, ascending and convex


@dataclass(frozen=True, slots=True)
class Theil:
    """Theil's T and its exact split: total = between + within."""

    total: float
    between: float
    within: float


@dataclass(frozen=True, slots=True)
class Equity:
    """Measures of each unit and, in the last place, of the whole district; NaN where undefined."""

    mean: FloatArray  # (n_units + 1,) people-weighted mean of the values
    gini: FloatArray  # (n_units + 1,) 0 to 1
    palma: FloatArray  # (n_units + 1,) ratio; NaN where `palma_state` says why
    palma_state: tuple[PalmaState, ...]  # (n_units + 1,)
    theil: FloatArray  # (n_units + 1,) within the unit; the district's total in the last place
    theil_between: float  # between units
    theil_within: float  # within units
    concentration: FloatArray  # (n_units + 1,) -1 to 1; NaN where no rank is given


def lorenz(values: npt.ArrayLike, people: npt.ArrayLike) -> Lorenz | None:
    """Give the Lorenz curve (Lorenz 1905); None where nobody lives or nothing is shared.

    Parameters
    ----------
    values
        What each person of a cell has, float (n,), not negative.
    people
        Persons in each cell, float (n,); cells without people are left out.

    Raises
    ------
    ValueError
        If lengths differ or a value is negative or not finite.
    """
    x, w = _checked(values, people)
    order = np.argsort(x, kind="stable")
    shared = np.cumsum((x * w)[order])
    if not len(x) or shared[-1] <= 0:
        return None
    heads = np.cumsum(w[order])
    return Lorenz(np.concatenate(([0.0], heads / heads[-1])), np.concatenate(([0.0], shared / shared[-1])))


def gini(values: npt.ArrayLike, people: npt.ArrayLike) -> float:
    """Give the people-weighted Gini coefficient: twice the area between the Lorenz curve and the diagonal.

    Equal to sum_ij P_i P_j |x_i - x_j| / (2 N^2 mean) (Gini 1912; Sen 1973, On Economic Inequality). 0 for equal
    shares, 1 - 1/n where one of n equal cells has all. NaN where nobody lives or nothing is shared. Arguments and
    errors as in `lorenz`.
    """
    curve = lorenz(values, people)
    if curve is None:
        return float("nan")
    return max(0.0, float(1.0 - np.sum(np.diff(curve.people_share) * (curve.value_share[1:] + curve.value_share[:-1]))))


def palma(values: npt.ArrayLike, people: npt.ArrayLike) -> float:
    """Give the Palma ratio: what the best served tenth has, divided by what the worst served four tenths have.

    Shares are read from the Lorenz curve, cells being divided where a bound falls inside one (Palma 2011, Development
    and Change 42(1), doi:10.1111/j.1467-7660.2011.01694.x). 0.25 for equal shares; NaN where the four tenths have
    nothing, nobody lives or nothing is shared.
    """
    curve = lorenz(values, people)
    if curve is None:
        return float("nan")
    bottom, below_top = np.interp([BOTTOM_SHARE, 1 - TOP_SHARE], curve.people_share, curve.value_share)
    return float((1 - below_top) / bottom) if bottom > 0 else float("nan")


def palma_state(values: npt.ArrayLike, people: npt.ArrayLike) -> PalmaState:
    """Tell why `palma` gives no ratio, "" where it gives one. Arguments and errors as in `lorenz`."""
    _, w = _checked(values, people)
    if not len(w):
        return "nobody"
    if lorenz(values, people) is None:
        return "none_at_all"
    return "none_at_bottom" if np.isnan(palma(values, people)) else ""


def theil(
    values: npt.ArrayLike, people: npt.ArrayLike, unit: npt.ArrayLike | None = None, n_units: int | None = None
) -> Theil:
    """Give Theil's T, split between and within units (Theil 1967, Economics and Information Theory; Shorrocks 1980).

    T = sum_i (P_i x_i / N m) ln(x_i / m); between = sum_g s_g ln(m_g / m), within = sum_g s_g T_g, where s_g is the
    unit's share of the whole. A value of 0 adds nothing (x ln x -> 0). All NaN where nobody lives or nothing is shared.

    Parameters
    ----------
    values, people
        As in `lorenz`.
    unit, n_units
        Unit code of each cell, int (n,), 0 to ``n_units - 1``; without them all is within one unit.
    """
    x, w = _checked(values, people, drop_empty=False)
    codes = np.zeros(len(x), dtype=np.int64) if unit is None else np.asarray(unit, dtype=np.int64)
    n = 1 if n_units is None else n_units
    heads = np.bincount(codes, weights=w, minlength=n)
    amounts = np.bincount(codes, weights=w * x, minlength=n)
    total_amount, total_heads = amounts.sum(), heads.sum()
    if not (total_heads > 0 and total_amount > 0):
        return Theil(float("nan"), float("nan"), float("nan"))
    mean = total_amount / total_heads
    has = amounts > 0
    between = float(np.sum(amounts[has] / total_amount * np.log(amounts[has] / heads[has] / mean)))
    holds = (x > 0) & (w > 0)
    own_mean = (amounts / np.where(heads > 0, heads, 1.0))[codes[holds]]
    within = float(np.sum(w[holds] * x[holds] / total_amount * np.log(x[holds] / own_mean)))
    total = float(np.sum(w[holds] * x[holds] / total_amount * np.log(x[holds] / mean)))
    return Theil(total, between, within)


def concentration(values: npt.ArrayLike, people: npt.ArrayLike, rank_by: npt.ArrayLike) -> float:
    """Give the concentration index of `values` over people ordered by `rank_by`, e.g. the share of old people.

    C = 2 cov_w(x, R) / mean, R the people's fractional rank, equal ranks sharing their middle (Kakwani, Wagstaff & van
    Doorslaer 1997, Journal of Econometrics 77(1), doi:10.1016/S0304-4076(96)01807-6). Above 0 the ones with a high
    `rank_by` have more, below 0 less, from -1 to 1; with `rank_by` = `values` it is the Gini coefficient.

    Parameters
    ----------
    values, people
        As in `lorenz`.
    rank_by
        What people are ordered by, float (n,); a cell without a value (NaN) is left out.
    """
    order_by = np.asarray(rank_by, dtype=np.float64)
    known = ~np.isnan(order_by)
    x, w = _checked(np.asarray(values)[known], np.asarray(people)[known], drop_empty=False)
    order_by = order_by[known]
    if not (w.sum() > 0 and (x * w).sum() > 0):
        return float("nan")
    _, level = np.unique(order_by, return_inverse=True)
    heads = np.bincount(level, weights=w)
    middle = (np.cumsum(heads) - heads / 2) / heads.sum()
    mean = np.average(x, weights=w)
    return float(2 * np.average((x - mean) * (middle[level] - 0.5), weights=w) / mean)


def equity(
    values: npt.ArrayLike,
    people: npt.ArrayLike,
    unit: npt.ArrayLike,
    n_units: int,
    rank_by: npt.ArrayLike | None = None,
) -> Equity:
    """Give every measure by unit and for the district.

    Parameters
    ----------
    values
        Access of each cell, float (n_cells,), e.g. supply units per person.
    people
        Persons in each cell, float (n_cells,); 0 where what they have is not known, as of those off the network.
    unit
        Unit code of each cell, int (n_cells,), 0 to ``n_units - 1``.
    n_units
        Number of units.
    rank_by
        What the concentration index orders people by, float (n_cells,), e.g. the share of those over sixty.

    Returns
    -------
    Equity
    """
    x, w = np.asarray(values, dtype=np.float64), np.asarray(people, dtype=np.float64)
    codes = np.asarray(unit, dtype=np.int64)
    rank = None if rank_by is None else np.asarray(rank_by, dtype=np.float64)
    parts = [codes == u for u in range(n_units)] + [np.ones(len(x), dtype=np.bool_)]
    split = theil(x, w, codes, n_units)
    return Equity(
        mean=np.array([np.average(x[p], weights=w[p]) if w[p].sum() > 0 else np.nan for p in parts]),
        gini=np.array([gini(x[p], w[p]) for p in parts]),
        palma=np.array([palma(x[p], w[p]) for p in parts]),
        palma_state=tuple(palma_state(x[p], w[p]) for p in parts),
        theil=np.array([theil(x[p], w[p]).total for p in parts]),
        theil_between=split.between,
        theil_within=split.within,
        concentration=np.array([np.nan if rank is None else concentration(x[p], w[p], rank[p]) for p in parts]),
    )


def _checked(values: npt.ArrayLike, people: npt.ArrayLike, *, drop_empty: bool = True) -> tuple[FloatArray, FloatArray]:
    x, w = np.asarray(values, dtype=np.float64), np.asarray(people, dtype=np.float64)
    if x.shape != w.shape:
        raise ValueError(f"values {x.shape} and people {w.shape} differ in length")
    for name, array in (("values", x), ("people", w)):
        bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
        if bad.size:
            raise ValueError(f"{name}[{bad[0]}] = {array[bad[0]]}: {name} are finite and not negative")
    return (x[w > 0], w[w > 0]) if drop_empty else (x, w)
