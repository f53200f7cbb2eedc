"""Ranking by missing places, against full re-evaluation of every choice."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from circle15.measures.flow import fair_shares
from circle15.planning.place_ranking import places_filled_in_order, rank_by_places, shortage_of
from circle15.reach.times import times_from_dense

NAN = np.nan


def missing(dense, supply, need, n_inside):
    shares = fair_shares(times_from_dense(dense, 900.0), supply=supply, need=need)
    return float((need * (1 - shares))[:n_inside].sum())


def task(dense, supply, need, reach, n_inside=None):
    """Give the shortage and each candidate's circle, from who of all reaches what."""
    need = np.asarray(need, dtype=float)
    n_inside = len(need) if n_inside is None else n_inside
    shortage, rows = shortage_of(
        times_from_dense(dense, 900.0), supply=np.asarray(supply, dtype=float), need=need, n_inside=n_inside
    )
    return shortage, csr_array(np.asarray(reach, dtype=np.int8)[:, rows])


def town(seed, n_cells=9):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n_cells, 3)) < 0.4, 300.0, NAN)
    reach = rng.random((6, n_cells)) < 0.35
    return (
        dense, rng.integers(0, 9, 3).astype(float), rng.integers(0, 7, n_cells).astype(float), reach,
        rng.integers(1, 9, 6).astype(float),
    )  # fmt: skip


def built(dense, supply, reach, capacity, chosen):
    columns = [np.where(reach[c], 1.0, NAN)[:, None] for c in chosen]
    return np.hstack([dense, *columns]), np.append(supply, capacity[list(chosen)])


def test_a_new_place_beside_those_who_have_enough_helps_others_by_what_they_leave():
    # Cell 0 has taken the 4 places that cell 1 needs; the candidate reaches only cell 0.
    shortage, circles = task([[1.0], [1.0]], [4.0], [4.0, 4.0], [[True, False]])
    chosen, filled = rank_by_places(shortage, circles, np.array([3.0]))
    assert (chosen.tolist(), filled.tolist()) == ([0], [3.0])


def test_who_has_enough_is_helped_by_nothing_and_no_candidate_is_listed():
    shortage, circles = task([[1.0]], [9.0], [4.0], [[True]])
    assert rank_by_places(shortage, circles, np.array([5.0]))[0].tolist() == []


def test_of_two_that_fill_alike_the_one_among_those_who_lack_more_comes_first():
    shortage, circles = task(np.full((2, 1), NAN), [0.0], [5.0, 50.0], [[True, False], [False, True]])
    chosen, filled = rank_by_places(shortage, circles, np.array([5.0, 5.0]))
    assert (chosen.tolist(), filled.tolist()) == ([1, 0], [5.0, 5.0])


def test_people_beyond_the_border_take_their_part_of_a_new_facility():
    shortage, circles = task(np.full((2, 1), NAN), [0.0], [6.0, 6.0], [[True, True]], n_inside=1)
    assert rank_by_places(shortage, circles, np.array([6.0]))[1].tolist() == [3.0]


@pytest.mark.parametrize("seed", range(25))
def test_every_choice_is_the_best_of_all_and_adds_what_it_says(seed):
    dense, supply, need, reach, capacity = town(seed)
    shortage, circles = task(dense, supply, need, reach)
    chosen, filled = rank_by_places(shortage, circles, capacity, top=6)
    now, before = [], missing(dense, supply, need, len(need))
    for candidate, gain in zip(chosen.tolist(), filled.tolist(), strict=True):
        after = {
            c: missing(*built(dense, supply, reach, capacity, [*now, c]), need, len(need))
            for c in range(6)
            if c not in now
        }
        assert before - after[candidate] == pytest.approx(gain, abs=1e-5)
        assert after[candidate] == pytest.approx(min(after.values()), abs=1e-5)
        now, before = [*now, candidate], after[candidate]
    for c in set(range(6)) - set(now):  # those that are not listed add nothing
        assert missing(*built(dense, supply, reach, capacity, [*now, c]), need, len(need)) == pytest.approx(before)


@pytest.mark.parametrize("seed", range(10))
def test_greedy_fills_at_least_63_percent_of_the_best_pair(seed):
    dense, supply, need, reach, capacity = town(seed)
    shortage, circles = task(dense, supply, need, reach)
    filled = rank_by_places(shortage, circles, capacity, top=2)[1].sum()
    before = missing(dense, supply, need, len(need))
    best = max(
        before - missing(*built(dense, supply, reach, capacity, pair), need, len(need))
        for pair in combinations(range(6), 2)
    )
    assert filled >= (1 - 1 / np.e) * best - 1e-6


@pytest.mark.parametrize("seed", range(15))
def test_a_list_is_counted_in_its_order_with_neighbours_competing(seed):
    dense, supply, need, reach, capacity = town(seed)
    shortage, circles = task(dense, supply, need, reach, n_inside=6)
    filled = places_filled_in_order(shortage, circles, capacity)
    before = missing(dense, supply, need, 6)
    for n in range(6):
        after = missing(*built(dense, supply, reach, capacity, range(n + 1)), need, 6)
        assert filled[n] == pytest.approx(before - after, abs=1e-5)
        before = after


def test_budget_and_cost_choose_what_the_money_reaches():
    shortage, circles = task(np.full((3, 1), NAN), [0.0], [6.0, 5.0, 1.0], np.eye(3))
    cost = np.array([6.0, 2.0, 1.0])
    assert rank_by_places(shortage, circles, np.full(3, 6.0), cost=cost)[0].tolist() == [1, 0, 2]
    assert rank_by_places(shortage, circles, np.full(3, 6.0), cost=cost, budget=4.0)[0].tolist() == [1, 2]
