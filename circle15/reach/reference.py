"""The searches again in plain networkx: slow and obvious, the oracle that the compiled core must equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from circle15.reach.search import Nearest, ReachSummary, TravelTimes
from circle15.units import MS_PER_SECOND, UNREACHED, metres_to_ms, seconds_to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile

_START, _IN = "start", "in"


@dataclass(frozen=True, slots=True)
class _Place:
    """A linked point in whole milliseconds; None = may not be walked."""

    edge: int
    fraction: float
    access: int
    tail: int
    head: int
    forward: int | None
    backward: int | None

    @property
    def offset_forward(self) -> int:
        return _half_up(self.fraction * (self.forward or 0))

    @property
    def offset_backward(self) -> int:
        return _half_up(self.fraction * (self.backward or 0))

    def leaving(self) -> dict[int, int]:
        """Return milliseconds to the edge's ends; a place at fraction 0 or 1 is the end itself."""
        ways: dict[int, int] = {}
        if self.backward is not None or self.fraction == 0:
            ways[self.tail] = self.offset_backward if self.fraction > 0 else 0
        if self.forward is not None or self.fraction == 1:
            ahead = (self.forward or 0) - self.offset_forward if self.fraction < 1 else 0
            ways[self.head] = min(ahead, ways.get(self.head, ahead))
        return ways

    def arriving(self) -> dict[int, int]:
        """Return milliseconds from the edge's ends."""
        ways: dict[int, int] = {}
        if self.forward is not None or self.fraction == 0:
            ways[self.tail] = self.offset_forward if self.fraction > 0 else 0
        if self.backward is not None or self.fraction == 1:
            back = (self.backward or 0) - self.offset_backward if self.fraction < 1 else 0
            ways[self.head] = min(back, ways.get(self.head, back))
        return ways

    def straight_to(self, other: _Place) -> int | None:
        """Return milliseconds along the shared edge, None where there is no such walk."""
        if self.edge != other.edge:
            return None
        if self.fraction == other.fraction:
            return 0
        if self.fraction < other.fraction:
            return None if self.forward is None else other.offset_forward - self.offset_forward
        return None if self.backward is None else self.offset_backward - other.offset_backward


def nearest(
    net: WalkNetwork, origins: Linkage, destinations: Linkage, *, profile: str | WalkProfile, cutoff_s: float
) -> Nearest:
    """Find each origin's nearest destination, as `circle15.nearest` does."""
    seconds = np.full(len(origins), np.nan)
    chosen = np.full(len(origins), -1, dtype=np.int32)
    for i, row in enumerate(_rows(net, origins, destinations, profile, cutoff_s)):
        if row:
            time, j = min((time, j) for j, time in row.items())
            seconds[i], chosen[i] = time / MS_PER_SECOND, j
    return Nearest(seconds=seconds, destination=chosen)


def travel_times(
    net: WalkNetwork, origins: Linkage, destinations: Linkage, *, profile: str | WalkProfile, cutoff_s: float
) -> TravelTimes:
    """Compute every pair within the cutoff, as `circle15.travel_times` does."""
    rows = _rows(net, origins, destinations, profile, cutoff_s)
    return TravelTimes(
        indptr=np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64),
        destination=np.array([j for row in rows for j in sorted(row)], dtype=np.int32),
        seconds=np.array([row[j] / MS_PER_SECOND for row in rows for j in sorted(row)], dtype=np.float64),
        cutoff_s=cutoff_s,
        n_destinations=len(destinations),
    )


def reach_summary(
    net: WalkNetwork,
    origins: Linkage,
    *,
    profile: str | WalkProfile,
    cutoff_s: float,
    destinations: Linkage | None = None,
    weights: Sequence[float] | None = None,
) -> ReachSummary:
    """Count nodes, metres and weights within the cutoff, as `circle15.reach_summary` does."""
    cutoff = seconds_to_ms(cutoff_s)
    graph = _graph(net, profile)
    starts = _places(net, origins, profile)
    targets = [] if destinations is None else _places(net, destinations, profile)
    worth = [1.0] * len(targets) if weights is None else list(weights)
    nodes, length_m, weight = [], [], []
    for start in starts:
        times = _node_times(graph, start, cutoff)
        nodes.append(sum(isinstance(node, int) for node in times))  # none behind other people's gates
        length_m.append(_length_m(net, profile, start, times, cutoff))
        row = _row(start, targets, times, cutoff)
        weight.append(sum(worth[j] for j in row))
    return ReachSummary(
        nodes=np.array(nodes, dtype=np.int64),
        length_m=np.array(length_m, dtype=np.float64),
        weight=np.array(weight, dtype=np.float64),
    )


def node_times_ms(
    net: WalkNetwork, origins: Linkage, *, profile: str | WalkProfile, cutoff_s: float
) -> list[dict[int, int]]:
    """Return for each origin the milliseconds to every node within the cutoff."""
    graph, cutoff = _graph(net, profile), seconds_to_ms(cutoff_s)
    return [_node_times(graph, start, cutoff) for start in _places(net, origins, profile)]


