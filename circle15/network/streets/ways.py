"""OSM ways that the tag table lets people walk on, in straight pieces, and what becomes of the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.network.rules.daytime import DAYTIME_KEYS, DaytimeCounts, daytime_columns
from circle15.network.rules.directions import DIRECTION_KEYS, ONE_WAY, one_way_column
from circle15.network.rules.floors import FLOOR_KEYS
from circle15.network.rules.tags import TRAIT_KEYS, combine_tags
from circle15.network.rules.walking_table import may_walk, table_keys
from circle15.network.streets.seams import joined_nodes
from circle15.network.streets.squares import STREET, Lines, Square, way_squares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.inputs.osm.columns import OsmColumns, TagColumn
    from circle15.network.streets.squares import Relation

NOT_A_STREET = "not a street"
_MAX_CODE = 2**62

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(slots=True)
class StreetCounts:
    """What becomes of a file's ways; those of a large file are counted a block at a time."""

    n_ways_read: int = 0
    n_nodes_missing: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    cut: set[int] = field(default_factory=set)  # closed nodes that a street runs to
    squares: set[int] = field(default_factory=set)  # closed ways that are crossed
    by_day: DaytimeCounts = field(default_factory=DaytimeCounts)

    def add(self, streets: Streets) -> None:
        """Count the ways of one more block."""
        self.n_ways_read += int((streets.reasons != NOT_A_STREET).sum())
        self.n_nodes_missing += streets.n_missing
        self.refused.update(dict(count_reasons(streets.reasons[~streets.allowed])))
        self.cut.update(streets.cut.tolist())
        self.squares.update(square.way_id for square in streets.squares)

    def add_hours(self, block: OsmColumns) -> None:
        """Count the ways and barriers of one more block whose access depends on the hour."""
        self.by_day.add(block.way_tags, "way")
        self.by_day.add(block.node_tags, "node")

    def told(self, relations: Sequence[Relation]) -> dict[str, Any]:
        """Give the counts of a file with these squares of several ways as `Segments` has them."""
        return {
            "n_ways_read": self.n_ways_read,
            "ways_refused": tuple(sorted(self.refused.items(), key=lambda item: (-item[1], item[0]))),
            "n_barriers_cut": len(self.cut),
            "n_nodes_missing": self.n_nodes_missing,
            "n_opened_by_day": self.by_day.n_opened,
            "n_closed_by_day": self.by_day.n_closed,
            "n_squares": len(self.squares.difference(*(ways for _, _, ways in relations))) + len(relations),
        }


@dataclass(frozen=True, slots=True)
class Streets:
    """The walkable ways of some columns in straight pieces, before squares are crossed."""

    allowed: Bool  # (n_ways,)
    reasons: npt.NDArray[np.object_]  # (n_ways,) of the tag table
    first: Int64  # (n_pieces,) references that pieces begin at; each one's end is the next
    way_of_first: Int64  # (n_pieces,) row of the way
    lines: Lines  # pieces that repeat none of their way, between numbered nodes
    way_row: Int64  # of each line
    refs: Int64  # (n_refs,) OSM nodes, each once
    number: Int64  # (n_mentions,) row of refs of each of the ways' references
    origin: Int64  # (n_nodes,) row of refs of each numbered node
    is_closed: Bool  # (n_nodes,) a street ends there before a barrier
    goes_on: Bool  # (n_nodes,) a way that is closed to walkers is there too
    row_of_way: Int64  # (n_ways,) row of traits
    traits: list[dict[str, str]]
    squares: list[Square]  # of one way
    cut: Int64  # closed OSM nodes that a piece ends at
    n_missing: int

    @classmethod
    def of(cls, ways: OsmColumns, closed: Int64) -> Streets:
        """Join the nodes of each walkable way; ``closed`` OSM nodes let nobody pass."""
        tags = daytime_columns(ways.way_tags)
        allowed, reasons = decide(tags, table_keys("way"), "way", len(ways.way_id))
        way_of, first, n_missing = _consecutive(ways, allowed)
        refs, number = np.unique(ways.ref, return_inverse=True)
        is_closed = np.isin(refs, closed)
        met = np.zeros(len(refs), dtype=np.bool_)
        met[number[first]] = met[number[first + 1]] = True
        cut = refs[met & is_closed]
        walkable = allowed[way_of] & ~np.isnan(ways.lon)
        goes_by = joined_nodes(ways, way_of, walkable, number, np.isin(refs, ways.node_id))
        is_closed[goes_by[is_closed]] = True
        number = goes_by[number]
        first = first[number[first] != number[first + 1]]
        node, origin = _split_at(number[np.concatenate([first, first + 1])], is_closed)
        goes_on = np.zeros(len(refs), dtype=np.bool_)
        goes_on[number[((tags["highway"].codes >= 0) & ~allowed)[way_of]]] = True
        tail, head, way = node[: len(first)], node[len(first) :], ways.way_id[way_of[first]]
        once = _first_of_each(way, tail, head)
        tags[ONE_WAY] = one_way_column(tags, len(ways.way_id))
        row_of_way, traits = combine_tags(tags, (*TRAIT_KEYS, ONE_WAY), len(ways.way_id))
        way_row = way_of[first][once]
        lines = Lines(tail[once], head[once], way[once], row_of_way[way_row], np.full(len(once), STREET))
        squares = way_squares(lines.tail, lines.head, lines.way_id, lines.trait, traits)
        return cls(
            allowed=allowed,
            reasons=reasons,
            first=first,
            way_of_first=way_of[first],
            lines=lines,
            way_row=way_row,
            refs=refs,
            number=number,
            origin=origin,
            is_closed=is_closed[origin],
            goes_on=goes_on[origin],
            row_of_way=row_of_way,
            traits=traits,
            squares=squares,
            cut=cut,
            n_missing=n_missing,
        )


