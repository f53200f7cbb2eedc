"""Ways over blocks that no map shows: to every street around, never through a wall or over another street."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from circle15.network.graph import WalkNetwork
from circle15.network.linking.block_ways import ground_of, leads_through, ways_around, with_block_paths
from circle15.network.linking.link import link
from circle15.pipeline.draws.unmapped_paths import Doors, Walk, reach_at_a_detour, reach_over_blocks
from circle15.reach.kth import seconds_to_kth
from circle15.units import EARTH_RADIUS_M

METRE = math.degrees(1 / EARTH_RADIUS_M)  # at the equator
NOTHING = np.empty((0, 4))
BLOCK = [(0, 0), (200, 0), (200, 200), (0, 200)]
RING = [(0, 1), (1, 2), (2, 3), (3, 0)]


def town(places, streets, walls=()):
    """Give a network of streets between places in metres, with walls as pairs of places."""
    x, y = np.array(places, dtype=float).T
    tail, head = np.array(streets).T
    net = WalkNetwork.from_edges(x * METRE, y * METRE, tail, head, np.hypot(x[tail] - x[head], y[tail] - y[head]))
    borders = np.array([[*a, *b] for a, b in walls], dtype=float).reshape(-1, 4) * METRE
    return WalkNetwork(
        net.node_lon, net.node_lat, net.tail, net.head, net.length_m, net.profiles, net.walk_ms,
        report=SimpleNamespace(hard_borders=borders),
    )  # fmt: skip


def ways_from(net, x, y, *, limit_m=300.0, detour=1.2, outlines=()):
    ground = ground_of(net, np.array(outlines).reshape(-1, 4) * METRE, limit_m=limit_m, detour=detour)
    at, owner = ways_around(net, np.array([x * METRE]), np.array([y * METRE]), ground=ground, profile="adult")
    assert (owner == 0).all()
    return dict(zip(at.edge.tolist(), at.access_m.round(3).tolist(), strict=True))


def test_a_place_has_a_way_to_every_street_around_its_block():
    assert ways_from(town(BLOCK, RING), 100, 60) == {0: 72.0, 1: 120.0, 2: 168.0, 3: 120.0}
    assert ways_from(town(BLOCK, RING), 100, 60, limit_m=100.0) == {0: 72.0, 1: 120.0, 3: 120.0}


def test_a_wall_parts_a_block():
    walled = town(BLOCK, RING, walls=[((50, 100), (250, 100))])
    assert sorted(ways_from(walled, 100, 60)) == [0, 1, 3]


def test_the_outline_of_a_park_is_crossed_by_no_way():
    park = [(50, 100, 250, 100)]
    assert sorted(ways_from(town(BLOCK, RING), 100, 60, outlines=park)) == [0, 1, 3]


def test_a_street_through_a_block_makes_two_of_it_and_a_dead_end_does_not():
    places = [*BLOCK, (0, 100), (200, 100), (150, 100)]
    ring = [(0, 1), (1, 5), (5, 2), (2, 3), (3, 4), (4, 0)]
    dead_end = town(places, [*ring, (4, 6)])
    assert leads_through(dead_end).tolist() == [True] * 6 + [False]
    assert sorted(ways_from(dead_end, 100, 60)) == [0, 1, 2, 3, 4, 5, 6]
    through = town(places, [*ring, (4, 6), (6, 5)])
    assert leads_through(through).all()
    assert 3 not in ways_from(through, 100, 60)  # the street beyond


def test_dead_ends_and_junctions_are_joined_over_the_ground_between_them():
    # Two streets 100 m apart that meet a kilometre away; a dead end points from the first to the second.
    places = [(0, 0), (1000, 0), (1000, 100), (0, 100), (500, 0), (500, 60), (500, 100), (500, 160)]
    streets = [(0, 4), (4, 1), (1, 2), (2, 6), (6, 3), (4, 5), (6, 7)]
    for walls, n in (((), 1), ([((400, 80), (600, 80))], 0)):
        net = town(places, streets, walls=walls)
        ground = ground_of(net, NOTHING, limit_m=45.0, detour=1.5)
        denser = with_block_paths(net, ground)
        assert denser.n_edges - net.n_edges == n
        assert denser.length_m[net.n_edges :].round(3).tolist() == [60.0] * n
        assert (denser.tail[: net.n_edges] == net.tail).all()
        assert not denser.is_street[net.n_edges :].any()
        assert denser.street_m.sum() == net.street_m.sum()
        at = link(denser, [500 * METRE], [80 * METRE])
        assert at.edge[0] < net.n_edges  # nobody starts in the middle of such a way


def test_no_way_leads_past_a_private_gate():
    places, streets = [(0, 0), (100, 0), (0, 50), (100, 50)], [(0, 1), (2, 3)]
    net = town(places, streets)
    ground = ground_of(net, NOTHING, limit_m=60.0, detour=1.0)
    assert with_block_paths(net, ground).n_edges == 4
    gated = WalkNetwork(
        net.node_lon, net.node_lat, net.tail, net.head, net.length_m, net.profiles, net.walk_ms,
        depth=np.array([0, 0, 1, 1], np.int8), links=np.array([[0, 2]], np.int32),
    )  # fmt: skip
    denser = with_block_paths(gated, ground_of(gated, NOTHING, limit_m=60.0, detour=1.0))
    assert (denser.n_edges, len(denser.links)) == (2, 1)


def reached(net, at, doors, walk, lon, lat, ground):  # noqa: PLR0917 (a helper of five tests)
    denser = with_block_paths(net, ground)
    return reach_over_blocks(denser, lon, lat, at, doors, walk=walk, ground=ground)


def test_a_neighbour_in_the_same_block_is_reached_straight():
    net = town(BLOCK, RING)
    lon, lat = np.array([60.0, 140.0]) * METRE, np.array([90.0, 90.0]) * METRE
    at = link(net, lon, lat)
    doors = Doors(lon[1:], lat[1:], np.array([0]), at.take(np.array([1])))
    ground = ground_of(net, NOTHING, limit_m=300.0, detour=1.2)
    for seconds, expected in ((80 * 1.2 / 1.25 + 0.01, True), (80 * 1.2 / 1.25 - 0.01, False)):
        walk = Walk("adult", 1.25, seconds, 1)
        assert reached(net, at.take(np.array([0])), doors, walk, lon[:1], lat[:1], ground).tolist() == [expected]
    walled = town(BLOCK, RING, walls=[((100, 20), (100, 180))])
    ground = ground_of(walled, NOTHING, limit_m=300.0, detour=1.2)
    at = link(walled, lon, lat)
    doors = Doors(lon[1:], lat[1:], np.array([0]), at.take(np.array([1])))
    walk = Walk("adult", 1.25, 80 * 1.2 / 1.25 + 0.01, 1)
    assert reached(walled, at.take(np.array([0])), doors, walk, lon[:1], lat[:1], ground).tolist() == [False]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("k", [1, 2])
def test_unmapped_paths_never_lower_a_share_and_a_longer_leg_never_raises_one(seed, k):
    rng = np.random.default_rng(seed)
    n = 5
    places = [(100.0 * i, 100.0 * j) for i in range(n) for j in range(n)]
    grid = [(i * n + j, i * n + j + 1) for i in range(n) for j in range(n - 1)]
    grid += [(i * n + j, (i + 1) * n + j) for i in range(n - 1) for j in range(n)]
    streets = [s for s in grid if rng.random() < 0.6]
    walls = rng.uniform(0, 400, (4, 2, 2)).tolist()
    net = town(places, streets, walls=walls)
    lon, lat = (rng.uniform(0, 400, 60) * METRE for _ in range(2))
    at, door = link(net, lon, lat), rng.choice(60, 5, replace=False)
    doors = Doors(lon[door], lat[door], np.array([0, 0, 1, 2, 3]), at.take(door))
    ground = ground_of(net, NOTHING, limit_m=float(rng.uniform(50, 300)), detour=float(rng.uniform(1, 1.5)))
    shorter = None
    for seconds in (60.0, 120.0, 240.0):
        walk = Walk("adult", 1.25, seconds, k)
        there = doors.at
        mapped = ~np.isnan(seconds_to_kth(net, at, there, doors.facility, k=k, profile="adult", cutoff_s=seconds))
        lower = reach_at_a_detour(net, at, doors, walk, detour=ground.detour)
        upper = reached(net, at, doors, walk, lon, lat, ground)
        assert not (lower & ~mapped).any()
        assert not (mapped & ~upper).any()
        assert shorter is None or not (shorter & ~upper).any()
        shorter = upper


def test_several_facilities_are_counted_once_each():
    net = town(BLOCK, RING)
    lon, lat = np.array([100.0, 20.0, 180.0]) * METRE, np.array([100.0, 20.0, 180.0]) * METRE
    at = link(net, lon, lat)
    ground = ground_of(net, NOTHING, limit_m=300.0, detour=1.2)
    walk = Walk("adult", 1.25, 600.0, 2)
    for facility, expected in (([0, 0], False), ([0, 1], True)):
        doors = Doors(lon[1:], lat[1:], np.array(facility), at.take(np.array([1, 2])))
        assert reached(net, at.take(np.array([0])), doors, walk, lon[:1], lat[:1], ground).tolist() == [expected]
