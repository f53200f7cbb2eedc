"""The catalogue: what runs write and what it declares are the same."""

import re
import runpy
import tomllib
from dataclasses import fields

import pandas as pd
import pytest

from circle15.config.model import parse_config
from circle15.config.outputs import OUTPUT_NAMES, OutputsTable
from circle15.outputs.catalogue import catalogue, output_of
from circle15.outputs.dictionary import entry
from circle15.outputs.printing import find_browser
from circle15.outputs.result_tables import ResultTables
from circle15.pipeline import run_district

COMMANDS = ("site", "rank", "compare", "trend", "batch", "programme CONFIG")
PAGES = {
    "map": ("maps", "map_data", "map_places", "proposals", "missing_links", "certainty_words"),
    "report": (
        "report",
        "report_charts",
        "report_proposals",
        "report_tables",
        "missing_links",
        "sentences",
        "certainty_words",
    ),
    "pictures": ("pictures", "proposals"),
    "gpkg": ("tables", "gis_proposals", "proposals"),
    "charts": ("workbook_parts",),
    "summary": ("summary",),
}
READ = re.compile(r'(?:result\.tables\.|district\.tables\.get\("|d\.tables\["|own\("|_stacked\(ordered, ")(\w+)')


@pytest.fixture(scope="module")
def everything(root, tmp_path_factory):
    """Give the sample, run for one service with all that can be asked for."""
    folder = root / "data" / "sample"
    raw = tomllib.loads((folder / "sample.toml").read_text(encoding="utf-8"))
    raw["layer"] = [raw["layer"][0] | {"access_measures": ["cumulative"]}]
    has_browser = find_browser() is not None
    raw["outputs"] = {"isochrones": "all", "crs": "gcj02", "pictures": True, "pdf": has_browser}
    plan = tmp_path_factory.mktemp("plan") / "projects.csv"
    plan.write_text("name,lon,lat,layer\nA,120.51,29.505,nursery\n", encoding="utf-8")
    raw["certainty"] = {"draws": 5}
    raw["planning"] = {"projects": str(plan), "crs": "wgs84", "links": True}
    raw["programme"] = {"years": [2025], "goals": [{"layer": "nursery", "covered_share": 0.5}]}
    return run_district(parse_config(raw, folder / "sample.toml"), out=tmp_path_factory.mktemp("all") / "out")


def written(run):
    return [p.relative_to(run.folder).as_posix() for p in run.folder.rglob("*") if p.is_file()]


def test_every_file_that_a_run_writes_is_declared_and_every_declared_one_is_written(everything):
    found = {output_of(name).key for name in written(everything)}
    by_runs = {o.key for o in catalogue().values() if o.asked_by not in COMMANDS}
    assert found == by_runs - (set() if find_browser() else {"report_pdf"})
    with pytest.raises(LookupError):
        output_of("another.csv")


def test_every_table_of_a_result_is_a_sheet_and_the_other_way_round(everything):
    assert set(everything.result.tables) == {
        o.key for o in catalogue().values() if o.sheet_zh and o.asked_by not in COMMANDS
    }
    assert {f.name for f in fields(ResultTables)} == set(everything.result.tables)


def test_every_column_is_in_the_dictionary_with_decimals_where_it_has_numbers(everything):
    ids = tuple(layer.id for layer in everything.result.layers)
    for key, table in {**everything.result.tables, "cells": everything.result.cells}.items():
        for column in table.columns:
            known = entry(key, str(column), ids)
            assert known is not None, (key, column)
            values = table[column]
            is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
            if values.notna().any():
                assert bool(known.decimals) == is_number, (key, column, values.dtype)


def test_every_key_that_asks_for_files_is_declared():
    asked = {o.asked_by for o in catalogue().values()} - {"", *COMMANDS}
    assert set(OUTPUT_NAMES) - {"whatif"} <= asked  # which stands on the map and has no file of its own
    assert asked - set(OUTPUT_NAMES) <= set(OutputsTable.model_fields)


def test_who_reads_a_table_is_as_declared(root):
    declared = {(o.key, page) for o in catalogue().values() if o.sheet_zh for page in o.read_by}
    found = set()
    for page, modules in PAGES.items():
        for module in modules:
            text = (root / "circle15" / "outputs" / f"{module}.py").read_text(encoding="utf-8")
            found |= {(table, page) for table in READ.findall(text)}
            found |= {("coverage", page)} if "coverage_row" in text else set()
    assert found == declared


def test_the_page_of_outputs_is_what_its_script_makes(root):
    page = (root / "docs" / "reference" / "outputs.md").read_text(encoding="utf-8")
    assert page == runpy.run_path(str(root / "scripts" / "make_outputs_page.py"))["outputs_page"]()
