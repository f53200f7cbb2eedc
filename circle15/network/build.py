"""Street data to a walking network: ``.osm.pbf``, ``.osm``, OSMnx ``.graphml``, ``.gpkg``, ``.shp``, ``.geojson``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, MissingFileError, NetworkError, Problem
from circle15.inputs.osm_file import OSM_SUFFIXES, is_osm_file
from circle15.network.cache import cached_segments, kept_cut
from circle15.network.compounds import open_private_gates
from circle15.network.costs import walk_costs
from circle15.network.coverage import covered_ground, missing_buffer_sides
from circle15.network.crossings import join_crossings
from circle15.network.graph import WalkNetwork, find_components
from circle15.network.layers import read_gpkg_segments, read_graphml_segments, read_line_segments
from circle15.network.own_lines import OwnLines, add_own_paths, cut_streets, read_own_lines
from circle15.network.segments import Bool, Int64, Segments, read_osm_segments
from circle15.network.spans import find_spans
from circle15.network.traits import Traits
from circle15.network.waits import WaitLinks
from circle15.network.walking import WalkProfile, as_profiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from circle15.network.slope import Terrain

__all__ = ["ISLAND_M", "BuildReport", "missing_buffer_sides", "read_network"]

ISLAND_M = 1000.0
"""A component with less mapped street than this is an island: nothing is linked to it."""

_ISLAND_SHARE = np.array([1.0, 0.5, 0.0])  # of STREET, OUTLINE, SIGHT_LINE: who walks round a square comes back

_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building a network found; counts of ways and barriers are the file's, the others the study area's."""

    source: str  # the file's name, without its folder
    n_ways_read: int
    ways_refused: tuple[tuple[str, int], ...]  # reason, ways; most frequent first
    n_barriers_cut: int
    n_nodes_missing: int  # references of walkable ways to nodes that the file does not hold
    n_nodes: int
    n_edges: int
    n_components: int
    n_islands: int
    street_length_m: float  # mapped; sight lines across squares are not street
    island_length_m: float
    extent: Any  # (Multi)Polygon, degrees WGS-84: ground that the data covers (`covered_ground`)
    n_squares: int = 0  # pedestrian areas of the file that are crossed in straight lines
    n_opened_by_day: int = 0  # ways and barriers of the file that are closed at night alone, and count as open
    n_closed_by_day: int = 0  # those that are open at night alone
    n_nodes_without_height: int = 0  # outside the elevation raster, or without a value in it: level there
    n_streets_cut: int = 0  # places where streets cross the user's borders away from a gate
    n_paths_added: int = 0  # the user's own
    path_ends_missed: tuple[tuple[str, float], ...] = ()  # "file:row end" that joins no street, metres to the nearest
    n_wait_links: int = 0  # edges of no length that carry waits (`circle15.network.waits`), beyond n_edges
    # (n, 4) straight pieces, degrees WGS-84: lon, lat, lon, lat. Access legs do not cross them.
    hard_borders: npt.NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain values, the extent by its bounds."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "hard_borders"}
        return {
            **values,
            "ways_refused": dict(self.ways_refused),
            "path_ends_missed": dict(self.path_ends_missed),
            "extent": [round(v, 6) for v in self.extent.bounds],
        }


def read_network(
    path: str | Path,
    *,
    area: Any = None,
    profiles: Iterable[WalkProfile] = (WalkProfile(),),
    cache: bool = True,
    island_m: float = ISLAND_M,
    elevation: str | Path | None = None,
    elevation_smooth_m: float = 30.0,
    lines: Iterable[str | Path] = (),
    hard_borders: bool = False,
    node_crossings: bool = False,
) -> WalkNetwork:
    """Read a walking network.

    Parameters
    ----------
    path
        ``.osm.pbf`` or ``.osm`` (also ``.osm.gz``, ``.osm.bz2``): ways that the tag table lets people walk on, one edge
        for each pair of consecutive nodes. ``.graphml`` as OSMnx saves it, and ``.gpkg`` with OSMnx's layers or
        one layer of lines, ``.shp`` and ``.geojson`` of lines: one edge for each straight piece, both directions
        merged.
    area
        Shapely geometry, degrees WGS-84: edges that meet it are kept, whole; None keeps all.
    profiles
        Walking profiles to cost the edges for.
    cache
        Keep the streets of this very file (by content) in the user's cache folder, so that the next read is fast.
    island_m
        Components of the whole file with less mapped street than this are islands: their edges stay in the network and
        nothing is linked to them. Outlines of squares count half, sight lines across them nothing. The largest
        component never is one. Clipping to ``area`` makes no islands.
    elevation
        Raster of heights in metres, for the profiles that mind slopes; read anew each time, so never stale.
    elevation_smooth_m
        Standard deviation in metres over which the heights are smoothed.
    lines
        Vector files of the user's own paths, footbridges, borders and gates (`circle15.network.own_lines`).
    hard_borders
        Whether `link` must not cross rivers, railways, expressways, city walls and the user's own borders.
    node_crossings
        Whether streets on one level are joined where they cross or touch without a common node, as centrelines do that
        were drawn for maps (`circle15.network.crossings`).

    Raises
    ------
    InputError
        If the file is missing, malformed, or has no walkable street in the area.
    NetworkError
        If ``profiles`` or ``area`` is not what it must be. It is a ValueError.

    Examples
    --------
    >>> net = read_network("data/osm/monaco.osm.pbf")  # doctest: +SKIP
    >>> net.n_edges  # doctest: +SKIP
    25942
    """
    file = Path(path)
    chosen = as_profiles(profiles)
    if area is not None and (not isinstance(area, shapely.Geometry) or area.is_empty):
        raise NetworkError(f"area = {area!r}: must be a shapely geometry that is not empty, degrees WGS-84")
    if not file.is_file():
        raise MissingFileError(Problem("no such file", file=str(path)))
    own = read_own_lines(Path(p) for p in lines)
    s, is_island = _streets_within(file, area, island_m, cache=cache, node_crossings=node_crossings)
    s, cut = cut_streets(s, Traits.of(s.trait, s.traits).on_ground, own) if own.borders is not None else (s, _NOTHING)
    is_island = np.concatenate([is_island, is_island[cut]])
    terrain = None
    if elevation is not None:
        from circle15.network.slope import read_terrain  # noqa: PLC0415 (rasters and solvers; streets alone need none)

        terrain = read_terrain(elevation, s, Traits.of(s.trait, s.traits).on_terrain, elevation_smooth_m)
    network = _make_network(s, is_island, file, chosen, terrain)
    network, missed = add_own_paths(network, own)
    report = replace(
        network.report,
        n_streets_cut=len(cut),
        n_paths_added=len(own.paths),
        path_ends_missed=tuple((m.where, round(m.miss_m, 2)) for m in missed),
        hard_borders=_all_borders(s, own) if hard_borders else None,
    )
    return replace(network, report=report)


