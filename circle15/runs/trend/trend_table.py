"""Runs of several dates as one table: each number, its change, what moved it, and its way to its target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from circle15.outputs.trends import BY_FACTOR, COLUMNS, Trend, TrendDate, TrendDistrict
from circle15.runs.trend.dated_runs import dated_runs
from circle15.runs.trend.exchange import FACTORS
from circle15.runs.trend.paces import pace_of, targets_of
from circle15.runs.trend.unit_matches import MOVED, match_units
from circle15.runs.trend.unit_numbers import KEY, OF_ALL_SERVICES
from circle15.runs.trend.what_moved import Again, Moved, run_again, what_moved
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circle15.runs.trend.dated_runs import DatedRun
    from circle15.runs.trend.unit_matches import UnitMatches

DECIMALS = 9
"""As trend.csv prints numbers: the parts sum to the change as printed."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One date of a district, and what moved its numbers since the date before."""

    run: DatedRun
    numbers: pd.DataFrame  # `unit_numbers.COLUMNS`: to the last digit where the run could be done again
    units: UnitMatches | None  # None for the first date
    moved: Moved | Said | None  # a sentence where it cannot be told; None for the first date


def trend(folders: Sequence[str | Path], *, threads: int | None = None) -> pd.DataFrame:
    """Tell how every number of runs of several dates moved, and what moved it; trend.csv as a frame.

    Each date is read and measured again from its manifest; between two dates the inputs are exchanged one by one, and
    each factor's part is what its exchange changes, averaged over all orders (Shapley 1953). The parts sum to the
    change, and are 0 for what did not change. Where a date's inputs are not those any more that it read, values and
    changes are given alone.

    Parameters
    ----------
    folders
        Folders that `circle15 run` or `circle15 batch` wrote, in any order; each run's config states ``[district]
        as_of``.
    threads
        Threads to search with; all by default.

    Raises
    ------
    Circle15Error
        If a folder is no run's, states no date, or has the date of another one; or no district has two dates.
    """
    return gather_trend(folders, threads=threads).table


def gather_trend(
    folders: Sequence[str | Path], *, threads: int | None = None, on_date: Callable[[str], None] | None = None
) -> Trend:
    """Gather what trend.csv, the workbook and the page are written from; see `trend`.

    ``on_date`` is told each district and date as its turn comes.
    """
    tell = on_date or (lambda _text: None)
    frames, districts, notes = [], [], []
    found = dated_runs([Path(folder) for folder in folders])
    for district_id, runs in found.items():
        steps = _steps(runs, threads, tell)
        rows = [_rows(step, earlier) for step, earlier in zip(steps, [None, *steps], strict=False)]
        frames += rows
        districts.append(_district(district_id, steps))
        notes += [note for step, earlier in zip(steps, [None, *steps], strict=False) for note in _notes(step, earlier)]
    table = pd.concat(frames, ignore_index=True)[list(COLUMNS)]
    lang = next(iter(found.values()))[-1].manifest.lang
    return Trend(table, tuple(districts), tuple(note.in_(lang) for note in notes), lang)


def _steps(runs: list[DatedRun], threads: int | None, tell: Callable[[str], None]) -> list[_Step]:
    """Measure a district's dates again, and exchange the inputs of neighbouring ones."""
    steps: list[_Step] = []
    before: Again | Said | None = None
    for run in runs:
        tell(f"{run.manifest.district_name} {run.as_of}")
        again = run_again(run, threads=threads) if len(runs) > 1 else None
        numbers = run.numbers if not isinstance(again, Again) else _with_reported(again.numbers, run.numbers)
        units, moved = None, None
        if steps:
            units = _match(steps[-1], run, numbers)
            moved = next((one for one in (before, again) if isinstance(one, Said)), None)
            if isinstance(before, Again) and isinstance(again, Again):
                moved = what_moved(before, again, units, threads=threads)
        steps.append(_Step(run, numbers, units, moved))
        before = again
    return steps


