"""Population rasters to pieces of cells: any CRS, tiles, windows; area-weighted, so that nobody is lost or made up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from circle15._core import overlay
from circle15.errors import InputError, MissingFileError, Problem
from circle15.files.door import is_there
from circle15.inputs.geofiles.raster_files import open_raster
from circle15.inputs.people.raster_values import ValueTally, band_of_people
from circle15.inputs.people.spread import Homes
from circle15.said import Said
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd
    import numpy.typing as npt
    import rasterio

WGS84 = "EPSG:4326"
SHIFTED = ("gcj02", "bd09")
PROJ_NAMES = {"wgs84": WGS84, "cgcs2000": "EPSG:4490"}
_GEOD = pyproj.Geod(ellps="WGS84")
METRES_PER_DEGREE = np.radians(1) * EARTH_RADIUS_M
MAX_PIXELS = 250_000
"""Pixels held at once, at most, whatever the raster's size."""
MOST_PIXELS = 20_000_000
"""Pixels in a district's frame, at most: 2,000 square kilometres at 10 m; a hundred times those of any real raster."""

_NOBODY = Homes(np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class RasterPeople:
    """People of each piece, and what was met on the way."""

    people: npt.NDArray[np.float64]  # (n_pieces,) persons
    n_pixels: int  # pixels with people that touch a piece
    n_nodata: int  # pixels in the district's frame that the raster marks as nodata, or that are not finite
    n_negative: int  # pixels in the frame with a negative value, counted as nobody
    covered_share: float  # of the district's area that lies on the raster, 0 to 1
    notes: tuple[Said, ...]  # bands chosen, values that are no number of people
    homes: Homes  # the parts of pixels in each piece


def sum_rasters(
    paths: Sequence[Path],
    pieces: gpd.GeoDataFrame,
    *,
    crs: str | None = None,
    band: int | None = None,
    nodata: float | None = None,
    max_pixels: int = MAX_PIXELS,
) -> RasterPeople:
    """Sum a raster of people (GHS-POP, WorldPop ...), or its tiles, into the pieces of cells.

    Each pixel's people are spread evenly over the pixel, and a piece takes the share of the pixel's area that it
    covers. Areas are compared in degrees, where pixels tile the plane as well as pieces tile the district: the pieces'
    sum is the district polygon's to rounding, in every CRS. Within one pixel a degree's length varies by less than
    0.02 %.

    Parameters
    ----------
    paths
        One raster, or tiles that do not overlap, of persons per pixel.
    pieces
        Polygons, EPSG:4326, not overlapping.
    crs
        CRS of rasters that state none.
    band
        The band that holds people, from 1; without it the only one, or the only one described as people.
    nodata
        A value that means that nothing is known, beside what the files themselves mark.
    max_pixels
        Pixels read at once.

    Raises
    ------
    MissingFileError
        If a file is missing.
    InputError
        If a file is no raster or a picture, has no CRS or no band of people, tiles overlap, none touches the district,
        or a value of the district is an unmarked "no data" (65535, 1e20).
    """
    missing = [p for p in paths if not is_there(p)]
    MissingFileError.gather(
        Problem(Said("没有这个人口栅格", "no such population raster"), file=str(p)) for p in missing
    )
    shapes = pieces.geometry.to_numpy()
    rings = _rings_of(shapes)
    bounds = tuple(float(b) for b in pieces.total_bounds)
    frames = {path: _frame(path, crs) for path in paths}
    _check_tiles(frames, bounds)
    people = np.zeros(len(shapes))
    counts = np.zeros(3, dtype=np.int64)
    parts = [_NOBODY]
    notes: list[Said] = []
    for path in paths:
        with open_raster(path) as raster:
            chosen, told = band_of_people(raster, path, band)
            notes += told
            scale, offset = raster.scales[chosen - 1], raster.offsets[chosen - 1]
            tally = ValueTally(path.name, raster.dtypes[chosen - 1], scale, offset)
            to_wgs84 = _to_wgs84(raster, crs, path)
            pixel_m2 = 0.0
            for window in _windows(raster, raster.crs or crs, bounds, max_pixels):
                raw = _known_values(raster, window, chosen, nodata)
                place = _places(raster, window, to_wgs84)
                pixel_m2 = _pixel_m2(raster, window, to_wgs84)
                tally.see(raw, place, pixel_m2=pixel_m2)
                values, unknown, negative = _people_of(raw, scale, offset)
                n_hit, homes = _shares(rings, *_corners(raster, window, to_wgs84), values)
                people += np.bincount(homes.piece, weights=homes.people, minlength=len(people))
                parts.append(homes)
                counts += (n_hit, unknown, negative)
            InputError.gather(tally.unmarked(pixel_m2))
            notes += tally.notes()
    n_pixels, n_nodata, n_negative = counts.tolist()
    covered = _covered_share(shapes, list(frames.values()))
    return RasterPeople(people, n_pixels, n_nodata, n_negative, covered, tuple(notes), reduce(Homes.beside, parts))


def _frame(path: Path, crs: str | None) -> shapely.Polygon:
    """Give a raster's outline in degrees."""
    with open_raster(path) as raster:
        if raster.crs is None and crs is None:
            message = Said(
                "栅格未注明坐标系；请用 population.crs 写明，如 EPSG:4326",
                "the raster states no CRS; name it with population.crs, e.g. EPSG:4326",
            )
            raise InputError(Problem(message, file=str(path)))
        columns, rows = np.meshgrid(np.linspace(0, raster.width, 21), np.linspace(0, raster.height, 21))
        x, y = _moved(raster.transform, columns.ravel(), rows.ravel())
        transformer = _to_wgs84(raster, crs, path)
    lon, lat = (a.reshape(rows.shape) for a in transformer.transform(x, y))
    ring = [(lon[k], lat[k]) for k in (np.s_[0, :], np.s_[1:, -1], np.s_[-1, -2::-1], np.s_[-2::-1, 0])]
    corners = np.concatenate([np.column_stack(side) for side in ring])
    known = corners[np.isfinite(corners).all(axis=1)]
    if len(known) < 3:  # noqa: PLR2004 (corners of an area)
        message = Said(
            "按其注明的坐标系，像元不在地球上；请重新导出",
            "its pixels lie nowhere on earth in the coordinate system that it states; export it again",
        )
        raise InputError(Problem(message, file=str(path)))
    return shapely.make_valid(shapely.Polygon(known))


def _to_wgs84(raster: rasterio.DatasetReader, crs: str | None, path: Path) -> pyproj.Transformer:
    """Give what takes a raster's coordinates to degrees.

    Raises
    ------
    InputError
        If the system is none that a raster can be in.
    """
    if raster.crs is None and crs in SHIFTED:
        message = Said(
            f'crs = "{crs}" 对每个点的偏移不同，栅格像元不可能在此系统中；请给原坐标系的栅格，如 EPSG:4326',
            f'crs = "{crs}" shifts every point by another way, so no raster of pixels can be in it; give the raster in'
            " its original system, e.g. EPSG:4326",
        )
        raise InputError(Problem(message, file=str(path), key="population.crs", value=crs))
    stated = raster.crs or PROJ_NAMES.get(str(crs), crs)
    try:
        return pyproj.Transformer.from_crs(stated, WGS84, always_xy=True)
    except pyproj.exceptions.ProjError as e:
        message = Said(
            f"读不懂其坐标系（{' '.join(str(e).split())[:120]}）；请以 EPSG:4326 导出",
            f"its coordinate system is not understood ({' '.join(str(e).split())[:120]}); export it in EPSG:4326",
        )
        raise InputError(Problem(message, file=str(path))) from None


def _check_tiles(frames: dict[Path, shapely.Polygon], bounds: tuple[float, ...]) -> None:
    district = shapely.box(*bounds)
    here = {path: frame for path, frame in frames.items() if frame.intersects(district)}
    if not here:
        west, south, east, north = bounds
        where = f"{west:.4f},{south:.4f} to {east:.4f},{north:.4f}"
        InputError.gather(
            Problem(
                Said(
                    f"栅格与本区不相交（{where}）：其范围为 {f.bounds[0]:.4f},{f.bounds[1]:.4f} 至 "
                    f"{f.bounds[2]:.4f},{f.bounds[3]:.4f}",
                    f"the raster misses the district ({where}): it spans"
                    f" {f.bounds[0]:.4f},{f.bounds[1]:.4f} to {f.bounds[2]:.4f},{f.bounds[3]:.4f}",
                ),
                file=str(path),
            )
            for path, f in frames.items()
        )
    for (one, a), (other, b) in combinations(here.items(), 2):
        if a.intersection(b).intersection(district).area > 1e-6 * district.area:
            message = Said(
                f"在区内与 {other.name} 重叠，人口会重复计算；请给只相接不重叠的分幅",
                f"overlaps {other.name} in the district, so people would count twice; give tiles that only touch",
            )
            raise InputError(Problem(message, file=str(one)))


def _windows(
    raster: rasterio.DatasetReader, crs: object, bounds: tuple[float, ...], max_pixels: int
) -> Iterator[Window]:
    """Cut the district's frame in the raster into windows of at most `max_pixels` pixels, along its blocks."""
    left, bottom, right, top = transform_bounds(WGS84, crs, *bounds, densify_pts=51)
    corners = np.array([(left, bottom), (left, top), (right, bottom), (right, top)])
    columns, rows = _moved(~raster.transform, corners[:, 0], corners[:, 1])
    # One pixel more on each side: a transformed frame is exact at its corners only.
    first_column, first_row = max(int(columns.min()) - 1, 0), max(int(rows.min()) - 1, 0)
    last_column = min(int(np.ceil(columns.max())) + 1, raster.width)
    last_row = min(int(np.ceil(rows.max())) + 1, raster.height)
    n_pixels = max(last_column - first_column, 0) * max(last_row - first_row, 0)
    if n_pixels > MOST_PIXELS:
        message = Said(
            f"区内有 {n_pixels:,} 个像元，最多读取 {MOST_PIXELS:,} 个；请重采样为更粗的栅格",
            f"has {n_pixels:,} pixels in the district, of which at most {MOST_PIXELS:,} are read; resample it",
        )
        raise InputError(Problem(message, file=raster.name))
    width = min(max(last_column - first_column, 1), max_pixels)
    height = max(max_pixels // width, 1)
    for row in range(first_row, last_row, height):
        for column in range(first_column, last_column, width):
            yield Window(column, row, min(width, last_column - column), min(height, last_row - row))


def _moved(
    transform: rasterio.Affine, x: npt.NDArray[Any], y: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Apply an affine transform; its operators changed between versions of its library."""
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * x + b * y + c, d * x + e * y + f


def _known_values(
    raster: rasterio.DatasetReader, window: Window, band: int, nodata: float | None
) -> npt.NDArray[np.float64]:
    """Read a window's raw numbers, NaN where the file or ``nodata`` says that nothing is known."""
    masked = raster.read(band, window=window, masked=True)
    values: npt.NDArray[np.float64] = masked.astype(np.float64).filled(np.nan)
    if nodata is not None:
        # A raster of 32-bit numbers holds the nearest one of them.
        values[(values == nodata) | (values == np.float64(np.float32(nodata)))] = np.nan
    return values


def _people_of(raw: npt.NDArray[np.float64], scale: float, offset: float) -> tuple[npt.NDArray[np.float64], int, int]:
    """Give persons per pixel; nodata, values that are not finite, and negative values are nobody."""
    values = raw * scale + offset
    unknown = ~np.isfinite(values)
    negative = ~unknown & (values < 0)
    return np.where(unknown | negative, 0.0, values), int(unknown.sum()), int(negative.sum())


def _places(
    raster: rasterio.DatasetReader, window: Window, to_wgs84: pyproj.Transformer
) -> Callable[[int, int], tuple[float, float]]:
    """Give what says where a pixel of the window has its middle, degrees WGS-84."""

    def place(row: int, column: int) -> tuple[float, float]:
        at = np.array([window.col_off + column + 0.5]), np.array([window.row_off + row + 0.5])
        lon, lat = to_wgs84.transform(*_moved(raster.transform, *at))
        return float(lon[0]), float(lat[0])

    return place


def _pixel_m2(raster: rasterio.DatasetReader, window: Window, to_wgs84: pyproj.Transformer) -> float:
    """Give the ground of the pixel in the window's middle, square metres."""
    column, row = window.col_off + window.width / 2, window.row_off + window.height / 2
    at = _moved(raster.transform, column + np.array([0.0, 1.0, 1.0, 0.0]), row + np.array([0.0, 0.0, 1.0, 1.0]))
    area, _ = _GEOD.polygon_area_perimeter(*to_wgs84.transform(*at))
    return abs(float(area))


def _covered_share(shapes: npt.NDArray[np.object_], frames: list[shapely.Polygon]) -> float:
    """Give the share of the pieces' area that lies on rasters, 0 to 1."""
    on_rasters = shapely.union_all(frames)
    shapely.prepare(on_rasters)
    area = shapely.area(shapes)
    ends = np.flatnonzero(~shapely.contains(on_rasters, shapes))
    off = area[ends] - shapely.area(shapely.intersection(shapes[ends], on_rasters))
    return float(1.0 - max(off.sum() / area.sum(), 0.0))


@dataclass(frozen=True, slots=True)
class _Rings:
    """Polygons as closed rings, shells counter-clockwise and holes clockwise, those of one polygon together."""

    x: npt.NDArray[np.float64]  # (n_points,)
    y: npt.NDArray[np.float64]  # (n_points,)
    begin: npt.NDArray[np.int64]  # (n_rings + 1,)
    owner: npt.NDArray[np.int32]  # (n_rings,) row of the polygons


def _rings_of(shapes: npt.NDArray[np.object_]) -> _Rings:
    parts, of_part = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    place = shapely.get_coordinates(rings)
    begin = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    x, y = (np.ascontiguousarray(column) for column in place.T)
    return _Rings(x, y, begin, of_part[of_ring].astype(np.int32))


def _corners(
    raster: rasterio.DatasetReader, window: Window, to_wgs84: pyproj.Transformer
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give lon and lat of the pixels' corners, (height + 1, width + 1) each, not finite where there is no place."""
    columns, rows = np.meshgrid(
        np.arange(window.width + 1) + window.col_off, np.arange(window.height + 1) + window.row_off
    )
    lon, lat = to_wgs84.transform(*_moved(raster.transform, columns.ravel(), rows.ravel()))
    return lon.reshape(columns.shape), lat.reshape(columns.shape)


def _shares(
    rings: _Rings, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> tuple[int, Homes]:
    """Share each pixel's people out to the pieces by area; give the number of pixels that touch a piece, and the parts.

    A part's place is its centroid, and its people are spread over a circle of its area.
    """
    is_corner = np.isfinite(lon) & np.isfinite(lat)
    has_place = is_corner[:-1, :-1] & is_corner[:-1, 1:] & is_corner[1:, 1:] & is_corner[1:, :-1]
    filled = ((values > 0) & has_place).astype(np.uint8)
    of_piece, of_pixel, share, area, x, y = overlay(
        rings.x, rings.y, rings.begin, rings.owner, lon.ravel(), lat.ravel(), filled.ravel(), values.shape[1]
    )
    heads = values.ravel()[of_pixel] * share
    spread_m = METRES_PER_DEGREE * np.sqrt(area * np.cos(np.radians(y)) / np.pi)
    is_hit = np.zeros(values.size, dtype=np.bool_)
    is_hit[of_pixel] = True
    return int(is_hit.sum()), Homes(x, y, heads, of_piece.astype(np.int64), spread_m)
