"""Shared extracts and districts given to an executor, and what comes back."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.batch.outcomes import Event, Outcome
from circle15.batch.work import GATES, STREETS, THINGS, Report, read_stages, run_one, share_extract
from circle15.errors import ConfigError
from circle15.inputs.osm_selection import Wanted, join_wanted
from circle15.pipeline.services import GATE_TAGS, wanted_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from circle15.batch.districts import Entry
    from circle15.config import Config

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
        """Read each extract that several districts share once, so that they find its parts in the cache."""
        futures: dict[Future[Report], str] = {}
        for source, per_district in _tags_by_source(entries).items():
            if len(per_district) > 1:
                self.tell(Event("share", source.name))
                for part, wanted in ((STREETS, {}), (THINGS, join_wanted(*per_district)), (GATES, GATE_TAGS)):
                    futures[self.workers.submit(share_extract, source, part, wanted)] = f"{source.name}: {part}"
        try:
            wait(futures)
        except BaseException:
            _cancel(futures)
            raise
        return {name: _report_of(future, name)[0] for future, name in futures.items()}

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
        folder, progress = (self.root / name).resolve(), self.scratch.resolve() / f"{name}.stages"
        return self.workers.submit(run_one, config, folder, progress, self.threads)

    def _tell_stages(self, name: str, told: dict[str, int]) -> None:
        stages = read_stages(self.scratch / f"{name}.stages")
        for stage, _ in stages[told.get(name, 0) :]:
            self.tell(Event("stage", name, stage))
        told[name] = len(stages)


def _tags_by_source(entries: Iterable[Entry]) -> dict[Path, list[Wanted]]:
    """Give for each extract the OSM tags that each of its districts looks for."""
    tags: dict[Path, list[Wanted]] = {}
    for entry in entries:
        if entry.config is None:
            continue
        try:
            wanted = wanted_tags(entry.config)
        except ConfigError:
            continue  # the district's own run says what is wrong with a selection
        tags.setdefault(entry.config.resolve(entry.config.network.source), []).append(wanted)
    return tags


def _report_of(future: Future[Report], name: str) -> tuple[Report, str | None]:
    """Give a worker's report and its error; a worker that died or was lost is an error too."""
    error = future.exception()
    if error is None:
        report = future.result()
        if report.trace is not None:
            logger.error("%s\n%s", name, report.trace)
        return report, report.error
    text = (
        f"{name}: {error}" if type(error).__name__ == "WorkerDiedError" else f"{name}: {type(error).__name__}: {error}"
    )
    return Report(error=text), text


def _cancel(futures: Iterable[Future[Report]]) -> None:
    for future in futures:
        future.cancel()
