"""What results depend on: digests of files' bytes, the files beside a file that belong to it, versions of libraries."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = (
    "geopandas", "h3", "networkx", "numpy", "osmium", "osmnx", "pandas", "pyarrow", "pyogrio", "pyproj",
    "python-calamine", "rasterio", "scipy", "shapely", "XlsxWriter",
)  # fmt: skip
"""Those that decide numbers and tables."""

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_OF_ONE_STEM = {".shp": SHAPEFILE_PARTS, ".tif": (".tfw", ".wld"), ".tiff": (".tfw", ".wld"), ".asc": (".prj",)}
_CODE_ROOT = Path(__file__).parents[1]
_BEHIND_ITS_NAME = ("-wal", "-journal", ".aux.xml", ".msk")  # of a GeoPackage (SQLite), of a raster (GDAL)


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Give the digest of a file's bytes, in hex.

    A province's extract is an input of each of its districts: it is read again only when its size, its times of change
    or its inode is another. The time of the inode's change is one of them: a program may set the other one back.
    """
    known = path.stat()
    return _digest(str(path), algorithm, known.st_size, known.st_mtime_ns, known.st_ctime_ns, known.st_ino)


def file_parts(path: Path) -> list[Path]:
    """Give a file and the files beside it that are read with it, such as a shapefile's .dbf or a GeoPackage's -wal.

    Of a file geodatabase, which is a folder, the files in it, but for the locks of programs that have it open.
    """
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() != ".lock")
    stems = _OF_ONE_STEM.get(path.suffix.lower(), ())
    beside = sorted(path.parent.glob("*")) if stems else []
    parts = [p for p in beside if p.stem == path.stem and p.suffix.lower() in stems]
    parts += [p for end in _BEHIND_ITS_NAME if (p := path.with_name(path.name + end)).is_file() and p.stat().st_size]
    return [path, *(p for p in parts if p != path)]


@cache
def library_versions() -> dict[str, str]:
    """Give the versions of the libraries that decide numbers and tables."""
    return {name: version(name) for name in LIBRARIES}


def makers_digest(*makers: str) -> bytes:
    """Give the digest of modules and tables in folders and files of circle15, named from its root ("inputs/osm")."""
    digest = hashlib.blake2b()
    for maker in makers:
        path = _CODE_ROOT / maker
        for file in sorted(p for p in path.rglob("*") if p.suffix in {".py", ".csv"}) if path.is_dir() else [path]:
            digest.update(file.relative_to(_CODE_ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.digest()


@lru_cache(maxsize=1024)
def _digest(path: str, algorithm: str, _size: int, _changed_ns: int, _inode_changed_ns: int, _inode: int) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 (the key of the cache is the text)
        return hashlib.file_digest(file, algorithm).hexdigest()
