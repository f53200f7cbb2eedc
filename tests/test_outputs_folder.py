import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from circle15.errors import OutputError
from circle15.files import publishing
from circle15.files.digests import file_digest
from circle15.files.held_folders import files_to_keep
from circle15.files.publishing import EARLIER
from circle15.files.staging import claimed_folder, replaced_file, replaced_files, staged_folder, sweep_stages
from circle15.files.written import LEDGER, MANIFEST, write_json, write_manifest
from tests.batch_town import BOXES, SHARED, build_town

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_run(folder, names):
    with staged_folder(folder) as stage:
        for name in names:
            (stage / name).parent.mkdir(exist_ok=True)
            (stage / name).write_text(name)
        write_manifest({"files": {n: {"sha256": file_digest(stage / n)} for n in names}}, stage / MANIFEST)


def test_a_finished_block_puts_all_files_in_place(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "units/x.html"])
    assert sorted(p.name for p in (tmp_path / "d").rglob("*") if p.is_file()) == ["a.csv", "run.json", "x.html"]
    assert list(tmp_path.iterdir()) == [tmp_path / "d"]


def test_an_error_leaves_the_folder_as_it_was(tmp_path):
    write_run(tmp_path / "d", ["a.csv"])
    before = contents(tmp_path)
    with pytest.raises(ZeroDivisionError), staged_folder(tmp_path / "d") as stage:
        (stage / "a.csv").write_text("new")
        raise ZeroDivisionError
    assert contents(tmp_path) == before


def test_files_of_an_earlier_run_go_and_strangers_stay(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "units/old.html"])
    (tmp_path / "d" / "notes.txt").write_text("mine")
    write_run(tmp_path / "d", ["a.csv"])
    assert not (tmp_path / "d" / "units" / "old.html").exists()
    assert (tmp_path / "d" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("theirs", ["a.csv", "units/x.html", "index.html", MANIFEST])
def test_a_file_that_circle15_did_not_write_is_never_replaced(tmp_path, theirs):
    (tmp_path / "d" / theirs).parent.mkdir(parents=True)
    (tmp_path / "d" / theirs).write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=f"{theirs}: was not written by circle15"):
        write_run(tmp_path / "d", ["a.csv", "index.html", "units/x.html"])
    assert contents(tmp_path) == before


def test_a_result_that_somebody_changed_since_is_theirs_whether_it_would_be_replaced_or_deleted(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "b.csv"])
    (tmp_path / "d" / "b.csv").write_text("edited")
    before = contents(tmp_path)
    for names in (["a.csv", "b.csv"], ["a.csv"]):
        with pytest.raises(OutputError, match=r"b\.csv: was not written by circle15, or has been changed since"):
            write_run(tmp_path / "d", names)
        assert contents(tmp_path) == before
    (tmp_path / "d" / "b.csv").unlink()
    write_run(tmp_path / "d", ["a.csv", "b.csv"])


@pytest.mark.parametrize(
    "told",
    [
        {"files": {"mine.txt": {}}},
        {"files": {"mine.txt": {"sha256": "HASH"}}},
        {"circle15": "1.0", "files": {"mine.txt": {"sha256": "HASH"}}},
        {"files": ["mine.txt"]},
        {"files": {"mine.txt": {"sha256": "HASH"}}, "sealed": "0" * 64},
        ["mine.txt"],
        {"files": {"../outside.txt": {"sha256": "HASH"}}},
    ],
)
def test_a_manifest_that_circle15_did_not_write_gives_no_right_over_any_file(tmp_path, told):
    (tmp_path / "d").mkdir()
    (tmp_path / "outside.txt").write_text("mine")
    (tmp_path / "d" / "mine.txt").write_text("mine")
    text = json.dumps(told).replace("HASH", file_digest(tmp_path / "outside.txt"))
    (tmp_path / "d" / MANIFEST).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=r"run\.json: was not written by circle15"):
        write_run(tmp_path / "d", ["a.csv"])
    assert contents(tmp_path) == before


