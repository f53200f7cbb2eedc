"""Squares are crossed: straight lines between the entrances and corners of pedestrian areas that see each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.osm.objects import matching_objects
from circle15.inputs.osm.tag_filter import parse_tag_filter
from circle15.network.rules.daytime import by_day
from circle15.network.rules.floors import floor_of
from circle15.network.rules.walking_table import may_walk
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from pathlib import Path

SQUARE_TAGS = (
    "highway=pedestrian|footway|platform,area!=no;railway=platform,area!=no;public_transport=platform,area!=no"
)
"""Multipolygons with these tags are squares; of closed ways pedestrian areas that say ``area=yes`` are."""

Relation = tuple[dict[str, str], Any, set[int]]
"""A square of several ways: its tags, its polygon, and the ways of its outline."""

_SQUARE_KINDS = frozenset({"pedestrian", "footway"})

MAX_CORNERS = 60
"""Outlines are simplified until they have at most so many corners beside their entrances: curves need no more."""

FARTHEST_STOP_M = 400.0
"""How far an end of a street within a square is joined to its corners and entrances."""

_FIRST_TOLERANCE_M = 0.25
_SLACK_M = 0.02  # a line along the outline is inside in spite of rounding
_E7 = 1e7  # OSM's coordinates are whole multiples of 1e-7 degrees

STREET, OUTLINE, SIGHT_LINE = 0, 1, 2
"""What a line is: a mapped street, the mapped outline of a square, or a way to walk across one that nobody mapped."""

Int8 = npt.NDArray[np.int8]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Square:
    """A pedestrian area; its vertices in the order of its rings, none repeated at a ring's end."""

    rings: tuple[Int64, ...]  # node numbers; the outer ring first, then holes
    way_id: int
    trait: int  # the combination of tags that its lines have
    has_outline: bool  # whether the streets hold its outline already


@dataclass(frozen=True, slots=True)
class DeadEnds:
    """Where streets stop, and may well stop within a square that nobody joined them to."""

    node: Int64  # (n,)
    floor: list[tuple[str, str]]  # layer and level of the street (`circle15.network.streets.seams.floor_of`)

    @classmethod
    def of(cls, lines: Lines, traits: list[dict[str, str]], n_nodes: int, is_none: npt.NDArray[np.bool_]) -> DeadEnds:
        """Find the nodes that one street alone meets; of the first some are none (at a barrier, where cars go on)."""
        degree = np.bincount(np.concatenate([lines.tail, lines.head]), minlength=n_nodes)
        stops = degree == 1
        stops[: len(is_none)] &= ~is_none
        at = np.concatenate([np.flatnonzero(stops[lines.tail]), np.flatnonzero(stops[lines.head])])
        n_tails = int(stops[lines.tail].sum())
        node = np.concatenate([lines.tail[at[:n_tails]], lines.head[at[n_tails:]]])
        return cls(node, [floor_of(traits[row]) for row in lines.trait[at].tolist()])


@dataclass(frozen=True, slots=True)
class Lines:
    """Edges to be added."""

    tail: Int64
    head: Int64
    way_id: Int64
    trait: Int64
    part: Int64  # STREET, OUTLINE or SIGHT_LINE

    @classmethod
    def joined(cls, parts: list[Lines]) -> Lines:
        """Put several together."""
        names = ("tail", "head", "way_id", "trait", "part")
        return cls(*(np.concatenate([np.empty(0, np.int64), *(getattr(p, n) for p in parts)]) for n in names))


