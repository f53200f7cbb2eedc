"""trend.xlsx: runs of several dates for people: what moved, why, and the way to each target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
import xlsxwriter

from circle15.outputs.paper import BODY, lay_out, measured, set_paper, text_width
from circle15.outputs.trend_views import (
    FACTOR_NAMES,
    PORTRAIT,
    Words,
    over_dates,
    rows_of,
    sentences,
    several,
    shown_rows,
    targets_table,
    why_table,
)
from circle15.outputs.workbook import FIXED_DATE, LINK, write_cell

if TYPE_CHECKING:
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

    from circle15.outputs.trends import Trend

_NOTE_WIDTH, _LINE_HEIGHT = 110, 16
_YEAR = ("目标年", "By the end of")
_CHANGES = (("变化", "Change"), ("首末变化", "Change, first to last"), ("每年实增", "Pace a year"))


def write_trend_workbook(trend: Trend, path: Path) -> None:
    """Write one sheet each of notes, the whole over its dates, what moved it, streets, communities and targets."""
    say = Words(trend.lang)
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        book.set_properties({"created": FIXED_DATE, "comments": "circle15"})
        heading = book.add_format({"bold": True, "bg_color": "#E4EEF0", "text_wrap": True, "valign": "top", "border": 1,
                                   "border_color": "#B8C4C8"})  # fmt: skip
        sheets = {title: table for title, table in _sheets(trend, say).items() if len(table)}
        _write_notes(trend, book, say, list(sheets))
        for title, table in sheets.items():
            _write_sheet(book, title, table, heading, say)


def _sheets(trend: Trend, say: Words) -> dict[str, pd.DataFrame]:
    def gathered(*levels: str, why: bool, measures: tuple[str, ...] | None = None) -> pd.DataFrame:
        frames = []
        for district in trend.districts:
            rows = rows_of(trend, district, *levels)
            rows = shown_rows(rows) if measures is None else rows[rows["measure"].isin(measures)]
            frames.append((why_table if why else over_dates)(trend, district, rows))
        return several(trend, frames)

    return {
        say("全区", "Whole district"): gathered("district", why=False),
        say("变化原因", "What moved it"): gathered("district", why=True),
        say("街道", "Streets"): gathered("town", why=False),
        say("街道变化原因", "What moved streets"): gathered("town", why=True),
        say("村社", "Communities"): gathered("community", why=False),
        say("村社变化原因", "What moved communities"): gathered("community", why=True),
        say("四维画像", "Portrait"): gathered("town", "community", why=False, measures=PORTRAIT),
        say("画像变化原因", "What moved the portrait"): gathered("town", why=True, measures=PORTRAIT),
        say("目标进度", "Targets"): several(trend, [targets_table(trend, d) for d in trend.districts]),
    }


def _write_notes(trend: Trend, book: Workbook, say: Words, titles: list[str]) -> None:
    """Write links to the other sheets, what was compared, what the parts mean, and what must be known of the dates."""
    sheet = book.add_worksheet(say("说明", "Notes"))
    styles = {"bold": True, "font_size": 14}, {"text_wrap": True, "valign": "top"}, LINK
    title, text, link = (book.add_format(style) for style in styles)
    lines = [say("动态监测：各期变化及其原因", "Runs of several dates: what moved, and why")]
    for district in trend.districts:
        dates = say("、", ", ").join(date.as_of for date in district.dates)
        lines += [f"{district.name}{say('：', ': ')}{dates}", *sentences(trend, district)]
    lines += [*method(trend.lang), *trend.notes]
    sheet.set_column(0, 0, _NOTE_WIDTH)
    set_paper(sheet, trend.lang)
    for i, line in enumerate(lines):
        sheet.set_row(i, _LINE_HEIGHT * max(math.ceil(text_width(line) / _NOTE_WIDTH), 1) + 4)
        sheet.write_string(i, 0, line, title if i == 0 else text)
    for i, name in enumerate(titles, start=len(lines) + 1):
        sheet.write_url(i, 0, f"internal:'{name}'!A1", link, name)


def method(lang: str) -> list[str]:
    """Say how changes are split, for whoever reads the numbers."""
    say = Words(lang)
    return [
        say(
            "变化按因素分解：将上期的设施、容量、人口、道路、口径逐项换成本期的再算一遍，对所有替换次序取平均"
            "（沙普利值），各部分之和等于变化，未变的因素为 0。",
            "Each change is split: facilities, capacity, people, streets and rules of the date before are exchanged one"
            " by one for those of the date, and each one's effect is averaged over all orders (Shapley); the parts sum"
            " to the change, and what did not change has 0.",
        ),
        say(
            "设施增减：新开、撤销、迁址；容量：两期都在的设施的容量与使用；人口：居民及其分布、统计边界、满意度调查；"
            "道路：步行路网；口径：达标线、标准、人群、步速与规划指标。",
            "Facilities: opened, closed, moved. Capacity: places and use of those that stand on both dates. People: who"
            " lives where, outlines, surveys. Streets: the walking network. Rules: thresholds, norms, groups, speeds,"
            " the plan's registers.",
        ),
    ]


def _write_sheet(book: Workbook, title: str, table: pd.DataFrame, heading: Format, say: Words) -> None:
    sheet = book.add_worksheet(title)
    text = book.add_format({"text_wrap": True} | BODY)
    whole = book.add_format({"num_format": "0"} | BODY)
    plain_pattern = "#,##0.00" if say("目标", "Target") in table else "#,##0.0"
    plain = book.add_format({"num_format": plain_pattern} | BODY)
    signed = book.add_format({"num_format": "+#,##0.0;-#,##0.0;0.0"} | BODY)
    changes = {say(*pair) for pair in _CHANGES} | {say(*pair).capitalize() for pair in FACTOR_NAMES.values()}
    columns = []
    for j, column in enumerate(table.columns):
        sheet.write_string(0, j, str(column), heading)
        is_number = pd.api.types.is_numeric_dtype(table[column])
        style = plain if is_number else text
        style = whole if column == say(*_YEAR) else signed if column in changes else style
        for i, value in enumerate(table[column], start=1):
            write_cell(sheet, i, j, value, style)
        columns.append(measured(str(column), table[column], plain_pattern if is_number else ""))
    n_names = sum(not pd.api.types.is_numeric_dtype(table[c]) for c in table.columns[:4])
    lay_out(sheet, columns, say.lang, n_names=min(max(n_names, 1), 3))
    sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
