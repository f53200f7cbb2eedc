"""Three plain sentences on an area: who has everything, what is weakest, what to build first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from circle15.outputs.beside_share import beside_share, known_uncovered
from circle15.outputs.certainty_words import chosen_text, interval_of, not_told_apart
from circle15.outputs.text import group_of, people_text, plain_number, share_text, spaced
from circle15.said import filled

if TYPE_CHECKING:
    from circle15.outputs.result import LayerInfo
    from circle15.outputs.view import View

FEWEST_GAINED = 1.0
"""People whom a site must newly cover, all of them whole, to be told of."""
SAME_SHARE = 1e-9

_SENTENCES = {
    "zh": {
        "nobody": "{name}范围内没有居民，不计覆盖率。",
        "nobody_served": "{name}有居民 {people} 人，其中没有各类服务所面向的人群，不计覆盖率。",
        "complete": "{name}有居民 {people} 人，其中 {complete} 人（{share}）步行可达全部 {n} 类服务。",
        "one_service": "{name}有居民 {people} 人，其中 {complete} 人（{share}）在达标时间内可达{layer}。",
        "one_service_group": "{name}有居民 {people} 人；{whom} {served} 人，"
        "其中 {complete} 人（{share}）在达标时间内可达{layer}。",
        "weakest": "覆盖率最低的是{layer}，为 {share}{as_low}：{whom}中有 {lost} 人步行 {minutes} 分钟内无法到达。",
        "weakest_unknown": "覆盖率最低的是{layer}，为 {share}{as_low}。",
        "as_low": "（{layers}相同）",
        "low": "{layers}的覆盖率较低，在误差范围内不分高低；其中{layer}为 {share}："
        "{whom}中有 {lost} 人步行 {minutes} 分钟内无法到达。",
        "low_all": "各类服务的覆盖率在误差范围内不分高低；其中{layer}为 {share}："
        "{whom}中有 {lost} 人步行 {minutes} 分钟内无法到达。",
        "all_covered": "{n} 类服务的达标步行圈都已覆盖所面向的全部人群。",
        "best_site": "在{name}的 {n} 处{layer}建议点位中，"
        "单独新建时新增覆盖{spaced}最多的是点位 {rank}，为 {gain} 人{around}{held}。",
        "only_site": "{name}有一处{layer}建议点位（点位 {rank}），"
        "单独新建时可新增覆盖{spaced} {gain} 人{around}{held}。",
        "other_service_low": "覆盖率较低的{weakest}在{name}没有可新增覆盖居民的建议点位，以下为{layer}。",
        "other_service": "覆盖率最低的{weakest}在{name}没有可新增覆盖居民的建议点位，以下为{layer}。",
        "no_site": "本次测算的建议点位中，没有一处位于{name}且能新增覆盖居民。",
        "around": "（含周边）",
        "between": "、",
    },
    "en": {
        "nobody": "Nobody lives in {name}, so no share is given.",
        "nobody_served": "None of the {people} people in {name} are of a group that is served, so no share is given.",
        "complete": "Of the {people} people in {name}, {complete} ({share}) have all {n} services in reach.",
        "one_service": "Of the {people} people in {name}, {complete} ({share}) have {layer} in reach.",
        "one_service_group": "Of the {people} people in {name}, {served} are {whom}; "
        "{complete} of these ({share}) have {layer} in reach.",
        "weakest": "{layer} is covered least, {share}{as_low}: {lost} {whom} cannot walk there in {minutes} minutes.",
        "weakest_unknown": "{layer} is covered least, {share}{as_low}.",
        "as_low": " (as is {layers})",
        "low": "{layers} have low shares that are not told apart within the errors; that of {layer} is {share}: "
        "{lost} {whom} cannot walk there in {minutes} minutes.",
        "low_all": "The services' shares are not told apart within the errors; that of {layer} is {share}: "
        "{lost} {whom} cannot walk there in {minutes} minutes.",
        "all_covered": "The walking circles of all {n} services cover everybody whom they are for.",
        "best_site": "Of the {n} sites proposed for {layer} in {name}, site {rank} alone would newly cover the most "
        "{whom}: {gain}{around}{held}.",
        "only_site": "The one site proposed for {layer} in {name} (site {rank}) would alone newly cover {gain} "
        "{whom}{around}{held}.",
        "other_service_low": "No proposed site in {name} would newly cover people for {weakest}, whose share is low; "
        "the following is of {layer}.",
        "other_service": "No proposed site in {name} would newly cover people for {weakest}, which is covered least; "
        "the following is of {layer}.",
        "no_site": "No proposed site that would newly cover people lies in {name}.",
        "around": " in and around it",
        "between": ", ",
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
        return [filled(texts[key], name=_named(view), people=people_text(residents))]
    return [_who_has_everything(view, texts), _what_is_weakest(view, texts), _what_to_build(view, texts)]


def _residents(view: View) -> float:
    return float(view.cell_values("population").sum())


def _who_has_everything(view: View, texts: dict[str, str]) -> str:
    known = {"name": _named(view), "people": people_text(_residents(view))}
    if len(view.result.layers) == 1:
        ((layer, row),) = view.coverage_rows()
        said = filled(
            texts["one_service" if layer.group == "all" else "one_service_group"],
            **known,
            served=people_text(row.people),
            whom=whom(layer, view.result.lang),
            complete=people_text(row.covered_people),
            share=share_text(row.covered_share) + interval_of(view, layer.id),
            layer=layer.name,
        )
        return _with_unknown(said, row, view, layer.group)
    row = view.own("completeness")[0]
    said = filled(
        texts["complete"],
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


def whom(layer: LayerInfo, lang: str) -> str:
    """Name the people of a count; those of a service for everybody are the residents."""
    name = group_of(layer.group, lang)
    return name if lang == "zh" else name[:1].lower() + name[1:]


def by_share(view: View) -> list[tuple[LayerInfo, Any]]:
    """Give the layers with their rows of coverage from the least covered on; those for nobody of the area left out."""
    known = [(layer, row) for layer, row in view.coverage_rows() if not math.isnan(row.covered_share)]
    return sorted(known, key=lambda pair: float(pair[1].covered_share))


def _is_uncovered(row: Any) -> bool:
    """Tell whether a row's uncovered people are anybody when printed."""
    return people_text(known_uncovered(row, float(row.covered_people)) + float(row.people_off_network)) != "0"


