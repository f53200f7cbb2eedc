"""Points to places on the walking network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import InputError, NetworkError
from circle15.network.checked_arrays import as_column, value_problems
from circle15.said import Said
from circle15.threads import available_threads
from circle15.units import UNREACHED

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.network.walking.profiles import WalkProfile

from circle15.network.linking.linkage import Linkage

DEFAULT_MAX_ACCESS_M = 300.0
_LIMITS = {"lon": 180.0, "lat": 90.0}
# What the core may do with an edge (edge_tree.hpp).
_NEVER, _LINK, _ISLAND = 0, 1, 2


def link(
    net: WalkNetwork,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    *,
    max_access_m: float = DEFAULT_MAX_ACCESS_M,
    profile: str | WalkProfile | None = None,
) -> Linkage:
    """Link points to the nearest place on the nearest edge.

    Distances are metres in the plane that touches the sphere (R = 6,371,009 m) along the point's own parallel:
    x = R cos(lat) dlon, y = R dlat. At a distance d the relative error against the great circle is at most
    d tan|lat| / 2R: at 60 degrees and 300 m 4e-5, or 12 mm. Edges are straight in longitude and latitude; those of
    islands (`WalkNetwork.is_island`) are passed over, and those of bridges and tunnels (`WalkNetwork.is_span`), which
    are entered at their ends. Of equally near edges the one with the smallest index is
    taken. Where the network was read with hard borders (rivers, railways, expressways), edges whose straight leg
    crosses one are passed over. Neither edges nor access legs across the antimeridian are supported.

    Parameters
    ----------
    net
        Walking network.
    lon, lat
        (n,) degrees WGS-84, finite, within -180 to 180 and -90 to 90.
    max_access_m
        Longest access leg in metres, inclusive; farther points stay unlinked.
    profile
        Where given, link only to edges that this profile may walk in at least one direction.

    Returns
    -------
    Linkage
        ``skipped_island`` is True where an island's edge within ``max_access_m`` is nearer than the edge linked to, or
        where there is none but the island's.

    Raises
    ------
    InputError
        If a coordinate is not finite or out of range; names the index. It is a ValueError.
    NetworkError
        If the network has no edges, or was not built with ``profile``.
    ValueError
        If ``max_access_m`` is negative or not finite.

    Examples
    --------
    >>> from circle15.network.graph import WalkNetwork
    >>> net = WalkNetwork.from_edges([0.0, 0.001], [0.0, 0.0], [0], [1], [111.2])
    >>> at = link(net, [0.0005, 0.0005], [0.0001, 0.1])
    >>> at.edge.tolist(), at.fraction.round(3).tolist(), at.access_m.round(2).tolist()
    ([0, -1], [0.5, nan], [11.12, nan])
    """
    if net.n_edges == 0:
        raise NetworkError(Said("路网没有可接入的路段", "the network has no edges to link to"))
    if not 0 <= max_access_m < np.inf:
        raise ValueError(f"max_access_m = {max_access_m}: must be finite metres, at least 0")
    points = {name: np.ascontiguousarray(given, dtype=np.float64) for name, given in (("lon", lon), ("lat", lat))}
    _check_points(points)
    use = linkable_edges(net, profile)
    edge, fraction, access_m, skipped_island = net.edge_tree().link(
        points["lon"], points["lat"], use, float(max_access_m), available_threads()
    )
    at = Linkage(net, edge, fraction, access_m, skipped_island.view(np.bool_))
    borders = net.border_tree()
    if borders is None:
        return at
    from circle15.network.linking.link_borders import link_within_borders  # noqa: PLC0415 (most networks have none)

    return link_within_borders(at, **points, use=use, borders=borders, limit_m=float(max_access_m))


def linkable_edges(net: WalkNetwork, profile: str | WalkProfile | None) -> npt.NDArray[np.uint8]:
    """Give what points may do with each edge, uint8 (n_edges,), as the core's EdgeTree takes it."""
    use = np.where(net.is_island, np.uint8(_ISLAND), np.uint8(_LINK))
    use[net.is_span] = _NEVER
    if profile is not None:
        use[(net.walk_ms[net.profile_index(profile)] == UNREACHED).all(axis=0)] = _NEVER
    return use


def near_span(
    net: WalkNetwork, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], limit_m: float
) -> npt.NDArray[np.bool_]:
    """Tell which points, float64 (n,) degrees WGS-84, have a bridge or tunnel within ``limit_m`` metres."""
    if not net.is_span.any() or not len(lon):
        return np.zeros(len(lon), dtype=np.bool_)
    use = np.where(net.is_span, np.uint8(_LINK), np.uint8(_NEVER))
    edge, *_ = net.edge_tree().link(lon, lat, use, limit_m, available_threads())
    return edge >= 0


def _check_points(points: dict[str, npt.NDArray[np.float64]]) -> None:
    shapes = [values.shape for values in points.values()]
    if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
        raise InputError(
            Said(
                f"lon 形状为 {shapes[0]}，lat 形状为 {shapes[1]}：应为等长的两个数组",
                f"lon has shape {shapes[0]} and lat {shapes[1]}: give two arrays of one length",
            )
        )
    problems = []
    for name, values in points.items():
        limit = _LIMITS[name]
        right = f"finite degrees WGS-84, {-limit:g} to {limit:g}"
        problems += value_problems(name, values, np.abs(values) <= limit, right)
    InputError.gather(problems)


def link_nodes(network: WalkNetwork, node: npt.ArrayLike) -> Linkage:
    """Link exactly at network nodes, without an access leg; a node without edges stays unlinked.

    Parameters
    ----------
    network
        Walking network.
    node
        (n,) node indices.

    Returns
    -------
    Linkage
        Each place is an end of one of the node's edges.

    Raises
    ------
    NetworkError
        If an index is not a whole number or out of range.
    """
    given = as_column("node", np.ravel(node), np.float64)
    is_node = (given >= 0) & (given < network.n_nodes) & (given == np.floor(given))
    right = f"a whole number, 0 to {network.n_nodes - 1}"
    NetworkError.gather(value_problems("node", np.ravel(node), is_node, right))
    nodes = given.astype(np.int64)
    edge_at = np.full(network.n_nodes, -1, dtype=np.int32)
    is_head = np.zeros(network.n_nodes, dtype=np.bool_)
    edges = np.arange(network.n_edges - 1, -1, -1, dtype=np.int32)  # backwards: the smallest edge index stays
    edge_at[network.head[edges]] = edges
    is_head[network.head] = True
    edge_at[network.tail[edges]] = edges
    is_head[network.tail] = False
    edge = edge_at[nodes]
    linked = edge >= 0
    return Linkage(
        network=network,
        edge=edge,
        fraction=np.where(linked, is_head[nodes].astype(np.float64), np.nan),
        access_m=np.where(linked, 0.0, np.nan),
        skipped_island=np.zeros(len(nodes), dtype=np.bool_),
    )
