"""Print how often the truth lies between the bounds of what the map lacks: well-mapped cities, thinned.

    python scripts/calibrate_paths.py FOLDER [--site NAME ...] [--draws 1] [--grid]

FOLDER holds osm/heidelberg.osm.pbf, osm/porto.osm.pbf and osm/multicity15.osm.pbf. A city's streets as mapped, as far
as they hang together, are the truth. They are thinned as extracts of Chinese cities are thin: whole footways and
paths, and whole service roads, are dropped at stated rates, and so are gates, which are the pieces by which what is
left of them hangs on other streets. Homes stand 5 to 20 m beside minor streets of the whole map, facilities at some of
them. For each square of 750 m, density of facilities and threshold, the true covered share is compared with the bounds
that the thinned streets give. Squares in which nothing is at stake (truth and both bounds are all 0 or all 1) count in
no column. "within" is the per cent of squares whose truth lies between the bounds; "above" and "below" those whose
truth is beyond the upper and the lower one, by the points that follow on average; "mapped" is how far the thinned
streets alone are off the truth on average, "width" how far the bounds lie apart, in points.
--grid tries other detours and longest ways.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from circle15.inputs.osm.columns import read_columns
from circle15.network.build import read_network
from circle15.network.graph import WalkNetwork
from circle15.network.linking.block_ways import Ground, ground_of, with_block_paths
from circle15.network.linking.link import link
from circle15.network.streets.components import find_components
from circle15.pipeline.draws.unmapped_paths import (
    DETOUR,
    LIKELY_M,
    Doors,
    Walk,
    no_block_outlines,
    reach_at_a_detour,
    reach_over_blocks,
)
from circle15.reach.kth import seconds_to_kth

SITES = {
    "Heidelberg": ("heidelberg", (8.66, 49.39, 8.72, 49.43)),
    "Porto": ("porto", (-8.65, 41.14, -8.60, 41.17)),
    "Milan": ("multicity15", (9.16, 45.44, 9.21, 45.48)),
    "Oslo": ("multicity15", (10.71, 59.91, 10.78, 59.94)),
    "Maribor": ("multicity15", (15.62, 46.53, 15.69, 46.58)),
    "Monaco": ("multicity15", (7.40, 43.72, 7.45, 43.76)),
    "Vaduz": ("multicity15", (9.50, 47.12, 9.55, 47.18)),
    "Valletta": ("multicity15", (14.47, 35.87, 14.53, 35.91)),
}
FOOT = frozenset({"footway", "path", "pedestrian", "steps", "cycleway", "bridleway", "corridor"})
SERVICE = frozenset({"service", "track"})
MINOR = FOOT | SERVICE | {"residential", "living_street", "unclassified"}
N_HOMES = 3000
PER_KM2 = (0.5, 1.5)
MINUTES = (5, 10, 15)
SPEED_M_S = 1.25
SIDE_M = 750.0
FEWEST = 20
ISLAND_M = 1000.0


@dataclass(frozen=True)
class Thinning:
    """Shares that are dropped."""

    footways: float
    service: float
    gates: float


THIN = {"a little": Thinning(0.4, 0.2, 0.05), "much": Thinning(0.7, 0.5, 0.15), "as China": Thinning(0.9, 0.7, 0.3)}
"""The last leaves per square kilometre what the extracts of Nanjing Xuanwu and Shenzhen Longgang have: 0.8 to 1.8 km of
footways and 0.3 to 1.2 km of service roads, against 7 to 20 and 1 to 5 in the cities thinned here."""


def highways(path: Path, net: WalkNetwork) -> Any:
    """Give the highway tag of each edge's way."""
    ways = read_columns(path, having=("highway",), way_keys=("highway",), node_keys=())
    tags = dict(zip(ways.way_id.tolist(), ways.way_tags["highway"].as_objects(), strict=True))
    return np.array([tags.get(way) or "" for way in net.way_id.tolist()])


def joined_streets(net: WalkNetwork) -> WalkNetwork:
    """Let nobody start on streets that hang together with the most of them nowhere: no truth about walks there."""
    of_edge = net.component[net.tail]
    return replace(net, is_island=of_edge != np.argmax(np.bincount(of_edge, weights=net.street_m)))


