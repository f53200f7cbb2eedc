"""Which units of two dates are one and the same, though codes and names change; and whose outlines moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shapely

from circle15.inputs.ground.names import official_name

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

SAME_GROUND = 0.8
"""Units of other code and name are one where their outlines share at least this much of both together."""
MOVED = 0.98
"""Outlines that share less than this of both together were moved, not drawn anew."""


@dataclass(frozen=True, slots=True)
class UnitMatches:
    """The units of a later date by those of an earlier one."""

    before: dict[tuple[str, str], str]  # unit_id before, by level and unit_id after; a unit that is new has none
    shared: dict[str, float] = field(default_factory=dict)  # of streets by unit_id after: share of ground in common

    def of(self, level: str, unit_id: str) -> str | None:
        """Give a unit's earlier id, None where it is new."""
        return self.before.get((level, unit_id))


def match_units(
    before: pd.DataFrame, after: pd.DataFrame, *, outlines: tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]
) -> UnitMatches:
    """Match the units of two dates level by level.

    A unit is the same that has its code and name; else its name, among the communities of one street and then of all;
    else, of streets, its ground (`SAME_GROUND`); else, where outlines are not known, its code.

    Parameters
    ----------
    before, after
        level, unit_id, unit_name, parent_id; rows without a name tell of no unit.
    outlines
        unit_id and outlines of the streets of both.
    """
    one, two = (_plain(table) for table in (before, after))
    shared = _shared_ground(*outlines)
    found: dict[tuple[str, str], str] = {}
    for keys in (["unit_id", "name"], ["parent_id", "name"], ["name"]):
        found |= _pairs(one, two, found, keys)
    taken = {(level, old) for (level, _), old in found.items()}
    ground = sorted(((s, a, b) for (a, b), s in shared.items() if s >= SAME_GROUND), reverse=True)
    for _, old, new in ground:
        if ("town", new) not in found and ("town", old) not in taken:
            found["town", new] = old
            taken.add(("town", old))
    with_outlines = {new for _, new in shared}
    left = two[~((two["level"] == "town") & two["unit_id"].isin(with_outlines))]
    found |= _pairs(one, left, found, ["unit_id"])
    found |= {("district", unit): unit for unit in two.loc[two["level"] == "district", "unit_id"]}
    common = {new: shared.get((old, new), 0.0) for (level, new), old in found.items() if level == "town" and shared}
    return UnitMatches(found, common)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    units = table[table["unit_name"] != ""].drop_duplicates(["level", "unit_id"])
    names = [official_name(str(name)) for name in units["unit_name"]]
    return units.assign(name=names)[["level", "unit_id", "parent_id", "name"]]


def _pairs(
    one: pd.DataFrame, two: pd.DataFrame, found: dict[tuple[str, str], str], keys: list[str]
) -> dict[tuple[str, str], str]:
    """Match the units left over that alone have these values on both dates."""
    taken = {(level, old) for (level, _), old in found.items()}
    left = one[[(level, i) not in taken for level, i in zip(one["level"], one["unit_id"], strict=True)]]
    right = two[[(level, i) not in found for level, i in zip(two["level"], two["unit_id"], strict=True)]]
    wanted = ["level", *keys]
    alone = [t[~t.duplicated(wanted, keep=False)] for t in (left, right)]
    ids = [t[wanted].assign(**{name: t["unit_id"]}) for t, name in zip(alone, ("old", "new"), strict=True)]
    pairs = ids[0].merge(ids[1], on=wanted)
    return {(level, new): old for level, new, old in zip(pairs["level"], pairs["new"], pairs["old"], strict=True)}


def _shared_ground(one: gpd.GeoDataFrame | None, two: gpd.GeoDataFrame | None) -> dict[tuple[str, str], float]:
    """Give how much of both together two units share, by their ids before and after."""
    if one is None or two is None:
        return {}
    shapes = [shapely.make_valid(frame.geometry.to_numpy()) for frame in (one, two)]
    pairs = shapely.STRtree(shapes[0]).query(shapes[1], predicate="intersects")
    found = {}
    for new, old in pairs.T.tolist():
        both = shapely.area(shapely.union(shapes[0][old], shapes[1][new]))
        share = float(shapely.area(shapely.intersection(shapes[0][old], shapes[1][new])) / both) if both > 0 else 0.0
        found[str(one["unit_id"].iloc[old]), str(two["unit_id"].iloc[new])] = share
    return found
