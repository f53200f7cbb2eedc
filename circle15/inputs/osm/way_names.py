"""Names of ways, read apart from the streets: a network keeps none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osmium
import osmium.filter

from circle15.inputs.osm.file import osm_errors

if TYPE_CHECKING:
    from pathlib import Path


def read_way_names(path: Path) -> dict[int, str]:
    """Give the name of each highway of a file that has one, by the way's id; nodes are not read.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with osm_errors(path):
        ways = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway"))
        return {way.id: way.tags["name"] for way in ways.with_filter(osmium.filter.KeyFilter("name"))}
