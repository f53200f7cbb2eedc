"""Facilities: one table in thirty disguises, and what is reported on the way."""

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from circle15.config.layer import LayerTable
from circle15.errors import ConfigError, InputError, MissingColumnError
from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.inputs.facilities.facility_sources import (
    COLUMNS,
    combine_facilities,
    facilities_from_osm,
    read_facilities,
    safe_id,
)
from circle15.inputs.facilities.guess import guess_layer, read_raw
from circle15.inputs.ground.names import UnitNames, check_streets
from circle15.inputs.osm.features import Features
from circle15.inputs.tables.import_report import LEFT_OUT, REASONS, Change, changes_frame
from circle15.inputs.tables.values import says_kind

_spec = importlib.util.spec_from_file_location("ugly_tables", Path(__file__).with_name("ugly_tables.py"))
ugly = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(ugly)


@pytest.mark.parametrize("write", ugly.WAYS, ids=lambda w: w.__name__)
def test_however_a_table_is_written_it_loads_to_the_same_frame(write, tmp_path):
    path, layer = write(tmp_path)
    frame = pd.DataFrame(read_facilities(layer, path).frame)
    wanted = ugly.expected()
    numbers = ["capacity", "used", "quality"]
    pd.testing.assert_frame_equal(frame[list(wanted)].drop(columns=["lon", "lat"]), wanted.drop(columns=["lon", "lat"]))
    np.testing.assert_array_equal(frame[numbers].to_numpy(), wanted[numbers].to_numpy())
    # Nine decimals of a degree, or a hundredth of a millimetre, is what the disguises were written with.
    np.testing.assert_allclose(frame[["lon", "lat"]], wanted[["lon", "lat"]], rtol=0, atol=3e-9)


def layer(**more):
    return LayerTable(id="nursery", name="托育", source="x.csv", **({"crs": "wgs84"} | more))


def read(folder, text, headings=None, **more):
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_facilities(layer(**more), path, headings=headings)


def reasons(table):
    return [(c.row, c.reason) for c in table.changes]


TWO = "名称,经度,纬度\n甲,121.5,29.9\n乙,121.6,29.8\n"


def test_the_frame_has_its_columns_and_system_and_sources(tmp_path):
    table = read(tmp_path, TWO)
    assert tuple(table.frame.columns) == COLUMNS
    assert table.frame.crs.to_epsg() == 4326
    assert table.frame["source"].tolist() == ["t.csv:2", "t.csv:3"]
    assert table.frame["facility_id"].tolist() == ["nursery-2", "nursery-3"]
    assert table.changes == table.dropped == ()
    assert shapely.get_x(table.frame.geometry.to_numpy()).tolist() == [121.5, 121.6]


def test_without_a_stated_system_the_run_stops(tmp_path):
    with pytest.raises(InputError, match=r'crs = "wgs84", "gcj02"'):
        read(tmp_path, TWO, crs=None)


def test_missing_coordinate_columns_name_the_headings_found_and_the_aliases_tried(tmp_path):
    with pytest.raises(MissingColumnError, match=r"经度.*headings found: 名称, 地址, 电话") as caught:
        read(tmp_path, "名称,地址,电话\n甲,某路1号,1\n")
    assert "t.csv" in str(caught.value)


def test_a_named_column_that_is_not_there_lists_those_that_are(tmp_path):
    with pytest.raises(MissingColumnError, match=r"capacity_field.*名称, 经度, 纬度"):
        read(tmp_path, TWO, capacity_field="床位")


def test_two_columns_for_one_field_are_an_error_that_names_both(tmp_path):
    text = "名称,机构名称,经度,纬度\n甲,乙,121.5,29.9\n"
    with pytest.raises(InputError, match=r'"名称" and "机构名称".*name_field'):
        read(tmp_path, text)
    assert read(tmp_path, text, name_field="机构名称").frame["name"].tolist() == ["乙"]


