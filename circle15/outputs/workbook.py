"""tables.xlsx: every table for people, with headings, units, charts, colours and definitions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xlsxwriter

from circle15.outputs.book_labels import BookLabels, labels_of
from circle15.outputs.catalogue import catalogue
from circle15.outputs.dictionary import entry, number_pattern
from circle15.outputs.paper import BODY, lay_out, measured
from circle15.outputs.readable_values import people_values
from circle15.outputs.text import rate_unit
from circle15.outputs.workbook_contents import SheetEntry, columns_entry, entries_of, write_contents
from circle15.outputs.workbook_parts import write_charts, write_columns, write_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from circle15.outputs.result import DistrictResult, LayerInfo

# Columns of which a large number is bad news, and those whose numbers go from 0 (bad) to 100 (good).
SHORTAGES = ("gap", "places_missing", "shortfall", "uncovered_people")
SCORES = ("匹配度", "可及度", "饱和度", "满意度", "score", "index")
# Names that stand before the ids of units.
_NAME_OF = {"unit_id": "unit_name", "parent_id": "parent_name"}
_NAMES = ("rank", "order", "year", "layer", "parent_name", "unit_name", "name", "indicator", "file")
"""Columns that say what a row is of: where a table begins with them they stay in sight and on every page."""
_MOST_NAMES = 3
_NAME_HEADINGS = {"unit_name": ("街道（村社）名称", "Unit name"), "parent_name": ("所属街道", "Street")}
GOOD, MIDDLE, BAD = "#9CC9C2", "#FFFFFF", "#DDB184"
_FIRST = ("year", "rank", "order", "layer", "name", "unit_name")
"""Columns with which a list of places begins."""
LINK = {"font_color": "#1D5F58", "underline": 1, "valign": "top"}
FIXED_DATE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 (xlsx stores no zone); same inputs, same bytes


def write_workbook(result: DistrictResult, path: Path) -> None:
    """Write the rules and sources, the charts, the run's tables and what their columns mean as one workbook.

    Texts are written as texts, so that a name that begins with "=" does nothing.
    """
    labels = labels_of(result)
    lang = result.lang
    shown = {name: result.tables[name] for name in catalogue() if name in result.tables}
    charts = (
        _word(lang, "图表", "Charts"),
        _word(lang, "各街道覆盖率、各服务问题成因", "Coverage by street, causes by service"),
    )
    entries = [SheetEntry(*charts), *entries_of(shown, lang), columns_entry(lang, is_shown=False)]
    with new_book(result.name, path) as book:
        formats = Formats(book)
        texts = {"title": formats.title, "label": formats.label, "text": formats.wrapped}
        first = book.add_worksheet(_word(lang, "说明", "Notes"))
        write_notes(result, first, **texts, top=write_contents(first, entries, lang, formats))
        write_charts(result, book, formats.heading, formats.number("0.0%"), formats.number("#,##0"))
        for name, listed in zip(shown, entries[1:], strict=False):
            sheet = book.add_worksheet(listed.title)
            write_table(labels, name, shown[name], sheet, formats, is_shown=listed.is_shown)
        titles = {name: catalogue()[name].sheet(lang) for name in shown}
        last = book.add_worksheet(entries[-1].title)
        write_columns(labels, shown, titles, last, **texts, is_shown=False)


def write_import_report(result: DistrictResult, report: pd.DataFrame, path: Path) -> None:
    """Write what the reading of tables changed or left out as a workbook of one sheet, for who made the tables."""
    with new_book(result.name, path) as book:
        sheet = book.add_worksheet(catalogue()["import_report"].sheet(result.lang))
        write_table(labels_of(result), "import_report", report, sheet, Formats(book))


def new_book(title: str, path: Path) -> Workbook:
    """Begin a workbook in which texts are texts, with a fixed date."""
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"title": title, "created": FIXED_DATE, "comments": "circle15"})
    return book


class Formats:
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
                "font_size": 10,
            }
        )
        self.label = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
        self.link = book.add_format(LINK)
        self.apart = book.add_format({"indent": 1, "text_wrap": True} | BODY)  # a text beside a number
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    def number(self, pattern: str) -> Format:
        """Give the format with a number pattern."""
        if pattern not in self._numbers:
            self._numbers[pattern] = self._book.add_format({"num_format": pattern} | BODY)
        return self._numbers[pattern]


def for_people(
    table: pd.DataFrame, lang: str, layer_names: Mapping[str, str], unit_names: Mapping[str, str]
) -> pd.DataFrame:
    """Give ``table`` as people read it: values by their names, units with theirs, ids last."""
    columns: dict[str, Any] = {}
    for column, values in table.items():
        name = str(column)
        if name in _NAME_OF and _NAME_OF[name] not in table:
            columns[_NAME_OF[name]] = values.map(unit_names)
        columns[name] = people_values(values, lang, layer_names)
    if "unit" in columns and "indicator" in columns:
        told = zip(table["unit"].fillna("").astype(str), table["indicator"].astype(str), strict=True)
        columns["unit"] = pd.Series([rate_unit(unit, name, lang) for unit, name in told], index=table.index)
    ids = [name for name in columns if _is_id(name)]
    is_list = next(iter(columns), "") in {"rank", "order", "year"} and "layer" in columns
    named = [name for name in _FIRST if name in columns] if is_list else []
    order = [*named, *(name for name in columns if name not in {*ids, *named}), *ids]
    return pd.DataFrame({name: columns[name] for name in order}, index=table.index)


def with_group(table: pd.DataFrame, layers: Sequence[LayerInfo]) -> pd.DataFrame:
    """Put the group of people beside the layer of a table that counts people and does not name them."""
    groups = {layer.id: layer.group for layer in layers}
    counts_people = any("people" in str(column) for column in table)
    if "layer" not in table or "group" in table or not counts_people or not table["layer"].isin(groups).all():
        return table
    made = table.copy()
    made.insert(list(table.columns).index("layer") + 1, "group", table["layer"].map(groups))
    return made


def write_table(
    labels: BookLabels, name: str, table: pd.DataFrame, sheet: Worksheet, formats: Formats, *, is_shown: bool = True
) -> None:
    """Write a table, called ``name`` in the data dictionary, as a sheet for people: headings, units, colours, paper."""
    lang = labels.lang
    layer_ids = tuple(layer.id for layer in labels.layers)
    layer_names = {layer.id: layer.name for layer in labels.layers}
    table = for_people(with_group(table, labels.layers), lang, layer_names, labels.unit_names)
    columns = []
    for j, column in enumerate(table.columns):
        known = entry(name, str(column), layer_ids) or (entry("coverage", "group") if column == "group" else None)
        named = _NAME_HEADINGS.get(str(column))
        plain = str(column) if named is None else _word(lang, *named)
        heading = known.heading_with_unit(lang) if known else plain
        sheet.write_string(0, j, heading, formats.heading)
        if known:
            sheet.write_comment(0, j, known.meaning(lang), {"x_scale": 2})
        values = table[column]
        is_number = pd.api.types.is_numeric_dtype(values)
        pattern = number_pattern(column, values) if is_number else ""
        cell_format = formats.number(pattern) if is_number else formats.apart
        for i, value in enumerate(values.tolist(), start=1):
            write_cell(sheet, i, j, value, cell_format)
        columns.append(measured(heading, values, pattern, is_id=_is_id(str(column))))
    n_names = next((j for j, c in enumerate(table.columns) if c not in _NAMES or j == _MOST_NAMES), len(columns))
    n_printed = sum(not _is_id(str(column)) for column in table.columns)
    lay_out(
        sheet, columns, lang, n_names=n_names, subject=labels.subject, n_printed=n_printed or None, is_shown=is_shown
    )
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
        _colour_columns(table, sheet)


def _colour_columns(table: pd.DataFrame, sheet: Worksheet) -> None:
    """Let a sheet's shares, shortages and scores show their size by colour."""
    bar = {"type": "data_bar", "bar_color": GOOD, "bar_solid": True, "min_type": "num", "max_type": "num"}
    for j, column in enumerate(table.columns):
        rule = None
        if str(column).endswith("share"):
            rule = {**bar, "min_value": 0, "max_value": 1}
        elif column in SHORTAGES:
            rule = {"type": "2_color_scale", "min_color": MIDDLE, "max_color": BAD, "min_type": "num", "min_value": 0}
        elif column in SCORES:
            rule = {
                "type": "3_color_scale", "min_type": "num", "mid_type": "num", "max_type": "num", "min_value": 0,
                "mid_value": 50, "max_value": 100, "min_color": BAD, "mid_color": MIDDLE, "max_color": GOOD,
            }  # fmt: skip
        if rule is not None:
            sheet.conditional_format(1, j, len(table), j, rule)


def write_cell(sheet: Worksheet, row: int, column: int, value: Any, cell_format: Format | None) -> None:
    """Write a number as such, anything else as text, and nothing where nothing is known."""
    if isinstance(value, str):
        if value:
            sheet.write_string(row, column, value, cell_format)
    elif value is None or value is pd.NA or value != value:  # noqa: PLR0124 (not a number)
        return
    elif isinstance(value, int | float | np.integer | np.floating):
        sheet.write_number(row, column, float(value), cell_format)
    elif text := str(value):
        sheet.write_string(row, column, text, cell_format)


def _is_id(column: str) -> bool:
    """Tell a column of ids, which are for programs: they stand last, and not on paper."""
    return column in {"id", "cell"} or column.endswith("_id")


def _word(lang: str, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
