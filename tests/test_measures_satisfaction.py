"""Satisfaction: hand-worked scores, and intervals that cover as often as they say, by simulation."""

import numpy as np
import pytest

from circle15.measures.satisfaction import FEWEST_UNITS, satisfaction

NAN = np.nan
Z = 1.959963984540054


def test_a_unit_with_few_answers_is_drawn_to_the_district_and_one_with_many_is_not():
    # Two units of 30 and 970 answers: district mean (30 * 5 + 970 * 3) / 1000 = 3.06.
    found = satisfaction([5.0, 3.0], [30, 970], scale=(1, 5), spread=1.0)
    district = (30 * 5 + 970 * 3) / 1000
    np.testing.assert_allclose(found.score[0], ((30 * 5 + 30 * district) / 60 - 1) / 4 * 100, rtol=1e-14)
    np.testing.assert_allclose(found.score[2], (district - 1) / 4 * 100, rtol=1e-14)
    assert abs(found.score[1] - 50) < 0.1
    np.testing.assert_array_equal(found.n, [30, 970, 1000])


def test_a_unit_without_answers_has_no_score_never_zero():
    found = satisfaction([4.0, NAN], [50, 0], scale=(1, 5))
    assert np.isnan([found.score[1], found.low[1], found.high[1], found.raw[1]]).all()
    assert found.n[1] == 0


def test_a_survey_without_any_answer_has_no_score_at_all():
    assert np.isnan(satisfaction([NAN], [0], scale=(1, 5)).score).all()


def test_the_interval_holds_the_score_narrows_with_answers_and_stays_on_the_scale():
    found = satisfaction([4.9, 4.0], [10, 4000], scale=(1, 5))
    assert (found.low <= found.score).all()
    assert (found.score <= found.high).all()
    assert found.high[1] - found.low[1] < found.high[0] - found.low[0]
    assert found.high.max() <= 100


def test_an_answer_off_the_scale_is_refused():
    with pytest.raises(ValueError, match=r"mean\[0\] = 6.0: an answer is 1 to 5"):
        satisfaction([6.0], [3], scale=(1, 5))


def test_without_shrinking_a_unit_without_answers_has_no_score_and_others_their_own_mean():
    found = satisfaction([4.0, NAN], [50, 0], scale=(1, 5), k=0.0)
    np.testing.assert_allclose(found.score, [75, NAN, 75])
    assert np.isnan([found.low[1], found.high[1]]).all()


def test_equal_numbers_of_answers_give_efron_and_morriss_estimator():
    # Six means about 3.5 with a sum of squares of 0.70, s^2 / n = 1 / 20: tau^2 = 0.70 / 3 - 0.05 and k = s^2 / tau^2.
    means = np.array([3.0, 3.2, 3.5, 3.5, 3.8, 4.0])
    squares = float(((means - 3.5) ** 2).sum())
    found = satisfaction(means, np.full(6, 20), scale=(1, 5), spread=1.0)
    k = 1 / (squares / 3 - 0.05)
    assert found.k_source == "estimated"
    assert found.k == pytest.approx(k, rel=1e-9)
    np.testing.assert_allclose(found.score[:6], ((20 * means + k * 3.5) / (20 + k) - 1) * 25, rtol=1e-9)


def test_units_that_differ_no_more_than_their_answers_are_all_the_district():
    found = satisfaction([3.5, 3.52, 3.48, 3.5, 3.51], np.full(5, 10), scale=(1, 5), spread=1.0)
    assert (found.k_source, found.k) == ("no_difference", np.inf)
    np.testing.assert_allclose(found.score[:5], found.score[5])
    assert (found.high > found.low).all()


@pytest.mark.parametrize(
    "case",
    [
        {"n_units": FEWEST_UNITS - 1, "spread": 1.0},
        {"n_units": 20, "spread": None},
        {"n_units": 20, "spread": 0.0},
        {"n_units": 20, "spread": 1.0, "k": 30.0},
    ],
)
def test_k_is_fixed_and_said_so_where_units_are_few_no_spread_is_known_or_the_config_says_it(case):
    means = np.random.default_rng(1).uniform(2, 5, case["n_units"])
    found = satisfaction(means, np.full(len(means), 12), scale=(1, 5), spread=case["spread"], k=case.get("k"))
    assert (found.k, found.k_source) == (30.0, "fixed")


