"""People just beyond the border, who compete for the same supply: cells around the district and who lives in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.inputs.ground.cells import Cells, cut_cells, piece_of_points, sum_by_piece
from circle15.inputs.osm.shapes import areal
from circle15.inputs.people.people_tables import ALL
from circle15.inputs.people.spread import Homes

if TYPE_CHECKING:
    from circle15.config.model import Config
    from circle15.inputs.people.spread import Population

SOURCES = ("points", "raster")
"""Sources that tell who lives beyond the border; a total over buildings, and tables of units, are of the district."""


@dataclass(frozen=True, slots=True)
class BufferPeople:
    """Inhabited cells around the district; they demand, but nothing is reported of them."""

    lon: npt.NDArray[np.float64]  # (n_cells,) where walks start: cell centres as read, degrees WGS-84
    lat: npt.NDArray[np.float64]
    groups: pd.DataFrame  # (n_cells, n_groups) persons, the same groups as inside
    homes: Homes  # their ``piece`` is the row of the cells


def is_covered(config: Config) -> bool:
    """Tell whether the config's source says who lives beyond the border, and the config wants them."""
    table = config.population
    return table.source in SOURCES and table.buffer_demand is not False


def read_buffer_people(config: Config, district: Any, area: Any, inside: Population) -> BufferPeople | None:
    """Read the people between the district's border and the end of the buffer, by cells.

    People are brought to the level of those inside: where the district was scaled or raked to totals, each group
    beyond the border is multiplied by the ratio that its group has inside (people after / people of the source); a
    group that the source does not have is the share of everybody that it is inside.

    Parameters
    ----------
    config
        Its [population] names the source.
    district, area
        Polygons, degrees WGS-84: the district, and the district with its buffer.
    inside
        The district's people, from the same source.

    Returns
    -------
    BufferPeople or None
        None where the source tells nothing of the ground beyond the border, or of nobody there.
    """
    ring = areal(shapely.difference(area, district))
    if not is_covered(config) or ring.is_empty:
        return None
    buffer = gpd.GeoDataFrame({"unit_id": ["buffer"]}, geometry=[ring], crs="EPSG:4326")
    around = cut_cells(buffer, config.cells.settled_resolution)
    found, homes = _points_in(around, inside) if config.population.source == "points" else _raster_in(around, config)
    lived_in = np.flatnonzero((found.to_numpy() > 0).any(axis=1))
    if not len(lived_in):
        return None
    cell = around.cell_of_piece[lived_in]
    groups = _at_the_level_of(inside, found.iloc[lived_in].reset_index(drop=True))
    row = np.full(len(around.pieces), -1, dtype=np.int64)
    row[lived_in] = np.arange(len(lived_in))
    asked = homes.of_pieces(row >= 0)
    return BufferPeople(around.lon[cell], around.lat[cell], groups, replace(asked, piece=row[asked.piece]))


def _points_in(around: Cells, inside: Population) -> tuple[pd.DataFrame, Homes]:
    beyond = inside.beyond
    if beyond is None or not len(beyond.lon):
        nobody = np.empty(0)
        return pd.DataFrame({ALL: np.zeros(len(around.pieces))}), Homes(nobody, nobody, nobody, np.empty(0, np.int64))
    piece = piece_of_points(around.pieces, beyond.lon, beyond.lat)
    heads = np.asarray(beyond.values[ALL], dtype=np.float64)  # noqa: PD011 (a field of that name)
    homes = Homes(beyond.lon, beyond.lat, heads, piece)
    found = pd.DataFrame(sum_by_piece(beyond.values, piece, len(around.pieces)))
    return found, homes.take(np.flatnonzero(piece >= 0))


def _raster_in(around: Cells, config: Config) -> tuple[pd.DataFrame, Homes]:
    from circle15.inputs.people.raster_people import sum_raster_people  # noqa: PLC0415 (GDAL's raster side; others need none)

    found = sum_raster_people(config, around.pieces)
    return found.groups, found.homes


def _at_the_level_of(inside: Population, found: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    everybody = float(inside.groups[ALL].sum())
    for group, heads in inside.groups.items():
        after = float(heads.sum())
        if group in found:
            before = inside.source_sums.get(str(group), 0.0)
            ratio = after / before if before > 0 else 1.0
            columns[group] = found[group] * ratio
        else:
            ratio = after / everybody
            columns[group] = found[ALL] * (everybody / inside.source_sums[ALL]) * ratio
    return pd.DataFrame(columns)
