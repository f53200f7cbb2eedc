"""The traps of the policy registers, found in the data and named: each warning has a code and speaks both languages."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from circle15.said import Said

if TYPE_CHECKING:
    import pandas as pd

PERCENT = 100

TEXTS: dict[str, Said] = {
    "annual-not-cumulative": Said(
        "指标名为“累计”，数列却下降（{values}），按当年数处理",
        "named cumulative but the series falls ({values}); read as each year's own number",
    ),
    "base-against-sum": Said(
        "目标值 {target} 恰为基期值 {base} 的 {times} 倍，疑为当年数对多年累计，原文未说明；不判断进度",
        ("the target {target} is exactly {times} times the base {base}: probably one year against a sum of years; the"
        " text does not say, so no status is given"),
    ),
    "table-text-disagree": Said(
        "{year} 年表与正文不一致（{values}），两值并存，取表中值",
        "table and text disagree for {year} ({values}); both are kept, the table's value is used",
    ),
    "comparator-differs": Said(
        "{year} 年同一数值前后比较词不同（{values}）",
        "the same number is printed with different comparators for {year} ({values})",
    ),
    "target-below-base": Said(
        "{year} 年目标 {target} 不及 {base_year} 年实际值 {base}，达标不等于改善",
        "the target {target} for {year} is worse than the actual {base} of {base_year}: meeting it is no improvement",
    ),
    "definitions-differ": Said(
        "各地口径、单位或分母不同（{places}），不可放在一起排名",
        "definition, unit or denominator differ between places ({places}); they are not ranked together",
    ),
    "at-least-100": Said(
        "原文为“100%以上”，不可能超过 100，按 100 处理",
        "the text says 'at least 100 %', which cannot be exceeded; read as 100",
    ),
    "documents-out-of-order": Said(
        "文件之间不一致：较早年份的目标（{early}）高于较晚年份（{late}）",
        "documents disagree: the target of the earlier year ({early}) is above that of the later ({late})",
    ),
    "text-damaged": Said("原文有缺损，按注释读取：{note}", "the text is damaged and was read as noted: {note}"),
    "list-comparator": Said("“以上”是否及于各项不明", "it is not clear whether “以上” binds every number of its list"),
    "year-is-a-reading": Said("年份为推定：{note}", "the year is a reading, not printed: {note}"),
    "denominator-unstated": Said(
        "原文未注明分母为常住或户籍人口，按全体居民计算",
        "the text does not say whether residents or registered people are counted; residents are used",
    ),
    "age-unstated": Said(
        "原文未注明老年为 60岁或 65岁以上，按 60岁以上计算",
        "the text does not say whether old is 60 or 65; 60 is used",
    ),
    "circle-of-all-services": Said(
        "{place}有关规划未单独规定该服务的步行时间，按其综合公共服务圈标准 {minutes} 分钟计",
        "{place} names no circle for this service; its circle of all services, {minutes} minutes, is used",
    ),
    "circle-of-other-places": Said(
        "{place}未命名任何服务圈，取登记表默认 {minutes} 分钟",
        "{place} names no circle at all; the register's default for this service, {minutes} minutes, is used",
    ),
    "circles-disagree": Said(
        "{place}为该服务命名了不同分钟数（{values}），取 {minutes} 分钟",
        "{place} names different circles for this service ({values}); {minutes} minutes are used",
    ),
    "year-not-stated": Said(
        "{year} 年无目标，取 {used} 年的 {value}",
        "there is no target for {year}; that of {used}, {value}, is used",
    ),
    "group-not-counted": Said(
        "登记表的需求人群为 {group}，但人口数据没有该人群，按全体人口计算",
        "the register's demand group is {group}, which the population does not have; everybody is counted instead",
    ),
    "walker-not-stated": Said(
        "服务对象 {group} 步速较慢，但配置没有 [walk.{wanted}]，按 {used} 步行，可及结果可能偏高",
        "those who use it ({group}) walk slower, but there is no [walk.{wanted}]; as {used}, coverage may be too high",
    ),
    "norm-group-not-counted": Said(
        "指标“{printed}”的分母是 {group}，人口数据没有该人群，不采用该配置标准",
        "the denominator of {indicator} is {group}, which the population does not have; this norm is left out",
    ),
    "norm-denominator-unknown": Said(
        "指标“{printed}”的分母原文不明，不采用该配置标准",
        "the text leaves the denominator of {indicator} open; this norm is left out",
    ),
    "unit-words-differ": Said(
        "设施容量单位（{ours}）与规划指标单位（{theirs}）表述不同，按同一口径计算",
        "the capacity unit {ours!r} and the norm's {theirs!r} are different words; read as the same unit",
    ),
    "unit-differs": Said(
        "容量单位“{ours}”与指标单位“{theirs}”不是同一单位，不采用该配置标准",
        "the capacity unit {ours!r} is not the norm's {theirs!r}; this norm is left out",
    ),
    "count-only": Said(
        "设施无容量数据，仅计数量，不采用登记表的配置标准",
        "the facilities state no capacity: count only; the register's norm is left out",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RegisterWarning:
    """One trap met, in both languages."""

    code: str  # a key of TEXTS
    subject: str  # the indicator or layer that it is about
    place_id: str
    words: Said

    def record(self) -> dict[str, str]:
        """Give it for JSON, with both sides."""
        return {
            "code": self.code,
            "subject": self.subject,
            "place_id": self.place_id,
            "zh": self.words.zh,
            "en": self.words.en,
        }

    def text(self, names: Mapping[str, Said | str]) -> Said:
        """Give the sentence behind the subject's name; an id that has none is written as words."""
        name = names.get(self.subject, self.subject.replace("_", " "))
        return Said("{name}：", "{name}: ").format(name=name) + self.words


