"""Maps as their readers meet them: opened without a network, toggled, clicked, searched."""

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from circle15 import run_district
from circle15.outputs.difference import LayerMoves, write_difference_map
from circle15.outputs.maps import write_district_map, write_unit_maps
from circle15.outputs.palette import CAUSE_COLOURS
from circle15.outputs.summary import summarise
from circle15.outputs.summary_page import summary_page
from circle15.outputs.text import people_text, plain_number, share_text
from tests.made_result import EVIL_NAME, FORMULA_NAME, LONELY, made_result
from tests.test_batch_summary import district

PIXELS_OF_CELLS = """() => {
  const canvas = document.querySelector(".leaflet-c15-cells-pane canvas");
  const colours = new Set();
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 0; i < data.length; i += 40) {
    if (data[i + 3] === 255) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
  }
  return [...colours];
}"""


@pytest.fixture(scope="module")
def result():
    return made_result("small")


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    write_district_map(result, folder / "index.html")
    write_unit_maps(result, folder / "units")
    return folder


def _open_cell(opened, i):
    opened.page.evaluate("(i) => { circle15.state.folium.cells[circle15.state.key].getLayers()[i].openPopup(); }", i)
    return opened.popup()


def test_page_opens_offline_asks_for_nothing_and_complains_of_nothing(open_page, folder):
    opened = open_page(folder / "index.html")
    assert opened.requests == [(folder / "index.html").as_uri()]
    assert opened.complaints == []
    assert opened.page.locator(".leaflet-control-layers-base input").count() == 11
    assert len(opened.page.evaluate(PIXELS_OF_CELLS)) >= 3


def test_choosing_a_service_repaints_cells_and_brings_its_facilities_and_legend(open_page, folder, result):
    opened = open_page(folder / "index.html")
    before = opened.page.evaluate(PIXELS_OF_CELLS)
    assert "托育 · 步行时间" in opened.names_on()
    opened.tick("体育场地 · 步行时间")
    names = opened.names_on()
    assert "体育场地 · 步行时间" in names
    assert "体育场地 · 设施" in names
    assert "托育 · 设施" not in names
    assert opened.page.evaluate(PIXELS_OF_CELLS) != before
    legend = opened.page.locator("#c15-legend").inner_text()
    assert "体育场地 · 步行时间（分钟）" in legend
    assert "达标线 13.3 分钟" in legend
    assert "1.25 米/秒" in legend
    assert result.population_source in legend
    row = result.tables["coverage"].query("unit_id == 'made' and layer == 'sports'").iloc[0]
    assert f"{people_text(row['people'] - row['covered_people'])} 人" in legend
    pressed = opened.page.locator('.c15-services button[aria-pressed="true"]').inner_text()
    assert share_text(row["covered_share"]) in pressed
    assert opened.complaints == []


def test_causes_are_a_layer_with_legend_and_popup_rows(open_page, folder, result):
    opened = open_page(folder / "index.html")
    opened.tick("社区卫生 · 问题成因")
    cells = result.cells
    shares = cells.groupby("clinic_cause")["population"].sum() / cells["population"].sum()
    legend = opened.page.locator("#c15-legend").inner_text()
    for cause, name in (("barrier", "受阻隔需绕行"), ("none_near", "步行范围内无设施"), ("full", "可达但供给不足")):
        assert name in legend
        assert share_text(shares[cause]) in legend
    assert "受步速限制" not in legend
    i = int(np.flatnonzero(cells["clinic_cause"] == "barrier")[0])
    _, rows = _open_cell(opened, i)
    assert ["问题成因 · 社区卫生", "受阻隔需绕行"] in rows
    colour = opened.page.evaluate("(i) => circle15.state.folium.cells['cause-2'].getLayers()[i].options.fillColor", i)
    assert colour == CAUSE_COLOURS["barrier"]
    assert opened.complaints == []


