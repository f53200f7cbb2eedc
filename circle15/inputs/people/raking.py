"""Raking: cells' people made to agree with official totals by unit and group (iterative proportional fitting)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.errors import InputError, Problem
from circle15.inputs.people.age_classes import parse_ages
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.inputs.tables.import_report import Change

ALL = "all"
TOLERANCE = 1e-3
"""Persons by which a total may be missed; a contradiction is reported where it stays above `ACCEPTED`."""
ACCEPTED = 0.5
MAX_ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class Raked:
    """Cells that agree with the totals, and the table that shows it."""

    groups: pd.DataFrame  # (n_pieces, n_groups) persons, "all" first
    table: pd.DataFrame  # unit_id, group, total, before, after: a row per total
    rounds: int
    changes: tuple[Change, ...] = ()  # lines of the import report on the table of totals


@dataclass(frozen=True, slots=True)
class _Total:
    group: str
    unit: int  # -1 for the whole district
    people: float
    row: int  # row of the totals table, heading = 1


def rake(
    groups: pd.DataFrame,
    unit: npt.ArrayLike,
    unit_ids: Sequence[str],
    totals: pd.DataFrame,
    *,
    district_id: str = "",
    file: str | None = None,
) -> Raked:
    """Scale cells in turn to each official total until all are met.

    Method: iterative proportional fitting (Deming & Stephan 1940, Annals of Mathematical Statistics 11(4),
    doi:10.1214/aoms/1177731829). Where no total speaks of everybody ("all"), each unit keeps as many as it has.

    People of different ages are kept apart: a group inside another (age_65_plus in age_60_plus, every group in all) is
    a part of it, so a group never exceeds what holds it. A group that the cells do not have yet begins with the same
    share everywhere.

    Parameters
    ----------
    groups
        Persons per piece and group, "all" among the columns; (n_pieces, n_groups).
    unit
        Unit code of each piece, int (n_pieces,).
    unit_ids
        Id of each unit code.
    totals
        unit_id (or `district_id` for the whole), group, people, and row as the file has it (by default from 2).
    district_id
        Id of the whole district.
    file
        Name of the totals' file, for messages.

    Returns
    -------
    Raked
        Every total met to 0.5 person.

    Raises
    ------
    InputError
        If a unit is unknown, a total is negative or stands twice, two groups overlap without one holding the other, a
        total asks for people where the cells have nobody, or totals contradict each other.
    """
    codes = np.asarray(unit, dtype=np.int64)
    wanted = _read_totals(totals, unit_ids, district_id, file)
    seeded = _with_new_groups(groups, wanted)
    children = _nesting(list(seeded.columns), file)
    atoms, members = _to_atoms(seeded, children)
    before = [_sum(atoms, members, codes, t) for t in wanted]
    empty = [t for t, now in zip(wanted, before, strict=True) if t.people > 0 and now <= 0]
    InputError.gather(
        Problem(
            Said(f"{_name(t, unit_ids, district_id)} 的人群 {t.group} 要求 {t.people:g} 人，而其网格中无人；"
            "请改正总数或人口来源",
            f"asks for {t.people:g} people of group {t.group} in {_name(t, unit_ids, district_id)}, where the cells"
            " have nobody; correct the total or the population source"),
            file=file, row=t.row, column="people", value=t.people,
        )
        for t in empty
    )  # fmt: skip
    kept = () if any(t.group == ALL for t in wanted) else _totals_as_they_are(groups, codes, len(unit_ids))
    rounds = _fit(atoms, members, codes, (*wanted, *kept), len(unit_ids))
    after = [_sum(atoms, members, codes, t) for t in wanted]
    missed = [(t, now) for t, now in zip(wanted, after, strict=True) if abs(now - t.people) > ACCEPTED]
    InputError.gather(
        Problem(
            Said(f"各总数相互矛盾：{_name(t, unit_ids, district_id)} 的人群 {t.group} {t.people:g} 人"
            f"无法与其他总数同时满足（最接近 {now:.1f}）",
            f"the totals contradict each other: {t.people:g} people of group {t.group} in"
            f" {_name(t, unit_ids, district_id)} cannot be met beside the others (nearest: {now:.1f})"),
            file=file, row=t.row, column="people", value=t.people,
        )
        for t, now in missed
    )  # fmt: skip
    fitted = pd.DataFrame({g: atoms[:, members[g]].sum(axis=1) for g in seeded.columns}, index=groups.index)
    rows = [
        (_name(t, unit_ids, district_id), t.group, t.people, b, a)
        for t, b, a in zip(wanted, before, after, strict=True)
    ]
    return Raked(fitted, pd.DataFrame(rows, columns=["unit_id", "group", "total", "before", "after"]), rounds)


def _read_totals(
    totals: pd.DataFrame, unit_ids: Sequence[str], district_id: str, file: str | None
) -> tuple[_Total, ...]:
    index = {str(u): i for i, u in enumerate(unit_ids)} | {district_id: -1}
    problems: list[Problem] = []
    seen: set[tuple[str, int]] = set()
    found = []
    numbers = totals["row"].tolist() if "row" in totals else range(2, len(totals) + 2)
    columns = zip(totals["unit_id"].astype(str), totals["group"].astype(str), totals["people"], numbers, strict=True)
    for name, group, people, row in columns:
        if name not in index:
            known = ", ".join(list(index)[:8])
            problems.append(
                Problem(
                    Said(f"没有这个街道；现有：{known}", f"there is no such unit; known: {known}"),
                    file=file,
                    row=row,
                    column="unit_id",
                    value=name,
                )
            )
            continue
        if not (np.isfinite(people) and people >= 0):
            problems.append(
                Problem(
                    Said("总数应为非负数", "a total is a number, not negative"),
                    file=file,
                    row=row,
                    column="people",
                    value=people,
                )
            )
        if (group, index[name]) in seen:
            problems.append(
                Problem(
                    Said(
                        "该街道、人群出现两次；请每项只留一行、一个年份",
                        "this unit and group stand twice; keep one row of each, of one year",
                    ),
                    file=file,
                    row=row,
                    column="group",
                    value=group,
                )
            )
        seen.add((group, index[name]))
        found.append(_Total(group, index[name], float(people), row))
    InputError.gather(problems)
    # The whole comes first, so that the last scaling of a round is the finer one.
    return tuple(sorted(found, key=lambda t: (t.unit >= 0, t.group != ALL)))


def _totals_as_they_are(groups: pd.DataFrame, codes: npt.NDArray[np.int64], n_units: int) -> tuple[_Total, ...]:
    now = np.bincount(codes, weights=groups[ALL].to_numpy(np.float64), minlength=n_units)
    return tuple(_Total(ALL, unit, float(people), 0) for unit, people in enumerate(now))


def _with_new_groups(groups: pd.DataFrame, totals: Sequence[_Total]) -> pd.DataFrame:
    """Add the groups that only the totals know, as one share of everybody."""
    seeded = groups.copy()
    everybody = float(groups[ALL].sum())
    for group in dict.fromkeys(t.group for t in totals):
        if group not in seeded and everybody > 0:
            asked = sum(t.people for t in totals if t.group == group and t.unit >= 0) or sum(
                t.people for t in totals if t.group == group
            )
            seeded[group] = groups[ALL] * min(1.0, asked / everybody)
    return seeded


def _nesting(names: list[str], file: str | None) -> dict[str, list[str]]:
    """Give each group's direct parts: of "all" and of age groups the age groups that they hold."""
    ages = {n: parse_ages(n) for n in names if parse_ages(n) is not None}
    ordered = sorted(ages, key=lambda n: (ages[n].last - ages[n].first, n))  # type: ignore[union-attr]  # None is left out above
    children: dict[str, list[str]] = {n: [] for n in names}
    for i, small in enumerate(ordered):
        a = ages[small]
        parent = ALL
        for large in ordered[i + 1 :]:
            b = ages[large]
            if a is None or b is None or a.last < b.first or b.last < a.first:
                continue
            if not (b.first <= a.first and a.last <= b.last):
                message = Said(
                    f"人群 {small} 与 {large} 部分重叠，互不包含；请只校准其一",
                    f"the groups {small} and {large} overlap and neither holds the other; rake one of them",
                )
                raise InputError(Problem(message, file=file, column="group", value=small))
            parent = large
            break
        children[parent].append(small)
    return children


