"""The detector names the system that facilities are really in, or says that the points do not tell."""

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from circle15.inputs.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.facilities import facilities_from_osm
from circle15.inputs.osm import read_features
from circle15.network.build import read_network
from circle15.network.crs_detector import FARTHEST_M, FEWEST_POINTS, detect_crs
from circle15.network.graph import WalkNetwork
from circle15.network.walking import WalkProfile

LAYERS = {
    "school": "amenity=school|kindergarten|library",
    "clinic": "amenity=hospital|clinic|pharmacy|doctors",
    "canteen": "amenity=restaurant|cafe|fast_food",
    "sport": "leisure=pitch|sports_centre|park",
    "shop": "shop!=no,shop",
}
EXTRACTS = {"nanjing_xuanwu": ("EPSG:4548", 39), "shenzhen_nanshan": ("EPSG:4547", 38)}


@pytest.fixture(scope="module", params=EXTRACTS)
def district(request, shared_data):
    """An extract's network and its own points of interest."""
    path = shared_data / "osm" / f"{request.param}.osm.pbf"
    frame = facilities_from_osm(read_features(path, LAYERS)).frame
    network = read_network(path, profiles=(WalkProfile(),), cache=False)
    return network, frame, *EXTRACTS[request.param]


def test_each_wrong_statement_is_named_rightly(district):
    network, frame, epsg, zone = district
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    east, north = Transformer.from_crs("EPSG:4326", epsg, always_xy=True).transform(lon, lat)
    cases = [
        (wgs84_to_bd09(lon, lat), "wgs84", "bd09"),
        (wgs84_to_gcj02(lon, lat), "bd09", "gcj02"),
        (wgs84_to_gcj02(lon, lat), "wgs84", "gcj02"),
        ((lon, lat), "gcj02", "wgs84"),
        ((lat, lon), "wgs84", "wgs84 (x/y swapped)"),
        (wgs84_to_gcj02(lon, lat)[::-1], "gcj02", "gcj02 (x/y swapped)"),
        ((east, north), "gcj02", epsg),
        ((north, east), "gcj02", f"{epsg} (x/y swapped)"),
        ((east + zone * 1e6, north), "gcj02", "cgcs2000"),
    ]
    for (x, y), stated, truth in cases:
        found = detect_crs(network, x, y, stated=stated)
        assert (found.best, found.is_sure, found.contradicts) == (truth, True, True)
        assert truth in found.message("en")
        assert truth in found.message("zh")


def test_a_right_statement_is_never_contradicted_by_whole_layers_or_samples(district):
    network, frame, _, _ = district
    rng = np.random.default_rng(3)
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    for forth, stated in (((lambda x, y: (x, y)), "wgs84"), (wgs84_to_gcj02, "gcj02"), (wgs84_to_bd09, "bd09")):
        for n in (len(lon), 40, 20, 10):
            some = rng.permutation(len(lon))[:n]
            found = detect_crs(network, *forth(lon[some], lat[some]), stated=stated)
            assert found.message("zh") is None, (stated, n)


def test_the_table_shows_every_hypothesis_and_the_district_share(district):
    network, frame, _, _ = district
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    area = shapely.box(lon.min() - 1e-6, lat.min() - 1e-6, lon.max() + 1e-6, lat.max() + 1e-6)
    table = detect_crs(network, *wgs84_to_gcj02(lon, lat), stated="wgs84", district=area).table
    assert len(table) == 6
    assert (table["crs"][0], table["share_in_district"][0], table["share_in_reach"][0]) == ("gcj02", 1.0, 1.0)
    assert table["confidence"].sum() == pytest.approx(1.0)
    assert table.loc[table["is_swapped"], "share_in_reach"].max() == 0
    assert table["is_stated"].sum() == 1


def test_the_same_points_get_the_same_answer_again(district):
    network, frame, _, _ = district
    some = frame.iloc[:30]
    first, second = (detect_crs(network, some["lon"], some["lat"], stated="gcj02").table for _ in range(2))
    assert first.equals(second)


@pytest.fixture(scope="module")
def grid():
    """A grid of streets 200 m apart around (121.5, 29.9)."""
    k = np.arange(21)
    lon = np.tile(121.49 + k * 0.002, 21)
    lat = np.repeat(29.88 + k * 0.0018, 21)
    node = np.arange(441).reshape(21, 21)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    return WalkNetwork.from_edges(lon, lat, tail, head, np.full(len(tail), 200.0))


def test_too_few_points_tell_nothing(grid):
    found = detect_crs(grid, [121.5] * (FEWEST_POINTS - 1), [29.9] * (FEWEST_POINTS - 1), stated="wgs84")
    assert (len(found.table), found.best, found.is_sure, found.message("zh")) == (0, None, False, None)


def test_missing_coordinates_are_passed_over_and_large_files_thinned(grid):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(121.5, 121.52, 5000), rng.uniform(29.89, 29.91, 5000)
    x[::2] = np.nan
    assert detect_crs(grid, x, y).n_points == 2000


def test_numbers_of_no_known_system_get_an_empty_answer(grid):
    found = detect_crs(grid, np.arange(20.0) + 1000, np.arange(20.0) + 50_000)
    assert found.best is None
    assert len(found.table) == 0


def test_points_of_another_city_have_no_best_system(grid):
    rng = np.random.default_rng(0)
    found = detect_crs(grid, rng.uniform(100, 100.1, 30), rng.uniform(30, 30.1, 30), stated="wgs84")
    assert found.best is None
    assert not found.contradicts
    assert np.isnan(found.table["median_m"]).all()
    assert FARTHEST_M > 0
