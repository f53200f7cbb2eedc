from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circle15
from circle15.network.changes import add_path
from circle15.planning.demand import Demand, newly_covered_by
from circle15.planning.links import FAR_M, NEAR_M, find_missing_links
from circle15.units import EARTH_RADIUS_M

DEG_M = np.pi * EARTH_RADIUS_M / 180  # metres per degree at the equator
SPEED = 1.25


def net_of(points, edges):
    lon, lat = np.array(points, dtype=float).T / DEG_M
    tail, head = np.array(edges).T
    length = np.hypot(lon[tail] - lon[head], lat[tail] - lat[head]) * DEG_M
    return circle15.WalkNetwork.from_edges(lon, lat, tail, head, length)


def two_banks(bridges):
    """Two streets of 1.5 km along a river 100 m wide, a node each 100 m, with bridges at given nodes."""
    points = [(x, y) for y in (0, 100) for x in range(0, 1501, 100)]
    edges = [(r * 16 + i, r * 16 + i + 1) for r in (0, 1) for i in range(15)]
    return net_of(points, edges + [(i, 16 + i) for i in bridges])


def demand_of(cells, people, places, minutes, min_count=1):
    (lon, lat), (place_lon, place_lat) = (np.array(p, dtype=float).reshape(-1, 2).T / DEG_M for p in (cells, places))
    return Demand(
        lon=lon, lat=lat, people=np.array(people, dtype=float), place_lon=place_lon, place_lat=place_lat,
        facility=np.arange(len(place_lon)), n_facilities=len(place_lon), min_count=min_count, profile="adult",
        threshold_s=minutes * 60.0, max_access_m=50.0,
    )  # fmt: skip


# People all along the south bank, the service on the north bank at x = 1200.
SOUTH = demand_of([(x, -20) for x in range(0, 1501, 100)], np.arange(1, 17), [(1200, 110)], minutes=10)


def test_the_bridge_that_is_taken_away_is_the_top_missing_link():
    with_bridge, without = two_banks([0, 12]), two_banks([0])
    found = find_missing_links(without, SOUTH)
    ends = np.array([found.from_lon, found.from_lat, found.to_lon, found.to_lat]).T[0] * DEG_M
    assert np.abs(ends - [1200, 0, 1200, 100]).max() <= 100
    assert ends[[1, 3]] == pytest.approx([0, 100], abs=0.1)
    lost = SOUTH.people[SOUTH.covered(with_bridge) & ~SOUTH.covered(without)].sum()
    assert found.newly_covered_people[0] >= lost > 0
    assert 99 < found.straight_m[0] < NEAR_M
    assert 2000 < found.walk_m[0] < 2600


def test_each_gain_is_what_adding_the_path_yields():
    net = two_banks([0])
    found = find_missing_links(net, SOUTH)
    assert len(found.from_lon) > 2
    before = SOUTH.covered(net)
    for k in range(len(found.from_lon)):
        line = [[found.from_lon[k], found.from_lat[k]], [found.to_lon[k], found.to_lat[k]]]
        added = add_path(net, line)
        assert all(e.is_joined for e in added.ends)
        after = SOUTH.covered(added.network)
        assert SOUTH.people[after].sum() - SOUTH.people[before].sum() == pytest.approx(found.newly_covered_people[k])
    assert (np.diff(found.newly_covered_people) <= 0).all()


def test_a_bridge_beside_a_better_one_is_not_listed_again():
    found = find_missing_links(two_banks([0]), SOUTH)
    ends = np.array([found.from_lon, found.from_lat, found.to_lon, found.to_lat]).T * DEG_M
    for a, b in combinations(ends, 2):
        assert np.hypot(*(a[:2] - b[:2])) > NEAR_M or np.hypot(*(a[2:] - b[2:])) > NEAR_M


def test_where_everyone_is_covered_or_nobody_could_be_there_is_no_link():
    assert len(find_missing_links(two_banks(range(16)), demand_of([(0, 0)], [5], [(0, 100)], 10)).from_lon) == 0
    assert len(find_missing_links(two_banks([0]), demand_of([(0, 0)], [5], [], 10)).from_lon) == 0


def test_a_bank_that_is_not_connected_at_all_can_be_linked():
    found = find_missing_links(two_banks([]), SOUTH)
    assert found.newly_covered_people[0] > 0
    assert np.isnan(found.walk_m[0])


def test_the_number_of_threads_changes_nothing():
    one, two = (find_missing_links(two_banks([0]), SOUTH, threads=t) for t in (1, 2))
    for name in ("from_lon", "to_lat", "newly_covered_people"):
        assert getattr(one, name).tolist() == getattr(two, name).tolist()


def test_where_two_facilities_are_needed_the_gain_counts_those_who_then_have_two():
    demand = demand_of([(800, -20)], [7], [(800, -10), (1000, 110)], minutes=10, min_count=2)
    found = find_missing_links(two_banks([0]), demand)
    assert found.newly_covered_people[0] == 7


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_the_top_link_equals_the_best_of_all_pairs_of_nodes(data):
    # Edges under 50 m, so that the nodes are all the places that are tried.
    n = 14
    points = [*((x * 48, y) for y in (0, 90) for x in range(n)), (0, 45)]
    gaps = data.draw(st.sets(st.integers(1, n - 2), max_size=1))
    edges = [(r * n + i, r * n + i + 1) for r in (0, 1) for i in range(n - 1) if not (r == 0 and i in gaps)]
    net = net_of(points, [*edges, (0, 2 * n), (2 * n, n)])
    people = data.draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))
    at = data.draw(st.integers(6, n - 1)) * 48
    minutes = data.draw(st.integers(2, 8)) + 0.13  # no walk takes just as long, where a centimetre would decide
    demand = demand_of([(x * 48, 0) for x in range(n)], people, [(at, 90)], minutes)
    before = demand.covered(net)
    nodes = circle15.link_nodes(net, np.arange(len(points)))
    walks = circle15.travel_times(net, nodes, nodes, profile="adult", cutoff_s=FAR_M / SPEED)
    best = 0.0
    for a, b in combinations(range(len(points)), 2):
        row = walks.destination[walks.indptr[a] : walks.indptr[a + 1]]
        if np.hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]) <= NEAR_M and b not in row:
            line = np.array([points[a], points[b]], dtype=float) / DEG_M
            best = max(best, newly_covered_by(net, line, demand, before))
    found = find_missing_links(net, demand)
    assert (found.newly_covered_people[0] if len(found.from_lon) else 0.0) == pytest.approx(best)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_a_path_covers_is_the_same_on_the_streets_around_it_as_on_all(data):
    points = [(x, y) for y in (0, 100) for x in range(0, 6001, 100)]
    edges = [(r * 61 + i, r * 61 + i + 1) for r in (0, 1) for i in range(60)]
    net = net_of(points, [*edges, (0, 61)])
    along = st.integers(0, 6000)
    cells = [(data.draw(along), -20) for _ in range(20)]
    places = [(data.draw(along), data.draw(st.sampled_from([-10, 40, 110]))) for _ in range(4)]
    demand = demand_of(cells, 2.0 ** np.arange(20), places, minutes=data.draw(st.integers(2, 9)))
    before = demand.covered(net)
    line = np.array([(data.draw(along), 0), (data.draw(along), 100)], dtype=float) / DEG_M
    after = demand.covered(add_path(net, line).network)
    whole = demand.people[after].sum() - demand.people[before].sum()
    assert newly_covered_by(net, line, demand, before) == whole