def test_tiles_are_asked_of_their_own_server_only_and_shine_through(open_page, tmp_path):
    write_district_map(replace(made_result("tiny"), tiles="amap"), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    opened.page.wait_for_function("() => document.querySelectorAll('.leaflet-tile-pane img').length > 0")
    asked = [url for url in opened.requests if not url.startswith("file:")]
    assert asked
    assert all(re.match(r"https://webrd0[1-4]\.is\.autonavi\.com/appmaptile\?", url) for url in asked)
    assert opened.page.evaluate("() => document.querySelector('.leaflet-c15-cells-pane').style.opacity") == "0.72"
    # A swatch has the colour that its cells have over a light map: the class's, and as much of the ground.
    seen = opened.page.evaluate("""() => {
      const swatch = getComputedStyle(document.querySelector('.c15-legend .c15-swatch'));
      return [swatch.backgroundColor, swatch.backgroundImage];
    }""")
    assert re.findall(r"rgba\(242, 239, 233, 0\.28\)", seen[1])
    assert seen[0] != "rgba(0, 0, 0, 0)"
    opened.tick("高德底图")
    assert opened.page.locator(".leaflet-tile-pane img").count() == 0


def test_a_gap_maps_legend_explains_hatching_enough_and_nobody(open_page, folder, result):
    opened = open_page(folder / "index.html")
    layer = next(layer for layer in result.layers if layer.norm_per_1000 is not None)
    opened.tick(f"{layer.name} · 供需缺口")
    legend = opened.page.locator("#c15-legend").inner_text()
    for text in ("无居民", "无缺口", "未覆盖的网格：居民"):
        assert text in legend
    kinds = opened.page.evaluate("""() => {
      const { data, kind, folium, key } = circle15.state;
      const values = data.cells.layers[data.layers[kind.layer].id];
      return folium.cells[key].getLayers().map((cell, i) => [
        values.linked[i] > 0, data.cells.people[i] > 0, values.gap[i] > 0, cell.options.fillColor,
      ]);
    }""")
    colours = opened.page.evaluate("() => [circle15.state.data.nobody_colour, circle15.state.data.no_gap_colour]")
    assert {c for linked, people, gap, c in kinds if linked and not people and not gap} == {colours[0]}
    assert {c for linked, people, gap, c in kinds if linked and people and not gap} == {colours[1]}
    assert not {c for *_, gap, c in kinds if gap} & set(colours)
    assert opened.complaints == []


def test_every_layer_toggles_off_and_on(open_page, folder):
    opened = open_page(folder / "index.html")
    boxes = opened.page.locator(".leaflet-control-layers-overlays input")
    assert boxes.count() == 10
    for i in range(boxes.count()):
        was = boxes.nth(i).is_checked()
        boxes.nth(i).click()
        opened.settle()
        assert boxes.nth(i).is_checked() != was
    radios = opened.page.locator(".leaflet-control-layers-base input")
    for i in range(radios.count()):
        radios.nth(i).click()
        opened.settle()
        assert radios.nth(i).is_checked()
    assert opened.complaints == []


def test_layers_are_leaflet_layers_with_bound_popups(open_page, folder, result):
    opened = open_page(folder / "index.html")
    counts = opened.page.evaluate("""() => {
      const map = Object.entries(window).find(([k, v]) => k.startsWith("map_") && v instanceof L.Map)[1];
      const cells = [];
      map.eachLayer((l) => { if (l instanceof L.Polygon && l.c15Cell !== undefined) cells.push(l); });
      return [cells.length, cells.every((l) => l.getPopup() instanceof L.Popup)];
    }""")
    uncovered = ((result.cells["population"] > 0) & ~result.cells["nursery_covered"]).sum()
    assert counts == [len(result.cells) + uncovered, True]


def test_cell_popups_say_what_the_table_says(open_page, folder, result):
    opened = open_page(folder / "index.html")
    unreached = np.flatnonzero(result.cells["sports_seconds"].isna())
    for i in (0, 500, int(unreached[-1])):
        cell = result.cells.iloc[i]
        title, rows = _open_cell(opened, i)
        assert title == result.units.set_index("unit_id").loc[cell["unit_id"], "unit_name"]
        assert rows[0][1] == ("无居民" if cell["population"] == 0 else f"约 {people_text(cell['population'])} 人")
        assert rows[1][:3] == ["服务", "步行分钟", "圈内设施"]
        for row, layer in zip(rows[2:], result.layers, strict=False):
            seconds = cell[f"{layer.id}_seconds"]
            assert row[0] == layer.name
            assert row[2] == f"{cell[f'{layer.id}_count']} 处"
            assert row[3] == ("✓" if cell[f"{layer.id}_covered"] else "✗")
            if np.isnan(seconds):
                assert row[1] == f"> {plain_number(layer.searched_s / 60)}"
            else:
                assert float(row[1]) == pytest.approx(seconds / 60, abs=0.0501)


def test_a_click_on_the_map_opens_the_cell_under_it(open_page, folder, result):
    opened = open_page(folder / "index.html")
    i = int(np.flatnonzero(result.cells["unit_id"] == "unit-1")[5])
    x, y = opened.page.evaluate(
        """(i) => {
        const { map } = circle15.state.folium;
        const cell = circle15.state.folium.cells[circle15.state.key].getLayers()[i];
        const p = map.latLngToContainerPoint(cell.getCenter());
        return [p.x, p.y];
    }""",
        i,
    )
    opened.page.mouse.click(x, y)
    opened.popup()
    assert result.cells["cell"].iloc[i] in opened.page.locator(".leaflet-popup-content").inner_text()


def test_search_finds_a_facility_and_opens_its_popup(open_page, folder, result):
    opened = open_page(folder / "index.html")
    opened.page.locator(".c15-search input").fill("第4社区卫生")
    opened.page.locator(".c15-found button").first.click()
    title, rows = opened.popup()
    facility = result.tables["facilities"].query("id == 'clinic-3'").iloc[0]
    assert title == facility["name"]
    facts = dict(rows)
    assert facts["圈内居民"] == f"{people_text(facility['people_within'])} 人"
    assert facts["距最近步行道路"] == f"{plain_number(facility['access_m'])} 米"
    assert facts["容量"] == f"{plain_number(facility['capacity'])} 托位"
    assert not {"模型负荷", "负荷"} & set(facts)
    assert "社区卫生 · 设施" in opened.names_on()


def test_search_finds_a_unit_and_says_where_nothing_is_found(open_page, folder, result):
    opened = open_page(folder / "index.html")
    opened.page.locator(".c15-search input").fill("老城")
    opened.page.keyboard.press("Enter")
    title, rows = opened.popup()
    coverage = result.tables["coverage"].set_index(["unit_id", "layer"])
    assert title == "老城街道"
    assert rows[5][1] == share_text(coverage.loc[("unit-9", "sports"), "covered_share"])
    opened.page.locator(".c15-search input").fill("没有这个")
    assert opened.page.locator(".c15-found").inner_text() == "没有找到"


def test_the_search_list_is_walked_with_arrow_keys(open_page, folder, result):
    opened = open_page(folder / "index.html")
    opened.page.locator(".c15-search input").fill("社区卫生")
    names = opened.page.locator(".c15-found button span").all_inner_texts()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        opened.page.keyboard.press(key)
    assert opened.popup()[0] == names[1]


@pytest.mark.parametrize("page", ["index.html", "units/unit-1.html", "units/unit-5.html", "units/unit-9.html"])
def test_every_facility_in_view_is_drawn_by_itself_or_in_a_cluster(open_page, folder, page):
    opened = open_page(folder / page)
    for layer in ("托育", "老年食堂", "社区卫生", "体育场地"):
        opened.tick(f"{layer} · 步行时间")
        lost = opened.page.evaluate("""() => {
          const { map, overlays } = circle15.state.folium;
          const group = overlays[`facilities-${circle15.state.kind.layer}`];
          return group.getLayers().filter((m) => map.getBounds().contains(m.getLatLng()))
            .filter((m) => !(group.getVisibleParent(m) || {})._icon).length;
        }""")
        assert lost == 0


def test_facilities_are_clicked_through_labels(open_page, folder):
    opened = open_page(folder / "index.html")
    hidden = opened.page.evaluate("""() => [...document.querySelectorAll(".leaflet-marker-pane .c15-facility")]
      .map((sign) => sign.getBoundingClientRect())
      .filter((b) => b.left > 330 && b.right < 1150 && b.top > 0 && b.bottom < 880)
      .map((b) => document.elementFromPoint((b.left + b.right) / 2, (b.top + b.bottom) / 2))
      .filter((top) => top.closest(".c15-unit")).length""")
    assert hidden == 0


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 700)])
def test_popups_open_beside_the_panel(open_page, folder, result, width, height):
    opened = open_page(folder / "index.html", width, height)
    west = int(result.cells["lon"].to_numpy().argmin())
    opened.page.evaluate("""(i) => {
      const { map, cells } = circle15.state.folium;
      const cell = cells[circle15.state.key].getLayers()[i];
      map.panBy([200, 0], { animate: false });
      cell.openPopup();
    }""", west)  # fmt: skip
    opened.page.wait_for_timeout(400)
    popup, panel = (opened.page.locator(css).bounding_box() for css in (".leaflet-popup-content-wrapper", "#c15-panel"))
    assert popup["x"] >= panel["x"] + panel["width"]


