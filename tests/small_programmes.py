"""Small made programmes, and every choice there is of them, counted by hand as it were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from circle15.measures.flow import fair_shares
from circle15.planning.place_ranking import shortage_of
from circle15.planning.programme.task import DISTRICT, Options, Places, Requirement, ServiceTask, Task
from circle15.reach.times import Times

Array = np.ndarray[Any, Any]


@dataclass
class Made:
    """A programme, and what it was made from."""

    task: Task
    reach: list[Array]  # per service (n_own, n_pieces) bool
    old_reach: list[Array]  # per service (n_old, n_everybody) bool
    new_reach: list[Array]  # per service (n_own, n_everybody) bool, those beyond the border included
    old_supply: list[Array]
    need: list[Array]  # (n_everybody,)
    n_inside: int


def times_of(reach: Array) -> Times:
    """Give pairs of (n_people, n_facilities) as times of no length."""
    row, column = np.nonzero(reach)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=reach.shape[0]))]).astype(np.int64)
    return Times(indptr, column.astype(np.int32), np.zeros(len(row)), 1.0, reach.shape[1])


def make(  # noqa: PLR0915 (one thing after another is drawn)
    rng: np.random.Generator, *, aim: str, n_goals: int, with_others: bool = False
) -> Made:
    """Make a programme of up to 8 options, 3 years, 2 services and 3 streets."""
    n, n_years, n_units, n_pieces = int(rng.integers(2, 9)), int(rng.integers(1, 4)), 3, int(rng.integers(4, 12))
    n_services = int(rng.integers(1, 3))
    n_others = int(rng.integers(1, 4)) if with_others else 0
    per_service = bool(rng.random() < 0.3)  # pots by service
    services, made = [], Made(None, [], [], [], [], [], n_pieces)  # type: ignore[arg-type]
    unit = rng.integers(0, n_units, n_pieces)
    offers = [np.flatnonzero(rng.random(n) < (1.0 if n_services == 1 else 0.6)) for _ in range(n_services)]
    for own in offers:
        k = len(own)
        everybody = rng.integers(0, 30, n_pieces + n_others).astype(float)
        need = rng.integers(0, 12, n_pieces + n_others).astype(float)
        n_old = int(rng.integers(0, 3))
        old = rng.random((n_old, n_pieces + n_others)) < 0.4
        new = rng.random((k, n_pieces + n_others)) < 0.35
        supply = rng.integers(0, 20, n_old).astype(float)
        least = int(rng.integers(1, 3))
        count = old[:, :n_pieces].sum(axis=0)
        is_covered = count >= least
        heads = everybody[:n_pieces]
        shortage, rows = shortage_of(times_of(old.T), supply=supply, need=need, n_inside=n_pieces)
        stands_in = rng.integers(-1, n_units, k)
        services.append(
            ServiceTask(
                option=own,
                capacity=rng.integers(1, 25, k).astype(float),
                stands_in=stands_in,
                reach=csr_array(new[:, :n_pieces].astype(np.int8)),
                people=np.where(is_covered, 0.0, heads),
                missing=np.maximum(least - count, 1),
                unit=unit,
                people_of_unit=np.bincount(unit, weights=heads, minlength=n_units),
                covered_of_unit=np.bincount(unit, weights=np.where(is_covered, heads, 0.0), minlength=n_units),
                places=Places(shortage, csr_array(new[:, rows].astype(np.int8))),
                weight=float(rng.choice([1.0, 1.0, 2.0])),
            )
        )
        made.reach.append(new[:, :n_pieces])
        made.old_reach.append(old)
        made.new_reach.append(new)
        made.old_supply.append(supply)
        made.need.append(need)
    money = rng.integers(1, 10, n).astype(float)
    if per_service:
        cost = np.zeros((n, n_services))
        for s, own in enumerate(offers):
            cost[own, s] = money[own]
    else:
        cost = money[:, None]
    first = rng.integers(0, n_years, n) * (rng.random(n) < 0.3)
    is_decided = rng.random(n) < 0.15
    latest = np.where(rng.random(n) < 0.5, first, n_years - 1)
    parcel = np.arange(n)
    if n > 3 and rng.random() < 0.4:
        parcel[1], is_decided[1] = 0, False
    budget = rng.integers(2, 16, (n_years, cost.shape[1])).astype(float)
    if rng.random() < 0.1:
        budget[:] = np.inf
    if rng.random() < 0.1:
        budget[0] = np.inf
    requirements = []
    for goal in range(n_goals):
        s = int(rng.integers(n_services))
        measure = str(rng.choice(["people", "supply", "places", "facilities"]))
        where = DISTRICT if measure == "places" or rng.random() < 0.5 else int(rng.integers(n_units))
        service = services[s]
        most = {
            "people": float(service.people[(unit == where) | (where == DISTRICT)].sum()),
            "supply": 40.0,
            "places": service.places.shortage.missing_inside(),
            "facilities": 3.0,
        }[measure]
        need = float(np.floor(most * rng.random() * (0.8 if rng.random() < 0.7 else 1.3)))
        if measure == "people":
            need = min(need, most)
        requirements.append(Requirement(goal, measure, s, where, int(rng.integers(n_years)), need))  # type: ignore[arg-type]
    options = Options(cost, first.astype(np.int64), latest.astype(np.int64), is_decided, parcel)
    carries = np.full(cost.shape[1], bool(rng.random() < 0.3))
    made.task = Task(options, tuple(services), budget, carries, tuple(requirements), aim)  # type: ignore[arg-type]
    return made


class Everything:
    """What every set of options does, and every choice that is allowed."""

    def __init__(self, made: Made) -> None:
        self.made, self.task = made, made.task
        n = len(self.task.options)
        self.sets = np.array([[bool(number >> i & 1) for i in range(n)] for number in range(1 << n)])
        self.covered = [self._covered(s) for s in range(len(self.task.services))]
        self._filled: dict[int, Array] = {}

    def _covered(self, s: int) -> Array:
        """Give the people newly covered, by set and street."""
        service = self.task.services[s]
        count = self.sets[:, service.option].astype(int) @ self.made.reach[s].astype(int)
        heads = np.where(count >= service.missing, service.people, 0.0)
        return np.stack([heads[:, service.unit == u].sum(axis=1) for u in range(len(service.people_of_unit))], axis=1)

    def filled(self, s: int) -> Array:
        """Give the missing places made up for, by set."""
        if s in self._filled:
            return self._filled[s]
        service, need, inside = self.task.services[s], self.made.need[s], self.made.n_inside
        missing: dict[bytes, float] = {}
        found = np.zeros(len(self.sets))
        for number, chosen in enumerate(self.sets[:, service.option]):
            if chosen.tobytes() not in missing:
                reach = np.vstack([self.made.old_reach[s], self.made.new_reach[s][chosen]]).T
                supply = np.concatenate([self.made.old_supply[s], service.capacity[chosen]])
                lack = need * (1 - fair_shares(times_of(reach), supply=supply, need=need))
                missing[chosen.tobytes()] = float(lack[:inside].sum())
            found[number] = missing[np.zeros_like(chosen).tobytes()] - missing[chosen.tobytes()] if number else 0.0
        self._filled[s] = found
        return found

    def choices(self, budget: Array | None = None, *, keep_to_money: bool = True) -> Array:
        """Give every allowed choice as years (n_choices, n_options), -1 for never."""
        options, n_years = self.task.options, self.task.n_years
        grids = np.meshgrid(
            *[
                np.array([*([] if d else [-1]), *range(f, (last if d else n_years - 1) + 1)])
                for f, last, d in zip(options.first, options.latest, options.is_decided, strict=True)
            ],
            indexing="ij",
        )
        every = np.stack([g.ravel() for g in grids], axis=1)
        for parcel in np.unique(options.parcel):
            every = every[(every[:, options.parcel == parcel] >= 0).sum(axis=1) <= 1]
        if not keep_to_money:
            return every
        return every[self.overdraft(every, self.task.budget if budget is None else budget) <= 1e-9]

    def overdraft(self, every: Array, budget: Array) -> Array:
        """Give the money that each choice takes beyond its pots, all years and pots together."""
        spent = np.stack(
            [(every == t).astype(float) @ self.task.options.cost for t in range(self.task.n_years)], axis=1
        )
        over = np.zeros(len(every))
        for pot in range(budget.shape[1]):
            if self.task.carries_over[pot]:
                lack = np.cumsum(spent[:, :, pot], axis=1) - np.cumsum(budget[:, pot])
                over += np.maximum(lack, 0).max(axis=1)
            else:
                over += np.maximum(spent[:, :, pot] - budget[:, pot], 0).sum(axis=1)
        return over

    def set_numbers(self, every: Array, year: int) -> Array:
        """Give the number of the set that stands at the end of a year."""
        return ((every >= 0) & (every <= year)) @ (1 << np.arange(every.shape[1]))

    def values(self, every: Array) -> Array:
        """Give the aim's value of each choice."""
        total = np.zeros(len(every))
        for s, service in enumerate(self.task.services):
            if self.task.aim == "people":
                worth = self.covered[s].sum(axis=1)
            elif self.task.aim == "places":
                worth = self.filled(s)
            else:
                lived_in = service.people_of_unit > 0
                share = (service.covered_of_unit + self.covered[s])[:, lived_in] / service.people_of_unit[lived_in]
                worth = share.min(axis=1, initial=1.0)
            for t in range(self.task.n_years):
                total += service.weight * worth[self.set_numbers(every, t)]
        return total

    def lacks(self, every: Array) -> Array:
        """Give what each requirement lacks, (n_choices, n_requirements)."""
        found = np.zeros((len(every), len(self.task.requirements)))
        for number, r in enumerate(self.task.requirements):
            service = self.task.services[r.service]
            here = (service.stands_in >= 0) & ((r.unit == DISTRICT) | (service.stands_in == r.unit))
            of_sets = self.sets[:, service.option]
            gain = {
                "people": lambda r=r: (
                    self.covered[r.service].sum(axis=1) if r.unit == DISTRICT else self.covered[r.service][:, r.unit]
                ),
                "places": lambda r=r: self.filled(r.service),
                "supply": lambda s=service, h=here, o=of_sets: (o * h) @ s.capacity,
                "facilities": lambda h=here, o=of_sets: (o * h).sum(axis=1),
            }[r.measure]()
            found[:, number] = np.maximum(r.need - gain[self.set_numbers(every, r.year)], 0.0)
        return np.where(found < 1e-5, 0.0, found)
