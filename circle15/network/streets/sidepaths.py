"""Streets under ``foot=use_sidepath``: what hangs on them is joined to the footway beside, or walks along them.

Whoever walks there is told to take the footway beside. Where a side street runs to the middle of such a street and no
footway beside it is joined to that side street, the drawing has left a gap that nobody meets outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from circle15.network.rules.floors import floor_of
from circle15.network.rules.walking_table import may_walk
from circle15.network.streets.squares import SIGHT_LINE, Lines
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.inputs.osm.columns import OsmColumns
    from circle15.network.streets.ways import Streets

BESIDE_M = 25.0
"""How far from the middle of a street the footway beside it lies at most."""

WALKED_M = 60.0
"""A side street from which one walks no farther than this to the footway beside is joined to it."""

CROSSED_M = 40.0
"""How far up a side street the footway beside crosses it at most."""

FARTHEST_M = 400.0
"""How far one walks along the street itself, from one side street to the next, where no footway beside is mapped."""

_CELLS_PER_DEGREE, _CELL_ROW = 50, 1 << 20

FOOTWAYS = frozenset({"footway", "path", "pedestrian", "cycleway", "steps", "corridor"})

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(slots=True)
class Joints:
    """What is added to the streets: nodes, places where lines are cut, and lines."""

    first_node: int
    place: list[tuple[float, float]] = field(default_factory=list)  # lon, lat of new nodes
    cuts: dict[int, list[tuple[float, int]]] = field(default_factory=dict)  # of a line: share from its tail, node
    lines: list[tuple[int, int, int]] = field(default_factory=list)  # tail, head, row of the way

    def add_node(self, lon: float, lat: float) -> int:
        """Give a new node its number."""
        self.place.append((lon, lat))
        return self.first_node + len(self.place) - 1

    def applied(self, streets: Streets, way_id: Int64) -> tuple[Lines, Int64]:
        """Give the streets' lines, and the row of the way of each, with the cuts and lines made."""
        lines, way_row = streets.lines, streets.way_row
        head, more, rows = lines.head.copy(), [], []
        for edge, found in self.cuts.items():
            nodes = [node for _, node in sorted(found)]
            ends = [*nodes[1:], int(head[edge])]
            head[edge] = nodes[0]
            trait, part = int(lines.trait[edge]), int(lines.part[edge])
            more += [(u, v, int(lines.way_id[edge]), trait, part) for u, v in zip(nodes, ends, strict=True)]
            rows += [int(way_row[edge])] * len(nodes)
        more += [(u, v, int(way_id[row]), int(streets.row_of_way[row]), SIGHT_LINE) for u, v, row in self.lines]
        rows += [row for _, _, row in self.lines]
        added = Lines(*np.array(more, np.int64).reshape(-1, 5).T)
        return Lines.joined([replace(lines, head=head), added]), np.concatenate([way_row, np.array(rows, np.int64)])


def sidepath_joints(ways: OsmColumns, streets: Streets, closed: Int64, lon: Float64, lat: Float64) -> Joints:
    """Find how what hangs on streets under ``foot=use_sidepath`` gets to where one walks.

    A node of such a street that others meet is joined where a footway beside is reached from it within `WALKED_M`.
    Else, if a footway lies within `BESIDE_M`, that is joined to the side street where it crosses it (within `CROSSED_M`
    of the node), or by the shortest way to the node; and if none is mapped there, the street itself is walked as far as
    the next node that others meet (`FARTHEST_M`). What is added are ways to walk, no street. All of it is decided by
    what lies near, so that a part of a file tells what the whole does.

    Parameters
    ----------
    ways, streets
        All ways, and those that may be walked.
    closed
        OSM nodes that nobody may pass.
    lon, lat
        float64 (n_nodes,) of the streets' nodes.
    """
    joints = Joints(len(lon))
    rows = _sidepath_ways(ways)
    if not len(rows) or not len(streets.lines.tail):
        return joints
    mentioned = np.concatenate([np.arange(ways.indptr[row], ways.indptr[row + 1]) for row in rows])
    is_theirs = np.zeros(len(streets.refs), dtype=np.bool_)
    is_theirs[streets.number[mentioned]] = True
    nodes = np.flatnonzero(is_theirs[streets.origin] & ~streets.is_closed)
    if not len(nodes):
        return joints
    node_of = dict(zip(streets.origin[nodes].tolist(), nodes.tolist(), strict=True))
    near = _Near(streets, lon, lat, nodes)
    known: dict[int, bool] = {}
    shut = set(closed.tolist())
    for row in rows:
        mentions = range(int(ways.indptr[row]), int(ways.indptr[row + 1]))
        met = [(m, node_of[int(streets.number[m])]) for m in mentions if int(streets.number[m]) in node_of]
        for _, node in met:
            if node not in known:
                known[node] = near.join(node, row, joints)
        for (m, u), (k, v) in pairwise(met):
            if not (known[u] and known[v]):
                _walk_along(ways, range(m, k + 1), (u, v), row, joints, shut=shut)
    return joints


