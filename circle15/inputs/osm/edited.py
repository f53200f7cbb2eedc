"""OSM files as an editor such as JOSM saves them: new objects with negative ids, deleted ones still in place."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from circle15.files.held_folders import held_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_IDS_FROM = 1 << 44
"""A new object -5 becomes 2^44 + 5, far above the ids that OSM has given out (about 1.3e10 in 2025)."""

_EDITED = re.compile(rb"""\b(?:id|ref)\s*=\s*['"]-\d|\baction\s*=\s*['"]delete""")
_BLOCK_BYTES = 1 << 24
_OVERLAP_BYTES = 64  # longer than what the pattern matches


@contextmanager
def uploaded_form(path: str | Path) -> Iterator[Path]:
    """Give an OSM file in the form it would have once its edits were uploaded.

    That is the file itself, or, for XML with negative ids or deleted objects, a temporary copy with positive ids
    and without the deleted: libosmium finds no places for negative ids and does not know the editor's marks.
    """
    file = Path(path)
    if file.suffix.lower() not in {".osm", ".xml"} or not _is_edited(file):
        yield file
        return
    with held_folder() as folder:
        copy = folder / "edited.osm"
        try:
            _write_copy(file, copy)
        except ET.ParseError:
            copy = file  # whoever reads it says what is wrong with it
        yield copy


def _is_edited(file: Path) -> bool:
    before = b""
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            if _EDITED.search(before + block):
                return True
            before = block[-_OVERLAP_BYTES:]
    return False


def _write_copy(file: Path, copy: Path) -> None:
    with copy.open("wb") as out:
        out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n')
        root = None
        for event, element in ET.iterparse(file, events=("start", "end")):  # noqa: S314 (expat bounds entity expansion)
            if root is None:
                root = element
            elif event == "end" and element.tag in {"node", "way", "relation", "bounds"}:
                if element.get("action") != "delete":
                    for part in element.iter():
                        _make_positive(part)
                    out.write(ET.tostring(element, encoding="utf-8", xml_declaration=False))
                root.clear()
        out.write(b"</osm>\n")


def _make_positive(element: ET.Element) -> None:
    for name in ("id", "ref"):
        value = element.get(name, "")
        if value.startswith("-") and value[1:].isdigit():
            element.set(name, str(NEW_IDS_FROM + int(value[1:])))
