"""Workbooks with dates, formulas, marks and hidden rows, OpenDocument tables, tab-separated text, archives of files."""

import datetime as dt
import io
import warnings
import zipfile

import geopandas as gpd
import openpyxl

from tests.hostile.odd_shapes import LAYER, OUTLINES, points, polygons
from tests.hostile.spoiling import NUMBERS, spoil
from tests.hostile.village import facilities

HEADING = ["名称", "经度", "纬度", "托位数"]
ODD = (
    dt.date(2024, 5, 1), dt.datetime.fromisoformat("1899-12-31T01:00"), dt.time(3), True, "=1+1", "=B2", "=NA()", "#REF!", "#N/A", "约20", "20\n30", "２０", "1,234", "1.234,5", " 20 ", "二十",
    1e300, -5, 0.1, 10**20, "\u200b20", "20个", "20/30", "'20", "121°30′", "E121.5", "x" * 32_000, "<b>", "名称", "合计",
)  # fmt: skip


def _rows():
    return [HEADING, *map(list, facilities())]


def _workbook(rng, path):
    book, rows = openpyxl.Workbook(), _rows()
    sheet = book.active
    how = []
    for _ in range(rng.choice([0, 1, 2, 5])):
        at, value = (rng.randrange(1, len(rows)), rng.randrange(4)), rng.choice(ODD)
        rows[at[0]][at[1]] = value
        how.append(str(value)[:12])
    for _ in range(rng.choice([0, 0, 1, 3, 30])):
        rows.insert(
            rng.choice([0, 0, len(rows)]),
            rng.choice([["标题"], [], [None] * 4, ["合计", None, None, 120], ["注：数据截至2024年"]]),
        )
    for row in rows:
        sheet.append(row)
    for mark in rng.sample(
        ["merged", "hidden", "column", "filter", "comment", "struck", "frozen", "sheet", "names", "wide"],
        rng.choice([0, 1, 2]),
    ):
        how.append(mark)
        _mark(rng, book, mark)
    book.save(path)
    return " ".join(how)


def _mark(rng, book, mark):
    sheet = book.active
    if mark == "merged":
        sheet.merge_cells(rng.choice(["A1:D1", "A2:A4", "B2:C3", "A1:A50"]))
    elif mark == "hidden":
        sheet.row_dimensions[rng.randint(1, 7)].hidden = True
    elif mark == "column":
        sheet.column_dimensions[rng.choice("ABCD")].hidden = True
    elif mark == "filter":
        sheet.auto_filter.ref = "A1:D7"
    elif mark == "comment":
        sheet["A2"].comment = openpyxl.comments.Comment("已关闭", "某人")
    elif mark == "struck":
        sheet["A3"].font = openpyxl.styles.Font(strike=True)
    elif mark == "frozen":
        sheet.freeze_panes = "C9"
    elif mark == "sheet":
        other = book.create_sheet("隐藏", 0)
        other.sheet_state = rng.choice(["hidden", "veryHidden", "visible"])
        for row in _rows() if rng.random() < 0.5 else []:
            other.append(row)
    elif mark == "names":
        book.defined_names["x"] = openpyxl.workbook.defined_name.DefinedName("x", attr_text="[1]表!$A$1")
    else:
        sheet.cell(3, 300, "远")


def _ods(rng, path):
    repeat = rng.choice(
        [
            "",
            "",
            ' table:number-rows-repeated="1048000"',
            ' table:number-rows-repeated="-1"',
            ' table:number-rows-repeated="x"',
        ]
    )
    wide = rng.choice(["", "", ' table:number-columns-repeated="16000"', ' table:number-columns-repeated="4000000000"'])

    def cell(value):
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        kind = rng.choice(["float"] * 12 + ["date", "percentage", "boolean", "甲"])
        return f'<table:table-cell office:value-type="{kind}" office:value="{rng.choice([value] * 12 + list(NUMBERS[:8]))}"><text:p>{value}</text:p></table:table-cell>'

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in _rows())
    rows += f"<table:table-row{repeat}><table:table-cell{wide}/></table:table-row>"
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    content = f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="表">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", content)
        if rng.random() < 0.8:
            file.writestr(
                "META-INF/manifest.xml",
                '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
            )
    return f"{repeat}{wide}"


