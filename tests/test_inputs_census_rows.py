"""Census tables: headings, totals among streets, streets of other districts; nothing is lost in silence."""

import itertools
from dataclasses import astuple

import geopandas as gpd
import numpy as np
import pytest
import shapely

from circle15.config.model import parse_config
from circle15.errors import InputError
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.ground.districts import District
from circle15.inputs.people.census_rows import district_names
from circle15.inputs.people.population import read_population

STREETS = {"330205001": "外滩街道", "330205003": "孔浦街道", "330205100": "慈城镇"}
HEADS = dict(zip(STREETS, (31_000, 22_000, 54_000), strict=True))


def district():
    shapes = [shapely.box(121.5 + i * 0.02, 29.9, 121.52 + i * 0.02, 29.92) for i in range(3)]
    units = gpd.GeoDataFrame(
        {"unit_id": list(STREETS), "unit_name": list(STREETS.values())}, geometry=shapes, crs="EPSG:4326"
    )
    return District(id="jiangbei", name="江北区", geometry=units.union_all(), units=units)


def read(folder, text, *, name="江北区", boundary="b.geojson", **population):
    (folder / "people.csv").write_text(text, encoding="utf-8")
    config = parse_config(
        {
            "district": {"id": "jiangbei", "name": name, "boundary": boundary},
            "network": {"source": "x.osm.pbf"},
            "walk": {"adult": {"speed_m_s": 1.25}},
            "population": {"source": "units", "path": "people.csv", **population},
            "layer": [{"id": "a", "name": "a", "source": "osm:a=b", "minutes": 15}],
        },
        folder / "d.toml",
    )
    made = district()
    cells = cut_cells(made.units, 9)
    found = read_population(config, made, cells)
    sums = found.groups["all"].groupby(cells.pieces["unit_id"].to_numpy()).sum()
    return found, {i: round(float(sums[i])) for i in STREETS}


def rows(heading, *lines):
    return "\n".join([heading, *(",".join(map(str, line)) for line in lines)]) + "\n"


OWN = [(STREETS[i], HEADS[i]) for i in STREETS]


@pytest.mark.parametrize("heading", ["地区", "地　区", "街道名称", "乡镇名称", "行政区域", "单位名称", "区域"])
def test_the_column_of_streets_is_known_by_the_headings_of_census_tables(tmp_path, heading):
    assert read(tmp_path, rows(f"{heading},常住人口", *OWN))[1] == HEADS


@pytest.mark.parametrize("total", ["全区", "江北区", "宁波市江北区", "　江北区", "区合计", "合计"])
@pytest.mark.parametrize("place", [0, 3])
def test_a_row_of_the_districts_total_is_left_out_and_named(tmp_path, total, place):
    lines = [*OWN]
    lines.insert(place, (total, sum(HEADS.values())))
    found, people = read(tmp_path, rows("地区,常住人口", *lines))
    assert people == HEADS
    assert found.notes == ()
    left = [(c.row, c.reason) for c in found.changes if c.reason in {"total_of_units", "totals_row"}]
    assert [row for row, _ in left] == [place + 2]


def test_a_total_that_is_not_the_sum_of_its_streets_is_told_with_both(tmp_path):
    found, people = read(tmp_path, rows("地区,常住人口", ("全区", 120_000), *OWN))
    assert people == HEADS
    ((zh, en, *_),) = map(astuple, found.notes)
    assert zh == "people.csv：第 2 行“全区”120,000 人，各街道之和 107,000 人，相差 +13,000 人；按各街道计"
    assert "a difference of +13,000; the streets count" in en


