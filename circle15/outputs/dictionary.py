"""The data dictionary: what every column of every table means, in both languages."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_UNITS_ZH = {"min": "分钟", "m": "米", "m²": "平方米", "s": "秒"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One column of one table."""

    table: str  # file stem, e.g. "coverage"
    column: str  # "<layer>_seconds" stands for every layer's
    unit: str
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
