"""Who is off the network: for each walking profile the cells that no street leaves, and their people by unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import off_network
from circle15.pipeline.study.off_reasons import UNMAPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OffCells:
    """Cells, or pieces of cells, that cannot be left on foot."""

    is_off: BoolArray  # (n_cells,) on no street of the network
    is_without_streets: BoolArray  # (n_cells,) those of them near which no walkable street is mapped, on their own side

    def of_pieces(self, cell_of_piece: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> OffCells:
        """Give the same for pieces of cells."""
        return OffCells(self.is_off[cell_of_piece], self.is_without_streets[cell_of_piece])


def cells_off(study: Study, profile: str) -> OffCells:
    """Give the cells that walkers of ``profile`` cannot leave."""
    code = study.cells_off(profile).code
    return OffCells(code != "", np.isin(code, UNMAPPED))


def unknown_pieces(study: Study, services: Sequence[Service]) -> OffCells:
    """Give the pieces of which nobody knows whether they have every service.

    That is where some service's walkers are off the network while every other service is in reach: a piece that lacks
    a service by a known walk is incomplete, whatever the others are.
    """
    off = [cells_off(study, s.layer.profile).of_pieces(study.cells.cell_of_piece) for s in services]
    is_off = np.array([o.is_off for o in off])
    covered = np.array([s.covered for s in services])
    is_unknown = (covered | is_off).all(axis=0) & is_off.any(axis=0)
    is_without = (~is_off | np.array([o.is_without_streets for o in off])).all(axis=0)
    return OffCells(is_unknown, is_unknown & is_without)


def off_columns(
    off: OffCells, covered: npt.ArrayLike, people: npt.ArrayLike, unit: npt.ArrayLike, n_units: int, *, share: str
) -> dict[str, npt.NDArray[np.float64]]:
    """Give the columns that stand beside a covered share, ``n_units + 1`` rows each.

    Parameters
    ----------
    off
        Of the rows of ``covered`` and ``people``.
    covered, people, unit, n_units
        As `measures.coverage.off_network` takes them.
    share
        Name of the share among those on the network.
    """
    found = off_network(covered, people, unit, n_units, is_off=off.is_off, is_without_streets=off.is_without_streets)
    return {
        "people_off_network": found.people,
        "people_without_streets": found.without_streets,
        share: found.share_on_network,
    }
