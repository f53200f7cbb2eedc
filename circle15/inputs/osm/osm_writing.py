"""OSM files written through pyosmium, their faults told apart from those of the file that is read meanwhile."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import osmium

from circle15.errors import Problem
from circle15.files.held_folders import CANNOT_KEEP, DiskFullError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def osm_writer(target: Path | osmium.io.File, folder: Path, **options: Any) -> Iterator[Any]:
    """Yield a pyosmium writer, closed when the block ends.

    Parameters
    ----------
    target
        What to write.
    folder
        Where it is written, for messages.
    **options
        As for `osmium.SimpleWriter`.

    Raises
    ------
    DiskFullError
        If the file cannot be written; an error of the block itself comes through as it is, and so does that of a place
        nowhere on earth, which the writer meets in a thread of its own.
    """
    writer = None
    try:
        writer = osmium.SimpleWriter(str(target) if isinstance(target, Path) else target, **options)
        yield writer
        writer.close()
    except BaseException as e:
        if writer is not None:
            why = _why_not_closed(writer)
            if why is None:
                raise  # the writer is well: something else went wrong
            if isinstance(why, osmium.InvalidLocationError):
                raise why from e
            if isinstance(e, osmium.InvalidLocationError):
                raise
        elif not isinstance(e, RuntimeError | OSError):
            raise
        reason = " ".join(str(e).split())
        raise DiskFullError(Problem(CANNOT_KEEP.format(why=reason), file=str(folder))) from e


def _why_not_closed(writer: Any) -> Exception | None:
    """Close a writer after an error; give what keeps it from closing, None where nothing does.

    One that cannot be closed must never be destroyed: its destructor closes it again, and an error there ends the
    process. So Python is told that somebody holds it for ever.
    """
    try:
        writer.close()
    except Exception as e:  # noqa: BLE001 (whatever it is, the destructor would meet it again)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))
        return e
    return None
