"""The config's [network] and [walk] tables to a walking network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circle15.network.build import read_network
from circle15.network.walking import WalkProfile

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config import Config
    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study import Study


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


def street_warnings(study: Study) -> list[str]:
    """Say which of the user's paths miss the streets, and how many links would have crossed a hard border."""
    words = study.words
    found = [
        words(
            f"自设路径 {end} 距最近道路 {miss_m:.1f} 米，未接入",
            f"own path {end} misses the nearest street by {miss_m:.1f} m and does not join it",
        )
        for end, miss_m in study.network.report.path_ends_missed
    ]
    profiles = sorted({layer.profile for layer in study.config.layers})
    cells = max(int(study.linked_cells(p).skipped_border.sum()) for p in profiles)
    facilities = int(study.facility_skipped_border().sum())
    if cells + facilities:
        counted = [(cells, "个网格", "cells"), (facilities, "处设施", "facilities")]
        zh = "、".join(f"{n} {what}" for n, what, _ in counted if n)
        en = " and ".join(f"{n} {what}" for n, _, what in counted if n)
        found.append(
            words(
                f"{zh}的最近道路隔着河流、铁路、快速路、围墙或自设边界，改接本侧最近道路",
                f"{en} stand nearest to a street behind a river, railway,"
                " expressway, wall or own border; they are linked to the nearest street on their side",
            )
        )
    return found
