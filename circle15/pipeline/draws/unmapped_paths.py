"""What the map lacks: covered shares with the streets as mapped, and with the paths that very likely exist besides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from circle15.inputs.osm.features import read_areas
from circle15.inputs.osm.file import is_osm_file
from circle15.measures.coverage import coverage
from circle15.network.linking.block_ways import Ground, ground_of, legs_m, ways_around, with_block_paths
from circle15.reach.kth import seconds_to_kth
from circle15.reach.search import nearest, travel_times_blocks
from circle15.reach.times import pair_rows
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

LIKELY_M = 300.0
"""Longest way over a block, straight: about the diagonal of the largest block of homes, 4 hectares (GB 50180-2018,
2.0.6: 居住街坊, 2 to 4 hm2). A wider gap between streets is no compound."""
DETOUR = 1.2
"""Metres walked for each straight metre over a block."""
LEG_DETOUR = 2.0
"""Metres walked at worst for each straight metre to the nearest mapped street, around what stands between."""
NO_BLOCK = "natural=water;landuse=reservoir|basin|cemetery|railway|military|quarry;leisure=park|golf_course"
"""Ground that is no block of homes, by OSM's tags: no unmapped way is thought of across its outline."""
_METRES = np.radians(1) * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Doors:
    """The entrances of a service's facilities."""

    lon: Float64  # (n_entrances,) degrees WGS-84
    lat: Float64
    facility: Int64  # of each, from 0
    at: Linkage  # as mapped


@dataclass(frozen=True, slots=True)
class Walk:
    """Who walks how far to how many."""

    profile: str
    speed_m_s: float
    threshold_s: float
    k: int  # facilities that must be in reach


def path_bounds(
    study: Study, services: Sequence[Service], *, threads: int | None = None
) -> dict[str, tuple[Float64, Float64]]:
    """Bound every covered share by what the map lacks, by structure and not by chance.

    The lower bound has the streets as mapped, and goes to the nearest of them at `LEG_DETOUR`. The
    upper one has besides, at `DETOUR`, straight ways over blocks: from every start and every entrance to all
    streets around, from home to facility within one block, and from street to street. How often the truth lies
    between them is measured by ``scripts/calibrate_paths.py``.

    Parameters
    ----------
    study, services
        As measured with the streets as mapped.
    threads
        Threads to search with.

    Returns
    -------
    dict
        By layer: lower and upper covered share, float64 (n_units + 1,) each, the whole district last.
    """
    outlines = no_block_outlines(study.config.streets_file, study.network)
    ground = ground_of(study.network, outlines, limit_m=LIKELY_M, detour=DETOUR)
    denser, cells, found = with_block_paths(study.network, ground), study.cells, {}
    for service in services:
        layer = service.layer
        entrances, owner = study.linked_entrances(layer)
        doors = study.entrances[study.entrances["layer"] == layer.id]
        lon, lat = (doors[c].to_numpy(np.float64) for c in ("lon", "lat"))
        speed = study.config.walk[layer.profile].speed_m_s
        walk = Walk(layer.profile, speed, service.threshold_s, layer.min_count)
        is_lived_in = cells.sum_of_pieces(service.people) > 0
        covered = np.zeros(cells.n_cells, dtype=np.bool_)
        covered[cells.cell_of_piece[service.covered]] = True
        at, to = study.linked_cells(layer.profile), Doors(lon, lat, owner, entrances)
        lower, upper = covered.copy(), covered.copy()
        rows = np.flatnonzero(covered & is_lived_in)
        lower[rows] = reach_at_a_detour(study.network, at.take(rows), to, walk, threads=threads)
        rows = np.flatnonzero(~covered & is_lived_in)
        upper[rows] = reach_over_blocks(
            denser, cells.lon[rows], cells.lat[rows], at.take(rows), to, walk=walk, ground=ground, threads=threads
        )
        shares = [
            coverage(which[cells.cell_of_piece], service.people, study.unit_of_piece, study.n_units).covered_share
            for which in (lower & covered, upper)
        ]
        found[layer.id] = (shares[0], shares[1])
    return found


def reach_at_a_detour(
    net: WalkNetwork, at: Linkage, doors: Doors, walk: Walk, *, detour: float = LEG_DETOUR, threads: int | None = None
) -> Bool:
    """Tell which places reach enough facilities where the legs to the nearest streets are no straight lines, (n,)."""
    here, there = (replace(one, access_m=one.access_m * detour) for one in (at, doors.at))
    seconds = seconds_to_kth(
        net, here, there, doors.facility, k=walk.k, profile=walk.profile, cutoff_s=walk.threshold_s, threads=threads
    )
    return ~np.isnan(seconds)


