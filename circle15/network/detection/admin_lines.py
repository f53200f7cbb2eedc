"""The administrative borders that an extract holds, whole areas or not: what outlines are measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import osmium
import shapely

from circle15.files.held_folders import held_folder
from circle15.inputs.osm.edited import uploaded_form
from circle15.inputs.osm.file import is_osm_file, new_location_index, osm_errors
from circle15.inputs.osm.selection import Wanted, write_selection
from circle15.network.extracts import read_wanted

if TYPE_CHECKING:
    from pathlib import Path

ADMIN_TAGS: Wanted = {"boundary": frozenset({"administrative"})}
"""What `admin_lines` looks for."""


def admin_lines(source: Path, area: Any) -> npt.NDArray[np.object_]:
    """Give the lines of administrative borders that meet ``area``, degrees WGS-84.

    Taken are the ways that are tagged as such borders and the members of such relations, also of those that the file
    holds only in part.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if not is_osm_file(source):
        return np.empty(0, dtype=object)
    lines = read_wanted(source, ADMIN_TAGS, _read_lines)
    return lines[shapely.intersects(lines, area)] if len(lines) else lines


def _read_lines(path: Path) -> npt.NDArray[np.object_]:
    found = []
    with osm_errors(path), uploaded_form(path) as file, held_folder() as folder:
        part = folder / "borders.osm.pbf"
        write_selection(file, ADMIN_TAGS, part)
        # The stream gives nodes too: their places are looked up for the ways.
        for thing in osmium.FileProcessor(str(part)).with_locations(new_location_index(part)):
            if isinstance(thing, osmium.osm.Way):
                places = [(n.location.lon, n.location.lat) for n in thing.nodes if n.location.valid()]
                if len(places) > 1:
                    found.append(shapely.LineString(places))
    return np.array([*found, None], dtype=object)[:-1]
