"""What reaches the terminal: text alone, in letters that it can show; no code that moves its cursor."""

from __future__ import annotations

import codecs
import copy
import logging
import sys
import unicodedata
from typing import Any

import click

from circle15.cli.shared.language import told
from circle15.said import Said

_KEPT = "\t\n"
_CODES = [*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
_SHOWN = {code: f"\\u{code:04x}" for code in _CODES if chr(code) not in _KEPT}
"""Control codes of both sets, marks that turn the direction of writing and line separators, as JSON escapes them."""
_ERRORS = "circle15.shown"


def echo(message: Any = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a message to stdout, or to stderr, with its control codes made visible: names come from anybody's files."""
    click.echo(shown(str(message)), err=err, nl=nl)


def shown(text: str) -> str:
    r"""Give a text with its control codes made visible.

    Examples
    --------
    >>> shown("\x1b[2J医院")
    '\\u001b[2J医院'
    """
    return text.translate(_SHOWN)


class ShownFormatter(logging.Formatter):
    """Writes a line of the log in the language of the command, with control codes made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        spoken = copy.copy(record)
        spoken.levelname = told(_LEVELS.get(record.levelname, record.levelname))
        if isinstance(record.msg, Said):
            spoken.msg = told(record.msg)
        return shown(super().format(spoken))


_LEVELS = {"WARNING": Said("提示", "WARNING"), "ERROR": Said("错误", "ERROR"), "INFO": Said("信息", "INFO")}


def print_what_the_console_lacks() -> None:
    """Let stdout and stderr write a letter that their encoding lacks in another form (GBK has no "²": "2")."""
    codecs.register_error(_ERRORS, _in_another_form)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_ERRORS)


def _in_another_form(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = []
    for letter in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKC", letter)
        try:
            plain.encode(error.encoding)
        except UnicodeEncodeError:
            plain = letter.encode("ascii", "backslashreplace").decode("ascii")
        found.append(plain)
    return "".join(found), error.end
