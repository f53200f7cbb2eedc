"""Write the reference pages that the code itself states: command line, walking table, Python API.

Run from the project's folder: .venv/bin/python scripts/make_reference.py
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import click

import circle15
from circle15.cli import main as cli
from circle15.inputs.coordinates import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from circle15.network.walking.walking_text import walking_text

COMMAND_LINE = """# Command line

Made by `scripts/make_reference.py` from the commands themselves. Data goes to stdout, talk to stderr; progress bars
stand on a terminal only. Exit code 0: done; 1: a district failed, or what was asked for cannot be had; 2: a config or
an input is wrong. Every command knows `-v` (say more), `-q` (say only what is wrong), `--debug` (show an error's
traceback) and `--help`.
"""
WALKING_TABLE = """# Walking table

Made by `scripts/make_reference.py`; `circle15 info --walking-table` prints the same. What the rules mean for a walk:
[Walking as people walk](../explanation/walking.md).
"""
API = """# Python API

Made by `scripts/make_reference.py` from docstrings. Longitudes and latitudes are degrees WGS-84; times are seconds as
float64, NaN where nothing is reached; lengths are metres. What may change when:
[Stability](../developing/stability.md).
"""
EVERYWHERE = {"verbose", "quiet", "debug", "help"}
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def command_line_page() -> str:
    """Give every command with its arguments and options."""
    parts = [COMMAND_LINE]
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        usage = " ".join(p.metavar or p.name.upper() + ("..." if p.nargs == -1 else "") for p in arguments)
        rows = [_option(p) for p in command.params if isinstance(p, click.Option) and p.name not in EVERYWHERE]
        table = ["", "| option | meaning |", "| --- | --- |", *rows] if rows else []
        parts.append(
            "\n".join(
                [f"## {name}", "", f"`circle15 {name} {usage}".rstrip() + "`", "", _plain(command.help), *table, ""]
            )
        )
    return "\n".join(parts)


def _option(option: click.Option) -> str:
    value = "" if option.is_flag else " " + (option.metavar or _kind(option.type))
    given = option.default if option.show_default else None
    default = f" Default: {given}." if given not in (None, "") and not isinstance(given, bool) else ""
    needed = " Required." if option.required else ""
    return f"| `{', '.join(option.opts)}{value}` | {option.help}{default}{needed} |"


def _kind(kind: Any) -> str:
    return "\\|".join(kind.choices) if isinstance(kind, click.Choice) else kind.name.split()[0].upper()


def _plain(text: str) -> str:
    """Give a command's help; what click keeps in lines of its own is a block."""
    parts = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join("```text\n" + p.removeprefix("\b\n") + "\n```" if p.startswith("\b") else p for p in parts)


def walking_table_page() -> str:
    """Give the tables of `circle15 info --walking-table`."""
    return f"{WALKING_TABLE}\n```text\n{walking_text()}\n```\n"


def api_page() -> str:
    """Give every public name with its signature and docstring."""
    public = [(name, getattr(circle15, name)) for name in circle15.__all__]
    shifts = [
        (f"inputs.coordinates.{f.__name__}", f) for f in (wgs84_to_gcj02, gcj02_to_wgs84, wgs84_to_bd09, bd09_to_wgs84)
    ]
    return "\n".join([API, *(_described(f"circle15.{name}", thing) for name, thing in public + shifts)])


def _described(name: str, thing: Any) -> str:
    parts = [f"## {name}", _documented(name, thing)]
    own = vars(thing) if inspect.isclass(thing) and thing is not circle15.Config else {}  # a config's keys have a page
    for member, value in sorted(own.items()):
        plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not member.startswith("_") and (inspect.isfunction(plain) or isinstance(value, property)):
            parts += [f"### {name}.{member}", _documented(f"{thing.__name__}.{member}", plain)]
    return "\n\n".join(parts) + "\n"


def _documented(name: str, thing: Any) -> str:
    """Give signature, summary and sections of a docstring, each section as it is laid out there."""
    doc = inspect.getdoc(thing) or ""
    pieces = SECTION.split(doc)
    call = f"```text\n{name}{_signature(thing)}\n```\n\n" if callable(thing) and thing is not circle15.Config else ""
    body = [pieces[0].strip()]
    for heading, text in zip(pieces[1::2], pieces[2::2], strict=True):
        body.append(f"**{heading}**\n\n```text\n{text.strip()}\n```")
    return call + "\n\n".join(body)


def _signature(thing: Any) -> str:
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return "(...)"
    arguments = inspect.signature(thing).parameters.values()
    # Defaults and kinds alone: types stand in the text, and how Python writes them differs by version.
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in arguments if p.name not in {"self", "cls"}]
    return str(inspect.Signature(plain))


PAGES = {"command-line.md": command_line_page, "walking-table.md": walking_table_page, "api.md": api_page}


def main() -> None:
    """Write the pages."""
    folder = Path(__file__).parents[1] / "docs" / "reference"
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
