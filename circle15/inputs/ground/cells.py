"""H3 cells of a district, cut along its units so that units sum exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import h3
import h3.api.numpy_int as h3_int
import numpy as np
import numpy.typing as npt
import shapely

from circle15.errors import InputError, Problem
from circle15.files.kept_results import arrays_to_shapes, kept_arrays, shapes_to_arrays
from circle15.inputs.ground.cell_budget import check_cell_budget
from circle15.said import Said

if TYPE_CHECKING:
    import pandas as pd


COORDINATE_DECIMALS = 7
"""Places are kept to 1e-7 degrees (1 cm), as OSM does, so that a printed place is the very place that was evaluated."""

EQUAL_AREA_CRS = "EPSG:6933"
_WIDER_DEG = 1e-5
SMALLEST_PIECE = 1e-9
"""Pieces under this share of their cell's area are touching borders, not land."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The pieces of H3 cells in units, and the distinct places that walks start from.

    A cell on a border has one piece per unit. As cut, every piece walks from its cell's centre; where its people are
    known to live elsewhere in it, it has a start of its own (`circle15.pipeline.starts`), counted as a cell.
    """

    pieces: gpd.GeoDataFrame  # cell (str), unit_id, lon, lat (cell centre), area_m2, geometry EPSG:4326; by cell, unit
    lon: npt.NDArray[np.float64]  # (n_cells,) where walks start, degrees WGS-84
    lat: npt.NDArray[np.float64]  # (n_cells,)
    cell_of_piece: npt.NDArray[np.int32]  # (n_pieces,) index into lon, lat
    resolution: int

    @property
    def n_cells(self) -> int:
        """Number of distinct cells."""
        return len(self.lon)

    @property
    def names(self) -> npt.NDArray[np.object_]:
        """Give the H3 index that each start belongs to as text, (n_cells,)."""
        first_piece = np.unique(self.cell_of_piece, return_index=True)[1]
        return np.asarray(self.pieces["cell"], dtype=object)[first_piece]

    def sum_of_pieces(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Sum what pieces have, (n_pieces,), by the cell that their walks start from, (n_cells,)."""
        return np.bincount(self.cell_of_piece, weights=values, minlength=self.n_cells).astype(np.float64)

    def select(self, keep: npt.NDArray[np.bool_]) -> Cells:
        """Give the same without the pieces where ``keep`` (n_pieces,) is False."""
        used, cell_of_piece = np.unique(self.cell_of_piece[keep], return_inverse=True)
        return Cells(
            pieces=self.pieces.loc[keep].reset_index(drop=True),
            lon=self.lon[used],
            lat=self.lat[used],
            cell_of_piece=cell_of_piece.astype(np.int32),
            resolution=self.resolution,
        )


def cut_cells(units: gpd.GeoDataFrame, resolution: int) -> Cells:
    """Cover every unit with H3 cells and cut the cells along the units' borders.

    A cell belongs to a unit where they overlap, not where its centre lies, so that a unit smaller than a cell has its
    cell too and the pieces tile the units without gap.

    Parameters
    ----------
    units
        unit_id and polygons, EPSG:4326, not overlapping.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    Cells
        Pieces sorted by cell, then unit.

    Raises
    ------
    InputError
        If a unit has no area, or the cells do not fit into memory.
    """
    empty = units.loc[shapely.area(units.geometry.to_numpy()) == 0, "unit_id"]
    InputError.gather(
        Problem(Said("没有可布设网格的面积，请给出面", "has no area to lay cells on; give polygons"), file=f"unit {i}")
        for i in empty
    )
    check_cell_budget(units.geometry.to_numpy(), resolution)
    cut = _kept_cut(units, resolution)
    cell_of_piece = cut["cell_of_piece"]
    pieces = gpd.GeoDataFrame(
        {
            "cell": cut["name"].astype(object)[cell_of_piece],
            "unit_id": units["unit_id"].to_numpy()[cut["unit"]],
            "lon": cut["lon"][cell_of_piece],
            "lat": cut["lat"][cell_of_piece],
            "area_m2": cut["area_m2"],
        },
        geometry=arrays_to_shapes(cut),
        crs="EPSG:4326",
    )
    return Cells(pieces, cut["lon"], cut["lat"], cell_of_piece, resolution)


def n_cells_cut(units: gpd.GeoDataFrame, resolution: int) -> int:
    """Count the distinct cells that `cut_cells` gives; the cut is kept for it."""
    return len(_kept_cut(units, resolution)["lon"])


