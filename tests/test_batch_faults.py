"""A batch against the world: kills at random moments, full disks, folders that cannot be written, a real cluster."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

from circle15.batch import run_batch
from tests.batch_town import build_town, digests, start_batch

N_KILLS = 20
LONGEST_S = 300


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keep the tests out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def undisturbed(town, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed")
    assert [o.status for o in run_batch([town], out=out)] == ["done"] * 3
    return out


@contextmanager
def mounted(folder, *options):
    """Mount a small file system in memory; skip where that is not allowed."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], check=False, capture_output=True, timeout=60
    )
    if made.returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_a_full_disk_costs_the_districts_that_do_not_fit_and_nothing_half_written_stays(town, undisturbed, tmp_path):
    first = sum(p.stat().st_size for p in (undisturbed / "middle").rglob("*") if p.is_file())
    with mounted(tmp_path / "small", f"size={first * 3 // 2 // 1024 + 60}k") as small:
        process = start_batch(town, small / "out", "--jobs", 1)
        told, log = process.communicate(timeout=LONGEST_S)
        assert process.returncode == 1
        assert "No space left" in log
        assert "why it failed" in log
        assert "Traceback" not in log
        done = [line.split("\t")[2] for line in told.splitlines() if "\tdone\t" in line]
        assert [os.path.basename(d) for d in done] == ["middle"]  # noqa: PTH119 (text of the command's own)
        assert digests(small / "out" / "middle") == digests(undisturbed / "middle")
        assert [p.name for p in (small / "out").iterdir() if p.name.endswith(".partial")] == []


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_a_folder_that_cannot_be_written_is_one_plain_line(town, tmp_path):
    with mounted(tmp_path / "sealed", "ro") as sealed:
        process = start_batch(town, sealed / "out", "--jobs", 1)
        _, log = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cannot write here: Read-only file system" in log
    assert "Traceback" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_one_district_whose_folder_cannot_be_written_costs_no_other(town, undisturbed, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with mounted(out / "middle", "ro"):
        process = start_batch(town, out, "--jobs", 2)
        told, log = process.communicate(timeout=LONGEST_S)
        assert process.returncode == 1
        assert [line.split("\t")[1] for line in told.splitlines()] == ["done", "failed", "done"]
        assert "middle" in log.split("why it failed")[1]
        assert digests(out / "west") == digests(undisturbed / "west")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="SIGKILL")
def test_kills_at_random_moments_and_then_resume_give_the_bytes_of_an_undisturbed_batch(town, undisturbed, tmp_path):
    moments = random.Random(15)  # noqa: S311 (no secret)
    begun = time.monotonic()
    start_batch(town, tmp_path / "timed", "--jobs", 2, "-q").communicate(timeout=LONGEST_S)
    usual = time.monotonic() - begun
    out = tmp_path / "out"
    for turn in range(N_KILLS):
        # Every other batch runs all districts again over what the kills before left.
        options = ["--resume"] if turn % 2 else []
        process = start_batch(town, out, "--jobs", 2, "-q", *options, start_new_session=True)
        try:
            process.communicate(timeout=moments.uniform(0.2, 1.0) * usual)
        except subprocess.TimeoutExpired:
            # The parent alone: its workers must notice by themselves.
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        for folder in out.glob("[!.]*/run.json"):
            manifest = json.loads(folder.read_text("utf-8"))
            assert set(manifest.get("files", ())) <= {
                p.relative_to(folder.parent).as_posix() for p in folder.parent.rglob("*")
            }
    assert all(o.error is None for o in run_batch([town], out=out, resume=True))
    assert digests(out) == digests(undisturbed)


@pytest.mark.slow
def test_a_cluster_writes_the_same_bytes_and_a_killed_worker_costs_nothing(town, undisturbed, tmp_path):
    pytest.importorskip("distributed", reason="the extra [cluster]")
    address_file = tmp_path / "scheduler.json"
    module = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    told = ["--scheduler-file", address_file, "--no-dashboard"]
    started = [subprocess.Popen([*module, "distributed.cli.dask_scheduler", "--port", "0", *told], **quiet)]
    try:
        begun = time.monotonic()
        while not address_file.exists():
            assert time.monotonic() - begun < LONGEST_S
            time.sleep(0.1)
        worker = [*module, "distributed.cli.dask_worker", "--nthreads", "1", "--local-directory", tmp_path, *told]
        started += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        address = json.loads(address_file.read_text("utf-8"))["address"]
        process = start_batch(town, tmp_path / "out", "--scheduler", address)
        log = process.communicate(timeout=LONGEST_S)
        assert process.returncode == 0, log
        assert digests(tmp_path / "out") == digests(undisturbed)
        process = start_batch(town, tmp_path / "again", "--scheduler", address, "--json-log")
        while '"event": "stage"' not in process.stderr.readline():
            assert process.poll() is None
        started[1].kill()
        log = process.communicate(timeout=LONGEST_S)
        assert process.returncode == 0, log
        assert digests(tmp_path / "again") == digests(undisturbed)
    finally:
        for one in reversed(started):
            one.terminate()
        for one in started:
            with suppress(subprocess.TimeoutExpired):
                one.wait(timeout=30)
            one.kill()


def test_no_scheduler_at_an_address_is_said_plainly(town, tmp_path):
    pytest.importorskip("distributed", reason="the extra [cluster]")
    process = start_batch(town, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    _, log = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "no dask scheduler answers" in log
