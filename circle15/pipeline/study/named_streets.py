"""The streets of a study that have names: read once, for all that is told by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.osm.file import is_osm_file
from circle15.network.road_names import road_names

if TYPE_CHECKING:
    from circle15.pipeline.study.study import Study


@dataclass(frozen=True, slots=True)
class NamedStreets:
    """Edges that are drawn and whose way has a name; none where the streets come from no OSM file."""

    name: npt.NDArray[np.object_]  # (n,)
    ends: npt.NDArray[np.float64]  # (n, 2, 2): both ends of each, longitude and latitude in degrees WGS-84

    def lines(self, scale: npt.NDArray[np.float64] | float = 1.0) -> npt.NDArray[np.object_]:
        """Give the edges as lines, their degrees multiplied by ``scale``."""
        lines: npt.NDArray[np.object_] = shapely.linestrings(self.ends * scale)
        return lines


def named_streets(study: Study) -> NamedStreets:
    """Give the named streets of a study's network, in the order of its edges; read once."""
    return study.once("named_streets", lambda: _read(study))


def _read(study: Study) -> NamedStreets:
    source, net = study.config.streets_file, study.network
    drawn = np.flatnonzero(net.is_street & (net.length_m > 0) & (net.way_id > 0))
    if not len(drawn) or not is_osm_file(source):
        return NamedStreets(np.empty(0, object), np.empty((0, 2, 2)))
    names = road_names(source, net.way_id[drawn])
    ways, of_edge = np.unique(net.way_id[drawn], return_inverse=True)
    name = np.array([names.get(way, "") for way in ways.tolist()], dtype=object)[of_edge]
    drawn, name = drawn[name != ""], name[name != ""]
    ends = np.stack([net.tail[drawn], net.head[drawn]], axis=1)
    return NamedStreets(name, np.stack([net.node_lon[ends], net.node_lat[ends]], axis=2))
