"""The documentation: its configs load, its commands exist, its links resolve, its examples run."""

import copy
import doctest
import importlib
import re
import runpy
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from circle15.batch.district_list import find_districts
from circle15.cli import main as cli
from circle15.config.model import parse_config, read_toml
from circle15.config.planning import ChangeTable

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/*/README.md")])
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
MOST_LINES = 90
HEADINGS = {  # README.md: README.zh.md, in their order
    "# circle15": "# circle15",
    "## Two commands": "## 两条命令",
    "## Your own district in five steps": "## 五步做自己的区",
    "## Where to read on": "## 接着读",
    "## What it does not do": "## 它不做什么",
    "## Licence": "## 许可",
}
# What a fragment leaves unsaid.
BASE = {
    "district": {"id": "a", "name": "a", "boundary": "box:0,0,1,1"},
    "network": {"source": "a.osm.pbf"},
    "population": {"source": "points", "path": "people.csv", "crs": "wgs84"},
}
LAYER = {"id": "school", "name": "school", "source": "osm:amenity=school", "minutes": 15}
WITH_EXAMPLES = sorted(
    ".".join(p.relative_to(ROOT).with_suffix("").parts)
    for p in (ROOT / "circle15").rglob("*.py")
    if re.search(r"^ *>>>(?!.*\+SKIP)", p.read_text("utf-8"), re.MULTILINE)
)


def blocks(language):
    """Give every fenced block in a language, with the page that it stands on and its number there."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for number, found in enumerate((m for m in FENCE.finditer(text) if m[1] == language), start=1):
            yield pytest.param(found[2], id=f"{page.relative_to(ROOT)}:{number}")


def over(below, above):
    """Put the tables of one config over another's, key by key; layers take what they leave unsaid from LAYER."""
    merged = copy.deepcopy(below)
    for key, value in above.items():
        merged[key] = over(merged.get(key, {}), value) if isinstance(value, dict) else value
    return merged


def as_config(fragment):
    """Give a whole config with ``fragment`` in it."""
    config = over(BASE, fragment)
    goals = fragment.get("programme", {}).get("goals", [])
    named = dict.fromkeys(goal["layer"] for goal in goals if isinstance(goal, dict))
    config["layer"] = [{**LAYER, **layer} for layer in fragment.get("layer", [{"id": i} for i in named] or [LAYER])]
    walks = {layer["profile"] for layer in config["layer"] if "profile" in layer}
    config["walk"] = {name: {"speed_m_s": 1.25} for name in {"adult", *walks}} | config.get("walk", {})
    return config


@pytest.mark.parametrize("text", list(blocks("toml")))
def test_every_toml_block_loads_as_a_config_or_a_part_of_one(text, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    told = read_toml(path)
    if "districts" in told:
        assert len(find_districts(path)) == len(told["districts"])
    elif "change" in told:
        assert told["base"]
        assert [ChangeTable.model_validate(change).kind for change in told["change"]]
    else:
        parse_config(as_config(told), path)


def test_a_block_with_a_wrong_key_would_be_found(tmp_path):
    with pytest.raises(ValueError, match="minuets"):
        parse_config(as_config({"layer": [{"minuets": 15}]}), tmp_path / "a.toml")


@pytest.mark.parametrize("text", list(blocks("python")))
def test_every_python_block_runs(text, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    exec(compile(text, "block", "exec"), {})  # noqa: S102 (our own pages)
    assert capsys.readouterr().out


def commands_of(page):
    """Give each line `circle15 ...` of a page's shell blocks and code spans."""
    text = page.read_text("utf-8")
    shell = "\n".join(m[2] for m in FENCE.finditer(text) if m[1] == "bash")
    spans = re.findall(r"`(circle15 [^`\n]+)`", FENCE.sub("", text))
    for line in [*re.split(r"\n|&&", shell), *spans]:
        words = shlex.split(line.strip(), comments=True)
        if words and Path(words[0]).name == "circle15":
            yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_and_flag_in_a_page_exists(page):
    context = click.Context(cli)
    unknown = []
    for name, *words in commands_of(page):
        command = cli if name.startswith("-") else cli.get_command(context, name)
        flags = {"-h", "--help", *(flag for p in getattr(command, "params", []) for flag in p.opts)}
        used = {w.split("=")[0] for w in words if w.startswith("-") and not re.match(r"-\d", w)}
        unknown += [name] if command is None else sorted(used - flags)
    assert unknown == []


def test_commands_are_found_in_the_pages_at_all():
    named = {words[0] for page in PAGES for words in commands_of(page)}
    assert set(cli.list_commands(click.Context(cli))) <= named


def anchors_of(page):
    """Give the anchors of a page's headings as GitHub makes them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        if not other.exists() or (anchor and anchor not in anchors_of(other)):
            broken.append(target)
    assert broken == []


def test_files_named_in_the_pages_of_developers_exist():
    pages = [ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/developing/**/*.md"), *ROOT.glob("docs/README.md")]
    named = {
        f for p in pages for f in re.findall(r"\b(?:[a-z]\w*/)+[\w.]+\.(?:py|toml|csv|js|sh)\b", p.read_text("utf-8"))
    }
    assert [f for f in sorted(named) if not ((ROOT / f).exists() or (ROOT / "circle15" / f).exists())] == []
    assert len(named) > 20


