"""Coverage on tables small enough to check by hand, and its laws on random ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.measures.coverage import completeness, count_within, coverage, covered_cells, sum_by_unit
from circle15.reach.kth import kth_nearest
from circle15.reach.times import by_facility, checked_threshold, spread_to_pieces, times_from_dense


def table(matrix):
    return times_from_dense(matrix, cutoff_s=900.0)


@st.composite
def tables(draw):
    """Random tables with ties, empty rows and times on the cutoff."""
    n_rows, n_columns = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    times = st.sampled_from([np.nan, 0.0, 100.0, 300.0, 450.25, 600.0, 899.999, 900.0])
    return np.array(draw(st.lists(times, min_size=n_rows * n_columns, max_size=n_rows * n_columns))).reshape(
        n_rows, n_columns
    )


NAN = np.nan
THREE_CELLS = [[300.0, 300.0, 900.0], [NAN, NAN, NAN], [NAN, 900.0, NAN]]


def test_the_second_nearest_of_two_equal_times_is_that_time_again():
    np.testing.assert_array_equal(kth_nearest(table(THREE_CELLS), 2), [300.0, NAN, NAN])


def test_too_few_facilities_give_nan_never_the_cutoff():
    np.testing.assert_array_equal(kth_nearest(table(THREE_CELLS), 3), [900.0, NAN, NAN])
    assert np.isnan(kth_nearest(table(THREE_CELLS), 4)).all()


def test_a_table_without_any_pair_has_nan_everywhere():
    assert np.isnan(kth_nearest(table([[NAN, NAN], [NAN, NAN]]))).all()


@given(tables(), st.integers(1, 4))
def test_kth_nearest_is_the_kth_smallest_of_each_row(dense, k):
    ordered = np.sort(dense, axis=1)
    expected = ordered[:, k - 1] if k <= dense.shape[1] else np.full(len(dense), np.nan)
    np.testing.assert_array_equal(kth_nearest(table(dense), k), expected)


def test_k_below_one_is_refused():
    with pytest.raises(ValueError, match="k = 0"):
        kth_nearest(table(THREE_CELLS), 0)


def test_a_time_of_exactly_the_threshold_is_covered_and_a_millisecond_more_is_not():
    np.testing.assert_array_equal(covered_cells([899.999, 900.0, 900.001, NAN], 900.0), [True, True, False, False])


def test_counting_includes_the_threshold():
    np.testing.assert_array_equal(count_within(table(THREE_CELLS), 900.0), [3, 0, 1])
    np.testing.assert_array_equal(count_within(table(THREE_CELLS), 899.999), [2, 0, 0])


def test_coverage_sums_people_by_unit_and_the_whole_is_the_sum_of_the_units():
    found = coverage([True, False, True], [10.0, 30.0, 60.0], [0, 0, 1], 3)
    np.testing.assert_array_equal(found.people, [40.0, 60.0, 0.0, 100.0])
    np.testing.assert_array_equal(found.covered_people, [10.0, 60.0, 0.0, 70.0])
    np.testing.assert_array_equal(found.covered_share, [0.25, 1.0, NAN, 0.7])


@given(tables(), st.integers(1, 3), st.sampled_from([100.0, 450.25, 900.0]))
@settings(max_examples=50)
def test_one_more_facility_never_worsens_coverage_and_a_smaller_threshold_covers_a_subset(dense, k, threshold_s):
    fewer = (
        covered_cells(kth_nearest(table(dense[:, :-1]), k), threshold_s) if dense.shape[1] > 1 else np.zeros(1, bool)
    )
    full = covered_cells(kth_nearest(table(dense), k), threshold_s)
    assert (full >= fewer).all()
    assert (full >= covered_cells(kth_nearest(table(dense), k), threshold_s - 1)).all()


def test_completeness_counts_those_with_every_layer_and_the_mean_number_of_layers():
    found = completeness([[True, True, False], [True, False, False]], [10.0, 30.0, 60.0], [0, 0, 1], 2)
    np.testing.assert_array_equal(found.complete_people, [10.0, 0.0, 10.0])
    np.testing.assert_array_equal(found.complete_share, [0.25, 0.0, 0.1])
    np.testing.assert_array_equal(found.mean_layers, [(2 * 10 + 30) / 40, 0.0, 0.5])


def test_a_cell_outside_every_unit_is_refused():
    with pytest.raises(ValueError, match="unit codes are 0 to 1"):
        sum_by_unit([1.0, 2.0], [0, 2], 2)


def test_a_facility_is_as_near_as_its_nearest_entrance():
    merged = by_facility(table([[500.0, 200.0, 300.0], [NAN, NAN, 100.0]]), [0, 0, 1], 2)
    np.testing.assert_array_equal(merged.indptr, [0, 2, 3])
    np.testing.assert_array_equal(merged.destination, [0, 1, 1])
    np.testing.assert_array_equal(merged.seconds, [200.0, 300.0, 100.0])


@given(tables(), st.data())
def test_merging_entrances_equals_the_minimum_over_their_columns(dense, data):
    n = dense.shape[1]
    of = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    merged = by_facility(table(dense), of, 3)
    expected = np.full((len(dense), 3), np.nan)
    for entrance, facility in enumerate(of):
        expected[:, facility] = np.fmin(expected[:, facility], dense[:, entrance])
    again = np.full_like(expected, np.nan)
    again[np.repeat(np.arange(len(dense)), np.diff(merged.indptr)), merged.destination] = merged.seconds
    np.testing.assert_array_equal(again, expected)


@given(tables())
def test_a_facility_with_one_entrance_keeps_its_pairs_and_a_cell_of_one_piece_its_row(dense):
    plain = table(dense)
    n = dense.shape[1]
    for made in (by_facility(plain, np.arange(n), n), spread_to_pieces(plain, np.arange(len(dense)))):
        assert np.shares_memory(made.seconds, plain.seconds) or not plain.seconds.size
        for name in ("indptr", "destination", "seconds"):
            np.testing.assert_array_equal(getattr(made, name), getattr(plain, name))
    turned = by_facility(plain, np.arange(n)[::-1], n)
    np.testing.assert_array_equal(turned.seconds, table(dense[:, ::-1]).seconds)


def test_pieces_of_a_cell_take_the_cells_row_and_an_unlinked_piece_an_empty_one():
    pieces = spread_to_pieces(table(THREE_CELLS), [2, 0, -1, 0])
    np.testing.assert_array_equal(pieces.indptr, [0, 1, 4, 4, 7])
    np.testing.assert_array_equal(pieces.destination, [1, 0, 1, 2, 0, 1, 2])
    np.testing.assert_array_equal(pieces.seconds, [900.0, 300.0, 300.0, 900.0, 300.0, 300.0, 900.0])


def test_a_threshold_beyond_the_search_is_refused():
    with pytest.raises(ValueError, match="longer walks were not searched"):
        checked_threshold(table(THREE_CELLS), 901.0)
