"""The config's [network] and [walk] tables to a walking network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circle15.network.build import read_network
from circle15.network.walking.profiles import WalkProfile

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.network.graph import WalkNetwork


def profiles_of(config: Config) -> tuple[WalkProfile, ...]:
    """Give the config's walking profiles."""
    return tuple(WalkProfile(name=name, **table.profile_values()) for name, table in config.walk.items())


def read_streets(config: Config, area: Any) -> WalkNetwork:
    """Read the config's streets within ``area``, walked as its profiles walk.

    Raises
    ------
    InputError
        If a file cannot be used, or there is no walkable street in the area.
    """
    table = config.network
    return read_network(
        config.resolve(table.source),
        area=area,
        profiles=profiles_of(config),
        island_m=table.island_m,
        node_crossings=table.node_crossings,
        elevation=None if table.elevation is None else config.resolve(table.elevation),
        elevation_smooth_m=table.elevation_smooth_m,
        lines=[config.resolve(name) for name in table.lines],
        hard_borders=True,
    )


def street_inputs(config: Config) -> dict[str, Path]:
    """Give the files that the streets come from, as the config names them."""
    table = config.network
    names = [table.source, *([] if table.elevation is None else [table.elevation]), *table.lines]
    return {name: config.resolve(name) for name in names}