Row = Mapping[str, Any]
Check = Callable[[Sequence[Row]], Iterator[RegisterWarning]]


def warn(code: str, subject: str, place_id: str, **values: object) -> RegisterWarning:
    """Make the warning `code` with the values that its sentence names."""
    return RegisterWarning(code, subject, place_id, TEXTS[code].format(**values))


def register_warnings(
    targets: pd.DataFrame, *, place: str | None = None, indicators: set[str] | None = None
) -> tuple[RegisterWarning, ...]:
    """Find every trap in a register of targets.

    Parameters
    ----------
    targets
        `Registers.targets`, of all places, so that definitions can be compared.
    place
        Only the traps that concern this place.
    indicators
        Only the traps of these indicators.

    Returns
    -------
    tuple of RegisterWarning
        Sorted by place, indicator and code; one per place, indicator, code and year.
    """
    rows = [r for r in target_rows(targets) if indicators is None or r["indicator_id"] in indicators]
    found = {w for check in _CHECKS for w in check(rows) if place is None or w.place_id == place}
    return tuple(sorted(found, key=lambda w: (w.place_id, w.subject, w.code, w.words.en)))


def target_rows(targets: pd.DataFrame) -> list[Row]:
    """Give a register's rows as dicts: the checks look at rows by twos and threes, which frames are slow at."""
    return [{str(k): v for k, v in row.items()} for row in targets.to_dict("records")]


