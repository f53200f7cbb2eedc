"""Isochrones: exact street pieces widened by a buffer, held against unions of GEOS buffers."""

import itertools
import math

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import circle15
from circle15.errors import NetworkError
from circle15.network.graph import WalkNetwork
from circle15.network.linking.link import link, link_nodes
from circle15.network.linking.linkage import Linkage
from circle15.network.walking.profiles import WalkProfile
from circle15.reach import isochrone
from circle15.reach.isochrone import STEPS_PER_BUFFER, TOLERANCE_PER_BUFFER, isochrones, service_area
from circle15.units import EARTH_RADIUS_M, UNREACHED

METRES_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180
HALF_DIAGONAL = math.sqrt(2) / 2 / STEPS_PER_BUFFER  # of a grid cell, per buffer width
UNIT_M = METRES_PER_DEGREE * 1e-7  # of the outline's coordinates


class Plane:
    """Metres around a place, for GEOS."""

    def __init__(self, lon, lat):
        self.origin = np.array([lon, lat])
        self.scale = np.array([METRES_PER_DEGREE * math.cos(math.radians(lat)), METRES_PER_DEGREE])

    def to_metres(self, degrees):
        return (np.asarray(degrees) - self.origin) * self.scale

    def to_degrees(self, metres):
        return np.asarray(metres) / self.scale + self.origin

    def drawn(self, geometry):
        return shapely.transform(geometry, self.to_metres)


def town(metres, tail, head, *, at=(121.5, 31.0), walk_ms=None, speed_m_s=1.25):
    """Build a network from nodes in metres; an edge is as long as it looks."""
    metres = np.asarray(metres, dtype=np.float64)
    plane = Plane(*at)
    lon, lat = plane.to_degrees(metres).T
    length_m = np.hypot(*(metres[np.asarray(head)] - metres[np.asarray(tail)]).T)
    profile = WalkProfile(speed_m_s=speed_m_s)
    net = WalkNetwork.from_edges(lon, lat, tail, head, length_m, profiles=(profile,))
    if walk_ms is not None:
        net = WalkNetwork(net.node_lon, net.node_lat, net.tail, net.head, net.length_m, net.profiles, walk_ms)
    return net, plane


def grid_town(n, block_m=100.0, **options):
    """Build n by n junctions, `block_m` apart."""
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    node = np.arange(n * n).reshape(n, n)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    return town(np.column_stack([x.ravel(), y.ravel()]) * block_m, tail, head, **options)


def place(net, edge, fraction, access_m=0.0):
    edge, fraction, access_m = np.broadcast_arrays(edge, fraction, access_m)
    return Linkage(
        net,
        np.atleast_1d(edge).astype(np.int32),
        np.atleast_1d(fraction).astype(np.float64),
        np.atleast_1d(access_m).astype(np.float64),
        np.zeros(np.atleast_1d(edge).shape, dtype=bool),
    )


def split_at_starts(net, starts):
    """List every walkable way (from, to, milliseconds, edge, fraction from, fraction to), starts being nodes too."""
    stops = [[(0.0, tail), (1.0, head)] for tail, head in zip(net.tail.tolist(), net.head.tolist(), strict=True)]
    for i, (edge, fraction) in enumerate(zip(starts.edge.tolist(), starts.fraction.tolist(), strict=True)):
        stops[edge].append((fraction, net.n_nodes + i))
    ways = []
    for edge, (forward, backward) in enumerate(net.walk_ms[0].T.tolist()):
        tail, head, *inside = stops[edge]
        # At an end, a place is the node itself, whatever the edge allows.
        same = [(u, v, f) for f, u in inside for g, v in (tail, head) if f == g]
        ways += [way for u, v, f in same for way in ((u, v, 0, edge, f, f), (v, u, 0, edge, f, f))]
        along = [tail, *sorted(inside), head]
        for (f, u), (g, v) in itertools.pairwise(along):
            if forward != UNREACHED:
                ways.append((u, v, math.floor(g * forward + 0.5) - math.floor(f * forward + 0.5), edge, f, g))
            if backward != UNREACHED:
                ways.append((v, u, math.floor(g * backward + 0.5) - math.floor(f * backward + 0.5), edge, g, f))
    return ways


