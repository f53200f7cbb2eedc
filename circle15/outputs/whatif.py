"""The what-if on the district's map: its data, its engine and its page scripts; none runs until it is opened."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from circle15.outputs.offline import add_html, add_script
from circle15.outputs.page_parts import template_text

if TYPE_CHECKING:
    import folium

ENGINE = "whatif/engine"
CLIENT = "whatif/client.js"
DATA_ID, ENGINE_ID = "c15-whatif-data", "c15-whatif-engine"


PAGE = "whatif/page"
PAGE_SCRIPTS = (
    "texts.js", "scenario.js", "basket.js", "exports.js", "overlay.js", "desk.js", "tables.js", "places.js", "tools.js",
    "tool_view.js", "out_view.js", "basket_view.js", "trial_view.js", "way_view.js", "note.js",
    "note_map.js", "drawer.js",
)  # fmt: skip
PAGE_ID = "c15-whatif-page"


def add_whatif(made: folium.Map, data: str, drawer: str) -> None:
    """Put the what-if into a page: ``data`` as `outputs.whatif_pack` gives it, base64; ``drawer`` its words, JSON.

    The engine stands as plain text, which the page's script hands to a worker; so a reader who does not open the
    what-if pays for its bytes alone.
    """
    for name in (CLIENT, *(f"{PAGE}/{script}" for script in PAGE_SCRIPTS)):
        add_script(made, name)
    add_html(made, f'<script type="application/json" id="{PAGE_ID}">{drawer}</script>')
    add_html(made, f'<script type="text/plain" id="{ENGINE_ID}">\n{engine_text()}\n</script>')
    add_html(made, f'<script type="text/plain" id="{DATA_ID}">{data}</script>')


@cache
def engine_text() -> str:
    """Give the engine's scripts as one; they share a scope, and any order would do.

    Raises
    ------
    ValueError
        If a script holds the tag that ends the element it stands in.
    """
    folder = resources.files("circle15.outputs") / "templates" / ENGINE
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".js"))
    text = "\n".join(template_text(f"{ENGINE}/{name}") for name in names)
    if "</script" in text.lower():
        raise ValueError(f"{ENGINE}: a script that stands in the page may not contain '</script'")
    return text
