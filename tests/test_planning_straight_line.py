import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle15.network.streets.segments import haversine_m
from circle15.planning import straight_line
from circle15.planning.straight_line import chord_to_metres, metres_to_chord, straight_to_kth


def test_metres_and_chords_are_each_others_inverse():
    assert chord_to_metres(metres_to_chord(1234.5)) == pytest.approx(1234.5)
    assert np.isinf(chord_to_metres(np.inf))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_the_kth_facility_straight_ahead_equals_sorting_all_of_them(data):
    degree = st.floats(-0.02, 0.02)
    n, m = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 9))
    lon, lat = (np.array(data.draw(st.lists(degree, min_size=n, max_size=n))) for _ in range(2))
    place_lon, place_lat = (np.array(data.draw(st.lists(degree, min_size=m, max_size=m))) for _ in range(2))
    facility = np.array(data.draw(st.lists(st.integers(0, 3), min_size=m, max_size=m)))
    k = data.draw(st.integers(1, 4))
    found = straight_to_kth(lon + 118.7, lat + 32.0, place_lon + 118.7, place_lat + 32.0, facility=facility, k=k)
    for i in range(n):
        each = haversine_m(lon[[i]] + 118.7, lat[[i]] + 32.0, place_lon + 118.7, place_lat + 32.0)
        nearest = sorted(each[facility == f].min() for f in np.unique(facility))
        assert found[i] == pytest.approx(nearest[k - 1] if len(nearest) >= k else np.inf, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), m=st.integers(1, 40), k=st.integers(1, 4))
def test_few_pairs_give_to_the_bit_what_a_tree_gives(seed, n, m, k):
    rng = np.random.default_rng(seed)
    lon, lat, place_lon, place_lat = (rng.uniform(-0.03, 0.03, size).round(3) + 29.9 for size in (n, n, m, m))
    facility = rng.integers(0, 6, m)
    few = straight_to_kth(lon, lat, place_lon, place_lat, facility=facility, k=k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight_line, "FEW_PAIRS", 0)
        many = straight_to_kth(lon, lat, place_lon, place_lat, facility=facility, k=k)
    assert few.tobytes() == many.tobytes()


def test_without_facilities_the_nearest_is_infinitely_far():
    nothing = np.empty(0)
    found = straight_to_kth(np.array([1.0]), np.array([2.0]), nothing, nothing, facility=np.empty(0, dtype=np.int64))
    assert np.isinf(found).all()
