"""The four-dimension portrait on a case worked by hand, and the stability of its ranks."""

import numpy as np
import pandas as pd
import pytest

from circle15.measures.portrait import (
    IndexWeights,
    UnitMeasures,
    portrait,
    portrait_layers,
    rank_interval,
    unit_quality_share,
    worst_of,
)
from circle15.said import in_

NAN = np.nan
UNITS = pd.DataFrame({"unit_id": ["a", "b", "c"], "unit_name": ["甲街道", "乙街道", "丙镇"]})
LAYERS = ("nursery", "sport")


def measures(**changed):
    values = {
        "match": np.array([[0.5, 1.0, NAN], [NAN, 0.8, NAN]]),
        "covered_share": np.array([[0.9, 0.9, NAN], [0.7, 0.9, NAN]]),
        "used_ratio": np.array([[1.5, 0.3, NAN], [NAN, NAN, NAN]]),
        "gini": np.array([[0.2, 0.4, NAN], [0.4, 0.4, NAN]]),
        "quality_share": np.array([[0.5, 0.6, NAN], [NAN, NAN, NAN]]),
        "satisfaction": np.array([80.0, NAN, NAN]),
    }
    return UnitMeasures(**(values | changed))


def test_the_four_dimensions_are_means_over_the_layers_that_have_a_value():
    found = portrait(UNITS, LAYERS, measures())
    np.testing.assert_allclose(found["匹配度"], [50, 90, NAN])
    np.testing.assert_allclose(found["可及度"], [80, 90, NAN])
    np.testing.assert_allclose(found["饱和度"], [100, 30, NAN])
    np.testing.assert_allclose(found["满意度"], [80, NAN, NAN])


def test_the_worst_dimension_and_its_layer_are_named_and_overfull_does_not_pass_for_good():
    found = portrait(UNITS, LAYERS, measures())
    np.testing.assert_allclose(found["saturation_score"], [100 / 1.5, 50, NAN])
    assert [in_(d, "zh") for d in found["worst_dimension"]] == ["匹配度", "饱和度", ""]
    assert found["worst_layer"].tolist() == ["nursery", "nursery", ""]
    assert [in_(d, "en") for d in found["worst_dimension"]] == ["match", "saturation", ""]


def test_the_index_is_the_weighted_geometric_mean_of_equity_access_and_quality():
    found = portrait(UNITS, LAYERS, measures(), weights=IndexWeights(equity=2, access=1, quality=1))
    expected = 100 * 0.7**0.5 * 0.8**0.25 * 0.5**0.25
    assert found["index"][0] == pytest.approx(expected, rel=1e-12)
    assert set(found["index_parts"]) == {"equity+access+quality"}


def test_a_part_that_no_unit_has_is_left_out_of_the_index_for_all_and_said_so():
    found = portrait(UNITS, LAYERS, measures(quality_share=np.full((2, 3), NAN)))
    assert set(found["index_parts"]) == {"equity+access"}
    assert found["index"][1] == pytest.approx(100 * np.sqrt(0.6 * 0.9), rel=1e-12)


def test_a_unit_without_people_has_an_empty_row_and_no_rank():
    row = portrait(UNITS, LAYERS, measures()).iloc[2]
    assert row[["匹配度", "可及度", "饱和度", "满意度", "index", "rank", "rank_best", "rank_worst"]].isna().all()


def test_the_unit_where_nobody_is_covered_is_last_and_not_out_of_the_ranking():
    found = portrait(
        UNITS,
        LAYERS,
        measures(
            covered_share=np.array([[0.9, 0.5, 0.0], [0.7, 0.5, 0.0]]),
            quality_share=np.array([[0.5, 0.5, NAN], [NAN, NAN, NAN]]),
        ),
    )
    assert found["index"][2] == 0
    assert found[["rank", "rank_best", "rank_worst"]].to_numpy().tolist() == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


def test_a_portrait_without_any_measure_is_empty_not_zero():
    nothing = measures(
        **{k: np.full((2, 3), NAN) for k in ("match", "covered_share", "used_ratio", "gini", "quality_share")}
    )
    found = portrait(UNITS, LAYERS, nothing)
    assert found["index"].isna().all()
    assert set(found["index_parts"]) == {""}


def test_layers_weigh_as_the_config_says():
    found = portrait(UNITS, LAYERS, measures(), weights=IndexWeights(layers={"sport": 3.0}))
    assert found["可及度"][0] == pytest.approx(100 * (0.9 + 3 * 0.7) / 4)


def test_a_unit_that_leads_in_every_part_is_first_under_all_weights():
    best, worst = rank_interval([[0.9, 0.5, 0.4], [0.8, 0.5, 0.9]], [1, 1], seed=15, draws=500)
    assert (best[0], worst[0]) == (1, 1)
    assert (best[1], worst[1]) == (3, 3)


def test_units_that_trade_places_have_an_interval_and_the_same_seed_gives_the_same():
    parts = [[0.81, 0.8, 0.2], [0.8, 0.81, 0.2]]
    best, worst = rank_interval(parts, [1, 1], seed=15, draws=500)
    np.testing.assert_array_equal(best, [1, 1, 3])
    np.testing.assert_array_equal(worst, [2, 2, 3])
    again = rank_interval(parts, [1, 1], seed=15, draws=500)
    np.testing.assert_array_equal(again, (best, worst))


