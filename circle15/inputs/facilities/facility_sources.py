"""Facilities of every source as one frame: tables and geographic files as the config names them, and OSM features."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.errors import InputError
from circle15.inputs.facilities.crs_signs import Sign, table_signs
from circle15.inputs.facilities.facility_values import capacity_column, is_closed, unit_of
from circle15.inputs.facilities.outlines import point_on, read_places
from circle15.inputs.tables.import_report import Change, DroppedFacility
from circle15.inputs.tables.repeated_rows import repeated_years
from circle15.inputs.tables.row_filter import n_left_out
from circle15.inputs.tables.values import ValueReader, open_table
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.config.layer import LayerTable
    from circle15.inputs.facilities.places import Places
    from circle15.inputs.osm.features import Features
    from circle15.inputs.tables.reading import Table

WGS84 = "EPSG:4326"
COLUMNS = (
    "facility_id", "layer", "name", "lon", "lat", "capacity", "used", "quality", "source", "address", "street",
    "community", "ownership", "geometry",
)  # fmt: skip
NEAR_M = 100.0
_TEXT_FIELDS = ("address", "street", "community")
_LONGEST_ID = 60
_AROUND = (-1, 0, 1)
_HIGHEST_LAT = 85.0
_MOST_KEPT = 8  # facilities of one name in one cell that later ones are compared with


@dataclass(frozen=True, slots=True)
class FacilityTable:
    """Facilities of one or more layers, and what happened to them on the way in.

    `frame` is EPSG:4326 with the columns `COLUMNS`: text is "" and numbers are NaN where nothing is said; `quality` is
    1 or 0 (or a share between); `geometry` is the point, or the polygon or line that the source has, `lon` and `lat`
    then a point on it.
    """

    frame: gpd.GeoDataFrame
    changes: tuple[Change, ...] = ()
    dropped: tuple[DroppedFacility, ...] = ()
    places: Places | None = None  # of every row of a file, also those left out
    names: tuple[str, ...] = ()  # the same rows'
    rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # their numbers
    is_own_geometry: bool = False  # places are the file's geometry, not columns
    headings: tuple[str, ...] = ()  # of a file
    signs: tuple[Sign, ...] = ()  # of the map service that a file's coordinates come from
    capacity_unit: str | None = None  # that a file's column of capacities counts in, None where it does not say
    near_duplicates: tuple[tuple[int, int], ...] = ()  # rows of `frame`: same name within 100 m of an earlier one
    unread: tuple[Change, ...] = ()  # of `changes`: capacities and used places that are no amounts
    n_filtered: int = 0  # rows that the layer's `where` leaves out


def read_facilities(
    layer: LayerTable, path: Path, *, headings: Mapping[str, Sequence[str]] | None = None
) -> FacilityTable:
    """Read a layer's facilities from a table or a geographic file.

    Columns that the layer names (`name_field`, `capacity_field` ...) win over recognised headings. Rows without usable
    coordinates, exact repetitions and facilities that are not open are left out, and named in `dropped`.

    Parameters
    ----------
    layer
        The layer's table of the config.
    path
        Its source, resolved; ``file.xlsx#SHEET`` names a sheet, ``file.gpkg#LAYER`` a layer.
    headings
        The config's own headings, field to headings.

    Raises
    ------
    InputError
        If the file cannot be read, a column named is missing, two columns could be the same field, no coordinate system
        is said, no row has usable coordinates, `where` chooses none, or one facility stands there for several years.
    """
    reader = open_layer(layer, path, headings=headings)
    table, found = reader.table, reader.found
    name_column = reader.column_of("name", layer.name_field, required_choice=True)
    capacity, used = capacity_column(reader, layer), reader.column_of("used", layer.used_field, required_choice=True)
    places = read_places(reader, layer, key=f"layer.{layer.id}")
    names = reader.text(name_column)
    values: dict[str, object] = {
        "name": names,
        "capacity": reader.numbers(capacity),
        "used": reader.numbers(used),
        "quality": reader.flags(reader.column_of("quality", layer.quality_field)),
        **{f: reader.text(reader.column_of(f)) for f in _TEXT_FIELDS},
        "ownership": reader.kinds(),
    }
    keys = (
        (name, x, y) if name and place is None else None
        for name, x, y, place in zip(names, places.lon, places.lat, places.reason, strict=True)
    )
    used_amounts = [c for c in (capacity, used) if c is not None]
    InputError.gather(repeated_years(table, found, keys, amounts=used_amounts, where=f"layer.{layer.id}.where"))
    status = reader.text(reader.column_of("status"))
    ids, id_changes = _facility_ids(layer, table, reader.column_of("id", layer.id_field))
    frame = _frame(
        {
            "facility_id": ids,
            "layer": [layer.id] * len(ids),
            **values,
            "lon": places.lon,
            "lat": places.lat,
            "source": [f"{table.path.name}:{row}" for row in table.row],
        },
        places.geometry,
    )
    reasons = _reasons_to_leave_out(table, found, places, status)
    kept = np.array([r is None for r in reasons], dtype=np.bool_)
    dropped = [
        (i, DroppedFacility(layer.id, frame["source"].iloc[i], frame["name"].iloc[i], r[0], r[1]))
        for i, r in enumerate(reasons)
        if r is not None
    ]
    lines = [
        Change(table.path.name, d.reason, table.sheet, int(table.row[i]), original=d.name, detail=d.detail)
        for i, d in dropped
    ]
    changes = [*table.changes, *places.changes, *reader.changes, *id_changes, *lines]
    return FacilityTable(
        frame=frame[kept].reset_index(drop=True),
        changes=tuple(sorted(changes, key=lambda c: c.row or 0)),
        dropped=tuple(d for _, d in dropped),
        places=places,
        names=tuple(frame["name"]),
        rows=table.row,
        is_own_geometry=table.geometry is not None and layer.lon_field is None,
        headings=tuple(table.columns),
        signs=table_signs(table),
        capacity_unit=None if capacity is None else unit_of(capacity, found),
        unread=tuple(reader.unread.values()),
        n_filtered=n_left_out(table),
    )


def open_layer(layer: LayerTable, path: Path, *, headings: Mapping[str, Sequence[str]] | None) -> ValueReader:
    """Open a layer's file."""
    named = (layer.name_field, layer.lon_field, layer.lat_field, layer.id_field, layer.capacity_field)
    return open_table(
        path,
        headings=headings,
        key=f"layer.{layer.id}",
        stated=(*named, layer.used_field, layer.quality_field),
        where=layer.where,
        may_be_empty=layer.allow_empty,
        encoding=layer.encoding,
    )


