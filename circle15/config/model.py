"""The config of a district: TOML to a validated, immutable object; unknown keys refused with a suggestion."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002 (pydantic needs it at run time)

from circle15.config.appraisal import PolicyTable, PortraitTable, SaturationTable, SurveyTable
from circle15.config.certainty import CertaintyTable
from circle15.config.district import CellsTable, DistrictTable, LimitsTable, NetworkTable, PopulationTable
from circle15.config.faults.repair import validate_all
from circle15.config.faults.toml_faults import not_utf8, toml_fault
from circle15.config.layer import LayerTable
from circle15.config.layer_names import with_layer_ids
from circle15.config.meaning import config_digest
from circle15.config.outputs import OutputsTable
from circle15.config.planning import ChangeTable, ExpectedTable, PlanningTable, merge_scenario
from circle15.config.plans.programme_table import ProgrammeTable
from circle15.config.types import Identifier, KeyFaultError, Table, suggest
from circle15.config.walk import WalkTable
from circle15.errors import Circle15Error, ConfigError, InputError, MissingFileError, Problem
from circle15.files.door import read_whole, settled_path
from circle15.said import Said
from circle15.units import seconds_to_minutes, whole_ms

if TYPE_CHECKING:
    from pydantic import BaseModel

    from circle15.config.planning import ExpectedTotal

CELL_COLUMNS = {
    "cell", "unit_id", "community_id", "lon", "lat", "area_m2", "population", "geometry", "fid", "geom", "all",
}  # fmt: skip
"""What no group may be called: columns of cells.parquet and of the layer of cells in district.gpkg, and everybody."""
ACCESS_MEASURES = ("balanced", "raam", "cumulative", "gravity")
"""Measures of access that a layer may ask for beside its catchment's."""
LAYER_COLUMNS = (
    "seconds",
    "linked",
    "count",
    "covered",
    "access",
    "gap",
    "places_missing",
    "cause",
    "covered_probability",
    *ACCESS_MEASURES,
)
"""Columns of cells.parquet that each layer has, its id before them."""
BUFFER_MARGIN_M = 500.0
LARGEST_CONFIG_BYTES = 1 << 22
SHORTEST_WALK_S, LONGEST_WALK_S = 1.0, 86_400.0


