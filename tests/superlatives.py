"""Every superlative that a report makes, read from its sentences and held against the tables."""

import html
import re

import numpy as np

from circle15.outputs.sentences import three_sentences
from circle15.outputs.text import people_text, share_text
from circle15.outputs.view import View

_WEAKEST = {
    "zh": re.compile(
        r"覆盖率最低的是(?P<layer>.+?)，为 (?P<share>[\d.]+%)(?:（[\d.–]+%）)?(?:（(?P<equal>.+?)相同）)?[：。，]"
    ),
    "en": re.compile(
        r"(?P<layer>.+?) is covered least, (?P<share>[\d.]+%)(?: \([\d.–]+%\))?(?: \(as is (?P<equal>.+?)\))?[:.;]"
    ),
}
_BEST = {
    "zh": re.compile(
        r"的 (?P<n>\d+) 处(?P<layer>.+?)建议点位中，.*?最多的是点位 (?P<rank>\d+)，为 (?P<gain>[\d,]+) 人"
    ),
    "en": re.compile(
        r"Of the (?P<n>\d+) sites proposed for (?P<layer>.+?) in .*?, site (?P<rank>\d+) alone .* the most .*?: "
        r"(?P<gain>[\d,]+)"
    ),
}
_OTHER = {
    "zh": re.compile(r"覆盖率最低的(?P<weakest>.+?)在.*没有可新增覆盖居民的建议点位，以下为(?P<layer>.+?)。"),
    "en": re.compile(
        r"No proposed site in .* people for (?P<weakest>.+?), which is covered least; the following is of (?P<layer>.+?)\."
    ),
}
_NO_CLAIM = {
    "zh": ("到最近设施的步行时间", "最少缺口", "最靠近格内居民中位点的住处"),
    "en": ("walk to the nearest", "Missing at least", "missing at least", "at least"),
}
"""What the report says of every place or as a name, and of none in particular."""
_CLAIM = {
    "zh": re.compile("最|首位|第一"),
    "en": re.compile(r"\b(least|most|best|worst|largest|lowest|highest|first)\b"),
}


def check_superlatives(sentences, result, area_id):
    """Assert that each superlative of an area's sentences is so in the tables, and that none is of an unknown kind.

    Returns
    -------
    int
        How many were found.
    """
    rest, found = " ".join(sentences), 0
    for kind, check in ((_OTHER, _check_other), (_WEAKEST, _check_weakest), (_BEST, _check_best)):
        for sentence in sentences:
            for claim in kind[result.lang].finditer(sentence):
                check(claim, result, area_id)
                rest = rest.replace(claim.group(), " ")
                found += 1
    assert not _CLAIM[result.lang].search(rest), rest
    return found


def check_report(page, result):
    """Assert of a report's whole text that each superlative is a sentence's, and so in the tables, or the portrait's."""
    whole, found = View(result), 0
    text = html.unescape(re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))
    rest = text
    for view in [whole, *(whole.of_unit(unit_id) for unit_id in whole.unit_ids)]:
        said = three_sentences(view)
        found += check_superlatives(said, result, view.area_id)
        for sentence in said:
            assert sentence in text
            rest = rest.replace(sentence, " ")
    assert found
    _check_portrait(result)
    for phrase in (*_NO_CLAIM[result.lang], "最差维度", "Worst dimension", *result.warnings):
        rest = rest.replace(phrase, " ")
    assert not [rest[m.start() - 30 : m.end() + 30] for m in _CLAIM[result.lang].finditer(rest)]


def _check_portrait(result):
    """Assert that the first rank has the highest index of its level, and that the worst dimension is the lowest."""
    if "portrait" not in result.tables:
        return
    for _, rows in result.tables["portrait"].groupby("level"):
        known = rows[rows["index"].notna()]
        assert (known["rank"] == known["index"].rank(ascending=False, method="min")).all()
        for row in rows.to_dict("records"):
            scores = {
                "匹配度": row["匹配度"],
                "可及度": row["可及度"],
                "饱和度": row["saturation_score"],
                "满意度": row["满意度"],
            }
            known = {name: score for name, score in scores.items() if not np.isnan(score)}
            if row["worst_dimension"]:
                assert known[row["worst_dimension"]] == min(known.values())


def _shares(result, area_id):
    coverage = result.tables["coverage"]
    own = coverage[(coverage["unit_id"] == area_id) & coverage["covered_share"].notna()]
    names = {layer.id: layer.name for layer in result.layers}
    return own.assign(name=own["layer"].map(names)).set_index("name")["covered_share"]


def _check_weakest(claim, result, area_id):
    shares = _shares(result, area_id)
    least = set(shares.index[np.isclose(shares, shares.min(), rtol=0, atol=1e-9)])
    equal = re.split("、|, ", claim["equal"]) if claim["equal"] else []
    assert {claim["layer"].strip(), *equal} == least
    assert claim["share"] == share_text(shares.min())


def _sites(result, area_id, name):
    ranking = result.tables["ranking"]
    layer = next(layer.id for layer in result.layers if layer.name == name)
    is_here = True if area_id == result.id else ranking["unit_id"] == area_id
    return ranking[(ranking["layer"] == layer) & is_here & (ranking["alone_covered_people"] >= 1)]


def _check_best(claim, result, area_id):
    sites = _sites(result, area_id, claim["layer"])
    assert len(sites) == int(claim["n"]) > 1
    alone = sites.set_index("rank")["alone_covered_people"]
    assert alone[int(claim["rank"])] == alone.max()
    assert claim["gain"] == people_text(alone.max())


def _check_other(claim, result, area_id):
    shares = _shares(result, area_id)
    assert shares[claim["weakest"]] == shares.min()
    assert _sites(result, area_id, claim["weakest"]).empty
    weaker = shares.index[shares < shares[claim["layer"]]]
    assert all(_sites(result, area_id, name).empty for name in weaker)
