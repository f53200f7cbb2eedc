"""Outlines of files: their stated systems, one feature of many, and what is said of nameless and distant ones."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from circle15.config.model import parse_config
from circle15.errors import ConfigError, InputError
from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.ground.districts import read_district

WEST, SOUTH, SIDE = 121.50, 29.90, 0.02
NAMES = ("江北区", "海曙区", "鄞州区", "慈溪市")
CODES = ("330205", "330203", "330212", "330282")
SQUARES = [shapely.box(WEST + i * SIDE, SOUTH, WEST + (i + 1) * SIDE, SOUTH + SIDE) for i in range(4)]
FORTH = {"wgs84": lambda x, y: (x, y), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


def config(folder, **district):
    raw = {
        "district": {"id": "demo", "name": "示范区", **district},
        "network": {"source": "demo.osm"},
        "population": {"source": "buildings"},
        "layer": [{"id": "clinic", "name": "医", "source": "osm:amenity=clinic"}],
    }
    return parse_config(raw, folder / "demo.toml")


def read(folder, **district):
    return read_district(config(folder, **district), folder / "demo.osm")


def save(folder, file="counties.geojson", shapes=SQUARES, crs="EPSG:4326", system="wgs84", **columns):
    moved = shapely.transform(np.array(shapes), lambda p: np.column_stack(FORTH[system](p[:, 0], p[:, 1])))
    columns = columns or {"name": list(NAMES[: len(shapes)]), "adcode": list(CODES[: len(shapes)])}
    frame = gpd.GeoDataFrame(columns, geometry=moved, crs=crs)
    frame.to_file(folder / file, **({"encoding": "utf-8"} if file.endswith(".shp") else {}))
    return file


def same_place(one, other):
    return one.symmetric_difference(other).area < 1e-7 * other.area


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490"])
def test_a_shifted_outline_with_its_system_stated_lies_where_it_is_whatever_the_file_says(tmp_path, system, crs):
    file = save(tmp_path, "a.gpkg", SQUARES[:1], crs=crs, system=system)
    district = read(tmp_path, boundary=file, boundary_crs=system.upper())
    assert same_place(district.geometry, SQUARES[0])


@pytest.mark.parametrize("key", ["units", "communities"])
def test_units_and_communities_have_a_key_each(tmp_path, key):
    box = f"box:{WEST},{SOUTH},{WEST + 4 * SIDE},{SOUTH + SIDE}"
    file = save(tmp_path, system="gcj02")
    district = read(tmp_path, boundary=box, **{key: file, f"{key}_crs": "gcj02"})
    found = getattr(district, key)
    assert sorted(n for n in found["unit_name"] if "示范" not in n) == sorted(NAMES)
    assert all(min(s.symmetric_difference(g).area for g in found.geometry) < 1e-3 * s.area for s in SQUARES)


def test_a_shapefile_without_prj_is_read_with_the_stated_system(tmp_path):
    projected = gpd.GeoSeries(SQUARES[:1], crs="EPSG:4326").to_crs("EPSG:4549")
    file = save(tmp_path, "a.shp", list(projected), crs="EPSG:4549")
    (tmp_path / "a.prj").unlink()
    assert same_place(read(tmp_path, boundary=file, boundary_crs="EPSG:4549").geometry, SQUARES[0])
    with pytest.raises(InputError, match=r"boundary_crs = .*add the \.prj"):
        read(tmp_path, boundary=file)
    with pytest.raises(InputError, match=r"are no degrees; say their system as district\.boundary_crs"):
        read(tmp_path, boundary=file, boundary_crs="gcj02")


@pytest.mark.parametrize(
    ("own", "stated"),
    [
        ("EPSG:4549", "wgs84"), ("EPSG:4549", "gcj02"), ("EPSG:4549", "EPSG:4550"), ("EPSG:4326", "EPSG:4549"),
        ("EPSG:4214", "wgs84"), ("EPSG:4214", "gcj02"),
    ],
)  # fmt: skip
def test_a_file_that_says_another_system_than_its_key_is_an_error_that_names_both(tmp_path, own, stated):
    shapes = list(gpd.GeoSeries(SQUARES[:1], crs="EPSG:4326").to_crs(own))
    file = save(tmp_path, "a.gpkg", shapes, crs=own)
    with pytest.raises(InputError, match=f"{own}, which contradicts it.*") as caught:
        read(tmp_path, boundary=file, boundary_crs=stated)
    assert caught.value.problems[0].key == "district.boundary_crs"


@pytest.mark.parametrize(
    ("own", "stated"),
    [("EPSG:4549", "cgcs2000"), ("EPSG:4549", "epsg 4549"), ("EPSG:4490", "wgs84"), ("EPSG:4326", "cgcs2000")],
)
def test_a_file_that_says_the_same_as_its_key_is_read_as_without_it(tmp_path, own, stated):
    shapes = list(gpd.GeoSeries(SQUARES[:1], crs="EPSG:4326").to_crs(own))
    file = save(tmp_path, "a.gpkg", shapes, crs=own)
    assert same_place(
        read(tmp_path, boundary=file, boundary_crs=stated).geometry, read(tmp_path, boundary=file).geometry
    )


def test_geojson_in_metres_is_read_with_the_stated_system_and_refused_without(tmp_path):
    metres = gpd.GeoSeries(SQUARES[:1], crs="EPSG:4326").to_crs("EPSG:4549")
    feature = {"type": "Feature", "properties": {"name": "江北区"}, "geometry": shapely.geometry.mapping(metres[0])}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    assert same_place(read(tmp_path, boundary="a.geojson", boundary_crs="EPSG:4549").geometry, SQUARES[0])
    with pytest.raises(InputError, match="are no degrees"):
        read(tmp_path, boundary="a.geojson")


@pytest.mark.parametrize("text", ["osm:admin_level=6", "box:1,2,3,4", "1,2,3,4", "adcode:330205", "江北区, 宁波市"])
def test_outlines_that_come_from_no_file_have_no_system_to_state(tmp_path, text):
    with pytest.raises(ConfigError, match=r"boundary_crs = .gcj02. is for outlines of a file"):
        config(tmp_path, boundary=text, boundary_crs="gcj02")


def test_a_system_of_outlines_that_are_not_there_or_of_no_known_name_stops_at_the_config(tmp_path):
    with pytest.raises(ConfigError, match="there is no units; remove it"):
        config(tmp_path, boundary="a.shp", units_crs="gcj02")
    with pytest.raises(ConfigError, match="unknown coordinate system") as caught:
        config(tmp_path, boundary="a.shp", boundary_crs="mars")
    assert caught.value.problems[0].key == "district.boundary_crs"
    with pytest.raises(InputError, match="no such EPSG"):
        read(tmp_path, boundary=save(tmp_path), boundary_crs="EPSG:9999")


@pytest.mark.parametrize("name", ["江北区", "江北", "330205", "330205000000", "adcode:330205", " 江北区 "])
@pytest.mark.parametrize("file", ["counties.geojson", "counties.gpkg", "counties.shp", "counties.parquet"])
def test_a_boundary_is_picked_by_name_or_code_from_a_file_of_many(tmp_path, file, name):
    if file.endswith(".parquet"):
        gpd.GeoDataFrame({"name": NAMES, "adcode": CODES}, geometry=SQUARES, crs=4326).to_parquet(tmp_path / file)
    else:
        save(tmp_path, file)
    assert same_place(read(tmp_path, boundary=f"{file}#{name}").geometry, SQUARES[0])


@pytest.mark.parametrize(("name_heading", "code_heading"), [("县名", "县代码"), ("QXMC", "QXDM"), ("县级", "县级码")])
def test_headings_that_are_no_known_ones_hide_neither_name_nor_code(tmp_path, name_heading, code_heading):
    columns = {name_heading: ["江北区", "海曙区", "江北区"], code_heading: ["330205", "330203", "500105"]}
    frame = gpd.GeoDataFrame({"市": ["宁波市", "宁波市", "重庆市"], **columns}, geometry=SQUARES[:3], crs="EPSG:4326")
    frame.to_file(tmp_path / "counties.geojson")
    for name, square in (("海曙区", 1), ("330205", 0), ("500105", 2)):
        assert same_place(read(tmp_path, boundary=f"counties.geojson#{name}").geometry, SQUARES[square])
    with pytest.raises(InputError, match="2 features fit: 宁波市 江北区 330205, 重庆市 江北区 500105; give the code"):
        read(tmp_path, boundary="counties.geojson#江北区")
    with pytest.raises(InputError, match=r"no such layer or feature; the file has: .*宁波市 海曙区 330203"):
        read(tmp_path, boundary="counties.geojson#海曙县")


@pytest.mark.parametrize("name", ["江南区", "江北县", "330299", "江北区/海曙区"])
def test_a_feature_that_is_not_there_is_an_error_that_lists_what_there_is(tmp_path, name):
    with pytest.raises(InputError, match=r"no such layer or feature.*江北区 \(330205\).*慈溪市 \(330282\)"):
        read(tmp_path, boundary=f"{save(tmp_path)}#{name}")


def test_a_name_that_several_features_bear_is_an_error_that_gives_their_codes(tmp_path):
    file = save(
        tmp_path, name=["江北区", "江北区", "渝中区", "江北区"], adcode=["330205", "500105", "500103", "330205"]
    )
    with pytest.raises(InputError, match=r"2 features fit: 江北区 \(330205\), 江北区 \(500105\)"):
        read(tmp_path, boundary=f"{file}#江北区")
    assert same_place(read(tmp_path, boundary=f"{file}#330205").geometry, shapely.union_all([SQUARES[0], SQUARES[3]]))


def test_behind_the_sign_a_layer_comes_before_a_feature_and_both_may_be_named(tmp_path):
    for layer, shapes in (("老", SQUARES[:2]), ("新", SQUARES[2:])):
        frame = gpd.GeoDataFrame({"name": ["老", "新"]}, geometry=shapes, crs="EPSG:4326")
        frame.to_file(tmp_path / "a.gpkg", layer=layer)
    assert same_place(read(tmp_path, boundary="a.gpkg#老#新").geometry, SQUARES[1])
    assert same_place(read(tmp_path, boundary="a.gpkg#新").geometry, shapely.union_all(SQUARES[2:]))
    with pytest.raises(InputError, match=r"no such layer; there are: 老, 新; a feature of one is a\.gpkg#LAYER#NAME"):
        read(tmp_path, boundary="a.gpkg#江北区")


def test_units_are_picked_by_their_names_or_by_what_they_lie_in(tmp_path):
    file = save(tmp_path, "streets.geojson", name=["甲街道", "乙镇", "丙街道", "丁乡"], 区县=["江北区"] * 2 + ["海曙区"] * 2,
                code=["330205001000", "330205101000", "330203001000", "330203201000"])  # fmt: skip
    box = f"box:{WEST},{SOUTH},{WEST + 4 * SIDE},{SOUTH + SIDE}"

    def names(part):
        units = read(tmp_path, boundary=box, units=f"{file}#{part}").units
        return sorted(set(units["unit_name"]) - {"其余"})

    assert names("江北区") == names("330205") == names("甲街道、乙镇") == names("甲,乙") == ["乙镇", "甲街道"]
    assert names("丙街道") == ["丙街道"]


def test_a_city_file_as_units_is_filtered_to_the_boundary_counted_and_told(tmp_path):
    apart = [*SQUARES[:2], shapely.box(WEST + 1, SOUTH, WEST + 1.1, SOUTH + SIDE)]
    save(tmp_path, "city.geojson", apart, name=["甲", "乙", "丙"], adcode=["330201", "330202", "330203"])
    district = read(tmp_path, boundary="city.geojson#330201", units="city.geojson", unit_id_field="adcode")
    assert district.units["unit_id"].tolist() == ["330201"]
    assert district.n_outside == 2
    assert "city.geojson：3 个街道中有 1 个不在区内，未采用" in {n.zh for n in district.notes}


def test_units_without_names_are_warned_of_with_the_columns_that_there_are(tmp_path):
    box = f"box:{WEST},{SOUTH},{WEST + 4 * SIDE},{SOUTH + SIDE}"
    file = save(tmp_path, JDMC=["甲", "乙", "丙", "丁"], adcode=list(CODES))
    notes = [n.zh for n in read(tmp_path, boundary=box, units=file).notes]
    assert any("4 个街道均无名称" in n and "district.unit_name_field" in n and "JDMC" in n for n in notes)
    assert not any("无名称" in n.zh for n in read(tmp_path, boundary=box, units=file, unit_name_field="JDMC").notes)
    file = save(tmp_path, name=["甲", "", "丙", "丁"], adcode=list(CODES))
    assert any(
        "1 of its 4 units lack a name" in n.en for n in read(tmp_path, boundary=box, units=file, lang="en").notes
    )
