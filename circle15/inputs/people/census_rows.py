"""Rows of census tables: streets of the district, totals among them, and streets of other districts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from circle15.inputs.ground.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circle15.config.model import Config

Kind = Literal["unit", "whole", "above", "elsewhere", "unknown"]

_WHOLE = frozenset(
    {"全区", "全市", "全县", "全旗", "全域", "本区", "区合计", "市合计", "合计", "总计", "总人口", "all", "total"}
)
_WHOLE_OF = {"全市": "市", "全县": "县", "全旗": "旗", "全区": "区"}
_ABOVE = re.compile(r"(省|自治区|自治州|市|盟|区|县|旗)$")
_NO_DISTRICT = re.compile(r"(开发|高新|工业|度假|管理|风景|保税|示范|产业|园|新|林|矿|社|地|校|景|小|片|辖)区$")
"""What ends in 区 and is no district by its name: an economic zone beside the streets may have people of its own."""
_CODE = re.compile(r"\d{9}(\d{3})?$")
_COUNTY_DIGITS = 6
_FEWEST_OF_OTHERS = 3


@dataclass(frozen=True, slots=True)
class CensusRows:
    """What each row of a table of units is."""

    kind: tuple[Kind, ...]  # (n_rows,)
    ids: tuple[tuple[str, ...], ...]  # ids of units that each row may mean; () for all but kind "unit"

    def rows(self, *kinds: Kind) -> list[int]:
        """Give the rows of some kinds."""
        return [i for i, kind in enumerate(self.kind) if kind in kinds]


def district_names(config: Config) -> tuple[str, ...]:
    """Give what a table may call the config's district: its name, and the one that its boundary is chosen by."""
    table = config.district
    found = [table.name, table.boundary.partition("#")[2], table.boundary.partition("name=")[2].partition(",")[0]]
    if ":" not in table.boundary and "." not in table.boundary:
        found.append(table.boundary.partition(",")[0])
    tidy = (re.sub(r"[（(].*?[）)]", "", plain_name(text)) for text in found)
    return tuple(dict.fromkeys(text for text in tidy if len(text) > 1))


def sort_rows(
    names: Sequence[str],
    *,
    meaning: Callable[[str], tuple[str, ...]],
    district: Sequence[str],
    labels: Sequence[str] = (),
    counties: Sequence[str] = (),
    is_one_unit: bool = False,
) -> CensusRows:
    """Tell of each row whether it is a street of the district, a total, or of another district.

    Rows of another district are known by a column of districts, by the code's first six digits, or by standing below a
    row that names another district, where another row names this one.

    Parameters
    ----------
    names
        Code or name of each row.
    meaning
        Gives the ids of the units that a code or a name means.
    district
        What the district is called (`district_names`).
    labels
        Names beside codes, where the table has both.
    counties
        The district that each row says it is of, "" where it says nothing.
    is_one_unit
        Whether the district is its one unit, so that its total is that unit's row.
    """
    texts = [tuple(dict.fromkeys(t for t in pair if t)) for pair in zip(names, labels or names, strict=True)]
    ids = [next((found for t in pair if (found := meaning(t))), ()) for pair in texts]
    own_counties = [bool(c) and _is_own(c, district) for c in counties]
    kinds: list[Kind] = []
    section: Kind | None = None
    heads = [not ids[i] and any(_is_own(t, district) for t in pair) for i, pair in enumerate(texts)]
    own_codes = {t[:_COUNTY_DIGITS] for i, pair in enumerate(texts) if ids[i] for t in pair if _CODE.match(t)}
    for i, pair in enumerate(texts):
        kind: Kind = "unit" if ids[i] else _kind_of(pair, district)
        if kind == "whole" and heads[i]:
            section = "whole"
        elif kind == "above":
            # A city or province above has heads directly below it, which take its place.
            section = "above"
        is_below_another = any(heads) and section == "above" and kind in {"unit", "unknown"}
        codes = {t[:_COUNTY_DIGITS] for t in pair if _CODE.match(t)}
        is_of_other_code = kind == "unknown" and bool(own_codes and codes) and not codes & own_codes
        is_of_other_county = any(own_counties) and bool(counties[i]) and not own_counties[i]
        if is_below_another or is_of_other_code or is_of_other_county:
            kind = "elsewhere"
        kinds.append("unit" if kind == "whole" and is_one_unit else kind)
    kept = [found if kind == "unit" else () for found, kind in zip(ids, kinds, strict=True)]
    return CensusRows(tuple(kinds), tuple(kept))


def of_larger_table(found: CensusRows) -> CensusRows:
    """Take the unknown rows of a table in which every unit has its row for other districts', where most are unknown.

    That is a table of a whole city; a mistyped name would have left a unit without a row.
    """
    counted = Counter(found.kind)
    if counted["unknown"] < max(counted["unit"], _FEWEST_OF_OTHERS):
        return found
    return CensusRows(tuple("elsewhere" if k == "unknown" else k for k in found.kind), found.ids)


def _kind_of(pair: Sequence[str], district: Sequence[str]) -> Kind:
    """Tell a row that is no unit's by its names."""
    for text in pair:
        plain = plain_name(text)
        if plain in _WHOLE:
            ending = _WHOLE_OF.get(plain, "")
            is_of_more = bool(ending) and any(n[-1] in "区县市旗" for n in district) and not any(
                n.endswith(ending) for n in district
            )  # fmt: skip
            return "above" if is_of_more else "whole"
        if _is_own(text, district):
            return "whole"
    return "above" if any(_ABOVE.search(t) and not _NO_DISTRICT.search(t) for t in map(plain_name, pair)) else "unknown"


def _is_own(text: str, district: Sequence[str]) -> bool:
    """Tell whether a text is the district's name, with or without the city in front."""
    plain = plain_name(text)
    return len(plain) > 1 and any(
        plain == name or (plain[-1] in "区县市旗" and (name.endswith(plain) or plain.endswith(name)))
        for name in district
    )
