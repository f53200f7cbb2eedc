"""The config's tables of planning: what may be built, and a scenario's changes to the config that it is based on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002 (pydantic needs it at run time)

from circle15.config.faults.validation_words import worded
from circle15.config.types import Count, CrsName, Identifier, KeyFaultError, LayerKey, NonNegative, Positive, Table
from circle15.errors import ConfigError, MissingFileError, Problem
from circle15.files.door import settled_path
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

ORDERS = ("people", "gap", "places", "people_per_cost", "gap_per_cost", "places_per_cost")

Lon = Annotated[float, Field(ge=-180, le=180, strict=True)]
Lat = Annotated[float, Field(ge=-90, le=90, strict=True)]
Points = Annotated[tuple[tuple[Lon, Lat], ...], Field(min_length=2)]
Line = Annotated[
    Annotated[str, Tag("file")] | Annotated[Points, Tag("points")],
    Discriminator(lambda given: "file" if isinstance(given, str) else "points"),
]


class PlanningTable(Table):
    """[planning]: the places that could be built on, by what they are ranked, and which answers a run gives."""

    candidates: str | None = None
    """Table or file of the places that could be built on; without it the cells are, at the places where their
    walks start.
    可建设地点的表格或文件；不写则以各网格的步行起点为备选。"""
    projects: str | None = None
    """Table or file of planned projects that a run compares.
    要比较的拟建项目表格或文件。"""
    forbidden: str | None = None
    """File of areas where nothing may be built; candidates within them are left out and told.
    禁建区文件；其中的备选地点不予考虑并说明。"""
    crs: CrsName | None = None
    """Coordinate system of these tables: "wgs84" "gcj02" "bd09" "cgcs2000" "EPSG:4549"; must be said of tables.
    这些表格的坐标系："wgs84" "gcj02" "bd09" "cgcs2000" "EPSG:4549"；表格必须写明。"""
    name_field: str | None = None
    """Column of the places' names; recognised by its heading without it.
    地点名称所在列；不写则按列名识别。"""
    layer_field: str | None = None
    """Column of the layer that a place is for; recognised by its heading without it.
    地点所属服务所在列；不写则按列名识别。"""
    lon_field: str | None = None
    """Column of the longitude or easting; recognised by its heading without it.
    经度或东坐标所在列；不写则按列名识别。"""
    lat_field: str | None = None
    """Column of the latitude or northing; recognised by its heading without it.
    纬度或北坐标所在列；不写则按列名识别。"""
    cost_field: str | None = None
    """Column of the cost in 万元; recognised by its heading without it.
    造价（万元）所在列；不写则按列名识别。"""
    capacity_field: str | None = None
    """Column of the new facility's capacity; recognised by its heading without it.
    新设施容量所在列；不写则按列名识别。"""
    rank_by: Literal["people", "gap", "places", "people_per_cost", "gap_per_cost", "places_per_cost"] = "people"
    """What places are ranked by: newly covered people, closed gap, missing places made up for, each also per 万元
    (needs candidates with costs).
    按什么排序：新增覆盖人数、补足缺口、补足最少缺口，或各自每万元（需备选地点带造价）。"""
    budget: Positive | None = None
    """Money for all new places together, in 万元; needs candidates with costs. Without it only their number is bounded.
    全部新建的总预算（万元），需备选地点带造价；不写则只限数目。"""
    new_capacity: dict[LayerKey, Positive] = {}
    """Capacity of a new facility where a candidate states none, by layer (id or name); else the median of the layer's
    existing ones.
    备选地点未写容量时新设施的容量，按服务（id 或名称）写；不写则取该服务现有设施的中位数。"""
    causes: bool = True
    """Whether a run tells why people are not covered (causes.csv).
    是否说明未覆盖的原因（causes.csv）。"""
    links: bool = False
    """Whether missing links are looked for (links.csv); each is proved by walking it, which takes long, so false.
    是否查找缺失的连接（links.csv）；逐条实走验证，较慢，默认不查。"""
    links_top: Count = 20
    """How many missing links are listed per layer.
    每项服务列出几条缺失的连接。"""

    @model_validator(mode="after")
    def _costs_are_there(self) -> Self:
        if self.candidates is None:
            if self.rank_by.endswith("per_cost"):
                raise KeyFaultError(
                    f'rank_by = "{self.rank_by}" 须写 candidates = "文件"，且每处有造价',
                    f'rank_by = "{self.rank_by}" needs candidates = "FILE" with a cost for each',
                )
            if self.budget is not None:
                raise KeyFaultError(
                    'budget 须写 candidates = "文件"，且每处有造价',
                    'budget needs candidates = "FILE" with a cost for each',
                )
        return self


_NEEDED = {
    "add_facility": ("layer", "lon", "lat"),
    "close_facility": ("id",),
    "set_capacity": ("id", "capacity"),
    "add_path": ("line",),
    "close_path": ("line",),
}
_ALLOWED = {
    "add_facility": ("name", "id", "capacity", "cost"),
    "close_facility": ("layer",),
    "set_capacity": ("layer",),
    "add_path": ("name", "cost", "tolerance_m"),
    "close_path": ("name", "tolerance_m"),
}


class ChangeTable(Table):
    """[[change]]: one change of a scenario; coordinates are WGS-84."""

    kind: Literal["add_facility", "close_facility", "set_capacity", "add_path", "close_path"]
    """What changes; which of the other keys it takes is told where one is missing or idle.
    改什么；缺少或多余其他键时会提示。"""
    name: str | None = None
    """Name of the new facility or path.
    新设施或路径的名称。"""
    layer: LayerKey | None = None
    """Layer of the facility; needed to add one, and where several layers have its id.
    设施所属服务；新增时必填，多项服务有同一编号时也须写明。"""
    id: str | None = None
    """Id of the facility, as in facilities.csv; of a new one its own.
    设施编号，见 facilities.csv；新设施则为其编号。"""
    lon: Lon | None = None
    """Longitude of the new facility in degrees, WGS-84.
    新设施的经度（度，WGS-84）。"""
    lat: Lat | None = None
    """Latitude of the new facility in degrees, WGS-84.
    新设施的纬度（度，WGS-84）。"""
    capacity: NonNegative | None = None
    """Capacity in the layer's own unit.
    容量，以该服务的单位计。"""
    cost: NonNegative | None = None
    """Cost in 万元, for the record: no number comes from it.
    造价（万元），仅作记录，不参与计算。"""
    line: Line | None = None
    """The path: a file, or points [[lon, lat], ...] in WGS-84.
    路径：文件，或 WGS-84 坐标点 [[经度, 纬度], …]。"""
    tolerance_m: Annotated[float, Field(gt=0, le=1000, strict=True)] | None = None
    """Metres within which a path's ends meet streets, or streets lie along a closed one; 5 where it is not said.
    路径端点接入道路、或封闭路径认定沿线道路的容差（米）；不写取 5。"""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = _NEEDED[self.kind]
        lacking = [key for key in needed if getattr(self, key) is None]
        if lacking:
            names = ", ".join(lacking)
            raise KeyFaultError(f'kind = "{self.kind}" 须写 {names}', f'kind = "{self.kind}" needs {names}')
        known = {"kind", *needed, *_ALLOWED[self.kind]}
        idle = sorted(self.model_fields_set - known)
        if idle:
            names, taken = ", ".join(idle), ", ".join(sorted(known))
            raise KeyFaultError(
                f'kind = "{self.kind}" 没有 {names}；可写 {taken}',
                f'kind = "{self.kind}" has no {names}; it takes {taken}',
            )
        return self


class ExpectedTotal(Table):
    """One street's or the district's numbers for one service, as a what-if on the map said them."""

    unit_id: str
    """Street as in coverage.csv; the district's id for the whole.
    街道编号，同 coverage.csv；全区写区的 id。"""
    layer: Identifier
    """Service.
    服务。"""
    covered_people: NonNegative
    """People within the circle, to three decimals.
    圈内人数，保留三位小数。"""
    gap: NonNegative | None = None
    """Gap in the layer's own unit, to three decimals; left out where the layer has no norm.
    供需缺口，以该服务的单位计，保留三位小数；无配置标准的服务不写。"""


def _digest(text: str) -> str:
    if re.fullmatch("[0-9a-f]{64}", text) is None:
        raise KeyFaultError(
            "不是 SHA-256；应为 64 位十六进制数字，见 run.json 的 config_sha256",
            "is no SHA-256; 64 hexadecimal digits are, as config_sha256 in run.json",
        )
    return text


class ExpectedTable(Table):
    """[expected]: what a what-if on the map said of a scenario; the run says whether it is so."""

    base_sha256: Annotated[str, AfterValidator(_digest)]
    """The config_sha256 of the base run whose map it was; a base that has changed since is told by it.
    推演所用底图那次运行的 config_sha256，据此判断底本配置此后是否改动。"""
    base_now_sha256: SkipJsonSchema[str | None] = None
    """What the base means when the scenario is read, filled in by then; a run's manifest keeps it for an audit.
    读取方案时底本配置的摘要，由程序填写，随 run.json 留存备查。"""
    totals: Annotated[tuple[ExpectedTotal, ...], Field(min_length=1)]
    """One per street and service: { unit_id, layer, covered_people, gap }.
    每个街道、每项服务一条：{ unit_id, layer, covered_people, gap }。"""


def merge_scenario(
    raw: dict[str, Any], path: Path, read: Callable[[Path], dict[str, Any]]
) -> tuple[dict[str, Any], Path]:
    """Lay a scenario over the config that its ``base`` names, which may be a scenario too.

    Tables are merged key by key and the scenario's values win; its changes come after the base's. What a base expects
    of its own changes is not expected of the scenario.

    Parameters
    ----------
    raw
        The config as read.
    path
        Its file.
    read
        Reads a config file to nested dicts.

    Returns
    -------
    tuple
        The merged config without ``base``, and the innermost base, whose folder its paths are relative to.

    Raises
    ------
    ConfigError
        If a base is not a name, has no file, or the bases form a ring.
    """
    chain: list[tuple[dict[str, Any], Path]] = [(raw, path)]
    seen = {settled_path(path)}
    while "base" in chain[-1][0]:
        inner, inner_path = chain[-1]
        base = inner["base"]
        if not isinstance(base, str):
            message = Said("应为配置文件的名称", "is the name of a config file")
            raise ConfigError(Problem(message, file=str(inner_path), key="base", value=base))
        found = inner_path.parent / base
        if settled_path(found) in seen:
            message = Said(
                "方案不能以自身为底本，也不能以基于它的方案为底本",
                "a scenario cannot be based on itself, nor on one that is based on it",
            )
            raise ConfigError(Problem(message, file=str(inner_path), key="base", value=base))
        seen.add(settled_path(found))
        try:
            chain.append((read(found), found))
        except MissingFileError:
            hint = Said(
                "没有此文件：它是方案“{name}”的底本，请把方案文件放在底本旁边",
                "no such config file: it is the base of the scenario {name}, which stands beside it",
            )
            message = hint.format(name=inner_path.name)
            raise MissingFileError(Problem(message, file=str(found), key="base", value=base)) from None
    folder = chain[-1][1].parent
    merged: dict[str, Any] = {}
    changes: list[Any] = []
    for layer, layer_path in reversed(chain):
        own = dict(layer)
        own.pop("base", None)
        listed = own.pop("change", [])
        if layer is not raw:
            own.pop("expected", None)
        changes += [_moved(c, layer_path.parent, folder) for c in listed] if isinstance(listed, list) else [listed]
        merged = _merged(merged, own)
    return ({**merged, "change": changes} if changes else merged), chain[-1][1]


def _moved(change: Any, from_folder: Path, to_folder: Path) -> Any:
    """Give a change whose line's file, named from the scenario's folder, is named from the base's."""
    if not (isinstance(change, dict) and isinstance(change.get("line"), str)):
        return change
    file, mark, part = change["line"].partition("#")
    moved = Path(os.path.relpath(settled_path(from_folder / file), settled_path(to_folder))).as_posix()
    return {**change, "line": f"{moved}{mark}{part}"}


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def override_planning(planning: PlanningTable, **values: Any) -> PlanningTable:
    """Give the table with some values set anew, those that are not None; validated as if they stood in the config.

    Raises
    ------
    ConfigError
        If a value does not fit the others.
    """
    stated = {k: v for k, v in values.items() if v is not None}
    try:
        return PlanningTable.model_validate({**planning.model_dump(exclude_unset=True), **stated})
    except ValidationError as e:
        raise ConfigError(*(worded(error) for error in e.errors(include_url=False))) from None
