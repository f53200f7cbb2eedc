"""[limits]: what a file may have before it is read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from circle15.config.types import Table

MIB = 2**20


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
        return self.file_mb * MIB
