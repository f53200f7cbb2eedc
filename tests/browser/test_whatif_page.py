"""The what-if's drawer as a planner uses it: by mouse, by keyboard, on a phone, and with names that mean harm."""

import csv
import io
import json
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from circle15 import run_district
from circle15.config.model import load_config
from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.network.own_lines import read_own_lines

EVIL = '</script><img src=x onerror="alert(1)">"\\\'\n[[change]]\nkind = "close_facility"'
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The sample, with candidates, a budget, and a nursery whose name means harm; its config's path."""
    folder = tmp_path_factory.mktemp("town") / "sample"
    shutil.copytree(ROOT / "data" / "sample", folder)
    table = pd.read_csv(folder / "托育机构.csv", encoding="gb18030")
    table.loc[0, "名称"] = EVIL
    table.to_csv(folder / "托育机构.csv", index=False, encoding="gb18030")
    (folder / "候选.csv").write_text(
        f'名称,服务,经度,纬度,造价,容量\n"{EVIL.replace(chr(34), chr(34) * 2)}",nursery,120.506,29.512,300,60\n'
        "二号地,nursery,120.507,29.5125,450,90\n三号地,sport,120.51,29.505,200,5000\n",
        encoding="utf-8",
    )
    config = folder / "sample.toml"
    planning = '\n[planning]\ncandidates = "候选.csv"\ncrs = "wgs84"\nbudget = 500.0\n'
    config.write_text(config.read_text("utf-8") + planning, encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def folder(town, tmp_path_factory):
    out = tmp_path_factory.mktemp("maps")
    run_district(town, out=out / "sample")
    return out / "sample"


class Desk:
    """The open drawer, and what a user does with it."""

    def __init__(self, opened):
        self.opened, self.page = opened, opened.page
        self.page.click("button.c15-w-open")
        self.page.wait_for_selector(".c15-w-body")
        self.settle()

    def settle(self):
        self.page.evaluate("() => circle15.whatif.desk.settled()")
        self.opened.settle()

    def tool(self, name):
        self.page.click(f"[data-tool={name}]")

    def at(self, lon, lat):
        """Give the place's pixels in the window."""
        script = """([lon, lat]) => {
          const p = circle15.state.folium.map.latLngToContainerPoint([lat, lon]);
          return [p.x, p.y];
        }"""
        return self.page.evaluate(script, [lon, lat])

    def click(self, lon, lat):
        self.page.mouse.click(*self.at(lon, lat))

    def items(self):
        return self.page.evaluate("() => circle15.whatif.desk.baskets.items")

    def changes(self):
        return [change for item in self.items() for change in item["changes"]]

    def said(self):
        return self.page.locator(".c15-w-live").text_content()

    def table(self):
        """Give the rows of streets by name, each a list of texts."""
        rows = self.page.evaluate(
            "() => [...document.querySelectorAll('.c15-w-units tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
        )
        return {name.removesuffix("最低"): texts for name, *texts in rows}

    def download(self, name):
        with self.page.expect_download() as waiting:
            self.page.click(f"[data-out={name}]")
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_text("utf-8")

    def is_calm(self):
        """Whether nothing left the page and nothing was complained of."""
        left = [url for url in self.opened.requests if not re.match(r"(file|blob|data|about):", url)]
        return left == [] and self.opened.complaints == []


@pytest.fixture
def desk(open_page, folder):
    return Desk(open_page(folder / "index.html"))


def test_nothing_is_decoded_before_the_drawer_is_opened_and_then_the_runs_own_numbers_are_there(open_page, folder):
    opened = open_page(folder / "index.html")
    assert opened.page.evaluate("() => [circle15.whatif.drawer, document.getElementById('c15-whatif')]") == [None, None]
    desk = Desk(opened)
    coverage = pd.read_csv(folder / "coverage.csv").query("layer == 'nursery'")
    shown = desk.table()
    for row in coverage.itertuples():
        name = "全区" if row.unit_id == "sample" else row.unit_name
        assert shown[name][1] == f"{row.covered_people:,.0f}"
    assert "各街道均无变化" in desk.page.locator("#c15-whatif").text_content()
    assert desk.is_calm()


def test_a_place_is_added_by_a_click_and_dragged_with_its_gain_at_the_pointer(desk):
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.settle()
    (added,) = desk.changes()
    assert (added["kind"], added["layer"], added["name"]) == ("add_facility", "nursery", "新增托育 1")
    assert (added["lon"], added["lat"]) == pytest.approx((120.506, 29.512), abs=1e-4)
    first = desk.table()["竹溪乡"]
    assert "→" in first[0]
    assert "+" in first[1]
    desk.tool("add")  # again: no tool, so that the map can be dragged as usual
    box = desk.page.locator(".c15-w-new").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 30, y - 10, steps=8)
    tip = desk.page.locator(".c15-w-tip")
    tip.wait_for(state="visible")
    desk.page.wait_for_function("() => document.querySelector('.c15-w-tip').textContent.includes('接入')")
    assert re.search(r"新增覆盖 0–2岁人口 [\d,]+ 人 · 补足缺口 [\d.]+ 托位 · 接入 [\d.]+ 米", tip.text_content())
    desk.page.mouse.up()
    desk.settle()
    (moved,) = desk.changes()
    assert moved["lon"] > added["lon"]
    assert moved["lat"] > added["lat"]
    assert desk.page.locator(".c15-w-tip").is_hidden()
    found = desk.page.evaluate("(changes) => circle15.whatif.evaluate(changes)", [moved])
    whole = next(u for u in found["units"] if u["unit_id"] == "sample" and u["layer"] == "nursery")
    assert desk.table()["全区"][1].startswith(f"{whole['covered_people']:,.0f}")
    assert desk.is_calm()


