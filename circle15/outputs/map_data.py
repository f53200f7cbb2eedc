"""What a map page shows, as plain values: numbers read from the result's tables, texts ready to print."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.outputs import map_places
from circle15.outputs.palette import INK, WITHIN, TimeClasses, count_colours, gap_classes, ramp, time_classes
from circle15.outputs.shapes import encode_lines, encode_polygons
from circle15.outputs.text import (
    Words,
    layer_rules,
    people_text,
    plain_number,
    share_text,
)
from circle15.units import MS_PER_SECOND, SECONDS_PER_MINUTE, minutes_to_seconds, seconds_to_minutes, seconds_to_ms

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.view import View

Value = dict[str, Any]


def page_data(view: View, page: Value, links: list[Value], sentences: list[str]) -> Value:
    """Give everything that the scripts of one page need, JSON-ready."""
    result = view.result
    cells = view.cells()
    counts = Counter(view.near(result.tables["facilities"])["layer"])
    layers = [
        _layer(view, cells, layer, glyph, counts[layer.id])
        for layer, glyph in zip(result.layers, _glyphs(result), strict=True)
    ]
    kinds, order = _kinds(layers)
    areas = map_places.areas_in_reach(view)
    return {
        "words": dict(view.say),
        "page": page,
        "links": links,
        "sentences": sentences,
        "warnings": list(result.warnings),
        "attributions": list(result.attributions),
        "ink": INK,
        "no_gap_colour": ramp(WITHIN, 3)[1],
        "first": order[0],
        "order": order,
        "kinds": kinds,
        "shares": _shares(view),
        "layers": layers,
        "counts": _counts(view, cells),
        "cells": _cells(view, cells, layers),
        "units": map_places.units(view),
        "unit_shapes": encode_polygons(view.units().geometry.to_numpy()),
        "boundary_shapes": encode_polygons(view.area().geometry.to_numpy()),
        "facilities": map_places.facilities(view),
        "sites": map_places.sites(view),
        "areas": map_places.areas(view, areas),
        "area_shapes": encode_polygons(areas.geometry.to_numpy()),
        "unlinked": map_places.unlinked(view),
        "streets": encode_lines(view.streets()),
    }


def _glyphs(result: DistrictResult) -> list[str]:
    """Give each layer one letter of its name that no earlier layer has, else its number."""
    taken: list[str] = []
    for i, layer in enumerate(result.layers, start=1):
        letters = [c.upper() for c in layer.name if c.isalnum()]
        taken.append(next((c for c in letters if c not in taken), str(i)))
    return taken


def _kinds(layers: list[Value]) -> tuple[dict[str, Value], list[str]]:
    """Give what each cell layer shows, by key, and the keys in the order of the layer control."""
    kinds: dict[str, Value] = {f"time-{i}": {"mode": "time", "layer": i} for i in range(len(layers))}
    if len(layers) > 1:
        kinds["count"] = {"mode": "count", "layer": 0}
    kinds |= {f"gap-{i}": {"mode": "gap", "layer": i} for i, layer in enumerate(layers) if layer["gap"] is not None}
    kinds["none"] = {"mode": "none", "layer": 0}
    return kinds, list(kinds)


def _group_column(layer: LayerInfo) -> str:
    return "population" if layer.group == "all" else layer.group


def layer_classes(layer: LayerInfo) -> TimeClasses:
    """Give the classes that a layer's times are drawn in."""
    searched = None if layer.searched_s is None else float(seconds_to_minutes(layer.searched_s))
    return time_classes(layer.threshold_min, searched)


def class_edges_ms(layer: LayerInfo, classes: TimeClasses) -> npt.NDArray[np.int64]:
    """Give the classes' upper edges in whole milliseconds; the threshold rounds down, as the search's cutoff does."""
    edges = [round(minutes_to_seconds(edge) * MS_PER_SECOND) for edge in classes.edges_min]
    edges[classes.n_within - 1] = seconds_to_ms(layer.threshold_s)
    return np.array(edges, dtype=np.int64)


