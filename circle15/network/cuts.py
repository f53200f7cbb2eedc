"""The streets of a large extract, cut to many study areas in one pass and kept in the cache."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.errors import InputError
from circle15.files.held_folders import held_folder
from circle15.inputs.osm.features import header_extent
from circle15.inputs.osm.parts import cut_streets_text
from circle15.network.cache import ContentKey, content_key, has_cut, has_segments, keep_cut
from circle15.network.streets.borders import COMPOUND_ACROSS_M
from circle15.network.streets.clip import ISLAND_M, cut_to_area
from circle15.network.streets.compounds import is_told_by_part
from circle15.network.streets.covered_ground import StatedBox
from circle15.network.streets.osm_reader import StreetCut, read_osm_segments
from circle15.network.streets.segments import Segments, haversine_m
from circle15.network.streets.squares import FARTHEST_STOP_M, relation_squares
from circle15.network.streets.ways import StreetCounts, Streets, closed_nodes, node_keys, way_keys
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.inputs.osm.columns import OsmColumns
    from circle15.network.streets.squares import Relation

log = logging.getLogger(__name__)

Float64 = npt.NDArray[np.float64]

WORTH_BYTES = 4_000_000
"""Smaller extracts are read whole: every district holds them without effort."""

_MARGIN = 1.1
_METRES_PER_DEGREE = np.radians(1) * EARTH_RADIUS_M


class _Seen:
    """What only the whole file tells."""

    def __init__(self, path: Path) -> None:
        self.stated = StatedBox(header_extent(path))
        self.longest_m = 0.0  # street way
        self.counts = StreetCounts()
        self.closed = np.empty(0, np.int64)  # nodes; all of them come before the ways

    def look(self, block: OsmColumns) -> None:
        self.counts.add_hours(block)
        if len(block.node_id):
            self.closed = np.concatenate([self.closed, closed_nodes(block)])
            return
        streets = Streets.of(block, self.closed)
        self.counts.add(streets)
        first, way = streets.first, streets.way_of_first
        if len(first):
            lon, lat = block.lon, block.lat
            self.stated.look(*(np.concatenate([c[first], c[first + 1]]) for c in (lon, lat)))
            metres = haversine_m(lon[first], lat[first], lon[first + 1], lat[first + 1])
            # Who walks round a square comes back: as for islands, its outline counts half.
            is_square = np.isin(block.way_id, [square.way_id for square in streets.squares])
            way_m = np.bincount(way, weights=np.where(is_square[way], metres / 2, metres))
            self.longest_m = max(self.longest_m, float(way_m.max()))


@dataclass(frozen=True, slots=True)
class StreetPart:
    """The part of a file's streets that one study area needs, cut out and not yet read."""

    path: Path  # of the whole file
    key: ContentKey  # of the file before it was cut
    area: Any  # shapely geometry, degrees WGS-84
    box: Float64  # (4,) that the part holds all of
    island_m: float
    cut: StreetCut


def keep_cuts(path: Path, areas: Sequence[Any], island_m: float = ISLAND_M) -> bool:
    """Cut the streets of ``path`` to each area and keep them in the cache, for `read_network` with these areas.

    What is kept is what the whole file would give. A part holds every way within ``island_m`` around its area, so a
    street that hangs together with the area's and leaves the part is longer than an island is allowed to be, there as
    in the whole file; and what does not leave it is whole. Squares of several ways that meet the area are in the part
    as well. Counts of ways and barriers are the file's. An area is left out where only the whole file tells who lives
    behind a private gate.

    Parameters
    ----------
    path
        ``.osm.pbf`` file.
    areas
        Shapely geometries, degrees WGS-84.
    island_m
        As for `read_network`.

    Returns
    -------
    bool
        False where cutting is not worth it, or would not give the same: the file is small, its streets are already in
        the cache whole, or no way of it is longer than an island.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    with held_folder() as folder:
        parts = cut_parts(path, areas, island_m, folder)
        for part in parts or ():
            keep_part(part)
    return parts is not None


def cut_parts(path: Path, areas: Sequence[Any], island_m: float, folder: Path) -> list[StreetPart] | None:
    """Do the first half of `keep_cuts`: cut out what is not in the cache, all in one pass, into a folder.

    Returns
    -------
    list of StreetPart or None
        For `keep_part`, in any process that sees the folder; None where `keep_cuts` gives False.
    """
    if path.stat().st_size < WORTH_BYTES or has_segments(path):
        return None
    key = content_key(path)
    missing = [area for area in areas if not has_cut(key, area, island_m)]
    if not missing:
        return []
    relations = relation_squares(path)
    margin_m = max(island_m, FARTHEST_STOP_M, COMPOUND_ACROSS_M) * _MARGIN
    boxes = np.array([_box_around(area, relations, margin_m) for area in missing])
    seen = _Seen(path)
    texts = cut_streets_text(path, boxes, folder, way_keys=way_keys(), node_keys=node_keys(), look=seen.look)
    if seen.longest_m < island_m:
        return None
    counts, stated = seen.counts.told(relations), seen.stated.believed()
    return [
        StreetPart(path, key, area, box, island_m, StreetCut(text, _near(relations, box), stated, counts))
        for area, box, text in zip(missing, boxes, texts, strict=True)
    ]


def keep_part(part: StreetPart) -> None:
    """Do the second half of `keep_cuts`: read one part, keep its streets in the cache, delete its text."""
    path, area = part.path, part.area
    try:
        segments = read_osm_segments(path, part.cut)
        if is_told_by_part(segments, _inside(segments, part.box)):
            clipped = cut_to_area(segments, area, path, part.island_m, has_largest=False)
            keep_cut(path, part.key, area, part.island_m, clipped)
        else:
            log.info("%s: private gates near %s need the whole file", path, area.centroid)
    except InputError as e:
        log.info("%s", e)  # nothing to walk on there: the district's own run says so
    part.cut.text.unlink()


def _inside(s: Segments, box: Float64) -> npt.NDArray[np.bool_]:
    west, south, east, north = box
    inside: npt.NDArray[np.bool_] = (
        (s.node_lon >= west) & (s.node_lon <= east) & (s.node_lat >= south) & (s.node_lat <= north)
    )
    return inside


def _box_around(area: Any, relations: Sequence[tuple[Any, Any, Any]], margin_m: float) -> Float64:
    """Give the box (4,) of an area and the squares that meet its box, with a margin."""
    own = np.array(area.bounds)
    shapes = [np.array(shape.bounds) for _, shape, _ in relations if _meets(shape.bounds, own)]
    low = np.min([own[:2], *(b[:2] for b in shapes)], axis=0)
    high = np.max([own[2:], *(b[2:] for b in shapes)], axis=0)
    farthest = min(max(abs(low[1]), abs(high[1])) + margin_m / _METRES_PER_DEGREE, 89.0)
    margin = margin_m / _METRES_PER_DEGREE / np.array([np.cos(np.radians(farthest)), 1.0])
    return np.concatenate([low - margin, high + margin])


def _near(relations: Sequence[Relation], box: Float64) -> list[Relation]:
    return [relation for relation in relations if _meets(relation[1].bounds, box)]


def _meets(bounds: Sequence[float], box: Float64) -> bool:
    west, south, east, north = bounds
    return bool(west <= box[2] and east >= box[0] and south <= box[3] and north >= box[1])
