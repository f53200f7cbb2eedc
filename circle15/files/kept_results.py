"""Results kept in the user's cache folder, found again by all that decides them: a run after a small edit is quick.

What is kept are arrays that depend on their inputs alone. An entry is named after the inputs, all of circle15's code,
its compiled core and the libraries' versions, so that it cannot be stale; it carries a checksum, and nothing in it is
run.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

import circle15
from circle15 import _core
from circle15.files.cache_room import PART, cache_root, is_trusted, make_room, shrink_cache
from circle15.files.checked_entries import BrokenEntryError, checked_arrays, write_checked_arrays
from circle15.files.digests import code_tree_digest, file_digest, library_versions
from circle15.files.held_folders import held_folder
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

log = logging.getLogger(__name__)

Arrays = dict[str, npt.NDArray[Any]]
_KEPT_AS = "kept_as"
_BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


def kept_arrays(
    stage: str,
    inputs: Iterable[Any],
    make: Callable[[], Mapping[str, npt.NDArray[Any]]],
    *,
    may_keep: Callable[[], bool] = lambda: True,
) -> Arrays:
    """Give what ``make`` gives, from the cache where the same stage had the same inputs before.

    Parameters
    ----------
    stage
        What is made: part of the entry's name.
    inputs
        All that decides the result: arrays (of numbers, or of texts and bytes), texts, numbers, truth values, None.
    make
        Makes the arrays, of numbers or of texts of fixed width. It must depend on ``inputs`` alone, and say nothing.
    may_keep
        Tells, once it is made, whether it may be kept: not what was read of a file that was replaced meanwhile.
    """
    entry = _folder() / f"{stage}-{_digest(stage, inputs)}.npz"
    try:
        return _load(entry)
    except FileNotFoundError:
        log.debug("%s: not in the cache", entry.name)
    except _BROKEN as e:
        log.warning(
            Said("%s：此缓存已损坏（%s），将重新生成", "%s: this cache entry is broken (%s) and is made again"),
            entry,
            e,
        )
    made = dict(make())
    try:
        if may_keep() and make_room(entry.parent):
            with held_folder(entry.parent, suffix=PART) as beside:
                write_checked_arrays(beside / entry.name, entry.name, made | {_KEPT_AS: np.array(entry.name)})
                (beside / entry.name).replace(entry)
            shrink_cache()
    except OSError as e:
        log.warning(
            Said("%s：中间结果无法留作下次使用（%s）", "%s: results cannot be kept for the next run (%s)"),
            entry.parent,
            e,
        )
    return made


def shapes_to_arrays(shapes: npt.NDArray[np.object_]) -> Arrays:
    """Give geometries as well-known binary, bit for bit, in two arrays."""
    told = shapely.to_wkb(shapes)
    sizes = np.array([len(one) for one in told], dtype=np.int64)
    return {"wkb": np.frombuffer(b"".join(told), dtype=np.uint8), "wkb_bytes": sizes}


def arrays_to_shapes(arrays: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.object_]:
    """Give the geometries that `shapes_to_arrays` was given."""
    ends = np.cumsum(arrays["wkb_bytes"]).tolist()
    whole = arrays["wkb"].tobytes()
    shapes = shapely.from_wkb([whole[a:b] for a, b in zip([0, *ends], ends, strict=False)])
    return np.asarray(shapes, dtype=object)


def _folder() -> Path:
    return cache_root() / "results"


def _load(entry: Path) -> Arrays:
    if not is_trusted(entry.parent):
        raise FileNotFoundError(entry)
    with checked_arrays(entry, entry.name) as stored:
        found = {name: stored[name] for name in stored.files}
    if str(found.pop(_KEPT_AS, "")) != entry.name:
        raise BrokenEntryError("it holds something else")
    with suppress(OSError):  # a cache that may only be read
        os.utime(entry)  # tells which entries are in use
    return found


def _digest(stage: str, inputs: Iterable[Any]) -> str:
    digest = hashlib.blake2b(_makers() + stage.encode(), digest_size=20)
    for value in inputs:
        for part in _told(value):
            digest.update(part)
    return digest.hexdigest()


@cache
def _makers() -> bytes:
    versions = json.dumps({"circle15": circle15.__version__, **library_versions()}, sort_keys=True)
    core = file_digest(Path(_core.__file__), "blake2b") + _core.build_info()
    return (code_tree_digest() + versions + core).encode()


def _told(value: Any) -> Iterator[bytes]:
    """Give bytes from which the value could be had again: no two values have the same."""
    if isinstance(value, np.ndarray):
        yield f"array {value.dtype.str} {value.shape}\0".encode()
        yield from _told_each(value.ravel().tolist()) if value.dtype == object else [value.tobytes()]
    elif isinstance(value, bytes):
        yield f"bytes {len(value)}\0".encode() + value
    elif value is None or isinstance(value, (str, bool, int, float)):
        yield f"{type(value).__name__} {value!r}\0".encode("utf-8", "surrogatepass")
    else:
        raise TypeError(f"{type(value).__name__}: what a result is kept by are arrays, texts, numbers, truth values")


def _told_each(values: list[Any]) -> Iterator[bytes]:
    """Give the same of a list of bytes or of texts, in one piece: how long each is, and all of them."""
    kinds = {kind.__name__ for kind in set(map(type, values))}
    if not kinds <= {"bytes"} and not kinds <= {"str"}:
        raise TypeError(f"{', '.join(sorted(kinds))}: arrays of objects hold bytes alone or texts alone")
    yield f"{kinds} ".encode() + np.fromiter(map(len, values), np.int64, len(values)).tobytes()
    yield "".join(values).encode("utf-8", "surrogatepass") if kinds == {"str"} else b"".join(values)
