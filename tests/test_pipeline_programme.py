"""A district's programme: from its config to tables, scenarios and words."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import circle15
from circle15.cli import main
from circle15.config.model import parse_config
from circle15.errors import Circle15Error
from circle15.pipeline import layer_named, rank_district

pytestmark = pytest.mark.filterwarnings("ignore:(Unknown|Conditional Formatting) extension is not supported")
PROJECTS = """名称,服务,经度,纬度,造价(万元),容量,最早年份,已立项
甲,托育,120.5043,29.5137,90,30,,
乙,老年食堂,120.5146,29.5139,70,60,,
丙,托育、老年食堂,120.5097,29.5119,"180、120","60、80",,
丁,托育,120.5225,29.5022,130,60,2026,是
"""


@pytest.fixture
def configured(root, tmp_path):
    """Give what makes a config of the sample with a programme, of two services."""

    def config(projects=PROJECTS, planning=None, base=None, **programme):
        folder = root / "data" / "sample"
        raw = tomllib.loads((folder / "sample.toml").read_text(encoding="utf-8"))
        raw["layer"] = raw["layer"][:2]
        table = tmp_path / "projects.csv"
        table.write_text(projects, encoding="utf-8")
        raw["planning"] = {"crs": "wgs84", **(planning or {})}
        raw["programme"] = {"years": [2025, 2026], "candidates": str(table), **programme}
        return parse_config(raw | (base or {}), folder / "sample.toml")

    return config


@pytest.fixture(scope="module")
def sample(root, tmp_path_factory):
    """Give the sample's own programme, as the command writes it."""
    out = tmp_path_factory.mktemp("programme")
    ran = CliRunner().invoke(main, ["programme", str(root / "data/sample/programme.toml"), "--out", str(out), "-q"])
    assert ran.exit_code == 0, ran.output
    return out


@pytest.mark.parametrize("year", [2025, 2027])
def test_a_year_run_as_a_scenario_gives_exactly_the_promised_people_and_places(sample, tmp_path, year):
    promised = pd.read_csv(sample / "programme_units.csv").query("year == @year")
    run = circle15.run_district(sample / f"programme-{year}.toml", out=tmp_path / "out")
    found = run.result.tables.coverage.merge(run.result.tables.gaps, on=["unit_id", "layer"], suffixes=("", "_gaps"))
    both = promised.merge(found, on=["unit_id", "layer"], suffixes=("", "_run"))
    assert len(both) == len(promised)
    assert both["covered_people"].tolist() == pytest.approx(both["covered_people_run"].tolist(), abs=1e-3)
    known = both["places_missing"].notna()
    assert both.loc[known, "places_missing"].tolist() == pytest.approx(
        both.loc[known, "places_missing_run"].tolist(), abs=1e-3
    )
    assert both["supply"].tolist() == pytest.approx(both["supply_run"].tolist(), nan_ok=True)


def test_the_projects_newly_covered_people_sum_to_the_districts(sample):
    projects, units = pd.read_csv(sample / "programme.csv"), pd.read_csv(sample / "programme_units.csv")
    of_district = units.query("unit_id == 'sample'").set_index(["year", "layer"])["newly_covered_people"]
    for (year, layer), people in of_district.items():
        own = projects[(projects["year"] <= year) & (projects["layer"] == layer)]["newly_covered_people"].sum()
        assert own == pytest.approx(people, abs=1e-2)


def test_no_year_spends_more_than_it_has_and_every_decided_project_is_built_in_its_year(sample):
    money, projects = pd.read_csv(sample / "programme_years.csv"), pd.read_csv(sample / "programme.csv")
    assert (money["spent"] <= money["budget"]).all()
    assert money["spent"].sum() == pytest.approx(projects["cost"].sum())
    assert projects.query("is_decided == 1")[["name", "year"]].to_numpy().tolist() == [["新桥小区配建", 2025]]


def test_the_workbook_has_every_table_under_its_chinese_name(sample):
    sheets = pd.read_excel(sample / "programme.xlsx", sheet_name=None, header=None, engine="openpyxl")
    assert list(sheets)[:2] == ["说明", "年度计划"]
    assert {"计划结论", "计划目标", "计划资金", "计划分街道", "逐点择优次序", "列说明"} <= set(sheets)
    assert "已证明没有更好的方案" in sheets["说明"][1].tolist()


def test_a_building_for_two_services_is_built_once_and_its_parts_sum_to_its_cost(configured):
    p = circle15.programme(configured(budget=1000))
    own = p.table.query("name == '丙'")
    assert sorted(own["layer"]) == ["elderly_meals", "nursery"]
    assert len(set(own["year"])) == 1
    assert len(set(own["order"])) == 1
    assert own["cost"].sum() == 300
    assert p.table.query("name == '丁'")["year"].tolist() == [2026]
    assert p.status == "optimal"
    assert p.gap == 0
    assert p.unmet.empty


