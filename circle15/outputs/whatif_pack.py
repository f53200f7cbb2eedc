"""Arrays packed small for a page that reads them without a server; `templates/whatif/engine/pack.js` is the reader.

The whole is one deflated text of base64: a table of contents in JSON, then the arrays one behind the other. Every array
comes out of the page as it went in, to the last bit.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS_PER_DEGREE = 10_000_000
"""Coordinates of OSM, and of all that circle15 prints, are whole numbers of these."""

_PAYLOAD_BITS = 7
_MAX_EXCEPTIONS = 0.25
_LEVEL = 6  # 9 takes four times as long for a third of a percent


class Packer:
    """Gathers named arrays; `text` gives them as they stand in the page."""

    def __init__(self) -> None:
        self._contents: dict[str, dict[str, Any]] = {}
        self._parts: list[bytes] = []
        self._size = 0

    def whole(self, name: str, values: npt.ArrayLike, *, steps: bool = False) -> None:
        """Add whole numbers, below 2^52; ``steps`` stores each as its difference from the one before."""
        numbers = np.asarray(values, dtype=np.int64)
        stored = np.diff(numbers, prepend=np.int64(0)) if steps else numbers
        self._add(name, "steps" if steps else "whole", len(numbers), varints(zigzag(stored)))

    def flags(self, name: str, values: npt.ArrayLike) -> None:
        """Add truth values, eight to a byte."""
        flags = np.asarray(values, dtype=np.bool_)
        self._add(name, "flags", len(flags), np.packbits(flags, bitorder="little").tobytes())

    def doubles(self, name: str, values: npt.ArrayLike) -> None:
        """Add float64, first bytes first: those of neighbours are alike."""
        numbers = np.ascontiguousarray(values, dtype="<f8")
        self._add(name, "doubles", len(numbers), numbers.view(np.uint8).reshape(-1, 8).T.tobytes())

    def degrees(self, name: str, values: npt.ArrayLike) -> None:
        """Add degrees, most of which are whole 1e-7: the others are kept beside them."""
        degrees = np.asarray(values, dtype=np.float64)
        whole = np.rint(degrees * STEPS_PER_DEGREE)
        other = np.flatnonzero(whole / STEPS_PER_DEGREE != degrees)
        if len(other) > _MAX_EXCEPTIONS * len(degrees):
            self.doubles(name, degrees)
            return
        self.whole(name, whole.astype(np.int64), steps=True)
        self._contents[name]["kind"] = "degrees"
        if len(other):
            self.whole(f"{name}/at", other, steps=True)
            self.doubles(f"{name}/other", degrees[other])

    def text(self, facts: Mapping[str, Any]) -> str:
        """Give all as base64; ``facts`` is what else the page must know, JSON-ready."""
        contents = json.dumps(
            {"facts": facts, "arrays": self._contents}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
        whole = b"".join([len(contents).to_bytes(4, "little"), contents, *self._parts])
        return base64.b64encode(zlib.compress(whole, _LEVEL)).decode("ascii")

    def _add(self, name: str, kind: str, n: int, data: bytes) -> None:
        if name in self._contents:
            raise ValueError(f"{name!r} is packed twice")
        self._contents[name] = {"kind": kind, "n": n, "at": self._size}
        self._parts.append(data)
        self._size += len(data)


def zigzag(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Turn whole numbers into ones that are small where the given are near 0: 0, -1, 1, -2 become 0, 1, 2, 3."""
    return np.where(values < 0, -2 * values - 1, 2 * values).astype(np.uint64)


def varints(values: npt.NDArray[np.uint64]) -> bytes:
    """Write numbers in as many bytes as each needs, seven bits in a byte, the lowest first; the eighth: more follow."""
    n_bytes = np.ones(len(values), dtype=np.int64)
    rest = values >> np.uint64(_PAYLOAD_BITS)
    while rest.any():
        n_bytes += rest > 0
        rest = rest >> np.uint64(_PAYLOAD_BITS)
    begin = np.cumsum(n_bytes) - n_bytes
    written = np.zeros(int(n_bytes.sum()), dtype=np.uint8)
    for k in range(int(n_bytes.max(initial=0))):
        rows = n_bytes > k
        payload = (values[rows] >> np.uint64(_PAYLOAD_BITS * k)) & np.uint64(127)
        written[begin[rows] + k] = payload.astype(np.uint8) | np.where(n_bytes[rows] > k + 1, 128, 0).astype(np.uint8)
    return written.tobytes()
