"""What the cache keeps, with a checksum over every byte: an entry that has changed since is found, and is made anew."""

from __future__ import annotations

import hashlib
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

_SUM_CHARACTERS = 64
_BLOCK_BYTES = 1 << 24


class BrokenEntryError(ValueError):
    """An entry of the cache is not as it was written."""


def write_checked_arrays(path: Path, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays as an ``.npz`` whose archive comment is the checksum of all before it, and of the entry's name."""
    # Opened here: `zipfile` empties a file that it is to add to where the system refuses to open it once.
    with path.open("w+b") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes its one keyword for all of them
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = b"0" * _SUM_CHARACTERS
        found, _ = _sums(file, name)
        file.seek(-_SUM_CHARACTERS, 2)
        file.write(found)


@contextmanager
def checked_arrays(path: Path, name: str) -> Iterator[Any]:
    """Yield the arrays of an entry by name, having compared every byte with its checksum; no object is unpickled.

    Raises
    ------
    FileNotFoundError
        If there is none.
    BrokenEntryError
        If it is not as it was written, or was written under another name.
    """
    with path.open("rb") as file:
        found, stated = _sums(file, name)
        if found != stated:
            raise BrokenEntryError("its checksum is another")
        file.seek(0)
        with np.load(file, allow_pickle=False) as stored:
            yield stored


def _sums(file: BinaryIO, name: str) -> tuple[bytes, bytes]:
    """Give the checksum of a file's bytes, and the one that stands at its end."""
    left = file.seek(0, 2) - _SUM_CHARACTERS
    file.seek(0)
    digest = hashlib.blake2b(name.encode(), digest_size=_SUM_CHARACTERS // 2)
    while left > 0 and (block := file.read(min(_BLOCK_BYTES, left))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest().encode(), file.read(_SUM_CHARACTERS)
