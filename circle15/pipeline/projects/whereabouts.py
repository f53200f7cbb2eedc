"""Where a place is in words: the nearest road that has a name, and the community."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.pipeline.study.named_streets import named_streets
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
    streets = named_streets(study)
    if not len(lon) or not len(streets.name):
        return found
    # Flat metres around the streets' middle: distances here are of a few hundred metres.
    scale = np.array([np.cos(np.radians(float(np.mean(study.network.node_lat)))), 1.0]) * METRES_PER_DEGREE
    lines = study.once("lines_of_named_streets", lambda: shapely.STRtree(streets.lines(scale)))
    points = shapely.points(np.column_stack([lon, lat]) * scale)
    place, near = lines.query(points, predicate="dwithin", distance=SEARCHED_M)
    # Whole centimetres: of two roads equally near it is the first, whatever else is asked for.
    away = np.round(shapely.distance(points[place], lines.geometries[near]), 2)
    order = np.lexsort((near, away, place))
    nearest = order[np.unique(place[order], return_index=True)[1]]
    by_road = cache(_by_road)  # many places are as far from the same road
    for at, road, metres in zip(place[nearest], near[nearest], away[nearest].tolist(), strict=True):
        found[at] = by_road(streets.name[road], 0 if metres <= BESIDE_M else max(10, round(metres / 10) * 10))
    return found


def _by_road(name: str, rounded_m: int) -> Said:
    if not rounded_m:
        return Said("{name}旁", "on {name}").format(name=name)
    return Said("距{name}约 {m} 米", "about {m} m from {name}").format(name=name, m=rounded_m)


def communities_at(study: Study, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Texts:
    """Give the name of the community that each place lies in, "" where there is none."""
    second = study.second
    if second is None or not len(lon):
        return np.full(len(lon), "", dtype=object)
    units = second.units
    is_rest = units["unit_id"].astype(str).str.endswith(REST_SUFFIX).to_numpy()
    names = np.append(np.where(is_rest, "", units["unit_name"].astype(object)), "")
    return np.asarray(names[second.unit_of_points(lon, lat)], dtype=object)
