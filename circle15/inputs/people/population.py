"""Where people live: buildings, points, rasters or totals of units, as a config names them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.config.district import FROM_CLASSES, FROM_TOTALS
from circle15.errors import ConfigError, InputError, Problem, first_problems
from circle15.inputs.ground.cells import piece_of_points
from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.inputs.ground.names import UnitNames
from circle15.inputs.osm.features import read_buildings
from circle15.inputs.people.absurd_rows import MOST_OF_A_STREET, absurd_points, absurd_units
from circle15.inputs.people.census_rows import district_names, of_larger_table, sort_rows
from circle15.inputs.people.official_totals import rake_to_totals
from circle15.inputs.people.people_tables import ALL, read_people_of_units, read_people_points
from circle15.inputs.people.rows_left_out import rows_left_out
from circle15.inputs.people.spread import Population, spread_over_buildings, spread_points, spread_units
from circle15.said import SEMICOLON, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from circle15.config.model import Config
    from circle15.inputs.ground.cells import Cells
    from circle15.inputs.ground.districts import District
    from circle15.inputs.people.people_tables import PeopleTable


def read_population(config: Config, district: District, cells: Cells) -> Population:
    """Read the config's [population] and spread it over the cells.

    Raises
    ------
    ConfigError
        If a key that the source needs is missing.
    InputError
        If the file cannot be used, or nobody lives in the district, or nobody of a group.
    """
    table = config.population
    if table.source == "buildings":
        found = _from_buildings(config, district, cells)
    else:
        found = _from_file(config, Path(config.resolve(str(table.path))), district, cells)
        if not found.groups[ALL].sum() > 0:
            raise InputError(
                Problem(
                    Said("按此文件，区内无人居住", "nobody lives in the district by this file"),
                    file=table.path,
                    key="population",
                )
            )
        sums = {str(group): float(heads.sum()) for group, heads in found.groups.items()}
        found = replace(found, source_sums=sums)
        found = found.scaled(table.total) if table.total is not None else found
    raked = _raked(found, config, district, cells) if table.totals is not None else found
    InputError.gather(
        Problem(
            Said(
                f"人群 {group} 在区内无人；请改正其列，或删去该人群",
                f"the group {group} has nobody in the district; correct its column, or leave the group out",
            ),
            file=table.path if table.groups[str(group)] not in {FROM_CLASSES, FROM_TOTALS} else None,
            key=f"population.groups.{group}",
            value=table.groups[str(group)],
        )
        for group, heads in raked.groups.items()
        if group != ALL and not heads.sum() > 0
    )
    return raked


def _from_file(config: Config, path: Path, district: District, cells: Cells) -> Population:
    if config.population.source == "raster":
        return _from_raster(config, cells)
    found = {"points": _from_points, "units": _from_units}[config.population.source](config, path, district, cells)
    return replace(found, inputs={str(config.population.path).partition("#")[0]: Path(str(path).partition("#")[0])})


def _from_raster(config: Config, cells: Cells) -> Population:
    from circle15.inputs.people.raster_people import read_raster_people  # noqa: PLC0415 (GDAL's raster side; others need none)

    found = read_raster_people(config, cells.pieces)
    name, split = Path(str(config.population.path)).name, Said("", "")
    if found.splits:
        split = Said("；年龄段按岁均分（{splits}）", "; age classes split evenly by year ({splits})")
        split = split.format(splits=SEMICOLON.join(found.splits))
    return Population(
        groups=found.groups,
        label=Said(f"人口栅格 {name}，按面积分摊", f"population raster {name}, shared by area") + split,
        counts=found.counts,
        inputs=found.inputs,
        notes=found.notes,
        homes=found.homes,
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
        called=district_names(config),
        headings=config.headings,
    )
    InputError.gather(
        Problem(
            Said(f"没有人群 {group} 的总数", f"has no total of the group {group}"),
            file=path.name,
            key=f"population.groups.{group}",
        )
        for group in table.groups
        if group not in raked.groups
    )
    return replace(
        found,
        groups=raked.groups[[ALL, *table.groups]],
        label=found.label
        + Said(f"，按官方人口控制数（{path.name}）校准", f", raked to the official totals of {path.name}"),
        inputs={**found.inputs, str(table.totals): path},
        raking=raked.table,
        changes=(*found.changes, *raked.changes),
    )


def _from_buildings(config: Config, district: District, cells: Cells) -> Population:
    source = config.streets_file
    buildings = read_buildings(source, district.geometry)
    total = config.population.total
    if total is None:
        message = Said(
            "按建筑分摊须写 population.total，即待分摊的总人数",
            "buildings need population.total, the number of people to spread",
        )
        raise ConfigError(Problem(message, file=str(config.path), key="population"))
    return spread_over_buildings(buildings, cells, total=total, default_levels=config.population.default_levels)


def _from_points(config: Config, path: Path, _district: District, cells: Cells) -> Population:
    table = read_people_points(config, path)
    found = spread_points(table.lon, table.lat, table.values, cells, file=str(path))
    inside = np.zeros(len(table.row), dtype=np.bool_)
    crowded = np.flatnonzero(table.people_of(ALL) >= MOST_OF_A_STREET)
    inside[crowded] = piece_of_points(cells.pieces, table.lon[crowded], table.lat[crowded]) >= 0
    return replace(
        found,
        notes=absurd_points(table, inside, path.name),
        label=Said(f"人口点数据（{path.name}）", f"population points of {path.name}"),
        counts={**table.counts, **found.counts},
        changes=table.changes,
    )


def _from_units(config: Config, path: Path, district: District, cells: Cells) -> Population:
    table = read_people_of_units(config, path)
    sorted_rows = sort_rows(
        table.unit,
        meaning=_units_of(district).find_ids,
        district=district_names(config),
        labels=table.label,
        counties=table.county,
        is_one_unit=list(district.units["unit_id"]) == [district.id],
    )
    if not list(_without_row(list(sorted_rows.ids), district, path.name)):
        sorted_rows = of_larger_table(sorted_rows)
    ours = sorted_rows.rows("unit", "unknown")
    own, rows = table.take(ours), [sorted_rows.ids[i] for i in ours]
    unmatched = list(_unmatched(own, rows, district, path.name, config.district.units or config.district.boundary))
    # A row whose name is mistyped explains the unit without one.
    lacking = [] if unmatched else list(_without_row(rows, district, path.name))
    InputError.gather((*first_problems(own.problems, path.name), *unmatched, *lacking))
    ids = np.array([row[0] if row else district.id for row in rows], dtype=object)
    levels = ("unit_id",) if district.communities is None else ("unit_id", "community_id")
    found = spread_units(ids, own.values, cells, levels)
    left_out = rows_left_out(table, sorted_rows, path.name)
    return replace(
        found,
        label=Said(
            f"街道人口 {path.name} 按面积均摊", f"people of each unit by {path.name}, spread evenly over its area"
        ),
        counts={**table.counts, **left_out.counts, **found.counts},
        changes=(*table.changes, *left_out.changes),
        notes=(*left_out.notes, *absurd_units(own, _area_m2(cells, levels, ids), path.name)),
    )


def _area_m2(cells: Cells, levels: tuple[str, ...], ids: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Give the ground of the unit or community that each row names."""
    area: dict[str, float] = {}
    for level in levels:
        area.update(cells.pieces.groupby(level)["area_m2"].sum().to_dict())
    return np.array([area.get(i, 0.0) for i in ids])


