"""Streets clipped to a study area, and which of them are islands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.errors import InputError, Problem
from circle15.network.streets.components import find_components
from circle15.network.streets.compounds import open_private_gates
from circle15.network.streets.covered_ground import covered_ground
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.network.streets.segments import Bool, Int64, Segments


ISLAND_M = 1000.0
"""A component with less mapped street than this is an island: nothing is linked to it."""

_ISLAND_SHARE = np.array([1.0, 0.5, 0.0])  # of STREET, OUTLINE, SIGHT_LINE: who walks round a square comes back


def cut_to_area(
    s: Segments, area: Any, path: Path, island_m: float, *, has_largest: bool = True
) -> tuple[Segments, Bool]:
    """Find islands, then clip the streets to ``area``; give which segments are on islands.

    ``has_largest`` tells that the file's largest component is among the streets: that never is an island.
    """
    if len(s.tail) == 0:
        raise InputError(Problem(_nothing_walkable(s), file=str(path)))
    s = open_private_gates(s)
    street_m = np.bincount(s.component[s.tail], weights=s.length_m * _ISLAND_SHARE[s.part])
    small = street_m < island_m
    if has_largest:
        small[street_m.argmax()] = False
    is_island = small[s.component[s.tail]]
    if area is None:
        return s, is_island
    s, kept = _clipped(s, area, path)
    return s, is_island[kept]


def _clipped(s: Segments, area: Any, path: Path) -> tuple[Segments, Int64]:
    """Keep the segments that meet ``area``; give with them their old numbers."""
    kept = _meeting(s, area)
    if len(kept) == 0:
        raise InputError(Problem(_elsewhere(s, area), file=str(path)))
    used = np.zeros(len(s.node_lon), dtype=bool)
    used[s.tail[kept]] = used[s.head[kept]] = True
    number = (np.cumsum(used) - 1).astype(np.int32)
    tail, head = number[s.tail[kept]], number[s.head[kept]]
    lon, lat = s.node_lon[used], s.node_lat[used]
    links = number[s.links[used[s.links].all(axis=1)]]
    inside = replace(
        s,
        node_lon=lon,
        node_lat=lat,
        tail=tail,
        head=head,
        length_m=s.length_m[kept],
        component=find_components(len(lon), tail, head, links),
        way_id=s.way_id[kept],
        trait=s.trait[kept],
        n_steps=s.n_steps[kept],
        part=s.part[kept],
        node_row=s.node_row[used],
        gate=s.gate[used],
        depth=s.depth[used],
        links=links,
        borders=_borders_near(s.borders, area),
        ground=covered_ground(lon, lat, s.stated_box),
    )
    return inside, kept


def _borders_near(borders: Any, area: Any) -> Any:
    """Keep the pieces of borders whose box meets the area's."""
    west, south, east, north = area.bounds
    low, high = np.minimum(borders[:, :2], borders[:, 2:]), np.maximum(borders[:, :2], borders[:, 2:])
    return borders[(low <= (east, north)).all(axis=1) & (high >= (west, south)).all(axis=1)]


def _meeting(s: Segments, area: Any) -> Int64:
    """Give the segments that meet ``area``, at least by a point."""
    west, south, east, north = area.bounds
    shapely.prepare(area)
    # Where each node lies beside the bounds, as bits: two nodes on one outer side cannot span them.
    outside = (
        (s.node_lon < west) * np.uint8(1)
        | (s.node_lon > east) * np.uint8(2)
        | (s.node_lat < south) * np.uint8(4)
        | (s.node_lat > north) * np.uint8(8)
    )
    near = np.flatnonzero(outside == 0)
    inside = np.zeros(len(outside), dtype=bool)
    inside[near] = shapely.contains_xy(area, s.node_lon[near], s.node_lat[near])
    meets = inside[s.tail] | inside[s.head]
    undecided = np.flatnonzero(~meets & ((outside[s.tail] & outside[s.head]) == 0))
    ends = np.stack([s.tail[undecided], s.head[undecided]], axis=1)
    lines = shapely.linestrings(np.stack([s.node_lon[ends], s.node_lat[ends]], axis=-1))
    meets[undecided] = shapely.intersects(area, lines)
    return np.flatnonzero(meets)


def _nothing_walkable(s: Segments) -> Said:
    refused = ", ".join(f"{n} {reason}" for reason, n in s.ways_refused)
    return Said(
        f"没有可步行的道路（读入 {s.n_ways_read} 条{'：' + refused if refused else ''}）",
        f"holds no street that one may walk on ({s.n_ways_read} ways read{': ' + refused if refused else ''})",
    )


def _elsewhere(s: Segments, area: Any) -> Said:
    return Said(
        f"在 {area.centroid.x:.4f},{area.centroid.y:.4f} 一带的研究区内没有可步行的道路：其道路位于 "
        f"{s.node_lon.min():.4f},{s.node_lat.min():.4f} 至 {s.node_lon.max():.4f},{s.node_lat.max():.4f}（经度,"
        "纬度）；请检查边界及其坐标系",
        f"has no walkable street in the study area around {area.centroid.x:.4f},{area.centroid.y:.4f}: its streets lie "
        f"between {s.node_lon.min():.4f},{s.node_lat.min():.4f} and {s.node_lon.max():.4f},{s.node_lat.max():.4f} "
        "(degrees, lon,lat); check the boundary and its coordinate system",
    )
