"""What is joined, opened and closed by evidence: seams, squares, hours, directions, platforms; and what is not."""

import json

import numpy as np
import pytest
import rasterio

import circle15
from circle15.network.build import read_network
from circle15.network.graph import metres_network
from circle15.network.rules.daytime import by_day, daytime_share
from circle15.network.rules.walking_table import may_walk
from circle15.network.walking.profiles import WalkProfile
from tests.toy_osm import write_osm

PACE = WalkProfile("metres", 1.0)
PATH = "highway=footway"


def read(tmp_path, nodes, ways, relations=(), **options):
    path = write_osm(tmp_path / "toy.osm", nodes=nodes, ways=ways, relations=relations)
    return read_network(path, cache=False, profiles=(PACE,), **options)


def seconds(net, a, b, profile="metres"):
    """Walk there and back between two places, NaN where there is no way."""
    ends = [circle15.link(net, [x], [y], max_access_m=1.0, profile=profile) for x, y in (a, b)]
    return [circle15.nearest(net, *pair, profile=profile, cutoff_s=1e6).seconds[0] for pair in (ends, ends[::-1])]


def is_joined(net, a, b):
    there, back = seconds(net, a, b)
    return np.isfinite(there) and np.isfinite(back)


WEST, MIDDLE, EAST, NORTH = (0.0, 0.0), (0.001, 0.0), (0.002, 0.0), (0.001, 0.001)


@pytest.mark.parametrize(
    ("west", "east", "joined"),
    [
        (PATH, "highway=residential", True),
        (f"{PATH},layer=1", f"{PATH},layer=1", True),
        (f"{PATH},layer=1", PATH, False),
        (f"{PATH},level=1", PATH, False),
        (f"{PATH},level=1", f"{PATH},level=1", True),
        (f"{PATH},bridge=yes", f"{PATH},bridge=yes", True),
        (f"{PATH},bridge=yes", PATH, False),
        (f"{PATH},tunnel=yes", PATH, False),
        (f"{PATH},tunnel=building_passage", PATH, True),
        (f"{PATH},bridge=yes,layer=0", PATH, True),
    ],
)
def test_ends_of_two_ways_at_one_place_are_joined_on_one_layer_and_level(tmp_path, west, east, joined):
    nodes = {1: WEST, 2: MIDDLE, 3: MIDDLE, 4: EAST}
    net = read(tmp_path, nodes, [(11, [1, 2], west), (12, [3, 4], east)])
    at = [
        circle15.link_nodes(net, [int(np.hypot(net.node_lon - x, net.node_lat - y).argmin())]) for x, y in (WEST, EAST)
    ]
    found = circle15.nearest(net, *at, profile="metres", cutoff_s=1e5).seconds[0]
    assert np.isfinite(found) == joined


def test_a_way_that_stops_at_the_middle_of_another_by_a_node_of_its_own_is_joined_to_it(tmp_path):
    nodes = {1: WEST, 2: MIDDLE, 3: EAST, 4: MIDDLE, 5: NORTH}
    assert is_joined(read(tmp_path, nodes, [(11, [1, 2, 3], PATH), (12, [4, 5], PATH)]), EAST, NORTH)


@pytest.mark.parametrize("over", [PATH, f"{PATH},bridge=yes", f"{PATH},bridge=yes,layer=1"])
def test_ways_that_pass_each_other_at_one_place_are_not_joined(tmp_path, over):
    nodes = {1: WEST, 2: MIDDLE, 3: EAST, 4: (0.001, -0.001), 5: MIDDLE, 6: NORTH}
    net = read(tmp_path, nodes, [(11, [1, 2, 3], PATH), (12, [4, 5, 6], over)])
    assert not is_joined(net, EAST, NORTH)
    # Nor where the bridge above is two ways that meet there.
    over_two = [(12, [4, 5], f"{PATH},bridge=yes"), (13, [5, 6], f"{PATH},bridge=yes")]
    assert not is_joined(read(tmp_path, nodes, [(11, [1, 2, 3], PATH), *over_two]), EAST, NORTH)


def test_nodes_a_centimetre_or_two_apart_are_two(tmp_path):
    nodes = {1: WEST, 2: MIDDLE, 3: (0.0010002, 0.0), 4: EAST}
    assert not is_joined(read(tmp_path, nodes, [(11, [1, 2], PATH), (12, [3, 4], PATH)]), WEST, EAST)


