"""The planned district and its units (streets, 街道), from OSM areas, files or a box."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.config.district import is_outline_file
from circle15.errors import InputError, Problem
from circle15.inputs.ground.communities import REST_SUFFIX, read_communities
from circle15.inputs.ground.ids import joined_by_id, unique_id
from circle15.inputs.ground.partition import SLIVER_M2, Partition, partition, without_cracks
from circle15.inputs.ground.polygons import Polygons, read_polygons
from circle15.inputs.osm.features import WGS84
from circle15.said import Said
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.config.model import Config
    from circle15.inputs.ground.outline_systems import OutlineSource
    from circle15.inputs.tables.import_report import Change


@dataclass(frozen=True, slots=True)
class District:
    """The planned area and its units, which fill it without overlaps."""

    id: str
    name: str
    geometry: Any  # Polygon or MultiPolygon, degrees WGS-84
    units: gpd.GeoDataFrame  # unit_id, unit_name, geometry (EPSG:4326); sorted by unit_id
    notes: tuple[Said, ...] = ()  # what was repaired, clipped, left out; in the config's language
    inputs: dict[str, Path] = field(default_factory=dict)  # files read, as the config names them
    changes: tuple[Change, ...] = ()  # lines of the import report
    n_outside: int = 0  # units of the source that have no ground in the district
    sliver_m2: float = 0.0  # narrow gaps between units that went to their neighbours
    communities: gpd.GeoDataFrame | None = None  # the second level, as `communities.Communities` has it
    outlines: tuple[OutlineSource, ...] = ()  # as they were read, whole: for measuring the systems that they are in


def read_district(config: Config, osm_path: str | Path) -> District:
    """Read the district, the units and the communities that a config names.

    Parameters
    ----------
    config
        Its [district] table says where boundary and units come from.
    osm_path
        OSM file that ``osm:`` selections mean.

    Raises
    ------
    InputError
        If nothing matches, or a file cannot be used; the message says what would be right.
    """
    table = config.district
    shared: dict[str, Any] = {"osm_path": Path(osm_path), "resolve": config.resolve, "names_in": table.lang}
    boundary = read_polygons(table.boundary, key="district.boundary", crs=table.boundary_crs, **shared)
    geometry, crack_m2 = _one_boundary(boundary, table.boundary)
    filled = _crack_notes(len(boundary.frame), crack_m2)
    boundary = replace(boundary, notes=(*boundary.notes, *filled))
    if table.units is None:
        units = _frame([table.id], [table.name], [geometry])
        alone = District(
            table.id, table.name, geometry, units, boundary.notes, boundary.inputs, outlines=boundary.sources
        )
        return _with_communities(alone, config, Path(osm_path))
    found = read_polygons(
        table.units,
        key="district.units",
        id_field=table.unit_id_field,
        name_field=table.unit_name_field,
        crs=table.units_crs,
        **shared,
    )
    return _with_communities(_with_units(boundary, geometry, found, config), config, Path(osm_path))


def _with_communities(district: District, config: Config, osm_path: Path) -> District:
    if config.district.communities is None:
        return district
    found = read_communities(config, district.units, osm_path)
    return replace(
        district,
        communities=found.frame,
        notes=(*district.notes, *found.notes),
        changes=(*district.changes, *found.changes),
        inputs={**district.inputs, **found.inputs},
        outlines=(*district.outlines, *found.outlines),
    )


def buffer_area(geometry: Any, buffer_m: float) -> Any:
    """Widen a geometry by ``buffer_m`` metres, nowhere less.

    A degree of longitude is taken at the latitude where it is shortest, so that farther from the pole the area is a
    little larger than asked for.
    """
    if buffer_m == 0:
        return geometry
    per_degree = EARTH_RADIUS_M * math.pi / 180
    _, south, _, north = geometry.bounds
    lat = min(max(abs(south), abs(north)) + buffer_m / per_degree, 89.0)
    scale = np.array([per_degree * math.cos(math.radians(lat)), per_degree])
    metric = shapely.transform(geometry, lambda xy: xy * scale)
    return shapely.transform(shapely.buffer(metric, buffer_m), lambda xy: xy / scale)


def _crack_notes(n: int, crack_m2: float) -> list[Said]:
    if crack_m2 < 1:
        return []
    return [
        Said(
            f"研究范围由 {n} 个面合并而成，面与面之间的细缝共 {crack_m2:,.0f} 平方米，已补入范围",
            f"the boundary is put together from {n} outlines; narrow gaps between them, {crack_m2:,.0f} m2 in all, "
            "are filled",
        )
    ]


def _one_boundary(boundary: Polygons, text: str) -> tuple[Any, float]:
    """Give the one area that a boundary's outlines make, and the square metres of cracks between them."""
    frame = boundary.frame
    if text.startswith("osm:") and len(frame) > 1:
        found = ", ".join(f"{n} ({k})" for n, k in zip(frame["name"], frame["key"], strict=True))
        message = Said(
            f"符合的有 {len(frame)} 个区域：{found}；请再加条件使其唯一，如 name=…",
            f"matches {len(frame)} areas: {found}; add a condition that only one of them meets, such as name=...",
        )
        raise InputError(Problem(message, key="district.boundary", value=text))
    geometry, crack_m2 = without_cracks(frame.geometry.to_numpy()) if len(frame) else (shapely.Polygon(), 0.0)
    if geometry.is_empty:
        raise InputError(Problem(Said("边界没有面积", "the boundary has no area"), key="district.boundary", value=text))
    return geometry, crack_m2


