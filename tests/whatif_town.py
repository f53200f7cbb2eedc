"""A made town in which everything occurs that a walk may meet, and random scenarios of any study.

Streets on hills, signals, steps up and an escalator, a river with two bridges, a compound behind private gates, an
island of streets, people beyond the border, grounds that are entered at several places.
"""

import math

import numpy as np
import rasterio
from affine import Affine

from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

LON, LAT = 121.55, 29.9
Y = math.degrees(1 / EARTH_RADIUS_M)
X = Y / math.cos(math.radians(LAT))
N_X, N_Y = 14, 10  # blocks of 100 m
RIVER_X = 655

CONFIG = """
[district]
id = "town"
name = "镇"
boundary = "units.geojson"
units = "units.geojson"
unit_id_field = "code"
unit_name_field = "name"
lang = "zh"
[network]
source = "town.osm"
elevation = "hills.tif"
elevation_smooth_m = 0.0
island_m = 300.0
buffer_m = 350.0
[walk.adult]
speed_m_s = 1.25
[walk.elderly]
speed_m_s = 0.9
slope = "tobler"
stairs_up_m_s = 0.4
stairs_down_m_s = 0.5
conveyor_m_s = 0.5
waits = {signals = 30, zebra = 6.5}
[cells]
resolution = 11
[population]
source = "points"
path = "people.csv"
crs = "wgs84"
groups = {child = "child", old = "old"}
totals = "totals.csv"
[[layer]]
id = "clinic"
name = "诊所"
source = "clinic.csv"
crs = "wgs84"
minutes = 9
min_count = 2
norm_per_1000 = 12
capacity_unit = "床"
[[layer]]
id = "nursery"
name = "托育"
source = "nursery.csv"
crs = "wgs84"
minutes = 8
profile = "elderly"
group = "child"
norm_per_1000 = 30
capacity_unit = "托位"
catchment = "modified"
decay = "gaussian"
[[layer]]
id = "meals"
name = "食堂"
source = "meals.csv"
crs = "wgs84"
minutes = 7
profile = "elderly"
group = "old"
norm_per_1000 = 40
norm_group = "old"
capacity_unit = "餐位"
catchment = "three_step"
decay = "kernel"
[[layer]]
id = "sport"
name = "体育"
source = "osm:leisure=pitch"
metres = 500
[[layer]]
id = "school"
name = "学校"
source = "school.csv"
crs = "wgs84"
metres = 400
group = "child"
norm_per_1000 = 50
norm_group = "child"
capacity_unit = "座"
decay = "binary"
[outputs]
isochrones = "none"
write = ["cells", "coverage", "map"]
[planning]
causes = false
"""


def at(x, y):
    """Give the place so many metres east and north of the town's corner."""
    return round(LON + x * X, 7), round(LAT + y * Y, 7)


def write_town(folder, seed=0):
    """Write the town and give its config file."""
    rng = np.random.default_rng(seed)
    _write_streets(folder / "town.osm", rng)
    _write_hills(folder / "hills.tif")
    _write_people(folder, rng)
    for layer, n, sizes in (
        ("clinic", 9, (10, 40)),
        ("nursery", 8, (20, 90)),
        ("meals", 7, (15, 60)),
        ("school", 6, (50, 200)),
    ):
        rows = [(f"{layer}-{k}", *_somewhere(rng), int(rng.integers(*sizes))) for k in range(n)]
        # One states no capacity: it supplies nothing.
        text = [f"{name},{lon},{lat},{'' if k == 0 else size}" for k, (name, lon, lat, size) in enumerate(rows)]
        (folder / f"{layer}.csv").write_text("\n".join(["id,lon,lat,capacity", *text]), encoding="utf-8")
    path = folder / "town.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def _somewhere(rng):
    return at(rng.uniform(-150, 100 * N_X + 150), rng.uniform(-150, 100 * N_Y + 150))


