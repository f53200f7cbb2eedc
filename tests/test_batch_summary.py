"""Districts side by side: ranks, gaps, changes by the same definition, and what is said of the rest."""

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from python_calamine import CalamineWorkbook

from circle15.outputs.palette import lightness
from circle15.outputs.summary import COLUMNS, DistrictTables, read_previous, summarise
from circle15.outputs.summary_page import COLOURS, NO_DATA, class_colour, summary_page
from circle15.outputs.summary_workbook import write_summary_workbook
from circle15.outputs.tables import write_csv


def district(name, share, *, minutes=15.0, speed_m_s=1.25, units=True):
    people = 200.0
    ids = [f"{name}-1", name] if units else [name]
    coverage = pd.DataFrame(
        {
            "unit_id": ids,
            "unit_name": [f"<unit of {name}>", "whole district"][-len(ids) :],
            "layer": "clinic",
            "threshold_min": minutes,
            "group": "all",
            "people": people,
            "covered_people": people * share,
            "covered_share": share,
        }
    )
    gaps = pd.DataFrame({"unit_id": ids, "unit_name": "", "layer": "clinic", "norm": np.nan, "supply": 3.0,
                         "accessible_supply": 2.5, "need": np.nan, "gap": 7.0, "gap_unit": "people"})  # fmt: skip
    layers = [{"id": "clinic", "name": "Clinic", "min_count": 1, "speed_m_s": speed_m_s}]
    shapes = gpd.GeoDataFrame({"unit_id": [ids[0]]}, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4326")
    tables = {"coverage": coverage, "gaps": gaps}
    return DistrictTables(name, name, name.title(), "en", layers, tables, shapes, ("mind the gap",))


def whole(summary):
    return summary.rows[summary.rows["level"] == "district"].set_index("district_id")


def test_districts_are_ranked_among_districts_and_equal_shares_share_a_rank():
    summary = summarise([district("c", 0.5), district("a", 0.9), district("b", 0.5)], [], lang="en")
    assert list(summary.rows.columns) == list(COLUMNS)
    assert whole(summary)["rank"].to_dict() == {"a": 1, "b": 2, "c": 2}
    assert whole(summary)["gap"].tolist() == [7.0] * 3


def test_change_is_stated_where_the_definition_is_the_same(tmp_path):
    write_csv(
        summarise(
            [district("a", 0.5), district("b", 0.5, minutes=10.0), district("d", 0.5, speed_m_s=0.9)], [], lang="en"
        ).rows,
        tmp_path / "summary.csv",
    )
    now = [district(name, 0.75) for name in "abcd"]
    rows = whole(summarise(now, [], lang="en", previous=read_previous(tmp_path), previous_name="then"))
    assert rows.loc["a", "change"] == pytest.approx(0.25)
    assert rows.loc["a", "change_note"] == ""
    assert rows.loc[["b", "d"], "change"].isna().all()
    assert rows.loc[["b", "d"], "change_note"].str.contains("not comparable").all()
    assert np.isnan(rows.loc["c", "previous_share"])
    assert "not in the earlier batch" in rows.loc["c", "change_note"]


def test_the_page_names_failures_and_escapes_what_comes_from_data():
    summary = summarise([district("a", 0.5)], [("b.toml", "no <such> file")], lang="en")
    page = summary_page(summary)
    assert "no &lt;such&gt; file" in page
    assert "<unit of a>" not in page
    assert "mind the gap" in page
    assert 'src="http' not in page
    assert page == summary_page(summary)


def test_a_batch_without_results_still_says_what_failed(tmp_path):
    summary = summarise([], [("b.toml", "gone")], lang="zh")
    assert "gone" in summary_page(summary)
    write_summary_workbook(summary, tmp_path / "s.xlsx")
    assert CalamineWorkbook.from_path(str(tmp_path / "s.xlsx")).sheet_names == ["目录", "提示与未完成"]


def test_the_workbook_has_districts_and_units_side_by_side(tmp_path):
    write_summary_workbook(summarise([district("a", 0.5), district("b", 0.9)], [], lang="en"), tmp_path / "s.xlsx")
    book = CalamineWorkbook.from_path(str(tmp_path / "s.xlsx"))
    assert book.sheet_names[:4] == ["Contents", "Districts", "Units", "All rows"]
    rows = book.get_sheet_by_name("Districts").to_python()
    assert rows[0] == ["District", "People", "Clinic share", "Clinic rank", "District id"]
    assert rows[1:] == [["A", 200.0, 0.5, 2.0, "a"], ["B", 200.0, 0.9, 1.0, "b"]]
    book.close()


def test_a_scenario_stands_beside_its_base(tmp_path):
    base = district("a", 0.5)
    scenario = replace(district("a", 0.6), id="a-more", name="A (a-more)")
    summary = summarise([scenario, base], [], lang="en")
    assert whole(summary)["covered_share"].to_dict() == {"a": 0.5, "a-more": 0.6}
    assert whole(summary)["gap"].tolist() == [7.0, 7.0]
    write_summary_workbook(summary, tmp_path / "s.xlsx")
    assert "a-more" in summary_page(summary)


def test_a_change_is_printed_in_points_and_a_speed_with_two_decimals_on_lying_pages(tmp_path):
    write_csv(summarise([district("a", 0.5)], [], lang="zh").rows, tmp_path / "summary.csv")
    now = summarise([district("a", 0.524)], [], lang="zh", previous=read_previous(tmp_path), previous_name="then")
    write_summary_workbook(now, tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    for name in ("区县", "明细"):
        cells = {c.value: book[name].cell(2, c.column) for c in book[name][1]}
        (change,) = (cell for heading, cell in cells.items() if heading.endswith("变化（百分点）"))
        assert (change.value, change.number_format) == (pytest.approx(2.4), "+0.0;-0.0;0.0")
        assert book[name].page_setup.orientation == "landscape"
        assert book[name].print_title_rows == "$1:$1"
    assert cells["步速（米/秒）"].number_format == "#,##0.00"
    assert cells["层级"].value == "街道"


def test_changes_are_points_with_a_sign_and_districts_go_without_their_ids(tmp_path):
    then = summarise([district("a-x", 0.5), district("b-x", 0.5), district("c-x", 0.5)], [], lang="en")
    write_csv(then.rows, tmp_path / "summary.csv")
    now = [district("a-x", 0.75), district("b-x", 0.25), district("c-x", 0.5)]
    summary = summarise(now, [], lang="en", previous=read_previous(tmp_path), previous_name="then")
    page = summary_page(summary)
    cells = re.findall(r'<td class="number"[^>]*>([^<]*)</td>', page)
    assert {"+25.0", "\N{MINUS SIGN}25.0", "0.0"} <= set(cells)
    assert "<td>a-x</td>" not in page
    assert page.count('tabindex="0" data-box="0.00000,0.00000,1.00000,1.00000"') == 6
    assert page.index("<h1>") < page.index('class="legend"') < page.index("<table>")


def test_the_summarys_map_credits_the_sources_of_its_districts_once():
    sources = ("© OpenStreetMap contributors", "Published by: A & B")
    made = [replace(district(name, 0.5), sources=sources) for name in "ab"]
    page = summary_page(summarise(made, [], lang="en"))
    assert page.count("addAttribution(") - page.count("addAttribution(t") == len(sources)
    assert "A \\u0026amp; B" in page
    assert 'setPrefix("Leaflet")' in page


def test_a_higher_share_is_never_drawn_darker():
    order = [COLOURS.index(class_colour(share)) for share in np.linspace(0, 1, 101)]
    assert order == sorted(order)
    assert class_colour(float("nan")) == NO_DATA
    lights = [lightness(colour) for colour in COLOURS]
    assert lights == sorted(lights)
    assert lights[-1] < lightness("#fbfaf7") - 5  # and the lightest is seen on the paper


def partly_off(name, share, off):
    """A district of which a share of the people is off the network."""
    made = district(name, share)
    coverage = made.tables["coverage"]
    told = coverage.assign(
        people_off_network=coverage["people"] * off,
        people_without_streets=coverage["people"] * off,
        covered_share_on_network=coverage["covered_share"] / (1 - off),
    )
    return replace(made, tables={**made.tables, "coverage": told})


def test_people_off_the_network_stand_beside_the_share_on_page_workbook_and_csv(tmp_path):
    summary = summarise([partly_off("a", 0.6, 0.2), district("b", 0.7)], [], lang="en")
    rows = whole(summary)
    assert rows["people_off_network"].tolist()[:1] == [40.0]
    assert rows["covered_share_on_network"].tolist()[0] == pytest.approx(0.75)
    # A run older than the columns has none, and nothing is made up for it.
    assert rows.loc["b", ["people_off_network", "covered_share_on_network"]].isna().all()
    page = summary_page(summary)
    assert "60.0%, 20.0% without street data; on the network 75.0%" in page
    assert "Clinic off-network share" in page
    write_summary_workbook(summary, tmp_path / "s.xlsx")
    heading, first, second = CalamineWorkbook.from_path(tmp_path / "s.xlsx").get_sheet_by_name("Districts").to_python()
    assert heading[2:5] == ["Clinic share", "Clinic off-network share", "Clinic on-network share"]
    assert first[2:5] == pytest.approx([0.6, 0.2, 0.75])
    assert second[3:5] == ["", ""]


def test_districts_wholly_on_the_network_have_no_columns_of_those_off_it(tmp_path):
    page = summary_page(summarise([partly_off("a", 0.6, 0.0)], [], lang="en"))
    assert "off-network" not in page
    assert "without street data" not in page
