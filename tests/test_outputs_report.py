"""The written report: its numbers are the tables', and it asks for nothing from outside."""

import math
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import shapely

from circle15.errors import OutputError
from circle15.outputs.drawing import class_paths, path_of, plane_of, scale_bar_m
from circle15.outputs.printing import write_pdf
from circle15.outputs.report import write_report
from circle15.outputs.sentences import three_sentences
from circle15.outputs.text import column_texts, people_text, share_text
from circle15.outputs.view import View
from tests.made_result import EVIL_NAME, FORMULA_NAME, made_result


class _Page(HTMLParser):
    """Tables of a page as lists of rows of texts, its elements, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.elements, self.text = [], [], ""
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data):
        self.text += data
        if self._in_cell:
            self.tables[-1][-1][-1] += data.strip()


@pytest.fixture(scope="module")
def result():
    return made_result("small")


@pytest.fixture(scope="module")
def text(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(result, path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return _Page(text)


def test_coverage_table_is_the_coverage_table(page, result):
    coverage = result.tables["coverage"].set_index(["unit_id", "layer"])
    heading, *rows = page.tables[0]
    assert heading == ["街道", "居民", *(layer.name for layer in result.layers)]
    ids = [*result.units["unit_id"], result.id]
    assert len(rows) == len(ids)
    for row, unit_id in zip(rows, ids, strict=True):
        assert row[1] == people_text(coverage.loc[(unit_id, "nursery"), "people"])
        assert row[2:] == [share_text(coverage.loc[(unit_id, la.id), "covered_share"]) for la in result.layers]


def test_projects_are_the_ranking(page, result):
    ranking = result.tables["ranking"]
    rows = page.tables[1][1:]
    names = {layer.name: layer.id for layer in result.layers}
    for row in rows:
        site = ranking[
            (ranking["layer"] == names[row[0].removesuffix("居民")]) & (ranking["rank"] == int(row[1]))
        ].iloc[0]
        assert row[4] == people_text(site["newly_covered_people"])
        assert row[5] == people_text(site["cumulative_people"])
    assert len(rows) == ranking.groupby("layer")["rank"].apply(lambda r: min(len(r), 5)).sum()


def test_every_unit_has_its_sentences_and_its_uncovered_people(page, result):
    coverage = result.tables["coverage"].set_index(["unit_id", "layer"])
    for i, unit_id in enumerate(result.units["unit_id"]):
        for sentence in three_sentences(View(result, unit_id)):
            assert sentence in page.text
        heading, *own = page.tables[3 + i]
        assert heading == ["服务", "覆盖率", "未覆盖人数"]
        for row, layer in zip(own, result.layers, strict=True):
            found = coverage.loc[(unit_id, layer.id)]
            assert row == [
                f"{layer.name}居民",
                share_text(found["covered_share"]),
                people_text(found["people"] - found["covered_people"]),
            ]


def test_report_links_only_the_unit_maps_beside_it(page, result):
    assert not [a for _, a in page.elements if "src" in a]
    links = [a["href"] for tag, a in page.elements if tag == "a"]
    assert links == ["#quality", *(f"units/{unit_id}.html" for unit_id in result.units["unit_id"])]
    assert {a["href"][0] for tag, a in page.elements if tag == "use"} == {"#"}


def test_same_result_gives_the_same_report(text, tmp_path):
    write_report(made_result("small"), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", [EVIL_NAME, FORMULA_NAME, '<img src=x onerror="alert(1)">', "a & b"])
def test_names_are_text_not_markup(result, name, tmp_path):
    layers = (replace(result.layers[0], name=name, note=name, source=name), *result.layers[1:])
    units = result.units.assign(unit_name=name)
    write_report(
        replace(result, name=name, layers=layers, units=units, warnings=(name,), bureau=name), tmp_path / "r.html"
    )
    page = _Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert name in page.text


def test_unlinked_things_and_warnings_are_told(page, result):
    head, _, quality = page.text.partition("数据质量与口径")
    assert "另有 1 条数据提示，见文末。" in head
    assert result.warnings[0] in quality
    assert result.warnings[0] not in head
    assert "网格 × 1，12 人：300 米内没有可步行的街道" in page.text
    assert "设施 × 1：300 米内没有可步行的街道" in page.text


def _reported(result, folder, **tables):
    write_report(replace(result, tables=replace(result.tables, **tables)), folder / "r.html")
    return _Page((folder / "r.html").read_text(encoding="utf-8"))


def test_streets_and_communities_have_a_portrait_table_each(result, tmp_path):
    portrait = pd.DataFrame(
        {"unit_id": ["unit-1", "c1"], "unit_name": ["蒙特卡洛街道", "望河社区"], "level": ["town", "community"],
         "匹配度": [61.25, 56.0], "可及度": [90.0, np.nan], "rank": [3, 1]}
    )  # fmt: skip
    page = _reported(result, tmp_path, portrait=portrait)
    assert page.tables[3:5] == [
        [["街道（村社）名称", "匹配度", "可及度", "名次"], ["蒙特卡洛街道", "61.2", "90", "3"]],
        [["街道（村社）名称", "匹配度", "可及度", "名次"], ["望河社区", "56", "无数据", "1"]],
    ]
    assert page.text.count("四维画像") == 1


def test_one_unit_or_one_known_dimension_makes_no_portrait(result, tmp_path):
    portrait = pd.DataFrame(
        {"unit_id": ["unit-1"], "unit_name": ["甲"], "level": ["town"], "匹配度": [1.0], "可及度": [2.0]}
    )
    assert "四维画像" in _reported(result, tmp_path, portrait=portrait).text
    assert "四维画像" not in _reported(result, tmp_path, portrait=portrait.assign(可及度=np.nan)).text
    one = replace(result, units=result.units.iloc[:1])
    assert "四维画像" not in _reported(one, tmp_path, portrait=portrait).text


def test_gaps_tell_the_supply_in_reach_and_why_supply_above_need_may_leave_a_gap(result, tmp_path):
    gaps = pd.DataFrame(
        {"unit_name": ["东", "西"], "layer": ["nursery", "sports"], "norm": [4.4, 3100.0], "supply": [255.0, 52000.0],
         "accessible_supply": [257.81, 51454.2], "need": [220.0, 155003.1], "gap": [24.68, 103549.3],
         "gap_unit": ["托位", "平方米"]}
    )  # fmt: skip
    page = _reported(result, tmp_path, gaps=gaps)
    assert page.tables[2] == [
        ["街道", "服务", "每千人标准", "供给", "可达供给", "需求", "供需缺口", "单位"],
        ["东", "托育", "4.4", "255", "257.8", "220", "24.7", "托位"],
        ["西", "体育场地", "3,100", "52,000", "51,454", "155,003", "103,549", "平方米"],
    ]
    assert "供给大于需求时仍可有缺口" in page.text


def test_a_column_of_numbers_has_thousands_apart_and_one_number_of_decimals():
    assert column_texts([56.0, 78.0, 95.0, 76.9, math.nan], "无数据") == ["56.0", "78.0", "95.0", "76.9", "无数据"]
    assert column_texts([155003.1, 999.96, 12.0], "–") == ["155,003", "1,000", "12"]
    assert column_texts([4.4, 5.55, 2100.0], "–", decimals=2) == ["4.40", "5.55", "2,100"]
    assert column_texts([], "–") == []


def test_a_group_is_named_wherever_its_share_or_its_people_stand(result, tmp_path):
    layers = (replace(result.layers[0], group="age_0_2"), *result.layers[1:])
    page = _reported(replace(result, layers=layers), tmp_path)
    assert page.tables[0][0][2] == "托育0–2岁人口"
    assert page.tables[3][1][0] == "托育0–2岁人口"


def test_a_sites_people_are_those_of_its_services_group(result):
    layers = tuple(replace(layer, group="age_0_2") for layer in result.layers)
    assert "新增覆盖 0–2岁人口最多的是" in three_sentences(View(replace(result, layers=layers)))[2]


def test_the_sources_are_told_once(page, result):
    assert page.text.count(result.attributions[0]) == 1


def test_english_report_has_no_chinese(tmp_path):
    write_report(made_result("tiny", lang="en"), tmp_path / "r.html")
    page = _Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    body = page.text.replace("300 米内没有可步行的街道", "").split("</style>")[-1]
    assert not re.findall(r"[\u4e00-\u9fff]", body)


def test_a_district_without_units_has_no_unit_chapter(result, tmp_path):
    whole = result.boundary.assign(unit_id=["made"], unit_name=["港城区"])[["unit_id", "unit_name", "geometry"]]
    write_report(replace(result, units=whole), tmp_path / "r.html")
    assert "分街道情况" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_merged_classes_cover_what_their_cells_cover(result):
    plane = plane_of(result.boundary)
    place = np.arange(len(result.cells)) % 3
    area = 0.0
    for path in class_paths(result.cells, place, 4, plane)[:3]:
        area += sum(_signed_area(ring) for ring in path.split("z") if ring)
    drawn = path_of(result.cells.geometry.to_numpy(), plane)
    assert abs(area) == pytest.approx(abs(sum(_signed_area(r) for r in drawn.split("z") if r)), rel=2e-3)
    assert class_paths(result.cells, place, 4, plane)[3] == ""


def _signed_area(ring):
    numbers = [int(n) for n in re.findall(r"-?\d+", ring)]
    xy = np.cumsum(np.array(numbers).reshape(-1, 2), axis=0)
    x, y = xy[:, 0], xy[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def test_paths_of_nothing_and_of_lines():
    boundary = made_result("tiny").boundary
    plane = plane_of(boundary)
    assert path_of(np.array([shapely.MultiPolygon()], dtype=object), plane) == ""
    west, _, _, north = boundary.total_bounds
    line = shapely.LineString([(west, north), (west + 10 / plane.x_per_degree, north)])
    assert path_of(np.array([line], dtype=object), plane) == "M0 0l10 0"


def test_scale_bar_is_round_and_takes_less_than_a_third(result):
    plane = plane_of(result.boundary)
    metres = scale_bar_m(8000, plane)
    assert metres in {500, 1000}
    assert metres <= 0.3 * 8000 * plane.metres_per_step


def test_no_browser_means_no_pdf_and_a_failing_one_is_told(tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text("<p>x</p>", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not write_pdf(tmp_path / "page.html", tmp_path / "page.pdf")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(OutputError, match="printed nothing: no display"):
        write_pdf(tmp_path / "page.html", tmp_path / "page.pdf", browser=str(broken))
    assert not (tmp_path / "page.pdf").exists()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("letters", [0, 120])
def test_report_prints_to_pdf_however_long_the_folder_for_temporary_files_is_called(
    result, letters, tmp_path, monkeypatch
):
    if letters:
        (tmp_path / ("t" * letters)).mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("t" * letters)))
        monkeypatch.setenv("TMPDIR", str(tmp_path / ("t" * letters)))
    write_report(result, tmp_path / "report.html")
    assert write_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
