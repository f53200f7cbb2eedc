"""What `check` found, as a page of text for a terminal: columns aligned, Chinese letters two wide."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.pipeline.fit.street_check import FAR_M, NEAR_M
from circle15.pipeline.study.outline_check import outline_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from circle15.doctor.findings import Findings
    from circle15.network.detection.crs_detector import CrsDetection

_GAP = "  "
_ALARM_WIDTH = 78


def check_text(found: Findings) -> str:
    """Give the page: problems first, then warnings, what was read, coordinate systems, streets per unit, verdict."""
    parts = [
        _alarm(found),
        _listed(
            found.words("问题（运行会中止）", "Problems (a run would stop)"),
            found.problem_lines(),
        ),
        _listed(found.words("提示", "Warnings"), [w.in_(found.lang) for w in found.warnings]),
        _titled(
            found.words("已读入", "Read"),
            _columns([[said.in_(found.lang) for said in f] for f in found.facts], right=()),
        ),
    ]
    measured = [fact.in_(found.lang) for fact in outline_facts(found.outlines)]
    if measured:
        parts.append(_titled(found.words("边界坐标系核对", "Coordinate systems of the outlines"), measured))
    if found.systems:
        title = found.words("坐标系核对（点位到最近街道的距离）", "Coordinate systems (points to the nearest street)")
        tables = [line for layers, told in found.systems.items() for line in _system_lines(found, layers, told)]
        parts.append(_titled(title, tables))
    if found.units is not None:
        title = found.words("街道与路网", "Units and their streets")
        parts.append(_titled(title, _unit_lines(found, found.units)))
    n, m = len(found.problems), len(found.warnings)
    verdict = found.words(
        f"结论：{n} 个问题，{m} 条提示，{'不能运行' if n else '可以运行'}",
        f"Verdict: {n} problem{'s' * (n != 1)}, {m} warning{'s' * (m != 1)}: a run"
        f" {'would stop' if n else 'goes through'}",
    )
    wrong = [d for d in found.outlines if d.contradicts]
    if wrong:
        keys = ", ".join(f"{d.source.key}_crs" for d in wrong)
        verdict += found.words(
            f"，{'且' if n else '但'}边界坐标系有误（{keys}），结果不可用",
            f", {'and' if n else 'but'} outlines lie in the wrong place ({keys}), and so would its numbers",
        )
    return "\n\n".join([*(p for p in parts if p), verdict])


def _alarm(found: Findings) -> str:
    """Put above all else what would make every number wrong while a run goes through."""
    wrong = [d for d in found.outlines if d.contradicts]
    if not wrong:
        return ""
    keys = ", ".join(f'{d.source.key}_crs = "{d.best}"' for d in wrong)
    line = "!" * _ALARM_WIDTH
    text = found.words(
        f"边界坐标系有误，所有结果都会算到错误的地方。请在 [district] 写 {keys}（详见提示）",
        f"OUTLINES IN THE WRONG PLACE: every number would be wrong. Say in [district] {keys} (see the warnings)",
    )
    return f"{line}\n{text}\n{line}"


def _listed(title: str, lines: Sequence[str]) -> str:
    width = len(str(len(lines)))
    return _titled(f"{title} {len(lines)}", [f"{i:>{width}} {line}" for i, line in enumerate(lines, start=1)])


def _titled(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"{_GAP}{line}" for line in lines)]) if lines else ""


def _system_lines(found: Findings, layers: str, told: CrsDetection) -> list[str]:
    names = {layer.id: layer.name for layer in found.config.layers} if found.config is not None else {}
    shown = found.words("、", ", ").join(names.get(layer, layer) for layer in layers.split(", "))
    said = found.words(f"所写 {told.stated}" if told.stated else "未写坐标系", f"said {told.stated or 'nothing'}")
    head = found.words(
        f"{shown}：{said}，{told.n_points} 个点，其中 {told.n_compared} 个在各坐标系下均位于路网之内，可比",
        f"{shown}: {said}, {told.n_points} points, {told.n_compared} of them among the streets under every system",
    )
    if told.best is None:
        few = found.words("点太少或离路网太远，无法核对", "too few points, or too far from the streets, to tell")
        return [f"{head}{found.words('；', '; ')}{few}"]
    rows = [
        [
            "", found.words("坐标系", "system"), found.words("路网内点位", "among streets"),
            found.words("沿街程度", "fit"), found.words("中位数", "median"),
            found.words("30米内", "in 30 m"),
            found.words("研究区内", "in area"), found.words("可信度", "confidence"),
        ]
    ]  # fmt: skip
    for row in told.table.itertuples():
        if row.share_in_reach == 0:
            continue
        mark = "*" if row.is_stated else ""
        swapped = found.words("（x/y 对调）", " (x/y swapped)") if row.is_swapped else ""
        median = _metres(found, row.median_m)
        shares = [_percent(v) for v in (row.share_near, row.share_in_district, row.confidence)]
        rows.append([mark, f"{row.crs}{swapped}", f"{row.n_among_streets:,}", f"{row.fit:+.1f}", median, *shares])
    verdict = (
        found.words(f"可以确定为 {told.best}", f"surely {told.best}")
        if told.is_sure
        else found.words("尚不能确定", "not sure")
    )
    signs = [f"{_GAP}{s.words.in_(found.lang)}" for s in told.signs]
    return [head, *(_GAP + line for line in _columns(rows, right=range(2, 8))), *signs, f"{_GAP}{verdict}"]


def _unit_lines(found: Findings, units: pd.DataFrame) -> list[str]:
    near, far = (found.words(f"> {m:.0f} 米", f"> {m:.0f} m") for m in (NEAR_M, FAR_M))
    heading = [
        found.words("街道", "unit"), found.words("人口", "people"), near, far,
        found.words("设施", "facilities"), near, far,
        found.words("道路（公里）", "street km"), found.words("建成区（平方公里）", "built-up km2"),
        found.words("公里/平方公里", "km/km²"),
    ]  # fmt: skip
    rows = [
        [
            str(row.unit_name), f"{row.people:,.0f}", _percent(row.people_far_50), _percent(row.people_far_100),
            f"{row.facilities:,.0f}", _percent(row.facilities_far_50), _percent(row.facilities_far_100),
            f"{row.street_km:,.1f}", f"{row.built_up_km2:,.2f}", _number(row.street_km_per_km2),
        ]
        for row in units.itertuples()
    ]  # fmt: skip
    return _columns([heading, *rows], right=range(1, len(heading)))


def _metres(found: Findings, value: Any) -> str:
    return found.words(f"{value:.0f} 米", f"{value:.0f} m") if np.isfinite(value) else "-"


def _percent(share: Any) -> str:
    return f"{share:.0%}" if np.isfinite(share) else "-"


def _number(value: Any) -> str:
    return f"{value:,.1f}" if np.isfinite(value) else "-"


def _columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] | range) -> list[str]:
    """Align the columns of ``rows``; those in ``right`` to the right. The last one may be of any length."""
    if not rows:
        return []
    widths = [max(text_width(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for j, text in enumerate(row):
            fill = " " * (widths[j] - text_width(text))
            cells.append(fill + text if j in right else text + fill)
        lines.append(_GAP.join(cells).rstrip())
    return lines


def text_width(text: str) -> int:
    """Give how many Latin letters wide a text is shown."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
