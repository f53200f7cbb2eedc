"""Headings and rows of hand-made tables, and the encodings of text."""

import numpy as np
import pytest

from circle15.errors import InputError
from circle15.inputs.tables.encodings import decode_text, encoding_of
from circle15.inputs.tables.headings import choose_column, load_aliases, recognise, split_heading
from circle15.inputs.tables.layout import find_heading
from circle15.inputs.tables.numbers import normal_unit
from circle15.inputs.tables.reading import read_table


def heading(*rows, wanted=()):
    return find_heading([row.split("|") for row in rows], load_aliases(), wanted)


@pytest.mark.parametrize(
    ("text", "plain", "unit", "system"),
    [
        ("建筑面积(㎡)", "建筑面积", "m2", None), ("床位数（张）", "床位数", "张", None),
        ("托位数/个", "托位数", "个", None),
        (" *机构名称： ", "机构名称", "", None), ("托位数\n（个）", "托位数", "个", None),
        ("Lng_GCJ02", "lnggcj02", "", "gcj02"),
        ("经度(百度)", "经度", "", "bd09"), ("WGS84_lat", "wgs84lat", "", "wgs84"), ("POI-Name", "poiname", "", None),
    ],
)  # fmt: skip
def test_headings_come_apart_into_name_unit_and_system(text, plain, unit, system):
    found = split_heading(text)
    assert (found.plain, normal_unit(found.unit), found.system) == (plain, unit, system)


def test_the_aliases_of_the_dictionary_are_found_and_no_field_shares_one_within_its_first_rank():
    aliases = load_aliases()
    owners: dict[str, list[str]] = {}
    for field, ranks in aliases.items():
        assert all(h for rank in ranks for h in rank)
        for name in set(ranks[0]):
            owners.setdefault(name, []).append(field)
    assert {n: o for n, o in owners.items() if len(o) > 1} == {}


def test_a_column_of_another_system_is_passed_over():
    found = recognise(["lng_bd09", "lng_gcj02", "lat_bd09", "lat_gcj02"], load_aliases())
    for system in ("bd09", "gcj02"):
        assert choose_column("lon", found, file="x", key="lon_field", system=system) == f"lng_{system}"
    assert choose_column("lon", found, file="x", key="lon_field", system="wgs84") is None


def test_the_better_alias_wins_and_equals_are_an_error():
    found = recognise(["x", "y", "经度", "纬度"], load_aliases())
    assert choose_column("lon", found, file="x", key="lon_field") == "经度"
    with pytest.raises(InputError, match=r'"经度" and "lng"'):
        choose_column("lon", recognise(["经度", "lng"], load_aliases()), file="t.csv", key="lon_field")


def test_the_heading_is_the_row_that_names_most_fields():
    found = heading("某区托育机构一览表||", "名称|经度|纬度", "甲|121|29")
    assert (found.first_row, found.last_row, found.columns) == (1, 1, ["名称", "经度", "纬度"])


def test_a_heading_of_two_rows_is_one():
    found = heading("名称|位置||托位||", "|经度|纬度|数量|使用数|面积", "甲|1|2|3|4|5")
    assert (found.first_row, found.last_row) == (0, 1)
    assert found.columns == ["名称", "经度", "纬度", "托位数量", "使用数", "面积"]


def test_a_row_of_units_belongs_to_the_heading():
    found = heading("名称|经度|纬度|面积|托位数", "|度|度|万㎡|个", "甲|1|2|3|4")
    assert (found.last_row, found.columns[3:]) == (1, ["面积(万m2)", "托位数(个)"])


def test_headings_that_no_dictionary_knows_are_found_by_the_names_asked_for():
    rows = ("报表|2024", "colA|colB|colC", "甲|1|2")
    assert heading(*rows, wanted=["colB"]).first_row == 1
    assert heading("colA|colB", "甲|1").first_row == 0
    assert heading("1|2", "3|4") is None


def test_columns_without_a_name_or_with_the_same_get_their_letters():
    found = heading("名称|经度|纬度|备用|备用||", "甲|1|2|x|y|z|")
    assert found.columns == ["名称", "经度", "纬度", "备用", "备用 (E)", "(F)"]


def test_rows_keep_the_numbers_that_a_spreadsheet_shows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('表\n\n名称,经度,纬度\n\n"甲\n乙",1,2\n合计,,\n丙,3,4\n\n注：某某\n', encoding="utf-8")
    table = read_table(path)
    assert table.row.tolist() == [5, 7]
    assert table.frame["名称"].tolist() == ["甲\n乙", "丙"]
    assert [(c.row, c.reason) for c in table.changes] == [
        (1, "title_rows"), (4, "blank_rows"), (6, "totals_row"), (9, "remark_row"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["合计园", "小计算机培训", "共计路幼儿园", "说明书博物馆", "注册护士站", "日期树幼儿园"]
)
def test_facilities_whose_names_begin_like_totals_and_remarks_stay(tmp_path, name):
    path = tmp_path / "t.csv"
    path.write_text(f"名称,经度,纬度\n{name},121.5,29.9\n", encoding="utf-8")
    assert read_table(path).frame["名称"].tolist() == [name]


@pytest.mark.parametrize("word", ["合计", "合 计：", "小计", "总计", "共计", "庄桥街道小计", "Total", "TOTAL:"])
def test_rows_of_totals_are_left_out(tmp_path, word):
    path = tmp_path / "t.csv"
    path.write_text(f"序号,名称,经度,纬度,托位数\n1,甲,121.5,29.9,5\n,{word},,,5\n", encoding="utf-8")
    table = read_table(path)
    assert table.frame["名称"].tolist() == ["甲"]
    assert [c.reason for c in table.changes] == ["totals_row"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    path = tmp_path / "t.csv"
    rows = [["名称", "经度", "纬度"], ["甲", "121.5", "29.9"], ["乙", "121.6", "29.8"]]
    path.write_text("\n".join(delimiter.join(r) for r in rows), encoding="utf-8")
    assert read_table(path).frame.to_numpy().tolist() == rows[1:]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_of_each_encoding_reads_the_same(encoding):
    text = "名称,经度\n石碶街道站,121.5\n"
    assert decode_text(text.encode(encoding), file="x").text.removeprefix("\ufeff") == text


def test_gbk_text_that_is_said_to_be_utf8_is_told_to_be_gbk():
    with pytest.raises(InputError, match=r'x, row 2: not utf-8 text; it is GBK: say encoding = "gbk"'):
        decode_text("name\n玄武区幼儿园\n".encode("gbk"), file="x", encoding="utf-8")


def test_the_encoding_of_pieces_is_one_for_all_and_may_be_cut():
    words = ["机构名称", "abc", "幼儿园"]
    for encoding in ("utf-8", "gb18030"):
        assert (
            encoding_of([w.encode(encoding)[:-1] if w == "幼儿园" else w.encode(encoding) for w in words]) == encoding
        )
    assert encoding_of([b"abc"]) == "ascii"
    assert encoding_of([b"\xff\xff\xff\xff"]) is None


def test_a_table_of_a_hundred_thousand_rows_is_read_whole(tmp_path):
    path = tmp_path / "t.csv"
    n = 100_000
    lon = np.round(np.random.default_rng(0).uniform(121, 122, n), 6)
    path.write_text("名称,经度,纬度\n" + "".join(f"点{i},{x},29.9\n" for i, x in enumerate(lon)), encoding="gbk")
    table = read_table(path)
    assert len(table.frame) == n
    assert table.row[-1] == n + 1
