"""tables.xlsx: texts stay texts, numbers are the tables', charts and notes are there, LibreOffice opens it clean."""

import re
import shutil
import subprocess
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from circle15.outputs.dictionary import number_pattern
from circle15.outputs.readable_values import people_values
from circle15.outputs.result_tables import ResultTables
from circle15.outputs.shared_words import words
from circle15.outputs.text import plain_number
from circle15.outputs.workbook import write_import_report, write_workbook
from tests.made_result import EVIL_NAME, FORMULA_NAME, made_result

# openpyxl does not know the solid data bars of Excel 2010, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:(Unknown|Conditional Formatting) extension is not supported")
HASH = "0123456789abcdef" * 4
FORMULAS = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "=cmd|' /C calc'!A0", "http://x", "{=1}")


@pytest.fixture(scope="module")
def result():
    made = made_result("tiny")
    causes = pd.DataFrame(
        {"unit_id": ["made"] * 3, "unit_name": ["港城区"] * 3, "layer": ["nursery", "nursery", "clinic"], "group": ["all"] * 3,
         "cause": ["barrier", "full", "none_near"], "people": [12.0, 40.0, 5.0], "share": [0.1, 0.3, 0.05]}
    )  # fmt: skip
    return replace(made, tables=replace(made.tables, causes=causes), config_sha256=HASH, bureau="港城区规划局")


