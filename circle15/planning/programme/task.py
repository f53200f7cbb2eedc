"""What a programme decides on: options and years, money, services with who lacks them, and what is required when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from circle15.measures.flow import fair_shares
from circle15.planning.ranking import FloatArray, IntArray, sum_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.planning.place_ranking import Shortage

    BoolArray = npt.NDArray[np.bool_]

Aim = Literal["people", "places", "worst_street"]
Measure = Literal["people", "supply", "places", "facilities"]
DISTRICT = -1
"""The unit of a requirement that holds for the whole district."""
MONEY_SLACK = 1e-6
"""Sums of money that differ by a hundredth of a 元 are the same."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be built: a project, or one of several that exclude each other on their parcel."""

    cost: FloatArray  # (n, n_pots) what each takes of each pot: money, or 1 of the number of projects
    first: IntArray  # (n,) earliest year, 0 for the first
    latest: IntArray  # (n,) year by which a decided one stands; n_years - 1 where only that it is built is decided
    is_decided: BoolArray  # (n,)
    parcel: IntArray  # (n,) of those with one number at most one is built

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Places:
    """Who is short of a service's places, and which of them each option's circle holds."""

    shortage: Shortage
    circles: csr_array  # (n_own, n_short)

    def filled(self, capacity: FloatArray, is_open: BoolArray) -> float:
        """Give the missing places of the district that the open ones make up for, as a run measures it."""
        now = self.shortage
        before = now.missing_inside()
        for row in np.flatnonzero(is_open):
            part = slice(self.circles.indptr[row], self.circles.indptr[row + 1])
            now = now.built(np.asarray(self.circles.indices[part], dtype=np.int64), float(capacity[row]))
        missing = now.need * (1.0 - fair_shares(now.times, supply=now.supply, need=now.need))
        return max(0.0, before - float(missing[now.is_inside].sum()))


