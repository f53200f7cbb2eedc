"""Hard borders: rivers, railways, expressways, walls of cities and compounds, crossed by mapped streets alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from circle15._core import EdgeTree
    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.streets.borders import Bool, Float64, Int64


_FIRST_LOOK = 8


def link_within_borders(
    at: Linkage, lon: Float64, lat: Float64, use: npt.NDArray[np.uint8], *, borders: EdgeTree, limit_m: float
) -> Linkage:
    """Move the points whose access leg crosses a hard border to the nearest street that they reach without.

    Parameters
    ----------
    at
        Places on the nearest streets (`circle15.link`).
    lon, lat
        float64 (n,) points, degrees WGS-84.
    use
        uint8 (n_edges,): what points may be linked to, as the core's EdgeTree takes it.
    borders
        Straight pieces of borders.
    limit_m
        Longest access leg in metres, inclusive.

    Returns
    -------
    Linkage
        ``skipped_border`` tells whose nearest street lies behind a border; where there is none on the own side within
        the limit the point is unlinked.
    """
    linked = np.flatnonzero(at.edge >= 0)
    points = np.column_stack([lon, lat])
    crosses = _crosses(borders, points[linked], _at(at.network, at.edge[linked], at.fraction[linked]))
    moved = linked[crosses]
    if not len(moved):
        return at
    near = _Near(*at.network.edge_tree().near(lon[moved], lat[moved], use, limit_m))
    place = _first_free(borders, at.network, near, points[moved])
    found = place >= 0
    edge, fraction, access_m = at.edge.copy(), at.fraction.copy(), at.access_m.copy()
    edge[moved], fraction[moved], access_m[moved] = -1, np.nan, np.nan
    edge[moved[found]] = near.edge[place[found]]
    fraction[moved[found]] = near.fraction[place[found]]
    access_m[moved[found]] = near.access_m[place[found]]
    skipped = np.zeros(len(lon), dtype=np.bool_)
    skipped[moved] = True
    return replace(at, edge=edge, fraction=fraction, access_m=access_m, skipped_border=skipped)


class _Near(NamedTuple):
    """Places near points, each point's nearest first."""

    indptr: Int64
    edge: npt.NDArray[np.int32]
    fraction: Float64
    access_m: Float64


def _first_free(borders: EdgeTree, net: WalkNetwork, near: _Near, points: Float64) -> Int64:
    """Give each point's nearest place that no border lies before, -1 where there is none.

    All points look at some of their places at a time: most find one at once, few need many.
    """
    free = np.full(len(points), -1, dtype=np.int64)
    begin, end = near.indptr[:-1].copy(), near.indptr[1:]
    n_looks = _FIRST_LOOK
    while (waiting := np.flatnonzero((free < 0) & (begin < end))).size:
        n = np.minimum(end[waiting] - begin[waiting], n_looks)
        owner = np.repeat(waiting, n)
        place = np.repeat(begin[waiting] - (np.cumsum(n) - n), n) + np.arange(len(owner))
        is_free = ~_crosses(borders, points[owner], _at(net, near.edge[place], near.fraction[place]))
        free[owner[is_free][::-1]] = place[is_free][::-1]  # backwards: each point's first one stays
        begin[waiting] += n
        n_looks *= 2
    return free


def _crosses(borders: EdgeTree, points: Float64, places: Float64) -> Bool:
    """Tell which straight legs cross a border."""
    ends = [np.ascontiguousarray(c) for c in (*points.T, *places.T)]
    return borders.crosses(*ends).view(np.bool_)


def _at(net: WalkNetwork, edge: npt.NDArray[Any], fraction: Float64) -> Float64:
    tail, head = net.tail[edge], net.head[edge]
    return np.column_stack([c[tail] + fraction * (c[head] - c[tail]) for c in (net.node_lon, net.node_lat)])
