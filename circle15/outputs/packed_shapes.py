"""Geometry for pages: whole micro-degrees, each vertex as the step from the one before it.

A page's script adds the steps up again; a hexagon of some 25 m takes about 40 characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.files.kept_results import arrays_to_shapes, kept_arrays, shapes_to_arrays

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.files.kept_results import Arrays

STEPS_PER_DEGREE = 1_000_000
"""0.1 m: finer than any drawing."""
STREET_STEPS_PER_DEGREE = 100_000
"""1.1 m, for the light base of streets."""
STREET_TOLERANCE_DEG = 2e-5

IntArray = npt.NDArray[np.int64]
Encoded = dict[str, Any]


def encode_polygons(geometry: npt.NDArray[np.object_]) -> Encoded:
    """Encode (multi-)polygons as steps.

    Parameters
    ----------
    geometry
        Polygons and MultiPolygons in degrees, (n,); none of them missing.

    Returns
    -------
    dict
        ``scale``: steps per degree; ``parts``: polygons of each shape (n,); ``rings``: rings of each polygon;
        ``points``: vertices of each ring, the closing one left out; ``xy``: x and y steps in turn, the first vertex of
        all from 0, 0 and every other one from the vertex before it.
    """
    if len(geometry) == 0:
        return {"scale": STEPS_PER_DEGREE, "parts": [], "rings": [], "points": [], "xy": []}
    parts, shape = shapely.get_parts(geometry, return_index=True)
    _, xy, offsets = shapely.to_ragged_array(shapely.multipolygons(parts, indices=shape))
    ring_offsets, part_offsets, shape_offsets = (np.asarray(o, dtype=np.int64) for o in offsets)
    is_closing = np.zeros(len(xy), dtype=np.bool_)
    is_closing[ring_offsets[1:] - 1] = True
    return {
        "scale": STEPS_PER_DEGREE,
        "parts": np.diff(shape_offsets).tolist(),
        "rings": np.diff(part_offsets).tolist(),
        "points": (np.diff(ring_offsets) - 1).tolist(),
        "xy": _steps(xy[~is_closing, :2], STEPS_PER_DEGREE),
    }


def encode_lines(lines: npt.NDArray[np.object_]) -> Encoded:
    """Encode lines in degrees as steps.

    Returns
    -------
    dict
        ``scale``; ``points``: vertices of each line; ``xy`` as in `encode_polygons`.
    """
    places, line = shapely.get_coordinates(lines, return_index=True)
    return {
        "scale": STREET_STEPS_PER_DEGREE,
        "points": np.bincount(line, minlength=len(lines)).tolist(),
        "xy": _steps(places, STREET_STEPS_PER_DEGREE),
    }


def joined_lines(lines: gpd.GeoSeries, tolerance_deg: float) -> npt.NDArray[np.object_]:
    """Join lines where only two meet and leave out vertices within ``tolerance_deg`` of the rest."""
    plain = _plain_lines(lines)

    def join() -> Arrays:
        joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(plain)))
        return shapes_to_arrays(shapely.simplify(joined, tolerance_deg, preserve_topology=False))

    places, of_line = shapely.get_coordinates(plain, return_index=True)
    return arrays_to_shapes(kept_arrays("lines", [places, of_line, tolerance_deg], join))


def _plain_lines(lines: gpd.GeoSeries) -> npt.NDArray[np.object_]:
    parts: npt.NDArray[np.object_] = lines.to_numpy()
    if (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING).all():
        return parts
    parts = shapely.get_parts(parts)
    return np.asarray(parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING], dtype=object)


def _steps(xy: npt.NDArray[np.float64], per_degree: int) -> list[int]:
    whole: IntArray = np.rint(xy * per_degree).astype(np.int64)
    steps: list[int] = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()
    return steps
