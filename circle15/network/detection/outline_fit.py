"""How well outlines fit lines or points when they are moved: which way they would have to move to fit best.

An outline in a wrong system lies a few hundred metres off in a known direction. So it is not asked how well it fits as
it stands, but by which displacement, among all of up to two kilometres, it fits best. If that is, to some ten metres,
the displacement of one system, chance hardly makes it so: of places that far around, one in four hundred lies as near.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Floats = npt.NDArray[np.float64]
Offset = tuple[float, float]

REACH_M = 2000.0
"""Displacements looked at; GCJ-02 is at most 0.8 km off, BD-09 1.6 km."""

NEAR_M = 90.0
"""How far the best displacement may lie from a system's own to count as it: the shift varies over a large district."""

_STEP_M = 20.0
_LARGEST_GRID = 2500  # cells along the longer side
_COARSEST_M = 60.0
_FEWEST_SAMPLES = 50
FINE_M, COARSE_M = 30.0, 100.0
"""Scales of the kernel: borders as they are, and simplified ones; streets are everywhere within the second."""

_PEAK_M = 250.0
_PROMINENCE = 1.1
_LEAST_HEIGHT = 0.15
_STRONG_LEVEL = 0.8
_WEAK_LEVEL, _WEAK_OTHERS = 0.85, 0.7
_WINDOW_M = 60.0

_FEWEST_POINTS = 30
_MOST_POINTS = 600
_POINT_STEP_M = 100.0
_OWN_SHARE = 0.9
_CLEARLY_LESS = 0.02
_AROUND_M = 500.0
_SIGNIFICANT = 4.0  # standard errors, of McNemar's test of two shares of the same points


@dataclass(frozen=True, slots=True)
class Fit:
    """How well each of some displacements fits.

    `score` is between 0 and 1, for lines the mean closeness of the borders to the nearest line, for points the share
    that lies inside. `is_strong`: no other displacement within two kilometres fits as well as ``best``; else it is
    merely better than the other systems'.
    """

    n: int  # samples of the border, or points
    score: dict[str, float]  # per system or combination of systems
    best: str | None  # None where nothing is told
    is_strong: bool = False


def flat_scale(lat: float) -> Floats:
    """Give metres per degree of longitude and latitude."""
    per_degree = EARTH_RADIUS_M * math.pi / 180
    return np.array([per_degree * math.cos(math.radians(lat)), per_degree])


def fit_lines(
    borders: Any,
    lines: Any,
    offsets: Mapping[str, Offset],
    lat: float,
    *,
    scales_m: Sequence[float] = (FINE_M, COARSE_M),
    is_within: bool = False,
) -> Fit:
    """Move borders over lines.

    Parameters
    ----------
    borders
        (n,) polygons or lines, degrees WGS-84.
    lines
        (m,) lines or polygons that they may follow.
    offsets
        Metres east and north by which each system moves the borders; several may share one.
    lat
        Latitude for metres.
    scales_m
        How close is close; the later ones speak where the earlier do not.
    is_within
        Whether to look only at borders within the lines' bounds: a district is often larger than its extract.
    """
    scale = flat_scale(lat)
    border, line = _samples(borders, scale), _samples(lines, scale)
    if is_within and len(line):
        border = border[((border >= line.min(axis=0)) & (border <= line.max(axis=0))).all(axis=1)]
    if len(border) < _FEWEST_SAMPLES or len(line) == 0:
        return Fit(0, {}, None)
    best: Fit | None = None
    for kernel_m in scales_m:
        surface = _surface(border, line, kernel_m)
        if surface is None:
            return Fit(0, {}, None)
        fit = _judge(surface, offsets, n=len(border))
        if fit.is_strong:
            return fit
        best = fit if best is None else best  # the finer one speaks where neither is strong
    return best if best is not None else Fit(0, {}, None)


def fit_points(
    areas: Any, points: Floats, own: npt.NDArray[np.int64], offsets: Mapping[str, Offset], lat: float
) -> Fit:
    """Move areas over points that should lie inside.

    Parameters
    ----------
    areas
        (n,) polygons, degrees WGS-84.
    points
        float64 (m, 2), degrees WGS-84.
    own
        (m,) area in which each point should lie.
    offsets, lat
        As `fit_lines` takes them.
    """
    if len(points) < _FEWEST_POINTS:
        return Fit(len(points), {}, None)
    if len(points) > _MOST_POINTS:
        chosen = np.linspace(0, len(points) - 1, _MOST_POINTS).astype(np.int64)
        points, own = points[chosen], own[chosen]
    scale = flat_scale(lat)
    inside = {name: _inside(areas, points - np.array(off) / scale, own) for name, off in offsets.items()}
    score = {name: float(hits.mean()) for name, hits in inside.items()}
    best = max(score, key=lambda name: score[name])
    others = [name for name, off in offsets.items() if math.dist(off, offsets[best]) > NEAR_M]
    if score[best] < _OWN_SHARE or not all(_is_more(inside[best], inside[o]) for o in others):
        return Fit(len(points), score, None)
    # A table of a whole city fits everywhere; only the district's own loses wherever the outline is moved.
    steps = np.arange(-REACH_M, REACH_M + 1, _POINT_STEP_M)
    away = [(x, y) for x in steps for y in steps if _AROUND_M < math.dist((x, y), offsets[best]) <= REACH_M]
    rivals = max(float(_inside(areas, points - np.array(off) / scale, own).mean()) for off in away)
    return Fit(len(points), score, best if rivals <= score[best] - _CLEARLY_LESS else None, is_strong=True)


