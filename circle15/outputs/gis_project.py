"""district.qgz: the GeoPackage's layers as a project of QGIS that opens as the map does; written without QGIS.

Source: the project format as QGIS 3.22 writes it; a .qgz is a zip archive of one .qgs document.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pyproj

from circle15.outputs.certainty_words import word
from circle15.outputs.gis_rules import (
    area_rule,
    cause_rules,
    count_rules,
    facility_rule,
    gap_rules,
    of_service,
    plain_rules,
    sure_rules,
    time_rules,
    uncovered_rule,
)
from circle15.outputs.gis_styles import column_names, label_of, table_title
from circle15.outputs.gis_symbols import aliases, labels, renderer
from circle15.outputs.map_data import glyphs_of
from circle15.outputs.shared_words import words
from circle15.outputs.text import group_of
from circle15.outputs.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import geopandas as gpd

    from circle15.outputs.gis_symbols import Rule
    from circle15.outputs.result import DistrictResult, LayerInfo

_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
_MARGIN = 0.04  # of the district's extent, around it
_PLACES = ("changes", "ranking", "projects", "programme")
_ID = "circle15_"
"""Before every layer's id: QGIS gives those of fewer than eleven letters another, and the tree does not find them."""
_DRAWN = (
    "changes", "programme", "projects", "ranking", "facilities", "changed_paths", "links", "isochrones", "boundary",
    "units", "streets", "cells",
)  # fmt: skip
"""Tables from the top of the drawing, whatever the order of the tree: streets are seen on the cells, as on the map."""
_KINDS = {0: "Point", 1: "Line", 2: "Polygon"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One layer of the project."""

    key: str
    table: str
    title: str
    rules: list[Rule]
    is_on: bool
    wanted: str = ""  # filter of the table's rows
    label: ET.Element | None = None


def write_project(result: DistrictResult, layers: Mapping[str, gpd.GeoDataFrame], path: Path) -> None:
    """Write the project beside the GeoPackage of the same name.

    Parameters
    ----------
    result
        The measured district, in the GeoPackage's coordinate system.
    layers
        The GeoPackage's layers.
    path
        Where to write; the GeoPackage is found beside it.
    """
    project = _project(result, layers, path.with_suffix(".gpkg").name)
    text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(project, encoding="unicode")
    entry = zipfile.ZipInfo(path.with_suffix(".qgs").name, _ZIP_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text)


def _groups(result: DistrictResult, layers: Mapping[str, gpd.GeoDataFrame]) -> Iterator[tuple[str, bool, list[Shown]]]:
    """Give the groups of the layer tree from the top, whether each is seen, and its layers; "" stands for no group."""
    lang = result.lang

    def plain(table: str) -> list[Shown]:
        if table not in layers:
            return []
        return [Shown(table, table, table_title(table, lang), plain_rules(table), True, label=label_of(table))]

    yield "", True, [*plain("changes"), *plain("changed_paths")]
    for i, (layer, glyph) in enumerate(zip(result.layers, glyphs_of(result), strict=True)):
        yield layer.name, i == 0, list(_of_service(result, layers, layer, (glyph, i)))
    yield "", True, [*plain("links"), *plain("boundary"), *plain("streets")]
    if len(result.layers) > 1:
        say = words(lang)
        yield "", False, [Shown("count", "cells", say["all_services"], count_rules(result), False)]


def _of_service(
    result: DistrictResult, layers: Mapping[str, gpd.GeoDataFrame], layer: LayerInfo, mark: tuple[str, int]
) -> Iterator[Shown]:
    """Give a service's layers: its facilities, proposals and areas, and its cells by time, sureness, gap and cause."""
    say, lang, own = words(result.lang), result.lang, of_service(layer)
    yield Shown(f"facilities_{layer.id}", "facilities", say["facilities"], [facility_rule(layer, *mark)], True, own,
                label_of("facilities"))  # fmt: skip
    for table in _PLACES[1:]:
        if table in layers and (layers[table]["layer"] == layer.id).any():
            yield Shown(f"{table}_{layer.id}", table, table_title(table, lang), plain_rules(table), False, own)
    if "isochrones" in layers and (layers["isochrones"]["layer"] == layer.id).any():
        yield Shown(f"areas_{layer.id}", "isochrones", say["service_area"], [area_rule(layer)], False, own)
    share = f'"{layer.id}_covered_share"'
    name = f"\"unit_name\" || coalesce('\\n' || format_number({share} * 100, 1) || '%', '')"
    shares = labels(name, size_pt=10, bold=True, is_expression=True)
    yield Shown(f"units_{layer.id}", "units", say["units_layer"], plain_rules("units"), True, label=shares)
    whom = group_of(layer.group, lang)
    title = say["uncovered_cell"].format(group=whom)
    yield Shown(f"uncovered_{layer.id}", "cells", title, [uncovered_rule(layer, title)], True)
    yield Shown(f"time_{layer.id}", "cells", say["walking_minutes"], time_rules(result, layer), True)
    view = View(result)
    kinds = [("sure", word("class", lang), sure_rules(result, layer)), ("gap", say["gap"], gap_rules(view, layer))]
    if f"{layer.id}_cause" in result.cells:
        kinds.append(("cause", say["cause"], cause_rules(layer, lang)))
    for kind, title, rules in kinds:
        if rules:
            yield Shown(f"{kind}_{layer.id}", "cells", title, rules, False)


def _project(result: DistrictResult, layers: Mapping[str, gpd.GeoDataFrame], package: str) -> ET.Element:
    root = ET.Element("qgis", {"projectname": result.name, "version": "3.22.0"})
    ET.SubElement(root, "homePath", {"path": ""})
    ET.SubElement(root, "title").text = result.name
    crs = result.cells.crs
    system = None if crs is None else f"EPSG:{crs.to_epsg()}"
    drawn_in = None if system is None else "EPSG:3857"  # as the map is drawn
    ET.SubElement(root, "projectCrs").append(_system(drawn_in))
    tree = ET.SubElement(root, "layer-tree-group")
    canvas = ET.SubElement(root, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    ET.SubElement(canvas, "units").text = "meters" if drawn_in else "degrees"
    canvas.append(_extent(result, drawn_in))
    ET.SubElement(canvas, "rotation").text = "0"
    ET.SubElement(canvas, "destinationsrs").append(_system(drawn_in))
    listed = ET.SubElement(root, "projectlayers")
    names = {table: column_names(result, table, map(str, frame.columns)) for table, frame in layers.items()}
    drawn: list[Shown] = []
    for group, is_on, shown in _groups(result, layers):
        branch = tree
        if group:
            checked = "Qt::Checked" if is_on else "Qt::Unchecked"
            branch = ET.SubElement(
                tree, "layer-tree-group", {"name": group, "checked": checked, "expanded": f"{is_on:d}"}
            )
        drawn += shown
        for one in shown:
            source = f"./{package}|layername={one.table}" + (f"|subset={one.wanted}" if one.wanted else "")
            of_tree = {
                "id": f"{_ID}{one.key}", "name": one.title, "providerKey": "ogr", "source": source, "expanded": "0",
                "checked": "Qt::Checked" if one.is_on else "Qt::Unchecked",
            }  # fmt: skip
            if group and one.key.startswith("time_"):
                of_tree["expanded"] = f"{is_on:d}"  # the classes are the map's key
            ET.SubElement(branch, "layer-tree-layer", of_tree)
            listed.append(_map_layer(one, source, layers[one.table], system, names[one.table]))
    order = ET.SubElement(tree, "custom-order", {"enabled": "1"})
    for one in sorted(drawn, key=lambda one: _DRAWN.index(one.table)):
        ET.SubElement(order, "item").text = f"{_ID}{one.key}"
    properties = ET.SubElement(root, "properties")
    ET.SubElement(ET.SubElement(properties, "Paths"), "Absolute", {"type": "bool"}).text = "false"
    on = "0" if drawn_in is None else "1"
    ET.SubElement(ET.SubElement(properties, "SpatialRefSys"), "ProjectionsEnabled", {"type": "int"}).text = on
    view = ET.SubElement(root, "ProjectViewSettings", {"UseProjectScales": "0"})
    whole = {side.tag: side.text or "" for side in _extent(result, drawn_in)}
    ET.SubElement(view, "DefaultViewExtent", whole).append(_system(drawn_in))
    return root


def _map_layer(
    one: Shown, source: str, frame: gpd.GeoDataFrame, system: str | None, names: Mapping[str, str]
) -> ET.Element:
    kinds = frame.geometry.geom_type
    dimension = 2 if kinds.str.endswith("Polygon").any() else 1 if kinds.str.endswith("LineString").any() else 0
    layer = ET.Element(
        "maplayer",
        {"type": "vector", "geometry": _KINDS[dimension], "labelsEnabled": "1", "simplifyDrawingHints": "1",
         "autoRefreshEnabled": "0", "hasScaleBasedVisibilityFlag": "0"},
    )  # fmt: skip
    for tag, text in (("id", f"{_ID}{one.key}"), ("datasource", source), ("layername", one.title)):
        ET.SubElement(layer, tag).text = text
    ET.SubElement(layer, "srs").append(_system(system))
    ET.SubElement(layer, "provider", {"encoding": "UTF-8"}).text = "ogr"
    layer.append(renderer(one.rules))
    if one.label is not None:
        layer.append(one.label)
    layer.append(aliases(names))
    return layer


def _system(authority: str | None) -> ET.Element:
    """Name a coordinate system; GCJ-02 is in no register, so that its layers state none."""
    system = ET.Element("spatialrefsys", {"nativeFormat": "Wkt"})
    if authority is not None:
        for tag, text in _described(authority).items():
            ET.SubElement(system, tag).text = text
    return system


@cache
def _described(authority: str) -> dict[str, str]:
    known = pyproj.CRS.from_user_input(authority)
    return {
        "wkt": known.to_wkt("WKT2_2019"), "srid": authority.removeprefix("EPSG:"), "authid": authority,
        "description": known.name, "geographicflag": "true" if known.is_geographic else "false",
    }  # fmt: skip


def _extent(result: DistrictResult, drawn_in: str | None) -> ET.Element:
    west, south, east, north = result.boundary.total_bounds.tolist()
    if drawn_in is not None:
        moved = pyproj.Transformer.from_crs(result.cells.crs, drawn_in, always_xy=True)
        (west, east), (south, north) = moved.transform([west, east], [south, north])
    wide, high = (east - west) * _MARGIN, (north - south) * _MARGIN
    extent = ET.Element("extent")
    for tag, value in (
        ("xmin", west - wide), ("ymin", south - high), ("xmax", east + wide), ("ymax", north + high),
    ):  # fmt: skip
        ET.SubElement(extent, tag).text = f"{value:.6f}"
    return extent
