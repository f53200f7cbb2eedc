"""Many districts: what a batch file means, who pays when something fails, what a second run repeats."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from circle15.batch import run_batch
from circle15.batch.districts import find_districts
from circle15.batch.local import LocalExecutor, WorkerDiedError
from circle15.batch.order import largest_first
from circle15.batch.resume import why_stale
from circle15.batch.work import run_one
from circle15.errors import ConfigError, InputError
from circle15.network.cache_room import cache_root, clear_cache, list_entries, shrink_cache
from circle15.outputs.folder import staged_folder, sweep_stages
from circle15.pipeline import run_district
from tests.batch_town import SHARED, build_town, digests, start_batch

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="signals and RLIMIT_DATA as Linux has them")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keep the tests out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The batch file of three districts."""
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def undisturbed(town, tmp_path_factory):
    """What a batch of the town writes when nothing happens to it."""
    out = tmp_path_factory.mktemp("undisturbed")
    assert [o.status for o in run_batch([town], out=out, jobs=1)] == ["done"] * 3
    return out


def test_a_block_lays_its_own_keys_over_the_shared_ones(tmp_path):
    path = tmp_path / "batch.toml"
    block = (
        '[[districts]]\nid = "a"\nname = "A"\nboundary = "box:0,0,1,1"\npopulation.total = 7\n'
        'layer = [{id = "clinic", minutes = 10}, {id = "extra", name = "Extra", source = "osm:shop=yes"}]\n'
    )
    path.write_text(SHARED + block, encoding="utf-8")
    (entry,) = find_districts([path])
    config = entry.config
    assert (config.district.id, config.district.lang, config.population.total) == ("a", "en", 7)
    assert [(layer.id, layer.minutes) for layer in config.layers] == [("clinic", 10), ("sports", None), ("extra", None)]
    assert config.resolve("people.csv") == tmp_path / "people.csv"
    assert entry.label.endswith("batch.toml[a]")


def test_a_mistyped_key_of_a_block_costs_that_block_alone(town, tmp_path):
    path = tmp_path / "batch.toml"
    path.write_text(town.read_text("utf-8").replace('name = "Middle"', 'nam = "Middle"'), encoding="utf-8")
    entries = find_districts([path])
    assert [e.error is None for e in entries] == [True, False, True]
    assert "did you mean 'name'?" in entries[1].error


def test_a_folder_stands_for_its_configs_and_a_file_given_twice_counts_once(town, tmp_path):
    for name in ("b", "a"):
        text = SHARED.replace("[district]", f'[district]\nid = "{name}"\nname = "{name}"\nboundary = "box:0,0,1,1"')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert [e.name for e in find_districts([tmp_path, tmp_path / "a.toml"])] == ["a", "b"]


