"""Rasters of people: nothing lost, nothing made up, whatever the CRS, the tiles and the memory."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.warp
import shapely

from circle15.errors import InputError, MissingFileError
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.people import rasters
from circle15.inputs.people.rasters import sum_rasters

LON, LAT = 121.50, 29.90
PIXEL = 0.001


def from_origin(west, north, width, height):
    return rasterio.Affine(width, 0, west, 0, -height, north)


def write(path, values, *, crs="EPSG:4326", transform=None, nodata=None, dtype="float64"):
    height, width = values.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": dtype, "crs": crs}
    with rasterio.open(
        path, "w", **profile, transform=transform or from_origin(LON, LAT, PIXEL, PIXEL), nodata=nodata
    ) as f:
        f.write(values.astype(dtype), 1)
    return path


def square(west, south, east, north):
    return gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shapely.box(west, south, east, north)], crs="EPSG:4326")


def h3_pieces(resolution=10):
    """Two units that share a slanted border, inside a raster of 40 x 40 pixels, cut into cells."""
    west, north = LON + 5.3 * PIXEL, LAT - 4.7 * PIXEL
    ring = [(0, 0), (28.9, -1.2), (31.1, -27.3), (-1.4, -29.8)]
    whole = shapely.Polygon([(west + x * PIXEL, north + y * PIXEL) for x, y in ring])
    left = shapely.Polygon(
        [(west - 1, north + 1), (west + 0.013, north + 1), (west + 0.017, north - 1), (west - 1, north - 1)]
    )
    units = gpd.GeoDataFrame(
        {"unit_id": ["a", "b"]}, geometry=[whole.intersection(left), whole.difference(left)], crs="EPSG:4326"
    )
    return units, cut_cells(units, resolution).pieces


@pytest.fixture
def people():
    return np.random.default_rng(3).random((40, 40)) * 90


def test_a_piece_takes_the_share_of_each_pixel_that_it_covers(tmp_path):
    path = write(tmp_path / "p.tif", np.array([[8.0, 4.0], [2.0, 1.0]]))
    half = square(LON, LAT - PIXEL, LON + 1.5 * PIXEL, LAT)
    assert sum_rasters([path], half).people == pytest.approx([8 + 2], rel=1e-9)


@pytest.mark.parametrize("resolution", [9, 10, 11])
def test_pieces_of_cells_sum_to_the_districts_polygon_and_units_to_theirs(tmp_path, people, resolution):
    path = write(tmp_path / "p.tif", people)
    units, pieces = h3_pieces(resolution)
    by_piece = sum_rasters([path], pieces).people
    whole = gpd.GeoDataFrame(geometry=[units.union_all()], crs="EPSG:4326")
    assert by_piece.sum() == pytest.approx(sum_rasters([path], whole).people[0], rel=1e-6)
    by_unit = np.bincount(pieces["unit_id"].map({"a": 0, "b": 1}), weights=by_piece)
    np.testing.assert_allclose(by_unit, sum_rasters([path], units).people, rtol=1e-6)


def test_in_a_projected_raster_too_nothing_is_lost_between_pieces(tmp_path):
    values = np.random.default_rng(5).random((60, 60)) * 50
    path = write(tmp_path / "moll.tif", values, crs="ESRI:54009", transform=mollweide_grid(60))
    units, pieces = h3_pieces()
    whole = gpd.GeoDataFrame(geometry=[units.union_all()], crs="EPSG:4326")
    assert sum_rasters([path], pieces).people.sum() == pytest.approx(sum_rasters([path], whole).people[0], rel=1e-6)


def mollweide_grid(n):
    x, y = rasterio.warp.transform("EPSG:4326", "ESRI:54009", [LON + 0.02], [LAT - 0.02])
    return from_origin(x[0] - n * 50, y[0] + n * 50, 100, 100)


def density(lon, lat):
    """People per square degree: a smooth hill in the district."""
    return 1e7 * (1 + np.sin((lon - LON) * 150) * np.cos((lat - LAT) * 130))


def test_another_crs_gives_the_same_people_within_half_a_percent(tmp_path):
    _units, pieces = h3_pieces()
    edges = np.arange(401) * PIXEL / 10
    lon, lat = np.meshgrid(LON + edges[:-1] + PIXEL / 20, LAT - edges[:-1] - PIXEL / 20)
    fine = density(lon, lat) * (PIXEL / 10) ** 2
    degrees = write(tmp_path / "deg.tif", fine.reshape(40, 10, 40, 10).sum(axis=(1, 3)))
    # The same hill as persons per 100 m pixel in Mollweide, summed from 10 m points.
    transform = mollweide_grid(60)
    x = transform.c + (np.arange(600) + 0.5) * 10
    y = transform.f - (np.arange(600) + 0.5) * 10
    at_x, at_y = (a.ravel() for a in np.meshgrid(x, y))
    at_lon, at_lat = (np.array(a) for a in rasterio.warp.transform("ESRI:54009", "EPSG:4326", at_x, at_y))
    east, _ = (np.array(a) for a in rasterio.warp.transform("ESRI:54009", "EPSG:4326", at_x + 1, at_y))
    _, north = (np.array(a) for a in rasterio.warp.transform("ESRI:54009", "EPSG:4326", at_x, at_y + 1))
    # Square degrees per square metre of the grid, from the derivative of the projection.
    up_lon, _ = (np.array(a) for a in rasterio.warp.transform("ESRI:54009", "EPSG:4326", at_x, at_y + 1))
    right_lat = np.array(rasterio.warp.transform("ESRI:54009", "EPSG:4326", at_x + 1, at_y)[1])
    degrees_per_m2 = np.abs((east - at_lon) * (north - at_lat) - (up_lon - at_lon) * (right_lat - at_lat))
    per_point = density(at_lon, at_lat) * degrees_per_m2 * 100
    metric = write(
        tmp_path / "moll.tif", per_point.reshape(60, 10, 60, 10).sum(axis=(1, 3)), crs="ESRI:54009", transform=transform
    )
    one, other = sum_rasters([degrees], pieces).people, sum_rasters([metric], pieces).people
    assert other.sum() == pytest.approx(one.sum(), rel=5e-3)
    unit = pieces["unit_id"].map({"a": 0, "b": 1})
    np.testing.assert_allclose(np.bincount(unit, other), np.bincount(unit, one), rtol=5e-3)


def test_nodata_negative_and_infinite_values_are_never_people(tmp_path):
    values = np.array([[10.0, -200.0], [np.inf, -7.0]])
    found = sum_rasters(
        [write(tmp_path / "p.tif", values, nodata=-200)], square(LON, LAT - 2 * PIXEL, LON + 2 * PIXEL, LAT)
    )
    assert found.people == pytest.approx([10])
    assert (found.n_nodata, found.n_negative, found.n_pixels) == (2, 1, 1)


def test_a_raster_ten_times_larger_than_a_window_is_summed_by_windows(tmp_path, people, monkeypatch):
    path = write(tmp_path / "p.tif", people)
    _, pieces = h3_pieces()
    whole = sum_rasters([path], pieces)
    read = []
    original = rasters._known_values

    def counted(raster, window, *args):
        read.append(window.width * window.height)
        return original(raster, window, *args)

    monkeypatch.setattr(rasters, "_known_values", counted)
    by_window = sum_rasters([path], pieces, max_pixels=people.size // 10)
    assert max(read) <= people.size // 10
    assert len(read) >= 8
    np.testing.assert_allclose(by_window.people, whole.people, rtol=1e-12)
    assert by_window.n_pixels == whole.n_pixels


def test_tiles_sum_to_the_raster_that_they_were_cut_from(tmp_path, people):
    _, pieces = h3_pieces()
    whole = sum_rasters([write(tmp_path / "whole.tif", people)], pieces)
    left = write(tmp_path / "left.tif", people[:, :17])
    right = write(tmp_path / "right.tif", people[:, 17:], transform=from_origin(LON + 17 * PIXEL, LAT, PIXEL, PIXEL))
    far = write(tmp_path / "far.tif", people, transform=from_origin(LON + 5, LAT, PIXEL, PIXEL))
    np.testing.assert_allclose(sum_rasters([left, right, far], pieces).people, whole.people, rtol=1e-9)


def test_tiles_that_overlap_are_refused(tmp_path, people):
    _, pieces = h3_pieces()
    tiles = [write(tmp_path / "a.tif", people), write(tmp_path / "b.tif", people)]
    with pytest.raises(InputError, match=r"a\.tif: overlaps b\.tif in the district, so people would count twice"):
        sum_rasters(tiles, pieces)


def test_a_raster_that_misses_the_district_says_where_both_are(tmp_path, people):
    path = write(tmp_path / "far.tif", people, transform=from_origin(10, 50, PIXEL, PIXEL))
    with pytest.raises(
        InputError, match=r"far\.tif: the raster misses the district \(121\.\d+.*it spans 10\.0000,49\.9600"
    ):
        sum_rasters([path], h3_pieces()[1])


def test_a_raster_that_holds_part_of_the_district_says_how_much(tmp_path):
    path = write(tmp_path / "p.tif", np.ones((4, 2)))
    found = sum_rasters([path], square(LON, LAT - 4 * PIXEL, LON + 4 * PIXEL, LAT))
    assert found.covered_share == pytest.approx(0.5)
    assert found.people == pytest.approx([8])


def test_a_raster_without_crs_needs_one_and_takes_the_configs(tmp_path, people):
    path = write(tmp_path / "p.tif", people, crs=None)
    _, pieces = h3_pieces()
    with pytest.raises(InputError, match=r"states no CRS; name it with population\.crs"):
        sum_rasters([path], pieces)
    assert sum_rasters([path], pieces, crs="EPSG:4326").people.sum() > 0


def test_a_missing_file_and_a_file_that_is_no_raster_are_named(tmp_path):
    _, pieces = h3_pieces()
    with pytest.raises(MissingFileError, match=r"gone\.tif: no such population raster"):
        sum_rasters([tmp_path / "gone.tif"], pieces)
    (tmp_path / "text.tif").write_text("people")
    with pytest.raises(InputError, match=r"text\.tif: not a raster that GDAL can read"):
        sum_rasters([tmp_path / "text.tif"], pieces)
