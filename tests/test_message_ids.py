"""Stable ids of texts: from the place that makes them, never from their wording; every text of the package has one."""

import ast
import importlib
import pickle
import pkgutil
from pathlib import Path

import pytest

import circle15
from circle15.errors import Circle15Error, InputError, Problem, both
from circle15.message_ids import _named_calls, message_id, messages_of, problem_messages
from circle15.said import COMMA, Said

SOURCE = Path(circle15.__file__).parent
MODULE = """
from circle15.said import Said
TOLD = {{"far": Said("{far_zh}", "{far_en}"), "near": Said("近", "near")}}
def told(rows, column):
    if not rows:
        return Said(f"{none_zh}{{column}}", f"{none_en}{{column}}")
    return Said(f"第 {{rows[0]}} 行：{{len(rows)}} 处", f"row {{rows[0]}}: {{len(rows)}} of them")
"""
WORDINGS = (
    {"far_zh": "远", "far_en": "far", "none_zh": "没有列 ", "none_en": "no column "},
    {"far_zh": "过远", "far_en": "too far away", "none_zh": "缺少列", "none_en": "there is nothing in "},
)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Give a maker of a module of the package's, worded in one way or another."""

    def make(number):
        folder = tmp_path / f"p{number}"
        folder.mkdir()
        (folder / "worded.py").write_text(MODULE.format(**WORDINGS[number]), encoding="utf-8")
        monkeypatch.setattr(circle15, "__path__", [str(folder), *circle15.__path__])
        monkeypatch.delitem(importlib.sys.modules, "circle15.worded", raising=False)
        importlib.invalidate_caches()
        _forget()
        return importlib.import_module("circle15.worded")

    yield make
    importlib.sys.modules.pop("circle15.worded", None)
    _forget()


def _forget():
    from circle15 import message_ids  # noqa: PLC0415 (its cache alone)

    message_ids._sites.cache_clear()


def _ids(module):
    texts = (module.TOLD["far"], module.TOLD["near"], module.told([], "a"), module.told([3, 4], "a"))
    return [message_id(text.origins[0]) for text in texts]


def test_ids_stay_when_either_language_is_worded_anew(made):
    first = _ids(made(0))
    assert first == ["worded.TOLD.far", "worded.TOLD.near", "worded.told.1", "worded.told.2"]
    assert _ids(made(1)) == first


def test_values_come_by_the_names_that_the_code_gives_them(made):
    module = made(0)
    assert messages_of(module.told([], "容量"))[0]["values"] == {"column": "容量"}
    assert messages_of(module.told([3, 4], ""))[0]["values"] == {"rows": "3", "n_rows": "2"}


def test_a_filled_template_keeps_its_id_and_its_values_as_they_were():
    template = Said("{n} 处{what}", "{n} {what}")
    one = template.format(n=3, what=Said("设施", "facilities"))
    (message,) = messages_of(one)
    assert message["values"] == {"n": 3, "what": "facilities"}
    assert one.origins[0].instruction == template.origins[0].instruction


def test_joined_and_quoted_texts_tell_each_part_and_survive_the_way_between_processes():
    parts = [Said("甲", "a"), Said("乙", "b")]
    joined = pickle.loads(pickle.dumps(COMMA.join(parts)))  # noqa: S301 (our own)
    assert [origin.text for origin in joined.origins] == ["a", "b"]
    assert [origin.text for origin in (parts[0] + parts[1]).origins] == ["a", "b"]
    error = both(InputError(Problem(parts[0], file="a.csv", row=2), Problem(parts[1])))
    assert [origin.text for origin in error.origins] == ["a", "b"]


def test_where_a_text_was_made_makes_no_difference_to_what_it_is():
    here, there = Said("甲", "a"), Said("甲", "a")
    assert here.origins != there.origins
    assert here == there
    assert hash(here) == hash(there)
    assert "origins" not in repr(here)


def test_a_problem_tells_its_place_beside_its_id():
    problem = Problem(Said("不是数字", "not a number"), file="a.csv", row=7, column="容量", value="很多")
    (told,) = problem_messages(problem, text=problem.in_("zh"))
    assert {k: told[k] for k in ("file", "row", "column", "value")} == {
        "file": "a.csv", "row": 7, "column": "容量", "value": "很多",
    }  # fmt: skip
    assert told["text"].endswith("不是数字")


def test_every_text_of_the_package_has_an_id_of_its_own():
    names = [m.name for m in pkgutil.walk_packages([str(SOURCE)], "circle15.") if not m.ispkg]
    ids = []
    for name in names:
        path = SOURCE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if path.is_file():
            ids += [i for i, _ in _named_calls(ast.parse(path.read_text(encoding="utf-8")), name)]
    assert len(ids) > 800
    assert len(ids) == len(set(ids))


def test_a_real_error_is_found_at_its_place(tmp_path):
    from circle15.config.model import load_config  # noqa: PLC0415 (this test alone)

    with pytest.raises(Circle15Error) as caught:
        load_config(tmp_path / "none.toml")
    (message,) = problem_messages(caught.value.problems[0])
    assert message["id"].startswith("config.")
    assert not message["id"].endswith("<module>")
