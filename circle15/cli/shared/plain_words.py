"""What libraries and the system say, in one line of ours each: the last door before the terminal."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from circle15.files.system_words import system_words
from circle15.memory import out_of_memory_text
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)
_LONGEST = 200


@dataclass(slots=True)
class Heard:
    """Warnings of libraries, which speak of their own code and not of a planner's files."""

    texts: dict[str, None] = field(default_factory=dict)  # each once, in order

    def line(self) -> Said:
        """Say how many there were and what the first is; nothing of circle15's own warnings is among them."""
        first, n = next(iter(self.texts)), len(self.texts) - 1
        more = Said(f"，另有 {n} 条", f" and {n} more") if n else Said("", "")
        return Said(
            f"说明：程序库提示：{first}{more.zh}；用 -vv 查看出处",
            f"note: a library warns: {first}{more.en}; -vv shows where",
        )


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


def error_lines(error: Exception, lang: str) -> list[str]:
    """Give the plain lines that tell an error, in "zh" or "en".

    Ours tell themselves. Of the system's the file and what to do is told, of a library's or a defect of circle15
    what kind it is and how to see where.
    """
    from circle15.errors import Circle15Error, Problem  # noqa: PLC0415 (keeps --help instant)

    if isinstance(error, Circle15Error):
        return error.in_(lang)
    text = " ".join(str(error).split())[:_LONGEST]
    if isinstance(error, MemoryError):
        return [(out_of_memory_text(error) + _NOTHING_WRITTEN).in_(lang)]
    if isinstance(error, OSError):
        file = error.filename2 or error.filename
        message = _DENIED if isinstance(error, PermissionError) else system_words(error)
        return [Problem(message, file=None if file is None else str(file)).in_(lang)]
    return [f"{type(error).__name__}: {text}" if text else type(error).__name__, _DEFECT.in_(lang)]


_NOTHING_WRITTEN = Said("；未写入任何文件", "; nothing was written")
_DENIED = Said(
    "没有权限；若正在 Excel、WPS 或 GIS 软件中打开，请关闭后重新运行，否则请检查读写权限",
    "permission denied; if it is open in Excel, WPS or a GIS program, close it there and run again, else see who may"
    " read and write it",
)
_DEFECT = Said(
    "这是 circle15 的缺陷，或遇到了它读不懂的文件；未写入任何文件。用 --debug 查看出处，并请连同配置一起反馈",
    "that is a defect of circle15, or a file that it does not understand; nothing was written. --debug shows where;"
    " please report it with the config",
)
