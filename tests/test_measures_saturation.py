"""Saturation on hand-worked cases."""

import numpy as np
import pytest

from circle15.measures.decay import power
from circle15.measures.saturation import (
    huff_shares,
    modelled_load,
    saturation_classes,
    saturation_score,
    unit_classes,
    unit_saturation,
    used_ratio,
)
from circle15.reach.times import times_from_dense

NAN = np.nan
TIMES = times_from_dense([[100.0, 200.0], [NAN, 400.0], [NAN, NAN]], 900.0)


def test_a_facility_without_use_or_capacity_has_no_ratio():
    np.testing.assert_array_equal(used_ratio([30, NAN, 5, 5], [60, 60, NAN, 0]), [0.5, NAN, NAN, NAN])


def test_units_sum_use_and_capacity_of_their_own_facilities_that_state_both():
    found = unit_saturation([30, 90, NAN, 10, 70], [60, 60, 50, 20, 70], [0, 0, 0, 1, -1], 3)
    np.testing.assert_array_equal(found.ratio, [1.0, 0.5, NAN, 130 / 140])
    np.testing.assert_array_equal(found.n_facilities, [2, 1, 0, 3])
    np.testing.assert_array_equal(found.used, [120, 10, 0, 130])


def test_huff_shares_follow_size_over_time_and_sum_to_one():
    # 60 / 100 against 40 / 200 is 3 to 1.
    shares = huff_shares(TIMES, attraction=[60, 40], decay=power(1.0))
    np.testing.assert_allclose(shares, [0.75, 0.25, 1.0], rtol=1e-15)


def test_the_modelled_load_sums_to_the_need_of_those_who_reach_anything():
    load = modelled_load(TIMES, need=[8.0, 4.0, 100.0], attraction=[60, 40], decay=power(1.0))
    np.testing.assert_allclose(load, [6.0, 6.0])


def test_a_cell_that_reaches_only_facilities_without_size_goes_nowhere():
    np.testing.assert_array_equal(huff_shares(TIMES, attraction=[0, 0]), [0, 0, 0])


def test_bounds_of_the_normal_class_are_normal():
    classes = saturation_classes([0.59, 0.6, 1.0, 1.01, NAN])
    assert classes.tolist() == ["idle", "normal", "normal", "overloaded", ""]


def test_empty_and_overfull_both_score_lower_than_well_used():
    np.testing.assert_allclose(saturation_score([0, 0.3, 0.6, 1.0, 2.0, NAN]), [0, 50, 100, 100, 50, NAN])


def test_an_empty_and_an_overfull_facility_are_not_normal_together():
    # 0 of 50 and 90 of 50 are 90 % of 100 places; half of the places are in use, and 40 people have none.
    found = unit_saturation([0, 90], [50, 50], [0, 0], 1)
    assert found.ratio[0] == 0.9
    assert (found.n_idle[0], found.n_overloaded[0]) == (1, 1)
    assert (found.free[0], found.excess[0]) == (50, 40)
    assert (found.in_use[0], found.overuse[0]) == (0.5, 0.4)
    assert found.score[0] == pytest.approx((0 + 100 / 1.8) / 2)
    assert unit_classes(found).tolist() == ["mixed", "mixed"]


def test_free_places_and_users_in_excess_make_up_the_difference_of_places_and_users():
    rng = np.random.default_rng(8)
    used, places, unit = rng.integers(0, 90, 60), rng.integers(1, 60, 60), rng.integers(-1, 4, 60)
    found = unit_saturation(used, places, unit, 4)
    np.testing.assert_allclose(found.capacity - found.free + found.excess, found.used)
    assert (found.n_idle + found.n_overloaded <= found.n_facilities).all()
    assert ((found.in_use >= 0) & (found.in_use <= 1)).all()


def test_units_of_one_kind_are_called_as_their_sums_are():
    found = unit_saturation([10, 20, 70, 55], [50, 50, 60, 60], [0, 0, 1, 2], 4)
    assert unit_classes(found).tolist() == ["idle", "overloaded", "normal", "", "mixed"]
