"""Files with geometry (gpkg, gdb, geojson, kml, shp, zipped, parquet) as columns of text beside their geometries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from circle15.errors import InputError, Problem
from circle15.files.digests import SHAPEFILE_PARTS
from circle15.files.door import steady_file
from circle15.files.held_folders import held_folder
from circle15.inputs.geofiles.dbf import DbfTable, read_dbf
from circle15.inputs.geofiles.gdal_sources import KML_FIELDS, KML_OWN_FIELDS, archived_geodatabases, gdal_sources
from circle15.inputs.geofiles.ogr_frames import list_layers, plain_geojson, read_frame
from circle15.inputs.geofiles.tangles import MOST_CROSSINGS, is_tangled
from circle15.inputs.tables.file_guards import LARGEST_UNPACKED_BYTES, open_archive, unpacked_chunks
from circle15.inputs.tables.grids import MOST_CELLS
from circle15.said import Said

_SHAPE_HEADER_BYTES = 100
_EXACT_INTEGERS = 1e15


@dataclass(frozen=True, slots=True)
class VectorTable:
    """A layer's attributes as text and its geometries as found; `crs` is "EPSG:n", well-known text, or None."""

    frame: pd.DataFrame  # object columns of str, "" for null
    geometry: gpd.GeoSeries | None
    crs: str | None
    layer: str | None = None
    encoding: str | None = None
    wrong_encoding: bool = False  # a .cpg says another one


def read_vector(path: Path, kind: str, *, layer: str | None = None) -> VectorTable:
    """Read the layer of a geographic file; ``kind`` is what `file_guards.check_file` says of it.

    Raises
    ------
    InputError
        If the file is damaged or incomplete, has no feature, or has several layers and ``layer`` names none of them.
    """
    with steady_file(path, may_be_folder=kind == "gdb"):
        table = _read_table(path, kind, layer)
    if len(table.frame) == 0:
        raise InputError(Problem(Said("其中没有要素", "has no feature in it"), file=str(path)))
    shapes = [] if table.geometry is None else table.geometry.tolist()
    tangled = Said(
        f"边界线自相交超过 {MOST_CROSSINGS:,} 处，不是有效的范围；请重新绘制或导出",
        f"its outline crosses itself more than {MOST_CROSSINGS:,} times, which is no ground; draw or export it again",
    )
    InputError.gather(
        Problem(tangled, file=str(path), row=row) for row, shape in enumerate(shapes, start=1) if is_tangled(shape)
    )
    return table


def _read_table(path: Path, kind: str, layer: str | None) -> VectorTable:
    file = str(path)
    if kind == "parquet":
        return _read_parquet(path)
    if kind == "json":
        table = _read_ogr(plain_geojson(path), kind=kind, file=file, layer=None)
        return VectorTable(frame=_without_counter(table.frame), geometry=table.geometry, crs=table.crs)
    if _is_layered(path, kind):
        with gdal_sources(path, kind) as sources:
            return _read_layers(sources, path, kind, layer)
    return _read_shapefile(path, file=file) if kind == "shp" else _read_zipped_shapefile(path, layer)


def _read_ogr(source: Path | bytes, *, kind: str, file: str, layer: str | int | None, **options: Any) -> VectorTable:
    frame = read_frame(source, kind=kind, file=file, layer=layer, **options)
    geometry = frame.geometry if isinstance(frame, gpd.GeoDataFrame) else None
    attributes = pd.DataFrame(frame.drop(columns=geometry.name) if geometry is not None else frame)
    name = None if isinstance(layer, int) else layer
    return VectorTable(_as_text(attributes), geometry, _crs_text(geometry), layer=name)