def test_two_capacities_are_told_apart_by_the_layers_unit_or_not_at_all(tmp_path):
    text = "名称,经度,纬度,床位数,建筑面积(㎡)\n甲,121.5,29.9,20,800\n"
    with pytest.raises(InputError, match='"床位数", "建筑面积'):
        read(tmp_path, text)
    assert read(tmp_path, text, capacity_unit="平方米").frame["capacity"].tolist() == [800]
    assert read(tmp_path, text, capacity_unit="张").frame["capacity"].tolist() == [20]
    assert read(tmp_path, text, capacity_field="床位数").frame["capacity"].tolist() == [20]
    assert np.isnan(read(tmp_path, text, capacity_unit="托位").frame["capacity"][0])


def test_units_in_headings_scale_and_say_so(tmp_path):
    table = read(
        tmp_path, "名称,经度,纬度,面积（万㎡）\n甲,121.5,29.9,1.2\n乙,121.5,29.8,3亩\n", capacity_unit="平方米"
    )
    assert table.frame["capacity"].tolist() == pytest.approx([12_000, 2000])
    assert reasons(table) == [(2, "unit_scaled"), (3, "unit_scaled")]


def test_a_configs_own_headings_win_and_unknown_fields_are_refused(tmp_path):
    text = "馆名,经度,纬度\n甲,121.5,29.9\n"
    assert read(tmp_path, text).frame["name"].tolist() == [""]
    assert read(tmp_path, text, headings={"name": ["馆名"]}).frame["name"].tolist() == ["甲"]
    with pytest.raises(ConfigError, match=r"headings\.nmae"):
        read(tmp_path, text, headings={"nmae": ["馆名"]})


@pytest.mark.parametrize(
    ("rows", "crs", "says"),
    [
        ("29.9,121.5\n29.8,121.6", "wgs84", "swapped"),
        ("29.9,121.5\n29.8,121.6", "gcj02", "swapped"),
        ("40500000,3310000", "wgs84", 'crs = "cgcs2000" or "EPSG:4528"'),
        ("500000,3310000", "gcj02", "central meridian"),
        ("13525000,3490000", "bd09", "EPSG:3857"),
        ("12345.6,67890.1", "wgs84", "local city grid"),
        ("2345.6,7890.1", "EPSG:4549", "local city grid"),
        ("121.5,29.9", "EPSG:4549", "these are degrees"),
        ("500000,3310000", "cgcs2000", "central meridian"),
        ("约一百二,约三十", "wgs84", "decimal degrees"),
        (",\n,", "wgs84", "no row has coordinates"),
    ],
)
def test_coordinates_of_another_system_get_their_own_message(tmp_path, rows, crs, says):
    text = "名称,经度,纬度\n" + "\n".join(f"甲{i},{row}" for i, row in enumerate(rows.split("\n")))
    with pytest.raises(InputError, match=r"t\.csv") as caught:
        read(tmp_path, text, crs=crs)
    assert says in str(caught.value)


def test_survey_axes_are_put_right_where_the_headings_decide_and_refused_where_the_config_does(tmp_path):
    text = "名称,X,Y\n甲,3310000,450000\n"
    table = read(tmp_path, text, crs="EPSG:4549")
    assert table.frame["lon"].tolist() == pytest.approx([119.48], abs=0.01)
    assert reasons(table) == [(None, "survey_axes")]
    with pytest.raises(InputError, match="X is north"):
        read(tmp_path, text, crs="EPSG:4549", lon_field="X", lat_field="Y")


def test_rows_without_a_place_are_named_and_never_dropped_silently(tmp_path):
    table = read(tmp_path, TWO + "丙,,\n丁,29.9,121.5\n戊,abc,29.9\n己,0,0\n")
    assert table.frame["name"].tolist() == ["甲", "乙"]
    assert [d.source for d in table.dropped] == ["t.csv:4", "t.csv:5", "t.csv:6", "t.csv:7"]
    assert [d.text.zh for d in table.dropped] == ["没有坐标", "经纬度似乎写反", "坐标无法识别", "没有坐标"]
    report = changes_frame(table.changes)
    assert set(report["row"]) == {4, 5, 6, 7}
    assert list(report.columns) == ["file", "sheet", "row", "column", "original", "taken", "reason"]


