"""Tables of people: a place per row, or a unit per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from circle15.errors import ConfigError, InputError, Problem
from circle15.inputs.age_classes import derive_groups
from circle15.inputs.facility_places import places_from_columns
from circle15.inputs.facility_shapes import places_from_geometry
from circle15.inputs.facility_values import ValueReader
from circle15.inputs.headings import load_aliases, missing_column, recognise
from circle15.inputs.tables import Table, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config import Config
    from circle15.inputs.headings import Ranks
    from circle15.inputs.import_report import Change

ALL = "all"


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """People per row of a table."""

    values: pd.DataFrame  # (n_rows, n_groups) persons, first column "all"; a value that is missing counts as 0
    lon: npt.NDArray[np.float64]  # (n_rows,) degrees WGS-84; empty for a table of units
    lat: npt.NDArray[np.float64]
    unit: tuple[str, ...]  # (n_rows,) code or name of the unit; empty for a table of places
    counts: dict[str, int]  # rows read, and those without a place or a number
    changes: tuple[Change, ...]


def read_people_points(config: Config, path: Path) -> PeopleTable:
    """Read a table with a place and people per row.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or no coordinate system is said for it.
    """
    table, aliases, found, reader = _open(config, path)
    settings = config.population
    if table.geometry is not None and settings.lon_field is None:
        places = places_from_geometry(table, crs=settings.crs)
    else:
        places = places_from_columns(
            table, found, aliases, crs=settings.crs, lon_field=settings.lon_field, lat_field=settings.lat_field
        )
    values = _people(config, reader, aliases)
    placed = np.isfinite(places.lon)
    return PeopleTable(
        values=values.loc[placed].reset_index(drop=True),
        lon=places.lon[placed],
        lat=places.lat[placed],
        unit=(),
        counts={
            "rows": len(placed),
            "rows_without_place": int((~placed).sum()),
            "values_not_numbers": _not_numbers(reader),
        },
        changes=(*table.changes, *places.changes, *reader.changes),
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
    values = _people(config, reader, aliases)
    counts = {"rows": len(units), "values_not_numbers": _not_numbers(reader)}
    return PeopleTable(values, np.empty(0), np.empty(0), units, counts, (*table.changes, *reader.changes))


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


def _people(config: Config, reader: ValueReader, aliases: dict[str, Ranks]) -> pd.DataFrame:
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
    people = {group: np.nan_to_num(reader.numbers(c)) for group, c in columns.items()}
    classes = {name: np.nan_to_num(reader.numbers(heading)) for name, heading in settings.age_classes.items()}
    derived, _ = derive_groups(classes, settings.class_groups, file=reader.table.file)
    return pd.DataFrame(people | derived)


def _not_numbers(reader: ValueReader) -> int:
    return len({(c.row, c.column) for c in reader.changes if c.taken == ""})
