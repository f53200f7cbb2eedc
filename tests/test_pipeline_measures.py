"""coverage_measures.csv: minutes, metres and straight lines of one run, side by side."""

import numpy as np
import pytest
import shapely

from circle15 import read_network
from circle15.config.model import load_config, parse_config
from circle15.network.graph import metres_network
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.layer_facilities import read_services
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.study.table_warnings import table_warnings
from circle15.pipeline.tables.measured import measure_service
from circle15.pipeline.tables.measures_table import STANDARD_METRES, coverage_measures_table, distances
from tests.toy_osm import write_osm

CONFIG = """
[district]
id = "monaco"
name = "Monaco"
boundary = "osm:admin_level=8,name=Monaco"
units = "osm:admin_level=10"
lang = "en"
[network]
source = "{pbf}"
[walk.adult]
like = "adult"
[walk.elderly]
like = "elderly"
[cells]
resolution = 10
[population]
source = "buildings"
total = 35881
[[layer]]
id = "pharmacy"
name = "Pharmacy"
source = "osm:amenity=pharmacy"
minutes = 10
[[layer]]
id = "school"
name = "School"
source = "osm:amenity=school"
metres = 500
profile = "elderly"
min_count = 2
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory, monaco_pbf):
    path = tmp_path_factory.mktemp("measures") / "monaco.toml"
    path.write_text(CONFIG.format(pbf=monaco_pbf))
    study = read_study(load_config(path), Clock(None))
    return study, [measure_service(layer, study) for layer in study.config.layers]


def test_the_straight_line_covers_every_cell_that_the_streets_cover(measured):
    study, services = measured
    bare = metres_network(study.network)
    for service in services:
        found = distances(study, service, bare)
        speed = study.config.walk[service.layer.profile].speed_m_s
        for metres in (*STANDARD_METRES, *range(50, 1000, 50)):
            assert not ((found.walked_m <= metres) & ~(found.straight_m <= metres)).any()
        own_m = service.threshold_s * speed
        assert not (service.covered & ~(found.straight_m <= own_m)).any()
        walked = np.isfinite(found.walked_m)
        assert (found.straight_m[walked] <= found.walked_m[walked]).all()
        assert (found.straight_m[walked] < 0.95 * found.walked_m[walked]).mean() > 0.5


def test_each_unit_and_layer_has_every_measure_once_and_minutes_are_those_of_coverage(measured):
    study, services = measured
    table = coverage_measures_table(study, services)
    counts = table.groupby(["unit_id", "layer"]).size()
    assert (counts == 2 + 2 * len(STANDARD_METRES)).all()
    assert len(counts) == 2 * (study.n_units + 1)
    total = table[(table["unit_id"] == study.district.id) & (table["measure"] == "minutes")]
    expected = [service.people[service.covered].sum() for service in services]
    assert total["covered_people"].tolist() == pytest.approx(expected)


def test_by_people_the_straight_line_never_says_less_in_any_unit(measured):
    study, services = measured
    table = coverage_measures_table(study, services)
    keys = ["unit_id", "layer", "threshold_m"]
    straight = table[table["measure"] == "straight_line"].drop_duplicates(keys).set_index(keys)["covered_people"]
    walked = table[table["measure"] != "straight_line"].set_index(keys)["covered_people"]
    assert (straight.loc[walked.index].to_numpy() >= walked.to_numpy() - 1e-6).all()


def test_objects_lost_or_counted_as_another_are_in_the_counts_and_the_lost_ones_are_named(tmp_path):
    corners = {i: (x, y) for i, (x, y) in enumerate(((0, 0), (0, 0.01), (0.01, 0.01), (0.01, 0)), start=1)}
    clinic = {"amenity": "clinic"}
    path = write_osm(
        tmp_path / "town.osm",
        nodes={**corners, 9: (0.005, 0.005, clinic)},
        ways=[
            (20, [1, 2, 3, 4], "highway=residential"),
            (21, [1, 2, 3, 4, 1], {**clinic, "name": "A", "capacity": "10-20"}),
            (22, [1, 77, 78, 1], {**clinic, "name": "B"}),
        ],
    )
    raw = {
        "district": {"id": "town", "name": "Town", "boundary": "box:0,0,0.01,0.01", "lang": "en"},
        "network": {"source": "town.osm"},
        "population": {"source": "buildings", "total": 5},
        "layer": [{"id": "clinic", "name": "Clinic", "source": "osm:amenity=clinic"}],
    }
    config = parse_config(raw, tmp_path / "town.toml")
    found = read_services(config, read_network(path, cache=False), shapely.box(-0.01, -0.01, 0.02, 0.02))
    assert found.counts["clinic"] == {
        "read": 2, "left_out": 1, "beyond_buffer": 0, "in_study_area": 1, "counted_as_another": 1, "capacities_not_read": 1
    }  # fmt: skip
    assert [(d.source, d.name, d.reason) for d in found.dropped] == [("osm:w22", "B", "not_whole")]
    assert [w.en for w in table_warnings(config, found)] == [
        "Clinic: 1 of 2 objects were left out (its outline is not whole in the OSM file 1); see unlinked.csv"
    ]
