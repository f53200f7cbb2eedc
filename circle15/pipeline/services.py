"""The facilities of all layers: read from tags or tables, cut to the study area, with their entrances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.errors import InputError, Problem
from circle15.inputs.cells import COORDINATE_DECIMALS
from circle15.inputs.osm import read_features

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.config import Config
    from circle15.network.graph import WalkNetwork

OSM_PREFIX = "osm:"


@dataclass(frozen=True, slots=True)
class Services:
    """Facilities of every layer within the study area."""

    facilities: gpd.GeoDataFrame
    entrances: pd.DataFrame
    unusable: tuple[tuple[Any, ...], ...] = ()  # rows of unlinked.csv
    warnings: tuple[str, ...] = ()
    attributions: tuple[str, ...] = ()
    counts: dict[str, Any] = field(default_factory=dict)  # per layer
    inputs: dict[str, Path] = field(default_factory=dict)


def read_services(config: Config, network: WalkNetwork, area: Any) -> Services:
    """Read every layer's facilities, those within ``area`` (district and buffer, degrees WGS-84).

    Raises
    ------
    InputError
        Naming every layer whose file is missing or malformed, or that has no facility and does not allow for it.
    """
    filters = {l.id: l.source.removeprefix(OSM_PREFIX) for l in config.layers if l.source.startswith(OSM_PREFIX)}
    features = read_features(config.resolve(config.network.source), filters, area=area, lang=config.district.lang)
    problems = [
        Problem(
            "no facility in the district or its buffer; mend the source, or allow_empty = true if there really is none",
            file=str(config.path), key=f"layer.{layer.id}.source", value=layer.source,
        )
        for layer in config.layers
        if not (features["layer"] == layer.id).any() and not layer.allow_empty
    ]  # fmt: skip
    InputError.gather(problems)
    spot = shapely.point_on_surface(features.geometry.to_numpy())
    facilities = gpd.GeoDataFrame(
        {
            "facility_id": features["layer"] + "-" + features["osm_id"],
            "layer": features["layer"],
            "name": features["name"],
            "lon": shapely.get_x(spot).round(COORDINATE_DECIMALS),
            "lat": shapely.get_y(spot).round(COORDINATE_DECIMALS),
            "capacity": features["capacity"],
            "used": np.nan,
            "quality": "",
            "source": "osm:" + features["osm_id"],
        },
        geometry=features.geometry.to_numpy(),
        crs="EPSG:4326",
    )
    entrances = facilities[["facility_id", "layer", "lon", "lat"]].copy()
    return Services(
        facilities,
        pd.DataFrame(entrances),
        attributions=("© OpenStreetMap contributors (ODbL 1.0)",),
        counts={i: int((facilities["layer"] == i).sum()) for i in filters},
    )
