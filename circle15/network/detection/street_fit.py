"""How well a set of places agrees with the streets around it, and how well it would agree anywhere nearby.

Facilities keep to streets: close to them, and not in the middle of blocks. Whether a set of places does so is judged
against the same set moved by a few hundred metres in all directions: whatever makes places unlike independent ones
(twenty in one compound, repetitions, a dense quarter beside an empty one) moves with them, so the moved sets show how
much agreement chance alone brings about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used

from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.network.graph import WalkNetwork

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BLOCK_M = 250.0
"""Streets surround a place where blocks are at most twice this wide; farther off is beyond the extract, or wild."""
_FINE_M, _COARSE_M = 5.0, 10.0  # pixels; coarse ones where fine ones would be too many
_MOST_PIXELS = 2_800_000  # 8.4 km by 8.4 km of fine ones, 16.7 km by 16.7 km of coarse ones
_FARTHEST_TOLD_M = 400.0  # kernels are level beyond it
_AROUND_M = 250.0  # half of the window that "the streets around" means
_NEAREST_MOVE_M, _FARTHEST_MOVE_M, _MOVE_STEP_M = 120.0, 600.0, 50.0
_LEAST_SPREAD = 1.0  # nats: what moved sets differ by at least
_TAIL = 0.1  # of the moves
_LEAST_EXCESS = 0.1  # standard deviations
# How likely a facility is at a distance from the street, metres, and the share of strays that stand anywhere: on the
# street itself with more or less scatter; behind it at 12, 20 or 32 m, and not on it; as points of interest of
# OpenStreetMap in Nanjing and Shenzhen stand; anywhere but in the middle of a large block.
_KERNELS: tuple[tuple[float, Callable[[Floats], Floats]], ...] = (
    (0.15, lambda d: np.exp(-0.5 * (d / 12.0) ** 2)),
    (0.15, lambda d: np.exp(-0.5 * (d / 30.0) ** 2)),
    (0.15, lambda d: np.exp(-0.5 * (d / 60.0) ** 2)),
    (0.15, lambda d: (d / 12.0) ** 1.5 * np.exp(-0.5 * (d / 12.0) ** 2)),
    (0.15, lambda d: (d / 20.0) ** 1.5 * np.exp(-0.5 * (d / 20.0) ** 2)),
    (0.15, lambda d: (d / 32.0) ** 1.5 * np.exp(-0.5 * (d / 32.0) ** 2)),
    (0.04, lambda d: np.interp(d, (0, 4, 12, 35, 60, 90, 130), (0.3, 0.5, 1, 1, 0.7, 0.3, 0.0))),
    (0.02, lambda d: 1.0 / (1.0 + (d / 80.0) ** 6)),
)


@dataclass(frozen=True, slots=True)
class Chance:
    """How well places keep to streets against the same places moved.

    `above` is in standard deviations of the moved ones; `share` is that of moves which do as well, beyond the tenth
    best of them by an exponential tail: where streets repeat themselves moves have no normal distribution.
    """

    above: float
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class StreetFit:
    """The streets of a network as rasters, row 0 in the south."""

    lon0: float  # degrees WGS-84, of the middle of pixel (0, 0)
    lat0: float
    metres_per_lon: float
    metres_per_lat: float
    pixel_m: float
    surrounded: Bools  # (rows, columns): within the streets' blocks
    log_ratio: npt.NDArray[np.float32]  # (kernels, rows * columns), 0 beyond the streets

    @classmethod
    def of(cls, network: WalkNetwork, lon: float, lat: float) -> StreetFit:
        """Draw the streets around a place; a network of less than 16 km by 16 km is drawn whole."""
        per_lat = float(np.deg2rad(1.0) * EARTH_RADIUS_M)
        per_lon = per_lat * float(np.cos(np.deg2rad(lat)))
        x, y = (network.node_lon - lon) * per_lon, (network.node_lat - lat) * per_lat
        margin = BLOCK_M + _FARTHEST_MOVE_M + _MOVE_STEP_M
        half = 0.5 * _COARSE_M * _MOST_PIXELS**0.5
        west, south = max(float(x.min()) - margin, -half), max(float(y.min()) - margin, -half)
        east, north = min(float(x.max()) + margin, half), min(float(y.max()) + margin, half)
        width, height = max(east - west, margin), max(north - south, margin)
        pixel_m = _FINE_M if width * height <= _MOST_PIXELS * _FINE_M**2 else _COARSE_M
        shape = (int(height / pixel_m) + 1, int(width / pixel_m) + 1)
        distance = _distance_to(network, (x - west) / pixel_m, (y - south) / pixel_m, shape, pixel_m)
        surrounded = _closed(distance, pixel_m)
        # Moved places are looked up without asking whether they are on the raster.
        rim = int((_FARTHEST_MOVE_M + _MOVE_STEP_M) / pixel_m)
        inner = np.zeros_like(surrounded)
        inner[rim:-rim, rim:-rim] = surrounded[rim:-rim, rim:-rim]
        ratios = _log_ratios(distance, surrounded, pixel_m)
        return cls(lon + west / per_lon, lat + south / per_lat, per_lon, per_lat, pixel_m, inner, ratios)

    def are_surrounded(self, lon: Floats, lat: Floats) -> Bools:
        """Tell which places lie within the streets' blocks: there, and only there, the streets can tell anything."""
        rows, columns = self._pixels(lon, lat)
        result: Bools = (rows >= 0) & self.surrounded[rows, columns]
        return result

    def chance(self, lon: Floats, lat: Floats, *, apart_m: Floats) -> Chance:
        """Compare places with the same places moved around.

        Parameters
        ----------
        lon, lat
            (n,) degrees WGS-84, all `are_surrounded`.
        apart_m
            (k, 2) metres east and north from these places to where other hypotheses put them: moves that come near
            those are left out, as one of them may be the truth.

        """
        rows, columns = self._pixels(lon, lat)
        width = self.surrounded.shape[1]
        places = rows * width + columns
        moves = _moves(apart_m, self.pixel_m)
        support = np.empty((len(self.log_ratio), len(moves)))
        for m, (east, north) in enumerate(moves.tolist()):
            support[:, m] = self.log_ratio[:, places + (north * width + east)].sum(axis=1)
        # Which kernel suits the table is not known: each is compared with itself, and the best of them with the best
        # that moved sets reach. The first move is none.
        mean, spread = support[:, 1:].mean(axis=1), np.maximum(support[:, 1:].std(axis=1), _LEAST_SPREAD)
        best = ((support - mean[:, np.newaxis]) / spread[:, np.newaxis]).max(axis=0)
        here, moved = float(best[0]), best[1:]
        return Chance((here - float(moved.mean())) / max(float(moved.std()), _LEAST_EXCESS), _share_above(here, moved))

    def _pixels(self, lon: Floats, lat: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give rows and columns of places; -1 for both beyond the raster or where a place is not finite."""
        rows = np.rint((lat - self.lat0) * self.metres_per_lat / self.pixel_m)
        columns = np.rint((lon - self.lon0) * self.metres_per_lon / self.pixel_m)
        n_rows, n_columns = self.surrounded.shape
        good = (rows >= 0) & (rows < n_rows) & (columns >= 0) & (columns < n_columns)
        return np.where(good, rows, -1).astype(np.int64), np.where(good, columns, -1).astype(np.int64)


def _share_above(here: float, moved: Floats) -> float:
    """Give the share of ``moved`` that is at least ``here``, extrapolated beyond the tenth best."""
    start = float(np.quantile(moved, 1.0 - _TAIL))
    if here <= start:
        return float((moved >= here).sum() + 0.5) / (len(moved) + 1.0)
    excess = (
        max(float((moved[moved > start] - start).mean()), _LEAST_EXCESS) if (moved > start).any() else _LEAST_EXCESS
    )
    return _TAIL * float(np.exp(-(here - start) / excess))


def _distance_to(
    network: WalkNetwork, px: Floats, py: Floats, shape: tuple[int, int], pixel_m: float
) -> npt.NDArray[np.float32]:
    """Give each pixel's distance to the nearest edge, metres."""
    drawn = _drawn(px, py, network.tail, network.head, shape)
    if not drawn.any():
        return np.full(shape, np.inf, dtype=np.float32)
    return np.asarray(scipy.ndimage.distance_transform_edt(~drawn) * pixel_m, dtype=np.float32)


def _drawn(
    px: Floats, py: Floats, tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32], shape: tuple[int, int]
) -> Bools:
    """Mark the pixels of the edges; places every half pixel along each."""
    drawn = np.zeros(shape, dtype=np.bool_)
    dx, dy = px[head] - px[tail], py[head] - py[tail]
    n = np.ceil(2.0 * np.maximum(np.abs(dx), np.abs(dy))).astype(np.int64) + 1
    near = (np.maximum(px[tail], px[head]) >= 0) & (np.maximum(py[tail], py[head]) >= 0)
    near &= (np.minimum(px[tail], px[head]) < shape[1]) & (np.minimum(py[tail], py[head]) < shape[0])
    edge = np.repeat(np.flatnonzero(near), n[near])
    step = np.arange(len(edge)) - np.repeat(np.cumsum(n[near]) - n[near], n[near])
    share = step / np.maximum(n[edge] - 1, 1)
    column = np.rint(px[tail][edge] + share * dx[edge]).astype(np.int64)
    row = np.rint(py[tail][edge] + share * dy[edge]).astype(np.int64)
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    drawn[row[inside], column[inside]] = True
    return drawn


