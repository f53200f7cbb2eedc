"""Make a province of one extract: the extract several times side by side, each time with ids and places of its own.

    python scripts/make_province.py multicity15.osm.pbf province.osm.pbf [--copies 6]

Each copy lies `SHIFT_DEG` east of the one before, at the same latitudes, so that streets are as long. Fifteen cities
six times are 90 districts in some 150 MB; `bench_batch.py --province` runs them. Takes about a minute a copy.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import osmium

if TYPE_CHECKING:
    from collections.abc import Iterable

SHIFT_DEG = 0.9
"""East of the copy before: more than the widest city, and none of the fifteen meets a copy of another."""
KINDS = {"n": osmium.osm.NODE, "w": osmium.osm.WAY, "r": osmium.osm.RELATION}


class Numbers:
    """New ids of one kind of object: those of the file in their order, copy after copy, then those that it lacks."""

    def __init__(self, ids: Iterable[int], copies: int) -> None:
        self._rank = {old: rank for rank, old in enumerate(ids, start=1)}
        self._n = len(self._rank)
        self._beyond = self._n * copies
        self._missing: dict[int, int] = {}

    def of(self, old: int, copy: int) -> int:
        """Give the id of an object's copy; what the file lacks, every copy lacks under one id."""
        rank = self._rank.get(old)
        if rank is not None:
            return copy * self._n + rank
        return self._missing.setdefault(old, self._beyond + len(self._missing) + 1)


def make_province(source: Path, out: Path, copies: int) -> None:
    """Write ``copies`` of ``source``: nodes first, then ways, then relations, each kind sorted by id."""
    numbers = {k: Numbers((o.id for o in osmium.FileProcessor(str(source), kind)), copies) for k, kind in KINDS.items()}
    with osmium.SimpleWriter(str(out), overwrite=True) as writer:
        for kind in KINDS.values():
            for copy in range(copies):
                for thing in osmium.FileProcessor(str(source), kind):
                    writer.add(copied(thing, numbers, copy))


def copied(thing: Any, numbers: dict[str, Numbers], copy: int) -> Any:
    """Give an object's copy, with its own id, place and parts."""
    own = numbers[thing.type_str()].of(thing.id, copy)
    if thing.is_node():
        return thing.replace(id=own, location=(thing.location.lon + copy * SHIFT_DEG, thing.location.lat))
    if thing.is_way():
        return thing.replace(id=own, nodes=[numbers["n"].of(node.ref, copy) for node in thing.nodes])
    return thing.replace(id=own, members=[(m.type, numbers[m.type].of(m.ref, copy), m.role) for m in thing.members])


def main() -> None:
    """Make the file that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--copies", type=int, default=6)
    options = parser.parse_args()
    make_province(options.source, options.out, options.copies)
    print(f"{options.out}: {options.copies} times {options.source.name}, {options.out.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
