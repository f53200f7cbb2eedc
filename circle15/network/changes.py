"""A network with a path added or closed: a footbridge, a gate, a street under repair."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import NetworkError
from circle15.network.graph import WalkNetwork
from circle15.network.streets.components import find_components
from circle15.network.streets.segments import haversine_m
from circle15.said import Said
from circle15.units import EARTH_RADIUS_M, UNREACHED, metres_to_ms

if TYPE_CHECKING:
    from typing import Any

JOIN_TOLERANCE_M = 5.0
"""How far a path's end may stand from the street that it joins, and a street from the line that closes it."""

SAME_PLACE_M = 0.1
"""A join this near to a node is that node."""

_SAMPLES = np.linspace(0.0, 1.0, 5)
_ALONG = 0.5
"""An edge lies along a line when at least this share of its length shows in the line's own direction."""

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathEnd:
    """One end of an added path, and whether it joins a street."""

    end: Literal["start", "end"]
    lon: float  # as given
    lat: float
    miss_m: float  # metres to the nearest street
    is_joined: bool


@dataclass(frozen=True, slots=True)
class AddedPath:
    """A network with one more path."""

    network: WalkNetwork
    ends: tuple[PathEnd, PathEnd]
    length_m: float


@dataclass(frozen=True, slots=True)
class ClosedPath:
    """A network with a street closed."""

    network: WalkNetwork
    n_edges: int  # edges closed; 0 where no street lies along the line
    length_m: float  # of the closed edges
    nearest_m: float  # metres from the line's middle to the nearest street, for the message where nothing was closed


def add_path(net: WalkNetwork, line: npt.ArrayLike, *, tolerance_m: float = JOIN_TOLERANCE_M) -> AddedPath:
    """Add a level path that everyone may walk both ways; it joins the streets at its two ends alone.

    An end joins the nearest street within ``tolerance_m``, at a node or within an edge, which is then divided without
    changing any time along it. Where the line crosses a street between its ends it does not join it: a footbridge
    passes over. Streets of an island that the path connects to the rest are no island any more.

    Parameters
    ----------
    net
        Walking network; it is not changed.
    line
        (n, 2) longitude and latitude in degrees WGS-84, two points or more.
    tolerance_m
        Largest gap in metres that an end is joined across.

    Returns
    -------
    AddedPath
        ``ends`` says by how many metres an end that is not joined misses.

    Raises
    ------
    NetworkError
        If the line has fewer than two different points, or a coordinate is out of range.
    """
    points = checked_line(line)
    draft = _Draft.of(net)
    nodes: list[int] = []
    ends: list[PathEnd] = []
    for name, place in (("start", 0), ("end", -1)):
        lon, lat = points[place]
        edge, fraction, miss_m = draft.nearest(lon, lat)
        joined = bool(miss_m <= tolerance_m)
        nodes.append(draft.node_at(edge, fraction) if joined else draft.add_node(lon, lat))
        ends.append(PathEnd("start" if name == "start" else "end", float(lon), float(lat), miss_m, joined))
    between = [draft.add_node(lon, lat) for lon, lat in points[1:-1]]
    chain = [nodes[0], *between, nodes[1]]
    length_m = sum(draft.add_edge(u, v) for u, v in pairwise(chain) if u != v)
    return AddedPath(draft.network(net), (ends[0], ends[1]), length_m)


