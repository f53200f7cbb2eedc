"""What each profile pays: steps, surfaces, waits; exact seconds on toy maps."""

import networkx as nx
import numpy as np
import osmium
import osmnx
import pytest

import circle15
from circle15.config.walk import WAIT_KINDS, WalkTable, shipped_walks
from circle15.network.build import read_network
from circle15.network.graph import metres_network
from circle15.network.rules import passage_table as passages
from circle15.network.rules.passage_table import passage_of, passage_table
from circle15.network.walking.profiles import WalkProfile
from circle15.units import UNREACHED
from tests.toy_osm import write_osm

LINE = {i: (0.001 * i, 0.0) for i in range(1, 8)}
PLAIN = WalkProfile("plain", 1.0)


def shipped():
    return tuple(WalkProfile(name, **WalkTable(like=name).profile_values()) for name in shipped_walks())


def walk(tmp_path, ways, *profiles, nodes=None, start=1, end=3, **options):
    """Walk there and back along a toy map; give each profile's two times in milliseconds."""
    path = write_osm(tmp_path / "toy.osm", nodes={**LINE, **(nodes or {})}, ways=ways)
    net = read_network(path, cache=False, profiles=profiles, **options)
    here = [int(np.flatnonzero(net.node_lon == {**LINE, **(nodes or {})}[i][0])[0]) for i in (start, end)]
    ends = [circle15.link_nodes(net, [node]) for node in here]
    found = []
    for p in profiles:
        there, back = (
            circle15.nearest(net, a, b, profile=p.name, cutoff_s=86_400).seconds[0] for a, b in (ends, ends[::-1])
        )
        found.append((there, back))
    return found


def extra(tmp_path, ways, profile, **options):
    """Give the seconds, there and back, that a profile walks longer than one of the same speed alone."""
    plain, own = walk(tmp_path, ways, WalkProfile("bare", profile.speed_m_s), profile, **options)
    return [round(b - a, 3) for a, b in zip(plain, own, strict=True)]


@pytest.mark.parametrize("seconds", [20.0, 12.345, 0.001])
@pytest.mark.parametrize(
    ("kind", "tags"),
    [
        ("signals", "highway=crossing,crossing=traffic_signals"),
        ("signals", "highway=traffic_signals"),
        ("zebra", "highway=crossing,crossing=zebra"),
        ("unmarked", "highway=crossing,crossing=unmarked"),
        ("lift", "highway=elevator"),
        ("gate", "barrier=gate"),
        ("kerb_raised", "barrier=kerb"),
        ("turnstile", "barrier=turnstile"),
    ],
)
def test_one_place_on_the_only_path_adds_exactly_its_seconds_both_ways(tmp_path, kind, tags, seconds):
    profile = WalkProfile("p", 1.25, waits={kind: seconds})
    ways = [(11, [1, 2, 3], "highway=footway")]
    assert extra(tmp_path, ways, profile, nodes={2: (0.002, 0.0, tags)}) == [seconds, seconds]


def test_a_footbridge_of_several_ways_is_paid_once_both_ways(tmp_path):
    profile = WalkProfile("p", 1.0, waits={"footbridge": 33.333, "underpass": 7.0})
    ways = [
        (11, [1, 2], "highway=footway"),
        (12, [2, 3], "highway=steps,bridge=yes"),
        (13, [3, 4, 5], "highway=footway,bridge=yes"),
        (14, [5, 6], "highway=footway"),
    ]
    assert extra(tmp_path, ways, profile, end=6) == [33.333, 33.333]
    tunnel = [(i, refs, tags.replace("bridge", "tunnel")) for i, refs, tags in ways]
    assert extra(tmp_path, tunnel, profile, end=6) == [7.0, 7.0]


def test_stairs_that_leave_a_footbridge_midway_pay_its_other_half_and_who_stays_on_it_nothing_more(tmp_path):
    profile = WalkProfile("p", 1.0, waits={"footbridge": 10.0})
    nodes = {9: (0.003, 0.001)}
    ways = [
        (11, [1, 2], "highway=footway"),
        (12, [2, 3, 4], "highway=footway,bridge=yes"),
        (13, [3, 9], "highway=steps"),
        (14, [4, 5], "highway=footway"),
    ]
    assert extra(tmp_path, ways, profile, nodes=nodes, end=5) == [10.0, 10.0]
    path = write_osm(tmp_path / "toy.osm", nodes={**LINE, **nodes}, ways=ways)
    net = read_network(path, cache=False, profiles=(profile,))
    a, b = (circle15.link_nodes(net, np.flatnonzero((net.node_lon == x) & (net.node_lat == y))[:1])
            for x, y in ((0.001, 0.0), (0.003, 0.001)))  # fmt: skip
    bare = metres_network(net)
    metres = circle15.nearest(
        bare, circle15.link_nodes(bare, [int(bare.tail[a.edge[0]])]), circle15.link_nodes(bare, [int(bare.head[b.edge[0]])]),
        profile="metres", cutoff_s=9e4,
    ).seconds[0]  # fmt: skip
    assert circle15.nearest(net, a, b, profile="p", cutoff_s=9e4).seconds[0] == pytest.approx(metres + 10.0)


