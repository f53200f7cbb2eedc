"""What the page and the workbook of a trend show: tables for people, and sentences that stand on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from circle15.outputs.text import people_text, plain_number, quantity_text, rate_unit, share_text
from circle15.outputs.trends import BY_FACTOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.outputs.trends import Trend, TrendDistrict

FACTOR_NAMES = {
    "by_facilities": ("设施增减", "facilities"), "by_capacity": ("容量", "capacity"), "by_people": ("人口", "people"),
    "by_streets": ("道路", "streets"), "by_rules": ("口径", "rules"),
}  # fmt: skip
FACTOR_COLOURS = {
    "by_facilities": "#4f9c93", "by_capacity": "#92ccc4", "by_people": "#b27747", "by_streets": "#5a6b8c",
    "by_rules": "#b9a6cf",
}  # fmt: skip
"""From dark to light by turns, so that neighbours of a bar differ in a grey print too."""
STATUS_NAMES = {
    "met": ("已达", "met"), "on pace": ("按现速可达", "on pace"), "behind pace": ("落后于所需速度", "behind the pace"),
    "behind": ("未达", "behind"), "overdue": ("逾期未达", "overdue"),
}  # fmt: skip
MEASURE_NAMES = {
    "covered_share": ("覆盖率", "Covered share"), "covered_people": ("覆盖人数", "Covered people"),
    "people": ("人数", "People"), "gap": ("缺口", "Gap"), "places_missing": ("最少缺口", "Places missing"),
    "supply": ("供给", "Supply"), "supply_per_1000": ("每千人供给", "Supply per 1,000"),
    "complete_share": ("服务齐全人口占比", "Every service in reach"),
    "mean_layers": ("人均可达服务数", "Mean services in reach"),
    "match": ("匹配度", "Match"), "access": ("可及度", "Accessibility"), "saturation": ("饱和度", "Saturation"),
    "satisfaction": ("满意度", "Satisfaction"), "index": ("综合指数", "Index"),
}  # fmt: skip
_SHOWN = ("covered_share", "gap", "places_missing", "supply_per_1000", "complete_share", "mean_layers")
PORTRAIT = ("match", "access", "saturation", "satisfaction", "index")
_UNITS = {"share": ("%", "%"), "points": ("分", "points"), "people": ("人", "people"), "services": ("项", "services")}
NOTABLE = 0.0005
"""A share that fell by less is printed as it was."""


class Words:
    """Chooses between a text's two sides."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, zh: str, en: str) -> str:
        """Give the side of the page's language."""
        return zh if self.lang == "zh" else en

    def unit(self, unit: str) -> str:
        """Name a unit of values."""
        pairs = {
            "share": ("%", "%"),
            "points": ("分", "points"),
            "people": ("人", "people"),
            "services": ("项", "services"),
        }
        return self(*pairs[unit]) if unit in pairs else unit

    def unit_of_change(self, unit: str) -> str:
        """Name the unit of a change: of shares percentage points."""
        return self("百分点", "points") if unit == "share" else self.unit(unit)


def rows_of(trend: Trend, district: TrendDistrict, *levels: str) -> pd.DataFrame:
    """Give a district's rows of these levels, with the names of services and each unit's last id as ``line``."""
    table = trend.table
    own = table[(table["district_id"] == district.id) & table["level"].isin(levels)]
    keys = zip(own["as_of"], own["level"], own["unit_id"], strict=True)
    lines = [district.chains.get(key, key[2]) for key in keys]
    say = Words(trend.lang)
    names = own["layer"].map(district.layers).fillna("").where(own["layer"] != "", say("全部服务", "All services"))
    known = own["measure"].map({measure: say(*pair) for measure, pair in MEASURE_NAMES.items()})
    return own.assign(line=lines, layer_name=names, measure_name=known.fillna(own["measure_name"]))


def value_text(value: float, unit: str) -> str:
    """Write a value as it stands on the page."""
    if math.isnan(value):
        return "–"
    if unit == "share":
        return share_text(value)
    return people_text(value) if unit == "people" else quantity_text(value) if value >= 0 else plain_number(value)


