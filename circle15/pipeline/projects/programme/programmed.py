"""A district's programme: the task from its study, and what was chosen as tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from circle15.errors import ConfigError, Problem
from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.measures.coverage import sum_by_unit
from circle15.pipeline.projects.gains import circles_of_short, reach_of, short_of_places
from circle15.pipeline.projects.programme.goals import Line, goal_lines, units_of_streets
from circle15.pipeline.projects.programme.options import Offer, programme_offer
from circle15.pipeline.study.parcels import new_capacity
from circle15.pipeline.tables.levels import levels_of
from circle15.pipeline.tables.policy_tables import unit_rules_of
from circle15.planning.programme.solve import Programme, solve_programme
from circle15.planning.programme.task import Places, ServiceTask, Sites, Task
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    from circle15.config.plans.programme_table import ProgrammeTable
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.projects.programme.held_shares import HeldProgramme
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service


@dataclass(frozen=True, slots=True)
class Own:
    """One service's part of a programme."""

    service: Service
    rows: npt.NDArray[np.int64]  # (n_own,) rows of the offer's places
    at: Linkage  # of them
    capacity: npt.NDArray[np.float64]  # (n_own,)
    short_rows: npt.NDArray[np.int64]  # (n_short,) who is short of places: pieces, and cells beyond the border


@dataclass(frozen=True, slots=True)
class Solved:
    """A district's programme, solved."""

    study: Study
    programme: ProgrammeTable
    offer: Offer
    own: tuple[Own, ...]
    task: Task
    lines: tuple[Line, ...]  # every line of every goal
    asked: tuple[int, ...]  # rows of `lines` that today does not meet: the task's requirements, in order
    found: Programme
    sites: SitesAsked
    told: tuple[Said, ...]
    held: HeldProgramme | None = None  # how it holds in the draws; None where none are made


@dataclass(slots=True)
class SitesAsked:
    """Where sites would be, once they were asked for."""

    cell: npt.NDArray[np.int64] | None = None  # (n_sites,) cell of each
    sites: Sites | None = None


def solve_district_programme(study: Study, services: Sequence[Service], *, threads: int | None = None) -> Solved:
    """Choose which project is built in which year.

    Raises
    ------
    ConfigError, InputError
        If there is no [programme], or it or its tables cannot be used.
    """
    programme = study.config.programme
    if programme is None:
        message = Said(
            "没有 [programme] 表：请写明 years、budget 与目标", "there is no [programme]: state years, budget and goals"
        )
        raise ConfigError(Problem(message, file=str(study.config.path), key="programme"))
    offer = programme_offer(study, programme)
    rules = unit_rules_of(study, services, levels_of(study)) if "policy" in programme.goals else None
    lines, told = goal_lines(study, services, programme, rules)
    parts = [_own(study, service, offer, programme, threads) for service in services]
    _refuse_unknown_capacity(study, programme, parts, lines)
    asked = tuple(i for i, line in enumerate(lines) if line.need > 0)
    task = Task(
        options=offer.options,
        services=tuple(t for _, t in parts),
        budget=offer.budget,
        carries_over=np.full(offer.budget.shape[1], programme.carry_over),
        requirements=tuple(lines[i].requirement(i) for i in asked),
        aim=programme.maximise,
    )
    own = tuple(o for o, _ in parts)
    sites = SitesAsked()
    needs_sites = {task.requirements[k].service for k in range(len(asked))
                   if task.requirements[k].measure in {"people", "facilities"}}  # fmt: skip
    found = solve_programme(
        task, sites=lambda: _sites(study, own, needs_sites, sites, threads), time_limit_s=programme.seconds
    )
    said = (*offer.told, *told, *_not_counted(programme, services))
    return Solved(study, programme, offer, own, task, tuple(lines), asked, found, sites, said)


def _own(
    study: Study, service: Service, offer: Offer, programme: ProgrammeTable, threads: int | None
) -> tuple[Own, ServiceTask]:
    """Give one service's options with whom they reach."""
    rows = np.flatnonzero(offer.places.layer == service.layer.id)
    places = offer.places.take(rows)
    at = places.linked(study, service.layer.profile)
    capacity = new_capacity(study, service.layer, places.capacity)
    part = Own(service, rows, at, capacity, np.empty(0, dtype=np.int64))
    return service_task(study, part, offer, weight=programme.weights.get(service.layer.id, 1.0), threads=threads)


