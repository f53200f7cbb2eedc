"""The map's classes as rules of GIS layers: one look for the GeoPackage's styles and for the project beside it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from circle15.measures.share_intervals import SURE
from circle15.outputs.certainty_words import class_names
from circle15.outputs.gis_symbols import facility, fill, hatched, line, lines_across, marker, outline
from circle15.outputs.map_data import class_labels, gap_of, layer_classes
from circle15.outputs.palette import (
    ACCENT,
    AREA,
    CAUSE_COLOURS,
    INK,
    NO_CAUSE,
    NOBODY,
    OFF_NETWORK,
    OFF_NETWORK_LINE,
    SURE_COLOURS,
    WITHIN,
    count_colours,
    ramp,
)
from circle15.outputs.shared_words import words
from circle15.outputs.text import group_of, spaced
from circle15.units import minutes_to_seconds

if TYPE_CHECKING:
    from circle15.outputs.gis_symbols import Rule
    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.view import View

STREETS = "#c9c7c0"
"""As on the map (map.js)."""


def time_rules(result: DistrictResult, layer: LayerInfo) -> list[Rule]:
    """Give the map's classes of walking time; a time at an edge belongs to the class below it.

    Cells off the network are hatched, a rule for each reason, the most frequent first.
    """
    say = words(result.lang)
    classes = layer_classes(layer)
    labels = class_labels(classes, say)
    column = f'"{layer.id}_seconds"'
    edges = [minutes_to_seconds(edge) for edge in classes.edges_min]
    edges[classes.n_within - 1] = layer.threshold_s
    rules = []
    for i, (edge, label, colour) in enumerate(zip(edges, labels, classes.colours, strict=False)):
        above = "" if i == 0 else f"{column} > {edges[i - 1]!r} AND "
        rules.append((f"{above}{column} <= {edge!r}", label, fill(colour)))
    linked = f'"{layer.id}_linked"'
    rules.append(
        (f"{linked} AND ({column} IS NULL OR {column} > {edges[-1]!r})", labels[-1], fill(classes.colours[-1]))
    )
    return [*rules, *_off_rules(result, layer)]


def _off_rules(result: DistrictResult, layer: LayerInfo) -> list[Rule]:
    say = words(result.lang)
    column = f"{layer.id}_off"
    reasons = result.cells[column].tolist() if column in result.cells else []
    why_off = [why for why, _ in Counter(reasons).most_common() if why]
    off = [(f"\"{column}\" = '{why}'", f"{say['unlinked']} · {say[f'off_{why}']}") for why in why_off]
    off = off or [(f'NOT "{layer.id}_linked"', say["unlinked"])]
    return [(wanted, label, hatched(OFF_NETWORK, OFF_NETWORK_LINE)) for wanted, label in off]


def cause_rules(layer: LayerInfo, lang: str) -> list[Rule]:
    """Give the causes of a service, the worst first."""
    say = words(lang)
    column = f'"{layer.id}_cause"'
    rules = [
        (f"{column} = '{name}'", say[f"cause_{name}"], fill(colour)) for name, colour in reversed(CAUSE_COLOURS.items())
    ]
    return [*rules, ("ELSE", f"{say['no_cause']} / {say['nobody']}", fill(NO_CAUSE))]


def gap_rules(view: View, layer: LayerInfo) -> list[Rule]:
    """Give the classes of a service's gap in its own unit; none where no norm makes one."""
    shown = gap_of(view, layer)
    if shown is None:
        return []
    column, say, lang = f'"{layer.id}_gap"', view.say, view.result.lang
    group = "population" if layer.group == "all" else layer.group
    whom = spaced(group_of(layer.group, lang), lang)
    bounds = [0.0, *shown["edges"]]
    rules = [(f'"{group}" <= 0', say["nobody_of"].format(group=whom), fill(NOBODY))]
    has = f'"{group}" > 0 AND '
    rules.append((f"{has}coalesce({column}, 0) <= 0", say["no_gap"], fill(ramp(WITHIN, 3)[1])))
    for i, (label, colour) in enumerate(zip(shown["labels"], shown["colours"], strict=True)):
        above = f" AND {column} <= {bounds[i + 1]!r}" if i + 1 < len(bounds) else ""
        rules.append((f"{has}{column} > {bounds[i]!r}{above}", f"{label} {shown['unit']}", fill(colour)))
    return rules


def sure_rules(result: DistrictResult, layer: LayerInfo) -> list[Rule]:
    """Give where a service's coverage is sure; none where nothing was drawn."""
    column = f"{layer.id}_covered_probability"
    if column not in result.cells:
        return []
    linked = f'"{layer.id}_linked" AND "{column}"'
    filters = (f"{linked} >= {SURE!r}", f'{linked} < {SURE!r} AND "{column}" > {1 - SURE + 1e-12!r}',
               f"{linked} <= {1 - SURE + 1e-12!r}")  # fmt: skip
    fills = (fill(colour) for colour in SURE_COLOURS)
    return [*zip(filters, class_names(result.lang), fills, strict=True), *_off_rules(result, layer)]


def count_rules(result: DistrictResult) -> list[Rule]:
    """Give how many services each cell has in reach."""
    n, say = len(result.layers), words(result.lang)
    covered = " + ".join(f'CASE WHEN "{layer.id}_covered" THEN 1 ELSE 0 END' for layer in result.layers)
    linked = " OR ".join(f'"{layer.id}_linked"' for layer in result.layers)
    names = [*(str(i) for i in range(n)), f"{n} · {say['all_services']}"]
    rules = [(f"({linked}) AND ({covered}) = {i}", names[i], fill(colour)) for i, colour in enumerate(count_colours(n))]
    return [*rules, (f"NOT ({linked})", say["unlinked"], hatched(OFF_NETWORK, OFF_NETWORK_LINE))]


def uncovered_rule(layer: LayerInfo, label: str) -> Rule:
    """Give the hatching of cells with people whom a service does not reach."""
    group = "population" if layer.group == "all" else layer.group
    wanted = f'"{layer.id}_linked" AND NOT "{layer.id}_covered" AND "{group}" > 0'
    return wanted, label, lines_across("#ffffff")


def of_service(layer: LayerInfo) -> str:
    """Give the filter of a service's rows; ids are of a-z 0-9 - _ alone."""
    return f"\"layer\" = '{layer.id}'"


def facility_rule(layer: LayerInfo, glyph: str, place: int) -> Rule:
    """Give the symbol of a service's facilities."""
    return of_service(layer), layer.name, facility(glyph, place)


def area_rule(layer: LayerInfo) -> Rule:
    """Give the outline of a service's areas, whose legend can switch it."""
    return of_service(layer), layer.name, outline(AREA, 0.5)


def plain_rules(table: str) -> list[Rule]:
    """Give the one symbol of a layer that knows no classes."""
    symbol = {
        "boundary": outline(INK, 0.8), "units": outline(INK, 0.4), "streets": line(STREETS, 0.25, alpha=0.75),
        "links": line(AREA, 0.9, "dot"), "changed_paths": line(ACCENT, 1.2), "changes": marker(ACCENT, "star", 5.0),
        "projects": marker(AREA, "square"), "programme": marker(AREA, "pentagon"),
    }.get(table, marker(ACCENT))  # fmt: skip
    return [("", "", symbol)]
