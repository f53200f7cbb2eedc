"""What a file of facilities seems to hold: its columns, encoding and coordinates, for a config to start from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError
from circle15.inputs.coordinates.checks import looks_like
from circle15.inputs.coordinates.systems import zone_epsg
from circle15.inputs.facilities.crs_signs import Sign, table_signs
from circle15.inputs.facilities.facility_sources import open_layer
from circle15.inputs.facilities.facility_values import CAPACITY_UNITS, unit_of
from circle15.inputs.facilities.places import COORDINATE_FIELDS, coordinates_as_found, system_in_headings
from circle15.inputs.ground.polygon_files import ID_FIELDS
from circle15.inputs.ground.polygons import COMMUNITY_NAME_FIELDS, NAME_FIELDS
from circle15.inputs.tables.headings import choose_column
from circle15.inputs.tables.repeated_rows import year_column
from circle15.inputs.tables.values import ValueReader, open_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.config.layer import LayerTable
    from circle15.inputs.tables.reading import Table

Floats = npt.NDArray[np.float64]

_FIELDS = (
    "name", "id", "lon", "lat", "x", "y", "lonlat", "used", "quality", "street", "community", "status", "people",
    "unit_code", *CAPACITY_UNITS,
)  # fmt: skip
_MOST_KINDS = 200
_AREAL = 2  # dimensions of a polygon


@dataclass(frozen=True, slots=True)
class LayerGuess:
    """What a file seems to hold; everything in it is for a person to confirm.

    `columns` maps fields of the alias dictionary to headings. `x`, `y` are the coordinates as found, for
    `network.crs_detector.detect_crs`. `crs` is what the file or the numbers' size says: a geographic file's own system,
    "cgcs2000" for eastings with their zone, "EPSG:3857" for a web map's metres, None where degrees could be WGS-84,
    GCJ-02 or BD-09, or metres do not tell their meridian; `looks` names the kind ("degrees", "metres_swapped" ...).
    """

    path: Path
    sheet: str | None
    encoding: str | None
    n_rows: int
    headings: tuple[str, ...]
    columns: dict[str, str]
    capacity_unit: str | None
    crs: str | None
    looks: str  # as `coordinate_checks.looks_like` says, "nothing" without coordinates
    x: Floats  # (n,)
    y: Floats
    names: tuple[str, ...]  # (n_rows,) "" where nothing is said
    codes: tuple[str, ...]  # (n_rows,) of the units, likewise
    is_areal: bool  # every feature is a polygon
    system_in_headings: str | None  # "gcj02" of "经度_gcj02"; of several pairs the one in WGS-84
    kinds: dict[str, dict[str, int]]  # heading of each column of kinds, its values and how many rows have them
    latest_year: tuple[str, str] | None  # heading and value, where names stand there for several years
    signs: tuple[Sign, ...]  # of the map service that the coordinates come from


@dataclass(frozen=True, slots=True)
class RawCoordinates:
    """A file's coordinates as they stand in it, and what else it says about their system."""

    x: Floats  # (n,) longitude or easting, NaN where a row has none
    y: Floats
    names: tuple[str, ...]  # (n,) or none
    signs: tuple[Sign, ...]
    headings: tuple[str, ...]


def guess_layer(path: Path, *, headings: Mapping[str, Sequence[str]] | None = None) -> LayerGuess:
    """Look at a file of facilities and say what it seems to hold.

    Raises
    ------
    InputError
        If it cannot be read as a table at all.
    """
    reader = open_table(path, headings=headings, key="")
    table, found = reader.table, reader.found
    said = system_in_headings(found)
    chosen = {
        f: choose_column(f, found, file=table.file, key=None, system=said if f in COORDINATE_FIELDS else None)
        for f in _FIELDS
    }
    columns = {f: c for f, c in chosen.items() if c is not None}
    is_areal = _is_areal(table)
    if is_areal:
        known = {"name": (*NAME_FIELDS, *COMMUNITY_NAME_FIELDS), "unit_code": ID_FIELDS}
        columns |= {f: c for f, names in known.items() for c in names[::-1] if c in table.columns}
    x, y = _as_found(reader, said)
    looks = looks_like(x, y)
    capacity = next((f for f in CAPACITY_UNITS if f in columns), None)
    return LayerGuess(
        path=table.path,
        sheet=table.sheet,
        encoding=table.encoding,
        n_rows=len(table.frame),
        headings=tuple(table.columns),
        columns=columns,
        capacity_unit=None if capacity is None else unit_of(columns[capacity], found),
        crs=_guess_crs(table, looks, x, y),
        looks=looks,
        x=x,
        y=y,
        names=_names(table, columns),
        codes=_texts(table, columns.get("unit_code")),
        is_areal=is_areal,
        system_in_headings=said,
        kinds=_kinds(table, found),
        latest_year=_latest_year(table, found, _names(table, columns)),
        signs=table_signs(table),
    )


