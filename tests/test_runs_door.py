"""Folders of finished runs are read as warily as inputs: what is no plain file there is told by its name, and nobody waits for it."""

import os
import shutil

import pytest
from click.testing import CliRunner

from circle15.cli import main
from tests.batch_town import BOXES, SHARED, build_town

pytestmark = pytest.mark.timeout(100)  # seconds: one that waits for a pipe waits for ever


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two finished runs of two dates."""
    folder = tmp_path_factory.mktemp("town")
    build_town(folder, districts=("west",))
    for name, as_of in (("was", "2026-01-01"), ("is", "2027-01-01")):
        district = f'[district]\nid = "west"\nname = "West"\nas_of = {as_of}\nboundary = "box:{BOXES["west"]}"\n'
        (folder / f"{name}.toml").write_text(SHARED.replace("[district]\n", district, 1), encoding="utf-8")
        assert invoke("run", folder / f"{name}.toml", "--out", folder / "runs" / name, "-q").exit_code == 0
    return folder / "runs"


def invoke(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def pipe(path):
    os.mkfifo(path)


def hole(path):
    path.touch()
    os.truncate(path, 1 << 40)


def circle(path):
    path.symlink_to(path)


def torn(path):
    path.write_bytes(b"PK\x03\x04 torn")


def of_the_kernel(path):
    path.symlink_to("/proc/kmsg")


ODD = [pipe, hole, circle, torn, of_the_kernel]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("compare", "run.json"),
        ("compare", "cells.parquet"),
        ("trend", "run.json"),
        ("trend", "coverage.csv"),
        ("verify", "run.json"),
        ("verify", "coverage.csv"),
        ("verify", "district.gpkg"),
    ],
)
def test_what_is_no_plain_file_in_a_run_s_folder_is_named(runs, tmp_path, command, name, make):
    shutil.copytree(runs / "is", tmp_path / "is")
    (tmp_path / "is" / name).unlink()
    make(tmp_path / "is" / name)
    folders = [tmp_path / "is"] if command == "verify" else [runs / "was", tmp_path / "is"]
    done = invoke(command, *folders)
    assert done.exit_code == (1 if (command, name) != ("verify", "run.json") and command == "verify" else 2), (
        done.output
    )
    assert "defect of circle15" not in done.output
    assert str(tmp_path / "is") in done.output
    assert name in done.output
