"""[walk.NAME]: every number of a walk stands in the config, or in the profiles that come along."""

import ast
from pathlib import Path

import pytest

from circle15.config.walk import WAIT_KINDS, WalkTable, shipped_walks
from circle15.network.walking.profiles import WalkProfile


def test_a_table_that_states_only_a_speed_costs_nothing_else():
    profile = WalkProfile("adult", **WalkTable(speed_m_s=1.25).profile_values())
    assert profile == WalkProfile("adult", 1.25)
    assert profile.pays_only_speed


@pytest.mark.parametrize("name", sorted(shipped_walks()))
def test_every_shipped_profile_is_a_profile_that_pays_for_more_than_length(name):
    profile = WalkProfile(name, **WalkTable(like=name).profile_values())
    assert not profile.pays_only_speed
    assert profile.wait_s("signals") >= 20


def test_the_shipped_profiles_are_those_of_the_plans():
    assert {"adult", "with_child", "elderly", "wheelchair"} <= set(shipped_walks())
    assert not WalkTable(like="wheelchair").stairs


def test_keys_beside_like_win():
    table = WalkTable(like="elderly", speed_m_s=0.8, waits={"signals": 40})
    assert table.speed_m_s == 0.8
    assert table.waits == {"signals": 40}
    assert table.stairs_up_m_s == shipped_walks()["elderly"]["stairs_up_m_s"]


def test_never_closes_a_passage():
    profile = WalkProfile("p", **WalkTable(speed_m_s=1, waits={"stile": "never", "gate": 3}).profile_values())
    assert profile.closed_kinds == {"stile"}
    assert profile.wait_s("gate") == 3
    assert profile.wait_s("lift") == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"like": "elderley"}, "did you mean 'elderly'"),
        ({"speed_m_s": 1, "waits": {"signal": 3}}, "did you mean 'signals'"),
        ({"speed_m_s": 1, "stairs_up_m_s": 1.5}, "the fastest one walks"),
        ({"speed_m_s": 1, "waits": {"gate": "always"}}, "never"),
        ({"speed_m_s": 1, "surfaces": {"sand": 1.5}}, "less than or equal to 1"),
        ({"speed_m_s": 1, "slope": "naismith"}, "tobler"),
        ({"stairs": False}, "speed_m_s"),
        ({"speed_m_s": 1, "stair": False}, "Extra inputs"),
    ],
)
def test_wrong_tables_are_refused_with_what_would_be_right(values, message):
    with pytest.raises(ValueError, match=message):
        WalkTable(**values)


def test_each_kind_of_wait_can_be_set():
    table = WalkTable(speed_m_s=1, waits=dict.fromkeys(WAIT_KINDS, 1.0))
    profile = WalkProfile("p", **table.profile_values())
    assert all(profile.wait_s(kind) == 1 for kind in WAIT_KINDS)


def test_no_walking_cost_is_buried_in_the_code(root):
    """Numbers of the modules that cost walks: Tobler's formula, rounding, units, and nothing else."""
    allowed = {0, 1, -1, 2, 0.5, 1000, 0.01, 100, 0.001, 0.3048, 3.5, 0.05, 62}
    for name in ("walking/costs.py", "rules/passage_table.py", "walking/traits.py", "walking/waits.py"):
        tree = ast.parse((Path(root) / "circle15" / "network" / name).read_text("utf-8"))
        numbers = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) in {int, float}}
        assert numbers <= allowed, (name, numbers - allowed)
