"""Temporary folders that are held as long as their process lives, so that those of killed ones can be swept."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows: what a killed process leaves stays until somebody deletes it
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

_PREFIX, _SUFFIX = "circle15-", ".partial"  # in the system's folder


@contextmanager
def held_folder(parent: Path | None = None, *, prefix: str = _PREFIX, suffix: str = _SUFFIX) -> Iterator[Path]:
    """Yield an empty folder in ``parent``, by default the system's for temporary files, and remove it in the end.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder, hold = _make(parent, prefix, suffix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if hold is not None:
            os.close(hold)


def _make(parent: Path | None, prefix: str, suffix: str) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
        if fcntl is None:
            return folder, None
        try:
            hold = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # swept in the moment before it was locked
        with suppress(OSError):  # a file system without locks, where `sweep_held` can take none either
            fcntl.flock(hold, fcntl.LOCK_SH)
        if folder.is_dir():
            return folder, hold
        os.close(hold)


def sweep_held(parent: Path | None = None, pattern: str = f"{_PREFIX}*{_SUFFIX}") -> int:
    """Remove the folders in ``parent`` that killed processes left, and give how many that were.

    A folder that a living process holds is left alone; the system lets go of a dead one's lock.
    """
    if fcntl is None:
        return 0
    n = 0
    for folder in (Path(tempfile.gettempdir()) if parent is None else parent).glob(pattern):
        if not folder.is_dir():
            continue
        try:
            hold = os.open(folder, os.O_RDONLY)
        except OSError:
            continue  # its own process has removed it, or it is another user's
        try:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            n += 1
        except OSError:
            logger.debug("%s: a living process writes here", folder)
        finally:
            os.close(hold)
    return n
