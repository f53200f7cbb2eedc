"""Surveys of satisfaction: number and mean of answers per unit, or single answers, matched to the units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circle15.errors import InputError, Problem
from circle15.inputs.facility_values import ValueReader
from circle15.inputs.headings import load_aliases, missing_column, named_column, recognise
from circle15.inputs.tables import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from circle15.config import SurveyTable

N_HEADINGS = ("n", "样本数", "样本量", "答卷数", "问卷数", "有效问卷数", "人数")
MEAN_HEADINGS = ("mean", "均值", "平均分", "平均得分", "满意度", "满意度均值", "得分")
ANSWER_HEADINGS = ("answer", "score", "评分", "打分", "回答")


@dataclass(frozen=True, slots=True)
class Survey:
    """Answers by unit, ready for `measures.satisfaction.satisfaction`."""

    mean: npt.NDArray[np.float64]  # (n_units,) on the survey's scale, NaN without answers
    n: npt.NDArray[np.int64]  # (n_units,) answers, 0 without
    spread: float | None  # standard deviation of single answers within units; None where only means are given


def read_survey(settings: SurveyTable, path: Path, unit_ids: Sequence[str], unit_names: Sequence[str]) -> Survey:
    """Read a survey and sum it by unit.

    Parameters
    ----------
    settings
        The config's [survey].
    path
        The table: a unit's code or name per row, with number and mean of answers, or with one answer.
    unit_ids, unit_names
        Of the district's units; a row may name either.

    Raises
    ------
    InputError
        Naming every row whose unit is unknown, whose number of answers is 0 or not whole, or whose answer is off the
        scale.
    """
    aliases = load_aliases()
    stated = (settings.unit_field, settings.n_field, settings.mean_field, settings.answer_field)
    wanted = [*(f for f in stated if f), *N_HEADINGS, *MEAN_HEADINGS, *ANSWER_HEADINGS]
    table = read_table(path, wanted=wanted, aliases=aliases)
    reader = ValueReader(table, recognise(table.columns, aliases, cut=table.has_cut_headings))
    unit_column = (
        reader.column_of("unit_code", settings.unit_field)
        or reader.column_of("street")
        or reader.column_of("community")
    )
    if unit_column is None:
        raise InputError(missing_column(["street"], table.columns, aliases, file=table.file))
    answers = _column(table, settings.answer_field, ANSWER_HEADINGS, "survey.answer_field")
    counts = _column(table, settings.n_field, N_HEADINGS, "survey.n_field")
    means = _column(table, settings.mean_field, MEAN_HEADINGS, "survey.mean_field")
    single = settings.answer_field is not None or (counts is None and means is None and answers is not None)
    value_column = answers if single else means
    if value_column is None or (not single and counts is None):
        message = f"needs the number and the mean of answers, or single answers; found: {', '.join(table.columns)}"
        raise InputError(
            Problem(
                f"{message}; name them as survey.n_field and survey.mean_field, or survey.answer_field", file=table.file
            )
        )
    values = reader.numbers(value_column)
    n = np.ones(len(values)) if single else reader.numbers(counts)
    known = {str(u): i for i, u in enumerate(unit_ids)} | {str(u): i for i, u in enumerate(unit_names)}
    named = reader.text(unit_column)
    _check(named, known, values, n, table=table, scale=settings.scale, columns=(unit_column, value_column, counts))
    code = np.array([known[u] for u in named], dtype=np.int64)
    total = np.bincount(code, weights=n, minlength=len(unit_ids))
    sums = np.bincount(code, weights=n * values, minlength=len(unit_ids))
    mean = np.divide(sums, total, out=np.full(len(unit_ids), np.nan), where=total > 0)
    freedom = int((total - 1)[total > 0].sum())
    spread = float(np.sqrt(np.sum((values - mean[code]) ** 2) / freedom)) if single and freedom > 0 else None
    return Survey(mean, total.astype(np.int64), spread)


def _column(table: Table, stated: str | None, headings: Sequence[str], key: str) -> str | None:
    if stated is not None:
        return named_column(stated, table.columns, file=table.file, key=key)
    plain = {c.strip().casefold(): c for c in table.columns}
    return next((plain[h] for h in headings if h in plain), None)


def _check(
    named: list[str],
    known: Mapping[str, int],
    values: npt.NDArray[np.float64],
    n: npt.NDArray[np.float64],
    *,
    table: Table,
    scale: tuple[float, float],
    columns: tuple[str, str, str | None],
) -> None:
    problems = []
    low, high = scale

    def add(message: str, row: int, column: str | None, value: object) -> None:
        problems.append(Problem(message, file=table.file, row=row, column=column, value=value))

    for unit, value, count, row in zip(named, values, n, table.row.tolist(), strict=True):
        if unit not in known:
            add(f"there is no such unit; known: {', '.join(list(known)[:8])}", row, columns[0], unit)
        if not (count >= 1 and count == int(count)):
            add("a row has at least one answer; leave out units that nobody answered for", row, columns[2], count)
        elif not low <= value <= high:
            add(f"an answer is {low:g} to {high:g}; survey.scale says otherwise where it is", row, columns[1], value)
    InputError.gather(problems)
