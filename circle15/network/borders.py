"""Hard borders: rivers, railways, expressways and city walls, which nobody crosses but by a mapped street."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.tag_filter import parse_tag_filter
from circle15.network.traits import combine_tags
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15.inputs.osm_columns import OsmColumns
    from circle15.network.link import Linkage
    from circle15.network.segments import Segments

_LEVEL = "!bridge,!tunnel,!covered"
BORDER_TAGS = (
    f"waterway=river|canal,{_LEVEL}",
    f"railway=rail|light_rail|narrow_gauge,{_LEVEL}",
    f"highway=motorway|motorway_link|trunk|trunk_link,!sidewalk,!foot,{_LEVEL}",
    f"barrier=city_wall,{_LEVEL}",
)
"""Ways that are hard borders. Walls and fences of gardens are not: their doors are not mapped."""

BORDER_KEYS = ("waterway", "railway", "highway", "barrier", "bridge", "tunnel", "covered", "sidewalk", "foot")

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_BATCH = 32
_METRES = np.radians(1) * EARTH_RADIUS_M


def osm_borders(ways: OsmColumns) -> Float64:
    """Give the straight pieces of hard borders, float64 (n, 4): longitude and latitude of both ends."""
    filters = [parse_tag_filter(text) for text in BORDER_TAGS]
    number, combinations = combine_tags(ways.way_tags, BORDER_KEYS, len(ways.way_id))
    hard = np.array([any(f.matches(tags) for f in filters) for tags in combinations], dtype=np.bool_)[number]
    way_of = np.repeat(np.arange(len(hard)), np.diff(ways.indptr))
    located = hard[way_of] & ~np.isnan(ways.lon)
    first = np.flatnonzero(located[:-1] & located[1:] & (way_of[:-1] == way_of[1:]))
    return np.column_stack([ways.lon[first], ways.lat[first], ways.lon[first + 1], ways.lat[first + 1]])


def border_lines(pieces: Float64) -> npt.NDArray[np.object_]:
    """Give pieces of borders as lines."""
    lines: npt.NDArray[np.object_] = shapely.linestrings(pieces.reshape(-1, 2, 2))
    return lines


def link_within_borders(
    at: Linkage, lon: Float64, lat: Float64, may_link: Bool, *, borders: Any, limit_m: float
) -> Linkage:
    """Move the points whose access leg crosses a hard border to the nearest street that they reach without.

    Parameters
    ----------
    at
        Places on the nearest streets (`circle15.link`).
    lon, lat
        float64 (n,) points, degrees WGS-84.
    may_link
        bool (n_edges,): edges that points may be linked to.
    borders
        Lines, degrees WGS-84 (shapely geometry).
    limit_m
        Longest access leg in metres, inclusive.

    Returns
    -------
    Linkage
        ``skipped_border`` tells whose nearest street lies behind a border; where there is none on the own side within
        the limit the point is unlinked.
    """
    tree = shapely.STRtree(shapely.get_parts(borders))
    linked = np.flatnonzero(at.edge >= 0)
    net = at.network
    place = _places(at, linked)
    crosses = _crosses(tree, np.column_stack([lon[linked], lat[linked]]), place)
    moved = linked[crosses]
    if not len(moved):
        return at
    usable = np.flatnonzero(may_link)
    ends = np.stack([net.tail[usable], net.head[usable]], axis=1)
    streets = shapely.STRtree(shapely.linestrings(np.stack([net.node_lon[ends], net.node_lat[ends]], axis=2)))
    edge, fraction, access_m = at.edge.copy(), at.fraction.copy(), at.access_m.copy()
    for i in moved.tolist():
        reach = limit_m / _METRES
        shrink = np.cos(np.radians(lat[i]))
        box = shapely.box(lon[i] - reach / shrink, lat[i] - reach, lon[i] + reach / shrink, lat[i] + reach)
        near = np.sort(usable[streets.query(box)])
        f, metres = _nearest_places(net, near, lon[i], lat[i])
        order = np.argsort(metres, kind="stable")
        order = order[metres[order] <= limit_m]
        chosen = _first_free(tree, net, near[order], f[order], (lon[i], lat[i]))
        edge[i] = -1 if chosen is None else near[order[chosen]]
        fraction[i] = np.nan if chosen is None else f[order[chosen]]
        access_m[i] = np.nan if chosen is None else metres[order[chosen]]
    skipped = np.zeros(len(lon), dtype=np.bool_)
    skipped[moved] = True
    return replace(at, edge=edge, fraction=fraction, access_m=access_m, skipped_border=skipped)


def _first_free(tree: Any, net: Any, edge: Int64, fraction: Float64, point: tuple[float, float]) -> int | None:
    """Give the first of the edges, nearest first, that no border lies before; looked at some at a time."""
    for start in range(0, len(edge), _BATCH):
        part = slice(start, start + _BATCH)
        place = _at(net, edge[part], fraction[part])
        free = np.flatnonzero(~_crosses(tree, np.broadcast_to(np.array(point), place.shape), place))
        if len(free):
            return start + int(free[0])
    return None


def _crosses(tree: Any, points: Float64, places: Float64) -> Bool:
    """Tell which straight legs cross a border."""
    legs = shapely.linestrings(np.stack([points, places], axis=1))
    found = np.zeros(len(legs), dtype=np.bool_)
    found[tree.query(legs, predicate="crosses")[0]] = True
    return found


def _places(at: Linkage, rows: Int64) -> Float64:
    return _at(at.network, at.edge[rows], at.fraction[rows])


def _at(net: Any, edge: npt.NDArray[Any], fraction: Float64) -> Float64:
    tail, head = net.tail[edge], net.head[edge]
    return np.column_stack([c[tail] + fraction * (c[head] - c[tail]) for c in (net.node_lon, net.node_lat)])


def _nearest_places(net: Any, edge: Int64, lon: float, lat: float) -> tuple[Float64, Float64]:
    """Give for each edge the fraction nearest to a point, and metres, in the plane of `circle15.link`."""
    scale = np.array([_METRES * np.cos(np.radians(lat)), _METRES])
    a = (np.column_stack([net.node_lon[net.tail[edge]], net.node_lat[net.tail[edge]]]) - (lon, lat)) * scale
    b = (np.column_stack([net.node_lon[net.head[edge]], net.node_lat[net.head[edge]]]) - (lon, lat)) * scale
    along = b - a
    squared = (along**2).sum(axis=1)
    f = np.clip(np.divide(-(a * along).sum(axis=1), squared, out=np.zeros(len(a)), where=squared > 0), 0.0, 1.0)
    return f, np.hypot(*(a + f[:, None] * along).T)


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
