"""What a map page shows, as plain values: numbers read from the result's tables, texts ready to print."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from circle15.outputs import map_places
from circle15.outputs.beside_share import beside_figure, known_uncovered, off_label
from circle15.outputs.certainty_words import cell_classes_of, class_names, interval_of, word
from circle15.outputs.packed_shapes import encode_lines, encode_polygons
from circle15.outputs.palette import (
    AREA,
    CAUSE_COLOURS,
    INK,
    NO_CAUSE,
    NOBODY,
    OFF_NETWORK,
    OFF_NETWORK_LINE,
    SURE_COLOURS,
    TILES_SHOW,
    WITHIN,
    TimeClasses,
    count_colours,
    gap_classes,
    ramp,
    time_classes,
)
from circle15.outputs.searched_places import named_places, shift
from circle15.outputs.text import group_of, layer_rules, people_text, plain_number, share_heading, share_text, spaced
from circle15.units import MS_PER_SECOND, SECONDS_PER_MINUTE, minutes_to_seconds, seconds_to_minutes, seconds_to_ms

if TYPE_CHECKING:
    import pandas as pd

    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.shared_words import Words
    from circle15.outputs.view import View

Value = dict[str, Any]


def page_data(view: View, page: Value, links: list[Value], sentences: list[str]) -> Value:
    """Give everything that the scripts of one page need, JSON-ready."""
    result = view.result
    places = map_places.facilities(view)
    counts = Counter(place["layer"] for place in places["facilities"])
    layers = [
        _layer(view, layer, glyph, counts[i])
        for i, (layer, glyph) in enumerate(zip(result.layers, glyphs_of(result), strict=True))
    ]
    kinds, order = _kinds(layers)
    areas = map_places.areas_in_reach(view)
    return {
        "words": dict(view.say),
        "page": page,
        "links": links,
        "sentences": sentences,
        "warnings": list(result.warnings),
        "ink": INK,
        "area_colour": AREA,
        "off_network": {"colour": OFF_NETWORK, "line": OFF_NETWORK_LINE},
        "no_gap_colour": ramp(WITHIN, 3)[1],
        "nobody_colour": NOBODY,
        "tiles_show": TILES_SHOW,
        "first": order[0],
        "order": order,
        "kinds": kinds,
        "shares": _shares(view),
        "layers": layers,
        "counts": _counts(view),
        "causes": _causes(view),
        "sure": {
            "colours": list(SURE_COLOURS),
            "labels": class_names(result.lang),
            "title": word("class", result.lang),
            "probability": word("probability", result.lang),
        },
        "tiles": result.tiles != "none",
        "cells": _cells(view, layers),
        "units": map_places.units(view),
        "unit_shapes": encode_polygons(view.units().geometry.to_numpy()),
        "boundary_shapes": encode_polygons(view.area().geometry.to_numpy()),
        "facilities": places,
        "sites": map_places.sites(view),
        "planned": map_places.planned(view),
        "areas": map_places.areas(view, areas),
        "area_shapes": encode_polygons(areas.geometry.to_numpy()),
        "unlinked": map_places.unlinked(view),
        "streets": encode_lines(view.streets()),
        "named": named_places(view),
        "shift": shift(view.result),
    }


def glyphs_of(result: DistrictResult) -> list[str]:
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
    kinds |= {f"cause-{i}": {"mode": "cause", "layer": i} for i, layer in enumerate(layers) if layer["cause_shares"]}
    kinds |= {f"sure-{i}": {"mode": "sure", "layer": i} for i, layer in enumerate(layers) if layer["sure_shares"]}
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


def class_of(
    seconds: npt.NDArray[np.float64], edges_ms: npt.NDArray[np.int64], linked: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Give the class of each time; a time at an edge belongs below it, no time to the last class.

    One class more stands after the last for cells off the network (not ``linked``).
    """
    ms = np.rint(np.nan_to_num(seconds) * MS_PER_SECOND)
    place = np.where(np.isnan(seconds), len(edges_ms), np.searchsorted(edges_ms, ms, side="left"))
    return np.where(linked, place, len(edges_ms) + 1)


def cell_classes(cells: pd.DataFrame, layer: LayerInfo, classes: TimeClasses) -> npt.NDArray[np.int64]:
    """Give the class of each cell in a layer (`class_of`)."""
    seconds, linked = cells[f"{layer.id}_seconds"], cells[f"{layer.id}_linked"]
    return class_of(seconds.to_numpy(np.float64), class_edges_ms(layer, classes), linked.to_numpy(np.bool_))


def class_labels(classes: TimeClasses, say: Words) -> list[str]:
    """Name the classes in minutes."""
    edges = [plain_number(edge) for edge in (0.0, *classes.edges_min)]
    between = [f"{low} – {high}" for low, high in pairwise(edges)]
    return [*between, f"> {edges[-1]} {say['farther']}"]


