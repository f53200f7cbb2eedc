"""Ways over the ground of blocks that no map shows: from places to the streets around, and from street to street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from circle15.network.graph import WalkNetwork
from circle15.network.linking.link import linkable_edges
from circle15.network.linking.linkage import Linkage
from circle15.units import EARTH_RADIUS_M, metres_to_ms

if TYPE_CHECKING:
    from circle15._core import EdgeTree

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_PLACES_AT_ONCE = 2048
_SHORT_OF_M = 0.2
"""Legs are looked at until so far before the street that they lead to, which would else lie in their own way."""
_LONGEST_SHARE = 0.4  # of a leg that is passed over at either end
_METRES = np.radians(1) * EARTH_RADIUS_M
_THROUGH = 2
"""Streets at a node that one walks past without a choice."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground between streets, and how ways over it that no map shows are walked."""

    streets: EdgeTree | None  # that lead through: beyond them lies another block
    barriers: tuple[EdgeTree, ...]  # hard borders; outlines of ground that is no block's
    limit_m: float  # longest straight way
    detour: float  # metres walked for each metre of it

    def parts(self, start: Float64, end: Float64) -> Bool:
        """Tell which straight legs, (n, 2) to (n, 2) degrees, leave their block or cross a barrier."""
        ends = [np.ascontiguousarray(c) for c in (*start.T, *end.T)]
        parted = np.zeros(len(start), dtype=np.bool_)
        for tree in (self.streets, *self.barriers):
            if tree is not None and len(start):
                parted |= tree.crosses(*ends).view(np.bool_)
        return parted


def ground_of(net: WalkNetwork, outlines: Float64, *, limit_m: float, detour: float) -> Ground:
    """Give the ground between the streets of a network.

    A block is what a place sees between the streets that lead through. Dead ends part no block, as one walks around
    them; bridges and tunnels neither, as one walks below or above.

    Parameters
    ----------
    net
        Read with hard borders, which part blocks too.
    outlines
        float64 (n, 4): straight pieces of the outlines of ground that no such way leads over, longitude and latitude
        of both ends.
    limit_m, detour
        Longest straight way over a block, and metres walked for each metre of it.
    """
    from circle15 import _core  # noqa: PLC0415 (a network can be built and saved without the core)

    through = np.flatnonzero(leads_through(net))
    ends = [np.ascontiguousarray(c[through]) for c in (net.tail, net.head)]
    streets = _core.EdgeTree(net.node_lon, net.node_lat, *ends) if len(through) else None
    barriers = [] if (borders := net.border_tree()) is None else [borders]
    if len(outlines):
        lon, lat = (np.ascontiguousarray(outlines[:, c::2].ravel()) for c in (0, 1))
        corner = np.arange(2 * len(outlines), dtype=np.int32)
        barriers.append(_core.EdgeTree(lon, lat, corner[::2].copy(), corner[1::2].copy()))
    return Ground(streets, tuple(barriers), limit_m, detour)


def leads_through(net: WalkNetwork) -> Bool:
    """Tell which streets on the ground are no dead ends, nor lead to nothing but dead ends, bool (n_edges,)."""
    kept: Bool = net.is_street & ~net.is_span & (net.tail != net.head)
    while True:
        degree = np.bincount(np.concatenate([net.tail[kept], net.head[kept]]), minlength=net.n_nodes)
        is_end = kept & ((degree[net.tail] == 1) | (degree[net.head] == 1))
        if not is_end.any():
            return kept
        kept &= ~is_end


def ways_around(net: WalkNetwork, lon: Float64, lat: Float64, *, ground: Ground, profile: str) -> tuple[Linkage, Int64]:
    """Give the ways from places to the streets around their blocks.

    Parameters
    ----------
    net
        Walking network.
    lon, lat
        (n,) degrees WGS-84.
    ground
        Of the network (`ground_of`).
    profile
        Whose streets.

    Returns
    -------
    tuple
        One place on the network per way, its ``access_m`` with the detour, and the row of the place that each is from.
    """
    use = linkable_edges(net, profile)
    owners, edges, fractions, legs = [], [], [], []
    for first in range(0, len(lon), _PLACES_AT_ONCE):
        x, y = lon[first : first + _PLACES_AT_ONCE].copy(), lat[first : first + _PLACES_AT_ONCE].copy()
        indptr, edge, fraction, leg_m = net.edge_tree().near(x, y, use, ground.limit_m)
        owner = np.repeat(np.arange(len(x)), np.diff(indptr))
        start = np.column_stack([x, y])[owner]
        end = _places_on(net, edge, fraction)
        is_free = ~ground.parts(start, end - _short_of(leg_m) * (end - start))
        owners.append(owner[is_free] + first)
        edges.append(edge[is_free])
        fractions.append(fraction[is_free])
        legs.append(leg_m[is_free])
    joined: list[Any] = [np.concatenate(c) if c else np.empty(0) for c in (owners, edges, fractions, legs)]
    no_island = np.zeros(len(joined[0]), dtype=np.bool_)
    at = Linkage(net, joined[1].astype(np.int32), joined[2], joined[3] * ground.detour, no_island)
    return at, joined[0].astype(np.int64)


