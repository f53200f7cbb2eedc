"""Tables of one shape, which are from one hand, are judged together where each by itself tells too little."""

import numpy as np
import pytest

from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.pipeline.study.table_systems import Coordinates, SystemJudge
from tests.made_tables import beside, uneven_town

AMAP = ("name", "address", "lng", "lat")


@pytest.fixture(scope="module")
def judge():
    network = uneven_town()
    return network, SystemJudge(network, area=None, read_names=None)


def tables(network, n_places, *, headings=AMAP, last_is_wgs84=False, seed=1):
    """Give three tables in GCJ-02 of a few places each, the last in WGS-84 where asked."""
    rng = np.random.default_rng(seed)
    places = [beside(network, n_places, rng, noise_m=40) for _ in range(3)]
    moved = [wgs84_to_gcj02(*p) for p in places[:2]] + [places[2] if last_is_wgs84 else wgs84_to_gcj02(*places[2])]
    shapes = headings if isinstance(headings, list) else [headings] * 3
    return {
        name: Coordinates(x, y, None, (), (), own)
        for name, (x, y), own in zip(("clinic", "canteen", "nursery"), moved, shapes, strict=True)
    }


def test_tables_of_one_shape_that_tell_too_little_alone_tell_it_together(judge):
    network, judge = judge
    few = tables(network, 16)
    alone = [judge.judge({name: table})[name] for name, table in few.items()]
    assert not any(told.is_sure for told in alone)
    ((names, told),) = judge.judge(few).items()
    assert (names, told.best, told.is_sure) == ("clinic, canteen, nursery", "gcj02", True)


def test_tables_of_other_headings_stay_by_themselves(judge):
    network, judge = judge
    few = tables(network, 16, headings=[AMAP, ("名称", "经度", "纬度"), ("title", "x", "y")])
    assert sorted(judge.judge(few)) == sorted(few)


def test_one_of_another_system_keeps_its_companions_from_speaking_for_it(judge):
    network, judge = judge
    for seed in range(4):
        told = judge.judge(tables(network, 30, last_is_wgs84=True, seed=seed))
        speaks = next(found for names, found in told.items() if "nursery" in names.split(", "))
        assert not (speaks.is_sure and speaks.best != "wgs84")
