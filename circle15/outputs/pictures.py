"""PNG maps for slides, by matplotlib, which comes with ``pip install circle15[pictures]``."""

from __future__ import annotations

import importlib.util
import math
import textwrap
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from circle15.errors import OutputError, Problem
from circle15.files.staging import whole_file
from circle15.outputs.beside_share import beside_share, off_label
from circle15.outputs.drawing import plane_of, scale_bar_m
from circle15.outputs.drawings import unguarded
from circle15.outputs.map_data import cell_classes, class_labels, layer_classes
from circle15.outputs.palette import AREA, INK, OFF_NETWORK, OFF_NETWORK_LINE
from circle15.outputs.printed_changes import change_legend, draw_changes
from circle15.outputs.proposals import proposals
from circle15.outputs.text import distance_text, layer_rules, plain_number, service_group, share_text
from circle15.outputs.view import View
from circle15.said import Said
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from circle15.outputs.proposals import Proposal
    from circle15.outputs.result import DistrictResult, LayerInfo

CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Heiti SC",
    "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
)  # fmt: skip
SIZE_IN, DPI = (10.0, 5.625), 192  # 16:9, 1920 x 1080 pixels
MAP_FRAME, TEXT_LEFT = (0.02, 0.07, 0.71, 0.79), 0.75
MARGIN = 1.08
"""Height or width of the frame over that of the area."""
WORDS_WIDTH = {"zh": 21, "en": 36}
"""Letters of a line in the column of words."""
PAPER = "#fbfaf7"
MOST_PROPOSED = 5
LABEL_PT = 8.0
LAST_NARROW = 0x2E7F
"""Letters beyond it are as wide as they are high."""
_OFF_NETWORK: dict[str, Any] = {
    "facecolor": OFF_NETWORK,
    "edgecolor": OFF_NETWORK_LINE,
    "linewidth": 0.0,
    "hatch": "\\\\\\\\",
}


def write_pictures(
    result: DistrictResult, folder: Path, *, attempt: Callable[[Path], AbstractContextManager[None]] = unguarded
) -> list[Path]:
    """Write a PNG of every layer for the district and for each unit: ``<layer>.png`` and ``<unit_id>-<layer>.png``.

    ``attempt`` surrounds the drawing of each, for a caller who wants the others where one fails.

    Returns
    -------
    list of Path
        The files, in order.

    Raises
    ------
    OutputError
        If matplotlib is not installed, no font of the machine has Chinese letters and they are needed, or a file
        cannot be written.
    """
    _require_matplotlib()
    font = _font(result)
    whole = View(result)
    views = [whole, *(whole.of_unit(unit_id) for unit_id in whole.unit_ids)]
    written = []
    for view in views:
        for layer in result.layers:
            name = f"{layer.id}.png" if view.unit_id is None else f"{view.unit_id}-{layer.id}.png"
            with attempt(folder / name):
                figure = draw_layer(view, layer, font)
                with whole_file(folder / name) as stage:
                    figure.savefig(stage, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
                written.append(folder / name)
    return written


def draw_layer(view: View, layer: LayerInfo, font: str) -> Any:
    """Draw one layer's walking times in one area with title, legend, scale bar, north arrow and sources.

    Returns
    -------
    matplotlib.figure.Figure
        A figure of its own; no global state of matplotlib is touched.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 (a second to load, and optional)

    figure = Figure(figsize=SIZE_IN)
    axes = figure.add_axes(MAP_FRAME)
    _draw_map(axes, view, layer)
    _draw_names(axes, view, font)
    _draw_scale(axes, view, font)
    _draw_words(figure, view, layer, font)
    return figure


def _require_matplotlib() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise OutputError(
            Problem(
                Said(
                    "输出图片需要 matplotlib：pip install circle15[pictures]",
                    "pictures need matplotlib: pip install circle15[pictures]",
                ),
            )
        )


def _font(result: DistrictResult) -> str:
    """Give a font of the machine that has the letters of the result's texts."""
    from matplotlib import font_manager  # noqa: PLC0415 (optional)

    known = {font.name for font in font_manager.fontManager.ttflist}
    found = next((name for name in CHINESE_FONTS if name in known), None)
    if found is not None:
        return found
    texts = "".join([result.name, *result.units["unit_name"].astype(str), *(layer.name for layer in result.layers)])
    if result.lang == "zh" or any(ord(c) > 0x2E7F for c in texts):  # noqa: PLR2004 (CJK begins here)
        raise OutputError(
            Problem(
                Said(
                    f"未安装中文字体；请安装其中一种：{', '.join(CHINESE_FONTS)}",
                    "no font with Chinese letters is installed; install one of: " + ", ".join(CHINESE_FONTS),
                ),
            )
        )
    return "DejaVu Sans"


def _draw_map(axes: Any, view: View, layer: LayerInfo) -> None:
    result = view.result
    classes = layer_classes(layer)
    cells = result.cells
    place = cell_classes(cells, layer, classes)
    colours = np.array([*classes.colours, OFF_NETWORK], dtype=object)[place]
    is_own = np.ones(len(cells), bool) if view.unit_id is None else (cells["unit_id"] == view.unit_id).to_numpy()
    is_off = place == len(classes.colours)
    for mask, alpha in ((is_own, 1.0), (~is_own, 0.3)):
        if mask.any():
            shapes, fill = cells.geometry[mask], colours[mask].tolist()
            shapes.plot(ax=axes, color=fill, edgecolor=fill, linewidth=0.2, alpha=alpha, aspect=None)
        if (mask & is_off).any():
            cells.geometry[mask & is_off].plot(ax=axes, alpha=alpha, aspect=None, **_OFF_NETWORK)
    gpd.GeoSeries(view.streets()).plot(ax=axes, color="#8d8a82", linewidth=0.35, alpha=0.45, aspect=None)
    result.units.boundary.plot(ax=axes, color=INK, linewidth=0.5, aspect=None)
    view.area().boundary.plot(ax=axes, color=INK, linewidth=1.5, aspect=None)
    facilities = result.tables.facilities
    own = facilities[facilities["layer"] == layer.id]
    axes.scatter(own["lon"], own["lat"], s=12, facecolor="white", edgecolor=INK, linewidth=0.8, zorder=5)
    for p in _proposed(view, layer):
        box = {"boxstyle": "round,pad=0.25", "facecolor": AREA, "edgecolor": "white", "linewidth": 0.8}
        axes.text(p.lon, p.lat, str(p.number), color="white", fontsize=7.5, weight="bold", ha="center", va="center",
                  bbox=box, zorder=7, clip_on=True)  # fmt: skip
    draw_changes(axes, view, layer)
    west, south, east, north = _frame(view)
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], xlabel="", ylabel="", facecolor=PAPER)
    axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))
    for spine in axes.spines.values():
        spine.set(color="#dedbd2")


