"""Compare street distances with Valhalla's pedestrian matrix on the same file; tiles are built here.

Both answer for the same places: junctions of circle15's network, far enough from each other. Penalties are off on both
sides: Valhalla's costs for steps, lanes, drives and alleys are neutral, and circle15 walks metres alone.

    pip install "pyvalhalla; python_version >= '3.12'" "pyvalhalla-weekly; python_version < '3.12'"
    python scripts/bench_valhalla.py porto_alegre.osm.pbf --places 60 --out outliers.csv
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmium
import pandas as pd

import circle15
from circle15.network.build import read_network
from circle15.network.graph import metres_network
from circle15.network.rules.walking_table import may_walk

WITHIN = 0.03
TARGET = 0.9
FARTHEST_M = 3000.0
NEAREST_M = 200.0
MIDDLE_DEG = 0.02
NEUTRAL = {
    "walking_speed": 4.5, "walkway_factor": 1.0, "sidewalk_factor": 1.0, "alley_factor": 1.0, "driveway_factor": 1.0,
    "step_penalty": 0.0, "use_ferry": 0.0, "use_living_streets": 0.5, "use_tracks": 0.5, "use_hills": 0.5,
    "service_penalty": 0.0, "service_factor": 1.0, "destination_only_penalty": 0.0, "maneuver_penalty": 0.0,
    "gate_penalty": 0.0, "gate_cost": 0.0, "shortest": True, "max_hiking_difficulty": 6,
}  # fmt: skip


def make_actor(pbf: Path, folder: Path) -> Any:
    """Build Valhalla's tiles of a file and open them."""
    import valhalla  # noqa: PLC0415 (its own extra)

    tiles = folder / "tiles"
    tiles.mkdir()
    config = valhalla.get_config(tile_extract="", tile_dir=tiles, verbose=False)
    config["mjolnir"]["concurrency"] = 1
    config["mjolnir"]["admin"] = config["mjolnir"]["timezone"] = ""
    limits = {"max_matrix_location_pairs": 1_000_000, "max_locations": 1000, "max_matrix_distance": 200_000.0}
    config["service_limits"]["pedestrian"].update(limits)
    path = folder / "valhalla.json"
    path.write_text(json.dumps(config))
    builder = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    subprocess.run([str(builder), "-c", str(path), str(pbf)], check=True, capture_output=True)
    return valhalla.Actor(config)


