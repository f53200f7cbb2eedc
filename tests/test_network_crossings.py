"""Centrelines that cross without a common vertex: joined at grade where asked for, and told where people are cut off."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import circle15
from circle15.config.model import load_config
from circle15.doctor.check import check_config
from circle15.errors import InputError
from circle15.network.build import read_network
from circle15.network.parting import why_apart
from circle15.network.streets.crossings import find_crossings
from circle15.pipeline import run_district
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

D = 100 / (math.radians(1) * EARTH_RADIUS_M)


def write_lines(path, *lines, **columns):
    """Write lines in hundreds of metres around 0,0."""
    shapes = [shapely.LineString(np.array(points) * D) for points in lines]
    frame = gpd.GeoDataFrame({"name": [f"路{i}" for i in range(len(shapes))], **columns}, geometry=shapes, crs=4326)
    frame.to_file(path)
    return path


def joined(path, **options):
    return read_network(path, cache=False, island_m=0, **{"node_crossings": True, **options})


def n_parts(net):
    return int(net.component[net.tail].max()) + 1


@pytest.mark.parametrize("seed", range(4))
def test_some_edges_cross_the_others_where_all_edges_cross_each_other(seed):
    rng = np.random.default_rng(seed)
    lon, lat = rng.integers(0, 12, (2, 80)) * D  # on a grid, so that many touch
    tail, head = rng.integers(0, 80, (2, 60))
    edges, own = np.flatnonzero(tail != head), rng.random(60) < 0.3
    whole = find_crossings(lon, lat, tail, head, edges)
    between = own[whole.first] != own[whole.second]
    part = find_crossings(lon, lat, tail, head, edges, with_others=own[edges])

    def told(found, rows):
        return sorted(zip(found.first[rows], found.second[rows], *found.place[rows].T, strict=True))

    assert between.any()
    assert told(part, slice(None)) == told(whole, between)


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])
@pytest.mark.parametrize("seed", range(8))
def test_a_grid_of_whole_lines_becomes_the_grid_cut_at_its_crossings(tmp_path, suffix, seed):
    rng = np.random.default_rng(seed)
    xs, ys = (np.sort(rng.choice(np.arange(-9, 10), int(rng.integers(2, 6)), replace=False)) for _ in range(2))
    turn = rng.uniform(0, math.pi)
    spin = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    across = [[(x, ys[0] - 1), (x, ys[-1] + 1)] for x in xs]
    along = [[(xs[0] - 1, y), (xs[-1] + 1, y)] for y in ys]
    whole = [np.array(line) @ spin for line in (*across, *along)]
    path = write_lines(tmp_path / f"roads{suffix}", *whole)
    apart, net = read_network(path, cache=False, island_m=0), joined(path)
    assert (n_parts(apart), n_parts(net)) == (len(whole), 1)
    assert net.n_edges == len(xs) * (len(ys) + 1) + len(ys) * (len(xs) + 1)
    assert net.length_m.sum() == pytest.approx(apart.length_m.sum(), rel=1e-9)
    corners = [shapely.Point(np.array(p) @ spin * D) for p in ((xs[0], ys[0]), (xs[-1], ys[-1]))]
    here, there = (circle15.link(net, [p.x], [p.y]) for p in corners)
    walk = circle15.travel_times(net, here, there, profile="adult", cutoff_s=7200).seconds[0]
    assert walk * 1.25 == pytest.approx(100 * (xs[-1] - xs[0] + ys[-1] - ys[0]), abs=0.5)


def test_ends_that_touch_a_street_join_it_and_what_is_joined_stays_as_it_is(tmp_path):
    path = write_lines(tmp_path / "t.gpkg", [(-1, 0), (1, 0)], [(0.3, 0), (0.3, 2)], [(1, 0), (1, 1)])
    net = joined(path)
    assert (n_parts(net), net.n_edges) == (1, 4)
    again = joined(write_lines(tmp_path / "u.gpkg", [(-1, 0), (0, 0), (1, 0)], [(0, 0), (0, 2)]))
    assert again.n_edges == 3


def test_bridges_tunnels_and_other_layers_pass_over(tmp_path):
    cross = [[(-1, 0), (1, 0)], [(0, -1), (0, 1)]]
    for columns, n in (
        ({"bridge": [None, "yes"]}, 2),
        ({"tunnel": ["yes", None]}, 2),
        ({"layer": ["0", "1"]}, 2),
        ({"layer": ["0", None]}, 1),
        ({"bridge": ["no", None]}, 1),
    ):
        assert n_parts(joined(write_lines(tmp_path / "x.gpkg", *cross, **columns))) == n


def test_a_shut_gate_stays_shut_where_crossings_are_joined(tmp_path):
    nodes = {1: (0, 0), 2: (D, 0, "barrier=gate,access=no"), 3: (2 * D, 0), 4: (1.5 * D, -D), 5: (1.5 * D, D)}
    ways = [(11, [1, 2, 3], "highway=path"), (12, [4, 5], "highway=path")]
    net = joined(write_osm(tmp_path / "g.osm", nodes=nodes, ways=ways))
    assert n_parts(net) == 2
    assert (net.component[net.tail] == net.component[net.tail[net.way_id == 12][0]]).sum() == 4


@pytest.mark.parametrize(
    ("lines", "why", "n"),
    [
        ([[(0, 0), (9, 0)], [(5, -3), (5, 3)]], "crossing", 1),
        ([[(0, 0), (9, 0)], [(5, 0.08), (5, 3)]], "gap", 1),
        ([[(0, 0), (9, 0)], [(5, 1), (5, 3)]], "none", 0),
    ],
)
def test_it_is_told_why_streets_are_apart(tmp_path, lines, why, n):
    net = read_network(write_lines(tmp_path / "a.gpkg", *lines), cache=False, island_m=0)
    smaller = net.component[net.tail[np.argmin(net.length_m)]]
    found = why_apart(net, int(smaller))
    assert (found.why, found.n) == (why, n)
    if why != "none":
        assert (found.lon / D, found.lat / D) == (pytest.approx(5, abs=0.01), pytest.approx(0, abs=0.09))
    assert found.gap_m == pytest.approx(8 if why == "gap" else 0, abs=0.01)


def test_streets_behind_a_shut_gate_are_told_to_be(tmp_path):
    nodes = {1: (0, 0), 2: (D, 0, "barrier=gate,access=no"), 3: (9 * D, 0)}
    net = read_network(
        write_osm(tmp_path / "g.osm", nodes=nodes, ways=[(11, [1, 2, 3], "highway=path")]), cache=False, island_m=0
    )
    found = why_apart(net, int(net.component[net.tail[0]]))
    assert (found.why, found.n, found.lon) == ("gate", 1, pytest.approx(D, abs=1e-7))


def test_a_shapefile_without_lines_or_system_is_refused_by_name(tmp_path):
    path = write_lines(tmp_path / "roads.shp", [(0, 0), (1, 0)])
    (tmp_path / "roads.prj").unlink()
    with pytest.raises(InputError, match=r"roads\.shp.*coordinate reference system.*\.prj"):
        read_network(path, cache=False)
    gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326).to_file(tmp_path / "points.shp")
    with pytest.raises(InputError, match=r"points\.shp.*no lines, but Point"):
        read_network(tmp_path / "points.shp", cache=False)
    path.with_suffix(".shp").write_bytes(b"no shapefile")
    with pytest.raises(InputError, match=r"roads\.shp.*the content is plain text"):
        read_network(path, cache=False)


def street_town(tmp_path, **network):
    """Streets of 2 km every 200 m that cross without a vertex; a clinic at the middle, nine homes around it."""
    steps = range(-10, 11, 2)
    write_lines(tmp_path / "roads.shp", *[[(-10, y), (10, y)] for y in steps], *[[(x, -10), (x, 10)] for x in steps])
    homes = [(x * D, y * D, 100) for x in (-3, 1, 5) for y in (-4, 0, 4)]
    pd.DataFrame(homes, columns=["lon", "lat", "people"]).to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "clinics.csv").write_text("name,lon,lat\nA,0.00002,0.00001\n")
    more = "\n".join(f"{k} = {v}" for k, v in network.items())
    (tmp_path / "town.toml").write_text(
        f"""
