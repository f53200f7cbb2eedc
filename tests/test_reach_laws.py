"""Laws that hold on every network, a city whose times are plain arithmetic, and how a query is stopped."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circle15
from circle15 import _core
from circle15.errors import NetworkError
from circle15.reach import reference, search
from circle15.threads import available_threads
from circle15.units import UNREACHED, seconds_to_ms

WALK = circle15.WalkProfile(name="walk", speed_m_s=1.0)
HOW = {"profile": "walk", "cutoff_s": 6.0}
KERNELS = sorted({"one", "baseline", _core.lane_kernel})
LAWS = settings(max_examples=100, deadline=None)


def random_network(rng, n=30, m=45, *, asymmetric=False, zero=True):
    tail, head = rng.integers(0, n, (2, m))
    ms = rng.choice([0 if zero else 1, 500, 1000, 1000, 2000, 3001], (2, m)).astype(np.uint32)
    if asymmetric:
        ms[rng.random((2, m)) < 0.1] = UNREACHED
    else:
        ms[1] = ms[0]
    return circle15.WalkNetwork(
        node_lon=rng.random(n) / 100,
        node_lat=rng.random(n) / 100,
        tail=tail,
        head=head,
        length_m=np.where(ms[0] == UNREACHED, 500, ms[0]) / 1000,
        profiles=(WALK,),
        walk_ms=ms[None],
    )


def random_places(rng, net, n):
    return circle15.Linkage(
        network=net,
        edge=rng.integers(-1, net.n_edges, n).astype(np.int32),
        fraction=rng.choice([0.0, 0.25, 0.5, 1.0, 0.7], n),
        access_m=rng.choice([0.0, 0.3, 1.0], n),
        skipped_island=np.zeros(n, dtype=bool),
    )


def summarise(net, origins, destinations, weights, *, kernel, threads, cutoff_s=6.0):
    graph, speed = search._graph(net, "walk")
    places = search.core_places(net, graph, speed, "origins", origins)
    targets = search.core_places(net, graph, speed, "destinations", destinations)
    return _core.reach_summary(graph, places, seconds_to_ms(cutoff_s), targets, weights, threads, None, kernel)


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@LAWS
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([0.0, 1.0, 3.0, 6.0, 100.0]))
def test_kernels_lanes_and_threads_change_nothing_not_even_the_last_bit(seed, asymmetric, cutoff_s):
    rng = np.random.default_rng(seed)
    net = random_network(rng, asymmetric=asymmetric)
    origins, destinations = random_places(rng, net, 300), random_places(rng, net, 80)
    weights = rng.normal(size=80)
    right = summarise(net, origins, destinations, weights, kernel="one", threads=1, cutoff_s=cutoff_s)
    for kernel in KERNELS:
        for threads in (1, 3):
            found = summarise(net, origins, destinations, weights, kernel=kernel, threads=threads, cutoff_s=cutoff_s)
            assert_same(found, right)


@LAWS
@given(st.integers(0, 2**32), st.booleans())
def test_the_order_of_origins_changes_nothing(seed, asymmetric):
    rng = np.random.default_rng(seed)
    net = random_network(rng, asymmetric=asymmetric)
    origins = random_places(rng, net, 100)
    order = rng.permutation(100)
    whole = circle15.reach_summary(net, origins, **HOW, destinations=origins)
    shuffled = circle15.reach_summary(net, origins.take(order), **HOW, destinations=origins)
    np.testing.assert_array_equal(whole.length_m[order], shuffled.length_m)
    np.testing.assert_array_equal(whole.nodes[order], shuffled.nodes)
    np.testing.assert_array_equal(whole.weight[order], shuffled.weight)


@LAWS
@given(st.integers(0, 2**32))
def test_renumbering_the_nodes_and_turning_edges_round_changes_no_time(seed):
    rng = np.random.default_rng(seed)
    net = random_network(rng)
    places = random_places(rng, net, 60)
    new_of = rng.permutation(net.n_nodes)
    turned = rng.random(net.n_edges) < 0.5
    tail, head = new_of[net.tail], new_of[net.head]
    lon, lat = np.empty(net.n_nodes), np.empty(net.n_nodes)
    lon[new_of], lat[new_of] = net.node_lon, net.node_lat
    other = circle15.WalkNetwork(
        node_lon=lon,
        node_lat=lat,
        tail=np.where(turned, head, tail),
        head=np.where(turned, tail, head),
        length_m=net.length_m,
        profiles=(WALK,),
        walk_ms=net.walk_ms,
    )
    moved = circle15.Linkage(
        network=other,
        edge=places.edge,
        # Fractions whose milliseconds are whole either way: rounding is half up from the tail.
        fraction=np.where(turned[places.edge], 1 - places.fraction, places.fraction),
        access_m=places.access_m,
        skipped_island=places.skipped_island,
    )
    even = (net.walk_ms[0, 0, places.edge] % 20 == 0) | (places.fraction % 1 == 0) | (places.edge < 0)
    places, moved = places.take(np.flatnonzero(even)), moved.take(np.flatnonzero(even))
    before, after = circle15.travel_times(net, places, places, **HOW), circle15.travel_times(other, moved, moved, **HOW)
    np.testing.assert_array_equal(before.indptr, after.indptr)
    np.testing.assert_array_equal(before.destination, after.destination)
    np.testing.assert_array_equal(before.seconds, after.seconds)
    first, second = circle15.reach_summary(net, places, **HOW), circle15.reach_summary(other, moved, **HOW)
    np.testing.assert_array_equal(first.nodes, second.nodes)
    np.testing.assert_allclose(first.length_m, second.length_m, atol=1e-9)


@LAWS
@given(st.integers(0, 2**32), st.booleans())
def test_a_smaller_cutoff_reaches_a_subset_at_the_same_times(seed, asymmetric):
    rng = np.random.default_rng(seed)
    net = random_network(rng, asymmetric=asymmetric)
    origins, destinations = random_places(rng, net, 40), random_places(rng, net, 30)
    small = circle15.travel_times(net, origins, destinations, profile="walk", cutoff_s=2.5)
    large = circle15.travel_times(net, origins, destinations, profile="walk", cutoff_s=6.0)
    for i in range(40):
        near, far = (
            dict(
                zip(
                    t.destination[t.indptr[i] : t.indptr[i + 1]].tolist(),
                    t.seconds[t.indptr[i] : t.indptr[i + 1]].tolist(),
                    strict=True,
                )
            )
            for t in (small, large)
        )
        assert near == {j: s for j, s in far.items() if s <= 2.5}
    a, b = (circle15.reach_summary(net, origins, profile="walk", cutoff_s=c) for c in (2.5, 6.0))
    assert (a.nodes <= b.nodes).all()
    assert (a.length_m <= b.length_m).all()


@LAWS
@given(st.integers(0, 2**32))
def test_a_symmetric_network_has_symmetric_times(seed):
    rng = np.random.default_rng(seed)
    net = random_network(rng)
    places = random_places(rng, net, 40)
    t = circle15.travel_times(net, places, places, **HOW)
    rows = np.repeat(np.arange(40), np.diff(t.indptr))
    there = {(i, j): s for i, j, s in zip(rows.tolist(), t.destination.tolist(), t.seconds.tolist(), strict=True)}
    assert there == {(j, i): s for (i, j), s in there.items()}


@LAWS
@given(st.integers(0, 2**32), st.booleans())
def test_searching_from_destinations_equals_searching_from_origins(seed, asymmetric):
    rng = np.random.default_rng(seed)
    net = random_network(rng, asymmetric=asymmetric)
    places, few = random_places(rng, net, 40), random_places(rng, net, 5)
    many = circle15.travel_times(net, places, few, **HOW)  # destination side
    for i in range(40):
        one = circle15.travel_times(net, places.take(np.array([i])), few, **HOW)  # origin side
        row = slice(many.indptr[i], many.indptr[i + 1])
        np.testing.assert_array_equal(one.destination, many.destination[row])
        np.testing.assert_array_equal(one.seconds, many.seconds[row])


@LAWS
@given(st.integers(0, 2**32), st.booleans())
def test_one_more_edge_never_lengthens_a_walk(seed, asymmetric):
    rng = np.random.default_rng(seed)
    net = random_network(rng, asymmetric=asymmetric)
    places = random_places(rng, net, 40)
    more = circle15.WalkNetwork(
        node_lon=net.node_lon,
        node_lat=net.node_lat,
        tail=np.append(net.tail, rng.integers(net.n_nodes)),
        head=np.append(net.head, rng.integers(net.n_nodes)),
        length_m=np.append(net.length_m, 0.5),
        profiles=(WALK,),
        walk_ms=np.concatenate([net.walk_ms, np.full((1, 2, 1), 500, np.uint32)], axis=2),
    )
    same = circle15.Linkage(more, places.edge, places.fraction, places.access_m, places.skipped_island)
    before = circle15.nearest(net, places, places.take(np.arange(5)), **HOW).seconds
    after = circle15.nearest(more, same, same.take(np.arange(5)), **HOW).seconds
    reached = ~np.isnan(before)
    assert (after[reached] <= before[reached]).all()


@LAWS
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([2.0, 6.0, 50.0]))
def test_every_time_has_its_certificate(seed, asymmetric, cutoff_s):
    """Every walkable edge is relaxed, and every reached node has a tight way in or is where the walk starts."""
    rng = np.random.default_rng(seed)
    net = random_network(rng, asymmetric=asymmetric, zero=False)
    node = int(net.tail[rng.integers(net.n_edges)])
    start = circle15.link_nodes(net, [node])
    graph, speed = search._graph(net, "walk")
    cutoff = seconds_to_ms(cutoff_s)
    at = _core.node_times(graph, search.core_places(net, graph, speed, "origins", start), cutoff).astype(np.int64)
    at[at == UNREACHED] = 2**40
    assert at[node] == 0
    tight = np.zeros(net.n_nodes, dtype=bool)
    tight[node] = True
    for ms, u, v in ((net.walk_ms[0, 0], net.tail, net.head), (net.walk_ms[0, 1], net.head, net.tail)):
        ok = ms != UNREACHED
        arrival = at[u[ok]] + ms[ok].astype(np.int64)
        assert ((at[v[ok]] <= arrival) | (arrival > cutoff)).all()
        tight[v[ok][arrival == at[v[ok]]]] = True
    assert tight[at <= cutoff].all()


def grid_city(n, block_m=100.0):
    """Build n by n junctions with a node in the middle of every street."""
    x, y = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(n)))
    node = np.arange(n * n).reshape(n, n)
    streets = np.concatenate(
        [
            np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
            np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
        ]
    )
    middle = n * n + np.arange(len(streets))
    tail = np.concatenate([streets[:, 0], middle])
    head = np.concatenate([middle, streets[:, 1]])
    lon = np.concatenate([x, x[streets].mean(axis=1)]) / 1000
    lat = np.concatenate([y, y[streets].mean(axis=1)]) / 1000
    return circle15.WalkNetwork.from_edges(
        lon, lat, tail, head, np.full(len(tail), block_m / 2), profiles=(WALK,)
    ), node


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("blocks", [0, 1, 2, 5])
def test_a_grid_city_is_plain_arithmetic(kernel, blocks):
    net, node = grid_city(25)
    centres = node[8:17, 8:17].ravel()
    origins = circle15.link_nodes(net, centres)
    nodes, length_m, _ = summarise(
        net, origins, origins, np.ones(len(centres)), kernel=kernel, threads=1, cutoff_s=100.0 * blocks
    )
    # A diamond of `blocks` blocks: 2k(k+1)+1 junctions, 4k*k streets of 100 m, each with its middle node.
    assert (nodes == 2 * blocks * (blocks + 1) + 1 + 4 * blocks**2).all()
    assert (length_m == 400.0 * blocks**2).all()


def test_a_label_exactly_on_the_cutoff_is_in_and_one_millisecond_less_is_out():
    net, node = grid_city(5)
    origin, goal = circle15.link_nodes(net, [node[0, 0]]), circle15.link_nodes(net, [node[4, 4]])
    for cutoff_s, seconds in ((800.0, 800.0), (799.999, np.nan)):
        found = circle15.nearest(net, origin, goal, profile="walk", cutoff_s=cutoff_s)
        np.testing.assert_array_equal(found.seconds, [seconds])


def test_powers_of_two_show_exactly_who_was_reached():
    net, node = grid_city(6)
    everyone = circle15.link_nodes(net, node.ravel())
    found = circle15.reach_summary(
        net, everyone, profile="walk", cutoff_s=200.0, destinations=everyone, weights=2.0 ** np.arange(36)
    )
    y, x = np.divmod(np.arange(36), 6)
    near = np.abs(x[:, None] - x) + np.abs(y[:, None] - y) <= 2
    np.testing.assert_array_equal(found.weight, (near * 2.0 ** np.arange(36)).sum(axis=1))


def test_blocks_of_rows_are_the_table():
    net, node = grid_city(8)
    places = circle15.link_nodes(net, node.ravel())
    whole = circle15.travel_times(net, places, places, profile="walk", cutoff_s=300.0)
    blocks = list(search.travel_times_blocks(net, places, places, profile="walk", cutoff_s=300.0, block=10))
    assert [first for first, _ in blocks] == list(range(0, 64, 10))
    np.testing.assert_array_equal(np.concatenate([b.seconds for _, b in blocks]), whole.seconds)
    np.testing.assert_array_equal(np.concatenate([b.destination for _, b in blocks]), whole.destination)


@pytest.mark.parametrize("cutoff_s", [2**30 / 1000 - 0.01, 2**30 / 1000 + 1, 2_147_483.0])
def test_cutoffs_of_weeks_neither_overflow_nor_change_kernels_answers(cutoff_s):
    long_m = np.array([2**31 - 1, 2**31 - 1, 2**30, 2**30 - 1, 7]) / 1000
    net = circle15.WalkNetwork.from_edges(
        np.arange(6) / 100, np.zeros(6), np.arange(5), np.arange(1, 6), long_m, profiles=(WALK,)
    )
    places = circle15.link_nodes(net, np.arange(6).repeat(20))
    how = {"profile": "walk", "cutoff_s": cutoff_s}
    found = circle15.reach_summary(net, places, **how, destinations=places)
    right = reference.reach_summary(net, places, **how, destinations=places)
    np.testing.assert_array_equal(found.nodes, right.nodes)
    np.testing.assert_array_equal(found.weight, right.weight)
    np.testing.assert_allclose(found.length_m, right.length_m, rtol=1e-12)


def test_queries_without_edges_origins_or_destinations_have_empty_answers():
    net = circle15.WalkNetwork.from_edges([0.0], [0.0], [], [], [], profiles=(WALK,))
    alone, none = circle15.link_nodes(net, [0]), circle15.link_nodes(net, [])
    for origins, destinations in ((alone, alone), (none, alone), (alone, none)):
        assert np.isnan(circle15.nearest(net, origins, destinations, **HOW).seconds).all()
        assert len(circle15.travel_times(net, origins, destinations, **HOW).seconds) == 0
        assert (circle15.reach_summary(net, origins, **HOW, destinations=destinations).length_m == 0).all()


def test_strangers_are_refused_by_name():
    net, node = grid_city(3)
    other, _ = grid_city(3)
    places = circle15.link_nodes(net, node.ravel())
    with pytest.raises(NetworkError, match="origins are linked to another network"):
        circle15.nearest(other, places, places, **HOW)
    with pytest.raises(NetworkError, match="no walking profile 'run' in this network, which was built with 'walk'"):
        circle15.nearest(net, places, places, profile="run", cutoff_s=1.0)
    with pytest.raises(NetworkError, match="'walk' has other values"):
        circle15.nearest(net, places, places, profile=circle15.WalkProfile("walk", 1.1), cutoff_s=1.0)
    with pytest.raises(ValueError, match=r"weights\[2\] = nan: must be finite"):
        weights = np.where(np.arange(9) == 2, np.nan, 1.0)
        circle15.reach_summary(net, places, **HOW, destinations=places, weights=weights)
    far = circle15.Linkage(net, [0, 0], [0.5, 0.5], [1.0, 1e9], [False, False])
    with pytest.raises(NetworkError, match=r"^destinations.access_m\[1\] = 1000000000.0 m"):
        circle15.nearest(net, places, far, **HOW)
    with pytest.raises(ValueError, match="cutoff_s = -1"):
        circle15.nearest(net, places, places, profile="walk", cutoff_s=-1)
    with pytest.raises(ValueError, match="threads = 0"):
        circle15.nearest(net, places, places, **HOW, threads=0)


def test_no_more_threads_run_than_the_process_has_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert available_threads() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_threads() == 64


def test_malformed_places_are_refused_with_array_index_and_value():
    net, _ = grid_city(3)
    graph = net.compiled(0)
    edge, fraction, access = np.array([0, 99], np.int32), np.array([0.5, 0.5]), np.zeros(2, np.uint32)
    with pytest.raises(ValueError, match=r"origins.edge\[1\] = 99: must be an edge index, -1 to 23"):
        _core.Places(graph, "origins", edge, fraction, access)
    with pytest.raises(ValueError, match=r"origins.fraction\[0\] = 1.5"):
        _core.Places(graph, "origins", np.zeros(2, np.int32), np.array([1.5, 0.5]), access)
    with pytest.raises(ValueError, match=r"origins.fraction\[1\] = -1e-09: must be 0 to 1"):
        _core.Places(graph, "origins", np.zeros(2, np.int32), np.array([0.5, -1e-9]), access)
    with pytest.raises(ValueError, match=r"lat\[1\] = 90.5: must be degrees, -90 to 90"):
        _core.Streets(
            np.zeros(2), np.array([0.0, 90.5]), edge[:0], edge[:0], fraction[:0], np.zeros((1, 2, 0), np.uint32)
        )
    with pytest.raises(ValueError, match="has 1 values, not 2"):
        _core.Places(graph, "origins", np.zeros(2, np.int32), fraction, access[:1])


@pytest.mark.parametrize(
    "query",
    [
        lambda graph, places: _core.nearest(graph, places, places, 1000, 1),
        lambda graph, places: _core.travel_times(graph, places, places, 1000, 1),
        lambda graph, places: _core.reach_summary(graph, places, 1000, places, np.ones(len(places)), 1),
        lambda graph, places: _core.reached(graph, places, 1000, 1),
        lambda graph, places: _core.node_times(graph, places, 1000),
    ],
)
def test_places_of_another_graph_are_refused(query):
    small, _ = grid_city(2)
    large, _ = grid_city(40)
    edge = np.array([large.n_edges - 1], np.int32)
    # The places outlive the caller's hold on their graph.
    places = _core.Places(large.compiled(0), "origins", edge, np.array([0.5]), np.zeros(1, np.uint32))
    with pytest.raises(ValueError, match=r"^origins? are places of another graph than the one searched"):
        query(small.compiled(0), places)


def test_an_access_leg_after_a_walk_of_weeks_is_not_lost_in_32_bits():
    # 100 km to the street, 2,000 km and 0.999 of 2,147 km along it, 200 km to the destination: 4,445 km, of which 32
    # bits of milliseconds hold 4,295.
    net = circle15.WalkNetwork.from_edges(
        np.arange(3) / 100, np.zeros(3), [0, 1], [1, 2], [2e6, (2**31 - 1) / 1000], profiles=(WALK,)
    )
    edge, fraction, access_m = np.array([0, 1], np.int32), np.array([0.0, 0.999]), np.array([1e5, 2e5])
    both = circle15.Linkage(net, edge, fraction, access_m, np.zeros(2, dtype=bool))
    first, last = both.take(np.array([0])), both.take(np.array([1]))
    how = {"profile": "walk", "cutoff_s": 2_147_483.0}
    for origin, destination in ((first, last), (last, first)):
        assert len(circle15.travel_times(net, origin, destination, **how).seconds) == 0
        assert np.isnan(circle15.nearest(net, origin, destination, **how).seconds).all()
        assert circle15.reach_summary(net, origin, **how, destinations=destination).weight.tolist() == [0.0]


def test_threads_that_search_a_new_network_together_make_its_core_once():
    net, _ = grid_city(60)
    places = circle15.link_nodes(net, np.arange(net.n_nodes))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: circle15.reach_summary(net, places, **HOW).nodes.sum(), range(8)))
        linked = list(pool.map(lambda _: circle15.link(net, [0.0], [0.0]).edge[0], range(8)))
    assert len(set(found)) == len(set(linked)) == 1
    assert len(net._streets) == len(net._edge_tree) == 1


ENDLESS = """
    import numpy as np, circle15
    n = 400
    node = np.arange(n * n).reshape(n, n)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    net = circle15.WalkNetwork.from_edges(
        node.ravel() % n / 1e4, node.ravel() // n / 1e4, tail, head, 1.0 + np.arange(len(tail)) % 7
    )
    places = circle15.link_nodes(net, node.ravel())
    net.compiled(0)