@dataclass(frozen=True, slots=True)
class ServiceTask:
    """One service: the options that offer it, and the people who lack it."""

    option: IntArray  # (n_own,) rows of the options
    capacity: FloatArray  # (n_own,) supply units, NaN = not known
    stands_in: IntArray  # (n_own,) unit, -1 outside the district
    reach: csr_array  # (n_own, n_pieces) an entry where the piece lies in the option's circle
    people: FloatArray  # (n_pieces,) not covered yet
    missing: IntArray  # (n_pieces,) facilities that a piece still needs, at least 1
    unit: IntArray  # (n_pieces,)
    people_of_unit: FloatArray  # (n_units,) all people of the service's group
    covered_of_unit: FloatArray  # (n_units,) those covered today
    places: Places | None = None  # None without norm or where a capacity is not known
    weight: float = 1.0  # of the service in the aim

    def newly_covered(self, is_open: BoolArray) -> FloatArray:
        """Give the people whom the open ones (n_own,) newly cover, by unit (n_units,)."""
        count = np.asarray(is_open.astype(np.int64) @ self._ones(), dtype=np.int64)
        heads = np.where(count >= self.missing, self.people, 0.0)
        return np.bincount(self.unit, weights=heads, minlength=len(self.people_of_unit)).astype(np.float64)

    def shares(self, is_open: BoolArray) -> FloatArray:
        """Give the covered shares of the units where people of the service live."""
        lived_in = self.people_of_unit > 0
        covered = self.covered_of_unit + self.newly_covered(is_open)
        return covered[lived_in] / self.people_of_unit[lived_in]

    def alone(self) -> FloatArray:
        """Give the people whom each would newly cover alone, (n_own,)."""
        return sum_rows(self.reach, self.people * (self.missing == 1))

    def _ones(self) -> csr_array:
        return csr_array((np.ones(self.reach.nnz, np.int64), self.reach.indices, self.reach.indptr), self.reach.shape)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a goal: by the end of a year, so much more than today."""

    goal: int  # number of the goal that asks it
    measure: Measure  # people covered, supply that stands, missing places made up for, facilities that stand
    service: int
    unit: int  # DISTRICT for the whole
    year: int
    need: float  # above today's; not above 0 where today is enough


@dataclass(frozen=True, slots=True)
class Task:
    """A whole programme."""

    options: Options
    services: tuple[ServiceTask, ...]
    budget: FloatArray  # (n_years, n_pots), inf where nothing bounds a pot
    carries_over: BoolArray  # (n_pots,) whether what a year leaves is there in the next
    requirements: tuple[Requirement, ...] = ()
    aim: Aim = "people"

    @property
    def n_years(self) -> int:
        """Number of years."""
        return len(self.budget)

    def open_of(self, service: ServiceTask, year_built: IntArray, year: int) -> BoolArray:
        """Tell which of a service's options stand at the end of a year; ``year_built`` (n,) is -1 for never."""
        built = year_built[service.option]
        return (built >= 0) & (built <= year)

    def value(self, year_built: IntArray) -> float:
        """Give what the aim counts, summed over years and services: person-years, place-years or share-years."""
        total = 0.0
        for service in self.services:
            for year in range(self.n_years):
                is_open = self.open_of(service, year_built, year)
                total += service.weight * self._of_year(service, is_open)
        return total

    def _of_year(self, service: ServiceTask, is_open: BoolArray) -> float:
        if self.aim == "people":
            return float(service.newly_covered(is_open).sum())
        if self.aim == "places":
            return 0.0 if service.places is None else service.places.filled(service.capacity, is_open)
        return float(service.shares(is_open).min(initial=1.0))

    def today(self) -> float:
        """Give the value without any new facility."""
        return self.value(np.full(len(self.options), -1, dtype=np.int64))

    def gained(self, requirement: Requirement, year_built: IntArray) -> float:
        """Give what a choice reaches of a requirement, above today's."""
        service = self.services[requirement.service]
        is_open = self.open_of(service, year_built, requirement.year)
        here = np.ones(len(is_open), dtype=bool) if requirement.unit == DISTRICT else (
            service.stands_in == requirement.unit
        )  # fmt: skip
        here &= service.stands_in >= 0
        if requirement.measure == "people":
            by_unit = service.newly_covered(is_open)
            return float(by_unit.sum() if requirement.unit == DISTRICT else by_unit[requirement.unit])
        if requirement.measure == "supply":
            return float(np.nan_to_num(service.capacity)[is_open & here].sum())
        if requirement.measure == "facilities":
            return float((is_open & here).sum())
        return 0.0 if service.places is None else service.places.filled(service.capacity, is_open)

    def lacks(self, year_built: IntArray) -> FloatArray:
        """Give how much each requirement lacks, (n_requirements,), 0 where it is met."""
        lack = [r.need - self.gained(r, year_built) for r in self.requirements]
        return np.array([0.0 if x <= slack_of(r) else x for x, r in zip(lack, self.requirements, strict=True)])

    def spent(self, year_built: IntArray) -> FloatArray:
        """Give what each year takes of each pot, (n_years, n_pots)."""
        spent = np.zeros_like(self.budget)
        built = np.flatnonzero(year_built >= 0)
        np.add.at(spent, year_built[built], self.options.cost[built])
        return spent

    def overdrawn(self, year_built: IntArray) -> FloatArray:
        """Give what each year takes beyond its pots, (n_years, n_pots)."""
        spent = self.spent(year_built)
        left = np.cumsum(self.budget - spent, axis=0)
        lack = np.where(self.carries_over, np.maximum.accumulate(np.maximum(-left, 0.0), axis=0), 0.0)
        first = np.vstack([lack[:1], np.diff(lack, axis=0)])
        over = np.where(self.carries_over, first, np.maximum(spent - self.budget, 0.0))
        return np.where(over > MONEY_SLACK, over, 0.0)

    def is_allowed(self, year_built: IntArray) -> bool:
        """Tell whether a choice keeps to years, decisions, parcels and pots."""
        options = self.options
        built = year_built >= 0
        late = options.is_decided & ~(built & (year_built <= options.latest))
        per_parcel = np.bincount(options.parcel[built], minlength=1)
        return bool(
            not late.any()
            and (year_built[built] >= options.first[built]).all()
            and per_parcel.max(initial=0) <= 1
            and not self.overdrawn(year_built).any()
        )

    def with_sites(self, sites: Sites) -> Task:
        """Give the same with places for one more facility of a service each, which cost nothing here."""
        n, more = len(self.options), len(sites.service)
        options = self.options
        last = int(options.parcel.max(initial=-1)) + 1
        every = Options(
            cost=np.vstack([options.cost, np.zeros((more, options.cost.shape[1]))]),
            first=np.concatenate([options.first, np.zeros(more, np.int64)]),
            latest=np.concatenate([options.latest, np.full(more, self.n_years - 1)]),
            is_decided=np.concatenate([options.is_decided, np.zeros(more, np.bool_)]),
            parcel=np.concatenate([options.parcel, last + np.arange(more)]),
        )
        services = []
        for number, service in enumerate(self.services):
            own = np.flatnonzero(sites.service == number)
            reach = csr_array(vstack([service.reach, sites.reach[number]], format="csr"))
            places = service.places
            if places is not None and len(own):
                empty = csr_array((len(own), places.circles.shape[1]), dtype=places.circles.dtype)
                places = replace(places, circles=csr_array(vstack([places.circles, empty], format="csr")))
            services.append(
                replace(
                    service,
                    option=np.concatenate([service.option, n + own]),
                    capacity=np.concatenate([service.capacity, np.zeros(len(own))]),
                    stands_in=np.concatenate([service.stands_in, sites.unit[own]]),
                    reach=reach,
                    places=places,
                )
            )
        return replace(self, options=every, services=tuple(services))


@dataclass(frozen=True, slots=True)
class Sites:
    """Places where one more facility of a service could stand if somebody found a parcel there."""

    service: IntArray  # (n_sites,), ascending
    unit: IntArray  # (n_sites,)
    reach: tuple[csr_array, ...]  # of each service: (its sites, n_pieces)


def slack_of(requirement: Requirement) -> float:
    """Give by how little a requirement may be missed and still count as met: what rounding takes."""
    return 1e-6 * max(1.0, abs(requirement.need) * 1e-3)
