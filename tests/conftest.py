"""Shared fixtures."""

import signal
import threading
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    # Under nohup or a script's `&` Ctrl-C is ignored, and by every process started from there: tests send it to some.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption("--runslow", action="store_true", help="run the tests marked slow as well")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--runslow"):
        return
    skip = pytest.mark.skip(reason="minutes long; --runslow runs it")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def english_errors(request, monkeypatch):
    """Let commands tell errors in English, as `str` of an error does; tests marked own_language hear the config's."""
    if "own_language" not in request.keywords:
        monkeypatch.setattr("circle15.cli.language_of", lambda _args: "en")


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def monaco_pbf():
    """The shipped real extract."""
    return ROOT / "data" / "osm" / "monaco.osm.pbf"


@pytest.fixture(scope="session")
def shared_data():
    """The larger real extracts, which are not part of the project; tests that need them skip without."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real extracts in ../shared/data, which are not part of the project")
    return folder