class Config(Table):
    """One district's config, with the folder that its relative paths start from."""

    district: DistrictTable
    """The planned area, its streets, and the language of the outputs.
    规划范围、街道，以及输出的语言。"""
    network: NetworkTable
    """Where the streets come from and how far a point may stand from one.
    路网来源，以及点位离道路的容许距离。"""
    walk: dict[Identifier, WalkTable] = {"adult": WalkTable(speed_m_s=1.25)}
    """One table per walking profile, [walk.NAME]; a key that is not given costs nothing.
    每种步行者一张表，[walk.名称]；未写的键不计代价。"""
    cells: CellsTable = CellsTable()
    """The H3 cells that people are counted in.
    统计人口的六边形网格（H3）。"""
    population: PopulationTable
    """Where people live.
    人口分布。"""
    layers: Annotated[tuple[LayerTable, ...], Field(alias="layer", min_length=1)]
    """One table per public service, [[layer]]: its facilities and what counts as within the circle.
    每项公共服务一张表，[[layer]]：设施来源及何为圈内。"""
    headings: dict[str, tuple[str, ...]] = {}
    """Your own headings for a field, in every table that has it: name = ["园所全称"]. Fields: name id lon lat x y
    lonlat address street community places beds area capacity used quality ownership status people unit_code serial year
    kind; of people and totals by street unit county group; of surveys n mean sd answer; of projects cost layer
    earliest decided; of today's values indicator_id unit_zh value source.
    各字段的自有列名，对所有含该字段的表有效：name = ["园所全称"]。字段：name id lon lat x y lonlat address street
    community places beds area capacity used quality ownership status people unit_code serial year kind；分街道人口表和
    总数表另有 unit county group；调查表 n mean sd answer；项目表 cost layer earliest decided；指标现状值表
    indicator_id unit_zh value source。"""
    policy: PolicyTable | None = None
    """The place and year whose published targets the run is held against; without it none.
    对照哪个地方、哪一年的规划目标；不写则不对照。"""
    saturation: SaturationTable = SaturationTable()
    """From which to which share of used places a facility is well used.
    使用率在什么范围内为适度。"""
    survey: SurveyTable | None = None
    """How satisfied people are, per unit or per answer; without it satisfaction is empty.
    居民满意度，按街道或逐份答卷；不写则满意度为空。"""
    portrait: PortraitTable = PortraitTable()
    """Weights of the composite index E^equity A^access Q^quality, and of layers in every mean.
    综合指数（均衡、可及、优质）的权重，以及各服务在平均中的权重。"""
    limits: LimitsTable = LimitsTable()
    """How large a file may be before it is read.
    文件大小的上限。"""
    outputs: OutputsTable = OutputsTable()
    """Which files are written, who publishes them, and in which coordinate systems.
    写哪些文件、编制单位、坐标系。"""
    planning: PlanningTable = PlanningTable()
    """The places that could be built on, by what they are ranked, and which answers a run gives.
    可建设地点、排序依据，以及要回答的问题。"""
    certainty: CertaintyTable | None = None
    """How far the inputs may be off; with it certainty.csv tells how sure every share is. Without it nothing is drawn.
    输入数据可能的误差；写了此表，certainty.csv 说明每个覆盖率的可靠程度；不写则不测算。"""
    programme: ProgrammeTable | None = None
    """Which project is built in which year: years, money, goals, and what is to be best; without it no programme.
    哪个项目哪年建：年度、资金、目标与求优对象；不写则不编年度计划。"""
    base: str | None = None
    """Of a scenario: the config that it changes; tables are laid over it key by key, and paths start from its folder.
    方案所依据的配置文件；各表逐键覆盖，相对路径从该文件所在文件夹算起。"""
    changes: Annotated[tuple[ChangeTable, ...], Field(alias="change")] = ()
    """One change of a scenario each, [[change]]; coordinates are WGS-84.
    方案的每项改动一张表，[[change]]；坐标为 WGS-84。"""
    expected: ExpectedTable | None = None
    """Of a scenario that a what-if on the map exported: its numbers, which the run confirms or names as differing.
    地图上方案推演导出的数值；运行时逐项核对，一致或列明差异。"""
    path: Annotated[SkipJsonSchema[Path], Field(exclude=True)] = Path()

    @model_validator(mode="before")
    @classmethod
    def _layers_by_their_ids(cls, raw: Any) -> Any:
        return with_layer_ids(raw) if isinstance(raw, dict) else raw

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        ids = [layer.id for layer in self.layers]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            names = ", ".join(twice)
            raise KeyFaultError(
                f"各服务的 id 不得相同，重复的有：{names}",
                f"layer ids must differ; given twice: {names}",
            )
        groups = {"all", *self.population.groups}
        for layer in self.layers:
            if layer.profile not in self.walk:
                near = suggest(layer.profile, self.walk)
                raise KeyFaultError(
                    f"layer “{layer.id}”：profile “{layer.profile}”没有对应的 [walk.{layer.profile}] 表{near.zh}",
                    f'layer "{layer.id}": profile "{layer.profile}" has no [walk.{layer.profile}] table{near.en}',
                )
            for key, group in (("group", layer.group), ("norm_group", layer.norm_group)):
                if group not in groups:
                    known = ", ".join(sorted(groups))
                    raise KeyFaultError(
                        f"layer “{layer.id}”：{key} “{group}”不在人群之列（{known}）",
                        f'layer "{layer.id}": {key} "{group}" is not among the population groups ({known})',
                    )
            walk_s = layer.threshold_s(self.walk[layer.profile].speed_m_s)
            if not SHORTEST_WALK_S <= walk_s <= LONGEST_WALK_S:
                given = f"minutes = {layer.minutes:g}" if layer.metres is None else f"metres = {layer.metres:g}"
                long, short = ("超过一天", "more than a day"), ("不足一秒", "less than a second")
                zh, en = long if walk_s > LONGEST_WALK_S else short
                raise KeyFaultError(
                    f"layer “{layer.id}”：{given} 相当于步行{zh}", f'layer "{layer.id}": {given} is a walk of {en}'
                )
        columns = CELL_COLUMNS | {f"{layer}_{measure}" for layer in ids for measure in LAYER_COLUMNS}
        clash = sorted(columns & set(self.population.groups))
        if clash:
            names = ", ".join(clash)
            raise KeyFaultError(
                f"population.groups：{names} 与 cells.parquet 的列重名，请另取名称",
                f"population.groups: {names} would be a column of cells.parquet twice; choose another name",
            )
        named = [("planning.new_capacity", name) for name in self.planning.new_capacity]
        named += [(f"change {i}", c.layer) for i, c in enumerate(self.changes, start=1) if c.layer is not None]
        named += self.programme.layers_named() if self.programme is not None else []
        named += [("expected.totals", layer) for layer in sorted({t.layer for t in self.totals_expected})]
        for where, name in named:
            if name not in ids:
                near = suggest(name, ids)
                raise KeyFaultError(
                    f"{where}：没有 id 或名称为“{name}”的服务{near.zh}",
                    f'{where}: there is no layer "{name}"{near.en}',
                )
        return self

    @property
    def totals_expected(self) -> tuple[ExpectedTotal, ...]:
        """What a what-if said of this scenario; nothing where none was exported."""
        return () if self.expected is None else self.expected.totals

    @model_validator(mode="after")
    def _doubts_are_of_what_there_is(self) -> Self:
        if self.certainty is None:
            return self
        ids = [layer.id for layer in self.layers]
        for key, given, valid in (
            ("position_m", self.certainty.position_m, ids),
            ("speed_sd", self.certainty.speed_sd, list(self.walk)),
        ):
            for name in given if isinstance(given, dict) else ():
                if name not in valid:
                    near = suggest(name, valid)
                    raise KeyFaultError(
                        f"certainty.{key}：没有“{name}”{near.zh}", f'certainty.{key}: there is no "{name}"{near.en}'
                    )
        return self

    @property
    def draws(self) -> int:
        """How often the district is drawn again; 0 where [certainty] does not ask for it."""
        return 0 if self.certainty is None else self.certainty.draws

    @property
    def folder_name(self) -> str:
        """Name of the folder that results go to: the district's id, for a scenario with that of its file."""
        if self.base is None:
            return self.district.id
        return f"{self.district.id}-{re.sub('[^a-z0-9_-]+', '-', self.path.stem.lower()).strip('-') or 'scenario'}"

    def resolve(self, name: str) -> Path:
        """Give the file ``name``, relative to the config file's folder, of a scenario to its base's."""
        own = self.path if self.base is None else self.path.parent / self.base
        return settled_path(own.parent / name)

    @property
    def streets_file(self) -> Path:
        """The file of the streets, [network] source, settled."""
        return self.resolve(self.network.source)

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
        own_base = raw["base"]
        raw, innermost = merge_scenario(raw, path, read_toml)
        if isinstance(raw.get("expected"), dict):
            raw["expected"] = {**raw["expected"], "base_now_sha256": _digest_of(path.parent / own_base)}
        raw["base"] = Path(os.path.relpath(settled_path(innermost), settled_path(path.parent))).as_posix()
    return raw


