"""[outputs]: which files a run writes, who publishes them, and in which coordinate systems."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from circle15.config.types import Count, KeyFaultError, Table, suggest

OUTPUT_NAMES = (
    "cells", "coverage", "measures", "facilities", "ranking", "programme", "causes", "links", "completeness", "xlsx",
    "gpkg", "map", "units", "report", "whatif",
)  # fmt: skip


class OutputsTable(Table):
    """[outputs]: which files are written, who publishes them, and in which coordinate systems."""

    isochrones: Literal["none", "facilities", "all"] = "facilities"
    """Areas of 5, 10 ... minutes' walk up to the threshold: around facilities, of every cell too (isochrones.parquet,
    large), or none.
    步行 5、10…分钟直至达标线的范围：设施的服务范围、另加每个网格的（isochrones.parquet，较大），或不画。"""
    write: tuple[str, ...] | None = None
    """Only these are written: cells coverage measures facilities ranking programme causes links completeness xlsx gpkg
    map units report whatif (the map with it). Without it everything is.
    只写这些输出：cells coverage measures facilities ranking programme causes links completeness xlsx gpkg map units
    report whatif（含地图）；不写则全部输出。"""
    whatif: bool = True
    """Whether the district's map holds the what-if, which works without a network; some 0.3 to 3 MB of the page.
    区级地图是否含离线“方案推演”（页面增大约 0.3～3 MB）。"""
    ranking_top: Count = 20
    """Places ranked per layer.
    每项服务列出几个新建地点。"""
    pdf: bool = False
    """Whether report.pdf is printed; needs Chromium on the machine, so false.
    是否打印 report.pdf；需本机装有 Chromium。"""
    pictures: bool = False
    """Whether PNG maps for slides are drawn; needs circle15[pictures] and a Chinese font, so false.
    是否绘制幻灯片用 PNG 地图；需 circle15[pictures] 和中文字体。"""
    crs: Literal["wgs84", "cgcs2000", "gcj02"] = "wgs84"
    """GIS files once more in this system beside those in WGS-84 (district-gcj02.gpkg ...).
    除 WGS-84 外再写一份该坐标系的 GIS 文件（district-gcj02.gpkg 等）。"""
    bureau: str = ""
    """Who publishes, on every map, the report and the workbook.
    编制单位，印在各图、报告和工作簿上。"""
    map_approval: str = ""
    """Map approval number (审图号), on every map, the report and the workbook.
    审图号，印在各图、报告和工作簿上。"""
    tiles: Literal["none", "osm", "tianditu", "amap"] = "none"
    """Base map from the internet below the maps; "none" by default, so that no request leaves a page.
    地图底图（来自互联网）；默认 "none"，页面不发出任何请求。"""
    tianditu_key: str | None = None
    """Browser key that tianditu.gov.cn gives out; needed for tiles = "tianditu".
    天地图浏览器端密钥，tiles = "tianditu" 时必填。"""

    @model_validator(mode="after")
    def _outputs_can_be_written(self) -> Self:
        for name in self.write or ():
            if name not in OUTPUT_NAMES:
                near = suggest(name, OUTPUT_NAMES)
                raise KeyFaultError(
                    f"outputs.write：没有名为“{name}”的成果{near.zh}",
                    f'outputs.write: unknown output "{name}"{near.en}',
                )
        if self.pdf and not self.writes("report"):
            raise KeyFaultError(
                'outputs.pdf 打印的是报告，而 outputs.write 未列入报告，请加上 "report"',
                'outputs.pdf prints the report, which outputs.write leaves out; add "report"',
            )
        if not self.whatif and "whatif" in (self.write or ()):
            raise KeyFaultError(
                'outputs.whatif = false 不含“方案推演”，而 outputs.write 列入了 "whatif"，请删去其一',
                "outputs.whatif = false leaves out the what-if, which outputs.write names; remove one of them",
            )
        if self.tiles == "tianditu" and not self.tianditu_key:
            raise KeyFaultError(
                'tiles = "tianditu" 须写 tianditu_key，即天地图（tianditu.gov.cn）的浏览器端密钥',
                'tiles = "tianditu" needs tianditu_key, the browser key that tianditu.gov.cn gives out',
            )
        return self

    def writes(self, name: str) -> bool:
        """Tell whether output ``name`` is wanted."""
        return self.write is None or name in self.write

    @property
    def writes_map(self) -> bool:
        """Whether the district's map is wanted; the what-if stands on it."""
        return self.writes("map") or (self.whatif and self.writes("whatif"))
