"""Symbols, rules, labels and names of fields as QGIS writes them in its XML."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from circle15.outputs.palette import INK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Rule = tuple[str, str, ET.Element]
"""Filter, label and symbol; QGIS takes an empty filter for all, "ELSE" for the rest."""
_FONT = "Noto Sans CJK SC"  # where it is missing, QGIS takes the system's own
_SHAPES = ("circle", "square", "triangle", "pentagon", "star", "hexagon", "cross_fill", "equilateral_triangle")


def fill(colour: str) -> ET.Element:
    """Give a filled area."""
    options = {"color": rgba(colour), "outline_color": rgba(colour), "outline_width": "0.1", "style": "solid"}
    return _symbol("fill", "SimpleFill", options)


def hatched(colour: str, line: str) -> ET.Element:
    """Give a filled area with lines across."""
    symbol = fill(colour)
    _add_lines(symbol, line, "135")
    return symbol


def lines_across(colour: str) -> ET.Element:
    """Give an area of lines alone, so that what is below is seen."""
    symbol = ET.Element("symbol", {"type": "fill", "alpha": "0.8", "clip_to_extent": "1", "force_rhr": "0"})
    _add_lines(symbol, colour, "45")
    return symbol


def _add_lines(symbol: ET.Element, colour: str, angle: str) -> None:
    lines = ET.SubElement(symbol, "layer", {"class": "LinePatternFill", "enabled": "1", "locked": "0", "pass": "0"})
    _options(lines, {"angle": angle, "color": rgba(colour), "distance": "1.2", "line_width": "0.3"})


def outline(colour: str, width_mm: float) -> ET.Element:
    """Give an area of which the border alone is drawn."""
    return _symbol("fill", "SimpleFill", {"style": "no", "outline_color": rgba(colour), "outline_width": f"{width_mm}"})


def line(colour: str, width_mm: float, style: str = "solid", *, alpha: float = 1.0) -> ET.Element:
    """Give a line."""
    options = {"line_color": rgba(colour), "line_width": f"{width_mm}", "line_style": style}
    symbol = _symbol("line", "SimpleLine", options)
    symbol.set("alpha", f"{alpha:g}")
    return symbol


def facility(glyph: str, place: int) -> ET.Element:
    """Give the symbol of a service's facilities: a shape of its own by the service's ``place``, with its letter."""
    shape = _SHAPES[place % len(_SHAPES)]
    body = {"name": shape, "color": rgba("#ffffff"), "outline_color": rgba(INK), "outline_width": "0.35", "size": "4.6"}
    symbol = _symbol("marker", "SimpleMarker", body)
    letter = ET.SubElement(symbol, "layer", {"class": "FontMarker", "enabled": "1", "locked": "0", "pass": "0"})
    _options(
        letter, {"chr": glyph, "font": "Noto Sans CJK SC", "color": rgba(INK), "size": "2.6", "outline_width": "0"}
    )
    return symbol


def marker(colour: str, shape: str = "diamond", size_mm: float = 3.6) -> ET.Element:
    """Give a mark of one colour with a white border."""
    options = {"name": shape, "color": rgba(colour), "outline_color": rgba("#ffffff"), "size": f"{size_mm}"}
    return _symbol("marker", "SimpleMarker", options)


def _symbol(kind: str, shape: str, options: dict[str, str]) -> ET.Element:
    symbol = ET.Element("symbol", {"type": kind, "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"})
    drawn = ET.SubElement(symbol, "layer", {"class": shape, "enabled": "1", "locked": "0", "pass": "0"})
    _options(drawn, options)
    return symbol


def _options(drawn: ET.Element, options: dict[str, str]) -> None:
    listed = ET.SubElement(drawn, "Option", {"type": "Map"})
    for name, value in options.items():
        ET.SubElement(listed, "Option", {"name": name, "value": value, "type": "QString"})


def rgba(colour: str) -> str:
    """Give "#rrggbb" as QGIS writes colours."""
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def renderer(rules: Iterable[Rule]) -> ET.Element:
    """Give what draws a layer by rules."""
    root = ET.Element("renderer-v2", {"type": "RuleRenderer", "enableorderby": "0", "symbollevels": "0"})
    listed = ET.SubElement(root, "rules", {"key": "{rules}"})
    symbols = ET.SubElement(root, "symbols")
    for i, (wanted, label, symbol) in enumerate(rules):
        rule = {"symbol": str(i), "key": f"{{rule-{i}}}", "label": label}
        ET.SubElement(listed, "rule", {**rule, "filter": wanted} if wanted else rule)
        symbol.set("name", str(i))
        symbols.append(symbol)
    return root


def labels(
    field: str, *, size_pt: float = 9.0, bold: bool = False, largest_scale: int | None = None,
    is_expression: bool = False,
) -> ET.Element:  # fmt: skip
    """Give labels with a white edge; beyond a scale of 1 to ``largest_scale`` none are drawn."""
    labelling = ET.Element("labeling", {"type": "simple"})
    settings = ET.SubElement(labelling, "settings", {"calloutType": "simple"})
    style = {
        "fieldName": field, "isExpression": f"{is_expression:d}", "fontFamily": _FONT, "fontSize": f"{size_pt:g}",
        "fontSizeUnit": "Point", "fontWeight": "75" if bold else "50", "textColor": rgba(INK), "namedStyle": "",
        "multilineHeight": "1", "textOpacity": "1",
    }  # fmt: skip
    text = ET.SubElement(settings, "text-style", style)
    edge = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": rgba("#ffffff")}
    ET.SubElement(text, "text-buffer", {**edge, "bufferOpacity": "0.85", "bufferNoFill": "1"})
    ET.SubElement(settings, "placement", {"placement": "1" if largest_scale is None else "6", "dist": "1.5"})
    scale = {"scaleVisibility": "0"} if largest_scale is None else {
        "scaleVisibility": "1", "scaleMin": f"{largest_scale}", "scaleMax": "0",
    }  # fmt: skip
    ET.SubElement(settings, "rendering", {"drawLabels": "1", "obstacle": "0", **scale})
    return labelling


def aliases(names: Mapping[str, str]) -> ET.Element:
    """Give what fields are called, by their columns."""
    root = ET.Element("aliases")
    for i, (column, name) in enumerate(names.items()):
        ET.SubElement(root, "alias", {"field": column, "name": name, "index": str(i)})
    return root


def style_text(parts: Iterable[ET.Element]) -> str:
    """Give a style as a QML document of its parts."""
    root = ET.Element("qgis", {"version": "3.22", "styleCategories": "Symbology|Labeling|Fields", "labelsEnabled": "1"})
    root.extend(parts)
    text = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}"
