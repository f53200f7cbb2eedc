"""A config to start from, filled in from the files that are there."""

import json
import tomllib

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.model import load_config
from circle15.doctor.draft_services import _of_kind
from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from tests.building_town import BuildingTown
from tests.chinese_town import Town
from tests.toy_osm import square, write_osm


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def folder(tmp_path):
    """A bureau's folder: streets, units, a GBK table from Amap, a workbook from Baidu, people, and a note in Word."""
    town = Town(tmp_path)
    lon, lat = town.places()
    town.write_table(*wgs84_to_gcj02(lon, lat))
    town.write().unlink()
    (tmp_path / "托育.csv").rename(tmp_path / "托育机构.csv")
    book = openpyxl.Workbook()
    book.active.title = "一览表"
    for row in [
        ["2024年老年助餐点一览表"],
        ["序号", "食堂名称", "百度经度", "百度纬度", "餐位数"],
        *(
            [i, f"{i}号食堂", *map(float, wgs84_to_bd09(x, y)), 40]
            for i, (x, y) in enumerate(zip(*town.places(seed=3), strict=True))
        ),
    ]:
        book.active.append(row)
    book.save(tmp_path / "老年食堂.xlsx")
    (tmp_path / "说明.docx").write_bytes(b"PK")
    (tmp_path / "坏表.xlsx").write_bytes(b"PK\x03\x04 cut off")
    return tmp_path


def drafted(folder):
    result = run("init", folder)
    assert result.exit_code == 0, result.output
    text = (folder / "district.toml").read_text("utf-8")
    return tomllib.loads(text), text, result.stderr


def test_the_folder_is_recognised_and_everything_marked_to_be_confirmed(folder):
    config, text, told = drafted(folder)
    assert config["network"]["source"] == "streets.osm"
    assert (config["district"]["boundary"], config["district"]["units"]) == ("街道.geojson", "街道.geojson")
    assert (config["district"]["unit_id_field"], config["district"]["unit_name_field"]) == ("code", "名称")
    assert config["population"] == {
        "source": "units", "path": "人口.csv", "value_field": "常住人口", "unit_field": "街道"
    }  # fmt: skip
    layers = {layer["id"]: layer for layer in config["layer"]}
    assert set(layers) == {"nursery", "elderly_meals"}
    nursery = layers["nursery"]
    assert (nursery["source"], nursery["crs"], nursery["profile"]) == ("托育机构.csv", "gcj02", "with_child")
    assert (nursery["lon_field"], nursery["lat_field"], nursery["name_field"]) == ("经度", "纬度", "名称")
    assert (nursery["capacity_field"], nursery["capacity_unit"]) == ("托位数", "托位")
    meals = layers["elderly_meals"]
    assert (meals["crs"], meals["capacity_unit"], meals["source"]) == ("bd09", "餐位", "老年食堂.xlsx#一览表")
    assert text.count("please confirm") >= 8
    assert "gb18030" in text
    assert "坏表.xlsx" in text
    assert "坏表.xlsx" in told
    assert "说明" not in text


def test_the_draft_checks_out_and_runs_as_it_stands(folder):
    drafted(folder)
    path = folder / "district.toml"
    checked = run("check", path, "--json")
    assert checked.exit_code == 0, checked.output
    assert not [w for w in json.loads(checked.stdout)["warnings"] if "坐标" in w]
    done = run("run", path, "--out", folder / "out", "-q")
    assert done.exit_code == 0, done.output


def test_a_measured_guess_shows_what_it_was_measured_against(folder):
    _, text, _ = drafted(folder)
    line = next(t for t in text.splitlines() if "median to the nearest street" in t)
    assert {"gcj02", "wgs84", "bd09"} <= {w.strip("; ") for w in line.split()}


def test_without_streets_the_system_is_asked_for_and_not_guessed(folder):
    (folder / "streets.osm").unlink()
    config, text, told = drafted(folder)
    nursery = next(layer for layer in config["layer"] if layer["id"] == "nursery")
    assert "crs" not in nursery
    assert '# crs = "gcj02"' in text
    assert "say it" in told
    # A heading that names its system is as good as a statement.
    assert next(layer for layer in config["layer"] if layer["id"] == "elderly_meals")["crs"] == "bd09"


