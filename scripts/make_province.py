"""Make a province of one extract: the extract several times side by side, each time with ids and places of its own.

    python scripts/make_province.py multicity15.osm.pbf province.osm.pbf [--copies 6]

Each copy lies `SHIFT_DEG` east of the one before, at the same latitudes, so that streets are as long. Fifteen cities
six times are 90 districts in some 150 MB; `bench_batch.py --province` runs them. Takes about a minute a copy.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import osmium

if TYPE_CHECKING:
    from osmium.osm import Node, Relation, Way

SHIFT_DEG = 0.9
"""East of the copy before: more than the widest city, and none of the fifteen meets a copy of another."""
ID_STEP = 1 << 36
"""Above every id of OpenStreetMap, so that copies stay sorted one after another."""


def make_province(source: Path, out: Path, copies: int) -> None:
    """Write ``copies`` of ``source``: nodes first, then ways, then relations, each kind sorted by id."""
    with osmium.SimpleWriter(str(out), overwrite=True) as writer:
        for copy in range(copies):
            for node in osmium.FileProcessor(str(source), osmium.osm.NODE):
                writer.add_node(_node(node, copy))
        for copy in range(copies):
            for way in osmium.FileProcessor(str(source), osmium.osm.WAY):
                writer.add_way(_way(way, copy))
        for copy in range(copies):
            for relation in osmium.FileProcessor(str(source), osmium.osm.RELATION):
                writer.add_relation(_relation(relation, copy))


def _node(node: Node, copy: int) -> object:
    place = (node.location.lon + copy * SHIFT_DEG, node.location.lat)
    return node.replace(id=node.id + copy * ID_STEP, location=place)


def _way(way: Way, copy: int) -> object:
    return way.replace(id=way.id + copy * ID_STEP, nodes=[node.ref + copy * ID_STEP for node in way.nodes])


def _relation(relation: Relation, copy: int) -> object:
    members = [(m.type, m.ref + copy * ID_STEP, m.role) for m in relation.members]
    return relation.replace(id=relation.id + copy * ID_STEP, members=members)


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
