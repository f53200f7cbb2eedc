"""OpenStreetMap extracts to frames: facilities, administrative areas, buildings; and the streets' columns.

Files are read by pyosmium in a stream, filtered by key in C++; only what passes reaches Python.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.osm.columns import OsmColumns, read_columns
from circle15.inputs.osm.duplicates import merge_duplicates
from circle15.inputs.osm.file import is_osm_file, osm_errors
from circle15.inputs.osm.objects import matching_objects, placed_objects, to_geometries
from circle15.inputs.osm.shapes import closed_way_polygons, ways_near
from circle15.inputs.osm.tag_filter import TagFilter, parse_tag_filter
from circle15.inputs.tables.numbers import parse_number
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

__all__ = [
    "Features",
    "data_extent",
    "header_extent",
    "is_osm_file",
    "read_areas",
    "read_buildings",
    "read_features",
    "read_ways",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Features:
    """Objects of an OSM file that layers ask for, and those that the file does not hold whole."""

    frame: gpd.GeoDataFrame
    left_out: tuple[tuple[str, str, str], ...]  # layer, osm_id, name

    def of_layer(self, layer: str) -> Features:
        """Give one layer's."""
        own = self.frame[self.frame["layer"] == layer].reset_index(drop=True)
        return Features(own, tuple(lost for lost in self.left_out if lost[0] == layer))


WGS84 = "EPSG:4326"
FEATURE_TAGS = ("opening_hours", "operator", "access", "wheelchair", "phone", "website", "addr:full")
BUILDING_USE_KEYS = ("building:use", "amenity", "shop", "office", "tourism", "leisure", "name")
AREA_RELATIONS = ("multipolygon", "boundary")
STREET_KEYS = ("highway", "railway", "public_transport", "man_made", "route", "barrier", "waterway", "kerb")


