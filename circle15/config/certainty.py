"""[certainty]: how far the inputs may be off, and how often a run is drawn again under that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Discriminator, Field, Tag

from circle15.config.types import Identifier, LayerKey, Seed, Table

if TYPE_CHECKING:
    from circle15.config.layer import LayerTable

GEOCODED_M, OSM_M, SURVEYED_M = 30.0, 10.0, 5.0
"""Standard deviation of a place east and north, metres. An address that was looked up lies within 38 m of its house in
half of the cases in town (Cayo & Talbot 2003), which is 1.18 standard deviations; OpenStreetMap is within some 6 m of
the survey on average (Haklay 2010), and a facility's point is the middle of its house; surveyed places are exact, but
the door is not where the point is (an assumption)."""
SPEED_SD_M_S = 0.05
"""Of the mean speed of those who walk: the 95 % intervals of the means of 41 studies are 0.09 m/s to either side
(Bohannon & Andrews 2011)."""
PEOPLE_CV = {"points": 0.1, "buildings": 0.3, "raster": 0.4, "units": 0.5}
"""Assumptions of this project, from what is counted at a place to what is spread over ground."""


Metres = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False, strict=True)]
MetresByLayer = Annotated[
    Annotated[Metres, Tag("each")] | Annotated[dict[LayerKey, Metres], Tag("by layer")],
    Discriminator(lambda given: "by layer" if isinstance(given, dict) else "each"),
]
Pace = Annotated[float, Field(ge=0, le=5, allow_inf_nan=False, strict=True)]
PaceByProfile = Annotated[
    Annotated[Pace, Tag("each")] | Annotated[dict[Identifier, Pace], Tag("by profile")],
    Discriminator(lambda given: "by profile" if isinstance(given, dict) else "each"),
]
Share = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False, strict=True)]


class CertaintyTable(Table):
    """[certainty]: how far the inputs may be off, and how often a run is drawn again under that."""

    draws: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 200
    """How often the district is measured anew with places, speeds and people drawn anew; 0 draws nothing and writes
    nothing of it.
    在设施位置、步速、人口的误差范围内重新抽样测算多少次；0 表示不测算，也不写出相关结果。"""
    seed: Seed = 15
    """Seed of the random numbers; the same seed gives the same bytes whatever the threads.
    随机数种子；种子相同则结果逐字节相同，与线程数无关。"""
    position_m: MetresByLayer | None = None
    """Standard deviation of facilities' places east and north, in metres, for all layers or by layer { nursery = 20 };
    otherwise 30 for tables of addresses or map services, 5 for tables in survey systems (cgcs2000, EPSG), 10 for OSM.
    设施点位东西、南北方向的标准差（米），可统一写或按服务写 { nursery = 20 }；不写则地址或地图服务表取 30、测绘坐标（
    cgcs2000、EPSG）表取 5、OSM 取 10。"""
    speed_sd: PaceByProfile | None = None
    """Standard deviation, in metres per second, of the mean walking speed of those who use a service, for all profiles
    or by profile { elderly = 0.08 }; 0.05 otherwise. All walk slower or faster together in a draw.
    服务人群平均步速的标准差（米/秒），可统一写或按步行者写 { elderly = 0.08 }；不写取 0.05。同一次抽样中全体同快同慢
    。"""
    walker_sd: Pace = 0.0
    """Standard deviation, in metres per second, between walkers: those of each cell are slower or faster by themselves;
    0.15 to 0.21 between adults of one age (Bohannon 1997). 0 by default, as plans speak of one walker.
    步行者之间步速的标准差（米/秒）：各网格的居民各有快慢；同龄成人之间约 0.15 至 0.21（Bohannon 1997）。默认 0，因规划
    按统一步速规定。"""
    people_cv: Share | None = None
    """Standard deviation of the people of a cell as a share of them; otherwise 0.1 for points, 0.3 for buildings, 0.4
    for rasters, 0.5 for people spread over their street. Totals that are stated are kept.
    每个网格人口的变异系数；不写则点数据 0.1、建筑 0.3、栅格 0.4、街道总数均摊 0.5。已给定的总数保持不变。"""
    capacity_cv: Share = 0.1
    """The same for capacities that a table states as approximate (约200, 50余张).
    表中写作概数的容量（约200、50余张）的变异系数。"""

    def position_of(self, layer: LayerTable) -> float:
        """Give the standard deviation of a layer's places, metres."""
        given = self.position_m
        if isinstance(given, dict):
            given = given.get(layer.id)
        if given is not None:
            return given
        if layer.source.startswith("osm:"):
            return OSM_M
        is_surveyed = layer.crs is not None and (
            layer.crs == "cgcs2000" or (layer.crs.startswith("EPSG:") and layer.crs not in _DEGREES)
        )
        return SURVEYED_M if is_surveyed else GEOCODED_M

    def speed_of(self, profile: str) -> float:
        """Give the standard deviation of a profile's mean speed, metres per second."""
        given = self.speed_sd
        if isinstance(given, dict):
            given = given.get(profile)
        return SPEED_SD_M_S if given is None else given

    def people_of(self, source: str) -> float:
        """Give the coefficient of variation of a cell's people by the source that they come from."""
        return PEOPLE_CV[source] if self.people_cv is None else self.people_cv


_DEGREES = {"EPSG:4326"}
