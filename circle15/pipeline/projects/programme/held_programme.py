"""How a programme holds: which of its choices are made in most draws, and how often it meets its goals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.random_draws import seed_sequence
from circle15.pipeline.draws.drawn_services import FACTORS, World
from circle15.pipeline.draws.drawn_studies import EVERYTHING, DrawnStudies, in_draw
from circle15.pipeline.draws.held_choices import NO_REGRET
from circle15.pipeline.projects.programme.goals import goal_lines
from circle15.pipeline.projects.programme.held_shares import HeldProgramme
from circle15.pipeline.projects.programme.programmed import service_task
from circle15.pipeline.tables.levels import levels_of
from circle15.pipeline.tables.policy_tables import unit_rules_of
from circle15.planning.programme.solve import choose_programme
from circle15.planning.programme.task import slack_of

if TYPE_CHECKING:
    import pandas as pd

    from circle15.pipeline.projects.programme.goals import Line
    from circle15.pipeline.projects.programme.programmed import Solved
    from circle15.planning.programme.task import Task

PROGRAMME_DRAWS = 40
"""Draws, the first of all, in which the programme is made anew."""
FACTOR_DRAWS = 20
"""The same where one factor alone is drawn."""
_SHARE_OF_SECONDS = 1 / 20
"""Of the seconds that the programme may take, what each draw has at most."""


def hold_programme(solved: Solved) -> HeldProgramme | None:
    """Make a programme anew in every draw; None where the config draws nothing.

    In each draw the district is measured anew (`drawn_studies`) and the best programme for it found, under the same
    money, years and decisions. Two choices of the same worth are one choice here and the other there.
    """
    config = solved.study.config
    table, n = config.certainty, min(config.draws, PROGRAMME_DRAWS)
    if table is None or n == 0:
        return None
    world = World.of(solved.study, table, seed_sequence(table.seed), config.draws)
    draws = _DrawnProgrammes(solved, DrawnStudies(world))
    stated = solved.found.year_built
    chosen, same = np.zeros(len(stated)), np.zeros(len(stated))
    met, all_met, n_unproven = np.zeros(len(solved.lines)), 0, 0
    for draw in range(n):
        task, lines = draws.task(draw)
        found, is_proven = choose_programme(task, time_limit_s=draws.seconds)
        n_unproven += not is_proven
        chosen += found >= 0
        same += (found >= 0) & (found == stated)
        is_met = _met(task, lines, solved, stated)
        met += is_met
        all_met += bool(is_met.all())
    depends = draws.depends_on(min(n, FACTOR_DRAWS))
    share = chosen / n
    return HeldProgramme(
        n_draws=n,
        n_unproven=n_unproven,
        chosen_share=share,
        same_year_share=np.where(stated >= 0, same / n, 0.0),
        depends_on=np.where(share >= NO_REGRET, "", depends),
        met_share=met / n,
        all_met_share=all_met / n if solved.lines else float("nan"),
    )


def _met(task: Task, lines: list[Line], solved: Solved, stated: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Tell which lines of the goals the programme as it stands meets in a draw."""
    drawn = {_key(line): line for line in lines}
    is_met = np.ones(len(solved.lines), dtype=np.bool_)
    for i, line in enumerate(solved.lines):
        own = drawn.get(_key(line))
        if own is not None and own.need > 0:
            asked = own.requirement(i)
            is_met[i] = task.gained(asked, stated) >= asked.need - slack_of(asked)
    return is_met


def _key(line: Line) -> tuple[object, ...]:
    return line.kind, line.service, line.unit, line.year, line.target, line.source


class _DrawnProgrammes:
    """The programme's task in every draw."""

    def __init__(self, solved: Solved, studies: DrawnStudies) -> None:
        self._solved, self._studies = solved, studies
        self.seconds = max(1.0, solved.programme.seconds * _SHARE_OF_SECONDS)
        self._rules: pd.DataFrame | None = None
        if "policy" in solved.programme.goals:
            services = [own.service for own in solved.own]
            self._rules = unit_rules_of(solved.study, services, levels_of(solved.study))

    def task(self, draw: int, drawn: str = EVERYTHING) -> tuple[Task, list[Line]]:
        """Give the task and the lines of its goals in a draw; ``drawn`` is "all", or the one factor that is drawn."""
        solved = self._solved
        pairs = [self._studies.of(own.service, draw, drawn) for own in solved.own]
        # People are the same in each of the draw's studies.
        lines, _ = goal_lines(pairs[0][0], [service for _, service in pairs], solved.programme, self._rules)
        services = []
        for own, stated, (study, service) in zip(solved.own, solved.task.services, pairs, strict=True):
            part = replace(own, service=service, at=in_draw(own.at, study))
            services.append(service_task(study, part, solved.offer, weight=stated.weight, threads=1)[1])
        asked = [line for line in lines if line.need > 0]
        requirements = tuple(line.requirement(i) for i, line in enumerate(asked))
        return replace(solved.task, services=tuple(services), requirements=requirements), lines

    def depends_on(self, n: int) -> npt.NDArray[np.object_]:
        """Name for each option the one factor under which it is built least often, "" where it is in nearly all."""
        share = np.zeros((len(FACTORS), len(self._solved.found.year_built)))
        for i, factor in enumerate(FACTORS):
            for draw in range(n):
                task, _ = self.task(draw, factor)
                share[i] += choose_programme(task, time_limit_s=self.seconds)[0] >= 0
        share /= max(n, 1)
        return np.where(share.min(axis=0) < NO_REGRET, np.array(FACTORS, dtype=object)[share.argmin(axis=0)], "")
