"""A scenario's changes on a folium map: bridges, new, closed and resized facilities, each with what it is."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import folium
from branca.element import MacroElement
from folium.template import Template

from circle15.outputs.offline import drop_links
from circle15.outputs.palette import ACCENT, INK
from circle15.outputs.shown_changes import SIGNS, change_facts, is_closing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.outputs.shown_changes import ShownChange


PANE = "c15-changes"
_ABOVE_MARKERS = 610


class _Told(MacroElement):
    """Says what a shape is, on a popup and a tooltip; folium's own popup would ask for jQuery."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        {{ this._parent.get_name() }}.bindPopup({{ this.text|tojson }}).bindTooltip({{ this.text|tojson }});
        {% endmacro %}
    """)

    def __init__(self, text: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Told"
        self.text = text


def add_changes(
    made: folium.Map, changes: Sequence[ShownChange], lang: str, layers: Mapping[str, str], units: Mapping[str, str]
) -> None:
    """Add a layer with every change above all others: what is new in the calling colour, what is closed in ink.

    Parameters
    ----------
    made
        The map, before its layer control.
    changes, lang, layers, units
        As of `change_facts`.
    """
    folium.map.CustomPane(PANE, z_index=_ABOVE_MARKERS).add_to(made)
    group = folium.FeatureGroup(name="方案改动" if lang == "zh" else "Changes", show=True)
    drop_links(group)
    for change, (kind, text) in zip(changes, change_facts(changes, lang, layers, units), strict=True):
        told = html.escape(f"{kind}{'：' if lang == 'zh' else ': '}{text}")
        is_closed = is_closing(change)
        colour = INK if is_closed else ACCENT
        drawn: list[folium.PolyLine | folium.Marker] = []
        for line in change.lines:
            path = folium.PolyLine(  # type: ignore[no-untyped-call]  # folium gives this class no types
                [(lat, lon) for lon, lat in line], color=colour, weight=6
            )
            path.options |= {"pane": PANE, "dashArray": "2 10" if is_closed else None}  # folium passes neither on
            drawn.append(path)
        if change.lon is not None and change.lat is not None:
            drawn.append(folium.Marker((change.lat, change.lon), icon=_icon(change.kind, colour), pane=PANE))
        for shape in drawn:
            _Told(told).add_to(shape)
            shape.add_to(group)
    made.add_child(group)


def _icon(kind: str, colour: str) -> folium.DivIcon:
    """Draw a ring around the place, with a plus for what is new, a cross for what is closed, an arrow for resized."""
    svg = (
        f'<svg width="44" height="44" viewBox="0 0 44 44"><circle cx="22" cy="22" r="15" fill="none" stroke="#fff"'
        f' stroke-width="6"/><circle cx="22" cy="22" r="15" fill="none" stroke="{colour}" stroke-width="3"/>'
        f'<circle cx="34" cy="10" r="9" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
        f'<path d="{SIGNS[kind]}" stroke="#fff" stroke-width="2.4" fill="none"/></svg>'
    )
    return folium.DivIcon(html=svg, icon_size=(44, 44), icon_anchor=(22, 22), class_name="c15-change")
