"""What a packed OSM file unfolds to, told before anything is unpacked into memory."""

from __future__ import annotations

import bz2
import gzip
import struct
import zlib
from typing import TYPE_CHECKING

from circle15.errors import InputError, Problem
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

MOST_TIMES = 50
"""Times its size that a file may unfold to: real extracts take 2 to 4 as .pbf, 12 to 20 as .osm.gz or .osm.bz2."""
FREE_BYTES = 64 * 2**20
"""Below that nothing is refused."""
_BLOCK = 1 << 20
_LONGEST_HEADER = 64 * 1024  # as the format's description says
_RAW_SIZE, _DATA_SIZE = 2, 3  # fields of Blob and of BlobHeader
_VARINT, _BYTES = 0, 2


def check_unfolding(path: Path) -> None:
    """Refuse a packed OSM file that was made to fill the memory.

    Raises
    ------
    InputError
        If it unfolds to more than `MOST_TIMES` its size. What is damaged is told by whoever reads it.
    """
    name, size = path.name.lower(), path.stat().st_size
    most = max(MOST_TIMES * size, FREE_BYTES)
    try:
        if name.endswith(".pbf"):
            unfolded = _pbf_bytes(path, most)
        elif name.endswith((".gz", ".bz2")):
            unfolded = _packed_bytes(path, most)
        else:
            return
    except (OSError, EOFError, zlib.error, ValueError, struct.error, IndexError):
        return
    if unfolded > most:
        message = Said(
            f"解压后超过文件大小的 {MOST_TIMES} 倍，真实的地图数据不会如此；请重新下载",
            f"unfolds to more than {MOST_TIMES} times its size, as no map does; download it again",
        )
        raise InputError(Problem(message, file=str(path)))


def _packed_bytes(path: Path, most: int) -> int:
    total = 0
    with (gzip.open if path.name.lower().endswith(".gz") else bz2.open)(path, "rb") as stream:
        while total <= most and (block := stream.read(_BLOCK)):
            total += len(block)
    return total


def _pbf_bytes(path: Path, most: int) -> int:
    """Add up what the blobs of a .pbf say that they unfold to; libosmium unfolds none to more than it says.

    Source: wiki.openstreetmap.org, "PBF Format".
    """
    total = 0
    with path.open("rb") as stream:
        while total <= most and len(length := stream.read(4)) == 4:  # noqa: PLR2004 (a 32-bit number)
            (n,) = struct.unpack(">I", length)
            if n > _LONGEST_HEADER:
                break
            data_size = _number(stream.read(n), _DATA_SIZE)
            start = stream.read(min(data_size, 16))  # the raw size stands before the data
            total += _number(start, _RAW_SIZE)
            stream.seek(data_size - len(start), 1)
    return total


def _number(message: bytes, wanted: int) -> int:
    """Give the number in a field of a protobuf message, 0 where it is not among the fields before any long data."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key >> 3 == wanted and key & 7 == _VARINT:
            return value
        if key & 7 == _BYTES:
            at += value
        elif key & 7 != _VARINT:
            break
    return 0


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 (the bit that says "more")
            return value, at
