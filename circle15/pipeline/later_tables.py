"""Tables that are read after a study, and what was found of their rows: survey, today's values, places to build on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.errors import InputError
from circle15.inputs.survey import open_survey
from circle15.pipeline.parcels import open_parcels
from circle15.pipeline.plan import open_actual

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.config import Config
    from circle15.inputs.import_report import Change


def later_changes(config: Config) -> tuple[Change, ...]:
    """Give the lines of the import report on tables that a run reads later: they are told with all others.

    A table that cannot be read is told where it is needed.
    """
    changes: list[Change] = []
    planning = config.planning
    for name in (planning.candidates, planning.projects):
        if name is not None:
            changes += _told(lambda name=name: open_parcels(planning, config.resolve(name))[0].changes)
    survey, policy = config.survey, config.policy
    if survey is not None:
        changes += _told(lambda: open_survey(survey, config.resolve(survey.path)).changes)
    if policy is not None and policy.actual is not None:
        actual = policy.actual
        changes += _told(lambda: open_actual(config.resolve(actual)).changes)
    return tuple(dict.fromkeys(changes))


def _told(read: Callable[[], tuple[Change, ...]]) -> tuple[Change, ...]:
    try:
        return read()
    except InputError:
        return ()
