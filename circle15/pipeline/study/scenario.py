"""A scenario's changes, made to a study's network and facilities as they are read."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.errors import InputError, NetworkError, Problem
from circle15.inputs.ground.cells import COORDINATE_DECIMALS
from circle15.inputs.tables.reading import read_table
from circle15.network.changes import JOIN_TOLERANCE_M, add_path, close_path
from circle15.network.streets.segments import haversine_m
from circle15.outputs.shown_changes import ShownChange, known
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from circle15.config.model import Config
    from circle15.config.planning import ChangeTable
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.layer_facilities import Services

WGS84 = "EPSG:4326"
FARTHEST_CORNER_M = 100_000.0
"""Apart that two neighbouring corners of a path may lie."""
_SHOWN = 5


def change_network(config: Config, network: WalkNetwork) -> tuple[WalkNetwork, tuple[Said, ...]]:
    """Add and close the scenario's paths, in their order.

    Returns
    -------
    tuple
        The network, and a warning for every end of a new path that joins no street.

    Raises
    ------
    InputError
        If a line cannot be read, a new path joins no street at either end, or no street lies along a closed one; all
        changes' problems at once.
    """
    problems: list[Problem] = []
    warnings: list[Said] = []
    for i, change in enumerate(config.changes, start=1):
        if change.kind not in {"add_path", "close_path"}:
            continue
        try:
            for line in _lines(config, change):
                network, told = _change_path(network, change, line, i)
                warnings += told
        except (InputError, NetworkError) as e:
            problems += [replace(p, file=p.file or str(config.path), key=p.key or f"change.{i}") for p in e.problems]
    InputError.gather(problems)
    return network, tuple(warnings)


def change_services(config: Config, services: Services, area: Any) -> Services:
    """Add and close the scenario's facilities and set capacities, in their order.

    Parameters
    ----------
    config
        The scenario.
    services
        The base's facilities within the study area.
    area
        The study area, degrees WGS-84.

    Raises
    ------
    InputError
        Naming every id that is not there or not unique, and every new facility outside the study area.
    """
    facilities, entrances = services.facilities, services.entrances
    counts = {layer: dict(count) for layer, count in services.counts.items()}
    changed: dict[int, ShownChange] = {}
    problems: list[Problem] = []
    for i, change in enumerate(config.changes, start=1):
        try:
            if change.kind == "add_facility":
                facilities, entrances = _added(config, change, facilities, entrances, area)
                changed[i] = _shown(change, facilities.iloc[-1])
                counts[str(change.layer)]["added"] = counts[str(change.layer)].get("added", 0) + 1
            elif change.kind in {"close_facility", "set_capacity"}:
                row = _row_of(change, facilities)
                layer, facility_id = str(facilities["layer"].iloc[row]), facilities["facility_id"].iloc[row]
                changed[i] = _shown(change, facilities.iloc[row])
                if change.kind == "close_facility":
                    facilities = facilities.drop(index=facilities.index[row]).reset_index(drop=True)
                    entrances = entrances[entrances["facility_id"] != facility_id].reset_index(drop=True)
                    counts[layer]["closed"] = counts[layer].get("closed", 0) + 1
                else:
                    capacity = facilities["capacity"].to_numpy(np.float64).copy()
                    capacity[row] = change.capacity
                    facilities = facilities.assign(capacity=capacity)
        except InputError as e:
            problems += [replace(p, file=p.file or str(config.path), key=p.key or f"change.{i}") for p in e.problems]
    InputError.gather(problems)
    return replace(services, facilities=facilities, entrances=entrances, counts=counts, changed=changed)


def shown_changes(config: Config, services: Services) -> tuple[ShownChange, ...]:
    """Give the scenario's changes in their order, as they are named and drawn."""
    found = []
    for i, change in enumerate(config.changes, start=1):
        if i in services.changed:
            found.append(services.changed[i])
        else:
            lines = tuple(tuple((float(x), float(y)) for x, y in line) for line in _lines(config, change))
            found.append(ShownChange(change.kind, change.name or "", lines=lines, cost=change.cost))
    return tuple(found)


