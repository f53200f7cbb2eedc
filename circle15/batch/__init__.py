"""Many districts over many processes or hosts; one that fails does not cost the others."""

from __future__ import annotations

import datetime as dt
import logging
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.batch.district_list import Entry, find_districts
from circle15.batch.local import LocalExecutor
from circle15.batch.order import largest_first
from circle15.batch.outcomes import Event, Outcome
from circle15.batch.running import Runner
from circle15.batch.summing import write_batch_summary
from circle15.files.held_folders import sweep_held
from circle15.files.staging import claimed_folder, scratch_folder, sweep_stages
from circle15.files.written import MANIFEST, files_of_manifest, refuse_foreign
from circle15.outputs.summary import FILES, read_previous
from circle15.pipeline import DEFAULT_OUT
from circle15.runs.stale import why_stale
from circle15.said import in_
from circle15.threads import available_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from circle15.config.model import Config

__all__ = ["Event", "Outcome", "run_batch"]

logger = logging.getLogger(__name__)


def run_batch(
    configs: str | Path | Config | Iterable[str | Path | Config],
    *,
    out: str | Path | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    memory_limit_bytes: int | None = None,
    threads: int | None = None,
    resume: bool = False,
    previous: str | Path | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> list[Outcome]:
    """Run several districts, each into ``out/<district id>/``, and write the summary beside them.

    Parameters
    ----------
    configs
        Config files, folders of them, batch files (with ``[[districts]]`` blocks), or configs already loaded; one or
        many.
    out
        Folder that the districts' folders stand in; ``maps`` by default.
    executor
        Where districts run: anything with the interface of `concurrent.futures.Executor`, such as
        ``dask.distributed.Client(...).get_executor()``. By default processes of this machine; a script that
        calls this then needs ``if __name__ == "__main__":``, as every program that spawns processes.
    jobs
        Local processes; as many as there are cores by default.
    memory_limit_bytes
        Bound of each local process's own memory; a district that needs more fails.
    threads
        Threads of each district's search; by default local processes share the cores out, and districts of an
        ``executor`` get one each. Results do not depend on it.
    resume
        Keep the results of districts whose config, inputs, code and files are as their manifest says.
    previous
        Folder of an earlier batch whose shares the summary compares with.
    on_event
        Told what happens, in this process; without it warnings are logged.

    Returns
    -------
    list of Outcome
        In the order of ``configs``. An error in one district, of whatever kind, is its outcome and the others go on;
        the traceback of an unexpected one is logged.

    Raises
    ------
    OutputError
        If ``out`` cannot be written to.
    ValueError
        If ``jobs`` or ``threads`` is below 1.
    """
    for key, value in (("jobs", jobs), ("threads", threads)):
        if value is not None and value < 1:
            raise ValueError(f"{key} must be at least 1, not {value}")
    begun, clock = dt.datetime.now().astimezone(), time.perf_counter
    root = Path(out) if out is not None else DEFAULT_OUT
    tell = on_event or _log_warning
    earlier = Path(previous) if previous is not None else None
    if earlier is not None:
        read_previous(earlier)  # a wrong name is told now, not after the night
    entries = find_districts(configs)
    n_jobs = jobs or available_threads()
    finished = {}  # by folder
    with claimed_folder(root, is_inside=True) as claim, scratch_folder(root) as scratch:
        refuse_foreign(root, (*FILES, *files_of_manifest(root), MANIFEST))  # now, not after the night
        sweep_stages(root)
        sweep_held()
        if resume:
            finished = {
                e.name: _kept(e, root) for e in entries if e.config and why_stale(e.config, root / e.name) is None
            }
        waiting = largest_first([e for e in entries if e.config and e.name not in finished], root)
        tell(Event("begin", n=len(waiting)))
        for outcome in (*(_failed(e) for e in entries if e.config is None), *finished.values()):
            tell(Event("finished", outcome.name, outcome=outcome))
        n_processes = min(n_jobs, max(len(waiting), 1))
        each = threads or (1 if executor is not None else max(1, available_threads() // n_processes))
        with _workers(executor, n_processes, memory_limit_bytes) as workers:
            started = clock()
            runner = Runner(workers, root, scratch, each, tell)
            shared = runner.share_extracts(waiting)
            share_s = clock() - started
            for outcome in runner.run(waiting):
                finished[outcome.name] = outcome
                tell(Event("finished", outcome.name, outcome=outcome))
        sweep_stages(root)  # of workers that died while they wrote
        ordered = [finished[e.name] if e.config else _failed(e) for e in entries]
        tell(Event("summary"))
        facts = {
            "began": begun.isoformat(timespec="seconds"),
            "executor": type(workers).__name__,
            "jobs": n_jobs if executor is None else None,
            "shared_extracts": {name: round(report.wall_s, 3) for name, report in shared.items()},
            "sharing_failed": {name: report.error.en for name, report in shared.items() if report.error is not None},
            "seconds": {"share": round(share_s, 3), "districts": round(clock() - started - share_s, 3)},
        }
        write_batch_summary(ordered, claim, earlier, facts)
    tell(Event("end"))
    return ordered


@contextmanager
def _workers(executor: Executor | None, jobs: int, memory_limit_bytes: int | None) -> Iterator[Executor]:
    """Yield the caller's executor, or local processes that end with the block."""
    if executor is not None:
        yield executor
        return
    with LocalExecutor(jobs, memory_limit_bytes=memory_limit_bytes) as local:
        yield local


def _log_warning(event: Event) -> None:
    if event.kind == "warning":
        logger.warning("%s: %s", event.name, in_(event.text, "en"))


def _failed(entry: Entry) -> Outcome:
    return Outcome(entry.label, None, entry.error, entry.name)


def _kept(entry: Entry, root: Path) -> Outcome:
    return Outcome(entry.label, root / entry.name, None, entry.name, is_kept=True)
