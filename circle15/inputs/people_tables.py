"""Tables of people: a place per row, or a unit per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.errors import ConfigError, InputError, MissingFileError, Problem
from circle15.inputs.age_classes import derive_groups
from circle15.inputs.facility_places import places_from_columns
from circle15.inputs.facility_shapes import places_from_geometry
from circle15.inputs.facility_values import ValueReader
from circle15.inputs.headings import load_aliases, missing_column, recognise
from circle15.inputs.import_report import Change
from circle15.inputs.tables import Table, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config import Config
    from circle15.inputs.headings import Ranks

ALL = "all"
WHOLE_PERSON = 0.5
"""What rounding to whole people may put a group above everybody."""
MOST_TOLD = 20


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
        InputError.gather(read_people_of_units(config, path).problems)
    elif not set("*+") & set(path.name) and not path.exists():  # neither tiles nor a sum of rasters
        raise MissingFileError(Problem("no such file", file=str(path), key="population.path"))


def read_people_points(config: Config, path: Path) -> PeopleTable:
    """Read a table with a place and people per row.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, no coordinate system is said for it, or a group is larger than
        everybody in its row.
    """
    table, aliases, found, reader = _open(config, path)
    settings = config.population
    if table.geometry is not None and settings.lon_field is None:
        places = places_from_geometry(table, crs=settings.crs, crs_key="population.crs")
    else:
        places = places_from_columns(
            table,
            found,
            aliases,
            crs=settings.crs,
            lon_field=settings.lon_field,
            lat_field=settings.lat_field,
            crs_key="population.crs",
        )
    values, problems = _people(config, reader, aliases)
    InputError.gather(problems)
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
        },
        changes=(*table.changes, *places.changes, *reader.changes, *lost),
    )


def read_people_of_units(config: Config, path: Path) -> PeopleTable:
    """Read a table with a unit's code or name and its people per row.

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing.
    """
    table, aliases, _, reader = _open(config, path)
    column = reader.column_of("unit_code", config.population.unit_field) or reader.column_of("street")
    if column is None:
        raise InputError(missing_column(["street"], table.columns, aliases, file=table.file))
    units = tuple(reader.text(column))
    values, problems = _people(config, reader, aliases, of_units=True)
    return PeopleTable(
        values=values,
        row=table.row,
        lon=np.empty(0),
        lat=np.empty(0),
        unit=units,
        counts={"rows": len(units), "values_not_numbers": _not_numbers(reader)},
        changes=(*table.changes, *reader.changes),
        problems=tuple(problems),
    )


def _open(config: Config, path: Path) -> tuple[Table, dict[str, Ranks], dict[str, list[list[str]]], ValueReader]:
    settings = config.population
    named = (
        settings.value_field,
        settings.lon_field,
        settings.lat_field,
        settings.unit_field,
        *settings.source_groups.values(),
        *settings.age_classes.values(),
    )
    aliases = load_aliases(config.headings)
    table = read_table(path, wanted=[n for n in named if n], aliases=aliases)
    found = recognise(table.columns, aliases, cut=table.has_cut_headings)
    return table, aliases, found, ValueReader(table, found)


def _people(
    config: Config, reader: ValueReader, aliases: dict[str, Ranks], *, of_units: bool = False
) -> tuple[pd.DataFrame, list[Problem]]:
    """Give the people of each row by group, a missing value as 0, and what is wrong with them.

    A row ``of_units`` stands for a whole unit, so an empty cell would leave out everybody there: it is a problem.
    """
    settings = config.population
    column = reader.column_of("people", settings.value_field, required_choice=True)
    if column is None:
        raise InputError(missing_column(["people"], reader.table.columns, aliases, file=reader.table.file))
    columns = {ALL: column}
    for group, heading in settings.source_groups.items():
        if group == ALL:
            raise ConfigError(
                Problem("'all' is everybody (value_field); name the group otherwise", key="population.groups")
            )
        columns[group] = reader.column_of(group, heading) or heading
    classes = {name: reader.column_of(name, heading) or heading for name, heading in settings.age_classes.items()}
    read = {c: reader.numbers(c) for c in dict.fromkeys((*columns.values(), *classes.values()))}
    filled = {c: np.nan_to_num(heads) for c, heads in read.items()}
    derived, _ = derive_groups(
        {name: filled[c] for name, c in classes.items()}, settings.class_groups, file=reader.table.file
    )
    people = pd.DataFrame({group: filled[c] for group, c in columns.items()} | derived)
    silent = _silent_cells(reader, read) if of_units else []
    return people, silent or _larger_than_all(reader, people, columns)


def _silent_cells(reader: ValueReader, read: dict[str, npt.NDArray[np.float64]]) -> list[Problem]:
    t = reader.table
    message = "no number of people; give one, and 0 where nobody lives"
    return [
        Problem(message, file=t.path.name, row=int(t.row[i]), column=c, value=t.frame[c].iloc[i])
        for c, heads in read.items()
        for i in np.flatnonzero(np.isnan(heads))
    ]


def _larger_than_all(reader: ValueReader, people: pd.DataFrame, columns: dict[str, str]) -> list[Problem]:
    t = reader.table
    found = [
        Problem(
            f"is more than everybody in this row ({people[ALL].iloc[i]:g}); a group is a part of all",
            file=t.path.name,
            row=int(t.row[i]),
            column=columns.get(str(group), f"population.groups.{group}"),
            value=float(people[group].iloc[i]),
        )
        for group in people.columns[1:]
        for i in np.flatnonzero(people[group] > people[ALL] + WHOLE_PERSON)
    ]
    more = len(found) - MOST_TOLD
    return [*found[:MOST_TOLD], Problem(f"and {more} more rows", file=t.path.name)] if more > 0 else found


def _not_numbers(reader: ValueReader) -> int:
    return len({(c.row, c.column) for c in reader.changes if c.taken == ""})
