"""Rows of text tables that have more or fewer cells than the heading: put right where only one reading is left.

A field with a separator in it and no quotation marks around it makes a row longer, and every value behind it would be
taken for its neighbour's.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from circle15.inputs.tables.headings import recognise
from circle15.inputs.tables.numbers import is_missing, parse_degrees, parse_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circle15.inputs.tables.headings import Ranks

_NUMBERS = ("lon", "lat", "x", "y", "places", "beds", "area", "capacity", "used", "people")
"""Fields whose cells are numbers in any table."""
_COORDINATES = ("lon", "lat", "x", "y")
_FREE = ("name", "address")
"""Fields of words that nothing is counted or found by."""
_MOST_READINGS = 500
_NEAR = 2.0
"""How many times the spread of the other rows a coordinate may lie beyond them; at least a degree, or a metre."""


@dataclass(frozen=True, slots=True)
class FittedRow:
    """A row as wide as its heading; `joined` are the columns whose cells were several."""

    cells: list[str]
    joined: tuple[int, ...]
    original: str


@dataclass(frozen=True, slots=True)
class _Column:
    is_number: bool  # every cell seen is a number, or the heading says so
    is_word: bool  # no cell seen is a number
    bounds: tuple[float, float] | None  # of coordinates: what a cell may be
    is_void: bool = False  # without a heading, and empty in every row

    def takes(self, text: str) -> bool:
        if not text.strip() or is_missing(text):
            return True
        if self.is_void:
            return False
        value = _number(text)
        if math.isnan(value):
            return not self.is_number
        return not self.is_word and (self.bounds is None or self.bounds[0] <= value <= self.bounds[1])


_VOID = _Column(is_number=False, is_word=False, bounds=None, is_void=True)


class WidthFitter:
    """Fits rows of other widths into a table's columns, by what its rows of the right width hold.

    Parameters
    ----------
    columns
        The headings.
    rows
        Rows of data that are as wide as the heading.
    aliases
        `headings.load_aliases`.
    wanted
        Headings that the caller needs by name.
    delimiter
        What joins cells that were one.
    n_void
        Columns behind the headings' that are there in every row and always empty, as a separator at the end of each
        row makes them.
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        aliases: Mapping[str, Ranks],
        wanted: Sequence[str],
        *,
        delimiter: str,
        n_void: int = 0,
    ) -> None:
        fields = {c: f for f, ranks in recognise(columns, aliases).items() for rank in ranks for c in rank}
        asked = {" ".join(w.split()) for w in wanted}
        self._columns = [_column(fields.get(c), [row[i] for row in rows]) for i, c in enumerate(columns)]
        self._columns += [_VOID] * n_void
        self._free = set(range(len(columns), len(columns) + n_void))
        self._free |= {i for i, c in enumerate(columns) if c not in asked and fields.get(c, "name") in _FREE}
        self._delimiter = delimiter
        lengths = [sorted(len(row[i]) for row in rows) for i in range(len(columns))]
        usual = [n[len(n) // 2] if n else 0 for n in lengths]
        # Commas stand in addresses before they stand in names, and in long texts before short ones.
        self._likely = sorted(range(len(columns)), key=lambda i: (fields.get(columns[i]) != "address", -usual[i], i))

    def fit(self, cells: Sequence[str]) -> FittedRow | None:
        """Give a row of another width as its columns, None where more than one reading would count otherwise."""
        width = len(self._columns)
        original = self._delimiter.join(cells)
        if len(cells) < width:
            padded = [*cells, *[""] * (width - len(cells))]
            lone = sum(bool(c.strip()) for c in cells) <= 1  # a remark or a caption, which has no values to shift
            fits = self._free >= set(range(len(cells), width)) and self._takes(padded)
            return FittedRow(padded, (), original) if lone or fits else None
        readings = list(islice(self._readings(cells), _MOST_READINGS))
        # A comma between digits may be of thousands, or of two numbers: nobody can tell.
        if len(readings) == _MOST_READINGS or any(self._columns[i].is_number for _, at in readings for i in at):
            return None
        if not any(c.strip() for c in cells[width:]) and self._takes(cells[:width]):
            readings.append((tuple(cells[:width]), ()))
        counted = {tuple(c for i, c in enumerate(row) if i not in self._free) for row, _ in readings}
        if len(counted) != 1:
            return None
        row, at = min(readings, key=lambda reading: (len(reading[1]), [self._likely.index(i) for i in reading[1]]))
        return FittedRow(list(row), at, original)

    def _readings(self, cells: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
        """Give each way in which fields can have held the separators that are too many: cells, and columns joined."""
        n, last = len(cells), len(self._columns) - 1
        is_number = [not math.isnan(_number(c)) for c in cells]

        @cache
        def ends(column: int, start: int) -> tuple[int, ...]:
            """Give where a column that starts at a cell can end, so that the rest fits the columns behind it."""
            here = self._columns[column]
            fitting = []
            for end in range(start + 1, n - (last - column) + 1):
                if end - start == 1:
                    fits = here.takes(cells[start])
                else:
                    fits = not here.is_void and (not here.is_number or all(is_number[start:end]))
                if fits and (end == n if column == last else bool(ends(column + 1, end))):
                    fitting.append(end)
            return tuple(fitting)

        def from_column(column: int, start: int) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
            if column > last:
                yield (), ()
                return
            for end in ends(column, start):
                joined = (column,) if end - start > 1 else ()
                for row, at in from_column(column + 1, end):
                    yield (self._delimiter.join(cells[start:end]), *row), (*joined, *at)

        return from_column(0, 0)

    def _takes(self, row: Sequence[str]) -> bool:
        return all(c.takes(t) for c, t in zip(self._columns, row, strict=True))


def count_void(columns: Sequence[str], rows: Sequence[Sequence[str]], aliases: Mapping[str, Ranks]) -> int:
    """Give how many empty columns most rows have behind the heading's, as a separator at their end makes them.

    Where words stand in columns of numbers then, the cells are shifted and what is empty is the last column.
    """
    width = len(columns)
    lengths = Counter(len(row) for row in rows)
    usual = max(lengths, key=lambda n: (lengths[n], -n), default=width)
    whole = [row for row in rows if len(row) == usual]
    if usual <= width or 2 * len(whole) <= len(rows) or any(c.strip() for row in whole for c in row[width:]):
        return 0
    fields = {c: f for f, ranks in recognise(columns, aliases).items() for rank in ranks for c in rank}
    numbers = [i for i, c in enumerate(columns) if fields.get(c) in _NUMBERS]
    shifted = sum(any(not is_missing(row[i]) and math.isnan(_number(row[i])) for i in numbers) for row in whole)
    return usual - width if 2 * shifted < len(whole) else 0


def _column(field: str | None, texts: Sequence[str]) -> _Column:
    values = [_number(t) for t in texts if t.strip() and not is_missing(t)]
    known = [v for v in values if not math.isnan(v)]
    is_number = field in _NUMBERS or (len(known) == len(values) and bool(known))
    bounds = None
    if field in _COORDINATES and known:
        low, high = min(known), max(known)
        room = max(1.0, _NEAR * (high - low))
        bounds = (low - room, high + room)
    return _Column(is_number, not known and bool(values) and not is_number, bounds)


def _number(text: str) -> float:
    value = parse_number(text).value
    return value if not math.isnan(value) else parse_degrees(text).value
