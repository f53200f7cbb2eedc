"""One service layer, measured: times, coverage, supply and load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.catchment import CATCHMENTS
from circle15.measures.coverage import count_within, covered_cells
from circle15.measures.flow import fair_shares
from circle15.measures.gaps import need_per_head, open_gap, usable_supply
from circle15.reach.kth import seconds_to_kth
from circle15.reach.search import travel_times
from circle15.reach.times import Times, by_facility, pair_rows, spread_to_pieces, stacked

if TYPE_CHECKING:
    import pandas as pd

    from circle15.config.layer import LayerTable
    from circle15.pipeline.study.study import Study


from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.pipeline.study.study import Study

from circle15.pipeline.fit.fit_warnings import nobody_competes

FloatArray = npt.NDArray[np.float64]
SHOWN_BEYOND = 2.0
"""Times are searched to twice the threshold, so that a map tells nearly from far. Walks longer than the buffer are
upper bounds: a facility beyond the buffer may be nearer."""


@dataclass(frozen=True, slots=True)
class Competitors:
    """Everybody who competes for a layer's supply: the pieces of cells and, behind them, cells beyond the border."""

    times: Times  # (pieces + cells beyond the border) x facilities within the threshold
    people: FloatArray  # (n_pieces + n_cells beyond,) persons of the layer's group
    n_pieces: int

    def access(self, layer: LayerTable, supply: FloatArray) -> FloatArray:
        """Share `supply` (n_facilities,) out among all and give what each piece has, supply units per person.

        Conservation holds over all who compete: sum P A over the pieces and beyond the border is the supply that
        anyone reaches.
        """
        found = CATCHMENTS[layer.catchment](self.times, supply=supply, demand=self.people, decay=layer.decay)
        return found[: self.n_pieces]

    def places_missing(self, supply: FloatArray, need: FloatArray) -> FloatArray:
        """Give the places that each piece lacks however `supply` (n_facilities,) is shared out.

        ``need`` is everybody's, (n_cells,); people beyond the border have the same claim as those inside.
        """
        missing = need * (1.0 - fair_shares(self.times, supply=supply, need=need))
        return missing[: self.n_pieces]

    def people_within(self) -> FloatArray:
        """Sum the people within the threshold of each facility, the district's and those beyond, (n_facilities, 2)."""
        row = pair_rows(self.times)
        beyond = row >= self.n_pieces
        n = self.times.n_destinations
        weights = self.people[row]
        return np.column_stack(
            [np.bincount(self.times.destination[at], weights=weights[at], minlength=n) for at in (~beyond, beyond)]
        ).astype(np.float64)


@dataclass(frozen=True, slots=True)
class NeedRule:
    """What a layer's people need: as many places in all as the norm grants, where those live who take them."""

    per_head: float  # supply units
    group: str  # whose heads

    def need(self, groups: pd.DataFrame) -> FloatArray:
        """Give the need of parts of the ground, (n_parts,) supply units, by the people in them."""
        return self.per_head * groups[self.group].to_numpy(np.float64)


@dataclass(frozen=True, slots=True)
class Service:
    """A layer's measures over the pieces of cells and over its own facilities."""

    layer: LayerTable
    threshold_s: float
    rows: npt.NDArray[np.int64]  # (n_facilities,) rows of the study's facilities
    times: Times  # pieces x facilities within the threshold
    people: FloatArray  # (n_pieces,) persons of the layer's group
    seconds: FloatArray  # (n_pieces,) to the min_count-th nearest; NaN beyond SHOWN_BEYOND thresholds
    count: npt.NDArray[np.int64]  # (n_pieces,) facilities within the threshold
    covered: npt.NDArray[np.bool_]  # (n_pieces,)
    supply: FloatArray  # (n_facilities,) capacity, or 1 each where the layer states none
    is_count_only: bool  # no facility, or too few, state a capacity
    n_without_capacity: int  # facilities that state none; while enough others do, they supply 0
    access: FloatArray  # (n_pieces,) supply units per person of the group
    need: FloatArray  # (n_pieces,) in the layer's unit; NaN without a norm
    gap: FloatArray  # (n_pieces,) in the layer's unit where there is a norm; else people not covered
    places_missing: FloatArray  # (n_pieces,) in the layer's unit, however supply is shared out; NaN without a norm
    people_within: FloatArray  # (n_facilities,) persons of the group within the threshold, beyond the border too
    people_beyond: FloatArray  # (n_facilities,) those of them who live beyond the border
    load: FloatArray  # (n_facilities,) persons, beyond the border too, for whom it is the nearest within the threshold
    demand: Competitors  # who competes for the supply
    wanted: FloatArray  # (n_pieces + n_cells beyond,) need of all of them; their number without a norm
    need_rule: NeedRule | None  # None without a norm
    is_linked: npt.NDArray[np.bool_]  # (n_pieces,) on the network for the layer's profile

    @property
    def has_norm(self) -> bool:
        """Whether need can be stated in the layer's own unit."""
        return self.layer.norm_per_1000 is not None and not self.is_count_only

    @property
    def norm_per_person(self) -> float:
        """Norm in supply units per person; NaN without one."""
        return self.layer.norm_per_1000 / 1000 if self.layer.norm_per_1000 is not None else float("nan")