def _units_of(district: District) -> UnitNames:
    """Give the units that a row may name, and their communities."""
    levels = [district.units.assign(parent_id="")]
    if district.communities is not None:
        levels.append(district.communities)
    every = pd.concat([pd.DataFrame(level[["unit_id", "unit_name", "parent_id"]]) for level in levels])
    return UnitNames(every["unit_id"], every["unit_name"], every["parent_id"])


def _unmatched(
    table: PeopleTable, rows: list[tuple[str, ...]], district: District, file: str, outlines: str
) -> Iterator[Problem]:
    """Give a problem for each row that names no unit, several, one that has a row already, or a community of such."""
    shown = ", ".join(district.units["unit_name"])
    parents = _parents(district)
    named = {row[0] for row in rows if len(row) == 1}
    first: dict[str, int] = {}
    for name, number, row in zip(table.unit, table.row.tolist(), rows, strict=True):
        if not row:
            message = Said(
                f"不是本区的街道；现有：{shown}（有边界的，来自 {outlines}）",
                f"is no unit of the district; there are: {shown} (those with an outline in {outlines})",
            )
        elif len(row) > 1:
            what = Said("村社", "communities") if row[0] in parents else Said("街道", "units")
            ids = ", ".join(sorted(row))
            message = Said(
                f"指多个{what.zh}；请写其中一个编号 {ids}", f"names several {what.en}; give one of the ids {ids}"
            )
        elif parents.get(row[0]) in named:
            message = Said(
                f"其所属街道 {parents[row[0]]} 另有一行，人口会重复计算；请只留一种",
                f"its unit {parents[row[0]]} has a row of its own, so people would count twice; keep one of them",
            )
        elif first.setdefault(row[0], number) != number:
            why, other = table.why_repeated or Said("请只留一行", "keep one of them"), first[row[0]]
            message = Said(
                f"第 {other} 行也有，人口会重复计算；{why.zh}",
                f"stands in row {other} too, so people would count twice; {why.en}",
            )
        else:
            continue
        yield Problem(message, file=file, row=number, value=name)


def _without_row(rows: list[tuple[str, ...]], district: District, file: str) -> Iterator[Problem]:
    """Give a problem for each unit that no row tells of, nor rows of its communities, which then must be all there."""
    named = {row[0] for row in rows if row}
    parents = _parents(district)
    by_communities = {parents[name] for name in named if name in parents}
    names = dict(zip(district.units["unit_id"], district.units["unit_name"], strict=True))
    lacking = {i: name for i, name in names.items() if i not in named | by_communities | {district.id + REST_SUFFIX}}
    if district.communities is not None:
        own = district.communities[~district.communities["is_rest"].to_numpy(np.bool_)]
        told = own[own["parent_id"].isin(by_communities) & ~own["unit_id"].isin(named)]
        lacking |= dict(zip(told["unit_id"], told["unit_name"], strict=True))
    for unit_id, name in lacking.items():
        yield Problem(
            Said(
                f"没有 {name}（{unit_id}）的行；请补上，无人居住的写 0",
                f"no row tells of {name} ({unit_id}); add one, with 0 where nobody lives",
            ),
            file=file,
        )


def _parents(district: District) -> dict[str, str]:
    communities = district.communities
    return {} if communities is None else dict(zip(communities["unit_id"], communities["parent_id"], strict=True))
