"""Rows of a table of projects: the services that each is for, with cost and capacity of each, and when it may be built.

A building for several services stands in one row: 托育、老年食堂. Its cost is one number for all, or as many as
services in the same order: 120、80; so are its capacities.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import InputError, Problem
from circle15.inputs.tables.headings import split_heading
from circle15.inputs.tables.numbers import parse_number
from circle15.inputs.tables.values import parse_flag
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.config.planning import PlanningTable
    from circle15.inputs.tables.values import ValueReader

FloatArray = npt.NDArray[np.float64]

_MONEY = {"元": 1e-4, "万元": 1.0, "亿元": 1e4, "万": 1.0, "亿": 1e4}
_MONEY_TEXT = re.compile(r"(?P<number>.*?)(?P<unit>亿元|万元|元|亿|万)\s*$")
_BETWEEN = re.compile(r"\s*[、;；/／+＋]\s*|\s*[,，]\s*(?!\d{3}(?:\D|$))")
_YEAR = re.compile(r"(?P<year>(?:19|20|21)\d\d)(?:\.0)?\s*年?(?:度|底|末|内)?")
_DECIDED = frozenset(
    {"已立项", "立项", "已定", "已确定", "确定", "已批复", "批复", "在建", "已开工", "续建", "decided"}
)
_UNDECIDED = frozenset({"未立项", "未定", "待定", "拟建", "储备", "备选", "undecided", "candidate"})

NOT_DECIDED, ANY_YEAR = -1, 0


@dataclass(frozen=True, slots=True)
class ParcelRows:
    """What the rows of a table say, one entry for each service of a row."""

    row: npt.NDArray[np.int64]  # (n,) row of the frame
    layer: npt.NDArray[np.object_]  # (n,) layer id, "" = any
    cost: FloatArray  # (n,) 万元: of this service where the row tells them apart, else of the whole project; NaN: none
    whole_cost: FloatArray  # (n,) 万元 of the project
    capacity: FloatArray  # (n,) in the layer's unit, NaN = not stated
    first_year: FloatArray  # (n,) NaN = not stated
    decided: npt.NDArray[np.int64]  # (n,) NOT_DECIDED, ANY_YEAR, or the year
    id: npt.NDArray[np.object_]  # (n,) "" = not stated


def read_parcel_rows(
    reader: ValueReader, planning: PlanningTable, layer_ids: Mapping[str, str]
) -> tuple[ParcelRows, list[Problem]]:
    """Read the columns of a table of projects but name and place, and give what is wrong with them.

    Parameters
    ----------
    reader
        The open table.
    planning
        The config's table that names columns.
    layer_ids
        The layer that each id and each name stands for.

    Raises
    ------
    InputError
        If several columns may be the capacity.
    """
    n = len(reader.table.frame)
    columns = {
        "layer": reader.column_of("layer", planning.layer_field),
        "cost": reader.column_of("cost", planning.cost_field),
        "capacity": _capacity_column(reader, planning),
    }
    problems: list[Problem] = []
    named = reader.text(columns["layer"])
    services = [_services(reader, i, text, layer_ids, problems) for i, text in enumerate(named)]
    costs = _costs_of_rows(reader, columns["cost"], [len(s) for s in services], problems)
    capacities = _capacities(reader, columns["capacity"], [len(s) for s in services], problems)
    first_year, decided = _years(reader, problems), _decisions(reader, problems)
    ids = reader.text(reader.column_of("id"))
    row = np.repeat(np.arange(n), [len(s) for s in services]).astype(np.int64)
    return (
        ParcelRows(
            row=row,
            layer=np.array([layer for s in services for layer in s], dtype=object),
            cost=np.array([c for parts, _ in costs for c in parts], dtype=np.float64),
            whole_cost=np.array([costs[i][1] for i in row.tolist()], dtype=np.float64),
            capacity=np.array([c for parts in capacities for c in parts], dtype=np.float64),
            first_year=first_year[row],
            decided=decided[row],
            id=np.array([ids[i] for i in row.tolist()], dtype=object),
        ),
        problems,
    )


def _problem(reader: ValueReader, i: int, column: str | None, message: Said, value: object = None) -> Problem:
    table = reader.table
    value = str(table.frame[column].iloc[i]) if value is None and column is not None else value
    return Problem(message, file=table.file, row=int(table.row[i]), column=column, value=value)


def _services(
    reader: ValueReader, i: int, text: str, layer_ids: Mapping[str, str], problems: list[Problem]
) -> list[str]:
    if not text or text in layer_ids:
        return [layer_ids.get(text, "")]
    parts = [part for part in _BETWEEN.split(text) if part]
    unknown = [part for part in parts if part not in layer_ids]
    if unknown:
        known = ", ".join(dict.fromkeys(layer_ids.values()))
        message = Said(f"没有这项服务；配置中有 {known}", f"no such layer; the config has {known}")
        problems.append(_problem(reader, i, None, message, unknown[0]))
        return [""]
    found = [layer_ids[part] for part in parts]
    if len(set(found)) < len(found):
        problems.append(_problem(reader, i, None, Said("同一服务写了两次", "names a layer twice"), text))
    return found


def _capacity_column(reader: ValueReader, planning: PlanningTable) -> str | None:
    stated = planning.capacity_field
    found = [c for k in ("capacity", "places", "beds", "area") if (c := reader.column_of(k, stated)) is not None]
    if len(set(found)) > 1:
        named = ", ".join(f'"{c}"' for c in dict.fromkeys(found))
        message = Said(
            f'{named} 都可能是容量；请写明 capacity_field = "{found[0]}"',
            f'each of {named} may be the capacity; say which: capacity_field = "{found[0]}"',
        )
        raise InputError(Problem(message, file=reader.table.file, key="planning.capacity_field"))
    return found[0] if found else None


def _capacities(
    reader: ValueReader, column: str | None, n_services: list[int], problems: list[Problem]
) -> list[list[float]]:
    values = reader.numbers(column)
    found = []
    for i, (n, text) in enumerate(zip(n_services, _cells(reader, column), strict=True)):
        parts = [part for part in _BETWEEN.split(text) if part]
        if n == 1 or not text:
            found.append([float(values[i])] * n)
            continue
        numbers = [parse_number(part).value for part in parts]
        if len(numbers) == n and all(v >= 0 for v in numbers):
            reader.unread.pop((i, str(column)), None)
            found.append(numbers)
            continue
        message = Said(
            f"该项目有 {n} 项服务，容量应按同样顺序写 {n} 个数，如 60、80",
            f"the project is for {n} services: give {n} capacities in their order, such as 60、80",
        )
        reader.unread.pop((i, str(column)), None)
        problems.append(_problem(reader, i, column, message))
        found.append([math.nan] * n)
    return found


def _cells(reader: ValueReader, column: str | None) -> list[str]:
    """Give a column's cells as they stand there, "" where there is no column."""
    if column is None:
        return [""] * len(reader.table.frame)
    return [str(value).strip() for value in reader.table.frame[column].tolist()]