def test_swapped_columns_are_put_right_and_said(folder):
    frame = pd.read_csv(folder / "托育机构.csv", encoding="gb18030")
    swapped = frame.rename(columns={"经度": "纬度", "纬度": "经度"})
    swapped.to_csv(folder / "托育机构.csv", index=False, encoding="gb18030")
    config, text, _ = drafted(folder)
    nursery = next(layer for layer in config["layer"] if layer["id"] == "nursery")
    assert (nursery["lon_field"], nursery["lat_field"]) == ("纬度", "经度")
    assert "swapped" in text
    assert run("check", folder / "district.toml").exit_code == 0


def test_polygons_and_rasters_find_their_places(tmp_path):
    town = Town(tmp_path)
    town.write().unlink()
    boxes = [shapely.box(121.5 + k / 1000, 29.9, 121.501 + k / 1000, 29.91) for k in range(3)]
    parks = gpd.GeoDataFrame({"name": ["甲公园", "乙公园", "丙公园"]}, geometry=boxes, crs=4326)
    parks.to_file(tmp_path / "公园.shp", encoding="gbk")
    gpd.GeoDataFrame({"name": ["甲社区", "乙社区", "丙村"]}, geometry=boxes, crs=4326).to_file(tmp_path / "c.gpkg")
    gpd.GeoDataFrame({"name": ["江北区"]}, geometry=boxes[:1], crs=4326).to_file(tmp_path / "border.geojson")
    (tmp_path / "dem30.tif").write_bytes(b"II*\0")
    (tmp_path / "pop2020.tif").write_bytes(b"II*\0")
    (tmp_path / "人口.csv").unlink()
    config, _, _ = drafted(tmp_path)
    assert (config["district"]["boundary"], config["district"]["name"]) == ("border.geojson", "江北区")
    assert config["district"]["units"] == "街道.geojson"
    assert config["district"]["communities"].startswith("c.gpkg")
    assert config["population"] == {"source": "raster", "path": "pop2020.tif"}
    assert config["network"]["elevation"] == "dem30.tif"
    (park,) = config["layer"]
    assert (park["id"], park["source"]) == ("park", "公园.shp")
    assert "crs" not in park


def test_a_geopackage_of_streets_is_the_network_and_the_larger_file_wins(folder):
    point = gpd.GeoDataFrame({"osmid": [1]}, geometry=[shapely.Point(121.5, 29.9)], crs=4326)
    line = gpd.GeoDataFrame(
        {"u": [1], "v": [1]}, geometry=[shapely.LineString([(121.5, 29.9), (121.51, 29.9)])], crs=4326
    )
    point.to_file(folder / "net.gpkg", layer="nodes")
    line.to_file(folder / "net.gpkg", layer="edges")
    sizes = {name: (folder / name).stat().st_size for name in ("net.gpkg", "streets.osm")}
    config, text, _ = drafted(folder)
    larger, smaller = sorted(sizes, key=sizes.get, reverse=True)
    assert config["network"]["source"] == larger
    assert f'# [network] source = "{smaller}"' in text


def test_a_shape_without_corners_is_at_no_place_and_ends_no_draft(folder):
    shapes = [shapely.LineString(), shapely.LineString([(121.5, 29.9), (121.51, 29.9)])]
    frame = gpd.GeoDataFrame({"name": ["empty", "sound"]}, geometry=shapes, crs=4326)
    frame.to_parquet(folder / "lines.parquet")
    done = CliRunner().invoke(main, ["init", str(folder)])
    assert done.exit_code == 0, done.output
    assert (folder / "district.toml").is_file()


def test_hostile_names_make_no_toml_of_their_own(tmp_path):
    folder = tmp_path / 'a"b'
    folder.mkdir()
    name = '托育"]\\n[district]#.csv'
    (folder / name).write_text('名称,经度"\n,纬度,x="\n甲,121.5,29.9\n', encoding="utf-8")
    (folder / "ok.csv").write_text("名称,经度,纬度\n甲,121.5,29.9\n", encoding="utf-8")
    config, _, _ = drafted(folder)
    assert config["district"]["name"] == 'a"b'
    assert "ok.csv" in [layer["source"] for layer in config["layer"]]


