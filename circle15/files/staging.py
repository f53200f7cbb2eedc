"""An output folder that is either as it was or wholly written, never half, and one writer at a time."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.errors import Circle15Error, OutputError, Problem
from circle15.files.digests import fresh_digest
from circle15.files.door import settled_path
from circle15.files.exchanging import sync
from circle15.files.held_folders import PREFIX, SUFFIX, DiskFullError, held_folder, is_held, sweep_held
from circle15.files.locks import locked_folder, sweep_locks
from circle15.files.publishing import publish, settle
from circle15.files.written import LEDGER, files_of_manifest, ledger_with, refuse_foreign, write_json
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_ROOM_BYTES = 1 << 24
"""A library that could not write all has taken back what it wrote, so a full disk has some room again."""
_CANNOT_HERE = Said("无法在此写入", "cannot write here")
_CANNOT = Said("无法写入", "cannot write")
_DENIED = Said(
    "没有权限；若文件正在 Excel、WPS 或 GIS 软件中打开，请关闭后重新运行，否则用 --out 指定可写的文件夹",
    "permission denied; if the file is open in Excel, WPS or a GIS program, close it there and run again, else name a "
    "folder that may be written with --out",
)
_EXISTS = Said("已存在，不予覆盖；请指定另一个名称", "exists already; it is not overwritten. Name another")
_GONE = Said("写入期间该文件夹消失了；请重新运行", "this folder went away while it was written to; run again")


@dataclass(frozen=True, slots=True)
class Claim:
    """An output folder that nobody else of circle15 writes to meanwhile."""

    folder: Path  # as the user names it
    room: Path  # where temporary folders stand, on the same file system

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """Yield an empty folder; its files take their places when the block ends without an error.

        Files of an earlier run that this run did not write are removed, so that results of two runs never stand side
        by side; files that circle15 did not write are left alone, and none of them is overwritten.

        Raises
        ------
        OutputError
            If the folder cannot be made or written, or a file in it that circle15 did not write is in the way.
        """
        with _written(self.folder), _room_in(self.room, settled_path(self.folder).name) as stage:
            with _full_disk_told(self.folder, stage):
                yield stage
            publish(stage, settled_path(self.folder))


@contextmanager
def claimed_folder(folder: Path, *, is_inside: bool = False) -> Iterator[Claim]:
    """Claim ``folder`` for the block: a second run that would write there is told so, and writes nothing.

    What a killed run left in the middle is put right first. With ``is_inside`` temporary folders stand, hidden, in
    ``folder`` itself: for one that other folders stand in.

    Raises
    ------
    OutputError
        If another process holds it, or nothing can be written there.
    """
    with ExitStack() as stack:
        with _written(folder, _CANNOT_HERE):
            real = settled_path(folder)
            beside = _room_of(real, stack)
            stack.enter_context(locked_folder(real, beside))
            if is_inside:
                real.mkdir(exist_ok=True)
            settle(real)
            sweep_held(beside, f".{real.name}-{PREFIX}*{SUFFIX}")
        refuse_locked(folder)
        yield Claim(folder, real if is_inside else beside)


@contextmanager
def staged_folder(folder: Path, *, is_inside: bool = False) -> Iterator[Path]:
    """Claim ``folder`` and yield an empty one whose files take their places in it; see `Claim.stage`."""
    with claimed_folder(folder, is_inside=is_inside) as claim, claim.stage() as stage:
        yield stage


def _room_of(folder: Path, stack: ExitStack) -> Path:
    """Give where what belongs to a folder may stand: beside it, or in it where that cannot be."""
    parent = folder.parent
    missing = [p for p in (parent, *parent.parents) if not p.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):  # the innermost is removed first, if nothing came to stand in it
        stack.callback(_remove_if_empty, made)
    if folder.is_dir() and (folder.is_mount() or not os.access(parent, os.W_OK)):
        return folder
    return parent


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


@contextmanager
def _written(path: Path, what: Said = _CANNOT) -> Iterator[None]:
    """Tell an error of the system in words of ours."""
    try:
        yield
    except DiskFullError as e:  # of a temporary folder in which results are staged, or of another one
        if Path(str(e.problems[0].file)).parent not in {settled_path(path), settled_path(path).parent}:
            raise
        raise OutputError(Problem(Said("：", ": ").join([what, os.strerror(errno.ENOSPC)]), file=str(path))) from e
    except Circle15Error:
        raise
    except OSError as e:
        if e.filename is not None and not _is_near(Path(os.fsdecode(e.filename)), path):
            raise  # something else than writing here went wrong
        raise OutputError(_refused(e, path, what)) from e


def _is_near(named: Path, path: Path) -> bool:
    real = settled_path(path)
    return any(named.is_relative_to(near) for near in (path.parent, real.parent, real)) or any(
        PREFIX in part and part.endswith(SUFFIX) for part in named.parts
    )


@contextmanager
def _full_disk_told(folder: Path, stage: Path) -> Iterator[None]:
    try:
        yield
    except (Circle15Error, OSError):
        raise
    except Exception as e:
        if not stage.is_dir():
            raise OutputError(Problem(_GONE, file=str(folder))) from e
        if not is_disk_full(e, stage):
            raise
        why = os.strerror(errno.ENOSPC) + ("" if _says_disk_full(e) else f" ({e})")
        raise OutputError(Problem(Said("：", ": ").join([_CANNOT, why]), file=str(folder))) from e


def is_disk_full(error: Exception, folder: Path) -> bool:
    """Tell whether an error comes of a full disk: GDAL and xlsxwriter raise their own, and not every one says so."""
    return _says_disk_full(error) or shutil.disk_usage(folder).free < _NO_ROOM_BYTES


def _says_disk_full(error: Exception) -> bool:
    return any(text in str(error) for text in ("disk is full", os.strerror(errno.ENOSPC)))


def _refused(error: OSError, path: Path, what: Said = _CANNOT) -> Problem:
    """Say what could not be written, and for a refusal why that mostly is; a locked file is named before its folder."""
    named = error.filename2 or path
    why: Said | str = error.strerror or str(error)
    if isinstance(error, PermissionError):
        why = _DENIED
    return Problem(Said("：", ": ").join([what, why]), file=str(named))


def refuse_locked(folder: Path) -> None:
    """See before anything is computed that no file of an earlier run in ``folder`` is held by another program.

    On Windows a workbook that is open in Excel can be neither renamed nor replaced. Renaming a file to its own name
    tries just that and changes nothing.

    Raises
    ------
    OutputError
        Naming every file that is held.
    """
    held = []
    for name in sorted(files_of_manifest(folder)):
        try:
            if (folder / name).exists():
                os.rename(folder / name, folder / name)  # noqa: PTH104 (Path.rename is the same call)
        except PermissionError as e:
            held.append(_refused(e, folder / name))
        except OSError:
            continue  # told where it is replaced
    OutputError.gather(held)


@contextmanager
def scratch_folder(parent: Path, name: str = "scratch") -> Iterator[Path]:
    """Yield an empty hidden folder in ``parent`` that is removed in the end; after a kill, `sweep_stages` does it.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    with ExitStack() as stack:
        with _written(parent, _CANNOT_HERE):
            parent.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(_room_in(parent, name))
        yield folder


