"""满意度 satisfaction: survey means per unit, shrunk to the district, with number and interval; none is no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy  # its parts load when they are used; scipy.stats, half a second, is none of them

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.reach.times import BoolArray, FloatArray, IntArray

SHRINK_K = 30.0
"""Answers that the district mean counts for beside a unit's own, where the survey cannot tell how many."""
FEWEST_UNITS = 5
"""Units with answers from which on their differences say how much to shrink; two are used up by mean and spread."""
Z_95 = 1.959963984540054
"""Half width of a 95 % interval in standard errors (normal distribution)."""

KSource = Literal["estimated", "no_difference", "fixed"]


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Scores from 0 to 100 of each unit and, in the last place, of the whole district; NaN without answers."""

    score: FloatArray  # (n_units + 1,) shrunk mean; the district's is the mean of its people
    low: FloatArray  # (n_units + 1,) lower bound of the 95 % interval
    high: FloatArray  # (n_units + 1,) upper bound
    raw: FloatArray  # (n_units + 1,) mean of the unit's own answers
    n: IntArray  # (n_units + 1,) answers
    k: float = SHRINK_K  # answers that the district mean counted for; infinite where units do not differ
    k_source: KSource = "fixed"


@dataclass(frozen=True, slots=True)
class _Answered:
    """The units that somebody answered for."""

    x: FloatArray  # mean answers
    n: FloatArray  # answers
    weight: FloatArray  # part of the district's people, summing to 1
    variance: FloatArray  # of each mean: s^2 / n
    freedom: float  # degrees of freedom of s; infinite where it is a bound

    @property
    def district(self) -> float:
        """Mean of the district's people, each unit's taken to be as its answers are."""
        return float((self.weight * self.x).sum())


def satisfaction(
    mean: npt.ArrayLike,
    n: npt.ArrayLike,
    *,
    scale: tuple[float, float],
    spread: float | None = None,
    k: float | None = None,
    people: npt.ArrayLike | None = None,
) -> Satisfaction:
    """Shrink each unit's mean answer to the district's: (n x + k m) / (n + k), m the mean over the district's people.

    It is the posterior mean of the normal model in which units differ by a variance tau^2 and single answers by s^2,
    k = s^2 / tau^2 (Efron & Morris 1975, Journal of the American Statistical Association 70(350),
    doi:10.1080/01621459.1975.10479864). Where s is known and at least `FEWEST_UNITS` units have answers, tau^2 is taken
    from the units' own differences by the method of moments: it solves sum (x_i - mean)^2 / (s^2/n_i + tau^2) = g - 3,
    g units, which is Efron and Morris's estimator where the n are alike. Else k is fixed, and `k_source` says so.

    The 95 % interval is for the unit's own true mean. With an estimated k it holds the errors of the answers, of m and
    of k (Morris 1983, JASA 78(381), doi:10.1080/01621459.1983.10477920); with a fixed one, which need not fit, it is
    that of the unit's own answers, widened to hold the score. Where s is not known it is Wilson's for a share, the
    widest that a mean on the scale allows (Wilson 1927; Bhatia & Davis 2000): one answer never makes it narrow.

    Parameters
    ----------
    mean
        Mean answer of each unit on the survey's scale, float (n_units,), NaN without answers.
    n
        Answers of each unit, int (n_units,), 0 without. A unit without answers has no score: it is never imputed.
    scale
        Lowest and highest answer; they score 0 and 100.
    spread
        Standard deviation s of single answers within units; None where only means are given. 0 tells nothing.
    k
        Answers that the district mean counts for; None to estimate it where the survey allows, else `SHRINK_K`.
    people
        People of each unit, float (n_units,): its weight in the district's mean. By default its number of answers.

    Raises
    ------
    ValueError
        If the scale is empty, or a mean with answers is not on it.
    """
    low, high = scale
    x, answers = np.asarray(mean, dtype=np.float64), np.asarray(n, dtype=np.int64)
    if not low < high:
        raise ValueError(f"scale = {scale}: the lowest answer is below the highest")
    asked = answers > 0
    off = np.flatnonzero(asked & ~((x >= low) & (x <= high)))
    if off.size:
        raise ValueError(f"mean[{off[0]}] = {x[off[0]]}: an answer is {low} to {high}")
    counts = np.append(answers, answers.sum())
    if not asked.any():
        nothing = np.full(len(counts), np.nan)
        return Satisfaction(nothing, nothing, nothing, nothing, counts, SHRINK_K if k is None else k)
    known_spread = spread or None
    found = _answered(x[asked], answers[asked], _weights(people, answers, asked), scale, known_spread)
    used, source, tau2 = _shrinkage(found, known_spread, k)
    part = np.ones(len(found.x)) if np.isinf(used) else used / (found.n + used)  # of the district's mean
    shrunk = part * found.district + (1.0 - part) * found.x
    if source == "fixed":
        below, above = _own_interval(found, scale, known_spread)
        below, above = np.minimum(below, shrunk), np.maximum(above, shrunk)
    else:
        half = scipy.special.stdtrit(found.freedom, 0.975) * np.sqrt(_error_variance(found, part, tau2))
        below, above = shrunk - half, shrunk + half
    half_whole = Z_95 * float(np.sqrt((found.weight**2 * found.variance).sum()))

    def scored(of_asked: FloatArray, whole: float) -> FloatArray:
        values = np.full(len(counts), np.nan)
        values[:-1][asked] = of_asked
        values[-1] = whole
        scores: FloatArray = 100.0 * (np.clip(values, low, high) - low) / (high - low)
        return scores

    m = found.district
    return Satisfaction(
        scored(shrunk, m),
        scored(below, m - half_whole),
        scored(above, m + half_whole),
        scored(found.x, m),
        counts,
        used,
        source,
    )


def _weights(people: npt.ArrayLike | None, answers: IntArray, asked: BoolArray) -> FloatArray:
    heads: FloatArray = np.asarray(answers if people is None else people, dtype=np.float64)[asked]
    if not heads.sum() > 0:  # answers from where nobody is counted
        heads = answers[asked].astype(np.float64)
    weights: FloatArray = heads / heads.sum()
    return weights


def _answered(
    x: FloatArray, n: IntArray, weight: FloatArray, scale: tuple[float, float], spread: float | None
) -> _Answered:
    answers = n.astype(np.float64)
    freedom = float((n - 1).sum())
    if spread is not None:
        # A spread that comes with one answer per unit was taken from elsewhere.
        return _Answered(x, answers, weight, spread**2 / answers, freedom if freedom > 0 else np.inf)
    low, high = scale
    # The largest that a mean allows, of a mean drawn to the middle as by two answers at either end (Agresti & Coull).
    centre = (answers * x + 2 * (low + high)) / (answers + 4)
    return _Answered(x, answers, weight, (centre - low) * (high - centre) / answers, np.inf)


def _shrinkage(found: _Answered, spread: float | None, k: float | None) -> tuple[float, KSource, float]:
    """Give k, where it comes from, and the variance of units (0 where k is fixed)."""
    if k is not None:
        return k, "fixed", 0.0
    if spread is None or len(found.x) < FEWEST_UNITS:
        return SHRINK_K, "fixed", 0.0
    tau2 = _variance_of_units(found)
    return (spread**2 / tau2, "estimated", tau2) if tau2 > 0 else (np.inf, "no_difference", 0.0)


def _variance_of_units(found: _Answered) -> float:
    """Solve sum (x_i - mean)^2 / (v_i + tau^2) = g - 3, 0 where the units differ no more than their answers do."""
    wanted = len(found.x) - 3

    def excess(tau2: float) -> float:
        precision = 1.0 / (found.variance + tau2)
        centre = float((precision * found.x).sum() / precision.sum())
        return float((precision * (found.x - centre) ** 2).sum()) - wanted

    if excess(0.0) <= 0:
        return 0.0
    # Beyond this the sum is below what is wanted whatever the answers' own variance.
    most = float(((found.x - found.x.mean()) ** 2).sum()) / wanted
    return float(scipy.optimize.brentq(excess, 0.0, most, xtol=1e-12))


def _error_variance(found: _Answered, part: FloatArray, tau2: float) -> FloatArray:
    """Give the variance of the shrunk mean's error: of the own answers, the unit itself, the district's mean, and k.

    With B the part of the district's mean m = sum w x, the error of a unit is its own answers' error times 1 - B + B w,
    its distance from m less its own share in m, and the errors and distances of all other units in m, times B.
    """
    w2, v = found.weight**2, found.variance
    own = (1.0 - part + part * found.weight) ** 2 * v + part**2 * (1.0 - found.weight) ** 2 * tau2
    others = part**2 * ((w2 * v).sum() - w2 * v + tau2 * (w2.sum() - w2))
    of_k = 2.0 / (len(found.x) - 3) * part**2 * (found.x - found.district) ** 2
    return np.asarray(own + others + of_k)


def _own_interval(found: _Answered, scale: tuple[float, float], spread: float | None) -> tuple[FloatArray, FloatArray]:
    """Give the 95 % interval of each unit's own answers."""
    if spread is not None:
        half = scipy.special.stdtrit(found.freedom, 0.975) * np.sqrt(found.variance)
        return found.x - half, found.x + half
    low, high = scale
    p, n, z2 = (found.x - low) / (high - low), found.n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n**2))
    return low + (high - low) * (centre - half), low + (high - low) * (centre + half)
