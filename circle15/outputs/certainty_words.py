"""How sure a share is, in words, on maps and in tables: "86.5%（84–88%）"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.measures.share_intervals import is_sure, overlap
from circle15.outputs.text import people_text, share_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.view import View

Value = dict[str, Any]
NARROW = 0.02
"""Intervals that are narrower are printed to a tenth of a per cent."""
_TEXTS = {
    "zh": {
        "brackets": "（{}）", "title": "覆盖率有多可靠", "sure": "稳定覆盖", "unsure": "不确定",
        "surely_not": "稳定未覆盖", "class": "覆盖的可靠程度", "interval": "90% 区间",
        "probability": "覆盖概率", "main": "主要误差来源", "nothing": "无",
        "surely_short": "稳定覆盖（人）", "unsure_short": "不确定（人）", "surely_not_short": "稳定未覆盖（人）",
        "bounds_heading": "路网上下限",
        "positions": "设施位置", "speed": "步速", "people": "人口分布", "service": "服务", "share": "覆盖率",
        "note": "括号内为 90% 区间：在设施位置、步速和人口分布的误差范围内重新抽样测算 {draws} 次，"
                "其中九成的结果落在区间内。某处在至少 95% 的抽样中被覆盖为稳定覆盖，至多 5% 为稳定未覆盖，"
                "其间为不确定，现有数据无法判定。区间相互重叠的街道或服务不分先后。",
        "bounds": "路网下限、上限是地图可能缺路造成的范围：仅按已测绘的道路，与补上小区内很可能存在的通道。",
        "held": "入选占比", "no_regret": "稳妥点位（至少 95% 的抽样中都入选）：{places}。",
        "place": "{layer}点位 {ranks}",
        "no_regret_none": "没有在至少 95% 的抽样中都入选的点位，先后次序随误差而变。",
        "depends": "其余点位的取舍主要取决于{factors}。", "between": "、", "semicolon": "；",
        "chosen": "，在 {share} 的抽样中入选",
    },
    "en": {
        "brackets": " ({})", "title": "How sure the shares are", "sure": "surely covered", "unsure": "unsure",
        "surely_not": "surely not covered", "class": "How sure", "interval": "90 % interval",
        "probability": "probability of being covered", "main": "Main doubt",
        "surely_short": "Surely covered", "unsure_short": "Unsure", "surely_not_short": "Surely not",
        "bounds_heading": "By missing paths", "nothing": "none",
        "positions": "places of facilities", "speed": "walking speed",
        "people": "where people live", "service": "Service", "share": "Covered share",
        "note": "In brackets: the 90 % interval, in which nine tenths of {draws} measurements lie that were made with"
                " places, walking speeds and people drawn anew within their errors. Surely covered is what is covered"
                " in at least 95 % of them, surely not what is in at most 5 %; in between the data cannot tell. Streets"
                " or services whose intervals overlap are not ranked. The three classes are counted in people.",
        "bounds": " The bounds are what streets missing from the map may do: the share by the streets as mapped, and"
                  " with the paths that very likely exist inside blocks.",
        "held": "Chosen in", "no_regret": "Sites of no regret, chosen in at least 95 % of the draws: {places}.",
        "place": "{layer} {ranks}",
        "no_regret_none": "No site is chosen in 95 % of the draws; their order changes with the errors.",
        "depends": "Whether the others are chosen depends mainly on {factors}.", "between": ", ", "semicolon": "; ",
        "chosen": "; it is chosen in {share} of the draws",
    },
}  # fmt: skip
CLASSES = ("sure", "unsure", "surely_not")


def certainty_row(view: View, layer_id: str) -> Any | None:
    """Give the area's row of certainty.csv for a layer; None where nothing was drawn."""
    return next((row for row in view.own("certainty") if row.layer == layer_id), None)


def interval_of(view: View, layer_id: str, lang: str | None = None) -> str:
    """Write the interval of an area's share as it stands behind it; "" where nothing was drawn."""
    row = certainty_row(view, layer_id)
    return "" if row is None else interval_text(float(row.p05), float(row.p95), lang or view.result.lang)


