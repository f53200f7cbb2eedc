"""The invented sample district, end to end: what Monaco's data cannot show."""

import filecmp
import runpy
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from circle15.config.model import load_config, parse_config
from circle15.measures.catchment import CATCHMENTS
from circle15.outputs.dictionary import entry
from circle15.pipeline import run_district
from circle15.pipeline.projects.gains import offer_of
from circle15.pipeline.projects.whereabouts import roads_near
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.levels import levels_of
from circle15.pipeline.tables.measured import measure_service
from circle15.pipeline.tables.policy_tables import plan_tables
from circle15.pipeline.tables.portrait_tables import _quality_flags
from tests.superlatives import check_report

STREETS = ["s1", "s2", "s3", "s4"]
COMMUNITIES = ["s1a", "s1b", "s2a", "s2b", "s3a", "s3b", "s4a", "s4b"]


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    return run_district(root / "data" / "sample" / "sample.toml", out=tmp_path_factory.mktemp("sample") / "out")


@pytest.fixture
def table(run):
    return lambda name: run.result.tables[name]


def test_the_committed_sample_is_what_its_script_makes(root, tmp_path):
    subprocess.run([sys.executable, root / "scripts" / "make_sample.py", tmp_path], check=True)
    made = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    _, differing, missing = filecmp.cmpfiles(tmp_path, root / "data" / "sample", made, shallow=False)
    assert (differing, missing) == ([], [])
    for name in ("README.md", "streets.osm", "units.geojson"):
        assert "invented" in (tmp_path / name).read_text(encoding="utf-8")


def test_the_tutorial_shows_what_a_run_of_the_sample_says(root, run, table):
    said = run.said().zh.splitlines()[:-1]  # all but the seconds
    coverage = table("coverage").set_index(["unit_id", "layer"])["covered_share"]
    said.append(f"{100 * coverage['s2', 'sport']:.1f}")
    best = table("ranking").query("layer == 'nursery'").iloc[0]
    for name in ("sample-district.md", "sample-district.zh.md"):
        tutorial = (root / "docs" / "tutorial" / name).read_text(encoding="utf-8")
        assert [line for line in said if line not in tutorial] == []
        assert f"{best['newly_covered_people']:.0f}" in tutorial
    assert len(said) == 6


def test_every_street_has_its_four_dimensions_and_nobody_asked_stays_empty(table):
    portrait = table("portrait").query("level == 'town'").set_index("unit_id")
    dimensions = portrait[["匹配度", "可及度", "饱和度", "满意度"]]
    assert dimensions.loc[STREETS[:3]].notna().all(axis=None)
    assert dimensions.loc["s4"].isna().tolist() == [False, False, False, True]
    filled = dimensions.to_numpy()[~np.isnan(dimensions.to_numpy())]
    assert ((filled >= 0) & (filled <= 100)).all()
    assert set(portrait["worst_dimension"]) <= {"匹配度", "可及度", "饱和度", "满意度"}


def test_people_are_the_official_totals_by_street_and_age(run, table):
    cells = run.result.cells.groupby("unit_id")
    np.testing.assert_allclose(cells["population"].sum(), [50_001, 50_000, 26_000, 9_200], atol=0.5)
    np.testing.assert_allclose(cells["age_60_plus"].sum(), [8_500, 14_000, 6_240, 3_312], atol=0.5)
    assert (table("raking")["after"] - table("raking")["total"]).abs().max() < 0.5
    assert "人口控制数.csv" in run.result.population_source


def test_street_gaps_sum_to_the_districts_in_places_not_people(run, table):
    gaps = table("gaps").query("layer == 'nursery'").set_index("unit_id")
    assert gaps.loc[STREETS, "gap"].sum() == pytest.approx(gaps.loc["sample", "gap"])
    assert gaps.loc["sample", "need"] == pytest.approx(135_201 * 4.4 / 1000, abs=0.01)
    assert set(gaps["gap_unit"]) == {"托位"}
    # Streets need by their children under three; by the plan's own count it is their residents.
    infants = run.result.cells.groupby("unit_id")["age_0_2"].sum()
    total = 135_201 * 4.4 / 1000
    np.testing.assert_allclose(gaps.loc[STREETS, "need"], total * infants[STREETS] / infants.sum(), atol=0.01)
    np.testing.assert_allclose(gaps["norm_need"], gaps["norm_people"] * 4.4 / 1000, atol=0.01)
    assert gaps.loc["sample", "norm_need"] == pytest.approx(gaps.loc["sample", "need"])
    # Every place can be used, so that what is missing is need less supply, and less than the gap.
    assert gaps.loc["sample", "places_missing"] == pytest.approx(total - gaps.loc["sample", "supply"], abs=0.01)
    assert gaps.loc[STREETS, "places_missing"].sum() == pytest.approx(gaps.loc["sample", "places_missing"])
    # Everybody reaches some nursery's catchment, so all places of the district are given out.
    assert gaps.loc["sample", "accessible_supply"] == pytest.approx(gaps.loc["sample", "supply"])


