"""OSM files to columns and frames: equal to a plain loop over pyosmium, nothing twice, nothing silently lost."""

import bz2
import gzip

import numpy as np
import osmium
import pytest
import shapely

from circle15.errors import InputError, MissingFileError
from circle15.inputs.osm import columns as osm_columns
from circle15.inputs.osm import objects as osm_objects
from circle15.inputs.osm.features import data_extent, read_areas, read_buildings, read_features, read_ways
from tests.toy_osm import NODES, square, write_osm

KEYS = ("highway", "name", "foot")


def read(path):
    return read_ways(path, way_keys=KEYS, node_keys=("barrier", "name"))


@pytest.fixture
def streets(tmp_path):
    return write_osm(
        tmp_path / "a.osm",
        nodes={**NODES, 2: (0.001, 0.0, {"barrier": "gate", "name": "a=b, c%d\"e'f"}), 9: (7, 8, "barrier=wall")},
        ways=[
            (11, [1, 2, 3], {"highway": "path", "name": "中山路 é=1,2% \n x"}),
            (12, [3, 4, 99], "highway=footway,foot=yes"),
            (13, [4, 5], "building=yes"),
            (14, [5, 1], "railway=rail"),
        ],
    )


def test_ways_come_with_their_nodes_places_and_tags(streets):
    ways = read(streets)
    assert ways.way_id.tolist() == [11, 12, 14]
    assert ways.indptr.tolist() == [0, 3, 6, 8]
    assert ways.ref.tolist() == [1, 2, 3, 3, 4, 99, 5, 1]
    assert ways.lon[:5].tolist() == [0.0, 0.001, 0.002, 0.002, 0.002]
    assert ways.lat[4] == 0.001
    assert ways.way_tags["highway"].as_objects().tolist() == ["path", "footway", None]
    assert ways.way_tags["foot"].as_objects().tolist() == [None, "yes", None]
    assert ways.node_id.tolist() == [2, 9]
    assert ways.node_lon.tolist() == [0.001, 7.0]
    assert ways.node_tags["barrier"].as_objects().tolist() == ["gate", "wall"]


def test_a_node_that_is_not_in_the_file_has_no_place(streets):
    ways = read(streets)
    assert np.isnan(ways.lon).tolist() == [False] * 5 + [True] + [False] * 2


def test_odd_characters_in_tags_survive(streets):
    ways = read(streets)
    assert ways.way_tags["name"].as_objects()[0].split() == ["中山路", "é=1,2%", "x"]
    assert ways.node_tags["name"].as_objects()[0] == "a=b, c%d\"e'f"


def test_columns_equal_a_plain_loop_over_pyosmium_on_monaco(monaco_pbf):
    ways = read(monaco_pbf)
    expected = {}
    for way in osmium.FileProcessor(monaco_pbf).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if way.is_way():
            places = [(n.ref, n.lon, n.lat) for n in way.nodes]
            expected[way.id] = (places, *(way.tags.get(key) for key in KEYS))
    tags = [ways.way_tags[key].as_objects() for key in KEYS]
    places = list(zip(ways.ref.tolist(), ways.lon.tolist(), ways.lat.tolist(), strict=True))
    found = {
        int(way): (places[ways.indptr[i] : ways.indptr[i + 1]], *(column[i] for column in tags))
        for i, way in enumerate(ways.way_id)
        if tags[0][i] is not None
    }
    assert found == expected


