"""Files that are damaged, hostile or not what they say: one clear message each, in bounded memory and time."""

import struct
import subprocess
import sys
import textwrap
import zipfile
import zlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from circle15.errors import InputError, MissingFileError
from circle15.inputs.tables.reading import read_table

GOOD = "名称,经度,纬度\n甲,121.5,29.9\n"


def message_of(path, **options):
    with pytest.raises(InputError) as caught:
        read_table(path, **options)
    text = str(caught.value)
    assert "\n" not in text, "one line a problem"
    assert path.name in text
    return text


def workbook(path):
    book = openpyxl.Workbook()
    for row in [["名称", "经度", "纬度"], ["甲", 121.5, 29.9]]:
        book.active.append(row)
    book.save(path)
    return path


def points(n=2):
    return gpd.GeoDataFrame({"name": ["甲"] * n}, geometry=[shapely.Point(121.5 + i, 29.9) for i in range(n)], crs=4326)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_table(tmp_path / "none.csv")


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "x.csv").mkdir()
    assert "folder" in message_of(tmp_path / "x.csv")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".gpkg", ".geojson", ".shp", ".zip", ".parquet", ".xls"])
def test_an_empty_file_is_said_to_be_empty(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.touch()
    assert "empty" in message_of(path)


@pytest.mark.parametrize("content", ["\n\n  \n", "\ufeff", ",,,\n,,,\n"])
def test_a_csv_without_a_word_is_an_error(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_text(content)
    message_of(path)


def test_a_heading_without_rows_is_an_error(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("名称,经度,纬度\n")
    assert "no rows" in message_of(path)


def test_numbers_without_a_heading_are_an_error_that_shows_them(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("1,121.5,29.9\n2,121.6,29.8\n")
    assert "121.5" in message_of(path)


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".dwg", ""])
def test_unknown_suffixes_name_the_known_ones(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_text(GOOD)
    assert ".xlsx" in message_of(path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.xlsx", GOOD.encode(), "plain text"),
        ("x.gpkg", GOOD.encode(), "plain text"),
        ("x.parquet", GOOD.encode(), "plain text"),
        ("x.shp", GOOD.encode(), "plain text"),
        ("x.zip", GOOD.encode(), "plain text"),
        ("x.csv", b"PAR1" + bytes(20), "Parquet"),
        ("x.csv", b"%PDF-1.7\n", "PDF"),
        ("x.xls", b"<html><table><tr><td>x</td></tr></table></html>", "web page"),
        ("x.csv", b'{"type": "FeatureCollection", "features": []}', "JSON"),
        ("x.csv", bytes(range(1, 32)) * 50, "no known format"),
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "no workbook"),
        ("x.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_a_wrong_suffix_is_said_with_what_the_content_is(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    assert says in message_of(path)


def test_a_workbook_called_csv_is_said_to_be_one(tmp_path):
    path = workbook(tmp_path / "y.xlsx").rename(tmp_path / "x.csv")
    assert "Excel workbook" in message_of(path)


def test_an_xlsx_called_xls_is_read_all_the_same(tmp_path):
    path = workbook(tmp_path / "y.xlsx").rename(tmp_path / "x.xls")
    assert read_table(path).frame["名称"].tolist() == ["甲"]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_workbook_is_damaged(tmp_path, share):
    path = workbook(tmp_path / "x.xlsx")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    message_of(path)


def test_workbooks_with_flipped_bytes_are_read_or_refused(tmp_path):
    content = workbook(tmp_path / "y.xlsx").read_bytes()
    rng = np.random.default_rng(4)
    refused = 0
    for k in range(30):
        damaged = np.frombuffer(content, dtype=np.uint8).copy()
        damaged[rng.integers(0, len(damaged), 15)] = rng.integers(0, 256, 15)
        path = tmp_path / f"{k}.xlsx"
        path.write_bytes(damaged.tobytes())
        try:
            read_table(path)
        except InputError:
            refused += 1
    assert refused > 10


def test_a_stray_value_in_the_last_cell_does_not_take_half_a_terabyte(tmp_path):
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["名称", "经度", "纬度"])
    book.active["XFD1048576"] = "x"
    book.save(path)
    assert "stray cells" in message_of(path)


@pytest.mark.parametrize("row", ["16777216", "99999999999999999999"])
def test_rows_beyond_every_spreadsheet_are_refused(tmp_path, row):
    path, good = tmp_path / "x.xlsx", workbook(tmp_path / "y.xlsx")
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'r="A2"', f'r="A{row}"'.encode()))
    message_of(path)


def test_old_workbooks_whose_counts_are_damaged_do_not_end_the_process(tmp_path):
    # Reading these in this process would abort it: a damaged count is a demand for hundreds of gigabytes.
    content = (Path(__file__).parent / "data" / "nurseries.xls").read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for k in range(20):
        damaged = np.frombuffer(content, dtype=np.uint8).copy()
        damaged[rng.integers(0, len(damaged), 10)] = rng.integers(0, 256, 10)
        path = tmp_path / f"{k}.xls"
        path.write_bytes(damaged.tobytes()[: len(damaged) // (2 if k % 4 == 0 else 1)])
        try:
            read_table(path)
        except InputError:
            refused += 1
    assert refused >= 5


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to(tmp_path, monkeypatch):
    # 40 MB of zeros against a limit of 16 MB; the sheet is named as a workbook's is.
    monkeypatch.setattr("circle15.inputs.tables.grids.LARGEST_UNPACKED_BYTES", 2**24)
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            for _ in range(40):
                out.write(bytes(2**20))
    assert path.stat().st_size < 5e5
    assert "unpacks to more than" in message_of(path)


def test_a_zip_bomb_that_lies_about_its_size_is_refused_too(tmp_path, monkeypatch):
    # The directory of the archive says 10 bytes; the stream holds 40 MB.
    monkeypatch.setattr("circle15.inputs.tables.grids.LARGEST_UNPACKED_BYTES", 2**24)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(packer.compress(bytes(2**20)) for _ in range(40)) + packer.flush()
    name = b"xl/worksheets/sheet1.xml"
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(data), 10, len(name), 0) + name + data
    entry = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, 0, len(data), 10, len(name), 0, 0, 0, 0, 0, 0
    )
    entry += name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(entry), len(local), 0)
    path = tmp_path / "x.xlsx"
    path.write_bytes(local + entry + end)
    message_of(path)


