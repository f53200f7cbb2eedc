"""Rows of a table chosen by a config's `where`."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from circle15.errors import InputError, Problem
from circle15.inputs.tables.headings import named_column
from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.numbers import parse_number
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from circle15.config.where import Condition
    from circle15.inputs.tables.reading import Table

_SHOWN = 20


def filter_rows(table: Table, where: Mapping[str, Condition] | None, *, key: str, may_be_empty: bool = False) -> Table:
    """Leave out the rows of a table that a config's `where` does not choose.

    Texts are compared without spaces, width of characters and case; numbers as numbers, so that 2023 is also "2023.0"
    and "2023年". How many rows are left out, and values that no row has, are lines of the import report.

    Parameters
    ----------
    table
        As read.
    where
        Heading to condition; None chooses every row.
    key
        The config's key, for errors.
    may_be_empty
        Whether no row at all is right, too.

    Raises
    ------
    InputError
        If a column is not there (the message lists those that are), or no row is left (it lists the column's values).
    """
    if not where:
        return table
    chosen = np.ones(len(table.frame), dtype=np.bool_)
    lines: list[Change] = []
    problems: list[Problem] = []
    for heading, condition in where.items():
        try:
            column = named_column(heading, table.columns, file=table.file, key=f'{key}."{heading}"')
        except InputError as e:
            problems.extend(e.problems)
            continue
        texts = table.frame[column].tolist()
        fits, idle = _fits(texts, condition)
        chosen &= fits
        there = _listed(texts)
        lines += [
            Change(table.path.name, "where_unmatched", table.sheet, column=column, original=value, detail=there)
            for value in idle
        ]
        if not fits.any() and not may_be_empty:
            message = Said(f"没有一行符合 {key}；该列有 {there}", f"no row is chosen by {key}; the column has {there}")
            problems.append(Problem(message, file=table.file, column=column, value=" | ".join(_values(condition))))
    if not problems and not chosen.any() and not may_be_empty:
        problems.append(
            Problem(
                Said(f"没有一行同时符合 {key} 的各列", f"no row fits all columns of {key} at once"), file=table.file
            )
        )
    InputError.gather(problems)
    n = int((~chosen).sum())
    if n:
        lines.append(Change(table.path.name, "where_rows", table.sheet, original=where_text(where), detail=str(n)))
    kept = np.flatnonzero(chosen)
    rows = set(table.row[kept].tolist())
    return replace(
        table,
        frame=table.frame.iloc[kept].reset_index(drop=True),
        row=table.row[kept],
        geometry=None if table.geometry is None else table.geometry.iloc[kept].reset_index(drop=True),
        # What was done to a row that is not asked for concerns nobody.
        changes=(*(c for c in table.changes if c.reason not in _OF_ROWS or c.row in rows), *lines),
    )


_OF_ROWS = frozenset({"hidden_row", "row_joined", "row_short", "merged_cell", "merged_amount"})


def n_left_out(table: Table) -> int:
    """Give how many rows `filter_rows` has left out."""
    return sum(int(c.detail) for c in table.changes if c.reason == "where_rows")


def where_text(where: Mapping[str, Condition]) -> str:
    """Write a `where` in one line, for reports."""
    words = (("is_", ""), ("not_", "not "), ("contains", "contains "), ("not_contains", "not_contains "))
    parts = [
        f"{heading} {word}{' | '.join(values)}"
        for heading, condition in where.items()
        for name, word in words
        if (values := getattr(condition, name))
    ]
    return "; ".join(parts)


def same_text(text: str) -> str:
    """Give what texts are compared by: without spaces, width of characters and case, whole numbers as digits."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).replace("\ufeff", "").casefold()
    value = parse_number(plain.removesuffix("年")).value
    return plain if math.isnan(value) else f"{value:.15g}"


def _fits(texts: Sequence[str], condition: Condition) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Tell which cells fit, and give the values that no cell has."""
    cells = np.array([same_text(t) for t in texts], dtype=object)
    plain = np.array([re.sub(r"\s+", "", unicodedata.normalize("NFKC", t)).casefold() for t in texts], dtype=object)
    fits = np.ones(len(cells), dtype=np.bool_)
    idle = []
    for name in ("is_", "not_", "contains", "not_contains"):
        values: tuple[str, ...] | None = getattr(condition, name)
        if values is None:
            continue
        found = np.zeros(len(cells), dtype=np.bool_)
        for value in values:
            if name in {"is_", "not_"}:
                has = cells == same_text(value)
            else:
                part = re.sub(r"\s+", "", unicodedata.normalize("NFKC", value)).casefold()
                has = np.array([part in cell for cell in plain], dtype=np.bool_)
            if not has.any():
                idle.append(value)
            found |= has
        fits &= ~found if name in {"not_", "not_contains"} else found
    return fits, idle


def _values(condition: Condition) -> tuple[str, ...]:
    stated = (condition.is_, condition.not_, condition.contains, condition.not_contains)
    return tuple(value for values in stated if values is not None for value in values)


def _listed(texts: Sequence[str]) -> str:
    """List a column's values, the most frequent first."""
    counted = Counter(" ".join(t.split()) for t in texts)
    shown = [f"{text or '(empty)'} ({n})" for text, n in counted.most_common(_SHOWN)]
    more = len(counted) - len(shown)
    return ", ".join(shown) + (f" ... ({more} more)" if more > 0 else "")
