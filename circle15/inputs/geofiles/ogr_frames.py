"""Layers of vector files as GDAL gives them: by the drivers of their kind alone, no address in them followed."""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from circle15.errors import InputError, Problem
from circle15.files.door import read_whole, steady_file
from circle15.inputs.geofiles.drivers import only_drivers, refuse_grid_files, refuse_grids_beside, without_links
from circle15.inputs.geofiles.geodatabase_guard import refuse_grids_inside
from circle15.inputs.geofiles.geopackage_guard import check_geopackage
from circle15.inputs.geofiles.open_geopackages import steady_geopackage
from circle15.inputs.tables.encodings import decode_text
from circle15.inputs.tables.file_guards import check_file
from circle15.inputs.tables.grids import MOST_CELLS
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_READ_ERRORS = (DataLayerError, DataSourceError, FeatureError, shapely.errors.ShapelyError, OSError, ValueError)
_MEMORY_NAME = re.compile(r"'?/vsimem/[^\s']+'?")  # GDAL's name for bytes that it is given
_NO_DATABASE = ("file is not a database", "disk image is malformed")  # SQLite's, behind a statement of GDAL's


def read_geoframe(path: Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read a layer of a GeoPackage, Shapefile or GeoJSON with its values as they are stored.

    Raises
    ------
    InputError
        If it cannot be read, or its coordinate system names a file of its own.
    """
    kind = check_file(path)
    if kind not in {"gpkg", "shp", "json"}:
        raise InputError(
            Problem(
                Said("此处不读这类文件；请给 .gpkg、.shp 或 .geojson", "not read here; give .gpkg, .shp or .geojson"),
                file=str(path),
                value=path.suffix,
            )
        )
    with steady_file(path), steady_geopackage(path) as steady:
        source = plain_geojson(path) if kind == "json" else steady
        frame = read_frame(source, kind=kind, file=str(path), layer=layer)
    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    raise InputError(Problem(Said("没有图形", "holds no shapes"), file=str(path)))


def geopackage_layers(path: Path) -> dict[str, str]:
    """Give a GeoPackage's layers with the kind of their geometry, "None" where they have none.

    Raises
    ------
    InputError
        If it is none, or damaged.
    """
    check_file(path)
    with steady_file(path), steady_geopackage(path) as steady:
        return {name: str(kind) for name, kind in list_layers(steady, "gpkg", file=str(path))}


def plain_geojson(path: Path) -> bytes:
    """Give GeoJSON's text in UTF-8 without links to coordinate systems."""
    text, n_links = without_links(decode_text(read_whole(path), file=str(path)).text, file=str(path))
    if n_links:
        log.warning(
            Said(
                "%s：其坐标系为链接，不予访问，按经纬度读取",
                "%s: its coordinate system is a link, which is not followed: read as longitude and latitude",
            ),
            path,
        )
    return text.encode()


def read_frame(source: Path | bytes, *, kind: str, file: str, layer: str | int | None, **options: Any) -> Any:
    """Read a layer to a frame with geometry, or without where it has none; ``kind`` chooses the drivers.

    Raises
    ------
    InputError
        If ``file`` is damaged or larger than any table, or its coordinate system names a file of its own.
    """
    options = options | ({"layer": layer} if layer is not None else {})
    try:
        if isinstance(source, Path):
            _check_unopened(source, kind, file)
        with without_gdal_warnings(), only_drivers(kind):
            info = pyogrio.read_info(source, **options)
            if info["features"] > MOST_CELLS // max(1, len(info["fields"])):
                message = Said(
                    f"有 {info['features']} 个要素：多于任何设施表或人口表",
                    f"{info['features']} features: more than any table of facilities or people has",
                )
                raise InputError(Problem(message, file=file))  # noqa: TRY301 (it is the file's own doing)
            # A ring that is not closed is closed, as every GIS program does; without it no feature would be read.
            frame = pyogrio.read_dataframe(source, on_invalid="fix", **options)
    except InputError:
        raise
    except _READ_ERRORS as e:
        message = Said(
            f"无法读取（{plain_reason(e, source)}）；文件损坏、不完整或格式不符",
            f"cannot be read ({plain_reason(e, source)}); the file is damaged, cut off or of another format",
        )
        raise InputError(Problem(message, file=file)) from None
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    if frame.crs is not None:
        refuse_grid_files(frame.crs, file=file)
    return without_empty_shapes(frame, file=file)


def without_empty_shapes(frame: gpd.GeoDataFrame, *, file: str) -> gpd.GeoDataFrame:
    """Give a frame in which a shape without corners, or a point whose coordinates are no numbers, is none.

    Raises
    ------
    InputError
        Naming each line or outline with a corner that is no number.
    """
    shapes = frame.geometry.to_numpy()
    corners, row = shapely.get_coordinates(shapes, return_index=True)
    broken = np.unique(row[~np.isfinite(corners).all(axis=1)])
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    message = Said("形状中有坐标不是数字；请重新导出", "its shape has a corner that is no number; export it again")
    InputError.gather(Problem(message, file=file, row=int(i) + 1) for i in broken if not is_point[i])
    unfit = shapely.is_empty(shapes)
    unfit[broken] = True
    return frame.set_geometry(gpd.GeoSeries(np.where(unfit, None, shapes), index=frame.index, crs=frame.crs))


@contextmanager
def without_gdal_warnings() -> Iterator[None]:
    """Keep GDAL from warning of measures (M) that it drops and of a driver's details; we tell what matters here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


def list_layers(source: Path, kind: str, *, file: str) -> list[tuple[str, str | None]]:
    """Give each layer's name and kind of geometry, None where it has none.

    Raises
    ------
    InputError
        If ``file`` cannot be opened.
    """
    try:
        _check_unopened(source, kind, file)
        with without_gdal_warnings(), only_drivers(kind):
            return [(str(name), kind) for name, kind in pyogrio.list_layers(source)]
    except InputError:
        raise
    except _READ_ERRORS as e:
        raise InputError(
            Problem(
                Said(
                    f"无法打开（{plain_reason(e, source)}）；文件已损坏",
                    f"cannot be opened ({plain_reason(e, source)}); it is damaged",
                ),
                file=file,
            )
        ) from None


def _check_unopened(source: Path, kind: str, file: str) -> None:
    """Refuse what GDAL would follow as soon as it opens the file."""
    if kind == "gpkg":
        check_geopackage(source, file=file)
    elif kind == "shp":
        refuse_grids_beside(source, file=file)
    elif kind in {"gdb", "zip"}:
        refuse_grids_inside(source, file=file)


def plain_reason(error: Exception, source: Path | bytes | None = None) -> str:
    """Give the first line of a library's message in which the planner's file is not called by our names for it."""
    text = (str(error).splitlines() or [type(error).__name__])[0]
    if any(words in text for words in _NO_DATABASE):
        return "what stands in it is no database"
    text = _MEMORY_NAME.sub("the file", text)
    if isinstance(source, Path):
        text = text.replace(str(source), "the file")
    return text[:200]
