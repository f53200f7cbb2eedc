"""The measures of access that a layer may ask for, on a made town."""

import numpy as np
import pytest

from circle15.config.layer import LayerTable
from circle15.config.model import load_config
from circle15.measures.rational import rational_agent_cost
from circle15.pipeline import run_district
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.measured import measure_service
from tests.chinese_town import Town

KEYS = 'crs = "wgs84"\naccess_measures = ["balanced", "raam", "cumulative", "gravity"]\nraam_minutes = 20'


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measures")
    town = Town(folder, layer_keys=KEYS, tail='[outputs]\nwrite = ["cells", "measures", "coverage"]')
    config = town.write()
    town.write_table(*town.places(8))
    run = run_district(config, out=folder / "out")
    study = read_study(load_config(config), Clock())
    return run, measure_service(study.config.layers[0], study)


def test_every_measure_has_a_column_of_cells_and_a_row_of_every_unit(measured):
    run, _ = measured
    table = run.result.tables["access_measures"]
    assert (run.folder / "access_measures.csv").is_file()
    assert sorted(table.groupby("unit_id")["access_measure"].apply(tuple).iloc[0]) == sorted(
        ("balanced", "raam", "cumulative", "gravity")
    )
    for name in ("balanced", "raam", "cumulative", "gravity"):
        assert f"nursery_{name}" in run.result.cells


def test_the_cells_measures_are_those_of_their_formulas(measured):
    run, service = measured
    cells, demand = run.result.cells, service.demand
    dense = np.full((len(demand.people), len(service.supply)), np.nan)
    dense[np.repeat(np.arange(len(demand.people)), np.diff(demand.times.indptr)), demand.times.destination] = (
        demand.times.seconds
    )
    inside = dense[: len(cells)]
    thirds = np.nan_to_num(np.select([inside <= 200, inside <= 400, inside <= 600], [1, 0.68, 0.22], 0.0))
    linked = service.is_linked
    np.testing.assert_allclose(
        cells["nursery_cumulative"][linked], (np.nan_to_num(inside <= 600) @ service.supply)[linked]
    )
    np.testing.assert_allclose(cells["nursery_gravity"][linked], (thirds @ service.supply)[linked])
    cost = rational_agent_cost(demand.times, supply=service.supply, demand=demand.people, tau_s=1200.0)
    np.testing.assert_allclose(cells["nursery_raam"], np.where(linked, cost[: len(cells)], np.nan))


def test_bfca_hands_out_every_facilitys_level_of_service_among_cells_where_people_live(measured):
    run, service = measured
    t, people = service.demand.times, service.demand.people
    row = np.repeat(np.arange(len(people)), np.diff(t.indptr))
    weight = np.select([t.seconds <= 200, t.seconds <= 400], [1, 0.68], 0.22) * (people[row] > 0)
    total = np.bincount(row, weight, len(people))
    share = np.divide(weight, total[row], out=np.zeros_like(weight), where=total[row] > 0)
    load = np.bincount(t.destination, share * people[row], len(service.supply))
    level = service.supply / load
    whole = run.result.tables["access_measures"].set_index(["unit_id", "access_measure"]).loc[("town", "balanced")]
    assert whole["value"] == pytest.approx(level.sum(), rel=1e-9)


def test_means_are_of_people_who_have_a_value_and_the_whole_is_theirs_too(measured):
    run, service = measured
    cells = run.result.cells
    table = run.result.tables["access_measures"].set_index(["unit_id", "access_measure"])
    known = cells["nursery_raam"].notna()
    row = table.loc[("town", "raam")]
    assert row["people"] == pytest.approx(service.people[known].sum())
    assert row["value"] == pytest.approx(np.average(cells["nursery_raam"][known], weights=service.people[known]))


def test_a_walk_tau_without_raam_and_a_measure_named_twice_are_refused():
    with pytest.raises(ValueError, match="raam_minutes needs access_measures"):
        LayerTable(id="a", name="a", source="a.csv", raam_minutes=10)
    with pytest.raises(ValueError, match="names a measure twice"):
        LayerTable(id="a", name="a", source="a.csv", access_measures=("raam", "raam"))
