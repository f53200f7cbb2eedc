"""Temporary folders that are held as long as their process lives, so that those of killed ones can be swept."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.errors import OutputError, Problem
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows: what a killed process leaves stays until somebody deletes it
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

PREFIX, SUFFIX = "circle15-", ".partial"
"""What the name of every held folder has in it and ends with."""
_MARK = ".circle15-temporary"
"""A file in each held folder: what has it is ours to sweep, whatever else bears a name of the same form."""
_INSIDE = "inside"
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
CANNOT_KEEP = Said(
    "无法写入临时文件（{why}）；请腾出磁盘空间，或用环境变量 TMPDIR 指定另一个文件夹",
    "a temporary file cannot be written ({why}); make room on that disk, or set TMPDIR to another folder",
)
_OPEN_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class DiskFullError(OutputError):
    """There is no room for a temporary file."""


@contextmanager
def held_folder(parent: Path | None = None, *, before: str = "", suffix: str = SUFFIX) -> Iterator[Path]:
    """Yield an empty folder below ``parent``, by default the system's for temporary files, and remove it in the end.

    It lies in one that nobody else may enter and whose name nobody can foretell. The yielded folder itself may be
    renamed away: that is how it becomes a result.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder, hold = _make(parent, f"{before}{PREFIX}", suffix)
    try:
        (folder / _MARK).touch()
        (folder / _INSIDE).mkdir()
        yield folder / _INSIDE
    except OSError as e:
        if e.errno not in _FULL or e.filename is not None:
            raise
        # Writing tells no name: what the disk has no room for mostly stands here.
        raise DiskFullError(Problem(CANNOT_KEEP.format(why=e.strerror), file=str(folder))) from e
    finally:
        _remove(folder)
        if hold is not None:
            os.close(hold)


def _remove(folder: Path) -> None:
    """Remove a held folder, its mark last: what cannot be removed now stays known as ours."""
    shutil.rmtree(folder / _INSIDE, ignore_errors=True)
    if not os.path.lexists(folder / _INSIDE):
        shutil.rmtree(folder, ignore_errors=True)


def files_to_keep(stage: Path) -> list[Path]:
    """Give the files of a staged folder; what is left in it of temporary folders is removed, and never among them.

    The system may have refused to remove one after its file had taken its place.
    """
    for left in sorted(p for p in stage.rglob(f".*{PREFIX}*{SUFFIX}") if (p / _MARK).is_file()):
        _remove(left)
    files = (p for p in stage.rglob("*") if p.is_file())
    return sorted(p for p in files if not any(_is_temporary(part) for part in p.relative_to(stage).parts[:-1]))


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and PREFIX in name and name.endswith(SUFFIX)


def is_held(path: Path) -> bool:
    """Tell whether a path lies in a held folder, and so is nobody's but this process's."""
    return any(parent.name == _INSIDE and (parent.parent / _MARK).is_file() for parent in path.absolute().parents)


def _make(parent: Path | None, prefix: str, suffix: str) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
        if fcntl is None:
            return folder, None
        try:
            hold = os.open(folder, _OPEN_FOLDER)
        except FileNotFoundError:
            continue  # swept in the moment before it was locked
        except OSError:
            folder.rmdir()
            raise
        with suppress(OSError):  # a file system without locks, where `sweep_held` can take none either
            fcntl.flock(hold, fcntl.LOCK_SH)
        if folder.is_dir():
            return folder, hold
        os.close(hold)


def sweep_held(parent: Path | None = None, pattern: str = f"{PREFIX}*{SUFFIX}") -> int:
    """Remove the folders in ``parent`` that killed processes left, and give how many that were.

    A folder that a living process holds is left alone; the system lets go of a dead one's lock. So is a folder that
    `held_folder` has not made, a link, and another user's.
    """
    if fcntl is None:
        return 0
    n = 0
    for folder in (Path(tempfile.gettempdir()) if parent is None else parent).glob(pattern):
        try:
            hold = os.open(folder, _OPEN_FOLDER)
        except OSError:
            continue  # no folder, its own process has removed it, or it is another user's
        try:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            n += _remove_if_ours(folder, os.fstat(hold).st_uid)
        except OSError:
            logger.debug("%s: a living process writes here", folder)
        finally:
            os.close(hold)
    return n


def _remove_if_ours(folder: Path, owner: int) -> bool:
    if owner != os.getuid():
        return False
    if (folder / _MARK).is_file():
        _remove(folder)
        return True
    if PREFIX in folder.name:
        folder.rmdir()  # killed before it was marked: there is nothing in it, or it stays
        return True
    return False