@pytest.fixture(scope="module")
def path(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "tables.xlsx"
    write_workbook(result, path)
    return path


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


def links_of(book):
    """Give where the book's links lead, by sheet and cell."""
    return {
        (sheet.title, c.coordinate): c.hyperlink
        for sheet in book
        for row in sheet.iter_rows()
        for c in row
        if c.hyperlink
    }


def test_no_cell_of_the_workbook_is_a_formula_or_leads_out_of_it(path, book):
    assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert all(link.target is None and link.location for link in links_of(book).values())
    with zipfile.ZipFile(path) as file:
        texts = "".join(file.read(name).decode("utf-8") for name in file.namelist() if name.endswith(".xml"))
    assert "<f>" not in re.sub(r"<c:f>.*?</c:f>", "", texts)
    names = [cell.value for cell in book["设施"]["A"]]
    assert EVIL_NAME in names
    assert FORMULA_NAME in names


@pytest.mark.parametrize("text", FORMULAS)
def test_any_text_like_a_formula_stays_a_text(result, text, tmp_path):
    facilities = result.tables["facilities"].assign(name=text)
    layers = (replace(result.layers[0], name=text, note=text, source=text), *result.layers[1:])
    units = result.units.assign(unit_name=text)
    odd = replace(result, name=text, layers=layers, units=units, tables=replace(result.tables, facilities=facilities))
    write_workbook(odd, tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert {c.value for c in book["设施"]["A"][1:]} == {text}
    assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert all(link.target is None for link in links_of(book).values())
    assert {sheet for sheet, _ in links_of(book)} == {"说明"}


def test_the_first_sheet_leads_to_every_sheet_that_is_shown(book):
    shown = [sheet.title for sheet in book if sheet.sheet_state == "visible"]
    assert [link.location for link in links_of(book).values()] == [f"'{title}'!A1" for title in shown[1:]]
    hidden = [sheet.title for sheet in book if sheet.sheet_state != "visible"]
    assert hidden[-1:] == ["列说明"]
    assert set(hidden) <= {cell.value for cell in book["说明"]["A"]}
    meanings = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert meanings["覆盖率"].endswith(f"（{book['覆盖率'].max_row - 1} 行）")


def test_a_sheet_of_an_appendix_and_one_without_rows_are_not_printed(result, tmp_path):
    empty = result.tables.unlinked.iloc[:0]
    policy = pd.DataFrame({"layer": ["nursery"], "key": ["minutes"], "value": ["15.0"]})
    write_workbook(replace(result, tables=replace(result.tables, unlinked=empty, policy=policy)), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    for sheet in book:
        is_shown = sheet.title not in {"标准来源", "未接入路网", "列说明"} and (
            sheet.max_row > 1 or sheet.title == "说明"
        )
        assert (sheet.sheet_state == "visible") is is_shown, sheet.title
        assert bool(sheet.print_area) is is_shown, sheet.title  # LibreOffice prints a hidden sheet that has one
    assert book["标准来源"]["C2"].value == 15


def test_every_sheet_lies_on_a4_with_headings_names_and_numbers_of_pages(book):
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert "&P" in sheet.oddFooter.center.text
        assert sheet.title == "图表" or sheet.print_title_rows == "$1:$1"
    assert book["覆盖率"].print_title_cols == "$A:$B"
    ids = [c.column_letter for c in book["覆盖率"][1] if c.value == "街道（村社）编号"]
    assert ids
    last = book["覆盖率"].print_area.split(":")[1].split("$")[1]
    assert ids[0] > last  # ids are for programs


def test_a_column_without_a_value_is_hidden_and_a_long_text_is_broken(result, tmp_path):
    causes = result.tables.causes.assign(unit_name="", note="很长的说明" * 60)
    write_workbook(replace(result, tables=replace(result.tables, causes=causes)), tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["问题成因"]
    letters = {c.value: c.column_letter for c in sheet[1]}
    widths = {name: sheet.column_dimensions[letter] for name, letter in letters.items()}
    assert widths["街道（村社）名称"].hidden
    assert not widths["服务"].hidden
    assert widths["note"].width < 60
    assert sheet[f"{letters['note']}2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height >= 13 * 600 / widths["note"].width


def test_the_notes_state_thresholds_sources_and_the_configs_hash(book, result):
    notes = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert notes["配置 SHA-256"] == HASH
    assert notes["编制单位"] == "港城区规划局"
    for layer in result.layers:
        assert f"步行 {plain_number(layer.threshold_min)} 分钟" in notes[layer.name]
        assert layer.source in notes[layer.name]
        assert layer.note in notes[layer.name]
    assert notes["数据来源"] == "\n".join(result.attributions)
    assert "覆盖率 · 覆盖人数" in [c.value for c in book["列说明"]["A"]]
    assert book.sheetnames[:2] == ["说明", "图表"]
    assert book.sheetnames[-1] == "列说明"


def test_charts_repeat_the_tables(book, result):
    sheet = book["图表"]
    assert len(sheet._charts) == 2
    coverage = result.tables["coverage"].set_index(["unit_id", "layer"])["covered_share"]
    ids = ["made", *result.units["unit_id"]]
    for i, unit_id in enumerate(ids, start=2):
        shown = [sheet.cell(i, j).value for j in range(2, 6)]
        np.testing.assert_allclose(shown, [coverage[unit_id, layer.id] for layer in result.layers])
    top = next(row for row in range(1, 60) if sheet.cell(row, 1).value == "服务")
    headings = [sheet.cell(top, j).value for j in range(2, 6)]
    assert sheet.cell(top + 1, 2 + headings.index("受阻隔需绕行")).value == 12
    assert words("zh")["cause_full"] not in headings
    assert sheet.cell(top + 3, 2 + headings.index("步行范围内无设施")).value == 5


def test_tables_have_frozen_headings_filters_formats_and_colours(book):
    sheet = book["覆盖率"]
    assert sheet.freeze_panes == "C2"  # the street and the service stay in sight
    assert sheet.auto_filter.ref.startswith("A1:")
    headings = [c.value for c in sheet[1]]
    assert sheet.cell(2, 1 + next(i for i, h in enumerate(headings) if h.startswith("人数"))).number_format == "#,##0"
    assert sheet.cell(2, 1 + headings.index("覆盖率")).number_format == "0.0%"
    assert sheet.conditional_formatting
    assert book["供需缺口"].conditional_formatting


def test_formats_follow_the_columns_meaning():
    names = ("covered_share", "rank", "people", "from_lon", "gini", "n_cells", "gap", "speed_m_s", "norm", "actual",
             "people_per_cost")  # fmt: skip
    shown = {c: number_pattern(c, pd.Series([1.25, np.nan])) for c in names}
    assert shown == {
        "covered_share": "0.0%", "rank": "0", "people": "#,##0", "from_lon": "0.0000000", "gini": "0.000",
        "n_cells": "0", "gap": "#,##0.0", "speed_m_s": "#,##0.00", "norm": "#,##0.00", "actual": "#,##0.00",
        "people_per_cost": "0.00",
    }  # fmt: skip
    assert number_pattern("threshold_min", pd.Series([15.0, 10.0])) == "#,##0"


def test_codes_read_as_words_and_ids_stand_last(result, tmp_path):
    tables = {
        "coverage": result.tables["coverage"].assign(group="age_0_2"),
        "portrait": pd.DataFrame({"unit_id": ["a"], "unit_name": ["甲"], "level": ["town"], "parent_id": [""],
                                  "worst_layer": ["nursery"], "index_parts": ["equity+access"]}),
        "unlinked": pd.DataFrame({"kind": ["cell"], "id": ["8a"], "layer": ["nursery;clinic"], "name": ["[a+b] [c]"]}),
        "ranking": pd.DataFrame({"rank": [1], "cell": ["8a"], "unit_id": ["unit-1"]}),
        "targets": pd.DataFrame({"indicator": ["x"], "indicator_id": ["x_y"], "direction": [">="], "status": ["behind"],
                                 "warnings": ["口径不明 [year-is-a-reading]; 缺 [text-damaged]"]}),
        "causes": result.tables["causes"], "projects": pd.DataFrame({"is_duplicate": [True, False]}),
    }  # fmt: skip
    own = {"facilities": result.tables.facilities, "completeness": result.tables.completeness}
    write_workbook(replace(result, tables=ResultTables(**own, **tables)), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    rows = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
    assert rows["覆盖率"][0][:4] == ("街道（村社）名称", "服务", "达标线（分钟）", "达标距离（米）")
    assert rows["覆盖率"][1][4] == "0–2岁人口"
    assert rows["四维画像"][1] == ("甲", "街道", None, "托育", "均衡+可及", "a", None)
    assert rows["未接入路网"][1] == ("网格", "托育、社区卫生", "[a+b] [c]", "8a")
    assert rows["建议点位"][1] == (1, "蒙特卡洛街道", "8a", "unit-1")
    assert rows["规划指标"][1] == ("x", "不低于", "未达", "口径不明; 缺", "x_y")
    assert [row[0] for row in rows["项目比选"][1:]] == ["是", "否"]
    assert rows["问题成因"][1][3] == "受阻隔需绕行"


def test_a_sheet_too_wide_for_a_page_repeats_its_names_beside_the_first(result, tmp_path):
    wide = pd.DataFrame({"layer": ["nursery"]} | {f"column number {i}": [12345678901.5] for i in range(20)})
    write_workbook(replace(result, tables=replace(result.tables, equity=wide)), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert (book["均衡度"].page_setup.fitToWidth, book["均衡度"].print_title_cols) == (2, "$A:$A")
    assert (book["服务齐全度"].page_setup.fitToWidth or 1, book["服务齐全度"].print_title_cols) == (1, "$A:$A")


@pytest.mark.parametrize(
    ("condition", "zh", "en"),
    [
        ("resident_population >= 50000", "常住人口 ≥ 5 万", "resident population ≥ 50,000"),
        ("population < 12500", "人口 < 1.25 万", "population < 12,500"),
        ("population <= 800", "人口 ≤ 800", "population ≤ 800"),
        ("unit_type in [镇, 街道]", "类型为镇或街道", "type 镇 or 街道"),
        ("unit_type in [乡] and population >= 10000", "类型为乡，且人口 ≥ 1 万", "type 乡 and population ≥ 10,000"),
    ],
)
def test_conditions_read_as_words(condition, zh, en):
    for lang, text in (("zh", zh), ("en", en)):
        assert people_values(pd.Series([condition], name="condition"), lang, {}).tolist() == [text]


def test_the_import_report_is_a_workbook_of_its_own(result, tmp_path):
    report = pd.DataFrame(
        {"file": ["=a.xlsx"], "sheet": ["表1"], "row": [7], "column": ["容量"], "original": ["=1+1"], "taken": [""], "reason": ["不是数字"]}
    )  # fmt: skip
    write_import_report(result, report, tmp_path / "import_report.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "import_report.xlsx")["读入修正"]
    assert [c.value for c in sheet[2]] == ["=a.xlsx", "表1", 7, "容量", "=1+1", None, "不是数字"]
    assert [c.data_type for c in sheet[2]].count("f") == 0


def test_same_result_gives_the_same_workbook(result, path, tmp_path):
    write_workbook(result, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice (Debian: libreoffice-calc)")
def test_libreoffice_reads_every_sheet_and_number(path, book, tmp_path):
    done = subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "ods",
         "--outdir", str(tmp_path), str(path)],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "rror" not in done.stdout + done.stderr.replace("javaldx", "")
    opened = pd.read_excel(tmp_path / "tables.ods", sheet_name=None, engine="calamine", header=None)
    assert list(opened) == book.sheetnames
    for name, frame in opened.items():
        for i, row in enumerate(book[name].iter_rows(values_only=True)):
            for j, value in enumerate(row):
                if isinstance(value, int | float):
                    assert float(frame.iloc[i, j]) == pytest.approx(value)
                elif name == "设施" and value is not None:
                    assert frame.iloc[i, j] == value


def test_a_sheet_that_counts_people_of_a_service_names_them(result, tmp_path):
    layers = (replace(result.layers[0], group="age_0_2"), *result.layers[1:])
    write_workbook(replace(result, layers=layers), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    for title in ("建议点位", "设施"):
        headings, *rows = book[title].iter_rows(values_only=True)
        service, group = headings.index("服务"), headings.index("人群")
        assert all(row[group] == ("0–2岁人口" if row[service] == "托育" else "全部居民") for row in rows)
    assert any(row[service] == "托育" for row in rows)
    assert any(cell.value == "托育 · 0–2岁人口" for cell in book["图表"]["A"])