def test_blocks_of_text_of_any_size_give_the_same_columns(streets, monkeypatch):
    whole = read(streets)
    monkeypatch.setattr(osm_columns, "BLOCK_BYTES", 1)
    pieces = read(streets)
    for name in ("way_id", "indptr", "ref", "lon", "lat", "node_id", "node_lon", "node_lat"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    for key in KEYS:
        assert pieces.way_tags[key].as_objects().tolist() == whole.way_tags[key].as_objects().tolist()


@pytest.mark.parametrize(("suffix", "pack"), [(".osm.gz", gzip.compress), (".osm.bz2", bz2.compress)])
def test_packed_xml_reads_like_plain_xml(streets, tmp_path, suffix, pack):
    packed = tmp_path / f"packed{suffix}"
    packed.write_bytes(pack(streets.read_bytes()))
    np.testing.assert_array_equal(read(packed).lon, read(streets).lon)


def test_a_file_without_streets_gives_empty_columns(tmp_path):
    ways = read(write_osm(tmp_path / "none.osm", ways=[]))
    assert (len(ways.way_id), len(ways.ref), len(ways.node_id)) == (0, 0, 0)
    assert ways.indptr.tolist() == [0]
    assert ways.way_tags["highway"].as_objects().tolist() == []


def broken_files(tmp_path, whole):
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(whole.read_bytes()[:700_000])
    noise = tmp_path / "noise.osm.pbf"
    noise.write_bytes(b"\x00garbage" * 5000)
    half = tmp_path / "half.osm"
    half.write_text('<osm version="0.6"><node id="1" lat="1" lon="1"/>')
    named = tmp_path / "streets.txt"
    named.write_text("x")
    return {cut: "ends too early", noise: "not readable as OSM data", half: "ends too early", named: "by its name"}


@pytest.mark.parametrize(
    "reader",
    [read, lambda p: read_features(p, {"a": "amenity"}), lambda p: read_areas(p, "admin_level"), read_buildings],
)
def test_a_broken_file_is_an_input_error_of_one_clear_line(tmp_path, monaco_pbf, reader):
    for path, complaint in broken_files(tmp_path, monaco_pbf).items():
        with pytest.raises(InputError, match=complaint) as caught:
            reader(path)
        assert str(caught.value).count("\n") == 0
        assert path.name in str(caught.value)
    with pytest.raises(MissingFileError, match="no such file"):
        reader(tmp_path / "nowhere.osm.pbf")
    with pytest.raises(InputError, match="is a folder"):
        reader(tmp_path)


def facilities(tmp_path, *, nodes=None, ways=(), relations=(), filters=None, **options):
    path = write_osm(tmp_path / "f.osm", nodes=nodes or NODES, ways=ways, relations=relations)
    return read_features(path, filters or {"clinic": "amenity=clinic", "shop": "shop"}, **options).frame


def test_nodes_become_points_and_closed_ways_polygons_and_open_ways_lines(tmp_path):
    corners, ring = square(10, 1.0, 1.0, 0.001)
    found = facilities(
        tmp_path,
        nodes={**NODES, 6: (2.0, 2.0, "amenity=clinic"), **corners},
        ways=[(21, ring, "amenity=clinic"), (22, [1, 2], "amenity=clinic")],
    )
    assert found["osm_id"].tolist() == ["n6", "w21", "w22"]
    assert found.geometry.geom_type.tolist() == ["Point", "Polygon", "LineString"]
    assert found["tag"].tolist() == ["amenity=clinic"] * 3
    assert found.crs.to_epsg() == 4326


def test_a_multipolygon_keeps_its_hole_and_its_outline_way_does_not_count_again(tmp_path):
    outer, outer_ring = square(10, 1.0, 1.0, 0.003)
    inner, inner_ring = square(20, 1.001, 1.001, 0.001)
    found = facilities(
        tmp_path,
        nodes={**outer, **inner},
        ways=[(31, outer_ring, "amenity=clinic"), (32, inner_ring, "natural=water")],
        relations=[(41, [("way", 31, "outer"), ("way", 32, "inner")], "type=multipolygon,amenity=clinic,name=A")],
    )
    assert found["osm_id"].tolist() == ["r41"]
    assert found["merged"].tolist() == ["w31"]
    assert found.geometry[0].area == pytest.approx(9e-6 - 1e-6)


@pytest.mark.parametrize(
    ("polygon_name", "node_name", "kept"),
    [("A", "A", ["w21"]), ("A", "", ["w21"]), ("", "A", ["w21"]), ("", "", ["w21"]), ("A", "B", ["n6", "w21"])],
)
def test_a_node_inside_a_polygon_counts_once_unless_the_names_differ(tmp_path, polygon_name, node_name, kept):
    corners, ring = square(10, 1.0, 1.0, 0.002)
    tags = {"amenity": "clinic"}
    found = facilities(
        tmp_path,
        nodes={**corners, 6: (1.001, 1.001, tags | ({"name": node_name} if node_name else {}))},
        ways=[(21, ring, tags | ({"name": polygon_name} if polygon_name else {}))],
    )
    assert found["osm_id"].tolist() == kept
    if len(kept) == 1:
        assert found["name"].tolist() == [polygon_name or node_name]
        assert found["merged"].tolist() == ["n6"]


def test_a_node_with_another_tag_inside_a_polygon_counts(tmp_path):
    corners, ring = square(10, 1.0, 1.0, 0.002)
    found = facilities(
        tmp_path,
        nodes={**corners, 6: (1.001, 1.001, "amenity=doctors")},
        ways=[(21, ring, "amenity=clinic")],
        filters={"clinic": "amenity=clinic|doctors"},
    )
    assert found["osm_id"].tolist() == ["n6", "w21"]


def test_a_nameless_polygon_with_two_named_nodes_leaves_all_three(tmp_path):
    corners, ring = square(10, 1.0, 1.0, 0.002)
    found = facilities(
        tmp_path,
        nodes={**corners, 6: (1.001, 1.001, "amenity=clinic,name=A"), 7: (1.0011, 1.001, "amenity=clinic,name=B")},
        ways=[(21, ring, "amenity=clinic")],
    )
    assert found["osm_id"].tolist() == ["n6", "n7", "w21"]


def test_the_same_name_drawn_twice_counts_once_and_keeps_the_larger(tmp_path):
    large, large_ring = square(10, 1.0, 1.0, 0.002)
    small, small_ring = square(20, 1.0, 1.0, 0.001)
    found = facilities(
        tmp_path,
        nodes={**large, **small},
        ways=[(31, small_ring, "amenity=clinic,name=A,capacity=12"), (32, large_ring, "amenity=clinic,name=A")],
    )
    assert found["osm_id"].tolist() == ["w32"]
    assert found["capacity"].tolist() == [12.0]


def test_one_object_may_serve_two_layers_and_layers_keep_their_order(tmp_path):
    found = facilities(
        tmp_path,
        nodes={1: (0, 0, "shop=bakery,amenity=clinic"), 2: (1, 1, "amenity=clinic")},
        filters={"b": "shop", "a": "amenity"},
    )
    assert list(zip(found["layer"], found["osm_id"], strict=True)) == [("b", "n1"), ("a", "n1"), ("a", "n2")]


def test_only_what_meets_the_area_is_read(tmp_path):
    nodes = {1: (0, 0, "shop=a"), 2: (1, 1, "shop=a")}
    assert facilities(tmp_path, nodes=nodes, area=shapely.box(0.5, 0.5, 2, 2))["osm_id"].tolist() == ["n2"]


@pytest.mark.parametrize(("lang", "name"), [("zh", "诊所"), ("en", "Clinic")])
def test_names_follow_the_language(tmp_path, lang, name):
    tags = {"amenity": "clinic", "name": "Klinik", "name:zh": "诊所", "name:en": "Clinic", "capacity": "30"}
    found = facilities(tmp_path, nodes={1: (0, 0, tags), 2: (1, 1, {"amenity": "clinic", "name": "B"})}, names_in=lang)
    assert found["name"].tolist() == [name, "B"]
    assert found["capacity"][0] == 30.0
    assert np.isnan(found["capacity"][1])


@pytest.mark.parametrize(
    ("text", "capacity"), [("2,000", 2000.0), ("60", 60.0), ("2.5", 2.5), ("10-20", np.nan), ("30 beds", np.nan)]
)
def test_a_capacity_is_one_number_with_thousands_or_is_counted_as_not_read(tmp_path, text, capacity):
    found = facilities(
        tmp_path, nodes={1: (0, 0, {"amenity": "clinic", "capacity": text}), 2: (1, 1, {"amenity": "clinic"})}
    )
    np.testing.assert_array_equal(found["capacity"], [capacity, np.nan])
    assert found["capacity_unread"].tolist() == [np.isnan(capacity), False]


def test_a_way_whose_nodes_are_missing_is_left_out_and_named(tmp_path):
    path = write_osm(tmp_path / "f.osm", ways=[(21, [1, 77, 78, 1], "amenity=clinic")])
    found = read_features(path, {"clinic": "amenity=clinic"})
    assert len(found.frame) == 0
    assert found.left_out == (("clinic", "w21", ""),)


def test_a_ring_that_crosses_itself_becomes_a_valid_area(tmp_path):
    nodes = {1: (0, 0), 2: (0.001, 0.001), 3: (0.001, 0), 4: (0, 0.001)}
    found = facilities(tmp_path, nodes=nodes, ways=[(21, [1, 2, 3, 4, 1], "amenity=clinic")])
    assert found.geometry.is_valid.all()
    assert found.geometry[0].area == pytest.approx(0.5e-6)


def test_no_match_gives_an_empty_frame_with_all_columns(tmp_path):
    found = facilities(tmp_path)
    assert len(found) == 0
    assert {"layer", "osm_id", "tag", "name", "capacity", "tags", "merged", "geometry"} <= set(found)


def test_areas_tell_which_boundaries_the_file_holds_only_in_part(tmp_path):
    corners, ring = square(10, 1.0, 1.0, 0.01)
    path = write_osm(
        tmp_path / "a.osm",
        nodes=corners,
        ways=[(21, ring, {})],
        relations=[
            (31, [("way", 21, "outer")], "type=boundary,boundary=administrative,admin_level=8,name=Whole"),
            (32, [("way", 21, "outer"), ("way", 99, "outer")], "type=boundary,admin_level=8,name=Part"),
            (33, [("way", 21, "outer")], "type=route,admin_level=8"),
        ],
    )
    areas = read_areas(path, "admin_level=8")
    assert areas["name"].tolist() == ["Whole", "Part"]
    assert areas.geometry.isna().tolist() == [False, True]


def test_a_selection_may_name_the_type_of_a_relation(tmp_path):
    corners, ring = square(10, 1.0, 1.0, 0.01)
    path = write_osm(
        tmp_path / "a.osm",
        nodes=corners,
        ways=[(21, ring, {})],
        relations=[(31, [("way", 21, "outer")], "type=boundary,admin_level=8")],
    )
    assert read_areas(path, "type=boundary").geometry.notna().tolist() == [True]


def test_buildings_have_levels_and_an_outline_counts_once(tmp_path):
    outer, outer_ring = square(10, 1.0, 1.0, 0.003)
    inner, inner_ring = square(20, 1.001, 1.001, 0.001)
    other, other_ring = square(30, 2.0, 2.0, 0.001)
    path = write_osm(
        tmp_path / "b.osm",
        nodes={**outer, **inner, **other},
        ways=[
            (41, outer_ring, "building=yes"),
            (42, inner_ring, {}),
            (43, other_ring, {"building": "apartments", "building:levels": "6;7", "shop": "bakery"}),
            (44, other_ring, "building=no"),
            (45, [30, 31], "building=yes"),
        ],
        relations=[(51, [("way", 41, "outer"), ("way", 42, "inner")], "type=multipolygon,building=house")],
    )
    buildings = read_buildings(path)
    assert buildings["osm_id"].tolist() == ["w43", "r51"]
    assert buildings["building"].tolist() == ["apartments", "house"]
    assert buildings["levels"][0] == 6.0
    assert np.isnan(buildings["levels"][1])
    assert buildings["shop"].fillna("").tolist() == ["bakery", ""]
    assert read_buildings(path, shapely.box(0, 0, 1.5, 1.5))["osm_id"].tolist() == ["r51"]


def test_monaco_has_the_counts_that_its_description_states(monaco_pbf):
    buildings = read_buildings(monaco_pbf)
    assert len(buildings) > 23_000
    assert buildings.geometry.is_valid.all()
    assert buildings["osm_id"].is_unique
    found = read_features(
        monaco_pbf, {"school": "amenity=school", "pitch": "leisure=pitch", "pharmacy": "amenity=pharmacy"}
    ).frame
    assert found.groupby("layer").size().to_dict() == {"school": 16, "pitch": 63, "pharmacy": 23}


def test_extent_is_the_header_box_or_else_that_of_the_streets(tmp_path, streets):
    stated = write_osm(tmp_path / "s.osm", ways=[(1, [1, 2], "highway=path")], bounds=(-1, -2, 3, 4))
    assert data_extent(stated).bounds == (-1, -2, 3, 4)
    assert data_extent(streets).bounds == (0.0, 0.0, 0.002, 0.001)
    with pytest.raises(InputError, match="holds no streets"):
        data_extent(write_osm(tmp_path / "none.osm"))


def test_districts_that_ask_one_file_for_the_same_read_it_once_and_get_what_each_would_alone(
    monaco_pbf, tmp_path, monkeypatch
):
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(monaco_pbf.read_bytes())
    reads = []
    original = osm_objects.matching_objects
    monkeypatch.setattr(osm_objects, "matching_objects", lambda *a: reads.append(a) or original(*a))
    monkeypatch.setattr(osm_objects, "is_just_changed", lambda _known: False)
    monkeypatch.setattr(osm_objects, "_kept", {})
    layers = {"school": "amenity=school", "pharmacy": "amenity=pharmacy"}
    areas = [shapely.box(7.41, 43.72, 7.43, 43.74), shapely.box(7.42, 43.73, 7.45, 43.76), None]
    together = [read_features(path, layers, area=area) for area in areas]
    assert len(reads) == 1
    for area, found in zip(areas, together, strict=True):
        monkeypatch.setattr(osm_objects, "_kept", {})
        alone = read_features(path, layers, area=area)
        assert found.frame.equals(alone.frame)
        assert found.left_out == alone.left_out
    # Another content is read anew.
    n_before = len(reads)
    path.unlink()
    with osmium.SimpleWriter(str(path)) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(7.42, 43.73), tags={"amenity": "school"}))
    assert len(read_features(path, layers).frame) == 1
    assert len(reads) == n_before + 1
