"""What a folder of a district's files seems to hold, for `init` to draft a config from; all of it to be confirmed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from circle15.doctor.draft_areas import area_in_extract
from circle15.doctor.draft_outlines import (
    drafted_outline,
    is_published,
    likely_feature,
    measured_systems,
    outline_level,
)
from circle15.doctor.draft_services import Service, service_of, services_by_kind
from circle15.errors import InputError
from circle15.inputs.facilities.guess import LayerGuess, guess_layer, source_text
from circle15.inputs.facilities.name_matches import read_names
from circle15.inputs.geofiles.ogr_frames import geopackage_layers
from circle15.inputs.ground.ids import file_safe
from circle15.inputs.ground.polygons import read_polygons
from circle15.inputs.osm.features import read_buildings
from circle15.inputs.osm.file import is_osm_file
from circle15.inputs.people.spread import homes_of
from circle15.inputs.tables.file_guards import KINDS_OF_SUFFIX
from circle15.network.build import read_network
from circle15.pipeline.fit.people_fit import homes_along_streets
from circle15.pipeline.study.table_systems import Coordinates, SystemJudge
from circle15.said import SEMICOLON, Said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from circle15.doctor.draft_areas import AreaGuess
    from circle15.inputs.facilities.crs_signs import Sign
    from circle15.network.detection.crs_detector import CrsDetection
    from circle15.network.detection.outline_detector import OutlineDetection
    from circle15.pipeline.fit.people_fit import HomesAlongStreets

_UNITS_FILE = re.compile(r"街道|乡镇|镇街|units?\b|streets?\b|towns?\b", re.IGNORECASE)
_COMMUNITIES_FILE = re.compile(r"社区|村|communit|villages?\b", re.IGNORECASE)
_SURVEY = re.compile(r"满意度|问卷|survey", re.IGNORECASE)
_BOUNDARY = re.compile(r"边界|区界|boundary|border|outline", re.IGNORECASE)
_ELEVATION = re.compile(r"dem|elev|高程|srtm|aster|地形|坡", re.IGNORECASE)
_PEOPLE = re.compile(r"pop|人口|people|ghs|landscan|census", re.IGNORECASE)
_RASTERS, _GRAPHS = (".tif", ".tiff"), (".graphml",)
UNKNOWN_FEATURE = "请填写"
"""Behind # where nothing tells which district is meant: a run stops there and lists what there is."""

_MOST_FILES = 200
_AROUND_DEG = 0.03


@dataclass(frozen=True, slots=True)
class SystemGuess:
    """A coordinate system to confirm: its name (None = not to be told) and what speaks for it."""

    crs: str | None
    why: str  # in Chinese and English, for a comment
    is_sure: bool
    is_swapped: bool = False


@dataclass(frozen=True, slots=True)
class DraftLayer:
    """A file that seems to be a layer."""

    id: str
    name: str
    profile: str
    guess: LayerGuess
    system: SystemGuess
    where: tuple[str, tuple[str, ...]] | None = None  # heading and values, of a file of several services


_NAMED = Said("{name}：{why}", "{name}: {why}")


@dataclass(slots=True)
class Draft:
    """What was recognised, and what was not."""

    folder: Path
    network: Path | None = None
    elevation: Path | None = None
    boundary: LayerGuess | None = None
    units: LayerGuess | None = None
    communities: LayerGuess | None = None
    feature: tuple[str, str] | None = None  # of a boundary's file of many: its name, and what speaks for it
    area: AreaGuess | None = None  # of the street file, where no file has an outline
    systems: dict[str, OutlineDetection] = field(default_factory=dict)  # of the outlines, by key
    people: tuple[LayerGuess, SystemGuess] | None = None
    people_raster: Path | None = None
    rasters: list[Path] = field(default_factory=list)  # whose names tell neither people nor heights
    homes: HomesAlongStreets | None = None  # where neither a table nor a raster of people is there
    layers: list[DraftLayer] = field(default_factory=list)
    also: list[str] = field(default_factory=list)  # further candidates, as comments
    unread: list[Said] = field(default_factory=list)  # files that were not understood, with the reason


