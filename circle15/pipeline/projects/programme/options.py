"""What a programme may build: tables and scenario files to options with cost, years and decisions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from circle15.config.faults.validation_words import worded
from circle15.config.layer_names import with_layer_ids
from circle15.config.model import read_toml
from circle15.config.planning import ChangeTable
from circle15.config.plans.programme_table import files_named
from circle15.errors import ConfigError, Problem
from circle15.inputs.ground.cells import COORDINATE_DECIMALS
from circle15.pipeline.study.parcel_rows import ANY_YEAR, NOT_DECIDED
from circle15.pipeline.study.parcels import Parcels, free_of_forbidden, parcels_at, read_parcels
from circle15.planning.programme.task import Options
from circle15.said import COMMA, Said

if TYPE_CHECKING:
    from circle15.config.plans.programme_table import ProgrammeTable
    from circle15.pipeline.study.study import Study

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """Options, and the places that offer a service under each."""

    places: Parcels  # (n_rows,) one row for each service of an option
    option: IntArray  # (n_rows,) its option
    options: Options
    ids: npt.NDArray[np.object_]  # (n_options,) of the project
    budget: FloatArray  # (n_years, n_pots)
    pots: tuple[str, ...]  # "all" or a layer id for money in 万元; COUNT for the number of projects
    told: tuple[Said, ...]  # what was left out, and why


COUNT = "projects"
ALL = "all"


def programme_offer(study: Study, programme: ProgrammeTable) -> Offer:
    """Read what may be built and what is decided.

    Raises
    ------
    InputError, ConfigError
        If no source is named, or one cannot be used; names every row.
    """
    told: list[Said] = []
    places = _gathered(study, programme, told)
    places, option = _alternatives(study, places)
    places, option = _usable(study, programme, places, option, told)
    _, first_row, option = np.unique(option, return_index=True, return_inverse=True)
    years = np.array(programme.years)
    decided, of = places.decided[first_row], places.take(first_row)
    first = np.where(np.isnan(of.first_year), 0, np.searchsorted(years, np.nan_to_num(of.first_year, nan=0)))
    is_decided, is_dated = decided != NOT_DECIDED, decided > ANY_YEAR
    due = np.minimum(np.searchsorted(years, decided), len(years) - 1)
    _refuse_too_early(study, of, decided)
    first = np.where(is_dated, due, first).astype(np.int64)
    latest = np.where(is_dated, due, len(years) - 1).astype(np.int64)
    keys = [(of.name[i], of.lon[i], of.lat[i]) for i in range(len(of))]
    # What is decided is built whatever else stands on its parcel.
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    parcel = np.array([number[key] for key in keys], dtype=np.int64)
    parcel = np.where(is_decided, len(keys) + np.arange(len(keys)), parcel)
    pots, budget, cost = _money(study, programme, places, option.astype(np.int64), of)
    taken = np.array([of.id[i] or f"p{of.project[i] + 1}" for i in range(len(of))], dtype=object)
    return Offer(
        places=places,
        option=option.astype(np.int64),
        options=Options(cost, first, latest, is_decided, parcel),
        ids=taken,
        budget=budget,
        pots=pots,
        told=tuple(told),
    )


def _gathered(study: Study, programme: ProgrammeTable, told: list[Said]) -> Parcels:
    """Read every source; projects are numbered through."""
    planning = study.config.planning
    named = files_named(programme.candidates) or files_named(planning.candidates) or files_named(planning.projects)
    decided = files_named(programme.decided)
    if not named and not decided:
        message = Said(
            '请写明可建项目：[programme] candidates = "文件"，或 [planning] candidates',
            'name what may be built: [programme] candidates = "FILE", or [planning] candidates',
        )
        raise ConfigError(Problem(message, file=str(study.config.path), key="programme.candidates"))
    parts: list[Parcels] = []
    n_projects = 0
    for name, is_decided in [*((n, False) for n in named), *((n, True) for n in decided)]:
        part = scenario_places(study, name) if name.lower().endswith(".toml") else read_parcels(study, name)
        found = {f.name: getattr(part, f.name) for f in fields(part)}
        found["project"] = part.project + n_projects
        if is_decided:
            found["decided"] = np.where(part.decided == NOT_DECIDED, ANY_YEAR, part.decided)
        n_projects += int(part.project.max(initial=-1)) + 1
        parts.append(Parcels(**found))
    every = Parcels(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Parcels)})
    is_free = free_of_forbidden(study, every) | (every.decided != NOT_DECIDED)
    _leave_out(every, ~is_free, Said("位于禁建区", "lie in forbidden areas"), told)
    return every.take(np.flatnonzero(is_free))


def scenario_places(study: Study, name: str) -> Parcels:
    """Read the new facilities of a scenario file, such as a what-if's export.

    Raises
    ------
    ConfigError
        If it cannot be read, or changes anything else: such a scenario is the state that a programme starts from.
    """
    path = study.config.resolve(name)
    raw = read_toml(path)
    changes, problems = [], []
    ids = {layer.id for layer in study.config.layers}
    layers = [{"id": layer.id, "name": layer.name} for layer in study.config.layers]
    named = with_layer_ids({"layer": layers, "change": raw.get("change", [])})
    for number, given in enumerate(named["change"], start=1):
        key = f"change.{number}"
        try:
            change = ChangeTable.model_validate(given)
        except ValidationError as e:
            problems += [Problem(worded(error), file=str(path), key=key) for error in e.errors(include_url=False)]
            continue
        if change.kind != "add_facility":
            message = Said(
                f"kind = “{change.kind}”改变现状，不是可选项目；请以该方案为起点，在方案文件中写 [programme] 再运行",
                f'kind = "{change.kind}" changes today\'s state and is no project to choose: give the programme that'
                " scenario to start from (write [programme] in it, or in its base)",
            )
            problems.append(Problem(message, file=str(path), key=key))
        elif change.layer not in ids:
            known = ", ".join(sorted(ids))
            message = Said(f"没有这项服务；配置中有 {known}", f"no such layer; the config has {known}")
            problems.append(Problem(message, file=str(path), key=key, value=change.layer))
        changes.append(change)
    if not raw.get("change"):
        problems.append(Problem(Said("没有 [[change]]", "has no [[change]]"), file=str(path)))
    ConfigError.gather(problems)
    cost = np.array([np.nan if c.cost is None or c.cost == 0 else c.cost for c in changes])
    return parcels_at(
        study,
        np.array([c.lon for c in changes], dtype=np.float64).round(COORDINATE_DECIMALS),
        np.array([c.lat for c in changes], dtype=np.float64).round(COORDINATE_DECIMALS),
        name=np.array([c.name or "" for c in changes], dtype=object),
        layer=np.array([c.layer for c in changes], dtype=object),
        cost=cost,
        whole_cost=cost,
        capacity=np.array([np.nan if c.capacity is None else c.capacity for c in changes]),
        id=np.array([c.id or "" for c in changes], dtype=object),
    )


def _alternatives(study: Study, places: Parcels) -> tuple[Parcels, IntArray]:
    """Let a place for any service stand once for each; give the places and the option of each row."""
    layers = [layer.id for layer in study.config.layers]
    open_ended = (places.layer == "") & (places.decided != NOT_DECIDED)
    if len(layers) > 1 and open_ended.any():
        message = Said("已定项目须写明服务：{names}", "a decided project says for which service: {names}").format(
            names=_names(places, open_ended)
        )
        raise ConfigError(Problem(message, file=str(study.config.path), key="programme"))
    rows, layer, option = [], [], []
    numbers: dict[tuple[int, str], int] = {}
    for row in range(len(places)):
        for own in layers if places.layer[row] == "" else [places.layer[row]]:
            key = (int(places.project[row]), own if places.layer[row] == "" else "")
            rows.append(row)
            layer.append(own)
            option.append(numbers.setdefault(key, len(numbers)))
    every = places.take(np.array(rows, dtype=np.int64))
    values = {f.name: getattr(every, f.name) for f in fields(every)}
    return Parcels(**(values | {"layer": np.array(layer, dtype=object)})), np.array(option, dtype=np.int64)


def _usable(
    study: Study, programme: ProgrammeTable, places: Parcels, option: IntArray, told: list[Said]
) -> tuple[Parcels, IntArray]:
    """Leave out, and tell, options off the streets, without a cost where money bounds, or after the last year."""
    profile = {layer.id: layer.profile for layer in study.config.layers}
    linked = np.zeros(len(places), dtype=bool)
    for name in sorted(set(profile.values())):
        own = np.flatnonzero(np.array([profile[layer] == name for layer in places.layer], dtype=bool))
        linked[own] = places.take(own).linked(study, name).edge >= 0
    is_decided, last = places.decided != NOT_DECIDED, programme.years[-1]
    is_bounded = programme.budget is not None
    reasons = (
        (~_any_of(linked, option) & ~is_decided, Said("附近没有可步行的街道", "are on no walkable street")),
        (np.isnan(places.whole_cost) & is_bounded & ~is_decided, Said("没有写明造价", "state no cost")),
        (
            (places.first_year > last) | (places.decided > last),
            Said(f"在 {last} 年之后才能建", f"may only be built after {last}"),
        ),
        (_beside_decided(places), Said("地块已有已定项目", "are on the parcel of a decided project")),
    )
    kept = np.ones(len(places), dtype=bool)
    for lost, why in reasons:
        _leave_out(places, lost & kept, why, told)
        kept &= ~lost
    unpaid = kept & is_decided & np.isnan(places.whole_cost)
    if is_bounded and unpaid.any():
        names = _names(places, unpaid)
        told.append(
            Said(
                "已定项目没有写明造价，按已付清计：{names}",
                "decided projects state no cost and count as paid: {names}",
            ).format(names=names)
        )
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise ConfigError(*(told or [Said("没有可建的项目", "there is nothing that may be built")]))
    return places.take(rows), option[rows]


def _any_of(flag: npt.NDArray[np.bool_], option: IntArray) -> npt.NDArray[np.bool_]:
    found = np.zeros(int(option.max(initial=-1)) + 1, dtype=bool)
    np.logical_or.at(found, option, flag)
    return found[option]


def _beside_decided(places: Parcels) -> npt.NDArray[np.bool_]:
    """Tell which rows are alternatives on the parcel of a decided project."""
    keys = [(places.name[i], places.lon[i], places.lat[i]) for i in range(len(places))]
    is_decided = places.decided != NOT_DECIDED
    held = {key for key, decided in zip(keys, is_decided, strict=True) if decided}
    return np.array([key in held and not d for key, d in zip(keys, is_decided, strict=True)], dtype=bool)


def _names(places: Parcels, rows: npt.NDArray[np.bool_]) -> Said:
    found = [str(places.name[i]) or f"{places.lon[i]:g},{places.lat[i]:g}" for i in np.flatnonzero(rows)]
    names = list(dict.fromkeys(found))
    more = " …" if len(names) > _SHOWN else ""
    return COMMA.join(names[:_SHOWN]) + Said(more, more) if more else COMMA.join(names[:_SHOWN])


def _leave_out(places: Parcels, lost: npt.NDArray[np.bool_], why: Said, told: list[Said]) -> None:
    if lost.any():
        n = len(set(places.project[lost].tolist()))
        told.append(
            Said("{n} 个项目{why}，未纳入：{names}", "{n} projects {why} and are left out: {names}").format(
                n=n, why=why, names=_names(places, lost)
            )
        )


def _refuse_too_early(study: Study, of: Parcels, decided: IntArray) -> None:
    problems = [
        Problem(
            Said(
                f"“{of.name[i] or of.id[i]}”定于 {decided[i]} 年建，却写明最早 {of.first_year[i]:.0f} 年",
                f"{of.name[i] or of.id[i]!r} is decided for {decided[i]}, but may be built from {of.first_year[i]:.0f}",
            ),
            file=str(study.config.path),
            key="programme.candidates",
        )
        for i in np.flatnonzero((decided > ANY_YEAR) & (of.first_year > decided)).tolist()
    ]
    ConfigError.gather(problems)


def _money(
    study: Study, programme: ProgrammeTable, places: Parcels, option: IntArray, of: Parcels
) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Give the pots, what each year puts into them, and what each option takes of each."""
    n_years, n = len(programme.years), len(of)
    pots: list[str] = []
    budget: list[FloatArray] = []
    cost: list[FloatArray] = []
    if isinstance(programme.budget, dict):
        _refuse_shared(study, programme.budget, places, option)
        for layer, given in programme.budget.items():
            own = np.where((places.layer == layer) & ~np.isnan(places.cost), np.nan_to_num(places.cost), 0.0)
            pots.append(layer)
            budget.append(_by_year(given, n_years))
            cost.append(np.bincount(option, weights=own, minlength=n).astype(np.float64))
    elif programme.budget is not None:
        pots.append(ALL)
        budget.append(_by_year(programme.budget, n_years))
        cost.append(np.nan_to_num(of.whole_cost))
    if programme.projects_per_year is not None:
        pots.append(COUNT)
        budget.append(_by_year(programme.projects_per_year, n_years))
        cost.append(np.ones(n))
    if not pots:
        pots, budget, cost = [ALL], [np.full(n_years, np.inf)], [np.nan_to_num(of.whole_cost)]
    return tuple(pots), np.stack(budget, axis=1), np.stack(cost, axis=1)