def interval_text(low: float, high: float, lang: str) -> str:
    """Write an interval of shares: （84–88%）; "" where it is not known.

    As with shares, what is not whole never reads as 100 % or 0 %.
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    decimals = 1 if high - low < NARROW else 0
    texts = [_percent(value, decimals) for value in (low, high)]
    both = texts[0] if texts[0] == texts[1] else "–".join(texts)
    return _TEXTS[lang]["brackets"].format(f"{both}%")


def _percent(share: float, decimals: int) -> str:
    step = 10.0**-decimals
    percent = share * 100
    if 0 < percent < 100:  # noqa: PLR2004 (per cent)
        percent = min(max(percent, step), 100 - step)
    return f"{percent:.{decimals}f}"


def not_told_apart(view: View, layer: LayerInfo, others: list[LayerInfo]) -> list[LayerInfo]:
    """Give which of other services an area's share is not told apart from within the errors; none if undrawn."""
    own = certainty_row(view, layer.id)
    rows = [(other, certainty_row(view, other.id)) for other in others]
    return [
        other
        for other, row in rows
        if own is not None and row is not None and overlap(own.p05, own.p95, row.p05, row.p95)
    ]


def cell_classes_of(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Give the class of cells, a place in `CLASSES`, by the probability that they are covered."""
    sure, sure_not = is_sure(probability)
    return np.where(sure, 0, np.where(sure_not, 2, 1))


def class_names(lang: str) -> list[str]:
    """Name the classes, surely covered first."""
    return [_TEXTS[lang][name] for name in CLASSES]


def word(key: str, lang: str) -> str:
    """Give one of the words."""
    return _TEXTS[lang][key]


def certainty_chapter(result: DistrictResult) -> Value | None:
    """Give the report's chapter on how sure the district's shares are; None where nothing was drawn."""
    table = result.tables.certainty
    if table is None:
        return None
    texts, names = _TEXTS[result.lang], {layer.id: layer.name for layer in result.layers}
    whole: Any = table[table["unit_id"] == result.id]
    has_bounds = bool(whole["lower"].notna().any())
    rows = []
    for row in whole.itertuples(index=False):
        share = share_text(row.covered_share) + interval_text(row.p05, row.p95, result.lang)
        bounds = [f"{share_text(row.lower).removesuffix('%')}–{share_text(row.upper)}"] if has_bounds else []
        people = [people_text(v) for v in (row.people_sure, row.people_unsure, row.people_surely_not)]
        main = texts[row.main_factor] if row.main_factor else texts["nothing"]
        rows.append([names[row.layer], share, *bounds, *people, main])
    headings = [texts["service"], texts["share"] + texts["brackets"].format(texts["interval"])]
    headings += [texts["bounds_heading"]] if has_bounds else []
    headings += [texts[name] for name in ("surely_short", "unsure_short", "surely_not_short")] + [texts["main"]]
    kinds = ["", *["number"] * (len(headings) - 2), ""]
    draws = int(whole["draws"].iloc[0])
    return {
        "title": texts["title"],
        "parts": [{"caption": "", "headings": headings, "kinds": kinds, "rows": rows}],
        "note": texts["note"].format(draws=draws) + (texts["bounds"] if has_bounds else ""),
    }


def held_sentences(result: DistrictResult) -> list[str]:
    """Name the sites of no regret, and what the choice of the others hangs on; nothing where nothing was drawn."""
    ranking, texts = result.tables.ranking, _TEXTS[result.lang]
    if ranking is None or "no_regret" not in ranking or not ranking["chosen_share"].notna().any():
        return []
    known = ranking[ranking["chosen_share"].notna()]
    firm = known[known["no_regret"].astype(bool)]
    names = {layer.id: layer.name for layer in result.layers}
    places = [
        texts["place"].format(layer=names[str(layer_id)], ranks=texts["between"].join(str(int(r)) for r in own["rank"]))
        for layer_id, own in firm.groupby("layer", sort=False)
    ]
    said = [texts["no_regret"].format(places=texts["semicolon"].join(places)) if places else texts["no_regret_none"]]
    factors = [
        f
        for f in ("speed", "people", "positions")
        if (known.loc[~known["no_regret"].astype(bool), "depends_on"] == f).any()
    ]
    if factors:
        said.append(texts["depends"].format(factors=texts["between"].join(texts[f] for f in factors)))
    return said


def chosen_text(site: Any, lang: str) -> str:
    """Say in which share of the draws a site is chosen, to stand behind a clause; "" where that is not known."""
    share = getattr(site, "chosen_share", math.nan)
    return "" if math.isnan(share) else _TEXTS[lang]["chosen"].format(share=share_text(float(share)))
