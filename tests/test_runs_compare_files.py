"""What `compare` writes: titles that name scenarios, changes drawn, streets in numbers, the note and the workbook."""

import re

import pandas as pd
import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.model import load_config
from circle15.outputs.difference_tables import gap_texts, is_moved, signed_people, unit_table
from circle15.outputs.printing import find_browser
from circle15.pipeline import run_district
from circle15.runs.compare import compare_runs, streets_of_run
from circle15.runs.compare_files import compare_all, write_comparison
from tests.dated_town import write_town

BRIDGE = '[[change]]\nkind = "add_path"\nname = "Footbridge"\nline = [[0.004, 0.003], [0.005, 0.003]]\n'
CLINIC = '[[change]]\nkind = "add_facility"\nlayer = "clinic"\nname = "<b>New</b>"\nlon = 0.006\nlat = 0.003\ncapacity = 20\n'
CLOSED = '[[change]]\nkind = "close_facility"\nid = "clinic-3"\n'


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Give the town as it is, and under two scenarios."""
    folder = tmp_path_factory.mktemp("town")
    base = write_town(folder, "2024")
    folders = [run_district(load_config(base), out=folder / "as-it-is").folder]
    for name, changes in (("bridge", BRIDGE + CLINIC), ("closed", CLOSED)):
        path = folder / f"{name}.toml"
        path.write_text(f'base = "town.toml"\n{changes}', encoding="utf-8")
        folders.append(run_district(load_config(path), out=folder / name).folder)
    return folders


@pytest.fixture(scope="module")
def written(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "difference"
    write_comparison(compare_all(runs[0], runs[1:]), runs[1:], out)
    return out


def test_a_comparison_is_titled_by_what_the_scenario_changes(runs):
    assert compare_runs(runs[0], runs[1]).title == "Town: as it is → new Footbridge, new <b>New</b>"
    assert compare_runs(runs[0], runs[0]).title == "Town: 2024 → 2024"
    assert [change.kind for change in compare_runs(runs[0], runs[2]).changes] == ["close_facility"]


def test_every_scenario_has_a_map_with_its_changes_its_streets_and_a_ground_of_streets(written):
    page = (written / "difference-bridge.html").read_text(encoding="utf-8")
    assert page.count('"pane": "c15-changes"') == 2
    assert '"pane": "c15-ground"' in page
    assert "<b>New</b>" not in page.split("<body>")[-1].replace("&lt;b&gt;New&lt;/b&gt;", "")
    assert '<table class="c15-units">' in page
    assert "New path: Footbridge" in page
    assert "Closed facility" in (written / "difference-closed.html").read_text(encoding="utf-8")


def test_the_note_puts_scenarios_side_by_side_with_gains_and_losses_apart(runs, written):
    page = (written / "note.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 2
    assert page.count("<svg") == 2
    assert not re.search(r"""(?:src|href)=["']https?:""", page)
    assert "&lt;b&gt;New&lt;/b&gt;" in page
    for folder in runs[1:]:
        whole = compare_runs(runs[0], folder).table.drop_duplicates(["unit_id", "layer"]).iloc[-1]
        for text in (
            signed_people(whole["newly_covered_people"], "+"),
            signed_people(whole["lost_people"], "\N{MINUS SIGN}"),
        ):
            assert text in page
        assert f"{whole['share_after']:.1%}" in page


@pytest.mark.skipif(find_browser() is None, reason="needs a browser")
def test_the_note_is_printed_on_one_sheet(written):
    assert (written / "note.pdf").read_bytes().count(b"/Type /Page\n") == 1


def test_the_table_and_the_workbook_name_each_rows_scenario(written):
    table = pd.read_csv(written / "scenario.csv", encoding="utf-8-sig")
    assert set(table["scenario"]) == {"new Footbridge, new <b>New</b>", "closed 乙"}
    book = pd.read_excel(written / "scenario.xlsx", sheet_name=None, engine="calamine", header=None)
    assert list(book) == ["Notes", "Scenarios", "Columns"]
    assert len(book["Scenarios"]) == 1 + len(table)
    assert "Closed facility" in set(book["Notes"][0])


def test_a_map_without_streets_says_why(runs, tmp_path):
    osm = runs[1].parent / "streets.osm"
    kept = osm.read_bytes()
    try:
        osm.write_bytes(kept + b"\n<!-- another -->")
        found = streets_of_run(runs[1], compare_runs(runs[0], runs[1]).units)
    finally:
        osm.write_bytes(kept)
    assert "streets.osm" in found.en


def test_the_command_takes_several_scenarios(runs):
    printed = CliRunner().invoke(main, ["compare", *map(str, runs)])
    assert printed.exit_code == 0
    assert printed.stdout.splitlines()[0].endswith(",scenario")
    alone = CliRunner().invoke(main, ["compare", *map(str, runs[:2])])
    assert alone.stdout.splitlines()[0].endswith("places_missing_after")


def test_a_street_is_listed_where_people_or_the_printed_gap_differ():
    row = {
        "unit_name": "<甲>",
        "newly_covered_people": 0.0,
        "lost_people": 0.0,
        "gap_before": 10.04,
        "gap_after": 10.01,
    }
    assert not is_moved(row)
    assert gap_texts(row) == "10"
    assert is_moved({**row, "gap_after": 12.0})
    assert is_moved({**row, "lost_people": 0.4})
    assert signed_people(0.4, "+") == "+&lt; 1"
    table = pd.DataFrame(
        [
            {
                **row,
                "unit_id": unit,
                "layer": "a",
                "share_before": 0.5,
                "share_after": 0.6,
                "newly_covered_people": gain,
            }
            for unit, gain in (("u", 5.0), ("v", 0.0), ("whole", 5.0))
        ]
    )
    made = unit_table(table, "a", "zh")
    assert made.count("<tr>") == 2
    assert "&lt;甲&gt;" in made
    assert unit_table(table.assign(newly_covered_people=0.0), "a", "zh") == ""