def _write_streets(path, rng):
    number = {(x, y): 1 + 100 * x + y for x in range(-3, N_X + 4) for y in range(-3, N_Y + 4)}
    number = {place: 1000 + k for k, place in enumerate(sorted(number))}
    nodes = {i: at(100 * x + rng.uniform(-18, 18), 100 * y + rng.uniform(-18, 18)) for (x, y), i in number.items()}
    for i in rng.choice(list(nodes), 40, replace=False):
        nodes[i] = (*nodes[i], str(rng.choice(["highway=traffic_signals", "highway=crossing,crossing=zebra"])))
    ways, way = [], 1
    for (x, y), i in number.items():
        for dx, dy in ((1, 0), (0, 1)):
            other = number.get((x + dx, y + dy))
            if other is None or rng.random() < 0.12:
                continue
            over_river = dx == 1 and x == 6
            if over_river and y not in {2, 7}:
                continue
            tags = {"highway": "residential"} | ({"bridge": "yes"} if over_river else {})
            if not over_river and rng.random() < 0.08:
                tags = {"highway": "steps", "incline": "up"} | ({"conveying": "forward"} if rng.random() < 0.4 else {})
            refs = [i, other]
            if not over_river and rng.random() < 0.3:  # a bend
                nodes[5000 + way] = at(
                    100 * x + 50 * dx + rng.uniform(-12, 12), 100 * y + 50 * dy + rng.uniform(-12, 12)
                )
                refs.insert(1, 5000 + way)
            ways.append((way, refs, tags))
            way += 1
    nodes |= {9001: at(RIVER_X, -500), 9002: at(RIVER_X + 12, 500), 9003: at(RIVER_X - 5, 1500)}
    ways.append((9000, [9001, 9002, 9003], "waterway=river"))
    _add_compound(nodes, ways, number)
    nodes |= {9101: at(1030, 330), 9102: at(1075, 360), 9103: at(1060, 385)}
    ways.append((9100, [9101, 9102, 9103], "highway=footway"))  # an island
    for k, (x, y, w, h) in enumerate(
        ((140, 150, 60, 45), (330, 480, 150, 130), (860, 730, 110, 60), (1130, 120, 40, 40), (420, 820, 50, 50))
    ):
        ids = [9200 + 10 * k + c for c in range(4)]
        corners = [(x, y), (x + w, y + 7), (x + w - 9, y + h), (x + 5, y + h - 4)]
        nodes |= {i: at(*corner) for i, corner in zip(ids, corners, strict=True)}
        if k == 0:
            nodes[ids[1]] = (*nodes[ids[1]], "barrier=gate")
            nodes[ids[3]] = (*nodes[ids[3]], "entrance=yes")
        ways.append((9200 + k, [*ids, ids[0]], f"leisure=pitch,name=p{k}"))
    write_osm(path, nodes=nodes, ways=sorted(ways, key=lambda w: w[0]))


def _add_compound(nodes, ways, number):
    """A street within a block, joined to two streets around it by private gates, which nobody may cut through."""
    inner = {9301: at(230, 640), 9302: at(260, 655), 9303: at(285, 640)}
    gates = {9311: (*at(215, 625), "barrier=gate,access=private"), 9312: (*at(296, 660), "barrier=gate,access=private")}
    nodes |= inner | gates
    ways.append((9300, [9301, 9302, 9303], "highway=service"))
    ways.append((9301, [number[2, 6], 9311, 9301], "highway=service"))
    ways.append((9302, [number[3, 7], 9312, 9303], "highway=service"))


