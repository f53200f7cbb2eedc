"""Values of rasters that no place on earth has, pictures, and bands: refused or told with value, file and place."""

from dataclasses import astuple

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.enums import ColorInterp

from circle15.errors import InputError
from circle15.inputs.people.rasters import sum_rasters

LON, LAT, N = 118.8, 32.0, 30


def write(path, bands, *, dtype="float32", pixel=0.001, nodata=None, descriptions=(), colours=None, scale=None):
    bands = np.atleast_3d(bands) if np.ndim(bands) == 3 else np.asarray(bands)[None]
    with rasterio.open(
        path, "w", driver="GTiff", height=bands.shape[1], width=bands.shape[2], count=len(bands), dtype=dtype,
        crs="EPSG:4326", transform=rasterio.Affine(pixel, 0, LON, 0, -pixel, LAT), nodata=nodata,
    ) as f:  # fmt: skip
        f.write(bands.astype(dtype))
        for i, text in enumerate(descriptions, start=1):
            f.set_band_description(i, text)
        if colours is not None:
            f.colorinterp = colours
        if scale is not None:
            f.scales = [scale] * len(bands)
    return path


def district(pixel=0.001, n=N):
    side = pixel * n
    return gpd.GeoDataFrame(
        {"unit_id": ["a"]}, geometry=[shapely.box(LON, LAT - side, LON + side, LAT)], crs="EPSG:4326"
    )


def people(seed=0):
    return np.random.default_rng(seed).gamma(0.6, 40, (N, N)).round(2)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (65535, "uint16"), (65535, "float32"), (65534, "uint16"), (32767, "int16"), (2147483647, "int32"),
        (4294967295, "uint32"), (99999, "float64"), (1e20, "float32"), (3.4028234663852886e38, "float32"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", [1, 2])
def test_an_unmarked_value_for_no_data_is_refused_with_value_place_and_remedy(tmp_path, value, dtype, seed):
    values = people(seed)
    rng = np.random.default_rng(seed)
    lost = rng.choice(N * N, 20, replace=False)
    values.flat[lost] = value
    path = write(tmp_path / "p.tif", values, dtype=dtype)
    with pytest.raises(InputError) as e:
        sum_rasters([path], district())
    (problem,) = e.value.problems
    _, column = divmod(int(lost.min()), N)
    assert (problem.file, problem.key) == ("p.tif", "population.nodata")
    assert f"20 pixels of the district (the first at {LON + (column + 0.5) * 0.001:.5f}," in str(problem)
    assert float(str(problem.value)) == pytest.approx(value, rel=1e-5)
    # What it tells to write gives the others' people, whether in the config or in the file.
    others = np.asarray(values).astype(dtype).astype(float)
    others.flat[lost] = 0
    stated = sum_rasters([path], district(), nodata=value)
    assert stated.people.sum() == pytest.approx(others.sum())
    marked = sum_rasters([write(tmp_path / "m.tif", values, dtype=dtype, nodata=value)], district())
    assert marked.people.sum() == pytest.approx(others.sum())
    assert stated.notes == marked.notes == ()


@pytest.mark.parametrize("value", [-9999, -32768, -200, -3.4028234663852886e38])
def test_unmarked_negative_values_count_as_nobody_and_are_told(tmp_path, value):
    values = people()
    values[3:5, 7] = value
    found = sum_rasters([write(tmp_path / "p.tif", values)], district())
    ((zh, en, *_),) = map(astuple, found.notes)
    assert "2 pixels of the district are negative" in en
    assert f"{value:g}" in zh
    values[3:5, 7] = 0
    assert found.people.sum() == pytest.approx(values.sum(), rel=1e-6)
    assert sum_rasters([write(tmp_path / "q.tif", values)], district(), nodata=value).notes == ()


def test_numbers_that_people_can_be_are_taken_as_they_stand(tmp_path):
    for i, values in enumerate([people(), people(5) * 20, np.full((N, N), 9999.0) * (people() > 200)]):
        found = sum_rasters([write(tmp_path / f"{i}.tif", values)], district())
        assert found.notes == ()
        assert found.people.sum() == pytest.approx(values.sum(), rel=1e-6)
    one = people()
    one[4, 4] = 32767  # one pixel alone may hold what it says, as long as ground can
    assert sum_rasters([write(tmp_path / "one.tif", one)], district()).notes == ()


def test_a_kilometre_may_hold_what_a_hectare_may_not(tmp_path):
    values = people() * 10
    values[9, 9] = 60_000
    assert sum_rasters([write(tmp_path / "km.tif", values, pixel=0.01)], district(0.01)).notes == ()
    ((zh, en, *_),) = map(astuple, sum_rasters([write(tmp_path / "ha.tif", values)], district()).notes)
    assert "1 pixel has more people than any place, up to 60,000 at 118.80950, 31.99050" in en
    assert "九龙寨城" in zh


def test_scaled_values_are_judged_as_people(tmp_path):
    values = np.full((N, N), 40_000)
    values[0, 0] = 39_999
    found = sum_rasters([write(tmp_path / "s.tif", values, dtype="int32", scale=0.001)], district())
    assert found.notes == ()
    assert found.people.sum() == pytest.approx(40 * N * N, rel=1e-4)


@pytest.mark.parametrize("n_bands", [3, 4])
def test_a_picture_is_refused(tmp_path, n_bands):
    bands = np.random.default_rng(0).integers(0, 255, (n_bands, N, N))
    colours = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha][:n_bands]
    path = write(tmp_path / "map.tif", bands, dtype="uint8", colours=colours)
    for band in (None, 1):
        with pytest.raises(InputError, match=r"map\.tif.*is a picture \(red, green, blue\), no count of people"):
            sum_rasters([path], district(), band=band)


def test_a_palette_is_refused(tmp_path):
    path = write(tmp_path / "classes.tif", np.ones((N, N)), dtype="uint8")
    with rasterio.open(path, "r+") as f:
        f.write_colormap(1, {1: (255, 0, 0, 255)})
    with pytest.raises(InputError, match="a palette of colours"):
        sum_rasters([path], district())


@pytest.mark.parametrize("name", ["population", "Pop_2020", "人口数", "persons per pixel"])
def test_the_band_described_as_people_is_taken_and_told(tmp_path, name):
    bands = np.array([np.full((N, N), 700.0), people()])
    path = write(tmp_path / "b.tif", bands, descriptions=("elevation", name))
    found = sum_rasters([path], district())
    assert found.people.sum() == pytest.approx(bands[1].sum(), rel=1e-6)
    ((zh, en, *_),) = map(astuple, found.notes)
    assert f"取第 2 波段“{name}”为人口" in zh
    assert "of 2 bands the second" in en
    first = sum_rasters([path], district(), band=1)
    assert (first.people.sum(), first.notes) == (pytest.approx(700 * N * N), ())


@pytest.mark.parametrize("descriptions", [(), ("pop_2015", "pop_2020"), ("a", "population density")])
def test_of_several_bands_the_config_must_choose_where_the_file_does_not(tmp_path, descriptions):
    path = write(tmp_path / "b.tif", np.array([people(), people(1)]), descriptions=descriptions)
    with pytest.raises(InputError, match=r"b\.tif, population\.band: has 2 bands; say which one holds people"):
        sum_rasters([path], district())
    with pytest.raises(InputError, match="the raster has no such band; there are 1"):
        sum_rasters([path], district(), band=3)
    assert sum_rasters([path], district(), band=2).people.sum() == pytest.approx(people(1).sum(), rel=1e-6)
