"""Hard borders, gates in them, own paths; access legs that cross none."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely

import circle15
from circle15.errors import InputError, MissingColumnError
from circle15.network.build import read_network
from circle15.network.walking.profiles import WalkProfile
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

D = 100 / (math.radians(1) * EARTH_RADIUS_M)
# Two streets 100 m apart, west to east; a river between them, 20 m south of the northern one.
NODES = {1: (0, 0), 2: (4 * D, 0), 3: (0, D), 4: (4 * D, D), 5: (-D, 0.8 * D), 6: (5 * D, 0.8 * D), 7: (4 * D, 0.5 * D)}
STREETS = [(11, [1, 2], "highway=residential"), (12, [3, 4], "highway=residential")]
JOINED = [*STREETS, (13, [2, 7, 4], "highway=footway")]
RIVER = (21, [5, 6], "waterway=river")
SPEEDS = (WalkProfile("adult", 1.25), WalkProfile("slow", 1.0, waits={"footbridge": 30.0}))


def read(tmp_path, ways, *, own=None, **options):
    path = write_osm(tmp_path / "toy.osm", nodes=NODES, ways=ways)
    lines = [] if own is None else [own]
    return read_network(path, cache=False, island_m=0, lines=lines, profiles=SPEEDS, **options)


def write_own(path, *rows, crs="EPSG:4326"):
    """Write own lines: (kind, shape) or (kind, shape, open)."""
    frame = gpd.GeoDataFrame(
        {"kind": [r[0] for r in rows], "open": [r[2] if len(r) > 2 else None for r in rows]},
        geometry=[r[1] for r in rows],
        crs="EPSG:4326",
    )
    frame.to_crs(crs).to_file(path)
    return path


def line(*points):
    return shapely.LineString([(x * D, y * D) for x, y in points])


@pytest.mark.parametrize(
    ("tags", "is_hard"),
    [
        ("waterway=river", True),
        ("waterway=canal", True),
        ("waterway=river,tunnel=culvert", False),
        ("waterway=stream", False),
        ("railway=rail", True),
        ("railway=rail,bridge=yes", False),
        ("railway=subway,tunnel=yes", False),
        ("highway=motorway", True),
        ("highway=trunk", True),
        ("highway=trunk,bridge=yes", False),
        ("barrier=city_wall", True),
        ("barrier=fence", False),
    ],
)
def test_the_next_street_on_the_own_side_is_taken_and_it_is_said(tmp_path, tags, is_hard):
    net = read(tmp_path, [*JOINED, (21, [5, 6], tags)], hard_borders=True)
    # 25 m south of the border, 45 m from the northern street, 55 m from the southern one.
    at = circle15.link(net, [2 * D], [0.55 * D])
    assert net.way_id[at.edge[0]] == (11 if is_hard else 12)
    assert at.access_m[0] == pytest.approx(55 if is_hard else 45, abs=0.1)
    assert at.fraction[0] == pytest.approx(0.5, abs=1e-3)
    assert at.skipped_border.tolist() == [is_hard]


def test_without_hard_borders_the_nearest_street_is_the_nearest(tmp_path):
    net = read(tmp_path, [*JOINED, RIVER])
    at = circle15.link(net, [2 * D], [0.55 * D])
    assert net.way_id[at.edge[0]] == 12
    assert not at.skipped_border.any()


def test_a_point_with_every_street_behind_the_river_stays_unlinked(tmp_path):
    net = read(tmp_path, [(12, [3, 4], "highway=residential"), RIVER], hard_borders=True)
    at = circle15.link(net, [2 * D, 2 * D], [0.55 * D, 0.9 * D])
    assert at.edge.tolist()[0] == -1
    assert math.isnan(at.access_m[0])
    assert at.skipped_border.tolist() == [True, False]
    assert at.take(np.array([1, 0])).skipped_border.tolist() == [False, True]


def test_no_leg_crosses_a_border_on_monaco_and_the_nearest_free_street_is_taken(monaco_pbf):
    net = read_network(monaco_pbf, hard_borders=True)
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(7.36, 7.46, 2500), rng.uniform(43.70, 43.77, 2500)
    at, free = circle15.link(net, lon, lat), circle15.link(read_network(monaco_pbf), lon, lat)
    linked = np.flatnonzero(at.edge >= 0)
    tail, head, f = net.tail[at.edge[linked]], net.head[at.edge[linked]], at.fraction[linked]
    places = [c[tail] + f * (c[head] - c[tail]) for c in (net.node_lon, net.node_lat)]
    legs = shapely.linestrings(np.stack([np.column_stack([lon, lat])[linked], np.column_stack(places)], axis=1))
    borders = shapely.STRtree(shapely.linestrings(net.report.hard_borders.reshape(-1, 2, 2)))
    assert not len(borders.query(legs, predicate="crosses")[0])
    assert at.skipped_border.any()
    same = ~at.skipped_border
    assert (at.edge[same] == free.edge[same]).all()
    moved = at.skipped_border & (at.edge >= 0)
    assert (at.access_m[moved] >= free.access_m[moved]).all()
    for i in np.flatnonzero(at.skipped_border)[:60]:
        assert at.edge[i] == nearest_free_edge(net, lon[i], lat[i]), f"point {i}"


def nearest_free_edge(net, lon, lat, limit_m=300.0):
    """Look at every edge, without any tree."""
    metres = np.radians(1) * 6_371_009.0
    scale = np.array([metres * np.cos(np.radians(lat)), metres])
    usable = np.flatnonzero(~net.is_island)
    a, b = (np.column_stack([net.node_lon[v[usable]], net.node_lat[v[usable]]]) for v in (net.tail, net.head))
    streets = shapely.linestrings(np.stack([(a - (lon, lat)) * scale, (b - (lon, lat)) * scale], axis=1))
    away = shapely.distance(streets, shapely.Point(0, 0))
    borders = shapely.MultiLineString([*net.report.hard_borders.reshape(-1, 2, 2)])
    for k in np.lexsort((usable, away.round(9))):
        if away[k] > limit_m:
            return -1
        f = shapely.line_locate_point(streets[k], shapely.Point(0, 0), normalized=True)
        if not shapely.crosses(shapely.LineString([(lon, lat), a[k] + f * (b[k] - a[k])]), borders):
            return usable[k]
    return -1


def seconds(net, profile="adult"):
    """Walk from the south-west to the north-west corner."""
    node = [int(np.hypot(net.node_lon - x, net.node_lat - y).argmin()) for x, y in ((0, 0), (0, D))]
    a, b = (circle15.link_nodes(net, [n]) for n in node)
    return circle15.nearest(net, a, b, profile=profile, cutoff_s=1e5).seconds[0]


@pytest.mark.parametrize("name", ["own.gpkg", "own.geojson", "own.shp"])
def test_a_footbridge_of_the_users_own_shortens_the_way_and_costs_its_wait_once(tmp_path, name):
    own = write_own(tmp_path / name, ("footbridge", line((0, 0), (0, 0.5), (0, 1))))
    net = read(tmp_path, JOINED, own=own)
    assert seconds(read(tmp_path, JOINED)) == pytest.approx(900 / 1.25, rel=1e-4)
    assert seconds(net) == pytest.approx(100 / 1.25, rel=1e-4)
    assert seconds(net, "slow") == pytest.approx(100 + 30, rel=1e-4)
    assert net.report.n_paths_added == 1
    assert net.report.path_ends_missed == ()


def test_own_lines_may_be_in_another_coordinate_system(tmp_path):
    own = write_own(tmp_path / "own.gpkg", ("path", line((0, 0), (0, 1))), crs="EPSG:3857")
    assert seconds(read(tmp_path, JOINED, own=own)) == pytest.approx(100 / 1.25, rel=1e-3)


def test_a_path_that_misses_by_some_metres_is_reported_with_the_gap(tmp_path):
    own = write_own(tmp_path / "own.geojson", ("path", line((0, 0.01), (0, 0.93))))
    net = read(tmp_path, JOINED, own=own)
    ((where, miss_m),) = net.report.path_ends_missed
    assert where == "own.geojson:1 end"
    assert miss_m == pytest.approx(7.0, abs=0.05)
    assert net.report.as_dict()["path_ends_missed"] == {where: miss_m}


def test_a_border_cuts_streets_on_the_ground_but_not_bridges_and_gates_open_it(tmp_path):
    wall = ("border", line((-1, 0.3), (5, 0.3)))
    gate = shapely.Point(4 * D, 0.3 * D)
    cases = [
        (JOINED, [wall], False, 1),
        ([*STREETS, (13, [2, 7, 4], "highway=footway,bridge=yes")], [wall], True, 0),
        (JOINED, [wall, ("gate", gate)], True, 0),
        (JOINED, [wall, ("gate", gate, "no")], False, 1),
        (JOINED, [wall, ("gate", shapely.Point(4 * D, 0.4 * D))], False, 1),
        (JOINED, [wall, ("path", line((4, 0.1), (4, 0.5)))], True, 1),
    ]
    for ways, rows, is_open, n_cut in cases:
        net = read(tmp_path, ways, own=write_own(tmp_path / "own.geojson", *rows))
        assert math.isnan(seconds(net)) != is_open, rows
        assert net.report.n_streets_cut == n_cut
        assert net.length_m.sum() >= 900 - 0.1


def test_a_walled_compound_is_a_border_all_round_and_access_legs_keep_out(tmp_path):
    compound = shapely.box(1 * D, 0.2 * D, 3 * D, 0.9 * D)
    gate = shapely.Point(2 * D, 0.2 * D)
    inner = write_own(tmp_path / "own.gpkg", ("border", compound), ("path", line((2, 0), (2, 0.6))), ("gate", gate))
    net = read(tmp_path, JOINED, own=inner, hard_borders=True)
    at = circle15.link(net, [1.5 * D, 1.5 * D], [0.8 * D, 0.95 * D])
    assert net.way_id[at.edge].tolist() == [-1, 12]
    assert at.skipped_border.tolist() == [True, False]


def test_a_street_that_crosses_two_borders_is_cut_into_three(tmp_path):
    walls = [("border", line((-1, y), (5, y))) for y in (0.6, 0.9, 0.3)]
    net = read(tmp_path, JOINED, own=write_own(tmp_path / "own.geojson", *walls))
    assert net.n_edges == 4 + 3
    assert net.report.n_streets_cut == 3
    assert len(set(net.component)) == 4
    assert sorted(net.length_m[net.way_id == 13].round()) == [10, 10, 20, 30, 30]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("bridge", line((0, 0), (0, 1)))], "kind is one of path, footbridge, underpass, border, gate"),
        ([("gate", line((0, 0), (0, 1)))], "a gate is a point"),
        ([("path", shapely.Point(0, 0))], "a path is a line"),
    ],
)
def test_own_lines_of_no_known_kind_or_form_are_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, JOINED, own=write_own(tmp_path / "own.geojson", *rows))


def test_own_lines_without_a_kind_or_a_file_are_refused(tmp_path):
    gpd.GeoDataFrame(geometry=[line((0, 0), (0, 1))], crs="EPSG:4326").to_file(tmp_path / "bare.geojson")
    with pytest.raises(MissingColumnError, match="column 'kind'"):
        read(tmp_path, JOINED, own=tmp_path / "bare.geojson")
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path, JOINED, own=tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("no vector file")
    with pytest.raises(InputError, match="the content is plain text"):
        read(tmp_path, JOINED, own=tmp_path / "text.gpkg")


@pytest.mark.parametrize(
    ("wall", "gate", "is_hard"),
    [
        ("barrier=wall", "barrier=gate,access=private", True),
        ("barrier=fence", "barrier=lift_gate", True),
        ("barrier=wall", "barrier=entrance", True),
        ("barrier=wall", "", False),  # no door of it is mapped
        ("barrier=wall", "barrier=wall", False),
        ("landuse=residential", "barrier=gate", False),
    ],
)
def test_a_wall_around_a_compound_whose_gate_is_mapped_is_a_hard_border(tmp_path, wall, gate, is_hard):
    # A compound of 200 m by 200 m whose inner street runs 10 m behind its eastern wall; outside a street 60 m east of it.
    nodes = {
        1: (0, 0),
        2: (2, 0),
        3: (2, 2),
        4: (0, 2),
        5: (1, 0, gate),
        6: (1, -1),
        7: (1, 1),
        8: (1.9, 1),
        9: (1.9, 1.8),
    }
    nodes |= {10: (2.6, -1), 11: (2.6, 3), 12: (1.9, 0.2)}
    nodes = {i: (x * D, y * D, *tags) for i, (x, y, *tags) in nodes.items()}
    ways = [(21, [1, 5, 2, 3, 4, 1], wall), (11, [6, 5, 7, 8], "highway=service"), (12, [12, 8, 9], "highway=service")]
    ways += [(13, [6, 10, 11], "highway=residential")]
    net = read_network(
        write_osm(tmp_path / "w.osm", nodes=nodes, ways=ways), cache=False, island_m=0, hard_borders=True
    )
    at = circle15.link(net, np.array([2.05, 1.95]) * D, np.array([1.0, 1.0]) * D)
    assert net.way_id[at.edge].tolist() == [13 if is_hard else 12, 12]
    assert at.skipped_border.tolist() == [is_hard, False]
