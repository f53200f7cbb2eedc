"""Polygons from rings and from whatever repairing them leaves; unions of shapes that do not fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.geofiles.tangles import is_tangled

if TYPE_CHECKING:
    from circle15.inputs.osm.columns import OsmColumns

MIN_RING = 4
"""Points of the smallest ring: three corners and the first again."""

ALMOST_NOTHING = 1e-6
"""Share of the area after a repair below which the area before tells nothing to compare with."""


def areal(geometry: Any) -> Any:
    """Give the polygons of a geometry alone: a Polygon, a MultiPolygon, or an empty polygon."""
    parts = shapely.get_parts(geometry)
    while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
        parts = shapely.get_parts(parts)
    parts = parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)]
    if len(parts) == 0:
        return shapely.Polygon()
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))


def sound(geometry: Any) -> Any:
    """Give the ground that an outline encloses as a valid, flat Polygon or MultiPolygon; empty where it encloses none.

    Each part is its shell without its holes, and the parts together are the outline: a hole that sticks out of its
    shell takes nothing elsewhere, and parts that overlap count once (the even-odd rule of `make_valid`'s default would
    make the one ground of the other and holes of the overlaps). Both lobes of a figure of eight are kept.
    """
    flat = areal(shapely.force_2d(geometry))
    if flat.is_valid:
        return flat
    return areal(shapely.make_valid(flat, method="structure", keep_collapsed=False))


def merged(shapes: npt.NDArray[np.object_], step: float) -> Any:
    """Unite polygons for drawing, however badly they fit: borders of other rounding, overlaps, gaps, slivers.

    Neighbours whose corners are the same to the last bit are joined by leaving out the sides that they share, which is
    fast. Others are laid on a grid of ``step``, in the shapes' own unit, where GEOS's overlay does not fail on
    rounding; where it fails all the same they stay apart, which shows hairlines between them and nothing else.

    Source: Hobby, "Practical segment intersection with finite precision output" (1999), as in JTS OverlayNG.
    """
    if len(shapes) == 0:
        return shapely.GeometryCollection()
    try:
        return shapely.coverage_union_all(shapes)
    except shapely.errors.ShapelyError:
        whole = np.array([*(sound(shape) for shape in shapes), None], dtype=object)[:-1]
    try:
        return shapely.union_all(whole, grid_size=step)
    except shapely.errors.ShapelyError:
        return shapely.geometrycollections(shapely.get_parts(whole))


def ways_near(ways: OsmColumns, area: Any) -> npt.NDArray[np.int64]:
    """Give the ways whose bounds meet the bounds of ``area``, and those without a node in the file."""
    if area is None or len(ways.ref) == 0:
        return np.arange(len(ways.way_id))
    west, south, east, north = area.bounds
    filled = np.flatnonzero(np.diff(ways.indptr) > 0)
    first = ways.indptr[filled]
    apart = np.zeros(len(ways.way_id), dtype=bool)
    apart[filled] = (
        (np.fmax.reduceat(ways.lon, first) < west)
        | (np.fmin.reduceat(ways.lon, first) > east)
        | (np.fmax.reduceat(ways.lat, first) < south)
        | (np.fmin.reduceat(ways.lat, first) > north)
    )
    return np.flatnonzero(~apart)


def closed_way_polygons(ways: OsmColumns, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Make a valid polygon of each chosen way that is closed, None of the others and of those that enclose nothing.

    Returns
    -------
    object (n_chosen,)
    """
    count = np.diff(ways.indptr)
    n_lost = np.diff(np.concatenate([[0], np.cumsum(np.isnan(ways.lon))])[ways.indptr])
    rows = chosen[(count[chosen] >= MIN_RING) & (n_lost[chosen] == 0)]
    rows = rows[ways.ref[ways.indptr[rows]] == ways.ref[ways.indptr[rows + 1] - 1]]
    ring = np.repeat(np.arange(len(rows)), count[rows])
    first = np.concatenate([[0], np.cumsum(count[rows])])[:-1]
    at = np.arange(len(ring)) + (ways.indptr[rows] - first)[ring]
    made = shapely.polygons(shapely.linearrings(np.column_stack([ways.lon[at], ways.lat[at]]), indices=ring))
    for i in np.flatnonzero(~shapely.is_valid(made)):
        repaired = None if is_tangled(made[i]) else areal(shapely.make_valid(made[i]))
        made[i] = None if repaired is None or repaired.is_empty else repaired
    polygons = np.full(len(count), None, dtype=object)
    polygons[rows] = made
    return polygons[chosen]
