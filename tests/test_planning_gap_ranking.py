import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from circle15.measures.catchment import two_step_fca
from circle15.measures.gaps import cell_gaps
from circle15.planning.gap_ranking import Offer, filled_in_order, places_per_person, rank_by_gap
from circle15.reach.times import times_from_dense


def offer_of(dense, people, capacity):
    pairs = csr_array(np.asarray(dense, dtype=float))
    within = pairs @ np.asarray(people, dtype=float)
    return Offer(pairs, np.asarray(people, dtype=float), places_per_person(np.asarray(capacity, dtype=float), within))


def test_a_facility_closes_at_most_its_capacity_and_at_most_the_gap_in_its_circle():
    offer = offer_of([[1, 1, 0], [1, 1, 0]], [100, 100, 100], [3.0, 50.0])
    assert offer.fill_alone(np.array([4.0, 4.0, 9.0])).tolist() == [3.0, 8.0]


def test_places_go_to_everyone_in_the_circle_so_those_who_have_enough_take_their_share():
    offer = offer_of([[1, 1]], [100, 300], [8.0])
    assert offer.fill_alone(np.array([5.0, 0.0])).tolist() == [2.0]


def test_a_second_facility_closes_only_what_the_first_left_open():
    offer = offer_of([[1, 0], [1, 0], [0, 1]], [10, 10], [6.0, 6.0, 1.0])
    chosen, filled = rank_by_gap(offer, np.array([8.0, 8.0]))
    assert chosen.tolist() == [0, 1, 2]
    assert filled.tolist() == [6, 2, 1]


def test_a_candidate_in_nobodys_reach_is_not_listed():
    chosen, filled = rank_by_gap(offer_of([[0, 0], [0, 1]], [10, 10], [5.0, 5.0]), np.array([1.0, 1.0]))
    assert (chosen.tolist(), filled.tolist()) == ([1], [1.0])


def test_per_cost_and_budget_choose_what_the_money_reaches():
    offer = offer_of(np.eye(3), [10, 10, 10], [6.0, 6.0, 6.0])
    gap, cost = np.array([6.0, 5.0, 1.0]), np.array([6.0, 2.0, 1.0])
    assert rank_by_gap(offer, gap, cost=cost)[0].tolist() == [1, 0, 2]
    assert rank_by_gap(offer, gap, cost=cost, budget=4.0)[0].tolist() == [1, 2]


def test_costs_count_the_same_in_any_currency():
    offer, gap = offer_of(np.eye(2), [10, 10], [6.0, 6.0]), np.array([1.0, 1.4])
    for currency in (1.0, 1e4, 1e8):
        assert rank_by_gap(offer, gap, cost=np.full(2, 300.0) * currency)[0].tolist() == [1, 0]


@st.composite
def districts(draw):
    n_cells, n_candidates = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    number = st.integers(0, 9)
    dense = np.array(draw(st.lists(st.booleans(), min_size=n_cells * n_candidates, max_size=n_cells * n_candidates)))
    people = np.array(draw(st.lists(number, min_size=n_cells, max_size=n_cells)), dtype=float)
    gap = np.array(draw(st.lists(number, min_size=n_cells, max_size=n_cells)), dtype=float)
    capacity = np.array(draw(st.lists(number, min_size=n_candidates, max_size=n_candidates)), dtype=float)
    return dense.reshape(n_candidates, n_cells), people, gap, capacity


@settings(max_examples=150, deadline=None)
@given(districts(), st.integers(1, 4))
def test_lazy_greedy_equals_full_evaluation(district, top):
    dense, people, gap, capacity = district
    offer = offer_of(dense, people, capacity)
    chosen, filled = rank_by_gap(offer, gap, top=top)
    open_gap, expected = gap.copy(), []
    for _ in range(top):
        gains = [
            -1.0
            if j in [c for c, _ in expected]
            else float(np.minimum(open_gap, dense[j] * people * offer.rate[j]).sum())
            for j in range(len(dense))
        ]
        best = int(np.argmax(np.round(gains, 6)))
        if round(gains[best], 6) <= 0:
            break
        expected.append((best, gains[best]))
        open_gap -= np.minimum(open_gap, dense[best] * people * offer.rate[best])
    assert chosen.tolist() == [c for c, _ in expected]
    np.testing.assert_allclose(filled, [g for _, g in expected])
    np.testing.assert_allclose(filled_in_order(offer_of(dense[chosen], people, capacity[chosen]), gap), filled)


@settings(max_examples=100, deadline=None)
@given(districts(), st.integers(0, 5))
def test_the_promised_amount_is_what_the_runs_own_gaps_lose_when_it_is_built(district, which):
    dense, people, _, capacity = district
    new = which % len(dense)
    old = [j for j in range(len(dense)) if j != new]
    norm_people, norm = people + 1.0, 0.5

    def gaps(built):
        times = times_from_dense(np.where(dense[built].T, 60.0, np.nan).reshape(len(people), len(built)), 900.0)
        access = two_step_fca(times, supply=capacity[built], demand=people)
        return cell_gaps(access, people, norm_people, norm)

    before, after = gaps(old), gaps([*old, new])
    promised = offer_of(dense[[new]], people, capacity[[new]]).fill_alone(before)[0]
    np.testing.assert_allclose(before.sum() - after.sum(), promised, atol=1e-9)
