"""What a run says about projects: the ranking, planned projects, causes and missing links."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15.outputs.result import one_side
from circle15.said import in_

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from circle15.outputs.result import DistrictResult
    from circle15.pipeline.draws.certainty_table import Certainty
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service
    from circle15.said import Said


@dataclass(frozen=True, slots=True)
class Planned:
    """Tables by their file's stem, and columns of the cells."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    cell_columns: dict[str, npt.NDArray[np.object_]] = field(default_factory=dict)
    warnings: tuple[Said, ...] = ()
    programme: dict[str, Any] | None = None  # what was proven of the programme, for run.json


def plan_projects(
    study: Study, services: Sequence[Service], *, certainty: Certainty | None = None, threads: int | None = None
) -> Planned:
    """Rank, compare and diagnose as the config's [outputs] and [planning] ask for.

    What is not asked for is not even loaded: spatial trees and solvers take a good part of a short run's time.
    """
    outputs, planning = study.config.outputs, study.config.planning
    tables: dict[str, pd.DataFrame] = {}
    columns: dict[str, npt.NDArray[np.object_]] = {}
    told: tuple[Said, ...] = ()
    if outputs.writes("ranking"):
        from circle15.pipeline.projects.compared import projects_table  # noqa: PLC0415 (see above)
        from circle15.pipeline.projects.ranked import rank_services  # noqa: PLC0415 (see above)

        ranking = rank_services(study, services, top=outputs.ranking_top, threads=threads)
        tables["ranking"], told = ranking.table, ranking.warnings
        if planning.projects is not None:
            tables["projects"] = projects_table(study, services, threads=threads)
        if certainty is not None:
            tables |= _held(study, services, certainty, tables)
    programme: dict[str, Any] | None = None
    if study.config.programme is not None and outputs.writes("programme"):
        from circle15.pipeline.projects.programme.held_programme import hold_programme  # noqa: PLC0415 (see above)
        from circle15.pipeline.projects.programme.programme_tables import programme_tables, proof_record  # noqa: PLC0415 (as above)
        from circle15.pipeline.projects.programme.programmed import solve_district_programme  # noqa: PLC0415 (see above)

        solved = solve_district_programme(study, services, threads=threads)
        solved = replace(solved, held=hold_programme(solved))
        tables |= programme_tables(solved, threads=threads)
        programme = proof_record(solved)
        told = (*told, *solved.told)
    if outputs.writes("causes") and planning.causes:
        from circle15.pipeline.projects.diagnosis import cause_columns, causes_table, diagnose  # noqa: PLC0415 (see above)

        found = {s.layer.id: diagnose(study, s, threads=threads) for s in services}
        tables["causes"] = causes_table(study, services, found)
        columns = cause_columns(found)
    if planning.links or "links" in (outputs.write or ()):
        from circle15.pipeline.projects.diagnosis import links_table  # noqa: PLC0415 (see above)

        tables["links"] = links_table(study, services, threads=threads)
    return Planned(tables, columns, told, programme)


def _held(
    study: Study, services: Sequence[Service], certainty: Certainty, tables: dict[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Give the lists of places with how they hold in the draws."""
    from circle15.pipeline.projects.held import held_projects, held_ranking  # noqa: PLC0415 (draws are for few)

    held = {"ranking": held_ranking(study, services, certainty, tables["ranking"])}
    if "projects" in tables:
        held["projects"] = held_projects(study, services, certainty, tables["projects"])
    return held


def with_planned(result: DistrictResult, planned: Planned) -> DistrictResult:
    """Give a result with what was planned: tables, warnings, and the columns of its cells before the geometry."""
    cells = result.cells
    added = pd.DataFrame(planned.cell_columns, index=cells.index)
    geometry = cells.geometry.name
    joined = pd.concat([cells.drop(columns=geometry), added, cells[[geometry]]], axis=1)
    new = {name: one_side(t, result.lang) for name, t in planned.tables.items() if name not in result.tables}
    tables = replace(result.tables, **new)
    told = (*result.warnings, *(w.in_(result.lang) for w in planned.warnings))
    return replace(
        result,
        programme=in_(planned.programme, result.lang),
        cells=joined.set_geometry(geometry, crs=cells.crs),
        tables=tables,
        warnings=told,
    )
