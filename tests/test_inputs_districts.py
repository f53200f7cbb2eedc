"""Districts and units: from OSM areas, files and boxes to a partition whose repairs are all told."""

import re

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.config.model import parse_config
from circle15.errors import ConfigError, InputError, MissingColumnError, MissingFileError
from circle15.inputs.ground.districts import buffer_area, read_district
from circle15.inputs.ground.ids import file_safe
from circle15.inputs.ground.partition import metric_scale, partition
from tests.toy_osm import square, write_osm

DEGREE = 0.01  # a side of the toy district, 1.1 km at the equator
SQUARE = shapely.box(0, 0, DEGREE, DEGREE)
LEFT, RIGHT = shapely.box(0, 0, DEGREE / 2, DEGREE), shapely.box(DEGREE / 2, 0, DEGREE, DEGREE)
BOX = "box:0,0,0.01,0.01"


def config(tmp_path, **district):
    raw = {
        "district": {"id": "demo", "name": "示范区", **district},
        "network": {"source": "demo.osm"},
        "population": {"source": "buildings"},
        "layer": [{"id": "clinic", "name": "医", "source": "osm:amenity=clinic"}],
    }
    return parse_config(raw, tmp_path / "demo.toml")


def read(tmp_path, osm="demo.osm", **district):
    return read_district(config(tmp_path, **district), tmp_path / osm)


def save(tmp_path, geometries, file="units.geojson", crs="EPSG:4326", **columns):
    gpd.GeoDataFrame(columns, geometry=geometries, crs=crs).to_file(tmp_path / file)
    return file


def from_units(tmp_path, geometries, **options):
    columns = {k: v for k, v in options.items() if k in {"name", "code", "adcode"}}
    district = {k: v for k, v in options.items() if k not in columns}
    return read(tmp_path, boundary=BOX, units=save(tmp_path, geometries, **columns), **district)


def assert_partition(district):
    """Every place of the district is in one unit, and no unit reaches out of it."""
    units = district.units.geometry.to_numpy()
    assert shapely.is_valid(units).all()
    assert shapely.union_all(units).symmetric_difference(district.geometry).area < 1e-9 * district.geometry.area
    assert shapely.area(units).sum() == pytest.approx(district.geometry.area, rel=1e-9)


def test_monaco_has_exactly_its_nine_wards(monaco_pbf, tmp_path):
    chosen = config(tmp_path, boundary="osm:admin_level=8,name=Monaco", units="osm:admin_level=10")
    district = read_district(chosen, monaco_pbf)
    assert district.units["unit_id"].tolist() == [
        "fontvieille", "jardin-exotique", "la-condamine", "la-rousse", "larvotto", "les-monegetti", "monaco-ville",
        "monte-carlo", "sainte-devote",
    ]  # fmt: skip
    assert "Sainte-Dévote" in set(district.units["unit_name"])
    assert district.notes == ()
    assert district.units.crs.to_epsg() == 4326
    assert_partition(district)
    x, y = metric_scale(district.geometry)
    assert district.geometry.area * x * y == pytest.approx(2.34e6, rel=0.01)


def test_without_units_the_district_is_the_one_unit(tmp_path):
    district = read(tmp_path, boundary=BOX)
    assert district.units[["unit_id", "unit_name"]].to_numpy().tolist() == [["demo", "示范区"]]
    assert district.geometry.equals(SQUARE)


@pytest.mark.parametrize("text", [BOX, "0,0,0.01,0.01", "box: 0, 0, 1e-2, 0.01"])
def test_a_box_is_a_boundary(tmp_path, text):
    assert read(tmp_path, boundary=text).geometry.equals(SQUARE)


