"""Communities (村社), the second level: each inside one unit, without overlaps; what is in none is told by its area."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from circle15.config.district import is_outline_file
from circle15.errors import InputError, Problem
from circle15.inputs.ground.ids import joined_by_id, unique_id
from circle15.inputs.ground.partition import SLIVER_M2, Partition, is_sliver, metric_scale, partition
from circle15.inputs.ground.polygons import COMMUNITY_NAME_FIELDS, read_polygons
from circle15.inputs.osm.features import WGS84
from circle15.inputs.osm.shapes import areal
from circle15.said import COMMA, SEMICOLON, Said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.inputs.ground.outline_systems import OutlineSource
    from circle15.inputs.tables.import_report import Change

REST_SUFFIX = "-rest"
_SHOWN = 8

Geometries = npt.NDArray[np.object_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Communities:
    """Communities and, where a unit has ground in none, one remainder per unit; together they fill the units."""

    frame: gpd.GeoDataFrame  # unit_id, unit_name, parent_id, is_rest, geometry (EPSG:4326); sorted by parent and id
    notes: tuple[Said, ...]  # what was cut, clipped, left out; in the config's language
    inputs: dict[str, Path]  # files read, as the config names them
    changes: tuple[Change, ...] = ()  # lines of the import report
    outlines: tuple[OutlineSource, ...] = ()  # as they were read


@dataclass(frozen=True, slots=True)
class _Crossings:
    """What communities and units share."""

    of_community: IntArray  # (n_pairs,)
    of_unit: IntArray  # (n_pairs,)
    shared: Geometries  # (n_pairs,)


@dataclass(frozen=True, slots=True)
class _Unit:
    row: int
    name: str
    scale: tuple[float, float]  # metres per degree


@dataclass(slots=True)
class _Found:
    """What is told of the borders, gathered over the units."""

    across: list[tuple[str, str, float]] = field(default_factory=list)  # community, its unit, m2 cut off
    touching: list[str] = field(default_factory=list)
    swallowed: list[str] = field(default_factory=list)
    overlaps: list[tuple[str, str, float]] = field(default_factory=list)  # keeper, loser, m2
    rests: list[tuple[str, float]] = field(default_factory=list)  # unit, m2 in no community
    sliver_m2: float = 0.0  # smaller differences between the two levels' borders


def read_communities(config: Config, units: gpd.GeoDataFrame, osm_path: Path) -> Communities:
    """Read the communities that a config names and fit each into one unit.

    A community that lies across units belongs to the unit that holds most of its area and is cut at that unit's
    border, so that every unit is the sum of its communities and its remainder. The part cut off is in no community of
    the other unit, unless a neighbour there takes it as a sliver of borders drawn twice.

    Parameters
    ----------
    config
        Its [district] table says where the communities come from.
    units
        unit_id, unit_name and polygons, EPSG:4326, not overlapping.
    osm_path
        OSM file that ``osm:`` selections mean.

    Raises
    ------
    InputError
        If no community lies in the units, or the file cannot be used.
    """
    table = config.district
    text = str(table.communities)
    read = read_polygons(
        text,
        key="district.communities",
        osm_path=osm_path,
        resolve=config.resolve,
        names_in=table.lang,
        id_field=table.community_id_field,
        name_field=table.community_name_field,
        known_names=COMMUNITY_NAME_FIELDS,
        crs=table.communities_crs,
    )
    outlines = units.geometry.to_numpy()
    near = read.frame[shapely.intersects(read.frame.geometry.to_numpy(), shapely.union_all(outlines))]
    near = near.sort_values(["local_name", "key"], kind="stable").reset_index(drop=True)
    taken = {table.id, *units["unit_id"]}
    ids, names, geometry, changes = joined_by_id(
        near, file=text, id_field=table.community_id_field, taken=taken, fallback="community"
    )
    order = np.argsort(np.array(ids, dtype=object), kind="stable")
    ids, names, geometry = [ids[i] for i in order], [names[i] for i in order], geometry[order]
    crossings = _crossings(geometry, outlines)
    parent = _unit_with_most_area(crossings, len(geometry), len(outlines))
    if not (parent >= 0).any():
        message = Said(
            "区内没有村社；请检查两者是否同一地方、同一坐标系",
            "no community lies in the district; check that both come from the same place and coordinate system",
        )
        raise InputError(Problem(message, key="district.communities", value=text))
    told = _Found()
    rows: list[tuple[str, str, str, bool, Any]] = []
    used = {*taken, *ids}
    for row, (unit_id, unit_name, outline) in enumerate(
        zip(units["unit_id"], units["unit_name"], outlines, strict=True)
    ):
        own = np.flatnonzero(parent == row)
        cut = partition(outline, geometry[own]) if len(own) else _all_rest(outline)
        _tell(told, cut, [names[i] for i in own], unit_name)
        _tell_cut_off(told, crossings, own, _Unit(row, unit_name, metric_scale(outline)), names)
        kept = [(i, shape) for i, shape in zip(own, cut.geometry, strict=True) if shape.area > 0]
        rows.extend((ids[i], names[i], unit_id, False, shape) for i, shape in kept)
        if not cut.rest.is_empty:
            name = Said(f"{unit_name}（不属村社）", f"{unit_name} (in no community)").in_(table.lang)
            rows.append((unique_id(f"{unit_id}{REST_SUFFIX}", used), name, unit_id, True, cut.rest))
    n_outside = len(read.frame) - len(near)
    notes = [*read.notes, *_notes(told)]
    if n_outside and is_outline_file(text):
        notes.append(
            Said(
                f"{text}：{len(read.frame)} 个村社中有 {n_outside} 个不在区内，未采用",
                f"{text}: {n_outside} of {len(read.frame)} communities have no ground in the district, left out",
            )
        )
    return Communities(_frame(rows), tuple(notes), read.inputs, tuple(changes), read.sources)


def _crossings(communities: Geometries, units: Geometries) -> _Crossings:
    of_community, of_unit = shapely.STRtree(units).query(communities, predicate="intersects")
    return _Crossings(of_community, of_unit, shapely.intersection(communities[of_community], units[of_unit]))


def _unit_with_most_area(crossings: _Crossings, n_communities: int, n_units: int) -> npt.NDArray[np.int64]:
    """Give the row of the unit that holds most of each community, the first among equals; -1 where none holds any."""
    area = np.zeros((n_communities, n_units))
    area[crossings.of_community, crossings.of_unit] = shapely.area(crossings.shared)
    return np.where(area.max(axis=1) > 0, area.argmax(axis=1), -1)


def _all_rest(outline: Any) -> Partition:
    x, y = metric_scale(outline)
    return Partition(np.empty(0, dtype=object), outline, float(outline.area * x * y), (), (), (), 0.0)


def _tell(told: _Found, cut: Partition, names: list[str], unit_name: str) -> None:
    told.touching += [names[i] for i in cut.touching]
    told.swallowed += [names[i] for i in cut.swallowed]
    for keeper, loser, area in cut.overlaps:
        if area >= SLIVER_M2:
            told.overlaps.append((names[keeper], names[loser], area))
        else:
            told.sliver_m2 += area
    told.sliver_m2 += cut.sliver_m2
    if not cut.rest.is_empty:
        told.rests.append((unit_name, cut.rest_m2))


def _tell_cut_off(told: _Found, crossings: _Crossings, own: IntArray, unit: _Unit, names: list[str]) -> None:
    """Note the parts of a unit's communities that lie in other units."""
    for i in own:
        elsewhere = (crossings.of_community == i) & (crossings.of_unit != unit.row)
        parts = [part for shape in crossings.shared[elsewhere] for part in shapely.get_parts(areal(shape))]
        x, y = unit.scale
        whole = float(sum(part.area for part in parts) * x * y)
        if all(is_sliver(part, unit.scale) for part in parts):
            told.sliver_m2 += whole
        else:
            told.across.append((names[i], unit.name, whole))


