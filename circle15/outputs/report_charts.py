"""Numbers of the report's charts, in steps of their own small drawing planes; the page's template draws them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.measures.portrait import DIMENSIONS, DIMENSIONS_EN
from circle15.outputs.palette import CAUSE_COLOURS, INK
from circle15.outputs.text import group_of, people_text, plain_number, rate_unit

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
    table = view.result.tables.lorenz
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
    """Give the four dimensions of a unit as a radar, all other units faint behind; None where three are not known."""
    rows = [row for unit_id in view.unit_names() for row in view.of_unit(unit_id).own("portrait")[:1]]
    scores = {str(row.unit_id): [_score(row, name) for name in DIMENSIONS] for row in rows}
    own = scores.get(view.area_id, [])
    if sum(score is not None for score in own) < SMALLEST_POLYGON:
        return None
    names = DIMENSIONS if view.result.lang == "zh" else [name.capitalize() for name in DIMENSIONS_EN]
    axes = []
    for i, (name, value) in enumerate(zip(names, own, strict=True)):
        x, y = _place(i, FULL_SCORE)
        text = view.say["no_data"] if value is None else plain_number(value)
        axes.append({"x": x, "y": y, "name": name, "text": text})
    return {
        "radius": RADAR_RADIUS,
        "axes": axes,
        "others": [_outline(values) for unit_id, values in scores.items() if unit_id != view.area_id],
        "own": _outline(own),
        "dots": [_place(i, value) for i, value in enumerate(own) if value is not None],
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
    """Give, per service with people not covered, why; shares are of its own, since groups differ in size by far."""
    rows = view.own("causes")
    names = [name for name in reversed(CAUSE_COLOURS) if name != "full"]
    bars = []
    for layer in view.result.layers:
        people = {row.cause: float(row.people) for row in rows if row.layer == layer.id and row.people > 0}
        total = sum(people.get(name, 0.0) for name in names)
        if people_text(total) == "0":
            continue
        parts = [
            {
                "percent": round(people[name] / total * 100, 2),
                "cause": name,
                "colour": CAUSE_COLOURS[name],
                "text": f"{view.say[f'cause_{name}']} {people_text(people[name])}",
            }
            for name in names
            if name in people
        ]
        group = group_of(layer.group, view.result.lang)
        bars.append({"name": layer.name, "group": group, "parts": parts, "total": people_text(total)})
    return bars


def cause_legend(view: View) -> list[Value]:
    """Give the causes that `cause_bars` draws, each with its colour."""
    return [
        {"cause": name, "colour": colour, "label": view.say[f"cause_{name}"]}
        for name, colour in reversed(CAUSE_COLOURS.items())
        if name != "full"
    ]


def target_bars(view: View) -> list[Value]:
    """Give the plan's targets whose actual value is known, and it as a share of the target (its lower bound).

    Where the table decides nothing, or a share of the target would say nothing, there is no bar.
    """
    table = view.result.tables.targets
    bars: list[Value] = []
    row: Any
    for row in () if table is None else table.itertuples(index=False):
        target, actual = float(row.target), float(row.actual)
        if math.isnan(actual):
            continue
        is_drawn = row.status != "no data" and target > 0
        shown = min(actual / target, TARGET_SHOWN) if is_drawn else 0.0
        unit = rate_unit(str(row.unit or ""), str(row.indicator), view.result.lang)
        bars.append(
            {
                "name": str(row.indicator),
                "year": "" if math.isnan(float(row.year)) else str(int(row.year)),
                "is_drawn": is_drawn,
                "percent": round(shown / TARGET_SHOWN * 100, 2),
                "line": round(100 / TARGET_SHOWN, 2),
                "is_met": row.status == "met",
                "status": view.say["status_undecided" if row.status == "no data" else f"status_{row.status}"],
                "document": f"{row.document} {row.location}".strip(),
                "actual": f"{plain_number(actual, 2, separator=',')} {unit}".strip(),
                "target": f"{_bounds(row)} {unit}".strip(),
            }
        )
    return bars


def _bounds(row: Any) -> str:
    """Write a target as it is judged: "> 4" where the plan says more than 4, "1–2" of a range."""
    target = plain_number(float(row.target), 2, separator=",")
    if row.direction == "range":
        return f"{target}–{plain_number(float(row.target_upper), 2, separator=',')}"
    sign = row.comparator if row.comparator in {">", "<"} else {">=": "≥", "<=": "≤"}[row.direction]
    return f"{sign} {target}"
