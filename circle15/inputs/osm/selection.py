"""The few objects of a large extract that districts ask for, in a small file of their own."""

from __future__ import annotations

import math
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import osmium

from circle15.files.held_folders import held_folder
from circle15.inputs.osm.file import new_location_index, osm_errors
from circle15.inputs.osm.osm_writing import osm_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

Wanted = dict[str, frozenset[str] | None]
"""Keys with the values of them that are looked for; None: any."""


def write_selection(path: Path, wanted: Mapping[str, frozenset[str] | None], out: Path) -> None:
    """Write one selection, as `write_selections` does."""
    write_selections(path, [(wanted, out)])


def write_selections(path: Path, asked: Sequence[tuple[Mapping[str, frozenset[str] | None], Path]]) -> None:
    """Write the objects that have one of the wanted tags, with the nodes and ways that they are made of.

    Objects keep their ids, tags and order, so that whoever asks for objects by these tags finds the same in the
    selection as in the whole file. Lists of values ("a;b") are kept whole. The file streams through once, and where
    relations are wanted, whose ways come before them, its ways once more; memory holds the places of its nodes (16
    bytes each) and what is selected.

    Parameters
    ----------
    path
        ``.osm.pbf`` file, sorted as usual: nodes, ways, relations.
    asked
        For each selection keys and values, such as `TagFilter.wanted`, and the ``.osm.pbf`` file to write.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    keys = osmium.filter.KeyFilter(*sorted({key for wanted, _ in asked for key in wanted}))
    with osm_errors(path), held_folder() as folder, ExitStack() as writers:
        index = new_location_index(path)
        selections = [
            _Selection(
                wanted, folder / f"{i}.osm.pbf", writers.enter_context(osm_writer(folder / f"{i}.osm.pbf", folder))
            )
            for i, (wanted, _) in enumerate(asked)
        ]
        thing: Any
        for thing in osmium.FileProcessor(str(path)).with_locations(index).with_filter(keys):
            for selection in selections:
                selection.take(thing)
        writers.close()
        _read_member_ways(path, selections)
        for selection, (_, out) in zip(selections, asked, strict=True):
            with osm_writer(out, out.parent) as writer:
                for part in selection.with_parts(index):
                    writer.add(part)


@dataclass(slots=True)
class _Selection:
    """One selection while the file streams through: what was found, and what that is made of."""

    wanted: Mapping[str, frozenset[str] | None]
    found: Path  # the objects that have one of the wanted tags
    writer: Any
    ids: dict[str, set[int]] = field(default_factory=lambda: {"n": set(), "w": set(), "r": set()})  # of the found
    nodes: set[int] = field(default_factory=set)  # that ways and relations refer to
    ways: set[int] = field(default_factory=set)  # that relations refer to
    refs: dict[int, list[int]] = field(default_factory=dict)  # nodes of those ways that were not found themselves

    def take(self, thing: Any) -> None:
        """Write an object if it has one of the wanted tags, and note what it is made of."""
        if not any(_may_match(thing.tags.get(key), values) for key, values in self.wanted.items()):
            return
        self.writer.add(thing)
        self.ids[thing.type_str()].add(thing.id)
        if thing.is_way():
            self.nodes.update(node.ref for node in thing.nodes)
        elif thing.is_relation():
            self.nodes.update(m.ref for m in thing.members if m.type == "n")
            self.ways.update(m.ref for m in thing.members if m.type == "w")

    def with_parts(self, index: Any) -> Iterator[Any]:
        """Give the found objects and between them, by their ids and without tags, those that they are made of."""
        nodes = deque(sorted(self.nodes - self.ids["n"]))
        ways = deque(sorted(self.refs))
        own: Any
        for own in osmium.FileProcessor(str(self.found)):
            yield from _made(nodes, own.id if own.is_node() else math.inf, partial(_node, index=index))
            if not own.is_node():
                yield from _made(ways, own.id if own.is_way() else math.inf, self._way)
            yield own
        yield from _made(nodes, math.inf, partial(_node, index=index))
        yield from _made(ways, math.inf, self._way)

    def _way(self, number: int) -> Any:
        return osmium.osm.mutable.Way(id=number, nodes=self.refs[number])


def _made(numbers: deque[int], below: float, make: Callable[[int], Any]) -> Iterator[Any]:
    """Make the objects with the next ids, those that the file lacks left out."""
    while numbers and numbers[0] < below:
        part = make(numbers.popleft())
        if part is not None:
            yield part


def _node(number: int, index: Any) -> Any:
    try:
        return osmium.osm.mutable.Node(id=number, location=index.get(number))
    except KeyError:
        return None


def _read_member_ways(path: Path, selections: Sequence[_Selection]) -> None:
    """Read the ways that relations are made of and that were not found themselves."""
    missing: set[int] = set().union(*(s.ways - s.ids["w"] for s in selections))
    if not missing:
        return
    way: Any
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(osmium.filter.IdFilter(missing)):
        refs = [node.ref for node in way.nodes]
        for selection in selections:
            if way.id in selection.ways - selection.ids["w"]:
                selection.refs[way.id] = refs
                selection.nodes.update(refs)


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