def thinned(net: WalkNetwork, highway: Any, rates: Thinning, rng: np.random.Generator) -> WalkNetwork:
    """Drop ways and gates at their rates."""
    ways, of_edge = np.unique(net.way_id, return_inverse=True)
    luck = rng.random(len(ways))[of_edge]
    is_foot, is_service = np.isin(highway, list(FOOT)), np.isin(highway, list(SERVICE))
    kept = ~(is_foot & (luck < rates.footways)) & ~(is_service & (luck < rates.service))
    inner = kept & (is_foot | is_service)
    others = np.zeros(net.n_nodes, dtype=np.bool_)
    others[net.tail[kept & ~inner]] = others[net.head[kept & ~inner]] = True
    is_gate = inner & (others[net.tail] | others[net.head])
    kept &= ~(is_gate & (rng.random(net.n_edges) < rates.gates))
    tail, head = net.tail[kept], net.head[kept]
    component = find_components(net.n_nodes, tail, head)
    street_m = np.bincount(component[tail], weights=net.street_m[kept], minlength=int(component.max()) + 1)
    return WalkNetwork(
        net.node_lon, net.node_lat, tail, head, net.length_m[kept], net.profiles, net.walk_ms[:, :, kept],
        is_island=(street_m < ISLAND_M)[component[tail]], way_id=net.way_id[kept], report=net.report,
        is_span=net.is_span[kept], is_street=net.is_street[kept],
    )  # fmt: skip


