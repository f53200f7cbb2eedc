"""Small drawings of a trend, as SVG that prints: lines over the dates, bars of what moved a number."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

import numpy as np

from circle15.outputs.palette import INK
from circle15.outputs.trend_views import FACTOR_COLOURS, FACTOR_NAMES, Words, change_text, value_text
from circle15.outputs.trends import BY_FACTOR

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

LINE_COLOURS = ("#1d5f58", "#b27747", "#5a6b8c", "#a3204f", "#7b4f8c", "#5b5f2e", "#4f9c93", "#70412b")
DASHES = ("", "6 3", "2 2", "8 2 2 2", "1 3", "10 4", "4 1", "12 3 3 3")
"""Services are told apart by dash as well, for a grey print."""
_WIDTH, _HEIGHT = 236, 128
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 8, 6, 18
_BAR_WIDTH, _BAR_HEIGHT = 260, 14


def lines_svg(
    days: Sequence[dt.date], labels: Sequence[str], lines: Mapping[str, Sequence[float]], *, order: Sequence[str],
    unit: str = "share",
) -> str:  # fmt: skip
    """Draw shares (0 to 1) or points (0 to 100) over the dates, a line each; a date without a number breaks the line.

    Parameters
    ----------
    days
        Last days of the dates, ascending; they stand as far apart as they are.
    labels
        The dates as they are called.
    lines
        By name, the value at each date, NaN where there is none.
    order
        Names of all lines: each looks the same in every panel.
    unit
        "share" or "points".
    """
    span = max((days[-1] - days[0]).days, 1)
    x = [_LEFT + (day - days[0]).days / span * (_WIDTH - _LEFT - _RIGHT) for day in days]
    inner = _HEIGHT - _TOP - _BOTTOM

    top = 1.0 if unit == "share" else 100.0
    ticks = [(share * top, f"{share:.0%}" if unit == "share" else f"{share * top:.0f}") for share in (0.0, 0.5, 1.0)]

    def y(value: float) -> float:
        return _TOP + (1 - value / top) * inner

    parts = [
        f'<path class="grid" d="M{_LEFT} {y(at):.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 4}" y="{y(at) + 3:.1f}" text-anchor="end">{tick}</text>'
        for at, tick in ticks
    ]
    for at in (0, len(days) - 1):
        anchor = "start" if at == 0 else "end"
        parts.append(f'<text x="{x[at]:.1f}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{html.escape(labels[at])}</text>')
    for name, shares in lines.items():
        i = order.index(name) % len(LINE_COLOURS)
        points = [(px, y(s)) if not math.isnan(s) else None for px, s in zip(x, shares, strict=True)]
        drawn, pen = "", "M"
        for point in points:
            drawn, pen = (drawn, "M") if point is None else (f"{drawn}{pen}{point[0]:.1f} {point[1]:.1f}", "L")
        dash = f' stroke-dasharray="{DASHES[i]}"' if DASHES[i] else ""
        parts.append(f'<path class="line" d="{drawn}" stroke="{LINE_COLOURS[i]}"{dash}/>')
        for point, label, share in zip(points, labels, shares, strict=True):
            if point is not None:
                title = html.escape(f"{name} {label}: {value_text(share, unit)}")
                parts.append(
                    f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="2.4" fill="{LINE_COLOURS[i]}">'
                    f"<title>{title}</title></circle>"
                )
    told = "; ".join(
        f"{name} {' → '.join('–' if math.isnan(s) else value_text(s, unit) for s in shares)}"
        for name, shares in lines.items()
    )
    label = html.escape(f"{labels[0]} – {labels[-1]}: {told}")
    head = f'<svg class="lines" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
    return f"{head}{''.join(parts)}</svg>"


def line_legend(names: Sequence[str]) -> str:
    """Give the services' strokes as a list."""
    items = []
    for i, name in enumerate(names):
        k = i % len(LINE_COLOURS)
        dash = f' stroke-dasharray="{DASHES[k]}"' if DASHES[k] else ""
        stroke = f'<svg class="key" viewBox="0 0 26 8"><path d="M0 4H26" stroke="{LINE_COLOURS[k]}"{dash}/></svg>'
        items.append(f"<span>{stroke}{html.escape(name)}</span>")
    return f'<p class="legend">{"".join(items)}</p>'


def parts_svg(parts: Mapping[str, float], unit: str, *, scale: float, lang: str) -> str:
    """Draw what moved a number: parts that raised it to the right of the middle, those that lowered it to the left.

    ``scale`` is the largest sum of one side in the table, so that bars of one unit can be compared.
    """
    say = Words(lang)
    middle = _BAR_WIDTH / 2
    drawn = [f'<path class="grid" d="M{middle} 0V{_BAR_HEIGHT}"/>']
    right = left = middle
    told = []
    for name in BY_FACTOR:
        part = parts.get(name, np.nan)
        if math.isnan(part) or part == 0 or not scale > 0:
            continue
        width = abs(part) / scale * (middle - 2)
        x, right, left = (right, right + width, left) if part > 0 else (left - width, right, left - width)
        title = html.escape(f"{say(*FACTOR_NAMES[name])} {change_text(part, unit)}")
        told.append(title)
        drawn.append(
            f'<rect x="{x:.2f}" y="1" width="{width:.2f}" height="{_BAR_HEIGHT - 2}" fill="{FACTOR_COLOURS[name]}"'
            f' stroke="{INK}" stroke-width="0.4"><title>{title}</title></rect>'
        )
    label = say("，", ", ").join(told) or say("无变化", "no change")
    head = f'<svg class="parts" viewBox="0 0 {_BAR_WIDTH} {_BAR_HEIGHT}" role="img" aria-label="{label}">'
    return f"{head}{''.join(drawn)}</svg>"


def parts_legend(lang: str) -> str:
    """Give the factors' colours as a list."""
    say = Words(lang)
    items = [f'<span><i style="background:{FACTOR_COLOURS[n]}"></i>{say(*FACTOR_NAMES[n])}</span>' for n in BY_FACTOR]
    return f'<p class="legend">{"".join(items)}</p>'


def sides(parts: Mapping[str, float]) -> float:
    """Give the larger of what the parts raise and what they lower."""
    known = [v for v in parts.values() if not math.isnan(v)]
    return max(sum(v for v in known if v > 0), -sum(v for v in known if v < 0), 0.0)
