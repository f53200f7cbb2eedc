"""One writer for each output folder: whoever comes second is told so."""

from __future__ import annotations

import errno
import logging
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from circle15.errors import OutputError, Problem
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_NOT_OURS = Said(
    "名为锁文件，却不是 circle15 写的；请移走后重新运行",
    "bears the name of a lock and is not circle15's; move it away and run again",
)
logger = logging.getLogger(__name__)

_SUFFIX = ".circle15-lock"
_HEAD = b"circle15 writes here: "
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_BUSY = Said(
    "另一个 circle15 进程正在写这个文件夹{who}；请等它结束，或用 --out 指定另一个文件夹",
    "another circle15 is writing to this folder{who}; wait until it has ended, or name another folder with --out",
)


@contextmanager
def locked_folder(folder: Path, room: Path) -> Iterator[None]:
    """Hold the lock of ``folder``, a file in ``room`` that goes with the block.

    The system lets go of the lock when the process ends, however it ends. On a file system without locks a warning
    says so.

    Raises
    ------
    OutputError
        If another process, or another thread of this one, holds it.
    OSError
        If the file cannot be made.
    """
    path = room / f".{folder.name}{_SUFFIX}"
    hold, is_held = None, False
    try:
        while not is_held:
            # What lies there and is a link is not followed.
            hold = os.open(
                path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o666
            )
            _take(hold, folder)
            if _is_there(path, hold):
                _sign(hold, path)
                is_held = True
            else:  # its holder has removed it in the moment before it was taken
                os.close(hold)
                hold = None
        yield
    finally:
        if sys.platform == "win32" and hold is not None:
            os.close(hold)
        if is_held:
            with suppress(OSError):
                path.unlink()
        if sys.platform != "win32" and hold is not None:
            os.close(hold)
        if not is_held:  # Ctrl-C in the moment after the file was made
            _sweep(path, is_ours=lambda head: head in {b"", _HEAD})


def sweep_locks(parent: Path) -> None:
    """Remove the locks in ``parent`` that killed processes left; one that is held, or is not circle15's, is left."""
    for path in parent.glob(f".*{_SUFFIX}"):
        _sweep(path, is_ours=lambda head: head == _HEAD)


def _sweep(path: Path, *, is_ours: Callable[[bytes], bool]) -> None:
    try:
        hold = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return  # its own process has removed it, or it is another user's
    try:
        if sys.platform != "win32":
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_ours(os.read(hold, len(_HEAD))) and _is_there(path, hold):
            path.unlink()
    except OSError:
        logger.debug("%s: a living process holds it", path)
    finally:
        os.close(hold)


def _take(hold: int, folder: Path) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(hold, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        if e.errno in _NO_LOCKS:
            logger.warning(
                Said(
                    "%s：此文件系统没有文件锁，请确保同一时间只有一次运行写入此处",
                    "%s: this file system has no locks; see to it that one run at a time writes here",
                ),
                folder,
            )
            return
        raise OutputError(Problem(_busy(hold), file=str(folder))) from None


def _busy(hold: int) -> Said:
    told = b""
    with suppress(OSError):
        told = os.pread(hold, 200, 0) if hasattr(os, "pread") else b""
    number = told.removeprefix(_HEAD).strip().decode("ascii", errors="replace") if told.startswith(_HEAD) else ""
    zh, en = (f"（进程 {number}）", f" (process {number})") if number.isdecimal() else ("", "")
    return Said(_BUSY.zh.format(who=zh), _BUSY.en.format(who=en))


def _is_there(path: Path, hold: int) -> bool:
    try:
        there, held = path.lstat(), os.fstat(hold)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def _sign(hold: int, path: Path) -> None:
    """Write who holds it, for the message that another gets."""
    found = os.read(hold, len(_HEAD))
    if found and found != _HEAD:
        raise OutputError(Problem(_NOT_OURS, file=str(path)))
    with suppress(OSError):  # a full disk: the lock holds all the same
        os.ftruncate(hold, 0)
        os.lseek(hold, 0, os.SEEK_SET)
        os.write(hold, _HEAD + str(os.getpid()).encode())
