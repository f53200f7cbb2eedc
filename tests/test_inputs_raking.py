"""Raking on cases small enough to check by hand, and the splits of age classes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.errors import InputError
from circle15.inputs.people.age_classes import parse_ages, split_classes
from circle15.inputs.people.raking import rake

UNITS = ["a", "b"]


def totals(*rows):
    return pd.DataFrame(rows, columns=["unit_id", "group", "people"])


def cells(**groups):
    return pd.DataFrame({k: np.array(v, dtype=float) for k, v in groups.items()})


def test_units_are_scaled_to_their_totals_and_cells_keep_their_shares():
    raked = rake(cells(all=[10, 30, 60]), [0, 0, 1], UNITS, totals(("a", "all", 80), ("b", "all", 30)))
    np.testing.assert_allclose(raked.groups["all"], [20, 60, 30])
    assert raked.table.to_numpy().tolist() == [["a", "all", 80, 40, 80], ["b", "all", 30, 60, 30]]


def test_a_group_and_everybody_are_met_together_and_the_group_stays_inside():
    before = cells(all=[100, 100, 100], age_60_plus=[50, 10, 20])
    wanted = totals(("a", "all", 150), ("a", "age_60_plus", 90), ("b", "all", 120), ("", "age_60_plus", 120))
    raked = rake(before, [0, 0, 1], UNITS, wanted)
    found = raked.groups.groupby([0, 0, 1]).sum()
    np.testing.assert_allclose(found["all"], [150, 120], atol=0.5)
    np.testing.assert_allclose(found["age_60_plus"], [90, 30], atol=0.5)
    assert (raked.groups["age_60_plus"] <= raked.groups["all"] + 1e-9).all()


def test_a_group_within_a_group_stays_within_it():
    before = cells(all=[100, 100], age_60_plus=[40, 20], age_65_plus=[30, 5])
    raked = rake(
        before,
        [0, 1],
        UNITS,
        totals(("a", "age_65_plus", 35), ("a", "age_60_plus", 42), ("b", "all", 90), ("a", "all", 100)),
    )
    np.testing.assert_allclose(raked.groups.loc[0], [100, 42, 35], atol=0.5)
    assert raked.groups.loc[1, "all"] == pytest.approx(90, abs=0.5)


def test_without_a_total_of_everybody_each_unit_keeps_as_many_as_it_has():
    raked = rake(cells(all=[60, 40, 50], age_60_plus=[20, 5, 10]), [0, 0, 1], UNITS, totals(("a", "age_60_plus", 40)))
    np.testing.assert_allclose(raked.groups["all"].groupby([0, 0, 1]).sum(), [100, 50], atol=0.5)
    assert raked.groups["age_60_plus"][:2].sum() == pytest.approx(40, abs=0.5)


def test_a_group_that_the_cells_do_not_have_begins_with_the_same_share_everywhere():
    raked = rake(cells(all=[60, 40, 100]), [0, 0, 1], UNITS, totals(("a", "age_0_2", 5), ("b", "age_0_2", 1)))
    np.testing.assert_allclose(raked.groups["age_0_2"], [3, 2, 1], atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 200), st.floats(0.05, 0.9), st.integers(0, 1)), min_size=4, max_size=12),
    st.data(),
)
def test_totals_of_a_real_table_are_met_to_half_a_person(rows, data):
    people, old_share, unit = (np.array(c) for c in zip(*rows, strict=True))
    unit[:2] = [0, 1]
    before = cells(all=people, age_60_plus=people * old_share)
    # Totals that some table satisfies: everybody and the old, scaled unit by unit.
    factor = np.array([data.draw(st.floats(0.5, 3)), data.draw(st.floats(0.5, 3))])
    truth = before.assign(all=people * factor[unit], age_60_plus=before["age_60_plus"] * factor[unit] * 0.9)
    sums = truth.groupby(unit).sum()
    wanted = totals(*[(UNITS[u], g, sums.loc[u, g]) for u in (0, 1) for g in ("all", "age_60_plus")])
    raked = rake(before, unit, UNITS, wanted)
    assert (raked.table["after"] - raked.table["total"]).abs().max() <= 0.5


def test_a_problem_names_the_row_of_the_file_and_not_of_the_rows_that_were_kept():
    far_down = totals(("a", "all", 3), ("z", "all", 3)).assign(row=[4, 9])
    with pytest.raises(InputError, match=r"totals\.csv, row 9, column 'unit_id', value 'z'"):
        rake(cells(all=[1, 1]), [0, 1], UNITS, far_down, file="totals.csv")


def test_a_total_for_a_unit_that_does_not_exist_is_named_with_its_row():
    with pytest.raises(
        InputError, match=r"totals.csv, row 3, column 'unit_id', value 'z': there is no such unit; known: a, b"
    ):
        rake(cells(all=[1, 1]), [0, 1], UNITS, totals(("a", "all", 3), ("z", "all", 3)), file="totals.csv")


def test_a_total_for_a_group_of_whom_the_cells_have_nobody_is_named():
    before = cells(all=[10, 10], age_0_2=[0, 1])
    with pytest.raises(InputError, match="asks for 3 people of group age_0_2 in a, where the cells have nobody"):
        rake(before, [0, 1], UNITS, totals(("a", "age_0_2", 3)))


def test_totals_that_contradict_each_other_are_named():
    wanted = totals(("a", "all", 10), ("b", "all", 10), ("", "all", 30))
    with pytest.raises(InputError, match="the totals contradict each other"):
        rake(cells(all=[10, 10]), [0, 1], UNITS, wanted)
    with pytest.raises(InputError, match="the totals contradict each other"):
        rake(cells(all=[10, 10], age_60_plus=[3, 3]), [0, 1], UNITS, totals(("a", "all", 10), ("a", "age_60_plus", 12)))


def test_totals_that_stand_twice_or_are_negative_are_named_together():
    with pytest.raises(InputError) as caught:
        rake(cells(all=[1, 1]), [0, 1], UNITS, totals(("a", "all", 3), ("a", "all", 4), ("b", "all", -1)))
    assert [(p.row, p.column) for p in caught.value.problems] == [(3, "group"), (4, "people")]


def test_groups_that_overlap_without_holding_each_other_are_refused():
    before = cells(all=[9, 9], age_0_4=[2, 2], age_3_5=[2, 2])
    with pytest.raises(InputError, match="overlap and neither holds the other"):
        rake(before, [0, 1], UNITS, totals(("a", "all", 9)))


WORLDPOP = {
    "0": [10.0],
    "1-4": [40.0],
    "5-9": [50.0],
    "10-14": [55.0],
    "15-59": [600.0],
    "60-64": [30.0],
    "65-69": [25.0],
    "70-79": [20.0],
    "80+": [8.0],
}


def test_infants_are_the_class_of_0_and_half_of_1_to_4_and_the_split_is_stated():
    people, splits = split_classes(WORLDPOP, "age_0_2")
    assert people == [30.0]
    assert splits == ("2/4 of 1-4",)


def test_classes_that_fit_a_group_are_summed_whole():
    people, splits = split_classes(WORLDPOP, "age_60_plus")
    assert people == [83.0]
    assert splits == ()
    people, splits = split_classes(WORLDPOP, "age_3_5")
    assert people == [30.0]
    assert splits == ("2/4 of 1-4", "1/5 of 5-9")


def test_an_open_class_is_never_split():
    with pytest.raises(ValueError, match="do not hold the ages 85"):
        split_classes(WORLDPOP, "age_85_plus")
    with pytest.raises(ValueError, match="do not hold the ages 70-84"):
        split_classes(WORLDPOP, "age_70_84")


def test_classes_with_a_gap_do_not_hold_a_group():
    with pytest.raises(ValueError, match="do not hold the ages 0-14"):
        split_classes({k: v for k, v in WORLDPOP.items() if k != "5-9"}, "age_0_14")


def test_names_without_ages_are_refused_with_examples():
    assert parse_ages("disabled") is None
    with pytest.raises(ValueError, match="disabled: name ages as 0, 1-4, 80"):
        split_classes(WORLDPOP, "disabled")
