"""Workbooks read in a process of their own: the reader's Rust code aborts its whole process on some damaged files.

A damaged count in a workbook can make it ask for hundreds of gigabytes, and a failed allocation there is no exception.
So a child reads the file and writes its cells to standard output; where it dies, the file is at fault.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import python_calamine

from circle15.errors import InputError, Problem
from circle15.inputs.tables.workbook_marks import SheetMarks, read_marks
from circle15.said import Said

MOST_COLUMNS = 16_384  # what Excel holds
MOST_CELLS = 5_000_000  # of the rectangle around a sheet's values: 100,000 rows of 50 columns
MOST_SECONDS = 300.0
MOST_MEMORY_BYTES = 4 * 2**30  # of the child's address space, where the system can limit it

_EXACT_INTEGERS = 1e15
_OPEN_DOCUMENT = "content.xml"
_BETWEEN_TAGS = re.compile(rb">[ \t]*[\r\n]\s*<")
_UNREADABLE = 3  # exit code for a file that the reader refuses


def read_sheets(path: Path) -> list[dict[str, Any]]:
    """Read the visible sheets of a workbook in a child process.

    Returns
    -------
    list of dict
        ``name``; ``rows``: cells as text, the first row is the sheet's row 1; ``merged``: [top, left, bottom, right]
        from 0; ``hidden``: rows from 0 that a filter or a person hides (not of .xls). An error reads as "#N/A", a
        formula without a stored value as "=...".

    Raises
    ------
    InputError
        If the file is damaged, cut off or locked, or reading it takes too long or too much memory.
    """
    call = "from circle15.inputs.tables.workbook_process import main; main()"
    try:
        # -P keeps the working folder off the child's search path, so that a stray json.py there is not imported.
        # A backtrace of an abort would take longer than the reading.
        done = subprocess.run(  # noqa: S603 (our own module on a file that is an argument, no shell)
            [sys.executable, "-P", "-c", call, str(path)],
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
            env={**os.environ, "RUST_BACKTRACE": "0"},
        )
    except subprocess.TimeoutExpired:
        message = Said(
            f"工作簿 {MOST_SECONDS:.0f} 秒仍未读完：已损坏，或过大",
            f"the workbook is not read after {MOST_SECONDS:.0f} s; it is damaged or far too large",
        )
        raise InputError(Problem(message, file=str(path))) from None
    if done.returncode == 0:
        sheets: list[dict[str, Any]] = json.loads(done.stdout)
        return sheets
    reason = done.stderr.decode(errors="replace").strip().splitlines()[:1] if done.returncode == _UNREADABLE else []
    why = f" ({reason[0][:200]})" if reason else ""
    message = Said(
        f"工作簿无法读取{why}：已损坏、不完整或已加密，请另存",
        f"the workbook cannot be read{why}; it is damaged, cut off or locked: save it again",
    )
    raise InputError(Problem(message, file=str(path)))


def main() -> None:
    """Read the workbook named as the argument and write its sheets to standard output as JSON."""
    _limit_memory()
    try:
        # From memory: by path the reader would trust the suffix, and .xls files are often .xlsx inside.
        content = io.BytesIO(_readable(Path(sys.argv[1]).read_bytes()))
        book = python_calamine.load_workbook(content)
        marks = _marks(content)
        shown = [m.name for m in book.sheets_metadata if _is_shown(m)]
        sheets = [_sheet(book.get_sheet_by_name(name), marks.get(name)) for name in shown]
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError, MemoryError) as e:
        sys.stderr.write(f"{e or type(e).__name__}\n")
        sys.exit(_UNREADABLE)
    sys.stdout.buffer.write(json.dumps(sheets, ensure_ascii=False).encode("utf-8", errors="replace"))


def _readable(content: bytes) -> bytes:
    """Take the line breaks between the cells out of an OpenDocument file: the reader takes them for content."""
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _OPEN_DOCUMENT in archive.namelist():
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
                for name in archive.namelist():
                    member = archive.read(name)
                    copy.writestr(name, _BETWEEN_TAGS.sub(b"><", member) if name == _OPEN_DOCUMENT else member)
            return made.getvalue()
    return content


def _limit_memory() -> None:
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource  # noqa: PLC0415 (not on every system)

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MOST_MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _is_shown(sheet: python_calamine.SheetMetadata) -> bool:
    kind, visible = python_calamine.SheetTypeEnum.WorkSheet, python_calamine.SheetVisibleEnum.Visible
    return bool(sheet.typ == kind and sheet.visible == visible)


def _marks(content: io.BytesIO) -> dict[str, SheetMarks]:
    """Read what the sheets say beside their values; old .xls files say nothing that is read here."""
    if not zipfile.is_zipfile(content):
        return {}
    with zipfile.ZipFile(content) as archive:
        return read_marks(archive)


def _sheet(sheet: python_calamine.CalamineSheet, marks: SheetMarks | None) -> dict[str, Any]:
    if sheet.total_width > MOST_COLUMNS or sheet.total_height * sheet.total_width > MOST_CELLS:
        reach = f"row {sheet.total_height} and column {sheet.total_width}"
        raise ValueError(f"sheet {sheet.name} has values as far as {reach}: delete stray cells far from the table")
    values = sheet.to_python(skip_empty_area=False) if sheet.start is not None else []
    rows = [[_cell_text(c) for c in row] for row in values]
    for (row, column), text in marks.texts.items() if marks is not None else ():
        if row < len(rows) and column < len(rows[row]) and not rows[row][column]:
            rows[row][column] = text
    return {
        "name": sheet.name,
        "rows": rows,
        "merged": [[top, left, bottom, right] for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()],
        "hidden": marks.hidden if marks is not None else [],
    }


def _cell_text(cell: object) -> str:
    """Give a cell as text; numbers in the shortest form that keeps their value."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"  # as Excel shows it: no number
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT_INTEGERS else repr(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
