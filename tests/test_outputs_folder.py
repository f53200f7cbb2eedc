import json
from types import SimpleNamespace

import pytest

from circle15.errors import OutputError
from circle15.files.staging import MANIFEST, replaced_file, staged_folder, write_json


def write_run(folder, names):
    with staged_folder(folder) as stage:
        for name in names:
            (stage / name).parent.mkdir(exist_ok=True)
            (stage / name).write_text(name)
        write_json({"files": {n: {} for n in names}}, stage / MANIFEST)


def test_a_finished_block_puts_all_files_in_place(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "units/x.html"])
    assert sorted(p.name for p in (tmp_path / "d").rglob("*") if p.is_file()) == ["a.csv", "run.json", "x.html"]
    assert list(tmp_path.iterdir()) == [tmp_path / "d"]


def test_an_error_leaves_the_folder_as_it_was(tmp_path):
    write_run(tmp_path / "d", ["a.csv"])
    (tmp_path / "d" / "a.csv").write_text("old")
    with pytest.raises(ZeroDivisionError), staged_folder(tmp_path / "d") as stage:
        (stage / "a.csv").write_text("new")
        raise ZeroDivisionError
    assert (tmp_path / "d" / "a.csv").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "d"]


def test_files_of_an_earlier_run_go_and_strangers_stay(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "units/old.html"])
    (tmp_path / "d" / "notes.txt").write_text("mine")
    write_run(tmp_path / "d", ["a.csv"])
    assert not (tmp_path / "d" / "units" / "old.html").exists()
    assert (tmp_path / "d" / "notes.txt").read_text() == "mine"


def test_a_file_that_no_run_wrote_is_never_overwritten(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "coverage.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"d: is no folder of an earlier run \(no run\.json\), and its coverage\.csv"):
        write_run(tmp_path / "d", ["a.csv", "coverage.csv"])
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["coverage.csv"]
    assert (tmp_path / "d" / "coverage.csv").read_text() == "mine"


def test_a_run_whose_manifest_was_removed_is_run_again(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "b.csv"])
    (tmp_path / "d" / MANIFEST).unlink()
    (tmp_path / "d" / "a.csv").write_text("changed")
    write_run(tmp_path / "d", ["a.csv", "b.csv"])
    assert (tmp_path / "d" / "a.csv").read_text() == "a.csv"


def test_a_table_that_another_command_wrote_may_be_replaced(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "ranking.csv").write_text("ranking.csv")  # the heading that write_run gives it
    write_run(tmp_path / "d", ["a.csv", "b.csv", "ranking.csv"])
    assert (tmp_path / "d" / MANIFEST).is_file()


def test_what_a_first_run_left_when_it_was_killed_is_replaced_by_the_next(tmp_path, monkeypatch):
    def killed(_path, _target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("circle15.files.staging.os.replace", killed)
        write_run(tmp_path / "d", ["a.csv"])
    (tmp_path / "d" / "a.csv").write_text("half")
    write_run(tmp_path / "d", ["a.csv"])
    assert (tmp_path / "d" / "a.csv").read_text() == "a.csv"
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["a.csv", "run.json"]


def test_a_manifest_cannot_make_us_remove_files_elsewhere(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("keep")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / MANIFEST).write_text(json.dumps({"files": {"../outside.txt": {}, str(outside): {}}}))
    write_run(tmp_path / "d", ["a.csv"])
    assert outside.read_text() == "keep"


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write here"), staged_folder(tmp_path / "file" / "d"):
        pass


def test_a_replaced_file_is_whole_or_untouched(tmp_path):
    target = tmp_path / "x.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_file(target) as stage:
        stage.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    with replaced_file(target) as stage:
        stage.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (RuntimeError("failed to execute insert : database or disk is full"), 1 << 30),  # as GDAL tells it
        (RuntimeError("[Errno 28] No space left on device"), 1 << 30),  # as xlsxwriter does
        (RuntimeError("cannot write"), 0),
    ],
)
def test_a_full_disk_is_told_as_such_whatever_a_library_calls_it(tmp_path, monkeypatch, error, free):
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=free))
    with pytest.raises(OutputError, match="cannot write: No space left on device"), staged_folder(tmp_path / "out"):
        raise error


def test_an_error_on_a_disk_with_room_stays_itself(tmp_path):
    with pytest.raises(RuntimeError, match="cannot write"), staged_folder(tmp_path / "out"):
        raise RuntimeError("cannot write")
