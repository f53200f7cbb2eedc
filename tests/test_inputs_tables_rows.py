"""Rows that could shift, vanish or double: each is taken as it stands, or named."""

import csv
import io
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from circle15.config.layer import LayerTable
from circle15.errors import InputError
from circle15.inputs.facilities.facility_sources import combine_facilities, read_facilities
from circle15.inputs.geofiles.dbf import read_dbf
from circle15.inputs.ground.names import full_code
from circle15.inputs.ground.polygons import read_polygons
from circle15.inputs.tables.numbers import parse_code, parse_number
from circle15.inputs.tables.reading import read_table

HEADING = ["名称", "经度", "纬度", "地址", "电话", "托位数"]
FIRST = ["一园", "121.5500", "29.9000", "中山路1号", "87651234", "60"]
THIRD = ["三园", "121.5600", "29.9100", "人民路3号", "87659999", "40"]


def write(folder, *rows, heading=HEADING, delimiter=","):
    path = folder / "t.csv"
    lines = [row if isinstance(row, str) else delimiter.join(row) for row in (heading, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def layer(**more):
    return LayerTable(id="nursery", name="托育", source="t.csv", crs="wgs84", **more)


def reasons(table):
    return [(c.row, c.reason, c.column) for c in table.changes]


def problems_of(path, read=read_table):
    with pytest.raises(InputError) as caught:
        read(path)
    return caught.value.problems


def test_a_comma_in_an_address_leaves_the_capacity_where_it_belongs_and_the_row_is_named(tmp_path):
    path = write(tmp_path, FIRST, "二园,121.55,29.90,中山路2号,二楼,87655678,50", THIRD)
    found = read_facilities(layer(), path)
    assert found.frame["capacity"].tolist() == [60, 50, 40]
    assert found.frame["address"].tolist() == ["中山路1号", "中山路2号,二楼", "人民路3号"]
    (told,) = [c for c in found.changes if c.reason == "row_joined"]
    assert (told.row, told.column, told.taken) == (3, "地址", "中山路2号,二楼")


def test_where_only_words_could_be_cut_otherwise_the_numbers_hold(tmp_path):
    heading = ["名称", "地址", "经度", "纬度", "托位数"]
    path = write(
        tmp_path, ["一园", "中山路1号", "121.55", "29.9", "60"], "二园,中山路2号,二楼,121.56,29.9,50", heading=heading
    )
    found = read_facilities(layer(), path).frame
    assert found[["name", "lon", "capacity"]].to_numpy().tolist() == [["一园", 121.55, 60], ["二园", 121.56, 50]]


@pytest.mark.parametrize(
    "row",
    [
        "二园,121.55,29.90,中山路2号,87655678,1,200",  # 1,200 places, or 200 and a telephone of 1?
        "二园,121.55,29.90,中山路2号,876,556,50",
        "二园,121.55,29.90,87655678,50",  # a field is missing somewhere
        "二园,121.55,29.90",
        "二园,121.55,29.90,中山路2号,87655678,50,备用",
    ],
)
def test_a_row_of_another_width_that_can_be_read_in_several_ways_is_an_error(tmp_path, row):
    (problem,) = problems_of(write(tmp_path, FIRST, row, THIRD))
    assert (problem.row, problem.value) == (3, row)
    assert "the heading has 6 columns" in str(problem)


def test_a_thousands_comma_among_numbers_is_never_guessed(tmp_path):
    heading = ["小区", "经度", "纬度", "编号", "人口", "地址"]
    path = write(
        tmp_path, ["甲", "121.55", "29.9", "315020", "1000", "中山路1号"], "乙,121.552,29.9,3150,20,800,中山路2号",
        heading=heading,
    )  # fmt: skip
    assert [p.row for p in problems_of(path)] == [3]


def test_most_rows_being_longer_means_a_heading_is_missing(tmp_path):
    rows = [f"{i},{x}.5,29.9,50,园{i}" for i, x in enumerate((121, 122, 123))]
    (problem,) = problems_of(write(tmp_path, *rows, heading=["经度", "纬度", "托位数", "名称"]))
    assert "3 of 3 rows have more or fewer cells" in str(problem)


def test_empty_cells_beyond_the_heading_and_missing_remarks_shift_nothing(tmp_path):
    heading = ["名称", "经度", "纬度", "托位数", "备注"]
    path = write(
        tmp_path, ["一园", "121.5", "29.9", "60", "新建"], "二园,121.6,29.9,50,改造,,,", "三园,121.7,29.9,40",
        "四园,121.8,29.9,30,扩建", heading=heading,
    )  # fmt: skip
    table = read_table(path)
    assert table.frame["托位数"].tolist() == ["60", "50", "40", "30"]
    assert reasons(table) == [(4, "row_short", None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_trailing_separator_in_every_row_is_an_empty_column(tmp_path, delimiter):
    path = write(tmp_path, [*FIRST, ""], [*THIRD, ""], heading=[*HEADING, ""], delimiter=delimiter)
    table = read_table(path)
    assert table.columns == HEADING
    assert table.frame.to_numpy().tolist() == [FIRST, THIRD]
    assert table.changes == ()


def test_a_heading_of_another_order_in_mid_file_is_an_error_and_the_same_one_is_left_out(tmp_path):
    same = read_table(write(tmp_path, FIRST, "\ufeff" + ",".join(HEADING), THIRD))
    assert reasons(same) == [(3, "repeated_heading", None)]
    other = ["名称", "纬度", "经度", "地址", "电话", "托位数"]
    path = write(tmp_path, FIRST, ["托位数", "名称", "经度", "纬度", "电话", "地址"], THIRD)
    (problem,) = problems_of(path)
    assert problem.row == 3
    assert "second heading" in str(problem)
    assert other != HEADING


def test_a_byte_order_mark_in_mid_file_changes_no_value(tmp_path):
    heading = ["经度", "纬度", "托位数", "名称"]
    path = write(tmp_path, "121.5,29.9,60,一园", "\ufeff121.6,29.9,\ufeff50,\ufeff二园", heading=heading)
    found = read_facilities(layer(), path).frame
    assert found[["lon", "capacity", "name"]].to_numpy().tolist() == [[121.5, 60, "一园"], [121.6, 50, "二园"]]


@pytest.mark.parametrize(
    "rows",
    [
        ['"一园,121.5,29.9,a,1,60', ",".join(THIRD)],  # never closed
        ['"一园,121.5,29.9,a,1,60', ",".join(THIRD), '二园",121.5,29.9,b,2,50'],  # closed by the next stray one
        ['"一园,121.5,29.9,a,1,60', ",".join(THIRD), '"二园,121.5,29.9,b,2,50"'],
    ],
)
def test_a_stray_quotation_mark_swallows_no_row(tmp_path, rows):
    (problem,) = problems_of(write(tmp_path, *rows))
    assert problem.row == 2
    assert "quotation mark" in str(problem)


WORD = st.text(alphabet="甲乙丙丁园路号 ,;\"'\n（）ab|", min_size=1, max_size=12).filter(
    lambda t: t.strip(" \n") not in {"", "(", "|", ",", ";"}
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(WORD, st.floats(73, 135), st.floats(18, 53), WORD, st.integers(0, 99_999)), min_size=1, max_size=8
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_comes_back_cell_by_cell(tmp_path_factory, records, delimiter, end):
    heading = ["名称", "经度", "纬度", "地址", "托位数"]
    rows = [[f"园{n}", repr(x), repr(y), f"地{a}", str(c)] for n, x, y, a, c in records]
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows([heading, *rows])
    path.write_bytes(stream.getvalue().encode())
    table = read_table(path)
    assert table.frame.to_numpy().tolist() == rows
    assert table.row.tolist() == list(range(2, len(rows) + 2))


@settings(max_examples=150, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.data())
def test_a_row_whose_commas_lost_their_quotation_marks_is_right_in_every_number_or_an_error(tmp_path_factory, data):
    kinds = data.draw(st.permutations(["名称", "经度", "纬度", "地址", "托位数", "使用数", "备注", "电话"]))
    draws = {
        "名称": st.sampled_from(["一园", "二园,东区", "三园"]),
        "地址": st.sampled_from(["中山路1号", "中山路2号,二楼", "人民路,3号,后门"]),
        "备注": st.sampled_from(["", "新建", "改造,扩建", "2,3"]),
        "电话": st.sampled_from(["87651234", "0574-87651234", "", "8765,1234"]),
        "托位数": st.sampled_from(["60", "1,200", "5", ""]),
        "使用数": st.sampled_from(["50", "1,100", "0", ""]),
        "经度": st.floats(121.5, 121.6).map(lambda v: f"{v:.6f}"),
        "纬度": st.floats(29.8, 29.9).map(lambda v: f"{v:.6f}"),
    }
    records = [{k: data.draw(draws[k]) for k in kinds} for _ in range(data.draw(st.integers(2, 6)))]
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    # Written without quotation marks, as careless programs do.
    path.write_text("\n".join([",".join(kinds), *(",".join(r[k] for k in kinds) for r in records)]), encoding="utf-8")
    try:
        found = read_facilities(layer(), path)
    except InputError as e:
        assert all(p.row is not None for p in e.problems)  # noqa: PT017 (either outcome is right)
        return
    kept = {
        int(s.rpartition(":")[2]): row
        for s, row in zip(found.frame["source"], found.frame.to_dict("records"), strict=True)
    }
    lengths = {sum(v.count(",") for v in r.values()) for r in records}
    named = {c.row for c in found.changes if c.reason in {"row_joined", "row_short", "duplicate_row"}}
    for number, record in enumerate(records, start=2):
        # Equally long rows with empty ends look as if each had a separator behind it; then only words can be cut off.
        is_ragged = "," in "".join(record.values()) and len(lengths) > 1
        assert number in kept or number in named
        assert number in named or not is_ragged
        if number in kept:
            truth = {
                "lon": record["经度"],
                "lat": record["纬度"],
                "capacity": record["托位数"],
                "used": record["使用数"],
            }
            got = [kept[number][k] for k in truth]
            np.testing.assert_equal(got, [parse_number(t).value for t in truth.values()])


def book(folder, rows, *, errors=(), hidden=()):
    made = openpyxl.Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    for cell in errors:
        sheet[cell].data_type = "e"
    for row in hidden:
        sheet.row_dimensions[row].hidden = True
    made.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def test_cells_of_a_workbook_that_are_no_amounts_are_named_one_by_one(tmp_path):
    import datetime as dt  # noqa: PLC0415 (used here alone)

    bad = ["#N/A", "=30+30", dt.date(2024, 3, 5), True, -50, "40-50", "见附表"]
    rows = [[f"{i}园", 121.5 + i / 100, 29.9, value, 3] for i, value in enumerate([60, *bad, None, "—"])]
    path = book(tmp_path, [["名称", "经度", "纬度", "托位数", "在托人数"], *rows], errors=["D3"])
    found = read_facilities(layer(), path)
    np.testing.assert_equal(found.frame["capacity"].tolist(), [60, *[np.nan] * 9])
    told = {c.row: c.reason for c in found.unread}
    assert told == dict(
        zip(range(3, 10), ["error_value", "formula", "date", "truth", "negative", "range", "not_a_number"], strict=True)
    )
    assert {c.row: c.original for c in found.unread}[4] == "=30+30"
    assert combine_facilities([found]).unread == found.unread


def test_formulas_with_a_stored_result_are_their_result_and_empty_texts_are_empty(tmp_path):
    path = book(
        tmp_path, [["名称", "经度", "纬度", "托位数"], ["一园", 121.5, 29.9, "=30+30"], ["二园", 121.6, 29.9, "=x"]]
    )

    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet = sheet.replace("<f>30+30</f><v />", "<f>30+30</f><v>60</v>").replace(
        "<f>30+30</f><v></v>", "<f>30+30</f><v>60</v>"
    )
    sheet = sheet.replace('<c r="D3">', '<c r="D3" t="str">')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, sheet if name.endswith("sheet1.xml") else content)
    assert read_table(path).frame["托位数"].tolist() == ["60", ""]


def test_hidden_rows_are_counted_and_said(tmp_path):
    rows = [["名称", "经度", "纬度"], *([f"{i}园", 121.5 + i / 100, 29.9] for i in range(5))]
    table = read_table(book(tmp_path, rows, hidden=[3, 5]))
    assert len(table.frame) == 5
    assert reasons(table) == [(3, "hidden_row", None), (5, "hidden_row", None)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("330205001000.0", "330205001000"), ("330205001000.00000000", "330205001000"), ("３３０２０５００１", "330205001"),
        ('="330205001000"', "330205001000"), ("'330205001000", "330205001000"), ("330,205,001,000", "330205001000"),
        ("3.302050010000000e+011", "330205001000"), ("0330205", "0330205"), ("甲街道", "甲街道"), ("1.5", "1.5"),
    ],
)  # fmt: skip
def test_a_code_that_passed_as_a_number_comes_back(text, code):
    assert parse_code(text).code == code
    assert not parse_code(text).is_lost


@given(st.integers(10**8, 10**12 - 1))
def test_a_code_in_scientific_notation_is_whole_or_said_to_be_lost(number):
    for digits in range(16):
        text = f"{number:.{digits}e}"
        parsed = parse_code(text)
        assert parsed.is_lost or parsed.code == str(number)
    assert parse_code(f"{number:.5E}").is_lost


def test_codes_that_a_shapefile_stores_as_doubles_are_written_out(tmp_path):
    codes = [330205001000.0, 330205002000.0]
    boxes = [shapely.box(121 + i, 29, 122 + i, 30) for i in range(2)]
    frame = gpd.GeoDataFrame({"code": codes, "share": [0.25, 12.5], "n": [7, 8]}, geometry=boxes, crs=4326)
    frame.to_file(tmp_path / "u.shp")
    assert [row[:3] for row in read_dbf(tmp_path / "u.dbf", file="u.shp").rows] == [
        ["330205001000", "0.25", "7"], ["330205002000", "12.5", "8"],
    ]  # fmt: skip


def test_codes_of_nine_and_of_twelve_digits_meet():
    assert full_code("330205001") == full_code("330205001000") == "330205001000"
    assert full_code("330205001201") == "330205001201"
    assert full_code("a") == "a"


def test_a_facility_of_several_years_is_an_error_that_names_the_column_and_the_remedy(tmp_path):
    heading = ["名称", "年份", "经度", "纬度", "托位数"]
    rows = [f"一园,{year},121.5,29.9,{places}" for year, places in ((2021, 40), (2022, 50), (2023, 60))]
    path = write(tmp_path, *rows, "二园,2023,121.6,29.9,30", heading=heading)
    problems = problems_of(path, lambda p: read_facilities(layer(), p))
    assert [p.row for p in problems] == [3, 4]
    assert 'layer.nursery.where = { "年份" = "2023" }' in str(problems[0])
    chosen = read_facilities(layer(where={"年份": "2023"}), path)
    assert chosen.frame["capacity"].tolist() == [60, 30]
    assert chosen.n_filtered == 2


def test_a_row_with_hundreds_of_cells_too_many_is_an_error_at_once(tmp_path):
    heading = [*HEADING[:5], *(f"备注{i}" for i in range(40)), "托位数"]
    regular = [*FIRST[:5], *["无"] * 40, "60"]
    path = write(tmp_path, regular, regular, ["x"] * 300, heading=heading)
    assert [p.row for p in problems_of(path)] == [4]


@pytest.mark.parametrize("stored", ["float", "text", "int"])
def test_outlines_codes_are_whole_however_they_are_stored(tmp_path, stored):
    codes = {"float": [330205001000.0, 330205002000.0], "text": ["330205001000.0", "330205002000.0"]}
    boxes = [shapely.box(121 + i, 29, 122 + i, 30) for i in range(2)]
    frame = gpd.GeoDataFrame({"code": codes.get(stored, [330205001000, 330205002000])}, geometry=boxes, crs=4326)
    for name in ("u.gpkg", "u.shp", "u.geojson"):
        frame.to_file(tmp_path / name)
        found = read_polygons(
            name, key="district.units", osm_path=tmp_path, resolve=lambda n: tmp_path / n, id_field="code"
        )
        assert found.frame["key"].tolist() == ["330205001000", "330205002000"]
    lost = frame.assign(code=["3.30205E+11"] * 2)
    lost.to_file(tmp_path / "lost.geojson")
    with pytest.raises(InputError, match="lost digits"):
        read_polygons(
            "lost.geojson", key="district.units", osm_path=tmp_path, resolve=lambda n: tmp_path / n, id_field="code"
        )


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
 office:version="1.3"><office:body><office:spreadsheet><table:table table:name="T">%s</table:table></office:spreadsheet></office:body></office:document-content>"""


def ods_row(*cells, attributes=""):
    texts = [
        c
        if c.startswith("<")
        else f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
        for c in cells
    ]
    return f"<table:table-row {attributes}>{''.join(texts)}</table:table-row>"


def test_hidden_rows_and_errors_of_opendocument_sheets_are_said(tmp_path):
    error = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value=""'
        ' calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    )
    rows = [
        ods_row("名称", "经度", "纬度", "托位数"),
        ods_row("一园", "121.5", "29.9", "60", attributes='table:visibility="filter"'),
        ods_row("二园", "121.6", "29.9", error),
        ods_row("三园", "121.7", "29.9", "40", attributes='table:visibility="collapse"'),
        ods_row(
            '<table:table-cell table:number-columns-repeated="4"/>', attributes='table:number-rows-repeated="1048572"'
        ),
    ]
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS % "".join(rows))
        manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        archive.writestr("META-INF/manifest.xml", manifest)
    found = read_facilities(layer(), tmp_path / "t.ods")
    np.testing.assert_equal(found.frame["capacity"].tolist(), [60, np.nan, 40])
    assert [(c.row, c.reason) for c in found.changes if c.reason == "hidden_row"] == [
        (2, "hidden_row"),
        (4, "hidden_row"),
    ]
    assert [(c.row, c.original) for c in found.unread] == [(3, "#N/A")]
