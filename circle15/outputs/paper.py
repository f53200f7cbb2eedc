"""Sheets on paper: lying A4, no column cut, headings and names on every page, its title and number below."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from xlsxwriter.worksheet import Worksheet

_A4 = 9  # as Excel numbers it
WIDEST_PAGE = 222.0
"""Letters across a lying A4 page at `_SMALLEST`."""
WIDEST_PART, _OTHER_LETTERS = 170.0, 0.8
"""As much where pages end between services, since their size is then set: letters of another hand may be wider."""
_SMALLEST = 0.6  # of full size: the least that is read without a glass
_LETTERS_FULL_SIZE = WIDEST_PAGE * _SMALLEST
_LINES_FULL_SIZE = 36
_MARGIN, _HEAD_ROOM, _FOOT_ROOM = 0.4, 0.5, 0.6  # inches
_SMALLEST_CAP, _WIDEST = 12, 46.0
_STEPS = (2.0, 4.0, 8.0, 12.0, 16.0, 24.0)
"""Letters that a long text has at least in a line, its widest column, and by how much columns grow."""
_NARROWEST = 5.0
_ROOM = 2.0  # beside a text: its indent and the grid
_HEADING_LINES = 4
LINE_HEIGHT, _HEADING_ROOM = 13.5, 3  # points
BODY = {"font_size": 10, "valign": "vcenter"}
"""Of every value's format: lines of that height hold it."""


def text_width(text: str) -> int:
    """Give the width of a text in Latin letters; Chinese characters take two, as they do in GB 18030."""
    return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))


