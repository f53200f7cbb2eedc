"""Charts of the report: their lengths and places are the tables' numbers."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from circle15.outputs.report import write_report
from circle15.outputs.report_charts import (
    LORENZ_SIZE,
    RADAR_RADIUS,
    TARGET_SHOWN,
    cause_bars,
    lorenz_chart,
    radar_chart,
    target_bars,
)
from circle15.outputs.view import View
from tests.made_result import made_result

PERCENT = np.linspace(0, 1, 101)
SCORES = {"unit-1": (80.0, 100.0, 50.0, 25.0), "unit-2": (40.0, 0.0, np.nan, 60.0), "unit-3": (10.0, 20.0, 30.0, 40.0)}


@pytest.fixture(scope="module")
def result():
    made = made_result("tiny")
    ids = made.units["unit_id"].tolist()
    portrait = pd.DataFrame(
        [(u, u, *SCORES[u]) for u in ids], columns=["unit_id", "unit_name", "匹配度", "可及度", "饱和度", "满意度"]
    )
    causes = pd.DataFrame(
        [("made", "x", "nursery", "barrier", 30.0), ("made", "x", "nursery", "none_near", 10.0),
         ("made", "x", "nursery", "full", 500.0), ("made", "x", "clinic", "too_slow", 20.0),
         ("unit-1", "x", "nursery", "barrier", 30.0)],
        columns=["unit_id", "unit_name", "layer", "cause", "people"],
    )  # fmt: skip
    lorenz = pd.DataFrame({"layer": "nursery", "people_share": PERCENT, "access_share": PERCENT**2})
    equity = pd.DataFrame({"unit_id": ["made"], "layer": ["nursery"], "gini": [1 / 3]})
    targets = pd.DataFrame(
        [("a<b>", "个", 4.0, np.nan, 3.0, ">=", ">=", "behind"), ("free", "%", np.nan, np.nan, np.nan, ">=", "", "no data"),
         ("few", "%", 2.0, np.nan, 9.0, "<=", "", "behind"), ("some", "家", 1.0, 2.0, 2.0, "range", ">=", "met"),
         ("more", "家", 4.0, np.nan, 4.0, ">=", ">", "behind"), ("unsure", "家", 4.0, np.nan, 5.0, ">=", ">", "no data")],
        columns=["indicator", "unit", "target", "target_upper", "actual", "direction", "comparator", "status"],
    ).assign(year=2027, document="规划", location="表1")  # fmt: skip
    tables = {"portrait": portrait, "causes": causes, "lorenz": lorenz, "equity": equity, "targets": targets}
    return replace(made, tables=replace(made.tables, **tables))


@pytest.fixture(scope="module")
def view(result):
    return View(result)


def test_the_lorenz_curve_is_the_table(view):
    (curve,) = lorenz_chart(view)["curves"]
    points = np.array([[float(v) for v in p.split(",")] for p in curve["points"].split()])
    np.testing.assert_allclose(points[:, 0], PERCENT * LORENZ_SIZE, atol=0.5)
    np.testing.assert_allclose(points[:, 1], (1 - PERCENT**2) * LORENZ_SIZE, atol=0.051)
    assert (curve["name"], curve["gini"]) == ("托育", "0.33")


def test_the_radars_corners_are_the_units_scores(view):
    radar = radar_chart(view.of_unit("unit-1"))
    assert radar["dots"] == [(0, -80), (100, 0), (0, 50), (-25, 0)]
    assert radar["own"] == "M0.0 -80.0L100.0 0.0M100.0 0.0L0.0 50.0M0.0 50.0L-25.0 0.0M-25.0 0.0L0.0 -80.0"
    assert [axis["text"] for axis in radar["axes"]] == ["80", "100", "50", "25"]
    assert len(radar["others"]) == 2
    assert RADAR_RADIUS == 100
    in_english = radar_chart(View(replace(view.result, lang="en"), "unit-1"))
    assert [axis["name"] for axis in in_english["axes"]] == ["Match", "Accessibility", "Saturation", "Satisfaction"]


def test_a_missing_dimension_leaves_the_radar_open_and_says_so(view):
    radar = radar_chart(view.of_unit("unit-2"))
    assert radar["axes"][2]["text"] == "无数据"
    assert radar["own"].count("M") == 2
    assert len(radar["dots"]) == 3


def test_two_dimensions_make_no_radar(result):
    portrait = result.tables["portrait"].assign(满意度=np.nan, 饱和度=np.nan)
    view = View(replace(result, tables=replace(result.tables, portrait=portrait)))
    assert radar_chart(view.of_unit("unit-1")) is None


def test_cause_bars_are_shares_of_the_services_own_uncovered_people(view):
    bars = {bar["name"]: bar for bar in cause_bars(view)}
    assert bars["托育"]["total"] == "40"
    assert [(p["percent"], p["text"]) for p in bars["托育"]["parts"]] == [
        (25.0, "步行范围内无设施 10"),
        (75.0, "受阻隔需绕行 30"),
    ]
    assert [p["percent"] for p in bars["社区卫生"]["parts"]] == [100.0]
    assert bars["社区卫生"]["total"] == "20"
    assert set(bars) == {"托育", "社区卫生"}
    assert cause_bars(view.of_unit("unit-3")) == []


def test_targets_are_drawn_against_their_actual_values(view):
    first, few, *_ = target_bars(view)
    assert first["percent"] == pytest.approx(100 * 0.75 / TARGET_SHOWN)
    assert first["line"] == pytest.approx(100 / TARGET_SHOWN, abs=0.01)
    assert (first["actual"], first["target"], first["is_met"]) == ("3 个", "≥ 4 个", False)
    assert (few["percent"], few["is_met"]) == (100.0, False)


def test_a_target_is_met_where_its_table_says_so_and_printed_as_it_is_judged(view):
    bars = {bar["name"]: bar for bar in target_bars(view)}
    assert list(bars) == ["a<b>", "few", "some", "more", "unsure"]
    assert [bar["status"] for bar in bars.values()] == ["未达", "未达", "已达", "未达", "不判断"]
    assert [name for name, bar in bars.items() if not bar["is_drawn"]] == ["unsure"]
    assert bars["few"]["document"] == "规划 表1"
    assert (bars["some"]["is_met"], bars["some"]["target"]) == (True, "1–2 家")
    assert (bars["more"]["is_met"], bars["more"]["target"]) == (False, "> 4 家")


def test_the_page_holds_every_chart_and_no_markup_of_names(result, tmp_path):
    write_report(result, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == 1
    assert '<td class="status">未达</td>' in page
    assert "另有 1 项指标暂无现状数据" in page
    assert page.count('class="radar"') == len(SCORES)
    assert "a&lt;b&gt;" in page
    assert "<b>free" not in page
    widths = re.findall(r'<rect x="[\d.]+" y="0" width="([\d.]+)"', page)
    assert [float(w) for w in widths[:3]] == [25.0, 75.0, 100.0]


def test_a_run_without_those_tables_has_no_charts(tmp_path):
    write_report(made_result("tiny"), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<polyline" not in page
    assert 'class="radar"' not in page