def test_a_manifest_cannot_make_us_remove_files_elsewhere(tmp_path):
    write_run(tmp_path / "d", ["a.csv"])
    (tmp_path / "outside.txt").write_text("keep")
    names = {"../outside.txt": tmp_path / "outside.txt", str(tmp_path / "outside.txt"): tmp_path / "outside.txt"}
    write_manifest({"files": {n: {"sha256": file_digest(p)} for n, p in names.items()}}, tmp_path / "d" / MANIFEST)
    (tmp_path / "d" / "a.csv").unlink()
    write_run(tmp_path / "d", ["a.csv"])
    assert (tmp_path / "outside.txt").read_text() == "keep"


def test_the_folder_of_a_run_by_a_version_that_did_not_seal_is_written_again(tmp_path):
    write_run(tmp_path / "d", ["a.csv"])
    facts = {"a.csv": {"sha256": file_digest(tmp_path / "d" / "a.csv")}}
    old = {"circle15": "0.9", "code_sha256": "", "libraries": {}, "seconds": {}, "files": facts}
    write_json(old, tmp_path / "d" / MANIFEST)
    write_run(tmp_path / "d", ["b.csv"])
    assert sorted(contents(tmp_path / "d")) == ["b.csv", MANIFEST]


@pytest.mark.parametrize("link", ["a.csv", "units"])
def test_a_planted_link_is_neither_followed_nor_replaced(tmp_path, link):
    write_run(tmp_path / "d", ["b.csv"])
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "x.html").write_text("mine")
    (tmp_path / "d" / link).symlink_to(tmp_path / "victim" / ("" if link == "units" else "x.html"))
    with pytest.raises(OutputError, match="was not written by circle15"):
        write_run(tmp_path / "d", ["a.csv", "units/x.html"])
    assert (tmp_path / "victim" / "x.html").read_text() == "mine"
    assert (tmp_path / "d" / link).is_symlink()


@pytest.mark.parametrize("stands", [True, False])
def test_results_are_written_to_where_a_link_leads_that_the_user_names_as_their_folder(tmp_path, stands):
    if stands:
        (tmp_path / "disk").mkdir()
    (tmp_path / "d").symlink_to(tmp_path / "disk")
    for names in (["a.csv"], ["a.csv", "b.csv"]):
        write_run(tmp_path / "d", names)
        assert sorted(contents(tmp_path / "disk")) == [*names, MANIFEST]
    assert (tmp_path / "d").is_symlink()


def test_a_table_of_one_command_is_replaced_by_a_run_and_by_the_command_again(tmp_path):
    for text in ("1", "2"):
        with replaced_file(tmp_path / "d" / "ranking.csv") as stage:
            stage.write_text(text)
    assert sorted(contents(tmp_path / "d")) == [LEDGER, "ranking.csv"]
    write_run(tmp_path / "d", ["a.csv", "ranking.csv"])
    with replaced_file(tmp_path / "d" / "ranking.csv") as stage:
        stage.write_text("3")
    write_run(tmp_path / "d", ["a.csv", "ranking.csv"])
    assert (tmp_path / "d" / "ranking.csv").read_text() == "ranking.csv"
    (tmp_path / "d" / "ranking.csv").write_text("edited")
    for write in (lambda: write_run(tmp_path / "d", ["ranking.csv"]), lambda: replace(tmp_path / "d" / "ranking.csv")):
        with pytest.raises(OutputError, match=r"ranking\.csv: was not written by circle15"):
            write()
    assert (tmp_path / "d" / "ranking.csv").read_text() == "edited"


def replace(path):
    with replaced_file(path) as stage:
        stage.write_text("new")


def test_a_file_that_its_owner_is_to_edit_is_made_once(tmp_path):
    with replaced_file(tmp_path / "district.toml", is_new=True) as stage:
        stage.write_text("1")
    assert sorted(contents(tmp_path)) == ["district.toml"]
    with pytest.raises(OutputError, match="exists already"), replaced_file(tmp_path / "district.toml", is_new=True):
        pytest.fail("never begun")


