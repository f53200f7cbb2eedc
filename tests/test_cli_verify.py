"""The audit: a sound folder passes in silence, and a tampered number is named by its cell."""

import json
import shutil

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from circle15.batch import run_batch
from circle15.batch.district_list import find_districts
from circle15.cli import main
from circle15.network.cache import _save
from circle15.network.streets.osm_reader import read_osm_segments
from circle15.pipeline import run_district
from tests.batch_town import build_town, without_most_streets


def verify(folder):
    return CliRunner().invoke(main, ["verify", str(folder)])


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return build_town(tmp_path_factory.mktemp("town"), districts=("west",))


@pytest.fixture(scope="module")
def sound(town, tmp_path_factory):
    """A batch of one district that nobody has touched."""
    out = tmp_path_factory.mktemp("sound")
    assert [o.status for o in run_batch([town], out=out, jobs=1)] == ["done"]
    return out


@pytest.fixture
def copy(sound, tmp_path):
    """One's own copy to tamper with."""
    return shutil.copytree(sound, tmp_path / "copy")


def test_a_sound_batch_passes_and_prints_nothing(sound):
    result = verify(sound)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""


def test_a_tampered_number_is_named_by_its_cell(copy):
    csv = copy / "west" / "coverage.csv"
    lines = csv.read_text("utf-8-sig").splitlines()
    cells = lines[1].split(",")
    column = lines[0].split(",").index("covered_people")
    right, cells[column] = cells[column], "9999"
    csv.write_text("\n".join([lines[0], ",".join(cells), *lines[2:], ""]), encoding="utf-8-sig")
    result = verify(copy / "west")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    expected = "coverage.csv, row 2 (west, whole district, clinic), column covered_people: found 9999, computed "
    assert [line for line in lines if "found" in line] == [f"{copy / 'west'}: {expected}{right}"]
    assert any("output coverage.csv: is not the file that was written" in line for line in lines)
    # Even where the tamperer corrects the hash in the manifest.
    manifest = copy / "west" / "run.json"
    told = json.loads(manifest.read_text("utf-8"))
    told["files"].pop("coverage.csv")
    manifest.write_text(json.dumps(told), encoding="utf-8")
    assert "column covered_people: found 9999" in verify(copy / "west").stdout
    # The summary was made of the right number.
    assert "summary.csv, row 2" in verify(copy).stdout


@pytest.mark.filterwarnings("ignore:.*extension is not supported")  # openpyxl loses data bars; that is its own matter
def test_a_tampered_cell_of_a_workbook_is_named(copy):
    path = copy / "west" / "tables.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    sheet.cell(2, 7).value = 4242
    title = sheet.title
    book.save(path)
    found = [line for line in verify(copy / "west").stdout.splitlines() if "found" in line]
    assert len(found) == 1
    assert f"tables.xlsx#{title}, row 2" in found[0]
    assert "found 4242.0" in found[0]


def test_a_tampered_value_of_a_parquet_file_is_named(copy):
    path = copy / "west" / "cells.parquet"
    table = pyarrow.parquet.read_table(path)
    people = table.column("population").to_pylist()
    people[3] += 1
    at = table.schema.get_field_index("population")
    pyarrow.parquet.write_table(table.set_column(at, table.schema.field(at), pa.array(people)), path)
    found = [line for line in verify(copy / "west").stdout.splitlines() if "found" in line]
    assert len(found) == 1
    assert "cells.parquet, row 5" in found[0]
    assert "column population" in found[0]


