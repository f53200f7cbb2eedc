"""A folder of the user's own files under every name that circle15 writes survives every command."""

import errno
import os
from pathlib import Path

import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from circle15.files.staging import claimed_folder
from circle15.files.written import LEDGER
from circle15.outputs.catalogue import catalogue
from tests.batch_town import BOXES, SHARED, build_town

MORE = ("district.toml", "extract.osm.pbf", "programme-2027.toml", "programme-2028.toml")
NAMES = sorted({name.replace("*", "west") for output in catalogue().values() for name in output.files})
PROGRAMME = '[planning]\ncrs = "wgs84"\n[programme]\nyears = [2027, 2028]\nbudget = 100\ncandidates = "projects.csv"\nmaximise = "people"\n'
PROJECTS = "name,layer,lon,lat,cost\nA,clinic,0.006,0.006,60\nB,clinic,0.004,0.009,60\n"


@pytest.fixture(autouse=True)
def internet(monkeypatch):
    """Stand in for what `fetch` asks of the internet."""

    def fetch(_area, path, **_):
        path.write_bytes(b"fetched")
        return {"streets": 1}

    monkeypatch.setattr("circle15.inputs.osm.fetch.place_polygon", lambda *_, **__: shapely.box(0, 0, 0.01, 0.01))
    monkeypatch.setattr("circle15.inputs.osm.fetch.fetch_osm", fetch)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Configs of one district and of a batch, and two finished runs."""
    folder = tmp_path_factory.mktemp("town")
    build_town(folder, districts=("west",))
    for name, as_of in (("west.toml", "2026-01-01"), ("later.toml", "2027-01-01")):
        district = f'[district]\nid = "west"\nname = "West"\nas_of = {as_of}\nboundary = "box:{BOXES["west"]}"\n'
        (folder / name).write_text(SHARED.replace("[district]\n", district, 1), encoding="utf-8")
        assert invoke("run", folder / name, "--out", folder / "runs" / name, "-q").exit_code == 0
    (folder / "projects.csv").write_text(PROJECTS, encoding="utf-8")
    (folder / "programme.toml").write_text((folder / "west.toml").read_text("utf-8") + PROGRAMME, encoding="utf-8")
    return folder


def invoke(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "args",
    [
        ["run", "west.toml", "--out", "DIR"],
        ["batch", "batch.toml", "--out", "DIR", "--jobs", "1"],
        ["rank", "west.toml", "--out", "DIR"],
        ["site", "west.toml", "--layer", "clinic", "--p", "1", "--out", "DIR"],
        ["compare", "runs/west.toml", "runs/later.toml", "--out", "DIR"],
        ["trend", "runs/west.toml", "runs/later.toml", "--out", "DIR"],
        *(["isochrone", "west.toml", "--at", "0.004,0.004", "-o", f"DIR/{n}"] for n in ("run.json", "index.html")),
        ["programme", "programme.toml", "--out", "DIR"],
        ["fetch", "Town", "-o", "DIR/extract.osm.pbf"],
        ["init", "DIR"],
    ],
    ids=lambda args: " ".join(args[:1] + args[-1:]),
)
def test_no_command_replaces_a_file_that_it_did_not_write(town, tmp_path, args):
    theirs = tmp_path / "theirs"
    for name in [*NAMES, *(f"west/{n}" for n in NAMES), *MORE, ".west.partial/x.txt", "notes.txt"]:
        (theirs / name).parent.mkdir(parents=True, exist_ok=True)
        (theirs / name).write_text(f"mine: {name}")
    before = contents(theirs)
    given = [str(town / a) if a.split("/")[0] == "runs" or a.endswith(".toml") else a for a in args]
    done = invoke(*[a.replace("DIR", str(theirs)) for a in given])
    assert contents(theirs) == before
    assert done.exit_code == 1, done.output
    assert str(theirs) in done.output


def test_a_run_beside_the_user_s_own_files_leaves_them_there(town, tmp_path):
    for name in ("notes.txt", "units/mine.qgz", "photos/a.jpg"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text("mine")
    own = contents(tmp_path / "out")
    for config in ("west.toml", "later.toml"):
        assert invoke("run", town / config, "--out", tmp_path / "out", "-q").exit_code == 0
    assert own.items() <= contents(tmp_path / "out").items()


def test_a_second_run_into_the_same_folder_is_told_and_changes_nothing(town, tmp_path):
    with claimed_folder(tmp_path / "out"):
        done = invoke("run", town / "west.toml", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "another circle15 is writing to this folder" in done.output
    assert not (tmp_path / "out").exists()


TOGETHER = [
    (["rank", "west.toml", "--out", "DIR"], "ranking.csv"),
    (["rank", "programme.toml", "--projects", "projects.csv", "--out", "DIR"], "projects.csv"),
    (["site", "west.toml", "--layer", "clinic", "--p", "1", "--out", "DIR"], "siting.csv"),
    (["programme", "programme.toml", "--out", "DIR"], "programme.csv"),
    (["compare", "runs/west.toml", "runs/later.toml", "--out", "DIR"], "scenario.csv"),
    (["trend", "runs/west.toml", "runs/later.toml", "--out", "DIR"], "trend.csv"),
]


@pytest.mark.parametrize(("args", "table"), TOGETHER, ids=lambda one: one if isinstance(one, str) else "")
def test_a_command_s_files_are_all_new_or_all_as_they_were(town, tmp_path, monkeypatch, args, table):
    given = [str(town / a) if a.split("/")[0] == "runs" or a.endswith((".toml", ".csv")) else a for a in args]
    given = [str(tmp_path / "out") if a == "DIR" else a for a in given]
    assert invoke(*given).exit_code == 0
    before = contents(tmp_path / "out")
    assert before[table]
    real, asked = os.replace, []

    def replace(source, target):  # the disk refuses the last but one of the new files
        if Path(target).parent == tmp_path / "out" and Path(target).name != LEDGER and not asked:
            asked.append(target)
        elif Path(target).parent == tmp_path / "out" and len(asked) == 1:
            asked.append(target)
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(source), None, str(target))
        return real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    done = invoke(*given)
    assert done.exit_code == 1, done.output
    assert "Input/output error" in done.output
    assert str(tmp_path / "out") in done.output
    assert contents(tmp_path / "out") == before
