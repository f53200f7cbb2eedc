"""What a GeoPackage would run when it is read: views and virtual tables are statements, and some never end."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from circle15.errors import InputError, Problem
from circle15.files.door import settled_path
from circle15.inputs.geofiles.drivers import refuse_grid_files
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

MOST_STEPS = 50_000_000
"""Steps of SQLite's machine that reading a view may take: some two seconds, millions of rows."""
_STEPS_AT_ONCE = 1_000_000
_INDEXES = ("rtree", "fts3", "fts4", "fts5")
"""Virtual tables of SQLite's own that index other tables; every other kind may be anything, a file elsewhere too."""


def check_geopackage(path: Path, *, file: str) -> None:
    """Refuse a GeoPackage with a view that does not end, or a virtual table that is no index.

    Parameters
    ----------
    path
        The copy that is read.
    file
        What it is called in messages.

    Raises
    ------
    InputError
        Naming the view or table; or if a coordinate system names a file of its own. What is no database is told by
        whoever reads it.
    """
    try:
        base = sqlite3.connect(f"file:{quote(str(settled_path(path)))}?mode=ro", uri=True)
    except sqlite3.Error:
        return
    try:
        found = base.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        for kind, name, sql in found:
            words = str(sql).split()
            if kind == "table" and [w.casefold() for w in words[:2]] == ["create", "virtual"]:
                _check_virtual(str(name), str(sql), file)
            elif kind == "view":
                _check_view(base, str(name), file)
        for (stated,) in base.execute("SELECT definition FROM gpkg_spatial_ref_sys"):
            refuse_grid_files(str(stated), file=file)
    except sqlite3.DatabaseError:
        return
    finally:
        base.close()


def _check_virtual(name: str, sql: str, file: str) -> None:
    _, _, rest = sql.casefold().partition(" using ")
    if not rest.strip().startswith(_INDEXES):
        message = Said(
            f"{name} 是虚拟表，内容可能来自别的文件，不予读取；请只导出普通图层",
            f"{name} is a virtual table, which may be any other file, and is not read; export plain layers alone",
        )
        raise InputError(Problem(message, file=file))


def _check_view(base: sqlite3.Connection, name: str, file: str) -> None:
    left = [MOST_STEPS // _STEPS_AT_ONCE]

    def is_too_long() -> bool:
        left[0] -= 1
        return left[0] < 0

    base.set_progress_handler(is_too_long, _STEPS_AT_ONCE)
    quoted = name.replace('"', '""')
    try:
        base.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608 (a name cannot be a parameter)
    except sqlite3.Error as e:
        message = Said(
            f"视图 {name} 无法读取或读不完（{e}）；请把它另存为普通图层",
            f"the view {name} cannot be read, or has no end ({e}); save it as a layer of its own",
        )
        raise InputError(Problem(message, file=file)) from None
    finally:
        base.set_progress_handler(None, 0)
