"""Tables of people: a place per row, or a unit per row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.errors import ConfigError, InputError, Problem, first_problems
from circle15.files.door import vouched
from circle15.inputs.facilities.outlines import read_places
from circle15.inputs.people.age_classes import derive_groups
from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.numbers import is_missing
from circle15.inputs.tables.repeated_rows import repeated_places, year_column
from circle15.inputs.tables.row_filter import n_left_out
from circle15.inputs.tables.values import ValueReader, open_table, unread_text
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.inputs.tables.reading import Table

ALL = "all"
WHOLE_PERSON = 0.5
"""What rounding to whole people may put a group above everybody."""


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """People per row of a table."""

    values: pd.DataFrame  # (n_rows, n_groups) persons, first column "all"; at a place a missing value counts as 0
    row: npt.NDArray[np.int64]  # (n_rows,) as a spreadsheet shows it
    lon: npt.NDArray[np.float64]  # (n_rows,) degrees WGS-84; empty for a table of units
    lat: npt.NDArray[np.float64]
    unit: tuple[str, ...]  # (n_rows,) code or name of the unit; empty for a table of places
    counts: dict[str, float]  # rows read, and those without a place or a number, with their people
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = ()  # cells of a table of units that cannot be used
    label: tuple[str, ...] = ()  # (n_rows,) names of units beside their codes; the same as `unit` without
    county: tuple[str, ...] = ()  # (n_rows,) the district that a row says it is of, "" without
    why_repeated: Said | None = (
        None  # of a table of units: the likely cause of a unit that stands there twice, and its remedy
    )

    def people_of(self, group: str) -> npt.NDArray[np.float64]:
        """Give a group's persons, (n_rows,)."""
        return np.asarray(self.values[group], dtype=np.float64)

    def take(self, rows: Sequence[int]) -> PeopleTable:
        """Give the table with some rows alone, and the problems of these."""
        numbers = set(self.row[list(rows)].tolist())
        kept = list(rows)
        return replace(
            self,
            values=self.values.iloc[kept].reset_index(drop=True),
            row=self.row[kept],
            unit=tuple(self.unit[i] for i in kept),
            label=tuple(self.label[i] for i in kept),
            county=tuple(self.county[i] for i in kept),
            problems=tuple(p for p in self.problems if p.row is None or p.row in numbers),
        )


def read_people_table(config: Config, path: Path) -> None:
    """Read the config's table of people for its problems alone; a raster needs the district's cells.

    Raises
    ------
    InputError
        As the run would.
    """
    if config.population.source == "points":
        read_people_points(config, path)
    elif config.population.source == "units":
        InputError.gather(first_problems(read_people_of_units(config, path).problems, path.name))
    elif not set("*+") & set(path.name):  # neither tiles nor a sum of rasters
        vouched(path)


def read_people_points(config: Config, path: Path) -> PeopleTable:
    """Read a table with a place and people per row.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, no coordinate system is said for it, a cell of people holds
        something that is no number, a group is larger than everybody in its row, or a place stands there twice.
    """
    reader = _open(config, path)
    table, found, settings = reader.table, reader.found, config.population
    places = read_places(reader, settings, key="population")
    values, problems = _people(config, reader)
    amounts = _columns_of_people(config, reader)
    problems += repeated_places(table, found, places.lon, places.lat, amounts=amounts, where="population.where")
    InputError.gather(first_problems(problems, table.path.name))
    placed = np.isfinite(places.lon)
    lost = [
        Change(table.path.name, reason, table.sheet, int(row), original=f"{heads:g}")
        for reason, row, heads in zip(places.reason, table.row, values[ALL], strict=True)
        if reason is not None
    ]
    return PeopleTable(
        values=values.loc[placed].reset_index(drop=True),
        row=table.row[placed],
        lon=places.lon[placed],
        lat=places.lat[placed],
        unit=(),
        counts={
            "rows": len(placed),
            "rows_without_place": int((~placed).sum()),
            "people_without_place": float(values.loc[~placed, ALL].sum()),
            "values_not_numbers": _not_numbers(reader),
            **_filtered(config, table),
        },
        changes=(*table.changes, *places.changes, *reader.changes, *_counted_as_nobody(table, amounts), *lost),
    )


def read_people_of_units(config: Config, path: Path) -> PeopleTable:
    """Read a table with a unit's code or name and its people per row.

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing.
    """
    reader = _open(config, path)
    table = reader.table
    code = reader.column_of("unit_code", config.population.unit_field, key="population.unit_field")
    name = reader.column_of("street", key="population.unit_field") or reader.column_of("unit")
    column = code or name or reader.needed_column("street", key="population.unit_field")
    units = tuple(reader.codes(column))
    county = next((c for rank in reader.found.get("county", []) for c in rank if c != column), None)
    values, problems = _people(config, reader, of_units=True)
    year = year_column(table, reader.found, _columns_of_people(config, reader))
    return PeopleTable(
        values=values,
        row=table.row,
        lon=np.empty(0),
        lat=np.empty(0),
        unit=units,
        counts={"rows": len(units), "values_not_numbers": _not_numbers(reader), **_filtered(config, table)},
        changes=(*table.changes, *reader.changes),
        problems=tuple(problems),
        label=units if name in {None, column} else tuple(reader.text(name)),
        county=("",) * len(units) if county is None else tuple(reader.text(county)),
        why_repeated=None if year is None else year.advice("population.where"),
    )


