"""coverage_measures.csv: coverage by minutes, by metres and by straight line, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import coverage, covered_cells
from circle15.network.graph import METRES, metres_network
from circle15.network.linking.linkage import Linkage
from circle15.pipeline.tables.rows import by_unit_then_layer
from circle15.planning.straight_line import straight_to_kth
from circle15.reach.kth import seconds_to_kth

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from circle15.network.graph import WalkNetwork
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

STANDARD_METRES = (300.0, 500.0, 1000.0)
"""Service radii of GB 50180-2018 for the 5-, 10- and 15-minute circles."""

COLUMNS = (
    "unit_id", "unit_name", "layer", "measure", "threshold_min", "threshold_m", "group", "people", "covered_people",
    "covered_share",
)  # fmt: skip

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distances:
    """How far each piece of a cell is from a layer's min_count-th nearest facility."""

    walked_m: FloatArray  # (n_pieces,) along the streets; NaN where none is within the longest of STANDARD_METRES
    straight_m: FloatArray  # (n_pieces,) as the crow flies; infinite where there are too few facilities


def coverage_measures_table(study: Study, services: Sequence[Service], *, threads: int | None = None) -> pd.DataFrame:
    """Give coverage_measures.csv: a row per unit, layer, measure and threshold.

    ``minutes`` is coverage.csv's own measure, with all that the profile pays; ``metres`` are street metres for anyone,
    access legs included; ``straight_line`` is the circle on the map, which never covers fewer people than either.
    """
    bare = metres_network(study.network)
    frames = [f for s in services for f in _layer_frames(study, s, distances(study, s, bare, threads=threads))]
    return by_unit_then_layer(frames, study)[list(COLUMNS)]


def distances(study: Study, service: Service, bare: WalkNetwork, *, threads: int | None = None) -> Distances:
    """Measure a layer's distances from every piece, by the links that its walks use.

    Parameters
    ----------
    study, service
        The layer's service, measured.
    bare
        The study's network in metres (`metres_network`).
    threads
        Threads to search with.
    """
    layer = service.layer
    cells, (entrances, owner) = study.linked_cells(layer.profile), study.linked_entrances(layer)
    here, there = (_on(bare, at) for at in (cells, entrances))
    walked = seconds_to_kth(
        bare, here, there, owner, k=layer.min_count, profile=METRES, cutoff_s=max(STANDARD_METRES), threads=threads
    )
    doors = study.entrances[study.entrances["layer"] == layer.id]
    straight = straight_to_kth(
        study.cells.lon, study.cells.lat, doors["lon"].to_numpy(np.float64), doors["lat"].to_numpy(np.float64),
        facility=owner, k=layer.min_count,
    )  # fmt: skip
    piece = study.cells.cell_of_piece
    # A walk is never shorter than the straight line but by the rounding of its parts: then its own length holds.
    straight_m = np.fmin(np.fmin(straight, walked)[piece], service.seconds * _speed(study, service))
    return Distances(walked[piece], straight_m)


def _on(bare: WalkNetwork, at: Linkage) -> Linkage:
    """Give the same places on the network in metres."""
    return Linkage(bare, at.edge, at.fraction, at.access_m, at.skipped_island)


def _layer_frames(study: Study, service: Service, found: Distances) -> list[pd.DataFrame]:
    """Give one frame per measure and threshold, each with a row per unit."""
    layer = service.layer
    own_min, own_m = study.config.threshold_min(layer), study.config.threshold_m(layer)
    rows = [("minutes", own_min, own_m, service.covered)]
    rows += [("metres", np.nan, m, covered_cells(found.walked_m, m)) for m in STANDARD_METRES]
    rows += [("straight_line", own_min, own_m, covered_cells(found.straight_m, own_m))]
    rows += [("straight_line", np.nan, m, covered_cells(found.straight_m, m)) for m in STANDARD_METRES]
    frames = []
    for measure, minutes, metres, covered in rows:
        people = coverage(covered, service.people, study.unit_of_piece, study.n_units)
        frames.append(
            study.unit_names().assign(
                layer=layer.id,
                measure=measure,
                threshold_min=minutes,
                threshold_m=metres,
                group=layer.group,
                people=people.people,
                covered_people=people.covered_people,
                covered_share=people.covered_share,
            )
        )
    return frames


def _speed(study: Study, service: Service) -> float:
    return study.config.walk[service.layer.profile].speed_m_s
