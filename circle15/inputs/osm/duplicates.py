"""Places that OpenStreetMap holds twice, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

_POINT, _POLYGON, _MULTIPOLYGON = 0, 3, 6  # shapely.GeometryType
_INSIDE_SHARE = 0.9  # outlines drawn twice rarely nest to the last centimetre


def merge_duplicates(features: gpd.GeoDataFrame, members: Mapping[str, Sequence[str]]) -> gpd.GeoDataFrame:
    """Merge what one place was mapped as twice; the polygon stays, and takes the name and capacity it lacks.

    Within one layer, and only where the tag that matched is the same, these count as one: a multipolygon relation
    and a way that is part of its outline; a polygon and a node inside it, where the names agree or one is missing
    (a nameless polygon with nodes of several names is left alone: it is not known which of them it is); a polygon
    and another one at least 90 % inside it with the same name.

    Parameters
    ----------
    features
        Frame with ``layer``, ``osm_id``, ``tag``, ``name``, ``capacity``, ``geometry``.
    members
        Ways of each relation's outline, by ids such as "r1", "w1".

    Returns
    -------
    geopandas.GeoDataFrame
        The kept rows in their order, with the column ``merged``: ids of what was counted as this row.
    """
    features = features.reset_index(drop=True)
    into = {**_nested(features), **_outlines(features, members)}
    merged: dict[int, list[str]] = {}
    osm_id, name, capacity = (features[c].tolist() for c in ("osm_id", "name", "capacity"))
    for row in sorted(into):
        kept = into[row]
        while kept in into:
            kept = into[kept]
        merged.setdefault(kept, []).append(osm_id[row])
        name[kept] = name[kept] or name[row]
        capacity[kept] = capacity[row] if np.isnan(capacity[kept]) else capacity[kept]
    listed = [" ".join(merged.get(row, ())) for row in range(len(features))]
    full = features.assign(name=name, capacity=np.array(capacity, dtype=float), merged=listed)
    return full.drop(index=list(into)).reset_index(drop=True)


def _outlines(features: gpd.GeoDataFrame, members: Mapping[str, Sequence[str]]) -> dict[int, int]:
    """Map rows of ways to the row of the relation whose outline they are."""
    row_of = {
        key: row for row, key in enumerate(zip(features["layer"], features["osm_id"], features["tag"], strict=True))
    }
    found = {}
    for (layer, osm_id, tag), row in row_of.items():
        for way in members.get(osm_id, ()):
            part = row_of.get((layer, way, tag))
            if part is not None:
                found[part] = row
    return found


def _nested(features: gpd.GeoDataFrame) -> dict[int, int]:
    """Map rows to the row of the polygon that they lie in and repeat."""
    geometry = features.geometry.to_numpy()
    kind = shapely.get_type_id(geometry)
    outer = np.flatnonzero(np.isin(kind, (_POLYGON, _MULTIPOLYGON)))
    if len(outer) == 0:
        return {}
    tree = shapely.STRtree(geometry[outer])
    inside = shapely.point_on_surface(geometry)
    a, b = tree.query(inside, predicate="within")
    pairs = pd.DataFrame({"inner": a, "outer": outer[b]})
    pairs = pairs[pairs["inner"] != pairs["outer"]]
    for column in ("layer", "tag", "name"):
        values = features[column].to_numpy()
        pairs[f"{column}_inner"], pairs[f"{column}_outer"] = values[pairs["inner"]], values[pairs["outer"]]
    pairs["area"] = shapely.area(geometry[pairs["outer"]])
    pairs["is_point"] = kind[pairs["inner"]] == _POINT
    pairs = pairs[(pairs["layer_inner"] == pairs["layer_outer"]) & (pairs["tag_inner"] == pairs["tag_outer"])]
    same = pairs["name_inner"] == pairs["name_outer"]
    missing = (pairs["name_inner"] == "") | (pairs["name_outer"] == "")
    pairs = pairs[(pairs["is_point"] & (same | missing)) | (~pairs["is_point"] & same & ~missing)]
    pairs = pairs[pairs["is_point"] | _mostly_inside(geometry, pairs)]
    named = pairs[pairs["is_point"] & (pairs["name_outer"] == "") & (pairs["name_inner"] != "")]
    unclear = named.groupby("outer")["name_inner"].nunique()
    pairs = pairs[~pairs["outer"].isin(unclear.index[unclear > 1])]
    pairs = pairs.assign(other=pairs["name_inner"] != pairs["name_outer"]).sort_values(
        ["inner", "other", "area", "outer"]
    )
    nearest = pairs.drop_duplicates("inner")
    return dict(zip(nearest["inner"].tolist(), nearest["outer"].tolist(), strict=True))


def _mostly_inside(geometry: Any, pairs: pd.DataFrame) -> Any:
    inner, outer = geometry[pairs["inner"]], geometry[pairs["outer"]]
    own, other = shapely.area(inner), shapely.area(outer)
    shared = shapely.area(shapely.intersection(inner, outer))
    # The smaller goes into the larger; of two equal ones the later goes into the earlier, so that no circle arises.
    smaller = (own < other) | ((own == other) & (pairs["inner"].to_numpy() > pairs["outer"].to_numpy()))
    return (shared >= _INSIDE_SHARE * own) & smaller
