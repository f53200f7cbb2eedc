"""Shared extracts and districts given to an executor, and what comes back."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.batch.local import WorkerDiedError
from circle15.batch.outcomes import Event, Outcome
from circle15.batch.work import (
    Report,
    read_stages,
    run_one,
    share_names,
    share_part,
    share_selections,
    share_streets,
)
from circle15.files.door import settled_path
from circle15.inputs.osm.selection import Wanted, join_wanted
from circle15.network.kept_features import GATE_TAGS
from circle15.pipeline.study.layer_facilities import OSM_PREFIX, wanted_tags
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from circle15.batch.district_list import Entry
    from circle15.config.model import Config

logger = logging.getLogger(__name__)
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Runner:
    """Where districts run, where they are written, and who is told."""

    workers: Executor
    root: Path
    scratch: Path  # takes a file of stages per district
    threads: int | None
    tell: Callable[[Event], None]

    def share_extracts(self, entries: Sequence[Entry]) -> dict[str, Report]:
        """Read each extract that several districts share once, so that they find their parts in the cache.

        Where that fails, a warning says so: each district then reads the extract itself.

        Streets are cut to the districts, so where these have their borders from the extract as well, streets come last.
        """
        shared = [(source, tasks) for source, tasks in _by_source(entries).items() if len(tasks) > 1]
        for source, _ in shared:
            self.tell(Event("share", source.name))
        # The streets take longest, so they begin.
        first = self._start_streets(shared, late=False)
        for source, tasks in shared:
            things = join_wanted(*(wanted for _, wanted in tasks))
            # Gates are many: who looks for things alone is spared them.
            first[f"{source.name}: things"] = self.workers.submit(share_selections, source, [things, GATE_TAGS])
            first[f"{source.name}: names"] = self.workers.submit(share_names, source)
        reports = _waited(first)
        reports |= _waited(self._start_streets(shared, late=True))
        reports |= self._read_parts(reports)
        for name, report in reports.items():
            if report.error is not None:
                told = Said(
                    f"未能供各区县共用一次读取，由各区县自行读取（{report.error.zh}）",
                    f"could not be read once for all districts; each reads it itself ({report.error.en})",
                )
                self.tell(Event("warning", name, text=told))
        return reports

    def _start_streets(
        self, shared: Sequence[tuple[Path, list[tuple[Config, Wanted]]]], *, late: bool
    ) -> dict[str, Future[Report]]:
        chosen = [
            (source, configs)
            for source, configs in ((source, [config for config, _ in tasks]) for source, tasks in shared)
            if any(_has_borders_from_osm(c) for c in configs) == late
        ]
        scratch = settled_path(self.scratch)
        return {
            f"{source.name}: streets": self.workers.submit(share_streets, source, c, scratch) for source, c in chosen
        }

    def _read_parts(self, reports: Mapping[str, Report]) -> dict[str, Report]:
        """Read the districts' parts of streets side by side, and give the reports of those that failed."""
        futures = {
            f"{name} {number}": self.workers.submit(share_part, part)
            for name, report in reports.items()
            for number, part in enumerate(report.parts, start=1)
        }
        return {name: report for name, report in _waited(futures).items() if report.error is not None}

    def run(self, entries: Sequence[Entry]) -> Iterator[Outcome]:
        """Start every district and give each one's outcome as it ends; tell of the stages meanwhile."""
        futures = {self._start(e.name, e.config): e for e in entries if e.config is not None}
        told: dict[str, int] = {}
        pending = set(futures)
        try:
            while pending:
                done, pending = wait(pending, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                for future in (*done, *pending):
                    self._tell_stages(futures[future].name, told)
                for future in done:
                    entry = futures[future]
                    report, error = _report_of(future, entry.name)
                    folder = self.root / entry.name if error is None else None
                    yield Outcome(entry.label, folder, error, entry.name, report=report)
        except BaseException:
            _cancel(futures)
            raise

    def _start(self, name: str, config: Config) -> Future[Report]:
        folder, progress = settled_path(self.root / name), settled_path(self.scratch) / f"{name}.stages"
        return self.workers.submit(run_one, config, folder, progress, self.threads)

    def _tell_stages(self, name: str, told: dict[str, int]) -> None:
        stages = read_stages(self.scratch / f"{name}.stages")
        for line in stages[told.get(name, 0) :]:
            kind = "stage" if line.seconds is None else "stage_end"
            self.tell(Event(kind, name, line.stage, line=line))
        told[name] = len(stages)


def _has_borders_from_osm(config: Config) -> bool:
    table = config.district
    return any((text or "").startswith(OSM_PREFIX) for text in (table.boundary, table.units, table.communities))


def _by_source(entries: Iterable[Entry]) -> dict[Path, list[tuple[Config, Wanted]]]:
    """Give for each extract its districts and the OSM tags that each looks for."""
    found: dict[Path, list[tuple[Config, Wanted]]] = {}
    for entry in entries:
        if entry.config is None:
            continue
        try:
            wanted = wanted_tags(entry.config)
            source = entry.config.streets_file
        except ValueError:
            continue  # the district's own run says what is wrong with a selection or a file's name
        found.setdefault(source, []).append((entry.config, wanted))
    return found


def _waited(futures: Mapping[str, Future[Report]]) -> dict[str, Report]:
    """Wait for tasks by name and give their reports."""
    try:
        wait(futures.values())
    except BaseException:
        _cancel(futures.values())
        raise
    return {name: _report_of(future, name)[0] for name, future in futures.items()}


def _report_of(future: Future[Report], name: str) -> tuple[Report, Said | None]:
    """Give a worker's report and its error; a worker that died or was lost is an error too."""
    error = future.exception()
    if error is None:
        report = future.result()
        if report.trace is not None:
            logger.error("%s\n%s", name, report.trace)
        return report, report.error
    lost = Said("进程未能完成（{e}）", "{e}").format(e=f"{type(error).__name__}: {error}")
    why = error.why if isinstance(error, WorkerDiedError) else lost
    text = Said("{name}：{why}", "{name}: {why}").format(name=name, why=why)
    return Report(error=text), text


def _cancel(futures: Iterable[Future[Report]]) -> None:
    for future in futures:
        future.cancel()
