"""What a file really is, and whether it can be opened within bounded memory and time."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from circle15.errors import Circle15Error, InputError, Problem
from circle15.files.door import read_whole, steady_file, vouched
from circle15.said import Said

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
    "text": Said("纯文本（如 CSV）", "plain text, such as CSV"),
    "xlsx": Said("Excel 工作簿（.xlsx）", "an Excel workbook (.xlsx)"),
    "xls": Said("旧版 Excel 工作簿（.xls）", "an old Excel workbook (.xls)"),
    "gpkg": Said("GeoPackage（.gpkg）", "a GeoPackage (.gpkg)"),
    "json": Said("JSON", "JSON"),
    "shp": Said("Shapefile（.shp）", "a shapefile (.shp)"),
    "zip": Said("zip 压缩包", "a zip archive"),
    "parquet": Said("Parquet", "Parquet"),
    "kml": Said("KML", "KML"),
    "kmz": Said("KMZ 压缩包", "a KMZ archive"),
    "gdb": Said("文件地理数据库（.gdb）", "a file geodatabase (.gdb)"),
    "html": Said("网页：请用 Excel 打开并另存为 .xlsx", "a web page: open it in Excel and save it as .xlsx"),
    "pdf": Said("PDF：请把其中的表格复制到 CSV 或 .xlsx", "a PDF; its tables must be copied into a CSV or .xlsx"),
    "sqlite": Said("SQLite 数据库，不是 GeoPackage", "an SQLite database, no GeoPackage"),
    "ole": Said("旧版 Office 文档，不是工作簿", "an old Office document that is no workbook"),
    "locked": Said("加密的工作簿：请去掉密码另存", "a workbook locked with a password: save it without one"),
    "rar": Said("RAR 压缩包：请先解压", "a RAR archive: unpack it first"),
    "ods": Said("OpenDocument 电子表格（.ods）", "an OpenDocument spreadsheet (.ods)"),
    "xlsb": Said("二进制工作簿（.xlsb）：请另存为 .xlsx", "a binary workbook (.xlsb): save it as .xlsx"),
    "binary": Said("未知格式", "of no known format"),
}


# What planners' programs save and this one does not read, and how to get there.
REMEDIES = {
    ".mdb": Said(
        " ArcGIS 个人地理数据库：请把图层导出为 .shp、.gpkg 或 .gdb",
        "a personal geodatabase of ArcGIS: export its layer as .shp, .gpkg or .gdb",
    ),
    ".accdb": Said(" Access 数据库：请把表导出为 .xlsx", "an Access database: export its table as .xlsx"),
    ".dwg": Said(
        " AutoCAD 图纸：请把边界连同坐标系导出为 .shp 或 .geojson",
        "a drawing of AutoCAD: export its outlines as .shp or .geojson, with their coordinate system",
    ),
    ".dxf": Said(
        "图纸：请把边界连同坐标系导出为 .shp 或 .geojson",
        "a drawing: export its outlines as .shp or .geojson, with their coordinate system",
    ),
    ".tab": Said(" MapInfo 表：请导出为 .shp 或 .gpkg", "a table of MapInfo: export it as .shp or .gpkg"),
    ".mif": Said(" MapInfo 表：请导出为 .shp 或 .gpkg", "a table of MapInfo: export it as .shp or .gpkg"),
    ".lyr": Said(
        "图层样式，不含数据：请给它所指的文件", "a layer's style, without data: give the file that it points to"
    ),
    ".lyrx": Said(
        "图层样式，不含数据：请给它所指的文件", "a layer's style, without data: give the file that it points to"
    ),
    ".mxd": Said(
        "地图工程，不含数据：请给它所指的文件", "a map project, without data: give the files that it points to"
    ),
    ".aprx": Said(
        "地图工程，不含数据：请给它所指的文件", "a map project, without data: give the files that it points to"
    ),
    ".qgz": Said(
        "地图工程，不含数据：请给它所指的文件", "a map project, without data: give the files that it points to"
    ),
    ".qgs": Said(
        "地图工程，不含数据：请给它所指的文件", "a map project, without data: give the files that it points to"
    ),
    ".gml": Said(" GML：请导出为 .gpkg", "GML: export it as .gpkg"),
    ".ovkml": Said("奥维地图自有格式：请导出为 .kml", "OviMap's own format: export it as .kml"),
    ".ovobj": Said("奥维地图自有格式：请导出为 .kml", "OviMap's own format: export it as .kml"),
    ".ovjsn": Said("奥维地图自有格式：请导出为 .kml", "OviMap's own format: export it as .kml"),
    ".et": Said(" WPS 表格：请另存为 .xlsx", "a spreadsheet of WPS: save it as .xlsx"),
    ".numbers": Said(" Numbers 表格：请导出为 .xlsx", "a spreadsheet of Numbers: export it as .xlsx"),
    ".xlsb": Said("二进制工作簿：请另存为 .xlsx", "a binary workbook: save it as .xlsx"),
    ".pdf": Said(" PDF：请把其中的表格复制到 .csv 或 .xlsx", "a PDF: copy its table into a .csv or .xlsx"),
    ".docx": Said("文字文档：请把其中的表格复制到 .xlsx", "a text: copy its table into an .xlsx"),
    ".doc": Said("文字文档：请把其中的表格复制到 .xlsx", "a text: copy its table into an .xlsx"),
    ".wps": Said(" WPS 文字：请把其中的表格复制到 .xlsx", "a text of WPS: copy its table into an .xlsx"),
    ".rar": Said("RAR 压缩包：请先解压", "a RAR archive: unpack it first"),
    ".7z": Said("压缩包：请先解压", "an archive: unpack it first"),
    ".shx": Said(" Shapefile 的一部分：请写其 .shp", "part of a shapefile: name its .shp"),
    ".dbf": Said(
        " Shapefile 的一部分：请写其 .shp，或把表另存为 .xlsx",
        "part of a shapefile: name its .shp, or save the table as .xlsx",
    ),
    ".prj": Said(" Shapefile 的一部分：请写其 .shp", "part of a shapefile: name its .shp"),
}


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
            raise InputError(
                Problem(
                    Said(
                        f"是{remedy.zh}（可读的文件：{suffixes}）", f"is {remedy.en} (files that are read: {suffixes})"
                    ),
                    file=name,
                )
            )
        raise InputError(
            Problem(
                Said(f"不读这类文件；可读 {suffixes}", f"files of this kind are not read; right are {suffixes}"),
                file=name,
                value=path.suffix,
            )
        )
    with steady_file(path):
        kind = content_kind(path)
    if kind not in known:
        raise InputError(
            Problem(
                Said(
                    f"文件名为 {path.suffix}，内容却是{_NAMES[kind].zh}",
                    f"the name says {path.suffix}, but the content is {_NAMES[kind].en}",
                ),
                file=name,
            )
        )
    return kind


def _check_folder(path: Path) -> str:
    """Give "gdb" for a file geodatabase, which is a folder."""
    if not any(p.suffix.lower() == ".gdbtable" for p in path.iterdir()):
        message = Said(
            "名为文件地理数据库，其中却没有表（.gdbtable），请重新复制整个文件夹",
            "is named as a file geodatabase, but has no table (.gdbtable) in it; copy the whole folder again",
        )
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
            Problem(
                Said(
                    f"文件损坏或不完整（{e}），请重新复制或另存",
                    f"the file is damaged or cut off ({e}); copy or save it again",
                ),
                file=str(path),
            )
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
                    message = Said(
                        f"解压后超过 {limit:.0f} MB：作为表格过大，或为占满内存而制",
                        f"unpacks to more than {limit:.0f} MB: far too large for a table, or made to fill the memory",
                    )
                    raise InputError(Problem(message, file=file))  # noqa: TRY301 (the count is part of the reading)
                yield chunk
    except InputError:
        raise
    except _DAMAGED as e:
        message = Said(
            f"其中的 {member} 无法解压（{e}）；文件损坏或已加密，请另存",
            f"{member} in it cannot be unpacked ({e}); the file is damaged or locked: save it again",
        )
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
