"""Whether a scenario's run is as the what-if on the map said: each number beside the one that was promised."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from circle15.outputs.dictionary import decimals_of
from circle15.said import Said, in_

if TYPE_CHECKING:
    from circle15.config.model import Config
    from circle15.config.planning import ExpectedTable
    from circle15.outputs.result import DistrictResult

SAME = Said("与推演一致：{n} 项数值逐项核对无差异", "as the what-if said: {n} numbers compared, none differs")
DIFFERS = Said(
    "与推演不一致：{n} 项数值中有 {k} 项不同，逐项列于报告和 run.json",
    "not as the what-if said: of {n} numbers {k} differ; each is listed in the report and in run.json",
)
BASE_CHANGED = Said(
    "底本配置在推演之后已改动（config_sha256 不同），请用现配置重新生成地图再推演",
    "the base config has changed since the what-if (config_sha256 differs); run it and do the what-if on its new map",
)
BASE_UNKNOWN = Said(
    "底本配置单独不能读取，无法核对推演之后是否改动",
    "the base config cannot be read by itself; whether it has changed cannot be told",
)
MEASURES = {
    "covered_people": ("coverage", Said("覆盖人数", "covered people")),
    "gap": ("gaps", Said("供需缺口", "gap")),
}
"""Measures that a what-if exports: the table that a run writes each to, and its name."""


@dataclass(frozen=True, slots=True)
class Differing:
    """One number that is not as expected."""

    unit_id: str
    layer: str
    measure: str
    expected: float
    found: float  # NaN where the run has no such number


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of a what-if's numbers."""

    n_compared: int
    differing: tuple[Differing, ...]
    base_is_same: bool | None  # None: the base cannot be read by itself
    names: dict[str, str]  # of units and layers, by id

    @property
    def is_confirmed(self) -> bool:
        """Whether every number is as expected."""
        return not self.differing

    def headline(self) -> Said:
        """Say it in one sentence."""
        if self.is_confirmed:
            told = SAME.format(n=self.n_compared)
        else:
            told = DIFFERS.format(n=self.n_compared, k=len(self.differing))
        beside = {True: None, False: BASE_CHANGED, None: BASE_UNKNOWN}[self.base_is_same]
        return told if beside is None else Said("；", "; ").join([told, beside])

    def lines(self) -> list[Said]:
        """Name each number that differs."""
        sentence = Said(
            "{unit} · {layer} · {measure}：推演 {expected}，本次运行 {found}",
            "{unit} · {layer} · {measure}: what-if {expected}, this run {found}",
        )
        return [
            sentence.format(
                unit=self.names.get(d.unit_id, d.unit_id),
                layer=self.names.get(f"layer {d.layer}", d.layer),
                measure=MEASURES[d.measure][1],
                expected=_number(d.expected),
                found=Said("无此项", "has none") if math.isnan(d.found) else _number(d.found),
            )
            for d in self.differing
        ]

    def record(self) -> dict[str, Any]:
        """Give it as run.json keeps it."""
        return {
            "is_confirmed": self.is_confirmed,
            "compared": self.n_compared,
            "base_is_same": self.base_is_same,
            "differing": [
                {
                    "unit_id": d.unit_id,
                    "layer": d.layer,
                    "measure": d.measure,
                    "expected": d.expected,
                    "found": None if math.isnan(d.found) else d.found,
                }
                for d in self.differing
            ],
        }


def confirm(config: Config, result: DistrictResult) -> Confirmation | None:
    """Compare a scenario's run with what its [expected] says; None where it says nothing.

    Both sides are rounded as the CSV files are. A sum is taken in another order in the browser, so that a number which
    lies between two roundings may end on either: one unit of the last decimal is no difference.
    """
    if config.expected is None:
        return None
    differing = []
    n_compared = 0
    for measure, (table, _) in MEASURES.items():
        rows = result.tables.get(table)
        found: dict[tuple[str, str], float] = {}
        if rows is not None and len(rows):
            keys = zip(rows["unit_id"].astype(str), rows["layer"].astype(str), strict=True)
            found = dict(zip(keys, rows[measure].astype(float), strict=True))
        decimals = decimals_of(measure)
        for total in config.expected.totals:
            expected = getattr(total, measure)
            if expected is None:
                continue
            n_compared += 1
            value = round(found.get((total.unit_id, total.layer), math.nan), decimals)
            if not abs(value - expected) < 1.5 * 10**-decimals:
                differing.append(Differing(total.unit_id, total.layer, measure, expected, value))
    names = dict(zip(result.units["unit_id"].astype(str), result.units["unit_name"].astype(str), strict=True))
    names |= {result.id: result.name, **{f"layer {layer.id}": layer.name for layer in result.layers}}
    return Confirmation(n_compared, tuple(differing), _base_is_same(config.expected), names)


def with_confirmation(result: DistrictResult, confirmation: Confirmation | None) -> DistrictResult:
    """Give the result with what became of a what-if's numbers, as a warning too where they are not the run's."""
    if confirmation is None:
        return result
    told = tuple(in_(said, result.lang) for said in (confirmation.headline(), *confirmation.lines()))
    is_quiet = confirmation.is_confirmed and confirmation.base_is_same is not False
    return replace(result, confirmation=told, warnings=result.warnings if is_quiet else (*result.warnings, told[0]))


def _base_is_same(expected: ExpectedTable) -> bool | None:
    """Tell whether the config that the scenario names as its base still means what it meant on the map."""
    return None if expected.base_now_sha256 is None else expected.base_now_sha256 == expected.base_sha256


def _number(value: float) -> str:
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".")
