"""The few objects of a large extract that districts ask for, in a small file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osmium

from circle15.files.held_folders import held_folder
from circle15.inputs.osm.file import osm_errors
from circle15.inputs.osm.osm_writing import osm_writer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Wanted = dict[str, frozenset[str] | None]
"""Keys with the values of them that are looked for; None: any."""


def write_selection(path: Path, wanted: Mapping[str, frozenset[str] | None], out: Path) -> None:
    """Write the objects that have one of the wanted tags, with the nodes and ways that they are made of.

    Objects keep their ids, tags and order, so that whoever asks for objects by these tags finds the same in the
    selection as in the whole file. Lists of values ("a;b") are kept whole. The file streams through twice; memory
    holds ids alone.

    Parameters
    ----------
    path
        ``.osm.pbf`` file.
    wanted
        Keys and values, such as `TagFilter.wanted`.
    out
        ``.osm.pbf`` file to write.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    keys = osmium.filter.KeyFilter(*sorted(wanted))
    with osm_errors(path), held_folder() as folder:
        found, parts = folder / "found.osm.pbf", osmium.IdTracker()
        with osm_writer(found, folder) as writer:
            for thing in osmium.FileProcessor(str(path)).with_filter(keys):
                if any(_may_match(thing.tags.get(key), values) for key, values in wanted.items()):
                    parts.add_references(thing)
                    writer.add(thing)
        parts.complete_backward_references(str(path), relation_depth=0)
        others = osmium.FileProcessor(str(path)).with_filter(parts.id_filter())
        with osm_writer(out, out.parent) as writer:
            for own, part in osmium.zip_processors(osmium.FileProcessor(str(found)), others):
                if own is not None:
                    writer.add(own)
                elif isinstance(part, osmium.osm.Node | osmium.osm.Way | osmium.osm.Relation):
                    writer.add(part.replace(tags={}))


def join_wanted(*every: Mapping[str, frozenset[str] | None]) -> Wanted:
    """Give what any of several readers wants."""
    joined: Wanted = {}
    for one in every:
        for key, values in one.items():
            before = joined.get(key, frozenset())
            joined[key] = None if before is None or values is None else before | values
    return joined


def holds_wanted(has: Mapping[str, frozenset[str] | None], wanted: Mapping[str, frozenset[str] | None]) -> bool:
    """Tell whether a selection of ``has`` holds all that ``wanted`` asks for."""
    return all(
        key in has and (has[key] is None or (values is not None and values <= (has[key] or frozenset())))
        for key, values in wanted.items()
    )


def _may_match(value: str | None, values: frozenset[str] | None) -> bool:
    return value is not None and (values is None or value in values or ";" in value)
