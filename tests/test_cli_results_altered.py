"""Results that somebody changed are refused by whoever reads their numbers on, in one line that names the file."""

import json
import os
import shutil

import pytest
from click.testing import CliRunner

from circle15.cli import main
from tests.hostile.odd_paths import FILES
from tests.hostile.sound import sound_results


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return sound_results(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def pair(sound, tmp_path):
    return [shutil.copytree(one, tmp_path / f"results{k}") for k, one in enumerate(sound[:2])]


def say(*argv):
    return CliRunner().invoke(main, [*map(str, argv), "--lang", "en"])


def resaved(path):
    path.write_text(path.read_text("utf-8-sig").replace(",", ", "), encoding="utf-8")


def other_rules(path):
    told = json.loads(path.read_text("utf-8"))
    told["layers"][0]["threshold_min"] = "long"
    path.write_text(json.dumps(told), encoding="utf-8")


def without_the_map_key(path):
    import pandas as pd  # noqa: PLC0415 (this spoiling alone)

    pd.read_parquet(path).to_parquet(path)


@pytest.mark.parametrize("command", ["compare", "trend"])
def test_sound_results_are_read(pair, command):
    done = say(command, *pair)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("command", "name", "spoil"),
    [
        ("compare", "cells.parquet", without_the_map_key),
        ("compare", "coverage.csv", resaved),
        ("compare", "run.json", other_rules),
        ("trend", "coverage.csv", resaved),
        ("trend", "run.json", other_rules),
        ("trend", "run.json", lambda p: p.write_text("[" * 100_000)),
    ],
)
def test_an_altered_file_of_results_is_named_and_nothing_is_written(pair, tmp_path, command, name, spoil):
    spoil(pair[1] / name)
    done = say(command, *pair, "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert str(pair[1] / name) in done.output
    assert "defect" not in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
@pytest.mark.parametrize("kind", ["pipe", "zeros", "loop", "folder", "socket", "kernel", "messages"])
@pytest.mark.parametrize("name", ["run.json", "coverage.csv", "cells.parquet"])
def test_no_command_waits_for_what_has_no_end_in_a_folder_of_results(pair, kind, name):
    (pair[1] / name).unlink()
    FILES[kind](pair[1] / name)
    done = say("compare", *pair)
    assert done.exit_code == 2, done.output
    assert name in done.output


@pytest.mark.parametrize(
    ("name", "kind"), [("run.json", "pipe"), ("coverage.csv", "messages"), ("cells.parquet", "zeros")]
)
def test_an_audit_does_not_wait_for_what_has_no_end(pair, name, kind):
    (pair[1] / name).unlink()
    FILES[kind](pair[1] / name)
    assert say("verify", pair[1]).exit_code in {1, 2}


def test_a_batch_does_not_keep_results_whose_manifest_was_altered(sound, tmp_path):
    config = sound[0].parent / "village.toml"
    first = say("batch", config, "--out", tmp_path / "out", "--jobs", 1)
    assert first.exit_code == 0, first.output
    assert "kept as they were" in say("batch", config, "--out", tmp_path / "out", "--jobs", 1, "--resume").output
    other_rules(tmp_path / "out" / "village" / "run.json")
    again = say("batch", config, "--out", tmp_path / "out", "--jobs", 1, "--resume")
    assert "kept as they were" not in again.output
    assert "defect" not in again.output
