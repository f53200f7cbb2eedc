"""Time a batch of the fifteen cities of one extract, and reckon what a province and the country need.

    python scripts/bench_batch.py multicity15.osm.pbf [--jobs 2] [--one] [--scheduler] [--all]
    python scripts/bench_batch.py multicity15.osm.pbf --province [6] [--jobs 2]

One district each around the fifteen networks, cells at resolution 9, facilities from the extract's points of interest,
people from a made raster. With --scheduler a dask scheduler and --jobs worker processes are started on loopback, and
their outputs are compared with local processes' byte for byte; with --one those of a single process are. With
--province a made province (`make_province.py`: so many times the fifteen cities in one extract) is run with everything
written, and half of it beside; that takes minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet
import rasterio
from make_province import SHIFT_DEG, make_province

if TYPE_CHECKING:
    from collections.abc import Iterator

# The middle 96 % of each network's nodes, degrees: west, south, east, north.
CITIES = {
    "porto-alegre": (-51.25, -30.11, -51.14, -30.00),
    "sao-paulo": (-46.66, -23.57, -46.61, -23.52),
    "baltimore": (-76.81, 39.37, -76.65, 39.44),
    "columbus": (-83.14, 39.91, -82.86, 40.03),
    "porto": (-8.62, 41.13, -8.59, 41.16),
    "andorra": (1.44, 42.44, 1.73, 42.64),
    "monaco": (7.35, 43.72, 7.48, 43.77),
    "portland": (-122.80, 45.45, -122.64, 45.55),
    "heidelberg": (8.18, 49.35, 8.80, 49.57),
    "malta": (14.21, 35.82, 14.56, 36.07),
    "milano": (9.10, 45.41, 9.42, 45.54),
    "maribor": (15.55, 46.51, 15.74, 46.62),
    "liechtenstein": (9.49, 47.06, 9.62, 47.24),
    "oslo": (10.72, 59.87, 10.82, 59.93),
    "helsinki": (24.93, 60.16, 24.96, 60.18),
}
LAYERS = {
    "nursery": "amenity=kindergarten|childcare|school",
    "clinic": "amenity=hospital|clinic|doctors|pharmacy",
    "sports": "leisure=sports_centre|fitness_centre|pitch",
}
SHARED = """
[district]
lang = "en"
[network]
source = '{extract}'
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = 9
[population]
source = "raster"
[outputs]
isochrones = "none"
"""
NIGHTLY = ["cells", "coverage", "completeness", "facilities", "xlsx", "gpkg", "map"]
"""What a data office compares every night; without --all, rankings, causes, missing links and reports are left out."""
LAYER = """
[[layer]]
id = "{id}"
name = "{id}"
source = "osm:{source}"
minutes = 15
allow_empty = true
"""
BLOCK = """
[[districts]]
id = "{id}"
name = "{id}"
boundary = "box:{box}"
population.path = "{id}.tif"
"""
PIXEL_DEG = 0.001
PROVINCE, COUNTRY = 90, 2800


def make_batch(extract: Path, folder: Path, outputs: list[str] | None, copies: int = 1) -> Path:
    """Write the batch file, and a raster of people for each city of each copy; the same every time."""
    text = SHARED.format(extract=extract.resolve().as_posix())
    text += f"write = {json.dumps(outputs)}\n" if outputs is not None else ""
    text += "".join(LAYER.format(id=i, source=s) for i, s in LAYERS.items())
    for number, (city, (west, south, east, north)) in enumerate(cities_of(copies).items()):
        columns, rows = round((east - west) / PIXEL_DEG), round((north - south) / PIXEL_DEG)
        people = np.random.default_rng(number).integers(0, 60, (rows, columns)).astype(np.float32)
        transform = rasterio.transform.from_origin(west, north, PIXEL_DEG, PIXEL_DEG)
        shape = {"width": columns, "height": rows, "count": 1, "dtype": "float32"}
        with rasterio.open(folder / f"{city}.tif", "w", "GTiff", crs="EPSG:4326", transform=transform, **shape) as file:
            file.write(people, 1)
        text += BLOCK.format(id=city, box=f"{west},{south},{east},{north}")
    path = folder / "batch.toml"
    path.write_text(text, encoding="utf-8")
    return path


def cities_of(copies: int) -> dict[str, tuple[float, float, float, float]]:
    """Give the boxes of the cities of each copy, by id."""
    return {
        city if copies == 1 else f"{city}-{copy + 1}": (
            round(west + copy * SHIFT_DEG, 6),
            south,
            round(east + copy * SHIFT_DEG, 6),
            north,
        )
        for copy in range(copies)
        for city, (west, south, east, north) in CITIES.items()
    }


def env_with(cache: Path) -> dict[str, str]:
    """Give an environment with a cache of its own, where workers find bytecode, as in an installed package."""
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPYCACHEPREFIX": str(cache / "bytecode")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


@contextmanager
def cluster(workers: int, folder: Path, cache: Path) -> Iterator[str]:
    """Start a scheduler and worker processes on loopback, and end them."""
    found, env = folder / "scheduler.json", env_with(cache)
    base = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
    ]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--memory-limit", "2GB",
              "--no-dashboard", "--nworkers", str(workers), "--local-directory", str(folder)]  # fmt: skip
    with (folder / "dask.log").open("w") as log:
        started = [subprocess.Popen([*base, "--scheduler-file", str(found)], stdout=log, stderr=log, env=env)]
        try:
            while not found.exists():
                time.sleep(0.1)
            started.append(subprocess.Popen([*worker, "--scheduler-file", str(found)], stdout=log, stderr=log, env=env))
            yield json.loads(found.read_text(encoding="utf-8"))["address"]
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait()


def run(config: Path, out: Path, options: list[str], cache: Path) -> float:
    """Run one batch in a process of its own and give its seconds."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "circle15", "batch", str(config), "--out", str(out), "-q", *options]
    done = subprocess.run(command, env=env_with(cache), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun


def digests(out: Path) -> dict[str, str]:
    """Give the digest of every output file, manifests aside."""
    files = (p for p in sorted(out.rglob("*")) if p.is_file() and p.name != "run.json")
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def run_province(extract: Path, folder: Path, copies: int, jobs: int) -> None:
    """Run half a province and a whole one with everything written, and print both and how they compare."""
    found: list[float] = []
    for n in (copies // 2, copies):
        own = folder / f"province-{n}"
        own.mkdir(parents=True, exist_ok=True)
        province = own / "province.osm.pbf"
        if not province.exists():  # kept, it was made before
            make_province(extract, province, n)
        config = make_batch(province, own, None, n)
        found.append(run(config, own / "out", ["--jobs", str(jobs)], own / "cache"))
        manifest = json.loads((own / "out" / "run.json").read_text(encoding="utf-8"))
        told = manifest["batch"]
        if lost := [d["folder"] for d in told if d["status"] != "done"]:
            sys.exit(f"not done: {', '.join(lost)}")
        peak, size = max(d["peak_mb"] for d in told), province.stat().st_size / 1e6
        cpu = sum(d["cpu_s"] for d in told)
        print(
            f"{len(told)} districts of an extract of {size:.0f} MB, everything written, {jobs} processes:"
            f" {found[-1]:.0f} s ({manifest['seconds']}; {cpu:.0f} processor seconds in districts),"
            f" no district's process above {peak:.0f} MB",
            flush=True,
        )
    print(f"twice the districts: {found[1] / found[0]:.2f} times as long")


def print_table(out: Path, manifest: dict[str, object], seconds: float, jobs: int) -> None:
    """Print seconds and memory per city, and what more districts would need by the processors' time."""
    told = [d for d in manifest["batch"] if d["status"] == "done"]  # type: ignore[attr-defined]  # our own JSON
    for d in told:
        d["cells"] = pyarrow.parquet.read_metadata(out / d["folder"] / "cells.parquet").num_rows
    told.sort(key=lambda d: d["cells"])
    stages = list(told[0]["seconds"])
    heading = f"{'district':<15}{'cells':>7}{'wall s':>8}{'cpu s':>8}{'ms/cell':>9}{'peak MB':>9}  "
    print(heading + "".join(f"{s:>11}" for s in stages))
    for d in told:
        line = f"{d['folder']:<15}{d['cells']:>7}{d['wall_s']:>8.2f}{d['cpu_s']:>8.2f}"
        line += f"{1000 * d['cpu_s'] / d['cells']:>9.2f}{d['peak_mb']:>9.0f}  "
        print(line + "".join(f"{d['seconds'].get(s, 0):>11.2f}" for s in stages))
    cells, cpu = np.array([d["cells"] for d in told]), np.array([d["cpu_s"] for d in told])
    first, last = cpu[0] / cells[0], cpu[-1] / cells[-1]
    print(f"cost per cell (ms/cell is of processors' time), largest over smallest city: {last / first:.2f}")
    print(f"whole batch: {seconds:.1f} s with {jobs} processes; {manifest['seconds']}")
    # Reading and cutting the extract goes by its size, so by the number of districts; the summary hardly counts.
    each = float(cpu.mean()) + manifest["seconds"]["share"] / len(told)  # type: ignore[index]  # our own JSON
    for name, n in (("a province", PROVINCE), ("the country", COUNTRY)):
        minutes = n * each / 60
        print(
            f"{name}, {n} such districts: {minutes:.0f} processor minutes, {minutes / jobs:.0f} with {jobs} free cores"
        )


def main() -> None:
    """Run the batch and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scheduler", action="store_true")
    parser.add_argument("--one", action="store_true", help="Compare with one process as well.")
    parser.add_argument("--all", action="store_true", help="Write everything that a run can.")
    parser.add_argument("--province", type=int, nargs="?", const=6, help="Run so many copies of the cities, and half.")
    parser.add_argument("--keep", type=Path, help="Folder to write to and keep.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if options.province:
            run_province(options.extract, folder, options.province, options.jobs)
            return
        config = make_batch(options.extract, folder, None if options.all else NIGHTLY)
        seconds = run(config, folder / "local", ["--jobs", str(options.jobs)], folder / "cache")
        manifest = json.loads((folder / "local" / "run.json").read_text(encoding="utf-8"))
        print_table(folder / "local", manifest, seconds, options.jobs)
        if options.one:
            alone = run(config, folder / "one", ["--jobs", "1"], folder / "cache-of-one")
            same = digests(folder / "local") == digests(folder / "one")
            print(f"one process: {alone:.1f} s; {'the same bytes' if same else 'OTHER BYTES'}")
        if options.scheduler:
            cache = folder / "cache-of-cluster"
            with cluster(options.jobs, folder, cache) as address:
                there = run(config, folder / "cluster", ["--scheduler", address], cache)
            same = digests(folder / "local") == digests(folder / "cluster")
            print(f"dask on loopback: {there:.1f} s; {'the same bytes' if same else 'OTHER BYTES'}")


if __name__ == "__main__":
    main()
