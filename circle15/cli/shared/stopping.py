"""How a command ends that does not end by itself: Ctrl-C, SIGTERM, a reader that has closed its pipe."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells say it
EXIT_TERMINATED = 143  # 128 + SIGTERM
EXIT_PIPE_CLOSED = 141  # 128 + SIGPIPE


class TerminatedError(KeyboardInterrupt):
    """The system asked the process to end (SIGTERM): everything is put back as after Ctrl-C."""


def exit_code_of(stop: KeyboardInterrupt) -> int:
    """Give the exit code of a command that was stopped."""
    return EXIT_TERMINATED if isinstance(stop, TerminatedError) else EXIT_INTERRUPTED


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as cleanly as Ctrl-C does."""

    def stop(_number: int, _frame: Any) -> None:
        raise TerminatedError

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, as when a test or a notebook calls the command
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_without_reader() -> NoReturn:
    """End quietly when whoever read the output has closed it, as ``| head`` does."""
    # What is still to be flushed at the end goes nowhere, instead of into an error that nobody can act upon.
    with suppress(OSError, ValueError):  # a stream of a test has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(EXIT_PIPE_CLOSED)