def test_a_place_off_the_network_is_red_and_told_why(desk):
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.settle()
    desk.tool("add")
    box = desk.page.locator(".c15-w-new").bounding_box()
    desk.page.mouse.move(box["x"] + 13, box["y"] + 13)
    desk.page.mouse.down()
    desk.page.evaluate(
        "() => void circle15.state.folium.map.setZoom(circle15.state.folium.map.getZoom() - 2, {animate: false})"
    )
    desk.page.mouse.move(760, 880, steps=12)
    desk.page.wait_for_function("() => document.querySelector('.c15-w-lost-place') !== null")
    assert desk.page.locator(".c15-w-tip.c15-w-bad").text_content() != ""
    desk.page.mouse.up()
    desk.settle()
    assert "未计入" in desk.page.locator(".c15-w-gains").text_content() or desk.page.locator(".c15-w-warn").count() > 0
    assert desk.is_calm()


def test_everything_is_done_by_keyboard_and_said_aloud(desk):
    page = desk.page
    page.locator("[data-tool=add]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for _ in range(20):  # the tools stand in tab order, behind them what the taken one wants
        if page.evaluate("() => document.activeElement.textContent") == "放在地图中央":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    desk.settle()
    (added,) = desk.changes()
    page.locator(".leaflet-marker-icon:has(.c15-w-new)").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    desk.settle()
    (moved,) = desk.changes()
    metre = 180 / (np.pi * 6371009)
    assert moved["lat"] - added["lat"] == pytest.approx(20 * metre, abs=2e-7)
    assert moved["lon"] - added["lon"] == pytest.approx(10 * metre / np.cos(np.radians(added["lat"])), abs=3e-7)
    assert re.search("托育：(新增|覆盖)", desk.said())
    page.keyboard.press("Control+z")
    desk.settle()
    assert desk.changes() == [added]  # three steps of arrows are one step of the history
    page.keyboard.press("Control+y")
    desk.settle()
    assert desk.changes() == [moved]
    page.locator("[data-tool=path]").focus()
    page.keyboard.press("Enter")
    page.locator(".folium-map").focus()
    page.keyboard.press(" ")
    page.wait_for_function("() => circle15.whatif.drawer.tools.points.length === 1")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_timeout(400)
    page.keyboard.press(" ")
    page.wait_for_function("() => circle15.whatif.drawer.tools.points.length === 2")
    page.keyboard.press("Enter")
    desk.settle()
    assert [change["kind"] for change in desk.changes()] == ["add_facility", "add_path"]
    assert desk.is_calm()


def test_facilities_are_closed_resized_and_moved_from_the_map_or_from_a_list(desk):
    page = desk.page
    desk.tool("close")
    facility = page.evaluate("() => circle15.whatif.desk.info.facilities.find((f) => f.layer === 'nursery')")
    page.locator(".c15-w-hint select").select_option(index=1)
    desk.settle()
    assert desk.changes() == [{"kind": "close_facility", "layer": "nursery", "id": facility["id"]}]
    assert "−" in desk.table()["全区"][1]
    desk.tool("capacity")
    second = page.evaluate(
        """(closed) => circle15.whatif.desk.info.facilities.find((f) => f.layer === "nursery" && f.id !== closed
      && circle15.state.markers.some((m) => m._icon && m._icon.isConnected && m.c15Facility.id === f.id))""",
        facility["id"],
    )
    desk.click(second["lon"], second["lat"])
    desk.settle()
    page.keyboard.type("500")  # the cursor waits in the field, its number marked
    page.keyboard.press("Enter")
    desk.settle()
    assert desk.changes()[1] == {"kind": "set_capacity", "layer": "nursery", "id": second["id"], "capacity": 500}
    desk.tool("move")
    page.locator(".c15-w-hint select").select_option(index=3)
    desk.settle()
    closed, opened = desk.items()[2]["changes"]
    assert (closed["kind"], opened["kind"]) == ("close_facility", "add_facility")
    third = page.evaluate("(id) => circle15.whatif.desk.info.facilities.find((f) => f.id === id)", closed["id"])
    assert (opened["lon"], opened["lat"], opened["capacity"]) == (third["lon"], third["lat"], third["capacity"])
    assert page.locator(".leaflet-popup").count() == 0  # a tool's click opens nothing
    assert desk.is_calm()


def test_a_bridge_joins_what_its_ends_meet_and_a_miss_is_told_in_metres(desk):
    page = desk.page
    page.select_option(".c15-w-row select", "2")  # sport
    desk.settle()
    desk.tool("path")
    page.evaluate("() => void circle15.state.folium.map.setView([29.5081191, 120.5128988], 19, {animate: false})")
    desk.opened.settle()
    desk.click(120.5123839, 29.5081191)
    page.wait_for_function("() => document.querySelector('.c15-w-tip').textContent === '已接入道路'")
    page.mouse.move(*desk.at(120.5127, 29.50795))
    page.wait_for_function("() => /距道路 [\\d.]+ 米，未接入/.test(document.querySelector('.c15-w-tip').textContent)")
    desk.click(120.5134159, 29.5081191)
    page.wait_for_function("() => circle15.whatif.drawer.tools.points.length === 2")
    page.keyboard.press("Enter")
    desk.settle()
    (bridge,) = desk.changes()
    assert bridge["kind"] == "add_path"
    assert len(bridge["line"]) == 2
    after = page.evaluate("() => circle15.whatif.desk.whole(circle15.whatif.desk.result, 'sport').covered_people")
    before = page.evaluate("() => circle15.whatif.desk.whole(circle15.whatif.desk.base, 'sport').covered_people")
    assert after > before
    assert "其他服务" in page.locator(".c15-w-others").text_content()  # a bridge moves every service
    # A gate is two clicks, and a line that meets nothing is not counted and says by how much it misses.
    desk.tool("gate")
    desk.click(120.5126, 29.5079)
    page.wait_for_function("() => circle15.whatif.drawer.tools.points.length === 1")
    desk.click(120.5129, 29.5079)
    page.wait_for_function("() => circle15.whatif.desk.baskets.items.length === 2")
    desk.settle()
    assert re.search(r"未计入：.*[\d.]+ 米", page.locator(".c15-w-gains.c15-w-warn").text_content())
    assert desk.is_calm()


def test_a_stretch_of_street_is_closed_along_its_own_corners(desk):
    page = desk.page
    desk.tool("shut")
    for n, lat in enumerate((29.5062, 29.5074), start=1):
        desk.click(120.51239, lat)
        page.wait_for_function(f"() => circle15.whatif.drawer.tools.points.length === {n}")
    page.keyboard.press("Enter")
    desk.settle()
    (closed,) = desk.changes()
    assert closed["kind"] == "close_path"
    assert page.locator(".c15-w-gains.c15-w-warn").count() == 0  # a run takes it
    assert desk.is_calm()


def test_lines_between_two_clicks_follow_the_corners_of_the_street(desk):
    script = """() => {
      const street = [[29.5, 120.5], [29.501, 120.5], [29.501, 120.502], [29.5, 120.502]].map(([y, x]) => L.latLng(y, x));
      const ends = [{ lon: 120.5, lat: 29.5005 }, { lon: 120.502, lat: 29.5005 }];
      return [circle15.whatif.alongStreets([street], ends), circle15.whatif.alongStreets([street], ends.slice().reverse())];
    }"""
    there, back = desk.page.evaluate(script)
    assert there == [[120.5, 29.5005], [120.5, 29.501], [120.502, 29.501], [120.502, 29.5005]]
    assert back == there[::-1]


def test_the_basket_tells_alone_and_marginal_gains_overlaps_and_costs_beside_the_budget(desk):
    page = desk.page
    page.locator(".c15-w-tray summary").click()
    for _ in range(2):  # of two candidates near each other the second adds hardly anything
        page.locator(".c15-w-candidate button").nth(0).click()
    desk.settle()
    gains = page.locator(".c15-w-gains").all_text_contents()
    assert all("与其他改动重叠 100%" in text and "追加 0" in text for text in gains)
    assert "造价合计 600 万元，预算 500 万元，超出 100 万元" in page.locator(".c15-w-foot").text_content()
    assert [change["capacity"] for change in desk.changes()] == [60, 60]
    page.locator(".c15-w-item input[type=checkbox]").nth(1).uncheck()
    desk.settle()
    assert "重叠" not in page.locator(".c15-w-basket").text_content()
    assert "造价合计 300 万元，预算 500 万元" in page.locator(".c15-w-foot").text_content()
    page.locator(".c15-w-item .c15-w-name").nth(0).fill("改名")
    page.keyboard.press("Enter")
    desk.settle()
    assert desk.items()[0]["name"] == desk.changes()[0]["name"] == "改名"
    page.click("[title=撤销]")
    page.click("[title=撤销]")
    desk.settle()
    assert [item["on"] for item in desk.items()] == [True, True]
    assert page.evaluate("() => getComputedStyle(document.querySelector('.c15-w-hint')).display") == "flex"
    assert desk.is_calm()


def test_a_plan_is_kept_in_the_address_and_in_the_browser_and_what_is_no_change_is_left_out_and_told(desk, folder):
    page = desk.page
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.settle()
    kept = desk.changes()
    link = page.url
    assert "#plan=" in link
    page.goto("about:blank")
    page.goto(link)  # the address alone opens the drawer
    page.wait_for_function("() => circle15.whatif.desk && circle15.whatif.desk.result !== circle15.whatif.desk.base")
    assert desk.changes() == kept
    page.goto("about:blank")
    page.goto((folder / "index.html").as_uri())
    page.click("button.c15-w-open")
    page.wait_for_function("() => circle15.whatif.desk && circle15.whatif.desk.baskets.items.length === 1")
    assert desk.changes() == kept
    script = """(plan) => {
      const text = typeof plan === "string" ? plan : circle15.whatif.packed(plan);
      const lost = circle15.whatif.desk.baskets.restore(circle15.whatif.unpacked(text));
      return [lost, circle15.whatif.desk.baskets.items.length];
    }"""
    item = {"on": True, "name": "x", "changes": kept}
    for plan, expected in [
        ({"A": [item, {**item, "changes": [{"kind": "format_disk"}]}]}, [1, 1]),
        ({"A": [{**item, "changes": [{**kept[0], "lon": 999}]}, {**item, "changes": []}, None]}, [3, 0]),
        ({"A": [{**item, "changes": [{**kept[0], "layer": "__proto__ x"}]}]}, [1, 0]),
        ({"A": "no list", "B": 7}, [0, 0]),
        ("%%%", [0, 0]),
    ]:
        assert page.evaluate(script, plan) == expected
    desk.settle()
    assert desk.is_calm()


def test_two_plans_stand_side_by_side_with_their_difference_on_table_and_map(desk):
    page = desk.page
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.settle()
    page.click(".c15-w-buttons button:has-text('复制到方案 B')")
    page.click(".c15-w-side:text-is('B')")
    desk.settle()
    assert [c["layer"] for c in desk.changes()] == ["nursery"]
    page.click(".c15-w-item .c15-w-icon")
    desk.settle()
    assert desk.changes() == []
    page.click(".c15-w-side:has-text('A | B')")
    desk.settle()
    a, b, difference = desk.table()["全区"]
    people = [int(re.search(r"%([\d,]+)$", text)[1].replace(",", "")) for text in (a, b)]
    assert int(difference.lstrip("+")) == pytest.approx(people[0] - people[1], abs=1)
    groups = page.evaluate(
        "() => Object.fromEntries(circle15.whatif.drawer.overlays.plan.groups.map((g) => [g.look, g.rows.length]))"
    )
    assert groups["onlyA"] > 0
    assert (groups["onlyB"], groups["both"]) == (0, 0)
    assert page.locator(".c15-w-new").all_text_contents() == ["A1"]
    assert page.locator("[data-out=toml]").is_disabled()
    assert desk.is_calm()


def test_the_way_of_a_cell_adds_up_and_says_what_the_straight_line_would(desk):
    page = desk.page
    desk.tool("way")
    desk.click(120.5035, 29.5135)
    page.wait_for_selector(".c15-w-way:not([hidden]) table")
    rows = page.evaluate(
        "() => [...document.querySelectorAll('.c15-w-parts tr')].map((r) => parseFloat(r.cells[1].textContent))"
    )
    assert sum(rows[:-1]) == pytest.approx(rows[-1], abs=0.3)
    text = page.locator(".c15-w-way").text_content()
    assert "圈外" in text
    assert re.search(r"直线距离 [\d,.]+ 米", text)
    assert page.locator(".c15-w-tick").count() > 2
    row = page.evaluate("() => circle15.whatif.drawer.way.row")
    ms = page.evaluate("(row) => circle15.state.data.cells.layers.nursery.ms[row]", row)
    assert f"步行 {ms / 60000:.1f}".rstrip("0").rstrip(".") in text
    assert desk.is_calm()


def test_other_definitions_are_tried_apart_from_plans_and_never_leave_the_page(desk):
    page = desk.page
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.settle()
    page.locator(".c15-w-trial summary").click()
    page.locator(".c15-w-slider input").nth(0).fill("10")
    desk.settle()
    status = page.locator(".c15-w-status").text_content()
    assert "口径试算" in status
    assert page.locator(".c15-w-basket").is_hidden()
    assert page.locator(".c15-w-new").count() == 0
    assert page.locator("[data-out=toml]").is_disabled()
    found = page.evaluate("() => circle15.whatif.evaluate([], {minutes: {nursery: 10}})")
    whole = next(u for u in found["units"] if u["unit_id"] == "sample" and u["layer"] == "nursery")
    assert desk.table()["全区"][1].startswith(f"{whole['covered_people']:,.0f}")
    text = page.evaluate("() => circle15.whatif.scenario(circle15.whatif.desk.counted().changes)")
    assert "minutes" not in text
    page.click("button:has-text('恢复原口径')")
    desk.settle()
    assert page.locator(".c15-w-new").count() == 1
    assert desk.is_calm()


def test_an_exported_scenario_runs_and_is_confirmed_and_comes_back_by_import(desk, town, tmp_path):
    page = desk.page
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.tool("close")
    page.locator(".c15-w-hint select").select_option(index=1)
    desk.settle()
    name, text = desk.download("toml")
    assert name == "sample-A.toml"
    scenario = town.parent / "plan.toml"
    scenario.write_text(text, encoding="utf-8")
    run = run_district(scenario, out=tmp_path / "out")
    assert run.result.confirmation == ("与推演一致：32 项数值逐项核对无差异",) or run.result.confirmation[0].startswith(
        "与推演一致"
    )
    assert "<b>试算</b>" in page.evaluate("() => circle15.whatif.noteText(circle15.whatif.desk)")
    page.locator(".c15-w-file input").set_input_files(tmp_path / "out" / "run.json")
    page.wait_for_function("() => circle15.whatif.desk.isConfirmed")
    note = page.evaluate("() => circle15.whatif.noteText(circle15.whatif.desk)")
    assert "已核对" in note
    assert "试算" not in note
    tampered = text.replace(
        'unit_id = "s1", layer = "nursery", covered_people = ', 'unit_id = "s1", layer = "nursery", covered_people = 1'
    )
    assert tampered != text
    scenario.write_text(tampered, encoding="utf-8")
    told = run_district(scenario, out=tmp_path / "out2").result.confirmation
    assert "不一致" in told[0]
    assert len(told) == 2
    page.locator(".c15-w-file input").set_input_files(tmp_path / "out2" / "run.json")
    page.wait_for_function("() => document.querySelector('.c15-w-status').textContent.includes('不能核对')")
    assert not page.evaluate("() => circle15.whatif.desk.isConfirmed")
    kept = desk.changes()
    page.click("button:has-text('清空')")
    desk.settle()
    page.locator(".c15-w-file input").set_input_files(
        {"name": "x.toml", "mimeType": "text/plain", "buffer": text.encode()}
    )
    page.wait_for_function("() => circle15.whatif.desk.baskets.items.length === 2")
    desk.settle()
    assert desk.changes() == kept
    page.locator(".c15-w-file input").set_input_files(
        {"name": "x.toml", "mimeType": "text/plain", "buffer": b"base = \nx"}
    )
    page.wait_for_function("() => document.querySelector('.c15-w-status').textContent.includes('第 1 行')")
    assert desk.changes() == kept
    assert desk.is_calm()


def test_csv_and_lines_hold_what_the_table_shows(desk, tmp_path):
    page = desk.page
    desk.tool("add")
    desk.click(120.506, 29.512)
    page.evaluate(
        "() => circle15.whatif.desk.baskets.add([{kind: 'add_path', name: '=1+1', line: [[120.5123839, 29.5081191], [120.5134159, 29.5081191]]}], '桥')"
    )
    desk.settle()
    _, text = desk.download("csv")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff")
    whole = next(row for row in rows if row["unit_id"] == "sample" and row["layer"] == "nursery")
    assert desk.table()["全区"][1].startswith(f"{float(whole['covered_people_after']):,.0f}")
    gained = float(whole["covered_people_after"]) - float(whole["covered_people_before"])
    assert float(whole["newly_covered_people"]) == pytest.approx(gained, abs=2e-3)
    _, lines = desk.download("lines")
    (feature,) = json.loads(lines)["features"]
    assert feature["properties"]["kind"] == "path"
    assert feature["geometry"]["coordinates"] == [[120.5123839, 29.5081191], [120.5134159, 29.5081191]]
    path = tmp_path / "lines.geojson"
    path.write_text(lines, encoding="utf-8")
    ((kind, _, points),) = read_own_lines([path]).paths  # what [network] lines takes
    assert (kind, points.tolist()) == ("path", feature["geometry"]["coordinates"])
    assert page.evaluate("() => circle15.whatif.csvText('=1+1')") == "'=1+1"


def test_the_note_is_one_page_without_scripts_that_says_where_and_that_it_is_a_draft(desk, tmp_path):
    page = desk.page
    desk.tool("add")
    desk.click(120.506, 29.512)
    desk.settle()
    page.click("[data-out=note]")
    note = page.frame_locator(".c15-w-sheet iframe")
    note.locator("h1").wait_for()
    text = note.locator("body").text_content()
    for words in ("示例区（虚构）方案推演说明", "试算", "新增托育 1", "竹溪乡", "竹溪村", "全区", "sample.toml"):
        assert words in text, words
    assert note.locator("script").count() == 0
    whole = page.evaluate("() => circle15.whatif.noteText(circle15.whatif.desk)")
    (tmp_path / "note.html").write_text(whole, encoding="utf-8")
    paper = page.context.new_page()
    paper.goto((tmp_path / "note.html").as_uri())
    printed = paper.pdf(prefer_css_page_size=True)
    assert (
        printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1
        or len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
    )
    page.keyboard.press("Escape")
    assert page.locator(".c15-w-sheet").count() == 0
    assert desk.is_calm()


def test_names_that_mean_harm_do_nothing_on_page_in_toml_and_note(desk, town):
    page = desk.page
    page.locator(".c15-w-tray summary").click()
    page.locator(".c15-w-candidate button").nth(0).click()
    desk.tool("close")
    page.locator(".c15-w-hint select").select_option(index=1)
    desk.tool("close")
    desk.settle()
    assert any(EVIL[:20] in item["name"] for item in desk.items())
    text = page.evaluate("() => circle15.whatif.scenario(circle15.whatif.desk.counted().changes)")
    changes = tomllib.loads(text)["change"]
    assert [change["kind"] for change in changes] == ["add_facility", "close_facility"]
    assert re.sub(r"\s+", " ", changes[0]["name"]) == re.sub(r"\s+", " ", EVIL)
    scenario = town.parent / "evil.toml"
    scenario.write_text(text, encoding="utf-8")
    assert len(load_config(scenario).changes) == 2
    note = page.evaluate("() => circle15.whatif.noteText(circle15.whatif.desk)")
    seen = page.evaluate(
        "(html) => { const d = new DOMParser().parseFromString(html, 'text/html'); return [d.querySelectorAll('script, img[onerror], [onload]').length, d.body.textContent]; }",
        note,
    )
    assert seen[0] == 0
    assert "<img src=x" in seen[1]
    assert page.locator("img[src=x]").count() == 0
    assert desk.is_calm()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
CHANGES = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "kind": st.just("add_facility"),
                "layer": st.just("a-b_1"),
                "lon": st.floats(-180, 180),
                "lat": st.floats(-90, 90),
            },
            optional={"name": TEXTS.filter(bool), "capacity": st.floats(0, 1e9), "cost": st.integers(0, 10**9)},
        ),
        st.fixed_dictionaries({"kind": st.just("close_facility"), "id": TEXTS.filter(bool)}),
        st.fixed_dictionaries(
            {
                "kind": st.just("add_path"),
                "line": st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=2, max_size=4),
            },
            optional={"name": TEXTS.filter(bool)},
        ),
    ),
    min_size=1,
    max_size=4,
)


