"""Import seams: ends of ways at one place that are two nodes, as files joined from pieces have them, are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.rules.floors import FLOOR_KEYS, floor_of
from circle15.network.streets.squares import place_keys

if TYPE_CHECKING:
    from circle15.inputs.osm.columns import OsmColumns

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


def joined_nodes(ways: OsmColumns, way_of: Int64, walkable: Bool, number: Int64, is_tagged: Bool) -> Int64:
    """Give each of the numbered OSM nodes the number that it goes by: of nodes that are one, a tagged one's.

    Two nodes are one where they lie at the same place (to OSM's own 1e-7 degrees), walkable ways of a common layer and
    level meet them, none of which holds both, and both are ends of ways, or one is the end of a single way and stops at
    the other. Where a bridge passes over a street the layers differ, and vertices in the middle of two ways are never
    joined.

    Parameters
    ----------
    ways, way_of
        The ways, and the row of the way of each reference.
    walkable
        bool (n_mentions,): references of ways that one may walk on, with a place.
    number
        int64 (n_mentions,): row of the OSM node of each reference.
    is_tagged
        bool (n_refs,): OSM nodes that say what stands there.
    """
    goes_by = np.arange(len(is_tagged))
    at = np.flatnonzero(walkable)
    if not len(at):
        return goes_by
    order = at[np.argsort(number[at], kind="stable")]
    node, first = np.unique(number[order], return_index=True)
    key = place_keys(ways.lon[order[first]], ways.lat[order[first]])
    by_key = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[by_key], prepend=key[by_key][0] - 1) != 0)
    ends_at = np.append(begins[1:], len(by_key))
    shared = np.flatnonzero(ends_at - begins > 1)
    groups = [by_key[i:j] for i, j in zip(begins[shared].tolist(), ends_at[shared].tolist(), strict=True)]
    is_end = np.zeros(len(walkable), dtype=np.bool_)
    begin, end = ways.indptr[:-1], ways.indptr[1:]
    is_end[begin[end > begin]] = is_end[end[end > begin] - 1] = True
    last = np.append(first[1:], len(order))
    for group in groups:
        met = [_Met.of(ways, way_of, is_end, int(node[i]), order[first[i] : last[i]]) for i in group]
        _join(goes_by, sorted(met, key=lambda m: (not is_tagged[m.node], m.node)))
    return goes_by


@dataclass(frozen=True, slots=True)
class _Met:
    """An OSM node, and what meets there."""

    node: int  # its number
    ways: set[int]  # rows
    floors: set[tuple[str, str]]
    is_end: bool  # of some way
    is_stop: bool  # the end of the only way that meets it

    @classmethod
    def of(cls, ways: OsmColumns, way_of: Int64, is_end: Bool, node: int, mentions: Int64) -> _Met:
        rows = set(way_of[mentions].tolist())
        ends = bool(is_end[mentions].any())
        return cls(node, rows, {_floor(ways, row) for row in rows}, ends, ends and len(mentions) == 1)

    def joins(self, other: _Met) -> bool:
        is_end = (self.is_end and other.is_end) or self.is_stop or other.is_stop
        return is_end and bool(self.floors & other.floors) and not self.ways & other.ways


def _join(goes_by: Int64, met: list[_Met]) -> None:
    """Join nodes at one place; the first of them gives its number."""
    for j, one in enumerate(met):
        for other in met[:j]:
            if one.joins(other):
                together = [m.node for m in met if goes_by[m.node] in {goes_by[one.node], goes_by[other.node]}]
                goes_by[together] = together[0]


def _floor(ways: OsmColumns, way: int) -> tuple[str, str]:
    columns = {key: ways.way_tags[key] for key in FLOOR_KEYS}
    return floor_of({key: c.values[c.codes[way]] for key, c in columns.items() if c.codes[way] >= 0})
