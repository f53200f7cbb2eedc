"""What [certainty] costs: seconds and memory of a whole run with draws beside the same run without.

    python scripts/bench_certainty.py EXTRACT [--box west,south,east,north] [--draws 200,800] [--repeat 2]

Seconds are the least of whole processes run alternately, memory is the largest resident set of each; only ratios mean
anything on a machine that does other things.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
[district]
id = "bench"
name = "bench"
boundary = "box:{box}"
lang = "en"
[network]
source = '{extract}'
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = 10
[population]
source = "units"
path = "people.csv"
unit_field = "unit"
value_field = "people"
"""
LAYER = """
[[layer]]
id = "{id}"
name = "{id}"
source = "osm:{source}"
minutes = 15
"""
SOURCES = {
    "nursery": "amenity=kindergarten|childcare",
    "canteen": "amenity=restaurant|cafe",
    "clinic": "amenity=hospital|clinic|doctors|pharmacy",
    "sports": "leisure=sports_centre|fitness_centre|pitch",
}


def run_once(config: Path, out: Path) -> tuple[float, float, dict[str, float]]:
    """Run a config to its end; give seconds, megabytes of its largest resident set, and its seconds per stage."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "circle15", "run", str(config), "--out", str(out), "-q"], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        raise SystemExit(f"{config} failed")
    return seconds, usage.ru_maxrss / 1024, json.loads((out / "run.json").read_text(encoding="utf-8"))["seconds"]


def main() -> None:
    """Run plainly and with draws, and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--box", default="8.60,49.36,8.75,49.45")
    parser.add_argument("--draws", default="200,800")
    parser.add_argument("--repeat", type=int, default=2)
    given = parser.parse_args()
    layers = "".join(LAYER.format(id=i, source=s) for i, s in SOURCES.items())
    plain = CONFIG.format(box=given.box, extract=given.extract.resolve()) + layers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "people.csv").write_text("unit,people\nbench,200000\n", encoding="utf-8")
        kinds = {0: plain} | {int(n): f"{plain}[certainty]\ndraws = {n}\n" for n in given.draws.split(",")}
        found: dict[int, list[tuple[float, float, dict[str, float]]]] = {n: [] for n in kinds}
        for turn in range(given.repeat):
            for n, text in kinds.items():
                (folder / f"{n}.toml").write_text(text, encoding="utf-8")
                found[n].append(run_once(folder / f"{n}.toml", folder / f"out-{n}-{turn}"))
        least, first_mb = min(f[0] for f in found[0]), min(f[1] for f in found[0])
        print(f"{'draws':>6}{'seconds':>9}{'ratio':>7}{'MB':>7}{'ratio':>7}  certainty, rank (s)")
        for n, runs in found.items():
            seconds, mb = min(f[0] for f in runs), min(f[1] for f in runs)
            stages = min(runs, key=lambda f: f[0])[2]
            drawn, rank = stages.get("certainty", 0.0), stages["rank"]
            print(
                f"{n:>6}{seconds:>9.1f}{seconds / least:>7.2f}{mb:>7.0f}{mb / first_mb:>7.2f}  {drawn:.1f}, {rank:.1f}"
            )


if __name__ == "__main__":
    main()
