"""Measures to the one value that maps, tables and reports are written from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.config.meaning import config_digest
from circle15.files.kept_results import arrays_to_shapes, kept_arrays, shapes_to_arrays
from circle15.inputs.tables.import_report import changes_frame
from circle15.measures.equity import lorenz
from circle15.outputs.book_labels import BookLabels
from circle15.outputs.result import DistrictResult, LayerInfo, one_side
from circle15.outputs.result_tables import ResultTables
from circle15.pipeline.fit.fit_warnings import fit_warnings, street_warnings
from circle15.pipeline.study.layer_facilities import OSM_PREFIX
from circle15.pipeline.tables.access_measures import access_measures_table, add_access_columns
from circle15.pipeline.tables.communities_table import communities_table
from circle15.pipeline.tables.coverage_tables import (
    cells_frame,
    completeness_table,
    coverage_groups_table,
    coverage_table,
    facilities_table,
    gaps_table,
    unlinked_table,
)
from circle15.pipeline.tables.measured import SHOWN_BEYOND
from circle15.pipeline.tables.measures_table import coverage_measures_table
from circle15.pipeline.tables.portrait_tables import appraisal_tables
from circle15.reach.isochrone import service_area
from circle15.said import in_
from circle15.units import seconds_to_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.files.kept_results import Arrays
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

ISOCHRONE_STEP_MIN = 5.0
STREETS_MARGIN_DEG = 0.004


def district_result(
    study: Study, services: Sequence[Service], ranking: pd.DataFrame | None, *, threads: int | None = None
) -> DistrictResult:
    """Gather everything that the outputs show of one district."""
    table, outputs = study.config.district, study.config.outputs
    drawn = services if outputs.isochrones != "none" else ()
    # The core draws areas while tables are made here.
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        areas = [pool.submit(_area_of, study, service, threads) for service in drawn]
        cells, tables = _cells_and_tables(study, services, threads)
        streets = streets_shown(study)
        warnings = (*study.warnings, *street_warnings(study), *fit_warnings(study))
        isochrones = _service_areas([area.result() for area in areas])
    finally:
        pool.shutdown(cancel_futures=True)
    if ranking is not None:
        tables["ranking"] = ranking
    return DistrictResult(
        id=table.id,
        name=table.name,
        lang=table.lang,
        boundary=gpd.GeoDataFrame({"name": [table.name]}, geometry=[study.district.geometry], crs="EPSG:4326"),
        units=study.district.units,
        layers=tuple(layer_info(study, s) for s in services),
        cells=cells,
        tables=ResultTables(**{name: one_side(t, table.lang) for name, t in tables.items()}),
        isochrones=isochrones,
        streets=streets,
        population_source=study.people.label.in_(table.lang),
        resolution=study.cells.resolution,
        resolution_why="" if study.chosen is None else study.chosen.why(),
        attributions=study.attributions,
        warnings=tuple(w.in_(table.lang) for w in warnings),
        walks_start="centre" if study.config.population.source == "units" else study.config.cells.start,
        bureau=outputs.bureau,
        map_approval=outputs.map_approval,
        tiles=outputs.tiles,
        tianditu_key=outputs.tianditu_key or "",
        scenario=study.scenario,
        as_of=table.as_of or "",
        config_sha256=config_digest(study.policy.stated),
    )


def _cells_and_tables(
    study: Study, services: Sequence[Service], threads: int | None
) -> tuple[gpd.GeoDataFrame, dict[str, pd.DataFrame]]:
    """Give cells.parquet, and the tables that every run has or that its inputs and [outputs] ask for."""
    tables = {
        "coverage": coverage_table(study, services),
        "completeness": completeness_table(study, services),
        "gaps": gaps_table(study, services),
        "facilities": facilities_table(study, services),
        "entrances": study.entrances,
        "unlinked": unlinked_table(study, services),
        **appraisal_tables(study, services),
    }
    cells = add_access_columns(cells_frame(study, services), services)
    other = access_measures_table(study, services, cells)
    if len(other):
        tables["access_measures"] = other
    if study.config.outputs.writes("measures"):
        tables["coverage_measures"] = coverage_measures_table(study, services, threads=threads)
    if study.second is not None:
        tables["communities"] = communities_table(study, services)
    curves = lorenz_table(services)
    if len(curves):
        tables["lorenz"] = curves
    if len(study.people.groups.columns) > 1:
        tables["coverage_groups"] = coverage_groups_table(study, services)
    if study.changes:
        tables["import_report"] = changes_frame(study.changes)
    return cells, tables


def labels_of_study(study: Study, services: Sequence[Service]) -> BookLabels:
    """Give how a workbook of a study calls its layers and units."""
    lang, names = study.config.district.lang, study.unit_names()
    units = {str(i): in_(n, lang) for i, n in zip(names["unit_id"], names["unit_name"], strict=True)}
    return BookLabels(lang, tuple(layer_info(study, s) for s in services), units)


def layer_info(study: Study, service: Service) -> LayerInfo:
    """Give the layer's rules as they are printed."""
    layer = service.layer
    speed = study.config.walk[layer.profile].speed_m_s
    return LayerInfo(
        id=layer.id,
        name=layer.name,
        # Pages leave the house: they name the file, not the folders above it.
        source=layer.source if layer.source.startswith(OSM_PREFIX) else Path(layer.source).name,
        note=layer.note,
        profile=layer.profile,
        speed_m_s=speed,
        threshold_s=service.threshold_s,
        threshold_min=float(seconds_to_minutes(service.threshold_s)),
        threshold_m=study.config.threshold_m(layer),
        group=layer.group,
        min_count=layer.min_count,
        norm_per_1000=layer.norm_per_1000,
        capacity_unit=layer.capacity_unit,
        searched_s=SHOWN_BEYOND * service.threshold_s,
    )


