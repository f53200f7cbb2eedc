"""What results depend on: digests of files' bytes, the files beside a file that belong to it, versions of libraries."""

from __future__ import annotations

import hashlib
import time
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from circle15.files.vrt_tiles import vrt_tiles

LIBRARIES = (
    "geopandas", "h3", "networkx", "numpy", "osmium", "osmnx", "pandas", "pyarrow", "pyogrio", "pyproj",
    "python-calamine", "rasterio", "scipy", "shapely", "XlsxWriter",
)  # fmt: skip
"""Those that decide numbers and tables."""

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_OF_ONE_STEM = {
    ".shp": SHAPEFILE_PARTS, ".tif": (".tfw", ".tifw", ".wld", ".tab"), ".tiff": (".tfw", ".tiffw", ".wld", ".tab"),
    ".asc": (".prj",), ".img": (".ige", ".rrd"),
    **dict.fromkeys((".bil", ".bip", ".bsq", ".flt"), (".hdr", ".prj", ".blw", ".stx", ".clr")),
}  # fmt: skip
_CODE_ROOT = Path(__file__).parents[1]
_CODE = {".py", ".csv", ".toml", ".html", ".css", ".js", ".so", ".pyd"}
_BEHIND_ITS_NAME = ("-wal", "-journal", ".aux.xml", ".msk", ".ovr", ".msk.ovr")  # of a GeoPackage, of a raster
_RACY_NS = 2_000_000_000
"""How long a file's times may stay as they are while it is written again: FAT keeps two seconds, NFS one."""


class FileIdentity(NamedTuple):
    """What the system knows of a file's content without reading it."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int  # of the last change, which a program may set back
    ctime_ns: int  # of the inode's last change, which it may not; on Windows of the file's making


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Give the digest of a file's bytes, in hex.

    A province's extract is an input of each of its districts: it is read again only when its size, its times of change
    or its inode is another. The time of the inode's change is one of them: a program may set the other one back. A
    file that was changed a moment ago is read each time, since the next change may leave it the same times.
    """
    known = identity_of(path)
    return fresh_digest(path, algorithm) if is_just_changed(known) else _digest(str(path), algorithm, known)


def fresh_digest(path: Path | str, algorithm: str = "sha256") -> str:
    """Give the digest of a file's bytes, in hex, read now."""
    with open(path, "rb") as file:  # noqa: PTH123 (a text where it is the key of a cache)
        return hashlib.file_digest(file, algorithm).hexdigest()


def identity_of(path: Path) -> FileIdentity:
    """Give what tells a file's present content from another: device, inode, size and times of change."""
    known = path.stat()
    return FileIdentity(known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns)


def is_just_changed(known: FileIdentity) -> bool:
    """Tell whether a file changed so lately that the next change might not show in its times."""
    return max(known.mtime_ns, known.ctime_ns) > time.time_ns() - _RACY_NS


def file_parts(path: Path) -> list[Path]:
    """Give a file and the files that are read with it: a shapefile's .dbf, a GeoPackage's -wal, a .vrt's tiles.

    Of a file geodatabase, which is a folder, the files in it, but for the locks of programs that have it open.
    """
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() != ".lock")
    named = [path, *vrt_tiles(path)]
    return list(dict.fromkeys(part for file in named for part in (file, *_files_beside(file))))


def _files_beside(path: Path) -> list[Path]:
    stems = _OF_ONE_STEM.get(path.suffix.lower(), ())
    beside = sorted(path.parent.glob("*")) if stems else []
    parts = [p for p in beside if p.stem == path.stem and p.suffix.lower() in stems]
    parts += [p for end in _BEHIND_ITS_NAME if (p := path.with_name(path.name + end)).is_file() and p.stat().st_size]
    return parts


@cache
def library_versions() -> dict[str, str]:
    """Give the versions of the libraries that decide numbers and tables."""
    return {name: version(name) for name in LIBRARIES}


@cache
def code_tree_digest(root: Path = _CODE_ROOT) -> str:
    """Give the SHA-256 of the code, templates and tables in a folder, by default all of circle15's, read once."""
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in _CODE and p.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def makers_digest(*makers: str) -> bytes:
    """Give the digest of modules and tables in folders and files of circle15, named from its root ("inputs/osm")."""
    digest = hashlib.blake2b()
    for maker in makers:
        path = _CODE_ROOT / maker
        for file in sorted(p for p in path.rglob("*") if p.suffix in {".py", ".csv"}) if path.is_dir() else [path]:
            digest.update(file.relative_to(_CODE_ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.digest()


@lru_cache(maxsize=1024)
def _digest(path: str, algorithm: str, _known: FileIdentity) -> str:
    return fresh_digest(path, algorithm)
