"""What system coordinates look like by their size, and what is wrong where they cannot be of the stated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from circle15.inputs.coordinates.china_shift import CHINA_EAST, CHINA_NORTH, CHINA_SOUTH, CHINA_WEST
from circle15.inputs.coordinates.systems import NAMED_SYSTEMS, is_projected, zone_epsg
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = npt.NDArray[np.float64]

_HALF_CIRCLE, _QUARTER_CIRCLE = 180.0, 90.0
_AREA_MARGIN_DEG = 3.0  # a survey system is used some way beyond its official area
_EASTINGS, _NORTHINGS = (100_000.0, 900_000.0), (1_500_000.0, 6_300_000.0)  # metres, Gauss-Krueger or UTM in China
_ZONED = (13_000_000.0, 46_000_000.0)  # eastings that begin with their zone
_MERCATOR_X = (8_000_000.0, 15_100_000.0)


def inside_area(lon: Floats, lat: Floats, system: str) -> tuple[Floats, Floats]:
    """Blank what an EPSG system says of places far from the area that it was made for."""
    if system in NAMED_SYSTEMS:
        return lon, lat
    area = CRS.from_user_input(system).area_of_use
    if area is None or area.west > area.east:
        return lon, lat
    inside = (lon >= area.west - _AREA_MARGIN_DEG) & (lon <= area.east + _AREA_MARGIN_DEG)
    inside &= (lat >= area.south - _AREA_MARGIN_DEG) & (lat <= area.north + _AREA_MARGIN_DEG)
    return np.where(inside, lon, np.nan), np.where(inside, lat, np.nan)


def explain_misfit(x: Floats, y: Floats, system: str) -> Said:
    """Say what coordinates look like that the stated system cannot hold, and what would be right.

    Parameters
    ----------
    x, y
        (n,) finite numbers, in the order in which they were taken as easting or longitude and northing or latitude.
    system
        As `coordinates.parse_crs` gives it.
    """
    looks = looks_like(x, y)
    zone = int(np.median(np.where(x > y, x, y)) // 1_000_000)
    said = Said(f'crs 写的是 "{system}"，而', f'crs says "{system}", but ')
    if looks in {"degrees", "degrees_swapped"} and is_projected(system):
        return said + Said(
            '数值为经纬度；请写 "wgs84"、"gcj02"、"bd09" 或 "cgcs2000"',
            'these are degrees; say "wgs84", "gcj02", "bd09" or "cgcs2000"',
        )
    axes = Said(
        "X 与 Y 写反：测绘成果中 X 为北、Y 为东，请对调 lon_field 与 lat_field",
        "X and Y are swapped: X is north and Y is east in survey tables; exchange lon_field and lat_field",
    )
    meridians = Said(
        '请按中央子午线写坐标系：120° 为 "EPSG:4549"，117° 为 "EPSG:4548" …',
        'name the system by its central meridian: "EPSG:4549" for 120 E, "EPSG:4548" for 117 E ...',
    )
    zoned = zone_epsg(zone)
    messages = {
        "degrees_swapped": Said(
            "经度与纬度写反，请对调 lon_field 与 lat_field",
            "longitude and latitude are swapped: exchange lon_field and lat_field",
        ),
        "zoned": said
        + Said(
            f'数值为高斯-克吕格第 {zone} 带的米；请写 crs = "cgcs2000" 或 "{zoned}"',
            f'these are Gauss-Krueger metres of zone {zone}; say crs = "cgcs2000" or "{zoned}"',
        ),
        "zoned_swapped": axes
        + Said(f'（并写 crs = "cgcs2000" 或 "{zoned}"）', f' (and say crs = "cgcs2000" or "{zoned}")'),
        "metres": said
        + Said(
            "数值为米（高斯-克吕格或 UTM，不含带号）；", "these are metres (Gauss-Krueger or UTM, without the zone); "
        )
        + meridians,
        "metres_swapped": axes + Said("；", "; ") + meridians,
        "mercator": said
        + Said(
            '数值为网络地图的米；请写 crs = "EPSG:3857"（最西部地区为 "cgcs2000"）',
            'these are metres of a web map; say crs = "EPSG:3857" (or "cgcs2000" in the far west)',
        ),
    }
    unknown = said + Said(
        "数值不符合任何已知坐标系，可能是地方独立坐标系；请索取 CGCS2000 成果",
        "these numbers fit no known system: probably a local city grid; ask for an export in CGCS2000",
    )
    return messages.get(looks, unknown)


def looks_like(x: Floats, y: Floats) -> str:
    """Name the kind of system that the middle of the points could be in."""
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        return "nothing"
    u, v = float(np.median(x[good])), float(np.median(y[good]))

    def between(value: float, bounds: tuple[float, float]) -> bool:
        return bounds[0] <= value <= bounds[1]

    if abs(u) <= _HALF_CIRCLE and abs(v) <= _HALF_CIRCLE:
        is_china = CHINA_SOUTH <= u <= CHINA_NORTH and CHINA_WEST <= v <= CHINA_EAST
        beyond = abs(v) > _QUARTER_CIRCLE
        return "degrees_swapped" if beyond and (is_china or abs(u) <= _QUARTER_CIRCLE) else "degrees"
    kinds: tuple[tuple[str, Callable[[], bool]], ...] = (
        # Zones 13-15, in the far west, have the same numbers as a web map of the populous east.
        ("mercator", lambda: between(u, _MERCATOR_X) and between(v, _NORTHINGS)),
        ("zoned", lambda: between(u, _ZONED) and between(v, _NORTHINGS) and zone_epsg(int(u // 1_000_000)) is not None),
        (
            "zoned_swapped",
            lambda: between(v, _ZONED) and between(u, _NORTHINGS) and zone_epsg(int(v // 1_000_000)) is not None,
        ),
        ("metres", lambda: between(u, _EASTINGS) and between(v, _NORTHINGS)),
        ("metres_swapped", lambda: between(v, _EASTINGS) and between(u, _NORTHINGS)),
    )
    return next((name for name, holds in kinds if holds()), "unknown")
