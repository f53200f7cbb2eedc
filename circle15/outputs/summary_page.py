"""summary.html: one map of all districts and their tables; works with the network cable out."""

from __future__ import annotations

import html
import math
import numbers
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import folium
import pandas as pd
import shapely

from circle15.outputs.offline import add_html, offline_map, render_page
from circle15.outputs.palette import BEYOND, FARTHEST, INK, WITHIN, ramp
from circle15.outputs.summary_workbook import wide_shares
from circle15.outputs.text import people_text, share_text

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.summary import Summary

EDGES = (0.25, 0.5, 0.75, 0.9)
"""Lower edges of the classes of covered share above the lowest one."""
COLOURS = (FARTHEST, *reversed(ramp(BEYOND, 2)), *reversed(ramp(WITHIN, 2)))
NO_DATA = "#c9ccd1"
TOLERANCE_DEG = 0.0002  # about 20 m: a province is drawn small
_MOST_ROWS = 60


def summary_page(summary: Summary) -> str:
    """Give the page as HTML text; the same summary gives the same text."""
    title = summary.words("公共服务圈：各区县对照", "Public-service circles, district by district")
    west, south, east, north = summary.units.total_bounds if len(summary.units) else (73.0, 18.0, 135.0, 54.0)
    span = max(east - west, (north - south) * 2, 1e-3)
    made = offline_map(
        title=title,
        lang=summary.lang,
        location=((south + north) / 2, (west + east) / 2),
        zoom=max(1, min(16, int(math.log2(360.0 * 3 / span)))),
        styles=["summary.css"],
        sources=(),
    )
    shapes = _drawn(summary.units)
    for i, (layer, name) in enumerate(summary.layers.items()):
        group = folium.FeatureGroup(name=html.escape(name), overlay=False, show=i == 0)
        for collection in _features(summary, shapes, layer):
            folium.GeoJson(
                collection,
                style_function=_style,
                tooltip=folium.GeoJsonTooltip(["label"], labels=False),
                zoom_on_click=False,
            ).add_to(group)
        made.add_child(group)
    if len(shapes):
        made.fit_bounds([[south, west], [north, east]])
    folium.LayerControl(collapsed=False).add_to(made)
    add_html(made, _body(summary, title))
    return render_page(made)


def class_colour(share: float) -> str:
    """Give the colour of a covered share; grey where nobody lives."""
    if math.isnan(share):
        return NO_DATA
    return COLOURS[sum(share >= edge for edge in EDGES)]


def _drawn(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    simple = shapely.simplify(units.geometry.to_numpy(), TOLERANCE_DEG)
    return units.set_geometry(shapely.set_precision(simple, 1e-5, mode="pointwise"))


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    return {"fillColor": feature["properties"]["colour"], "fillOpacity": 0.85, "color": INK, "weight": 0.8}


def _features(summary: Summary, shapes: gpd.GeoDataFrame, layer: str) -> list[dict[str, Any]]:
    """Give one GeoJSON collection of the layer's units; none where there is none."""
    rows = summary.rows[summary.rows["layer"] == layer].set_index(["district_id", "unit_id"])
    features = []
    for unit in shapes.itertuples(index=False):
        if (unit.district_id, unit.unit_id) not in rows.index:
            continue
        row = rows.loc[(unit.district_id, unit.unit_id)]
        row = row.iloc[0] if isinstance(row, pd.DataFrame) else row
        share = float(row["covered_share"])
        label = f"{unit.district_name} · {row['unit_name']}: {share_text(share)} ({people_text(float(row['people']))})"
        properties = {"label": html.escape(label), "colour": class_colour(share)}
        features.append(
            {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(unit.geometry)}
        )
    return [{"type": "FeatureCollection", "features": features}] if features else []


def _body(summary: Summary, title: str) -> str:
    say = summary.words
    note = say(
        "各区县的达标时间、步速和人群按其自身口径；排名只在同一服务内比较。",
        "Each district keeps its own threshold, speed and group; ranks compare within one service.",
    )
    if summary.previous is not None:
        note += say(f"变化与上期（{summary.previous}）相比，口径不同的不比。",
                    f" Change is since {summary.previous}, where the definition is the same.")  # fmt: skip
    parts = [f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(note)}</p>", _legend(summary)]
    parts += [f"<h2>{say('区县', 'Districts')}</h2>", _table(summary, "district")]
    units = wide_shares(summary, "unit")
    if len(units):
        parts += [f"<h2>{say('街道', 'Units')}</h2>"]
        if len(units) > _MOST_ROWS:
            parts.append(f"<p>{say('全部街道见', 'All units: ')} summary.xlsx</p>")
        parts.append(_table(summary, "unit"))
    if len(summary.notes):
        items = "".join(
            f"<li><b>{html.escape(' '.join(filter(None, (str(i), str(n)))))}</b> {html.escape(str(text))}</li>"
            for i, n, text in summary.notes.itertuples(index=False)
        )
        parts += [f"<h2>{say('提示与未完成', 'Notes and failures')}</h2>", f"<ul>{items}</ul>"]
    return f'<main id="c15-summary">{"".join(parts)}</main>'


def _legend(summary: Summary) -> str:
    edges = (0.0, *EDGES, 1.0)
    labels = [f"{low:.0%} – {high:.0%}" for low, high in pairwise(edges)]
    labels.append(summary.words("无居民", "nobody lives here"))
    swatches = zip((*COLOURS, NO_DATA), labels, strict=True)
    return '<p class="legend">' + "".join(f'<i style="background:{c}"></i>{t} ' for c, t in swatches) + "</p>"


def _table(summary: Summary, level: str) -> str:
    table = wide_shares(summary, level)
    if level == "unit":
        table = table.drop(columns="unit_id").head(_MOST_ROWS)
    headings = {"district_id": summary.words("编号", "Id"), "district_name": summary.words("区县", "District"),
                "unit_name": summary.words("街道", "Unit")}  # fmt: skip
    head = "".join(
        f"<th{_class(pd.api.types.is_numeric_dtype(table[c]))}>{html.escape(headings.get(str(c), str(c)))}</th>"
        for c in table.columns
    )
    body = []
    for row in table.itertuples(index=False):
        cells = [_cell(str(column), value) for column, value in zip(table.columns, row, strict=True)]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"


def _cell(column: str, value: Any) -> str:
    if not isinstance(value, float):
        return f"<td{_class(isinstance(value, numbers.Real))}>{html.escape(str(value))}</td>"
    if column.endswith(("change", "变化")):
        text = "" if math.isnan(value) else f"{value * 100:+.1f}"
    else:
        text = share_text(value) if column.endswith(("share", "覆盖率")) else people_text(value)
    return f"<td{_class(True)}>{text}</td>"


def _class(is_number: bool) -> str:  # noqa: FBT001 (its only argument)
    return ' class="number"' if is_number else ""
