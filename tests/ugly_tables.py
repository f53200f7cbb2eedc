"""One table of nurseries, written in all the ways in which such tables come."""

import csv
import json
import math
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import shapely
from pyproj import Transformer

from circle15.config.layer import LayerTable
from circle15.inputs.coordinates.systems import wgs84_to_bd09, wgs84_to_gcj02

# id, name, lon, lat (whole seconds of arc), capacity, used, quality, ownership, street
RECORDS = [
    ("tb001", "小星星托育园（东区）", "121°33′12″", "29°53′20″", 60, 51, 1, "普惠", "庄桥街道"),
    ("tb002", '阳光"宝贝"托育中心', "121°33′48″", "29°53′24″", 120, None, 0, "民办", "庄桥街道"),
    ("tb003", "<script>alert(1)</script>", "121°34′30″", "29°54′00″", 1200, 1100, 1, "公办", "庄桥街道"),
    ("tb004", '=HYPERLINK("http://example.org","点我")', "121°32′06″", "29°55′30″", 45, 40, None, "民办", "洪塘街道"),
    ("tb005", "爱心, 幼托", "121°31′03″", "29°56′21″", 50, 0, 0, "普惠", "洪塘街道"),
    ("tb006", "Little Star 托育", "121°30′45″", "29°57′09″", None, None, 1, "", "慈城镇"),
]
TITLE = "江北区3岁以下婴幼儿托育机构一览表（2024年）"


def degrees(text):
    d, m, s = (float(part) for part in text.replace("°", " ").replace("′", " ").replace("″", " ").split())
    return d + m / 60 + s / 3600


def expected():
    """The frame that every way of writing must load to."""
    number = lambda v: math.nan if v is None else float(v)  # noqa: E731 (short and local)
    rows = [
        (f"nursery-{i}", n, degrees(x), degrees(y), number(c), number(u), number(q), o, s)
        for i, n, x, y, c, u, q, o, s in RECORDS
    ]
    columns = ["facility_id", "name", "lon", "lat", "capacity", "used", "quality", "ownership", "street"]
    texts = ["facility_id", "name", "ownership", "street"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(texts, object))


@dataclass(frozen=True)
class Plain:
    """Cells of one record as plain text."""

    id: str
    name: str
    x: str
    y: str
    capacity: str
    used: str
    quality: str
    ownership: str
    street: str

    def cells(self):
        return [self.id, self.name, self.x, self.y, self.capacity, self.used, self.quality, self.ownership, self.street]


HEADING = ["编号", "机构名称", "经度", "纬度", "托位数", "在托人数", "是否优质", "性质", "街道"]


def plain(convert=None, digits=9):
    """Records as text, the coordinates moved by ``convert``."""
    rows = []
    for i, name, x, y, capacity, used, quality, ownership, street in RECORDS:
        lon, lat = degrees(x), degrees(y)
        if convert is not None:
            lon, lat = (float(v) for v in convert(lon, lat))
        amounts = ["" if v is None else str(v) for v in (capacity, used)]
        flag = {None: "", 1: "是", 0: "否"}[quality]
        rows.append(Plain(i, name, f"{lon:.{digits}f}", f"{lat:.{digits}f}", *amounts, flag, ownership, street))
    return rows


def layer(**more):
    return LayerTable(id="nursery", name="托育", source="x.csv", **({"crs": "wgs84"} | more))


def write_csv(path, rows, *, encoding="utf-8", delimiter=","):
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


def write_xlsx(path, rows, merges=()):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "汇总表"
    for r, row in enumerate(rows, 1):
        for c, cell in enumerate(row, 1):
            at = sheet.cell(r, c, cell if cell != "" else None)
            if isinstance(cell, str) and cell.startswith("="):
                at.data_type = "s"
    for merge in merges:
        sheet.merge_cells(merge)
    book.create_sheet("说明")["A1"] = "本表由各街道填报"
    book.save(path)
    return path


def geo_frame():
    frame = expected()
    points = shapely.points(frame["lon"], frame["lat"])
    headings = {
        "name": "名称", "capacity": "托位数", "used": "在托人数", "quality": "优质",
        "ownership": "性质", "street": "街道",
    }  # fmt: skip
    columns = {"编号": [r[0] for r in RECORDS], **{there: frame[here] for here, there in headings.items()}}
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")


