"""满意度 satisfaction: survey means per unit, shrunk to the district, with number and interval; none is no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.measures.times import FloatArray, IntArray

SHRINK_K = 30.0
"""Answers that the district mean counts for beside a unit's own."""
Z_95 = 1.959963984540054
"""Half width of a 95 % interval in standard errors (normal distribution)."""


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Scores from 0 to 100 of each unit and, in the last place, of the whole district; NaN without answers."""

    score: FloatArray  # (n_units + 1,) shrunk mean; the district's is its plain mean
    low: FloatArray  # (n_units + 1,) lower bound of the 95 % interval
    high: FloatArray  # (n_units + 1,) upper bound
    raw: FloatArray  # (n_units + 1,) mean of the unit's own answers
    n: IntArray  # (n_units + 1,) answers


def satisfaction(
    mean: npt.ArrayLike,
    n: npt.ArrayLike,
    *,
    scale: tuple[float, float],
    spread: float | None = None,
    k: float = SHRINK_K,
) -> Satisfaction:
    """Shrink each unit's mean answer to the district's: (n x + k m) / (n + k), m the mean of all answers.

    It is the posterior mean of the normal model whose prior counts for k answers (Efron & Morris 1975, Journal of the
    American Statistical Association 70(350), doi:10.1080/01621459.1975.10479864); the interval is its 95 % credible
    interval, +- 1.96 s / sqrt(n + k). A unit without answers has no score: it is never imputed.

    Parameters
    ----------
    mean
        Mean answer of each unit on the survey's scale, float (n_units,), NaN without answers.
    n
        Answers of each unit, int (n_units,), 0 without.
    scale
        Lowest and highest answer; they score 0 and 100.
    spread
        Standard deviation s of single answers; unknown where only means are given, then the largest that a mean on this
        scale allows, sqrt((x - low)(high - x)) (Bhatia & Davis 2000), which makes the interval wide rather than wrong.
    k
        Answers that the district mean counts for.

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
    total = int(answers.sum())
    district = float(np.sum(x[asked] * answers[asked]) / total) if total else np.nan
    raw = np.append(np.where(asked, x, np.nan), district)
    weight = np.append(answers, total).astype(np.float64)
    # Without answers and without k nothing is known; with k a unit's own mean is missing all the same.
    counted = np.where(weight[:-1] + k > 0, weight[:-1] + k, np.nan)
    shrunk = np.append((weight[:-1] * raw[:-1] + k * district) / counted, district)
    deviation = np.sqrt((shrunk - low) * (high - shrunk)) if spread is None else np.full(len(shrunk), spread)
    half = Z_95 * deviation / np.sqrt(np.append(counted, max(total, 1)))

    def to_score(answer: FloatArray) -> FloatArray:
        return 100.0 * (np.clip(answer, low, high) - low) / (high - low)

    return Satisfaction(
        to_score(shrunk), to_score(shrunk - half), to_score(shrunk + half), to_score(raw), weight.astype(np.int64)
    )
