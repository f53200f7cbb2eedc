"""Rows of tables of people that say more than any place on earth has, named with row and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.inputs.people.densest import bound_text, most_people
from circle15.inputs.people.people_tables import ALL
from circle15.said import Said

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.inputs.people.people_tables import PeopleTable

MOST_OF_A_STREET = 1_000_000
"""No street or town of China has so many people (census of 2020); a point stands for a street at most."""
_SHOWN = 3


def absurd_points(table: PeopleTable, inside: npt.NDArray[np.bool_], file: str) -> tuple[Said, ...]:
    """Name the rows inside the district, bool (n_rows,), that put more people at one place than a whole street has."""
    people = table.people_of(ALL)
    rows = np.flatnonzero(inside & (people >= MOST_OF_A_STREET))
    if not len(rows):
        return ()
    shown = rows[:_SHOWN]
    zh = "、".join(f"第 {table.row[i]} 行 {people[i]:,.0f} 人（{table.lon[i]:.5f}, {table.lat[i]:.5f}）" for i in shown)
    en = ", ".join(f"row {table.row[i]} {people[i]:,.0f} ({table.lon[i]:.5f}, {table.lat[i]:.5f})" for i in shown)
    note = Said(
        f"{file}：{len(rows)} 行在一点上的人数不可能：{zh}；全国没有一个街道超过 {MOST_OF_A_STREET:,} 人，请核对该值",
        f"{file}: {len(rows)} row{'s put' if len(rows) > 1 else ' puts'} more people at one point than any street of"
        f" China has ({MOST_OF_A_STREET:,}): {en}; check the value",
    )
    return (note,)


def absurd_units(table: PeopleTable, area_m2: npt.NDArray[np.float64], file: str) -> tuple[Said, ...]:
    """Name the rows whose people no ground of the unit's ``area_m2``, (n_rows,), could hold."""
    people = table.people_of(ALL)
    notes = []
    for i in np.flatnonzero((area_m2 > 0) & (people > most_people(area_m2)))[:_SHOWN]:
        bound = bound_text(float(area_m2[i]))
        name, km2 = table.label[i] or table.unit[i], f"{area_m2[i] / 1e6:,.2f}"
        zh = f"{file}：第 {table.row[i]} 行“{name}”{people[i]:,.0f} 人不可能（{km2} 平方公里），{bound.zh}；请核对该值"
        en = f"{file}: row {table.row[i]}, {name!r}, {people[i]:,.0f} people on {km2} km²: {bound.en}; check the value"
        notes.append(Said(zh, en))
    return tuple(notes)
