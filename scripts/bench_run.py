"""End to end, as a user waits: whole processes, cold, circle15 beside the script that an analyst writes today.

    python scripts/bench_run.py EXTRACT [--box west,south,east,north] [--resolution 10] [--repeat 3]
        [--analyst PYTHON] [--baseline PYTHON]

Both read the same extract, use the same tags, cells, threshold and speed, and write a cells table, the coverage and a
map. Seconds are medians of whole processes started alternately, after one round that is not counted and leaves every
package with its bytecode, as pip does where it is not told otherwise; only their ratio means anything on a machine that
does other things. "One row changed" is a run again after a clinic of a table has moved by some metres.

--analyst names a Python that has pandana, which brings packages that would weigh on ours; --baseline one that has
another commit of circle15, which is measured in the same rounds.
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

import numpy as np

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
N_CLINICS = 120
SOURCES = {
    "nursery": "amenity=kindergarten|childcare",
    "canteen": "amenity=restaurant|cafe",
    "clinic": "amenity=hospital|clinic|doctors|pharmacy",
    "sports": "leisure=sports_centre|fitness_centre|pitch",
}


CLINICS = """
[[layer]]
id = "clinic"
name = "clinic"
source = "clinics.csv"
crs = "wgs84"
minutes = 15
"""


def timed(command: list[str], env: dict[str, str]) -> float:
    """Run a process to its end and give its seconds; its own words are shown if it fails."""
    begun = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun


def write_configs(folder: Path, options: argparse.Namespace) -> tuple[Path, Path]:
    """Write the bench's config, and the same with its clinics in a table."""
    # People are even, as in the analyst's script: one number for the whole box.
    (folder / "people.csv").write_text("street,population\nbench,100000\n", encoding="utf-8")
    text = CONFIG.format(box=options.box, extract=options.extract.resolve(), resolution=options.resolution)
    layers = {i: LAYER.format(id=i, source=s) for i, s in SOURCES.items()}
    config, tabled = folder / "bench.toml", folder / "tabled.toml"
    config.write_text(text + "".join(layers.values()), encoding="utf-8")
    tabled.write_text(text + "".join({**layers, "clinic": CLINICS}.values()), encoding="utf-8")
    west, south, east, north = (float(v) for v in options.box.split(","))
    rng = np.random.default_rng(15)
    places = np.column_stack([rng.uniform(west, east, N_CLINICS), rng.uniform(south, north, N_CLINICS)])
    np.savetxt(folder / "clinics.csv", places, "%.6f", delimiter=",", header="lon,lat", comments="")
    return config, tabled


def move_one(table: Path) -> None:
    """Move the first place of a table by some metres to the north."""
    head, first, *rest = table.read_text(encoding="utf-8").splitlines()
    lon, lat = first.split(",")
    table.write_text("\n".join([head, f"{lon},{float(lat) + 1e-4:.6f}", *rest]) + "\n", encoding="utf-8")


def main() -> None:
    """Run all alternately and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--box", default="8.60,49.37,8.75,49.45")
    parser.add_argument("--resolution", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--analyst", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--baseline", metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, tabled = write_configs(folder, options)
        script, out = Path(__file__).with_name("bench_run_analyst.py"), folder / "analyst"
        analyst = [options.analyst, str(script), str(options.extract), str(out), options.box, str(options.resolution)]
        pythons = {"": sys.executable} | ({"baseline: ": options.baseline} if options.baseline else {})
        seconds: dict[str, list[float]] = {}
        for turn in range(options.repeat + 1):
            env = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
            env.pop("PYTHONDONTWRITEBYTECODE", None)
            taken = {"analyst's script": timed(analyst, env)}
            for label, python in pythons.items():
                # Each commit has bytecode and a cache of its own.
                own = {**env, "XDG_CACHE_HOME": str(folder / f"{label[:4]}cache-{turn}")}
                own["PYTHONPYCACHEPREFIX"] += label[:4]

                def run(source: Path, python: str = python, own: dict[str, str] = own, label: str = label) -> float:
                    out = str(folder / f"{label[:4]}{source.stem}")
                    return timed([python, "-m", "circle15", "run", str(source), "-q", "--out", out], own)

                taken[f"{label}circle15 run, cold"] = run(config)
                taken[f"{label}the same again"] = run(config)
                run(tabled)
                move_one(folder / "clinics.csv")
                taken[f"{label}one row of a table changed"] = run(tabled)
            if turn > 0:
                for what, value in taken.items():
                    seconds.setdefault(what, []).append(value)
        base = statistics.median(seconds["analyst's script"])
        print(f"{'':40}{'seconds':>9}{'ratio':>8}")
        for what, values in seconds.items():
            median = statistics.median(values)
            print(f"{what:40}{median:9.2f}{base / median:8.2f}")
        for source in (config, tabled):
            stages = json.loads((folder / source.stem / "run.json").read_text(encoding="utf-8"))["seconds"]
            print(f"stages of the last run of {source.name}: " + ", ".join(f"{k} {v:.2f}" for k, v in stages.items()))


if __name__ == "__main__":
    main()
