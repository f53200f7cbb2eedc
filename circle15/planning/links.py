"""Missing links: where a short new connection would newly cover most people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from circle15.inputs.ground.cells import COORDINATE_DECIMALS
from circle15.network.linking.link import link_nodes
from circle15.network.linking.linkage import Linkage
from circle15.planning.demand import newly_covered_by
from circle15.planning.straight_line import chord_to_metres, metres_to_chord, unit_vectors
from circle15.reach.search import nearest, travel_times, travel_times_blocks
from circle15.reach.times import pair_rows
from circle15.units import MAX_MS, MS_PER_SECOND, UNREACHED, metres_to_ms, seconds_to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.network.graph import WalkNetwork
    from circle15.planning.demand import Demand

NEAR_M, FAR_M = 150.0, 600.0
"""A missing link joins places less than `NEAR_M` apart that are more than `FAR_M` from each other on foot."""

PLACES_EVERY_M = 50.0
"""Besides the network's nodes, places are tried this far apart along longer edges."""

_SEARCHED_M = 10_000.0
_BLOCK = 2048
_TRIED = 3
_NEVER_MS = 2 * MAX_MS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Links:
    """Missing links, best first."""

    from_lon: FloatArray  # (n,) the end on the side of those who gain
    from_lat: FloatArray
    to_lon: FloatArray  # (n,) the end from which the service is in reach
    to_lat: FloatArray
    straight_m: FloatArray  # (n,) length of the new connection
    walk_m: FloatArray  # (n,) between the same places today; NaN where over 10 km or not at all
    newly_covered_people: FloatArray  # (n,)


def find_missing_links(net: WalkNetwork, demand: Demand, *, top: int = 20, threads: int | None = None) -> Links:
    """Find the pairs of near places, far on foot, whose connection would newly cover most people.

    The places are the network's nodes and points along longer edges. For a place u, the uncovered people at most b(u) =
    threshold - length - time from v to the facilities away from u are newly covered by a link u to v; one search from
    the uncovered cells then counts them for every u at once. Of links whose ends lie within `NEAR_M` of a better one's,
    only the better is listed, as one bridge need not be built twice. Equal gains are ordered by length. Where cells
    need several facilities (``min_count`` above 1) the search counts, for every facility that comes nearer, all who
    then reach it; as that is too many, three times the list is tried.

    Every link listed is then added to the network (`changes.add_path`, as a scenario does), cells and facilities are
    linked anew, and the gain that is given is that of the changed network. The order is that of those gains.

    Whether a bridge can be built there is not known here: it is a list for inspection.

    Parameters
    ----------
    net
        Walking network.
    demand
        The layer's cells, people and facilities.
    top
        Longest list.
    threads
        Threads to search with; the result does not depend on it.

    Returns
    -------
    Links
        Links that newly cover nobody are not listed.
    """
    cells, entrances = demand.linked(net)
    before = ~np.isnan(demand.seconds_to_kth(net, cells, entrances, threads=threads))
    wanting = np.flatnonzero(~before & (demand.people > 0) & (cells.edge >= 0))
    if not len(wanting) or not (entrances.edge >= 0).any():
        return _no_links()
    search = _Search(net, demand, *_places(net, demand.profile), threads)
    pairs = search.best_partners(search.far_on_foot(search.useful_pairs(cells.take(wanting), entrances)))
    if not len(pairs.u):
        return _no_links()
    gain = search.gain(pairs, cells.take(wanting), demand.people[wanting])
    order = np.lexsort((pairs.v, pairs.u, np.round(pairs.length_m, 2), -np.round(gain, 6)))
    listed = pairs.take(order[gain[order] > 0])
    n_tried = top if demand.min_count == 1 else _TRIED * top
    return search.verified(listed.take(search.apart(listed, n_tried)), before, top)


