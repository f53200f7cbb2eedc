"""GeoPackages that another program has open: what it wrote last stands in a journal beside the file."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.files.held_folders import held_folder
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_JOURNALS = ("-wal", "-journal")
_MAGIC = b"SQLite format 3\0"
_WAL_VERSIONS = slice(18, 20)  # of the file's header: 2, 2 where it is kept with a write-ahead log
_TRIES = 3


@contextmanager
def steady_geopackage(path: Path) -> Iterator[Path]:
    """Yield a path from which SQLite reads the newest state of ``path`` without touching it or its folder.

    SQLite merges a write-ahead log on opening, rolls a journal back, and lays files of its own beside: in a folder that
    it may not write it fails or silently reads the older state, in another one it alters the planner's file. So a file
    with a log or journal, or in the mode of one, is read from a private copy. Any other file is read where it is.

    Source: sqlite.org, "Write-Ahead Logging" (section 5) and "Database File Format" (section 1.3).

    Raises
    ------
    InputError
        If another program writes to it all the while.
    """
    journals = _journals(path)
    if not journals and not _has_log_mode(path):
        yield path
        return
    with held_folder() as folder:
        for _ in range(_TRIES):
            before = _state(path)
            copies = _copy(path, folder)
            if _state(path) == before:
                break
        else:
            message = Said(
                "另一程序正在写入（旁有 -wal 文件）；请在该程序中保存并关闭后重试",
                "another program is writing to it (-wal beside it); save and close it there, then try again",
            )
            raise InputError(Problem(message, file=str(path)))
        yield copies


def _journals(path: Path) -> list[Path]:
    beside = [path.with_name(path.name + end) for end in _JOURNALS]
    return [p for p in beside if p.is_file() and p.stat().st_size]


def _has_log_mode(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(_WAL_VERSIONS.stop)
    return head.startswith(_MAGIC) and 2 in head[_WAL_VERSIONS]  # noqa: PLR2004 (the format's own number)


def _state(path: Path) -> list[tuple[str, int, int]]:
    return [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in (path, *_journals(path))]


def _copy(path: Path, folder: Path) -> Path:
    for old in folder.iterdir():
        old.unlink()
    for part in (path, *_journals(path)):
        shutil.copyfile(part, folder / part.name)  # bytes alone: a read-only file's copy has to be writable
    return folder / path.name
