"""Hard borders: rivers, railways, expressways, walls of cities and compounds, crossed by mapped streets alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.tag_filter import parse_tag_filter
from circle15.network.traits import combine_tags
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15._core import EdgeTree
    from circle15.inputs.osm_columns import OsmColumns
    from circle15.network.graph import WalkNetwork
    from circle15.network.link import Linkage
    from circle15.network.segments import Segments

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

_FIRST_LOOK = 8
_METRES = np.radians(1) * EARTH_RADIUS_M


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
    return float(_METRES * np.hypot(np.ptp(lon) * np.cos(np.radians(lat.mean())), np.ptp(lat)))


def link_within_borders(
    at: Linkage, lon: Float64, lat: Float64, use: npt.NDArray[np.uint8], *, borders: EdgeTree, limit_m: float
) -> Linkage:
    """Move the points whose access leg crosses a hard border to the nearest street that they reach without.

    Parameters
    ----------
    at
        Places on the nearest streets (`circle15.link`).
    lon, lat
        float64 (n,) points, degrees WGS-84.
    use
        uint8 (n_edges,): what points may be linked to, as the core's EdgeTree takes it.
    borders
        Straight pieces of borders.
    limit_m
        Longest access leg in metres, inclusive.

    Returns
    -------
    Linkage
        ``skipped_border`` tells whose nearest street lies behind a border; where there is none on the own side within
        the limit the point is unlinked.
    """
    linked = np.flatnonzero(at.edge >= 0)
    points = np.column_stack([lon, lat])
    crosses = _crosses(borders, points[linked], _at(at.network, at.edge[linked], at.fraction[linked]))
    moved = linked[crosses]
    if not len(moved):
        return at
    near = _Near(*at.network.edge_tree().near(lon[moved], lat[moved], use, limit_m))
    place = _first_free(borders, at.network, near, points[moved])
    found = place >= 0
    edge, fraction, access_m = at.edge.copy(), at.fraction.copy(), at.access_m.copy()
    edge[moved], fraction[moved], access_m[moved] = -1, np.nan, np.nan
    edge[moved[found]] = near.edge[place[found]]
    fraction[moved[found]] = near.fraction[place[found]]
    access_m[moved[found]] = near.access_m[place[found]]
    skipped = np.zeros(len(lon), dtype=np.bool_)
    skipped[moved] = True
    return replace(at, edge=edge, fraction=fraction, access_m=access_m, skipped_border=skipped)


class _Near(NamedTuple):
    """Places near points, each point's nearest first."""

    indptr: Int64
    edge: npt.NDArray[np.int32]
    fraction: Float64
    access_m: Float64


def _first_free(borders: EdgeTree, net: WalkNetwork, near: _Near, points: Float64) -> Int64:
    """Give each point's nearest place that no border lies before, -1 where there is none.

    All points look at some of their places at a time: most find one at once, few need many.
    """
    free = np.full(len(points), -1, dtype=np.int64)
    begin, end = near.indptr[:-1].copy(), near.indptr[1:]
    n_looks = _FIRST_LOOK
    while (waiting := np.flatnonzero((free < 0) & (begin < end))).size:
        n = np.minimum(end[waiting] - begin[waiting], n_looks)
        owner = np.repeat(waiting, n)
        place = np.repeat(begin[waiting] - (np.cumsum(n) - n), n) + np.arange(len(owner))
        is_free = ~_crosses(borders, points[owner], _at(net, near.edge[place], near.fraction[place]))
        free[owner[is_free][::-1]] = place[is_free][::-1]  # backwards: each point's first one stays
        begin[waiting] += n
        n_looks *= 2
    return free


def _crosses(borders: EdgeTree, points: Float64, places: Float64) -> Bool:
    """Tell which straight legs cross a border."""
    ends = [np.ascontiguousarray(c) for c in (*points.T, *places.T)]
    return borders.crosses(*ends).view(np.bool_)


def _at(net: WalkNetwork, edge: npt.NDArray[Any], fraction: Float64) -> Float64:
    tail, head = net.tail[edge], net.head[edge]
    return np.column_stack([c[tail] + fraction * (c[head] - c[tail]) for c in (net.node_lon, net.node_lat)])


def cut_at_borders(s: Segments, on_ground: Bool, borders: Any, gates: Float64, gate_m: float) -> tuple[Int64, Float64]:
    """Find where streets at ground level cross the user's borders away from any gate.

    Parameters
    ----------
    s
        The streets.
    on_ground
        bool (n_segments,): neither a bridge nor a tunnel.
    borders
        Lines, degrees WGS-84.
    gates
        float64 (n_gates, 2): open gates; a street that crosses within ``gate_m`` metres of one stays open.

    Returns
    -------
    edge, fraction
        The places to cut at, each edge's in order.
    """
    lon, lat, tail, head = s.node_lon, s.node_lat, s.tail, s.head
    level = np.flatnonzero(on_ground)
    ends = np.stack([tail[level], head[level]], axis=1)
    lines = shapely.linestrings(np.stack([lon[ends], lat[ends]], axis=2))
    parts = shapely.get_parts(borders)
    street, border = shapely.STRtree(parts).query(lines, predicate="intersects")
    points, source = shapely.get_coordinates(shapely.intersection(lines[street], parts[border]), return_index=True)
    edge = level[street[source]]
    if len(gates) and len(points):
        flat = [np.cos(np.radians(float(points[:, 1].mean()))), 1.0]
        tree = shapely.STRtree(shapely.points(gates * flat))
        near = tree.query(shapely.points(points * flat), predicate="dwithin", distance=gate_m / _METRES)[0]
        opened = np.zeros(len(points), dtype=np.bool_)
        opened[near] = True
        points, edge = points[~opened], edge[~opened]
    start = np.column_stack([lon[tail[edge]], lat[tail[edge]]])
    along = np.column_stack([lon[head[edge]], lat[head[edge]]]) - start
    squared = (along**2).sum(axis=1)
    f = np.divide(((points - start) * along).sum(axis=1), squared, out=np.zeros(len(edge)), where=squared > 0)
    order = np.lexsort((f, edge))
    return edge[order].astype(np.int64), f[order].clip(0.0, 1.0)