def test_any_changes_become_toml_that_says_the_same_and_are_read_back_the_same(desk):
    drawn = []

    from hypothesis import given, settings  # noqa: PLC0415 (one test's own)

    @settings(max_examples=150, database=None, deadline=None)
    @given(CHANGES)
    def draw(changes):
        drawn.append(json.loads(json.dumps(changes)))

    draw()
    script = """(drawn) => drawn.map((changes) => {
      const text = circle15.whatif.changesToml(changes).join("\\n\\n") + "\\n";
      return [text, circle15.whatif.readScenario('base = "x.toml"  # why\\n' + text).changes];
    })"""
    for changes, (text, back) in zip(drawn, desk.page.evaluate(script, drawn), strict=True):
        assert tomllib.loads(text)["change"] == changes
        assert back == changes


def test_places_on_shifted_tiles_are_those_of_the_products_own_shift_and_come_back(desk):
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(100, 122, 200), rng.uniform(24, 40, 200)
    x, y = wgs84_to_gcj02(lon, lat)
    lon, lat, x, y = (values[x != lon] for values in (lon, lat, x, y))  # the sea's places are not shifted
    script = """(places) => {
      circle15.whatif.isShifted = true;
      const found = places.map((place) => {
        const at = circle15.whatif.toPage(place);
        const back = circle15.whatif.fromPage(at);
        return [at.lng, at.lat, back.lon, back.lat];
      });
      circle15.whatif.isShifted = false;
      return found;
    }"""
    found = np.array(desk.page.evaluate(script, np.column_stack([lon, lat]).tolist()))
    assert np.abs(found[:, :2] - np.column_stack([x, y])).max() < 1e-9
    assert np.abs(found[:, 2:] - np.column_stack([lon, lat])).max() <= 1.01e-7


