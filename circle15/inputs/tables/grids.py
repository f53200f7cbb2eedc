"""Cells of csv, tsv, xlsx, xls and ods files as rows of text, with nothing interpreted yet."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.files.door import largest_bytes, read_whole, vouched
from circle15.inputs.tables.encodings import decode_text
from circle15.inputs.tables.file_guards import (
    LARGEST_UNPACKED_BYTES,
    content_kind,
    open_archive,
    unpacked_chunks,
)
from circle15.inputs.tables.workbook_process import MOST_CELLS as MOST_SHEET_CELLS
from circle15.inputs.tables.workbook_process import MOST_COLUMNS, read_sheets
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

MOST_CELLS = 20_000_000
LONGEST_LINE = 1_000_000  # characters of a CSV line outside quotes

_DELIMITERS = (",", "\t", ";", "|", "，")
_SAMPLE_LINES = 50
_END = "\x1eend of the text\x1e"
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,8})(\d{1,20})"[^>]*?(/?)>')
_TAG_LENGTH = 512  # bytes kept between chunks, so that no cell is cut in two


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet's cells as text; row 1 of the sheet is ``rows[0]``, rows may be of different lengths.

    `merged` has the merged ranges as (first row, first column, last row, last column), from 0; `hidden` the rows, from
    0, that a filter or a person hides. `delimiter` is "" for a sheet, whose rows are all as wide as it is; rows of a
    text file have as many cells as they have separators.
    """

    rows: list[list[str]]
    sheet: str | None = None
    merged: tuple[tuple[int, int, int, int], ...] = ()
    encoding: str | None = None
    hidden: tuple[int, ...] = ()
    delimiter: str = ""


def read_delimited(path: Path, *, encoding: str | None = None) -> Grid:
    """Read a csv, tsv or txt file; the delimiter is the one that splits its first lines most evenly.

    Raises
    ------
    InputError
        If the file is no text, has lines or columns without end, or a quote that is never closed.
    """
    file = str(path)
    decoded = decode_text(read_whole(path), file=file, encoding=encoding)
    text = decoded.text.removeprefix("\ufeff")
    _check_lines(text, file)
    if not text.strip():
        raise InputError(Problem(Said("文件中没有文字", "the file has no text in it"), file=file))
    delimiter = "\t" if path.suffix.lower() == ".tsv" and "\t" in text else _delimiter(text)
    return Grid(rows=_split_rows(text, delimiter, file), encoding=decoded.encoding, delimiter=delimiter)


def read_workbook(path: Path) -> tuple[Grid, ...]:
    """Read the visible, not empty sheets of an xlsx or xls workbook; formulas come as their last computed values.

    Raises
    ------
    InputError
        If the workbook is damaged, locked, empty, or would unpack to more than memory should hold.
    """
    file = str(path)
    vouched(path, largest=largest_bytes())
    if content_kind(path) in {"xlsx", "ods"}:
        _check_workbook_size(path)
    grids = [
        Grid(
            rows=sheet["rows"],
            sheet=sheet["name"],
            merged=tuple((m[0], m[1], m[2], m[3]) for m in sheet["merged"]),
            hidden=tuple(sheet["hidden"]),
        )
        for sheet in read_sheets(path)
    ]
    filled = tuple(g for g in grids if g.rows)
    if not filled:
        raise InputError(
            Problem(
                Said("工作簿的可见工作表中没有内容", "the workbook has no cell with a value in a visible sheet"),
                file=file,
            )
        )
    return filled


def _split_rows(text: str, delimiter: str, file: str) -> list[list[str]]:
    """Split text into rows of cells; a quotation mark that swallows rows is refused."""
    rows: list[list[str]] = []
    n_cells = 0
    # Only where no quotation is open at the end of the text is the line that is put there a row of its own.
    ended = text if text.endswith(("\n", "\r")) else f"{text}\n"
    try:
        for cells in csv.reader(io.StringIO(f"{ended}{_END}\n", newline=""), delimiter=delimiter):
            n_cells += len(cells)
            if len(cells) > MOST_COLUMNS or n_cells > MOST_CELLS:
                message = Said(
                    f"超过 {MOST_COLUMNS} 列或 {MOST_CELLS} 个单元格：不是设施表或人口表",
                    f"more than {MOST_COLUMNS} columns or {MOST_CELLS} cells: no table of facilities or people",
                )
                raise InputError(Problem(message, file=file, row=len(rows) + 1))
            rows.append(cells)
    except csv.Error as e:
        message = Said(
            f"不是表格（{e}）；可能有引号没有成对", f"not a table ({e}); probably a quotation mark that is never closed"
        )
        raise InputError(Problem(message, file=file, row=len(rows) + 1)) from None
    if rows.pop() != [_END]:
        message = Said(
            "引号没有成对：文件其余部分落在一个单元格内；请补上或删去引号",
            "a quotation mark that is never closed: the rest of the file stands in one cell; close or remove it",
        )
        raise InputError(Problem(message, file=file, row=len(rows) + 1))
    usual = sorted(len(row) for row in rows if row)[sum(map(bool, rows)) // 2] - 1
    for number, row in enumerate(rows, start=1):
        for cell in row:
            if "\n" in cell and usual > 0 and any(line.count(delimiter) >= usual for line in cell.split("\n")):
                message = Said(
                    "此处引号到若干行之后才成对，其间各行会丢失；请补上或删去引号",
                    "a quotation mark opens here and closes rows below, which would vanish; close or remove it",
                )
                raise InputError(Problem(message, file=file, row=number, value=cell))
    return rows


def _check_lines(text: str, file: str) -> None:
    """Refuse lines without end before any of them is split into cells."""
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > LONGEST_LINE:
            message = Said(
                f"一行超过 {LONGEST_LINE} 个字符：不是设施表或人口表",
                f"a line of more than {LONGEST_LINE} characters: not a table of facilities or people",
            )
            raise InputError(Problem(message, file=file, row=number))
        start, number = end + 1, number + 1


def _delimiter(text: str) -> str:
    """Give the separator that cuts the first rows most evenly; those in quotation marks cut nothing."""
    lines = [line for line in text[: 1 << 20].split("\n") if line.strip()][:_SAMPLE_LINES]

    def evenness(delimiter: str) -> tuple[float, int]:
        try:
            counts = [len(row) - 1 for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            return 0.0, 0
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
            if last_row * last_column > MOST_SHEET_CELLS:
                reach = f"row {last_row} and column {last_column}"
                message = Said(
                    f"{member} 的内容远至 {reach}：请删除远离表格的零散单元格",
                    f"{member} has values as far as {reach}: delete stray cells far from the table",
                )
                raise InputError(Problem(message, file=file))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
