"""access_measures.csv: other measures of access that a layer asks for, beside the catchment's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.measures.catchment import balanced_fca, cumulative_opportunities, gravity_opportunities
from circle15.measures.coverage import share, sum_by_unit
from circle15.measures.rational import rational_agent_cost
from circle15.pipeline.tables.coverage_tables import supply_unit
from circle15.pipeline.tables.rows import by_unit_then_layer
from circle15.reach.times import spread_to_pieces
from circle15.units import minutes_to_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

    FloatArray = npt.NDArray[np.float64]

SUMMED = ("balanced",)
"""Measures that add over cells; of the others a unit has the mean of its people."""


def access_of(service: Service, measure: str) -> FloatArray:
    """Give one measure of access for each piece of a cell, float64 (n_pieces,), NaN off the network.

    Everybody who competes for the supply takes part, beyond the border too; walks end at the layer's threshold.

    Parameters
    ----------
    service
        A layer, measured.
    measure
        "balanced" (BFCA), "raam", "cumulative" or "gravity".
    """
    layer, demand = service.layer, service.demand
    t, supply = demand.times, service.supply
    if measure == "balanced":
        # A cell where nobody lives is no population centre and takes no part of a facility's level of service.
        lived_in = np.flatnonzero(demand.people > 0)
        inhabited = spread_to_pieces(t, lived_in)
        found = np.zeros(len(demand.people))
        found[lived_in] = balanced_fca(inhabited, supply=supply, demand=demand.people[lived_in], decay=layer.decay)
    elif measure == "raam":
        tau_s = None if layer.raam_minutes is None else minutes_to_seconds(layer.raam_minutes)
        found = rational_agent_cost(t, supply=supply, demand=demand.people, tau_s=tau_s)
    elif measure == "cumulative":
        found = cumulative_opportunities(t, supply=supply)
    else:
        found = gravity_opportunities(t, supply=supply, decay=layer.decay)
    return np.where(service.is_linked, found[: demand.n_pieces], np.nan)


def add_access_columns(cells: pd.DataFrame, services: Sequence[Service]) -> pd.DataFrame:
    """Give cells.parquet with a column ``<layer>_<measure>`` for each measure that a layer asks for."""
    columns = {f"{s.layer.id}_{name}": access_of(s, name) for s in services for name in s.layer.access_measures}
    if not columns:
        return cells
    measured = cells.assign(**columns)
    return measured[[*(c for c in measured.columns if c != "geometry"), "geometry"]]


def access_measures_table(study: Study, services: Sequence[Service], cells: pd.DataFrame) -> pd.DataFrame:
    """Give access_measures.csv from the columns of cells: a row per unit, layer and measure."""
    frames = []
    for service in services:
        people = service.people
        for name in service.layer.access_measures:
            values = cells[f"{service.layer.id}_{name}"].to_numpy(np.float64)
            known = np.where(np.isnan(values), 0.0, people)
            filled = np.nan_to_num(values)
            counted = sum_by_unit(known, study.unit_of_piece, study.n_units)
            total = sum_by_unit(filled if name in SUMMED else filled * known, study.unit_of_piece, study.n_units)
            frames.append(
                study.unit_names().assign(
                    layer=service.layer.id,
                    access_measure=name,
                    group=service.layer.group,
                    people=counted,
                    value=total if name in SUMMED else share(total, counted),
                    supply_unit=np.full(len(counted), supply_unit(service) if name != "raam" else "", object),
                )
            )
    return by_unit_then_layer(frames, study)
