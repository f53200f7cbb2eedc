"""What a programme must reach: the config's goals and the plan's, as lines of so much more than today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.errors import ConfigError, Problem
from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.inputs.tables.units_of_supply import compare_units
from circle15.measures.coverage import sum_by_unit
from circle15.planning.programme.task import DISTRICT, Requirement
from circle15.policy.apply import norm_group
from circle15.policy.targets import indicator_series
from circle15.policy.traps import is_dated
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from circle15.config.plans.programme_table import GoalTable, ProgrammeTable
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service
    from circle15.policy.traps import Row

_MEASURE = {
    "covered_share": "people",
    "least_unit_share": "people",
    "places_per_1000": "supply",
    "most_places_missing": "places",
    "facilities_per_unit": "facilities",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a goal: a measure in a unit by the end of a year."""

    kind: str  # as the config names goals
    service: int
    unit: int  # DISTRICT for the whole
    year: int  # 0 for the first
    target: float  # in the measure's own terms: a share, places per 1,000, places, facilities
    today: float  # in the same
    scale: float  # absolute amount of one of these: people of a share, thousands of people of a rate, else 1
    source: str  # of the plan's document; "" of the config's own goals

    @property
    def need(self) -> float:
        """How much more than today, in people, places or facilities; not above 0 where today is enough."""
        if self.kind == "most_places_missing":
            return self.today - self.target
        return (self.target - self.today) * self.scale

    def requirement(self, number: int) -> Requirement:
        """Give it as the programme asks it."""
        return Requirement(number, _MEASURE[self.kind], self.service, self.unit, self.year, self.need)  # type: ignore[arg-type]

    def reached(self, gained: float) -> float:
        """Give what is reached when ``gained`` people, places or facilities are added to today's."""
        return self.today - gained if self.kind == "most_places_missing" else self.today + gained / self.scale


def goal_lines(
    study: Study, services: Sequence[Service], programme: ProgrammeTable, unit_rules: pd.DataFrame | None
) -> tuple[list[Line], list[Said]]:
    """Give every line of every goal, those that today meets already too, and what of the plan cannot be asked.

    Parameters
    ----------
    unit_rules
        The run's unit_rules table; None without a plan.

    Raises
    ------
    ConfigError
        If a goal asks of a layer what it cannot have, or names no unit of the district.
    """
    lines: list[Line] = []
    told: list[Said] = []
    problems: list[Problem] = []
    number = {s.layer.id: i for i, s in enumerate(services)}
    for i, goal in enumerate(programme.goals):
        key = f"programme.goals.{i}"
        if goal == "policy":
            if study.policy.registers is None:
                message = Said("“policy”需要 [policy] 表", '"policy" needs a [policy] table')
                problems.append(Problem(message, file=str(study.config.path), key=key))
                continue
            lines += _of_targets(study, services, programme, told)
            lines += _of_rules(study, services, programme, unit_rules, told)
            continue
        service = services[number[goal.layer]]
        fault = _fault(study, service, goal)
        if fault is not None:
            problems.append(Problem(fault, file=str(study.config.path), key=key))
            continue
        lines += _of_config(study, service, number[goal.layer], goal, programme)
    ConfigError.gather(problems)
    return _strictest(lines), told


def units_of_streets(study: Study) -> list[int]:
    """Give the rows of the units that are streets, without the ground that belongs to none."""
    ids = study.district.units["unit_id"].tolist()
    return [i for i, unit_id in enumerate(ids) if unit_id != study.district.id + REST_SUFFIX]