def change_text(change: float, unit: str) -> str:
    """Write a change with its sign; of shares in percentage points."""
    if math.isnan(change):
        return "–"
    shown = change * 100 if unit == "share" else change
    text = f"{shown:+,.0f}" if abs(shown) >= 1000 or unit == "people" else f"{shown:+,.1f}"  # noqa: PLR2004 (no decimals)
    return "0" if not any(digit in text for digit in "123456789") else text.replace("-", "\N{MINUS SIGN}")


def over_dates(trend: Trend, district: TrendDistrict, rows: pd.DataFrame) -> pd.DataFrame:
    """Give one row per unit, service and measure: its value at each date, and the change from the first to the last.

    Shares are in per cent. Units are as they are last; a unit that is gone by then keeps its own name.
    """
    say = Words(trend.lang)
    made = []
    for _, own in rows.groupby(["level", "line", "layer", "measure"], sort=False):
        if own["value"].isna().all():
            continue
        last = own.iloc[-1]
        scale = 100.0 if last["unit"] == "share" else 1.0
        values = own.set_index("as_of")["value"] * scale
        at = {date.as_of: float(values.get(date.as_of, np.nan)) for date in district.dates}
        changes = own["change"].iloc[1:]
        total = float(changes.sum() * scale) if len(own) == len(district.dates) and changes.notna().all() else np.nan
        made.append(
            {
                **_named(say, district, last),
                say("指标", "Measure"): last["measure_name"],
                say("单位", "Unit"): rate_unit(say.unit(last["unit"]), last["measure_name"], say.lang),
                **at,
                say("首末变化", "Change, first to last"): total,
            }
        )
    return pd.DataFrame(made)


def why_table(trend: Trend, district: TrendDistrict, rows: pd.DataFrame) -> pd.DataFrame:
    """Give one row per date after the first, unit, service and measure: before, now, and what moved it."""
    say = Words(trend.lang)
    made = []
    row: Any
    for row in rows[rows["change"].notna()].to_dict("records"):
        scale = 100.0 if row["unit"] == "share" else 1.0
        made.append(
            {
                say("截止日期", "As of"): row["as_of"],
                **_named(say, district, row),
                say("指标", "Measure"): row["measure_name"],
                say("上期", "Before"): (row["value"] - row["change"]) * scale,
                say("本期", "Now"): row["value"] * scale,
                say("变化", "Change"): row["change"] * scale,
                **{say(*FACTOR_NAMES[name]).capitalize(): row[name] * scale for name in BY_FACTOR},
                say("变化的单位", "Unit of change"): say.unit_of_change(row["unit"]),
            }
        )  # fmt: skip
    return pd.DataFrame(made)


def targets_table(trend: Trend, district: TrendDistrict) -> pd.DataFrame:
    """Give the path of every target: its value at each date, the pace since the date before, and the pace needed."""
    say = Words(trend.lang)
    rows = rows_of(trend, district, "district", "town")
    rows = rows[rows["target"].notna()]
    made = []
    for _, own in rows.groupby(["level", "line", "layer", "measure"], sort=False):
        if own["value"].isna().all():
            continue
        last = own.iloc[-1]
        values = own.set_index("as_of")["value"]
        made.append(
            {
                **_named(say, district, last),
                say("指标", "Indicator"): last["measure_name"],
                say("单位", "Unit"): rate_unit(say.unit(last["unit"]), last["measure_name"], say.lang),
                **{date.as_of: float(values.get(date.as_of, np.nan)) for date in district.dates},
                say("目标", "Target"): last["target"],
                say("目标年", "By the end of"): last["target_year"],
                say("每年实增", "Pace a year"): last["pace"],
                say("每年所需", "Pace needed"): last["pace_needed"],
                say("进度", "Progress"): say(*STATUS_NAMES[last["status"]]) if last["status"] else "",
            }
        )  # fmt: skip
    return pd.DataFrame(made)