def service_task(
    study: Study, part: Own, offer: Offer, *, weight: float, threads: int | None = None
) -> tuple[Own, ServiceTask]:
    """Give one service's part of the task, and the part with who is short of places.

    Parameters
    ----------
    study, part
        The service as measured in ``study``, with the places that offer it linked there.
    offer
        What may be built.
    weight
        Of the service in the aim.
    threads
        Threads to search with.
    """
    service, at, capacity = part.service, part.at, part.capacity
    layer = service.layer
    lacking = np.flatnonzero(~service.covered & (service.people > 0) & service.is_linked)
    homes = study.linked_cells(layer.profile).take(study.cells.cell_of_piece[lacking])
    is_street = np.zeros(study.n_units, dtype=bool)
    is_street[units_of_streets(study)] = True
    people = sum_by_unit(service.people, study.unit_of_piece, study.n_units)[:-1]
    covered = sum_by_unit(np.where(service.covered, service.people, 0.0), study.unit_of_piece, study.n_units)[:-1]
    short_rows = np.empty(0, dtype=np.int64)
    held = None
    if service.has_norm and not np.isnan(capacity).any():
        shortage, short_rows = short_of_places(service)
        held = Places(shortage, circles_of_short(study, service, short_rows, at, threads=threads))
    task = ServiceTask(
        option=offer.option[part.rows],
        capacity=capacity,
        stands_in=offer.places.unit[part.rows],
        reach=reach_of(study, service, homes, at, threads=threads),
        people=service.people[lacking],
        missing=np.maximum(layer.min_count - service.count[lacking], 1),
        unit=study.unit_of_piece[lacking],
        people_of_unit=np.where(is_street, people, 0.0),
        covered_of_unit=covered,
        places=held,
        weight=weight,
    )
    return replace(part, short_rows=short_rows), task


def _refuse_unknown_capacity(
    study: Study, programme: ProgrammeTable, parts: Sequence[tuple[Own, ServiceTask]], lines: Sequence[Line]
) -> None:
    """See that new facilities' capacities are known wherever places count."""
    asked = {line.service for line in lines if line.kind in {"places_per_1000", "most_places_missing"}}
    problems = []
    for number, (own, _) in enumerate(parts):
        counts = number in asked or (programme.maximise == "places" and own.service.has_norm)
        if counts and np.isnan(own.capacity).any():
            layer = own.service.layer
            message = Said(
                f"请写明“{layer.name}”新设施的容量：[planning.new_capacity] {layer.id} = …，或在表中加容量一列",
                f"say what a new facility offers: [planning.new_capacity] {layer.id} = ..., or a column of capacity",
            )
            problems.append(Problem(message, file=str(study.config.path), key="programme"))
    if programme.maximise == "places" and not any(own.service.has_norm for own, _ in parts):
        message = Said(
            "没有一项服务有定额和容量，无从计算最少缺口；请取 maximise = “people”",
            'no layer has a norm and capacities, so no places are missing; take maximise = "people"',
        )
        problems.append(Problem(message, file=str(study.config.path), key="programme.maximise"))
    ConfigError.gather(problems)


def _not_counted(programme: ProgrammeTable, services: Sequence[Service]) -> list[Said]:
    """Say which services have no part in what is maximised."""
    if programme.maximise != "places":
        return []
    return [
        Said(
            f"{s.layer.name}：没有定额或容量，不计入补足的缺口",
            f"{s.layer.name}: no norm or no capacities, so it has no part in the places made up for",
        )
        for s in services
        if not s.has_norm
    ]


def _sites(study: Study, own: Sequence[Own], wanted: set[int], kept: SitesAsked, threads: int | None) -> Sites:
    """Give the centres of the district's cells as places for one more facility of each service that may need one."""
    cells = study.cells
    unit = np.full(cells.n_cells, -1, dtype=np.int64)
    unit[cells.cell_of_piece[::-1]] = study.unit_of_piece[::-1]
    rest = np.flatnonzero((study.district.units["unit_id"] == study.district.id + REST_SUFFIX).to_numpy())
    service_of, unit_of, cell_of, reach = [], [], [], []
    for number, part in enumerate(own):
        layer = part.service.layer
        at = study.linked_cells(layer.profile)
        rows = np.flatnonzero((at.edge >= 0) & (unit >= 0) & ~np.isin(unit, rest)) if number in wanted else (
            np.empty(0, dtype=np.int64)
        )  # fmt: skip
        lacking = np.flatnonzero(~part.service.covered & (part.service.people > 0) & part.service.is_linked)
        homes = at.take(cells.cell_of_piece[lacking])
        found = reach_of(study, part.service, homes, at.take(rows), threads=threads)
        first = _first_of_each(found, unit[rows])
        rows, found = rows[first], found[first]
        service_of.append(np.full(len(rows), number))
        unit_of.append(unit[rows])
        cell_of.append(rows)
        reach.append(found)
    kept.cell = np.concatenate(cell_of).astype(np.int64)
    kept.sites = Sites(
        np.concatenate(service_of).astype(np.int64), np.concatenate(unit_of).astype(np.int64), tuple(reach)
    )
    return kept.sites


def _first_of_each(reach: csr_array, unit: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give one site of those in a unit that reach the same people."""
    seen: dict[tuple[int, bytes], int] = {}
    for row in range(reach.shape[0]):
        part = np.sort(reach.indices[reach.indptr[row] : reach.indptr[row + 1]])
        seen.setdefault((int(unit[row]), part.tobytes()), row)
    return np.array(sorted(seen.values()), dtype=np.int64)
