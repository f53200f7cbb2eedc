"""The data dictionary: every column of every table is described, once, in both languages."""

import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd

from circle15.measures.portrait import UnitMeasures, portrait, portrait_layers
from circle15.outputs import summary, trends
from circle15.outputs.dictionary import decimals_of, dictionary, entry, number_pattern
from circle15.pipeline.projects import diagnosis
from circle15.pipeline.projects import ranked as projects
from circle15.pipeline.projects import sited as siting
from circle15.pipeline.projects.compared import PROJECT_COLUMNS
from circle15.policy import rules, targets
from circle15.policy.registers import read_registers
from circle15.runs import compare


def test_every_entry_has_a_heading_and_a_meaning_in_both_languages():
    for known in dictionary().values():
        assert known.heading_zh
        assert known.heading_en
        assert known.meaning_zh
        assert known.meaning_en


def test_no_column_is_described_twice():
    text = Path(__file__).parents[1].joinpath("circle15/outputs/data_dictionary.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) - 1 == len(dictionary())


def test_the_page_of_the_dictionary_is_what_its_script_makes(root):
    page = (root / "docs" / "reference" / "data-dictionary.md").read_text(encoding="utf-8")
    assert page == runpy.run_path(str(root / "scripts" / "make_data_dictionary.py"))["dictionary_page"]()


def test_columns_of_one_name_look_alike_in_every_table_and_texts_have_no_decimals():
    for known in dictionary().values():
        assert bool(known.decimals) == bool(known.pattern)
        if known.decimals:
            assert decimals_of(known.column) == int(known.decimals)
            assert number_pattern(known.column, pd.Series([0.5])) == known.pattern


def test_headings_within_a_table_differ():
    for lang in ("zh", "en"):
        seen = [(table, known.heading(lang)) for (table, column), known in dictionary().items() if "<" not in column]
        assert sorted(set(seen)) == sorted(seen)


def test_chinese_texts_are_chinese_and_english_ones_are_not():
    for known in dictionary().values():
        assert re.search(r"[一-鿿]", known.meaning_zh) or known.column == "cell"
        assert not re.search(r"[一-鿿]", known.heading_en + known.meaning_en)


def test_the_columns_that_measures_name_are_described():
    units = pd.DataFrame({"unit_id": ["a"], "unit_name": ["甲"], "level": ["town"], "parent_id": [""]})
    block = np.full((1, 1), 0.5)
    measures = UnitMeasures(block, block, block, block, block, np.array([50.0]))
    tables = {
        "portrait": portrait(units, ["nursery"], measures),
        "portrait_layers": portrait_layers(units, ["nursery"], measures),
        "targets": targets.assess(read_registers(), "jiangbei", 2027),
        "unit_rules": pd.DataFrame(columns=list(rules.COLUMNS)),
    }
    tables |= {
        "ranking": pd.DataFrame(columns=list(projects.COLUMNS)),
        "projects": pd.DataFrame(columns=list(PROJECT_COLUMNS)),
        "siting": pd.DataFrame(columns=list(siting.COLUMNS)),
        "causes": pd.DataFrame(columns=list(diagnosis.CAUSE_COLUMNS)),
        "links": pd.DataFrame(columns=list(diagnosis.LINK_COLUMNS)),
        "scenario": pd.DataFrame(columns=list(compare.COLUMNS)),
        "summary": pd.DataFrame(columns=list(summary.COLUMNS)),
        "trend": pd.DataFrame(columns=list(trends.COLUMNS)),
    }
    missing = [(name, c) for name, table in tables.items() for c in table.columns if entry(name, c) is None]
    assert missing == []


def test_a_layers_own_columns_are_found_under_any_layers_name():
    assert entry("cells", "nursery_gap", ("nursery", "nursery_gap")).column == "<layer>_gap"
    assert entry("cells", "sport_seconds", ("nursery",)) is None