def reached_lines(net, plane, starts, cutoff_ms, *, towards=False):
    """Walk the network with networkx: the lines, in metres, within a cutoff of any of ``starts``, all linked."""
    ways = split_at_starts(net, starts)
    if towards:
        ways = [(v, u, ms, edge, g, f) for u, v, ms, edge, f, g in ways]
    graph = nx.MultiDiGraph()
    graph.add_weighted_edges_from((u, v, ms) for u, v, ms, *_ in ways)
    access_ms = np.floor(starts.access_m * (1000 / net.profiles[0].speed_m_s) + 0.5).astype(int).tolist()
    graph.add_weighted_edges_from(("outside", net.n_nodes + i, ms) for i, ms in enumerate(access_ms))
    time = nx.single_source_dijkstra_path_length(graph, "outside", cutoff=cutoff_ms)
    metres = plane.to_metres(np.column_stack([net.node_lon, net.node_lat]))

    def at(edge, fraction):
        return metres[net.tail[edge]] + fraction * (metres[net.head[edge]] - metres[net.tail[edge]])

    lines = [
        shapely.LineString([at(edge, f), at(edge, f + min(1, (cutoff_ms - time[u]) / max(ms, 1e-9)) * (g - f))])
        for u, _, ms, edge, f, g in ways
        if u in time
    ]
    places = [
        shapely.Point(at(edge, f))
        for i, (edge, f) in enumerate(zip(starts.edge, starts.fraction, strict=True))
        if net.n_nodes + i in time
    ]
    return shapely.union_all(lines + places)


def widened(streets, metres):
    """Buffer each line by itself: GEOS takes minutes for all lines of a town at once.

    On a grid, since its union without one adds whole triangles where buffers nearly touch (GEOS 3.14).
    """
    return shapely.union_all(shapely.buffer(shapely.get_parts(streets), metres, quad_segs=16), grid_size=1e-7)


def assert_is_the_buffer(drawn, streets, buffer_m):
    """Hold an outline in metres against the buffer of the streets, as the docstring promises."""
    # GEOS's arcs of 16 chords a quarter lie up to 0.0013 buffers inside the circle.
    slack = (HALF_DIAGONAL + TOLERANCE_PER_BUFFER + 0.0013) * buffer_m + 3 * UNIT_M
    assert drawn.is_valid
    assert drawn.covers(streets)
    wide = widened(streets, buffer_m + slack)
    narrow = widened(streets, buffer_m - 2 * slack)
    assert drawn.difference(wide).area < 1e-6
    assert narrow.difference(drawn).area < 1e-6
    exact = widened(streets, buffer_m)
    assert drawn.symmetric_difference(exact).area < 0.03 * exact.area


@st.composite
def random_towns(draw):
    n_nodes = draw(st.integers(2, 14))
    coordinate = st.integers(-300, 300)
    nodes = draw(st.lists(st.tuples(coordinate, coordinate), min_size=n_nodes, max_size=n_nodes))
    ends = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(ends, ends), min_size=1, max_size=20))
    at = draw(st.sampled_from([(121.5, 31.0), (-43.2, -22.9), (18.9, 69.6), (0.0, 0.0)]))
    speed = draw(st.sampled_from([0.9, 1.25]))
    tail, head = np.array(edges).T
    net, plane = town(nodes, tail, head, at=at, speed_m_s=speed)
    walk_ms = np.array(net.walk_ms)
    for e, way in draw(st.lists(st.tuples(st.integers(0, len(edges) - 1), st.integers(0, 1)), max_size=4)):
        walk_ms[0, way, e] = UNREACHED
    net = WalkNetwork(net.node_lon, net.node_lat, net.tail, net.head, net.length_m, net.profiles, walk_ms)
    start = draw(st.tuples(st.integers(0, len(edges) - 1), st.sampled_from([0.0, 0.25, 0.5, 1.0, 1 / 3])))
    return net, plane, start


@settings(max_examples=60, deadline=None)
@given(random_towns(), st.sampled_from([10.0, 25.0, 60.0]), st.sampled_from([0.0, 40.0]))
def test_an_isochrone_is_the_buffer_of_the_reached_streets(world, buffer_m, access_m):
    net, plane, (edge, fraction) = world
    start = place(net, edge, fraction, access_m)
    areas = isochrones(net, start, profile="adult", cutoffs_min=(1, 3, 6), buffer_m=buffer_m)
    assert areas["cutoff_min"].tolist() == [1.0, 3.0, 6.0]
    for minutes, area in zip(areas["cutoff_min"], areas.geometry, strict=True):
        streets = reached_lines(net, plane, start, minutes * 60_000)
        assert_is_the_buffer(plane.drawn(area), streets, buffer_m)
    assert shapely.covers(areas.geometry.to_numpy()[1:], areas.geometry.to_numpy()[:-1]).all()