def test_files_of_one_command_take_their_places_together(tmp_path, monkeypatch):
    def write(text):
        with replaced_files(tmp_path / "d") as stage:
            for name in ("difference.html", "scenario.csv"):
                (stage / name).write_text(text)

    write("1")
    before = contents(tmp_path)
    with monkeypatch.context() as patched, pytest.raises(OutputError, match="No space left"):
        fail_at(patched, "scenario.csv")
        write("2")
    assert contents(tmp_path) == before
    write("3")
    assert (tmp_path / "d" / "scenario.csv").read_text() == "3"


@pytest.mark.parametrize("beside", [None, "d/e/own.txt", "d/own.txt"])
def test_folders_that_a_failing_command_made_go_again_but_for_those_with_something_of_somebodys(tmp_path, beside):
    with pytest.raises(ValueError, match="fails"), replaced_files(tmp_path / "d" / "e") as stage:
        (stage / "a.csv").write_text("1")
        if beside:
            (tmp_path / beside).write_text("2")
        raise ValueError("fails")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ([Path(beside).name] if beside else [])
    assert (tmp_path / "d").exists() == (beside is not None)
    (tmp_path / "f").mkdir()
    with pytest.raises(ValueError, match="fails"), replaced_file(tmp_path / "f" / "a.csv"):
        raise ValueError("fails")
    assert list((tmp_path / "f").iterdir()) == []


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def fail_at(monkeypatch, name, error=NO_SPACE):
    """Let the system fail once when a new file is to take the place of this name."""
    real, failed = os.replace, []

    def once(source, target):
        if Path(target).name == name and EARLIER not in str(target) and EARLIER not in str(source) and not failed:
            failed.append(1)
            raise error
        return real(source, target)

    monkeypatch.setattr(os, "replace", once)


@pytest.mark.parametrize("name", ["a.csv", "new.csv", "x.html", MANIFEST])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_publish_that_fails_in_the_middle_leaves_the_whole_old_result(tmp_path, monkeypatch, name, error):
    write_run(tmp_path / "d", ["a.csv", "gone.csv", "units/x.html"])
    (tmp_path / "d" / "notes.txt").write_text("mine, so that files are replaced one by one")
    before = contents(tmp_path)
    with monkeypatch.context() as patched, pytest.raises((OutputError, KeyboardInterrupt)):
        fail_at(patched, name, error)
        write_run(tmp_path / "d", ["a.csv", "new.csv", "units/x.html"])
    assert contents(tmp_path) == before
    write_run(tmp_path / "d", ["a.csv", "new.csv"])
    assert sorted(contents(tmp_path / "d")) == ["a.csv", "new.csv", "notes.txt", MANIFEST]
    assert not (tmp_path / "d" / "units").exists()


def test_the_manifest_takes_its_place_after_all_other_names_will_outlast_a_failing_of_the_power(tmp_path, monkeypatch):
    write_run(tmp_path / "d", ["a.csv", "units/x.html"])
    (tmp_path / "d" / "notes.txt").write_text("mine, so that files are replaced one by one")
    told, real_sync, real_replace = [], publishing.sync, os.replace

    def replace(source, target):
        told.append(("replace", Path(target)))
        real_replace(source, target)

    def sync(path):
        told.append(("sync", Path(path)))
        real_sync(path)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(publishing, "sync", sync)
    write_run(tmp_path / "d", ["a.csv", "units/x.html"])
    folder = tmp_path / "d"
    placed = [
        i
        for i, (what, path) in enumerate(told)
        if what == "replace" and folder in path.parents and EARLIER not in path.parts
    ]
    last = next(i for i in placed if told[i][1].name == MANIFEST)
    assert last == placed[-1]
    for i in placed[:-1]:
        assert ("sync", told[i][1].parent) in told[i:last]
    files = {path.name for what, path in told[: placed[0]] if what == "sync"}
    assert {"a.csv", "x.html", MANIFEST} <= files


