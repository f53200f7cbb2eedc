"""The walkable streets of an OSM file in straight pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.inputs.osm.features import header_extent, read_ways
from circle15.network.rules.passage_table import passage_keys, passage_of
from circle15.network.rules.tags import TRAIT_KEYS, combine_tags
from circle15.network.streets.borders import BORDER_KEYS, osm_borders
from circle15.network.streets.components import find_components
from circle15.network.streets.compounds import gate_numbers
from circle15.network.streets.covered_ground import StatedBox, covered_ground
from circle15.network.streets.sidepaths import sidepath_joints
from circle15.network.streets.squares import (
    DeadEnds,
    Lines,
    Relation,
    Square,
    crossing_lines,
    mapped_once,
    place_keys,
    relation_squares,
)
from circle15.network.streets.ways import StreetCounts, Streets, closed_nodes, node_keys, way_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from circle15.inputs.osm.columns import OsmColumns

from circle15.network.streets.segments import Float64, Int8, Int64, Segments, haversine_m


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
    straight lines as well (`circle15.network.streets.squares`).

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
