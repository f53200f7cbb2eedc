"""Places on the walking network, one per point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import NetworkError
from circle15.network.checked_arrays import as_column
from circle15.said import Said

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
    skipped_border
        bool (n,): a nearer edge was passed over because the straight leg to it crosses a hard border; all False by
        default.

    Raises
    ------
    NetworkError
        If a column is of another length or holds what its type cannot; it is named.
    """

    network: WalkNetwork
    edge: npt.NDArray[np.int32]
    fraction: npt.NDArray[np.float64]
    access_m: npt.NDArray[np.float64]
    skipped_island: npt.NDArray[np.bool_]
    skipped_border: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            column = as_column(name, getattr(self, name), dtype)
            if name == "skipped_border" and column.size == 0:
                column = np.zeros(len(self.edge), dtype=dtype)
            if name != "edge" and len(column) != len(self.edge):
                raise NetworkError(
                    Said(
                        f"{name} 有 {len(column)} 个值，应与 {len(self.edge)} 个路段一一对应",
                        f"{name} has {len(column)} values, not one for each of {len(self.edge)} edges",
                    )
                )
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.edge)

    def take(self, rows: npt.NDArray[np.integer] | slice) -> Linkage:
        """Give the linkage of some of the points, int (n_taken,) or a slice, in the order asked for."""
        return Linkage(
            self.network,
            self.edge[rows],
            self.fraction[rows],
            self.access_m[rows],
            self.skipped_island[rows],
            self.skipped_border[rows],
        )


_DTYPES: dict[str, type[np.generic]] = {
    "edge": np.int32,
    "fraction": np.float64,
    "access_m": np.float64,
    "skipped_island": np.bool_,
    "skipped_border": np.bool_,
}
