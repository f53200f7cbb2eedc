"""Classes and colours: light is near and served, dark is far and unserved, and the hue turns at the threshold.

Lightness falls strictly from the nearest class to the farthest, so that a grey print keeps the order; teal
against brown is told apart with every common kind of colour blindness (the BrBG pair of Harrower & Brewer 2003,
ColorBrewer.org).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

STEP_MIN = 5.0
N_BEYOND = 3
"""Classes between the threshold and "farther"."""
LARGEST_N_WITHIN = 6
SMALLEST_CLASS_MIN = 1.0

WITHIN = ((232, 244, 238), (180, 221, 211), (146, 204, 196))
"""Near to just within the threshold."""
BEYOND = ((208, 154, 100), (178, 119, 74), (148, 91, 56))
"""Just beyond the threshold to far."""
FARTHEST = "#70412b"
OFF_NETWORK, OFF_NETWORK_LINE = "#dadbdb", "#a3a7ab"
"""Hatched grey, outside the order of the classes: without a street nothing is known of the walk."""
INK = "#2b3440"
"""Outlines, letters and symbols."""
TEAL = "#4f9c93"
"""Who is newly covered, and the bars of shares (--teal in map.css)."""
GOOD_SHARES = ("#7fbdb3", "#bfe1d7")
"""The two highest classes of covered share on the map of a batch: light, but never as light as the paper."""
AREA = "#1d5f58"
"""Outlines of service areas: no boundary, so not of its colour."""
ACCENT = "#a3204f"
"""Proposed sites: the one colour that calls."""


CAUSE_COLOURS = {
    "full": "#cfc4dd",
    "too_slow": "#e3b44c",
    "barrier": "#c8694a",
    "none_near": "#7b4f8c",
    "cut_off": "#5b5f2e",
    "off_network": "#3b3f46",
}
"""Causes as planning/causes.py names them, from light to dark, so that a grey print tells them apart by lightness and
colour-blind people by hue and lightness."""
SURE_COLOURS = ("#8cc4bb", "#c9cbcc", "#94593a")
"""Surely covered, unsure, surely not covered: grey is what nobody can know."""
NO_CAUSE = "#e8eeea"
NOBODY = "#f4f2ec"
"""Cells with nobody whom a service is for, on maps of gaps and causes: neither enough nor a shortfall."""
TILES_SHOW = 0.28
"""How much of a base map is seen through the cells; their swatches are as much of a light map's ground."""


@dataclass(frozen=True, slots=True)
class TimeClasses:
    """Classes of walking time; a class reaches up to and with its upper edge, as every cutoff does."""

    edges_min: tuple[float, ...]  # upper edges, rising, minutes; one more class lies above the last
    n_within: int  # number of classes within the threshold: edges_min[n_within - 1] is the threshold
    colours: tuple[str, ...]  # one per class, len(edges_min) + 1


def time_classes(threshold_min: float, farthest_min: float | None = None) -> TimeClasses:
    """Cut walking minutes into 5-minute classes of which the threshold is an edge.

    Parameters
    ----------
    threshold_min
        Threshold in minutes, above 0.
    farthest_min
        How far was searched, minutes; it is the last edge, since nothing is known beyond. None: no such bound.

    Returns
    -------
    TimeClasses
        Steps grow to 10, 15 ... minutes where 5 would give more than six classes within the threshold; an edge less
        than a minute from the threshold gives way to it.
    """
    step = STEP_MIN * math.ceil(threshold_min / (STEP_MIN * LARGEST_N_WITHIN))
    n_below = math.ceil(threshold_min / step)
    below = [step * i for i in range(1, n_below + 1) if step * i <= threshold_min - SMALLEST_CLASS_MIN]
    first = math.floor(threshold_min / step) + 1
    above = [step * i for i in range(first, first + N_BEYOND + 1) if step * i >= threshold_min + SMALLEST_CLASS_MIN]
    above = above[:N_BEYOND]
    if farthest_min is not None:
        above = [edge for edge in above if edge <= farthest_min - step / 2]
        above += [farthest_min] if farthest_min > threshold_min else []
    within = ramp(WITHIN, len(below) + 1)
    return TimeClasses((*below, threshold_min, *above), len(below) + 1, (*within, *ramp(BEYOND, len(above)), FARTHEST))


def ramp(anchors: tuple[tuple[int, int, int], ...], n: int) -> tuple[str, ...]:
    """Give ``n`` colours evenly along ``anchors`` (sRGB), from the first to the last; the middle one for ``n`` = 1."""
    if n == 1:
        return (_hex(anchors[len(anchors) // 2]),)
    colours = []
    for i in range(n):
        place = i * (len(anchors) - 1) / (n - 1)
        left = min(int(place), len(anchors) - 2)
        share = place - left
        mixed = [a + (b - a) * share for a, b in zip(anchors[left], anchors[left + 1], strict=True)]
        colours.append(_hex((round(mixed[0]), round(mixed[1]), round(mixed[2]))))
    return tuple(colours)


def count_colours(n_services: int) -> tuple[str, ...]:
    """Give a colour for 0, 1 ... ``n_services`` services in reach: all is teal, ever fewer is ever darker brown."""
    missing = ramp(BEYOND, max(n_services - 1, 1))[: n_services - 1]
    return (FARTHEST, *reversed(missing), _hex(WITHIN[1]))


def gap_classes(largest: float) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Cut gaps into four classes at round numbers below ``largest``; give upper edges (three) and colours (four)."""
    if not largest > 0:
        return (), ramp(BEYOND, 1)
    unit = 10.0 ** math.floor(math.log10(largest))
    top = next(n * unit for n in (1, 2, 5, 10) if n * unit >= largest)
    edges = tuple(round(top * share, 10) for share in (0.1, 0.2, 0.5))
    return edges, ramp(((226, 190, 140), *BEYOND), 4)


def lightness(colour: str) -> float:
    """Give CIE L* (0 to 100) of an sRGB colour "#rrggbb": what a grey print keeps of it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]  # noqa: PLR2004 (IEC 61966-2-1)
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * y ** (1 / 3) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
