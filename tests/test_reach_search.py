import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import circle15
from circle15 import _core
from circle15.reach import reference, search
from circle15.units import MAX_MS, UNREACHED, seconds_to_ms

WALK = circle15.WalkProfile(name="walk", speed_m_s=1.0)
MANY = settings(max_examples=300, deadline=None)


# Few distinct times make ties and arrivals exactly at the cutoff common.
MINUTES = {
    "ms": [0, 1, 2, 3, 5, 1000, 1000, 2000, 3000, 4001],
    "access_m": [0.0, 0.0, 0.001, 1.0, 2.5],
    "cutoff_ms": [0, 1, 2, 1000, 2000, 3000, 3001, 5000, 8000, 12003, 100_000_000],
}
# Three of these times together are more than 32 bits hold.
WEEKS = {
    "ms": [0, 1000, 2_000_000_000, MAX_MS],
    "access_m": [0.0, 0.001, 200_000.0, 2_000_000.0],
    "cutoff_ms": [2_000_000_000, MAX_MS],
}


@st.composite
def networks(draw, times=MINUTES, max_nodes=14, max_edges=24):
    """Small multigraphs with ties, islands, loops, parallel, zero-length and one-way edges, some of them no street."""
    n = draw(st.integers(1, max_nodes))
    node = st.integers(0, n - 1)
    ms = st.sampled_from(times["ms"])
    edges = draw(st.lists(st.tuples(node, node, ms), max_size=max_edges))
    if draw(st.booleans()):  # a long chain, open or closed, through many nodes of degree 2
        path = draw(st.permutations(range(n)))
        edges += [(u, v, draw(ms)) for u, v in itertools.pairwise(path)]
        if draw(st.booleans()):
            edges.append((path[-1], path[0], draw(ms)))
    walk_ms = np.array([[[w for _, _, w in edges]] * 2], dtype=np.uint32).reshape(1, 2, len(edges))
    if edges and draw(st.booleans()):  # an asymmetric profile: slope and one-way
        for e in range(len(edges)):
            kind = draw(st.sampled_from(["same", "same", "same", "slope", "forward", "backward", "closed"]))
            if kind == "slope":
                walk_ms[0, 1, e] = draw(ms)
            if kind in {"backward", "closed"}:
                walk_ms[0, 0, e] = UNREACHED
            if kind in {"forward", "closed"}:
                walk_ms[0, 1, e] = UNREACHED
    return circle15.WalkNetwork(
        node_lon=np.array(draw(st.lists(st.sampled_from([0.0, 0.001, 0.002]), min_size=n, max_size=n))),
        node_lat=np.zeros(n),
        tail=np.array([u for u, _, _ in edges], dtype=np.int32),
        head=np.array([v for _, v, _ in edges], dtype=np.int32),
        length_m=np.array([w / 1000 for _, _, w in edges]),
        profiles=(WALK,),
        walk_ms=walk_ms,
        is_street=np.array(draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges))), dtype=bool),
    )


@st.composite
def linkages(draw, net, times=MINUTES, max_points=40):
    """Places on edges: at ends, between, unlinked, with and without access legs."""
    edge = st.integers(-1, net.n_edges - 1)
    fraction = st.sampled_from([0.0, 1.0, 0.5, 0.25, 1 / 3, 0.999])
    access = st.sampled_from(times["access_m"])
    points = draw(st.lists(st.tuples(edge, fraction, access), max_size=max_points))
    linked = np.array([e >= 0 for e, _, _ in points], dtype=bool)
    return circle15.Linkage(
        network=net,
        edge=np.array([e for e, _, _ in points], dtype=np.int32),
        fraction=np.where(linked, np.array([f for _, f, _ in points]), np.nan),
        access_m=np.where(linked, np.array([a for _, _, a in points]), np.nan),
        skipped_island=np.zeros(len(points), dtype=bool),
    )