@pytest.mark.parametrize("at", [2, 3])
def test_a_gate_at_a_seam_stays_shut(tmp_path, at):
    nodes = {1: WEST, 2: MIDDLE, 3: MIDDLE, 4: EAST}
    nodes[at] = (*MIDDLE, "barrier=gate,locked=yes")
    net = read(tmp_path, nodes, [(11, [1, 2], PATH), (12, [3, 4], PATH)])
    assert not is_joined(net, WEST, EAST)
    assert net.report.n_barriers_cut == 1


D = 0.0009  # 100 m
SQUARE = {1: (0.0, 0.0), 2: (D, 0.0), 3: (D, D), 4: (0.0, D)}
RING = [1, 2, 3, 4, 1]


@pytest.mark.parametrize("kind", ["way", "relation"])
@pytest.mark.parametrize(
    ("end", "tags", "joined"),
    [
        ((0.3 * D, 0.5 * D), PATH, True),
        ((0.999 * D, 0.5 * D), "highway=residential", True),
        ((0.3 * D, 0.5 * D), f"{PATH},layer=-1", False),
        ((0.3 * D, 0.5 * D), f"{PATH},bridge=yes", False),
        ((0.3 * D, 0.5 * D), f"{PATH},level=1", False),
        ((1.1 * D, 0.5 * D), PATH, False),
    ],
)
def test_a_street_that_stops_within_a_square_is_joined_to_it_on_one_level(tmp_path, kind, end, tags, joined):
    nodes = {**SQUARE, 5: (3 * D, 0.5 * D), 6: end, 7: (-D, 0.0)}
    square = [(11, RING, "highway=pedestrian,area=yes")] if kind == "way" else [(11, RING, "")]
    relations = [] if kind == "way" else [(41, [("way", 11, "outer")], "type=multipolygon,highway=pedestrian")]
    net = read(tmp_path, nodes, [*square, (12, [5, 6], tags), (13, [1, 7], PATH)], relations)
    start, far = (
        circle15.link_nodes(net, [int(np.hypot(net.node_lon - x, net.node_lat - y).argmin())])
        for x, y in (nodes[5], nodes[7])
    )
    found = circle15.nearest(net, start, far, profile="metres", cutoff_s=1e5).seconds[0]
    assert np.isfinite(found) == joined
    if joined:
        metre = 111_195.0
        straight = (nodes[5][0] - end[0] + np.hypot(*end) + D) * metre
        assert found == pytest.approx(straight, abs=0.2)


def test_a_street_that_stops_before_a_wall_within_a_square_stays_there(tmp_path):
    nodes = {**SQUARE, 5: (3 * D, 0.5 * D), 6: (0.3 * D, 0.5 * D, "barrier=wall"), 7: (-D, 0.0)}
    net = read(tmp_path, nodes, [(11, RING, "highway=pedestrian,area=yes"), (12, [5, 6], PATH), (13, [1, 7], PATH)])
    assert not is_joined(net, nodes[5], nodes[7])


@pytest.mark.parametrize("tags", ["public_transport=platform", "railway=platform", "highway=platform"])
def test_platforms_of_several_ways_are_walked_and_crossed(tmp_path, tags):
    nodes = {**SQUARE, 5: (-D, 0.0), 6: (2 * D, D)}
    ways = [(11, [1, 2, 3], ""), (12, [3, 4, 1], ""), (13, [5, 1], PATH), (14, [3, 6], PATH)]
    members = [("way", 11, "outer"), ("way", 12, "outer")]
    net = read(tmp_path, nodes, ways, [(41, members, f"type=multipolygon,{tags}")])
    assert seconds(net, nodes[5], nodes[6])[0] == pytest.approx((2 + 2**0.5) * D * 111_195, abs=0.5)
    assert net.report.street_length_m == pytest.approx(2 * D * 111_195, abs=0.5)
    closed = read(tmp_path, nodes, ways, [(41, members, f"type=multipolygon,{tags},access=private")])
    assert not is_joined(closed, nodes[5], nodes[6])


