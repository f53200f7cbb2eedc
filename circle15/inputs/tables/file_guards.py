"""What a file really is, and whether it can be opened within bounded memory and time."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from circle15.errors import Circle15Error, InputError, Problem
from circle15.files.door import read_whole, steady_file, vouched

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_UNPACKED_BYTES = 512 * 2**20
_CHUNK = 1 << 20
# What the standard library raises on archives whose bytes are wrong somewhere.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, struct.error,
)  # fmt: skip
_HEAD = 4096

# Suffixes and the kinds of content that may stand behind them.
KINDS_OF_SUFFIX: dict[str, tuple[str, ...]] = {
    ".csv": ("text",), ".tsv": ("text",), ".txt": ("text",),
    ".xlsx": ("xlsx", "xls"), ".xlsm": ("xlsx", "xls"), ".xls": ("xls", "xlsx"),
    ".ods": ("ods",),
    ".gpkg": ("gpkg",), ".geojson": ("json",), ".json": ("json",), ".shp": ("shp",), ".zip": ("zip",),
    ".gdb": ("gdb",), ".kml": ("kml",), ".kmz": ("kmz",),
    ".parquet": ("parquet",), ".geoparquet": ("parquet",),
}  # fmt: skip

_NAMES = {
    "text": "plain text, such as CSV", "xlsx": "an Excel workbook (.xlsx)", "xls": "an old Excel workbook (.xls)",
    "gpkg": "a GeoPackage (.gpkg)", "json": "JSON", "shp": "a shapefile (.shp)", "zip": "a zip archive",
    "parquet": "Parquet", "kml": "KML", "kmz": "a KMZ archive", "gdb": "a file geodatabase (.gdb)",
    "html": "a web page: open it in Excel and save it as .xlsx",
    "pdf": "a PDF; its tables must be copied into a CSV or .xlsx",
    "sqlite": "an SQLite database, no GeoPackage", "ole": "an old Office document that is no workbook",
    "locked": "a workbook locked with a password: save it without one", "rar": "a RAR archive: unpack it first",
    "ods": "an OpenDocument spreadsheet (.ods)", "xlsb": "a binary workbook (.xlsb): save it as .xlsx",
    "binary": "of no known format",
}  # fmt: skip


# What planners' programs save and this one does not read, and how to get there.
REMEDIES = {
    ".mdb": "a personal geodatabase of ArcGIS: export its layer as .shp, .gpkg or .gdb",
    ".accdb": "an Access database: export its table as .xlsx",
    ".dwg": "a drawing of AutoCAD: export its outlines as .shp or .geojson, with their coordinate system",
    ".dxf": "a drawing: export its outlines as .shp or .geojson, with their coordinate system",
    ".tab": "a table of MapInfo: export it as .shp or .gpkg", ".mif": "a table of MapInfo: export it as .shp or .gpkg",
    ".lyr": "a layer's style, without data: give the file that it points to",
    ".lyrx": "a layer's style, without data: give the file that it points to",
    ".mxd": "a map project, without data: give the files that it points to",
    ".aprx": "a map project, without data: give the files that it points to",
    ".qgz": "a map project, without data: give the files that it points to",
    ".qgs": "a map project, without data: give the files that it points to",
    ".gml": "GML: export it as .gpkg", ".ovkml": "OviMap's own format: export it as .kml",
    ".ovobj": "OviMap's own format: export it as .kml", ".ovjsn": "OviMap's own format: export it as .kml",
    ".et": "a spreadsheet of WPS: save it as .xlsx", ".numbers": "a spreadsheet of Numbers: export it as .xlsx",
    ".xlsb": "a binary workbook: save it as .xlsx", ".pdf": "a PDF: copy its table into a .csv or .xlsx",
    ".docx": "a text: copy its table into an .xlsx", ".doc": "a text: copy its table into an .xlsx",
    ".wps": "a text of WPS: copy its table into an .xlsx", ".rar": "a RAR archive: unpack it first",
    ".7z": "an archive: unpack it first", ".shx": "part of a shapefile: name its .shp",
    ".dbf": "part of a shapefile: name its .shp, or save the table as .xlsx",
    ".prj": "part of a shapefile: name its .shp",
}  # fmt: skip


def check_file(path: Path) -> str:
    """Give the kind of content of ``path``, having made sure that it is what its name says.

    Returns
    -------
    str
        "text", "xlsx", "xls", "ods", "gpkg", "gdb" (a folder), "json", "kml", "kmz", "shp", "zip" or "parquet".

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is a folder, empty, of a format that is not read, or not what its suffix says.
    """
    name = str(path)
    if vouched(path, may_be_folder=path.suffix.lower() == ".gdb").is_dir():
        return _check_folder(path)
    known = KINDS_OF_SUFFIX.get(path.suffix.lower())
    if known is None:
        remedy = REMEDIES.get(path.suffix.lower())
        suffixes = ", ".join(KINDS_OF_SUFFIX)
        if remedy is not None:
            raise InputError(Problem(f"is {remedy} (files that are read: {suffixes})", file=name))
        raise InputError(
            Problem(f"files of this kind are not read; right are {suffixes}", file=name, value=path.suffix)
        )
    with steady_file(path):
        kind = content_kind(path)
    if kind not in known:
        raise InputError(Problem(f"the name says {path.suffix}, but the content is {_NAMES[kind]}", file=name))
    return kind


def _check_folder(path: Path) -> str:
    """Give "gdb" for a file geodatabase, which is a folder."""
    if not any(p.suffix.lower() == ".gdbtable" for p in path.iterdir()):
        message = "is named as a file geodatabase, but has no table (.gdbtable) in it; copy the whole folder again"
        raise InputError(Problem(message, file=str(path)))
    return "gdb"


def content_kind(path: Path) -> str:
    """Tell what a file is from its first bytes, and for archives from what is in them."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    signatures = (
        (b"PAR1", "parquet"), (b"\x00\x00\x27\x0a", "shp"), (b"%PDF", "pdf"), (b"Rar!", "rar"), (b"7z\xbc\xaf", "rar"),
    )  # fmt: skip
    for signature, kind in signatures:
        if head.startswith(signature):
            return kind
    if head.startswith(b"SQLite format 3\0"):
        return "gpkg" if head[68:72] in {b"GPKG", b"GP10", b"GP11"} or path.suffix.lower() == ".gpkg" else "sqlite"
    if head.startswith(b"PK\x03\x04"):
        return _archive_kind(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(path)
    return _text_kind(head)


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip archive.

    Raises
    ------
    InputError
        If it is damaged or cut off.
    """
    try:
        return zipfile.ZipFile(vouched(path))
    except Circle15Error:
        raise
    except _DAMAGED as e:
        raise InputError(
            Problem(f"the file is damaged or cut off ({e}); copy or save it again", file=str(path))
        ) from None


def unpacked_chunks(archive: zipfile.ZipFile, member: str, *, file: str, budget: list[int]) -> Iterator[bytes]:
    """Unpack one member piece by piece, never more than ``budget[0]`` bytes in all.

    The sizes that an archive states are not trusted: the bytes are counted as they come.

    Raises
    ------
    InputError
        If the budget is used up (a zip bomb), or the member is damaged or locked with a password.
    """
    try:
        with archive.open(member) as stream:
            while chunk := _read(stream):
                budget[0] -= len(chunk)
                if budget[0] < 0:
                    limit = LARGEST_UNPACKED_BYTES / 2**20
                    message = (
                        f"unpacks to more than {limit:.0f} MB: far too large for a table, or made to fill the memory"
                    )
                    raise InputError(Problem(message, file=file))  # noqa: TRY301 (the count is part of the reading)
                yield chunk
    except InputError:
        raise
    except _DAMAGED as e:
        message = f"{member} in it cannot be unpacked ({e}); the file is damaged or locked: save it again"
        raise InputError(Problem(message, file=file)) from None


def _read(stream: IO[bytes]) -> bytes:
    return stream.read(_CHUNK)


def _archive_kind(path: Path) -> str:
    with open_archive(path) as archive:
        names = archive.namelist()
    if any(PurePosixPath(n).suffix.lower() == ".shp" for n in names):
        return "zip"
    if "xl/workbook.xml" in names or "[Content_Types].xml" in names:
        return "xlsb" if "xl/workbook.bin" in names else "xlsx"
    if "content.xml" in names:
        return "ods"
    return "kmz" if any(n.lower().endswith(".kml") for n in names) else "zip"


def _ole_kind(path: Path) -> str:
    """Tell a workbook from other OLE documents by the UTF-16 names of its streams."""
    head = read_whole(path)
    if "EncryptedPackage".encode("utf-16-le") in head:
        return "locked"
    is_workbook = any(n.encode("utf-16-le") in head for n in ("Workbook", "Book"))
    return "xls" if is_workbook else "ole"


def _text_kind(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if b"<kml" in start or b"earth.google.com/kml" in start:
        return "kml"
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml")) or b"<table" in start:
        return "html"
    if start.startswith((b"{", b"[")) and (b'"type"' in head or b'"' in start):
        return "json"
    printable = sum(b >= 0x20 or b in b"\t\r\n\f" for b in head)  # noqa: PLR2004 (control characters are below it)
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    nuls = head.count(0)
    # A CSV with a few NUL bytes is a damaged text and gets that message; UTF-16 has one in every ASCII pair.
    return "text" if is_utf16 or printable + nuls >= 0.9 * len(head) else "binary"
