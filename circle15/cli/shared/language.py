"""Which language a command talks in: its config's, else --lang, else the system's."""

from __future__ import annotations

import json
import locale
import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.files.door import is_plain_file
from circle15.said import Said, in_

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LANGUAGES = ("zh", "en")
_LANG = re.compile(r"""^[ \t]*lang[ \t]*=[ \t]*["'](zh|en)["']""", re.MULTILINE)
_BASE = re.compile(r"""^[ \t]*base[ \t]*=[ \t]*["']([^"'\n]+)["']""", re.MULTILINE)
_MOST_READ = 1 << 20
_MOST_BASES = 8
_spoken: ContextVar[str] = ContextVar("circle15_spoken", default="en")


def spoken() -> str:
    """Give the language of the command that runs, "zh" or "en"."""
    return _spoken.get()


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Talk in ``lang`` within the block."""
    before = _spoken.set(lang)
    try:
        yield
    finally:
        _spoken.reset(before)


def told(text: Said | str) -> str:
    """Give a text in the language of the command that runs."""
    return in_(text, spoken())


def language_of(args: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    """Choose the language for a command line, before anything of it is checked.

    Parameters
    ----------
    args
        The words after "circle15".
    environ
        The environment; by default this process's.
    """
    files = [a for a in args if not a.startswith("-")]
    of_files = (_of_file(Path(a)) for a in files)
    return next((lang for lang in of_files if lang), None) or _of_option(args) or _of_system(environ or os.environ)


def _of_option(args: Sequence[str]) -> str | None:
    for word, following in pairwise([*args, ""]):
        value = following if word == "--lang" else word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if value in LANGUAGES:
            return value
    return None


def _of_system(environ: Mapping[str, str]) -> str:
    stated = next((environ[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(n)), None)
    if stated is None:
        stated = locale.getlocale()[0] or ""  # Windows and macOS state none there
    return "zh" if stated.casefold().startswith(("zh", "chinese")) else "en"


def _of_file(path: Path) -> str | None:
    """Give the language of a config, of a folder of configs or of a finished run; None of anything else."""
    try:
        if path.is_dir():
            return _of_folder(path)
        return _of_config(path) if path.suffix == ".toml" and is_plain_file(path) else None
    except (OSError, ValueError, MemoryError):  # whoever opens it for work tells what is wrong with it
        return None


def _of_folder(folder: Path) -> str | None:
    manifest = folder / "run.json"
    if is_plain_file(manifest):
        stated = json.loads(manifest.read_bytes()[: 64 * _MOST_READ]).get("config_stated", {})
        lang = stated.get("district", {}).get("lang", LANGUAGES[0])
        return lang if lang in LANGUAGES else None
    configs = sorted(folder.glob("*.toml"))
    return _of_config(configs[0]) if configs else None


def _of_config(path: Path) -> str:
    """Read the language off a config that may be no valid TOML; a scenario without one has its base's."""
    for text in _chain(path):
        found = _LANG.search(text)
        if found is not None:
            return found[1]
    return LANGUAGES[0]  # the default of [district] lang


def _chain(path: Path) -> Iterator[str]:
    for _ in range(_MOST_BASES):
        if not is_plain_file(path):
            return
        with path.open("rb") as file:
            text = file.read(_MOST_READ).decode("utf-8", "replace")
        yield text
        base = _BASE.search(text)
        if base is None:
            return
        path = path.parent / base[1]
