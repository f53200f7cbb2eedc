"""What a walking network's arrays must be like, and what is wrong with those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.network.checked_arrays import value_problems
from circle15.units import MAX_MS, MS_PER_SECOND, UNREACHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.errors import Problem
    from circle15.network.walking.profiles import WalkProfile

_INDEX_LIMIT = 2**31 - 1
_MAX_LON, _MAX_LAT = 180.0, 90.0


def network_problems(arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str]) -> list[Problem | str]:
    """Say what is wrong with a network's arrays, and with the names of its profiles."""
    n_nodes, n_edges = len(arrays["node_lon"]), len(arrays["tail"])
    shapes = {
        "node_lon": (n_nodes,),
        "node_lat": (n_nodes,),
        "tail": (n_edges,),
        "head": (n_edges,),
        "length_m": (n_edges,),
        "walk_ms": (len(names), 2, n_edges),
        "is_island": (n_edges,),
        "way_id": (n_edges,),
        "is_span": (n_edges,),
        "is_street": (n_edges,),
        "depth": (n_nodes,),
        "links": (arrays["links"].size // 2, 2),
    }
    if len(arrays["component"]):
        shapes["component"] = (n_nodes,)
    found: list[Problem | str] = [*shape_problems(arrays, shapes)]
    if not names:
        found.append("a network needs at least one walking profile")
    found += [f"two profiles are named {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
    # Directed arcs are counted with signed 32 bits in the core: two per edge.
    for what, n, limit in (("nodes", n_nodes, _INDEX_LIMIT), ("edges", n_edges, _INDEX_LIMIT // 2)):
        if n > limit:
            found.append(f"{n} {what}: at most {limit} are supported")
    if found:
        return found
    found += degree_problems("node_lon", arrays["node_lon"], "node_lat", arrays["node_lat"])
    for name in ("tail", "head"):
        nodes = arrays[name]
        found += value_problems(name, nodes, (nodes >= 0) & (nodes < n_nodes), f"0 to {n_nodes - 1}")
    if ((arrays["links"] < 0) | (arrays["links"] >= n_nodes)).any():
        found.append(f"links has a node that is not 0 to {n_nodes - 1}")
    ok = (arrays["length_m"] >= 0) & np.isfinite(arrays["length_m"])
    found += value_problems("length_m", arrays["length_m"], ok, "finite and not negative")
    ok = (arrays["walk_ms"] <= MAX_MS) | (arrays["walk_ms"] == UNREACHED)
    return found + value_problems("walk_ms", arrays["walk_ms"], ok, f"0 to {MAX_MS}, or UNREACHED")


def shape_problems(arrays: Mapping[str, npt.NDArray[Any]], shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Say which arrays have another shape than theirs."""
    return [
        f"{name} has shape {arrays[name].shape}, not {shape}"
        for name, shape in shapes.items()
        if arrays[name].shape != shape
    ]


def degree_problems(
    lon_name: str, lon: npt.NDArray[np.float64], lat_name: str, lat: npt.NDArray[np.float64]
) -> list[str]:
    """Say which longitudes and latitudes are none."""
    return [
        *value_problems(lon_name, lon, np.abs(lon) <= _MAX_LON, "-180 to 180 degrees"),
        *value_problems(lat_name, lat, np.abs(lat) <= _MAX_LAT, "-90 to 90 degrees"),
    ]


def length_problems(lengths: npt.NDArray[np.float64], profiles: tuple[WalkProfile, ...]) -> list[str]:
    """Say which lengths are negative, or take the slowest profile longer than the core can count."""
    slowest = min((profile.speed_m_s for profile in profiles), default=1.0)
    longest = MAX_MS * slowest / MS_PER_SECOND
    ok = (lengths >= 0) & (lengths <= longest)
    return value_problems("length_m", lengths, ok, f"0 to {longest:.0f} metres")
