"""Ranking, siting, scenarios, causes and missing links on a made town with a river."""

import json

import numpy as np
import pandas as pd
import pytest

from circle15.config.model import load_config
from circle15.errors import ConfigError, InputError
from circle15.pipeline import compare_projects_of, rank_district, run_district, site_district
from circle15.pipeline.projects.siting_task import Task
from circle15.runs.compare import compare_runs

LON, LAT = 120.0, 30.0
X_DEG, Y_DEG = 1 / 96_300, 1 / 111_190  # degrees per metre there
BRIDGE_X = 1600

CONFIG = """
[district]
id = "town"
name = "River & town"
boundary = "box:{west},{south},{east},{north}"
lang = "en"
[network]
source = "town.osm"
[walk.adult]
speed_m_s = 1.25
[walk.elderly]
speed_m_s = 0.9
[cells]
resolution = 10
[population]
source = "points"
path = "people.csv"
crs = "wgs84"
[[layer]]
id = "clinic"
name = "Clinic"
source = "clinic.csv"
crs = "wgs84"
minutes = 12
[[layer]]
id = "canteen"
name = "Canteen"
source = "canteen.csv"
crs = "wgs84"
minutes = 10
profile = "elderly"
norm_per_1000 = 100
capacity_unit = "seats"
[outputs]
isochrones = "none"
write = ["cells", "coverage", "facilities", "ranking", "causes", "links"]
"""


def at(x, y):
    """Degrees of a place in metres."""
    return round(LON + x * X_DEG, 7), round(LAT + y * Y_DEG, 7)


