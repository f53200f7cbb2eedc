"""The user's own lines: new paths and footbridges, hard borders, and gates in them, from vector files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, MissingColumnError, Problem
from circle15.inputs.geofiles.vectors import read_vector
from circle15.inputs.tables.file_guards import check_file
from circle15.network.changes import add_path
from circle15.network.streets.components import find_components
from circle15.network.streets.spans import SHORT_SPAN_M
from circle15.network.walking.waits import PaidEnd, add_waits
from circle15.said import Said
from circle15.units import MAX_MS, UNREACHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from circle15.network.graph import WalkNetwork
    from circle15.network.streets.segments import Segments


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.network.streets.segments import Segments

from circle15.network.streets.borders import BORDER_METRES, Bool, Int64

PATH_KINDS = ("path", "footbridge", "underpass")
"""Kinds of lines that are walked; bridges and underpasses cost their wait once and are entered at their ends."""

BORDER, GATE = "border", "gate"
KINDS = (*PATH_KINDS, BORDER, GATE)

GATE_REACH_M = 3.0
"""A street that crosses a border this near to a gate goes through the gate."""

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OwnLines:
    """Everything that the user's files add."""

    paths: tuple[tuple[str, str, Float64], ...] = ()  # kind, "file:row", (n, 2) longitude and latitude
    borders: Any = None  # MultiLineString, degrees WGS-84
    gates: Float64 = field(default_factory=lambda: np.empty((0, 2)))  # open ones


@dataclass(frozen=True, slots=True)
class MissedEnd:
    """An end of a path that joins no street."""

    where: str  # "file:row start"
    miss_m: float


def read_own_lines(files: Iterable[Path]) -> OwnLines:
    """Read vector files with a column ``kind``: path, footbridge, underpass, border (lines), gate (points).

    Borders may be areas, whose outline then counts (a walled compound). A gate with ``open`` = no, false or 0 is shut.

    Raises
    ------
    InputError
        Naming every row without a kind or with the wrong geometry.
    """
    paths: list[tuple[str, str, Float64]] = []
    borders: list[Any] = []
    gates: list[Float64] = [np.empty((0, 2))]
    problems: list[Problem] = []
    for file in files:
        for row, (kind, shape, is_open) in enumerate(_rows(file), start=1):
            lines = _lines_of(shape, kind)
            if kind not in KINDS:
                problems.append(
                    Problem(
                        Said(f"kind 应为 {', '.join(KINDS)} 之一", f"kind is one of {', '.join(KINDS)}"),
                        file=str(file),
                        row=row,
                        value=kind,
                    )
                )
            elif kind == GATE and shape is not None and shape.geom_type == "Point":
                gates += [shapely.get_coordinates(shape)] if is_open else []
            elif kind == GATE or not lines:
                wanted = Said("点", "a point") if kind == GATE else Said("线", "a line")
                found = "nothing" if shape is None else shape.geom_type
                message = Said("{kind} 应为{wanted}", "a {kind} is {wanted}").format(kind=kind, wanted=wanted)
                problems.append(Problem(message, file=str(file), row=row, value=found))
            elif kind == BORDER:
                borders += lines
            else:
                paths += [(kind, f"{file.name}:{row}", shapely.get_coordinates(line)) for line in lines]
    InputError.gather(problems)
    return OwnLines(tuple(paths), shapely.MultiLineString(borders) if borders else None, np.concatenate(gates))


def _rows(file: Path) -> Iterator[tuple[str, Any, bool]]:
    table = read_vector(file, check_file(file))
    frame = table.frame
    if "kind" not in frame or table.geometry is None:
        message = Said(
            f"自有线路须有几何，以及取值为 {', '.join(KINDS)} 的 kind 列",
            f"own lines need a geometry and a column 'kind' with {', '.join(KINDS)}",
        )
        raise MissingColumnError(Problem(message, file=str(file), column="kind"))
    if table.crs is None:
        raise InputError(
            Problem(
                Said("未注明坐标系；请带坐标系保存", "states no coordinate system; save it with one"),
                file=str(file),
            )
        )
    shut = frame["open"].str.lower().isin({"no", "false", "0"}) if "open" in frame else frame["kind"].isna()
    shapes = shapely.force_2d(table.geometry.to_crs("EPSG:4326").to_numpy())
    yield from zip(frame["kind"].str.strip(), shapes, ~shut, strict=True)


def _lines_of(shape: Any, kind: str) -> list[Any]:
    if shape is None:
        return []
    parts = shapely.get_parts(shape)
    if kind == BORDER:
        is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        parts = shapely.get_parts(np.where(is_area, shapely.boundary(parts), parts))
    return [p for p in parts if p.geom_type == "LineString"]