def facilities_from_osm(found: Features) -> FacilityTable:
    """Give features of `osm.read_features` as facilities; those without a whole geometry are in `dropped`.

    Parameters
    ----------
    found
        Objects in EPSG:4326 with ``layer, osm_id, name, capacity, tags, geometry``, and those that are not whole.
    """
    features = found.frame
    points = [point_on(g) for g in features.geometry]
    n = len(features)
    tags = features["tags"].tolist() if "tags" in features else [{}] * n
    frame = _frame(
        {
            "facility_id": [f"{a}-{b}" for a, b in zip(features["layer"], features["osm_id"], strict=True)],
            "layer": features["layer"].tolist(),
            "name": features["name"].fillna("").tolist(),
            "lon": np.array([p.x for p in points], dtype=np.float64),
            "lat": np.array([p.y for p in points], dtype=np.float64),
            "capacity": features["capacity"].to_numpy(np.float64),
            "used": np.full(n, np.nan),
            "quality": np.full(n, np.nan),
            "source": [f"osm:{i}" for i in features["osm_id"]],
            "address": [str(t.get("addr:full", "")) for t in tags],
            **{f: [""] * n for f in ("street", "community", "ownership")},
        },
        features.geometry.to_numpy(),
    )
    lost = (DroppedFacility(layer, f"osm:{i}", name, "not_whole") for layer, i, name in found.left_out)
    return FacilityTable(frame=frame, dropped=tuple(lost))


def combine_facilities(tables: Sequence[FacilityTable]) -> FacilityTable:
    """Put the facilities of all layers into one frame with ids that differ, and report likely duplicates.

    The same name within 100 m is reported, within a layer and between layers, and nothing is dropped for it: a service
    centre does stand in several lists.
    """
    frames = [t.frame for t in tables if len(t.frame)]
    frame = (
        pd.concat(frames, ignore_index=True)
        if frames
        else _frame({c: [] for c in COLUMNS[:-1]}, np.array([], dtype=object))
    )
    # Ids differ within a layer; "a" with "b-1" and "a-b" with "1" would be the same.
    ids: dict[str, None] = {}
    for facility_id in frame["facility_id"]:
        ids[_distinct(facility_id, set(ids)) if facility_id in ids else facility_id] = None
    frame = gpd.GeoDataFrame(frame.assign(facility_id=list(ids)), geometry="geometry", crs=WGS84)
    # Two layers may share a file, whose lines are told once.
    changes = dict.fromkeys(c for t in tables for c in t.changes)
    pairs = near_duplicates(frame)
    return FacilityTable(
        frame=frame,
        changes=(*changes, *(_duplicate_line(frame, later, earlier) for later, earlier in pairs)),
        dropped=tuple(d for t in tables for d in t.dropped),
        near_duplicates=tuple(pairs),
        unread=tuple(dict.fromkeys(c for t in tables for c in t.unread)),
    )


