"""Rows of a table that say the same thing twice, and why they probably do: several years, or a row of all kinds."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.errors import Problem, first_problems
from circle15.inputs.tables.numbers import is_missing, is_plain, parse_number
from circle15.inputs.tables.row_filter import same_text
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from circle15.inputs.tables.reading import Table

_YEAR = re.compile(r"(?:19|20)\d\d(?:\.0)?年?(?:度|末|底)?")
_TOTAL = frozenset({"合计", "总计", "小计", "总", "总数", "总人口", "全部", "全体", "all", "total", "both"})
_BUILT = re.compile(r"建|竣工|成立|开业|开办|投用|启用|设立|登记|built|found|since|open", re.IGNORECASE)
"""Headings of years that tell how old a thing is, not of when it was counted."""
_SAYS_WHICH = re.compile(rf"号|编|代码|栋|幢|座|单元|室|层|楼|组|类|别|id|code|no|{_BUILT.pattern}", re.IGNORECASE)
"""Headings of numbers that tell rows apart: 楼号, 栋, 编号, 建成年份."""
_COORDINATES = ("lon", "lat", "x", "y", "lonlat")
_DECIMALS = 7


@dataclass(frozen=True, slots=True)
class YearColumn:
    """A column that says that a table holds several years."""

    heading: str
    values: tuple[str, ...]  # (n_rows,) as compared
    latest: str

    def advice(self, where: str | None) -> Said:
        """Say the cause, and the remedy where the config has one."""
        cause = Said(
            f"“{self.heading}”列有多个年份，须逐年单独取用：",
            f'the column "{self.heading}" has several years, and each must be taken alone: ',
        )
        if where is None:
            return cause + Said("请只保留一年的行", "keep the rows of one year")
        return cause + f'{where} = {{ "{self.heading}" = "{self.latest}" }}'


def year_column(table: Table, found: Mapping[str, list[list[str]]], amounts: Sequence[str] = ()) -> YearColumn | None:
    """Find the column that tells rows of one thing apart by year or date, None where every row is of one time.

    Parameters
    ----------
    table
        As read.
    found
        `headings.recognise`.
    amounts
        Columns that hold amounts, which may look like years.
    """
    named = [c for rank in found.get("year", []) for c in rank]
    taken = {*amounts, *(c for f in _COORDINATES for rank in found.get(f, []) for c in rank)}
    for column in (*named, *(c for c in table.columns if c not in named)):
        if column in taken:
            continue
        texts = [t.strip() for t in table.frame[column].tolist()]
        filled = {t for t in texts if not is_missing(t)}
        is_of_years = not _BUILT.search(column) and all(_YEAR.fullmatch(t) for t in filled)
        if len(filled) > 1 and (column in named or is_of_years):
            return YearColumn(column, tuple(same_text(t) for t in texts), max(filled, key=lambda t: (len(t), t)))
    return None


def repeated_places(
    table: Table,
    found: Mapping[str, list[list[str]]],
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    *,
    amounts: Sequence[str],
    where: str,
) -> list[Problem]:
    """Give a problem for each row of people that stands at the place of an earlier one under the same name.

    What tells two rows of one place apart are their words and numbers of houses; further amounts do not.

    Parameters
    ----------
    table
        As read.
    found
        `headings.recognise`.
    lon, lat
        degrees WGS-84, (n_rows,); NaN for rows without a place, which count for nothing.
    amounts
        Columns of people.
    where
        The config's key that would choose one of the rows.
    """
    places = list(zip(lon.round(_DECIMALS).tolist(), lat.round(_DECIMALS).tolist(), strict=True))
    rows_at = Counter(place for place, x in zip(places, lon.tolist(), strict=True) if np.isfinite(x))
    shared = [i for i, place in enumerate(places) if rows_at[place] > 1]
    if not shared:
        return []
    year = year_column(table, found, amounts)
    left = {*amounts, *(c for f in (*_COORDINATES, "serial", "year") for rank in found.get(f, []) for c in rank)}
    left |= {year.heading} if year is not None else set()
    columns = [c for c in table.columns if c not in left and _tells_apart(c, table, found)]
    cells = {c: {i: same_text(t) for i, t in zip(shared, table.frame[c].iloc[shared], strict=True)} for c in columns}
    serials = {c for rank in found.get("serial", []) for c in rank}
    exact = [tuple(row) for row in table.frame[[c for c in table.columns if c not in serials]].to_numpy()]

    def key(i: int, without: str | None = None) -> Hashable:
        return (places[i], *(cells[c][i] for c in columns if c != without))

    problems = []
    first: dict[Hashable, int] = {}
    for i in shared:
        earlier = first.setdefault(key(i), i)
        if earlier == i:
            continue
        differs = year is not None and year.values[i] != year.values[earlier]
        is_named = any(cells[c][i] for c in columns)
        if not (differs or is_named or exact[i] == exact[earlier]):
            continue  # two buildings that were put on one point
        row = int(table.row[earlier])
        cause = (
            year.advice(where)
            if differs and year is not None
            else Said(
                "请只留一行；同一地方的各部分须各有名称",
                "keep one of them; parts of one place need names of their own",
            )
        )
        message = Said(
            f"与第 {row} 行地点、名称相同，人口会重复计算；{cause.zh}",
            f"the same place and name as row {row}, so its people would count twice; {cause.en}",
        )
        problems.append(Problem(message, file=table.file, row=int(table.row[i]), value=_label(table, columns, i)))
    problems += _totals_beside_parts(table, columns, cells, shared, key, where=where)
    return first_problems(problems, table.file)


def repeated_years(
    table: Table,
    found: Mapping[str, list[list[str]]],
    keys: Iterable[Hashable],
    *,
    amounts: Sequence[str] = (),
    where: str,
) -> list[Problem]:
    """Give a problem for each row whose key an earlier row has for another year; keys of None count for nothing."""
    year = year_column(table, found, amounts)
    if year is None:
        return []
    first: dict[Hashable, int] = {}
    problems = []
    for i, key in enumerate(keys):
        earlier = first.setdefault(key, i) if key is not None else i
        if year.values[earlier] != year.values[i]:
            row, advice = int(table.row[earlier]), year.advice(where)
            message = Said(
                f"第 {row} 行也有，会重复计算；{advice.zh}",
                f"stands in row {row} too, so it would count twice; {advice.en}",
            )
            problems.append(Problem(message, file=table.file, row=int(table.row[i]), column=year.heading,
                                    value=table.frame[year.heading].iloc[i]))  # fmt: skip
    return first_problems(problems, table.file)


def _tells_apart(column: str, table: Table, found: Mapping[str, list[list[str]]]) -> bool:
    ids = {c for f in ("id", "unit_code", "name") for rank in found.get(f, []) for c in rank}
    texts = [t for t in table.frame[column].tolist() if not is_missing(t)]
    if column in ids or _SAYS_WHICH.search(column):
        return True
    return any(not is_plain(t) and np.isnan(parse_number(t).value) for t in texts)


def _totals_beside_parts(
    table: Table,
    columns: Sequence[str],
    cells: Mapping[str, Mapping[int, str]],
    shared: Sequence[int],
    key: Callable[[int, str | None], Hashable],
    *,
    where: str,
) -> list[Problem]:
    """Give a problem for each row that says the total of other rows of its place: 性别 合计 beside 男 and 女."""
    problems = []
    for column in columns:
        totals = [i for i in shared if cells[column][i] in _TOTAL]
        if not totals or len(totals) == len(shared):
            continue
        parts = {key(i, column): i for i in shared if cells[column][i] not in _TOTAL}
        for i in totals:
            part = parts.get(key(i, column))
            if part is not None:
                word = table.frame[column].iloc[i].strip()
                message = Said(
                    f"是同一地方其他行（如第 {int(table.row[part])} 行）的合计，人口会重复计算；请只取一类："
                    f'{where} = {{ "{column}" = "{word}" }}',
                    f"the total of other rows of its place, such as row {int(table.row[part])}, so its people would"
                    f' count twice; take one kind: {where} = {{ "{column}" = "{word}" }}',
                )
                problems.append(Problem(message, file=table.file, row=int(table.row[i]), column=column, value=word))
    return problems


def _label(table: Table, columns: Sequence[str], i: int) -> str:
    return " | ".join(t for c in columns if (t := table.frame[c].iloc[i].strip()))
