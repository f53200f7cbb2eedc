"""OpenStreetMap extracts to frames: facilities, administrative areas, buildings; and the streets' columns.

Files are read by pyosmium in a stream, filtered by key in C++; only what passes reaches Python.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.osm_columns import OsmColumns, read_columns
from circle15.inputs.osm_duplicates import merge_duplicates
from circle15.inputs.osm_file import is_osm_file, new_location_index, osm_errors
from circle15.inputs.shapes import MIN_RING, areal, closed_way_polygons
from circle15.inputs.tag_filter import TagFilter, parse_tag_filter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["data_extent", "header_extent", "is_osm_file", "read_areas", "read_buildings", "read_features", "read_ways"]

log = logging.getLogger(__name__)

WGS84 = "EPSG:4326"
FEATURE_TAGS = ("opening_hours", "operator", "access", "wheelchair", "phone", "website", "addr:full")
BUILDING_USE_KEYS = ("building:use", "amenity", "shop", "office", "tourism", "leisure", "name")
AREA_RELATIONS = ("multipolygon", "boundary")
STREET_KEYS = ("highway", "railway", "public_transport", "man_made", "route", "barrier")


def read_ways(path: str | Path, *, way_keys: Sequence[str], node_keys: Sequence[str]) -> OsmColumns:
    """Read the ways that may be streets or paths, and the tagged nodes on them, as arrays.

    Taken are ways and nodes with one of the keys ``STREET_KEYS``: highways, and the piers, platforms, ferries and
    barriers that a walker meets. Who may walk on them is not decided here.

    Parameters
    ----------
    path
        OSM file.
    way_keys, node_keys
        Keys whose values are kept.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    return read_columns(path, having=STREET_KEYS, way_keys=way_keys, node_keys=node_keys)


def read_features(
    path: str | Path, filters: Mapping[str, str | TagFilter], *, area: Any = None, lang: str = "zh"
) -> gpd.GeoDataFrame:
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
    lang
        "zh" takes ``name:zh`` before ``name``, "en" ``name:en``.

    Returns
    -------
    geopandas.GeoDataFrame
        EPSG:4326, sorted by layer (in the order given), kind and id: ``layer``, ``osm_id`` ("n1", "w1", "r1"),
        ``tag`` (the one that matched, "amenity=clinic"), ``name`` (empty where there is none), ``capacity``
        (float64, NaN where not tagged as a number), ``tags`` (dict of `FEATURE_TAGS`), ``merged``
        (ids of the objects counted as this one, blank-separated), ``geometry``. ``attrs["left_out"]`` lists
        objects whose geometry the file does not hold whole.

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
    for osm_id, tags, geometry, parts in _objects(path, tuple(parsed.values())):
        matched = {layer: tag for layer, f in parsed.items() if (tag := f.main_tag(tags)) is not None}
        if parts and matched:
            members[osm_id] = parts
        for layer, tag in matched.items():
            rows.append(
                {
                    "layer": layer,
                    "osm_id": osm_id,
                    "tag": tag,
                    "name": _name(tags, lang),
                    "capacity": _number(tags.get("capacity", tags.get("capacity:persons"))),
                    "tags": {k: tags[k] for k in FEATURE_TAGS if k in tags},
                    "geometry": geometry,
                }
            )
    columns = ["layer", "osm_id", "tag", "name", "capacity", "tags", "geometry"]
    frame = _frame(rows, columns, area)
    left_out = tuple(frame.loc[frame.geometry.isna(), "osm_id"])
    frame = frame[frame.geometry.notna()].assign(layer=lambda f: pd.Categorical(f["layer"], list(parsed)))
    frame = merge_duplicates(_sorted(frame, ["layer"]), members).assign(layer=lambda f: f["layer"].astype(str))
    frame.attrs["left_out"] = left_out
    if left_out:
        log.warning("%s: no whole geometry in the file, left out: %s", path, ", ".join(left_out))
    return frame


