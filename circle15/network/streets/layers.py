"""Streets from graph and line files: OSMnx ``.graphml``, ``.gpkg`` with OSMnx's layers or one of lines, ``.shp``."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from circle15.errors import InputError, MissingColumnError, Problem
from circle15.inputs.geofiles.ogr_frames import geopackage_layers, read_geoframe
from circle15.network.rules.tags import TRAIT_KEYS
from circle15.network.rules.walking_table import may_walk, table_keys
from circle15.network.streets.components import find_components
from circle15.network.streets.covered_ground import covered_ground
from circle15.network.streets.graphml import read_graph
from circle15.network.streets.segments import Segments, haversine_m
from circle15.network.streets.ways import count_reasons
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

WGS84 = "EPSG:4326"
_JOIN_DECIMALS = 7  # of a degree: a centimetre, OSM's own resolution
_MOST_NAMED = 5
_LINE, _MULTI_LINE = shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


def read_graphml_segments(path: Path) -> Segments:
    """Read a graph that OSMnx saved.

    Curved edges are cut into straight pieces whose lengths add up to the edge's own ``length``; an edge and its
    opposite become one. Where edges have ``highway`` and other tags of the table, the table decides on them.

    Raises
    ------
    InputError
        If the file is not such a graph, or does not state its coordinate reference system.
    """
    nodes, edges = read_graph(path)
    return _graph_segments(nodes.to_crs(WGS84), edges.to_crs(WGS84).reset_index(), path)


def read_gpkg_segments(path: Path) -> Segments:
    """Read OSMnx's layers ``nodes`` and ``edges``, or the one layer of lines, from a GeoPackage.

    In a plain layer every vertex is a node, and lines are joined where vertices coincide (to a centimetre); lines
    that cross without a common vertex pass over each other, unless they are joined (`streets.crossings`).

    Raises
    ------
    InputError
        If there is no layer of lines or more than one, or a layer states no coordinate reference system.
    """
    layers = geopackage_layers(path)
    if {"nodes", "edges"} <= layers.keys():
        nodes, edges = _layer(path, "nodes"), _layer(path, "edges")
        for frame, needed in ((nodes, ("osmid",)), (edges, ("u", "v"))):
            missing = [c for c in needed if c not in frame]
            if missing:
                message = Said(
                    "OSMnx 保存的 nodes、edges 图层应有 osmid、u、v 列",
                    "layers 'nodes' and 'edges' as OSMnx saves them have columns osmid; u, v",
                )
                raise MissingColumnError(Problem(message, file=str(path), column=missing[0]))
        return _graph_segments(nodes.set_index("osmid"), edges, path)
    lines = [name for name, kind in layers.items() if "LineString" in kind]
    if len(lines) != 1:
        found = ", ".join(f"{name} ({kind})" for name, kind in layers.items())
        message = Said(
            f"须有 OSMnx 的 nodes、edges 图层，或只有一个线图层；现有 {found or '无'}",
            f"needs OSMnx's layers 'nodes' and 'edges', or exactly one layer of lines; it has {found or 'none'}",
        )
        raise InputError(Problem(message, file=str(path)))
    return _line_segments(_layer(path, lines[0]))


def read_line_segments(path: Path) -> Segments:
    """Read a Shapefile or GeoJSON of lines, as the plain layer of a GeoPackage is read.

    Raises
    ------
    InputError
        If it cannot be read, holds no lines, or states no coordinate reference system.
    """
    frame = read_geoframe(path)
    kinds = frame.geom_type.dropna().unique().tolist()
    if not any("LineString" in kind for kind in kinds):
        raise InputError(
            Problem(
                Said(
                    f"没有线，只有 {', '.join(kinds) or '空'}", f"holds no lines, but {', '.join(kinds) or 'nothing'}"
                ),
                file=str(path),
            )
        )
    if frame.crs is None:
        missing = Said(
            "未注明坐标系；请带坐标系保存（Shapefile 的在其 .prj 中）",
            "states no coordinate reference system; save it with one (a Shapefile's stands in its .prj)",
        )
        raise InputError(Problem(missing, file=str(path)))
    lines = frame[frame.geom_type.str.contains("LineString", na=False)]
    return replace(_line_segments(lines.to_crs(WGS84)), n_ways_read=len(frame))


def _layer(path: Path, name: str) -> gpd.GeoDataFrame:
    frame = read_geoframe(path, layer=name)
    if frame.crs is None:
        raise InputError(
            Problem(
                Said(f"图层“{name}”未注明坐标系", f"layer '{name}' states no coordinate reference system"),
                file=str(path),
            )
        )
    return frame.to_crs(WGS84)


def _graph_segments(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, path: Path) -> Segments:
    """Make segments of a directed graph's edges, which have ``u``, ``v``, ``geometry`` and mostly ``length``."""
    ends, lines = _ends_and_lines(nodes, edges, path)
    allowed, refused = _decide(edges)
    if not allowed.any():
        message = Said("没有可步行的道路", "has no street that people may walk on")
        raise InputError(Problem(message, file=str(path)))
    n_read, edges = len(edges), edges[allowed].reset_index(drop=True)
    ends, lines = ends[:, allowed], lines[allowed]
    trait, traits = _traits(edges)
    node_xy = shapely.get_coordinates(nodes.geometry.to_numpy())
    # Some writers keep one geometry for both directions: the end that lies nearer to u is the beginning.
    start, stop = (shapely.get_coordinates(shapely.get_point(lines, i)) for i in (0, -1))
    at_u, at_v = node_xy[ends[0]], node_xy[ends[1]]
    backward = ((start - at_u) ** 2 + (stop - at_v) ** 2).sum(1) > ((start - at_v) ** 2 + (stop - at_u) ** 2).sum(1)
    # Both directions of a street get the same form: from the lower node, in a loop from the lower text.
    loop = (ends[0] == ends[1]) & (shapely.to_wkb(lines) > shapely.to_wkb(shapely.reverse(lines)))
    turned = backward ^ (ends[0] > ends[1]) | loop
    lines[turned] = shapely.reverse(lines[turned])
    low, high = ends.min(axis=0), ends.max(axis=0)
    way = edges["osmid"].astype(str) if "osmid" in edges else pd.Series("", index=edges.index)
    same = pd.DataFrame({"low": low, "high": high, "wkb": shapely.to_wkb(lines), "way": way})
    once = np.flatnonzero(~same.duplicated().to_numpy())
    length = pd.to_numeric(edges["length"], errors="coerce").to_numpy(np.float64)[once] if "length" in edges else None
    way_id = pd.to_numeric(way.iloc[once], errors="coerce").fillna(-1).to_numpy(np.int64)
    xy, line = shapely.get_coordinates(lines[once], return_index=True)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    last = np.append(first[1:], len(line)) - 1
    node = len(node_xy) + np.arange(len(xy))
    node[first], node[last] = low[once], high[once]
    segments = _cut(np.concatenate([node_xy, xy]), node, line, way_id, length, trait=trait[once])
    return replace(segments, traits=traits, n_ways_read=n_read, ways_refused=refused)


