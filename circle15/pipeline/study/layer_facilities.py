"""The facilities of all layers: read from tags or tables, cut to the study area, with their entrances."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.config.district import is_outline_file
from circle15.errors import InputError, Problem
from circle15.inputs.coordinates.systems import NAMED_SYSTEMS
from circle15.inputs.facilities.facility_sources import (
    FacilityTable,
    combine_facilities,
    facilities_from_osm,
    read_facilities,
)
from circle15.inputs.facilities.name_matches import NAMED_FILTERS, known_names, names_wanted
from circle15.inputs.facilities.place_doubts import PlaceDoubt, place_doubts
from circle15.inputs.ground.cells import COORDINATE_DECIMALS
from circle15.inputs.ground.districts import buffer_area
from circle15.inputs.osm.file import is_osm_file
from circle15.inputs.osm.selection import Wanted, join_wanted
from circle15.inputs.osm.tag_filter import parse_tag_filter
from circle15.inputs.tables.headings import load_aliases
from circle15.inputs.tables.import_report import Change, DroppedFacility
from circle15.network.detection.admin_lines import ADMIN_TAGS
from circle15.network.kept_features import kept_features, kept_gates
from circle15.network.linking.entrances import facility_entrances
from circle15.pipeline.study.table_systems import Coordinates, SystemJudge
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from circle15.config.layer import LayerTable
    from circle15.config.model import Config
    from circle15.inputs.facilities.name_matches import KnownNames
    from circle15.inputs.osm.features import Features
    from circle15.network.detection.crs_detector import CrsDetection
    from circle15.network.graph import WalkNetwork
    from circle15.outputs.shown_changes import ShownChange

OSM_PREFIX = "osm:"
FAR_M = 80_000.0
"""Where a digit of a coordinate is wrong a place is about a degree off, or on another continent."""
FEW_FAR = 0.25
"""Far rows are mistakes where they are at most this share of those in the study area; else the table is of a region."""
OSM_ATTRIBUTION = "© OpenStreetMap contributors (ODbL 1.0)"


@dataclass(frozen=True, slots=True)
class Services:
    """Facilities of every layer within the study area."""

    facilities: gpd.GeoDataFrame
    entrances: pd.DataFrame
    dropped: tuple[DroppedFacility, ...]  # without a usable place, repeated or closed
    changes: tuple[Change, ...]  # lines of the import report
    counts: dict[str, dict[str, int]]  # per layer
    inputs: dict[str, Path] = field(default_factory=dict)
    detections: dict[str, CrsDetection] = field(default_factory=dict)  # by layer, or layers: "nursery, canteen"
    capacity_units: dict[str, str] = field(default_factory=dict)  # by layer, where its file's heading says it
    unread: tuple[Change, ...] = ()  # of `changes`: capacities and used places that are no amounts
    place_doubts: tuple[PlaceDoubt, ...] = ()
    changed: dict[int, ShownChange] = field(default_factory=dict)  # a scenario's changes of facilities, by number
    gates: Any = None  # (n, 2) degrees: gates that facilities with an outline may be entered by


def read_services(config: Config, network: WalkNetwork, area: Any) -> Services:
    """Read every layer's facilities, those within ``area`` (district and buffer, degrees WGS-84).

    Raises
    ------
    InputError
        Naming every layer whose file is missing or malformed, or that has no facility and does not allow for it.
    """
    shapely.prepare(area)
    load_aliases(config.headings)  # a field that is not known is one error, not one per layer
    features = _features(config, area)
    tables = {**_from_files(config), **{k: facilities_from_osm(f) for k, f in features.items()}}
    counts: dict[str, dict[str, int]] = {}
    problems = []
    kept = []
    for layer in config.layers:
        table = _without_far(layer, tables[layer.id], area)
        inside = shapely.intersects(area, table.frame.geometry.to_numpy())
        counts[layer.id] = {
            "read": len(table.frame) + len(table.dropped),
            "left_out": len(table.dropped),
            "beyond_buffer": int((~inside).sum()),
            "in_study_area": int(inside.sum()),
            **({"filtered_out": table.n_filtered} if layer.where else {}),
            **_counted_of(features.get(layer.id)),
        }
        kept.append(
            FacilityTable(
                table.frame.loc[inside].reset_index(drop=True), table.changes, table.dropped, unread=table.unread
            )
        )
        if not inside.any() and not layer.allow_empty:
            problems.append(_nothing_found(config, layer, table))
    InputError.gather(problems)
    joined = combine_facilities(kept)
    _count_duplicates(counts, joined)
    # Printed places are the places that were evaluated.
    facilities = joined.frame.assign(
        lon=joined.frame["lon"].round(COORDINATE_DECIMALS), lat=joined.frame["lat"].round(COORDINATE_DECIMALS)
    )
    gates = facility_gates(config, facilities)
    entrances = facility_entrances(network, facilities, gates=gates, max_access_m=config.network.max_access_m)
    entrances = entrances.round({"lon": COORDINATE_DECIMALS, "lat": COORDINATE_DECIMALS})
    files = {layer.source.partition("#")[0] for layer in config.layers if not layer.source.startswith(OSM_PREFIX)}
    inputs = {name: config.resolve(name) for name in sorted(files)}
    doubts = tuple(d for layer, table in tables.items() for d in place_doubts(layer, table))
    detections = _detect_systems(config, tables, network, area)
    units = {layer: table.capacity_unit for layer, table in tables.items() if table.capacity_unit is not None}
    return Services(
        facilities,
        entrances,
        joined.dropped,
        joined.changes,
        counts,
        inputs=inputs,
        detections=detections,
        capacity_units=units,
        unread=joined.unread,
        place_doubts=doubts,
        gates=gates,
    )


def wanted_tags(config: Config) -> Wanted:
    """Give the OSM tags of all that is chosen by tags, and of the borders that outlines of files are held against."""
    table = config.district
    outlines = {f"district.{key}": getattr(table, key) or "" for key in ("boundary", "units", "communities")}
    named = {f"layer.{layer.id}.source": layer.source for layer in config.layers} | outlines
    measured = [ADMIN_TAGS] if any(is_outline_file(text) for text in outlines.values()) else []
    chosen = {key: text.removeprefix(OSM_PREFIX) for key, text in named.items() if text.startswith(OSM_PREFIX)}
    file = str(config.path)
    return join_wanted(*(parse_tag_filter(t, key=key, file=file).wanted for key, t in chosen.items()), *measured)


def _without_far(layer: LayerTable, table: FacilityTable, area: Any) -> FacilityTable:
    """Leave out a file's rows that lie absurdly far off."""
    frame = table.frame
    places = frame.geometry.to_numpy()
    far = ~shapely.intersects(buffer_area(area, FAR_M), places)
    if table.places is None or not far.any() or far.sum() > FEW_FAR * shapely.intersects(area, places).sum():
        return table
    lost = tuple(
        DroppedFacility(layer.id, str(f["source"]), str(f["name"]), "far_away") for _, f in frame[far].iterrows()
    )
    lines = []
    for d in lost:
        file, _, row = d.source.rpartition(":")
        lines.append(Change(file, d.reason, row=int(row), original=d.name))
    return replace(
        table,
        frame=frame.loc[~far].reset_index(drop=True),
        changes=tuple(sorted((*table.changes, *lines), key=lambda c: c.row or 0)),
        dropped=(*table.dropped, *lost),
    )