def test_the_page_of_the_architecture_names_every_room():
    page = (ROOT / "docs" / "developing" / "architecture.md").read_text("utf-8")
    rooms = [p for p in (ROOT / "circle15").glob("*/") if any(p.glob("*.py")) or p.name == "core"]
    modules = [p.stem for p in (ROOT / "circle15").glob("[a-z]*.py")]
    assert [name for name in [f"{p.name}/" for p in rooms] + modules if f"`{name}`" not in page] == []
    inner = [p.name for room in ("pipeline", "network", "inputs") for p in (ROOT / "circle15" / room).glob("*/")]
    assert [name for name in inner if f"`{name}/`" not in page and name != "__pycache__"] == []


def test_every_page_can_be_reached_from_the_readmes():
    reached, todo = set(), [ROOT / "README.md", ROOT / "README.zh.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = re.findall(r"\]\(([^)\s#]+)", FENCE.sub("", page.read_text("utf-8")))
        todo += [(page.parent / t).resolve() for t in targets if not re.match(r"[a-z]+:", t)]
    assert [str(p) for p in ROOT.glob("docs/**/*.md") if p not in reached] == []


def test_planners_pages_stand_in_both_languages_and_link_to_each_other():
    for folder in ("tutorial", "how-to", "explanation"):
        for chinese in (ROOT / "docs" / folder).glob("*.zh.md"):
            english = chinese.with_name(chinese.name.replace(".zh.md", ".md"))
            assert f"[中文]({chinese.name})" in english.read_text("utf-8")
            assert f"[English]({english.name})" in chinese.read_text("utf-8")
            levels = [
                [h.count("#") for h in re.findall(r"^(#+) ", FENCE.sub("", p.read_text("utf-8")), re.MULTILINE)]
                for p in (english, chinese)
            ]
            assert levels[0] == levels[1], english.name
    alone = {p.name for p in ROOT.glob("docs/[the]*/*.md") if not p.name.endswith(".zh.md")} - {
        p.name.replace(".zh.md", ".md") for p in ROOT.glob("docs/[the]*/*.zh.md")
    }
    assert alone == {"speed.md", "compare-with-valhalla.md", "python.md"}  # engineers' pages


def test_the_readmes_keep_in_step():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    assert "(README.zh.md)" in english.splitlines()[0]
    assert "(README.md)" in chinese.splitlines()[0]
    assert max(len(english.splitlines()), len(chinese.splitlines())) <= MOST_LINES
    for text, headings in ((english, HEADINGS.keys()), (chinese, HEADINGS.values())):
        assert re.findall(r"^#+ .+$", FENCE.sub("", text), re.MULTILINE) == list(headings)
    pictures = [re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text) for text in (english, chinese)]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == 4
    code = [
        [shlex.split(line, comments=True) for m in FENCE.finditer(t) for line in m[2].splitlines()]
        for t in (english, chinese)
    ]
    assert code[0] == code[1]
    links = [
        [t.replace(".zh.md", ".md") for t in re.findall(r"\]\(([^)#\s]+)", text)][1:] for text in (english, chinese)
    ]
    assert links[0] == links[1]


def test_pages_made_by_a_script_are_what_it_makes():
    made = runpy.run_path(str(ROOT / "scripts" / "make_reference.py"))["PAGES"]
    stale = [name for name, page in made.items() if (ROOT / "docs" / "reference" / name).read_text("utf-8") != page()]
    assert stale == []  # run scripts/make_reference.py


def test_the_citation_names_the_version_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation


def test_pictures_are_small():
    assert [p.name for p in ROOT.glob("docs/*.png") if p.stat().st_size > 900_000] == []


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_in_docstrings_run(module):
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
    assert result.attempted > 0
