"""Numbers of the report's charts, in steps of their own small drawing planes; the page's template draws them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.measures.portrait import DIMENSIONS, DIMENSIONS_EN
from circle15.outputs.palette import CAUSE_COLOURS, INK
from circle15.outputs.text import people_text, plain_number

if TYPE_CHECKING:
    from circle15.outputs.view import View

Value = dict[str, Any]
LORENZ_SIZE = 300
RADAR_RADIUS = 100
FULL_SCORE = 100.0
SMALLEST_POLYGON = 3
TARGET_SHOWN = 1.5
"""Bars of targets reach to one and a half times the target; longer ones are cut there."""
_STROKES = ("", "7 3", "2 3", "10 3 2 3", "4 4", "1 4")
_LINES = ("#2f7f76", "#a3204f", "#b2774a", "#5b4a8c", INK, "#7a8a2a")


def lorenz_chart(view: View) -> Value | None:
    """Give the Lorenz curves of the district's services as SVG paths; None where the run has none."""
    table = view.result.tables.get("lorenz")
    if table is None or not len(table):
        return None
    ginis = {row.layer: float(row.gini) for row in view.own("equity")}
    curves = []
    for i, layer in enumerate(view.result.layers):
        own = table[table["layer"] == layer.id]
        if not len(own):
            continue
        x = np.rint(own["people_share"].to_numpy(np.float64) * LORENZ_SIZE).astype(int).tolist()
        y = LORENZ_SIZE - np.round(own["access_share"].to_numpy(np.float64) * LORENZ_SIZE, 1)
        gini = ginis.get(layer.id, math.nan)
        curves.append(
            {
                "name": layer.name,
                "gini": "–" if math.isnan(gini) else f"{gini:.2f}",
                "points": " ".join(f"{a},{plain_number(b)}" for a, b in zip(x, y.tolist(), strict=True)),
                "colour": _LINES[i % len(_LINES)],
                "dash": _STROKES[i % len(_STROKES)],
            }
        )
    return {"size": LORENZ_SIZE, "curves": curves}


def radar_chart(view: View) -> Value | None:
    """Give the four dimensions of an area as a radar, all other units faint behind; None where three are not known.

    The district's own radar has every unit's outline and none of its own: a portrait is a unit's.
    """
    rows = [row for unit_id in view.unit_names() for row in view.of_unit(unit_id).own("portrait")[:1]]
    scores = {str(row.unit_id): [_score(row, name) for name in DIMENSIONS] for row in rows}
    own = scores.get(view.area_id) if view.unit_id is not None else None
    known = [s for s in (own or [v for values in scores.values() for v in values]) if s is not None]
    enough = SMALLEST_POLYGON if view.unit_id is not None else SMALLEST_POLYGON * len(scores)
    if len(known) < enough or not known:
        return None
    names = DIMENSIONS if view.result.lang == "zh" else [name.capitalize() for name in DIMENSIONS_EN]
    axes = []
    for i, name in enumerate(names):
        x, y = _place(i, FULL_SCORE)
        value = None if own is None else own[i]
        text = "" if own is None else (view.say["no_data"] if value is None else plain_number(value))
        axes.append({"x": x, "y": y, "name": name, "text": text})
    return {
        "radius": RADAR_RADIUS,
        "axes": axes,
        "others": [_outline(values) for unit_id, values in scores.items() if unit_id != view.area_id],
        "own": None if own is None else _outline(own),
        "dots": [] if own is None else [_place(i, value) for i, value in enumerate(own) if value is not None],
    }


def _score(row: Any, name: str) -> float | None:
    value = float(getattr(row, name, math.nan))
    return None if math.isnan(value) else value


def _place(axis: int, score: float) -> tuple[float, float]:
    """Give a score's place: the first axis to the top, the others clockwise."""
    turn = math.radians(90.0 * axis)
    r = RADAR_RADIUS * score / FULL_SCORE
    return round(r * math.sin(turn), 1) + 0.0, round(-r * math.cos(turn), 1) + 0.0


def _outline(scores: list[float | None]) -> str:
    """Join the known scores of neighbouring axes; a missing one leaves the outline open."""
    strokes = []
    for i, (score, following) in enumerate(zip(scores, [*scores[1:], scores[0]], strict=True)):
        if score is not None and following is not None:
            (x, y), (to_x, to_y) = _place(i, score), _place((i + 1) % len(scores), following)
            strokes.append(f"M{x} {y}L{to_x} {to_y}")
    return "".join(strokes)


def cause_bars(view: View) -> list[Value]:
    """Give, per service with people not covered, why; shares are of the uncovered people of the worst service."""
    rows = view.own("causes")
    names = [name for name in reversed(CAUSE_COLOURS) if name != "full"]
    people = {
        layer.id: {row.cause: float(row.people) for row in rows if row.layer == layer.id}
        for layer in view.result.layers
    }
    totals = {layer_id: sum(by.get(name, 0.0) for name in names) for layer_id, by in people.items()}
    longest = max(totals.values(), default=0.0)
    if people_text(longest) == "0":
        return []
    bars = []
    for layer in view.result.layers:
        parts = [
            {
                "percent": round(people[layer.id][name] / longest * 100, 2),
                "colour": CAUSE_COLOURS[name],
                "text": f"{view.say[f'cause_{name}']} {people_text(people[layer.id][name])}",
            }
            for name in names
            if people[layer.id].get(name, 0.0) > 0
        ]
        if people_text(totals[layer.id]) != "0":
            bars.append({"name": layer.name, "parts": parts, "total": people_text(totals[layer.id])})
    return bars


def cause_legend(view: View) -> list[Value]:
    """Give the causes that `cause_bars` draws, each with its colour."""
    return [
        {"colour": colour, "label": view.say[f"cause_{name}"]}
        for name, colour in reversed(CAUSE_COLOURS.items())
        if name != "full"
    ]


def target_bars(view: View) -> list[Value]:
    """Give the plan's targets that are met or behind, each actual value as a share of its target (its lower bound)."""
    table = view.result.tables.get("targets")
    bars: list[Value] = []
    row: Any
    for row in () if table is None else table.itertuples(index=False):
        target, actual = float(row.target), float(row.actual)
        if row.status == "no data" or target <= 0:
            continue
        ratio = actual / target
        unit = str(row.unit or "")
        bars.append(
            {
                "name": str(row.indicator),
                "year": "" if math.isnan(float(row.year)) else str(int(row.year)),
                "percent": round(min(ratio, TARGET_SHOWN) / TARGET_SHOWN * 100, 2),
                "line": round(100 / TARGET_SHOWN, 2),
                "is_met": row.status == "met",
                "actual": f"{plain_number(actual, 2)} {unit}".strip(),
                "target": f"{_bounds(row)} {unit}".strip(),
            }
        )
    return bars


def _bounds(row: Any) -> str:
    """Write a target as it is judged: "> 4" where the plan says more than 4, "1–2" of a range."""
    target = plain_number(float(row.target), 2)
    if row.direction == "range":
        return f"{target}–{plain_number(float(row.target_upper), 2)}"
    return f"{row.comparator if row.comparator in {'>', '<'} else row.direction} {target}"