def _with_units(boundary: Polygons, district: Any, found: Polygons, config: Config) -> District:
    table = config.district
    frame = found.frame[shapely.intersects(found.frame.geometry.to_numpy(), district)]
    frame = frame.sort_values(["local_name", "key"], kind="stable").reset_index(drop=True)
    taken = {table.id}  # the whole district has a row beside its units
    ids, names, geometry, changes = joined_by_id(
        frame, file=str(table.units), id_field=table.unit_id_field, taken=taken
    )
    order = np.argsort(np.array(ids, dtype=object), kind="stable")
    ids, names, geometry = [ids[i] for i in order], [names[i] for i in order], geometry[order]
    cut = partition(district, geometry)
    kept = np.flatnonzero(shapely.area(cut.geometry) > 0)
    if len(kept) == 0:
        message = Said(
            "区内没有街道；请检查两者是否同一地方、同一坐标系",
            "no unit lies in the district; check that both come from the same place and coordinate system",
        )
        raise InputError(Problem(message, key="district.units", value=table.units))
    notes = _partition_notes(cut, names)
    ids, names = [ids[i] for i in kept], [names[i] for i in kept]
    polygons = list(cut.geometry[kept])
    if not cut.rest.is_empty:
        ids.append(unique_id(f"{table.id}{REST_SUFFIX}", {*ids}))
        names.append(Said("其余", "rest").in_(table.lang))
        polygons.append(cut.rest)
    n_outside = len(found.frame) - len(frame) + len(geometry) - len(kept)
    n_elsewhere = len(found.frame) - len(frame)  # those that touch are named by themselves
    if n_elsewhere and is_outline_file(str(table.units)):
        notes.append(
            Said(
                f"{table.units}：{len(found.frame)} 个街道中有 {n_elsewhere} 个不在区内，未采用",
                f"{table.units}: {n_elsewhere} of {len(found.frame)} units have no ground in the district, left out",
            )
        )
    return District(
        table.id,
        table.name,
        district,
        _frame(ids, names, polygons),
        notes=(*boundary.notes, *found.notes, *notes),
        inputs={**boundary.inputs, **found.inputs},
        changes=tuple(changes),
        n_outside=n_outside,
        sliver_m2=cut.sliver_m2,
        outlines=(*boundary.sources, *found.sources),
    )


def _partition_notes(cut: Partition, names: Sequence[str]) -> list[Said]:
    notes = []
    if cut.touching:
        listed = ", ".join(names[i] for i in cut.touching)
        notes.append(
            Said(f"仅与区界相邻、未纳入的街道：{listed}", f"units that merely touch the district, left out: {listed}")
        )
    if cut.swallowed:
        listed = ", ".join(names[i] for i in cut.swallowed)
        notes.append(
            Said(
                f"全部范围已归其他街道、未单列的街道：{listed}",
                f"units whose whole ground lies in others, left out: {listed}",
            )
        )
    for keeper, loser, area in cut.overlaps:
        notes.append(
            Said(
                f"{names[keeper]} 与 {names[loser]} 重叠 {area:,.0f} 平方米，归 {names[keeper]}",
                f"{names[keeper]} and {names[loser]} overlap by {area:,.0f} m2, counted to {names[keeper]}",
            )
        )
    if cut.sliver_m2 >= SLIVER_M2:
        notes.append(
            Said(
                f"街道之间及沿区界的细小缝隙共 {cut.sliver_m2:,.0f} 平方米，已归相邻街道",
                f"narrow gaps between units and along the border, {cut.sliver_m2:,.0f} m2 in all, went to neighbours",
            )
        )
    if not cut.rest.is_empty:
        notes.append(
            Said(
                f"区内 {cut.rest_m2:,.0f} 平方米不属任何街道，列为“其余”",
                f"{cut.rest_m2:,.0f} m2 of the district lie in no unit and are shown as 'rest'",
            )
        )
    return notes


def _frame(ids: Sequence[str], names: Sequence[str], geometry: Sequence[Any]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"unit_id": list(ids), "unit_name": list(names)}, dtype=object)
    units = gpd.GeoDataFrame(frame, geometry=np.array([*geometry, None], dtype=object)[:-1], crs=WGS84)
    return units.sort_values("unit_id", kind="stable").reset_index(drop=True)