"""


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="sends SIGINT to a process")
@pytest.mark.parametrize(
    "query",
    [
        "reach_summary(net, places, profile='adult', cutoff_s=1000.0)",
        "travel_times(net, places, places, profile='adult', cutoff_s=1000.0)",
        "isochrones(net, places, profile='adult')",
        "link(net, *np.random.default_rng(1).random((2, 30_000_000)) * 0.04)",
    ],
)
def test_ctrl_c_ends_a_long_query(query):
    script = textwrap.dedent(ENDLESS) + textwrap.dedent(f"""
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells take away from what they start behind
        print("running", flush=True)
        try:
            circle15.{query}
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "running\n"
        time.sleep(0.5)
        asked = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "stopped\n"
        assert time.monotonic() - asked < 10  # far below what the whole query takes, whatever else runs


def test_another_thread_reads_the_progress_and_cancels():
    scope = {}
    exec(textwrap.dedent(ENDLESS), scope)  # noqa: S102 (the same network as in the child process)
    net, places, progress = scope["net"], scope["places"], _core.Progress()
    seen = []

    def cancel_once_under_way():
        while progress.total == 0:
            time.sleep(0.01)
        seen.append((progress.done, progress.total))
        progress.cancel()

    watcher = threading.Thread(target=cancel_once_under_way)
    watcher.start()
    with pytest.raises(RuntimeError, match="the search was cancelled"):
        circle15.reach_summary(net, places, profile="adult", cutoff_s=1000.0, progress=progress)
    watcher.join()
    assert seen[0][0] < seen[0][1] == 160_000
