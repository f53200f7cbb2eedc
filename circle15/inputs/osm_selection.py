"""The few objects of a large extract that districts ask for, in a small file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osmium

from circle15.inputs.osm_file import osm_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_selection(path: Path, keys: Iterable[str], out: Path) -> None:
    """Write the objects that have one of ``keys``, with the nodes and ways that they are made of.

    Objects keep their ids, tags and order, so that whoever asks for objects by these keys finds the same in the
    selection as in the whole file. The file streams through twice; memory holds ids alone.

    Parameters
    ----------
    path
        ``.osm.pbf`` file.
    keys
        OSM keys.
    out
        ``.osm.pbf`` file to write.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    wanted = osmium.filter.KeyFilter(*sorted(set(keys)))
    with osm_errors(path), osmium.BackReferenceWriter(str(out), str(path), relation_depth=0) as writer:
        for thing in osmium.FileProcessor(str(path)).with_filter(wanted):
            writer.add(thing)
