"""What the system and libraries say reaches the terminal in our words, and a drawing never costs the numbers."""

import errno
import itertools
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from circle15.cli.shared.plain_words import library_warnings
from circle15.errors import InputError, OutputError
from circle15.files.staging import refuse_locked, staged_folder
from circle15.files.written import MANIFEST, write_manifest
from circle15.inputs.osm.shapes import merged
from circle15.inputs.tables import file_guards
from circle15.inputs.tables.reading import read_table
from circle15.outputs import maps, report
from circle15.pipeline import run_district
from circle15.pipeline.record import writing
from tests.chinese_town import Town


@pytest.fixture
def config(tmp_path):
    town = Town(tmp_path)
    path = town.write()
    town.write_table(*town.places(5))
    return path


def invoke(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def digests(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refuse(name, monkeypatch, call="rename"):
    """Let the system refuse to rename or replace files of this name, as Windows does while Excel has them open."""
    real = getattr(os, call)

    def refused(source, target):
        if Path(target).name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source), None, str(target))
        return real(source, target)

    monkeypatch.setattr(os, call, refused)


def test_a_workbook_that_is_open_is_named_before_anything_is_computed(config, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert invoke("run", config, "--out", out, "-q").exit_code == 0
    before = digests(out)
    refuse("tables.xlsx", monkeypatch)
    monkeypatch.setattr("circle15.pipeline.district_run.read_study", lambda *_: pytest.fail("computed for nothing"))
    done = invoke("run", config, "--out", out)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(f"circle15: {out / 'tables.xlsx'}: cannot write: permission denied")
    assert "close it there and run again" in done.stderr
    assert digests(out) == before


def test_every_file_that_is_held_is_named(tmp_path, monkeypatch):
    for name in ("a.csv", "b.xlsx"):
        (tmp_path / name).write_text("x")
    write_manifest({"files": {n: {"sha256": "0"} for n in ("a.csv", "b.xlsx", "gone.csv")}}, tmp_path / MANIFEST)
    refuse_locked(tmp_path)

    def refused(source, _target):
        raise PermissionError(errno.EACCES, "denied", str(source))

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(OutputError) as told:
        refuse_locked(tmp_path)
    assert [p.file for p in told.value.problems] == [str(tmp_path / n) for n in ("a.csv", "b.xlsx")]


def test_a_file_that_is_opened_while_the_run_computes_is_named(tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "notes.txt").write_text("mine, so that files are replaced one by one")
    refuse("tables.xlsx", monkeypatch, call="replace")
    with (
        pytest.raises(OutputError, match=r"tables\.xlsx: cannot write: permission denied"),
        staged_folder(tmp_path / "d") as s,
    ):
        (s / "tables.xlsx").write_text("x")
        (s / MANIFEST).write_text("{}")


def test_an_input_that_may_not_be_read_is_named_with_what_to_do(config, tmp_path, monkeypatch):
    def refused(_path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(file_guards, "content_kind", refused)
    with pytest.raises(InputError, match=r"托育\.csv: may not be read: if it is open in Excel, WPS"):
        read_table(tmp_path / "托育.csv")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError("Unable to allocate 80.0 GiB"), "out of memory (Unable to allocate 80.0 GiB): close other programs"),
        (MemoryError(), "out of memory: close other programs"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/区.tif"), "/data/区.tif: permission denied; if it is open"),
        (OSError(errno.EIO, "Input/output error", "/data/区.tif"), "/data/区.tif: Input/output error"),
        (shapely.errors.GEOSException("TopologyException: side\nlocation"), "GEOSException: TopologyException: side location"),
        (KeyError("unit_id"), "KeyError: 'unit_id'"),
    ],
)  # fmt: skip
def test_an_error_that_nobody_expected_is_told_without_a_traceback(config, tmp_path, monkeypatch, error, said):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("circle15.pipeline.district_run.read_study", fail)
    done = invoke("run", config, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert f"circle15: {said}" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert not (tmp_path / "out").exists()
    assert "Traceback" in invoke("run", config, "--out", tmp_path / "out", "--debug").stderr


def test_warnings_of_libraries_are_one_line_of_ours(config, tmp_path, monkeypatch):
    def warn(study, *_, **__):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            np.array([1.0]) / np.array([0.0])
            warnings.warn("Non closed ring detected", RuntimeWarning, stacklevel=1)
        raise InputError("stopped here")

    monkeypatch.setattr("circle15.pipeline.district_run.read_study", warn)
    done = invoke("run", config, "--out", tmp_path / "out")
    lines = done.stderr.splitlines()
    assert lines[-1] == (
        "circle15: note: a library warns: RuntimeWarning: divide by zero encountered in divide and 1 more;"
        " -vv shows where"
    )
    assert ".py" not in done.stderr
    assert "library" not in invoke("run", config, "--out", tmp_path / "out", "-q").stderr


def test_warnings_that_are_errors_stay_errors():
    with library_warnings() as heard, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning):
            warnings.warn("x", RuntimeWarning, stacklevel=1)
    assert not heard.texts


