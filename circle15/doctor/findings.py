"""What a check found, as text and as JSON."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.errors import Circle15Error, Problem, most_told
from circle15.message_ids import messages_of, problem_messages
from circle15.pipeline.study.outline_check import outline_records
from circle15.said import Said, in_

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from circle15.config.model import Config
    from circle15.network.detection.crs_detector import CrsDetection
    from circle15.network.detection.outline_detector import OutlineDetection


@dataclass(slots=True)
class Findings:
    """What `check` found."""

    config: Config | None = None  # None where it cannot be read
    problems: list[Problem] = field(default_factory=list)  # a run would stop at each of these
    warnings: list[Said] = field(default_factory=list)  # a run would print these
    facts: list[tuple[Said, Said]] = field(default_factory=list)  # what was read, and what was found of it
    systems: dict[str, CrsDetection] = field(default_factory=dict)  # by layer, or layers: "nursery, canteen"
    outlines: tuple[OutlineDetection, ...] = ()  # of the systems of outlines
    streets: dict[str, Any] = field(default_factory=dict)  # `street_check.street_facts`
    units: pd.DataFrame | None = None  # `street_check.unit_access`
    asked_in: str | None = None  # language of whoever asks, which a config that cannot be read does not tell

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note the problems of the block and go on."""
        try:
            yield
        except Circle15Error as e:
            # By text, so that ten thousand rows are not each compared with all.
            known = dict.fromkeys(map(repr, self.problems))
            for problem in e.problems:
                if (told := repr(problem)) not in known:
                    known[told] = None
                    self.problems.append(problem)

    @property
    def lang(self) -> str:
        """The language of the page, "zh" or "en"."""
        return (self.asked_in or "en") if self.config is None else self.config.district.lang

    def problem_lines(self) -> list[str]:
        """Give the problems, a line each, in the language of whoever asks; of hundreds in one file the first."""
        return [p.in_(self.asked_in or self.lang) for p in most_told(self.problems)]

    def words(self, zh: str, en: str) -> str:
        """Choose by the language of the page."""
        return zh if self.lang == "zh" else en

    def note(self, title: Said, text: Said) -> None:
        """Add a fact under a title."""
        self.facts.append((title, text))

    def messages(self) -> list[dict[str, Any]]:
        """Give every problem and warning by its stable id, with its values and where it is."""
        asked = self.asked_in or self.lang
        problems = ({"kind": "problem", **m} for p in self.problems for m in problem_messages(p, text=p.in_(asked)))
        warnings = ({"kind": "warning", **m} for w in self.warnings for m in messages_of(w, text=w.in_(self.lang)))
        return [*problems, *warnings]

    def as_json(self) -> dict[str, Any]:
        """Give everything as JSON can hold it."""
        return {
            "problems": self.problem_lines(),
            "warnings": [w.in_(self.lang) for w in self.warnings],
            "messages": self.messages(),
            "facts": [Said(": ", ": ").join(fact).in_(self.lang) for fact in self.facts],
            "outline_systems": in_(outline_records(self.outlines), self.lang),
            "streets": self.streets,
            "units": [] if self.units is None else _records(self.units),
            "coordinate_systems": [
                {
                    "layers": layers.split(", "),
                    "stated": found.stated,
                    "n_points": found.n_points,
                    "n_compared": found.n_compared,
                    "best": found.best,
                    "is_sure": found.is_sure,
                    "contradicts": found.contradicts,
                    "signs": [s.words.in_(self.lang) for s in found.signs],
                    "hypotheses": _records(found.table),
                }
                for layers, found in self.systems.items()
            ],
        }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table's rows for JSON: numbers to six digits, None where nothing is known."""
    rows = []
    for row in table.to_dict("records"):
        plain = {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        rows.append({k: _plain(v) for k, v in plain.items()})
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value
