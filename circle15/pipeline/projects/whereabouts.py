"""Where a place is in words: the nearest road that has a name, and the community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.inputs.osm.file import is_osm_file
from circle15.inputs.osm.way_names import read_way_names
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.pipeline.study.study import Study

SEARCHED_M = 300.0
"""A road farther away says nothing of a place."""
BESIDE_M = 30.0
METRES_PER_DEGREE = 111_195.0

Texts = npt.NDArray[np.object_]


def roads_near(study: Study, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Texts:
    """Say by which named road each place is, "" where none is near or the streets' file holds no names.

    Returns
    -------
    numpy.ndarray
        `Said` or "", (n,): on a road, or so many metres from it.
    """
    found = np.full(len(lon), "", dtype=object)
    source = study.config.streets_file
    net = study.network
    if not len(lon) or not is_osm_file(source) or not (net.way_id >= 0).any():
        return found
    drawn = np.flatnonzero(net.is_street & (net.length_m > 0) & (net.way_id >= 0))
    # Flat metres around the streets' middle: distances here are of a few hundred metres.
    scale = np.array([np.cos(np.radians(float(np.mean(net.node_lat)))), 1.0]) * METRES_PER_DEGREE
    ends = [np.column_stack([net.node_lon[n], net.node_lat[n]]) * scale for n in (net.tail[drawn], net.head[drawn])]
    lines = shapely.linestrings(np.stack(ends, axis=1))
    points = shapely.points(np.column_stack([lon, lat]) * scale)
    place, near = shapely.STRtree(lines).query(points, predicate="dwithin", distance=SEARCHED_M)
    names = read_way_names(source, np.unique(net.way_id[drawn[near]]))
    # Whole centimetres: of two roads equally near it is the first, whatever else is asked for.
    away = np.round(shapely.distance(points[place], lines[near]), 2)
    for i in np.lexsort((-near, -away)).tolist():  # the nearest last, so that it stays
        name = names.get(int(net.way_id[drawn[near[i]]]))
        if name is not None:
            found[place[i]] = _by_road(name, float(away[i]))
    return found


def _by_road(name: str, away_m: float) -> Said:
    if away_m <= BESIDE_M:
        return Said(f"{name}旁", f"on {name}")
    rounded = max(10, round(away_m / 10) * 10)
    return Said(f"距{name}约 {rounded} 米", f"about {rounded} m from {name}")


def communities_at(study: Study, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Texts:
    """Give the name of the community that each place lies in, "" where there is none."""
    second = study.second
    if second is None or not len(lon):
        return np.full(len(lon), "", dtype=object)
    units = second.units
    is_rest = units["unit_id"].astype(str).str.endswith(REST_SUFFIX).to_numpy()
    names = np.append(np.where(is_rest, "", units["unit_name"].astype(object)), "")
    return np.asarray(names[second.unit_of_points(lon, lat)], dtype=object)
