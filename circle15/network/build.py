"""Street data to a walking network: ``.osm.pbf``, ``.osm``, OSMnx ``.graphml``, ``.gpkg``, ``.shp``, ``.geojson``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, NetworkError, Problem
from circle15.files.door import vouched
from circle15.inputs.osm.file import OSM_SUFFIXES, is_osm_file
from circle15.network.cache import cached_segments, kept_cut
from circle15.network.graph import WalkNetwork
from circle15.network.own_lines import OwnLines, add_own_paths, cut_streets, read_own_lines
from circle15.network.streets.covered_ground import missing_buffer_sides
from circle15.network.streets.crossings import join_crossings
from circle15.network.streets.layers import read_gpkg_segments, read_graphml_segments, read_line_segments
from circle15.network.streets.osm_reader import read_osm_segments
from circle15.network.streets.spans import find_spans
from circle15.network.walking.costs import walk_costs
from circle15.network.walking.profiles import WalkProfile, as_profiles
from circle15.network.walking.traits import Traits
from circle15.network.walking.waits import WaitLinks
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from circle15.network.streets.segments import Bool, Segments
    from circle15.network.walking.slope import Terrain

from circle15.network.build_report import BuildReport
from circle15.network.streets.clip import ISLAND_M, cut_to_area

__all__ = ["ISLAND_M", "BuildReport", "missing_buffer_sides", "read_network"]

_NOTHING = np.empty(0, np.int64)
LONGEST_EDGE_M = 2_000_000.0
"""Metres between neighbouring nodes of a street: longer than any ferry, shorter than what milliseconds can count."""


def read_network(  # noqa: PLR0913 (the public signature)
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
        were drawn for maps (`circle15.network.streets.crossings`).

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
        raise NetworkError(
            Said(
                f"area = {area!r}：应为非空的 shapely 几何，WGS-84 经纬度",
                f"area = {area!r}: must be a shapely geometry that is not empty, degrees WGS-84",
            )
        )
    vouched(file)
    own = read_own_lines(Path(p) for p in lines)
    s, is_island = _streets_within(file, area, island_m, cache=cache, node_crossings=node_crossings)
    s, cut = cut_streets(s, Traits.of(s.trait, s.traits).on_ground, own) if own.borders is not None else (s, _NOTHING)
    is_island = np.concatenate([is_island, is_island[cut]])
    terrain = None
    if elevation is not None:
        from circle15.network.walking.slope import read_terrain  # noqa: PLC0415 (rasters and solvers; streets alone need none)

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
        return _on_earth(read_osm_segments(path), path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        message = Said(
            f"从文件名看不是路网文件；请给 {OSM_SUFFIXES[0]}、.osm、{'、'.join(_READERS)}",
            f"not a street file by its name; give {OSM_SUFFIXES[0]}, .osm, {', '.join(_READERS)}",
        )
        raise InputError(Problem(message, file=str(path)))
    return _on_earth(reader(path), path)


def _on_earth(s: Segments, path: Path) -> Segments:
    """Give streets back all of whose nodes lie on the earth, in degrees."""
    wrong = np.flatnonzero(~((np.abs(s.node_lon) <= 180.0) & (np.abs(s.node_lat) <= 90.0)))  # noqa: PLR2004 (degrees)
    if len(wrong):
        at = f"{s.node_lon[wrong[0]]}, {s.node_lat[wrong[0]]}"
        message = Said(
            f"有 {len(wrong)} 个顶点不在地球上，第一个在 {at}；坐标系有误",
            f"{len(wrong)} of its corners lie nowhere on earth, the first at {at}; its coordinate system is wrong",
        )
        raise InputError(Problem(message, file=str(path)))
    far = np.flatnonzero(~(s.length_m <= LONGEST_EDGE_M))
    if len(far):
        a, b = s.tail[far[0]], s.head[far[0]]
        ends = f"{s.node_lon[a]:.5f}, {s.node_lat[a]:.5f} – {s.node_lon[b]:.5f}, {s.node_lat[b]:.5f}"
        km = f"{s.length_m[far[0]] / 1000:,.0f}"
        message = Said(
            f"有 {len(far)} 段道路的相邻节点相距过远，第一段长 {km} 公里（{ends}）；节点坐标有误，请改正",
            f"has {len(far)} streets between neighbouring nodes too far apart, the first {km} km long ({ends}); correct"
            " the nodes' coordinates",
        )
        raise InputError(Problem(message, file=str(path)))
    return s


def _streets_within(
    path: Path, area: Any, island_m: float, *, cache: bool, node_crossings: bool
) -> tuple[Segments, Bool]:
    """Give the streets within ``area``, cut before if they are in the cache, and which segments are on islands."""
    if cache and area is not None and not node_crossings and (kept := kept_cut(path, area, island_m)) is not None:
        return kept
    segments = cached_segments(path, _read_segments) if cache else _read_segments(path)
    segments = join_crossings(segments) if node_crossings else segments
    return cut_to_area(segments, area, path, island_m)


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
