"""Places on the unfolded network, where compounds behind private gates stand twice: walks lead out of them and in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import NetworkError
from circle15.network.linking.linkage import Linkage
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork


def check_network(net: WalkNetwork, side: str, linkage: Linkage) -> None:
    """Refuse a linkage of another network.

    Raises
    ------
    NetworkError
        Naming the side.
    """
    if linkage.network is not net:
        raise NetworkError(
            Said(
                f"{side} 接入的是另一张路网，请接入所搜索的路网",
                f"{side} are linked to another network; link them to the one that is searched",
            )
        )


def outward(net: WalkNetwork, origins: Linkage) -> Linkage:
    """Give origins on the network that one may walk freely from them: without what lies behind others' gates."""
    check_network(net, "origins", origins)
    return _on(net.unfolded(outward_alone=True)[0], origins)


def starting(net: WalkNetwork, origins: Linkage) -> Linkage:
    """Give origins on the unfolded network, in compounds on the streets that lead out."""
    check_network(net, "origins", origins)
    return _on(net.unfolded()[0], origins)


def ending(net: WalkNetwork, destinations: Linkage) -> tuple[Linkage, npt.NDArray[np.int32]]:
    """Give destinations on the unfolded network, those in compounds both on the streets that lead out and in.

    Neighbours walk to each other without leaving their compound, others come in by a gate.

    Returns
    -------
    Linkage
        By destination.
    numpy.ndarray
        int32: whose each place is, ascending.
    """
    check_network(net, "destinations", destinations)
    full, unfolded = net.unfolded()
    edge = destinations.edge
    twin = np.where(edge >= 0, unfolded.twin[edge], -1)
    owner = np.repeat(np.arange(len(edge), dtype=np.int32), np.where(twin >= 0, 2, 1))
    at = _on(full, destinations.take(owner))
    second = np.flatnonzero(np.diff(owner, prepend=-1) == 0)
    copied = at.edge.copy()
    copied[second] = twin[owner[second]]
    return Linkage(full, copied, at.fraction, at.access_m, at.skipped_island, at.skipped_border), owner


def unfold_pair(
    net: WalkNetwork, origins: Linkage, destinations: Linkage
) -> tuple[Linkage, Linkage, npt.NDArray[np.int32]]:
    """Give `starting` of the origins and `ending` of the destinations."""
    return starting(net, origins), *ending(net, destinations)


def _on(network: WalkNetwork, at: Linkage) -> Linkage:
    return Linkage(network, at.edge, at.fraction, at.access_m, at.skipped_island, at.skipped_border)