def test_the_road_that_a_place_is_near_does_not_depend_on_what_else_is_asked(root):
    # Many homes stand between two streets, equally near to both: a rounding would choose.
    study = read_study(load_config(root / "data" / "sample" / "sample.toml"), Clock())
    lon, lat = study.cells.lon, study.cells.lat
    together = roads_near(study, lon, lat)
    alone = [roads_near(study, lon[i : i + 1], lat[i : i + 1])[0] for i in range(len(lon))]
    assert [str(t) for t in together] == [str(a) for a in alone]
    assert sum(t != "" for t in together) > 300


def test_every_street_is_the_sum_of_its_communities(table):
    sums = table("communities").groupby(["parent_id", "layer"])[["people", "covered_people"]].sum()
    streets = table("coverage").set_index(["unit_id", "layer"]).loc[sums.index, ["people", "covered_people"]]
    np.testing.assert_allclose(sums, streets, rtol=1e-12)
    assert sorted(table("communities")["unit_id"].unique()) == sorted(COMMUNITIES)


def test_every_community_has_a_portrait_and_where_nobody_was_asked_no_satisfaction(table):
    portrait = table("portrait").query("level == 'community'").set_index("unit_id")
    assert portrait["parent_id"].to_dict() == {c: c[:2] for c in COMMUNITIES}
    assert portrait[["匹配度", "可及度"]].notna().all(axis=None)
    asked = ["s1a", "s1b", "s2a", "s2b", "s3a"]
    assert portrait.index[portrait["满意度"].notna()].tolist() == asked
    scores = table("satisfaction").set_index("unit_id")
    assert scores.loc["s1", "n"] == scores.loc[["s1a", "s1b"], "n"].sum() == 220
    assert scores.loc["s1", "raw"] == pytest.approx(100 * (4.1 - 1) / 4)
    assert scores["level"].iloc[-1] == "county"


def test_rules_on_communities_are_held_against_each(table):
    rules = table("unit_rules").query("level == 'community'")
    assert sorted(rules["unit_id"].unique()) == sorted(COMMUNITIES)
    assert set(rules["status"]) == {"met", "behind"}


def test_communities_change_nothing_of_the_streets(root, run, tmp_path):
    shutil.copytree(root / "data" / "sample", tmp_path, dirs_exist_ok=True)
    survey = pd.read_csv(tmp_path / "满意度调查.csv", encoding="utf-8-sig").drop(columns="社区")
    survey.to_csv(tmp_path / "满意度调查.csv", index=False)
    lines = (tmp_path / "sample.toml").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("communit"))
    (tmp_path / "sample.toml").write_text(f'{text}\n[outputs]\nwrite = ["cells", "coverage"]\n', encoding="utf-8")
    alone = run_district(tmp_path / "sample.toml", out=tmp_path / "out").result
    assert "communities" not in alone.tables
    assert not alone.cells.duplicated(["cell", "unit_id"]).any()
    causes = [c for c in run.result.cells if c.endswith("_cause")]
    pd.testing.assert_frame_equal(run.result.cells.drop(columns=causes), alone.cells, rtol=1e-9)
    towns = run.result.tables["portrait"].query("level == 'town'")
    pd.testing.assert_frame_equal(towns, alone.tables["portrait"], rtol=1e-9)


def test_tables_in_gbk_and_web_map_coordinates_land_where_the_script_put_them(root, table):
    script = runpy.run_path(str(root / "scripts" / "make_sample.py"))
    facilities = table("facilities").set_index("name")
    placed = [row for name in ("NURSERIES", "CANTEENS", "SPORTS", "KINDERGARTENS") for row in script[name]]
    assert len(placed) == len(facilities)
    for name, column, row, *_ in placed:
        lon, lat = script["place"](column, row)
        found = facilities.loc[name]
        assert np.hypot((found["lon"] - lon) / script["LON_M"], (found["lat"] - lat) / script["LAT_M"]) < 1