def read_ways(
    path: str | Path, *, way_keys: Sequence[str], node_keys: Sequence[str], text: Path | None = None
) -> OsmColumns:
    """Read the ways that may be streets or paths, and the tagged nodes on them, as arrays.

    Taken are ways and nodes with one of the keys ``STREET_KEYS``: highways, and the piers, platforms, ferries,
    barriers, kerbs and rivers that a walker meets. Who may walk on them is not decided here.

    Parameters
    ----------
    path
        OSM file.
    way_keys, node_keys
        Keys whose values are kept.
    text
        The part of the file to read, as `circle15.inputs.osm.parts` writes it; by default the whole file.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    return read_columns(path, having=STREET_KEYS, way_keys=way_keys, node_keys=node_keys, text=text)


def read_features(
    path: str | Path, filters: Mapping[str, str | TagFilter], *, area: Any = None, names_in: str = "zh"
) -> Features:
    """Read facilities by tags, for all layers in one pass over the file.

    Nodes become points, closed ways and multipolygon relations polygons, open ways lines. One place mapped twice
    counts once: see `merge_duplicates`.

    Parameters
    ----------
    path
        OSM file.
    filters
        Tag selection of each layer, as in a config (`parse_tag_filter`).
    area
        Shapely geometry, degrees WGS-84; only what meets it is kept.
    names_in
        "zh" takes ``name:zh`` before ``name``, "en" ``name:en``.

    Returns
    -------
    Features
        `frame`: EPSG:4326, sorted by layer (in the order given), kind and id: ``layer``, ``osm_id`` ("n1", "w1", "r1"),
        ``tag`` (the one that matched, "amenity=clinic"), ``name`` (empty where there is none), ``capacity``
        (float64, NaN where not tagged as a number), ``capacity_unread`` (bool, tagged but no number), ``tags``
        (dict of `FEATURE_TAGS`), ``merged`` (ids of the objects counted as this one, blank-separated), ``geometry``.
        `left_out`: layer, id and name of each object whose geometry the file does not hold whole.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    ConfigError
        If a selection cannot be parsed.
    """
    parsed = {
        layer: f if isinstance(f, TagFilter) else parse_tag_filter(f, key=f"layer.{layer}.source")
        for layer, f in filters.items()
    }
    rows: list[dict[str, Any]] = []
    members: dict[str, list[str]] = {}
    places: list[Any] = []
    found = placed_objects(path, tuple(parsed.values()))
    for row in _met(found.geometry, area).tolist():
        osm_id, tags, _, parts = found.objects[row]
        matched = {layer: tag for layer, f in parsed.items() if (tag := f.main_tag(tags)) is not None}
        if parts and matched:
            members[osm_id] = parts
        stated = tags.get("capacity", tags.get("capacity:persons"))
        capacity = _capacity(stated)
        for layer, tag in matched.items():
            places.append(found.geometry[row])
            rows.append(
                {
                    "layer": layer,
                    "osm_id": osm_id,
                    "tag": tag,
                    "name": _name(tags, names_in),
                    "capacity": capacity,
                    "capacity_unread": stated is not None and np.isnan(capacity),
                    "tags": {k: tags[k] for k in FEATURE_TAGS if k in tags},
                }
            )
    columns = ["layer", "osm_id", "tag", "name", "capacity", "capacity_unread", "tags"]
    frame = _frame(rows, columns, places)
    lost = frame[frame.geometry.isna()]
    left_out = tuple(lost[["layer", "osm_id", "name"]].itertuples(index=False, name=None))
    frame = frame[frame.geometry.notna()].assign(layer=lambda f: pd.Categorical(f["layer"], list(parsed)))
    frame = merge_duplicates(_sorted(frame, ["layer"]), members).assign(layer=lambda f: f["layer"].astype(str))
    return Features(frame, left_out)


def read_areas(path: str | Path, selection: str | TagFilter, *, names_in: str = "zh") -> gpd.GeoDataFrame:
    """Read the areas (multipolygon and boundary relations, closed ways) that match a tag selection.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, sorted by kind and id: ``osm_id``, ``name``, ``admin_level``, ``tags`` (dict), ``geometry``; the
        geometry is None where the file holds the boundary only in part.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    ConfigError
        If the selection cannot be parsed.
    """
    chosen = selection if isinstance(selection, TagFilter) else parse_tag_filter(selection)
    rows: list[dict[str, Any]] = [
        {
            "osm_id": osm_id,
            "name": _name(tags, names_in),
            "admin_level": tags.get("admin_level", ""),
            "tags": tags,
            "geometry": geometry,
        }
        for osm_id, tags, geometry, _ in matching_objects(path, chosen)
        if geometry is not None or tags.get("type") in AREA_RELATIONS
    ]
    places = to_geometries([row["geometry"] for row in rows])
    frame = _frame(rows, ["osm_id", "name", "admin_level", "tags"], places)
    is_areal = np.isin(shapely.get_dimensions(frame.geometry.to_numpy()), (-1, 2))
    return _sorted(frame[is_areal], [])


def read_buildings(path: str | Path, area: Any = None) -> gpd.GeoDataFrame:
    """Read building footprints.

    A way that is the outline of a building relation is that building and does not count again.

    Parameters
    ----------
    path
        OSM file.
    area
        Shapely geometry, degrees WGS-84; only buildings that meet it are kept.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, sorted by kind and id: ``osm_id``, ``building`` (the tag's value), ``levels`` (float64 storeys, NaN
        where untagged), a column for each key of `BUILDING_USE_KEYS` (missing where untagged), ``geometry`` (valid
        polygons).

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    keys = ("building", "building:levels", *BUILDING_USE_KEYS)
    ways = read_columns(path, having=("building",), way_keys=keys, node_keys=())
    relations = list(matching_objects(path, parse_tag_filter("building"), only_relations=True))
    outlines = {way for _, _, geometry, parts in relations if geometry is not None for way in parts}
    near = ways_near(ways, area)
    ids = [f"w{i}" for i in ways.way_id[near].tolist()]
    values = {
        key: np.array(
            [*column.as_objects()[near], *(relation[1].get(key) for relation in relations), None], dtype=object
        )[:-1]
        for key, column in ways.way_tags.items()
    }
    frame = gpd.GeoDataFrame(
        {
            "osm_id": np.array([*ids, *(relation[0] for relation in relations)], dtype=object),
            "building": values["building"],
            "levels": np.array([_levels(text) for text in values["building:levels"]], dtype=np.float64),
            **{key: values[key] for key in BUILDING_USE_KEYS},
        },
        geometry=np.concatenate(
            [closed_way_polygons(ways, near), to_geometries([relation[2] for relation in relations])]
        ),
        crs=WGS84,
    )
    frame = frame[~frame["building"].isin(("no", None)) & ~frame["osm_id"].isin(outlines)]
    lost = frame.geometry.isna()
    if lost.any():
        log.warning(
            Said("%s：%d 栋建筑在文件中轮廓不全，略去", "%s: %d buildings have no whole outline in the file, left out"),
            path,
            int(lost.sum()),
        )
    if area is not None:
        shapely.prepare(area)
        lost |= ~shapely.intersects(area, frame.geometry.to_numpy())
    return _sorted(frame[~lost], [])


