"""The part of a district that one page shows: the whole or one unit, with the rows of each table that belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import shapely

from circle15.outputs.packed_shapes import STREET_TOLERANCE_DEG, joined_lines
from circle15.outputs.shared_words import Words, words
from circle15.outputs.shown_changes import change_facts, scenario_title
from circle15.outputs.text import plain_number

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pandas as pd

    from circle15.outputs.result import DistrictResult, LayerInfo

Made = TypeVar("Made")

DEGREES_PER_METRE = 1 / 111_320
"""On a meridian; only frames a view, measures nothing."""


@dataclass(frozen=True, slots=True)
class View:
    """The part of a district that one page shows.

    The views of one result share what they have read of it (`of_unit`), since a page for each of 200 units would else
    search the same tables 200 times.
    """

    result: DistrictResult
    unit_id: str | None = None  # None: the whole district
    shared: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def of_unit(self, unit_id: str) -> View:
        """Give the view of one unit that shares what this one has read."""
        return View(self.result, unit_id, self.shared)

    def once(self, key: Any, make: Callable[[], Made]) -> Made:
        """Give what ``make`` gives, made once for all views of the result."""
        if key not in self.shared:
            self.shared[key] = make()
        made: Made = self.shared[key]
        return made

    @property
    def area_id(self) -> str:
        """Id of the area whose numbers head the page, as `coverage` has it."""
        return self.result.id if self.unit_id is None else self.unit_id

    @property
    def name(self) -> str:
        """Name of the area."""
        return self.result.name if self.unit_id is None else self.unit_names()[self.unit_id]

    def unit_names(self) -> dict[str, str]:
        """Give the units' names by id, in the units' order."""
        units = self.result.units
        return self.once("names", lambda: dict(zip(units["unit_id"], units["unit_name"].astype(str), strict=True)))

    @property
    def unit_ids(self) -> list[str]:
        """Units that have a page or chapter of their own; a district that is its own unit needs none."""
        ids = list(self.unit_names())
        return ids if len(ids) > 1 else []

    @property
    def say(self) -> Words:
        """Words in the run's language."""
        return words(self.result.lang)

    def cell_rows(self) -> npt.NDArray[np.int64]:
        """Give the rows of the cells' pieces in the area."""

        def by_unit() -> dict[str, npt.NDArray[np.int64]]:
            units = self.result.cells["unit_id"].to_numpy()
            return {unit_id: np.flatnonzero(units == unit_id) for unit_id in self.unit_names()}

        if self.unit_id is None:
            return np.arange(len(self.result.cells))
        return self.once("cell_rows", by_unit)[self.unit_id]

    def cell_values(self, column: str) -> npt.NDArray[Any]:
        """Give a column of the area's cells."""
        cells = self.result.cells
        return self.of_cells(("cells", column), lambda: np.asarray(cells[column].to_numpy()))

    def of_cells(self, key: Any, make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Give the area's part of an array that ``make`` gives for all pieces of cells, made once for all views."""
        whole = self.once(key, make)
        return np.asarray(whole if self.unit_id is None else whole[self.cell_rows()])

    def area(self) -> gpd.GeoDataFrame:
        """Give the area's outline, one row."""
        units = self.result.units
        if self.unit_id is None:
            return self.result.boundary
        return self.once(("area", self.unit_id), lambda: units[units["unit_id"] == self.unit_id])

    def units(self) -> gpd.GeoDataFrame:
        """Give the units that the page shows."""
        return self.result.units if self.unit_id is None else self.area()

    def reach(self) -> shapely.Polygon:
        """Give the box around the area out to the longest threshold: what its people can walk to."""
        west, south, east, north = self.area().total_bounds
        d_lat = max(layer.threshold_m for layer in self.result.layers) * DEGREES_PER_METRE
        d_lon = d_lat / max(math.cos(math.radians((south + north) / 2)), 0.01)
        return shapely.box(west - d_lon, south - d_lat, east + d_lon, north + d_lat)

    def streets(self) -> npt.NDArray[np.object_]:
        """Give the streets within reach as lines, joined and simplified to about 2 m; all for the whole district."""
        joined = self.once("streets", lambda: joined_lines(self.result.streets, STREET_TOLERANCE_DEG))
        if self.unit_id is None:
            return joined
        bounds = self.once("street_bounds", lambda: shapely.bounds(joined))
        low, high = np.array(self.reach().bounds).reshape(2, 2)
        is_near = (bounds[:, :2] <= high).all(axis=1) & (bounds[:, 2:] >= low).all(axis=1)
        shown, whole = joined[is_near], ((bounds[:, :2] > low) & (bounds[:, 2:] < high)).all(axis=1)[is_near]
        shown[~whole] = shapely.clip_by_rect(shown[~whole], *low, *high)
        cut = shapely.get_parts(shown)
        return np.asarray(cut[~shapely.is_empty(cut)], dtype=object)

    def is_near(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Tell which places lie within reach; all do for the whole district."""
        if self.unit_id is None:
            return np.ones(len(lon), dtype=np.bool_)
        west, south, east, north = self.reach().bounds
        return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))

    def near(self, table: pd.DataFrame) -> pd.DataFrame:
        """Give the rows of ``table`` whose lon/lat lie within reach; all of them for the whole district."""
        return table[self.is_near(table["lon"].to_numpy(np.float64), table["lat"].to_numpy(np.float64))]

    def own(self, name: str) -> list[Any]:
        """Give the area's rows of table ``name``, whose columns are their attributes; none where there is no table."""

        def by_area() -> dict[str, list[Any]]:
            rows: dict[str, list[Any]] = {}
            table = self.result.tables.get(name)
            for row in () if table is None else table.itertuples(index=False):
                rows.setdefault(str(row.unit_id), []).append(row)
            return rows

        return self.once(("rows", name), by_area).get(self.area_id, [])

    @property
    def subtitle(self) -> str:
        """What is drawn, with the minutes where all services share them, the scenario and the date where there are."""
        minutes = self.shared_minutes
        what = self.say["circle_title"] if minutes is None else self.say["circle_title_minutes"].format(minutes=minutes)
        return " · ".join([what, *self.labels()])

    def labels(self) -> list[str]:
        """Name the scenario and the date that the inputs stand for, as far as there are any."""
        result, colon = self.result, "：" if self.result.lang == "zh" else ": "
        title = scenario_title(result.scenario, result.lang)
        pairs = (("scenario", title), ("as_of", result.as_of))
        return [f"{self.say[key]}{colon}{text}" for key, text in pairs if text]

    def change_facts(self) -> list[tuple[str, str]]:
        """Say what a scenario changes, each by its kind and what it is."""
        result = self.result
        names = {layer.id: layer.name for layer in result.layers}
        units = {layer.id: layer.capacity_unit or "" for layer in result.layers}
        return change_facts(result.scenario, result.lang, names, units)

    @property
    def shared_minutes(self) -> str | None:
        """The threshold in minutes that all services share; None where they differ."""
        minutes = {plain_number(layer.threshold_min) for layer in self.result.layers}
        return minutes.pop() if len(minutes) == 1 else None

    def coverage_row(self, layer: LayerInfo) -> Any:
        """Give the area's row of coverage of one layer."""
        return next(row for row in self.own("coverage") if row.layer == layer.id)

    def coverage_rows(self) -> list[tuple[LayerInfo, Any]]:
        """Give each layer with the area's row of coverage, whose columns are its attributes."""
        rows = {row.layer: row for row in self.own("coverage")}
        return [(layer, rows[layer.id]) for layer in self.result.layers]