def close_path(net: WalkNetwork, line: npt.ArrayLike, *, tolerance_m: float = JOIN_TOLERANCE_M) -> ClosedPath:
    """Close the streets that lie along a line; streets that only cross it stay open.

    The streets are divided where the line begins and ends, then every edge that keeps within ``tolerance_m`` of the
    line and runs its way is taken out. What a closed street cuts off does not become an island: people there stay on
    their street and have no way out of it.

    Parameters
    ----------
    net, line, tolerance_m
        As for `add_path`; here the tolerance is the largest distance of street and line.

    Raises
    ------
    NetworkError
        As for `add_path`.
    """
    points = checked_line(line)
    draft = _Draft.of(net)
    for lon, lat in (points[0], points[-1]):
        edge, fraction, distance = draft.nearest(lon, lat)
        if distance <= tolerance_m:
            draft.node_at(edge, fraction)
    middle = shapely.line_interpolate_point(shapely.linestrings(points), 0.5, normalized=True)
    closed = draft.along(points, tolerance_m)
    length_m = float(draft.length_m[closed & draft.is_street].sum())
    nearest_m = draft.nearest(middle.x, middle.y)[2]
    draft.drop(closed)
    return ClosedPath(draft.network(net), int(closed.sum()), length_m, nearest_m)


def clip_around(net: WalkNetwork, points: npt.ArrayLike, radius_m: float) -> WalkNetwork:
    """Give the part of a network with an edge's end within ``radius_m`` metres of one of a few points.

    Edges and nodes keep their order, and islands stay islands.

    Parameters
    ----------
    net
        Walking network.
    points
        (n, 2) longitude and latitude, a few.
    radius_m
        Metres.
    """
    inside = np.zeros(net.n_nodes, dtype=np.bool_)
    for lon, lat in np.asarray(points, dtype=np.float64):
        x, y = _plane(net.node_lon, net.node_lat, lon, lat)
        inside |= np.hypot(x, y) <= radius_m
    kept = np.flatnonzero(inside[net.tail] | inside[net.head])
    used, ends = np.unique(np.concatenate([net.tail[kept], net.head[kept]]), return_inverse=True)
    links = net.links[np.isin(net.links, used).all(axis=1)]
    return WalkNetwork(
        node_lon=net.node_lon[used],
        node_lat=net.node_lat[used],
        tail=ends[: len(kept)].astype(np.int32),
        head=ends[len(kept) :].astype(np.int32),
        length_m=net.length_m[kept],
        profiles=net.profiles,
        walk_ms=net.walk_ms[:, :, kept],
        is_island=net.is_island[kept],
        way_id=net.way_id[kept],
        is_street=net.is_street[kept],
        report=net.report,
        is_span=net.is_span[kept],
        depth=net.depth[used],
        links=np.searchsorted(used, links).astype(np.int32),
    )