def _kept_cut(units: gpd.GeoDataFrame, resolution: int) -> dict[str, npt.NDArray[Any]]:
    shapes = units.geometry.to_numpy()
    return kept_arrays("cells", [shapely.to_wkb(shapes), resolution], lambda: _cut(shapes, resolution))


def _cut(units: npt.NDArray[np.object_], resolution: int) -> dict[str, npt.NDArray[Any]]:
    """Cut the cells of units' polygons into pieces: name, lon and lat of each cell; cell, unit and shape of a piece."""
    outlines = [h3.geo_to_h3shape(shape) for shape in _generous(units)]
    found = [h3_int.h3shape_to_cells_experimental(outline, resolution, "overlap") for outline in outlines]
    ids = np.unique(np.concatenate(found))
    hexagons = _cell_polygons(ids)
    of_cell, of_unit, shapes = _intersections(hexagons, units)
    order = np.lexsort((of_unit, of_cell))
    of_cell, of_unit, shapes = of_cell[order], of_unit[order], shapes[order]
    used, cell_of_piece = np.unique(of_cell, return_inverse=True)
    centres = np.array([h3_int.cell_to_latlng(i) for i in ids[used]]).round(COORDINATE_DECIMALS)
    return {
        "name": np.array([h3.int_to_str(i) for i in ids[used].tolist()], dtype=np.str_),
        "lon": centres[:, 1].copy(),
        "lat": centres[:, 0].copy(),
        "cell_of_piece": cell_of_piece.astype(np.int32),
        "unit": of_unit,
        "area_m2": gpd.GeoSeries(shapes, crs="EPSG:4326").to_crs(EQUAL_AREA_CRS).area.to_numpy(np.float64),
        **shapes_to_arrays(shapes),
    }


@dataclass(frozen=True, slots=True)
class Parts:
    """The pieces of cells cut further by communities: what people are summed into where there are two levels."""

    cells: Cells  # its pieces have community_id besides, "" for ground in no polygon of the second level
    piece: npt.NDArray[np.int64]  # (n_parts,) piece of the undivided cells that each part lies in, ascending


def cut_by_communities(cells: Cells, communities: gpd.GeoDataFrame) -> Parts:
    """Cut the pieces of cells along the communities of their own unit.

    Parameters
    ----------
    cells
        Pieces by cell and unit.
    communities
        unit_id, parent_id and polygons, EPSG:4326, that fill the units without overlaps.

    Returns
    -------
    Parts
        Sorted by piece, then community; the parts of a piece tile it.
    """
    pieces, shapes = cells.pieces.geometry.to_numpy(), communities.geometry.to_numpy()
    of_piece, of_shape, parts = _intersections(pieces, shapes)
    own = cells.pieces["unit_id"].to_numpy()[of_piece] == communities["parent_id"].to_numpy()[of_shape]
    # A piece thinner than rounding may fall between two polygons; it stays whole, in none.
    lost = np.setdiff1d(np.arange(len(pieces)), of_piece[own])
    of_piece, parts = np.concatenate([of_piece[own], lost]), np.concatenate([parts[own], pieces[lost]])
    of_shape = np.concatenate([of_shape[own], np.full(len(lost), len(shapes))])
    order = np.lexsort((of_shape, of_piece))
    of_piece, of_shape = of_piece[order], of_shape[order]
    frame = (
        cells.pieces.iloc[of_piece].reset_index(drop=True).set_geometry(gpd.GeoSeries(parts[order], crs="EPSG:4326"))
    )
    frame = frame.assign(
        community_id=np.append(communities["unit_id"].to_numpy(object), "")[of_shape],
        area_m2=frame.geometry.to_crs(EQUAL_AREA_CRS).area,
    )
    cut = Cells(frame, cells.lon, cells.lat, cells.cell_of_piece[of_piece], cells.resolution)
    return Parts(cut, of_piece.astype(np.int64))


