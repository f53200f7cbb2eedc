"""The district's map and one for each street: folium pages that work with the network cable out."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

import folium
from branca.element import MacroElement
from folium.template import Template
from folium.utilities import JsCode

from circle15.files.staging import whole_file
from circle15.outputs.drawings import unguarded
from circle15.outputs.drawn_changes import add_changes
from circle15.outputs.map_data import Value, page_data
from circle15.outputs.offline import add_html, add_script, offline_map, render_page, safe_json
from circle15.outputs.sentences import three_sentences
from circle15.outputs.shared_words import words
from circle15.outputs.text import cells_rule, share_text
from circle15.outputs.tiles import in_tile_system, tile_layers
from circle15.outputs.view import View
from circle15.outputs.whatif import add_whatif
from circle15.outputs.whatif_page import drawer_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from circle15.outputs.result import DistrictResult

DATA_ID = "c15-data"
SCRIPTS = (
    "decode.js", "popups.js", "layers.js", "search.js", "panel.js", "layer_box.js", "address.js", "map.js",
)  # fmt: skip
# Places of a shell: no name stands before the title, and none before the data holds a bare "<".
_TITLE, _DATA = "c15-title", "<!--c15-data-->"
_N_UNLINKED = "c15-n-unlinked"
_WIDTH_AT_ZOOM_0_DEG = 360.0
_FIRST_VIEW_TILES = 4.0


def write_district_map(result: DistrictResult, path: Path, *, shared: dict[Any, Any] | None = None) -> None:
    """Write the district's map as one HTML file that asks for nothing from outside.

    Parameters
    ----------
    result
        The measured district.
    path
        The file, usually ``index.html``; street maps are linked as ``units/<unit_id>.html`` beside it.
    shared
        What pages of this very result have read of it (`View.shared`).

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    view = _view(result, shared)
    page = _page(view, view.subtitle, back=None)
    _write(_map_page(view, page_data(view, page, _unit_links(result), sentences=[]), whatif=result.whatif), path)


def write_unit_maps(
    result: DistrictResult,
    folder: Path,
    *,
    attempt: Callable[[Path], AbstractContextManager[None]] = unguarded,
    shared: dict[Any, Any] | None = None,
) -> None:
    """Write the same map for each unit as ``<folder>/<unit_id>.html``, zoomed to it and with its numbers.

    ``attempt`` surrounds the drawing of each, for a caller who wants the others where one fails; ``shared`` is what
    pages of this very result have read of it.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    whole = _view(result, shared)
    for unit_id in whole.unit_names():
        view = whole.of_unit(unit_id)
        back = {"href": "../index.html", "label": f"{view.say['back_to_district']} · {result.name}"}
        page = _page(view, f"{result.name} · {view.subtitle}", back=back)
        page |= {"whatif": "../index.html#whatif"} if result.whatif else {}
        path = folder / f"{unit_id}.html"
        with attempt(path):
            _write(_map_page(view, page_data(view, page, links=[], sentences=three_sentences(view))), path)


def _view(result: DistrictResult, shared: dict[Any, Any] | None) -> View:
    return View(in_tile_system(result), shared={} if shared is None else shared)


def _write(page: str, path: Path) -> None:
    with whole_file(path) as stage:
        stage.write_text(page, encoding="utf-8", newline="\n")


def _page(view: View, subtitle: str, *, back: Value | None) -> Value:
    result, say = view.result, view.say
    west, south, east, north = (float(v) for v in view.area().total_bounds)
    about = [
        [say["cell"], cells_rule(result)],
        [say["population_source"], result.population_source],
        *([f"{say['facility_source']} · {layer.name}", layer.source] for layer in result.layers),
    ]
    footer = [f"{say['bureau']}：{result.bureau}"] if result.bureau else []
    footer += [f"{say['map_approval']}：{result.map_approval}"] if result.map_approval else []
    return {
        "name": view.name, "subtitle": subtitle, "bounds": [[south, west], [north, east]], "back": back,
        "about": about, "footer": footer,
    }  # fmt: skip


def _unit_links(result: DistrictResult) -> list[Value]:
    if len(result.units) < 2:  # noqa: PLR2004 (one unit is the district itself)
        return []
    coverage = result.tables.coverage
    links = []
    for unit in result.units.itertuples(index=False):
        shares = coverage.loc[coverage["unit_id"] == unit.unit_id, "covered_share"]
        lowest = float(shares.min()) if shares.notna().any() else math.nan
        links.append(
            {
                "href": f"units/{unit.unit_id}.html",
                "label": str(unit.unit_name),
                "note": words(result.lang)["lowest_share"].format(share=share_text(lowest)),
            }
        )
    return links


def _map_page(view: View, data: Value, *, whatif: str = "") -> str:
    """Put a page's title and data into the shell that folium renders once for all pages of a kind."""
    layers = (data["first"], *data["order"], *data["planned"], bool(data["unlinked"]))
    head, body, end = view.once(("shell", view.unit_id is None, layers, whatif), lambda: _shell(view, data, whatif))
    title = html.escape(f"{data['page']['name']} · {data['page']['subtitle']}")
    return "".join([head, title, body, safe_json(data), end.replace(_N_UNLINKED, str(len(data["unlinked"])))])


