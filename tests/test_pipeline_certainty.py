"""How sure a share is: drawn anew under what is not known, the plain run where all is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import circle15
from circle15.config.model import load_config
from circle15.errors import ConfigError
from circle15.pipeline.draws.certainty_table import draw_certainty
from circle15.pipeline.fit.street_check import unit_access
from circle15.pipeline.study.clock import Clock
from circle15.pipeline.study.read_study import read_study
from circle15.pipeline.tables.measured import measure_service
from tests.certain_town import SPREAD, doubts, write_town

CLINICS = [(200, 100, "10"), (1500, 430, "约20"), (1530, 430, "30")]


def drawn(path, **changes):
    """Read and draw a town; give its study, its services and the draws."""
    study = read_study(load_config(path), Clock(None))
    services = [measure_service(layer, study) for layer in study.config.layers]
    return study, services, draw_certainty(study, services, **changes)


@pytest.mark.parametrize("rule", ["minutes = 5", "minutes = 5\nmin_count = 2", "metres = 400",
                                  "minutes = 5\nnorm_per_1000 = 20", 'minutes = 5\nprofile = "waiter"'])  # fmt: skip
def test_one_draw_without_noise_is_the_plain_run_to_the_bit(tmp_path, rule):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, rule=rule, more=doubts(draws=1))
    _, (service,), found = drawn(path)
    one = found.of_layer("clinic")
    assert (one.covered(0) == service.covered).all()
    assert 0 < service.covered.mean() < 1
    row = found.table.iloc[-1]
    for column in ("p05", "p50", "p95"):
        assert found.table[column].tolist() == found.table["covered_share"].tolist()
    assert row["sd"] == row["sd_positions"] == row["sd_speed"] == row["sd_people"] == 0
    assert row["main_factor"] == ""
    if service.has_norm:
        assert row["gap_p50"] == pytest.approx(service.gap.sum(), rel=1e-12)
    assert (one.probability() == service.covered).all()


def test_draws_are_the_same_bytes_whatever_the_threads_and_fewer_are_the_first_of_more(tmp_path):
    more = doubts(draws=70, position=30, speed=0.05, people=0.3)
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, rule="minutes = 5\nnorm_per_1000 = 20", more=more)
    frames = [circle15.certainty(path, draws=70, threads=n) for n in (1, 3)]
    assert frames[0].to_csv() == frames[1].to_csv()
    assert frames[0]["sd"].iloc[-1] > 0
    few, many = drawn(path, draws=40)[2].services[0], drawn(path, draws=70, threads=2)[2].services[0]
    assert (few.shares == many.shares[:40]).all()
    assert (few.gap == many.gap[:40]).all()


def test_seeds_are_taken_as_numpy_takes_them(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(position=30))
    by_number, by_sequence, other = (
        circle15.certainty(path, draws=20, seed=s).to_csv() for s in (7, np.random.SeedSequence(7), 8)
    )
    assert by_number == by_sequence != other
    generator = np.random.default_rng(7)
    first, second = (circle15.certainty(path, draws=20, seed=generator).to_csv() for _ in range(2))
    assert first != second
    assert circle15.certainty(path, draws=20, seed=np.random.default_rng(7)).to_csv() == first


def test_without_certainty_or_with_no_draws_nothing_of_it_is_written(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD)
    text = path.read_text()
    plain = circle15.run_district(path, out=tmp_path / "plain").folder
    path.write_text(text + doubts(draws=0, position=30))
    none = circle15.run_district(path, out=tmp_path / "none").folder
    path.write_text(text + doubts(draws=20, position=30))
    some = circle15.run_district(path, out=tmp_path / "some").folder
    names = [sorted(p.name for p in folder.iterdir()) for folder in (plain, none, some)]
    assert names[0] == names[1] == sorted({*names[2]} - {"certainty.csv"})
    assert "certainty.csv" in names[2]
    for name in names[0]:
        if name != "run.json":
            assert (plain / name).read_bytes() == (none / name).read_bytes(), name
    cells = [pd.read_parquet(folder / "cells.parquet") for folder in (none, some)]
    assert set(cells[1]) - set(cells[0]) == {"clinic_covered_probability"}
    assert cells[1]["clinic_covered_probability"].between(0, 1).all()
    table = pd.read_csv(some / "certainty.csv")
    head = ["unit_id", "unit_name", "layer", "covered_share", "p05", "p50", "p95", "lower", "upper"]
    assert table.columns[:9].tolist() == head
    assert (table["draws"] == 20).all()


@pytest.mark.parametrize(("east", "west"), [(375, 375), (390, 360), (345, 420)])
def test_on_the_edge_of_the_threshold_the_probability_is_the_normals(tmp_path, east, west):
    """One street, one home, a clinic on either side: each is in reach by chance of its own."""
    path = write_town(
        tmp_path, clinics=[(1000 + east, 0, ""), (1000 - west, 0, "")], people=[(1000, 0, 9)], ys=[0],
        more=doubts(position=25),
    )  # fmt: skip
    study, (service,), found = drawn(path, draws=4000)
    home = int(np.argmax(service.people))
    walks = circle15.travel_times(
        study.network, study.linked_cells("adult"), study.linked_entrances(service.layer)[0], profile="adult",
        cutoff_s=1000,
    )  # fmt: skip
    cell = int(study.cells.cell_of_piece[home])
    seconds = walks.seconds[walks.indptr[cell] : walks.indptr[cell + 1]]
    late = 1 - norm.cdf((300 - seconds) * 1.25 / 25)
    assert len(seconds) == 2
    assert found.services[0].probability()[home] == pytest.approx(1 - late.prod(), abs=0.02)


@pytest.mark.parametrize("profile", ["adult", "waiter"])
def test_a_speed_draw_is_the_normals_and_shortens_no_wait(tmp_path, profile):
    """A signal of 60 s on the way leaves 240 of 300 s to walk in."""
    xs = range(0, 2001, 100)
    path = write_town(
        tmp_path, clinics=[(1300, 0, "")], people=[(1000, 0, 9)], ys=[0], xs=xs,
        rule=f'minutes = 5\nprofile = "{profile}"', more=doubts(speed=0.15),
    )  # fmt: skip
    osm = (tmp_path / "town.osm").read_text()
    place = osm[osm.index('<node id="13"') :].split(">")[0]  # at x = 1200
    (tmp_path / "town.osm").write_text(osm.replace(place + ">", f'{place}><tag k="highway" v="traffic_signals"/>'))
    study, (service,), found = drawn(path, draws=3000)
    home = int(np.argmax(service.people))
    stated = circle15.travel_times(
        study.network, study.linked_cells("adult"), study.linked_entrances(service.layer)[0], profile="adult",
        cutoff_s=1000,
    )  # fmt: skip
    metres = stated.seconds[stated.indptr[study.cells.cell_of_piece[home]]] * 1.25
    to_walk_in = 240 if profile == "waiter" else 300
    expected = norm.cdf((1.25 - metres / to_walk_in) / 0.15)
    assert 0.05 < expected < 0.999
    assert found.services[0].probability()[home] == pytest.approx(expected, abs=0.02)


def test_a_rule_in_metres_knows_no_speed(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, rule="metres = 400", more=doubts(speed=0.3))
    table = circle15.certainty(path, draws=30)
    assert (table["sd"] == 0).all()
    assert (table["p05"] == table["covered_share"]).all()


def test_official_totals_are_kept_in_every_draw(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(people=0.5))
    path.write_text(path.read_text().replace('crs = "wgs84"\n[[layer]]', 'crs = "wgs84"\ntotal = 5000\n[[layer]]', 1))
    study, _, found = drawn(path, draws=5)
    world = found.world
    for draw in range(5):
        assert world.people("all", draw).sum() == pytest.approx(5000)
        assert not np.allclose(world.people("all", draw), study.people.groups["all"])


def test_facilities_in_one_place_move_as_one_and_others_do_not_mind_them(tmp_path):
    more = doubts(position=30)
    both = write_town(tmp_path, clinics=[CLINICS[0], CLINICS[0], (1530, 400, "")], people=SPREAD, more=more)
    _, _, twice = drawn(both, draws=30)
    (tmp_path / "one").mkdir()
    alone = write_town(tmp_path / "one", clinics=[CLINICS[0], (1530, 400, "")], people=SPREAD, more=more)
    _, _, once = drawn(alone, draws=30)
    assert (twice.services[0].packed["all"] == once.services[0].packed["all"]).all()


def test_no_facility_is_drawn_across_a_river_or_off_the_streets(tmp_path):
    from circle15.measures.random_draws import seed_sequence  # noqa: PLC0415 (this test alone)
    from circle15.pipeline.draws.drawn_places import DrawnPlaces  # noqa: PLC0415 (this test alone)

    river = {9001: (-100, 130), 9002: (2100, 130)}
    path = write_town(
        tmp_path, clinics=[(500, 110, ""), (1950, 480, "")], people=SPREAD, nodes=river, more=doubts(position=60),
        ways=[(900, [9001, 9002], "waterway=river")],
    )  # fmt: skip
    study = read_study(load_config(path), Clock(None))
    layer = study.config.layers[0]
    places = DrawnPlaces.of(study, layer, seed_sequence(1), 200, 60.0)
    lat = study.network.node_lat
    for at in places:
        assert (at.edge >= 0).all()
        tail, head = study.network.tail[at.edge[0]], study.network.head[at.edge[0]]
        assert (lat[tail] + at.fraction[0] * (lat[head] - lat[tail])) < 30.0 + 130 / 111_190


def test_a_table_of_doubts_names_layers_and_profiles_that_there_are(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD)
    text = path.read_text()
    for bad, said in (("position_m = { clinik = 3.0 }", "did you mean 'clinic'"), ("speed_sd = { adlt = 0.1 }", "adult"),
                      ("draws = -1", "draws"), ("people_cv = -0.1", "people_cv")):  # fmt: skip
        path.write_text(f"{text}[certainty]\n{bad}\n")
        with pytest.raises(ConfigError, match=said):
            load_config(path)


def test_places_are_as_sure_as_their_source(root):
    from circle15.config.certainty import CertaintyTable  # noqa: PLC0415 (this test alone)

    layer = load_config(root / "data" / "monaco.toml").layers[0]
    table = CertaintyTable()
    sources = {"osm:amenity=school": 10, "a.csv": 30}
    assert {s: table.position_of(layer.model_copy(update={"source": s})) for s in sources} == sources
    for crs, metres in (("gcj02", 30), ("cgcs2000", 5), ("EPSG:4549", 5), ("wgs84", 30)):
        assert table.position_of(layer.model_copy(update={"source": "a.csv", "crs": crs})) == metres
    one = CertaintyTable(position_m={layer.id: 12.0})
    assert one.position_of(layer) == 12
    assert one.position_of(layer.model_copy(update={"id": "other"})) == 10


def test_a_capacity_that_is_stated_as_about_is_drawn_and_others_are_not(tmp_path):
    path = write_town(
        tmp_path, clinics=CLINICS, people=SPREAD, rule="minutes = 5\nnorm_per_1000 = 200", more=doubts(),
    )  # fmt: skip
    from circle15.pipeline.draws.drawn_services import capacity_factors  # noqa: PLC0415 (this test alone)

    _, (service,), found = drawn(path, draws=50)
    factors = capacity_factors(found.world, service)
    assert factors.std(axis=0).tolist() == [0, pytest.approx(0.1, rel=0.4), 0]
    gap = found.services[0].gap[:, -1]
    assert gap.std() > 0
    assert found.table["sd"].iloc[-1] == 0


def test_the_share_as_mapped_lies_between_the_bounds_of_what_the_map_lacks(root):
    study, _, found = drawn(root / "data" / "sample" / "sample.toml", draws=2)
    table = found.table
    assert (table["lower"] <= table["covered_share"]).all()
    assert (table["covered_share"] <= table["upper"]).all()
    assert (table["upper"] > table["covered_share"]).any()
    access = unit_access(study).set_index("unit_id")["street_km_per_km2"]
    assert table["street_km_per_km2"].tolist() == pytest.approx(access.loc[table["unit_id"]].tolist(), rel=1e-12)


def test_a_district_that_is_its_own_unit_has_bounds_too(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(draws=1))
    row = drawn(path)[2].table.iloc[-1]
    assert 0 <= row["lower"] <= row["covered_share"] <= row["upper"] <= 1
    assert row["street_km_per_km2"] >= 0 or np.isnan(row["street_km_per_km2"])


def test_arrays_alone_give_what_a_config_gives_and_the_plain_coverage_without_errors(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(position=30, speed=0.05))
    study, (service,), found = drawn(path, draws=20)
    cells = study.linked_cells("adult").take(study.cells.cell_of_piece)
    lon, lat = (study.facilities[c].to_numpy() for c in ("lon", "lat"))
    known = {"profile": "adult", "threshold_s": 300.0, "people": service.people, "unit": study.unit_of_piece}
    plain = circle15.coverage_certainty(study.network, cells, lon, lat, draws=2, **known)
    assert (plain.probability == service.covered).all()
    for threads in (1, 3):
        again = circle15.coverage_certainty(
            study.network, cells, lon, lat, position_m=30, speed_sd=0.05, draws=20, seed=15, threads=threads, **known
        )
        assert (again.shares == found.services[0].shares).all()
        assert again.interval.p05.tolist() == found.table["p05"].tolist() * 2
    two = circle15.coverage_certainty(study.network, cells, lon, lat, min_count=2, draws=1, **known)
    assert two.probability.sum() < plain.probability.sum()
    with pytest.raises(ValueError, match="position_m"):
        circle15.coverage_certainty(study.network, cells, lon, lat, position_m=-1, **known)


def test_the_share_from_every_home_is_that_of_walking_from_each(tmp_path):
    people = [(x + 20, y + dy, 3) for y in (0, 200, 400) for x in range(0, 2001, 50) for dy in (10, 60)]
    path = write_town(tmp_path, clinics=CLINICS, people=people, more=doubts(draws=1))
    study, (service,), found = drawn(path)
    homes = study.people.homes
    at = circle15.link(study.network, homes.lon, homes.lat, profile="adult")
    entrances, _ = study.linked_entrances(service.layer)
    near = circle15.nearest(study.network, at, entrances, profile="adult", cutoff_s=300).seconds <= 300
    assert found.table["homes_share"].iloc[-1] == pytest.approx(np.average(near, weights=homes.people))
    assert found.table["homes_share"].iloc[-1] != found.table["covered_share"].iloc[-1]
