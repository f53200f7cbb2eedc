"""One hostile input as it lies on the disk: which command is to read it, and what would be right."""

from __future__ import annotations

import importlib
import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile.village import write_village

KINDS = (
    "paths", "streets", "rasters", "shapes", "tables", "graphs", "configs", "plans", "scenarios", "draws", "results", "batches", "real",
    "lines", "registers", "people", "books", "commands", "surroundings",
)  # fmt: skip
"""A module `odd_KIND` each, whose ``make(rng, village)`` lays one input and gives a `Case`, or its label and file."""


@dataclass(frozen=True)
class Case:
    """A command on a hostile input."""

    label: str
    argv: tuple[str, ...]
    names: frozenset[str]
    """Of which an error says at least one: the file at fault."""
    out: Path | None = None
    whole: tuple[str, ...] = ()
    """Files that stand in ``out`` exactly where the command ends well."""
    codes: tuple[int, ...] = (2,)
    """Exit codes of an error that is told clearly."""
    is_refused: bool = False
    """Whether ending well would be wrong: what was tampered with is no sound result."""
    keeps_parts: bool = False
    """Whether ``out`` may stand without the files of ``whole``: a batch's districts that ended well."""
    keys: frozenset[str] = field(default=frozenset({"district.", "layer.", "population.", "network."}))
    """Keys of the config, which an error may name instead of the file."""
    env: tuple[tuple[str, str], ...] = ()
    """Variables of the environment that are set for the command."""
    code: str = "utf-8"
    """Encoding of the console that it writes to."""
    kept: tuple[tuple[Path, bytes], ...] = ()
    """Files of the user's own, which must stand afterwards as they stood."""

    @property
    def command(self):
        return self.argv[0]


RESULT = ("run.json", "coverage.csv")


def case_of(command, village, label, name):
    """Give the plain case: a village of which one file is spoiled."""
    names = frozenset(
        {
            name,
            name.rpartition("/")[2],
            Path(name).stem,
            village.config.name,
            str(village.folder),
            str(village.folder.parent),
        }
    )
    out = village.path("out")
    if command == "run":
        return Case(label, ("run", str(village.config), "--out", str(out)), names, out, RESULT)
    if command == "init":
        if village.config.is_file():
            village.config.rename(village.config.with_suffix(".was"))
        return Case(label, ("init", str(village.folder)), names)
    return Case(label, (command, str(village.config)), names)


def make_case(kind, seed, folder):
    """Write the input of a kind and a seed into an empty folder: the same ones make the same files."""
    village = write_village(folder)
    rng = random.Random(f"{kind} {seed}")
    made = importlib.import_module(f"tests.hostile.odd_{kind}").make(rng, village)
    if isinstance(made, Case):
        return made
    return case_of(rng.choice(["check", "check", "run", "init"]), village, *made)
