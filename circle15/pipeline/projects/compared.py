"""projects.csv: what each planned project adds, and which duplicate each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.pipeline.study.parcels import Parcels, new_capacity, read_parcels
from circle15.planning.overlap import compare_projects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

from circle15.pipeline.projects.gains import demand_of, gains_in_order, reach_of
from circle15.pipeline.projects.ranked import places_frame

PROJECT_COLUMNS = (
    "order", "layer", "name", "cell", "lon", "lat", "unit_id", "capacity", "cost",
    "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled", "people_per_cost",
    "overlaps_with", "overlap_people", "overlap_share", "is_duplicate", "gini_before", "gini_after", "group",
    "capacity_from", "road", "community",
)  # fmt: skip


def projects_table(study: Study, services: Sequence[Service], *, threads: int | None = None) -> pd.DataFrame:
    """Give projects.csv: what each of the config's planned projects adds in the list's order and alone.

    Each layer's projects are taken in the order of the table; see `planning.overlap` for duplicates and the Gini.
    """
    name = study.config.planning.projects
    if name is None:
        return pd.DataFrame(columns=list(PROJECT_COLUMNS))
    listed = read_parcels(study, name)
    frames = [_projects_of(study, s, listed.of_layer(s.layer.id), threads) for s in services]
    return pd.concat(frames, ignore_index=True)[list(PROJECT_COLUMNS)]


def _projects_of(study: Study, service: Service, places: Parcels, threads: int | None) -> pd.DataFrame:
    at = places.linked(study, service.layer.profile)  # one that is on no street is listed and adds nobody
    capacity = new_capacity(study, service.layer, places.capacity)
    pieces = study.linked_cells(service.layer.profile).take(study.cells.cell_of_piece)
    found = compare_projects(
        reach_of(study, service, pieces, at, threads=threads),
        service.people,
        service.count,
        study.unit_of_piece,
        study.n_units,
        min_count=service.layer.min_count,
    )
    gains = gains_in_order(study, service, at, capacity, demand_of(study, service), threads=threads)
    order = np.arange(1, len(places) + 1)
    labels = np.array([n or str(i) for n, i in zip(places.name, order, strict=True)] + [""], dtype=object)
    return places_frame(study, service.layer, places, capacity).assign(
        order=order,
        layer=service.layer.id,
        group=service.layer.group,
        newly_covered_people=found.newly_covered_people,
        alone_covered_people=found.alone_covered_people,
        gap_filled=gains["gap_filled"],
        places_filled=gains["places_filled"],
        people_per_cost=found.newly_covered_people / places.cost,
        overlaps_with=labels[found.partner],
        overlap_people=found.shared_people,
        overlap_share=found.shared_share,
        is_duplicate=found.is_duplicate,
        gini_before=found.gini_before,
        gini_after=found.gini_after,
    )