def _shown(change: ChangeTable, facility: pd.Series[Any]) -> ShownChange:
    """Give a change of a facility, as it is (of a closed one: was)."""
    before = None if change.kind == "add_facility" else known(facility["capacity"])
    return ShownChange(
        kind=change.kind,
        name=str(facility["name"] or facility["facility_id"]),
        layer=str(facility["layer"]),
        lon=float(facility["lon"]),
        lat=float(facility["lat"]),
        capacity=change.capacity,
        capacity_before=before,
        cost=change.cost,
    )


def scenario_inputs(config: Config) -> dict[str, Path]:
    """Give the files that the scenario's lines stand in, as the config names them."""
    files = {c.line.partition("#")[0] for c in config.changes if isinstance(c.line, str)}
    return {name: config.resolve(name) for name in sorted(files)}


def _change_path(
    network: WalkNetwork, change: ChangeTable, line: npt.NDArray[np.float64], number: int
) -> tuple[WalkNetwork, list[Said]]:
    tolerance_m = change.tolerance_m or JOIN_TOLERANCE_M
    _refuse_far(line)
    if change.kind == "close_path":
        closed = close_path(network, line, tolerance_m=tolerance_m)
        if closed.n_edges == 0:
            message = Said(
                f"此线 {tolerance_m:g} 米内没有沿线道路，最近的相距 {closed.nearest_m:.1f} 米。请沿道路绘制，或写 "
                "tolerance_m",
                f"no street lies along this line within {tolerance_m:g} m; the nearest is {closed.nearest_m:.1f} m"
                " away. Draw it along the street, or set tolerance_m",
            )
            raise InputError(message)
        return closed.network, []
    added = add_path(network, line, tolerance_m=tolerance_m)
    missed = [e for e in added.ends if not e.is_joined]
    if len(missed) == len(added.ends):
        ends = [Said(f"{_END[e.end]}差 {e.miss_m:.1f} 米", f"its {e.end} by {e.miss_m:.1f} m") for e in missed]
        raise InputError(
            Said(
                "路径未接入道路：{gaps}（容差 {most:g} 米）。请移动路径，或写 tolerance_m",
                "the path joins no street: {gaps} (tolerance {most:g} m). Move it or set tolerance_m",
            ).format(gaps=Said("、", " and ").join(ends), most=tolerance_m)
        )
    name = change.name or str(number)
    told = []
    for e in missed:
        end = "起点" if e.end == "start" else "终点"
        zh = f"新增路径“{name}”的{end}距最近道路 {e.miss_m:.1f} 米，未接入（容差 {tolerance_m:g} 米）"
        en = f"the new path {name!r} misses the nearest street by {e.miss_m:.1f} m at its {e.end} and does not join it"
        told.append(Said(zh, f"{en} (tolerance {tolerance_m:g} m)"))
    return added.network, told


def _refuse_far(line: npt.NDArray[np.float64]) -> None:
    """Refuse a line that nobody walks: corners that are no places, or a journey apart."""
    lon, lat = line[:, 0], line[:, 1]
    is_place = bool((np.abs(lon) <= 180).all() and (np.abs(lat) <= 90).all())  # noqa: PLR2004 (the globe); NaN is none
    farthest_m = float(haversine_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).max(initial=0.0)) if is_place else np.inf
    if farthest_m <= FARTHEST_CORNER_M:
        return
    most = f"{FARTHEST_CORNER_M / 1000:g}"
    raise InputError(
        Said(
            f"此线相邻两点相距超过 {most} 公里，或坐标不在地球上，不是步行路径；请检查经纬度是否写反",
            f"two corners of this line are more than {most} km apart, or off the globe, which is no path to walk; see"
            " whether its coordinates are swapped",
        )
    )


