"""Outlines among a folder's files: of which level they are, which of many is meant, and in which system they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.errors import InputError
from circle15.files.door import settled_path
from circle15.inputs.coordinates.checks import looks_like
from circle15.inputs.facilities.guess import source_text
from circle15.inputs.ground.districts import buffer_area
from circle15.inputs.ground.outline_systems import signature_of
from circle15.inputs.ground.polygon_files import read_polygon_file
from circle15.inputs.ground.polygons import COMMUNITY_NAME_FIELDS, NAME_FIELDS
from circle15.inputs.osm.features import data_extent
from circle15.inputs.osm.file import is_osm_file
from circle15.network.build import read_network
from circle15.network.detection.admin_lines import admin_lines
from circle15.network.detection.outline_detector import detect_outlines
from circle15.pipeline.study.outline_check import outline_facts, street_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.inputs.facilities.guess import LayerGuess
    from circle15.inputs.ground.outline_systems import OutlineSource
    from circle15.inputs.ground.polygon_files import PolygonFile
    from circle15.network.detection.outline_detector import OutlineDetection

_COUNTY = re.compile(r"([县市旗州盟]|(?<![社小园校景厂库片地功新])区|.*(?:浦东|滨海|雄安)新区)$")
_STREET = re.compile(r"(街道|街道办事处|镇|乡|苏木)$")
_COMMUNITY = re.compile(r"(社区|(?<!新)村|居委会|村委会)$")
_CODE = re.compile(r"\d{6}|\d{9}|\d{12}")
_AROUND_M = 3000.0
_NAMES_SHOWN = 12


def outline_level(guess: LayerGuess) -> str | None:
    """Tell whether polygons are outlines of "county", "street" or "community"; None where nothing says so.

    Most of their names end as such names do, or their codes have as many digits, or the file has the shape of DataV's.
    """
    named = [name for name in guess.names if name]
    for level, ending in (("street", _STREET), ("community", _COMMUNITY), ("county", _COUNTY)):
        if sum(bool(ending.search(name)) for name in named) > max(1, len(guess.names)) / 2:
            return level
    codes = [code for code in guess.codes if _CODE.fullmatch(code)]
    if codes and len(codes) > len(guess.codes) / 2:
        length = max(len(code.rstrip("0")) for code in codes)
        return "county" if length <= 6 else "street" if length <= 9 else "community"  # noqa: PLR2004 (digits of each)
    return "county" if is_published(guess) else None


def is_published(guess: LayerGuess) -> bool:
    """Tell files of DataV and Amap, which hold outlines whatever their names are."""
    return signature_of(guess.headings, guess.path) is not None and "adcode" in guess.headings


def drafted_outline(guess: LayerGuess, key: str, text: str | None = None) -> PolygonFile | None:
    """Read a recognised file as outlines, None where it cannot be; degrees without a system are taken as WGS-84."""
    crs = "wgs84" if guess.crs is None and looks_like(guess.x, guess.y) == "degrees" else None
    try:
        return read_polygon_file(
            text or source_text(guess),
            key=f"district.{key}",
            resolve=lambda name: guess.path.parent / name,
            id_field=None,
            names=(None, COMMUNITY_NAME_FIELDS if key == "communities" else NAME_FIELDS),
            crs=crs,
        )
    except InputError:
        return None  # `check` says what is wrong with it


def likely_feature(
    guess: LayerGuess, folder: Path, points: Sequence[tuple[float, float]], network: Path | None
) -> tuple[str, str] | None:
    """Give the name or code of the feature that a folder of files is about, and why; None where nothing tells.

    It is the one that the folder is named after, that holds most of the points of the other files, or the middle of the
    street file.
    """
    read = drafted_outline(guess, "units")
    if read is None:
        return None
    labels = [name or key for name, key in zip(read.names, read.keys, strict=True)]
    shown = "、".join(label for label in labels[:_NAMES_SHOWN] if label)
    shown += f" … ({len(labels)})" if len(labels) > _NAMES_SHOWN else ""
    of = f"文件中有 the file has: {shown}"
    named = [i for i, label in enumerate(labels) if label and label in str(settled_path(folder).name)]
    if len(named) == 1:
        return labels[named[0]], f"文件夹之名 as the folder; {of}"
    places = np.array(points, dtype=np.float64).reshape(-1, 2)
    if not len(places) and network is not None and is_osm_file(network):
        try:
            places = shapely.get_coordinates(data_extent(network).centroid)
        except InputError:
            return None
    if not len(places):
        return None
    held = [int(shapely.contains_xy(shapely.make_valid(area), places).sum()) for area in read.geometry]
    best = int(np.argmax(held))
    if not held[best] or not labels[best]:
        return None
    return labels[best], f"其他文件的点多在其内 most points of the other files lie in it; {of}"


def measured_systems(outlines: Sequence[OutlineSource], network: Path | None) -> dict[str, OutlineDetection]:
    """Measure the drafted outlines' systems against each other and the street file, by key."""
    if not outlines:
        return {}
    around = buffer_area(shapely.box(*shapely.total_bounds(outlines[0].geometry)), _AROUND_M)

    def borders() -> Any:
        return np.empty(0, dtype=object) if network is None else _or_nothing(lambda: admin_lines(network, around))

    def streets() -> Any:
        if network is None:
            return np.empty(0, dtype=object)
        return _or_nothing(lambda: street_lines(read_network(network, area=around)))

    found = detect_outlines(outlines, borders=borders, streets=streets, tables=list)
    return {d.source.key: d for d in found}


def system_line(detection: OutlineDetection) -> tuple[str, str, bool] | None:
    """Give the system that an outline's key should say, why, and whether it is certain; None where nothing speaks."""
    d = detection
    facts = [fact.zh for fact in outline_facts([d])]
    if d.is_thinkable and d.is_sure and d.best is not None:
        return d.best, facts[0], True
    signature = d.source.signature
    if d.is_thinkable and signature is not None:
        return signature.system, f"像 {signature.maker} 的文件 the shape of {signature.maker}; {facts[0]}", False
    if d.is_doubted and d.best is not None:
        return d.best, facts[0], False
    return None


def _or_nothing(read: Any) -> Any:
    try:
        return read()
    except InputError:
        return np.empty(0, dtype=object)  # what is wrong with the street file is told where it is taken as such
