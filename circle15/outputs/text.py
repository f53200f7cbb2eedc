"""How maps, tables and reports write numbers, units, groups and rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from circle15.outputs.dictionary import dictionary
from circle15.outputs.shared_words import words
from circle15.said import in_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.shared_words import Words

LEAST_QUANTITY, FEWEST_WHOLE = 0.1, 10
METRES_PER_KM = 1000
_PER = {
    "每千": ("/千人", " per 1,000"), "每万": ("/万人", " per 10,000"), "人均": ("/人", " per person"),
    "per 1,000": ("/千人", " per 1,000"), "per 10,000": ("/万人", " per 10,000"), "per capita": ("/人", " per person"),
}  # fmt: skip
"""By what an indicator's name holds, what its numbers are counted per."""


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
    why = in_(result.resolution_why, result.lang)
    between = "；" if result.lang == "zh" else "; "
    return rule.format(resolution=result.resolution) + (f"{between}{why}" if why else "")


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
