"""Lists of places say in how many draws each place holds, and a robust list is chosen by what most draws reach."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.model import load_config
from circle15.errors import ConfigError
from circle15.network.linking.link import link
from circle15.pipeline import compare_projects_of, rank_district, run_district, site_district
from circle15.pipeline.draws.drawn_studies import DrawnStudies
from circle15.pipeline.draws.held_choices import Candidates, hold_choice, robust_order
from circle15.pipeline.projects.sited import site_service
from circle15.pipeline.projects.siting_task import Task
from circle15.planning.ranking import rank_candidates
from tests.certain_town import SPREAD, at, doubts, write_town
from tests.test_pipeline_certainty import drawn

HELD = ["first_share", "top3_share", "chosen_share", "gain_p10", "no_regret", "depends_on"]
CLINICS = [(200, 100, ""), (1500, 430, "")]


def test_without_noise_every_listed_place_holds_in_every_draw_and_the_list_is_the_plain_one(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD)
    plain = rank_district(path, top=3).table
    path.write_text(path.read_text() + doubts(draws=4))
    table = rank_district(path, top=3).table
    pd.testing.assert_frame_equal(table[plain.columns], plain)
    assert table["first_share"].tolist() == [1, 0, 0]
    assert (table[["top3_share", "chosen_share"]] == 1).all(axis=None)
    assert table["gain_p10"].tolist() == pytest.approx(table["newly_covered_people"].tolist())
    assert table["no_regret"].all()
    assert (table["depends_on"] == "").all()


def test_shares_are_those_of_ranking_anew_in_each_draw(tmp_path):
    path = write_town(
        tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(draws=30, position=40, speed=0.2, people=0.6)
    )
    study, (service,), found = drawn(path)
    lon, lat = np.array([at(x, y) for x in range(100, 2000, 300) for y in (100, 400)]).T
    places = Candidates(found, service, link(study.network, lon, lat, profile="adult"))
    firsts = np.zeros(len(lon))
    for draw in range(30):
        demand = places.in_draw(draw)
        order = rank_candidates(demand.reach, demand.people, missing=demand.missing, top=2).candidate
        firsts[order[0]] += 1
        newly, alone = places.gains(draw)
        assert newly[0] == pytest.approx(alone[0])
        assert (newly <= alone + 1e-9).all()
    held = hold_choice(places, len(lon), 2)
    assert held.first_share.tolist() == (firsts / 30).tolist()
    assert held.first_share.sum() == pytest.approx(1)
    assert held.chosen_share.sum() == pytest.approx(2)
    assert (held.chosen_share >= held.first_share).all()
    assert 0 < held.first_share.max() < 1


@pytest.mark.parametrize("profile", ["adult", "waiter"])
def test_a_place_whose_gain_hangs_on_speed_gives_way_to_a_sure_one(tmp_path, profile):
    """Seven people are just within the walk of one place, five well within that of another."""
    people = [(345, 0, 7), (1500, 0, 5), (2000, 500, 1)]
    path = write_town(
        tmp_path, clinics=[(2000, 500, "")], people=people, rule=f'minutes = 5\nprofile = "{profile}"',
        more=doubts(draws=100, speed=0.15),
    )  # fmt: skip
    plan = pd.DataFrame([("edge", *at(0, 0)), ("sure", *at(1500, 0))], columns=["name", "lon", "lat"])
    plan.to_csv(tmp_path / "plan.csv", index=False)
    path.write_text(path.read_text() + '[planning]\ncandidates = "plan.csv"\ncrs = "wgs84"\n')
    stated = rank_district(path, top=2).table.set_index("name")
    assert stated["rank"].to_dict() == {"edge": 1, "sure": 2}
    assert 0.4 < stated["first_share"]["edge"] < 0.95
    assert stated["depends_on"]["edge"] == "speed"
    assert not stated["no_regret"]["edge"]
    assert stated["no_regret"]["sure"]
    assert stated["gain_p10"]["edge"] == 0
    robust = rank_district(path, top=2, robust=True).table
    assert robust["name"].iloc[0] == "sure"
    assert (robust["ranked_by"] == "people_p10").all()


def test_a_robust_choice_is_the_best_by_its_quantile_at_every_step(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(draws=20, speed=0.2, people=0.8))
    study, (service,), found = drawn(path)
    lon, lat = np.array([at(x, y) for x in range(100, 2000, 200) for y in (100, 400)]).T
    places = Candidates(found, service, link(study.network, lon, lat, profile="adult"))
    order, gains = robust_order(places, len(lon), 3)
    left = [places.in_draw(d) for d in range(20)]
    still = [d.people.copy() for d in left]
    for chosen, gain in zip(order, gains, strict=True):
        by_hand = np.quantile([d.reach.toarray() @ s for d, s in zip(left, still, strict=True)], 0.1, axis=0)
        assert gain == pytest.approx(by_hand.max())
        assert by_hand[chosen] == pytest.approx(by_hand.max())
        for d, s in zip(left, still, strict=True):
            s[d.reach.toarray()[chosen] > 0] = 0


def test_projects_and_sited_places_say_how_they_hold(tmp_path):
    plan = pd.DataFrame(
        [("A", *at(800, 200)), ("B", *at(900, 200)), ("C", *at(210, 100))], columns=["name", "lon", "lat"]
    )
    plan.to_csv(tmp_path / "plan.csv", index=False)
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD, more=doubts(draws=10, position=20, speed=0.05))
    path.write_text(path.read_text() + '[planning]\nprojects = "plan.csv"\ncrs = "wgs84"\n')
    projects = compare_projects_of(path)
    assert projects.columns[-6:].tolist() == HELD
    assert projects["first_share"].sum() == pytest.approx(1)
    run = run_district(path, out=tmp_path / "out")
    assert pd.read_csv(run.folder / "projects.csv")["chosen_share"].between(0, 1).all()
    assert pd.read_csv(run.folder / "ranking.csv").columns[-6:].tolist() == HELD
    sited = site_district(path, Task("mclp", p=2), layer="clinic").table
    assert sited.columns[-6:].tolist() == HELD
    assert sited["chosen_share"].between(0, 1).all()


def test_a_robust_ranking_is_by_people_alone(tmp_path):
    path = write_town(tmp_path, clinics=CLINICS, people=SPREAD)
    loaded = load_config(path)
    by_gap = loaded.model_copy(update={"planning": loaded.planning.model_copy(update={"rank_by": "gap"})})
    with pytest.raises(ConfigError, match="robust"):
        rank_district(by_gap, robust=True)
    told = CliRunner().invoke(main, ["rank", str(path), "--robust", "--top", "2"], catch_exceptions=False)
    assert told.exit_code == 0, told.stderr
    assert "people_p10" in told.stdout


NORM = 'minutes = 5\nnorm_per_1000 = 20\nprofile = "{profile}"'
MEASURED = '[planning]\nrank_by = "{by}"\nnew_capacity = {{ clinic = 8 }}\n'


@pytest.mark.parametrize("profile", ["adult", "waiter"])
def test_a_study_measured_anew_in_a_draw_covers_whom_the_draw_covers(tmp_path, profile):
    """Two ways to one draw: all measured again on streets at the drawn speed, and coverage alone as certainty has it."""
    path = write_town(
        tmp_path, clinics=[(x, y, "6") for x, y, _ in CLINICS], people=SPREAD, rule=NORM.format(profile=profile),
        more=doubts(draws=6, position=40, speed=0.2, people=0.6),
    )  # fmt: skip
    _, (service,), found = drawn(path)
    studies, one = DrawnStudies(found.world), found.of_layer("clinic")
    for draw in range(6):
        study, again = studies.of(service, draw)
        # Where thresholds are scaled instead of streets, a walk of the threshold to the millisecond may go either way.
        assert (again.covered == one.covered(draw)).mean() >= (1.0 if profile == "waiter" else 0.99)
        gap = np.bincount(study.unit_of_piece, again.gap, minlength=study.n_units)
        assert gap == pytest.approx(one.gap[draw][: study.n_units], rel=1e-3)
        for factor in ("positions", "speed", "people"):
            _, again = studies.of(service, draw, factor)
            assert (again.covered == one.covered(draw, factor)).mean() >= (1.0 if profile == "waiter" else 0.99)
        assert studies.of(service, draw, "positions")[1].people.tolist() == service.people.tolist()


@pytest.mark.parametrize(("by", "gain"), [("gap", "gap_filled"), ("places", "places_filled")])
def test_without_noise_lists_by_gap_and_by_places_hold_in_every_draw(tmp_path, by, gain):
    path = write_town(tmp_path, clinics=[(200, 100, "9")], people=SPREAD, rule=NORM.format(profile="adult"))
    path.write_text(path.read_text() + MEASURED.format(by=by))
    plain = rank_district(path, top=3).table
    path.write_text(path.read_text() + doubts(draws=3))
    table = rank_district(path, top=3).table
    pd.testing.assert_frame_equal(table[plain.columns], plain)
    assert table["first_share"].tolist() == [1, 0, 0]
    assert (table[["top3_share", "chosen_share"]] == 1).all(axis=None)
    assert table["gain_p10"].tolist() == pytest.approx(table[gain].tolist())
    assert table["no_regret"].all()


@pytest.mark.parametrize("by", ["gap", "places"])
def test_shares_of_lists_by_gap_and_by_places_are_those_of_ranking_each_draw_as_a_config_of_its_own(tmp_path, by):
    """People alone are drawn: each draw is a town of its own, with the people that the draw gives each cell."""
    plan = pd.DataFrame(
        [("A", *at(800, 200)), ("B", *at(1200, 200)), ("C", *at(400, 400)), ("D", *at(1900, 300))],
        columns=["name", "lon", "lat"],
    )
    plan.to_csv(tmp_path / "plan.csv", index=False)
    rule = NORM.format(profile="adult")
    path = write_town(tmp_path, clinics=[(200, 100, "9")], people=SPREAD, rule=rule)
    more = MEASURED.format(by=by) + 'candidates = "plan.csv"\ncrs = "wgs84"\n'
    path.write_text(path.read_text() + more + doubts(draws=12, people=1.2))
    table = rank_district(path, top=2).table.set_index("name")
    _, (service,), found = drawn(path)
    counts = dict.fromkeys("ABCD", 0.0)
    for draw in range(12):
        own = tmp_path / f"draw-{draw}"
        own.mkdir()
        study, _ = DrawnStudies(found.world).of(service, draw)
        factor = study.people.groups["all"].to_numpy() / np.where(service.people > 0, service.people, np.inf)
        homes = found.world.study.people.homes
        people = [(lon, lat, heads * factor[piece]) for lon, lat, heads, piece in
                  zip(homes.lon, homes.lat, homes.people, homes.piece, strict=True)]  # fmt: skip
        pd.DataFrame(people, columns=["lon", "lat", "people"]).to_csv(own / "people.csv", index=False)
        for name in ("town.osm", "clinic.csv", "plan.csv"):
            (own / name).write_bytes((tmp_path / name).read_bytes())
        (own / "town.toml").write_text(path.read_text().split("[certainty]")[0])
        for name in rank_district(own / "town.toml", top=2).table["name"]:
            counts[name] += 1 / 12
    assert any(0 < share < 1 for share in counts.values())
    assert table["chosen_share"].to_dict() == pytest.approx({name: counts[name] for name in table.index})


PLAN = [
    ("A", *at(800, 200), 3, 6),
    ("B", *at(1200, 200), 2, 8),
    ("C", *at(400, 400), 4, 5),
    ("D", *at(1900, 300), 1, 9),
]
TASKS = [
    Task("set-cover", share=0.5), Task("p-median", p=2), Task("p-centre", p=2), Task("capacitated", p=2),
    Task("mclp", budget=5.0),
]  # fmt: skip


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.model)
def test_sited_places_of_every_model_hold_as_often_as_the_task_solved_in_each_draw_chooses_them(tmp_path, task):
    """Without noise always; and with it as often as `site_service` itself chooses them in the drawn studies."""
    pd.DataFrame(PLAN, columns=["name", "lon", "lat", "cost", "capacity"]).to_csv(tmp_path / "plan.csv", index=False)
    path = write_town(
        tmp_path, clinics=[(200, 100, "9")], people=SPREAD, rule=NORM.format(profile="adult"),
        more='[planning]\ncandidates = "plan.csv"\ncrs = "wgs84"\n',
    )  # fmt: skip
    plain = path.read_text()
    path.write_text(plain + doubts(draws=2))
    sure = site_district(path, task, layer="clinic").table
    exact = sure[sure["solution"] == "exact"]
    assert len(exact) > 0
    assert (exact["chosen_share"] == 1).all()
    assert exact["gain_p10"].tolist() == pytest.approx(exact["newly_covered_people"].tolist())
    path.write_text(plain + doubts(draws=8, position=60, speed=0.2, people=1.0))
    found = site_district(path, task, layer="clinic").table.query("solution == 'exact'").set_index("name")
    _, (service,), certainty = drawn(path)
    studies, counts = DrawnStudies(certainty.world), dict.fromkeys("ABCD", 0.0)
    for draw in range(8):
        again = site_service(*studies.of(service, draw), task).table
        for name in again.loc[again["solution"] == "exact", "name"]:
            counts[name] += 1 / 8
    assert found["chosen_share"].to_dict() == pytest.approx({name: counts[name] for name in found.index})
    assert (found["no_regret"] == (found["chosen_share"] >= 0.95)).all()
