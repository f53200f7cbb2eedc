"""Maps as SVG for print: cells merged by class, in whole steps of one local drawing plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from circle15.inputs.osm.shapes import merged
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.view import View

STEPS_ACROSS = 8000
"""Steps along the longer side of the district: a tenth of a millimetre on an A0 sheet."""
CORNER_DECIMALS = 7
"""Corners are rounded to 1 cm before cells are merged, so that those of neighbours are the same to the last bit."""
ROUND_LENGTHS_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


@dataclass(frozen=True, slots=True)
class Plane:
    """An equirectangular drawing plane: x to the east, y to the south, one step the same length both ways."""

    west: float
    north: float
    x_per_degree: float
    y_per_degree: float
    metres_per_step: float

    def steps(self, lon_lat: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Give the whole steps of places in degrees, (n, 2) to (n, 2)."""
        xy = (lon_lat - (self.west, self.north)) * (self.x_per_degree, -self.y_per_degree)
        return np.rint(xy).astype(np.int64)

    def box(
        self, bounds: npt.NDArray[np.float64], margin: float, width_to_height: float | None = None
    ) -> tuple[int, int, int, int]:
        """Give the view box (x, y, width, height) of bounds in degrees, widened by ``margin`` of the longer side.

        With ``width_to_height`` the box grows about its middle to that proportion.
        """
        west, south, east, north = (float(v) for v in bounds)
        (x0, y0), (x1, y1) = self.steps(np.array([[west, north], [east, south]])).tolist()
        pad = round(max(x1 - x0, y1 - y0) * margin)
        width, height = x1 - x0 + 2 * pad, y1 - y0 + 2 * pad
        if width_to_height is not None:
            wide, high = max(width, round(height * width_to_height)), max(height, round(width / width_to_height))
            return x0 - pad - (wide - width) // 2, y0 - pad - (high - height) // 2, wide, high
        return x0 - pad, y0 - pad, width, height


def plane_of(boundary: gpd.GeoDataFrame) -> Plane:
    """Lay the plane over a district so that its longer side takes ``STEPS_ACROSS`` steps."""
    west, south, east, north = (float(v) for v in boundary.total_bounds)
    per_metre = math.radians(1) * EARTH_RADIUS_M
    shrink = max(math.cos(math.radians((south + north) / 2)), 0.01)
    longer_m = max((east - west) * per_metre * shrink, (north - south) * per_metre, 1.0)
    metres = longer_m / STEPS_ACROSS
    return Plane(west, north, per_metre * shrink / metres, per_metre / metres, metres)


def scale_bar_m(width_steps: int, plane: Plane, share: float = 0.3) -> int:
    """Give the longest round length in metres that takes at most ``share`` of a picture's width."""
    widest = width_steps * plane.metres_per_step * share
    return max((m for m in ROUND_LENGTHS_M if m <= widest), default=ROUND_LENGTHS_M[0])


def class_paths(cells: gpd.GeoDataFrame, place: npt.NDArray[np.int64], n_classes: int, plane: Plane) -> list[str]:
    """Merge the cells of each class and give one SVG path per class, empty where a class has no cell.

    Parameters
    ----------
    cells
        Pieces of cells with their polygons, (n,).
    place
        Class of each, 0 to ``n_classes`` - 1, (n,).
    n_classes
        Number of classes.
    plane
        The drawing plane.
    """
    shapes = shapely.transform(cells.geometry.to_numpy(), lambda xy: np.round(xy, CORNER_DECIMALS))
    united = [merged(shapes[place == c], 10.0**-CORNER_DECIMALS) for c in range(n_classes)]
    return [path_of(np.array([shape], dtype=object), plane) for shape in united]


def path_of(shapes: npt.NDArray[np.object_], plane: Plane) -> str:
    """Give polygons and lines as the ``d`` of one SVG path, in whole relative steps."""
    parts = shapely.get_parts(shapes)
    kind = shapely.get_type_id(parts)
    rings = shapely.get_rings(parts[kind == shapely.GeometryType.POLYGON])
    lines = parts[kind == shapely.GeometryType.LINESTRING]
    return _strokes(rings, plane, "z") + _strokes(lines, plane, "")


def street_path(view: View, plane: Plane) -> str:
    """Give the streets as one SVG path, simplified to a step or about 2 m, whichever is more."""
    tolerance = plane.metres_per_step / (math.radians(1) * EARTH_RADIUS_M)
    return path_of(shapely.simplify(view.streets(), tolerance, preserve_topology=False), plane)


def _strokes(lines: npt.NDArray[np.object_], plane: Plane, end: str) -> str:
    """Write lines as strokes; those that shrink to a point are left out."""
    places, line = shapely.get_coordinates(lines, return_index=True)
    steps = plane.steps(places)
    moves = np.diff(steps, axis=0, prepend=0)
    is_first = np.diff(line, prepend=-1) != 0
    keep = is_first | (moves != 0).any(axis=1)
    if end:
        # "z" draws the last side: rings come closed, so their last vertex is the first again.
        keep &= is_first | (np.diff(line, append=-1) == 0)
    steps, moves, is_first = steps[keep], moves[keep], is_first[keep]
    starts = np.append(np.flatnonzero(is_first), len(steps))
    is_long = np.diff(starts) > 1
    strokes = pc.binary_join_element_wise(
        pc.binary_join_element_wise("M", _pairs(steps[starts[:-1]]), "l", ""),
        _joined_strokes(_pairs(moves[~is_first]), starts - np.arange(len(starts))),
        "",
        "",
    )
    text = "".join([f"{stroke}{end}" for stroke in strokes.filter(pa.array(is_long)).to_pylist()])
    return text.replace(" -", "-")


def _pairs(places: npt.NDArray[np.int64]) -> pa.Array:
    """Write places as texts, "x y"."""
    x, y = (pc.cast(pa.array(np.ascontiguousarray(places[:, i])), pa.string()) for i in (0, 1))
    return pc.binary_join_element_wise(x, y, " ")


def _joined_strokes(pairs: pa.Array, starts: npt.NDArray[np.int64]) -> pa.Array:
    """Join the moves of each stroke with blanks."""
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), pairs), " ")
