"""The planned district and its units (streets, 街道), from OSM areas, files or a box."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.osm import WGS84
from circle15.inputs.partition import Partition, partition
from circle15.inputs.polygons import Polygons, read_polygons
from circle15.inputs.shapes import areal
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.config import Config

REST_SUFFIX = "-rest"
_UNSAFE = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class District:
    """The planned area and its units, which fill it without overlaps."""

    id: str
    name: str
    geometry: Any  # Polygon or MultiPolygon, degrees WGS-84
    units: gpd.GeoDataFrame  # unit_id, unit_name, geometry (EPSG:4326); sorted by unit_id
    notes: tuple[str, ...] = ()  # what was repaired, clipped, left out; in the config's language
    inputs: dict[str, Path] = field(default_factory=dict)  # files read, as the config names them


def read_district(config: Config, osm_path: str | Path) -> District:
    """Read the district and the units that a config names.

    Parameters
    ----------
    config
        Its [district] table says where boundary and units come from.
    osm_path
        OSM file that ``osm:`` selections mean.

    Raises
    ------
    InputError
        If nothing matches, or a file cannot be used; the message says what would be right.
    """
    table = config.district
    shared: dict[str, Any] = {"osm_path": Path(osm_path), "resolve": config.resolve, "lang": table.lang}
    boundary = read_polygons(table.boundary, key="district.boundary", **shared)
    geometry = _one_boundary(boundary, table.boundary)
    notes = list(boundary.notes)
    if table.units is None:
        units = _frame([table.id], [table.name], [geometry])
        return District(table.id, table.name, geometry, units, tuple(notes), boundary.inputs)
    found = read_polygons(
        table.units, key="district.units", id_field=table.unit_id_field, name_field=table.unit_name_field, **shared
    )
    units, unit_notes = _units(found, geometry, config)
    inputs = {**boundary.inputs, **found.inputs}
    return District(table.id, table.name, geometry, units, (*notes, *found.notes, *unit_notes), inputs)


def buffer_area(geometry: Any, buffer_m: float) -> Any:
    """Widen a geometry by ``buffer_m`` metres, nowhere less.

    A degree of longitude is taken at the latitude where it is shortest, so that farther from the pole the area is a
    little larger than asked for.
    """
    if buffer_m == 0:
        return geometry
    per_degree = EARTH_RADIUS_M * math.pi / 180
    _, south, _, north = geometry.bounds
    lat = min(max(abs(south), abs(north)) + buffer_m / per_degree, 89.0)
    scale = np.array([per_degree * math.cos(math.radians(lat)), per_degree])
    metric = shapely.transform(geometry, lambda xy: xy * scale)
    return shapely.transform(shapely.buffer(metric, buffer_m), lambda xy: xy / scale)


def _one_boundary(boundary: Polygons, text: str) -> Any:
    frame = boundary.frame
    if text.startswith("osm:") and len(frame) > 1:
        found = ", ".join(f"{n} ({k})" for n, k in zip(frame["name"], frame["key"], strict=True))
        message = f"matches {len(frame)} areas: {found}; add a condition that only one of them meets, such as name=..."
        raise InputError(Problem(message, key="district.boundary", value=text))
    geometry = areal(shapely.union_all(frame.geometry.to_numpy()))
    if geometry.is_empty:
        raise InputError(Problem("the boundary has no area", key="district.boundary", value=text))
    return geometry


def _units(found: Polygons, district: Any, config: Config) -> tuple[gpd.GeoDataFrame, list[str]]:
    table = config.district
    zh = table.lang == "zh"
    frame = found.frame[shapely.intersects(found.frame.geometry.to_numpy(), district)]
    frame = frame.sort_values(["local_name", "key"], kind="stable").reset_index(drop=True)
    ids, names, geometry = _joined_by_key(frame, table)
    order = np.argsort(np.array(ids, dtype=object), kind="stable")
    ids, names, geometry = [ids[i] for i in order], [names[i] for i in order], geometry[order]
    cut = partition(district, geometry)
    kept = np.flatnonzero(shapely.area(cut.geometry) > 0)
    if len(kept) == 0:
        message = "no unit lies in the district; check that both come from the same place and coordinate system"
        raise InputError(Problem(message, key="district.units", value=table.units))
    notes = _partition_notes(cut, names, zh=zh)
    ids, names = [ids[i] for i in kept], [names[i] for i in kept]
    polygons = list(cut.geometry[kept])
    if not cut.rest.is_empty:
        ids.append(_unique(f"{table.id}{REST_SUFFIX}", {*ids}))
        names.append("其余" if zh else "rest")
        polygons.append(cut.rest)
    return _frame(ids, names, polygons), notes


def _joined_by_key(frame: gpd.GeoDataFrame, table: Any) -> tuple[list[str], list[str], Any]:
    """Give each unit's id, name and polygon; rows with the same id field are parts of one unit."""
    if table.unit_id_field is not None:
        clashes = frame.groupby("key")["name"].nunique()
        clashes = clashes[clashes > 1].index.tolist()
        if clashes:
            message = f"'{clashes[0]}' stands for units of different names; every unit needs an id of its own"
            raise InputError(Problem(message, column=table.unit_id_field, value=clashes[0]))
        frame = frame.dissolve(by="key", as_index=False, sort=False)
    taken = {table.id}  # the whole district has a row beside its units
    ids = []
    for n, (key, name) in enumerate(zip(frame["key"], frame["local_name"], strict=True), start=1):
        wanted = key if table.unit_id_field is not None else name
        ids.append(_unique(file_safe(wanted) or file_safe(key) or f"unit-{n:03d}", taken))
        taken.add(ids[-1])
    names = [name or key or unit_id for name, key, unit_id in zip(frame["name"], frame["key"], ids, strict=True)]
    return ids, names, frame.geometry.to_numpy()