def test_a_lift_that_is_a_way_is_paid_once(tmp_path):
    ways = [(11, [1, 2], "highway=footway"), (12, [2, 3], "highway=elevator"), (13, [3, 4], "highway=footway")]
    assert extra(tmp_path, ways, WalkProfile("p", 1.0, waits={"lift": 40.0}), end=4) == [40.0, 40.0]


def test_who_walks_along_a_street_does_not_pay_for_the_crossings_over_it(tmp_path):
    profile = WalkProfile("p", 1.0, waits={"signals": 20.0, "zebra": 5.0})
    for tags in ("highway=crossing,crossing=traffic_signals", "highway=crossing,crossing=zebra"):
        nodes = {2: (0.002, 0.0, tags), 8: (0.002, 0.001), 9: (0.002, -0.001)}
        ways = [(11, [1, 2, 3], "highway=primary"), (12, [8, 2, 9], "highway=footway,footway=crossing")]
        assert extra(tmp_path, ways, profile, nodes=nodes) == [0.0, 0.0]


def test_an_untagged_meeting_with_a_big_road_is_paid_by_who_crosses_it_alone(tmp_path):
    profile = WalkProfile("p", 1.0, waits={"unmarked": 8.0})
    nodes = {8: (0.0021, 0.001), 9: (0.0022, -0.001)}
    for kind, seconds in (("primary", 8.0), ("secondary_link", 8.0), ("residential", 0.0)):
        ways = [(11, [1, 2, 3], f"highway={kind}"), (12, [8, 2, 9], "highway=footway")]
        assert extra(tmp_path, ways, profile, nodes=nodes, start=8, end=9) == [seconds, seconds]
        assert extra(tmp_path, ways, profile, nodes=nodes) == [0.0, 0.0]


def test_two_crossings_of_one_road_with_a_middle_strip_are_waited_for_once_where_the_profile_says_so(tmp_path):
    signal = "highway=crossing,crossing=traffic_signals"
    nodes = {2: (0.002, 0.0, signal), 3: (0.0021, 0.0, signal), 4: (0.004, 0.0)}
    ways = [(11, [1, 2, 3, 4], "highway=footway")]
    for once, seconds in ((0.0, 40.0), (30.0, 20.0)):
        profile = WalkProfile("p", 1.0, waits={"signals": 20.0}, wait_once_m=once)
        assert extra(tmp_path, ways, profile, nodes=nodes, end=4) == [seconds, seconds]


def test_a_place_that_cannot_be_passed_can_be_walked_up_to_from_both_sides(tmp_path):
    nodes = {2: (0.002, 0.0, "barrier=stile")}
    ways = [(11, [1, 2, 3], "highway=path")]
    wheels = WalkProfile("wheels", 1.0, waits={"stile": float("inf")})
    boots = WalkProfile("boots", 1.0, waits={"stile": 9.0})
    stopped, passed, plain = walk(tmp_path, ways, wheels, boots, PLAIN, nodes=nodes)
    assert np.isnan(stopped).all()
    assert [round(a - b, 3) for a, b in zip(passed, plain, strict=True)] == [9.0, 9.0]
    path = tmp_path / "toy.osm"
    net = read_network(path, cache=False, profiles=(wheels, PLAIN))
    assert ((net.walk_ms[0] == UNREACHED).all(axis=0) == (net.length_m == 0)).all()
    assert (net.length_m == 0).sum() == 2
    assert len(set(net.component)) == 1


def test_steps_are_slower_up_than_down_and_the_map_says_which_is_which(tmp_path):
    profile = WalkProfile("p", 1.0, stairs_up_m_s=0.4, stairs_down_m_s=0.5)
    for tags, there, back in (("incline=up", 2.5, 2.0), ("incline=down", 2.0, 2.5), ("lit=yes", 2.25, 2.25)):
        plain, own = walk(tmp_path, [(11, [1, 2, 3], f"highway=steps,{tags}")], PLAIN, profile)
        assert [b / a for a, b in zip(plain, own, strict=True)] == pytest.approx([there, back], rel=1e-5)


