"""Streets that one may walk along in one direction alone: ``oneway:foot``, ``foot:forward``, ``foot:backward``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.inputs.osm.columns import TagColumn
from circle15.network.rules.walking_table import may_walk

if TYPE_CHECKING:
    from collections.abc import Mapping

DIRECTION_KEYS = ("oneway:foot", "foot:forward", "foot:backward")
ONE_WAY = "foot:only"
"""Key of the trait that says so: ``forward`` or ``backward``, as the way was drawn."""

_OPEN = frozenset({"yes", "designated", "permissive"})
_CLOSED = frozenset({"no", "private"})
_WAYS = ("forward", "backward")


def one_way(tags: Mapping[str, str]) -> str | None:
    """Give the only direction in which one may walk along a way, None where both are open or both closed.

    Examples
    --------
    >>> one_way({"highway": "footway", "oneway:foot": "yes"})
    'forward'
    >>> one_way({"highway": "service", "access": "no", "foot:backward": "yes"})
    'backward'
    """
    without = may_walk({k: v for k, v in tags.items() if k not in DIRECTION_KEYS})[0]
    given = [tags.get(key) for key in DIRECTION_KEYS[1:]]
    is_open = [True if v in _OPEN else False if v in _CLOSED else without for v in given]
    closes = {"yes": 1, "1": 1, "true": 1, "-1": 0, "reverse": 0}.get(tags.get("oneway:foot", ""))
    if closes is not None and is_open[1 - closes]:
        is_open[closes] = False
    return _WAYS[is_open.index(True)] if sum(is_open) == 1 else None


def one_way_column(columns: Mapping[str, TagColumn], n_ways: int) -> TagColumn:
    """Give each way's only direction as a column of tags."""
    codes = np.full(n_ways, -1, np.int32)
    known = [columns[key].codes >= 0 for key in DIRECTION_KEYS if key in columns]
    for row in np.flatnonzero(np.any(known, axis=0)).tolist() if known else ():
        only = one_way({key: c.values[c.codes[row]] for key, c in columns.items() if c.codes[row] >= 0})
        codes[row] = -1 if only is None else _WAYS.index(only)
    return TagColumn(codes, _WAYS)