def draft_from(folder: Path) -> Draft:
    """Look at every file of ``folder`` (not of its subfolders) and tell what each seems to be."""
    draft = Draft(folder)
    files = sorted(p for p in folder.iterdir() if _is_input(p)) if folder.is_dir() else []
    if len(files) > _MOST_FILES:
        more = len(files) - _MOST_FILES
        draft.unread.append(
            Said(
                f"另有 {more} 个文件：只看了前 {_MOST_FILES} 个",
                f"{more} more files: only the first {_MOST_FILES} were looked at",
            )
        )
    tables: list[LayerGuess] = []
    for path in files[:_MOST_FILES]:
        suffix = path.suffix.lower()
        if is_osm_file(path) or suffix in _GRAPHS or (suffix == ".gpkg" and _has_streets(path)):
            _take_network(draft, path)
        elif suffix in _RASTERS:
            _take_raster(draft, path)
        elif suffix in KINDS_OF_SUFFIX:
            try:
                tables.append(guess_layer(path))
            except InputError as e:
                draft.unread.append(SEMICOLON.join(_NAMED.format(name=path.name, why=p.message) for p in e.problems))
    facilities = [t for t in tables if not _take_as_ground(draft, t)]
    _settle_outlines(draft, [t for t in tables if t is not draft.boundary])
    systems = _systems(draft, facilities)
    for guess, system in zip(facilities, systems, strict=True):
        _take_table(draft, guess, system)
    _take_unnamed_rasters(draft)
    if draft.boundary is None and draft.units is None and draft.network is not None:
        draft.area = _area(draft, draft.network, facilities)
    if draft.people is None and draft.people_raster is None and draft.network is not None:
        draft.homes = _homes(draft, draft.network)
    return draft


def _homes(draft: Draft, network: Path) -> HomesAlongStreets | None:
    """Measure whether the buildings of the street file could tell where people live; None where it has none to read."""
    if not is_osm_file(network):
        return None
    ground = boundary_text(draft) or (source_text(draft.units) if draft.units is not None else None)
    try:
        area = None
        if ground is not None:
            polygons = read_polygons(ground, key="district", osm_path=network, resolve=lambda name: draft.folder / name)
            area = shapely.union_all(shapely.make_valid(polygons.frame.geometry.to_numpy()))
        streets, buildings = read_network(network, area=area), read_buildings(network, area)
    except InputError:
        return None  # told where the file is taken for what it is
    return homes_along_streets(streets, homes_of(buildings), area)


def _is_input(path: Path) -> bool:
    """Tell files, and folders that are one (file geodatabases), from what systems and programs leave beside them."""
    return not path.name.startswith((".", "~$")) and (path.is_file() or path.suffix.lower() == ".gdb")


def _has_streets(path: Path) -> bool:
    """Tell a GeoPackage of streets, as OSMnx saves it, from one of facilities or polygons."""
    try:
        return {"nodes", "edges"} <= geopackage_layers(path).keys()
    except InputError:
        return False  # read as a table next, which says what is wrong with it


def _take_network(draft: Draft, path: Path) -> None:
    """Take the largest street file; the others become comments."""
    known = draft.network
    if known is None or path.stat().st_size > known.stat().st_size:
        draft.network, path = path, known or path
    if known is not None:
        draft.also.append(f'[network] source = "{path.name}"')


def _take_raster(draft: Draft, path: Path) -> None:
    if _ELEVATION.search(path.name):
        draft.elevation = draft.elevation or path
    elif not _PEOPLE.search(path.name):
        draft.rasters.append(path)
    elif draft.people_raster is None:
        draft.people_raster = path
    else:
        draft.also.append(f'[population] path = "{path.name}"')


def _take_unnamed_rasters(draft: Draft) -> None:
    """Take the first raster whose name tells nothing for people where there are no others; the rest is only named."""
    if draft.rasters and draft.people is None and draft.people_raster is None:
        draft.people_raster = draft.rasters.pop(0)
    draft.also += [
        f'栅格 a raster: [network] elevation = "{p.name}" 或 or [population] source = "raster"' for p in draft.rasters
    ]


