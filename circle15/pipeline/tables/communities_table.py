"""communities.csv: coverage of every community, and of each street's people in none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.measures.coverage import coverage, sum_by_unit
from circle15.measures.gaps import open_gap
from circle15.pipeline.tables.coverage_tables import gap_unit
from circle15.pipeline.tables.off_network import cells_off, off_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

    IntArray = npt.NDArray[np.int64]


def communities_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give communities.csv: coverage and gap per community and layer; each street's people in none have rows as well.

    A street is the sum of its rows.
    """
    second = study.second
    if second is None:
        return pd.DataFrame()
    n = len(second.units)
    inside = second.unit >= 0
    frames = []
    for service in services:
        people = second.groups[service.layer.group].to_numpy(np.float64)[inside]
        piece, unit = second.piece[inside], second.unit[inside]
        covered = service.covered[piece]
        found = coverage(covered, people, unit, n)
        off = cells_off(study, service.layer.profile).of_pieces(study.cells.cell_of_piece[piece])
        told = off_columns(off, covered, people, unit, n, share="covered_share_on_network")
        rule = service.need_rule
        gap = (
            np.where(covered, 0.0, people)
            if rule is None
            else open_gap(service.access[piece], people, rule.need(second.groups.iloc[np.flatnonzero(inside)]))
        )
        frames.append(
            pd.DataFrame(second.units[["parent_id", "unit_id", "unit_name"]]).assign(
                layer=service.layer.id,
                threshold_min=service.threshold_s / 60,
                threshold_m=study.config.threshold_m(service.layer),
                group=service.layer.group,
                people=found.people[:-1],
                covered_people=found.covered_people[:-1],
                covered_share=found.covered_share[:-1],
                **{name: values[:-1] for name, values in told.items()},
                gap=sum_by_unit(gap, unit, n)[:-1],
                gap_unit=np.full(n, gap_unit(service), object),
                _unit=np.arange(n),
            )
        )
    joined = pd.concat(frames, ignore_index=True).sort_values("_unit", kind="stable")
    lived_in = np.zeros(n, dtype=np.bool_)
    lived_in[np.unique(second.unit[inside & (second.groups["all"].to_numpy(np.float64) > 0)])] = True
    shown = lived_in | ~second.units["is_rest"].to_numpy(np.bool_)
    rows = np.flatnonzero(shown[joined["_unit"].to_numpy()])
    return joined.iloc[rows].drop(columns="_unit").reset_index(drop=True)
