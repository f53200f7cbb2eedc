"""Facilities that stand elsewhere: their entrances moved as one, and linked anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.random_draws import ACCESS, POSITIONS, place_normals
from circle15.network.linking.link import link
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study

Float64 = npt.NDArray[np.float64]
TRIES = (1.0, -1.0, 0.5, -0.5)
"""What a move is multiplied by until it is plausible; else the facility stays where it is stated."""
_POINTS_AT_ONCE = 200_000
_ACCESS_DRAWS = 32


@dataclass(frozen=True, slots=True)
class DrawnPlaces:
    """A layer's entrances, whose places are known to a standard deviation.

    All entrances of a facility move by one random vector, and so do all facilities at one place. A move is plausible
    where no hard border lies between the stated place and the drawn one, and every entrance that was on a street is on
    one again; otherwise the facility moves the other way, then half as far, else not at all. What is on no street as
    stated stays so.

    Access legs of drawn places are shortened by one factor for the layer. Places that are off by chance lie farther
    from their streets than the true ones do, and drawing moves them farther still; the excess of the second step over
    the first tells that of the first over the truth (simulation and extrapolation, Cook & Stefanski 1994). Mean
    squares are extrapolated, as those grow with the variance.
    """

    stated: Linkage  # (n_entrances,)
    owner: npt.NDArray[np.int64]  # (n_entrances,) facility, counted within the layer
    lon: Float64  # (n_entrances,) as stated
    lat: Float64
    facility_lon: Float64  # (n_facilities,) degrees
    facility_lat: Float64
    sd_m: float
    max_access_m: float
    profile: str
    normals: Float64  # (draws, n_facilities, 2)
    leg_factor: float = 1.0

    @classmethod
    def of(cls, study: Study, layer: LayerTable, root: np.random.SeedSequence, draws: int, sd_m: float) -> DrawnPlaces:
        """Draw a layer's facilities; those in one place, in whatever layer, move as one."""
        at, owner = study.linked_entrances(layer)
        of_layer = study.entrances[study.entrances["layer"] == layer.id]
        rows = study.rows_of(layer.id)
        lon, lat = (study.facilities[c].to_numpy(np.float64)[rows] for c in ("lon", "lat"))
        found = cls(
            stated=at,
            owner=owner,
            lon=of_layer["lon"].to_numpy(np.float64),
            lat=of_layer["lat"].to_numpy(np.float64),
            facility_lon=lon,
            facility_lat=lat,
            sd_m=sd_m,
            max_access_m=study.config.network.max_access_m,
            profile=layer.profile,
            normals=place_normals(root, lon, lat, draws, factor=POSITIONS),
        )
        if not sd_m > 0:
            return found
        tried = replace(found, normals=place_normals(root, lon, lat, _ACCESS_DRAWS, factor=ACCESS))
        stated_m2 = np.square(at.access_m[at.edge >= 0])
        drawn_m2 = [np.square(moved.access_m[moved.edge >= 0]) for moved in tried]
        return replace(found, leg_factor=_leg_factor(stated_m2, np.concatenate([np.empty(0), *drawn_m2])))

    def __iter__(self) -> Iterator[Linkage]:
        """Link the entrances of one draw after another; as stated where places are exact."""
        if not self.sd_m > 0 or not len(self.owner):
            yield from (self.stated for _ in range(len(self.normals)))
            return
        at_once = max(1, _POINTS_AT_ONCE // len(self.owner))
        for first in range(0, len(self.normals), at_once):
            block = self._linked(self.normals[first : first + at_once] * self.sd_m)
            n = len(self.owner)
            yield from (block.take(slice(k, k + n)) for k in range(0, len(block), n))

    def _linked(self, moves: Float64) -> Linkage:
        """Link the entrances under (n, n_facilities, 2) moves in metres, draw after draw."""
        n_draws, n = len(moves), len(self.owner)
        waiting = np.ones(moves.shape[:2], dtype=np.bool_)
        at = self._stated_again(n_draws)
        for one in TRIES:
            draw, entrance = np.nonzero(waiting[:, self.owner])
            if not len(draw):
                break
            east, north = (one * moves[draw, self.owner[entrance]]).T
            lon, lat = self._moved(self.lon[entrance], self.lat[entrance], east, north)
            found = link(self.stated.network, lon, lat, max_access_m=self.max_access_m, profile=self.profile)
            fails = (found.edge < 0) & (self.stated.edge[entrance] >= 0)
            fails |= self._is_parted(entrance, lon, lat)
            failed = np.zeros(waiting.shape, dtype=np.bool_)
            np.logical_or.at(failed, (draw, self.owner[entrance]), fails)
            settled = ~failed[draw, self.owner[entrance]] & (self.stated.edge[entrance] >= 0)
            at = _put(at, draw[settled] * n + entrance[settled], found.take(np.flatnonzero(settled)), self.leg_factor)
            waiting &= failed
        return at

    def _stated_again(self, n_draws: int) -> Linkage:
        return self.stated.take(np.tile(np.arange(len(self.owner)), n_draws))

    @staticmethod
    def _moved(lon: Float64, lat: Float64, east_m: Float64, north_m: Float64) -> tuple[Float64, Float64]:
        d_lat = np.degrees(north_m / EARTH_RADIUS_M)
        return lon + np.degrees(east_m / EARTH_RADIUS_M) / np.cos(np.radians(lat)), lat + d_lat

    def _is_parted(self, entrance: npt.NDArray[np.int64], lon: Float64, lat: Float64) -> npt.NDArray[np.bool_]:
        """Tell which moves cross a hard border."""
        borders = self.stated.network.border_tree()
        if borders is None:
            return np.zeros(len(lon), dtype=np.bool_)
        return borders.crosses(self.lon[entrance], self.lat[entrance], lon, lat).view(np.bool_)


def _leg_factor(stated_m2: Float64, drawn_m2: Float64) -> float:
    """Give what drawn access legs are multiplied by, 0 to 1, from squares of stated and of drawn ones."""
    if not len(stated_m2) or not len(drawn_m2):
        return 1.0
    stated, drawn = float(stated_m2.mean()), float(drawn_m2.mean())
    true = min(max(2 * stated - drawn, 0.0), drawn)
    return float(np.sqrt(true / drawn)) if drawn > 0 else 1.0


def _put(at: Linkage, rows: npt.NDArray[np.int64], found: Linkage, leg_factor: float) -> Linkage:
    edge, fraction, access_m = at.edge.copy(), at.fraction.copy(), at.access_m.copy()
    edge[rows], fraction[rows], access_m[rows] = found.edge, found.fraction, found.access_m * leg_factor
    return replace(at, edge=edge, fraction=fraction, access_m=access_m)
