"""New facilities on the study's network: candidates, reach and the ranking table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from circle15.measures.times import pair_rows
from circle15.pipeline.tabulate import unit_of_points
from circle15.planning.ranking import rank_candidates
from circle15.reach.search import travel_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.pipeline.service import Service
    from circle15.pipeline.study import Study

COLUMNS = (
    "rank", "layer", "cell", "lon", "lat", "unit_id",
    "newly_covered_people", "alone_covered_people", "gap_filled", "cumulative_people",
)  # fmt: skip


def rank_services(study: Study, services: Sequence[Service], *, top: int, threads: int | None = None) -> pd.DataFrame:
    """Give ranking.csv: per layer, the cells where one more facility would newly cover most people, best first.

    Candidates are the centres of the district's cells. A facility there pays its own access leg to the street, as a
    real one would, so that building it yields the very number that is printed.
    """
    frames = [_rank_one(study, service, top, threads) for service in services]
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def _rank_one(study: Study, service: Service, top: int, threads: int | None) -> pd.DataFrame:
    cells = study.cells
    n_cells = cells.n_cells
    uncovered = np.where(service.covered, 0.0, service.people)
    people = np.bincount(cells.cell_of_piece, weights=uncovered, minlength=n_cells).astype(np.float64)
    count = np.zeros(n_cells, dtype=np.int64)
    count[cells.cell_of_piece] = service.count
    at = study.linked_cells(service.layer.profile)
    unit = unit_of_points(cells.pieces, study.unit_of_piece, cells.lon, cells.lat)
    candidates = np.flatnonzero((unit >= 0) & (at.edge >= 0))
    demand = np.flatnonzero((people > 0) & (at.edge >= 0))
    table = travel_times(
        study.network, at.take(demand), at.take(candidates),
        profile=service.layer.profile, cutoff_s=service.threshold_s, threads=threads,
    )  # fmt: skip
    reach = csr_array(
        (np.ones(len(table.seconds), dtype=np.int8), (table.destination, pair_rows(table))),
        shape=(len(candidates), len(demand)),
    )
    found = rank_candidates(
        reach,
        people[demand],
        missing=service.layer.min_count - count[demand],
        top=top,
    )
    chosen = candidates[found.candidate]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(chosen) + 1),
            "layer": service.layer.id,
            "cell": cells.names[chosen],
            "lon": cells.lon[chosen],
            "lat": cells.lat[chosen],
            "unit_id": study.district.units["unit_id"].to_numpy(object)[unit[chosen]],
            "newly_covered_people": found.newly_covered_people,
            "alone_covered_people": found.alone_covered_people,
            "gap_filled": np.nan,
            "cumulative_people": found.cumulative_people,
        }
    )