@settings(max_examples=50, deadline=None)
@given(random_towns(), st.lists(st.tuples(st.integers(0, 19), st.sampled_from([0.0, 0.2, 0.7, 1.0])), max_size=5))
def test_a_service_area_is_the_buffer_of_the_streets_that_lead_to_any_facility(world, others):
    net, plane, first = world
    edge, fraction = np.array([first, *((e % net.n_edges, f) for e, f in others)]).T
    goals = place(net, edge, fraction, np.linspace(0, 60, len(edge)))
    areas = service_area(net, goals, profile="adult", cutoffs_min=(1, 3, 6))
    assert areas["cutoff_min"].tolist() == [1.0, 3.0, 6.0]
    for minutes, area in zip(areas["cutoff_min"], areas.geometry, strict=True):
        streets = reached_lines(net, plane, goals, minutes * 60_000, towards=True)
        assert_is_the_buffer(plane.drawn(area), streets, 25.0)
    assert shapely.covers(areas.geometry.to_numpy()[1:], areas.geometry.to_numpy()[:-1]).all()


def test_a_walk_ends_at_the_very_place_where_its_time_is_up():
    # 1.25 m/s for five minutes is 375 m along a street of a kilometre.
    net, plane = town([(0, 0), (1000, 0)], [0], [1])
    area = isochrones(net, link_nodes(net, [0]), profile="adult", cutoffs_min=[5]).geometry[0]
    west, south, east, north = plane.drawn(area).bounds
    assert west == pytest.approx(-25, abs=0.5)
    assert east == pytest.approx(375 + 25, abs=0.5)
    assert north == pytest.approx(25, abs=0.1)
    assert south == pytest.approx(-25, abs=0.1)


def test_a_street_that_takes_just_the_cutoff_is_inside_to_its_end_and_no_farther():
    net, plane = town([(0, 0), (375, 0), (375, 300)], [0, 1], [1, 2])
    areas = isochrones(net, link_nodes(net, [0]), profile="adult", cutoffs_min=[5])
    drawn = plane.drawn(areas.geometry[0])
    assert drawn.covers(shapely.Point(375, 0))
    assert drawn.bounds[3] == pytest.approx(25, abs=0.1)


def test_blocks_between_streets_are_holes():
    net, plane = grid_town(4)
    area = isochrones(net, link_nodes(net, [5]), profile="adult", cutoffs_min=[15]).geometry[0]
    assert area.geom_type == "Polygon"
    holes = [shapely.Polygon(ring) for ring in plane.drawn(area).interiors]
    assert len(holes) == 9
    assert [hole.area for hole in holes] == pytest.approx([2500.0] * 9, rel=0.03)
    assert not area.contains(shapely.Point(plane.to_degrees([150.0, 150.0])))


def test_a_block_narrower_than_two_buffers_is_filled():
    net, _ = grid_town(4, block_m=45.0)
    area = isochrones(net, link_nodes(net, [5]), profile="adult", cutoffs_min=[15]).geometry[0]
    assert len(area.interiors) == 0


def test_shells_run_counter_clockwise_and_holes_clockwise():
    net, _ = grid_town(3)
    area = isochrones(net, link_nodes(net, [0]), profile="adult", cutoffs_min=[15]).geometry[0]
    assert area.exterior.is_ccw
    assert [ring.is_ccw for ring in area.interiors] == [False] * 4


def test_a_court_within_a_block_within_a_ring_road_is_an_island_of_the_area():
    # A square road around a street that is reached through no road: two facilities, two shells, one inside the other.
    ring = [(-400, -400), (400, -400), (400, 400), (-400, 400)]
    net, plane = town([*ring, (-20, 0), (20, 0)], [0, 1, 2, 3, 4], [1, 2, 3, 0, 5])
    area = service_area(net, link_nodes(net, [0, 4]), profile="adult", cutoffs_min=[60]).geometry[0]
    assert area.is_valid
    assert [len(part.interiors) for part in area.geoms] == [1, 0]
    assert area.contains(shapely.Point(plane.to_degrees([0.0, 0.0])))


def test_an_unlinked_origin_has_no_row():
    net, _ = grid_town(3)
    areas = isochrones(net, link(net, [0.0, net.node_lon[4]], [0.0, net.node_lat[4]]), profile="adult")
    assert areas["origin"].tolist() == [1, 1, 1]


