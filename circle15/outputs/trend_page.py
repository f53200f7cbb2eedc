"""trend.html: a map that steps through the dates, small multiples, and what moved each number; works offline."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import pandas as pd
import shapely
from branca.element import MacroElement
from folium.template import Template

from circle15.outputs.offline import add_html, add_script, offline_map, render_page
from circle15.outputs.page_parts import safe_json
from circle15.outputs.palette import INK
from circle15.outputs.summary_page import NO_DATA, TOLERANCE_DEG, class_colour, scrolled, share_legend
from circle15.outputs.trend_charts import line_legend, lines_svg, parts_legend, parts_svg, sides
from circle15.outputs.trend_views import (
    FACTOR_NAMES,
    MEASURE_NAMES,
    PORTRAIT,
    STATUS_NAMES,
    Words,
    change_text,
    rows_of,
    sentences,
    targets_table,
    value_text,
)
from circle15.outputs.trend_workbook import method
from circle15.outputs.trends import BY_FACTOR

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from circle15.outputs.trends import Trend, TrendDistrict

_MOVED = ("covered_share", "gap")


def write_trend_page(trend: Trend, path: Path) -> None:
    """Write the page as one HTML file that asks for nothing from outside; the same trend gives the same bytes."""
    say = Words(trend.lang)
    names = say("、", ", ").join(d.name for d in trend.districts)
    title = say(f"{names}：各期变化", f"{names}: how it moved")
    outlines = [date.units for d in trend.districts for date in d.dates if date.units is not None and len(date.units)]
    bounds = np.array([units.total_bounds for units in outlines]) if outlines else np.array([[73.0, 18.0, 135.0, 54.0]])
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    sources = list(dict.fromkeys(source for d in trend.districts for source in d.sources))
    page = offline_map(
        title=title, lang=trend.lang, location=((south + north) / 2, (west + east) / 2), zoom=12,
        styles=["summary.css", "trend.css"], sources=sources,
    )  # fmt: skip
    add_script(page, "summary.js")
    add_script(page, "trend.js")
    days = sorted({(date.day, date.as_of) for d in trend.districts for date in d.dates})
    steps = [as_of for _, as_of in days]
    layers = {layer: name for d in trend.districts for layer, name in d.layers.items()}
    for i, (layer, name) in enumerate(layers.items()):
        group = folium.FeatureGroup(name=html.escape(name), overlay=False, show=i == 0)
        for collection in _features(trend, layer, steps):
            folium.GeoJson(
                collection, style_function=_style, tooltip=folium.GeoJsonTooltip(["label"], labels=False),
                zoom_on_click=False,
            ).add_to(group)  # fmt: skip
        page.add_child(group)
    folium.LayerControl(collapsed=False).add_to(page)
    add_html(page, _head(trend, title, steps))
    add_html(
        page, f'<main class="c15-summary">{"".join(_district(trend, d) for d in trend.districts)}{_foot(trend)}</main>'
    )
    _Start(safe_json({"bounds": [[south, west], [north, east]], "steps": steps})).add_to(page)
    path.write_text(render_page(page), encoding="utf-8", newline="\n")


class _Start(MacroElement):
    """Hands folium's map to the page's script."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        circle15.startTrend({{ this._parent.get_name() }}, {{ this.data }});
        {% endmacro %}
    """)

    def __init__(self, data: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Trend"
        self.data = data


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    colour = feature["properties"]["steps"][-1]["colour"]
    return {
        "fillColor": colour or NO_DATA,
        "fillOpacity": 1 if colour else 0,
        "color": INK,
        "weight": 0.8 if colour else 0,
    }


def _features(trend: Trend, layer: str, steps: list[str]) -> list[dict[str, Any]]:
    """Give the units of a layer: each outline once for all dates that have it, with its colour and label at each."""
    say = Words(trend.lang)
    found = []
    for district in trend.districts:
        rows = rows_of(trend, district, "district", "town")
        own = rows[(rows["layer"] == layer) & (rows["measure"] == "covered_share")]
        at = {(r["as_of"], r["unit_id"]): r for r in own.to_dict("records")}
        shapes: dict[tuple[str, bytes], list[dict[str, str]]] = {}
        drawn: dict[tuple[str, bytes], Any] = {}
        for date in district.dates:
            units = _simple(date.units)
            for unit_id, shape in units:
                row = at.get((date.as_of, unit_id))
                if row is None:
                    continue
                line = district.chains.get((date.as_of, "town", unit_id), unit_id)
                key = (line, shapely.to_wkb(shape))
                drawn[key] = shape
                told = shapes.setdefault(key, [{"colour": "", "label": ""} for _ in steps])
                told[steps.index(date.as_of)] = {
                    "colour": class_colour(float(row["value"])),
                    "label": _label(say, district, row),
                }
        for key, told in shapes.items():
            properties = {"label": told[-1]["label"], "steps": told}
            found.append(
                {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(drawn[key])}
            )
    return [{"type": "FeatureCollection", "features": found}] if found else []


def _label(say: Words, district: TrendDistrict, row: dict[Any, Any]) -> str:
    change = "" if math.isnan(row["change"]) else say(
        f"，较上期 {change_text(row['change'], 'share')} 个百分点", f", {change_text(row['change'], 'share')} points"
    )  # fmt: skip
    return html.escape(
        f"{district.name} · {row['unit_name']} · {row['as_of']}: {value_text(row['value'], 'share')}{change}"
    )


def _simple(units: gpd.GeoDataFrame | None) -> list[tuple[str, Any]]:
    if units is None:
        return []
    shapes = shapely.set_precision(shapely.simplify(units.geometry.to_numpy(), TOLERANCE_DEG), 1e-5, mode="pointwise")
    return list(zip(units["unit_id"].astype(str), shapes, strict=True))


def _head(trend: Trend, title: str, steps: list[str]) -> str:
    say = Words(trend.lang)
    buttons = "".join(
        f'<button type="button" data-step="{i}">{html.escape(step)}</button>' for i, step in enumerate(steps)
    )
    play = f'<button type="button" id="c15-play" data-stop="{say("停止", "Stop")}">{say("播放", "Play")}</button>'
    note = say(
        "地图为各街道覆盖率，按期切换；右上角选择服务。",
        "The map shows the streets' covered share, date by date; choose the service at the right.",
    )
    return (
        f'<header class="c15-summary"><h1>{html.escape(title)}</h1>{share_legend(trend.lang)}'
        f'<p class="c15-steps">{buttons}{play}<span class="hint">{note}</span></p></header>'
    )


def _district(trend: Trend, district: TrendDistrict) -> str:
    say = Words(trend.lang)
    dates = " → ".join(html.escape(date.as_of) for date in district.dates)
    told = "".join(f"<li>{html.escape(text)}</li>" for text in sentences(trend, district))
    return (
        f"<section><h2>{html.escape(district.name)} <small>{dates}</small></h2><ul>{told}</ul>"
        f"<h3>{say('各期覆盖率', 'Covered share over the dates')}</h3>{_multiples(trend, district)}"
        f"{_portraits(trend, district)}"
        f"<h3>{say('变化及其原因', 'What moved, and why')}</h3>{_why(trend, district)}"
        f"{_targets(trend, district)}</section>"
    )


def _multiples(trend: Trend, district: TrendDistrict) -> str:
    """Give one panel for the whole and each street as it is last."""
    rows = rows_of(trend, district, "district", "town")
    rows = rows[rows["measure"] == "covered_share"]
    return _panels(district, rows, list(district.layers.values()), "layer_name", unit="share")


def _portraits(trend: Trend, district: TrendDistrict) -> str:
    """Give one panel of the portrait for each street; nothing where no run has one."""
    say = Words(trend.lang)
    rows = rows_of(trend, district, "town")
    rows = rows[rows["measure"].isin(PORTRAIT) & rows["value"].notna()]
    if not len(rows):
        return ""
    order = [say(*MEASURE_NAMES[name]) for name in PORTRAIT]
    title = say("四维画像与综合指数（0 至 100 分）", "Portrait and index, 0 to 100 points")
    return f"<h3>{title}</h3>{_panels(district, rows, order, 'measure_name', unit='points')}"


def _panels(district: TrendDistrict, rows: pd.DataFrame, order: list[str], named_by: str, *, unit: str) -> str:
    dates = [date.as_of for date in district.dates]
    panels = []
    last = rows.drop_duplicates(["level", "line"], keep="last").sort_values("level", kind="stable")
    for level, line, name in last[["level", "line", "unit_name"]].itertuples(index=False, name=None):
        own = rows[(rows["level"] == level) & (rows["line"] == line)]
        lines = {
            str(name): [float(v) for v in of_line.set_index("as_of")["value"].reindex(dates)]
            for name, of_line in own.groupby(named_by, sort=False)
        }
        drawing = lines_svg([date.day for date in district.dates], dates, lines, order=order, unit=unit)
        panels.append(f"<figure><figcaption>{html.escape(str(name))}</figcaption>{drawing}</figure>")
    return f'{line_legend(order)}<div class="c15-multiples">{"".join(panels)}</div>'


def _why(trend: Trend, district: TrendDistrict) -> str:
    """Give a table per measure: each date's change of the whole and the streets, its parts as bar and numbers."""
    say = Words(trend.lang)
    rows = rows_of(trend, district, "district", "town")
    tables = []
    for measure in _MOVED:
        own = rows[(rows["measure"] == measure) & rows["change"].notna()]
        is_moved = [
            row["level"] == "district"
            or any(change_text(float(row[c]), row["unit"]) not in {"0", "–"} for c in ("change", *BY_FACTOR))
            for row in own.to_dict("records")
        ]
        own = own[is_moved]
        if len(own):
            tables.append(f"<h4>{say(*MEASURE_NAMES[measure])}</h4>{_why_table(own, say)}")
    more = say(
        "没有变化的街道不列；村社及其他指标见 trend.xlsx 与 trend.csv。",
        "Streets without a change are left out; communities and other measures stand in trend.xlsx and trend.csv.",
    )
    return f'{parts_legend(trend.lang)}<p class="hint">{more}</p>{"".join(tables)}'


