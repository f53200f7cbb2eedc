"""The area around one place, asked by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.errors import ConfigError, InputError, Problem
from circle15.pipeline.study.off_reasons import off_reasons, start_notes
from circle15.pipeline.study.read_study import network_around
from circle15.reach.isochrone import isochrones
from circle15.said import Said

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.config.model import Config


def draw_isochrone(
    config: Config, *, lon: float, lat: float, minutes: tuple[float, ...], profile: str | None = None
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Draw the area within ``minutes`` of one place, as `circle15.isochrones` does.

    Returns
    -------
    tuple
        The areas, and what must be known of them: where the walk starts on another street than the nearest, or on one
        that hangs together with few others, and cutoffs within which no street is reached.

    Raises
    ------
    InputError
        If no street within the distance that the config allows can be walked from the place; it says why.
    """
    name = profile or next(iter(config.walk))
    if name not in config.walk:
        raise ConfigError(
            Problem(
                Said(
                    f"没有这种步行者；配置中有 {', '.join(config.walk)}",
                    f"no such profile; the config has {', '.join(config.walk)}",
                ),
                value=name,
            )
        )
    at = network_around(config, lon, lat, max(minutes), name)
    if at.edge[0] < 0:
        place, limit = (np.array([lon]), np.array([lat])), config.network.max_access_m
        why = off_reasons(at, *place, limit, name).text(0, limit)
        message = Said(f"{lon},{lat}：{why.zh}", f"{why.en} of {lon},{lat}")
        raise InputError(Problem(message, file=config.network.source))
    found = isochrones(at.network, at, profile=name, cutoffs_min=tuple(sorted(minutes)))
    speed = config.walk[name].speed_m_s
    return found, start_notes(at, [m for m in sorted(minutes) if m not in set(found["cutoff_min"])], speed)
