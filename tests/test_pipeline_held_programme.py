"""With certainty on, a programme says which of its choices are made in most draws, and how often it meets its goals."""

import numpy as np
import pandas as pd
import pytest

import circle15
from circle15.pipeline.draws.drawn_studies import DrawnStudies
from tests.certain_town import SPREAD, at, doubts, write_town
from tests.test_pipeline_certainty import drawn

PLAN = [("A", *at(800, 200), 3), ("B", *at(1200, 200), 2), ("C", *at(400, 400), 4), ("D", *at(1900, 300), 1)]
PROGRAMME = """
[planning]
crs = "wgs84"
new_capacity = {{ clinic = 8 }}
[programme]
years = [2026, 2027]
budget = 4
candidates = "plan.csv"
maximise = "{aim}"
goals = [{{ layer = "clinic", year = 2026, covered_share = 0.6 }}, {{ layer = "clinic", covered_share = 0.8 }}]
"""
HELD = ["chosen_share", "same_year_share", "no_regret", "depends_on"]


@pytest.fixture
def town(tmp_path):
    """Give what writes a town with a programme, and its config."""

    def write(more="", aim="people"):
        pd.DataFrame(PLAN, columns=["name", "lon", "lat", "cost"]).to_csv(tmp_path / "plan.csv", index=False)
        rule = "minutes = 5\nnorm_per_1000 = 20"
        return write_town(
            tmp_path, clinics=[(200, 100, "9")], people=SPREAD, rule=rule, more=PROGRAMME.format(aim=aim) + more
        )

    return write


@pytest.mark.parametrize("aim", ["people", "places", "worst_street"])
def test_without_noise_every_choice_is_made_and_every_goal_met_as_stated(town, aim):
    plain = circle15.programme(town(aim=aim))
    held = circle15.programme(town(doubts(draws=2), aim=aim))
    assert not set(HELD) & set(plain.table.columns)
    assert "met_share" not in plain.tables["programme_goals"]
    pd.testing.assert_frame_equal(held.table[plain.table.columns], plain.table)
    assert (held.table["chosen_share"] == 1).all()
    assert (held.table["same_year_share"] == 1).all()
    assert held.table["no_regret"].all()
    goals = held.tables["programme_goals"]
    assert goals["met_share"].tolist() == goals["is_met"].astype(float).tolist()


def test_shares_are_those_of_the_programmes_of_towns_that_are_what_each_draw_says(town, tmp_path):
    """People alone are drawn: each draw is a town of its own, with the people that the draw gives each cell."""
    path = town(doubts(draws=6, people=1.5))
    p = circle15.programme(path)
    table, goals = p.table.set_index("name"), p.tables["programme_goals"]
    _, (service,), found = drawn(path)
    chosen, same = dict.fromkeys("ABCD", 0.0), dict.fromkeys("ABCD", 0.0)
    met = np.zeros(len(goals))
    for draw in range(6):
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
        again = circle15.programme(own / "town.toml")
        for name, year in zip(again.table["name"], again.table["year"], strict=True):
            chosen[name] += 1 / 6
            same[name] += (name in table.index and table["year"][name] == year) / 6
        (own / "year.toml").write_text(_as_scenario(p, own))
        shares = circle15.run_district(own / "year.toml", out=own / "out").result.tables.coverage
        share = shares.loc[shares["unit_id"] == "town", "covered_share"].iloc[0]
        met[1] += share >= 0.8 - 1e-9
    assert table["chosen_share"].to_dict() == pytest.approx({name: chosen[name] for name in table.index})
    assert table["same_year_share"].to_dict() == pytest.approx({name: same[name] for name in table.index})
    assert any(0 < share < 1 for share in chosen.values())
    assert goals["met_share"].iloc[1] == pytest.approx(met[1] / 6)
    loose = table[~table["no_regret"].astype(bool)]
    assert (loose["depends_on"] == "people").all()
    assert any("made anew in 6 draws" in sentence for sentence in p.proof)


def _as_scenario(p, folder):
    """Give the programme's last year as a scenario of a town, of which coverage is written."""
    text = p.scenario(2027, (folder / "town.toml").name).splitlines()
    return "\n".join('write = ["coverage"]' if line.startswith("write = ") else line for line in text)
