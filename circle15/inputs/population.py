"""Where people live: buildings, points, rasters or unit totals, spread over the pieces of cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.errors import ConfigError, InputError, Problem
from circle15.inputs.cells import EQUAL_AREA_CRS, piece_of_points, sum_by_piece
from circle15.inputs.official_totals import rake_to_totals
from circle15.inputs.osm import read_buildings
from circle15.inputs.people_tables import ALL, read_people_of_units, read_people_points

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.config import Config
    from circle15.inputs.cells import Cells
    from circle15.inputs.districts import District
    from circle15.inputs.import_report import Change

NOT_HOMES = frozenset({
    "barn", "bridge", "bunker", "carport", "cathedral", "chapel", "church", "civic", "commercial", "construction",
    "fire_station", "garage", "garages", "government", "grandstand", "greenhouse", "hangar", "hospital", "hotel",
    "industrial", "kindergarten", "kiosk", "library", "mosque", "office", "parking", "pavilion", "public", "railway",
    "retail", "roof", "ruins", "school", "service", "shed", "shrine", "sports_hall", "stable", "stadium", "station",
    "storage_tank", "supermarket", "synagogue", "temple", "toilets", "train_station", "transportation", "university",
    "warehouse",
})  # fmt: skip
"""Values of the `building` tag that nobody lives in; every other value, `yes` included, may hold homes."""


@dataclass(frozen=True, slots=True)
class Population:
    """People of each piece of a cell."""

    groups: pd.DataFrame  # (n_pieces, n_groups) persons; first column "all"
    label_zh: str  # printed on every map and table
    label_en: str
    counts: dict[str, float]  # what was read and what was left out
    changes: tuple[Change, ...] = ()  # lines of the import report
    inputs: dict[str, Path] = field(default_factory=dict)
    raking: pd.DataFrame | None = None  # unit_id, group, total, before, after, where cells were raked to totals

    def label(self, lang: str) -> str:
        """Give the source's label in ``lang``."""
        return self.label_zh if lang == "zh" else self.label_en

    def scaled(self, total: float) -> Population:
        """Give the same shares with ``total`` persons in all; groups keep their shares of the whole."""
        now = float(self.groups[ALL].sum())
        return replace(
            self,
            groups=self.groups * (total / now),
            label_zh=f"{self.label_zh}，按总数 {total:,.0f} 人缩放",
            label_en=f"{self.label_en}, scaled to {total:,.0f} people",
            counts={**self.counts, "people_before_scaling": now},
        )


