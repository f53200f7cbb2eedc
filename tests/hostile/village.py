"""A sound village of two streets' units that hostile inputs are laid into: it runs in a third of a second."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.toy_osm import write_osm

WEST, SOUTH, STEP = 121.50, 29.90, 0.002
N = 5  # streets each way
UNITS = {
    "330205001000": ("西街道", WEST, WEST + 2 * STEP),
    "330205002000": ("东街道", WEST + 2 * STEP, WEST + 4 * STEP),
}
CONFIG = """[district]
id = "village"
name = "小镇"
boundary = "units.geojson"
units = "units.geojson"
unit_id_field = "code"
unit_name_field = "名称"

[network]
source = "streets.osm"

[cells]
resolution = 9

[population]
source = "units"
path = "people.csv"

[[layer]]
id = "nursery"
name = "托育"
source = "nursery.csv"
crs = "wgs84"
minutes = 10

[outputs]
write = ["coverage"]
isochrones = "none"
"""


@dataclass(frozen=True)
class Village:
    """Where the files lie."""

    folder: Path

    @property
    def config(self):
        return self.folder / "village.toml"

    def say(self, old, new):
        """Replace a part of the config."""
        text = self.config.read_text("utf-8")
        assert old in text, old
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    def path(self, name):
        return self.folder / name


def place(i, j):
    return WEST + i * STEP, SOUTH + j * STEP


def outline(west, east, south=SOUTH, north=SOUTH + (N - 1) * STEP):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def units():
    """Give the units as GeoJSON, a dict."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "名称": name},
            "geometry": {"type": "Polygon", "coordinates": [outline(west, east)]},
        }
        for code, (name, west, east) in UNITS.items()
    ]
    return {"type": "FeatureCollection", "features": features}


def write_streets(path):
    """Write the streets as .osm: a node at every crossing."""
    nodes = {1 + i * N + j: place(i, j) for i in range(N) for j in range(N)}
    nodes[99] = (*place(1.02, 1.5), "amenity=clinic,name=诊所")
    lines = [[1 + i * N + j for j in range(N)] for i in range(N)] + [
        [1 + i * N + j for i in range(N)] for j in range(N)
    ]
    ways = [(100 + k, refs, "highway=residential") for k, refs in enumerate(lines)]
    return write_osm(path, nodes=nodes, ways=ways)


def facilities():
    """Give rows of the facility table."""
    return [(f"第{k}托育园", *place(0.5 + (k % 4), 1.02 + (k // 4) * 2), 20 + k) for k in range(6)]


def write_village(folder):
    """Write the sound village."""
    folder.mkdir(parents=True, exist_ok=True)
    village = Village(folder)
    write_streets(village.path("streets.osm"))
    village.path("units.geojson").write_text(json.dumps(units(), ensure_ascii=False), encoding="utf-8")
    people = "\n".join(
        ["街道,常住人口", *(f"{name},{1000 * k}" for k, (name, _, _) in enumerate(UNITS.values(), start=3))]
    )
    village.path("people.csv").write_text(people + "\n", encoding="utf-8")
    rows = ["名称,经度,纬度,托位数", *(f"{n},{x:.6f},{y:.6f},{c}" for n, x, y, c in facilities())]
    village.path("nursery.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    village.config.write_text(CONFIG, encoding="utf-8")
    return village
