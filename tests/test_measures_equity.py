"""Equity on hand-computed cases, its identities, and its invariance to how people are cut into cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.measures.equity import concentration, equity, gini, lorenz, palma, palma_state, theil


def test_equal_shares_have_gini_0_theil_0_and_palma_a_quarter():
    values, people = np.full(10, 3.0), np.arange(1.0, 11.0)
    assert gini(values, people) == pytest.approx(0, abs=1e-15)
    assert theil(values, people).total == pytest.approx(0, abs=1e-15)
    assert palma(values, people) == pytest.approx(0.25)


@pytest.mark.parametrize("n", [2, 5, 100])
def test_one_holder_of_n_has_gini_1_minus_1_over_n_and_theil_ln_n(n):
    values = np.zeros(n)
    values[n // 2] = 7.0
    assert gini(values, np.ones(n)) == pytest.approx(1 - 1 / n, rel=1e-12)
    assert theil(values, np.ones(n)).total == pytest.approx(np.log(n), rel=1e-12)


def test_gini_of_one_two_and_three_equals_the_hand_worked_two_ninths():
    # Mean difference: (1 + 1 + 2) * 2 / 9 = 8/9; over twice the mean of 2.
    assert gini([1, 2, 3], [1, 1, 1]) == pytest.approx(2 / 9, rel=1e-14)


def test_gini_weighs_people_not_cells():
    # 3 people have 1 and 1 person has 5: |5 - 1| * 3 * 1 * 2 / 16 / (2 * 2) = 0.375.
    assert gini([1, 5], [3, 1]) == pytest.approx(0.375, rel=1e-14)


def test_palma_divides_the_top_tenth_by_the_bottom_four_tenths():
    # Ten people with 1..10: 10 / (1 + 2 + 3 + 4).
    assert palma(np.arange(1.0, 11.0), np.ones(10)) == pytest.approx(1.0, rel=1e-14)


def test_palma_is_undefined_where_the_bottom_has_nothing():
    assert np.isnan(palma([0.0, 0.0, 1.0], [1, 1, 1]))


def test_theil_of_one_and_three_equals_the_hand_worked_value_and_splits_between_and_within():
    expected = 0.5 * (0.5 * np.log(0.5) + 1.5 * np.log(1.5))
    assert theil([1.0, 3.0], [1, 1]).total == pytest.approx(expected, rel=1e-14)
    apart = theil([1.0, 3.0], [1, 1], [0, 1], 2)
    assert (apart.between, apart.within) == (pytest.approx(expected), pytest.approx(0, abs=1e-15))


def test_concentration_is_positive_where_the_old_have_more_and_equals_gini_over_its_own_order():
    values, people = np.array([1.0, 2.0, 3.0]), np.ones(3)
    assert concentration(values, people, [0.1, 0.2, 0.3]) == pytest.approx(2 / 9, rel=1e-14)
    assert concentration(values, people, [0.3, 0.2, 0.1]) == pytest.approx(-2 / 9, rel=1e-14)
    assert concentration(values, people, [0.2, 0.2, 0.2]) == pytest.approx(0, abs=1e-15)
    assert concentration(values, people, values) == pytest.approx(gini(values, people), rel=1e-14)


def test_concentration_leaves_out_cells_without_a_rank():
    assert concentration([1.0, 3.0, 99.0], [1, 1, 1], [1.0, 2.0, np.nan]) == pytest.approx(0.25, rel=1e-14)


SHARES = st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50), st.integers(0, 2)), min_size=1, max_size=30)


@given(SHARES)
@settings(max_examples=200)
def test_theil_total_is_between_plus_within_and_gini_lies_between_0_and_1(cells):
    values, people, unit = (np.array(c, dtype=float) for c in zip(*cells, strict=True))
    values = np.where(values < 1e-6, 0.0, values)
    found = theil(values, people, unit.astype(int), 3)
    if np.isnan(found.total):
        assert (values * people).sum() == 0
        return
    assert found.total == pytest.approx(found.between + found.within, abs=1e-9)
    assert 0 <= gini(values, people) <= 1


@given(SHARES)
def test_cutting_a_cell_in_two_and_reordering_cells_change_nothing(cells):
    values, people, _ = (np.array(c, dtype=float) for c in zip(*cells, strict=True))
    values = np.where(values < 1e-6, 0.0, values)
    order = np.random.default_rng(0).permutation(2 * len(values))
    twice, halves = np.tile(values, 2)[order], np.tile(people / 2, 2)[order]
    for measure in (gini, palma):
        np.testing.assert_allclose(measure(twice, halves), measure(values, people), rtol=1e-9, atol=1e-12)


def test_gini_equals_the_mean_absolute_difference_on_random_cells():
    rng = np.random.default_rng(4)
    values, people = rng.random(60) * 9, rng.integers(0, 300, 60).astype(float)
    pairs = np.abs(values[:, None] - values[None, :]) * people[:, None] * people[None, :]
    expected = pairs.sum() / (2 * people.sum() ** 2 * np.average(values, weights=people))
    assert gini(values, people) == pytest.approx(expected, rel=1e-12)


def test_the_lorenz_curve_runs_from_nothing_to_everything():
    curve = lorenz([1, 3], [1, 1])
    np.testing.assert_allclose(curve.people_share, [0, 0.5, 1])
    np.testing.assert_allclose(curve.value_share, [0, 0.25, 1])
    assert lorenz([0.0], [5.0]) is None
    assert lorenz([], []) is None


def test_measures_by_unit_are_those_of_the_units_cells_and_empty_units_have_none():
    values, people, unit = [1.0, 3.0, 5.0, 5.0], [1, 1, 2, 2], [0, 0, 1, 1]
    found = equity(values, people, unit, 3, rank_by=[0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(found.gini, [0.25, 0, np.nan, gini(values, people)])
    np.testing.assert_allclose(found.mean, [2, 5, np.nan, 4])
    assert found.theil[-1] == pytest.approx(found.theil_between + found.theil_within)
    assert np.isnan(found.palma[2])
    assert found.concentration[0] == pytest.approx(0.25)


def test_negative_values_and_differing_lengths_are_refused():
    with pytest.raises(ValueError, match=r"values\[1\] = -2.0"):
        gini([1, -2], [1, 1])
    with pytest.raises(ValueError, match="differ in length"):
        gini([1, 2], [1])


def test_palma_says_whether_the_bottom_has_nothing_nobody_has_anything_or_nobody_is_there():
    assert palma_state([0.0, 0.0, 1.0], [1, 1, 1]) == "none_at_bottom"
    assert palma_state([0.0, 0.0], [1, 1]) == "none_at_all"
    assert palma_state([1.0], [0]) == "nobody"
    assert palma_state([1.0, 2.0], [1, 1]) == ""
    found = equity([1.0, 2.0, 0.0, 0.0, 9.0], [1, 1, 1, 1, 1], [0, 0, 1, 1, 1], 3)
    assert found.palma_state == ("", "none_at_bottom", "nobody", "none_at_bottom")
    np.testing.assert_array_equal(np.isnan(found.palma), [state != "" for state in found.palma_state])
