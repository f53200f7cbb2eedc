"""Where the walks of cells start: at a home in the middle of their people, or at the cell's centre."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.files.kept_results import kept_arrays
from circle15.inputs.ground.cells import COORDINATE_DECIMALS
from circle15.inputs.people.people_tables import ALL
from circle15.inputs.people.spread import Homes
from circle15.network.linking.link import link
from circle15.pipeline.starts.centre_starts import (
    Bool,
    Float64,
    Int64,
    Starts,
    homes_by_area,
    legs_cross,
    near_borders,
    start_near_centres,
    with_starts,
)
from circle15.pipeline.starts.people_middles import middles_of_people, nearest_homes, places_at_homes
from circle15.said import Said

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15._core import EdgeTree
    from circle15.config.model import Config
    from circle15.inputs.ground.cells import Cells
    from circle15.inputs.people.beyond import BufferPeople
    from circle15.inputs.people.spread import Population
    from circle15.network.graph import WalkNetwork

PLACES = frozenset({"points", "buildings"})
"""Sources of people that tell of places; the others tell of areas."""
N_LOOKS = 4
"""Sides of borders that are looked at, at most, before the best so far is taken."""
_SAME_M = 1.0
_METRES = 111_195.0


def start_walks(config: Config, cells: Cells, people: Population, network: WalkNetwork) -> Starts:
    """Say where the walks of each piece of a cell start.

    With ``cells.start = "people"`` at the home nearest to the middle of the piece's people (`people_middles`), of
    those on the side of rivers and the like on which most of them live; a piece without people starts at the cell's
    centre. With ``"centre"`` at the cell's centre (`centre_starts`).

    Parameters
    ----------
    config
        Its [cells] says where; its [population] names the raster, where people come from one.
    cells, people
        Pieces, and who lives in them.
    network
        Read with hard borders.
    """
    if config.cells.start == "centre":
        return start_near_centres(config, cells, people, network)
    heads = people.groups[ALL].to_numpy(np.float64)
    if config.population.source == "raster":  # how its people lie in a piece is read from its files anew
        found = _find_starts(config, cells, people, network)
    else:
        told = _told(config, cells, people, network)
        found = kept_arrays("starts", told, lambda: _find_starts(config, cells, people, network))
    start, behind, is_across = (found[name] for name in ("start", "behind", "is_across"))
    moved = np.flatnonzero(np.isfinite(start[:, 0]))
    return Starts(
        cells=with_starts(cells, moved, start[moved]),
        n_moved=int(is_across.sum()),
        people_moved=float(heads[is_across].sum()),
        people_across=float((behind * heads).sum()),
    )


def _told(config: Config, cells: Cells, people: Population, network: WalkNetwork) -> list[object]:
    """Give all that decides where walks start, but for what a raster says."""
    pieces, homes = cells.pieces, people.homes
    places: list[object] = []
    if homes is not None:
        places = [homes.lon, homes.lat, homes.people, homes.piece, homes.spread_m]
    return [
        network.content_digest(), config.network.max_access_m, config.population.source,
        shapely.to_wkb(pieces.geometry.to_numpy()), pieces["cell"].to_numpy(object), cells.resolution,
        cells.lon, cells.lat, cells.cell_of_piece, people.groups[ALL].to_numpy(np.float64), *places,
    ]  # fmt: skip


def _find_starts(config: Config, cells: Cells, people: Population, network: WalkNetwork) -> dict[str, npt.NDArray[Any]]:
    """Find where each piece's walk starts, the share of its people behind a border from there, and from the centre."""
    n, borders = len(cells.pieces), network.border_tree()
    homes = _homes(config, cells, people, network, borders)
    start, behind = _starts_at_homes(homes, n, network, borders, config.network.max_access_m)
    centre = np.column_stack([cells.lon[cells.cell_of_piece], cells.lat[cells.cell_of_piece]])
    is_across = np.zeros(n, dtype=np.bool_)
    if borders is not None:
        crosses = legs_cross(borders, centre[homes.piece], np.column_stack([homes.lon, homes.lat]))
        is_across = _share(homes, crosses, n) > 1 / 2
    return {"start": start, "behind": behind, "is_across": is_across}


def start_around(config: Config, around: BufferPeople | None, network: WalkNetwork) -> BufferPeople | None:
    """Let the walks of those beyond the border start as those within do."""
    if around is None or config.cells.start == "centre":
        return around
    start, _ = _starts_at_homes(
        around.homes, len(around.lon), network, network.border_tree(), config.network.max_access_m
    )
    start = np.where(np.isfinite(start), start, np.column_stack([around.lon, around.lat]))
    return replace(around, lon=start[:, 0].copy(), lat=start[:, 1].copy())


def start_warnings(starts: Starts) -> list[Said]:
    """Say how many walks start on the people's side of a border rather than at the cell's centre."""
    n, heads = starts.n_moved, starts.people_moved
    zh = f"{n} 个网格（{heads:,.0f} 人）的中心与居民隔着河流、铁路或快速路，步行改从居民一侧出发"
    en = (
        f"in {n} cells ({heads:,.0f} people) a river, railway or expressway lies between the centre and the people;"
        " their walk starts on the people's side"
    )
    return [Said(zh, en)] if n else []


