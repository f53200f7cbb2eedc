"""The levels at which a portrait is drawn: streets, and communities where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from typing import Literal

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """The units of one level, and where parts of cells and facilities lie among them.

    The parts of the streets' level are the study's pieces; those of communities are cut finer.
    """

    name: Literal["town", "community"]
    units: pd.DataFrame  # unit_id, unit_name, level, parent_id; a row per unit code
    of_part: IntArray  # (n_parts,) unit code; -1 for a part in none
    of_facility: IntArray  # (n_facilities,) unit code; -1 outside
    piece: IntArray  # (n_parts,) row of the study's pieces, which have the parts' times and access
    groups: pd.DataFrame  # (n_parts, n_groups) persons

    def people(self, group: str) -> FloatArray:
        """Give the people of a group in the parts that lie in a unit, (n_inside,)."""
        return self.groups[group].to_numpy(np.float64)[self.of_part >= 0]

    def of_inside(self) -> IntArray:
        """Give the unit code of the parts that lie in a unit, (n_inside,)."""
        return self.of_part[self.of_part >= 0]

    def spread(self, values: FloatArray) -> FloatArray:
        """Give values of pieces to the parts that lie in a unit, (n_inside,)."""
        return values[self.piece[self.of_part >= 0]]


def town_level(study: Study) -> Level:
    """Give the level of the district's own units."""
    units = study.district.units[["unit_id", "unit_name"]].assign(level="town", parent_id="")
    groups = study.people.groups
    return Level(
        "town",
        units.reset_index(drop=True),
        study.unit_of_piece,
        study.unit_of_facility,
        np.arange(len(groups), dtype=np.int64),
        groups,
    )


def levels_of(study: Study) -> list[Level]:
    """Give the levels of a study, streets first; ground in no community is in no unit of the second."""
    towns = town_level(study)
    second = study.second
    if second is None:
        return [towns]
    is_own = ~second.units["is_rest"].to_numpy(np.bool_)
    code = np.append(np.where(is_own, np.cumsum(is_own) - 1, -1), -1)
    units = pd.DataFrame(second.units.loc[is_own, ["unit_id", "unit_name", "parent_id"]]).assign(level="community")
    stands_in = second.unit_of_points(study.facilities["lon"], study.facilities["lat"])
    communities = Level(
        "community",
        units[["unit_id", "unit_name", "level", "parent_id"]].reset_index(drop=True),
        code[second.unit],
        code[stands_in],
        second.piece,
        second.groups,
    )
    return [towns, communities]
