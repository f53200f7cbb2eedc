"""The files that a virtual raster (.vrt) draws on: it holds names and no pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from circle15.files.door import is_plain_file, settled_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMING = ("SourceFilename", "SourceDataset", "SrcDSName")
_LARGEST_BYTES = 64 * 2**20
"""GDAL's mosaics take some 400 bytes a tile."""


def vrt_tiles(path: Path) -> list[Path]:
    """Give the files that a ``.vrt`` names in its folder or below, those of a ``.vrt`` among them too, each once.

    For other files there are none. Files elsewhere are not opened: whoever reads the raster refuses them. A file
    that is no XML names none: whoever reads the raster says what is wrong with it. Names of things that are no files
    are left out.
    """
    found: dict[Path, None] = {}
    waiting = [path] if _is_vrt(path) else []
    while waiting:
        for tile in _named_in(waiting.pop()):
            if tile not in found and tile != path:
                found[tile] = None
                waiting += [tile] if _is_vrt(tile) else []
    return list(found)


def _is_vrt(path: Path) -> bool:
    return path.suffix.lower() == ".vrt" and path.is_file() and path.stat().st_size <= _LARGEST_BYTES


def _named_in(path: Path) -> Iterator[Path]:
    try:
        root = ET.fromstring(path.read_bytes())  # noqa: S314 (expat bounds entity expansion)
    except (ET.ParseError, OSError, LookupError, ValueError):
        return
    for element in root.iter():
        text = (element.text or "").strip()
        if element.tag not in _NAMING or not text or "\0" in text:
            continue
        tile = path.parent / text if element.get("relativeToVRT") == "1" else Path(text)
        try:
            if settled_path(tile).is_relative_to(settled_path(path.parent)) and is_plain_file(tile):
                yield settled_path(tile)
        except OSError:  # a name that is too long for the system, and thus no file's
            continue