def _why_table(rows: pd.DataFrame, say: Words) -> str:
    heads = [
        say("服务", "Service"),
        say("街道", "Unit"),
        say("截止日期", "As of"),
        say("上期", "Before"),
        say("本期", "Now"),
        say("变化", "Change"),
    ]
    factors = [say(*FACTOR_NAMES[name]) for name in BY_FACTOR]
    scales = {
        unit: max((sides({n: float(r[n]) for n in BY_FACTOR}) for r in own.to_dict("records")), default=0.0)
        for unit, own in rows.groupby("unit")
    }
    body = []
    for row in rows.sort_values(["layer", "level", "line", "as_of"], kind="stable").to_dict("records"):
        unit = row["unit"]
        parts = {name: float(row[name]) for name in BY_FACTOR}
        named = [row["layer_name"], row["unit_name"], row["as_of"]]
        before = float(row["value"]) - float(row["change"])
        numbers = [value_text(before, unit), value_text(row["value"], unit), change_text(row["change"], unit)]
        numbers += [change_text(part, unit) for part in parts.values()]
        bar = parts_svg(parts, unit, scale=scales[unit], lang=say.lang)
        strong = ' class="whole"' if row["level"] == "district" else ""
        cells = "".join(f"<td>{html.escape(str(t))}</td>" for t in named)
        cells += f'<td class="number unit">{html.escape(say.unit_of_change(unit))}</td>'
        cells += "".join(f'<td class="number">{t}</td>' for t in numbers)
        body.append(f'<tr{strong}>{cells}<td class="bar">{bar}</td></tr>')
    head = [*heads[:3], say("单位", "Unit of change"), *heads[3:], *factors, say("各因素", "Parts")]
    n_named = 3
    tops = "".join(f"<th{'' if i < n_named else ' class=number'}>{html.escape(t)}</th>" for i, t in enumerate(head))
    rows_html = f"<thead><tr>{tops}</tr></thead><tbody>{''.join(body)}</tbody>"
    return scrolled(f'<table class="why">{rows_html}</table>', say.lang)


