"""The order of rows in tables of units and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from circle15.pipeline.study.study import Study


def by_unit_then_layer(frames: list[pd.DataFrame], study: Study) -> pd.DataFrame:
    """Interleave the layers' tables, all of one row order, so that a unit's rows stand together."""
    if not frames:
        return pd.DataFrame()
    kept = [study.once_per_unit(f) for f in frames]
    joined = pd.concat([f.assign(_unit=np.arange(len(f)), _layer=i) for i, f in enumerate(kept)])
    return joined.sort_values(["_unit", "_layer"]).drop(columns=["_unit", "_layer"]).reset_index(drop=True)