def group_rows(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    """Group rows by the values of `keys`, in the order of their first row."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[k] for k in keys), []).append(row)
    return groups


def is_table(location: str) -> bool:
    """Tell whether a location is a serial number of the document's table, not a clause."""
    return location.startswith("表序号")


def is_dated(row: Row) -> bool:
    """Tell whether a row states its year."""
    return not math.isnan(row["year"])


def falling_rows(rows: Sequence[Row]) -> set[int]:
    """Give the file rows of the series that are called cumulative (累计, or by their kind) and yet fall."""
    called = [r for r in rows if ("累计" in r["indicator_zh"] or r["kind"] == "cumulative") and r["direction"] == ">="]
    falling: set[int] = set()
    for series in group_rows(filter(is_dated, called), *_SERIES).values():
        values = [r["value"] for r in _by_year(series)]
        if any(later < earlier for earlier, later in pairwise(values)):
            falling.update(r["row"] for r in series)
    return falling


def comparable(targets: pd.DataFrame, indicator: str) -> bool:
    """Tell whether the values of `indicator` may be ranked over places: same unit, denominator and definition."""
    rows = [r for r in target_rows(targets) if r["indicator_id"] == indicator]
    return len({r["place_id"] for r in rows}) <= 1 or not _definition_differs(rows)


_SERIES = ("place_id", "document_id", "indicator_id", "location", "unit_zh")


def _by_year(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda r: r["year"])


def _falling(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    falls = falling_rows(rows)
    for (place, _, indicator, _, _), series in group_rows((r for r in rows if r["row"] in falls), *_SERIES).items():
        values = ", ".join(f"{r['value']:g}" for r in _by_year(series))
        yield warn("annual-not-cumulative", indicator, place, values=values)


def _base_and_targets(rows: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Give each target with the latest base of the same series."""
    bounded = (r for r in rows if is_dated(r) and r["direction"] in {">=", "<="})
    for series in group_rows(bounded, *_SERIES).values():
        bases = _by_year(r for r in series if r["is_base"])
        if bases:
            yield from ((bases[-1], r) for r in series if not r["is_base"])


def _base_against_sum(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    for base, target in _base_and_targets(rows):
        years = target["year"] - base["year"]
        is_sum = base["value"] > 0 and years > 1 and math.isclose(target["value"], base["value"] * years)
        if is_sum and not target["kind"]:
            yield warn(
                "base-against-sum", target["indicator_id"], target["place_id"], target=f"{target['value']:g}",
                base=f"{base['value']:g}", times=int(years),
            )  # fmt: skip


def _below_base(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    falls = falling_rows(rows)
    for base, target in _base_and_targets(r for r in rows if r["kind"] != "annual" and r["row"] not in falls):
        worse = target["value"] < base["value"] if target["direction"] == ">=" else target["value"] > base["value"]
        if worse:
            yield warn(
                "target-below-base", target["indicator_id"], target["place_id"], year=int(target["year"]),
                target=f"{target['value']:g}", base=f"{base['value']:g}", base_year=int(base["year"]),
            )  # fmt: skip


def _table_against_text(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    dated = (r for r in rows if is_dated(r) and r["direction"] != "range")
    keys = ("place_id", "document_id", "indicator_id", "year", "unit_zh")
    for (place, _, indicator, year, _), same in group_rows(dated, *keys).items():
        if len({is_table(r["location"]) for r in same}) == 1:
            continue
        if len({r["value"] for r in same}) > 1:
            values = "; ".join(f"{r['value']:g} {r['location']}" for r in same)
            yield warn("table-text-disagree", indicator, place, year=int(year), values=values)
        elif len({r["comparator"] for r in same}) > 1:
            values = "; ".join(f"{r['comparator']}{r['value']:g} {r['location']}" for r in same)
            yield warn("comparator-differs", indicator, place, year=int(year), values=values)


def _definition_differs(rows: Sequence[Row]) -> bool:
    by_place = group_rows(rows, "place_id").values()
    units = {frozenset((r["unit_zh"], r["per"]) for r in own) for own in by_place}
    # An unstated denominator contradicts none.
    stated = {frozenset(r["denominator"] for r in own) - {""} for own in by_place} - {frozenset()}
    return len(units) > 1 or len(stated) > 1 or any("口径" in r["definition_note_zh"] for r in rows)


def _definitions(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    for (indicator,), same in group_rows(rows, "indicator_id").items():
        places = sorted({r["place_id"] for r in same})
        if len(places) > 1 and _definition_differs(same):
            for place in places:
                yield warn("definitions-differ", indicator, place, places=", ".join(places))


def _out_of_order(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    dated = (r for r in rows if is_dated(r) and not r["is_base"] and r["direction"] == ">=")
    for (place, indicator, _), same in group_rows(dated, "place_id", "indicator_id", "unit_zh").items():
        for early, late in pairwise(sorted(same, key=lambda r: (r["year"], r["document_id"]))):
            if early["document_id"] != late["document_id"] and early["value"] > late["value"]:
                yield warn(
                    "documents-out-of-order", indicator, place,
                    early=f"{early['value']:g} {early['year']:.0f}", late=f"{late['value']:g} {late['year']:.0f}",
                )  # fmt: skip


def _by_note(code: str, pattern: str) -> Check:
    def check(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
        for row in rows:
            if re.search(pattern, row["definition_note_zh"]):
                yield warn(code, row["indicator_id"], row["place_id"], note=row["definition_note_zh"])

    return check


def _at_least_100(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    for row in rows:
        if row["per"] == PERCENT and row["value"] >= PERCENT and row["comparator"] in {">=", ">"}:
            yield warn("at-least-100", row["indicator_id"], row["place_id"])


def _age_unstated(rows: Sequence[Row]) -> Iterator[RegisterWarning]:
    for row in rows:
        if row["denominator"] == "elderly_60_or_65_unstated":
            yield warn("age-unstated", row["indicator_id"], row["place_id"])


_CHECKS: tuple[Check, ...] = (
    _falling, _base_against_sum, _below_base, _table_against_text, _definitions, _out_of_order, _at_least_100,
    _age_unstated, _by_note("text-damaged", "粘连|脱|数字内有空格|残缺|村卫生院"),
    _by_note("list-comparator", "“以上”是否及于"),
    _by_note("year-is-a-reading", "按年份理解|按文件年份|year留空|按2025年目标列|十三五期末"),
    _by_note("denominator-unstated", "分母为人口.{0,2}原文未"),
)  # fmt: skip
