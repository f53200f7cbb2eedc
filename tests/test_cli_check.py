"""The doctor on a small Chinese town, and the same findings in a run."""

import json
import unicodedata

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner
from pyproj import Transformer

from circle15.cli import main
from circle15.doctor.findings import Findings
from circle15.errors import InputError, Problem
from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.said import Said
from tests.chinese_town import SIZE_M, Town, at


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def checked(path, code=0):
    result = run("check", path, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def town_with(folder, convert=None, n=24, **keys):
    """Write a town whose facilities are converted from WGS-84."""
    town = Town(folder, **keys)
    lon, lat = town.places(n)
    town.write_table(*(convert(lon, lat) if convert else (lon, lat)))
    return town.write()


def test_a_right_table_has_no_warning_of_its_own(tmp_path):
    told = checked(town_with(tmp_path))
    assert told["problems"] == []
    assert not [w for w in told["warnings"] if "托育" in w]
    (system,) = told["coordinate_systems"]
    assert (system["layers"], system["stated"], system["best"], system["n_points"]) == (
        ["nursery"],
        "wgs84",
        "wgs84",
        24,
    )
    assert any("24" in fact and "nursery" in fact for fact in told["facts"])


def test_bd09_said_to_be_wgs84_is_named_by_check_and_by_a_run(tmp_path):
    path = town_with(tmp_path, wgs84_to_bd09)
    told = checked(path)
    (warning,) = [w for w in told["warnings"] if "bd09" in w]
    assert 'crs = "bd09"' in warning
    (system,) = told["coordinate_systems"]
    assert (system["best"], system["is_sure"], system["contradicts"]) == ("bd09", True, True)
    best, stated = system["hypotheses"][0], next(h for h in system["hypotheses"] if h["is_stated"])
    assert best["median_m"] < 20 < stated["median_m"]
    done = run("run", path, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert warning in done.stderr
    assert warning in json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["warnings"]


def test_a_gcj02_file_that_says_it_is_wgs84_is_named_too(tmp_path):
    town = Town(tmp_path, source="托育.geojson", layer_keys="")
    places = gpd.points_from_xy(*wgs84_to_gcj02(*town.places()))
    gpd.GeoDataFrame({"name": [f"园{i}" for i in range(24)]}, geometry=places, crs=4326).to_file(
        tmp_path / "托育.geojson"
    )
    assert any("gcj02" in w for w in checked(town.write())["warnings"])


def test_polygons_are_not_judged_by_their_middles(tmp_path):
    town = Town(tmp_path, source="园.geojson", layer_keys="")
    x, y = wgs84_to_gcj02(*town.places())
    boxes = [shapely.box(a, b, a + 1e-3, b + 1e-3) for a, b in zip(x, y, strict=True)]
    gpd.GeoDataFrame({"name": [f"园{i}" for i in range(24)]}, geometry=boxes, crs=4326).to_file(tmp_path / "园.geojson")
    told = checked(town.write())
    assert told["coordinate_systems"] == []
    assert not any("gcj02" in w for w in told["warnings"])


def test_a_city_wide_file_is_judged_by_the_district_s_own_part(tmp_path):
    town = Town(tmp_path)
    lon, lat = town.places()
    gcj = [
        [*near, *(v + 0.3 + k * 0.01 for k, v in enumerate(near * 8))] for near in map(list, wgs84_to_gcj02(lon, lat))
    ]
    town.write_table(*gcj)
    told = checked(town.write())
    assert told["coordinate_systems"][0]["n_points"] == 24
    assert any("gcj02" in w for w in told["warnings"])


def test_layers_of_few_places_are_judged_together(tmp_path):
    second = '[[layer]]\nid = "canteen"\nname = "食堂"\nsource = "食堂.csv"\ncrs = "gcj02"\nminutes = 10'
    path = town_with(tmp_path, wgs84_to_gcj02, n=6, layer_keys='crs = "gcj02"', tail=second)
    lon, lat = wgs84_to_gcj02(*Town(tmp_path).places(6, seed=2))
    rows = [f"食堂{i},{x},{y}" for i, (x, y) in enumerate(zip(lon, lat, strict=True))]
    (tmp_path / "食堂.csv").write_text("\n".join(["名称,经度,纬度", *rows]), encoding="utf-8")
    (system,) = checked(path)["coordinate_systems"]
    assert (system["layers"], system["n_points"]) == (["nursery", "canteen"], 12)


def test_a_table_without_a_system_is_a_problem_and_the_streets_say_which_it_is(tmp_path):
    told = checked(town_with(tmp_path, wgs84_to_gcj02, layer_keys=""), code=2)
    assert any("coordinate system" in p for p in told["problems"])
    assert any("gcj02" in w for w in told["warnings"])


def test_an_unknown_system_is_told_with_its_file_and_layer(tmp_path):
    for said in ("火星", "EPSG:99999"):
        (problem,) = checked(town_with(tmp_path, layer_keys=f'crs = "{said}"'), code=2)["problems"]
        # An unknown name is told with the config's other problems; whether a number exists, where the file is read.
        where = "town.toml" if said == "火星" else "托育.csv"
        assert f"{where}, layer.nursery.crs, value '{said}'" in problem


def test_degrees_said_to_be_metres_are_a_problem_and_the_streets_say_what_they_are(tmp_path):
    told = checked(town_with(tmp_path, layer_keys='crs = "EPSG:4549"'), code=2)
    assert any("these are degrees" in p for p in told["problems"])
    assert told["coordinate_systems"][0]["best"] == "wgs84"


def test_an_inexact_datum_is_a_warning(tmp_path):
    to_xian = Transformer.from_crs("EPSG:4326", "EPSG:2385", always_xy=True)  # Xi'an 1980, 120 E
    path = town_with(tmp_path, to_xian.transform, layer_keys='crs = "EPSG:2385"')
    assert any("EPSG:2385" in w and "100 m" in w for w in checked(path)["warnings"])


def test_facilities_in_another_street_than_their_table_says_are_reported(tmp_path):
    town = Town(tmp_path)
    lon, lat = town.places()
    streets = [f"{s}办事处" for s in town.street_of(lon)]
    lies, streets[0], streets[1] = town.street_of(lon)[0], "西街道" if "东" in streets[0] else "东街道", "北湖镇"
    town.write_table(lon, lat, streets=streets)
    path = town.write()
    warnings = checked(path)["warnings"]
    assert any(f"第1托育园: {streets[0]} → {lies}" in w for w in warnings)
    assert any("北湖镇" in w and "1 处" in w for w in warnings)
    assert run("run", path, "--out", tmp_path / "out", "-q").exit_code == 0
    report = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["import_report"]
    (line,) = [r for r in report if r.get("original") == "第1托育园"]
    assert (line["file"], line["row"], line["taken"]) == ("托育.csv", 2, lies)


def test_without_streets_of_its_own_a_district_asks_no_street(tmp_path):
    town = Town(tmp_path)
    lon, lat = town.places()
    town.write_table(lon, lat, streets=["北湖镇"] * 24)
    path = town.write()
    text = "\n".join(line for line in path.read_text("utf-8").splitlines() if not line.startswith("unit"))
    text = text.replace('source = "units"\npath = "人口.csv"', 'source = "points"\npath = "点.csv"\ncrs = "wgs84"')
    path.write_text(text, encoding="utf-8")
    (tmp_path / "点.csv").write_text("经度,纬度,人口\n121.51,29.91,500\n", encoding="utf-8")
    assert not any("北湖镇" in w for w in checked(path)["warnings"])


def test_likely_duplicates_and_rows_left_out_are_counted(tmp_path):
    town = Town(tmp_path)
    lon, lat = (list(v) for v in town.places())
    names = [f"园{i}" for i in range(24)]
    town.write_table(
        [*lon, lon[0] + 2e-4, 0, lon[1]], [*lat, lat[0], 0, lat[1]], names=[*names, "园0", "无坐标园", "园1"]
    )
    warnings = checked(town.write())["warnings"]
    assert any("27 行中有 1 行未采用（没有坐标 1）" in w for w in warnings)
    assert any("2 处设施与另一处同名" in w for w in warnings)


def test_own_headings_are_taken_from_the_config(tmp_path):
    town = Town(tmp_path, tail='[headings]\nname = ["园所抬头"]')
    town.write_table(*town.places(), heading="园所抬头")
    path = town.write()
    assert run("run", path, "--out", tmp_path / "out", "-q").exit_code == 0
    assert "第1托育园" in (tmp_path / "out" / "facilities.csv").read_text("utf-8-sig")


def test_an_unknown_field_of_headings_is_one_error_that_lists_the_known(tmp_path):
    path = town_with(tmp_path, tail='[headings]\nnaem = ["抬头"]')
    told = checked(path, code=2)
    (problem,) = told["problems"]
    assert "headings.naem" in problem
    assert "name" in problem


def test_a_stated_encoding_is_used_and_a_wrong_or_unknown_one_is_an_error(tmp_path):
    town = Town(tmp_path, layer_keys='crs = "wgs84"\nencoding = "big5"')
    path = town.write()
    text = path.read_text("utf-8")
    (tmp_path / "托育.csv").write_bytes("名稱,lon,lat\n幼兒園,121.51,29.91\n".encode("big5"))
    path.write_text(text.replace("minutes", 'name_field = "名稱"\nminutes'), "utf-8")
    assert checked(path)["problems"] == []
    path.write_text(text.replace('"big5"', '"utf-8"'), "utf-8")
    assert any("托育.csv" in p for p in checked(path, code=2)["problems"])
    path.write_text(text.replace('"big5"', '"klingon"'), "utf-8")
    assert any('unknown encoding "klingon"' in p for p in checked(path, code=2)["problems"])


def test_islands_and_dead_ends_are_counted(tmp_path):
    before = checked(town_with(tmp_path))["streets"]
    assert (before["islands"], before["components"], before["dead_ends_in_district"]) == (0, 1, 0)
    middle = float(Town(tmp_path).lines[1][5])
    spur = ((0.0, middle), (-30.0, middle), (-30.0, middle + 20))
    island = ((700.0, 3000.0), (900.0, 3000.0))
    inner = ((0.0, 0.0), (20.0, 20.0))
    after = checked(town_with(tmp_path, extra_ways=(spur, island, inner)))["streets"]
    assert (after["islands"], after["components"]) == (1, 2)
    assert after["island_km"] == pytest.approx(0.2, rel=0.01)
    # The spur ends outside the district, the inner one inside.
    assert after["dead_ends_in_district"] == 1


def test_a_thinly_mapped_unit_is_warned_of_with_both_densities(tmp_path):
    told = checked(town_with(tmp_path, sparse_west=True))
    (warning,) = [w for w in told["warnings"] if "漏绘" in w]
    assert warning.startswith("西街道")
    west, east, whole = (next(u for u in told["units"] if u["unit_name"] == n) for n in ("西街道", "东街道", "全区"))
    assert west["street_km_per_km2"] < 0.5 * whole["street_km_per_km2"] < east["street_km_per_km2"]
    assert west["people_far_100"] > 0.3 > east["people_far_100"]
    assert west["facilities"] + east["facilities"] == whole["facilities"] == 24
    assert west["built_up_km2"] == pytest.approx(SIZE_M * SIZE_M / 2e6, rel=0.02)


def test_overlapping_and_broken_units_are_told_with_their_area(tmp_path):
    path = town_with(tmp_path)
    half = SIZE_M / 2
    east = [at(half - 100, 0), at(SIZE_M, 0), at(SIZE_M, SIZE_M), at(half - 100, SIZE_M)]
    bow = [at(0, 0), at(half, 0), at(0, SIZE_M - 600), at(half, SIZE_M - 600)]
    shapes = {"东街道": shapely.Polygon(east), "西街道": shapely.Polygon(bow)}
    Town(tmp_path).write_units(
        [
            {"type": "Feature", "properties": {"code": n, "名称": n}, "geometry": json.loads(shapely.to_geojson(s))}
            for n, s in shapes.items()
        ]
    )
    text = path.read_text("utf-8").replace('boundary = "街道.geojson"', 'boundary = "box:121.5,29.9,121.5248,29.9215"')
    path.write_text(text, encoding="utf-8")
    warnings = checked(path)["warnings"]
    assert any("自相交" in w and "平方米" in w for w in warnings)
    assert any("重叠" in w and "平方米" in w for w in warnings)
    assert any("不属任何街道" in w and "平方米" in w for w in warnings)


def test_every_problem_of_every_part_is_in_one_list(tmp_path):
    path = town_with(tmp_path, layer_keys="", tail='[survey]\npath = "无.csv"')
    (tmp_path / "人口.csv").write_text("街道,常住人口\n南街道,5\n", encoding="utf-8")
    problems = checked(path, code=2)["problems"]
    assert any("coordinate system" in p for p in problems)
    assert any("人口.csv" in p for p in problems)


def test_what_can_be_read_by_itself_is_read_where_boundary_and_streets_are_not_there(tmp_path):
    second = '[[layer]]\nid = "canteen"\nname = "食堂"\nsource = "无食堂.csv"\ncrs = "wgs84"\n'
    path = town_with(tmp_path, layer_keys="", tail=second + '[survey]\npath = "无调查.csv"')
    text = (
        path.read_text("utf-8")
        .replace('boundary = "街道', 'boundary = "无区')
        .replace('units = "街道', 'units = "无街道')
    )
    text = text.replace("streets.osm", "无路.osm").replace(
        'source = "units"\npath = "人口.csv"', 'source = "points"\npath = "点.csv"'
    )
    path.write_text(text, encoding="utf-8")
    (tmp_path / "点.csv").write_text("经度,纬度,人口\n121.51,29.91,500\n", encoding="utf-8")
    problems = checked(path, code=2)["problems"]
    expected = [
        "无区.geojson, district.boundary: no such file", "无街道.geojson, district.units: no such file", "无路.osm",
        "托育.csv, layer.nursery.crs: the coordinate system", "无食堂.csv: no such file",
        "点.csv, population.crs: the coordinate system", "无调查.csv, survey.path: no such file",
    ]  # fmt: skip
    assert len(problems) == len(expected)
    for problem, part in zip(problems, expected, strict=True):
        assert part in problem


def test_a_survey_that_is_not_there_is_found_before_the_run_needs_it(tmp_path):
    path = town_with(tmp_path, tail='[survey]\npath = "无.csv"')
    assert any("无.csv" in p for p in checked(path, code=2)["problems"])


def test_a_missing_browser_is_found_before_an_hours_run(tmp_path, monkeypatch):
    path = town_with(tmp_path, tail="[outputs]\npdf = true")
    monkeypatch.setattr("circle15.doctor.check.find_browser", lambda: None)
    (problem,) = checked(path, code=2)["problems"]
    assert "outputs.pdf" in problem
    assert "chromium" in problem


def test_narrow_gaps_between_units_are_told_with_their_area(tmp_path):
    path = town_with(tmp_path)
    half = SIZE_M / 2
    spans = {"西街道": (0, half - 10), "东街道": (half, SIZE_M)}
    Town(tmp_path).write_units(
        [
            {
                "type": "Feature",
                "properties": {"code": name, "名称": name},
                "geometry": json.loads(shapely.to_geojson(shapely.box(*at(a, 0), *at(b, SIZE_M)))),
            }
            for name, (a, b) in spans.items()
        ]
    )
    east, north = at(SIZE_M, SIZE_M)
    text = path.read_text("utf-8").replace('boundary = "街道.geojson"', f'boundary = "box:121.5,29.9,{east},{north}"')
    path.write_text(text, encoding="utf-8")
    (fact,) = [f for f in checked(path)["facts"] if f.startswith("细缝")]
    square_m = int(fact.split("共 ")[1].split(" ")[0].replace(",", ""))
    assert square_m == pytest.approx(10 * SIZE_M, rel=0.01)


def test_own_headings_hold_for_tables_of_people_too(tmp_path):
    path = town_with(tmp_path, tail='[headings]\npeople = ["在册人头"]')
    (tmp_path / "人口.csv").write_text("街道,在册人头\n东街道,30000\n西街道,20000\n", encoding="utf-8")
    assert any("50,000 人" in fact for fact in checked(path)["facts"])


def shown_width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_aligned_and_in_the_configs_language(tmp_path, lang):
    result = run("check", town_with(tmp_path, lang=lang))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    heading = next(i for i, line in enumerate(lines) if line.endswith({"zh": "公里/平方公里", "en": "km/km²"}[lang]))
    table = lines[heading : heading + 4]
    assert len({shown_width(line) for line in table}) == 1
    assert table[-1].split()[0] == {"zh": "全区", "en": "whole"}[lang]
    assert lines[-1].startswith({"zh": "结论：0 个问题", "en": "Verdict: 0 problems"}[lang])
    mark = next(line for line in lines if line.strip().startswith("*"))
    assert "wgs84" in mark


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("minuets = 10", "layer.canteen.minuets: unknown key"),
        ("minutes = 10\nmetres = 500", "give minutes or metres, not both"),
        ('minutes = "ten"', "layer.canteen.minutes"),
        ('profile = "nobody"', 'profile "nobody" has no'),
        ('id = "nursery"', "layer ids must differ"),
    ],
)
def test_a_wrong_key_hides_no_wrong_file(tmp_path, fault, told):
    own_id = "" if fault.startswith("id") else 'id = "canteen"\n'
    second = f'[[layer]]\n{own_id}name = "食堂"\nsource = "无食堂.csv"\ncrs = "wgs84"\n{fault}\n'
    path = town_with(tmp_path, layer_keys="", tail=second + '[survey]\npath = "无调查.csv"')
    (tmp_path / "人口.csv").write_text("街道,常住人口\n南街道,5\n东街道,#N/A\n", encoding="utf-8")
    problems = checked(path, code=2)["problems"]
    for part in (told, "托育.csv, layer.nursery.crs", "无食堂.csv: no such file", "'南街道'", "'#N/A'", "无调查.csv"):
        assert any(part in p for p in problems), part