def _with_reported(now: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Give the written numbers, those that were measured again to their last digit."""
    exact = now.set_index(KEY)["value"].reindex(pd.MultiIndex.from_frame(written[KEY])).to_numpy(np.float64)
    return written.assign(value=np.where(np.isnan(exact), written["value"].to_numpy(np.float64), exact))


def _match(earlier: _Step, run: DatedRun, numbers: pd.DataFrame) -> UnitMatches:
    tables = [t.drop_duplicates(["level", "unit_id"])[["level", "unit_id", "unit_name", "parent_id"]] for t in (
        earlier.numbers[earlier.numbers["unit_name"] != ""], numbers[numbers["unit_name"] != ""]
    )]  # fmt: skip
    return match_units(*tables, (earlier.run.units(), run.units()))


def _rows(step: _Step, earlier: _Step | None) -> pd.DataFrame:
    """Give one date's rows of trend.csv."""
    run, numbers = step.run, step.numbers
    value = numbers["value"].to_numpy(np.float64).round(DECIMALS)
    change, note = _changes(step, earlier, value)
    parts = _parts(step, change)
    policy = run.config.policy
    targets = targets_of(run.tables, numbers, None if policy is None else policy.year)
    paces: dict[str, list[Any]] = {"target": [], "target_year": [], "pace": [], "pace_needed": [], "status": []}
    for i, (now, moved_by) in enumerate(zip(value.tolist(), change.tolist(), strict=True)):
        target = targets.get(i)
        before = None if earlier is None or np.isnan(moved_by) else (now - moved_by, earlier.run.day)
        pace = None if target is None else pace_of(target, now, run.day, before)
        paces["target"].append(np.nan if target is None else target.value)
        paces["target_year"].append(np.nan if target is None else float(target.year))
        paces["pace"].append(np.nan if pace is None else pace.pace)
        paces["pace_needed"].append(np.nan if pace is None else pace.needed)
        paces["status"].append("" if pace is None else pace.status)
    names = numbers["unit_name"].where(numbers["level"] != "district", _whole(run))
    return pd.DataFrame(
        {
            "as_of": run.as_of,
            "unit_id": numbers["unit_id"],
            "unit_name": names,
            "layer": numbers["layer"],
            "measure": numbers["measure"],
            "value": value,
            "change": change,
            **{f"by_{factor}": parts[factor] for factor in FACTORS},
            "district_id": run.district_id,
            "level": numbers["level"],
            "parent_id": numbers["parent_id"],
            "unit": numbers["unit"],
            **paces,
            "note": [text.in_(run.manifest.lang) if text else "" for text in note],
        }
    )


def _whole(run: DatedRun) -> str:
    return "全区" if run.manifest.lang == "zh" else "whole district"


_NEW = Said("上期无此单元", "no such unit at the date before")
_NEW_SERVICE = Said("上期无此服务", "no such service at the date before")
_OTHER_SERVICES = Said("两期服务项目不同，不可比", "other services at the date before, not comparable")
_OTHER_UNIT = Said("两期计量单位不同，不可比", "counted in another unit at the date before, not comparable")
_REPORTED = Said("上报值，不分解", "a reported value, not split")
_NOT_SPLIT = Said("个别情形下无此数，不分解", "not known under some of the exchanges, not split")


def _changes(step: _Step, earlier: _Step | None, value: np.ndarray) -> tuple[np.ndarray, list[Said | None]]:
    """Give each number's change since the date before, and why there is none."""
    change, notes = np.full(len(value), np.nan), [None] * len(value)
    if earlier is None or step.units is None:
        return change, list(notes)
    old = earlier.numbers.set_index(KEY)
    known = {tuple(key): (v, unit) for key, v, unit in zip(old.index, old["value"], old["unit"], strict=True)}
    units_before = set(zip(earlier.numbers["level"], earlier.numbers["unit_id"], strict=True))
    services = [set(s.run.layer_names()) for s in (earlier, step)]
    told: list[Said | None] = list(notes)
    for i, row in enumerate(step.numbers[[*KEY, "unit"]].itertuples(index=False)):
        unit_id = step.units.of(row.level, row.unit_id)
        before = known.get((row.level, unit_id, row.layer, row.measure))
        if unit_id is None or (row.level, unit_id) not in units_before:
            told[i] = _NEW
        elif row.measure in OF_ALL_SERVICES and services[0] != services[1]:
            told[i] = _OTHER_SERVICES
        elif before is None:
            told[i] = _NEW_SERVICE if row.layer not in services[0] else None
        elif before[1] != row.unit:
            told[i] = _OTHER_UNIT
        else:
            change[i] = (value[i] - round(before[0], DECIMALS)).round(DECIMALS)
    return change, told


def _parts(step: _Step, change: np.ndarray) -> pd.DataFrame:
    """Give the factors' parts of every change, rounded so that they sum to it as printed; NaN where not told."""
    if not isinstance(step.moved, Moved):
        return pd.DataFrame({factor: np.full(len(change), np.nan) for factor in FACTORS})
    index = pd.MultiIndex.from_frame(step.numbers[KEY])
    parts = step.moved.parts.reindex(index)[list(FACTORS)].to_numpy(np.float64)
    rounded = parts.round(DECIMALS) + 0.0
    known = np.isfinite(parts).all(axis=1) & np.isfinite(change)
    # What rounding left over goes to the largest part, never to one of nothing.
    rest = np.where(known, change - rounded.sum(axis=1), 0.0)
    largest = np.abs(np.nan_to_num(parts)).argmax(axis=1)
    rounded[np.arange(len(change)), largest] += rest
    rounded = (rounded.round(DECIMALS) + 0.0)
    rounded[~known] = np.nan
    return pd.DataFrame(rounded, columns=list(FACTORS))


def _notes(step: _Step, earlier: _Step | None) -> list[Said]:
    """Say what a reader of a date's changes must know: what could not be split, which units were others before."""
    name, as_of = step.run.manifest.district_name, step.run.as_of
    head = Said(f"{name} {as_of}：", f"{name} {as_of}: ")
    found: list[Said] = []
    if earlier is None or step.units is None:
        return found
    if isinstance(step.moved, Said):
        found.append(head + step.moved)
    units = step.numbers[step.numbers["unit_name"] != ""].drop_duplicates(["level", "unit_id"])
    before = earlier.numbers[earlier.numbers["unit_name"] != ""].drop_duplicates(["level", "unit_id"])
    names = {(r.level, r.unit_id): r.unit_name for r in before.itertuples(index=False)}
    for row in units[units["level"] != "district"].itertuples(index=False):
        old = step.units.of(row.level, row.unit_id)
        if old is None:
            found.append(head + Said(f"{row.unit_name}为新单元，无上期数", f"{row.unit_name} is new and has no number before"))
        elif old != row.unit_id or names.get((row.level, old)) != row.unit_name:
            was = f"{names.get((row.level, old), '')} ({old})"
            now = f"{row.unit_name} ({row.unit_id})"
            found.append(head + Said(f"{now} 即上期的 {was}", f"{now} is what was {was}"))
        share = step.units.shared.get(row.unit_id, 1.0)
        if old is not None and row.level == "town" and share < MOVED:
            found.append(
                head
                + Said(
                    f"{row.unit_name}边界有调整（与上期重合 {share:.0%}），其影响计入人口",
                    f"{row.unit_name} has another outline ({share:.0%} in common); what that moved is counted as people",
                )
            )
    kept = {step.units.of(r.level, r.unit_id) for r in units.itertuples(index=False)}
    gone = [r.unit_name for r in before.itertuples(index=False) if r.unit_id not in kept and r.level != "district"]
    if gone:
        found.append(head + Said(f"上期的{'、'.join(gone)}已不存在", f"gone since the date before: {', '.join(gone)}"))
    services = [s.run.layer_names() for s in (earlier, step)]
    for here, there, zh, en in ((0, 1, "不再统计", "no more asked for"), (1, 0, "新增统计", "asked for first")):
        other = [n for i, n in services[here].items() if i not in services[there]]
        if other:
            found.append(head + Said(f"{zh}的服务：{'、'.join(other)}", f"{en}: {', '.join(other)}"))
    return found


def _district(district_id: str, steps: list[_Step]) -> TrendDistrict:
    """Give what the page and the workbook need of a district beside its rows."""
    last = steps[-1].run
    names = {k: v for step in steps for k, v in step.run.layer_names().items()}
    dates = tuple(
        TrendDate(
            as_of=step.run.as_of,
            day=step.run.day,
            units=step.run.units(),
            is_split=isinstance(step.moved, Moved),
            changed=step.moved.changed if isinstance(step.moved, Moved) else (),
        )
        for step in steps
    )
    return TrendDistrict(
        id=district_id, name=last.manifest.district_name, dates=dates, layers=names, sources=last.manifest.sources,
        chains=_chains(steps),
    )  # fmt: skip


def _chains(steps: list[_Step]) -> dict[tuple[str, str, str], str]:
    """Give the last known id of every unit by date, level and its id then: a line of a chart is one unit."""
    found: dict[tuple[str, str, str], str] = {}
    later: dict[tuple[str, str], str] = {}
    for step in reversed(steps):
        pairs = step.numbers[["level", "unit_id"]].drop_duplicates().itertuples(index=False)
        own = {(p.level, p.unit_id): later.get((p.level, p.unit_id), p.unit_id) for p in pairs}
        found |= {(step.run.as_of, level, unit): last for (level, unit), last in own.items()}
        if step.units is not None:
            later = {
                (level, old): own[level, new] for (level, new), old in step.units.before.items() if (level, new) in own
            }
    return found