def _tabs(rng, path):
    rows = [[str(v) for v in row] for row in _rows()]
    for _ in range(rng.choice([0, 1, 3])):
        rows[rng.randrange(len(rows))][rng.randrange(4)] = rng.choice(
            ["", '"', '"a\tb"', "a\nb", "x\ty", "1;2", "\ufeff", "\x00", "甲,乙"]
        )
    sign = rng.choice(["\t", "\t", ";", "|", ",", "，", " ", "\x01", "\t,"])
    text = rng.choice(["\n", "\r\n", "\r", "\n\r", "\u2028"]).join(sign.join(row) for row in rows)
    code = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030", "gbk"])
    path.write_bytes(
        rng.choice([b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=\t\n"]) + text.encode(code, errors="replace")
    )
    return f"{sign!r} {code}"


def _archive(rng, village):
    """Zip a shapefile, or a KML as .kmz, with what may stand in an archive beside."""
    layer = rng.random() < 0.5
    suffix = rng.choice([".zip", ".zip", ".kmz"])
    path, frame, made = village.path(f"t{suffix}"), points() if layer else polygons(), village.path("made")
    made.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind = rng.choice([".shp", ".geojson", ".gpkg"]) if suffix == ".zip" else ".kml"
        if kind == ".kml":
            text = "".join(
                f"<Placemark><name>{n}</name><Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
                for n, x, y, _ in facilities()
            )
            (made / "doc.kml").write_text(
                f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{text}</Document></kml>', encoding="utf-8"
            )
        else:
            frame.to_file(made / f"街道{kind}", encoding=rng.choice(["utf-8", "gbk"]) if kind == ".shp" else None)
    how = rng.choice(
        [
            "sound",
            "two",
            "inner",
            "up",
            "absolute",
            "doubled",
            "encrypted",
            "bomb",
            "bytes",
            "empty",
            "link",
            "deep",
            "names",
        ]
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in sorted(made.iterdir()) if how != "empty" else []:
            base = {"up": "../../", "absolute": "/tmp/", "deep": "a/" * 200, "names": "街道\u202e/"}.get(how, "")  # noqa: S108 (a name in an archive)
            file.write(one, base + one.name)
            if how == "doubled":
                file.write(one, one.name)
            if how == "two":
                file.write(one, f"又{one.name}")
        if how == "inner":
            inside = io.BytesIO()
            with zipfile.ZipFile(inside, "w") as inner:
                inner.writestr("a.shp", b"x")
            file.writestr("inner.zip", inside.getvalue())
        if how == "bomb":
            file.writestr("zeros.dbf", bytes(1 << 28))
        if how == "link":
            entry = zipfile.ZipInfo("again.shp")
            entry.external_attr = 0o120777 << 16
            file.writestr(entry, "/etc/passwd")
    if how == "bytes":
        how = spoil(rng, path)
    elif how == "encrypted":
        content = bytearray(path.read_bytes())
        content[6] |= 1
        path.write_bytes(bytes(content))
    for key in (LAYER,) if layer else OUTLINES:
        village.say(key, f'{key.split(" = ")[0]} = "{path.name}"')
    return f"{suffix} {kind} {how}", path.name


def _codepage(rng, village):
    """Write a shapefile whose names are in another code page than its .cpg says, or none."""
    layer, path = rng.random() < 0.5, village.path("t.shp")
    frame = points() if layer else polygons()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(path, encoding=rng.choice(["utf-8", "gbk"]))
    path.with_suffix(".cpg").write_text(
        rng.choice(["UTF-8", "GBK", "936", "1252", "x", "", "utf-16", "OEM 936", "x" * 9000])
    )
    if rng.random() < 0.3:
        table = bytearray(path.with_suffix(".dbf").read_bytes())
        table[29] = rng.choice([0x4D, 0x57, 0xFF, 0x03, 0])
        path.with_suffix(".dbf").write_bytes(bytes(table))
    for key in (LAYER,) if layer else OUTLINES:
        village.say(key, f'{key.split(" = ")[0]} = "{path.name}"')
    return "codepage", path.name


def _whole_tables(rng, village):
    """Give facilities as a GeoPackage's table without shapes, with a view, or with an index that does not fit."""
    path = village.path("t.gpkg")
    points().to_file(path, layer="t")
    import sqlite3

    base = sqlite3.connect(path)
    statement = rng.choice(
        [
            "DELETE FROM rtree_t_geom", "UPDATE rtree_t_geom SET minx = 0, maxx = 0", "DROP TABLE rtree_t_geom",
            "INSERT INTO rtree_t_geom VALUES (99, 0, 1, 0, 1)", "CREATE VIEW w AS SELECT * FROM t",
            "CREATE TRIGGER z INSTEAD OF INSERT ON w BEGIN SELECT 1; END", "PRAGMA journal_mode = wal", "PRAGMA user_version = 99",
            "PRAGMA application_id = 0", "ALTER TABLE t RENAME TO u", "CREATE TABLE gpkg_extensions (x)", "UPDATE gpkg_contents SET min_x = 'nan'",
            "PRAGMA encoding = 'UTF-16'", "CREATE TABLE t2 (a INTEGER, b BLOB)", "PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = 'x' WHERE name = 't'",
        ]
    )  # fmt: skip
    try:
        base.executescript(statement)
        base.commit()
    except sqlite3.Error:
        pass
    base.close()
    village.say(LAYER, f'source = "t.gpkg{rng.choice(["", "", "#t", "#u", "#"])}"')
    return statement[:40], path.name


def _flat(rng, village):
    """Name a FlatGeobuf, a MapInfo table or a GML, which are told how to be exported."""
    suffix = rng.choice([".fgb", ".tab", ".gml", ".gpx", ".mif", ".json"])
    path = village.path(f"t{suffix}")
    drivers = {
        ".fgb": "FlatGeobuf",
        ".tab": "MapInfo File",
        ".gml": "GML",
        ".gpx": "GPX",
        ".mif": "MapInfo File",
        ".json": "GeoJSON",
    }
    frame = gpd.GeoDataFrame({"name": list(points()["名称"])}, geometry=points().geometry, crs=4326)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(path, driver=drivers[suffix])
    village.say(LAYER, f'source = "{path.name}"')
    return suffix + (f" {spoil(rng, path)}" if rng.random() < 0.4 else ""), path.name


def make(rng, village):
    """Give the facilities, or the outlines, in a wrapping of some other program's."""
    how = rng.choice([_workbook, _workbook, _ods, _tabs, _archive, _archive, _codepage, _whole_tables, _flat])
    if how in {_workbook, _ods, _tabs}:
        suffix = {
            _workbook: rng.choice([".xlsx", ".xlsx", ".xlsm", ".xls"]),
            _ods: ".ods",
            _tabs: rng.choice([".tsv", ".csv", ".txt"]),
        }[how]
        path = village.path(f"nursery{suffix}")
        label = how(rng, path)
        if rng.random() < 0.12:
            label = spoil(rng, path)
        sheet = (
            rng.choice([""] * 6 + ["#Sheet", "#表", "#0", "#隐藏"]) if suffix not in {".tsv", ".csv", ".txt"} else ""
        )
        village.say('source = "nursery.csv"', f'source = "{path.name}{sheet}"')
        return f"{suffix}{sheet} {label}", path.name
    label, name = how(rng, village)
    return f"{how.__name__} {label}", name
