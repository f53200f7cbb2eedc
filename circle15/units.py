"""The only place that converts minutes, metres, seconds and milliseconds.

Walking times are whole milliseconds inside (uint32), seconds as float64 outside. Rounding is half up, once, where
metres become milliseconds; sums are exact from there on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UNREACHED = np.uint32(0xFFFF_FFFF)
"""Sentinel of a time that does not exist; leaves the package as NaN only."""

MAX_MS = 0x7FFF_FFFF
"""Longest cutoff or edge in milliseconds (24.8 days): sums of two stay below the sentinel."""

MS_PER_SECOND = 1000
SECONDS_PER_MINUTE = 60
EARTH_RADIUS_M = 6_371_009.0
"""Sphere radius in metres that OSMnx uses, so that lengths agree."""


def minutes_to_seconds(minutes: float) -> float:
    """Convert minutes to seconds."""
    return minutes * SECONDS_PER_MINUTE


def seconds_to_minutes(seconds: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Convert seconds to minutes, NaN staying NaN."""
    return np.asarray(seconds, dtype=np.float64) / SECONDS_PER_MINUTE


def metres_to_seconds(metres: float, speed_m_s: float) -> float:
    """Convert a walking distance in metres to seconds at ``speed_m_s`` metres per second."""
    return metres / speed_m_s


def metres_to_ms(metres: npt.ArrayLike, speed_m_s: float, *, name: str = "length_m") -> npt.NDArray[np.uint32]:
    """Convert metres to whole milliseconds of walking, rounding half up; errors call the argument by its ``name``.

    Raises
    ------
    ValueError
        If a length is negative, not finite, or longer than ``MAX_MS`` milliseconds of walking.
    """
    exact = np.asarray(metres, dtype=np.float64) * (MS_PER_SECOND / speed_m_s)
    bad = ~((exact >= 0) & (exact <= MAX_MS))
    if bad.any():
        index = int(np.flatnonzero(np.atleast_1d(bad))[0])
        value = float(np.atleast_1d(np.asarray(metres, dtype=np.float64))[index])
        raise ValueError(f"{name}[{index}] = {value} m: lengths are 0 to {MAX_MS * speed_m_s / MS_PER_SECOND:.0f} m")
    return np.floor(exact + 0.5).astype(np.uint32)


def seconds_to_ms(seconds: float) -> int:
    """Convert a cutoff in seconds to whole milliseconds, rounding down so that no time above it gets in.

    Raises
    ------
    ValueError
        If ``seconds`` is negative, not finite, or above ``MAX_MS`` milliseconds.
    """
    # The tiny term undoes binary representation (0.3 s is 299.99... ms), far below half a millisecond.
    exact = seconds * MS_PER_SECOND + 1e-6
    if not 0 <= exact < MAX_MS + 1:
        raise ValueError(f"cutoff_s = {seconds}: a cutoff is 0 to {MAX_MS // MS_PER_SECOND} seconds")
    return int(exact)


def whole_ms(seconds: float) -> float:
    """Give a cutoff in seconds as the search keeps it, in whole milliseconds.

    Examples
    --------
    >>> minutes_to_seconds(4.1), whole_ms(minutes_to_seconds(4.1))
    (245.99999999999997, 246.0)
    """
    return seconds_to_ms(seconds) / MS_PER_SECOND


def minutes_to_ms(minutes: float, *, name: str) -> int:
    """Convert a cutoff in minutes to whole milliseconds, as `seconds_to_ms`; errors call the argument by its ``name``.

    Raises
    ------
    ValueError
        If ``minutes`` is negative, not finite, or above ``MAX_MS`` milliseconds.
    """
    try:
        return seconds_to_ms(minutes_to_seconds(minutes))
    except ValueError:
        longest = MAX_MS // (SECONDS_PER_MINUTE * MS_PER_SECOND)
        raise ValueError(f"{name} has {minutes:g}: a cutoff is 0 to {longest} minutes") from None


def ms_to_seconds(ms: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """Convert milliseconds to seconds, the sentinel ``UNREACHED`` becoming NaN."""
    seconds: npt.NDArray[np.float64] = ms / float(MS_PER_SECOND)
    seconds[ms == UNREACHED] = np.nan
    return seconds
