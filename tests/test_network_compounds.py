"""Private gates: residents pass their own outward, visitors inward, and nobody cuts through a compound."""

import math
import pickle
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import shapely

import circle15
from circle15.network.build import read_network
from circle15.network.changes import add_path, clip_around
from circle15.network.graph import WalkNetwork
from circle15.network.streets.compounds import is_private_gate
from circle15.reach import reference
from circle15.reach.isochrone import service_area
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

D = 100 / (math.radians(1) * EARTH_RADIUS_M)
HOUR = {"profile": "adult", "cutoff_s": 3600}


@pytest.mark.parametrize(
    ("tags", "is_private"),
    [
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "lift_gate", "foot": "private"}, True),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, False),
        ({"barrier": "gate", "access": "permissive"}, False),
        ({"barrier": "gate", "access": "no"}, False),
        ({"barrier": "gate", "access": "private", "foot": "no"}, False),
        ({"barrier": "gate", "access": "private", "locked": "yes"}, False),
        ({"barrier": "wall", "access": "private"}, False),
        ({"barrier": "gate"}, False),
        ({"access": "private"}, False),
    ],
)
def test_tags_tell_private_gates(tags, is_private):
    assert is_private_gate(tags) is is_private


def compound_town(tmp_path, gates, *, inner=(), island_m=0.0):
    """A ring road of 1 km by 1 km, and in it a compound, a street of 600 m from west to east, with gates to the ring.

    ``gates``: side ("west", "east", "north", "south") to the tags of the node on the way from the compound to the ring.
    ``inner``: gates of a second compound, a street of 200 m south of the first, on the ways that join the two.
    """
    corners = {1: (0, 0), 2: (10, 0), 3: (10, 10), 4: (0, 10), 5: (0, 5), 6: (10, 5), 7: (5, 10), 8: (5, 0)}
    ring = [(1, [1, 8, 2, 6, 3, 7, 4, 5, 1], "highway=residential")]
    compound = {11: (2, 5), 12: (5, 5), 13: (8, 5)}
    ways = [(2, [11, 12, 13], "highway=service")]
    joint = {"west": (5, 11, (1, 5)), "east": (6, 13, (9, 5)), "north": (7, 12, (5, 9)), "south": (8, 12, (5, 1))}
    nodes = {i: (x * D, y * D) for i, (x, y) in (corners | compound).items()}
    for k, (side, tags) in enumerate(gates.items()):
        outer, inside, (x, y) = joint[side]
        nodes[20 + k] = (x * D, y * D, tags)
        ways.append((20 + k, [outer, 20 + k, inside], "highway=service"))
    if inner:
        nodes |= {31: (3 * D, 3 * D), 32: (7 * D, 3 * D)}
        ways.append((3, [31, 32], "highway=footway"))
        for k, tags in enumerate(inner):
            x, outer, inside = ((3, 11, 31), (7, 13, 32))[k]
            nodes[40 + k] = (x * D, 4 * D, tags)
            ways.append((40 + k, [outer, 40 + k, inside], "highway=footway"))
    path = write_osm(tmp_path / "town.osm", nodes=nodes, ways=[*ring, *ways])
    return read_network(path, cache=False, island_m=island_m)


def metres(net, start, end):
    """Give the walk in metres between places in hundreds of metres, NaN where there is none."""
    here, there = (circle15.link(net, [x * D], [y * D], max_access_m=10) for x, y in (start, end))
    assert (here.edge[0], there.edge[0]) > (-1, -1)
    table = circle15.travel_times(net, here, there, **HOUR)
    right = reference.travel_times(net, here, there, **HOUR)
    assert table.seconds.tolist() == right.seconds.tolist()
    return table.seconds[0] * 1.25 if len(table.seconds) else math.nan


PRIVATE = "barrier=gate,access=private"


