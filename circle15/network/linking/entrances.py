"""Where facilities are entered: gates on their outline, streets that cross it, else its side nearest a street."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.files.kept_results import kept_arrays
from circle15.inputs.osm.columns import read_columns
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from circle15.files.kept_results import Arrays
    from circle15.network.graph import WalkNetwork

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

GATE_REACH_M = 3.0  # a gate is on an outline that it is mapped this near to
APART_M = 10.0  # entrances nearer to each other along the outline are one
_FIRST_LOOK_M = 40.0  # most outlines have a street this near; only others are compared with all in reach
GATE_BARRIERS = frozenset({
    "gate", "entrance", "kissing_gate", "swing_gate", "lift_gate", "turnstile", "full-height_turnstile", "sally_port",
    "wicket_gate", "stile", "hampshire_gate", "sliding_gate",
})  # fmt: skip
NOT_ENTRANCES = frozenset({"no", "exit", "emergency", "garage", "service"})
NOT_PUBLIC = frozenset({"no", "private"})

_METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0
_GATE_KEYS = ("entrance", "barrier", "access", "foot", "locked")


def read_gates(path: str | Path) -> Floats:
    """Read the gates and entrances that people may use, from an OSM file.

    Taken are nodes tagged ``entrance`` (but for exits, emergency, service and garage doors) and passable barriers
    (`GATE_BARRIERS`); those that are locked, or private without ``foot=yes``, are not.

    Returns
    -------
    numpy.ndarray
        float64 (n, 2): longitude, latitude.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    nodes = read_columns(path, having=("entrance", "barrier"), way_keys=(), node_keys=_GATE_KEYS)
    tags = {key: column.as_objects() for key, column in nodes.node_tags.items()}
    kept = [
        ((b in GATE_BARRIERS) if e is None else (e not in NOT_ENTRANCES))
        and locked != "yes"
        and (foot in {"yes", "designated", "permissive"} or (foot not in NOT_PUBLIC and access not in NOT_PUBLIC))
        for e, b, access, foot, locked in zip(*(tags[k] for k in _GATE_KEYS), strict=True)
    ]
    chosen = np.array(kept, dtype=np.bool_)
    return np.column_stack([nodes.node_lon[chosen], nodes.node_lat[chosen]])


def facility_entrances(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    *,
    gates: npt.ArrayLike | None = None,
    max_access_m: float = 300.0,
) -> pd.DataFrame:
    """Find the places by which each facility is reached.

    A point is its own entrance. A polygon or line is entered at the gates on its outline and where edges cross or touch
    the outline (`APART_M` apart at least); where there is neither, at the place of its outline that is nearest to an
    edge. Islands, bridges and tunnels, which points are never linked to, do not count. Crossings are exact, as edges
    are straight in longitude and latitude.

    Parameters
    ----------
    network
        Walking network.
    facilities
        EPSG:4326 with ``facility_id, layer, lon, lat, geometry``.
    gates
        float64 (n, 2): longitudes and latitudes of gates and entrances (`read_gates`).
    max_access_m
        How far from the outline a nearest edge is looked for; where there is none the entrance is the facility's own
        point, which will be reported as unlinked.

    Returns
    -------
    pandas.DataFrame
        ``facility_id, layer, lon, lat``: one or more rows per facility, in its order, then along the outline.
    """
    shapes = np.asarray(facilities.geometry.to_numpy(), dtype=object)
    own = np.column_stack([facilities["lon"].to_numpy(np.float64), facilities["lat"].to_numpy(np.float64)])
    extended = np.flatnonzero(shapely.get_dimensions(shapes) > 0)
    places: dict[int, Floats] = {}
    if len(extended):
        found = _kept_places(network, shapes[extended], own[extended], gates, max_access_m)
        places = dict(zip(extended.tolist(), found, strict=True))
    rows = [(row, point) for row in range(len(shapes)) for point in places.get(row, own[row : row + 1])]
    owner = np.array([row for row, _ in rows], dtype=np.int64)
    at = np.array([point for _, point in rows], dtype=np.float64).reshape(len(rows), 2)
    return pd.DataFrame(
        {
            "facility_id": facilities["facility_id"].to_numpy()[owner],
            "layer": facilities["layer"].to_numpy()[owner],
            "lon": at[:, 0],
            "lat": at[:, 1],
        }
    )


def _kept_places(
    network: WalkNetwork, shapes: Objects, own: Floats, gates: npt.ArrayLike | None, max_access_m: float
) -> list[Floats]:
    """Give the entrances of each facility with an outline, (n, 2) degrees, from the cache where all is as before."""
    known = np.empty((0, 2)) if gates is None else np.asarray(gates, dtype=np.float64)
    streets = (network.node_lon, network.node_lat, network.tail, network.head, network.is_island | network.is_span)
    outlined = np.asarray(shapely.to_wkb(shapes), dtype=object)

    def make() -> Arrays:
        found = _places(_edge_lines(network), shapes, own, known, max_access_m)
        return {"points": np.concatenate(found), "n_points": np.array([len(points) for points in found])}

    kept = kept_arrays("entrances", (*streets, outlined, own, known, max_access_m), make)
    return np.split(kept["points"], np.cumsum(kept["n_points"])[:-1])


