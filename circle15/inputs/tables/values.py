"""Values of table cells as they are meant, each change told."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import InputError, MissingColumnError, Problem
from circle15.inputs.tables.headings import (
    choose_column,
    load_aliases,
    missing_column,
    named_column,
    recognise,
    split_heading,
)
from circle15.inputs.tables.import_report import Change, reason_text
from circle15.inputs.tables.numbers import is_missing, parse_code, parse_number
from circle15.inputs.tables.reading import Table, read_table
from circle15.inputs.tables.row_filter import filter_rows
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.config.where import Condition
    from circle15.inputs.tables.headings import Ranks


Floats = npt.NDArray[np.float64]
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Kinds of ownership that count as a quality flag where a table has no column of quality.
FLAGGED = ("公办", "普惠")

UNREAD = frozenset({"error_value", "formula", "date", "truth", "not_a_number", "range", "negative"})
"""Reasons for which a cell that holds something gives no amount."""

_YES = frozenset({"是", "有", "优", "优质", "示范", "达标", "y", "yes", "true", "t", "1", "√", "✓", "✔"})
_NO = frozenset({"否", "非", "不是", "无", "普通", "未达标", "不达标", "n", "no", "false", "f", "0", "×", "✗"})
_REMARK = re.compile(r"\([^()]*\)$")


@dataclass(slots=True)
class ValueReader:
    """Reads a table's columns and keeps the lines of the import report.

    `unread` are those of cells that hold something and give no amount (`UNREAD`), by row of the frame.
    """

    table: Table
    aliases: Mapping[str, Ranks]
    found: dict[str, list[list[str]]] = field(init=False)  # the columns of each field, by rank
    changes: list[Change] = field(default_factory=list)
    used_columns: set[str] = field(default_factory=set)
    unread: dict[tuple[int, str], Change] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Recognise the headings."""
        self.found = recognise(self.table.columns, self.aliases, cut=self.table.has_cut_headings)

    def needed_column(self, name: str, stated: str | None = None, *, key: str, required_choice: bool = False) -> str:
        """Give the column of a field that the table cannot do without; ``key`` is "" where the config names none.

        Raises
        ------
        MissingColumnError
            If there is none; names the headings found, and the key.
        """
        column = self.column_of(name, stated, required_choice=required_choice, key=key)
        if column is None:
            t = self.table
            raise MissingColumnError(missing_column([name], t.columns, self.aliases, file=t.file, key=key))
        return column

    def column_of(
        self, name: str, stated: str | None = None, *, required_choice: bool = False, key: str | None = None
    ) -> str | None:
        """Give the column of a field: the stated one, or the recognised one; None where there is none.

        ``key`` is the config's key that states it, where that is not the field's name with _field behind.
        """
        key = key or f"{name}_field"
        if stated is not None:
            column: str | None = named_column(stated, self.table.columns, file=self.table.file, key=key)
        else:
            column = choose_column(name, self.found, file=self.table.file, key=key if required_choice else None)
        if column is not None:
            self.used_columns.add(column)
        return column

    def text(self, column: str | None) -> list[str]:
        """Read a column of names or words; "" where there is no column or value."""
        if column is None:
            return [""] * len(self.table.frame)
        result = []
        for i, original in enumerate(self.table.frame[column].tolist()):
            value, reason = clean_text(original)
            if reason is not None:
                self._note(i, column, value, reason)
            result.append(value)
        return result

    def numbers(self, column: str | None) -> Floats:
        """Read a column of amounts, NaN where there is no column or no amount."""
        values = np.full(len(self.table.frame), np.nan)
        if column is None:
            return values
        unit = split_heading(column).unit
        for i, original in enumerate(self.table.frame[column].tolist()):
            parsed = parse_number(original, heading_unit=unit)
            value, reason = (math.nan, "negative") if parsed.value < 0 else (parsed.value, parsed.reason)
            if reason is not None:
                self._note(i, column, "" if math.isnan(value) else f"{value:.15g}", reason, parsed.detail)
            if reason in UNREAD:
                self.unread[i, column] = self.changes[-1]
            values[i] = value
        return values

    def codes(self, column: str) -> list[str]:
        """Read a column of units' codes or names; a code that was stored as a number is written out.

        Raises
        ------
        InputError
            Naming every row whose code has lost digits ("3.30205E+11").
        """
        texts, t = self.text(column), self.table
        problems = []
        for i, text in enumerate(texts):
            parsed = parse_code(text)
            if parsed.is_lost:
                message = Said(
                    "编码被存为数字，已丢失末位；请在 Excel 中把该列设为文本，并从来源重新取编码",
                    "a code that was stored as a number has lost digits; format its column as text in Excel, and take"
                    " the codes from their source again",
                )
                problems.append(Problem(message, file=t.file, row=int(t.row[i]), column=column, value=text))
            elif parsed.was_number:
                texts[i] = parsed.code
                self._note(i, column, parsed.code, "code_as_number")
        InputError.gather(problems)
        return texts

    def unread_cells(self) -> list[Problem]:
        """Word each cell that holds something and gives no amount as a problem."""
        return [
            Problem(unread_text(c.reason) + Said("；请写数字", "; give a number"), file=self.table.file, row=c.row,
                    column=c.column, value=c.original)
            for c in self.unread.values()
        ]  # fmt: skip

    def flags(self, column: str | None) -> Floats:
        """Read a column that says yes or no (or a share between): 1.0, 0.0, NaN where it does not say.

        Numbers of a column that goes beyond 1 are levels (星级 1 to 5), not flags. Where a column marks only those that
        are, an empty cell says no.
        """
        if column is None:
            return np.full(len(self.table.frame), np.nan)
        texts = self.table.frame[column].tolist()
        values = np.array([parse_flag(t) for t in texts], dtype=np.float64)
        numbers = np.array([parse_number(t).value for t in texts], dtype=np.float64)
        if (numbers > 1).any():
            values[np.isfinite(numbers)] = np.nan
        is_empty = np.array([is_missing(t) for t in texts], dtype=np.bool_) & np.isnan(values)
        marks_only_yes = bool((values == 1)[~is_empty].all()) and not is_empty.all()
        for i in np.flatnonzero(np.isnan(values)).tolist():
            if not is_empty[i]:
                self._note(i, column, "", "quality_unclear")
            elif marks_only_yes:
                values[i] = 0.0
                self._note(i, column, "0", "empty_is_no")
        return values

    def kinds(self) -> list[str]:
        """Read the columns of ownership: the kinds that each row states, joined by 、 ("民办、非普惠")."""
        columns = next((rank for rank in self.found.get("ownership", []) if rank), [])
        self.used_columns.update(columns)
        stated = [self._kinds_of(c) for c in columns]
        return ["、".join(kind for kind in row if kind) for row in zip(*stated, strict=True)] or self.text(None)

    def _kinds_of(self, column: str) -> list[str]:
        """Read one column of ownership; where its heading asks (是否普惠), yes and no become 普惠 and 非普惠."""
        texts, asked = self.text(column), split_heading(column).plain
        kind = asked.removeprefix("是否")
        if kind == asked and kind not in FLAGGED:
            return texts
        originals = self.table.frame[column].tolist()
        answers = {i: f for i, t in enumerate(originals) if (f := parse_flag(t)) in {0.0, 1.0}}
        marks_only_yes = all(answers.get(i) == 1 for i, t in enumerate(texts) if t) and any(texts)
        for i, text in enumerate(texts):
            if i in answers:
                texts[i] = kind if answers[i] else f"非{kind}"
                self._note(i, column, texts[i], "answer_to_heading")
            elif not text and marks_only_yes:
                texts[i] = f"非{kind}"
                self._note(i, column, texts[i], "empty_is_no")
        return texts

    def _note(self, i: int, column: str, taken: str, reason: str, detail: str = "") -> None:
        t = self.table
        original = str(t.frame[column].iloc[i])
        self.changes.append(Change(t.path.name, reason, t.sheet, int(t.row[i]), column, original, taken, detail))