def _inside(areas: Any, points: Floats, own: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    hits = np.zeros(len(points), dtype=np.bool_)
    for area in np.unique(own):
        mine = own == area
        shapely.prepare(areas[area])
        hits[mine] = shapely.contains_xy(areas[area], points[mine, 0], points[mine, 1])
    return hits


def _is_more(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> bool:
    gained, lost = int((one & ~other).sum()), int((other & ~one).sum())
    return gained - lost >= max(_SIGNIFICANT * math.sqrt(gained + lost), _CLEARLY_LESS * len(one))


def _samples(shapes: Any, scale: Floats) -> Floats:
    """Give places along lines or outlines, a few metres apart, in metres."""
    shapes = np.asarray(shapes, dtype=object)
    areal = shapely.get_dimensions(shapes) == 2  # noqa: PLR2004 (polygons)
    lines = shapely.get_parts(np.where(areal, shapely.boundary(shapes), shapes))
    flat = shapely.transform(lines[shapely.length(lines) > 0], lambda p: p * scale)
    places: Floats = shapely.get_coordinates(shapely.segmentize(flat, _STEP_M / 2))
    return places


def _surface(border: Floats, line: Floats, kernel_m: float) -> tuple[Floats, float] | None:
    """Give the mean closeness by displacement, (2n + 1, 2n + 1), south to north and west to east, and its step."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415 (only runs with outlines of files need it)

    low, high = border.min(axis=0), border.max(axis=0)
    step = max(_STEP_M, float((high - low).max() + 2 * REACH_M) / _LARGEST_GRID)
    n = math.ceil(REACH_M / step)
    origin = low - (n + 1) * step
    columns, rows = (np.ceil((high - origin) / step).astype(np.int64) + n + 2).tolist()
    cell = ((line - origin) / step).astype(np.int64)
    cell = cell[(line >= origin).all(axis=1) & (cell[:, 0] < columns) & (cell[:, 1] < rows)]
    if step > _COARSEST_M or len(cell) == 0:
        return None
    free = np.ones((rows, columns), dtype=np.bool_)
    free[cell[:, 1], cell[:, 0]] = False
    closeness = 1.0 / (1.0 + (distance_transform_edt(free) * step / kernel_m) ** 2)
    at = ((border - origin) / step).astype(np.int64)
    drawn = np.zeros((rows, columns))
    drawn[at[:, 1], at[:, 0]] = 1.0  # a border that two units share counts once
    (west, south), (east, north) = at.min(axis=0).tolist(), at.max(axis=0).tolist()
    core = drawn[south : north + 1, west : east + 1]
    around = closeness[south - n : north + n + 1, west - n : east + n + 1]
    return slid_over(around, core) / core.sum(), step


def slid_over(around: Floats, core: Floats) -> Floats:
    """Give the sum of ``around`` under ``core``, at every place where it lies within (a correlation, by FFT)."""
    from scipy.fft import irfft2, next_fast_len, rfft2  # noqa: PLC0415 (scipy.signal has it at a third of a second)

    shape = [next_fast_len(n, real=True) for n in around.shape]
    # Sums that wrap round the edge are those where the core sticks out, which are cut off.
    whole = irfft2(rfft2(around, shape) * np.conj(rfft2(core, shape)), shape)
    rows, columns = (n - m + 1 for n, m in zip(around.shape, core.shape, strict=True))
    return np.asarray(whole[:rows, :columns])


def _judge(surface: tuple[Floats, float], offsets: Mapping[str, Offset], *, n: int) -> Fit:
    closeness, step = surface
    half = closeness.shape[0] // 2
    north, east = (np.indices(closeness.shape) - half) * step
    within = np.hypot(east, north) <= REACH_M
    usual, highest = float(np.median(closeness[within])), float(closeness[within].max())
    score = {
        name: float(closeness[np.hypot(east - x, north - y) <= _WINDOW_M].max(initial=0.0))
        for name, (x, y) in offsets.items()
    }
    level = {name: (value - usual) / max(highest - usual, 1e-9) for name, value in score.items()}
    best = max(score, key=lambda name: score[name])
    top = np.unravel_index(np.where(within, closeness, -1.0).argmax(), closeness.shape)
    peak = (float(east[top]), float(north[top]))
    rest = float(closeness[within & (np.hypot(east - peak[0], north - peak[1]) > _PEAK_M)].max())
    stands_out = highest - usual >= _PROMINENCE * (rest - usual) and highest - usual >= _LEAST_HEIGHT
    if stands_out and math.dist(peak, offsets[best]) <= NEAR_M and level[best] >= _STRONG_LEVEL:
        return Fit(n, score, best, is_strong=True)
    others = [level[name] for name, off in offsets.items() if math.dist(off, offsets[best]) > NEAR_M]
    is_better = level[best] >= _WEAK_LEVEL and max(others, default=0.0) <= _WEAK_OTHERS
    return Fit(n, score, best if is_better and not stands_out else None)
