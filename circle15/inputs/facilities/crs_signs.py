"""What a table's own headings and words say about the map service that its coordinates come from.

Amap (高德) and Tencent (腾讯) answer in GCJ-02, Baidu (百度) in BD-09, each with fields of its own names. That speaks
for a system and proves nothing: tables are converted after they were fetched, and keep their headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.inputs.tables.headings import split_heading
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circle15.inputs.tables.reading import Table

FULL_NATS = 2.5
"""What a service's whole set of fields is worth: in 12 of 13 tables nobody has converted the coordinates since."""
PART_NATS = 1.0
"""What one field of it is worth."""

# Fields as the services' own answers name them: Amap's place/text, Tencent's place/v1/search, Baidu's place/v2/search.
_AMAP = frozenset({
    "pname", "cityname", "adname", "pcode", "citycode", "gridcode", "typecode", "navipoiid", "entrlocation",
    "exitlocation", "businessarea", "bizext", "bizexttype", "bizextrating", "biztype", "navi", "formattedaddress",
})  # fmt: skip
_TENCENT = frozenset({"adinfo", "adinfoadcode", "adinfoprovince", "adinfocity", "adinfodistrict"})
_BAIDU = frozenset({
    "streetid", "detailinfo", "detailinfotag", "detailinfonavilocation", "navilocation", "bdlng", "bdlat", "bdlon",
    "lngbd", "latbd",
})  # fmt: skip
_MANY = 2  # fields of one service
_AMAP_TYPE = re.compile(r"[^;|]+;[^;|]+;[^;|]+(\|[^;|]+;[^;|]+;[^;|]+)*")
_TENCENT_TYPE = re.compile(r"[^:;]+:[^:;]+(:[^:;]+)?")
_TYPE_HEADINGS = frozenset({"type", "types", "类型", "类别", "poi类型", "分类", "category", "tag"})
_MOST_CELLS, _MOST_OF = 200, 0.8


@dataclass(frozen=True, slots=True)
class Sign:
    """A circumstance that speaks for coordinate systems, without measuring anything.

    `nats` is what it adds to the logarithm of each system's odds.
    """

    nats: Mapping[str, float]
    words: Said


def signs_of(headings: Sequence[str], columns: Mapping[str, Iterable[str]]) -> tuple[Sign, ...]:
    """Look for the marks of map services in a table.

    Parameters
    ----------
    headings
        As they stand in the file.
    columns
        Heading to cells, of columns that might hold type words.

    Returns
    -------
    tuple of Sign
        At most one for each service.
    """
    plain = {split_heading(h).plain: h for h in headings}
    found = []
    amap = [plain[p] for p in plain if p in _AMAP]
    typed = [h for p, h in plain.items() if p in _TYPE_HEADINGS and _are(_AMAP_TYPE, columns.get(h, ()))]
    marks = [*amap, *(f"{h}=…;…;…" for h in typed)]
    if marks:
        found.append(_sign("gcj02", marks, "高德地图", "Amap"))
    tencent = [plain[p] for p in plain if p in _TENCENT]
    categories = [h for p, h in plain.items() if p in {"category", "类别"} and _are(_TENCENT_TYPE, columns.get(h, ()))]
    if tencent or categories:
        found.append(_sign("gcj02", [*tencent, *categories], "腾讯地图", "Tencent"))
    baidu = [plain[p] for p in plain if p in _BAIDU]
    if baidu or ("uid" in plain and {"streetid", "detail"} & set(plain)):
        found.append(_sign("bd09", [*baidu, *([plain["uid"]] if "uid" in plain else [])], "百度地图", "Baidu"))
    return tuple(found)


def table_signs(table: Table) -> tuple[Sign, ...]:
    """Look for the marks of map services in a table as read."""
    columns = {h: table.frame[h].tolist() for h in table.columns if split_heading(h).plain in _TYPE_HEADINGS}
    return signs_of(table.columns, columns)


def _sign(system: str, marks: Sequence[str], zh: str, en: str) -> Sign:
    nats = FULL_NATS if len(marks) >= _MANY else PART_NATS
    listed = ", ".join(marks[:4])
    return Sign(
        {system: nats},
        Said(
            f"表头或类型的写法像{zh}（{listed}），其坐标为 {system}",
            f"headings or types look like {en}'s ({listed}), whose coordinates are {system}",
        ),
    )


def _are(pattern: re.Pattern[str], cells: Iterable[str]) -> bool:
    """Tell whether most cells that say anything are of a form."""
    said = [c.strip() for c, _ in zip(cells, range(_MOST_CELLS), strict=False) if c.strip()]
    return bool(said) and sum(pattern.fullmatch(c) is not None for c in said) >= _MOST_OF * len(said)
