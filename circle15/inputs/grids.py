"""Cells of csv, tsv, xlsx and xls files as rows of text, with nothing interpreted yet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import python_calamine

from circle15.errors import InputError, Problem
from circle15.inputs.encodings import decode_text
from circle15.inputs.file_guards import LARGEST_UNPACKED_BYTES, open_archive, read_bytes, unpacked_chunks

if TYPE_CHECKING:
    from pathlib import Path

MOST_COLUMNS = 16_384  # what Excel holds
MOST_CELLS = 20_000_000
LONGEST_LINE = 1_000_000  # characters of a CSV line outside quotes

_DELIMITERS = (",", "\t", ";", "|", "，")
_SAMPLE_LINES = 50
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*?(/?)>')
_TAG_LENGTH = 512  # bytes kept between chunks, so that no cell is cut in two


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet's cells as text; row 1 of the sheet is ``rows[0]``, rows may be of different lengths.

    `merged` has the merged ranges as (first row, first column, last row, last column), from 0.
    """

    rows: list[list[str]]
    sheet: str | None = None
    merged: tuple[tuple[int, int, int, int], ...] = ()
    encoding: str | None = None


def read_delimited(path: Path, *, encoding: str | None = None) -> Grid:
    """Read a csv, tsv or txt file; the delimiter is the one that splits its first lines most evenly.

    Raises
    ------
    InputError
        If the file is no text, has lines or columns without end, or a quote that is never closed.
    """
    file = str(path)
    decoded = decode_text(read_bytes(path), file=file, encoding=encoding)
    text = decoded.text.removeprefix("\ufeff")
    _check_lines(text, file)
    if not text.strip():
        raise InputError(Problem("the file has no text in it", file=file))
    delimiter = "\t" if path.suffix.lower() == ".tsv" and "\t" in text else _delimiter(text)
    rows: list[list[str]] = []
    n_cells = 0
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            n_cells += len(cells)
            if len(cells) > MOST_COLUMNS or n_cells > MOST_CELLS:
                message = f"more than {MOST_COLUMNS} columns or {MOST_CELLS} cells: no table of facilities or people"
                raise InputError(Problem(message, file=file, row=len(rows) + 1))
            rows.append(cells)
    except csv.Error as e:
        message = f"not a table ({e}); probably a quotation mark that is never closed"
        raise InputError(Problem(message, file=file, row=len(rows) + 1)) from None
    return Grid(rows=rows, encoding=decoded.encoding)


def read_workbook(path: Path) -> tuple[Grid, ...]:
    """Read the visible, not empty sheets of an xlsx or xls workbook; formulas come as their last computed values.

    Raises
    ------
    InputError
        If the workbook is damaged, locked, empty, or would unpack to more than memory should hold.
    """
    file = str(path)
    content = read_bytes(path)
    if content.startswith(b"PK"):
        _check_workbook_size(path)
    try:
        # From memory: by path the reader would trust the suffix, and .xls files are often .xlsx inside.
        book = python_calamine.load_workbook(io.BytesIO(content))
        names = [
            s.name
            for s in book.sheets_metadata
            if s.typ == python_calamine.SheetTypeEnum.WorkSheet
            and s.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        grids = [_sheet_grid(book.get_sheet_by_name(name)) for name in names]
    except BaseException as e:
        # The Rust reader panics on some damaged files, and its PanicException is no Exception.
        is_panic = type(e).__name__ == "PanicException"
        if not is_panic and not isinstance(e, python_calamine.CalamineError | OSError | ValueError):
            raise
        reason = str(e).splitlines()[0] if str(e) else type(e).__name__
        message = f"the workbook cannot be read ({reason}); it is damaged, cut off or locked: save it again"
        raise InputError(Problem(message, file=file)) from None
    filled = tuple(g for g in grids if g.rows)
    if not filled:
        raise InputError(Problem("the workbook has no cell with a value in a visible sheet", file=file))
    return filled


def _sheet_grid(sheet: python_calamine.CalamineSheet) -> Grid:
    merged = tuple((top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ())
    rows = sheet.to_python(skip_empty_area=False) if sheet.start is not None else []
    return Grid(rows=[[_cell_text(c) for c in row] for row in rows], sheet=sheet.name, merged=merged)


def _cell_text(cell: object) -> str:
    """Give a workbook's cell as text; numbers in the shortest form that keeps their value."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # noqa: PLR2004 (exact integers)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _check_lines(text: str, file: str) -> None:
    """Refuse lines without end before any of them is split into cells."""
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > LONGEST_LINE:
            message = f"a line of more than {LONGEST_LINE} characters: not a table of facilities or people"
            raise InputError(Problem(message, file=file, row=number))
        start, number = end + 1, number + 1


def _delimiter(text: str) -> str:
    lines = [line for line in text[: 1 << 20].splitlines() if line.strip()][:_SAMPLE_LINES]

    def evenness(delimiter: str) -> tuple[float, int]:
        counts = [line.count(delimiter) for line in lines]
        most = max(set(counts), key=lambda c: (counts.count(c), c)) if counts else 0
        return (counts.count(most) / len(counts) if most else 0.0, most)

    best = max(_DELIMITERS, key=evenness)
    # Title rows and remarks have no delimiter, and quoted text may have many: a majority is enough.
    return best if evenness(best)[0] > 0 else max(_DELIMITERS, key=text.count)


def _check_workbook_size(path: Path) -> None:
    """Refuse a workbook that unpacks without end, or whose cells span more than memory can hold.

    The reader allocates the whole rectangle around a sheet's cells, so one stray value in XFD1048576 would take half a
    terabyte; therefore the addresses are looked at before it is called.
    """
    file, budget = str(path), [LARGEST_UNPACKED_BYTES]
    with open_archive(path) as archive:
        for member in archive.namelist():
            last_row, last_column, tail = 0, 0, b""
            for chunk in unpacked_chunks(archive, member, file=file, budget=budget):
                if not member.startswith("xl/worksheets/"):
                    continue
                for column, row, closed in _CELL.findall(tail + chunk):
                    if not closed:
                        last_row, last_column = max(last_row, int(row)), max(last_column, _column_number(column))
                tail = chunk[-_TAG_LENGTH:]
            if last_row * last_column > MOST_CELLS:
                reach = f"row {last_row} and column {last_column}"
                message = f"{member} has values as far as {reach}: delete stray cells far from the table"
                raise InputError(Problem(message, file=file))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
