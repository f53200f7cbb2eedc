"""What is proposed as layers for GIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import shapely

from circle15.outputs.proposals import places_of

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
