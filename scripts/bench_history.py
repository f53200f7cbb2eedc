"""Measure the cheap benches as ratios, keep them with commit and machine, and tell when one has become much slower.

    python scripts/bench_history.py             print the ratios
    python scripts/bench_history.py --record    append them to docs/developing/bench_history.csv, and draw that
    python scripts/bench_history.py --check     fail where a ratio is above 1.5 times the last record's

A ratio is our processor time over that of a plain tool that does work of the same nature on the same data, in one
process and in turns; the lower quartile of the turns' ratios counts. What else the machine does slows both of a turn,
so that a ratio holds on a busy machine where a time does not; what a library's threads spend waiting, in some turns,
is above the quartile. A ratio that looks too large is measured again, twice at most: what is slow stays so.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import osmium
import rasterio
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

import circle15
from circle15.inputs.ground.cells import cut_cells
from circle15.inputs.people.rasters import sum_rasters
from circle15.planning.ranking import rank_candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Work = Callable[[], object]
    Bench = Callable[[], AbstractContextManager[tuple[Work, Work]]]

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "developing" / "bench_history.csv"
PICTURE = RECORD.with_suffix(".svg")
MONACO = ROOT / "data" / "osm" / "monaco.osm.pbf"
COLUMNS = ("date", "commit", "cpu", "cores", "memory_gb", "bench", "ours_s", "beside_s", "ratio")
LIMIT = 1.5
TURNS = 9
TRIES = 3
WALK_S, SPEED_M_S = 900.0, 1.25


@contextmanager
def reading() -> Iterator[tuple[Work, Work]]:
    """Streets from an extract, beside a bare pass of pyosmium over its ways."""
    yield lambda: circle15.read_network(MONACO, cache=False), bare_pass


def bare_pass() -> int:
    """Read every way of a street with its nodes' places."""
    ways = osmium.FileProcessor(str(MONACO)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    return sum(len([(n.lon, n.lat) for n in way.nodes]) for way in ways if way.is_way())


@contextmanager
def linking() -> Iterator[tuple[Work, Work]]:
    """Points to streets, beside scipy's tree of junctions, three times: arrays both, as shapely's objects are not."""
    net = circle15.read_network(MONACO, cache=False)
    net.edge_tree()
    lon, lat = (c[np.random.default_rng(15).integers(0, net.n_nodes, 60_000)] for c in (net.node_lon, net.node_lat))
    lon, lat = lon + 1e-4, lat + 1e-4
    tree, points = cKDTree(np.column_stack([net.node_lon, net.node_lat])), np.column_stack([lon, lat])
    yield (lambda: circle15.link(net, lon, lat)), (lambda: [tree.query(points) for _ in range(3)])


@contextmanager
def reaching() -> Iterator[tuple[Work, Work]]:
    """Balls of a quarter of an hour, beside scipy's dijkstra."""
    net = circle15.read_network(MONACO, cache=False)
    node = np.random.default_rng(15).integers(0, net.n_nodes, 8000)
    at, profile = circle15.link_nodes(net, node), next(iter(net.profiles))
    name = getattr(profile, "name", profile)
    walks = coo_array((net.length_m, (net.tail, net.head)), shape=(net.n_nodes, net.n_nodes)).tocsr()
    yield (
        lambda: circle15.reach_summary(net, at, profile=name, cutoff_s=WALK_S, threads=1),
        lambda: dijkstra(walks, directed=False, indices=node[:800], limit=WALK_S * SPEED_M_S),
    )


@contextmanager
def sharing_pixels() -> Iterator[tuple[Work, Work]]:
    """People of cells from a raster, beside shapely's intersections of a tenth of the cells."""
    box = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shapely.box(7.40, 43.72, 7.46, 43.76)], crs="EPSG:4326")
    pieces = cut_cells(box, 12).pieces
    people = np.random.default_rng(15).random((60, 80)) + 1.0
    transform = rasterio.transform.from_origin(7.39, 43.77, 0.001, 0.001)
    shape = {"height": 60, "width": 80, "count": 1, "dtype": "float64"}
    x, y = (c.ravel() * 0.001 for c in np.meshgrid(np.arange(80), np.arange(60)))
    corner = shapely.box(7.39 + x, 43.769 - y, 7.391 + x, 43.77 - y)
    tenth = pieces.geometry.to_numpy()[::10]

    def plain() -> float:
        piece, pixel = shapely.STRtree(corner).query(tenth, predicate="intersects")
        area = shapely.area(shapely.intersection(tenth[piece], corner[pixel]))
        return float(np.bincount(piece, people.ravel()[pixel] * area * 1e6).sum())

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.tif"
        with rasterio.open(path, "w", "GTiff", crs="EPSG:4326", transform=transform, **shape) as file:
            file.write(people, 1)
        yield (lambda: sum_rasters([path], pieces)), plain


@contextmanager
def ranking() -> Iterator[tuple[Work, Work]]:
    """Twenty of 100,000 candidates with 10 M pairs, beside counting all of them anew for each choice."""
    rng = np.random.default_rng(15)
    cells = np.sort(rng.integers(0, 5_000, (100_000, 100)), axis=1)
    reach = csr_array((np.ones(cells.size, np.int8), cells.ravel(), np.arange(100_001) * 100), shape=(100_000, 5_000))
    reach.sum_duplicates()
    people = rng.random(5_000) * 50

    def anew() -> list[int]:
        left, chosen = people.copy(), []
        for _ in range(20):
            chosen.append(int(np.argmax(reach @ left)))
            left[reach.indices[reach.indptr[chosen[-1]] : reach.indptr[chosen[-1] + 1]]] = 0.0
        return chosen

    yield (lambda: rank_candidates(reach, people, top=20)), anew


