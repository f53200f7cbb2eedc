"""What libraries and the system say, in one line of ours each: the last door before the terminal."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from circle15.memory import out_of_memory_text

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)
_LONGEST = 200


@dataclass(slots=True)
class Heard:
    """Warnings of libraries, which speak of their own code and not of a planner's files."""

    texts: dict[str, None] = field(default_factory=dict)  # each once, in order

    def line(self) -> str:
        """Say how many there were and what the first is; nothing of circle15's own warnings is among them."""
        first = next(iter(self.texts))
        more = f" and {len(self.texts) - 1} more" if len(self.texts) > 1 else ""
        return f"note: a library warns: {first}{more}; -vv shows where"


@contextmanager
def library_warnings() -> Iterator[Heard]:
    """Yield what libraries warn of within the block, instead of printing their files and lines to the terminal.

    Which warnings count, and whether one is an error, stays as Python's filters say.
    """
    heard = Heard()
    before = warnings.showwarning

    def keep(  # noqa: PLR0917 (Python's signature)
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG001 (Python's signature)
        line: str | None = None,  # noqa: ARG001 (as above)
    ) -> None:
        text = " ".join(str(message).split())
        heard.texts[f"{category.__name__}: {text}"[:_LONGEST]] = None
        logger.debug("%s:%s: %s: %s", filename, lineno, category.__name__, text)

    warnings.showwarning = keep
    try:
        yield heard
    finally:
        warnings.showwarning = before


def error_lines(error: Exception) -> list[str]:
    """Give the plain lines that tell an error.

    Ours tell themselves. Of the system's the file and what to do is told, of a library's or a defect of circle15
    what kind it is and how to see where.
    """
    from circle15.errors import Circle15Error  # noqa: PLC0415 (keeps --help instant)

    if isinstance(error, Circle15Error):
        return str(error).splitlines()
    text = " ".join(str(error).split())[:_LONGEST]
    if isinstance(error, MemoryError):
        return [f"{out_of_memory_text(error)}; nothing was written"]
    if isinstance(error, PermissionError):
        where = f"{error.filename2 or error.filename}: " if error.filename is not None else ""
        message = (
            f"{where}permission denied; if it is open in Excel, WPS or a GIS program, close it there and run again, "
            "else see who may read and write it"
        )
        return [message]
    if isinstance(error, OSError):
        where = f"{error.filename2 or error.filename}: " if error.filename is not None else ""
        return [f"{where}{error.strerror or text}"]
    remedy = (
        "that is a defect of circle15, or a file that it does not understand; nothing was written. --debug shows where;"
        " please report it with the config"
    )
    return [f"{type(error).__name__}: {text}" if text else type(error).__name__, remedy]