@pytest.mark.parametrize("island_m", [0, 1000])
def test_residents_walk_out_by_their_only_gate_and_visitors_in(tmp_path, island_m):
    # 600 m behind the gate are no island, as its people walk out.
    net = compound_town(tmp_path, {"west": PRIVATE}, island_m=island_m)
    assert not len(net.links)
    assert metres(net, (8, 5), (0, 0)) == pytest.approx(800 + 500, abs=1)
    assert metres(net, (0, 0), (8, 5)) == pytest.approx(800 + 500, abs=1)
    assert not net.is_island.any()


def test_behind_two_gates_residents_take_the_nearer_one_and_nobody_cuts_through(tmp_path):
    net = compound_town(tmp_path, {"west": PRIVATE, "east": PRIVATE})
    assert metres(net, (0, 5), (10, 5)) == pytest.approx(2000, abs=1)  # round the ring, not 1,000 m straight on
    assert metres(net, (3, 5), (0, 5)) == pytest.approx(300, abs=1)
    assert metres(net, (7, 5), (10, 5)) == pytest.approx(300, abs=1)
    assert metres(net, (3, 5), (10, 5)) == pytest.approx(700, abs=1)
    assert metres(net, (0, 5), (3, 5)) == pytest.approx(300, abs=1)
    assert metres(net, (10, 5), (3, 5)) == pytest.approx(700, abs=1)
    assert metres(net, (3, 5), (7.5, 5)) == pytest.approx(450, abs=1)  # neighbours
    assert metres(net, (7.5, 5), (7.2, 5)) == pytest.approx(30, abs=1)


@pytest.mark.parametrize("tags", ["barrier=gate", "barrier=gate,access=permissive", "barrier=gate,access=yes"])
def test_a_gate_that_is_open_to_all_makes_the_compound_a_street(tmp_path, tags):
    net = compound_town(tmp_path, {"west": tags, "east": tags})
    assert metres(net, (0, 5), (10, 5)) == pytest.approx(1000, abs=1)
    # With one gate open and one private the compound is public up to that one, which stays shut.
    net = compound_town(tmp_path, {"west": tags, "east": PRIVATE})
    assert metres(net, (0, 5), (10, 5)) == pytest.approx(2000, abs=1)
    assert metres(net, (7, 5), (10, 5)) == pytest.approx(700 + 2000, abs=1)


@pytest.mark.parametrize("tags", ["barrier=gate,access=no", "barrier=gate,locked=yes", "barrier=wall"])
def test_a_shut_gate_stays_shut(tmp_path, tags):
    net = compound_town(tmp_path, {"west": tags})
    assert math.isnan(metres(net, (7, 5), (0, 0)))


def test_compounds_in_compounds_are_left_and_entered_gate_by_gate(tmp_path):
    net = compound_town(tmp_path, {"west": PRIVATE, "east": PRIVATE}, inner=[PRIVATE, PRIVATE])
    assert sorted(set(net.depth.tolist())) == [0, 1, 2]
    home, joint = (3.5, 3), 100 + 100 * math.sqrt(2)
    assert metres(net, home, (0, 5)) == pytest.approx(50 + joint + 200, abs=1)
    assert metres(net, (10, 5), home) == pytest.approx(200 + joint + 350, abs=1)
    assert metres(net, home, (5, 5)) == pytest.approx(50 + joint + 300, abs=1)
    assert metres(net, (7.5, 5), (6.5, 3)) == pytest.approx(50 + joint + 50, abs=1)
    # Who lives in the outer compound does not cut through the inner one.
    outer = compound_town(tmp_path, {"west": PRIVATE, "east": PRIVATE})
    for a, b in (((2.1, 5), (7.9, 5)), ((0, 5), (10, 5)), ((3, 5), (10, 10))):
        assert metres(net, a, b) == pytest.approx(metres(outer, a, b), abs=0.01)
    one = compound_town(tmp_path, {"west": PRIVATE}, inner=[PRIVATE])
    assert not len(one.links)  # branches of a tree: their gates are simply open
    assert metres(one, home, (0, 5)) == pytest.approx(50 + joint + 200, abs=1)


