"""What a worker process does: read a shared extract once, run one district, say how far it is."""

from __future__ import annotations

import json
import logging
import os
import socket
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from circle15.errors import Circle15Error, Problem, both
from circle15.files.system_words import system_words
from circle15.inputs.osm.file import is_osm_file
from circle15.memory import out_of_memory_text, peak_mb
from circle15.network.build import read_network
from circle15.network.cuts import StreetPart, cut_parts, keep_part
from circle15.network.extracts import keep_selections
from circle15.network.road_names import road_names
from circle15.pipeline import run_district
from circle15.pipeline.study.read_study import study_area
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.config.model import Config
    from circle15.inputs.osm.selection import Wanted


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker tells of one district or one shared extract."""

    error: Said | None = None  # one or more plain lines
    trace: str | None = None  # traceback of an error that nobody expected
    seconds: dict[str, float] = field(default_factory=dict)  # per stage
    counts: dict[str, float] = field(default_factory=dict)  # cells, people, facilities
    wall_s: float = 0.0
    cpu_s: float = 0.0  # of the process, all threads
    peak_bytes: int | None = None  # of the process so far
    worker: str = ""  # host and process
    parts: tuple[StreetPart, ...] = ()  # of a shared extract's streets, to be read


def share_selections(source: Path, every: Sequence[Wanted]) -> Report:
    """Put the objects that several districts of one extract look for into this host's cache, a selection of each kind.

    An extract that cannot be read is no error here, nor below: every district that needs it says so.
    """
    begun = _now()
    try:
        if is_osm_file(source):
            keep_selections(source, every)
    except Circle15Error as e:
        return _report(begun, error=both(e))
    return _report(begun)


def share_names(source: Path) -> Report:
    """Put the names of one extract's roads into this host's cache."""
    begun = _now()
    try:
        if is_osm_file(source) and source.is_file():
            road_names(source, np.empty(0, np.int64))
    except Circle15Error as e:
        return _report(begun, error=both(e))
    return _report(begun)


def share_streets(source: Path, configs: Sequence[Config], scratch: Path) -> Report:
    """Put the streets of one extract into this host's cache; of a large one cut each district's part out.

    Parts stand in a folder that is made in ``scratch``, for `share_part`.
    """
    begun = _now()
    try:
        areas: dict[float, list[Any]] = {}  # by the length below which a component is an island
        for config in configs:
            with suppress(Exception):  # whatever is wrong with a district, its own run says so
                areas.setdefault(config.network.island_m, []).append(study_area(config))
        parts: list[StreetPart] | None = None
        if is_osm_file(source) and source.is_file():
            parts = []
            for island_m, near in areas.items():
                cut = cut_parts(source, near, island_m, Path(tempfile.mkdtemp(prefix="streets-", dir=scratch)))
                parts = None if cut is None or parts is None else [*parts, *cut]
        # A source that cannot be cut with one limit is read whole, and serves them all.
        if parts is None:
            read_network(source)
    except Circle15Error as e:
        return _report(begun, error=both(e))
    return _report(begun, parts=tuple(parts or ()))


def share_part(part: StreetPart) -> Report:
    """Read one district's part of a shared extract's streets and put it into this host's cache."""
    begun = _now()
    keep_part(part)
    return _report(begun)


def run_one(config: Config, folder: Path, progress: Path | None, threads: int | None) -> Report:
    """Run one district into ``folder``; whatever goes wrong is told in the report.

    Parameters
    ----------
    config
        The district.
    folder
        Its output folder.
    progress
        File that takes a line for each stage as it begins and as it ends.
    threads
        Threads to search with.
    """
    begun = _now()
    try:
        run = run_district(
            config,
            out=folder,
            threads=threads,
            on_stage=lambda name: _tell(progress, StageLine(name, time.time())),
            on_stage_end=lambda name, seconds: _tell(progress, StageLine(name, time.time(), seconds, peak_mb())),
        )
        counts = {
            "cells": float(len(run.result.cells)),
            "people": float(run.result.cells["population"].sum()),
            "facilities": float(len(run.result.tables.facilities)),
        }
        return _report(begun, seconds=run.seconds, counts=counts)
    except Circle15Error as e:
        return _report(begun, error=both(e))
    except MemoryError as e:
        return _report(begun, error=Said(f"{config.district.id}：", f"{config.district.id}: ") + out_of_memory_text(e))
    except OSError as e:
        return _report(
            begun, error=both(Problem(system_words(e), file=None if e.filename is None else str(e.filename)))
        )
    except Exception as e:  # noqa: BLE001 (a defect of ours in one district must not cost the others; its trace is kept)
        told = f"{type(e).__name__}: {e}"
        text = Said(f"{config.district.id}：意外的 {told}", f"{config.district.id}: unexpected {told}")
        return _report(begun, error=text, trace=traceback.format_exc())


class StageLine(NamedTuple):
    """One line of a district's progress: a stage that begins, or with its seconds one that ends."""

    stage: str
    at: float  # seconds since the epoch, by the worker's clock
    seconds: float | None = None
    peak_mb: float | None = None  # the most memory that the worker had so far


def read_stages(progress: Path) -> list[StageLine]:
    """Give the stages that have begun and ended; a line that is being written is left out."""
    try:
        lines = progress.read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return []
    return [StageLine(*json.loads(line)) for line in lines if line.endswith("\n")]


def _tell(progress: Path | None, line: StageLine) -> None:
    if progress is None:
        return
    try:
        with progress.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as e:  # a full disk: the district itself says so where it matters
        logger.debug("%s: %s", progress, e)


def _report(
    begun: tuple[float, float],
    *,
    error: Said | None = None,
    trace: str | None = None,
    seconds: dict[str, float] | None = None,
    counts: dict[str, float] | None = None,
    parts: tuple[StreetPart, ...] = (),
) -> Report:
    return Report(
        error=error,
        trace=trace,
        seconds=dict(seconds or {}),
        counts=dict(counts or {}),
        wall_s=_now()[0] - begun[0],
        cpu_s=_now()[1] - begun[1],
        peak_bytes=_peak_bytes(),
        worker=f"{socket.gethostname()}/{os.getpid()}",
        parts=parts,
    )


def _now() -> tuple[float, float]:
    """Give the time by the clock and by the processors, seconds."""
    return time.perf_counter(), time.process_time()


def _peak_bytes() -> int | None:
    """Give the most memory that this process has held, None where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
