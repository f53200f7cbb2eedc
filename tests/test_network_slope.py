"""Slopes from a raster of heights: Tobler's function, flat ground, bridges, other systems, missing heights."""

import math

import numpy as np
import pytest
import rasterio
import rasterio.crs
from affine import Affine
from rasterio.warp import transform
from scipy.interpolate import RegularGridInterpolator

from circle15.errors import InputError
from circle15.network.build import read_network
from circle15.network.walking.profiles import WalkProfile
from circle15.network.walking.slope import tobler_factor
from circle15.units import EARTH_RADIUS_M, UNREACHED
from tests.toy_osm import write_osm

M_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M
HIKER = WalkProfile("hiker", 1.0, slope="tobler")
PLAIN = WalkProfile("plain", 1.0)
NODES = {1: (0.001, 0.0), 2: (0.002, 0.0), 3: (0.003, 0.0), 4: (0.004, 0.0), 5: (0.005, 0.0)}
CELL = 0.00025  # degrees, about 28 m


def write_raster(path, height, *, crs="EPSG:4326", nodata=None, west=-0.002, north=0.004, cell=CELL, shape=(32, 40)):
    """Write a raster whose cells hold ``height(x, y)`` at their middles."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    x, y = west + (columns + 0.5) * cell, north - (rows + 0.5) * cell
    values = np.broadcast_to(height(x, y), shape).astype(np.float32)
    options = {"driver": "GTiff", "height": shape[0], "width": shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(
        path, "w", crs=crs, transform=Affine(cell, 0, west, 0, -cell, north), nodata=nodata, **options
    ) as f:
        f.write(values, 1)
    return path


def ramp(slope):
    return lambda x, y: 100 + x * M_PER_DEGREE * slope + 0 * y


def read(tmp_path, ways, raster, *profiles, **options):
    path = write_osm(tmp_path / "toy.osm", nodes=NODES, ways=ways)
    return read_network(path, cache=False, profiles=profiles or (PLAIN, HIKER), elevation=raster, **options)


def test_tobler_is_his_formula_over_its_value_on_the_flat_and_never_above_it():
    slope = np.linspace(-0.6, 0.6, 121)
    own = np.minimum(np.exp(-3.5 * np.abs(slope + 0.05)) / np.exp(-3.5 * 0.05), 1.0)
    assert tobler_factor(slope) == pytest.approx(own, rel=1e-12)
    assert tobler_factor(0.0) == 1.0


@pytest.mark.parametrize("slope", [0.1, -0.1, 0.3])
def test_a_street_on_a_ramp_takes_toblers_time_up_and_another_down(tmp_path, slope):
    raster = write_raster(tmp_path / "dem.tif", ramp(slope))
    net = read(tmp_path, [(11, [1, 2], "highway=path")], raster, elevation_smooth_m=0.0)
    plain, hiker = net.walk_ms[:, :, 0].astype(float)
    assert hiker[0] / plain[0] == pytest.approx(1 / tobler_factor(slope), rel=1e-3)
    assert hiker[1] / plain[1] == pytest.approx(1 / tobler_factor(-slope), rel=1e-3)
    assert hiker[0] != hiker[1]


def test_flat_ground_changes_nothing_to_the_millisecond(monaco_pbf, tmp_path):
    raster = write_raster(
        tmp_path / "flat.tif", lambda x, y: 63.7 + 0 * (x + y), west=7.3, north=43.8, cell=0.001, shape=(120, 220)
    )
    profiles = (PLAIN, HIKER, WalkProfile("wheels", 0.8, slope="tobler", max_slope=0.01))
    flat = read_network(monaco_pbf, profiles=profiles, elevation=raster)
    without = read_network(monaco_pbf, profiles=profiles)
    assert flat.report.n_nodes_without_height == 0
    assert (flat.walk_ms == without.walk_ms).all()


def test_who_does_not_mind_slopes_pays_nothing_for_them(tmp_path):
    raster = write_raster(tmp_path / "dem.tif", ramp(0.3))
    net = read(tmp_path, [(11, [1, 2, 3], "highway=path")], raster, PLAIN)
    assert (net.walk_ms == read_network(tmp_path / "toy.osm", cache=False, profiles=(PLAIN,)).walk_ms).all()


def test_a_way_that_is_too_steep_is_closed_both_ways(tmp_path):
    wheels = WalkProfile("wheels", 1.0, max_slope=0.08)
    for slope, closed in ((0.07, False), (0.09, True), (-0.09, True)):
        raster = write_raster(tmp_path / "dem.tif", ramp(slope))
        net = read(tmp_path, [(11, [1, 2], "highway=path")], raster, wheels, elevation_smooth_m=0.0)
        assert (net.walk_ms[0, :, 0] == UNREACHED).tolist() == [closed, closed]


def valley(x, y):
    """A gorge of 80 m between 0.0015 and 0.0045 degrees."""
    return np.where((x > 0.0018) & (x < 0.0042), 20.0, 100.0) + 0 * y


@pytest.mark.parametrize("tags", ["bridge=yes", "tunnel=yes", "bridge=viaduct"])
def test_a_bridge_rises_evenly_whatever_the_ground_does(tmp_path, tags):
    raster = write_raster(tmp_path / "dem.tif", valley)
    ways = [(11, [1, 2], f"highway=path,{tags}"), (12, [2, 3, 4], f"highway=path,{tags}"),
            (13, [4, 5], f"highway=path,{tags}")]  # fmt: skip
    plain, hiker = read(tmp_path, ways, raster, elevation_smooth_m=0.0).walk_ms
    assert (plain == hiker).all()
    ground = [(i, refs, "highway=path") for i, refs, _ in ways]
    plain, hiker = read(tmp_path, ground, raster, elevation_smooth_m=0.0).walk_ms
    assert (hiker.sum(axis=1) > 1.5 * plain.sum(axis=1)).all()


def test_a_bridge_between_banks_of_different_height_has_their_mean_slope(tmp_path):
    def banks(x, y):
        return np.where(x < 0.0018, 100.0, np.where(x > 0.0042, 120.0, 0.0)) + 0 * y

    raster = write_raster(tmp_path / "dem.tif", banks)
    ways = [(11, [1, 2], "highway=path,bridge=yes"), (12, [2, 3, 4, 5], "highway=path,bridge=yes")]
    plain, hiker = read(tmp_path, ways, raster, elevation_smooth_m=0.0).walk_ms
    slope = 20 / (0.004 * M_PER_DEGREE)
    assert hiker[0] / plain[0] == pytest.approx(1 / tobler_factor(slope), rel=1e-3)


def test_smoothing_takes_away_noise_but_not_the_hill(tmp_path):
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 3, (32, 40))
    raster = write_raster(tmp_path / "dem.tif", lambda x, y: ramp(0.1)(x, y) + noise)
    ways = [(11, [1, 2, 3, 4, 5], "highway=path")]
    times = {s: read(tmp_path, ways, raster, HIKER, elevation_smooth_m=s).walk_ms[0, 0].sum() for s in (0.0, 60.0)}
    clean = write_raster(tmp_path / "clean.tif", ramp(0.1))
    expected = read(tmp_path, ways, clean, HIKER, elevation_smooth_m=0.0).walk_ms[0, 0].sum()
    assert abs(times[60.0] - expected) < abs(times[0.0] - expected)


def test_a_projected_raster_gives_the_same_as_a_geographic_one(tmp_path):
    def hills(lon, lat):
        return 50 * np.sin(np.asarray(lon) * 2000) + 40 * np.cos(np.asarray(lat) * 1500)

    def hills_projected(x, y):
        lon, lat = transform("EPSG:32631", "EPSG:4326", x.ravel() - 0.0, y.ravel())
        return hills(np.reshape(lon, x.shape), np.reshape(lat, x.shape))

    at = {i: (lon + 3.0, lat + 0.01) for i, (lon, lat) in NODES.items()}
    path = write_osm(tmp_path / "far.osm", nodes=at, ways=[(11, [1, 2, 3, 4, 5], "highway=path")])
    (x,), (y,) = transform("EPSG:4326", "EPSG:32631", [3.0], [0.01])
    utm = write_raster(tmp_path / "utm.tif", hills_projected, crs="EPSG:32631", west=x - 500, north=y + 500, cell=5.0,
                       shape=(300, 400))  # fmt: skip
    wgs = write_raster(tmp_path / "wgs.tif", hills, west=2.995, north=0.015, cell=5e-5, shape=(240, 300))
    a, b = (
        read_network(path, cache=False, profiles=(HIKER,), elevation=raster, elevation_smooth_m=0.0).walk_ms.astype(
            float
        )
        for raster in (utm, wgs)
    )
    assert a == pytest.approx(b, rel=0.02)


def test_heights_between_cells_are_those_of_scipys_interpolator(tmp_path):
    rng = np.random.default_rng(7)
    values = rng.uniform(0, 8, (32, 40)).astype(np.float32)
    raster = write_raster(tmp_path / "dem.tif", lambda x, y: values + 0 * (x + y))
    net = read(tmp_path, [(11, [1, 2], "highway=path")], raster, HIKER, elevation_smooth_m=0.0)
    x, y = -0.002 + (np.arange(40) + 0.5) * CELL, 0.004 - (np.arange(32) + 0.5) * CELL
    height = RegularGridInterpolator((y[::-1], x), values[::-1])
    n = math.ceil(net.length_m[0] / (CELL * M_PER_DEGREE))
    at = height(np.column_stack([np.zeros(n + 1), np.linspace(0.001, 0.002, n + 1)]))
    run = net.length_m[0] / n
    expected = sum(run / tobler_factor(rise / run) for rise in np.diff(at))
    assert net.walk_ms[0, 0, 0] == pytest.approx(1000 * expected, abs=2)


def test_places_without_a_height_are_level_and_counted(tmp_path):
    def partly(x, y):
        return np.where(x > 0.0033, -9999.0, ramp(0.2)(x, y))

    raster = write_raster(tmp_path / "dem.tif", partly, nodata=-9999.0)
    net = read(tmp_path, [(11, [1, 2], "highway=path"), (12, [4, 5], "highway=path")], raster, elevation_smooth_m=0.0)
    assert net.report.n_nodes_without_height == 2
    assert net.walk_ms[0, 0, 0] < net.walk_ms[1, 0, 0]
    assert (net.walk_ms[0, :, 1] == net.walk_ms[1, :, 1]).all()


def test_steps_take_their_direction_from_the_heights(tmp_path):
    stairs = WalkProfile("p", 1.0, stairs_up_m_s=0.4, stairs_down_m_s=0.5)
    raster = write_raster(tmp_path / "dem.tif", ramp(0.2))
    net = read(tmp_path, [(11, [1, 2], "highway=steps"), (12, [2, 3], "highway=steps,incline=down")], raster, stairs)
    there, back = net.walk_ms[0].astype(float) / (1000 * net.length_m)
    assert there == pytest.approx([2.5, 2.0], rel=1e-4)
    assert back == pytest.approx([2.0, 2.5], rel=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "none.tif", "no such file"),
        (lambda p: write_raster(p / "x.tif", ramp(0), crs=None), "states no coordinate reference system"),
        (lambda p: write_raster(p / "x.tif", ramp(0), west=50.0), "elsewhere"),
        (lambda p: write_raster(p / "x.tif", ramp(0), nodata=100.0), "no height anywhere"),
        (lambda p: write_osm(p / "x.tif"), "not a raster that GDAL can read"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_rasters_that_cannot_be_used_are_refused(tmp_path, make, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, [(11, [1, 2], "highway=path")], make(tmp_path))
