"""Coordinates of any system to WGS-84: the shifted ones, CGCS2000 with and without zones, and every EPSG system."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from circle15.config.crs_names import CRS_HELP, NAMED_SYSTEMS, plain_crs
from circle15.errors import InputError, Problem
from circle15.inputs.coordinates.china_shift import (
    Floats,
    Pair,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from circle15.said import Said

__all__ = [
    "NAMED_SYSTEMS", "bd09_to_gcj02", "bd09_to_wgs84", "central_meridian_epsg", "crs_caveat", "gcj02_to_bd09",
    "gcj02_to_wgs84", "is_projected", "parse_crs", "to_wgs84", "wgs84_to_bd09", "wgs84_to_gcj02", "zone_epsg",
]  # fmt: skip

# CGCS2000 / Gauss-Krueger in EPSG: 6-degree zones 13-23 and 3-degree zones 25-45, whose eastings begin with the zone.
_ZONE_WIDTH_M = 1_000_000
_EPSG_OF_ZONE_13, _EPSG_OF_ZONE_25 = 4491, 4513
_SIX_DEGREE_ZONES, _THREE_DEGREE_ZONES = range(13, 24), range(25, 46)


def parse_crs(text: str, *, file: str | None = None, key: str = "crs") -> str:
    """Give the one spelling of a config's ``crs``: "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n".

    Errors name ``file``, whose system it is, and the ``key`` of the config.

    Raises
    ------
    InputError
        If the name is none of these, or no such EPSG system exists.
    """
    code = plain_crs(text)
    if code is None:
        raise InputError(
            Problem(Said("不认识的坐标系；", "unknown coordinate system; ") + CRS_HELP, file=file, key=key, value=text)
        )
    if code in NAMED_SYSTEMS:
        return code
    try:
        _transformer(code)
    except CRSError:
        raise InputError(
            Problem(Said("没有这个 EPSG 坐标系", "no such EPSG coordinate system"), file=file, key=key, value=text)
        ) from None
    return code


def is_projected(crs: str) -> bool:
    """Tell whether ``crs`` (as `parse_crs` gives it) counts in metres rather than degrees."""
    return crs not in NAMED_SYSTEMS and not CRS.from_user_input(crs).is_geographic


def to_wgs84(x: npt.ArrayLike, y: npt.ArrayLike, crs: str) -> Pair:
    """Convert coordinates of any system to WGS-84.

    Parameters
    ----------
    x, y
        Eastings and northings, or longitudes and latitudes, in this order whatever the system's own axis order is;
        metres or degrees, any shape.
    crs
        "wgs84", "gcj02", "bd09", "cgcs2000" or "EPSG:n". "cgcs2000" takes degrees, and Gauss-Krueger metres whose
        eastings begin with their zone (EPSG 4491-4501, 4513-4533); without the zone in front the numbers do not say
        where they are, so such systems are named by their EPSG code (4502-4512, 4534-4554).

    Returns
    -------
    tuple of float64 arrays
        Longitude and latitude in degrees WGS-84; NaN where the numbers lie outside what the system can hold.

    Raises
    ------
    InputError
        If the system is not known.

    Notes
    -----
    CGCS2000 and WGS-84 differ by centimetres to decimetres (plate motion since 2000) and are taken as equal.
    """
    system = parse_crs(crs)
    east, north = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    if system == "cgcs2000":
        return _cgcs2000_to_wgs84(east, north)
    if system in NAMED_SYSTEMS or not is_projected(system):
        in_range = _are_degrees(east, north)
        east, north = np.where(in_range, east, np.nan), np.where(in_range, north, np.nan)
        back = {"wgs84": None, "gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
        if system in back:
            shift = back[system]
            return shift(east, north) if shift else (east[()], north[()])
    return _projected_to_wgs84(east, north, system)


def zone_epsg(zone: int) -> str | None:
    """Give the EPSG code of the CGCS2000 Gauss-Krueger system with ``zone`` before its eastings, None without one."""
    if zone in _SIX_DEGREE_ZONES:
        return f"EPSG:{_EPSG_OF_ZONE_13 + zone - _SIX_DEGREE_ZONES.start}"
    if zone in _THREE_DEGREE_ZONES:
        return f"EPSG:{_EPSG_OF_ZONE_25 + zone - _THREE_DEGREE_ZONES.start}"
    return None


def central_meridian_epsg(lon: float, width_deg: int) -> tuple[int, str]:
    """Give central meridian and EPSG code of the CGCS2000 Gauss-Krueger system without zone numbers that holds ``lon``.

    ``width_deg`` is 3 (EPSG 4534-4554) or 6 (EPSG 4502-4512).
    """
    first = {3: 4534, 6: 4502}[width_deg]
    steps = int(np.clip(round((lon - 75.0) / width_deg), 0, 60 // width_deg))
    return 75 + width_deg * steps, f"EPSG:{first + steps}"


def crs_caveat(crs: str) -> str | None:
    """Say how inexact the conversion of an EPSG system to WGS-84 is, None where it is better than two metres.

    Beijing 1954 and Xi'an 1980 have no published exact conversion: what PROJ does without one may be 100 m off.
    """
    system = parse_crs(crs)
    if system in NAMED_SYSTEMS:
        return None
    source = CRS.from_user_input(system)
    geodetic = source.geodetic_crs
    datum = geodetic.name if geodetic is not None else source.name
    if "China Geodetic Coordinate System 2000" in datum or "WGS 84" in datum or "CGCS" in datum.upper():
        return None
    accuracy = _transformer(system).accuracy
    if accuracy is None or accuracy < 0:
        return f"{system} ({source.name}): no exact conversion to WGS-84 is published; places may be 100 m off"
    if accuracy > 2:  # noqa: PLR2004 (stated in the docstring)
        return f"{system} ({source.name}): the conversion to WGS-84 is good to {accuracy:.0f} m"
    return None


def _cgcs2000_to_wgs84(x: Floats, y: Floats) -> Pair:
    lon, lat = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    degrees = _are_degrees(x, y)
    lon[degrees], lat[degrees] = x[degrees], y[degrees]
    zones = np.where(np.isfinite(x) & ~degrees, np.clip(x, 0, 1e9) // _ZONE_WIDTH_M, 0).astype(np.int64)
    for zone in np.unique(zones):
        system = zone_epsg(int(zone))
        if system is not None:
            here = zones == zone
            lon[here], lat[here] = _projected_to_wgs84(x[here], y[here], system)
    return lon[()], lat[()]


def _are_degrees(x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    result: npt.NDArray[np.bool_] = (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)  # noqa: PLR2004 (the globe)
    return result


def _projected_to_wgs84(x: Floats, y: Floats, system: str) -> Pair:
    lon, lat = _transformer(system).transform(x, y)
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    bad = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(bad, np.nan, lon)[()], np.where(bad, np.nan, lat)[()]


@lru_cache(maxsize=64)
def _transformer(system: str) -> Transformer:
    return Transformer.from_crs(system, "EPSG:4326", always_xy=True)
