"""The district's map and one for each street: folium pages that work with the network cable out."""

from __future__ import annotations

import html
import json
import math
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from circle15.files.kept_results import kept_arrays
from circle15.files.staging import whole_file
from circle15.outputs.drawings import unguarded
from circle15.outputs.map_data import Value, page_data
from circle15.outputs.map_kinds import N_UNLINKED, Shell, ShellKind, ShellLayer
from circle15.outputs.page_parts import safe_json
from circle15.outputs.sentences import three_sentences
from circle15.outputs.shared_words import words
from circle15.outputs.text import cells_rule, share_text
from circle15.outputs.tiles import in_tile_system
from circle15.outputs.view import View
from circle15.outputs.whatif_page import drawer_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from circle15.outputs.result import DistrictResult

PAGE_LIBRARIES = ("branca", "folium", "jinja2", "XStatic-Leaflet", "XStatic-Leaflet-MarkerCluster")
"""Those that decide what a page's shell is, beside circle15's own templates."""
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
    kind = view.once(("shell", view.unit_id is None, layers, bool(whatif)), lambda: _shell_kind(view, data, whatif))
    page = view.once(kind, lambda: _shell(view, kind))
    west, south, east, north = (float(v) for v in view.result.boundary.total_bounds)
    return page.filled(
        title=html.escape(f"{data['page']['name']} · {data['page']['subtitle']}"),
        data=safe_json(data),
        n_unlinked=len(data["unlinked"]),
        location=((south + north) / 2, (west + east) / 2),
        zoom=_zoom_for(east - west, north - south),
        whatif=(safe_json(drawer_data(view.result)), whatif) if whatif else None,
    )


def _shell_kind(view: View, data: Value, whatif: str) -> ShellKind:
    return ShellKind(
        view.result.lang, view.result.attributions, _cell_layers(view, data), _overlays(view, data), bool(whatif)
    )


def _shell(view: View, kind: ShellKind) -> Shell:
    """Give the shell from the cache, or have it rendered; one that shows more of its district is rendered each time."""
    if view.result.scenario or view.result.tiles != "none":
        return _render(kind, view.result)
    told = (json.dumps(asdict(kind)), *(metadata.version(name) for name in PAGE_LIBRARIES))
    kept = kept_arrays("shell", told, lambda: {"page": np.frombuffer(_render(kind).text.encode(), np.uint8)})
    return Shell(kept["page"].tobytes().decode())


def _render(kind: ShellKind, result: DistrictResult | None = None) -> Shell:
    from circle15.outputs.map_shell import render_shell  # noqa: PLC0415 (folium takes a tenth of a second to load)

    return render_shell(kind, result)


def _zoom_for(width_deg: float, height_deg: float) -> int:
    """Give a first zoom that shows the area; the page fits it to the window itself."""
    widest = max(width_deg, height_deg * 2, 1e-4)
    return max(1, min(18, int(math.log2(_WIDTH_AT_ZOOM_0_DEG * _FIRST_VIEW_TILES / widest))))


def _cell_layers(view: View, data: Value) -> tuple[ShellLayer, ...]:
    """Give one radio layer per way to colour the cells."""
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
    return tuple(
        ShellLayer(key, html.escape(name), is_shown=key == data["first"])
        for key, name in zip(data["order"], _distinct(names), strict=True)
    )


def _overlays(view: View, data: Value) -> tuple[ShellLayer, ...]:
    """Give the checkbox layers: facilities per service, those that follow the chosen service, and the base."""
    say = view.say
    names = [f"{layer['name']} · {say['facilities']}" for layer in data["layers"]]
    layers = [
        ShellLayer(f"facilities-{i}", html.escape(name), is_shown=i == 0, is_clustered=True)
        for i, name in enumerate(_distinct(names))
    ]
    layers += [
        ShellLayer("uncovered", say["uncovered"], is_shown=True),
        ShellLayer("areas", say["service_area"], is_shown=False),
        ShellLayer("sites", say["ranking"], is_shown=False),
        *(ShellLayer(name, say[name], is_shown=name == "programme") for name in data["planned"]),
        ShellLayer("units", say["units_layer"], is_shown=True),
        ShellLayer("streets", say["streets"], is_shown=True),
    ]
    if data["unlinked"]:
        label = say["in_brackets"].format(a=say["unlinked"], b=N_UNLINKED)
        layers.append(ShellLayer("unlinked", label, is_shown=False))
    return tuple(layers)


def _distinct(names: list[str]) -> list[str]:
    """Put a number to names that stand twice: the layer control knows layers by name."""
    return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]