def _proposed(view: View, layer: LayerInfo) -> list[Proposal]:
    """Give what a slide shows of what is proposed for a service: the programme's, else the first projects or sites."""
    position = view.result.layers.index(layer)
    for kind in ("programme", "projects", "ranking"):
        own = [p for p in proposals(view, kind) if p.layer == position and view.unit_id in (None, p.unit_id)]
        if own:
            return own[:MOST_PROPOSED]
    return []


def _frame(view: View) -> tuple[float, float, float, float]:
    """Give the area's bounds widened to the picture's proportions."""
    west, south, east, north = (float(v) for v in view.area().total_bounds)
    shrink = math.cos(math.radians((south + north) / 2))
    proportion = MAP_FRAME[2] * SIZE_IN[0] / (MAP_FRAME[3] * SIZE_IN[1])
    height = max(north - south, (east - west) * shrink / proportion) * MARGIN
    width = height * proportion / shrink
    x, y = (west + east) / 2, (south + north) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def unit_labels(view: View) -> list[tuple[str, float, float]]:
    """Give the names of the units in the frame with the places of their middles, those of most land first.

    A name that would lie over one before it is left out.
    """
    west, south, east, north = _frame(view)
    units = view.result.units
    shapes = shapely.clip_by_rect(units.geometry.to_numpy(), west, south, east, north)
    kept: list[tuple[str, float, float]] = []
    boxes: list[shapely.Polygon] = []
    for i in np.argsort(-shapely.area(shapes), kind="stable"):
        if shapely.is_empty(shapes[i]):
            continue
        at = shapely.point_on_surface(shapes[i])
        name = str(units["unit_name"].iloc[i])
        width = sum(1.0 if ord(c) > LAST_NARROW else 0.58 for c in name) * LABEL_PT / (72 * MAP_FRAME[2] * SIZE_IN[0])
        height = 1.5 * LABEL_PT / (72 * MAP_FRAME[3] * SIZE_IN[1])
        x, y = (at.x - west) / (east - west), (at.y - south) / (north - south)
        box = shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if not any(box.intersects(other) for other in boxes):
            boxes.append(box)
            kept.append((name, at.x, at.y))
    return kept


def _draw_names(axes: Any, view: View, font: str) -> None:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 (optional)

    around = [withStroke(linewidth=2.2, foreground="white", alpha=0.85)]
    for name, lon, lat in unit_labels(view):
        axes.text(lon, lat, name, fontfamily=font, fontsize=LABEL_PT, color=INK, ha="center", va="center", zorder=4.5,
                  path_effects=around, clip_on=True)  # fmt: skip


