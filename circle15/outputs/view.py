"""The part of a district that one page shows: the whole or one unit, with the rows of each table that belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from circle15.outputs.text import Words, plain_number, words

if TYPE_CHECKING:
    import pandas as pd

    from circle15.outputs.result import DistrictResult, LayerInfo

DEGREES_PER_METRE = 1 / 111_320
"""On a meridian; only frames a view, measures nothing."""


@dataclass(frozen=True, slots=True)
class View:
    """The part of a district that one page shows."""

    result: DistrictResult
    unit_id: str | None = None  # None: the whole district

    @property
    def area_id(self) -> str:
        """Id of the area whose numbers head the page, as `coverage` has it."""
        return self.result.id if self.unit_id is None else self.unit_id

    @property
    def name(self) -> str:
        """Name of the area."""
        if self.unit_id is None:
            return self.result.name
        units = self.result.units
        return str(units.loc[units["unit_id"] == self.unit_id, "unit_name"].iloc[0])

    @property
    def say(self) -> Words:
        """Words in the run's language."""
        return words(self.result.lang)

    def cells(self) -> gpd.GeoDataFrame:
        """Give the cells' pieces in the area."""
        cells = self.result.cells
        return cells if self.unit_id is None else cells[cells["unit_id"] == self.unit_id]

    def area(self) -> gpd.GeoDataFrame:
        """Give the area's outline, one row."""
        units = self.result.units
        return self.result.boundary if self.unit_id is None else units[units["unit_id"] == self.unit_id]

    def units(self) -> gpd.GeoDataFrame:
        """Give the units that the page shows."""
        return self.result.units if self.unit_id is None else self.area()

    def reach(self) -> shapely.Polygon:
        """Give the box around the area out to the longest threshold: what its people can walk to."""
        west, south, east, north = self.area().total_bounds
        d_lat = max(layer.threshold_m for layer in self.result.layers) * DEGREES_PER_METRE
        d_lon = d_lat / max(math.cos(math.radians((south + north) / 2)), 0.01)
        return shapely.box(west - d_lon, south - d_lat, east + d_lon, north + d_lat)

    def streets(self) -> gpd.GeoSeries:
        """Give the streets within reach; all of them for the whole district."""
        streets = self.result.streets
        if self.unit_id is None:
            return streets
        cut = shapely.clip_by_rect(streets.to_numpy(), *self.reach().bounds)
        return gpd.GeoSeries(cut[~shapely.is_empty(cut)], crs=streets.crs)

    def near(self, table: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of ``table`` whose lon/lat lie within reach; all of them for the whole district."""
        if self.unit_id is None:
            return table
        west, south, east, north = self.reach().bounds
        return table[table["lon"].between(west, east) & table["lat"].between(south, north)]

    def own(self, name: str) -> pd.DataFrame:
        """Give the area's rows of table ``name``."""
        table = self.result.tables[name]
        return table[table["unit_id"] == self.area_id]

    @property
    def subtitle(self) -> str:
        """What is drawn, with the minutes where all services share them."""
        if self.shared_minutes is None:
            return self.say["circle_title"]
        return self.say["circle_title_minutes"].format(minutes=self.shared_minutes)

    @property
    def shared_minutes(self) -> str | None:
        """The threshold in minutes that all services share; None where they differ."""
        minutes = {plain_number(layer.threshold_min) for layer in self.result.layers}
        return minutes.pop() if len(minutes) == 1 else None

    def coverage_rows(self) -> list[tuple[LayerInfo, Any]]:
        """Give each layer with the area's row of coverage, whose columns are its attributes."""
        return list(zip(self.result.layers, self.coverage().itertuples(), strict=True))

    def coverage(self) -> pd.DataFrame:
        """Give the area's rows of coverage, one per layer in the layers' order."""
        own = self.own("coverage").set_index("layer")
        return own.loc[[layer.id for layer in self.result.layers]]
