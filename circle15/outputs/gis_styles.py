"""The map's classes and names in the GeoPackage: QGIS opens every layer coloured, columns have names for people."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from circle15.outputs.certainty_words import word
from circle15.outputs.dictionary import entry
from circle15.outputs.gis_rules import (
    area_rule,
    cause_rules,
    count_rules,
    facility_rule,
    gap_rules,
    plain_rules,
    sure_rules,
    time_rules,
)
from circle15.outputs.gis_symbols import aliases, labels, renderer, style_text
from circle15.outputs.map_data import glyphs_of
from circle15.outputs.shared_words import words
from circle15.outputs.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from xml.etree import ElementTree as ET

    from circle15.outputs.gis_symbols import Rule
    from circle15.outputs.result import DistrictResult

STAMP = "2000-01-01T00:00:00.000Z"
"""One date for all, as for the layers themselves: the same inputs give the same bytes."""
LABELLED = {"units": "unit_name", "facilities": "name", "changes": "name", "changed_paths": "name"}
"""By which column the features of a layer are labelled."""
FACILITY_LABELS_FROM = 12_000
"""Facilities are labelled from that scale on, or names would hide the cells."""
_PLAIN = ("units", "boundary", "streets", "ranking", "projects", "programme", "links", "changes", "changed_paths")

_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)"""
_COLUMNS = """
CREATE TABLE IF NOT EXISTS gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
    constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name)
)"""
_EXTENSION = """
INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope)
VALUES ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write')
"""
_EXTENSIONS = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
)"""


def table_title(table: str, lang: str) -> str:
    """Say what a layer of the GeoPackage is."""
    titles = {
        "cells": ("网格", "Cells"), "units": ("街道", "Units"), "boundary": ("规划范围", "District"),
        "streets": ("步行路网", "Walkable streets"), "changes": ("方案改动", "Changes"),
        "changed_paths": ("方案改动（通道）", "Changed paths"),
    }  # fmt: skip
    if table in titles:
        return titles[table][lang != "zh"]
    return words(lang)["service_area" if table == "isochrones" else table]


def column_names(result: DistrictResult, table: str, columns: Iterable[str]) -> dict[str, str]:
    """Give what columns are called in the run's language, a service's own by its name; those unknown are left out."""
    names, layers = {}, {layer.id: layer.name for layer in result.layers}
    ids = tuple(layers)
    of_table = {"boundary": "coverage", "units": "coverage", "changed_paths": "changes", "isochrones": "coverage"}
    for column in columns:
        known = entry(of_table.get(table, table), column, ids) or entry("cells", column, ids)
        whose = max((i for i in ids if column.startswith(f"{i}_")), key=len, default="")
        if known is None and whose:
            known = entry("coverage", column.removeprefix(f"{whose}_"))
        if known is not None:
            heading = known.heading_with_unit(result.lang)
            names[column] = f"{layers[whose]} · {heading}" if whose and known.column != column else heading
    return names


def write_styles(result: DistrictResult, path: Path) -> None:
    """Add to the GeoPackage of a result what its layers and columns are called, and the table of styles.

    Names of columns stand in `gpkg_data_columns` (the standard's own extension) and in each style. The cells open by
    the walking time of the first service; QGIS offers the other services, gaps and causes as further styles.
    """
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("PRAGMA synchronous = OFF")  # as in `write_gpkg`
        geometry = dict(file.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        columns = {
            table: [row[1] for row in file.execute(f'PRAGMA table_info("{table}")')] for table in sorted(geometry)
        }
        named = {table: column_names(result, table, listed) for table, listed in columns.items()}
        _write_names(file, named, result.lang)
        file.execute(_STYLES)
        file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
            " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (STAMP,),
        )
        file.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, styleSLD, useAsDefault, description, owner, update_time)"
            " VALUES ('', '', ?, ?, ?, ?, '', ?, '', '', ?)",
            [
                (table, geometry[table], name[:30], _style(table, rules, named[table]), is_first, STAMP)
                for table, name, rules, is_first in _styles(result)
                if table in geometry
            ],
        )


def _write_names(file: sqlite3.Connection, named: Mapping[str, Mapping[str, str]], lang: str) -> None:
    file.executemany(
        "UPDATE gpkg_contents SET identifier = ? WHERE table_name = ?",
        [(f"{table_title(table, lang)} ({table})", table) for table in named],
    )
    file.execute(_EXTENSIONS)
    file.execute(_COLUMNS)
    file.execute(_EXTENSION)
    file.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
        [(table, column, column, title) for table, titles in named.items() for column, title in titles.items()],
    )


def _style(table: str, rules: list[Rule], named: Mapping[str, str]) -> str:
    parts = [renderer(rules), *([label_of(table)] if table in LABELLED else []), aliases(named)]
    return style_text(part for part in parts if part is not None)


def label_of(table: str) -> ET.Element | None:
    """Give the labels of a layer; None where it has none."""
    if table not in LABELLED:
        return None
    if table == "units":
        return labels(LABELLED[table], size_pt=10, bold=True)
    return labels(LABELLED[table], size_pt=8, largest_scale=FACILITY_LABELS_FROM if table == "facilities" else None)


def _styles(result: DistrictResult) -> Iterator[tuple[str, str, list[Rule], bool]]:
    """Give every style: table, name, rules, and whether the layer opens with it."""
    say, lang, view = words(result.lang), result.lang, View(result)
    for i, layer in enumerate(result.layers):
        yield "cells", f"{layer.name} · {say['walking_minutes']}", time_rules(result, layer), i == 0
    for layer in result.layers:
        if f"{layer.id}_cause" in result.cells:
            yield "cells", f"{layer.name} · {say['cause']}", cause_rules(layer, lang), False
        for name, rules in ((say["gap"], gap_rules(view, layer)), (word("class", lang), sure_rules(result, layer))):
            if rules:
                yield "cells", f"{layer.name} · {name}", rules, False
    if len(result.layers) > 1:
        yield "cells", say["all_services"], count_rules(result), False
    marks = zip(result.layers, glyphs_of(result), strict=True)
    yield "facilities", say["facilities"], [facility_rule(s, glyph, i) for i, (s, glyph) in enumerate(marks)], True
    yield "isochrones", say["service_area"], [area_rule(layer) for layer in result.layers], True
    for table in (
        "units",
        "boundary",
        "streets",
        "ranking",
        "projects",
        "programme",
        "links",
        "changes",
        "changed_paths",
    ):
        yield table, table_title(table, lang), plain_rules(table), True