def _sidepath_ways(ways: OsmColumns) -> list[int]:
    """Give the rows of ways that would be streets but for ``foot=use_sidepath``."""
    column = ways.way_tags["foot"]
    if "use_sidepath" not in column.values:
        return []
    found = np.flatnonzero(column.codes == column.values.index("use_sidepath")).tolist()
    tags = ({k: c.values[c.codes[row]] for k, c in ways.way_tags.items() if c.codes[row] >= 0} for row in found)
    return [row for row, t in zip(found, tags, strict=True) if may_walk({k: v for k, v in t.items() if k != "foot"})[0]]


def _walk_along(
    ways: OsmColumns, mentions: range, ends: tuple[int, int], row: int, joints: Joints, *, shut: set[int]
) -> None:
    """Open a street between two of its nodes, unless it is long or a barrier stands on it."""
    at = np.array(mentions)
    x, y = ways.lon[at], ways.lat[at]
    if np.isnan(x).any() or shut.intersection(ways.ref[at].tolist()) or ends[0] == ends[1]:
        return
    scale = np.radians(1) * EARTH_RADIUS_M
    length = np.hypot(np.diff(x) * scale * np.cos(np.radians(y[0])), np.diff(y) * scale).sum()
    if length <= FARTHEST_M:
        between = [joints.add_node(float(a), float(b)) for a, b in zip(x[1:-1], y[1:-1], strict=True)]
        chain = [ends[0], *between, ends[1]]
        joints.lines += [(u, v, row) for u, v in pairwise(chain)]


