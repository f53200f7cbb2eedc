"""Every key of a config is described, once, where it is declared; the pages and the schema are made from that."""

import json
import re
import runpy
import tomllib

import pytest
from click.testing import CliRunner

from circle15.cli import main
from circle15.config.schema import config_schema


@pytest.fixture(scope="module")
def script(root):
    return runpy.run_path(str(root / "scripts" / "make_config_reference.py"))


def keys_of(schema):
    yield from schema["properties"].items()
    for name, table in schema["$defs"].items():
        yield from ((f"{name}.{key}", of) for key, of in table["properties"].items())


def test_every_key_is_described_in_both_languages(script):
    keys = dict(keys_of(config_schema()))
    assert len(keys) > 140
    for key, of in keys.items():
        english, chinese = (script["described"](of, lang) for lang in ("en", "zh"))
        assert re.match(r'[A-Z0-9"]', english), key
        assert english.endswith("."), key
        assert re.match(r"[一-鿿].*。$", chinese), key


def test_both_pages_of_the_config_are_what_their_script_makes(root, script):
    for lang, name in (("en", "config.md"), ("zh", "config.zh.md")):
        assert (root / "docs" / "reference" / name).read_text(encoding="utf-8") == script["config_page"](lang), lang


def test_texts_of_both_languages_lose_nothing_where_their_lines_are_put_together(script):
    said = {"description": "One line,\nand one more.\n中文一行，\n又一行 A\nB。"}
    assert script["described"](said, "en") == "One line, and one more."
    assert script["described"](said, "zh") == "中文一行，又一行 A B。"


@pytest.fixture(scope="module")
def faults():
    """Give a function that lists where a config in TOML is not as the printed schema says."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(CliRunner().invoke(main, ["schema"], catch_exceptions=False).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    return lambda text: sorted(e.json_path for e in checker.iter_errors(_as_json(text)))


def _as_json(text):
    """Give a config as an editor sees it: a date is a text to a JSON schema."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_configs_that_ship_are_as_the_schema_says(root, faults):
    shipped = [root / "circle15/cli/district.toml", *sorted((root / "data").rglob("*.toml"))]
    assert len(shipped) > 3
    assert {path.name: faults(path.read_text("utf-8")) for path in shipped} == {path.name: [] for path in shipped}


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("max_access_m = 300.0", "max_acess_m = 300.0", ["$.network"]),
        ('resolution = "auto"', "resolution = 20", ["$.cells.resolution"]),
        ('lang = "zh"', 'lang = "fr"', ["$.district.lang"]),
        ("speed_m_s = 0.9", 'slope = "tobler"', ["$"]),  # neither a speed nor a profile that it is like
        ("speed_m_s = 0.9", 'like = "elderly"', []),
        ("minutes = 15\n", "minutes = 15\nwhere = { '类型' = 3, '状态' = { not = ['停业'] } }\n", []),
        ("minutes = 15\n", "minutes = 15\nwhere = { '状态' = { nor = '停业' } }\n", ["$.layer[3].where['状态']"]),
    ],
)
def test_an_editor_sees_a_wrong_key_or_value(root, faults, old, new, where):
    good = (root / "circle15/cli/district.toml").read_text("utf-8")
    assert old in good
    assert faults(new.join(good.rsplit(old, 1))) == where


def test_a_scenario_may_state_parts_of_tables(faults):
    assert faults('base = "district.toml"\n[walk.adult]\nwaits = { lift = 60 }\n[district]\nname = "甲"') == []
    assert faults('[district]\nname = "甲"') == ["$"]