def test_thirty_services_with_long_names_leave_the_map_its_room(open_page, tmp_path):
    made = made_result("tiny")
    layers = tuple(
        replace(made.layers[i % 4], name=f"社区居家养老服务中心与婴幼儿照护服务驿站综合体{i}") for i in range(30)
    )
    write_district_map(
        replace(made, layers=layers, name="某某民族自治地方高新技术产业开发区" * 2), tmp_path / "index.html"
    )
    for width, height in ((1024, 700), (390, 844)):
        opened = open_page(tmp_path / "index.html", width, height)
        share = opened.page.evaluate("""() => {
          const { map } = circle15.state.folium;
          const box = L.latLngBounds(circle15.state.data.page.bounds);
          return [box.getSouthWest(), box.getNorthEast()].every((corner) => map.getBounds().contains(corner));
        }""")
        assert share
        header = opened.page.locator("#c15-panel header").bounding_box()
        control = opened.page.locator(".leaflet-control-layers").bounding_box()
        if width < 700:
            assert control["y"] >= header["y"] + header["height"]
        assert control["width"] <= 320


def test_a_cell_off_the_network_is_grey_in_map_legend_and_popup(open_page, folder):
    opened = open_page(folder / "index.html")
    assert "未接入路网（无道路数据）" in opened.page.locator("#c15-legend").inner_text()
    is_hatched = opened.page.evaluate("""(i) => circle15.state.folium.cells[circle15.state.key].getLayers()
      .map((cell) => cell.options.fillColor instanceof CanvasPattern).flatMap((is, i) => (is ? [i] : []))""")
    assert is_hatched == [LONELY]
    _, rows = _open_cell(opened, LONELY)
    assert [row[1] for row in rows[2:4]] == ["未接入路网"] * 2
    opened.tick("社区卫生 · 步行时间")
    assert "未接入路网" not in opened.page.locator("#c15-legend").inner_text()


