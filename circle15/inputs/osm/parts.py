"""A large OSM file's streets cut to many boxes in one pass, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.inputs.osm.columns import WAY, OsmColumns, node_columns, osm_text, runs_of, way_columns
from circle15.inputs.osm.features import STREET_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Float64 = npt.NDArray[np.float64]


def cut_streets_text(
    path: Path,
    boxes: Float64,
    folder: Path,
    *,
    way_keys: Sequence[str],
    node_keys: Sequence[str],
    look: Callable[[OsmColumns], None],
) -> list[Path]:
    """Write for each box the ways that `read_ways` would take and whose own box meets it, and the nodes around them.

    Ways stay whole, and all tagged nodes within the box around a box's ways are kept, so that each part reads as the
    whole file does, as far as its ways go. Ways and nodes keep their order. Memory holds one block of text and, inside
    libosmium, the places of the file's nodes (16 bytes each).

    Parameters
    ----------
    path
        OSM file.
    boxes
        float64 (n, 4): west, south, east, north, degrees WGS-84.
    folder
        Folder to write to.
    way_keys, node_keys
        Keys whose values ``look`` sees.
    look
        Shown all tagged nodes and ways of the file, a block of either at a time, in their order.

    Returns
    -------
    list of Path
        (n,) texts for `read_ways`.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not OSM data.
    """
    texts = [folder / f"{i}.opl" for i in range(len(boxes))]
    for text in texts:
        text.touch()
    around = np.tile([np.inf, np.inf, -np.inf, -np.inf], (len(boxes), 1))
    with osm_text(path, STREET_KEYS) as whole:
        for kind, lines in runs_of(whole):
            if kind != WAY:
                look(node_columns(lines, node_keys))
            else:
                ways = way_columns(lines, way_keys)
                look(ways)
                own = _boxes_of(ways)
                single = lines.splitlines(keepends=True)
                for i, box in enumerate(boxes):
                    inside = np.flatnonzero((own[:, :2] <= box[2:]).all(axis=1) & (own[:, 2:] >= box[:2]).all(axis=1))
                    if len(inside):
                        _append(texts[i], [single[k] for k in inside])
                        around[i, :2] = np.minimum(around[i, :2], own[inside, :2].min(axis=0))
                        around[i, 2:] = np.maximum(around[i, 2:], own[inside, 2:].max(axis=0))
        for kind, lines in runs_of(whole):  # nodes come first in the text, but which are needed the ways tell
            if kind != WAY:
                nodes = node_columns(lines, ())
                place = np.column_stack([nodes.node_lon, nodes.node_lat])
                single = lines.splitlines(keepends=True)
                for i, box in enumerate(around):
                    inside = np.flatnonzero((place >= box[:2]).all(axis=1) & (place <= box[2:]).all(axis=1))
                    if len(inside):
                        _append(texts[i], [single[k] for k in inside])
    return texts


def _append(text: Path, lines: list[bytes]) -> None:
    """Add lines; a file that stayed open for each of a country's districts would be more than a process may have."""
    with text.open("ab") as file:
        file.writelines(lines)


def _boxes_of(ways: OsmColumns) -> Float64:
    """Give the box of each way's located nodes, (n_ways, 4), NaN where there is none."""
    found = np.full((len(ways.way_id), 4), np.nan)
    rows = np.flatnonzero(np.diff(ways.indptr))
    first = ways.indptr[rows]
    if len(first):
        for column, (extreme, values) in enumerate(
            ((np.fmin, ways.lon), (np.fmin, ways.lat), (np.fmax, ways.lon), (np.fmax, ways.lat))
        ):
            found[rows, column] = extreme.reduceat(values, first)
    return found
