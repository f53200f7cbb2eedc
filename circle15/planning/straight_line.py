"""Distances as the crow flies, to tell a long way round from a place that has nothing near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from circle15.units import EARTH_RADIUS_M

FloatArray = npt.NDArray[np.float64]

FEW_PAIRS = 200_000
"""Pairs of a point and a place whose distances take less time than a tree takes to load."""


def unit_vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Give points on the unit sphere, float64 (n, 3), for trees of straight-line distances."""
    x, y = np.radians(np.asarray(lon, dtype=np.float64)), np.radians(np.asarray(lat, dtype=np.float64))
    return np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def chord_to_metres(chord: npt.ArrayLike) -> FloatArray:
    """Convert a chord of the unit sphere to metres along its surface (R = 6,371,009 m); infinite stays so."""
    half = np.asarray(chord, dtype=np.float64) / 2
    return np.where(np.isinf(half), np.inf, 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(half, 1.0)))


def metres_to_chord(metres: float) -> float:
    """Convert metres along the surface to a chord of the unit sphere."""
    return float(2 * np.sin(metres / (2 * EARTH_RADIUS_M)))


def straight_to_kth(
    lon: FloatArray,
    lat: FloatArray,
    place_lon: FloatArray,
    place_lat: FloatArray,
    *,
    facility: npt.NDArray[np.int64],
    k: int = 1,
) -> FloatArray:
    """Give each point's straight-line metres to its k-th nearest facility, over the facilities' entrances.

    Parameters
    ----------
    lon, lat
        (n,) points, degrees WGS-84.
    place_lon, place_lat
        (n_places,) entrances.
    facility
        (n_places,) the facility of each entrance.
    k
        1 for the nearest.

    Returns
    -------
    ndarray of float64, shape (n,)
        Infinite where there are fewer than ``k`` facilities.
    """
    found = np.full(len(lon), np.inf)
    if len(np.unique(facility)) < k or not len(lon):
        return found
    points, places = unit_vectors(lon, lat), unit_vectors(place_lon, place_lat)
    if len(points) * len(places) <= FEW_PAIRS:
        return _kth_of_all(points, places, facility, k)
    from scipy.spatial import cKDTree  # noqa: PLC0415 (loads longer than few pairs take)

    tree = cKDTree(places)
    wanted = np.arange(len(points))
    n_asked = k
    while len(wanted):
        n_asked = min(n_asked, len(facility))
        chord, place = tree.query(points[wanted], k=np.arange(1, n_asked + 1))
        owner = facility[place]
        is_first = np.ones(owner.shape, dtype=np.bool_)
        for column in range(1, n_asked):
            is_first[:, column] = (owner[:, :column] != owner[:, [column]]).all(axis=1)
        n_different = np.cumsum(is_first, axis=1)
        has_k = n_different[:, -1] >= k
        at = np.argmax(n_different >= k, axis=1)
        found[wanted[has_k]] = chord_to_metres(chord[np.arange(len(wanted)), at])[has_k]
        wanted, n_asked = wanted[~has_k], 2 * n_asked
    return found


def _kth_of_all(points: FloatArray, places: FloatArray, facility: npt.NDArray[np.int64], k: int) -> FloatArray:
    """Give each point's metres to its k-th nearest facility from the distances to all places."""
    chord = np.sqrt(sum((points[:, [axis]] - places[:, axis]) ** 2 for axis in range(3)))
    order = np.argsort(facility, kind="stable")
    first = np.flatnonzero(np.diff(facility[order], prepend=-1))
    of_facility = np.minimum.reduceat(chord[:, order], first, axis=1)
    return chord_to_metres(np.partition(of_facility, k - 1, axis=1)[:, k - 1])