def test_one_cost_for_two_services_is_shared_in_the_table_and_paid_once(configured):
    projects = PROJECTS.replace('"180、120"', "300")
    p = circle15.programme(configured(projects, budget=300, years=[2026]))
    assert p.tables["programme_years"]["spent"].sum() <= 300
    only = configured(projects.replace("丁", "戊").replace("2026,是", ","), budget=300, years=[2026])
    own = circle15.programme(only).table.query("name == '丙'")
    assert own["cost"].tolist() in ([150, 150], [])


def test_money_by_service_needs_a_cost_for_each(configured):
    with pytest.raises(Circle15Error, match="its cost is stated for each"):
        circle15.programme(configured(PROJECTS.replace('"180、120"', "300"), budget={"nursery": 9, "elderly_meals": 9}))
    with pytest.raises(Circle15Error, match="no money for elderly_meals"):
        circle15.programme(configured(budget={"nursery": 300}))
    p = circle15.programme(configured(budget={"nursery": [0, 130], "elderly_meals": 70}))
    assert set(p.table["name"]) == {"乙", "丁"}


def test_goals_that_no_money_buys_are_told_with_the_places_that_would(configured):
    goals = [{"layer": "nursery", "places_per_1000": 5.5}]
    p = circle15.programme(configured(budget=1000, goals=goals))
    assert p.status == "goals not met"
    lacking = p.unmet["lacking"].iloc[0]
    assert f"再增 {int(np.ceil(lacking))} 托位" in p.unmet["would_meet"].iloc[0]
    assert "至少" in p.unmet["would_meet"].iloc[0]


def test_the_least_money_is_told_by_year_and_is_just_enough(configured):
    goals = [{"layer": "nursery", "year": 2025, "unit": "竹溪乡", "covered_share": 0.5}]
    none = configured(budget=[100, 130], goals=goals, projects_per_year=2)
    p = circle15.programme(none)
    today = p.tables["programme_goals"]["today"].iloc[0]
    assert p.status == "optimal" or today < 0.5
    short = configured(budget=[1, 130], goals=goals)
    told = circle15.programme(short)
    if told.status == "goals not met":
        more = float(told.tables["programme_years"]["more_needed"].sum())
        enough = circle15.programme(configured(budget=[1 + more, 130], goals=goals))
        assert enough.status == "optimal"
        assert circle15.programme(configured(budget=[more, 130], goals=goals)).status == "goals not met"


def test_decided_projects_beyond_the_money_are_built_and_what_they_lack_is_told(configured):
    p = circle15.programme(configured(budget=100))
    assert p.table.query("name == '丁'")["year"].tolist() == [2026]
    assert any("已定项目比预算多 30 万元" in sentence for sentence in p.proof)


def test_a_what_ifs_export_enters_as_candidates_or_as_decided(configured, tmp_path):
    scenario = tmp_path / "whatif.toml"
    scenario.write_text(
        'base = "x.toml"\n[[change]]\nkind = "add_facility"\nlayer = "nursery"\nname = "新点"\nlon = 120.504\n'
        "lat = 29.513\ncapacity = 40\ncost = 50\n",
        encoding="utf-8",
    )
    p = circle15.programme(configured(budget=200, decided=str(scenario)))
    assert p.table.query("name == '新点'")["is_decided"].tolist() == [True]
    p = circle15.programme(configured(budget=60, candidates=str(scenario)))
    assert set(p.table["name"]) <= {"新点"}
    scenario.write_text('[[change]]\nkind = "close_facility"\nid = "nursery-1"\n', encoding="utf-8")
    with pytest.raises(Circle15Error, match="changes today's state"):
        circle15.programme(configured(budget=60, candidates=str(scenario)))


def test_what_cannot_be_built_is_named_with_the_reason(configured):
    projects = (
        PROJECTS
        + "远处,托育,120.9,29.9,50,30,,\n无价,托育,120.504,29.512,,30,,\n太晚,托育,120.505,29.512,50,30,2030,\n"
    )
    p = circle15.programme(configured(projects, budget=500))
    told = "\n".join(p.warnings)
    assert "没有可步行的街道" in told
    assert "远处" in told
    assert "没有写明造价，未纳入：无价" in told
    assert "2026 年之后才能建，未纳入：太晚" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"goals": [{"layer": "nursery", "unit": "东街", "covered_share": 0.5}]}, "there is no unit '东街'"),
        ({"goals": [{"layer": "nursery", "covered_share": 0.5, "places_per_1000": 3.0}]}, "a goal asks one of"),
        ({"goals": [{"layer": "nursery", "year": 2030, "covered_share": 0.5}]}, "2030 is none of the programme's"),
        ({"budget": [1.0]}, "one number for each of the 2 years"),
        ({"years": [2026, 2025]}, "years ascend"),
    ],
)
def test_what_is_wrong_with_a_programme_is_told(configured, change, message):
    with pytest.raises(Circle15Error, match=message):
        circle15.programme(configured(**change))