def _fault(study: Study, service: Service, goal: GoalTable) -> Said | None:
    """Say why a goal cannot be asked."""
    layer = service.layer
    if goal.kind == "places_per_1000" and service.is_count_only:
        return Said(
            f"“{layer.name}”的设施没有容量，无从计算千人指标",
            f"layer {layer.id}: its facilities state no capacity, so there are no places per 1,000",
        )
    if goal.kind == "most_places_missing" and not service.has_norm:
        return Said(
            f"“{layer.name}”没有定额或容量，无从计算最少缺口",
            f"layer {layer.id} has no norm_per_1000 or no capacities, so no places are missing",
        )
    if goal.unit is not None and _unit_row(study, goal.unit) is None:
        known = ", ".join(f"{i} ({n})" for i, n in zip(*(study.district.units[c] for c in ("unit_id", "unit_name")),
                                                         strict=True))  # fmt: skip
        return Said(f"没有街道“{goal.unit}”；现有 {known}", f"there is no unit {goal.unit!r}; there are {known}")
    return None


def _unit_row(study: Study, name: str) -> int | None:
    units = study.district.units
    for column in ("unit_id", "unit_name"):
        rows = np.flatnonzero((units[column].astype(str) == name).to_numpy())
        if len(rows) == 1:
            return int(rows[0])
    return None


def _of_config(
    study: Study, service: Service, number: int, goal: GoalTable, programme: ProgrammeTable
) -> Iterator[Line]:
    year = len(programme.years) - 1 if goal.year is None else programme.years.index(goal.year)
    unit = DISTRICT if goal.unit is None else _unit_row(study, goal.unit)
    target = float(getattr(goal, goal.kind))
    every = goal.kind in {"least_unit_share", "facilities_per_unit"} and goal.unit is None
    for one in units_of_streets(study) if every else [DISTRICT if unit is None else unit]:
        line = _line(study, service, number, kind=goal.kind, unit=one, year=year, target=target)
        if line is not None:
            yield line


def _line(
    study: Study, service: Service, number: int, *, kind: str, unit: int, year: int, target: float, source: str = ""
) -> Line | None:
    """Make a line; None where a street has nobody to cover."""
    if kind == "most_places_missing":
        return Line(kind, number, unit, year, target, float(service.places_missing.sum()), 1.0, source)
    if kind == "facilities_per_unit":
        stands = study.unit_of_facility[service.rows]
        today = float(((stands >= 0) if unit == DISTRICT else (stands == unit)).sum())
        return Line(kind, number, unit, year, target, today, 1.0, source)
    if kind == "places_per_1000":
        stands = study.unit_of_facility[service.rows]
        heads = _in_unit(study, study.people.groups[service.layer.norm_group].to_numpy(np.float64), unit)
        supply = float(service.supply[(stands >= 0) if unit == DISTRICT else (stands == unit)].sum())
        thousands = heads / 1000
        return Line(kind, number, unit, year, target, supply / thousands, thousands, source) if heads > 0 else None
    people = _in_unit(study, service.people, unit)
    covered = _in_unit(study, np.where(service.covered, service.people, 0.0), unit)
    return Line(kind, number, unit, year, target, covered / people, people, source) if people > 0 else None


def _in_unit(study: Study, values: np.ndarray, unit: int) -> float:
    return float(sum_by_unit(values, study.unit_of_piece, study.n_units)[unit])