def _shell(view: View, data: Value, whatif: str) -> tuple[str, str, str]:
    """Give a page as folium renders it: up to its title, from there to its data, and the rest."""
    west, south, east, north = (float(v) for v in view.result.boundary.total_bounds)
    made = offline_map(
        title=_TITLE,
        lang=view.result.lang,
        location=((south + north) / 2, (west + east) / 2),
        zoom=_zoom_for(east - west, north - south),
        styles=["map.css", "whatif.css"],
        sources=view.result.attributions,
    )
    for script in SCRIPTS:
        add_script(made, script)
    for layer in tile_layers(view.result):
        made.add_child(layer)
    cells = _cell_layers(made, view, data)
    overlays = _overlays(made, view, data)
    if view.result.scenario:
        names = {layer.id: layer.name for layer in view.result.layers}
        units = {layer.id: layer.capacity_unit or "" for layer in view.result.layers}
        add_changes(made, view.result.scenario, view.result.lang, names, units)
    control: Any = folium.LayerControl()
    control.options["collapsed"] = JsCode("window.innerWidth < 700")  # phones have no room for it
    control.add_to(made)
    add_html(made, '<aside id="c15-panel"></aside>')
    add_html(made, f'<script type="application/json" id="{DATA_ID}">{_DATA}</script>')
    if whatif:
        add_whatif(made, whatif, drawer_data(view.result))
    _Start(control, cells, overlays).add_to(made)
    head, _, rest = render_page(made).partition(_TITLE)
    body, _, end = rest.partition(_DATA)
    return head, body, end


def _zoom_for(width_deg: float, height_deg: float) -> int:
    """Give a first zoom that shows the area; the page fits it to the window itself."""
    widest = max(width_deg, height_deg * 2, 1e-4)
    return max(1, min(18, int(math.log2(_WIDTH_AT_ZOOM_0_DEG * _FIRST_VIEW_TILES / widest))))


def _cell_layers(made: folium.Map, view: View, data: Value) -> dict[str, folium.FeatureGroup]:
    """Add one radio layer per way to colour the cells."""
    say = view.say
    labels: dict[str, Callable[[Value], str]] = {
        "time": lambda layer: f"{layer['name']} · {say['walking_minutes']}",
        "gap": lambda layer: f"{layer['name']} · {say['gap']}",
        "cause": lambda layer: f"{layer['name']} · {say['cause']}",
        "sure": lambda layer: f"{layer['name']} · {data['sure']['title']}",
        "count": lambda _: say["services_in_reach"],
        "none": lambda _: say["no_cells"],
    }
    names = [labels[data["kinds"][key]["mode"]](data["layers"][data["kinds"][key]["layer"]]) for key in data["order"]]
    groups = {}
    for key, name in zip(data["order"], _distinct(names), strict=True):
        groups[key] = folium.FeatureGroup(name=html.escape(name), overlay=False, show=key == data["first"])
        made.add_child(groups[key])
    return groups


def _overlays(made: folium.Map, view: View, data: Value) -> dict[str, folium.map.Layer]:
    """Add the checkbox layers: facilities per service, those that follow the chosen service, and the base."""
    say = view.say
    keys = [f"facilities-{i}" for i in range(len(data["layers"]))]
    names = [f"{layer['name']} · {say['facilities']}" for layer in data["layers"]]
    groups: dict[str, folium.map.Layer] = {}
    for i, (key, name) in enumerate(zip(keys, _distinct(names), strict=True)):
        groups[key] = _Clusters(name=html.escape(name), show=i == 0)
    groups["uncovered"] = folium.FeatureGroup(name=say["uncovered"], show=True)
    groups["areas"] = folium.FeatureGroup(name=say["service_area"], show=False)
    groups["sites"] = folium.FeatureGroup(name=say["ranking"], show=False)
    for name in data["planned"]:
        groups[name] = folium.FeatureGroup(name=say[name], show=name == "programme")
    groups["units"] = folium.FeatureGroup(name=say["units_layer"], show=True)
    groups["streets"] = folium.FeatureGroup(name=say["streets"], show=True)
    if data["unlinked"]:
        label = say["in_brackets"].format(a=say["unlinked"], b=_N_UNLINKED)
        groups["unlinked"] = folium.FeatureGroup(name=label, show=False)
    for group in groups.values():
        made.add_child(group)
    return groups


def _distinct(names: list[str]) -> list[str]:
    """Put a number to names that stand twice: the layer control knows layers by name."""
    return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]


class _Clusters(folium.map.Layer):
    """Markers that gather into one with a number where they lie close: Leaflet.markercluster's group.

    folium's own wrapper of it would load all of folium.plugins, which takes as long as a street's map.
    """

    _template = Template("""
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.markerClusterGroup({
            maxClusterRadius: 44, showCoverageOnHover: false, disableClusteringAtZoom: 17, animate: false,
            iconCreateFunction: (cluster) => L.divIcon({
                className: "c15-icon", iconSize: [26, 26],
                html: '<span class="c15-cluster">' + cluster.getChildCount() + "</span>",
            }),
        });
        {% endmacro %}
    """)

    def __init__(self, *, name: str, show: bool) -> None:
        super().__init__(name=name, overlay=True, control=True, show=show)
        self._name = "Circle15Clusters"


class _Start(MacroElement):
    """Hands folium's map, layer control and layers to the page's scripts."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        circle15.start({
            map: {{ this._parent.get_name() }},
            control: {{ this.control.get_name() }},
            cells: {{ this.cells|tojavascript }},
            overlays: {{ this.overlays|tojavascript }},
        }, JSON.parse(document.getElementById({{ this.data_id|tojson }}).textContent));
        {% endmacro %}
    """)

    def __init__(
        self,
        control: folium.LayerControl,
        cells: dict[str, folium.FeatureGroup],
        overlays: dict[str, folium.map.Layer],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Start"
        self.data_id = DATA_ID
        self.control = control
        self.cells = cells
        self.overlays = overlays