def test_ten_million_columns_are_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"," * 10_000_000 + b"\n")
    assert "line of more than" in message_of(path)


def test_more_columns_than_a_spreadsheet_has_are_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(",".join("名称" for _ in range(20_000)) + "\n")
    assert "columns" in message_of(path)


@pytest.mark.parametrize("content", [GOOD.encode() + b"\0\0\0", b"a,b\0c,d\n1,2,3\n" + GOOD.encode()])
def test_nul_bytes_are_refused(tmp_path, content):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert "NUL" in message_of(path)


def test_a_quote_that_is_never_closed_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('名称,经度,纬度\n"甲,121.5,29.9\n' + "乙,121.5,29.9\n" * 20_000)
    assert "quotation mark" in message_of(path)


def test_text_cut_inside_a_character_is_said_to_be_cut_off(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes((GOOD + "乙").encode()[:-1])
    assert "cut off" in message_of(path)


def test_bytes_of_no_chinese_encoding_name_the_line(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(GOOD.encode("gbk") + b"\xff\xff\xff,1,2\n")
    assert "row 3" in message_of(path)


def test_latin_text_is_not_taken_for_rare_chinese(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(
        "name,lon,lat\nÉcole élémentaire,7.4,43.7\nCrèche brûlée,7.4,43.7\nÎlot naïf,7.4,43.7\n".encode("cp1252")
    )
    assert "save it as UTF-8" in message_of(path)
    assert read_table(path, encoding="cp1252").frame["name"].tolist()[0] == "École élémentaire"


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_shapefile_without_its_parts_names_the_part(tmp_path, part):
    path = tmp_path / "x.shp"
    points().to_file(path)
    path.with_suffix(part).unlink()
    assert part in message_of(path)


@pytest.mark.parametrize("part", [".shp", ".dbf", ".shx"])
def test_a_truncated_shapefile_is_damaged(tmp_path, part):
    path = tmp_path / "x.shp"
    points(50).to_file(path)
    damaged = path.with_suffix(part)
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    message_of(path)


def test_a_dbf_that_claims_four_billion_records_is_damaged(tmp_path):
    path = tmp_path / "x.shp"
    points().to_file(path)
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[4:8] = b"\xff\xff\xff\xff"
    path.with_suffix(".dbf").write_bytes(dbf)
    assert ".dbf is damaged" in message_of(path)


def test_an_archive_with_two_shapefiles_asks_which(tmp_path):
    points().to_file(tmp_path / "a.shp")
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in (".shp", ".shx", ".dbf", ".prj"):
            archive.write(tmp_path / f"a{part}", f"a{part}")
            archive.write(tmp_path / f"a{part}", f"b{part}")
    assert "a, b" in message_of(path)
    assert len(read_table(tmp_path / "x.zip#b").frame) == 2


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"type": "FeatureCollection", "features": []}',
        '{"type": "Nothing"}',
        '{"type": "FeatureCollection"}',
        "[" * 100_000,
    ],
)
def test_json_that_is_no_geojson_is_refused(tmp_path, text):
    path = tmp_path / "x.geojson"
    path.write_text(text)
    message_of(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_geopackage_or_parquet_is_damaged(tmp_path, share):
    points(400).to_file(tmp_path / "x.gpkg")
    points(400).to_parquet(tmp_path / "x.parquet")
    for name in ("x.gpkg", "x.parquet"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        message_of(path)


def test_several_layers_or_sheets_ask_which(tmp_path):
    path = tmp_path / "x.gpkg"
    points().to_file(path, layer="a")
    points().to_file(path, layer="b")
    assert "x.gpkg#LAYER: a, b" in message_of(path)
    assert len(read_table(tmp_path / "x.gpkg#b").frame) == 2
    assert "a, b" in message_of(path, sheet="c")
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("二")):
        for row in [["名称", "经度", "纬度"], ["甲", 121.5, 29.9]]:
            sheet.append(row)
    book.save(tmp_path / "y.xlsx")
    assert '"Sheet", "二"' in message_of(tmp_path / "y.xlsx")
    assert read_table(tmp_path / "y.xlsx#二").sheet == "二"
    assert "Sheet, 二" in message_of(tmp_path / "y.xlsx", sheet="三")


def test_hidden_sheets_are_not_read(tmp_path):
    path = workbook(tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(path)
    book.copy_worksheet(book.active).sheet_state = "hidden"
    book.save(path)
    assert read_table(path).sheet == "Sheet"


def test_hostile_files_stay_within_a_gigabyte(tmp_path):
    """The worst in one process, whose memory is measured; the bomb unpacks to 600 MB."""
    pytest.importorskip("resource")
    (tmp_path / "wide.csv").write_bytes(b"," * 10_000_000)
    (tmp_path / "deep.geojson").write_text('{"type":' * 200_000)
    (tmp_path / "quote.csv").write_text('"' + "x" * 3_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in (".shp", ".dbf", ".shx"):
            archive.writestr(f"a{part}", bytes(200 * 2**20))
    code = f"""
        import resource
        from pathlib import Path
        from circle15.errors import InputError
        from circle15.inputs.tables.reading import read_table
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for path in sorted(Path({str(tmp_path)!r}).iterdir()):
            try:
                read_table(path)
            except InputError:
                print(path.name)
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300, check=True
    )
    *refused, megabytes = run.stdout.split()
    assert refused == ["bomb.zip", "deep.geojson", "quote.csv", "wide.csv"]
    assert int(megabytes) < 1024


def test_a_table_of_objects_in_parquet_is_text(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"name": ["甲", None], "lon": [121.5, np.nan], "n": [1, 2], "ok": [True, False]}).to_parquet(path)
    table = read_table(path)
    assert table.frame.to_numpy().tolist() == [["甲", "121.5", "1", "TRUE"], ["", "", "2", "FALSE"]]
