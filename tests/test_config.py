import re
from pathlib import Path

import numpy as np
import pytest

from circle15.config.model import load_config, readable_config
from circle15.errors import ConfigError, MissingFileError
from circle15.measures.coverage import covered_cells
from circle15.units import ms_to_seconds, seconds_to_ms

GOOD = """
[district]
id = "toy"
name = "示例"
boundary = "box:7.41,43.72,7.44,43.75"
[network]
source = "toy.osm.pbf"
[walk.adult]
speed_m_s = 1.25
[walk.elderly]
speed_m_s = 0.9
[population]
source = "buildings"
total = 1000
[[layer]]
id = "clinic"
name = "卫生"
source = "osm:amenity=clinic"
minutes = 15
[[layer]]
id = "canteen"
name = "食堂"
source = "osm:amenity=restaurant"
metres = 900
profile = "elderly"
"""


@pytest.fixture
def config_file(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "toy.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_good_config_gives_thresholds_in_seconds_at_each_layers_speed(config_file):
    config = load_config(config_file(GOOD))
    clinic, canteen = config.layers
    assert config.threshold_s(clinic) == 900
    assert config.threshold_s(canteen) == pytest.approx(1000)  # 900 m at 0.9 m/s
    assert config.threshold_min(canteen) == pytest.approx(1000 / 60)
    assert (config.threshold_m(clinic), config.threshold_m(canteen)) == (1125, 900)


@pytest.mark.parametrize(("minutes", "seconds"), [(4.1, 246.0), (8.2, 492.0), (16.4, 984.0)])
def test_a_walk_of_exactly_the_threshold_is_covered_whatever_its_binary_fraction(config_file, minutes, seconds):
    config = load_config(config_file(GOOD.replace("minutes = 15", f"minutes = {minutes}")))
    threshold_s = config.threshold_s(config.layers[0])
    assert threshold_s == seconds
    assert covered_cells(ms_to_seconds(np.array([seconds_to_ms(threshold_s)], dtype=np.uint32)), threshold_s).all()


def test_a_threshold_in_metres_is_printed_as_it_was_given(config_file):
    config = load_config(config_file(GOOD.replace("metres = 900", "metres = 500")))
    canteen = config.layers[1]
    assert config.threshold_s(canteen) == 555.555
    assert config.threshold_m(canteen) == 500


def test_the_automatic_buffer_is_the_longest_walk_and_500_metres(config_file):
    assert load_config(config_file(GOOD)).buffer_m() == 900 * 1.25 + 500


def test_relative_paths_start_from_the_config_file(config_file, tmp_path):
    assert load_config(config_file(GOOD)).resolve("toy.osm.pbf") == (tmp_path / "toy.osm.pbf").resolve()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("boundary =", "boundry =", r"district\.boundry.*did you mean 'boundary'"),
        ("minutes = 15", "minute = 15", r"layer\.clinic\.minute.*did you mean 'minutes'"),
        ('profile = "elderly"', 'profile = "eldery"', r"no \[walk\.eldery\] table; did you mean 'elderly'"),
        ("minutes = 15", "minutes = -1", r"layer\.clinic\.minutes.*-1"),
        ("metres = 900", "metres = 900\nminutes = 3", "give minutes or metres, not both"),
        ('id = "clinic"', 'id = "canteen"', "given twice: canteen"),
        ('id = "clinic"', 'id = "population"', "name of a column"),
        ('id = "toy"', 'id = "../toy"', "files are named after it"),
        ("speed_m_s = 0.9", "speed_m_s = 0", r"walk\.elderly\.speed_m_s"),
        ("[population]", "[poulation]", r"poulation.*did you mean 'population'"),
        ('source = "buildings"', 'source = "points"', "needs path"),
        ('id = "toy"', 'id = "toy', "not valid TOML"),
        ("minutes = 15", 'minutes = 15\ngroup = "age_60_plus"', "not among the population groups"),
        ("minutes = 15", "minutes = true", r"layer\.clinic\.minutes, value True: Input should be a valid number"),
        ("minutes = 15", 'minutes = "15"', r"layer\.clinic\.minutes, value '15': Input should be a valid number"),
        ("minutes = 15", "minutes = 70000", r'"clinic": minutes = 70000 is a walk of more than a day'),
        ("minutes = 15", "minutes = 1e-9", r'"clinic": minutes = 1e-09 is a walk of less than a second'),
        ("metres = 900", "metres = 1e8", r'"canteen": metres = 1e\+08 is a walk of more than a day'),
        ("speed_m_s = 0.9", "speed_m_s = 1e-6", r"walk\.elderly\.speed_m_s.*greater than or equal to 0\.05"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_would_be_right(config_file, old, new, expected):
    path = config_file(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as e:
        load_config(path)
    assert re.search(expected, str(e.value)), str(e.value)
    assert str(path) in str(e.value)


@pytest.mark.parametrize("group", ["population", "cell", "community_id", "clinic_seconds", "canteen_cause", "all"])
def test_a_group_that_is_named_like_a_column_of_the_cells_is_refused(config_file, group):
    people = f'[population]\ngroups = {{{group} = "p60"}}'
    text = GOOD.replace("[population]", people).replace('source = "buildings"', 'source = "points"\npath = "p.csv"')
    with pytest.raises(ConfigError, match=f"population.groups: {group} would be a column of cells.parquet twice"):
        load_config(config_file(text))


def test_a_key_that_takes_a_word_or_a_number_has_one_problem(config_file):
    path = config_file(GOOD.replace('"toy.osm.pbf"', '"toy.osm.pbf"\nbuffer_m = -5'))
    with pytest.raises(ConfigError, match=r"buffer_m, value -5: Input should be 'auto' or greater .* to 0$") as e:
        load_config(path)
    assert len(e.value.problems) == 1


def test_a_wrong_layer_is_not_told_as_a_missing_one_too(config_file):
    text = GOOD[: GOOD.index("[[layer]]")] + '[[layer]]\nid = "a"\nname = "A"\nsource = "a.csv"\nminutes = -1\n'
    with pytest.raises(ConfigError) as e:
        load_config(config_file(text))
    assert [p.key for p in e.value.problems] == ["layer.a.minutes"]


def test_every_problem_is_told_at_once(config_file):
    text = GOOD.replace("boundary =", "boundry =").replace("minutes = 15", "minute = 15")
    with pytest.raises(ConfigError) as e:
        load_config(config_file(text))
    assert len(e.value.problems) >= 3
    assert "boundary" in str(e.value)
    assert "minute" in str(e.value)


def test_a_missing_config_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"nothing\.toml: no such config file"):
        load_config(tmp_path / "nothing.toml")


def test_a_config_that_is_not_utf8_says_so(tmp_path):
    path = tmp_path / "gbk.toml"
    path.write_bytes(GOOD.encode("gbk"))
    with pytest.raises(ConfigError, match="save the config as UTF-8"):
        load_config(path)


def test_an_unknown_key_hides_no_other_fault_of_the_config(config_file):
    text = GOOD.replace("minutes = 15", "minuets = 5\nmetres = 300", 1).replace(
        "[network]", "[cells]\nresolutoin = 9\n[network]"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(config_file(text))
    told = [(p.key, str(p)) for p in caught.value.problems]
    assert any(key == "cells.resolutoin" for key, _ in told)
    assert any(key == "layer.clinic.minuets" and "did you mean 'minutes'" in text for key, text in told)
    assert any("give minutes or metres, not both" in text for _, text in told)


def test_what_can_be_read_of_a_faulty_config_is_read(config_file):
    good = load_config(config_file(GOOD))
    faulty = GOOD.replace("[network]", "[cells]\nresolutoin = 9\n[network]\nmax_access_m = true\nunknown = 1")
    path = config_file(faulty)
    with pytest.raises(ConfigError):
        load_config(path)
    config, has_people = readable_config(path)
    assert has_people
    assert config.layers == good.layers
    assert (config.network.source, config.cells.resolution) == (good.network.source, 9)
    assert readable_config(config_file('[district]\nid = "a"\n'))[0] is None
    assert readable_config(path.with_name("none.toml")) == (None, False)


def test_more_people_than_ever_lived_are_refused(tmp_path):
    (tmp_path / "c.toml").write_text(GOOD.replace("total = 1000", "total = 1e308"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"population\.total"):
        load_config(tmp_path / "c.toml")


@pytest.mark.parametrize("scale", ["[nan, 5]", "[1, nan]", "[1, inf]", "[-inf, 5]", "[5, 1]"])
def test_a_scale_of_answers_has_two_finite_ends(tmp_path, scale):
    (tmp_path / "c.toml").write_text(GOOD + f'[survey]\npath = "s.csv"\nscale = {scale}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="lowest answer, highest answer"):
        load_config(tmp_path / "c.toml")


@pytest.mark.parametrize("nodata", ["nan", "inf", "-inf"])
def test_pixels_that_are_no_number_need_no_nodata(tmp_path, nodata):
    raster = f'source = "raster"\npath = "p.tif"\nnodata = {nodata}'
    (tmp_path / "c.toml").write_text(GOOD.replace('source = "buildings"', raster), encoding="utf-8")
    assert load_config(tmp_path / "c.toml").population.nodata is None
