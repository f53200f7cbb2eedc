"""The greedy rival of a programme: year by year, each time the option that adds most to the aim per money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from circle15.planning.place_ranking import Gains
from circle15.planning.programme.task import MONEY_SLACK
from circle15.planning.ranking import GAIN_DECIMALS

if TYPE_CHECKING:
    from circle15.planning.programme.task import BoolArray, ServiceTask, Task
    from circle15.planning.ranking import FloatArray, IntArray

_SURELY = 1e-12
_FLOW_SLACK = 1e-3
"""Places that rounding flows to whole units may add to a gain."""


def greedy_programme(task: Task) -> IntArray:
    """Choose year by year what adds most to the aim per money, decided projects first; goals are not looked at.

    Equals go to the lower row. Under a budget greedy may be far from the best (Khuller, Moss & Naor 1999); how far, the
    programme tells.

    Returns
    -------
    numpy.ndarray
        The year in which each option is built, -1 for never, int64 (n_options,).
    """
    options, n_years = task.options, task.n_years
    year_built = np.full(len(options), -1, dtype=np.int64)
    is_taken = np.zeros(int(options.parcel.max(initial=-1)) + 1, dtype=bool)
    state = _State(task)
    left = np.zeros(task.budget.shape[1])
    reserved = _reserve(task)
    for year in range(n_years):
        left = np.where(task.carries_over, left, 0.0) + task.budget[year]
        due = np.flatnonzero(options.is_decided & (year_built < 0) & (reserved == year))
        for option in due.tolist():
            state.build(option)
            year_built[option], is_taken[options.parcel[option]] = year, True
            left = left - options.cost[option]
        while True:
            fits = (options.cost <= left + MONEY_SLACK).all(axis=1)
            may = fits & (year_built < 0) & (options.first <= year) & ~is_taken[options.parcel] & ~options.is_decided
            option = state.best(may, options.cost.sum(axis=1))
            if option < 0:
                break
            state.build(option)
            year_built[option], is_taken[options.parcel[option]] = year, True
            left = left - options.cost[option]
    return year_built


def _reserve(task: Task) -> IntArray:
    """Give the year in which each decided option is built: the first in which the pots hold it, at last its latest."""
    options = task.options
    year_of = np.full(len(options), -1, dtype=np.int64)
    left = task.budget.copy()
    for option in np.flatnonzero(options.is_decided).tolist():
        years = range(int(options.first[option]), int(options.latest[option]) + 1)
        cost = options.cost[option]
        year = next((t for t in years if _holds(task, left, t, cost)), int(options.latest[option]))
        year_of[option] = year
        left[year] = left[year] - cost
    return year_of


def _holds(task: Task, left: FloatArray, year: int, cost: FloatArray) -> bool:
    carried = np.where(task.carries_over, np.where(np.isfinite(left), left, np.inf)[: year + 1].sum(axis=0), left[year])
    return bool((cost <= carried + MONEY_SLACK).all())


class _State:
    """What stands, and what each option would add."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._covers = [_Covers(service) for service in task.services]
        is_places = task.aim == "places"
        self._fills = [
            Gains(s.places.shortage, s.places.circles, s.capacity) if is_places and s.places is not None else None
            for s in task.services
        ]
        self._known: dict[tuple[int, int], float] = {}
        self._at_most: dict[tuple[int, int], float] = {}  # what options filled before others were built

    def build(self, option: int) -> None:
        for number, service in enumerate(self._task.services):
            for own in np.flatnonzero(service.option == option).tolist():
                self._covers[number].build(own)
                fills = self._fills[number]
                if fills is not None:
                    fills.build(own)
                    was = {k: v for k, v in self._known.items() if k[0] == number}
                    self._known = {k: v for k, v in self._known.items() if k[0] != number}
                    if fills.is_submodular:
                        self._at_most |= was

    def best(self, may: BoolArray, price: FloatArray) -> int:
        """Give the option that adds most per price, -1 where none adds anything."""
        if not may.any():
            return -1
        if self._task.aim == "places":
            return self._best_filling(may, price)
        n = len(may)
        first, second = np.zeros(n), np.zeros(n)
        for service, covers in zip(self._task.services, self._covers, strict=True):
            by_unit = covers.gains()
            people = service.weight * by_unit.sum(axis=1)
            if self._task.aim == "worst_street":
                np.add.at(first, service.option, service.weight * covers.lift(by_unit))
            else:
                np.add.at(first, service.option, people)
            np.add.at(second, service.option, people)
        price = np.where(price > 0, price, 1.0)
        first, second = np.round(first, 9) / price, np.round(second, GAIN_DECIMALS) / price
        rank = np.lexsort((np.arange(n), -second, -first, ~may))
        top = int(rank[0])
        return top if may[top] and max(first[top], second[top]) > _SURELY else -1

    def _best_filling(self, may: BoolArray, price: FloatArray) -> int:
        """Look at the options in the order of what they can fill at most, until none left can be better."""
        most = np.zeros(len(may))
        parts: list[list[tuple[int, int]]] = [[] for _ in may]
        for number, service in enumerate(self._task.services):
            fills = self._fills[number]
            if fills is None:
                continue
            for own, option in enumerate(service.option.tolist()):
                if may[option]:
                    most[option] += service.weight * self._most(number, own, fills)
                    parts[option].append((number, own))
        price = np.where(price > 0, price, 1.0)
        best, best_score = -1, _SURELY
        for option in np.argsort(-most / price, kind="stable").tolist():
            if not may[option] or most[option] / price[option] <= best_score:
                if may[option]:
                    break
                continue
            gain = sum(self._task.services[s].weight * self._filling(s, own) for s, own in parts[option])
            score = round(gain, GAIN_DECIMALS) / price[option]
            if score > best_score:
                best, best_score = option, score
        return best

    def _most(self, service: int, own: int, fills: Gains) -> float:
        """Give what an option fills, or while that is not known the most that it can."""
        known = self._known.get((service, own))
        if known is not None:
            return known
        before = self._at_most.get((service, own))
        bound = fills.bound(own)[0]
        return bound if before is None else min(bound, before + _FLOW_SLACK)

    def _filling(self, service: int, own: int) -> float:
        fills = self._fills[service]
        if fills is None:
            return 0.0
        return self._known.setdefault((service, own), fills.gain(own))


