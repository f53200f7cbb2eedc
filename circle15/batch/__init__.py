"""Many districts over many processes or hosts; one that fails does not cost the others."""

from __future__ import annotations

import datetime as dt
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from circle15.batch.districts import Entry, find_districts
from circle15.batch.local import LocalExecutor
from circle15.batch.order import largest_first
from circle15.batch.outcomes import Event, Outcome
from circle15.batch.resume import why_stale
from circle15.batch.running import Runner
from circle15.batch.summing import write_batch_summary
from circle15.outputs.folder import scratch_folder, sweep_stages
from circle15.outputs.summary import read_previous
from circle15.pipeline import DEFAULT_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from circle15.config import Config

__all__ = ["Event", "Outcome", "run_batch"]


def run_batch(
    configs: Iterable[str | Path | Config],
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
        Config files, folders of them, batch files (with ``[[districts]]`` blocks), or configs already loaded.
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
        Told what happens, in this process.

    Returns
    -------
    list of Outcome
        In the order of ``configs``. An error in one district, of whatever kind, is its outcome and the others go on;
        the traceback of an unexpected one is logged.

    Raises
    ------
    OutputError
        If ``out`` cannot be written to.
    """
    begun, clock = dt.datetime.now().astimezone(), time.perf_counter
    root = Path(out) if out is not None else DEFAULT_OUT
    tell = on_event or (lambda _event: None)
    earlier = Path(previous) if previous is not None else None
    if earlier is not None:
        read_previous(earlier)  # a wrong name is told now, not after the night
    entries = find_districts(configs)
    n_jobs = max(1, jobs or _cores())
    outcomes = {e.label: Outcome(e.label, None, e.error, e.name) for e in entries if e.error is not None}
    with scratch_folder(root) as scratch:
        sweep_stages(root)
        if resume:
            outcomes |= {
                e.label: _kept(e, root) for e in entries if e.config and why_stale(e.config, root / e.name) is None
            }
        waiting = largest_first([e for e in entries if e.label not in outcomes], root)
        tell(Event("begin", n=len(waiting)))
        for outcome in outcomes.values():
            tell(Event("finished", outcome.name, outcome=outcome))
        each = threads or (1 if executor is not None else max(1, _cores() // n_jobs))
        with _workers(executor, min(n_jobs, max(len(waiting), 1)), memory_limit_bytes) as workers:
            started = clock()
            runner = Runner(workers, root, scratch, each, tell)
            shared = runner.share_extracts(waiting)
            share_s = clock() - started
            for outcome in runner.run(waiting):
                outcomes[outcome.config] = outcome
                tell(Event("finished", outcome.name, outcome=outcome))
        ordered = [outcomes[e.label] for e in entries]
        tell(Event("summary"))
        facts = {
            "began": begun.isoformat(timespec="seconds"),
            "executor": type(workers).__name__,
            "jobs": n_jobs if executor is None else None,
            "shared_extracts": {name: round(report.wall_s, 3) for name, report in shared.items()},
            "seconds": {"share": round(share_s, 3), "districts": round(clock() - started - share_s, 3)},
        }
        write_batch_summary(ordered, root, earlier, facts)
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


def _kept(entry: Entry, root: Path) -> Outcome:
    return Outcome(entry.label, root / entry.name, None, entry.name, is_kept=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
