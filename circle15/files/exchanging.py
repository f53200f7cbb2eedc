"""Two folders exchanged in one step of the system, and contents made to last; where a system can."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_EXCHANGE = 2  # RENAME_EXCHANGE of Linux's renameat2(2), RENAME_SWAP of macOS's renamex_np(2)
_AT_FDCWD = -100  # names are relative to the current folder
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot.

    Raises
    ------
    OSError
        If the system refuses.
    """
    ends = os.fsencode(one), os.fsencode(other)
    library = ctypes.CDLL(None, use_errno=True) if sys.platform in {"linux", "darwin"} else None
    if library is not None and hasattr(library, "renameat2"):
        failed = library.renameat2(_AT_FDCWD, ends[0], _AT_FDCWD, ends[1], ctypes.c_uint(_EXCHANGE))
    elif library is not None and hasattr(library, "renamex_np"):
        failed = library.renamex_np(*ends, ctypes.c_uint(_EXCHANGE))
    else:
        return False
    if failed and ctypes.get_errno() not in _CANNOT:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
    return not failed


def may_be_exchanged(stage: Path, folder: Path, ours: Collection[str]) -> bool:
    """Tell whether another folder may take the place of ``folder``; ``stage`` is given its rights.

    It may where nothing but ``ours`` is in it, nobody stands in it, and it differs from a new one in nothing.
    """
    inside = [p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()]
    folders = {parent for p in inside for parent in p.parents} | {folder}
    is_all_ours = all(p.relative_to(folder).as_posix() in ours for p in inside)
    if not is_all_ours or any(p.is_dir() and p not in folders for p in folder.rglob("*")):
        return False
    old, new = folder.stat(), stage.stat()
    if (old.st_dev, getattr(old, "st_uid", 0), getattr(old, "st_gid", 0)) != (
        new.st_dev, getattr(new, "st_uid", 0), getattr(new, "st_gid", 0),
    ):  # fmt: skip
        return False
    if folder.is_symlink() or folder.is_mount() or _has_rights_of_its_own(folder) or _stands_in(folder):
        return False
    shutil.copymode(folder, stage)
    return True


def _has_rights_of_its_own(folder: Path) -> bool:
    try:
        return hasattr(os, "listxattr") and bool(os.listxattr(folder))
    except OSError:
        return False


def _stands_in(folder: Path) -> bool:
    """Tell whether this process or the shell that started it is in the folder: it would be in a deleted one."""
    for link in ("self", str(os.getppid())):
        try:
            where = Path(f"/proc/{link}/cwd").readlink()
        except OSError:
            where = Path.cwd()
        if where == folder or folder in where.parents:
            return True
    return False


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, outlast a failing of the power.

    Raises
    ------
    OSError
        If the disk cannot take it.
    """
    if os.name == "nt" and path.is_dir():
        return  # NTFS keeps a journal of names; a folder cannot be opened there
    hold = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(hold)
    except OSError as e:
        if e.errno not in _CANNOT:  # some file systems sync no folders
            raise
    finally:
        os.close(hold)
