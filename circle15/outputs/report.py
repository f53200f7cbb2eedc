"""The written report: one self-contained page for a district and each of its units, and its PDF.

Charts are SVG that the page's template draws from numbers of the tables; no plotting library is loaded.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import pandas as pd

from circle15.files.staging import whole_file
from circle15.outputs.beside_share import beside_figure, beside_share, known_uncovered, off_label
from circle15.outputs.certainty_words import certainty_chapter, certainty_row, interval_of
from circle15.outputs.drawing import Plane, class_paths, path_of, plane_of, scale_bar_m, street_path
from circle15.outputs.map_data import cell_classes, class_labels, layer_classes
from circle15.outputs.page_parts import template_text
from circle15.outputs.printed_changes import change_marks
from circle15.outputs.report_charts import cause_bars, cause_legend, lorenz_chart, radar_chart, target_bars
from circle15.outputs.report_proposals import proposal_chapters
from circle15.outputs.report_tables import extra_tables
from circle15.outputs.sentences import by_share, three_sentences
from circle15.outputs.text import (
    cells_rule,
    distance_text,
    group_of,
    layer_rules,
    people_text,
    plain_number,
    service_group,
    share_text,
)
from circle15.outputs.view import View

if TYPE_CHECKING:
    from pathlib import Path

    from circle15.outputs.result import DistrictResult, LayerInfo

Value = dict[str, Any]
DISTRICT_MARGIN, UNIT_MARGIN = 0.04, 0.1
UNIT_WIDTH_TO_HEIGHT = 1.35


def write_report(result: DistrictResult, path: Path, *, shared: dict[Any, Any] | None = None) -> None:
    """Write ``report.html``: one file that asks for nothing from outside; links lead to the unit maps beside it.

    ``shared`` is what pages of this very result have read of it (`View.shared`).

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    page = _template().render(_content(View(result, shared={} if shared is None else shared)))
    with whole_file(path) as stage:
        stage.write_text(page + "\n", encoding="utf-8", newline="\n")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template_text("report.html"))


def _content(view: View) -> Value:
    result, say = view.result, view.say
    plane = plane_of(result.boundary)
    layers = [{"name": layer.name, "group": service_group(layer, result.lang)} for layer in result.layers]
    shares = [
        {**layer, "text": share_text(row.covered_share), "beside": _beside(view, info, row)}
        for layer, (info, row) in zip(layers, view.coverage_rows(), strict=True)
    ]
    complete = view.own("completeness")[0]
    shares.append(
        {
            "name": say["all_services"],
            "group": "",
            "text": share_text(complete.complete_share),
            "beside": beside_figure(complete, result.lang),
        }
    )
    minutes = view.shared_minutes
    return {
        "lang": result.lang,
        "say": dict(say),
        "css": template_text("report.css"),
        "name": result.name,
        "title": say["report_title_plain"] if minutes is None else say["report_title"].format(minutes=minutes),
        "labels": view.labels(),
        "changes": view.change_facts(),
        "bureau": result.bureau,
        "summary": {"sentences": three_sentences(view), "shares": shares},
        "confirmation": result.confirmation,
        "warnings": result.warnings,
        "layers": layers,
        "drawing": _drawing(view, plane),
        "coverage": _coverage_rows(view),
        "proposals": proposal_chapters(view),
        "tables": [*filter(None, [certainty_chapter(result)]), *extra_tables(result)],
        "causes": {"bars": cause_bars(view), "legend": cause_legend(view)},
        "lorenz": lorenz_chart(view),
        "targets": {"bars": target_bars(view), "note": _targets_note(view)},
        "units": [_unit(view.of_unit(unit_id), plane) for unit_id in view.unit_ids],
        "quality": _quality(view),
        "footer": _footer(view),
    }


def _beside(view: View, layer: LayerInfo, row: Any) -> str:
    """Say below a share how sure it is, and whose walks are unknown."""
    known = certainty_row(view, layer.id)
    interval = "" if known is None else interval_of(view, layer.id)
    return view.say["comma"].join(filter(None, [interval.strip(), beside_figure(row, view.result.lang)]))


def _share(view: View, layer: LayerInfo, row: Any) -> Value:
    share = float(row.covered_share)
    return {
        "name": layer.name,
        "percent": 0.0 if math.isnan(share) else round(share * 100, 2),
        "text": share_text(share),
        "beside": _beside(view, layer, row),
    }


