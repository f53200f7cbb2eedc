"""Attribute tables of shapefiles as text: their stated encoding is often missing or wrong, so the bytes decide."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.files.door import read_whole
from circle15.inputs.tables.encodings import encoding_of
from circle15.inputs.tables.numbers import parse_code
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

_DESCRIPTOR_BYTES = 32
_END_OF_FIELDS = 0x0D
_DELETED = ord("*")
_NUMERIC = frozenset(b"NF")


@dataclass(frozen=True, slots=True)
class DbfTable:
    """The records of a dbf file that are not deleted, as text."""

    columns: list[str]
    rows: list[list[str]]
    encoding: str  # "ascii" | "utf-8" | "gb18030"


def read_dbf(path: Path, *, file: str) -> DbfTable:
    """Read a dbf file.

    Names are cut at 10 bytes and values at their field's width, inside a character where it so happens; half a
    character at the end is left out. Numbers come without the zeros and exponents that fill their field, since codes
    are often stored as doubles: 330205001000, not 330205001000.00000000000.

    Parameters
    ----------
    path
        The dbf file.
    file
        The name for messages (the shapefile that it belongs to).

    Raises
    ------
    InputError
        If the file is damaged or cut off, or its text is neither UTF-8 nor GBK/GB18030.
    """
    content = read_whole(path)
    n_records, header_bytes, record_bytes, fields = _layout(content, file)
    names = [name for name, _, _, _ in fields]
    records = [
        content[start : start + record_bytes]
        for start in range(header_bytes, header_bytes + n_records * record_bytes, record_bytes)
        if content[start] != _DELETED
    ]
    values = [[record[at : at + width].rstrip(b"\0 ").lstrip(b" ") for _, at, width, _ in fields] for record in records]
    encoding = encoding_of([*names, *(v for row in values for v in row if not v.isascii())])
    if encoding is None:
        message = Said(
            "其 .dbf 的文字既不是 UTF-8 也不是 GBK/GB18030，请重新以 UTF-8 导出",
            "the text of its .dbf is neither UTF-8 nor GBK/GB18030; export it again as UTF-8",
        )
        raise InputError(Problem(message, file=file))
    numeric = [is_numeric for _, _, _, is_numeric in fields]
    rows = [
        [_number(_text(v, encoding)) if is_n else _text(v, encoding) for v, is_n in zip(row, numeric, strict=True)]
        for row in values
    ]
    return DbfTable(columns=[_text(n, encoding) for n in names], rows=rows, encoding=encoding)


def _layout(content: bytes, file: str) -> tuple[int, int, int, list[tuple[bytes, int, int, bool]]]:
    """Give number of records, bytes before them, bytes of each; the fields as (name, offset, width, is a number)."""
    damaged = InputError(
        Problem(
            Said("其 .dbf 损坏或不完整，请重新复制或导出", "its .dbf is damaged or cut off; copy or export it again"),
            file=file,
        )
    )
    if len(content) < _DESCRIPTOR_BYTES + 1:
        raise damaged
    n_records, header_bytes, record_bytes = struct.unpack_from("<IHH", content, 4)
    fields: list[tuple[bytes, int, int, bool]] = []
    offset = 1  # the first byte marks deleted records
    for start in range(_DESCRIPTOR_BYTES, min(header_bytes, len(content)) - 1, _DESCRIPTOR_BYTES):
        if content[start] == _END_OF_FIELDS:
            break
        if start + _DESCRIPTOR_BYTES > len(content):
            raise damaged
        name = content[start : start + 11].split(b"\0")[0].strip()
        width = content[start + 16]
        fields.append((name, offset, width, content[start + 11] in _NUMERIC))
        offset += width
    if not fields or offset > record_bytes or header_bytes + n_records * record_bytes > len(content):
        raise damaged
    return n_records, header_bytes, record_bytes, fields


def _text(value: bytes, encoding: str) -> str:
    # "ignore" only ever meets the half character at the end: everything before it has been decoded strictly.
    text = value.decode(encoding, errors="ignore")
    return "" if text and set(text) == {"*"} else text


def _number(text: str) -> str:
    """Write a number plainly; one whose exponent says more digits than it has stays as it is."""
    if "." not in text and "e" not in text.casefold():
        return text
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return text if parse_code(text).is_lost or not value.is_finite() else f"{value.normalize():f}"
