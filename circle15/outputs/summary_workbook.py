"""summary.xlsx: districts and streets side by side, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter

from circle15.outputs.beside_share import SHOWN
from circle15.outputs.dictionary import entry, number_pattern
from circle15.outputs.paper import BODY, lay_out, measured, set_paper
from circle15.outputs.workbook import FIXED_DATE, Formats, for_people, write_cell
from circle15.outputs.workbook_contents import SheetEntry, write_contents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xlsxwriter.workbook import Workbook

    from circle15.outputs.summary import Summary

_NAMES = ("district_name", "unit_name")
_SHARES = ("每行一个，各项服务的覆盖率、名次与变化并列", "A row each: every service's covered share, rank and change")
_ROWS = (
    "同样的数字，每个区县或街道、每项服务、每类人群一行",
    "The same numbers, a row for each place, service and group",
)
_COMPLETE = ("步行可达几类服务的居民各有多少", "How many people reach how many services")
_TARGETS = ("规划目标与现状", "Targets of the plan against actual values")
_NOTES = ("没有完成的区县，以及各区县的数据提示", "Districts that failed, and warnings about the data")
_WIDE = {
    "people": ("居民", "People"),
    "covered_share": ("覆盖率", "占比", "share"),
    "rank": ("名次", "rank"),
    "change": ("变化（百分点）", "change (points)"),
}
"""How columns of `wide_shares` end, by the column of summary.csv whose numbers they show."""


def wide_shares(summary: Summary, level: str) -> pd.DataFrame:
    """Give one row per district or unit: people, and for each layer its share, rank and change."""
    rows = summary.rows[summary.rows["level"] == level]
    keys = (
        ["district_id", "district_name"]
        if level == "district"
        else ["district_id", "district_name", "unit_id", "unit_name"]
    )
    everybody = rows[rows["group"] == "all"].groupby(keys, sort=False)["people"].first()
    wide = rows[keys].drop_duplicates().reset_index(drop=True)
    index = pd.MultiIndex.from_frame(wide[keys])
    columns: dict[str, Any] = {summary.words("居民", "People"): everybody.reindex(index).to_numpy(np.float64)}
    for layer, name in summary.layers.items():
        own = rows[rows["layer"] == layer].set_index(keys)
        is_alone = list(summary.layers.values()).count(name) == 1
        label = name if is_alone else summary.words(f"{name}（{layer}）", f"{name} ({layer})")
        label = summary.words(label, f"{label} ")
        columns[f"{label}{summary.words('覆盖率', 'share')}"] = own["covered_share"].reindex(index).to_numpy(np.float64)
        columns |= _off_network(summary, label, own.reindex(index))
        columns[f"{label}{summary.words('名次', 'rank')}"] = own["rank"].reindex(index).to_numpy(np.float64)
        if summary.previous is not None:
            columns[f"{label}{summary.words('变化（百分点）', 'change (points)')}"] = (
                own["change"].reindex(index).to_numpy(np.float64)
            )
    return pd.concat([wide, pd.DataFrame(columns)], axis=1)


def _off_network(summary: Summary, label: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Give the share of a layer's people who are off the network and the covered share of the others, where any are."""
    off = rows["people_off_network"].to_numpy(np.float64), rows["people"].to_numpy(np.float64)
    share = np.divide(*off, out=np.full(len(rows), np.nan), where=off[1] > 0)
    if not (share >= SHOWN).any():
        return {}
    on = rows["covered_share_on_network"].to_numpy(np.float64)
    return {
        f"{label}{summary.words('未接入路网占比', 'off-network share')}": share,
        f"{label}{summary.words('路网内覆盖率', 'on-network share')}": on,
    }


def write_summary_workbook(summary: Summary, path: Path) -> None:
    """Write the summary's tables, one sheet each, behind a sheet that links to them; a table without rows has none."""
    # In memory: what the writer lays into the folder for temporary files it leaves there where the disk is full.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": FIXED_DATE, "comments": "circle15"})
        say = summary.words
        sheets = [
            (SheetEntry(say(*titles), say(*meanings), len(table)), table, name)
            for titles, meanings, table, name in (
                (("区县", "Districts"), _SHARES, wide_shares(summary, "district"), "summary"),
                (("街道", "Units"), _SHARES, wide_shares(summary, "unit"), "summary"),
                (("明细", "All rows"), _ROWS, summary.rows.drop(columns="layer"), "summary"),
                (("服务齐全度", "Completeness"), _COMPLETE, summary.completeness, "completeness"),
                (("规划指标", "Targets"), _TARGETS, summary.targets, "targets"),
                (("提示与未完成", "Notes and failures"), _NOTES, summary.notes, "notes"),
            )
            if len(table)
        ]
        _write_first_sheet(book, [entry for entry, *_ in sheets], summary.lang)
        for entry, table, name in sheets:
            _write_sheet(book, entry.title, for_people(table, summary.lang, summary.layers, {}), name, summary.lang)


def _write_first_sheet(book: Workbook, entries: Sequence[SheetEntry], lang: str) -> None:
    sheet = book.add_worksheet("目录" if lang == "zh" else "Contents")
    formats = Formats(book)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 80)
    sheet.write_string(0, 0, "各区县汇总" if lang == "zh" else "All districts", formats.title)
    write_contents(sheet, entries, lang, formats)
    set_paper(sheet, lang)


def _write_sheet(book: Workbook, title: str, table: pd.DataFrame, name: str, lang: str) -> None:
    sheet = book.add_worksheet(title)
    columns = []
    heading_format = book.add_format({"bold": True, "bg_color": "#E4EEF0", "text_wrap": True} | BODY)
    text = book.add_format({"align": "left", "indent": 1, "text_wrap": True} | BODY)
    for j, column in enumerate(table.columns):
        heading = _heading(str(column), name, lang)
        sheet.write_string(0, j, heading, heading_format)
        shown = shown_column(str(column))
        values = table[column] * 100 if shown == "change" else table[column]
        pattern = number_pattern(shown, values) if pd.api.types.is_numeric_dtype(values) else ""
        style = book.add_format({"num_format": pattern} | BODY) if pattern else text
        for i, value in enumerate(values, start=1):
            write_cell(sheet, i, j, value, style)
        columns.append(measured(heading, values, pattern, is_id=column.endswith("_id")))
    n_names = next((j for j, column in enumerate(table.columns) if column not in _NAMES), 1)
    n_printed = sum(not str(column).endswith("_id") for column in table.columns)
    lay_out(sheet, columns, lang, n_names=max(n_names, 1), begins=_begins(table), n_printed=n_printed)
    sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _begins(table: pd.DataFrame) -> list[int]:
    """Give the columns of `wide_shares` with which another service begins: its share is its first."""
    names = enumerate(map(str, table.columns))
    of_network = ("路网内覆盖率", "on-network share", "off-network share")
    return [j for j, name in names if name.endswith(("覆盖率", " share")) and not name.endswith(of_network)]


def _heading(column: str, table: str, lang: str) -> str:
    known = entry("summary", column) or entry(table, column)
    return known.heading_with_unit(lang) if known is not None else column


def shown_column(column: str) -> str:
    """Give the column of summary.csv whose numbers a column of `wide_shares` shows; any other is itself."""
    return next((name for name, endings in _WIDE.items() if column.endswith(endings)), column)