def _drawing(view: View, plane: Plane) -> Value:
    result = view.result
    facilities = result.tables.facilities
    maps = []
    for layer, row in view.coverage_rows():
        classes = layer_classes(layer)
        place = cell_classes(result.cells, layer, classes)
        *paths, off = class_paths(result.cells, place, len(classes.colours) + 1, plane)
        own = facilities[facilities["layer"] == layer.id]
        dots = plane.steps(own[["lon", "lat"]].to_numpy(np.float64)).tolist()
        maps.append(
            {
                "caption": view.say["map_caption"].format(layer=layer.name),
                "group": service_group(layer, result.lang),
                "share": share_text(float(row.covered_share)) + interval_of(view, layer.id),
                "beside": beside_share(row, result.lang, group=layer.group),
                "n_within": classes.n_within,
                "threshold_text": view.say["threshold_line"].format(threshold=plain_number(layer.threshold_min)),
                "dots": "".join(f"M{x} {y}h0" for x, y in dots),
                "paths": [
                    {"d": d, "colour": colour, "label": label}
                    for d, colour, label in zip(paths, classes.colours, class_labels(classes, view.say), strict=True)
                ],
                "off_network": off,
                "off_label": off_label(row, result.lang),
                "changes": change_marks(view, layer, plane),
            }
        )
    return {
        "maps": maps,
        "streets": street_path(view, plane),
        "units": [path_of(np.array([shape], dtype=object), plane) for shape in result.units.geometry],
        "boundary": path_of(result.boundary.geometry.to_numpy(), plane),
        "box": _box(view, plane, DISTRICT_MARGIN),
    }


def _box(view: View, plane: Plane, margin: float, width_to_height: float | None = None) -> Value:
    box = plane.box(view.area().total_bounds, margin, width_to_height)
    metres = scale_bar_m(box[2], plane)
    text = distance_text(metres, view.result.lang)
    return {"view": box, "scale_steps": round(metres / plane.metres_per_step), "scale_text": text}


def _coverage_rows(view: View) -> list[Value]:
    """Give a row per unit, the district last; people are all residents."""
    rows = []
    for area in [*(view.of_unit(unit_id) for unit_id in view.unit_ids), view]:
        people = float(area.own("completeness")[0].people)
        cells = [_share(area, layer, row) for layer, row in area.coverage_rows()]
        rows.append({"name": area.name, "people": people_text(people), "cells": cells})
    return rows


def _targets_note(view: View) -> str:
    """Say how bars of targets read, and how many targets, which may be a hundred, have no value of today."""
    say, table = view.say, view.result.tables.targets
    n = 0 if table is None else int(table["actual"].isna().sum())
    return say["targets_note"] + (f" {say['targets_without_data'].format(n=n)}" if n else "")


def _unit(view: View, plane: Plane) -> Value:
    layers = view.result.layers
    known = by_share(view)
    weakest = layers.index(known[0][0]) if known else 0  # the map of the service that the sentences speak of
    return {
        "id": view.area_id,
        "name": view.name,
        "sentences": three_sentences(view),
        "map": weakest,
        "box": _box(view, plane, UNIT_MARGIN, UNIT_WIDTH_TO_HEIGHT),
        "outline": path_of(view.area().geometry.to_numpy(), plane),
        "caption": view.say["map_caption"].format(layer=layers[weakest].name),
        "rows": [
            {
                **_share(view, layer, row),
                "group": group_of(layer.group, view.result.lang),
                "lost": people_text(known_uncovered(row, float(row.covered_people))),
            }
            for layer, row in view.coverage_rows()
        ],
        "causes": cause_bars(view),
        "radar": radar_chart(view),
    }


def _quality(view: View) -> Value:
    result, say = view.result, view.say
    unlinked = result.tables.unlinked
    if unlinked is None:
        unlinked = pd.DataFrame(columns=["kind", "layer", "reason", "people"])
    facilities = result.tables.facilities
    lost = unlinked[unlinked["kind"] == "facility"]
    layers = []
    for layer in result.layers:
        threshold, speed, group, *_ = layer_rules(layer, result.lang)
        layers.append(
            {
                "name": layer.name,
                "read": int((facilities["layer"] == layer.id).sum()),
                "unlinked": int((lost["layer"] == layer.id).sum()),
                "threshold": threshold[1],
                "speed": speed[1],
                "group": group[1],
                "source": layer.source,
                "note": layer.note,
            }
        )
    grouped = unlinked.groupby(["kind", "reason"], sort=True)
    lines = [_unlinked_line(view, str(kind), str(reason), rows) for (kind, reason), rows in grouped]
    facts = [
        (say["population_source"], result.population_source),
        (say["cell"], cells_rule(result)),
        (say["sources"], say["semicolon"].join(result.attributions)),
    ]
    return {"layers": layers, "unlinked": lines, "facts": facts}


def _unlinked_line(view: View, kind: str, reason: str, rows: pd.DataFrame) -> str:
    """Say how many facilities or cells one reason kept from the network."""
    say = view.say
    texts = [f"{say['cell' if kind == 'cell' else 'facilities']} × {len(rows)}"]
    if kind == "cell":
        texts.append(f"{people_text(float(rows['people'].sum()))} {say['people_unit']}")
    return say["because"].format(what=say["comma"].join(texts), reason=reason)


def _footer(view: View) -> list[str]:
    result, say = view.result, view.say
    return [f"{say['map_approval']}：{result.map_approval}"] if result.map_approval else []
