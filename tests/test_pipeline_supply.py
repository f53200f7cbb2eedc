"""What a layer's capacities are worth: a town with a norm, whose table states them for few or many facilities."""

import numpy as np
import pytest

from circle15.config.model import load_config
from circle15.doctor.check import check_config
from circle15.measures.equity import gini, lorenz
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.district_result import district_result
from circle15.pipeline.tables.measured import measure_service
from tests.chinese_town import Town

N = 10
NORM = 'crs = "wgs84"\nnorm_per_1000 = 4\ncapacity_unit = "托位"'


def measured(folder, n_stated, *, keys=NORM, lang="zh"):
    town = Town(folder, lang=lang, layer_keys=keys)
    config = town.write()
    lon, lat = town.places(N)
    rows = [
        f"园{i},{x:.7f},{y:.7f},{30 if i < n_stated else ''}" for i, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    (folder / "托育.csv").write_text("\n".join(["名称,经度,纬度,托位数", *rows]) + "\n", encoding="utf-8")
    study = read_study(load_config(config), Clock())
    service = measure_service(study.config.layers[0], study)
    return service, district_result(study, [service], None)


def test_one_stated_capacity_among_ten_is_no_supply_and_the_run_counts_places_and_says_so(tmp_path):
    service, result = measured(tmp_path, 1)
    np.testing.assert_array_equal(service.supply, np.ones(N))
    gaps = result.tables["gaps"].set_index("unit_id").loc["town"]
    assert (gaps["supply"], gaps["supply_unit"]) == (N, "处")
    assert np.isnan(gaps["need"])
    assert np.isnan(gaps["places_missing"])
    (told,) = [w for w in result.warnings if "10 处设施中仅 1 处写明容量" in w and "没有需求和缺口" in w]
    assert told in {w.zh for w in check_config(tmp_path / "town.toml").warnings}


def test_half_of_the_capacities_are_supply_and_those_that_lack_one_are_counted(tmp_path):
    service, result = measured(tmp_path, 5)
    assert service.supply.sum() == 150
    gaps = result.tables["gaps"].set_index("unit_id").loc["town"]
    assert gaps["need"] == pytest.approx(200)
    assert gaps["places_missing"] >= 50 - 1e-6
    assert any("10 处设施中有 5 处无容量" in w for w in result.warnings)


def test_the_share_that_must_state_a_capacity_is_the_configs(tmp_path):
    service, result = measured(tmp_path, 1, keys=NORM + "\nleast_capacity_share = 0.1", lang="en")
    assert service.supply.sum() == 30
    assert any("9 of 10 facilities state no capacity" in w for w in result.warnings)


def test_people_off_the_network_are_in_no_gini_and_are_counted_beside_it(tmp_path):
    town = Town(tmp_path, layer_keys=NORM, sparse_west=True)
    config = town.write()
    lon, lat = town.places(N)
    town.write_table(lon, lat)
    study = read_study(load_config(config), Clock())
    service = measure_service(study.config.layers[0], study)
    tables = district_result(study, [service], None).tables
    linked = service.is_linked & (service.people > 0)
    off = service.people[~service.is_linked].sum()
    assert off > 1000
    row = tables["equity"].set_index("unit_id").loc["town"]
    assert row["people_off_network"] == pytest.approx(off)
    assert row["gini"] == pytest.approx(gini(service.access[linked], service.people[linked]), rel=1e-12)
    assert row["gini"] < gini(service.access, service.people)
    assert row["mean_access"] == pytest.approx(np.average(service.access[linked], weights=service.people[linked]))
    curve = tables["lorenz"]
    assert curve["access_share"].to_numpy()[50] == pytest.approx(
        np.interp(0.5, *np.array([lorenz(service.access[linked], service.people[linked]).people_share,
                                  lorenz(service.access[linked], service.people[linked]).value_share])))  # fmt: skip
    gaps = tables["gaps"].set_index("unit_id").loc["town"]
    assert gaps["need_off_network"] == pytest.approx(off * 4 / 1000)
    assert gaps["places_missing"] >= gaps["need_off_network"] - 1e-6
