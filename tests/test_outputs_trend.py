"""The page and the workbook of runs of several dates."""

import re
from dataclasses import replace

import openpyxl
import pytest

from circle15.outputs.trend_page import write_trend_page
from circle15.outputs.trend_views import Words, change_text, over_dates, rows_of, sentences, targets_table, why_table
from circle15.outputs.trend_workbook import write_trend_workbook
from circle15.outputs.trends import BY_FACTOR
from circle15.pipeline import run_district
from circle15.runs.trend.trend_table import gather_trend, write_trend

SUPERLATIVES = re.compile(
    r"最[多少大小高低快慢]|首位|第一|\b(most|least|largest|lowest|highest|best|worst|first place)\b"
)


@pytest.fixture(scope="module")
def sample(root, tmp_path_factory):
    """Give the sample's series of three dates."""
    folder = tmp_path_factory.mktemp("series")
    series = root / "data" / "sample" / "series"
    runs = [run_district(series / f"{year}.toml", out=folder / str(year)).folder for year in (2022, 2023, 2024)]
    return gather_trend(runs)


def test_the_sample_tells_what_was_built_and_closed(sample):
    assert [date.changed for date in sample.districts[0].dates] == [
        (), ("facilities", "capacity", "people"), ("facilities", "people", "streets"),
    ]  # fmt: skip
    table = sample.table.set_index(["as_of", "unit_id", "layer", "measure"])
    closed = table.loc[("2024-12-31", "s1", "elderly_meals", "covered_share")]
    assert closed["by_facilities"] < -0.1  # 示例新桥助餐点 closed
    bridge = table.loc[("2024-12-31", "sample", "sport", "covered_share")]
    assert bridge["by_streets"] > 0.05
    grown = table.loc[("2023-12-31", "sample", "nursery", "gap")]
    assert grown["by_capacity"] < 0 < grown["by_people"]
    known = sample.table[sample.table["change"].notna()]
    assert (known[list(BY_FACTOR)].sum(axis=1) - known["change"]).abs().max() <= 1e-9


def test_the_pace_of_a_target_is_what_is_missing_over_the_years_left(sample):
    row = sample.table.query(
        "as_of == '2023-12-31' and unit_id == 'sample' and measure == 'public_sports_area_per_capita'"
    ).iloc[0]
    assert row["target"] == 3
    assert row["pace_needed"] == pytest.approx((3 - row["value"]) / (731 / 365.25))
    assert row["pace"] == pytest.approx(row["change"] / (365 / 365.25))
    assert row["status"] == "behind pace"
    met = sample.table.query("as_of == '2024-12-31' and unit_id == 's1' and measure == 'supply_per_1000'")
    assert met.set_index("layer")["status"].to_dict() == {
        "nursery": "met", "elderly_meals": "behind pace", "sport": "overdue", "kindergarten": "",
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sentences_say_the_tables_numbers_and_claim_nothing_of_the_most(sample, lang):
    trend = replace(sample, lang=lang)
    told = sentences(trend, trend.districts[0])
    assert len(told) == 6
    assert not SUPERLATIVES.search(" ".join(told))
    rows = rows_of(trend, trend.districts[0], "district").query("measure == 'covered_share' and layer == 'nursery'")
    for share in (rows["value"].iloc[0], rows["value"].iloc[-1]):
        assert f"{share:.1%}" in told[0]
    total = rows["change"].sum()
    assert change_text(total, "share") in told[0]
    sums = rows[list(BY_FACTOR)].sum()
    assert change_text(sums["by_streets"], "share") in told[0]


def test_tables_for_people_hold_every_date_and_the_parts(sample):
    district = sample.districts[0]
    rows = rows_of(sample, district, "district")
    wide = over_dates(sample, district, rows[rows["measure"] == "covered_share"])
    assert list(wide.columns) == [
        "区县",
        "街道",
        "服务",
        "指标",
        "单位",
        "2022-12-31",
        "2023-12-31",
        "2024-12-31",
        "首末变化",
    ]
    assert (wide["2024-12-31"] - wide["2022-12-31"] - wide["首末变化"]).abs().max() < 1e-6
    why = why_table(sample, district, rows[rows["measure"] == "covered_share"])
    parts = ["设施增减", "容量", "人口", "道路", "口径"]
    assert (why[parts].sum(axis=1) - why["变化"]).abs().max() < 1e-6
    assert targets_table(sample, district)["进度"].isin(["已达", "落后于所需速度", "逾期未达", ""]).all()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_needs_nothing_from_outside_and_is_the_same_each_time(sample, lang, tmp_path):
    trend = replace(sample, lang=lang)
    for name in ("one.html", "two.html"):
        write_trend_page(trend, tmp_path / name)
    page = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "two.html").read_text(encoding="utf-8")
    assert not re.search(r"""<(?:script|link|img)[^>]*(?:src|href)=["']https?:""", page)
    assert page.count('class="lines"') == 5 + 4  # the whole and four streets, and the streets' portraits
    assert page.count('data-step="') == 3
    say = Words(lang)
    assert say("播放", "Play") in page


def test_names_of_units_are_texts_on_the_page(sample, tmp_path):
    evil = sample.table.assign(unit_name="<script>alert(1)</script>")
    write_trend_page(replace(sample, table=evil), tmp_path / "page.html")
    assert "<script>alert(1)" not in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_has_a_sheet_for_each_question(sample, lang, tmp_path):
    write_trend_workbook(replace(sample, lang=lang), tmp_path / "trend.xlsx")
    book = openpyxl.load_workbook(tmp_path / "trend.xlsx")
    assert len(book.sheetnames) == 10
    sheet = book["变化原因" if lang == "zh" else "What moved it"]
    heads = [cell.value for cell in sheet[1]]
    row = dict(zip(heads, [cell.value for cell in sheet[2]], strict=True))
    parts = (
        ["设施增减", "容量", "人口", "道路", "口径"]
        if lang == "zh"
        else ["Facilities", "Capacity", "People", "Streets", "Rules"]
    )
    assert sum(row[name] for name in parts) == pytest.approx(row["变化" if lang == "zh" else "Change"])
    for own in book:
        assert own.page_setup.paperSize == 9
        assert all(width.width <= 111 for width in own.column_dimensions.values())


def test_the_files_are_written_together(sample, tmp_path):
    write_trend(sample, tmp_path / "out")
    seen = sorted(p.name for p in (tmp_path / "out").iterdir() if not p.name.startswith("."))
    assert seen == ["trend.csv", "trend.html", "trend.xlsx"]
    lines = (tmp_path / "out" / "trend.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + len(sample.table)
