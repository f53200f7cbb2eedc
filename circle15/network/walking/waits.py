"""Where waits are paid: at their places, whole, by whoever passes, however the streets are cut into edges.

A wait is paid in two halves, on the two streets by which one comes to the place and leaves it: whoever passes pays it
once, whoever turns off a street at a crossing of that street pays half, and it is the same both ways. Of an odd number
of milliseconds the street that leads away pays the larger half. Each half stands on a link of no length between the
place and the street, so that it does not depend on how much of an edge is walked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.rules.passage_table import passage_table
from circle15.network.streets.components import find_components
from circle15.units import MS_PER_SECOND, UNREACHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circle15.network.streets.segments import Segments
    from circle15.network.walking.profiles import WalkProfile
    from circle15.network.walking.traits import Traits

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PaidEnd:
    """The edge ends at which half of one kind's wait is paid."""

    kind: str
    at_tail: Int64  # edges that pay where they begin
    at_head: Int64  # edges that pay where they end
    leads_away: bool  # whether walking away from the node on such an edge is the larger half


@dataclass(frozen=True, slots=True)
class WaitLinks:
    """Links of no length, each of which parts one end of a segment from its place."""

    edge: Int64  # (n_links,) the segment
    is_head: Bool  # (n_links,) whether it parts the segment's head
    ends: dict[float, list[PaidEnd]]  # by `WalkProfile.wait_once_m`; rows of links stand for edges

    @classmethod
    def of(cls, s: Segments, traits: Traits, profiles: Sequence[WalkProfile]) -> WaitLinks:
        """Find the links that these profiles need."""
        paid = {once_m: paid_ends(s, traits, once_m) for once_m in {p.wait_once_m for p in profiles if p.waits}}
        used = [np.empty(0, np.int64)]
        for p in profiles:
            if p.waits:
                for end in paid[p.wait_once_m]:
                    if p.wait_s(end.kind) > 0:
                        used += [2 * end.at_tail, 2 * end.at_head + 1]
        mouth = np.unique(np.concatenate(used))  # twice the segment, and one more for its head

        def rows(mouths: Int64) -> Int64:
            at = np.searchsorted(mouth, mouths)
            return at[np.isin(mouths, mouth)]

        ends = {
            once_m: [PaidEnd(e.kind, rows(2 * e.at_tail), rows(2 * e.at_head + 1), e.leads_away) for e in found]
            for once_m, found in paid.items()
        }
        return cls(mouth >> 1, (mouth & 1) == 1, ends)

    def parted(self, s: Segments) -> Segments:
        """Give the streets with the links behind them; new nodes lie where the places do."""
        edge, n = self.edge, len(s.node_lon)
        place = np.where(self.is_head, s.head[edge], s.tail[edge])
        new = n + np.arange(len(edge), dtype=np.int32)
        tail, head = s.tail.copy(), s.head.copy()
        head[edge[self.is_head]], tail[edge[~self.is_head]] = new[self.is_head], new[~self.is_head]
        # A link runs as its segment does.
        return replace(
            s,
            node_lon=np.concatenate([s.node_lon, s.node_lon[place]]),
            node_lat=np.concatenate([s.node_lat, s.node_lat[place]]),
            tail=np.concatenate([tail, np.where(self.is_head, new, place)]).astype(np.int32),
            head=np.concatenate([head, np.where(self.is_head, place, new)]).astype(np.int32),
            length_m=np.concatenate([s.length_m, np.zeros(len(edge))]),
            component=np.concatenate([s.component, s.component[place]]),
            way_id=np.concatenate([s.way_id, s.way_id[edge]]),
            trait=np.concatenate([s.trait, s.trait[edge]]),
            n_steps=np.concatenate([s.n_steps, np.zeros(len(edge))]),
            node_row=np.concatenate([s.node_row, np.full(len(edge), -1, np.int8)]),
            depth=np.concatenate([s.depth, s.depth[place]]),
            part=np.concatenate([s.part, s.part[edge]]),
        )

    def costs(self, walk_ms: npt.NDArray[np.uint32], profiles: Sequence[WalkProfile]) -> npt.NDArray[np.uint32]:
        """Give the links' milliseconds, uint32 (n_profiles, 2, n_links), for streets that cost ``walk_ms``.

        A link is closed where its segment is, and where a profile can never pass the place.
        """
        found = np.empty((len(profiles), 2, len(self.edge)), dtype=np.uint32)
        for i, profile in enumerate(profiles):
            total = np.zeros((2, len(self.edge)), dtype=np.int64)
            add_waits(total, profile, self.ends.get(profile.wait_once_m, []))
            found[i] = np.where((total < 0) | (walk_ms[i][:, self.edge] == UNREACHED), UNREACHED, total)
        return found


def closed_passages(traits: Traits, profile: WalkProfile) -> Bool:
    """Tell which segments belong to a bridge, tunnel or lift that a profile can never pass, bool (n_segments,)."""
    rows = [i for i, row in enumerate(passage_table()) if row.object == "way" and row.kind in profile.closed_kinds]
    return np.isin(traits.passage, rows)


