"""What a map's search knows beside units and facilities: communities, named roads, and the systems of coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.inputs.coordinates.china_shift import is_shifted
from circle15.outputs.tiles import draws_in_gcj02

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from circle15.outputs.result import DistrictResult
    from circle15.outputs.view import View

Value = dict[str, Any]
SEARCH_DECIMALS = 5
"""A metre: the search brings a place into view, it measures nothing."""


def named_places(view: View) -> Value:
    """Give communities and named roads near the page's area, each as name, longitude and latitude.

    A community has the row of its unit on the page behind them, -1 where it lies in none of them.
    """
    return {"communities": _communities(view), "roads": _roads(view)}


def shift(result: DistrictResult) -> Value:
    """Say whether Chinese maps shift the district, and whether the page draws it so."""
    west, south, east, north = (float(v) for v in result.boundary.total_bounds)
    is_home = bool(is_shifted((west + east) / 2, (south + north) / 2))
    return {"is_shifted": is_home, "draws_in_gcj02": draws_in_gcj02(result)}


def _communities(view: View) -> list[list[Any]]:
    known = view.result.communities
    if known is None:
        return []
    at = view.once("community points", lambda: shapely.point_on_surface(known.geometry.to_numpy()))
    unit = np.full(len(at), -1)
    found, own = view.units().sindex.query(at, predicate="intersects")
    unit[found] = own
    rows = _near(view, known["unit_name"].astype(str).to_numpy(), at)
    return [[*row, int(unit[i])] for i, row in rows]


def _roads(view: View) -> list[list[Any]]:
    known = view.result.roads
    if known is None:
        return []
    at = view.once("road points", lambda: _middles(known))
    return [row for _, row in _near(view, known["name"].to_numpy(), at)]


def _middles(roads: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Give the middle of each road's longest piece."""
    parts, road = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    order = np.lexsort((-shapely.length(parts), road))
    _, first = np.unique(road[order], return_index=True)
    return np.asarray(shapely.line_interpolate_point(parts[order[first]], 0.5, normalized=True), dtype=object)


def _near(view: View, names: npt.NDArray[Any], at: npt.NDArray[np.object_]) -> list[tuple[int, list[Any]]]:
    """Give the rows within reach of the page's area, with what they are called and where they are."""
    lon, lat = shapely.get_x(at), shapely.get_y(at)
    return [
        (int(i), [str(names[i]), round(float(lon[i]), SEARCH_DECIMALS), round(float(lat[i]), SEARCH_DECIMALS)])
        for i in np.flatnonzero(view.is_near(lon, lat))
    ]