def way_keys() -> tuple[str, ...]:
    """Give the keys of ways that decide who may walk there, in which direction, at which cost."""
    return tuple(dict.fromkeys((*table_keys("way"), *DAYTIME_KEYS, *DIRECTION_KEYS, *FLOOR_KEYS, *TRAIT_KEYS)))


def node_keys() -> tuple[str, ...]:
    """Give the keys of nodes that decide who may pass there."""
    return tuple(dict.fromkeys((*table_keys("node"), *DAYTIME_KEYS)))


def closed_nodes(nodes: OsmColumns) -> Int64:
    """Give the OSM nodes that the tag table lets nobody pass."""
    passes, _ = decide(daytime_columns(nodes.node_tags), table_keys("node"), "node", len(nodes.node_id))
    return nodes.node_id[~passes]


def _consecutive(ways: OsmColumns, allowed: Bool) -> tuple[Int64, Int64, int]:
    """Give each reference's way, the references that a segment begins at, and how many nodes are not in the file."""
    way_of = np.repeat(np.arange(len(ways.way_id)), np.diff(ways.indptr))
    walkable, located = allowed[way_of], ~np.isnan(ways.lon)
    usable = walkable & located
    joined = usable[:-1] & usable[1:] & (way_of[:-1] == way_of[1:]) & (ways.ref[:-1] != ways.ref[1:])
    return way_of, np.flatnonzero(joined), int((walkable & ~located).sum())


def _split_at(node: Int64, closed: Bool) -> tuple[Int64, Int64]:
    """Give every mention of a closed node a number of its own, and number what is mentioned without gaps.

    Returns
    -------
    node
        (n_mentions,) new numbers.
    origin
        (n_new,) old number of each.
    """
    mentions = np.flatnonzero(closed[node])
    split = node.copy()
    split[mentions] = len(closed) + np.arange(len(mentions))
    used = np.zeros(len(closed) + len(mentions), dtype=bool)
    used[split] = True
    origin = np.concatenate([np.arange(len(closed)), node[mentions]])[used]
    return (np.cumsum(used) - 1)[split], origin


def decide(
    tags: Mapping[str, TagColumn], asked: Mapping[str, frozenset[str]], kind: str, n: int
) -> tuple[Bool, npt.NDArray[np.object_]]:
    """Ask the tag table once for each combination of tags that occurs.

    Parameters
    ----------
    tags
        Columns of the objects' tags.
    asked
        Keys of the table with the values that it names (`table_keys`).
    kind
        "way" or "node".
    n
        Number of objects.

    Returns
    -------
    allowed
        bool (n,).
    reasons
        object (n,), the deciding row's reason.
    """
    combined, n_codes = np.zeros(n, np.int64), 1
    for key, named in asked.items():
        column = tags[key]
        # Values that no rule names are alike, which keeps the combinations few.
        alike: dict[str, int] = {}
        place = [alike.setdefault(v if v in named or ";" in v else "", len(alike)) for v in column.values]
        n_codes *= len(alike) + 1
        if n_codes > _MAX_CODE:
            seen, combined = np.unique(combined, return_inverse=True)
            n_codes = len(seen) * (len(alike) + 1)
        combined = combined * (len(alike) + 1) + np.array([*place, -1])[column.codes] + 1
    _, example, inverse = np.unique(combined, return_index=True, return_inverse=True)
    verdicts = [
        may_walk({k: c.values[c.codes[i]] for k, c in tags.items() if c.codes[i] >= 0}, kind) for i in example.tolist()
    ]
    allowed = np.array([v[0] for v in verdicts], dtype=bool)[inverse]
    reasons = np.array([v[1] for v in verdicts], dtype=object)[inverse]
    return allowed, reasons


def count_reasons(reasons: npt.NDArray[np.object_]) -> tuple[tuple[str, int], ...]:
    """Count refusals by reason, the most frequent first; what was never a street does not count."""
    names, counts = np.unique(reasons[reasons != NOT_A_STREET].astype(str), return_counts=True)
    return tuple((str(names[i]), int(counts[i])) for i in np.argsort(-counts, kind="stable"))


def _first_of_each(way: Int64, tail: Int64, head: Int64) -> Int64:
    """Give the segments, in order, that do not repeat an earlier one of the same way, in either direction."""
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    pair = low * (high.max(initial=0) + 1) + high
    order = np.argsort(pair)
    again = pair[order[1:]] == pair[order[:-1]]
    twice = np.flatnonzero(np.isin(pair, pair[order[1:][again]])) if again.any() else order[:0]
    _, first = np.unique(np.stack([way[twice], pair[twice]]), axis=1, return_index=True)
    kept = np.ones(len(pair), dtype=bool)
    kept[twice] = False
    kept[twice[first]] = True
    return np.flatnonzero(kept)
