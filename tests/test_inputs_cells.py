import geopandas as gpd
import h3
import numpy as np
import pytest
import shapely
import shapely.affinity

from circle15.errors import InputError
from circle15.inputs.ground.cells import EQUAL_AREA_CRS, cut_cells, piece_of_points


def units_of(*shapes):
    return gpd.GeoDataFrame({"unit_id": [f"u{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs="EPSG:4326")


WEST, EAST = shapely.box(7.41, 43.73, 7.42, 43.74), shapely.box(7.42, 43.73, 7.43, 43.74)


def test_pieces_tile_each_unit_without_gap_or_overlap():
    units = units_of(WEST, EAST)
    pieces = cut_cells(units, 10).pieces
    areas = pieces.groupby("unit_id")["area_m2"].sum()
    assert areas.to_numpy() == pytest.approx(units.geometry.to_crs(EQUAL_AREA_CRS).area.to_numpy(), rel=1e-9)


def test_a_cell_on_the_border_has_one_piece_per_unit_and_one_centre():
    cells = cut_cells(units_of(WEST, EAST), 10)
    per_cell = cells.pieces.groupby("cell").agg(units=("unit_id", "nunique"), lon=("lon", "nunique"))
    assert per_cell["units"].max() == 2
    assert (per_cell["lon"] == 1).all()
    assert cells.n_cells == len(per_cell)
    assert np.array_equal(cells.pieces["lon"], cells.lon[cells.cell_of_piece])


def test_a_unit_smaller_than_one_cell_gets_its_cell():
    tiny = shapely.box(7.45, 43.73, 7.45001, 43.73001)
    pieces = cut_cells(units_of(WEST, tiny), 8).pieces
    assert (pieces["unit_id"] == "u1").sum() >= 1


def test_centres_are_the_h3_centres_to_a_centimetre():
    pieces = cut_cells(units_of(WEST), 11).pieces
    lat, lon = h3.cell_to_latlng(pieces["cell"].iloc[0])
    assert pieces["lon"].iloc[0] == pytest.approx(lon, abs=5.1e-8)
    assert pieces["lat"].iloc[0] == pytest.approx(lat, abs=5.1e-8)


def test_every_point_of_a_unit_lies_in_a_piece_of_that_unit():
    units = units_of(WEST, EAST)
    pieces = cut_cells(units, 10).pieces
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(7.41, 7.43, 2000), rng.uniform(43.73, 43.74, 2000)
    found = piece_of_points(pieces, lon, lat)
    assert (found >= 0).all()
    assert np.array_equal(pieces["unit_id"].to_numpy()[found], np.where(lon < 7.42, "u0", "u1"))


def test_points_outside_lie_in_no_piece():
    pieces = cut_cells(units_of(WEST), 10).pieces
    assert piece_of_points(pieces, np.array([0.0]), np.array([0.0])).tolist() == [-1]


def test_selecting_pieces_keeps_the_cells_they_need():
    cells = cut_cells(units_of(WEST, EAST), 10)
    keep = (cells.pieces["unit_id"] == "u1").to_numpy()
    east = cells.select(keep)
    assert len(east.pieces) == keep.sum()
    assert np.array_equal(east.pieces["lat"], east.lat[east.cell_of_piece])


def test_units_without_area_are_an_error():
    with pytest.raises(InputError, match="no area"):
        cut_cells(units_of(shapely.Polygon()), 10)


@pytest.mark.parametrize("seed", range(12))
def test_a_unit_with_holes_and_spikes_is_tiled_whole(seed):
    rng = np.random.default_rng(seed)
    (lon, lat), r = rng.uniform((7.0, 43.0), (8.0, 44.0)), rng.uniform(1e-4, 2e-3)
    centre = shapely.Point(*h3.cell_to_latlng(h3.latlng_to_cell(lat, lon, 8))[::-1])  # a hole within one cell
    shape = centre.buffer(0.02).difference(centre.buffer(r))
    for angle in rng.uniform(0, 2 * np.pi, 5):
        end = shapely.affinity.translate(centre, 0.03 * np.cos(angle), 0.03 * np.sin(angle))
        shape = shape.union(shapely.LineString([centre, end]).buffer(2e-6)).difference(centre.buffer(r))
    units = units_of(shape)
    area = units.geometry.to_crs(EQUAL_AREA_CRS).area.sum()
    assert cut_cells(units, 8).pieces["area_m2"].sum() == pytest.approx(area, rel=1e-7)


def test_a_point_in_a_crack_of_rounding_is_in_the_nearest_piece():
    west, east = shapely.box(0, 0, 1 - 2e-8, 1), shapely.box(1 + 1e-8, 0, 2, 1)
    assert piece_of_points(units_of(west, east), np.array([1.0, 1.0, np.nan]), np.array([0.5, 2.0, 0.5])).tolist() == [
        1, -1, -1,
    ]  # fmt: skip
