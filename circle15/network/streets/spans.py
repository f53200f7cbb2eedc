"""Bridges and tunnels: one steps on and off them at their ends, so no place is linked to them in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.streets.components import find_components

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.network.streets.segments import Segments

SHORT_SPAN_M = 30.0
"""A bridge or tunnel that is no longer than this from one end to the other is like the street before it.

Over ditches, canals and driveways houses stand at the railing; who is linked to the middle gains 15 m at most.
"""

AT_GRADE = {
    "bridge": frozenset({"no", "boardwalk", "low_water_crossing"}),
    "tunnel": frozenset({"no", "building_passage", "covered", "avalanche_protector", "culvert"}),
}
"""Values of the tags whose street lies on the ground: planks over a marsh, a passage through a house, a gallery, an
arcade, and a culvert, which carries the water below the street."""

_ENCLOSED = (("covered", ("yes", "booth")), ("indoor", ("yes", "corridor")), ("highway", ("corridor",)))

Bool = npt.NDArray[np.bool_]


def leaves_ground(tags: Mapping[str, str]) -> bool:
    """Tell whether a street is up on a bridge or down in a tunnel.

    A bridge that says ``layer=0`` or less crosses something sunken, on the level of the houses, and a tunnel that says
    ``layer=0`` or more is a gallery at their level unless it is up in the air. Covered ways, corridors and ways inside
    are off the ground where they state a layer other than 0: underground malls and skywalks.

    Examples
    --------
    >>> leaves_ground({"bridge": "yes"}), leaves_ground({"tunnel": "building_passage"})
    (True, False)
    """
    layer = _layer(tags.get("layer"))
    if tags.get("location") == "underground":
        return True
    if tags.get("bridge", "no") not in AT_GRADE["bridge"]:
        return layer is None or layer > 0
    if tags.get("tunnel", "no") not in AT_GRADE["tunnel"]:
        return layer is None or layer != 0
    return bool(layer) and any(tags.get(key) in values for key, values in _ENCLOSED)


def find_spans(s: Segments, off_ground: Bool) -> Bool:
    """Give the segments that can be entered at their ends alone, bool (n_segments,).

    A span runs on over nodes where only bridges (or tunnels) meet, and ends where a street on the ground joins it, such
    as the stairs of a footbridge. Spans of at most `SHORT_SPAN_M` are like streets.

    Parameters
    ----------
    s
        The streets.
    off_ground
        bool (n_segments,): `leaves_ground` of each segment's tags.
    """
    up = np.flatnonzero(off_ground)
    found = np.zeros(len(s.tail), dtype=np.bool_)
    if not len(up):
        return found
    n_nodes = len(s.node_lon)
    is_end = np.zeros(n_nodes, dtype=np.bool_)
    is_end[s.tail[~off_ground]] = is_end[s.head[~off_ground]] = True
    # At an end each piece has a node of its own, so that spans which meet there are told apart.
    own = n_nodes + np.arange(len(up))
    ends = [np.where(is_end[e[up]], own + k * len(up), e[up]) for k, e in enumerate((s.tail, s.head))]
    span = find_components(n_nodes + 2 * len(up), *ends)[ends[0]]
    found[up] = np.bincount(span, weights=s.length_m[up])[span] > SHORT_SPAN_M
    return found


def _layer(text: str | None) -> int | None:
    try:
        return None if text is None else int(float(text))
    except (ValueError, OverflowError):
        return None
