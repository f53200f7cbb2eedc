"""Street files to networks: edges, lengths, cuts, islands, clipping, other formats and the cache."""

import logging
import math
import shutil
import subprocess
import sys

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
import scipy.ndimage
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal

import circle15
from circle15.errors import InputError, MissingColumnError, MissingFileError, NetworkError
from circle15.files import cache_room, digests
from circle15.network import build, cache
from circle15.network.build import missing_buffer_sides, read_network
from circle15.network.streets.covered_ground import StatedBox, closed, covered_ground
from circle15.network.streets.layers import read_gpkg_segments, read_graphml_segments
from circle15.network.walking.profiles import WalkProfile
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import NODES, write_osm

M_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180
ARRAYS = ("node_lon", "node_lat", "tail", "head", "length_m", "walk_ms", "is_island", "component", "way_id")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep the tests out of the user's cache, and each test's entries to itself."""
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "cache"))
    monkeypatch.setattr(cache_room.platformdirs, "user_cache_dir", lambda *_args, **_options: str(tmp_path / "cache"))


def toy(tmp_path, ways, name="toy.osm", **options):
    return write_osm(tmp_path / name, ways=ways, **options)


def places(network):
    """Give each edge as an unordered pair of places."""
    xy = list(zip(network.node_lon.tolist(), network.node_lat.tolist(), strict=True))
    return [frozenset((xy[t], xy[h])) for t, h in zip(network.tail, network.head, strict=True)]


def same(a, b):
    for name in ARRAYS:
        assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.report == b.report


def test_there_is_one_edge_for_each_pair_of_consecutive_way_nodes(tmp_path):
    network = read_network(toy(tmp_path, [(11, [1, 2, 3], "highway=path"), (12, [3, 4], "highway=steps")]))
    assert places(network) == [
        frozenset({(0.0, 0.0), (0.001, 0.0)}),
        frozenset({(0.001, 0.0), (0.002, 0.0)}),
        frozenset({(0.002, 0.0), (0.002, 0.001)}),
    ]
    assert network.way_id.tolist() == [11, 11, 12]
    assert_allclose(network.length_m, 0.001 * M_PER_DEGREE, rtol=1e-9)


def test_lengths_are_those_of_osmnx(monaco_pbf):
    network = read_network(monaco_pbf, cache=False)
    ends = [(network.node_lat[i], network.node_lon[i]) for i in (network.tail, network.head)]
    expected = osmnx.distance.great_circle(*ends[0], *ends[1])
    assert_allclose(network.length_m, expected, atol=1e-6)


def test_milliseconds_follow_each_profile_both_ways(tmp_path):
    profiles = (WalkProfile(), WalkProfile("elderly", 0.9))
    network = read_network(toy(tmp_path, [(11, [1, 2], "highway=path")]), profiles=profiles)
    metres = 0.001 * M_PER_DEGREE
    assert network.walk_ms[:, :, 0].tolist() == [[round(metres / 1.25 * 1000)] * 2, [round(metres / 0.9 * 1000)] * 2]


def test_the_same_pair_of_nodes_counts_once_in_a_way_and_is_parallel_between_ways(tmp_path):
    ways = [(11, [1, 2, 1, 2, 2, 3], "highway=path"), (12, [2, 1], "highway=path")]
    assert read_network(toy(tmp_path, ways)).way_id.tolist() == [11, 11, 12]


def test_two_nodes_at_one_place_make_an_edge_of_length_zero(tmp_path):
    nodes = {1: (0, 0), 2: (0, 0), 3: (0.001, 0)}
    network = read_network(toy(tmp_path, [(11, [1, 2, 3], "highway=path")], nodes=nodes))
    assert network.length_m[0] == 0.0
    assert network.walk_ms[0, :, 0].tolist() == [0, 0]
    assert len(set(network.component)) == 1


def test_ways_that_cross_without_a_common_node_do_not_join(tmp_path):
    nodes = {1: (0, 0), 2: (0.002, 0), 3: (0.001, -0.001), 4: (0.001, 0.001)}
    network = read_network(toy(tmp_path, [(11, [1, 2], "highway=path"), (12, [3, 4], "highway=path")], nodes=nodes))
    assert len(set(network.component)) == 2


def test_a_closed_gate_stops_every_way_at_it_but_can_be_walked_up_to(tmp_path):
    nodes = {**NODES, 2: (0.001, 0.0, "barrier=gate,access=no")}
    ways = [(11, [1, 2, 3], "highway=path"), (12, [2, 5], "highway=path")]
    network = read_network(toy(tmp_path, ways, nodes=nodes))
    assert network.n_edges == 3
    assert len(set(network.component)) == 3
    assert (network.node_lon == 0.001).sum() == 3
    assert network.report.n_barriers_cut == 1


def test_an_editors_file_reads_as_if_it_were_uploaded(tmp_path):
    path = tmp_path / "edited.osm"
    path.write_text(
        """<?xml version='1.0' encoding='UTF-8'?>
        <osm version='0.6' generator='JOSM'>
          <node id='-1' action='modify' lat='0.0' lon='0.0' />
          <node id='-2' lat='0.0' lon='0.001' />
          <node id='6' version='3' lat='0.0' lon='0.002' />
          <way id='-7'><nd ref='-1' /><nd ref='-2' /><nd ref='6' /><tag k='highway' v='footway' /></way>
          <way id='8' action='delete'><nd ref='-1' /><nd ref='6' /><tag k='highway' v='footway' /></way>
        </osm>"""
    )
    network = read_network(path)
    assert network.n_edges == 2
    assert network.report.n_ways_read == 1
    assert sorted(network.node_lon) == [0.0, 0.001, 0.002]


def test_a_node_that_comes_after_one_of_its_ways_is_placed_by_the_others(tmp_path):
    node = '<node id="{}" version="1" lat="0" lon="{}"/>'
    way = '<way id="{}" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
    parts = [way.format(7), node.format(1, 0), node.format(2, 0.001), way.format(8)]
    path = tmp_path / "unsorted.osm"
    path.write_text('<osm version="0.6">' + "".join(parts) + "</osm>")
    network = read_network(path)
    assert network.way_id.tolist() == [8]
    assert network.report.n_nodes_missing == 2


def test_a_way_is_read_up_to_the_node_that_the_file_lacks(tmp_path):
    network = read_network(toy(tmp_path, [(11, [1, 2, 99, 3, 4], "highway=path")]))
    assert network.n_edges == 2
    assert network.report.n_nodes_missing == 1


def test_small_components_are_islands_and_the_largest_never_is(tmp_path):
    ways = [(11, [1, 2, 3], "highway=path"), (12, [4, 5], "highway=path")]
    path = toy(tmp_path, ways)
    assert read_network(path).is_island.tolist() == [False, False, True]
    assert read_network(path, island_m=0).is_island.tolist() == [False] * 3
    report = read_network(path).report
    assert (report.n_components, report.n_islands) == (2, 1)
    assert report.island_length_m == pytest.approx(0.002 * M_PER_DEGREE, rel=1e-6)
    assert report.street_length_m == pytest.approx(0.004 * M_PER_DEGREE, rel=1e-6)


def test_refused_ways_are_counted_by_reason(tmp_path):
    ways = [(i, [1, 2], "highway=motorway") for i in (11, 12)] + [
        (13, [1, 2], "highway=path"),
        (14, [2, 3], "route=ferry"),
    ]
    report = read_network(toy(tmp_path, ways)).report
    assert report.ways_refused == (("motorway", 2), ("ferry", 1))
    assert report.n_ways_read == 4
    assert report.as_dict()["ways_refused"] == {"motorway": 2, "ferry": 1}
    assert report.as_dict()["source"] == "toy.osm"


@pytest.mark.parametrize(
    ("box", "ways"),
    [
        ((-0.0005, -0.0005, 0.0015, 0.0005), [11, 11]),  # node 1 and 2 inside; the edge 2-3 crosses the border whole
        ((0.0014, -0.0005, 0.0016, 0.0005), [11]),  # no node inside, the edge passes through
        ((0.0015, -0.0005, 0.0025, 0.0015), [11, 12]),
        ((0.002, 0.001, 0.003, 0.002), [12]),  # touches node 4 alone
        ((0.0005, -0.001, 0.0025, 0.002), [11, 11, 12]),
    ],
)
def test_clipping_keeps_the_edges_that_meet_the_area(tmp_path, box, ways):
    path = toy(tmp_path, [(11, [1, 2, 3], "highway=path"), (12, [3, 4], "highway=path")])
    assert read_network(path, area=shapely.box(*box)).way_id.tolist() == ways


def test_clipping_equals_the_intersection_of_every_edge_on_monaco(monaco_pbf):
    whole = read_network(monaco_pbf)
    area = shapely.Point(7.42, 43.735).buffer(0.004)
    clipped = read_network(monaco_pbf, area=area)
    lines = [shapely.LineString(tuple(pair)) if len(pair) > 1 else shapely.Point(*pair) for pair in places(whole)]
    kept = shapely.intersects(area, np.array(lines))
    assert places(clipped) == [pair for pair, keep in zip(places(whole), kept, strict=True) if keep]
    assert_array_equal(clipped.length_m, whole.length_m[kept])


def test_clipping_makes_no_islands_of_streets_that_lead_out_of_the_area(tmp_path):
    nodes = {1: (0, 0), 2: (0.0001, 0), 3: (0.02, 0), 4: (0.02, 0.0001), 5: (0.0001, 0.0001), 6: (0, 0.0001)}
    ways = [(11, [1, 2, 3, 4, 5, 6], "highway=path")]
    area = shapely.box(-0.001, -0.001, 0.00005, 0.001)
    network = read_network(toy(tmp_path, ways, nodes=nodes), area=area)
    assert len(set(network.component)) == 2
    assert not network.is_island.any()


def test_components_agree_with_networkx_on_monaco(monaco_pbf):
    network = read_network(monaco_pbf)
    graph = nx.Graph(zip(network.tail.tolist(), network.head.tolist(), strict=True))
    graph.add_nodes_from(range(network.n_nodes))
    assert network.report.n_components == nx.number_connected_components(graph)
    for nodes in nx.connected_components(graph):
        assert len(set(network.component[list(nodes)])) == 1


def test_an_area_elsewhere_is_an_error_that_says_where_the_streets_are(tmp_path):
    path = toy(tmp_path, [(11, [1, 2], "highway=path")])
    with pytest.raises(InputError, match=r"around 5\.5000,5\.5000: its streets lie between 0\.0000,0\.0000"):
        read_network(path, area=shapely.box(5, 5, 6, 6))


def test_a_file_without_walkable_streets_says_what_it_has(tmp_path):
    with pytest.raises(InputError, match=r"no street that one may walk on \(1 ways read: 1 motorway\)"):
        read_network(toy(tmp_path, [(11, [1, 2], "highway=motorway")]))
    with pytest.raises(InputError, match=r"no street that one may walk on \(0 ways read\)"):
        read_network(toy(tmp_path, [], name="none.osm"))


def test_other_file_names_missing_files_and_no_profiles_are_refused(tmp_path):
    (tmp_path / "streets.txt").write_text("x")
    with pytest.raises(InputError, match="not a street file by its name"):
        read_network(tmp_path / "streets.txt")
    with pytest.raises(MissingFileError, match="no such file"):
        read_network(tmp_path / "nowhere.osm.pbf")
    with pytest.raises(NetworkError, match="at least one WalkProfile"):
        read_network(toy(tmp_path, [(11, [1, 2], "highway=path")]), profiles=())


# Other formats


@pytest.fixture
def graph():
    """A street 1-2-3 with a bend, both ways, and a one-way 3-1 by another way."""
    made = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    for i, (x, y) in {1: (0.0, 0.0), 2: (0.001, 0.0), 3: (0.002, 0.0)}.items():
        made.add_node(i, x=x, y=y)
    bend = shapely.LineString([(0.001, 0.0), (0.0015, 0.0005), (0.002, 0.0)])
    for u, v in ((1, 2), (2, 1)):
        made.add_edge(u, v, osmid=11, highway="residential", length=111.0, oneway=False)
    made.add_edge(2, 3, osmid=[12, 13], highway=["residential", "path"], length=160.0, geometry=bend, oneway=False)
    made.add_edge(
        3, 2, osmid=[12, 13], highway=["residential", "path"], length=160.0, geometry=bend.reverse(), oneway=False
    )
    made.add_edge(3, 1, osmid=14, highway="residential", length=230.0, oneway=True)
    curve = shapely.LineString([(0.0, 0.0), (0.001, -0.001), (0.002, 0.0)])
    made.add_edge(1, 3, osmid=15, highway="motorway", length=315.0, geometry=curve, oneway=True)
    return made


def check_graph(network):
    assert network.n_edges == 4
    by_way = dict(zip(places(network), network.length_m.tolist(), strict=True))
    assert by_way[frozenset({(0.0, 0.0), (0.001, 0.0)})] == pytest.approx(111.0)
    bent = [by_way[frozenset({(x, 0.0), (0.0015, 0.0005)})] for x in (0.001, 0.002)]
    assert sum(bent) == pytest.approx(160.0)
    assert bent[0] == pytest.approx(bent[1], rel=1e-6)
    assert by_way[frozenset({(0.0, 0.0), (0.002, 0.0)})] == pytest.approx(230.0)
    assert network.report.ways_refused == (("motorway", 1),)


def test_an_osmnx_graphml_keeps_its_lengths_and_merges_both_directions(tmp_path, graph):
    osmnx.save_graphml(graph, tmp_path / "g.graphml")
    check_graph(read_network(tmp_path / "g.graphml"))


def test_an_osmnx_geopackage_reads_like_its_graphml(tmp_path, graph):
    osmnx.save_graph_geopackage(graph, tmp_path / "g.gpkg", directed=True)
    check_graph(read_network(tmp_path / "g.gpkg"))


def test_a_geopackages_empty_tags_are_none(tmp_path):
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_nodes_from((i, {"x": 0.001 * i, "y": 0.0}) for i in range(4))
    for u, tags in enumerate(({"highway": "footway", "bridge": "yes"}, {"highway": "[unknown]"}, {"name": "no tag"})):
        for a, b in ((u, u + 1), (u + 1, u)):
            graph.add_edge(a, b, 0, osmid=u + 1, length=111.2, **tags)
    osmnx.save_graph_geopackage(graph, tmp_path / "g.gpkg", directed=True)
    osmnx.save_graphml(graph, tmp_path / "g.graphml")
    packed, plain = read_gpkg_segments(tmp_path / "g.gpkg"), read_graphml_segments(tmp_path / "g.graphml")
    assert packed.traits == plain.traits == ({"bridge": "yes", "highway": "footway"}, {})
    assert packed.trait.tolist() == plain.trait.tolist() == [0, 1]
    assert packed.ways_refused == plain.ways_refused == (("other kind of highway", 2),)


def packed(tmp_path, graph, change):
    """Write the graph as OSMnx does and once more with its layers as ``change`` makes them."""
    osmnx.save_graph_geopackage(graph, tmp_path / "g.gpkg", directed=True)
    nodes, edges = (gpd.read_file(tmp_path / "g.gpkg", layer=name) for name in ("nodes", "edges"))
    for name, frame in zip(("nodes", "edges"), change(nodes, edges), strict=True):
        frame.to_file(tmp_path / "h.gpkg", layer=name, driver="GPKG")
    return tmp_path / "h.gpkg"


def test_lines_saved_as_multi_lines_of_one_part_are_lines(tmp_path, graph):
    def as_qgis(nodes, edges):
        return nodes, edges.set_geometry([shapely.MultiLineString([line]) for line in edges.geometry])

    check_graph(read_network(packed(tmp_path, graph, as_qgis)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda nodes, edges: (nodes.iloc[:-1], edges), r"edge \d+ names a node that is not there"),
        (lambda nodes, edges: (nodes.assign(osmid=7), edges), "column 'osmid', value 7: several nodes have this id"),
        (
            lambda nodes, edges: (nodes.set_geometry([None, *nodes.geometry[1:]]), edges),
            "value 1: a node must be one point",
        ),
        (
            lambda nodes, edges: (nodes, edges.set_geometry([shapely.LineString(), *edges.geometry[1:]])),
            "edge 1 must be one line",
        ),
        (
            lambda nodes, edges: (
                nodes,
                edges.set_geometry([shapely.MultiLineString([x, shapely.reverse(x)]) for x in edges.geometry]),
            ),
            r"edge 1 must be one line.*MultiLineString|MultiLineString.*edge 1 must be one line",
        ),
    ],
)
def test_edges_without_their_nodes_or_one_line_are_named(tmp_path, graph, change, message):
    with pytest.raises(InputError, match=message):
        read_network(packed(tmp_path, graph, change))


def test_an_undirected_osmnx_geopackage_reads_the_same(tmp_path, graph):
    osmnx.save_graph_geopackage(graph, tmp_path / "g.gpkg", directed=False)
    check_graph(read_network(tmp_path / "g.gpkg"))


def test_a_projected_graphml_comes_back_to_degrees(tmp_path, graph):
    osmnx.save_graphml(osmnx.project_graph(graph), tmp_path / "g.graphml")
    network = read_network(tmp_path / "g.graphml")
    assert_allclose(sorted(set(network.node_lon.round(9))), [0, 0.001, 0.0015, 0.002], atol=1e-9)


def test_an_unfit_graphml_is_an_input_error(tmp_path):
    (tmp_path / "g.graphml").write_text("<graphml><graph/></graphml>")
    with pytest.raises(InputError, match="has no usable coordinate system"):
        read_network(tmp_path / "g.graphml")
    (tmp_path / "h.graphml").write_text("no xml")
    with pytest.raises(InputError, match="not readable as a graph saved by OSMnx"):
        read_network(tmp_path / "h.graphml")


def lines(path, geometries, *, layer="roads", crs="EPSG:4326", **columns):
    gpd.GeoDataFrame(columns, geometry=geometries, crs=crs).to_file(path, layer=layer, driver="GPKG")
    return path


def test_a_plain_line_layer_joins_where_vertices_coincide(tmp_path):
    parts = [
        shapely.LineString([(0, 0), (0.001, 0), (0.002, 0)]),
        shapely.LineString([(0.001, 0.000000001), (0.001, 0.001)]),  # begins at a vertex of the first, but for 0.1 mm
        shapely.LineString([(0.0005, -0.001), (0.0005, 0.001)]),  # crosses without a common vertex
    ]
    network = read_network(lines(tmp_path / "r.gpkg", parts))
    assert network.n_edges == 4
    assert len(set(network.component)) == 2
    assert network.way_id.tolist() == [-1] * 4


def test_a_line_layer_with_tags_is_held_against_the_table_and_reprojected(tmp_path):
    parts = [shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(0, 0), (0, 100)])]
    path = lines(tmp_path / "r.gpkg", parts, crs="EPSG:32650", highway=["footway", "motorway"])
    network = read_network(path)
    assert network.report.ways_refused == (("motorway", 1),)
    assert network.length_m.sum() == pytest.approx(100, rel=0.01)


def test_a_geopackage_without_one_clear_layer_of_lines_is_refused(tmp_path):
    line = [shapely.LineString([(0, 0), (0.001, 0)])]
    path = lines(tmp_path / "r.gpkg", line)
    lines(path, line, layer="more")
    with pytest.raises(
        InputError, match=r"exactly one layer of lines; it has roads \(LineString\), more \(LineString\)"
    ):
        read_network(path)
    lines(tmp_path / "n.gpkg", line, layer="edges")
    lines(tmp_path / "n.gpkg", [shapely.Point(0, 0)], layer="nodes", osmid=[1])
    with pytest.raises(MissingColumnError, match="osmid; u, v"):
        read_network(tmp_path / "n.gpkg")
    (tmp_path / "x.gpkg").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"the name says \.gpkg, but the content is plain text"):
        read_network(tmp_path / "x.gpkg")


# The cache


def entries():
    return sorted(cache.cache_folder().glob("*.npz"))


def test_the_second_read_is_the_same_and_does_not_read_the_file_again(monaco_pbf, monkeypatch):
    fresh = read_network(monaco_pbf, cache=False)
    assert entries() == []
    first = read_network(monaco_pbf)
    monkeypatch.setattr(build, "_read_segments", lambda _: pytest.fail("the file was read again"))
    second = read_network(monaco_pbf)
    same(fresh, first)
    same(fresh, second)
    assert len(entries()) == 1


def test_profiles_and_areas_share_one_cache_entry(monaco_pbf):
    read_network(monaco_pbf)
    slow = read_network(monaco_pbf, profiles=(WalkProfile("elderly", 0.5),), area=shapely.box(7.42, 43.73, 7.43, 43.74))
    assert slow.profiles[0].name == "elderly"
    same(
        slow, read_network(monaco_pbf, profiles=slow.profiles, area=shapely.box(7.42, 43.73, 7.43, 43.74), cache=False)
    )
    assert len(entries()) == 1


def test_a_changed_file_of_the_same_name_size_and_age_is_read_anew(tmp_path):
    path = toy(tmp_path, [(11, [1, 2], "highway=path")])
    read_network(path)
    path.write_text(
        path.read_text().replace("highway", "HIGHWAY").replace("HIGHWAY", "highway").replace("0.001", "0.003")
    )
    assert read_network(path).length_m[0] == pytest.approx(0.003 * M_PER_DEGREE)
    assert len(entries()) == 2


@pytest.mark.parametrize("what", ["table", "version"])
def test_another_table_or_version_never_gets_an_old_entry(tmp_path, monkeypatch, what):
    path = toy(tmp_path, [(11, [1, 2], "highway=path")])
    read_network(path)
    if what == "version":
        monkeypatch.setattr(circle15, "__version__", "99")
    else:
        shutil.copytree(digests._CODE_ROOT, tmp_path / "code", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        monkeypatch.setattr(digests, "_CODE_ROOT", tmp_path / "code")
        read_network(path)
        assert len(entries()) == 1  # the same code in another place
        table = tmp_path / "code" / "network" / "rules" / "walking_table.csv"
        table.write_bytes(table.read_bytes() + b"#")
    read_network(path)
    assert len(entries()) == 2


@pytest.mark.parametrize("damage", [b"", b"no zip", None])
def test_a_broken_entry_is_said_and_made_again(tmp_path, caplog, damage):
    path = toy(tmp_path, [(11, [1, 2], "highway=path")])
    whole = read_network(path)
    entry = entries()[0]
    entry.write_bytes(entry.read_bytes()[:-200] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        same(read_network(path), whole)
    assert "broken" in caplog.text
    caplog.clear()
    same(read_network(path), whole)
    assert caplog.text == ""


def test_a_flipped_byte_in_an_entry_is_noticed(tmp_path, caplog):
    path = toy(tmp_path, [(11, [1, 2, 3, 4], "highway=path")])
    whole = read_network(path)
    data = bytearray(entries()[0].read_bytes())
    at = data.find(np.float64(whole.length_m[0]).tobytes())
    data[at] ^= 1
    entries()[0].write_bytes(data)
    same(read_network(path), whole)
    assert "broken" in caplog.text


def test_a_cache_folder_that_cannot_be_made_is_said_and_done_without(tmp_path, caplog, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "file" / "networks")
    assert read_network(toy(tmp_path, [(11, [1, 2], "highway=path")])).n_edges == 1
    assert "cannot be kept" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME rules the cache's place on Linux")
def test_several_processes_may_fill_the_cache_at_once(tmp_path):
    path = toy(tmp_path, [(11, [1, 2, 3, 4, 5], "highway=path")])
    code = "import sys, circle15; print([circle15.read_network(sys.argv[1]).n_edges for _ in range(5)])"
    running = [
        subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in running] == [str([4] * 5)] * 2
    assert [p.suffix for p in (tmp_path / "cache" / "circle15" / "networks").iterdir()] == [".npz"]


def test_the_entries_used_longest_ago_go_first(tmp_path, monkeypatch):
    for i in range(3):
        read_network(toy(tmp_path, [(11 + i, [1, 2], "highway=path")], name=f"{i}.osm"))
    sizes = [p.stat().st_size for p in entries()]
    read_network(tmp_path / "0.osm")
    monkeypatch.setattr(cache_room, "LIMIT_BYTES", sum(sizes))
    read_network(toy(tmp_path, [(20, [1, 2], "highway=path")], name="new.osm"))
    monkeypatch.setattr(build, "_read_segments", lambda _: pytest.fail("the entry in use was deleted"))
    assert read_network(tmp_path / "0.osm").way_id.tolist() == [11]
    assert len(entries()) == 3


# Where the data ends


def grid_streets(west, south, east, north, step=0.001):
    x, y = np.meshgrid(np.arange(west, east + step / 2, step), np.arange(south, north + step / 2, step))
    return x.ravel(), y.ravel()


DISTRICT = shapely.box(118.78, 32.03, 118.80, 32.05)
BUFFER_M = 1600.0


@pytest.mark.parametrize(
    ("bounds", "missing"),
    [
        ((118.75, 32.00, 118.83, 32.08), ()),
        ((118.75, 32.00, 118.80, 32.08), ("east",)),
        ((118.78, 32.00, 118.83, 32.08), ("west",)),
        ((118.75, 32.00, 118.83, 32.05), ("north",)),
        ((118.75, 32.03, 118.83, 32.08), ("south",)),
        ((118.78, 32.03, 118.80, 32.05), ("north", "east", "south", "west")),
    ],
)
def test_each_side_is_judged_by_where_the_streets_end(bounds, missing):
    ground = covered_ground(*grid_streets(*bounds))
    assert missing_buffer_sides(ground, DISTRICT, BUFFER_M) == missing


def test_an_extract_with_a_corner_cut_off_lacks_no_whole_side():
    lon, lat = grid_streets(118.75, 32.00, 118.83, 32.08)
    kept = (lon < 118.81) | (lat < 32.06)
    assert missing_buffer_sides(covered_ground(lon[kept], lat[kept]), DISTRICT, BUFFER_M) == ()


def test_a_slanting_extract_lacks_the_sides_that_it_cuts():
    lon, lat = grid_streets(118.75, 32.00, 118.83, 32.08)
    kept = (lon - 118.79) + (lat - 32.04) < 0.012
    assert missing_buffer_sides(covered_ground(lon[kept], lat[kept]), DISTRICT, BUFFER_M) == ("north", "east")


def test_one_road_that_leads_out_of_the_extract_covers_nothing():
    lon, lat = grid_streets(118.75, 32.00, 118.80, 32.08)
    road = np.arange(118.80, 118.83, 0.0005)
    ground = covered_ground(np.append(lon, road), np.append(lat, np.full(len(road), 32.04)))
    assert missing_buffer_sides(ground, DISTRICT, BUFFER_M) == ("east",)


def test_a_park_of_half_a_kilometre_is_no_hole():
    lon, lat = grid_streets(118.75, 32.00, 118.83, 32.08)
    kept = ~((np.abs(lon - 118.806) < 0.003) & (np.abs(lat - 32.04) < 0.0025))
    assert covered_ground(lon[kept], lat[kept]).contains(shapely.Point(118.806, 32.04))


def believed(box, lon, lat, parts=3):
    stated = StatedBox(box)
    for part in np.array_split(np.arange(len(lon)), parts):
        stated.look(lon[part], lat[part])
    return stated.believed()


def test_a_stated_box_is_believed_only_where_the_streets_fill_it():
    lon, lat = grid_streets(118.75, 32.00, 118.83, 32.08)
    fitting = shapely.box(118.74, 31.99, 118.84, 32.09)
    assert believed(fitting, lon, lat) is fitting
    assert believed(shapely.box(0, 0, 180, 90), lon, lat) is None
    assert believed(shapely.box(118.76, 32.0, 118.77, 32.08), lon, lat) is None
    assert believed(None, lon, lat) is None
    assert believed(fitting, lon[:0], lat[:0]) is None


def test_without_a_buffer_no_side_is_missing():
    assert missing_buffer_sides(DISTRICT, DISTRICT, 0.0) == ()


def test_the_sea_beside_monaco_is_inside_its_stated_box(monaco_pbf):
    network = read_network(monaco_pbf, area=shapely.box(7.40, 43.72, 7.45, 43.76))
    assert network.report.extent.bounds == (7.349, 43.71, 7.491, 43.77)


def test_nanjings_extract_ends_on_every_side(shared_data):
    network = read_network(shared_data / "osm" / "nanjing_xuanwu.osm.pbf")
    district = shapely.box(118.756, 32.030, 118.800, 32.059)
    assert missing_buffer_sides(network.report.extent, district, 1625.0) == ("north", "east", "south", "west")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"profiles": "adult"}, r"profiles has 'adult': must be a circle15\.WalkProfile"),
        ({"profiles": ("adult",)}, r"profiles has 'adult': must be a circle15\.WalkProfile"),
        ({"profiles": ()}, "profiles is empty"),
        ({"area": (7.4, 43.7, 7.5, 43.8)}, r"area = \(7\.4, .*must be a shapely geometry"),
        ({"area": shapely.Polygon()}, "area = <POLYGON EMPTY>"),
    ],
)
def test_a_profile_or_area_of_another_kind_is_refused_by_name(monaco_pbf, options, named):
    with pytest.raises(NetworkError, match=named):
        read_network(monaco_pbf, **options)


@given(
    grid=npst.arrays(np.bool_, npst.array_shapes(min_dims=2, max_dims=2, max_side=24)),
    reach=st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_gaps_of_the_covered_ground_are_filled_as_scipy_fills_them(grid, reach):
    offset = np.arange(-reach, reach + 1)
    disk = offset[:, None] ** 2 + offset**2 <= reach**2
    assert_array_equal(closed(grid, reach), scipy.ndimage.binary_closing(grid, disk))
