"""Walks from the centres of cells, or from the people's own side where a river or railway lies between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.ground.cells import COORDINATE_DECIMALS, EQUAL_AREA_CRS, Cells, finer_parts
from circle15.inputs.people.people_tables import ALL
from circle15.inputs.people.spread import Homes

if TYPE_CHECKING:
    from circle15._core import EdgeTree
    from circle15.config.model import Config
    from circle15.inputs.people.spread import Population
    from circle15.network.graph import WalkNetwork

FINER = 2
"""Levels of H3 that a piece is looked at more finely, where its source tells of areas: 49 parts."""

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Starts:
    """Where the pieces' walks start."""

    cells: Cells  # a piece that starts elsewhere than its cell's centre has a start of its own
    n_moved: int  # pieces
    people_moved: float
    people_across: float  # people of all pieces who live behind a border from where their walk starts


def start_near_centres(config: Config, cells: Cells, people: Population, network: WalkNetwork) -> Starts:
    """Let walks start on the people's side, where a hard border lies between the centre of a cell and its people.

    A piece's walk moves where more than half of its people live behind a river, railway, expressway or city wall as
    seen from the cell's centre: to the middle of those people, or to the one of them who lives nearest to it where
    that middle is behind a border too. Everybody else's walk starts at the cell's centre.

    Parameters
    ----------
    config
        Its [population] names the raster, where people come from one.
    cells, people
        Pieces, and who lives in them; ``people.homes`` where the source tells of places.
    network
        Read with hard borders.
    """
    borders = network.border_tree()
    heads = people.groups[ALL].to_numpy(np.float64)
    near = np.empty(0, np.int64) if borders is None else near_borders(cells, heads, network)
    if borders is None or not len(near):
        return Starts(cells, 0, 0.0, 0.0)
    homes = _homes_in(near, people.homes) if people.homes is not None else homes_by_area(config, cells, near)
    n = len(cells.pieces)
    at = np.column_stack([cells.lon[cells.cell_of_piece], cells.lat[cells.cell_of_piece]])
    place = np.column_stack([homes.lon, homes.lat])
    is_far = legs_cross(borders, at[homes.piece], place)
    all_of, far_of = _sum(homes, homes.piece >= 0, n), _sum(homes, is_far, n)
    across = np.divide(far_of, all_of, out=np.zeros(n), where=all_of > 0)
    moved = np.flatnonzero(across > 1 / 2)
    starts = np.array([_start(borders, place[own], homes.people[own]) for own in _rows_of(homes.piece, is_far, moved)])
    kept = []
    for piece, start in zip(moved.tolist(), starts.reshape(-1, 2), strict=True):
        own = homes.piece == piece
        behind = legs_cross(borders, np.broadcast_to(start, (int(own.sum()), 2)), place[own])
        share = float(homes.people[own][behind].sum()) / float(all_of[piece])
        if share < across[piece]:
            kept.append((piece, start))
            across[piece] = share
    return Starts(
        cells=with_starts(cells, np.array([p for p, _ in kept], np.int64), np.reshape([s for _, s in kept], (-1, 2))),
        n_moved=len(kept),
        people_moved=float(sum(heads[piece] for piece, _ in kept)),
        people_across=float((across * heads).sum()),
    )


def near_borders(cells: Cells, heads: Float64, network: WalkNetwork) -> Int64:
    """Give the inhabited pieces that a border may lie across, as seen from their cell's centre."""
    lived_in = np.flatnonzero(heads > 0)
    pieces = network.report.hard_borders
    lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
    of_cell = cells.cell_of_piece[lived_in]
    centres = shapely.points(cells.lon[of_cell], cells.lat[of_cell])
    seen = shapely.convex_hull(cells.pieces.geometry.to_numpy()[lived_in])
    beside = ~shapely.intersects(seen, centres)
    seen[beside] = shapely.convex_hull(shapely.union(seen[beside], centres[beside]))
    return np.unique(lived_in[shapely.STRtree(lines).query(seen, predicate="intersects")[0]])


def _homes_in(near: Int64, homes: Homes) -> Homes:
    rows = np.isin(homes.piece, near) & (homes.people > 0)
    return Homes(homes.lon[rows], homes.lat[rows], homes.people[rows], homes.piece[rows])


def homes_by_area(config: Config, cells: Cells, near: Int64) -> Homes:
    """Tell how the people of pieces lie in them, by parts of `FINER` cells: as the raster says, else evenly."""
    shapes = cells.pieces.geometry.to_numpy()
    parts, owner = finer_parts(shapes[near], cells.pieces["cell"].to_numpy()[near], cells.resolution + FINER)
    frame = gpd.GeoDataFrame(geometry=parts, crs="EPSG:4326")
    area_m2 = frame.geometry.to_crs(EQUAL_AREA_CRS).area.to_numpy(np.float64)
    heads = area_m2
    if config.population.source == "raster":
        from circle15.inputs.people.raster_people import sum_raster_people  # noqa: PLC0415 (GDAL's raster side)

        heads = sum_raster_people(config, frame).groups[ALL].to_numpy(np.float64)
    spots = shapely.point_on_surface(parts)
    spread_m = np.sqrt(area_m2 / np.pi)
    return Homes(shapely.get_x(spots), shapely.get_y(spots), heads, near[owner], spread_m)


def _rows_of(piece: Int64, is_far: Bool, moved: Int64) -> list[Int64]:
    return [np.flatnonzero((piece == p) & is_far) for p in moved.tolist()]


def _start(borders: EdgeTree, place: Float64, people: Float64) -> Float64:
    """Give the place that a walk starts at for people who live at ``place`` (n, 2)."""
    middle: Float64 = (place * people[:, None]).sum(axis=0) / people.sum()
    away = np.hypot(*((place - middle) * [np.cos(np.radians(middle[1])), 1.0]).T)
    nearest: Float64 = place[int(np.argmin(away))]
    is_cut = legs_cross(borders, middle[None], nearest[None])[0]
    return (nearest if is_cut else middle).round(COORDINATE_DECIMALS)


def legs_cross(borders: EdgeTree, start: Float64, end: Float64) -> Bool:
    """Tell which straight legs, float64 (n, 2) to (n, 2) degrees WGS-84, cross a border."""
    ends = [np.ascontiguousarray(c, dtype=np.float64) for c in (*start.T, *end.T)]
    return borders.crosses(*ends).view(np.bool_)


def _sum(homes: Homes, rows: Bool, n: int) -> Float64:
    return np.bincount(homes.piece[rows], weights=homes.people[rows], minlength=n).astype(np.float64)


def with_starts(cells: Cells, piece: Int64, start: Float64) -> Cells:
    """Give the cells with a start of its own for each of these pieces, and no start that no piece has.

    Pieces of a cell that start at the same place share it; starts are in the order of their first pieces.
    """
    if not len(piece):
        return cells
    at = np.column_stack([cells.cell_of_piece, cells.lon[cells.cell_of_piece], cells.lat[cells.cell_of_piece]])
    at[piece, 1:] = start
    _, first, number = np.unique(at, axis=0, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    lon, lat = at[np.sort(first), 1:].T
    of_piece = rank[number.ravel()].astype(np.int32)
    return Cells(cells.pieces, lon.copy(), lat.copy(), of_piece, cells.resolution)