class _Near:
    """The streets around some nodes; a straight piece of street is shorter than two kilometres."""

    def __init__(self, streets: Streets, lon: Float64, lat: Float64, nodes: Int64) -> None:
        self.lines, self.lon, self.lat = streets.lines, lon, lat
        self.floor = [floor_of(t) for t in streets.traits]
        self.is_footway = _are_footways(streets.traits)
        steps = np.array([(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
        cells = np.floor(np.column_stack([lon, lat]) * _CELLS_PER_DEGREE).astype(np.int64)
        wanted = np.unique((cells[nodes][:, None] + steps).reshape(-1, 2) @ (_CELL_ROW, 1))
        self.rows = np.flatnonzero(np.isin((cells @ (_CELL_ROW, 1))[self.lines.tail], wanted))
        ends = np.stack([self.lines.tail[self.rows], self.lines.head[self.rows]], axis=1)
        self.tree = shapely.STRtree(shapely.linestrings(np.stack([lon[ends], lat[ends]], axis=-1)))

    def join(self, node: int, row: int, joints: Joints) -> bool:
        """Join a node to a footway beside; tell whether it is joined now, or was."""
        scale = np.radians(1) * EARTH_RADIUS_M
        per_lon, per_lat = scale * np.cos(np.radians(self.lat[node])), scale
        x, y = self.lon[node], self.lat[node]
        reach = (WALKED_M / per_lon, WALKED_M / per_lat)
        box = shapely.box(x - reach[0], y - reach[1], x + reach[0], y + reach[1])
        around = self.rows[np.sort(self.tree.query(box))]
        tail, head = self.lines.tail[around], self.lines.head[around]
        a, b = (np.column_stack([(self.lon[n] - x) * per_lon, (self.lat[n] - y) * per_lat]) for n in (tail, head))
        metres = _walks(node, tail, head, np.hypot(*(b - a).T))
        meets = (tail == node) | (head == node)
        own = np.isin(self.lines.way_id[around], self.lines.way_id[around[meets]])
        floors = {self.floor[t] for t in self.lines.trait[around[meets]].tolist()}
        is_level = np.array([self.floor[t] in floors for t in self.lines.trait[around].tolist()], np.bool_)
        footway = self.is_footway[self.lines.trait[around]]
        beside = np.flatnonzero(footway & ~own & is_level & (_distance(a, b)[0] <= BESIDE_M))
        reached = np.array([min(metres.get(u, np.inf), metres.get(v, np.inf)) for u, v in zip(tail, head, strict=True)])
        if (meets.sum() > 1 and footway[meets].any()) or (reached[beside] <= WALKED_M).any():
            return True
        if not len(beside):
            return False
        streets = np.flatnonzero((reached <= CROSSED_M) & is_level)
        crossing = _nearest_crossing(a, b, streets, beside)
        if crossing is not None:
            s, f, w, g = crossing
            place = a[s] + f * (b[s] - a[s])
            at = joints.add_node(x + place[0] / per_lon, y + place[1] / per_lat)
            joints.cuts.setdefault(int(around[s]), []).append((f, at))
            joints.cuts.setdefault(int(around[w]), []).append((g, at))
            return True
        distance, share = _distance(a[beside], b[beside])
        k = int(distance.argmin())
        w, f = int(beside[k]), float(share[k])
        if f in (0.0, 1.0):
            at = int(head[w] if f else tail[w])
        else:
            place = a[w] + f * (b[w] - a[w])
            at = joints.add_node(x + place[0] / per_lon, y + place[1] / per_lat)
            joints.cuts.setdefault(int(around[w]), []).append((f, at))
        joints.lines.append((node, at, row))
        return True


def _are_footways(traits: Sequence[Mapping[str, str]]) -> npt.NDArray[np.bool_]:
    return np.array([t.get("highway") in FOOTWAYS for t in traits], np.bool_)


def _walks(start: int, tail: Int64, head: Int64, metres: Float64) -> dict[int, float]:
    """Give the metres from a node to others over a few lines, as far as `WALKED_M`."""
    found = {start: 0.0}
    while True:  # a few dozen lines: relax until nothing changes
        before = dict(found)
        for u, v, m in zip(tail.tolist(), head.tolist(), metres.tolist(), strict=True):
            for p, q in ((u, v), (v, u)):
                if p in found and found[p] + m < found.get(q, WALKED_M + 1e-9):
                    found[q] = found[p] + m
        if found == before:
            return found


def _distance(a: Float64, b: Float64) -> tuple[Float64, Float64]:
    """Give the distance of lines from the origin, and where along them they are nearest to it."""
    along = b - a
    squared = (along**2).sum(axis=1)
    share = np.divide(-(a * along).sum(axis=1), squared, out=np.zeros(len(a)), where=squared > 0).clip(0, 1)
    return np.hypot(*(a + share[:, None] * along).T), share


def _nearest_crossing(a: Float64, b: Float64, streets: Int64, footways: Int64) -> tuple[int, float, int, float] | None:
    """Give where a street and a footway cross each other nearest to the origin: line and share of each."""
    best: tuple[float, tuple[int, float, int, float]] | None = None
    for s in streets.tolist():
        for w in footways.tolist():
            u, v, d = b[s] - a[s], b[w] - a[w], a[w] - a[s]
            cross = u[0] * v[1] - u[1] * v[0]
            if s == w or cross == 0:
                continue
            f, g = (d[0] * v[1] - d[1] * v[0]) / cross, (d[0] * u[1] - d[1] * u[0]) / cross
            if 0 < f < 1 and 0 < g < 1:
                far = float(np.hypot(*(a[s] + f * u)))
                if far <= CROSSED_M and (best is None or far < best[0]):
                    best = far, (s, float(f), w, float(g))
    return None if best is None else best[1]
