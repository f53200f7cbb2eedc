"""Targets: status and pace against the shipped registers, and unit rules at their bounds."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from circle15.errors import InputError
from circle15.pipeline.study.later_tables import read_actual
from circle15.policy.registers import read_registers
from circle15.policy.rules import check_rules, unit_type
from circle15.policy.targets import assess, measured_norms

REGISTERS = read_registers()


def actual(*rows):
    return pd.DataFrame([(*row, "made") for row in rows], columns=["indicator_id", "year", "value", "source"])


def row_of(table, indicator, **where):
    found = table[table["indicator_id"] == indicator]
    for column, value in where.items():
        found = found[found[column] == value]
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(("value", "status", "pace"), [(4.5, "behind", 0.5), (5.5, "met", 0.0), (6.0, "met", 0.0)])
def test_a_stock_is_met_at_its_target_and_else_misses_so_much_a_year(value, status, pace):
    row = row_of(
        assess(REGISTERS, "jiangbei", 2027, actual(("nursery_seats_per_1000", 2025, value))), "nursery_seats_per_1000"
    )
    assert row["status"] == status
    assert row["pace_needed"] == pytest.approx(pace)
    assert row["pace_from"] == "actual"


def test_without_an_actual_value_there_is_no_status_and_the_pace_is_the_plans_own():
    row = row_of(assess(REGISTERS, "jiangbei", 2027), "nursery_seats_per_1000")
    assert row["status"] == "no data"
    assert row["pace_needed"] == pytest.approx((5.5 - 4.04) / 5)
    assert row["pace_from"] == "base"


def test_the_latest_actual_value_counts():
    found = assess(
        REGISTERS,
        "jiangbei",
        2027,
        actual(("nursery_seats_per_1000", 2025, 5.0), ("nursery_seats_per_1000", 2023, 9.0)),
    )
    assert row_of(found, "nursery_seats_per_1000")["actual"] == 5.0


def test_a_value_in_one_unit_is_not_held_against_the_target_in_another():
    reported = actual(("affordable_rental_units", 2025, 11_000)).assign(unit_zh="套", kind="annual")
    found = assess(REGISTERS, "jiangbei", 2025, reported)
    assert row_of(found, "affordable_rental_units", unit="套")["actual"] == 11_000
    assert row_of(found, "affordable_rental_units", unit="万套(间)")["status"] == "no data"
    unsaid = assess(REGISTERS, "jiangbei", 2025, actual(("affordable_rental_units", 2025, 11_000)))
    assert set(unsaid.query("indicator_id == 'affordable_rental_units'")["status"]) == {"no data"}


def bureau(folder, text, place="jiangbei"):
    (folder / "today.csv").write_text(text, encoding="utf-8")
    config = SimpleNamespace(policy=SimpleNamespace(place=place), headings={}, resolve=lambda name: folder / name)
    return read_actual(SimpleNamespace(config=config, policy=SimpleNamespace(registers=REGISTERS)), "today.csv")


def test_todays_value_of_an_indicator_in_two_units_says_which(tmp_path):
    heading = "indicator_id,year,value"
    with pytest.raises(InputError, match=r"unit_zh 套, kind annual; unit_zh 万套.间., kind cumulative"):
        bureau(tmp_path, f"{heading}\naffordable_rental_units,2025,11000\n")
    with pytest.raises(InputError, match="say in unit_zh and kind which"):
        bureau(tmp_path, f"{heading},unit_zh\naffordable_rental_units,2025,11000,间\n")
    said = bureau(tmp_path, f"{heading},unit_zh\naffordable_rental_units,2025,1.1,万套(间)\n")
    assert said[["unit_zh", "kind"]].to_numpy().tolist() == [["万套(间)", "cumulative"]]
    only = bureau(tmp_path, f"{heading}\nnursery_seats_per_1000,2025,5\n")
    assert only[["unit_zh", "kind"]].to_numpy().tolist() == [["个", "stock"]]


def test_an_annual_flow_needs_its_own_target_every_year_although_it_is_called_cumulative():
    row = row_of(assess(REGISTERS, "jiangbei", 2027), "job_training_persons")
    assert row["kind"] == "annual"
    assert row["pace_needed"] == 1
    assert "annual-not-cumulative" in row["warnings"].en


def test_a_series_that_a_register_calls_cumulative_and_that_falls_is_annual():
    targets = REGISTERS.targets.copy()
    targets.loc[targets["kind"] == "annual", "kind"] = "cumulative"
    edited = dataclasses.replace(REGISTERS, targets=targets)
    assert row_of(assess(edited, "jiangbei", 2025), "affordable_rental_units", unit="套")["kind"] == "annual"


def test_a_target_where_less_is_better_is_met_below_it():
    for value, status in ((0.2, "met"), (0.25, "met"), (0.3, "behind")):
        found = assess(REGISTERS, "jiangbei", 2027, actual(("school_conditions_cv", 2026, value)))
        assert row_of(found, "school_conditions_cv")["status"] == status


def test_more_than_90_is_not_met_by_90():
    for value, status in ((90.0, "behind"), (90.1, "met")):
        found = assess(REGISTERS, "ningbo", 2024, actual(("property_service_coverage", 2024, value)))
        assert row_of(found, "property_service_coverage")["status"] == status


def test_a_range_is_met_between_its_bounds():
    for value, status in ((0, "behind"), (1, "met"), (2, "met"), (3, "above")):
        found = assess(REGISTERS, "yuhuan", 2025, actual(("model_childcare_units_provincial", 2025, value)))
        row = row_of(found, "model_childcare_units_provincial")
        assert (row["target"], row["target_upper"], row["status"]) == (1, 2, status)


def test_one_year_against_a_sum_of_years_gets_no_status():
    found = assess(REGISTERS, "wuxing", 2025, actual(("job_training_persons", 2024, 9.0)))
    row = row_of(found, "job_training_persons", year=2025)
    assert row["status"] == "no data"
    assert np.isnan(row["pace_needed"])
    assert "base-against-sum" in row["warnings"].en


def test_warnings_come_in_both_languages():
    row = row_of(assess(REGISTERS, "jiangbei", 2027), "inclusive_kindergarten_enrol_share")
    assert "meeting it is no improvement" in row["warnings"].en


def test_when_the_target_year_is_past_no_pace_is_left():
    found = assess(REGISTERS, "jiangbei", 2027, actual(("nursery_seats_per_1000", 2027, 5.0)))
    row = row_of(found, "nursery_seats_per_1000")
    assert row["status"] == "behind"
    assert np.isnan(row["pace_needed"])


def test_a_runs_supply_over_its_people_becomes_the_plans_own_indicator():
    supply = {"nursery": (1100.0, "托位"), "sport": (5e5, "㎡"), "dementia_care": (9.0, "张")}
    found = measured_norms(
        REGISTERS, "jiangbei", 2026, {**supply, "sport": (5e5, "张")}, {"all": 200_000.0}, source="run"
    )
    assert found["indicator_id"].tolist() == ["nursery_seats_per_1000"]
    found = measured_norms(REGISTERS, "jiangbei", 2026, supply, {"all": 200_000.0}, source="run")
    assert found["value"].tolist() == [5.5, 2.5]
    row = row_of(assess(REGISTERS, "jiangbei", 2027, found), "nursery_seats_per_1000")
    assert row["status"] == "met"


def test_a_supply_whose_unit_is_not_known_is_held_against_no_indicator():
    found = measured_norms(REGISTERS, "jiangbei", 2026, {"sport": (5e5, None)}, {"all": 200_000.0}, source="run")
    assert found.empty


def test_every_place_and_year_can_be_assessed_and_every_indicator_has_a_row():
    for place in REGISTERS.places():
        rows = REGISTERS.targets[(REGISTERS.targets["place_id"] == place) & ~REGISTERS.targets["is_base"]]
        dated = set(rows.loc[rows["year"].notna(), "indicator_id"])
        assert set(assess(REGISTERS, place, 2025)["indicator_id"]) == dated


TOWNS = pd.DataFrame(
    {
        "unit_id": ["city", "t1", "t2", "t3", "t4"],
        "unit_name": ["宁波", "甲街道", "乙镇", "丙乡", "丁街道"],
        "level": ["county", "town", "town", "town", "town"],
        "resident_population": [200_000, 49_999, 50_000, 50_001, np.nan],
    }
)


def kindergartens(counts, quality="公办"):
    rows = [("kindergarten", quality, "city", town, "") for town, n in counts.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["layer", "quality", "county", "town", "community"])


def rule_rows(found, service, required):
    return found[(found["service_id"] == service) & (found["required"] == required)]


def test_two_public_kindergartens_are_due_from_50000_residents_on():
    found = check_rules(
        REGISTERS, "ningbo", TOWNS, kindergartens(dict.fromkeys(["t1", "t2", "t3", "t4"], 1)), layers=["kindergarten"]
    )
    rows = rule_rows(found, "kindergarten", 2).set_index("unit_id")
    assert rows["status"].to_dict() == {"t1": "does not apply", "t2": "behind", "t3": "behind", "t4": "no data"}
    np.testing.assert_array_equal(rows["shortfall"], [np.nan, 1, 1, np.nan])
    met = check_rules(REGISTERS, "ningbo", TOWNS, kindergartens({"t2": 2, "t3": 3}), layers=["kindergarten"])
    assert rule_rows(met, "kindergarten", 2).set_index("unit_id")["status"][["t2", "t3"]].tolist() == ["met", "met"]


def test_a_rule_for_public_kindergartens_does_not_count_private_ones():
    mixed = pd.concat([kindergartens({"t2": 1}), kindergartens({"t2": 5}, quality="民办")])
    rows = rule_rows(check_rules(REGISTERS, "ningbo", TOWNS, mixed, layers=["kindergarten"]), "kindergarten", 2)
    assert rows.set_index("unit_id").loc["t2", ["kind_required", "found", "shortfall"]].tolist() == ["公办", 1.0, 1.0]


def test_without_any_quality_text_a_rule_for_one_kind_has_no_data():
    found = check_rules(REGISTERS, "ningbo", TOWNS, kindergartens({"t2": 5}, quality=None), layers=["kindergarten"])
    row = rule_rows(found, "kindergarten", 2).iloc[0]
    assert (row["status"], row["unit_id"]) == ("no data", "")
    assert "name the column with [headings] ownership" in row["reason"].en


@pytest.mark.parametrize("denied", ["非公办", "民办", "民办、非普惠"])
def test_a_kindergarten_that_is_said_not_to_be_public_is_not_counted(denied):
    mixed = pd.concat([kindergartens({"t2": 1}), kindergartens({"t2": 5}, quality=denied)])
    rows = rule_rows(check_rules(REGISTERS, "ningbo", TOWNS, mixed, layers=["kindergarten"]), "kindergarten", 2)
    assert rows.set_index("unit_id").loc["t2", "found"] == 1


def test_a_column_of_another_kind_alone_does_not_say_who_is_public():
    mixed = pd.concat([kindergartens({"t2": 1}, quality="普惠"), kindergartens({"t2": 5}, quality="非普惠")])
    rows = rule_rows(check_rules(REGISTERS, "ningbo", TOWNS, mixed, layers=["kindergarten"]), "kindergarten", 2)
    assert rows["status"].tolist() == ["no data"]


def test_a_layer_without_facilities_is_behind_and_a_missing_layer_has_no_data():
    none = kindergartens({})
    empty = check_rules(REGISTERS, "ningbo", TOWNS, none, layers=["kindergarten"])
    assert rule_rows(empty, "kindergarten", 2).set_index("unit_id").loc["t3", "shortfall"] == 2
    missing = check_rules(REGISTERS, "ningbo", TOWNS, none, layers=[])
    assert rule_rows(missing, "kindergarten", 2)["status"].tolist() == ["no data"]


def test_full_coverage_without_a_number_is_counted_only_when_a_number_is_chosen():
    meals = pd.DataFrame(
        [("elderly_meals", "", "x", "t1", "c1")], columns=["layer", "quality", "county", "town", "community"]
    )
    units = pd.DataFrame(
        {
            "unit_id": ["c1", "c2"],
            "unit_name": ["一社区", "二村"],
            "level": "community",
            "resident_population": [900.0, 800.0],
        }
    )
    uncounted = check_rules(REGISTERS, "jiangbei", units, meals, layers=["elderly_meals"])
    assert uncounted.query("service_id == 'elderly_meals'")["status"].tolist() == ["not counted"]
    counted = check_rules(REGISTERS, "jiangbei", units, meals, layers=["elderly_meals"], full_coverage_k=1)
    assert counted.query("service_id == 'elderly_meals'")["status"].tolist() == ["met", "behind"]


def test_a_rule_that_counts_staff_or_has_no_unit_is_not_counted():
    units = TOWNS.assign(level="community")
    found = check_rules(REGISTERS, "jiangbei", units, kindergartens({}), layers=["parenting_guidance"])
    assert found.query("service_id == 'parenting_guidance'")["status"].tolist() == ["not counted"]
    found = check_rules(REGISTERS, "yuhuan", units, kindergartens({}), layers=["primary_care", "village_clinic"])
    assert set(found.query("service_id in ['primary_care', 'village_clinic']")["status"]) == {"not counted"}


def test_rules_on_town_types_read_the_type_from_the_name():
    assert [unit_type(n) for n in ("甲街道", "乙镇", "丙乡", "丁社区")] == ["街道", "镇", "乡", None]
    homes = pd.DataFrame(
        [("disabled_home", "规范化", "x", "t1", "")], columns=["layer", "quality", "county", "town", "community"]
    )
    found = check_rules(REGISTERS, "ningbo", TOWNS, homes, layers=["disabled_home"])
    everywhere = found[(found["service_id"] == "disabled_home") & (found["condition"] == "unit_type in [镇, 街道]")]
    assert everywhere.set_index("unit_id")["status"].to_dict() == {
        "t1": "met", "t2": "behind", "t3": "does not apply", "t4": "behind",
    }  # fmt: skip
    large = found[found["condition"].str.startswith("unit_type in [乡]")].set_index("unit_id")["status"]
    assert large["t3"] == "behind"


def test_above_a_range_the_pace_leads_down_to_its_upper_bound():
    found = assess(REGISTERS, "yuhuan", 2025, actual(("model_childcare_units_provincial", 2023, 3)))
    row = row_of(found, "model_childcare_units_provincial")
    assert (row["status"], row["target_upper"]) == ("above", 2)
    assert row["pace_needed"] == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("rows", "row", "says"),
    [
        ("nursery_seats_per_1000,2025,5\nnursery_seats_per_1000,2025,6\n", 3, "has a value for this year in row 2"),
        ("nursery_seats_per_1000,2025,TRUE\n", 2, "is not a number"),
        ("nursery_seats_per_1000,2025,inf\n", 2, "is not a number"),
        ("nursery_seats_per_1000,2025,1,200\nelderly_care_beds,2025,5\n", 2, "has 4 cells"),
        ("nursery_seats_per_1000,2025\nelderly_care_beds,2025,5\nelderly_care_beds,2024,5\n", 2, "has 2 cells"),
    ],
)
def test_todays_values_are_taken_as_they_stand_or_named(tmp_path, rows, row, says):
    with pytest.raises(InputError) as caught:
        bureau(tmp_path, f"indicator_id,year,value\n{rows}")
    assert any(p.row == row and says in str(p) for p in caught.value.problems)
