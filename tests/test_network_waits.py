"""A wait is paid at its place, whole, by whoever passes, however the streets are cut into edges."""

import itertools
import math

import numpy as np
import pytest

import circle15
from circle15.network.build import read_network
from circle15.network.walking.profiles import WalkProfile
from circle15.reach import reference
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

METRE = 1 / (math.radians(1) * EARTH_RADIUS_M)
SIGNAL = "highway=crossing,crossing=traffic_signals"
PLACES = ("", "", SIGNAL, "highway=elevator", "barrier=gate", "barrier=kerb", "highway=crossing", "barrier=stile")
WAITS = {"signals": 60.001, "lift": 40, "gate": 7, "kerb_raised": 3, "zebra": 11, "stile": float("inf"), "unmarked": 5}
SPEED = 1.25
QUICK, PATIENT = WalkProfile("quick", SPEED), WalkProfile("patient", SPEED, waits=WAITS, wait_once_m=25.0)


def line(tmp_path, metres, tags, cuts=(), **profile):
    """Read one footway with places so many metres from its start, cut at further vertices."""
    at = {**dict(zip(metres, tags, strict=True)), **{c: "" for c in cuts if c not in metres}}
    nodes = {i: (round(m * METRE, 9), 0.0, at[m]) for i, m in enumerate(sorted(at), start=1)}
    path = write_osm(tmp_path / "line.osm", nodes=nodes, ways=[(1, [*nodes], "highway=footway")])
    return read_network(path, cache=False, profiles=(WalkProfile("p", SPEED, **profile),))


def on(net, *metres):
    return circle15.link(net, np.array(metres) * METRE, np.full(len(metres), 3 * METRE), profile="p")


def walk(net, a, b):
    return circle15.nearest(net, on(net, a), on(net, b), profile="p", cutoff_s=1e5).seconds[0]


@pytest.mark.parametrize("cuts", [(), (485.0,), (480.5, 515.0), tuple(np.arange(10.0, 1000, 7))])
@pytest.mark.parametrize("tags", [SIGNAL, "highway=traffic_signals", "highway=elevator"])
def test_a_signal_between_two_long_blocks_costs_its_minute_from_20_metres_to_20_metres(tmp_path, tags, cuts):
    net = line(tmp_path, (0.0, 500.0, 1000.0), ("", tags, ""), cuts, waits={"signals": 60, "lift": 60})
    right = 40 / SPEED + 6 / SPEED + 60
    assert walk(net, 480, 520) == pytest.approx(right, abs=0.02)
    assert walk(net, 520, 480) == pytest.approx(right, abs=0.02)
    # Nobody pays who does not pass it.
    assert walk(net, 100, 480) == pytest.approx((380 + 6) / SPEED, abs=0.02)
    assert walk(net, 520, 900) == pytest.approx((380 + 6) / SPEED, abs=0.02)


@pytest.mark.parametrize("seed", range(30))
def test_along_a_street_each_signal_between_two_places_counts_once(tmp_path, seed):
    rng = np.random.default_rng(seed)
    metres = np.unique(rng.uniform(20, 980, 9).round(1))
    cuts = rng.uniform(1, 999, int(rng.integers(0, 40))).round(1) if seed % 2 else ()
    net = line(
        tmp_path, (0.0, *metres.tolist(), 1000.0), ("", *[SIGNAL] * len(metres), ""), cuts, waits={"signals": 13.337}
    )
    for a, b in rng.uniform(0, 1000, (20, 2)):
        n = ((metres > min(a, b)) & (metres < max(a, b))).sum()
        assert walk(net, a, b) == pytest.approx((abs(a - b) + 6) / SPEED + 13.337 * n, abs=0.05)


@pytest.mark.parametrize("cuts", [(), (500.0,), (495.0, 505.0, 300.0)])
def test_two_signals_near_each_other_are_waited_for_once_however_the_street_between_them_is_cut(tmp_path, cuts):
    for gap, n in ((20.0, 1), (40.0, 2)):
        places = (0.0, 500 - gap / 2, 500 + gap / 2, 1000.0)
        net = line(tmp_path, places, ("", SIGNAL, SIGNAL, ""), cuts, waits={"signals": 20}, wait_once_m=30.0)
        assert walk(net, 450, 550) == pytest.approx(106 / SPEED + 20 * n, abs=0.02)


@pytest.mark.parametrize("cutoff_s", [50, 79, 81, 110, 139, 141, 300])
def test_a_walk_stops_at_the_signal_until_the_wait_is_over_in_lengths_and_areas(tmp_path, cutoff_s):
    net = line(tmp_path, (0.0, 500.0, 1000.0), ("", SIGNAL, ""), waits={"signals": 60})
    start = circle15.link(net, [400 * METRE], [0.0], profile="p")
    before, behind = min(cutoff_s * SPEED, 100), max(0, (cutoff_s - 100 / SPEED - 60) * SPEED)
    right = min(400, cutoff_s * SPEED) + before + min(behind, 500)
    found = circle15.reach_summary(net, start, profile="p", cutoff_s=cutoff_s)
    assert found.length_m[0] == pytest.approx(right, abs=0.05)
    area = circle15.isochrones(net, start, profile="p", cutoffs_min=(cutoff_s / 60,), buffer_m=5.0)
    east = area.geometry.iloc[0].bounds[2] / METRE
    assert east == pytest.approx(400 + before + min(behind, 500) + 5, abs=0.7)


