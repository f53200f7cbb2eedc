import numpy as np
import pytest
from scipy.sparse import csr_array

from circle15.planning.overlap import compare_projects

REACH = csr_array(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]]))
PEOPLE = np.array([10.0, 10.0, 5.0, 20.0])
NONE = np.zeros(4, dtype=np.int64)


def test_a_project_inside_anothers_circle_is_its_duplicate_and_adds_little():
    found = compare_projects(REACH, PEOPLE, NONE, np.array([0, 0, 0, 1]), 2)
    assert found.newly_covered_people.tolist() == [20, 5, 20]
    assert found.alone_covered_people.tolist() == [20, 25, 20]
    assert found.partner.tolist() == [1, 0, -1]
    assert found.shared_people.tolist() == [20, 20, 0]
    assert found.shared_share[:2].tolist() == [1, 1]
    assert found.is_duplicate.tolist() == [True, True, False]


def test_a_project_beside_an_existing_facility_of_the_same_circle_adds_nobody():
    found = compare_projects(REACH[[0]], PEOPLE, np.array([1, 1, 0, 0]), NONE, 1)
    assert found.newly_covered_people.tolist() == found.alone_covered_people.tolist() == [0]
    assert found.partner.tolist() == [-1]


def test_the_gini_falls_where_the_unit_that_had_nothing_is_served():
    count = np.array([1, 1, 1, 0])
    found = compare_projects(REACH[[2]], PEOPLE, count, np.array([0, 0, 0, 1]), 2)
    # 25 of 45 people have all the coverage: Gini = 1 - 25/45; then all have the same.
    assert found.gini_before.tolist() == pytest.approx([20 / 45])
    assert found.gini_after.tolist() == pytest.approx([0.0])


def test_the_gini_follows_the_order_of_the_list():
    found = compare_projects(REACH, PEOPLE, NONE, np.array([0, 0, 0, 1]), 2)
    assert np.isnan(found.gini_before[0])  # nobody is covered: nothing is shared
    assert found.gini_after[:-1].tolist() == found.gini_before[1:].tolist()


def test_where_two_are_needed_the_second_of_a_pair_covers():
    found = compare_projects(csr_array(np.array([[1], [1]])), np.array([9.0]), NONE[:1], NONE[:1], 1, min_count=2)
    assert found.newly_covered_people.tolist() == [0, 9]


def test_an_empty_list_has_no_projects():
    found = compare_projects(csr_array((0, 4)), PEOPLE, NONE, NONE, 1)
    assert len(found.newly_covered_people) == len(found.gini_after) == 0
