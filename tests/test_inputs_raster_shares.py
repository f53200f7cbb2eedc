"""Shares of pixels in pieces are those of shapely's intersections, on any grid, for any shape of piece."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from circle15 import _core
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.people.rasters import sum_rasters

LON, LAT = 121.50, 29.90
SPAN = 0.03


def random_grid(rng):
    """Give crs and transform of a raster that may be turned, sheared, mirrored, coarse or fine, in degrees or not."""
    crs = str(rng.choice(["EPSG:4326", "EPSG:4490", "ESRI:54009", "EPSG:32651", "EPSG:3857", "EPSG:3035"]))
    to_raster = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to_raster.transform(LON + SPAN / 2, LAT + SPAN / 2)
    unit = 1.0 if to_raster.target_crs.is_projected else 1 / 111_000
    pixel = unit * float(rng.choice([40, 100, 250, 900]))
    turn = rng.choice([0.0, rng.uniform(0, 2 * np.pi)])
    shear, flip = rng.choice([0.0, 0.3]), rng.choice([-1.0, 1.0])
    a, b = pixel * np.cos(turn), pixel * (shear * np.cos(turn) - np.sin(turn))
    d, e = pixel * np.sin(turn), pixel * (shear * np.sin(turn) + np.cos(turn))
    n = int(np.ceil(5500 * unit / pixel * rng.choice([0.4, 1.0, 1.3])))
    middle = n / 2 + rng.random()
    b, e = flip * b, flip * e
    return crs, rasterio.Affine(a, b, x - (a + b) * middle, d, e, y - (d + e) * middle), n


def random_pieces(rng):
    """Give the pieces of H3 cells in two units with a jagged border and a lake, of any resolution; and a unit whole."""
    corners = LON + SPAN * (0.5 + 0.25 * np.append(-1, rng.random(40)))
    heights = np.sort(rng.random(40)) * SPAN
    border = np.column_stack([corners[1:], LAT + heights])
    west = shapely.Polygon([(LON, LAT), (border[0, 0], LAT), *border, (border[-1, 0], LAT + SPAN), (LON, LAT + SPAN)])
    whole = shapely.box(LON, LAT, LON + SPAN, LAT + SPAN)
    lake = shapely.Point(LON + SPAN * rng.random(), LAT + SPAN * rng.random()).buffer(SPAN / 7)
    shapes = [whole.intersection(west).difference(lake), whole.difference(west).difference(lake)]
    units = gpd.GeoDataFrame({"unit_id": ["a", "b"]}, geometry=shapes, crs="EPSG:4326")
    return units if rng.random() < 0.2 else cut_cells(units, int(rng.integers(6, 11))).pieces[["geometry"]]


def plain_sums(values, crs, transform, shapes):
    """Intersect every pixel with every piece that it meets: people of the pieces, and the centroids of the parts."""
    rows, columns = np.indices(values.shape)
    rows, columns = rows[values > 0], columns[values > 0]
    steps = [(0, 0), (1, 0), (1, 1), (0, 1)]
    a, b, c, d, e, f = tuple(transform)[:6]
    column, row = (
        np.stack([at + step for step in by], axis=-1)
        for at, by in zip((columns, rows), zip(*steps, strict=True), strict=True)
    )
    x, y = a * column + b * row + c, d * column + e * row + f
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    pixels = shapely.polygons(np.stack([lon, lat], axis=-1))
    piece, pixel = shapely.STRtree(pixels).query(shapes, predicate="intersects")
    parts = shapely.intersection(pixels[pixel], shapes[piece])
    area = shapely.area(parts)
    heads = values[values > 0][pixel] * area / shapely.area(pixels[pixel])
    at = shapely.get_coordinates(shapely.centroid(parts[area > 0]))
    sums = np.bincount(piece, heads, minlength=len(shapes))
    return sums, heads[area > 0] @ at


@pytest.mark.parametrize("seed", range(30))
def test_people_of_pieces_are_those_of_intersecting_every_pixel_on_any_grid(tmp_path, seed):
    rng = np.random.default_rng(seed)
    crs, transform, n = random_grid(rng)
    values = rng.integers(0, 90, (n, n + 1)) * (rng.random((n, n + 1)) < rng.choice([0.3, 1.0]))
    nodata = -7 if rng.random() < 0.5 else None
    written = values.astype(np.float64)
    if nodata is not None:
        unknown = rng.random(values.shape) < 0.2
        written[unknown], values[unknown] = nodata, 0
    path = tmp_path / "p.tif"
    shape = {"height": n, "width": n + 1, "count": 1, "dtype": "float64"}
    with rasterio.open(path, "w", "GTiff", crs=crs, transform=transform, nodata=nodata, **shape) as file:
        file.write(written, 1)
    pieces = random_pieces(rng)
    found = sum_rasters([path], pieces, max_pixels=int(rng.choice([500, 250_000])))
    people, moment = plain_sums(values, crs, transform, pieces.geometry.to_numpy())
    assert found.people.sum() == pytest.approx(people.sum(), rel=1e-11)
    np.testing.assert_allclose(found.people, people, rtol=1e-9, atol=1e-9)
    homes = found.homes
    np.testing.assert_allclose(homes.people @ np.column_stack([homes.lon, homes.lat]), moment, rtol=1e-12)
    assert homes.people.sum() == pytest.approx(found.people.sum(), rel=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_pieces_sum_to_the_outline_that_they_were_cut_from(tmp_path, seed):
    rng = np.random.default_rng(1000 + seed)
    crs, transform, n = random_grid(rng)
    path = tmp_path / "p.tif"
    with rasterio.open(
        path, "w", "GTiff", crs=crs, transform=transform, height=n, width=n, count=1, dtype="float64"
    ) as f:
        f.write(rng.random((n, n)), 1)
    angle = np.sort(rng.random(300)) * 2 * np.pi
    radius = SPAN / 2 * rng.uniform(0.6, 1.0, 300)
    ring = np.column_stack([LON + SPAN / 2 + radius * np.cos(angle), LAT + SPAN / 2 + radius * np.sin(angle)])
    outline = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shapely.Polygon(ring).buffer(0)], crs="EPSG:4326")
    by_piece = sum_rasters([path], cut_cells(outline, 9).pieces).people
    assert by_piece.sum() == pytest.approx(sum_rasters([path], outline).people[0], rel=1e-9)


def overlay_of(shape, corners, n_columns=1, wanted=None):
    rings = shapely.get_rings(shapely.orient_polygons(shape))
    x, y = (np.ascontiguousarray(c) for c in shapely.get_coordinates(rings).T)
    begin = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    lon, lat = (np.ascontiguousarray(c, dtype=np.float64) for c in np.array(corners, dtype=np.float64).T)
    wanted = np.ones(n_columns, np.uint8) if wanted is None else wanted
    return _core.overlay(x, y, begin, np.zeros(len(rings), np.int32), lon, lat, wanted, n_columns)


def test_a_pixel_whose_corner_turns_inwards_counts_its_own_area_alone():
    dart = [(0, 0), (4, 0), (0, 4), (1, 1)]  # corners row by row: the last stands inwards of the square
    pixel = shapely.Polygon([dart[i] for i in (0, 1, 3, 2)])
    for piece in (shapely.box(0, 0, 4, 4), shapely.box(0.2, 0.1, 1.5, 3), shapely.box(1.5, 1.5, 3, 3)):
        area = piece.intersection(pixel).area
        share = overlay_of(piece, dart)[2]
        assert share.sum() == pytest.approx(area / pixel.area, abs=1e-12)


def test_a_piece_that_only_touches_a_pixel_has_nothing_of_it():
    square = [(0, 0), (1, 0), (0, 1), (1, 1)]
    for piece in (shapely.box(1, 0, 2, 1), shapely.box(1, 1, 2, 2), shapely.box(0.2, -1, 0.4, 0)):
        assert len(overlay_of(piece, square)[0]) == 0
    hole = shapely.Polygon(shapely.box(-1, -1, 2, 2).exterior, [shapely.box(0, 0, 1, 1).exterior])
    assert len(overlay_of(hole, square)[0]) == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ring_begin": np.array([0, 9])}, "ring_begin\\[1\\] = 9"),
        ({"owner": np.array([-1], np.int32)}, "owner\\[0\\] = -1"),
        ({"corner_x": np.array([0.0, np.nan, 0.0, 1.0])}, "is_wanted\\[0\\]"),
        ({"corner_y": np.zeros(3)}, "corner_y has 3 values, not 4"),
        ({"n_columns": 0}, "rows of n_columns"),
        ({"x": np.array([0.0, np.inf, 1.0, 0.0])}, "finite degrees"),
    ],
)
def test_arrays_that_would_lead_outside_are_refused_at_the_door(change, told):
    right = {
        "x": np.array([0.0, 1.0, 1.0, 0.0]),
        "y": np.array([0.0, 0.0, 1.0, 0.0]),
        "ring_begin": np.array([0, 4]),
        "owner": np.zeros(1, np.int32),
        "corner_x": np.array([0.0, 1.0, 0.0, 1.0]),
        "corner_y": np.array([0.0, 0.0, 1.0, 1.0]),
        "is_wanted": np.ones(1, np.uint8),
        "n_columns": 1,
    }
    assert _core.overlay(**right)[2] == pytest.approx([0.5])
    with pytest.raises(ValueError, match=told):
        _core.overlay(**(right | change))
