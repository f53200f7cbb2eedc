"""Which of GDAL's drivers may open which kind of file, and nothing else while they do: no other driver, no network.

GDAL asks every driver in turn what a file is, whatever its name says. Several of them read nothing but an address or
the names of other files from it (OGR VRT, WFS, WMS, GTI ...) and go there. So each kind of file has its own drivers.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyogrio
from pyogrio import _ogr

from circle15.errors import InputError, Problem
from circle15.files.door import is_plain_file
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VECTOR = {
    "gpkg": ("GPKG",), "gdb": ("OpenFileGDB",), "shp": ("ESRI Shapefile",), "kml": ("LIBKML", "KML"),
    "kmz": ("LIBKML", "KML"), "zip": ("OpenFileGDB",), "json": ("GeoJSON", "GeoJSONSeq", "ESRIJSON", "TopoJSON"),
}  # fmt: skip
CLOSED = {
    # A proxy of no known kind: curl gives up before it opens a socket. Only extensions that no file has pass /vsicurl.
    "GDAL_HTTP_PROXY": "none://", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none", "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "LIBKML_EXTERNAL_STYLE": "NO", "LIBKML_RESOLVE_STYLE": "NO", "PROJ_NETWORK": "OFF",
}  # fmt: skip
"""What keeps GDAL from addresses, whatever a driver that may open a file finds in it."""
_gate = threading.RLock()  # the list of drivers is the process's

_MAY_HOLD_CRS = re.compile(r"crs|\\u00", re.IGNORECASE)
_CRS_KEY = re.compile(r'"(?:[cC]|\\u00[46]3)(?:[rR]|\\u00[57]2)(?:[sS]|\\u00[57]3)"\s*:\s*(?=\{)')
_MAY_LINK = re.compile(r"link|url|\\u00", re.IGNORECASE)
_LINKS = {"link", "url"}
_GRIDS = re.compile(
    r"\b(?:nadgrids|geoidgrids|grids|file)\s*=\s*(?!@null\b)[^\s\"',]|\+init=[./]|PARAMETERFILE|PROJ4_GRIDS",
    re.IGNORECASE,
)
_STATED_BESIDE = re.compile(r"<SRS\b[^>]*>(.*?)</SRS>", re.DOTALL)
_LONGEST_SYSTEM = 1 << 20


@contextmanager
def only_drivers(kind: str) -> Iterator[None]:
    """Let pyogrio open files of ``kind``, as `file_guards.check_file` names it, within the block, and nothing else."""
    allowed = _VECTOR[kind]
    with _gate:
        before = {name: pyogrio.get_gdal_config_option(name) for name in ("GDAL_SKIP", *CLOSED)}
        others = sorted(set(pyogrio.list_drivers()) - set(allowed))
        pyogrio.set_gdal_config_options({**CLOSED, "GDAL_SKIP": ",".join(others)})
        # GDAL has no list of allowed drivers in pyogrio; it drops those of GDAL_SKIP when drivers are registered again.
        _ogr._register_drivers()  # noqa: SLF001 (as above)
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options(before)
            _ogr._register_drivers()  # noqa: SLF001 (as above)


def without_links(text: str, *, file: str) -> tuple[str, int]:
    """Take out of GeoJSON what tells a coordinate system by an address, which GDAL would fetch; it is WGS-84 then.

    Returns
    -------
    tuple
        The text, and how many such members were taken out.

    Raises
    ------
    InputError
        If the text is no JSON, so that nobody can tell what a lenient reader would make of it.
    """
    if not _MAY_HOLD_CRS.search(text) or not _MAY_LINK.search(text):
        return text, 0
    try:
        # Objects become nothing as soon as they are closed: only whether it is JSON counts.
        json.loads(text, object_pairs_hook=lambda _: None, parse_float=_nothing, parse_int=_nothing)
    except (ValueError, RecursionError) as e:
        message = Said(
            f"不是有效的 JSON（{e}）；文件已损坏、不完整或格式不符",
            f"cannot be read as JSON ({e}); the file is damaged, cut off or of another format",
        )
        raise InputError(Problem(message, file=file)) from None
    parts, start = [], 0
    for found in _CRS_KEY.finditer(text):
        if found.end() < start:
            continue  # inside a member that was taken out
        value, end = json.JSONDecoder().raw_decode(text, found.end())
        if any(str(v).casefold() in _LINKS for k, v in value.items() if k.casefold() == "type"):
            parts += [text[start : found.start()], '"crs_link":', "null"]
            start = end
    return "".join([*parts, text[start:]]), len(parts) // 3


def _nothing(_text: str) -> None:
    return None


def refuse_grid_files(crs: Any, *, file: str) -> None:
    """Refuse a coordinate system that names a file of shifts: PROJ would open whatever the data says.

    Raises
    ------
    InputError
        If it does.
    """
    text = crs if isinstance(crs, str) else crs.to_wkt() if hasattr(crs, "to_wkt") else str(crs)
    if _GRIDS.search(text):
        raise grids_named(text, file=file)


def grids_named(text: str, *, file: str) -> InputError:
    """Give the error of a coordinate system that names a file of shifts, as ``text`` does."""
    message = Said(
        "坐标系引用了另外的改正数文件，此类文件不予打开；请用有 EPSG 编码的坐标系重新保存，如 EPSG:4490、EPSG:4326",
        "its coordinate system names a file of its own with shifts, and such files are not opened; save it in a"
        " system with an EPSG code, e.g. EPSG:4490 or EPSG:4326",
    )
    return InputError(Problem(message, file=file, value=text[:200]))


def refuse_grids_beside(path: Path, *, file: str) -> None:
    """Refuse a .prj or .aux.xml beside a file that names a file of shifts: GDAL has opened it once it is asked.

    Raises
    ------
    InputError
        If there is one.
    """
    for beside in path.parent.iterdir():
        is_prj = beside.stem == path.stem and beside.suffix.lower() == ".prj"
        if (is_prj or beside.name == f"{path.name}.aux.xml") and is_plain_file(beside):
            with beside.open("rb") as stream:
                text = stream.read(_LONGEST_SYSTEM).decode("latin-1")
            refuse_grid_files(text if is_prj else " ".join(_STATED_BESIDE.findall(text)), file=file)