def measure_service(
    layer: LayerTable, study: Study, *, threads: int | None = None, with_missing: bool = True
) -> Service:
    """Walk from every cell to the layer's facilities and measure what they mean for people.

    Coverage is read from times, never from polygons. A facility with several entrances is reached at the nearest.
    Without ``with_missing`` the places missing, which take as long as all the rest, are left NaN.
    """
    threshold_s = study.config.threshold_s(layer)
    rows = study.rows_of(layer.id)
    cells, entrances, owner = study.linked_cells(layer.profile), *study.linked_entrances(layer)
    table = travel_times(study.network, cells, entrances, profile=layer.profile, cutoff_s=threshold_s, threads=threads)
    by_cell = by_facility(table, owner, len(rows))
    times = spread_to_pieces(by_cell, study.cells.cell_of_piece)
    shown = seconds_to_kth(
        study.network, cells, entrances, owner,
        k=layer.min_count, profile=layer.profile, cutoff_s=SHOWN_BEYOND * threshold_s, threads=threads,
    )  # fmt: skip
    seconds = shown[study.cells.cell_of_piece]
    people = study.people.groups[layer.group].to_numpy(np.float64)
    covered = covered_cells(seconds, threshold_s)
    capacity = study.facilities["capacity"].to_numpy(np.float64)[rows]
    supply, without = usable_supply(capacity, least_share=layer.least_capacity_share)
    is_count_only = supply is None
    places = np.ones(len(rows)) if supply is None else supply
    demand = _demand(layer, study, times, people, threads)
    access = demand.access(layer, places)
    rule = None if is_count_only else _need_rule(layer, study)
    nothing = np.full(len(people), np.nan)
    need = nothing if rule is None else rule.need(study.people.groups)
    wanted = demand.people if rule is None else _needs(rule, study, need)
    within = demand.people_within()
    return Service(
        layer=layer,
        threshold_s=threshold_s,
        rows=rows,
        times=times,
        people=people,
        seconds=seconds,
        count=count_within(times, threshold_s),
        covered=covered,
        supply=places,
        is_count_only=is_count_only,
        n_without_capacity=int(without.sum()),
        access=access,
        need=need,
        gap=np.where(covered, 0.0, people) if rule is None else open_gap(access, people, need),
        places_missing=nothing if rule is None or not with_missing else demand.places_missing(places, wanted),
        people_within=within.sum(axis=1),
        people_beyond=within[:, 1],
        load=_nearest_load(demand.times, demand.people),
        demand=demand,
        wanted=wanted,
        need_rule=rule,
        is_linked=(study.linked_cells(layer.profile).edge >= 0)[study.cells.cell_of_piece],
    )


def _need_rule(layer: LayerTable, study: Study) -> NeedRule | None:
    """Decide whose heads need what: those of the layer's group, scaled to what the norm grants the whole district."""
    if layer.norm_per_1000 is None:
        return None
    groups = study.people.groups
    users, norm_people = (float(groups[name].sum()) for name in (layer.group, layer.norm_group))
    rate, is_of_group = need_per_head(users, norm_people, layer.norm_per_1000 / 1000)
    return NeedRule(rate, layer.group if is_of_group else layer.norm_group)


def _needs(rule: NeedRule, study: Study, need: FloatArray) -> FloatArray:
    """Give everybody's need: the pieces' and, behind them, that of the people beyond the border."""
    return need if study.around is None else np.concatenate([need, rule.need(study.around.groups)])


def _demand(layer: LayerTable, study: Study, times: Times, people: FloatArray, threads: int | None) -> Competitors:
    """Add the people beyond the border to the district's, where the population source tells of them."""
    around = study.around
    if around is None:
        return Competitors(times, people, len(people))
    at = study.linked_around(around, layer.profile)
    entrances, owner = study.linked_entrances(layer)
    table = travel_times(study.network, at, entrances, profile=layer.profile, cutoff_s=times.cutoff_s, threads=threads)
    beyond = around.groups[layer.group].to_numpy(np.float64)
    every = stacked(times, by_facility(table, owner, times.n_destinations))
    return Competitors(every, np.concatenate([people, beyond]), len(people))


def _nearest_load(times: Times, people: FloatArray) -> FloatArray:
    """Sum people at their nearest facility; at equal times the first in order."""
    row = pair_rows(times)
    order = np.lexsort((times.destination, times.seconds, row))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = row[order][1:] != row[order][:-1]
    chosen = order[first]
    load = np.bincount(times.destination[chosen], weights=people[row[chosen]], minlength=times.n_destinations)
    return load.astype(np.float64)


def count_competitors(study: Study, services: Sequence[Service]) -> Study:
    """Count the people beyond the border who can walk to a facility, and warn where nobody can."""
    people, around = 0.0, study.around
    if around is not None:
        competes = np.zeros(len(around.lon), dtype=np.bool_)
        for service in services:
            competes |= np.diff(service.demand.times.indptr)[service.demand.n_pieces :] > 0
        people = float(around.groups["all"].to_numpy(np.float64)[competes].sum())
    population = study.counts["population"] | {"people_competing_from_the_buffer": people}
    warnings = study.warnings if people else (*study.warnings, nobody_competes(study))
    return replace(study, counts=study.counts | {"population": population}, warnings=warnings)
