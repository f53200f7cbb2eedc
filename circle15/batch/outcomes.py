"""What a batch tells: what became of each district, and what happens meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circle15.batch.work import Report, StageLine

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.said import Said


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one district."""

    config: str
    folder: Path | None  # where its results stand; None where it failed
    error: Said | None  # one or more plain lines; None where it is done
    name: str = ""  # of its folder
    is_kept: bool = False  # an earlier run's results stand (resume)
    report: Report = field(default_factory=Report)

    @property
    def status(self) -> str:
        """In one word: "done", "kept" or "failed"."""
        return "failed" if self.error is not None else "kept" if self.is_kept else "done"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a batch, as progress bars and logs are told."""

    kind: str  # "begin" | "share" | "warning" | "stage" | "stage_end" | "finished" | "summary" | "end"
    name: str = ""  # district, or extract
    stage: str = ""
    n: int = 0  # of "begin": districts to run
    outcome: Outcome | None = None  # of "finished"
    text: Said | str = ""  # of "warning"
    line: StageLine | None = None  # of "stage" and "stage_end": when, and how long and with how much memory
