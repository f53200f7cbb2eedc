"""Units that fill their district: clipped, without overlaps, slivers given away, what is left over named.

Outlines as they come do not fit each other: their borders were drawn twice, or moved and rounded. What they leave
between them or take twice is settled here by rule, and told with its area.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.osm.shapes import areal, sound
from circle15.units import EARTH_RADIUS_M

MIN_SHARE_INSIDE = 0.01
"""A unit with less than this share of its own area inside the district merely touches it."""

SLIVER_M2 = 10_000.0
SLIVER_WIDTH_M = 40.0
"""A leftover smaller than the one, or nowhere wider than the other, comes from borders drawn twice."""

CRACK_WIDTH_M = 10.0
"""Gaps of at most this width between the outlines that a boundary is put together from are no ground of others."""

_REPORTED_M2 = 1.0
_LEAST_CRACK_M2 = 0.01
_ENCLOSED = 0.95  # share of a crack's outline that lies along others: an open notch in the border has less
_NEAR_M = 0.05
_GRID_M = 1e-4
_M_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180
_TOUCH_DEGREES = 1e-7  # a centimetre: OSM's own resolution

Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Partition:
    """What became of the units."""

    geometry: Geometries  # (n,) polygons that do not overlap; empty where the unit is left out
    rest: Any  # part of the district in no unit, slivers excepted; may be empty
    rest_m2: float
    touching: tuple[int, ...]  # units left out because they merely touch the district
    swallowed: tuple[int, ...]  # units left out because all their ground lies in others
    overlaps: tuple[tuple[int, int, float], ...]  # keeper, loser, square metres
    sliver_m2: float  # area of slivers given to neighbours


def partition(district: Any, units: Geometries) -> Partition:
    """Make ``units`` a partition of ``district``.

    Each unit is clipped; where two overlap the earlier keeps the ground; of the parts of the district in no unit,
    slivers go to the neighbour with the longest common border and the larger parts become the rest.

    Parameters
    ----------
    district
        Polygon or multipolygon, degrees WGS-84.
    units
        (n,) polygons, degrees WGS-84, in order of precedence.
    """
    scale = metric_scale(district)
    own = shapely.area(units)
    clipped = np.array([areal(g) for g in shapely.intersection(units, district)], dtype=object)
    touching = np.flatnonzero(shapely.area(clipped) < MIN_SHARE_INSIDE * own)
    clipped[touching] = shapely.Polygon()
    inside = shapely.area(clipped)
    clipped, overlaps = _without_overlaps(clipped, scale)
    swallowed = [i for i, area in enumerate(inside) if area > 0 and _is_remnant(clipped[i], float(area), scale)]
    clipped[swallowed] = shapely.Polygon()
    leftover = shapely.get_parts(areal(shapely.difference(district, shapely.union_all(clipped))))
    slivers = np.array([is_sliver(part, scale) for part in leftover], dtype=bool)
    given = leftover[slivers] if (shapely.area(clipped) > 0).any() else leftover[:0]
    to = np.array([_neighbour(part, clipped) for part in given], dtype=np.int64)
    for unit in np.unique(to):
        clipped[unit] = areal(shapely.union_all([clipped[unit], *given[to == unit]]))
    rest = areal(shapely.union_all(leftover[~slivers])) if len(leftover) else shapely.Polygon()
    square = scale[0] * scale[1]
    return Partition(
        geometry=clipped,
        rest=rest,
        rest_m2=float(rest.area * square),
        touching=tuple(int(i) for i in touching),
        swallowed=tuple(swallowed),
        overlaps=overlaps,
        sliver_m2=float(shapely.area(given).sum() * square),
    )


def metric_scale(geometry: Any) -> tuple[float, float]:
    """Give metres per degree of longitude and of latitude at a geometry's middle."""
    _, south, _, north = geometry.bounds
    return _M_PER_DEGREE * math.cos(math.radians((south + north) / 2)), _M_PER_DEGREE