def _draw_scale(axes: Any, view: View, font: str) -> None:
    west, south, east, north = _frame(view)
    plane = plane_of(view.result.boundary)
    metres = scale_bar_m(round((east - west) * plane.x_per_degree), plane, share=0.22)
    per_metre = 1 / (math.radians(1) * EARTH_RADIUS_M * math.cos(math.radians((south + north) / 2)))
    x, y = west + (east - west) * 0.03, south + (north - south) * 0.04
    axes.plot([x, x + metres * per_metre], [y, y], color=INK, linewidth=2, solid_capstyle="butt", zorder=6)
    axes.text(
        x,
        y + (north - south) * 0.012,
        distance_text(metres, view.result.lang),
        fontfamily=font,
        fontsize=8,
        color=INK,
        zorder=6,
    )
    axes.annotate(
        view.say["north"], xy=(0.965, 0.965), xytext=(0.965, 0.875), xycoords="axes fraction", ha="center", fontsize=9,
        fontfamily=font, color=INK, arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2},
    )  # fmt: skip


def _draw_words(figure: Any, view: View, layer: LayerInfo, font: str) -> None:
    say, result = view.say, view.result
    style = {"fontfamily": font, "color": INK}
    row = next(row for other, row in view.coverage_rows() if other.id == layer.id)
    figure.text(0.02, 0.925, f"{view.name} · {layer.name}", fontsize=19, weight="bold", **style)
    figure.text(0.02, 0.882, view.subtitle, fontsize=10.5, **{**style, "color": "#6a727c"})
    figure.text(TEXT_LEFT, 0.925, share_text(float(row.covered_share)), fontsize=25, weight="bold", **style)
    share = " · ".join(text for text in (say["covered_share"], service_group(layer, result.lang)) if text)
    figure.text(TEXT_LEFT, 0.882, share, fontsize=9.0, **{**style, "color": "#6a727c"})
    beside = beside_share(row, result.lang, group=layer.group)
    lines = _wrapped(beside, result.lang) if beside else []
    figure.text(TEXT_LEFT, 0.866, "\n".join(lines), fontsize=8.5, va="top", linespacing=1.4, **style)
    signs = _legend_signs(view, layer)
    legend = figure.legend(
        *zip(*signs, strict=True), title=say["walking_minutes_unit"], loc="upper left",
        bbox_to_anchor=(TEXT_LEFT - 0.01, 0.85 - 0.022 * len(lines)),
        frameon=False, prop={"family": font, "size": 10},
        title_fontproperties={"family": font, "size": 10.5, "weight": "bold"},
        alignment="left", labelcolor=INK,
    )  # fmt: skip
    legend.set_in_layout(False)
    rules = [*layer_rules(layer, result.lang), (say["population_source"], result.population_source)]
    lines = [f"{label}  {text}" for label, text in rules] + ([layer.note] if layer.note else [])
    wrapped = "\n".join(part for line in lines for part in _wrapped(line, result.lang))
    figure.text(TEXT_LEFT, 0.07, wrapped, fontsize=8.5, va="bottom", linespacing=1.5, **{**style, "color": "#6a727c"})
    sources = [*result.attributions, *(text for text in (result.bureau, result.map_approval) if text)]
    figure.text(0.02, 0.025, " · ".join(sources), fontsize=8, **{**style, "color": "#6a727c"})


def _wrapped(line: str, lang: str) -> list[str]:
    """Cut a line to the column of words: Chinese anywhere, English between words."""
    width = WORDS_WIDTH[lang]
    return textwrap.wrap(line, width) if lang == "en" else [line[i : i + width] for i in range(0, len(line), width)]


def _legend_signs(view: View, layer: LayerInfo) -> list[tuple[Any, str]]:
    """Give what the map draws with what it is called: classes with the threshold between, and facilities."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 (optional)
    from matplotlib.patches import Patch  # noqa: PLC0415 (optional)

    say, classes = view.say, layer_classes(layer)
    patches = [Patch(facecolor=c, edgecolor="#c9c7c0", linewidth=0.5) for c in classes.colours]
    signs: list[tuple[Any, str]] = list(zip(patches, class_labels(classes, say), strict=True))
    threshold = say["threshold_line"].format(threshold=plain_number(layer.threshold_min))
    signs.insert(classes.n_within, (Line2D([], [], color=INK, linewidth=2), threshold))
    if not view.result.cells[f"{layer.id}_linked"].all():
        signs.append((Patch(**_OFF_NETWORK), off_label(view.coverage_row(layer), view.result.lang)))
    dot = Line2D([], [], linestyle="", marker="o", markersize=4, markerfacecolor="white", markeredgecolor=INK)
    square: dict[str, Any] = {
        "linestyle": "",
        "marker": "s",
        "markersize": 7,
        "markerfacecolor": AREA,
        "markeredgecolor": "white",
    }
    shown = [(Line2D([], [], **square), _proposed_text(p, layer)) for p in _proposed(view, layer)]
    return [*signs, (dot, say["facilities"]), *change_legend(view, layer), *shown]


def _proposed_text(p: Proposal, layer: LayerInfo) -> str:
    """Give what stands on the slide's square and what it is, without the service, which the slide is of."""
    return f"{p.number}  {p.title.removeprefix(f'{layer.name} · ')}"
