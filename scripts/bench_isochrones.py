"""Time isochrones beside what people use today, on one network, with the same origins, in one process.

    python scripts/bench_isochrones.py ../shared/data/osm/porto.osm.pbf

The ways compared all draw the streets within 15 minutes, widened by 25 m:

- circle15, every origin, the 15-minute area alone and with the 5- and 10-minute ones;
- GEOS on the core's exact pieces: each buffered, then their union (a sample of origins);
- the OSMnx recipe: networkx ego graph, edges buffered, union (a sample; whole edges only).

Areas of circle15 and of GEOS are compared; the recipe's differ, as it drops the part of each last edge.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import networkx as nx
import numpy as np
import shapely
from bench import distinct_origins

import circle15
from circle15 import _core
from circle15.reach.search import _graph, _places
from circle15.units import UNREACHED

CUTOFF_MIN = 15
BUFFER_M = 25.0


def main() -> None:
    """Run the comparison and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="OSM extract")
    parser.add_argument("--origins", type=int, default=4000)
    parser.add_argument("--sample", type=int, default=20, help="origins for the slow ways")
    parser.add_argument("--where", choices=("cells", "streets"), default="cells", help="where origins stand")
    options = parser.parse_args()

    net = circle15.read_network(options.source)
    origins = random_places(net, options.origins, options.where)
    print(f"{net.n_nodes} nodes, {net.n_edges} edges, {len(origins)} origins")
    circle15.isochrones(net, random_places(net, 10, options.where), profile="adult")  # builds what is built once

    rows = []
    for cutoffs in ((CUTOFF_MIN,), (5, 10, CUTOFF_MIN)):
        seconds, areas = timed(circle15.isochrones, net, origins, profile="adult", cutoffs_min=cutoffs)
        rows.append((f"circle15, {cutoffs} min", len(areas), seconds, mean_vertices(areas.geometry)))
    drawn = areas[(areas["cutoff_min"] == CUTOFF_MIN) & (areas["origin"] < options.sample)].geometry
    seconds, exact = timed(by_geos, net, origins, options.sample)
    rows.append(("GEOS union of buffered pieces", len(exact), seconds, mean_vertices(exact)))
    seconds, recipe = timed(by_recipe, net, origins, options.sample)
    rows.append(("networkx ego graph and buffers", len(recipe), seconds, mean_vertices(recipe)))

    print(f"{'':34} {'polygons/s':>11} {'per CPU s':>10} {'ratio':>7} {'vertices':>9}")
    _, n, (_, cpu_s), _ = rows[0]
    best = n / cpu_s
    for name, n, (wall_s, cpu_s), vertices in rows:
        print(f"{name:34} {n / wall_s:11.1f} {n / cpu_s:10.1f} {best * cpu_s / n:7.1f} {vertices:9.0f}")
    plain = [metres(net, geometry) for geometry in drawn]
    differ = [a.symmetric_difference(b).area / b.area for a, b in zip(plain, exact, strict=True)]
    print(f"area that circle15 and GEOS do not share: {np.mean(differ):.3%} mean, {np.max(differ):.3%} worst")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def random_places(net: circle15.WalkNetwork, n: int, where: str) -> Any:
    """Choose nodes at random: those nearest to H3 cells of resolution 9 and 10, or any, which lie where streets do."""
    rng = np.random.default_rng(15)
    main = np.zeros(net.n_nodes, dtype=bool)
    main[net.tail[~net.is_island]] = main[net.head[~net.is_island]] = True
    nodes = distinct_origins(net) if where == "cells" else np.arange(net.n_nodes)
    node = rng.choice(nodes[main[nodes]], n)
    return circle15.link(net, net.node_lon[node], net.node_lat[node])


def timed(function: Any, *arguments: Any, **options: Any) -> tuple[tuple[float, float], Any]:
    """Call once; the seconds by the clock and of all threads' work (fair where others use the machine), the result."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    result = function(*arguments, **options)
    return (time.perf_counter() - begin, time.process_time() - begin_cpu), result


def mean_vertices(geometries: Any) -> float:
    """Count vertices per geometry."""
    return float(shapely.get_num_coordinates(np.asarray(geometries)).mean())


def metres(net: circle15.WalkNetwork, geometry: Any) -> Any:
    """Project to metres around the network's middle, as all ways here do."""
    scale = circle15.units.EARTH_RADIUS_M * np.pi / 180
    lat = float(np.median(net.node_lat))
    return shapely.transform(geometry, lambda xy: xy * [scale * np.cos(np.radians(lat)), scale])


def by_geos(net: circle15.WalkNetwork, origins: Any, sample: int) -> list[Any]:
    """Buffer each exact piece and unite, which is what the grid stands in for."""
    graph, speed = _graph(net, "adult")
    places = _places(net, graph, speed, "origins", origins.take(slice(sample)))
    indptr, edge, begin, end, _, _ = _core.reached(graph, places, CUTOFF_MIN * 60_000, 1)
    last = indptr[sample]
    ends = np.column_stack([net.node_lon, net.node_lat])
    tail, head = ends[net.tail[edge[:last]]], ends[net.head[edge[:last]]]
    way = head - tail
    lines = shapely.linestrings(np.stack([tail + begin[:last, None] * way, tail + end[:last, None] * way], axis=1))
    lines = metres(net, lines)
    return [
        shapely.union_all(shapely.buffer(lines[indptr[i] : indptr[i + 1]], BUFFER_M, quad_segs=8))
        for i in range(sample)
    ]


def by_recipe(net: circle15.WalkNetwork, origins: Any, sample: int) -> list[Any]:
    """Follow the recipe that OSMnx's examples teach, on the network as networkx holds it."""
    graph = nx.Graph()
    ms = net.walk_ms[net.profile_index("adult"), 0]
    walkable = ms != UNREACHED
    graph.add_weighted_edges_from(
        zip(net.tail[walkable].tolist(), net.head[walkable].tolist(), ms[walkable].tolist(), strict=True)
    )
    begin = time.perf_counter()
    place = shapely.get_coordinates(metres(net, shapely.points(net.node_lon, net.node_lat)))
    areas = []
    for edge in origins.edge[:sample].tolist():
        ego = nx.ego_graph(graph, int(net.tail[edge]), radius=CUTOFF_MIN * 60_000, distance="weight")
        lines = [shapely.LineString([place[u], place[v]]).buffer(BUFFER_M) for u, v in ego.edges]
        areas.append(shapely.union_all(lines))
    print(f"(of the recipe, {time.perf_counter() - begin:.1f} s for {sample} origins after the graph is made)")
    return areas


if __name__ == "__main__":
    main()