def open_table(
    path: Path,
    *,
    headings: Mapping[str, Sequence[str]] | None,
    key: str,
    kind: str = "",
    stated: Sequence[str | None] = (),
    where: Mapping[str, Condition] | None = None,
    may_be_empty: bool = False,
    encoding: str | None = None,
) -> ValueReader:
    """Open a table: find its heading, leave out the rows that are not asked for, recognise its columns.

    Parameters
    ----------
    path
        The file, with ``#SHEET`` where it has several.
    headings
        The config's own headings of fields.
    key
        Its table of the config, such as "survey" or "layer.nursery", for messages.
    kind
        Whose fields beside those of every table it may have (`headings.load_aliases`).
    stated
        Columns that the config names.
    where
        Which rows the config asks for; no row at all is right only where it ``may_be_empty``.
    encoding
        Codec of a text file, where the config says it.

    Raises
    ------
    InputError
        As `read_table` and `filter_rows`.
    """
    aliases = load_aliases(headings, kind=kind)
    wanted = [*(name for name in stated if name), *(where or ())]
    table = read_table(path, wanted=wanted, aliases=aliases, encoding=encoding)
    return ValueReader(filter_rows(table, where, key=f"{key}.where", may_be_empty=may_be_empty), aliases)


def unread_text(reason: str) -> Said:
    """Say why a cell gives no amount, where that is an error: "a date, not a number"."""
    said = reason_text(reason)
    zh, en = (text.replace(taken, "") for text, taken in ((said.zh, "，按空值处理"), (said.en, "; taken as empty")))
    return Said(zh, en)


def clean_text(text: str) -> tuple[str, str | None]:
    """Give a name or word without stray spaces and invisible characters, and the reason if that changed it.

    Dashes and words for "no value" become "". Letters, punctuation and brackets stay as they are written.
    """
    if not text:
        return "", None
    if is_missing(text):
        return "", "no_value" if text.strip() else None
    clean = " ".join(_INVISIBLE.sub("", text).split())
    return clean, "spaces" if clean != text else None


def parse_flag(text: str) -> float:
    """Read a yes or no: 1.0, 0.0, a share between, or NaN."""
    plain = _REMARK.sub("", re.sub(r"\s", "", unicodedata.normalize("NFKC", text))).casefold()
    if plain in _YES:
        return 1.0
    if plain in _NO:
        return 0.0
    if re.search("优质|示范", plain):
        return 1.0 if says_kind(plain, "优质", "示范") else 0.0
    parsed = parse_number(text).value
    return parsed if 0.0 <= parsed <= 1.0 else math.nan


def says_kind(text: str, *kinds: str) -> bool:
    """Tell whether a text names one of ``kinds`` and does not deny it: 民办普惠, but not 民办非普惠.

    Examples
    --------
    >>> says_kind("普惠性民办", "公办", "普惠"), says_kind("非公办", "公办", "普惠")
    (True, False)
    """
    return re.search(f"(?<![非不未无])(?:{'|'.join(map(re.escape, kinds))})", text) is not None
