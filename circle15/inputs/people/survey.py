"""Surveys of satisfaction: number and mean of answers per unit, or single answers, matched to the units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circle15.errors import InputError, Problem
from circle15.inputs.ground.names import UnitNames
from circle15.inputs.tables.numbers import is_missing
from circle15.inputs.tables.repeated_rows import repeated_years
from circle15.inputs.tables.values import open_table
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from circle15.config.appraisal import SurveyTable
    from circle15.inputs.tables.reading import Table
    from circle15.inputs.tables.values import ValueReader


@dataclass(frozen=True, slots=True)
class Survey:
    """Answers by unit, ready for `measures.satisfaction.satisfaction`."""

    mean: npt.NDArray[np.float64]  # (n_units,) on the survey's scale, NaN without answers
    n: npt.NDArray[np.int64]  # (n_units,) answers, 0 without
    spread: float | None  # standard deviation of single answers within units; None where nothing tells it


def read_survey(
    settings: SurveyTable, path: Path, units: pd.DataFrame, *, headings: Mapping[str, Sequence[str]] | None = None
) -> Survey:
    """Read a survey and sum it by unit.

    Parameters
    ----------
    settings
        The config's [survey].
    path
        The table: a unit's code or name per row, with number and mean of answers and, where known, their standard
        deviation, or with one answer. Where it has a column of streets and one of communities, a row is its
        community's, or its street's where none is named.
    units
        unit_id and unit_name of the units that a row may name, and parent_id, the street of a community ("" of others).
    headings
        The config's own headings of fields.

    Raises
    ------
    InputError
        Naming every row whose unit is unknown or one of several, whose number of answers is 0 or not whole, whose
        answer is no number or off the scale, or whose unit stands there for another year too.
    """
    reader = open_survey(settings, path, headings=headings)
    table = reader.table
    unit_column, named, codes = _units_named(reader, settings, units)
    answers = reader.column_of("answer", settings.answer_field, key="survey.answer_field")
    counts = reader.column_of("n", settings.n_field, key="survey.n_field")
    means = reader.column_of("mean", settings.mean_field, key="survey.mean_field")
    single = settings.answer_field is not None or (counts is None and means is None and answers is not None)
    value_column = answers if single else means
    if value_column is None or (not single and counts is None):
        found = ", ".join(table.columns)
        message = Said(
            f"须有份数和均值，或逐份答卷；现有：{found}；请用 survey.n_field 和 survey.mean_field，或 "
            "survey.answer_field 写明",
            f"needs the number and the mean of answers, or single answers; found: {found}; name them as survey.n_field"
            " and survey.mean_field, or survey.answer_field",
        )
        raise InputError(Problem(message, file=table.file))
    values = reader.numbers(value_column)
    n = np.ones(len(values)) if single else reader.numbers(counts)
    known = units["unit_name"].astype(str).tolist()
    columns = (unit_column, value_column, counts)
    InputError.gather(reader.unread_cells())
    _check(named, codes, values, n, table=table, scale=settings.scale, columns=columns, known=known)
    amounts = [c for c in (value_column, counts) if c is not None]
    places = [found[0] for found in codes]
    if not single:  # a person answers once, whenever that is
        InputError.gather(repeated_years(table, reader.found, places, amounts=amounts, where="survey.where"))
    code = np.array(places, dtype=np.int64)
    total = np.bincount(code, weights=n, minlength=len(units))
    sums = np.bincount(code, weights=n * values, minlength=len(units))
    mean = np.divide(sums, total, out=np.full(len(units), np.nan), where=total > 0)
    freedom = int((total - 1)[total > 0].sum())
    squares = np.sum(n * (values - mean[code]) ** 2)  # between rows of one unit
    within = None if single else _squares_within(reader, settings, n)
    is_known = (single or within is not None) and freedom > 0
    spread = float(np.sqrt((squares + (within or 0.0)) / freedom)) if is_known else None
    return Survey(mean, total.astype(np.int64), spread)


def open_survey(
    settings: SurveyTable, path: Path, *, headings: Mapping[str, Sequence[str]] | None = None
) -> ValueReader:
    """Open a survey's file."""
    stated = (settings.unit_field, settings.n_field, settings.mean_field, settings.sd_field, settings.answer_field)
    return open_table(path, headings=headings, key="survey", kind="survey", stated=stated, where=settings.where)


