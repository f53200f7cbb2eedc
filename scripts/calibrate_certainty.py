"""Print in how many of many made towns the 90 % interval of a share holds the true share.

A town's truth is made first: streets, homes, facilities, the speed at which people walk. The planner is given it with
noise: places off by a normal of `position_m` east and north, a speed off by `speed_sd`, people off by `people_cv`. A
run with those doubts stated gives the interval; the truth is measured by a plain run on what is true.

Run from the project's folder: .venv/bin/python scripts/calibrate_certainty.py [N_TOWNS]
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

import circle15
from circle15.config.model import load_config
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.coverage_tables import coverage_table
from circle15.pipeline.tables.measured import measure_service

LON, LAT = 120.0, 30.0
X_DEG, Y_DEG = 1 / 96_487, 1 / 111_195  # degrees per metre there
N_STREETS, BLOCK_M = 16, 120
SIDE_M = (N_STREETS - 1) * BLOCK_M

CONFIG = """
[district]
id = "town"
name = "Town"
boundary = "units.geojson"
units = "units.geojson"
unit_id_field = "code"
unit_name_field = "code"
units_crs = "wgs84"
boundary_crs = "wgs84"
lang = "en"
[network]
source = "town.osm"
[walk.adult]
speed_m_s = {speed}
[cells]
resolution = 11
[population]
source = "points"
path = "{people}.csv"
crs = "wgs84"
[[layer]]
id = "clinic"
name = "Clinic"
source = "{clinics}.csv"
crs = "wgs84"
minutes = 6
min_count = {min_count}
[outputs]
isochrones = "none"
[certainty]
position_m = {position_m}
speed_sd = {speed_sd}
people_cv = {people_cv}
"""


@dataclass(frozen=True)
class Noise:
    """How far what a planner is given is off."""

    position_m: float = 0.0
    speed_sd: float = 0.0
    people_cv: float = 0.0
    places: str = "streets"  # "streets": facilities stand at streets; "anywhere": anywhere in the town
    min_count: int = 1


CASES = {
    "positions, at streets": Noise(position_m=30.0),
    "positions, anywhere": Noise(position_m=30.0, places="anywhere"),
    "speed": Noise(speed_sd=0.05),
    "people": Noise(people_cv=0.4),
    "all": Noise(30.0, 0.05, 0.3),
    "all, anywhere": Noise(30.0, 0.05, 0.3, places="anywhere"),
    "two of a kind": Noise(30.0, 0.05, 0.3, min_count=2),
}


def made_town(folder: Path, seed: int, noise: Noise) -> pd.DataFrame:
    """Make a town, its truth and what is stated of it; give units with covered_share (true), stated, p05, p50, p95."""
    rng = np.random.default_rng([seed, 15])
    _write_streets(folder, rng)
    _write_units(folder)
    places = rng.uniform(0, SIDE_M, (14 * noise.min_count, 2))
    if noise.places == "streets":
        axis = rng.integers(0, 2, len(places))
        places[np.arange(len(places)), axis] = np.rint(places[np.arange(len(places)), axis] / BLOCK_M) * BLOCK_M
    homes = rng.uniform(0, SIDE_M, (700, 2))
    heads = rng.gamma(1.0, 20.0, len(homes))
    speed = max(1.25 + noise.speed_sd * rng.standard_normal(), 0.5)
    variance = np.log1p(noise.people_cv**2)
    factor = np.exp(np.sqrt(variance) * rng.standard_normal(len(homes)) - variance / 2)
    _write_places(folder / "true_clinics.csv", places)
    _write_places(folder / "clinics.csv", places + noise.position_m * rng.standard_normal(places.shape))
    _write_places(folder / "true_people.csv", homes, people=heads * factor)
    _write_places(folder / "people.csv", homes, people=heads)
    kind = {k: getattr(noise, k) for k in ("position_m", "speed_sd", "people_cv", "min_count")}
    (folder / "true.toml").write_text(
        CONFIG.format(speed=speed, people="true_people", clinics="true_clinics", **kind), encoding="utf-8"
    )
    stated = folder / "town.toml"
    stated.write_text(CONFIG.format(speed=1.25, people="people", clinics="clinics", **kind), encoding="utf-8")
    found = circle15.certainty(stated, draws=200, seed=seed)
    study = read_study(load_config(folder / "true.toml"), Clock(None))
    true = coverage_table(study, [measure_service(layer, study) for layer in study.config.layers])
    return found.assign(true_share=true["covered_share"].to_numpy())


def holds(found: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell in which rows the interval holds the true share."""
    slack = 1e-9
    return ((found["p05"] - slack <= found["true_share"]) & (found["true_share"] <= found["p95"] + slack)).to_numpy()


