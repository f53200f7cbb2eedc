"""Tables that are read after a study, and what was found of their rows: survey, today's values, places to build on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from circle15.errors import InputError
from circle15.inputs.people.survey import open_survey
from circle15.pipeline.projects.parcels import open_parcels
from circle15.pipeline.tables.policy_tables import open_actual

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from circle15.config.model import Config
    from circle15.config.planning import PlanningTable
    from circle15.inputs.tables.import_report import Change
    from circle15.inputs.tables.reading import Table


def later_changes(config: Config) -> tuple[Change, ...]:
    """Give the lines of the import report on tables that a run reads later: they are told with all others.

    A table that cannot be read is told where it is needed.
    """
    planning, survey, policy = config.planning, config.survey, config.policy
    reading: list[Callable[[], Table]] = [
        partial(_parcels, planning, config.resolve(name))
        for name in (planning.candidates, planning.projects)
        if name is not None
    ]
    if survey is not None:
        reading.append(partial(open_survey, survey, config.resolve(survey.path)))
    if policy is not None and policy.actual is not None:
        reading.append(partial(open_actual, config.resolve(policy.actual)))
    return tuple(dict.fromkeys(c for read in reading for c in _told(read)))


def _parcels(planning: PlanningTable, path: Path) -> Table:
    return open_parcels(planning, path)[0]


def _told(read: Callable[[], Table]) -> tuple[Change, ...]:
    try:
        return read().changes
    except InputError:
        return ()
