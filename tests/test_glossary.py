"""One word for one thing: every text keeps to docs/reference/glossary.csv, and Chinese is set as Chinese is."""

import ast
import csv
import re
import runpy
from collections import defaultdict

import pytest

from tests.said_texts import CJK, PACKAGE, ROOT, TABLES, chinese_texts, literal, said_pairs, sources, table

GLOSSARY = ROOT / "docs" / "reference" / "glossary.csv"
ROMAN = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")
"""Two words of plain English."""


def parts(cell):
    return [part for part in cell.split(";") if part]


@pytest.fixture(scope="module")
def terms():
    with GLOSSARY.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


@pytest.fixture(scope="module")
def texts():
    return list(chinese_texts())


@pytest.fixture(scope="module")
def pairs():
    return list(said_pairs())


def test_the_page_is_made_from_the_table_and_every_term_stands_once(terms, tmp_path):
    page = GLOSSARY.with_suffix(".md").read_text("utf-8")
    maker = runpy.run_path(str(ROOT / "scripts" / "make_glossary.py"))
    maker["main"].__globals__["FOLDER"] = tmp_path
    (tmp_path / "glossary.csv").write_bytes(GLOSSARY.read_bytes())
    maker["main"]()
    assert (tmp_path / "glossary.md").read_text("utf-8") == page
    assert len({term["term_zh"] for term in terms}) == len(terms)
    assert all(term[c] for term in terms for c in ("term_zh", "term_en", "meaning_zh", "meaning_en"))


def test_no_text_uses_a_word_that_the_glossary_has_another_for(terms, texts):
    for page in (*ROOT.glob("docs/**/*.zh.md"), ROOT / "README.zh.md"):
        texts = [
            *texts,
            *((f"{page.name}:{i}", line) for i, line in enumerate(page.read_text("utf-8").splitlines(), 1)),
        ]
    for term in terms:
        for banned in parts(term["not_zh"]):
            assert [(where, text) for where, text in texts if re.search(banned, text)] == [], term["term_zh"]


def test_no_english_side_uses_a_word_that_the_glossary_has_another_for(terms, pairs):
    for term in terms:
        for banned in parts(term["not_en"]):
            found = [(where, en) for where, _, en in pairs if re.search(rf"\b{banned}\b", en, re.IGNORECASE)]
            assert found == [], term["term_en"]


def test_a_term_has_one_translation_in_either_direction(terms, pairs):
    of_zh = {term["term_zh"]: {term["term_en"], *parts(term["also_en"])} for term in terms}
    of_en = defaultdict(set)
    for term in terms:
        of_en[term["term_en"]] |= {term["term_zh"], *parts(term["also_zh"])}
    for where, zh, en in pairs:
        plain = en.strip().rstrip(".").lower()
        if zh in of_zh:
            assert plain in of_zh[zh], (where, zh, en)
        if plain in of_en:
            assert zh in of_en[plain], (where, zh, en)


def test_a_column_is_called_alike_in_every_table():
    known = {
        "capacity", "change", "depends_on", "gain_p10", "no_regret", "unit_name", "layer", "measure", "value", "id", "quality", "source", "kind",
        "year", "status", "note",
    }  # fmt: skip
    headings = defaultdict(set)
    for row in table("outputs/data_dictionary.csv"):
        headings[row["column"]].add((row["heading_zh"], row["heading_en"]))
    assert {column for column, names in headings.items() if len(names) > 1} <= known  # these mean two things


def test_every_text_stands_in_both_languages(pairs):
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Said":
                zh, en = [*(literal(arg) for arg in node.args[:2]), None, None][:2]
                if zh is not None and en is not None:
                    where = f"{name}:{node.lineno}"
                    assert bool(zh) == bool(en), where
                    assert not ROMAN.search(re.sub(r"[{`\[“].*?[}`\]”]|\S+=\S+ or \S+", "", en)) or CJK.search(zh), (
                        where,
                        zh,
                    )
                    assert not CJK.search(re.sub(r"“.*?”|'.*?'|`.*?`|[万亿]?元|,? ?（.*?）", "", en)), (where, en)
    for name in TABLES:
        for i, row in enumerate(table(name), start=2):
            for column in row:
                if column.endswith("_zh"):
                    assert bool(row[column]) == bool(row[f"{column[:-3]}_en"]), f"{name}:{i}"


PROSE = re.compile(r"`[^`]*`|\"[^\"]*\"|\[[^\]]*\]|\{[^}]*\}|\([a-z_ ,0-9]*\)")
"""What is code, or filled in, is set as code is."""


@pytest.mark.parametrize(("law", "pattern"), [
    ("full-width punctuation after Chinese", r"[\u4e00-\u9fff）”][,;!?](?!\w)"),
    ("full-width colons", r"[\u4e00-\u9fff）”]:(?![A-Za-z/\d]) "),
    ("full-width brackets around Chinese", r"\((?![^()]*[−·/])[^()]*[\u4e00-\u9fff][^()]*\)"),
    ("no space before 岁", r"\d 岁"),
    ("metres are 米", r"[\u4e00-\u9fff][^。；]*?\d m(?![\w²/])"),
    ("no space around full-width marks", r" [，。；：、）”]|[，。；、（“] "),
    ("no two marks together", r"[，；：、][，。；：、]|。。"),
])  # fmt: skip
def test_chinese_is_set_as_chinese_is(texts, law, pattern):
    found = []
    for where, text in texts:
        # Docstrings of both languages, click's own marks and patterns are set otherwise, English sides as English.
        if where.startswith("config/") or re.search(r"\x08|\(\?|\||\\b", text):
            continue
        prose = PROSE.sub("{}", text)
        is_chinese = 2 * len(CJK.findall(prose)) > len(re.findall("[A-Za-z]", prose))
        if is_chinese and re.search(pattern, prose):
            found.append((where, re.search(pattern, prose)[0], text))
    assert found == [], law


def test_the_package_is_read_whole(texts, pairs):
    assert len(texts) > 2000
    assert len(pairs) > 1500
    assert PACKAGE.is_dir()
