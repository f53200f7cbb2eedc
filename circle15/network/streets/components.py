"""Connected components of streets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def find_components(
    n_nodes: int, tail: npt.NDArray[Any], head: npt.NDArray[Any], links: npt.NDArray[Any] | None = None
) -> npt.NDArray[np.int32]:
    """Give the connected component of each node, int32 (n_nodes,), walking any edge either way.

    ``links`` (n_links, 2) are nodes that a private gate joins.

    Components are numbered by their smallest node.
    """
    from circle15 import _core  # noqa: PLC0415 (a network can be looked at without the core)

    if links is not None and len(links):
        tail, head = np.concatenate([tail, links[:, 0]]), np.concatenate([head, links[:, 1]])
    return _core.components(n_nodes, *(np.ascontiguousarray(ends, dtype=np.int32) for ends in (tail, head)))