def _lines(config: Config, change: ChangeTable) -> list[npt.NDArray[np.float64]]:
    """Give the change's lines, degrees WGS-84; a file's features each have one or more."""
    if not isinstance(change.line, str):
        return [np.asarray(change.line, dtype=np.float64)]
    file, mark, part = change.line.partition("#")
    path = config.resolve(file)
    table = read_table(path.with_name(f"{path.name}{mark}{part}"))
    if table.geometry is None:
        raise InputError(
            Problem(
                Said(
                    "没有线；请给含线的 .geojson、.gpkg 或 .shp",
                    "holds no lines; give a .geojson, .gpkg or .shp with them",
                ),
                file=str(path),
            )
        )
    if table.crs is None:
        raise InputError(
            Problem(
                Said("未注明坐标系；请带坐标系保存", "states no coordinate system; save it with one"),
                file=str(path),
            )
        )
    shapes = gpd.GeoSeries(table.geometry, crs=table.crs).to_crs(WGS84).to_numpy()
    parts = shapely.get_parts(shapes)
    lines = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    if not len(lines):
        raise InputError(Problem(Said("没有线", "holds no lines"), file=str(path)))
    return [shapely.get_coordinates(line) for line in lines]


def _added(
    config: Config, change: ChangeTable, facilities: gpd.GeoDataFrame, entrances: pd.DataFrame, area: Any
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    # The config has checked that these are given.
    lon, lat = (round(float(v), COORDINATE_DECIMALS) for v in (change.lon or 0.0, change.lat or 0.0))
    point = shapely.Point(lon, lat)
    if not area.intersects(point):
        raise InputError(
            Problem(
                Said("位于本区及缓冲区之外", "lies outside the district and its buffer"),
                value=f"{lon},{lat}",
            )
        )
    taken = set(facilities["facility_id"])
    if change.id is not None and change.id in taken:
        raise InputError(Problem(Said("此编号已属另一处设施", "this id is another facility's"), value=change.id))
    fresh = (f"{change.layer}-new-{n}" for n in range(1, len(taken) + 2))
    facility_id = change.id or next(name for name in fresh if name not in taken)
    row = {
        "facility_id": facility_id,
        "layer": change.layer,
        "name": change.name or facility_id,
        "lon": lon,
        "lat": lat,
        "capacity": np.nan if change.capacity is None else change.capacity,
        "source": f"{config.path.name}:change",
        "geometry": point,
    }
    blank = {c: "" if facilities[c].dtype == object else np.nan for c in facilities.columns if c not in row}
    new = gpd.GeoDataFrame([{**blank, **row}], geometry="geometry", crs=facilities.crs)[list(facilities.columns)]
    new = new.astype({c: t for c, t in facilities.dtypes.items() if c != "geometry"})
    door = pd.DataFrame([{"facility_id": facility_id, "layer": change.layer, "lon": lon, "lat": lat}])
    joined = pd.concat([facilities, new], ignore_index=True) if len(facilities) else new
    doors = pd.concat([entrances, door], ignore_index=True) if len(entrances) else door
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=WGS84), doors


_END = {"start": "起点", "end": "终点"}


def _row_of(change: ChangeTable, facilities: gpd.GeoDataFrame) -> int:
    ids = facilities["facility_id"].astype(str)
    same = ids == change.id
    if change.layer is not None:
        same &= facilities["layer"] == change.layer
    rows = np.flatnonzero(same.to_numpy())
    if len(rows) == 1:
        return int(rows[0])
    near = difflib.get_close_matches(str(change.id), ids.tolist(), n=_SHOWN)
    named = ", ".join(near)
    hint = (
        Said(f"相近的有 {named}", f"near it are {named}")
        if near
        else Said("编号见 facilities.csv", "the ids stand in facilities.csv")
    )
    where = Said(f"服务 {change.layer}", f"layer {change.layer}") if change.layer else Said("研究区", "the study area")
    message = Said("{where}中没有此编号的设施；{hint}", "no facility of {where} has this id; {hint}")
    raise InputError(Problem(message.format(where=where, hint=hint), value=change.id))