def read_areas(path: str | Path, selection: str | TagFilter, *, lang: str = "zh") -> gpd.GeoDataFrame:
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
    rows = [
        {
            "osm_id": osm_id,
            "name": _name(tags, lang),
            "admin_level": tags.get("admin_level", ""),
            "tags": tags,
            "geometry": geometry,
        }
        for osm_id, tags, geometry, _ in _objects(path, chosen)
        if geometry is not None or tags.get("type") in AREA_RELATIONS
    ]
    frame = _frame(rows, ["osm_id", "name", "admin_level", "tags", "geometry"], None)
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
    relations = list(_objects(path, parse_tag_filter("building"), only_relations=True))
    outlines = {way for _, _, geometry, parts in relations if geometry is not None for way in parts}
    ids = [f"w{i}" for i in ways.way_id.tolist()]
    values = {
        key: np.array([*column.as_objects(), *(relation[1].get(key) for relation in relations), None], dtype=object)[
            :-1
        ]
        for key, column in ways.way_tags.items()
    }
    frame = gpd.GeoDataFrame(
        {
            "osm_id": np.array([*ids, *(relation[0] for relation in relations)], dtype=object),
            "building": values["building"],
            "levels": np.array([_number(text) for text in values["building:levels"]], dtype=np.float64),
            **{key: values[key] for key in BUILDING_USE_KEYS},
        },
        geometry=np.concatenate([closed_way_polygons(ways), _geometries([relation[2] for relation in relations])]),
        crs=WGS84,
    )
    frame = frame[~frame["building"].isin(("no", None)) & ~frame["osm_id"].isin(outlines)]
    lost = frame.geometry.isna()
    if lost.any():
        log.warning("%s: %d buildings have no whole outline in the file, left out", path, int(lost.sum()))
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
        raise InputError(Problem("holds no streets whose nodes are in the file", file=str(path)))
    return shapely.box(np.nanmin(ways.lon), np.nanmin(ways.lat), np.nanmax(ways.lon), np.nanmax(ways.lat))


def _objects(
    path: str | Path, chosen: TagFilter | Sequence[TagFilter], *, only_relations: bool = False
) -> Iterator[_Object]:
    """Give each object that matches one of the selections, closed ways and multipolygon relations as areas."""
    filters = (chosen,) if isinstance(chosen, TagFilter) else tuple(chosen)
    keys = osmium.filter.KeyFilter(*sorted({key for f in filters for key in f.wanted}))
    with osm_errors(path):
        stream = osmium.FileProcessor(str(path)).with_locations(new_location_index(path)).with_areas(keys)
        if not any("type" in f.wanted for f in filters):  # areas have lost that tag
            stream = stream.with_filter(keys)
        if only_relations:
            ids = [o.id for o in osmium.FileProcessor(str(path), osmium.osm.RELATION).with_filter(keys)]
            if not ids:
                return
            # libosmium numbers areas of relations 2 id + 1, those of closed ways 2 id.
            of_relations = osmium.filter.IdFilter([2 * i + 1 for i in ids])
            of_relations.enable_for(osmium.osm.AREA)
            kinds = osmium.filter.EntityFilter(osmium.osm.RELATION | osmium.osm.AREA)
            stream = stream.with_filter(kinds).with_filter(of_relations)
        yield from _matching(stream, filters)


# Id, tags, geometry as hex WKB (None where the file does not hold it whole), ways of the outline.
_Object = tuple[str, dict[str, str], str | None, list[str]]


