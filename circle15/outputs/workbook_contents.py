"""What stands in a workbook: the list on its first sheet, with a link to each of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from circle15.outputs.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


class ContentsFormats(Protocol):
    """The cell formats that the list needs."""

    label: Format
    link: Format
    wrapped: Format


APPENDICES = frozenset(
    {"access_measures", "coverage_groups", "coverage_measures", "entrances", "lorenz", "policy", "portrait_layers",
     "raking"}
)  # fmt: skip
"""Tables behind other tables or drawings, by their keys in the catalogue: few read them, nobody prints them."""


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One sheet of a workbook."""

    title: str
    meaning: str
    n_rows: int | None = None  # of a table
    is_shown: bool = True  # an appendix is hidden until it is asked for, and not printed

    def text(self, lang: str) -> str:
        """Say what stands on it and how much."""
        if self.n_rows is None:
            return self.meaning
        rows = f"（{self.n_rows:,} 行）" if lang == "zh" else f" ({self.n_rows:,} row{'s' * (self.n_rows != 1)})"
        return self.meaning + rows


def entries_of(tables: Mapping[str, pd.DataFrame], lang: str) -> list[SheetEntry]:
    """Give the sheets of tables by their keys in the catalogue; appendices and tables without a row are not shown."""
    outputs = catalogue()
    return [
        SheetEntry(
            outputs[name].sheet(lang),
            outputs[name].meaning_zh if lang == "zh" else outputs[name].meaning_en,
            len(table),
            is_shown=len(table) > 0 and name not in APPENDICES,
        )
        for name, table in tables.items()
    ]


def columns_entry(lang: str, *, is_shown: bool = True) -> SheetEntry:
    """Give the sheet that says what columns mean."""
    if lang == "zh":
        return SheetEntry("列说明", "各表每一列的含义与来源", is_shown=is_shown)
    return SheetEntry("Columns", "What each column means, and its source", is_shown=is_shown)


def write_contents(sheet: Worksheet, entries: Sequence[SheetEntry], lang: str, formats: ContentsFormats) -> int:
    """Write the list below a sheet's title: a linked title and what stands there, appendices last and without a link.

    Returns
    -------
    int
        The first row below the list and an empty one.
    """
    is_zh = lang == "zh"
    shown = [entry for entry in entries if entry.is_shown]
    hidden = [entry for entry in entries if not entry.is_shown]
    sheet.write_string(1, 0, "目录" if is_zh else "Contents", formats.label)
    for row, entry in enumerate(shown, start=2):
        sheet.write_url(row, 0, f"internal:'{entry.title}'!A1", formats.link, entry.title)
        sheet.write_string(row, 1, entry.text(lang), formats.wrapped)
    row = 2 + len(shown)
    if hidden:
        sheet.write_string(row, 0, "附表" if is_zh else "Appendices", formats.label)
        hint = (
            "附表、空表及整列无数据的列默认隐藏、不打印；右键单击任一工作表标签，选“取消隐藏”即可查看"
            if is_zh
            else "Hidden and not printed, as are tables without a row and columns without a value;"
            " right-click any sheet's tab and choose Unhide"
        )
        sheet.write_string(row, 1, hint, formats.wrapped)
        for row, entry in enumerate(hidden, start=row + 1):  # noqa: B020 (on from where the links end)
            sheet.write_string(row, 0, entry.title, formats.wrapped)
            sheet.write_string(row, 1, entry.text(lang), formats.wrapped)
        row += 1
    return row + 1