def file_safe(text: str) -> str:
    """Write a name with a-z 0-9 - _ alone; empty where letters of another script would be lost.

    Examples
    --------
    >>> file_safe("Sainte-Dévote"), file_safe("粤海街道")
    ('sainte-devote', '')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    if any(c.isalnum() and not c.isascii() for c in plain):
        return ""
    return _UNSAFE.sub("-", plain).strip("-_")[:64]


def _unique(wanted: str, taken: set[str]) -> str:
    n, name = 1, wanted
    while name in taken:
        n += 1
        name = f"{wanted}-{n}"
    return name


def _partition_notes(cut: Partition, names: Sequence[str], *, zh: bool) -> list[str]:
    notes = []
    if cut.touching:
        listed = ", ".join(names[i] for i in cut.touching)
        notes.append(
            f"仅与区界相邻、未纳入的单元：{listed}"
            if zh
            else f"units that merely touch the district, left out: {listed}"
        )
    for keeper, loser, area in cut.overlaps:
        notes.append(
            f"{names[keeper]} 与 {names[loser]} 重叠 {area:,.0f} 平方米，归 {names[keeper]}"
            if zh
            else f"{names[keeper]} and {names[loser]} overlap by {area:,.0f} m2, counted to {names[keeper]}"
        )
    if not cut.rest.is_empty:
        notes.append(
            f"区内 {cut.rest_m2:,.0f} 平方米不属任何单元，列为“其余”"
            if zh
            else f"{cut.rest_m2:,.0f} m2 of the district lie in no unit and are shown as 'rest'"
        )
    return notes


def _frame(ids: Sequence[str], names: Sequence[str], geometry: Sequence[Any]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"unit_id": list(ids), "unit_name": list(names)}, dtype=object)
    units = gpd.GeoDataFrame(frame, geometry=np.array([*geometry, None], dtype=object)[:-1], crs=WGS84)
    return units.sort_values("unit_id", kind="stable").reset_index(drop=True)
