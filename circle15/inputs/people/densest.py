"""How many people a piece of ground holds at most, by the densest places on record."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from circle15.said import Said

DENSEST_BLOCK = 33_000
"""People of the Kowloon Walled City on its 2.6 ha, by the government's survey of 1987: the densest block on record."""
DENSEST_QUARTER_PER_M2 = 0.42
"""People per square metre of Dharavi, Mumbai, by the highest estimate (1,000,000 on 2.39 km²): the densest quarter."""


def most_people(area_m2: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give the people above which no ground of ``area_m2`` is known to hold.

    A block's worth stands anywhere, however small the ground; on larger ground a quarter's density holds.
    """
    return np.maximum(DENSEST_BLOCK, DENSEST_QUARTER_PER_M2 * np.asarray(area_m2, dtype=np.float64))


def bound_text(area_m2: float) -> Said:
    """Say the bound for ground of ``area_m2`` with its source."""
    most = f"{float(most_people(area_m2)):,.0f}"
    if DENSEST_QUARTER_PER_M2 * area_m2 > DENSEST_BLOCK:
        return Said(
            f"同样大小的土地至多约 {most} 人（孟买达拉维，每平方公里约 42 万人，按最高估计）",
            f"ground of that size holds {most} at most (Dharavi, Mumbai, by the highest estimate: 420,000 per km²)",
        )
    return Said(
        f"有记录的最密街区也只有 {most} 人（九龙寨城，2.6 公顷，1987 年）",
        f"the densest block on record had {most} (Kowloon Walled City, 2.6 ha, 1987)",
    )