def cut_streets(s: Segments, on_ground: npt.NDArray[np.bool_], own: OwnLines) -> tuple[Segments, npt.NDArray[np.int64]]:
    """Cut the streets where they cross the user's borders away from open gates; bridges and tunnels go on.

    Returns
    -------
    Segments
        With the pieces behind a cut at the end; one can walk up to a border from either side.
    numpy.ndarray
        int64 (n_new,): the segment that each of them was a piece of.
    """
    if own.borders is None:
        return s, np.empty(0, np.int64)
    edge, fraction = cut_at_borders(s, on_ground, own.borders, own.gates, GATE_REACH_M)
    if not len(edge):
        return s, edge
    first = np.flatnonzero(np.diff(edge, prepend=-1))
    last = np.append(first[1:], len(edge)) - 1
    n_nodes, n_cuts = len(s.node_lon), len(edge)
    before, behind = n_nodes + np.arange(n_cuts), n_nodes + n_cuts + np.arange(n_cuts)
    # Of a street cut several times, the piece behind a cut ends before the next one.
    upper = np.append(fraction[1:], 1.0)
    ends = np.append(before[1:], 0)
    upper[last], ends[last] = 1.0, s.head[edge[last]]
    lon, lat = (c[s.tail[edge]] + fraction * (c[s.head[edge]] - c[s.tail[edge]]) for c in (s.node_lon, s.node_lat))
    share = upper - fraction
    head, length_m, n_steps = s.head.copy(), s.length_m.copy(), s.n_steps.copy()
    head[edge[first]] = before[first]
    length_m[edge[first]] *= fraction[first]
    n_steps[edge[first]] *= fraction[first]
    tail = np.concatenate([s.tail, behind]).astype(np.int32)
    head = np.concatenate([head, ends]).astype(np.int32)
    cut = replace(
        s,
        node_lon=np.concatenate([s.node_lon, lon, lon]),
        node_lat=np.concatenate([s.node_lat, lat, lat]),
        tail=tail,
        head=head,
        length_m=np.concatenate([length_m, s.length_m[edge] * share]),
        component=find_components(n_nodes + 2 * n_cuts, tail, head, s.links),
        way_id=np.concatenate([s.way_id, s.way_id[edge]]),
        trait=np.concatenate([s.trait, s.trait[edge]]),
        n_steps=np.concatenate([n_steps, s.n_steps[edge] * share]),
        node_row=np.concatenate([s.node_row, np.full(2 * n_cuts, -1, np.int8)]),
        depth=np.concatenate([s.depth, np.tile(s.depth[s.tail[edge]], 2)]),
        part=np.concatenate([s.part, s.part[edge]]),
    )
    return cut, edge


def add_own_paths(net: WalkNetwork, own: OwnLines) -> tuple[WalkNetwork, tuple[MissedEnd, ...]]:
    """Add the user's paths, each joined to the streets at its ends (`circle15.network.changes.add_path`).

    Returns
    -------
    tuple
        The network, and the ends that join no street, with how far they miss it.
    """
    missed: list[MissedEnd] = []
    for kind, where, line in own.paths:
        added = add_path(net, line)
        missed += [MissedEnd(f"{where} {e.end}", e.miss_m) for e in added.ends if not e.is_joined]
        net = added.network
        # The path's own edges come last; a line both of whose ends join one node has none.
        n = len(line) - 1 if added.length_m > 0 else 0
        if kind != "path" and n:
            if added.length_m > SHORT_SPAN_M:
                net = replace(net, is_span=np.append(net.is_span[:-n], np.ones(n, dtype=np.bool_)))
            net = _with_waits(net, kind, net.n_edges - n, net.n_edges - 1)
    return net, tuple(missed)


def _with_waits(net: WalkNetwork, kind: str, first: int, last: int) -> WalkNetwork:
    """Part a path, edges ``first`` to ``last``, from the streets at its two ends by links that carry its wait."""
    n, edge = net.n_nodes, np.array([first, last])
    place = np.array([net.tail[first], net.head[last]])
    tail, head = net.tail.copy(), net.head.copy()
    tail[first], head[last] = n, n + 1
    walk_ms = np.concatenate([net.walk_ms, np.zeros((len(net.profiles), 2, 2), np.uint32)], axis=2)
    ends = [PaidEnd(kind, np.array([0]), np.array([1]), leads_away=True)]
    for i, profile in enumerate(net.profiles):
        wait = np.zeros((2, 2), np.int64)
        add_waits(wait, profile, ends)
        walk_ms[i, :, -2:] = np.where((wait < 0) | (wait > MAX_MS), UNREACHED, wait)
        if kind in profile.closed_kinds:
            walk_ms[i, :, first : last + 1] = UNREACHED
    return replace(
        net,
        node_lon=np.append(net.node_lon, net.node_lon[place]),
        node_lat=np.append(net.node_lat, net.node_lat[place]),
        tail=np.append(tail, [place[0], n + 1]).astype(np.int32),
        head=np.append(head, [n, place[1]]).astype(np.int32),
        length_m=np.append(net.length_m, [0.0, 0.0]),
        walk_ms=walk_ms,
        is_island=np.append(net.is_island, net.is_island[edge]),
        component=np.append(net.component, net.component[place]),
        depth=np.append(net.depth, net.depth[place]),
        way_id=np.append(net.way_id, net.way_id[edge]),
        report=replace(net.report, n_wait_links=net.report.n_wait_links + len(edge)),
        is_span=np.append(net.is_span, net.is_span[edge]),
        is_street=np.append(net.is_street, net.is_street[edge]),
    )


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
        near = tree.query(shapely.points(points * flat), predicate="dwithin", distance=gate_m / BORDER_METRES)[0]
        opened = np.zeros(len(points), dtype=np.bool_)
        opened[near] = True
        points, edge = points[~opened], edge[~opened]
    start = np.column_stack([lon[tail[edge]], lat[tail[edge]]])
    along = np.column_stack([lon[head[edge]], lat[head[edge]]]) - start
    squared = (along**2).sum(axis=1)
    f = np.divide(((points - start) * along).sum(axis=1), squared, out=np.zeros(len(edge)), where=squared > 0)
    order = np.lexsort((f, edge))
    return edge[order].astype(np.int64), f[order].clip(0.0, 1.0)
