"""How attraction fades with walking time: the distance-decay weights W(t) of the floating catchment family.

The contract of a decay is: it takes walking times in seconds, float64 (n,), none above the threshold, and gives as many
weights, finite and not negative. A weight has no unit; only ratios of weights matter to a catchment that conserves
supply. Pairs beyond the threshold weigh nothing whatever the decay says of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from circle15.reach.times import FloatArray

DecayName = Literal["binary", "stepped", "gaussian", "kernel"]
Decay = Callable[[FloatArray], FloatArray]

DECAY_NAMES: tuple[DecayName, ...] = ("binary", "stepped", "gaussian", "kernel")
STEP_WEIGHTS = (1.0, 0.68, 0.22)
"""Weights of the first, second and third third of the threshold: the slow decay of Luo & Qi 2009."""


def decay_weights(seconds: FloatArray, threshold_s: float, decay: DecayName | Decay) -> FloatArray:
    """Give the weight of each walking time; 0 beyond the threshold, which is inclusive.

    Parameters
    ----------
    seconds
        Walking times in seconds, float64 (n,).
    threshold_s
        Threshold T in seconds.
    decay
        "binary", W = 1 (2SFCA: Luo & Wang 2003, Environment and Planning B 30(6), doi:10.1068/b29120);
        "stepped", thirds of T (bounds inclusive) weigh 1, 0.68, 0.22 (E2SFCA: Luo & Qi 2009, Health & Place 15(4),
        doi:10.1016/j.healthplace.2009.06.002);
        "gaussian", W = (exp(-0.5 (t/T)^2) - exp(-0.5)) / (1 - exp(-0.5)), 1 at the door and 0 at T (Dai 2010, Health &
        Place 16(5), doi:10.1016/j.healthplace.2010.06.012);
        "kernel", W = 1 - (t/T)^2, Epanechnikov (KD2SFCA: Dai & Wang 2011, Environment and Planning B 38(4),
        doi:10.1068/b36149), without the constant 0.75 of the density, so that it is 1 at the door as the others are:
        where supply is shared out the constant cancels, and in `catchment.modified_two_step_fca` it would waste a
        quarter of the places at the door;
        or a callable of seconds that keeps this module's contract.

    Returns
    -------
    numpy.ndarray
        Weights, float64 (n,), no unit.

    Raises
    ------
    ValueError
        If the name is unknown, or a callable breaks the contract.
    """
    inside = seconds <= threshold_s
    if callable(decay):
        weights = _called(decay, seconds[inside])
    elif decay == "binary":
        weights = np.ones(int(inside.sum()))
    elif decay == "stepped":
        # The tiny term keeps a time of exactly one third inside its third although T / 3 is not a binary fraction.
        thirds = 3 * seconds[inside] / threshold_s - 1e-12
        weights = np.select([thirds <= 1, thirds <= 2], STEP_WEIGHTS[:2], STEP_WEIGHTS[2])  # noqa: PLR2004 (thirds)
    elif decay == "gaussian":
        at_rim = np.exp(-0.5)
        weights = np.maximum((np.exp(-0.5 * (seconds[inside] / threshold_s) ** 2) - at_rim) / (1 - at_rim), 0)
    elif decay == "kernel":
        weights = 1 - (seconds[inside] / threshold_s) ** 2
    else:
        raise ValueError(f"unknown decay {decay!r}; give one of {', '.join(DECAY_NAMES)}, or a callable of seconds")
    spread = np.zeros(len(seconds))
    spread[inside] = weights
    return spread


def _called(decay: Decay, seconds: FloatArray) -> FloatArray:
    weights = np.asarray(decay(seconds), dtype=np.float64)
    if weights.shape != seconds.shape:
        raise ValueError(
            f"the decay gave shape {weights.shape} for {seconds.shape} times; it gives one weight per time"
        )
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if bad.size:
        raise ValueError(
            f"the decay gave {weights[bad[0]]} at {seconds[bad[0]]} seconds; a weight is finite and not negative"
        )
    return weights


def exponential(rate_per_s: float) -> Decay:
    """Make the decay W = exp(-b t) with `rate_per_s` b in 1/s (Hansen 1959; Handy & Niemeier 1997)."""
    return lambda seconds: np.exp(-rate_per_s * seconds)


def power(exponent: float, *, at_least_s: float = 60.0) -> Decay:
    """Make the decay W = max(t, t0)^-b with `exponent` b, and `at_least_s` t0 in seconds (Hansen 1959).

    The floor t0 keeps a facility at the door from weighing infinitely much.
    """
    return lambda seconds: np.maximum(seconds, at_least_s) ** -exponent