def with_block_paths(net: WalkNetwork, ground: Ground) -> WalkNetwork:
    """Give the network with the ways over blocks between the junctions and dead ends around them.

    Nobody is linked to such a way in its middle, it is no street, and none leads into or out of a compound behind
    private gates, which are mapped.
    """
    here, there, leg_m = _pairs_over_blocks(net, ground)
    n, length_m = len(leg_m), leg_m * ground.detour
    new_ms = np.stack([np.stack([metres_to_ms(length_m, p.speed_m_s)] * 2) for p in net.profiles])
    return WalkNetwork(
        net.node_lon,
        net.node_lat,
        np.concatenate([net.tail, here]),
        np.concatenate([net.head, there]),
        np.concatenate([net.length_m, length_m]),
        profiles=net.profiles,
        walk_ms=np.concatenate([net.walk_ms, new_ms], axis=2),
        is_island=np.append(net.is_island, np.zeros(n, np.bool_)),
        way_id=np.append(net.way_id, np.full(n, -1)),
        report=net.report,
        is_span=np.append(net.is_span, np.ones(n, np.bool_)),
        is_street=np.append(net.is_street, np.zeros(n, np.bool_)),
        depth=net.depth,
        links=net.links,
    )


def _pairs_over_blocks(
    net: WalkNetwork, ground: Ground
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Float64]:
    """Give the junctions and dead ends that see each other over a block, each pair once, and the straight metres."""
    ends = np.concatenate([net.tail, net.head])
    n_streets = np.bincount(ends, minlength=net.n_nodes)
    on_ground = np.bincount(ends, weights=np.tile(~net.is_span, 2), minlength=net.n_nodes) > 0
    node = np.flatnonzero((n_streets != _THROUGH) & on_ground & (net.depth == 0)).astype(np.int32)
    place = np.column_stack([net.node_lon, net.node_lat])[node]
    if not len(node):
        return node, node, np.empty(0)
    flat = place * [np.cos(np.radians(float(place[:, 1].mean()))), 1.0] * _METRES
    pairs = cKDTree(flat).query_pairs(1.01 * ground.limit_m, output_type="ndarray")
    start, end = place[pairs[:, 0]], place[pairs[:, 1]]
    leg_m = legs_m(start, end)
    step = _short_of(leg_m) * (end - start)
    is_way = (leg_m <= ground.limit_m) & (leg_m > _SHORT_OF_M) & ~ground.parts(start + step, end - step)
    return node[pairs[is_way, 0]], node[pairs[is_way, 1]], leg_m[is_way]


def _places_on(net: WalkNetwork, edge: npt.NDArray[np.int32], fraction: Float64) -> Float64:
    tail, head = net.tail[edge], net.head[edge]
    return np.column_stack([c[tail] + fraction * (c[head] - c[tail]) for c in (net.node_lon, net.node_lat)])


def _short_of(leg_m: Float64) -> Float64:
    """Give the share of each leg that is passed over at its end, (n, 1)."""
    share = np.divide(_SHORT_OF_M, leg_m, out=np.full(len(leg_m), _LONGEST_SHARE), where=leg_m > 0)
    return np.asarray(np.minimum(share, _LONGEST_SHARE)[:, None], dtype=np.float64)


def legs_m(start: Float64, end: Float64) -> Float64:
    """Give the metres of straight legs, (n, 2) to (n, 2) degrees, in the plane along the start's parallel."""
    step = (end - start) * np.column_stack([np.cos(np.radians(start[:, 1])), np.ones(len(start))])
    return np.asarray(_METRES * np.hypot(*step.T), dtype=np.float64)
