"""Vector files whose shapes, tables or systems are wrong: GeoJSON, GeoPackage, Shapefile, KML, GeoParquet."""

import json
import math
import sqlite3
import warnings

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from tests.hostile.spoiling import spoil
from tests.hostile.village import SOUTH, STEP, UNITS, WEST, N, facilities, outline, units

LAYER = 'source = "nursery.csv"\ncrs = "wgs84"'
OUTLINES = ('boundary = "units.geojson"', 'units = "units.geojson"')
NUMBERS = (math.nan, math.inf, -math.inf, 1e308, 1e400, None, "121", [], {}, True, -1e-320, 181, 91, 0)


def points():
    rows = facilities()
    return gpd.GeoDataFrame(
        {"名称": [r[0] for r in rows], "托位数": [r[3] for r in rows]},
        geometry=[shapely.Point(r[1:3]) for r in rows],
        crs=4326,
    )


def polygons():
    shapes = [shapely.Polygon(outline(west, east)) for _, west, east in UNITS.values()]
    return gpd.GeoDataFrame({"code": list(UNITS), "名称": [u[0] for u in UNITS.values()]}, geometry=shapes, crs=4326)


def crossing(rng, corners):
    """Give a ring whose corners jump about: nearly every side crosses every other."""
    ring = [[WEST + rng.random() * 4 * STEP, SOUTH + rng.random() * (N - 1) * STEP] for _ in range(corners)]
    return [*ring, ring[0]]


def _other_number(rng, told):
    feature = rng.choice(told["features"])
    ring = feature["geometry"]["coordinates"][0]
    ring[rng.randrange(len(ring))][rng.randrange(2)] = rng.choice(NUMBERS)


def _crossed(rng, told):
    told["features"][rng.randrange(2)]["geometry"]["coordinates"] = [crossing(rng, rng.choice([8, 60, 300, 800]))]


def _odd_geometry(rng, told):
    geometry = told["features"][rng.randrange(2)]["geometry"]
    box = outline(WEST, WEST + 2 * STEP)
    told["features"][0]["geometry"] = rng.choice(
        [
            None, {}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": []}, {"type": "Polygon", "coordinates": [[]]},
            {"type": "Polygon", "coordinates": [box[:2]]}, {"type": "Polygon", "coordinates": [box[:-1]]}, {"type": "Sphere", "coordinates": [1]},
            {"type": "MultiPolygon", "coordinates": [[box], [box]]}, {"type": "LineString", "coordinates": box}, {"type": "Point", "coordinates": []},
            {"type": "GeometryCollection", "geometries": [geometry, {"type": "Point", "coordinates": box[0]}]},
            {"type": "GeometryCollection", "geometries": []}, {"type": "Polygon", "coordinates": [box, outline(0, 1, 0, 1)]},
            {"type": "Polygon", "coordinates": [[[*p, 5, 7] for p in box]]}, {"type": "Polygon", "coordinates": [[box[0]] * 4]},
            {"type": "Polygon", "coordinates": [outline(WEST, WEST + 1e-12)]}, {"type": "Polygon", "coordinates": [outline(-180, 180, -90, 90)]},
            {"type": "Polygon", "coordinates": [[p[::-1] for p in box]]}, {"type": "Polygon", "coordinates": [box] * 3000},
        ]
    )  # fmt: skip


def _odd_member(rng, told):
    feature = rng.choice(told["features"])
    key, value = rng.choice(
        [("properties", None), ("properties", []), ("properties", {"code": [1], "名称": {"a": 1}}), ("type", "Feat"), ("id", [1]), ("geometry", "x"),
         ("properties", {"code": "x" * 10**6, "名称": "y"}), ("properties", {"code": 330205001000.0, "名称": None}), ("properties", {"名称": "甲"}),
         ("properties", {"code": "\x00\x1b", "名称": "\u202e"}), ("properties", {"code": 1e308, "名称": True})]
    )  # fmt: skip
    feature[key] = value


