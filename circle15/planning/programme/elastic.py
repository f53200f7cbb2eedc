"""What goals lack: the least money, sites or places that would meet them all (elastic programme, Brown & Graves 1975).

First money is let free: where it suffices, the least of it is found. Where no money would do, sites for facilities that
are in no list (and, for goals in places, places wherever they are needed) are let free too: the fewest sites, with
those the fewest places, with those the least money.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from circle15.planning.programme.year_model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from circle15.planning.programme.task import Sites, Task
    from circle15.planning.programme.year_model import Found, Terms
    from circle15.planning.ranking import FloatArray, IntArray

_SURELY = 1e-6


@dataclass(frozen=True, slots=True)
class Additions:
    """The least that is needed beyond a task so that all its goals are met."""

    money: FloatArray  # (n_years, n_pots)
    sites: IntArray = field(default_factory=lambda: np.empty(0, np.int64))  # rows of the sites
    site_year: IntArray = field(default_factory=lambda: np.empty(0, np.int64))  # year in which each must stand
    places: dict[tuple[int, int], int] = field(default_factory=dict)  # (service, unit or DISTRICT) -> places
    beyond: FloatArray | None = None  # (n_requirements,) what no addition would meet; None where these meet all
    is_proven: bool = True  # less would not do
    is_money_enough: bool = True


def overdraft(task: Task, *, deadline: float) -> FloatArray:
    """Give the least money beyond the pots that decided projects cost, (n_years, n_pots)."""
    model = Model(task)
    found = model.solve(_sum_of(model, model.money), deadline=deadline, free={"money", "slack"})
    return np.zeros_like(task.budget) if found.x is None else _money(model, found.x)


def needed_additions(task: Task, sites: Callable[[], Sites] | None, *, deadline: float) -> Additions:
    """Find the least additions with which every goal is met."""
    model = Model(task)
    found = model.solve(_sum_of(model, model.money), deadline=deadline, free={"money"})
    if found.x is not None:
        return Additions(_money(model, found.x), is_proven=found.is_proven)
    if sites is not None:
        offered = sites()
        model = Model(task.with_sites(offered), n_sites=len(offered.service))
    return _beyond_money(model, deadline)


def _beyond_money(model: Model, deadline: float) -> Additions:
    """Find the fewest sites, then the fewest places, then the least money."""
    task = model.task
    n = len(task.options)
    sites = np.flatnonzero(model.is_site)
    last = model.open[sites, -1]
    free = {"money", "sites", "places"}
    rows: list[tuple[Terms, float, float]] = []
    beyond = None
    slack = _sum_of(model, model.slack)
    short = model.solve(slack, deadline=deadline, free={*free, "slack"})
    if short.x is not None and float(short.x[model.slack].sum()) > _SURELY * max(1, len(model.slack)):
        # Not even a facility at every site would do: what is left is told, and the rest is asked for.
        beyond = np.where(short.x[model.slack] > _SURELY, short.x[model.slack], 0.0)
        free |= {"slack"}
        rows.append(((model.slack, np.ones(len(model.slack))), -np.inf, float(beyond.sum()) + _SURELY))
    is_proven = short.is_proven
    found: Found = short
    for columns in (last, np.array([*model.places.values()], dtype=np.int64), model.money):
        own = np.asarray(columns).ravel()
        own = own[own >= 0]
        if not len(own):
            continue
        step = model.solve(_sum_of(model, own), deadline=deadline, free=free, rows=rows)
        if step.x is None:
            is_proven = False
            break
        found, is_proven = step, is_proven and step.is_proven
        least = float(step.x[own].sum())
        rows.append(((own, np.ones(len(own))), -np.inf, least + _SURELY * max(1.0, least)))
    if found.x is None:
        return Additions(np.zeros_like(task.budget), is_proven=False, is_money_enough=False)
    year = model.year_built(found.x)
    built = sites[year[sites] >= 0]
    places = {key: round(float(found.x[column])) for key, column in model.places.items()}
    return Additions(
        money=_money(model, found.x),
        sites=built - (n - len(sites)),
        site_year=_needed_from(task, year, built),
        places={key: k for key, k in places.items() if k > 0},
        beyond=beyond,
        is_proven=is_proven,
        is_money_enough=False,
    )


def _needed_from(task: Task, year: IntArray, built: IntArray) -> IntArray:
    """Give the latest year in which each site may open with every goal met as before."""
    lacks = task.lacks(year)
    late = year.copy()
    for site in built.tolist():
        for t in range(task.n_years - 1, int(late[site]), -1):
            trial = late.copy()
            trial[site] = t
            if (task.lacks(trial) <= lacks + _SURELY).all():
                late = trial
                break
    return late[built]


def _sum_of(model: Model, columns: IntArray) -> FloatArray:
    objective = np.zeros(model.n_columns)
    own = np.asarray(columns).ravel()
    objective[own[own >= 0]] = 1.0
    return objective


def _money(model: Model, x: FloatArray) -> FloatArray:
    money = np.where(model.money >= 0, x[model.money], 0.0)
    return np.where(money > _SURELY, money, 0.0)
