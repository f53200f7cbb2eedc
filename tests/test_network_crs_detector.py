"""The detector names the system that facilities are really in, or says that the points do not tell."""

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.facilities.crs_signs import Sign, signs_of
from circle15.inputs.facilities.facility_sources import facilities_from_osm
from circle15.inputs.facilities.name_matches import KnownNames, name_sign, plain_name
from circle15.inputs.osm.features import read_features
from circle15.network.build import read_network
from circle15.network.detection.crs_detector import FARTHEST_M, FEWEST_POINTS, detect_crs
from circle15.network.detection.street_fit import StreetFit
from circle15.network.graph import WalkNetwork
from circle15.network.walking.profiles import WalkProfile
from circle15.said import Said
from tests.made_tables import M_LAT, M_LON, beside, elsewhere, uneven_town

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
        assert truth in found.message().en
        assert truth in found.message().zh


def test_a_right_statement_is_never_contradicted_by_whole_layers_or_samples(district):
    network, frame, _, _ = district
    rng = np.random.default_rng(3)
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    for forth, stated in (((lambda x, y: (x, y)), "wgs84"), (wgs84_to_gcj02, "gcj02"), (wgs84_to_bd09, "bd09")):
        for n in (len(lon), 40, 20, 10):
            some = rng.permutation(len(lon))[:n]
            found = detect_crs(network, *forth(lon[some], lat[some]), stated=stated)
            assert found.message() is None, (stated, n)


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
    assert (len(found.table), found.best, found.is_sure, found.message()) == (0, None, False, None)


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


