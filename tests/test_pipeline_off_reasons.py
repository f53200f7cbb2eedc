"""Why a place is on no street: told apart by what the map shows on its own side of a river or railway."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

import circle15
from circle15.cli import main
from circle15.network.build import read_network
from circle15.pipeline import run_district
from circle15.pipeline.study.off_reasons import off_reasons
from circle15.pipeline.tables.off_network import cells_off
from circle15.units import EARTH_RADIUS_M
from tests.test_pipeline_starts import BORDERS, measured, river_town
from tests.toy_osm import write_osm

D = 100 / (math.radians(1) * EARTH_RADIUS_M)
EAST = (11, [1, 2], "highway=residential")  # 1 km from south to north, 50 m east of the border
RIVER = (21, [3, 4], "waterway=river")


def reason_at(tmp_path, x, *ways, island_m=0.0):
    """Give the reason of a place x hundred metres west of a border."""
    nodes = {1: (0.5 * D, -5 * D), 2: (0.5 * D, 5 * D), 3: (0, -30 * D), 4: (0, 30 * D)}
    nodes |= {5: (-9 * D, -5 * D), 6: (-9 * D, 5 * D), 7: (-20 * D, -5 * D), 8: (-20 * D, 5 * D)}
    path = write_osm(tmp_path / "toy.osm", nodes=nodes, ways=ways)
    net = read_network(path, cache=False, island_m=island_m, hard_borders=True)
    place = np.array([-x * D]), np.array([0.0])
    at = circle15.link(net, *place, profile="adult")
    return off_reasons(at, *place, 300.0, "adult")


@pytest.mark.parametrize("border", BORDERS)
def test_behind_a_border_the_streets_of_the_own_side_decide(tmp_path, border):
    river = (21, [3, 4], border)
    found = reason_at(tmp_path, 1, EAST, river, (12, [5, 6], "highway=residential"))
    assert (found.code[0], found.own_side_m[0]) == ("behind", pytest.approx(800, abs=1))
    found = reason_at(tmp_path, 1, EAST, river, (12, [7, 8], "highway=residential"))
    assert (found.code[0], math.isnan(found.own_side_m[0])) == ("own_side", True)
    assert reason_at(tmp_path, 1, EAST).code[0] == ""
    assert reason_at(tmp_path, 3, EAST, river).code[0] == "no_street"


def test_bridges_and_islands_near_are_told_from_nothing_near(tmp_path):
    assert reason_at(tmp_path, 2, (11, [1, 2], "highway=footway,bridge=yes")).code[0] == "span"
    assert reason_at(tmp_path, 7, EAST, (12, [5, 6], "highway=residential")).code[0] == ""
    island = (12, [5, 6], "highway=footway")
    long = (13, [1, 2, 8], "highway=residential")
    assert reason_at(tmp_path, 8, long, island, island_m=1500.0).code[0] == "island"


def test_a_run_tells_them_apart_in_its_files_and_counts_what_is_not_mapped(tmp_path):
    # Streets of the east bank alone: the west bank's people stand 30 m from the river, and no street is theirs.
    homes = [(-50, 5, 70), (60, 5, 30)]
    config = river_town(tmp_path, border=BORDERS[0], border_x=-20, homes=homes, clinic_x=60)
    text = (tmp_path / "town.osm").read_text()
    kept = [w for w in text.split("<way ") if not w.startswith(('id="10', 'id="11', 'id="15'))]
    assert len(kept) < text.count("<way ")
    (tmp_path / "town.osm").write_text("<way ".join(kept) + ("" if kept[-1].endswith("</osm>") else "</osm>"))
    study, service = measured(config)
    off = cells_off(study, "adult").of_pieces(study.cells.cell_of_piece)
    assert service.people[off.is_off].sum() == pytest.approx(70)
    assert service.people[off.is_without_streets].sum() == pytest.approx(70)
    run = run_district(config, out=tmp_path / "out")
    (reason,) = run.result.tables["unlinked"].query("kind == 'cell'")["reason"]
    assert reason == (
        "every street within 300 m lies behind a river, railway, expressway, wall or own border;"
        " on its own side no street is mapped within 1000 m"
    )
    lived_in = run.result.cells[run.result.cells["population"] > 0]
    assert sorted(lived_in["clinic_off"]) == ["", "own_side"]
    assert "no street mapped on this side" in (run.folder / "index.html").read_text("utf-8")


def island_town(folder):
    """A street of 4 km, and 300 m north of it others that join nothing."""
    nodes = {1: (-20 * D, 0), 2: (20 * D, 0), 3: (-0.9 * D, 3 * D), 4: (0.9 * D, 3 * D)}
    nodes |= {5: (-0.9 * D, 9 * D), 6: (0.9 * D, 9 * D), 7: (-20 * D, 20 * D), 8: (-18.05 * D, 20 * D)}
    ways = [(11, [1, 2], "highway=residential"), (12, [3, 4], "highway=path"), (13, [5, 6], "highway=path")]
    write_osm(folder / "town.osm", nodes=nodes, ways=[*ways, (14, [7, 8], "highway=path")])
    (folder / "town.toml").write_text(
        f"""
[district]
id = "town"
name = "Town"
boundary = "box:{-9 * D},{-9 * D},{9 * D},{9 * D}"
lang = "en"
[network]
source = "town.osm"
island_m = 190.0
[walk.adult]
speed_m_s = 1.25
[population]
source = "buildings"
total = 10
[[layer]]
id = "clinic"
name = "Clinic"
source = "osm:amenity=clinic"
minutes = 15
"""
    )
    return folder / "town.toml"


def isochrone(path, x, y, *more):
    return CliRunner().invoke(main, ["isochrone", str(path), "--at", f"{x * D},{y * D}", *more])


def test_an_isochrone_on_an_island_street_says_where_the_walk_starts_or_why_there_is_none(tmp_path):
    path = island_town(tmp_path)
    plain = isochrone(path, 0, 0.1)
    assert (plain.exit_code, plain.stderr) == (0, "")
    near = isochrone(path, 0, 2.8, "--minutes", "2,5")
    assert near.exit_code == 0
    assert "the nearest street is cut off from the network; the walk starts on the next one, 280 m away" in near.stderr
    assert "nothing is drawn for 2 min: the way to the street, 280 m, takes 3.7 min" in near.stderr
    assert [f["properties"]["cutoff_min"] for f in json.loads(near.stdout)["features"]] == [5]
    alone = isochrone(path, 0, 9.1)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "only streets cut off from the network within 300 m of 0.0,0.0081" in alone.stderr
    # Larger than an island, and yet no street leads on from it.
    apart = isochrone(path, -19, 20, "--minutes", "30")
    assert "the walk starts on 0.2 km of street that join no other around; it leads nowhere else" in apart.stderr