def write_town(folder):
    """Two banks of 2 km with streets each 100 m, a river 120 m wide between them, a bridge at each end."""
    columns, south, north = range(0, 2001, 100), range(-400, 1, 100), range(120, 521, 100)
    number = {xy: i for i, xy in enumerate([(x, y) for y in [*south, *north] for x in columns], start=1)}
    lines = [[(x, y) for x in columns] for y in [*south, *north]]
    lines += [[(x, y) for y in bank] for x in columns for bank in (south, north)]
    bridges = [[(x, 0), (x, 120)] for x in (0, BRIDGE_X)]
    nodes = [f'<node id="{i}" lon="{at(*xy)[0]}" lat="{at(*xy)[1]}" version="1"/>' for xy, i in number.items()]
    refs = {xy: f'<nd ref="{i}"/>' for xy, i in number.items()}
    ways = [
        f'<way id="{i}" version="1">{"".join(refs[xy] for xy in line)}<tag k="highway" v="{kind}"/></way>'
        for i, (line, kind) in enumerate(
            [*((line, "residential") for line in lines), *((b, "footway") for b in bridges)], start=1
        )
    ]
    osm = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="made">\n'
    (folder / "town.osm").write_text(osm + "\n".join([*nodes, *ways]) + "\n</osm>\n", encoding="utf-8")
    people = [(*at(x + 20, y + 10), 5 + (x // 100) % 7) for x, y in number]
    write_csv(folder / "people.csv", "lon,lat,people", people)
    write_csv(folder / "clinic.csv", "name,lon,lat", [("North clinic", *at(1650, 300))])
    write_csv(folder / "canteen.csv", "name,lon,lat,capacity",
              [("East canteen", *at(1900, 400), 40), ("West canteen", *at(100, -200), 20)])  # fmt: skip
    (west, south_deg), (east, north_deg) = at(-60, -460), at(2060, 660)
    text = CONFIG.format(west=west, south=south_deg, east=east, north=north_deg)
    (folder / "town.toml").write_text(text, encoding="utf-8")


def write_csv(path, heading, rows):
    path.write_text("\n".join([heading, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8-sig")
    return path


def scenario(folder, name, *changes):
    path = folder / f"{name}.toml"
    path.write_text('base = "town.toml"\n' + "\n".join(f"[[change]]\n{c}" for c in changes), encoding="utf-8")
    return path


def line(*points):
    return "line = [" + ", ".join(str(list(at(*p))) for p in points) + "]"


def whole(table):
    """Give the district's rows."""
    return table[table["unit_id"] == "town"].set_index("layer")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    write_town(folder)
    return folder


@pytest.fixture(scope="module")
def base(town):
    run_district(town / "town.toml", out=town / "out")
    return town / "out"


@pytest.fixture(scope="module")
def no_bridge(town):
    """The same town with the eastern bridge closed."""
    config = scenario(town, "no-bridge", 'kind = "close_path"\n' + line((BRIDGE_X, 0), (BRIDGE_X, 120)))
    return run_district(config, out=town / "no-bridge")


def read(folder, name):
    return pd.read_csv(folder / f"{name}.csv", encoding="utf-8-sig", keep_default_na=False, na_values=[""])


def test_identical_runs_differ_nowhere(town, base):
    run_district(town / "town.toml", out=town / "again")
    found = compare_runs(base, town / "again")
    assert len(found.changed) == 0
    assert found.table["newly_covered_people"].sum() == found.table["lost_people"].sum() == 0
    assert set(whole(found.table).index) == {"clinic", "canteen"}


def test_other_rules_are_named_and_gaps_of_other_norms_not_set_side_by_side(town, base):
    config = load_config(town / "town.toml")
    layers = tuple(
        layer.model_copy(update={"minutes": layer.minutes / 2} if layer.id == "clinic" else {"norm_per_1000": 99.0})
        for layer in config.layers
    )
    other = run_district(config.model_copy(update={"layers": layers}), out=town / "other-rules").folder
    found = compare_runs(base, other)
    clinic, canteen = (next(n for n in found.notes if n.startswith(name)) for name in ("Clinic", "Canteen"))
    assert clinic.startswith("Clinic: other rules: minutes ")
    assert "per 1,000" not in clinic
    assert canteen.endswith("→ 99")
    rows = whole(found.table)
    assert rows.loc["clinic", "gap_before"] > 0
    assert rows.loc["canteen", ["gap_before", "gap_after"]].isna().all()
    assert compare_runs(base, base).notes == ()


def test_building_the_top_ranked_place_covers_exactly_what_the_ranking_promised(town, base):
    ranking = read(base, "ranking")
    for layer in ("clinic", "canteen"):
        top = ranking[ranking["layer"] == layer].iloc[0]
        change = (
            f'kind = "add_facility"\nlayer = "{layer}"\nlon = {top.lon}\nlat = {top.lat}\ncapacity = {top.capacity}'
        )
        change = change.replace("capacity = nan", "")
        built = run_district(scenario(town, f"build-{layer}", change), out=town / f"build-{layer}")
        row = whole(compare_runs(base, built.folder).table).loc[layer]
        assert row["newly_covered_people"] == pytest.approx(top.newly_covered_people, abs=0.0015) != 0
        assert row["lost_people"] == 0
        added = built.result.tables["facilities"].query("source.str.endswith(':change')", engine="python")
        assert added["id"].tolist() == [f"{layer}-new-1"]


def test_building_the_place_ranked_top_by_gap_closes_exactly_the_gap_that_was_promised(town, base):
    config = load_config(town / "town.toml")
    by_gap = config.model_copy(update={"planning": config.planning.model_copy(update={"rank_by": "gap"})})
    top = rank_district(by_gap, layer="canteen", top=3).table.iloc[0]
    assert (top.ranked_by, top.capacity) == ("gap", 30)  # the median of 40 and 20
    change = f'kind = "add_facility"\nlayer = "canteen"\nlon = {top.lon}\nlat = {top.lat}\ncapacity = 30'
    built = run_district(scenario(town, "gap", change), out=town / "gap").folder
    row = whole(compare_runs(base, built).table).loc["canteen"]
    assert row["gap_before"] - row["gap_after"] == pytest.approx(top.gap_filled, abs=1e-6)
    assert 0 < top.gap_filled <= 30


@pytest.mark.parametrize("catchment", ["two_step", "three_step"])
def test_building_the_place_ranked_top_by_missing_places_makes_up_for_exactly_what_was_promised(town, catchment):
    config = load_config(shared_by(town, catchment))
    by_places = config.model_copy(update={"planning": config.planning.model_copy(update={"rank_by": "places"})})
    top = rank_district(by_places, layer="canteen", top=3).table.iloc[0]
    assert top.ranked_by == "places"
    change = f'kind = "add_facility"\nlayer = "canteen"\nlon = {top.lon}\nlat = {top.lat}\ncapacity = {top.capacity}'
    (town / "places.toml").write_text(f'base = "{catchment}.toml"\n[[change]]\n{change}', encoding="utf-8")
    names = (catchment, "places")
    folders = [run_district(town / f"{n}.toml", out=town / f"run-{n}").folder for n in names]
    row = whole(compare_runs(*folders).table).loc["canteen"]
    fallen = row["places_missing_before"] - row["places_missing_after"]
    assert fallen == pytest.approx(top.places_filled, abs=1e-5)
    assert 0 < top.places_filled <= 30 + 1e-6
    gaps = whole(read(folders[0], "gaps")).loc["canteen"]
    assert gaps["places_missing"] == pytest.approx(row["places_missing_before"], abs=1e-3)
    assert gaps["places_missing"] <= gaps["gap"] + 1e-3


def shared_by(folder, catchment):
    """Write the town once more, with another catchment of its canteens."""
    text = (folder / "town.toml").read_text(encoding="utf-8")
    named = text.replace('capacity_unit = "seats"', f'capacity_unit = "seats"\ncatchment = "{catchment}"')
    path = folder / f"{catchment}.toml"
    path.write_text(named + "[planning]\ncauses = false\n", encoding="utf-8")
    return path


def test_the_promised_gap_is_closed_where_distance_wastes_supply_too(town):
    config = load_config(shared_by(town, "modified"))
    by_gap = config.model_copy(update={"planning": config.planning.model_copy(update={"rank_by": "gap"})})
    top = rank_district(by_gap, layer="canteen", top=1).table.iloc[0]
    change = f'kind = "add_facility"\nlayer = "canteen"\nlon = {top.lon}\nlat = {top.lat}\ncapacity = {top.capacity}'
    (town / "modified-gap.toml").write_text(f'base = "modified.toml"\n[[change]]\n{change}', encoding="utf-8")
    runs = [run_district(town / f"{name}.toml", out=town / name).folder for name in ("modified", "modified-gap")]
    row = whole(compare_runs(*runs).table).loc["canteen"]
    assert row["gap_before"] - row["gap_after"] == pytest.approx(top.gap_filled, abs=1e-6)
    assert 0 < top.gap_filled < 30


def test_where_a_new_facility_changes_what_others_give_no_gap_is_promised(town):
    config = load_config(shared_by(town, "three_step"))
    assert rank_district(config, layer="canteen", top=2).table["gap_filled"].isna().all()
    by_gap = config.model_copy(update={"planning": config.planning.model_copy(update={"rank_by": "gap"})})
    with pytest.raises(ConfigError, match=r'layer canteen has catchment = "three_step".*: rank it by people'):
        rank_district(by_gap)


def test_a_second_facility_at_an_existing_one_adds_nobody(town):
    places = write_csv(town / "same.csv", "name,lon,lat,layer", [("Twin", *at(1650, 300), "clinic")])
    found = compare_projects_of(with_planning(town, projects=str(places), crs="wgs84"))
    assert found["newly_covered_people"].tolist() == found["alone_covered_people"].tolist() == [0]


def with_planning(town, **values):
    config = load_config(town / "town.toml")
    return config.model_copy(update={"planning": config.planning.model_copy(update=values)})


def test_closing_the_bridge_makes_it_the_top_missing_link(base, no_bridge):
    lost = whole(compare_runs(base, no_bridge.folder).table).loc["clinic", "lost_people"]
    top = read(no_bridge.folder, "links").query("layer == 'clinic'").iloc[0]
    start, end = at(BRIDGE_X, 0), at(BRIDGE_X, 120)
    for place, x, y in (("from", *start), ("to", *end)):
        assert np.hypot((top[f"{place}_lon"] - x) / X_DEG, (top[f"{place}_lat"] - y) / Y_DEG) < 150
    assert top["newly_covered_people"] >= lost - 0.001 > 0
    assert not (read(base, "links").query("layer == 'clinic'")["newly_covered_people"] >= lost).any()


def test_a_missing_links_gain_is_what_the_scenario_with_it_yields(town, no_bridge):
    top = read(no_bridge.folder, "links").query("layer == 'canteen'").iloc[0]
    path = f"line = [[{top.from_lon}, {top.from_lat}], [{top.to_lon}, {top.to_lat}]]"
    closed = 'kind = "close_path"\n' + line((BRIDGE_X, 0), (BRIDGE_X, 120))
    built = run_district(scenario(town, "link", closed, f'kind = "add_path"\n{path}'), out=town / "link").folder
    row = whole(compare_runs(no_bridge.folder, built).table).loc["canteen"]
    assert row["newly_covered_people"] - row["lost_people"] == pytest.approx(top.newly_covered_people, abs=0.0015)
    assert row["newly_covered_people"] > 0


def test_cells_behind_a_closed_bridge_have_a_barrier(base, no_bridge):
    changed = compare_runs(base, no_bridge.folder).changed.query("layer == 'clinic' and people > 0")
    cells = no_bridge.result.cells
    causes = cells.set_index(["cell", "unit_id"])["clinic_cause"]
    lost = compare_cells(base, no_bridge)
    assert len(changed) == len(lost) > 0
    assert (causes.loc[lost] == "barrier").all()


def compare_cells(base, after):
    before = pd.read_parquet(base / "cells.parquet").set_index(["cell", "unit_id"])
    now = after.result.cells.set_index(["cell", "unit_id"])
    is_lost = before["clinic_covered"] & ~now["clinic_covered"] & (now["population"] > 0)
    return is_lost.index[is_lost]


def test_building_the_closed_bridge_again_gives_the_base_back(town, base):
    path = line((BRIDGE_X, 0), (BRIDGE_X, 120))
    config = scenario(town, "rebuilt", f'kind = "close_path"\n{path}', f'kind = "add_path"\n{path}')
    run_district(config, out=town / "rebuilt")
    assert len(compare_runs(base, town / "rebuilt").changed) == 0


def test_a_path_that_misses_the_streets_says_by_how_much(town):
    config = scenario(town, "miss", 'kind = "add_path"\nname = "Pier"\n' + line((500, 0), (500, 50)))
    run = run_district(config, out=town / "miss")
    assert any("'Pier' misses the nearest street by 50.0 m at its end" in w for w in run.result.warnings)
    nowhere = scenario(town, "nowhere", 'kind = "add_path"\n' + line((500, 40), (500, 70)))
    with pytest.raises(
        InputError, match=r"change\.1: the path joins no street: its start by 40\.\d m and its end by 50"
    ):
        run_district(nowhere, out=town / "nowhere")
    assert not (town / "nowhere").exists()


def test_closing_a_facility_loses_those_whom_it_alone_covered(town, base):
    ids = read(base, "facilities").set_index("name")["id"]
    config = scenario(town, "closed", f'kind = "close_facility"\nid = "{ids["East canteen"]}"')
    row = whole(compare_runs(base, run_district(config, out=town / "closed").folder).table).loc["canteen"]
    assert row["lost_people"] > 0
    assert row["newly_covered_people"] == 0
    with pytest.raises(InputError, match=r"change\.1, value 'canteen-99': no facility .* has this id"):
        run_district(scenario(town, "wrong", 'kind = "close_facility"\nid = "canteen-99"'), out=town / "wrong")


def test_more_seats_close_gap_and_cover_nobody_new(town, base):
    ids = read(base, "facilities").set_index("name")["id"]
    config = scenario(town, "seats", f'kind = "set_capacity"\nid = "{ids["West canteen"]}"\ncapacity = 60')
    row = whole(compare_runs(base, run_district(config, out=town / "seats").folder).table).loc["canteen"]
    assert row["newly_covered_people"] == row["lost_people"] == 0
    assert row["gap_after"] < row["gap_before"]


def test_the_causes_sum_to_the_people_who_are_not_covered(base, no_bridge):
    for folder in (base, no_bridge.folder):
        causes, coverage = read(folder, "causes"), read(folder, "coverage")
        uncovered = (coverage["people"] - coverage["covered_people"]).groupby([coverage.unit_id, coverage.layer]).sum()
        of_cause = causes[causes["cause"] != "full"].groupby(["unit_id", "layer"])["people"].sum()
        np.testing.assert_allclose(of_cause.reindex(uncovered.index, fill_value=0), uncovered, atol=0.01)


def test_a_district_without_units_has_every_row_once(base, no_bridge):
    equity = no_bridge.result.tables["equity"]
    compared = compare_runs(base, no_bridge.folder).table
    for table in (read(base, "coverage"), read(base, "causes"), equity, compared):
        keys = [c for c in ("unit_id", "layer", "cause", "group") if c in table]
        assert not table.duplicated(keys).any()
        assert set(table["unit_name"]) == {"whole district"}


def test_the_elderly_who_walk_too_slowly_are_told_from_those_with_nothing_near(base):
    causes = whole(read(base, "causes")).loc["canteen"].set_index("cause")["people"]
    assert causes["too_slow"] > 0
    assert causes["none_near"] > 0
    assert "too_slow" not in whole(read(base, "causes")).loc[["clinic"], "cause"].tolist()


def test_people_within_reach_of_too_few_seats_are_full(base):
    causes = whole(read(base, "causes")).loc["canteen"].set_index("cause")
    assert causes.loc["full", "people"] > 0
    assert causes.loc["full", "gap"] > 0


def test_parcels_are_ranked_per_cost_within_the_budget(town):
    rows = [("A", *at(200, -100), "100万元"), ("B", *at(200, -100), "40"), ("C", *at(900, -300), "5000000元"),
            ("D", *at(600, 400), "")]  # fmt: skip
    places = write_csv(town / "parcels.csv", "name,lon,lat,造价（万元）", rows)
    found = rank_district(
        with_planning(town, candidates=str(places), crs="wgs84", rank_by="people_per_cost", budget=550.0),
        layer="clinic",
    ).table
    assert found["name"].tolist() == ["B", "C"]  # A adds nobody after B, D states no cost
    assert found["cost"].tolist() == [40, 500]
    np.testing.assert_allclose(found["people_per_cost"], found["newly_covered_people"] / found["cost"])


def test_a_place_that_stands_twice_or_has_no_number_as_capacity_is_named_with_its_row(town):
    rows = [
        ("A", *at(200, -100), 40),
        ("A", *at(200, -100), 60),
        ("A", *at(200, -100), 40),
        ("B", *at(600, 400), "#N/A"),
    ]
    places = write_csv(town / "twice.csv", "name,lon,lat,capacity", rows)
    with pytest.raises(InputError) as caught:
        rank_district(with_planning(town, candidates=str(places), crs="wgs84"), layer="clinic")
    told = {p.row: str(p) for p in caught.value.problems}
    assert set(told) == {4, 5}  # one place may be offered in two sizes
    assert "the same as row 2" in told[4]
    assert "an error of Excel" in told[5]


def test_a_cost_that_is_none_is_named_with_its_row(town):
    places = write_csv(town / "bad.csv", "name,lon,lat,cost", [("A", *at(200, -100), "dear")])
    with pytest.raises(InputError, match=r"bad\.csv, row 2, column 'cost', value 'dear': is no cost"):
        rank_district(with_planning(town, candidates=str(places), crs="wgs84"), layer="clinic")


def test_nothing_is_built_where_it_is_forbidden(town, base):
    (west, south), (east, north) = at(-100, -500), at(2100, 100)
    forbidden = f"box:{west},{south},{east},{north}"
    found = rank_district(with_planning(town, forbidden=forbidden)).table
    assert len(found) > 0
    assert (found["lat"] > north).all()
    assert (read(base, "ranking")["lat"] < north).any()


def test_exact_siting_is_never_worse_than_greedy_and_promises_what_it_keeps(town):
    config = load_config(town / "town.toml")
    answer = site_district(config, Task("mclp", p=2), layer="clinic")
    objective = answer.table.drop_duplicates("solution").set_index("solution")["objective"]
    assert answer.exact.status == "optimal"
    assert objective["exact"] >= objective["greedy"]
    by_solution = answer.table.groupby("solution")["newly_covered_people"].sum()
    assert by_solution["exact"] == pytest.approx(objective["exact"])
    assert by_solution["greedy"] == pytest.approx(objective["greedy"])


@pytest.mark.parametrize("model", ["p-median", "p-centre", "capacitated"])
def test_every_model_places_no_more_than_p(town, model):
    answer = site_district(load_config(town / "town.toml"), Task(model, p=2), layer="canteen")
    assert answer.exact.status == "optimal"
    assert 0 < (answer.table["solution"] == "exact").sum() <= 2
    objective = answer.table.drop_duplicates("solution").set_index("solution")["objective"]
    better = max if model == "capacitated" else min
    assert objective["exact"] == better(objective)


def test_set_covering_says_what_share_is_within_reach(town):
    config = load_config(town / "town.toml")
    answer = site_district(config, Task("set-cover", share=1.0), layer="clinic")
    assert answer.exact.status == "optimal"
    (town / "thirds.toml").write_text(f'base = "town.toml"\n[population]\ntotal = {1000 / 3}\n', encoding="utf-8")
    for layer in ("clinic", "canteen"):  # sums of thirds differ from one another in the last bit
        answer = site_district(load_config(town / "thirds.toml"), Task("set-cover", share=1.0), layer=layer)
        assert [note.en[:7] for note in answer.notes] == ["optimal", "greedy:"]
    few = with_planning(town, candidates=str(write_csv(town / "one.csv", "lon,lat", [at(1900, 500)])), crs="wgs84")
    answer = site_district(few, Task("set-cover", share=1.0), layer="clinic")
    assert answer.exact.status == "infeasible"
    assert "all candidates together cover a share of 0." in answer.notes[0].en


def test_a_task_that_says_too_little_is_refused(town):
    with pytest.raises(ConfigError, match="p-median needs --p N"):
        site_district(load_config(town / "town.toml"), Task("p-median"), layer="clinic")
    with pytest.raises(ConfigError, match=r"no such layer; the config has clinic \(Clinic\), canteen \(Canteen\)"):
        site_district(load_config(town / "town.toml"), Task("mclp", p=1), layer="clinics")


def test_planned_projects_are_told_apart_from_their_duplicates(town):
    rows = [
        ("One", *at(300, -200), "clinic"),
        ("Next door", *at(350, -200), "Clinic"),
        ("Far", *at(100, 500), "clinic"),
    ]
    places = write_csv(town / "plan.csv", "name,lon,lat,服务", rows)
    found = compare_projects_of(with_planning(town, projects=str(places), crs="wgs84"))
    assert found["name"].tolist() == ["One", "Next door", "Far"]
    assert found["is_duplicate"].tolist()[:2] == [True, True]
    assert found["overlaps_with"].tolist()[:2] == ["Next door", "One"]
    assert found["newly_covered_people"].iloc[1] < found["alone_covered_people"].iloc[1]


def test_runs_of_other_people_are_not_compared(town, base):
    config = town / "more.toml"
    config.write_text('base = "town.toml"\n[population]\ntotal = 9999\n', encoding="utf-8")
    run_district(config, out=town / "more")
    with pytest.raises(InputError, match="cells have other people"):
        compare_runs(base, town / "more")
    with pytest.raises(InputError, match=r"no run\.json: not the folder of a finished run"):
        compare_runs(base, town)


def test_what_a_policy_fills_in_is_what_the_manifest_tells_and_runs_are_compared_by(town):
    people = pd.read_csv(town / "people.csv", encoding="utf-8-sig")
    people.assign(old=people["people"] / 4).to_csv(town / "families.csv", index=False)
    policy = """base = "town.toml"
[policy]
place = "ningbo"
year = 2024
[population]
path = "families.csv"
groups = {age_60_plus = "old"}
[[layer]]
id = "elderly_meals"
name = "Meals"
source = "canteen.csv"
crs = "wgs84"
norm_per_1000 = 100
[outputs]
write = ["cells", "coverage"]
"""
    (town / "policy.toml").write_text(policy, encoding="utf-8")
    lon, lat = at(900, -300)
    change = f'[[change]]\nkind = "add_facility"\nlayer = "elderly_meals"\nlon = {lon}\nlat = {lat}\ncapacity = 30\n'
    (town / "more-meals.toml").write_text(f'base = "policy.toml"\n{change}', encoding="utf-8")
    first, second = (run_district(town / f"{name}.toml", out=town / name) for name in ("policy", "more-meals"))
    assert f"{people['people'].sum():,.0f} people, 1 unit\n" in first.summary()
    assert "% of people aged 60 and over within 15 min" in first.summary()
    runs = first.folder, second.folder
    (meals,) = json.loads((runs[0] / "run.json").read_text(encoding="utf-8"))["layers"]
    assert (meals["group"], meals["profile"], meals["speed_m_s"]) == ("age_60_plus", "elderly", 0.9)
    found = compare_runs(*runs)
    of_group = found.table.set_index("group")
    assert of_group["gap_after"].notna().to_dict() == {"age_60_plus": True, "all": False}
    gained = found.changed.loc[found.changed["change"] == 1, "people"].sum()
    assert gained == pytest.approx(of_group.loc["age_60_plus", "newly_covered_people"])
    assert 0 < gained == pytest.approx(of_group.loc["all", "newly_covered_people"] / 4)
