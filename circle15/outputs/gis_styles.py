"""The map's classes as styles in the GeoPackage: QGIS reads its table layer_styles and opens every layer coloured."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from circle15.outputs.gis_proposals import proposal_layers
from circle15.outputs.map_data import class_labels, layer_classes
from circle15.outputs.palette import AREA, CAUSE_COLOURS, INK, NO_CAUSE, OFF_NETWORK, OFF_NETWORK_LINE
from circle15.outputs.text import words
from circle15.units import minutes_to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.text import Words

STAMP = "2000-01-01T00:00:00.000Z"
"""One date for all, as for the layers themselves: the same inputs give the same bytes."""

_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)"""


def write_styles(result: DistrictResult, path: Path) -> None:
    """Add the table layer_styles, as QGIS itself saves it, to the GeoPackage of a result.

    The cells open by the walking time of the first service; QGIS offers the other services and the causes as further
    styles of the same layer.
    """
    say = words(result.lang)
    styles: list[tuple[str, str, str, bool]] = []
    for i, layer in enumerate(result.layers):
        style = _times(layer, _why_off(result, layer), say)
        styles.append(("cells", f"{layer.name} · {say['walking_minutes']}", style, i == 0))
    styles += [
        ("cells", f"{layer.name} · {say['cause']}", _causes(layer, say), False)
        for layer in result.layers
        if f"{layer.id}_cause" in result.cells
    ]
    styles.append(("units", say["units_layer"], _outlines(), True))
    styles.append(("facilities", say["facilities"], _points(), True))
    styles += [
        (name, say[name], _lines() if name == "links" else _proposed(), True) for name in proposal_layers(result)
    ]
    if len(result.isochrones):
        styles.append(("isochrones", say["service_area"], _areas(result), True))
    with closing(sqlite3.connect(path)) as file, file:
        geometry = dict(file.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        file.execute(_TABLE)
        file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
            " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (STAMP,),
        )
        file.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, styleSLD, useAsDefault, description, owner, update_time)"
            " VALUES ('', '', ?, ?, ?, ?, '', ?, '', '', ?)",
            [(table, geometry[table], name[:30], qml, is_first, STAMP) for table, name, qml, is_first in styles],
        )


def _why_off(result: DistrictResult, layer: LayerInfo) -> list[str]:
    """Give the reasons why cells are off the network that occur, the most frequent first."""
    return [why for why, _ in Counter(result.cells.get(f"{layer.id}_off", [])).most_common() if why]


def _times(layer: LayerInfo, why_off: list[str], say: Words) -> str:
    """Give the map's classes of walking time as rules; a time at an edge belongs to the class below it.

    Cells off the network are hatched, a rule for each of the reasons ``why_off``.
    """
    classes = layer_classes(layer)
    labels = class_labels(classes, say)
    column = f'"{layer.id}_seconds"'
    edges = [minutes_to_seconds(edge) for edge in classes.edges_min]
    edges[classes.n_within - 1] = layer.threshold_s
    rules = []
    for i, (edge, label, colour) in enumerate(zip(edges, labels, classes.colours, strict=False)):
        above = "" if i == 0 else f"{column} > {edges[i - 1]!r} AND "
        rules.append((f"{above}{column} <= {edge!r}", label, _fill(colour)))
    linked = f'"{layer.id}_linked"'
    rules.append(
        (f"{linked} AND ({column} IS NULL OR {column} > {edges[-1]!r})", labels[-1], _fill(classes.colours[-1]))
    )
    off = [(f"\"{layer.id}_off\" = '{why}'", f"{say['unlinked']} · {say[f'off_{why}']}") for why in why_off]
    for wanted, label in off or [(f"NOT {linked}", say["unlinked"])]:
        rules.append((wanted, label, _hatched(OFF_NETWORK, OFF_NETWORK_LINE)))
    return _by_rules(rules)


def _causes(layer: LayerInfo, say: Words) -> str:
    column = f'"{layer.id}_cause"'
    rules = [
        (f"{column} = '{name}'", say[f"cause_{name}"], _fill(colour))
        for name, colour in reversed(CAUSE_COLOURS.items())
    ]
    return _by_rules([*rules, ("ELSE", f"{say['no_cause']} / {say['nobody']}", _fill(NO_CAUSE))])


def _areas(result: DistrictResult) -> str:
    """Draw service areas as outlines, a rule for each service so that the legend can switch them."""
    outline = _symbol("fill", "SimpleFill", {"style": "no", "outline_color": _rgba(INK), "outline_width": "0.4"})
    return _by_rules([(f"\"layer\" = '{layer.id}'", layer.name, outline) for layer in result.layers])


def _fill(colour: str) -> ET.Element:
    options = {"color": _rgba(colour), "outline_color": _rgba(colour), "outline_width": "0.1", "style": "solid"}
    return _symbol("fill", "SimpleFill", options)


def _hatched(colour: str, line: str) -> ET.Element:
    symbol = _fill(colour)
    lines = ET.SubElement(symbol, "layer", {"class": "LinePatternFill", "enabled": "1", "locked": "0", "pass": "0"})
    _options(lines, {"angle": "135", "color": _rgba(line), "distance": "1.2", "line_width": "0.3"})
    return symbol


def _outlines() -> str:
    symbol = _symbol("fill", "SimpleFill", {"style": "no", "outline_color": _rgba(INK), "outline_width": "0.5"})
    return _by_rules([("", "", symbol)])


def _points() -> str:
    options = {"name": "circle", "color": _rgba("#ffffff"), "outline_color": _rgba(INK), "size": "2"}
    return _by_rules([("", "", _symbol("marker", "SimpleMarker", options))])


def _proposed() -> str:
    options = {"name": "diamond", "color": _rgba(AREA), "outline_color": _rgba("#ffffff"), "size": "3.6"}
    return _by_rules([("", "", _symbol("marker", "SimpleMarker", options))])


def _lines() -> str:
    options = {"line_color": _rgba(AREA), "line_width": "0.9", "line_style": "dot"}
    return _by_rules([("", "", _symbol("line", "SimpleLine", options))])


def _symbol(kind: str, shape: str, options: dict[str, str]) -> ET.Element:
    symbol = ET.Element("symbol", {"type": kind, "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"})
    drawn = ET.SubElement(symbol, "layer", {"class": shape, "enabled": "1", "locked": "0", "pass": "0"})
    _options(drawn, options)
    return symbol


def _options(drawn: ET.Element, options: dict[str, str]) -> None:
    listed = ET.SubElement(drawn, "Option", {"type": "Map"})
    for name, value in options.items():
        ET.SubElement(listed, "Option", {"name": name, "value": value, "type": "QString"})


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def _by_rules(rules: Iterable[tuple[str, str, ET.Element]]) -> str:
    """Give a QML style of (filter, label, symbol); QGIS takes an empty filter for all, "ELSE" for the rest."""
    root = ET.Element("qgis", {"version": "3.22", "styleCategories": "Symbology"})
    renderer = ET.SubElement(root, "renderer-v2", {"type": "RuleRenderer", "enableorderby": "0", "symbollevels": "0"})
    listed = ET.SubElement(renderer, "rules", {"key": "{rules}"})
    symbols = ET.SubElement(renderer, "symbols")
    for i, (wanted, label, symbol) in enumerate(rules):
        rule = {"symbol": str(i), "key": f"{{rule-{i}}}", "label": label}
        ET.SubElement(listed, "rule", {**rule, "filter": wanted} if wanted else rule)
        symbol.set("name", str(i))
        symbols.append(symbol)
    text = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}"
