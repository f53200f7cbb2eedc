"""Make tables of facilities whose coordinate system is known, and count how often the detector is sure and right.

    python scripts/calibrate_detector.py [--tables 1000] [--seed 1] [--data ../shared/data/osm]

Districts are extracts of Chinese cities in ``--data`` (those that are there) and the shipped sample, whole and in part.
A table has 8 to 2,000 places in WGS-84, GCJ-02 or BD-09; 0 to 95 % of them lie beyond the extract; geocoding moves each
by up to 0 to 60 m, half of the tables with a normal scatter of that much. Places stand at building fronts, at corners,
anywhere within 60 m of a street, clustered, in one compound, or where OpenStreetMap has points of interest.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02
from circle15.inputs.facilities.facility_sources import facilities_from_osm
from circle15.inputs.osm.features import read_features
from circle15.network.build import read_network
from circle15.network.detection.crs_detector import detect_crs
from circle15.network.detection.street_fit import StreetFit

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork

ROOT = Path(__file__).resolve().parents[1]
POINTS = {"poi": "amenity!=no,amenity;shop!=no,shop;leisure!=no,leisure;office!=no,office;tourism!=no,tourism"}
# Name, file, part of it in degrees (west, south, east, north).
DISTRICTS = (
    ("sample", None, None),
    ("sample, north", None, (120.48, 29.503, 120.55, 29.54)),
    ("Nanjing Xuanwu", "nanjing_xuanwu.osm.pbf", None),
    ("Shenzhen Nanshan", "shenzhen_nanshan.osm.pbf", None),
    ("Shenzhen Nanshan, east", "shenzhen_nanshan.osm.pbf", (113.945, 22.53, 113.975, 22.562)),
    ("Shenzhen Longgang", "shenzhen_longgang.osm.pbf", None),
)
SYSTEMS = {"wgs84": lambda x, y: (x, y), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
KINDS = ("fronts", "corners", "within 60 m", "clusters", "compound", "OSM points")
BEYOND, NOISE_M = (0.0, 0.0, 0.3, 0.6, 0.8, 0.9, 0.95), (0.0, 10.0, 20.0, 40.0, 60.0)
BANDS = (0, 8, 20, 50, 150, 500, 3000)
METRES_PER_LAT = 111_195.0


@dataclass(frozen=True, slots=True)
class District:
    """A network, the points of interest on it, and its streets as rasters."""

    name: str
    network: WalkNetwork
    fit: StreetFit
    lon: np.ndarray  # (n,) of OSM points
    lat: np.ndarray

    @property
    def metres_per_lon(self) -> float:
        """Metres in a degree of longitude."""
        return METRES_PER_LAT * float(np.cos(np.deg2rad(self.network.node_lat.mean())))

    def core(self) -> tuple[float, float, float, float]:
        """Give the bounds of nearly all streets: some ways reach far out of an extract."""
        (west, east), (south, north) = (
            np.percentile(v, [1, 99]) for v in (self.network.node_lon, self.network.node_lat)
        )
        return float(west), float(south), float(east), float(north)


def read_district(name: str, path: Path, part: tuple[float, float, float, float] | None) -> District:
    """Read a district's streets and points of interest."""
    network = read_network(path, area=None if part is None else shapely.box(*part), cache=False)
    points = facilities_from_osm(read_features(path, POINTS)).frame
    fit = StreetFit.of(network, float(np.median(network.node_lon)), float(np.median(network.node_lat)))
    return District(name, network, fit, points["lon"].to_numpy(), points["lat"].to_numpy())