def test_a_tampered_manifest_is_named_key_by_key(copy):
    path = copy / "west" / "run.json"
    told = json.loads(path.read_text("utf-8"))
    told["counts"]["facilities"]["clinic"]["read"] += 1
    told["warnings"] = []
    told["network"]["n_ways_read"] = 7
    told["district"]["name"] = "East"
    told["config"]["layer"][0]["minutes"] = 10.0
    told["seconds"] = {}  # no run's seconds are another's
    told["inputs"]["more.csv"] = told["inputs"]["people.csv"]
    path.write_text(json.dumps(told), encoding="utf-8")
    result = verify(copy / "west")
    assert result.exit_code == 1
    named = {line.partition("run.json, ")[2].partition(":")[0] for line in result.stdout.splitlines()} - {""}
    keys = {"counts.facilities.clinic.read", "network.n_ways_read", "district.name", "config.layer.1.minutes"}
    assert keys | {"inputs.more.csv"} <= named
    assert {key.partition(".")[0] for key in named} == {"counts", "warnings", "network", "district", "config", "inputs"}


def test_a_file_that_no_run_writes_is_named(copy):
    (copy / "west" / "units").mkdir(exist_ok=True)
    for name in ("extra.csv", "units/fake.html", ".DS_Store"):
        (copy / "west" / name).write_text("x")
    result = verify(copy / "west")
    assert result.exit_code == 1
    named = [f"{copy / 'west'}: {name}: found there, computed missing" for name in ("extra.csv", "units/fake.html")]
    assert result.stdout.splitlines() == named


@pytest.mark.parametrize(
    "path", ["inputs", "files", "config_sha256", "config_path", "layers", "district.id", "inputs.people.csv.sha256"]
)
def test_a_manifest_that_lacks_a_key_is_told_plainly(copy, path):
    manifest = copy / "west" / "run.json"
    told = json.loads(manifest.read_text("utf-8"))
    group, _, key = path.partition(".")
    owner = told["inputs"]["people.csv"] if "sha256" in key else told[group] if key else told
    del owner[path.rpartition(".")[2]]
    manifest.write_text(json.dumps(told), encoding="utf-8")
    result = verify(copy / "west")
    assert result.exit_code == 2
    assert f"run.json, {path}: is no manifest of this circle15" in result.stderr


def test_a_batch_whose_manifest_lacks_a_key_is_told_plainly(copy):
    manifest = copy / "run.json"
    told = json.loads(manifest.read_text("utf-8"))
    del told["batch"][0]["status"], told["files"]["summary.csv"]["sha256"]
    manifest.write_text(json.dumps(told), encoding="utf-8")
    result = verify(copy)
    assert result.exit_code == 2
    assert [line.partition("run.json, ")[2].partition(":")[0] for line in result.stderr.splitlines()] == [
        "batch.1.status",
        "files",
    ]


def test_a_missing_row_and_a_missing_file_are_named(copy):
    csv = copy / "west" / "completeness.csv"
    csv.write_text(csv.read_text("utf-8-sig").splitlines()[0] + "\n", encoding="utf-8-sig")
    (copy / "west" / "district.gpkg").unlink()
    told = verify(copy / "west").stdout
    assert "completeness.csv, row 2: found no row" in told
    assert "district.gpkg: found missing, computed there" in told


def test_a_run_from_a_config_that_is_a_link_is_verified_with_the_inputs_beside_the_link(town, tmp_path):
    shared = tmp_path / "shared.toml"
    shared.write_text(town.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "own").mkdir()
    for name in ("people.csv", "town.osm.pbf"):
        shutil.copyfile(town.with_name(name), tmp_path / "own" / name)
    (tmp_path / "own" / "batch.toml").symlink_to(shared)
    assert [o.status for o in run_batch(tmp_path / "own" / "batch.toml", out=tmp_path / "out", jobs=1)] == ["done"]
    result = verify(tmp_path / "out")
    assert result.exit_code == 0, result.output


def test_a_changed_input_is_named(town, copy):
    people = town.with_name("people.csv")
    text = people.read_text("utf-8")
    try:
        people.write_text(text + "0.0035,0.0035,50\n", encoding="utf-8")
        result = verify(copy / "west")
    finally:
        people.write_text(text, encoding="utf-8")
    assert result.exit_code == 1
    assert "input people.csv: is not the file that was read" in result.stdout
    assert "coverage.csv, row 2" in result.stdout


