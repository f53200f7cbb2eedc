"""summary.html: one map of all districts and their tables; works with the network cable out."""

from __future__ import annotations

import html
import math
import numbers
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import folium
import pandas as pd
import shapely
from branca.element import MacroElement
from folium.template import Template

from circle15.outputs.beside_share import beside_figure
from circle15.outputs.dictionary import is_share
from circle15.outputs.offline import add_html, add_script, offline_map, render_page
from circle15.outputs.palette import BEYOND, FARTHEST, GOOD_SHARES, INK, ramp
from circle15.outputs.shared_words import words
from circle15.outputs.summary_workbook import shown_column, wide_shares
from circle15.outputs.text import group_of, people_text, share_text

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.summary import Summary

Box = tuple[float, float, float, float]

EDGES = (0.25, 0.5, 0.75, 0.9)
"""Lower edges of the classes of covered share above the lowest one."""
COLOURS = (FARTHEST, *reversed(ramp(BEYOND, 2)), *GOOD_SHARES)
"""From the lowest class to the highest."""
NO_DATA = "#c9ccd1"
TOLERANCE_DEG = 0.0002  # about 20 m: a province is drawn small
_MOST_ROWS = 60
_SMALL = 0.05
"""A district of less than this share of the map's width or height is a dot, and gets a mark that can be seen."""


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
        sources=summary.sources,
    )
    add_script(made, "summary.js")
    boxes = _boxes(summary.units)
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
        for mark in _marks(summary, boxes, layer, east - west, north - south):
            mark.add_to(group)
        made.add_child(group)
    folium.LayerControl(collapsed=False).add_to(made)
    add_html(made, _head(summary, title, _box_text((west, south, east, north))))
    add_html(made, _body(summary, boxes))
    _Start().add_to(made)
    return render_page(made)


class _Start(MacroElement):
    """Hands folium's map to the page's script."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        circle15.startSummary({{ this._parent.get_name() }});
        {% endmacro %}
    """)

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Summary"


def class_colour(share: float) -> str:
    """Give the colour of a covered share; grey where nobody lives."""
    if math.isnan(share):
        return NO_DATA
    return COLOURS[sum(share >= edge for edge in EDGES)]


