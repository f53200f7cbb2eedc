"""Where the rows of a facility table are: coordinate columns of any system to WGS-84."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, MissingColumnError, Problem
from circle15.inputs.coordinates.checks import explain_misfit, inside_area, looks_like
from circle15.inputs.coordinates.systems import NAMED_SYSTEMS, crs_caveat, is_projected, parse_crs, to_wgs84, zone_epsg
from circle15.inputs.tables.headings import choose_column, missing_column, named_column, split_heading
from circle15.inputs.tables.import_report import Change
from circle15.inputs.tables.numbers import ParsedNumber, parse_degrees, parse_number, parse_pair
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.inputs.tables.reading import Table
    from circle15.inputs.tables.values import ValueReader

Floats = npt.NDArray[np.float64]

COORDINATE_FIELDS = ("lon", "lat", "x", "y", "lonlat")
_HALF_CIRCLE = 180.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where each row is, and for rows without a place why not."""

    lon: Floats  # (n,) degrees WGS-84, NaN where `reason` says why
    lat: Floats
    geometry: npt.NDArray[np.object_]  # (n,) shapely, EPSG:4326; points, or what the file has
    reason: list[str | None]  # (n,) codes of the import report
    system: str
    changes: tuple[Change, ...]
    x: Floats  # (n,) as the file has them, for measuring which system they really are in
    y: Floats


@dataclass(frozen=True, slots=True)
class _Numbers:
    x: Floats
    y: Floats
    reason: list[str | None]
    changes: list[Change]
    shown: tuple[str, str]  # the columns, for messages


