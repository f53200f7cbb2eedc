"""tables.xlsx: every table for people, with headings, units, notes and definitions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter

from circle15.outputs.dictionary import entry
from circle15.outputs.tables import decimals_of

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from circle15.outputs.result import DistrictResult

# Sheets in the order in which a reader wants them.
SHEETS = {
    "coverage": ("覆盖率", "Coverage"),
    "completeness": ("服务齐全度", "Completeness"),
    "portrait": ("四维画像", "Portrait"),
    "gaps": ("供需缺口", "Gaps"),
    "equity": ("均衡度", "Equity"),
    "saturation": ("饱和度", "Saturation"),
    "satisfaction": ("满意度", "Satisfaction"),
    "targets": ("规划指标", "Targets"),
    "unit_rules": ("单元规则", "Unit rules"),
    "ranking": ("建议点位", "Ranking"),
    "siting": ("优化选址", "Siting"),
    "causes": ("未覆盖原因", "Causes"),
    "projects": ("项目比选", "Planned projects"),
    "links": ("断点连通", "Missing links"),
    "coverage_groups": ("分人群覆盖率", "Coverage by group"),
    "communities": ("村社覆盖率", "Communities"),
    "coverage_measures": ("口径对比", "Measures"),
    "facilities": ("设施", "Facilities"),
    "unlinked": ("未接入路网", "Not linked"),
}
LONGEST_COLUMN = 42
FIXED_DATE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 (xlsx stores no zone); same inputs, same bytes


def write_workbook(result: DistrictResult, path: Path) -> None:
    """Write the run's tables and a sheet of definitions as one workbook.

    Texts are written as texts, so that a name that begins with "=" does nothing.
    """
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": result.name, "created": FIXED_DATE, "comments": "circle15"})
        formats = _Formats(book)
        _write_notes(result, book.add_worksheet(_word(result, "说明", "Notes")), formats)
        for name, titles in SHEETS.items():
            table = result.tables.get(name)
            if table is not None:
                sheet = book.add_worksheet(titles[0] if result.lang == "zh" else titles[1])
                _write_table(result, name, table, sheet, formats)


class _Formats:
    """Cell formats of one workbook, made once each."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._numbers: dict[str, Format] = {}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.heading = book.add_format(
            {
                "bold": True,
                "bg_color": "#E4EEF0",
                "border": 1,
                "border_color": "#B8C4C8",
                "text_wrap": True,
                "valign": "top",
            }
        )
        self.label = book.add_format({"bold": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.whole = book.add_format({"bold": True, "top": 1})
        self.good = book.add_format({"font_color": "#1B5E20"})

    def number(self, pattern: str) -> Format:
        """Give the format with a number pattern."""
        if pattern not in self._numbers:
            self._numbers[pattern] = self._book.add_format({"num_format": pattern})
        return self._numbers[pattern]


def number_pattern(column: Hashable) -> str:
    """Give how a spreadsheet shows a column's numbers, by its name."""
    name = str(column)
    if name.endswith("share"):
        return "0.0%"
    if name in ("rank", "n_layers", "min_count", "year"):
        return "0"
    if "people" in name or name == "load":
        return "#,##0"
    decimals = min(decimals_of(column), 6)
    return "0." + "0" * decimals if name in ("lon", "lat") else "#,##0.0"


def _write_table(result: DistrictResult, name: str, table: pd.DataFrame, sheet: Worksheet, formats: _Formats) -> None:
    layer_ids = tuple(layer.id for layer in result.layers)
    layer_names = {layer.id: layer.name for layer in result.layers}
    sheet.freeze_panes(1, 0)
    for j, column in enumerate(table.columns):
        known = entry(name, str(column), layer_ids)
        heading = known.heading(result.lang) if known else str(column)
        heading = f"{heading}（{known.unit}）" if known and known.unit and result.lang == "zh" else heading
        heading = f"{heading} ({known.unit})" if known and known.unit and result.lang == "en" else heading
        sheet.write_string(0, j, heading, formats.heading)
        if known:
            sheet.write_comment(0, j, known.meaning(result.lang), {"x_scale": 2})
        values = table[column].map(lambda v: layer_names.get(v, v)) if column == "layer" else table[column]
        is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        cell_format = formats.number(number_pattern(column)) if is_number else None
        for i, value in enumerate(values, start=1):
            _write_cell(sheet, i, j, value, cell_format)
        sheet.set_column(j, j, _column_width(heading, values, is_number=is_number))
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
    for j, column in enumerate(table.columns):
        if str(column).endswith("share") and len(table):
            bar = {"type": "data_bar", "bar_color": "#9CC9C2", "bar_solid": True, "min_type": "num", "max_type": "num"}
            sheet.conditional_format(1, j, len(table), j, {**bar, "min_value": 0, "max_value": 1})


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any, cell_format: Format | None) -> None:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        sheet.write_blank(row, column, None)
    elif isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value))
    elif isinstance(value, int | float | np.integer | np.floating):
        sheet.write_number(row, column, float(value), cell_format)
    else:
        sheet.write_string(row, column, str(value))


def _column_width(heading: str, values: pd.Series[Any], *, is_number: bool) -> float:
    longest = 10 if is_number else max((_display_width(str(v)) for v in values[:500]), default=0)
    return float(min(max(longest, _display_width(heading) * 0.75, 8) + 3, LONGEST_COLUMN))


def _display_width(text: str) -> int:
    """Width in Latin letters; Chinese characters take two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)  # noqa: PLR2004 (CJK begins here)


def _write_notes(result: DistrictResult, sheet: Worksheet, formats: _Formats) -> None:
    """Write the first sheet: what was measured, by which rules, from which sources, with which warnings."""
    rows = [(result.name, "")]
    rows += [
        (_word(result, "人口来源", "People from"), result.population_source),
        (
            _word(result, "网格", "Cells"),
            _word(
                result,
                f"H3 {result.resolution} 级，自中心点起步",
                f"H3 resolution {result.resolution}, walks start at the centre",
            ),
        ),
        (_word(result, "数据来源", "Sources"), "\n".join(result.attributions)),
        *((_word(result, "数据提示", "Warning"), w) for w in result.warnings),
    ]
    for layer in result.layers:
        walker = f"{layer.profile} {layer.speed_m_s:g} m/s"
        rule = _word(
            result,
            f"步行 {layer.threshold_min:g} 分钟（{layer.threshold_m:.0f} 米，{walker}）以内至少 {layer.min_count} 处",
            f"at least {layer.min_count} within {layer.threshold_min:g} min ({layer.threshold_m:.0f} m, {walker}) on foot",
        )
        rows.append((layer.name, f"{rule}\n{layer.source}" + (f"\n{layer.note}" if layer.note else "")))
    for name, titles in SHEETS.items():
        for column in result.tables.get(name, pd.DataFrame()).columns:
            known = entry(name, str(column), tuple(layer.id for layer in result.layers))
            if known:
                title = titles[0] if result.lang == "zh" else titles[1]
                source = f" [{known.source}]" if known.source else ""
                rows.append((f"{title} · {known.heading(result.lang)}", known.meaning(result.lang) + source))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    for i, (label, text) in enumerate(rows):
        sheet.write_string(i, 0, label, formats.title if i == 0 else formats.label)
        sheet.write_string(i, 1, text, formats.wrapped)


def _word(result: DistrictResult, zh: str, en: str) -> str:
    return zh if result.lang == "zh" else en