def _rows(
    net: WalkNetwork, origins: Linkage, destinations: Linkage, profile: str | WalkProfile, cutoff_s: float
) -> list[dict[int, int]]:
    graph, cutoff = _graph(net, profile), seconds_to_ms(cutoff_s)
    targets = _places(net, destinations, profile)
    return [_row(start, targets, _node_times(graph, start, cutoff), cutoff) for start in _places(net, origins, profile)]


def _graph(net: WalkNetwork, profile: str | WalkProfile) -> Any:
    """Return the profile's arcs as a networkx graph with ``ms``; networkx takes the least of parallel arcs."""
    p = net.profile_index(profile)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(net.n_nodes))
    for direction, (tails, heads) in enumerate(((net.tail, net.head), (net.head, net.tail))):
        for u, v, ms in zip(tails.tolist(), heads.tolist(), net.walk_ms[p, direction].tolist(), strict=True):
            if ms != UNREACHED:
                graph.add_edge(u, v, ms=ms)
                if net.depth[u] > 0:
                    graph.add_edge((_IN, u), (_IN, v), ms=ms)
    _pass_gates(graph, net)
    return graph


def _pass_gates(graph: Any, net: WalkNetwork) -> None:
    """Add the arcs through private gates: a walk goes out of compounds as plain nodes, and in as (`_IN`, node)."""
    for u, v in net.links.tolist():
        for a, b in ((u, v), (v, u)):
            if net.depth[b] < net.depth[a]:
                graph.add_edge(a, b, ms=0)  # on the way out, from behind more gates to behind fewer
            else:
                graph.add_edge(a, (_IN, b), ms=0)  # now in; there is no way out any more
                if 0 < net.depth[a] < net.depth[b]:
                    graph.add_edge((_IN, a), (_IN, b), ms=0)


def _places(net: WalkNetwork, linkage: Linkage, profile: str | WalkProfile) -> list[_Place | None]:
    p = net.profile_index(profile)
    speed = net.profiles[p].speed_m_s
    places: list[_Place | None] = []
    for edge, fraction, access_m in zip(
        linkage.edge.tolist(), linkage.fraction.tolist(), linkage.access_m.tolist(), strict=True
    ):
        if edge < 0:
            places.append(None)
            continue
        forward, backward = (None if ms == UNREACHED else int(ms) for ms in net.walk_ms[p, :, edge])
        places.append(
            _Place(
                edge=edge,
                fraction=fraction,
                access=int(metres_to_ms(access_m, speed)),
                tail=int(net.tail[edge]),
                head=int(net.head[edge]),
                forward=forward,
                backward=backward,
            )
        )
    return places


def _node_times(graph: Any, start: _Place | None, cutoff: int) -> dict[int, int]:
    if start is None or start.access > cutoff:
        return {}
    graph.add_node(_START)
    for node, ms in start.leaving().items():
        graph.add_edge(_START, node, ms=start.access + ms)
    times: dict[Any, int] = nx.single_source_dijkstra_path_length(graph, _START, cutoff=cutoff, weight="ms")
    graph.remove_node(_START)
    del times[_START]
    return times


def _row(start: _Place | None, targets: Sequence[_Place | None], times: dict[Any, int], cutoff: int) -> dict[int, int]:
    row: dict[int, int] = {}
    for j, target in enumerate(targets):
        if start is None or target is None:
            continue
        ends: list[tuple[Any, int]] = [*target.arriving().items()]
        ends += [((_IN, node), ms) for node, ms in ends]
        walks = [times[node] + ms for node, ms in ends if node in times]
        straight = start.straight_to(target)
        if straight is not None:
            walks.append(start.access + straight)
        if walks and min(walks) + target.access <= cutoff:
            row[j] = min(walks) + target.access
    return row


def _length_m(
    net: WalkNetwork, profile: str | WalkProfile, start: _Place | None, times: dict[int, int], cutoff: int
) -> float:
    """Add up the reached street length: each edge once, or each of the two parts that the start cuts its own into."""
    if start is None or start.access > cutoff:
        return 0.0
    walk_ms = net.walk_ms[net.profile_index(profile)].tolist()
    total = 0.0
    for e, (tail, head, length) in enumerate(
        zip(net.tail.tolist(), net.head.tolist(), net.street_m.tolist(), strict=True)
    ):
        forward, backward = (None if ways[e] == UNREACHED else ways[e] for ways in walk_ms)
        at_tail, at_head = times.get(tail), times.get(head)
        if e != start.edge:
            total += length * _share(at_tail, at_head, forward, backward, cutoff)
            continue
        of, ob = start.offset_forward, start.offset_backward
        before = _share(
            at_tail, start.access, None if forward is None else of, None if backward is None else ob, cutoff
        )
        after = _share(
            start.access,
            at_head,
            None if forward is None else forward - of,
            None if backward is None else backward - ob,
            cutoff,
        )
        total += length * (start.fraction * before + (1 - start.fraction) * after)
    return total


def _share(at_from: int | None, at_to: int | None, forward: int | None, backward: int | None, cutoff: int) -> float:
    """Return the share of a stretch that is covered from its two ends."""
    covered = 0.0
    for start, whole in ((at_from, forward), (at_to, backward)):
        if start is not None and whole is not None:
            covered += 1.0 if whole == 0 else (cutoff - start) / whole
    return min(1.0, covered)


def _half_up(value: float) -> int:
    return int(np.floor(value + 0.5))