@pytest.mark.parametrize(
    ("tags", "there", "back"),
    [
        ("highway=footway,oneway:foot=yes", True, False),
        ("highway=footway,oneway:foot=1", True, False),
        ("highway=footway,oneway:foot=-1", False, True),
        ("highway=footway,oneway:foot=no", True, True),
        ("highway=residential,oneway=yes", True, True),
        ("highway=footway,foot:backward=no", True, False),
        ("highway=footway,foot:forward=no", False, True),
        ("highway=footway,foot:forward=no,foot:backward=no", False, False),
        ("highway=service,access=no,foot:backward=yes", False, True),
        ("highway=service,foot=no,foot:forward=designated", True, False),
        ("highway=service,access=no,foot:forward=yes,foot:backward=yes", True, True),
        ("highway=service,access=no,foot=yes,oneway:foot=yes", True, False),
    ],
)
def test_streets_for_walkers_in_one_direction(tmp_path, tags, there, back):
    nodes = {1: WEST, 2: MIDDLE, 3: EAST, 4: (0.003, 0.0)}
    for profile in (PACE, WalkProfile("metres", 1.0, waits={"signals": 20.0})):
        path = write_osm(
            tmp_path / "t.osm", nodes=nodes, ways=[(11, [1, 2], PATH), (12, [2, 3], tags), (13, [3, 4], PATH)]
        )
        net = read_network(path, cache=False, profiles=(profile,))
        assert np.isfinite(seconds(net, WEST, (0.003, 0.0))).tolist() == [there, back]
        halfway = (0.0015, 0.0)
        if there or back:
            assert np.isfinite(seconds(net, WEST, halfway)).tolist() == [there, back]


@pytest.mark.parametrize(
    ("condition", "share"),
    [
        ("(22:00-06:00)", 0.0),
        ("06:00-22:00", 1.0),
        ("(08:00-13:00)", 0.5),
        ("(Mo-Fr 07:00-19:00)", 5 / 7),
        ("(Sa,Su)", 2 / 7),
        ("(sunset-sunrise)", 0.0),
        ("(sunrise-sunset)", 1.0),
        ("(24/7)", 1.0),
        ("(Nov-Mar)", 5 / 12),
        ("(Mo-Fr 07:00-09:00,15:00-17:00; PH off)", 5 / 7 * 0.3),
        ("(Mo-Fr 00:00-06:30,21:30-24:00; Sa 00:00-06:30,15:00-24:00; Su 00:00-24:00; PH 00:00-24:00)", 1.3 / 7),
        ("(Tu-Su 12:00-19:00; Th 12:00-21:00)", 6 / 7 * 0.6),
        ("(07:00 - 24:00)", 1.0),
        ("(Mo-Sa; Su off)", 6 / 7),
        ("((sunrise-00:30)-(sunset+00:30))", 1.0),
        ("(PH)", None),
        ("(weight>3.5)", None),
        ("(residents)", None),
        ("(Mo-Fr 08:00-18:00 AND weight>3.5)", None),
    ],
)
def test_the_share_of_daytime_at_which_a_condition_holds(condition, share):
    assert daytime_share(condition) == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("tags", "is_open"),
    [
        ({"access:conditional": "no @ (22:00-06:00)"}, True),
        ({"access": "no", "access:conditional": "yes @ (06:00-22:00)"}, True),
        ({"access": "private", "foot:conditional": "yes @ (sunrise-sunset)"}, True),
        ({"access": "yes", "access:conditional": "no @ (22:00-06:00); private @ (Su)"}, True),
        ({"access:conditional": "no @ (07:00-19:00)"}, False),
        ({"foot:conditional": "no @ 08:00-18:00"}, False),
        ({"access": "no", "access:conditional": "yes @ (20:00-23:00)"}, False),
        ({"access": "no", "access:conditional": "destination @ (weight<3.5)"}, False),
        ({"access": "no", "foot": "yes", "access:conditional": "no @ (00:00-24:00)"}, True),
    ],
)
def test_access_by_the_hour_counts_as_it_is_in_daytime_and_is_told(tmp_path, tags, is_open):
    assert may_walk(by_day({"highway": "path", **tags}))[0] == is_open
    changes = is_open != may_walk({"highway": "path", **tags})[0]
    told = {"n_opened_by_day": int(changes and is_open), "n_closed_by_day": int(changes and not is_open)}
    nodes = {1: WEST, 2: MIDDLE, 3: EAST}
    net = read(tmp_path, nodes, [(11, [1, 2], PATH), (12, [2, 3], {"highway": "path", **tags})])
    assert (12 in net.way_id) == is_open
    assert told.items() <= net.report.as_dict().items()
    gate = {"barrier": "gate", **tags}
    net = read(tmp_path, {**nodes, 2: (*MIDDLE, gate)}, [(11, [1, 2, 3], PATH)])
    assert is_joined(net, WEST, EAST) == is_open


