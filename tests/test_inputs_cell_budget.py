"""Cells are counted before any is made: an area that does not fit into memory is refused with estimate and remedy."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from circle15.errors import InputError
from circle15.inputs.ground import cell_budget, cells
from circle15.inputs.ground.cell_budget import BYTES_PER_CELL, check_cell_budget, n_cells_of
from circle15.memory import available_bytes, gigabytes, out_of_memory_text
from tests.building_town import BuildingTown


@pytest.mark.parametrize("seed", range(12))
def test_the_estimate_is_the_number_of_cells_that_are_made(seed):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(75, 130), rng.uniform(-50, 60)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
    ring = np.c_[lon + 0.06 * np.cos(angle), lat + 0.06 * np.sin(angle)]
    units = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shapely.Polygon(ring)], crs="EPSG:4326")
    for resolution in (8, 9, 10):
        made = cells.cut_cells(units, resolution).n_cells
        assert n_cells_of(units.geometry, resolution) == pytest.approx(made, rel=0.12, abs=4)


def test_a_country_is_refused_before_a_cell_is_made(monkeypatch):
    monkeypatch.setattr(cells.h3_int, "h3shape_to_cells_experimental", lambda *_: pytest.fail("cells were made"))
    monkeypatch.setattr(cell_budget, "available_bytes", lambda: 16_000_000_000)
    china = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shapely.box(75, 20, 130, 50)], crs="EPSG:4326")
    for resolution in (10, 11, 12, 13):
        with pytest.raises(
            InputError, match=r"needs about [\d,]{11,} cells, some [\d,]+ GB of memory, and 16 GB is free"
        ):
            cells.cut_cells(china, resolution)


@pytest.mark.parametrize("free_gb", [0.5, 2, 8, 64])
def test_the_resolution_that_is_advised_fits_and_the_next_finer_one_would_not_with_room(monkeypatch, free_gb):
    monkeypatch.setattr(cell_budget, "available_bytes", lambda: int(free_gb * 1e9))
    province = [shapely.box(118, 27, 123, 31)]
    with pytest.raises(InputError, match=r"or cells\.resolution = \d+ \(") as e:
        check_cell_budget(province, 13)
    advised = int(str(e.value).split("cells.resolution = ")[1].split()[0])
    check_cell_budget(province, advised)
    assert n_cells_of(province, advised) * BYTES_PER_CELL * 2 <= free_gb * 1e9
    assert n_cells_of(province, advised + 1) * BYTES_PER_CELL * 2 > free_gb * 1e9


def test_what_no_resolution_helps_asks_for_a_smaller_boundary(monkeypatch):
    monkeypatch.setattr(cell_budget, "available_bytes", lambda: 1_000_000)
    with pytest.raises(InputError) as e:
        check_cell_budget([shapely.box(75, 20, 130, 50)], 10)
    assert str(e.value).endswith("give a smaller boundary")


def test_a_system_that_does_not_tell_its_memory_has_a_bound_of_its_own(monkeypatch):
    monkeypatch.setattr(cell_budget, "available_bytes", lambda: None)
    check_cell_budget([shapely.box(120, 30, 120.5, 30.5)], 10)
    with pytest.raises(InputError, match=r"GB of memory; give a smaller boundary"):
        check_cell_budget([shapely.box(75, 20, 130, 50)], 10)


def test_a_run_and_check_refuse_it_and_read_no_streets(tmp_path, monkeypatch):
    path = BuildingTown(tmp_path).write()
    monkeypatch.setattr(cell_budget, "available_bytes", lambda: 10_000)
    monkeypatch.setattr("circle15.pipeline.study.read_study.read_streets", lambda *_: pytest.fail("streets were read"))
    told = CliRunner().invoke(main, ["run", str(path), "--out", str(tmp_path / "out")])
    assert told.exit_code == 2
    assert "circle15: cells.resolution, value 10: needs about" in told.stderr
    assert not (tmp_path / "out").exists()
    assert "needs about" in CliRunner().invoke(main, ["check", str(path)]).stdout


def test_a_memory_error_is_told_in_one_line_without_a_trace(tmp_path, monkeypatch):
    error = MemoryError("Unable to allocate 8.00 GiB for an array")

    def exhausted(*_args, **_kwargs):
        raise error

    path = BuildingTown(tmp_path).write()
    monkeypatch.setattr("circle15.pipeline.run_district", exhausted)
    told = CliRunner().invoke(main, ["run", str(path)])
    assert told.exit_code == 1
    assert told.stderr.splitlines()[-1] == f"circle15: {out_of_memory_text(error).en}; nothing was written"
    assert "Traceback" not in told.stderr


def test_memory_is_told_in_gigabytes():
    assert [gigabytes(b) for b in (4e8, 2.24e10, 4.5e12)] == ["0.4 GB", "22 GB", "4,500 GB"]
    free = available_bytes()
    assert free is None or free > 1_000_000
