"""[[layer]]: one public service, its facilities and what counts as within the circle."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from circle15.config.types import CrsName, Encoding, Few, Identifier, KeyFaultError, Norm, Positive, Table
from circle15.config.where import Where  # noqa: TC001 (pydantic needs it at run time)
from circle15.units import metres_to_seconds, minutes_to_seconds

RESERVED_LAYER_IDS = {"population", "cell", "unit_id", "geometry"}


class LayerTable(Table):
    """[[layer]]: one public service, its facilities and what counts as within the circle."""

    id: Identifier
    """Names the layer in columns and files: a-z 0-9 - _. An id that is a service_id of the plan takes its values from
    [policy].
    在列名和文件名中代表该项服务：a-z 0-9 - _；与规划登记表的 service_id 相同时，取值来自 [policy]。"""
    name: str
    """The service's name on maps, tables and report.
    服务名称，印在地图、表格和报告上。"""
    source: str
    """Its facilities: "osm:amenity=kindergarten|childcare" (| either, "," and, ";" or, k!=v not), or a table or
    geographic file ("file.xlsx#sheet").
    设施来源："osm:amenity=kindergarten|childcare"（| 任一，"," 且，";" 或，k!=v 排除），或表格、地理文件（"文件.xlsx#工
    作表"）。"""
    note: str = ""
    """A remark that is printed on the map.
    印在地图上的备注。"""
    allow_empty: bool = False
    """Whether a layer without facilities runs, with coverage 0; otherwise it stops the run, as it is mostly a mistake.
    没有设施时是否照常计算（覆盖率为 0）；默认停止运行，因为多半是写错了。"""
    crs: CrsName | None = None
    """Coordinate system of a table: "wgs84" "gcj02" (Amap, Tencent) "bd09" (Baidu) "cgcs2000" "EPSG:4549"; must be
    said, as GCJ-02 is half a kilometre off. Files that state their own need none.
    表格的坐标系："wgs84" "gcj02"（高德、腾讯）"bd09"（百度）"cgcs2000" "EPSG:4549"；必须写明，GCJ-02 偏移约半公里。自带
    坐标系的文件不必写。"""
    encoding: Encoding | None = None
    """Encoding of a text table ("gbk", "big5" ...); found from the bytes without it.
    文本表的编码（"gbk" "big5" 等）；不写则由字节判断。"""
    where: Where | None = None
    """Which rows of the table are taken: { 类型 = ["幼儿园", "托儿所"], 状态 = { not = "停业" } }; every row without
    it.
    取表中哪些行：{ 类型 = ["幼儿园", "托儿所"], 状态 = { not = "停业" } }；不写则全取。"""
    lon_field: str | None = None
    """Column of the longitude or easting; recognised by its heading without it.
    经度或东坐标所在列；不写则按列名识别。"""
    lat_field: str | None = None
    """Column of the latitude or northing; recognised by its heading without it.
    纬度或北坐标所在列；不写则按列名识别。"""
    id_field: str | None = None
    """Column of the facilities' own ids; recognised by its heading without it.
    设施编号所在列；不写则按列名识别。"""
    name_field: str | None = None
    """Column of the facilities' names; recognised by its heading without it.
    设施名称所在列；不写则按列名识别。"""
    capacity_field: str | None = None
    """Column of the capacity (places, beds, square metres); recognised by its heading without it.
    容量（托位、床位、平方米）所在列；不写则按列名识别。"""
    used_field: str | None = None
    """Column of the used places; recognised by its heading without it.
    已用数所在列；不写则按列名识别。"""
    quality_field: str | None = None
    """Column of the quality flag (优质, 示范; else 公办, 普惠); recognised by its heading without it.
    质量标志（优质、示范，或公办、普惠）所在列；不写则按列名识别。"""
    minutes: Positive | None = None
    """The threshold in minutes' walk, inclusive; 15 where neither it nor metres nor the plan says otherwise.
    步行时间达标线（分钟），含等于；与 metres、规划均未写明时为 15。"""
    metres: Positive | None = None
    """The threshold in metres of walk instead of minutes (GB 50180: 300, 500, 1000), walked at the profile's speed.
    以步行距离（米）代替 minutes 作达标线（GB 50180：300、500、1000），按步行者速度折算。"""
    profile: str = "adult"
    """Who walks: a name of [walk.NAME].
    谁在走：[walk.名称] 之一。"""
    group: Identifier = "all"
    """Whose people are counted: "all" or a group of [population].
    服务哪些人："all" 或 [population] 的一个人群。"""
    min_count: Few = 1
    """How many facilities must be within the threshold for a cell to be covered.
    达标线以内至少有几处设施才算覆盖。"""
    norm_per_1000: Norm | None = None
    """Capacity that the norm asks for per 1,000 people of norm_group; without it (and none in the plan) no gap is told.
    每千人（norm_group）应有的容量；不写且规划也没有时不计缺口。"""
    norm_group: Identifier = "all"
    """The people that norm_per_1000 counts: nursery places are per 1,000 residents, though infants use them.
    定额按哪些人计：托位按每千常住人口，而使用者是婴幼儿。"""
    capacity_unit: str | None = None
    """Unit of the capacity (托位, 床位); else that of the plan, or of the column's heading.
    容量的单位（托位、床位）；不写则取规划或列名中的单位。"""
    least_capacity_share: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.5
    """Share of the facilities that must state a capacity; where fewer do, facilities are counted instead, since sums of
    a minority mislead.
    写明容量的设施至少占多少才按容量计算；不足则改按设施数，因为少数设施的合计会误导。"""
    catchment: Literal["two_step", "three_step", "modified"] = "two_step"
    """How supply is shared among people: (E)2SFCA (Luo & Wang 2003), 3SFCA (Wan 2012) with choice between facilities,
    or modified 2SFCA, in which distance wastes supply.
    供给如何分给居民：(E)2SFCA、考虑择近的 3SFCA，或距离造成损耗的改进 2SFCA。"""
    decay: Literal["binary", "stepped", "gaussian", "kernel"] = "stepped"
    """How attraction fades with the walk: "stepped" weighs thirds of the threshold 1, 0.68, 0.22 (Luo & Qi 2009),
    "binary" not at all, "gaussian" Dai 2010, "kernel" Dai & Wang 2011.
    吸引力随步行时间的衰减："stepped" 三段权重 1、0.68、0.22（Luo & Qi 2009），"binary" 不衰减，"gaussian" Dai
    2010，"kernel" Dai & Wang 2011。"""
    access_measures: tuple[Literal["balanced", "raam", "cumulative", "gravity"], ...] = ()
    """Other measures of access beside the catchment's, in access_measures.csv.
    另外计算的可达性指标，写入 access_measures.csv。"""
    raam_minutes: Positive | None = None
    """RAAM's walk tau in minutes, which costs as much as a mean crowd; the threshold by default.
    理性主体模型（RAAM）的 tau（分钟），其代价等于平均拥挤程度；默认取达标线。"""

    @model_validator(mode="after")
    def _threshold_is_single(self) -> Self:
        if self.minutes is not None and self.metres is not None:
            raise KeyFaultError(
                f"layer “{self.id}”：minutes 与 metres 二者择一", f'layer "{self.id}": give minutes or metres, not both'
            )
        if self.raam_minutes is not None and "raam" not in self.access_measures:
            raise KeyFaultError(
                f'layer “{self.id}”：raam_minutes 须配合 access_measures = ["raam"]',
                f'layer "{self.id}": raam_minutes needs access_measures = ["raam"]',
            )
        if len(set(self.access_measures)) < len(self.access_measures):
            raise KeyFaultError(
                f"layer “{self.id}”：access_measures 中有重复的度量",
                f'layer "{self.id}": access_measures names a measure twice',
            )
        if self.id in RESERVED_LAYER_IDS:
            raise KeyFaultError(
                f"服务 id “{self.id}”与 cells.parquet 的列重名，请另取",
                f'layer id "{self.id}" is the name of a column of cells.parquet; choose another',
            )
        if self.where and self.source.startswith("osm:"):
            raise KeyFaultError(
                f"layer “{self.id}”：where 用于筛选表格的行；osm: 按标签选取，k!=v 为排除",
                f'layer "{self.id}": where chooses rows of a table; osm: chooses by tags, k!=v excludes',
            )
        return self

    def threshold_s(self, speed_m_s: float) -> float:
        """Give the layer's threshold in seconds; ``metres`` are walked at ``speed_m_s``."""
        if self.metres is not None:
            return metres_to_seconds(self.metres, speed_m_s)
        return minutes_to_seconds(self.minutes if self.minutes is not None else 15.0)
