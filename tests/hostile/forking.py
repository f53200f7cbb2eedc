"""Commands run in children of a warmed-up process: what takes seconds to import is there, what goes wrong is theirs."""

from __future__ import annotations

import importlib
import io
import json
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass

MOST_SECONDS, MOST_BYTES = 60, 2 << 30
"""Of the processor, so that a busy machine makes no hang; and of memory."""
MOST_WAITED_S = 300.0
ESCAPED = 70
"""The exit code of a child whose command let an exception out."""


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    code: int | None  # None where a signal or the clock ended it
    signal: int | None
    text: str
    cpu_s: float
    peak_mb: float


def run_forked(argv, log, *, seconds=MOST_SECONDS, env=(), code="utf-8"):
    """Run `circle15 ARGV` in a child within bounds; what it says goes to the file ``log``, in the console's encoding."""
    child = os.fork()
    if child == 0:
        _be_child(argv, log, seconds, env, code)
    status, usage = _waited(child)
    text = log.read_text(code, errors="replace") if log.exists() else ""
    spent, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    if status is None:
        return Ended(None, None, text, spent, peak)
    if os.WIFSIGNALED(status):
        return Ended(None, os.WTERMSIG(status), text, spent, peak)
    return Ended(os.WEXITSTATUS(status), None, text, spent, peak)


def made_apart(make, *given):
    """Call ``make`` in a child and give what it gives: threads that it starts are none of this process's."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as out:
                pickle.dump(make(*given), out)
            code = 0
        except BaseException:  # noqa: BLE001 (told by the parent)
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        content = told.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"{make.__name__}{given} fails"
    return pickle.loads(content)  # noqa: S301 (of our own child)


def _be_child(argv, log, seconds, env, encoding):
    code = ESCAPED
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES * 3 // 2, MOST_BYTES * 3 // 2))
        sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # As Python opens them: what an encoding lacks is an error on stdout, and an escape on stderr.
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding=encoding, line_buffering=True)
        sys.stderr = io.TextIOWrapper(
            os.fdopen(2, "wb", closefd=False), encoding=encoding, errors="backslashreplace", line_buffering=True
        )
        os.environ.update(env)
        if "TMPDIR" in dict(env):
            tempfile.tempdir = None  # Python remembers the first
        from circle15.cli import main

        with redirect_stdout(sys.stdout), redirect_stderr(sys.stderr):
            try:
                main(argv, standalone_mode=True)
            except SystemExit as e:
                code = 0 if e.code is None else e.code if isinstance(e.code, int) else 1
            except BaseException:  # noqa: BLE001 (whatever escapes is a traceback)
                traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        if os.environ.get("HOSTILE_MODULES"):
            with open(os.environ["HOSTILE_MODULES"], "w", encoding="utf-8") as out:  # noqa: PTH123
                json.dump(sorted(sys.modules), out)
    finally:
        os._exit(code)


def _waited(child):
    """Wait for the child, kill it when its time is up; give how it ended and what it took."""
    end = time.monotonic() + MOST_WAITED_S
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            return None, usage
        time.sleep(0.005)


def warm_up(commands, folder):
    """Import here whatever children need for sound commands: a child tells, so that this process starts no thread."""
    import circle15.cli
    import circle15.pipeline

    told = folder / "modules.json"
    os.environ["HOSTILE_MODULES"] = str(told)
    for argv in commands:
        ended = run_forked(argv, folder / "warm.log")
        assert ended.code == 0, ended.text
        load_modules(json.loads(told.read_text("utf-8")))
    del os.environ["HOSTILE_MODULES"]


def load_modules(names):
    """Import here what a child told that it had imported, as far as it can be; copies find it there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            if name not in sys.modules and not name.startswith(("__", "tests.")):
                with suppress(ImportError):
                    importlib.import_module(name)