@st.composite
def queries(draw, times=MINUTES):
    net = draw(networks(times))
    origins, destinations = draw(linkages(net, times)), draw(linkages(net, times))
    cutoff_ms = draw(st.sampled_from(times["cutoff_ms"]))
    return net, origins, destinations, {"profile": "walk", "cutoff_s": cutoff_ms / 1000}


@MANY
@given(queries() | queries(WEEKS), st.sampled_from([1, 2, 3]))
def test_travel_times_equal_networkx_to_the_millisecond(query, threads):
    net, origins, destinations, how = query
    found = circle15.travel_times(net, origins, destinations, **how, threads=threads)
    right = reference.travel_times(net, origins, destinations, **how)
    np.testing.assert_array_equal(found.indptr, right.indptr)
    np.testing.assert_array_equal(found.destination, right.destination)
    np.testing.assert_array_equal(found.seconds, right.seconds)


@MANY
@given(queries() | queries(WEEKS), st.sampled_from([1, 2, 3]))
def test_nearest_equals_networkx_and_the_smallest_index_wins_ties(query, threads):
    net, origins, destinations, how = query
    found = circle15.nearest(net, origins, destinations, **how, threads=threads)
    right = reference.nearest(net, origins, destinations, **how)
    np.testing.assert_array_equal(found.seconds, right.seconds)
    np.testing.assert_array_equal(found.destination, right.destination)


@MANY
@given(queries() | queries(WEEKS), st.sampled_from([1, 2, 3]))
def test_reach_summary_equals_networkx(query, threads):
    net, origins, destinations, how = query
    weights = 2.0 ** np.arange(len(destinations))
    found = circle15.reach_summary(net, origins, **how, destinations=destinations, weights=weights, threads=threads)
    right = reference.reach_summary(net, origins, **how, destinations=destinations, weights=weights)
    np.testing.assert_array_equal(found.nodes, right.nodes)
    np.testing.assert_array_equal(found.weight, right.weight)
    np.testing.assert_allclose(found.length_m, right.length_m, rtol=0, atol=1e-5)


def reached_pieces(net, origins, cutoff_s, threads=1):
    graph, speed = search._graph(net, "walk")
    places = search.core_places(net, graph, speed, "origins", origins)
    return _core.reached(graph, places, seconds_to_ms(cutoff_s), threads)


@MANY
@given(queries())
def test_reached_pieces_add_up_to_the_street_length_and_overlap_nowhere(query):
    net, origins, _, how = query
    indptr, edge, low, high, _, _ = reached_pieces(net, origins, how["cutoff_s"])
    right = reference.reach_summary(net, origins, **how)
    for i in range(len(origins)):
        row = slice(indptr[i], indptr[i + 1])
        share = high[row].astype(float) - low[row]
        assert (share >= 0).all()
        np.testing.assert_allclose((share * net.street_m[edge[row]]).sum(), right.length_m[i], atol=1e-5)
        by_edge = sorted(zip(edge[row].tolist(), low[row].tolist(), high[row].tolist(), strict=True))
        for (e, _, end), (f, start, _) in itertools.pairwise(by_edge):
            assert e != f or start >= end - 1e-6


@MANY
@given(queries())
def test_reached_pieces_begin_at_nodes_at_the_very_time_networkx_finds(query):
    net, origins, _, how = query
    indptr, edge, low, high, from_ms, to_ms = reached_pieces(net, origins, how["cutoff_s"])
    times = reference.node_times_ms(net, origins, **how)
    for i in range(len(origins)):
        for k in range(indptr[i], indptr[i + 1]):
            # A walk goes up a piece from its earlier end; a one-way street may be left later than its end is reached.
            fraction, ms = min(((low[k], from_ms[k]), (high[k], to_ms[k])), key=lambda end: end[1])
            node = {0.0: net.tail, 1.0: net.head}.get(float(fraction))
            if node is not None and low[k] < high[k] and from_ms[k] != to_ms[k]:
                assert ms == times[i][int(node[edge[k]])]
