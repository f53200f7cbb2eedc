"""People spread over the pieces of cells: over buildings, from points, from totals of units or communities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.ground.cells import EQUAL_AREA_CRS, piece_of_points, sum_by_piece
from circle15.inputs.people.people_tables import ALL
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd

    from circle15.inputs.ground.cells import Cells
    from circle15.inputs.tables.import_report import Change

NOT_HOMES = frozenset({
    "barn", "bridge", "bunker", "carport", "cathedral", "chapel", "church", "civic", "commercial", "construction",
    "fire_station", "garage", "garages", "government", "grandstand", "greenhouse", "hangar", "hospital", "hotel",
    "industrial", "kindergarten", "kiosk", "library", "mosque", "office", "parking", "pavilion", "public", "railway",
    "retail", "roof", "ruins", "school", "service", "shed", "shrine", "sports_hall", "stable", "stadium", "station",
    "storage_tank", "supermarket", "synagogue", "temple", "toilets", "train_station", "transportation", "university",
    "warehouse",
})  # fmt: skip
"""Values of the `building` tag that nobody lives in; every other value, `yes` included, may hold homes."""


MOST_LEVELS = 163
"""Storeys of the tallest building on earth, the Burj Khalifa (CTBUH); more are a slip of the pen."""
_TOLD_BUILDINGS = 3


@dataclass(frozen=True, slots=True)
class PeopleBeyond:
    """People of a source of points who are in no piece of the district."""

    lon: npt.NDArray[np.float64]  # (n_points,) degrees WGS-84
    lat: npt.NDArray[np.float64]
    values: pd.DataFrame  # (n_points, n_groups) persons


@dataclass(frozen=True, slots=True)
class Homes:
    """Places that people live at, where a source tells of places inside a piece."""

    lon: npt.NDArray[np.float64]  # (n_homes,) degrees WGS-84
    lat: npt.NDArray[np.float64]
    people: npt.NDArray[np.float64]  # persons, or any measure in proportion to them
    piece: npt.NDArray[np.int64]  # row of the pieces
    spread_m: npt.NDArray[np.float64] | None = None  # metres around each place that its people are spread over; None: 0

    def of_pieces(self, is_asked: npt.NDArray[np.bool_]) -> Homes:
        """Give the homes with people in the pieces where ``is_asked`` (n_pieces,)."""
        return self.take(np.flatnonzero(is_asked[self.piece] & (self.people > 0)))

    def take(self, rows: npt.NDArray[np.integer]) -> Homes:
        """Give some of the homes."""
        spread = None if self.spread_m is None else self.spread_m[rows]
        return Homes(self.lon[rows], self.lat[rows], self.people[rows], self.piece[rows], spread)

    def beside(self, other: Homes) -> Homes:
        """Give both, this one's first."""
        spread = [np.zeros(len(h.lon)) if h.spread_m is None else h.spread_m for h in (self, other)]
        return Homes(
            lon=np.concatenate([self.lon, other.lon]),
            lat=np.concatenate([self.lat, other.lat]),
            people=np.concatenate([self.people, other.people]),
            piece=np.concatenate([self.piece, other.piece]),
            spread_m=np.concatenate(spread),
        )


@dataclass(frozen=True, slots=True)
class Population:
    """People of each piece of a cell."""

    groups: pd.DataFrame  # (n_pieces, n_groups) persons; first column "all"
    label: Said  # printed on every map and table
    counts: dict[str, float]  # what was read and what was left out
    changes: tuple[Change, ...] = ()  # lines of the import report
    inputs: dict[str, Path] = field(default_factory=dict)
    raking: pd.DataFrame | None = None  # unit_id, group, total, before, after, where cells were raked to totals
    source_sums: dict[str, float] = field(default_factory=dict)  # persons by group before scaling and raking
    beyond: PeopleBeyond | None = None  # of a source of points
    homes: Homes | None = None  # of every source but totals of units
    notes: tuple[Said, ...] = ()  # what a planner must know of the source
    footprints: npt.NDArray[np.object_] | None = None  # (n_homes,) polygons of buildings that people were spread over

    def scaled(self, total: float) -> Population:
        """Give the same shares with ``total`` persons in all; groups keep their shares of the whole."""
        now = float(self.groups[ALL].sum())
        return replace(
            self,
            groups=self.groups * (total / now),
            label=self.label + Said(f"，按总数 {total:,.0f} 人缩放", f", scaled to {total:,.0f} people"),
            counts={**self.counts, "people_before_scaling": now},
        )