def _places(edges: Objects, shapes: Objects, own: Floats, gates: Floats, max_access_m: float) -> list[Floats]:
    outlines = outlines_of(shapes)
    found = (_crossings(edges, outlines), gates_on(outlines, gates))
    nearest = _Nearest(edges, max_access_m)
    places = []
    for k, outline in enumerate(outlines):
        points = np.concatenate([by_outline[k] for by_outline in found])
        places.append(_thinned(points, outline) if len(points) else nearest.place(outline, own[k]))
    return places


def outlines_of(shapes: Objects) -> Objects:
    """Give the rings of polygons; lines and mixed geometries are their own outline."""
    is_area = shapely.get_dimensions(shapes) == 2  # noqa: PLR2004 (areas)
    return np.where(is_area, shapely.boundary(shapes), shapes)


def _edge_lines(network: WalkNetwork) -> Objects:
    """Give the edges that points may be linked to, as lines."""
    used = np.flatnonzero(~(network.is_island | network.is_span))
    ends = np.stack([network.tail[used], network.head[used]], axis=1)
    lines: Objects = shapely.linestrings(np.stack([network.node_lon[ends], network.node_lat[ends]], axis=2))
    return lines


def _crossings(edges: Objects, outlines: Objects) -> list[Floats]:
    """Give for each outline the points at which edges meet it; of a stretch in common, its ends."""
    edge, outline = shapely.STRtree(outlines).query(edges, predicate="intersects")
    meets = shapely.intersection(edges[edge], outlines[outline])
    points, source = shapely.get_coordinates(meets, return_index=True)
    return _by_outline(points, outline[source], len(outlines))


def gates_on(outlines: Objects, gates: Floats) -> list[Floats]:
    """Give for each outline the gates on it, (n, 2) degrees each."""
    if len(gates) == 0:
        return [np.empty((0, 2))] * len(outlines)
    reach_deg = GATE_REACH_M / _METRES_PER_DEGREE
    shrink = _shrink(gates[:, 1].mean())
    tree = shapely.STRtree(_scaled(outlines, shrink))
    gate, outline = tree.query(shapely.points(gates * [shrink, 1.0]), predicate="dwithin", distance=reach_deg)
    return _by_outline(gates[gate], outline, len(outlines))


def _by_outline(points: Floats, outline: npt.NDArray[Any], n: int) -> list[Floats]:
    order = np.argsort(outline, kind="stable")
    bounds = np.searchsorted(outline[order], np.arange(n + 1))
    return [points[order[a:b]] for a, b in pairwise(bounds.tolist())]


def _thinned(points: Floats, outline: Any) -> Floats:
    """Keep one of points that lie close together, in their order along the outline."""
    shrink = _shrink(float(points[:, 1].mean()))
    plane = points * [shrink, 1.0] * _METRES_PER_DEGREE
    along = (
        shapely.line_locate_point(outline, shapely.points(points))
        if outline.geom_type == "LineString"
        else points[:, 0]
    )
    kept: list[int] = []
    for k in np.lexsort((points[:, 1], points[:, 0], along)):
        if all(np.hypot(*(plane[k] - plane[j])) > APART_M for j in (kept[:1] + kept[-3:])):
            kept.append(int(k))
    return points[kept]


def _shrink(lat: float) -> float:
    """Give how much shorter a degree of longitude is than one of latitude."""
    return float(np.cos(np.deg2rad(lat)))


def _scaled(shapes: Any, shrink: float) -> Any:
    return shapely.transform(shapes, lambda xy: xy * [shrink, 1.0])


class _Nearest:
    """Finds the place of an outline that is nearest to an edge."""

    def __init__(self, edges: Objects, max_access_m: float) -> None:
        self._edges, self._max_access_m = edges, max_access_m
        self._tree = shapely.STRtree(edges)

    def place(self, outline: Any, otherwise: Floats) -> Floats:
        """Give the place (1, 2), or ``otherwise`` where no edge is within reach."""
        west, south, east, north = shapely.bounds(outline)
        shrink = _shrink((south + north) / 2.0)
        flat = _scaled(outline, shrink)
        for reach_m in (min(_FIRST_LOOK_M, self._max_access_m), self._max_access_m):
            reach = reach_m / _METRES_PER_DEGREE
            box = shapely.box(west - reach / shrink, south - reach, east + reach / shrink, north + reach)
            near = np.sort(self._tree.query(box))
            if len(near) == 0:
                continue
            lines = _scaled(self._edges[near], shrink)
            away = shapely.distance(flat, lines)
            best = int(np.argmin(away))
            if away[best] <= reach or reach_m == self._max_access_m:  # an edge outside the box is farther than that
                on_outline = shapely.get_coordinates(shapely.shortest_line(flat, lines[best]))[0]
                return np.array([[on_outline[0] / shrink, on_outline[1]]])
        return otherwise[np.newaxis]