def _squares_within(reader: ValueReader, settings: SurveyTable, n: npt.NDArray[np.float64]) -> float | None:
    """Sum the squared distances of answers from their rows' means, (n - 1) sd^2; None without a column of them.

    Where a row of several answers states none, nothing is known.
    """
    column = reader.column_of("sd", settings.sd_field, key="survey.sd_field")
    if column is None:
        return None
    table = reader.table
    sd = reader.numbers(column)
    texts = table.frame[column].tolist()
    message = Said("标准差应为非负数，或留空", "a standard deviation is a number that is not negative, or empty")
    InputError.gather(
        [
            Problem(message, file=table.file, row=row, column=column, value=text)
            for value, text, row in zip(sd.tolist(), texts, table.row.tolist(), strict=True)
            if np.isnan(value) and not is_missing(text)
        ]
    )
    if np.isnan(sd[n > 1]).any():
        return None
    return float(np.sum(np.maximum(n - 1, 0.0) * np.nan_to_num(sd) ** 2))


def _units_named(
    reader: ValueReader, settings: SurveyTable, units: pd.DataFrame
) -> tuple[str, list[str], list[tuple[int, ...]]]:
    """Give the column of units, and for each row what it names and the rows of ``units`` that this may mean."""
    coded = reader.column_of("unit_code", settings.unit_field)
    street, community = reader.column_of("street"), reader.column_of("community")
    column = coded or street or community or reader.needed_column("street", key="survey.unit_field")
    known = UnitNames(units["unit_id"], units["unit_name"], units["parent_id"])
    named = reader.codes(column)
    meant = [known.find(text) for text in named]
    if column != street or community is None or not any(known.parents):
        return column, named, meant
    below = reader.text(community)
    codes = []
    for rows, text in zip(meant, below, strict=True):
        of_street = tuple(i for i in rows if not known.parents[i])
        codes.append(tuple(i for row in of_street for i in known.find(text, within=row)) if text else of_street)
    return community, [text or above for above, text in zip(named, below, strict=True)], codes


def _check(
    named: list[str],
    codes: list[tuple[int, ...]],
    values: npt.NDArray[np.float64],
    n: npt.NDArray[np.float64],
    *,
    table: Table,
    scale: tuple[float, float],
    columns: tuple[str, str, str | None],
    known: list[str],
) -> None:
    problems = []
    low, high = scale

    def add(message: Said, row: int, column: str | None, value: object) -> None:
        problems.append(Problem(message, file=table.file, row=row, column=column, value=value))

    for unit, code, value, count, row in zip(
        named, codes, values.tolist(), n.tolist(), table.row.tolist(), strict=True
    ):
        if not code:
            add(
                Said(
                    f"没有这个街道；现有：{', '.join(known[:8])}",
                    f"there is no such unit; known: {', '.join(known[:8])}",
                ),
                row,
                columns[0],
                unit,
            )
        elif len(code) > 1:
            add(
                Said(
                    f"有 {len(code)} 个街道（村社）同名；请写编号，或在旁写明所属街道",
                    f"{len(code)} units have this name; give the unit's id, or its street beside it",
                ),
                row,
                columns[0],
                unit,
            )
        if not (count >= 1 and count == int(count)):
            add(
                Said(
                    "每行至少一份答卷；无人作答的街道请删去",
                    "a row has at least one answer; leave out units that nobody answered for",
                ),
                row,
                columns[2],
                float(count),
            )
        elif not low <= value <= high:
            add(
                Said(
                    f"得分应为 {low:g} 至 {high:g}；不是时请写 survey.scale",
                    f"an answer is {low:g} to {high:g}; survey.scale says otherwise where it is",
                ),
                row,
                columns[1],
                float(value),
            )
    InputError.gather(problems)
