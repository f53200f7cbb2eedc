"""Graphs that OSMnx saved as GraphML, looked at before anything is built of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from pyproj import CRS
from pyproj.exceptions import CRSError

from circle15.errors import MOST_TOLD, Circle15Error, InputError, Problem
from circle15.files.door import largest_bytes, steady_file
from circle15.inputs.geofiles.drivers import refuse_grid_files
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

_BLOCK_BYTES = 1 << 16
_MOST_LON, _MOST_LAT = 180.0, 90.0


class _RootFoundError(Exception):
    """Whatever a document may declare stands before its root."""


def read_graph(path: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give a graph's nodes and its edges with u, v, both with geometry and a coordinate reference system.

    Raises
    ------
    InputError
        If the file is not such a graph, declares entities, has nodes that lie nowhere, or names a file of shifts.
    """
    import networkx as nx  # noqa: PLC0415 (slow import, for this format alone)
    import osmnx  # noqa: PLC0415 (as above)

    file = str(path)
    with steady_file(path, largest=4 * largest_bytes()):
        refuse_declarations(path)
        try:
            graph: Any = osmnx.load_graphml(path)
            refuse_grid_files(str(graph.graph.get("crs", "")), file=file)
            _refuse_places(graph, file)
            _refuse_no_system(graph, file)
            nodes, edges = osmnx.graph_to_gdfs(graph, fill_edge_geometry=True)
        except Circle15Error:
            raise
        except (ParseError, nx.NetworkXError, ValueError, KeyError, AttributeError, TypeError) as e:
            reason = f"{type(e).__name__}: {e}"
            message = Said(f"不是 OSMnx 保存的路网（{reason}）", f"not readable as a graph saved by OSMnx ({reason})")
            raise InputError(Problem(message, file=file)) from e
    return nodes, edges


def _refuse_no_system(graph: Any, file: str) -> None:
    """Refuse a graph whose ``crs`` is none, or one that no place can be drawn from."""
    told = graph.graph.get("crs")
    try:
        CRS.from_user_input(told)
    except CRSError:
        message = Said(
            '没有可用的坐标系（图的 crs）；OSMnx 保存时会写 "epsg:4326"，请重新保存',
            'has no usable coordinate system (the graph\'s crs); OSMnx writes "epsg:4326": save it again',
        )
        raise InputError(Problem(message, file=file, key="crs", value=told)) from None


def refuse_declarations(path: Path) -> None:
    """Refuse XML that declares entities, which may unfold without end; no program writes such streets.

    Raises
    ------
    InputError
        If it does.
    """
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        message = Said(
            "声明了实体（<!DOCTYPE …>），地图软件不会这样写；请重新保存或导出",
            "declares entities (<!DOCTYPE ...>), which no program for maps writes; save or export it again",
        )
        raise InputError(Problem(message, file=str(path)))

    def stop(*_: object) -> None:
        raise _RootFoundError

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                parser.Parse(block)
    except (_RootFoundError, expat.ExpatError):
        return  # what is no XML is told by whoever reads it


def _refuse_places(graph: Any, file: str) -> None:
    """Refuse nodes whose coordinates are no numbers, or of degrees none on earth."""
    is_degrees = str(graph.graph.get("crs", "")).casefold() in {"epsg:4326", "epsg:4490"}
    most_x, most_y = (_MOST_LON, _MOST_LAT) if is_degrees else (math.inf, math.inf)
    wrong = [
        (node, x, y)
        for node, x, y in ((n, d.get("x"), d.get("y")) for n, d in graph.nodes(data=True))
        if not all(isinstance(v, float) and math.isfinite(v) for v in (x, y)) or abs(x) > most_x or abs(y) > most_y
    ]
    InputError.gather(
        Problem(
            Said(f"节点 {node} 的坐标 x {x}、y {y} 无效", f"node {node} lies at x {x}, y {y}, which is no place"),
            file=file,
        )
        for node, x, y in wrong[:MOST_TOLD]
    )
