"""Entrances: gates, crossings, the nearest side; on a street grid that can be checked by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from circle15.inputs.facilities.facility_sources import combine_facilities, facilities_from_osm
from circle15.inputs.osm.features import read_features
from circle15.network.build import read_network
from circle15.network.graph import WalkNetwork
from circle15.network.linking import entrances
from circle15.network.linking.entrances import facility_entrances, read_gates
from circle15.network.linking.link import link
from circle15.network.walking.profiles import WalkProfile


@pytest.fixture(scope="module")
def cross():
    """Two streets that cross at (0.002, 0.002), 445 m long each; near the equator 0.001 degrees are 111 m."""
    lon, lat = [0.0, 0.002, 0.004, 0.002, 0.002], [0.002, 0.002, 0.002, 0.0, 0.004]
    return WalkNetwork.from_edges(lon, lat, [0, 1, 3, 1], [1, 2, 1, 4], [222.4] * 4)


def facilities(*shapes):
    points = [shapely.point_on_surface(s) for s in shapes]
    return gpd.GeoDataFrame(
        {"facility_id": [f"p-{i}" for i in range(len(shapes))], "layer": "p",
         "lon": [p.x for p in points], "lat": [p.y for p in points]},
        geometry=list(shapes), crs="EPSG:4326",
    )  # fmt: skip


def places(network, *shapes, **options):
    return facility_entrances(network, facilities(*shapes), **options)


def test_a_point_is_its_own_entrance(cross):
    found = places(cross, shapely.Point(0.001, 0.003))
    assert found.to_numpy().tolist() == [["p-0", "p", 0.001, 0.003]]


def test_a_park_is_entered_where_streets_cross_its_edge(cross):
    found = places(cross, shapely.box(0.001, 0.001, 0.003, 0.0035))
    assert set(zip(found["lon"].round(9), found["lat"].round(9), strict=True)) == {
        (0.001, 0.002), (0.003, 0.002), (0.002, 0.001), (0.002, 0.0035),
    }  # fmt: skip
    assert link(cross, found["lon"], found["lat"]).access_m.max() < 1e-6


def test_a_building_off_the_street_is_entered_at_the_side_nearest_to_it(cross):
    found = places(cross, shapely.box(0.0005, 0.0021, 0.0010, 0.0030))
    assert len(found) == 1
    assert found["lat"][0] == pytest.approx(0.0021)
    assert 0.0005 <= found["lon"][0] <= 0.0010


def test_a_gate_on_the_outline_counts_and_one_off_it_does_not(cross):
    park = shapely.box(0.0005, 0.0021, 0.0010, 0.0030)
    # The first is on the north side, a street away from the nearest edge; the second 11 m off the outline.
    found = places(cross, park, gates=[(0.0007, 0.0030), (0.0007, 0.0031)])
    assert found[["lon", "lat"]].to_numpy().tolist() == [[0.0007, 0.0030]]


def test_gates_and_crossings_both_count_and_neighbours_are_one(cross):
    park = shapely.box(0.001, 0.0015, 0.003, 0.0025)
    # 0.00001 degrees are 1.1 m: this gate and the crossing beside it are one entrance.
    found = places(cross, park, gates=[(0.001, 0.00201), (0.0015, 0.0025)])
    assert len(found) == 5


def test_a_street_along_the_edge_gives_its_ends(cross):
    found = places(cross, shapely.box(0.0, 0.002, 0.004, 0.003))
    lon = found.loc[found["lat"].round(6) == 0.002, "lon"].round(6).tolist()
    assert sorted(lon) == [0.0, 0.002, 0.004]


def test_holes_and_parts_are_edges_too(cross):
    ring = shapely.box(0.001, 0.001, 0.003, 0.003).difference(shapely.box(0.0015, 0.0015, 0.0025, 0.0025))
    assert len(places(cross, ring)) == 8
    parts = shapely.MultiPolygon(
        [shapely.box(0.0005, 0.0015, 0.001, 0.0025), shapely.box(0.003, 0.0015, 0.0035, 0.0025)]
    )
    assert len(places(cross, parts)) == 4


def test_islands_are_no_way_in():
    lon, lat = [0.0, 0.004, 0.0, 0.004], [0.0, 0.0, 0.002, 0.002]
    base = WalkNetwork.from_edges(lon, lat, [0, 2], [1, 3], [444.8, 444.8])
    cut = WalkNetwork(
        base.node_lon, base.node_lat, base.tail, base.head, base.length_m, base.profiles, base.walk_ms,
        is_island=np.array([False, True]),
    )  # fmt: skip
    found = places(cut, shapely.box(0.001, 0.001, 0.003, 0.0025))
    assert found["lat"].tolist() == [pytest.approx(0.001)]


def test_a_park_far_from_every_street_keeps_its_own_point(cross):
    park = shapely.box(0.5, 0.5, 0.501, 0.501)
    assert places(cross, park)[["lon", "lat"]].to_numpy().tolist() == [[pytest.approx(0.5005), pytest.approx(0.5005)]]


def test_nearest_means_metres_not_degrees():
    # At 60 degrees north a degree of longitude is half as long: 0.0012 east is 67 m, 0.0010 north is 111 m.
    lon, lat = [0.0022, 0.0022, 0.0, 0.001], [59.999, 60.003, 60.002, 60.002]
    net = WalkNetwork.from_edges(lon, lat, [0, 2], [1, 3], [444.8, 55.6])
    found = places(net, shapely.box(0.0, 60.0, 0.001, 60.001))
    assert found["lon"].tolist() == [pytest.approx(0.001)]


def test_the_order_of_facilities_is_kept_and_their_number_does_not_matter(cross):
    shapes = [
        shapely.box(0.001, 0.001, 0.003, 0.003),
        shapely.Point(0.1, 0.1),
        shapely.box(0.0005, 0.0021, 0.001, 0.003),
    ]
    together = places(cross, *shapes)
    assert together["facility_id"].tolist() == ["p-0"] * 4 + ["p-1", "p-2"]
    alone = [places(cross, s)[["lon", "lat"]] for s in shapes]
    pd.testing.assert_frame_equal(together[["lon", "lat"]], pd.concat(alone, ignore_index=True))


def test_nothing_gives_an_empty_table(cross):
    empty = places(cross).astype({"lon": float, "lat": float})
    assert list(empty.columns) == ["facility_id", "layer", "lon", "lat"]
    assert len(empty) == 0


def test_locked_and_private_gates_are_left_out(tmp_path):
    nodes = [
        'k="barrier" v="gate"', 'k="entrance" v="main"', 'k="entrance" v="emergency"', 'k="barrier" v="bollard"',
        'k="barrier" v="gate"/><tag k="access" v="private"', 'k="barrier" v="gate"/><tag k="locked" v="yes"',
        'k="barrier" v="gate"/><tag k="access" v="private"/><tag k="foot" v="yes"',
    ]  # fmt: skip
    text = "".join(
        f'<node id="{i}" version="1" lon="7.{i}" lat="43.7"><tag {t}/></node>' for i, t in enumerate(nodes, 1)
    )
    (tmp_path / "g.osm").write_text(f'<osm version="0.6">{text}</osm>')
    assert read_gates(tmp_path / "g.osm")[:, 0].tolist() == [7.1, 7.2, 7.7]


def test_on_the_shipped_extract_parks_are_reached_nearer_than_at_their_middle(monaco_pbf):
    network = read_network(monaco_pbf, profiles=(WalkProfile(),), cache=False)
    features = read_features(monaco_pbf, {"park": "leisure=park|garden"})
    parks = combine_facilities([facilities_from_osm(features)]).frame
    found = facility_entrances(network, parks, gates=read_gates(monaco_pbf))
    assert set(found["facility_id"]) == set(parks["facility_id"])
    at = link(network, found["lon"], found["lat"])
    nearest = pd.Series(at.access_m).groupby(found["facility_id"]).min().reindex(parks["facility_id"]).to_numpy()
    middle = link(network, parks["lon"], parks["lat"]).access_m
    assert (nearest <= middle + 0.01).all()
    assert np.median(nearest) < 0.01
    assert len(found) > 1.5 * len(parks)


def test_entrances_are_found_again_by_content_and_anew_where_streets_gates_or_an_outline_differ(
    cross, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    looked = []
    near = entrances.gates_on
    monkeypatch.setattr(entrances, "gates_on", lambda *found: looked.append(1) or near(*found))
    park, shop = shapely.box(0.001, 0.001, 0.003, 0.0035), shapely.Point(0.001, 0.003)
    first = places(cross, shop, park)
    pd.testing.assert_frame_equal(places(cross, shop, park), first)
    moved = places(cross, shapely.Point(0.0012, 0.003), park)  # a point is no reason to look anew
    assert (len(looked), moved["lon"][0]) == (1, 0.0012)
    pd.testing.assert_frame_equal(moved.iloc[1:], first.iloc[1:])
    shifted = WalkNetwork.from_edges(
        cross.node_lon, cross.node_lat + 1e-5, cross.tail, cross.head, np.full(cross.n_edges, 222.4)
    )
    for network, shape, gates in [
        (shifted, park, None),
        (cross, shapely.box(0.001, 0.001, 0.0031, 0.0035), None),
        (cross, park, [[0.0015, 0.001]]),
        (cross, park, [[0.0016, 0.001]]),
    ]:
        before = len(looked)
        found = places(network, shop, shape, gates=gates)
        assert len(looked) == before + 1
        assert not found.equals(first)
