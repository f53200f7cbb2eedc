"""Linking: the nearest place on the nearest edge, equal to a search of every edge."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from circle15.errors import InputError, NetworkError
from circle15.network.graph import WalkNetwork
from circle15.network.linking.link import link, link_nodes
from circle15.network.linking.linkage import Linkage
from circle15.network.walking.profiles import WalkProfile
from circle15.units import EARTH_RADIUS_M, UNREACHED

ADULT = (WalkProfile(),)
METRES_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180


def network(lon, lat, tail, head, *, is_island=None, walk_ms=None, profiles=ADULT):
    n_edges = len(tail)
    if walk_ms is None:
        walk_ms = np.full((len(profiles), 2, n_edges), 1000, dtype=np.uint32)
    return WalkNetwork(
        node_lon=np.asarray(lon, dtype=np.float64),
        node_lat=np.asarray(lat, dtype=np.float64),
        tail=np.asarray(tail, dtype=np.int32),
        head=np.asarray(head, dtype=np.int32),
        length_m=np.ones(n_edges),
        profiles=profiles,
        walk_ms=walk_ms,
        is_island=np.zeros(n_edges, dtype=bool) if is_island is None else np.asarray(is_island),
    )


def by_looking_at_every_edge(net, lon, lat, max_access_m, is_used):
    """Nearest edge of each kind by brute force: (squared distance, edge, fraction), in the plane of each point."""
    linked = np.full(len(lon), -1, dtype=np.int32)
    fraction, access = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    skipped = np.zeros(len(lon), dtype=bool)
    for i, (x, y) in enumerate(zip(lon, lat, strict=True)):
        per_lon = METRES_PER_DEGREE * math.cos(y * (math.pi / 180))
        ax, ay = (net.node_lon[net.tail] - x) * per_lon, (net.node_lat[net.tail] - y) * METRES_PER_DEGREE
        bx, by = (net.node_lon[net.head] - x) * per_lon, (net.node_lat[net.head] - y) * METRES_PER_DEGREE
        dx, dy = bx - ax, by - ay
        length2 = dx * dx + dy * dy
        t = np.where(length2 > 0, -(ax * dx + ay * dy) / np.where(length2 > 0, length2, 1), 0)
        px = np.where(t <= 0, ax, np.where(t >= 1, bx, ax + t * dx))
        py = np.where(t <= 0, ay, np.where(t >= 1, by, ay + t * dy))
        squared = px * px + py * py
        metres = np.sqrt(squared)
        best = {}
        for island in (False, True):
            these = np.flatnonzero(is_used & (net.is_island == island) & (metres <= max_access_m))
            best[island] = these[np.argmin(squared[these])] if these.size else -1  # argmin: the first of equals
        edge = best[False]
        if edge >= 0:
            linked[i], fraction[i], access[i] = edge, np.clip(t[edge], 0, 1), metres[edge]
        skipped[i] = best[True] >= 0 and (edge < 0 or metres[best[True]] < metres[edge])
    return linked, fraction, access, skipped


def assert_equals_every_edge(net, lon, lat, max_access_m, profile=None):
    at = link(net, lon, lat, max_access_m=max_access_m, profile=profile)
    is_used = np.ones(net.n_edges, dtype=bool)
    if profile is not None:
        is_used = (net.walk_ms[net.profile_index(profile)] != UNREACHED).any(axis=0)
    edge, fraction, access, skipped = by_looking_at_every_edge(net, lon, lat, max_access_m, is_used)
    assert_array_equal(at.edge, edge)
    assert_allclose(at.fraction, fraction, rtol=0, atol=1e-12)
    assert_allclose(at.access_m, access, rtol=1e-12)
    assert_array_equal(at.skipped_island, skipped)


# A lattice of few values, so that ties, zero lengths, repeated edges and points on nodes are common.
coordinate = st.integers(0, 6).map(lambda k: k * 0.0005)


@st.composite
def small_worlds(draw):
    nodes = draw(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=8))
    ends = st.integers(0, len(nodes) - 1)
    edges = draw(st.lists(st.tuples(ends, ends, st.booleans(), st.booleans()), min_size=1, max_size=25))
    points = draw(st.lists(st.tuples(coordinate, coordinate), max_size=12))
    lat0 = draw(st.sampled_from([0.0, 31.0, -41.0, 69.0]))
    walk_ms = np.full((1, 2, len(edges)), 1000, dtype=np.uint32)
    for e, (_, _, _, may_walk) in enumerate(edges):
        if not may_walk:
            walk_ms[0, :, e] = UNREACHED
    lon, lat = np.array(nodes).T
    net = network(
        lon + 121.0,
        lat + lat0,
        [e[0] for e in edges],
        [e[1] for e in edges],
        is_island=[e[2] for e in edges],
        walk_ms=walk_ms,
    )
    x, y = np.array(points).reshape(-1, 2).T
    return net, x + 121.0, y + lat0


@settings(max_examples=150, deadline=None)
@given(small_worlds(), st.sampled_from([0.0, 40.0, 60.0, 1000.0]), st.sampled_from([None, "adult"]))
def test_linking_equals_a_search_of_every_edge(world, max_access_m, profile):
    net, lon, lat = world
    assert_equals_every_edge(net, lon, lat, max_access_m, profile)


def test_linking_equals_a_search_of_every_edge_in_a_town_with_islands():
    rng = np.random.default_rng(7)
    n = 3000
    lon, lat = rng.uniform(8.0, 8.1, n), rng.uniform(49.0, 49.06, n)
    tail = np.arange(n)
    head = (tail + rng.integers(0, 3, n)) % n  # neighbours by number stand far apart: long edges too
    lon[head[::5]] = lon[tail[::5]] + 1e-4
    net = network(lon, lat, tail, head, is_island=rng.random(n) < 0.2)
    assert_equals_every_edge(net, rng.uniform(7.99, 8.11, 400), rng.uniform(48.99, 49.07, 400), 150.0)


def test_access_is_true_to_the_great_circle_within_the_stated_error():
    rng = np.random.default_rng(3)
    lat0 = rng.uniform(-70, 70, 500)
    lon0 = rng.uniform(-170, 170, 500)
    dlat = 400 / METRES_PER_DEGREE
    node_lon = np.repeat(lon0, 2) + rng.normal(0, 1, 1000) * dlat
    node_lat = np.repeat(lat0, 2) + rng.normal(0, 1, 1000) * dlat
    net = network(node_lon, node_lat, np.arange(0, 1000, 2), np.arange(1, 1000, 2))
    at = link(net, lon0, lat0, max_access_m=2000.0)
    linked = at.edge >= 0
    assert linked.sum() > 400
    tail, head = net.tail[at.edge[linked]], net.head[at.edge[linked]]
    f = at.fraction[linked]
    x = net.node_lon[tail] + f * (net.node_lon[head] - net.node_lon[tail])
    y = net.node_lat[tail] + f * (net.node_lat[head] - net.node_lat[tail])
    phi0, phi1 = np.radians(lat0[linked]), np.radians(y)
    dlon = np.radians(x - lon0[linked])
    h = np.sin((phi1 - phi0) / 2) ** 2 + np.cos(phi0) * np.cos(phi1) * np.sin(dlon / 2) ** 2
    great_circle = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(h))
    d = at.access_m[linked]
    # The stated bound, plus the second-order term that it leaves out (d / R squared).
    bound = d * (d * np.abs(np.tan(phi0)) / (2 * EARTH_RADIUS_M) + 10 * (d / EARTH_RADIUS_M) ** 2) + 1e-6
    assert (np.abs(d - great_circle) <= bound).all()


def street():
    """One street of 111.19 m along the equator, from node 0 to node 1."""
    return network([0.0, 0.001], [0.0, 0.0], [0], [1])


def test_a_point_beside_a_street_links_to_its_foot():
    at = link(street(), [0.00025], [0.0001])
    assert at.edge.tolist() == [0]
    assert_allclose(at.fraction, 0.25)
    assert_allclose(at.access_m, 0.0001 * METRES_PER_DEGREE, rtol=1e-9)


def test_a_point_beyond_an_end_links_to_the_end():
    at = link(street(), [-0.001, 0.002], [0.0, 0.0])
    assert at.fraction.tolist() == [0.0, 1.0]
    assert_allclose(at.access_m, 0.001 * METRES_PER_DEGREE)


def test_the_access_limit_is_inclusive():
    net = street()
    exact = link(net, [0.0005], [0.001]).access_m[0]
    assert link(net, [0.0005], [0.001], max_access_m=exact).edge.tolist() == [0]
    beyond = link(net, [0.0005], [0.001], max_access_m=np.nextafter(exact, 0))
    assert beyond.edge.tolist() == [-1]
    assert np.isnan(beyond.fraction[0])
    assert np.isnan(beyond.access_m[0])


def test_of_equally_near_edges_the_smallest_index_is_taken():
    # Two streets that share the node (0, 0), and one of them twice.
    net = network([0.0, 0.001, 0.0], [0.0, 0.0, 0.001], [2, 0, 0], [0, 1, 1])
    assert link(net, [-0.0001], [-0.0001]).edge.tolist() == [0]
    assert link(net, [0.0005], [-0.0001]).edge.tolist() == [1]


def test_a_street_of_no_length_is_a_place():
    net = network([0.0, 0.0], [0.0, 0.0], [0], [1])
    at = link(net, [0.0, 0.001], [0.0, 0.0])
    assert at.edge.tolist() == [0, 0]
    assert at.fraction.tolist() == [0.0, 0.0]
    assert_allclose(at.access_m, [0.0, 0.001 * METRES_PER_DEGREE])


def test_every_node_links_to_itself_without_access():
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(0, 0.02, 300), rng.uniform(45, 45.02, 300)
    net = network(lon, lat, np.arange(299), np.arange(1, 300))
    at = link(net, lon, lat)
    assert (at.access_m < 1e-6).all()


def test_islands_are_passed_over_and_say_so():
    # Streets at lat 0 (mainland) and lat 0.001 (island), points between and above them.
    net = network([0.0, 0.001, 0.0, 0.001], [0.0, 0.0, 0.001, 0.001], [0, 2], [1, 3], is_island=[False, True])
    at = link(net, [0.0005] * 3, [0.0004, 0.0006, 0.0031], max_access_m=300.0)
    assert at.edge.tolist() == [0, 0, -1]
    assert at.skipped_island.tolist() == [False, True, True]
    assert not link(net, [0.0005], [0.0006], max_access_m=10.0).skipped_island[0]


def test_a_profile_links_only_to_what_it_may_walk_in_some_direction():
    walk_ms = np.full((2, 2, 3), 1000, dtype=np.uint32)
    walk_ms[1, :, 0] = UNREACHED  # the wheelchair may not walk edge 0 at all
    walk_ms[1, 0, 1] = UNREACHED  # and edge 1 only from head to tail
    profiles = (WalkProfile(), WalkProfile(name="wheelchair", speed_m_s=1.0))
    lat = [0.0, 0.0, 0.001, 0.001, 0.002, 0.002]
    net = network([0.0, 0.001] * 3, lat, [0, 2, 4], [1, 3, 5], walk_ms=walk_ms, profiles=profiles)
    points = [0.0005], [0.0001]
    assert link(net, *points).edge.tolist() == [0]
    assert link(net, *points, profile="adult").edge.tolist() == [0]
    assert link(net, *points, profile="wheelchair").edge.tolist() == [1]
    with pytest.raises(NetworkError, match="nobody"):
        link(net, *points, profile="nobody")


def test_numbering_of_edges_and_order_of_points_change_no_place():
    rng = np.random.default_rng(11)
    lon, lat = rng.uniform(0, 0.05, 500), rng.uniform(30, 30.05, 500)
    tail, head = rng.integers(0, 500, 800), rng.integers(0, 500, 800)
    x, y = rng.uniform(0, 0.05, 300), rng.uniform(30, 30.05, 300)
    at = link(network(lon, lat, tail, head), x, y)
    edges, points = rng.permutation(800), rng.permutation(300)
    other = link(network(lon, lat, tail[edges], head[edges]), x[points], y[points])
    assert_array_equal(other.access_m, at.access_m[points])
    same_edge = edges[other.edge] == at.edge[points]
    ties = ~same_edge  # at a shared node either edge is as near
    assert_allclose(at.fraction[points][ties] % 1, 0)


def test_points_far_from_every_street_stay_unlinked():
    at = link(street(), [90.0, -179.9, 0.0], [89.0, -89.0, 60.0])
    assert at.edge.tolist() == [-1, -1, -1]
    assert not at.skipped_island.any()


def test_towns_on_three_continents_link_in_one_network():
    lon, lat = np.array([121.5, 121.501, -43.2, -43.201, 7.4, 7.401]), np.array([29.9, 29.9, -22.9, -22.9, 43.7, 43.7])
    net = network(lon, lat, [0, 2, 4], [1, 3, 5])
    assert link(net, lon[::2], lat[::2] + 0.0001).edge.tolist() == [0, 1, 2]


def test_no_points_give_an_empty_linkage():
    at = link(street(), [], [])
    assert len(at) == 0
    assert at.skipped_island.dtype == np.bool_


@pytest.mark.parametrize(
    ("lon", "lat", "named"),
    [
        ([0.0, math.nan], [0.0, 0.0], r"lon\[1\] = nan"),
        ([0.0], [math.inf], r"lat\[0\] = inf"),
        ([0.0, 0.0, 181.0], [0.0, 0.0, 0.0], r"lon\[2\] = 181"),
        ([0.0], [-91.0], r"lat\[0\] = -91"),
    ],
)
def test_a_coordinate_out_of_range_is_named(lon, lat, named):
    with pytest.raises(InputError, match=named):
        link(street(), lon, lat)


def test_all_wrong_coordinates_stand_in_one_error():
    with pytest.raises(ValueError, match=r"lon\[0\][\s\S]*lat\[1\]"):
        link(street(), [math.nan, 0.0], [0.0, math.nan])
    with pytest.raises(InputError, match="lon: 20 more"):
        link(street(), [math.nan] * 30, [0.0] * 30)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(InputError, match=r"\(2,\).*\(1,\)"):
        link(street(), [0.0, 0.0], [0.0])


@pytest.mark.parametrize("limit", [-1.0, math.nan, math.inf])
def test_a_limit_that_is_no_length_is_refused(limit):
    with pytest.raises(ValueError, match="max_access_m"):
        link(street(), [0.0], [0.0], max_access_m=limit)


def test_a_network_without_edges_is_refused():
    with pytest.raises(NetworkError, match="no edges"):
        link(network([0.0], [0.0], [], []), [0.0], [0.0])


def test_nodes_link_to_an_end_of_their_first_edge():
    net = network([0.0, 0.001, 0.002, 0.003], [0.0] * 4, [1, 1], [0, 2])
    at = link_nodes(net, [0, 1, 2, 3])
    assert at.edge.tolist() == [0, 0, 1, -1]
    assert_array_equal(at.fraction, [1.0, 0.0, 1.0, np.nan])
    assert_array_equal(at.access_m, [0.0, 0.0, 0.0, np.nan])
    assert link_nodes(net, np.array([2.0])).edge.tolist() == [1]


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ([0, 4], r"^node\[1\] = 4: must be a whole number, 0 to 1$"),
        ([0, 0.7], r"^node\[1\] = 0.7: must be a whole number, 0 to 1$"),
        ([math.nan, -1], r"^node\[0\] = nan: .*\nnode\[1\] = -1.0: "),
        (["a"], r"^node is <U1; it must hold numbers"),
    ],
)
def test_an_index_that_is_no_node_is_named(node, named):
    with pytest.raises(NetworkError, match=named):
        link_nodes(street(), node)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"edge": [0, 2**32]}, r"^edge\[1\] = 4294967296 does not fit int32"),
        ({"edge": [0.0, 1.7]}, r"^edge is float64; it must hold whole numbers of type int32$"),
        ({"edge": 0}, r"^edge has 0 dimensions; it must have 1$"),
        ({"fraction": [0.5]}, r"^fraction has 1 values, not one for each of 2 edges$"),
        ({"access_m": ["near", "far"]}, r"^access_m is <U4; it must hold numbers of type float64$"),
        ({"skipped_island": [0.5, 0.5]}, r"^skipped_island is float64; it must hold true or false of type bool$"),
        ({"skipped_border": [True]}, r"^skipped_border has 1 values, not one for each of 2 edges$"),
    ],
)
def test_a_linkage_of_malformed_columns_is_refused(change, named):
    columns = {"edge": [0, -1], "fraction": [0.5, math.nan], "access_m": [1.0, math.nan], "skipped_island": [False] * 2}
    made = Linkage(street(), **columns)
    assert (made.edge.dtype, made.fraction.dtype, made.skipped_border.tolist()) == (np.int32, np.float64, [False] * 2)
    with pytest.raises(NetworkError, match=named):
        Linkage(street(), **{**columns, **change})


def test_a_slice_of_a_linkage_keeps_who_is_behind_a_border():
    at = Linkage(street(), [0, 0, 0], [0.0, 0.5, 1.0], [0.0] * 3, [False] * 3, [False, True, True])
    assert at.take(slice(1, 3)).skipped_border.tolist() == [True, True]
    assert at.take(np.array([2, 0])).skipped_border.tolist() == [True, False]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lon": 0.0}, r"^lon has 0 dimensions; it must have 1$"),
        ({"lon": [0.0, 181.0]}, r"^lon\[1\] = 181.0: must be -180 to 180 degrees$"),
        ({"lat": [0.0]}, r"^lat has shape \(1,\), not \(2,\)$"),
        ({"head": [0.5]}, r"^head is float64; it must hold whole numbers of type int32$"),
        ({"length_m": []}, r"^length_m has shape \(0,\), not \(1,\)$"),
        ({"length_m": ["long"]}, r"^length_m is <U4; it must hold numbers of type float64$"),
        ({"length_m": [None]}, r"^length_m\[0\] = nan: must be 0 to"),
        ({"length_m": [[1.0], [2.0, 3.0]]}, r"^length_m: setting an array element"),
        ({"length_m": [-1e-9], "lat": [91.0, 0.0]}, r"^lat\[0\] = 91.0: .*\nlength_m\[0\] = -1e-09: "),
    ],
)
def test_a_network_of_malformed_arrays_is_refused_in_the_callers_words(change, named):
    arrays = {"lon": [0.0, 0.001], "lat": [0.0, 0.0], "tail": [0], "head": [1], "length_m": [111.2]}
    with pytest.raises(NetworkError, match=named):
        WalkNetwork.from_edges(**{**arrays, **change})
