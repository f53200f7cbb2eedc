"""The difference map of two runs: who is newly covered and who is not any more, one layer of the map per service."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import folium
import shapely

from circle15.outputs.offline import drop_links, offline_map, render_page
from circle15.outputs.palette import BEYOND, INK, WITHIN, ramp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd

GAINED, LOST = ramp(WITHIN, 3)[2], ramp(BEYOND, 3)[2]
_ZOOM = 14


def write_difference_map(
    pieces: gpd.GeoDataFrame, units: gpd.GeoDataFrame, layers: Mapping[str, str], path: Path, *, title: str, lang: str
) -> None:
    """Write the map as one HTML file that asks for nothing from outside.

    Parameters
    ----------
    pieces
        Pieces of cells whose coverage differs, EPSG:4326: ``layer``, ``change`` (1 newly covered, -1 lost), ``people``,
        ``unit_name``, geometry.
    units
        unit_name and outlines.
    layers
        Names by layer id, in the order of the map's control.
    path
        The file.
    title
        Title, plain text.
    lang
        "zh" or "en".
    """
    is_zh = lang == "zh"
    west, south, east, north = units.total_bounds
    page = offline_map(
        title=title, lang=lang, location=((south + north) / 2, (west + east) / 2), zoom=_ZOOM, styles=(), sources=()
    )
    page.fit_bounds([[south, west], [north, east]])
    outline = {"color": INK, "weight": 1, "fill": False}
    folium.GeoJson(
        units[["geometry"]].to_json(drop_id=True),
        name="街道" if is_zh else "Units",
        style_function=lambda _: outline,
        control=False,
    ).add_to(page)
    words = {1: "新增覆盖" if is_zh else "newly covered", -1: "不再覆盖" if is_zh else "no longer covered"}
    for n, (layer, name) in enumerate(layers.items()):
        of_layer = pieces[pieces["layer"] == layer]
        gained, lost = (of_layer.loc[of_layer["change"] == sign, "people"].sum() for sign in (1, -1))
        label = html.escape(f"{name}: +{gained:,.0f} / -{lost:,.0f} {'人' if is_zh else 'people'}")
        group = folium.FeatureGroup(name=label, show=n == 0)
        drop_links(group)
        for sign, colour in ((1, GAINED), (-1, LOST)):
            rows = of_layer[of_layer["change"] == sign]
            if len(rows):
                style = {"color": colour, "fillColor": colour, "weight": 0.5, "fillOpacity": 0.8}
                texts = [
                    html.escape(f"{unit} · {words[sign]} {people:,.1f}")
                    for unit, people in zip(rows["unit_name"], rows["people"], strict=True)
                ]
                shown = rows[["geometry"]].assign(text=texts, geometry=shapely.set_precision(rows.geometry, 1e-6))
                folium.GeoJson(
                    shown.to_json(drop_id=True),
                    style_function=lambda _, style=style: style,
                    tooltip=folium.GeoJsonTooltip(fields=["text"], labels=False),
                ).add_to(group)
        group.add_to(page)
    folium.LayerControl(collapsed=False).add_to(page)
    path.write_text(render_page(page), encoding="utf-8")
