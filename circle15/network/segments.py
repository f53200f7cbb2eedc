"""Straight pieces of walkable street, from OSM ways by the tag table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.osm import header_extent, read_ways
from circle15.network.borders import BORDER_KEYS, osm_borders
from circle15.network.compounds import gate_numbers
from circle15.network.coverage import StatedBox, covered_ground
from circle15.network.graph import find_components
from circle15.network.passages import passage_keys, passage_of
from circle15.network.sidepaths import sidepath_joints
from circle15.network.squares import (
    SIGHT_LINE,
    DeadEnds,
    Lines,
    Relation,
    Square,
    crossing_lines,
    mapped_once,
    place_keys,
    relation_squares,
)
from circle15.network.traits import TRAIT_KEYS, combine_tags
from circle15.network.ways import StreetCounts, Streets, closed_nodes, node_keys, way_keys
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.inputs.osm_columns import OsmColumns

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
    part: Int8 = field(
        default_factory=lambda: np.empty(0, np.int8)
    )  # (n_segments,) STREET, OUTLINE or SIGHT_LINE (`circle15.network.squares`)
    gate: Int32 = field(
        default_factory=lambda: np.empty(0, np.int32)
    )  # (n_nodes,) private gate that a street ends at, as the file has it; -1: none
    depth: Int8 = field(
        default_factory=lambda: np.empty(0, np.int8)
    )  # (n_nodes,) private gates between a node and the public streets (`circle15.network.compounds`)
    links: Int32 = field(default_factory=lambda: np.empty((0, 2), np.int32))  # (n_links, 2) nodes that they join
    n_opened_by_day: int = 0  # ways and barriers closed at night alone (`circle15.network.daytime`)
    n_closed_by_day: int = 0  # open at night alone
    n_squares: int = 0  # pedestrian areas that are crossed in straight lines
    borders: Float64 = field(
        default_factory=lambda: np.empty((0, 4))
    )  # (n, 4) pieces of hard borders: lon, lat, lon, lat

    def __post_init__(self) -> None:
        n_segments, n_nodes = len(self.tail), len(self.node_lon)
        if len(self.trait) != n_segments:
            object.__setattr__(self, "trait", np.zeros(n_segments, np.int32))
        if len(self.part) != n_segments:
            object.__setattr__(self, "part", np.zeros(n_segments, np.int8))
        if len(self.n_steps) != n_segments:
            object.__setattr__(self, "n_steps", np.full(n_segments, np.nan))
        for name, dtype, value in (("node_row", np.int8, -1), ("gate", np.int32, -1), ("depth", np.int8, 0)):
            if len(getattr(self, name)) != n_nodes:
                object.__setattr__(self, name, np.full(n_nodes, value, dtype))

    @property
    def is_street(self) -> Bool:
        """Tell which segments are mapped, (n_segments,): sight lines across squares are ways to walk, not street."""
        found: Bool = self.part != SIGHT_LINE
        return found


@dataclass(frozen=True, slots=True)
class StreetCut:
    """A part of an OSM file's streets (`circle15.network.cuts`), with what only the whole file tells."""

    text: Path  # ways and nodes, for `read_ways`
    relations: Sequence[Relation]  # those that matter here
    stated_box: Any
    counts: Mapping[str, Any]  # `StreetCounts.told`


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
    of_ways = tuple(dict.fromkeys((*way_keys(), *BORDER_KEYS, "step_count")))
    of_nodes = tuple(dict.fromkeys((*node_keys(), *passage_keys("node"))))
    ways = read_ways(path, way_keys=of_ways, node_keys=of_nodes, text=None if cut is None else cut.text)
    closed = closed_nodes(ways)
    streets = Streets.of(ways, closed)
    first, traits = streets.first, list(streets.traits)
    number, n_refs, origin = streets.number, len(streets.refs), streets.origin
    lon, lat = _by_number(ways.lon, number, n_refs)[origin], _by_number(ways.lat, number, n_refs)[origin]
    joints = sidepath_joints(ways, streets, closed, lon, lat)
    lines, way_row = joints.applied(streets, ways.way_id)
    more = np.array(joints.place).reshape(-1, 2)
    lon, lat = np.concatenate([lon, more[:, 0]]), np.concatenate([lat, more[:, 1]])
    length_m = haversine_m(lon[lines.tail], lat[lines.tail], lon[lines.head], lat[lines.head])
    n_steps = _share_of_steps(ways, way_row, length_m)
    node_row = _passages(ways, streets.refs)[origin]
    gate = gate_numbers(ways, streets.refs[origin])
    relations = relation_squares(path) if cut is None else cut.relations
    squares, lon, lat = _squares(relations, streets.squares, lon, lat, traits)
    ends = np.concatenate([lines.tail, lines.head])
    stops = DeadEnds.of(lines, traits, len(lon), streets.is_closed | streets.goes_on)
    crossing = crossing_lines(squares, lon, lat, np.bincount(ends, minlength=len(lon)), stops=stops, traits=traits)
    lines = Lines.joined([lines, crossing])
    part = mapped_once(lines, np.array([s.way_id for s in squares if s.has_outline], np.int64))
    tail, head = lines.tail, lines.head
    if cut is None:
        stated, counts = StatedBox(header_extent(path)), StreetCounts()
        stated.look(*(np.concatenate([values[first], values[first + 1]]) for values in (ways.lon, ways.lat)))
        counts.add(streets)
        counts.add_hours(ways)
    stated_box = stated.believed() if cut is None else cut.stated_box
    return Segments(
        node_lon=lon,
        node_lat=lat,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=haversine_m(lon[tail], lat[tail], lon[head], lat[head]),
        component=find_components(len(lon), tail, head),
        way_id=lines.way_id,
        trait=lines.trait.astype(np.int32),
        traits=tuple(traits),
        n_steps=np.concatenate([n_steps, np.full(len(tail) - len(n_steps), np.nan)]),
        node_row=np.concatenate([node_row, np.full(len(lon) - len(node_row), -1, np.int8)]),
        gate=np.concatenate([gate, np.full(len(lon) - len(gate), -1, np.int32)]),
        part=part.astype(np.int8),
        borders=osm_borders(ways),
        **(counts.told(relations) if cut is None else cut.counts),
        ground=covered_ground(lon, lat, stated_box),
        stated_box=stated_box,
    )


def _squares(
    relations: Sequence[Relation],
    of_ways: Sequence[Square],
    lon: Float64,
    lat: Float64,
    traits: list[dict[str, str]],
) -> tuple[list[Square], Float64, Float64]:
    """Find the squares of a file; give with them the nodes, to which vertices that no street has are added."""
    covered = set().union(*(ways for _, _, ways in relations))
    squares = [square for square in of_ways if square.way_id not in covered]
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


def _by_number(values: Float64, number: Int64, n: int) -> Float64:
    """Give each numbered node the value of one of its mentions that has one, NaN where none has."""
    known = ~np.isnan(values)
    found = np.full(n, np.nan)
    found[number[known]] = values[known]
    return found


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
