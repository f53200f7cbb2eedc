"""Exit codes as stated: 130 after Ctrl-C, 143 after SIGTERM, and a closed pipe is quiet."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from circle15.cli import main
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
    assert subprocess.run(command, check=False, capture_output=True, timeout=120).returncode == code


PROGRAMME = '[planning]\ncrs = "wgs84"\n[programme]\nyears = [2027]\nbudget = 100\ncandidates = "projects.csv"\nmaximise = "people"\n'


@pytest.fixture(scope="module")
def finished(config):
    """Two finished runs of two dates beside the config, and a programme."""
    folder = config.parent
    for name, as_of in (("was", "2026-01-01"), ("is", "2027-01-01")):
        stated = config.read_text("utf-8").replace("[district]\n", f"[district]\nas_of = {as_of}\n", 1)
        (folder / f"{name}.toml").write_text(stated, encoding="utf-8")
        assert (
            CliRunner().invoke(main, ["run", str(folder / f"{name}.toml"), "--out", str(folder / name), "-q"]).exit_code
            == 0
        )
    (folder / "projects.csv").write_text("name,layer,lon,lat,cost\nA,clinic,0.006,0.006,60\n", encoding="utf-8")
    (folder / "programme.toml").write_text(config.read_text("utf-8") + PROGRAMME, encoding="utf-8")
    return folder


COMMANDS = {
    "run": ["west.toml", "--out", "OUT"],
    "batch": ["batch.toml", "--out", "OUT", "--jobs", "1"],
    "verify": ["is"],
    "cache": [],
    "rank": ["west.toml"],
    "site": ["west.toml", "--layer", "clinic", "--p", "1"],
    "programme": ["programme.toml"],
    "compare": ["was", "is"],
    "trend": ["was", "is"],
    "isochrone": ["west.toml", "--at", "0.004,0.004"],
    "check": ["west.toml"],
    "fetch": ["0.0,0.0,0.01,0.01", "-o", "OUT/x.osm.pbf"],
    "init": ["OUT"],
    "schema": [],
    "info": [],
}
STOPPED_IN = {
    "verify": "circle15.runs.verify.verify_folder",
    "cache": "circle15.files.cache_room.list_entries",
    "compare": "circle15.runs.compare_files.compare_all",
    "trend": "circle15.runs.trend.trend_table.gather_trend",
    "check": "circle15.doctor.check.check_config",
    "fetch": "circle15.inputs.osm.fetch.place_polygon",
    "batch": "circle15.batch.run_batch",
    "run": "circle15.pipeline.run_district",
}
AT_ONCE = {"init", "schema", "info"}  # over before anybody could stop them


def given(command, folder, out):
    args = [a.replace("OUT", str(out)) for a in COMMANDS[command]]
    return [command, *(str(folder / a) if (folder / a).exists() else a for a in args)]


def test_every_command_is_held_to_its_exit_codes():
    assert list(COMMANDS) == main.list_commands(None)


@pytest.mark.parametrize("stop", [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in AT_ONCE])
def test_every_command_that_is_stopped_says_so_by_its_exit_code(finished, tmp_path, monkeypatch, command, stop):
    number, code = stop

    def is_stopped(*_, **__):
        os.kill(os.getpid(), number)
        time.sleep(10)

    monkeypatch.setattr(STOPPED_IN.get(command, "circle15.config.model.load_config"), is_stopped)
    done = CliRunner().invoke(main, given(command, finished, tmp_path / "out"))
    assert done.exit_code == code, done.output
    assert "circle15: stopped; " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "run.json").exists()


WRONG = {
    "run": ["none.toml"], "batch": ["batch.toml", "--jobs", "0"], "verify": ["none"], "rank": ["none.toml"], "trend": ["none", "is"],
    "site": ["none.toml", "--layer", "clinic", "--p", "1"], "programme": ["west.toml"], "compare": ["was", "none"],
    "isochrone": ["west.toml", "--at", "9,9"], "check": ["none.toml"], "fetch": ["none.geojson", "-o", "OUT/x.osm.pbf"],
    "cache": ["--none"], "init": [], "schema": ["none"], "info": ["none"],
}  # fmt: skip


@pytest.mark.parametrize("command", WRONG)
def test_every_command_ends_with_2_where_its_input_is_wrong(finished, tmp_path, command):
    args = [str(finished / a) if a.split(".")[0] in {"none", "west", "was", "is"} else a for a in WRONG[command]]
    done = CliRunner().invoke(main, [command, *(a.replace("OUT", str(tmp_path)) for a in args)])
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output


PIPED = """
import json, os, sys
from circle15.cli import main
ends = []
for args in json.loads(sys.argv[1]):
    reading, writing = os.pipe()
    os.close(reading)
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        main(args)
    os.close(writing)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ends))
"""


@pytest.mark.slow
def test_every_command_that_prints_meets_a_closed_pipe_in_silence(finished, tmp_path):
    talks = [given(c, finished, tmp_path / c) for c in COMMANDS if c != "fetch"]
    talks = [args if args[0] in {"schema", "info"} else [*args, "-q"] for args in talks]
    talks += [["verify", str(finished / "is"), "--json", "-q"], ["check", str(finished / "west.toml"), "--json", "-q"]]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    (tmp_path / "cache").mkdir()
    done = subprocess.run([sys.executable, "-c", PIPED, json.dumps(talks)], check=False, env=env, timeout=600, **PIPES)
    assert done.stderr == ""
    ends = dict(zip(map(" ".join, talks), json.loads(done.stdout), strict=True))
    silent = f"verify {finished / 'is'} -q"  # prints nothing, so nobody misses a reader
    assert ends.pop(silent) == 0
    assert set(ends.values()) == {141}, ends
    assert (tmp_path / "run" / "run.json").exists()
