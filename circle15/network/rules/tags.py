"""Combinations of tags that walking costs depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.rules.passage_table import passage_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.inputs.osm.columns import TagColumn


OWN_KEYS = (
    "highway", "area", "surface", "smoothness", "incline", "wheelchair", "width", "bridge", "tunnel", "conveying",
    "step:height", "layer", "level", "covered", "indoor", "location",
)  # fmt: skip
TRAIT_KEYS = (*OWN_KEYS, *(k for k in passage_keys("way") if k not in OWN_KEYS))
"""Keys of ways that costs depend on."""
_MAX_CODE = 2**62

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


def combine_tags(tags: Mapping[str, TagColumn], keys: Sequence[str], n: int) -> tuple[Int64, list[dict[str, str]]]:
    """Give each combination of tags that occurs a number.

    Returns
    -------
    number
        int64 (n_objects,).
    combinations
        The tags of each number.
    """
    combined, n_codes = np.zeros(n, np.int64), 1
    for key in keys:
        column = tags[key]
        n_codes *= len(column.values) + 1
        if n_codes > _MAX_CODE:
            seen, combined = np.unique(combined, return_inverse=True)
            n_codes = len(seen) * (len(column.values) + 1)
        combined = combined * (len(column.values) + 1) + column.codes + 1
    _, example, number = np.unique(combined, return_index=True, return_inverse=True)
    found = [{k: tags[k].values[tags[k].codes[i]] for k in keys if tags[k].codes[i] >= 0} for i in example.tolist()]
    return number.astype(np.int64), found
