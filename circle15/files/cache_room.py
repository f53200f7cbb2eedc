"""The cache's entries, whatever kind they are: listed, kept below a size, cleared."""

from __future__ import annotations

import logging
import os
import shutil
import stat
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from circle15.files.held_folders import held_folder, sweep_held

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

LIMIT_BYTES = 4_000_000_000
"""The entries used longest ago are deleted when all together take more."""

PART = ".part"
"""Suffix of the folders that entries are written in, beside their places (`held_folder`)."""

_KINDS = {"networks": "*.npz", "extracts": "*.kept", "results": "*.npz"}


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One entry: a file, or a folder of files that belong together."""

    kind: str  # "networks" | "extracts" | "results"
    path: Path
    size_bytes: int
    used_at: float  # seconds since the epoch


_own_root: ContextVar[Path | None] = ContextVar("own_root", default=None)


def cache_root() -> Path:
    """Give the user's cache folder; ``XDG_CACHE_HOME`` is honoured where the system has it."""
    return _own_root.get() or Path(platformdirs.user_cache_dir("circle15", appauthor=False))


@contextmanager
def empty_cache() -> Iterator[None]:
    """Keep and find nothing in the user's cache folder within the block: an audit believes files alone."""
    with held_folder() as folder:
        before = _own_root.set(folder)
        try:
            yield
        finally:
            _own_root.reset(before)


def make_room(folder: Path) -> bool:
    """Make a folder of the cache that nobody else may look into; tell whether it may be used.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
    return is_trusted(folder)


def is_trusted(folder: Path) -> bool:
    """Tell whether nobody but this user (and the system's) can have written what is in a folder of the cache.

    Of one that others may write to a warning says so: nothing in it is believed, and nothing is put there.
    """
    if os.name == "nt":
        return True  # a user's folders are the user's own there
    for one in (folder.parent, folder):
        try:
            found = one.stat()
        except OSError:
            continue  # not there yet, or not to be looked at: whoever reads says so
        if found.st_uid not in {os.getuid(), 0} or found.st_mode & stat.S_IWOTH:
            _warn_of(one)
            return False
    return True


@cache
def _warn_of(folder: Path) -> None:
    log.warning("%s: others may write to this cache folder, so it is not used; delete it, and it is made anew", folder)


def list_entries(root: Path | None = None) -> list[CacheEntry]:
    """List the entries, the one used last first; those that another process deletes meanwhile are left out."""
    found = []
    for kind, pattern in _KINDS.items():
        for path in ((root or cache_root()) / kind).glob(pattern):
            try:
                files = [path, *path.iterdir()] if path.is_dir() else [path]
                size = sum(f.stat().st_size for f in files if f.is_file())
                found.append(CacheEntry(kind, path, size, path.stat().st_mtime))
            except FileNotFoundError:
                log.debug("%s: deleted by another process meanwhile", path)
    return sorted(found, key=lambda e: (-e.used_at, e.path.name))


def delete_entries(entries: list[CacheEntry]) -> int:
    """Delete entries and give how many there were; a process that reads one at this moment reads it to its end."""
    n = 0
    for entry in entries:
        # An entry of several files leaves in one step, so that nobody finds half of it.
        with held_folder(entry.path.parent, suffix=PART) as aside:
            try:
                entry.path.rename(aside / entry.path.name)
                n += 1
            except FileNotFoundError:
                log.debug("%s: deleted by another process meanwhile", entry.path)
    return n


def shrink_cache(limit_bytes: int | None = None, root: Path | None = None) -> None:
    """Delete the entries used longest ago until the rest takes at most ``limit_bytes``, by default `LIMIT_BYTES`.

    What killed processes left half-written goes as well, here and in the system's folder for temporary files.
    """
    for kind in _KINDS:
        sweep_held((root or cache_root()) / kind, f"*{PART}")
    sweep_held()
    limit = LIMIT_BYTES if limit_bytes is None else limit_bytes
    total = 0
    beyond = []
    for entry in list_entries(root):
        total += entry.size_bytes
        if total > limit:
            log.info("%s: deleted from the cache, which is full", entry.path)
            beyond.append(entry)
    delete_entries(beyond)


def clear_cache(root: Path | None = None) -> int:
    """Delete every entry, and what killed processes left behind; give the number of entries."""
    n = delete_entries(list_entries(root))
    for kind in _KINDS:
        for path in ((root or cache_root()) / kind).glob(f"*{PART}"):
            shutil.rmtree(path, ignore_errors=True)
    return n
