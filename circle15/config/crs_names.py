"""The names that coordinate systems go by in configs: wgs84, gcj02, bd09, cgcs2000 and EPSG codes."""

from __future__ import annotations

import re

from circle15.said import Said

NAMED_SYSTEMS = ("wgs84", "gcj02", "bd09", "cgcs2000")
_KNOWN = '"wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:4547"'
CRS_HELP = Said(f"可写 {_KNOWN}", f"right are {_KNOWN}")
_SYNONYMS = {
    "wgs1984": "wgs84", "gps": "wgs84", "epsg4326": "wgs84",
    "amap": "gcj02", "gaode": "gcj02", "高德": "gcj02", "tencent": "gcj02", "腾讯": "gcj02", "火星坐标": "gcj02",
    "bd09ll": "bd09", "baidu": "bd09", "百度": "bd09",
    "国家2000": "cgcs2000", "大地2000": "cgcs2000", "epsg4490": "cgcs2000",
}  # fmt: skip


def plain_crs(text: str) -> str | None:
    """Give the one spelling of a system's name, "EPSG:n" for a code; None where it is neither.

    Whether an EPSG system of that number exists is not looked up.

    Examples
    --------
    >>> plain_crs("GCJ-02"), plain_crs("epsg 4549"), plain_crs("4326"), plain_crs("utm")
    ('gcj02', 'EPSG:4549', 'wgs84', None)
    """
    plain = re.sub(r"[\s_\-:：]", "", text).casefold()
    plain = _SYNONYMS.get(f"epsg{plain}" if plain.isdigit() else plain, plain)
    if plain in NAMED_SYSTEMS:
        return plain
    number = re.fullmatch(r"(?:epsg)?(\d{4,6})", plain)
    return None if number is None else f"EPSG:{number[1]}"
