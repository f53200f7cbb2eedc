"""Options and behaviour that every command shares."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from circle15.cli.shared.plain_words import error_lines, library_warnings
from circle15.cli.shared.terminal import ShownFormatter, echo, print_what_the_console_lacks
from circle15.threads import MOST_THREADS

F = TypeVar("F", bound=Callable[..., Any])

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
EXIT_FAILED = 1
EXIT_WRONG_INPUT = 2


class NamedPath(click.Path):
    """A path that is not "", which would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse the empty name."""
        if value == "":
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


config_argument = click.argument("config", type=click.Path(path_type=Path))
out_option = click.option(
    "--out", type=NamedPath(path_type=Path, file_okay=False), help="Folder to write to.", metavar="DIR"
)
threads_option = click.option(
    "--threads", type=click.IntRange(1, MOST_THREADS), help="Threads to search with [default: all]."
)


def shared(function: F) -> F:
    """Give a command -v, -q and --debug, and turn our errors into plain lines and exit codes."""

    @click.option("-v", "--verbose", count=True, help="Say more.")
    @click.option("-q", "--quiet", is_flag=True, help="Say only what is wrong.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @wraps(function)
    def command(*args: Any, verbose: int, quiet: bool, debug: bool, **kwargs: Any) -> Any:
        from circle15.errors import Circle15Error, OutputError  # noqa: PLC0415 (keeps --help instant)

        level = (
            logging.ERROR if quiet else logging.DEBUG if verbose > 1 else logging.INFO if verbose else logging.WARNING
        )
        talk = logging.StreamHandler(sys.stderr)
        if verbose <= 1:
            talk.addFilter(logging.Filter("circle15"))  # other libraries' chatter is nothing to a planner
        talk.setFormatter(ShownFormatter("%(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=level, handlers=[talk])
        print_what_the_console_lacks()
        click.get_current_context().obj = {"quiet": quiet}
        with library_warnings() as heard:
            try:
                return function(*args, **kwargs)
            except KeyboardInterrupt:
                echo("circle15: stopped; nothing was written", err=True)
                sys.exit(130)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as e:  # noqa: BLE001 (the outermost door: whatever comes through is told in our words)
                if debug:
                    traceback.print_exc()
                for line in error_lines(e):
                    echo(f"circle15: {line}", err=True)
                is_input = isinstance(e, Circle15Error) and not isinstance(e, OutputError)
                sys.exit(EXIT_WRONG_INPUT if is_input else EXIT_FAILED)
            finally:
                if heard.texts and not quiet:
                    echo(f"circle15: {heard.line()}", err=True)

    return command  # type: ignore[return-value]  # wraps keeps the signature that click reads


def is_quiet() -> bool:
    """Tell whether the user asked for silence."""
    return bool(click.get_current_context().obj["quiet"])


def say(text: str) -> None:
    """Talk to the user on stderr, unless asked to be quiet."""
    if not is_quiet():
        echo(text, err=True)