def _without_counter(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the ids of GeoJSON's features where they merely count: they would pass for the facilities' own."""
    if "id" in frame.columns and any(frame["id"].tolist() == [str(i + k) for i in range(len(frame))] for k in (0, 1)):
        return frame.drop(columns="id")
    return frame


def layer_names(path: Path, kind: str) -> list[str] | None:
    """Give the layers with geometry of a file that may have several, None for a format that has no layers.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    if _is_layered(path, kind):
        with gdal_sources(path, kind) as sources:
            layers = [layer for source in sources for layer in list_layers(source, kind, file=str(path))]
        return [name for name, geometry in layers if geometry is not None] or [name for name, _ in layers]
    if kind == "zip":
        with open_archive(path) as archive:
            return [PurePosixPath(s).name for s in _archived_shapefiles(archive.namelist())]
    return None


def _is_layered(path: Path, kind: str) -> bool:
    """Tell whether GDAL reads the file as a source of layers."""
    if kind != "zip":
        return kind in {"gpkg", "gdb", "kml", "kmz"}
    with open_archive(path) as archive:
        members = archive.namelist()
    return bool(archived_geodatabases(members)) and not _archived_shapefiles(members)


def _read_layers(sources: list[Path], path: Path, kind: str, layer: str | None) -> VectorTable:
    """Read the chosen layer; KML's layers are folders that places were sorted into, so all of them are one table."""
    file = str(path)
    if kind not in {"kml", "kmz"}:
        chosen = _choose_layer(sources[0], kind, layer, path)
        return _read_ogr(sources[0], kind=kind, file=file, layer=chosen)
    # By number: two folders may bear one name.
    found = [(s, i, name) for s in sources for i, (name, _) in enumerate(list_layers(s, kind, file=file))]
    if layer is not None and layer not in {name for _, _, name in found}:
        listed = ", ".join(dict.fromkeys(name for _, _, name in found))
        raise InputError(
            Problem(
                Said(f"没有这个文件夹；现有：{listed}", f"no such folder; there are: {listed}"), file=file, value=layer
            )
        )
    tables = [_read_ogr(s, kind=kind, file=file, layer=i) for s, i, name in found if layer in (None, name)]
    filled = [t for t in tables if len(t.frame)]
    if not filled:
        raise InputError(Problem(Said("其中没有要素", "has no feature in it"), file=file))
    frame = pd.concat([t.frame.drop(columns=[c for c in KML_FIELDS if c in t.frame]) for t in filled]).fillna("")
    frame = frame.drop(columns=[c for c in KML_OWN_FIELDS if c in frame and not (frame[c] != "").any()])
    geometry = [shape for t in filled if t.geometry is not None for shape in t.geometry]
    shapes = gpd.GeoSeries(geometry, crs="EPSG:4326") if len(geometry) == len(frame) else None
    return VectorTable(frame.reset_index(drop=True), shapes, _crs_text(shapes), layer=layer)


def _archived_shapefiles(members: list[str]) -> list[str]:
    """Give the paths of an archive's shapefiles without their suffix."""
    shapes = (n for n in members if n.lower().endswith(".shp") and not n.startswith("__MACOSX/"))
    return sorted({str(PurePosixPath(n).with_suffix("")) for n in shapes})


def _choose_layer(source: Path, kind: str, layer: str | None, path: Path) -> str:
    layers = list_layers(source, kind, file=str(path))
    names = [name for name, _ in layers]
    if layer is not None:
        if layer not in names:
            raise InputError(
                Problem(
                    Said(f"没有这个图层；现有：{', '.join(names)}", f"no such layer; there are: {', '.join(names)}"),
                    file=str(path),
                    value=layer,
                )
            )
        return layer
    spatial = [name for name, kind in layers if kind is not None] or names
    if len(spatial) != 1:
        message = Said(
            f"有 {len(spatial)} 个图层；请写明 {path.name}#图层：{', '.join(spatial)}",
            f"has {len(spatial)} layers; say which as {path.name}#LAYER: {', '.join(spatial)}",
        )
        raise InputError(Problem(message, file=str(path)))
    return spatial[0]


def _read_shapefile(path: Path, *, file: str) -> VectorTable:
    beside = {p.suffix.lower(): p for p in path.parent.iterdir() if p.stem == path.stem}
    missing = [part for part in (".shx", ".dbf") if part not in beside]
    if missing:
        message = Said(
            f"旁边缺少 {'、'.join(missing)}；一份 Shapefile 由 .shp、.shx、.dbf（及 .prj）组成",
            f"misses its {' and '.join(missing)} beside it; a shapefile is .shp, .shx, .dbf (and .prj) together",
        )
        raise InputError(Problem(message, file=file))
    _check_length(path, file)
    attributes = read_dbf(beside[".dbf"], file=file)
    shapes = _read_ogr(path, kind="shp", file=file, layer=None, columns=[])
    if len(shapes.frame) != len(attributes.rows):
        message = Said(
            f"有 {len(shapes.frame)} 个图形而有 {len(attributes.rows)} 条记录，各文件不配套",
            f"{len(shapes.frame)} shapes but {len(attributes.rows)} records; its files do not belong together",
        )
        raise InputError(Problem(message, file=file))
    stated = beside[".cpg"].read_text("ascii", errors="replace").strip() if ".cpg" in beside else None
    return VectorTable(
        frame=pd.DataFrame(attributes.rows, columns=_numbered(attributes.columns), dtype=object),
        geometry=shapes.geometry,
        crs=shapes.crs,
        encoding=attributes.encoding,
        wrong_encoding=stated is not None and not _same_encoding(stated, attributes),
    )


def _check_length(path: Path, file: str) -> None:
    """Refuse a .shp that is shorter than its own header says: GDAL would read the missing shapes as empty ones."""
    with path.open("rb") as stream:
        header = stream.read(_SHAPE_HEADER_BYTES)
    stated = 2 * int.from_bytes(header[24:28], "big") if len(header) == _SHAPE_HEADER_BYTES else None
    if stated is None or path.stat().st_size < stated:
        raise InputError(
            Problem(Said("其 .shp 不完整，请重新复制或导出", "its .shp is cut off; copy or export it again"), file=file)
        )


def _numbered(columns: list[str]) -> list[str]:
    """Tell names apart that were cut to the same ten bytes."""
    seen: dict[str, int] = {}
    result = []
    for column in columns:
        seen[column] = seen.get(column, 0) + 1
        result.append(column if seen[column] == 1 else f"{column}_{seen[column]}")
    return result


def _same_encoding(stated: str, table: DbfTable) -> bool:
    plain = stated.casefold().replace("-", "").replace("_", "").removeprefix("cp").removeprefix("windows")
    utf8, chinese = {"utf8", "65001"}, {"936", "gbk", "gb2312", "gb18030", "54936"}
    return {"ascii": True, "utf-8": plain in utf8, "gb18030": plain in chinese}[table.encoding]


def _read_zipped_shapefile(path: Path, layer: str | None) -> VectorTable:
    """Unpack one shapefile of an archive under a plain name, as names in such archives are often GBK, and read it."""
    file, budget = str(path), [LARGEST_UNPACKED_BYTES]
    with open_archive(path) as archive, held_folder() as folder:
        members = [n for n in archive.namelist() if not n.startswith("__MACOSX/")]
        stems = _archived_shapefiles(members)
        if layer is not None:
            stems = [s for s in stems if PurePosixPath(s).name == layer]
        if len(stems) != 1:
            found = ", ".join(PurePosixPath(s).name for s in stems) or "none"
            message = Said(
                f"一个压缩包只读一份 Shapefile，其中有：{found}；请写明 {path.name}#名称",
                f"one shapefile is read from an archive, and it holds: {found}; say which as {path.name}#NAME",
            )
            raise InputError(Problem(message, file=file))
        for member in members:
            suffix = PurePosixPath(member).suffix.lower()
            if str(PurePosixPath(member).with_suffix("")) == stems[0] and suffix in SHAPEFILE_PARTS:
                with (folder / f"layer{suffix}").open("wb") as out:
                    out.writelines(unpacked_chunks(archive, member, file=file, budget=budget))
        return _read_shapefile(folder / "layer.shp", file=file)


def _read_parquet(path: Path) -> VectorTable:
    try:
        metadata = pq.ParquetFile(path).metadata
        size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        if metadata.num_rows * metadata.num_columns > MOST_CELLS or size > 4 * LARGEST_UNPACKED_BYTES:
            message = Said(
                f"有 {metadata.num_rows} 行、{size / 2**20:.0f} MB：多于任何设施表或人口表",
                f"{metadata.num_rows} rows, {size / 2**20:.0f} MB: more than any table of facilities or people has",
            )
            raise InputError(Problem(message, file=str(path)))  # noqa: TRY301 (it is the file's own doing)
        if b"geo" not in (metadata.metadata or {}):
            return VectorTable(_as_text(pd.read_parquet(path)), geometry=None, crs=None)
        frame = gpd.read_parquet(path)
    except InputError:
        raise
    except (pa.ArrowException, shapely.errors.ShapelyError, OSError, ValueError, TypeError, KeyError) as e:
        reason = (str(e).splitlines() or [type(e).__name__])[0][:200]
        message = Said(
            f"不能作为 Parquet 读取（{reason}）；文件损坏或不完整",
            f"cannot be read as Parquet ({reason}); it is damaged or cut off",
        )
        raise InputError(Problem(message, file=str(path))) from None
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return VectorTable(_as_text(attributes), frame.geometry.reset_index(drop=True), _crs_text(frame.geometry))


def _crs_text(geometry: gpd.GeoSeries | None) -> str | None:
    if geometry is None or geometry.crs is None:
        return None
    code = geometry.crs.to_epsg()
    return f"EPSG:{code}" if code is not None else str(geometry.crs.to_wkt())


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {str(name): [_cell_text(v) for v in frame[name].tolist()] for name in frame.columns}
    return pd.DataFrame(columns, dtype=object, index=range(len(frame)))


def _cell_text(value: Any) -> str:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_INTEGERS else repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)
