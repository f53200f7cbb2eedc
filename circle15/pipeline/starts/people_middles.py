"""The middle of the people of each piece, and the home that is nearest to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15.inputs.people.spread import Homes

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

METRES_PER_DEGREE = np.radians(1) * EARTH_RADIUS_M
N_STEPS = 10
"""Steps towards the median: after ten, the nearest home is the one that it stays at on all sites of the benchmark."""
_AT_LEAST_M = 1.0
_CENTIMETRES = 2


def middles_of_people(homes: Homes, n_pieces: int) -> Float64:
    """Give the middle of each piece's people: the place from which the straight ways to all of them are shortest.

    The spatial median stays with the many where a few live apart, which the mean does not. By Weiszfeld's steps from
    the mean; a home nearer than a metre counts as a metre away.

    Source: Weiszfeld 1937, Tohoku Mathematical Journal 43, 355-386.

    Returns
    -------
    ndarray of float64, shape (n_pieces, 2)
        Degrees WGS-84, NaN where a piece has no homes.
    """
    place = np.column_stack([homes.lon, homes.lat])
    weight = homes.people
    for step in range(N_STEPS + 1):
        summed = [np.bincount(homes.piece, weights=weight * axis, minlength=n_pieces) for axis in (1.0, *place.T)]
        with np.errstate(invalid="ignore"):
            middle = np.column_stack([summed[1] / summed[0], summed[2] / summed[0]])
        if step < N_STEPS:
            weight = homes.people / np.maximum(_away_m(homes, middle), _AT_LEAST_M)
    return middle


def nearest_homes(homes: Homes, middle: Float64) -> Int64:
    """Give the row of each piece's home that is nearest to the piece's middle, -1 where it has none.

    Of homes equally near to a centimetre the one with most people is taken, then the most western, then the southern.
    """
    away = _away_m(homes, middle)
    if homes.spread_m is not None:
        away = np.maximum(away - homes.spread_m, 0.0)
    order = np.lexsort((homes.lat, homes.lon, -homes.people, away.round(_CENTIMETRES), homes.piece))
    piece, first = np.unique(homes.piece[order], return_index=True)
    found = np.full(len(middle), -1, dtype=np.int64)
    found[piece] = order[first]
    return found


def places_at_homes(homes: Homes, row: Int64, middle: Float64) -> Float64:
    """Give the place nearest to each ``middle`` (n, 2) that the people of homes ``row`` (n,) are spread over, (n, 2).

    At a home that is a place it is the home itself; where people are spread around it, the middle or the end of what
    they are spread over on the way there.
    """
    at = np.column_stack([homes.lon[row], homes.lat[row]])
    if homes.spread_m is None:
        return at
    step = middle - at
    away = METRES_PER_DEGREE * np.hypot(step[:, 0] * np.cos(np.radians(at[:, 1])), step[:, 1])
    share = np.minimum(np.divide(homes.spread_m[row], away, out=np.ones(len(row)), where=away > 0), 1.0)
    return np.asarray(at + share[:, None] * step, dtype=np.float64)


def _away_m(homes: Homes, middle: Float64) -> Float64:
    """Give the metres from each home to its piece's middle, in the plane along the home's parallel."""
    own = middle[homes.piece]
    east = (homes.lon - own[:, 0]) * np.cos(np.radians(homes.lat))
    return np.asarray(METRES_PER_DEGREE * np.hypot(east, homes.lat - own[:, 1]), dtype=np.float64)