def make_table(
    rng: np.random.Generator, district: District, kind: str, *, n: int, beyond: float, noise_m: float, is_normal: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Make places in degrees WGS-84."""
    n_beyond = round(beyond * n)
    x, y = _inside(rng, district, kind, n - n_beyond)
    far_x, far_y = _beyond(rng, district, n_beyond)
    x, y = np.concatenate([x, far_x]), np.concatenate([y, far_y])
    if is_normal:
        dx, dy = rng.normal(0, noise_m, n), rng.normal(0, noise_m, n)
    else:
        far, angle = rng.random(n) * noise_m, rng.uniform(0, 2 * np.pi, n)
        dx, dy = far * np.cos(angle), far * np.sin(angle)
    return x + dx / district.metres_per_lon, y + dy / METRES_PER_LAT


def _inside(rng: np.random.Generator, district: District, kind: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    west, south, east, north = district.core()
    if kind == "OSM points":
        at = (district.lon > west) & (district.lon < east) & (district.lat > south) & (district.lat < north)
        rows = rng.choice(np.flatnonzero(at), n, replace=n > at.sum())
        return district.lon[rows], district.lat[rows]
    net = district.network
    ax, ay = net.node_lon[net.tail] * district.metres_per_lon, net.node_lat[net.tail] * METRES_PER_LAT
    bx, by = net.node_lon[net.head] * district.metres_per_lon, net.node_lat[net.head] * METRES_PER_LAT
    length, mx, my = np.hypot(bx - ax, by - ay), (ax + bx) / 2, (ay + by) / 2
    lon, lat = mx / district.metres_per_lon, my / METRES_PER_LAT
    weight = length * ((lon > west) & (lon < east) & (lat > south) & (lat < north))
    if kind in {"clusters", "compound"}:
        centres = rng.choice(len(weight), max(1, n // 8) if kind == "clusters" else 1, p=weight / weight.sum())
        near = [np.exp(-0.5 * (np.hypot(mx - mx[c], my - my[c]) / 150.0) ** 2) for c in centres]
        weight *= np.sum(near, axis=0) if kind == "clusters" else near[0] > np.exp(-0.5)
    edge = rng.choice(len(weight), n, p=weight / weight.sum())
    along = rng.integers(0, 2, n).astype(float) if kind == "corners" else rng.random(n)
    x, y = ax[edge] + along * (bx - ax)[edge], ay[edge] + along * (by - ay)[edge]
    if kind == "corners":
        x, y = x + rng.uniform(-10, 10, n), y + rng.uniform(-10, 10, n)
    else:
        off = (rng.uniform(0, 60, n) if kind == "within 60 m" else rng.uniform(8, 25, n)) * rng.choice([-1, 1], n)
        size = np.maximum(length[edge], 0.1)
        x, y = x - off * (by - ay)[edge] / size, y + off * (bx - ax)[edge] / size
    return x / district.metres_per_lon, y / METRES_PER_LAT


def _beyond(rng: np.random.Generator, district: District, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Give places around the extract, up to twice its size away and outside its bounds."""
    west, south, east, north = district.core()
    net, spread = district.network, rng.uniform(0.7, 2.0)
    bounds = net.node_lon.min(), net.node_lat.min(), net.node_lon.max(), net.node_lat.max()
    x, y = np.empty(0), np.empty(0)
    while len(x) < n:
        u = (west + east) / 2 + rng.uniform(-1, 1, 4 * n) * (east - west) * spread
        v = (south + north) / 2 + rng.uniform(-1, 1, 4 * n) * (north - south) * spread
        out = (u < bounds[0]) | (u > bounds[2]) | (v < bounds[1]) | (v > bounds[3])
        x, y = np.append(x, u[out]), np.append(y, v[out])
    return x[:n], y[:n]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "osm")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    sample = ROOT / "data" / "sample" / "streets.osm"
    paths = [(name, sample if file is None else args.data / file, part) for name, file, part in DISTRICTS]
    districts = [read_district(*one) for one in paths if one[1].exists()]
    made: list[tuple[str, int, bool, bool]] = []
    for _ in range(args.tables):
        district = districts[rng.integers(len(districts))]
        kinds = [k for k in KINDS if k != "OSM points" or len(district.lon) >= BANDS[1]]
        kind, system = str(rng.choice(kinds)), str(rng.choice(list(SYSTEMS)))
        x, y = make_table(
            rng,
            district,
            kind,
            n=int(np.exp(rng.uniform(np.log(8), np.log(2000)))),
            beyond=float(rng.choice(BEYOND)),
            noise_m=float(rng.choice(NOISE_M)),
            is_normal=bool(rng.random() < 0.5),
        )
        told = detect_crs(district.network, *SYSTEMS[system](x, y), fit=lambda d=district: d.fit)
        n = int(told.table["n_among_streets"].max()) if len(told.table) else 0
        made.append((kind, n, told.is_sure, told.best == system))
    print(f"{args.tables} tables, seed {args.seed}; districts: {', '.join(d.name for d in districts)}\n")
    _print("places stand", {k: [m for m in made if m[0] == k] for k in KINDS})
    bands = {f"{low} to {high - 1}": (low, high) for low, high in pairwise(BANDS)}
    by_band = {name: [m for m in made if low <= m[1] < high] for name, (low, high) in bands.items()}
    _print("points among the streets", by_band)
    _print("all", {"": made})


def _print(title: str, groups: dict[str, list[tuple[str, int, bool, bool]]]) -> None:
    print(f"| {title} | tables | sure | of these right | best right, sure or not |\n|---|---|---|---|---|")
    for name, rows in groups.items():
        if rows:
            count = Counter((sure, right) for _, _, sure, right in rows)
            sure = count[True, True] + count[True, False]
            share = f"{count[True, True] / sure:.1%}" if sure else "-"
            best = (count[True, True] + count[False, True]) / len(rows)
            print(f"| {name} | {len(rows)} | {sure} ({sure / len(rows):.0%}) | {share} | {best:.0%} |")
    print()


if __name__ == "__main__":
    main()
