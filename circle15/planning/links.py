"""Missing links: where a short new connection would newly cover most people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from circle15.measures.coverage import kth_nearest
from circle15.measures.times import by_facility, pair_rows
from circle15.network.changes import add_path
from circle15.network.link import Linkage, link, link_nodes
from circle15.planning.straight_line import chord_to_metres, metres_to_chord, unit_vectors
from circle15.reach.search import nearest, travel_times, travel_times_blocks
from circle15.units import MS_PER_SECOND, UNREACHED, metres_to_ms, seconds_to_ms

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork

NEAR_M, FAR_M = 150.0, 600.0
"""A missing link joins places less than `NEAR_M` apart that are more than `FAR_M` from each other on foot."""

PLACES_EVERY_M = 50.0
"""Besides the network's nodes, places are tried this far apart along longer edges."""

_SEARCHED_M = 10_000.0
_BLOCK = 2048
_DECIMALS = 7  # 1 cm, as printed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


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
        profile, cutoff_s = self.profile, self.threshold_s
        if self.min_count == 1:
            return nearest(net, origins, places, profile=profile, cutoff_s=cutoff_s, threads=threads).seconds
        found = np.empty(len(origins))
        for first, table in travel_times_blocks(
            net, origins, places, profile=profile, cutoff_s=cutoff_s, block=_BLOCK, threads=threads
        ):
            of_facility = by_facility(table, self.facility, self.n_facilities)
            found[first : first + len(table.indptr) - 1] = kth_nearest(of_facility, self.min_count)
        return found


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
    only the better is listed, as one bridge need not be built twice. Where cells need several facilities the search
    goes by the time from v to that many, which may miss some.

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
    places = _places(net, demand.profile)
    lon, lat = place_coordinates(places)
    to_service = demand.seconds_to_kth(net, places, entrances, threads=threads)
    search = _Search(net, demand, places, lon, lat, to_service, threads)
    pairs = search.best_partners(search.far_on_foot(search.useful_pairs(wanting)))
    if not len(pairs.u):
        return _no_links()
    gain = search.gain(pairs, cells.take(wanting), demand.people[wanting])
    order = np.lexsort((pairs.v, pairs.u, -np.round(gain, 6)))
    order = order[gain[order] > 0]
    listed = pairs.take(order)
    return search.verified(listed.take(search.apart(listed, top)), before)


def newly_covered_by(
    net: WalkNetwork, line: npt.ArrayLike, demand: Demand, before: npt.NDArray[np.bool_], *, threads: int | None = None
) -> float:
    """Sum the people that a new path covers, less those whom it uncovers, as a scenario with it would print."""
    after = demand.covered(add_path(net, line).network, threads=threads)
    return float(demand.people[after & ~before].sum() - demand.people[before & ~after].sum())


def place_coordinates(places: Linkage) -> tuple[FloatArray, FloatArray]:
    """Give longitude and latitude of places on edges, to a centimetre."""
    net = places.network
    tail, head = net.tail[places.edge], net.head[places.edge]
    lon, lat = (c[tail] + places.fraction * (c[head] - c[tail]) for c in (net.node_lon, net.node_lat))
    return lon.round(_DECIMALS), lat.round(_DECIMALS)


