"""Streets that cross or touch without a common node, as centrelines drawn for maps do, joined where asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from circle15.network.streets.components import find_components
from circle15.network.streets.spans import leaves_ground
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15.network.streets.segments import Segments

TOUCH_M = 0.05
"""An end this near to a street touches it: coordinates are rounded to a centimetre."""

_DECIMALS = 7
_METRES = np.radians(1) * EARTH_RADIUS_M

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


class Crossings(NamedTuple):
    """Where two edges meet away from a common node."""

    first: Int64  # (n,) edge
    second: Int64  # (n,) edge
    place: Float64  # (n, 2) longitude, latitude


def find_crossings(
    lon: Float64,
    lat: Float64,
    tail: npt.NDArray[np.integer],
    head: npt.NDArray[np.integer],
    edges: Int64,
    *,
    with_others: Bool | None = None,
) -> Crossings:
    """Find where some edges cross each other, or an end of one touches another, without a node in common.

    Parameters
    ----------
    lon, lat
        float64 (n_nodes,), degrees WGS-84.
    tail, head
        int (n_edges,) nodes.
    edges
        The edges to look at, those on one level.
    with_others
        bool (len(edges),): only where one of these meets one that is not of these; by default all meet all.
    """
    shrink = np.array([np.cos(np.radians(float(lat.mean()))), 1.0]) if len(lat) else np.ones(2)
    ends = np.stack([tail[edges], head[edges]], axis=1)
    lines = shapely.linestrings(np.stack([lon[ends], lat[ends]], axis=2) * shrink)
    a, b = _near_pairs(lines, with_others)
    apart = (ends[a][:, :, None] != ends[b][:, None, :]).all(axis=(1, 2))
    a, b = a[apart], b[apart]
    crossing = shapely.get_type_id(meets := shapely.intersection(lines[a], lines[b])) == shapely.GeometryType.POINT
    crossing &= ~shapely.is_empty(meets)
    place = np.empty((len(a), 2))
    place[crossing] = shapely.get_coordinates(meets[crossing])
    # Where they only touch, or run along each other, they meet at an end that lies on the other one.
    touching = np.flatnonzero(~crossing)
    rows_a, rows_b, at = [a[crossing]], [b[crossing]], [place[crossing]]
    for mine, other in ((a[touching], b[touching]), (b[touching], a[touching])):
        for end in (0, 1):
            points = shapely.points(np.column_stack([lon[ends[mine, end]], lat[ends[mine, end]]]) * shrink)
            met = shapely.dwithin(points, lines[other], TOUCH_M / _METRES)
            rows_a.append(mine[met])
            rows_b.append(other[met])
            at.append(shapely.get_coordinates(points[met]))
    first, second = np.concatenate(rows_a), np.concatenate(rows_b)
    spots = shapely.points(np.concatenate(at))
    # Two ends at one place are a shut gate, or were joined already.
    inside = ~(_is_end(lines[first], spots) & _is_end(lines[second], spots))
    return Crossings(edges[first[inside]], edges[second[inside]], shapely.get_coordinates(spots[inside]) / shrink)


def _near_pairs(lines: npt.NDArray[np.object_], with_others: Bool | None) -> tuple[Int64, Int64]:
    """Give the pairs of lines that come as near as a touch, the smaller row first."""
    if with_others is None:
        a, b = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=TOUCH_M / _METRES)
        return a[a < b], b[a < b]
    own, others = np.flatnonzero(with_others), np.flatnonzero(~with_others)
    i, j = shapely.STRtree(lines[others]).query(lines[own], predicate="dwithin", distance=TOUCH_M / _METRES)
    return np.minimum(own[i], others[j]), np.maximum(own[i], others[j])


def _is_end(lines: npt.NDArray[np.object_], spots: npt.NDArray[np.object_]) -> Bool:
    ends = [shapely.dwithin(shapely.get_point(lines, i), spots, TOUCH_M / _METRES) for i in (0, -1)]
    found: Bool = ends[0] | ends[1]
    return found


def join_crossings(s: Segments) -> Segments:
    """Join streets on one level where they cross or touch without a common node; bridges and tunnels pass by.

    Streets on the ground that state another ``layer`` are on another level. Lengths and numbers of steps are shared out
    along the street.
    """
    off_ground = np.array([leaves_ground(t) for t in s.traits], dtype=np.bool_)[s.trait]
    layer = np.array([t.get("layer", "0") for t in s.traits], dtype=object)
    level = np.unique(layer.astype(str), return_inverse=True)[1][s.trait]
    ground = np.flatnonzero(~off_ground & s.is_street)
    found = [
        find_crossings(s.node_lon, s.node_lat, s.tail, s.head, ground[level[ground] == k])
        for k in np.unique(level[ground])
    ]
    edge = np.concatenate([e for f in found for e in (f.first, f.second)] or [np.empty(0, np.int64)])
    if not len(edge):
        return s
    place = np.concatenate([p for f in found for p in (f.place, f.place)])
    return _cut(s, edge, place.round(_DECIMALS))


def _cut(s: Segments, edge: Int64, place: Float64) -> Segments:
    """Cut edges at places; those at one place meet there, and at a node that stands there."""
    known = np.column_stack([s.node_lon, s.node_lat])
    places, number = np.unique(np.concatenate([known.round(_DECIMALS), place]), axis=0, return_inverse=True)
    number = number.ravel()
    node_at = np.full(len(places), -1, np.int64)
    old = np.unique(s.tail.astype(np.int64)[edge]), np.unique(s.head.astype(np.int64)[edge])
    ends = np.unique(np.concatenate(old))
    node_at[number[ends]] = ends
    asked = number[len(known) :]
    new = np.unique(asked[node_at[asked] < 0])
    node_at[new] = len(known) + np.arange(len(new))
    node = node_at[asked]
    lon, lat = (np.concatenate([c, places[new, i]]) for i, c in enumerate((s.node_lon, s.node_lat)))
    fraction = _fraction(lon, lat, s.tail[edge], s.head[edge], place)
    from_end_m = np.minimum(fraction, 1 - fraction) * s.length_m[edge]
    inside = (node != s.tail[edge]) & (node != s.head[edge]) & (from_end_m > TOUCH_M)
    edge, node, fraction = edge[inside], node[inside], fraction[inside]
    order = np.lexsort((node, fraction, edge))
    edge, node, fraction = edge[order], node[order], fraction[order]
    once = (np.diff(edge, prepend=-1) != 0) | (np.diff(node, prepend=-1) != 0)
    edge, node, fraction = edge[once], node[once], fraction[once]
    first = np.flatnonzero(np.diff(edge, prepend=-1))
    last = np.append(first[1:], len(edge)) - 1
    upper, until = np.append(fraction[1:], 1.0), np.append(node[1:], 0)
    upper[last], until[last] = 1.0, s.head[edge[last]]
    share = upper - fraction
    head, length_m, n_steps = s.head.copy(), s.length_m.copy(), s.n_steps.copy()
    head[edge[first]] = node[first]
    length_m[edge[first]] *= fraction[first]
    n_steps[edge[first]] *= fraction[first]
    tail = np.concatenate([s.tail, node]).astype(np.int32)
    head = np.concatenate([head, until]).astype(np.int32)
    n_new = len(new)
    return replace(
        s,
        node_lon=lon,
        node_lat=lat,
        tail=tail,
        head=head,
        length_m=np.concatenate([length_m, s.length_m[edge] * share]),
        component=find_components(len(lon), tail, head),
        way_id=np.concatenate([s.way_id, s.way_id[edge]]),
        trait=np.concatenate([s.trait, s.trait[edge]]),
        n_steps=np.concatenate([n_steps, s.n_steps[edge] * share]),
        part=np.concatenate([s.part, s.part[edge]]),
        node_row=np.concatenate([s.node_row, np.full(n_new, -1, np.int8)]),
        gate=np.concatenate([s.gate, np.full(n_new, -1, np.int32)]),
        depth=np.concatenate([s.depth, np.zeros(n_new, np.int8)]),
    )


def _fraction(
    lon: Float64, lat: Float64, tail: npt.NDArray[np.integer], head: npt.NDArray[np.integer], place: Float64
) -> Float64:
    start = np.column_stack([lon[tail], lat[tail]])
    along = np.column_stack([lon[head], lat[head]]) - start
    squared = (along**2).sum(axis=1)
    found: Float64 = np.divide(
        ((place - start) * along).sum(axis=1), squared, out=np.zeros(len(tail)), where=squared > 0
    )
    return np.clip(found, 0.0, 1.0)
