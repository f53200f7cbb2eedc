"""People off the network are unknown, not uncovered: told beside every share, with the share among the others."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from circle15.measures.coverage import coverage, off_network
from circle15.outputs.beside_share import beside_figure, beside_share, off_label
from circle15.outputs.map_data import page_data
from circle15.outputs.sentences import three_sentences
from circle15.outputs.text import share_text
from circle15.outputs.view import View
from circle15.pipeline import run_district
from tests.test_pipeline_planning import at, write_town

HILL = 500
"""People 1,500 m north of the town, inside its border and far from every street."""


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hill")
    write_town(folder)
    with (folder / "people.csv").open("a", encoding="utf-8") as file:
        file.write(f"{at(800, 2000)[0]},{at(800, 2000)[1]},{HILL}\n")
    path = folder / "town.toml"
    text = path.read_text("utf-8").replace(str(at(0, 660)[1]), str(at(0, 2300)[1]))
    wanted = '"cells", "coverage", "completeness", "xlsx", "report", "map"'
    path.write_text(re.sub("write = .*", f"write = [{wanted}]", text), "utf-8")
    return path


@pytest.fixture(scope="module")
def run(town):
    return run_district(town, out=town.parent / "out")


@pytest.mark.parametrize("seed", range(5))
def test_covered_uncovered_and_unknown_are_all_the_people_and_nobody_unknown_moves_the_share_of_the_others(seed):
    rng = np.random.default_rng(seed)
    people, unit = rng.gamma(1, 40, 200), rng.integers(0, 4, 200)
    off = rng.random(200) < 0.3
    covered = ~off & (rng.random(200) < 0.6)
    found = off_network(covered, people, unit, 4, is_off=off, is_without_streets=off & (rng.random(200) < 0.5))
    whole = coverage(covered, people, unit, 4)
    for u in range(4):
        mine = unit == u
        known = people[mine & ~off & ~covered].sum()
        assert whole.covered_people[u] + known + found.people[u] == pytest.approx(whole.people[u])
        assert found.share_on_network[u] == pytest.approx(people[mine & covered].sum() / people[mine & ~off].sum())
    assert (found.without_streets <= found.people).all()
    none = np.zeros((~off).sum(), dtype=bool)
    alone = off_network(covered[~off], people[~off], unit[~off], 4, is_off=none, is_without_streets=none)
    np.testing.assert_allclose(alone.share_on_network, found.share_on_network)
    np.testing.assert_allclose(
        alone.share_on_network, coverage(covered[~off], people[~off], unit[~off], 4).covered_share
    )


def test_a_unit_that_is_wholly_off_the_network_has_no_share_among_the_others():
    found = off_network([False], [10.0], [0], 1, is_off=[True], is_without_streets=[True])
    assert np.isnan(found.share_on_network).all()
    row = SimpleNamespace(people=10, people_off_network=10, people_without_streets=10, covered_share_on_network=np.nan)
    assert beside_share(row, "zh") == "另有 100.0% 的居民所在网格无道路数据"


def test_tables_give_the_people_off_the_network_and_the_share_of_the_others(run):
    everybody = run.result.cells["population"].sum()
    for row in run.result.tables["coverage"].itertuples():
        assert row.people == pytest.approx(everybody)
        assert row.people_off_network == row.people_without_streets == HILL
        assert row.covered_share_on_network == pytest.approx(row.covered_people / (everybody - HILL))
    (complete,) = run.result.tables["completeness"].itertuples()
    assert complete.people_off_network == HILL
    assert complete.complete_share_on_network == pytest.approx(complete.complete_people / (everybody - HILL))


def test_every_headline_tells_them_beside_the_share(run):
    result, view = run.result, View(run.result)
    everybody = result.cells["population"].sum()
    off = share_text(HILL / everybody)
    rows = [row for _, row in view.coverage_rows()]
    told = [f"another {off} of the people live in cells without street data; {share_text(r.covered_share_on_network)}"
            " of those on the network" for r in rows]  # fmt: skip
    lines = run.summary().splitlines()
    assert all(line.endswith(text) for line, text in zip(lines[1:3], told, strict=True))
    assert f"another {off} of the people live in cells without street data" in three_sentences(view)[0]
    weakest = min(rows, key=lambda r: r.covered_share)
    known = weakest.people - weakest.covered_people - HILL
    assert f": {known:,.0f} residents cannot walk there" in three_sentences(view)[1]
    report = (run.folder / "report.html").read_text("utf-8")
    shares = page_data(view, {"bounds": [[0, 0], [1, 1]]}, [], [])["shares"]
    for row, share in zip(rows, shares[:2], strict=True):
        short = f"{off} without street data; on the network {share_text(row.covered_share_on_network)}"
        assert share["beside"] == beside_figure(row, "en") == short
        assert share["uncovered"] == f"{row.people - row.covered_people - HILL:,.0f} people"
        # The figure above, the row of the table of units.
        assert report.count(short) >= 2


def test_the_workbook_and_the_units_popup_show_them_in_columns_of_their_own(run):
    book = CalamineWorkbook.from_path(run.folder / "tables.xlsx")
    heading, *rows = book.get_sheet_by_name("Coverage").to_python()
    at_column = heading.index("People off the network")
    assert [row[at_column] for row in rows] == [HILL, HILL]
    (unit,) = page_data(View(run.result), {"bounds": [[0, 0], [1, 1]]}, [], [])["units"]
    assert unit["heading"][3:] == ["Off the network", "Share on the network"]
    assert [row[3] for row in unit["rows"]] == [f"{HILL}", f"{HILL}"]


def test_off_the_network_is_what_the_services_own_walkers_cannot_leave(town):
    """The hill gets stairs to the town: adults climb them, who may not use steps is still off the network."""
    osm = (town.parent / "town.osm").read_text("utf-8")
    (x, y), (foot_x, foot_y) = at(800, 2000), at(800, 520)
    foot = re.search(rf'<node id="(\d+)" lon="{foot_x}" lat="{foot_y}"', osm)[1]
    stairs = f'<way id="900" version="1"><nd ref="9001"/><nd ref="{foot}"/><tag k="highway" v="steps"/></way>'
    hill = f'<node id="9001" lon="{x}" lat="{y}" version="1"/>'
    nodes, ways = osm.split("<way", 1)
    (town.parent / "stairs.osm").write_text(f"{nodes}{hill}{stairs}<way{ways}", "utf-8")
    text = town.read_text("utf-8").replace("town.osm", "stairs.osm").replace("0.9", "0.9\nstairs = false")
    path = town.parent / "stairs.toml"
    path.write_text(text, "utf-8")
    tables = run_district(path, out=town.parent / "stairs").result.tables
    assert tables["coverage"].set_index("layer")["people_off_network"].to_dict() == {"clinic": 0, "canteen": HILL}
    # They are known to lack the clinic, so nothing about "all services" is unknown of them.
    assert tables["completeness"]["people_off_network"].tolist() == [0]


def test_texts_say_no_street_data_only_of_those_who_have_none():
    row = SimpleNamespace(
        people=1000, people_off_network=173, people_without_streets=122, covered_share_on_network=0.885
    )
    assert beside_share(row, "zh") == (
        "另有 17.3% 的居民所在网格未接入路网（其中 12.2% 无道路数据），接入路网的居民中为 88.5%"
    )
    assert off_label(row, "zh") == "未接入路网（其中 12.2% 无道路数据）"
    row.people_without_streets = 173
    assert off_label(row, "zh") == "未接入路网（无道路数据）"
    assert beside_share(row, "zh") == "另有 17.3% 的居民所在网格无道路数据，接入路网的居民中为 88.5%"
    assert beside_figure(row, "zh") == "另有 17.3% 无道路数据，路网内 88.5%"
    row.people_off_network = row.people_without_streets = 0.4
    assert beside_share(row, "zh") == beside_figure(row, "zh") == ""