def places_from_columns(
    reader: ValueReader,
    *,
    crs: str | None,
    lon_field: str | None = None,
    lat_field: str | None = None,
    crs_key: str = "crs",
) -> Places:
    """Read the coordinates of a table's columns.

    Parameters
    ----------
    reader
        The table.
    crs
        The system that the config states.
    lon_field, lat_field
        Columns that the config names.
    crs_key
        The config's key that states the system, for messages.

    Raises
    ------
    InputError
        If no system is stated, no columns are found, or no row has coordinates of the stated system; says which system
        the numbers look like.
    """
    table = reader.table
    by_heading = system_in_headings(reader.found) if crs is None and lon_field is None else None
    if crs is None and by_heading is None:
        message = Said(
            '须写明其坐标系：crs = "wgs84"、"gcj02"（高德、腾讯）、"bd09"（百度）、"cgcs2000" 或 "EPSG:n"',
            'the coordinate system of its coordinates must be said: crs = "wgs84", "gcj02" (Amap, Tencent), "bd09" '
            '(Baidu), "cgcs2000" or "EPSG:n"',
        )
        raise InputError(Problem(message, file=table.file, key=crs_key))
    system = parse_crs(crs or str(by_heading), file=table.file, key=crs_key)
    numbers = _numbers(reader, system=system, named=(lon_field, lat_field))
    if by_heading is not None:
        shown = " / ".join(dict.fromkeys(numbers.shown))
        line = Change(table.path.name, "system_by_heading", table.sheet, column=shown, detail=by_heading)
        numbers.changes.append(line)
    others = [c for c in coordinate_columns(reader.found) if c not in numbers.shown]
    if others and lon_field is None:
        shown = " / ".join(dict.fromkeys(numbers.shown))
        line = Change(table.path.name, "columns_chosen", table.sheet, column=shown, detail=", ".join(others))
        numbers.changes.append(line)
    x, y, changes = numbers.x, numbers.y, numbers.changes
    if (
        lon_field is None
        and looks_like(x, y) in {"metres_swapped", "zoned_swapped"}
        and (is_projected(system) or system == "cgcs2000")
    ):
        x, y = y, x
        changes.append(
            Change(file=table.path.name, sheet=table.sheet, column=" / ".join(numbers.shown), reason="survey_axes")
        )
    caveat = crs_caveat(system)
    if caveat is not None:
        changes.append(Change(file=table.path.name, sheet=table.sheet, reason="inexact_datum", detail=caveat))
    lon, lat = to_wgs84(x, y, system)
    lon, lat = inside_area(np.atleast_1d(lon), np.atleast_1d(lat), system)
    usable = np.isfinite(lon)
    if not usable.any():
        _refuse(table, numbers, x, y, system)
    if system == "cgcs2000" and (np.abs(x[usable]) > _HALF_CIRCLE).any():
        zones = sorted({str(zone_epsg(int(z))) for z in x[usable & (np.abs(x) > _HALF_CIRCLE)] // 1_000_000})
        changes.append(
            Change(file=table.path.name, sheet=table.sheet, reason="system_by_zone", detail=", ".join(zones))
        )
    reason = list(numbers.reason)
    for i in np.flatnonzero(~usable):
        if reason[i] is None:
            swapped = looks_like(x[i : i + 1], y[i : i + 1]) == "degrees_swapped" and not is_projected(system)
            reason[i] = "swapped_coordinates" if swapped else "outside_system"
    geometry = np.full(len(lon), None, dtype=object)
    geometry[usable] = shapely.points(lon[usable], lat[usable])
    return Places(lon, lat, geometry, reason, system, tuple(changes), x, y)


def coordinate_columns(found: Mapping[str, list[list[str]]]) -> list[str]:
    """Give all headings that stand for coordinates, each once."""
    return list(dict.fromkeys(c for f in COORDINATE_FIELDS for rank in found.get(f, []) for c in rank))


def system_in_headings(found: Mapping[str, list[list[str]]]) -> str | None:
    """Give the system that the headings of a pair of columns name; WGS-84 before others, None where none does."""

    def systems_of(*fields: str) -> set[str | None]:
        return {split_heading(c).system for f in fields for rank in found.get(f, []) for c in rank}

    named = (systems_of("lon", "x") & systems_of("lat", "y")) | systems_of("lonlat")
    return next((s for s in NAMED_SYSTEMS if s in named), None)


def coordinates_as_found(
    reader: ValueReader, *, crs: str | None = None, lon_field: str | None = None, lat_field: str | None = None
) -> tuple[Floats, Floats, tuple[str, str]]:
    """Read the coordinate columns as numbers and convert nothing.

    Returns
    -------
    tuple
        float64 (n,) each, NaN where a row has none: what the table gives first (x, longitude) and second; and the names
        of the two columns.

    Raises
    ------
    MissingColumnError
        If no columns hold coordinates.
    """
    system = parse_crs(crs) if crs is not None else "wgs84"
    numbers = _numbers(reader, system=system, named=(lon_field, lat_field))
    return numbers.x, numbers.y, numbers.shown


def _numbers(reader: ValueReader, *, system: str, named: tuple[str | None, str | None]) -> _Numbers:
    """Find the coordinate columns and read them as numbers, in the order x, y."""
    table, found = reader.table, reader.found
    lon_field, lat_field = named
    key = {"file": table.file, "system": system}
    if (lon_field is None) != (lat_field is None):
        raise InputError(
            Problem(
                Said("lon_field 与 lat_field 须同时写或都不写", "name both lon_field and lat_field, or neither"),
                file=table.file,
            )
        )
    if lon_field is not None and lat_field is not None:
        columns: tuple[str | None, str | None] = (
            named_column(lon_field, table.columns, file=table.file, key="lon_field"),
            named_column(lat_field, table.columns, file=table.file, key="lat_field"),
        )
    else:
        fields = ("x", "y", "lon", "lat") if is_projected(system) else ("lon", "lat", "x", "y")
        chosen = [
            choose_column(f, found, key=f"{k}_field", **key) for f, k in zip(fields, ("lon", "lat") * 2, strict=True)
        ]
        columns = (chosen[0], chosen[1]) if chosen[0] and chosen[1] else (chosen[2], chosen[3])
    if columns[0] and columns[1]:
        parse = parse_number if is_projected(system) else _degrees_or_metres
        parsed = [[parse(t) for t in table.frame[c].tolist()] for c in columns]
        return _as_numbers(table, (columns[0], columns[1]), parsed[0], parsed[1])
    pair = choose_column("lonlat", found, key=None, **key)
    if pair is None:
        raise MissingColumnError(missing_column(("lon", "lat"), table.columns, reader.aliases, file=table.file))
    both = [parse_pair(t) for t in table.frame[pair].tolist()]
    return _as_numbers(table, (pair, pair), [p[0] for p in both], [p[1] for p in both])


def _degrees_or_metres(text: str) -> ParsedNumber:
    """Read degrees however written; plain numbers beyond them pass, so that a wrong system can be named."""
    parsed = parse_degrees(text)
    return parsed if np.isfinite(parsed.value) or parsed.reason is None else _grouped(text, parsed)


def _grouped(text: str, otherwise: ParsedNumber) -> ParsedNumber:
    parsed = parse_number(text)
    return parsed if parsed.reason == "thousands" else otherwise


def _as_numbers(table: Table, columns: tuple[str, str], xs: list[ParsedNumber], ys: list[ParsedNumber]) -> _Numbers:
    changes = []
    for column, parsed in zip(dict.fromkeys(columns), (xs, ys), strict=False):
        texts = table.frame[column].tolist()
        for i, p in enumerate(parsed):
            if p.reason is None:
                continue
            taken = "" if np.isnan(p.value) else repr(p.value)
            if columns[0] == columns[1] and taken:
                taken = f"{p.value!r}, {ys[i].value!r}"
            changes.append(
                Change(table.path.name, p.reason, table.sheet, int(table.row[i]), column, texts[i], taken, p.detail)
            )
    x, y = np.array([p.value for p in xs], dtype=np.float64), np.array([p.value for p in ys], dtype=np.float64)
    # (0, 0) is what databases write for "not known".
    nowhere = (x == 0) & (y == 0)
    x, y = np.where(nowhere, np.nan, x), np.where(nowhere, np.nan, y)
    reason: list[str | None] = []
    for i in range(len(x)):
        is_empty = nowhere[i] or (xs[i].reason in {None, "no_value"} and ys[i].reason in {None, "no_value"})
        is_good = np.isfinite(x[i]) and np.isfinite(y[i])
        reason.append(None if is_good else "no_coordinates" if is_empty else "bad_coordinates")
    return _Numbers(x, y, reason, changes, columns)


def _refuse(table: Table, numbers: _Numbers, x: Floats, y: Floats, system: str) -> NoReturn:
    given = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(given) == 0:
        first = next((i for i, r in enumerate(numbers.reason) if r == "bad_coordinates"), None)
        where = ", ".join(dict.fromkeys(numbers.shown))
        if first is None:
            raise InputError(Problem(Said("没有一行有坐标", "no row has coordinates"), file=table.file, column=where))
        value = tuple(table.frame[c].iloc[first] for c in dict.fromkeys(numbers.shown))
        message = Said(
            "没有一行的坐标可以读取；请写十进制度数，如 121.5534，或以米为单位",
            "no row has coordinates that can be read; write decimal degrees such as 121.5534, or metres",
        )
        raise InputError(Problem(message, file=table.file, row=int(table.row[first]), column=where, value=value))
    message = explain_misfit(x[given], y[given], system)
    shown = (float(x[given[0]]), float(y[given[0]]))
    raise InputError(
        Problem(message, file=table.file, row=int(table.row[given[0]]), column=", ".join(numbers.shown), value=shown)
    )
