"""What the drawer of the what-if shows beside the engine's numbers: words, and names of roads and communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.outputs.packed_shapes import STREET_TOLERANCE_DEG, encode_lines, encode_polygons
from circle15.outputs.tiles import draws_in_gcj02
from circle15.outputs.whatif_words import whatif_words

if TYPE_CHECKING:
    from circle15.outputs.result import DistrictResult


def drawer_data(result: DistrictResult) -> dict[str, Any]:
    """Give what the drawer's scripts read, JSON-ready; ``result`` as it is drawn."""
    return {
        "words": whatif_words(result.lang),
        "config_file": result.config_file,
        "is_shifted": draws_in_gcj02(result),
        "roads": _roads(result),
        "communities": _communities(result),
    }


def _roads(result: DistrictResult) -> dict[str, Any] | None:
    if result.roads is None:
        return None
    parts, owner = shapely.get_parts(result.roads.geometry.to_numpy(), return_index=True)
    lines = shapely.simplify(parts, STREET_TOLERANCE_DEG)
    return {
        "names": result.roads["name"].tolist(),
        "name_of_line": np.asarray(owner).tolist(),
        "lines": encode_lines(lines),
    }


def _communities(result: DistrictResult) -> dict[str, Any] | None:
    if result.communities is None:
        return None
    shapes = encode_polygons(result.communities.geometry.to_numpy())
    return {"names": result.communities["unit_name"].astype(str).tolist(), "shapes": shapes}