def test_an_empty_or_new_folder_gets_the_commented_template(tmp_path):
    config, text, _ = drafted_new(tmp_path / "new")
    assert len(config["layer"]) == 4
    assert "osm:amenity=kindergarten" in text
    assert load_config(tmp_path / "new" / "district.toml").district.id == "new"


def drafted_new(folder):
    assert run("init", folder).exit_code == 0
    text = (folder / "district.toml").read_text("utf-8")
    return tomllib.loads(text), text, ""


def test_an_existing_config_is_never_overwritten(folder):
    (folder / "district.toml").write_text("mine", encoding="utf-8")
    result = run("init", folder)
    assert result.exit_code == 1
    assert "not overwritten" in result.stderr
    assert (folder / "district.toml").read_text("utf-8") == "mine"


@pytest.mark.parametrize(("share", "source"), [(1.0, "buildings"), (0.04, "points"), (0.0, "points")])
def test_people_over_buildings_are_proposed_only_where_homes_stand_along_the_streets(tmp_path, share, source):
    BuildingTown(tmp_path, share=share).write().unlink()
    config, text, told = drafted(tmp_path)
    assert config["population"]["source"] == source
    asks = "请提供人口表或人口栅格" in text
    assert asks == (source == "points") == ("too few to spread people over" in told)
    if asks:
        assert "people.csv: no such file" in run("check", tmp_path / "district.toml").output


def write_outlines(path, names, boxes, columns):
    moved = shapely.transform(np.array(boxes), lambda p: np.column_stack(wgs84_to_gcj02(p[:, 0], p[:, 1])))
    frame = gpd.GeoDataFrame({"name": names, **columns}, geometry=moved, crs=4326)
    frame.to_file(path, driver="GeoJSON")


DATAV = {"adcode": [330205, 330203, 330212], "childrenNum": 0, "acroutes": "[100000]"}


def test_a_city_file_of_datav_is_an_outline_with_the_district_that_the_folder_is_about_and_never_a_layer(folder):
    boxes = [shapely.box(121.48 + k * 0.1, 29.85, 121.58 + k * 0.1, 29.95) for k in range(3)]
    write_outlines(folder / "330200_full.json", ["江北区", "海曙区", "鄞州区"], boxes, DATAV)
    config, text, _ = drafted(folder)
    assert config["district"]["boundary"] == "330200_full.json#江北区"
    assert config["district"]["name"] == "江北区"
    assert config["district"]["units"] == "街道.geojson"
    assert {layer["source"] for layer in config["layer"]} == {"托育机构.csv", "老年食堂.xlsx#一览表"}
    (line,) = [t for t in text.splitlines() if "boundary_crs = " in t]
    assert '"gcj02"' in line
    assert "please confirm" in line


def test_outlines_of_streets_one_too_many_become_a_comment_and_no_layer(folder):
    boxes = [shapely.box(121.5 + k / 1000, 29.9, 121.501 + k / 1000, 29.91) for k in range(3)]
    write_outlines(
        folder / "高德镇街.geojson",
        ["甲街道", "乙街道", "丙镇"],
        boxes,
        {"citycode": "0574", "adcode": 3, "level": "street"},
    )
    config, text, _ = drafted(folder)
    assert {layer["source"] for layer in config["layer"]} == {"托育机构.csv", "老年食堂.xlsx#一览表"}
    assert [t for t in text.splitlines() if t.startswith("# [district] units = ")]


def test_where_nothing_tells_which_district_is_meant_the_draft_asks_and_check_lists_them(tmp_path):
    boxes = [shapely.box(121.48 + k * 0.1, 29.85, 121.58 + k * 0.1, 29.95) for k in range(3)]
    write_outlines(tmp_path / "city.geojson", ["江北区", "海曙区", "鄞州区"], boxes, DATAV)
    config, text, _ = drafted(tmp_path)
    assert config["district"]["boundary"] == "city.geojson#请填写"
    assert "江北区、海曙区、鄞州区" in text
    told = run("check", tmp_path / "district.toml").stdout
    assert "the file has: 江北区 (330205), 海曙区 (330203), 鄞州区 (330212)" in told


