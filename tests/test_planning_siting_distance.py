from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from circle15.planning.siting_distance import (
    centre_value,
    greedy_centre,
    greedy_median,
    median_value,
    p_centre,
    p_median,
)

PROVE = settings(max_examples=60, deadline=None)


def sparse(dense):
    """Candidates x cells; NaN = cannot be walked, 0 is kept."""
    j, i = np.nonzero(~np.isnan(dense))
    return csr_array(coo_array((dense[j, i], (j, i)), shape=dense.shape))


@st.composite
def problems(draw):
    m, n = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    walk = st.sampled_from([0.0, 60.0, 60.0, 120.0, 300.0, 500.0, np.nan])
    dense = np.array(draw(st.lists(walk, min_size=m * n, max_size=m * n))).reshape(n, m)
    existing = np.array(draw(st.lists(walk | st.just(np.nan), min_size=m, max_size=m)))
    people = np.array(draw(st.lists(st.integers(0, 9), min_size=m, max_size=m)), dtype=float)
    cost = np.array(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)), dtype=float)
    return dense, existing, people, cost


def walks(problem, chosen):
    dense, existing, people, _ = problem
    could = ~np.isnan(np.vstack([dense, existing])).all(axis=0) & (people > 0)
    with_all = np.vstack([dense[list(chosen)], existing])
    found = np.where(np.isnan(with_all), np.inf, with_all).min(axis=0)
    return found[could], people[could]


def choices(n, allowed):
    every = chain.from_iterable(combinations(range(n), k) for k in range(n + 1))
    return [s for s in every if allowed(s)]


def best_median(problem, chosen):
    found, people = walks(problem, chosen)
    return (found * people).sum()


def best_centre(problem, chosen):
    return walks(problem, chosen)[0].max(initial=0.0)


@PROVE
@given(problems(), st.integers(1, 4))
def test_p_median_equals_the_best_of_all_subsets(problem, p):
    dense, existing, people, _ = problem
    found = p_median(sparse(dense), people, existing=existing, p=p)
    best = min(best_median(problem, s) for s in choices(len(dense), lambda s: len(s) <= p))
    if np.isinf(best):
        assert found.status == "infeasible"
    else:
        assert found.status == "optimal"
        assert found.objective == pytest.approx(best)
        assert len(found.candidate) <= p
        assert median_value(sparse(dense), people, found.candidate, existing=existing) == pytest.approx(best)


@PROVE
@given(problems(), st.integers(1, 4))
def test_p_centre_equals_the_best_of_all_subsets(problem, p):
    dense, existing, people, _ = problem
    found = p_centre(sparse(dense), people, existing=existing, p=p)
    best = min(best_centre(problem, s) for s in choices(len(dense), lambda s: len(s) <= p))
    if np.isinf(best):
        assert found.status == "infeasible"
    else:
        assert found.status == "optimal"
        assert found.objective == best
        assert len(found.candidate) <= p
        assert centre_value(sparse(dense), people, found.candidate, existing=existing) == best


@PROVE
@given(problems(), st.integers(1, 20))
def test_a_budget_is_kept_and_used_best(problem, budget):
    dense, existing, people, cost = problem
    median = p_median(sparse(dense), people, existing=existing, cost=cost, budget=budget)
    centre = p_centre(sparse(dense), people, existing=existing, cost=cost, budget=budget)
    affordable = choices(len(dense), lambda s: cost[list(s)].sum() <= budget)
    for found, value in ((median, best_median), (centre, best_centre)):
        best = min(value(problem, s) for s in affordable)
        if np.isinf(best):
            assert found.status == "infeasible"
        else:
            assert found.objective == pytest.approx(best)
            assert cost[found.candidate].sum() <= budget


@PROVE
@given(problems(), st.integers(1, 4))
def test_greedy_is_never_better_than_the_optimum(problem, p):
    dense, existing, people, _ = problem
    times = sparse(dense)
    median, centre = (model(times, people, existing=existing, p=p) for model in (p_median, p_centre))
    greedy = greedy_median(times, people, existing=existing, p=p)
    assert len(greedy) <= p
    assert not median_value(times, people, greedy, existing=existing) < median.objective - 1e-9
    greedy = greedy_centre(times, people, existing=existing, p=p)
    assert len(greedy) <= p
    assert not centre_value(times, people, greedy, existing=existing) < centre.objective


def test_a_stopped_median_says_so_with_a_bound_below_its_objective():
    rng = np.random.default_rng(3)
    dense = np.hypot(*(rng.random((2, 120, 1)) - rng.random((2, 1, 400)))) * 1000
    found = p_median(sparse(dense), rng.integers(1, 30, 400).astype(float), p=12, time_limit_s=0.01)
    assert found.status == "time limit"
    assert found.bound <= found.objective


def test_a_stopped_centre_says_so_with_the_walk_that_is_proven_unavoidable():
    rng = np.random.default_rng(3)
    dense = np.hypot(*(rng.random((2, 120, 1)) - rng.random((2, 1, 400)))) * 1000
    full = p_centre(sparse(dense), np.ones(400), p=12)
    stopped = p_centre(sparse(dense), np.ones(400), p=12, time_limit_s=0.0)
    assert full.status == "optimal"
    assert stopped.status == "time limit"
    assert stopped.bound <= full.objective <= stopped.objective
