"""End to end, as a user waits: whole processes, cold, circle15 beside the script that an analyst writes today.

    python scripts/bench_run.py EXTRACT [--box west,south,east,north] [--resolution 10] [--repeat 3]

Both read the same extract, use the same tags, cells, threshold and speed, and write a cells table, the coverage and a
map. Seconds are medians of whole processes started alternately, after one round that is not counted and leaves every
package with its bytecode, as pip does where it is not told otherwise; only their ratio means anything on a machine that
does other things.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
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
resolution = {resolution}
[population]
source = "units"
path = "people.csv"
[outputs]
write = ["cells", "coverage", "map"]
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


def timed(command: list[str], env: dict[str, str]) -> float:
    """Run a process to its end and give its seconds; its own words are shown if it fails."""
    begun = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun


def main() -> None:
    """Run both alternately and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--box", default="8.60,49.37,8.75,49.45")
    parser.add_argument("--resolution", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # People are even, as in the analyst's script: one number for the whole box.
        (folder / "people.csv").write_text("street,population\nbench,100000\n", encoding="utf-8")
        layers = "".join(LAYER.format(id=i, source=s) for i, s in SOURCES.items())
        text = CONFIG.format(box=options.box, extract=options.extract.resolve(), resolution=options.resolution)
        config = folder / "bench.toml"
        config.write_text(text + layers, encoding="utf-8")
        analyst = Path(__file__).with_name("bench_run_analyst.py")
        box, resolution = options.box, str(options.resolution)
        ours = [sys.executable, "-m", "circle15", "run", str(config), "-q", "--out", str(folder / "ours")]
        theirs = [sys.executable, str(analyst), str(options.extract), str(folder / "analyst"), box, resolution]
        commands = {"analyst's script": theirs, "circle15 run, cold": ours, "circle15 run, network cached": ours}
        seconds: dict[str, list[float]] = {n: [] for n in commands}
        env = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(options.repeat + 1):
            for n, command in commands.items():
                taken = timed(command, {**env, "XDG_CACHE_HOME": str(folder / f"cache-{turn}")})
                if turn > 0:
                    seconds[n].append(taken)
        base = statistics.median(seconds["analyst's script"])
        print(f"{'':32}{'seconds':>9}{'ratio':>8}")
        for n, values in seconds.items():
            median = statistics.median(values)
            print(f"{n:32}{median:9.2f}{base / median:8.2f}")
        stages = json.loads((folder / "ours" / "run.json").read_text(encoding="utf-8"))["seconds"]
        print("circle15's stages, last run: " + ", ".join(f"{k} {v:.2f}" for k, v in stages.items()))


if __name__ == "__main__":
    main()