def _share_bars(
    place: npt.NDArray[np.int64], n: int, people: npt.NDArray[np.float64]
) -> tuple[list[Value], Value | None]:
    """Give the share of people of each of ``n`` classes, and of the cells off the network; None where none is."""
    by_class = np.bincount(place, weights=people, minlength=n + 1).astype(np.float64)
    total = by_class.sum()
    shares = by_class / total if total > 0 else np.full(len(by_class), np.nan)
    *bars, off = ({"percent": _percent(s), "text": share_text(float(s))} for s in shares)
    return bars, off if (place == n).any() else None


def _labelled(off_share: Value | None, row: Any, view: View) -> Value | None:
    """Add what cells off the network are called, by the row of their people."""
    if off_share is None:
        return None
    return {**off_share, "label": view.say["no_streets"] if row is None else off_label(row, view.result.lang)}


def _percent(share: float) -> float:
    return 0.0 if math.isnan(share) else round(share * 100, 2)


def _layer(view: View, layer: LayerInfo, glyph: str, n_facilities: int) -> Value:
    say = view.say
    whom = group_of(layer.group, view.result.lang)
    classes = layer_classes(layer)
    edges_ms = class_edges_ms(layer, classes)
    place = class_of(view.cell_values(f"{layer.id}_seconds"), edges_ms, view.cell_values(f"{layer.id}_linked"))
    people = view.cell_values(_group_column(layer))
    class_shares, off_share = _share_bars(place, len(edges_ms) + 1, people)
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
        "class_shares": class_shares,
        "whom": whom,
        "share_heading": share_heading(layer, view.result.lang),
        "uncovered_label": say["uncovered_cell"].format(group=whom),
        "nobody_label": say["nobody_of"].format(group=spaced(whom, view.result.lang)),
        "off_share": _labelled(off_share, view.coverage_row(layer), view),
        "searched": None if layer.searched_s is None else plain_number(layer.searched_s / SECONDS_PER_MINUTE),
        "threshold_text": say["threshold_line"].format(threshold=plain_number(layer.threshold_min)),
        "rules": [list(rule) for rule in (*layer_rules(layer, view.result.lang),
                                          (say["population_source"], view.result.population_source))],
        "note": layer.note,
        "cause_shares": _cause_shares(view, layer, people),
        "sure_shares": _sure_shares(view, layer, people),
        "gap": view.once(("gap", layer.id), lambda: gap_of(view, layer)),
    }  # fmt: skip


def gap_of(view: View, layer: LayerInfo) -> Value | None:
    """Give the classes of a layer's gap in its own unit; None where no norm makes it more than people not covered."""
    gaps = view.result.tables.gaps
    if gaps is None or f"{layer.id}_gap" not in view.result.cells:
        return None
    own = gaps[(gaps["layer"] == layer.id) & gaps["norm"].notna()]
    if own.empty:
        return None
    largest = float(np.nan_to_num(view.result.cells[f"{layer.id}_gap"].to_numpy(np.float64)).max(initial=0.0))
    edges, colours = gap_classes(largest)
    texts = [plain_number(edge, 3, separator=",") for edge in (0.0, *edges)]
    labels = [*(f"{low} – {high}" for low, high in pairwise(texts)), f"> {texts[-1]}"]
    unit = str(own["gap_unit"].iloc[0])
    return {"edges": list(edges), "edge_texts": texts[1:], "colours": list(colours), "labels": labels, "unit": unit}


def _cause_names() -> list[str]:
    """Give the causes from worst to least, those first that no walk mends."""
    return list(reversed(CAUSE_COLOURS))


def _causes(view: View) -> Value:
    """Give the colours and names of causes; a cell's cause is its place among them, -1 for none."""
    names = _cause_names()
    return {
        "colours": [CAUSE_COLOURS[name] for name in names],
        "labels": [view.say[f"cause_{name}"] for name in names],
        "none": NO_CAUSE,
    }


def _cell_causes(view: View, layer: LayerInfo) -> npt.NDArray[np.int64]:
    def of_all() -> npt.NDArray[np.int64]:
        position = {name: i for i, name in enumerate(_cause_names())}
        causes = view.result.cells[f"{layer.id}_cause"].tolist()
        return np.array([position.get(name, -1) for name in causes], dtype=np.int64)

    return view.of_cells(("causes", layer.id), of_all)


def _cell_ms(view: View, layer: LayerInfo) -> list[int | None]:
    """Give the times in whole milliseconds, None where no facility was reached."""

    def of_all() -> npt.NDArray[np.object_]:
        ms = np.rint(view.result.cells[f"{layer.id}_seconds"].to_numpy(np.float64) * MS_PER_SECOND)
        return np.array([None if math.isnan(t) else int(t) for t in ms.tolist()], dtype=object)

    shown: list[int | None] = view.of_cells(("ms", layer.id), of_all).tolist()
    return shown


