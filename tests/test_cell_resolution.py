"""`resolution = "auto"` of [cells]: the finest whose cells are few enough, settled once, by the outlines alone."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from circle15.batch.district_list import find_districts
from circle15.config.model import load_config
from circle15.errors import InputError
from circle15.inputs.ground import cell_budget, cell_resolution
from circle15.inputs.ground.cell_resolution import COARSEST, FINEST, choose_resolution
from circle15.inputs.ground.cells import cut_cells
from circle15.pipeline import run_district
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.runs.verify import verify_folder
from tests.batch_town import build_town
from tests.certain_town import SPREAD, write_town


@pytest.fixture
def few(monkeypatch):
    """Let a few hundred cells be the most, so that a test's cells are made in no time."""
    monkeypatch.setattr(cell_resolution, "MOST_CELLS", 300)
    return 300


def outline(rng, metres):
    """Give a crooked polygon with a lake, about so many metres across, anywhere where people live."""
    lon, lat = rng.uniform(-180, 180), rng.uniform(-55, 70)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 24))
    reach = metres / 2 / 111_195 * rng.uniform(0.2, 1.0, (24, 1))
    ring = [lon, lat] + reach * np.c_[np.cos(angle) / np.cos(np.radians(lat)), np.sin(angle)]
    whole = shapely.make_valid(shapely.Polygon(ring))
    lake = shapely.buffer(shapely.point_on_surface(whole), metres / 111_195 / 40)
    return shapely.difference(whole, lake)


def units_of(*polygons):
    names = [f"u{i}" for i in range(len(polygons))]
    return gpd.GeoDataFrame({"unit_id": names}, geometry=list(polygons), crs="EPSG:4326")


def counted(units, resolution):
    return cut_cells(units, resolution).pieces["cell"].nunique()


@pytest.mark.parametrize("seed", range(24))
def test_cells_are_never_more_than_stated_but_at_the_coarsest_nor_coarser_than_they_need_be(few, seed):
    rng = np.random.default_rng(seed)
    units = units_of(outline(rng, 10 ** rng.uniform(2.0, 4.3)))
    chosen = choose_resolution(units)
    assert COARSEST <= chosen.resolution <= FINEST
    if chosen.resolution > COARSEST:
        assert counted(units, chosen.resolution) == chosen.n_cells <= few
    if chosen.resolution < FINEST:
        assert counted(units, chosen.resolution + 1) > few


def test_all_three_are_chosen_somewhere(few):
    found = {choose_resolution(units_of(outline(np.random.default_rng(3), m))).resolution for m in (300, 1700, 9000)}
    assert found == {9, 10, 11}


@pytest.mark.parametrize("seed", range(6))
def test_streets_within_the_district_change_nothing(few, seed):
    rng = np.random.default_rng(100 + seed)
    whole = outline(rng, 10 ** rng.uniform(2.5, 3.8))
    west, south, east, north = whole.bounds
    x = west + (east - west) * rng.uniform(0.3, 0.7)
    halves = [shapely.intersection(whole, shapely.box(*b)) for b in ((west, south, x, north), (x, south, east, north))]
    assert choose_resolution(units_of(*halves)).resolution == choose_resolution(units_of(whole)).resolution


def test_a_country_is_the_coarsest_and_no_cell_is_made_for_it(monkeypatch):
    monkeypatch.setattr(cell_resolution, "n_cells_cut", lambda *_: pytest.fail("cells were made"))
    assert choose_resolution(units_of(shapely.box(75, 20, 130, 50))).resolution == COARSEST


@pytest.fixture
def town(tmp_path):
    """A town whose config leaves the resolution to its size."""
    more = '[[layer]]\nid = "pitch"\nname = "Pitch"\nsource = "clinic.csv"\ncrs = "wgs84"\nminutes = 3\n'
    path = write_town(tmp_path, clinics=[(300, 200, ""), (1500, 100, "")], people=SPREAD, more=more)
    text = path.read_text("utf-8").replace("resolution = 10", 'resolution = "auto"')
    path.write_text(text.replace('write = ["cells", "coverage", "ranking"]', ""), "utf-8")
    return path


def stated(town, resolution):
    path = town.with_name(f"stated{resolution}.toml")
    path.write_text(town.read_text("utf-8").replace('resolution = "auto"', f"resolution = {resolution}"), "utf-8")
    return path


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "run.json"}


