"""Streets kept in the user's cache folder, found again by content alone."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

import circle15
from circle15.files.cache_room import PART, cache_root, is_trusted, make_room, shrink_cache
from circle15.files.checked_entries import checked_arrays, write_checked_arrays
from circle15.files.digests import (
    FileIdentity,
    file_digest,
    file_parts,
    identity_of,
    library_versions,
    makers_digest,
)
from circle15.files.held_folders import held_folder
from circle15.network.streets.segments import Segments
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

_SHAPES = ("ground", "stated_box")
_BROKEN = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, shapely.errors.ShapelyError)

_MAKERS = (
    "inputs/osm", "network/streets", "network/rules", "network/cache.py", "network/cuts.py",
    "inputs/geofiles/open_geopackages.py", "inputs/geofiles/ogr_frames.py", "inputs/geofiles/drivers.py",
    "inputs/geofiles/geodatabase_guard.py", "inputs/geofiles/geopackage_guard.py", "inputs/geofiles/tangles.py",
    "inputs/tables/encodings.py", "inputs/tables/numbers.py", "files/checked_entries.py", "units.py",
)  # fmt: skip
"""Whatever decides what the streets of a file are: an entry made by other code or another table is never found again.

Of these folders and the files beside them nothing is imported that decides it too (tests/test_house.py).
"""


def cache_folder() -> Path:
    """Give the folder of the entries; ``XDG_CACHE_HOME`` is honoured where the system has it."""
    return cache_root() / "networks"


def cached_segments(path: Path, read: Callable[[Path], Segments]) -> Segments:
    """Give the streets of a file from the cache, or read them and keep them.

    An entry is named after the bytes of the file and those beside it that belong to it, the tag table, the code that
    reads and the versions of circle15 and of the libraries, so that it cannot be stale. It is written beside and
    renamed: several processes may do so at once, and none sees half an entry.
    Streets of a file that was replaced while it was read are not kept: the entry's name would be another content's.
    An entry that cannot be read is made again; a folder that cannot be written to is said and done without.
    """
    key = content_key(path)
    entry = cache_folder() / f"{key.name}.npz"
    try:
        segments = _load(entry)
    except FileNotFoundError:
        log.debug("%s: not in the cache", path)
    except _BROKEN as e:
        log.warning(
            Said("%s：此缓存已损坏（%s），将重新生成", "%s: this cache entry is broken (%s) and is made again"),
            entry,
            e,
        )
    else:
        return segments
    segments = read(path)
    try:
        if key.is_still(path):
            _save(entry, segments)
            shrink_cache()
    except OSError as e:
        log.warning(
            Said("%s：路网无法留作下次使用（%s）", "%s: the streets cannot be kept for the next run (%s)"),
            entry.parent,
            e,
        )
    return segments


def has_segments(path: Path) -> bool:
    """Tell whether the streets of the whole file are in the cache."""
    return (cache_folder() / f"{content_key(path).name}.npz").is_file()


def has_cut(key: ContentKey, area: Any, island_m: float) -> bool:
    """Tell whether the streets within ``area`` of the file with this `content_key` are in the cache."""
    return _cut_entry(key, area, island_m).is_file()


def kept_cut(path: Path, area: Any, island_m: float) -> tuple[Segments, npt.NDArray[np.bool_]] | None:
    """Give the streets of a file within ``area``, and which are on islands, if `keep_cut` kept them."""
    entry = _cut_entry(content_key(path), area, island_m)
    try:
        return _load_cut(entry)
    except FileNotFoundError:
        return None
    except _BROKEN as e:
        log.warning(
            Said("%s：此缓存已损坏（%s），不予使用", "%s: this cache entry is broken (%s) and is not used"), entry, e
        )
        return None


def keep_cut(
    path: Path, key: ContentKey, area: Any, island_m: float, cut: tuple[Segments, npt.NDArray[np.bool_]]
) -> None:
    """Keep what `kept_cut` gives: of a file whose `content_key` was ``key`` before anything of it was read.

    A folder that cannot be written to is said and done without.
    """
    entry = _cut_entry(key, area, island_m)
    try:
        if key.is_still(path):
            _save(entry, cut[0], is_island=cut[1])
            shrink_cache()
    except OSError as e:
        log.warning(
            Said("%s：路网无法留作下次使用（%s）", "%s: the streets cannot be kept for the next run (%s)"),
            entry.parent,
            e,
        )


def _cut_entry(key: ContentKey, area: Any, island_m: float) -> Path:
    told = shapely.to_wkb(shapely.normalize(area)) + repr(float(island_m)).encode()
    where = hashlib.blake2b(told, digest_size=10)
    return cache_folder() / f"{key.name}-{where.hexdigest()}.npz"


@dataclass(frozen=True, slots=True)
class ContentKey:
    """The name of what is kept of a file, by all that decides it, and what the file was when it got that name."""

    name: str
    parts: tuple[tuple[Path, FileIdentity], ...]  # the file, and those beside it that are read with it

    def is_still(self, path: Path) -> bool:
        """Tell whether what was read of ``path`` since is what the name says; a warning says where it is not."""
        try:
            # Both: one that was put back again has its old name, and coarse clocks give two changes one time.
            if self.parts == _identities(path) and content_key(path).name == self.name:
                return True
        except OSError as e:
            log.debug("%s: %s", path, e)
        log.warning(
            Said(
                "%s：读取期间被替换，所读内容不留作下次使用",
                "%s: was replaced while it was read; what was read of it is not kept for the next run",
            ),
            path,
        )
        return False


def content_key(path: Path) -> ContentKey:
    """Give the name of what is kept of a file, by all that decides it."""
    parts = _identities(path)
    digest = hashlib.blake2b(makers_digest(*_MAKERS), digest_size=20)
    versions = {"circle15": circle15.__version__, **library_versions()}
    digest.update(json.dumps([versions, "".join(path.suffixes).lower()], sort_keys=True).encode())
    for part, _ in parts:
        digest.update(bytes.fromhex(file_digest(part, "blake2b")))
    return ContentKey(digest.hexdigest(), parts)


def _identities(path: Path) -> tuple[tuple[Path, FileIdentity], ...]:
    return tuple((part, identity_of(part)) for part in file_parts(path))


def _load(entry: Path) -> Segments:
    return _segments(entry, _arrays(entry))


def _load_cut(entry: Path) -> tuple[Segments, npt.NDArray[np.bool_]]:
    values = _arrays(entry)
    is_island = values.pop("is_island")
    return _segments(entry, values), is_island


def _arrays(entry: Path) -> dict[str, Any]:
    if not is_trusted(entry.parent):
        raise FileNotFoundError(entry)
    with checked_arrays(entry, entry.name) as stored:
        return {name: stored[name] for name in stored.files}


def _segments(entry: Path, values: dict[str, Any]) -> Segments:
    rest = json.loads(values.pop("rest").tobytes())
    shapes = {name: shapely.from_wkb(rest.pop(name)) for name in _SHAPES}
    rest["traits"] = tuple(rest["traits"])
    rest["ways_refused"] = tuple((reason, n) for reason, n in rest["ways_refused"])
    segments = Segments(**values, **rest, **shapes)
    with suppress(OSError):  # a cache that may only be read
        os.utime(entry)  # tells which entries are in use
    return segments


def _save(entry: Path, segments: Segments, **more: npt.NDArray[Any]) -> None:
    values = {f.name: getattr(segments, f.name) for f in fields(segments)}
    arrays: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in values.items() if name not in arrays}
    rest |= {name: shapely.to_wkb(rest[name], hex=True) for name in _SHAPES}
    if not make_room(entry.parent):
        return
    arrays |= {**more, "rest": np.frombuffer(json.dumps(rest).encode(), np.uint8)}
    with held_folder(entry.parent, suffix=PART) as beside:
        write_checked_arrays(beside / entry.name, entry.name, arrays)
        (beside / entry.name).replace(entry)