def utf8_csv(folder):
    return write_csv(folder / "a.csv", [HEADING, *(p.cells() for p in plain())]), layer()


def utf8_bom_csv(folder):
    return write_csv(folder / "a.csv", [HEADING, *(p.cells() for p in plain())], encoding="utf-8-sig"), layer()


def gbk_csv_with_title_and_totals(folder):
    rows = [[TITLE], ["单位：个", "", "填表日期：2024-12-31"], HEADING, *(p.cells() for p in plain())]
    rows += [["", "合  计", "", "", "1475", "1191"], [], ["注：托位数为备案数"], ["填表人：张三", "", "审核人：李四"]]
    return write_csv(folder / "a.csv", rows, encoding="gbk"), layer()


def gb18030_tsv(folder):
    rows = [HEADING, *(p.cells() for p in plain())]
    return write_csv(folder / "a.tsv", rows, encoding="gb18030", delimiter="\t"), layer()


def utf16_text_of_excel(folder):
    rows = [HEADING, *(p.cells() for p in plain())]
    return write_csv(folder / "a.txt", rows, encoding="utf-16", delimiter="\t"), layer()


def utf16_without_bom(folder):
    rows = [HEADING, *(p.cells() for p in plain())]
    return write_csv(folder / "a.csv", rows, encoding="utf-16-le"), layer()


def semicolons_and_decimal_commas(folder):
    rows = [[*p.cells()[:2], p.x.replace(".", ","), p.y.replace(".", ","), *p.cells()[4:]] for p in plain()]
    return write_csv(folder / "a.csv", [HEADING, *rows], delimiter=";"), layer()


def full_width_digits_units_and_words(folder):
    wide = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
    rows = [HEADING]
    for p, capacity, used in zip(
        plain(),
        ["约60", "１２０个", "1,200", "45张", "五十", "—"],
        ["51人", "/", "1，100余", "40（含临托5）", "0", "无"],
        strict=True,
    ):
        rows.append([p.id, p.name, p.x.translate(wide), p.y, capacity, used, p.quality, p.ownership, p.street])
    return write_csv(folder / "a.csv", rows), layer()


def degrees_minutes_seconds(folder):
    rows = [[r[0], r[1], r[2], r[3], *p.cells()[4:]] for r, p in zip(RECORDS, plain(), strict=True)]
    rows[1][2:4] = ["东经121度33分48秒", "北纬29度53分24秒"]
    rows[2][2:4] = ["121:34:30", "29:54:00N"]
    rows[3][2:4] = ["121° 32' 06\"E", "N29° 55' 30\""]
    return write_csv(folder / "a.csv", [HEADING, *rows]), layer()


def pair_in_one_cell(folder):
    rows = [["编号", "名称", "坐标", *HEADING[4:]]]
    rows += [
        [p.id, p.name, f"{p.x},{p.y}" if i % 2 else f"{p.y}，{p.x}", *p.cells()[4:]] for i, p in enumerate(plain())
    ]
    return write_csv(folder / "a.csv", rows), layer()


def other_headings_and_order(folder):
    rows = [["Y", "X", "托位数（个）", "镇乡街道", "设施名称", "编码", "实际收托数", "示范", "办学性质", "备用"]]
    rows += [[p.y, p.x, p.capacity, p.street, p.name, p.id, p.used, p.quality, p.ownership, ""] for p in plain()]
    return write_csv(folder / "a.csv", rows), layer()


def headings_named_by_the_config(folder):
    rows = [["c1", "c2", "c3", "c4", "c5", "c6", "c7", "性质", "街道"], *(p.cells() for p in plain())]
    names = dict(zip(["id", "name", "lon", "lat", "capacity", "used", "quality"], rows[0], strict=False))
    return write_csv(folder / "a.csv", rows), layer(**{f"{k}_field": v for k, v in names.items()})


def amap_coordinates(folder):
    rows = [["编号", "名称", "location", *HEADING[4:]]]
    rows += [[p.id, p.name, f"{p.x},{p.y}", *p.cells()[4:]] for p in plain(wgs84_to_gcj02)]
    return write_csv(folder / "a.csv", rows), layer(crs="gcj02")


