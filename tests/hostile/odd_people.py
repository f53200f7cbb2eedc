"""People as places, as rows of a census with age classes, as tiles of a raster, and totals that they are raked to."""

import json
from dataclasses import replace

import numpy as np
import rasterio

from tests.hostile.cases import case_of
from tests.hostile.odd_rasters import PIXEL, write
from tests.hostile.spoiling import NUMBERS, spoil, spoil_table
from tests.hostile.village import SOUTH, STEP, UNITS, WEST, N, place

CODES = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "big5")
SOURCE = 'source = "units"\npath = "people.csv"'
CRS = ("wgs84",) * 8 + ("gcj02", "bd09", "cgcs2000", "EPSG:4549", "EPSG:4326", "EPSG:3857", "utm", "")
GROUPS = ('{ old = "60岁及以上" }', '{ old = "60岁及以上", babies = "0-2岁" }', '{ all = "人口" }', '{ old = "无" }', '{ old = "age_classes" }', '{ old = "totals" }', "{}", '{ "" = "人口" }', "{ old = 5 }", '{ old = "经度" }')  # fmt: skip
CLASSES = ('{ "0-2" = "0-2岁", "60+" = "60岁及以上" }', '{ "2-0" = "0-2岁" }', '{ "0-100" = "人口", "60+" = "60岁及以上" }', '{ "甲" = "人口" }', '{ "0" = "" }', '{ "0-2" = "0-2岁", "2-4" = "60岁及以上" }')  # fmt: skip


def _points(rng, village):
    rows = ["经度,纬度,人口,0-2岁,60岁及以上"]
    for k in range(rng.choice([1, 40, 40])):
        x, y = place(rng.random() * (N - 1), rng.random() * (N - 1))
        rows.append(f"{x:.6f},{y:.6f},{rng.randrange(1, 200)},{k % 5},{k % 30}")
    text, how = "\n".join(rows) + "\n", "sound"
    if rng.random() < 0.6:
        text, how = spoil_table(rng, text)
    path = village.path("people.csv")
    path.write_bytes(text.encode(rng.choice(CODES), errors="replace"))
    if rng.random() < 0.1:
        how = spoil(rng, path)
    crs = rng.choice(CRS)
    return [f'source = "points"\npath = "people.csv"\ncrs = "{crs}"'], f"points {how} {crs}", path.name


def _census(rng, village):
    rows = [
        "街道,人口,0-2岁,60岁及以上",
        *(f"{name},{3000 + k},{90 + k},{600 + k}" for k, (name, *_) in enumerate(UNITS.values())),
    ]
    text, how = spoil_table(rng, "\n".join(rows) + "\n") if rng.random() < 0.7 else ("\n".join(rows) + "\n", "sound")
    path = village.path("people.csv")
    path.write_bytes(text.encode(rng.choice(CODES), errors="replace"))
    more = rng.choice(
        [
            [],
            [],
            [f"total = {rng.choice(NUMBERS) or 0}"],
            ['value_field = "人口"'],
            ['unit_field = "无"'],
            ['where = { "人口" = { not = "3000" } }'],
        ]
    )
    return [SOURCE, *more], f"census {how} {more}", path.name


def _tiles(rng, village):
    folder = village.path("tiles")
    folder.mkdir()
    odd = []
    for k in range(rng.choice([1, 2, 4])):
        values = np.full((16, 12), 3, np.float32)
        left = WEST + (k % 2) * 12 * PIXEL
        how = rng.choice(["sound"] * 6 + ["shifted", "coarser", "twice", "other crs", "other type", "bytes", "far"])
        transform = rasterio.Affine(PIXEL, 0, left, 0, -PIXEL, SOUTH + N * STEP)
        if how == "shifted":
            transform = rasterio.Affine(PIXEL, 0, left + PIXEL / 3, 0, -PIXEL, SOUTH + N * STEP)
        elif how == "coarser":
            transform = rasterio.Affine(PIXEL * 3, 0, left, 0, -PIXEL * 3, SOUTH + N * STEP)
        elif how == "twice":
            transform = rasterio.Affine(PIXEL, 0, WEST, 0, -PIXEL, SOUTH + N * STEP)
        elif how == "far":
            transform = rasterio.Affine(PIXEL, 0, -left, 0, -PIXEL, -SOUTH)
        write(
            folder / f"t{k}.tif", values.astype(np.int16) if how == "other type" else values, transform=transform,
            crs="EPSG:3857" if how == "other crs" else "EPSG:4326", nodata=rng.choice([None, None, -1, 3]),
        )  # fmt: skip
        if how == "bytes":
            spoil(rng, folder / f"t{k}.tif")
        odd.append(how)
    name = rng.choice(
        ["tiles/*.tif"] * 3
        + [
            "tiles/t0.tif+tiles/t1.tif",
            "tiles/t0.tif+tiles/t0.tif",
            "tiles",
            "tiles/[",
            "tiles/*",
            "tiles/t0.tif+",
            "+",
            "**/*.tif",
        ]
    )
    more = rng.choice(
        [
            [],
            [],
            ["band = 1"],
            ["band = 2"],
            ["band = 99999999999"],
            ["nodata = 3"],
            ["nodata = nan"],
            ["resampling = 1"],
        ]
    )
    return [f'source = "raster"\npath = "{name}"', *more], f"tiles {odd} {name} {more}", "t0.tif"


def _case(rng, village, label, name):
    """Any of the files may be the one at fault, and a mosaic is named by its pattern."""
    case = case_of(rng.choice(["check", "check", "run"]), village, label, name)
    return replace(case, names=case.names | {"控制数.csv", "people.csv", "tiles"})


def make(rng, village):
    """Write odd people and, for some, odd groups and totals."""
    how = rng.choice([_points, _points, _census, _tiles])
    keys, label, name = how(rng, village)
    if how is not _tiles and rng.random() < 0.5:
        keys.append(f"groups = {rng.choice([GROUPS[0], GROUPS[1], rng.choice(GROUPS)])}")
        if rng.random() < 0.4:
            keys.append(f"age_classes = {rng.choice([CLASSES[0], rng.choice(CLASSES)])}")
    if how is _points and rng.random() < 0.4:
        rows = [
            "街道,人群,人口",
            *(f"{unit},{group},{n}" for unit, *_ in UNITS.values() for group, n in (("all", 5000), ("old", 900))),
        ]
        text, more = spoil_table(rng, "\n".join(rows) + "\n") if rng.random() < 0.6 else ("\n".join(rows) + "\n", "")
        village.path("控制数.csv").write_bytes(text.encode(rng.choice(CODES[:3])))
        keys.append('totals = "控制数.csv"')
        label += f" totals {more}"
    if rng.random() < 0.15:
        keys.append(f"buffer_demand = {rng.choice(['true', 'false', '5'])}")
    village.say(SOURCE, "\n".join(keys))
    if rng.random() < 0.2:
        village.say("minutes = 10", f"minutes = 10\ngroup = {json.dumps(rng.choice(['old', 'all', 'x', '']))}")
    return _case(rng, village, f"{label} {' '.join(keys[1:])}"[:160], name)
