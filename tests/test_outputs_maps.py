"""Maps as files: what stands in them, what must not, and that the same result gives the same bytes."""

import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from circle15.outputs.difference import LayerMoves, write_difference_map
from circle15.outputs.map_data import page_data
from circle15.outputs.map_places import areas_in_reach
from circle15.outputs.maps import write_district_map, write_unit_maps
from circle15.outputs.missing_links import link_where
from circle15.outputs.packed_shapes import STREET_TOLERANCE_DEG, encode_lines, encode_polygons, joined_lines
from circle15.outputs.page_parts import safe_json
from circle15.outputs.palette import count_colours, gap_classes, lightness, time_classes
from circle15.outputs.sentences import three_sentences
from circle15.outputs.text import people_text, quantity_text, share_heading, share_text
from circle15.outputs.view import View
from tests.made_result import EVIL_NAME, FORMULA_NAME, LONELY, made_result


@pytest.fixture(scope="module")
def result():
    return made_result("tiny")


@pytest.fixture(scope="module")
def page(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "index.html"
    write_district_map(result, path)
    return path.read_text(encoding="utf-8")


class _Elements(HTMLParser):
    """The elements of a page, and the text of its data block."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.data = ""
        self._in_data = False

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._in_data = dict(attrs).get("id") == "c15-data"

    def handle_endtag(self, _tag):
        self._in_data = False

    def handle_data(self, data):
        if self._in_data:
            self.data += data


def _parsed(page):
    parser = _Elements()
    parser.feed(page)
    return parser


def test_page_links_no_script_style_or_image(page):
    elements = _parsed(page).found
    assert not [a["src"] for _, a in elements if "src" in a]
    assert {a.get("href") for tag, a in elements if tag == "link"} == {"data:,"}
    assert {u[:5] for u in re.findall(r"url\(([^)]+)\)", page)} <= {"data:", "#defa"}
    assert "sourceMappingURL" not in page


def test_every_page_says_how_many_of_its_own_are_unlinked(result, page, tmp_path):
    write_unit_maps(result, tmp_path)
    pages = [page, *(p.read_text(encoding="utf-8") for p in sorted(tmp_path.glob("*.html")))]
    shown = [len(json.loads(_parsed(text).data)["unlinked"]) for text in pages]
    say = View(result).say
    for text, n in zip(pages, shown, strict=True):
        label = say["in_brackets"].format(a=say["unlinked"], b=n)
        assert (label in text or json.dumps(label)[1:-1] in text) == (n > 0)
        assert "c15-n-unlinked" not in text
    assert any(shown)


def test_streets_near_a_unit_are_those_of_the_whole_cut_to_its_reach(result):
    rng = np.random.default_rng(15)
    west, south, east, north = result.boundary.total_bounds
    ends = rng.uniform((west - 0.1, south - 0.1), (east + 0.1, north + 0.1), (400, 1, 2))
    lines = shapely.linestrings(ends + rng.normal(0, 0.02, (400, 3, 2)).cumsum(axis=1))
    view = View(replace(result, streets=gpd.GeoSeries(lines, crs="EPSG:4326")))
    whole = view.streets()
    for unit_id in view.unit_names():
        unit = view.of_unit(unit_id)
        cut = shapely.get_parts(shapely.clip_by_rect(whole, *unit.reach().bounds))
        assert shapely.to_wkb(unit.streets()).tolist() == shapely.to_wkb(cut[~shapely.is_empty(cut)]).tolist()


def test_same_result_gives_same_bytes(result, page, tmp_path):
    write_district_map(made_result("tiny"), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_other_folium_maps_keep_their_links(page):
    assert any("leaflet.js" in url for _, url in folium.Map().default_js)


def test_no_name_ends_a_script(result, page, tmp_path):
    evil = _parsed(page)
    assert EVIL_NAME not in page
    facilities = result.tables["facilities"].assign(name="plain")
    write_district_map(replace(result, tables=replace(result.tables, facilities=facilities)), tmp_path / "i.html")
    harmless = _parsed((tmp_path / "i.html").read_text(encoding="utf-8"))
    assert [tag for tag, _ in evil.found] == [tag for tag, _ in harmless.found]
    names = [f["name"] for f in json.loads(evil.data)["facilities"]["facilities"]]
    assert EVIL_NAME in names
    assert FORMULA_NAME in names


@pytest.mark.parametrize(
    "name", ["<b>托育</b>", 'a"b', "a'b", "a\\b", "a`${1}`b", "𝒳😀", "\u202eabc", "{{ 1 }}", "a\nb"]
)
def test_layer_and_district_names_are_text_not_markup(result, name, tmp_path):
    layers = (replace(result.layers[0], name=name), *result.layers[1:])
    write_district_map(replace(result, name=name, layers=layers), tmp_path / "i.html")
    elements = _parsed((tmp_path / "i.html").read_text(encoding="utf-8"))
    assert not [tag for tag, _ in elements.found if tag == "b"]
    data = json.loads(elements.data)
    assert data["layers"][0]["name"] == name
    assert data["page"]["name"] == name


def test_safe_json_refuses_nan_and_hides_markup():
    assert json.loads(safe_json("</script>&\u2028")) == "</script>&\u2028"
    assert not set("<>&\u2028") & set(safe_json("</script>&\u2028"))
    with pytest.raises(ValueError, match="Out of range"):
        safe_json([float("nan")])


def test_every_unit_has_its_page_named_by_its_id(result, tmp_path):
    write_unit_maps(result, tmp_path / "units")
    assert sorted(p.name for p in (tmp_path / "units").iterdir()) == sorted(
        f"{u}.html" for u in result.units["unit_id"]
    )


def test_unit_page_shows_its_own_cells_and_numbers(result):
    unit_id = result.units["unit_id"].iloc[1]
    data = _page_data(View(result, unit_id))
    assert data["cells"]["id"] == result.cells.loc[result.cells["unit_id"] == unit_id, "cell"].tolist()
    coverage = result.tables["coverage"].set_index(["unit_id", "layer"])
    for share, layer in zip(data["shares"], result.layers, strict=False):
        assert share["text"] == share_text(coverage.loc[(unit_id, layer.id), "covered_share"])


def _page_data(view):
    return page_data(view, {"bounds": [[0, 0], [1, 1]]}, [], [])


def test_page_numbers_are_the_tables(result):
    data = _page_data(View(result))
    coverage = result.tables["coverage"].set_index(["unit_id", "layer"])
    for i, layer in enumerate(result.layers):
        row = coverage.loc[(result.id, layer.id)]
        assert data["shares"][i]["text"] == share_text(row["covered_share"])
        assert data["shares"][i]["uncovered"].startswith(people_text(row["people"] - row["covered_people"]))
        seconds = result.cells[f"{layer.id}_seconds"].to_numpy()
        shown = np.array([np.nan if ms is None else ms / 1000 for ms in data["cells"]["layers"][layer.id]["ms"]])
        np.testing.assert_array_equal(shown, seconds)
        assert data["cells"]["layers"][layer.id]["covered"] == result.cells[f"{layer.id}_covered"].astype(int).tolist()


def test_shares_of_the_classes_within_the_threshold_sum_to_the_covered_share(result):
    data = _page_data(View(made_result("small")))
    for share, layer in zip(data["shares"], data["layers"], strict=False):
        within = sum(c["percent"] for c in layer["class_shares"][: layer["n_within"]])
        assert within == pytest.approx(share["percent"], abs=0.05)


def test_a_time_at_the_threshold_is_within_and_a_millisecond_more_is_not(result):
    cells = result.cells.assign(
        nursery_seconds=np.where(np.arange(len(result.cells)) % 2, 900.0, 900.001), nursery_linked=True, population=1.0
    )
    data = _page_data(View(replace(result, cells=cells)))
    layer = data["layers"][0]
    assert layer["edges_ms"][layer["n_within"] - 1] == 900_000
    odd = np.arange(len(cells)) % 2
    assert layer["class_shares"][layer["n_within"] - 1]["percent"] == pytest.approx(100 * odd.mean(), abs=0.01)


def test_cells_off_the_network_are_no_class_of_walking_time(result):
    people = result.cells["population"].where(result.cells.index != LONELY, 100.0)
    data = _page_data(View(replace(result, cells=result.cells.assign(population=people))))
    nursery, clinic = data["layers"][0], data["layers"][2]
    off = 100 / people.sum()
    assert nursery["off_share"]["percent"] == pytest.approx(100 * off, abs=0.01)
    assert sum(c["percent"] for c in nursery["class_shares"]) == pytest.approx(100 - 100 * off, abs=0.05)
    assert clinic["off_share"] is None
    assert data["counts"]["off_share"] is None  # the cell is on the network for some walkers
    assert data["cells"]["layers"]["nursery"]["linked"][LONELY] == 0


def test_facility_popups_tell_what_the_table_counts_and_no_modelled_load(result):
    data = _page_data(View(result, None))["facilities"]
    assert data["columns"] == [
        ["容量", "实际使用", "饱和度", "性质", "圈内居民", "距最近步行道路", "来源", "编号"]
    ] * len(result.layers)
    first = next(f for f in data["facilities"] if f["layer"] == 1)
    assert first["values"][:4] == ["40 托位", "30 托位", "75.0%", ""]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_count_of_a_map_names_its_people(lang):
    made = made_result("small", lang=lang)
    random = np.random.default_rng(3)
    children = made.cells["population"] * random.random(len(made.cells)) * (random.random(len(made.cells)) < 0.7) / 9
    layers = (replace(made.layers[0], group="age_0_2"), *made.layers[1:])
    coverage = made.tables["coverage"].copy()
    for at, row in coverage[coverage["layer"] == layers[0].id].iterrows():
        own = (made.cells["unit_id"] == row["unit_id"]) | (row["unit_id"] == made.id)
        covered, linked = made.cells[f"{layers[0].id}_covered"], made.cells[f"{layers[0].id}_linked"]
        people, reached = children[own].sum(), children[own & covered].sum()
        off = children[own & ~linked].sum()
        coverage.loc[at, ["people", "covered_people", "people_off_network"]] = people, reached, off
    result = replace(
        made, layers=layers, cells=made.cells.assign(age_0_2=children), tables=replace(made.tables, coverage=coverage)
    )
    data = _page_data(View(result))
    whom = {"zh": ("0–2岁人口", "居民"), "en": ("People aged 0-2", "residents")}[lang]
    assert [layer["whom"] for layer in data["layers"]] == [whom[0], *[whom[1]] * 3]
    for i, layer in enumerate(data["layers"]):
        assert layer["whom"] in layer["uncovered_label"]
        # What the tooltips over the hatched cells sum to is what the legend says of them.
        cells = data["cells"]["layers"][layer["id"]]
        people = np.array(cells.get("people", data["cells"]["people"]))
        hatched = (people > 0) & np.array(cells["linked"], bool) & ~np.array(cells["covered"], bool)
        told = float(data["shares"][i]["uncovered"].split()[0].replace(",", ""))
        assert told == pytest.approx(people[hatched].sum(), abs=0.51 + 0.01 * hatched.sum())
    assert any(whom[0] in heading for heading in data["facilities"]["columns"][0])
    for site in data["sites"]:
        assert all(data["layers"][site["layer"]]["whom"] in label for label, _ in site["rows"][:3])
    for unit in data["units"]:
        assert [whom[0] in row[0] for row in unit["rows"]] == [True, False, False, False]


def test_a_gap_map_tells_enough_from_nobody_and_no_cell_to_the_hundredth(result):
    data = _page_data(View(result))
    colours = {data["no_gap_colour"], data["nobody_colour"], data["off_network"]["colour"]}
    colours |= {colour for layer in data["layers"] if layer["gap"] for colour in layer["gap"]["colours"]}
    assert len(colours) == 3 + len(next(layer["gap"]["colours"] for layer in data["layers"] if layer["gap"]))
    assert [quantity_text(v) for v in (502.79, 12.04, 9.96, 3.04, 0.1, 0.03, 0.0)] == [
        "503", "12", "10", "3", "0.1", "< 0.1", "0",
    ]  # fmt: skip


def test_small_holes_of_service_areas_are_not_drawn(result):
    side = 0.005  # 400 m by 557 m
    area = shapely.box(7.40, 43.70, 7.45, 43.75)
    hole, speck = shapely.box(7.42, 43.735, 7.42 + side, 43.735 + side), shapely.box(7.43, 43.74, 7.4315, 43.7415)
    areas = gpd.GeoDataFrame(
        {"layer": ["nursery"] * 2, "cutoff_min": [15.0, 5.0]},
        geometry=[area.difference(hole).difference(speck)] * 2, crs="EPSG:4326",
    )  # fmt: skip
    view = View(replace(result, isochrones=areas))
    shown = areas_in_reach(view)
    assert [len(shapely.get_parts(shape)[0].interiors) for shape in shown.geometry] == [1, 1]
    drawn = [(a["minutes"], a["weight"]) for a in _page_data(view)["areas"]]
    assert drawn == [("5", 1), ("15", 2)]


def _decode(encoded):
    xy = np.cumsum(np.array(encoded["xy"]).reshape(-1, 2), axis=0) / encoded["scale"]
    rings, parts = iter(encoded["points"]), iter(encoded["rings"])
    at, shapes = 0, []
    for n_parts in encoded["parts"]:
        polygons = []
        for _ in range(n_parts):
            own = []
            for _ in range(next(parts)):
                n = next(rings)
                own.append(xy[at : at + n])
                at += n
            polygons.append(shapely.Polygon(own[0], own[1:]))
        shapes.append(shapely.MultiPolygon(polygons))
    return shapes


def test_polygons_survive_encoding_to_a_tenth_of_a_metre():
    hole = shapely.Point(7.4, 43.7).buffer(0.01).difference(shapely.Point(7.4, 43.7).buffer(0.004))
    pair = shapely.MultiPolygon([shapely.box(7.5, 43.5, 7.6, 43.6), hole])
    shapes = np.array([pair, shapely.box(-1, -1, 1, 1), hole], dtype=object)
    for before, after in zip(shapes, _decode(encode_polygons(shapes)), strict=True):
        assert shapely.hausdorff_distance(before, after) < 1e-6
        assert before.area == pytest.approx(after.area, rel=1e-4)


def test_lines_are_joined_and_survive_encoding(result):
    encoded = encode_lines(joined_lines(result.streets, STREET_TOLERANCE_DEG))
    assert len(encoded["xy"]) == 2 * sum(encoded["points"])
    xy = np.cumsum(np.array(encoded["xy"]).reshape(-1, 2), axis=0) / encoded["scale"]
    assert shapely.hausdorff_distance(shapely.MultiPoint(xy), shapely.union_all(result.streets.to_numpy())) < 0.001


def _difference(tmp_path, lang):
    box = shapely.box(7.42, 43.73, 7.43, 43.74)
    row = {"unit_id": "town", "group": "all", "people": 100.0}
    table = pd.DataFrame(
        [
            {**row, "layer": "a", "newly_covered_people": 5.2, "lost_people": 0.0, "share_before": 0.5, "share_after": 0.552},
            {**row, "layer": "b", "newly_covered_people": 0.0, "lost_people": 20.0, "share_before": 0.9, "share_after": 0.7},
            {**row, "layer": "c", "newly_covered_people": 0.0, "lost_people": 0.0, "share_before": 1, "share_after": 1},
            {**row, "layer": "d", "newly_covered_people": 0.0, "lost_people": 0.0, "share_before": 1, "share_after": 1},
            {**row, "layer": "e", "newly_covered_people": 0.01, "lost_people": 0.0, "share_before": 1, "share_after": 1},
        ]
    ).assign(gap_before=[np.nan, 186.4, np.nan, np.nan, 7.0], gap_after=[np.nan, 3.04, np.nan, np.nan, 7.0])  # fmt: skip
    pieces = gpd.GeoDataFrame(
        {"layer": ["a", "b"], "change": [1, -1], "people": [5.2, 20.0], "unit_name": EVIL_NAME},
        geometry=[box, box], crs="EPSG:4326",
    )  # fmt: skip
    units = gpd.GeoDataFrame({"unit_id": ["u"], "unit_name": [EVIL_NAME]}, geometry=[box], crs="EPSG:4326")
    moved = {"a": LayerMoves("age_0_2"), "b": LayerMoves(gap_unit="个", is_gap_moved=True), "c": LayerMoves()}
    moved |= {"d": LayerMoves(is_walk_moved=True), "e": LayerMoves(gap_unit="个", is_gap_moved=True)}
    path = tmp_path / "difference.html"
    write_difference_map(
        table, pieces, units, {"a": "托育", "b": "诊所", "c": "球场", "d": "公园", "e": "食堂"}, path, moved=moved, title="<i>城</i>: 前 → 后", lang=lang,
        sources=["© OSM", "编制单位：局"], notes=["托育：两次口径不同：<15>"],
    )  # fmt: skip
    return path.read_text(encoding="utf-8")


def test_a_difference_map_tells_shares_before_and_after_and_who_is_gained_or_lost(tmp_path):
    page = _difference(tmp_path, "zh")
    for text in (
        "0–2岁人口，实施前 50.0% → 实施后 55.2%",
        "居民，实施前 90.0% → 实施后 70.0%",
        "供需缺口 186 → 3 个",
        "供需缺口合计基本不变，网格间有增减",
        json.dumps(" · 新增覆盖 · 0–2岁人口 约 5 人")[1:-1],
        ">+5 人<",
        ">\N{MINUS SIGN}20 人<",
        ">+&lt; 1 人<",
        "新增覆盖",
        "不再覆盖",
    ):
        assert text in page
    assert page.count(">无变化<") == 1  # neither coverage nor gap nor a walk
    assert page.count(">覆盖不变<") == 1
    assert "步行时间有变化" in page
    assert EVIL_NAME not in page
    assert "<p>托育：两次口径不同：&lt;15&gt;</p>" in page
    assert "<h1>&lt;i&gt;城&lt;/i&gt;: 前 → 后</h1>" in page
    assert 'addAttribution("\\u7f16' in page or 'addAttribution("编制单位：局")' in page
    assert "before 90.0% → after 70.0%" in _difference(tmp_path, "en")


@pytest.mark.parametrize("threshold", [1, 3.5, 5, 7.4, 10, 13.3333, 15, 20, 29.9, 30, 45, 60, 90])
def test_the_threshold_is_an_edge_and_grey_print_keeps_the_order(threshold):
    for farthest in (None, threshold, 1.5 * threshold, 2 * threshold):
        classes = time_classes(threshold, farthest)
        assert classes.edges_min[classes.n_within - 1] == threshold
        assert list(classes.edges_min) == sorted(set(classes.edges_min))
        assert len(classes.colours) == len(classes.edges_min) + 1
        grey = [lightness(c) for c in classes.colours]
        assert all(a - b > 2 for a, b in itertools.pairwise(grey))
        if farthest is not None:
            assert classes.edges_min[-1] == max(threshold, farthest)


def test_fewer_services_are_darker():
    for n in range(2, 9):
        grey = [lightness(c) for c in count_colours(n)]
        assert grey == sorted(grey)
        assert len(set(grey)) == n + 1


def test_gap_classes_end_at_round_numbers_below_the_largest():
    assert gap_classes(37.0)[0] == (5.0, 10.0, 25.0)
    assert gap_classes(0.08)[0] == (0.01, 0.02, 0.05)
    assert gap_classes(0.0)[0] == ()


def test_shares_that_are_not_whole_never_read_as_whole():
    assert [share_text(s) for s in (0.0, 1e-6, 0.5, 0.99999, 1.0, float("nan"))] == [
        "0.0%", "0.1%", "50.0%", "99.9%", "100.0%", "–",
    ]  # fmt: skip


def test_sentences_quote_the_tables():
    result = made_result("small")
    row = result.tables["coverage"].query("unit_id == 'made' and layer == 'sports'").iloc[0]
    first, second, third = three_sentences(View(result))
    complete = result.tables["completeness"].set_index("unit_id").loc["made"]
    assert people_text(complete["people"]) in first
    assert people_text(complete["complete_people"]) in first
    assert share_text(row["covered_share"]) in second
    assert people_text(row["people"] - row["covered_people"]) in second
    whole = result.tables["coverage"].query("unit_id == 'made'").set_index("layer")
    ranking = result.tables["ranking"]
    sites = ranking[ranking["layer"] == whole["covered_share"].idxmin()].set_index("rank")
    assert f"点位 {sites['alone_covered_people'].idxmax()}" in third
    assert people_text(sites["alone_covered_people"].max()) in third


def test_an_area_without_people_says_so_instead_of_a_share():
    made = made_result("tiny", lang="en")
    empty = made.tables["coverage"].assign(people=0.0, covered_people=0.0, covered_share=np.nan)
    view = View(replace(made, tables=replace(made.tables, coverage=empty), cells=made.cells.assign(population=0.0)))
    assert three_sentences(view) == ["Nobody lives in Harbour District, so no share is given."]


def test_a_group_of_people_is_named_and_never_passes_for_the_residents():
    made = made_result("tiny")
    coverage = made.tables["coverage"].query("layer == 'canteen'")
    old = coverage.assign(people=coverage["people"] / 4, covered_people=coverage["people"] / 8, covered_share=0.5)
    layer = replace(made.layers[1], group="age_60_plus")
    view = View(replace(made, layers=(layer,), tables=replace(made.tables, coverage=old)))
    row = old.set_index("unit_id").loc["made"]
    first, second, _ = three_sentences(view)
    residents = people_text(made.cells["population"].sum())
    assert first.startswith(f"港城区有居民 {residents} 人；60岁及以上人口 {people_text(row['people'])} 人，其中")
    assert f"60岁及以上人口中有 {people_text(row['people'] - row['covered_people'])} 人" in second
    nobody = replace(view.result, tables=replace(made.tables, coverage=old.assign(people=0.0, covered_share=np.nan)))
    assert three_sentences(View(nobody)) == [f"港城区有居民 {residents} 人，其中没有各类服务所面向的人群，不计覆盖率。"]


def test_shares_in_the_legend_are_headed_by_the_people_whom_the_service_is_for():
    made = made_result("tiny")
    of_all, of_old = made.layers[1], replace(made.layers[1], group="age_60_plus")
    assert [share_heading(of_all, lang) for lang in ("zh", "en")] == ["居民占比", "share of people"]
    assert share_heading(of_old, "zh") == "占 60岁及以上人口"
    data = _page_data(View(made))
    assert [layer["share_heading"] for layer in data["layers"]] == ["居民占比"] * len(made.layers)


def test_approval_number_and_bureau_stand_on_the_map(result, tmp_path):
    write_district_map(replace(result, bureau="港城区规划局", map_approval="GS(2026)0001号"), tmp_path / "i.html")
    data = json.loads(_parsed((tmp_path / "i.html").read_text(encoding="utf-8")).data)
    assert data["page"]["footer"] == ["编制单位：港城区规划局", "审图号：GS(2026)0001号"]


def test_a_map_without_ranking_areas_or_unlinked_points_is_written(result, tmp_path):
    tables = replace(result.tables, ranking=None, unlinked=None, gaps=None, completeness=None)
    bare = replace(result, tables=tables, isochrones=result.isochrones.iloc[:0], layers=result.layers[:1])
    write_district_map(bare, tmp_path / "i.html")
    data = json.loads(_parsed((tmp_path / "i.html").read_text(encoding="utf-8")).data)
    assert data["sites"] == data["unlinked"] == data["areas"] == []


@pytest.mark.slow
def test_twenty_thousand_cells_take_less_than_25_megabytes(tmp_path):
    write_district_map(made_result("large"), tmp_path / "i.html")
    assert (tmp_path / "i.html").stat().st_size < 25_000_000


def test_a_link_is_told_by_the_roads_that_it_would_join_and_its_community():
    row = SimpleNamespace(from_road="河滨路旁", to_road="桥东街旁", community="桥东社区")
    assert link_where(row, "zh") == "河滨路旁 — 桥东街旁，桥东社区"
    assert link_where(SimpleNamespace(from_road="on A", to_road="on A", community=""), "en") == "on A"
    assert link_where(SimpleNamespace(from_road="", to_road="", community=""), "zh") == ""