def test_every_value_taken_otherwise_has_a_line_with_original_and_value(tmp_path):
    table = read(tmp_path, "名称,经度,纬度,托位数,在托人数\n 甲 ,121°30′,29.9,约60,—\n乙,121.6,29.8,12O,-3\n")
    lines = [(c.row, c.column, c.original, c.taken, c.reason) for c in table.changes]
    assert sorted(lines, key=str) == sorted(
        [
            (2, "名称", " 甲 ", "甲", "spaces"),
            (2, "经度", "121°30′", "121.5", "dms"),
            (2, "托位数", "约60", "60", "approximate"),
            (2, "在托人数", "—", "", "no_value"),
            (3, "托位数", "12O", "", "not_a_number"),
            (3, "在托人数", "-3", "", "negative"),
        ],
        key=str,
    )


def test_formulas_and_markup_pass_as_the_text_that_they_are(tmp_path):
    table = read(tmp_path, '名称,经度,纬度\n"=HYPERLINK(""http://x"")",121.5,29.9\n<script>x</script>,121.5,29.8\n')
    assert table.frame["name"].tolist() == ['=HYPERLINK("http://x")', "<script>x</script>"]


def test_ids_are_unique_and_safe_for_files(tmp_path):
    text = "编号,名称,经度,纬度\nA 1/../x,甲,121.5,29.9\nb2,乙,121.5,29.8\n"
    text += "b2,丙,121.5,29.7\n托-1,丁,121.5,29.6\n,戊,121.5,29.5\n"
    table = read(tmp_path, text)
    assert table.frame["facility_id"].tolist() == [
        "nursery-a-1-x",
        "nursery-b2",
        "nursery-b2-4",
        "nursery-5",
        "nursery-6",
    ]
    assert [r for _, r in reasons(table)] == ["id_made_safe", "id_repeated", "id_made_safe"]