def test_the_plan_gives_thresholds_norms_groups_and_speeds(run, table):
    layers = {layer.id: layer for layer in run.result.layers}
    assert (layers["nursery"].threshold_min, layers["nursery"].norm_per_1000) == (15, 4.4)
    assert (layers["nursery"].group, layers["nursery"].profile) == ("age_0_2", "child")
    assert (layers["sport"].threshold_min, layers["sport"].norm_per_1000) == (10, pytest.approx(3100))
    assert (layers["elderly_meals"].profile, layers["elderly_meals"].norm_per_1000) == ("elderly", 20)
    taken = table("policy").set_index(["layer", "key"])["source"]
    assert "七优享" in taken["nursery", "norm_per_1000"]


def test_fifty_thousand_residents_need_two_public_kindergartens_and_fewer_do_not(table):
    rules = table("unit_rules").query("condition == 'resident_population >= 50000'").set_index("unit_id")
    assert rules["status"].to_dict() == {"s1": "met", "s2": "behind", "s3": "does not apply", "s4": "does not apply"}
    assert rules.loc["s2", "shortfall"] == 1


def test_a_district_without_streets_is_no_street_in_rules_for_each_street(root):
    text = (root / "data" / "sample" / "sample.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    raw["district"] = {k: v for k, v in raw["district"].items() if not k.startswith("unit")}
    del raw["population"]["totals"]
    study = read_study(parse_config(raw, root / "data" / "sample" / "alone.toml"), Clock())
    rules = plan_tables(study, [measure_service(one, study) for one in study.config.layers], levels_of(study))
    towns = rules["unit_rules"].query("level == 'town' and service_id == 'kindergarten'")
    assert set(towns["status"]) == {"no data"}
    assert {reason.zh for reason in towns["reason"]} == {"没有该级街道（村社）"}


def test_the_runs_own_nursery_places_are_held_against_the_plan(table):
    row = table("targets").set_index("indicator_id").loc["nursery_seats_per_1000"]
    assert (row["service"], row["document"]) == ("托育服务机构", "2024年宁波市公共服务“七优享”工程工作要点")
    assert row["actual"] == pytest.approx(455 / 135_201 * 1000, abs=1e-3)
    assert row["status"] == "behind"
    assert "no data" in set(table("targets")["status"])


def test_people_beyond_the_border_compete_for_the_places_of_the_district(root, run, tmp_path):
    shutil.copytree(root / "data" / "sample", tmp_path, dirs_exist_ok=True)
    # 100 infants 150 m east of the border; the totals raise the district's infants, and so these, by one ratio.
    lon, lat = runpy.run_path(str(root / "scripts" / "make_sample.py"))["place"](25.5, 8)
    with (tmp_path / "人口.csv").open("a", encoding="utf-8", newline="") as file:
        file.write(f"{lon:.6f},{lat:.6f},3000,100,120,500\r\n")
    with (tmp_path / "sample.toml").open("a", encoding="utf-8") as file:
        file.write('\n[outputs]\nwrite = ["cells", "coverage"]\n')
    study = read_study(load_config(tmp_path / "sample.toml"), Clock())
    nursery = measure_service(study.config.layers[0], study)
    infants = study.people.groups["age_0_2"].sum() / study.people.source_sums["age_0_2"] * 100
    assert study.around.groups["age_0_2"].sum() == pytest.approx(infants)
    everybody = nursery.demand
    access = CATCHMENTS["two_step"](
        everybody.times, supply=nursery.supply, demand=everybody.people, decay=nursery.layer.decay
    )
    # Conservation holds over all who compete, not over the district alone.
    assert (everybody.people * access).sum() == pytest.approx(nursery.supply.sum(), rel=1e-9)
    assert (nursery.people * nursery.access).sum() < nursery.supply.sum() - 1
    # A new nursery's places are shared with them too: the same candidates, with and without the people beyond.
    places = study.linked_cells(nursery.layer.profile)
    ten = np.full(len(places), 10.0)
    shared = offer_of(study, nursery, places, ten).rate
    alone = offer_of(replace(study, around=None), nursery, places, ten).rate
    assert (shared <= alone + 1e-12)[alone > 0].all()
    assert (shared < alone - 1e-6).any()
    # They stand in a facility's circle as they do in its access, and have the same claim to missing places.
    assert nursery.people_beyond.max() == pytest.approx(infants)
    alone_within = run.result.tables["facilities"].query("layer == 'nursery'")["people_within"].to_numpy()
    np.testing.assert_allclose(nursery.people_within - nursery.people_beyond, alone_within, rtol=1e-9)
    reached = np.bincount(everybody.times.destination, minlength=len(nursery.rows)) > 0
    served = nursery.wanted.sum() - nursery.supply[reached].sum()
    beyond = nursery.wanted[len(nursery.people) :].sum()
    assert served - beyond < nursery.places_missing.sum() < served
    assert nursery.places_missing.sum() > run.result.cells["nursery_places_missing"].sum() + 1
    before = run.result.cells["nursery_access"].to_numpy()
    assert (nursery.access <= before + 1e-12).all()
    assert not any("区外居民未计入供需分配" in w.zh for w in study.warnings)
    assert any("区外居民未计入供需分配" in w for w in run.result.warnings)


def test_use_as_counted_and_load_as_modelled_stand_side_by_side(run, table):
    facilities = table("facilities").set_index("name")
    full = facilities.loc["示例东桥托育中心"]
    assert (full["used_ratio"], full["saturation_class"]) == (pytest.approx(131 / 120), "overloaded")
    assert facilities.loc["示例新桥托育点", "saturation_class"] == "idle"
    # Whose children reach no nursery goes to none; the need of everybody else is shared out.
    children = run.result.cells["age_0_2"]
    reaching = children[run.result.cells["nursery_count"] > 0].sum() / children.sum()
    load = facilities.query("layer == 'nursery'")["modelled_load"].sum()
    assert load == pytest.approx(reaching * run.result.cells["population"].sum() * 4.4 / 1000, rel=1e-6)


def test_theil_of_every_service_is_its_part_between_and_within_streets(table):
    whole = table("equity").query("unit_id == 'sample'")
    np.testing.assert_allclose(whole["theil"], whole["theil_between"] + whole["theil_within"], rtol=1e-9)


def test_the_river_parts_east_from_west(run):
    # Two places 300 m apart across the river, midway between the bridges, are a long walk from each other.
    assert run.result.warnings
    cells = run.result.cells
    assert cells["nursery_seconds"].max() > 900


def test_a_bridge_midway_brings_people_into_reach_and_takes_nobody_out(root, run, tmp_path):
    scenario = load_config(root / "data" / "sample" / "bridge.toml")
    outputs = scenario.outputs.model_copy(update={"write": ("cells", "coverage")})
    bridged = run_district(scenario.model_copy(update={"outputs": outputs}), out=tmp_path / "bridge").result
    before, after = (r.tables["communities"].set_index(["unit_id", "layer"]) for r in (run.result, bridged))
    gained = after["covered_people"] - before["covered_people"]
    assert (gained > -1e-9).all()
    assert gained.max() > 100
    # A cell in the river, where nobody lives, now stands on the bridge itself.
    lived_in = run.result.cells["population"] > 0
    for layer in bridged.layers:
        was, now = (r.cells.loc[lived_in, f"{layer.id}_seconds"].fillna(np.inf) for r in (run.result, bridged))
        assert (now <= was + 0.002).all()


def test_every_table_and_column_is_in_the_data_dictionary(run):
    ids = tuple(layer.id for layer in run.result.layers)
    missing = [(n, c) for n, t in run.result.tables.items() for c in t.columns if entry(n, str(c), ids) is None]
    missing += [("cells", c) for c in run.result.cells.columns if entry("cells", str(c), ids) is None]
    assert missing == []


def test_another_place_changes_only_what_its_documents_say(root, run, tmp_path):
    text = (root / "data" / "sample" / "sample.toml").read_text(encoding="utf-8").replace("ningbo", "yuhuan")
    shutil.copytree(root / "data" / "sample", tmp_path, dirs_exist_ok=True)
    (tmp_path / "sample.toml").write_text(text, encoding="utf-8")
    other = run_district(load_config(tmp_path / "sample.toml"), out=tmp_path / "out").result
    norms = {layer.id: layer.norm_per_1000 for layer in other.layers}
    assert (norms["nursery"], norms["sport"]) == (4.5, pytest.approx(2900))
    before, after = run.result.tables["coverage"], other.tables["coverage"]
    pd.testing.assert_frame_equal(before, after)


def test_a_facility_that_says_nothing_of_its_quality_is_in_neither_part_of_the_share():
    facilities = pd.DataFrame({"quality": [np.nan] * 4, "ownership": ["公办", "民办非普惠", "", "普惠性民办"]})
    np.testing.assert_array_equal(_quality_flags(facilities), [1, 0, np.nan, 1])
    stated = facilities.assign(quality=[1, np.nan, 0, np.nan])
    np.testing.assert_array_equal(_quality_flags(stated), [1, np.nan, 0, np.nan])


def test_every_superlative_of_the_report_is_so_in_the_tables(run):
    check_report((run.folder / "report.html").read_text(encoding="utf-8"), run.result)
