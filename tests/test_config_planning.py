import pytest

from circle15.config.model import load_config
from circle15.errors import ConfigError, MissingFileError

BASE = """
[district]
id = "made"
name = "Made"
boundary = "made.geojson"
[network]
source = "osm/made.osm"
[population]
source = "buildings"
total = 500
[[layer]]
id = "clinic"
name = "Clinic"
source = "osm:amenity=clinic"
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "made.toml").write_text(BASE, encoding="utf-8")

    def put(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


CHANGE = '[[change]]\nkind = "add_facility"\nlayer = "clinic"\nlon = 7.4\nlat = 43.7\ncapacity = 30\n'


def test_a_scenario_is_its_base_with_changes_and_its_own_folder(write, tmp_path):
    config = load_config(write("plans/New Bridge.toml", 'base = "../data/made.toml"\n' + CHANGE))
    assert config.district.id == "made"
    assert [(c.kind, c.layer, c.capacity) for c in config.changes] == [("add_facility", "clinic", 30)]
    assert config.folder_name == "made-new-bridge"
    assert config.resolve("osm/made.osm") == tmp_path / "data" / "osm" / "made.osm"


def test_a_config_without_base_has_no_changes(tmp_path, write):
    config = load_config(tmp_path / "data" / "made.toml")
    assert (config.changes, config.folder_name) == ((), "made")


def test_a_scenarios_tables_win_over_its_bases_key_by_key(write):
    config = load_config(
        write("s.toml", 'base = "data/made.toml"\n[population]\ntotal = 700\n[outputs]\nranking_top = 3\n')
    )
    assert (config.population.source, config.population.total, config.outputs.ranking_top) == ("buildings", 700, 3)


def test_a_scenario_of_a_scenario_adds_to_its_changes_and_finds_each_ones_lines(write, tmp_path):
    line = '[[change]]\nkind = "add_path"\nline = "{}"\n'
    write("one/first.toml", 'base = "../data/made.toml"\n' + line.format("bridge.geojson#a"))
    second = load_config(write("second.toml", 'base = "one/first.toml"\n' + line.format("gate.geojson")))
    assert [c.line for c in second.changes] == ["../one/bridge.geojson#a", "../gate.geojson"]
    assert second.resolve("../one/bridge.geojson") == tmp_path / "one" / "bridge.geojson"


def test_scenarios_that_are_based_on_each_other_are_refused(write):
    write("a.toml", 'base = "b.toml"\n')
    with pytest.raises(ConfigError, match=r"b\.toml, base, value 'a\.toml': a scenario cannot be based on itself"):
        load_config(write("b.toml", 'base = "a.toml"\n').parent / "a.toml")


def test_a_base_that_is_not_there_is_named(write):
    with pytest.raises(
        MissingFileError,
        match=r"none\.toml, base, value 'none\.toml': no such config file: it is the base of the scenario s\.toml",
    ):
        load_config(write("s.toml", 'base = "none.toml"\n'))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('kind = "add_facility"\nlayer = "clinic"\nlon = 1', r'change\.1: kind = "add_facility" needs lat'),
        ('kind = "close_facility"', 'kind = "close_facility" needs id'),
        ('kind = "set_capacity"\nid = "clinic-1"', 'kind = "set_capacity" needs capacity'),
        ('kind = "add_path"', 'kind = "add_path" needs line'),
        ('kind = "close_path"\nline = "a.geojson"\ncost = 3', 'kind = "close_path" has no cost; it takes'),
        ('kind = "add_path"\nline = [[1, 2]]', "line: needs at least 2 entries, not 1"),
        ('kind = "add_path"\nline = [[1, 2], [200, 3]]', "less than or equal to 180"),
        ('kind = "open"', "add_facility"),
        ('kind = "close_facility"\nid = "x"\nlayr = "clinic"', r"unknown key; did you mean 'layer'"),
        ('kind = "add_facility"\nlayer = "clinics"\nlon = 1\nlat = 2', "no layer \"clinics\"; did you mean 'clinic'"),
    ],
)
def test_a_change_that_says_too_little_too_much_or_nonsense_is_refused(write, change, message):
    with pytest.raises(ConfigError, match=message):
        load_config(write("s.toml", f'base = "data/made.toml"\n[[change]]\n{change}\n'))


def test_a_ranking_per_cost_or_within_a_budget_needs_candidates(write):
    for text in ('rank_by = "people_per_cost"', "budget = 300"):
        with pytest.raises(ConfigError, match='needs candidates = "FILE"'):
            load_config(write("s.toml", f'base = "data/made.toml"\n[planning]\n{text}\n'))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("speed_sd = { adult = 1e308 }", "certainty.speed_sd.adult"),
        ("speed_sd = 1e308", "certainty.speed_sd"),
        ("walker_sd = 6", "certainty.walker_sd"),
        ("position_m = { clinic = -1 }", "certainty.position_m.clinic"),
        ("people_cv = 1e300", "certainty.people_cv"),
    ],
)
def test_a_spread_that_nothing_has_is_told_by_its_key(write, keys, told):
    with pytest.raises(ConfigError) as e:
        load_config(write("data/doubt.toml", f'base = "made.toml"\n[certainty]\n{keys}\n'))
    assert f"{told}, value" in str(e.value)


def test_a_pot_of_a_budget_is_named_without_the_branch_of_its_type(write):
    text = 'base = "made.toml"\n[programme]\nyears = [2025]\nbudget = { clinic = -1 }\ncandidates = "x.csv"\n'
    with pytest.raises(ConfigError, match=r"programme\.budget\.clinic, value -1"):
        load_config(write("data/pots.toml", text))


def test_a_list_of_layers_may_hold_no_numbers(write):
    with pytest.raises(ConfigError, match="layer"):
        load_config(
            write("data/five.toml", BASE.partition("[[layer]]")[0].replace("[district]", "layer = [5]\n[district]"))
        )


def test_a_path_does_not_reach_round_the_globe_for_its_street(write):
    text = CHANGE.replace("[[change]]", 'base = "made.toml"\n[[change]]') + (
        '[[change]]\nkind = "close_path"\nline = [[7.4, 43.7], [7.5, 43.7]]\ntolerance_m = 1e308\n'
    )
    with pytest.raises(ConfigError, match="tolerance_m"):
        load_config(write("data/far.toml", text))
