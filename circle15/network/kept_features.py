"""What is read of an extract by tags, facilities and gates, kept by content: the same is not read twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.files.kept_results import arrays_to_shapes, kept_arrays, shapes_to_arrays
from circle15.inputs.osm.features import WGS84, Features, read_features
from circle15.network.cache import content_key
from circle15.network.extracts import read_wanted
from circle15.network.linking.entrances import read_gates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from circle15.files.kept_results import Arrays
    from circle15.inputs.osm.selection import Wanted

GATE_TAGS: Wanted = {"entrance": None, "barrier": None}
"""What `read_gates` looks for."""


def kept_features(
    source: Path, filters: Mapping[str, str], *, wanted: Wanted, area: Any = None, names_in: str = "zh"
) -> Features:
    """Give what `read_features` reads, from the cache where the same was read of a file of this content.

    Parameters
    ----------
    source, filters, area, names_in
        As `read_features` takes them.
    wanted
        Tags of the selection of ``source`` that may be read in its stead (`read_wanted`).
    """

    def read(path: Path) -> Arrays:
        return _features_to_arrays(read_features(path, filters, area=area, names_in=names_in))

    told = (json.dumps(list(filters.items())), None if area is None else shapely.to_wkb(area), names_in)
    return _arrays_to_features(_kept_reading("features", source, told, lambda: read_wanted(source, wanted, read)))


def kept_gates(source: Path) -> npt.NDArray[np.float64]:
    """Give what `read_gates` reads, from the cache where it was read of a file of this content."""
    read = _kept_reading("gates", source, (), lambda: {"gates": read_wanted(source, GATE_TAGS, read_gates)})
    return read["gates"]


def _kept_reading(stage: str, source: Path, told: tuple[Any, ...], make: Callable[[], Mapping[str, Any]]) -> Arrays:
    """Give what ``make`` reads of a file; of one that was replaced meanwhile it is not kept."""
    try:
        key = content_key(source)
    except OSError:  # whoever reads it says what is wrong
        return dict(make())
    return kept_arrays(stage, (key.name, *told), make, may_keep=lambda: key.is_still(source))


def _features_to_arrays(found: Features) -> Arrays:
    frame = found.frame
    plain = [(name, str(frame[name].dtype), frame[name].tolist()) for name in frame.columns.drop("geometry")]
    at = frame.columns.get_loc("geometry")
    told = json.dumps({"columns": plain, "geometry_at": at, "left_out": found.left_out})
    return {"told": np.frombuffer(told.encode(), np.uint8), **shapes_to_arrays(frame.geometry.to_numpy())}


def _arrays_to_features(arrays: Arrays) -> Features:
    told = json.loads(arrays["told"].tobytes())
    frame = pd.DataFrame({name: pd.Series(values, dtype=dtype) for name, dtype, values in told["columns"]})
    frame.insert(told["geometry_at"], "geometry", arrays_to_shapes(arrays))
    left_out = tuple((layer, osm_id, name) for layer, osm_id, name in told["left_out"])
    return Features(gpd.GeoDataFrame(frame, geometry="geometry", crs=WGS84), left_out)
