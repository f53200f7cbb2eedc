"""A scenario that a what-if exported: its run says whether the numbers are as promised, and names those that are not."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.meaning import config_digest
from circle15.config.model import load_config
from circle15.errors import ConfigError
from circle15.pipeline import run_district
from circle15.pipeline.record.confirmed import confirm
from circle15.runs.verify import verify_folder

CHANGE = """
[[change]]
kind = "add_path"
name = "新桥"
line = [[120.5123839, 29.5081191], [120.5134159, 29.5081191]]
"""
OUTPUTS = '[outputs]\nwrite = ["coverage", "report"]\nisochrones = "none"\n'


@pytest.fixture(scope="module")
def base(root):
    return root / "data" / "sample" / "sample.toml"


@pytest.fixture(scope="module")
def promised(base, tmp_path_factory):
    """The rows of a what-if that is right: what a run of the scenario writes to coverage.csv and gaps.csv."""
    folder = tmp_path_factory.mktemp("promised")
    (folder / "s.toml").write_text(f'base = "{base}"\n{OUTPUTS}{CHANGE}', encoding="utf-8")
    run_district(folder / "s.toml", out=folder / "out")
    coverage, gaps = (pd.read_csv(folder / "out" / f"{name}.csv") for name in ("coverage", "gaps"))
    rows = coverage.merge(gaps[["unit_id", "layer", "gap"]], on=["unit_id", "layer"], how="left")
    return rows[["unit_id", "layer", "covered_people", "gap"]].to_dict("records")


def scenario_text(base, rows, digest):
    def row_text(row):
        parts = [f"{key} = {json.dumps(row[key])}" for key in ("unit_id", "layer", "covered_people")]
        return "  { " + ", ".join(parts + ([f"gap = {row['gap']}"] if row["gap"] == row["gap"] else [])) + " },"

    totals = "\n".join(row_text(row) for row in rows)
    return f'base = "{base}"\n{OUTPUTS}{CHANGE}\n[expected]\nbase_sha256 = "{digest}"\ntotals = [\n{totals}\n]\n'


def test_a_run_confirms_what_the_what_if_promised_in_terminal_report_and_manifest(base, promised, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(scenario_text(base, promised, config_digest(load_config(base))), encoding="utf-8")
    ran = CliRunner().invoke(main, ["run", str(path), "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert ran.exit_code == 0
    assert "与推演一致：40 项数值" in ran.stderr
    assert "与推演一致" in (tmp_path / "out" / "report.html").read_text("utf-8")
    told = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert told["confirmation"] == {"is_confirmed": True, "compared": 40, "base_is_same": True, "differing": []}
    assert not any("推演" in warning for warning in told["warnings"])


def test_each_number_that_differs_is_named_with_both_values_and_a_changed_base_is_told(base, promised, tmp_path):
    rows = [dict(row) for row in promised]
    rows[0]["covered_people"] += 7
    rows[1]["gap"] = round(rows[1]["gap"] - 0.25, 3)
    rows[2]["unit_id"] = "nowhere"
    path = tmp_path / "s.toml"
    path.write_text(scenario_text(base, rows, "0" * 64), encoding="utf-8")
    run = run_district(path, out=tmp_path / "out")
    head, *lines = run.result.confirmation
    assert head in run.result.warnings
    assert "40 项数值中有 4 项不同" in head
    assert "底本配置在推演之后已改动" in head
    assert len(lines) == 4
    found, expected = promised[0]["covered_people"], rows[0]["covered_people"]
    assert any(f"推演 {expected:,.0f}" in line and f"本次运行 {found:,.0f}" in line for line in lines)
    assert sum("无此项" in line for line in lines) == 2
    told = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["confirmation"]
    assert {(d["unit_id"], d["measure"]) for d in told["differing"]} == {
        (rows[0]["unit_id"], "covered_people"), (rows[1]["unit_id"], "gap"),
        ("nowhere", "covered_people"), ("nowhere", "gap"),
    }  # fmt: skip
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert all(line in report for line in lines)


def test_a_last_decimal_that_rounds_the_other_way_is_no_difference_and_two_of_them_are(base, promised, tmp_path):
    def confirmed(shift):
        rows = [{**row, "covered_people": round(row["covered_people"] + shift, 3)} for row in promised]
        path = tmp_path / "s.toml"
        path.write_text(scenario_text(base, rows, config_digest(load_config(base))), encoding="utf-8")
        return confirm(load_config(path), result).is_confirmed

    path = tmp_path / "first.toml"
    path.write_text(scenario_text(base, promised, "0" * 64), encoding="utf-8")
    result = replace(run_district(path, out=tmp_path / "out").result)
    assert [confirmed(shift) for shift in (0.0, 0.001, 0.002)] == [True, True, False]


def test_a_scenario_of_an_exported_scenario_does_not_inherit_what_was_expected_of_that(base, promised, tmp_path):
    (tmp_path / "s.toml").write_text(scenario_text(base, promised, "0" * 64), encoding="utf-8")
    (tmp_path / "t.toml").write_text('base = "s.toml"\n', encoding="utf-8")
    inner, outer = load_config(tmp_path / "s.toml"), load_config(tmp_path / "t.toml")
    assert len(inner.totals_expected) == 20
    assert outer.expected is None
    assert outer.changes == inner.changes


@pytest.mark.parametrize(
    ("rows", "digest", "told"),
    [
        ('{ unit_id = "s1", layer = "nursry", covered_people = 1 }', "0" * 64, 'no layer "nursry"; did you mean'),
        ('{ unit_id = "s1", layer = "nursery", covered_peple = 1 }', "0" * 64, "did you mean 'covered_people'"),
        ('{ unit_id = "s1", layer = "nursery", covered_people = -1 }', "0" * 64, "greater than or equal to 0"),
        ('{ unit_id = "s1", layer = "nursery", covered_people = 1 }', "abc", "64 hexadecimal digits"),
        ("", "0" * 64, "at least 1 entries"),
    ],
)
def test_a_malformed_expectation_is_refused_with_what_would_be_right(base, tmp_path, rows, digest, told):
    path = tmp_path / "s.toml"
    path.write_text(f'base = "{base}"\n[expected]\nbase_sha256 = "{digest}"\ntotals = [{rows}]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_config(path)


def test_an_audit_of_a_confirmed_run_holds_though_the_scenarios_file_is_gone(base, promised, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(scenario_text(base, promised, config_digest(load_config(base))), encoding="utf-8")
    run_district(path, out=tmp_path / "out")
    path.unlink()
    (found,) = verify_folder(tmp_path / "out")
    assert (found.problems, found.differences) == ([], [])
