"""Digests of files' bytes, computed once per process for a file that stays as it is."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Give the digest of a file's bytes, in hex.

    A province's extract is an input of each of its districts: it is read again only when its size, its time of change
    or its inode is another.
    """
    known = path.stat()
    return _digest(str(path), algorithm, known.st_size, known.st_mtime_ns, known.st_ino)


@lru_cache(maxsize=1024)
def _digest(path: str, algorithm: str, _size: int, _changed_ns: int, _inode: int) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 (the key of the cache is the text)
        return hashlib.file_digest(file, algorithm).hexdigest()
