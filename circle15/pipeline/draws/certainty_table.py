"""certainty.csv: how sure every share is, and what contributes how much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.config.certainty import CertaintyTable
from circle15.measures.coverage import coverage, sum_by_unit
from circle15.measures.random_draws import seed_sequence
from circle15.measures.share_intervals import Interval, deviation, is_sure
from circle15.outputs.result import one_side
from circle15.pipeline.draws.drawn_services import FACTORS, Drawn, World, draw_service
from circle15.pipeline.draws.home_shares import homes_share
from circle15.pipeline.draws.unmapped_paths import path_bounds
from circle15.pipeline.fit.street_check import unit_access
from circle15.pipeline.tables.rows import by_unit_then_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.measures.random_draws import Seed
    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service


@dataclass(frozen=True, slots=True)
class Certainty:
    """A district in every draw."""

    world: World
    services: tuple[Drawn, ...]  # in the order of the config's layers
    table: pd.DataFrame  # certainty.csv

    def of_layer(self, layer_id: str) -> Drawn:
        """Give a service's draws by its layer's id."""
        return next(d for d in self.services if d.layer.id == layer_id)


def draw_certainty(
    study: Study,
    services: Sequence[Service],
    *,
    draws: int | None = None,
    seed: Seed | None = None,
    threads: int | None = None,
) -> Certainty | None:
    """Measure a study in as many draws as its config asks for; None where that is none.

    Parameters
    ----------
    study, services
        As stated.
    draws, seed
        Other than the config's.
    threads
        Threads to search with; results do not depend on it.
    """
    table = study.config.certainty or CertaintyTable()
    n = study.config.draws if draws is None else draws
    if n == 0:
        return None
    world = World.of(study, table, seed_sequence(table.seed if seed is None else seed), n)
    drawn = tuple(draw_service(world, service, threads=threads) for service in services)
    return Certainty(world, drawn, certainty_table(study, services, drawn, threads=threads))


def certainty_table(
    study: Study, services: Sequence[Service], drawn: Sequence[Drawn], *, threads: int | None = None
) -> pd.DataFrame:
    """Give certainty.csv: a row per unit and layer, the district last.

    What contributes how much is told one factor at a time (Saltelli et al. 2008, Global Sensitivity Analysis, 1.2):
    the standard deviation of the share where that factor alone is drawn, from the same random numbers. Where factors
    act together the parts differ from the whole, which stands beside them.
    """
    frames = []
    bounds = path_bounds(study, services, threads=threads)
    density = _street_density(study)
    for service, one in zip(services, drawn, strict=True):
        lower, upper = bounds[service.layer.id]
        found = coverage(service.covered, service.people, study.unit_of_piece, study.n_units)
        interval = Interval.of(one.shares)
        sure, sure_not = is_sure(one.probability())
        by_class = [
            sum_by_unit(np.where(rows, service.people, 0.0), study.unit_of_piece, study.n_units)
            for rows in (sure, ~(sure | sure_not), sure_not)
        ]
        gap = Interval.of(np.full((1, study.n_units + 1), np.nan) if one.gap is None else one.gap)
        frames.append(
            study.unit_names().assign(
                layer=service.layer.id,
                covered_share=found.covered_share,
                p05=interval.p05,
                p50=interval.p50,
                p95=interval.p95,
                lower=lower,
                upper=upper,
                street_km_per_km2=density,
                sd=interval.sd,
                **{f"sd_{name}": deviation(one.alone[name]) for name in FACTORS},
                homes_share=homes_share(study, service, threads=threads),
                main_factor=_largest({name: deviation(one.alone[name]) for name in FACTORS}),
                people_sure=by_class[0],
                people_unsure=by_class[1],
                people_surely_not=by_class[2],
                gap_p05=gap.p05,
                gap_p50=gap.p50,
                gap_p95=gap.p95,
                group=service.layer.group,
                draws=len(one.shares),
            )
        )
    return by_unit_then_layer(frames, study)


def _street_density(study: Study) -> np.ndarray:
    """Give the km of street per built-up km2 of each unit as `check` does, the district last."""
    found = unit_access(study)["street_km_per_km2"].to_numpy(np.float64)
    return np.resize(found, study.n_units + 1)  # of a district without units the one row stands for both


def _largest(deviations: dict[str, np.ndarray]) -> np.ndarray:
    """Name the factor that moves each share most; "" where none does."""
    names = np.array([*deviations, ""], dtype=object)
    values = np.nan_to_num(np.array(list(deviations.values())))
    return np.where(values.max(axis=0) > 0, names[values.argmax(axis=0)], "")


def with_certainty(result: DistrictResult, certainty: Certainty) -> DistrictResult:
    """Give a result with certainty.csv and the probability that each cell is covered, before the cells' geometry."""
    cells = result.cells
    columns = {f"{d.layer.id}_covered_probability": d.probability() for d in certainty.services}
    added, geometry = pd.DataFrame(columns, index=cells.index), cells.geometry.name
    joined = pd.concat([cells.drop(columns=geometry), added, cells[[geometry]]], axis=1)
    return replace(
        result,
        cells=joined.set_geometry(geometry, crs=cells.crs),
        tables=replace(result.tables, certainty=one_side(certainty.table, result.lang)),
    )