def _kinds(table: Table, found: Mapping[str, list[list[str]]]) -> dict[str, dict[str, int]]:
    columns = [c for rank in found.get("kind", []) for c in rank]
    counted = {c: Counter(" ".join(t.split()) for t in table.frame[c]) for c in columns}
    return {c: dict(counts.most_common()) for c, counts in counted.items() if 1 < len(counts) <= _MOST_KINDS}


def _latest_year(table: Table, found: Mapping[str, list[list[str]]], names: tuple[str, ...]) -> tuple[str, str] | None:
    amounts = [c for rank in found.get("people", []) for c in rank]
    year = year_column(table, found, amounts)
    return (year.heading, year.latest) if year is not None and len(set(names)) < len(names) else None


def source_text(guess: LayerGuess) -> str:
    """Give a file as a config names it: with its sheet or layer where it has several."""
    return (
        f"{guess.path.name}#{guess.sheet}" if guess.sheet and guess.path.suffix.lower() != ".shp" else guess.path.name
    )


def read_raw(layer: LayerTable, path: Path, *, headings: Mapping[str, Sequence[str]] | None = None) -> RawCoordinates:
    """Give a layer's coordinates as its file has them, with what else tells which system they are in.

    Raises
    ------
    InputError
        If the file cannot be read or has no coordinates.
    """
    reader = open_layer(layer, path, headings=headings)
    table, found = reader.table, reader.found
    signs = table_signs(table)
    name = layer.name_field or choose_column("name", found, file=table.file, key=None)
    names = tuple(table.frame[name]) if name in table.columns else ()
    if table.geometry is not None and layer.lon_field is None:
        return RawCoordinates(*_points(table), names, signs, tuple(table.columns))
    x, y, _ = coordinates_as_found(reader, crs=layer.crs, lon_field=layer.lon_field, lat_field=layer.lat_field)
    return RawCoordinates(x, y, names, signs, tuple(table.columns))


def _as_found(reader: ValueReader, said: str | None) -> tuple[Floats, Floats]:
    if reader.table.geometry is not None:
        return _points(reader.table)
    try:
        x, y, _ = coordinates_as_found(reader, crs=said)
    except InputError:
        # A guess may well find no coordinates; the config to confirm then says so by `looks`.
        nothing = np.full(len(reader.table.frame), np.nan)
        return nothing, nothing
    return x, y


def _names(table: Table, columns: Mapping[str, str]) -> tuple[str, ...]:
    return _texts(table, next((columns[f] for f in ("name", "street", "community") if f in columns), None))


def _texts(table: Table, column: str | None) -> tuple[str, ...]:
    return ("",) * len(table.frame) if column is None else tuple(t.strip() for t in table.frame[column])


def _is_areal(table: Table) -> bool:
    if table.geometry is None:
        return False
    return bool((shapely.get_dimensions(np.asarray(table.geometry.to_numpy(), dtype=object)) == _AREAL).all())


def _points(table: Table) -> tuple[Floats, Floats]:
    shapes = np.array(table.geometry.to_numpy() if table.geometry is not None else [], dtype=object)
    # A shape without corners is at no place, as one that is missing; shapely asks it for its x in vain.
    shapes[shapely.is_empty(shapes)] = None
    points = shapely.point_on_surface(shapes)
    return shapely.get_x(points), shapely.get_y(points)


def _guess_crs(table: Table, looks: str, x: Floats, y: Floats) -> str | None:
    if table.crs is not None:
        return table.crs
    if looks in {"zoned", "zoned_swapped"}:
        easting = x if looks == "zoned" else y
        return "cgcs2000" if zone_epsg(int(np.nanmedian(easting) // 1_000_000)) is not None else None
    return "EPSG:3857" if looks == "mercator" else None