FORTH = {"wgs84": lambda x, y: (x, y), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


@pytest.fixture(scope="module")
def town():
    """An uneven town of 4 km by 4 km, and its streets as rasters."""
    network = uneven_town()
    fit = StreetFit.of(network, float(np.median(network.node_lon)), float(np.median(network.node_lat)))
    return network, lambda: fit


def test_what_it_is_sure_of_is_right_however_few_points_lie_inside_and_however_rough_they_are(town):
    network, fit = town
    rng = np.random.default_rng(4)
    sure, wrong = 0, []
    for _ in range(80):
        n, share, noise = int(np.exp(rng.uniform(2.1, 6.5))), rng.choice([0, 0.3, 0.8, 0.95]), rng.choice([0, 20, 60])
        n_inside = round(n * (1 - share))
        inside, out = beside(network, n_inside, rng, noise_m=noise), elsewhere(n - n_inside, rng)
        truth = str(rng.choice(list(FORTH)))
        x, y = FORTH[truth](np.append(inside[0], out[0]), np.append(inside[1], out[1]))
        told = detect_crs(network, x, y, fit=fit)
        sure += told.is_sure
        if told.is_sure and told.best != truth:
            wrong.append((n, share, noise, truth, told.best))
    assert not wrong
    assert sure >= 20


def test_a_whole_table_of_its_own_district_is_told(town):
    network, fit = town
    rng = np.random.default_rng(5)
    for truth, forth in FORTH.items():
        for n in (40, 200):
            told = detect_crs(network, *forth(*beside(network, n, rng)), fit=fit)
            assert (told.best, told.is_sure) == (truth, True)


def test_points_beyond_the_streets_change_nothing(town):
    network, fit = town
    rng = np.random.default_rng(6)
    inside, out = beside(network, 60, rng), elsewhere(600, rng)
    alone = detect_crs(network, *wgs84_to_gcj02(*inside), fit=fit).table.set_index(["crs", "is_swapped"])
    together = detect_crs(
        network, *wgs84_to_gcj02(np.append(inside[0], out[0]), np.append(inside[1], out[1])), fit=fit
    ).table.set_index(["crs", "is_swapped"])
    assert together["evidence"].idxmax() == ("gcj02", False)
    # What lies outside under the right system tells nothing for or against it.
    assert together.loc[("gcj02", False), "n_among_streets"] == alone.loc[("gcj02", False), "n_among_streets"]
    assert together.loc[("gcj02", False), "fit"] == pytest.approx(alone.loc[("gcj02", False), "fit"])


def test_places_that_keep_to_no_street_are_hardly_ever_taken_for_anything(town):
    network, fit = town
    rng = np.random.default_rng(7)
    told = [
        detect_crs(network, rng.uniform(120.485, 120.515, 60), rng.uniform(29.485, 29.51, 60), fit=fit)
        for _ in range(60)
    ]
    assert sum(t.is_sure for t in told) <= 1


def test_many_places_of_one_compound_are_one_witness(town):
    network, fit = town
    rng = np.random.default_rng(8)
    for _ in range(30):
        x, y = beside(network, 1, rng)
        many = (x + rng.uniform(-60, 60, 300) / M_LON, y + rng.uniform(-60, 60, 300) / M_LAT)
        assert not detect_crs(network, *wgs84_to_gcj02(*many), fit=fit).is_sure


def test_repeating_every_row_makes_nothing_surer(town):
    network, fit = town
    x, y = wgs84_to_gcj02(*beside(network, 25, np.random.default_rng(9)))
    once, ten = (detect_crs(network, np.tile(x, k), np.tile(y, k), fit=fit).table for k in (1, 10))
    assert ten["evidence"].max() <= once["evidence"].max() * 1.25


def test_where_nothing_is_shifted_all_systems_are_one():
    lon = 7.42 + np.tile(np.arange(21) * 0.002, 21)
    lat = 43.73 + np.repeat(np.arange(21) * 0.0018, 21)
    node = np.arange(441).reshape(21, 21)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    network = WalkNetwork.from_edges(lon, lat, tail, head, np.full(len(tail), 180.0))
    told = detect_crs(network, lon[:50], lat[:50], stated="gcj02")
    assert (told.best, told.contradicts, told.message()) == ("gcj02", False, None)


def test_a_sign_tips_what_streets_leave_open_and_does_not_outweigh_them(town):
    network, fit = town
    x, y = beside(network, 200, np.random.default_rng(10))
    amap = (Sign({"gcj02": 2.5}, Said("高德", "Amap")),)
    assert detect_crs(network, x, y, signs=amap, fit=fit).best == "wgs84"
    few = detect_crs(network, x[:9], y[:9] + 0.2, signs=amap, fit=fit)
    assert not few.is_sure


@pytest.mark.parametrize(
    ("headings", "columns", "system"),
    [
        (["name", "type", "address", "lng", "lat"], {"type": ["公共设施;公共厕所;公共厕所"] * 3}, "gcj02"),
        (["name", "location", "pname", "cityname", "adname"], {}, "gcj02"),
        (["title", "ad_info.adcode", "location.lat", "location.lng"], {}, "gcj02"),
        (["name", "uid", "detail", "location.lat"], {}, "bd09"),
        (["名称", "bd_lng", "bd_lat"], {}, "bd09"),
        (["名称", "类型", "经度", "纬度"], {"类型": ["公办", "民办"]}, None),
        (["name", "type", "lon", "lat"], {"type": ["clinic", "hospital"]}, None),
    ],
)
def test_the_marks_of_map_services_are_known(headings, columns, system):
    found = signs_of(headings, columns)
    assert ([next(iter(s.nats)) for s in found] or [None]) == [system]


def test_names_that_stand_in_the_extract_tell_the_system():
    rng = np.random.default_rng(11)
    lon, lat = rng.uniform(120.49, 120.52, 6), rng.uniform(29.49, 29.52, 6)
    names = [f"实验小学（{k}校区）" for k in "东西南北中新"]
    known = KnownNames({plain_name(n): [(a, b)] for n, a, b in zip(names, lon, lat, strict=True)})
    for truth, forth in FORTH.items():
        x, y = forth(lon + rng.normal(0, 30, 6) / M_LON, lat + rng.normal(0, 30, 6) / M_LAT)
        sign = name_sign([n.replace("（", " (").replace("）", ") ") for n in names], x, y, known)
        others = [v for s, v in sign.nats.items() if s != truth]
        assert sign.nats[truth] - max(others) > 6
        assert truth in sign.words.zh
    assert name_sign(["别的学校"] * 6, lon, lat, known) is None


def test_a_chain_s_name_tells_nothing():
    known = KnownNames({plain_name("肯德基"): [(120.5 + k / 100, 29.5) for k in range(5)]})
    assert name_sign(["肯德基"], np.array([120.5]), np.array([29.5]), known) is None
