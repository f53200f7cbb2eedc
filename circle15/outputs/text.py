"""Words that maps, tables and reports share, in Chinese and English."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from circle15.outputs.dictionary import dictionary

if TYPE_CHECKING:
    from circle15.outputs.result import DistrictResult, LayerInfo

Words = Mapping[str, str]

LEAST_QUANTITY, FEWEST_WHOLE = 0.1, 10
METRES_PER_KM = 1000
_PER = {
    "每千": ("/千人", " per 1,000"), "每万": ("/万人", " per 10,000"), "人均": ("/人", " per person"),
    "per 1,000": ("/千人", " per 1,000"), "per 10,000": ("/万人", " per 10,000"), "per capita": ("/人", " per person"),
}  # fmt: skip
"""By what an indicator's name holds, what its numbers are counted per."""

# Each key with its Chinese and its English text.
_WORDS: dict[str, tuple[str, str]] = {
    "circle_title": ("公共服务步行圈", "Public services within walking reach"),
    "circle_title_minutes": ("{minutes} 分钟公共服务圈", "Public services within a {minutes}-minute walk"),
    "scenario": ("方案", "Scenario"),
    "as_of": ("数据截止", "Data as of"),
    "changes": ("方案改动", "Changes"),
    "district": ("全区", "Whole district"),
    "unit": ("街道", "Unit"),
    "units": ("街道", "Units"),
    "communities": ("村社", "Communities"),
    "unit_maps": ("街道分图", "Street maps"),
    "back_to_district": ("返回全区地图", "Back to the district"),
    "services": ("服务", "Services"),
    "service": ("服务", "Service"),
    "cell": ("网格", "Cell"),
    "people": ("居民", "People"),
    "people_unit": ("人", "people"),
    "about_people": ("约 {n} 人", "about {n} people"),
    "minutes": ("分钟", "min"),
    "walk_minutes": ("步行分钟", "Min walk"),
    "metres": ("米", "m"),
    "walking_minutes": ("步行时间", "Walking time"),
    "walking_minutes_unit": ("步行时间（分钟）", "minutes' walk"),
    "nearest_minutes": ("最近设施步行", "Walk to the nearest"),
    "in_reach": ("圈内设施数", "Within the circle"),
    "in_reach_short": ("圈内设施", "In reach"),
    "n_in_reach": ("{n} 处", "{n}"),
    "n_facilities": ("{n} 处设施", "{n} facilities"),
    "services_in_reach": ("可达服务类数", "Services in reach"),
    "all_services": ("服务全覆盖", "All services"),
    "of": ("/", "of"),
    "facilities": ("设施", "Facilities"),
    "uncovered": ("未覆盖的网格", "Cells not covered"),
    "uncovered_cell": ("未覆盖的网格：{group}", "Cells not covered: {group}"),
    "lacking_cell": ("服务不全的网格：居民", "Some service out of reach: residents"),
    "covered": ("已覆盖", "Covered"),
    "not_covered": ("未覆盖", "Not covered"),
    "covered_share": ("覆盖率", "Covered share"),
    "covered_people": ("覆盖人数", "Covered people"),
    "uncovered_people": ("未覆盖人数", "Uncovered people"),
    "people_off_network": ("未接入路网人数", "Off the network"),
    "share_on_network": ("路网内覆盖率", "Share on the network"),
    "service_area": ("服务范围", "Service areas"),
    "ranking": ("建议点位", "Proposed sites"),
    "site": ("建议点位", "Proposed site"),
    "newly_covered": ("新增覆盖人数", "Newly covered people"),
    "newly_covered_of": ("在前序点位基础上新增覆盖{group}", "Newly covered {group}, beyond earlier ranks"),
    "alone_covered_of": ("单独新建时新增覆盖{group}", "Newly covered {group}, if built alone"),
    "cumulative": ("累计新增覆盖", "Cumulative"),
    "cumulative_of": ("累计新增覆盖{group}", "Cumulative {group}"),
    "gap": ("供需缺口", "Supply gap"),
    "gap_filled": ("补足缺口", "Gap filled"),
    "places_filled": ("补足最少缺口", "Missing places made up for"),
    "projects": ("拟建项目", "Planned projects"),
    "project": ("拟建项目", "Planned project"),
    "programme": ("年度计划", "Programme"),
    "links": ("断点连通", "Missing links"),
    "missing_link": ("断点", "Missing link"),
    "newly_covered_link": ("连通后新增覆盖{group}", "Newly covered {group}, once joined"),
    "straight_m": ("两端直线距离", "Straight distance of its ends"),
    "walk_now_m": ("现绕行距离", "Way round today"),
    "year_built": ("建成年份", "Built in"),
    "is_decided": ("已定项目", "Decided"),
    "where": ("所在", "Where"),
    "capacity_new": ("新增容量", "New capacity"),
    "in_brackets": ("{a}（{b}）", "{a} ({b})"),
    "cost": ("造价", "Cost"),
    "money_unit": ("万元", "万元"),
    "people_per_cost": ("每万元新增覆盖人数", "People newly covered per 万元"),
    "duplicates": ("服务人群与之重复", "Serves the same people as"),
    "units_layer": ("街道边界与覆盖率", "Units with their share"),
    "streets": ("步行道路", "Walking streets"),
    "unlinked": ("未接入路网", "Not on the network"),
    "off_no_street": ("附近没有道路", "no street near"),
    "off_own_side": ("本侧没有道路数据", "no street mapped on this side"),
    "off_behind": ("道路都在河流等对侧", "streets behind a river or the like"),
    "off_island": ("只有孤立道路", "only streets cut off"),
    "off_span": ("只有桥梁或隧道", "only a bridge or tunnel"),
    "no_streets": ("未接入路网（无道路数据）", "off the network (no street data)"),
    "cause": ("问题成因", "Causes of shortfall"),
    "no_cause": ("未发现短板", "no shortfall"),
    "no_gap": ("无缺口", "no gap"),
    "nobody_of": ("无{group}", "no {group} here"),
    "cause_full": ("可达但供给不足", "in reach, too little supply"),
    "cause_too_slow": ("受步速限制（成人可达）", "too slow a walk (adults reach it)"),
    "cause_cut_off": ("道路不相连", "streets not joined"),
    "cause_barrier": ("受阻隔需绕行", "a way round"),
    "cause_none_near": ("步行范围内无设施", "none near"),
    "cause_off_network": ("未接入路网", "not on the network"),
    "causes_title": ("问题成因", "Causes of shortfall"),
    "causes_note": (
        "条形表示该服务未覆盖人口的成因构成，右侧为未覆盖人数。",
        "Each bar is made up of the people whom the service does not cover; their number stands at the right.",
    ),
    "causes_parts": ("成因构成", "Causes, in parts"),
    "lorenz_title": ("可达供给的均衡程度", "How evenly access is shared"),
    "lorenz_note": (
        "洛伦兹曲线：横轴为按人均可达供给由低到高累计的人口比例，纵轴为其占有的供给比例；越接近对角线越均衡，括号内为基尼系数。",
        "Across: people, from little access to much; up: their share. Near the diagonal is even. In brackets: Gini.",
    ),
    "people_share": ("居民累计占比", "share of people"),
    "access_share": ("可达供给累计占比", "share of access"),
    "radar_title": ("四维画像", "Four dimensions"),
    "radar_note": (
        "绿线为本街道，灰线为其他街道；缺数据的维度不连线。",
        "Green: this unit; grey: the others. A dimension without data is left open.",
    ),
    "portrait_note": (
        (
            "各维度 0 至 100 分，其中饱和度为有人使用的容量占比，超员不抵他处空位，超负荷设施另列；"
            "名次在同级街道中排列。街道内无人可达的服务，其均衡计为 0。"
        ),
        (
            "Scores of 0 to 100, saturation being the share of places in use: an overfull facility fills no other's"
            " places, and those are listed apart. Ranks are among units of one level. The evenness of a service that"
            " nobody of a unit reaches is 0."
        ),
    ),
    "targets_without_data": (
        "另有 {n} 项指标暂无现状数据，详见数据表“规划指标”。",
        "{n} more without data: see targets.csv.",
    ),
    "status_met": ("已达", "met"),
    "status_behind": ("未达", "behind"),
    "status_above": ("超出区间", "above the range"),
    "status_undecided": ("不判断", "not judged"),
    "targets_note": ("条形为现状值占目标值的比例，竖线为目标值。", "Bars: the actual value over the target, the line."),
    "indicator": ("指标", "Indicator"),
    "actual_of_target": ("现状与目标", "Actual against target"),
    "wide_table": ("表格", "Table"),
    "wide_cue": ("← 左右滑动查看全表 →", "← swipe for the whole table →"),
    "target": ("目标", "Target"),
    "actual": ("现状", "Actual"),
    "status": ("状态", "Status"),
    "document": ("依据", "Document"),
    "no_cells": ("隐藏网格", "Cells hidden"),
    "lowest_share": ("最低覆盖率 {share}", "lowest share {share}"),
    "capacity": ("容量", "Capacity"),
    "used": ("实际使用", "In use"),
    "access_m": ("距最近步行道路", "To the nearest street"),
    "people_within_of": ("圈内{group}", "Within the circle: {group}"),
    "used_ratio": ("饱和度", "Saturation"),
    "ownership": ("性质", "Ownership"),
    "source": ("来源", "Source"),
    "reason": ("原因", "Reason"),
    "id": ("编号", "Id"),
    "not_reached": ("未到达", "not reached"),
    "farther": ("或不可达", "or unreached"),
    "threshold": ("达标线", "Threshold"),
    "threshold_line": ("达标线 {threshold} 分钟", "threshold {threshold} min"),
    "threshold_rule": ("{minutes} 分钟（{metres} 米）", "{minutes} min ({metres} m)"),
    "speed": ("步速", "Walking speed"),
    "speed_rule": ("{speed} 米/秒（{profile}）", "{speed} m/s ({profile})"),
    "group": ("人群", "Group"),
    "group_all": ("全部居民", "all residents"),
    "min_count": ("至少可达", "At least"),
    "min_count_rule": ("{n} 处", "{n} facilities"),
    "facility_source": ("设施来源", "Facilities from"),
    "population_source": ("人口来源", "People from"),
    "cells_rule_centre": (
        "H3 {resolution} 级网格，从网格中心起算",
        "H3 resolution {resolution}, walks start at the centre",
    ),
    "cells_rule_people": (
        "H3 {resolution} 级网格，从最靠近格内居民中位点的住处起算",
        "H3 resolution {resolution}, walks start at the home nearest to the middle of a cell's people",
    ),
    "share_of_people": ("居民占比", "share of people"),
    "share_of_group": ("占 {group}", "share of {group}"),
    "warnings": ("数据提示", "Data warnings"),
    "legend": ("图例", "Legend"),
    "details": ("口径与来源", "Definitions and sources"),
    "search": ("设施、街道、村社、道路或坐标", "Facility, unit, road or coordinates"),
    "search_none": ("没有找到", "Nothing found"),
    "search_as": ("{system} 坐标", "as {system}"),
    "search_outside": ("该坐标不在本图范围内", "These coordinates lie beyond this map"),
    "search_layers": ("查找图层", "Find a layer"),
    "layers": ("图层", "Layers"),
    "community": ("村社", "Community"),
    "road": ("道路", "Road"),
    "full_screen": ("全屏", "Full screen"),
    "print": ("打印", "Print"),
    "home": ("全图", "Whole map"),
    "north": ("北", "N"),
    "no_data": ("无数据", "no data"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "nobody": ("无居民", "nobody lives here"),
    "profile_adult": ("成人", "adult"),
    "profile_elderly": ("老年人", "elderly"),
    "profile_with_child": ("携幼儿", "with a small child"),
    "profile_child": ("儿童", "child"),
    "report_title": ("{minutes} 分钟公共服务圈评估报告", "Report on public services within a {minutes}-minute walk"),
    "report_title_plain": ("公共服务步行圈评估报告", "Report on public services within walking reach"),
    "summary": ("总体情况", "Summary"),
    "maps_by_service": ("各类服务的步行时间", "Walking time to each service"),
    "coverage_by_unit": ("各街道覆盖率", "Covered share by unit"),
    "top_projects": ("建议点位", "Proposed sites"),
    "gaps_title": ("供需缺口", "Supply and gap"),
    "portrait_title": ("四维画像", "Portrait in four dimensions"),
    "targets_title": ("规划指标完成度", "Targets of the plan against actual values"),
    "by_unit": ("分街道情况", "Unit by unit"),
    "data_quality": ("数据质量与口径", "Data quality and definitions"),
    "no_sites": ("没有可新增覆盖居民的点位。", "No site would newly cover anybody."),
    "rank": ("名次", "Rank"),
    "name_and_where": ("名称与所在", "Name and place"),
    "alone": ("单独新增", "Alone"),
    "newly_short": ("新增覆盖", "Newly covered"),
    "per_cost_short": ("每万元", "Per 万元"),
    "cost_heading": ("造价（万元）", "Cost (万元)"),
    "top_projects_note": (
        "“新增覆盖”为在前序点位基础上新增覆盖的人数，“单独新增”为只建这一处时新增的人数；容量下注明取自何处。",
        (
            "Newly covered: people beyond those above; alone: if it were the only one. Below a capacity stands where it"
            " was taken from."
        ),
    ),
    "goals": ("计划目标", "Goals"),
    "goal": ("目标", "Goal"),
    "met": ("达到", "met"),
    "not_met": ("达不到", "not met"),
    "would_meet": ("至少还需", "What would meet it"),
    "money": ("资金", "Money"),
    "year": ("年份", "Year"),
    "pot": ("科目", "Pot"),
    "budget": ("预算", "Budget"),
    "spent": ("支出", "Spent"),
    "left_over": ("结余", "Left"),
    "money_word": ("单位", "Unit"),
    "place": ("位置（经度，纬度，WGS-84）", "Place (lon, lat, WGS-84)"),
    "threshold_short": ("达标线", "Threshold"),
    "need": ("需求", "Need"),
    "supply": ("供给", "Supply"),
    "supply_unit": ("单位", "Counted in"),
    "accessible_supply": ("可达供给", "Accessible supply"),
    "gaps_note": (
        (
            "需求为标准乘全区标准人口，按使用该服务的人群分到街道。"
            "缺口按网格逐一计算后相加；本街道的设施也被邻街道居民使用，故供给大于需求时仍可有缺口。"
            "缺口含分配不均的部分，不等于所缺的数量；最少缺口是步行圈内无论怎样调配都满足不了的需求，"
            "按各处满足率尽量相等分到街道，故单个街道可大于其缺口。"
        ),
        (
            "The need is the norm times the district's norm people, spread over units by those who use the service."
            " Gaps are summed cell by cell, and neighbours use a unit's facilities: supply above need may leave a gap."
            " A gap holds what the sharing out leaves uneven and is not the number that is missing; “places missing”"
            " is the need that no way of sharing out within the walk could meet, spread so that all are met as evenly"
            " as walks allow: a single unit's may be above its gap."
        ),
    ),
    "places_missing": ("最少缺口", "Places missing"),
    "norm": ("每千人标准", "Norm per 1,000"),
    "because": ("{what}：{reason}", "{what}: {reason}"),
    "comma": ("，", ", "),
    "semicolon": ("；", "; "),
    "unlinked_facilities": ("未接入路网", "Not on the network"),
    "unlinked_people": ("未接入路网的居民", "People not on the network"),
    "all_linked": ("全部设施和有居民的网格都已接入步行路网。", "Every facility and inhabited cell is on the network."),
    "warnings_below": ("另有 {n} 条数据提示，见文末。", "Warnings about the data: {n}, at the end of this report."),
    "map_caption": ("{layer}：到最近设施的步行时间", "{layer}: walk to the nearest"),
    "see_map": ("交互地图", "Interactive map"),
    "sources": ("数据来源", "Data sources"),
    "contents": ("目录", "Contents"),
    "difference": ("覆盖变化", "Changes in coverage"),
    "gained": ("新增覆盖", "newly covered"),
    "lost": ("不再覆盖", "no longer covered"),
    "before_after": ("实施前 {before} → 实施后 {after}", "before {before} → after {after}"),
    "same_coverage": ("覆盖不变", "same coverage"),
    "gap_before_after": ("供需缺口 {before} → {after} {unit}", "gap {before} → {after} {unit}"),
    "gap_moved": ("供需缺口合计基本不变，网格间有增减", "gaps of cells differ, their sum hardly does"),
    "walk_moved": ("步行时间有变化", "walks take another time"),
    "residents": ("居民", "residents"),
    "no_change": ("无变化", "no change"),
    "whatif": ("方案推演", "What-if"),
    "map_approval": ("审图号", "Map approval no."),
    "bureau": ("编制单位", "Published by"),
}  # fmt: skip

_BY_LANG: dict[str, Words] = {
    lang: MappingProxyType({key: pair[i] for key, pair in _WORDS.items()}) for i, lang in enumerate(("zh", "en"))
}


def words(lang: str) -> Words:
    """Give every word in ``lang``, "zh" or "en"."""
    return _BY_LANG[lang]


def plain_number(value: float, decimals: int = 1, *, separator: str = "") -> str:
    """Write a number with at most ``decimals`` decimals and no trailing zeros: 15.0 becomes "15", 13.333 "13.3"."""
    text = f"{value:{separator}.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def column_texts(values: Iterable[float], missing: str, *, decimals: int = 1) -> list[str]:
    """Write a column of numbers alike: thousands apart, whole from 1,000 up, else all with as many decimals.

    That many are as few as show the column's numbers to ``decimals``; ``missing`` stands for a number not known.
    """
    rounded = [round(v, 0 if abs(v) >= 1000 else decimals) for v in values]  # noqa: PLR2004 (see above)
    places = next((n for n in range(decimals) if all(math.isnan(v) or round(v, n) == v for v in rounded)), decimals)
    return [missing if math.isnan(v) else f"{v:,.{0 if abs(v) >= 1000 else places}f}" for v in rounded]  # noqa: PLR2004


def people_text(value: float) -> str:
    """Write a number of people: whole and with thousands apart; "–" where unknown."""
    return "–" if math.isnan(value) else f"{value:,.0f}"


def quantity_text(value: float) -> str:
    """Write places or square metres that were shared out: no finer than a tenth, whole from ten on."""
    if math.isnan(value):
        return "–"
    if 0 < value < LEAST_QUANTITY:
        return f"< {LEAST_QUANTITY}"
    return f"{value:,.0f}" if value >= FEWEST_WHOLE else plain_number(value)


def rate_unit(unit: str, indicator: str, lang: str) -> str:
    """Give the unit of an indicator with what it is counted per, as its name says it: 个 of 每千人口… is 个/千人.

    Examples
    --------
    >>> rate_unit("平方米", "全市人均体育场地面积", "zh"), rate_unit("张", "每万名老人拥有认知障碍床位数", "zh")
    ('平方米/人', '张/万人')
    >>> rate_unit("%", "每千人占比", "zh"), rate_unit("个", "新增托位", "zh")
    ('%', '个')
    """
    if not unit or "%" in unit or "/" in unit:
        return unit
    per = next((sides for part, sides in _PER.items() if part in indicator.lower()), None)
    return unit if per is None else f"{unit}{per[lang != 'zh']}"


def distance_text(metres: float, lang: str) -> str:
    """Write a round distance, as scale bars bear it: "500 米", "2 公里"."""
    far = metres >= METRES_PER_KM
    unit = {("zh", False): "米", ("zh", True): "公里", ("en", False): "m", ("en", True): "km"}[lang, far]
    return f"{plain_number(metres / METRES_PER_KM if far else metres)} {unit}"


def estimate_text(people: float, say: Words) -> str:
    """Write the people of a cell, which are an estimate: whole ones, and no zero where somebody lives."""
    if 0 < people < 1:
        return f"< 1 {say['people_unit']}"
    return say["about_people"].format(n=people_text(people)) if people > 0 else say["nobody"]


def share_text(value: float) -> str:
    """Write a share of 0 to 1 as per cent with one decimal; "–" where nobody lives.

    A share that is not whole never reads as 100.0 % or 0.0 %: it stops at 99.9 and 0.1.
    """
    if math.isnan(value):
        return "–"
    percent = value * 100
    if 0 < percent < 100:  # noqa: PLR2004 (per cent)
        percent = min(max(percent, 0.1), 99.9)
    return f"{percent:.1f}%"


def group_text(layer: LayerInfo, lang: str) -> str:
    """Name the people whom a layer serves."""
    return group_name(layer.group, lang)


def service_group(layer: LayerInfo, lang: str) -> str:
    """Name the people whom a service is for where they are not all residents; else nothing."""
    return "" if layer.group == "all" else group_text(layer, lang)


def share_heading(layer: LayerInfo, lang: str) -> str:
    """Head a column of shares of the people whom a service is for."""
    say, group = words(lang), service_group(layer, lang)
    return say["share_of_group"].format(group=group) if group else say["share_of_people"]


def group_name(group: str, lang: str) -> str:
    """Name a group of people; one that the dictionary does not know goes by its id."""
    if group == "all":
        return words(lang)["group_all"]
    known = dictionary().get(("cells", group))
    return group if known is None else known.heading(lang)


def group_of(group: str, lang: str) -> str:
    """Name the people of a count: the residents, or a group."""
    return words(lang)["residents"] if group == "all" else group_name(group, lang)


def spaced(name: str, lang: str) -> str:
    """Give a name as it follows a Chinese letter: one that begins with a digit or a Latin letter keeps its distance."""
    return f" {name}" if lang == "zh" and name[:1].isascii() else name


def profile_text(layer: LayerInfo, lang: str) -> str:
    """Name the walking profile of a layer; a profile of the user's own goes by its id."""
    return words(lang).get(f"profile_{layer.profile}", layer.profile)


def cells_rule(result: DistrictResult) -> str:
    """Say which cells people are counted in, and where in them walks start."""
    rule = words(result.lang)[f"cells_rule_{result.walks_start}"]
    return rule.format(resolution=result.resolution)


def layer_rules(layer: LayerInfo, lang: str) -> list[tuple[str, str]]:
    """Give a layer's rules as (label, text) pairs, as they stand in every legend."""
    say = words(lang)
    rules = [
        (
            say["threshold"],
            say["threshold_rule"].format(
                minutes=plain_number(layer.threshold_min), metres=plain_number(layer.threshold_m, 0, separator=",")
            ),
        ),
        (
            say["speed"],
            say["speed_rule"].format(speed=plain_number(layer.speed_m_s, 2), profile=profile_text(layer, lang)),
        ),
        (say["group"], group_text(layer, lang)),
    ]
    if layer.min_count > 1:
        rules.append((say["min_count"], say["min_count_rule"].format(n=layer.min_count)))
    return rules
