"""The shell of a map's page: all of it but its district's title, data and first view, as folium renders it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import folium
from branca.element import MacroElement
from folium.template import Template
from folium.utilities import JsCode

from circle15.outputs.drawn_changes import add_changes
from circle15.outputs.map_kinds import (
    DATA,
    DATA_ID,
    DRAWER,
    LOCATION,
    TITLE,
    WHATIF,
    ZOOM,
    Shell,
    ShellKind,
    ShellLayer,
)
from circle15.outputs.offline import add_html, add_script, offline_map, render_page
from circle15.outputs.tiles import tile_layers
from circle15.outputs.whatif import add_whatif

if TYPE_CHECKING:
    from circle15.outputs.result import DistrictResult

SCRIPTS = (
    "decode.js", "popups.js", "layers.js", "search.js", "panel.js", "layer_box.js", "address.js", "map.js",
)  # fmt: skip


def render_shell(kind: ShellKind, result: DistrictResult | None = None) -> Shell:
    """Render a shell; with the tiles and the scenario's changes of ``result`` where it is given."""
    made: Any = offline_map(
        title=TITLE, lang=kind.lang, location=(0.0, 0.0), zoom=0, styles=["map.css", "whatif.css"], sources=kind.sources
    )
    made.location = list(LOCATION)  # filled in later, as the zoom is
    made.options["zoom"] = JsCode(ZOOM)
    for script in SCRIPTS:
        add_script(made, script)
    for tiles in [] if result is None else tile_layers(result):
        made.add_child(tiles)
    cells, overlays = ({layer.key: _group(layer, overlay=o) for layer in of} for o, of in _layers(kind))
    for group in (*cells.values(), *overlays.values()):
        made.add_child(group)
    if result is not None and result.scenario:
        names = {layer.id: layer.name for layer in result.layers}
        units = {layer.id: layer.capacity_unit or "" for layer in result.layers}
        add_changes(made, result.scenario, result.lang, names, units)
    control: Any = folium.LayerControl()
    control.options["collapsed"] = JsCode("window.innerWidth < 700")  # phones have no room for it
    control.add_to(made)
    add_html(made, '<aside id="c15-panel"></aside>')
    add_html(made, f'<script type="application/json" id="{DATA_ID}">{DATA}</script>')
    if kind.has_whatif:
        add_whatif(made, WHATIF, DRAWER)
    _Start(control, cells, overlays).add_to(made)
    return Shell(render_page(made))


def _layers(kind: ShellKind) -> tuple[tuple[bool, tuple[ShellLayer, ...]], ...]:
    return (False, kind.cells), (True, kind.overlays)


def _group(layer: ShellLayer, *, overlay: bool) -> folium.map.Layer:
    if layer.is_clustered:
        return _Clusters(name=layer.name, show=layer.is_shown)
    return folium.FeatureGroup(name=layer.name, overlay=overlay, show=layer.is_shown)


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
        cells: dict[str, folium.map.Layer],
        overlays: dict[str, folium.map.Layer],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Start"
        self.data_id = DATA_ID
        self.control = control
        self.cells = cells
        self.overlays = overlays