@pytest.mark.parametrize(
    ("boundary", "complaint"),
    [
        ("box:0,0,1", "not four numbers"),
        ("box:a,b,c,d", "not four numbers"),
        ("1,0,0,1", "west must be below east"),
        ("box:0,0,0.01,91", "west must be below east"),
        ("border.dwg", "no such file"),
    ],
)
def test_a_boundary_that_cannot_be_used_names_the_key_and_what_is_right(tmp_path, boundary, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        read(tmp_path, boundary=boundary)
    assert "district.boundary" in str(caught.value)


def administrative(tmp_path):
    left, left_ring = square(10, 0.0, 0.0, 0.01)
    right, right_ring = square(20, 0.01, 0.0, 0.01)
    tags = "type=boundary,boundary=administrative,admin_level=6,name="
    return write_osm(
        tmp_path / "demo.osm",
        nodes={**left, **right},
        ways=[(31, left_ring, {}), (32, right_ring, {})],
        relations=[
            (41, [("way", 31, "outer")], tags + "玄武区"),
            (42, [("way", 32, "outer")], tags + "鼓楼区"),
            (43, [("way", 32, "outer"), ("way", 99, "outer")], tags + "秦淮区"),
        ],
    )


def test_an_area_of_the_osm_file_is_a_boundary(tmp_path):
    administrative(tmp_path)
    assert read(tmp_path, boundary="osm:name=玄武区").geometry.bounds == (0.0, 0.0, 0.01, 0.01)


def test_no_matching_area_lists_the_nearest_names(tmp_path):
    administrative(tmp_path)
    with pytest.raises(InputError, match=r"nearest names in the file: 玄武区 \(admin_level 6\)"):
        read(tmp_path, boundary="osm:name=玄武,admin_level=6")
    with pytest.raises(InputError, match=r"areas in the file: .*鼓楼区"):
        read(tmp_path, boundary="osm:admin_level=4")


def test_an_area_that_the_file_holds_in_part_is_told_as_such(tmp_path):
    administrative(tmp_path)
    with pytest.raises(InputError, match=r"秦淮区 \(r43\) only in part; give the boundary as a file"):
        read(tmp_path, boundary="osm:name=秦淮区")


def test_a_selection_of_several_areas_is_no_boundary(tmp_path):
    administrative(tmp_path)
    with pytest.raises(InputError, match=r"matches 2 areas: 玄武区 \(r41\), 鼓楼区 \(r42\)"):
        read(tmp_path, boundary="osm:admin_level=6")


def test_a_malformed_selection_names_the_key(tmp_path):
    administrative(tmp_path)
    with pytest.raises(ConfigError, match=r"district\.units"):
        read(tmp_path, boundary=BOX, units="osm:admin_level=")


def test_osm_selections_need_an_osm_file(tmp_path):
    with pytest.raises(InputError, match=r"network\.source is none"):
        read(tmp_path, osm="streets.graphml", boundary="osm:name=A")


def test_chinese_names_stay_and_their_ids_are_the_osm_ids(tmp_path):
    administrative(tmp_path)
    district = read(tmp_path, boundary="box:0,0,0.02,0.01", units="osm:admin_level=6")
    assert district.units[["unit_id", "unit_name"]].to_numpy().tolist() == [["r41", "玄武区"], ["r42", "鼓楼区"]]
    assert any("秦淮区 (r43)" in note.zh for note in district.notes)


@pytest.mark.parametrize("file", ["units.geojson", "units.gpkg", "units.shp"])
def test_units_come_from_any_vector_file_with_their_own_id_and_name(tmp_path, file):
    save(tmp_path, [LEFT, RIGHT], file, code=["33 02", "A.1"], name=["东街道", "西街道"])
    district = read(tmp_path, boundary=BOX, units=file, unit_id_field="code", unit_name_field="name")
    assert district.units[["unit_id", "unit_name"]].to_numpy().tolist() == [["33-02", "东街道"], ["a-1", "西街道"]]
    assert district.inputs == {file: tmp_path / file}


def test_a_projected_file_comes_back_to_degrees(tmp_path):
    frame = gpd.GeoSeries([LEFT, RIGHT], crs="EPSG:4326").to_crs("EPSG:32631")
    file = save(tmp_path, frame.to_list(), "units.gpkg", crs="EPSG:32631", name=["a", "b"])
    district = read(tmp_path, boundary=BOX, units=file)
    assert district.units["unit_id"].tolist() == ["a", "b"]
    assert_partition(district)


def test_a_file_without_a_coordinate_system_is_refused(tmp_path):
    save(tmp_path, [SQUARE], "border.shp")
    (tmp_path / "border.prj").unlink()
    with pytest.raises(InputError, match="states no coordinate reference system"):
        read(tmp_path, boundary="border.shp")


def test_a_file_of_points_or_of_nonsense_or_of_another_kind_is_refused(tmp_path):
    save(tmp_path, [shapely.Point(0, 0)], "points.geojson")
    with pytest.raises(InputError, match="holds no polygons"):
        read(tmp_path, boundary="points.geojson")
    (tmp_path / "bad.geojson").write_text('{"type": "FeatureCollection", "features": [')
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path, boundary="bad.geojson")
    (tmp_path / "border.dwg").write_text("")
    with pytest.raises(InputError, match="not a polygon file by its name"):
        read(tmp_path, boundary="border.dwg")
    with pytest.raises(MissingFileError):
        read(tmp_path, boundary=BOX, units="nowhere.gpkg")