def _write_streets(folder: Path, rng: np.random.Generator) -> None:
    """Write a grid of streets, a tenth of whose pieces are missing."""
    lines = [_node(i, j) for i in range(N_STREETS) for j in range(N_STREETS)]
    ways = []
    for i in range(N_STREETS):
        for j in range(N_STREETS):
            for a, b in ((i + 1, j), (i, j + 1)):
                is_edge = (a == i and i in {0, N_STREETS - 1}) or (b == j and j in {0, N_STREETS - 1})
                if a < N_STREETS and b < N_STREETS and (is_edge or rng.random() > 0.1):
                    ways.append((i * N_STREETS + j + 1, a * N_STREETS + b + 1))
    text = [
        f'<way id="{k}" version="1"><nd ref="{a}"/><nd ref="{b}"/><tag k="highway" v="residential"/></way>'
        for k, (a, b) in enumerate(ways, 1)
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n'
    (folder / "town.osm").write_text(head + "\n".join([*lines, *text]) + "\n</osm>\n", encoding="utf-8")


def _node(i: int, j: int) -> str:
    lon, lat = _degrees(np.array([[i * BLOCK_M, j * BLOCK_M]], dtype=np.float64))[0]
    return f'<node id="{i * N_STREETS + j + 1}" version="1" lon="{lon}" lat="{lat}"/>'


def _write_units(folder: Path) -> None:
    half, end = SIDE_M / 2, SIDE_M + 60.0
    features = []
    for k, (x, y) in enumerate([(-60.0, -60.0), (half, -60.0), (-60.0, half), (half, half)]):
        x2, y2 = (half if x < 0 else end), (half if y < 0 else end)
        ring = _degrees(np.array([[x, y], [x2, y], [x2, y2], [x, y2], [x, y]])).tolist()
        features.append(
            {"type": "Feature", "properties": {"code": f"u{k}"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        )
    (folder / "units.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
    )


def _write_places(path: Path, places: npt.NDArray[np.float64], **columns: npt.NDArray[np.float64]) -> None:
    lon, lat = _degrees(places).T
    names = [f"P{i}" for i in range(len(places))]
    pd.DataFrame({"name": names, "lon": lon, "lat": lat, **columns}).to_csv(path, index=False)


def _degrees(metres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(np.array([LON, LAT]) + metres * [X_DEG, Y_DEG], 7)


def main() -> None:
    """Print a row per case: how often the interval of a district, and of a unit, holds the truth; its mean width."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{'noise':<24}{'district':>10}{'units':>8}{'width':>8}{'bias':>8}")
    for name, noise in CASES.items():
        frames = []
        for seed in range(n):
            with tempfile.TemporaryDirectory() as folder:
                frames.append(made_town(Path(folder), seed, noise))
        found = pd.concat(frames)
        whole = (found["unit_id"] == "town").to_numpy()
        inside = holds(found)
        width, bias = (found["p95"] - found["p05"])[whole].mean(), (found["p50"] - found["true_share"])[whole].mean()
        print(f"{name:<24}{inside[whole].mean():>10.1%}{inside[~whole].mean():>8.1%}{width:>8.3f}{bias:>+8.3f}")


if __name__ == "__main__":
    main()