def test_a_population_that_is_wrong_itself_hides_no_wrong_file(tmp_path):
    path = town_with(tmp_path, layer_keys="")
    path.write_text(path.read_text("utf-8").replace('path = "人口.csv"', "pth = 1"), encoding="utf-8")
    problems = checked(path, code=2)["problems"]
    assert any("population.pth" in p for p in problems)
    assert any("托育.csv, layer.nursery.crs" in p for p in problems)


def test_hidden_rows_of_a_survey_and_of_candidates_are_said(tmp_path):
    import openpyxl  # noqa: PLC0415 (used here alone)

    tail = '[survey]\npath = "调查.xlsx"\n[planning]\ncandidates = "地块.xlsx"\ncrs = "wgs84"'
    path = town_with(tmp_path, tail=tail)
    tables = {
        "调查.xlsx": [["街道", "样本数", "平均分"], ["东街道", 40, 4.0], ["西街道", 30, 3.5]],
        "地块.xlsx": [["名称", "经度", "纬度"], ["甲地块", *at(600, 600)], ["乙地块", *at(900, 900)]],
    }
    for name, rows in tables.items():
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.active.row_dimensions[3].hidden = True
        book.save(tmp_path / name)
    warnings = checked(path)["warnings"]
    for name in tables:
        assert f"{name}#Sheet：第 3 行在 Excel 中被隐藏（筛选或手工），仍已计入" in warnings


def test_a_problem_is_noted_once_and_thousands_are_not_each_compared_with_all(monkeypatch):
    compared = []
    monkeypatch.setattr(Problem, "__eq__", lambda one, other: compared.append(1) or repr(one) == repr(other))
    given = [Problem(Said("重复", "again"), file="a.csv", row=row) for row in (*range(3000), *range(3000))]
    found = Findings()
    for _ in range(2):
        with found.gather():
            raise InputError(*given)
    assert [p.row for p in found.problems] == list(range(3000))
    assert len(compared) < 3 * len(given)
