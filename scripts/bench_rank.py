"""Time the choice of the best twenty of many candidates: whom each reaches, and the ranking; with peak memory.

    python scripts/bench_rank.py porto_alegre.osm.pbf [--candidates 100000] [--cells 20000]

Candidates and cells with uncovered people stand at random along the extract's streets, 15 minutes at 1.25 m/s apart.
"""

from __future__ import annotations

import argparse
import resource
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

import circle15
from circle15.pipeline.projects.gains import reach_of
from circle15.planning.ranking import rank_candidates


def at_random(net: circle15.WalkNetwork, n: int, rng: np.random.Generator) -> Any:
    """Link ``n`` places some ten metres from nodes."""
    node = rng.integers(0, net.n_nodes, n)
    places = (c[node] + rng.normal(0, 1e-4, n) for c in (net.node_lon, net.node_lat))
    return circle15.link(net, *places)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract")
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--cells", type=int, default=20_000)
    options = parser.parse_args()
    net = circle15.read_network(options.extract)
    rng = np.random.default_rng(15)
    candidates, cells = (at_random(net, n, rng) for n in (options.candidates, options.cells))
    people = rng.random(options.cells) * 50
    profile = next(iter(net.profiles))
    # What `reach_of` asks of a study and a service.
    study = SimpleNamespace(network=net)
    service = SimpleNamespace(layer=SimpleNamespace(profile=getattr(profile, "name", profile)), threshold_s=900.0)
    told = []
    for name, work in (
        ("whom each reaches", lambda: reach_of(study, service, cells, candidates)),  # type: ignore[arg-type]
        ("the best twenty", lambda: rank_candidates(told[0][3], people, top=20)),
    ):
        wall, processor = time.perf_counter(), time.process_time()
        found = work()
        told.append((name, time.perf_counter() - wall, time.process_time() - processor, found))
    print(f"{options.candidates:,} candidates, {told[0][3].nnz / 1e6:.1f} million pairs")
    for name, wall, processor, _ in told:
        print(f"{name:20}{wall:7.1f} s{processor:8.1f} processor seconds")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