def _odd_crs(rng, told):
    told["crs"] = rng.choice(
        [None, {}, [], 5, "EPSG:4326", {"type": "name"}, {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::999999"}},
         {"type": "name", "properties": {"name": "EPSG:3857"}}, {"type": "link", "properties": {"href": "http://127.0.0.1:9/"}},
         {"type": "EPSG", "properties": {"code": 4490}}, {"type": "name", "properties": {"name": "x" * 10_000}}]
    )  # fmt: skip


def _odd_root(rng, told):
    key, value = rng.choice([("features", None), ("features", {}), ("features", []), ("features", [None]), ("type", "Topology"), ("features", [[]]),
                             ("type", None), ("features", [{}] * 1000)])  # fmt: skip
    told[key] = value


def _many(rng, told):
    told["features"] = told["features"] * rng.choice([2, 300])


MEMBERS = (
    _other_number,
    _other_number,
    _crossed,
    _odd_geometry,
    _odd_geometry,
    _odd_member,
    _odd_crs,
    _odd_root,
    _many,
)


def _geojson(rng, village):
    path = village.path("units.geojson")
    if rng.random() < 0.3:
        text = path.read_text("utf-8")
        if rng.random() < 0.3:
            path.write_text(
                '{"type":' * 50_000 if rng.random() < 0.5 else text.replace("[[", "[" * 5000, 1), encoding="utf-8"
            )
            return "deep", path.name
        return spoil(rng, path), path.name
    told = units()
    how = rng.choice(MEMBERS)
    how(rng, told)
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return how.__name__, path.name


def _name(village, layer, name):
    if layer:
        village.say(LAYER, f'source = "{name}"')
    else:
        for key in OUTLINES:
            village.say(key, f'{key.split(" = ")[0]} = "{name}"')


SQL = (
    ("CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS fid, NULL AS geom FROM c;"
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('v', 'features', 'v', 4326);"
    "INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POINT', 4326, 0, 0)"),
    ("CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS a FROM c;"
    "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'attributes', 'v')"),
    "UPDATE gpkg_geometry_columns SET srs_id = 99999", "UPDATE gpkg_contents SET srs_id = -1", "DELETE FROM gpkg_contents",
    "UPDATE gpkg_spatial_ref_sys SET definition = 'x' WHERE srs_id = 4326", "DROP TABLE gpkg_geometry_columns", "UPDATE t SET geom = NULL",
    "UPDATE t SET geom = x'4750'", "UPDATE t SET geom = zeroblob(500000000)", "UPDATE t SET geom = substr(geom, 1, 30)",
    "DELETE FROM t", "UPDATE gpkg_geometry_columns SET table_name = 'u'", "UPDATE gpkg_geometry_columns SET geometry_type_name = 'X'",
    "CREATE TABLE again AS SELECT * FROM t", "UPDATE gpkg_spatial_ref_sys SET definition = NULL, organization_coordsys_id = 1",
    "CREATE TRIGGER r AFTER UPDATE ON t BEGIN SELECT RAISE(ABORT, 'x'); END",
)  # fmt: skip


def _geopackage(rng, village):
    layer = rng.random() < 0.5
    path = village.path("t.gpkg")
    frame = points() if layer else polygons()
    if rng.random() < 0.2:
        frame.loc[rng.randrange(len(frame)), "geometry"] = rng.choice(
            [None, shapely.Point(), shapely.Polygon(), shapely.Point(math.nan, 1)]
        )
    frame.to_file(path, layer="t")
    _name(village, layer, path.name)
    if rng.random() < 0.3:
        return spoil(rng, path), path.name
    sql = rng.choice(SQL)
    base = sqlite3.connect(path)
    base.create_function("ST_IsEmpty", 1, lambda _: 0)
    for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        base.create_function(name, 1, lambda _: 0.0)
    try:
        base.executescript(f"PRAGMA foreign_keys = OFF; {sql}")
        base.commit()
    except sqlite3.Error:
        pass
    base.close()
    return sql[:40], path.name


def _shapefile(rng, village):
    layer = rng.random() < 0.5
    path = village.path("t.shp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (points() if layer else polygons()).to_file(path, encoding="utf-8")
    _name(village, layer, path.name)
    part = path.with_suffix(rng.choice([".shp", ".shx", ".dbf", ".prj", ".cpg"]))
    if rng.random() < 0.2:
        part.unlink()
        return f"no {part.suffix}", path.name
    if rng.random() < 0.2:
        part.unlink()
        part.mkdir()
        return f"{part.suffix} is a folder", path.name
    return f"{part.suffix} {spoil(rng, part)}", path.name


def _kml(rng, village):
    path = village.path("t.kml")
    places = "".join(
        f"<Placemark><name>{n}</name><Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
        for n, x, y, _ in facilities()
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{places}</Document></kml>'
    bomb = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "x" * 50}">' for i in range(9))
    told = rng.choice(
        [text, text.replace("<Document>", "<Document><name>&a8;</name>").replace("?><kml", f"?><!DOCTYPE kml [{bomb}]><kml"),
         text.replace("<Document>", "<Folder>" * 3000, 1), text.replace("UTF-8", "x-unknown"), text.replace("121.5", "nan"), text.replace(",", " ")]
    )  # fmt: skip
    path.write_text(told, encoding="utf-8")
    _name(village, True, path.name)
    return f"kml {spoil(rng, path) if told is text else 'odd'}", path.name


CRS = (
    None, {}, [], 5, "", "x", "EPSG:999999", "EPSG:3857", {"type": "GeographicCRS"}, {"id": {"authority": "EPSG", "code": 4326}}, True,
    {"type": "GeographicCRS", "name": "x", "datum": None}, "PROJCS[", {"$schema": "x", "type": "BoundCRS"}, "a" * 100_000, {"type": []},
)  # fmt: skip


def _parquet(rng, village):
    layer = rng.random() < 0.5
    path = village.path("t.parquet")
    frame = points() if layer else polygons()
    _name(village, layer, path.name)
    kind = rng.choice(["bytes", "crs", "meta", "arrow", "types", "wkb"])
    if kind == "arrow":
        frame.to_parquet(path, geometry_encoding="geoarrow", schema_version="1.1.0")
        if rng.random() < 0.5:
            spoil(rng, path)
        return kind, path.name
    frame.to_parquet(path)
    if kind == "bytes":
        return spoil(rng, path), path.name
    table = pq.read_table(path)
    meta = json.loads(table.schema.metadata[b"geo"])
    if kind == "crs":
        meta["columns"]["geometry"]["crs"] = rng.choice(CRS)
    elif kind == "meta":
        key = rng.choice(["version", "primary_column", "columns"])
        meta[key] = rng.choice([None, "x", [], {}, 5])
    elif kind == "types":
        column = meta["columns"]["geometry"]
        column[rng.choice(["encoding", "geometry_types", "edges", "orientation", "bbox", "epoch"])] = rng.choice(
            [None, "x", [], {}, 5, ["Point", 3], "point", "multipolygon"]
        )
    else:
        at = table.schema.get_field_index("geometry")
        blobs = [rng.choice([None, b"", b"\x01", b[:9], bytes(50)]) for b in table.column(at).to_pylist()]
        table = table.set_column(at, "geometry", pa.array(blobs, pa.binary()))
    told = json.dumps(meta).encode() if rng.random() < 0.95 else b"{"
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"geo": told}), path)
    return kind, path.name


def make(rng, village):
    """Spoil outlines or places."""
    how = rng.choice([_geojson, _geojson, _geopackage, _shapefile, _kml, _parquet, _parquet])
    label, name = how(rng, village)
    return f"{how.__name__} {label}", name
