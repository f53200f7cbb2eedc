"""Bridges and tunnels are entered at their ends: no place is linked to them in between."""

import math

import numpy as np
import pytest

import circle15
from circle15.network.build import read_network
from circle15.network.changes import add_path, clip_around, close_path
from circle15.network.streets.spans import SHORT_SPAN_M, leaves_ground
from circle15.units import EARTH_RADIUS_M
from tests.test_network_borders import line, write_own
from tests.toy_osm import write_osm

D = 100 / (math.radians(1) * EARTH_RADIUS_M)


@pytest.mark.parametrize(
    ("tags", "is_off"),
    [
        ({}, False),
        ({"bridge": "yes"}, True),
        ({"bridge": "viaduct", "layer": "2"}, True),
        ({"bridge": "yes", "layer": "0"}, False),
        ({"bridge": "yes", "layer": "-1"}, False),
        ({"bridge": "yes", "layer": "up"}, True),
        ({"bridge": "boardwalk"}, False),
        ({"bridge": "no"}, False),
        ({"tunnel": "yes"}, True),
        ({"tunnel": "yes", "layer": "-2"}, True),
        ({"tunnel": "yes", "layer": "1"}, True),
        ({"tunnel": "yes", "layer": "0"}, False),
        ({"tunnel": "building_passage", "layer": "-1"}, False),
        ({"tunnel": "culvert"}, False),
        ({"tunnel": "avalanche_protector"}, False),
        ({"covered": "yes"}, False),
        ({"covered": "yes", "layer": "-1"}, True),
        ({"highway": "corridor", "layer": "1"}, True),
        ({"highway": "corridor"}, False),
        ({"layer": "1"}, False),
        ({"location": "underground"}, True),
    ],
)
def test_tags_tell_what_leaves_the_ground(tags, is_off):
    assert leaves_ground(tags) is is_off


def crossing_town(tmp_path, name, *, length_m, tags, stairs_m=(), n_pieces=1):
    """Two streets from south to north, joined far in the north and, unless ``tags`` is None, by one way across."""
    w = length_m / 100 * D
    nodes = {1: (0, -6 * D), 2: (0, 0), 3: (0, 6 * D), 4: (w, -6 * D), 5: (w, 0), 6: (w, 6 * D)}
    ways = [(11, [1, 2, 3], "highway=residential"), (12, [4, 5, 6], "highway=residential")]
    ways.append((13, [3, 6], "highway=residential"))
    if tags is not None:
        at = {k: k / n_pieces * length_m for k in range(1, n_pieces)}
        inner = sorted({*at.values(), *stairs_m})
        nodes |= {100 + i: (x / 100 * D, 0) for i, x in enumerate(inner)}
        ways.append((21, [2, *(100 + i for i in range(len(inner))), 5], f"highway=footway,{tags}"))
        for k, x in enumerate(stairs_m):
            nodes[200 + k] = (x / 100 * D, -0.1 * D)
            ways.append((30 + k, [100 + inner.index(x), 200 + k], "highway=steps"))
    return read_network(
        write_osm(tmp_path / f"{name}.osm", nodes=nodes, ways=ways), cache=False, island_m=0, hard_borders=True
    )


def places(net, at):
    """Give the linked places' coordinates in 1e-7 degrees, -1 where unlinked."""
    e, f = at.edge, np.nan_to_num(at.fraction)
    xy = np.column_stack([c[net.tail[e]] + f * (c[net.head[e]] - c[net.tail[e]]) for c in (net.node_lon, net.node_lat)])
    return np.where((e >= 0)[:, None], np.round(xy * 1e7), -1)


