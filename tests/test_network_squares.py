"""Squares are crossed in straight lines between entrances and corners that see each other."""

import itertools
import math

import numpy as np
import pytest

import circle15
from circle15.network.build import read_network
from circle15.network.graph import metres_network
from circle15.network.streets.squares import MAX_CORNERS
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

M_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M
D = 100 / M_PER_DEGREE
SQUARE = "highway=pedestrian,area=yes"
CORNERS = {1: (0.0, 0.0), 2: (D, 0.0), 3: (D, D), 4: (0.0, D)}
RING = [1, 2, 3, 4, 1]


def metres(net, a, b):
    """Walk between two places of the network, given as longitude and latitude."""
    bare = metres_network(net)
    node = [int(np.hypot(net.node_lon - x, net.node_lat - y).argmin()) for x, y in (a, b)]
    ends = [circle15.link_nodes(bare, [n]) for n in node]
    return circle15.nearest(bare, *ends, profile="metres", cutoff_s=1e5).seconds[0]


def read(tmp_path, **options):
    return read_network(write_osm(tmp_path / "toy.osm", **options), cache=False)


def test_a_square_of_100_metres_is_crossed_corner_to_corner_in_141_4(tmp_path):
    net = read(tmp_path, nodes=CORNERS, ways=[(11, RING, SQUARE)])
    assert metres(net, CORNERS[1], CORNERS[3]) == pytest.approx(141.42, rel=0.02)
    assert metres(net, CORNERS[2], CORNERS[4]) == pytest.approx(141.42, rel=0.001)
    assert net.report.n_squares == 1
    assert set(net.way_id) == {11}


def test_a_street_round_a_block_is_no_square(tmp_path):
    for tags in ("highway=pedestrian", "highway=residential,area=yes", "highway=pedestrian,area=no"):
        net = read(tmp_path, nodes=CORNERS, ways=[(11, RING, tags)])
        assert net.report.n_squares == 0
        assert metres(net, CORNERS[1], CORNERS[3]) == pytest.approx(200, rel=0.001)


def test_entrances_between_corners_are_joined_straight(tmp_path):
    nodes = {**CORNERS, 5: (D / 2, 0.0), 6: (D / 4, D), 7: (D / 2, -D), 8: (D / 4, 2 * D)}
    ways = [(11, [1, 5, 2, 3, 6, 4, 1], SQUARE), (12, [7, 5], "highway=path"), (13, [6, 8], "highway=path")]
    net = read(tmp_path, nodes=nodes, ways=ways)
    assert metres(net, nodes[7], nodes[8]) == pytest.approx(200 + math.hypot(25, 100), rel=1e-4)


def test_nobody_cuts_through_the_house_in_an_l_shaped_square(tmp_path):
    nodes = {1: (0, 0), 2: (2 * D, 0), 3: (2 * D, D), 4: (D, D), 5: (D, 2 * D), 6: (0, 2 * D)}
    net = read(tmp_path, nodes=nodes, ways=[(11, [1, 2, 3, 4, 5, 6, 1], SQUARE)])
    assert metres(net, nodes[3], nodes[5]) == pytest.approx(200, rel=1e-3)
    assert metres(net, nodes[2], nodes[6]) == pytest.approx(2 * math.hypot(100, 100), rel=1e-3)


def multipolygon(hole_tags=""):
    """A square of 100 m with a basin of 40 m in its middle."""
    inner = {11: (0.3 * D, 0.3 * D), 12: (0.7 * D, 0.3 * D), 13: (0.7 * D, 0.7 * D), 14: (0.3 * D, 0.7 * D)}
    ways = [
        (21, RING, ""),
        (22, [11, 12, 13, 14, 11], hole_tags),
        (31, [1, 9], "highway=path"),
        (32, [3, 8], "highway=path"),
    ]
    members = [("way", 21, "outer"), ("way", 22, "inner")]
    return {
        "nodes": {**CORNERS, **inner, 9: (-D, 0.0), 8: (2 * D, D)},
        "ways": ways,
        "relations": [(41, members, "type=multipolygon,highway=pedestrian")],
    }


