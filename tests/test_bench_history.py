"""The check of the benches fails where a tool has become slower beside its plain one, and on nothing else."""

import csv
import importlib.util
import sys
import time
from contextlib import contextmanager

import pytest


def work_of(milliseconds):
    def work():
        end = time.process_time() + milliseconds / 1000
        while time.process_time() < end:
            pass

    return work


@pytest.fixture
def history(root, tmp_path, monkeypatch):
    """Give the script with two benches of known cost and a record of its own."""
    spec = importlib.util.spec_from_file_location("bench_history", root / "scripts" / "bench_history.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.cost = {"fast": 10, "other": 10}

    def bench(name):
        @contextmanager
        def begun():
            yield work_of(module.cost[name]), work_of(10)

        return begun

    monkeypatch.setattr(module, "BENCHES", {name: (bench(name), 2) for name in module.cost})
    monkeypatch.setattr(module, "RECORD", tmp_path / "history.csv")
    monkeypatch.setattr(module, "PICTURE", tmp_path / "history.svg")
    return module


def run(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["bench_history.py", *arguments])
    module.main()


def test_a_tool_that_takes_twice_as_long_beside_the_plain_one_fails_by_name(history, monkeypatch):
    run(history, monkeypatch, "--record")
    run(history, monkeypatch, "--check")
    history.cost["fast"] = 25
    with pytest.raises(SystemExit, match=r"1\.5 times the last record's ratio: fast;"):
        run(history, monkeypatch, "--check")
    run(history, monkeypatch, "--record")
    run(history, monkeypatch, "--check")


def test_a_machine_on_which_everything_takes_longer_passes(history, monkeypatch):
    run(history, monkeypatch, "--record")

    @contextmanager
    def slowed():
        yield work_of(40), work_of(40)

    monkeypatch.setattr(history, "BENCHES", dict.fromkeys(history.BENCHES, (slowed, 2)))
    run(history, monkeypatch, "--check")


def test_turns_in_which_a_library_waits_busily_do_not_fail_the_check(history, monkeypatch):
    run(history, monkeypatch, "--record")
    turns = iter([10, 60, 10, 60, 10] * len(history.BENCHES))

    def now_and_then_long():
        work_of(next(turns))()

    @contextmanager
    def spiked():
        yield now_and_then_long, work_of(10)

    monkeypatch.setattr(history, "BENCHES", dict.fromkeys(history.BENCHES, (spiked, 5)))
    run(history, monkeypatch, "--check")


def test_a_record_names_commit_and_machine_and_is_drawn(history, monkeypatch):
    run(history, monkeypatch, "--record")
    run(history, monkeypatch, "--record")
    with history.RECORD.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["bench"] for row in rows] == ["fast", "other"] * 2
    assert all(row["commit"] and row["cpu"] and int(row["cores"]) and row["date"] for row in rows)
    assert float(rows[0]["ratio"]) == pytest.approx(1.0, rel=0.3)
    assert history.PICTURE.read_text(encoding="utf-8").count("<path") > 2
    assert "fast" in history.PICTURE.read_text(encoding="utf-8")


def test_the_record_of_this_processor_counts_before_that_of_another(history):
    header = ",".join(history.COLUMNS)
    rows = ["2026-01-01,a,mine,2,8,fast,1,1,2.0", "2026-02-01,b,other,2,8,fast,1,1,9.0"]
    history.RECORD.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    assert history.last_ratios("mine") == {"fast": 2.0}
    assert history.last_ratios("third") == {"fast": 9.0}
