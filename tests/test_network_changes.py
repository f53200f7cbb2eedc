import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circle15
from circle15.errors import NetworkError
from circle15.network.changes import add_path, close_path
from circle15.units import EARTH_RADIUS_M, UNREACHED

DEG_M = np.pi * EARTH_RADIUS_M / 180  # metres per degree at the equator
ADULT = circle15.WalkProfile(name="adult", speed_m_s=1.25)
SLOW = circle15.WalkProfile(name="elderly", speed_m_s=0.9)


def town(points, edges, profiles=(ADULT, SLOW), **more):
    """Streets near the equator, coordinates in metres."""
    lon, lat = np.array(points, dtype=float).T / DEG_M
    tail, head = np.array(edges).T
    length = np.hypot(lon[tail] - lon[head], lat[tail] - lat[head]) * DEG_M
    net = circle15.WalkNetwork.from_edges(lon, lat, tail, head, length, profiles=profiles)
    if not more:
        return net
    names = ("node_lon", "node_lat", "tail", "head", "length_m", "profiles", "walk_ms")
    return circle15.WalkNetwork(**{n: getattr(net, n) for n in names}, **more)


def metres(*points):
    return np.array(points, dtype=float) / DEG_M


def walk_s(net, a, b, profile="adult"):
    """Seconds between two points in metres."""
    at = [circle15.link(net, *metres(p).T, max_access_m=0.5) for p in (a, b)]
    found = circle15.nearest(net, *at, profile=profile, cutoff_s=100_000)
    return float(found.seconds[0])


# Two banks 100 m apart, joined by a bridge at x = 0 alone.
RIVER = town([(0, 0), (800, 0), (0, 100), (800, 100)], [(0, 1), (2, 3), (0, 2)])


def test_a_new_bridge_shortens_the_walk_to_its_own_length():
    assert walk_s(RIVER, (800, 0), (800, 100)) == pytest.approx(1700 / 1.25, abs=0.01)
    added = add_path(RIVER, metres((800, 0), (800, 100)))
    assert [e.is_joined for e in added.ends] == [True, True]
    assert added.length_m == pytest.approx(100, abs=0.01)
    assert added.network.n_nodes == RIVER.n_nodes
    assert walk_s(added.network, (800, 0), (800, 100)) == pytest.approx(80, abs=0.01)
    assert walk_s(added.network, (800, 0), (800, 100), "elderly") == pytest.approx(100 / 0.9, abs=0.01)


def test_a_path_joins_within_an_edge_and_keeps_the_times_along_it():
    added = add_path(RIVER, metres((333, 0), (333, 100)))
    assert added.network.n_nodes == RIVER.n_nodes + 2
    assert walk_s(added.network, (800, 0), (0, 0)) == walk_s(RIVER, (800, 0), (0, 0))
    assert walk_s(added.network, (800, 0), (800, 100)) == pytest.approx((2 * 467 + 100) / 1.25, abs=0.01)


def test_an_end_beyond_the_tolerance_is_not_joined_and_the_miss_is_told_in_metres():
    added = add_path(RIVER, metres((400, 7), (400, 100)), tolerance_m=5)
    assert [e.is_joined for e in added.ends] == [False, True]
    assert added.ends[0].miss_m == pytest.approx(7, abs=0.01)
    assert walk_s(added.network, (400, 0), (400, 100)) == walk_s(RIVER, (400, 0), (400, 100))
    near = add_path(RIVER, metres((400, 4), (400, 100)), tolerance_m=5)
    assert walk_s(near.network, (400, 0), (400, 100)) == pytest.approx(80, abs=0.01)


def test_a_footbridge_does_not_join_the_street_that_it_passes_over():
    crossing = town([(0, 0), (800, 0), (0, 100), (800, 100), (0, 200), (800, 200)], [(0, 1), (2, 3), (4, 5)])
    added = add_path(crossing, metres((400, 0), (400, 100), (400, 200)))
    assert walk_s(added.network, (400, 0), (400, 200)) == pytest.approx(160, abs=0.01)
    assert np.isnan(walk_s(added.network, (300, 0), (300, 100)))