def _ends_and_lines(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, path: Path
) -> tuple[Int64, npt.NDArray[np.object_]]:
    """Give the rows of each edge's two nodes, (2, n_edges), and its line, which may have come as one part of many."""
    file = str(path)
    twice = nodes.index[nodes.index.duplicated()]
    if len(twice):
        raise InputError(
            Problem(
                Said("有多个节点用这个编号", "several nodes have this id"),
                file=file,
                column="osmid",
                value=twice.tolist()[0],
            )
        )
    nowhere = np.flatnonzero(shapely.get_num_coordinates(nodes.geometry.to_numpy()) != 1)
    InputError.gather(
        Problem(
            Said("节点应为一个点", "a node must be one point"),
            file=file,
            column="osmid",
            value=nodes.index.tolist()[row],
        )
        for row in nowhere[:_MOST_NAMED]
    )
    ends = np.stack([nodes.index.get_indexer(edges[end]) for end in ("u", "v")]).astype(np.int64)
    InputError.gather(
        Problem(
            Said(f"第 {row + 1} 条边所指的节点不存在", f"edge {row + 1} names a node that is not there"),
            file=file,
            column=end,
            value=edges[end].tolist()[row],
        )
        for end, found in zip(("u", "v"), ends, strict=True)
        for row in np.flatnonzero(found < 0)[:_MOST_NAMED]
    )
    lines = shapely.force_2d(edges.geometry.to_numpy())
    single = (shapely.get_type_id(lines) == _MULTI_LINE) & (shapely.get_num_geometries(lines) == 1)
    lines[single] = shapely.get_geometry(lines[single], 0)
    wrong = np.flatnonzero((shapely.get_type_id(lines) != _LINE) | shapely.is_empty(lines))
    InputError.gather(
        Problem(
            Said(f"第 {row + 1} 条边应为一条线", f"edge {row + 1} must be one line"),
            file=file,
            column="geometry",
            value=getattr(lines[row], "geom_type", "none"),
        )
        for row in wrong[:_MOST_NAMED]
    )
    return ends, lines


def _line_segments(frame: gpd.GeoDataFrame) -> Segments:
    """Make segments of a plain layer of lines, joined where vertices coincide."""
    allowed, refused = _decide(frame)
    trait, traits = _traits(frame[allowed])
    parts, row = shapely.get_parts(shapely.force_2d(frame.geometry.to_numpy()[allowed]), return_index=True)
    xy, line = shapely.get_coordinates(parts, return_index=True)
    places, node = np.unique(np.round(xy, _JOIN_DECIMALS), axis=0, return_inverse=True)
    segments = _cut(places, node, line, np.full(len(parts), -1, np.int64), None, trait=trait[row])
    return replace(segments, traits=traits, n_ways_read=len(frame), ways_refused=refused)