def _take_as_ground(draft: Draft, guess: LayerGuess) -> bool:
    """Take polygons as boundary, streets or communities by names, codes and shape; others are facilities.

    Outlines are no facilities, whatever else there is: those that are one too many become comments.
    """
    if not guess.is_areal or (service_of(guess) is not None and not is_published(guess)):
        return False
    level, file = outline_level(guess), guess.path.stem
    wanted = {"street": "units", "community": "communities", "county": "boundary"}.get(level or "", "")
    if not wanted and _UNITS_FILE.search(file) and draft.units is None:
        wanted = "units"
    elif not wanted and _COMMUNITIES_FILE.search(file) and draft.communities is None:
        wanted = "communities"
    elif not wanted and draft.boundary is None and (guess.n_rows == 1 or _BOUNDARY.search(guess.path.name)):
        wanted = "boundary"
    if not wanted:
        return False
    if guess.n_rows == 1 and draft.boundary is None and wanted != "communities":
        wanted = "boundary"
    if getattr(draft, wanted) is None:
        setattr(draft, wanted, guess)
    else:
        draft.also.append(f'[district] {wanted} = "{source_text(guess)}"')
    return True


def _settle_outlines(draft: Draft, tables: Sequence[LayerGuess]) -> None:
    """Say which feature of a boundary's file is meant, and measure the outlines' systems."""
    if draft.boundary is not None and is_of_many(draft.boundary):
        draft.feature = likely_feature(draft.boundary, draft.folder, _points(tables), draft.network)
    named = {"boundary": boundary_text(draft), "units": None, "communities": None}
    read = [
        drafted_outline(guess, key, text) for key, text in named.items() if (guess := getattr(draft, key)) is not None
    ]
    draft.systems = measured_systems([r.source for r in read if r is not None], draft.network)


def _points(tables: Sequence[LayerGuess]) -> list[tuple[float, float]]:
    """Give the places of tables in degrees, whatever their system: which district they lie in is all that is asked."""
    return [p for t in tables if t.looks == "degrees" for p in zip(t.x, t.y, strict=True) if np.isfinite(p).all()]


def _area(draft: Draft, network: Path, tables: Sequence[LayerGuess]) -> AreaGuess | None:
    try:
        return area_in_extract(network, draft.folder, _points(tables))
    except InputError:
        return None  # told where the file is taken for what it is


def boundary_text(draft: Draft) -> str | None:
    """Give the boundary's file with the feature that is meant, or the area of the street file."""
    if draft.boundary is None:
        return draft.area.boundary if draft.area is not None else None
    text = source_text(draft.boundary)
    if draft.feature is not None:
        return f"{text}#{draft.feature[0]}"
    return f"{text}#{UNKNOWN_FEATURE}" if is_of_many(draft.boundary) else text


def is_of_many(guess: LayerGuess) -> bool:
    """Tell whether a boundary's file holds several districts."""
    return guess.n_rows > 1 and outline_level(guess) == "county"


def _take_table(draft: Draft, guess: LayerGuess, system: SystemGuess) -> None:
    has_places = guess.looks != "nothing"
    is_of_people = "people" in guess.columns and "capacity" not in guess.columns and guess.capacity_unit is None
    if is_of_people and (has_places or "street" in guess.columns or "unit_code" in guess.columns):
        if draft.people is None:
            draft.people = (guess, system)
        else:
            draft.also.append(f'[population] path = "{guess.path.name}"')
        return
    if not has_places and _SURVEY.search(guess.path.name):
        draft.also.append(f'[survey] path = "{guess.path.name}"')
        return
    if not has_places:
        name, headings = guess.path.name, ", ".join(guess.headings[:12])
        draft.unread.append(
            Said(f"{name}：没有坐标；表头：{headings}", f"{name}: no coordinates found; headings: {headings}")
        )
        return
    known, stem = service_of(guess), guess.path.stem
    several = services_by_kind(guess, known)
    if several is None:
        service = known or Service(file_safe(stem) or f"layer-{len(draft.layers) + 1}", stem, "adult")
        _add_layer(draft, service, guess, system, None)
        return
    for service, values in several.values.items():
        _add_layer(draft, service, guess, system, (several.heading, values))
    if several.others:
        draft.also.append(f"{source_text(guess)}: {several.heading} = {several.others}: 未归入任何服务 in no layer")


def _add_layer(
    draft: Draft, service: Service, guess: LayerGuess, system: SystemGuess, where: tuple[str, tuple[str, ...]] | None
) -> None:
    taken = {layer.id for layer in draft.layers}
    ids = (service.id, *(f"{service.id}-{n}" for n in range(2, len(taken) + 3)))
    layer_id = next(i for i in ids if i not in taken)
    name = service.name if layer_id == service.id else f"{service.name}（{guess.path.stem}）"
    draft.layers.append(DraftLayer(layer_id, name, service.profile, guess, system, where))