def test_the_rank_lies_within_its_interval():
    rng = np.random.default_rng(2)
    units = pd.DataFrame({"unit_id": [str(i) for i in range(20)], "unit_name": ""})
    values = {k: rng.random((2, 20)) for k in ("match", "covered_share", "used_ratio", "gini", "quality_share")}
    found = portrait(units, LAYERS, UnitMeasures(**values, satisfaction=rng.random(20) * 100))
    assert (found["rank_best"] <= found["rank"]).all()
    assert (found["rank"] <= found["rank_worst"]).all()
    assert sorted(found["rank"]) == list(range(1, 21))


def test_renumbering_units_renumbers_rows_and_nothing_else():
    order = [1, 2, 0]
    given = {k: getattr(measures(), k) for k in UnitMeasures.__slots__}
    turned = UnitMeasures(**{k: None if v is None else v[..., order] for k, v in given.items()})
    found = portrait(UNITS.iloc[order], LAYERS, turned).set_index("unit_id").sort_index()
    pd.testing.assert_frame_equal(found, portrait(UNITS, LAYERS, measures()).set_index("unit_id"))


def test_the_numbers_behind_have_a_row_per_unit_and_layer():
    found = portrait_layers(UNITS, LAYERS, measures())
    assert found[["unit_id", "layer"]].to_numpy().tolist()[:3] == [["a", "nursery"], ["a", "sport"], ["b", "nursery"]]
    np.testing.assert_allclose(found["covered_share"][:4], [0.9, 0.7, 0.9, 0.9])


def test_quality_share_is_the_flagged_part_of_what_people_reach():
    found = unit_quality_share([0.1, 0.0, 0.0], [0.2, 0.3, 0.0], [10, 10, 5], [0, 0, 1], 2)
    np.testing.assert_allclose(found, [1 / 5, NAN, 1 / 5])


def test_the_first_among_equally_bad_is_the_worst():
    np.testing.assert_array_equal(worst_of([[50, NAN, NAN], [50, 3, NAN]]), [0, 1, -1])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match=r"match has shape \(1, 3\); a row per layer and a column per unit is \(2, 3\)"
    ):
        portrait(UNITS, LAYERS, measures(match=np.zeros((1, 3))))
    with pytest.raises(ValueError, match="satisfaction has shape"):
        portrait(UNITS, LAYERS, measures(satisfaction=np.zeros(2)))


def index_of(gini, covered, quality=NAN, **changed):
    """Give the index of a unit of two services of which the first is as said and the second stays as it is."""
    one = UNITS.iloc[:2]
    both = {
        "match": np.full((2, 2), NAN),
        "covered_share": np.array([[covered, 0.9], [0.8, 0.8]]),
        "used_ratio": np.full((2, 2), NAN),
        "gini": np.array([[gini, 0.2], [0.3, 0.3]]),
        "quality_share": np.array([[quality, 0.2], [NAN, NAN]]),
        "satisfaction": np.full(2, NAN),
    }
    return portrait(one, LAYERS, UnitMeasures(**both, **changed)).iloc[0]


def test_a_service_that_nobody_reaches_is_the_worst_equality_and_never_beats_a_little_of_it():
    absent, little = index_of(NAN, 0.0), index_of(0.95, 0.05, 0.1)
    assert absent["equity"] == pytest.approx((0 + 0.7) / 2)
    assert (absent["absent_layers"], little["absent_layers"]) == ("nursery", "")
    assert absent["index"] < little["index"]
    # 5 % covered, all of it poor and shared as badly as can be, is no worse than nothing at all.
    assert absent["index"] <= index_of(1.0, 0.05, 0.0)["index"]


def test_absence_of_a_service_whose_facilities_state_a_quality_has_none():
    assert index_of(NAN, 0.0)["quality"] == 0
    reached_but_unsaid = index_of(0.4, 0.5)
    assert np.isnan(reached_but_unsaid["quality"])


def test_a_unit_whose_people_are_all_off_the_network_has_an_unknown_equality_not_the_worst():
    unknown = index_of(NAN, 0.0, is_unknown=np.array([[True, False], [False, False]]))
    assert unknown["equity"] == pytest.approx(0.7)
    assert unknown["absent_layers"] == ""


def test_more_coverage_and_evenness_never_lower_the_index():
    rng = np.random.default_rng(11)
    for gini, covered in rng.uniform(0, 1, (50, 2)):
        low = index_of(gini, covered, 0.5)["index"]
        assert index_of(gini * 0.9, min(1, covered * 1.1), 0.5)["index"] >= low - 1e-9
        assert index_of(NAN, 0.0)["index"] <= low + 1e-9


def test_ranks_say_of_how_many_draws_they_are():
    found = portrait(UNITS, LAYERS, measures(), weights=IndexWeights(draws=250))
    np.testing.assert_array_equal(found["rank_draws"], np.where(found["rank"].isna(), NAN, 250))


def test_a_unit_that_is_180_percent_full_says_by_how_much_beside_its_saturation_of_100():
    found = portrait(UNITS, LAYERS, measures(used_ratio=np.array([[1.8, 0.3, NAN], [NAN, NAN, NAN]])))
    np.testing.assert_allclose(found["饱和度"], [100, 30, NAN])
    np.testing.assert_allclose(found["overuse"], [80, 0, NAN])
    np.testing.assert_array_equal(found["n_overloaded"], [1, 0, NAN])
    np.testing.assert_array_equal(found["n_idle"], [0, 1, NAN])
    assert found["saturation_score"][0] == pytest.approx(100 / 1.8)


def test_the_numbers_behind_give_the_equality_that_the_index_uses():
    found = portrait_layers(UNITS, LAYERS, measures(gini=np.array([[NAN, 0.4, NAN], [0.4, 0.4, NAN]])))
    np.testing.assert_allclose(found["equity"], [0.0, 0.6, 0.6, 0.6, NAN, NAN])
