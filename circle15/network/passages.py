"""What walkers pass and may wait for: signals, crossings, footbridges, lifts, gates, kerbs; and where that is paid.

A wait is paid in two halves, at the two edges by which one comes to the place and leaves it: whoever passes pays it
once, whoever turns off a street at a crossing of that street pays half, and it is the same both ways. Of an odd number
of milliseconds the edge that leads away pays the larger half.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from circle15.inputs.tag_filter import TagFilter, parse_tag_filter
from circle15.units import MS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from circle15.network.segments import Segments
    from circle15.network.traits import Traits
    from circle15.network.walking import WalkProfile

ROADS = frozenset({
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "road",
    "service",
})  # fmt: skip
"""Kinds of highway that cars drive on, with their links: whoever walks along one does not cross it."""

BIG_ROADS = frozenset({"motorway", "trunk", "primary", "secondary"})
"""Kinds of highway that take a wait to cross where nothing helps, with their links."""

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Passage:
    """One row of the table of passages."""

    object: str  # "node" | "way"
    when: TagFilter
    kind: str  # one of `WAIT_KINDS`, or empty: nothing to pay
    pays: str  # nodes: "all" edges or "paths" (not the roads) that meet there; ways: "ends" of the bridge or lift
    example: str
    note: str


@cache
def passage_table() -> tuple[Passage, ...]:
    """Give the table in order; of all rows that match an object the first decides."""
    text = resources.files("circle15.network").joinpath("walking_passages.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    when = [parse_tag_filter(row.pop("when"), needs_wanted=False) for row in rows]
    return tuple(Passage(when=w, **row) for w, row in zip(when, rows, strict=True))


@cache
def passage_keys(kind: Literal["node", "way"]) -> tuple[str, ...]:
    """Give the keys that the table's rows for nodes or ways ask for."""
    rows = (row for row in passage_table() if row.object == kind)
    return tuple(sorted({c.key for row in rows for every in row.when.alternatives for c in every}))


def passage_of(tags: Mapping[str, str], kind: Literal["node", "way"]) -> int:
    """Give the row that decides on an object with ``tags``, -1 where none does."""
    return next((i for i, row in enumerate(passage_table()) if row.object == kind and row.when.matches(tags)), -1)


def kind_of_road(highway: str) -> str:
    """Give the kind of highway that a link belongs to."""
    return highway.removesuffix("_link")


@dataclass(frozen=True, slots=True)
class PaidEnd:
    """The edge ends at which half of one kind's wait is paid."""

    kind: str
    at_tail: Int64  # edges that pay where they begin
    at_head: Int64  # edges that pay where they end
    leads_away: bool  # whether walking away from the node on such an edge is the larger half


def paid_ends(s: Segments, traits: Traits, once_m: float) -> list[PaidEnd]:
    """Find where waits are paid.

    Parameters
    ----------
    s, traits
        The streets, and what their tags say.
    once_m
        Two places of one kind that an edge of at most this length joins are one: a road with a middle strip, a junction
        mapped with four signals. Nothing is paid on that edge.
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
    found = []
    for kind, nodes, pays in places:
        if nodes.any():
            same = np.any([others for other, others, _ in places if other == kind], axis=0)
            inside = same[tail] & same[head] & (s.length_m <= once_m) & (once_m > 0)
            found.append(_at_nodes(kind, nodes, pays & ~inside, tail, head))
    for i, row in enumerate(rows):
        if row.object == "way" and (traits.passage == i).any():
            found += _at_boundary(row.kind, traits.passage == i, s, degree)
    return [ends for ends in found if len(ends.at_tail) + len(ends.at_head)]


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