def _cut(
    places: Float64,
    node: Int64,
    line: Int64,
    way_id: Int64,
    length: Float64 | None,
    *,
    trait: npt.NDArray[np.int32],
) -> Segments:
    """Cut lines, given as runs of vertices, into segments.

    Parameters
    ----------
    places
        (n_places, 2) lon, lat.
    node, line
        (n_vertices,) place and line of each vertex.
    way_id
        (n_lines,).
    length
        (n_lines,) metres that a line's segments add up to, NaN or None where haversine lengths stand.
    trait
        (n_lines,) row of the traits.
    """
    begin = np.flatnonzero((line[:-1] == line[1:]) & (node[:-1] != node[1:]))
    used, ends = np.unique(np.concatenate([node[begin], node[begin + 1]]), return_inverse=True)
    tail, head = ends[: len(begin)], ends[len(begin) :]
    lon, lat = places[used].T
    length_m = haversine_m(lon[tail], lat[tail], lon[head], lat[head])
    if length is not None:
        total = np.bincount(line[begin], weights=length_m, minlength=len(length))
        stated = np.isfinite(length) & (length >= 0) & (total > 0)
        length_m *= np.divide(length, total, out=np.ones_like(total), where=stated)[line[begin]]
    return Segments(
        node_lon=np.ascontiguousarray(lon),
        node_lat=np.ascontiguousarray(lat),
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=length_m,
        component=find_components(len(lon), tail, head),
        way_id=way_id[line[begin]],
        n_ways_read=len(way_id),
        trait=trait[line[begin]],
        ground=covered_ground(lon, lat),
    )


def _decide(frame: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.bool_], tuple[tuple[str, int], ...]]:
    """Ask the tag table about rows that have tags; rows without ``highway`` are taken as streets."""
    keys = [key for key in table_keys("way") if key in frame]
    if "highway" not in keys:
        return np.ones(len(frame), dtype=bool), ()
    known: dict[tuple[str, ...], tuple[bool, str]] = {}
    verdicts = []
    for row in zip(*(frame[key] for key in keys), strict=True):
        values = tuple(repr(value) for value in row)
        if values not in known:
            known[values] = _verdict(dict(zip(keys, (_listed(value) for value in row), strict=True)))
        verdicts.append(known[values])
    reasons = np.array([reason for _, reason in verdicts], dtype=object)
    allowed = np.array([ok for ok, _ in verdicts], dtype=bool)
    return allowed, count_reasons(reasons[~allowed])


def _traits(frame: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.int32], tuple[dict[str, str], ...]]:
    """Give each row's combination of the tags that costs depend on, where the columns hold tags.

    Tags that mean a direction are left out, as lines may have been turned round. Of several kinds of way that
    simplifying joined, steps count: who cannot take steps cannot go there.
    """
    keys = [key for key in TRAIT_KEYS if key in frame and key not in {"incline", "conveying"}]
    known: dict[tuple[tuple[str, str], ...], int] = {}
    rows = np.zeros(len(frame), np.int32)
    for i, row in enumerate(zip(*(frame[key] for key in keys), strict=True)):
        listed = {key: values for key, value in zip(keys, row, strict=True) if (values := _listed(value))}
        tags = {key: "steps" if "steps" in values else values[0] for key, values in listed.items()}
        rows[i] = known.setdefault(tuple(tags.items()), len(known))
    return rows, tuple(dict(tags) for tags in known) or ({},)


def _verdict(values: dict[str, list[str]]) -> tuple[bool, str]:
    """Decide on an edge that simplifying made of several ways: it is a street if one of them is."""
    if not values["highway"]:
        return True, ""
    named = {key: listed for key, listed in values.items() if listed}
    answers = [may_walk(dict(zip(named, chosen, strict=True))) for chosen in product(*named.values())]
    return next((answer for answer in answers if answer[0]), answers[0])


def _listed(value: Any) -> list[str]:
    """Give an attribute's values: OSMnx holds several as a list, which GeoPackage keeps as its text."""
    if isinstance(value, str) and value.startswith("["):
        with suppress(ValueError, SyntaxError):  # "[unknown]" is a text like any other
            value = ast.literal_eval(value)
    if isinstance(value, list):
        return [str(v) for v in value]
    # OSMnx writes a tag that an edge lacks as an empty text into a GeoPackage.
    return [] if value is None or value != value or value == "" else [str(value)]  # noqa: PLR0124 (NaN is not itself)
