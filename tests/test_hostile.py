"""Hostile inputs of every kind, made from seeds, end in one clear line or are taken: no traceback, hang, half a result."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.model import load_config
from circle15.errors import OutputError
from circle15.pipeline import run_district
from tests.hostile import parsers
from tests.hostile.cases import KINDS
from tests.hostile.odd_graphs import graphml
from tests.hostile.odd_rasters import PIXEL, write
from tests.hostile.village import SOUTH, STEP, WEST, N, write_village

SEED = int(os.environ.get("HOSTILE_SEED", "1"))


def judged(tmp_path, most, seed, *kinds):
    """Run the inputs in a process of its own, which forks for each: those that are not well, and the table of all."""
    env = {**os.environ, "HOSTILE_TMP": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-m", "tests.hostile.judging", most, str(seed), *kinds]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False, timeout=900)
    assert "Traceback" not in done.stderr, done.stderr
    *told, table = map(json.loads, done.stdout.splitlines())
    return [one for one in told if one["verdict"] not in {"clear", "accepted"}], table


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the judge forks")
def test_hostile_inputs_of_every_kind_are_clear_or_taken(tmp_path):
    kinds = [kind for kind in KINDS if kind != "batches"]  # whose workers take seconds to start: below
    bad, table = judged(tmp_path, str(4 * len(kinds)), SEED, *kinds)
    assert bad == []
    assert table["inputs"] == 4 * len(kinds)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the judge forks")
def test_many_hostile_inputs_are_clear_or_taken(tmp_path):
    """Twelve of each kind, as far as two and a half minutes go; thousands by hand: python -m tests.hostile.judging N SEED."""
    bad, table = judged(tmp_path, f"{12 * len(KINDS)},150s", SEED + 1000, *KINDS)
    assert [one for one in bad if one["verdict"] != "unclear"] == []
    assert len(bad) <= 0.01 * table["inputs"], bad
    assert table["inputs"] >= len(KINDS)  # each kind once, however busy the machine


@pytest.mark.parametrize("parser", parsers.PARSERS, ids=lambda p: p.__name__.strip("_"))
def test_a_parser_gives_a_value_or_our_error_whatever_text_it_is_given(tmp_path, parser):
    assert [told for seed in range(150) if (told := parsers.try_one(parser, 100 * SEED + seed, tmp_path))] == []


def people_of(tmp_path, name, values, transform, **more):
    village = write_village(tmp_path / name)
    village.say('source = "units"\npath = "people.csv"', 'source = "raster"\npath = "p.tif"')
    write(village.path("p.tif"), values, transform=transform, **more)
    done = CliRunner().invoke(main, ["run", str(village.config), "--out", str(tmp_path / name / "out")])
    return done, tmp_path / name / "out" / "coverage.csv"


def test_a_raster_whose_rows_go_south_to_north_counts_the_same_people(tmp_path):
    values = np.random.default_rng(3).integers(1, 9, (24, 24)).astype(np.float32)
    top = SOUTH + N * STEP
    north = rasterio.Affine(PIXEL, 0, WEST - PIXEL, 0, -PIXEL, top)
    south = rasterio.Affine(PIXEL, 0, WEST - PIXEL, 0, PIXEL, top - 24 * PIXEL)
    _, one = people_of(tmp_path, "north", values, north)
    _, other = people_of(tmp_path, "south", values[::-1].copy(), south)
    _, whole = people_of(tmp_path, "whole", values.astype(np.int64), north)
    assert len(one.read_bytes()) > 100
    assert one.read_bytes() == other.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("value", [1e20, np.float32(3.4e38), -9999])
def test_one_pixel_of_no_data_that_is_not_marked_is_refused_or_nobody_and_told(tmp_path, value):
    values = np.ones((24, 24), np.float32)
    values[12, 12] = value
    done, _ = people_of(tmp_path, "v", values, None)
    if value > 0:
        assert done.exit_code == 2
        assert "p.tif" in done.output
        assert "population.nodata" in done.output
    else:
        assert done.exit_code == 0
        assert "-9999" in done.output


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
def test_a_raster_cannot_be_in_a_shifted_system(tmp_path, crs):
    village = write_village(tmp_path / "v")
    village.say('source = "units"\npath = "people.csv"', f'source = "raster"\npath = "p.tif"\ncrs = "{crs}"')
    write(village.path("p.tif"), np.ones((24, 24), np.float32), crs=None)
    done = CliRunner().invoke(main, ["check", str(village.config)])
    assert done.exit_code == 2
    assert "p.tif" in done.output
    assert "EPSG:4326" in done.output


def test_twenty_thousand_rows_of_one_id_take_time_by_their_number_not_its_square(tmp_path):
    village = write_village(tmp_path / "v")

    from circle15.inputs.facilities import facility_sources  # noqa: PLC0415 (as above)

    seen = []
    taken = set()
    layer = load_config(village.config).layers[0]

    class Counted(set):
        def __contains__(self, item):
            seen.append(item)
            return super().__contains__(item)

    taken = Counted()
    for row in range(2000):
        name = facility_sources._distinct(f"{layer.id}-a1-{row}", taken)
        taken.add(name)
    assert len(taken) == 2000
    assert len(seen) < 3 * 2000


def told_of(folder, spoil, command="check"):
    village = write_village(folder)
    spoil(village)
    out = () if command == "check" else ("--out", str(folder / "out"))
    done = CliRunner().invoke(main, [command, str(village.config), *out, "--lang", "en"])
    assert "defect" not in done.output
    return done


def of_units(change):
    def spoil(village):
        told = json.loads(village.path("units.geojson").read_text("utf-8"))
        change(told["features"][0]["geometry"])
        village.path("units.geojson").write_text(json.dumps(told), encoding="utf-8")

    return spoil


@pytest.mark.parametrize("crs", ["", "None", "x"])
def test_a_graph_without_a_system_is_told_by_its_file(tmp_path, crs):
    def spoil(village):
        village.path("s.graphml").write_text(graphml(crs=crs), encoding="utf-8")
        village.say('source = "streets.osm"', 'source = "s.graphml"')

    done = told_of(tmp_path / "v", spoil)
    assert done.exit_code == 2
    assert "s.graphml" in done.output
    assert "epsg:4326" in done.output


def test_an_outline_round_the_globe_is_refused_before_a_cell_is_laid(tmp_path):
    globe = [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]
    done = told_of(tmp_path / "v", of_units(lambda shape: shape.update(coordinates=globe)), "run")
    assert done.exit_code == 2
    assert "-180" in done.output
    assert "memory" not in done.output


def test_sides_that_lie_on_each_other_a_thousand_times_are_compared_as_one(tmp_path):
    done = told_of(tmp_path / "v", of_units(lambda shape: shape.update(coordinates=shape["coordinates"] * 3000)), "run")
    assert done.exit_code == 2
    assert "units.geojson" in done.output


def test_a_row_of_people_whose_unit_lost_its_outline_names_the_outlines_file(tmp_path):
    done = told_of(tmp_path / "v", of_units(lambda shape: shape["coordinates"][0].__setitem__(1, [121.5, []])), "run")
    assert done.exit_code == 2
    assert "people.csv" in done.output
    assert "units.geojson" in done.output


@pytest.mark.parametrize("line", ["[[0, 0], [180, 90]]", "[[121.5, 29.9], [29.9, 89.0]]"])
@pytest.mark.parametrize("kind", ["add_path", "close_path"])
def test_a_path_that_nobody_walks_is_told_by_its_change(tmp_path, kind, line):
    def spoil(village):
        text = village.config.read_text("utf-8")
        village.config.write_text(f'{text}[[change]]\nkind = "{kind}"\nline = {line}\n', encoding="utf-8")

    done = told_of(tmp_path / "v", spoil)
    assert done.exit_code == 2
    assert "change.1" in done.output
    assert "100 km" in done.output


def test_a_builder_s_clock_in_the_environment_ends_no_run(tmp_path):
    village = write_village(tmp_path / "v")
    argv = [sys.executable, "-m", "circle15", "run", str(village.config), "--out", str(tmp_path / "out"), "-q"]
    env = {**os.environ, "SOURCE_DATE_EPOCH": "no time"}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("becomes", ["gone", "a file"])
@pytest.mark.parametrize("stage", ["network", "reach", "write"])
def test_a_folder_of_results_that_vanishes_or_becomes_a_file_is_told_and_nothing_is_left(tmp_path, stage, becomes):
    village = write_village(tmp_path / "v")
    place = tmp_path / "results"

    def spoil(name):
        if name == stage:
            shutil.rmtree(place)
            if becomes == "a file":
                place.write_text("mine")

    with pytest.raises(OutputError, match="cannot write") as e:
        run_district(load_config(village.config), out=place / "out", on_stage=spoil)
    assert str(place / "out") in str(e.value)
    assert place.is_file() if becomes == "a file" else not place.exists()
