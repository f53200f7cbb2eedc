"""Straight pieces of walkable street, from OSM ways by the tag table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.osm import header_extent, read_ways
from circle15.network.borders import BORDER_KEYS, osm_borders
from circle15.network.coverage import StatedBox, covered_ground
from circle15.network.graph import find_components
from circle15.network.passages import passage_keys, passage_of
from circle15.network.squares import (
    Lines,
    Square,
    crossing_lines,
    place_keys,
    relation_squares,
    way_squares,
)
from circle15.network.traits import TRAIT_KEYS, combine_tags
from circle15.network.walking import may_walk, table_keys
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.inputs.osm_columns import OsmColumns, TagColumn

NOT_A_STREET = "not a street"
_MAX_CODE = 2**62

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Segments:
    """All walkable streets of one file; every node is an end of a segment."""

    node_lon: Float64  # (n_nodes,) degrees WGS-84
    node_lat: Float64  # (n_nodes,)
    tail: Int32  # (n_segments,) nodes
    head: Int32  # (n_segments,)
    length_m: Float64  # (n_segments,)
    component: Int32  # (n_nodes,)
    way_id: Int64  # (n_segments,) OSM way, -1 where there is none
    n_ways_read: int
    ways_refused: tuple[tuple[str, int], ...] = ()  # reason, ways; most frequent first
    n_barriers_cut: int = 0
    n_nodes_missing: int = 0  # references of walkable ways to nodes that the file does not hold
    ground: Any = None  # (Multi)Polygon, degrees WGS-84: what the file covers (`covered_ground`)
    stated_box: Any = None  # what the file's header says that it covers, where its streets bear that out
    trait: Int32 = field(default_factory=lambda: np.empty(0, np.int32))  # (n_segments,) row of traits
    traits: tuple[dict[str, str], ...] = ({},)  # combinations of tags that costs depend on (`TRAIT_KEYS`)
    n_steps: Float64 = field(default_factory=lambda: np.empty(0))  # (n_segments,) tagged number of steps, NaN without
    node_row: Int8 = field(default_factory=lambda: np.empty(0, np.int8))  # (n_nodes,) row of `passage_table`, -1: none
    n_squares: int = 0  # pedestrian areas that are crossed in straight lines
    borders: Float64 = field(
        default_factory=lambda: np.empty((0, 4))
    )  # (n, 4) pieces of hard borders: lon, lat, lon, lat

    def __post_init__(self) -> None:
        n_segments, n_nodes = len(self.tail), len(self.node_lon)
        if len(self.trait) != n_segments:
            object.__setattr__(self, "trait", np.zeros(n_segments, np.int32))
        if len(self.n_steps) != n_segments:
            object.__setattr__(self, "n_steps", np.full(n_segments, np.nan))
        if len(self.node_row) != n_nodes:
            object.__setattr__(self, "node_row", np.full(n_nodes, -1, np.int8))


@dataclass(frozen=True, slots=True)
class StreetCut:
    """A part of an OSM file's streets (`circle15.network.cuts`), with what only the whole file tells."""

    text: Path  # ways and nodes, for `read_ways`
    relations: Sequence[tuple[dict[str, str], Any, set[int]]]  # of `relation_squares`, those that matter here
    stated_box: Any