def test_a_config_without_a_programme_says_so(root):
    ran = CliRunner().invoke(main, ["programme", str(root / "data/sample/sample.toml")])
    assert ran.exit_code == 2
    assert "[programme]" in ran.output


def test_a_parcel_that_is_free_for_any_service_holds_one(configured):
    projects = "名称,经度,纬度,造价,容量\n空地,120.5043,29.5137,90,\n"
    p = circle15.programme(configured(projects, planning={"new_capacity": {"nursery": 30, "elderly_meals": 40}}))
    assert len(p.table) <= 1


def test_a_plans_goals_are_taken_from_the_registers(configured):
    p = circle15.programme(configured(budget=500, goals=["policy"]))
    goals = p.tables["programme_goals"]
    assert "places_per_1000" in set(goals["goal_kind"])
    assert not goals["source"].eq("配置").all()


def test_a_service_without_candidates_of_its_own_is_ranked_by_cells_and_that_is_said(configured):
    only = "名称,服务,经度,纬度\n甲,托育,120.5043,29.5137\n"
    config = configured(only)
    planning = config.planning.model_copy(update={"candidates": config.programme.candidates})
    found = rank_district(config.model_copy(update={"planning": planning}), top=2)
    assert set(found.table["layer"]) == {"nursery", "elderly_meals"}
    assert any("老年食堂：备选地块表中没有该服务的地块" in w.zh for w in found.warnings)
    assert found.table.query("layer == 'nursery'")["name"].tolist() == ["甲"]


def test_a_layer_is_known_by_its_name_and_a_wrong_one_lists_both(configured):
    config = configured()
    assert layer_named(config, "托育") == layer_named(config, "nursery") == "nursery"
    assert layer_named(config, None) is None
    with pytest.raises(Circle15Error, match=r"nursery \(托育\)"):
        layer_named(config, "托儿")


def test_rank_and_site_write_a_workbook_in_the_runs_language_beside_the_csv(root, tmp_path):
    config, out = str(root / "data/sample/programme.toml"), str(tmp_path)
    ran = CliRunner().invoke(main, ["rank", config, "--layer", "托育", "--top", "2", "--out", out, "-q"])
    assert ran.exit_code == 0, ran.output
    book = pd.read_excel(tmp_path / "ranking.xlsx", sheet_name=None, engine="openpyxl")
    assert list(book) == ["说明", "建议点位", "列说明"]
    assert len(book["建议点位"]) == len(pd.read_csv(tmp_path / "ranking.csv"))
    ran = CliRunner().invoke(main, ["site", config, "--layer", "托育", "--p", "1", "--out", out, "-q"])
    assert ran.exit_code == 0, ran.output
    assert "优化选址" in pd.read_excel(tmp_path / "siting.xlsx", sheet_name=None, engine="openpyxl")


def test_check_tells_what_is_wrong_with_the_table_of_projects(root, tmp_path):
    (tmp_path / "projects.csv").write_text(PROJECTS.replace("90,30", "免费,30").replace("2026,是", "不久,是"), "utf-8")
    config = tmp_path / "programme.toml"
    config.write_text(
        f'base = "{root / "data/sample/sample.toml"}"\n[planning]\ncrs = "wgs84"\n[programme]\nyears = [2026]\n'
        f'candidates = "{tmp_path / "projects.csv"}"\n',
        "utf-8",
    )
    ran = CliRunner().invoke(main, ["check", str(config)])
    assert ran.exit_code == 2
    for where in ("造价(万元)", "免费", "最早年份", "不久"):
        assert where in ran.output


def test_services_that_are_ranked_by_cells_hold_in_the_draws_too(configured):
    only = "名称,服务,经度,纬度\n甲,托育,120.5043,29.5137\n"
    config = configured(only, base={"certainty": {"draws": 3}})
    planning = config.planning.model_copy(update={"candidates": config.programme.candidates})
    found = rank_district(config.model_copy(update={"planning": planning}), top=2)
    assert found.table["chosen_share"].between(0, 1).all()
