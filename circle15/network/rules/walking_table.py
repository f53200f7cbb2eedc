"""The table of who may walk where, and what it decides for a street or a node."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from circle15.inputs.osm.tag_filter import TagFilter, parse_tag_filter

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WalkRule:
    """One row of the tag table.

    What three routing engines do in the same case is quoted from OSRM's profiles/foot.lua, GraphHopper's
    FootAccessParser and AbstractAccessParser, and Valhalla's lua/graph.lua.
    """

    kind: str  # "way" | "node"
    when: TagFilter
    walk: str  # ways: "yes" | "no"; nodes: "pass" | "cut"
    reason: str  # as it is counted in the build report
    example: str  # tags that this row decides
    osrm: str
    graphhopper: str
    valhalla: str
    note: str  # why, and what differs from the engines

    @property
    def allows(self) -> bool:
        """Tell whether one may walk on."""
        return self.walk in ("yes", "pass")


@cache
def walking_table() -> tuple[WalkRule, ...]:
    """Give the tag table in order; of all rows that match an object the first decides."""
    text = resources.files("circle15.network.rules").joinpath("walking_table.csv").read_text("utf-8")
    rules = []
    for row in csv.DictReader(text.splitlines()):
        kind, when = row.pop("object"), parse_tag_filter(row.pop("when"), needs_wanted=False)
        rules.append(WalkRule(kind, when, **row))
    return tuple(rules)


def table_keys(kind: str) -> dict[str, frozenset[str]]:
    """Give the keys that the table's rules for ways or nodes ask for, each with the values that it names."""
    asked: dict[str, frozenset[str]] = {}
    for rule in walking_table():
        if rule.kind == kind:
            for condition in (c for every in rule.when.alternatives for c in every):
                asked[condition.key] = asked.get(condition.key, frozenset()) | (condition.values or frozenset())
    return asked


def deciding_rule(tags: Mapping[str, str], kind: str = "way") -> WalkRule | None:
    """Give the rule that decides on an object with ``tags``, None where it has nothing to do with walking."""
    return next((rule for rule in walking_table() if rule.kind == kind and rule.when.matches(tags)), None)


def may_walk(tags: Mapping[str, str], kind: str = "way") -> tuple[bool, str]:
    """Tell whether one may walk along a way (or past a node) with ``tags``, and why.

    Examples
    --------
    >>> may_walk({"highway": "steps"})
    (True, 'street')
    >>> may_walk({"highway": "motorway"})
    (False, 'motorway')
    """
    rule = deciding_rule(tags, kind)
    return (kind == "node", "not a street") if rule is None else (rule.allows, rule.reason)