def _digest_of(path: Path) -> str | None:
    """Give what a base means by itself; None where it cannot stand by itself."""
    try:
        return config_digest(load_config(path))
    except Circle15Error:
        return None


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of UTF-8 text.

    Raises
    ------
    MissingFileError, ConfigError
        If there is no such file, or it is not TOML.
    """
    try:
        text = read_whole(path, largest=LARGEST_CONFIG_BYTES).decode("utf-8-sig")
    except MissingFileError:
        raise MissingFileError(Problem(Said("没有这个配置文件", "no such config file"), file=str(path))) from None
    except InputError as e:
        raise ConfigError(*e.problems) from None
    except UnicodeDecodeError as e:
        raise ConfigError(Problem(not_utf8(e.start), file=str(path))) from None
    try:
        if _ENDLESS_KEY.search(text):
            raise RecursionError  # noqa: TRY301 (tomllib would take memory by the square of the key's parts)
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        try:
            return tomllib.loads(_with_quoted_keys(text))
        except (ValueError, RecursionError):
            raise ConfigError(Problem(toml_fault(text, str(e)), file=str(path))) from None
    except (ValueError, RecursionError):
        # Python's own bounds: whole numbers of thousands of digits, values within values a thousand deep.
        message = Said(
            "数字位数过多，或括号、键名嵌套过深；请改正",
            "a number has thousands of digits, or brackets or keys nest without end",
        )
        raise ConfigError(Problem(message, file=str(path))) from None


_ENDLESS_KEY = re.compile(r"""(?:^|[\[{,])\s*(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')\s*\.\s*){40}""", re.MULTILINE)
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
        message = Said("顶层没有 path 这个键", "unknown key 'path' at the top level")
        raise ConfigError(Problem(message, file=str(path)))
    config, problems, _ = validate_all(raw, path, Config, _MODELS)
    ConfigError.gather(problems)
    if config is None:
        message = Said("无法读取", "cannot be read")
        raise ConfigError(Problem(message, file=str(path)))  # pragma: no cover (whatever fails is told)
    return config


_MODELS: dict[str, type[BaseModel]] = {
    "": Config, "district": DistrictTable, "network": NetworkTable, "walk": WalkTable, "cells": CellsTable,
    "population": PopulationTable, "layer": LayerTable, "policy": PolicyTable, "outputs": OutputsTable,
    "limits": LimitsTable,
    "saturation": SaturationTable, "survey": SurveyTable, "portrait": PortraitTable, "planning": PlanningTable,
    "programme": ProgrammeTable,
    "certainty": CertaintyTable, "change": ChangeTable, "expected": ExpectedTable,
}  # fmt: skip
"""The model of each table, "" for the top level: what keys it knows."""