_UNIT = re.compile(r"（[\x21-\x7e°²³]+）")
"""A unit behind a Chinese heading, （km/km²）: one word, which no line breaks."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One column of a sheet before its width is settled."""

    heading: str
    longest: float  # letters of its longest value
    lengths: npt.NDArray[np.int64] | None = None  # letters of each of its texts; None of numbers, which do not wrap
    is_printed: bool = True
    is_hidden: bool = False
    n_rows: int = 0

    def least(self) -> int:
        """Give the letters without which a number, or a word of the heading, would be cut."""
        units = _UNIT.findall(self.heading)
        words = [*units, *re.split(r"[\s/–-]|(?<=[^\x00-\x7f])", _UNIT.sub("", self.heading))]
        heading = max(text_width(self.heading) / _HEADING_LINES, *map(text_width, words), _NARROWEST)
        return math.ceil(max(heading, self.longest if self.lengths is None else min(self.longest, _SMALLEST_CAP)))

    def n_lines(self, width: float) -> npt.NDArray[np.int64]:
        """Give how many lines each value takes; `width` with the room beside texts."""
        if self.lengths is None:
            return np.ones(self.n_rows, dtype=np.int64)
        return np.maximum(-(-self.lengths // max(math.floor(width - _ROOM), 1)), 1)


def measured(heading: str, values: pd.Series[Any], pattern: str, *, is_id: bool = False) -> Measured:
    """Measure a column of numbers, which are shown by ``pattern``, or with "" one of texts.

    One that has rows and nothing in any of them is hidden; one of ids is not printed.
    """
    n = len(values)
    is_empty = n > 0 and not (values.notna() & (values != "")).any()
    is_printed = not (is_id or is_empty)
    if pattern:
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        most = np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0)
        decimals = pattern.partition(";")[0].partition(".")[2].count("0")
        digits = f"{most * 100:.{decimals}f}%" if pattern.endswith("%") else f"{most:,.{decimals}f}"
        return Measured(heading, len(digits) + 1, is_printed=is_printed, is_hidden=is_empty, n_rows=n)
    lengths = np.array([_letters(v) for v in values.tolist()], dtype=np.int64)
    longest = int(lengths.max(initial=0))
    return Measured(heading, longest, lengths, is_printed=is_printed, is_hidden=is_empty, n_rows=n)


def _letters(value: Any) -> int:
    return text_width(value) if isinstance(value, str) else 0 if pd.isna(value) else len(str(value))


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sheet's columns share the paper."""

    widths: tuple[float, ...]  # letters
    lines: npt.NDArray[np.int64]  # of each row
    heading_lines: int
    n_across: int  # pages side by side

    @property
    def n_lines(self) -> int:
        """Give the lines of the whole sheet."""
        return int(self.lines.sum()) + self.heading_lines


def laid_out(columns: Sequence[Measured]) -> Layout:
    """Give columns their widths: texts are broken into lines before a sheet is broken into pages side by side.

    Every column has what it cannot do without; what is left of the page's width goes, bit by bit, to the texts that
    take most lines.
    """
    widths = [column.least() + (_ROOM if column.lengths is not None else _ROOM / 2) for column in columns]
    left = WIDEST_PAGE - sum(w for w, column in zip(widths, columns, strict=True) if column.is_printed)
    while (growth := _best_growth(columns, widths, left)) is not None:
        i, letters = growth
        widths[i] += letters
        left -= letters
    lines = _row_lines(columns, widths)
    headings = (text_width(c.heading) / max(w - _ROOM / 2, 1) for w, c in zip(widths, columns, strict=True))
    across = sum(w for w, column in zip(widths, columns, strict=True) if column.is_printed)
    n_across = max(math.ceil(across / WIDEST_PAGE), 1)
    return Layout(tuple(widths), lines, math.ceil(max(headings, default=1.0)), n_across)


def _row_lines(columns: Sequence[Measured], widths: Sequence[float]) -> npt.NDArray[np.int64]:
    """Give the lines of each row: those of its longest text."""
    printed = [(c, w) for c, w in zip(columns, widths, strict=True) if c.is_printed] or list(
        zip(columns, widths, strict=True)
    )
    lines = np.ones(max((c.n_rows for c in columns), default=0), dtype=np.int64)
    for column, width in printed:
        if column.lengths is not None:
            lines = np.maximum(lines, column.n_lines(width))
    return lines


def _best_growth(columns: Sequence[Measured], widths: Sequence[float], left: float) -> tuple[int, float] | None:
    """Find the column, and by how many of the ``left`` letters it grows, that saves most lines a letter.

    Lines of the sheet count before a column's own, which save none as long as another text of the row is longer. None
    where nothing is to be saved.
    """
    total, best = int(_row_lines(columns, widths).sum()), None
    most = (0.0, 0.0)
    for i, column in enumerate(columns):
        if not column.is_printed or column.lengths is None or column.longest <= widths[i] - _ROOM:
            continue
        own = int(column.n_lines(widths[i]).sum())
        for letters in (step for step in _STEPS if step <= left and widths[i] + step <= _WIDEST):
            wider = [w + letters * (i == j) for j, w in enumerate(widths)]
            saved = total - int(_row_lines(columns, wider).sum()), own - int(column.n_lines(wider[i]).sum())
            gain = saved[0] / letters, saved[1] / letters
            if gain > most:
                most, best = gain, (i, letters)
    return best


def set_heights(sheet: Worksheet, layout: Layout) -> None:
    """Make rows as high as their texts, which LibreOffice does not do by itself."""
    sheet.set_default_row(LINE_HEIGHT)
    sheet.set_row(0, LINE_HEIGHT * layout.heading_lines + _HEADING_ROOM)
    for i in np.flatnonzero(layout.lines > 1).tolist():
        sheet.set_row(i + 1, LINE_HEIGHT * int(layout.lines[i]))


def set_paper(
    sheet: Worksheet, lang: str, *, subject: str = "", n_lines: int = 0, n_across: int = 1, letters: float = 0.0
) -> None:
    """Print a sheet on lying A4, ``n_across`` pages wide and as few long as keep it readable.

    Parameters
    ----------
    sheet
        The sheet.
    lang
        "zh" or "en", of the page's number.
    subject
        What stands above every page: whom the workbook is of.
    n_lines
        Lines of text, where it is known that fewer pages would do than at full width; 0 as many pages as it takes.
    n_across
        Pages side by side.
    letters
        Width of all printed columns; with it a sheet that would hang over by a few lines is printed smaller.
    """
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.set_margins(left=_MARGIN, right=_MARGIN, top=_HEAD_ROOM + 0.15, bottom=_FOOT_ROOM)
    number = "第 &P 页，共 &N 页" if lang == "zh" else "Page &P of &N"
    sheet.set_header(f"&L&9{subject.replace('&', '&&')}&R&9&A" if subject else "&R&9&A", {"margin": 0.25})
    sheet.set_footer(f"&C&9{number}", {"margin": 0.25})
    sheet.fit_to_pages(n_across, _n_down(n_lines, letters / n_across) if n_lines else 0)


def lay_out(
    sheet: Worksheet, columns: Sequence[Measured], lang: str, *, n_names: int, subject: str = "",
    begins: Sequence[int] = (), n_printed: int | None = None, is_shown: bool = True,
) -> None:  # fmt: skip
    """Give a table's columns their widths and the sheet its place on paper, headings and names on every page.

    Parameters
    ----------
    sheet
        A sheet with headings in its first row.
    columns
        Its columns.
    lang, subject
        See `set_paper`.
    n_names
        Columns that say what a row is of.
    begins
        Columns with which another service begins: a sheet of several pages side by side is parted there.
    n_printed
        Columns that are printed, from the first; all by default.
    is_shown
        A sheet that is not shown has no area to print: LibreOffice prints a hidden sheet that has one.
    """
    layout = laid_out(columns)
    for j, (width, column) in enumerate(zip(layout.widths, columns, strict=True)):
        sheet.set_column(j, j, width, None, {"hidden": column.is_hidden})
    set_heights(sheet, layout)
    sheet.freeze_panes(1, n_names)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, max(n_names - 1, 0))
    if not is_shown:
        sheet.hide()
    elif columns:
        last = (len(columns) if n_printed is None else n_printed) - 1
        sheet.print_area(0, 0, len(layout.lines), max(last, 0))
    letters = sum(w for w, column in zip(layout.widths, columns, strict=True) if column.is_printed)
    set_paper(sheet, lang, subject=subject, n_lines=layout.n_lines, n_across=layout.n_across, letters=letters)
    if layout.n_across > 1 and begins:
        _part(sheet, layout.widths, n_names, begins)


def _part(sheet: Worksheet, widths: Sequence[float], n_names: int, begins: Sequence[int]) -> None:
    """Part a wide sheet between services, as many on a page as are read beside its names."""
    names, breaks, widest = sum(widths[:n_names]), [], 0.0
    page = sum(widths[: begins[0]])
    for first, following in zip(begins, [*begins[1:], len(widths)], strict=True):
        own = sum(widths[first:following])
        if page + own > WIDEST_PART and page > names:
            breaks.append(first)
            page = names
        page += own
        widest = max(widest, page)
    sheet.set_v_pagebreaks(breaks)
    sheet.set_print_scale(math.floor(100 * min(_LETTERS_FULL_SIZE * _OTHER_LETTERS / widest, 1.0)))


def _n_down(n_lines: int, letters: float) -> int:
    """Give how many pages long a sheet is that may be printed as small as is readable, but not smaller."""
    by_width = min(max(_LETTERS_FULL_SIZE / max(letters, 1.0), _SMALLEST), 1.0)
    at_full_width = math.ceil(n_lines / (_LINES_FULL_SIZE / by_width))
    at_smallest = math.ceil(n_lines / (_LINES_FULL_SIZE / _SMALLEST))
    return min(at_full_width, at_smallest)
