"""How many H3 cells an area needs and whether they fit into memory, told before any of them is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h3.api.numpy_int as h3
import pyproj
import shapely

from circle15.errors import InputError, Problem
from circle15.memory import available_bytes, gigabytes
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_DEGREES = 90.0
"""Of longitude, of one outline: the widest province has thirty."""
BYTES_PER_CELL = 7000
"""Memory that a whole run takes per cell, measured on Nanjing Xuanwu with two services: 6.7 kB from 57,000 to 396,000
cells, maps and tables included."""
MOST_CELLS = 5_000_000
"""Bound where the system does not say how much memory it has."""
_COARSEST = 6
_GEOD = pyproj.Geod(ellps="WGS84")


def n_cells_of(shapes: Iterable[Any], resolution: int) -> int:
    """Estimate how many H3 cells cover polygons, from their ground and the size of a cell there; no cell is made.

    Parameters
    ----------
    shapes
        Polygons, degrees WGS-84; each is covered by itself.
    resolution
        H3 resolution.
    """
    n = 0.0
    for shape in shapes:
        middle = shapely.point_on_surface(shape)
        cell = h3.latlng_to_cell(middle.y, middle.x, resolution)
        cell_m2 = h3.cell_area(cell, unit="m^2")
        ground_m2, around_m = (abs(v) for v in _GEOD.geometry_area_perimeter(shape))
        # Cells that the border crosses count whole; a cell is about as wide as the root of its ground.
        n += ground_m2 / cell_m2 + around_m / cell_m2**0.5 / 2
    return max(int(n), 1)


def check_cell_budget(shapes: Iterable[Any], resolution: int) -> None:
    """Refuse an area whose cells would not fit into memory.

    Raises
    ------
    InputError
        With the estimate, what is free, and a resolution that fits.
    """
    outlines = list(shapes)
    _refuse_continents(outlines)
    n, free = n_cells_of(outlines, resolution), available_bytes()
    if n * BYTES_PER_CELL <= (MOST_CELLS * BYTES_PER_CELL if free is None else free):
        return
    fits = next(
        (
            (r, m)
            for r in range(resolution - 1, _COARSEST - 1, -1)
            if (m := n_cells_of(outlines, r)) * BYTES_PER_CELL * 2 <= (free or MOST_CELLS * BYTES_PER_CELL)
        ),
        None,
    )
    has = Said("", "") if free is None else Said(f"，可用 {gigabytes(free)}", f", and {gigabytes(free)} is free")
    remedy = Said("请缩小边界", "give a smaller boundary")
    if fits is not None:
        held = gigabytes(fits[1] * BYTES_PER_CELL)
        remedy += Said(
            f"，或写 cells.resolution = {fits[0]}（{fits[1]:,} 个网格，{held}）",
            f", or cells.resolution = {fits[0]} ({fits[1]:,} cells, {held})",
        )
    need = gigabytes(n * BYTES_PER_CELL)
    message = Said(
        f"约需 {n:,} 个网格、{need} 内存{has.zh}；{remedy.zh}",
        f"needs about {n:,} cells, some {need} of memory{has.en}; {remedy.en}",
    )
    raise InputError(Problem(message, key="cells.resolution", value=resolution))


def _refuse_continents(outlines: list[Any]) -> None:
    """Refuse ground that no district has: round the globe an area is none, and H3 takes memory without end."""
    for shape in outlines:
        west, south, east, north = shapely.bounds(shape)
        if east - west > MOST_DEGREES:
            message = Said(
                f"范围从经度 {west:g} 到 {east:g}、纬度 {south:g} 到 {north:g}，不是区县的范围；"
                "请检查经纬度是否写反、坐标系是否正确",
                f"reaches from {west:g} to {east:g} in longitude and from {south:g} to {north:g} in latitude, which is"
                " no district; see whether its coordinates are swapped or in another system",
            )
            raise InputError(Problem(message, key="district.boundary"))