def test_an_unreadable_table_is_a_difference_and_no_traceback(copy):
    (copy / "west" / "tables.xlsx").write_bytes(b"no zip")
    result = verify(copy / "west")
    assert result.exit_code == 1
    assert "tables.xlsx: found unreadable" in result.stdout


def test_a_folder_without_a_manifest_is_exit_2(tmp_path):
    result = verify(tmp_path)
    assert result.exit_code == 2
    assert "no run.json" in result.stderr


def test_the_change_is_verified_against_the_very_summary_and_left_out_where_that_is_gone(town, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    run_batch(town, out=first, jobs=1)
    run_batch(town, out=second, jobs=1, previous=first)
    assert verify(second).exit_code == 0
    earlier = first / "summary.csv"
    earlier.write_text(earlier.read_text("utf-8-sig").replace("Clinic", "Clinics"), encoding="utf-8-sig")
    told = verify(second)
    assert (told.exit_code, told.stdout) == (0, "")
    assert f"the earlier batch {first} is another one now" in told.stderr
    earlier.unlink()
    told = verify(second)
    assert (told.exit_code, told.stdout) == (0, "")
    assert f"the earlier batch {first} is gone" in told.stderr
    summary = second / "summary.csv"
    lines = summary.read_text("utf-8-sig").splitlines()
    column = lines[0].split(",").index("covered_share")
    cells = lines[1].split(",")
    cells[column] = "0.123"
    summary.write_text("\n".join([lines[0], ",".join(cells), *lines[2:], ""]), encoding="utf-8-sig")
    assert "column covered_share: found 0.123" in verify(second).stdout


def test_a_batchs_manifest_has_no_number_of_the_results(sound):
    told = json.loads((sound / "run.json").read_text("utf-8"))["batch"][0]
    assert set(told) == {"config", "folder", "status", "worker", "wall_s", "cpu_s", "peak_mb", "seconds"}


def test_a_tampered_entry_of_the_cache_neither_spoils_a_right_run_nor_clears_a_wrong_one(town, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (entry,) = find_districts([town])
    right = run_district(entry.config, out=tmp_path / "right").folder
    kept = sorted((tmp_path / "cache").rglob("*.npz"))
    wrong_streets = read_osm_segments(without_most_streets(town.with_name("town.osm.pbf"), tmp_path / "x.osm.pbf"))
    for path in kept:
        _save(path, wrong_streets)
    wrong = run_district(entry.config, out=tmp_path / "wrong").folder
    kept = sorted((tmp_path / "cache").rglob("*.npz"))  # results of the wrong streets are beside
    result = verify(right)
    assert result.exit_code == 0, result.output
    result = verify(wrong)
    assert result.exit_code == 1
    assert "cells.parquet, row" in result.stdout
    assert sorted((tmp_path / "cache").rglob("*.npz")) == kept


def test_verify_tells_scripts_the_same_as_json(copy):
    done = CliRunner().invoke(main, ["verify", str(copy), "--json"])
    assert done.exit_code == 0, done.output
    empty = {"is_sound": True, "problems": [], "differences": [], "notes": [], "messages": []}
    assert json.loads(done.stdout) == [{"folder": str(copy / "west"), **empty}, {"folder": str(copy), **empty}]
    csv = copy / "west" / "gaps.csv"
    csv.write_bytes(csv.read_bytes().replace(b"clinic", b"clinik", 1))
    done = CliRunner().invoke(main, ["verify", str(copy / "west"), "--json"])
    assert done.exit_code == 1, done.output
    (told,) = json.loads(done.stdout)
    assert not told["is_sound"]
    (found,) = told["differences"]
    assert (found["file"], found["column"], found["found"], found["computed"]) == (
        "gaps.csv",
        "layer",
        "clinik",
        "clinic",
    )
    assert [text for text in told["problems"] if "gaps.csv" in text]