def _from_files(config: Config) -> dict[str, FacilityTable]:
    tables: dict[str, FacilityTable] = {}
    problems: list[Problem] = []
    for layer in config.layers:
        if layer.source.startswith(OSM_PREFIX):
            continue
        try:
            tables[layer.id] = read_facilities(layer, config.resolve(layer.source), headings=config.headings)
        except InputError as e:  # every layer's problems are told at once
            problems.extend(e.problems)
    InputError.gather(problems)
    return tables


def _features(config: Config, area: Any) -> dict[str, Features]:
    """Read the layers that are chosen by tags, all in one pass."""
    by_tag = {layer.id: layer.source for layer in config.layers if layer.source.startswith(OSM_PREFIX)}
    if not by_tag:
        return {}
    source = config.streets_file
    if not is_osm_file(source):
        message = Said(
            f"按 osm: 选取须以 OSM 文件（.osm.pbf、.osm）为 network.source，而不是 {source.name}；否则请给表格",
            f"osm: selections need an OSM file (.osm.pbf, .osm) as network.source, not {source.name}; give tables",
        )
        raise InputError(Problem(message, file=str(config.path), key=f"layer.{next(iter(by_tag))}.source"))
    filters = {layer: text.removeprefix(OSM_PREFIX) for layer, text in by_tag.items()}
    features = kept_features(source, filters, wanted=wanted_tags(config), area=area, names_in=config.district.lang)
    return {layer: features.of_layer(layer) for layer in by_tag}


