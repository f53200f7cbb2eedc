"""Where the features of a geographic file are: geometries of any system to flat, valid ones in WGS-84."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from circle15.errors import InputError, Problem
from circle15.inputs.coordinates.checks import inside_area
from circle15.inputs.coordinates.systems import NAMED_SYSTEMS, crs_caveat, parse_crs, to_wgs84
from circle15.inputs.facilities.places import Places, coordinate_columns, places_from_columns
from circle15.inputs.ground.partition import metric_scale
from circle15.inputs.osm.shapes import ALMOST_NOTHING
from circle15.inputs.tables.import_report import Change
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.config.district import PopulationTable
    from circle15.config.layer import LayerTable
    from circle15.config.planning import PlanningTable
    from circle15.inputs.tables.reading import Table
    from circle15.inputs.tables.values import ValueReader

Floats = npt.NDArray[np.float64]


def read_places(reader: ValueReader, settings: LayerTable | PopulationTable | PlanningTable, *, key: str) -> Places:
    """Read where a table's rows are: the file's own geometry unless the config names columns, else its coordinates.

    ``key`` is the table of the config that states columns and system, for messages.

    Raises
    ------
    InputError
        As `places_from_geometry` and `places.places_from_columns`.
    """
    table, crs = reader.table, settings.crs
    if table.geometry is None or settings.lon_field is not None:
        named = {"lon_field": settings.lon_field, "lat_field": settings.lat_field}
        return places_from_columns(reader, crs=crs, crs_key=f"{key}.crs", **named)
    places = places_from_geometry(table, crs=crs, crs_key=f"{key}.crs")
    columns = coordinate_columns(reader.found)
    if not columns:
        return places
    line = Change(table.path.name, "geometry_chosen", table.sheet, detail=", ".join(columns))
    return replace(places, changes=(*places.changes, line))


def places_from_geometry(table: Table, *, crs: str | None, crs_key: str = "crs") -> Places:
    """Read the geometries of a geographic file, flat, valid and in WGS-84.

    The point of a polygon or line is one that lies on it. A `crs` in the config can say that a file in degrees is
    really in GCJ-02 or BD-09, which no file can say of itself; it cannot contradict a file otherwise. `crs_key` is the
    config's key that says it, for messages.

    Raises
    ------
    InputError
        If neither file nor config states the system, they contradict each other, or no feature has a usable geometry.
    """
    if table.geometry is None:
        raise InputError(Problem(Said("没有几何", "has no geometry"), file=table.file))
    system, changes = _system_of_file(table, crs, crs_key)
    shapes = np.asarray(table.geometry.to_numpy(), dtype=object)
    empty = np.array([g is None or g.is_empty for g in shapes])
    with_z = shapely.has_z(shapes)
    if with_z.any():
        changes.append(
            Change(file=table.path.name, sheet=table.sheet, reason="z_dropped", original=f"{int(with_z.sum())} Z")
        )
    caveat = crs_caveat(system) if system in NAMED_SYSTEMS or system.startswith("EPSG:") else None
    if caveat is not None:
        changes.append(Change(file=table.path.name, sheet=table.sheet, reason="inexact_datum", detail=caveat))
    flat = shapely.force_2d(shapes)
    lying = np.full(len(flat), None, dtype=object)
    for i in np.flatnonzero(~empty):
        lying[i] = _to_wgs84(flat[i], system)
    unfit = np.array([g is None for g in lying]) & ~empty
    repaired = lying.copy()
    for i in np.flatnonzero(~empty & ~unfit):
        if not shapely.is_valid(lying[i]):
            repaired[i], change = _repair(lying[i], table, int(table.row[i]))
            changes.append(change)
    lon, lat = np.full(len(flat), np.nan), np.full(len(flat), np.nan)
    for i in np.flatnonzero(~empty & ~unfit):
        point = point_on(repaired[i])
        lon[i], lat[i] = point.x, point.y
    reason: list[str | None] = [
        "no_geometry" if e else "outside_system" if u else None for e, u in zip(empty, unfit, strict=True)
    ]
    if not np.isfinite(lon).any():
        message = (
            Said("没有一个要素的几何能落在其坐标系内", "no feature has a geometry that its coordinate system can hold")
            if unfit.any()
            else Said("要素均没有几何", "no feature has a geometry")
        )
        raise InputError(Problem(message, file=table.file, value=None if not unfit.any() else system))
    found = shapely.point_on_surface(flat)
    return Places(lon, lat, repaired, reason, system, tuple(changes), shapely.get_x(found), shapely.get_y(found))


def _system_of_file(table: Table, crs: str | None, key: str) -> tuple[str, list[Change]]:
    """Reconcile the system of the file with the one that the config states."""
    own = table.crs
    if crs is None:
        if own is None:
            message = Said(
                '未注明坐标系（缺 .prj？）；请写 crs = "wgs84"、"gcj02"、"bd09"、"cgcs2000" 或 "EPSG:n"',
                'states no coordinate system (no .prj?); say crs = "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n"',
            )
            raise InputError(Problem(message, file=table.file, key=key))
        return (parse_crs(own) if own.startswith("EPSG:") else own), []
    said = parse_crs(crs, file=table.file, key=key)
    if own is None or (own.startswith("EPSG:") and parse_crs(own) == said):
        return said, []
    own_is_degrees = CRS.from_user_input(own).is_geographic
    if said in NAMED_SYSTEMS and own_is_degrees:
        return said, [
            Change(
                file=table.path.name,
                sheet=table.sheet,
                original=own[:80],
                taken=said,
                reason="system_stated",
                detail=said,
            )
        ]
    raise InputError(
        Problem(
            Said(
                f"文件自述为 {own[:80]}；请删去 crs，或改正文件自身的坐标系",
                f"the file itself says {own[:80]}; remove crs, or set the file's own system right",
            ),
            file=table.file,
            key=key,
            value=crs,
        )
    )


def _to_wgs84(shape: shapely.Geometry, system: str) -> shapely.Geometry | None:
    """Move a geometry to WGS-84, None where its system cannot hold it."""

    def move(points: Floats) -> Floats:
        if system in NAMED_SYSTEMS or system.startswith("EPSG:"):
            lon, lat = to_wgs84(points[:, 0], points[:, 1], system)
        else:
            lon, lat = _by_text(points, system)
        lon, lat = inside_area(np.atleast_1d(lon), np.atleast_1d(lat), system)
        return np.column_stack([lon, lat])

    moved = shapely.transform(shape, move)
    return moved if np.isfinite(shapely.get_coordinates(moved)).all() else None


def _by_text(points: Floats, system: str) -> tuple[Floats, Floats]:
    lon, lat = Transformer.from_crs(system, "EPSG:4326", always_xy=True).transform(points[:, 0], points[:, 1])
    return np.asarray(lon), np.asarray(lat)


def _repair(shape: shapely.Geometry, table: Table, row: int) -> tuple[shapely.Geometry, Change]:
    """Make a self-crossing polygon valid."""
    valid = shapely.make_valid(shape)
    before, after = shapely.area(shape), shapely.area(valid)
    # The two lobes of a figure of eight count against each other, so there may be no area to compare with.
    share = f"{100 * (after - before) / before:+.1f} %, " if before > ALMOST_NOTHING * after else ""
    east_m, north_m = metric_scale(valid)
    share += f"{(after - before) * east_m * north_m:+,.0f} m²"
    why = shapely.is_valid_reason(shape)
    return valid, Change(table.path.name, "geometry_repaired", table.sheet, row, original=why, detail=share)


def point_on(shape: shapely.Geometry) -> shapely.Point:
    """Give a point that lies on ``shape``: itself, a line's middle, a place inside a polygon."""
    if shape.geom_type == "Point":
        return shape
    if shape.geom_type == "LineString":
        return shapely.line_interpolate_point(shape, 0.5, normalized=True)
    return shapely.point_on_surface(shape)
