"""A GeoPackage looked at again: where the disk refuses the end of a transaction, GDAL loses it and says nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import geopandas as gpd

_MADE = "SELECT type, name FROM sqlite_master"


def refuse_partial(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """See that every layer is there, with each row, its spatial index, triggers and place in the list of contents.

    What a layer consists of is asked of GDAL itself, by one row written in memory, where no disk can refuse.

    Parameters
    ----------
    path
        The file, as GDAL left it.
    layers
        What was written, by name.

    Raises
    ------
    OSError
        If something of it is missing.
    """
    try:
        with closing(sqlite3.connect(path)) as file:
            is_whole = all(_is_there(file, name, frame) for name, frame in layers.items())
    except sqlite3.Error:  # a table that is not there, or a file that is none
        is_whole = False
    if not is_whole:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def _is_there(file: sqlite3.Connection, name: str, frame: gpd.GeoDataFrame) -> bool:
    with closing(_in_memory(name, frame)) as right:
        version = "PRAGMA user_version"
        if not set(right.execute(_MADE)) <= set(file.execute(_MADE)) or _one(right, version) != _one(file, version):
            return False
        (geometry,) = _one(right, "SELECT column_name FROM gpkg_geometry_columns")
    shapes = frame.geometry
    n_indexed = int((shapes.notna() & ~shapes.is_empty).sum())
    stated = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?"
    extent = "SELECT count(*) FROM gpkg_contents WHERE table_name = ? AND (min_x IS NOT NULL OR ? = 0)"
    return (
        _n_rows(file, name) == len(frame)
        and _n_rows(file, f"rtree_{name}_{geometry}_rowid") == n_indexed
        and _one(file, stated, (name,)) == (len(frame),)
        and _one(file, extent, (name, n_indexed)) == (1,)
    )


def _in_memory(name: str, frame: gpd.GeoDataFrame) -> sqlite3.Connection:
    kept = BytesIO()
    frame.head(1).to_file(kept, layer=name, driver="GPKG", engine="pyogrio")
    made = sqlite3.connect(":memory:")
    made.deserialize(kept.getvalue())
    return made


def _one(file: sqlite3.Connection, question: str, given: Iterable[str | int] = ()) -> tuple[object, ...]:
    answer: tuple[object, ...] | None = file.execute(question, tuple(given)).fetchone()
    return answer or ()


def _n_rows(file: sqlite3.Connection, table: str) -> object:
    quoted = '"' + table.replace('"', '""') + '"'
    return _one(file, f"SELECT count(*) FROM {quoted}")[0]  # noqa: S608 (a name of ours, quoted)
