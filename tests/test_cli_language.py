"""Commands talk in the config's language, else in that of --lang, else in the system's: no line in the other one."""

import re

import click
import pytest
from click.testing import CliRunner

from circle15.cli import _SUMMARY, main
from circle15.cli.shared.click_words import SaidCommand, SaidOption
from circle15.cli.shared.language import language_of
from tests.chinese_town import Town

pytestmark = pytest.mark.own_language
CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b(?:the|is|are|of|not|no|and|one|with|has|in|to|a|an|it|be|was|must|give|write)\b")
"""Words that every English sentence has and no id, path or key."""
NAMES = re.compile(
    "街道|托育|人口|没有|无此列|名称|经度|纬度|托位|类型|幼儿园|托儿所|所属|测试区|万元|江北区|宁波市|数|老|旧|东|西|[“”]"
)
"""Names of the made town, its files and headings, which stand in sentences of either language."""
WRONG_USES = [
    (), ("rnu",), ("run",), ("run", "--threads", "0", "town.toml"), ("run", "--threads", "x", "town.toml"),
    ("run", "nowhere.toml"), ("run", "."), ("run", "town.toml", "extra"), ("run", "town.toml", "--otu", "x"),
    ("run", "town.toml", "--out", ""), ("run", "town.toml", "--out", "town.toml"), ("run", "town.toml", "--out"),
    ("batch",), ("batch", "town.toml", "--jobs", "0"), ("batch", "town.toml", "--memory-limit", "much"),
    ("batch", "town.toml", "--memory-limit", "1KB"),
    ("batch", "town.toml", "--jobs", "1", "--scheduler", "tcp://127.0.0.1:1"), ("batch", "empty"),
    ("batch", "town.toml", "--previous", "nowhere"), ("rank", "town.toml", "--top", "0"),
    ("rank", "town.toml", "--by", "luck"), ("rank", "town.toml", "--layer", "nobody"),
    ("rank", "town.toml", "--projects", "p.csv", "--top", "3"), ("rank", "town.toml", "--budget", "5"),
    ("rank", "town.toml", "--budget", "nan"), ("site", "town.toml", "--layer", "nursery", "--budget", "inf"),
    ("rank", "town.toml", "--candidates", "nowhere.csv"), ("site", "town.toml"),
    ("site", "town.toml", "--layer", "nursery", "--model", "best"), ("site", "town.toml", "--layer", "nursery"),
    ("site", "town.toml", "--layer", "nursery", "--p", "1", "--share", "2"),
    ("isochrone", "town.toml"), ("isochrone", "town.toml", "--at", "here"), ("isochrone", "town.toml", "--at", "200,5"),
    ("isochrone", "town.toml", "--at", "121.5,29.9", "--minutes", "5,5"),
    ("isochrone", "town.toml", "--at", "121.5,29.9", "--minutes", "soon"),
    ("isochrone", "town.toml", "--at", "0,0"), ("isochrone", "town.toml", "--at", "121.51,29.91", "--profile", "bird"),
    ("check", "nowhere.toml"), ("verify", "empty"), ("verify", "nowhere"), ("compare", "empty", "empty"),
    ("trend", "empty"), ("trend",), ("init",), ("fetch",), ("fetch", "here", "-o", "x.txt"), ("programme", "town.toml"),
    ("schema", "x"), ("info", "--all"), ("cache", "--claer"),
]  # fmt: skip
WRONG_LINES = [
    ('id = "nursery"', "id = “nursery”"), ('id = "nursery"', 'id = "N 1"'), ("minutes = 10", "minutes = 0"),
    ("minutes = 10", "minuets = 10"), ("minutes = 10", "minutes = 10\nmetres = 5"), ('crs = "wgs84"', 'crs = "utm"'),
    ('crs = "wgs84"', ""), ("托育.csv", "没有.csv"), ("minutes = 10", 'minutes = 10\ngroup = "old"'),
    ("minutes = 10", 'minutes = 10\nencoding = "klingon"'), ("minutes = 10", "minutes = 10\nwhere = { 类型 = [] }"),
    ("minutes = 10", 'minutes = 10\nname_field = "无此列"'),
]  # fmt: skip