def _counted_of(found: Features | None) -> dict[str, int]:
    """Count what reading tags made of a layer's objects: those counted as another one, and capacities not read."""
    if found is None:
        return {}
    return {
        "counted_as_another": sum(len(ids.split()) for ids in found.frame["merged"]),
        "capacities_not_read": int(found.frame["capacity_unread"].sum()),
    }


def coordinates_of(table: FacilityTable) -> Coordinates | None:
    """Give a file's coordinates to be judged, None where it has none or its system leaves nothing to judge."""
    places = table.places
    if places is None or not (places.system in NAMED_SYSTEMS or places.system.startswith("EPSG:")):
        return None
    # The middle of a polygon stands at no typical distance from a street.
    is_point = shapely.get_dimensions(places.geometry) <= 0
    x, y = np.where(is_point, places.x, np.nan), np.where(is_point, places.y, np.nan)
    return Coordinates(x, y, places.system, table.names, table.signs, table.headings)


def named_places(config: Config, area: Any) -> KnownNames | None:
    """Read the names of the extract's facilities, None where the streets come from another kind of file."""
    source = config.streets_file
    if not is_osm_file(source):
        return None
    return known_names(kept_features(source, NAMED_FILTERS, wanted=names_wanted(), area=area))


def _detect_systems(
    config: Config, tables: dict[str, FacilityTable], network: WalkNetwork, area: Any
) -> dict[str, CrsDetection]:
    """Measure the files' coordinates against the streets."""
    found = {layer: coordinates_of(table) for layer, table in tables.items()}
    judge = SystemJudge(network, area=area, read_names=lambda: named_places(config, area))
    return judge.judge({layer: table for layer, table in found.items() if table is not None})


def _count_duplicates(counts: dict[str, dict[str, int]], joined: FacilityTable) -> None:
    """Count the facilities that bear the name of an earlier one within 100 m, by the later one's layer."""
    layers = joined.frame["layer"].tolist()
    for later, earlier in joined.near_duplicates:
        key = "near_duplicates" if layers[later] == layers[earlier] else "also_in_other_layers"
        counts[layers[later]][key] = counts[layers[later]].get(key, 0) + 1


def _nothing_found(config: Config, layer: LayerTable, table: FacilityTable) -> Problem:
    if len(table.frame):
        west, south, east, north = table.frame.total_bounds
        message = Said(
            f"全部 {len(table.frame)} 处设施都在本区及缓冲区之外（范围 {west:.4f},{south:.4f} 至 {east:.4f},"
            f"{north:.4f}），请检查文件及其 crs",
            f"all {len(table.frame)} facilities lie outside the district and its buffer"
            f" (they span {west:.4f},{south:.4f} to {east:.4f},{north:.4f}); check the file and its crs",
        )
    else:
        message = Said(
            "本区及缓冲区内没有设施；请改正来源，确无设施的请写 allow_empty = true",
            "no facility in the district or its buffer; mend the source, or say allow_empty = true if there is none",
        )
    return Problem(message, file=str(config.path), key=f"layer.{layer.id}.source", value=layer.source)


def facility_gates(config: Config, facilities: gpd.GeoDataFrame) -> Any:
    """Read the tagged gates where there are polygons to enter and the streets come from an OSM file."""
    source = config.streets_file
    has_areas = bool((shapely.get_dimensions(facilities.geometry.to_numpy()) > 0).any())
    return kept_gates(source) if has_areas and is_osm_file(source) else None
