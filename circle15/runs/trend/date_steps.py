"""One date of a district beside the date before: each number's change, and what a reader must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.runs.trend.unit_matches import MOVED
from circle15.runs.trend.unit_numbers import KEY, OF_ALL_SERVICES
from circle15.said import COMMA, Said

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from circle15.runs.trend.dated_runs import DatedRun
    from circle15.runs.trend.unit_matches import UnitMatches
    from circle15.runs.trend.what_moved import Moved

DECIMALS = 9
"""As trend.csv prints numbers: the parts sum to the change as printed."""

_NEW = Said("上期无此街道", "no such unit at the date before")
_NEW_SERVICE = Said("上期无此服务", "no such service at the date before")
_OTHER_SERVICES = Said("两期服务项目不同，不可比", "other services at the date before, not comparable")
_OTHER_UNIT = Said("两期计量单位不同，不可比", "counted in another unit at the date before, not comparable")


@dataclass(frozen=True, slots=True)
class Step:
    """One date of a district, and what moved its numbers since the date before."""

    run: DatedRun
    numbers: pd.DataFrame  # `unit_numbers.COLUMNS`: to the last digit where the run could be done again
    units: UnitMatches | None  # None for the first date
    moved: Moved | Said | None  # a sentence where it cannot be told; None for the first date

    def named_units(self) -> pd.DataFrame:
        """Give level, unit_id, unit_name and parent_id of every street and community."""
        own = self.numbers[(self.numbers["unit_name"] != "") & (self.numbers["level"] != "district")]
        return own.drop_duplicates(["level", "unit_id"])[["level", "unit_id", "unit_name", "parent_id"]]


def changes_of(
    step: Step, earlier: Step | None, value: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], list[Said | None]]:
    """Give each number's change since the date before, NaN where the two are not comparable, and then why not."""
    change = np.full(len(value), np.nan)
    told: list[Said | None] = [None] * len(value)
    if earlier is None or step.units is None:
        return change, told
    old = earlier.numbers
    known = dict(
        zip(old[KEY].itertuples(index=False, name=None), zip(old["value"], old["unit"], strict=True), strict=True)
    )
    units_before = set(zip(old["level"], old["unit_id"], strict=True))
    services = [set(one.run.layer_names()) for one in (earlier, step)]
    row: Any
    for i, row in enumerate(step.numbers[[*KEY, "unit"]].itertuples(index=False)):
        unit_id = step.units.of(row.level, row.unit_id)
        before = known.get((row.level, unit_id, row.layer, row.measure))
        if (row.level, unit_id) not in units_before:
            told[i] = _NEW
        elif row.measure in OF_ALL_SERVICES and services[0] != services[1]:
            told[i] = _OTHER_SERVICES
        elif before is None:
            told[i] = _NEW_SERVICE if row.layer not in services[0] else None
        elif before[1] != row.unit:
            told[i] = _OTHER_UNIT
        else:
            change[i] = round(value[i] - round(float(before[0]), DECIMALS), DECIMALS)
    return change, told


def notes_of(step: Step, earlier: Step | None) -> list[Said]:
    """Say what a reader of a date's changes must know: what could not be split, which units were others before."""
    if earlier is None or step.units is None:
        return []
    name, as_of = step.run.manifest.district_name, step.run.as_of
    found = [step.moved] if isinstance(step.moved, Said) else []
    found += [*_unit_notes(step, earlier, step.units), *_service_notes(step, earlier)]
    return [Said(f"{name} {as_of}：", f"{name} {as_of}: ") + text for text in found]


def _unit_notes(step: Step, earlier: Step, units: UnitMatches) -> list[Said]:
    found, kept = [], set()
    before = {(level, unit): name for level, unit, name, _ in earlier.named_units().itertuples(index=False, name=None)}
    for level, unit, name, _ in step.named_units().itertuples(index=False, name=None):
        old = units.of(level, unit)
        kept.add((level, old))
        share = units.shared.get(unit, 1.0)
        if old is None:
            found.append(Said("{name}为新街道，无上期数", "{name} is new and has no number before").format(name=name))
        elif old != unit or before.get((level, old)) != name:
            now, was = f"{name} ({unit})", f"{before.get((level, old), '')} ({old})"
            found.append(Said(f"{now} 即上期的 {was}", f"{now} is what was {was}"))
        if old is not None and level == "town" and share < MOVED:
            found.append(
                Said(
                    "{name}边界有调整（与上期重合 {share:.0%}），其影响计入人口",
                    "{name} has another outline ({share:.0%} in common); what that moved counts as people",
                ).format(name=name, share=share)
            )
    gone = COMMA.join(name for key, name in before.items() if key not in kept)
    return (
        [*found, Said("上期的{names}已不存在", "gone since the date before: {names}").format(names=gone)]
        if gone
        else found
    )


def _service_notes(step: Step, earlier: Step) -> list[Said]:
    now, before = (one.run.layer_names() for one in (step, earlier))
    texts = (
        (now, before, Said("新增统计的服务：{names}", "asked for first: {names}")),
        (before, now, Said("不再统计的服务：{names}", "no more asked for: {names}")),
    )
    other = [(text, COMMA.join(n for i, n in here.items() if i not in there)) for here, there, text in texts]
    return [text.format(names=names) for text, names in other if names]