def checked_line(line: npt.ArrayLike) -> Float64:
    """Give a line as float64 (n, 2).

    Raises
    ------
    NetworkError
        If it has fewer than two different points, or a coordinate is out of range.
    """
    points = np.asarray(line, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:  # noqa: PLR2004 (lon, lat; two ends)
        raise NetworkError(
            Said(
                f"路径应为两个以上的 [经度, 纬度]；现为 {points.shape}",
                f"a path is two or more [lon, lat] pairs; this has shape {points.shape}",
            )
        )
    if not (np.isfinite(points).all() and (np.abs(points) <= [180.0, 90.0]).all()):
        raise NetworkError(
            Said(
                "路径坐标应为 WGS-84 经纬度，经度在前",
                "a path's coordinates are degrees WGS-84, longitude first",
            )
        )
    if (points == points[0]).all():
        raise NetworkError(Said("路径至少须有两个不同的点", "a path needs two different points"))
    return points


@dataclass(slots=True)
class _Draft:
    """A network's arrays while they change."""

    lon: Float64
    lat: Float64
    tail: npt.NDArray[np.int64]
    head: npt.NDArray[np.int64]
    length_m: Float64
    walk_ms: npt.NDArray[np.uint32]
    way_id: npt.NDArray[np.int64]
    is_island: npt.NDArray[np.bool_]
    is_span: npt.NDArray[np.bool_]
    is_street: npt.NDArray[np.bool_]
    is_new: npt.NDArray[np.bool_]  # (n_edges,) added here, not divided off another
    speeds_m_s: tuple[float, ...]

    @classmethod
    def of(cls, net: WalkNetwork) -> _Draft:
        return cls(
            lon=net.node_lon,
            lat=net.node_lat,
            tail=net.tail.astype(np.int64),
            head=net.head.astype(np.int64),
            length_m=net.length_m.copy(),
            walk_ms=net.walk_ms.copy(),
            way_id=net.way_id.copy(),
            is_island=net.is_island.copy(),
            is_span=net.is_span.copy(),
            is_street=net.is_street.copy(),
            is_new=np.zeros(net.n_edges, dtype=np.bool_),
            speeds_m_s=tuple(p.speed_m_s for p in net.profiles),
        )

    def nearest(self, lon: float, lat: float) -> tuple[int, float, float]:
        """Find the nearest edge, islands included, the fraction along it and the distance in metres."""
        if not len(self.tail):
            return -1, float("nan"), float("inf")
        x, y = _plane(self.lon, self.lat, lon, lat)
        ax, ay = x[self.tail], y[self.tail]
        dx, dy = x[self.head] - ax, y[self.head] - ay
        squared = dx * dx + dy * dy
        along = np.divide(-(ax * dx + ay * dy), squared, out=np.zeros(len(ax)), where=squared > 0)
        fraction = np.clip(along, 0.0, 1.0)
        distance = np.hypot(ax + fraction * dx, ay + fraction * dy)
        edge = int(np.argmin(distance))
        return edge, float(fraction[edge]), float(distance[edge])

    def node_at(self, edge: int, fraction: float) -> int:
        """Give the node at a place on an edge, dividing the edge where there is none."""
        if fraction * self.length_m[edge] <= SAME_PLACE_M:
            return int(self.tail[edge])
        if (1 - fraction) * self.length_m[edge] <= SAME_PLACE_M:
            return int(self.head[edge])
        tail, head = int(self.tail[edge]), int(self.head[edge])
        node = self.add_node(
            self.lon[tail] + fraction * (self.lon[head] - self.lon[tail]),
            self.lat[tail] + fraction * (self.lat[head] - self.lat[tail]),
        )
        ms = self.walk_ms[:, :, edge]
        # The same rounding as for a place on an edge, so that the two parts add up to the whole.
        first = np.where(ms == UNREACHED, UNREACHED, np.floor(fraction * ms + 0.5).astype(np.uint32))
        rest = np.where(ms == UNREACHED, UNREACHED, ms - first)
        length = self.length_m[edge]
        self._append(node, head, (1 - fraction) * length, rest, is_island=bool(self.is_island[edge]))
        for values in (self.way_id, self.is_new, self.is_span, self.is_street):
            values[-1] = values[edge]
        self.head[edge], self.length_m[edge], self.walk_ms[:, :, edge] = node, fraction * length, first
        return node

    def add_node(self, lon: float, lat: float) -> int:
        self.lon, self.lat = np.append(self.lon, lon), np.append(self.lat, lat)
        return len(self.lon) - 1

    def add_edge(self, u: int, v: int) -> float:
        """Add a level edge and give its length in metres."""
        ends = [np.array([values[node]]) for node in (u, v) for values in (self.lon, self.lat)]
        length = float(haversine_m(*ends)[0])
        one_way = np.array([metres_to_ms(length, speed) for speed in self.speeds_m_s], dtype=np.uint32)
        self._append(u, v, length, np.stack([one_way, one_way], axis=1), is_island=True)
        return length

    def along(self, points: Float64, tolerance_m: float) -> npt.NDArray[np.bool_]:
        """Tell which edges keep within the tolerance of a line and run its way, (n_edges,)."""
        lon0, lat0 = points.mean(axis=0)
        line = shapely.linestrings(np.column_stack(_plane(points[:, 0], points[:, 1], lon0, lat0)))
        x, y = _plane(self.lon, self.lat, lon0, lat0)
        west, south, east, north = shapely.bounds(shapely.buffer(line, tolerance_m))
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        near = np.flatnonzero(inside[self.tail] & inside[self.head] & (self.length_m > 0))
        t, h = self.tail[near, None], self.head[near, None]
        samples = shapely.points(x[t] + _SAMPLES * (x[h] - x[t]), y[t] + _SAMPLES * (y[h] - y[t]))
        is_near = (shapely.distance(samples, line) <= tolerance_m).all(axis=1)
        at = shapely.line_locate_point(line, samples)
        runs_along = np.abs(at[:, -1] - at[:, 0]) >= _ALONG * self.length_m[near]
        found = np.zeros(len(self.tail), dtype=np.bool_)
        found[near[is_near & runs_along]] = True
        return found

    def drop(self, edges: npt.NDArray[np.bool_]) -> None:
        keep = ~edges
        self.tail, self.head, self.length_m = self.tail[keep], self.head[keep], self.length_m[keep]
        self.walk_ms, self.way_id = self.walk_ms[:, :, keep], self.way_id[keep]
        self.is_island, self.is_span, self.is_new = self.is_island[keep], self.is_span[keep], self.is_new[keep]
        self.is_street = self.is_street[keep]

    def network(self, net: WalkNetwork) -> WalkNetwork:
        """Give the changed network; an island that a new edge connects to the rest is none any more."""
        depth, links = self._compounds(net)
        component = find_components(len(self.lon), self.tail, self.head, links)
        is_island = self.is_island
        if self.is_new.any() and len(self.tail):
            of_edge = component[self.tail]
            has_rest = np.zeros(int(component.max()) + 1, dtype=np.bool_)
            has_rest[of_edge[~self.is_island & ~self.is_new]] = True
            touched = np.zeros_like(has_rest)
            touched[of_edge[self.is_new]] = True
            is_island = np.where(touched[of_edge], ~has_rest[of_edge], self.is_island)
        return WalkNetwork(
            node_lon=self.lon,
            node_lat=self.lat,
            tail=self.tail.astype(np.int32),
            head=self.head.astype(np.int32),
            length_m=self.length_m,
            profiles=net.profiles,
            walk_ms=self.walk_ms,
            is_island=is_island,
            component=component,
            way_id=self.way_id,
            is_street=self.is_street,
            report=net.report,
            is_span=self.is_span,
            depth=depth,
            links=links,
        )

    def _compounds(self, net: WalkNetwork) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
        """Give the depths and links; what a new edge joins is as public as the most public street of it."""
        depth = np.append(net.depth, np.zeros(len(self.lon) - net.n_nodes, np.int8))
        if not len(net.links):
            return depth, net.links
        component = find_components(len(self.lon), self.tail, self.head)
        least = np.full(int(component.max()) + 1, np.iinfo(np.int8).max, np.int8)
        np.minimum.at(least, component[: net.n_nodes], net.depth)
        depth = np.where(least == np.iinfo(np.int8).max, 0, least)[component].astype(np.int8)
        return depth, net.links[(depth[net.links] > 0).any(axis=1)]

    def _append(self, tail: int, head: int, length: float, ms: npt.NDArray[Any], *, is_island: bool) -> None:
        self.tail, self.head = np.append(self.tail, tail), np.append(self.head, head)
        self.length_m, self.way_id = np.append(self.length_m, length), np.append(self.way_id, -1)
        self.walk_ms = np.concatenate([self.walk_ms, ms[:, :, None].astype(np.uint32)], axis=2)
        self.is_island, self.is_new = np.append(self.is_island, is_island), np.append(self.is_new, True)
        self.is_span = np.append(self.is_span, False)
        self.is_street = np.append(self.is_street, True)


def _plane(lon: Float64, lat: Float64, lon0: float, lat0: float) -> tuple[Float64, Float64]:
    """Give metres east and north of a point, in the plane that touches the sphere along its parallel."""
    x = EARTH_RADIUS_M * np.cos(np.radians(lat0)) * np.radians(lon - lon0)
    return x, EARTH_RADIUS_M * np.radians(lat - lat0)
