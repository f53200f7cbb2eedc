"""Values of tables as people read them: codes, layers and groups by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15.outputs.palette import CAUSE_COLOURS
from circle15.outputs.shared_words import words
from circle15.outputs.text import group_name, plain_number
from circle15.policy.conditions import Clause, Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What each code of a column is called, in Chinese and English; another reads as it is.
_CODES: dict[str, dict[str, tuple[str, str]]] = {
    "level": {
        "county": ("全区", "district"), "district": ("全区", "district"), "town": ("街道", "street"),
        "unit": ("街道", "unit"), "community": ("村社", "community"),
    },
    "status": {
        "met": ("已达", "met"), "behind": ("未达", "behind"),
        "above": ("超出区间", "above the range"), "no data": ("无数据", "no data"),
        "does not apply": ("不适用", "does not apply"), "not counted": ("不计", "not counted"),
        "optimal": ("已证最优", "optimal"), "time limit": ("求解超时", "time limit"),
        "infeasible": ("无可行解", "infeasible"), "greedy": ("逐点择优", "greedy"),
    },
    "measure": {
        "minutes": ("步行分钟", "minutes on foot"), "metres": ("步行米数", "metres on foot"),
        "straight_line": ("直线距离", "straight line"),
    },
    "access_measure": {
        "balanced": ("BFCA（平衡移动搜索）", "balanced floating catchment area"),
        "raam": ("RAAM（理性选择，越低越好）", "rational agent access model, less is better"),
        "cumulative": ("累计机会", "cumulative opportunities"), "gravity": ("重力模型", "gravity measure"),
    },
    "saturation_class": {
        "idle": ("闲置", "idle"), "normal": ("正常", "normal"), "overloaded": ("超负荷", "overloaded"),
        "mixed": ("闲满并存", "idle and overloaded"),
    },
    "direction": {">=": ("不低于", "at least"), "<=": ("不高于", "at most"), "range": ("区间", "range")},
    "comparator": {">=": ("≥", "≥"), "<=": ("≤", "≤")},
    "kind": {
        "stock": ("时点", "stock"), "annual": ("当年", "annual"), "cumulative": ("累计", "cumulative"),
        "facility": ("设施", "facility"), "cell": ("网格", "cell"),
    },
    "palma_state": {
        "none_at_bottom": ("最差四成居民一无所得", "the worst served four tenths have nothing"),
        "none_at_all": ("无人可达", "nobody reaches any"), "nobody": ("无居民", "nobody"),
    },
    "k_source": {
        "estimated": ("由数据估计", "estimated"), "no_difference": ("街道无差异", "units do not differ"),
        "fixed": ("固定值", "fixed"),
    },
    "pace_from": {"actual": ("现状", "actual"), "base": ("基期", "base")},
    "index_parts": {"equity": ("均衡", "equity"), "access": ("可及", "access"), "quality": ("优质", "quality")},
    "ranked_by": {
        "people": ("人数", "people"), "gap": ("缺口", "gap"), "people_per_cost": ("单位造价人数", "people per cost"),
        "gap_per_cost": ("单位造价缺口", "gap per cost"), "places": ("最少缺口", "places missing"),
        "places_per_cost": ("单位造价最少缺口", "places missing per cost"),
        "people_p10": ("人数（九成把握）", "people (in 90 % of the draws)"),
    },
    "main_factor": {
        "positions": ("设施位置", "places of facilities"), "speed": ("步速", "walking speed"),
        "people": ("人口分布", "where people live"),
    },
    "depends_on": {
        "positions": ("设施位置", "places of facilities"), "speed": ("步速", "walking speed"),
        "people": ("人口分布", "where people live"),
    },
    "model": {
        "mclp": ("最大覆盖", "maximal covering"), "set-cover": ("集合覆盖", "set cover"),
        "p-median": ("平均步行时间最短", "p-median"), "p-centre": ("最远步行时间最短", "p-centre"),
        "capacitated": ("容量约束", "capacitated"),
    },
    "solution": {"exact": ("精确解", "exact"), "greedy": ("逐点择优", "greedy")},
    "key": {
        "minutes": ("分钟数", "minutes"), "group": ("人群", "group"), "norm_group": ("标准人群", "norm group"),
        "norm_per_1000": ("每千人标准", "norm per 1,000"), "capacity_unit": ("容量单位", "capacity unit"),
        "profile": ("步行人群", "walking profile"),
    },
}  # fmt: skip
_REGISTER_COLUMN = re.compile(r"\bservices\.csv demand_group(?: (\w+))?")
"""As the policy table tells whence a group was taken."""
_PROPERTIES = {
    "resident_population": ("常住人口", "resident population"), "population": ("人口", "population"),
    "unit_type": ("类型", "type"),
}  # fmt: skip
_SIGNS = {">=": "≥", "<=": "≤", "==": "=", ">": ">", "<": "<"}
_TRAP_CODE = re.compile(r" \[[a-z0-9-]+\]")
"""As the warnings of targets.csv end, for programs."""


def people_values(values: pd.Series[Any], lang: str, layer_names: Mapping[str, str]) -> pd.Series[Any]:
    """Give a table's column as people read it; numbers stay, yes and no become words.

    Parameters
    ----------
    values
        The column, by its name.
    lang
        "zh" or "en".
    layer_names
        Names of the services by id.
    """
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: words(lang)["yes"], False: words(lang)["no"]})
    named = _naming(str(values.name), lang, layer_names)
    if named is None or pd.api.types.is_numeric_dtype(values):
        return values
    return values.map(lambda value: named(value) if isinstance(value, str) else value)


def _naming(column: str, lang: str, layer_names: Mapping[str, str]) -> Callable[[str], Any] | None:
    """Give what names the values of a column; None where they are names already."""
    say = words(lang)
    if column in {"layer", "worst_layer", "absent_layers"}:
        between = "、" if lang == "zh" else ", "
        return lambda value: between.join(layer_names.get(part, part) for part in value.split(";"))
    if column in {"group", "norm_group"}:
        return lambda value: group_name(value, lang)
    if column in {"value", "condition", "source"}:
        return lambda value: _register_value(column, value, lang)
    if column == "warnings":
        return lambda value: _TRAP_CODE.sub("", value)
    codes = {code: pair[lang != "zh"] for code, pair in _CODES.get(column, {}).items()}
    if column == "cause":
        codes = {name: say[f"cause_{name}"] for name in CAUSE_COLOURS}
    return (lambda value: "+".join(codes.get(part, part) for part in value.split("+"))) if codes else None


def _register_value(column: str, value: str, lang: str) -> str | float:
    """Give a value that was taken from the registers: numbers as such, groups and profiles by their names."""
    if column == "condition":
        return condition_text(value, lang)
    if column == "source":
        return _REGISTER_COLUMN.sub(lambda found: _register_text(found[1], lang), value)
    named = words(lang).get(f"profile_{value}", group_name(value, lang))
    return float(value) if _NUMBER.fullmatch(value) else named


def condition_text(condition: str, lang: str) -> str:
    """Give when a unit rule applies in words; one that cannot be read stays as it is.

    Examples
    --------
    >>> condition_text("unit_type in [乡, 镇] and resident_population >= 50000", "zh")
    '类型为乡或镇，且常住人口 ≥ 5 万'
    >>> condition_text("resident_population >= 50000", "en")
    'resident population ≥ 50,000'
    """
    try:
        clauses = Condition.parse(condition).clauses
    except ValueError:
        return condition
    return ("，且" if lang == "zh" else " and ").join(_clause_text(clause, lang) for clause in clauses)


def _clause_text(clause: Clause, lang: str) -> str:
    name = _PROPERTIES[clause.name][lang != "zh"]
    if isinstance(clause.bound, tuple):
        return f"{name}为{'或'.join(clause.bound)}" if lang == "zh" else f"{name} {' or '.join(clause.bound)}"
    is_in_wan = lang == "zh" and clause.bound >= _WAN and clause.bound % (_WAN / 100) == 0
    bound = f"{plain_number(clause.bound / _WAN, 2)} 万" if is_in_wan else plain_number(clause.bound, 3, separator=",")
    return f"{name} {_SIGNS[clause.sign]} {bound}"


_WAN = 10_000


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _register_text(group: str | None, lang: str) -> str:
    who = "" if group is None else f"（{group_name(group, lang)}）" if lang == "zh" else f" ({group_name(group, lang)})"
    return f"服务登记表的需求人群{who}" if lang == "zh" else f"the register of services, its demand group{who}"
