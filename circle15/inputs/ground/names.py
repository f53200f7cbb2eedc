"""Names and codes of streets, communities and districts as tables write them: in full, in short, with the city."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.numbers import parse_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

_OFFICE_OF = {
    "街道办事处": "街道", "街道办": "街道", "街办": "街道", "街道人民政府": "街道",
    "镇人民政府": "镇", "镇政府": "镇", "乡人民政府": "乡", "乡政府": "乡",
    "社区居民委员会": "社区", "社区居委会": "社区", "居民委员会": "社区", "居委会": "社区",
    "村民委员会": "村", "村委会": "村", "村股份经济合作社": "村", "办事处": "", "人民政府": "",
}  # fmt: skip
_OFFICE = re.compile(f"(?:{'|'.join(_OFFICE_OF)})$")
_STREETS = ("民族乡", "街道", "地区", "苏木", "镇", "乡")
_COMMUNITIES = ("社区", "村")
_DISTRICTS = ("自治县", "自治旗", "特区", "林区", "新区", "区", "县", "旗")
_ABOVE = re.compile(
    r"^(?:[^\s]{2,8}?(?:省|自治区))?(?:[^\s]{2,8}?(?:市|地区|盟|自治州))?(?:[^\s]{1,8}?(?:区|县|市|旗))?"
)
_IN_FRONT = re.compile(r"\w+[^\W和与及]")
_SHORTEST_BEHIND = 3  # characters; shorter ones end other names
_CODE = re.compile(r"\d{6}|\d{9}|\d{12}", re.ASCII)
_CODE_DIGITS = 12  # a community's; districts have six, streets nine, or as many with zeros at the end


class UnitNames:
    """The units that a table may name by code or name, streets before communities.

    Examples
    --------
    >>> streets = UnitNames(["330205001", "330205003", "330205100"], ["庄桥街道", "庄市街道", "慈城镇"])
    >>> [streets.find(text) for text in ("江北区庄桥街道办", "慈城", "330205003000.0", "外滩街道")]
    [(0,), (2,), (1,), ()]
    """

    def __init__(
        self, ids: Iterable[str], names: Iterable[str], parents: Iterable[str] = (), *, with_districts: bool = False
    ) -> None:
        """Take the units.

        Parameters
        ----------
        ids, names
            (n_units,) codes, empty where there are none, and names; "" for none.
        parents
            (n_units,) id of the street that a community lies in, "" of a street; empty where all are of one level.
        with_districts
            Whether they may be districts, cities or counties too, whose names are known without 区, 市 or 县.
        """
        self.names = [str(n) for n in names]
        self.ids = [str(i) for i in ids] or [""] * len(self.names)
        self.parents = [str(p) for p in parents] or [""] * len(self.names)
        self._codes = [full_code(i) for i in self.ids]
        self._plain = [plain_name(n) for n in self.names]
        self._official = [official_name(n) for n in self.names]
        self._kinds = (*_DISTRICTS, "市", *_STREETS, *_COMMUNITIES) if with_districts else (*_STREETS, *_COMMUNITIES)
        self._found: dict[tuple[str, int | None], tuple[int, ...]] = {}

    def find(self, text: str, *, within: int | None = None) -> tuple[int, ...]:
        """Give the units that a code or a name means: none, one, or several that it may mean.

        Tried in turn, and the first step that finds any counts: the same code, or the same name; the same official
        form; without province, city or district in front; without 街道, 镇, 乡, 社区, 村 behind. But for the first, a
        name that means a street means no community.

        Parameters
        ----------
        text
            As a table writes it.
        within
            Row of a street whose communities alone are meant.
        """
        key = (text, within)
        if key not in self._found:
            self._found[key] = tuple(self._search(text, within)) if text.strip() else ()
        return self._found[key]

    def find_ids(self, text: str) -> tuple[str, ...]:
        """Give the ids of the units that a code or a name means."""
        return tuple(self.ids[i] for i in self.find(text))

    def _search(self, text: str, within: int | None) -> list[int]:
        rows = range(len(self.names))
        if within is None:
            levels = [[i for i in rows if not self.parents[i]], [i for i in rows if self.parents[i]]]
        else:
            levels = [[i for i in rows if self.parents[i] == self.ids[within]]]
        plain, code = plain_name(text), full_code(text)
        same = ([i for i in level if code == self._codes[i] or plain == self._plain[i]] for level in levels)
        alike = (hits for level in levels for hits in self._alike(text, level))
        return next((hits for hits in (*same, *alike) if hits), [])

    def _alike(self, text: str, level: Sequence[int]) -> list[list[int]]:
        """Give the units of a level that a name may mean, a list for each step."""
        own = official_name(text)
        below = _ABOVE.sub("", own) or own
        return [
            [i for i in level if self._official[i] == own],
            [i for i in level if self._official[i] == below],
            [i for i in level if self._is_behind(own, self._official[i])],
            [
                i
                for i in level
                if self._has_stem_of(own, self._official[i]) or self._has_stem_of(below, self._official[i])
            ],
        ]

    def _is_behind(self, own: str, official: str) -> bool:
        """Tell whether a name is a unit's with what it lies in before it, and no other unit beside it."""
        if len(official) < _SHORTEST_BEHIND or not own.endswith(official):
            return False
        front = own.removesuffix(official)
        kinds = (self._kind(front), self._kind(official))
        is_beside = any(set(kinds) <= set(level) for level in (_STREETS, _COMMUNITIES, _DISTRICTS))
        return _IN_FRONT.fullmatch(front) is not None and not is_beside

    def _has_stem_of(self, own: str, official: str) -> bool:
        stem, kinds = self._stem(official), {self._kind(own), self._kind(official)} - {""}
        return stem != "" and (own == stem or (len(kinds) <= 1 and self._stem(own) == stem))

    def _kind(self, name: str) -> str:
        return next((k for k in self._kinds if name.endswith(k) and len(name) > len(k)), "")

    def _stem(self, name: str) -> str:
        return name.removesuffix(self._kind(name))


