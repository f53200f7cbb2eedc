"""Many districts: what a batch file means, who pays when something fails, what a second run repeats."""

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import pytest

from circle15.batch import run_batch
from circle15.batch.district_list import find_districts
from circle15.batch.local import LocalExecutor, WorkerDiedError
from circle15.batch.order import largest_first
from circle15.batch.running import Runner
from circle15.batch.work import Report, run_one, share_selections, share_streets
from circle15.cli.shared.batch_progress import batch_progress
from circle15.config.model import load_config, parse_config
from circle15.errors import ConfigError, InputError, MissingFileError
from circle15.files.cache_room import cache_root, clear_cache, list_entries, shrink_cache
from circle15.files.digests import file_digest, file_parts
from circle15.files.staging import staged_folder, sweep_stages
from circle15.memory import out_of_memory_text
from circle15.message_ids import message_id
from circle15.pipeline import run_district
from circle15.runs.folder import Manifest
from circle15.runs.stale import changed_inputs, why_stale
from circle15.said import Said
from tests.batch_town import BOXES, SHARED, build_town, digests, start_batch

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
    assert "did you mean 'name'?" in str(entries[1].error)


def test_a_folder_stands_for_its_configs_and_a_file_given_twice_counts_once(town, tmp_path):
    for name in ("b", "a"):
        text = SHARED.replace("[district]", f'[district]\nid = "{name}"\nname = "{name}"\nboundary = "box:0,0,1,1"')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert [e.name for e in find_districts([tmp_path, tmp_path / "a.toml"])] == ["a", "b"]


@on_linux
def test_a_link_in_a_circle_among_the_configs_of_a_folder_costs_no_district(town, tmp_path):
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "a.toml").symlink_to(town)
    (folder / "loop.toml").symlink_to("loop.toml")
    *sound, looped = find_districts(folder)
    assert [entry.error for entry in sound] == [None] * 3
    assert "loop.toml" in looped.label
    assert "leads back to itself" in looped.error.en


