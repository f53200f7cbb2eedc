"""In which coordinate system the outlines of a file are: what its key, its own metadata and its shape say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from circle15.errors import InputError, Problem
from circle15.inputs.coordinates.systems import (
    NAMED_SYSTEMS,
    is_projected,
    parse_crs,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from circle15.inputs.osm.features import WGS84
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHIFTED = ("gcj02", "bd09")
_LARGEST_DEGREES = 400.0
_SAME_DATUM = re.compile(
    r"WGS[ _]?(19)?84|CGCS[ _]?2000|China[ _]Geodetic[ _]Coordinate[ _]System[ _]2000", re.IGNORECASE
)
_DATAV_ALONE = {"acroutes", "childrenNum", "subFeatureIndex"}
_AMAP_BESIDE = {"polyline", "level", "center"}
_NAMED_IN_FILE = (
    (r"gcj[-_ ]?02|amap|gaode|datav|高德|腾讯|tencent|火星", "gcj02"),
    (r"bd[-_ ]?09|baidu|百度", "bd09"),
)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a file's shape says of its coordinates: who makes such files, and the system that they are then in."""

    maker: str  # "DataV", "高德 Amap", or the words of the file's name
    system: str  # "gcj02" or "bd09"


@dataclass(frozen=True, slots=True)
class OutlineSource:
    """Outlines as they were read, for measuring which system they are really in."""

    key: str  # "boundary", "units" or "communities"
    text: str  # as the config names them
    system: str  # by which they were made WGS-84
    stated: str | None  # the config's key
    is_shiftable: bool  # from a file in degrees, so that another of wgs84, gcj02, bd09 is thinkable
    geometry: Any  # (n,) polygons, degrees WGS-84 if `system` is right
    signature: Signature | None = None
    names: tuple[str, ...] = ()  # (n,)
    keys: tuple[str, ...] = ()  # (n,) their codes; empty where only names are known


def signature_of(columns: Sequence[str], path: Path) -> Signature | None:
    """Tell files of DataV and Amap by their columns, others by what their name says; None where nothing speaks.

    Both publish in GCJ-02 and write no system, so that every program takes them as WGS-84.
    """
    have = set(columns)
    if "adcode" in have and have & _DATAV_ALONE:
        return Signature("DataV", "gcj02")
    if {"citycode", "adcode"} <= have and have & _AMAP_BESIDE:
        return Signature("高德 Amap", "gcj02")
    for pattern, system in _NAMED_IN_FILE:
        found = re.search(pattern, path.name, re.IGNORECASE)
        if found is not None:
            return Signature(found[0], system)
    return None


def settle_system(own: str | None, stated: str | None, geometry: Any, *, file: str, key: str) -> str:
    """Give the system of a file's coordinates: the stated one where the file does not contradict it, else its own.

    That a file says EPSG:4326 or 4490 contradicts neither gcj02 nor bd09: the programs that write them have no other
    word for degrees. A projected system, or another datum, does.

    Parameters
    ----------
    own
        What the file says: "EPSG:n" or well-known text, None where it says nothing.
    stated
        What the config says.
    geometry
        (n,) shapes as found, for how large their numbers are.
    file, key
        For errors; the stated system stands in ``{key}_crs``.

    Raises
    ------
    InputError
        If neither says anything, or they contradict each other, or the numbers contradict the system.
    """
    finite = geometry[~(shapely.is_missing(geometry) | shapely.is_empty(geometry))]
    bounds = shapely.total_bounds(finite)
    are_degrees = bool(np.all(np.abs(bounds) <= _LARGEST_DEGREES))
    name = None if stated is None else parse_crs(stated, file=file, key=f"{key}_crs")
    if name is None:
        if own is None:
            message = Said(
                f'未注明坐标系；请写 {key.partition(".")[2]}_crs = "…"（wgs84、gcj02、bd09、cgcs2000、EPSG:n），'
                "或补上 .prj 文件，或带坐标系另存为 GeoPackage",
                f'states no coordinate reference system; say {key.partition(".")[2]}_crs = "..." (wgs84, gcj02, bd09,'
                " cgcs2000, EPSG:n), add the .prj file, or save it as GeoPackage with its CRS",
            )
            raise InputError(Problem(message, file=file, key=key))
        system = own
    elif own is None or (_says_degrees(own) and not are_degrees):
        system = name  # GeoJSON has no word for metres: what it seems to say is GDAL's default
    elif name == "cgcs2000" and "2000" in _datum_name(own):
        system = own  # in metres of its zone, too
    else:
        if not _agree(own, name):
            said = own if own.startswith("EPSG:") else CRS.from_user_input(own).name
            message = Said(
                f"文件自述为 {said}，与之矛盾；请写实际的坐标系，或删去此键",
                f"the file itself says {said}, which contradicts it; say what it is, or leave the key out",
            )
            raise InputError(Problem(message, file=file, key=f"{key}_crs", value=stated))
        system = name if name in SHIFTED else own
    if _says_degrees(system) and not are_degrees:
        message = Said(
            f"其坐标（{bounds[0]:.0f}, {bounds[1]:.0f} …）不是经纬度；请用 {key}_crs 写明坐标系",
            f"its coordinates ({bounds[0]:.0f}, {bounds[1]:.0f} ...) are no degrees; say their system as {key}_crs",
        )
        raise InputError(Problem(message, file=file, key=key, value=stated))
    if not _says_degrees(system) and are_degrees and system != "cgcs2000":
        message = Said(
            f"其坐标（{bounds[0]:.5f}, {bounds[1]:.5f} …）是经纬度，而 {system} 以米计",
            f"its coordinates ({bounds[0]:.5f}, {bounds[1]:.5f} ...) are degrees, but {system} counts in metres",
        )
        raise InputError(Problem(message, file=file, key=f"{key}_crs" if stated else key, value=stated))
    return system