@pytest.mark.parametrize(
    ("tags", "passes"),
    [
        ("barrier=wall", False),
        ("barrier=wall,access=yes", True),
        ("barrier=fence,access=permissive", True),
        ("barrier=hedge,access=designated", True),
        ("barrier=fence,sensory=audible", True),
        ("barrier=fence,access=private,sensory=audible", False),
        ("barrier=city_wall,access=yes", False),
        ("barrier=gate,foot=military", False),
        ("barrier=gate,foot=delivery,access=yes", False),
    ],
)
def test_barriers_that_say_who_may_pass(tmp_path, tags, passes):
    net = read(tmp_path, {1: WEST, 2: (*MIDDLE, tags), 3: EAST}, [(11, [1, 2, 3], PATH)])
    assert is_joined(net, WEST, EAST) == passes


@pytest.mark.parametrize("value", ["agricultural", "forestry", "delivery", "military", "emergency"])
def test_values_for_services_close_a_street_as_foot_and_as_access(value):
    assert not may_walk({"highway": "service", "foot": value})[0]
    assert not may_walk({"highway": "service", "access": value})[0]


@pytest.mark.parametrize(
    "tags",
    [
        "tunnel=yes",
        "tunnel=building_passage",
        "indoor=yes",
        "location=underground",
        "layer=-1",
        "level=1",
        "bridge=yes",
    ],
)
def test_ways_inside_and_below_rise_evenly_whatever_the_raster_says_above_them(tmp_path, tags):
    heights = np.zeros((40, 80), np.float32)
    heights[:, 20:60] = 50.0  # a hill or a tower over the middle
    with rasterio.open(
        tmp_path / "h.tif", "w", driver="GTiff", width=80, height=40, count=1, dtype="float32", crs="EPSG:4326",
        transform=rasterio.Affine(0.0001, 0, -0.001, 0, -0.0001, 0.002),
    ) as raster:  # fmt: skip
        raster.write(heights, 1)
    nodes = {1: (-0.0005, 0.0), 2: (0.0005, 0.0), 3: (0.002, 0.0), 4: (0.0035, 0.0), 5: (0.0055, 0.0), 6: (0.0065, 0.0)}
    profile = WalkProfile("p", 1.0, slope="tobler")
    found = []
    for inside in (tags, ""):
        ways = [(11, [1, 2], PATH), (12, [2, 3, 4, 5], f"{PATH},{inside}" if inside else PATH), (13, [5, 6], PATH)]
        path = write_osm(tmp_path / "toy.osm", nodes=nodes, ways=ways)
        net = read_network(path, cache=False, profiles=(profile,), elevation=tmp_path / "h.tif", elevation_smooth_m=0)
        found.append(seconds(net, nodes[1], nodes[6], "p")[0])
    flat = 0.007 * 111_195
    assert found[0] == pytest.approx(flat, rel=0.001)
    assert found[1] > flat * 1.05


def test_what_the_hours_opened_stands_in_the_report(tmp_path):
    net = read(
        tmp_path, {1: WEST, 2: MIDDLE}, [(11, [1, 2], "highway=path,access=no,access:conditional=yes @ (06:00-22:00)")]
    )
    assert json.loads(json.dumps(net.report.as_dict()))["n_opened_by_day"] == 1


def test_a_road_that_goes_on_below_a_square_does_not_stop_within_it(tmp_path):
    nodes = {**SQUARE, 5: (3 * D, 0.5 * D), 6: (0.3 * D, 0.5 * D), 7: (-D, 0.0), 8: (-3 * D, 0.5 * D)}
    below = (14, [6, 8], "highway=secondary,foot=no,tunnel=yes")
    road = (12, [5, 6], "highway=secondary")
    square = [(11, RING, "highway=pedestrian,area=yes"), (13, [1, 7], PATH)]
    assert not is_joined(read(tmp_path, nodes, [*square, road, below]), nodes[5], nodes[7])
    assert is_joined(read(tmp_path, nodes, [*square, road]), nodes[5], nodes[7])


def test_metres_are_counted_along_one_way_streets_in_their_direction(tmp_path):
    nodes = {1: WEST, 2: MIDDLE, 3: EAST}
    net = read(tmp_path, nodes, [(11, [1, 2], PATH), (12, [2, 3], f"{PATH},oneway:foot=yes")])
    assert np.isfinite(seconds(metres_network(net), WEST, EAST)).tolist() == [True, False]