def baidu_coordinates_beside_amap_ones(folder):
    rows = [[*HEADING[:2], "lng_bd09", "lat_bd09", "lng_gcj02", "lat_gcj02", *HEADING[4:]]]
    for b, g in zip(plain(wgs84_to_bd09), plain(wgs84_to_gcj02), strict=True):
        rows.append([b.id, b.name, b.x, b.y, g.x, g.y, *b.cells()[4:]])
    return write_csv(folder / "a.csv", rows), layer(crs="bd09")


def survey_axes_without_zone(folder):
    to_plane = Transformer.from_crs("EPSG:4326", "EPSG:4549", always_xy=True).transform
    rows = [["编号", "名称", "X坐标", "Y坐标", *HEADING[4:]]]
    rows += [[p.id, p.name, p.y, p.x, *p.cells()[4:]] for p in plain(to_plane, digits=5)]
    return write_csv(folder / "a.csv", rows), layer(crs="EPSG:4549")


def eastings_with_zone(folder):
    to_plane = Transformer.from_crs("EPSG:4326", "EPSG:4528", always_xy=True).transform
    rows = [["编号", "名称", "横坐标", "纵坐标", *HEADING[4:]]]
    rows += [[*p.cells()[:2], f"{float(p.x):,.5f}", p.y, *p.cells()[4:]] for p in plain(to_plane, digits=5)]
    return write_csv(folder / "a.csv", rows), layer(crs="cgcs2000")


def blank_repeated_and_double_rows(folder):
    body = [p.cells() for p in plain()]
    rows = [["序号", *HEADING], ["1", *body[0]], [], ["2", *body[1]], ["3", *body[1]], ["序号", *HEADING]]
    rows += [[""] * 10, [str(k) for k in [""]], *([str(k), *b] for k, b in enumerate(body[2:], 4)), [], []]
    return write_csv(folder / "a.csv", rows), layer()


def stray_spaces_and_line_breaks(folder):
    heading = [
        "编号",
        " 机构\n名称*",
        "经 度",
        "纬度 ",
        "托位数\n（个）",
        "在托人数：",
        "是否优质",
        "性质",
        "街道/乡镇",
    ]
    rows = [[p.id, f" {p.name}\u3000", f" {p.x}", f"{p.y} ", *p.cells()[4:8], f"{p.street}\n"] for p in plain()]
    return write_csv(folder / "a.csv", [heading, *rows]), layer()


def closed_and_placeless_rows(folder):
    rows = [[*HEADING, "状态"], *([*p.cells(), "营业中"] for p in plain())]
    rows.insert(3, ["tb900", "老园", "121.55", "29.9", "30", "0", "", "", "", "已停业"])
    rows.insert(5, ["tb901", "筹建园", "121.56", "29.9", "30", "0", "", "", "", "筹建中"])
    rows.append(["tb902", "没有坐标", "", "", "30", "0", "", "", "", "营业中"])
    rows.append(["tb903", "零坐标", "0", "0", "30", "0", "", "", "", "营业中"])
    rows.append(["tb904", "写反了", "29.9", "121.55", "30", "0", "", "", "", "营业中"])
    return write_csv(folder / "a.csv", rows), layer()


def workbook_with_merged_two_row_heading(folder):
    rows = [
        [TITLE],
        ["编号", "机构名称", "位置", "", "", "托位", "", "是否优质", "性质"],
        ["", "", "街道", "经度", "纬度", "托位数（个）", "在托人数（人）", "", ""],
    ]
    number = lambda p: p.capacity and int(p.capacity)  # noqa: E731 (short and local)
    rows += [[p.id, p.name, p.street, float(p.x), float(p.y), number(p), *p.cells()[5:8]] for p in plain()]
    rows.append(["合计", "", "", "", "", 1475])
    merges = ["A1:I1", "A2:A3", "B2:B3", "C2:E2", "F2:G2", "H2:H3", "I2:I3"]
    return write_xlsx(folder / "a.xlsx", rows, merges), layer()


def workbook_with_merged_streets_and_subtotals(folder):
    body = [p.cells() for p in plain()]
    rows = [["街道", *HEADING[:8]], ["", "", "", "度", "度", "个", "人"]]
    rows += [[b[8] if i in {0, 3, 5} else "", *b[:8]] for i, b in enumerate(body[:3])]
    rows += [["小计", "", "", "", "", "1380"], ["洪塘街道", *body[3][:8]], ["", *body[4][:8]], ["洪塘街道小计"]]
    rows += [["慈城镇", *body[5][:8]], ["总计：", "", "", "", "", "1475"], ["备注：数据来源于卫健局"]]
    return write_xlsx(folder / "a.xlsx", rows, ["A3:A5", "A7:A8", "A12:I12"]), layer()


