"""What is proposed, and what a scenario changes, as layers for GIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from circle15.outputs.proposals import places_of
from circle15.outputs.shown_changes import kind_name

if TYPE_CHECKING:
    from circle15.outputs.result import DistrictResult


def proposal_layers(result: DistrictResult) -> dict[str, gpd.GeoDataFrame]:
    """Give what is proposed as layers for GIS: points of each table of places, and lines of the missing links."""
    layers = {}
    for kind, table in places_of(result).items():
        if table is not None and len(table):
            points = gpd.points_from_xy(table["lon"], table["lat"])
            layers[kind] = gpd.GeoDataFrame(table, geometry=points, crs=result.cells.crs)
    links = result.tables.links
    if links is not None and len(links):
        ends = links[["from_lon", "from_lat", "to_lon", "to_lat"]].to_numpy(float).reshape(-1, 2, 2)
        layers["links"] = gpd.GeoDataFrame(links, geometry=shapely.linestrings(ends), crs=result.cells.crs)
    return layers


def change_layers(result: DistrictResult) -> dict[str, gpd.GeoDataFrame]:
    """Give what a scenario changes as layers for GIS: points of facilities, and lines of paths."""
    placed = [c for c in result.scenario if c.lon is not None and c.lat is not None]
    paths = [c for c in result.scenario if c.lines]
    shapes = {
        "changes": (placed, [shapely.Point(c.lon, c.lat) for c in placed]),
        "changed_paths": (paths, [shapely.MultiLineString(c.lines) for c in paths]),
    }
    layers = {}
    for name, (changes, geometry) in shapes.items():
        if changes:
            frame = pd.DataFrame(
                {
                    "kind": [c.kind for c in changes],
                    "change": [kind_name(c.kind, result.lang) for c in changes],
                    "name": [c.name for c in changes],
                    "layer": [c.layer for c in changes],
                    "capacity": [float("nan") if c.capacity is None else c.capacity for c in changes],
                    "capacity_before": [
                        float("nan") if c.capacity_before is None else c.capacity_before for c in changes
                    ],
                    "cost": [float("nan") if c.cost is None else c.cost for c in changes],
                }
            )
            layers[name] = gpd.GeoDataFrame(frame, geometry=geometry, crs=result.cells.crs)
    return layers
