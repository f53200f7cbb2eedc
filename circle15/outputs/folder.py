"""An output folder that is either as it was or wholly written, never half."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circle15.errors import OutputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "run.json"


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder``; its files take their places when the block ends without an error.

    Files of an earlier run that this run did not write are removed, so that results of two runs never stand side by
    side; files that circle15 did not write are left alone. The manifest moves last: a folder with a manifest is whole.

    Raises
    ------
    OutputError
        If the folder cannot be made or written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".partial", dir=folder.parent))
    except OSError as e:
        raise OutputError(Problem(f"cannot write here: {e.strerror}", file=str(folder))) from e
    try:
        yield stage
        _publish(stage, folder)
    except OSError as e:
        if e.filename is not None and not Path(e.filename).is_relative_to(folder.parent):
            raise  # something else than writing here went wrong
        raise OutputError(Problem(f"cannot write: {e.strerror or e}", file=str(folder))) from e
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _publish(stage: Path, folder: Path) -> None:
    fresh = sorted(p.relative_to(stage) for p in stage.rglob("*") if p.is_file())
    old = _files_of_earlier_run(folder)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name in sorted(fresh, key=lambda p: p.name == MANIFEST):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(stage / name, folder / name)  # noqa: PTH105 (Path.replace is the same call; this one names both ends)
    for name in old - set(fresh):
        (folder / name).unlink(missing_ok=True)


def _files_of_earlier_run(folder: Path) -> set[Path]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return set()
    names = {Path(name) for name in manifest.get("files", {})}
    return {n for n in names if not n.is_absolute() and ".." not in n.parts}


def write_json(value: Any, path: Path) -> None:
    """Write ``value`` as indented UTF-8 JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


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
        raise OutputError(Problem(f"cannot write: {e.strerror or e}", file=str(path))) from e
    finally:
        stage.unlink(missing_ok=True)
