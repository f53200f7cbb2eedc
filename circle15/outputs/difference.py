"""The difference map of two runs: who is newly covered and who is not any more, one layer of the map per service."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import folium
import shapely
from branca.element import MacroElement
from folium.template import Template
from folium.utilities import JsCode

from circle15.outputs.difference_tables import heading, unit_table
from circle15.outputs.drawn_changes import add_changes
from circle15.outputs.map_places import PLACE_DECIMALS
from circle15.outputs.offline import add_html, add_script, drop_links, offline_map, render_page
from circle15.outputs.page_parts import safe_json
from circle15.outputs.palette import BEYOND, INK, TEAL, ramp
from circle15.outputs.shared_words import words
from circle15.outputs.shown_changes import change_facts
from circle15.outputs.text import estimate_text, group_of, people_text, quantity_text, share_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from circle15.outputs.shared_words import Words
    from circle15.outputs.shown_changes import ShownChange

GAINED, LOST = TEAL, ramp(BEYOND, 3)[2]
_SCRIPTS = ("popups.js", "layers.js", "panel.js", "address.js", "map.js", "difference.js")
_ZOOM = 14
_NOBODY, _WHOLE = 1e-6, 0.5  # people: fewer are a rounding's; fewer than this would be printed as none
_STEP_DEG = 1e-6
_STREETS, _BELOW_ALL, _STREETS_DEG = "c15-ground", 250, 1e-5


@dataclass(frozen=True, slots=True)
class LayerMoves:
    """Whose numbers a layer's are, and what of it differs between the runs beside its coverage."""

    group: str = "all"  # whom it is for
    gap_unit: str = ""  # of its gap; "" where it has no norm
    is_gap_moved: bool = False  # in any cell
    is_walk_moved: bool = False  # in any cell


def write_difference_map(  # noqa: PLR0913 (what the map shows, and what it says)
    table: pd.DataFrame,
    pieces: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    layers: Mapping[str, str],
    path: Path,
    *,
    moved: Mapping[str, LayerMoves],
    title: str,
    lang: str,
    sources: Sequence[str] = (),
    notes: Sequence[str] = (),
    changes: Sequence[ShownChange] = (),
    streets: gpd.GeoSeries | None = None,
) -> None:
    """Write the map as one HTML file that asks for nothing from outside; the largest change is shown first.

    Parameters
    ----------
    table
        The comparison's rows per unit, layer and group: the whole district last, a layer's own group before others.
    pieces
        Inhabited pieces of cells whose coverage differs, EPSG:4326: ``layer``, ``change`` (1 newly covered, -1 lost),
        ``people`` of the layer's group, ``unit_name``, geometry.
    units
        unit_id, unit_name and outlines.
    layers
        Names by layer id, in the order of the map's control.
    path
        The file.
    moved
        By layer id, whom it is for and what else of it differs.
    title
        Title, plain text.
    lang
        "zh" or "en".
    sources
        What stands in the corner of the map: attributions, publisher, approval number.
    notes
        What else differs between the runs, plain text.
    changes
        What the later run changes; drawn and said.
    streets
        Walkable streets as a light ground, EPSG:4326; None: none are drawn.
    """
    say = words(lang)
    own = table.drop_duplicates(["unit_id", "layer"]).set_index(["unit_id", "layer"])
    whole: pd.DataFrame = own.loc[[(table["unit_id"].iloc[-1], layer) for layer in layers]].droplevel(0)
    west, south, east, north = units.total_bounds
    page = offline_map(
        title=title, lang=lang, location=((south + north) / 2, (west + east) / 2), zoom=_ZOOM, styles=["map.css"],
        sources=sources,
    )  # fmt: skip
    for script in _SCRIPTS:
        add_script(page, script)
    if streets is not None and len(streets):
        _add_streets(page, streets, say)
    outline = {"color": INK, "weight": 1, "fill": False}
    folium.GeoJson(
        units[["geometry"]].to_json(drop_id=True), name=say["units"], style_function=lambda _: outline, control=False
    ).add_to(page)
    first = (whole["newly_covered_people"] + whole["lost_people"]).idxmax()
    for layer, name in layers.items():
        group = folium.FeatureGroup(name=html.escape(name), overlay=False, show=layer == first)
        drop_links(group)
        _add_pieces(group, pieces[pieces["layer"] == layer], group_of(moved[layer].group, lang), say)
        group.add_to(page)
    capacity_units = {layer: moves.gap_unit for layer, moves in moved.items()}
    if changes:
        add_changes(page, changes, lang, layers, capacity_units)
    control: Any = folium.LayerControl()
    control.options["collapsed"] = JsCode("window.innerWidth < 700")  # phones have no room for it
    control.add_to(page)
    facts = change_facts(changes, lang, layers, capacity_units)
    add_html(page, _panel(table, whole, layers, moved, title=title, notes=notes, facts=facts, lang=lang))
    at = shapely.get_coordinates(shapely.point_on_surface(units.geometry.to_numpy())).round(PLACE_DECIMALS).tolist()
    weights = own["people"].groupby("unit_id").max().reindex(units["unit_id"]).fillna(0.0).tolist()
    data = {
        "page": {"bounds": [[south, west], [north, east]], "name": title},
        "words": dict(say),
        "units": [
            {"name": str(name), "lon": lon, "lat": lat, "weight": weight}
            for name, (lon, lat), weight in zip(units["unit_name"], at, weights, strict=True)
        ],
    }
    _Start(control, safe_json(data)).add_to(page)
    path.write_text(render_page(page), encoding="utf-8")