def _drawn(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    simple = shapely.simplify(units.geometry.to_numpy(), TOLERANCE_DEG)
    return units.set_geometry(shapely.set_precision(simple, 1e-5, mode="pointwise"))


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    return {"fillColor": feature["properties"]["colour"], "fillOpacity": 1, "color": INK, "weight": 0.8}


def _boxes(units: gpd.GeoDataFrame) -> dict[str, Box]:
    """Give west, south, east, north of each district."""
    bounds = units.geometry.bounds.groupby(units["district_id"])
    corners = pd.concat([bounds[["minx", "miny"]].min(), bounds[["maxx", "maxy"]].max()], axis=1)
    return {str(i): (w, s, e, n) for i, w, s, e, n in corners.itertuples(name=None)}


def _marks(
    summary: Summary, boxes: dict[str, Box], layer: str, width: float, height: float
) -> list[folium.CircleMarker]:
    """Give a mark, in the colour of its share, for each district that is too small on the whole map to be seen."""
    rows = summary.rows[(summary.rows["layer"] == layer) & (summary.rows["level"] == "district")]
    marks = []
    row: Any
    for row in rows.itertuples(index=False):
        box = boxes.get(str(row.district_id))
        if box is None or max((box[2] - box[0]) / width, (box[3] - box[1]) / height) >= _SMALL:
            continue
        label = f"{row.district_name}: {_share_label(row, summary.lang)}"
        marks.append(
            folium.CircleMarker(
                [(box[1] + box[3]) / 2, (box[0] + box[2]) / 2], radius=8, color=INK, weight=1, fill=True,
                fill_color=class_colour(float(row.covered_share)), fill_opacity=1, tooltip=html.escape(label),
                class_name="c15-mark",
            )
        )  # fmt: skip
    return marks


def _share_label(row: Any, lang: str) -> str:
    """Write a row's share and, where people are off the network, how many and the share without them."""
    beside = beside_figure(row, lang)
    share = share_text(float(row.covered_share))
    return share if not beside else f"{share}，{beside}" if lang == "zh" else f"{share}, {beside}"


def _box_text(box: Box) -> str:
    """Write a box for the page's script, rounded to a metre or so."""
    return ",".join(f"{v:.5f}" for v in box)


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
        people = f"{group_of(str(row['group']), summary.lang)} {people_text(float(row['people']))}"
        label = f"{unit.district_name} · {row['unit_name']}: {_share_label(row, summary.lang)} ({people})"
        properties = {"label": html.escape(label), "colour": class_colour(share)}
        features.append(
            {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(unit.geometry)}
        )
    return [{"type": "FeatureCollection", "features": features}] if features else []


def _head(summary: Summary, title: str, box: str) -> str:
    say = summary.words
    note = say(
        "各区县的达标时间、步速和人群按其自身口径；排名只在同一服务内比较。",
        "Each district keeps its own threshold, speed and group; ranks compare within one service.",
    )
    if summary.previous is not None:
        note += say(f"变化与上期（{summary.previous}）相比，口径不同的不比。",
                    f" Change is since {summary.previous}, where the definition is the same.")  # fmt: skip
    whole = f'<button type="button" data-box="{box}">{say("全图", "Whole map")}</button>'
    hint = say(
        "点击表中一行，地图移至该区县；点击表头，按该列排序。",
        "A click on a row of the tables brings its district into the map, one on a heading sorts by it.",
    )
    parts = [f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(note)}</p>", share_legend(summary.lang)]
    return f'<header class="c15-summary">{"".join(parts)}<p class="hint">{hint} {whole}</p></header>'


def _body(summary: Summary, boxes: dict[str, Box]) -> str:
    say = summary.words
    parts = [f"<h2>{say('区县', 'Districts')}</h2>", _table(summary, "district", boxes)]
    units = wide_shares(summary, "unit")
    if len(units):
        parts += [f"<h2>{say('街道', 'Units')}</h2>"]
        if len(units) > _MOST_ROWS:
            parts.append(f"<p>{say('全部街道见', 'All units: ')} summary.xlsx</p>")
        parts.append(_table(summary, "unit", boxes))
    if len(summary.notes):
        items = "".join(
            f"<li><b>{html.escape(' '.join(filter(None, (str(i), str(n)))))}</b> {html.escape(str(text))}</li>"
            for i, n, text in summary.notes.itertuples(index=False)
        )
        parts += [f"<h2>{say('提示与未完成', 'Notes and failures')}</h2>", f"<ul>{items}</ul>"]
    return f'<main class="c15-summary">{"".join(parts)}</main>'


def share_legend(lang: str) -> str:
    """Give the classes of covered share with their colours."""
    edges = (0.0, *EDGES, 1.0)
    labels = [f"{low:.0%} – {high:.0%}" for low, high in pairwise(edges)]
    labels.append("无居民" if lang == "zh" else "nobody lives here")
    swatches = zip((*COLOURS, NO_DATA), labels, strict=True)
    return (
        '<p class="legend">' + "".join(f'<span><i style="background:{c}"></i>{t}</span> ' for c, t in swatches) + "</p>"
    )


def _table(summary: Summary, level: str, boxes: dict[str, Box]) -> str:
    table = wide_shares(summary, level)
    ids, unit_ids = table.pop("district_id"), None
    if level == "unit":
        table = table.head(_MOST_ROWS)
        unit_ids = table.pop("unit_id").tolist()
    headings = {"district_name": summary.words("区县", "District"), "unit_name": summary.words("街道", "Unit")}
    head = "".join(
        f"<th{_class(pd.api.types.is_numeric_dtype(table[c]))}>{html.escape(headings.get(str(c), str(c)))}</th>"
        for c in table.columns
    )
    has_pages = level == "district" and any(summary.pages.values())
    if has_pages:
        first, rest = head.split("</th>", 1)
        head = f'{first}</th><th class="links">{summary.words("地图与报告", "Map and report")}</th>{rest}'
    body = []
    for i, (district_id, row) in enumerate(zip(ids[: len(table)], table.itertuples(index=False), strict=True)):
        cells = [_cell(str(column), value) for column, value in zip(table.columns, row, strict=True)]
        if unit_ids is not None and unit_ids[i] in summary.unit_pages.get(district_id, ()):
            name = html.escape(str(row.unit_name))
            cells[1] = f'<td><a href="{_href(district_id, "units", f"{unit_ids[i]}.html")}">{name}</a></td>'
        cells[1:1] = [f"<td>{_links(summary, district_id)}</td>"] if has_pages else []
        box = boxes.get(str(district_id))
        place = f' tabindex="0" data-box="{_box_text(box)}"' if box else ""
        body.append(f"<tr{place}>{''.join(cells)}</tr>")
    return scrolled(
        f'<table class="sorted"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>', summary.lang
    )


def scrolled(table: str, lang: str) -> str:
    """Let a table that is wider than its window be moved sideways, by the keyboard too."""
    label = words(lang)["wide_table"]
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{label}">{table}</div>'


def _links(summary: Summary, district_id: str) -> str:
    """Link the pages that a district's folder, which stands beside the summary, has."""
    names = {"index.html": summary.words("地图", "Map"), "report.html": summary.words("报告", "Report")}
    pages = summary.pages.get(district_id, ())
    return " ".join(f'<a href="{_href(district_id, page)}">{names[page]}</a>' for page in pages)


def _href(*parts: str) -> str:
    return html.escape("/".join(quote(part) for part in parts))


def _cell(column: str, value: Any) -> str:
    if not isinstance(value, float):
        return f"<td{_class(isinstance(value, numbers.Real))}>{html.escape(str(value))}</td>"
    raw = "" if math.isnan(value) else f' data-value="{value:.10g}"'
    shown = shown_column(column)
    if shown == "change":
        text = "" if math.isnan(value) else _points(value)
    else:
        text = share_text(value) if is_share(shown) else people_text(value)
    return f"<td{_class(True)}{raw}>{text}</td>"


def _points(change: float) -> str:
    """Write a change of a share in percentage points, signed unless it is none."""
    text = f"{change * 100:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def _class(is_number: bool) -> str:  # noqa: FBT001 (its only argument)
    return ' class="number"' if is_number else ""