def shown_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the measures that a reader looks for first."""
    return rows[rows["measure"].isin(_SHOWN)]


def sentences(trend: Trend, district: TrendDistrict) -> list[str]:
    """Say how coverage of the whole moved, which units fell, and which targets fall behind; no superlatives."""
    say = Words(trend.lang)
    whole = rows_of(trend, district, "district")
    told = []
    for layer, name in district.layers.items():
        own = whole[(whole["layer"] == layer) & (whole["measure"] == "covered_share")]
        if len(own) > 1:
            told.append(_moved_sentence(say, name, own))
    last = district.dates[-1].as_of
    towns = rows_of(trend, district, "town")
    now = towns[(towns["as_of"] == last) & (towns["measure"] == "covered_share")]
    fell = now[now["change"] <= -NOTABLE].sort_values("change", kind="stable")
    if len(fell):
        between = say("；", "; ")
        fallen = zip(fell["unit_name"], fell["layer_name"], fell["change"], strict=True)
        listed = between.join(f"{unit}{say('', ' ')}{layer} {change_text(c, 'share')}" for unit, layer, c in fallen)
        told.append(
            say(
                f"本期覆盖率下降的街道（百分点）：{listed}。",
                f"Units whose share fell since the date before (points): {listed}.",
            )
        )
    behind = [
        r for r in targets_table(trend, district).to_dict("records") if r[say("进度", "Progress")] in _behind(say)
    ]
    if behind:
        by_unit: dict[str, list[str]] = {}
        for row in behind:
            services = by_unit.setdefault(row[say("街道", "Unit name")], [])
            services += [row[say("服务", "Service")]] if row[say("服务", "Service")] not in services else []
        named = [f"{unit}{say('', ' ')}({', '.join(names)})" for unit, names in by_unit.items()]
        if trend.lang == "zh":
            named = [f"{unit}（{'、'.join(names)}）" for unit, names in by_unit.items()]
        told.append(
            say(
                f"供给目标落后于所需速度或逾期未达：{'；'.join(named)}。",
                f"Targets of supply behind the pace or overdue: {'; '.join(named)}.",
            )
        )
    return told


def _behind(say: Words) -> set[str]:
    return {say(*STATUS_NAMES[status]) for status in ("behind pace", "overdue")}


def _moved_sentence(say: Words, name: str, own: pd.DataFrame) -> str:
    first, last = own.iloc[0], own.iloc[-1]
    changes = own["change"].iloc[1:]
    then, now = (f"{row['as_of']} {share_text(row['value'])}" for row in (first, last))
    head = say(f"{name}覆盖率：{then}，{now}", f"{name}, covered share: {then}, {now}")
    if changes.isna().any():
        return head + say("。", ".")
    total = float(changes.sum())
    head += say(f"，{change_text(total, 'share')} 个百分点", f", {change_text(total, 'share')} points")
    parts = own[list(BY_FACTOR)].iloc[1:]
    if parts.isna().any(axis=None):
        return head + say("。", ".")
    sums = parts.sum()
    named = [(float(sums[f]), say(*FACTOR_NAMES[f])) for f in BY_FACTOR if change_text(float(sums[f]), "share") != "0"]
    named.sort(key=lambda pair: -abs(pair[0]))
    listed = say("，", ", ").join(f"{text} {change_text(part, 'share')}" for part, text in named)
    return head + (say(f"；其中{listed}。", f"; of it {listed}.") if named else say("。", "."))


def _named(say: Words, district: TrendDistrict, row: Any) -> dict[str, str]:
    return {
        say("区县", "District"): district.name,
        say("街道", "Unit name"): row["unit_name"],
        say("服务", "Service"): row["layer_name"],
    }


def several(trend: Trend, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the districts' tables together; of one district its name is left out."""
    kept = [frame for frame in frames if len(frame)]
    if not kept:
        return pd.DataFrame()
    joined = pd.concat(kept, ignore_index=True)
    return joined.drop(columns=Words(trend.lang)("区县", "District")) if len(trend.districts) == 1 else joined