def test_a_square_with_a_basin_is_walked_round_it(tmp_path):
    options = multipolygon()
    net = read(tmp_path, **options)
    # To the basin's corner and on: shorter than the outline, longer than straight through.
    corner = math.hypot(0.7 * 100, 0.3 * 100)
    assert metres(net, (-D, 0.0), (2 * D, D)) == pytest.approx(200 + 2 * corner, rel=1e-3)
    assert net.report.n_squares == 1
    assert len(set(net.component)) == 1


def test_the_outline_way_of_a_multipolygon_is_no_second_square(tmp_path):
    options = multipolygon()
    options["ways"][0] = (21, RING, SQUARE)
    net = read(tmp_path, **options)
    assert net.report.n_squares == 1
    assert metres(net, (-D, 0.0), (2 * D, D)) == pytest.approx(200 + 2 * math.hypot(70, 30), rel=1e-3)


def test_a_multipolygon_that_is_closed_to_walkers_is_no_square(tmp_path):
    options = multipolygon()
    options["relations"] = [(41, options["relations"][0][1], "type=multipolygon,highway=pedestrian,access=private")]
    net = read(tmp_path, **options)
    assert net.report.n_squares == 0
    assert len(set(net.component)) == 2


def test_a_round_square_is_crossed_without_a_line_for_each_pair_of_its_vertices(tmp_path):
    n = 240
    angle = np.arange(n) / n * 2 * math.pi
    nodes = {i + 1: (round(D * math.cos(a), 7), round(D * math.sin(a), 7)) for i, a in enumerate(angle)}
    net = read(tmp_path, nodes=nodes, ways=[(11, [*range(1, n + 1), 1], SQUARE)])
    assert net.n_edges < n + MAX_CORNERS**2 / 2
    across = metres(net, nodes[1], nodes[n // 2 + 1])
    assert across == pytest.approx(200, rel=0.02)


def test_a_square_whose_outline_crosses_itself_is_walked_along_its_outline(tmp_path):
    net = read(tmp_path, nodes=CORNERS, ways=[(11, [1, 3, 2, 4, 1], SQUARE)])
    assert net.n_edges == 4


def test_lines_of_a_square_stay_within_it_on_monaco(monaco_pbf):
    net = read_network(monaco_pbf, cache=False)
    assert net.report.n_squares > 10
    assert net.report.street_length_m > 0
    again = read_network(monaco_pbf, cache=False)
    assert (again.tail == net.tail).all()


METRE = 1 / M_PER_DEGREE
STRAIGHT = [(-1000.0, 40.0), (0.0, 40.0), (1000.0, 40.0)]


def ring(n, radius, at=(0.0, 0.0), turn=0.0):
    angle = turn + 2 * math.pi * np.arange(n) / n
    return [(at[0] + radius * math.cos(a), at[1] + radius * math.sin(a)) for a in angle]


def town(tmp_path, ways, relations=(), **options):
    """Read ways given as (id, corners in metres, tags); corners at one place are one node."""
    number = {}
    for _, corners, _ in ways:
        for x, y in corners:
            number.setdefault((round(x, 3), round(y, 3)), len(number) + 1)
    nodes = {i: (round(x * METRE, 7), round(y * METRE, 7)) for (x, y), i in number.items()}
    drawn = [(i, [number[round(x, 3), round(y, 3)] for x, y in corners], tags) for i, corners, tags in ways]
    path = write_osm(tmp_path / "town.osm", nodes=nodes, ways=drawn, relations=relations)
    return read_network(path, cache=False, profiles=(circle15.WalkProfile("metres", 1.0),), **options)


def closed(corners):
    return [*corners, corners[0]]


def outline_m(corners):
    return sum(math.dist(a, b) for a, b in itertools.pairwise(closed(corners)))


def seconds(net, a, b):
    ends = (circle15.link(net, [x * METRE], [y * METRE], max_access_m=300) for x, y in (a, b))
    return circle15.nearest(net, *ends, profile="metres", cutoff_s=1e5).seconds[0]


@pytest.mark.parametrize("seed", range(50))
def test_who_stands_between_a_street_and_squares_without_an_entrance_walks_by_the_street(tmp_path, seed):
    rng = np.random.default_rng(seed)
    radius = rng.uniform(6, 60)
    gap = rng.uniform(4, 30)
    n = int(rng.integers(3, 61))
    middle = (0.0, 40.0 - gap - radius)
    square = ring(n, radius, middle, turn=math.pi / 2)
    kind = seed % 4
    ways, relations = [(1, STRAIGHT, "highway=residential")], []
    if kind < 2:
        ways.append((2, closed(square), SQUARE))
    else:
        ways += [(2, closed(square), ""), (3, closed(ring(4, radius / 4, middle)), "")]
        members = [("way", 2, "outer"), ("way", 3, "inner")]
        relations.append((4, members, "type=multipolygon,highway=pedestrian"))
    if kind == 1:  # squares that are joined to each other alone: at a corner, along an edge
        a, b = square[0], square[1]
        ways.append((5, closed([a, (a[0] + 9, a[1]), (a[0] + 9, a[1] - 7)]), SQUARE))
        ways.append((6, closed([a, b, (min(a[0], b[0]) - 8, a[1] + 2)]), SQUARE))
    net = town(tmp_path, ways, relations)
    between = (0.0, 40.0 - gap / 2)
    assert seconds(net, between, (300.0, 40.0)) == pytest.approx(300 + gap / 2, abs=0.05)
    assert net.report.n_islands == 1
    # From the middle of a square too, over the access leg.
    assert seconds(net, middle, (300.0, 40.0)) == pytest.approx(300 + gap + radius, abs=0.05)


@pytest.mark.parametrize("seed", range(20))
def test_street_length_is_what_is_mapped(tmp_path, seed):
    rng = np.random.default_rng(seed)
    n, radius, long = int(rng.integers(3, 61)), rng.uniform(8, 60), rng.uniform(50, 400)
    square = ring(n, radius)
    hole = ring(3, radius / 5)
    road = (1, [(radius + long, 0.0), square[0]], "highway=residential")
    members = [("way", 2, "outer"), ("way", 3, "inner")]
    relations = [(4, members, "type=multipolygon,highway=pedestrian")]
    of_way = town(tmp_path, [road, (2, closed(square), SQUARE)])
    assert of_way.report.street_length_m == pytest.approx(long + outline_m(square), abs=0.1)
    for tags in ("", SQUARE, "highway=footway"):  # whatever its outline is beside that
        ways = [road, (2, closed(square), tags), (3, closed(hole), tags)]
        net = town(tmp_path, ways, relations)
        mapped = long + outline_m(square) + outline_m(hole)
        assert net.report.street_length_m == pytest.approx(mapped, abs=0.1)
        everywhere = circle15.reach_summary(net, circle15.link_nodes(net, [0]), profile="metres", cutoff_s=1e5)
        assert everywhere.length_m[0] == pytest.approx(mapped, abs=0.1)


def test_an_edge_that_two_squares_share_is_mapped_once(tmp_path):
    left, right = ([(x, 0.0), (x + 50, 0.0), (x + 50, 50.0), (x, 50.0)] for x in (0.0, 50.0))
    net = town(tmp_path, [(1, closed(left), SQUARE), (2, closed(right), SQUARE)])
    assert net.report.street_length_m == pytest.approx(350, abs=0.05)
    assert seconds(net, (0.0, 0.0), (100.0, 50.0)) == pytest.approx(2 * math.hypot(50, 25), abs=30)


def test_islands_are_told_by_their_mapped_street_and_their_limit_can_be_set(tmp_path):
    square = ring(40, 15.0)
    ways = [(1, STRAIGHT, "highway=residential"), (2, closed(square), SQUARE)]
    assert town(tmp_path, ways).report.island_length_m == pytest.approx(outline_m(square), abs=0.05)
    joined = town(tmp_path, ways, island_m=40.0)
    assert joined.report.n_islands == 0
    assert np.isnan(seconds(joined, (0.0, 20.0), (300.0, 40.0)))