def test_waits_at_a_gate_are_paid_once_by_residents(tmp_path):
    profile = circle15.WalkProfile("adult", 1.25, waits={"gate": 20})
    for gates in ({"west": PRIVATE}, {"west": PRIVATE, "east": PRIVATE}):
        compound_town(tmp_path, gates)
        net = read_network(tmp_path / "town.osm", cache=False, island_m=0, profiles=[profile])
        here, there = (circle15.link(net, [x * D], [5 * D]) for x in (3, 0))
        assert circle15.travel_times(net, here, there, **HOUR).seconds[0] == pytest.approx(300 / 1.25 + 20, abs=1)


def random_town(seed):
    """Streets, and compounds behind several gates each, also in and beside each other, all at random."""
    rng = np.random.default_rng(seed)
    n_groups = int(rng.integers(2, 6))
    sizes = rng.integers(2, 8, n_groups)
    begin = np.concatenate([[0], np.cumsum(sizes)])
    tail, head = [], []
    for b, n in zip(begin, sizes, strict=False):
        tree = [(b + i, b + int(rng.integers(0, i))) for i in range(1, n)]
        extra = [tuple(b + rng.choice(n, 2)) for _ in range(int(rng.integers(0, n)))]
        tail += [u for u, v in [*tree, *extra]]
        head += [v for u, v in [*tree, *extra]]
    group = np.repeat(np.arange(n_groups), sizes)
    links = [(begin[k], begin[int(rng.integers(0, k))]) for k in range(1, n_groups)]
    links += [tuple(rng.choice(len(group), 2, replace=False)) for _ in range(int(rng.integers(1, 6)))]
    links = np.array([(u, v) for u, v in links if group[u] != group[v]], np.int32)
    walls = nx.Graph([(int(group[u]), int(group[v])) for u, v in links])
    depth = nx.single_source_shortest_path_length(walls, 0)
    xy = rng.uniform(0, 0.01, (len(group), 2))
    plain = WalkNetwork.from_edges(*xy.T, tail, head, rng.integers(0, 200, len(tail)).astype(float))
    net = replace(
        plain,
        depth=np.array([depth[int(g)] for g in group], np.int8),
        links=links,
        component=np.empty(0, np.int32),
        walk_ms=np.where(rng.random(plain.walk_ms.shape) < 0.1, 2**32 - 1, plain.walk_ms).astype(np.uint32),
    )
    return net, rng


def places(net, rng, n):
    edge = rng.integers(-1, net.n_edges, n).astype(np.int32)
    fraction = np.where(edge < 0, np.nan, rng.choice([0, 0.25, 0.7, 1], n))
    access = np.where(edge < 0, np.nan, rng.integers(0, 30, n))
    return circle15.Linkage(net, edge, fraction, access, np.zeros(n, np.bool_))


