"""Slopes along the streets, from a raster of heights, and what they do to a walker's speed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from circle15.errors import InputError, Problem
from circle15.said import Said
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15.network.streets.segments import Segments

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

_MAX_CELLS = 25_000_000
"""Finer rasters are read more coarsely, so that a district at 1 m does not take gigabytes."""

MOST_CELLS_AROUND = 1_000_000_000
"""Pixels around the streets, at most: 1,000 square kilometres at 1 m."""

_PULL = 1e-9
_LEVEL_M = 1e-6
"""Heights nearer to each other than this are equal: what interpolating a constant may lose."""


@dataclass(frozen=True, slots=True)
class Terrain:
    """Slopes along each edge, in pieces about as long as a cell of the raster."""

    edge: Int64  # (n_pieces,)
    share: Float64  # (n_pieces,) of the edge's length
    slope: Float64  # (n_pieces,) rise over run, from tail to head
    rise_m: Float64  # (n_edges,) from tail to head
    n_without: int  # nodes outside the raster or without a value: level there

    def slowness(self, n_edges: int) -> Float64:
        """Give how much longer each edge takes than on the flat, (2, n_edges): from tail to head, and back."""
        there = np.bincount(self.edge, weights=self.share / tobler_factor(self.slope), minlength=n_edges)
        back = np.bincount(self.edge, weights=self.share / tobler_factor(-self.slope), minlength=n_edges)
        # Shares of a level edge add up to 1 but for rounding.
        level = np.ones(n_edges, dtype=np.bool_)
        level[self.edge[self.slope != 0]] = False
        return np.where(level, 1.0, np.stack([there, back]))

    def steepest(self, n_edges: int) -> Float64:
        """Give the steepest slope of each edge, up or down, (n_edges,)."""
        found = np.zeros(n_edges)
        np.maximum.at(found, self.edge, np.abs(self.slope))
        return found


def tobler_factor(slope: npt.ArrayLike) -> Float64:
    """Give the share of the speed on the flat that a walker keeps on a slope, at most 1.

    W = 6 exp(-3.5 |s + 0.05|) km/h: W. Tobler, Three presentations on geographical analysis and modeling, NCGIA
    Technical Report 93-1, 1993, here over its own value on the flat, 6 exp(-0.175) = 5.04 km/h. The gain on gentle
    descents, up to 19 % at -5 %, is left out, so that a profile's speed is the fastest that it walks; up and down
    differ all the same.

    Examples
    --------
    >>> tobler_factor([0.0, 0.1, -0.1, -0.2]).round(3).tolist()
    [1.0, 0.705, 1.0, 0.705]
    """
    steeper = np.abs(np.asarray(slope, dtype=np.float64) + 0.05) - 0.05
    return np.exp(-3.5 * np.maximum(steeper, 0.0))


def read_terrain(path: str | Path, s: Segments, on_ground: Bool, smooth_m: float) -> Terrain:
    """Sample a raster of heights along the streets.

    Heights are smoothed (Gaussian, standard deviation ``smooth_m``) and interpolated between cells. Bridges,
    tunnels and ways inside buildings rise evenly from one end to the other, whatever the ground or the roof does.

    Parameters
    ----------
    path
        Raster of one band of heights in metres, any coordinate reference system.
    s
        The streets.
    on_ground
        bool (n_segments,): neither a bridge nor a tunnel, nor inside a building.
    smooth_m
        Metres; 0 does not smooth.

    Raises
    ------
    InputError
        If the raster is missing, not readable, states no coordinate reference system, or lies elsewhere.
    """
    ground = _Ground.read(Path(path), s, smooth_m)
    height = ground.heights(s.node_lon, s.node_lat)
    missing = ~np.isfinite(height)
    if missing.all():
        raise InputError(
            Problem(
                Said("在研究区道路上没有任何高程", "has no height anywhere on the streets of the study area"),
                file=str(path),
            )
        )
    # Beside places without a height a bridge stands on the mean; they themselves stay without.
    height = np.where(missing, np.nan, _spanned(np.where(missing, np.nanmean(height), height), s, on_ground))
    n = np.where(on_ground, np.maximum(np.ceil(s.length_m / ground.step_m), 1), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(s.tail)), n)
    place = np.arange(len(edge)) - np.repeat(np.cumsum(n) - n, n)
    ends = []
    for end in (place, place + 1):
        f = end / n[edge]
        found = np.where(end == 0, height[s.tail[edge]], height[s.head[edge]])
        inner = np.flatnonzero((end > 0) & (end < n[edge]))
        t, h, at = s.tail[edge[inner]], s.head[edge[inner]], f[inner]
        lon = s.node_lon[t] + at * (s.node_lon[h] - s.node_lon[t])
        lat = s.node_lat[t] + at * (s.node_lat[h] - s.node_lat[t])
        found[inner] = ground.heights(lon, lat)
        ends.append(found)
    rise = ends[1] - ends[0]
    rise[~np.isfinite(rise) | (np.abs(rise) < _LEVEL_M)] = 0.0
    run = s.length_m[edge] / n[edge]
    slope = np.divide(rise, run, out=np.zeros_like(rise), where=run > 0)
    total = np.bincount(edge, weights=rise, minlength=len(s.tail))
    return Terrain(edge.astype(np.int64), 1.0 / n[edge], slope, total.astype(np.float64), int(missing.sum()))


@dataclass(frozen=True, slots=True)
class _Ground:
    """The part of a raster around the streets, smoothed."""

    values: Float64  # (rows, columns), NaN without a value
    to_cell: Float64  # (2, 3) affine transform from the raster's coordinates to column and row
    crs: Any
    step_m: float  # about a cell's width

    @classmethod
    def read(cls, path: Path, s: Segments, smooth_m: float) -> _Ground:
        from rasterio.warp import transform_bounds  # noqa: PLC0415 (slow import, for districts with a raster alone)
        from rasterio.windows import Window, from_bounds  # noqa: PLC0415 (as above)

        from circle15.inputs.geofiles.raster_files import open_raster  # noqa: PLC0415 (as above)

        with open_raster(path) as raster:
            if raster.crs is None:
                raise InputError(Problem(Said("未注明坐标系", "states no coordinate reference system"), file=str(path)))
            bounds = (s.node_lon.min(), s.node_lat.min(), s.node_lon.max(), s.node_lat.max())
            near = from_bounds(*transform_bounds("EPSG:4326", raster.crs, *bounds), raster.transform)
            cell_m = _cell_m(raster, float(s.node_lat.mean()))
            margin = 2 + math.ceil(4 * smooth_m / cell_m)
            rows = (
                max(int(near.row_off) - margin, 0),
                min(int(near.row_off + near.height) + margin + 1, raster.height),
            )
            columns = (
                max(int(near.col_off) - margin, 0),
                min(int(near.col_off + near.width) + margin + 1, raster.width),
            )
            if rows[0] >= rows[1] or columns[0] >= columns[1]:
                raise InputError(
                    Problem(
                        Said("不在研究区道路的范围内", "lies elsewhere than the streets of the study area"),
                        file=str(path),
                    )
                )
            n_cells = (rows[1] - rows[0]) * (columns[1] - columns[0])
            if n_cells > MOST_CELLS_AROUND:
                message = Said(
                    f"路网范围内有 {n_cells:,} 个像元，最多读取 {MOST_CELLS_AROUND:,} 个；请重采样为更粗的栅格",
                    f"has {n_cells:,} pixels around the streets, at most {MOST_CELLS_AROUND:,} are read; resample it",
                )
                raise InputError(Problem(message, file=str(path)))
            window = Window.from_slices(rows, columns)
            coarser = max(1.0, math.sqrt((rows[1] - rows[0]) * (columns[1] - columns[0]) / _MAX_CELLS))
            shape = (
                max(round((rows[1] - rows[0]) / coarser), 1),
                max(round((columns[1] - columns[0]) / coarser), 1),
            )
            read = raster.read(1, window=window, out_shape=shape, masked=True)
            inverse = ~raster.transform
            # Of the whole raster to that of the part that was read, which may be coarser.
            coarse = np.array([[(columns[1] - columns[0]) / shape[1]], [(rows[1] - rows[0]) / shape[0]]])
            to_cell = np.array([[inverse.a, inverse.b, inverse.c], [inverse.d, inverse.e, inverse.f]])
            to_cell[:, 2] -= (columns[0], rows[0])
            to_cell /= coarse
            crs = raster.crs
        values = np.where(np.ma.getmaskarray(read), np.nan, read.data.astype(np.float64))
        return cls(_smooth(values, smooth_m / (cell_m * coarser)), to_cell, crs, max(cell_m * coarser, 1.0))

    def heights(self, lon: Float64, lat: Float64) -> Float64:
        """Interpolate heights in metres at places, NaN outside the raster."""
        from rasterio.warp import transform  # noqa: PLC0415 (slow import, for districts with a raster alone)

        if len(lon) == 0:
            return np.empty(0)
        x, y = lon, lat
        if self.crs.to_epsg() != 4326:  # noqa: PLR2004 (WGS-84)
            x, y = (np.asarray(v) for v in transform("EPSG:4326", self.crs, lon, lat))
        column, row = self.to_cell @ np.stack([x, y, np.ones(len(x))])
        # A cell's value stands at its middle.
        at = np.stack([row - 0.5, column - 0.5])
        inside = ((at > -1) & (at < np.array(self.values.shape)[:, None])).all(axis=0)
        found = np.full(len(lon), np.nan)
        found[inside] = map_coordinates(self.values, at[:, inside], order=1, mode="nearest")
        return found


def _cell_m(raster: Any, lat: float) -> float:
    width, height = float(abs(raster.transform.a)), float(abs(raster.transform.e))
    if raster.crs.is_geographic:
        degree = math.radians(1) * EARTH_RADIUS_M
        return min(width * degree * math.cos(math.radians(lat)), height * degree)
    return min(width, height) * float(raster.crs.linear_units_factor[1])


def _smooth(values: Float64, sigma: float) -> Float64:
    """Smooth over ``sigma`` cells; cells without a value neither count nor get one."""
    if sigma <= 0:
        return values
    known = np.isfinite(values)
    weight = gaussian_filter(known.astype(np.float64), sigma, mode="nearest")
    total = gaussian_filter(np.where(known, values, 0.0), sigma, mode="nearest")
    return np.where(known, np.divide(total, weight, out=np.zeros_like(total), where=weight > 0), np.nan)


def _spanned(height: Float64, s: Segments, on_ground: Bool) -> Float64:
    """Let nodes that only bridges or tunnels meet rise evenly between those on the ground.

    Each such node takes the mean of its neighbours, weighted by one over their distance: along a chain that is a
    straight line.
    """
    touches_ground = np.zeros(len(height), dtype=np.bool_)
    touches_ground[s.tail[on_ground]] = touches_ground[s.head[on_ground]] = True
    spans = np.flatnonzero(~on_ground)
    free = np.zeros(len(height), dtype=np.bool_)
    free[s.tail[spans]] = free[s.head[spans]] = True
    degree = np.bincount(s.tail, minlength=len(height)) + np.bincount(s.head, minlength=len(height))
    # The end of a bridge that leads nowhere stands on the ground.
    free &= ~touches_ground & (degree > 1)
    if not free.any():
        return height
    number = np.cumsum(free) - 1
    weight = 1.0 / np.maximum(s.length_m[spans], 0.01)
    row: list[Int64] = []
    column: list[Int64] = []
    value: list[Float64] = []
    n = int(free.sum())
    right = np.zeros(n)
    for a, b in ((s.tail[spans], s.head[spans]), (s.head[spans], s.tail[spans])):
        own = free[a]
        row.append(number[a[own]])
        column.append(number[a[own]])
        value.append(weight[own])
        both = own & free[b]
        row.append(number[a[both]])
        column.append(number[b[both]])
        value.append(-weight[both])
        fixed = own & ~free[b]
        np.add.at(right, number[a[fixed]], weight[fixed] * height[b[fixed]])
    # A tiny pull to the ground settles rings that touch it nowhere.
    everyone = np.arange(n)
    row.append(everyone)
    column.append(everyone)
    value.append(np.full(n, _PULL))
    right += _PULL * height[free]
    matrix = coo_array((np.concatenate(value), (np.concatenate(row), np.concatenate(column))), shape=(n, n))
    settled = height.copy()
    settled[free] = spsolve(matrix.tocsr(), right)
    return settled
