"""A programme as one mixed integer programme: columns and rows, and solving it with cuts that come as they are needed.

With y_ct = 1 where option c stands at the end of year t (it stays: y_ct >= y_c,t-1) and u_gt the covered share of group
g of people whom the same options reach, the multi-period maximal covering problem (Church & ReVelle 1974; over years:
Schilling 1980, Geographical Analysis 12) is u_gt <= sum of y_ct over the options in reach, which lets u be continuous;
who needs m more facilities has m u <= sum y with u whole. Missing places made up for, F_st, are bounded by cuts
(`programme.place_cuts`), which are added where a solution breaks them: each round's model is a relaxation, so its
bound holds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint
from scipy.sparse import coo_array

from circle15.planning.milp import Solution, minimise
from circle15.planning.programme.groups import cover_groups
from circle15.planning.programme.place_cuts import PlacesPart, parts_of, place_cuts
from circle15.planning.programme.task import DISTRICT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from circle15.planning.programme.groups import Groups
    from circle15.planning.programme.task import BoolArray, Requirement, Task
    from circle15.planning.ranking import FloatArray, IntArray

Terms = tuple["IntArray", "FloatArray"]
"""A linear expression: columns, and what each is multiplied by."""

_LP_ROUNDS, _LP_SHARE = 60, 0.3
_CUT_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Found:
    """What the solver says of one objective (least)."""

    x: FloatArray | None
    bound: float
    is_infeasible: bool
    is_proven: bool


class Model:
    """Columns and rows of one programme; `solve` may be asked many times, with other things set free."""

    def __init__(self, task: Task, *, n_sites: int = 0) -> None:
        """Build the model; the last ``n_sites`` options are sites that are free only where `solve` is told."""
        self.task = task
        self._cost_rows: list[tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]] = []
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._whole: list[BoolArray] = []
        self.n_columns = 0
        n, n_years = len(task.options), task.n_years
        self.open = np.full((n, n_years), -1, dtype=np.int64)
        self._add_openings()
        self.is_site = np.arange(n) >= n - n_sites
        self.money = self._columns_where(np.isfinite(task.budget))
        self._add_budgets()
        self.slack = self.add_columns(len(task.requirements), upper=0.0)
        self.places = {
            key: int(self.add_columns(1, upper=0.0, is_whole=True)[0])
            for key in sorted({(r.service, r.unit) for r in task.requirements if r.measure in {"supply", "places"}})
        }
        self._parts: dict[int, list[PlacesPart]] = {}
        self.filled: dict[tuple[int, int], IntArray] = {}  # (service, year) -> a column for each part
        self._covered: dict[tuple[int, int], tuple[Terms, IntArray]] = {}
        self._add_coverage()
        self._add_places()
        for number, requirement in enumerate(task.requirements):
            self._require(number, requirement)

    # Columns and rows

    def add_columns(self, n: int, *, upper: float | FloatArray, lower: float | FloatArray = 0.0,
                    is_whole: bool = False) -> IntArray:  # fmt: skip
        """Add columns and give their numbers."""
        self._lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), n).copy())
        self._upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), n).copy())
        self._whole.append(np.full(n, is_whole))
        self.n_columns += n
        return np.arange(self.n_columns - n, self.n_columns)

    def add_rows(self, row: IntArray, column: IntArray, value: FloatArray, low: FloatArray, high: FloatArray) -> None:
        """Add rows low <= sum of value x column <= high; ``row`` counts from 0."""
        self._cost_rows.append((row, column, value, low, high))

    def add_row(self, terms: Terms, low: float, high: float) -> None:
        """Add one row."""
        column, value = terms
        self.add_rows(np.zeros(len(column), np.int64), column, value, np.array([low]), np.array([high]))

    def _columns_where(self, wanted: BoolArray) -> IntArray:
        found = np.full(wanted.shape, -1, dtype=np.int64)
        found[wanted] = self.add_columns(int(wanted.sum()), upper=0.0)
        return found

    def _add_openings(self) -> None:
        options, n_years = self.task.options, self.task.n_years
        year = np.arange(n_years)
        may = year[None, :] >= options.first[:, None]
        must = options.is_decided[:, None] & (year[None, :] >= options.latest[:, None])
        self.open[may] = self.add_columns(int(may.sum()), upper=1.0, lower=must[may].astype(np.float64), is_whole=True)
        here, before = self.open[:, 1:], self.open[:, :-1]
        both = (here >= 0) & (before >= 0)
        k = int(both.sum())
        self.add_rows(
            np.tile(np.arange(k), 2), np.concatenate([here[both], before[both]]), np.repeat([1.0, -1.0], k),
            np.zeros(k), np.full(k, np.inf),
        )  # fmt: skip
        for parcel in np.flatnonzero(np.bincount(options.parcel, minlength=1) > 1):
            ends = self.open[options.parcel == parcel, -1]
            ends = ends[ends >= 0]
            self.add_row((ends, np.ones(len(ends))), -np.inf, 1.0)

    def _add_budgets(self) -> None:
        task = self.task
        for pot in range(task.budget.shape[1]):
            cost = task.options.cost[:, pot]
            for year in range(task.n_years):
                if not np.isfinite(task.budget[year, pot]):
                    continue
                now, before = self.open[:, year], self.open[:, year - 1] if year else np.full(len(cost), -1)
                carries = bool(task.carries_over[pot])
                pays, paid = (now >= 0) & (cost > 0), (before >= 0) & (cost > 0) & (not carries)
                extra = self.money[: year + 1, pot] if carries else self.money[year : year + 1, pot]
                extra = extra[extra >= 0]
                columns = np.concatenate([now[pays], before[paid], extra])
                values = np.concatenate([cost[pays], -cost[paid], -np.ones(len(extra))])
                limit = float(task.budget[: year + 1, pot].sum()) if carries else float(task.budget[year, pot])
                if np.isfinite(limit):
                    self.add_row((columns, values), -np.inf, limit)

    # What is gained

    def _years_of(self, measure: str, service: int) -> set[int]:
        task = self.task
        is_aim = {"people": "people", "worst_street": "people", "places": "places"}[task.aim] == measure
        asked = {r.year for r in task.requirements if r.measure == measure and r.service == service}
        return set(range(task.n_years)) if is_aim else asked

    def _add_coverage(self) -> None:
        task = self.task
        for number, service in enumerate(task.services):
            years = self._years_of("people", number)
            if not years:
                continue
            by_unit = task.aim == "worst_street" or any(
                r.unit != DISTRICT for r in task.requirements if r.measure == "people" and r.service == number
            )
            groups = cover_groups(service, by_unit=by_unit)
            for year in sorted(years):
                self._covered[number, year] = self._cover_year(service.option, groups, year)

    def _cover_year(self, option: IntArray, groups: Groups, year: int) -> tuple[Terms, IntArray]:
        """Add the groups' columns and rows for one year; give the covered people as terms, and the unit of each."""
        column = self.open[option, year][groups.own]
        there = column >= 0
        group, column = groups.group[there], column[there]
        n_able = np.bincount(group, minlength=groups.n)
        is_alone = (groups.missing == 1) & (n_able == 1)
        alone = is_alone[group]
        shared = (n_able >= groups.missing) & ~is_alone
        whole, part = shared & (groups.missing > 1), shared & (groups.missing == 1)
        share = np.full(groups.n, -1, dtype=np.int64)
        share[part] = self.add_columns(int(part.sum()), upper=1.0)
        share[whole] = self.add_columns(int(whole.sum()), upper=1.0, is_whole=True)
        kept = shared[group]
        row_of = np.cumsum(shared) - 1
        m = int(shared.sum())
        self.add_rows(
            np.concatenate([row_of[group[kept]], np.arange(m)]),
            np.concatenate([column[kept], share[shared]]),
            np.concatenate([np.ones(int(kept.sum())), -groups.missing[shared].astype(np.float64)]),
            np.zeros(m), np.full(m, np.inf),
        )  # fmt: skip
        terms = (
            np.concatenate([share[shared], column[alone]]),
            np.concatenate([groups.people[shared], groups.people[group[alone]]]),
        )
        return terms, np.concatenate([groups.unit[shared], groups.unit[group[alone]]])

    def covered(self, service: int, year: int, unit: int = DISTRICT) -> Terms:
        """Give the people newly covered by the end of a year, in the district or a unit."""
        (column, people), units = self._covered[service, year]
        here = np.ones(len(column), dtype=bool) if unit == DISTRICT else units == unit
        return column[here], people[here]

    def _add_places(self) -> None:
        for number, service in enumerate(self.task.services):
            years = self._years_of("places", number)
            if not years or service.places is None:
                continue
            parts = parts_of(service)
            self._parts[number] = parts
            most = np.array([part.most for part in parts])
            for year in sorted(years):
                self.filled[number, year] = self.add_columns(len(parts), upper=most)
            for part_number, part in enumerate(parts):
                for cut in part.first_cuts():
                    self._add_cut(number, part_number, cut)

    def _add_cut(self, service: int, part: int, cut: tuple[float, IntArray, FloatArray]) -> None:
        """Let no year fill more than a cut says: F <= constant + sum of value x own options that stand."""
        constant, own, value = cut
        for (number, year), columns in self.filled.items():
            if number != service:
                continue
            opened = self.open[self.task.services[service].option[own], year]
            may = opened >= 0
            every = columns if part < 0 else columns[part : part + 1]
            terms = (np.concatenate([every, opened[may]]), np.concatenate([np.ones(len(every)), -value[may]]))
            self.add_row(terms, -np.inf, constant)

    def _require(self, number: int, r: Requirement) -> None:
        """Ask for one line of a goal, less what its slack and places from elsewhere bring."""
        column, value = self._gain(r)
        column, value = np.append(column, self.slack[number]), np.append(value, 1.0)
        if r.measure in {"supply", "places"}:
            # Places in a street count for the whole district too.
            units = [u for (s, u) in self.places if s == r.service and r.unit in {DISTRICT, u}]
            column = np.append(column, [self.places[r.service, u] for u in units])
            value = np.append(value, np.ones(len(units)))
        self.add_row((column, value), r.need, np.inf)

    def _gain(self, r: Requirement) -> Terms:
        service = self.task.services[r.service]
        if r.measure == "people":
            return self.covered(r.service, r.year, r.unit)
        if r.measure == "places":
            columns = self.filled.get((r.service, r.year), np.empty(0, np.int64))
            return columns, np.ones(len(columns))
        here = (service.stands_in >= 0) & ((r.unit == DISTRICT) | (service.stands_in == r.unit))
        worth = np.nan_to_num(service.capacity) if r.measure == "supply" else np.ones(len(service.option))
        column = self.open[service.option, r.year]
        kept = here & (column >= 0)
        return column[kept], worth[kept]

    def aim(self) -> FloatArray:
        """Give the aim's objective, to be made least; for the worst street its own columns and rows are added once."""
        task = self.task
        terms: list[tuple[Terms, float]] = []
        if task.aim == "people":
            terms = [(self.covered(s, t), task.services[s].weight) for s, t in self._covered
                     if t in self._years_of("people", s)]  # fmt: skip
        elif task.aim == "places":
            terms = [((c, np.ones(len(c))), task.services[s].weight) for (s, _), c in self.filled.items()]
        else:
            terms = [(self._worst(s, t), task.services[s].weight) for s, t in self._covered]
        objective = np.zeros(self.n_columns)
        for (column, value), weight in terms:
            np.add.at(objective, column, -weight * value)
        return objective

    def everybody(self) -> FloatArray:
        """Give the people newly covered over the years, to be made most (its least)."""
        objective = np.zeros(self.n_columns)
        for s, t in self._covered:
            column, value = self.covered(s, t)
            np.add.at(objective, column, -self.task.services[s].weight * value)
        return objective

    def _worst(self, number: int, year: int) -> Terms:
        service = self.task.services[number]
        lived_in = np.flatnonzero(service.people_of_unit > 0)
        least = self.add_columns(1, upper=1.0)
        for unit in lived_in.tolist():
            column, value = self.covered(number, year, unit)
            share = float(service.people_of_unit[unit])
            terms = (np.append(column, least), np.append(value / share, -1.0))
            self.add_row(terms, -float(service.covered_of_unit[unit]) / share, np.inf)
        return least, np.ones(1)

    # Solving

    def solve(self, objective: FloatArray, *, deadline: float, free: Collection[str] = (),
              rows: Sequence[tuple[Terms, float, float]] = ()) -> Found:  # fmt: skip
        """Make ``objective`` least.

        Parameters
        ----------
        objective
            (n_columns,).
        deadline
            When to stop, by `time.monotonic`.
        free
            What may be had beyond the task: "money", "slack" (goals may be missed), "places", "sites".
        rows
            Rows for this once.
        """
        if self.filled:
            self._tighten(objective, free, rows, deadline)
        best: Found | None = None
        while True:
            found = self._once(objective, free, rows, deadline - time.monotonic(), is_relaxed=False)
            if found.x is None:
                return Found(None, found.bound, found.status == "infeasible", found.status == "infeasible")
            is_proven = found.status == "optimal"
            best = Found(found.x, found.bound, is_infeasible=False, is_proven=is_proven)
            if not self.filled or not self._cut(found.x) or time.monotonic() >= deadline:
                return best

    def _once(
        self, objective: FloatArray, free: Collection[str], rows: Sequence[tuple[Terms, float, float]],
        seconds: float, *, is_relaxed: bool,
    ) -> Solution:  # fmt: skip
        whole = np.concatenate(self._whole)
        padded = np.zeros(self.n_columns)
        padded[: len(objective)] = objective
        return minimise(
            padded, [self._constraint(rows)], is_integer=np.zeros_like(whole) if is_relaxed else whole,
            time_limit_s=seconds, bounds=self._bounds(free),
        )  # fmt: skip

    def _bounds(self, free: Collection[str]) -> tuple[FloatArray, FloatArray]:
        lower, upper = np.concatenate(self._lower), np.concatenate(self._upper)
        sites = self.open[self.is_site]
        if "sites" not in free:
            upper[sites[sites >= 0]] = 0.0
        needs = np.array([max(r.need, 0.0) for r in self.task.requirements])
        most = {
            "money": np.broadcast_to(self.task.options.cost.sum(axis=0), self.money.shape).ravel(),
            "slack": needs,
            "places": np.full(len(self.places), np.ceil(needs.max(initial=0.0))),
        }
        for name, columns in (("money", self.money), ("slack", self.slack), ("places", [*self.places.values()])):
            if name in free:
                own = np.asarray(columns, dtype=np.int64).ravel()
                upper[own[own >= 0]] = most[name][own >= 0]
        return lower, upper

    def _constraint(self, rows: Sequence[tuple[Terms, float, float]]) -> LinearConstraint:
        every = list(self._cost_rows)
        for (column, value), low, high in rows:
            every.append((np.zeros(len(column), np.int64), column, value, np.array([low]), np.array([high])))
        starts = np.concatenate([[0], np.cumsum([len(low) for *_, low, _ in every])])
        row = np.concatenate([r + s for (r, *_), s in zip(every, starts[:-1], strict=True)])
        column = np.concatenate([c for _, c, *_ in every])
        value = np.concatenate([v for _, _, v, *_ in every])
        matrix = coo_array((value, (row, column)), shape=(int(starts[-1]), self.n_columns)).tocsr()
        return LinearConstraint(
            matrix, np.concatenate([low for *_, low, _ in every]), np.concatenate([high for *_, high in every])
        )

    def _tighten(
        self, objective: FloatArray, free: Collection[str], rows: Sequence[tuple[Terms, float, float]], deadline: float
    ) -> None:
        """Add the cuts that the relaxation without whole numbers breaks, while there is time."""
        stop = time.monotonic() + _LP_SHARE * max(deadline - time.monotonic(), 0.0)
        for _ in range(_LP_ROUNDS):
            found = self._once(objective, free, rows, stop - time.monotonic(), is_relaxed=True)
            if found.x is None or not self._cut(found.x) or time.monotonic() >= stop:
                return

    def _cut(self, x: FloatArray) -> bool:
        """Add every cut that ``x`` breaks; False where it breaks none."""
        n_new = 0
        for number, parts in self._parts.items():
            service = self.task.services[number]
            for year in sorted({t for s, t in self.filled if s == number}):
                opened = self.open[service.option, year]
                stands = np.where(opened >= 0, x[opened], 0.0)
                filled = x[self.filled[number, year]]
                for part, cut in place_cuts(service, parts, stands, filled, slack=_CUT_SLACK):
                    self._add_cut(number, part, cut)
                    n_new += 1
        return n_new > 0

    def year_built(self, x: FloatArray) -> IntArray:
        """Give the year in which each option opens, -1 for never, (n_options,)."""
        opened = np.where(self.open >= 0, x[self.open], 0.0) > 0.5  # noqa: PLR2004 (halfway between no and yes)
        return np.where(opened.any(axis=1), opened.argmax(axis=1), -1).astype(np.int64)