def valhalla_metres(actor: Any, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Give the metres between all places, NaN where Valhalla finds no way."""
    places = [{"lon": x, "lat": y, "radius": 0} for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    request = {"sources": places, "targets": places, "costing": "pedestrian", "units": "kilometers",
               "costing_options": {"pedestrian": NEUTRAL}, "verbose": True}  # fmt: skip
    rows = actor.matrix(request)["sources_to_targets"]
    return np.array([[np.nan if c["distance"] is None else 1000 * c["distance"] for c in row] for row in rows])


def tags_of(pbf: Path, ways: set[int]) -> dict[int, dict[str, str]]:
    """Read the tags of some ways."""
    chosen = osmium.FileProcessor(str(pbf), osmium.osm.WAY).with_filter(osmium.filter.IdFilter(sorted(ways)))
    return {way.id: {t.k: t.v for t in way.tags} for way in chosen}


def ways_of_valhalla(actor: Any, pair: Any) -> set[int]:
    """Give the ways of Valhalla's own route."""
    places = [{"lon": pair.from_lon, "lat": pair.from_lat}, {"lon": pair.to_lon, "lat": pair.to_lat}]
    options = {"costing": "pedestrian", "costing_options": {"pedestrian": NEUTRAL}}
    route = actor.route({"locations": places, **options})
    shape = route["trip"]["legs"][0]["shape"]
    attributes = {"attributes": ["edge.way_id"], "action": "include"}
    traced = actor.trace_attributes(
        {"encoded_polyline": shape, **options, "shape_match": "walk_or_snap", "filters": attributes}
    )
    return {edge["way_id"] for edge in traced["edges"]}


def cause(pair: Any, ours: set[int], theirs: set[int], known: set[int], tags: dict[int, dict[str, str]]) -> str:
    """Name why two lengths differ: the ways that only one side walks, and the row of the table that decides on them."""
    if pair.difference < 0:
        refused = sorted({may_walk(tags[w])[1] for w in theirs - known if w in tags})
        return f"Valhalla walks what circle15 does not: {', '.join(refused)}" if refused else "other ways of equal kind"
    special = {"square crossed" for w in ours - theirs if tags.get(w, {}).get("area") == "yes"}
    for way in ours - theirs:
        t = tags.get(way, {})
        closing = [f"{k}={t[k]}" for k in ("access", "foot", "oneway:foot", "highway") if k in t]
        special.add(" ".join(closing))
    return (
        f"circle15 walks what Valhalla does not: {', '.join(sorted(special))}" if special else "where the place was put"
    )


def causes(actor: Any, pbf: Path, net: Any, outliers: pd.DataFrame) -> list[str]:
    """Name the cause of each pair that differs."""
    graph = net.to_networkx()
    theirs = [ways_of_valhalla(actor, pair) for pair in outliers.itertuples()]
    ours = []
    for pair in outliers.itertuples():
        path = nx.shortest_path(graph, pair.from_node, pair.to_node, weight="metres_ms")
        steps = (min(graph[u][v].values(), key=lambda e: e["metres_ms"]) for u, v in pairwise(path))
        ours.append({int(net.way_id[e["edge"]]) for e in steps})
    tags = tags_of(pbf, set().union(*ours, *theirs))
    known = set(net.way_id.tolist())
    return [cause(pair, o, t, known, tags) for pair, o, t in zip(outliers.itertuples(), ours, theirs, strict=True)]


def compare(net: Any, node: np.ndarray, theirs: np.ndarray) -> pd.DataFrame:
    """Give the pairs that are neither near, where Valhalla's whole metres tell, nor far."""
    at = circle15.link_nodes(net, node)
    table = circle15.travel_times(net, at, at, profile="metres", cutoff_s=4 * FARTHEST_M)
    ours = np.full(theirs.shape, np.nan)
    ours[np.repeat(np.arange(len(node)), np.diff(table.indptr)), table.destination] = table.seconds
    a, b = np.nonzero((ours >= NEAREST_M) & (ours <= FARTHEST_M))
    pairs = pd.DataFrame({
        "from_node": node[a], "to_node": node[b], "from_lon": net.node_lon[node[a]], "from_lat": net.node_lat[node[a]],
        "to_lon": net.node_lon[node[b]], "to_lat": net.node_lat[node[b]], "ours_m": ours[a, b].round(1),
        "valhalla_m": theirs[a, b],
    })  # fmt: skip
    return pairs.assign(difference=pairs["valhalla_m"] / pairs["ours_m"] - 1)


def main() -> None:
    """Compare and print; list the pairs that differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--places", type=int, default=60)
    parser.add_argument("--out", type=Path, help="CSV of the pairs that differ, with their cause")
    chosen = parser.parse_args()
    net = metres_network(read_network(chosen.path))
    largest = np.bincount(net.component).argmax()
    degree = np.bincount(np.concatenate([net.tail, net.head]), minlength=net.n_nodes)
    # Junctions of the middle, so that walks need not leave the file.
    middle = np.median(net.node_lon), np.median(net.node_lat)
    near = np.hypot(net.node_lon - middle[0], net.node_lat - middle[1]) < MIDDLE_DEG
    junctions = np.flatnonzero((degree > 2) & (net.component == largest) & near)
    node = np.random.default_rng(15).choice(junctions, chosen.places, replace=False)
    with tempfile.TemporaryDirectory() as folder:
        actor = make_actor(chosen.path, Path(folder))
        pairs = compare(net, node, valhalla_metres(actor, net.node_lon[node], net.node_lat[node]))
        apart = pairs[~(pairs["difference"].abs() <= WITHIN)].sort_values("difference").reset_index(drop=True)
        apart["cause"] = causes(actor, chosen.path, net, apart) if len(apart) else []
    agree = 1 - len(apart) / len(pairs)
    verdict = "yes" if agree >= TARGET else "NO"
    print(
        f"{chosen.path.name}: {len(pairs)} pairs of {chosen.places} places, {agree:.1%} within {WITHIN:.0%}: {verdict}"
    )
    print(pairs["difference"].describe(percentiles=[0.05, 0.25, 0.5, 0.75, 0.95]).to_string())
    print("outliers by cause:", apart["cause"].value_counts().to_string(), sep="\n")
    if chosen.out is not None:
        apart.drop(columns=["from_node", "to_node"]).to_csv(chosen.out, index=False)


if __name__ == "__main__":
    main()
