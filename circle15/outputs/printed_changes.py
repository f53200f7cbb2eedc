"""A scenario's changes on the report's maps and on slides: each map has those of its service, and paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.outputs.palette import ACCENT, INK
from circle15.outputs.shown_changes import SIGNS, is_closing

if TYPE_CHECKING:
    from circle15.outputs.drawing import Plane
    from circle15.outputs.result import LayerInfo
    from circle15.outputs.shown_changes import ShownChange
    from circle15.outputs.view import View

Value = dict[str, Any]
_LETTERS = {"add_facility": "+", "close_facility": "×", "set_capacity": "↑"}


def changes_of(view: View, layer: LayerInfo) -> list[tuple[ShownChange, str]]:
    """Give the changes that a service's map draws, with their kinds in words."""
    facts = view.change_facts()
    return [
        (change, kind)
        for change, (kind, _) in zip(view.result.scenario, facts, strict=True)
        if change.layer in {"", layer.id}
    ]


def change_marks(view: View, layer: LayerInfo, plane: Plane) -> Value:
    """Give the lines and signs of a service's changes in the plane's steps, and a legend of their kinds."""
    lines, signs, legend = [], [], {}
    for change, kind in changes_of(view, layer):
        closes = is_closing(change)
        for line in change.lines:
            steps = plane.steps(np.array(line, dtype=np.float64)).tolist()
            lines.append({"d": "M" + "L".join(f"{x} {y}" for x, y in steps), "closes": closes})
        if change.lon is not None and change.lat is not None:
            (x, y) = plane.steps(np.array([[change.lon, change.lat]])).tolist()[0]
            signs.append({"x": x, "y": y, "colour": _colour(change), "d": SIGNS[change.kind]})
        if change.lines or change.lon is not None:
            legend[kind] = {"colour": _colour(change), "letter": _LETTERS.get(change.kind, ""), "closes": closes,
                            "label": kind}  # fmt: skip
    return {"lines": lines, "signs": signs, "legend": list(legend.values())}


def draw_changes(axes: Any, view: View, layer: LayerInfo) -> None:
    """Draw a service's changes on a slide's map, above all else."""
    for change, _ in changes_of(view, layer):
        colour = _colour(change)
        for line in change.lines:
            lon, lat = zip(*line, strict=True)
            style = {"linestyle": (0, (1, 1.6))} if is_closing(change) else {"solid_capstyle": "round"}
            axes.plot(lon, lat, color="white", linewidth=5.5, zorder=7.5, solid_capstyle="round")
            axes.plot(lon, lat, color=colour, linewidth=3.2, zorder=7.6, **style)
        if change.lon is not None and change.lat is not None:
            for width, edge in ((4.0, "white"), (1.8, colour)):
                axes.scatter([change.lon], [change.lat], s=150, facecolor="none", edgecolor=edge, linewidth=width,
                             zorder=7.7)  # fmt: skip
            badge = {"boxstyle": "circle,pad=0.15", "facecolor": colour, "edgecolor": "white", "linewidth": 0.7}
            axes.annotate(
                _LETTERS[change.kind], (change.lon, change.lat), xytext=(7, 7), textcoords="offset points",
                color="white", fontsize=7, weight="bold", ha="center", va="center", bbox=badge, zorder=7.8,
                annotation_clip=True,
            )  # fmt: skip


def change_legend(view: View, layer: LayerInfo) -> list[tuple[Any, str]]:
    """Give what a slide draws of a service's changes with what it is called, each kind once."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (optional)

    signs: dict[str, Any] = {}
    for change, kind in changes_of(view, layer):
        colour = _colour(change)
        if change.lines:
            style: Any = (0, (1, 1.6)) if is_closing(change) else "-"
            signs[kind] = Line2D([], [], color=colour, linewidth=3, linestyle=style)
        elif change.lon is not None:
            signs[kind] = Line2D([], [], linestyle="", marker="o", markersize=9, markerfacecolor="none",
                                 markeredgecolor=colour, markeredgewidth=1.8)  # fmt: skip
    return [(sign, kind) for kind, sign in signs.items()]


def _colour(change: ShownChange) -> str:
    return INK if is_closing(change) else ACCENT