def test_a_cutoff_below_the_access_leg_has_no_row():
    net, _ = grid_town(3)
    # 400 m of access take 320 s.
    areas = isochrones(net, place(net, 0, 0.5, 400.0), profile="adult")
    assert areas["cutoff_min"].tolist() == [10.0, 15.0]
    assert service_area(net, place(net, 0, 0.5, 400.0), profile="adult")["cutoff_min"].tolist() == [10.0, 15.0]


def test_an_access_leg_of_just_the_cutoff_draws_the_place_itself():
    net, plane = grid_town(3)
    area = isochrones(net, place(net, 0, 0.5, 375.0), profile="adult", cutoffs_min=[5]).geometry[0]
    assert plane.drawn(area).symmetric_difference(shapely.Point(50, 0).buffer(25)).area < 60


def test_no_origins_give_an_empty_frame_with_its_columns():
    net, _ = grid_town(2)
    areas = isochrones(net, link_nodes(net, []), profile="adult")
    assert isinstance(areas, gpd.GeoDataFrame)
    assert areas.columns.tolist() == ["origin", "cutoff_min", "geometry"]
    assert len(areas) == 0
    assert areas.crs == "EPSG:4326"
    assert len(service_area(net, link_nodes(net, []), profile="adult")) == 0


def test_a_service_area_follows_the_way_to_the_facility():
    # A one-way street of 200 m from west to east: the facility in the east serves the west, not the other way round.
    ms = np.full((1, 2, 1), UNREACHED, dtype=np.uint32)
    ms[0, 0, 0] = 160_000
    net, plane = town([(0, 0), (200, 0)], [0], [1], walk_ms=ms)
    east, west = link_nodes(net, [1]), link_nodes(net, [0])
    assert plane.drawn(service_area(net, east, profile="adult", cutoffs_min=[5]).geometry[0]).covers(
        shapely.LineString([(0, 0), (200, 0)])
    )
    assert plane.drawn(isochrones(net, west, profile="adult", cutoffs_min=[5]).geometry[0]).covers(
        shapely.LineString([(0, 0), (200, 0)])
    )
    assert plane.drawn(service_area(net, west, profile="adult", cutoffs_min=[5]).geometry[0]).area < 2000
    assert plane.drawn(isochrones(net, east, profile="adult", cutoffs_min=[5]).geometry[0]).area < 2000


def test_where_walks_are_the_same_both_ways_a_service_area_is_the_union_of_isochrones():
    net, plane = grid_town(12)
    goals = place(net, [3, 60, 200], [0.3, 0.5, 0.9], [10.0, 0.0, 100.0])
    one_by_one = isochrones(net, goals, profile="adult", cutoffs_min=[5])
    union = plane.drawn(one_by_one.union_all())
    at_once = plane.drawn(service_area(net, goals, profile="adult", cutoffs_min=[5]).geometry[0])
    assert at_once.symmetric_difference(union).area < 0.01 * union.area


def test_facilities_an_ocean_apart_share_one_service_area():
    lon, lat = [121.5, 121.501, -43.2, -43.201], [29.9, 29.9, -22.9, -22.9]
    net = WalkNetwork.from_edges(lon, lat, [0, 2], [1, 3], [96.4, 102.4])
    area = service_area(net, link_nodes(net, [0, 2]), profile="adult", cutoffs_min=[5]).geometry[0]
    assert area.is_valid
    for part, at in zip(area.geoms, ((-43.2, -22.9), (121.5, 29.9)), strict=True):
        plane = Plane(*at)
        other = 0.001 if at[0] > 0 else -0.001
        streets = shapely.LineString([(0, 0), plane.to_metres([at[0] + other, at[1]])])
        assert_is_the_buffer(plane.drawn(part), streets, 25.0)


@pytest.mark.parametrize("draw", [isochrones, service_area])
@pytest.mark.parametrize(("lat", "is_drawn"), [(88.99, True), (-88.99, True), (89.01, False), (-89.99999, False)])
def test_areas_end_a_degree_before_the_poles(draw, lat, is_drawn):
    net = WalkNetwork.from_edges([180.0, 179.999], [lat, lat], [0], [1], [2.0])
    if is_drawn:
        for area in draw(net, link_nodes(net, [0]), profile="adult", buffer_m=1000.0).geometry:
            assert area.is_valid
            assert area.covers(shapely.LineString([(180.0, lat), (179.999, lat)]))
    else:
        with pytest.raises(ValueError, match=f"latitude {lat:.6f}: areas are drawn between -89 and 89 degrees"):
            draw(net, link_nodes(net, [0]), profile="adult")


