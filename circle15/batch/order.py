"""Which districts are started first: the largest, so that none is left to run alone at the end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import shapely

from circle15.inputs.ground.cell_resolution import resolution_of_size
from circle15.inputs.ground.polygons import read_polygons
from circle15.runs.folder import manifest_of_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.batch.district_list import Entry
    from circle15.config.model import Config

logger = logging.getLogger(__name__)

_CELLS_PER_SQUARE_DEGREE = 12_391 / 4_357_449  # km2 at the equator, over the mean cell of resolution 0 (h3geo.org)
_CHILDREN = 7  # cells of the next resolution in one
_UNKNOWN = -1.0


def largest_first(entries: Sequence[Entry], root: Path) -> list[Entry]:
    """Sort by seconds of the last run where every district has one, else by the number of cells as far as is known.

    Where a boundary is read from OSM tags, the people that the config states stand for its size.
    """
    seconds = [_last_seconds(root / entry.name) for entry in entries]
    sizes = seconds if all(s is not None for s in seconds) else [_size(e.config) for e in entries if e.config]
    order = sorted(range(len(entries)), key=lambda i: (-(sizes[i] or 0.0), entries[i].name))
    return [entries[i] for i in order]


def _last_seconds(folder: Path) -> float | None:
    manifest = manifest_of_folder(folder)
    return manifest.seconds if manifest is not None else None


def _size(config: Config) -> float:
    """Estimate the number of cells."""
    boundary = config.district.boundary
    total = config.population.total
    if boundary.startswith("osm:"):
        return (total or 0.0) / 100  # a populated cell of resolution 10 has about a hundred people
    try:
        frame = read_polygons(
            boundary,
            key="district.boundary",
            osm_path=config.streets_file,
            resolve=config.resolve,
            names_in=config.district.lang,
            crs=config.district.boundary_crs,
        ).frame
        shapes = frame.geometry.to_numpy()
        lat = np.radians(shapely.get_y(shapely.centroid(shapes)))
        area = float((shapely.area(shapes) * np.cos(lat)).sum())
    except Exception as e:  # noqa: BLE001 (whatever is wrong with it, its own run says so and the others go on)
        logger.debug("%s: size unknown (%s)", config.district.id, e)
        return _UNKNOWN

    def n_cells_at(resolution: int) -> float:
        return area * _CELLS_PER_SQUARE_DEGREE * float(_CHILDREN**resolution)

    stated = config.cells.resolution
    return n_cells_at(resolution_of_size(n_cells_at) if stated == "auto" else stated)
