"""Damaged files end a run in one clear line; hostile names go through every output and do nothing."""

import csv
import json
import warnings
import zipfile
from html.parser import HTMLParser

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from click.testing import CliRunner

from circle15.cli import main
from tests.chinese_town import EVIL, Town


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def workbook(path):
    book = openpyxl.Workbook()
    for row in [["名称", "经度", "纬度"], ["甲", 121.51, 29.91]]:
        book.active.append(row)
    book.save(path)
    return path.read_bytes()


def truncated_workbook(path):
    content = workbook(path)
    path.write_bytes(content[: len(content) // 2])


def zip_bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            for _ in range(40):
                out.write(bytes(2**20))


def shapefile_without(path, part):
    gpd.GeoDataFrame({"name": ["甲"]}, geometry=[shapely.Point(121.51, 29.91)], crs=4326).to_file(path)
    path.with_suffix(part).unlink()


HOSTILE = {
    "truncated.xlsx": (truncated_workbook, "damaged or cut off"),
    "bomb.xlsx": (zip_bomb, "unpacks to more than"),
    "wide.csv": (lambda p: p.write_bytes(b"," * 10_000_000 + b"\n"), "line of more than"),
    "nul.csv": (lambda p: p.write_bytes("名称,经度,纬度\n甲,121.5\0,29.9\n".encode()), "NUL"),
    "table.gpkg": (lambda p: p.write_text("名称,经度,纬度\n甲,121.5,29.9\n"), "plain text"),
    "workbook.csv": (lambda p: p.write_bytes(workbook(p.with_suffix(".xlsx"))), "Excel workbook"),
    "x.shp": (lambda p: shapefile_without(p, ".shx"), ".shx"),
    "empty.csv": (lambda p: p.touch(), "empty"),
    "page.xls": (lambda p: p.write_text("<html><table></table></html>"), "web page"),
    "deep.geojson": (lambda p: p.write_text('{"type":' * 50_000), "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_damaged_table_is_one_line_and_exit_2_of_run_and_check(tmp_path, monkeypatch, name):
    monkeypatch.setattr("circle15.inputs.tables.grids.LARGEST_UNPACKED_BYTES", 2**24)
    make, says = HOSTILE[name]
    path = Town(tmp_path, source=name).write()
    make(tmp_path / name)
    done = run("run", path, "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.strip().splitlines()
    assert name in line
    assert says in line
    assert not (tmp_path / "out").exists()
    checked = run("check", path, "--json")
    assert checked.exit_code == 2
    (problem,) = json.loads(checked.stdout)["problems"]
    assert says in problem


@pytest.mark.parametrize("where", ["人口.csv", "街道.geojson", "streets.osm"])
def test_other_damaged_inputs_end_the_same_way(tmp_path, where):
    town = Town(tmp_path)
    town.write_table(*town.places())
    path = town.write()
    target = tmp_path / where
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2] if where != "人口.csv" else b"\0\0")
    done = run("run", path, "--out", tmp_path / "out")
    assert done.exit_code == 2, done.output
    assert where in done.stderr
    assert "Traceback" not in done.stderr
    assert run("check", path).exit_code == 2


def test_crossed_high_and_multipart_shapes_are_repaired_and_reported(tmp_path):
    town = Town(tmp_path, source="园.gpkg", layer_keys="")
    path = town.write()
    x, y = 121.512, 29.911
    bow = shapely.Polygon([(x, y, 5), (x + 0.002, y, 5), (x, y + 0.002, 5), (x + 0.002, y + 0.002, 5)])
    parts = shapely.MultiPolygon([shapely.box(x, y, x + 1e-3, y + 1e-3), shapely.box(x + 2e-3, y, x + 3e-3, y + 1e-3)])
    frame = gpd.GeoDataFrame({"name": ["交叉", "多块"]}, geometry=[bow, shapely.force_3d(parts)], crs=4326)
    frame.to_file(tmp_path / "园.gpkg")
    done = run("run", path, "--out", tmp_path / "out", "-q")
    assert done.exit_code == 0, done.output
    reasons = [r["reason"] for r in json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["import_report"]]
    assert any("高程" in r for r in reasons)
    assert any("自相交" in r and "m²" in r for r in reasons)


class Page(HTMLParser):
    """Elements of a page that could do something, and the text of its scripts apart from those that every page has."""

    def __init__(self):
        super().__init__()
        self.handlers, self.tags, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [(k, v) for k, v in attrs if k.startswith("on") or (v or "").startswith("javascript:")]

    def handle_data(self, data):
        self.texts.append(data)


def page_of(path):
    page = Page()
    page.feed(path.read_text("utf-8"))
    return page


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run the town twice, once with plain names and once with hostile ones everywhere."""
    folders = {}
    for kind in ("plain", "evil"):
        folder = tmp_path_factory.mktemp(kind)
        keys = {}
        if kind == "evil":
            keys = {"names": (EVIL["east"], EVIL["west"]), "district": EVIL["district"], "layer_name": EVIL["layer"]}
        town = Town(folder, **keys)
        lon, lat = town.places()
        plain = [f"{i}号园" for i in range(24 - len(EVIL["facilities"]))]
        names = [*EVIL["facilities"], *plain] if kind == "evil" else None
        town.write_table(lon, lat, names=names, encoding="utf-8", streets=town.street_of(lon))
        done = run("run", town.write(), "--out", folder / "out", "-q")
        assert done.exit_code == 0, done.output
        folders[kind] = folder / "out"
    return folders


def test_pages_have_the_same_elements_whatever_the_names(ran):
    pages = sorted(p.relative_to(ran["plain"]) for p in ran["plain"].rglob("*.html"))
    assert len(pages) >= 4
    assert pages == sorted(p.relative_to(ran["evil"]) for p in ran["evil"].rglob("*.html"))
    for name in pages:
        plain, evil = page_of(ran["plain"] / name), page_of(ran["evil"] / name)
        for tag in ("script", "img", "iframe", "style", "svg"):
            counts = [page.tags.count(tag) for page in (plain, evil)]
            assert counts[0] == counts[1], (name, tag)
        assert [h for h in evil.handlers if "alert" in str(h)] == []
        raw = (ran["evil"] / name).read_text("utf-8")
        for hostile in ("<script>alert", "<img src=x onerror", "<svg onload=alert", "</script><script>alert"):
            assert hostile not in raw, (name, hostile)


def test_names_are_still_shown_as_they_are(ran):
    text = "".join(page_of(ran["evil"] / "report.html").texts)
    assert EVIL["west"] in text
    assert EVIL["layer"] in text


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(ran):
    books = sorted(ran["evil"].rglob("*.xlsx"))
    assert books
    seen = set()
    for path in books:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*extension is not supported")  # openpyxl drops data bars
            book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", (path.name, sheet.title, cell.coordinate, cell.value)
                    assert cell.hyperlink is None or cell.hyperlink.target is None  # to a sheet of the same book
                    seen.add(cell.value)
    assert EVIL["east"] in seen


def test_no_cell_of_a_csv_begins_as_a_formula(ran):
    seen = 0
    for path in sorted(ran["evil"].rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    seen += cell.startswith("'=HYPERLINK")
                    is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
                    assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (path.name, cell)
    assert seen > 0


def test_gis_files_keep_the_names_as_text(ran):
    frame = gpd.read_file(ran["evil"] / "district.gpkg", layer="facilities")
    assert set(EVIL["facilities"]) <= set(frame["name"])
    units = gpd.read_file(ran["evil"] / "district.gpkg", layer="units")
    assert {EVIL["east"], EVIL["west"]} <= set(units["unit_name"])
    layers = {name for name, _ in pyogrio.list_layers(ran["evil"] / "district.gpkg")}
    assert {"cells", "units", "facilities"} <= layers


def test_every_file_name_is_plain(ran):
    names = [p.relative_to(ran["evil"]).as_posix() for p in ran["evil"].rglob("*")]
    assert all(c.isascii() and (c.isalnum() or c in "-_./") for name in names for c in name), names