def homes_beside(net: WalkNetwork, highway: Any, box: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Give homes beside minor streets in a box."""
    x, y = (net.node_lon[net.tail] + net.node_lon[net.head]) / 2, (net.node_lat[net.tail] + net.node_lat[net.head]) / 2
    west, south, east, north = box
    minor = np.isin(highway, list(MINOR)) & (x > west) & (x < east) & (y > south) & (y < north) & ~net.is_span
    where = np.flatnonzero(minor)
    edge = rng.choice(where, N_HOMES, p=net.street_m[where] / net.street_m[where].sum())
    share, aside = rng.random(N_HOMES), rng.uniform(5, 20, N_HOMES) * rng.choice([-1, 1], N_HOMES)
    narrower = np.cos(np.radians(south))
    dx, dy = (
        (net.node_lon[net.head] - net.node_lon[net.tail])[edge] * narrower,
        (net.node_lat[net.head] - net.node_lat[net.tail])[edge],
    )
    long = np.maximum(np.hypot(dx, dy), 1e-9)
    lon = net.node_lon[net.tail[edge]] + share * dx / narrower - aside * dy / long / 111_195 / narrower
    lat = net.node_lat[net.tail[edge]] + share * dy + aside * dx / long / 111_195
    return lon, lat


@dataclass(frozen=True)
class Case:
    """One threshold in one thinned city."""

    square: Any
    truth: Any
    mapped: Any
    lon: Any
    lat: Any
    at: Any
    doors: Doors
    walk: Walk
    net: WalkNetwork
    ground: Ground
    denser: dict[tuple[float, float], WalkNetwork]

    def rows(self, limit_m: float, detour: float) -> Any:
        """Give truth, as mapped, lower and upper of each square with something at stake."""
        lower, upper = self.mapped.copy(), self.mapped.copy()
        on, off = np.flatnonzero(self.mapped), np.flatnonzero(~self.mapped)
        lower[on] = reach_at_a_detour(self.net, self.at.take(on), self.doors, self.walk)
        ground = replace(self.ground, limit_m=limit_m, detour=detour)
        if (limit_m, detour) not in self.denser:
            self.denser[limit_m, detour] = with_block_paths(self.net, ground)
        net, at = self.denser[limit_m, detour], self.at.take(off)
        upper[off] = reach_over_blocks(net, self.lon[off], self.lat[off], at, self.doors, walk=self.walk, ground=ground)
        n = np.bincount(self.square)
        shares = np.column_stack([np.bincount(self.square, c) / n for c in (self.truth, self.mapped, lower, upper)])
        at_stake = (shares.min(axis=1) < 1) & (shares.max(axis=1) > 0) & (n >= FEWEST)
        return shares[at_stake]


def cases_of(name: str, folder: Path, rates: Thinning, seed: int) -> list[Case]:
    """Lay out a city, its truth and its thinned streets."""
    file, box = SITES[name]
    path = folder / "osm" / f"{file}.osm.pbf"
    rng = np.random.default_rng(seed)
    area = shapely.box(*box).buffer(0.02)
    net = joined_streets(read_network(path, area=area, hard_borders=True))
    highway = highways(path, net)
    lon, lat = homes_beside(net, highway, box, rng)
    side = SIDE_M / 111_195
    keys = np.column_stack([(lon - box[0]) * np.cos(np.radians(box[1])) // side, (lat - box[1]) // side])
    square = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    km2 = (box[2] - box[0]) * np.cos(np.radians(box[1])) * (box[3] - box[1]) * 111.195**2
    thin = thinned(net, highway, rates, rng)
    ground = ground_of(thin, no_block_outlines(path, thin), limit_m=LIKELY_M, detour=DETOUR)
    true_at, at = (link(one, lon, lat, profile="adult") for one in (net, thin))
    cases: list[Case] = []
    denser: dict[tuple[float, float], WalkNetwork] = {}
    for per_km2 in PER_KM2:
        who = rng.choice(N_HOMES, max(1, round(per_km2 * km2)), replace=False)
        for minutes in MINUTES:
            walk = Walk("adult", SPEED_M_S, 60.0 * minutes, 1)
            doors = Doors(lon[who], lat[who], np.arange(len(who)), at.take(who))
            options = {"k": 1, "profile": "adult", "cutoff_s": walk.threshold_s}
            truth = ~np.isnan(seconds_to_kth(net, true_at, true_at.take(who), doors.facility, **options))
            mapped = ~np.isnan(seconds_to_kth(thin, at, doors.at, doors.facility, **options))
            cases.append(Case(square, truth, mapped, lon, lat, at, doors, walk, thin, ground, denser))
    return cases


def text_of(rows: Any) -> str:
    """Give the columns of the table."""
    truth, mapped, lower, upper = 100 * rows.T
    above, below = truth - upper, lower - truth
    is_above, is_below = above > 1e-9, below > 1e-9
    misses = [m[i].mean() if i.any() else 0.0 for m, i in ((above, is_above), (below, is_below))]
    numbers = (
        len(rows), 100 * (~is_above & ~is_below).mean(), 100 * is_above.mean(), misses[0], 100 * is_below.mean(),
        misses[1], np.abs(mapped - truth).mean(), (upper - lower).mean(),
    )  # fmt: skip
    return f"{numbers[0]:8d}" + "".join(f"{v:9.1f}" for v in numbers[1:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--site", nargs="+", choices=SITES, default=list(SITES))
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--grid", action="store_true")
    options = parser.parse_args()
    rules = list(product((200.0, 300.0), (1.1, 1.2, 1.3))) if options.grid else [(LIKELY_M, DETOUR)]
    heads = ("squares", "within", "above", "by", "below", "by", "mapped", "width")
    print(f"{'':24}{'':12}{heads[0]:>8}" + "".join(f"{h:>9}" for h in heads[1:]))
    pooled: dict[tuple[Any, str], list[Any]] = {}
    for name in options.site:
        for how, rates in THIN.items():
            cases = [c for seed in range(options.draws) for c in cases_of(name, options.folder, rates, seed)]
            for rule in rules:
                rows = np.concatenate([c.rows(*rule) for c in cases])
                pooled.setdefault((rule, how), []).append(rows)
                if not options.grid:
                    print(f"{name:24}{how:12}{text_of(rows)}", flush=True)
    for (rule, how), rows in sorted(pooled.items()):
        print(f"{f'all, {rule[0]:g} m, x {rule[1]:g}':24}{how:12}{text_of(np.concatenate(rows))}")


if __name__ == "__main__":
    main()
