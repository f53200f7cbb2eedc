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
from circle15.files.door import read_whole, settled_path, steady_file, vouched
from circle15.inputs.geofiles.drivers import CLOSED, refuse_grid_files, refuse_grids_beside
from circle15.said import Said

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
    suffix = path.suffix.lower()
    with steady_file(path):
        if suffix not in DRIVERS:
            known = ", ".join(DRIVERS)
            zh, en = (
                "文件名不是栅格；请提供 GeoTIFF（可读 {}）",
                "not a raster by its name; give a GeoTIFF (read are {})",
            )
            raise _refused(path, zh.format(known), en.format(known))
        if suffix == ".vrt":
            checked_tiles(path)
        refuse_grids_beside(path, file=str(path))
        try:
            with (
                rasterio.Env(**{name: value for name, value in CLOSED.items() if value is not None}),
                rasterio.open(path, driver=DRIVERS[suffix]) as raster,
            ):
                _check_grid(raster, path)
                yield raster
        except (RasterioError, CRSError) as e:
            zh, en = "GDAL 无法读取（{}）；请提供 GeoTIFF", "not a raster that GDAL can read ({}); give a GeoTIFF"
            raise _refused(path, zh.format(e), en.format(e)) from None


def checked_tiles(path: Path) -> list[Path]:
    """Give the files that a .vrt names, all of them GeoTIFFs in its folder or below.

    Raises
    ------
    InputError
        If it is no virtual raster, names an address or a file elsewhere, or computes its values.
    """
    content = read_whole(path, largest=LARGEST_VRT_BYTES)
    if _DECLARES.search(content):
        en = "declares entities, which no program for maps writes; build it again"
        raise _refused(path, "声明了实体，地图软件不会这样写；请重新生成", en)
    try:
        root = ET.fromstring(content)  # noqa: S314 (declares no entities)
    except ET.ParseError as e:
        en = f"is no virtual raster ({e}); build it again (gdalbuildvrt)"
        raise _refused(path, f"不是虚拟栅格（{e}）；请重新生成（gdalbuildvrt）", en) from None
    if root.tag != "VRTDataset" or root.get("subClass") or any(element.tag in _NOT_IN_VRT for element in root.iter()):
        zh = "只支持拼接分幅的虚拟栅格（gdalbuildvrt）；需要计算的请另存为 GeoTIFF"
        en = "is read only where it lays tiles side by side (gdalbuildvrt); save what it computes as a GeoTIFF"
        raise _refused(path, zh, en)
    named = [element for element in root.iter() if element.tag in _FILES_IN_VRT]
    # A name that is not absolute starts from the folder, whatever else GDAL may try.
    return [_checked_tile(path, name) for name in dict.fromkeys((element.text or "").strip() for element in named)]


def _checked_tile(path: Path, name: str) -> Path:
    tile = path.parent / name
    if tile.suffix.lower() not in _TILES or not settled_path(tile).is_relative_to(settled_path(path.parent)):
        zh = "引用的分幅不是同一文件夹内的 GeoTIFF；请把分幅放在一起后重新生成"
        en = "names a tile that is no GeoTIFF in its own folder; put the tiles beside it and build it again"
        raise _refused(path, zh, en, value=name)
    with vouched(tile).open("rb") as stream:
        if stream.read(4) not in _TIFF_SIGNATURES:
            raise _refused(tile, "内容不是 GeoTIFF；请重新导出", "is no GeoTIFF by its content; export it again")
    return tile


def _check_grid(raster: rasterio.DatasetReader, path: Path) -> None:
    transform = np.array(tuple(raster.transform)[:6], dtype=np.float64)
    a, b, _, d, e, _ = transform.tolist()
    if not np.isfinite(transform).all() or not math.isfinite(a * e - b * d) or a * e - b * d == 0.0:
        told = ", ".join(f"{v:g}" for v in transform)
        en = f"its grid has no extent (transform {told}); export it again"
        raise _refused(path, f"栅格范围无效（变换参数 {told}）；请重新导出", en)
    if raster.crs is not None:
        refuse_grid_files(raster.crs, file=str(path))
    for (rows, columns), dtype in zip(raster.block_shapes, raster.dtypes, strict=True):
        size = rows * columns * np.dtype(dtype).itemsize
        if size > LARGEST_BLOCK_BYTES:
            mb, most = f"{size / 2**20:,.0f}", f"{LARGEST_BLOCK_BYTES / 2**20:.0f}"
            zh = (
                f"按每块 {columns:,} × {rows:,} 像元（{mb} MB）存储，一次最多解压 {most} MB；请按瓦片另存"
                "（gdal_translate -co TILED=YES）"
            )
            en = (
                f"is stored in blocks of {columns:,} x {rows:,} pixels, {mb} MB each, and at most {most} MB are"
                " unpacked at once; save it tiled (gdal_translate -co TILED=YES)"
            )
            raise _refused(path, zh, en)
    _refuse_strangers(raster, path)


def _refuse_strangers(raster: rasterio.DatasetReader, path: Path) -> None:
    """Refuse files behind the file that do not bear its name, and overviews that its metadata looks for elsewhere."""
    if raster.tags(ns="OVERVIEWS"):
        en = "its metadata names a file of overviews; export it again without"
        raise _refused(path, "元数据引用了另外的金字塔文件；请去除后重新导出", en)
    if path.suffix.lower() == ".vrt":
        return  # its tiles were looked at
    stem, folder = path.stem.casefold(), settled_path(path).parent
    for name in raster.files:
        beside = Path(name)
        is_here = beside == path or settled_path(beside).parent in {folder, settled_path(path.parent)}
        if not is_here or not beside.name.casefold().startswith(stem):
            en = "points to another file, which nobody named; export it as one file"
            raise _refused(path, "引用了另外的文件；请导出为单个文件", en, value=name)


def _refused(path: Path, zh: str, en: str, *, value: str | None = None) -> InputError:
    return InputError(Problem(Said(zh, en), file=str(path), value=value))