@pytest.mark.parametrize("seed", range(50))
def test_the_core_equals_networkx_behind_gates(seed):
    net, rng = random_town(seed)
    origins, destinations = places(net, rng, 12), places(net, rng, 12)
    options = {"profile": "adult", "cutoff_s": float(rng.integers(50, 900))}
    table, right = (m.travel_times(net, origins, destinations, **options) for m in (circle15, reference))
    for name in ("indptr", "destination", "seconds"):
        assert getattr(table, name).tolist() == getattr(right, name).tolist()
    found, right = (m.nearest(net, origins, destinations, **options) for m in (circle15, reference))
    np.testing.assert_array_equal(found.seconds, right.seconds)
    assert found.destination.tolist() == right.destination.tolist()
    weights = rng.integers(0, 9, 12).astype(float)
    found, right = (
        m.reach_summary(net, origins, destinations=destinations, weights=weights, **options)
        for m in (circle15, reference)
    )
    assert found.nodes.tolist() == right.nodes.tolist()
    assert found.weight.tolist() == right.weight.tolist()
    np.testing.assert_allclose(found.length_m, right.length_m, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("seed", range(30))
def test_a_walk_is_the_way_out_the_public_way_and_the_way_in(seed):
    """By another road than the oracle's: shortest paths within each compound and on public streets, put together."""
    rng = np.random.default_rng(seed)
    sizes = [8, 5, 5]  # public streets, two compounds
    begin = np.concatenate([[0], np.cumsum(sizes)])
    graphs, rows = [], []
    for b, n in zip(begin, sizes, strict=False):
        edges = [(b + i, b + int(rng.integers(0, i)), int(rng.integers(1, 200))) for i in range(1, n)]
        edges += [
            (b + int(rng.integers(0, n)), b + int(rng.integers(0, n)), int(rng.integers(1, 200))) for _ in range(4)
        ]
        graph = nx.MultiGraph()
        graph.add_weighted_edges_from(edges)
        graphs.append(dict(nx.all_pairs_dijkstra_path_length(graph)))
        rows += edges
    gates = [[(int(b + rng.integers(0, 5)), int(rng.integers(0, 8))) for _ in range(3)] for b in begin[1:3]]
    tail, head, length = (np.array(c) for c in zip(*rows, strict=True))
    plain = WalkNetwork.from_edges(
        rng.uniform(0, 0.01, 18), rng.uniform(0, 0.01, 18), tail, head, length.astype(float),
        profiles=[circle15.WalkProfile("adult", 1.0)],
    )  # fmt: skip
    net = replace(
        plain,
        depth=np.repeat([0, 1, 1], sizes).astype(np.int8),
        links=np.concatenate(gates).astype(np.int32),
        component=np.empty(0, np.int32),
    )
    group = np.repeat([0, 1, 2], sizes)

    def outward(v):
        """Give metres to public nodes by the gates of one's own compound."""
        if group[v] == 0:
            return {v: 0}
        by_gate = [(out, graphs[group[v]][v][inner]) for inner, out in gates[group[v] - 1]]
        return {out: min(m for o, m in by_gate if o == out) for out, _ in by_gate}

    every = circle15.link_nodes(net, np.arange(18))
    table = circle15.travel_times(net, every, every, **HOUR)
    for u in range(18):
        row = slice(*table.indptr[u : u + 2])
        found = dict(zip(table.destination[row].tolist(), table.seconds[row].tolist(), strict=True))
        for v in range(18):
            ways = [a + graphs[0][g][h] + b for g, a in outward(u).items() for h, b in outward(v).items()]
            ways += [graphs[group[u]][u][v]] if group[u] == group[v] else []
            assert found[v] == min(ways)


def test_areas_within_reach_go_out_of_a_compound_and_into_one(tmp_path):
    net = compound_town(tmp_path, {"west": PRIVATE, "east": PRIVATE})
    home, shop = circle15.link(net, [2.5 * D], [5 * D]), circle15.link(net, [0.0], [5 * D])
    (out,) = circle15.isochrones(net, home, profile="adult", cutoffs_min=[5]).geometry
    (into,) = service_area(net, shop, profile="adult", cutoffs_min=[5]).geometry
    for area, reached, beyond in ((out, (0, 6), (0, 7)), (into, (3.5, 5), (4.2, 5))):
        assert shapely.contains_xy(area, *(c * D for c in reached))
        assert not shapely.contains_xy(area, *(c * D for c in beyond))


def test_a_new_path_opens_a_compound_and_others_leave_it_as_it_is(tmp_path):
    net = compound_town(tmp_path, {"west": PRIVATE, "east": PRIVATE})
    within = add_path(net, [(3 * D, 5 * D), (4 * D, 6 * D), (7 * D, 5 * D)]).network
    assert len(within.links) == 2
    assert metres(within, (0, 5), (10, 5)) == pytest.approx(2000, abs=1)
    assert metres(within, (4, 6), (0, 5)) == pytest.approx(300 + 100 * math.sqrt(2), abs=1)
    opened = add_path(net, [(5 * D, 5 * D), (5 * D, 0)]).network
    assert not len(opened.links)
    assert metres(opened, (5, 5), (5, 0)) == pytest.approx(500, abs=1)
    near = clip_around(net, [(0, 5 * D)], 300)
    assert metres(near, (3, 5), (0, 5)) == pytest.approx(300, abs=1)
    again = pickle.loads(pickle.dumps(net))  # noqa: S301 (one's own)
    assert (again.depth.tolist(), again.links.tolist()) == (net.depth.tolist(), net.links.tolist())
