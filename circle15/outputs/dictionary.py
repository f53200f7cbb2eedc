"""The data dictionary: what every column of every table means, in both languages, and how its numbers look."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

DEFAULT_DECIMALS = 9
"""Enough for any column that is not described; people have a thousandth and seconds a millisecond, so that sums of
printed rows agree with printed sums."""
_UNITS_ZH = {"min": "分钟", "m": "米", "m²": "平方米", "s": "秒", "m/s": "米/秒", "points": "百分点"}
_DEFAULT_PATTERN = "#,##0.0"


@dataclass(frozen=True, slots=True)
class Entry:
    """One column of one table."""

    table: str  # file stem, e.g. "coverage"
    column: str  # "<layer>_seconds" stands for every layer's
    unit: str
    decimals: str  # at most so many are printed; "" of texts
    pattern: str  # how a spreadsheet shows the numbers; "" of texts
    heading_zh: str
    heading_en: str
    meaning_zh: str
    meaning_en: str
    source: str  # formula or paper

    def heading(self, lang: str) -> str:
        """Give the heading for people."""
        return self.heading_zh if lang == "zh" else self.heading_en

    def heading_with_unit(self, lang: str) -> str:
        """Give the heading and, where there is one, the unit in brackets."""
        if not self.unit:
            return self.heading(lang)
        return (
            f"{self.heading_zh}（{_UNITS_ZH.get(self.unit, self.unit)}）"
            if lang == "zh"
            else f"{self.heading_en} ({self.unit})"
        )

    def meaning(self, lang: str) -> str:
        """Give the meaning in one sentence."""
        return self.meaning_zh if lang == "zh" else self.meaning_en


@cache
def dictionary() -> dict[tuple[str, str], Entry]:
    """Give every entry by (table, column), in the file's order."""
    text = files("circle15.outputs").joinpath("data_dictionary.csv").read_text(encoding="utf-8-sig")
    entries = [Entry(**row) for row in csv.DictReader(text.splitlines())]
    return {(e.table, e.column): e for e in entries}


def entry(table: str, column: str, layer_ids: tuple[str, ...] = ()) -> Entry | None:
    """Find a column's entry; a layer's own column is found as ``<layer>_...``."""
    found = dictionary().get((table, column))
    if found is not None:
        return found
    for layer in sorted(layer_ids, key=len, reverse=True):
        if column.startswith(f"{layer}_"):
            return dictionary().get((table, "<layer>" + column.removeprefix(layer)))
    return None


@cache
def _numbers() -> dict[str, Entry]:
    """Give an entry of each column of numbers; columns of one name look alike in every table."""
    return {e.column: e for e in dictionary().values() if e.decimals}


def decimals_of(column: Hashable) -> int:
    """Give how many decimals a column is printed with."""
    known = _numbers().get(str(column))
    return int(known.decimals) if known is not None else DEFAULT_DECIMALS


def number_pattern(column: Hashable, values: pd.Series[Any]) -> str:
    """Give how a spreadsheet shows a column's numbers; without decimals where all of them are whole."""
    known = _numbers().get(str(column))
    pattern = known.pattern if known is not None else _DEFAULT_PATTERN
    is_whole = bool((values.dropna() % 1 == 0).all())
    return "#,##0" if is_whole and pattern in {_DEFAULT_PATTERN, "#,##0.00"} else pattern


def is_share(column: Hashable) -> bool:
    """Tell a share, which is shown in per cent."""
    known = _numbers().get(str(column))
    return known is not None and known.pattern.endswith("%")