def test_the_drafted_system_of_outlines_is_the_measured_one(folder):
    streets = gpd.read_file(folder / "街道.geojson")
    whole = shapely.union_all(streets.geometry.to_numpy())
    write_outlines(folder / "区界.geojson", ["示范区"], [whole], {})
    config, text, _ = drafted(folder)
    assert config["district"]["boundary"] == "区界.geojson"
    measured = config["district"].get("boundary_crs")
    assert measured == "gcj02"
    assert "量得 gcj02" in text
    checked = json.loads(run("check", folder / "district.toml", "--json").stdout)
    assert not [w for w in checked["warnings"] if "边界坐标系" in w]


def test_a_table_of_several_services_becomes_a_layer_of_each_with_where(folder):
    town = Town(folder)
    lon, lat = wgs84_to_gcj02(*town.places(seed=5))
    kinds = ["幼儿园", "小学", "养老院", "社区卫生服务中心", "超市", "托育机构"]
    rows = [f"设施{i},{kinds[i % 6]},{x:.6f},{y:.6f},{20 + i}" for i, (x, y) in enumerate(zip(lon, lat, strict=True))]
    text = "名称,设施类型,经度,纬度,规模\n" + "\n".join(rows)
    (folder / "公共设施一览.csv").write_text(text, encoding="utf-8")
    config, text, told = drafted(folder)
    layers = {layer["id"]: layer for layer in config["layer"] if layer["source"] == "公共设施一览.csv"}
    assert {i: layer["where"] for i, layer in layers.items()} == {
        "kindergarten": {"设施类型": "幼儿园"},
        "compulsory_school": {"设施类型": "小学"},
        "nursing_home": {"设施类型": "养老院"},
        "primary_care": {"设施类型": "社区卫生服务中心"},
        "nursery": {"设施类型": "托育机构"},
    }
    assert "设施类型 = 超市 (4)" in text
    assert "where 设施类型 = 小学" in told
    done = run("run", folder / "district.toml", "--out", folder / "out", "-q")
    assert done.exit_code == 0, done.output
    counts = json.loads((folder / "out" / "run.json").read_text("utf-8"))["counts"]["facilities"]
    assert (counts["kindergarten"]["read"], counts["kindergarten"]["filtered_out"]) == (4, 20)


def test_a_table_of_people_of_several_years_is_drafted_with_the_latest(folder):
    text = "街道,年份,常住人口\n" + "".join(
        f"{s},{y},{p}\n" for y, p in ((2021, 20000), (2023, 25000)) for s in ("东街道", "西街道")
    )
    (folder / "人口.csv").write_text(text, encoding="utf-8")
    config, _, _ = drafted(folder)
    assert config["population"]["where"] == {"年份": "2023"}
    checked = run("check", folder / "district.toml", "--json")
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        ("科教文化服务;学校;幼儿园", "kindergarten"), ("科教文化服务;学校;小学", "compulsory_school"),
        ("医疗保健服务;综合医院;三级甲等医院", "hospital"), ("医疗保健服务;诊所;诊所", "medical_facility"),
        ("医疗保健服务;医药保健销售店;药房", None), ("餐饮服务;快餐厅;肯德基", None), ("社区餐厅", "elderly_meals"), ("购物服务;超级市场;超市", None),
    ],
)  # fmt: skip
def test_kinds_in_three_parts_are_told_by_their_last(kind, service):
    found = _of_kind(kind)
    assert (found.id if found is not None else None) == service