def _to_atoms(
    groups: pd.DataFrame, children: dict[str, list[str]]
) -> tuple[npt.NDArray[np.float64], dict[str, list[int]]]:
    """Split groups into disjoint atoms (a group less its parts); give the atoms that each group is made of.

    A group of people that names no ages may share people with any other, so it is an atom of its own, outside all.
    """
    names = list(groups.columns)
    values = np.column_stack(
        [groups[n].to_numpy(np.float64) - sum(groups[c].to_numpy(np.float64) for c in children[n]) for n in names]
    )
    members: dict[str, list[int]] = {}

    def collect(name: str) -> list[int]:
        if name not in members:
            members[name] = [names.index(name), *(i for child in children[name] for i in collect(child))]
        return members[name]

    for name in names:
        collect(name)
    return np.maximum(values, 0.0), members


def _sum(
    atoms: npt.NDArray[np.float64], members: dict[str, list[int]], codes: npt.NDArray[np.int64], t: _Total
) -> float:
    rows = slice(None) if t.unit < 0 else codes == t.unit
    return float(atoms[rows][:, members[t.group]].sum())


def _fit(
    atoms: npt.NDArray[np.float64],
    members: dict[str, list[int]],
    codes: npt.NDArray[np.int64],
    totals: Sequence[_Total],
    n_units: int,
) -> int:
    """Scale `atoms` in place, group after group, until every total is met; give the number of rounds."""
    of_units = {g: np.full(n_units, np.nan) for g in dict.fromkeys(t.group for t in totals if t.unit >= 0)}
    for t in totals:
        if t.unit >= 0:
            of_units[t.group][t.unit] = t.people
    whole = {t.group: t.people for t in totals if t.unit < 0}
    for turn in range(1, MAX_ROUNDS + 1):
        worst = 0.0
        for group, people in whole.items():
            now = atoms[:, members[group]].sum()
            worst = max(worst, abs(now - people))
            atoms[:, members[group]] *= people / now if now > 0 else 1.0
        for group, people_of in of_units.items():
            now_of = np.bincount(codes, weights=atoms[:, members[group]].sum(axis=1), minlength=n_units)
            worst = max(worst, float(np.nanmax(np.abs(now_of - people_of))))
            factor = np.divide(people_of, now_of, out=np.ones(n_units), where=(now_of > 0) & ~np.isnan(people_of))
            atoms[:, members[group]] *= factor[codes][:, None]
        if worst <= TOLERANCE:
            return turn
    return MAX_ROUNDS


def _name(t: _Total, unit_ids: Sequence[str], district_id: str) -> str:
    return district_id if t.unit < 0 else str(unit_ids[t.unit])
