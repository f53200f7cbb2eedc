"""Time the writing of everything that a run can write: maps, street pages, report, workbook, GIS; and its memory.

    python scripts/bench_outputs.py heidelberg.osm.pbf [--across-km 17] [--units 40] [--resolution 10]

A square district around the middle of the extract's streets, parted into so many streets (街道), people from a made
raster, three services from the extract's points of interest. It is computed, then all is written as a run does it
(imports included), and last each output once more by itself. Printed are seconds, processor seconds of all threads, the
bytes that stand there then, and the process's memory before and at most.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from bench_batch import LAYER, LAYERS, PIXEL_DEG

import circle15
from circle15.config.model import load_config
from circle15.outputs.tables import write_cells, write_csv, write_gpkg
from circle15.pipeline import district_run
from circle15.pipeline.record.writing import write_outputs
from circle15.pipeline.study.clock import Clock
from circle15.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = """
[district]
id = "square"
name = "方格区"
lang = "zh"
boundary = "box:{box}"
units = "streets.geojson"
[network]
source = '{extract}'
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = {resolution}
[population]
source = "raster"
path = "people.tif"
"""


def make_district(extract: Path, folder: Path, across_km: float, units: int, resolution: int) -> Path:
    """Write the config of a square district with its streets and people; the same every time."""
    net = circle15.read_network(extract)
    lon, lat = float(np.median(net.node_lon)), float(np.median(net.node_lat))
    high = across_km * 1000 / (math.radians(1) * EARTH_RADIUS_M)
    wide = high / math.cos(math.radians(lat))
    west, south, east, north = (round(v, 4) for v in shapely.box(
        lon - wide / 2, lat - high / 2, lon + wide / 2, lat + high / 2
    ).bounds)  # fmt: skip
    rows = max(k for k in range(1, math.isqrt(units) + 1) if units % k == 0)
    xs, ys = np.linspace(west, east, units // rows + 1), np.linspace(south, north, rows + 1)
    boxes = [shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(rows) for i in range(units // rows)]
    names = [f"第{n + 1}街道" for n in range(units)]
    streets = gpd.GeoDataFrame(
        {"unit_id": [f"u{n + 1}" for n in range(units)], "unit_name": names}, geometry=boxes, crs="EPSG:4326"
    )
    streets.to_file(folder / "streets.geojson", driver="GeoJSON")
    shape = (math.ceil((north - south) / PIXEL_DEG), math.ceil((east - west) / PIXEL_DEG))
    people = np.random.default_rng(15).integers(0, 60, shape).astype(np.float32)
    transform = rasterio.transform.from_origin(west, north, PIXEL_DEG, PIXEL_DEG)
    size = {"height": shape[0], "width": shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(folder / "people.tif", "w", "GTiff", crs="EPSG:4326", transform=transform, **size) as file:
        file.write(people, 1)
    box = f"{west},{south},{east},{north}"
    text = CONFIG.format(box=box, extract=extract.resolve().as_posix(), resolution=resolution)
    text += "".join(LAYER.format(id=i, source=s) for i, s in LAYERS.items())
    path = folder / "square.toml"
    path.write_text(text, encoding="utf-8")
    return path


def timed(name: str, work: Callable[[], Any], out: Path) -> None:
    """Do ``work``, which writes into ``out``, and print its line."""
    wall, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    cpu = after.user + after.system - before.user - before.system
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file()) / 1e6
    print(f"{name:34}{time.perf_counter() - wall:7.2f} s{cpu:8.2f} processor s{size:9.1f} MB", flush=True)


def told_mb(key: str) -> float:
    """Give this process's memory as the system tells it, in MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def each_output(result: Any, folder: Path) -> dict[str, Callable[[], object]]:
    """Give the writer of each kind of output by name; imports were done by the first writing."""
    from circle15.outputs.maps import write_district_map, write_unit_maps  # noqa: PLC0415 (after the first writing)
    from circle15.outputs.report import write_report  # noqa: PLC0415 (as above)
    from circle15.outputs.workbook import write_workbook  # noqa: PLC0415 (as above)

    drawn: dict[Any, Any] = {}

    def write_tables() -> None:
        for name, table in result.tables.items():
            write_csv(table, folder / f"{name}.csv")

    return {
        "tables as CSV": write_tables,
        "workbook": lambda: write_workbook(result, folder / "tables.xlsx"),
        "cells as Parquet": lambda: write_cells(result.cells, folder / "cells.parquet"),
        "GeoPackage and its project": lambda: write_gpkg(result, folder / "district.gpkg"),
        "map": lambda: write_district_map(result, folder / "index.html", shared=drawn),
        f"{len(result.units)} pages of streets": lambda: write_unit_maps(result, folder / "units", shared=drawn),
        "report": lambda: write_report(result, folder / "report.html", shared=drawn),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract", type=Path)
    parser.add_argument("--across-km", type=float, default=17.0)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--resolution", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="Folder to write to and keep.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        config = make_district(options.extract, folder, options.across_km, options.units, options.resolution)
        study, result, _ = district_run._compute(load_config(config), Clock(None, None), None)  # noqa: SLF001 (all but the writing)
        print(f"{len(result.cells):,} pieces of cells, {len(result.units)} streets, {sys.platform}")
        out = folder / "out"
        out.mkdir()
        before = told_mb("VmRSS")
        timed("everything, as a run writes it", lambda: write_outputs(result, study, out), out)
        print(f"memory: {before:,.0f} MB before, {told_mb('VmHWM'):,.0f} MB at most since the process began")
        for n, (what, work) in enumerate(each_output(result, folder / "again").items()):
            if not n:
                (folder / "again" / "units").mkdir(parents=True)
            timed(what, work, folder / "again")


if __name__ == "__main__":
    main()
