"""Layers called by their names: wherever a config names one, 托育 will do for nursery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_LAYER = (("planning", "new_capacity"), ("programme", "budget"), ("programme", "weights"),
             ("certainty", "position_m"), ("portrait", "layers"))  # fmt: skip
"""Tables and their keys whose own keys are layers."""


def ids_by_name(layers: Any) -> dict[str, str]:
    """Give the id of every layer of a raw config by its name; a name that is an id, or that several bear, is none."""
    rows = [row for row in layers if isinstance(row, dict)] if isinstance(layers, list | tuple) else []
    pairs = [(row.get("name"), row.get("id")) for row in rows]
    ids = [layer for _, layer in pairs]  # an id of another kind is told later
    names = [name for name, _ in pairs]
    return {
        name: layer
        for name, layer in pairs
        if isinstance(name, str) and isinstance(layer, str) and name not in ids and names.count(name) == 1
    }


def with_layer_ids(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give a raw config in which layers are called by their ids, whatever it calls them; nothing else changes."""
    found = dict(raw)
    ids = ids_by_name(found.get("layer", found.get("layers")))
    if not ids:
        return found
    for table, key in _BY_LAYER:
        own = found.get(table)
        if isinstance(own, dict) and isinstance(own.get(key), dict):
            found[table] = {**own, key: _renamed(own[key], ids)}
    if isinstance(found.get("programme"), dict) and isinstance(found["programme"].get("goals"), list | tuple):
        goals = [_of_layer(goal, ids) for goal in found["programme"]["goals"]]
        found["programme"] = {**found["programme"], "goals": goals}
    for key in ("change", "changes"):
        if isinstance(found.get(key), list | tuple):
            found[key] = [_of_layer(change, ids) for change in found[key]]
    return found


def _renamed(given: dict[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Rename keys; one that stands there by its id too stays, and is told of as what it is."""
    return {(ids[k] if k in ids and ids[k] not in given else k): v for k, v in given.items()}


def _of_layer(row: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(row, dict) and isinstance(row.get("layer"), str):
        return {**row, "layer": ids.get(row["layer"], row["layer"])}
    return row