def test_two_paths_one_after_another_join_each_other():
    first = add_path(RIVER, metres((400, 0), (400, 50)))
    assert [e.is_joined for e in first.ends] == [True, False]
    second = add_path(first.network, metres((400, 50), (400, 100)))
    assert [e.is_joined for e in second.ends] == [True, True]
    assert walk_s(second.network, (400, 0), (400, 100)) == pytest.approx(80, abs=0.01)


def test_an_island_that_a_path_reaches_is_no_island_any_more():
    net = town([(0, 0), (800, 0), (0, 100), (300, 100)], [(0, 1), (2, 3)], is_island=np.array([False, True]))
    bridged = add_path(net, metres((200, 0), (200, 100))).network
    assert not bridged.is_island.any()
    assert add_path(net, metres((200, 100), (200, 150))).network.is_island.sum() == 3


def test_a_one_way_edge_stays_one_way_when_it_is_divided():
    walk_ms = np.array([[[640_001], [UNREACHED]]], dtype=np.uint32)
    net = circle15.WalkNetwork(*metres((0, 0), (800, 0)).T, [0], [1], [800.0], (ADULT,), walk_ms)
    new = add_path(net, metres((100, 0), (100, 60))).network
    of_street = new.length_m > 61
    assert (new.walk_ms[0, 1, of_street] == UNREACHED).all()
    assert new.walk_ms[0, 0, of_street].sum() == 640_001


def test_a_closed_stretch_cannot_be_walked_and_the_rest_of_the_street_can():
    net = town([(0, 0), (800, 0), (400, 0), (400, 300)], [(0, 2), (2, 1), (2, 3)])
    closed = close_path(net, metres((100, 1), (200, 1)))
    assert closed.length_m == pytest.approx(100, abs=0.01)
    assert np.isnan(walk_s(closed.network, (50, 0), (300, 0)))
    assert walk_s(closed.network, (0, 0), (90, 0)) == pytest.approx(72, abs=0.01)
    assert walk_s(closed.network, (210, 0), (400, 300)) == pytest.approx(490 / 1.25, abs=0.01)


def test_streets_that_cross_a_closed_one_stay_open():
    net = town([(0, 0), (400, 0), (800, 0), (400, 300), (400, -300)], [(0, 1), (1, 2), (1, 3), (1, 4)])
    closed = close_path(net, metres((0, 0), (800, 0)))
    assert closed.n_edges == 2
    assert walk_s(closed.network, (400, 300), (400, -300)) == pytest.approx(480, abs=0.01)


def test_closing_where_no_street_lies_closes_nothing_and_tells_how_far_one_is():
    closed = close_path(RIVER, metres((200, 30), (300, 30)))
    assert (closed.n_edges, closed.length_m) == (0, 0)
    assert closed.nearest_m == pytest.approx(30, abs=0.01)


def test_closing_an_added_path_gives_the_times_back():
    bridge = metres((400, 0), (400, 100))
    closed = close_path(add_path(RIVER, bridge).network, bridge)
    assert closed.n_edges == 1
    for a, b in [((800, 0), (800, 100)), ((10, 0), (600, 100))]:
        assert walk_s(closed.network, a, b) == walk_s(RIVER, a, b)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 800), st.floats(0, 800),
    st.lists(st.tuples(st.floats(0, 800), st.sampled_from([0.0, 100.0])), min_size=2, max_size=6),
)  # fmt: skip
def test_a_new_path_never_makes_a_walk_longer(x, y, points):
    new = add_path(RIVER, metres((x, 0), (y, 100))).network
    for a, b in itertools.pairwise(points):
        assert walk_s(new, a, b) <= walk_s(RIVER, a, b) + 0.003  # each division rounds a place by at most 1 ms


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([[0, 0]], "two or more"),
        ([[1, 1], [1, 1]], "two different points"),
        ([[0, 0], [0, 91]], "degrees WGS-84"),
        ([[0, 0], [np.nan, 1]], "degrees WGS-84"),
    ],
)
def test_a_line_that_is_none_is_refused(line, message):
    with pytest.raises(NetworkError, match=message):
        add_path(RIVER, line)