class _Covers:
    """The people of one service as options cover them."""

    def __init__(self, service: ServiceTask) -> None:
        self._service = service
        self._still = service.missing.astype(np.int64).copy()
        ones = np.ones(service.reach.nnz)
        self._reach = csr_array((ones, service.reach.indices, service.reach.indptr), shape=service.reach.shape)
        n = len(service.people)
        self._by_unit = csr_array(
            (np.ones(n), (np.arange(n), service.unit)), shape=(n, len(service.people_of_unit))
        )  # fmt: skip
        self._covered = service.covered_of_unit.copy()
        self._gains: FloatArray | None = None

    def gains(self) -> FloatArray:
        """Give the people whom each own option would newly cover, by unit (n_own, n_units)."""
        if self._gains is None:
            heads = np.where(self._still == 1, self._service.people, 0.0)
            weighted = csr_array(self._by_unit.multiply(heads[:, None]))
            self._gains = np.asarray((self._reach @ weighted).todense())
        return self._gains

    def lift(self, by_unit: FloatArray) -> FloatArray:
        """Give by how much each raises the worst street's share, (n_own,)."""
        people = self._service.people_of_unit
        lived_in = people > 0
        now = self._covered[lived_in] / people[lived_in]
        after = (self._covered[lived_in] + by_unit[:, lived_in]) / people[lived_in]
        return np.asarray(after.min(axis=1, initial=1.0) - now.min(initial=1.0))

    def build(self, own: int) -> None:
        self._covered = self._covered + self.gains()[own]
        row = slice(self._reach.indptr[own], self._reach.indptr[own + 1])
        self._still[self._reach.indices[row]] -= 1
        self._gains = None
