"""Pages for everybody: found no fault with by axe, met by a finger, enlarged, searched, kept in their address."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.outputs.maps import write_district_map
from circle15.outputs.report import write_report
from tests.all_pages import write_all_pages
from tests.made_result import CENTRE, EVIL_NAME, made_result

AXE = Path(__file__).parents[1] / ".ci" / "node_modules" / "axe-core" / "axe.min.js"
KINDS = ("map", "whatif", "unit", "scenario", "report", "difference", "note", "trend", "summary")
SIZES = {"screen": (1400, 900), "phone": (390, 844)}
FINGER = 44
"""CSS pixels of a target's shorter side: WCAG 2.5.5, Apple's guidelines."""
SMALL = """(least) => [...document.querySelectorAll("button, a[href], input, select, summary, label, [tabindex='0'][role=button]")]
  .filter((e) => !e.closest(".leaflet-control-attribution, table, p, li:not(.c15-search li)") && !e.matches("label input, .c15-w-file input"))
  .map((e) => [e, e.getBoundingClientRect(), getComputedStyle(e, "::after")])
  .filter(([e, b]) => b.width > 0 && b.height > 0 && e.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter(([e, b, after]) => {
    const inner = e.firstElementChild ? getComputedStyle(e.firstElementChild, "::after") : after;
    const size = (axis, own) => Math.max(own, ...[after, inner].filter((s) => s.content !== "none").map((s) => parseFloat(s[axis]) || 0));
    return size("height", b.height) < least - 0.5 || size("width", b.width) < least - 0.5;
  })
  .map(([e, b]) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 20)} ${b.width.toFixed(0)}x${b.height.toFixed(0)}`)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    found = write_all_pages(tmp_path_factory.mktemp("pages"))
    return {**found, "whatif": found["map"]}


def _open(open_page, pages, kind, size="screen"):
    opened = open_page(pages[kind], *SIZES[size])
    if kind == "whatif":
        opened.page.click("button.c15-w-open")
        opened.page.wait_for_selector(".c15-w-body")
        opened.page.wait_for_timeout(200)
    return opened


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_above_minor_on_any_page(open_page, pages, kind, size):
    if not AXE.is_file():
        pytest.skip("needs axe-core: cd tests/.ci && npm ci")
    opened = _open(open_page, pages, kind, size)
    opened.page.evaluate(AXE.read_text("utf-8"))
    found = opened.page.evaluate("async () => (await axe.run()).violations")
    graver = [(v["impact"], v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] != "minor"]
    assert graver == []
    assert opened.complaints == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_finger_meets_every_control_on_a_phone_and_the_page_may_be_enlarged(open_page, pages, kind):
    opened = _open(open_page, pages, kind, "phone")
    assert opened.page.evaluate(SMALL, FINGER) == []
    for control in (".c15-fold", ".leaflet-control-layers-toggle"):  # what these open is met by fingers too
        if kind != "whatif" and opened.page.locator(control).count() and opened.page.locator(control).is_visible():
            opened.page.locator(control).evaluate("(control) => control.click()")
            assert opened.page.evaluate(SMALL, FINGER) == []
            opened.page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")
            assert opened.page.evaluate(SMALL, FINGER) == []
            opened.page.reload()
    viewport = opened.page.locator("meta[name=viewport]").evaluate_all("all => all.map((m) => m.content)")
    assert len(viewport) == 1
    assert not re.search("maximum-scale|user-scalable", viewport[0])


@pytest.mark.parametrize("kind", ["report", "trend", "summary"])
def test_a_table_wider_than_a_phone_moves_sideways_by_finger_and_key_and_says_so(open_page, pages, kind):
    opened = _open(open_page, pages, kind, "phone")
    assert opened.page.evaluate("() => document.documentElement.scrollWidth") == SIZES["phone"][0]
    boxes = opened.page.evaluate("""() => [...document.querySelectorAll(".wide, .scroll")]
      .filter((box) => box.scrollWidth > box.clientWidth + 1)
      .map((box) => [box.tabIndex, getComputedStyle(box, "::before").content, getComputedStyle(box).backgroundImage])""")
    assert boxes
    for tab, cue, shade in boxes:
        assert tab == 0
        assert "左右滑动" in cue or cue == "attr(data-cue)"
        assert "gradient" in shade


def ten_services():
    made = made_result("tiny")
    layers = tuple(replace(made.layers[i % 4], name=f"第{i}类社区公共服务") for i in range(10))
    return replace(made, layers=layers)


def test_the_box_of_ten_services_fits_beside_the_map_in_groups_with_a_search(open_page, tmp_path):
    write_district_map(ten_services(), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html", *SIZES["screen"])
    box = opened.page.locator(".leaflet-control-layers").bounding_box()
    buttons = opened.page.locator(".leaflet-bottom.leaflet-right").bounding_box()
    assert box["y"] + box["height"] <= buttons["y"]
    groups = opened.page.locator(".c15-group")
    headings = [text.split()[0] for text in groups.locator("summary").all_inner_texts()]
    assert headings == ["步行时间", "网格", "供需缺口", "问题成因", "设施", "图层"]
    assert groups.first.evaluate("(box) => box.open")
    assert not groups.nth(4).evaluate("(box) => box.open")
    # Every layer is a row of exactly one group or of none, and is reached by scrolling when all groups are open.
    opened.page.evaluate("() => document.querySelectorAll('.c15-group').forEach((box) => (box.open = true))")
    box = opened.page.locator(".leaflet-control-layers").bounding_box()
    assert box["y"] + box["height"] <= buttons["y"]
    last = opened.page.locator(".leaflet-control-layers label").last
    last.scroll_into_view_if_needed()
    assert last.is_visible()
    opened.page.locator(".c15-layer-search").fill("第7类")
    shown = opened.page.locator(".leaflet-control-layers label:visible").all_text_contents()
    assert len(shown) == opened.page.evaluate(
        "() => circle15.state.folium.control._layers.filter((l) => l.name.includes('第7类')).length"
    )
    assert all("第7类" in name for name in shown)
    opened.page.locator(".leaflet-control-layers label:visible", has_text="问题成因").locator("input").click()
    assert opened.page.evaluate("() => circle15.state.key") == "cause-7"
    opened.page.locator(".c15-layer-search").fill("")
    assert groups.nth(3).evaluate("(box) => box.open")  # what is chosen stands open
    assert opened.complaints == []


def test_few_services_stand_open_without_a_search(open_page, tmp_path):
    made = made_result("tiny")
    write_district_map(replace(made, layers=made.layers[:2]), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    assert opened.page.locator(".c15-layer-search").count() == 0
    assert opened.page.locator(".c15-group:not([open])").count() == 0


def with_names(result):
    """Give the result with two communities and two roads, one of the names meaning harm."""
    west, south, east, north = result.boundary.total_bounds
    middle = (west + east) / 2
    communities = gpd.GeoDataFrame(
        {"unit_name": ["竹溪村", EVIL_NAME]},
        geometry=[shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)], crs="EPSG:4326",
    )  # fmt: skip
    roads = gpd.GeoDataFrame(
        {"name": ["中山路", "中山东路"]},
        geometry=[shapely.LineString([(west, south), (middle, north)]), shapely.LineString([(middle, south), (east, north)])],
        crs="EPSG:4326",
    )  # fmt: skip
    return replace(result, communities=communities, roads=roads)


def test_search_finds_communities_and_roads_and_brings_them_into_view(open_page, tmp_path):
    write_district_map(with_names(made_result("tiny")), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    for wanted, names in (("竹溪", ["竹溪村"]), ("中山", ["中山东路", "中山路"]), (EVIL_NAME, [EVIL_NAME])):
        opened.page.locator(".c15-search input").fill(wanted)
        found = opened.page.locator(".c15-found button span").all_inner_texts()
        assert set(names) <= set(found)
        opened.page.locator(".c15-found button", has_text=names[-1]).first.click()
        assert opened.popup()[0] == names[-1]
    assert opened.complaints == []


def moved_to_china(result):
    """Give the made district, which lies in Monaco, east of Ningbo."""

    def move(frame):
        places = {c: frame[c] + d for c, d in (("lon", 114.0), ("lat", -14.0)) if c in frame}
        shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.add(xy, (114.0, -14.0)))
        return frame.assign(**places).set_geometry(shapes, crs=frame.crs)

    tables = replace(result.tables, unlinked=None, ranking=None, facilities=result.tables.facilities.assign(
        lon=result.tables.facilities["lon"] + 114.0, lat=result.tables.facilities["lat"] - 14.0))  # fmt: skip
    streets = type(result.streets)(
        shapely.transform(result.streets.to_numpy(), lambda xy: np.add(xy, (114.0, -14.0))), crs=4326
    )
    return replace(result, boundary=move(result.boundary), units=move(result.units), cells=move(result.cells),
                   isochrones=move(result.isochrones), streets=streets, tables=tables)  # fmt: skip


WAYS_TO_WRITE = (
    "{x:.6f},{y:.6f}",
    "{y:.6f}，{x:.6f}",
    "经度 {x:.6f} 纬度 {y:.6f}",
    "E{x:.6f} N{y:.6f}",
    "（{x:.6f} {y:.6f}）",
)


@pytest.mark.parametrize("tiles", ["none", "amap"])
def test_coordinates_of_any_system_are_found_where_they_are(open_page, tmp_path, tiles):
    made = moved_to_china(made_result("tiny"))
    write_district_map(replace(made, tiles=tiles), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    rng = np.random.default_rng(7)
    west, south, east, north = made.boundary.total_bounds
    systems = {"WGS-84": lambda x, y: (x, y), "GCJ-02": wgs84_to_gcj02, "BD-09": wgs84_to_bd09}
    for i, (system, forth) in enumerate(list(systems.items()) * 2):
        lon, lat = rng.uniform(west, east), rng.uniform(south, north)
        x, y = (float(v) for v in forth(lon, lat))
        opened.page.locator(".c15-search input").fill(WAYS_TO_WRITE[i % len(WAYS_TO_WRITE)].format(x=x, y=y))
        found = opened.page.locator(".c15-found button i").all_inner_texts()
        assert f"{system} 坐标" in found
        opened.page.locator(".c15-found button", has_text=system).click()
        at = opened.page.evaluate("""() => {
          const popup = Object.values(circle15.state.folium.map._layers).filter((l) => l instanceof L.Popup).pop();
          return [popup.getLatLng().lng, popup.getLatLng().lat];
        }""")
        drawn = wgs84_to_gcj02(lon, lat) if tiles == "amap" else (lon, lat)
        assert at == pytest.approx([float(v) for v in drawn], abs=2e-6)
    opened.page.locator(".c15-search input").fill("12.5, 41.9")
    assert opened.page.locator(".c15-found").inner_text() == "该坐标不在本图范围内"


def test_outside_china_coordinates_are_of_one_system_and_degrees_minutes_seconds_are_read(open_page, tmp_path):
    write_district_map(made_result("tiny"), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    lon, lat = CENTRE

    def parts(value):
        minutes = value % 1 * 60
        return f"{int(value)}°{int(minutes)}′{minutes % 1 * 60:.3f}″"

    opened.page.locator(".c15-search input").fill(f"北纬{parts(lat)} 东经{parts(lon)}")
    assert opened.page.locator(".c15-found button i").all_inner_texts() == ["WGS-84 坐标"]
    for text in ("12号", "3, 4, 5", "万达广场 3-2", "2024", "第3村 5组"):
        assert opened.page.evaluate("(text) => circle15.twoNumbers(text)", text) is None


def test_the_address_restores_place_service_and_layers(open_page, tmp_path):
    write_district_map(made_result("tiny"), tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    assert opened.page.url == (tmp_path / "index.html").as_uri()  # the first view needs none
    opened.tick("体育场地 · 步行时间")
    opened.tick("服务范围")
    opened.tick("步行道路")
    opened.page.evaluate("() => { circle15.state.folium.map.setView([43.7385, 7.4252], 16.25, { animate: false }); }")
    opened.settle()
    seen = """() => {
      const { map } = circle15.state.folium;
      return [circle15.state.key, map.getCenter().lat.toFixed(4), map.getCenter().lng.toFixed(4), map.getZoom()];
    }"""
    url, state, names = opened.page.url, opened.page.evaluate(seen), sorted(opened.names_on())
    again = open_page(tmp_path / "index.html")
    again.page.goto("about:blank")
    again.page.goto(url)
    again.page.wait_for_timeout(100)
    assert again.page.evaluate(seen) == state
    assert sorted(again.names_on()) == names
    # In a page that stands open, another address moves the view; a spoilt one changes nothing.
    again.page.evaluate("() => { location.hash = '#at=43.7381,7.4248,15&show=time-2&with=units'; }")
    again.page.wait_for_timeout(100)
    assert again.page.evaluate(seen)[0] == "time-2"
    assert sorted(again.names_on()) == ["社区卫生 · 步行时间", "街道边界与覆盖率"]
    for bad in ("#at=x,y,z", "#at=999,7,3&show=%E0%A4%A", "#show=nothing&with=", "#at"):
        again.page.evaluate("(bad) => { location.hash = bad; }", bad)
        again.page.wait_for_timeout(50)
        assert again.page.evaluate(seen)[0] == "time-2"
    assert again.complaints == []


def test_a_plan_of_the_what_if_and_the_view_share_the_address(open_page, pages):
    opened = _open(open_page, pages, "whatif")
    opened.page.evaluate("() => circle15.address.set({ plan: 'abc' })")
    opened.page.evaluate("() => { circle15.state.folium.map.panBy([60, 0], { animate: false }); }")
    opened.page.wait_for_timeout(100)
    assert re.search("#plan=abc&at=", opened.page.url)
    opened.page.evaluate("() => circle15.address.set({ plan: '' })")
    assert "plan" not in opened.page.url
    assert "at=" in opened.page.url


def test_the_pointer_is_told_what_is_covered_in_every_view(open_page, tmp_path):
    made = made_result("small")
    write_district_map(made, tmp_path / "index.html")
    opened = open_page(tmp_path / "index.html")
    for i in (10, 200, 400):
        cell = made.cells.iloc[i]
        unit = made.units.set_index("unit_id").loc[cell["unit_id"], "unit_name"]
        for key, layer in (("time-2", "clinic"), ("gap-0", "nursery"), ("cause-1", "canteen"), ("count", None)):
            opened.page.evaluate("(key) => circle15.state.show(key)", key)
            told = opened.page.evaluate("(i) => circle15.cellTold(circle15.state, i).innerText", i)
            assert unit in told
            if layer is not None:
                assert ("· 已覆盖" if cell[f"{layer}_covered"] else "· 未覆盖") in told
    x, y = opened.page.evaluate("""() => {
      const { map } = circle15.state.folium;
      const p = map.latLngToContainerPoint(map.getCenter());
      return [p.x, p.y];
    }""")
    opened.page.mouse.move(x, y)
    opened.page.mouse.move(x + 3, y)
    assert opened.page.locator(".leaflet-tooltip").count() == 1
    title = opened.page.locator(".leaflet-c15-labels-pane .leaflet-marker-icon").first.get_attribute("title")
    opened.page.evaluate("() => circle15.state.show('time-2')")
    title = opened.page.locator(".leaflet-c15-labels-pane .leaflet-marker-icon").first.get_attribute("title")
    assert re.search(r"街道 · 社区卫生 · 覆盖率 [\d.]+% · 居民", title)


def test_a_summary_links_each_districts_pages_and_sorts_by_any_heading(open_page, pages):
    opened = _open(open_page, pages, "summary")
    links = opened.page.locator("td a").evaluate_all("all => all.map((a) => a.href)")
    for run in ("whole", "whole-bridge"):
        for page in ("index.html", "report.html", "units/s1.html"):
            assert (pages["summary"].parent / run / page).as_uri() in links
    assert all(Path(link.removeprefix("file://")).is_file() for link in links)
    table = opened.page.locator("table.sorted").last
    heading = table.locator("th", has_text="体育场地覆盖率").first
    column = heading.evaluate("(th) => th.cellIndex")
    read = f"(t) => [...t.tBodies[0].rows].map((r) => Number(r.cells[{column}].dataset.value))"
    heading.locator("button").click()
    values = table.evaluate(read)
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 2
    heading.locator("button").click()
    assert table.evaluate(read) == sorted(values)
    assert heading.get_attribute("aria-sort") == "ascending"
    assert opened.complaints == []


def test_the_scale_and_leaflets_own_words_are_chinese_where_the_page_is(open_page, pages):
    for kind in ("map", "trend", "summary", "difference"):
        opened = _open(open_page, pages, kind)
        assert re.fullmatch(r"\d+ (米|公里)", opened.page.locator(".leaflet-control-scale-line").inner_text())


LAWS = {
    "metres are 米": r"\d (m|km)\b",
    "full-width brackets": r"[\u4e00-\u9fff] ?\(|\([\u4e00-\u9fff]",
    "no space before 岁": r"\d 岁",
    "full-width punctuation": r"[\u4e00-\u9fff][,;:?!](?![\w/])",
    "thousands apart": r"(?<![\d.,])\d{4,} (人|个|米|平方米|托位|餐位|学位|元|万元)",
    "a rate has its denominator": r"(人均|每千|每万)[^\n]*\n[^\n]*\n(?:[^\n]*\n)?[\d.,]+ (个|平方米|张|人|册)\n",
    "no plain English": r"\b[a-z]{3,} [a-z]{3,} [a-z]{3,}\b",
}
QUOTED = re.compile(
    r"© OpenStreetMap contributors|每千人口拥有3岁以下婴幼儿托位数\(个\)|[^\n]*表序号\d|[^\n]*(正文|新闻稿)[^\n]*"
)
"""What a document calls its indicators and sections, and a licence."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_in_chinese_is_set_as_chinese_is(open_page, pages, kind):
    opened = _open(open_page, pages, kind)
    opened.page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")
    text = opened.page.locator("body").inner_text()
    if kind in {"map", "unit", "scenario"}:  # popups of every sort
        shown = opened.page.evaluate("""() => {
          const { data } = circle15.state;
          const popups = [circle15.cellPopup(data, 3), ...data.units.map((u) => circle15.unitPopup(data, u)),
            ...[...data.sites, ...Object.values(data.planned).flat()].map((s) => circle15.factPopup(s.title, s.unit, s.rows)),
            ...circle15.state.markers.map((m) => m.getPopup()._content(m))];
          return popups.map((p) => { document.body.append(p); const t = p.innerText; p.remove(); return t; });
        }""")
        text = "\n".join([text, *shown])
    text = QUOTED.sub("", text.replace("\t", "\n"))
    assert len(text) > 200
    for law, pattern in LAWS.items():
        assert [text[max(m.start() - 20, 0) : m.end() + 20] for m in re.finditer(pattern, text)] == [], law


@pytest.mark.parametrize("n", [1, 3, 4])
def test_the_last_sheet_of_a_printed_report_holds_more_than_a_few_lines(open_page, tmp_path, n):
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("needs pdftotext: apt-get install poppler-utils")
    made = made_result("tiny")
    write_report(replace(made, layers=made.layers[:n]), tmp_path / "report.html")
    opened = open_page(tmp_path / "report.html")
    opened.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    told = subprocess.run([reader, "-layout", tmp_path / "report.pdf", "-"], capture_output=True, check=True)
    *_, last = told.stdout.decode().rstrip("\f\n").split("\f")
    assert len([line for line in last.splitlines() if line.strip()]) > 5