def topology(*_, **__):
    raise shapely.errors.GEOSException("TopologyException: side location conflict at 7.42 43.73")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_drawings_that_fail_are_told_and_the_tables_are_written(config, tmp_path, monkeypatch, lang):
    config.write_text(config.read_text("utf-8").replace('lang = "zh"', f'lang = "{lang}"'), encoding="utf-8")
    whole = run_district(config, out=tmp_path / "whole")
    monkeypatch.setattr(report, "class_paths", topology)
    monkeypatch.setattr(writing, "write_gpkg", topology)
    page_data, broken = maps.page_data, whole.result.units["unit_id"].iloc[0]

    def of_others(view, *args, **keys):
        return topology() if view.unit_id == broken else page_data(view, *args, **keys)

    monkeypatch.setattr(maps, "page_data", of_others)
    done = invoke("run", config, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    lost = {"report.html", "district.gpkg", f"units/{broken}.html"}
    names = {p.as_posix() for p in digests(tmp_path / "out")}
    assert {p.as_posix() for p in digests(tmp_path / "whole")} - names == lost | {
        "district.qgz"
    }  # the project of the GeoPackage goes with it
    warned = json.loads((tmp_path / "out" / MANIFEST).read_text("utf-8"))["warnings"]
    for name in lost:
        words = "未能绘制" if lang == "zh" else "could not be drawn"
        (sentence,) = [w for w in warned if w.startswith(name)]
        assert words in sentence
        assert "TopologyException" in sentence
        assert f"circle15: warning: {sentence}" in done.stderr
    for name in ("coverage.csv", "facilities.csv", "cells.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_full_disk_still_ends_the_run(config, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(report, "class_paths", full)
    done = invoke("run", config, "--out", tmp_path / "out")
    assert (done.exit_code, "No space left on device" in done.stderr) == (1, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", range(20))
def test_shapes_of_any_rounding_are_united_with_their_ground(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 0.01, 8)).round(7)
    strips = [shapely.box(a - rng.uniform(0, 3e-7), 0, b, 0.01) for a, b in itertools.pairwise(x)]
    sliver = shapely.Polygon([(0, 0), (0.01, 1e-8), (0.005, 2e-8), (0, 3e-8)])
    shapes = shapely.transform(np.array([*strips, sliver], dtype=object), lambda xy: np.round(xy, 7))
    area = x[-1] - shapely.bounds(shapes[0])[0]
    assert merged(shapes, 1e-7).area == pytest.approx(area * 0.01, rel=1e-3)


def test_shapes_that_cannot_be_united_are_drawn_apart(monkeypatch):
    monkeypatch.setattr(shapely, "coverage_union_all", topology)
    monkeypatch.setattr(shapely, "union_all", topology)
    shapes = np.array(
        [shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(1, 0, 2, 1), shapely.box(5, 5, 6, 6)])]
    )
    drawn = merged(shapes, 0.1)
    assert drawn.area == 3
    assert set(shapely.get_type_id(shapely.get_parts(drawn))) == {shapely.GeometryType.POLYGON}