def extract_of_areas(folder, *areas):
    """Write a street file with square areas: name, level, west and south in thousandths of a degree, side in them."""
    folder.mkdir(exist_ok=True)
    nodes, ways, relations = {}, [], []
    for i, (name, level, west, south, side) in enumerate(areas, start=1):
        corners, ring = square(100 * i, west / 1000, south / 1000, side / 1000)
        nodes |= corners
        ways.append((1000 + i, ring, {}))
        tags = f"type=boundary,boundary=administrative,admin_level={level}" + (f",name={name}" if name else "")
        relations.append((2000 + i, [("way", 1000 + i, "outer")], tags))
    nodes |= {1: (0.0, 0.0), 2: (0.01, 0.01)}
    ways.append((3000, [1, 2], {"highway": "residential"}))
    write_osm(folder / "streets.osm", nodes=nodes, ways=ways, relations=relations)
    return folder


DISTRICT_OF_FOUR = [
    ("甲区", 6, 0, 0, 20), ("东街道", 8, 0, 0, 10), ("南街道", 8, 10, 0, 10), ("西街道", 8, 0, 10, 10),
    ("", 8, 10, 10, 10),
]  # fmt: skip


def test_without_a_file_of_outlines_the_district_is_the_area_of_the_street_file_that_holds_the_points(tmp_path):
    extract_of_areas(tmp_path / "x", ("丙市", 4, -100, -100, 300), *DISTRICT_OF_FOUR, ("乙区", 6, 100, 0, 20))
    (tmp_path / "x" / "托育.csv").write_text("名称,经度,纬度\n一,0.005,0.005\n二,0.015,0.004\n三,0.11,0.01\n", "utf-8")
    config, text, told = drafted(tmp_path / "x")
    assert config["district"]["boundary"] == "osm:admin_level=6,name=甲区"
    assert config["district"]["units"] == "osm:admin_level=8"
    assert config["district"]["name"] == "甲区"
    assert "乙区 (6)" in text
    assert "甲区" in told


def test_the_area_that_the_folder_is_named_after_is_the_district(tmp_path):
    config, _, _ = drafted(extract_of_areas(tmp_path / "乙区托育", *DISTRICT_OF_FOUR, ("乙区", 6, 100, 0, 20)))
    assert config["district"]["boundary"] == "osm:admin_level=6,name=乙区"
    assert "units" not in config["district"]


def test_units_that_leave_a_part_of_the_district_out_are_not_proposed(tmp_path):
    config, _, _ = drafted(extract_of_areas(tmp_path / "甲区", *DISTRICT_OF_FOUR[:-1]))
    assert config["district"]["boundary"] == "osm:admin_level=6,name=甲区"
    assert "units" not in config["district"]


@pytest.mark.parametrize("name", ["甲,区", "甲;区", "甲=区", "甲|区", '甲"区', "甲*"])
def test_an_area_whose_name_would_part_a_selection_is_not_proposed(tmp_path, name):
    ways = tmp_path / "x"
    extract_of_areas(ways, ("占位", 6, 0, 0, 20))
    file = ways / "streets.osm"
    file.write_text(file.read_text("utf-8").replace("占位", name.replace('"', "&quot;")), "utf-8")
    config, text, _ = drafted(ways)
    assert "某某区" in config["district"]["boundary"]
    assert f"{name} (6)" in text


def test_where_no_area_is_whole_a_box_around_the_points_is_offered_and_not_taken(tmp_path):
    extract_of_areas(tmp_path / "x")
    (tmp_path / "x" / "托育.csv").write_text("名称,经度,纬度\n一,121.50,29.90\n二,121.52,29.92\n", "utf-8")
    config, text, _ = drafted(tmp_path / "x")
    assert "某某区" in config["district"]["boundary"]
    assert '# boundary = "box:121.495,29.895,121.525,29.925"' in text


def test_a_raster_whose_name_tells_nothing_is_people_only_where_no_other_people_are(tmp_path):
    (tmp_path / "x.tif").write_bytes(b"II*\0")
    config, _, _ = drafted(tmp_path)
    assert config["population"] == {"source": "raster", "path": "x.tif"}
    (tmp_path / "district.toml").unlink()
    (tmp_path / "人口.csv").write_text("街道,常住人口\n东街道,30000\n", "utf-8")
    config, text, told = drafted(tmp_path)
    assert config["population"]["path"] == "人口.csv"
    assert '# 栅格 a raster: [network] elevation = "x.tif"' in text
    assert "x.tif: a raster of people or heights" in told