def _places(net: WalkNetwork, profile: str) -> Linkage:
    """Give the nodes and the points along longer edges, without islands and what the profile may not walk."""
    may_walk = (net.walk_ms[net.profile_index(profile)] != UNREACHED).any(axis=0) & ~net.is_island
    at_nodes = link_nodes(net, np.unique(np.concatenate([net.tail[may_walk], net.head[may_walk]])))
    n_between = np.where(may_walk, np.ceil(net.length_m / PLACES_EVERY_M) - 1, 0).astype(np.int64).clip(0)
    edge = np.repeat(np.arange(net.n_edges, dtype=np.int32), n_between)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(n_between) - n_between, n_between) + 1
    n = len(at_nodes) + len(edge)
    return Linkage(
        network=net,
        edge=np.concatenate([at_nodes.edge, edge]),
        fraction=np.concatenate([at_nodes.fraction, step / (n_between[edge] + 1)]),
        access_m=np.zeros(n),
        skipped_island=np.zeros(n, dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Directed pairs of places."""

    u: IntArray  # (n,) place on the side of those who gain
    v: IntArray  # (n,) place from which the service is in reach
    length_m: FloatArray  # (n,)

    def take(self, rows: npt.NDArray[Any]) -> _Pairs:
        return _Pairs(self.u[rows], self.v[rows], self.length_m[rows])


@dataclass(frozen=True, slots=True)
class _Search:
    """The places of a network that links are tried between."""

    net: WalkNetwork
    demand: Demand
    places: Linkage
    lon: FloatArray  # (n_places,)
    lat: FloatArray
    to_service: FloatArray  # (n_places,) seconds to the min_count-th facility, NaN beyond the threshold
    threads: int | None

    @property
    def speed_m_s(self) -> float:
        return self.net.profiles[self.net.profile_index(self.demand.profile)].speed_m_s

    def useful_pairs(self, wanting: IntArray) -> _Pairs:
        """Give the directed pairs that are near each other and over which the service is nearer than it is now."""
        demand, speed = self.demand, self.speed_m_s
        vectors = unit_vectors(self.lon, self.lat)
        homes = cKDTree(unit_vectors(demand.lon[wanting], demand.lat[wanting]))
        reached, _ = homes.query(vectors, distance_upper_bound=metres_to_chord(demand.threshold_s * speed))
        is_from, is_to = np.isfinite(reached), ~np.isnan(self.to_service)
        some = np.flatnonzero(is_from | is_to)
        near = some[cKDTree(vectors[some]).query_pairs(metres_to_chord(NEAR_M), output_type="ndarray")]
        u, v = np.concatenate([near, near[:, ::-1]]).T
        useful = is_from[u] & is_to[v]
        u, v = u[useful], v[useful]
        length_m = chord_to_metres(np.linalg.norm(vectors[u] - vectors[v], axis=1))
        over_it = self.to_service[v] + length_m / speed
        useful = (length_m > 0) & (over_it <= demand.threshold_s) & ~(over_it >= self.to_service[u])
        return _Pairs(u, v, length_m).take(useful)

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
        """Keep for each place the partner over which the service is nearest, of several the first."""
        left = self._left_ms(pairs)
        order = np.lexsort((pairs.v, -left, pairs.u))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = pairs.u[order][1:] != pairs.u[order][:-1]
        kept = order[first]
        return pairs.take(kept[left[kept] >= 0])

    def gain(self, pairs: _Pairs, homes: Linkage, people: FloatArray) -> FloatArray:
        """Sum the uncovered people who walk to each pair's near end in the time that is left for it."""
        left_ms = self._left_ms(pairs)
        gain = np.zeros(len(pairs.u))
        for first, table in travel_times_blocks(
            self.net,
            homes,
            self.places.take(pairs.u),
            profile=self.demand.profile,
            cutoff_s=float(left_ms.max()) / MS_PER_SECOND,
            block=_BLOCK,
            threads=self.threads,
        ):
            in_time = np.round(table.seconds * MS_PER_SECOND) <= left_ms[table.destination]
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

    def verified(self, pairs: _Pairs, before: npt.NDArray[np.bool_]) -> Links:
        """Add each link to the network and give what it gains there, best first."""
        lines = np.stack([self._points(pairs.u), self._points(pairs.v)], axis=1)
        found = [newly_covered_by(self.net, line, self.demand, before, threads=self.threads) for line in lines]
        gain = np.array(found, dtype=np.float64)
        order = np.argsort(-np.round(gain, 6), kind="stable")
        order = order[np.round(gain[order], 6) > 0]
        return Links(
            from_lon=lines[order, 0, 0],
            from_lat=lines[order, 0, 1],
            to_lon=lines[order, 1, 0],
            to_lat=lines[order, 1, 1],
            straight_m=pairs.length_m[order],
            walk_m=self._walk_m(pairs.take(order)),
            newly_covered_people=gain[order],
        )

    def _points(self, place: IntArray) -> FloatArray:
        return np.column_stack([self.lon[place], self.lat[place]])

    def _left_ms(self, pairs: _Pairs) -> IntArray:
        """Give the milliseconds that are left to walk to u when the service is reached over v."""
        to_service = np.round(self.to_service[pairs.v] * MS_PER_SECOND).astype(np.int64)
        link_ms = metres_to_ms(pairs.length_m, self.speed_m_s).astype(np.int64)
        return seconds_to_ms(self.demand.threshold_s) - to_service - link_ms

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
