"""What one district's run found, as the outputs take it: frames and labels, no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15.said import Said, in_

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.result_tables import ResultTables
    from circle15.outputs.shown_changes import ShownChange


def one_side(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Give a table with one side, "zh" or "en", of what its cells say in both languages."""
    objects = [str(c) for c, kind in table.dtypes.items() if pd.api.types.is_object_dtype(kind)]
    said = [c for c in objects if any(isinstance(v, Said) for v in table[c])]
    return table.assign(**{c: [in_(v, lang) for v in table[c]] for c in said})


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A service layer's rules, as printed on every map and table."""

    id: str
    name: str
    source: str
    note: str
    profile: str
    speed_m_s: float
    threshold_s: float
    threshold_min: float
    threshold_m: float  # threshold walked at the profile's speed, metres
    group: str
    min_count: int
    norm_per_1000: float | None
    capacity_unit: str | None
    searched_s: float | None = None  # how far walks were searched; NaN seconds are farther. None: not stated


@dataclass(frozen=True, slots=True)
class DistrictResult:
    """One district, measured.

    `cells` has one row per piece of an H3 cell in a unit, with the columns of cells.parquet and the piece's
    polygon; `tables` holds every other table by its file's stem.
    """

    id: str
    name: str
    lang: str  # "zh" | "en"
    boundary: gpd.GeoDataFrame  # one row, EPSG:4326
    units: gpd.GeoDataFrame  # unit_id, unit_name, geometry; EPSG:4326
    layers: tuple[LayerInfo, ...]
    cells: gpd.GeoDataFrame
    tables: ResultTables
    isochrones: gpd.GeoDataFrame  # layer, cutoff_min, geometry: union of the layer's facilities' isochrones
    streets: gpd.GeoSeries  # the study area's walkable streets, one line each, for a light base map
    population_source: str  # label printed on every map and table
    resolution: int
    attributions: tuple[str, ...]  # data sources and licences, printed on every map
    warnings: tuple[str, ...]  # in the run's language; printed on every map and in run.json
    walks_start: str = "centre"  # of a cell: "people" (the home nearest to the middle of them) | "centre"
    bureau: str = ""  # who publishes, printed on every map
    map_approval: str = ""  # 审图号, printed on every map
    tiles: str = "none"  # base map from the internet: "none" | "osm" | "tianditu" | "amap"
    tianditu_key: str = ""  # stands in the pages, as every browser key does
    confirmation: tuple[str, ...] = ()  # whether a what-if's numbers are the run's, then each that differs
    config_file: str = ""  # name of the config's file, the base of scenarios that a what-if exports
    roads: gpd.GeoDataFrame | None = None  # name, geometry: the streets that have names, where a map is written
    communities: gpd.GeoDataFrame | None = None  # unit_name, geometry; as roads
    scenario: tuple[ShownChange, ...] = ()  # what a scenario changes: titles name it, maps draw it
    as_of: str = ""  # the date that the inputs stand for, as the config states it
    config_sha256: str = ""  # of the config's meaning, printed on the first sheet of the workbook
    whatif: str = ""  # what the map's what-if computes with (`outputs.whatif_pack`); "": the map has none
    resolution_why: Said | str = ""  # why "auto" came to it; "": the config states a number
    programme: Any = None  # what was proven of the programme, as run.json holds it; None without one
