"""What [certainty] costs: seconds and memory of a whole run with draws beside the same run without.

    python scripts/bench_certainty.py EXTRACT [--box west,south,east,north] [--draws 200,800] [--repeat 2]
        [--lists [LIST ...]]

Seconds are the least of whole processes run alternately, memory is the largest resident set of each; only ratios mean
anything on a machine that does other things. With --lists the same is told of every list that says how it holds:
rankings by people, gap and places among all cells and among candidates, planned projects, each model of siting, and a
programme of five years, in processor seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
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


CAPABLE = """
[[layer]]
id = "{id}"
name = "{id}"
source = "{id}.csv"
crs = "wgs84"
minutes = 15
norm_per_1000 = 4.6
capacity_unit = "place"
"""
N_FACILITIES, N_CANDIDATES, N_PROJECTS = 80, 60, 12
CANDIDATES = 'candidates = "candidates.csv"\ncrs = "wgs84"'
YEARS = "[programme]\nyears = [2026, 2027, 2028, 2029, 2030]\nbudget = 400"
MODELS = ("mclp", "set-cover", "p-median", "p-centre", "capacitated")
LISTS = {
    "ranking by people": ("run", ""),
    "ranking by gap": ("run", 'rank_by = "gap"'),
    "ranking by places": ("run", 'rank_by = "places"'),
    "candidates by people": ("run", CANDIDATES),
    "candidates by gap": ("run", f'{CANDIDATES}\nrank_by = "gap"'),
    "candidates by places": ("run", f'{CANDIDATES}\nrank_by = "places"'),
    "projects": ("run", 'projects = "projects.csv"\ncrs = "wgs84"'),
    **{
        f"site {m}": (f"site --layer nursery --model {m} {'--share 0.6' if m == 'set-cover' else '--p 5'}", CANDIDATES)
        for m in MODELS
    },
    "programme": ("programme", f"{CANDIDATES}\n{YEARS}"),
}


def write_tables(folder: Path, box: str) -> None:
    """Write facilities with capacities, candidates and projects with costs, anywhere in the box."""
    west, south, east, north = map(float, box.split(","))
    rng = np.random.default_rng(15)

    def rows(n: int, *columns: str) -> str:
        places = rng.uniform([west, south], [east, north], (n, 2)).round(6)
        numbers = ([str(v) for v in rng.integers(30, 120, n)] if c != "layer" else layers(n) for c in columns)
        values = zip(*numbers, strict=True)
        lines = [f"P{i},{x},{y},{','.join(v)}" for i, ((x, y), v) in enumerate(zip(places, values, strict=True))]
        return "\n".join([",".join(["name", "lon", "lat", *columns]), *lines]) + "\n"

    def layers(n: int) -> list[str]:
        return [("nursery", "clinic")[i % 2] for i in range(n)]

    for name in ("nursery", "clinic"):
        (folder / f"{name}.csv").write_text(rows(N_FACILITIES, "capacity"), encoding="utf-8")
    (folder / "candidates.csv").write_text(rows(N_CANDIDATES, "layer", "cost", "capacity"), encoding="utf-8")
    (folder / "projects.csv").write_text(rows(N_PROJECTS, "layer", "cost", "capacity"), encoding="utf-8")


def print_lists(folder: Path, plain: str, draws: list[int], given: argparse.Namespace) -> None:
    """Run each list's command with and without draws, in turns, and print its seconds."""
    write_tables(folder, given.box)
    base = plain + "".join(CAPABLE.format(id=i) for i in ("nursery", "clinic"))
    print(f"{'list':<24}{'draws':>6}{'seconds':>9}{'ratio':>7}{'MB':>7}")
    for name in given.lists or LISTS:
        command, planning = LISTS[name]
        least: dict[int, tuple[float, float]] = {}
        for turn, n in itertools.product(range(given.repeat), (0, *draws)):
            text = f"{base}[planning]\n{planning}\n" + (f"[certainty]\ndraws = {n}\n" if n else "")
            config, out = folder / "lists.toml", folder / f"lists-{n}-{turn}-{name.replace(' ', '-')}"
            config.write_text(text, encoding="utf-8")
            first, *more = command.split()
            cpu, mb = processor_seconds([first, str(config), *more, "--out", str(out), "-q"])
            least[n] = min(least.get(n, (cpu, mb)), (cpu, mb))
        for n, (cpu, mb) in least.items():
            print(f"{name:<24}{n:>6}{cpu:>9.1f}{cpu / least[0][0]:>7.2f}{mb:>7.0f}", flush=True)


def processor_seconds(arguments: list[str]) -> tuple[float, float]:
    """Run a command of circle15 to its end; give its processor seconds, and megabytes of its largest resident set."""
    process = subprocess.Popen([sys.executable, "-m", "circle15", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Run plainly and with draws, and print a row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--box", default="8.60,49.36,8.75,49.45")
    parser.add_argument("--draws", default="200,800")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--lists", nargs="*", choices=LISTS, metavar="LIST", help="which, all without a name")
    given = parser.parse_args()
    layers = "".join(LAYER.format(id=i, source=s) for i, s in SOURCES.items())
    plain = CONFIG.format(box=given.box, extract=given.extract.resolve()) + layers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "people.csv").write_text("unit,people\nbench,200000\n", encoding="utf-8")
        if given.lists is not None:
            bare = CONFIG.format(box=given.box, extract=given.extract.resolve())
            print_lists(folder, bare, [int(n) for n in given.draws.split(",")], given)
            return
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
