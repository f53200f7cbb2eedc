"""Whatever call of the system fails, and whenever a process is killed, a folder holds a whole earlier or a whole new result."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch_town import BOXES, SHARED, build_town

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent / "faults"
LONGEST_S = 150
FEWEST = 3
"""Calls that are tried of each command however busy the machine is; an idle one tries ten or more in some seconds."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or shutil.which("gcc") is None, reason="a shim for Linux, made by gcc"),
]


def made_town(folder):
    """Write three districts, one of them alone, and that one as it was planned before."""
    build_town(folder)
    district = f'[district]\nid = "west"\nname = "West"\nboundary = "box:{BOXES["west"]}"\n'
    (folder / "west.toml").write_text(SHARED.replace("[district]\n", district, 1), encoding="utf-8")
    before = (folder / "west.toml").read_text("utf-8").replace("minutes = 5", "minutes = 4")
    (folder / "before.toml").write_text(before, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return made_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, HERE / "shim.c", "-ldl"], check=True, timeout=120)
    return made


def try_calls(shim, *args):
    env = {**os.environ, "LD_PRELOAD": str(shim), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.faults.harness", *map(str, args)]
    command += ["--seconds", str(LONGEST_S)]
    timeout = 2 * LONGEST_S  # the harness stops itself, and tells what it has tried
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("command", "config", "options"),
    [
        ("run", "west.toml", ["--earlier", "before.toml", "--every", "59"]),
        ("run", "west.toml", ["--earlier", "before.toml", "--every", "59", "--beside"]),
        ("run", "west.toml", ["--earlier", "before.toml", "--kills", "20"]),
        ("batch", "batch.toml", ["--every", "293"]),
        ("batch", "batch.toml", ["--kills", "10"]),
        ("verify", "west.toml", ["--every", "97"]),
        ("run", "west.toml", ["--earlier", "before.toml", "--every", "97", "--memory", "65536"]),
    ],
)
def test_a_call_that_fails_or_kills_leaves_a_whole_result_and_a_sound_cache(shim, town, command, config, options):
    named = [town / one if one.endswith(".toml") else one for one in options]
    found = try_calls(shim, command, town / config, *named)
    assert found["losses"] == []
    assert found["tried"] >= FEWEST
    if "--kills" in options:
        assert found["exits"].get("-9", 0) == found["tried"]
    elif "--memory" in options:
        assert all(kind.startswith("memory:") for kind in found["kinds"])
    else:
        assert {"write", "sync", "open"} & set(found["kinds"])


def test_a_harness_that_is_stopped_tells_what_it_has_tried(shim, town):
    env = {**os.environ, "LD_PRELOAD": str(shim), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.faults.harness", "run", town / "west.toml", "--every", "7"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        while not one.stderr.readline().startswith("run: 1 of "):
            assert one.poll() is None
        one.terminate()
        told, _ = one.communicate(timeout=LONGEST_S)
    found = json.loads(told)
    assert found["tried"] >= 1
    assert found["not_tried"] > 0
    assert one.returncode == 1
