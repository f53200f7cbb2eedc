"""What stands beside a covered share where some people are off the network: unknown is not uncovered."""

from __future__ import annotations

from typing import Any

from circle15.outputs.shared_words import words
from circle15.outputs.text import group_name, people_text, share_text

SHOWN = 0.0005
"""Share of the people off the network from which a share's printed decimal can differ by it."""
NEARLY_ALL = 0.995
"""Share of those off the network who must be without any street before the text says that of all of them."""

_TEXTS = {
    "zh": {
        "where": {True: "所在网格无道路数据", False: "所在网格未接入路网{of_these}"},
        "of_these": "（其中 {n} 无道路数据）",
        "off": "另有 {off} 的{whom}{where}",
        "on": "接入路网的{whom}中为 {share}",
        "short": {True: "另有 {off} 无道路数据", False: "另有 {off} 未接入路网"},
        "short_on": "路网内 {share}",
        "whom": "居民",
        "between": "，",
    },
    "en": {
        "where": {True: "live in cells without street data", False: "live in cells off the network{of_these}"},
        "of_these": " ({n} without street data)",
        "off": "another {off} of the {whom} {where}",
        "on": "{share} of those on the network",
        "short": {True: "{off} without street data", False: "{off} off the network"},
        "short_on": "on the network {share}",
        "whom": "people",
        "between": "; ",
    },
}


def share_on_network(row: Any) -> float:
    """Give the share among those on the network of a row of coverage or completeness."""
    found = getattr(row, "covered_share_on_network", None)
    return float(row.complete_share_on_network if found is None else found)


def is_told(row: Any) -> bool:
    """Tell whether so many of a row's people are off the network that its share does not say how the others stand."""
    return bool(row.people > 0 and row.people_off_network / row.people >= SHOWN)


def beside_share(row: Any, lang: str, *, group: str = "all") -> str:
    """Say whose walks are unknown and what the share is among the others; "" where that is (nearly) nobody.

    Parameters
    ----------
    row
        A row of coverage or completeness, its columns as attributes.
    lang
        "zh" or "en".
    group
        Whom the row is about.

    Returns
    -------
    str
        "另有 17.3% 的居民所在网格无道路数据，接入路网的居民中为 88.5%", to stand after the covered share.
    """
    texts: dict[str, Any] = _TEXTS[lang]
    whom = texts["whom"] if group == "all" else group_name(group, lang)
    where = texts["where"][_without_streets(row)].format(of_these=_of_these(row, texts["of_these"]))
    return _joined(row, texts, "off", "on", where=where, whom=whom)


def beside_figure(row: Any, lang: str) -> str:
    """Say the same in as few words as stand below a figure: "另有 17.3% 无道路数据，路网内 88.5%"."""
    texts: dict[str, Any] = _TEXTS[lang]
    short = texts["short"][_without_streets(row)]
    return _joined(row, {**texts, "short": short}, "short", "short_on")


def off_label(row: Any, lang: str) -> str:
    """Name the cells off the network in a legend, by what their people lack: any street, or one that is not cut off."""
    texts: dict[str, Any] = _TEXTS[lang]
    if _without_streets(row):
        return words(lang)["no_streets"]
    return words(lang)["unlinked"] + _of_these(row, texts["of_these"])


def known_uncovered(row: Any, covered_people: float) -> float:
    """Give the people who are on the network and not covered."""
    return max(float(row.people - covered_people - row.people_off_network), 0.0)


def off_people_text(row: Any) -> str:
    """Write the number of people off the network; "" where they are not told."""
    return people_text(float(row.people_off_network)) if is_told(row) else ""


def _without_streets(row: Any) -> bool:
    return bool(row.people_without_streets >= NEARLY_ALL * row.people_off_network)


def _of_these(row: Any, text: str) -> str:
    """Say how many of everybody have no street at all, beside those whose streets are cut off."""
    if not (row.people > 0 and row.people_without_streets / row.people >= SHOWN):
        return ""
    return text.format(n=share_text(float(row.people_without_streets / row.people)))


def _joined(row: Any, texts: dict[str, Any], off: str, on: str, **said: str) -> str:
    if not is_told(row):
        return ""
    found = [texts[off].format(off=share_text(float(row.people_off_network / row.people)), **said)]
    share = share_on_network(row)
    if share == share:  # noqa: PLR0124 (NaN where nobody is on the network)
        found.append(texts[on].format(share=share_text(share), **said))
    return str(texts["between"].join(found))
