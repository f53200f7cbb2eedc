"""Two sheets of tables.xlsx that are no tables: the notes in front, and the charts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import circle15
from circle15.outputs.dictionary import entry
from circle15.outputs.palette import CAUSE_COLOURS, WITHIN, ramp
from circle15.outputs.paper import set_paper, text_width
from circle15.outputs.shared_words import words
from circle15.outputs.text import cells_rule, group_of, layer_rules
from circle15.outputs.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from circle15.outputs.book_labels import BookLabels
    from circle15.outputs.result import DistrictResult, LayerInfo

GRID = {"color": "#E4E2DC"}
CHART_WIDTH, ROW_HEIGHT, FRAME_HEIGHT = 760, 22, 120
LARGEST_CHART = 1400


def write_notes(
    result: DistrictResult, sheet: Worksheet, *, title: Format, label: Format, text: Format, top: int = 1
) -> None:
    """Write what was measured, by which rules, from which sources and with which warnings.

    Parameters
    ----------
    result
        The measured district.
    sheet
        The sheet to write.
    title, label, text
        Formats of the first line, the left column and the right column.
    top
        Row below the title with which the notes begin.
    """
    is_zh = result.lang == "zh"
    say = words(result.lang)
    rows = [(result.name, "")]
    view = View(result)
    rows += [(say["as_of"], result.as_of)] if result.as_of else []
    rows += [(f"{say['scenario']} · {kind}", text) for kind, text in view.change_facts()]
    rows += [(say["bureau"], result.bureau)] if result.bureau else []
    rows += [(say["map_approval"], result.map_approval)] if result.map_approval else []
    rows += [
        (say["population_source"], result.population_source),
        (say["cell"], cells_rule(result)),
        (say["sources"], "\n".join(result.attributions)),
        ("配置 SHA-256" if is_zh else "Config SHA-256", result.config_sha256),
        ("软件" if is_zh else "Software", f"circle15 {circle15.__version__}"),
        *((layer.name, _rule(layer, lang=result.lang)) for layer in result.layers),
        *((say["warnings"], warning) for warning in result.warnings),
    ]
    write_lines(sheet, rows, result.lang, title=title, label=label, text=text, top=top)


def write_columns(
    labels: BookLabels, tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], sheet: Worksheet, *,
    title: Format, label: Format, text: Format, is_shown: bool = True,
) -> None:  # fmt: skip
    """Write what each column means, of tables whose sheets' titles are given by their names; see `write_notes`."""
    lang = labels.lang
    rows = [("列说明" if lang == "zh" else "Columns", "")]
    layer_ids = tuple(layer.id for layer in labels.layers)
    for name, table_title in titles.items():
        for column in tables[name].columns:
            known = entry(name, str(column), layer_ids)
            if known:
                source = f" [{known.source}]" if known.source else ""
                rows.append((f"{table_title} · {known.heading(lang)}", known.meaning(lang) + source))
    write_lines(sheet, rows, lang, title=title, label=label, text=text, is_shown=is_shown)


_SUBJECT_WIDTH, _SENTENCE_WIDTH, _LINE_HEIGHT = 30, 120, 15


def write_lines(
    sheet: Worksheet, rows: list[tuple[str, str]], lang: str, *, title: Format, label: Format, text: Format,
    top: int = 1, is_shown: bool = True,
) -> None:  # fmt: skip
    """Write lines of a subject and what is said of it, the first one as the sheet's title, the others from ``top``."""
    sheet.set_column(0, 0, _SUBJECT_WIDTH)
    sheet.set_column(1, 1, _SENTENCE_WIDTH)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.write_string(0, 0, rows[0][0], title)
    for i, (left, right) in enumerate(rows[1:], start=top):
        if (lines := _lines_of(right)) > 1:
            sheet.set_row(i, _LINE_HEIGHT * lines)
        sheet.write_string(i, 0, left, label)
        sheet.write_string(i, 1, right, text)
    if is_shown:
        sheet.print_area(0, 0, top + len(rows) - 2, 1)
    else:
        sheet.hide()
    n_lines = top + sum(_lines_of(right) for _, right in rows[1:])
    set_paper(sheet, lang, subject=rows[0][0], n_lines=n_lines, letters=_SUBJECT_WIDTH + _SENTENCE_WIDTH)


def _lines_of(text: str) -> int:
    """Give how many lines a sentence takes in its column."""
    return sum(max(math.ceil(text_width(line) / _SENTENCE_WIDTH), 1) for line in text.split("\n"))


def _rule(layer: LayerInfo, *, lang: str) -> str:
    (_, within), (_, speed), (_, people), *_ = layer_rules(layer, lang)
    if lang == "zh":
        rule = f"步行 {within}以内至少 {layer.min_count} 处，步速 {speed}，{people}"
    else:
        rule = f"at least {layer.min_count} within {within} on foot, at {speed}, for {people}"
    return "\n".join(text for text in (rule, layer.source, layer.note) if text)


