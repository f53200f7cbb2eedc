"""Why some streets hang together with no others: a shut gate, crossings without a common node, a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from circle15.network.streets.crossings import find_crossings
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork

GAP_M = 15.0
"""Streets that come this near to others without joining them are likely meant to."""

_DECIMALS = 7
_METRES = np.radians(1) * EARTH_RADIUS_M

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a component comes nearest to others, and why they are apart there."""

    why: Literal["gate", "crossing", "gap", "none"]
    lon: float  # of one such place
    lat: float
    n: int  # such places; 0 where there is none
    gap_m: float = 0.0  # to the other street


def why_apart(net: WalkNetwork, component: int) -> Parting:
    """Look at where a component's streets meet, cross or nearly meet streets of other components.

    In this order, as each hides the next: a *gate*: two streets end at the very same place, which is how a shut barrier
    parts them; a *crossing* on the ground without a common node; a *gap* of at most `GAP_M`.
    """
    own = net.component[net.tail] == component
    lon, lat = net.node_lon, net.node_lat
    nodes = np.unique(np.concatenate([net.tail[own], net.head[own]]))
    margin = GAP_M / _METRES / np.array([np.cos(np.radians(lat[nodes].mean())), 1.0])
    low = np.array([lon[nodes].min(), lat[nodes].min()]) - margin
    high = np.array([lon[nodes].max(), lat[nodes].max()]) + margin
    near = _in_box(net, low, high) & ~own & (net.component[net.tail] != component)
    others = np.unique(np.concatenate([net.tail[near], net.head[near]]))
    same = np.isin(_keys(net, nodes), _keys(net, others))
    if same.any():
        return _found("gate", np.column_stack([lon, lat])[nodes[same]])
    looked_at = np.flatnonzero((own | near) & ~net.is_span & (net.length_m > 0))
    crossings = find_crossings(lon, lat, net.tail, net.head, looked_at, with_others=own[looked_at])
    if len(crossings.place):
        return _found("crossing", crossings.place)
    use = np.where(near, np.uint8(1), np.uint8(0))
    edge, _, away_m, _ = net.edge_tree().link(lon[nodes].copy(), lat[nodes].copy(), use, GAP_M, 1)
    if (edge >= 0).any():
        nearest = int(np.nanargmin(away_m))
        place = np.column_stack([lon, lat])[nodes[[nearest]]]
        return Parting("gap", float(place[0, 0]), float(place[0, 1]), int((edge >= 0).sum()), float(away_m[nearest]))
    middle = nodes[len(nodes) // 2]
    return Parting("none", float(lon[middle]), float(lat[middle]), 0)


def _in_box(net: WalkNetwork, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> Bool:
    found = np.ones(net.n_edges, dtype=np.bool_)
    for values, a, b in ((net.node_lon, low[0], high[0]), (net.node_lat, low[1], high[1])):
        ends = values[net.tail], values[net.head]
        found &= (np.minimum(*ends) <= b) & (np.maximum(*ends) >= a)
    return found


def _keys(net: WalkNetwork, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.complex128]:
    keys: npt.NDArray[np.complex128] = net.node_lon[nodes].round(_DECIMALS) + 1j * net.node_lat[nodes].round(_DECIMALS)
    return keys


def _found(why: Literal["gate", "crossing"], places: npt.NDArray[np.float64]) -> Parting:
    places = np.unique(places.round(_DECIMALS), axis=0)
    lon, lat = places[len(places) // 2]
    return Parting(why, float(lon), float(lat), len(places))
