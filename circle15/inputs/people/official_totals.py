"""A table of official totals (unit, group, people), and cells raked to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.errors import InputError, Problem
from circle15.inputs.ground.names import UnitNames
from circle15.inputs.people.census_rows import sort_rows
from circle15.inputs.people.raking import rake
from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.values import open_table
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from circle15.inputs.people.raking import Raked

WHOLE_WORDS = frozenset({"", "全区", "合计", "总计", "all", "total"})


@dataclass(frozen=True, slots=True)
class OfficialTotals:
    """A table of official totals, read."""

    table: pd.DataFrame  # unit (code or name), group, people, row
    changes: tuple[Change, ...]  # lines of the import report


def read_totals(path: Path, *, headings: Mapping[str, Sequence[str]] | None = None) -> OfficialTotals:
    """Read official totals: a unit's code or name (全区 or empty for the whole), a group (all where absent), people.

    Parameters
    ----------
    path
        The table.
    headings
        The config's own headings of fields.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or a row has no number of people.
    """
    reader = open_table(path, headings=headings, key="population.totals", kind="units")
    table = reader.table
    unit = reader.column_of("unit_code") or reader.column_of("street") or reader.column_of("unit")
    unit = unit or reader.needed_column("street", key="")
    people = reader.needed_column("people", key="")
    heads, units = reader.numbers(people), reader.codes(unit)
    empty = [
        Problem(Said("没有人数；请填写，或删去此行", "no number of people; give one, or leave the row out"),
                file=table.file, row=int(table.row[i]),
                column=people, value=table.frame[people].iloc[i])
        for i in np.flatnonzero(np.isnan(heads)).tolist()
        if (i, people) not in reader.unread
    ]  # fmt: skip
    InputError.gather((*reader.unread_cells(), *empty))
    group = reader.column_of("group")
    totals = pd.DataFrame(
        {
            "unit": units,
            "group": ["all"] * len(table.frame) if group is None else reader.text(group),
            "people": heads,
            "row": table.row,
        }
    )
    return OfficialTotals(totals, (*table.changes, *reader.changes))


def rake_to_totals(
    groups: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    unit_ids: Sequence[str],
    unit_names: Sequence[str],
    path: Path,
    *,
    district_id: str,
    known_groups: Sequence[str],
    called: Sequence[str] = (),
    headings: Mapping[str, Sequence[str]] | None = None,
) -> Raked:
    """Rake the cells' people to the totals of a file.

    Parameters
    ----------
    groups
        Persons per piece and group; (n_pieces, n_groups).
    unit
        Unit code of each piece, int (n_pieces,).
    unit_ids, unit_names
        Of each unit code; a row of the file may name either.
    path
        The totals.
    district_id
        Id of the whole district.
    known_groups
        Groups that the config names; a total of another group is an error.
    called
        What the district is called (`census_rows.district_names`): such a row is of the whole; rows of what stands
        above it, and of other districts, are left out and named.
    headings
        The config's own headings of fields.

    Raises
    ------
    InputError
        Naming every row with an unknown unit or group, and what `raking.rake` refuses.
    """
    read = read_totals(path, headings=headings)
    totals = read.table
    units = UnitNames(unit_ids, unit_names)

    def meaning(text: str) -> tuple[str, ...]:
        return (district_id,) if text in {*WHOLE_WORDS, district_id} else units.find_ids(text)

    found = sort_rows([text or "all" for text in totals["unit"]], meaning=meaning, district=called)
    left_out = found.rows("above", "elsewhere")
    lines = tuple(
        Change(
            path.name, "total_of_units" if found.kind[i] == "above" else "other_district", row=int(row), original=name
        )
        for i, (row, name) in enumerate(zip(totals["row"], totals["unit"], strict=True))
        if i in set(left_out)
    )
    meant = [(district_id,) if kind == "whole" else of for kind, of in zip(found.kind, found.ids, strict=True)]
    known = {"all", *known_groups}
    problems = [
        Problem(
            Said(
                f"没有这个人群；配置中有 {', '.join(sorted(known))}",
                f"there is no such group; the config has {', '.join(sorted(known))}",
            ),
            file=path.name,
            row=int(row),
            value=g,
        )
        for i, (g, row) in enumerate(zip(totals["group"], totals["row"], strict=True))
        if g not in known and i not in left_out
    ]
    for i, (name, row, of) in enumerate(zip(totals["unit"], totals["row"], meant, strict=True)):
        if len(of) != 1 and i not in left_out:
            several, known_units = ", ".join(of), ", ".join(unit_names)
            message = (
                Said(f"指多个街道；请写其中一个编号 {several}", f"names several units; give one of the ids {several}")
                if of
                else Said(f"没有这个街道；现有 {known_units}", f"there is no such unit; there are {known_units}")
            )
            problems.append(Problem(message, file=path.name, row=int(row), value=name))
    InputError.gather(problems)
    totals = totals.assign(unit_id=["".join(of) for of in meant]).drop(index=left_out)
    raked = rake(groups, unit, unit_ids, totals, district_id=district_id, file=path.name)
    return replace(raked, changes=(*read.changes, *lines))
