"""Whose walks to what count: a layer's people and facilities, and who is covered on a changed network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.changes import add_path, checked_line, clip_around
from circle15.network.linking.link import link
from circle15.planning.straight_line import chord_to_metres, unit_vectors
from circle15.reach.kth import seconds_to_kth

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BLOCK = 2048
_MARGIN_M = 50.0


@dataclass(frozen=True, slots=True)
class Demand:
    """One layer on one network: whose walks to what count."""

    lon: FloatArray  # (n_cells,) cell centres, degrees WGS-84
    lat: FloatArray
    people: FloatArray  # (n_cells,)
    place_lon: FloatArray  # (n_places,) the facilities' entrances
    place_lat: FloatArray
    facility: IntArray  # (n_places,) facility of each entrance, 0 to n_facilities - 1
    n_facilities: int
    min_count: int
    profile: str
    threshold_s: float
    max_access_m: float

    def linked(self, net: WalkNetwork) -> tuple[Linkage, Linkage]:
        """Link cells and entrances to a network."""
        cells = link(net, self.lon, self.lat, max_access_m=self.max_access_m, profile=self.profile)
        places = link(net, self.place_lon, self.place_lat, max_access_m=self.max_access_m, profile=self.profile)
        return cells, places

    def covered(self, net: WalkNetwork, *, threads: int | None = None) -> npt.NDArray[np.bool_]:
        """Tell which cells have enough facilities within the threshold on a network."""
        cells, places = self.linked(net)
        return ~np.isnan(self.seconds_to_kth(net, cells, places, threads=threads))

    def seconds_to_kth(
        self, net: WalkNetwork, origins: Linkage, places: Linkage, *, threads: int | None = None
    ) -> FloatArray:
        """Give the seconds from each origin to its min_count-th nearest facility, NaN beyond the threshold."""
        return seconds_to_kth(
            net, origins, places, self.facility,
            k=self.min_count, profile=self.profile, cutoff_s=self.threshold_s, block=_BLOCK, threads=threads,
        )  # fmt: skip

    def take(self, cells: npt.NDArray[np.integer]) -> Demand:
        """Give the same for some of the cells."""
        return replace(self, lon=self.lon[cells], lat=self.lat[cells], people=self.people[cells])


def newly_covered_by(
    net: WalkNetwork, line: npt.ArrayLike, demand: Demand, before: npt.NDArray[np.bool_], *, threads: int | None = None
) -> float:
    """Sum the people that a new path covers, less those whom it uncovers, as a scenario with it would print.

    Only walks over the path, or from cells and to facilities that are linked to it, can change. None of them begins
    farther from the path than the threshold and the access legs; all walks of those cells lie within twice as far. What
    is beyond is left out, which changes nothing.

    Parameters
    ----------
    net
        The network without the path.
    line
        (n, 2) longitude and latitude of the path.
    demand
        The layer's cells, people and facilities.
    before
        bool (n_cells,): covered on ``net``.
    threads
        Threads to search with.
    """
    points = checked_line(line)
    speed = net.profiles[net.profile_index(demand.profile)].speed_m_s
    walk_m = demand.threshold_s * speed + 2 * demand.max_access_m + _MARGIN_M
    straight = _distance_to_points(demand.lon, demand.lat, points)
    length_m = float(chord_to_metres(np.linalg.norm(np.diff(unit_vectors(*points.T), axis=0), axis=1)).max())
    near = np.flatnonzero((straight <= walk_m + length_m) & (demand.people > 0))
    street = clip_around(net, points, 2 * walk_m + length_m)
    part = demand.take(near)
    after = part.covered(add_path(street, points).network, threads=threads)
    return float(part.people[after & ~before[near]].sum() - part.people[~after & before[near]].sum())


def _distance_to_points(lon: FloatArray, lat: FloatArray, points: FloatArray) -> FloatArray:
    """Give each place's metres to the nearest of a few points."""
    places = unit_vectors(lon, lat)
    each = [np.linalg.norm(places - corner, axis=1) for corner in unit_vectors(*points.T)]
    return chord_to_metres(np.min(each, axis=0))