def piece_of_points(
    pieces: gpd.GeoDataFrame, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Find the piece that each point lies in; on a shared border the first piece in order.

    Pieces are cut in floating point, so that two of them may leave a crack between them that is thinner than places
    are kept to: a point in one is in the nearest piece.

    Returns
    -------
    ndarray of int64, shape (n_points,)
        Row number of the piece, -1 outside all.
    """
    points = shapely.points(lon, lat)
    tree = shapely.STRtree(pieces.geometry.to_numpy())
    of_point, of_piece = tree.query(points, predicate="intersects")
    found = np.full(len(points), len(pieces), dtype=np.int64)
    np.minimum.at(found, of_point, of_piece)
    lost = np.flatnonzero((found == len(pieces)) & np.isfinite(lon) & np.isfinite(lat))
    of_lost, nearest = tree.query_nearest(points[lost], max_distance=10.0**-COORDINATE_DECIMALS)
    np.minimum.at(found, lost[of_lost], nearest)
    found[found == len(pieces)] = -1
    return found


def sum_by_piece(
    values: pd.DataFrame, piece: npt.NDArray[np.int64], n_pieces: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Sum each column of ``values`` over the rows of each piece; rows with piece -1 are left out."""
    inside = piece >= 0
    sums = {}
    for name, column in values.items():
        weights = column.to_numpy(np.float64)[inside]
        sums[str(name)] = np.bincount(piece[inside], weights=weights, minlength=n_pieces).astype(np.float64)
    return sums


def finer_parts(
    shapes: npt.NDArray[np.object_], cells: npt.NDArray[np.object_], resolution: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Cut pieces of cells, each by its cell's children at a finer resolution.

    Returns
    -------
    tuple of ndarray
        Polygons, each piece's by the index of the child, and the row of the piece that each is part of.
    """
    children = [np.sort(h3_int.cell_to_children(h3.str_to_int(cell), resolution)) for cell in cells]
    owner = np.repeat(np.arange(len(shapes)), [len(c) for c in children])
    hexagons = _cell_polygons(np.concatenate([np.empty(0, np.uint64), *children]))
    shapely.prepare(shapes)
    parts = hexagons.copy()
    cut = ~shapely.contains_properly(shapes[owner], hexagons)
    parts[cut] = shapely.intersection(hexagons[cut], shapes[owner[cut]])
    has_ground = shapely.area(parts) > 0
    return parts[has_ground], owner[has_ground].astype(np.int64)


def _generous(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Give outlines a metre wider and without holes: which of their cells have ground of a shape is found by cutting.

    H3 leaves out a cell that holds a whole hole, and some that a corner barely reaches: people there would be nowhere.
    """
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    wider = shapely.buffer(shapely.polygons(shapely.get_exterior_ring(parts)), _WIDER_DEG, join_style="mitre")
    whole = [shapely.union_all(wider[of_shape == i]) for i in range(len(shapes))]
    rings = [shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(shape))) for shape in whole]
    return np.array([*(shapely.multipolygons(r) for r in rings), None], dtype=object)[:-1]


def _cell_polygons(ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.object_]:
    rings = [h3_int.cell_to_boundary(i) for i in ids.tolist()]
    first = np.concatenate([[0], np.cumsum([len(ring) + 1 for ring in rings], dtype=np.int64)])
    lat_lon = np.array([corner for ring in rings for corner in (*ring, ring[0])]).reshape(-1, 2)
    each = np.arange(len(rings) + 1)
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, lat_lon[:, ::-1].copy(), (first, each))
    return np.asarray(polygons)


def _intersections(
    hexagons: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Cut hexagons by shapes; most lie wholly inside one shape and are kept as they are."""
    shapely.prepare(shapes)
    of_shape, of_cell = shapely.STRtree(hexagons).query(shapes, predicate="intersects")
    whole = shapely.contains_properly(shapes[of_shape], hexagons[of_cell])
    pieces = hexagons[of_cell].copy()
    pieces[~whole] = _polygonal(shapely.intersection(shapes[of_shape[~whole]], hexagons[of_cell[~whole]]))
    keep = shapely.area(pieces) > SMALLEST_PIECE * shapely.area(hexagons[of_cell])
    return of_cell[keep], of_shape[keep], pieces[keep]


def _polygonal(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Drop the points and lines that remain where polygons only touch."""
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    for i in np.flatnonzero(mixed):
        parts = [p for p in shapely.get_parts(shapes[i]) if shapely.get_dimensions(p) == 2]  # noqa: PLR2004 (polygons)
        shapes[i] = shapely.union_all(parts)
    return shapes


def unit_of_points(study_pieces: gpd.GeoDataFrame, unit_of_piece: npt.NDArray[np.int64], lon: npt.NDArray[np.float64],
                   lat: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:  # fmt: skip
    """Give the unit in whose pieces each point lies, -1 outside all."""
    piece = piece_of_points(study_pieces, lon, lat)
    return np.where(piece >= 0, unit_of_piece[piece], -1)
