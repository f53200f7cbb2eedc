"""What a skilled analyst writes today: pyosmium, pandana, h3, geopandas, a folium choropleth. A yardstick only.

Streets are nodes only (pandana has no partial edges), facilities and cells go to the nearest node, people are even.
Four layers by tag over a box.

    python scripts/bench_run_analyst.py EXTRACT OUT_DIR west,south,east,north RESOLUTION
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

BEGUN = time.perf_counter()

import folium  # noqa: E402 (the import is part of what is timed)
import geopandas as gpd  # noqa: E402
import h3  # noqa: E402
import numpy as np  # noqa: E402
import osmium  # noqa: E402
import pandana  # noqa: E402
import pandas as pd  # noqa: E402
import shapely  # noqa: E402

LAYERS = {
    "nursery": ("amenity", {"kindergarten", "childcare"}),
    "canteen": ("amenity", {"restaurant", "cafe"}),
    "clinic": ("amenity", {"hospital", "clinic", "doctors", "pharmacy"}),
    "sports": ("leisure", {"sports_centre", "fitness_centre", "pitch"}),
}
NOT_WALKED = {"motorway", "motorway_link", "trunk", "trunk_link", "construction", "proposed", "raceway", "bus_guideway"}
SPEED_M_S, THRESHOLD_S = 1.25, 900.0


def haversine_m(lon1: np.ndarray, lat1: np.ndarray, lon2: np.ndarray, lat2: np.ndarray) -> np.ndarray:
    """Great-circle distance in metres on OSMnx's sphere."""
    p1, p2 = np.radians(lat1), np.radians(lat2)
    a = np.sin((p2 - p1) / 2) ** 2 + np.cos(p1) * np.cos(p2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return 2 * 6_371_009.0 * np.arcsin(np.sqrt(a))


LonLat = tuple[float, float]


def read(path: str) -> tuple[dict[int, LonLat], list[tuple[int, int]], dict[str, list[LonLat]]]:
    """Read streets and places of interest in one pass."""
    places: dict[str, list[LonLat]] = {name: [] for name in LAYERS}
    nodes: dict[int, LonLat] = {}
    edges: list[tuple[int, int]] = []
    keys = osmium.filter.KeyFilter("highway", "amenity", "leisure")
    for o in osmium.FileProcessor(path).with_locations().with_filter(keys):
        if o.is_way():
            refs = [(n.ref, n.lon, n.lat) for n in o.nodes if n.location.valid()]
            if not refs:
                continue
            kind = o.tags.get("highway")
            if kind and kind not in NOT_WALKED and o.tags.get("foot") != "no" and o.tags.get("access") != "private":
                nodes.update((r, (x, y)) for r, x, y in refs)
                edges.extend((a[0], b[0]) for a, b in itertools.pairwise(refs))
            spot = (float(np.mean([r[1] for r in refs])), float(np.mean([r[2] for r in refs])))
        elif o.is_node():
            spot = (o.lon, o.lat)
        else:
            continue
        for name, (key, values) in LAYERS.items():
            if o.tags.get(key) in values:
                places[name].append(spot)
    return nodes, edges, places


def main() -> None:
    """Run the whole analysis and print its seconds as JSON."""
    seconds = {"import": time.perf_counter() - BEGUN}
    extract, out, box, resolution = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)

    def lap(name: str) -> None:
        seconds[name] = time.perf_counter() - BEGUN - sum(seconds.values())

    nodes, edges, places = read(extract)
    lap("read")
    frame = pd.DataFrame.from_dict(nodes, orient="index", columns=["x", "y"])
    pairs = np.array(edges)
    position = pd.Series(np.arange(len(frame)), index=frame.index)
    a, b = position[pairs[:, 0]].to_numpy(), position[pairs[:, 1]].to_numpy()
    x, y = frame["x"].to_numpy(), frame["y"].to_numpy()
    length = pd.Series(haversine_m(x[a], y[a], x[b], y[b]))
    tails, heads = pd.Series(pairs[:, 0]), pd.Series(pairs[:, 1])
    network = pandana.Network(frame["x"], frame["y"], tails, heads, length.to_frame("m"))
    lap("network")
    west, south, east, north = (float(v) for v in box.split(","))
    cells = h3.geo_to_cells(shapely.box(west, south, east, north), resolution)
    centres = np.array([h3.cell_to_latlng(c) for c in cells])
    at = network.get_node_ids(centres[:, 1], centres[:, 0])
    limit = THRESHOLD_S * SPEED_M_S
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(c)] for c in cells]
    table = gpd.GeoDataFrame({"cell": cells}, geometry=[shapely.Polygon(r) for r in rings], crs=4326)
    for name, spots in places.items():
        points = np.array(spots)
        network.set_pois(name, 2 * limit, 1, points[:, 0], points[:, 1])
        near = network.nearest_pois(2 * limit, name, num_pois=1)
        table[f"{name}_minutes"] = near.loc[at, 1].to_numpy() / SPEED_M_S / 60
        table[f"{name}_covered"] = table[f"{name}_minutes"] * 60 <= THRESHOLD_S
    lap("reach")
    table.to_parquet(out / "cells.parquet")
    shares = {name: float(table[f"{name}_covered"].mean()) for name in LAYERS}
    pd.Series(shares).to_csv(out / "coverage.csv")
    page = folium.Map(location=[(south + north) / 2, (west + east) / 2], zoom_start=13, tiles=None)
    for name in LAYERS:
        folium.Choropleth(
            geo_data=table[["cell", "geometry"]].to_json(), data=table, columns=["cell", f"{name}_minutes"],
            key_on="feature.properties.cell", name=name, fill_color="YlGnBu", line_weight=0,
        ).add_to(page)  # fmt: skip
    folium.LayerControl().add_to(page)
    page.save(str(out / "index.html"))
    lap("write")
    print(json.dumps({"cells": len(cells), "shares": shares, "seconds": {k: round(v, 2) for k, v in seconds.items()}}))


if __name__ == "__main__":
    main()
