"""Rivers, railways, expressways and walls of an OSM file: what nobody walks across away from a street."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.inputs.osm.tag_filter import parse_tag_filter
from circle15.network.rules.tags import combine_tags
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15.inputs.osm.columns import OsmColumns


_LEVEL = "!bridge,!tunnel,!covered"
BORDER_TAGS = (
    f"waterway=river|canal,{_LEVEL}",
    f"railway=rail|light_rail|narrow_gauge,{_LEVEL}",
    f"highway=motorway|motorway_link|trunk|trunk_link,!sidewalk,!foot,{_LEVEL}",
    f"barrier=city_wall,{_LEVEL}",
)
"""Ways that are hard borders. Walls and fences are such only around a compound whose gate is mapped (`_walled`): the
doors of gardens are not."""

COMPOUND_ACROSS_M = 1000.0
"""Walls around more ground than this from corner to corner are no compound's."""

WALLS = frozenset({"wall", "fence", "retaining_wall", "guard_rail", "hedge"})

BORDER_KEYS = ("waterway", "railway", "highway", "barrier", "bridge", "tunnel", "covered", "sidewalk", "foot")

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
BORDER_METRES = np.radians(1) * EARTH_RADIUS_M


def osm_borders(ways: OsmColumns) -> Float64:
    """Give the straight pieces of hard borders, float64 (n, 4): longitude and latitude of both ends."""
    filters = [parse_tag_filter(text) for text in BORDER_TAGS]
    number, combinations = combine_tags(ways.way_tags, BORDER_KEYS, len(ways.way_id))
    hard = np.array([any(f.matches(tags) for f in filters) for tags in combinations], dtype=np.bool_)[number]
    way_of = np.repeat(np.arange(len(hard)), np.diff(ways.indptr))
    hard |= _walled(ways, way_of)
    located = hard[way_of] & ~np.isnan(ways.lon)
    first = np.flatnonzero(located[:-1] & located[1:] & (way_of[:-1] == way_of[1:]))
    return np.column_stack([ways.lon[first], ways.lat[first], ways.lon[first + 1], ways.lat[first + 1]])


def _walled(ways: OsmColumns, way_of: Int64) -> Bool:
    """Tell which ways are the wall or fence around a compound, bool (n_ways,): closed, and a street passes its gate.

    A gate is a node of the wall with a barrier that has an opening, or an entrance, on a way with ``highway``.
    """
    barrier = ways.way_tags["barrier"]
    is_wall = np.array([v in WALLS for v in barrier.values] + [False], dtype=np.bool_)[barrier.codes]
    found = np.zeros(len(is_wall), dtype=np.bool_)
    long = np.flatnonzero(is_wall & (np.diff(ways.indptr) > 3))  # noqa: PLR2004 (a triangle's references)
    closed = long[ways.ref[ways.indptr[long]] == ways.ref[ways.indptr[long + 1] - 1]]
    found[[way for way in closed.tolist() if _across_m(ways, way) <= COMPOUND_ACROSS_M]] = True
    tags = ways.node_tags["barrier"]
    has_opening = np.array([v not in WALLS | {"city_wall"} for v in tags.values] + [False], dtype=np.bool_)[tags.codes]
    gates = np.intersect1d(ways.node_id[has_opening], ways.ref[(ways.way_tags["highway"].codes >= 0)[way_of]])
    on_gate = found[way_of] & np.isin(ways.ref, gates)
    walled = np.zeros(len(found), dtype=np.bool_)
    walled[way_of[on_gate]] = True
    return walled


def _across_m(ways: OsmColumns, way: int) -> float:
    """Give the diagonal of a way's box, infinite where a node of it is not in the file."""
    own = slice(ways.indptr[way], ways.indptr[way + 1])
    lon, lat = ways.lon[own], ways.lat[own]
    if np.isnan(lon).any():
        return float("inf")
    return float(BORDER_METRES * np.hypot(np.ptp(lon) * np.cos(np.radians(lat.mean())), np.ptp(lat)))
