"""Three plain sentences on an area: who has everything, what is weakest, what to build first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from circle15.outputs.beside_share import beside_share, known_uncovered
from circle15.outputs.text import group_text, people_text, plain_number, service_group, share_text

if TYPE_CHECKING:
    from circle15.outputs.view import View

_SENTENCES = {
    "zh": {
        "nobody": "{name}范围内没有居民，不计覆盖率。",
        "nobody_served": "{name}有居民 {people} 人，其中没有各类服务所面向的人群，不计覆盖率。",
        "complete": "{name}有居民 {people} 人，其中 {complete} 人（{share}）步行可达全部 {n} 类服务。",
        "one_service": "{name}有居民 {people} 人，其中 {complete} 人（{share}）在达标时间内可达{layer}。",
        "one_service_group": "{name}有居民 {people} 人；{group} {served} 人，"
        "其中 {complete} 人（{share}）在达标时间内可达{layer}。",
        "weakest": "覆盖率最低的是{layer}，为 {share}：{lost} 人步行 {minutes} 分钟内到不了。",
        "weakest_group": "覆盖率最低的是{layer}，为 {share}：{group}中有 {lost} 人步行 {minutes} 分钟内到不了。",
        "weakest_unknown": "覆盖率最低的是{layer}，为 {share}。",
        "all_covered": "{n} 类服务的达标步行圈都已覆盖所面向的全部人群。",
        "first_site": "新增一处{layer}（点位 {rank}）可新覆盖{whom} {gain} 人{around}，是{where}收效最大的新增点位。",
        "no_site": "本次测算的新增点位中，没有一处位于{name}且能新覆盖居民。",
        "whom": " {group}",
        "around": "（含周边）",
        "here": "本街道",
        "district": "全区",
    },
    "en": {
        "nobody": "Nobody lives in {name}, so no share is given.",
        "nobody_served": "None of the {people} people in {name} are of a group that is served, so no share is given.",
        "complete": "Of the {people} people in {name}, {complete} ({share}) have all {n} services in reach.",
        "one_service": "Of the {people} people in {name}, {complete} ({share}) have {layer} in reach.",
        "one_service_group": "Of the {people} people in {name}, {served} are of the group “{group}”; "
        "{complete} of these ({share}) have {layer} in reach.",
        "weakest": "{layer} is covered least, {share}: {lost} people cannot walk there in {minutes} minutes.",
        "weakest_group": "{layer} is covered least, {share}: {lost} people of the group “{group}” cannot walk there in "
        "{minutes} minutes.",
        "weakest_unknown": "{layer} is covered least, {share}.",
        "all_covered": "The walking circles of all {n} services cover everybody whom they are for.",
        "first_site": "One more of {layer} (site {rank}) would newly cover {gain} people{whom}{around}, "
        "the most {where}.",
        "no_site": "No proposed site that would newly cover people lies in {name}.",
        "whom": " of the group “{group}”",
        "around": " in and around it",
        "here": "here",
        "district": "in the district",
    },
}


def three_sentences(view: View) -> list[str]:
    """Say in three sentences how an area stands; every number is read from the result's tables.

    Returns
    -------
    list of str
        Three sentences, or one where nobody lives whom a service is for.
    """
    texts = _SENTENCES[view.result.lang]
    if not any(row.people > 0 for _, row in view.coverage_rows()):
        residents = _residents(view)
        key = "nobody_served" if residents > 0 else "nobody"
        return [texts[key].format(name=_named(view), people=people_text(residents))]
    return [_who_has_everything(view, texts), _what_is_weakest(view, texts), _what_to_build(view, texts)]


def _residents(view: View) -> float:
    return float(view.cell_values("population").sum())


def _who_has_everything(view: View, texts: dict[str, str]) -> str:
    known = {"name": _named(view), "people": people_text(_residents(view))}
    if len(view.result.layers) == 1:
        ((layer, row),) = view.coverage_rows()
        said = texts["one_service" if layer.group == "all" else "one_service_group"].format(
            **known,
            served=people_text(row.people),
            group=group_text(layer, view.result.lang),
            complete=people_text(row.covered_people),
            share=share_text(row.covered_share),
            layer=layer.name,
        )
        return _with_unknown(said, row, view, layer.group)
    row = view.own("completeness")[0]
    said = texts["complete"].format(
        **known,
        complete=people_text(row.complete_people),
        share=share_text(row.complete_share),
        n=len(view.result.layers),
    )
    return _with_unknown(said, row, view)


def _with_unknown(said: str, row: Any, view: View, group: str = "all") -> str:
    """Add to a sentence who is off the network, where that is more than nobody."""
    told = beside_share(row, view.result.lang, group=group)
    if not told:
        return said
    return f"{said.removesuffix('。')}，{told}。" if view.result.lang == "zh" else f"{said.removesuffix('.')}; {told}."


def _what_is_weakest(view: View, texts: dict[str, str]) -> str:
    known = [(layer, row) for layer, row in view.coverage_rows() if not math.isnan(row.covered_share)]
    layer, row = min(known, key=lambda pair: float(pair[1].covered_share))
    # Off the network nobody knows who can walk there, so those people are told apart.
    lost, off = known_uncovered(row, float(row.covered_people)), float(row.people_off_network)
    if people_text(lost + off) == "0":
        return texts["all_covered"].format(n=len(view.result.layers))
    key = "weakest_unknown" if people_text(lost) == "0" else "weakest" if layer.group == "all" else "weakest_group"
    said = texts[key].format(
        group=group_text(layer, view.result.lang),
        layer=layer.name,
        share=share_text(row.covered_share),
        lost=people_text(lost),
        minutes=plain_number(layer.threshold_min),
    )
    return _with_unknown(said, row, view, layer.group)


def _what_to_build(view: View, texts: dict[str, str]) -> str:
    ranking = view.result.tables.get("ranking")
    if view.unit_id is not None:
        own: list[Any] = view.own("ranking")
    else:
        own = [] if ranking is None else list(ranking.itertuples(index=False))
    own = [row for row in own if row.newly_covered_people >= 1]
    if not own:
        return texts["no_site"].format(name=_named(view, is_inside=True))
    best = max(own, key=lambda row: float(row.newly_covered_people))
    layer = next(layer for layer in view.result.layers if layer.id == best.layer)
    group = service_group(layer, view.result.lang)
    return texts["first_site"].format(
        layer=layer.name,
        whom=texts["whom"].format(group=group) if group else "",
        rank=int(best.rank),
        gain=people_text(float(best.newly_covered_people)),
        around="" if view.unit_id is None else texts["around"],
        where=texts["district"] if view.unit_id is None else texts["here"],
    )


def _named(view: View, *, is_inside: bool = False) -> str:
    """Give the area's name, with the spaces that Chinese type puts around Latin letters inside a sentence."""
    before = " " if is_inside and view.result.lang == "zh" and view.name[:1].isascii() else ""
    after = " " if view.result.lang == "zh" and view.name[-1:].isascii() else ""
    return f"{before}{view.name}{after}"