def header_extent(path: str | Path) -> Any:
    """Give the box that an OSM file's header says it covers, None where it says nothing.

    Some programs write boxes that mean nothing; compare with where the data lies before trusting it.
    """
    with osm_errors(path):
        box = osmium.FileProcessor(str(path)).header.box()
    if not box.valid():
        return None
    return shapely.box(box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)


def data_extent(path: str | Path) -> Any:
    """Give the box that an OSM file's data covers: the header's, else that of its streets.

    Raises
    ------
    InputError
        If the file cannot be read or has no streets.
    """
    stated = header_extent(path)
    if stated is not None:
        return stated
    ways = read_ways(path, way_keys=("highway",), node_keys=())
    if not np.isfinite(ways.lon).any():
        raise InputError(
            Problem(Said("没有节点齐全的道路", "holds no streets whose nodes are in the file"), file=str(path))
        )
    return shapely.box(np.nanmin(ways.lon), np.nanmin(ways.lat), np.nanmax(ways.lon), np.nanmax(ways.lat))


def _met(geometry: Any, area: Any) -> npt.NDArray[np.int64]:
    """Give the rows of what meets ``area``, and of what has no geometry."""
    if area is None:
        return np.arange(len(geometry))
    shapely.prepare(area)
    return np.flatnonzero(shapely.intersects(area, geometry) | shapely.is_missing(geometry))


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], geometry: Sequence[Any]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({c: [row[c] for row in rows] for c in columns})
    return gpd.GeoDataFrame(frame, geometry=np.array([*geometry, None], dtype=object)[:-1], crs=WGS84)


def _sorted(frame: gpd.GeoDataFrame, first: Sequence[str]) -> gpd.GeoDataFrame:
    """Sort by ``first``, then nodes, ways, relations, each by number."""
    ids = frame["osm_id"].tolist()
    keys = pd.DataFrame({"kind": ["nwr".index(i[0]) for i in ids], "number": [int(i[1:]) for i in ids]}, dtype="int64")
    keys = pd.concat([frame[list(first)].reset_index(drop=True), keys], axis=1)
    order = keys.sort_values([*first, "kind", "number"], kind="stable").index
    return frame.iloc[order].reset_index(drop=True)


def _name(tags: Mapping[str, str], names_in: str) -> str:
    return tags.get(f"name:{names_in}") or tags.get("name", "")


def _capacity(text: str | None) -> float:
    """Read a capacity, NaN where it is no number: thousands may have commas, a range is none."""
    value = parse_number(text or "").value
    return value if value >= 0 else float("nan")


def _levels(text: str | None) -> float:
    """Read the number that a building's levels begin with ("6;7" of its parts), NaN where there is none."""
    found = re.match(r"\s*(\d+(?:[.,]\d+)?)", text or "")
    return float(found[1].replace(",", ".")) if found else float("nan")