@given(st.lists(st.text(max_size=12), min_size=2, max_size=12))
def test_no_text_makes_an_id_that_a_file_cannot_bear(texts):
    for text in texts:
        assert set(safe_id(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


def test_layers_whose_ids_would_meet_are_kept_apart(tmp_path):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("编号,名称,经度,纬度\nb-1,甲,121.5,29.9\n")
    b.write_text("编号,名称,经度,纬度\n1,乙,121.6,29.9\n")
    tables = [read_facilities(LayerTable(id=i, name=i, source="x", crs="wgs84"), p) for i, p in (("a", a), ("a-b", b))]
    assert combine_facilities(tables).frame["facility_id"].tolist() == ["a-b-1", "a-b-1-2"]


def test_the_same_name_within_100_m_is_reported_and_kept(tmp_path):
    # 0.0005 degrees of latitude are 56 m, 0.002 are 222 m.
    text = "名称,经度,纬度\n甲园,121.5,29.9\n甲 园,121.5,29.9005\n甲园,121.5,29.903\n"
    text += "乙园,121.5,29.9\n,121.5,29.9\n,121.5,29.9001\n"
    table = combine_facilities([read(tmp_path, text)])
    assert len(table.frame) == 6
    assert reasons(table) == [(3, "near_duplicate")]
    assert "t.csv:2" in table.changes[0].detail


def test_duplicates_between_files_name_the_other_file(tmp_path):
    tables = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.csv"
        path.write_text("名称,经度,纬度\n甲园,121.5,29.9\n")
        tables.append(read_facilities(LayerTable(id=name, name=name, source="x", crs="wgs84"), path))
    line = combine_facilities(tables).changes[0]
    assert (line.file, line.row, line.detail) == ("b.csv", 2, "a, a.csv:2")


def test_no_facility_at_all_combines_to_an_empty_frame_with_the_same_columns():
    frame = combine_facilities([]).frame
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert frame["lon"].dtype == np.float64


def test_a_system_that_the_file_denies_is_an_error_unless_it_is_a_shifted_one(tmp_path):
    lon, lat = wgs84_to_gcj02(121.5, 29.9)
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[shapely.Point(lon, lat)], crs="EPSG:4326")
    frame.to_file(tmp_path / "d.geojson")
    table = read_facilities(layer(crs="gcj02"), tmp_path / "d.geojson")
    assert table.frame["lon"].tolist() == pytest.approx([121.5], abs=1e-8)
    assert reasons(table) == [(None, "system_stated")]
    frame.to_crs("EPSG:4549").to_file(tmp_path / "p.gpkg")
    with pytest.raises(InputError, match="the file itself says EPSG:4549"):
        read_facilities(layer(crs="gcj02"), tmp_path / "p.gpkg")
    frame.to_file(tmp_path / "n.shp")
    (tmp_path / "n.prj").unlink()
    with pytest.raises(InputError, match=r"no coordinate system \(no \.prj"):
        read_facilities(layer(crs=None), tmp_path / "n.shp")


def test_self_crossing_heights_and_parts_are_read_and_reported(tmp_path):
    bow = shapely.Polygon([(121.5, 29.9), (121.51, 29.91), (121.51, 29.9), (121.5, 29.91)])
    high = shapely.Point(121.5, 29.9, 12.5)
    parts = shapely.MultiPolygon([shapely.box(121.4, 29.8, 121.41, 29.81), shapely.box(121.42, 29.8, 121.43, 29.81)])
    frame = gpd.GeoDataFrame({"name": ["结", "高", "双", "末"]}, geometry=[bow, high, parts, None], crs="EPSG:4326")
    frame.to_file(tmp_path / "g.geojson")
    table = read_facilities(layer(crs=None), tmp_path / "g.geojson")
    assert table.frame.geometry.is_valid.all()
    assert not shapely.has_z(table.frame.geometry.to_numpy()).any()
    assert table.frame["name"].tolist() == ["结", "高", "双"]
    assert reasons(table) == [(None, "z_dropped"), (1, "geometry_repaired"), (4, "no_geometry")]
    points = shapely.points(table.frame["lon"], table.frame["lat"])
    assert shapely.intersects(points, table.frame.geometry.to_numpy()).all()


def test_osm_features_become_the_same_frame():
    features = gpd.GeoDataFrame(
        {
            "layer": ["a", "a", "b"], "osm_id": ["n1", "w2", "w3"], "name": ["甲", "", "丙"],
            "capacity": [10.0, np.nan, 5.0],
            "tags": [{"addr:full": "某路"}, {}, {}],
        },
        geometry=shapely.from_wkt(
            ["POINT (7.4 43.7)", "POLYGON ((7.4 43.7, 7.42 43.7, 7.4 43.72, 7.4 43.7))", "LINESTRING (7 43, 8 43)"]
        ),
        crs="EPSG:4326",
    )  # fmt: skip
    frame = facilities_from_osm(Features(features, ())).frame
    assert tuple(frame.columns) == COLUMNS
    assert frame["facility_id"].tolist() == ["a-n1", "a-w2", "b-w3"]
    assert frame["source"].tolist() == ["osm:n1", "osm:w2", "osm:w3"]
    assert frame["lon"].iloc[[0, 2]].tolist() == pytest.approx([7.4, 7.5])
    assert features.geometry[1].contains(shapely.Point(frame["lon"][1], frame["lat"][1]))
    assert frame["address"].tolist() == ["某路", "", ""]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("庄桥街道", 0), ("庄桥街道办事处", 0), ("江北区庄桥街道办", 0), ("浙江省宁波市江北区慈城镇人民政府", 1),
        ("慈城", 1), ("庄桥", 0),
        ("月湖社区居委会", 2), ("慈城街道", None), ("庄市街道", None), ("", None), ("　庄桥街道 ", 0),
    ],
)  # fmt: skip
def test_names_of_streets_are_matched_in_their_usual_forms(name, unit):
    assert UnitNames([], ["庄桥街道", "慈城镇", "月湖社区"]).find(name) == (() if unit is None else (unit,))


