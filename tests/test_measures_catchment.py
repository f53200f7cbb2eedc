"""The floating catchment family against hand-worked cases, its laws, and the PySAL package `access`."""

import numpy as np
import pandas as pd
import pytest

from circle15.measures.catchment import (
    balanced_fca,
    cumulative_opportunities,
    gravity_opportunities,
    modified_two_step_fca,
    three_step_fca,
    two_step_fca,
)
from circle15.measures.decay import DECAY_NAMES, decay_weights, exponential, power
from circle15.reach.times import times_from_dense

NAN = np.nan
FAMILY = [two_step_fca, three_step_fca, modified_two_step_fca, balanced_fca]
DECAYS = ["binary", "stepped", "gaussian", "kernel", exponential(0.002), power(1.5)]


def table(matrix):
    return times_from_dense(matrix, cutoff_s=900.0)


def random_case(seed, n_cells=40, n_facilities=12):
    """A random table with unreached cells and facilities, empty cells and facilities without supply."""
    rng = np.random.default_rng(seed)
    dense = np.where(
        rng.random((n_cells, n_facilities)) < 0.3, rng.integers(0, 900_001, (n_cells, n_facilities)) / 1000, NAN
    )
    demand = rng.integers(0, 200, n_cells) * (rng.random(n_cells) < 0.8)
    supply = rng.integers(0, 50, n_facilities) * (rng.random(n_facilities) < 0.9)
    return dense, supply.astype(float), demand.astype(float)


# Two cells of 100 and 300 people; facility 0 (60 places) is 300 s from the first and 900 s from the second, facility 1
# (40 places) is 600 s from the second.
HAND = [[300.0, NAN], [900.0, 600.0]]
PLACES, PEOPLE = [60.0, 40.0], [100.0, 300.0]


def test_2sfca_of_two_cells_and_two_facilities_equals_the_hand_worked_ratios():
    access = two_step_fca(table(HAND), supply=PLACES, demand=PEOPLE)
    np.testing.assert_allclose(access, [60 / 400, 60 / 400 + 40 / 300], rtol=1e-15)


def test_e2sfca_weighs_thirds_of_the_threshold_1_068_022_with_bounds_inclusive():
    access = two_step_fca(table(HAND), supply=PLACES, demand=PEOPLE, decay="stepped")
    near = 60 / (100 + 0.22 * 300)
    np.testing.assert_allclose(access, [near, 0.22 * near + 0.68 * 40 / (0.68 * 300)], rtol=1e-15)


def test_the_gaussian_falls_from_one_at_the_door_to_zero_at_the_threshold():
    weights = decay_weights(np.array([0.0, 450.0, 900.0, 900.5]), 900.0, "gaussian")
    middle = (np.exp(-0.125) - np.exp(-0.5)) / (1 - np.exp(-0.5))
    np.testing.assert_allclose(weights, [1.0, middle, 0.0, 0.0], atol=1e-15)


def test_every_named_decay_weighs_one_at_the_door():
    for name in DECAY_NAMES:
        assert decay_weights(np.array([0.0]), 900.0, name)[0] == 1.0
    np.testing.assert_allclose(decay_weights(np.array([450.0]), 900.0, "kernel"), [0.75])


def test_modified_wastes_nothing_at_the_door_whatever_the_decay():
    for name in DECAY_NAMES:
        access = modified_two_step_fca(table([[0.0]]), supply=[60.0], demand=[100.0], decay=name)
        assert access[0] == pytest.approx(0.6, rel=1e-15)


def test_a_third_that_is_no_binary_fraction_keeps_its_bound_inside():
    weights = decay_weights(np.array([333.333, 1000 / 3, 333.334, 2000 / 3, 666.667]), 1000.0, "stepped")
    np.testing.assert_array_equal(weights, [1.0, 1.0, 0.68, 0.68, 0.22])