def city_table(seed=0, *, own_first=False):
    """A table of a city: each district's total, its streets below; 新城街道 stands in two districts, 慈城镇 in ours too."""
    others = {
        "海曙区": [("南门街道", 90_000), ("江厦街道", 40_000), ("外滩街道", 777)],
        "鄞州区": [("下应街道", 60_000), ("慈城镇", 888), ("东钱湖镇", 50_000), ("潘火街道", 99_000)],
        "余姚市": [("凤山街道", 70_000), ("梁弄镇", 30_000)],
        "象山县": [("丹东街道", 66_000)],
    }
    blocks = [[(head, sum(n for _, n in streets)), *streets] for head, streets in others.items()]
    blocks.insert(0 if own_first else 1 + seed % len(others), [("江北区", sum(HEADS.values())), *OWN])
    everybody = sum(block[0][1] for block in blocks)
    return [("全市", everybody), *itertools.chain(*blocks)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("top", ["全市", "宁波市", "浙江省"])
def test_streets_of_other_districts_are_left_out_and_counted_by_the_rows_that_head_them(tmp_path, seed, top):
    lines = city_table(seed)
    lines[0] = (top, lines[0][1])
    found, people = read(tmp_path, rows("地区,常住人口", *lines))
    assert people == HEADS
    others = [(name, n) for name, n in lines if name[-1] in "道镇"]
    lost = sum(n for _, n in others) - sum(HEADS.values())
    assert found.counts["rows_of_other_districts"] == len(others) - 3
    assert found.counts["people_of_other_districts"] == lost
    ((zh, _en, *_),) = map(astuple, found.notes)
    assert f"{len(others) - 3} 行不属于本区" in zh
    assert f"共 {lost:,} 人未计入" in zh
    assert len([c for c in found.changes if c.reason == "other_district"]) == len(others) - 3


def test_streets_of_other_districts_are_known_by_their_code(tmp_path):
    codes = [(i, STREETS[i], HEADS[i]) for i in STREETS]
    text = rows(
        "区划代码,街道名称,常住人口", *codes, ("330203001", "南门街道", 90_000), ("330203002000", "江厦街道", 5)
    )
    found, people = read(tmp_path, text)
    assert people == HEADS
    assert (found.counts["rows_of_other_districts"], found.counts["people_of_other_districts"]) == (2, 90_005)
    # A code of this very district that no unit has is no other district's.
    with pytest.raises(InputError, match=r"row 5, value '330205999': is no unit of the district"):
        read(tmp_path, rows("区划代码,街道名称,常住人口", *codes, ("330205999", "新街道", 10)))


def test_codes_that_are_unknown_leave_the_name_to_tell(tmp_path):
    lines = [(f"9{i}", name, n) for i, (name, n) in enumerate(OWN)]
    assert read(tmp_path, rows("代码,街道,常住人口", *lines))[1] == HEADS


@pytest.mark.parametrize("heading", ["区县", "县(市、区)", "所属区"])
def test_streets_of_other_districts_are_known_by_a_column_of_districts(tmp_path, heading):
    lines = [("江北区", *row) for row in OWN] + [("海曙区", "外滩街道", 5), ("海曙区", "南门街道", 90_000)]
    found, people = read(tmp_path, rows(f"{heading},街道,常住人口", *lines))
    assert people == HEADS
    assert found.counts["people_of_other_districts"] == 90_005


def test_a_citys_table_without_heads_is_known_by_its_many_streets_once_every_own_street_has_a_row(tmp_path):
    others = [(f"他区{n}街道", 1000) for n in "甲乙丙丁戊"]
    found, people = read(tmp_path, rows("街道,常住人口", *others, *OWN))
    assert people == HEADS
    assert found.counts["people_of_other_districts"] == 5000
    with pytest.raises(InputError, match="is no unit of the district"):
        read(tmp_path, rows("街道,常住人口", *others, *OWN[1:]))


@pytest.mark.parametrize("name", ["新街道", "高新技术产业开发区", "工业园区", "东升地区"])
def test_a_row_that_may_be_of_the_district_is_an_error_and_never_left_out(tmp_path, name):
    with pytest.raises(InputError, match=rf"row 5, value '{name}': is no unit of the district"):
        read(tmp_path, rows("地区,常住人口", *OWN, (name, 3000)))


def test_an_empty_number_of_another_district_or_a_total_is_no_problem_and_one_of_the_district_is(tmp_path):
    lines = [("全市", ""), ("海曙区", "—"), *((f"南{n}街道", "") for n in range(30)), ("江北区", ""), *OWN]
    assert read(tmp_path, rows("地区,常住人口", *lines))[1] == HEADS
    lines[-1] = (lines[-1][0], "")
    with pytest.raises(InputError) as e:
        read(tmp_path, rows("地区,常住人口", *lines))
    assert [(p.row, p.value) for p in e.value.problems] == [(len(lines) + 1, "")]


def test_a_missing_column_names_the_key_that_exists(tmp_path):
    with pytest.raises(InputError, match=r"name it as population\.unit_field, or list it under \[headings\] street"):
        read(tmp_path, "甲,乙\n外滩街道,5\n", value_field="乙")
    with pytest.raises(InputError, match=r"name it as population\.value_field, or list it under \[headings\] people"):
        read(tmp_path, "街道,乙\n外滩街道,5\n")
    # What they say is right.
    assert read(tmp_path, rows("甲,乙", *OWN), value_field="乙", unit_field="甲")[1] == HEADS


def test_the_districts_names_are_its_own_and_those_its_boundary_is_chosen_by(tmp_path):
    def names(name, boundary):
        raw = {
            "district": {"id": "a", "name": name, "boundary": boundary}, "network": {"source": "x.osm.pbf"},
            "walk": {"adult": {"speed_m_s": 1.25}}, "population": {"total": 1},
            "layer": [{"id": "a", "name": "a", "source": "osm:a=b", "minutes": 15}],
        }  # fmt: skip
        return district_names(parse_config(raw, tmp_path / "d.toml"))

    assert names("江北（示例）", "江北区, 宁波市") == ("江北", "江北区")
    assert names("规划区", "osm:admin_level=6,name=江北区") == ("规划区", "江北区")
    assert names("江北区", "counties.geojson#江北区") == ("江北区",)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_order_of_districts_and_totals_the_streets_keep_their_people(tmp_path, seed):
    rng = np.random.default_rng(seed)
    lines = city_table(int(rng.integers(4)), own_first=bool(seed % 2))
    text = rows("地区,户数,常住人口", *((name, n // 3, n) for name, n in lines))
    found, people = read(tmp_path, text, value_field="常住人口")
    assert people == HEADS
    kept = sum(HEADS.values()) + found.counts["people_of_other_districts"]
    assert kept == sum(n for name, n in lines if name[-1] in "道镇")


def totals(folder, text):
    (folder / "totals.csv").write_text(text, encoding="utf-8")
    return read(folder, rows("街道,常住人口", *OWN), totals="totals.csv")


def test_official_totals_are_read_from_a_census_table_as_people_are(tmp_path):
    lines = [
        ("宁波市", 999_000),
        ("江北区", 110_000),
        ("外滩街道办事处", 30_000),
        ("慈城镇人民政府", 60_000),
        ("海曙区", 5),
        ("南门街道", 5),
    ]
    found, people = totals(tmp_path, rows("地区,常住人口", *lines))
    assert people == {"330205001": 30_000, "330205003": 20_000, "330205100": 60_000}
    left = {c.original: c.reason for c in found.changes if c.reason in {"total_of_units", "other_district"}}
    assert left == {"宁波市": "total_of_units", "海曙区": "total_of_units", "南门街道": "other_district"}
    with pytest.raises(InputError, match="there is no such unit"):
        totals(tmp_path, rows("地区,常住人口", ("江北区", 5), ("新街道", 5)))


def test_own_headings_hold_for_official_totals_too(tmp_path):
    with pytest.raises(InputError, match=r"headings found: 甲, 乙; list it under \[headings\] street"):
        totals(tmp_path, rows("甲,乙", *OWN))


@pytest.mark.parametrize("seed", range(3))
def test_a_street_that_no_ground_of_its_size_could_hold_is_named_with_row_value_and_bound(tmp_path, seed):
    lines = [list(row) for row in OWN]
    lines[seed % 3][1] = 10_000_000
    found, _ = read(tmp_path, rows("街道,常住人口", *lines))
    ((zh, en, *_),) = map(astuple, found.notes)
    assert f"第 {seed % 3 + 2} 行“{lines[seed % 3][0]}”10,000,000 人不可能（4." in zh
    assert "Dharavi" in en


def test_a_point_with_more_people_than_any_street_is_named_with_row_value_and_place(tmp_path):
    places = [(121.501 + 0.001 * i, 29.91, 40) for i in range(30)]
    text = rows("经度,纬度,人口", *places, (121.505, 29.912, 10_000_000), (10.0, 50.0, 3_000_000))
    found, _ = read(tmp_path, text, source="points", crs="wgs84")
    ((zh, en, *_),) = map(astuple, found.notes)
    assert "第 32 行 10,000,000 人（121.50500, 29.91200）" in zh
    assert "1 row puts more people at one point than any street of China has (1,000,000)" in en