def write_charts(result: DistrictResult, book: Workbook, heading: Format, share: Format, people: Format) -> None:
    """Write the sheet of charts: covered shares of every unit and, where they were sought, causes of each service.

    Causes are shares of the service's own uncovered people: infants and residents share no scale.
    """
    view = View(result)
    is_zh = result.lang == "zh"
    sheet = book.add_worksheet("图表" if is_zh else "Charts")
    areas = [view, *(view.of_unit(unit_id) for unit_id in view.unit_ids)]
    names = [layer.name for layer in result.layers]
    rows = [(area.name, [_known(row.covered_share) for _, row in area.coverage_rows()]) for area in areas]
    say = view.say
    _write_block(sheet, 0, [say["unit"], *names], rows, heading=heading, number=share)
    heights = [max(_height(len(rows) * len(names)), _ROW_PIXELS * (len(rows) + 1))]
    colours = ramp((*WITHIN[1:], (43, 95, 92)), len(names))
    chart = _bars(book, sheet, 0, names, colours, n_rows=len(rows), is_stacked=False)
    chart.set_title({"name": say["coverage_by_unit"], "name_font": {"size": 12}})
    chart.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "major_gridlines": {"visible": True, "line": GRID}})
    sheet.insert_chart(0, len(names) + 2, chart)
    causes = [
        (f"{layer.name} · {group_of(layer.group, result.lang)}", _cause_people(view, layer)) for layer in result.layers
    ]
    if view.own("causes"):
        top = heights[0] // _ROW_PIXELS + 2
        heights.append(max(_height(len(causes) * 2), _ROW_PIXELS * (len(causes) + 1)))
        labels = [say[f"cause_{name}"] for name in _UNCOVERED]
        shades = [CAUSE_COLOURS[name] for name in _UNCOVERED]
        _write_block(sheet, top, [say["service"], *labels], causes, heading=heading, number=people)
        chart = _bars(book, sheet, top, labels, shades, n_rows=len(causes), is_stacked=True)
        chart.set_x_axis({"num_format": "0%", "major_gridlines": {"visible": True, "line": GRID}})
        chart.set_title({"name": say["causes_title"], "name_font": {"size": 12}})
        sheet.insert_chart(top, len(names) + 2, chart)
    sheet.set_column(0, 0, _LABEL_WIDTH)
    sheet.set_column(1, max(len(names), len(_UNCOVERED)), _VALUE_WIDTH)
    _print_charts(sheet, heights, n_columns=len(names) + 2, result=result)


_LABEL_WIDTH, _VALUE_WIDTH = 22, 14
_ROW_PIXELS, _LETTER_PIXELS, _COLUMN_PIXELS = 20, 7, 64
_PAGE_PIXELS = (800, 560)
"""Room of a lying A4 page at full size, less what wider letters than Calibri's would take of it."""


def _print_charts(sheet: Worksheet, heights: list[int], *, n_columns: int, result: DistrictResult) -> None:
    """Print the blocks and charts, which are ``heights`` pixels high, without a page's end through a chart."""
    across = _LETTER_PIXELS * (_LABEL_WIDTH + _VALUE_WIDTH * n_columns) + CHART_WIDTH
    set_paper(sheet, result.lang, subject=result.name)
    scale = min(_PAGE_PIXELS[0] / across, _PAGE_PIXELS[1] / max(heights), 1.0)
    rows = [height // _ROW_PIXELS + 2 for height in heights]
    if sum(rows) * _ROW_PIXELS * scale > _PAGE_PIXELS[1]:
        sheet.set_h_pagebreaks([rows[0]])
    sheet.set_print_scale(max(int(scale * 100), 10))
    sheet.print_area(0, 0, sum(rows) - 1, n_columns + CHART_WIDTH // _COLUMN_PIXELS)


_UNCOVERED = tuple(name for name in CAUSE_COLOURS if name != "full")


def _cause_people(view: View, layer: LayerInfo) -> list[float | None]:
    people = {row.cause: float(row.people) for row in view.own("causes") if row.layer == layer.id}
    return [people.get(name, 0.0) for name in _UNCOVERED]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _write_block(
    sheet: Worksheet, top: int, headings: list[str], rows: list[tuple[str, list[float | None]]], *, heading: Format,
    number: Format,
) -> None:  # fmt: skip
    for j, text in enumerate(headings):
        sheet.write_string(top, j, text, heading)
    for i, (name, values) in enumerate(rows, start=top + 1):
        sheet.write_string(i, 0, name)
        for j, value in enumerate(values, start=1):
            if value is not None:
                sheet.write_number(i, j, value, number)


def _height(n_bars: int) -> int:
    return min(FRAME_HEIGHT + ROW_HEIGHT * n_bars // 2, LARGEST_CHART)


def _bars(
    book: Workbook, sheet: Worksheet, top: int, names: list[str], colours: Any, *, n_rows: int, is_stacked: bool
) -> Any:
    """Draw the block that begins at row ``top`` as horizontal bars, its first row at the top."""
    chart = book.add_chart({"type": "bar", "subtype": "percent_stacked"} if is_stacked else {"type": "bar"})
    for j, (_, colour) in enumerate(zip(names, colours, strict=True), start=1):
        chart.add_series(
            {
                "name": [sheet.get_name(), top, j],
                "categories": [sheet.get_name(), top + 1, 0, top + n_rows, 0],
                "values": [sheet.get_name(), top + 1, j, top + n_rows, j],
                "fill": {"color": colour.upper()},
                "gap": 60,
            }
        )
    # The first row on top, and the values' axis below all the same.
    chart.set_y_axis({"reverse": True, "crossing": "max"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": CHART_WIDTH, "height": _height(n_rows * (2 if is_stacked else len(names)))})
    return chart