def _matching(stream: Any, filters: Sequence[TagFilter]) -> Iterator[_Object]:
    """Match tags; ways and relations wait for the area that may be made of them."""
    wkb = osmium.geom.WKBFactory()
    waiting: dict[str, _Object] = {}
    wanted = [item for f in filters for item in f.wanted.items()]
    for o in stream:
        osm_id = f"{'w' if o.from_way() else 'r'}{o.orig_id()}" if o.is_area() else f"{o.type_str()}{o.id}"
        if osm_id in waiting:
            # The area lacks the relation's tag `type`, so that the verdict on the relation itself stands.
            _, tags, line, outline = waiting.pop(osm_id)
            yield osm_id, tags, _wkb(wkb.create_multipolygon, o) or line, outline
            continue
        # Most objects have one of the keys with another value: those are passed by before all tags are copied.
        if not any(_may_match(o.tags.get(key), values) for key, values in wanted):
            continue
        tags = {tag.k: tag.v for tag in o.tags}
        if any(f.matches(tags) for f in filters):
            if o.is_node():
                yield osm_id, tags, _wkb(wkb.create_point, o), []
            elif o.is_way():
                waiting[osm_id] = osm_id, tags, _wkb(wkb.create_linestring, o.nodes), []
            elif o.is_relation():
                outline = [f"w{m.ref}" for m in o.members if m.type == "w" and m.role in ("", "outer")]
                waiting[osm_id] = osm_id, tags, None, outline
            else:
                yield osm_id, tags, _wkb(wkb.create_multipolygon, o), []
    yield from waiting.values()


def _may_match(value: str | None, values: frozenset[str] | None) -> bool:
    return value is not None and (values is None or value in values or ";" in value)


def _wkb(create: Any, o: Any) -> str | None:
    try:
        return str(create(o))
    except (RuntimeError, osmium.InvalidLocationError):  # a ring that does not close; a node that is not in the file
        return None


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], area: Any) -> gpd.GeoDataFrame:
    """Make a frame of ``rows``, hex WKB becoming geometries; keep what meets ``area`` and what has no geometry."""
    geometry = _geometries([row["geometry"] for row in rows])
    if area is not None:
        shapely.prepare(area)
        kept = np.flatnonzero(shapely.intersects(area, geometry) | shapely.is_missing(geometry))
        rows, geometry = [rows[i] for i in kept.tolist()], geometry[kept]
    frame = pd.DataFrame({c: [row[c] for row in rows] for c in columns if c != "geometry"})
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=WGS84)


def _geometries(hex_wkb: Sequence[str | None]) -> Any:
    """Read geometries; one polygon alone is no multipolygon, a closed way without an area is repaired to one."""
    geometry = shapely.from_wkb(np.array([*hex_wkb, None], dtype=object))[:-1]
    single = shapely.get_num_geometries(geometry) == 1
    geometry[single] = shapely.get_geometry(geometry[single], 0)
    is_line = shapely.get_type_id(geometry) == shapely.GeometryType.LINESTRING
    for i in np.flatnonzero(is_line & shapely.is_closed(geometry) & (shapely.get_num_points(geometry) >= MIN_RING)):
        repaired = areal(shapely.make_valid(shapely.Polygon(geometry[i].coords)))
        if not repaired.is_empty:
            geometry[i] = repaired
    return geometry


def _sorted(frame: gpd.GeoDataFrame, first: Sequence[str]) -> gpd.GeoDataFrame:
    """Sort by ``first``, then nodes, ways, relations, each by number."""
    ids = frame["osm_id"].tolist()
    keys = pd.DataFrame({"kind": ["nwr".index(i[0]) for i in ids], "number": [int(i[1:]) for i in ids]}, dtype="int64")
    keys = pd.concat([frame[list(first)].reset_index(drop=True), keys], axis=1)
    order = keys.sort_values([*first, "kind", "number"], kind="stable").index
    return frame.iloc[order].reset_index(drop=True)


def _name(tags: Mapping[str, str], lang: str) -> str:
    return tags.get(f"name:{lang}") or tags.get("name", "")


def _number(text: str | None) -> float:
    """Read the number that a tag's value begins with, NaN where there is none."""
    found = re.match(r"\s*(\d+(?:[.,]\d+)?)", text or "")
    return float(found[1].replace(",", ".")) if found else float("nan")