def test_a_short_name_of_two_units_may_mean_both():
    assert UnitNames([], ["庄桥街道", "庄桥镇"]).find("庄桥") == (0, 1)


def test_a_street_in_the_table_that_is_not_where_the_place_lies_is_reported(tmp_path):
    text = "名称,经度,纬度,街道\n甲,121.5,29.9,庄桥街道办事处\n乙,121.5,29.8,慈城镇\n丙,121.5,29.7,外滩街道\n"
    text += "丁,121.5,29.6,慈城\n戊,121.5,29.5,\n"
    facilities = read(tmp_path, text).frame
    units = gpd.GeoDataFrame(
        {"unit_id": ["a", "b"], "unit_name": ["庄桥街道", "慈城镇"]},
        geometry=[shapely.box(0, 0, 1, 1)] * 2,
        crs="EPSG:4326",
    )
    lines = check_streets(facilities, units, np.array([0, 0, 0, -1, 0]))
    assert [(c.row, c.reason, c.detail, c.taken) for c in lines] == [
        (3, "other_street", "慈城镇", "庄桥街道"),
        (4, "unknown_street", "外滩街道", "庄桥街道"),
        (5, "other_street", "慈城", ""),
    ]


def test_a_guess_finds_columns_encoding_unit_and_what_the_numbers_look_like(tmp_path):
    path, _ = ugly.gbk_csv_with_title_and_totals(tmp_path)
    guess = guess_layer(path)
    assert guess.encoding == "gb18030"
    assert (guess.columns["name"], guess.columns["lon"], guess.columns["places"]) == ("机构名称", "经度", "托位数")
    assert (guess.capacity_unit, guess.looks, guess.crs, guess.n_rows) == ("托位", "degrees", None, 6)
    zoned, _ = ugly.eastings_with_zone(tmp_path)
    assert (guess_layer(zoned).looks, guess_layer(zoned).crs) == ("zoned", "cgcs2000")
    (tmp_path / "n.csv").write_text("名称,地址\n甲,某路\n")
    assert guess_layer(tmp_path / "n.csv").looks == "nothing"
    ugly.geojson(tmp_path)
    assert guess_layer(tmp_path / "a.geojson").crs == "EPSG:4326"


def test_raw_coordinates_are_what_the_file_says(tmp_path):
    path, gcj = ugly.amap_coordinates(tmp_path)
    wanted = ugly.expected()
    raw = read_raw(gcj, path)
    np.testing.assert_allclose((raw.x, raw.y), wgs84_to_gcj02(wanted["lon"], wanted["lat"]), atol=1e-9)
    path, geo = ugly.geojson(tmp_path)
    np.testing.assert_allclose(read_raw(geo, path).x, wanted["lon"], atol=1e-9)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_reason_has_words_in_both_languages(lang):
    for reason in REASONS:
        text = Change(file="x", reason=reason, detail="7").text.in_(lang)
        assert text
        assert "{" not in text
    assert set(REASONS) >= LEFT_OUT


def said(folder, heading, *cells, **more):
    rows = "".join(f"{i},121.5{i},29.9,{cell}\n" for i, cell in enumerate(cells))
    return read(folder, f"名称,经度,纬度,{heading}\n{rows}", **more)


def unclear(table, reason="quality_unclear"):
    return [c.original for c in table.changes if c.reason == reason]


@pytest.mark.parametrize("heading", ["星级", "等级", "级别", "评级"])
def test_stars_and_grades_are_no_flag_of_quality(tmp_path, heading):
    assert said(tmp_path, heading, 1, 2, 3, 4, 5).frame["quality"].isna().all()


