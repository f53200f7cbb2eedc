"""A district's numbers over several dates, as the page and the workbook take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

BY_FACTOR = ("by_facilities", "by_capacity", "by_people", "by_streets", "by_rules")
COLUMNS = (
    "as_of", "unit_id", "unit_name", "layer", "measure", "value", "change", *BY_FACTOR, "district_id", "level",
    "parent_id", "unit", "target", "target_year", "pace", "pace_needed", "status", "note",
    "measure_name",
)  # fmt: skip
"""Of trend.csv."""


@dataclass(frozen=True, slots=True)
class TrendDate:
    """One date of one district."""

    as_of: str  # as its config states it
    day: dt.date  # the last day of that
    units: gpd.GeoDataFrame | None  # unit_id, geometry of the streets; None where no file of the run has them
    is_split: bool  # whether the changes since the date before are told by factor
    changed: tuple[str, ...]  # factors of which anything differs from the date before


@dataclass(frozen=True, slots=True)
class TrendDistrict:
    """One district over its dates."""

    id: str
    name: str
    dates: tuple[TrendDate, ...]  # the earliest first
    layers: Mapping[str, str]  # names by id, of all dates
    sources: tuple[str, ...]  # what a map of it credits
    chains: Mapping[tuple[str, str, str], str]  # a unit's last id by as_of, level and its id then


@dataclass(frozen=True, slots=True)
class Trend:
    """Runs of several dates, gathered."""

    table: pd.DataFrame  # COLUMNS; districts by id, dates ascending
    districts: tuple[TrendDistrict, ...]
    notes: tuple[str, ...]  # in the language of the latest run
    lang: str  # "zh" | "en"