def _write_hills(path):
    cell = 10 * Y
    rows, columns = np.mgrid[:220, :300]
    x, y = 10 * columns - 600, 1600 - 10 * rows
    height = 40 + 25 * np.sin(x / 170) + 18 * np.cos(y / 130)
    options = {"driver": "GTiff", "height": 220, "width": 300, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    transform = Affine(10 * X, 0, LON - 605 * X, 0, -cell, LAT + 1605 * Y)
    with rasterio.open(path, "w", transform=transform, **options) as f:
        f.write(height.astype(np.float32), 1)


def _write_people(folder, rng):
    west, middle, east = -60, 640, 100 * N_X + 60
    features = []
    for code, a, b in (("w", west, middle), ("e", middle, east)):
        ring = [at(a, -60), at(b, -60), at(b, 100 * N_Y + 60), at(a, 100 * N_Y + 60), at(a, -60)]
        corners = ",".join(f"[{lon},{lat}]" for lon, lat in ring)
        features.append(
            f'{{"type":"Feature","properties":{{"code":"{code}","name":"{code}街"}},'
            f'"geometry":{{"type":"Polygon","coordinates":[[{corners}]]}}}}'
        )
    (folder / "units.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}', encoding="utf-8"
    )
    rows = [
        (*at(rng.uniform(-300, 1700), rng.uniform(-300, 1300)), *rng.integers(20, 60, 1), *rng.integers(0, 9, 2))
        for _ in range(700)
    ]
    text = [",".join(map(str, row)) for row in rows]
    (folder / "people.csv").write_text("\n".join(["lon,lat,population,child,old", *text]), encoding="utf-8")
    totals = [
        "街道,人群,人口",
        *(
            f"{u}街,{g},{n}"
            for u, g, n in (("w", "all", 9001), ("e", "all", 8003), ("w", "child", 1203.5), ("e", "child", 911))
        ),
    ]
    (folder / "totals.csv").write_text("\n".join(totals), encoding="utf-8")


class RandomChanges:
    """Draws changes of a study: places and ends near its streets, closings and capacities of its facilities."""

    def __init__(self, study, seed):
        self.study, self.rng = study, np.random.default_rng(seed)
        self.layers = [layer.id for layer in study.config.layers]

    def scenario(self):
        """Give one to five changes; an id is closed once."""
        changes, closed = [], set()
        for _ in range(int(self.rng.integers(1, 6))):
            for change in self._change():
                key = change.get("id")
                if change["kind"] in {"close_facility", "set_capacity"} and key in closed:
                    continue
                closed.add(key if change["kind"] == "close_facility" else None)
                changes.append(change)
        return changes or self._add()

    def _change(self):
        kinds = (self._add, self._move, self._close, self._set_capacity, self._path, self._gate, self._close_path)
        return kinds[int(self.rng.integers(len(kinds)))]()

    def _on_street(self, off_m):
        net, rng = self.study.network, self.rng
        odd = np.flatnonzero(net.is_island | net.is_span | (net.depth[net.tail] > 0))
        e = int(rng.choice(odd)) if len(odd) and rng.random() < 0.15 else int(rng.integers(net.n_edges))
        f = rng.random()
        places = [float(v[net.tail[e]] + f * (v[net.head[e]] - v[net.tail[e]])) for v in (net.node_lon, net.node_lat)]
        shift = rng.uniform(-off_m, off_m, 2) * [Y / math.cos(math.radians(places[1])), Y]
        return [float(p + s) for p, s in zip(places, shift, strict=True)]

    def _add(self, layer=None):
        lon, lat = self._on_street(70)
        layer = layer or str(self.rng.choice(self.layers))
        change = {"kind": "add_facility", "layer": layer, "lon": lon, "lat": lat}
        return [change | ({"capacity": float(self.rng.choice([20, 60, 150]))} if self.rng.random() < 0.8 else {})]

    def _facility(self):
        return self.study.facilities.iloc[int(self.rng.integers(len(self.study.facilities)))]

    def _close(self):
        f = self._facility()
        return [{"kind": "close_facility", "layer": f["layer"], "id": f["facility_id"]}]

    def _move(self):
        closed = self._close()
        return [*closed, *self._add(closed[0]["layer"])]

    def _set_capacity(self):
        return [{**self._close()[0], "kind": "set_capacity", "capacity": float(self.rng.choice([0, 35, 240]))}]

    def _path(self, longest_m=300.0):
        start = self._on_street(3)
        near = min(
            (self._on_street(3) for _ in range(60)), key=lambda end: abs(self._metres(start, end) - longest_m / 2)
        )
        line = [start, near]
        if self.rng.random() < 0.3:
            line.insert(1, [(start[0] + near[0]) / 2 + 1e-4, (start[1] + near[1]) / 2])
        return [{"kind": "add_path", "line": line}]

    def _gate(self):
        return self._path(30.0)

    def _close_path(self):
        net, rng = self.study.network, self.rng
        e = int(rng.choice(np.flatnonzero(net.length_m > 5)))
        shares = float(rng.choice([0, rng.uniform(0, 0.4)])), float(rng.choice([1, rng.uniform(0.6, 1)]))
        ends = [
            [float(v[net.tail[e]] + f * (v[net.head[e]] - v[net.tail[e]])) for v in (net.node_lon, net.node_lat)]
            for f in shares
        ]
        return [{"kind": "close_path", "line": ends}]

    @staticmethod
    def _metres(a, b):
        return math.hypot((a[0] - b[0]) / Y * math.cos(math.radians(a[1])), (a[1] - b[1]) / Y)