def test_3sfca_shares_people_over_the_facilities_that_they_reach():
    # Binary: the second cell splits half and half. R_0 = 60 / (100 + 150), R_1 = 40 / 150.
    access = three_step_fca(table(HAND), supply=PLACES, demand=PEOPLE, decay="binary")
    np.testing.assert_allclose(access, [60 / 250, 0.5 * 60 / 250 + 0.5 * 40 / 150], rtol=1e-15)


def test_m2sfca_wastes_supply_with_the_square_of_the_weight():
    access = modified_two_step_fca(table(HAND), supply=PLACES, demand=PEOPLE, decay="stepped")
    ratio = 60 / (100 + 0.22 * 300)
    np.testing.assert_allclose(access, [ratio, 0.22**2 * ratio + 0.68**2 * 40 / (0.68 * 300)], rtol=1e-15)


def test_bfca_counts_each_person_once_and_conserves_the_level_of_service():
    # Row shares: cell 0 all to facility 0; cell 1 half each. Column shares: facility 0 half each, facility 1 all to
    # cell 1.
    access = balanced_fca(table(HAND), supply=PLACES, demand=PEOPLE, decay="binary")
    level = np.array([60 / (100 + 150), 40 / 150])
    np.testing.assert_allclose(access, [level[0] / 2, level[0] / 2 + level[1]], rtol=1e-15)


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("seed", range(5))
def test_supply_is_conserved_by_2sfca_and_3sfca_with_every_decay(seed, decay):
    dense, supply, demand = random_case(seed)
    t = table(dense)
    weights = decay_weights(dense.ravel(), 900.0, decay).reshape(dense.shape)  # NaN, so not above 0, where unreached
    is_reached = ((weights > 0) & (demand > 0)[:, None]).any(axis=0)
    promised = supply[is_reached].sum()
    for method in (two_step_fca, three_step_fca):
        given_out = demand @ method(t, supply=supply, demand=demand, decay=decay)
        assert given_out == pytest.approx(promised, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_bfca_conserves_the_sum_of_levels_of_service(seed):
    dense, supply, demand = random_case(seed)
    weights = np.where(np.isnan(dense), 0.0, np.select([dense <= 300, dense <= 600], [1, 0.68], 0.22))
    row = weights.sum(axis=1, keepdims=True)
    load = np.divide(weights, row, out=np.zeros_like(weights), where=row > 0).T @ demand
    level = np.divide(supply, load, out=np.zeros_like(supply), where=load > 0)
    access = balanced_fca(table(dense), supply=supply, demand=demand)
    assert access.sum() == pytest.approx(level.sum(), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_m2sfca_never_gives_more_than_the_supply(seed):
    dense, supply, demand = random_case(seed)
    assert demand @ modified_two_step_fca(table(dense), supply=supply, demand=demand) <= supply.sum()


@pytest.mark.parametrize("method", FAMILY)
def test_doubling_capacities_doubles_access_and_renumbering_facilities_changes_nothing(method):
    dense, supply, demand = random_case(7)
    once = method(table(dense), supply=supply, demand=demand)
    np.testing.assert_allclose(method(table(dense), supply=2 * supply, demand=demand), 2 * once, rtol=1e-15)
    order = np.random.default_rng(1).permutation(len(supply))
    np.testing.assert_allclose(method(table(dense[:, order]), supply=supply[order], demand=demand), once, rtol=1e-12)


@pytest.mark.parametrize("method", FAMILY)
def test_a_facility_that_only_an_empty_cell_reaches_gives_to_nobody(method):
    np.testing.assert_array_equal(method(table([[100.0], [NAN]]), supply=[50.0], demand=[0.0, 10.0]), [0.0, 0.0])


def test_capacities_that_are_powers_of_two_show_who_was_reached():
    found = cumulative_opportunities(table([[100.0, 900.0, 500.0], [NAN, NAN, 300.0]]), supply=[1, 2, 4])
    np.testing.assert_array_equal(found, [7.0, 4.0])


def test_gravity_weighs_each_place_by_its_walk():
    found = gravity_opportunities(table(HAND), supply=PLACES, decay=exponential(1 / 300))
    np.testing.assert_allclose(found, [60 * np.exp(-1), 60 * np.exp(-3) + 40 * np.exp(-2)], rtol=1e-15)


def test_a_power_decay_is_bounded_at_the_door():
    np.testing.assert_array_equal(power(1.0, at_least_s=50.0)(np.array([0.0, 50.0, 100.0])), [0.02, 0.02, 0.01])


def test_a_smaller_threshold_leaves_out_the_further_pairs():
    access = two_step_fca(table(HAND), supply=PLACES, demand=PEOPLE, threshold_s=600.0)
    np.testing.assert_allclose(access, [60 / 100, 40 / 300], rtol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"supply": [1.0], "demand": PEOPLE}, r"supply has shape \(1,\); one value per facility is \(2,\)"),
        ({"supply": PLACES, "demand": [1.0, -1.0]}, r"demand\[1\] = -1.0"),
        ({"supply": [NAN, 1.0], "demand": PEOPLE}, r"supply\[0\] = nan"),
        ({"supply": PLACES, "demand": PEOPLE, "threshold_s": 1000.0}, "longer walks were not searched"),
        ({"supply": PLACES, "demand": PEOPLE, "decay": "stepwise"}, "unknown decay 'stepwise'; give one of binary"),
        ({"supply": PLACES, "demand": PEOPLE, "decay": lambda s: s[:1]}, "one weight per time"),
        ({"supply": PLACES, "demand": PEOPLE, "decay": lambda s: -s}, "finite and not negative"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_what_would_be_right(arguments, message):
    with pytest.raises(ValueError, match=message):
        two_step_fca(table(HAND), **arguments)


def by_access(name, dense, supply, demand, weight_fn):
    """Compute with the PySAL package; NaN and missing rows (no supply in reach) are 0 there."""
    fca = pytest.importorskip("access.fca", reason="the oracle of the catchments: pip install access")
    rows, columns = np.nonzero(~np.isnan(dense))
    costs = pd.DataFrame({"origin": rows, "dest": columns, "cost": dense[rows, columns]})
    cells = pd.DataFrame({"demand": demand}, index=pd.RangeIndex(len(demand), name="geoid"))
    places = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(len(supply), name="geoid"))
    found = getattr(fca, name)(cells, places, costs, 900.0, demand_index=True, supply_index=True, weight_fn=weight_fn)
    return found.reindex(range(len(demand))).fillna(0.0).to_numpy()


def stepped(seconds):
    return 1.0 if seconds <= 300 else 0.68 if seconds <= 600 else 0.22


# The package drops a column in place, which pandas 3.1 announces to end; its numbers are not concerned.
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop is deprecated")
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("ours", "decay", "theirs", "weight_fn"),
    [
        (two_step_fca, "binary", "two_stage_fca", None),
        (two_step_fca, "stepped", "two_stage_fca", stepped),
        (three_step_fca, "stepped", "three_stage_fca", stepped),
        (three_step_fca, exponential(0.002), "three_stage_fca", lambda s: np.exp(-0.002 * s)),
    ],
)
def test_the_family_equals_the_pysal_package_access(seed, ours, decay, theirs, weight_fn):
    dense, supply, demand = random_case(seed, 60, 15)
    demand = demand + 1  # with an empty catchment the package divides by zero
    expected = by_access(theirs, dense, supply, demand, weight_fn)
    np.testing.assert_allclose(
        ours(table(dense), supply=supply, demand=demand, decay=decay), expected, atol=0, rtol=1e-9
    )


@pytest.mark.parametrize("method", FAMILY)
def test_pairs_in_the_thousands_need_no_loop_over_cells(method, monkeypatch):
    calls = []
    counting = lambda s: calls.append(len(s)) or np.ones_like(s)  # noqa: E731 (a decay that counts its calls)
    dense, supply, demand = random_case(3, 2000, 20)
    method(table(dense), supply=supply, demand=demand, decay=counting)
    assert calls == [np.count_nonzero(~np.isnan(dense))]
