"""Squares are crossed in straight lines between entrances and corners that see each other."""

import math

import numpy as np
import pytest

import circle15
from circle15.network.build import read_network
from circle15.network.costs import metres_network
from circle15.network.squares import MAX_CORNERS
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