def _by_year(given: Any, n_years: int) -> FloatArray:
    return np.array(given, dtype=np.float64) if isinstance(given, tuple) else np.full(n_years, float(given))


def _refuse_shared(study: Study, budget: dict[str, Any], places: Parcels, option: IntArray) -> None:
    """See that with money by service every service has a pot, and every project a cost for each of its services."""
    problems = []
    without = sorted(set(places.layer.tolist()) - set(budget))
    for layer in without:
        message = Said(
            f"没有服务 {layer} 的预算；分服务的预算应逐一写明，没有则写 0",
            f"has no money for {layer}; money by service names every service that has candidates, 0 for none",
        )
        problems.append(Problem(message, file=str(study.config.path), key="programme.budget"))
    for number in np.unique(option).tolist():
        rows = np.flatnonzero(option == number)
        cost = places.cost[rows]
        if len(rows) > 1 and not np.isnan(cost).any() and not np.isclose(cost.sum(), places.whole_cost[rows[0]]):
            name = str(places.name[rows[0]])
            message = Said(
                f"“{name}”含多项服务：预算分服务时，造价也须按服务分列，如 120、80",
                f"{name!r} is for several services: with money by service its cost is stated for each, such as 120、80",
            )
            problems.append(Problem(message, file=str(study.config.path), key="programme.budget"))
    ConfigError.gather(problems)