def sweep_stages(parent: Path) -> int:
    """Remove what killed runs left half-written in ``parent``, and give how many that were."""
    sweep_locks(parent)
    return sweep_held(parent, f".*-{PREFIX}*{SUFFIX}")


def _room_in(parent: Path, name: str) -> AbstractContextManager[Path]:
    return held_folder(parent, before=f".{name}-")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a file to write; it takes the place of ``path``, whatever stands there, when the block ends without error.

    For files of a stage, and for callers of the library who name a file of their own. Commands use `replaced_file`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with _written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _room_in(path.parent, "file") as room:
            yield room / path.name
            os.replace(room / path.name, path)  # noqa: PTH105 (Path.replace is the same call; this one names both ends)


@contextmanager
def replaced_file(path: Path, *, is_new: bool = False) -> Iterator[Path]:
    """Yield a file to write; it takes the place of ``path`` when the block ends without an error.

    Of several files that belong together, see `replaced_files`.

    Parameters
    ----------
    path
        The file. One that stands is replaced only if circle15 wrote it, as a run's manifest or the folder's ledger of
        single files says, and nobody has changed it since.
    is_new
        Whether no file may stand there at all, as of one that its owner is to edit.

    Raises
    ------
    OutputError
        If the file cannot be written, or is somebody else's.
    """
    if is_held(path):  # part of a stage, which is published as a whole
        with whole_file(path) as stage:
            yield stage
        return
    with _single_room(path.parent) as (folder, room):
        stage, name = room / path.name, path.name
        _refuse_standing(folder, name, is_new=is_new)
        with _written(path):
            yield stage
            _refuse_standing(folder, name, is_new=is_new)
            sync(stage)
            if not is_new:
                # Before the file: whatever happens next, it is known as ours.
                write_json(ledger_with(folder, {name: fresh_digest(stage)}), room / LEDGER)
                sync(room / LEDGER)
                refuse_foreign(folder, [LEDGER])
                os.replace(room / LEDGER, folder / LEDGER)  # noqa: PTH105 (as above)
            os.replace(stage, folder / name)  # noqa: PTH105 (as above)
            sync(folder)


@contextmanager
def replaced_files(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; the files written there take their places in ``folder`` together, as `replaced_file`'s do.

    Raises
    ------
    OutputError
        If they cannot be written, or one of that name is somebody else's.
    """
    with _single_room(folder) as (real, room), _written(folder):
        with _full_disk_told(folder, room):
            yield room
        fresh = {p.relative_to(room).as_posix(): fresh_digest(p) for p in room.rglob("*") if p.is_file()}
        write_json(ledger_with(real, fresh), room / LEDGER)
        publish(room, real, last=LEDGER)


@contextmanager
def _single_room(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the real folder, locked, and a room in it for what is to take its place there.

    Folders that were not there go again where nothing came of it.
    """
    made = [p for p in (folder, *folder.parents) if not os.path.lexists(p)]
    try:
        with ExitStack() as stack:
            with _written(folder, _CANNOT_HERE):
                folder.mkdir(parents=True, exist_ok=True)
                claim = stack.enter_context(claimed_folder(folder, is_inside=True))
                room = stack.enter_context(_room_in(claim.room, "file"))
            yield claim.room, room
    except BaseException:
        with suppress(OSError):  # what somebody else has put there meanwhile stays
            for empty in made:
                empty.rmdir()
        raise


def _refuse_standing(folder: Path, name: str, *, is_new: bool) -> None:
    if is_new and os.path.lexists(folder / name):
        raise OutputError(Problem(_EXISTS, file=str(folder / name)))
    refuse_foreign(folder, [name])