def way_squares(tail: Int64, head: Int64, way: Int64, row: Int64, traits: list[dict[str, str]]) -> list[Square]:
    """Find closed ways that are squares among the segments of streets, which hold each way's in its order.

    Parameters
    ----------
    tail, head, way, row
        int64 (n_segments,): nodes, OSM way, row of ``traits``.
    traits
        Combinations of tags.
    """
    is_area = np.array([t.get("area") == "yes" and t.get("highway") in _SQUARE_KINDS for t in traits])
    mine = np.flatnonzero(is_area[row]) if len(row) else np.empty(0, np.int64)
    starts = np.flatnonzero(np.diff(way[mine], prepend=-1))
    parts = np.split(mine, starts[1:]) if len(mine) else []
    # A ring has three sides or more, each of which begins where the last one ended.
    rings = [p for p in parts if len(p) >= 3 and (head[p] == np.roll(tail[p], -1)).all()]  # noqa: PLR2004 (as said)
    return [Square((tail[p],), int(way[p[0]]), int(row[p[0]]), has_outline=True) for p in rings]


def relation_squares(path: str | Path) -> list[Relation]:
    """Read multipolygon relations that are squares."""
    found: list[Relation] = []
    for _, tags, geometry, parts in matching_objects(path, parse_tag_filter(SQUARE_TAGS), only_relations=True):
        if geometry is not None and may_walk(by_day(tags))[0]:
            shape = shapely.from_wkb(geometry)
            found += [
                (tags, p, {int(i[1:]) for i in parts}) for p in shapely.get_parts(shape) if p.geom_type == "Polygon"
            ]
    return found


def place_keys(lon: Float64, lat: Float64) -> Int64:
    """Give each place a whole number, the same for places of the same OSM coordinates."""
    return (np.round(lon * _E7).astype(np.int64) << 32) + np.round(lat * _E7).astype(np.int64)


def crossing_lines(
    squares: list[Square], lon: Float64, lat: Float64, degree: Int64, *, stops: DeadEnds, traits: list[dict[str, str]]
) -> Lines:
    """Give the lines that cross squares, and the outlines of those that the streets do not hold.

    Lines join entrances (vertices that other streets meet, and ends of streets of the same layer and level within the
    square) and corners of the outline and of holes that see each other; the square is simplified where it has more than
    `MAX_CORNERS`. Self-crossing outlines are not crossed.

    Parameters
    ----------
    squares
        The squares.
    lon, lat
        float64 (n_nodes,), degrees WGS-84.
    degree
        int64 (n_nodes,): segments of streets that meet at each node, outlines included.
    stops
        Where streets stop.
    traits
        Combinations of tags.
    """
    parts = [Lines.joined([])]
    tree = shapely.STRtree(shapely.points(lon[stops.node], lat[stops.node]))
    for square in squares:
        outline = square.rings[0]
        floor = floor_of(traits[square.trait])
        box = shapely.box(lon[outline].min(), lat[outline].min(), lon[outline].max(), lat[outline].max())
        near = [int(stops.node[i]) for i in np.sort(tree.query(box)).tolist() if stops.floor[i] == floor]
        tail, head = _chords(square, lon, lat, degree, np.array(near, np.int64))
        part = np.full(len(tail), SIGHT_LINE)
        if not square.has_outline:
            tail = np.concatenate([tail, *square.rings])
            head = np.concatenate([head, *(np.roll(ring, -1) for ring in square.rings)])
            is_square = traits[square.trait].get("highway") in _SQUARE_KINDS  # a platform's edge is no street
            part = np.concatenate([part, np.full(len(tail) - len(part), OUTLINE if is_square else SIGHT_LINE)])
        n = len(tail)
        parts.append(Lines(tail, head, np.full(n, square.way_id), np.full(n, square.trait), part))
    return Lines.joined(parts)