def _open(config: Config, path: Path) -> ValueReader:
    settings = config.population
    named = (settings.value_field, settings.lon_field, settings.lat_field, settings.unit_field)
    return open_table(
        path,
        headings=config.headings,
        key="population",
        kind="units" if settings.source == "units" else "",
        stated=(*named, *settings.source_groups.values(), *settings.age_classes.values()),
        where=settings.where,
    )


def _people(config: Config, reader: ValueReader, *, of_units: bool = False) -> tuple[pd.DataFrame, list[Problem]]:
    """Give the people of each row by group, a missing value as 0, and what is wrong with them.

    A row ``of_units`` stands for a whole unit, so an empty cell would leave out everybody there: it is a problem. At a
    place only a cell that holds something and no number is one.
    """
    settings = config.population
    key = "population.value_field"
    columns = {ALL: reader.needed_column("people", settings.value_field, required_choice=True, key=key)}
    for group, heading in settings.source_groups.items():
        if group == ALL:
            raise ConfigError(
                Problem(
                    Said(
                        "all 指全体人口（value_field）；请给该人群另取名称",
                        "'all' is everybody (value_field); name the group otherwise",
                    ),
                    key="population.groups",
                )
            )
        columns[group] = reader.column_of(group, heading) or heading
    classes = {name: reader.column_of(name, heading) or heading for name, heading in settings.age_classes.items()}
    read = {c: reader.numbers(c) for c in dict.fromkeys((*columns.values(), *classes.values()))}
    filled = {c: np.nan_to_num(heads) for c, heads in read.items()}
    derived, _ = derive_groups(
        {name: filled[c] for name, c in classes.items()}, settings.class_groups, file=reader.table.file
    )
    people = pd.DataFrame({group: filled[c] for group, c in columns.items()} | derived)
    silent = _silent_cells(reader, read) if of_units or reader.unread else []
    return people, silent or _larger_than_all(reader, people, columns)


def _silent_cells(reader: ValueReader, read: dict[str, npt.NDArray[np.float64]]) -> list[Problem]:
    t = reader.table

    def message(i: int, column: str) -> Said:
        unread = reader.unread.get((i, column))
        what = Said("没有人数", "no number of people") if unread is None else unread_text(unread.reason)
        return what + Said("；请填写，无人居住的写 0", "; give a number, and 0 where nobody lives")

    return [
        Problem(message(i, c), file=t.path.name, row=int(t.row[i]), column=c, value=t.frame[c].iloc[i])
        for c, heads in read.items()
        for i in np.flatnonzero(np.isnan(heads)).tolist()
    ]


def _columns_of_people(config: Config, reader: ValueReader) -> list[str]:
    """Give the columns that hold people: everybody, groups, age classes."""
    settings = config.population
    stated = [settings.value_field, *settings.source_groups.values(), *settings.age_classes.values()]
    found = [reader.column_of("people", name) for name in stated if name is not None or name is settings.value_field]
    return list(dict.fromkeys(c for c in found if c is not None))


def _counted_as_nobody(table: Table, columns: list[str]) -> list[Change]:
    """Give a line for each empty cell of people at a place."""
    return [
        Change(table.path.name, "no_people", table.sheet, int(row), column, text, "0")
        for column in columns
        for row, text in zip(table.row, table.frame[column], strict=True)
        if is_missing(text)
    ]


def _filtered(config: Config, table: Table) -> dict[str, float]:
    return {"rows_filtered_out": n_left_out(table)} if config.population.where else {}


def _larger_than_all(reader: ValueReader, people: pd.DataFrame, columns: dict[str, str]) -> list[Problem]:
    t = reader.table
    return [
        Problem(
            Said(
                f"多于此行的总人口（{people[ALL].iloc[i]:g}）；分组人口应是其中一部分",
                f"is more than everybody in this row ({people[ALL].iloc[i]:g}); a group is a part of all",
            ),
            file=t.path.name,
            row=int(t.row[i]),
            column=columns.get(str(group), f"population.groups.{group}"),
            value=float(people[group].iloc[i]),
        )
        for group in people.columns[1:]
        for i in np.flatnonzero(people[group] > people[ALL] + WHOLE_PERSON)
    ]


def _not_numbers(reader: ValueReader) -> int:
    return len({(c.row, c.column) for c in reader.changes if c.taken == ""})
