"""People where there are none: empty units, impossible densities, everybody in a few cells, buildings mapped in part."""

import re
from collections import Counter

import h3
import numpy as np
import pytest

from circle15.config.model import load_config
from circle15.doctor.check import check_config
from circle15.inputs.people.densest import bound_text, most_people
from circle15.pipeline import run_district
from circle15.pipeline.fit.fit_warnings import fit_warnings
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from tests.building_town import BuildingTown


def warned(path):
    return [w.en for w in fit_warnings(read_study(load_config(path), Clock()))]


def about(path, word):
    return [w for w in warned(path) if word in w]


@pytest.mark.parametrize("seed", range(3))
def test_a_town_whose_houses_stand_along_its_streets_is_warned_of_nothing(tmp_path, seed):
    path = BuildingTown(tmp_path, share=1.0, seed=seed).write()
    assert [w for w in warned(path) if "house" in w or "home" in w or "people" in w or "density" in w] == []


@pytest.mark.parametrize("seed", range(5))
def test_few_buildings_are_told_with_their_share_of_the_streets_by_run_and_check(tmp_path, seed):
    town = BuildingTown(tmp_path, share=0.01 + 0.02 * seed, seed=seed)
    path = town.write()
    (warning,) = about(path, "mapped in part")
    assert f"({town.n_homes:,} in all)" in warning
    run = run_district(path, out=tmp_path / "out")
    assert warning in run.result.warnings
    assert warning in {w.en for w in check_config(path).warnings}


def test_buildings_that_nobody_lives_in_are_no_homes_along_a_street(tmp_path):
    path = BuildingTown(tmp_path, share=1.0, others="industrial", homes=0.1).write()
    assert len(about(path, "mapped in part")) == 1


def test_everybody_in_two_blocks_is_told_as_density_and_as_few_cells(tmp_path):
    path = BuildingTown(tmp_path, n_blocks=22, share=0.0, total=160_000).with_homes_at((3, 4), (12, 9)).write()
    density, few = about(path, "impossible density") + about(path, "few cells hold most people")
    assert "the densest block on record had 33,000 (Kowloon Walled City, 2.6 ha, 1987)" in density
    assert "160,000" in density
    assert "live in 1 cells" in few


def test_a_unit_with_streets_and_nobody_is_named_with_its_kilometres(tmp_path):
    town = BuildingTown(tmp_path, share=1.0, only_west=True, units=True)
    (warning,) = about(town.write(), "nobody living there")
    assert warning.startswith("1 unit has streets but nobody living there: East (")
    assert " km, 0 people)" in warning


def test_a_unit_without_streets_may_be_empty(tmp_path):
    town = BuildingTown(tmp_path, share=1.0, only_west=True, units=True, streets_west_only=True)
    assert about(town.write(), "nobody living there") == []


@pytest.mark.parametrize("resolution", [9, 10, 11])
def test_density_is_judged_alike_at_every_resolution(tmp_path, resolution):
    """A tower of 900 people on its own small cell is no density of a quarter; ten million people in one place are."""
    town = BuildingTown(tmp_path, share=1.0, resolution=resolution)
    people = [(x, y, 20) for x in range(50, 1000, 100) for y in range(50, 1000, 100)]
    assert about(town.write(people=[*people, (455, 455, 900)]), "impossible density") == []
    (warning,) = about(town.write(people=[*people, (455, 455, 10_000_000)]), "impossible density")
    assert re.search(r"has 10,000,\d{3} people", warning)


@pytest.mark.parametrize("seed", range(4))
def test_people_at_a_point_per_community_are_told_and_the_same_people_at_their_houses_are_not(tmp_path, seed):
    rng = np.random.default_rng(seed)
    town = BuildingTown(tmp_path, n_blocks=30, share=0.0)
    houses = rng.uniform(0, 3000, (4000, 2))
    # Four communities in 9 km²: half of the people in two or three of some 700 cells.
    middles = np.clip((houses // 1500) * 1500 + 750, 0, 3000)
    table = [(x, y, 10 * n) for (x, y), n in Counter(map(tuple, middles.tolist())).items()]
    (warning,) = about(town.write(people=table), "few cells hold most people")
    assert "of those with streets)" in warning
    assert about(town.write(people=[(x, y, 10) for x, y in houses]), "few cells hold most people") == []


def test_the_bound_is_the_walled_citys_on_small_ground_and_dharavis_on_large():
    assert most_people([0.0, 100.0, 26_000.0]).tolist() == [33_000.0] * 3
    assert most_people(2_390_000.0) == pytest.approx(1_003_800)
    grounds = np.geomspace(1, 1e9, 200)
    assert (np.diff(most_people(grounds)) >= 0).all()
    assert "Dharavi" in bound_text(h3.average_hexagon_area(8, unit="m^2")).en


def test_storeys_that_no_building_has_are_unknown_and_named(tmp_path):
    town = BuildingTown(tmp_path, share=1.0, levels={7: "330", 8: "163", 9: "98"})
    study = read_study(load_config(town.write()), Clock())
    (warning,) = [w.en for w in study.warnings if "storeys" in w.en]
    assert "building:levels: w50007 = 330; the tallest has 163" in warning
    plain = read_study(load_config(BuildingTown(tmp_path, share=1.0, levels={8: "163", 9: "98"}).write()), Clock())
    np.testing.assert_allclose(study.people.groups["all"], plain.people.groups["all"])