def test_a_shapefile_in_gbk_keeps_its_names(tmp_path):
    gpd.GeoDataFrame({"name": ["东街道", "西街道"]}, geometry=[LEFT, RIGHT], crs="EPSG:4326").to_file(
        tmp_path / "units.shp", encoding="gb18030"
    )
    (tmp_path / "units.cpg").unlink()
    assert read(tmp_path, boundary=BOX, units="units.shp").units["unit_name"].tolist() == ["东街道", "西街道"]


def test_a_layer_of_a_geopackage_is_chosen_by_name(tmp_path):
    for layer, geometries in (("west", [LEFT]), ("east", [RIGHT])):
        gpd.GeoDataFrame(geometry=geometries, crs="EPSG:4326").to_file(tmp_path / "b.gpkg", layer=layer)
    assert read(tmp_path, boundary="b.gpkg#east").geometry.equals(RIGHT)
    with pytest.raises(InputError, match="has 2 layers"):
        read(tmp_path, boundary="b.gpkg")


def test_a_wrong_column_lists_those_that_exist(tmp_path):
    with pytest.raises(MissingColumnError, match=r"did you mean 'code'\?; the file has code, name"):
        from_units(tmp_path, [LEFT, RIGHT], code=["1", "2"], name=["a", "b"], unit_id_field="codes")


def test_chinese_units_of_a_file_get_their_code_as_id_or_else_a_number(tmp_path):
    coded = from_units(tmp_path, [LEFT, RIGHT], name=["东街道", "西街道"], adcode=["330205002", "330205001"])
    assert coded.units["unit_id"].tolist() == ["330205001", "330205002"]
    bare = from_units(tmp_path, [LEFT, RIGHT], name=["东街道", "西街道"])
    assert bare.units["unit_id"].tolist() == ["unit-001", "unit-002"]


def test_ids_are_unique_and_do_not_take_the_districts_own(tmp_path):
    district = from_units(tmp_path, [LEFT, RIGHT], name=["Demo", "demo"])
    assert district.units["unit_id"].tolist() == ["demo-2", "demo-3"]


def test_ids_do_not_depend_on_the_order_of_the_file(tmp_path):
    forward = from_units(tmp_path, [LEFT, RIGHT], name=["东", "西"])
    backward = from_units(tmp_path, [RIGHT, LEFT], name=["西", "东"])
    for name in ("unit_id", "unit_name"):
        assert forward.units[name].tolist() == backward.units[name].tolist()


def test_rows_with_one_id_are_one_unit_and_may_not_have_two_names(tmp_path):
    thirds = [shapely.box(i * DEGREE / 3, 0, (i + 1) * DEGREE / 3, DEGREE) for i in range(3)]
    district = from_units(tmp_path, thirds, code=["1", "2", "1"], name=["a", "b", "a"], unit_id_field="code")
    assert district.units["unit_id"].tolist() == ["1", "2"]
    assert_partition(district)
    with pytest.raises(InputError, match="'1' stands for units of different names"):
        from_units(tmp_path, thirds, code=["1", "2", "1"], name=["a", "b", "c"], unit_id_field="code")


def test_units_are_clipped_and_those_that_merely_touch_are_left_out_and_named(tmp_path):
    beyond = shapely.box(DEGREE * 0.9999, 0, DEGREE * 3, DEGREE)
    large = shapely.box(-DEGREE, 0, DEGREE / 2, DEGREE)
    district = from_units(tmp_path, [large, RIGHT, beyond], name=["a", "b", "c"], lang="en")
    assert district.units["unit_id"].tolist() == ["a", "b"]
    assert [n.en for n in district.notes] == ["units that merely touch the district, left out: c"]
    assert_partition(district)


def test_overlaps_go_to_the_first_unit_and_are_reported_with_their_area(tmp_path):
    wide = shapely.box(0, 0, DEGREE * 0.6, DEGREE)
    district = from_units(tmp_path, [RIGHT, wide], name=["b", "a"], lang="en")
    overlap_m2 = 0.1 * DEGREE**2 * 111_195.08**2
    assert [n.en for n in district.notes] == [f"a and b overlap by {overlap_m2:,.0f} m2, counted to a"]
    assert district.units.geometry[0].area == pytest.approx(wide.area)
    assert_partition(district)


