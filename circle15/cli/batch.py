"""`circle15 batch`: many districts."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circle15.cli.shared.batch_progress import batch_progress, json_line
from circle15.cli.shared.options import EXIT_FAILED, out_option, say, shared
from circle15.cli.shared.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from circle15.batch import Outcome

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?)?b?\s*", re.IGNORECASE)


def _size(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    found = _SIZE.fullmatch(value)
    if found is None or float(found[1]) <= 0:
        raise click.BadParameter(f"{value!r} is not a size; write 2GB, 1500MB or 2GiB")
    return int(float(found[1]) * _UNITS[(found[2] or "").lower()])


@click.command("batch")
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CONFIG...")
@out_option
@click.option("--jobs", type=click.IntRange(min=1), help="Districts at a time, a process each [default: one per core].")
@click.option("--resume", is_flag=True, help="Keep districts whose config, inputs, code and files have not changed.")
@click.option("--scheduler", metavar="ADDRESS", help="Run on a dask cluster instead, e.g. tcp://host:8786.")
@click.option("--memory-limit", callback=_size, metavar="SIZE", help="Memory of each local process, e.g. 2GB.")
@click.option("--previous", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder of an earlier"
              " batch; the summary states the change.")  # fmt: skip
@click.option("--json-log", is_flag=True, help="Progress as JSON lines on stderr.")
@shared
def command(
    configs: tuple[Path, ...],
    *,
    out: Path | None,
    jobs: int | None,
    scheduler: str | None,
    memory_limit: int | None,
    previous: Path | None,
    resume: bool,
    json_log: bool,
) -> None:
    """Plan many districts, each into DIR/<district id>/ (default DIR: maps), and compare them in DIR/summary.*.

    CONFIG is a config file, a folder of them, or a batch file: shared defaults and a [[districts]] block for each
    district. A district that fails is reported and the others go on; the exit code is then 1.
    """
    if scheduler is not None and (jobs is not None or memory_limit is not None):
        option = "--jobs" if jobs is not None else "--memory-limit"
        raise click.UsageError(
            f"{option} is for local processes; a cluster's workers are started with their own bounds"
        )
    from circle15.batch import run_batch  # noqa: PLC0415 (heavy imports only when the command runs)

    finished: list[Outcome] = []
    try:
        with _stopped_by_sigterm(), _cluster(scheduler) as executor, batch_progress(json_log=json_log) as tell:

            def note(event: Any) -> None:
                if event.outcome is not None:
                    finished.append(event.outcome)
                tell(event)

            finished = run_batch(
                configs,
                out=out,
                executor=executor,
                jobs=jobs,
                memory_limit_bytes=memory_limit,
                resume=resume,
                previous=previous,
                on_event=note,
            )
    except KeyboardInterrupt:
        standing = sum(o.error is None for o in finished)
        text = f"stopped; {standing} districts are done and stand. --resume goes on from there"
        echo(json_line("stopped", text=text) if json_log else f"circle15: {text}", err=True)
        sys.exit(130)
    finally:
        for outcome in finished:
            echo(f"{outcome.config}\t{outcome.status}\t{outcome.folder or ''}")
        if not json_log:  # whose lines have told all this
            _print_failures(finished)
    if any(o.error is not None for o in finished):
        sys.exit(EXIT_FAILED)


def _print_failures(outcomes: list[Outcome]) -> None:
    """Print what failed and why as a table to stderr, and how many are done."""
    failed = [o for o in outcomes if o.error is not None]
    if failed:
        names = [o.name or o.config for o in failed]
        width = max(len("district"), *(len(n) for n in names))
        echo(f"{'district':<{width}}  why it failed", err=True)
        for name, outcome in zip(names, failed, strict=True):
            for i, line in enumerate((outcome.error or "").splitlines()):
                echo(f"{name if i == 0 else '':<{width}}  {line}", err=True)
    kept = sum(o.is_kept for o in outcomes)
    again = f", {kept} of them kept as they were" if kept else ""
    say(f"{len(outcomes) - len(failed)} of {len(outcomes)} districts done{again}")


@contextmanager
def _cluster(address: str | None) -> Iterator[Executor | None]:
    """Yield the executor of a dask cluster, None without an address."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client  # noqa: PLC0415 (an extra: only a cluster needs it)
    except ImportError:
        raise click.UsageError("--scheduler needs dask: pip install 'circle15[cluster]'") from None
    try:
        make: Any = Client  # dask gives its client no types
        client = make(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as e:
        raise click.UsageError(
            f"no dask scheduler answers at {address} ({e}); start one with: dask scheduler --host ADDRESS"
        ) from None
    with client:
        yield client.get_executor(retries=0)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM stop the batch as cleanly as Ctrl-C."""

    def stop(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, as when a test or a notebook calls the command
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
