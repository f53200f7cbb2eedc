"""Exit codes as stated: 130 after Ctrl-C, 143 after SIGTERM, and a closed pipe is quiet."""

import os
import signal
import subprocess
import sys
import time

import pytest

from circle15.files.locks import _SUFFIX
from tests.batch_town import BOXES, SHARED, build_town

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    build_town(folder)
    district = f'[district]\nid = "west"\nname = "West"\nboundary = "box:{BOXES["west"]}"\n'
    (folder / "west.toml").write_text(SHARED.replace("[district]\n", district, 1), encoding="utf-8")
    return folder / "west.toml"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_says_so_by_its_exit_code_and_leaves_nothing(config, tmp_path, number, code):
    (tmp_path / "temp").mkdir()
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temp")}
    command = [sys.executable, "-m", "circle15", "run", config, "--out", tmp_path / "out" / "west"]
    process = subprocess.Popen(command, env=env, **PIPES)
    while not list(tmp_path.glob(f"out/.*{_SUFFIX}")):  # it has begun
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    told, log = process.communicate(timeout=120)
    assert (process.returncode, told) == (code, ""), log
    assert "stopped; nothing was written" in log
    assert "Traceback" not in log
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.mark.parametrize("args", [["schema"], ["--help"], ["info"]])
def test_a_reader_that_closes_its_pipe_is_met_in_silence(args):
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([sys.executable, "-m", "circle15", *args], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, log = process.communicate(timeout=120)
    assert log == b""
    assert process.returncode in {1, 141}


@pytest.mark.parametrize(("name", "code"), [("west.toml", 0), ("none.toml", 2)])
def test_check_ends_as_stated(config, name, code):
    command = [sys.executable, "-m", "circle15", "check", config.with_name(name), "--json"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == code
