"""What is handed on builds where there is no internet."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_NO_BUILDER = "pip builds circle15 in a venv of its own: pip install scikit-build-core nanobind runs these tests"


def _offline():
    """Give what runs a command without any network, an empty list where the system does not let one."""
    tool = shutil.which("unshare")
    for argv in ([tool, "-n"], [tool, "-rn"]):
        if tool and subprocess.run([*argv, "true"], capture_output=True, check=False, timeout=60).returncode == 0:
            return argv
    return []


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    pytest.importorskip("scikit_build_core", reason=_NO_BUILDER)
    out = tmp_path_factory.mktemp("sdist")
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, out], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (made,) = out.iterdir()
    return made


@pytest.mark.slow
def test_the_sdist_holds_what_a_build_and_its_tests_need_and_no_rubbish(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "LICENSE",
        "circle15/core/CMakeLists.txt",
        "circle15/core/bindings.cpp",
        "tests/conftest.py",
    } <= names
    assert {"data/policy/README.md", "data/monaco.toml", "data/osm/monaco.osm.pbf", "data/sample/sample.toml"} <= names
    assert [name for name in names if re.search(r"__pycache__|\.so$|^(build|maps|\.venv|\.git)/", name)] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a namespace without a network")
def test_the_sdist_builds_and_runs_without_a_network(sdist, tmp_path):
    pytest.importorskip("nanobind", reason=_NO_BUILDER)
    offline = _offline()
    if not offline:
        pytest.skip("may make no namespace without a network")
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps", "--no-cache-dir"]
    env = {**os.environ, "TMPDIR": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [*offline, *pip, "--target", target, sdist],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=540,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (core,) = (target / "circle15").glob("_core*.so")
    assert core.is_file()
    code = (
        "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'ScikitBuild' not in type(f).__name__]\n"
        f"sys.path.insert(0, {str(target)!r}); import circle15, circle15._core as core\n"
        f"assert core.__file__.startswith({str(target)!r}), core.__file__\n"
        "from circle15.cli import main; main(['info'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
