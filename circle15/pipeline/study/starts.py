"""Where walks start: a cell's centre, or the people's own side where a river or railway lies between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import h3
import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.ground.cells import COORDINATE_DECIMALS, EQUAL_AREA_CRS, Cells
from circle15.inputs.people.people_tables import ALL
from circle15.inputs.people.spread import Homes
from circle15.said import Said

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


def start_where_people_are(config: Config, cells: Cells, people: Population, network: WalkNetwork) -> Starts:
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
    near = np.empty(0, np.int64) if borders is None else _near_borders(cells, heads, network)
    if borders is None or not len(near):
        return Starts(cells, 0, 0.0, 0.0)
    homes = _homes_in(near, people.homes) if people.homes is not None else _by_area(config, cells, near)
    n = len(cells.pieces)
    at = np.column_stack([cells.lon[cells.cell_of_piece], cells.lat[cells.cell_of_piece]])
    place = np.column_stack([homes.lon, homes.lat])
    is_far = _crosses(borders, at[homes.piece], place)
    all_of, far_of = _sum(homes, homes.piece >= 0, n), _sum(homes, is_far, n)
    across = np.divide(far_of, all_of, out=np.zeros(n), where=all_of > 0)
    moved = np.flatnonzero(across > 1 / 2)
    starts = np.array([_start(borders, place[own], homes.people[own]) for own in _rows_of(homes.piece, is_far, moved)])
    kept = []
    for piece, start in zip(moved.tolist(), starts.reshape(-1, 2), strict=True):
        own = homes.piece == piece
        behind = _crosses(borders, np.broadcast_to(start, (int(own.sum()), 2)), place[own])
        share = float(homes.people[own][behind].sum()) / float(all_of[piece])
        if share < across[piece]:
            kept.append((piece, start))
            across[piece] = share
    return Starts(
        cells=_moved(cells, kept),
        n_moved=len(kept),
        people_moved=float(sum(heads[piece] for piece, _ in kept)),
        people_across=float((across * heads).sum()),
    )


def start_warnings(starts: Starts) -> list[Said]:
    """Say how many walks start on the people's side of a border rather than at the cell's centre."""
    n, heads = starts.n_moved, starts.people_moved
    zh = f"{n} 个网格（{heads:,.0f} 人）的中心与居民隔着河流、铁路或快速路，步行改从居民一侧出发"
    en = (
        f"in {n} cells ({heads:,.0f} people) a river, railway or expressway lies between the centre and the people;"
        " their walk starts on the people's side"
    )
    return [Said(zh, en)] if n else []


def _near_borders(cells: Cells, heads: Float64, network: WalkNetwork) -> Int64:
    """Give the inhabited pieces that a border may lie across, as seen from their cell's centre."""
    lived_in = np.flatnonzero(heads > 0)
    pieces = network.report.hard_borders
    lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
    of_cell = cells.cell_of_piece[lived_in]
    centres = shapely.points(cells.lon[of_cell], cells.lat[of_cell])
    seen = shapely.convex_hull(shapely.union(shapely.envelope(cells.pieces.geometry.to_numpy()[lived_in]), centres))
    return np.unique(lived_in[shapely.STRtree(lines).query(seen, predicate="intersects")[0]])


def _homes_in(near: Int64, homes: Homes) -> Homes:
    rows = np.isin(homes.piece, near) & (homes.people > 0)
    return Homes(homes.lon[rows], homes.lat[rows], homes.people[rows], homes.piece[rows])


def _by_area(config: Config, cells: Cells, near: Int64) -> Homes:
    """Tell how the people of pieces lie in them: by the raster's pixels, else evenly."""
    shapes, names = cells.pieces.geometry.to_numpy(), cells.pieces["cell"].to_numpy()
    parts, owner = [], []
    for piece in near.tolist():
        finer = h3.cell_to_children(names[piece], cells.resolution + FINER)
        hexagons = shapely.polygons([np.array(h3.cell_to_boundary(c))[:, ::-1] for c in sorted(finer)])
        inside = shapely.intersection(hexagons, shapes[piece])
        inside = inside[shapely.area(inside) > 0]
        parts.append(inside)
        owner.append(np.full(len(inside), piece))
    frame = gpd.GeoDataFrame(geometry=np.concatenate(parts), crs="EPSG:4326")
    if config.population.source == "raster":
        from circle15.inputs.people.raster_people import sum_raster_people  # noqa: PLC0415 (GDAL's raster side)

        heads = sum_raster_people(config, frame).groups[ALL].to_numpy(np.float64)
    else:
        heads = frame.geometry.to_crs(EQUAL_AREA_CRS).area.to_numpy(np.float64)
    spots = shapely.point_on_surface(frame.geometry.to_numpy())
    return Homes(shapely.get_x(spots), shapely.get_y(spots), heads, np.concatenate(owner).astype(np.int64))


def _rows_of(piece: Int64, is_far: Bool, moved: Int64) -> list[Int64]:
    return [np.flatnonzero((piece == p) & is_far) for p in moved.tolist()]


def _start(borders: EdgeTree, place: Float64, people: Float64) -> Float64:
    """Give the place that a walk starts at for people who live at ``place`` (n, 2)."""
    middle: Float64 = (place * people[:, None]).sum(axis=0) / people.sum()
    away = np.hypot(*((place - middle) * [np.cos(np.radians(middle[1])), 1.0]).T)
    nearest: Float64 = place[int(np.argmin(away))]
    is_cut = _crosses(borders, middle[None], nearest[None])[0]
    return (nearest if is_cut else middle).round(COORDINATE_DECIMALS)


def _crosses(borders: EdgeTree, start: Float64, end: Float64) -> Bool:
    ends = [np.ascontiguousarray(c, dtype=np.float64) for c in (*start.T, *end.T)]
    return borders.crosses(*ends).view(np.bool_)


def _sum(homes: Homes, rows: Bool, n: int) -> Float64:
    return np.bincount(homes.piece[rows], weights=homes.people[rows], minlength=n).astype(np.float64)


def _moved(cells: Cells, kept: list[tuple[int, Float64]]) -> Cells:
    """Give the cells with a start of its own for each of these pieces, and no start that no piece has."""
    if not kept:
        return cells
    cell_of_piece = cells.cell_of_piece.copy()
    cell_of_piece[[piece for piece, _ in kept]] = cells.n_cells + np.arange(len(kept))
    lon, lat = (
        np.concatenate([own, [start[axis] for _, start in kept]]) for axis, own in enumerate((cells.lon, cells.lat))
    )
    # In the order of the pieces, as cells are.
    _, first, number = np.unique(cell_of_piece, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    used = cell_of_piece[np.sort(first)]
    return Cells(cells.pieces, lon[used], lat[used], rank[number].astype(np.int32), cells.resolution)
