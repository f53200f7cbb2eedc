"""Plan a district's 15-minute public-service circle on its real walking network.

The public names are loaded on first use, so that `import circle15` and `circle15 --help` stay instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from circle15.batch import run_batch
    from circle15.config import Config, load_config
    from circle15.errors import Circle15Error
    from circle15.measures.catchment import two_step_fca
    from circle15.network.build import read_network
    from circle15.network.graph import WalkNetwork
    from circle15.network.link import Linkage, link, link_nodes
    from circle15.network.walking import WalkProfile
    from circle15.pipeline import run_district
    from circle15.reach.isochrone import isochrones
    from circle15.reach.search import nearest, reach_summary, travel_times

__version__ = "0.1.0"

_HOME = {
    "Circle15Error": "errors",
    "Config": "config",
    "Linkage": "network.link",
    "WalkNetwork": "network.graph",
    "WalkProfile": "network.walking",
    "isochrones": "reach.isochrone",
    "link": "network.link",
    "link_nodes": "network.link",
    "load_config": "config",
    "nearest": "reach.search",
    "reach_summary": "reach.search",
    "read_network": "network.build",
    "run_batch": "batch",
    "run_district": "pipeline",
    "travel_times": "reach.search",
    "two_step_fca": "measures.catchment",
}

__all__ = [
    "Circle15Error",
    "Config",
    "Linkage",
    "WalkNetwork",
    "WalkProfile",
    "isochrones",
    "link",
    "link_nodes",
    "load_config",
    "nearest",
    "reach_summary",
    "read_network",
    "run_batch",
    "run_district",
    "travel_times",
    "two_step_fca",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"circle15.{_HOME[name]}"), name)
    raise AttributeError(f"module 'circle15' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
