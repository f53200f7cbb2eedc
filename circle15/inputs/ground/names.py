"""Names of streets and communities as tables write them: 街道办事处, in full or in short, with the city in front."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from circle15.inputs.tables.import_report import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

_OFFICE_OF = {
    "街道办事处": "街道", "街道办": "街道", "街办": "街道",
    "镇人民政府": "镇", "镇政府": "镇", "乡人民政府": "乡", "乡政府": "乡",
    "社区居民委员会": "社区", "社区居委会": "社区", "居民委员会": "社区", "居委会": "社区",
    "村民委员会": "村", "村委会": "村", "村股份经济合作社": "村",
}  # fmt: skip
_OFFICE = re.compile(f"(?:{'|'.join(_OFFICE_OF)})$")
_KINDS = ("街道", "地区", "镇", "乡", "社区", "村", "苏木", "民族乡")
_ABOVE = re.compile(
    r"^(?:[^\s]{2,8}?(?:省|自治区))?(?:[^\s]{2,8}?(?:市|地区|盟|自治州))?(?:[^\s]{1,8}?(?:区|县|市|旗))?"
)
_SHORTEST_STEM = 2  # characters; shorter ones ("东", "新") are no name by themselves


def normal_unit_name(name: str) -> str:
    """Give the official form of a unit's name: half width, no spaces, the office replaced by what it governs.

    Examples
    --------
    >>> normal_unit_name("庄桥街道办事处"), normal_unit_name("慈城镇人民政府")
    ('庄桥街道', '慈城镇')
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", name))
    match = _OFFICE.search(plain)
    return plain[: match.start()] + _OFFICE_OF[match[0]] if match is not None else plain


def match_unit(name: str, units: Sequence[str]) -> int | None:
    """Find the unit that a name means.

    Tried in turn: the same name; the same official form; without province, city or district in front; without 街道, 镇,
    乡, 社区, 村 behind. A step that fits several units fits none, and the next ones are not tried.

    Parameters
    ----------
    name
        As a table writes it.
    units
        Names of the units.

    Returns
    -------
    int or None
        Index into ``units``; None where no unit, or more than one, fits.

    Examples
    --------
    >>> match_unit("江北区庄桥街道办", ["庄桥街道", "庄市街道", "慈城镇"])
    0
    >>> match_unit("庄桥", ["庄桥街道", "庄桥镇"]) is None
    True
    """
    if not name.strip():
        return None
    official = [normal_unit_name(u) for u in units]
    own = normal_unit_name(name)
    short = [_stem(u) for u in official]
    below = _ABOVE.sub("", own) or own
    steps = (
        [i for i, u in enumerate(units) if u == name],
        [i for i, u in enumerate(official) if u == own],
        [i for i, u in enumerate(official) if u == below],
        [i for i, u in enumerate(official) if len(u) > _SHORTEST_STEM and own.endswith(u)],
        [i for i, s in enumerate(short) if s in {_stem(own), _stem(below)} and not (_kind(own) and _kind(official[i]))],
    )
    for hits in steps:
        if hits:
            return hits[0] if len(hits) == 1 else None
    return None


def check_streets(
    facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame, unit_of_facility: npt.NDArray[np.int64]
) -> list[Change]:
    """Report facilities whose table names another street than the one that they lie in.

    Parameters
    ----------
    facilities
        Frame of `facilities.FacilityTable`; rows without ``street`` are passed over.
    units
        ``unit_name`` of each unit.
    unit_of_facility
        (n_facilities,) row of ``units``, -1 outside the district.

    Returns
    -------
    list of Change
        ``other_street`` where the named unit is another (or the place lies outside the district), ``unknown_street``
        where no unit bears the name though the place lies in one; in the order of the facilities.
    """
    names = [str(n) for n in units["unit_name"]]
    meant: dict[str, int | None] = {s: match_unit(s, names) for s in set(facilities["street"]) if s}
    lines = []
    for street, source, name, lies_in in zip(
        facilities["street"], facilities["source"], facilities["name"], unit_of_facility.tolist(), strict=True
    ):
        if not street or meant[street] == lies_in or (meant[street] is None and lies_in < 0):
            continue
        file, _, row = str(source).rpartition(":")
        reason = "unknown_street" if meant[street] is None else "other_street"
        lies = names[lies_in] if lies_in >= 0 else ""
        number = int(row) if row.isdigit() else None
        lines.append(Change(file, reason, row=number, original=name, taken=lies, detail=street))
    return lines


def _kind(name: str) -> str | None:
    return next((k for k in _KINDS if name.endswith(k) and len(name) > len(k)), None)


def _stem(name: str) -> str:
    kind = _kind(name)
    stem = name[: -len(kind)] if kind is not None else name
    return stem if len(stem) >= _SHORTEST_STEM else name