def old_workbook(folder):
    # Written once with xlwt: a merged title, merged streets, a formula in the totals row, an empty second sheet.
    shutil.copy(Path(__file__).parent / "data" / "nurseries.xls", folder / "a.xls")
    return folder / "a.xls", layer()


def geojson(folder):
    geo_frame().to_file(folder / "a.geojson", driver="GeoJSON")
    return folder / "a.geojson", layer(crs=None)


def geojson_in_gbk(folder):
    features = json.loads(geo_frame().to_json())
    (folder / "a.geojson").write_text(json.dumps(features, ensure_ascii=False), encoding="gbk")
    return folder / "a.geojson", layer(crs=None)


def geojson_in_gcj02(folder):
    frame = geo_frame()
    moved = frame.set_geometry(shapely.points(*wgs84_to_gcj02(frame.geometry.x, frame.geometry.y)), crs="EPSG:4326")
    moved.to_file(folder / "a.geojson", driver="GeoJSON")
    return folder / "a.geojson", layer(crs="gcj02")


def geopackage_in_cgcs2000(folder):
    geo_frame().to_crs("EPSG:4549").to_file(folder / "a.gpkg", layer="托育", driver="GPKG")
    return folder / "a.gpkg", layer(crs=None)


def _shapefile(folder, encoding):
    """Write a shapefile whose names are cut at ten bytes, as ArcGIS and GDAL cut them."""
    names = {"name_field": "托育机构名称", "used_field": "实际收托数"}
    frame = geo_frame().rename(columns={"名称": "name_field", "在托人数": "used_field"})
    frame.to_file(folder / "a.shp", driver="ESRI Shapefile", encoding=encoding)
    dbf = (folder / "a.dbf").read_bytes()
    for placeholder, name in names.items():
        # In UTF-8 the tenth byte is the first of a character: 托育机 and a third of 构.
        dbf = dbf.replace(placeholder.encode(), name.encode(encoding)[: len(placeholder)], 1)
    (folder / "a.dbf").write_bytes(dbf)
    return folder / "a.shp"


def gbk_shapefile_without_cpg(folder):
    path = _shapefile(folder, "GBK")
    path.with_suffix(".cpg").unlink()
    return path, layer(crs=None)


def utf8_shapefile_with_a_wrong_cpg(folder):
    path = _shapefile(folder, "UTF-8")
    path.with_suffix(".cpg").write_text("GBK")
    return path, layer(crs=None)


def zipped_gbk_shapefile(folder):
    path = _shapefile(folder, "GBK")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for part in (".shp", ".shx", ".dbf", ".prj"):
            archive.write(path.with_suffix(part), f"托育机构/点位{part}")
    return folder / "a.zip", layer(crs=None)


def parquet(folder):
    pd.DataFrame([p.cells() for p in plain()], columns=HEADING).to_parquet(folder / "a.parquet")
    return folder / "a.parquet", layer()


def geoparquet(folder):
    geo_frame().to_parquet(folder / "a.parquet")
    return folder / "a.parquet", layer(crs=None)


WAYS = (
    utf8_csv, utf8_bom_csv, gbk_csv_with_title_and_totals, gb18030_tsv, utf16_text_of_excel, utf16_without_bom,
    semicolons_and_decimal_commas, full_width_digits_units_and_words, degrees_minutes_seconds, pair_in_one_cell,
    other_headings_and_order, headings_named_by_the_config, amap_coordinates, baidu_coordinates_beside_amap_ones,
    survey_axes_without_zone, eastings_with_zone, blank_repeated_and_double_rows, stray_spaces_and_line_breaks,
    closed_and_placeless_rows, workbook_with_merged_two_row_heading, workbook_with_merged_streets_and_subtotals,
    old_workbook, geojson, geojson_in_gbk, geojson_in_gcj02, geopackage_in_cgcs2000, gbk_shapefile_without_cpg,
    utf8_shapefile_with_a_wrong_cpg, zipped_gbk_shapefile, parquet, geoparquet,
)  # fmt: skip
