"""Points to places on the walking network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import NetworkError

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Linkage:
    """Places on a network's edges, one per point.

    Parameters
    ----------
    network
        The network that the places are on.
    edge
        int32 (n,): edge index, -1 = unlinked.
    fraction
        float64 (n,): 0 at the edge's tail, 1 at its head, NaN = unlinked.
    access_m
        float64 (n,): metres from the point to the place, NaN = unlinked.
    skipped_island
        bool (n,): a nearer edge was passed over because it is on an island.
    """

    network: WalkNetwork
    edge: npt.NDArray[np.int32]
    fraction: npt.NDArray[np.float64]
    access_m: npt.NDArray[np.float64]
    skipped_island: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.edge)


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
        If an index is out of range.
    """
    nodes = np.asarray(node, dtype=np.int64).ravel()
    bad = np.flatnonzero((nodes < 0) | (nodes >= network.n_nodes))
    if bad.size:
        raise NetworkError(f"node[{bad[0]}] = {nodes[bad[0]]}: must be 0 to {network.n_nodes - 1}")
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
