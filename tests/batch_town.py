"""A made town of 100 m blocks with three districts side by side, for tests of batches."""

import hashlib
import os
import subprocess
import sys

import osmium

from tests.toy_osm import write_osm

STEP = 0.001
N_LINES = 25
SHARED = """
[district]
lang = "en"
[network]
source = "town.osm.pbf"
buffer_m = 300.0
[walk.adult]
speed_m_s = 1.25
[cells]
resolution = 10
[population]
source = "points"
path = "people.csv"
crs = "wgs84"
[[layer]]
id = "clinic"
name = "Clinic"
source = "osm:amenity=clinic"
minutes = 5
[[layer]]
id = "sports"
name = "Sports"
source = "osm:leisure=pitch"
metres = 400
allow_empty = true
[outputs]
isochrones = "none"
write = ["cells", "coverage", "completeness", "xlsx", "gpkg"]
"""
BOXES = {"east": "0.016,0.001,0.023,0.023", "middle": "0.008,0.001,0.016,0.023", "west": "0.001,0.001,0.008,0.012"}


def build_town(folder, districts=tuple(BOXES)):
    """Write extract, people and batch.toml; give the batch file."""
    number = {(i, j): 1 + i * N_LINES + j for i in range(N_LINES) for j in range(N_LINES)}
    nodes = {n: (i * STEP, j * STEP) for (i, j), n in number.items()}
    ways = [(1000 + i, [number[i, j] for j in range(N_LINES)], "highway=residential") for i in range(N_LINES)]
    ways += [(2000 + j, [number[i, j] for i in range(N_LINES)], "highway=residential") for j in range(N_LINES)]
    for k, (i, j) in enumerate([(3, 3), (11, 7), (12, 20), (20, 12)]):
        nodes[5000 + k] = (i * STEP + 0.0002, j * STEP + 0.0003, f"amenity=clinic,name=c{k}")
    nodes[5100] = (0.0102, 0.0101, "leisure=pitch")
    xml = write_osm(folder / "town.osm", nodes=nodes, ways=ways, bounds=(0, 0, 0.024, 0.024))
    pbf = folder / "town.osm.pbf"
    pbf.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(pbf)) as writer:
        for thing in osmium.FileProcessor(str(xml)):
            writer.add(thing)
    xml.unlink()
    rows = [f"{i * STEP + 0.0005:.4f},{j * STEP + 0.0005:.4f},{(i * 7 + j * 3) % 11}" for i, j in number]
    (folder / "people.csv").write_text("\n".join(["lon,lat,population", *rows]) + "\n", encoding="utf-8")
    blocks = [f'[[districts]]\nid = "{d}"\nname = "{d.title()}"\nboundary = "box:{BOXES[d]}"\n' for d in districts]
    path = folder / "batch.toml"
    path.write_text(SHARED + "\n".join(blocks), encoding="utf-8")
    return path


def without_most_streets(pbf, out):
    """Write an extract of the same town in which the southern and western nine streets alone are left."""
    with osmium.SimpleWriter(str(out)) as writer:
        for thing in osmium.FileProcessor(str(pbf)):
            if not thing.is_way() or thing.id % 1000 < 9:
                writer.add(thing)
    return out


def digests(out):
    """Give the digest of every file below a batch's folder, hidden ones too, manifests aside."""
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and p.name != "run.json"]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def start_batch(config, out, *options, cache=None, **kwargs):
    """Start `circle15 batch` in a process of its own."""
    env = {**os.environ, **({"XDG_CACHE_HOME": str(cache)} if cache is not None else {})}
    command = [sys.executable, "-m", "circle15", "batch", str(config), "--out", str(out), *map(str, options)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=env, **pipes, **kwargs)