def add_waits(walk_ms: npt.NDArray[np.int64], profile: WalkProfile, ends: Iterable[PaidEnd]) -> None:
    """Add a profile's waits to its milliseconds, int64 (2, n_edges); what it can never pass becomes negative."""
    for paid in ends:
        seconds = profile.wait_s(paid.kind)
        if seconds == 0:
            continue
        if not np.isfinite(seconds):
            walk_ms[:, np.concatenate([paid.at_tail, paid.at_head])] = np.iinfo(np.int64).min // 2
            continue
        whole = int(np.floor(seconds * MS_PER_SECOND + 0.5))
        away, towards = (whole + 1) // 2, whole // 2
        if not paid.leads_away:
            away, towards = towards, away
        # An edge pays at most once at each end for a kind, so that plain addition counts every one.
        walk_ms[0, paid.at_tail] += away
        walk_ms[1, paid.at_tail] += towards
        walk_ms[0, paid.at_head] += towards
        walk_ms[1, paid.at_head] += away


def paid_ends(s: Segments, traits: Traits, once_m: float) -> list[PaidEnd]:
    """Find where waits are paid.

    Parameters
    ----------
    s, traits
        The streets, and what their tags say.
    once_m
        Two places of one kind that a street of at most this length joins, without a junction between them, are one: a
        road with a middle strip, a junction mapped with four signals. Nothing is paid on that street.
    """
    tail, head, node_row = s.tail, s.head, s.node_row
    is_road, is_big_road = traits.is_road, traits.is_big_road
    n_nodes = len(node_row)
    rows = passage_table()
    every = np.ones(len(tail), dtype=np.bool_)
    degree, big = _degree(tail, head, every, n_nodes), _degree(tail, head, is_big_road, n_nodes)
    places = [
        (row.kind, node_row == i, every if row.pays == "all" else ~is_road)
        for i, row in enumerate(rows)
        if row.object == "node" and row.kind
    ]
    places.append(("unmarked", (big > 0) & (big < degree) & (node_row < 0), ~is_big_road))
    found, joined = [], {}
    for kind, nodes, pays in places:
        if nodes.any():
            if kind not in joined:
                same = np.any([others for other, others, _ in places if other == kind], axis=0)
                joined[kind] = _between(s, same, degree, once_m)
            found.append(_at_nodes(kind, nodes, pays & ~joined[kind], tail, head))
    for i, row in enumerate(rows):
        if row.object == "way" and (traits.passage == i).any():
            found += _at_boundary(row.kind, traits.passage == i, s, degree)
    return [ends for ends in found if len(ends.at_tail) + len(ends.at_head)]


def _between(s: Segments, places: Bool, degree: Int64, once_m: float) -> Bool:
    """Tell which edges lie on a street of at most ``once_m`` from one of ``places`` to another, (n_edges,)."""
    if once_m <= 0:
        return np.zeros(len(s.tail), dtype=np.bool_)
    runs_on = (degree == 2) & ~places  # noqa: PLR2004 (a street bends there, or is cut)
    n, n_nodes = len(s.tail), len(places)
    # Where a street ends each edge has a node of its own, so that streets which meet there are told apart.
    ends = [np.where(runs_on[e], e, n_nodes + k * n + np.arange(n)) for k, e in enumerate((s.tail, s.head))]
    street = find_components(n_nodes + 2 * n, *ends)[ends[0]]
    length_m = np.bincount(street, weights=s.length_m)
    n_places = np.bincount(street, weights=places[s.tail].astype(np.int64) + places[s.head])
    found: Bool = ((length_m <= once_m) & (n_places == 2))[street]  # noqa: PLR2004 (one at either end)
    return found


def _degree(tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32], edges: Bool, n_nodes: int) -> Int64:
    return np.bincount(tail[edges], minlength=n_nodes) + np.bincount(head[edges], minlength=n_nodes)


def _at_nodes(kind: str, nodes: Bool, pays: Bool, tail: npt.NDArray[np.int32], head: npt.NDArray[np.int32]) -> PaidEnd:
    return PaidEnd(kind, np.flatnonzero(nodes[tail] & pays), np.flatnonzero(nodes[head] & pays), leads_away=True)


def _at_boundary(kind: str, inside: Bool, s: Segments, degree: Int64) -> list[PaidEnd]:
    """Give the ends where one steps on or off a bridge: its own where it ends there, the others' where it goes on."""
    tail, head = s.tail, s.head
    n_inside = _degree(tail, head, inside, len(degree))
    ends_here = (n_inside == 1) & (degree > 1)
    goes_on = (n_inside > 1) & (degree > n_inside)
    own = np.flatnonzero(inside & ends_here[tail]), np.flatnonzero(inside & ends_here[head])
    others = np.flatnonzero(~inside & goes_on[tail]), np.flatnonzero(~inside & goes_on[head])
    return [PaidEnd(kind, *own, leads_away=True), PaidEnd(kind, *others, leads_away=False)]
