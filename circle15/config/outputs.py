"""[outputs]: which files a run writes, who publishes them, and in which coordinate systems."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from circle15.config.types import Count, suggest

OUTPUT_NAMES = (
    "cells", "coverage", "measures", "facilities", "ranking", "causes", "links", "completeness", "xlsx", "gpkg", "map",
    "units", "report",
)  # fmt: skip


class OutputsTable(BaseModel):
    """[outputs]: which files are written.

    `pdf` and `pictures` need a Chromium and matplotlib on the machine. `crs` adds GIS files in a second system beside
    those in WGS-84. `tiles` lays the maps on a base map from the internet; without it no request leaves a page.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)

    isochrones: Literal["none", "facilities", "all"] = "facilities"
    write: tuple[str, ...] | None = None
    ranking_top: Count = 20
    pdf: bool = False
    pictures: bool = False
    crs: Literal["wgs84", "cgcs2000", "gcj02"] = "wgs84"
    bureau: str = ""
    map_approval: str = ""
    tiles: Literal["none", "osm", "tianditu", "amap"] = "none"
    tianditu_key: str | None = None

    @model_validator(mode="after")
    def _outputs_can_be_written(self) -> Self:
        for name in self.write or ():
            if name not in OUTPUT_NAMES:
                raise ValueError(f'outputs.write: unknown output "{name}"{suggest(name, OUTPUT_NAMES)}')
        if self.pdf and not self.writes("report"):
            raise ValueError('outputs.pdf prints the report, which outputs.write leaves out; add "report"')
        if self.tiles == "tianditu" and not self.tianditu_key:
            raise ValueError('tiles = "tianditu" needs tianditu_key, the browser key that tianditu.gov.cn gives out')
        return self

    def writes(self, name: str) -> bool:
        """Tell whether output ``name`` is wanted."""
        return self.write is None or name in self.write
