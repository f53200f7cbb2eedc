"""How sure shares are: their intervals over draws, and what contributes how much to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from circle15.reach.times import BoolArray, FloatArray

LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95
SURE = 0.95
"""A cell is surely covered in at least this share of the draws, surely not in at most 1 less this."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Quantiles of shares over draws, (n_units + 1,) each; NaN where nobody lives."""

    p05: FloatArray
    p50: FloatArray
    p95: FloatArray
    sd: FloatArray  # standard deviation over the draws

    @classmethod
    def of(cls, shares: FloatArray) -> Interval:
        """Summarise (draws, n_units + 1) shares, by linear interpolation between the ordered draws."""
        known = ~np.isnan(shares).any(axis=0)
        p05, p50, p95 = (np.full(shares.shape[1], np.nan) for _ in range(3))
        if len(shares):
            p05[known], p50[known], p95[known] = np.quantile(shares[:, known], (LOW, MIDDLE, HIGH), axis=0)
        return cls(p05, p50, p95, deviation(shares))


def deviation(values: FloatArray) -> FloatArray:
    """Give the standard deviation over draws of (draws, n) values, (n,); NaN where a value is, 0 for one draw."""
    if len(values) < 2:  # noqa: PLR2004 (one draw does not vary)
        return np.where(np.isnan(values).any(axis=0), np.nan, 0.0) if len(values) else np.full(values.shape[1], np.nan)
    # Rounding in the mean of equal values is no deviation.
    return np.where(values.max(axis=0) == values.min(axis=0), 0.0, values.std(axis=0, ddof=1))


def is_sure(probability: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Tell which cells are surely covered, and which surely not."""
    return probability >= SURE, probability <= 1 - SURE + 1e-12


def overlap(low: float, high: float, other_low: float, other_high: float) -> bool:
    """Tell whether two intervals overlap, so that their shares are not to be ranked; unknown ones never part."""
    parted = high < other_low or other_high < low
    return not parted
