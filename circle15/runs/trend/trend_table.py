"""Runs of several dates as one table: each number, its change, what moved it, and its way to its target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from circle15.files.staging import replaced_files
from circle15.outputs.tables import write_csv
from circle15.outputs.trend_views import MEASURE_NAMES
from circle15.outputs.trends import COLUMNS, Trend, TrendDate, TrendDistrict
from circle15.runs.trend.date_steps import DECIMALS, Step, changes_of, notes_of
from circle15.runs.trend.dated_runs import dated_runs
from circle15.runs.trend.exchange import FACTORS
from circle15.runs.trend.paces import pace_of, targets_of
from circle15.runs.trend.unit_matches import match_units
from circle15.runs.trend.unit_numbers import KEY, indicator_names
from circle15.runs.trend.what_moved import Again, Moved, run_again, what_moved
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from circle15.runs.trend.dated_runs import DatedRun
    from circle15.runs.trend.unit_matches import UnitMatches


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
        notes += [
            note for step, earlier in zip(steps, [None, *steps], strict=False) for note in notes_of(step, earlier)
        ]
    table = pd.concat(frames, ignore_index=True)[list(COLUMNS)]
    lang = next(iter(found.values()))[-1].manifest.lang
    return Trend(table, tuple(districts), tuple(note.in_(lang) for note in notes), lang)


def _steps(runs: list[DatedRun], threads: int | None, tell: Callable[[str], None]) -> list[Step]:
    """Measure a district's dates again, and exchange the inputs of neighbouring ones."""
    steps: list[Step] = []
    before: Again | Said | None = None
    for run in runs:
        tell(f"{run.manifest.district_name} {run.as_of}")
        again = run_again(run, threads=threads) if len(runs) > 1 else None
        numbers = run.numbers if not isinstance(again, Again) else _with_reported(again.numbers, run.numbers)
        units: UnitMatches | None = None
        moved: Moved | Said | None = None
        if steps:
            named = steps[-1].numbers, numbers
            units = match_units(*named, outlines=(steps[-1].run.units(), run.units()))
            moved = next((one for one in (before, again) if isinstance(one, Said)), None)
            if isinstance(before, Again) and isinstance(again, Again):
                moved = what_moved(before, again, units, threads=threads)
        steps.append(Step(run, numbers, units, moved))
        before = again
    return steps


def _with_reported(now: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Give the written numbers, those that were measured again to their last digit."""
    exact = now.set_index(KEY)["value"].reindex(pd.MultiIndex.from_frame(written[KEY])).to_numpy(np.float64)
    return written.assign(value=np.where(np.isnan(exact), written["value"].to_numpy(np.float64), exact))


def _rows(step: Step, earlier: Step | None) -> pd.DataFrame:
    """Give one date's rows of trend.csv."""
    run, numbers = step.run, step.numbers
    value = numbers["value"].to_numpy(np.float64).round(DECIMALS)
    change, note = changes_of(step, earlier, value)
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
            "measure_name": _measure_names(run, numbers),
        }
    )


def _measure_names(run: DatedRun, numbers: pd.DataFrame) -> list[str]:
    """Name every measure in the run's language, indicators as the plan calls them."""
    side = 0 if run.manifest.lang == "zh" else 1
    targets = run.tables.get("targets")
    printed = {} if targets is None else dict(zip(indicator_names(targets), targets["indicator"], strict=True))
    named = {**printed, **{measure: pair[side] for measure, pair in MEASURE_NAMES.items()}}
    return [named.get(measure, measure) for measure in numbers["measure"]]


def _whole(run: DatedRun) -> str:
    return "全区" if run.manifest.lang == "zh" else "whole district"


def _parts(step: Step, change: npt.NDArray[np.float64]) -> pd.DataFrame:
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
    rounded = rounded.round(DECIMALS) + 0.0
    rounded[~known] = np.nan
    return pd.DataFrame(rounded, columns=list(FACTORS))


def _district(district_id: str, steps: list[Step]) -> TrendDistrict:
    """Give what the page and the workbook need of a district beside its rows."""
    last = steps[-1].run
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
        id=district_id,
        name=last.manifest.district_name,
        dates=dates,
        layers={layer: name for step in steps for layer, name in step.run.layer_names().items()},
        sources=last.manifest.sources,
        chains=_chains(steps),
    )


def _chains(steps: list[Step]) -> dict[tuple[str, str, str], str]:
    """Give every unit's last id by date, level and its id then: a line of a chart is one unit."""
    found: dict[tuple[str, str, str], str] = {}
    later: dict[tuple[str, str], str] = {}
    for step in reversed(steps):
        pairs = set(zip(step.numbers["level"], step.numbers["unit_id"], strict=True))
        own: dict[tuple[str, str], str] = {(level, unit): later.get((level, unit), unit) for level, unit in pairs}
        found |= {(step.run.as_of, level, unit): last for (level, unit), last in own.items()}
        before = {} if step.units is None else step.units.before
        later = {(level, old): own[level, new] for (level, new), old in before.items() if (level, new) in own}
    return found


def write_trend(found: Trend, folder: Path) -> None:
    """Write trend.csv, the workbook and the page into ``folder``."""
    from circle15.outputs.trend_page import write_trend_page  # noqa: PLC0415 (folium: the table alone does without)
    from circle15.outputs.trend_workbook import write_trend_workbook  # noqa: PLC0415 (as above)

    with replaced_files(folder) as stage:
        write_csv(found.table, stage / "trend.csv")
        write_trend_workbook(found, stage / "trend.xlsx")
        write_trend_page(found, stage / "trend.html")