def near_duplicates(frame: gpd.GeoDataFrame) -> list[tuple[int, int]]:
    """Find facilities of the same name within 100 m of an earlier one: rows of each and of the nearest earlier one."""
    if len(frame) == 0:
        return []
    lon, lat = frame["lon"].to_numpy(np.float64), frame["lat"].to_numpy(np.float64)
    high = np.deg2rad(min(float(np.abs(lat).max()), _HIGHEST_LAT))
    # A cell is at least 100 m wide everywhere, so whatever is within 100 m is in it or beside it.
    column = np.floor(np.deg2rad(lon) * EARTH_RADIUS_M * np.cos(high) / NEAR_M).astype(np.int64).tolist()
    row = np.floor(np.deg2rad(lat) * EARTH_RADIUS_M / NEAR_M).astype(np.int64).tolist()
    seen: dict[tuple[str, int, int], list[int]] = {}
    pairs = []
    for i, text in enumerate(frame["name"].tolist()):
        name = unicodedata.normalize("NFKC", text).replace(" ", "").casefold()
        if not name:
            continue
        around = [j for x in _AROUND for y in _AROUND for j in seen.get((name, column[i] + x, row[i] + y), ())]
        if around:
            away = _metres(lon[i], lat[i], lon[around], lat[around])
            if away.min() <= NEAR_M:
                pairs.append((i, around[int(away.argmin())]))
        here = seen.setdefault((name, column[i], row[i]), [])
        if len(here) < _MOST_KEPT:
            here.append(i)
    return pairs


def _metres(lon: float, lat: float, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
    east, north = np.deg2rad(lons - lon) * np.cos(np.deg2rad(lat)), np.deg2rad(lats - lat)
    return np.asarray(np.hypot(east, north) * EARTH_RADIUS_M)


def _duplicate_line(frame: gpd.GeoDataFrame, later: int, earlier: int) -> Change:
    file, _, row = frame["source"].iloc[later].rpartition(":")
    other = f"{frame['layer'].iloc[earlier]}, {frame['source'].iloc[earlier]}"
    number = int(row) if row.isdigit() else None
    name = frame["name"].iloc[later]
    return Change(file=file, row=number, original=name, taken=name, reason="near_duplicate", detail=other)


def _frame(columns: Mapping[str, object], geometry: np.ndarray) -> gpd.GeoDataFrame:
    numbers = ("lon", "lat", "capacity", "used", "quality")
    # Texts as the objects that they are: pandas would pack them, and unpack each into a text of its own again.
    kept = {c: pd.Series(columns[c], dtype=np.float64 if c in numbers else object) for c in COLUMNS if c != "geometry"}
    return gpd.GeoDataFrame({**kept, "geometry": geometry}, geometry="geometry", crs=WGS84)


def _reasons_to_leave_out(
    table: Table, found: Mapping[str, list[list[str]]], places: Places, status: list[str]
) -> list[tuple[str, str] | None]:
    """Give for each row why it is out, None for those that stay."""
    counters = {c for rank in found.get("serial", []) for c in rank}
    columns = [c for c in table.columns if c not in counters]
    cells = table.frame[columns].to_numpy(dtype=object)
    first_seen: dict[tuple[object, ...], int] = {}
    reasons: list[tuple[str, str] | None] = []
    shapes = shapely.to_wkb(places.geometry) if table.geometry is not None else [None] * len(cells)
    for i, (row, shape) in enumerate(zip(cells.tolist(), shapes, strict=True)):
        key = (*(" ".join(c.split()) for c in row), shape)
        earlier = first_seen.setdefault(key, int(table.row[i]))
        reason = places.reason[i]
        if reason is not None:
            reasons.append((reason, ""))
        elif earlier != table.row[i]:
            reasons.append(("duplicate_row", str(earlier)))
        elif is_closed(status[i]):
            reasons.append(("closed", status[i]))
        else:
            reasons.append(None)
    return reasons


def _facility_ids(layer: LayerTable, table: Table, column: str | None) -> tuple[list[str], list[Change]]:
    """Give ids that are unique in the layer and safe for file names: the table's own, or the row's number."""
    own = table.frame[column].tolist() if column is not None else [""] * len(table.frame)
    ids: list[str] = []
    taken: set[str] = set()
    changes: list[Change] = []
    for text, row in zip(own, table.row.tolist(), strict=True):
        safe = safe_id(text) or str(row)
        reason = "id_made_safe" if text.strip() and safe != text.strip() else None
        facility_id = f"{layer.id}-{safe}"
        if facility_id in taken:
            facility_id = _distinct(f"{facility_id}-{row}", taken)
            reason = "id_repeated"
        taken.add(facility_id)
        ids.append(facility_id)
        if reason is not None:
            changes.append(Change(table.path.name, reason, table.sheet, row, column, text, facility_id))
    return ids, changes


def safe_id(text: str) -> str:
    """Give ``text`` with nothing but a-z 0-9 - _ in it, "" where other letters would be lost."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if any(c.isalnum() and not c.isascii() for c in plain):
        return ""
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:_LONGEST_ID]


def _distinct(wanted: str, taken: set[str]) -> str:
    """Give ``wanted``, or it with the first number behind it that is not taken."""
    return next(i for i in chain((wanted,), (f"{wanted}-{n}" for n in count(2))) if i not in taken)
