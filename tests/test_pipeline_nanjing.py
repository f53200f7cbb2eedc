"""Real streets and real people in China: Nanjing, around Xuanwu. Skips where the larger extracts are absent."""

import json

import pandas as pd
import pytest

from circle15.pipeline import run_district

CONFIG = """
[district]
id = "xuanwu"
name = "玄武（片区）"
boundary = "box:118.756,32.030,118.800,32.059"
[network]
source = '{data}/osm/nanjing_xuanwu.osm.pbf'
[walk.adult]
speed_m_s = 1.25
[walk.with_child]
speed_m_s = 1.0
[cells]
resolution = 10
[population]
source = "points"
path = '{data}/population/nanjing_ghspop2015_100m.csv'
crs = "wgs84"
[[layer]]
id = "school"
name = "学校"
source = "osm:amenity=school|kindergarten"
minutes = 15
profile = "with_child"
[[layer]]
id = "clinic"
name = "卫生"
source = "osm:amenity=hospital|clinic|doctors"
[[layer]]
id = "sports"
name = "体育"
source = "osm:leisure=pitch|sports_centre"
metres = 1000
"""


@pytest.fixture(scope="module")
def xuanwu(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nanjing")
    path = folder / "xuanwu.toml"
    path.write_text(CONFIG.format(data=shared_data), encoding="utf-8")
    return run_district(path, out=folder / "out")


def test_people_of_the_box_are_those_of_the_population_cells_in_it(xuanwu):
    coverage = pd.read_csv(xuanwu.folder / "coverage.csv")
    assert coverage["people"].to_numpy() == pytest.approx([559_618] * len(coverage), abs=1.0)
    manifest = json.loads((xuanwu.folder / "run.json").read_text(encoding="utf-8"))
    assert manifest["counts"]["population"]["points_in_district"] == 977


def test_without_units_the_district_is_the_one_unit(xuanwu):
    coverage = pd.read_csv(xuanwu.folder / "coverage.csv")
    assert coverage.groupby("layer").size().to_dict() == {"school": 1, "clinic": 1, "sports": 1}


def test_the_outputs_say_where_the_extract_ends_inside_the_buffer(xuanwu):
    manifest = json.loads((xuanwu.folder / "run.json").read_text(encoding="utf-8"))
    assert manifest["counts"]["unbuffered_sides"]
    assert any("缓冲" in w for w in manifest["warnings"])
    assert "无缓冲" in (xuanwu.folder / "index.html").read_text(encoding="utf-8")


def test_coverage_is_neither_nothing_nor_everything(xuanwu):
    share = pd.read_csv(xuanwu.folder / "coverage.csv").set_index("layer")["covered_share"]
    assert ((share > 0.2) & (share < 1)).any()
    assert share["sports"] < 1
