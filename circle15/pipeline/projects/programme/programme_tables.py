"""A solved programme as tables: projects by year, streets by year, goals, money, the greedy rival, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from circle15.measures.coverage import sum_by_unit
from circle15.pipeline.projects.gains import demand_of, gains_in_order
from circle15.pipeline.projects.programme.held_words import held_sentences
from circle15.pipeline.projects.programme.options import COUNT
from circle15.pipeline.projects.programme.words import (
    additions_text,
    aim_unit,
    goal_text,
    proof_sentences,
    requirement_text,
    solution_status,
)
from circle15.pipeline.projects.ranked import places_frame
from circle15.planning.programme.task import DISTRICT
from circle15.said import Said

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.pipeline.projects.programme.programmed import Own, Solved

PROGRAMME_COLUMNS = (
    "year", "order", "project_id", "name", "layer", "cell", "lon", "lat", "unit_id", "road", "community", "capacity",
    "capacity_from", "cost", "newly_covered_people", "alone_covered_people", "gap_filled", "places_filled",
    "people_per_cost", "is_decided", "group",
)  # fmt: skip
UNIT_COLUMNS = (
    "year", "unit_id", "unit_name", "layer", "group", "people", "covered_people", "covered_share",
    "newly_covered_people", "supply", "places_missing", "places_filled",
)  # fmt: skip
GOAL_COLUMNS = (
    "goal", "goal_year", "layer", "unit_id", "unit_name", "goal_kind", "target", "today", "reached", "is_met",
    "lacking", "lacking_unit", "source", "would_meet",
)  # fmt: skip
PROOF_COLUMNS = ("subject", "amount", "amount_unit", "statement")
YEAR_COLUMNS = ("year", "pot", "budget", "spent", "left", "n_projects", "more_needed", "pot_unit")


def programme_tables(solved: Solved, *, threads: int | None = None) -> dict[str, pd.DataFrame]:
    """Give programme, programme_units, programme_goals, programme_years, programme_greedy and programme_proof."""
    found = solved.found
    return {
        "programme": _with_held(solved, projects_frame(solved, found.year_built, threads=threads)),
        "programme_units": _units_frame(solved),
        "programme_goals": _goals_frame(solved),
        "programme_years": _years_frame(solved),
        "programme_greedy": projects_frame(solved, found.greedy, threads=threads),
        "programme_proof": pd.DataFrame(_proof(solved), columns=["subject", "amount", "amount_unit", "statement"]),
    }


def projects_frame(solved: Solved, year_built: npt.NDArray[np.int64], *, threads: int | None = None) -> pd.DataFrame:
    """Give a choice's projects in the order in which they are built, with what each adds in that order and alone."""
    order = _order(solved, year_built)
    frames = [_service_frame(solved, own, year_built, order, threads) for own in solved.own]
    every = pd.concat(frames, ignore_index=True).sort_values(["order", "layer"], kind="stable", ignore_index=True)
    return every[list(PROGRAMME_COLUMNS)]


def _proof(solved: Solved) -> list[tuple[Said, float, Said | str, Said]]:
    """Give subject, amount, unit and sentence of what was proven, and of what holds in the draws."""
    return [*proof_sentences(solved), *held_sentences(solved)]


def _with_held(solved: Solved, table: pd.DataFrame) -> pd.DataFrame:
    """Give programme.csv with how each project holds in the draws, where there are any."""
    held = solved.held
    if held is None:
        return table
    of_order = {number: i for i, number in enumerate(_order(solved, solved.found.year_built).tolist())}
    option = np.array([of_order[number] for number in table["order"]], dtype=np.int64)
    return table.assign(
        chosen_share=held.chosen_share[option],
        same_year_share=held.same_year_share[option],
        no_regret=held.no_regret[option],
        depends_on=held.depends_on[option],
    )


