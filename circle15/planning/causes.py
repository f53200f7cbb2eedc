"""Why people are not covered: one cause for each uncovered cell, and the covered who find no room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

OFF_NETWORK, CUT_OFF, NONE_NEAR, BARRIER = "off_network", "cut_off", "none_near", "barrier"
TOO_SLOW, FULL = "too_slow", "full"

UNCOVERED_CAUSES = (OFF_NETWORK, CUT_OFF, NONE_NEAR, BARRIER, TOO_SLOW)
"""The causes that partition the uncovered people; `FULL` counts covered people and stands apart."""

BARRIER_DETOUR = 1.5
"""From this ratio of walk to straight line on, the way round is to blame even where an adult would make it.

Ordinary street networks have a ratio of 1.2 to 1.4 (Boscoe, Henry & Zdeb 2012, Professional Geographer 64(2)).
"""

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def find_causes(  # noqa: PLR0913 (an array for each fact that a cause is told from)
    *,
    covered: BoolArray,
    inhabited: BoolArray,
    on_network: BoolArray,
    cut_off: BoolArray,
    straight_m: FloatArray,
    straight_linked_m: FloatArray,
    radius_m: float,
    adult_makes_it: BoolArray,
    detour: FloatArray,
    short_of_supply: BoolArray,
) -> npt.NDArray[np.object_]:
    """Give each cell its cause.

    In this order, so that every uncovered inhabited cell has exactly one:

    - ``off_network``: the cell is on no walkable street, or only because a facility is on none is none in reach;
    - ``cut_off``: straight ahead a facility is within the circle, but no street leads from the cell's to it, however
      far: the streets are parted by a shut gate, or the map does not join them;
    - ``barrier``: straight ahead a facility is within the circle, on foot it is not: neither for the layer's own
      walkers nor for an adult, or the walk is at least `BARRIER_DETOUR` times the straight line;
    - ``too_slow``: an adult would make it in the same time, the layer's own walkers do not;
    - ``none_near``: not even straight ahead is a facility within the circle.

    ``full`` is given to covered cells whose reachable supply is under the norm. They are covered, so they are no part
    of the uncovered people.

    Parameters
    ----------
    covered, inhabited
        bool (n,); a cell without people has no cause.
    on_network
        bool (n,): the cell is linked.
    cut_off
        bool (n,): too few facilities stand on the streets that the cell's street hangs together with.
    straight_m, straight_linked_m
        float64 (n,): metres to the min_count-th nearest facility as the crow flies, and to the nearest among those on
        the network; infinite where there are too few.
    radius_m
        The circle's radius, threshold times the layer's own speed.
    adult_makes_it
        bool (n,); all False where the layer's own walkers are adults.
    detour
        float64 (n,): walk divided by straight line, see `detour_ratio`; NaN where there is no way.
    short_of_supply
        bool (n,): the cell's reachable supply is under its need.

    Returns
    -------
    ndarray of str objects, shape (n,)
        "" where nothing is wrong.
    """
    cause = np.full(len(covered), "", dtype=object)
    cause[covered & inhabited & short_of_supply] = FULL
    lacks = ~covered & inhabited
    within = straight_linked_m <= radius_m
    cause[lacks] = NONE_NEAR
    cause[lacks & adult_makes_it] = TOO_SLOW
    cause[lacks & within & (~adult_makes_it | (detour >= BARRIER_DETOUR))] = BARRIER
    cause[lacks & within & cut_off] = CUT_OFF
    cause[lacks & (~on_network | ((straight_m <= radius_m) & ~within))] = OFF_NETWORK
    return cause


def detour_ratio(walk_m: FloatArray, straight_m: FloatArray) -> FloatArray:
    """Divide the walk to the nearest facility by the straight line to the nearest, (n,).

    NaN where there is no way or no facility, or the cell stands on one.
    """
    is_known = np.isfinite(walk_m) & np.isfinite(straight_m) & (straight_m > 0)
    ratio: FloatArray = np.divide(walk_m, straight_m, out=np.full(len(walk_m), np.nan), where=is_known)
    return ratio
