"""Streets under foot=use_sidepath: what hangs on them gets to the footway beside, or along the street itself."""

import itertools
import math

import numpy as np
import pytest

import circle15
from circle15.network.build import read_network
from circle15.network.walking.profiles import WalkProfile
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

METRE = 1 / (math.radians(1) * EARTH_RADIUS_M)
ROAD = "highway=secondary,foot=use_sidepath"
SIDE, PAVEMENT = "highway=residential", "highway=footway,footway=sidewalk"


def town(tmp_path, ways, **options):
    """Read ways given as (id, corners in metres, tags); corners at one place are one node."""
    number = {}
    for _, corners, _ in ways:
        for place in corners:
            number.setdefault(place, len(number) + 1)
    nodes = {i: (round(x * METRE, 8), round(y * METRE, 8)) for (x, y), i in number.items()}
    drawn = [(i, [number[p] for p in corners], tags) for i, corners, tags in ways]
    path = write_osm(tmp_path / "town.osm", nodes=nodes, ways=drawn)
    return read_network(path, cache=False, profiles=(WalkProfile("metres", 1.0),), **options)


def metres(net, a, b):
    at = [int(np.hypot(net.node_lon / METRE - x, net.node_lat / METRE - y).argmin()) for x, y in (a, b)]
    ends = [circle15.link_nodes(net, [n]) for n in at]
    return circle15.nearest(net, *ends, profile="metres", cutoff_s=1e6).seconds[0]


def straight(*corners):
    return [tuple(map(float, c)) for c in corners]


def main_road(*stops):
    return (1, straight((-500, 0), *((x, 0) for x in stops), (500, 0)), ROAD)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("beside", [6.0, 12.0, 20.0])
def test_a_side_street_is_joined_where_the_footway_beside_crosses_it_without_a_node(tmp_path, beside, turn):
    pavement = (2, straight((-500, turn * beside), (500, turn * beside)), PAVEMENT)
    side = (3, straight((0, 0), (0, turn * 200)), SIDE)
    net = town(tmp_path, [main_road(0), pavement, side])
    assert metres(net, (0, turn * 200), (500, turn * beside)) == pytest.approx(200 - beside + 500, abs=0.1)
    assert net.report.street_length_m == pytest.approx(1000 + 200, abs=0.5)
    assert 1 not in net.way_id


def test_a_side_street_that_ends_before_the_footway_reaches_it_by_the_shortest_way(tmp_path):
    pavement = (2, straight((-500, -8), (500, -8)), PAVEMENT)  # on the other side
    net = town(tmp_path, [main_road(0), pavement, (3, straight((0, 0), (0, 200)), SIDE)])
    assert metres(net, (0, 200), (500, -8)) == pytest.approx(200 + 8 + 500, abs=0.1)
    assert net.report.street_length_m == pytest.approx(1200, abs=0.5)


def test_a_side_street_that_the_footway_is_joined_to_is_left_alone(tmp_path):
    pavement = (2, straight((-500, 8), (0, 8), (500, 8)), PAVEMENT)
    side = (3, straight((0, 0), (0, 8), (0, 200)), SIDE)
    net = town(tmp_path, [main_road(0), pavement, side])
    assert (net.n_nodes, net.n_edges) == (5, 4)
    crossing = (4, straight((0, 8), (0, 0), (0, -8)), "highway=footway,footway=crossing")
    south = (5, straight((-500, -8), (0, -8), (500, -8)), PAVEMENT)
    net = town(tmp_path, [main_road(0), pavement, crossing, south])
    assert 1 not in net.way_id


def test_where_no_footway_is_mapped_the_street_is_walked_between_what_hangs_on_it(tmp_path):
    ways = [
        main_road(-100, -30, 100),
        (2, straight((-100, 0), (-100, 200)), SIDE),
        (3, straight((100, 0), (100, -200)), SIDE),
    ]
    net = town(tmp_path, ways)
    assert metres(net, (-100, 200), (100, -200)) == pytest.approx(600, abs=0.1)
    assert net.report.street_length_m == pytest.approx(400, abs=0.5)
    assert ((net.way_id == 1) == ~net.is_street).all()
    assert net.report.ways_refused == (("foot forbidden", 1),)


@pytest.mark.parametrize(
    ("road", "footway"),
    [
        ("highway=secondary,foot=no", PAVEMENT),
        (ROAD, f"{PAVEMENT},layer=1"),
        (ROAD, f"{PAVEMENT},bridge=yes"),
        ("highway=motorway,foot=use_sidepath", PAVEMENT),
    ],
)
def test_what_is_closed_otherwise_or_passes_above_is_not_joined(tmp_path, road, footway):
    ways = [(1, straight((-500, 0), (0, 0), (500, 0)), road), (2, straight((-500, 8), (500, 8)), footway)]
    net = town(tmp_path, [*ways, (3, straight((0, 0), (0, 200)), SIDE)])
    assert np.isnan(metres(net, (0, 200), (500, 8)))


def test_a_long_street_without_side_streets_and_one_behind_a_barrier_stay_closed(tmp_path):
    far = [
        main_road(-450, 450),
        (2, straight((-450, 0), (-450, 200)), SIDE),
        (3, straight((450, 0), (450, -200)), SIDE),
    ]
    assert np.isnan(metres(town(tmp_path, far), (-450, 200), (450, -200)))


@pytest.mark.parametrize("seed", range(20))
def test_nobody_on_side_streets_is_stranded(tmp_path, seed):
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.uniform(40, 150, 6)) - 300
    ways = [main_road(*at.tolist())]
    if seed % 2:
        off = float(rng.uniform(5, 20)) * rng.choice([-1, 1])
        ways.append((2, straight((-600, off), (600, off)), PAVEMENT))
    ends = []
    for k, x in enumerate(at.tolist()):
        y = float(rng.uniform(60, 300) * rng.choice([-1, 1]))
        lean = float(rng.uniform(-20, 20))
        ways.append((10 + k, straight((x, 0), (x + lean, y)), SIDE))
        ends.append((x + lean, y))
    net = town(tmp_path, ways)
    for a, b in itertools.pairwise(ends):
        legs = math.dist(a, (a[0], 0)) + math.dist(b, (b[0], 0)) + abs(a[0] - b[0])
        assert metres(net, a, b) <= legs + 150
    assert net.report.n_islands == 0
