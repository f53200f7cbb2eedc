"""What is told of the rows of a census table that are no street of the district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.inputs.people.people_tables import ALL
from circle15.inputs.tables.import_report import Change
from circle15.said import COMMA, Said

if TYPE_CHECKING:
    from circle15.inputs.people.census_rows import CensusRows
    from circle15.inputs.people.people_tables import PeopleTable

_SHOWN = 3
LARGEST_DIFFERENCE = 0.005
"""Share by which a total may differ from the sum of its streets without being told: rounding to tens of people."""


@dataclass(frozen=True, slots=True)
class RowsLeftOut:
    """Lines of the import report, counts and notes on rows that were left out."""

    changes: tuple[Change, ...]
    counts: dict[str, float]
    notes: tuple[Said, ...]


def rows_left_out(table: PeopleTable, found: CensusRows, file: str) -> RowsLeftOut:
    """Name totals and rows of other districts, and tell a total that is not the sum of its streets."""
    people = table.people_of(ALL)
    totals, others = found.rows("whole", "above"), found.rows("elsewhere")
    changes = [
        Change(file, reason, row=int(table.row[i]), original=_name(table, i))
        for reason, rows in (("total_of_units", totals), ("other_district", others))
        for i in rows
    ]
    notes = []
    if others:
        listed = COMMA.join(_name(table, i) for i in others[:_SHOWN])
        heads = f"{people[others].sum():,.0f}"
        if len(others) > _SHOWN:
            listed += Said(" 等", " ...")
        notes.append(
            Said(
                f"{file}：{len(others)} 行不属于本区（{listed.zh}），共 {heads} 人未计入，逐行列于导入报告",
                f"{file}: {len(others)} rows are of other districts ({listed.en}); their {heads} people are not"
                " counted; see the import report",
            )
        )
    summed = float(people[found.rows("unit")].sum())
    for i in found.rows("whole"):
        more = float(people[i]) - summed
        if people[i] > 0 and abs(more) > LARGEST_DIFFERENCE * people[i]:
            row, name = int(table.row[i]), _name(table, i)
            note = Said(
                f"{file}：第 {row} 行“{name}”{people[i]:,.0f} 人，各街道之和 {summed:,.0f} 人，相差 {more:+,.0f} 人；"
                "按各街道计",
                f"{file}: row {row}, {name!r}, has {people[i]:,.0f} people, its streets {summed:,.0f} together, a"
                f" difference of {more:+,.0f}; the streets count",
            )
            notes.append(note)
    counts: dict[str, float] = {}
    if totals or others:
        counts = {"rows_of_totals": len(totals), "rows_of_other_districts": len(others)}
    if others:
        counts["people_of_other_districts"] = float(people[others].sum())
    return RowsLeftOut(tuple(changes), counts, tuple(notes))


def _name(table: PeopleTable, i: int) -> str:
    return table.label[i] or table.unit[i]
