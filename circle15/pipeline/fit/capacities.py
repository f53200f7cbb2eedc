"""What a planner must know of the capacities that facilities state: which are counted, and where too few state one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.measures.gaps import usable_supply
from circle15.outputs.text import share_text
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.config.layer import LayerTable
    from circle15.pipeline.study.study import Study


def capacity_warnings(study: Study) -> list[Said]:
    """Say which services have facilities without a capacity, and what that makes of them."""
    capacity = study.facilities["capacity"].to_numpy(np.float64)
    found = []
    for layer in study.config.layers:
        own = capacity[study.rows_of(layer.id)]
        supply, without = usable_supply(own, least_share=layer.least_capacity_share)
        n, of, is_count_only = int(without.sum()), len(own), supply is None
        if is_count_only and n < of:
            found.append(_too_few(layer, of - n, of))
        elif n and not is_count_only:
            found.append(
                Said(
                    f"{layer.name}: {of} 处设施中有 {n} 处无容量，按 0 计",
                    f"{layer.name}: {n} of {of} facilities state no capacity and count as 0",
                )
            )
        elif is_count_only and layer.norm_per_1000 is not None:
            found.append(
                Said(f"{layer.name}: 设施无容量，只计处数", f"{layer.name}: no facility states a capacity; count only")
            )
    return found


def _too_few(layer: LayerTable, stated: int, of: int) -> Said:
    least, has_norm = share_text(layer.least_capacity_share), layer.norm_per_1000 is not None
    return Said(
        f"{layer.name}：{of} 处设施中仅 {stated} 处写明容量，不足 {least}（least_capacity_share），不以容量计算，"
        f"只计处数{'，因此没有需求和缺口' if has_norm else ''}",
        f"{layer.name}: only {stated} of {of} facilities state a capacity, less than {least} (least_capacity_share);"
        f" facilities are counted instead{', so there is no need and no gap' if has_norm else ''}",
    )