def test_two_districts_of_one_id_cannot_share_a_folder(town, tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(town.read_text("utf-8"), encoding="utf-8")
    entries = find_districts([town, path])
    assert [e.error is None for e in entries] == [True] * 3 + [False] * 3
    assert "ids name the output folders" in entries[3].error


def test_no_district_at_all_is_an_error():
    with pytest.raises(ConfigError, match="no district given"):
        find_districts([])


def test_the_largest_district_starts_first(town, undisturbed, tmp_path):
    entries = find_districts([town])
    assert [e.name for e in largest_first(entries, tmp_path)] == ["middle", "east", "west"]


def test_two_jobs_a_thread_and_a_single_run_write_the_same_bytes(town, undisturbed, tmp_path):
    run_batch([town], out=tmp_path / "two", jobs=2)
    assert digests(tmp_path / "two") == digests(undisturbed)
    with ThreadPoolExecutor(1) as executor:
        outcomes = run_batch([town], out=tmp_path / "thread", executor=executor)
    assert [o.status for o in outcomes] == ["done"] * 3
    assert digests(tmp_path / "thread") == digests(undisturbed)
    # A run on its own reads the extract itself, not the selection that the batch shares.
    clear_cache()
    west = next(e.config for e in find_districts([town]) if e.name == "west")
    run_district(west, out=tmp_path / "west")
    assert digests(tmp_path / "west") == digests(undisturbed / "west")


def test_an_extract_that_districts_share_is_read_once(town, tmp_path):
    events = []
    run_batch([town], out=tmp_path / "out", jobs=1, on_event=events.append)
    assert [e.name for e in events if e.kind == "share"] == ["town.osm.pbf"]
    assert sorted(e.kind for e in list_entries()) == ["extracts", "extracts", "networks"]
    told = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert {name.partition(": ")[2] for name in told["shared_extracts"]} == {"streets", "things", "gates"}
    stages = [e.stage for e in events if e.kind == "stage" and e.name == "west"]
    assert stages[:2] == ["district", "network"]


def test_a_district_that_fails_costs_no_other(town, undisturbed, tmp_path):
    path = town.with_name("broken.toml")
    text = town.read_text("utf-8")
    path.write_text(text.replace('name = "Middle"', 'name = "Middle"\npopulation.path = "missing.csv"'), "utf-8")
    outcomes = run_batch([path, tmp_path / "nowhere.toml"], out=tmp_path / "out", jobs=2)
    assert [o.status for o in outcomes] == ["done", "failed", "done", "failed"]
    assert "missing.csv" in outcomes[1].error
    assert "nowhere.toml" in outcomes[3].error
    assert not (tmp_path / "out" / "middle").exists()
    assert digests(tmp_path / "out" / "east") == digests(undisturbed / "east")
    assert "missing.csv" in (tmp_path / "out" / "summary.html").read_text("utf-8")


class _OneDies(LocalExecutor):
    """Kills the process that would run the district "middle"."""

    def submit(self, fn, /, *args, **kwargs):
        if fn is run_one and args[0].district.id == "middle":
            return super().submit(signal.raise_signal, signal.SIGKILL)
        return super().submit(fn, *args, **kwargs)


@on_linux
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_worker_killed_by_sigkill_costs_its_district_alone(town, undisturbed, tmp_path, jobs):
    with _OneDies(jobs) as executor:
        outcomes = run_batch([town], out=tmp_path / "out", executor=executor)
    assert [o.status for o in outcomes] == ["done", "failed", "done"]
    assert "SIGKILL" in outcomes[1].error
    assert digests(tmp_path / "out" / "west") == digests(undisturbed / "west")


@on_linux
def test_a_local_process_keeps_to_its_memory():
    with LocalExecutor(1, memory_limit_bytes=1_000_000_000) as executor:
        too_much, enough = executor.submit(bytearray, 2_000_000_000), executor.submit(len, b"abc")
        assert isinstance(too_much.exception(), MemoryError)
        assert enough.result() == 3


@on_linux
def test_a_district_that_needs_more_memory_fails_and_says_so(town, tmp_path):
    outcomes = run_batch([town], out=tmp_path / "out", jobs=1, memory_limit_bytes=30_000_000)
    assert {o.status for o in outcomes} == {"failed"}
    assert all("memory" in o.error or "died" in o.error for o in outcomes)


@on_linux
def test_killing_the_executor_fails_what_runs_and_cancels_what_waits():
    with LocalExecutor(1) as executor:
        running, waiting = executor.submit(time.sleep, 60), executor.submit(len, b"")
        while not executor._pools or not running.running():
            time.sleep(0.02)
        executor.kill()
        assert isinstance(running.exception(), WorkerDiedError)
        assert waiting.cancelled()


def test_resume_runs_again_only_what_has_changed(town, tmp_path):
    text = town.read_text("utf-8")
    path = town.with_name("resumed.toml")
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    run_batch([path], out=out, jobs=1)
    first = digests(out)
    assert [o.status for o in run_batch([path], out=out, jobs=1, resume=True)] == ["kept"] * 3
    assert digests(out) == first

    damaged = out / "west" / "coverage.csv"
    damaged.write_text(damaged.read_text("utf-8").replace("Clinic", "X") + " ", encoding="utf-8")
    (out / "east" / "tables.xlsx").unlink()
    assert [o.status for o in run_batch([path], out=out, jobs=1, resume=True)] == ["done", "kept", "done"]
    assert digests(out) == first

    path.write_text(text.replace('name = "West"', 'name = "Far west"'), encoding="utf-8")
    assert [o.status for o in run_batch([path], out=out, jobs=1, resume=True)] == ["kept", "kept", "done"]


def test_a_changed_input_code_or_library_makes_a_run_stale(town, undisturbed, monkeypatch):
    config = find_districts([town])[0].config
    folder = undisturbed / "east"
    assert why_stale(config, folder) is None
    assert why_stale(config, undisturbed / "none") == "no finished run"
    people = town.with_name("people.csv")
    text = people.read_text("utf-8")
    people.write_text(text + "0.02,0.01,1\n", encoding="utf-8")
    assert "people.csv" in why_stale(config, folder)
    people.write_text(text, encoding="utf-8")
    assert why_stale(config, folder) is None
    monkeypatch.setattr("circle15.batch.resume.code_digest", lambda: "other")
    assert "code_sha256" in why_stale(config, folder)
    monkeypatch.undo()
    monkeypatch.setattr("circle15.batch.resume.run_environment", lambda: {"libraries": {}})
    assert "libraries" in why_stale(config, folder)


def test_the_manifest_traces_each_table(undisturbed):
    manifest = json.loads((undisturbed / "west" / "run.json").read_text("utf-8"))
    assert manifest["tables"]["coverage.csv"]["inputs"] == ["town.osm.pbf", "people.csv"]
    assert any("Luo" in formula for formula in manifest["tables"]["cells.parquet"]["formulas"])
    assert set(manifest["tables"]["coverage.csv"]["inputs"]) <= set(manifest["inputs"])
    assert len(manifest["code_sha256"]) == len(manifest["config_sha256"]) == 64


@on_linux
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    code = (
        "import pathlib, sys, time\nfrom circle15.outputs.folder import staged_folder\n"
        "with staged_folder(pathlib.Path(sys.argv[1])) as stage:\n"
        "    (stage / 'half').write_text('')\n    print('ready', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "d"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    assert sweep_stages(tmp_path) == 0
    process.kill()
    process.communicate()
    with staged_folder(tmp_path / "e") as stage:
        assert sweep_stages(tmp_path) == 1
        assert stage.is_dir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e"]


def test_files_of_an_earlier_run_go_even_after_a_kill_in_between(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "old.csv").write_text("old")
    (tmp_path / "d" / ".run.json.earlier").write_text('{"files": {"old.csv": {}}}')
    with staged_folder(tmp_path / "d") as stage:
        (stage / "new.csv").write_text("new")
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["new.csv"]


@on_linux
def test_ctrl_c_stops_a_batch_cleanly(town, undisturbed, tmp_path):
    process = start_batch(town, tmp_path / "out", "--jobs", 1, start_new_session=True)
    while "done" not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in told
    assert "Traceback" not in told
    assert run_batch([town], out=tmp_path / "out", jobs=1, resume=True)[0].status in {"kept", "done"}
    assert digests(tmp_path / "out") == digests(undisturbed)


def test_two_batches_at_once_on_one_cache_write_the_same_bytes(town, undisturbed, tmp_path):
    running = [start_batch(town, tmp_path / f"out{i}", "--jobs", 1, "-q", cache=tmp_path / "cache") for i in range(2)]
    for process in running:
        told = process.communicate(timeout=300)
        assert process.returncode == 0, told
    assert digests(tmp_path / "out0") == digests(tmp_path / "out1") == digests(undisturbed)
    kept = [p for p in (tmp_path / "cache").rglob("*") if p.name.endswith(".part")]
    assert kept == []


def test_the_log_for_machines_is_json_lines(town, tmp_path):
    process = start_batch(town, tmp_path / "out", "--jobs", 2, "--json-log", "-q")
    told, log = process.communicate(timeout=300)
    events = [json.loads(line) for line in log.splitlines()]
    assert events[0]["event"] == "begin"
    assert {e["name"] for e in events if e["event"] == "finished"} == {"east", "middle", "west"}
    assert len(told.splitlines()) == 3


def test_the_cache_is_capped_and_cleared(town, tmp_path):
    run_batch([town], out=tmp_path / "out", jobs=1)
    entries = list_entries()
    assert len(entries) == 3
    shrink_cache(entries[0].size_bytes)
    assert [e.path for e in list_entries()] == [entries[0].path]
    assert clear_cache() == 1
    assert [p for p in cache_root().rglob("*") if p.is_file()] == []


def test_an_earlier_batch_that_is_none_is_told_before_anything_runs(town, tmp_path):
    with pytest.raises(InputError, match=r"summary\.csv"):
        run_batch([town], out=tmp_path / "out", previous=tmp_path / "nothing")
    assert not (tmp_path / "out").exists()


def test_an_outcome_names_its_folder(town, tmp_path):
    config = replace_id(find_districts([town])[2].config, "solo")
    (outcome,) = run_batch([config], out=tmp_path, jobs=1)
    assert outcome.folder == tmp_path / "solo"
    assert outcome.report.counts["cells"] > 0


def replace_id(config, name):
    return config.model_copy(update={"district": config.district.model_copy(update={"id": name})})
