"""Units that supply is counted in (托位, 张, 平方米 ...): which words mean the same unit."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

_FAMILIES = (
    frozenset({"平方米", "㎡", "m2", "m^2", "平米", "平方", "sqm", "squaremetre", "squaremetres"}),
    frozenset({"张", "床位", "张床位", "床", "张床", "bed", "beds"}),
    frozenset({"托位", "个托位", "座", "座位", "学位", "个学位", "餐位", "个餐位", "place", "places", "seat", "seats"}),
    frozenset({"册", "本", "volumes"}),
    frozenset({"人次", "人次/日", "餐/日", "餐", "份", "份/日", "meals"}),
    frozenset({"处", "所", "家", "facilities"}),
    frozenset({"人", "名", "位", "people", "staff"}),
)
_ANY_COUNT = frozenset({"个"})
"""The general measure word: a 托位 or a 所 is counted in 个 too, a square metre is not."""


def compare_units(ours: str, theirs: str) -> Literal["same", "words", "different"]:
    """Compare two supply units: the same, the same in other words (托位/个, ㎡/平方米), or different.

    Examples
    --------
    >>> compare_units("托位", "个"), compare_units("m²", "平方米"), compare_units("张", "平方米")
    ('words', 'words', 'different')
    """
    a, b = _plain(ours), _plain(theirs)
    if a == b:
        return "same"
    if any(a in family and b in family for family in _FAMILIES):
        return "words"
    of_a, of_b = _family(a), _family(b)
    counted = _FAMILIES[1:]
    if (a in _ANY_COUNT and (of_b in counted or of_b is None)) or (
        b in _ANY_COUNT and (of_a in counted or of_a is None)
    ):
        return "words"
    return "different"


def _plain(unit: str) -> str:
    return re.sub(r"\(.*?\)|\s", "", unicodedata.normalize("NFKC", unit)).casefold()


def _family(unit: str) -> frozenset[str] | None:
    return next((family for family in _FAMILIES if unit in family), None)