def test_what_a_killed_publish_left_in_the_middle_is_put_right_by_the_next_command(tmp_path):
    write_run(tmp_path / "d", ["a.csv", "gone.csv"])
    (tmp_path / "d" / "notes.txt").write_text("mine")
    before = contents(tmp_path)
    code = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[3])
from tests.test_outputs_folder import write_run
real, left = os.replace, [int(sys.argv[2])]
def replace(source, target):
    if not left[0]:
        os.kill(os.getpid(), 9)
    left[0] -= 1
    return real(source, target)
os.replace = replace
write_run(pathlib.Path(sys.argv[1]), ["a.csv", "new.csv"])
"""
    root = Path(__file__).parents[1]
    for n in range(20):
        ended = subprocess.run([sys.executable, "-c", code, tmp_path / "d", str(n), root], check=False)
        if ended.returncode == 0:
            break
        assert ended.returncode == -9
        with claimed_folder(tmp_path / "d"):
            assert {k: v for k, v in contents(tmp_path).items() if "lock" not in k} == before
    assert n == 6
    assert sorted(contents(tmp_path / "d")) == ["a.csv", "new.csv", "notes.txt", MANIFEST]
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def test_the_place_of_the_backup_taken_by_somebody_else_is_told(tmp_path):
    write_run(tmp_path / "d", ["a.csv"])
    (tmp_path / "d" / EARLIER).mkdir()
    (tmp_path / "d" / EARLIER / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="move it away"):
        write_run(tmp_path / "d", ["a.csv"])
    assert (tmp_path / "d" / EARLIER / "mine.txt").read_text() == "mine"


def test_a_folder_of_results_alone_is_exchanged_in_one_step(tmp_path, monkeypatch):
    write_run(tmp_path / "d", ["a.csv", "units/x.html"])
    (tmp_path / "d").chmod(0o750)
    monkeypatch.setattr("circle15.files.publishing._replace_within", lambda *_: pytest.fail("one by one"))
    write_run(tmp_path / "d", ["b.csv"])
    assert sorted(contents(tmp_path / "d")) == ["b.csv", MANIFEST]
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o750
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def test_a_folder_that_somebody_stands_in_stays_the_same_folder(tmp_path, monkeypatch):
    write_run(tmp_path / "d", ["a.csv"])
    monkeypatch.chdir(tmp_path / "d")
    inode = (tmp_path / "d").stat().st_ino
    write_run(Path(), ["b.csv"])
    assert (tmp_path / "d").stat().st_ino == inode
    assert sorted(p.name for p in Path().iterdir()) == ["b.csv", MANIFEST]


def test_a_second_writer_is_told_that_there_is_another(tmp_path):
    with claimed_folder(tmp_path / "d") as claim, claim.stage() as stage:
        (stage / MANIFEST).write_text("{}")
        for write in (lambda: write_run(tmp_path / "d", ["a.csv"]), lambda: replace(tmp_path / "d" / "x.csv")):
            with pytest.raises(
                OutputError, match=rf"another circle15 is writing to this folder \(process {os.getpid()}\)"
            ):
                write()
    write_run(tmp_path / "e", ["a.csv"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "e"]


def test_a_folder_of_another_s_that_looks_like_ours_is_never_swept(tmp_path):
    for name in (".mine.partial", ".d-circle15-abcdefgh.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "work.txt").write_text("mine")
    (tmp_path / ".link-circle15-abcdefgh.partial").symlink_to(tmp_path / ".mine.partial")
    (tmp_path / ".d-circle15-empty000.partial").mkdir()  # killed before it was marked
    before = contents(tmp_path)
    assert sweep_stages(tmp_path) == 1
    write_run(tmp_path / "d", ["a.csv"])
    assert before.items() <= contents(tmp_path).items()


def test_a_folder_that_goes_away_or_becomes_a_file_while_it_is_written_to_is_a_clear_error(tmp_path):
    with (
        pytest.raises(OutputError, match="went away while it was written to"),
        staged_folder(tmp_path / "a" / "d") as s,
    ):
        shutil.rmtree(tmp_path / "a")
        raise RuntimeError("sqlite3_open failed")  # as GDAL tells it
    with pytest.raises(OutputError, match="d: cannot write: Not a directory"), staged_folder(tmp_path / "d") as s:
        (s / MANIFEST).write_text("{}")
        (tmp_path / "d").write_text("mine")
    assert (tmp_path / "d").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write here"), staged_folder(tmp_path / "file" / "d"):
        pass


def test_a_replaced_file_is_whole_or_untouched(tmp_path):
    target = tmp_path / "x.csv"
    with replaced_file(target) as stage:
        stage.write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_file(target) as stage:
        stage.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    with replaced_file(target) as stage:
        stage.write_text("new")
    assert target.read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == [LEDGER, target.name]


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


@pytest.mark.skipif(sys.platform == "win32", reason="bounds the size of files by POSIX's limit")
def test_a_temporary_file_that_cannot_be_written_is_told_and_never_aborts(tmp_path):
    build_town(tmp_path)
    district = f'[district]\nid = "west"\nname = "West"\nboundary = "box:{BOXES["west"]}"\n'
    config = tmp_path / "west.toml"
    config.write_text(SHARED.replace("[district]\n", district, 1), encoding="utf-8")
    code = (
        "import resource, sys\nfrom circle15.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "main(['isochrone', sys.argv[1], '--at', '0.004,0.004'])"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("COV")}  # what counts lines writes files, too
    env |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temp")}
    (tmp_path / "temp").mkdir()
    command = [sys.executable, "-c", code, config]
    done = subprocess.run(command, check=False, env=env, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"circle15: {tmp_path / 'temp'}")
    assert "File too large" in line
    assert list((tmp_path / "temp").iterdir()) == []


def test_of_two_that_publish_into_one_folder_at_once_one_says_so_and_the_result_is_whole_a_hundred_times(tmp_path):
    names, said, written = ("a.csv", "b.csv", "units/x.html"), [], []

    def publish(text, start):
        start.wait()
        try:
            with claimed_folder(tmp_path / "d") as claim, claim.stage() as stage:
                for name in names:
                    (stage / name).parent.mkdir(exist_ok=True)
                    (stage / name).write_text(text)
                write_manifest({"files": {n: {"sha256": file_digest(stage / n)} for n in names}}, stage / MANIFEST)
                start.wait(timeout=30)  # the other has come, and gone
            written.append(text)
        except OutputError as e:
            assert "another circle15 is writing to this folder" in str(e)  # noqa: PT017 (of one of two threads)
            said.append(text)
            start.wait(timeout=30)

    for turn in range(100):
        start = threading.Barrier(2)
        pair = [threading.Thread(target=publish, args=(f"{turn}-{i}", start)) for i in range(2)]
        for one in pair:
            one.start()
        for one in pair:
            one.join()
        if turn == 50:
            (tmp_path / "d" / "notes.txt").write_text("mine, so that files are replaced one by one")
        found = {text for name, text in contents(tmp_path / "d").items() if name in names}
        assert found == {written[-1].encode()}
    assert (len(said), len(written)) == (100, 100)


def test_a_temporary_folder_that_could_not_be_removed_is_no_file_of_the_result(tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "notes.txt").write_text("mine")
    with staged_folder(tmp_path / "d") as stage:
        (stage / "units").mkdir()
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "rmtree", lambda *_, **__: None)
            with replaced_file(stage / "units" / "x.html") as path:
                path.write_text("x")
        assert len(list((stage / "units").iterdir())) == 2
        assert [p.name for p in files_to_keep(stage)] == ["x.html"]
        (stage / MANIFEST).write_text("{}")
    assert sorted(contents(tmp_path / "d")) == ["notes.txt", MANIFEST, "units/x.html"]
