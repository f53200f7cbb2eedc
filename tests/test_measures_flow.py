"""Places missing whatever the allocation: cases by hand, and laws against an independent linear programme."""

import numpy as np
import pytest
from scipy.optimize import linprog

from circle15.measures.catchment import two_step_fca
from circle15.measures.flow import fair_shares
from circle15.measures.gaps import cell_gaps
from circle15.reach.times import times_from_dense

NAN = np.nan


def shares_of(dense, supply, need, **options):
    return fair_shares(times_from_dense(dense, 900.0), supply=supply, need=need, **options)


def missing(dense, supply, need):
    return float(np.sum(need * (1 - shares_of(dense, supply, need))))


def town(seed):
    """A random town with cells that nobody needs, facilities without places and pairs out of reach."""
    rng = np.random.default_rng(seed)
    n_cells, n_facilities = rng.integers(2, 25), rng.integers(1, 8)
    dense = np.where(rng.random((n_cells, n_facilities)) < rng.uniform(0.1, 0.6), 300.0, NAN)
    need = rng.integers(0, 12, n_cells) * (rng.random(n_cells) if seed % 2 else 1.0)
    return dense, rng.integers(0, 30, n_facilities).astype(float), need


def allocation(dense):
    """Give what each cell and each facility has of the pairs, as matrices for a linear programme."""
    cell, facility = np.nonzero(~np.isnan(dense))
    of_cell, of_facility = np.zeros((len(dense), len(cell))), np.zeros((dense.shape[1], len(cell)))
    of_cell[cell, np.arange(len(cell))] = 1
    of_facility[facility, np.arange(len(cell))] = 1
    return of_cell, of_facility


def test_ten_places_for_ten_that_are_needed_leave_none_missing_while_the_gap_of_e2sfca_is_3_2():
    near_and_far = [[240.0], [840.0]]
    people = np.array([500.0, 500.0])
    access = two_step_fca(times_from_dense(near_and_far, 900.0), supply=[10.0], demand=people, decay="stepped")
    assert cell_gaps(access, people, people, 0.01).sum() == pytest.approx(5 - 10 * 0.22 / 1.22, rel=1e-12)
    assert round(cell_gaps(access, people, people, 0.01).sum(), 1) == 3.2
    assert missing(near_and_far, [10.0], np.array([5.0, 5.0])) == 0


def test_who_has_one_facility_alone_goes_first_to_it():
    # Cell 0 reaches both facilities, cell 1 the second alone: 6 and 4 places are enough for 6 and 4.
    np.testing.assert_array_equal(shares_of([[1, 1], [NAN, 1]], [6, 4], [6.0, 4.0]), [1, 1])


def test_what_is_too_little_is_shared_by_need_among_those_who_cannot_go_elsewhere():
    # Facility 0 has 3 places for needs of 4 and 8; the third cell has enough next door and takes none of them.
    found = shares_of([[1, NAN], [1, NAN], [1, 1]], [3, 5], [4.0, 8.0, 5.0])
    np.testing.assert_allclose(found, [0.25, 0.25, 1.0], rtol=1e-12)


def test_poor_and_less_poor_are_told_apart():
    # Cell 0 has 1 of 4, cell 1 the 3 of 4 next door that cell 0 does not reach; both share nothing.
    np.testing.assert_allclose(shares_of([[1, NAN], [1, 1]], [1, 3], [4.0, 4.0]), [0.25, 0.75], rtol=1e-12)


def test_the_threshold_is_inclusive_and_what_lies_beyond_gives_nothing():
    np.testing.assert_array_equal(shares_of([[600.0, 600.001]], [1, 9], [4.0], threshold_s=600.0), [0.25])


def test_who_reaches_nothing_has_nothing_and_who_needs_nothing_lacks_nothing():
    np.testing.assert_array_equal(shares_of([[NAN], [1.0]], [5], [2.0, 0.0]), [0, 1])
    np.testing.assert_array_equal(shares_of(np.empty((2, 0)), [], [2.0, 0.0]), [0, 1])


@pytest.mark.parametrize("seed", range(40))
def test_the_flow_is_the_largest_there_is_and_can_be_shared_out(seed):
    dense, supply, need = town(seed)
    of_cell, of_facility = allocation(dense)
    served = shares_of(dense, supply, need) * need
    n = of_cell.shape[1]
    if not n:
        assert served.sum() == 0
        return
    best = linprog(-np.ones(n), A_ub=np.vstack([of_cell, of_facility]), b_ub=np.concatenate([need, supply]))
    assert served.sum() == pytest.approx(-best.fun, abs=1e-6)
    exists = linprog(np.zeros(n), A_ub=of_facility, b_ub=supply + 1e-6, A_eq=of_cell, b_eq=served)
    assert exists.status == 0


@pytest.mark.parametrize("seed", range(40))
def test_nobodys_share_can_rise_but_from_who_has_no_more(seed):
    dense, supply, need = town(seed)
    of_cell, of_facility = allocation(dense)
    found = shares_of(dense, supply, need)
    poorest = found[need > 0].min(initial=1.0)
    if not of_cell.shape[1]:
        return
    # The largest share that all can have at once is what the poorest have.
    n = of_cell.shape[1]
    least = linprog(
        [*np.zeros(n), -1.0],
        A_ub=np.vstack([np.column_stack([of_facility, np.zeros(len(supply))]),
                        np.column_stack([-of_cell, need])]),
        b_ub=np.concatenate([supply, np.zeros(len(need))]),
        bounds=[*[(0, None)] * n, (0, 1)],
    )  # fmt: skip
    assert poorest == pytest.approx(-least.fun, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_one_more_facility_never_takes_from_anybody_and_more_need_never_gives(seed):
    dense, supply, need = town(seed)
    rng = np.random.default_rng(1000 + seed)
    before = shares_of(dense, supply, need)
    column = np.where(rng.random((len(dense), 1)) < 0.3, 300.0, NAN)
    after = shares_of(np.hstack([dense, column]), np.append(supply, rng.integers(0, 20)), need)
    assert (after >= before - 1e-6).all()
    crowded = shares_of(dense, supply, need * rng.uniform(1, 2, len(need)))
    assert (crowded <= before + 1e-6).all()


@pytest.mark.parametrize("seed", range(20))
def test_missing_places_scale_with_supply_and_need_and_know_no_order(seed):
    dense, supply, need = town(seed)
    found = shares_of(dense, supply, need)
    np.testing.assert_allclose(shares_of(dense, supply * 700, need * 700), found, atol=1e-6)
    order = np.random.default_rng(seed).permutation(len(need))
    np.testing.assert_allclose(shares_of(dense[order], supply, need[order]), found[order], atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_no_catchment_leaves_fewer_places_missing(seed):
    dense, supply, people = town(seed)
    if people.sum() == 0:
        return
    access = two_step_fca(times_from_dense(dense, 900.0), supply=supply, demand=people, decay="stepped")
    assert missing(dense, supply, people) <= cell_gaps(access, people, people, 1.0).sum() + 1e-6


def test_negative_or_unknown_amounts_are_refused():
    with pytest.raises(ValueError, match=r"supply\[0\] = -1.0"):
        shares_of([[1.0]], [-1.0], [1.0])
    with pytest.raises(ValueError, match=r"need\[0\] = nan"):
        shares_of([[1.0]], [1.0], [NAN])
    with pytest.raises(ValueError, match="need has shape"):
        shares_of([[1.0]], [1.0], [1.0, 2.0])