@pytest.mark.parametrize("seed", range(25))
def test_beside_a_long_bridge_or_tunnel_one_is_linked_as_if_it_were_not_there(tmp_path, seed):
    rng = np.random.default_rng(seed)
    length_m = float(rng.uniform(SHORT_SPAN_M + 1, 900))
    tags = str(
        rng.choice(
            ["bridge=yes", "bridge=viaduct,layer=2", "tunnel=yes,layer=-1", "tunnel=yes", "covered=yes,layer=-2"]
        )
    )
    net = crossing_town(tmp_path, "with", length_m=length_m, tags=tags, n_pieces=int(rng.integers(1, 6)))
    ground = crossing_town(tmp_path, "ground", length_m=length_m, tags=None)
    lon, lat = rng.uniform(-50, length_m + 50, 40) / 100 * D, rng.uniform(-80, 80, 40) / 100 * D
    at, right = (circle15.link(n, lon, lat) for n in (net, ground))
    assert not net.is_span[at.edge[at.edge >= 0]].any()
    assert (places(net, at) == places(ground, right)).all()
    # Who goes on from an end walks over it all the same.
    across = circle15.travel_times(
        net, *(circle15.link(net, [x], [0.0]) for x in (0.0, length_m / 100 * D)), profile="adult", cutoff_s=3600
    )
    assert across.seconds[0] == pytest.approx(length_m / 1.25, abs=0.1)


@pytest.mark.parametrize(
    "tags", ["bridge=yes,layer=0", "tunnel=building_passage", "tunnel=culvert", "covered=yes", "bridge=boardwalk"]
)
def test_what_lies_on_the_ground_is_entered_anywhere(tmp_path, tags):
    net = crossing_town(tmp_path, "town", length_m=400, tags=tags)
    at = circle15.link(net, [2 * D], [0.1 * D])
    assert net.way_id[at.edge].tolist() == [21]


def test_a_short_bridge_is_like_the_street_and_stairs_end_a_span(tmp_path):
    short = crossing_town(tmp_path, "short", length_m=SHORT_SPAN_M - 0.1, tags="bridge=yes", n_pieces=3)
    assert not short.is_span.any()
    # Nodes of the bridge alone do not end it; stairs do, and people come up by them.
    net = crossing_town(tmp_path, "stairs", length_m=400, tags="bridge=yes", stairs_m=(20, 200), n_pieces=4)
    at = circle15.link(net, np.array([0.1, 1.0, 2.0]) * D, np.full(3, 0.05 * D))
    assert net.way_id[at.edge[0]] == 21  # 20 m between the bank and the first stairs
    assert (at.fraction[1], at.access_m[1]) in (
        (0.0, pytest.approx(80.2, abs=0.2)),
        (1.0, pytest.approx(80.2, abs=0.2)),
    )
    assert at.access_m[2] == pytest.approx(5, abs=0.1)
    assert at.fraction[2] in (0.0, 1.0)


def test_spans_stay_spans_when_the_network_is_changed(tmp_path):
    net = crossing_town(tmp_path, "town", length_m=400, tags="bridge=yes")
    n = int(net.is_span.sum())
    divided = add_path(net, [(2 * D, 0), (2 * D, 3 * D)]).network  # a new stair up to its middle
    assert (n, int(divided.is_span.sum())) == (1, 2)
    assert clip_around(net, [(0, 0)], 50).is_span.sum() == 1
    assert close_path(net, [(0, 0), (4 * D, 0)]).network.is_span.sum() == 0


def test_ones_own_long_footbridge_is_entered_at_its_ends(tmp_path):
    own = write_own(tmp_path / "own.gpkg", ("footbridge", line((0, 3), (4, 3))), ("path", line((0, 5), (4, 5))))
    toy = crossing_town(tmp_path, "town", length_m=400, tags=None)
    net = read_network(tmp_path / "town.osm", cache=False, island_m=0, lines=[own])
    at = circle15.link(net, [2 * D, 2 * D], [3.1 * D, 4.9 * D])
    assert net.is_span[net.length_m > 0].sum() == 1
    assert not toy.is_span.any()
    assert at.access_m == pytest.approx([190, 10], abs=0.5)