def read_osm_segments(path: str | Path, cut: StreetCut | None = None) -> Segments:
    """Read the walkable streets of an OSM file, or of a part of it.

    There is one segment for each pair of consecutive nodes of a way, of haversine length. Where the tag table closes
    a barrier, each street end at it gets a node of its own: one can walk up to it from any side, not past it. The
    same pair of nodes twice in one way counts once; in different ways the segments are parallel. Squares are crossed in
    straight lines as well (`circle15.network.squares`).

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    way_values, node_values = table_keys("way"), table_keys("node")
    way_keys = tuple(dict.fromkeys((*way_values, *TRAIT_KEYS, *BORDER_KEYS, "step_count")))
    node_keys = tuple(dict.fromkeys((*node_values, *passage_keys("node"))))
    ways = read_ways(path, way_keys=way_keys, node_keys=node_keys, text=None if cut is None else cut.text)
    allowed, reasons = decide(ways.way_tags, way_values, "way", len(ways.way_id))
    passes, _ = decide(ways.node_tags, node_values, "node", len(ways.node_id))
    way_of, first, n_missing = _consecutive(ways, allowed)
    refs, number = np.unique(ways.ref, return_inverse=True)
    closed = np.isin(refs, ways.node_id[~passes])
    node, origin, n_cut = _split_at(number[np.concatenate([first, first + 1])], closed)
    lon, lat = _by_number(ways.lon, number, len(refs))[origin], _by_number(ways.lat, number, len(refs))[origin]
    tail, head, way = node[: len(first)], node[len(first) :], ways.way_id[way_of[first]]
    once = _first_of_each(way, tail, head)
    tail, head, way, way_row = tail[once], head[once], way[once], way_of[first][once]
    row_of_way, traits = combine_tags(ways.way_tags, TRAIT_KEYS, len(ways.way_id))
    n_steps = _share_of_steps(ways, way_row, haversine_m(lon[tail], lat[tail], lon[head], lat[head]))
    node_row = _passages(ways, refs)[origin]
    relations = relation_squares(path) if cut is None else cut.relations
    squares, lon, lat = _squares(relations, Lines(tail, head, way, row_of_way[way_row]), lon, lat, traits)
    crossing = crossing_lines(squares, lon, lat, np.bincount(np.concatenate([tail, head]), minlength=len(lon)))
    added = (crossing.tail, crossing.head, crossing.way_id, crossing.trait)
    given = (tail, head, way, row_of_way[way_row])
    tail, head, way, trait = (np.concatenate(pair) for pair in zip(given, added, strict=True))
    if cut is None:
        stated = StatedBox(header_extent(path))
        stated.look(*(np.concatenate([values[first], values[first + 1]]) for values in (ways.lon, ways.lat)))
    stated_box = stated.believed() if cut is None else cut.stated_box
    return Segments(
        node_lon=lon,
        node_lat=lat,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=haversine_m(lon[tail], lat[tail], lon[head], lat[head]),
        component=find_components(len(lon), tail, head),
        way_id=way,
        trait=trait.astype(np.int32),
        traits=tuple(traits),
        n_steps=np.concatenate([n_steps, np.full(len(tail) - len(n_steps), np.nan)]),
        node_row=np.concatenate([node_row, np.full(len(lon) - len(node_row), -1, np.int8)]),
        n_squares=len(squares),
        borders=osm_borders(ways),
        n_ways_read=int((reasons != NOT_A_STREET).sum()),
        ways_refused=count_reasons(reasons[~allowed]),
        n_barriers_cut=n_cut,
        n_nodes_missing=n_missing,
        ground=covered_ground(lon, lat, stated_box),
        stated_box=stated_box,
    )


def _squares(
    relations: Sequence[tuple[dict[str, str], Any, set[int]]],
    streets: Lines,
    lon: Float64,
    lat: Float64,
    traits: list[dict[str, str]],
) -> tuple[list[Square], Float64, Float64]:
    """Find the squares of a file; give with them the nodes, to which vertices that no street has are added."""
    covered = set().union(*(ways for _, _, ways in relations))
    squares = [
        square
        for square in way_squares(streets.tail, streets.head, streets.way_id, streets.trait, traits)
        if square.way_id not in covered
    ]
    if not relations:
        return squares, lon, lat
    known = place_keys(lon, lat)
    order = np.argsort(known, kind="stable")
    known = known[order]
    new_places, n_nodes = [], len(lon)
    for tags, shape, _ in relations:
        rings = []
        for ring in (shape.exterior, *shape.interiors):
            place = shapely.get_coordinates(ring)[:-1]
            keys = place_keys(*place.T)
            found = np.searchsorted(known, keys).clip(max=len(known) - 1)
            at, new = order[found], np.flatnonzero(known[found] != keys)
            at[new] = n_nodes + np.arange(len(new))
            n_nodes += len(new)
            new_places.append(place[new])
            rings.append(at)
        traits.append({k: v for k, v in tags.items() if k in TRAIT_KEYS})
        squares.append(Square(tuple(rings), -1, len(traits) - 1, has_outline=False))
    x, y = np.concatenate(new_places).T
    lon, lat = np.concatenate([lon, x]), np.concatenate([lat, y])
    return squares, lon, lat


def _share_of_steps(ways: OsmColumns, way: Int64, length_m: Float64) -> Float64:
    """Spread each way's tagged number of steps over its segments by their length; NaN where none is tagged."""
    column = ways.way_tags["step_count"]
    number = np.array([float(v) if v.isascii() and v.isdigit() else np.nan for v in column.values] + [np.nan])
    total = np.bincount(way, weights=length_m, minlength=len(ways.way_id))[way]
    found: Float64 = np.full(len(way), np.nan)
    return np.divide(number[column.codes][way] * length_m, total, out=found, where=total > 0)


