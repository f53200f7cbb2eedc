"""Where an extract's streets end, and on which sides a district therefore lacks its buffer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.units import EARTH_RADIUS_M

GAP_M = 400.0
"""Streets up to twice this far apart count as covering the ground between them: parks, rivers, large blocks."""

MIN_COVERED_SHARE = 0.75
"""A side with less of its buffer covered than this is unbuffered; the rest is ends of lanes and open ground."""

_GRID_M = 100.0
_GRID_CELLS = 1000  # along the longer side at most: larger extracts are looked at more coarsely
_SAMPLES = 60  # along the longer side of the buffered district: about 2,000 places in the buffer
_SIDES = ("north", "east", "south", "west")
_STATED_SHARE = 0.98  # of the streets inside the box that a header states, for the box to be believed
_STATED_SPAN = 0.5  # of the box's width and height that the streets span
_M_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180

Float64 = npt.NDArray[np.float64]


def covered_ground(lon: Float64, lat: Float64, stated_box: Any = None) -> Any:
    """Give the ground that the data covers.

    Where the file states its box, and its streets fill it, that is the box: no streets there means that there are
    none (sea, forest). Otherwise it is where the streets are, gaps up to 800 m filled.

    Parameters
    ----------
    lon, lat
        float64 (n_nodes,), nodes of the streets, degrees WGS-84.
    stated_box
        What the file's header says it covers (`StatedBox`), or None.

    Returns
    -------
    shapely geometry, degrees WGS-84.
    """
    if len(lon) == 0:
        return shapely.Polygon()
    if stated_box is not None:
        return stated_box
    scale = _scale((lat.min() + lat.max()) / 2)
    west, south = lon.min(), lat.min()
    cell_m = max(_GRID_M, np.ptp(lon) * scale[0] / _GRID_CELLS, np.ptp(lat) * scale[1] / _GRID_CELLS)
    reach = max(round(GAP_M / cell_m), 1)
    column = ((lon - west) * (scale[0] / cell_m)).astype(np.int32) + reach
    row = ((lat - south) * (scale[1] / cell_m)).astype(np.int32) + reach
    grid = np.zeros((row.max() + reach + 1, column.max() + reach + 1), dtype=bool)
    grid[row, column] = True
    return shapely.transform(_outline(closed(grid, reach)), lambda p: (p - reach) * cell_m / scale + (west, south))


def closed(grid: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Fill what a disk of ``reach`` cells does not fit into: `scipy.ndimage.binary_closing`, which loads for long."""
    outside = np.pad(~_within(grid, reach), reach, constant_values=True)
    return ~_within(outside, reach)[reach:-reach, reach:-reach]


def _within(grid: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Tell which cells have a filled one within ``reach`` cells, by the rows of the disk."""
    n_rows, n_columns = grid.shape
    filled = np.pad(np.cumsum(np.pad(grid, ((reach, reach), (reach, reach))), axis=1, dtype=np.int32), ((0, 0), (1, 0)))
    found = np.zeros(grid.shape, dtype=np.bool_)
    for away in range(-reach, reach + 1):
        half = math.isqrt(reach**2 - away**2)
        rows = filled[reach + away : reach + away + n_rows]
        found |= rows[:, reach + half + 1 :][:, :n_columns] > rows[:, reach - half :][:, :n_columns]
    return found


def _outline(grid: npt.NDArray[np.bool_]) -> Any:
    """Give the filled cells of a grid as one geometry in cell units."""
    edge = np.diff(np.pad(grid, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edge == 1)
    stop = np.nonzero(edge == -1)[1]
    return shapely.union_all(shapely.box(start, row, stop, row + 1))


def missing_buffer_sides(extent: Any, district: Any, buffer_m: float) -> tuple[str, ...]:
    """Tell on which sides of a district the data ends inside the buffer.

    Each place of the buffer belongs to the side that it faces, seen from the nearest place of the district; a side
    is missing where less than 75 % of its places lie on covered ground. In a file that does not state its box, open sea
    or wilderness cannot be told from the end of the data.

    Parameters
    ----------
    extent
        Ground that the data covers, degrees WGS-84 (`covered_ground`).
    district
        The district, degrees WGS-84.
    buffer_m
        Width of the buffer in metres.

    Returns
    -------
    tuple of str
        Of "north", "east", "south", "west", in this order.
    """
    if buffer_m <= 0:
        return ()
    scale = _scale(district.centroid.y)
    inner = shapely.transform(district, lambda xy: xy * scale)
    covered = shapely.transform(extent, lambda xy: xy * scale)
    west, south, east, north = inner.bounds
    step = (max(east - west, north - south) + 2 * buffer_m) / _SAMPLES
    x, y = np.meshgrid(
        np.arange(west - buffer_m, east + buffer_m, step) + step / 2,
        np.arange(south - buffer_m, north + buffer_m, step) + step / 2,
    )
    places = shapely.points(x.ravel(), y.ravel())
    shapely.prepare(inner)
    away = shapely.distance(inner, places)
    places = places[(away > 0) & (away <= buffer_m)]
    legs = shapely.get_coordinates(shapely.shortest_line(inner, places)).reshape(-1, 2, 2)
    dx, dy = (legs[:, 1] - legs[:, 0]).T
    side = np.where(np.abs(dy) >= np.abs(dx), np.where(dy > 0, 0, 2), np.where(dx > 0, 1, 3))
    shapely.prepare(covered)
    is_covered = shapely.intersects(covered, places)
    share = [is_covered[side == i].mean() if (side == i).any() else 1.0 for i in range(len(_SIDES))]
    return tuple(name for name, s in zip(_SIDES, share, strict=True) if s < MIN_COVERED_SHARE)


class StatedBox:
    """The box that a file's header states, and how far the file's streets bear it out."""

    def __init__(self, box: Any) -> None:
        self.box = box  # Polygon, degrees WGS-84, or None
        self._n = self._n_inside = 0
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)

    def look(self, lon: Float64, lat: Float64) -> None:
        """See some of the streets: the places (n,) of the ends of their pieces."""
        if self.box is None or len(lon) == 0:
            return
        west, south, east, north = self.box.bounds
        self._n += len(lon)
        self._n_inside += int(((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).sum())
        self._low = np.minimum(self._low, (lon.min(), lat.min()))
        self._high = np.maximum(self._high, (lon.max(), lat.max()))

    def believed(self) -> Any:
        """Give the box if the streets seen fill it, else None: some programs write nonsense there."""
        if self.box is None or self._n == 0:
            return None
        west, south, east, north = self.box.bounds
        spans = (self._high - self._low >= _STATED_SPAN * np.array([east - west, north - south])).all()
        return self.box if spans and self._n_inside / self._n >= _STATED_SHARE else None


def _scale(lat: float) -> Float64:
    """Give metres per degree of longitude and latitude."""
    return np.array([_M_PER_DEGREE * math.cos(math.radians(lat)), _M_PER_DEGREE])