def _targets(trend: Trend, district: TrendDistrict) -> str:
    """Give the table of targets; nothing without any."""
    say = Words(trend.lang)
    table = targets_table(trend, district)
    if not len(table):
        return ""
    table = table.drop(columns=say("区县", "District"))
    year, progress = say("目标年", "By the end of"), say("进度", "Progress")
    behind = {say(*STATUS_NAMES[s]) for s in ("behind pace", "overdue")}
    is_number = [pd.api.types.is_numeric_dtype(table[c]) for c in table.columns]
    head = "".join(
        f"<th{' class=number' if number else ''}>{html.escape(str(c))}</th>"
        for c, number in zip(table.columns, is_number, strict=True)
    )
    body = []
    for row in table.to_dict("records"):
        cells = [
            f'<td class="number">{_plain(value, is_year=str(column) == year)}</td>'
            if number
            else f"<td>{html.escape(str(value))}</td>"
            for (column, value), number in zip(row.items(), is_number, strict=True)
        ]
        mark = ' class="behind"' if row[progress] in behind else ""
        body.append(f"<tr{mark}>{''.join(cells)}</tr>")
    title = say("目标进度", "The way to each target")
    rows_html = f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f"<h3>{title}</h3>{scrolled(f'<table>{rows_html}</table>', say.lang)}"


def _plain(value: float, *, is_year: bool) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.0f}" if is_year else f"{value:,.2f}".replace("-", "\N{MINUS SIGN}")


def _foot(trend: Trend) -> str:
    say = Words(trend.lang)
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in trend.notes)
    noted = f"<h2>{say('须知', 'What must be known')}</h2><ul>{notes}</ul>" if notes else ""
    told = "".join(f"<p>{html.escape(text)}</p>" for text in method(trend.lang))
    return f"{noted}<h2>{say('方法', 'Method')}</h2>{told}"