def _all_borders(s: Segments, own: OwnLines) -> npt.NDArray[np.float64]:
    """Give the hard borders of the streets' file and of the user in straight pieces, (n, 4)."""
    if own.borders is None:
        return s.borders
    corners, line = shapely.get_coordinates(shapely.get_parts(own.borders), return_index=True)
    first = np.flatnonzero(line[:-1] == line[1:])
    return np.concatenate([s.borders, np.column_stack([corners[first], corners[first + 1]])])


_READERS = {
    ".graphml": read_graphml_segments,
    ".gpkg": read_gpkg_segments,
    ".shp": read_line_segments,
    ".geojson": read_line_segments,
}


def _read_segments(path: Path) -> Segments:
    """Read the walkable streets of a file by its format."""
    if is_osm_file(path):
        return read_osm_segments(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        message = f"not a street file by its name; give {OSM_SUFFIXES[0]}, .osm, {', '.join(_READERS)}"
        raise InputError(Problem(message, file=str(path)))
    return reader(path)


def _streets_within(
    path: Path, area: Any, island_m: float, *, cache: bool, node_crossings: bool
) -> tuple[Segments, Bool]:
    """Give the streets within ``area``, cut before if they are in the cache, and which segments are on islands."""
    if cache and area is not None and not node_crossings and (kept := kept_cut(path, area, island_m)) is not None:
        return kept
    segments = cached_segments(path, _read_segments) if cache else _read_segments(path)
    segments = join_crossings(segments) if node_crossings else segments
    return cut_to_area(segments, area, path, island_m)


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


def _make_network(
    s: Segments, is_island: Bool, path: Path, profiles: tuple[WalkProfile, ...], terrain: Terrain | None
) -> WalkNetwork:
    """Cost each profile and report."""
    tail, length_m = s.tail, s.length_m
    report = BuildReport(
        source=path.name,
        n_ways_read=s.n_ways_read,
        ways_refused=s.ways_refused,
        n_barriers_cut=s.n_barriers_cut,
        n_nodes_missing=s.n_nodes_missing,
        n_nodes=len(s.node_lon),
        n_edges=len(tail),
        n_components=int(s.component.max()) + 1,
        n_islands=len(np.unique(s.component[tail[is_island]])),
        street_length_m=float(length_m[s.is_street].sum()),
        island_length_m=float(length_m[is_island & s.is_street].sum()),
        extent=s.ground,
        n_squares=s.n_squares,
        n_opened_by_day=s.n_opened_by_day,
        n_closed_by_day=s.n_closed_by_day,
        n_nodes_without_height=0 if terrain is None else terrain.n_without,
    )
    traits = Traits.of(s.trait, s.traits)
    walk_ms, is_span = walk_costs(s, profiles, terrain), find_spans(s, traits.off_ground)
    links = WaitLinks.of(s, traits, profiles)
    s = links.parted(s)
    return WalkNetwork(
        node_lon=s.node_lon,
        node_lat=s.node_lat,
        tail=s.tail,
        head=s.head,
        length_m=s.length_m,
        profiles=profiles,
        walk_ms=np.concatenate([walk_ms, links.costs(walk_ms, profiles)], axis=2),
        is_island=np.concatenate([is_island, is_island[links.edge]]),
        component=s.component,
        way_id=s.way_id,
        is_street=s.is_street,
        report=replace(report, n_wait_links=len(links.edge)),
        is_span=np.concatenate([is_span, is_span[links.edge]]),
        depth=s.depth,
        links=s.links,
    )


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


def _nothing_walkable(s: Segments) -> str:
    refused = ", ".join(f"{n} {reason}" for reason, n in s.ways_refused)
    return f"holds no street that one may walk on ({s.n_ways_read} ways read{': ' + refused if refused else ''})"


def _elsewhere(s: Segments, area: Any) -> str:
    return (
        f"has no walkable street in the study area around {area.centroid.x:.4f},{area.centroid.y:.4f}: its streets lie "
        f"between {s.node_lon.min():.4f},{s.node_lat.min():.4f} and {s.node_lon.max():.4f},{s.node_lat.max():.4f} "
        "(degrees, lon,lat); check the boundary and its coordinate system"
    )
