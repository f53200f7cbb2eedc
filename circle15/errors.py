"""Exceptions of circle15: each says where, what, and what would be right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.said import Said, in_, origins_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


MOST_TOLD = 20
"""Problems of one kind in one file that are told one by one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a config or an input, in terms its author can act on.

    Parameters
    ----------
    message
        What is wrong, and what would be right, in one sentence.
    file
        File that it stands in.
    key
        Key of a config file, dotted from the top.
    row
        Row number as a spreadsheet shows it (heading = row 1).
    column
        Column heading.
    value
        The offending value as found.
    """

    message: Said
    file: str | None = None
    key: str | None = None
    row: int | None = None
    column: str | None = None
    value: object = None

    def __str__(self) -> str:
        return self.in_("en")

    def in_(self, lang: str) -> str:
        """Give where it is and what is wrong in one line, in "zh" or "en"."""
        row, column, value = _WHERE[lang]
        where = [str(part) for part in (self.file, self.key) if part is not None]
        if self.row is not None:
            where.append(row.format(self.row))
        if self.column is not None:
            where.append(column.format(self.column))
        if self.value is not None:
            where.append(value.format(_shown(self.value)))
        text = in_(self.message, lang)
        between, end = ("，", "：") if lang == "zh" else (", ", ": ")
        return f"{between.join(where)}{end}{text}" if where else text


_WHERE = {"zh": ("第 {} 行", "“{}”列", "值 {}"), "en": ("row {}", "column {!r}", "value {}")}


def _shown(value: object, longest: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def most_told(problems: Sequence[Problem]) -> list[Problem]:
    """Give the first `MOST_TOLD` problems of each file, and after them how many more it has."""
    counts: Counter[str | None] = Counter()
    told = []
    for problem in problems:
        counts[problem.file] += 1
        if counts[problem.file] <= MOST_TOLD:
            told.append(problem)
    more = ((file, n - MOST_TOLD) for file, n in counts.items() if n > MOST_TOLD)
    return [*told, *(Problem(Said(f"另有 {n} 处", f"and {n} more"), file=file) for file, n in more)]


class Circle15Error(Exception):
    """Base of every error that circle15 raises on purpose.

    Carries one or more problems; its text has one line per problem, in English, and `in_` gives either language. A
    plain text is of the programming interface, which speaks English.
    """

    def __init__(self, *problems: Problem | Said | str) -> None:
        told = (Said(p, p) if isinstance(p, str) else p for p in problems)
        self.problems: tuple[Problem, ...] = tuple(p if isinstance(p, Problem) else Problem(p) for p in told)
        super().__init__("\n".join(str(p) for p in most_told(self.problems)))

    def in_(self, lang: str) -> list[str]:
        """Give one line per problem, in "zh" or "en"."""
        return [line for p in most_told(self.problems) for line in p.in_(lang).splitlines()]

    @classmethod
    def gather(cls, problems: Iterable[Problem | Said | str]) -> None:
        """Raise one error with all ``problems``; do nothing where there are none."""
        found = tuple(problems)
        if found:
            raise cls(*found)


def first_problems(problems: Sequence[Problem], file: str) -> list[Problem]:
    """Give the first problems of one kind in one file, and how many more rows have one."""
    more = len(problems) - MOST_TOLD
    rest = [Problem(Said(f"另有 {more} 行", f"and {more} more rows"), file=file)] if more > 0 else []
    return [*problems[:MOST_TOLD], *rest]


def both(fault: Problem | Circle15Error) -> Said:
    """Give what a problem or an error tells in both languages, for texts of others that quote it."""
    zh, en = ("\n".join(told) if isinstance(told, list) else told for told in (fault.in_("zh"), fault.in_("en")))
    problems = fault.problems if isinstance(fault, Circle15Error) else (fault,)
    return Said(zh, en, origins_of(problem.message for problem in problems))


class ConfigError(Circle15Error, ValueError):
    """The config file is malformed or contradicts itself."""


class InputError(Circle15Error, ValueError):
    """An input file cannot be used as the config says."""


class MissingFileError(InputError, FileNotFoundError):
    """A named file is not there."""

    __str__ = Circle15Error.__str__  # FileNotFoundError would print an errno


class MissingColumnError(InputError, LookupError):
    """A table lacks a column that is needed."""


class NetworkError(Circle15Error, ValueError):
    """A walking network is empty, malformed, or used with a stranger's linkage or profile."""


class OutputError(Circle15Error, OSError):
    """Results cannot be written where asked."""

    __str__ = Circle15Error.__str__
