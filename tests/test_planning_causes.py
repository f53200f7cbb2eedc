import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.planning.causes import FULL, UNCOVERED_CAUSES, detour_ratio, find_causes


def cause_of(**given_values):
    usual = {
        "covered": False, "inhabited": True, "on_network": True, "cut_off": False, "straight_m": 500.0, "straight_linked_m": 500.0,
        "adult_makes_it": False, "detour": 1.3, "short_of_supply": False,
    }  # fmt: skip
    values = {name: np.array([value]) for name, value in {**usual, **given_values}.items()}
    return find_causes(radius_m=810.0, **values)[0]


def test_a_cell_that_is_on_no_street_is_off_the_network():
    assert cause_of(on_network=False) == "off_network"


def test_a_cell_whose_only_near_facility_is_on_no_street_is_off_the_network_too():
    assert cause_of(straight_m=200.0, straight_linked_m=2000.0) == "off_network"


def test_nothing_within_the_circle_straight_ahead_is_none_near():
    assert cause_of(straight_m=900.0, straight_linked_m=900.0) == "none_near"
    assert cause_of(straight_m=np.inf, straight_linked_m=np.inf, detour=np.nan) == "none_near"


def test_within_the_circle_straight_ahead_but_not_on_foot_is_a_barrier():
    assert cause_of(detour=4.0) == "barrier"
    assert cause_of(detour=np.nan) == "barrier"
    assert cause_of(straight_m=810.0, straight_linked_m=810.0) == "barrier"


def test_streets_from_which_none_leads_to_a_near_facility_are_cut_off():
    assert cause_of(cut_off=True, detour=np.nan) == "cut_off"
    assert cause_of(cut_off=True, detour=np.nan, straight_m=900.0, straight_linked_m=900.0) == "none_near"
    assert cause_of(cut_off=True, detour=np.nan, on_network=False) == "off_network"


def test_where_an_adult_would_make_it_the_walker_is_too_slow():
    assert cause_of(adult_makes_it=True) == "too_slow"
    assert cause_of(adult_makes_it=True, straight_m=900.0, straight_linked_m=900.0) == "too_slow"


def test_a_long_way_round_is_a_barrier_even_where_an_adult_would_make_it():
    assert cause_of(adult_makes_it=True, detour=1.5) == "barrier"


def test_a_covered_cell_is_full_only_where_supply_is_short():
    assert cause_of(covered=True) == ""
    assert cause_of(covered=True, short_of_supply=True) == "full"


def test_a_cell_without_people_has_no_cause():
    assert cause_of(inhabited=False) == ""
    assert cause_of(inhabited=False, covered=True, short_of_supply=True) == ""


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[st.booleans()] * 6, *[st.sampled_from([100.0, 810.0, 811.0, np.inf])] * 2,
                          st.sampled_from([np.nan, 1.0, 1.5, 9.0])), min_size=1, max_size=30))  # fmt: skip
def test_the_causes_partition_the_uncovered_people(cells):
    covered, inhabited, on_network, cut_off, adult, short, straight, linked, detour = (
        np.array(c) for c in zip(*cells, strict=True)
    )
    cause = find_causes(
        covered=covered, inhabited=inhabited, on_network=on_network, cut_off=cut_off,
        straight_m=np.minimum(straight, linked), straight_linked_m=linked, radius_m=810.0, adult_makes_it=adult, detour=detour, short_of_supply=short,
    )  # fmt: skip
    lacks = ~covered & inhabited
    assert np.isin(cause[lacks], UNCOVERED_CAUSES).all()
    assert np.isin(cause[~lacks], ["", FULL]).all()
    people = np.arange(1.0, len(cells) + 1)
    assert sum(people[cause == c].sum() for c in UNCOVERED_CAUSES) == people[lacks].sum()


def test_the_detour_is_the_walk_over_the_straight_line():
    found = detour_ratio(np.array([1500.0, np.nan, 20.0, 30.0]), np.array([500.0, 500.0, 0.0, np.inf]))
    np.testing.assert_array_equal(found, [3.0, np.nan, np.nan, np.nan])
