"""Time linking points to edges beside shapely's STRtree, on one network, with the same points.

python scripts/bench_link.py ../shared/data/osm/porto.osm.pbf
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import shapely

import circle15
from circle15.units import EARTH_RADIUS_M


def main() -> None:
    """Run the comparison and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="OSM extract")
    parser.add_argument("--points", type=int, default=100_000)
    options = parser.parse_args()

    net = circle15.read_network(options.source)
    rng = np.random.default_rng(15)
    node = rng.integers(0, net.n_nodes, options.points)
    lon = net.node_lon[node] + rng.normal(0, 1e-3, options.points)
    lat = net.node_lat[node] + rng.normal(0, 1e-3, options.points)
    print(f"{net.n_edges} edges, {options.points} points")

    tree_s, _ = timed(net.edge_tree)
    link_s, at = timed(circle15.link, net, lon, lat)
    strtree_s, (tree, lines) = timed(strtree, net)
    query_s, (access_m, is_found) = timed(by_strtree, net, tree, lines, lon, lat)

    print(f"{'':22} {'prepare s':>10} {'link s':>8} {'ratio':>6}")
    print(f"{'circle15':22} {tree_s:10.3f} {link_s:8.3f} {1.0:6.1f}")
    print(f"{'shapely STRtree':22} {strtree_s:10.3f} {query_s:8.3f} {query_s / link_s:6.1f}")
    both = is_found & (at.edge >= 0)
    print(f"linked by one of the two alone: {int((is_found != (at.edge >= 0)).sum())}")
    print(f"largest difference of access: {np.abs(access_m - at.access_m)[both].max():.3f} m")


def timed(function: Any, *arguments: Any) -> tuple[float, Any]:
    """Call once; the seconds that it took, and what it gave."""
    begin = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begin, result


def to_metres(net: circle15.WalkNetwork, lon: Any, lat: Any) -> Any:
    """Project around the network's middle: one plane for all, less true than a plane for each point."""
    scale = EARTH_RADIUS_M * np.pi / 180
    return np.column_stack([lon * scale * np.cos(np.radians(np.median(net.node_lat))), lat * scale])


def strtree(net: circle15.WalkNetwork) -> Any:
    """Build shapely's tree over the edges that points may be linked to."""
    xy = to_metres(net, net.node_lon, net.node_lat)
    usable = ~net.is_island
    lines = shapely.linestrings(np.stack([xy[net.tail[usable]], xy[net.head[usable]]], axis=1))
    return shapely.STRtree(lines), lines


def by_strtree(net: circle15.WalkNetwork, tree: Any, lines: Any, lon: Any, lat: Any) -> Any:
    """Find the nearest line, the distance and the place along it."""
    points = shapely.points(to_metres(net, lon, lat))
    (at, line), distance = tree.query_nearest(points, max_distance=300.0, return_distance=True, all_matches=False)
    shapely.line_locate_point(lines[line], points[at], normalized=True)
    access_m = np.full(len(points), np.nan)
    access_m[at] = distance
    return access_m, ~np.isnan(access_m)


if __name__ == "__main__":
    main()
