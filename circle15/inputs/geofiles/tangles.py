"""Outlines that cross themselves thousands of times: scribbles whose repair takes minutes and encloses no ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

MOST_CROSSINGS = 1000
"""Times that an outline of ground may cross itself; drawn ones do it a few times, where corners were mistyped."""
_PAIRS_AT_ONCE = 4_000_000


def is_tangled(shape: Any) -> bool:
    """Tell whether the sides of a shape cross each other more than `MOST_CROSSINGS` times.

    Sound shapes are told at once; of others sides are compared until the limit is reached, never all with all.
    """
    if shape is None or shapely.is_valid(shape):
        return False
    corners, ring = shapely.get_coordinates(_rings(shape), return_index=True)
    first = np.flatnonzero(ring[:-1] == ring[1:])
    ends = np.stack([corners[first], corners[first + 1]], axis=1)
    ends = ends[np.isfinite(ends).all(axis=(1, 2))]
    # Sides that lie on each other cross the same ones, and are all compared with each other: one stands for them.
    ends = np.unique(np.sort(ends.view("f8,f8"), axis=1).view(np.float64).reshape(-1, 2, 2), axis=0)
    sides = shapely.linestrings(ends)
    tree = shapely.STRtree(sides)
    n, step = 0, max(1, _PAIRS_AT_ONCE // max(len(sides), 1))
    for start in range(0, len(sides), step):
        n += tree.query(sides[start : start + step], predicate="crosses").shape[1]
        if n > 2 * MOST_CROSSINGS:  # each is met from both sides
            return True
    return False


def _rings(shape: Any) -> Any:
    parts = shapely.get_parts(shapely.force_2d(shape))
    areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return shapely.get_rings(areas)
