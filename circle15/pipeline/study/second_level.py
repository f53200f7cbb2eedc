"""The second level of a study: communities (村社), measured from finer pieces than the streets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.inputs.ground.cells import Cells, cut_by_communities, cut_cells, piece_of_points
from circle15.inputs.people.population import read_population

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from circle15.config.model import Config
    from circle15.inputs.ground.cells import Parts
    from circle15.inputs.ground.districts import District
    from circle15.inputs.people.spread import Population

    IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SecondLevel:
    """Communities, and the parts that the pieces of cells are cut into by them.

    Times, access and coverage are a cell's, so a part has its piece's; people are the part's own, and a piece has the
    sum of its parts.
    """

    units: gpd.GeoDataFrame  # unit_id, unit_name, parent_id, is_rest, geometry: communities and each unit's remainder
    pieces: gpd.GeoDataFrame  # (n_parts,) as `cells.Parts` has them
    piece: IntArray  # (n_parts,) row of the study's pieces
    unit: IntArray  # (n_parts,) row of `units`; -1 for a part thinner than rounding
    groups: pd.DataFrame  # (n_parts, n_groups) persons

    def unit_of_points(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> IntArray:
        """Give the row of `units` in which each point lies, -1 outside all."""
        part = piece_of_points(self.pieces, np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        return np.where(part >= 0, self.unit[part], -1)


def read_people(config: Config, district: District) -> tuple[Cells, Population, SecondLevel | None]:
    """Cut the district into pieces of cells and read who lives in each, by community too where the config has them.

    Raises
    ------
    Circle15Error
        If the population's files cannot be used.
    """
    cells = cut_cells(district.units, config.cells.settled_resolution)
    if district.communities is None:
        return cells, read_population(config, district, cells), None
    parts = cut_by_communities(cells, district.communities)
    people = read_population(config, district, parts.cells)
    second = _second_level(district.communities, parts, people.groups)
    groups = _by_piece(people.groups, parts.piece, len(cells.pieces))
    homes = None if people.homes is None else replace(people.homes, piece=parts.piece[people.homes.piece])
    return cells, replace(people, groups=groups, homes=homes), second


def without_pieces(second: SecondLevel, keep: npt.NDArray[np.bool_], parent_id: str) -> SecondLevel:
    """Give the second level without the pieces where ``keep`` (n_pieces,) is False, all those of unit ``parent_id``."""
    kept = keep[second.piece]
    is_elsewhere = (second.units["parent_id"] != parent_id).to_numpy()
    pieces = second.pieces.loc[kept].reset_index(drop=True)
    units = second.units.loc[is_elsewhere].reset_index(drop=True)
    return SecondLevel(
        units=units,
        pieces=pieces,
        piece=(np.cumsum(keep) - 1)[second.piece[kept]],
        unit=pd.Index(units["unit_id"]).get_indexer(pieces["community_id"]).astype(np.int64),
        groups=second.groups.loc[kept].reset_index(drop=True),
    )


def _second_level(units: gpd.GeoDataFrame, parts: Parts, groups: pd.DataFrame) -> SecondLevel:
    unit = pd.Index(units["unit_id"]).get_indexer(parts.cells.pieces["community_id"]).astype(np.int64)
    return SecondLevel(units, parts.cells.pieces, parts.piece, unit, groups)


def _by_piece(groups: pd.DataFrame, piece: IntArray, n_pieces: int) -> pd.DataFrame:
    return pd.DataFrame({name: np.bincount(piece, weights=heads, minlength=n_pieces) for name, heads in groups.items()})