def _closed(distance: npt.NDArray[np.float32], pixel_m: float) -> Bools:
    """Give what the streets surround: all within a block's reach of them, less the outer rim of that width."""
    near = np.pad(distance <= BLOCK_M, 1)
    result: Bools = (scipy.ndimage.distance_transform_edt(near)[1:-1, 1:-1] * pixel_m) > BLOCK_M
    return result


def _log_ratios(distance: npt.NDArray[np.float32], surrounded: Bools, pixel_m: float) -> npt.NDArray[np.float32]:
    """Give how much likelier a facility is at each pixel than on average around it; 0 beyond the streets.

    Returns
    -------
    float32 (kernels, pixels)
    """
    size = int(2 * _AROUND_M / pixel_m) + 1
    share = scipy.ndimage.uniform_filter(surrounded.astype(np.float32), size, mode="constant")
    metres = np.arange(_FARTHEST_TOLD_M + 1.0)
    at = np.minimum(np.where(np.isfinite(distance), distance, _FARTHEST_TOLD_M), _FARTHEST_TOLD_M).astype(np.int16)
    ratios = np.zeros((len(_KERNELS), distance.size), dtype=np.float32)
    for k, (stray, kernel) in enumerate(_KERNELS):
        density = np.where(surrounded, np.asarray(kernel(metres), dtype=np.float32)[at], np.float32(0))
        around = scipy.ndimage.uniform_filter(density, size, mode="constant")
        ratio = density * share / np.maximum(around, 1e-6)
        ratios[k] = np.where(surrounded, np.log((1.0 - stray) * ratio + stray), 0.0).ravel()
    return ratios


def _moves(apart_m: Floats, pixel_m: float) -> npt.NDArray[np.int64]:
    """Give no move, and the moves to compare with, pixels east and north."""
    k = np.arange(-_FARTHEST_MOVE_M, _FARTHEST_MOVE_M + 1.0, _MOVE_STEP_M)
    east, north = (a.ravel() for a in np.meshgrid(k, k))
    far = np.hypot(east, north)
    kept = (far >= _NEAREST_MOVE_M) & (far <= _FARTHEST_MOVE_M)
    for dx, dy in apart_m:
        kept &= np.hypot(east - dx, north - dy) >= _NEAREST_MOVE_M
    moves = np.rint(np.column_stack([east, north])[kept] / pixel_m).astype(np.int64)
    return np.vstack([np.zeros((1, 2), dtype=np.int64), moves])
