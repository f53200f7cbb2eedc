"""Folium maps that need nothing from outside: scripts and styles inlined, ids counted, texts escaped."""

from __future__ import annotations

import base64
import html
import json
import re
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Element, MacroElement
from folium.template import Template

from circle15.outputs.page_parts import MAX_ZOOM, template_text

if TYPE_CHECKING:
    from collections.abc import Iterable

# Files of PyPI packages, at the versions that folium itself names.
_LEAFLET = ("XStatic-Leaflet", "xstatic/pkg/leaflet/data/")
_CLUSTER = ("XStatic-Leaflet-MarkerCluster", "xstatic/pkg/leaflet_markercluster/data/")
_STYLES = ((*_LEAFLET, "leaflet.css"), (*_CLUSTER, "MarkerCluster.css"))
_SCRIPTS = ((*_LEAFLET, "leaflet.js"), (*_CLUSTER, "leaflet.markercluster.js"))

_IMAGE = re.compile(r"url\((images/[\w.@-]+\.png)\)")
_NO_ZOOM = re.compile(r'<meta name="viewport"[^>]*>')
"""What folium says of the window: it forbids to enlarge the page, which people with weak eyes need."""
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def offline_map(
    *, title: str, lang: str, location: tuple[float, float], zoom: int, styles: Iterable[str], sources: Iterable[str]
) -> folium.Map:
    """Give an empty folium map without tiles whose Leaflet, MarkerCluster and ``styles`` stand in the page.

    Parameters
    ----------
    title
        Title of the page, plain text.
    lang
        "zh" or "en".
    location
        Latitude and longitude of the first view, degrees.
    zoom
        Zoom level of the first view.
    styles
        Names of style sheets in ``templates/``.
    sources
        Sources, publisher and approval number as they stand in the corner of the map, plain text.
    """
    made = folium.Map(
        location=location, zoom_start=zoom, tiles=None, zoom_control="bottomright", zoom_snap=0.25, zoom_delta=0.5,
        wheel_px_per_zoom_level=120,
    )  # fmt: skip
    made.options["max_zoom"] = MAX_ZOOM  # folium's own argument is for tile layers only
    drop_links(made)
    root = _figure(made)
    root.title = html.escape(title)
    root.header.add_child(
        Element(f"<script>document.documentElement.lang = {json.dumps('zh-Hans' if lang == 'zh' else 'en')};</script>")
    )
    # An empty icon keeps browsers from asking the server for one.
    root.header.add_child(Element('<link rel="icon" href="data:,">'))
    for package, folder, name in _SCRIPTS:
        root.header.add_child(_verbatim("script", _package_text(package, folder, name)))
    if lang == "zh":
        root.header.add_child(_verbatim("script", template_text("chinese.js")))
    for package, folder, name in _STYLES:
        root.header.add_child(_verbatim("style", _package_style(package, folder, name)))
    for name in styles:
        root.header.add_child(_verbatim("style", template_text(name)))
    _Credits([html.escape(text) for text in sources]).add_to(made)
    return made


def _figure(made: folium.Map) -> Any:
    """Give the page that the map stands in; branca states a wider type than it returns."""
    return made.get_root()


def drop_links(element: Any) -> None:
    """Keep one folium element from linking scripts and styles of servers; other maps of the process keep theirs."""
    element.default_js = []
    element.default_css = []


def add_script(made: folium.Map, name: str) -> None:
    """Put the script ``templates/<name>`` into the page's head."""
    _figure(made).header.add_child(_verbatim("script", template_text(name)))


def add_html(made: folium.Map, markup: str) -> None:
    """Put ``markup``, ready HTML, into the page's body."""
    _figure(made).html.add_child(_verbatim_html(markup))


def render_page(made: folium.Map) -> str:
    """Render the page; the same map gives the same text, since ids count instead of being drawn."""
    root = _figure(made)
    _count_ids(root)
    page: str = root.render()
    return _NO_ZOOM.sub('<meta name="viewport" content="width=device-width, initial-scale=1" />', page, count=1)


def _count_ids(root: Element) -> None:
    """Put numbers to ``root`` and all below it: 32 hex digits as branca draws, so that scripts still match."""
    waiting = [root]
    n = 0
    while waiting:
        element = waiting.pop()
        element._id = f"{n:032x}"  # noqa: SLF001 (branca has no public way to choose an id)
        n += 1
        parts = (getattr(element, name, None) for name in ("header", "html", "script"))
        children = [*element._children.values(), *(p for p in parts if isinstance(p, Element))]  # noqa: SLF001 (as above)
        waiting.extend(reversed(children))


class _Credits(MacroElement):
    """Puts sources into the corner of the map."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        {{ this._parent.get_name() }}.attributionControl.setPrefix("Leaflet");
        {% for text in this.texts %}
        {{ this._parent.get_name() }}.attributionControl.addAttribution({{ text|tojson }});
        {% endfor %}
        {% endmacro %}
    """)

    def __init__(self, texts: list[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's
        self._name = "Circle15Credits"
        self.texts = texts


class _Verbatim(Element):
    """Text of a page that no template engine reads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_: Any) -> str:
        return self._text


def _verbatim_html(text: str) -> Element:
    return _Verbatim(text + "\n")


def _verbatim(tag: str, text: str) -> Element:
    if re.search(rf"</{tag}", text, re.IGNORECASE):
        raise ValueError(f"an inlined {tag} may not contain '</{tag}'")
    return _verbatim_html(f"<{tag}>\n{text.strip()}\n</{tag}>")


@cache
def _package_bytes(package: str, path: str) -> bytes:
    file = metadata.distribution(package).locate_file(path)
    with open(str(file), "rb") as f:  # noqa: PTH123 (locate_file gives a SimplePath, which cannot open)
        return f.read()


@cache
def _package_text(package: str, folder: str, name: str) -> str:
    return _SOURCE_MAP.sub("", _package_bytes(package, folder + name).decode("utf-8"))


@cache
def _package_style(package: str, folder: str, name: str) -> str:
    def as_data(match: re.Match[str]) -> str:
        encoded = base64.b64encode(_package_bytes(package, folder + match[1])).decode("ascii")
        return f"url(data:image/png;base64,{encoded})"

    return _IMAGE.sub(as_data, _package_text(package, folder, name))
