"""The invented sample district, end to end: what Monaco's data cannot show."""

import filecmp
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from circle15.config import load_config
from circle15.outputs.dictionary import entry
from circle15.pipeline import run_district

STREETS = ["s1", "s2", "s3", "s4"]


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    return run_district(root / "data" / "sample" / "sample.toml", out=tmp_path_factory.mktemp("sample") / "out")


@pytest.fixture
def table(run):
    return lambda name: run.result.tables[name]


def test_the_committed_sample_is_what_its_script_makes(root, tmp_path):
    subprocess.run([sys.executable, root / "scripts" / "make_sample.py", tmp_path], check=True)
    made = sorted(p.name for p in tmp_path.iterdir())
    _, differing, missing = filecmp.cmpfiles(tmp_path, root / "data" / "sample", made, shallow=False)
    assert (differing, missing) == ([], [])
    for name in ("README.md", "streets.osm", "units.geojson"):
        assert "invented" in (tmp_path / name).read_text(encoding="utf-8")


def test_every_street_has_its_four_dimensions_and_nobody_asked_stays_empty(table):
    portrait = table("portrait").set_index("unit_id")
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


def test_street_gaps_sum_to_the_districts_in_places_not_people(table):
    gaps = table("gaps").query("layer == 'nursery'").set_index("unit_id")
    assert gaps.loc[STREETS, "gap"].sum() == pytest.approx(gaps.loc["sample", "gap"])
    assert gaps.loc["sample", "need"] == pytest.approx(135_201 * 4.4 / 1000, abs=0.01)
    assert set(gaps["gap_unit"]) == {"托位"}
    # Everybody reaches some nursery's catchment, so all places of the district are given out.
    assert gaps.loc["sample", "accessible_supply"] == pytest.approx(gaps.loc["sample", "supply"])


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


def test_the_runs_own_nursery_places_are_held_against_the_plan(table):
    row = table("targets").set_index("indicator_id").loc["nursery_seats_per_1000"]
    assert row["actual"] == pytest.approx(455 / 135_201 * 1000, abs=1e-3)
    assert row["status"] == "behind"
    assert "no data" in set(table("targets")["status"])


def test_use_as_counted_and_load_as_modelled_stand_side_by_side(run, table):
    facilities = table("facilities").set_index("name")
    full = facilities.loc["示例东桥托育中心"]
    assert (full["used_ratio"], full["saturation_class"]) == (pytest.approx(131 / 120), "overloaded")
    assert facilities.loc["示例新桥托育点", "saturation_class"] == "idle"
    # Who reaches no nursery goes to none; everybody else's need is shared out.
    reaching = run.result.cells.query("nursery_count > 0")["population"].sum()
    load = facilities.query("layer == 'nursery'")["modelled_load"].sum()
    assert load == pytest.approx(reaching * 4.4 / 1000, rel=1e-6)


def test_theil_of_every_service_is_its_part_between_and_within_streets(table):
    whole = table("equity").query("unit_id == 'sample'")
    np.testing.assert_allclose(whole["theil"], whole["theil_between"] + whole["theil_within"], rtol=1e-9)


def test_the_river_parts_east_from_west(run):
    # Two places 300 m apart across the river, midway between the bridges, are a long walk from each other.
    assert run.result.warnings
    cells = run.result.cells
    assert cells["nursery_seconds"].max() > 900


def test_every_table_and_column_is_in_the_data_dictionary(run):
    ids = tuple(layer.id for layer in run.result.layers)
    missing = [(n, c) for n, t in run.result.tables.items() for c in t.columns if entry(n, str(c), ids) is None]
    missing += [("cells", c) for c in run.result.cells.columns if entry("cells", str(c), ids) is None]
    assert missing == []


def test_another_place_changes_only_what_its_documents_say(root, run, tmp_path):
    text = (root / "data" / "sample" / "sample.toml").read_text(encoding="utf-8").replace("ningbo", "yuhuan")
    for path in (root / "data" / "sample").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "sample.toml").write_text(text, encoding="utf-8")
    other = run_district(load_config(tmp_path / "sample.toml"), out=tmp_path / "out").result
    norms = {layer.id: layer.norm_per_1000 for layer in other.layers}
    assert (norms["nursery"], norms["sport"]) == (4.5, pytest.approx(2900))
    before, after = run.result.tables["coverage"], other.tables["coverage"]
    pd.testing.assert_frame_equal(before, after)
