"""On which layer and level a way lies: what lies on different ones does not meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FLOOR_KEYS = ("layer", "level", "bridge", "tunnel")


def floor_of(tags: Mapping[str, str]) -> tuple[str, str]:
    """Give a way's layer and level; a bridge that says no layer is above the ground, a tunnel below it.

    Examples
    --------
    >>> floor_of({"highway": "footway", "bridge": "yes"}), floor_of({"highway": "corridor", "level": "2"})
    (('1', ''), ('0', '2'))
    """
    is_up, is_down = tags.get("bridge", "no") != "no", tags.get("tunnel", "no") not in {"no", "building_passage"}
    return tags.get("layer", "1" if is_up else "-1" if is_down else "0"), tags.get("level", "")
