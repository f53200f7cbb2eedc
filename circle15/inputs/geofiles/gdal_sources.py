"""What GDAL opens for a file of layers: GeoPackage, file geodatabase (also zipped), KML and KMZ."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.files.door import read_whole
from circle15.files.held_folders import held_folder
from circle15.inputs.geofiles.open_geopackages import steady_geopackage
from circle15.inputs.tables.encodings import decode_text
from circle15.inputs.tables.file_guards import LARGEST_UNPACKED_BYTES, open_archive, unpacked_chunks
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

KML_FIELDS = (
    "id", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon",
    "snippet",
)  # fmt: skip
"""How KML draws a place; none of it is a column of its maker's table."""
KML_OWN_FIELDS = ("Name", "description")
"""KML's own two, which stay empty where the maker has columns of its own."""
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SAID_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*\bencoding=["']([A-Za-z0-9_.-]+)["']""")


@contextmanager
def gdal_sources(path: Path, kind: str) -> Iterator[list[Path]]:
    """Yield the files (for a geodatabase the folder) that GDAL is to open for ``path``; mostly one.

    ``kind`` is what `file_guards.check_file` says of it. KML is made UTF-8 first, whatever it is written in, since
    GDAL's parser knows few encodings; of a KMZ every document counts, not the first alone.

    Raises
    ------
    InputError
        If an archive is damaged, unpacks without end, or holds nothing of its kind.
    """
    with ExitStack() as stack:
        if kind == "gpkg":
            yield [stack.enter_context(steady_geopackage(path))]
        elif kind in {"kml", "kmz"}:
            folder = stack.enter_context(held_folder())
            yield _kml_documents(path, kind, folder)
        elif kind == "zip":
            folder = stack.enter_context(held_folder())
            yield [_unpacked_geodatabase(path, folder)]
        else:
            yield [path]


def archived_geodatabases(members: list[str]) -> list[str]:
    """Give the paths of the .gdb folders among an archive's members."""
    found = set()
    for name in members:
        parents = [p for p in PurePosixPath(name.replace("\\", "/")).parents if p.suffix.lower() == ".gdb"]
        found |= {str(p) for p in parents if not name.startswith("__MACOSX/")}
    return sorted(found)


def _unpacked_geodatabase(path: Path, folder: Path) -> Path:
    """Unpack the one .gdb of an archive under a plain name."""
    file, budget = str(path), [LARGEST_UNPACKED_BYTES]
    with open_archive(path) as archive:
        found = archived_geodatabases(archive.namelist())
        if len(found) != 1:
            listed = ", ".join(PurePosixPath(f).name for f in found) or "none"
            raise InputError(
                Problem(
                    Said(
                        f"一个压缩包只读一个地理数据库，其中有：{listed}",
                        f"one geodatabase is read from an archive, and it holds: {listed}",
                    ),
                    file=file,
                )
            )
        inside = folder / "layers.gdb"
        inside.mkdir()
        for member in archive.namelist():
            plain = PurePosixPath(member.replace("\\", "/"))
            if str(plain.parent) == found[0] and not member.endswith("/"):
                with (inside / plain.name).open("wb") as out:
                    out.writelines(unpacked_chunks(archive, member, file=file, budget=budget))
    return inside


def _kml_documents(path: Path, kind: str, folder: Path) -> list[Path]:
    file = str(path)
    if kind == "kml":
        documents = [read_whole(path)]
    else:
        budget = [LARGEST_UNPACKED_BYTES]
        with open_archive(path) as archive:
            names = [n for n in archive.namelist() if n.lower().endswith(".kml") and not n.startswith("__MACOSX/")]
            documents = [b"".join(unpacked_chunks(archive, n, file=file, budget=budget)) for n in names]
    made = []
    for i, content in enumerate(documents):
        said = _SAID_ENCODING.match(content.removeprefix(b"\xef\xbb\xbf"))
        encoding = said[1].decode("ascii") if said is not None else None
        text = decode_text(content, file=file, encoding=_known(encoding)).text.removeprefix("\ufeff")
        text = _DECLARATION.sub("", text)
        made.append(folder / f"{i}.kml")
        made[-1].write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', encoding="utf-8")
    return made


def _known(encoding: str | None) -> str | None:
    """Give the codec of a declared encoding, None where the bytes tell: files that say UTF-8 are often GBK."""
    found_from_bytes = {"utf8", "utf16", "gb2312", "gbk", "gb18030"}
    return None if encoding is None or encoding.lower().replace("-", "") in found_from_bytes else encoding