def spread_over_buildings(
    buildings: gpd.GeoDataFrame, cells: Cells, *, total: float, default_levels: float
) -> Population:
    """Spread a known total over residential buildings by footprint times levels.

    A building's people stand at a point inside it, so that each building counts in one piece. Buildings whose tag says
    that nobody lives there (`NOT_HOMES`) get nobody.

    Parameters
    ----------
    buildings
        Footprints, EPSG:4326, with ``building`` and ``levels`` (float, NaN where unknown).
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
        message = 'no residential building in the district; give population.source = "points", "units" or "raster"'
        raise InputError(Problem(message, key="population.source", value="buildings"))
    levels = homes["levels"].to_numpy(np.float64)
    floor_m2 = homes.geometry.to_crs(EQUAL_AREA_CRS).area.to_numpy() * np.where(levels > 0, levels, default_levels)
    weight = np.bincount(piece[inside], weights=floor_m2[inside], minlength=len(cells.pieces))
    unknown = float((~(levels[inside] > 0)).mean())
    return Population(
        groups=pd.DataFrame({ALL: total * (weight / weight.sum())}),
        label_zh=(
            f"总数 {total:,.0f} 人按住宅建筑占地面积×层数分摊"
            f"（{unknown:.0%} 的建筑层数未知，按 {default_levels:g} 层计）"
        ),
        label_en=(
            f"{total:,.0f} people spread over residential buildings by footprint x levels"
            f" (levels unknown for {unknown:.0%}, taken as {default_levels:g})"
        ),
        counts={
            "buildings_in_district": int(inside.sum()),
            "buildings_not_homes": int((~is_home).sum()),
            "share_levels_unknown": unknown,
        },
    )


def spread_points(
    lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], values: pd.DataFrame, cells: Cells
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
                f"no population point lies in the district (points span {where}); check path and crs", key="population"
            )
        )
    outside = piece < 0
    return Population(
        groups=pd.DataFrame(sum_by_piece(values, piece, len(cells.pieces))),
        label_zh="人口点数据",
        label_en="population points",
        counts={
            "points_in_district": int((~outside).sum()),
            "points_outside": int(outside.sum()),
            "people_outside": float(values[ALL].to_numpy(np.float64)[outside].sum()),
        },
    )


def spread_units(
    unit_of_row: npt.NDArray[np.int64], values: pd.DataFrame, district: District, cells: Cells
) -> Population:
    """Spread each unit's people evenly over its area.

    Parameters
    ----------
    unit_of_row
        (n_rows,) row of ``district.units`` that each row of ``values`` tells of.
    values
        (n_rows, n_groups) persons; the first column is "all".
    district, cells
        Units, and their pieces.
    """
    per_unit = values.groupby(unit_of_row).sum().reindex(range(len(district.units)), fill_value=0.0)
    unit_of_piece = pd.Index(district.units["unit_id"]).get_indexer(cells.pieces["unit_id"])
    area = cells.pieces["area_m2"].to_numpy(np.float64)
    share = area / np.bincount(unit_of_piece, weights=area)[unit_of_piece]
    return Population(
        groups=pd.DataFrame({n: c.to_numpy(np.float64)[unit_of_piece] * share for n, c in per_unit.items()}),
        label_zh="街道人口按面积均摊",
        label_en="people of each unit, spread evenly over its area",
        counts={"units_with_people": int((per_unit[ALL] > 0).sum())},
    )


def read_population(config: Config, district: District, cells: Cells) -> Population:
    """Read the config's [population] and spread it over the cells.

    Raises
    ------
    ConfigError
        If a key that the source needs is missing.
    InputError
        If the file cannot be used, or nobody lives in the district.
    """
    table = config.population
    if table.source == "buildings":
        found = _from_buildings(config, district, cells)
    else:
        found = _from_file(config, Path(config.resolve(str(table.path))), district, cells)
        if not found.groups[ALL].sum() > 0:
            raise InputError(Problem("nobody lives in the district by this file", file=table.path, key="population"))
        found = found.scaled(table.total) if table.total is not None else found
    return _raked(found, config, district, cells) if table.totals is not None else found


def _from_file(config: Config, path: Path, district: District, cells: Cells) -> Population:
    if config.population.source == "raster":
        return _from_raster(config, cells)
    found = {"points": _from_points, "units": _from_units}[config.population.source](config, path, district, cells)
    return replace(found, inputs={str(config.population.path).partition("#")[0]: Path(str(path).partition("#")[0])})


def _from_raster(config: Config, cells: Cells) -> Population:
    from circle15.inputs.raster_people import read_raster_people  # noqa: PLC0415 (GDAL's raster side; others need none)

    found = read_raster_people(config, cells.pieces)
    split_zh = f"；年龄段按岁均分（{'；'.join(found.splits)}）" if found.splits else ""
    split_en = f"; age classes split evenly by year ({'; '.join(found.splits)})" if found.splits else ""
    return Population(
        groups=found.groups,
        label_zh=f"人口栅格 {Path(str(config.population.path)).name}，按面积分摊{split_zh}",
        label_en=f"population raster {Path(str(config.population.path)).name}, shared by area{split_en}",
        counts=found.counts,
        inputs=found.inputs,
    )


def _raked(found: Population, config: Config, district: District, cells: Cells) -> Population:
    """Make the cells agree with the config's official totals."""
    table = config.population
    path = config.resolve(str(table.totals))
    units = district.units
    raked = rake_to_totals(
        found.groups,
        pd.Index(units["unit_id"]).get_indexer(cells.pieces["unit_id"]).astype(np.int64),
        units["unit_id"].tolist(),
        units["unit_name"].tolist(),
        path,
        district_id=config.district.id,
        known_groups=tuple(table.groups),
    )
    InputError.gather(
        Problem(f"has no total of the group {group}", file=path.name, key=f"population.groups.{group}")
        for group in table.groups
        if group not in raked.groups
    )
    return replace(
        found,
        groups=raked.groups[[ALL, *table.groups]],
        label_zh=f"{found.label_zh}，按官方人数 {path.name} 调整（迭代比例拟合）",
        label_en=f"{found.label_en}, raked to the official totals of {path.name}",
        inputs={**found.inputs, str(table.totals): path},
        raking=raked.table,
    )


def _from_buildings(config: Config, district: District, cells: Cells) -> Population:
    source = config.resolve(config.network.source)
    buildings = read_buildings(source, district.geometry)
    total = config.population.total
    if total is None:
        message = "buildings need population.total, the number of people to spread"
        raise ConfigError(Problem(message, file=str(config.path), key="population"))
    return spread_over_buildings(buildings, cells, total=total, default_levels=config.population.default_levels)


def _from_points(config: Config, path: Path, _district: District, cells: Cells) -> Population:
    table = read_people_points(config, path)
    found = spread_points(table.lon, table.lat, table.values, cells)
    return replace(
        found,
        label_zh=f"人口点数据 {path.name}",
        label_en=f"population points of {path.name}",
        counts={**table.counts, **found.counts},
        changes=table.changes,
    )


def _from_units(config: Config, path: Path, district: District, cells: Cells) -> Population:
    table = read_people_of_units(config, path)
    rows, unknown = _match_units(table.unit, district)
    InputError.gather(
        Problem(
            f"is no unit of the district; there are: {', '.join(district.units['unit_name'])}",
            file=path.name,
            value=name,
        )
        for name in unknown
    )
    found = spread_units(rows, table.values, district, cells)
    return replace(
        found,
        label_zh=f"街道人口 {path.name} 按面积均摊",
        label_en=f"people of each unit by {path.name}, spread evenly over its area",
        counts={**table.counts, **found.counts},
        changes=table.changes,
    )


def _match_units(names: tuple[str, ...], district: District) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Find the unit that each code or name means; 某某街道办事处, 某某街道 and 某某 are one."""
    known: dict[str, int] = {}
    for row, (unit_id, unit_name) in enumerate(
        zip(district.units["unit_id"], district.units["unit_name"], strict=True)
    ):
        for key in (unit_id, unit_name, _plain_name(unit_name)):
            known.setdefault(key, row)
    rows = [known.get(n, known.get(_plain_name(n), -1)) for n in names]
    return np.array(rows, dtype=np.int64), [n for n, r in zip(names, rows, strict=True) if r < 0]


def _plain_name(name: str) -> str:
    return re.sub(r"(街道办事处|街道办|街道|人民政府)$", "", name.strip())
