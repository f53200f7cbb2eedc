"""summary.xlsx: districts and streets side by side, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter

from circle15.outputs.beside_share import SHOWN
from circle15.outputs.dictionary import entry
from circle15.outputs.workbook import FIXED_DATE, for_people, number_pattern, write_cell
from circle15.outputs.workbook_parts import set_paper

if TYPE_CHECKING:
    from pathlib import Path

    from xlsxwriter.workbook import Workbook

    from circle15.outputs.summary import Summary

_ZH_WIDTH = 2.1
_NARROWEST, _NUMBER_WIDTH, _WIDEST = 9.0, 11.0, 46.0
_HEADING_HEIGHT = 46  # points: three lines
_HEADINGS = {
    "district_id": ("区县编号", "District id"),
    "district_name": ("区县", "District"),
    "level": ("层级", "Level"),
    "layer_name": ("服务名称", "Service"),
    "min_count": ("至少可达", "At least"),
    "speed_m_s": ("步速（米/秒）", "Speed (m/s)"),
    "rank": ("名次", "Rank"),
    "previous_share": ("上期", "Earlier"),
    "change": ("变化（百分点）", "Change (points)"),
    "change_note": ("可比性", "Comparable"),
    "note": ("说明", "Note"),
}


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
        label = name if list(summary.layers.values()).count(name) == 1 else f"{name} ({layer})"
        columns[f"{label} {summary.words('覆盖率', 'share')}"] = (
            own["covered_share"].reindex(index).to_numpy(np.float64)
        )
        columns |= _off_network(summary, label, own.reindex(index))
        columns[f"{label} {summary.words('名次', 'rank')}"] = own["rank"].reindex(index).to_numpy(np.float64)
        if summary.previous is not None:
            columns[f"{label} {summary.words('变化（百分点）', 'change (points)')}"] = (
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
        f"{label} {summary.words('未接入路网占比', 'off-network share')}": share,
        f"{label} {summary.words('路网内覆盖率', 'on-network share')}": on,
    }


def write_summary_workbook(summary: Summary, path: Path) -> None:
    """Write the summary's tables, one sheet each; a table without rows has none."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": FIXED_DATE, "comments": "circle15"})
        say = summary.words
        for title, table, name in (
            (say("区县", "Districts"), wide_shares(summary, "district"), "coverage"),
            (say("街道", "Units"), wide_shares(summary, "unit"), "coverage"),
            (say("明细", "All rows"), summary.rows.drop(columns="layer"), "coverage"),
            (say("服务齐全度", "Completeness"), summary.completeness, "completeness"),
            (say("规划指标", "Targets"), summary.targets, "targets"),
            (say("提示与未完成", "Notes and failures"), summary.notes, "notes"),
        ):
            if len(table):
                _write_sheet(book, title, for_people(table, summary.lang, summary.layers, {}), name, summary.lang)
        if not book.worksheets():
            book.add_worksheet(say("无结果", "Nothing"))


def _write_sheet(book: Workbook, title: str, table: pd.DataFrame, name: str, lang: str) -> None:
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 2)
    sheet.set_row(0, _HEADING_HEIGHT)
    sheet.repeat_rows(0)
    widths = []
    heading_format = book.add_format({"bold": True, "bg_color": "#E4EEF0", "text_wrap": True, "valign": "top"})
    for j, column in enumerate(table.columns):
        heading = _heading(str(column), name, lang)
        sheet.write_string(0, j, heading, heading_format)
        values = table[column] * 100 if is_change(str(column)) else table[column]
        is_number = pd.api.types.is_numeric_dtype(values)
        longest = _NUMBER_WIDTH if is_number else max((_width(str(v)) for v in values), default=0.0)
        text = {"align": "left", "indent": 1, "text_wrap": longest > _WIDEST, "valign": "top"}
        pattern = book.add_format({"num_format": _pattern(str(column), values), "valign": "top"} if is_number else text)
        for i, value in enumerate(values, start=1):
            write_cell(sheet, i, j, value, pattern)
        needed = longest if is_number else max(longest, _width(heading) * 0.7, _NARROWEST)
        widths.append(min(needed + 2, _WIDEST))
        sheet.set_column(j, j, widths[-1])
    set_paper(sheet, widths)
    sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _heading(column: str, table: str, lang: str) -> str:
    if column in _HEADINGS:
        return _HEADINGS[column][0 if lang == "zh" else 1]
    known = next((e for t in (table, "coverage", "gaps") if (e := entry(t, column)) is not None), None)
    return known.heading_with_unit(lang) if known is not None else column


def is_change(column: str) -> bool:
    """Tell a difference of two shares, which is shown in points: +2.4 % would read as a relative change."""
    return column == "change" or column.endswith((" 变化（百分点）", " change (points)"))


def is_share(column: str) -> bool:
    """Tell a share, which is shown in per cent."""
    return column.endswith(("share", "share_on_network", "覆盖率", "占比"))


def _pattern(column: str, values: pd.Series[Any]) -> str:
    if is_change(column):
        return "+0.0;-0.0;0.0"
    if is_share(column):
        return "0.0%"
    if column.endswith(("rank", "名次")):
        return "0"
    return "#,##0" if column in {"居民", "People"} else number_pattern(column, values)


def _width(text: str) -> float:
    return sum(_ZH_WIDTH if ord(letter) > 0x2E7F else 1.0 for letter in text)  # noqa: PLR2004 (CJK begins here)