@contextmanager
def running() -> Iterator[tuple[Work, Work]]:
    """Monaco with everything written, cold, a whole process; beside one that loads libraries and makes a bare pass."""
    bare = (
        "import folium, geopandas, osmium, pandas, pyarrow.parquet, rasterio, scipy.sparse, xlsxwriter, pathlib, runpy;"
        f"runpy.run_path({str(Path(__file__))!r})['bare_pass']()"
    )
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache", "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)

        def process(*arguments: str) -> None:
            subprocess.run([sys.executable, *arguments], env=env, check=True, capture_output=True)

        def ours() -> None:
            process("-m", "circle15", "cache", "--clear")
            process("-m", "circle15", "run", str(ROOT / "data" / "monaco.toml"), "-q", "--out", f"{folder}/monaco")

        ours()  # leaves bytecode, as pip does
        yield ours, lambda: process("-c", bare)


BENCHES: dict[str, tuple[Bench, int]] = {
    "reading": (reading, TURNS),
    "linking": (linking, TURNS),
    "reaching": (reaching, TURNS),
    "pixels": (sharing_pixels, TURNS),
    "ranking": (ranking, TURNS),
    "running": (running, 3),
}


def measured(bench: Bench, turns: int) -> tuple[float, float, float]:
    """Give the median processor seconds of ours and of the plain tool's, and the lower quartile of turns' ratios."""
    with bench() as works:
        taken = np.zeros((turns, 2))
        for turn in range(turns):
            for who, work in enumerate(works):
                begun = _processor_s()
                work()
                taken[turn, who] = _processor_s() - begun
    ours, beside = np.median(taken, axis=0)
    return float(ours), float(beside), float(np.quantile(taken[:, 0] / taken[:, 1], 0.25))


def _processor_s() -> float:
    """Give the processor seconds of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def machine() -> dict[str, str]:
    """Say what this is measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory_gb": f"{memory:.0f}",
    }


def last_ratios(cpu: str) -> dict[str, float]:
    """Give the last recorded ratio of each bench: on this kind of processor, else on any."""
    if not RECORD.exists():
        return {}
    with RECORD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows.sort(key=lambda row: row["cpu"] == cpu)  # stable: this processor's rows last, so that they stay
    return {row["bench"]: float(row["ratio"]) for row in rows}


def record(found: dict[str, tuple[float, float, float]]) -> None:
    """Append the ratios to the file, and draw it."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    told = {"date": dt.datetime.now(dt.UTC).date().isoformat(), "commit": commit, **machine()}
    is_new = not RECORD.exists()
    with RECORD.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        for bench, (ours, beside, ratio) in found.items():
            numbers = {"ours_s": f"{ours:.4f}", "beside_s": f"{beside:.4f}", "ratio": f"{ratio:.4f}"}
            writer.writerow({**told, "bench": bench, **numbers})
    draw()


def draw() -> None:
    """Draw each bench's ratio over its first, record by record."""
    import matplotlib as mpl  # noqa: PLC0415 (only drawing needs it)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with RECORD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with mpl.rc_context({"svg.hashsalt": "circle15", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 4), layout="constrained")
        axes = figure.subplots()
        marks = list(dict.fromkeys((row["date"], row["commit"]) for row in rows))
        for bench in dict.fromkeys(row["bench"] for row in rows):
            own = [row for row in rows if row["bench"] == bench]
            at = [marks.index((row["date"], row["commit"])) for row in own]
            axes.plot(at, [float(row["ratio"]) / float(own[0]["ratio"]) for row in own], marker="o", label=bench)
        axes.axhline(LIMIT, color="0.7", linestyle=":")
        axes.set_xticks(range(len(marks)), [f"{date}\n{commit}" for date, commit in marks])
        axes.set_ylabel("ratio over the first record's (lower is faster)")
        axes.set_ylim(bottom=0)
        axes.legend(ncols=3, frameon=False)
        figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure, print, and do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    before, found, slow = last_ratios(machine()["cpu"]), {}, []
    print(f"{'':10}{'ours s':>9}{'beside s':>10}{'ratio':>9}{'last':>9}")
    for name, (bench, turns) in BENCHES.items():
        limit = LIMIT * before.get(name, np.inf)
        tries = [measured(bench, turns)]
        while options.check and len(tries) < TRIES and tries[-1][2] > limit:
            tries.append(measured(bench, turns))
        ours, beside, ratio = found[name] = tries[-1]
        if ratio > limit:
            slow.append(name)
        last = f"{before[name]:9.4f}" if name in before else f"{'-':>9}"
        print(f"{name:10}{ours:9.3f}{beside:10.3f}{ratio:9.4f}{last}", flush=True)
    if options.record:
        record(found)
    if options.check and slow:
        sys.exit(
            f"more than {LIMIT} times the last record's ratio: {', '.join(slow)}; if that has a reason, --record it"
        )


if __name__ == "__main__":
    main()
