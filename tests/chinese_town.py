"""A town near Ningbo, made up: uneven streets, two 街道, tables as bureaus send them; small enough to run in a second."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

from tests.toy_osm import write_osm

WEST, SOUTH = 121.500, 29.900
M_LON, M_LAT = 96_400.0, 111_195.0  # metres per degree here
SIZE_M = 2400.0
EVIL = {
    "district": '<script>alert("区")</script>',
    "layer": "托育<img src=x onerror=alert(1)>",
    "east": '=HYPERLINK("http://example.org","东")',
    "west": "西街道</script><script>alert(2)</script>",
    "facilities": (
        "<script>alert(1)</script>", '=HYPERLINK("http://example.org","点我")', "+1+1", "-2+3", "@SUM(A1)",
        "\"引号\" 'single' `tick`", "{{ 7*7 }} {% raw %}", "</style><svg onload=alert(3)>", "a&amp;b\\u003cscript",
        "${7*7} \\\\ \\n", "\u202e反写", "javascript:alert(4)",
    ),
}  # fmt: skip


@dataclass
class Town:
    """Where the town's files are written, and what stands in them."""

    folder: Path
    lang: str = "zh"
    names: tuple = ("东街道", "西街道")
    district: str = "测试区"
    layer_name: str = "托育"
    sparse_west: bool = False
    extra_ways: tuple = ()  # lists of (metres east, metres north)
    layer_keys: str = 'crs = "wgs84"'
    source: str = "托育.csv"
    tail: str = ""
    lines: tuple = field(init=False)

    def __post_init__(self):
        rng = np.random.default_rng(7)
        steps = rng.uniform(70, 210, (2, 40)).cumsum(axis=1)
        self.lines = tuple(np.concatenate([[0.0], row[row < SIZE_M - 60], [SIZE_M]]) for row in steps)

    def write(self):
        """Write streets, units and config; the facility table is the caller's."""
        self._streets()
        half = SIZE_M / 2
        boxes = {self.names[1]: (0, half), self.names[0]: (half, SIZE_M)}
        features = [
            {
                "type": "Feature",
                "properties": {"code": f"33020500{i}000", "名称": name},
                "geometry": json.loads(shapely.to_geojson(shapely.box(*at(a, 0), *at(b, SIZE_M)))),
            }
            for i, (name, (a, b)) in enumerate(boxes.items(), start=1)
        ]
        self.write_units(features)
        (self.folder / "人口.csv").write_text(
            f"街道,常住人口\n{quoted(self.names[0])},30000\n{quoted(self.names[1])},20000\n", encoding="utf-8"
        )
        (self.folder / "town.toml").write_text(self.config(), encoding="utf-8")
        return self.folder / "town.toml"

    def write_units(self, features):
        text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
        (self.folder / "街道.geojson").write_text(text, encoding="utf-8")

    def config(self):
        q = json.dumps
        return f"""
[district]
id = "town"
name = {q(self.district, ensure_ascii=False)}
boundary = "街道.geojson"
units = "街道.geojson"
unit_id_field = "code"
unit_name_field = "名称"
lang = "{self.lang}"
[network]
source = "streets.osm"
[population]
source = "units"
path = "人口.csv"
[[layer]]
id = "nursery"
name = {q(self.layer_name, ensure_ascii=False)}
source = {q(self.source, ensure_ascii=False)}
{self.layer_keys}
minutes = 10
{self.tail}
"""

    def places(self, n=24, seed=1):
        """Give places beside streets in degrees WGS-84: 8 to 16 metres off."""
        rng = np.random.default_rng(seed)
        east, north = self.lines
        along = rng.uniform(150, SIZE_M - 150, n)
        off = rng.uniform(8, 16, n)
        is_vertical = rng.random(n) < 0.5
        x = np.where(is_vertical, rng.choice(east[1:-1], n) + off, along)
        y = np.where(is_vertical, along, rng.choice(north[1:-1], n) + off)
        return WEST + x / M_LON, SOUTH + y / M_LAT

    def street_of(self, lon):
        """Give the name of the unit that each place lies in."""
        return [self.names[0] if (x - WEST) * M_LON > SIZE_M / 2 else self.names[1] for x in lon]

    def write_table(self, lon, lat, *, names=None, streets=None, encoding="gb18030", heading="名称"):
        """Write the facility table; names and streets by default are right ones."""
        names = names or [f"第{i}托育园" for i in range(1, len(lon) + 1)]
        streets = streets or [""] * len(lon)
        rows = [
            f"{quoted(n)},{x:.7f},{y:.7f},{20 + i},{quoted(s)}"
            for i, (n, x, y, s) in enumerate(zip(names, lon, lat, streets, strict=True))
        ]
        text = "\n".join([f"{heading},经度,纬度,托位数,所属街道", *rows]) + "\n"
        (self.folder / "托育.csv").write_bytes(text.encode(encoding))

    def _streets(self):
        east, north = self.lines
        number = {(i, j): 1 + i * len(north) + j for i in range(len(east)) for j in range(len(north))}
        nodes = {k: at(east[i], north[j]) for (i, j), k in number.items()}
        drawn = [i for i in range(len(east)) if not (self.sparse_west and 0 < east[i] < SIZE_M / 2 - 200)]
        ways = [[number[i, j] for j in range(len(north))] for i in drawn]
        for j in range(len(north)):
            first = next(i for i in range(len(east)) if east[i] > SIZE_M / 2 - 200)
            is_short = self.sparse_west and 0 < j < len(north) - 1
            ways.append([number[i, j] for i in range(first if is_short else 0, len(east))])
        for line in self.extra_ways:
            refs = []
            for x, y in line:
                known = next((k for k, p in nodes.items() if p == at(x, y)), None)
                refs.append(known or max(nodes) + 1)
                nodes[refs[-1]] = at(x, y)
            ways.append(refs)
        tagged = [(1000 + k, refs, "highway=residential") for k, refs in enumerate(ways)]
        write_osm(self.folder / "streets.osm", nodes=nodes, ways=tagged)


def at(x, y):
    """Give degrees of a place so many metres east and north of the town's corner."""
    return (round(WEST + x / M_LON, 7), round(SOUTH + y / M_LAT, 7))


def quoted(text):
    return '"' + text.replace('"', '""') + '"'
