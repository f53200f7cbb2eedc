"""Tables that are read after a study, and what was found of their rows: survey, today's values, places to build on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15.errors import InputError, Problem
from circle15.inputs.people.survey import open_survey
from circle15.inputs.tables.numbers import is_plain
from circle15.inputs.tables.values import open_table
from circle15.pipeline.study.parcels import open_parcels
from circle15.policy.targets import indicator_series
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.config.model import Config
    from circle15.inputs.tables.import_report import Change
    from circle15.inputs.tables.values import ValueReader
    from circle15.pipeline.study.study import Study

_ACTUAL = ("indicator_id", "year", "value")
_MAY_SAY = ("unit_zh", "kind", "source")


def later_changes(config: Config) -> tuple[Change, ...]:
    """Give the lines of the import report on tables that a run reads later: they are told with all others.

    A table that cannot be read is told where it is needed.
    """
    planning, survey, policy = config.planning, config.survey, config.policy
    reading = [
        partial(open_parcels, config, name) for name in (planning.candidates, planning.projects) if name is not None
    ]
    if survey is not None:
        reading.append(partial(open_survey, survey, config.resolve(survey.path), headings=config.headings))
    if policy is not None and policy.actual is not None:
        reading.append(partial(open_actual, config, policy.actual))
    return tuple(dict.fromkeys(c for read in reading for c in _told(read)))


def _told(read: Callable[[], ValueReader]) -> tuple[Change, ...]:
    try:
        return read().table.changes
    except InputError:
        return ()


def read_actual(study: Study, name: str) -> pd.DataFrame:
    """Read today's values that a bureau reports: indicator_id, year, value, and source where it says so.

    Where the registers have an indicator of the place in several units or kinds, unit_zh and kind say which is meant.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a heading; names every row whose indicator is not known or may be several,
        whose year or value is no number, or that another row has a value of for the same year.
    """
    path = study.config.resolve(name)
    reader = open_actual(study.config, name)
    read = reader.table
    columns = {c: reader.column_of(c) for c in (*_ACTUAL, *_MAY_SAY)}
    missing = [c for c in _ACTUAL if columns[c] is None]
    if missing:
        message = Said(
            f"缺少列名：{'、'.join(missing)}；现有：{'、'.join(read.columns)}",
            f"missing headings: {', '.join(missing)}; found: {', '.join(read.columns)}",
        )
        raise InputError(Problem(message, file=str(path), row=1))
    registers: Any = study.policy.registers
    settings: Any = study.config.policy
    table = pd.DataFrame({c: "" if column is None else read.frame[column] for c, column in columns.items()})
    problems = []
    known = set(registers.targets["indicator_id"])
    of_place = indicator_series(registers, settings.place)
    meant: list[tuple[str, str]] = []
    first: dict[tuple[str, ...], int] = {}
    for row, line in zip(read.row.tolist(), table.to_dict("records"), strict=True):
        indicator, unit, kind = (line[c].strip() for c in ("indicator_id", "unit_zh", "kind"))
        if indicator not in known:
            problems.append(
                Problem(
                    Said("不是规划登记表中的指标", "is no indicator of the registers"),
                    file=str(path),
                    row=row,
                    value=indicator,
                )
            )
        series = [(u, k) for i, u, k in of_place if i == indicator]
        fitting = [(u, k) for u, k in series if unit in {"", u} and kind in {"", k}]
        if series and len(fitting) != 1:
            choices = "; ".join(f"unit_zh {u}, kind {k or '(empty)'}" for u, k in series)
            message = Said(
                f"请在 unit_zh 和 kind 中写明是登记表中的哪一项：{choices}",
                f"say in unit_zh and kind which of the register's is meant: {choices}",
            )
            problems.append(Problem(message, file=str(path), row=row, value=indicator))
        meant.append(fitting[0] if len(fitting) == 1 else (unit, kind))
        problems += [
            Problem(Said("不是数字", "is not a number"), file=str(path), row=row, column=column, value=line[column])
            for column in ("year", "value")
            if not is_plain(line[column].strip())
        ]
        key = (indicator, *meant[-1], line["year"].strip())
        if first.setdefault(key, row) != row:
            message = Said(
                f"第 {first[key]} 行已有该年的数值，请只留一行",
                f"has a value for this year in row {first[key]} already; keep one of them",
            )
            problems.append(Problem(message, file=str(path), row=row, value=indicator))
    InputError.gather(problems)
    return pd.DataFrame(
        {
            "indicator_id": table["indicator_id"].str.strip(),
            "unit_zh": [u for u, _ in meant],
            "kind": [k for _, k in meant],
            "year": table["year"].astype(float),
            "value": table["value"].astype(float),
            "source": path.name if columns["source"] is None else table["source"],
        }
    )


def open_actual(config: Config, name: str) -> ValueReader:
    """Open the table of today's values."""
    return open_table(config.resolve(name), headings=config.headings, key="policy.actual", kind="actual")
