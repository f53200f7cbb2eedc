"""The lowest versions that pyproject allows, which scripts/test_lowest.sh installs."""

import re
import runpy
import tomllib

import pytest


@pytest.fixture(scope="module")
def lowest_versions(root):
    return runpy.run_path(str(root / "scripts" / "lowest.py"))["lowest_versions"]


def test_every_dependency_states_the_lowest_version_that_works(root, lowest_versions):
    stated = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = [re.match(r"[\w.-]+", requirement)[0] for requirement in stated]
    assert sorted(line.partition("==")[0] for line in lowest_versions()) == sorted(names)


def test_extras_bring_those_of_the_extras_that_they_name(lowest_versions):
    lines = lowest_versions("test")
    assert set(lowest_versions()) < set(lines)
    assert any(line.startswith("distributed==") for line in lines)  # by way of circle15[cluster]