[district]
id = "town"
name = "Town"
boundary = "box:{-9 * D},{-9 * D},{9 * D},{9 * D}"
lang = "en"
[network]
source = "roads.shp"
{more}
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = 11
[population]
source = "points"
path = "people.csv"
crs = "wgs84"
[[layer]]
id = "clinic"
name = "Clinic"
source = "clinics.csv"
crs = "wgs84"
minutes = 15
[outputs]
isochrones = "none"
"""
    )
    return load_config(tmp_path / "town.toml")


def test_people_whom_no_street_leads_to_a_near_facility_are_told_with_cause_and_remedy(tmp_path):
    config = street_town(tmp_path)
    run = run_district(config, out=tmp_path / "out")
    causes = run.result.tables["causes"]
    assert causes[["cause", "people"]].to_numpy().tolist() == [["cut_off", 600]]
    told = [w for w in run.result.warnings if "network.node_crossings = true" in w]
    assert [w[:51] for w in told] == ["300 people live on 2.0 km of street that no street "] * 2
    assert "to the nearby Clinic; crosses other streets in 11 places without a common node" in told[0]
    assert set(told) <= {w.en for w in check_config(config.path).warnings}
    reasons = run.result.tables["unlinked"].query("kind == 'cell'")["reason"]
    assert reasons.str.contains("without a common node").all()
    assert len(reasons) == 6


def test_asked_to_join_crossings_a_run_reaches_everybody(tmp_path):
    run = run_district(street_town(tmp_path, node_crossings="true"), out=tmp_path / "out")
    assert run.result.tables["coverage"]["covered_share"].tolist() == [1.0]
    assert not any("no street joins" in w for w in run.result.warnings)