def test_a_map_prints_on_one_sheet(open_page, folder, tmp_path):
    opened = open_page(folder / "index.html")
    sheet = opened.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1


@pytest.mark.parametrize(("n", "sheets"), [(1, 1), (6, 1), (60, 2)])
def test_a_printed_map_keeps_all_its_warnings_below_it_or_on_a_sheet_of_their_own(open_page, tmp_path, n, sheets):
    warnings = tuple(f"第 {i} 条：{'靠近区界的居民步行时间可能偏长；' * 4}" for i in range(n))
    write_district_map(replace(made_result("tiny"), warnings=warnings), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html", 1062, 733)
    opened.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")
    opened.settle()
    paper = opened.page.locator("#c15-paper")
    assert paper.is_visible()
    assert all(warning in paper.inner_text() for warning in warnings)
    top, bottom, map_bottom = opened.page.evaluate("""() => {
      const paper = document.getElementById('c15-paper').getBoundingClientRect();
      return [paper.top, paper.bottom, document.querySelector('.folium-map').getBoundingClientRect().bottom];
    }""")
    assert top >= map_bottom - 0.5
    assert sheets == 2 or bottom <= 716.5
    opened.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    opened.page.emulate_media(media="null")
    assert not paper.is_visible()
    sheet = opened.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == sheets


def test_buttons_speak_the_language_of_the_run(open_page, folder):
    opened = open_page(folder / "index.html")
    assert opened.page.locator(".leaflet-control-zoom a").first.get_attribute("title") == "放大"


@pytest.mark.parametrize("name", [EVIL_NAME, FORMULA_NAME])
def test_hostile_names_are_shown_and_do_nothing(open_page, folder, name):
    opened = open_page(folder / "index.html")
    opened.page.locator(".c15-search input").fill(name)
    opened.page.locator(".c15-found button").first.click()
    title, _ = opened.popup()
    assert title == name
    assert opened.complaints == []


def test_proposed_sites_follow_the_service(open_page, folder, result):
    opened = open_page(folder / "index.html")
    opened.tick("建议点位")
    for layer in ("社区卫生", "体育场地"):
        opened.tick(f"{layer} · 步行时间")
        layer_id = next(la.id for la in result.layers if la.name == layer)
        ranked = result.tables["ranking"][result.tables["ranking"]["layer"] == layer_id]
        assert opened.page.locator(".leaflet-marker-pane .c15-site").count() == len(ranked)
    opened.page.evaluate("() => { circle15.state.folium.overlays.sites.getLayers()[0].openPopup(); }")
    title, rows = opened.popup()
    assert title == "体育场地 · 建议点位 1"
    assert dict(rows)["在前序点位基础上新增覆盖居民"] == f"{people_text(ranked['newly_covered_people'].iloc[0])} 人"


def test_a_unit_page_leads_back_and_the_district_page_to_it(open_page, folder):
    opened = open_page(folder / "index.html")
    opened.page.locator(".c15-links summary").click()
    opened.page.locator(".c15-links a", has_text="老城街道").click()
    opened.settle()
    assert opened.page.url.endswith("/units/unit-9.html")
    assert "老城街道有居民" in opened.page.locator(".c15-sentences").inner_text()
    opened.page.locator(".c15-back").click()
    assert opened.page.url.endswith("/index.html")
    assert opened.complaints == []


def test_chinese_glyphs_are_not_boxes(open_page, folder):
    opened = open_page(folder / "index.html")
    widths = opened.page.evaluate("""() => {
      const pen = document.createElement("canvas").getContext("2d");
      const draw = (text) => {
        pen.clearRect(0, 0, 300, 150);
        pen.font = "40px " + getComputedStyle(document.body).fontFamily;
        pen.fillText(text, 10, 60);
        return pen.getImageData(0, 0, 80, 80).data.join();
      };
      return [draw("街") === draw("道"), draw("街") === draw("\\uffff")];
    }""")
    assert widths == [False, False]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_of_the_page_lies_outside_the_window(open_page, folder, width, height):
    opened = open_page(folder / "index.html", width, height)
    assert opened.page.evaluate("() => document.documentElement.scrollWidth") == width
    outside = opened.page.evaluate("""() => [...document.querySelectorAll("#c15-panel, .leaflet-control, .c15-strip")]
      .filter((e) => e.offsetParent !== null || e.id)
      .map((e) => [e.className || e.id, e.getBoundingClientRect()])
      .filter(([, b]) => b.width > 0 && (b.left < 0 || b.top < 0 || b.right > innerWidth || b.bottom > innerHeight))
      .map(([name]) => name)""")
    assert outside == []


def test_on_a_phone_the_legend_opens_and_folds(open_page, folder):
    opened = open_page(folder / "index.html", 390, 844)
    legend = opened.page.locator("#c15-legend")
    assert not legend.is_visible()
    assert "5" in opened.page.locator(".c15-strip").inner_text()
    opened.page.locator(".c15-fold").click()
    assert legend.is_visible()
    opened.page.locator(".c15-fold").click()
    assert not legend.is_visible()


def test_english_words_where_the_run_is_english(open_page, tmp_path):
    write_district_map(made_result("tiny", lang="en"), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    text = opened.page.locator("body").inner_text()
    assert "Harbour District" in text
    assert "threshold 15 min" in text
    assert not [c for c in text if "\u4e00" <= c <= "\u9fff"]


def test_the_shipped_district_opens_toggles_and_says_what_its_tables_say(open_page, root, tmp_path):
    run_district(root / "data" / "monaco.toml", out=tmp_path / "monaco")
    cells = pd.read_parquet(tmp_path / "monaco" / "cells.parquet")
    coverage = pd.read_csv(tmp_path / "monaco" / "coverage.csv").set_index(["unit_id", "layer"])
    opened = open_page(tmp_path / "monaco" / "index.html")
    shares = opened.page.locator(".c15-services .c15-share").all_inner_texts()
    layers = ["nursery", "canteen", "clinic", "sports"]
    assert shares[:4] == [share_text(coverage.loc[("monaco", layer), "covered_share"]) for layer in layers]
    for name in opened.page.locator(".leaflet-control-layers label").all_inner_texts():
        opened.tick(name.strip())
    for i in (0, len(cells) // 2, len(cells) - 1):
        _, rows = _open_cell(opened, i)
        for row, layer in zip(rows[2:], layers, strict=False):
            seconds = cells[f"{layer}_seconds"].iloc[i]
            assert (
                row[1].startswith((">", "未接入")) if np.isnan(seconds) else abs(float(row[1]) - seconds / 60) < 0.0501
            )
            assert row[3] == ("✓" if cells[f"{layer}_covered"].iloc[i] else "✗")
    opened.page.locator(".c15-search input").fill("Charles")
    opened.page.locator(".c15-found button").first.click()
    assert "Charles" in opened.popup()[0]
    assert opened.complaints == []
    assert opened.requests == [(tmp_path / "monaco" / "index.html").as_uri()]


def test_a_difference_map_opens_with_its_largest_change_and_shows_one_service_at_a_time(open_page, tmp_path):
    box = shapely.box(7.42, 43.73, 7.43, 43.74)
    table = pd.DataFrame({"unit_id": "town", "layer": ["a", "b"], "people": 9.0, "newly_covered_people": [1.0, 0.0],
                          "lost_people": [0.0, 5.0], "share_before": 0.5, "share_after": 0.4})  # fmt: skip
    pieces = gpd.GeoDataFrame({"layer": ["a", "b"], "change": [1, -1], "people": [1.0, 5.0], "unit_name": "u"},
                              geometry=[box, box], crs="EPSG:4326")  # fmt: skip
    units = gpd.GeoDataFrame({"unit_id": ["u"], "unit_name": ["Old Town"]}, geometry=[box], crs="EPSG:4326")
    path = tmp_path / "difference.html"
    moved = {"a": LayerMoves(), "b": LayerMoves()}
    write_difference_map(
        table, pieces, units, {"a": "Clinics", "b": "Pools"}, path, moved=moved, title="A: x → y", lang="en"
    )
    for width, height in ((1440, 900), (390, 844)):
        opened = open_page(path, width, height)
        assert opened.names_on() == ["Pools"]
        assert opened.page.locator("section[aria-current=true] h2").all_text_contents() == ["Pools"]
        assert opened.page.locator(".c15-unit").inner_text() == "Old Town"
        assert opened.page.locator(".leaflet-attribution-flag").count() == 0
        assert opened.complaints == []
        assert opened.requests == [path.as_uri()]


def test_a_row_of_the_summary_brings_its_district_into_the_map(open_page, tmp_path):
    made = [replace(district(name, 0.5), units=gpd.GeoDataFrame({"unit_id": [f"{name}-1"]}, geometry=[shape], crs="EPSG:4326"))
            for name, shape in (("far", shapely.box(7.4, 43.7, 7.5, 43.8)), ("near", shapely.box(118, 32, 118.1, 32.1)))]  # fmt: skip
    path = tmp_path / "summary.html"
    path.write_text(summary_page(summarise(made, [], lang="en")), encoding="utf-8")
    opened = open_page(path)
    assert opened.page.locator(".c15-mark").count() == 2
    opened.page.locator("tr[data-box]", has_text="Near").first.click()
    opened.settle()
    bounds = opened.page.evaluate("""() => {
      const map = Object.entries(window).find(([k, v]) => k.startsWith("map_") && v instanceof L.Map)[1];
      return [map.getBounds().getWest(), map.getBounds().getEast()];
    }""")
    assert 117 < bounds[0] < 118.05 < bounds[1] < 119
    assert not opened.page.locator(".c15-mark").first.is_visible()
    assert opened.complaints == []


@pytest.mark.slow
def test_twenty_thousand_cells_open_toggle_and_answer(open_page, tmp_path):
    result = made_result("large")
    write_district_map(result, tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    assert len(result.cells) > 20_000
    opened.tick("社区卫生 · 步行时间")
    opened.page.evaluate("() => { circle15.state.folium.map.panBy([200, 100], { animate: false }); }")
    _, rows = _open_cell(opened, 12_345)
    assert rows[0][1] == f"约 {people_text(result.cells['population'].iloc[12_345])} 人"
    assert opened.complaints == []
    assert opened.requests == [(tmp_path / "index.html").as_uri()]