def _order(solved: Solved, year_built: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give built options their order, -1 for the others: by year, decided first, then by the people covered alone."""
    alone = np.zeros(len(year_built))
    for service in solved.task.services:
        np.add.at(alone, service.option, service.alone())
    built = np.flatnonzero(year_built >= 0)
    decided = solved.offer.options.is_decided
    rank = np.lexsort((built, -np.round(alone[built], 6), ~decided[built], year_built[built]))
    order = np.full(len(year_built), -1, dtype=np.int64)
    order[built[rank]] = np.arange(1, len(built) + 1)
    return order


def _service_frame(
    solved: Solved, own: Own, year_built: npt.NDArray[np.int64], order: npt.NDArray[np.int64], threads: int | None
) -> pd.DataFrame:
    study, offer, layer = solved.study, solved.offer, own.service.layer
    option = offer.option[own.rows]
    chosen = np.flatnonzero(year_built[option] >= 0)
    chosen = chosen[np.argsort(order[option[chosen]], kind="stable")]
    places, capacity = offer.places.take(own.rows[chosen]), own.capacity[chosen]
    gains = gains_in_order(
        study, own.service, own.at.take(chosen), capacity, demand_of(study, own.service), threads=threads
    )
    frame = places_frame(study, own.service.layer, places, capacity).assign(**gains)
    n_services = np.bincount(offer.option, minlength=len(year_built))[option[chosen]]
    is_shared = (n_services > 1) & np.isclose(places.cost, places.whole_cost)
    # Of a cost that is one for several services each row has an equal part, so that the column's sum is the money.
    cost = np.where(is_shared, places.whole_cost / n_services, places.cost)
    return frame.assign(
        year=np.array(solved.programme.years)[year_built[option[chosen]]],
        order=order[option[chosen]],
        project_id=offer.ids[option[chosen]],
        layer=layer.id,
        group=layer.group,
        cost=cost,
        people_per_cost=np.divide(frame["newly_covered_people"], cost, out=np.full(len(cost), np.nan), where=cost > 0),
        is_decided=offer.options.is_decided[option[chosen]],
    )


def _units_frame(solved: Solved) -> pd.DataFrame:
    """Give every street, and last the district, by the end of every year and service."""
    study = solved.study
    names = study.unit_names()
    frames = []
    for number, own in enumerate(solved.own):
        service, task = own.service, solved.task.services[number]
        people = sum_by_unit(service.people, study.unit_of_piece, study.n_units)
        today = sum_by_unit(np.where(service.covered, service.people, 0.0), study.unit_of_piece, study.n_units)
        stands = study.unit_of_facility[service.rows]
        supply = np.nan_to_num(sum_by_unit(service.supply[stands >= 0], stands[stands >= 0], study.n_units))
        for year, calendar in enumerate(solved.programme.years):
            is_open = solved.task.open_of(task, solved.found.year_built, year)
            newly = task.newly_covered(is_open)
            covered = today + np.append(newly, newly.sum())
            inside = is_open & (task.stands_in >= 0)
            more = sum_by_unit(np.nan_to_num(task.capacity[inside]), task.stands_in[inside], study.n_units)
            missing, filled = _missing(solved, own, number, is_open)
            frames.append(
                pd.DataFrame(
                    {
                        "year": calendar,
                        "unit_id": names["unit_id"],
                        "unit_name": names["unit_name"],
                        "layer": service.layer.id,
                        "group": service.layer.group,
                        "people": people,
                        "covered_people": covered,
                        "covered_share": np.divide(covered, people, out=np.full(len(people), np.nan), where=people > 0),
                        "newly_covered_people": np.append(newly, newly.sum()),
                        "supply": np.where(service.is_count_only, np.nan, supply + more),
                        "places_missing": missing,
                        "places_filled": filled,
                    }
                ).pipe(study.once_per_unit)
            )
    return pd.concat(frames, ignore_index=True)[list(UNIT_COLUMNS)]


def _missing(
    solved: Solved, own: Own, number: int, is_open: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the missing places of each unit and the district, and how many of today's are made up for."""
    study, places = solved.study, solved.task.services[number].places
    nothing = np.full(study.n_units + 1, np.nan)
    if places is None:
        return nothing, nothing
    now = places.shortage
    for row in np.flatnonzero(is_open):
        part = slice(places.circles.indptr[row], places.circles.indptr[row + 1])
        now = now.built(np.asarray(places.circles.indices[part], dtype=np.int64), float(own.capacity[row]))
    inside = places.shortage.is_inside
    unit = study.unit_of_piece[own.short_rows[inside]]
    before, after = (
        sum_by_unit(s.missing()[inside], unit, study.n_units) for s in (places.shortage, now)
    )  # fmt: skip
    return after, np.maximum(before - after, 0.0)


def _goals_frame(solved: Solved) -> pd.DataFrame:
    study, found = solved.study, solved.found
    names = study.unit_names()
    lacks = dict(zip(solved.asked, found.lacks.tolist(), strict=True))
    gained = {
        i: solved.task.gained(solved.task.requirements[k], found.year_built) for k, i in enumerate(solved.asked)
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for i, line in enumerate(solved.lines):
        layer = solved.own[line.service].service.layer
        at = len(names) - 1 if line.unit == DISTRICT else line.unit
        lack = lacks.get(i, 0.0)
        reached = line.reached(gained[i]) if i in gained else _reached(solved, i)
        rows.append(
            {
                "goal": goal_text(line, layer, names["unit_name"].iloc[at], solved.programme.years[line.year]),
                "goal_year": solved.programme.years[line.year],
                "layer": layer.id,
                "unit_id": names["unit_id"].iloc[at],
                "unit_name": names["unit_name"].iloc[at],
                "goal_kind": line.kind,
                "target": line.target,
                "today": line.today,
                "reached": reached,
                "is_met": lack <= 0,
                "lacking": lack,
                "lacking_unit": requirement_text(line, layer) if lack > 0 else "",
                "source": line.source or Said("配置", "config"),
                "would_meet": additions_text(solved, line) if lack > 0 else "",
            }
        )
    table = pd.DataFrame(rows, columns=list(GOAL_COLUMNS))
    return table if solved.held is None else table.assign(met_share=solved.held.met_share)


def _reached(solved: Solved, i: int) -> float:
    """Give what a goal that today meets already has in its year."""
    line = solved.lines[i]
    return line.reached(solved.task.gained(line.requirement(0), solved.found.year_built))


def _years_frame(solved: Solved) -> pd.DataFrame:
    """Give every pot of money (or of a number of projects) in every year."""
    found, offer = solved.found, solved.offer
    spent = solved.task.spent(found.year_built)
    more = np.zeros_like(spent) if found.additions is None else found.additions.money
    rows = []
    carried = np.zeros(len(offer.pots))
    for year, calendar in enumerate(solved.programme.years):
        for pot, name in enumerate(offer.pots):
            there = offer.budget[year, pot] + carried[pot]
            rows.append(
                {
                    "year": calendar,
                    "pot": _pot_name(solved, name),
                    "budget": there if np.isfinite(there) else np.nan,
                    "spent": spent[year, pot],
                    "left": there - spent[year, pot] if np.isfinite(there) else np.nan,
                    "n_projects": int((found.year_built == year).sum()),
                    "more_needed": more[year, pot],
                    "pot_unit": Said("个项目", "projects") if name == COUNT else "万元",
                }
            )
            carried[pot] = (
                max(there - spent[year, pot], 0.0) if solved.programme.carry_over and np.isfinite(there) else 0
            )
    return pd.DataFrame(rows, columns=list(YEAR_COLUMNS))


def _pot_name(solved: Solved, name: str) -> Said | str:
    if name == COUNT:
        return Said("项目数", "number of projects")
    names = {own.service.layer.id: own.service.layer.name for own in solved.own}
    return names.get(name, Said("全部", "all"))


def proof_record(solved: Solved) -> dict[str, Any]:
    """Give what was proven as run.json holds it; no times, so that the same inputs give the same record."""
    found = solved.found
    return {
        "maximise": solved.programme.maximise,
        "status": found.status,
        "objective": round(found.objective, 6),
        "bound": round(found.bound, 6) if np.isfinite(found.bound) else None,
        "gap_share": round(found.gap, 6) if np.isfinite(found.gap) else None,
        "unit": aim_unit(solved.programme.maximise).en,
        "greedy_objective": round(found.greedy_objective, 6),
        "said": [row[-1] for row in _proof(solved)],
        "solved": solution_status(found).en,
    }
