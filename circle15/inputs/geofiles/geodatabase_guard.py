"""What GDAL would open behind a file geodatabase: coordinate systems stand in several tables, and may name files."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from circle15.inputs.geofiles.drivers import grids_named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORDS = ("nadgrids", "geoidgrids", "PARAMETERFILE", "PROJ4_GRIDS", "+grids=", "+file=", "+init=/", "+init=.")
"""How systems name files of shifts; no words that names, addresses or notes in a table of places have."""
_NAMED = re.compile("|".join(map(re.escape, _WORDS)), re.IGNORECASE)
_NAMED_IN_BYTES = re.compile(
    b"|".join(re.escape(word.encode(letters)) for word in _WORDS for letters in ("utf-8", "utf-16-le")), re.IGNORECASE
)
_REFERENCE = b"&#"
_CHUNK, _OVERLAP = 1 << 22, 1 << 16
"""Bytes read at once, and those looked at again with the next: a table may be larger than the memory."""


def refuse_grids_inside(folder: Path, *, file: str) -> None:
    """Refuse a file geodatabase with a coordinate system that names a file of shifts.

    A layer's system stands as UTF-16 in its table's head, as UTF-8 among the systems, and in the XML that describes the
    layer, where letters may be written as references: all tables are looked through, whichever GDAL will take.

    Raises
    ------
    InputError
        If there is one.
    """
    for table in sorted(folder.glob("*")):
        if table.suffix.lower() == ".gdbtable" and table.is_file():
            for chunk in _chunks(table):
                _look_through(chunk, file)


def _chunks(table: Path) -> Iterator[bytes]:
    before = b""
    with table.open("rb") as stream:
        while more := stream.read(_CHUNK):
            yield before + more
            before = more[-_OVERLAP:]


def _look_through(chunk: bytes, file: str) -> None:
    if found := _NAMED_IN_BYTES.search(chunk):
        raise grids_named(found[0].replace(b"\x00", b"").decode("ascii"), file=file)
    if _REFERENCE in chunk and (named := _NAMED.search(html.unescape(chunk.decode("latin-1")))):
        raise grids_named(named[0], file=file)