def without_cracks(outlines: Geometries) -> tuple[Any, float]:
    """Unite outlines to one area and fill the cracks that they leave between them.

    A crack is narrower than `CRACK_WIDTH_M`, lies between two or more outlines and is enclosed by them but for its
    ends; notches and inlets of the outer border stay. Outlines that fit each other are united and nothing else.

    Parameters
    ----------
    outlines
        (n,) polygons, degrees WGS-84.

    Returns
    -------
    tuple
        Polygon or multipolygon, and the square metres that were filled.
    """
    whole = areal(shapely.union_all(outlines))
    if len(outlines) == 1 or whole.is_empty:
        return whole, 0.0
    scale = np.array(metric_scale(whole))
    # On a grid, since moved coordinates round to others and may make rings cross again.
    metric = shapely.set_precision(sound(shapely.transform(whole, lambda xy: xy * scale)), _GRID_M)
    parts = shapely.transform(outlines, lambda xy: xy * scale)
    wide = shapely.buffer(metric, CRACK_WIDTH_M / 2, join_style="mitre")
    closed = shapely.buffer(wide, -CRACK_WIDTH_M / 2, join_style="mitre")
    found = shapely.get_parts(areal(shapely.difference(closed, metric, grid_size=_GRID_M)))
    found = found[shapely.area(found) >= _LEAST_CRACK_M2]
    if len(found) == 0:
        return whole, 0.0
    near = shapely.buffer(found, _NEAR_M)
    of_crack, _ = shapely.STRtree(parts).query(near, predicate="intersects")
    rings = shapely.boundary(found)
    along = shapely.length(shapely.intersection(rings, shapely.buffer(shapely.boundary(metric), _NEAR_M)))
    is_between = np.bincount(of_crack, minlength=len(found)) > 1
    cracks = found[is_between & (along >= _ENCLOSED * shapely.length(rings))]
    if len(cracks) == 0:
        return whole, 0.0
    # A millimetre wider than they are, so that rounding leaves no hair between them and the outlines.
    filling = shapely.transform(shapely.buffer(cracks, _NEAR_M / 50), lambda xy: xy / scale)
    return areal(shapely.union_all([whole, *filling])), float(shapely.area(cracks).sum())


def _is_remnant(part: Any, area_before: float, scale: tuple[float, float]) -> bool:
    """Tell whether nothing but slivers is left of a unit whose ground others have."""
    if part.area >= MIN_SHARE_INSIDE * area_before:
        return False
    return all(is_sliver(p, scale) for p in shapely.get_parts(part))


def _without_overlaps(
    units: Geometries, scale: tuple[float, float]
) -> tuple[Geometries, tuple[tuple[int, int, float], ...]]:
    units = units.copy()
    pairs = shapely.STRtree(units).query(units, predicate="intersects")
    found = []
    for keeper, loser in sorted((int(a), int(b)) for a, b in pairs.T if a < b):
        shared = shapely.intersection(units[keeper], units[loser])
        if shared.area > 0:
            units[loser] = areal(shapely.difference(units[loser], units[keeper]))
            square_metres = float(shared.area * scale[0] * scale[1])
            if square_metres >= _REPORTED_M2:
                found.append((keeper, loser, square_metres))
    return units, tuple(found)


def is_sliver(part: Any, scale: tuple[float, float]) -> bool:
    """Tell whether a polygon comes from borders drawn twice: small, or nowhere wide; `scale` as of `metric_scale`."""
    metric = shapely.transform(part, lambda xy: xy * scale)
    return bool(metric.area < SLIVER_M2 or metric.buffer(-SLIVER_WIDTH_M / 2).is_empty)


def _neighbour(part: Any, units: Geometries) -> int:
    """Give the unit with the longest border along ``part``, the nearest where none touches it."""
    border = shapely.length(shapely.intersection(shapely.boundary(units), shapely.buffer(part, _TOUCH_DEGREES)))
    if border.max() > 0:
        return int(border.argmax())
    apart = shapely.distance(units, part)
    return int(np.where(np.isnan(apart), np.inf, apart).argmin())
