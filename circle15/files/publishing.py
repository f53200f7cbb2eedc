"""Staged files take their places all together: a folder holds a whole earlier result or a whole new one."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.errors import OutputError, Problem
from circle15.files.digests import fresh_digest
from circle15.files.exchanging import exchange, may_be_exchanged, sync
from circle15.files.held_folders import files_to_keep
from circle15.files.written import (
    MANIFEST,
    files_of_manifest,
    is_sealed,
    read_json,
    refuse_foreign,
    sealed,
    write_json,
)
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

EARLIER = ".run.earlier"
"""The folder's earlier files while new ones take their places; where it is left, `settle` puts them back."""
_JOURNAL = "journal.json"
_FILES = "files"
_IN_THE_WAY = Said(
    "名为 circle15 替换成果时的备份，却不是它写的；请移走后重新运行",
    "bears the name of what circle15 keeps while it replaces files and is not its own; move it away and run again",
)


def publish(stage: Path, folder: Path, *, last: str = MANIFEST) -> None:
    """Put the files of ``stage`` into ``folder``, in place of the earlier run's, all or none.

    A folder that is new, or that holds nothing but an earlier result, is put there in one step of the system. Else the
    earlier files step aside, the new ones take their places, ``last`` at the end, and any error puts back what was
    there; after a kill `settle` does. Only files that circle15 wrote are touched.

    Parameters
    ----------
    stage
        Folder with the new files, on the file system of ``folder``.
    folder
        Where to. Its lock is held.
    last
        The file that says that the others are whole.

    Raises
    ------
    OutputError
        If a file that somebody else wrote is in the way.
    OSError
        If the system refuses.
    """
    fresh = sorted(p.relative_to(stage).as_posix() for p in files_to_keep(stage))
    earlier = set(files_of_manifest(folder)) if last == MANIFEST else set()
    refuse_foreign(folder, sorted({*fresh, *earlier}))
    for path in (*(stage / name for name in fresh), *{(stage / name).parent for name in fresh}):
        sync(path)  # before anything is renamed, or a failing of the power leaves names of nothing
    if not os.path.lexists(folder):
        os.rename(stage, folder)  # noqa: PTH104 (Path.rename is the same call; this one names both ends)
    elif not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    elif last == MANIFEST and may_be_exchanged(stage, folder, {*fresh, *earlier}) and exchange(stage, folder):
        _rescue(stage, folder, {*fresh, *earlier})
    else:
        _replace_within(stage, folder, fresh, sorted(earlier - set(fresh)), last)
    sync(folder.parent)


def settle(folder: Path) -> None:
    """Put back what a killed process had moved aside, or clear it away where the new result is whole.

    Raises
    ------
    OutputError
        If something that is not circle15's has the place of its backup.
    OSError
        If the system refuses.
    """
    aside = folder / EARLIER
    if not os.path.lexists(aside):
        return
    if aside.is_symlink() or not aside.is_dir():
        raise OutputError(Problem(_IN_THE_WAY, file=str(aside)))
    journal = read_json(aside / _JOURNAL)
    if not is_sealed(journal):
        if not {p.name for p in aside.iterdir()} <= {_JOURNAL}:
            raise OutputError(Problem(_IN_THE_WAY, file=str(aside)))
        shutil.rmtree(aside)  # killed before anything was moved
        return
    fresh, standing, last = dict(journal["files"]), list(journal["standing"]), str(journal["last"])
    if not _is(folder / last, fresh.get(last)):
        for name in fresh.keys() - set(standing):
            if _is(folder / name, fresh[name]):
                (folder / name).unlink()
        for path in sorted(p for p in (aside / _FILES).rglob("*") if p.is_file()):
            back = folder / path.relative_to(aside / _FILES)
            back.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, back)  # noqa: PTH105 (as above)
        _sync_names(folder, standing)
    _clear(folder, aside, [*fresh, *standing])


def _replace_within(stage: Path, folder: Path, fresh: list[str], gone: list[str], last: str) -> None:
    standing = [name for name in (*fresh, *gone) if (folder / name).is_file()]
    aside = folder / EARLIER
    aside.mkdir(mode=0o700)
    try:
        hashes = {name: fresh_digest(stage / name) for name in fresh}
        write_json(sealed({"files": hashes, "standing": standing, "last": last}), aside / _JOURNAL)
        sync(aside / _JOURNAL)
        sync(aside)
        for name in sorted(standing, key=lambda n: n != last):
            (aside / _FILES / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / name, aside / _FILES / name)  # noqa: PTH105 (as above)
        for name in sorted(fresh, key=lambda n: n == last):
            if name == last:  # which says that the others are whole: their names last before its own does
                _sync_names(folder, fresh)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(stage / name, folder / name)  # noqa: PTH105 (as above)
        sync(folder)
    except BaseException:
        settle(folder)
        raise
    try:
        _clear(folder, aside, standing)
    except OSError as e:  # the new result is whole; the next run clears what is left
        logger.warning(Said("%s：无法清除（%s）", "%s: cannot be cleared away (%s)"), aside, e)


def _sync_names(folder: Path, names: Iterable[str]) -> None:
    for one in sorted({folder, *((folder / name).parent for name in names)}, reverse=True):  # inner ones first
        if one.is_dir():
            sync(one)


def _clear(folder: Path, aside: Path, names: Iterable[str]) -> None:
    """Remove the backup, its journal last, and folders in which nothing is left."""
    shutil.rmtree(aside / _FILES, ignore_errors=True)
    shutil.rmtree(aside)
    for inner in {Path(name).parent for name in names} - {Path()}:
        with suppress(OSError):  # there are files in it, or it is gone
            (folder / inner).rmdir()


def _rescue(old: Path, folder: Path, ours: set[str]) -> None:
    """Carry over what somebody put into the earlier folder in the moment before it was exchanged."""
    for path in sorted(p for p in old.rglob("*") if not p.is_dir() or p.is_symlink()):
        name = path.relative_to(old)
        if name.as_posix() not in ours:
            there, n = folder / name, 0
            while os.path.lexists(there):
                n += 1
                there = (folder / name).with_name(f"{name.stem}-{n}{name.suffix}")
            there.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, there)  # noqa: PTH105 (as above)


def _is(path: Path, sha256: str | None) -> bool:
    return path.is_file() and not path.is_symlink() and fresh_digest(path) == sha256
