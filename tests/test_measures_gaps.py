"""Gaps in physical units on hand-worked cases."""

import numpy as np
import pytest

from circle15.measures.gaps import cell_gaps, cell_need, unit_gaps, usable_supply


def test_a_nursery_gap_counts_residents_for_the_need_and_children_for_the_supply():
    # 1,000 residents at 5.5 places per 1,000 need 5.5 places; their 20 children reach 0.2 places each, 4 in all.
    np.testing.assert_allclose(cell_gaps([0.2], [20.0], [1000.0], 5.5 / 1000), [1.5])


def test_a_cell_with_more_than_its_need_has_no_gap_and_fills_no_other():
    np.testing.assert_allclose(cell_gaps([1.0, 0.0], [100.0, 100.0], [100.0, 100.0], 0.5), [0.0, 50.0])


def test_residents_without_anybody_of_the_demand_group_lack_their_whole_need():
    np.testing.assert_allclose(cell_gaps([0.0], [0.0], [200.0], 0.005), [1.0])


def test_unit_gaps_sum_to_the_districts_and_match_is_the_filled_share_of_the_need():
    found = unit_gaps(
        access=[0.2, 0.0, 1.0],
        people=[10.0, 20.0, 30.0],
        norm_people=[100.0, 200.0, 300.0],
        norm_per_person=0.05,
        unit=[0, 0, 1],
        n_units=2,
        facility_supply=[7.0, 40.0, 5.0],
        facility_unit=[0, 1, -1],
    )
    np.testing.assert_allclose(found.need, [15.0, 15.0, 30.0])
    np.testing.assert_allclose(found.gap, [3.0 + 10.0, 0.0, 13.0])
    np.testing.assert_allclose(found.supply, [7.0, 40.0, 47.0])
    np.testing.assert_allclose(found.accessible_supply, [2.0, 30.0, 32.0])
    np.testing.assert_allclose(found.norm_people, [300.0, 300.0, 600.0])
    np.testing.assert_allclose(found.match, [1 - 13 / 15, 1.0, 1 - 13 / 30])


def test_match_is_the_need_weighted_mean_of_min_1_access_over_norm():
    rng = np.random.default_rng(5)
    access, people = rng.random(50) / 100, rng.integers(1, 90, 50).astype(float)
    found = unit_gaps(
        access=access, people=people, norm_people=people, norm_per_person=0.005, unit=np.zeros(50, int), n_units=1,
        facility_supply=[], facility_unit=[],
    )  # fmt: skip
    assert found.match[0] == pytest.approx(np.average(np.minimum(1, access / 0.005), weights=people), rel=1e-12)


def test_a_unit_where_nobody_lives_has_no_match_at_all():
    found = unit_gaps(
        access=[0.1], people=[5.0], norm_people=[5.0], norm_per_person=0.1, unit=[0], n_units=2,
        facility_supply=[1.0], facility_unit=[0],
    )  # fmt: skip
    assert np.isnan(found.match[1])
    assert found.gap[1] == 0


def test_a_norm_of_zero_is_refused():
    with pytest.raises(ValueError, match="a norm is above 0"):
        cell_gaps([0.0], [1.0], [1.0], 0.0)


def test_a_layer_without_any_capacity_is_count_only_and_missing_ones_are_named():
    supply, missing = usable_supply([np.nan, np.nan])
    assert supply is None
    assert missing.all()
    assert usable_supply([])[0] is not None
    supply, missing = usable_supply([30.0, np.nan, 0.0])
    np.testing.assert_array_equal(supply, [30.0, 0.0, 0.0])
    np.testing.assert_array_equal(missing, [False, True, False])


def test_need_follows_those_who_take_the_places_and_the_whole_keeps_the_norms_total():
    # 2,000 residents at 5.5 per 1,000 need 11 places; all 100 children live in one of two cells at one spot.
    people, residents = np.array([100.0, 0.0]), np.array([1000.0, 1000.0])
    need = cell_need(people, residents, 5.5 / 1000)
    np.testing.assert_allclose(need, [11.0, 0.0])
    assert cell_gaps([0.11, 0.11], people, residents, 5.5 / 1000).sum() == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(3)
    people, residents = rng.random(50), rng.random(50) * 9
    assert cell_need(people, residents, 0.01).sum() == pytest.approx(0.01 * residents.sum(), rel=1e-12)


def test_needs_of_one_group_alone_are_the_norm_to_the_last_bit():
    people = np.random.default_rng(4).random(20) * 100
    np.testing.assert_array_equal(cell_need(people, people, 0.003), people * 0.003)


def test_a_unit_needs_what_its_own_users_need_whatever_its_residents_are():
    found = unit_gaps(
        access=[0.0, 0.0], people=[30.0, 10.0], norm_people=[1000.0, 3000.0], norm_per_person=0.01, unit=[0, 1],
        n_units=2, facility_supply=[], facility_unit=[],
    )  # fmt: skip
    np.testing.assert_allclose(found.need, [30.0, 10.0, 40.0])
    np.testing.assert_allclose(found.norm_people, [1000.0, 3000.0, 4000.0])


@pytest.mark.parametrize(("n_stated", "is_usable"), [(1, False), (53, False), (54, True), (108, True)])
def test_capacities_are_supply_only_where_at_least_half_of_the_facilities_state_one(n_stated, is_usable):
    capacity = np.where(np.arange(108) < n_stated, 90.0, np.nan)
    supply, missing = usable_supply(capacity)
    assert (supply is not None) is is_usable
    assert missing.sum() == 108 - n_stated
    assert usable_supply(capacity, least_share=0.0)[0] is not None
    assert (usable_supply(capacity, least_share=1.0)[0] is not None) is (n_stated == 108)
