"""RAAM: equilibria by hand, against an independent optimiser, and the PySAL package `access`."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from circle15.measures.rational import rational_agent_cost
from circle15.reach.times import times_from_dense

NAN = np.nan


def cost_of(dense, supply, demand, **options):
    return rational_agent_cost(times_from_dense(dense, 900.0), supply=supply, demand=demand, **options)


def random_case(seed, n_cells=12, n_facilities=4):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n_cells, n_facilities)) < 0.6, rng.uniform(0, 900, (n_cells, n_facilities)), NAN)
    return dense, rng.integers(1, 20, n_facilities).astype(float), rng.integers(0, 60, n_cells).astype(float)


def test_people_split_where_the_longer_walk_is_worth_the_smaller_crowd():
    # Two places for ten people: one more person adds 0.2. 0.2 x = 0.5 + 0.2 (10 - x) at x = 6.25: everybody pays 1.25.
    assert cost_of([[0.0, 300.0]], [1, 1], [10.0], tau_s=600.0)[0] == pytest.approx(1.25, abs=1e-5)


def test_a_single_facility_costs_its_walk_and_the_mean_crowd():
    np.testing.assert_allclose(cost_of([[450.0], [90.0], [NAN]], [7], [30.0, 5.0, 9.0]), [1.5, 1.1, NAN], atol=1e-5)


def test_nobody_walks_to_the_far_place_while_the_near_one_is_cheaper_and_who_lives_nowhere_is_told_the_cost():
    # Of 20 places the near 10 are for 10 people: crowd 2 x 0.5 = ... 10 people x (20 / 10) / 10 = 2 at the near one.
    near_alone = cost_of([[0.0, 900.0], [0.0, 900.0]], [10, 10], [10.0, 0.0], tau_s=300.0)
    np.testing.assert_allclose(near_alone, [2.0, 2.0], atol=1e-5)


def test_without_people_or_places_there_is_a_walk_or_nothing():
    np.testing.assert_allclose(cost_of([[300.0]], [5], [0.0]), [1 / 3])
    assert np.isnan(cost_of([[300.0]], [0], [5.0])).all()
    assert np.isnan(cost_of(np.empty((2, 0)), [], [1.0, 2.0])).all()


@pytest.mark.parametrize("seed", range(8))
def test_costs_are_those_of_the_least_total_of_walks_and_crowds(seed):
    dense, supply, demand = random_case(seed, 6, 3)
    cell, facility = np.nonzero(~np.isnan(dense))
    demand = np.where(np.isnan(dense).all(axis=1), 0.0, demand + 1)
    walk = dense[cell, facility] / 900
    slope = supply[np.unique(facility)].sum() / demand.sum() / supply

    def total(flow):
        return walk @ flow + (np.bincount(facility, flow, len(supply)) ** 2 * slope / 2).sum()

    start = demand[cell] / np.bincount(cell, minlength=6)[cell]
    lived_in = [i for i in range(6) if demand[i] > 0]
    everyone = [{"type": "eq", "fun": lambda x, i=i: x[cell == i].sum() - demand[i]} for i in lived_in]
    best = minimize(total, start, bounds=[(0, None)] * len(start), constraints=everyone, method="SLSQP",
                    options={"maxiter": 2000, "ftol": 1e-14})  # fmt: skip
    crowd = slope * np.bincount(facility, best.x, len(supply))
    expected = np.nanmin(np.where(np.isnan(dense), np.inf, dense / 900 + crowd), axis=1)
    np.testing.assert_allclose(cost_of(dense, supply, demand)[lived_in], expected[lived_in], atol=2e-3)


@pytest.mark.parametrize("seed", range(5))
def test_as_many_more_people_as_places_change_nothing_nor_does_their_order(seed):
    dense, supply, demand = random_case(seed)
    once = cost_of(dense, supply, demand)
    np.testing.assert_allclose(cost_of(dense, 50 * supply, 50 * demand), once, atol=1e-5)
    order = np.random.default_rng(seed).permutation(len(supply))
    np.testing.assert_allclose(cost_of(dense[:, order], supply[order], demand), once, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_a_cell_in_two_pieces_pays_what_it_paid_whole(seed):
    dense, supply, demand = random_case(seed)
    halves = np.concatenate([demand[:1] / 2, demand[:1] / 2, demand[1:]])
    cut = cost_of(np.vstack([dense[:1], dense]), supply, halves)
    np.testing.assert_allclose(cut[1:], cost_of(dense, supply, demand), atol=1e-5)


def test_dearer_walks_and_a_lost_facility_never_make_it_cheaper_for_the_worst_off():
    dense, supply, demand = random_case(3)
    worst = np.nanmax(cost_of(dense, supply, demand))
    assert np.nanmax(cost_of(dense, supply, demand, tau_s=450.0)) >= worst - 1e-5


# The package moves whole persons by steps that shrink: it comes near the equilibrium, not to it.
@pytest.mark.parametrize("seed", range(3))
def test_costs_are_near_those_of_the_pysal_package_access(seed):
    raam = pytest.importorskip("access.raam", reason="an oracle of RAAM: pip install access").raam
    rng = np.random.default_rng(seed)
    dense, supply = rng.uniform(0, 900, (15, 4)), rng.integers(5, 20, 4).astype(float)
    demand = rng.integers(400, 3000, 15)
    costs = pd.DataFrame({"origin": np.repeat(range(15), 4), "dest": np.tile(range(4), 15), "cost": dense.ravel()})
    cells = pd.DataFrame({"demand": demand}, index=pd.RangeIndex(15, name="geoid"))
    places = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(4, name="geoid"))
    theirs = raam(cells, places, costs, tau=900.0, max_cycles=800, min_step=0.0005).to_numpy()
    np.testing.assert_allclose(cost_of(dense, supply, demand.astype(float)), theirs, rtol=0.03)


def test_a_walk_tau_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a walk is longer than 0"):
        cost_of([[1.0]], [1], [1.0], tau_s=0.0)
