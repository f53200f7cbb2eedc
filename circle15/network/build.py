"""Street data to a walking network: ``.osm.pbf`` and ``.osm``, OSMnx ``.graphml``, ``.gpkg``."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from circle15.errors import InputError, NetworkError, Problem
from circle15.inputs.osm import header_extent, read_ways
from circle15.inputs.osm_columns import OsmColumns, TagColumn
from circle15.inputs.osm_file import is_osm_file
from circle15.network.coverage import believed_box, covered_ground, missing_buffer_sides
from circle15.network.graph import WalkNetwork
from circle15.network.walking import WalkProfile, may_walk, table_keys
from circle15.units import EARTH_RADIUS_M, metres_to_ms

__all__ = ["ISLAND_M", "BuildReport", "missing_buffer_sides", "read_network"]

ISLAND_M = 1000.0
"""A component with less street length than this is an island: nothing is linked to it."""

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building a network found."""

    source: str
    n_ways_read: int
    ways_refused: tuple[tuple[str, int], ...]  # reason, ways; most frequent first
    n_barriers_cut: int
    n_nodes_missing: int  # references of walkable ways to nodes that the file does not hold
    n_nodes: int
    n_edges: int
    n_components: int
    n_islands: int
    street_length_m: float
    island_length_m: float
    extent: Any  # (Multi)Polygon, degrees WGS-84: where the file's data covers the ground, within the area asked for

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain values, the extent by its bounds."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**values, "ways_refused": dict(self.ways_refused), "extent": [round(v, 6) for v in self.extent.bounds]}


@dataclass(frozen=True, slots=True)
class Segments:
    """Straight pieces of street as read, before clipping; nodes are numbered without gaps."""

    node_lon: Float64
    node_lat: Float64
    tail: Int64
    head: Int64
    length_m: Float64
    way_id: Int64
    n_ways_read: int
    ways_refused: tuple[tuple[str, int], ...]
    n_barriers_cut: int = 0
    n_nodes_missing: int = 0
    stated_box: Any = None  # what the file's header says that it covers, where its streets bear that out


def read_network(
    path: str | Path,
    *,
    area: Any = None,
    profiles: Iterable[WalkProfile] = (WalkProfile(),),
    cache: bool = True,
    island_m: float = ISLAND_M,
) -> WalkNetwork:
    """Read a walking network."""
    segments = osm_segments(path)
    return make_network(segments, str(path), area=area, profiles=tuple(profiles), island_m=island_m)