def _what_is_weakest(view: View, texts: dict[str, str]) -> str:
    (layer, row), *others = by_share(view)
    if not _is_uncovered(row):
        return filled(texts["all_covered"], n=len(view.result.layers))
    # Off the network nobody knows who can walk there, so those people are told apart.
    lost = people_text(known_uncovered(row, float(row.covered_people)))
    equal = [other.name for other, its in others if its.covered_share - row.covered_share <= SAME_SHARE]
    near = _not_told_apart(view)
    key = "weakest_unknown" if lost == "0" else "weakest"
    if near:
        key = "low_all" if len(near) == len(others) else "low"
    said = filled(
        texts[key],
        layers=texts["between"].join([layer.name, *(other.name for other in near)]),
        whom=whom(layer, view.result.lang),
        layer=layer.name,
        share=share_text(row.covered_share) + interval_of(view, layer.id),
        as_low=filled(texts["as_low"], layers=texts["between"].join(equal)) if equal else "",
        lost=lost,
        minutes=plain_number(layer.threshold_min),
    )
    return _with_unknown(said, row, view, layer.group)


def _not_told_apart(view: View) -> list[LayerInfo]:
    """Give the services whose shares overlap that of the service with the lowest one, so that none is the lowest."""
    (layer, _), *others = by_share(view)
    return not_told_apart(view, layer, [other for other, _ in others])


def _what_to_build(view: View, texts: dict[str, str]) -> str:
    """Speak of the service that is covered least; of another only where that one has no site here, and say so.

    Gains of two services are of other people and other walks, and gains in the order of the ranking are what earlier
    ranks left over: compared is what each site of one service would gain alone.
    """
    ranking = view.result.tables.ranking
    if view.unit_id is not None:
        own: list[Any] = view.own("ranking")
    else:
        own = [] if ranking is None else list(ranking.itertuples(index=False))
    order = by_share(view)
    for layer, _ in order:
        sites = [row for row in own if row.layer == layer.id and row.alone_covered_people >= FEWEST_GAINED]
        if not sites:
            continue
        weakest, its = order[0]
        said = _of_sites(view, layer, sites, texts)
        if layer is weakest or not _is_uncovered(its):
            return said
        key = "other_service_low" if _not_told_apart(view) else "other_service"
        why = filled(texts[key], weakest=weakest.name, name=_named(view, is_inside=True), layer=layer.name)
        return f"{why}{'' if view.result.lang == 'zh' else ' '}{said}"
    return filled(texts["no_site"], name=_named(view, is_inside=True))


def _of_sites(view: View, layer: LayerInfo, sites: list[Any], texts: dict[str, str]) -> str:
    """Tell the site of one service that alone gains most; where it is the only one nothing is compared."""
    best = max(sites, key=lambda row: float(row.alone_covered_people))
    return filled(
        texts["only_site" if len(sites) == 1 else "best_site"],
        name=_named(view, is_inside=len(sites) > 1),
        n=len(sites),
        layer=layer.name,
        whom=whom(layer, view.result.lang),
        spaced=spaced(whom(layer, view.result.lang), view.result.lang),
        rank=int(best.rank),
        gain=people_text(float(best.alone_covered_people)),
        around="" if view.unit_id is None else texts["around"],
        held=chosen_text(best, view.result.lang),
    )


def _named(view: View, *, is_inside: bool = False) -> str:
    """Give the area's name, with the spaces that Chinese type puts around Latin letters inside a sentence."""
    before = " " if is_inside and view.result.lang == "zh" and view.name[:1].isascii() else ""
    after = " " if view.result.lang == "zh" and view.name[-1:].isascii() else ""
    return f"{before}{view.name}{after}"
