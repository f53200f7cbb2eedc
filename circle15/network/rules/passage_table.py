"""The table of places where a walk waits, and what decides which of its rows a place is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from circle15.inputs.osm.tag_filter import TagFilter, parse_tag_filter

if TYPE_CHECKING:
    from collections.abc import Mapping


ROADS = frozenset({
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "road",
    "service",
})  # fmt: skip
"""Kinds of highway that cars drive on, with their links: whoever walks along one does not cross it."""

BIG_ROADS = frozenset({"motorway", "trunk", "primary", "secondary"})
"""Kinds of highway that take a wait to cross where nothing helps, with their links."""


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
    text = resources.files("circle15.network.rules").joinpath("walking_passages.csv").read_text("utf-8")
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