def mapped_once(lines: Lines, outlines_of: Int64) -> Int64:
    """Tell what each line is, so that what is mapped counts once.

    Where an outline runs along a street, or along another square's outline, it is one more way to walk there and no
    second street.

    Parameters
    ----------
    lines
        Of streets, outlines and sight lines.
    outlines_of
        OSM ways that are squares: what the streets hold of them is outline.
    """
    part = np.where((lines.part == STREET) & np.isin(lines.way_id, outlines_of), OUTLINE, lines.part)
    outline = np.flatnonzero(part == OUTLINE)
    n_nodes = int(max(lines.tail.max(initial=-1), lines.head.max(initial=-1))) + 1
    is_met = np.zeros(n_nodes, np.bool_)
    is_met[lines.tail[outline]] = is_met[lines.head[outline]] = True
    street = np.flatnonzero((part == STREET) & is_met[lines.tail] & is_met[lines.head])
    of_outline, of_street = (
        np.minimum(lines.tail[at], lines.head[at]) * n_nodes + np.maximum(lines.tail[at], lines.head[at])
        for at in (outline, street)
    )
    again = np.ones(len(outline), np.bool_)
    again[np.unique(of_outline, return_index=True)[1]] = False
    again |= np.isin(of_outline, of_street)
    part[outline[again]] = SIGHT_LINE
    return part


def _chords(square: Square, lon: Float64, lat: Float64, degree: Int64, near: Int64) -> tuple[Int64, Int64]:
    """Give the lines across one square; ``near`` are nodes where streets stop, in it or not far from it."""
    ring = np.concatenate(square.rings)
    node = np.concatenate([ring, near[~np.isin(near, ring)]]) if len(near) else ring
    xy = _plane(lon[node], lat[node])
    n = len(ring)
    ring_of = np.repeat(np.arange(len(square.rings)), [len(r) for r in square.rings])
    outer, *holes = (xy[:n][ring_of == i] for i in range(len(square.rings)))
    shape = shapely.Polygon(outer, holes)
    if not shape.is_valid:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    room = shapely.buffer(shape, _SLACK_M, join_style="mitre")
    shapely.prepare(room)
    own = 2 if square.has_outline else 0
    kept = np.flatnonzero((degree[ring] > own) | _corners(xy[:n], ring_of))
    kept = np.concatenate([kept, n + np.flatnonzero(shapely.contains_xy(room, *xy[n:].T))])
    a, b = (kept[i] for i in np.triu_indices(len(kept), 1))
    first = np.flatnonzero(np.diff(ring_of, prepend=-1))[ring_of]
    size = np.bincount(ring_of)[ring_of]
    following = np.full(len(node), -1)
    following[:n] = first + (np.arange(n) - first + 1) % size
    apart = (following[a] != b) & (following[b] != a) & (node[a] != node[b])
    a, b = a[apart], b[apart]
    # Who stands within a large square goes to what is near, so that a part of a file tells what the whole does.
    is_far = np.hypot(*(xy[a] - xy[b]).T) > FARTHEST_STOP_M
    apart = ~(is_far & ((a >= n) | (b >= n)))
    a, b = a[apart], b[apart]
    seen = shapely.covers(room, shapely.linestrings(np.stack([xy[a], xy[b]], axis=1))) if len(a) else np.empty(0, bool)
    return node[a[seen]], node[b[seen]]


def _corners(xy: Float64, ring_of: Int64) -> npt.NDArray[np.bool_]:
    """Choose at most `MAX_CORNERS` vertices that keep the rings' form."""
    tolerance = _FIRST_TOLERANCE_M
    while True:
        kept = np.zeros(len(xy), dtype=np.bool_)
        for ring in range(int(ring_of.max()) + 1):
            own = np.flatnonzero(ring_of == ring)
            line = shapely.linestrings(np.concatenate([xy[own], xy[own[:1]]]))
            left = shapely.get_coordinates(shapely.simplify(line, tolerance, preserve_topology=False))
            kept[own] = (xy[own][:, None, :] == left[None, :, :]).all(axis=2).any(axis=1)
        if kept.sum() <= MAX_CORNERS:
            return kept
        tolerance *= 2


def _plane(lon: Float64, lat: Float64) -> Float64:
    """Give metres east and north of the first place."""
    scale = np.radians(1) * EARTH_RADIUS_M
    return np.column_stack([(lon - lon[0]) * scale * np.cos(np.radians(lat[0])), (lat - lat[0]) * scale])