def test_where_steps_are_counted_their_height_decides_if_it_is_slower(tmp_path):
    profile = WalkProfile("p", 1.0, climb_m_s=0.25, descend_m_s=0.5, step_height_m=0.15)
    up = "highway=steps,incline=up,step_count=2000"
    for tags, there, back in ((up, 1200.0, 600.0), (f"{up},step:height=0.2", 1600.0, 800.0)):
        assert walk(tmp_path, [(11, [1, 2, 3], tags)], profile)[0] == pytest.approx((there, back), abs=0.01)
    few = "highway=steps,incline=up,step_count=10"
    assert extra(tmp_path, [(11, [1, 2, 3], few)], profile) == [0.0, 0.0]


def test_who_takes_no_steps_takes_no_escalator_either(tmp_path):
    no_steps = WalkProfile("p", 1.0, stairs=False, conveyor_m_s=0.5)
    for tags in ("highway=steps", "highway=steps,conveying=yes"):
        assert np.isnan(walk(tmp_path, [(11, [1, 2, 3], tags)], no_steps)[0]).all()


def test_an_escalator_runs_one_way(tmp_path):
    profile = WalkProfile("p", 1.0, conveyor_m_s=0.5)
    ways = [(11, [1, 2, 3], "highway=steps,conveying=forward")]
    plain, (there, back) = walk(tmp_path, ways, PLAIN, profile)
    assert there == pytest.approx(2 * plain[0], rel=1e-5)
    assert np.isnan(back)


@pytest.mark.parametrize(
    ("tags", "values", "factor"),
    [
        ("surface=gravel", {"surfaces": {"gravel": 0.5}}, 2.0),
        ("surface=gravel,smoothness=bad", {"surfaces": {"gravel": 0.5}, "smoothness": {"bad": 0.25}}, 4.0),
        ("surface=asphalt", {"surfaces": {"gravel": 0.5}}, 1.0),
        ("surface=sand", {"surfaces": {"sand": 0.0}}, np.nan),
        ("wheelchair=no", {"wheelchair_tag": True}, np.nan),
        ("wheelchair=limited", {"wheelchair_tag": True}, 1.0),
        ("width=60 cm", {"min_width_m": 0.8}, np.nan),
        ("width=0.9", {"min_width_m": 0.8}, 1.0),
        ("width=narrow", {"min_width_m": 0.8}, 1.0),
        ("incline=12%", {"max_slope": 0.08}, np.nan),
        ("incline=-5°", {"max_slope": 0.08}, np.nan),
        ("incline=4%", {"max_slope": 0.08}, 1.0),
    ],
)
def test_tags_slow_down_or_close_a_way(tmp_path, tags, values, factor):
    plain, own = walk(tmp_path, [(11, [1, 2, 3], f"highway=path,{tags}")], PLAIN, WalkProfile("p", 1.0, **values))
    assert [b / a for a, b in zip(plain, own, strict=True)] == pytest.approx([factor, factor], nan_ok=True, rel=1e-6)


def test_a_profile_that_states_only_a_speed_pays_for_the_length_alone(monaco_pbf):
    bare = read_network(monaco_pbf, cache=False, profiles=(WalkProfile("adult", 1.25),))
    beside = read_network(monaco_pbf, cache=False, profiles=(WalkProfile("adult", 1.25), *shipped()[1:3]))
    n = bare.n_edges
    assert (beside.walk_ms[0, :, :n] == bare.walk_ms[0]).all()
    assert (bare.walk_ms[0] == np.floor(bare.length_m / 1.25 * 1000 + 0.5)).all()


def test_no_shipped_profile_is_anywhere_faster_than_its_speed_and_wheels_use_no_steps(monaco_pbf):
    net = read_network(monaco_pbf, cache=False, profiles=shipped())
    rows = {p.name: i for i, p in enumerate(net.profiles)}
    for p in net.profiles:
        assert (net.walk_ms[rows[p.name]] >= np.floor(net.length_m / p.speed_m_s * 1000 + 0.5)).all()
    adult, elderly = net.walk_ms[rows["adult"]], net.walk_ms[rows["elderly"]]
    assert (elderly >= adult).all()
    steps = set(stairs_of(monaco_pbf))
    assert len(steps) > 200
    on_steps = np.isin(net.way_id, list(steps))
    assert (net.walk_ms[rows["wheelchair"]][:, on_steps] == UNREACHED).all()
    assert (elderly[:, on_steps] > np.floor(net.length_m[on_steps] / 0.9 * 1000 + 0.5)).any()


