"""Drawings that may fail without costing the numbers: each is tried alone, and what could not be drawn is told."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circle15.errors import Circle15Error
from circle15.files.staging import is_disk_full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

logger = logging.getLogger(__name__)
_LONGEST = 160


def unguarded(_path: Path) -> AbstractContextManager[None]:
    """Surround a drawing with nothing: what goes wrong with it is the caller's."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Drawings:
    """The drawings of one run: maps, pages, pictures and layers for GIS."""

    folder: Path  # what names are given relative to
    lang: str  # "zh" | "en"
    undrawn: dict[str, str] = field(default_factory=dict)  # file, and why it is not there

    @contextmanager
    def attempt(self, path: Path) -> Iterator[None]:
        """Let the block write ``path``; where that fails, nothing half-written is left and `undrawn` says why.

        A geometry that GEOS refuses, a font that is missing or a want of memory costs one drawing. A disk that is full
        or a folder that may not be written ends the run, as no table could be written either; so does Ctrl-C.
        """
        try:
            yield
        except Exception as e:
            is_ours = isinstance(e, Circle15Error)
            cause = e.__cause__ if is_ours else e
            if isinstance(cause, OSError) or is_disk_full(e, self.folder):
                raise
            if path.is_file():
                path.unlink()
            logger.info("%s was not drawn", path.name, exc_info=True)
            text = (str(e).splitlines() or [""])[0]
            why = text if is_ours else f"{type(e).__name__}: {text}" if text else type(e).__name__
            self.undrawn[path.relative_to(self.folder).as_posix()] = why[:_LONGEST]

    def sentences(self) -> list[str]:
        """Say in the run's language what is missing, and that the numbers are not."""
        if self.lang == "zh":
            return [f"{name} 未能绘制（{why}）；各表数字不受影响" for name, why in self.undrawn.items()]
        return [f"{name} could not be drawn ({why}); the tables are whole" for name, why in self.undrawn.items()]
