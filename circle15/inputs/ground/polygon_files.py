"""Polygons of a vector file with their keys and names: layer and feature chosen, coordinates settled."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.errors import InputError, MissingColumnError, Problem
from circle15.files.door import is_there
from circle15.inputs.coordinates.systems import is_projected
from circle15.inputs.geofiles.vectors import layer_names, read_vector
from circle15.inputs.ground.feature_choice import choose_features
from circle15.inputs.ground.outline_systems import OutlineSource, outlines_to_wgs84, settle_system, signature_of
from circle15.inputs.osm.shapes import sound
from circle15.inputs.tables.file_guards import check_file
from circle15.inputs.tables.numbers import parse_code
from circle15.said import COMMA, Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".gdb", ".shp", ".zip", ".kml", ".kmz", ".parquet")
ID_FIELDS = (
    "unit_id", "adcode", "ADCODE", "code", "CODE", "id", "XZQDM", "PAC", "编码", "代码", "区划代码", "行政区划代码",
    "统计用区划代码",
)  # fmt: skip
_AREAL = 2  # dimensions of a polygon
_COLUMNS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class PolygonFile:
    """A file's polygons, not yet repaired."""

    path: Path
    keys: tuple[str, ...]  # (n,) "" where the file has none
    names: tuple[str, ...]  # (n,)
    geometry: Any  # (n,) polygons, degrees WGS-84
    not_areal: tuple[str, ...]  # features left out, by name, key or number in the file
    columns: tuple[str, ...]
    source: OutlineSource


def read_polygon_file(
    text: str,
    *,
    key: str,
    resolve: Callable[[str], Path],
    id_field: str | None,
    names: tuple[str | None, tuple[str, ...]],
    crs: str | None = None,
) -> PolygonFile:
    """Read the polygons of ``FILE``, ``FILE#NAME`` or ``FILE#LAYER#NAME``.

    Of a file with layers (GeoPackage, zip) the word behind # is a layer where there is one of that name, else a
    feature of the only layer. A boundary is one feature; units and communities may be several.

    Parameters
    ----------
    text, key, resolve, id_field
        As `polygons.read_polygons` takes them.
    names
        The column of names as the config states it, and the headings to look for without.
    crs
        The system that the config states.

    Raises
    ------
    InputError
        If the file cannot be used; ``key`` names the config's key.
    """
    name, _, part = (text, "", "") if is_there(resolve(text)) else text.partition("#")
    path = resolve(name.strip())
    file = str(path)
    if is_there(path) and path.suffix.lower() not in VECTOR_SUFFIXES:
        message = Said(
            f"从文件名看不是面文件；请给 {'、'.join(VECTOR_SUFFIXES)}、osm:选取 或 box:西,南,东,北",
            f"not a polygon file by its name; give {', '.join(VECTOR_SUFFIXES)}, osm:SELECTION or box:W,S,E,N",
        )
        raise InputError(Problem(message, file=file, key=key))
    try:
        kind = check_file(path)
        layer, feature = _layer_and_feature(path, kind, part)
        table = read_vector(path, kind, layer=layer)
    except InputError as e:
        raise type(e)(*(replace(problem, key=key) for problem in e.problems)) from None
    shapes = np.empty(0, dtype=object) if table.geometry is None else np.asarray(table.geometry.to_numpy())
    is_areal = shapely.get_dimensions(shapes) == _AREAL
    if not is_areal.any():
        raise InputError(Problem(Said("没有面", "holds no polygons"), file=file, key=key))
    keys = _codes(_column(table.frame, id_field, ID_FIELDS, file), id_field, file)
    named = _column(table.frame, *names, file)
    rows = np.flatnonzero(is_areal)
    lost = tuple(named[i] or keys[i] or f"#{i + 1}" for i in np.flatnonzero(~is_areal))
    if feature is not None:
        frame = table.frame.iloc[rows].reset_index(drop=True)
        own = {"keys": [keys[i] for i in rows], "names": [named[i] for i in rows]}
        chosen = choose_features(frame, feature, single=key == "district.boundary", file=file, key=key, **own)
        rows = rows[chosen]
    shapes = shapes[rows]
    system = settle_system(table.crs, crs, shapes, file=file, key=key)
    geometry = outlines_to_wgs84(shapes, system, file=file, key=key)
    _refuse_elsewhere(geometry, rows, file=file, key=key)
    source = OutlineSource(
        key=key.rpartition(".")[2],
        text=text,
        system=system,
        stated=crs,
        is_shiftable=system != "cgcs2000" and not is_projected(system),
        geometry=np.array([*(sound(shape) for shape in geometry), None], dtype=object)[:-1],  # overlays need valid ones
        signature=signature_of(list(table.frame.columns), path),
        names=tuple(named[i] for i in rows),
        keys=tuple(keys[i] for i in rows),
    )
    return PolygonFile(
        path=path,
        keys=tuple(keys[i] for i in rows),
        names=tuple(named[i] for i in rows),
        geometry=geometry,
        not_areal=() if feature is not None else lost,
        columns=tuple(str(c) for c in table.frame.columns),
        source=source,
    )


