"""Time the reading of an OSM file: a bare pyosmium pass, `read_network`, and the second, cached read.

Each runs in a process of its own, in turns; printed are the medians, the ratios and the peak memory.

    python scripts/bench_read.py data/osm/monaco.osm.pbf --rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = {"read_network": (1.5, "at most 1.5 x the bare pass"), "cached": (0.1, "at most 0.1 x the first read")}
MEMORY_TARGET_MB = 1500

# The bare pass does what any reader must: every highway way with its nodes' ids and places, nothing more.
BARE = """
ways = []
only = osmium.filter.EntityFilter(osmium.osm.WAY), osmium.filter.KeyFilter("highway")
for way in osmium.FileProcessor(path).with_locations().with_filter(only[0]).with_filter(only[1]):
    ways.append((way.id, [(n.ref, n.lon, n.lat) for n in way.nodes if n.location.valid()]))
size = sum(len(nodes) for _, nodes in ways)
"""
OURS = """
network = read_network(path, cache={cache})
size = network.n_edges
"""
TIMED = """
import json, resource, sys, time
import osmium
{imports}
path = sys.argv[1]
began = time.perf_counter()
{code}
seconds = time.perf_counter() - began
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
print(json.dumps(dict(seconds=seconds, peak_mb=peak_mb, size=size)))
"""


def run(code: str, path: Path, cache: Path) -> dict[str, float]:
    """Run ``code`` on ``path`` in a new process; its imports come before the clock starts."""
    imports = "from circle15 import read_network" if "read_network" in code else ""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "LOCALAPPDATA": str(cache)}
    command = [sys.executable, "-c", TIMED.format(code=code, imports=imports), str(path)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    kinds = {"bare pass": BARE, "read_network": OURS.format(cache=False), "cached": OURS.format(cache=True)}
    results: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        run(kinds["cached"], chosen.path, Path(folder))
        for _ in range(chosen.rounds):
            for kind, code in kinds.items():
                results[kind].append(run(code, chosen.path, Path(folder)))
    seconds = {kind: statistics.median(r["seconds"] for r in found) for kind, found in results.items()}
    peak = {kind: max(r["peak_mb"] for r in found) for kind, found in results.items()}
    against = {"bare pass": "bare pass", "read_network": "bare pass", "cached": "read_network"}
    print(f"{chosen.path.name}: {results['read_network'][0]['size']:,.0f} edges, median of {chosen.rounds} rounds")
    print(f"{'':14}{'seconds':>9}{'ratio':>8}{'peak MB':>9}")
    for kind in kinds:
        ratio = seconds[kind] / seconds[against[kind]]
        limit, words = TARGETS.get(kind, (None, ""))
        verdict = "" if limit is None else f"  {words}: {'yes' if ratio <= limit else 'NO'}"
        print(f"{kind:14}{seconds[kind]:9.2f}{ratio:8.3f}{peak[kind]:9.0f}{verdict}")
    within = peak["read_network"] <= MEMORY_TARGET_MB
    print(f"under {MEMORY_TARGET_MB} MB: {'yes' if within else 'NO'}")


if __name__ == "__main__":
    main()