@pytest.fixture(params=["zh", "en"])
def lang(request):
    return request.param


@pytest.fixture
def town(tmp_path, monkeypatch, lang):
    made = Town(tmp_path, lang=lang)
    path = made.write()
    made.write_table(*made.places(5))
    (tmp_path / "empty").mkdir()
    if path.name != "town.toml":
        path.rename(tmp_path / "town.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if lang == "zh" else "C.UTF-8")
    return made


def wrong_lines(text, lang):
    """Give the lines in the other language."""
    if lang == "en":
        return [line for line in text.splitlines() if CHINESE.search(NAMES.sub("", line))]
    return [line for line in text.splitlines() if ENGLISH.search(line) and not CHINESE.search(line)]


@pytest.mark.parametrize("use", WRONG_USES, ids=" ".join)
def test_a_wrong_use_is_told_in_the_language_of_whoever_reads_it(town, lang, use):
    result = CliRunner().invoke(main, use)
    assert result.exit_code in {1, 2}, result.output
    assert result.output.strip()
    assert wrong_lines(result.output, lang) == []
    assert (CHINESE.search(NAMES.sub("", result.output)) is not None) == (lang == "zh")


@pytest.mark.parametrize("use", [("run", "town.toml", "--out", "town.toml"), ("verify", "town.toml"), ("rank", "town.toml", "--candidates", "empty")], ids=" ".join)  # fmt: skip
def test_a_file_in_a_folders_place_is_told_without_clicks_own_english_word(town, lang, use):
    for _ in range(2):  # commands are loaded once, whatever the language
        told = CliRunner().invoke(main, use).output.splitlines()[-1]
        assert ("Directory" in told or "File" in told) == (lang == "en")
        assert wrong_lines(told, lang) == []


@pytest.mark.parametrize(("old", "new"), WRONG_LINES)
def test_a_wrong_config_or_table_is_told_in_the_configs_language(town, monkeypatch, lang, old, new):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    path = town.folder / "town.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    for command in ("check", "run"):
        result = CliRunner().invoke(main, [command, "town.toml"])
        assert result.exit_code == 2, result.output
        assert wrong_lines(result.output, lang) == []


@pytest.mark.parametrize("name", ["", *_SUMMARY])
def test_the_help_of_every_command_stands_in_both_languages(name, lang, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if lang == "zh" else "C.UTF-8")
    text = CliRunner().invoke(main, [name, "--help"] if name else ["--help"]).output
    told = NAMES.sub("", text)
    assert (CHINESE.search(told) is not None) == (lang == "zh")
    assert wrong_lines(told, "zh") == [] if lang == "zh" else "Options" in text


def test_every_command_and_option_has_a_help_in_both_languages():
    context = click.Context(main)
    for name in _SUMMARY:
        command = main.get_command(context, name)
        assert isinstance(command, SaidCommand)
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert all(isinstance(p, SaidOption) and p.said for p in options), name


def test_the_language_is_the_configs_else_the_options_else_the_systems(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text('[district]\nid = "a"\nlang = "en"\n', encoding="utf-8")
    (tmp_path / "s.toml").write_text('base = "a.toml"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text("broken", encoding="utf-8")
    chinese, plain = {"LANG": "zh_CN.UTF-8"}, {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}
    assert language_of(["run", "a.toml", "--lang", "zh"], chinese) == "en"
    assert language_of(["run", "s.toml"], chinese) == "en"
    assert language_of(["run", "b.toml"], plain) == "zh"  # the default of a config
    assert language_of(["run", "c.toml", "--lang", "zh"], plain) == "zh"
    assert language_of(["run", "c.toml", "--lang=en"], chinese) == "en"
    assert (language_of(["run"], chinese), language_of(["run"], plain)) == ("zh", "en")
