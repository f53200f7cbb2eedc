"""A scenario is named on every page and drawn on its maps, and its run.json says what it changes."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from circle15.config.model import parse_config, read_toml
from circle15.config.planning import merge_scenario
from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.outputs.drawing import plane_of
from circle15.outputs.maps import write_district_map
from circle15.outputs.pictures import draw_layer
from circle15.outputs.printed_changes import change_marks
from circle15.outputs.reprojected import in_system
from circle15.outputs.shown_changes import ShownChange, change_facts, changes_of_records, scenario_title
from circle15.outputs.view import View
from circle15.pipeline import run_district

CHANGES = """
base = "sample.toml"
[[change]]
kind = "add_path"
name = "河滨人行桥"
line = [[120.5123839, 29.5081191], [120.5134159, 29.5081191]]
[[change]]
kind = "add_facility"
layer = "nursery"
name = "竹溪<托育园>"
lon = 120.506
lat = 29.5140
capacity = 60
cost = 300
[[change]]
kind = "close_facility"
layer = "elderly_meals"
id = "elderly_meals-4"
[[change]]
kind = "set_capacity"
layer = "nursery"
id = "nursery-3"
capacity = 120
[outputs]
isochrones = "none"
write = ["cells", "coverage", "facilities", "map", "report", "xlsx"]
"""


@pytest.fixture(scope="module")
def scenario(root, tmp_path_factory):
    """Give a run of the sample with one change of each kind that a bureau makes."""
    path = root / "data" / "sample" / "many.toml"  # where its base lies; nothing is written there
    text = tmp_path_factory.mktemp("text") / "many.toml"
    text.write_text(CHANGES, encoding="utf-8")
    raw, innermost = merge_scenario(read_toml(text), path, read_toml)
    return run_district(
        parse_config({**raw, "base": innermost.name}, path), out=tmp_path_factory.mktemp("many") / "out"
    )


def test_the_changes_are_kept_with_what_was_before_and_where(scenario):
    told = json.loads((scenario.folder / "run.json").read_text(encoding="utf-8"))["scenario"]
    assert [change["kind"] for change in told] == ["add_path", "add_facility", "close_facility", "set_capacity"]
    assert told[2]["name"] == "示例柳荫助餐点"
    assert (told[2]["capacity_before"], told[3]["capacity_before"], told[3]["capacity"]) == (80, 90, 120)
    assert changes_of_records(told) == scenario.result.scenario


def test_every_page_names_the_scenario_and_says_its_changes(scenario):
    title = scenario_title(scenario.result.scenario, "zh")
    assert title == "新增河滨人行桥、新增竹溪<托育园>、撤销示例柳荫助餐点 等 4 项"
    report = (scenario.folder / "report.html").read_text(encoding="utf-8")
    assert "方案：新增河滨人行桥、新增竹溪&lt;托育园&gt;" in report
    assert "新增设施：竹溪&lt;托育园&gt;（托育，60 托位，300 万元）" in report
    assert "调整容量：示例望河托育园（托育，90 → 120 托位）" in report
    page = (scenario.folder / "index.html").read_text(encoding="utf-8")
    assert "公共服务步行圈 · 方案：新增河滨人行桥" in page
    sheet = pd.read_excel(scenario.folder / "tables.xlsx", sheet_name="说明", header=None, engine="calamine")
    rows = dict(zip(sheet[0], sheet[1], strict=True))
    assert rows["方案 · 撤销设施"] == "示例柳荫助餐点（老年食堂，80 餐位）"


def test_the_map_draws_the_changes_as_a_layer_of_its_own_without_another_library(scenario):
    page = (scenario.folder / "index.html").read_text(encoding="utf-8")
    assert page.count('"pane": "c15-changes"') == 4
    assert "方案改动" in page
    assert "$(`" not in page  # folium's own popups ask for jQuery
    assert "<托育园>" not in page.split('id="c15-data"')[0].split("</head>")[1]


def test_the_reports_maps_and_the_slides_draw_the_changes_of_their_service_and_the_paths(scenario):
    """A sign stands where its facility is on the drawing plane; a service whose facilities stay draws paths alone."""
    result = scenario.result
    view, plane = View(result), plane_of(result.boundary)
    layers = {layer.id: layer for layer in result.layers}
    nursery, meals, sport = (change_marks(view, layers[i], plane) for i in ("nursery", "elderly_meals", "sport"))
    facilities = result.tables.facilities
    ((x, y),) = plane.steps(facilities.loc[facilities["name"] == "竹溪<托育园>", ["lon", "lat"]].to_numpy()).tolist()
    assert {(sign["x"], sign["y"]) for sign in nursery["signs"]} >= {(x, y)}
    assert [len(marks["signs"]) for marks in (nursery, meals, sport)] == [2, 1, 0]
    assert [len(marks["lines"]) for marks in (nursery, meals, sport)] == [1, 1, 1]
    assert [entry["label"] for entry in nursery["legend"]] == ["新增通道", "新增设施", "调整容量"]
    page = (scenario.folder / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<svg class="map".*?</svg>', page, re.DOTALL)
    assert len(drawn) == len(result.layers) + len(result.units)
    assert all('class="change"' in one for one in drawn)
    assert "撤销设施</li>" in page
    pytest.importorskip("matplotlib")
    figure = draw_layer(view, layers["elderly_meals"], "DejaVu Sans")
    assert [text.get_text() for text in figure.legends[0].get_texts()][-2:] == ["新增通道", "撤销设施"]
    assert "×" in [text.get_text() for text in figure.axes[0].texts]


def test_changes_stand_where_the_map_stands(scenario):
    moved = in_system(scenario.result, "gcj02").scenario
    lon, lat = wgs84_to_gcj02(120.506, 29.5140)
    assert (moved[1].lon, moved[1].lat) == pytest.approx((float(lon), float(lat)))
    assert moved[0].lines[0][0] == pytest.approx([float(v) for v in wgs84_to_gcj02(120.5123839, 29.5081191)])
    assert in_system(scenario.result, "cgcs2000").scenario == scenario.result.scenario


def test_a_run_that_is_no_scenario_names_none_and_a_date_is_named(scenario, tmp_path):
    plain = replace(scenario.result, scenario=(), as_of="2024-12-31")
    write_district_map(plain, tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "公共服务步行圈 · 数据截止：2024-12-31" in page
    assert "步行圈 · 方案：" not in page
    assert '"pane": "c15-changes"' not in page


def test_changes_without_names_are_told_all_the_same():
    changes = (ShownChange("close_path", ""), ShownChange("set_capacity", "园", "n", capacity=5.0))
    assert scenario_title(changes, "zh") == "封闭通道、园调整容量"
    assert scenario_title(changes, "en") == "closed path, 园 resized"
    assert change_facts(changes, "en", {"n": "Nursery"}, {"n": "seats"})[1] == (
        "Resized facility",
        "园 (Nursery, 5 seats)",
    )