def test_a_sliver_goes_to_the_neighbour_with_the_longest_common_border(tmp_path):
    gap = 0.0001  # 11 m
    left = shapely.box(0, 0, DEGREE / 2 - gap, DEGREE)
    lower, upper = (
        shapely.box(DEGREE / 2, 0, DEGREE, DEGREE * 0.4),
        shapely.box(DEGREE / 2, DEGREE * 0.4, DEGREE, DEGREE),
    )
    district = from_units(tmp_path, [left, lower, upper], name=["a", "b", "c"])
    assert len(district.notes) == 1
    assert "12,364 平方米，已归相邻街道" in district.notes[0].zh
    assert district.units.geometry[0].area == pytest.approx(LEFT.area)
    assert_partition(district)


@pytest.mark.parametrize(("lang", "name", "words"), [("zh", "其余", "不属任何街道"), ("en", "rest", "lie in no unit")])
def test_a_large_part_in_no_unit_becomes_the_rest(tmp_path, lang, name, words):
    district = from_units(tmp_path, [LEFT], name=["a"], lang=lang)
    assert district.units[["unit_id", "unit_name"]].to_numpy().tolist() == [["a", "a"], ["demo-rest", name]]
    assert len(district.notes) == 1
    assert words in district.notes[0].in_(lang)
    assert f"{0.5 * DEGREE**2 * 111_195.08**2:,.0f}" in district.notes[0].in_(lang)
    assert_partition(district)


def test_units_elsewhere_are_an_error(tmp_path):
    with pytest.raises(InputError, match="no unit lies in the district"):
        from_units(tmp_path, [shapely.box(5, 5, 6, 6)], name=["a"])


def test_units_without_ground_in_the_district_are_counted(tmp_path):
    district = from_units(tmp_path, [SQUARE, shapely.box(5, 5, 6, 6), shapely.box(7, 5, 8, 6)], name=["a", "b", "c"])
    assert (district.units["unit_id"].tolist(), district.n_outside) == (["a"], 2)


def test_every_id_that_is_written_otherwise_than_in_its_file_is_a_line_of_the_import_report(tmp_path):
    district = from_units(tmp_path, [LEFT, RIGHT], code=["玄武/门", "12"], name=["a", "b"], unit_id_field="code")
    assert district.units["unit_id"].tolist() == ["12", "unit-001"]
    (line,) = district.changes
    assert (line.file, line.reason, line.column, line.original, line.taken) == (
        "units.geojson", "id_made_safe", "code", "玄武/门", "unit-001",
    )  # fmt: skip


def test_a_ring_that_crosses_itself_is_repaired_and_said(tmp_path):
    bow = shapely.Polygon([(0, 0), (DEGREE, DEGREE), (DEGREE, 0), (0, DEGREE)])
    district = from_units(tmp_path, [bow], name=["a"], lang="en")
    # The two lobes count against each other, so that there is no area before to give a share of.
    assert re.fullmatch(r"a: its outline crosses itself and was repaired; area \+[\d,]+ m2", district.notes[0].en)
    assert_partition(district)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-3, 12), st.integers(-3, 12), st.integers(1, 9), st.integers(1, 9)),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_units_are_the_parts_do_not_overlap_and_fill_the_district(rectangles):
    units = [shapely.box(x / 1000, y / 1000, (x + w) / 1000, (y + h) / 1000) for x, y, w, h in rectangles]
    cut = partition(SQUARE, shapely.box(*zip(*(unit.bounds for unit in units), strict=True)))
    parts = [*cut.geometry, cut.rest]
    assert sum(part.area for part in parts) == pytest.approx(SQUARE.area, rel=1e-9)
    assert shapely.union_all(parts).symmetric_difference(SQUARE).area < 1e-12
    for i in cut.touching:
        assert cut.geometry[i].is_empty


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Les Monegetti", "les-monegetti"),
        ("Sainte-Dévote", "sainte-devote"),
        ("../etc/passwd", "etc-passwd"),
        ("A/B\\C:D", "a-b-c-d"),
        ("粤海街道", ""),
        ("A区", ""),
        ("330106001", "330106001"),
        ("  ", ""),
    ],
)
def test_ids_are_safe_as_file_names(name, safe):
    assert file_safe(name) == safe


@pytest.mark.parametrize("lat", [0.0, 32.0, -45.0, 60.0])
def test_a_buffer_is_nowhere_narrower_than_asked_and_hardly_wider(lat):
    start = shapely.Point(118.0, lat).buffer(0.001)
    wide = buffer_area(start, 1000.0)
    x, y = metric_scale(start)
    to_metres = lambda geometry: shapely.transform(geometry, lambda xy: xy * (x, y))  # noqa: E731 (used twice, here)
    ring = shapely.get_coordinates(to_metres(wide).exterior)
    away = shapely.distance(to_metres(start), shapely.points(ring))
    assert away.min() > 999.0
    assert away.max() < 1010.0
    assert buffer_area(start, 0) is start
