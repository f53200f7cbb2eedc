"""Why a place is on no street: told apart by what the map shows on its own side of a river or railway."""

import math

import numpy as np
import pytest

import circle15
from circle15.network.build import read_network
from circle15.pipeline import run_district
from circle15.pipeline.off_network import cells_off
from circle15.pipeline.off_reasons import off_reasons
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
        "every street within 300 m lies behind a river, railway, expressway or own border;"
        " on its own side no street is mapped within 1000 m"
    )
    lived_in = run.result.cells[run.result.cells["population"] > 0]
    assert sorted(lived_in["clinic_off"]) == ["", "own_side"]
    assert "no street mapped on this side" in (run.folder / "index.html").read_text("utf-8")