def stairs_of(path):
    return [w.id for w in osmium.FileProcessor(str(path), osmium.osm.WAY) if w.tags.get("highway") == "steps"]


@pytest.mark.parametrize("minutes", [5, 15])
def test_elderly_reach_is_within_adult_reach_on_monaco(monaco_pbf, minutes):
    assert_within(read_network(monaco_pbf, profiles=shipped()), minutes)


def test_elderly_reach_is_within_adult_reach_on_porto_alegre_with_its_hills(shared_data):
    path, raster = shared_data / "osm" / "porto_alegre.osm.pbf", shared_data / "elevation" / "porto_alegre.tif"
    assert_within(read_network(path, profiles=shipped(), elevation=raster), 15)


def assert_within(net, minutes):
    """Walk from 400 places to twenty, as both; and hold what implies it for every place: no edge is faster."""
    ms = {p.name: net.walk_ms[i] for i, p in enumerate(net.profiles)}
    assert (ms["elderly"] >= ms["adult"]).all()
    assert ((ms["elderly"] == UNREACHED) == (ms["adult"] == UNREACHED)).all()
    rng = np.random.default_rng(15)
    node = rng.integers(net.n_nodes, size=(2, 400))
    at, to = (circle15.link(net, net.node_lon[n] + 1e-4, net.node_lat[n] + 1e-4) for n in (node[0], node[1, :20]))
    adult, elderly = (
        circle15.travel_times(net, at, to, profile=p, cutoff_s=60 * minutes) for p in ("adult", "elderly")
    )

    def pairs(t):
        row = np.repeat(np.arange(len(t.indptr) - 1), np.diff(t.indptr))
        return set(zip(row.tolist(), t.destination.tolist(), strict=True))

    assert pairs(elderly) < pairs(adult)


def test_the_table_of_passages_names_each_kind_and_decides_its_examples():
    rows = passage_table()
    assert {row.kind for row in rows if row.kind} <= set(WAIT_KINDS)
    assert set(WAIT_KINDS) == {row.kind for row in rows if row.kind}
    for i, row in enumerate(rows):
        assert passage_of(dict(pair.split("=", 1) for pair in row.example.split(",")), row.object) == i
        assert row.pays in ({"all", "paths", ""} if row.object == "node" else {"ends"})
    assert all(row.note or row.kind for row in rows)
    assert passages.kind_of_road("trunk_link") == "trunk"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"waits": {"signal": 3}}, "unknown kind 'signal'; did you mean 'signals'"),
        ({"waits": {"signals": -1}}, "0 or more seconds"),
        ({"stairs_up_m_s": 2.0}, "the fastest one walks"),
        ({"surfaces": {"sand": 2}}, r"surfaces.sand = 2 is not in \[0, 1\]"),
        ({"max_slope": 0.0}, "must be above 0"),
        ({"min_width_m": -1.0}, "0 or more"),
        ({"slope": "naismith"}, "neither"),
    ],
)
def test_profiles_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        WalkProfile("p", 1.0, **values)


def test_the_metres_network_counts_metres(tmp_path):
    path = write_osm(tmp_path / "toy.osm", nodes=LINE, ways=[(11, [1, 2, 3], "highway=steps")])
    net = read_network(path, cache=False, profiles=shipped())
    metres = metres_network(net)
    ends = circle15.link_nodes(metres, [0]), circle15.link_nodes(metres, [2])
    found = circle15.nearest(metres, *ends, profile="metres", cutoff_s=1e4).seconds[0]
    assert found == pytest.approx(net.length_m.sum(), abs=0.002)


@pytest.mark.parametrize("name", ["streets.gpkg", "streets.graphml"])
def test_wheels_use_no_steps_of_a_graph_that_osmnx_saved_either(tmp_path, name):
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_nodes_from((i, {"x": 0.001 * i, "y": 0.0}) for i in range(4))
    for u, kind in enumerate(("footway", "steps", ["footway", "steps"])):
        for a, b in ((u, u + 1), (u + 1, u)):
            graph.add_edge(a, b, 0, osmid=u + 1, highway=kind, length=111.2, surface="gravel")
    path = tmp_path / name
    (osmnx.save_graph_geopackage if name.endswith("gpkg") else osmnx.save_graphml)(graph, path)
    profiles = (WalkProfile("wheels", 1.0, stairs=False, surfaces={"gravel": 0.5}), PLAIN)
    wheels, plain = read_network(path, cache=False, profiles=profiles).walk_ms
    assert (wheels == UNREACHED).tolist() == [[False, True, True]] * 2
    assert wheels[0, 0] == pytest.approx(2 * plain[0, 0], abs=1)