def nameless_note(read: PolygonFile, name_key: str) -> Said | None:
    """Say how many features have no name, and which columns there are; None where all have one."""
    n, of = sum(not name for name in read.names), len(read.names)
    if n == 0:
        return None
    shown = COMMA.join(read.columns[:_COLUMNS_SHOWN]) or Said("无", "none")
    none = Said("均无名称", "none of its") if n == of else Said(f"中 {n} 个无名称", f"{n} of its")
    return Said(
        f"{read.source.text}：{of} 个街道{none.zh}，以编码代替；如有名称列，请写 {name_key}（文件中的列：{shown.zh}）",
        f"{read.source.text}: {none.en} {of} units {'have' if n == of else 'lack'} a name and go by their codes; if a"
        f" column has the names, say it as {name_key} (columns of the file: {shown.en})",
    )


def _layer_and_feature(path: Path, kind: str, part: str) -> tuple[str | None, str | None]:
    """Tell what ``part``, the text behind #, names: a layer, a feature, or LAYER#FEATURE."""
    if not part:
        return None, None
    layers = layer_names(path, kind)
    if layers is None:
        return None, part
    first, _, feature = part.partition("#")
    if first in layers:
        return first, feature or None
    if len(layers) == 1 and not feature:
        return layers[0], part
    message = Said(
        f"没有这个图层；现有：{', '.join(layers)}；其中一个要素写作 {path.name}#图层#名称",
        f"no such layer; there are: {', '.join(layers)}; a feature of one is {path.name}#LAYER#NAME",
    )
    raise InputError(Problem(message, file=str(path), value=first))


def _refuse_elsewhere(geometry: npt.NDArray[np.object_], rows: npt.NDArray[np.int64], *, file: str, key: str) -> None:
    """Refuse outlines with a corner that is no place on earth."""
    corners, of_shape = shapely.get_coordinates(geometry, return_index=True)
    is_here = (np.abs(corners[:, 0]) <= 180.0) & (np.abs(corners[:, 1]) <= 90.0)  # noqa: PLR2004 (degrees)
    wrong = np.flatnonzero(~is_here)
    found = {int(rows[of_shape[i]]) + 1: corners[i] for i in wrong[::-1]}
    InputError.gather(
        Problem(
            Said(
                f"形状中有一点（{x:g}, {y:g}）不在地球上；请改正后重新导出",
                f"its shape has a corner at {x:g}, {y:g}, which is nowhere on earth; correct and export it again",
            ),
            file=file, key=key, row=row,
        )
        for row, (x, y) in sorted(found.items())
    )  # fmt: skip


def _codes(keys: list[str], id_field: str | None, file: str) -> list[str]:
    """Write out codes that were stored as numbers ("330205001000.0"); one that has lost digits is an error."""
    parsed = [parse_code(key) for key in keys]
    message = Said(
        "编码被存为数字，已丢失末位；请从来源以文本重新取编码",
        "a code that was stored as a number has lost digits; take the codes from their source again, as text",
    )
    InputError.gather(
        Problem(message, file=file, row=i, column=id_field, value=code.code)
        for i, code in enumerate(parsed, start=1)
        if code.is_lost and id_field is not None
    )
    return [code.code for code in parsed]


def _column(table: pd.DataFrame, given: str | None, known: tuple[str, ...], file: str) -> list[str]:
    """Give a column as text, "" where it is empty or there is no such column."""
    if given is not None and given not in table:
        columns = [str(c) for c in table]
        near = difflib.get_close_matches(given, columns, n=1)
        hint = Said(f"；是否想写“{near[0]}”？", f"; did you mean '{near[0]}'?") if near else Said("", "")
        listed = ", ".join(columns)
        message = Said(
            f"没有这一列{hint.zh}；文件中有 {listed or '无'}",
            f"no such column{hint.en}; the file has {listed or 'none'}",
        )
        raise MissingColumnError(Problem(message, file=file, column=given))
    name = given if given is not None else next((c for c in known if c in table), None)
    return [""] * len(table) if name is None else [str(value).strip() for value in table[name]]
