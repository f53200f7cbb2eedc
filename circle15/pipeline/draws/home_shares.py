"""What share is covered if everybody walks from the own home, beside one door for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import covered_cells, share, sum_by_unit
from circle15.network.linking.link import link
from circle15.reach.kth import seconds_to_kth

if TYPE_CHECKING:
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service


def homes_share(study: Study, service: Service, *, threads: int | None = None) -> npt.NDArray[np.float64]:
    """Give the share of each unit, the district last, with walks from every home; NaN where no source tells of homes.

    The people of a piece are shared out over its homes as the source has them; a piece without homes keeps its door.
    """
    homes, layer = study.people.homes, service.layer
    if homes is None or not len(homes.lon):
        return np.full(study.n_units + 1, np.nan)
    limit = study.config.network.max_access_m
    at = link(study.network, homes.lon, homes.lat, max_access_m=limit, profile=layer.profile)
    entrances, owner = study.linked_entrances(layer)
    seconds = seconds_to_kth(
        study.network, at, entrances, owner, k=layer.min_count, profile=layer.profile, cutoff_s=service.threshold_s,
        threads=threads,
    )  # fmt: skip
    covered = covered_cells(seconds, service.threshold_s)
    n = len(service.people)
    living, inside = (
        np.bincount(homes.piece, weights=weights, minlength=n)
        for weights in (homes.people, np.where(covered, homes.people, 0.0))
    )
    by_piece = np.divide(inside, living, out=service.covered.astype(np.float64), where=living > 0)
    people = sum_by_unit(service.people, study.unit_of_piece, study.n_units)
    return share(sum_by_unit(service.people * by_piece, study.unit_of_piece, study.n_units), people)
