"""A result in another coordinate system: for GIS files that are asked for in one, and for maps on shifted tiles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.outputs.result_tables import ResultTables

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from circle15.outputs.result import DistrictResult
    from circle15.outputs.shown_changes import ShownChange

CGCS2000 = "EPSG:4490"
"""Geographic CGCS2000. It and WGS-84 differ by the drift of the Chinese plate since 2000, some decimetres, and PROJ
converts the one to the other unchanged."""


def in_system(result: DistrictResult, system: str) -> DistrictResult:
    """Give a result with all its geometry, and the columns lon and lat, in ``system``.

    Parameters
    ----------
    result
        A result in WGS-84.
    system
        "wgs84", "cgcs2000" (EPSG:4490) or "gcj02". GCJ-02 is in no register of systems, so that its frames state none.

    Returns
    -------
    DistrictResult
        A new result; the given one is left as it was.
    """
    if system == "wgs84":
        return result
    is_shifted = system == "gcj02"

    def moved(frame: Any) -> Any:
        if not is_shifted:
            return _with_places(frame, is_shifted=False).set_crs(CGCS2000, allow_override=True)
        shapes = shapely.transform(frame.geometry.to_numpy(), _shift)
        return _with_places(frame, is_shifted=True).set_geometry(shapes).set_crs(None, allow_override=True)

    streets = result.streets
    if is_shifted:
        streets = streets.set_crs(None, allow_override=True)
        streets = type(streets)(shapely.transform(streets.to_numpy(), _shift))
    return replace(
        result,
        boundary=moved(result.boundary),
        units=moved(result.units),
        cells=moved(result.cells),
        isochrones=moved(result.isochrones),
        streets=streets,
        roads=None if result.roads is None else moved(result.roads),
        scenario=tuple(_changed(change, is_shifted=is_shifted) for change in result.scenario),
        communities=None if result.communities is None else moved(result.communities),
        tables=ResultTables(**{n: _with_places(t, is_shifted=is_shifted) for n, t in result.tables.items()}),
    )


def _shift(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))


def _changed(change: ShownChange, *, is_shifted: bool) -> ShownChange:
    """Give a scenario's change where it stands in the system."""
    if not is_shifted:
        return change
    lines = tuple(
        tuple((float(x), float(y)) for x, y in _shift(np.asarray(line, dtype=np.float64))) for line in change.lines
    )
    if change.lon is None or change.lat is None:
        return replace(change, lines=lines)
    lon, lat = _shift(np.array([[change.lon, change.lat]]))[0].tolist()
    return replace(change, lon=lon, lat=lat, lines=lines)


def _with_places(table: pd.DataFrame | gpd.GeoDataFrame, *, is_shifted: bool) -> Any:
    """Give a table with its columns lon and lat shifted; others, and tables without, as they are."""
    if not is_shifted:
        return table
    pairs = [c.removesuffix("lon") for c in table.columns if isinstance(c, str) and (c == "lon" or c.endswith("_lon"))]
    moved: dict[str, Any] = {}
    for prefix in pairs:
        lon, lat = (table[f"{prefix}{axis}"].to_numpy(np.float64) for axis in ("lon", "lat"))
        moved[f"{prefix}lon"], moved[f"{prefix}lat"] = wgs84_to_gcj02(lon, lat)
    return table.assign(**moved)