def plain_name(name: str) -> str:
    """Give a name half width, without spaces and in small letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()


def official_name(name: str) -> str:
    """Give the official form of a unit's name: plain, the office replaced by what it governs.

    Examples
    --------
    >>> official_name("庄桥街道办事处"), official_name("慈城镇人民政府")
    ('庄桥街道', '慈城镇')
    """
    plain = plain_name(name)
    match = _OFFICE.search(plain)
    return plain[: match.start()] + _OFFICE_OF[match[0]] if match is not None else plain


@lru_cache(maxsize=4096)
def full_code(text: str) -> str | None:
    """Give a statistical code with the twelve digits that communities have, other ids plain; None for "".

    Examples
    --------
    >>> full_code("330205001"), full_code("330205001000.0"), full_code("330205001201"), full_code("A-1")
    ('330205001000', '330205001000', '330205001201', 'a-1')
    """
    code = plain_name(parse_code(text).code)
    return code.ljust(_CODE_DIGITS, "0") if _CODE.fullmatch(code) else code or None


def check_streets(
    facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame, unit_of_facility: npt.NDArray[np.int64]
) -> list[Change]:
    """Report facilities whose table names another street than the one that they lie in.

    Parameters
    ----------
    facilities
        Frame of `facilities.FacilityTable`; rows without ``street`` are passed over.
    units
        ``unit_id, unit_name`` of each unit.
    unit_of_facility
        (n_facilities,) row of ``units``, -1 outside the district.

    Returns
    -------
    list of Change
        ``other_street`` where the named unit is another (or the place lies outside the district), ``unknown_street``
        where no unit bears the name though the place lies in one; in the order of the facilities.
    """
    known = UnitNames(units["unit_id"], units["unit_name"])
    lines = []
    for street, source, name, lies_in in zip(
        facilities["street"], facilities["source"], facilities["name"], unit_of_facility.tolist(), strict=True
    ):
        meant = known.find(street)
        if not street or lies_in in meant or (not meant and lies_in < 0):
            continue
        file, _, row = str(source).rpartition(":")
        reason = "other_street" if meant else "unknown_street"
        lies = known.names[lies_in] if lies_in >= 0 else ""
        number = int(row) if row.isdigit() else None
        lines.append(Change(file, reason, row=number, original=name, taken=lies, detail=street))
    return lines
