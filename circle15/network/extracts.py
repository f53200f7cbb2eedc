"""Selections of large extracts kept in the cache, so that many districts of one extract read it once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from circle15.errors import InputError
from circle15.files.cache_room import PART, cache_root, is_trusted, make_room, shrink_cache
from circle15.files.digests import file_digest, identity_of, makers_digest
from circle15.files.held_folders import held_folder
from circle15.files.written import is_sealed, sealed, write_json
from circle15.inputs.osm.selection import Wanted, holds_wanted, write_selection
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)
T = TypeVar("T")
TAGS_FILE = "tags.json"


def keep_selection(source: Path, wanted: Mapping[str, frozenset[str] | None]) -> Path | None:
    """Write the selection of ``source`` by ``wanted`` tags to the cache, unless it is there; give its path.

    None where the file is no ``.pbf`` or the cache cannot be written to; `kept_selection` then gives the source itself.
    The entry is written beside and renamed, so several processes may do so at once.
    """
    if not source.name.lower().endswith(".pbf"):
        return None
    found = kept_selection(source, wanted)
    if found != source:
        return found
    told = json.dumps({"file": source.name, "tags": {k: v and sorted(v) for k, v in sorted(wanted.items())}})
    name = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    before, key = identity_of(source), _key(source)
    entry = _folder() / f"{key}-{name}.kept"
    try:
        if not make_room(entry.parent):
            return None
        with held_folder(entry.parent, suffix=PART) as beside:
            # It keeps the source's name: whatever reads it tells of the file that the user knows.
            write_selection(source, wanted, beside / source.name)
            if identity_of(source) != before or _key(source) != key:
                log.warning(
                    Said(
                        "%s：读取期间被替换，其选取结果不保留",
                        "%s: was replaced while it was read; its selection is not kept",
                    ),
                    source,
                )
                return None
            whole = {**json.loads(told), "blake2b": file_digest(beside / source.name, "blake2b")}
            write_json(sealed(whole), beside / TAGS_FILE)
            beside.rename(entry)
        shrink_cache()
    except OSError as e:
        if kept_selection(source, wanted) == source:  # else another process was first
            log.warning(
                Said("%s：选取结果无法保留（%s）", "%s: the extract's selection cannot be kept (%s)"), entry.parent, e
            )
    found = kept_selection(source, wanted)
    return found if found != source else None


def kept_selection(source: Path, wanted: Mapping[str, frozenset[str] | None]) -> Path:
    """Give a kept selection of ``source`` (by content) that has all that is ``wanted``, else ``source`` itself."""
    if not source.name.lower().endswith(".pbf") or not source.is_file() or not is_trusted(_folder()):
        return source
    for entry in sorted(_folder().glob(f"{_key(source)}-*.kept")):
        try:
            told = json.loads((entry / TAGS_FILE).read_text(encoding="utf-8"))
            has: Wanted = {k: v if v is None else frozenset(v) for k, v in told["tags"].items()}
            if holds_wanted(has, wanted):
                with suppress(OSError):  # a cache that may only be read
                    os.utime(entry)
                return _as_it_was_kept(entry, told)
        except (OSError, ValueError, TypeError, LookupError) as e:
            log.warning(
                Said("%s：此缓存已损坏（%s），不予使用", "%s: this cache entry is broken (%s) and is not used"),
                entry,
                e,
            )
    return source


def _as_it_was_kept(entry: Path, told: Mapping[str, Any]) -> Path:
    """Give an entry's file, having compared its bytes with the checksum that was kept with it."""
    file = entry / Path(str(told["file"])).name
    if not is_sealed(told) or file_digest(file, "blake2b") != told["blake2b"]:
        raise ValueError("its checksum is another")
    return file


def read_wanted(source: Path, wanted: Mapping[str, frozenset[str] | None], read: Callable[[Path], T]) -> T:
    """Read from a kept selection of ``source``, or from ``source`` itself where there is none or it cannot be read.

    Another process may delete a selection meanwhile; and an error of the input tells of all that the whole file holds.
    """
    kept = kept_selection(source, wanted)
    try:
        return read(kept)
    except InputError:
        if kept == source:
            raise
    return read(source)


def _folder() -> Path:
    return cache_root() / "extracts"


def _key(source: Path) -> str:
    made_by = hashlib.blake2b(makers_digest("inputs/osm") + metadata.version("osmium").encode(), digest_size=6)
    return f"{file_digest(source, 'blake2b')[:40]}-{made_by.hexdigest()}"
