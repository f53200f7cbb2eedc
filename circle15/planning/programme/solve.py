"""Solve a programme: the best choice with its proof, the greedy one beside it, and what goals lack."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from circle15.planning.programme.elastic import Additions, needed_additions, overdraft
from circle15.planning.programme.greedy import greedy_programme
from circle15.planning.programme.year_model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.planning.programme.task import Sites, Task
    from circle15.planning.ranking import FloatArray, IntArray

Status = Literal["optimal", "time limit", "goals not met"]
VALUE_SLACK = 1e-7
"""A share of an aim's value that rounding may take."""


@dataclass(frozen=True, slots=True)
class Programme:
    """What was chosen, and what was proven."""

    year_built: IntArray  # (n_options,) -1 for never
    objective: float  # of the choice, in person-years, place-years or share-years
    bound: float  # proven: no choice (that misses goals by no more) has more
    status: Status
    greedy: IntArray  # (n_options,) as year_built
    greedy_objective: float
    lacks: FloatArray  # (n_requirements,) what each goal's line lacks under this choice
    overdrawn: FloatArray  # (n_years, n_pots) what decided projects cost beyond the pots, which was granted
    additions: Additions | None  # the least that would meet every goal; None where all are met
    seconds: float
    greedy_seconds: float

    @property
    def gap(self) -> float:
        """Distance of objective and bound as a share of the bound; 0 where proven."""
        return max(0.0, self.bound - self.objective) / abs(self.bound) if self.bound else 0.0


def solve_programme(
    task: Task, *, sites: Callable[[], Sites] | None = None, time_limit_s: float = 60.0
) -> Programme:  # fmt: skip
    """Choose what is built in which year.

    Parameters
    ----------
    task
        The programme.
    sites
        Gives the places where one more facility could stand, asked for only where no money would meet the goals.
    time_limit_s
        Seconds for the choice; as many again at most for what unmet goals lack.

    Returns
    -------
    Programme
        Where goals cannot all be met: of the choices that together miss them least (each line's lack as a share of what
        it needs, summed) the best.
    """
    start = time.monotonic()
    rival = greedy_programme(task)
    greedy_seconds = time.monotonic() - start
    deadline = time.monotonic() + time_limit_s
    granted = _granted(task, deadline)
    open_task = replace(task, budget=task.budget + granted)
    chosen, bound, is_met, is_proven = _best(open_task, rival, deadline)
    additions = None
    if not is_met:
        additions = needed_additions(task, sites, deadline=time.monotonic() + time_limit_s)
    elif granted.any():
        additions = Additions(money=granted)
    chosen = _without_idle(open_task, chosen)
    value = task.value(chosen)
    status: Status = "goals not met" if not is_met else "optimal" if is_proven else "time limit"
    return Programme(
        year_built=chosen,
        objective=value,
        bound=max(bound, value) if not is_proven else value,
        status=status,
        greedy=rival,
        greedy_objective=task.value(rival),
        lacks=task.lacks(chosen),
        overdrawn=granted,
        additions=additions,
        seconds=time.monotonic() - start,
        greedy_seconds=greedy_seconds,
    )


def choose_programme(task: Task, *, time_limit_s: float) -> tuple[IntArray, bool]:
    """Choose as `solve_programme` does, without what unmet goals would need.

    Returns
    -------
    tuple
        The year in which each option is built, -1 for never, int64 (n_options,); and whether that is proven best.
    """
    deadline = time.monotonic() + time_limit_s
    open_task = replace(task, budget=task.budget + _granted(task, deadline))
    chosen, _, _, is_proven = _best(open_task, greedy_programme(task), deadline)
    return _without_idle(open_task, chosen), is_proven


def _granted(task: Task, deadline: float) -> FloatArray:
    """Give the money beyond the pots that decided projects take, (n_years, n_pots)."""
    return overdraft(task, deadline=deadline) if _decided_overdraw(task) else np.zeros_like(task.budget)


def _decided_overdraw(task: Task) -> bool:
    """Tell whether decided projects alone might cost more than there is."""
    decided = task.options.is_decided
    return bool((task.options.cost[decided].sum(axis=0) > task.budget.min(axis=0)).any())


def _best(task: Task, rival: IntArray, deadline: float) -> tuple[IntArray, float, bool, bool]:
    """Give the best choice, the bound, whether all goals are met, and whether it is proven."""
    model = Model(task)
    objective = model.aim()
    found = model.solve(objective, deadline=deadline)
    # The rival stands in where the solver stopped with less.
    stands_in = rival if task.is_allowed(rival) and not task.lacks(rival).any() else None
    if not found.is_infeasible:
        choices = [c for c in (None if found.x is None else model.year_built(found.x), stands_in) if c is not None]
        choices = [c for c in choices if not task.lacks(c).any()]
        if choices:
            best = max(choices, key=task.value)
            if task.aim == "worst_street":
                best = _most_people(model, objective, task, best, deadline)
            is_proven = found.is_proven and -found.bound <= task.value(best) * (1 + VALUE_SLACK) + VALUE_SLACK
            return best, -found.bound, True, is_proven
    # Goals may be missed: first by as little as can be, then the best of those.
    scale = np.array([1.0 / max(r.need, 1e-9) for r in task.requirements])
    missed = np.zeros(model.n_columns)
    missed[model.slack] = scale
    near = model.solve(missed, deadline=deadline + _MORE_S, free={"slack"})
    if near.x is None:
        nothing = np.where(task.options.is_decided, task.options.latest, -1)
        return (rival if task.is_allowed(rival) else nothing), float("inf"), False, False
    least = float(missed @ _padded(near.x, len(missed)))
    row = ((model.slack, scale), -np.inf, least + 1e-7 * max(1.0, least))
    found = model.solve(objective, deadline=deadline + 2 * _MORE_S, free={"slack"}, rows=[row])
    x = near.x if found.x is None else found.x
    return model.year_built(x), -found.bound, False, found.is_proven and near.is_proven


_MORE_S = 10.0
"""Seconds that a choice which misses goals may take beyond the limit, for each of its two questions."""


def _padded(x: FloatArray, n: int) -> FloatArray:
    return x[:n]


def _most_people(model: Model, objective: FloatArray, task: Task, best: IntArray, deadline: float) -> IntArray:
    """Of the choices that lift the worst street as much give one that covers most people."""
    value = task.value(best)
    used = np.flatnonzero(objective)
    row = ((used, -objective[used]), value - VALUE_SLACK, np.inf)
    found = model.solve(model.everybody(), deadline=deadline, rows=[row])
    if found.x is None:
        return best
    other = model.year_built(found.x)
    is_as_good = task.value(other) >= value - VALUE_SLACK * max(1.0, value) and not task.lacks(other).any()
    return other if is_as_good else best


def _without_idle(task: Task, chosen: IntArray) -> IntArray:
    """Leave out what adds nothing, to the aim, to people covered or to a goal: the solver may build for nothing."""
    everybody = replace(task, aim="people")
    kept = chosen.copy()
    value, people, lacks = task.value(kept), everybody.value(kept), task.lacks(kept)
    free = np.flatnonzero((kept >= 0) & ~task.options.is_decided)
    for option in sorted(free.tolist(), key=lambda i: (-task.options.cost[i].sum(), -i)):
        trial = kept.copy()
        trial[option] = -1
        if everybody.value(trial) < people - 1e-6:
            continue
        if (task.lacks(trial) > lacks + 1e-9).any():
            continue
        if task.aim != "people" and task.value(trial) < value - VALUE_SLACK * max(1.0, abs(value)):
            continue
        kept = trial
    return kept