def test_on_a_phone_the_drawer_comes_from_below_and_a_long_press_places(open_page, folder):
    desk = Desk(open_page(folder / "index.html", width=390, height=844))
    page = desk.page
    box = page.locator("#c15-whatif").bounding_box()
    assert box["x"] == 0
    assert box["width"] == 390
    assert box["y"] > 400
    x, y = desk.at(120.506, 29.512)
    assert y < box["y"]  # the map is laid out above it
    page.mouse.click(x, y, button="right")  # what a long press sends
    desk.settle()
    assert [change["kind"] for change in desk.changes()] == ["add_facility"]
    assert desk.is_calm()


def test_street_pages_lead_to_the_districts_what_if_and_a_config_may_leave_it_out(open_page, folder, town, tmp_path):
    opened = open_page(folder / "units" / "s1.html")
    assert opened.page.locator("a.c15-w-open").get_attribute("href") == "../index.html#whatif"
    opened.page.click("a.c15-w-open")
    opened.page.wait_for_selector("#c15-whatif .c15-w-body")
    without = town.parent / "without.toml"
    without.write_text(
        'base = "sample.toml"\n[outputs]\nwhatif = false\nwrite = ["map", "units"]\nisochrones = "none"\n',
        encoding="utf-8",
    )
    run_district(without, out=tmp_path / "out")
    for name in ("index.html", "units/s1.html"):
        page = open_page(tmp_path / "out" / name)
        assert page.page.locator(".c15-w-open").count() == 0
        assert page.complaints == []
    assert "c15-whatif-data" not in (tmp_path / "out" / "index.html").read_text("utf-8")
