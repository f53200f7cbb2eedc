from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from circle15.planning.ranking import covered_in_order, rank_candidates


def reach_of(rows, n_cells):
    dense = np.zeros((len(rows), n_cells), dtype=np.int8)
    for i, cells in enumerate(rows):
        dense[i, list(cells)] = 1
    return csr_array(dense)


@st.composite
def problems(draw, max_cells=8, max_candidates=7):
    n_cells, n_candidates = draw(st.integers(1, max_cells)), draw(st.integers(1, max_candidates))
    sets = [set(draw(st.lists(st.integers(0, n_cells - 1)))) for _ in range(n_candidates)]
    people = np.array(draw(st.lists(st.integers(0, 50), min_size=n_cells, max_size=n_cells)), dtype=float)
    return sets, people


def covered_by(sets, people, missing=1):
    counts = np.zeros(len(people), dtype=int)
    for cells in sets:
        counts[list(cells)] += 1
    return people[counts >= missing].sum()


def test_overlap_is_counted_once():
    reach = reach_of([{0, 1}, {1, 2}, {3}], 4)
    found = rank_candidates(reach, np.array([10.0, 5.0, 4.0, 1.0]))
    assert found.candidate.tolist() == [0, 1, 2]
    assert found.newly_covered_people.tolist() == [15, 4, 1]
    assert found.alone_covered_people.tolist() == [15, 9, 1]
    assert found.cumulative_people.tolist() == [15, 19, 20]


def test_a_candidate_that_covers_nobody_new_is_not_listed():
    found = rank_candidates(reach_of([{0}, {0}, set()], 1), np.array([3.0]))
    assert found.candidate.tolist() == [0]


def test_ties_go_to_the_first_candidate():
    assert rank_candidates(reach_of([{0}, {1}], 2), np.array([0.1 + 0.2, 0.3])).candidate.tolist() == [0, 1]


def test_people_who_lack_two_facilities_are_covered_by_the_second():
    reach = reach_of([{0, 1}, {0}], 2)
    found = rank_candidates(reach, np.array([8.0, 1.0]), missing=np.array([2, 1]))
    assert found.candidate.tolist() == [0, 1]
    assert found.newly_covered_people.tolist() == [1, 8]


def test_per_cost_prefers_the_cheaper_of_two_equal_places():
    reach = reach_of([{0}, {1}, {2}], 3)
    found = rank_candidates(reach, np.array([10.0, 10.0, 30.0]), cost=np.array([5.0, 2.0, 10.0]))
    assert found.candidate.tolist() == [1, 2, 0]


@pytest.mark.parametrize("currency", [1.0, 1e4, 1e8])
def test_costs_count_the_same_in_any_currency(currency):
    reach = reach_of([{0}, {1}, {2}], 3)
    found = rank_candidates(reach, np.array([1.0, 1.4, 0.0]), cost=np.array([300.0, 300.0, 1.0]) * currency)
    assert found.candidate.tolist() == [1, 0]


def test_a_place_that_the_budget_no_longer_affords_is_passed_over():
    reach = reach_of([{0}, {1}, {2}], 3)
    found = rank_candidates(reach, np.array([60.0, 50.0, 1.0]), cost=np.array([6.0, 5.0, 1.0]), budget=7.0)
    assert found.candidate.tolist() == [0, 2]


@pytest.mark.parametrize("cost", [0.0, -1.0, np.nan, np.inf])
def test_a_cost_that_is_not_above_zero_is_refused(cost):
    with pytest.raises(ValueError, match=r"cost\[1\] = .*: a cost is finite and above 0"):
        rank_candidates(reach_of([{0}, {0}], 1), np.array([1.0]), cost=np.array([1.0, cost]))


def test_a_budget_without_costs_is_refused():
    with pytest.raises(ValueError, match="a budget needs the candidates' costs"):
        rank_candidates(reach_of([{0}], 1), np.array([1.0]), budget=3.0)


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(1, 4))
def test_greedy_equals_plain_recomputation_and_stays_within_its_bound(problem, top):
    sets, people = problem
    found = rank_candidates(reach_of(sets, len(people)), people, top=top)
    left, expected = people.copy(), []
    for _ in range(top):
        gains = [left[list(s)].sum() for s in sets]
        best = int(np.argmax(gains))
        if gains[best] == 0:
            break
        expected.append((best, gains[best]))
        left[list(sets[best])] = 0
    assert list(zip(found.candidate, found.newly_covered_people, strict=True)) == expected
    optimum = max(covered_by(chosen, people) for chosen in combinations(sets, min(top, len(sets))))
    assert found.newly_covered_people.sum() >= (1 - 1 / np.e) * optimum - 1e-9


@settings(max_examples=60, deadline=None)
@given(problems(), st.lists(st.integers(1, 3), min_size=8, max_size=8), st.integers(1, 5))
def test_greedy_with_several_facilities_missing_equals_plain_recomputation(problem, needs, top):
    sets, people = problem
    missing = np.array(needs[: len(people)])
    found = rank_candidates(reach_of(sets, len(people)), people, missing=missing, top=top)
    chosen = []
    for candidate, newly in zip(found.candidate.tolist(), found.newly_covered_people.tolist(), strict=True):
        before = covered_by([sets[c] for c in chosen], people, missing)
        gains = [
            -1 if c in chosen else covered_by([sets[k] for k in [*chosen, c]], people, missing) - before
            for c in range(len(sets))
        ]
        assert (candidate, newly) == (int(np.argmax(gains)), max(gains))
        chosen.append(candidate)


@settings(max_examples=40, deadline=None)
@given(problems(), st.randoms())
def test_renumbering_the_cells_changes_nothing(problem, random):
    sets, people = problem
    order = list(range(len(people)))
    random.shuffle(order)
    moved = [{order[c] for c in cells} for cells in sets]
    shuffled = np.empty_like(people)
    shuffled[order] = people
    one = rank_candidates(reach_of(sets, len(people)), people)
    two = rank_candidates(reach_of(moved, len(people)), shuffled)
    assert one.candidate.tolist() == two.candidate.tolist()
    assert one.newly_covered_people.tolist() == two.newly_covered_people.tolist()


def test_a_duplicate_in_a_list_of_projects_adds_nobody():
    newly, alone = covered_in_order(reach_of([{0, 1}, {0, 1}, {1, 2}], 3), np.array([2.0, 3.0, 4.0]))
    assert newly.tolist() == [5, 0, 4]
    assert alone.tolist() == [5, 5, 7]


@settings(max_examples=60, deadline=None)
@given(problems(), st.lists(st.integers(1, 3), min_size=8, max_size=8))
def test_what_projects_add_in_order_sums_to_what_they_cover_together(problem, needs):
    sets, people = problem
    missing = np.array(needs[: len(people)])
    newly, _ = covered_in_order(reach_of(sets, len(people)), people, missing=missing)
    assert newly.sum() == covered_by(sets, people, missing)


def test_an_empty_list_of_candidates_gives_an_empty_ranking():
    found = rank_candidates(csr_array((0, 3), dtype=np.int8), np.ones(3))
    assert len(found.candidate) == 0
    assert found.cumulative_people.tolist() == pytest.approx([])