def reach_over_blocks(
    net: WalkNetwork,
    lon: Float64,
    lat: Float64,
    at: Linkage,
    doors: Doors,
    *,
    walk: Walk,
    ground: Ground,
    threads: int | None = None,
) -> Bool:
    """Tell which places reach enough facilities where likely ways over blocks are walked besides.

    Parameters
    ----------
    net
        With the ways over blocks between streets (`with_block_paths`); its first edges are those of ``at``'s network.
    lon, lat, at
        (n,) places, degrees WGS-84, and where they are on the streets as mapped.
    doors, walk
        Whom to reach, and how.
    ground
        Of the network as mapped.
    threads
        Threads to search with.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whoever reaches enough as mapped does so here.
    """
    n = len(lon)
    if not n or not len(doors.lon):
        return np.zeros(n, dtype=np.bool_)
    ways, place = ways_around(net, lon, lat, ground=ground, profile=walk.profile)
    goals, door = ways_around(net, doors.lon, doors.lat, ground=ground, profile=walk.profile)
    ways, place = _beside(ways, at), np.concatenate([place, np.arange(n)])
    goals, door = _beside(goals, doors.at), np.concatenate([door, np.arange(len(doors.lon))])
    facility = doors.facility[door]
    reach_m = min(ground.limit_m, walk.threshold_s * walk.speed_m_s / ground.detour)
    straight = _within_blocks(lon, lat, doors, ground, reach_m)
    if walk.k == 1:
        found = nearest(net, ways, goals, profile=walk.profile, cutoff_s=walk.threshold_s, threads=threads).seconds
        reaches = np.zeros(n, dtype=np.bool_)
        reaches[place[~np.isnan(found)]] = True
        reaches[straight[:, 0]] = True
        return reaches
    pairs = [straight]
    for first, table in travel_times_blocks(
        net, ways, goals, profile=walk.profile, cutoff_s=walk.threshold_s, threads=threads
    ):
        reached = np.column_stack([place[first + pair_rows(table)], facility[table.destination]])
        pairs.append(np.unique(reached, axis=0))
    each = np.unique(np.concatenate(pairs), axis=0)
    return np.bincount(each[:, 0], minlength=n) >= walk.k


def _within_blocks(lon: Float64, lat: Float64, doors: Doors, ground: Ground, reach_m: float) -> Int64:
    """Give the pairs of place and facility that one block holds, in reach of a straight way, int64 (n_pairs, 2)."""
    narrower = np.cos(np.radians(float(np.mean(lat))))
    here, there = (np.column_stack([x * narrower, y]) * _METRES for x, y in ((lon, lat), (doors.lon, doors.lat)))
    near = cKDTree(here).query_ball_tree(cKDTree(there), 1.01 * reach_m)
    place = np.repeat(np.arange(len(lon)), [len(found) for found in near])
    door = np.array([d for found in near for d in found], dtype=np.int64)
    start = np.column_stack([lon, lat])[place]
    end = np.column_stack([doors.lon, doors.lat])[door]
    is_one = (legs_m(start, end) <= reach_m) & ~ground.parts(start, end)
    return np.column_stack([place, doors.facility[door]])[is_one].astype(np.int64)


def _beside(ways: Linkage, mapped: Linkage) -> Linkage:
    """Give ways over blocks and, behind them, those to the nearest street as mapped."""
    return replace(
        ways,
        edge=np.concatenate([ways.edge, mapped.edge]),
        fraction=np.concatenate([ways.fraction, mapped.fraction]),
        access_m=np.concatenate([ways.access_m, mapped.access_m]),
        skipped_island=np.concatenate([ways.skipped_island, mapped.skipped_island]),
        skipped_border=np.concatenate([ways.skipped_border, mapped.skipped_border]),
    )


def no_block_outlines(source: Path, net: WalkNetwork) -> Float64:
    """Give the straight pieces of the outlines of ground that is no block of homes, float64 (n, 4); OSM files tell."""
    if not is_osm_file(source) or not net.n_nodes:
        return np.empty((0, 4))
    shapes = read_areas(source, NO_BLOCK).geometry.to_numpy()
    shapes = shapes[~shapely.is_missing(shapes)]
    west, east, south, north = (f(c) for c in (net.node_lon, net.node_lat) for f in (np.min, np.max))
    rings = shapely.get_rings(shapes[shapely.intersects(shapes, shapely.box(west, south, east, north))])
    corner, ring = shapely.get_coordinates(rings, return_index=True)
    goes_on = ring[:-1] == ring[1:]
    return np.column_stack([corner[:-1][goes_on], corner[1:][goes_on]])
