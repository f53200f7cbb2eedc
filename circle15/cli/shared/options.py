"""Options and behaviour that every command shares."""

from __future__ import annotations

import logging
import math
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from circle15.cli.shared.click_words import option
from circle15.cli.shared.language import LANGUAGES, spoken, told
from circle15.cli.shared.plain_words import error_lines, library_warnings
from circle15.cli.shared.stopping import end_without_reader, exit_code_of, stopped_by_sigterm
from circle15.cli.shared.terminal import ShownFormatter, echo, print_what_the_console_lacks
from circle15.said import Said
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
            self.fail(told(Said("名称为空", "the name is empty")), param, ctx)
        return super().convert(value, param, ctx)


class Amount(click.FloatRange):
    """A number within bounds that is one: "nan" compares with no bound, and "inf" keeps to an open one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is no finite number."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(told(Said(f"{value} 不是有限的数", f"{value} is no finite number")), param, ctx)
        return found


config_argument = click.argument("config", type=click.Path(path_type=Path))
out_option = option(
    "--out",
    type=NamedPath(path_type=Path, file_okay=False),
    help=Said(
        "写入的文件夹。",
        "Folder to write to.",
    ),
    metavar="DIR",
)
FILE = click.Path(path_type=Path, dir_okay=False)
candidates_option = option(
    "--candidates",
    type=FILE,
    metavar="FILE",
    help=Said("备选地块表，代替本区网格。", "Table of parcels instead of the district's cells."),
)
threads_option = option(
    "--threads",
    type=click.IntRange(1, MOST_THREADS),
    metavar="N",
    help=Said(
        "搜索所用线程数 [默认：全部]。",
        "Threads to search with [default: all].",
    ),
)


def shared(function: F) -> F:
    """Give a command -v, -q and --debug, and turn our errors into plain lines and exit codes."""

    @option("-v", "--verbose", count=True, help=Said("输出更多信息。", "Say more."))
    @option("-q", "--quiet", is_flag=True, help=Said("只报告错误。", "Say only what is wrong."))
    @option("--debug", is_flag=True, help=Said("出错时显示调用栈。", "Show the traceback of an error."))
    @option(
        "--lang",
        type=click.Choice(LANGUAGES),
        expose_value=False,  # read before anything else: language_of
        help=Said(
            "未读到配置时所用的语言 [默认：系统语言]；有配置则按其 [district] lang。",
            "Language where no config states one [default: the system's].",
        ),
    )
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
        with library_warnings() as heard, stopped_by_sigterm():
            try:
                result = function(*args, **kwargs)
                sys.stdout.flush()
                return result  # noqa: TRY300 (what is left to flush may have no reader)
            except KeyboardInterrupt as e:
                say_always(Said("已停止，未写入任何文件", "stopped; nothing was written"))
                sys.exit(exit_code_of(e))
            except BrokenPipeError:
                end_without_reader()
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as e:  # noqa: BLE001 (the outermost door: whatever comes through is told in our words)
                if debug:
                    traceback.print_exc()
                for line in error_lines(e, spoken()):
                    say_always(line)
                is_input = isinstance(e, Circle15Error) and not isinstance(e, OutputError)
                sys.exit(EXIT_WRONG_INPUT if is_input else EXIT_FAILED)
            finally:
                if heard.texts and not quiet:
                    say_always(heard.line())

    return cast("F", command)  # wraps keeps the signature that click reads


def is_quiet() -> bool:
    """Tell whether the user asked for silence."""
    return bool(click.get_current_context().obj["quiet"])


def say(text: Said | str) -> None:
    """Talk to the user on stderr in the language of the command, unless asked to be quiet."""
    if not is_quiet():
        echo(told(text), err=True)


def say_always(text: Said | str) -> None:
    """Tell the user what is wrong, under our name."""
    echo(f"circle15: {told(text)}", err=True)


def warn(text: Said | str) -> None:
    """Warn the user, unless asked to be quiet."""
    say(Said("circle15: 提示：{text}", "circle15: warning: {text}").format(text=text))