def test_a_run_tells_which_resolution_why_and_what_another_costs_and_its_numbers_are_that_ones(town, tmp_path):
    run = run_district(town, out=tmp_path / "auto")
    n = len(set(run.result.cells["cell"]))
    told = json.loads((tmp_path / "auto" / "run.json").read_text("utf-8"))
    assert told["cells"] == {"resolution": 11, "n_cells": n, "finest": 11, "coarsest": 9, "most": 100_000}
    assert told["config"]["cells"]["resolution"] == "auto"
    why = f"chosen by the district's size: {n:,} cells, no more than 100,000, so the finest"
    assert f"cells: H3 resolution 11, {why}" in run.summary()
    assert "resolution = 10 (a seventh of the cells)" in run.summary()
    assert why in (tmp_path / "auto" / "report.html").read_text("utf-8").replace("&#x27;", "'").replace("&#39;", "'")
    by_number = run_district(stated(town, 11), out=tmp_path / "eleven")
    assert "chosen" not in by_number.summary()
    assert "cells" not in json.loads((tmp_path / "eleven" / "run.json").read_text("utf-8"))
    pd.testing.assert_frame_equal(run.result.tables.coverage, by_number.result.tables.coverage)
    pd.testing.assert_frame_equal(run.result.cells, by_number.result.cells)


def test_a_district_too_large_for_the_finest_says_so_in_both_languages(few, town, tmp_path):
    run = run_district(town, out=tmp_path / "auto")
    assert run.result.resolution == 10
    assert "one finer would be more than 300" in run.said().en
    assert "10 级，自动选取：" in run.said().zh
    assert "细一级则超过 300 个" in run.said().zh


def test_what_auto_came_to_is_verified_and_a_second_run_gives_the_same_bytes(town, tmp_path):
    run_district(town, out=tmp_path / "auto")
    assert all(v.is_sound for v in verify_folder(tmp_path / "auto"))
    run_district(town, out=tmp_path / "again")
    assert files_of(tmp_path / "auto") == files_of(tmp_path / "again")
    path = tmp_path / "auto" / "run.json"
    path.write_text(path.read_text("utf-8").replace('"most": 100000', '"most": 90000'), "utf-8")
    assert not all(v.is_sound for v in verify_folder(tmp_path / "auto"))


def test_the_choice_is_the_same_on_a_small_machine_which_refuses_the_run_and_names_a_number_that_fits(
    town, monkeypatch, tmp_path
):
    monkeypatch.setattr(cell_budget, "available_bytes", lambda: 1_500_000)
    with pytest.raises(InputError, match=r"needs about [\d,]+ cells.*or cells\.resolution = \d+ ") as e:
        run_district(town, out=tmp_path / "auto")
    assert e.value.problems[0].key == "cells.resolution"
    assert not (tmp_path / "auto").exists()


def test_whoever_reads_a_study_finds_a_number(town):
    study = read_study(load_config(town), Clock())
    assert study.config.cells.resolution == study.cells.resolution == study.chosen.resolution == 11
    assert study.policy.stated.cells.resolution == "auto"
    with pytest.raises(RuntimeError, match="settled by the district's outlines"):
        _ = load_config(town).cells.settled_resolution


def test_sea_counts_as_its_cells_are_cut_too(few, town, tmp_path):
    west, south, east, north = map(float, town.read_text("utf-8").split('"box:')[1].split('"')[0].split(","))
    ground = [shapely.box(west, south, east, north)]
    gpd.GeoDataFrame({"code": ["1"], "name": ["Land"]}, geometry=ground, crs=4326).to_file(tmp_path / "land.geojson")
    box = f'boundary = "box:{west},{south},{east},{north}"'
    sea = f'boundary = "box:{west},{south - 0.2},{east},{north}"\nunits = "land.geojson"\nunit_id_field = "code"'
    wide = tmp_path / "wide.toml"
    wide.write_text(town.read_text("utf-8").replace(box, sea), "utf-8")
    assert read_study(load_config(town), Clock()).chosen.resolution == 10
    assert read_study(load_config(wide), Clock()).chosen.resolution == 9


def test_each_district_of_a_batch_has_the_resolution_of_its_own_size(monkeypatch, tmp_path):
    monkeypatch.setattr(cell_resolution, "MOST_CELLS", 700)
    batch = build_town(tmp_path)
    batch.write_text(batch.read_text("utf-8").replace("resolution = 10", 'resolution = "auto"'), "utf-8")
    levels = {e.name: read_study(e.config, Clock()).chosen.resolution for e in find_districts([batch])}
    assert levels == {"east": 10, "middle": 10, "west": 11}