def outlines_to_wgs84(geometry: Any, system: str, *, file: str, key: str) -> Any:
    """Convert shapes to degrees WGS-84; ``system`` is as `settle_system` gives it.

    Raises
    ------
    InputError
        If coordinates lie outside what the system can hold.
    """
    if system in NAMED_SYSTEMS:
        moved = shapely.transform(geometry, lambda p: np.column_stack(to_wgs84(p[:, 0], p[:, 1], system)))
    else:
        moved = gpd.GeoSeries(geometry, crs=system).to_crs(WGS84).to_numpy()
    points = shapely.get_coordinates(moved)
    wrong = ~np.isfinite(points).all(axis=1)
    if wrong.any():
        at = shapely.get_coordinates(geometry)[wrong][0]
        message = Said(
            f"有 {int(wrong.sum())} 个顶点超出 {system} 的范围，如 {at[0]:g}, {at[1]:g}",
            f"{int(wrong.sum())} corners lie outside what {system} can hold, such as {at[0]:g}, {at[1]:g}",
        )
        raise InputError(Problem(message, file=file, key=key))
    return moved


def under_system(source: OutlineSource, system: str) -> Any:
    """Give the outlines as they lie if their file is in ``system`` ("wgs84", "gcj02" or "bd09"), degrees WGS-84."""
    was = named_system(source.system)
    if was == system:
        return source.geometry
    forth = {"wgs84": lambda x, y: (x, y), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}[was]
    return shapely.transform(source.geometry, lambda p: np.column_stack(to_wgs84(*forth(p[:, 0], p[:, 1]), system)))


def named_system(system: str) -> str:
    """Give "gcj02", "bd09", or "wgs84" for all that are it to a decimetre."""
    return system if system in SHIFTED else "wgs84"


def _says_degrees(system: str) -> bool:
    if system in NAMED_SYSTEMS:
        return system != "cgcs2000"
    return not is_projected(system)


def _datum_name(system: str) -> str:
    datum = CRS.from_user_input(system).geodetic_crs
    return "" if datum is None else f"{datum.name} {datum.datum.name if datum.datum else ''}"


def _agree(own: str, stated: str) -> bool:
    """Tell whether a file's own system and the stated one can both be right."""
    own_degrees = not is_projected(own)
    if stated in {"wgs84", "cgcs2000", *SHIFTED}:
        return own_degrees and _SAME_DATUM.search(_datum_name(own)) is not None
    one, other = CRS.from_user_input(own), CRS.from_user_input(stated)
    if own_degrees and other.is_geographic:
        return bool(_SAME_DATUM.search(_datum_name(own))) == bool(_SAME_DATUM.search(_datum_name(stated)))
    return bool(one.equals(other, ignore_axis_order=True)) or one.to_epsg(min_confidence=60) == other.to_epsg()