def _passages(ways: OsmColumns, refs: Int64) -> Int8:
    """Give the row of the table of passages of each of the nodes ``refs``, -1 where none decides."""
    found = np.full(len(refs), -1, np.int8)
    if len(ways.node_id) and len(refs):
        number, combinations = combine_tags(ways.node_tags, passage_keys("node"), len(ways.node_id))
        rows = np.array([passage_of(tags, "node") for tags in combinations], np.int8)
        at = np.searchsorted(refs, ways.node_id).clip(max=len(refs) - 1)
        met = refs[at] == ways.node_id
        found[at[met]] = rows[number[met]]
    return found


def walkable_pieces(ways: OsmColumns) -> tuple[Int64, Int64]:
    """Give the references (n_pieces,) that pieces of walkable streets begin at, each one's end next to it, and ways."""
    values = table_keys("way")
    way_of, first, _ = _consecutive(ways, decide(ways.way_tags, values, "way", len(ways.way_id))[0])
    return first, way_of[first]


def _consecutive(ways: OsmColumns, allowed: Bool) -> tuple[Int64, Int64, int]:
    """Give each reference's way, the references that a segment begins at, and how many nodes are not in the file."""
    way_of = np.repeat(np.arange(len(ways.way_id)), np.diff(ways.indptr))
    walkable, located = allowed[way_of], ~np.isnan(ways.lon)
    usable = walkable & located
    joined = usable[:-1] & usable[1:] & (way_of[:-1] == way_of[1:]) & (ways.ref[:-1] != ways.ref[1:])
    return way_of, np.flatnonzero(joined), int((walkable & ~located).sum())


def _by_number(values: Float64, number: Int64, n: int) -> Float64:
    """Give each numbered node the value of one of its mentions that has one, NaN where none has."""
    known = ~np.isnan(values)
    found = np.full(n, np.nan)
    found[number[known]] = values[known]
    return found


def _split_at(node: Int64, closed: Bool) -> tuple[Int64, Int64, int]:
    """Give every mention of a closed node a number of its own, and number what is mentioned without gaps.

    Returns
    -------
    node
        (n_mentions,) new numbers.
    origin
        (n_new,) old number of each.
    n_cut
        Closed nodes that are mentioned.
    """
    mentions = np.flatnonzero(closed[node])
    split = node.copy()
    split[mentions] = len(closed) + np.arange(len(mentions))
    used = np.zeros(len(closed) + len(mentions), dtype=bool)
    used[split] = True
    origin = np.concatenate([np.arange(len(closed)), node[mentions]])[used]
    return (np.cumsum(used) - 1)[split], origin, len(np.unique(node[mentions]))


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


def haversine_m(lon1: Float64, lat1: Float64, lon2: Float64, lat2: Float64) -> Float64:
    """Compute great-circle distances in metres on the sphere that OSMnx uses (R = 6,371,009 m).

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        float64 (n,), degrees.
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    h = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    distance: Float64 = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1)))
    return distance