def osm_segments(path: str | Path) -> Segments:
    """Read the walkable streets of an OSM file, one segment per pair of consecutive nodes of a way."""
    way_values, node_values = table_keys("way"), table_keys("node")
    ways = read_ways(path, way_keys=tuple(way_values), node_keys=tuple(node_values))
    allowed, reasons = decide(ways.way_tags, way_values, "way", len(ways.way_id))
    passes, _ = decide(ways.node_tags, node_values, "node", len(ways.node_id))
    refused = reasons[~allowed & (reasons != "not a street")]
    names, counts = np.unique(refused.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")

    n_points = np.diff(ways.indptr)
    way_of = np.repeat(np.arange(len(ways.way_id)), n_points)
    located = ~np.isnan(ways.lon)
    here, there = slice(0, -1), slice(1, None)
    joined = (way_of[here] == way_of[there]) & allowed[way_of[here]] & located[here] & located[there]
    joined &= ways.ref[here] != ways.ref[there]
    first = np.flatnonzero(joined)
    ends = np.concatenate([first, first + 1])
    node_ref, index_of_ref, inverse = np.unique(ways.ref[ends], return_index=True, return_inverse=True)
    lon, lat = ways.lon[ends][index_of_ref], ways.lat[ends][index_of_ref]
    # A closed barrier gives each street end at it a node of its own: one can walk up to it from any side, not past it.
    closed = np.isin(node_ref, ways.node_id[~passes])
    at_barrier = np.flatnonzero(closed[inverse])
    node = inverse.copy()
    node[at_barrier] = len(node_ref) + np.arange(len(at_barrier))
    lon = np.concatenate([lon, lon[inverse[at_barrier]]])
    lat = np.concatenate([lat, lat[inverse[at_barrier]]])
    kept, node = np.unique(node, return_inverse=True)
    lon, lat = lon[kept], lat[kept]
    tail, head = node[: len(first)], node[len(first) :]
    way = ways.way_id[way_of[first]]
    once = _first_of_each(way, np.minimum(tail, head), np.maximum(tail, head))
    tail, head, way = tail[once], head[once], way[once]
    return Segments(
        node_lon=lon,
        node_lat=lat,
        tail=tail,
        head=head,
        length_m=haversine_m(lon[tail], lat[tail], lon[head], lat[head]),
        way_id=way,
        n_ways_read=int((reasons != "not a street").sum()),
        ways_refused=tuple((str(names[i]), int(counts[i])) for i in order),
        n_barriers_cut=int(closed.sum()),
        n_nodes_missing=int((~located & allowed[way_of]).sum()),
        stated_box=believed_box(header_extent(path), lon, lat),
    )


def decide(
    tags: dict[str, TagColumn], asked: dict[str, frozenset[str]], kind: str, n: int
) -> tuple[Bool, npt.NDArray[np.object_]]:
    """Ask the tag table once for each combination of tags that occurs.

    Returns
    -------
    allowed
        bool (n,).
    reasons
        object (n,), the deciding row's reason.
    """
    combined = np.zeros(n, np.int64)
    for key, named in asked.items():
        column = tags[key]
        # Values that no rule names are alike, which keeps the combinations few.
        alike: dict[str, int] = {}
        place = np.array([alike.setdefault(v if v in named or ";" in v else "", len(alike)) for v in column.values] + [-1])
        combined = combined * (len(alike) + 1) + place[column.codes] + 1
        combined = np.unique(combined, return_inverse=True)[1]
    _, example, inverse = np.unique(combined, return_index=True, return_inverse=True)
    verdicts = [
        may_walk({k: c.values[c.codes[i]] for k, c in tags.items() if c.codes[i] >= 0}, kind) for i in example.tolist()
    ]
    allowed = np.array([v[0] for v in verdicts], dtype=bool)[inverse]
    reasons = np.array([v[1] for v in verdicts], dtype=object)[inverse]
    return allowed, reasons


def _first_of_each(*columns: Int64) -> Int64:
    """Give the rows, in order, whose values have not occurred before."""
    order = np.lexsort(columns[::-1])
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in columns:
        same &= column[order[1:]] == column[order[:-1]]
    return np.sort(order[np.concatenate([[True], ~same])]) if len(order) else order


def haversine_m(lon1: Float64, lat1: Float64, lon2: Float64, lat2: Float64) -> Float64:
    """Compute great-circle distances in metres on the sphere that OSMnx uses (R = 6,371,009 m).

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        float64 (n,), degrees.
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    h = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1)))


def make_network(
    s: Segments, source: str, *, area: Any, profiles: tuple[WalkProfile, ...], island_m: float
) -> WalkNetwork:
    """Clip segments to ``area``, find components and islands, and cost each profile."""
    if len(s.tail) == 0:
        raise InputError(Problem("holds no street that one may walk on", file=source))
    _, label = _components(len(s.node_lon), s.tail, s.head)
    street_m = np.bincount(label[s.tail], weights=s.length_m, minlength=label.max() + 1)
    small = street_m < island_m
    small[street_m.argmax()] = False
    is_island = small[label[s.tail]]
    kept = np.arange(len(s.tail)) if area is None else _meets(s, area)
    if len(kept) == 0:
        west, south, east, north = s.node_lon.min(), s.node_lat.min(), s.node_lon.max(), s.node_lat.max()
        message = (
            "has no walkable street in the study area: its streets lie between "
            f"{west:.4f} and {east:.4f} E, {south:.4f} and {north:.4f} N, the area around "
            f"{area.centroid.x:.4f} E {area.centroid.y:.4f} N; check the boundary, and that the files belong together"
        )
        raise InputError(Problem(message, file=source))
    used, ends = np.unique(np.concatenate([s.tail[kept], s.head[kept]]), return_inverse=True)
    tail, head = ends[: len(kept)].astype(np.int32), ends[len(kept) :].astype(np.int32)
    n_components, component = _components(len(used), tail, head)
    length_m, is_island = s.length_m[kept], is_island[kept]
    walk_ms = np.empty((len(profiles), 2, len(kept)), dtype=np.uint32)
    for p, profile in enumerate(profiles):
        walk_ms[p, :] = metres_to_ms(length_m, profile.speed_m_s)
    report = BuildReport(
        source=source,
        n_ways_read=s.n_ways_read,
        ways_refused=s.ways_refused,
        n_barriers_cut=s.n_barriers_cut,
        n_nodes_missing=s.n_nodes_missing,
        n_nodes=len(used),
        n_edges=len(kept),
        n_components=n_components,
        n_islands=len(np.unique(component[tail[is_island]])),
        street_length_m=float(length_m.sum()),
        island_length_m=float(length_m[is_island].sum()),
        extent=covered_ground(s.node_lon[used], s.node_lat[used], s.stated_box),
    )
    return WalkNetwork(
        node_lon=s.node_lon[used],
        node_lat=s.node_lat[used],
        tail=tail,
        head=head,
        length_m=length_m,
        profiles=profiles,
        walk_ms=walk_ms,
        is_island=is_island,
        component=component.astype(np.int32),
        way_id=s.way_id[kept],
        report=report,
    )


def _components(n: int, tail: npt.NDArray[Any], head: npt.NDArray[Any]) -> tuple[int, npt.NDArray[np.int32]]:
    ones = np.ones(len(tail), dtype=np.int8)
    count, label = connected_components(coo_array((ones, (tail, head)), shape=(n, n)), directed=False)
    return int(count), label


def _meets(s: Segments, area: Any) -> Int64:
    """Give the segments that meet ``area``, at least by a point."""
    west, south, east, north = area.bounds
    lon, lat = np.stack([s.node_lon[s.tail], s.node_lon[s.head]]), np.stack([s.node_lat[s.tail], s.node_lat[s.head]])
    near = (lon.max(0) >= west) & (lon.min(0) <= east) & (lat.max(0) >= south) & (lat.min(0) <= north)
    rows = np.flatnonzero(near)
    shapely.prepare(area)
    lines = shapely.linestrings(np.stack([lon[:, rows].T, lat[:, rows].T], axis=-1))
    return rows[shapely.intersects(area, lines)]