def test_levels_named_as_quality_are_unknown_and_reported_one_by_one(tmp_path):
    for cells in (["1", "3", "5"], ["五星", "3A", "一级"]):
        table = said(tmp_path, "星级", *cells, quality_field="星级")
        assert table.frame["quality"].isna().all()
        assert unclear(table) == cells


def test_an_empty_flag_is_unknown_unless_the_column_marks_only_those_that_are(tmp_path):
    np.testing.assert_array_equal(said(tmp_path, "示范", "是", "否", "").frame["quality"], [1, 0, np.nan])
    marked = said(tmp_path, "示范", "√", "", "是（2023年）")
    assert marked.frame["quality"].tolist() == [1, 0, 1]
    assert [(c.row, c.taken) for c in marked.changes if c.reason == "empty_is_no"] == [(3, "0")]


def test_a_column_that_asks_whether_is_read_as_that_kind_or_not(tmp_path):
    assert said(tmp_path, "是否普惠", "是", "否", "").frame["ownership"].tolist() == ["普惠", "非普惠", ""]
    assert said(tmp_path, "公办", "√", "").frame["ownership"].tolist() == ["公办", "非公办"]
    table = said(tmp_path, "是否规范化", "是", "否", headings={"ownership": ["是否规范化"]})
    assert table.frame["ownership"].tolist() == ["规范化", "非规范化"]
    assert unclear(table, "answer_to_heading") == ["是", "否"]


def test_every_column_of_ownership_is_read(tmp_path):
    rows = "甲,121.5,29.9,民办,是\n乙,121.6,29.9,民办,否\n丙,121.7,29.9,公办,\n"
    table = read(tmp_path, f"名称,经度,纬度,性质,是否普惠\n{rows}")
    assert table.frame["ownership"].tolist() == ["民办、普惠", "民办、非普惠", "公办"]


@pytest.mark.parametrize(
    ("text", "is_said"),
    [("公办", True), ("普惠性民办", True), ("非普惠", False), ("民办非普惠", False), ("民办", False)],
)
def test_a_denied_kind_is_not_said(text, is_said):
    assert says_kind(text, "公办", "普惠") == is_said


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("面积(㎡)", "平方米"), ("面积", "平方米"), ("面积(亩)", "平方米"), ("餐位数（个）", "餐位"), ("托位数", "托位"), ("床位数", "床位"),
     ("位数", "个"), ("规模(份)", "份"), ("规模", None), ("seats", "places")],
)  # fmt: skip
def test_a_layer_counts_in_the_unit_of_the_column_that_was_read(tmp_path, heading, unit):
    assert said(tmp_path, heading, 1, 2).capacity_unit == unit


def test_a_stated_column_without_a_known_heading_says_no_unit(tmp_path):
    assert said(tmp_path, "可接待", 1, capacity_field="可接待").capacity_unit is None
    assert said(tmp_path, "可接待(张)", 1, capacity_field="可接待(张)").capacity_unit == "张"


def test_an_amount_merged_over_two_rows_counts_once_and_what_says_where_counts_for_both(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["街道", "名称", "经度", "纬度", "托位数"],
        ["东街道", "甲园", 121.5, 29.9, 60],
        [None, "乙园", None, None, None],
    ):
        sheet.append(row)
    for cells in ("A2:A3", "C2:C3", "D2:D3", "E2:E3"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "t.xlsx")
    table = read_facilities(layer(), tmp_path / "t.xlsx")
    assert table.frame[["street", "lon", "lat"]].to_numpy().tolist() == [["东街道", 121.5, 29.9]] * 2
    np.testing.assert_array_equal(table.frame["capacity"], [60, np.nan])
    (line,) = (c for c in table.changes if c.reason == "merged_amount")
    assert (line.row, line.column, line.text.en) == (
        3, "托位数", "an amount in a merged cell: it counts in row 2 alone; empty here"
    )  # fmt: skip