def lorenz_table(services: Sequence[Service]) -> pd.DataFrame:
    """Give lorenz.csv: how access is shared in the district, from those who have least, at every whole per cent."""
    percent = np.linspace(0.0, 1.0, 101)
    frames = []
    for service in services:
        # Those off the network are unknown, not without anything.
        curve = lorenz(service.access, np.where(service.is_linked, service.people, 0.0))
        if curve is not None:
            share = np.interp(percent, curve.people_share, curve.value_share)
            frames.append(pd.DataFrame({"layer": service.layer.id, "people_share": percent, "access_share": share}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _area_of(study: Study, service: Service, threads: int | None) -> gpd.GeoDataFrame:
    """Draw the area from which any facility is within 5, 10 ... minutes up to the threshold."""
    entrances, _ = study.linked_entrances(service.layer)
    limit = float(seconds_to_minutes(service.threshold_s))
    steps = np.arange(ISOCHRONE_STEP_MIN, limit, ISOCHRONE_STEP_MIN)
    minutes, profile = (*steps.tolist(), limit), service.layer.profile

    def draw() -> Arrays:
        drawn = service_area(study.network, entrances, profile=profile, cutoffs_min=minutes, threads=threads)
        return {
            "cutoff_min": drawn["cutoff_min"].to_numpy(np.float64),
            **shapes_to_arrays(drawn.geometry.to_numpy()),
        }

    told = [study.network.content_digest(), profile, np.array(minutes), entrances.edge, entrances.fraction]
    area = kept_arrays("area", [*told, entrances.access_m], draw)
    return gpd.GeoDataFrame(
        {"cutoff_min": area["cutoff_min"], "layer": service.layer.id}, geometry=arrays_to_shapes(area), crs="EPSG:4326"
    )


def _service_areas(of_layers: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    if not of_layers:
        return gpd.GeoDataFrame({"layer": [], "cutoff_min": []}, geometry=[], crs="EPSG:4326")
    joined = pd.concat(of_layers, ignore_index=True)
    return gpd.GeoDataFrame(joined[["layer", "cutoff_min", "geometry"]], crs="EPSG:4326")


def streets_shown(study: Study) -> gpd.GeoSeries:
    """Give the walkable streets in and just around the district as polylines, one per run of a way's edges."""
    return streets_around(study.network, study.district.geometry)


def streets_around(network: WalkNetwork, ground: Any) -> gpd.GeoSeries:
    """Give the walkable streets in and just around ``ground`` (degrees WGS-84), one line per run of a way's edges."""
    drawn = network.is_street & (network.length_m > 0)
    ends = (network.tail[drawn], network.head[drawn])
    lines = _polylines(network.node_lon, network.node_lat, *ends, network.way_id[drawn])
    frame = shapely.box(*ground.bounds).buffer(STREETS_MARGIN_DEG, join_style="mitre")
    return gpd.GeoSeries(lines[shapely.intersects(lines, frame)], crs="EPSG:4326")


def _polylines(lon: np.ndarray, lat: np.ndarray, tail: np.ndarray, head: np.ndarray, way_id: np.ndarray) -> np.ndarray:
    if not len(tail):
        return np.empty(0, dtype=object)
    starts = np.ones(len(tail), dtype=np.bool_)
    # A place where some walker waits is several nodes.
    goes_on = (lon[tail[1:]] == lon[head[:-1]]) & (lat[tail[1:]] == lat[head[:-1]])
    starts[1:] = ~goes_on | (way_id[1:] != way_id[:-1])
    line = np.cumsum(starts) - 1
    # Each line has its edges' tails and, at its end, the last edge's head.
    last = np.append(np.flatnonzero(starts)[1:] - 1, len(tail) - 1)
    nodes = np.insert(tail, last + 1, head[last])
    owner = np.insert(line, last + 1, line[last])
    return np.asarray(shapely.linestrings(np.column_stack([lon[nodes], lat[nodes]]), indices=owner))
