"""One OSM file opened through pyosmium, its faults told as input errors."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import osmium

from circle15.errors import Circle15Error, InputError, Problem
from circle15.files.door import steady_file
from circle15.inputs.osm.unfolding import check_unfolding
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
SPARSE_LIMIT_BYTES = 400_000_000
"""Larger files hold so many nodes that the location index should choose its own layout."""


def is_osm_file(path: str | Path) -> bool:
    """Tell by its name whether ``path`` is OSM data."""
    return str(path).lower().endswith(OSM_SUFFIXES)


def new_location_index(path: str | Path) -> Any:
    """Make an index of node locations that suits the size of the file."""
    kind = "sparse_mem_array" if Path(path).stat().st_size < SPARSE_LIMIT_BYTES else "flex_mem"
    return osmium.index.create_map(kind)


@contextmanager
def osm_errors(path: str | Path) -> Iterator[None]:
    """Turn what pyosmium raises while it reads ``path`` into one clear line.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is cut off, or not OSM data.
    """
    with steady_file(path) as file:
        check_unfolding(file)
        try:
            yield
        except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as e:
            if isinstance(e, Circle15Error):
                raise
            raise InputError(Problem(_explain(str(e)), file=str(path))) from e


def _explain(text: str) -> Said:
    if "unexpected EOF" in text or "no element found" in text:
        return Said(
            f"文件提前结束（{text}）：下载或复制不完整",
            f"the file ends too early ({text}): it was not downloaded or copied to its end",
        )
    if "location" in text or "coordinate" in text:
        return Said(
            f"有节点不在地球上（{text}）：纬度超过 90、不是数字，或经纬度写反；请改正或重新导出",
            f"has a node that lies nowhere on earth ({text}): a latitude beyond 90, no number, or both swapped; correct"
            " or export it again",
        )
    if "Could not detect file format" in text:
        return Said(
            f"从文件名看不是 OSM 文件；OSM 数据以 {', '.join(OSM_SUFFIXES[:1] + OSM_SUFFIXES[2:5])} 结尾",
            f"not an OSM file by its name; OSM data ends in {', '.join(OSM_SUFFIXES[:1] + OSM_SUFFIXES[2:5])}",
        )
    return Said(f"不能作为 OSM 数据读取（{text}）", f"not readable as OSM data ({text})")
