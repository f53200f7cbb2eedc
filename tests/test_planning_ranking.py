from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from circle15.planning.ranking import rank_candidates


def reach_of(rows, n_cells):
    dense = np.zeros((len(rows), n_cells), dtype=np.int8)
    for i, cells in enumerate(rows):
        dense[i, list(cells)] = 1
    return csr_array(dense)


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


def test_gap_filled_sums_the_newly_covered_cells():
    found = rank_candidates(reach_of([{0, 1}, {1}], 2), np.array([2.0, 1.0]), gap=np.array([0.5, 0.25]))
    assert found.gap_filled.tolist() == [0.75]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_greedy_equals_plain_recomputation_and_stays_within_its_bound(data):
    n_cells, n_candidates = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 7))
    sets = [set(data.draw(st.lists(st.integers(0, n_cells - 1)))) for _ in range(n_candidates)]
    people = np.array(data.draw(st.lists(st.integers(0, 50), min_size=n_cells, max_size=n_cells)), dtype=float)
    top = data.draw(st.integers(1, 4))
    found = rank_candidates(reach_of(sets, n_cells), people, top=top)
    left, expected = people.copy(), []
    for _ in range(top):
        gains = [left[list(s)].sum() for s in sets]
        best = int(np.argmax(gains))
        if gains[best] == 0:
            break
        expected.append((best, gains[best]))
        left[list(sets[best])] = 0
    assert list(zip(found.candidate, found.newly_covered_people, strict=True)) == expected
    optimum = max(
        people[list(set().union(*chosen))].sum()
        for chosen in combinations(sets, min(top, len(sets)))
    )
    assert found.newly_covered_people.sum() >= (1 - 1 / np.e) * optimum - 1e-9


def test_an_empty_list_of_candidates_gives_an_empty_ranking():
    found = rank_candidates(csr_array((0, 3), dtype=np.int8), np.ones(3))
    assert len(found.candidate) == 0
    assert found.cumulative_people.tolist() == pytest.approx([])
