"""Names of an extract's roads, kept in the cache: a run asks for them several times, a batch for each district."""

from __future__ import annotations

import json
import logging
import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.files.cache_room import PART, is_trusted, make_room, shrink_cache
from circle15.files.checked_entries import checked_arrays, write_checked_arrays
from circle15.files.held_folders import held_folder
from circle15.inputs.osm.way_names import read_way_names
from circle15.network.cache import ContentKey, cache_folder, content_key
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_BROKEN = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class RoadNames:
    """The named highways of one extract."""

    way_id: npt.NDArray[np.int64]  # (n_ways,) ascending
    code: npt.NDArray[np.int32]  # (n_ways,) index into names
    names: tuple[str, ...]

    def of(self, way_id: npt.NDArray[np.integer]) -> dict[int, str]:
        """Give the name of each of these ways that has one, by id."""
        asked = np.unique(way_id)
        known, _, row = np.intersect1d(asked, self.way_id, assume_unique=True, return_indices=True)
        return {way: self.names[code] for way, code in zip(known.tolist(), self.code[row].tolist(), strict=True)}


def road_names(path: Path, way_id: npt.NDArray[np.integer]) -> dict[int, str]:
    """Give the name of each of the ways that is a highway with a name, by id: from the cache, or read and kept.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    return _names_of(path, content_key(path)).of(way_id)


@lru_cache(maxsize=1)
def _names_of(path: Path, key: ContentKey) -> RoadNames:
    entry = cache_folder() / f"{key.name}-names.npz"
    try:
        return _kept(entry)
    except FileNotFoundError:
        log.debug("%s: names of roads are not in the cache", path)
    except _BROKEN as e:
        log.warning(
            Said("%s：此缓存已损坏（%s），将重新生成", "%s: this cache entry is broken (%s) and is made again"),
            entry,
            e,
        )
    found = _table(read_way_names(path))
    try:
        if key.is_still(path) and make_room(entry.parent):
            _keep(entry, found)
            shrink_cache()
    except OSError as e:
        log.debug("%s: names of roads cannot be kept (%s)", entry.parent, e)  # the streets' own warning has said so
    return found


def _table(names: dict[int, str]) -> RoadNames:
    way_id = np.array(sorted(names), dtype=np.int64)
    known = tuple(sorted(set(names.values())))
    code_of = {name: code for code, name in enumerate(known)}
    return RoadNames(way_id, np.array([code_of[names[way]] for way in way_id.tolist()], dtype=np.int32), known)


def _kept(entry: Path) -> RoadNames:
    if not is_trusted(entry.parent):
        raise FileNotFoundError(entry)
    with checked_arrays(entry, entry.name) as stored:
        found = RoadNames(stored["way_id"], stored["code"], tuple(json.loads(stored["names"].tobytes())))
    with suppress(OSError):  # a cache that may only be read
        os.utime(entry)
    return found


def _keep(entry: Path, found: RoadNames) -> None:
    names = np.frombuffer(json.dumps(found.names).encode(), np.uint8)
    with held_folder(entry.parent, suffix=PART) as beside:
        arrays: dict[str, npt.NDArray[Any]] = {"way_id": found.way_id, "code": found.code, "names": names}
        write_checked_arrays(beside / entry.name, entry.name, arrays)
        (beside / entry.name).replace(entry)