def _places(net: WalkNetwork, profile: str) -> tuple[Linkage, FloatArray, FloatArray]:
    """Give the nodes and the points along longer edges, without islands, bridges and what the profile may not walk.

    Returns
    -------
    tuple
        The places, their longitudes and latitudes, to a centimetre.
    """
    may_walk = (net.walk_ms[net.profile_index(profile)] != UNREACHED).any(axis=0)
    may_walk &= ~(net.is_island | net.is_span)
    # Of the nodes that a wait parts from its place (`circle15.network.walking.waits`) the place itself will do.
    is_wait = net.length_m == 0
    beside = np.maximum(net.tail[is_wait], net.head[is_wait])
    at_nodes = link_nodes(net, np.setdiff1d(np.concatenate([net.tail[may_walk], net.head[may_walk]]), beside))
    n_between = np.where(may_walk, np.ceil(net.length_m / PLACES_EVERY_M) - 1, 0).astype(np.int64).clip(0)
    between = np.repeat(np.arange(net.n_edges, dtype=np.int32), n_between)
    step = np.arange(len(between)) - np.repeat(np.cumsum(n_between) - n_between, n_between) + 1
    edge = np.concatenate([at_nodes.edge, between])
    fraction = np.concatenate([at_nodes.fraction, step / (n_between[between] + 1)])
    tail, head = net.tail[edge], net.head[edge]
    lon, lat = (
        (c[tail] + fraction * (c[head] - c[tail])).round(COORDINATE_DECIMALS) for c in (net.node_lon, net.node_lat)
    )
    places = Linkage(net, edge, fraction, np.zeros(len(edge)), np.zeros(len(edge), dtype=np.bool_))
    return places, lon, lat


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Directed pairs of places."""

    u: IntArray  # (n,) place on the side of those who gain
    v: IntArray  # (n,) place from which the service is in reach
    length_m: FloatArray  # (n,)
    left_ms: IntArray  # (n,) milliseconds left to walk to u when a service that comes nearer is reached over v

    def take(self, rows: npt.NDArray[Any]) -> _Pairs:
        return _Pairs(self.u[rows], self.v[rows], self.length_m[rows], self.left_ms[rows])


@dataclass(frozen=True, slots=True)
class _Search:
    """The places of a network that links are tried between."""

    net: WalkNetwork
    demand: Demand
    places: Linkage
    lon: FloatArray  # (n_places,)
    lat: FloatArray
    threads: int | None

    @property
    def speed_m_s(self) -> float:
        return self.net.profiles[self.net.profile_index(self.demand.profile)].speed_m_s

    def useful_pairs(self, homes: Linkage, entrances: Linkage) -> _Pairs:
        """Give the directed pairs that are near each other and over which someone uncovered gets to a service."""
        demand = self.demand
        from_home = self._from_home_ms(homes)
        times = [self._ms(seconds) for seconds in self._to_services(entrances)]
        limit = seconds_to_ms(demand.threshold_s)
        is_from, is_to = from_home <= limit, np.any([t <= limit for t in times], axis=0)
        vectors = unit_vectors(self.lon, self.lat)
        if not is_from.any():
            nothing = np.empty(0, dtype=np.int64)
            return _Pairs(nothing, nothing, np.empty(0), nothing)
        beside, _ = cKDTree(vectors[is_from]).query(vectors, distance_upper_bound=metres_to_chord(NEAR_M))
        some = np.flatnonzero(is_from | (is_to & np.isfinite(beside)))
        near = some[cKDTree(vectors[some]).query_pairs(metres_to_chord(NEAR_M), output_type="ndarray")]
        u, v = np.concatenate([near, near[:, ::-1]]).T
        chosen = is_from[u] & is_to[v]
        u, v = u[chosen], v[chosen]
        length_m = chord_to_metres(np.linalg.norm(vectors[u] - vectors[v], axis=1))
        link_ms = metres_to_ms(length_m, self.speed_m_s).astype(np.int64)
        left = np.full(len(u), -1, dtype=np.int64)
        for ms in times:
            over = ms[v] + link_ms
            left = np.maximum(left, np.where(over < ms[u], limit - over, -1))
        return _Pairs(u, v, length_m, left).take((left >= from_home[u]) & (length_m > 0))

    def far_on_foot(self, pairs: _Pairs) -> _Pairs:
        """Keep the pairs that are more than `FAR_M` apart on foot."""
        starts, origin = np.unique(pairs.u, return_inverse=True)
        ends, target = np.unique(pairs.v, return_inverse=True)
        key = origin * len(ends) + target
        order = np.argsort(key)
        known = key[order]
        is_near = np.zeros(len(key), dtype=np.bool_)
        for first, table in travel_times_blocks(
            self.net,
            self.places.take(starts),
            self.places.take(ends),
            profile=self.demand.profile,
            cutoff_s=FAR_M / self.speed_m_s,
            block=_BLOCK,
            threads=self.threads,
        ):
            reached = (first + pair_rows(table)) * len(ends) + table.destination
            at = np.searchsorted(known, reached)
            is_pair = at < len(known)
            is_pair[is_pair] = known[at[is_pair]] == reached[is_pair]
            is_near[order[at[is_pair]]] = True
        return pairs.take(~is_near)

    def best_partners(self, pairs: _Pairs) -> _Pairs:
        """Keep for each place the partner over which a service is nearest, of several the nearer, then the first."""
        order = np.lexsort((pairs.v, pairs.length_m, -pairs.left_ms, pairs.u))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = pairs.u[order][1:] != pairs.u[order][:-1]
        return pairs.take(order[first])

    def gain(self, pairs: _Pairs, homes: Linkage, people: FloatArray) -> FloatArray:
        """Sum the uncovered people who walk to each pair's near end in the time that is left for it."""
        gain = np.zeros(len(pairs.u))
        for first, table in travel_times_blocks(
            self.net,
            homes,
            self.places.take(pairs.u),
            profile=self.demand.profile,
            cutoff_s=float(pairs.left_ms.max()) / MS_PER_SECOND,
            block=_BLOCK,
            threads=self.threads,
        ):
            in_time = np.round(table.seconds * MS_PER_SECOND) <= pairs.left_ms[table.destination]
            row = first + pair_rows(table)[in_time]
            gain += np.bincount(table.destination[in_time], weights=people[row], minlength=len(gain))
        return gain

    def apart(self, pairs: _Pairs, top: int) -> IntArray:
        """Choose links, best first, that are not beside a better one at both ends."""
        vectors, near = unit_vectors(self.lon, self.lat), metres_to_chord(NEAR_M)
        a, b = vectors[pairs.u], vectors[pairs.v]
        beside = np.zeros(len(a), dtype=np.bool_)
        kept: list[int] = []
        for i in range(len(a)):
            if beside[i]:
                continue
            kept.append(i)
            if len(kept) == top:
                break
            for start, end in ((a, b), (b, a)):
                at_both = np.linalg.norm(start - a[i], axis=1) <= near
                beside |= at_both & (np.linalg.norm(end - b[i], axis=1) <= near)
        return np.array(kept, dtype=np.int64)

    def verified(self, pairs: _Pairs, before: npt.NDArray[np.bool_], top: int) -> Links:
        """Add each link to the network and give what it gains there, best first."""
        starts, ends = (np.column_stack([self.lon[place], self.lat[place]]) for place in (pairs.u, pairs.v))
        lines = np.stack([starts, ends], axis=1)
        found = [newly_covered_by(self.net, line, self.demand, before, threads=self.threads) for line in lines]
        gain = np.array(found, dtype=np.float64)
        order = np.argsort(-np.round(gain, 6), kind="stable")
        order = order[np.round(gain[order], 6) > 0][:top]
        return Links(
            from_lon=lines[order, 0, 0],
            from_lat=lines[order, 0, 1],
            to_lon=lines[order, 1, 0],
            to_lat=lines[order, 1, 1],
            straight_m=pairs.length_m[order],
            walk_m=self._walk_m(pairs.take(order)),
            newly_covered_people=gain[order],
        )

    def _from_home_ms(self, homes: Linkage) -> IntArray:
        """Give the shortest walk to each place from any home; 0 where walks differ by direction, to rule none out."""
        forward, backward = self.net.walk_ms[self.net.profile_index(self.demand.profile)]
        if not np.array_equal(forward, backward):
            return np.zeros(len(self.places), dtype=np.int64)
        found = nearest(
            self.net, self.places, homes,
            profile=self.demand.profile, cutoff_s=self.demand.threshold_s, threads=self.threads,
        )  # fmt: skip
        return self._ms(found.seconds)

    @staticmethod
    def _ms(seconds: FloatArray) -> IntArray:
        return np.where(np.isnan(seconds), _NEVER_MS, np.nan_to_num(seconds) * MS_PER_SECOND).round().astype(np.int64)

    def _to_services(self, entrances: Linkage) -> Iterator[FloatArray]:
        """Give each place's seconds to the nearest facility, or to every facility where several are needed."""
        demand = self.demand
        facilities = [None] if demand.min_count == 1 else range(demand.n_facilities)
        for facility in facilities:
            of_it = entrances if facility is None else entrances.take(np.flatnonzero(demand.facility == facility))
            yield nearest(
                self.net, self.places, of_it,
                profile=demand.profile, cutoff_s=demand.threshold_s, threads=self.threads,
            ).seconds  # fmt: skip

    def _walk_m(self, pairs: _Pairs) -> FloatArray:
        """Give the metres on foot between the ends of each link today."""
        table = travel_times(
            self.net,
            self.places.take(pairs.u),
            self.places.take(pairs.v),
            profile=self.demand.profile,
            cutoff_s=_SEARCHED_M / self.speed_m_s,
            threads=self.threads,
        )
        found = np.full(len(pairs.u), np.nan)
        row = pair_rows(table)
        is_own = row == table.destination
        found[row[is_own]] = table.seconds[is_own] * self.speed_m_s
        return found


def _no_links() -> Links:
    nothing = np.empty(0)
    return Links(nothing, nothing, nothing, nothing, nothing, nothing, nothing)
