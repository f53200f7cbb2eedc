"""Straight pieces of walkable street, from OSM ways by the tag table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from circle15.network.streets.squares import (
    SIGHT_LINE,
)
from circle15.units import EARTH_RADIUS_M

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
    )  # (n_segments,) STREET, OUTLINE or SIGHT_LINE (`circle15.network.streets.squares`)
    gate: Int32 = field(
        default_factory=lambda: np.empty(0, np.int32)
    )  # (n_nodes,) private gate that a street ends at, as the file has it; -1: none
    depth: Int8 = field(
        default_factory=lambda: np.empty(0, np.int8)
    )  # (n_nodes,) private gates between a node and the public streets (`circle15.network.streets.compounds`)
    links: Int32 = field(default_factory=lambda: np.empty((0, 2), np.int32))  # (n_links, 2) nodes that they join
    n_opened_by_day: int = 0  # ways and barriers closed at night alone (`circle15.network.rules.daytime`)
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