def _of_targets(
    study: Study, services: Sequence[Service], programme: ProgrammeTable, told: list[Said]
) -> Iterator[Line]:
    """Give the plan's places per 1,000 for every year of the programme that it states, and what was due before."""
    registers, policy = study.policy.registers, study.config.policy
    if registers is None or policy is None:
        return
    titles = registers.documents.set_index("document_id")["title_zh"].to_dict()
    for (indicator, unit_zh, _), rows in indicator_series(registers, policy.place).items():
        owners = set(registers.norms.loc[registers.norms["indicator_id"] == indicator, "service_id"])
        for number, service in enumerate(services):
            layer = service.layer
            if layer.id not in owners:
                continue
            asked = _asked(rows, programme)
            if not asked:
                continue
            group = norm_group(asked[-1])
            unit = layer.capacity_unit
            if service.is_count_only or group is None or group not in study.people.groups or unit is None or (
                compare_units(unit, unit_zh) == "different"
            ):  # fmt: skip
                told.append(
                    Said(
                        f"规划指标“{asked[-1]['indicator_zh']}”无法与“{layer.name}”对照（分母、单位或容量未知），未列为目标",
                        f"the plan's {indicator.replace('_', ' ')} cannot be held against layer {layer.id}"
                        " (denominator, unit or capacities unknown) and is no goal",
                    )
                )
                continue
            heads = float(study.people.groups[group].sum())
            supply = float(service.supply[study.unit_of_facility[service.rows] >= 0].sum())
            for r in asked:
                rate = float(r["value"]) / float(r["per"]) * 1000
                source = f"{titles.get(r['document_id'], r['document_id'])} {r['location']}"
                year = int(np.searchsorted(programme.years, int(r["year"])))
                today, thousands = supply / heads * 1000, heads / 1000
                yield Line("places_per_1000", number, DISTRICT, year, rate, today, thousands, source)


def _asked(rows: Sequence[Row], programme: ProgrammeTable) -> list[Row]:
    """Give an indicator's least levels of the programme's span, and those of the latest year before, which are due."""
    levels = [r for r in rows if not r["is_base"] and is_dated(r) and r["direction"] == ">="]
    before = [int(r["year"]) for r in levels if int(r["year"]) < programme.years[0]]
    latest = max(before, default=None)
    return [
        r for r in levels if int(r["year"]) == latest or programme.years[0] <= int(r["year"]) <= programme.years[-1]
    ]


def _of_rules(
    study: Study, services: Sequence[Service], programme: ProgrammeTable, rules: pd.DataFrame | None, told: list[Said]
) -> Iterator[Line]:
    """Give the plan's least numbers of facilities in streets, of rules that any facility of the service meets."""
    if rules is None or not len(rules):
        return
    row_of = {unit_id: i for i, unit_id in enumerate(study.district.units["unit_id"])}
    number = {s.layer.id: i for i, s in enumerate(services)}
    only: set[str] = set()
    rule: Any
    for rule in rules[rules["status"].isin(["met", "behind"])].itertuples(index=False):
        if rule.service_id not in number or rule.level != "town" or rule.unit_id not in row_of:
            continue
        if rule.kind_required:
            only.add(f"{rule.service_id}（{rule.kind_required}）")
            continue
        year = _deadline(programme, rule.deadline_year)
        if year is None:
            continue
        service = services[number[rule.service_id]]
        found = _line(
            study, service, number[rule.service_id], kind="facilities_per_unit", unit=row_of[rule.unit_id], year=year,
            target=float(rule.required), source=str(rule.wording),
        )  # fmt: skip
        if found is not None:
            yield found
    if only:
        names = "、".join(sorted(only))
        told.append(
            Said(
                f"规划中只认某一类设施的规则无法由未写明类别的备选项目满足，未列为目标：{names}",
                "rules of the plan that count one kind of facility only are no goals, as candidates state no kind:"
                f" {names}",
            )
        )


def _deadline(programme: ProgrammeTable, deadline: float) -> int | None:
    """Give the year of the programme by whose end a rule must hold; the last where it has no deadline."""
    if np.isnan(deadline) or deadline <= programme.years[0]:
        return len(programme.years) - 1 if np.isnan(deadline) else 0
    due = [i for i, year in enumerate(programme.years) if year <= deadline]
    return due[-1] if deadline <= programme.years[-1] else None


def _strictest(lines: Sequence[Line]) -> list[Line]:
    """Leave out lines that another one asks for already with at least as much."""
    kept: dict[tuple[object, ...], Line] = {}
    for line in lines:
        key = (line.kind, line.service, line.unit, line.year, line.scale)
        if key not in kept or line.need > kept[key].need:
            kept[key] = line
    return list(kept.values())
