"""The catalogue: every file that circle15 writes, declared once; writers, traces, sheets and docs follow it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

_LISTS = ("files", "computed_from", "read_by")


@dataclass(frozen=True, slots=True)
class Output:
    """One kind of file, and of a table its sheet in tables.xlsx."""

    key: str  # of a table: its field in `ResultTables` and in the data dictionary
    files: tuple[str, ...]  # relative to the folder; * stands for a unit's id, a layer's or a coordinate system
    asked_by: str  # its name in [outputs] write, another key of [outputs], the command that writes it; "": always there
    sheet_zh: str  # title of its sheet; "" where it has none
    sheet_en: str
    computed_from: tuple[str, ...]  # kinds of inputs, as `circle15.pipeline.record.tracing.inputs_by_kind` names them
    read_by: tuple[str, ...]  # the pages, summaries and commands that draw on it
    meaning_zh: str
    meaning_en: str

    def sheet(self, lang: str) -> str:
        """Give the title of its sheet, "" where it has none."""
        return self.sheet_zh if lang == "zh" else self.sheet_en


@cache
def catalogue() -> dict[str, Output]:
    """Give every output by its key, sheets in the order in which a reader wants them."""
    text = files("circle15.outputs").joinpath("catalogue.csv").read_text(encoding="utf-8")
    outputs = [_output(row) for row in csv.DictReader(text.splitlines())]
    return {output.key: output for output in outputs}


def _output(row: dict[str, Any]) -> Output:
    return Output(**row | {name: tuple(row[name].split()) for name in _LISTS})


def output_of(name: str) -> Output:
    """Find the output that a file is, by its name relative to the folder; LookupError where none is declared."""
    for output in catalogue().values():
        if any(fnmatchcase(name, pattern) for pattern in output.files):
            return output
    raise LookupError(f"{name} is in no row of the catalogue")
