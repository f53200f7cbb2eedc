"""An output folder that is either as it was or wholly written, never half."""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.errors import Circle15Error, OutputError, Problem
from circle15.files.digests import file_digest
from circle15.files.held_folders import held_folder, sweep_held

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "run.json"
EARLIER = ".run.json.earlier"
"""An earlier run's manifest while its files are being replaced: it says which of them are to go."""
PARTIAL = ".partial"
_NO_ROOM_BYTES = 1 << 24
"""A library that could not write all has taken back what it wrote, so a full disk has some room again."""


@contextmanager
def staged_folder(folder: Path, *, is_inside: bool = False) -> Iterator[Path]:
    """Yield an empty folder beside ``folder``; its files take their places when the block ends without an error.

    With ``is_inside`` it lies, hidden, in ``folder`` itself: for a folder that other folders stand in.

    Files of an earlier run that this run did not write are removed, so that results of two runs never stand side by
    side; files that circle15 did not write are left alone, and none of them is overwritten. The manifest moves last: a
    folder with a manifest is whole.

    Raises
    ------
    OutputError
        If the folder cannot be made or written, or a file in it that no run wrote bears the name of a result.
    """
    with scratch_folder(folder if is_inside else folder.parent, folder.name) as stage:
        try:
            yield stage
            _publish(stage, folder)
        except Circle15Error:
            raise
        except OSError as e:
            if e.filename is not None and not Path(e.filename).is_relative_to(folder.parent):
                raise  # something else than writing here went wrong
            raise OutputError(_refused(e, folder)) from e
        except Exception as e:
            if not is_disk_full(e, stage):
                raise
            why = os.strerror(errno.ENOSPC) + ("" if _says_disk_full(e) else f" ({e})")
            raise OutputError(Problem(f"cannot write: {why}", file=str(folder))) from e


def is_disk_full(error: Exception, folder: Path) -> bool:
    """Tell whether an error comes of a full disk: GDAL and xlsxwriter raise their own, and not every one says so."""
    return _says_disk_full(error) or shutil.disk_usage(folder).free < _NO_ROOM_BYTES


def _says_disk_full(error: Exception) -> bool:
    return any(text in str(error) for text in ("disk is full", os.strerror(errno.ENOSPC)))


def _refused(error: OSError, path: Path, what: str = "cannot write") -> Problem:
    """Say what could not be written, and for a refusal why that mostly is; a locked file is named before its folder."""
    named = error.filename2 or path
    if not isinstance(error, PermissionError):
        return Problem(f"{what}: {error.strerror or error}", file=str(named))
    message = (
        f"{what}: permission denied; if the file is open in Excel, WPS or a GIS program, close it there and run "
        "again, else name a folder that may be written with --out"
    )
    return Problem(message, file=str(named))


def refuse_locked(folder: Path) -> None:
    """See before anything is computed that no file of an earlier run in ``folder`` is held by another program.

    On Windows a workbook that is open in Excel can be neither renamed nor replaced. Renaming a file to its own name
    tries just that and changes nothing.

    Raises
    ------
    OutputError
        Naming every file that is held.
    """
    manifest = folder / MANIFEST
    held = []
    for name in sorted(_files_in(manifest)):
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
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(held_folder(parent, prefix=f".{name}-", suffix=PARTIAL))
        except OSError as e:
            raise OutputError(_refused(e, parent, "cannot write here")) from e
        yield folder


def sweep_stages(parent: Path) -> int:
    """Remove what killed runs left half-written in ``parent``, and give how many that were."""
    return sweep_held(parent, f".*{PARTIAL}")


def _publish(stage: Path, folder: Path) -> None:
    refuse_locked(folder)
    fresh = sorted(p.relative_to(stage) for p in stage.rglob("*") if p.is_file())
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / MANIFEST).exists():
        os.replace(folder / MANIFEST, folder / EARLIER)  # noqa: PTH105 (as below)
    elif not (folder / EARLIER).exists():
        _refuse_to_overwrite(stage, fresh, folder)
        # So that what a kill leaves here is known as ours.
        write_json({"files": {p.as_posix(): {} for p in fresh}}, folder / EARLIER)
    old = _files_of_earlier_run(folder)
    for name in sorted(fresh, key=lambda p: p.name == MANIFEST):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(stage / name, folder / name)  # noqa: PTH105 (Path.replace is the same call; this one names both ends)
    for name in old - set(fresh):
        (folder / name).unlink(missing_ok=True)
    (folder / EARLIER).unlink(missing_ok=True)


def _refuse_to_overwrite(stage: Path, fresh: list[Path], folder: Path) -> None:
    standing = [name for name in fresh if (folder / name).exists()]
    if 2 * len(standing) > len(fresh):
        return  # most of a run's names: a run whose manifest somebody removed
    theirs = [name for name in standing if not _is_same_table(stage / name, folder / name)]
    if theirs:
        message = (
            f"is no folder of an earlier run (no {MANIFEST}), and its {theirs[0]} would be overwritten"
            f" ({len(theirs)} of its files in all); name another folder"
        )
        raise OutputError(Problem(message, file=str(folder)))


def _is_same_table(ours: Path, theirs: Path) -> bool:
    """Tell whether a CSV file has the heading of ours: another command wrote it, such as `rank`."""
    if ours.suffix != ".csv":
        return False
    with ours.open("rb") as one, theirs.open("rb") as two:
        return one.readline() == two.readline()


def _files_of_earlier_run(folder: Path) -> set[Path]:
    return _files_in(folder / EARLIER)


def _files_in(path: Path) -> set[Path]:
    """Give the names of the files that a manifest lists; none where there is no manifest."""
    try:
        manifest = json.loads(path.read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return set()
    names = {Path(name) for name in manifest.get("files", {})}
    return {n for n in names if not n.is_absolute() and ".." not in n.parts}


def write_json(value: Any, path: Path) -> None:
    """Write ``value`` as indented UTF-8 JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes, in hex."""
    return file_digest(path)


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a file beside ``path`` to write; it takes the place of ``path`` when the block ends without an error.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    stage = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield stage
        os.replace(stage, path)  # noqa: PTH105 (Path.replace is the same call; this one names both ends)
    except OSError as e:
        if isinstance(e, Circle15Error):
            raise
        raise OutputError(_refused(e, path)) from e
    finally:
        stage.unlink(missing_ok=True)
