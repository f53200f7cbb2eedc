"""Selections of large extracts kept in the cache, so that many districts of one extract read it once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import ExitStack, suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from circle15.errors import InputError
from circle15.files.cache_room import PART, cache_root, is_trusted, make_room, shrink_cache
from circle15.files.digests import file_digest, identity_of, makers_digest
from circle15.files.held_folders import held_folder
from circle15.files.written import is_sealed, sealed, write_json
from circle15.inputs.osm.selection import Wanted, holds_wanted, write_selections
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)
T = TypeVar("T")
TAGS_FILE = "tags.json"


def keep_selection(source: Path, wanted: Mapping[str, frozenset[str] | None]) -> Path | None:
    """Keep one selection, as `keep_selections` does."""
    return keep_selections(source, [wanted])[0]


def keep_selections(source: Path, every: Sequence[Mapping[str, frozenset[str] | None]]) -> list[Path | None]:
    """Write the selections of ``source`` by their wanted tags to the cache, those that are not there; give their paths.

    None where the file is no ``.pbf`` or the cache cannot be written to; `kept_selection` then gives the source itself.
    An entry is written beside and renamed, so several processes may do so at once; the file is read once for all.
    """
    if not source.name.lower().endswith(".pbf"):
        return [None] * len(every)
    missing = [wanted for wanted in every if kept_selection(source, wanted) == source]
    if missing:
        _write_entries(source, missing)
    kept = [kept_selection(source, wanted) for wanted in every]
    return [found if found != source else None for found in kept]


def _write_entries(source: Path, every: Sequence[Mapping[str, frozenset[str] | None]]) -> None:
    """Write each selection as an entry of the cache; where that fails, say why."""
    before, key = identity_of(source), _key(source)
    try:
        if not make_room(_folder()):
            return
        with ExitStack() as folders:
            beside = [folders.enter_context(held_folder(_folder(), suffix=PART)) for _ in every]
            # They keep the source's name: whatever reads one tells of the file that the user knows.
            write_selections(source, [(wanted, b / source.name) for wanted, b in zip(every, beside, strict=True)])
            if identity_of(source) != before or _key(source) != key:
                log.warning(
                    Said(
                        "%s：读取期间被替换，其选取结果不保留",
                        "%s: was replaced while it was read; its selection is not kept",
                    ),
                    source,
                )
                return
            for wanted, folder in zip(every, beside, strict=True):
                told = json.dumps(
                    {"file": source.name, "tags": {k: v and sorted(v) for k, v in sorted(wanted.items())}}
                )
                name = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
                whole = {**json.loads(told), "blake2b": file_digest(folder / source.name, "blake2b")}
                write_json(sealed(whole), folder / TAGS_FILE)
                folder.rename(_folder() / f"{key}-{name}.kept")
        shrink_cache()
    except OSError as e:
        if any(kept_selection(source, wanted) == source for wanted in every):  # else another process was first
            log.warning(
                Said("%s：选取结果无法保留（%s）", "%s: the extract's selection cannot be kept (%s)"), _folder(), e
            )


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
