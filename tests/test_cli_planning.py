"""The planning commands as a user calls them."""

import re
import subprocess
import sys

import geopandas as gpd
import pandas as pd
import pytest

from circle15.runs.compare import compare_runs
from tests.test_pipeline_planning import at, scenario, write_csv, write_town


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli-town")
    write_town(folder)
    return folder


def circle15(*arguments, cwd):
    command = [sys.executable, "-m", "circle15", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)


def read(path):
    return pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False, na_values=[""])


def test_rank_by_gap_writes_the_table(town):
    done = circle15("rank", "town.toml", "--layer", "canteen", "--by", "gap", "--top", 2, "--out", "ranked", cwd=town)
    assert (done.returncode, done.stdout.strip()) == (0, "ranked/ranking.csv")
    table = read(town / "ranked" / "ranking.csv")
    assert table["ranked_by"].tolist() == ["gap", "gap"]
    assert table["gap_filled"].is_monotonic_decreasing


def test_rank_takes_parcels_and_a_budget_from_the_command_line(town):
    rows = [("A", *at(200, -100), 100), ("B", *at(900, -300), 300)]
    write_csv(town / "parcels.csv", "name,lon,lat,cost", rows)
    text = (town / "town.toml").read_text(encoding="utf-8") + '[planning]\ncrs = "wgs84"\n'
    (town / "parcels.toml").write_text(text, encoding="utf-8")
    done = circle15(
        "rank", "parcels.toml", "--layer", "clinic", "--candidates", "parcels.csv", "--budget", 150, "--by",
        "people-per-cost", cwd=town,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert ",A," in lines[1]


def test_parcels_without_a_coordinate_system_say_which_key_states_it(town):
    write_csv(town / "parcels.csv", "name,lon,lat,cost", [("A", *at(200, -100), 100)])
    done = circle15("rank", "town.toml", "--candidates", "parcels.csv", cwd=town)
    assert done.returncode == 2
    assert "parcels.csv, planning.crs: the coordinate system of its coordinates must be said" in done.stderr


def test_rank_per_cost_without_costs_says_what_is_needed(town):
    done = circle15("rank", "town.toml", "--by", "people-per-cost", cwd=town)
    assert done.returncode == 2
    assert 'needs candidates = "FILE" with a cost for each' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_list_of_projects_is_not_ranked_so_what_would_rank_it_is_refused(town):
    done = circle15("rank", "town.toml", "--projects", "plan.csv", "--by", "gap", "--budget", 5, cwd=town)
    assert done.returncode == 2
    assert "--projects compares a list as it stands and takes no --by, --budget." in done.stderr


def test_help_loads_no_solver(town):
    code = (
        "import sys\nfrom circle15.cli import main\nmain(['site', '--help'], standalone_mode=False)\n"
        "sys.exit(bool({'numpy', 'scipy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=town, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "mclp|set-cover|p-median|p-centre|capacitated" in done.stdout


def test_site_prints_the_proof_and_writes_both_solutions(town):
    done = circle15("site", "town.toml", "--layer", "clinic", "--p", 2, "--out", "sited", cwd=town)
    assert (done.returncode, done.stdout.strip()) == (0, "sited/siting.csv")
    assert "optimal: " in done.stderr
    assert "greedy: " in done.stderr
    table = read(town / "sited" / "siting.csv")
    assert set(table["solution"]) == {"exact", "greedy"}
    assert (table.loc[table["solution"] == "exact", "status"] == "optimal").all()


def test_site_without_a_number_or_budget_says_so_before_anything_is_read(town):
    done = circle15("site", "town.toml", "--layer", "clinic", "--model", "p-centre", cwd=town)
    assert done.returncode == 2
    assert "p-centre needs --p N (how many) or --budget" in done.stderr


def test_site_says_what_share_is_within_reach_where_all_is_not_and_exits_1(town):
    done = circle15("site", "town.toml", "--layer", "clinic", "--model", "set-cover", "--out", "none", "-q", cwd=town)
    assert done.returncode == 0, done.stderr  # everybody is within reach of some cell
    write_csv(town / "one.csv", "name,lon,lat", [("A", *at(100, -300))])
    text = (town / "town.toml").read_text(encoding="utf-8") + '[planning]\ncrs = "wgs84"\ncandidates = "one.csv"\n'
    (town / "one.toml").write_text(text, encoding="utf-8")
    done = circle15("site", "one.toml", "--layer", "clinic", "--model", "set-cover", "--out", "few", "-q", cwd=town)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"circle15: all candidates together cover a share of (0\.\d+); ask for --share \1 or", done.stderr)
    assert not (town / "few").exists()


def test_site_lists_no_place_that_newly_covers_nobody(town):
    done = circle15("site", "town.toml", "--layer", "clinic", "--p", 1000, "--out", "many", cwd=town)
    assert done.returncode == 0, done.stderr
    table = read(town / "many" / "siting.csv")
    assert (table["newly_covered_people"] > 0).all()
    exact, greedy = table.groupby("solution")["newly_covered_people"].sum()
    assert exact == pytest.approx(greedy)


def test_candidates_that_are_no_choice_are_named_in_plain_talk_and_in_the_runs_warnings(town):
    rows = [("A", *at(200, -100), 100), ("Hill", *at(200, 5000), 50), ("B", *at(900, -300), "")]
    write_csv(town / "three.csv", "name,lon,lat,cost", rows)
    text = (town / "town.toml").read_text(encoding="utf-8").replace('id = "town"', 'id = "three"')
    text += '[planning]\ncrs = "wgs84"\ncandidates = "three.csv"\nrank_by = "people_per_cost"\n'
    (town / "three.toml").write_text(text, encoding="utf-8")
    told = [
        "circle15: warning: Clinic: 1 of 3 candidates are on no walkable street and are left out: Hill",
        "circle15: warning: Clinic: 1 of 3 candidates state no cost and are left out: B",
    ]
    ranked = circle15("rank", "three.toml", "--layer", "clinic", cwd=town)
    assert ranked.stderr.splitlines() == told
    assert set(told) <= set(circle15("run", "three.toml", cwd=town).stderr.splitlines())


def test_compare_writes_table_and_map_and_says_that_runs_are_the_same(town):
    run = circle15("run", "town.toml", cwd=town)
    assert (run.returncode, run.stdout.strip()) == (0, "maps/town")
    same = circle15("compare", "maps/town", "maps/town", "--out", "same", cwd=town)
    assert same.returncode == 0
    assert "the runs differ nowhere" in same.stderr
    lon, lat = at(300, -200)
    scenario(town, "New Clinic", f'kind = "add_facility"\nlayer = "clinic"\nlon = {lon}\nlat = {lat}')
    run = circle15("run", "New Clinic.toml", cwd=town)
    assert (run.returncode, run.stdout.strip()) == (0, "maps/town-new-clinic")
    done = circle15("compare", "maps/town", "maps/town-new-clinic", "--out", "difference", cwd=town)
    assert (done.returncode, done.stdout.strip()) == (0, "difference/scenario.csv")
    table = read(town / "difference" / "scenario.csv")
    assert (table.loc[table["layer"] == "clinic", "newly_covered_people"] > 0).all()
    assert (table.loc[table["layer"] == "canteen", "newly_covered_people"] == 0).all()
    page = (town / "difference" / "difference.html").read_text(encoding="utf-8")
    assert "newly covered" in page
    assert "<title>River &amp; town: " in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="http' not in page


def test_cells_with_nobody_are_never_painted_and_no_change_means_that_nothing_moved(town):
    lon, lat = at(300, -200)
    scenario(town, "New Clinic", f'kind = "add_facility"\nlayer = "clinic"\nlon = {lon}\nlat = {lat}')
    for config in ("town.toml", "New Clinic.toml"):
        assert circle15("run", config, cwd=town).returncode == 0
    found = compare_runs(town / "maps" / "town", town / "maps" / "town-new-clinic")
    one, two = (
        gpd.read_parquet(town / "maps" / name / "cells.parquet").sort_values(["cell", "unit_id"])
        for name in ("town", "town-new-clinic")
    )
    is_other = one["clinic_covered"].to_numpy() != two["clinic_covered"].to_numpy()
    is_inhabited = one["population"].to_numpy() > 0
    assert (is_other & ~is_inhabited).any()
    assert (found.changed["people"] > 0).all()
    assert (found.changed["layer"] == "clinic").sum() == (is_other & is_inhabited).sum()
    assert found.moved["clinic"].is_walk_moved
    assert not found.moved["canteen"].is_walk_moved
    back = compare_runs(town / "maps" / "town-new-clinic", town / "maps" / "town")
    assert (back.changed["people"] > 0).all()


def test_compare_of_a_folder_that_is_no_run_is_an_input_error(town):
    done = circle15("compare", ".", ".", cwd=town)
    assert done.returncode == 2
    assert "no run.json: not the folder of a finished run" in done.stderr