def homes_of(buildings: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Give the footprints of the buildings that may hold homes."""
    return np.asarray(buildings.geometry[~buildings["building"].isin(NOT_HOMES)], dtype=object)


def spread_over_buildings(
    buildings: gpd.GeoDataFrame, cells: Cells, *, total: float, default_levels: float
) -> Population:
    """Spread a known total over residential buildings by footprint times levels.

    A building's people stand at a point inside it, so that each building counts in one piece. Buildings whose tag says
    that nobody lives there (`NOT_HOMES`) get nobody. More storeys than any building has (`MOST_LEVELS`) count as
    unknown and are named.

    Parameters
    ----------
    buildings
        Footprints, EPSG:4326, with ``osm_id``, ``building`` and ``levels`` (float, NaN where unknown).
    cells
        Pieces to spread over.
    total
        Persons in all, met exactly.
    default_levels
        Levels of a building that states none.

    Raises
    ------
    InputError
        If no residential building stands in the district.
    """
    is_home = ~buildings["building"].isin(NOT_HOMES).to_numpy()
    homes = buildings.loc[is_home]
    spots = shapely.point_on_surface(homes.geometry.to_numpy())
    piece = piece_of_points(cells.pieces, shapely.get_x(spots), shapely.get_y(spots))
    inside = piece >= 0
    if not inside.any():
        message = Said(
            '区内没有住宅建筑；请写 population.source = "points"、"units" 或 "raster"',
            'no residential building in the district; give population.source = "points", "units" or "raster"',
        )
        raise InputError(Problem(message, key="population.source", value="buildings"))
    stated = homes["levels"].to_numpy(np.float64)
    is_absurd = stated > MOST_LEVELS
    levels = np.where(is_absurd, np.nan, stated)
    floor_m2 = homes.geometry.to_crs(EQUAL_AREA_CRS).area.to_numpy() * np.where(levels > 0, levels, default_levels)
    weight = np.bincount(piece[inside], weights=floor_m2[inside], minlength=len(cells.pieces))
    unknown = float((~(levels[inside] > 0)).mean())
    return Population(
        groups=pd.DataFrame({ALL: total * (weight / weight.sum())}),
        label=Said(
            f"总数 {total:,.0f} 人按住宅建筑占地面积×层数分摊"
            f"（{unknown:.0%} 的建筑层数未知，按 {default_levels:g} 层计）",
            f"{total:,.0f} people spread over residential buildings by footprint x levels"
            f" (levels unknown for {unknown:.0%}, taken as {default_levels:g})",
        ),
        counts={
            "buildings_in_district": int(inside.sum()),
            "buildings_not_homes": int((~is_home).sum()),
            "share_levels_unknown": unknown,
        },
        notes=_absurd_levels(homes, inside & is_absurd, default_levels),
        footprints=homes.geometry.to_numpy()[inside],
        homes=Homes(shapely.get_x(spots)[inside], shapely.get_y(spots)[inside], floor_m2[inside], piece[inside]),
    )


def _absurd_levels(
    homes: gpd.GeoDataFrame, is_absurd: npt.NDArray[np.bool_], default_levels: float
) -> tuple[Said, ...]:
    """Name the buildings whose storeys no building has."""
    found = homes.loc[is_absurd]
    if found.empty:
        return ()
    shown = found.iloc[:_TOLD_BUILDINGS]
    listed = ", ".join(f"{i} = {v:g}" for i, v in zip(shown["osm_id"], shown["levels"], strict=True))
    more = " ..." if len(found) > len(shown) else ""
    note = Said(
        f"{len(found)} 栋建筑的层数不可能（building:levels：{listed}{more}；世界最高建筑 {MOST_LEVELS} 层），"
        f"按层数未知计（{default_levels:g} 层）",
        f"{len(found)} building{'s state' if len(found) > 1 else ' states'} more storeys than any has"
        f" (building:levels: {listed}{more}; the tallest has {MOST_LEVELS}); taken as unknown ({default_levels:g})",
    )
    return (note,)


def spread_points(
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    values: pd.DataFrame,
    cells: Cells,
    *,
    file: str | None = None,
) -> Population:
    """Sum people at points into the pieces that the points lie in; points outside the district are counted.

    Parameters
    ----------
    lon, lat
        (n_points,) degrees WGS-84.
    values
        (n_points, n_groups) persons; the first column is "all".
    cells
        Pieces to sum into.
    file
        Where the points stand, for the error.

    Raises
    ------
    InputError
        If no point lies in the district.
    """
    piece = piece_of_points(cells.pieces, lon, lat)
    if not (piece >= 0).any():
        where = f"{np.min(lon):.4f},{np.min(lat):.4f} to {np.max(lon):.4f},{np.max(lat):.4f}" if len(lon) else "no rows"
        raise InputError(
            Problem(
                Said(
                    f"区内没有人口点（各点范围 {where}）；请检查 path 和 crs",
                    f"no population point lies in the district (points span {where}); check path and crs",
                ),
                file=file,
                key="population",
            )
        )
    outside = piece < 0
    return Population(
        groups=pd.DataFrame(sum_by_piece(values, piece, len(cells.pieces))),
        label=Said("人口点数据", "population points"),
        counts={
            "points_in_district": int((~outside).sum()),
            "points_outside": int(outside.sum()),
            "people_outside": float(values[ALL].to_numpy(np.float64)[outside].sum()),
        },
        homes=Homes(lon[~outside], lat[~outside], values[ALL].to_numpy(np.float64)[~outside], piece[~outside]),
        beyond=PeopleBeyond(lon[outside], lat[outside], values.loc[outside].reset_index(drop=True)),
    )


def spread_units(
    unit_of_row: npt.NDArray[np.object_], values: pd.DataFrame, cells: Cells, levels: Sequence[str] = ("unit_id",)
) -> Population:
    """Spread the people of each unit, or of each community, evenly over its area.

    Parameters
    ----------
    unit_of_row
        (n_rows,) id of the unit or community that each row of ``values`` tells of.
    values
        (n_rows, n_groups) persons; the first column is "all".
    cells
        Pieces to spread over, with a column of ids for each of ``levels``.
    levels
        "unit_id", and "community_id" where rows may name communities.
    """
    per_unit = values.groupby(unit_of_row).sum()
    area = cells.pieces["area_m2"]
    people = pd.DataFrame(0.0, index=range(len(area)), columns=values.columns)
    for level in levels:
        ids = cells.pieces[level]
        share = (area / area.groupby(ids).transform("sum")).to_numpy(np.float64)
        people += per_unit.reindex(ids, fill_value=0.0).to_numpy(np.float64) * share[:, None]
    return Population(
        groups=people,
        label=Said("街道人口按面积均摊", "people of each unit, spread evenly over its area"),
        counts={"units_with_people": int((per_unit[ALL] > 0).sum())},
    )
