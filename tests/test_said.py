"""Words in both languages: one value, read on one side at the edge only."""

import ast
import pickle
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circle15.errors import InputError, Problem
from circle15.inputs.tables.import_report import REASONS
from circle15.outputs.result import one_side
from circle15.policy.traps import TEXTS
from circle15.said import COMMA, Said, filled, in_

WORDS = st.builds(Said, st.text(min_size=1), st.text(min_size=1))


@pytest.mark.parametrize(("zh", "en"), [("", "yes"), ("是", "")])
def test_words_in_one_language_only_are_refused(zh, en):
    with pytest.raises(ValueError, match="one language only"):
        Said(zh, en)


@given(st.lists(WORDS, max_size=4), st.sampled_from(["zh", "en"]))
def test_joining_is_joining_each_side(parts, lang):
    expected = {"zh": "、", "en": ", "}[lang].join(p.in_(lang) for p in parts)
    assert COMMA.join(parts).in_(lang) == expected
    assert sum(parts, Said("", "")).in_(lang) == "".join(p.in_(lang) for p in parts)


def test_each_side_is_filled_in_with_its_own_side_of_what_is_said_and_any_other_value_as_it_is():
    told = Said("{n:,} 处{what}", "{n:,} {what!s}").format(n=1234, what=Said("设施", "facilities") + "!")
    assert (told.zh, told.en) == ("1,234 处设施!", "1,234 facilities!")


def test_words_cannot_slip_into_a_text_with_neither_side_asked_for():
    with pytest.raises(TypeError, match="ask for one side"):
        f"{Said('是', 'yes')}"


@given(WORDS)
def test_words_are_values(words):
    again = pickle.loads(pickle.dumps(words))  # noqa: S301 (our own)
    assert again == words
    assert {again: 1}[words] == 1


def test_a_table_is_given_on_one_side_with_all_else_as_it_was():
    table = pd.DataFrame({"n": [1, 2], "reason": [Said("是", "yes"), ""], "name": ["a", None]})
    assert in_(table["reason"][0], "en") == "yes"
    told = one_side(table, "zh")
    assert told["reason"].tolist() == ["是", ""]
    pd.testing.assert_frame_equal(told.drop(columns="reason"), table.drop(columns="reason"))
    assert one_side(told, "en").equals(told)


@pytest.mark.parametrize("texts", [REASONS, TEXTS])
def test_every_coded_sentence_is_said_with_the_same_values_in_both_languages(texts):
    assert all(isinstance(words, Said) for words in texts.values())


def test_a_problem_is_told_in_either_language_and_printed_in_english():
    problem = Problem(Said("应为正数", "must be above 0"), file="a.csv", row=3, column="容量", value="-1")
    assert problem.in_("zh") == "a.csv，第 3 行，“容量”列，值 '-1'：应为正数"
    assert problem.in_("en") == "a.csv, row 3, column '容量', value '-1': must be above 0"
    problem = replace(problem, column=None, value=None)
    assert str(problem) == "a.csv, row 3: must be above 0"
    assert str(InputError(problem, "also this")) == "a.csv, row 3: must be above 0\nalso this"


EDGE = {"batch", "cli", "doctor", "errors.py", "outputs", "runs", "said.py"}
"""Rooms that write pages, files and talk, and so ask for one side; all others say both."""


def test_only_rooms_that_write_pages_are_told_a_language(root):
    told = []
    paths = [p for p in sorted((root / "circle15").rglob("*.py")) if p.relative_to(root).parts[1] not in EDGE]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                args = node.args
                every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
                told += [f"{path.name}:{node.lineno}" for a in every if a.arg == "lang"]
    assert len(paths) > 100
    assert told == []


@pytest.mark.parametrize(
    ("text", "value", "says"),
    [
        ("{x}旁", "Rue A", "Rue A 旁"), ("距{x}约", "Rue A", "距 Rue A 约"), ("{x}旁", "中山路", "中山路旁"), ("{x}、旁", "A1", "A1、旁"),
        ("第{x}行", 5, "第 5 行"), ("共{x:.1f}米{{", 2.0, "共 2.0 米{"), ("在{x!r}中", "a", "在'a'中"), ("{x}中", "A区第3园", "A区第3园中"), ("约 {x} 米", 5, "约 5 米"),
    ],
)  # fmt: skip
def test_a_latin_value_keeps_its_distance_from_chinese_text_and_stays_itself(text, value, says):
    assert filled(text, x=value) == says
    assert Said(text, "{x}").format(x=value).zh == says