def _costs_of_rows(
    reader: ValueReader, column: str | None, n_services: list[int], problems: list[Problem]
) -> list[tuple[list[float], float]]:
    """Give each project's cost of each service and of all in 万元; a heading or a cell may say 元, 万元 or 亿元."""
    usual = 1.0 if column is None else _MONEY.get(split_heading(column).unit, 1.0)
    costs = []
    for i, (n, text) in enumerate(zip(n_services, _cells(reader, column), strict=True)):
        cost = _costs(text, n, usual)
        if isinstance(cost, Said):
            problems.append(_problem(reader, i, column, cost))
            cost = [math.nan] * n, math.nan
        costs.append(cost)
    return costs


def _costs(text: str, n: int, usual: float) -> tuple[list[float], float] | Said:
    """Read the cost of a project of ``n`` services, or say what is wrong with it."""
    if not text:
        return [math.nan] * n, math.nan
    parts = [part for part in _BETWEEN.split(text) if part] if n > 1 else [text]
    amounts = [_amount(part, usual) for part in parts]
    if not all(amount > 0 for amount in amounts):
        return Said(
            "不是造价：应为大于 0 的金额，单位万元，除非列名或单元格写明元、亿元",
            "is no cost: an amount above 0, in 万元 unless the heading or the cell says 元 or 亿元",
        )
    if len(amounts) == n:
        return amounts, sum(amounts)
    if len(amounts) == 1:
        return amounts * n, amounts[0]
    return Said(
        f"该项目有 {n} 项服务，造价应写一个总数，或按同样顺序写 {n} 个数",
        f"the project is for {n} services: give one cost, or {n} in their order",
    )


def _amount(text: str, usual: float) -> float:
    match = _MONEY_TEXT.match(text)
    number = parse_number(match["number"] if match else text).value
    return number * (_MONEY[match["unit"]] if match else usual)


def _years(reader: ValueReader, problems: list[Problem]) -> FloatArray:
    column = reader.column_of("earliest")
    found = np.full(len(reader.table.frame), np.nan)
    for i, text in enumerate(reader.text(column)):
        match = _YEAR.fullmatch(text)
        if match is not None:
            found[i] = float(match["year"])
        elif text:
            problems.append(_problem(reader, i, column, Said("不是年份，如 2027", "is no year, such as 2027")))
    return found


def _decisions(reader: ValueReader, problems: list[Problem]) -> npt.NDArray[np.int64]:
    column = reader.column_of("decided")
    found = np.full(len(reader.table.frame), NOT_DECIDED, dtype=np.int64)
    for i, text in enumerate(reader.text(column)):
        if not text:
            continue
        match, flag = _YEAR.fullmatch(text), parse_flag(text)
        if match is not None:
            found[i] = int(match["year"])
        elif text in _DECIDED or flag == 1.0:
            found[i] = ANY_YEAR
        elif text not in _UNDECIDED and flag != 0.0:
            message = Said("应写是、否或年份", "says yes, no or a year")
            problems.append(_problem(reader, i, column, message))
    return found
