"""One walking profile's searches made many times over, with other destinations and at other speeds."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from circle15 import _core
from circle15.reach.phases import ending, starting
from circle15.reach.search import TravelTimes, core_places, folded
from circle15.units import MAX_MS, UNREACHED, ms_to_seconds, seconds_to_ms

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile


class Walks:
    """Walks of one profile from fixed origins, made ready once.

    Every search runs on one thread, so that many can run beside each other; none changes the others' results.

    Parameters
    ----------
    net
        Walking network.
    origins
        Linkage of ``net``.
    profile
        Walking profile of ``net``, by name or value.
    speed_factor
        How many times as fast as the profile everybody walks, on steps and slopes too; waits last as long as ever.
    """

    def __init__(
        self, net: WalkNetwork, origins: Linkage, *, profile: str | WalkProfile, speed_factor: float = 1.0
    ) -> None:
        self._net, self._origins, self._factor = net, origins, speed_factor
        self._is_folded = len(net.links) > 0
        self._full = net.unfolded()[0] if self._is_folded else net
        self._p = net.profile_index(profile)
        self._speed = net.profiles[self._p].speed_m_s * speed_factor

    @cached_property
    def has_waits(self) -> bool:
        """Whether some walks take time that no speed shortens."""
        walk_ms = self._full.walk_ms[self._p][:, self._full.length_m == 0]
        return bool(((walk_ms > 0) & (walk_ms != UNREACHED)).any())

    def at(self, speed_factor: float) -> Walks:
        """Give the same walks at another speed."""
        return Walks(
            self._net, self._origins, profile=self._net.profiles[self._p], speed_factor=self._factor * speed_factor
        )

    @cached_property
    def _graph(self) -> _core.Graph:
        found = self._full.compiled(self._p)
        if self._factor == 1.0:
            return found
        scaled = _walked_at(self._full.walk_ms[self._p], self._full.length_m, self._factor)
        return _core.Graph(self._full.streets(), *scaled)

    @cached_property
    def _starts(self) -> _core.Places:
        at = starting(self._net, self._origins) if self._is_folded else self._origins
        return core_places(self._full, self._graph, self._speed, "origins", at)

    def _goals(self, destinations: Linkage) -> tuple[_core.Places, npt.NDArray[np.int32] | None]:
        at, owner = ending(self._net, destinations) if self._is_folded else (destinations, None)
        return core_places(self._full, self._graph, self._speed, "destinations", at), owner

    def seconds_to_nearest(self, destinations: Linkage, *, cutoff_s: float) -> npt.NDArray[np.float64]:
        """Give the seconds from each origin to its nearest destination, NaN beyond the cutoff (`search.nearest`)."""
        goals, _ = self._goals(destinations)
        return ms_to_seconds(_core.nearest(self._graph, self._starts, goals, seconds_to_ms(cutoff_s), 1, None)[0])

    def table(self, destinations: Linkage, *, cutoff_s: float) -> TravelTimes:
        """Give the walking time of every pair within the cutoff (`search.travel_times`)."""
        goals, owner = self._goals(destinations)
        indptr, destination, time = _core.travel_times(
            self._graph, self._starts, goals, seconds_to_ms(cutoff_s), 1, None
        )
        n = len(destinations) if owner is None else len(owner)
        found = TravelTimes(indptr, destination, ms_to_seconds(time), cutoff_s, n)
        return found if owner is None else folded(found, owner, len(destinations))


def network_at(net: WalkNetwork, profile: str | WalkProfile, speed_factor: float) -> WalkNetwork:
    """Give a network on which one profile walks so many times as fast, on steps and slopes too; waits last as long.

    Its edges are the network's own, so that places are on both alike; at factor 1 it is the network itself.
    """
    if speed_factor == 1.0:
        return net
    p = net.profile_index(profile)
    walk_ms = net.walk_ms.copy()
    walk_ms[p] = _walked_at(net.walk_ms[p], net.length_m, speed_factor)
    known, profiles = net.profiles[p], list(net.profiles)
    speeds = ("speed_m_s", "stairs_up_m_s", "stairs_down_m_s", "conveyor_m_s")
    stated = {name: getattr(known, name) for name in speeds}
    profiles[p] = replace(known, **{name: v * speed_factor for name, v in stated.items() if v is not None})
    return replace(net, walk_ms=walk_ms, profiles=tuple(profiles))


def _walked_at(
    walk_ms: npt.NDArray[np.uint32], length_m: npt.NDArray[np.float64], factor: float
) -> npt.NDArray[np.uint32]:
    """Give milliseconds at so many times the speed, (2, n_edges); edges of no length are waits."""
    is_wait = length_m == 0
    scaled = np.floor(walk_ms / factor + 0.5)
    scaled[:, is_wait] = walk_ms[:, is_wait]
    return np.ascontiguousarray(np.where((walk_ms == UNREACHED) | (scaled > MAX_MS), UNREACHED, scaled), np.uint32)
