"""A cell's walk starts at a home in the middle of its people, on their own side of rivers and railways."""

import json
import math
from dataclasses import replace

import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from circle15._core import EdgeTree
from circle15.config.model import load_config
from circle15.inputs.people.population import read_population
from circle15.inputs.people.spread import Homes
from circle15.pipeline import run_district
from circle15.pipeline.starts.people_middles import middles_of_people, nearest_homes
from circle15.pipeline.starts.walk_starts import on_their_side
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.measured import measure_service
from circle15.units import EARTH_RADIUS_M
from tests.toy_osm import write_osm

LON, LAT = 121.55, 29.9
Y = math.degrees(1 / EARTH_RADIUS_M)
X = Y / math.cos(math.radians(LAT))
CELL = h3.latlng_to_cell(LAT, LON, 10)
MID_LAT, MID_LON = h3.cell_to_latlng(CELL)
BORDERS = ("waterway=river", "waterway=canal", "railway=rail", "highway=motorway", "barrier=city_wall")
STEPS = range(-600, 601, 100)


def at(x, y):
    """Give the place so many metres east and north of the cell's centre."""
    return round(MID_LON + x * X, 7), round(MID_LAT + y * Y, 7)


def river_town(folder, *, border, border_x, homes, clinic_x, source="points", n_units=2, start="people"):
    """Two grids of streets on either side of a border that no bridge crosses; homes as (x, y, people)."""
    nodes, ways = {}, []
    for side, sign in ((0, -1), (1, 1)):
        xs = [border_x + sign * (20 + 100 * k) for k in range(5)]
        number = {(x, y): 1000 * (side + 1) + 20 * i + j for i, x in enumerate(xs) for j, y in enumerate(STEPS)}
        nodes |= {i: at(*place) for place, i in number.items()}
        ways += [(i, [number[x, y] for y in STEPS], "highway=residential") for i, x in enumerate(xs, 100 * (side + 1))]
        ways += [
            (i, [number[x, y] for x in xs], "highway=residential") for i, y in enumerate(STEPS, 100 * (side + 1) + 50)
        ]
    nodes |= {1: at(border_x, -900), 2: at(border_x, 900)}
    ways += [] if border is None else [(9, [1, 2], border)]
    for i, (x, y, _) in enumerate(homes):
        corners = [(x - 2, y - 2), (x + 2, y - 2), (x + 2, y + 2), (x - 2, y + 2)]
        nodes |= {5000 + 4 * i + k: at(*c) for k, c in enumerate(corners)}
        ring = [5000 + 4 * i + k for k in (0, 1, 2, 3, 0)]
        ways += [(5000 + i, ring, "building=house")] if source == "buildings" else []
    write_osm(folder / "town.osm", nodes=nodes, ways=ways)
    west, east = (shapely.box(*at(a, -650), *at(b, 650)) for a, b in ((-450, border_x), (border_x, 450)))
    shapes = [west, east] if n_units == 2 else [shapely.box(*at(-450, -650), *at(450, 650))]
    features = [
        {"type": "Feature", "properties": {"code": str(i)}, "geometry": shapely.geometry.mapping(shape)}
        for i, shape in enumerate(shapes, 1)
    ]
    (folder / "units.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    pd.DataFrame([(*at(clinic_x, 0), "A")], columns=["lon", "lat", "name"]).to_csv(folder / "clinics.csv", index=False)
    total = sum(p for *_, p in homes)
    people = {
        "points": 'path = "people.csv"\ncrs = "wgs84"',
        "buildings": f"total = {total}",
        "raster": 'path = "people.tif"',
        "units": 'path = "people.csv"\nunit_field = "unit"\nvalue_field = "people"',
    }[source]
    if source == "raster":
        lon, lat = at(-500, 700)
        pixels = np.zeros((140, 100), dtype=np.float32)  # 10 m
        for x, y, p in homes:
            pixels[int((700 - y) // 10), int((x + 500) // 10)] += p
        with rasterio.open(
            folder / "people.tif", "w", driver="GTiff", width=100, height=140, count=1, dtype="float32",
            crs="EPSG:4326", transform=rasterio.Affine(10 * X, 0, lon, 0, -10 * Y, lat),
        ) as file:  # fmt: skip
            file.write(pixels, 1)
    elif source == "points":
        rows = [(*at(x, y), p) for x, y, p in homes]
        pd.DataFrame(rows, columns=["lon", "lat", "people"]).to_csv(folder / "people.csv", index=False)
    elif source == "units":
        pd.DataFrame({"unit": ["1", "2"], "people": [700, 300]}).to_csv(folder / "people.csv", index=False)
    (folder / "town.toml").write_text(
        f"""
[district]
id = "town"
name = "Town"
boundary = "units.geojson"
units = "units.geojson"
unit_id_field = "code"
unit_name_field = "code"
lang = "en"
[network]
source = "town.osm"
[walk.adult]
speed_m_s = 1.25
[cells]
start = "{start}"
[population]
source = "{source}"
{people}
[[layer]]
id = "clinic"
name = "Clinic"
source = "clinics.csv"
crs = "wgs84"
minutes = 15
[outputs]
isochrones = "none"
"""
    )
    return load_config(folder / "town.toml")


def measured(config):
    study = read_study(config, Clock())
    return study, measure_service(study.config.layers[0], study)


@pytest.mark.parametrize("start_at", ["people", "centre"])
@pytest.mark.parametrize("source", ["points", "buildings", "raster"])
@pytest.mark.parametrize("seed", range(6))
def test_nobody_walks_from_the_other_bank(tmp_path, seed, source, start_at):
    rng = np.random.default_rng(seed)
    # The border lies between the cell's centre and its people, to the west or the east of it; the clinic is beyond it.
    side = int(rng.choice([-1, 1]))
    border_x = side * (20.0 if source == "raster" else float(rng.uniform(5, 25)))  # pixels end at 20 m
    homes = [(border_x + side * float(rng.uniform(5, 20)), float(rng.uniform(-20, 20)), 100) for _ in range(4)]
    town = {"border_x": border_x, "homes": homes, "clinic_x": -side * 60, "source": source, "start": start_at}
    for n_units in (1, 2):
        study, service = measured(river_town(tmp_path, border=str(rng.choice(BORDERS)), n_units=n_units, **town))
        lived_in = service.people > 1  # a border of units rounded to 1e-7 degrees may cut a hair off a pixel
        assert not service.covered[lived_in].any()
        assert service.people[lived_in].sum() == pytest.approx(400, abs=1)
        start = study.cells.lon[study.cells.cell_of_piece[lived_in]]
        assert (np.sign((start - MID_LON) / X - border_x) == side).all()
        # A raster is looked at in parts some 25 m across, of which the border may cut some.
        behind = study.counts["population"]["people_behind_a_border"]
        assert behind <= 160 if source == "raster" else behind == pytest.approx(0)
        assert any("starts on the people's side" in w.en for w in study.warnings)
        # Without the border the centre is as good as any place: all walk from there, and all are covered.
        study, service = measured(river_town(tmp_path, border=None, n_units=n_units, **town | {"start": "centre"}))
        assert service.covered[lived_in].all()
        pieces = study.cells.pieces
        assert (study.cells.lon[study.cells.cell_of_piece] == pieces["lon"]).all()
        assert (study.cells.lat[study.cells.cell_of_piece] == pieces["lat"]).all()


def test_people_spread_over_units_start_in_their_own_unit(tmp_path):
    study, service = measured(
        river_town(tmp_path, border=BORDERS[0], border_x=-20, homes=[], clinic_x=60, source="units")
    )
    west = study.unit_of_piece == 0
    assert not service.covered[west].any()
    assert service.covered[~west & (service.people > 1)].all()
    start = study.cells.lon[study.cells.cell_of_piece[west & (service.people > 1)]]
    assert ((start - MID_LON) / X < -20).all()


@pytest.mark.parametrize("start_at", ["people", "centre"])
def test_the_larger_part_decides_and_the_others_are_counted(tmp_path, start_at):
    homes = [(-40, 5, 30), (10, 5, 70)]
    town = {"border": BORDERS[0], "border_x": -20, "clinic_x": 60, "n_units": 1, "start": start_at}
    study, service = measured(river_town(tmp_path, homes=homes, **town))
    assert service.people[service.covered].sum() == pytest.approx(100)
    counts = study.counts["population"]
    assert (counts["pieces_started_on_their_side"], counts["people_behind_a_border"]) == (0, pytest.approx(30))
    homes = [(-40, 5, 70), (10, 5, 30)]
    study, service = measured(river_town(tmp_path, homes=homes, **town))
    assert service.people[service.covered].sum() == 0
    counts = study.counts["population"]
    assert (counts["pieces_started_on_their_side"], counts["people_behind_a_border"]) == (1, pytest.approx(30))


@pytest.mark.parametrize(
    ("start_at", "starts"), [("people", [[-40, 5], [30, 5]]), ("centre", [[-35, 0], [0, 0]])], ids=["people", "centre"]
)
def test_files_tell_where_each_walk_starts_and_keep_the_cells_centre(tmp_path, start_at, starts):
    homes = [(-40, 5, 70), (-30, -5, 70), (30, 5, 10)]
    config = river_town(tmp_path, border=BORDERS[0], border_x=-20, homes=homes, clinic_x=60, start=start_at)
    result = run_district(config, out=tmp_path / "out").result
    cells = result.cells[result.cells["population"] > 0].set_index("unit_id")
    assert (cells["cell"] == CELL).all()
    assert cells["lon"].tolist() == pytest.approx([MID_LON] * 2, abs=1e-7)
    start = np.column_stack([(cells["start_lon"] - MID_LON) / X, (cells["start_lat"] - MID_LAT) / Y])
    assert start == pytest.approx(np.array(starts), abs=0.02)
    assert cells["clinic_covered"].tolist() == [False, True]
    assert read_population(config, *_ground(config)).homes.people.sum() == 150


@pytest.mark.parametrize("source", ["points", "buildings", "raster"])
def test_a_cell_whose_people_all_live_in_one_corner_starts_there(tmp_path, source):
    homes = [(25, 15, 30), (35, 15, 30), (35, 25, 40)]
    study, service = measured(
        river_town(tmp_path, border=None, border_x=0, homes=homes, clinic_x=60, source=source, n_units=1)
    )
    (piece,) = np.flatnonzero(service.people > 1)
    cell = study.cells.cell_of_piece[piece]
    x, y = (study.cells.lon[cell] - MID_LON) / X, (study.cells.lat[cell] - MID_LAT) / Y
    assert (x, y) == pytest.approx((35, 20), abs=5.1)
    empty = service.people == 0
    at = study.cells.cell_of_piece[empty]
    assert (study.cells.lon[at] == study.cells.pieces["lon"][empty]).all()  # nobody's walk starts at the centre
    assert (study.cells.lat[at] == study.cells.pieces["lat"][empty]).all()


def test_the_few_who_live_apart_do_not_draw_the_start_away_from_the_many(tmp_path):
    homes = [(-40, 0, 30), (-42, 5, 30), (-38, -5, 30), (50, 0, 60)]  # their mean lies near the middle of nowhere
    study, service = measured(river_town(tmp_path, border=None, border_x=0, homes=homes, clinic_x=60, n_units=1))
    (piece,) = np.flatnonzero(service.people > 0)
    assert (study.cells.lon[study.cells.cell_of_piece[piece]] - MID_LON) / X == pytest.approx(-40, abs=0.1)


def test_a_home_without_a_street_does_not_speak_for_those_who_have_one(tmp_path):
    # With legs of at most 12 m the home in the middle has no street in reach.
    for heads, x in ((40, -30), (90, -38)):
        homes = [(-30, 0, 30), (-30, 30, 30), (-38, 15, heads)]
        config = river_town(tmp_path, border=None, border_x=0, homes=homes, clinic_x=-120, n_units=1)
        text = config.path.read_text("utf-8").replace("[walk.adult]", "max_access_m = 12.0\n[walk.adult]")
        config.path.write_text(text, encoding="utf-8")
        study, service = measured(load_config(config.path))
        (piece,) = np.flatnonzero(service.people > 0)
        assert (study.cells.lon[study.cells.cell_of_piece[piece]] - MID_LON) / X == pytest.approx(x, abs=0.1)


@pytest.mark.parametrize("seed", range(40))
def test_a_start_is_a_home_on_the_side_of_most_people(seed):
    rng = np.random.default_rng(seed)
    n_pieces, n = 3, 24
    homes = Homes(
        rng.uniform(-1, 1, n), rng.uniform(-1, 1, n), rng.integers(1, 9, n) * 1.0, rng.integers(0, n_pieces, n)
    )
    # One straight border right through, so that there are two sides.
    angle, off = rng.uniform(0, np.pi), rng.uniform(-0.5, 0.5)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    ends = np.array([across * off - 9 * along, across * off + 9 * along]) * 1e-3
    homes = replace(homes, lon=homes.lon * 1e-3, lat=homes.lat * 1e-3)
    tree = EdgeTree(*(np.ascontiguousarray(c) for c in ends.T), np.array([0], np.int32), np.array([1], np.int32))
    start, behind = on_their_side(homes, n_pieces, tree)
    side = (np.column_stack([homes.lon, homes.lat]) @ across) > off * 1e-3
    for piece in range(n_pieces):
        own = np.flatnonzero(homes.piece == piece)
        if not len(own):
            assert np.isnan(start[piece]).all()
            continue
        (at_home,) = {
            i for i in own.tolist() if abs(np.array([homes.lon[i], homes.lat[i]]) - start[piece]).max() < 1e-7
        }
        heads = {s: homes.people[own][side[own] == s].sum() for s in (True, False)}
        assert heads[bool(side[at_home])] >= heads[not side[at_home]]
        assert behind[piece] == pytest.approx(heads[not side[at_home]] / sum(heads.values()))


@pytest.mark.parametrize("seed", range(20))
def test_the_middle_of_people_is_nearest_to_all_of_them_and_their_order_means_nothing(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 30))
    homes = Homes(rng.uniform(0, 1e-3, n), rng.uniform(0, 1e-3, n), rng.integers(1, 9, n) * 1.0, np.zeros(n, np.int64))
    middle = middles_of_people(homes, 2)
    assert np.isnan(middle[1]).all()

    def walked(at):
        return float((homes.people * np.hypot(homes.lon - at[0], homes.lat - at[1])).sum())

    grid = [walked((x, y)) for x in np.linspace(0, 1e-3, 60) for y in np.linspace(0, 1e-3, 60)]
    assert walked(middle[0]) <= 1.01 * min(grid)
    turned = homes.take(rng.permutation(n))
    chosen, again = nearest_homes(homes, middle)[0], nearest_homes(turned, middles_of_people(turned, 2))[0]
    assert (homes.lon[chosen], homes.lat[chosen]) == (turned.lon[again], turned.lat[again])
    assert nearest_homes(homes, middle)[1] == -1


def test_of_two_equal_homes_the_western_one_is_taken():
    homes = Homes(np.array([2e-3, 1e-3]), np.zeros(2), np.array([5.0, 5.0]), np.zeros(2, np.int64))
    assert nearest_homes(homes, middles_of_people(homes, 1)).tolist() == [1]


def test_people_beyond_the_border_start_at_home_too(tmp_path):
    homes = [(-40, 0, 30), (510, 40, 60), (520, 45, 60)]  # two of them beyond x = 450
    study, _ = measured(river_town(tmp_path, border=None, border_x=0, homes=homes, clinic_x=60, n_units=1))
    around = study.around
    assert around.groups["all"].sum() == 120
    x = (around.lon - MID_LON) / X
    assert ((x > 509.9) & (x < 520.1)).all()
    config = river_town(tmp_path, border=None, border_x=0, homes=homes, clinic_x=60, n_units=1, start="centre")
    x = (read_study(config, Clock()).around.lon - MID_LON) / X
    assert not ((x > 509.9) & (x < 520.1)).any()


def _ground(config):
    study = read_study(config, Clock())
    return study.district, study.cells
