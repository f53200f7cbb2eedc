"""Facilities that stand elsewhere: their entrances moved as one, and linked anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.random_draws import ACCESS, POSITIONS, place_normals, stream
from circle15.network.linking.link import link
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile
    from circle15.pipeline.study.study import Study

Float64 = npt.NDArray[np.float64]
TRIES = (1.0, -1.0, 0.5, -0.5)
"""What a move is multiplied by until it is plausible; else the facility stays where it is stated."""
_POINTS_AT_ONCE = 200_000
_ACCESS_DRAWS = 32
_LEG_CUTS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Standard deviations that may be taken from legs, or added (below 0) where chance alone put the stated ones near: so
that few facilities that tell little shorten legs no more often than they lengthen them."""
AT_STREETS = 0.3
"""How likely a layer's places all stand at their streets, before their legs are looked at. Legs of a few places that
are off by as much as a quarter of a block tell hardly whether they do, and they cannot be nearer than at the street: a
guess from the legs alone would make them too long on average. With this share made towns of either kind are held
equally often (scripts/calibrate_certainty.py)."""
_CUT_STEPS = 128


@dataclass(frozen=True, slots=True)
class DrawnPlaces:
    """A layer's entrances, whose places are known to a standard deviation.

    All entrances of a facility move by one random vector, and so do all facilities at one place. A move is plausible
    where no hard border lies between the stated place and the drawn one, and every entrance that was on a street is on
    one again; otherwise the facility moves the other way, then half as far, else not at all. What is on no street as
    stated stays so.

    Access legs of drawn places are shortened. Places that are off by chance lie farther from their streets than the
    true ones do, and drawing moves them farther still. Which legs are true is found by matching (indirect inference,
    Gourieroux, Monfort & Renault 1993): from squared legs a constant is taken, so that long ones hardly change, and
    that one is sought with which places, moved by the same errors, lie as far from their streets as the stated ones.
    How well so many facilities tell it is drawn too, and that all may stand at their streets (`AT_STREETS`).
    """

    stated: Linkage  # (n_entrances,)
    owner: npt.NDArray[np.int64]  # (n_entrances,) facility, counted within the layer
    lon: Float64  # (n_entrances,) as stated
    lat: Float64
    facility_lon: Float64  # (n_facilities,) degrees
    facility_lat: Float64
    sd_m: float
    max_access_m: float
    profile: str | WalkProfile
    normals: Float64 = field(default_factory=lambda: np.empty((0, 0, 2)))  # (draws, n_facilities, 2)
    leg_cut_m: Float64 | None = None  # (draws,) taken from drawn access legs, in squares; None: nothing

    @classmethod
    def of(cls, study: Study, layer: LayerTable, root: np.random.SeedSequence, draws: int, sd_m: float) -> DrawnPlaces:
        """Draw a layer's facilities; those in one place, in whatever layer, move as one."""
        at, owner = study.linked_entrances(layer)
        of_layer = study.entrances[study.entrances["layer"] == layer.id]
        rows = study.rows_of(layer.id)
        found = cls(
            stated=at,
            owner=owner,
            lon=of_layer["lon"].to_numpy(np.float64),
            lat=of_layer["lat"].to_numpy(np.float64),
            facility_lon=study.facilities["lon"].to_numpy(np.float64)[rows],
            facility_lat=study.facilities["lat"].to_numpy(np.float64)[rows],
            sd_m=sd_m,
            max_access_m=study.config.network.max_access_m,
            profile=layer.profile,
        )
        return found.drawn(root, draws)

    def drawn(self, root: np.random.SeedSequence, draws: int) -> DrawnPlaces:
        """Give the same with the random numbers of so many draws."""
        lon, lat = self.facility_lon, self.facility_lat
        found = replace(self, normals=place_normals(root, lon, lat, draws, factor=POSITIONS))
        if not self.sd_m > 0:
            return found
        return replace(found, leg_cut_m=_LegMatch(found, root).cuts_m(draws))

    def __iter__(self) -> Iterator[Linkage]:
        """Link the entrances of one draw after another; as stated where places are exact."""
        if not self.sd_m > 0 or not len(self.owner):
            yield from (self.stated for _ in range(len(self.normals)))
            return
        at_once = max(1, _POINTS_AT_ONCE // len(self.owner))
        for first in range(0, len(self.normals), at_once):
            block = self.linked(self.normals[first : first + at_once] * self.sd_m, first)
            n = len(self.owner)
            yield from (block.take(slice(k, k + n)) for k in range(0, len(block), n))

    def linked(self, moves: Float64, first: int = 0) -> Linkage:
        """Link the entrances under (n, n_facilities, 2) moves in metres of the draws from ``first`` on, one by one."""
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
            cut_m = np.zeros(len(draw)) if self.leg_cut_m is None else self.leg_cut_m[first + draw]
            at = _put(at, draw[settled] * n + entrance[settled], found.take(np.flatnonzero(settled)), cut_m[settled])
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


class _LegMatch:
    """How long true access legs are, told from the stated ones and the error of the places."""

    def __init__(self, places: DrawnPlaces, root: np.random.SeedSequence) -> None:
        self._places, self._root = places, root
        self._is_on = places.stated.edge >= 0
        self._legs = places.stated.access_m[self._is_on]

    def cuts_m(self, draws: int) -> Float64:
        """Give what is taken from the access legs of each draw, metres in squares, (draws,)."""
        places = self._places
        lon, lat = places.facility_lon, places.facility_lat
        moves = place_normals(self._root, lon, lat, _ACCESS_DRAWS, factor=ACCESS) * places.sd_m
        cuts = np.array(_LEG_CUTS) * places.sd_m
        moved = [self._moved_legs(cut, moves) for cut in cuts]
        drawn = moved[_LEG_CUTS.index(0.0)]
        if not len(self._legs) or not len(drawn):
            return np.zeros(draws)
        stated = float(self._legs.mean())
        spread = float(self._legs.std(ddof=1)) if len(self._legs) > 1 else stated
        error = spread / np.sqrt(len(self._legs))
        seen = stated + error * stream(self._root, ACCESS).standard_normal(draws)
        # Means fall as the cut grows; interpolation wants them to rise.
        means = np.maximum.accumulate([legs.mean() if len(legs) else 0.0 for legs in reversed(moved)])
        true_cut = np.interp(seen, means, cuts[::-1])
        is_at_street = stream(self._root, ACCESS, 1).random(draws) < _chance_of_no_legs(stated, means, error)
        true_cut = np.where(is_at_street, cuts[-1], true_cut)
        true_mean = np.interp(true_cut, cuts, [_cut(self._legs, cut).mean() for cut in cuts])
        grid = np.linspace(-2 * places.sd_m, float(drawn.max()), _CUT_STEPS)
        cuts_m = np.interp(true_mean, [_cut(drawn, cut).mean() for cut in grid[::-1]], grid[::-1])
        return np.asarray(cuts_m, dtype=np.float64)

    def _moved_legs(self, cut_m: float, moves: Float64) -> Float64:
        """Give the legs of places whose stated legs are cut, moved by errors, metres."""
        places, at = self._places, self._places.stated
        lon, lat = places.lon.copy(), places.lat.copy()
        edge, fraction, net = at.edge[self._is_on], at.fraction[self._is_on], at.network
        kept = np.divide(_cut(self._legs, cut_m), self._legs, out=np.ones(len(self._legs)), where=self._legs > 0)
        for place, node in ((lon, net.node_lon), (lat, net.node_lat)):
            tail = node[net.tail[edge]]
            foot = tail + fraction * (node[net.head[edge]] - tail)
            place[self._is_on] = foot + kept * (place[self._is_on] - foot)
        moved = replace(places, lon=lon, lat=lat).linked(moves)
        return moved.access_m[moved.edge >= 0]


def _chance_of_no_legs(stated_m: float, means_m: Float64, error_m: float) -> float:
    """Give how likely it is that all places stand at their streets (Bayes), `AT_STREETS` being so beforehand.

    ``means_m`` are the mean legs of places that were moved by errors, by what was cut before, most first: how likely
    each brings about the stated mean is told by its normal error.
    """
    if not error_m > 0:
        return 0.0
    likely = np.exp(-0.5 * ((stated_m - means_m) / error_m) ** 2)
    at_streets, elsewhere = AT_STREETS * float(likely[0]), (1.0 - AT_STREETS) * float(likely[1:].mean())
    return at_streets / (at_streets + elsewhere) if at_streets + elsewhere > 0 else 0.0


def _cut(legs_m: Float64, cut_m: npt.ArrayLike) -> Float64:
    """Take a length from legs, in squares, as errors in two directions add up; one below 0 is added."""
    return np.asarray(np.sqrt(np.maximum(np.square(legs_m) - np.sign(cut_m) * np.square(cut_m), 0.0)), dtype=np.float64)


def _put(at: Linkage, rows: npt.NDArray[np.int64], found: Linkage, cut_m: Float64) -> Linkage:
    edge, fraction, access_m = at.edge.copy(), at.fraction.copy(), at.access_m.copy()
    edge[rows], fraction[rows], access_m[rows] = found.edge, found.fraction, _cut(found.access_m, cut_m)
    return replace(at, edge=edge, fraction=fraction, access_m=access_m)