def _add_pieces(group: folium.FeatureGroup, pieces: gpd.GeoDataFrame, whom: str, say: Words) -> None:
    """Draw the pieces that gained and those that lost, each with its people on a tooltip."""
    for sign, colour, word in ((1, GAINED, "gained"), (-1, LOST, "lost")):
        rows = pieces[pieces["change"] == sign]
        if not len(rows):
            continue
        style = {"color": colour, "fillColor": colour, "weight": 0.5, "fillOpacity": 0.85}
        texts = [
            html.escape(f"{unit} · {say[word]} · {whom} {estimate_text(people, say)}")
            for unit, people in zip(rows["unit_name"], rows["people"], strict=True)
        ]
        shown = rows[["geometry"]].assign(
            text=texts, geometry=shapely.set_precision(rows.geometry, _STEP_DEG, mode="pointwise")
        )
        folium.GeoJson(
            shown.to_json(drop_id=True),
            style_function=lambda _, style=style: style,
            tooltip=folium.GeoJsonTooltip(fields=["text"], labels=False),
        ).add_to(group)


def _add_streets(page: folium.Map, streets: gpd.GeoSeries, say: Words) -> None:
    """Draw the streets below everything else, as one shape."""
    folium.map.CustomPane(_STREETS, z_index=_BELOW_ALL, pointer_events=False).add_to(page)
    lines = shapely.set_precision(shapely.simplify(streets.to_numpy(), _STREETS_DEG), _STREETS_DEG, mode="pointwise")
    shape = shapely.geometry.mapping(shapely.multilinestrings(shapely.get_parts(lines[~shapely.is_empty(lines)])))
    style = {"color": "#c9c5ba", "weight": 1, "fill": False}
    drawn = folium.GeoJson({"type": "Feature", "properties": {}, "geometry": shape}, name=say["streets"],
                           style_function=lambda _: style, pane=_STREETS, interactive=False)  # fmt: skip
    drawn.add_to(page)


def _panel(
    table: pd.DataFrame,
    whole: pd.DataFrame,
    layers: Mapping[str, str],
    moved: Mapping[str, LayerMoves],
    *,
    title: str,
    notes: Sequence[str],
    facts: Sequence[tuple[str, str]],
    lang: str,
) -> str:
    """Give the panel: the title, shares before and after of each service, and what the two colours mean."""
    say = words(lang)
    swatches = "".join(
        f'<div class="c15-row"><span class="c15-swatch" style="background:{colour}"></span>'
        f'<span class="c15-label">{say[word]}</span></div>'
        for colour, word in ((GAINED, "gained"), (LOST, "lost"))
    )
    rows = []
    for layer, name in layers.items():
        row: Any = whole.loc[layer]
        shares = say["before_after"].format(
            before=share_text(row["share_before"]), after=share_text(row["share_after"])
        )
        whom = html.escape(group_of(moved[layer].group, lang))
        lines = [f"{whom}{say['comma']}{shares}", *_beside_coverage(row, moved[layer], say)]
        told = "".join(f'<p class="c15-small">{line}</p>' for line in lines)
        streets = unit_table(table, layer, lang)
        told += f"<details open><summary>{heading(say, lang)}</summary>{streets}</details>" if streets else ""
        rows.append(
            f'<section><div class="c15-legend-head"><h2>{html.escape(name)}</h2>'
            f'<span class="c15-share">{_change(row, moved[layer], say)}</span></div>{told}</section>'
        )
    told = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    rows.append(f'<div class="c15-warnings">{told}</div>' if told else "")
    colon = "：" if lang == "zh" else ": "
    listed = "".join(f"<li>{html.escape(f'{kind}{colon}{text}')}</li>" for kind, text in facts)
    swatches = f'<ul class="c15-changes">{listed}</ul>{swatches}' if listed else swatches
    return (
        f'<aside id="c15-panel"><header><h1>{html.escape(title)}</h1><p>{say["difference"]}</p></header>'
        f'<div class="c15-body">{swatches}{"".join(rows)}</div></aside>'
        f'<div class="c15-strip" role="region" aria-label="{say["legend"]}">{swatches}</div>'
    )


def _change(row: pd.Series[Any], moves: LayerMoves, say: Words) -> str:
    """Write who is newly covered and who is not any more; a side of nobody is left out.

    "No change" is said only where neither coverage nor gap nor any walk differs.
    """
    parts = [
        f"{sign}{people_text(float(row[column])) if row[column] >= _WHOLE else '&lt; 1'}"
        for sign, column in (("+", "newly_covered_people"), ("\N{MINUS SIGN}", "lost_people"))
        if row[column] > _NOBODY
    ]
    if parts:
        return f"{' / '.join(parts)} {say['people_unit']}"
    return say["same_coverage" if moves.is_gap_moved or moves.is_walk_moved else "no_change"]


def _beside_coverage(row: pd.Series[Any], moves: LayerMoves, say: Words) -> list[str]:
    """Tell of gap and walks where they differ, also where the gap's sum does not."""
    lines = []
    if moves.is_gap_moved:
        before, after = (quantity_text(float(row[f"gap_{when}"])) for when in ("before", "after"))
        unit = html.escape(moves.gap_unit)
        key = "gap_before_after" if before != after else "gap_moved"
        lines.append(say[key].format(before=before, after=after, unit=unit).strip())
    elif moves.is_walk_moved and not (row["newly_covered_people"] > _NOBODY or row["lost_people"] > _NOBODY):
        lines.append(say["walk_moved"])
    return lines


class _Start(MacroElement):
    """Hands folium's map and layer control to the page's scripts."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        circle15.startDifference(
            { map: {{ this._parent.get_name() }}, control: {{ this.control.get_name() }} }, {{ this.data }});
        {% endmacro %}
    """)

    def __init__(self, control: folium.LayerControl, data: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Difference"
        self.control = control
        self.data = data