def _systems(draft: Draft, guesses: Sequence[LayerGuess]) -> list[SystemGuess]:
    """Guess each file's system: what the file or a heading says, else what fits the streets best."""
    network = None
    if draft.network is not None and guesses:
        degrees = [g for g in guesses if g.looks == "degrees"]
        try:
            network = read_network(draft.network, area=_around(degrees) if len(degrees) == len(guesses) else None)
        except InputError as e:
            draft.unread.extend(_NAMED.format(name=draft.network.name, why=p.message) for p in e.problems)
    # The middle of a polygon stands at no typical distance from a street.
    tables = {
        str(i): Coordinates(g.x, g.y, g.crs, g.names, g.signs, g.headings)
        for i, g in enumerate(guesses)
        if g.looks != "nothing" and not g.is_areal and _stated(g) is None
    }
    found: dict[str, CrsDetection] = {}
    if network is not None:
        streets = draft.network if draft.network is not None and is_osm_file(draft.network) else None
        judge = SystemJudge(network, read_names=lambda: read_names(streets) if streets is not None else None)
        found = judge.judge(tables)
    by_table = {i: (told, ids.split(", ")) for ids, told in found.items() for i in ids.split(", ")}
    systems = []
    for i, guess in enumerate(guesses):
        said = _stated(guess)
        told, ids = by_table.get(str(i), (None, []))
        system = None
        if said is not None:
            system = SystemGuess(said, "表头所写 said by the heading", is_sure=True)
        elif told is not None:
            system = _guess_of(told, [guesses[int(j)] for j in ids])
        systems.append(system or _unmeasured(guess))
    return systems


def _stated(guess: LayerGuess) -> str | None:
    """Give the system that the headings name, where the file itself states none."""
    return guess.system_in_headings if guess.crs is None else None


def _unmeasured(guess: LayerGuess) -> SystemGuess:
    """Guess without streets: what the file says, else what its headings hint at."""
    if guess.crs is None and guess.signs:
        nats = guess.signs[0].nats
        return SystemGuess(max(nats, key=lambda s: nats[s]), _of_signs(guess.signs), is_sure=False)
    return SystemGuess(guess.crs, "文件自述 said by the file", is_sure=guess.crs is not None)


def _guess_of(found: CrsDetection, guesses: Sequence[LayerGuess]) -> SystemGuess | None:
    """Word what measuring files against the streets has told, None where it has told nothing."""
    if found.best is None:
        return None
    near = found.table[found.table["share_in_reach"] > 0]
    measured = "; ".join(
        f"{r.crs}{' (x/y swapped)' if r.is_swapped else ''} {r.fit:+.1f} ({r.median_m:.0f} m)"
        for r in near.itertuples()
        if found.n_compared
    )
    files = "、".join(g.path.name for g in guesses) + " 合计 together: " if len(guesses) > 1 else ""
    n = f"可比点位 points compared {found.n_compared}/{found.n_points}"
    fit = f"；沿街程度（中位距离） fit (median to the nearest street): {measured}" if measured else ""
    return SystemGuess(
        str(near["crs"].iloc[0]),
        f"{files}{n}{fit}" + (f"；{_of_signs(found.signs)}" if found.signs else ""),
        is_sure=found.is_sure,
        is_swapped=bool(near["is_swapped"].iloc[0]),
    )


def _of_signs(signs: Sequence[Sign]) -> str:
    return "；".join(f"{s.words.zh} {s.words.en}" for s in signs)


def _around(guesses: Sequence[LayerGuess]) -> shapely.Geometry | None:
    """Give the box that most points lie in, with room for every shift."""
    if not guesses:
        return None
    x, y = (np.concatenate([getattr(g, axis) for g in guesses]) for axis in ("x", "y"))
    good = np.isfinite(x) & np.isfinite(y)
    (west, east), (south, north) = np.percentile(x[good], [5, 95]), np.percentile(y[good], [5, 95])
    return shapely.box(west - _AROUND_DEG, south - _AROUND_DEG, east + _AROUND_DEG, north + _AROUND_DEG)
