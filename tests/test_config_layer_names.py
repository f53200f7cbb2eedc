"""Wherever a config names a layer, its name will do for its id."""

import tomllib

import pytest

from circle15.config.layer_names import with_layer_ids
from circle15.config.meaning import config_digest, stated_config
from circle15.config.model import parse_config
from circle15.errors import ConfigError

RAW = """
[district]
id = "town"
name = "Town"
boundary = "box:0,0,1,1"
[network]
source = "town.osm"
[population]
source = "buildings"
[[layer]]
id = "nursery"
name = "托育"
source = "nursery.csv"
minutes = 15
[[layer]]
id = "meals"
name = "老年食堂"
source = "meals.csv"
minutes = 15
[planning]
new_capacity = { NURSERY = 60, MEALS = 80 }
[programme]
years = [2026, 2027]
budget = { NURSERY = 100, MEALS = [50, 60] }
weights = { MEALS = 2.0 }
goals = [{ layer = "NURSERY", covered_share = 0.8 }]
[certainty]
position_m = { NURSERY = 20.0 }
[portrait]
layers = { MEALS = 2.0 }
[[change]]
kind = "add_facility"
layer = "NURSERY"
lon = 0.5
lat = 0.5
"""


def read(nursery, meals, text=RAW):
    return tomllib.loads(text.replace("NURSERY", nursery).replace("MEALS", meals))


def test_a_config_that_calls_layers_by_their_names_is_the_one_that_calls_them_by_their_ids(tmp_path):
    by_id = parse_config(read("nursery", "meals"), tmp_path / "town.toml")
    names = RAW.replace("{ NURSERY", '{ "NURSERY"').replace("MEALS =", '"MEALS" =')
    by_name = parse_config(read("托育", "老年食堂", names), tmp_path / "town.toml")
    assert by_name == by_id
    assert config_digest(by_name) == config_digest(by_id)
    assert parse_config(stated_config(by_name), tmp_path / "town.toml") == by_id


def test_what_is_no_layers_name_is_told_with_the_key(tmp_path):
    for at, text in (
        ("programme.goals", RAW.replace('layer = "NURSERY", cov', 'layer = "托儿", cov')),
        ("change 1", RAW.replace('layer = "NURSERY"\nlon', 'layer = "托儿"\nlon')),
        ("planning.new_capacity", RAW.replace("{ NURSERY = 60", '{ "托儿" = 60')),
    ):
        with pytest.raises(ConfigError, match=at) as told:
            parse_config(read("nursery", "meals", text), tmp_path / "town.toml")
        assert "托儿" in str(told.value)


def test_a_name_that_is_another_layers_id_or_that_two_bear_renames_nothing():
    rows = [{"id": "a", "name": "b"}, {"id": "b", "name": "Both"}, {"id": "c", "name": "Both"}]
    raw = {"layer": rows, "programme": {"weights": {"b": 1.0, "Both": 2.0}}}
    assert with_layer_ids(raw) == raw
    both = {"layer": [{"id": "a", "name": "A"}], "programme": {"weights": {"a": 1.0, "A": 2.0}}}
    assert with_layer_ids(both) == both
