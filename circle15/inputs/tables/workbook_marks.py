"""What a workbook says of its cells beside their values: errors, formulas that were never computed, hidden rows.

The reader of values gives an empty text for "#N/A" and for a formula without a stored result, and knows no hidden rows.
"""

from __future__ import annotations

import html
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    import zipfile

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*[^>/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_ATTRIBUTE = re.compile(rb"\b(r|t|hidden)\s*=\s*[\"']([^\"']*)[\"']")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</(?:\w+:)?v>")
_INLINE = re.compile(rb"<(?:\w+:)?is\b")
_ADDRESS = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_OPEN_DOCUMENT = "content.xml"
_CALC_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_MOST_ROWS = 1_048_576  # of a sheet
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class SheetMarks:
    """Marks of one sheet; rows and columns count from 0."""

    hidden: list[int]  # rows that a filter or a person hides
    texts: dict[tuple[int, int], str]  # (row, column) -> "#N/A", or "=A1+B1" of a formula without a stored value


def read_marks(archive: zipfile.ZipFile) -> dict[str, SheetMarks]:
    """Read the marks of every worksheet of an xlsx or ods file, by the sheet's name; nothing for other files."""
    if _OPEN_DOCUMENT in archive.NameToInfo and "xl/workbook.xml" not in archive.NameToInfo:
        return _open_document(archive.read(_OPEN_DOCUMENT))
    found = {}
    for name, member in _members(archive).items():
        if member in archive.NameToInfo:
            content = archive.read(member)
            found[name] = SheetMarks(_hidden_rows(content), _marked_cells(content))
    return found


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Give the file of each sheet."""
    try:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (in a child with little memory)
        relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 (as above)
    except (KeyError, ET.ParseError):
        return {}
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    sheets = [e for e in book.iter() if e.tag.rpartition("}")[2] == "sheet"]
    named = {s.get("name", ""): targets.get(s.get(_RELATION), "") for s in sheets}
    return {
        name: target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        for name, target in named.items()
    }


def _hidden_rows(content: bytes) -> list[int]:
    hidden, number = [], 0
    if b"hidden" not in content:
        return []
    for row in _ROW.finditer(content):
        said = dict(_ATTRIBUTE.findall(row[1]))
        number = int(said[b"r"]) if said.get(b"r", b"").isdigit() else number + 1
        if said.get(b"hidden") in {b"1", b"true"}:
            hidden.append(number - 1)
    return hidden


def _marked_cells(content: bytes) -> dict[tuple[int, int], str]:
    texts: dict[tuple[int, int], str] = {}
    if not re.search(rb"<(?:\w+:)?f\b|\bt=[\"']e[\"']", content):
        return texts
    for cell in _CELL.finditer(content):
        attributes, inside = cell.groups()
        formula = _FORMULA.search(inside) if b"f" in inside else None
        is_error = b't="e"' in attributes or b"t='e'" in attributes
        if formula is None and not is_error:
            continue
        place = _place(dict(_ATTRIBUTE.findall(attributes)).get(b"r", b""))
        value = _VALUE.search(inside)
        if place is None:
            continue
        if is_error and value is not None:
            texts[place] = html.unescape(value[1].decode("utf-8", errors="replace"))
        elif value is None and not _INLINE.search(inside) and b't="str"' not in attributes:
            # A formula whose stored result is an empty text has t="str".
            written = html.unescape((formula[1] or b"").decode("utf-8", errors="replace")) if formula else ""
            texts[place] = f"={written}"
    return texts


def _open_document(content: bytes) -> dict[str, SheetMarks]:
    """Read the marks of an OpenDocument sheet, whose rows and cells may stand for many of their kind."""
    found = {}
    for table in _named(ET.fromstring(content), "table"):  # noqa: S314 (in a child with little memory)
        hidden: list[int] = []
        texts: dict[tuple[int, int], str] = {}
        number = 0
        for row in _named(table, "table-row"):
            said = {key.rpartition("}")[2]: value for key, value in row.attrib.items()}
            n_rows = min(int(said.get("number-rows-repeated", 1)), _MOST_ROWS)
            if said.get("visibility") in {"filter", "collapse"} and n_rows < _MOST_ROWS // 2:
                hidden += range(number, number + n_rows)
            column = 0
            for cell in row:
                about = {key.rpartition("}")[2]: value for key, value in cell.attrib.items()}
                if cell.get(_CALC_TYPE) == "error":
                    texts[number, column] = "".join(cell.itertext()).strip()
                column += int(about.get("number-columns-repeated", 1))
            number += n_rows
        name = next((value for key, value in table.attrib.items() if key.endswith("}name")), "")
        found[name] = SheetMarks(hidden, {place: text for place, text in texts.items() if text})
    return found


def _named(element: ET.Element, name: str) -> list[ET.Element]:
    return [e for e in element.iter() if e.tag.rpartition("}")[2] == name]


def _place(address: bytes) -> tuple[int, int] | None:
    match = _ADDRESS.fullmatch(address.decode("ascii", errors="replace"))
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1