def grid(seed, folder, name, cuts):
    """Write a grid of footways and a primary road with things to wait for; with cuts, edges get vertices in between."""
    rng = np.random.default_rng(seed)
    n, step = 5, 70.0
    nodes, ways = {}, []
    x, y = (np.cumsum(rng.uniform(15, step, n)) for _ in range(2))
    for i in range(n):
        for j in range(n):
            tags = PLACES[rng.integers(len(PLACES))]
            nodes[i * n + j + 1] = (round(x[i] * METRE, 7), round(y[j] * METRE, 7), tags)
    rows = [[i * n + j + 1 for j in range(n)] for i in range(n)]
    for k, refs in enumerate([*rows, *map(list, zip(*rows, strict=True))]):
        kind = (
            "highway=primary"
            if k == seed % (2 * n)
            else "highway=footway,bridge=yes,layer=0"
            if k == 1
            else "highway=footway"
        )
        ways.append((100 + k, refs, kind))
    if cuts:
        for k, (way, refs, tags) in enumerate(ways):
            drawn = [refs[0]]
            for a, b in itertools.pairwise(refs):
                for f in np.sort(rng.uniform(0.02, 0.98, rng.integers(0, 4))):
                    number = 1000 + len(nodes)
                    nodes[number] = tuple(nodes[a][c] + f * (nodes[b][c] - nodes[a][c]) for c in (0, 1))
                    drawn.append(number)
                drawn.append(b)
            ways[k] = (way, drawn, tags)
    path = write_osm(folder / name, nodes=nodes, ways=ways)
    return read_network(path, cache=False, profiles=(QUICK, PATIENT)), (x, y)


def places(net, x, y, rng, n=12):
    vertical = rng.random(n) < 0.5
    lon = np.where(vertical, rng.choice(x, n), rng.uniform(x[0], x[-1], n))
    lat = np.where(vertical, rng.uniform(y[0], y[-1], n), rng.choice(y, n))
    return circle15.link(net, lon * METRE, lat * METRE, profile="patient")


@pytest.mark.parametrize("seed", range(12))
def test_cutting_streets_into_edges_moves_no_time_length_or_weight(tmp_path, seed):
    whole, (x, y) = grid(seed, tmp_path, "whole.osm", cuts=False)
    cut, _ = grid(seed, tmp_path, "cut.osm", cuts=True)
    for cutoff_s in (120.0, 1e4):
        tables = []
        for net in (whole, cut):
            rng = np.random.default_rng(seed)
            at = places(net, x, y, rng), places(net, x, y, rng)
            table = circle15.travel_times(net, *at, profile="patient", cutoff_s=1e4)
            dense = np.full((12, 12), 1e6)
            dense[np.repeat(np.arange(12), np.diff(table.indptr)), table.destination] = table.seconds
            tables.append((dense, circle15.reach_summary(net, at[0], profile="patient", cutoff_s=cutoff_s).length_m))
        np.testing.assert_allclose(tables[0][0], tables[1][0], atol=0.15)
        np.testing.assert_allclose(tables[0][1], tables[1][1], atol=0.5)


@pytest.mark.parametrize("seed", range(12))
def test_waits_and_places_within_edges_equal_networkx(tmp_path, seed):
    net, (x, y) = grid(seed, tmp_path, "town.osm", cuts=bool(seed % 2))
    rng = np.random.default_rng(seed)
    at, to = places(net, x, y, rng), places(net, x, y, rng)
    for profile in ("quick", "patient"):
        for cutoff_s in (40.0, 150.0, 1e4):
            how = {"profile": profile, "cutoff_s": cutoff_s}
            for search in (circle15.nearest, circle15.travel_times):
                ours, theirs = search(net, at, to, **how), getattr(reference, search.__name__)(net, at, to, **how)
                np.testing.assert_array_equal(ours.seconds, theirs.seconds)
                np.testing.assert_array_equal(ours.destination, theirs.destination)
            ours = circle15.reach_summary(net, at, **how, destinations=to)
            theirs = reference.reach_summary(net, at, **how, destinations=to)
            np.testing.assert_array_equal(ours.nodes, theirs.nodes)
            np.testing.assert_array_equal(ours.weight, theirs.weight)
            np.testing.assert_allclose(ours.length_m, theirs.length_m, atol=1e-5)


def test_a_profile_without_waits_walks_the_same_beside_one_that_waits(tmp_path):
    net, (x, y) = grid(3, tmp_path, "town.osm", cuts=False)
    alone = read_network(tmp_path / "town.osm", cache=False, profiles=(QUICK,))
    assert net.report.n_wait_links == net.n_edges - alone.n_edges > 0
    assert (net.report.n_nodes, net.report.n_edges) == (alone.n_nodes, alone.n_edges)
    rng = [np.random.default_rng(1) for _ in range(2)]
    found = []
    for n, r in zip((net, alone), rng, strict=True):
        lon, lat = r.uniform(x[0], x[-1], 30) * METRE, r.uniform(y[0], y[-1], 30) * METRE
        at = circle15.link(n, lon, lat, profile="quick")
        found.append(circle15.travel_times(n, at, at, profile="quick", cutoff_s=1e4).seconds)
    np.testing.assert_array_equal(*found)