def _cause_shares(view: View, layer: LayerInfo, people: npt.NDArray[np.float64]) -> list[Value]:
    """Give the share of people of each cause; nothing where the run sought none."""
    if f"{layer.id}_cause" not in view.result.cells:
        return []
    place = _cell_causes(view, layer)
    total = people.sum()
    by_cause = np.bincount(place[place >= 0], weights=people[place >= 0], minlength=len(CAUSE_COLOURS))
    shares = by_cause / total if total > 0 else np.full(len(by_cause), np.nan)
    return [{"percent": _percent(float(s)), "text": share_text(float(s))} for s in shares]


def _sure_shares(view: View, layer: LayerInfo, people: npt.NDArray[np.float64]) -> list[Value]:
    """Give the share of people surely covered, unsure and surely not; nothing where nothing was drawn."""
    column = f"{layer.id}_covered_probability"
    if column not in view.result.cells:
        return []
    linked = view.cell_values(f"{layer.id}_linked").astype(np.bool_)
    place = np.where(linked, cell_classes_of(view.cell_values(column)), len(SURE_COLOURS))
    return _share_bars(place, len(SURE_COLOURS), people)[0]


def _counts(view: View) -> Value:
    """Give the classes of how many services each cell has in reach."""
    n = len(view.result.layers)
    people = view.cell_values("population")
    covered = np.zeros(len(people), dtype=np.int64)
    linked = np.zeros(len(people), dtype=np.bool_)
    for layer in view.result.layers:
        covered += view.cell_values(f"{layer.id}_covered").astype(np.bool_)
        linked |= view.cell_values(f"{layer.id}_linked").astype(np.bool_)
    class_shares, off_share = _share_bars(np.where(linked, covered, n + 1), n + 1, people)
    return {
        "colours": list(count_colours(n)),
        "labels": [*(str(i) for i in range(n)), f"{n} · {view.say['all_services']}"],
        "class_shares": class_shares,
        "off_share": _labelled(off_share, next(iter(view.own("completeness")), None), view),
    }


def _cells(view: View, layers: list[Value]) -> Value:
    position = {unit_id: i for i, unit_id in enumerate(view.units()["unit_id"])}
    values = {}
    for layer, shown in zip(view.result.layers, layers, strict=True):
        values[layer.id] = {
            "ms": _cell_ms(view, layer),
            "count": view.cell_values(f"{layer.id}_count").tolist(),
            "covered": view.cell_values(f"{layer.id}_covered").astype(np.int64).tolist(),
            "linked": view.cell_values(f"{layer.id}_linked").astype(np.int64).tolist(),
        }
        if f"{layer.id}_off" in view.result.cells and not all(values[layer.id]["linked"]):
            values[layer.id]["off"] = view.cell_values(f"{layer.id}_off").tolist()
        if layer.group != "all":
            values[layer.id]["people"] = _people_shown(view.cell_values(layer.group))
        if shown["cause_shares"]:
            values[layer.id]["cause"] = _cell_causes(view, layer).tolist()
        if shown["sure_shares"]:
            probability = view.cell_values(f"{layer.id}_covered_probability")
            values[layer.id]["sure"] = cell_classes_of(probability).tolist()
            values[layer.id]["probability"] = np.rint(probability * 100).astype(np.int64).tolist()
        if shown["gap"] is not None:
            values[layer.id]["gap"] = np.round(view.cell_values(f"{layer.id}_gap"), 3).tolist()
    return {
        "shapes": encode_polygons(view.cell_values("geometry")),
        "id": view.cell_values("cell").tolist(),
        "unit": [position[unit_id] for unit_id in view.cell_values("unit_id").tolist()],
        "people": _people_shown(view.cell_values("population")),
        "layers": values,
    }


def _people_shown(people: npt.NDArray[np.float64]) -> list[float]:
    """Round people of cells to hundredths, but nobody to none: a cell of a thousandth of a person is inhabited."""
    shown: list[float] = np.where(people > 0, np.maximum(np.round(people, 2), 0.01), 0.0).tolist()
    return shown


def _shares(view: View) -> list[Value]:
    """Give the head of the panel: each service's covered share, and that of all services at once."""
    of = ("covered_share", "covered_people")
    shares = [
        _share(f"time-{i}", layer.name, row, view, of=of, interval=interval_of(view, layer.id))
        for i, (layer, row) in enumerate(view.coverage_rows())
    ]
    complete = view.own("completeness")
    if complete and len(view.result.layers) > 1:
        of = ("complete_share", "complete_people")
        shares.append(_share("count", view.say["all_services"], complete[0], view, of=of))
    return shares


def _share(key: str, name: str, row: Any, view: View, *, of: tuple[str, str], interval: str = "") -> Value:
    """Give one line of the panel's head, of the columns ``of`` a row: a share and the people whom it counts."""
    share, people = (float(getattr(row, column)) for column in of)
    return {
        "key": key,
        "name": name,
        "percent": _percent(share),
        "text": share_text(share),
        "uncovered": f"{people_text(known_uncovered(row, people))} {view.say['people_unit']}",
        "beside": view.say["comma"].join(filter(None, [interval.strip(), beside_figure(row, view.result.lang)])),
    }
