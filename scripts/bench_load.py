"""Load: how long large inputs take and how much memory, each at a tenth, a half and the whole of its size.

Usage: scripts/bench_load.py [CASE...] [--part 0.1,0.5,1]. Prints processor seconds and peaks; an input that is
refused has its error's first line instead. Everything is made up in a temporary folder; needs some 4 GB there.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import osmium

if TYPE_CHECKING:
    from collections.abc import Callable

WEST, SOUTH, STEP = 121.0, 29.5, 0.001
SIDE = 100  # streets each way of the plain town, about 10 km
MOST_BYTES = 6 << 30
CONFIG = """[district]
id = "load"
name = "Load"
boundary = "box:{west},{south},{east},{north}"
lang = "en"
{units}
[network]
source = "streets.osm.pbf"
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = {resolution}
[population]
{people}
{layers}
[limits]
file_mb = {file_mb}
[outputs]
isochrones = "none"
write = ["cells", "coverage", "facilities"]
"""
LAYER = '[[layer]]\nid = "{id}"\nname = "{id}"\nsource = "{source}"\ncrs = "wgs84"\nminutes = 10\n'


def write_streets(path: Path, side: int) -> None:
    """Write a grid of streets with ``side`` nodes each way."""
    with osmium.SimpleWriter(str(path)) as writer:
        for k in range(side * side):
            place = (WEST + k // side * STEP, SOUTH + k % side * STEP)
            writer.add_node(osmium.osm.mutable.Node(id=k + 1, version=1, location=place))
        for i in range(side):
            for j, refs in ((0, range(i * side, (i + 1) * side)), (1, range(i, side * side, side))):
                refs_1 = [r + 1 for r in refs]
                way = osmium.osm.mutable.Way(id=2 * i + j + 1, version=1, nodes=refs_1, tags={"highway": "residential"})
                writer.add_way(way)


def write_points(path: Path, n: int, heading: str, last: Callable[[int], str], side: int = SIDE) -> None:
    """Write a csv of ``n`` places in the town."""
    with path.open("w", encoding="utf-8") as out:
        out.write(heading + "\n")
        for start in range(0, n, 100_000):
            k = np.arange(start, min(start + 100_000, n))[:, None]  # steps that come to no place twice (Roberts 2018)
            places = k * [0.7548776662466927, 0.5698402909980532] % 1 * (side - 1) * STEP
            out.writelines(
                f"{WEST + x:.8f},{SOUTH + y:.8f},{last(start + i)}\n" for i, (x, y) in enumerate(places.tolist())
            )


def town(folder: Path, *, side: int = SIDE, resolution: int = 9, file_mb: int = 2048, n_layers: int = 1) -> None:
    """Write a plain town: streets, 2,000 homes, 200 places, one unit."""
    write_streets(folder / "streets.osm.pbf", side)
    write_points(folder / "people.csv", 2000, "lon,lat,population", lambda k: str(k % 50), side)
    write_points(folder / "places.csv", 200, "lon,lat,name", lambda k: f"p{k}", side)
    far = (side - 1) * STEP
    layers = "".join(LAYER.format(id=f"layer{k}", source="places.csv") for k in range(n_layers))
    text = CONFIG.format(
        west=WEST, south=SOUTH, east=WEST + far, north=SOUTH + far, units="", resolution=resolution, file_mb=file_mb,
        people='source = "points"\npath = "people.csv"\ncrs = "wgs84"', layers=layers,
    )  # fmt: skip
    (folder / "load.toml").write_text(text, encoding="utf-8")


def nodes(folder: Path, n: int) -> None:
    """``n`` junctions."""
    town(folder, side=round(n**0.5), resolution=8)


def facilities(folder: Path, n: int) -> None:
    """``n`` facilities in one table."""
    town(folder)
    write_points(folder / "places.csv", n, "lon,lat,name", lambda k: f"p{k}")


def people(folder: Path, n: int) -> None:
    """``n`` points with people."""
    town(folder)
    write_points(folder / "people.csv", n, "lon,lat,population", lambda k: str(k % 9))


def units(folder: Path, n: int) -> None:
    """``n`` streets (街道) in a checkerboard."""
    town(folder)
    across = round(n**0.5)
    width = (SIDE - 1) * STEP / across
    features = []
    for k in range(across * across):
        x, y = WEST + k // across * width, SOUTH + k % across * width
        ring = [[x, y], [x + width, y], [x + width, y + width], [x, y + width], [x, y]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"code": f"u{k}", "name": f"U{k}"}, "geometry": shape})
    (folder / "units.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    config = folder / "load.toml"
    keys = 'units = "units.geojson"\nunit_id_field = "code"\nunit_name_field = "name"\n'
    config.write_text(config.read_text().replace("[network]", f"{keys}[network]"))


def layers(folder: Path, n: int) -> None:
    """``n`` services."""
    town(folder, n_layers=n)


def csv_mb(folder: Path, n: int) -> None:
    """Write a table of ``n`` MB with long remarks, the limit raised to let it in."""
    town(folder)
    rows = n * 2**20 // 1060
    write_points(folder / "people.csv", rows, "lon,lat,population,remark", lambda k: f"{k % 9},{'x' * 1030}")


def csv_refused_mb(folder: Path, n: int) -> None:
    """Write the same table under the limit that holds without the key."""
    csv_mb(folder, n)
    config = folder / "load.toml"
    config.write_text(config.read_text().replace("[limits]\nfile_mb = 2048\n", ""))


def districts(folder: Path, n: int) -> None:
    """``n`` districts of one batch."""
    town(folder)
    text = (folder / "load.toml").read_text()
    shared = text.replace(text.split("\n[network]")[0], '[district]\nlang = "en"', 1)
    across = round(n**0.5 + 0.5)
    width = (SIDE - 1) * STEP / across
    blocks = []
    for k in range(n):
        x, y = WEST + k // across * width, SOUTH + k % across * width
        box = f"box:{x:.6f},{y:.6f},{x + width:.6f},{y + width:.6f}"
        blocks.append(f'[[districts]]\nid = "d{k}"\nname = "D{k}"\nboundary = "{box}"\n')
    (folder / "load.toml").write_text(shared + "\n".join(blocks))


CASES: dict[str, tuple[Callable[[Path, int], None], int]] = {
    "nodes": (nodes, 1_300_000),
    "facilities": (facilities, 1_000_000),
    "people": (people, 2_000_000),
    "units": (units, 5_000),
    "layers": (layers, 200),
    "csv_refused_mb": (csv_refused_mb, 1024),
    "csv_mb": (csv_mb, 1024),
    "districts": (districts, 500),
}


def measure(name: str, n: int) -> str:
    """Make the case, run it in a process of its own, and give its row."""
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        CASES[name][0](folder, n)
        command = "batch" if name == "districts" else "run"
        argv = [
            sys.executable,
            "-m",
            "circle15",
            command,
            str(folder / "load.toml"),
            "--out",
            str(folder / "out"),
            "-q",
        ]
        env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(argv, stdout=log, stderr=log, env=env, preexec_fn=_bound)  # noqa: PLW1509 (Linux)
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        text = (folder / "log").read_text("utf-8", errors="replace").replace(f"{folder}/", "")
        ended = (
            "done" if child.returncode == 0 else (text.strip().splitlines() or [f"exit {child.returncode}"])[0][:150]
        )
        return f"| {name} | {n:,} | {usage.ru_utime + usage.ru_stime:.1f} | {usage.ru_maxrss / 1024:,.0f} | {ended} |"


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))


def main() -> None:
    """Print the table."""
    given = sys.argv[1:]
    parts = [0.1, 0.5, 1.0]
    if "--part" in given:
        at = given.index("--part")
        parts = [float(p) for p in given[at + 1].split(",")]
        del given[at : at + 2]
    print("| case | size | processor s | peak MB | ended |\n| --- | ---: | ---: | ---: | --- |", flush=True)
    for name in given or CASES:
        for part in parts:
            print(measure(name, max(1, round(CASES[name][1] * part))), flush=True)


if __name__ == "__main__":
    main()
