"""Rasters as GDAL opens them: by the driver of their kind alone, with tiles beside them, never over the network."""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import rasterio
from rasterio.errors import CRSError, RasterioError

from circle15.errors import InputError, Problem
from circle15.files.door import read_whole, steady_file, vouched
from circle15.inputs.geofiles.drivers import CLOSED, refuse_grid_files

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIVERS = {
    ".tif": "GTiff", ".tiff": "GTiff", ".asc": "AAIGrid", ".img": "HFA", ".hgt": "SRTMHGT", ".bil": "EHdr",
    ".flt": "EHdr", ".vrt": "VRT",
}  # fmt: skip
"""What may open a raster, by its suffix; tiles of a .vrt are GeoTIFFs."""
LARGEST_BLOCK_BYTES = 512 * 2**20
"""GDAL unpacks a block at once, however little of it is asked for."""
LARGEST_VRT_BYTES = 1 << 24
_TILES = (".tif", ".tiff")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FILES_IN_VRT = {"SourceFilename", "SourceDataset"}
_NOT_IN_VRT = {
    "PixelFunctionType", "PixelFunctionCode", "PixelFunctionLanguage", "GDALWarpOptions", "OverviewList",
}  # fmt: skip
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@contextmanager
def open_raster(path: Path) -> Iterator[rasterio.DatasetReader]:
    """Yield an opened raster whose grid is sound.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no raster of the kind that its name says, is damaged, lies nowhere, is stored in blocks that fill the
        memory, or points to files that nobody named.
    """
    suffix, file = path.suffix.lower(), str(path)
    with steady_file(path):
        if suffix not in DRIVERS:
            known = ", ".join(DRIVERS)
            raise InputError(Problem(f"not a raster by its name; give a GeoTIFF (read are {known})", file=file))
        if suffix == ".vrt":
            vrt_tiles(path)
        try:
            with (
                rasterio.Env(**{name: value for name, value in CLOSED.items() if value is not None}),
                rasterio.open(path, driver=DRIVERS[suffix]) as raster,
            ):
                _check_grid(raster, path)
                yield raster
        except (RasterioError, CRSError) as e:
            message = f"not a raster that GDAL can read ({e}); give a GeoTIFF"
            raise InputError(Problem(message, file=file)) from None


def vrt_tiles(path: Path) -> list[Path]:
    """Give the files that a .vrt names, all of them GeoTIFFs in its folder or below.

    Raises
    ------
    InputError
        If it is no virtual raster, names an address or a file elsewhere, or computes its values.
    """
    file = str(path)
    content = read_whole(path, largest=LARGEST_VRT_BYTES)
    try:
        if _DECLARES.search(content):
            raise InputError(Problem("declares entities, which no program for maps writes; build it again", file=file))
        root = ET.fromstring(content)  # noqa: S314 (declares no entities)
    except ET.ParseError as e:
        raise InputError(Problem(f"is no virtual raster ({e}); build it again (gdalbuildvrt)", file=file)) from None
    if root.tag != "VRTDataset" or any(element.tag in _NOT_IN_VRT for element in root.iter()) or root.get("subClass"):
        message = "is read only where it lays tiles side by side (gdalbuildvrt); save what it computes as a GeoTIFF"
        raise InputError(Problem(message, file=file))
    tiles = []
    for element in root.iter():
        if element.tag not in _FILES_IN_VRT:
            continue
        name = (element.text or "").strip()
        tile = Path(name) if element.get("relativeToVRT") != "1" else path.parent / name
        if not tile.is_absolute():
            tile = path.parent / tile
        if tile.suffix.lower() not in _TILES or not tile.resolve().is_relative_to(path.parent.resolve()):
            message = "names a tile that is no GeoTIFF in its own folder; put the tiles beside it and build it again"
            raise InputError(Problem(message, file=file, value=name))
        with vouched(tile).open("rb") as stream:
            if stream.read(4) not in _TIFF_SIGNATURES:
                raise InputError(Problem("is no GeoTIFF by its content", file=str(tile)))
        tiles.append(tile)
    return list(dict.fromkeys(tiles))


def _check_grid(raster: rasterio.DatasetReader, path: Path) -> None:
    file = str(path)
    transform = np.array(tuple(raster.transform)[:6], dtype=np.float64)
    a, b, _, d, e, _ = transform.tolist()
    if not np.isfinite(transform).all() or not math.isfinite(a * e - b * d) or a * e - b * d == 0.0:
        message = f"its grid has no extent (transform {', '.join(f'{v:g}' for v in transform)}); export it again"
        raise InputError(Problem(message, file=file))
    if raster.crs is not None:
        refuse_grid_files(raster.crs, file=file)
    for (rows, columns), dtype in zip(raster.block_shapes, raster.dtypes, strict=True):
        size = rows * columns * np.dtype(dtype).itemsize
        if size > LARGEST_BLOCK_BYTES:
            message = (
                f"is stored in blocks of {columns:,} x {rows:,} pixels, {size / 2**20:,.0f} MB each, and at most"
                f" {LARGEST_BLOCK_BYTES / 2**20:.0f} MB are unpacked at once; save it tiled (gdal_translate -co"
                " TILED=YES)"
            )
            raise InputError(Problem(message, file=file))
    _refuse_strangers(raster, path)


def _refuse_strangers(raster: rasterio.DatasetReader, path: Path) -> None:
    """Refuse files behind the file that do not bear its name, and overviews that its metadata looks for elsewhere."""
    stem, folder = path.stem.casefold(), path.parent.resolve()
    if raster.tags(ns="OVERVIEWS"):
        raise InputError(Problem("its metadata names a file of overviews; export it again without", file=str(path)))
    if path.suffix.lower() == ".vrt":
        return  # its tiles were looked at
    for name in raster.files:
        beside = Path(name)
        if (beside.resolve().parent != folder and beside != path) or not beside.name.casefold().startswith(stem):
            message = "points to another file, which nobody named; export it as one file"
            raise InputError(Problem(message, file=str(path), value=name))
