"""Outlines are measured by the displacement that fits best: laws on made cities, and what must never be claimed."""

import numpy as np
import pytest
import shapely

from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.ground.outline_systems import OutlineSource, Signature, signature_of, under_system
from circle15.network.detection.admin_lines import admin_lines
from circle15.network.detection.outline_detector import PointTable, detect_outlines
from circle15.network.detection.outline_fit import fit_lines, fit_points, slid_over

LON, LAT = 121.5, 29.9
FORTH = {"wgs84": lambda x, y: (x, y), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
NOTHING = np.empty(0, dtype=object)


def to_system(shapes, system):
    return shapely.transform(np.array(shapes), lambda p: np.column_stack(FORTH[system](p[:, 0], p[:, 1])))


def outline(key, shapes, system="wgs84", **options):
    """Give outlines of a file in `system` that is read as WGS-84."""
    given = {"text": f"{key}.geojson", "system": "wgs84", "stated": None, "is_shiftable": True, **options}
    return OutlineSource(key, geometry=to_system(shapes, system), **given)


@pytest.mark.parametrize(("around", "core"), [((9, 14), (4, 3)), ((20, 20), (20, 1)), ((31, 8), (1, 8))])
def test_a_pattern_is_slid_over_a_grid_as_the_plain_sums_have_it(around, core):
    rng = np.random.default_rng(0)
    a, c = rng.random(around), rng.random(core)
    windows = np.lib.stride_tricks.sliding_window_view(a, core)
    np.testing.assert_allclose(slid_over(a, c), (windows * c).sum(axis=(2, 3)), atol=1e-12)


def made_city(seed, n=5):
    """Give the units of a city, with borders as winding as rivers, some 4 km across."""
    rng = np.random.default_rng(seed)
    centres = shapely.MultiPoint(rng.uniform((LON, LAT), (LON + 0.04, LAT + 0.04), (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(centres))
    box = shapely.box(LON, LAT, LON + 0.04, LAT + 0.04)
    winding = [shapely.segmentize(shapely.intersection(c, box), 0.002) for c in cells]
    waves = rng.uniform(300, 900, 4)

    def wind(p):
        x, y = p[:, 0] - LON, p[:, 1] - LAT
        return p + 4e-4 * np.column_stack(
            [np.sin(waves[0] * y) + np.sin(waves[1] * x), np.cos(waves[2] * x + waves[3] * y)]
        )

    return shapely.transform(np.array(winding), wind)


def detect(*sources, borders=NOTHING, streets=NOTHING, tables=()):
    return detect_outlines(sources, borders=lambda: borders, streets=lambda: streets, tables=lambda: tables)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
def test_borders_of_the_extract_tell_the_system_whatever_it_was_read_as(seed, system):
    units = made_city(seed)
    borders = shapely.boundary(units[:3])  # the extract holds only some of them
    (found,) = detect(outline("units", units, system), borders=borders)
    assert (found.best, found.is_sure, found.contradicts) == (system, True, system != "wgs84")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance_m", [50, 150])
def test_simplified_outlines_are_never_said_to_be_in_another_system(seed, tolerance_m):
    units = made_city(seed)
    simple = shapely.simplify(units, tolerance_m / 111_000)
    (found,) = detect(outline("units", simple), borders=shapely.boundary(units))
    assert found.best in {"wgs84", None}
    assert not found.contradicts
    assert not found.is_doubted


@pytest.mark.parametrize("boundary", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("units", ["wgs84", "gcj02", "bd09"])
def test_two_outlines_in_different_systems_tell_both_of_them_and_two_in_one_neither(boundary, units):
    city = made_city(7)
    whole, parts = detect(outline("boundary", [shapely.union_all(city)], boundary), outline("units", city, units))
    if boundary == units:
        assert (whole.is_sure, parts.is_sure) == (False, False)
    else:
        assert (whole.best, whole.is_sure, parts.best, parts.is_sure) == (boundary, True, units, True)


def test_a_boundary_of_the_extract_is_certain_and_tells_of_the_units(tmp_path):
    city = made_city(3)
    certain = outline("boundary", [shapely.union_all(city)], is_shiftable=False, text="osm:admin_level=6")
    whole, parts = detect(certain, outline("units", city, "gcj02"))
    assert not whole.is_thinkable
    assert (parts.best, parts.is_sure, parts.contradicts) == ("gcj02", True, True)


def test_nothing_to_measure_against_is_said_and_no_system_is_claimed():
    (found,) = detect(outline("boundary", made_city(1)[:1], "gcj02"))
    assert found.best is None
    assert (found.is_sure, found.contradicts, found.is_doubted) == (False, False, False)


def test_unrelated_lines_tell_nothing():
    sure = 0
    for seed in range(12):
        other = shapely.transform(made_city(seed + 100), lambda p: p + np.array([0.013, -0.007]))
        (found,) = detect(outline("units", made_city(seed)), borders=shapely.boundary(other))
        sure += found.contradicts
    assert sure == 0


def test_a_city_of_square_blocks_alone_makes_nobody_sure():
    lines = [shapely.LineString([(LON + i * 0.001, LAT - 0.03), (LON + i * 0.001, LAT + 0.07)]) for i in range(-30, 70)]
    lines += [
        shapely.LineString([(LON - 0.03, LAT + i * 0.001), (LON + 0.07, LAT + i * 0.001)]) for i in range(-30, 70)
    ]
    (found,) = detect(
        outline("boundary", [shapely.box(LON, LAT, LON + 0.02, LAT + 0.015)], "gcj02"), streets=np.array(lines)
    )
    assert not found.is_sure


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
def test_a_district_s_own_table_tells_its_boundary_and_a_city_s_does_not(system):
    boundary = shapely.union_all(made_city(5))
    rng = np.random.default_rng(1)
    west, south, east, north = boundary.bounds
    points = rng.uniform((west, south), (east, north), (900, 2))
    own = points[shapely.contains_xy(boundary, *points.T)]
    (found,) = detect(outline("boundary", [boundary], system), tables=[PointTable("人口.csv", *own.T, is_stated=True)])
    assert (found.best, found.is_sure) == (system, True)
    city = rng.uniform((west - 0.1, south - 0.1), (east + 0.1, north + 0.1), (5000, 2))
    (found,) = detect(outline("boundary", [boundary], system), tables=[PointTable("全市.csv", *city.T, is_stated=True)])
    assert found.best is None


def test_a_table_whose_own_system_nobody_stated_makes_likely_but_not_sure():
    boundary = shapely.union_all(made_city(5))
    points = np.random.default_rng(1).uniform(boundary.bounds[:2], boundary.bounds[2:], (900, 2))
    own = points[shapely.contains_xy(boundary, *points.T)]
    (found,) = detect(outline("boundary", [boundary], "gcj02"), tables=[PointTable("人口", *own.T, is_stated=False)])
    assert (found.best, found.is_sure, found.is_doubted) == ("gcj02", False, True)


def test_places_that_name_their_street_tell_the_streets_system():
    city = made_city(6)
    rng = np.random.default_rng(2)
    points = rng.uniform((LON, LAT), (LON + 0.04, LAT + 0.04), (500, 2))
    lies_in = [next((i for i, unit in enumerate(city) if unit.contains(shapely.Point(p))), -1) for p in points]
    kept = np.array(lies_in) >= 0
    names = tuple(f"{'甲乙丙丁戊'[i]}街道" for i in range(5))
    table = PointTable("设施表", *points[kept].T, True, "units", tuple(names[i] + "办事处" for i in lies_in if i >= 0))
    (found,) = detect(outline("units", city, "gcj02", names=names), tables=[table])
    assert (found.best, found.is_sure) == ("gcj02", True)


def test_outside_china_there_is_nothing_to_tell_apart():
    square = shapely.box(7.41, 43.72, 7.43, 43.74)
    source = OutlineSource("boundary", "a.geojson", "wgs84", None, is_shiftable=True, geometry=np.array([square]))
    (found,) = detect(source, borders=np.array([square.boundary]))
    assert not found.is_thinkable


def test_the_stated_system_is_confirmed_by_what_contradicts_it_otherwise():
    units = made_city(2)
    (found,) = detect(outline("units", units, system="gcj02"), borders=shapely.boundary(units))
    read = under_system(found.source, "gcj02")
    stated = OutlineSource("units", "u.geojson", "gcj02", "gcj02", is_shiftable=True, geometry=read)
    (again,) = detect(stated, borders=shapely.boundary(units))
    assert (again.best, again.is_sure, again.contradicts) == ("gcj02", True, False)


@pytest.mark.parametrize(("east", "north"), [(0, 0), (460, -260), (-800, 900)])
def test_lines_are_found_where_they_were_moved_to(east, north):
    units = made_city(4)
    moved = shapely.transform(
        units, lambda p: p + np.array([east, north]) / (111_195 * np.cos(np.radians(LAT)), 111_195)
    )
    fit = fit_lines(moved, shapely.boundary(units), {"back": (-east, -north), "elsewhere": (1100.0, 1100.0)}, LAT)
    assert (fit.best, fit.is_strong) == ("back", True)
    assert fit.score["back"] > 0.8 > 2 * fit.score["elsewhere"]


@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_a_large_district_s_borders_are_told_by_the_few_that_the_extract_holds(seed):
    large = shapely.transform(made_city(seed, 9), lambda p: (p - (LON, LAT)) * 6 + (LON, LAT))
    extract = shapely.box(LON + 0.09, LAT + 0.09, LON + 0.13, LAT + 0.12)
    borders = shapely.intersection(shapely.boundary(large), extract)
    (found,) = detect(outline("units", large, "gcj02"), borders=borders[~shapely.is_empty(borders)])
    assert (found.best, found.contradicts) == ("gcj02", True)


def test_few_points_tell_nothing():
    square = np.array([shapely.box(LON, LAT, LON + 0.02, LAT + 0.02)])
    points = np.full((29, 2), (LON + 0.01, LAT + 0.01))
    fit = fit_points(square, points, np.zeros(29, dtype=np.int64), {"a": (0.0, 0.0), "b": (900.0, 900.0)}, LAT)
    assert fit.best is None


@pytest.mark.parametrize(
    ("columns", "file", "maker"),
    [
        (["adcode", "name", "childrenNum", "parent", "acroutes"], "330205.json", Signature("DataV", "gcj02")),
        (["citycode", "adcode", "name", "level"], "a.geojson", Signature("高德 Amap", "gcj02")),
        (["name"], "街道_gcj02.shp", Signature("gcj02", "gcj02")),
        (["name"], "百度街道.geojson", Signature("百度", "bd09")),
        (["name", "adcode", "level"], "streets.geojson", None),
    ],
)
def test_files_of_known_makers_are_known_by_their_shape(tmp_path, columns, file, maker):
    assert signature_of(columns, tmp_path / file) == maker


def test_borders_that_the_extract_holds_only_in_part_are_read(nanjing_like):
    lines = admin_lines(nanjing_like, shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1))
    assert sorted(len(shapely.get_coordinates(line)) for line in lines) == [2, 3]


@pytest.fixture
def nanjing_like(tmp_path):
    """Give an extract with one tagged border way, and a relation of which one member of two is there."""
    places = [(1, LON, LAT), (2, LON + 0.01, LAT), (3, LON + 0.02, LAT), (4, LON, LAT + 0.01), (5, LON, LAT + 0.02)]
    nodes = "".join(f'<node id="{i}" lon="{x}" lat="{y}" version="1"/>' for i, x, y in places)
    tag = '<tag k="boundary" v="administrative"/>'
    ways = f'<way id="1" version="1"><nd ref="1"/><nd ref="2"/>{tag}</way>'
    ways += '<way id="2" version="1"><nd ref="3"/><nd ref="4"/><nd ref="5"/></way>'
    ways += '<way id="3" version="1"><nd ref="1"/><nd ref="5"/><tag k="highway" v="path"/></way>'
    members = '<member type="way" ref="2" role="outer"/><member type="way" ref="99" role="outer"/>'
    relation = f'<relation id="1" version="1">{members}{tag}<tag k="type" v="boundary"/></relation>'
    path = tmp_path / "part.osm"
    path.write_text(f'<osm version="0.6">{nodes}{ways}{relation}</osm>', encoding="utf-8")
    return path
