"""Names by which people find places and tell what a what-if speaks of: streets, communities, the config's file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from circle15.files.kept_results import arrays_to_shapes, kept_arrays, shapes_to_arrays
from circle15.pipeline.study.named_streets import named_streets

if TYPE_CHECKING:
    from circle15.files.kept_results import Arrays
    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.study.named_streets import NamedStreets
    from circle15.pipeline.study.study import Study

WGS84 = "EPSG:4326"


def with_named_places(result: DistrictResult, study: Study) -> DistrictResult:
    """Give the result with its named roads and communities, None where there are none, and its config's file."""
    return replace(
        result, config_file=study.config.path.name, roads=_named_roads(study), communities=_communities(study)
    )


def _communities(study: Study) -> gpd.GeoDataFrame | None:
    if study.second is None:
        return None
    units = study.second.units
    own = units[~units["is_rest"].to_numpy(dtype=bool)] if "is_rest" in units else units
    return own[["unit_name", "geometry"]].reset_index(drop=True)


def _named_roads(study: Study) -> gpd.GeoDataFrame | None:
    """Give one row a name; only an OSM extract names its streets by way."""
    streets = named_streets(study)
    if not len(streets.name):
        return None
    told = [streets.name, streets.ends]
    roads = kept_arrays("roads", told, lambda: _joined(streets))
    return gpd.GeoDataFrame({"name": roads["name"]}, geometry=arrays_to_shapes(roads), crs=WGS84)


def _joined(streets: NamedStreets) -> Arrays:
    """Join the streets of each name, in the order of the names."""
    lines = streets.lines()
    known, code = np.unique(streets.name.astype(str), return_inverse=True)
    order = np.argsort(code, kind="stable")
    shapes = shapely.line_merge(shapely.multilinestrings(lines[order], indices=code[order]))
    return {"name": known, **shapes_to_arrays(shapes)}
