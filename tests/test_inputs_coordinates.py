"""Coordinate systems: published pairs, round trips, and what lies outside."""

import numpy as np
import pytest

from circle15.errors import InputError
from circle15.inputs.coordinates.china_shift import is_shifted
from circle15.inputs.coordinates.systems import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    central_meridian_epsg,
    crs_caveat,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    parse_crs,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
    zone_epsg,
)

METRES_PER_DEGREE = 111_320.0

# Pairs published with other converters: (from, to), each lon, lat.
COORDTRANSFORM = [  # wandergis/coordtransform, test/app.js
    (wgs84_to_gcj02, (116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    (gcj02_to_bd09, (116.404, 39.915), (116.41036949371029, 39.92133699351021)),
]
GEOTOOL = [  # geotool (Rust), its command line tests; a radius of 6,378,137 m
    (wgs84_to_gcj02, (121.0917077, 30.6107779), (121.09626935575027, 30.608604331756705)),
    (wgs84_to_bd09, (121.0917077, 30.6107779), (121.10271732371203, 30.61484572185035)),
]
EVILTRANSFORM = [  # googollee/eviltransform, python/test.py; a radius of 6,378,137 m
    (wgs84_to_gcj02, (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    (wgs84_to_gcj02, (113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    (wgs84_to_gcj02, (116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]
INVERSE = {wgs84_to_gcj02: gcj02_to_wgs84, wgs84_to_bd09: bd09_to_wgs84, gcj02_to_bd09: bd09_to_gcj02}


def metres_between(a, b):
    lon, lat = np.asarray(a[0]) - b[0], np.asarray(a[1]) - b[1]
    return np.hypot(lon * np.cos(np.deg2rad(b[1])), lat) * METRES_PER_DEGREE


@pytest.mark.parametrize(("convert", "point", "expected"), COORDTRANSFORM)
def test_pairs_of_coordtransform_hold_to_a_micrometre(convert, point, expected):
    assert metres_between(convert(*point), expected) < 1e-6


@pytest.mark.parametrize(("convert", "point", "expected"), GEOTOOL + EVILTRANSFORM)
def test_pairs_of_converters_with_another_radius_hold_to_two_centimetres(convert, point, expected):
    assert metres_between(convert(*point), expected) < 0.02


@pytest.mark.parametrize(("convert", "point", "expected"), COORDTRANSFORM + GEOTOOL + EVILTRANSFORM)
def test_published_pairs_hold_backwards(convert, point, expected):
    assert metres_between(INVERSE[convert](*expected), point) < 0.02


@pytest.mark.parametrize(
    ("bd09", "wgs84"),
    [
        ((120.019809, 29.199786), (120.00877901149691, 29.196131605295484)),
        ((120.036455, 29.210504), (120.0253853970846, 29.206795749156136)),
    ],
)
def test_bd09_comes_back_where_a_published_one_step_inverse_is_tens_of_metres_off(bd09, wgs84):
    # googollee/eviltransform, python/test.py: its expected results do not lead back to where they came from.
    assert metres_between(bd09_to_wgs84(*bd09), wgs84) < 50
    assert metres_between(wgs84_to_bd09(*wgs84), bd09) > 5
    assert metres_between(wgs84_to_bd09(*bd09_to_wgs84(*bd09)), bd09) < 1e-3


@pytest.mark.parametrize("forth", INVERSE)
def test_a_hundred_thousand_points_over_china_come_back_within_a_centimetre(forth):
    lon, lat = points_where_it_is_shifted(100_000)
    if forth is gcj02_to_bd09:
        lon, lat = wgs84_to_gcj02(lon, lat)
    there = forth(lon, lat)
    assert np.median(metres_between(there, (lon, lat))) > 100
    assert metres_between(INVERSE[forth](*there), (lon, lat)).max() < 0.001


def points_where_it_is_shifted(n, seed=15):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(72.004, 137.8347, 8 * n), rng.uniform(0.8293, 55.8271, 8 * n)
    inside = np.flatnonzero(is_shifted(lon, lat))[:n]
    assert len(inside) == n
    return lon[inside], lat[inside]


@pytest.mark.parametrize("forth", INVERSE)
def test_places_at_the_edge_of_the_shift_come_back_too(forth):
    lon, lat = points_where_it_is_shifted(30_000)
    # Each is moved to where the shift ends: halving the way to a point that is never shifted.
    far = (np.full_like(lon, 140.0), np.full_like(lat, 10.0))
    a, b = (lon.copy(), lat.copy()), (far[0].copy(), far[1].copy())
    for _ in range(24):  # to a metre
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        inside = is_shifted(*middle)
        a = (np.where(inside, middle[0], a[0]), np.where(inside, middle[1], a[1]))
        b = (np.where(inside, b[0], middle[0]), np.where(inside, b[1], middle[1]))
    start = a if forth is not gcj02_to_bd09 else wgs84_to_gcj02(*a)
    there = forth(*start)
    assert metres_between(there, start).min() > 10
    assert metres_between(INVERSE[forth](*there), start).max() < 0.001


def test_the_three_systems_agree_wherever_it_is_shifted():
    lon, lat = points_where_it_is_shifted(20_000, seed=3)
    direct, by_two_steps = wgs84_to_bd09(lon, lat), gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    np.testing.assert_array_equal(direct, by_two_steps)


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ("Hanoi", 105.85, 21.03), ("Ulaanbaatar", 106.91, 47.92), ("Vladivostok", 131.89, 43.12),
        ("Taipei", 121.56, 25.04), ("Kaohsiung", 120.30, 22.63), ("Seoul", 126.98, 37.57), ("Tokyo", 139.69, 35.69),
        ("Kathmandu", 85.32, 27.71), ("Yangon", 96.16, 16.84), ("Almaty", 76.93, 43.25), ("Manila", 120.98, 14.60),
        ("Delhi", 77.21, 28.61), ("Pyongyang", 125.75, 39.03), ("Vientiane", 102.60, 17.97),
    ],
)  # fmt: skip
def test_towns_of_other_map_data_are_not_shifted(place, lon, lat):
    for convert in [*INVERSE, *INVERSE.values()]:
        assert convert(lon, lat) == (lon, lat), place


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        # The far ends of the mainland, towns on its borders, islands, Hong Kong and Macau.
        (124.39, 40.13), (126.19, 41.12), (130.36, 42.86), (131.15, 44.40), (134.29, 48.36), (127.50, 50.25),
        (122.54, 52.97), (117.43, 49.60), (111.98, 43.65), (87.00, 47.70), (80.42, 44.21), (75.24, 39.71),
        (79.70, 33.38), (88.90, 27.49), (97.85, 24.01), (101.56, 21.47), (103.96, 22.51), (107.97, 21.54),
        (109.51, 18.25), (122.20, 30.00), (119.79, 25.50), (118.09, 24.45), (114.17, 22.28), (113.55, 22.19),
        (114.06, 22.54), (114.11, 22.53),
    ],
)  # fmt: skip
def test_towns_at_the_ends_of_china_are_shifted(lon, lat):
    assert 30 < metres_between(wgs84_to_gcj02(lon, lat), (lon, lat)) < 900
    assert metres_between(wgs84_to_bd09(lon, lat), (lon, lat)) > 300


@pytest.mark.parametrize("convert", [*INVERSE, *INVERSE.values()])
def test_points_outside_china_are_unchanged(convert):
    lon = np.array([7.42, -51.2, 139.69, 180.0, -180.0, 151.2, 100.0, 71.9, np.inf])
    lat = np.array([43.73, -30.0, 35.69, 90.0, -90.0, -33.9, 56.0, 30.0, 30.0])
    there = convert(lon, lat)
    np.testing.assert_array_equal(there[0], lon)
    np.testing.assert_array_equal(there[1], lat)


def test_missing_values_stay_missing_beside_good_ones():
    lon, lat = wgs84_to_gcj02([np.nan, 121.0, 121.0], [30.0, np.nan, 30.0])
    assert np.isnan(lon[0])
    assert np.isnan(lat[1])
    assert lon[2] > 121.0


def test_any_shape_and_the_callers_arrays_are_left_alone():
    lon = np.full((2, 3), 121.5)
    lon.flags.writeable = False
    there = wgs84_to_bd09(lon, 31.2)
    assert there[0].shape == there[1].shape == (2, 3)
    assert np.all(lon == 121.5)
    assert wgs84_to_bd09([], [])[0].shape == (0,)
    assert np.ndim(wgs84_to_bd09(121.5, 31.2)[0]) == 0


def test_a_shift_is_the_half_kilometre_that_planners_see():
    # Districts of the plans: 江北 493 m, 吴兴 506 m, 玉环 546 m.
    for lon, lat, expected in [(121.555, 29.888, 493), (120.12, 30.86, 506), (121.23, 28.14, 546)]:
        assert metres_between(wgs84_to_gcj02(lon, lat), (lon, lat)) == pytest.approx(expected, abs=25)
        assert metres_between(wgs84_to_bd09(lon, lat), (lon, lat)) > 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wgs84", "wgs84"), ("WGS-84", "wgs84"), ("GCJ-02", "gcj02"), ("bd09", "bd09"), ("高德", "gcj02"),
        ("CGCS2000", "cgcs2000"),
        ("EPSG:4547", "EPSG:4547"), ("epsg:4326", "wgs84"), ("4490", "cgcs2000"), ("EPSG：4549", "EPSG:4549"),
    ],
)  # fmt: skip
def test_spellings_of_a_system_are_one(text, expected):
    assert parse_crs(text) == expected


@pytest.mark.parametrize("text", ["", "mars", "EPSG:1", "EPSG:999999", "gcj03"])
def test_unknown_systems_are_an_error_that_names_the_value(text):
    with pytest.raises(InputError, match="crs") as caught:
        parse_crs(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09", "cgcs2000"])
def test_each_named_system_leads_back_to_the_same_place(crs):
    forth = {
        "wgs84": lambda x, y: (x, y),
        "cgcs2000": lambda x, y: (x, y),
        "gcj02": wgs84_to_gcj02,
        "bd09": wgs84_to_bd09,
    }[crs]
    lon, lat = np.array([121.5, 118.78]), np.array([29.9, 32.05])
    assert metres_between(to_wgs84(*forth(lon, lat), crs), (lon, lat)).max() < 0.001


def test_gauss_krueger_meridians_and_zones_are_their_epsg_codes():
    # EPSG:4549 is CM 120E, zone 40 of three degrees (EPSG:4528) and zone 21 of six, CM 123E, is EPSG:4499.
    assert central_meridian_epsg(120.9, 3) == (120, "EPSG:4549")
    assert central_meridian_epsg(118.8, 6) == (117, "EPSG:4509")
    assert (zone_epsg(40), zone_epsg(21), zone_epsg(13), zone_epsg(45)) == (
        "EPSG:4528",
        "EPSG:4499",
        "EPSG:4491",
        "EPSG:4533",
    )
    assert zone_epsg(24) is zone_epsg(46) is zone_epsg(0) is None


def test_eastings_with_a_zone_in_front_need_no_epsg_code():
    plain = to_wgs84(450_000.0, 3_310_000.0, "EPSG:4549")
    zoned = to_wgs84([40_450_000.0, 121.5], [3_310_000.0, 29.9], "cgcs2000")
    assert metres_between((zoned[0][0], zoned[1][0]), plain) < 1e-3
    assert (zoned[0][1], zoned[1][1]) == (121.5, 29.9)
    assert plain[0] == pytest.approx(119.48, abs=0.01)


def test_numbers_that_a_system_cannot_hold_become_missing():
    for crs, x, y in [("wgs84", 121.5, 129.9), ("gcj02", 500_000.0, 3_000_000.0), ("cgcs2000", 500_000.0, 3_000_000.0)]:
        lon, lat = to_wgs84(x, y, crs)
        assert np.isnan(lon)
        assert np.isnan(lat)


def test_inexact_datums_are_said_so():
    assert "100 m" in crs_caveat("EPSG:2379")  # Xi'an 1980
    assert crs_caveat("EPSG:4549") is crs_caveat("gcj02") is crs_caveat("EPSG:32651") is None