def class_of(seconds: npt.NDArray[np.float64], edges_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give the class of each time; a time at an edge belongs below it, no time to the last class."""
    ms = np.rint(np.nan_to_num(seconds) * MS_PER_SECOND)
    return np.where(np.isnan(seconds), len(edges_ms), np.searchsorted(edges_ms, ms, side="left"))


def class_labels(classes: TimeClasses, say: Words) -> list[str]:
    """Name the classes in minutes."""
    edges = [plain_number(edge) for edge in (0.0, *classes.edges_min)]
    between = [f"{low} – {high}" for low, high in pairwise(edges)]
    return [*between, f"> {edges[-1]} {say['farther']}"]


def _share_bars(people: npt.NDArray[np.float64]) -> list[Value]:
    total = people.sum()
    shares = people / total if total > 0 else np.full(len(people), np.nan)
    return [{"percent": _percent(s), "text": share_text(float(s))} for s in shares]


def _percent(share: float) -> float:
    return 0.0 if math.isnan(share) else round(share * 100, 2)


def _layer(view: View, cells: gpd.GeoDataFrame, layer: LayerInfo, glyph: str, n_facilities: int) -> Value:
    say = view.say
    classes = layer_classes(layer)
    edges_ms = class_edges_ms(layer, classes)
    place = class_of(cells[f"{layer.id}_seconds"].to_numpy(np.float64), edges_ms)
    people = cells[_group_column(layer)].to_numpy(np.float64)
    return {
        "id": layer.id,
        "name": layer.name,
        "glyph": glyph,
        "n_facilities": n_facilities,
        "edges_ms": edges_ms.tolist(),
        "n_within": classes.n_within,
        "colours": list(classes.colours),
        "labels": class_labels(classes, say),
        "edge_texts": [plain_number(edge) for edge in classes.edges_min],
        "class_shares": _share_bars(np.bincount(place, weights=people, minlength=len(edges_ms) + 1).astype(np.float64)),
        "searched": None if layer.searched_s is None else plain_number(layer.searched_s / SECONDS_PER_MINUTE),
        "threshold_text": say["threshold_line"].format(threshold=plain_number(layer.threshold_min)),
        "rules": [list(rule) for rule in (*layer_rules(layer, view.result.lang),
                                          (say["population_source"], view.result.population_source))],
        "note": layer.note,
        "gap": _gap(view, layer, cells),
    }  # fmt: skip


def _gap(view: View, layer: LayerInfo, cells: gpd.GeoDataFrame) -> Value | None:
    """Give the classes of a layer's gap in its own unit; None where no norm makes it more than people not covered."""
    gaps = view.result.tables.get("gaps")
    if gaps is None or f"{layer.id}_gap" not in cells:
        return None
    own = gaps[(gaps["layer"] == layer.id) & gaps["norm"].notna()]
    if own.empty:
        return None
    largest = float(np.nan_to_num(view.result.cells[f"{layer.id}_gap"].to_numpy(np.float64)).max(initial=0.0))
    edges, colours = gap_classes(largest)
    texts = [plain_number(edge, 3) for edge in (0.0, *edges)]
    labels = [*(f"{low} – {high}" for low, high in pairwise(texts)), f"> {texts[-1]}"]
    unit = str(own["gap_unit"].iloc[0])
    return {"edges": list(edges), "edge_texts": texts[1:], "colours": list(colours), "labels": labels, "unit": unit}


def _counts(view: View, cells: gpd.GeoDataFrame) -> Value:
    """Give the classes of how many services each cell has in reach."""
    n = len(view.result.layers)
    covered = np.zeros(len(cells), dtype=np.int64)
    for layer in view.result.layers:
        covered += cells[f"{layer.id}_covered"].to_numpy(np.bool_)
    people = cells["population"].to_numpy(np.float64)
    return {
        "colours": list(count_colours(n)),
        "labels": [*(str(i) for i in range(n)), f"{n} · {view.say['all_services']}"],
        "class_shares": _share_bars(np.bincount(covered, weights=people, minlength=n + 1).astype(np.float64)),
    }


def _cells(view: View, cells: gpd.GeoDataFrame, layers: list[Value]) -> Value:
    position = {unit_id: i for i, unit_id in enumerate(view.units()["unit_id"])}
    values = {}
    for layer, shown in zip(view.result.layers, layers, strict=True):
        seconds = cells[f"{layer.id}_seconds"].to_numpy(np.float64)
        values[layer.id] = {
            "ms": [None if math.isnan(s) else round(s * MS_PER_SECOND) for s in seconds.tolist()],
            "count": cells[f"{layer.id}_count"].to_numpy(np.int64).tolist(),
            "covered": cells[f"{layer.id}_covered"].to_numpy(np.int64).tolist(),
        }
        if shown["gap"] is not None:
            values[layer.id]["gap"] = np.round(cells[f"{layer.id}_gap"].to_numpy(np.float64), 3).tolist()
    return {
        "shapes": encode_polygons(cells.geometry.to_numpy()),
        "id": cells["cell"].tolist(),
        "unit": [position[unit_id] for unit_id in cells["unit_id"]],
        # Hundredths: the popup shows tenths, and a cell of a few hundredths of a person is still inhabited.
        "people": np.round(cells["population"].to_numpy(np.float64), 2).tolist(),
        "layers": values,
    }


def _shares(view: View) -> list[Value]:
    """Give the head of the panel: each service's covered share, and that of all services at once."""
    say = view.say
    shares = []
    for i, (layer, row) in enumerate(view.coverage_rows()):
        lost = f"{people_text(row.people - row.covered_people)} {say['people_unit']}"
        shares.append(_share(f"time-{i}", layer.name, float(row.covered_share), lost))
    complete = view.result.tables.get("completeness")
    if complete is not None and len(view.result.layers) > 1:
        own = complete[complete["unit_id"] == view.area_id].iloc[0]
        lost = f"{people_text(float(own['people'] - own['complete_people']))} {say['people_unit']}"
        shares.append(_share("count", say["all_services"], float(own["complete_share"]), lost))
    return shares


def _share(key: str, name: str, share: float, uncovered: str) -> Value:
    return {"key": key, "name": name, "percent": _percent(share), "text": share_text(share), "uncovered": uncovered}