def test_threads_and_blocks_change_no_byte(monkeypatch):
    net, _ = grid_town(10)
    rng = np.random.default_rng(2)
    origins = place(net, rng.integers(-1, net.n_edges, 40), rng.random(40), rng.uniform(0, 200, 40))
    one = isochrones(net, origins, profile="adult", threads=1)
    two = isochrones(net, origins, profile="adult", threads=2)
    monkeypatch.setattr(isochrone, "_ORIGINS_PER_BLOCK", 7)
    blocks = isochrones(net, origins, profile="adult", threads=2)
    for other in (two, blocks):
        assert_array_equal(other["origin"], one["origin"])
        assert_array_equal(other["cutoff_min"], one["cutoff_min"])
        assert_array_equal(shapely.to_wkb(other.geometry.to_numpy()), shapely.to_wkb(one.geometry.to_numpy()))


def test_other_cutoffs_move_an_outline_within_the_tolerance():
    net, plane = grid_town(10)
    alone = isochrones(net, link_nodes(net, [44]), profile="adult", cutoffs_min=[15]).geometry[0]
    among = isochrones(net, link_nodes(net, [44]), profile="adult", cutoffs_min=[5, 10, 15]).geometry[2]
    lines = [plane.drawn(area).boundary for area in (alone, among)]
    assert shapely.hausdorff_distance(*lines, densify=0.1) <= 2 * TOLERANCE_PER_BUFFER * 25 + 3 * UNIT_M


def test_coordinates_are_whole_ten_millionths_of_a_degree():
    net, _ = grid_town(5)
    area = isochrones(net, link_nodes(net, [0]), profile="adult", cutoffs_min=[5]).geometry[0]
    degrees = shapely.get_coordinates(area)
    assert_array_equal(degrees, np.round(degrees * 1e7) / 1e7)


def test_cutoffs_may_come_in_any_order():
    net, _ = grid_town(5)
    areas = isochrones(net, link_nodes(net, [0]), profile="adult", cutoffs_min=(10, 2.5, 5))
    assert areas["cutoff_min"].tolist() == [2.5, 5.0, 10.0]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"cutoffs_min": ()}, "cutoffs_min is empty"),
        ({"cutoffs_min": (5, 10, 5)}, "5 twice"),
        ({"cutoffs_min": (-1,)}, "cutoffs_min has -1: a cutoff is 0 to 35791 minutes"),
        ({"cutoffs_min": (math.nan,)}, "cutoffs_min has nan"),
        ({"cutoffs_min": (1e9,)}, r"cutoffs_min has 1e\+09"),
        ({"buffer_m": 0.0}, "buffer_m = 0"),
        ({"buffer_m": math.nan}, "buffer_m = nan"),
        ({"buffer_m": 1e6}, "buffer_m = 1000000"),
        ({"threads": 0}, "threads = 0"),
    ],
)
@pytest.mark.parametrize("draw", [isochrones, service_area])
def test_options_out_of_range_are_named(draw, options, named):
    net, _ = grid_town(2)
    with pytest.raises(ValueError, match=named):
        draw(net, link_nodes(net, [0]), profile="adult", **options)


@pytest.mark.parametrize("draw", [isochrones, service_area])
def test_a_linkage_of_another_network_is_refused(draw):
    net, _ = grid_town(2)
    other, _ = grid_town(2)
    with pytest.raises(NetworkError, match="another network"):
        draw(net, link_nodes(other, []), profile="adult")


def test_isochrones_of_a_real_town_are_buffers_of_its_streets(monaco_pbf):
    net = circle15.read_network(monaco_pbf, cache=False)
    rng = np.random.default_rng(15)
    lon, lat = rng.uniform(7.41, 7.435, 30), rng.uniform(43.725, 43.748, 30)
    origins = link(net, lon, lat)
    areas = isochrones(net, origins, profile="adult", cutoffs_min=(5, 15))
    assert len(areas) == 2 * (origins.edge >= 0).sum() > 20
    assert areas.geometry.is_valid.all()
    inner, outer = areas.geometry.to_numpy()[::2], areas.geometry.to_numpy()[1::2]
    assert shapely.covers(outer, inner).all()
    plane = Plane(7.42, 43.735)
    for row in areas.iloc[:2].itertuples():
        start = place(net, *(column[[row.origin]] for column in (origins.edge, origins.fraction, origins.access_m)))
        streets = reached_lines(net, plane, start, row.cutoff_min * 60_000)
        assert_is_the_buffer(plane.drawn(row.geometry), streets, 25.0)
