"""A made town by a river, written as it was at several dates, each date in a folder of its own."""

import json

from circle15.config.model import load_config
from circle15.pipeline import run_district
from tests.toy_osm import write_osm

STEP = 0.001  # about 111 m
COLUMNS, ROWS, RIVER = 9, 7, 4  # no street crosses between columns 4 and 5 but for the bridges
CLINICS = (("甲", 1, 1, 40), ("乙", 7, 5, 30))  # name, column, row, beds
CONFIG = """
[district]
id = "town"
name = "Town"
boundary = "box:-0.0005,-0.0005,0.0085,0.0065"
units = "units.geojson"
unit_id_field = "code"
unit_name_field = "name"
lang = "en"
as_of = "{as_of}"
[network]
source = "streets.osm"
buffer_m = 100.0
[walk.adult]
speed_m_s = 1.25
[population]
source = "points"
path = "people.csv"
crs = "wgs84"
groups = {{ old = "old" }}
[[layer]]
id = "clinic"
name = "Clinic"
source = "clinics.csv"
crs = "wgs84"
minutes = {minutes}
group = "old"
norm_per_1000 = {norm}
capacity_unit = "beds"
{more}
[outputs]
isochrones = "none"
write = ["cells", "coverage", "completeness"]
"""
UNITS = (("w1", "West", -0.0005, 0.0045), ("e1", "East", 0.0045, 0.0085))  # code, name, west, east


def write_town(
    folder, as_of, *, clinics=CLINICS, bridges=(0,), people=lambda c, r: 10 + c + r, old=0.25, minutes=6, norm=60.0,
    units=UNITS, more="",
):  # fmt: skip
    """Write every input of one date; give the config's file."""
    folder.mkdir(parents=True, exist_ok=True)
    number = {(c, r): 1 + c * 100 + r for c in range(COLUMNS) for r in range(ROWS)}
    nodes = {n: (c * STEP, r * STEP) for (c, r), n in number.items()}
    ways = [(1000 + c, [number[c, r] for r in range(ROWS)], "highway=residential") for c in range(COLUMNS)]
    for r in range(ROWS):
        west, east = ([number[c, r] for c in span] for span in (range(RIVER + 1), range(RIVER + 1, COLUMNS)))
        ways += [(2000 + r, west, "highway=residential"), (3000 + r, east, "highway=residential")]
        if r in bridges:
            ways.append((4000 + r, [west[-1], east[0]], "highway=residential,bridge=yes"))
    write_osm(folder / "streets.osm", nodes=nodes, ways=sorted(ways))
    rows = [
        f"{(c + 0.4) * STEP:.5f},{(r + 0.3) * STEP:.5f},{people(c, r)},{people(c, r) * old}"
        for c in range(COLUMNS - 1)
        for r in range(ROWS - 1)
    ]
    (folder / "people.csv").write_text("\n".join(["lon,lat,population,old", *rows, ""]), encoding="utf-8")
    lines = [f"{name},{c * STEP:.5f},{r * STEP + 0.0003:.5f},{beds}" for name, c, r, beds in clinics]
    (folder / "clinics.csv").write_text("\n".join(["name,lon,lat,capacity", *lines, ""]), encoding="utf-8")
    (folder / "units.geojson").write_text(json.dumps(_units(units)), encoding="utf-8")
    path = folder / "town.toml"
    path.write_text(CONFIG.format(as_of=as_of, minutes=minutes, norm=norm, more=more), encoding="utf-8")
    return path


def run_town(folder, as_of, **changes):
    """Write a date's inputs and run them; give the folder of results."""
    return run_district(load_config(write_town(folder / as_of, as_of, **changes)), out=folder / f"out-{as_of}").folder


def _units(units):
    def feature(code, name, west, east):
        ring = [[west, -0.0005], [east, -0.0005], [east, 0.0065], [west, 0.0065], [west, -0.0005]]
        return {
            "type": "Feature",
            "properties": {"code": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    return {"type": "FeatureCollection", "features": [feature(*unit) for unit in units]}
