"""What `circle15 programme` answers: the tables, what was proven, and each year's choice as a scenario to run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.config.outputs import OUTPUT_NAMES
from circle15.files.door import settled_path
from circle15.outputs.result import one_side
from circle15.pipeline.projects.programme.programme_tables import programme_tables, proof_record
from circle15.pipeline.tables.district_result import labels_of_study
from circle15.said import Said, in_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from circle15.outputs.book_labels import BookLabels
    from circle15.pipeline.projects.programme.programmed import Solved

UNMET = ("goal", "goal_year", "layer", "unit_id", "target", "reached", "lacking", "lacking_unit", "would_meet")


@dataclass(frozen=True, slots=True)
class ProgrammeAnswer:
    """A district's programme: what is built when, and what was proven."""

    table: pd.DataFrame  # programme.csv
    tables: Mapping[str, pd.DataFrame]  # every table by its file's stem, programme.csv too
    objective: float  # of what is maximised, in person-years, place-years or share-years
    bound: float  # proven: no choice has more
    gap: float  # between the two, as a share of the bound; 0 where proven optimal
    status: str  # "optimal" | "time limit" | "goals not met"
    greedy: pd.DataFrame  # as `table`, in the greedy order
    greedy_objective: float
    unmet: pd.DataFrame  # goal, goal_year, layer, unit_id, target, reached, lacking, lacking_unit, would_meet
    proof: tuple[str, ...]  # the same in sentences
    record: dict[str, Any]  # the same as run.json has it
    warnings: tuple[str, ...]  # what was left out, and why
    labels: BookLabels  # of the workbook
    title: str
    seconds: float
    greedy_seconds: float

    def scenario(self, year: int, base: str) -> str:
        """Give the TOML of the scenario in which everything up to ``year`` is built; ``base`` names the config."""
        built = self.table[self.table["year"] <= year]
        write = [name for name in OUTPUT_NAMES if name != "programme"]
        what = "circle15 programme: {y} 年年末" if self.labels.lang == "zh" else "circle15 programme: end of {y}"
        lines = [
            f"# {what.format(y=year)}", f"base = {_text(base)}", "", "[outputs]",
            f"write = [{', '.join(map(_text, write))}]",
        ]  # fmt: skip
        row: Any
        for row in built.itertuples(index=False):
            lines += ["", "[[change]]", 'kind = "add_facility"', f"layer = {_text(row.layer)}"]
            lines += [f"name = {_text(row.name)}"] if row.name else []
            lines += [f"lon = {row.lon:.7f}", f"lat = {row.lat:.7f}"]
            lines += [f"capacity = {float(row.capacity)!r}"] if np.isfinite(row.capacity) else []
            lines += [f"cost = {float(row.cost)!r}"] if np.isfinite(row.cost) else []
        return "\n".join(lines) + "\n"


def answer_of(solved: Solved, *, threads: int | None = None) -> ProgrammeAnswer:
    """Give the answer in the run's language."""
    config = solved.study.config
    lang = config.district.lang
    tables = {name: one_side(t, lang) for name, t in programme_tables(solved, threads=threads).items()}
    goals, found = tables["programme_goals"], solved.found
    title = Said("{d}年度计划", "Programme of {d}").format(d=config.district.name)
    return ProgrammeAnswer(
        table=tables["programme"],
        tables=tables,
        objective=found.objective,
        bound=found.bound,
        gap=found.gap,
        status=found.status,
        greedy=tables["programme_greedy"],
        greedy_objective=found.greedy_objective,
        unmet=goals.loc[~goals["is_met"].astype(bool), list(UNMET)].reset_index(drop=True),
        proof=tuple(tables["programme_proof"]["statement"]),
        record=in_(proof_record(solved), lang),  # type: ignore[arg-type]
        warnings=tuple(w.in_(lang) for w in solved.told),
        labels=labels_of_study(solved.study, [own.service for own in solved.own]),
        title=title.in_(lang),
        seconds=found.seconds,
        greedy_seconds=found.greedy_seconds,
    )


def notes_of(answer: ProgrammeAnswer) -> Sequence[tuple[str, str]]:
    """Give subject and sentence of what was proven, for the workbook's first sheet."""
    proof = answer.tables["programme_proof"]
    return list(zip(proof["subject"].astype(str), proof["statement"].astype(str), strict=True))


def base_from(folder: Path, config: Path) -> str:
    """Give the config as a scenario in ``folder`` names it."""
    import os  # noqa: PLC0415 (relpath alone; pathlib gives none that goes up)

    return os.path.relpath(settled_path(config), settled_path(folder)).replace(os.sep, "/")


def _text(value: str) -> str:
    """Write a TOML string; JSON's escapes are among TOML's."""
    return json.dumps(str(value), ensure_ascii=False)