def _notes(told: _Found) -> list[Said]:
    """Say each kind of thing in one line, however many communities it befell."""
    notes = []
    if told.across:
        items = [
            Said(f"{name} 归 {unit}，界外 {area:,.0f} 平方米不计入", f"{name} to {unit}, {area:,.0f} m2 cut off")
            for name, unit, area in told.across
        ]
        notes.append(
            Said(
                "跨街道的村社归面积最大的街道：",
                "communities across units belong to the unit with most of their area: ",
            )
            + _listed(items, SEMICOLON)
        )
    if told.overlaps:
        items = [
            Said(f"{keeper} 与 {loser} {area:,.0f} 平方米", f"{keeper} and {loser} by {area:,.0f} m2")
            for keeper, loser, area in told.overlaps
        ]
        notes.append(
            Said("村社边界重叠，归前者：", "communities overlap and the first keeps the ground: ")
            + _listed(items, SEMICOLON)
        )
    if told.touching:
        notes.append(
            Said("仅与区界相邻、未纳入的村社：", "communities that merely touch the district, left out: ")
            + _listed(told.touching, COMMA)
        )
    if told.swallowed:
        notes.append(
            Said("全部范围已归其他村社、未单列的村社：", "communities whose whole ground lies in others, left out: ")
            + _listed(told.swallowed, COMMA)
        )
    if told.rests:
        items = [Said(f"{unit} {area:,.0f} 平方米", f"{unit} {area:,.0f} m2") for unit, area in told.rests]
        notes.append(
            Said("不属任何村社、单列的面积：", "in no community and shown apart: ") + _listed(items, SEMICOLON)
        )
    if told.sliver_m2 >= 1:
        notes.append(
            Said(
                f"村社与街道边界的细小出入共 {told.sliver_m2:,.0f} 平方米，归相邻村社",
                f"small differences between the borders of communities and units, {told.sliver_m2:,.0f} m2 in all,"
                " went to their neighbours",
            )
        )
    return notes


def _listed(items: Sequence[Said | str], between: Said) -> Said:
    more = len(items) - _SHOWN
    return between.join(items[:_SHOWN]) + (f" …（+{more}）" if more > 0 else "")


def _frame(rows: list[tuple[str, str, str, bool, Any]]) -> gpd.GeoDataFrame:
    ids, names, parents, is_rest, shapes = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame(
        {
            "unit_id": np.array(ids, dtype=object),
            "unit_name": np.array(names, dtype=object),
            "parent_id": np.array(parents, dtype=object),
            "is_rest": np.array(is_rest, dtype=np.bool_),
        },
        geometry=list(shapes),
        crs=WGS84,
    )
    return frame.sort_values(["parent_id", "is_rest", "unit_id"], kind="stable").reset_index(drop=True)
