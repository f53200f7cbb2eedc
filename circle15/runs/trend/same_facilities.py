"""Which facilities of two dates are one and the same, though rows move and ids are counted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.inputs.ground.names import plain_name

if TYPE_CHECKING:
    import geopandas as gpd

NEAR_M = 50.0
"""A facility that is named as before and stands this near is the same, its coordinates mended."""
SAID_OF_A_FACILITY = ("capacity", "used", "quality", "ownership")
"""What tables say of a facility that may change while it stands."""
_M_PER_DEG = 111_320.0
_PLACE_DECIMALS = 6  # a decimetre


def same_facilities(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> dict[str, str]:
    """Match the facilities of two dates within each service.

    A facility is the same that bears its name within `NEAR_M`, the nearest first; else that alone stands at its very
    place (it was renamed); else that alone bears its name (it moved). Ids do not tell: most are numbers of rows.

    Returns
    -------
    dict
        facility_id of ``after`` by that of ``before``; what was closed or opened is in neither.
    """
    one, two = _keyed(before), _keyed(after)
    found = dict(_named_and_near(one, two))
    for key in ("place", "name"):
        left = one[~one["facility_id"].isin(found)]
        right = two[~two["facility_id"].isin(found.values())]
        found |= _only_ones(left, right, key)
    return found


def _keyed(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give what facilities are matched by; a facility without a name has none in common with any other."""
    lon, lat = frame["lon"].to_numpy(np.float64), frame["lat"].to_numpy(np.float64)
    names = [plain_name(str(name)) if isinstance(name, str) and name else "" for name in frame["name"]]
    places = [f"{x:.{_PLACE_DECIMALS}f},{y:.{_PLACE_DECIMALS}f}" for x, y in zip(lon, lat, strict=True)]
    columns = {"layer": frame["layer"].to_numpy(), "facility_id": frame["facility_id"].to_numpy()}
    return pd.DataFrame({**columns, "name": names, "place": places, "lon": lon, "lat": lat})


def _named_and_near(one: pd.DataFrame, two: pd.DataFrame) -> list[tuple[str, str]]:
    named = [t[t["name"] != ""] for t in (one, two)]
    pairs = named[0].merge(named[1], on=["layer", "name"], suffixes=("", "_after"))
    east = (pairs["lon_after"] - pairs["lon"]) * np.cos(np.radians(pairs["lat"]))
    away_m = np.hypot(east, pairs["lat_after"] - pairs["lat"]) * _M_PER_DEG
    near = pairs.assign(away_m=away_m)[away_m <= NEAR_M].sort_values("away_m", kind="stable")
    left: set[str] = set()
    right: set[str] = set()
    kept = []
    for before, after in zip(near["facility_id"], near["facility_id_after"], strict=True):
        if before not in left and after not in right:
            left.add(before)
            right.add(after)
            kept.append((before, after))
    return kept


def _only_ones(one: pd.DataFrame, two: pd.DataFrame, key: str) -> dict[str, str]:
    """Match those that alone have a key within their service, on both dates."""
    alone = [t[(t[key] != "") & ~t.duplicated(["layer", key], keep=False)] for t in (one, two)]
    pairs = alone[0].merge(alone[1], on=["layer", key], suffixes=("", "_after"))
    return dict(zip(pairs["facility_id"], pairs["facility_id_after"], strict=True))