def test_a_units_weight_in_the_districts_mean_is_its_people():
    found = satisfaction([5.0, 2.0], [900, 10], scale=(1, 5), spread=1.0, people=[1000, 3000])
    assert found.score[2] == pytest.approx(((5 * 1 + 2 * 3) / 4 - 1) * 25)
    # A unit without answers has no part in it, however many live there.
    with_silent = satisfaction([5.0, 2.0, NAN], [900, 10, 0], scale=(1, 5), spread=1.0, people=[1000, 3000, 9e6])
    assert with_silent.score[3] == pytest.approx(found.score[2])


def test_one_answer_is_no_certainty_whatever_it_says():
    for spread in (None, 0.0):
        found = satisfaction([5.0, 4.0], [1, 40], scale=(1, 5), spread=spread)
        assert found.high[0] - found.low[0] > 60
    # All forty of a unit said 5, and nobody anything else: still no certainty.
    assert satisfaction([5.0], [40], scale=(1, 5)).low[0] < 96


def test_intervals_of_a_fixed_k_are_those_of_the_own_answers_and_hold_the_score():
    # Student's t of 98 degrees of freedom is 1.9845; the score of the first lies outside and is let in.
    found = satisfaction([3.0, 4.0], [70, 30], scale=(1, 5), spread=1.0)
    half, own = 1.984467 / np.sqrt([70, 30]), np.array([3.0, 4.0])
    scores = found.score[:2] / 25 + 1
    np.testing.assert_allclose(found.low[:2] / 25 + 1, np.minimum(own - half, scores), rtol=1e-6)
    np.testing.assert_allclose(found.high[:2] / 25 + 1, np.maximum(own + half, scores), rtol=1e-6)


def covered(n_units, answers, tau, *, seed, people=False, discrete=False, draws=150):
    """Give how often the 95 % intervals hold the units' true means."""
    rng = np.random.default_rng(seed)
    hits = []
    for _ in range(draws):
        n = rng.integers(*answers, n_units, endpoint=True)
        true = np.clip(3.4 + tau * rng.standard_normal(n_units), 1.2, 4.8)
        if discrete:
            single = [1 + rng.binomial(4, (m - 1) / 4, k) for m, k in zip(true, n, strict=True)]
        else:
            single = [m + 0.8 * rng.standard_normal(k) for m, k in zip(true, n, strict=True)]
        mean = np.array([a.mean() for a in single])
        spread = np.sqrt(sum(((a - a.mean()) ** 2).sum() for a in single) / (n - 1).sum())
        # The scale is wide, so that no mean is off it.
        found = satisfaction(
            mean, n, scale=(-9, 15), spread=spread, people=rng.pareto(1.5, n_units) + 0.1 if people else None
        )
        truth = (true + 9) / 24 * 100
        hits.append((found.low[:-1] <= truth) & (truth <= found.high[:-1]))
    return float(np.mean(hits))


@pytest.mark.parametrize("tau", [0.2, 0.5, 1.0])
@pytest.mark.parametrize(("n_units", "answers"), [(5, (5, 40)), (12, (5, 40)), (12, (50, 300)), (30, (2, 60))])
@pytest.mark.parametrize("discrete", [False, True])
def test_95_percent_intervals_hold_the_true_mean_in_93_to_97_of_a_hundred(n_units, answers, tau, discrete):
    share = covered(n_units, answers, tau, seed=n_units, discrete=discrete, draws=1800 // n_units)
    assert 0.93 <= share <= 0.975


@pytest.mark.parametrize("n_units", [6, 20])
def test_weights_of_people_leave_the_intervals_as_good(n_units):
    assert 0.93 <= covered(n_units, (5, 60), 0.5, seed=n_units, people=True, draws=2400 // n_units) <= 0.975


@pytest.mark.parametrize("n_units", [2, 4])
def test_intervals_of_few_units_hold_the_true_mean_too(n_units):
    assert 0.93 <= covered(n_units, (5, 60), 0.6, seed=3, draws=600) <= 0.98


def test_where_units_do_not_differ_intervals_are_wide_rather_than_wrong():
    assert covered(12, (5, 40), 0.0, seed=1) >= 0.95
