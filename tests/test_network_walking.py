"""Who may walk where: each row of the tag table on a two-way toy map, and the table's own form."""

import csv

import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.walk import WAIT_KINDS, shipped_walks
from circle15.network.build import read_network
from circle15.network.rules.walking_table import deciding_rule, may_walk, table_keys, walking_table
from circle15.network.streets.compounds import is_private_gate
from circle15.network.walking.profiles import WalkProfile
from tests.toy_osm import NODES, write_osm

RULES = walking_table()
WAYS = [rule for rule in RULES if rule.kind == "way"]
BARRIERS = [rule for rule in RULES if rule.kind == "node"]


def tags_of(rule):
    return dict(pair.split("=", 1) for pair in rule.example.split(","))


def row_name(rule):
    return f"{rule.kind} {rule.example} {rule.walk}"


@pytest.mark.parametrize("rule", RULES, ids=row_name)
def test_each_row_decides_its_own_example(rule):
    assert deciding_rule(tags_of(rule), rule.kind) is rule


@pytest.mark.parametrize("rule", WAYS, ids=row_name)
def test_each_way_row_opens_or_closes_a_toy_way(rule, tmp_path):
    path = write_osm(tmp_path / "toy.osm", ways=[(11, [1, 2], "highway=footway"), (12, [2, 3], tags_of(rule))])
    network = read_network(path, cache=False)
    assert (12 in network.way_id) == (rule.walk == "yes")
    if rule.walk == "no" and rule.reason != "not a street":
        assert dict(network.report.ways_refused) == {rule.reason: 1}


@pytest.mark.parametrize("rule", BARRIERS, ids=row_name)
def test_each_barrier_row_cuts_or_passes_a_toy_way(rule, tmp_path):
    path = write_osm(
        tmp_path / "toy.osm", nodes={**NODES, 2: (0.001, 0.0, tags_of(rule))}, ways=[(11, [1, 2, 3], "highway=path")]
    )
    network = read_network(path, cache=False)
    assert network.n_edges == 2
    is_shut = rule.walk == "cut" and not is_private_gate(tags_of(rule))  # who lives behind a private gate walks out
    assert (len(set(network.component)) == 2) == is_shut
    assert network.report.n_barriers_cut == (rule.walk == "cut")


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ("highway=service,service=driveway", True),
        ("highway=service,service=driveway,access=private", False),
        ("highway=service,service=driveway,access=residents", True),
        ("highway=service,access=no,foot=yes", True),
        ("highway=motorway,foot=designated", True),
        ("highway=footway,foot=no", False),
        ("highway=pedestrian,area=yes", True),
        ("highway=footway,indoor=yes", True),
        ("highway=steps,conveying=forward", True),
        ("highway=trunk,sidewalk=separate", False),
        ("highway=trunk,sidewalk:both=separate", False),
        ("highway=trunk,sidewalk:left=yes", True),
        ("highway=primary,sidewalk=no", True),
        ("highway=cycleway,foot=yes", True),
        ("highway=residential,sidewalk=separate", True),
        ("highway=residential,access=customers", True),
        ("highway=residential,access=destination", True),
        ("highway=path,access=permissive", True),
        ("highway=proposed,foot=yes", False),
        ("railway=platform,access=private", False),
        ("route=ferry,foot=yes", False),
        ("building=yes,foot=yes", False),
    ],
)
def test_rows_work_together(tags, allowed):
    assert may_walk(dict(pair.split("=", 1) for pair in tags.split(",")))[0] is allowed


def test_nodes_that_are_no_barriers_pass():
    assert may_walk({"highway": "crossing"}, "node")[0]


def test_the_table_is_complete_and_every_row_can_decide():
    assert len({(rule.kind, rule.example) for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.walk in {"way": ("yes", "no"), "node": ("pass", "cut")}[rule.kind]
        assert rule.reason
        assert rule.osrm
        assert rule.graphhopper
        assert rule.valhalla


def test_every_difference_from_another_engine_has_a_note():
    for rule in RULES:
        engines = {rule.osrm, rule.graphhopper, rule.valhalla}
        if engines != {rule.walk}:
            assert rule.note or rule.walk == "pass", rule.example


def test_the_table_is_plain_csv_that_a_spreadsheet_opens(root):
    text = (root / "circle15" / "network" / "rules" / "walking_table.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    assert {len(row) for row in rows} == {9}


def test_the_reader_asks_for_every_key_of_the_table():
    asked = table_keys("way")
    assert "customers" in asked["foot"]
    assert asked["segregated"] == frozenset()
    assert set(table_keys("node")) == {"barrier", "foot", "access", "locked", "sensory"}


@pytest.mark.parametrize("speed", [0.0, -1.0, 5.1, float("nan")])
def test_a_profile_without_a_walking_speed_is_refused(speed):
    with pytest.raises(ValueError, match="metres per second"):
        WalkProfile(speed_m_s=speed)


@pytest.mark.parametrize("name", ["", "Adult", "a b", "-a", "成人"])
def test_a_profile_name_is_file_safe(name):
    with pytest.raises(ValueError, match="use a-z"):
        WalkProfile(name=name)


def test_the_walking_table_is_printed_whole():
    done = CliRunner().invoke(main, ["info", "--walking-table"])
    assert done.exit_code == 0
    text = " ".join(done.output.split())
    for rule in RULES:
        assert rule.example in text
        assert " ".join(rule.note.split()) in text
    for kind in WAIT_KINDS:
        assert f" {kind}: paid by" in text
    for name in shipped_walks():
        assert f"[{name}]" in text