def test_two_districts_of_one_id_cannot_share_a_folder(town, tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(town.read_text("utf-8"), encoding="utf-8")
    entries = find_districts([town, path])
    assert [e.error is None for e in entries] == [True] * 3 + [False] * 3
    assert "ids name the output folders" in str(entries[3].error)


def test_one_id_twice_in_a_batch_file_is_an_error_and_the_first_stands(town, tmp_path):
    path = town.with_name("twice.toml")
    text = town.read_text("utf-8")
    path.write_text(
        text.replace('id = "middle"', 'id = "east"').replace('id = "west"', 'id = "east"'), encoding="utf-8"
    )
    outcomes = run_batch([path], out=tmp_path / "out", jobs=1)
    assert [o.status for o in outcomes] == ["done", "failed", "failed"]
    assert all("ids name the output folders" in str(o.error) for o in outcomes[1:])


def test_loaded_configs_are_told_apart_by_their_ids(town):
    (east, *others) = (e.config for e in find_districts([town]))
    variants = [replace_id(east, f"east-{i}") for i in range(3)]
    for configs in (variants, [east, *others]):
        entries = find_districts(configs)
        assert [e.name for e in entries] == [c.district.id for c in configs]
        assert len({e.label for e in entries}) == 3


def test_a_file_given_by_two_paths_counts_once(town, monkeypatch):
    monkeypatch.chdir(town.parent)
    entries = find_districts([town.name, town, f"./{town.name}"])
    assert [e.error for e in entries] == [None] * 3


def test_a_config_that_is_given_relative_finds_its_inputs_from_any_folder(town, tmp_path, monkeypatch):
    monkeypatch.chdir(town.parent)
    given = find_districts([town.name])[0]
    loaded = find_districts([given.config.model_copy(update={"path": town.relative_to(town.parent)})])[0]
    monkeypatch.chdir(tmp_path)  # as a cluster's worker
    assert given.label == loaded.label == "batch.toml[east]"
    assert {e.config.resolve("people.csv") for e in (given, loaded)} == {town.with_name("people.csv")}


def test_a_file_that_is_missing_takes_no_folder_from_a_district(town):
    entries = find_districts(["west", town])
    assert [e.error is None for e in entries] == [False, True, True, True]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('[district]\nlang = "en"', 'district = "x"', "must be a table"),
        ('id = "clinic"', "id = [1]", "layer"),
        ('name = "East"', 'name = "East"\nlayer = [{id = [1]}]', "layer"),
        (
            'name = "East"',
            'name = "East"\nlayer = [{id = "clinic"}, {id = "clinic", name = "C", source = "c.csv"}]',
            "given twice: clinic",
        ),
        ('boundary = "box:0.016', 'boundary = "a\\u0000box:0.016', ""),
        ('[network]\nsource = "', '[network]\nsource = "\\u0000', ""),
    ],
)
def test_content_of_the_wrong_kind_is_an_error_of_its_district(town, tmp_path, old, new, told):
    path = town.with_name("wrong.toml")
    path.write_text(town.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    outcomes = run_batch([path], out=tmp_path / "out", executor=_Nowhere())
    assert outcomes[0].status == "failed"
    assert told in str(outcomes[0].error)


class _Nowhere(ThreadPoolExecutor):
    """Runs no district."""

    def submit(self, fn, /, *args, **kwargs):
        return super().submit(
            fn if fn is not run_one else lambda *_: Report(error=Said("未运行", "not run")), *args, **kwargs
        )


def test_what_a_worker_half_wrote_before_it_died_is_gone_when_the_batch_ends(town, tmp_path):
    def die_writing(event):
        if event.kind == "finished":
            (tmp_path / ".east-circle15-dead0000.partial").mkdir(exist_ok=True)

    run_batch([town], out=tmp_path, executor=_Nowhere(), on_event=die_writing)
    assert not list(tmp_path.glob(".*.partial"))


def test_one_config_need_not_stand_in_a_list(town):
    (west,) = find_districts(find_districts([town])[2].config)
    assert [e.name for e in (*find_districts(town), *find_districts(str(town)), west)] == [*BOXES, *BOXES, "west"]


@pytest.mark.parametrize("key", ["jobs", "threads"])
def test_fewer_than_one_job_or_thread_is_refused_before_anything_runs(town, tmp_path, key):
    with pytest.raises(ValueError, match=f"{key} must be at least 1, not 0"):
        run_batch(town, out=tmp_path / "out", **{key: 0})
    assert not (tmp_path / "out").exists()


def test_no_district_at_all_is_an_error():
    with pytest.raises(ConfigError, match="no district given"):
        find_districts([])


def test_the_largest_district_starts_first(town, undisturbed, tmp_path):
    entries = find_districts([town])
    assert [e.name for e in largest_first(entries, tmp_path)] == ["middle", "east", "west"]


def test_a_manifest_with_seconds_of_no_number_says_nothing_about_the_order(town, tmp_path):
    for name in ("east", "middle", "west"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text('{"seconds": {"a": null}, "inputs": {"x": {}}}')
    entries = find_districts([town])
    assert [e.name for e in largest_first(entries, tmp_path)] == ["middle", "east", "west"]
    assert "its manifest lacks" in why_stale(entries[0].config, tmp_path / "east")


def test_a_district_that_runs_alone_has_all_cores(town, tmp_path, monkeypatch):
    threads = []

    def start(workers, root, scratch, each, tell):
        threads.append(each)
        return Runner(workers, root, scratch, each, tell)

    monkeypatch.setattr("circle15.batch.available_threads", lambda: 8)
    monkeypatch.setattr("circle15.batch.Runner", start)
    run_batch(
        [replace_id(find_districts([town])[2].config, "alone")], out=tmp_path, jobs=8, on_event=lambda _event: None
    )
    assert threads == [8]


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
    kinds = sorted(e.kind for e in list_entries() if e.kind != "results")
    assert kinds == ["extracts", "extracts", "networks", "networks"]
    told = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert {name.partition(": ")[2] for name in told["shared_extracts"]} == {"streets", "things", "names"}
    stages = [e.stage for e in events if e.kind == "stage" and e.name == "west"]
    assert stages[:2] == ["district", "network"]


def test_a_district_that_fails_costs_no_other(town, undisturbed, tmp_path):
    path = town.with_name("broken.toml")
    text = town.read_text("utf-8")
    path.write_text(text.replace('name = "Middle"', 'name = "Middle"\npopulation.path = "missing.csv"'), "utf-8")
    outcomes = run_batch([path, tmp_path / "nowhere.toml"], out=tmp_path / "out", jobs=2)
    assert [o.status for o in outcomes] == ["done", "failed", "done", "failed"]
    assert "missing.csv" in str(outcomes[1].error)
    assert "nowhere.toml" in str(outcomes[3].error)
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
    assert "SIGKILL" in str(outcomes[1].error)
    assert "process" not in outcomes[1].error.zh
    assert digests(tmp_path / "out" / "west") == digests(undisturbed / "west")


class _SharingDies(LocalExecutor):
    """Kills the process that would read what districts share."""

    def submit(self, fn, /, *args, **kwargs):
        if fn in {share_selections, share_streets}:
            return super().submit(signal.raise_signal, signal.SIGKILL)
        return super().submit(fn, *args, **kwargs)


@on_linux
def test_an_extract_that_could_not_be_shared_is_told_and_costs_no_district(town, undisturbed, tmp_path):
    events = []
    with _SharingDies(1) as executor:
        outcomes = run_batch([town], out=tmp_path / "out", executor=executor, on_event=events.append)
    assert [o.status for o in outcomes] == ["done"] * 3
    parts = {f"town.osm.pbf: {part}" for part in ("streets", "things")}
    assert {e.name for e in events if e.kind == "warning" and "SIGKILL" in e.text.en} == parts
    assert set(json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["sharing_failed"]) == parts
    assert digests(tmp_path / "out") == digests(undisturbed)


@on_linux
def test_a_process_that_dies_while_it_is_idle_costs_no_task():
    with LocalExecutor(1) as executor:
        os.kill(executor.submit(os.getpid).result(), signal.SIGKILL)
        (pool,) = executor._pools
        while not pool._broken:
            time.sleep(0.01)
        assert executor.submit(len, b"abc").result() == 3


@on_linux
def test_a_local_process_keeps_to_its_memory():
    with LocalExecutor(1, memory_limit_bytes=1_000_000_000) as executor:
        too_much, enough = executor.submit(bytearray, 2_000_000_000), executor.submit(len, b"abc")
        assert isinstance(too_much.exception(), MemoryError)
        assert enough.result() == 3


@on_linux
def test_a_district_that_needs_more_memory_fails_and_says_so(town, tmp_path):
    outcomes = run_batch([town], out=tmp_path / "out", jobs=1, memory_limit_bytes=100_000_000)
    assert {o.status for o in outcomes} == {"failed"}
    assert all(str(o.error).startswith(f"{o.name}: out of memory") for o in outcomes)
    assert all(
        "this process may take 0.1 GB (--memory-limit, or ulimit); raise that, give" in str(o.error) for o in outcomes
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            MemoryError("Unable to allocate 8 GiB"),
            f"east: {out_of_memory_text(MemoryError('Unable to allocate 8 GiB')).en}",
        ),
        (PermissionError(13, "Permission denied", "people.csv"), "people.csv: Permission denied"),
    ],
)
def test_want_of_memory_and_what_the_system_refuses_are_told_as_such_without_a_traceback(
    town, tmp_path, monkeypatch, error, told
):
    def run(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("circle15.batch.work.run_district", run)
    report = run_one(find_districts([town])[0].config, tmp_path / "out", None, 1)
    assert (str(report.error), report.trace) == (told, None)


@on_linux
def test_killing_the_executor_fails_what_runs_and_cancels_what_waits():
    with LocalExecutor(1) as executor:
        running, waiting = executor.submit(time.sleep, 60), executor.submit(len, b"")
        while not executor._pools or not running.running():
            time.sleep(0.02)
        executor.kill()
        assert isinstance(running.exception(), WorkerDiedError)
        assert waiting.cancelled()


class _StoppedAtTheDoor(LocalExecutor):
    """Starts a process only after `kill` has looked for processes."""

    def _new_pool(self):
        self.is_at_the_door = True
        while self._lock.locked() or not self._is_stopping:
            time.sleep(0.01)
        time.sleep(0.3)
        return super()._new_pool()


@on_linux
def test_a_task_that_starts_while_the_executor_is_killed_is_killed_too():
    with _StoppedAtTheDoor(1) as executor:
        starting = executor.submit(time.sleep, 60)
        while not hasattr(executor, "is_at_the_door"):
            time.sleep(0.01)
        executor.kill()
        assert isinstance(starting.exception(), WorkerDiedError)


def test_resume_runs_again_only_what_has_changed(town, tmp_path):
    text = town.read_text("utf-8")
    path = town.with_name("resumed.toml")
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    run_batch([path], out=out, jobs=1)
    first = digests(out)
    assert [o.status for o in run_batch([path], out=out, jobs=1, resume=True)] == ["kept"] * 3
    assert digests(out) == first

    edited = out / "west" / "coverage.csv"
    edited.write_text(edited.read_text("utf-8").replace("Clinic", "X") + " ", encoding="utf-8")
    (out / "east" / "tables.xlsx").unlink()
    outcomes = run_batch([path], out=out, jobs=1, resume=True)
    assert [o.status for o in outcomes] == ["done", "kept", "failed"]
    assert str(outcomes[2].error).startswith(f"{edited}: was not written by circle15, or has been changed since")
    edited.unlink()
    assert [o.status for o in run_batch([path], out=out, jobs=1, resume=True)] == ["kept", "kept", "done"]
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
    monkeypatch.setattr("circle15.runs.stale.code_digest", lambda: "other")
    assert "code_sha256" in why_stale(config, folder)
    monkeypatch.undo()
    monkeypatch.setattr("circle15.runs.stale.run_environment", lambda: {"libraries": {}})
    assert "libraries" in why_stale(config, folder)


def test_a_config_in_another_folder_or_behind_a_switched_link_is_read_with_its_own_inputs(town, undisturbed, tmp_path):
    other, link = tmp_path / "other", tmp_path / "link"
    shutil.copytree(town.parent, other)
    config, folder = find_districts([other / "batch.toml"])[0].config, undisturbed / "east"
    assert why_stale(config, folder) is None  # the same bytes elsewhere
    link.symlink_to(town.parent)
    linked = find_districts([link / "batch.toml"])[0].config
    (other / "people.csv").write_text("lon,lat,population\n0.02,0.01,1\n", encoding="utf-8")
    assert why_stale(config, folder) == "an input has changed: people.csv"
    assert why_stale(linked, folder) is None
    link.unlink()
    link.symlink_to(other)
    assert why_stale(linked, folder) == "an input has changed: people.csv"
    (other / "people.csv").unlink()
    assert why_stale(config, folder) == "an input has changed: people.csv"


def test_the_files_beside_an_input_that_is_a_link_stand(town, tmp_path):
    clinics = gpd.GeoDataFrame({"name": ["a"]}, geometry=gpd.points_from_xy([0.0032], [0.0033]), crs="EPSG:4326")
    (tmp_path / "data").mkdir()
    clinics.to_file(tmp_path / "data" / "v1.shp", engine="pyogrio")
    (tmp_path / "clinics.shp").symlink_to(tmp_path / "data" / "v1.shp")
    paths = {"clinics.shp": "v1.shp", "v1.dbf": "v1.dbf", "v1.shx": "v1.shx", "v1.prj": "v1.prj", "v1.cpg": "v1.cpg"}
    files = {name: tmp_path / "data" / part for name, part in paths.items()}
    manifest = {"inputs": {n: {"path": str(p), "sha256": file_digest(p)} for n, p in files.items()}}
    config = find_districts([town])[0].config.model_copy(update={"path": tmp_path / "batch.toml"})
    assert changed_inputs(Manifest(manifest), config) == []
    files["v1.dbf"].write_bytes(b"other")
    assert changed_inputs(Manifest(manifest), config) == ["v1.dbf"]


def test_files_beside_an_input_are_inputs_too(town, tmp_path):
    clinics = gpd.GeoDataFrame({"name": ["a"]}, geometry=gpd.points_from_xy([0.0032], [0.0033]), crs="EPSG:4326")
    clinics.to_file(town.with_name("clinics.shp"), engine="pyogrio")
    entry = find_districts([town])[2]
    clinic = entry.config.layers[0].model_copy(update={"source": "clinics.shp"})
    config = entry.config.model_copy(update={"layers": (clinic, *entry.config.layers[1:])})
    run_district(config, out=tmp_path / "west")
    manifest = json.loads((tmp_path / "west" / "run.json").read_text("utf-8"))
    beside = {f"clinics.{part}" for part in ("shp", "shx", "dbf", "prj", "cpg")}
    assert {name for name in manifest["inputs"] if name.startswith("clinics")} == beside
    assert changed_inputs(Manifest(manifest), config) == []
    table = town.with_name("clinics.dbf")
    table.write_bytes(table.read_bytes().replace(b"a ", b"b "))
    assert changed_inputs(Manifest(manifest), config) == ["clinics.dbf"]
    manifest["inputs"].pop("clinics.cpg")
    assert changed_inputs(Manifest(manifest), config) == ["clinics.dbf", f"{town.with_name('clinics.cpg')} (new)"]


@pytest.mark.skipif(sys.platform == "win32", reason="the time of the inode's change is POSIX")
def test_a_file_edited_in_place_whose_size_and_time_are_as_before_has_another_digest(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("1")
    before, first = path.stat(), file_digest(path)
    while True:  # until the file system's clock has moved on
        path.write_text("2")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.stat().st_ctime_ns != before.st_ctime_ns:
            break
    assert file_digest(path) != first


def test_a_geopackage_is_its_unmerged_changes_as_well(tmp_path):
    path = tmp_path / "a.gpkg"
    path.write_bytes(b"x")
    (tmp_path / "a.gpkg-wal").write_bytes(b"")
    assert file_parts(path) == [path]
    (tmp_path / "a.gpkg-wal").write_bytes(b"changes")
    assert file_parts(path) == [path, tmp_path / "a.gpkg-wal"]


def test_a_file_that_joins_a_folder_of_registers_or_the_tiles_of_a_raster_makes_a_run_stale(town, tmp_path):
    raw = {**tomllib.loads(town.read_text("utf-8"))}
    raw["district"] |= raw.pop("districts")[0]
    config = parse_config({**raw, "policy": {"path": "registers", "place": "x", "year": 2027}}, tmp_path / "a.toml")
    for name in ("registers/targets.csv", "tiles/1.tif", "tiles/2.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    sha256 = file_digest(tmp_path / "tiles" / "1.tif")
    tile = {"tiles/*.tif: 1.tif": {"path": str(tmp_path / "tiles" / "1.tif"), "sha256": sha256}}
    new = [f"{tmp_path / name} (new)" for name in ("registers/targets.csv", "tiles/2.tif")]
    assert changed_inputs(Manifest({"inputs": tile}), config) == new


def test_the_manifest_traces_each_table(undisturbed):
    manifest = json.loads((undisturbed / "west" / "run.json").read_text("utf-8"))
    assert manifest["tables"]["coverage.csv"]["inputs"] == ["town.osm.pbf", "people.csv"]
    assert any("Luo" in formula for formula in manifest["tables"]["cells.parquet"]["formulas"])
    assert set(manifest["tables"]["coverage.csv"]["inputs"]) <= set(manifest["inputs"])
    assert len(manifest["code_sha256"]) == len(manifest["config_sha256"]) == 64


@on_linux
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    code = (
        "import pathlib, sys, time\nfrom circle15.files.staging import staged_folder\n"
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


@on_linux
def test_what_killed_processes_left_in_the_cache_and_among_temporary_files_is_swept(tmp_path, monkeypatch):
    code = (
        "import pathlib, sys, time\nfrom circle15.files.held_folders import held_folder\n"
        "cache = pathlib.Path(sys.argv[1])\n"
        "with held_folder(cache, suffix='.part') as part, held_folder() as text:\n"
        "    (part / 'half.npz').write_text('')\n    (text / 'selected.opl').write_text('')\n"
        "    print('ready', flush=True)\n    time.sleep(60)"
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    cache = cache_root() / "networks"
    cache.mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-c", code, cache], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    shrink_cache()
    assert len(list(cache.iterdir())) == len(list(tmp_path.glob("circle15-*"))) == 1
    process.kill()
    process.communicate()
    shrink_cache()
    assert [*cache.iterdir(), *tmp_path.glob("circle15-*")] == []


@on_linux
def test_ctrl_c_does_not_reach_a_process_that_is_still_starting():
    with LocalExecutor(2) as executor:
        blocked = [executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()) for _ in range(2)]
        assert all(signal.SIGINT in b.result() for b in blocked)


@on_linux
def test_ctrl_c_stops_a_batch_cleanly(town, undisturbed, tmp_path):
    for attempt in range(9):
        out = tmp_path / f"out{attempt}"
        process = start_batch(town, out, "--jobs", 1, start_new_session=True)
        while "done" not in process.stderr.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
        _, told = process.communicate(timeout=60)
        if process.returncode != 0:
            break  # on a machine that does much else, all districts may be done before this process gets its turn
    assert process.returncode == 130
    assert "stopped" in told
    assert "Traceback" not in told
    outcomes = run_batch([town], out=out, jobs=1, resume=True)
    assert [o.status for o in outcomes if o.name == "middle"] == ["kept"]  # the largest, and so the first that was done
    assert digests(out) == digests(undisturbed)


def test_two_batches_at_once_on_one_cache_write_the_same_bytes(town, undisturbed, tmp_path):
    running = [start_batch(town, tmp_path / f"out{i}", "--jobs", 1, "-q", cache=tmp_path / "cache") for i in range(2)]
    for process in running:
        told = process.communicate(timeout=300)
        assert process.returncode == 0, told
    assert digests(tmp_path / "out0") == digests(tmp_path / "out1") == digests(undisturbed)
    kept = [p for p in (tmp_path / "cache").rglob("*") if p.name.endswith(".part")]
    assert kept == []


def of_a_missing_config():
    """Give where the text about a config that is not there is made."""
    with pytest.raises(MissingFileError) as caught:
        load_config("none.toml")
    return caught.value.problems[0].message.origins[0]


def test_the_log_for_machines_is_json_lines(town, tmp_path):
    process = start_batch(town, tmp_path / "out", "none.toml", "--jobs", 2, "--json-log")
    told, log = process.communicate(timeout=300)
    events = [json.loads(line) for line in log.splitlines()]
    assert events[0]["event"] == "begin"
    assert {e["name"] for e in events if e["event"] == "finished"} == {"east", "middle", "west", "none.toml"}
    (failed,) = [e for e in events if "error" in e]
    assert failed["error"] == "none.toml: no such config file"
    assert [m["id"] for m in failed["messages"]] == [message_id(of_a_missing_config())]
    for name in ("east", "middle", "west"):
        begun = [e for e in events if e["event"] == "stage" and e["name"] == name]
        ended = [e for e in events if e["event"] == "stage_end" and e["name"] == name]
        assert {e["stage"] for e in begun} == {e["stage"] for e in ended} >= {"network", "reach", "write"}
        last = {e["stage"]: e for e in ended}
        assert all(last[e["stage"]]["at"] >= e["at"] for e in begun)
        (done,) = [e for e in events if e["event"] == "finished" and e["name"] == name]
        assert sum(e["seconds"] for e in last.values()) <= done["seconds"] + 0.1
        assert all(e["peak_mb"] is None or e["peak_mb"] > 10 for e in ended)
    assert len(told.splitlines()) == 4


def test_the_log_for_machines_has_logged_messages_as_json_too(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    talk = logging.StreamHandler(stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [talk])
    with batch_progress(json_log=True):
        logging.getLogger("circle15").error("west\n%s", "Traceback (most recent call last):")
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["text"]) == ("log", "ERROR", "west\nTraceback (most recent call last):")


def test_the_cache_is_capped_and_cleared(town, tmp_path):
    run_batch([town], out=tmp_path / "out", jobs=1)
    entries = list_entries()
    assert {e.kind for e in entries} == {"extracts", "networks", "results"}
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