def _homes(config: Config, cells: Cells, people: Population, network: WalkNetwork, borders: EdgeTree | None) -> Homes:
    """Give the places that people live at: those of the source, else the parts of pieces that they are spread over."""
    heads = people.groups[ALL].to_numpy(np.float64)
    lived_in = heads > 0
    if config.population.source in PLACES and people.homes is not None:
        return people.homes.of_pieces(lived_in)
    # A pixel, or what a unit has of a cell, may lie on both sides of a border: there it is looked at more finely.
    near = np.empty(0, np.int64) if borders is None else near_borders(cells, heads, network)
    is_near = np.zeros(len(heads), dtype=np.bool_)
    is_near[near] = True
    whole = lived_in & ~is_near
    homes = _middles_of_pieces(cells, np.flatnonzero(whole)) if people.homes is None else people.homes.of_pieces(whole)
    return homes.beside(homes_by_area(config, cells, near)) if len(near) else homes


def _middles_of_pieces(cells: Cells, piece: Int64) -> Homes:
    """Give one place in each piece: its cell's centre where the piece is whole, else its centroid or a place in it."""
    shapes = cells.pieces.geometry.to_numpy()[piece]
    middle = shapely.centroid(shapes)
    is_outside = ~shapely.contains(shapes, middle)
    middle[is_outside] = shapely.point_on_surface(shapes[is_outside])
    at = shapely.get_coordinates(middle)
    centre = np.column_stack([cells.lon, cells.lat])[cells.cell_of_piece[piece]]
    step = (at - centre) * np.column_stack([np.cos(np.radians(at[:, 1])), np.ones(len(at))])
    is_whole = _METRES * np.hypot(*step.T) < _SAME_M
    at[is_whole] = centre[is_whole]
    lon, lat = (np.ascontiguousarray(column) for column in at.T)
    return Homes(lon, lat, np.ones(len(piece)), piece, np.zeros(len(piece)))


def _starts_at_homes(
    homes: Homes, n: int, network: WalkNetwork, borders: EdgeTree | None, max_access_m: float
) -> tuple[Float64, Float64]:
    """Give where each piece's walk starts, (n, 2), NaN without homes, and the share of its people behind a border."""
    start, behind = on_their_side(homes, n, borders)
    has_start = np.flatnonzero(np.isfinite(start[:, 0]))
    if network.n_edges == 0 or not len(has_start):
        return start, behind
    # A home that no street is near to does not speak for a cell most of whose people have one.
    at = link(network, start[has_start, 0], start[has_start, 1], max_access_m=max_access_m)
    is_off = np.zeros(n, dtype=np.bool_)
    is_off[has_start[at.edge < 0]] = True
    if not is_off.any():
        return start, behind
    asked = homes.of_pieces(is_off)
    is_on = link(network, asked.lon, asked.lat, max_access_m=max_access_m).edge >= 0
    is_mostly_on = _share(asked, is_on, n) > 1 / 2
    kept = asked.take(np.flatnonzero(is_on & is_mostly_on[asked.piece]))
    found, share = on_their_side(kept, n, borders)
    is_found = np.isfinite(found[:, 0])
    start[is_found], behind[is_found] = found[is_found], share[is_found]
    return start, behind


def on_their_side(homes: Homes, n: int, borders: EdgeTree | None) -> tuple[Float64, Float64]:
    """Give the home nearest to the middle of each piece's people that sees most of them without a border between."""
    start = _at_nearest(homes, n, borders)
    share = np.zeros(n)
    if borders is None or not len(homes.lon):
        return start, share
    place = np.column_stack([homes.lon, homes.lat])
    behind = legs_cross(borders, start[homes.piece], place)
    share = _share(homes, behind, n)
    asked, tried = homes, share.copy()
    for _ in range(N_LOOKS):
        # The side with more people is looked at by itself, as if nobody lived on the other.
        is_kept = np.where(tried[asked.piece] > 1 / 2, behind, ~behind) & (tried[asked.piece] > 0)
        side = asked.take(np.flatnonzero(is_kept))
        if not len(side.lon):
            break
        found = _at_nearest(side, n, borders)
        asked = homes.of_pieces(np.isfinite(found[:, 0]))
        behind = legs_cross(borders, found[asked.piece], np.column_stack([asked.lon, asked.lat]))
        tried = _share(asked, behind, n)
        is_better = np.isfinite(found[:, 0]) & (tried <= share)
        start[is_better], share[is_better] = found[is_better], tried[is_better]
    return start, share


def _at_nearest(homes: Homes, n: int, borders: EdgeTree | None) -> Float64:
    middle = middles_of_people(homes, n)
    row = nearest_homes(homes, middle)
    has_home = np.flatnonzero(row >= 0)
    at = np.column_stack([homes.lon, homes.lat])[row[has_home]]
    place = places_at_homes(homes, row[has_home], middle[has_home])
    if borders is not None and homes.spread_m is not None:
        is_parted = legs_cross(borders, at, place)
        place[is_parted] = at[is_parted]
    start = np.full((n, 2), np.nan)
    start[has_home] = place.round(COORDINATE_DECIMALS)
    return start


def _share(homes: Homes, rows: Bool, n: int) -> Float64:
    """Give the share of each piece's people who live at the homes of ``rows``."""
    every = np.bincount(homes.piece, weights=homes.people, minlength=n)
    some = np.bincount(homes.piece[rows], weights=homes.people[rows], minlength=n)
    return np.divide(some, every, out=np.zeros(n), where=every > 0)
