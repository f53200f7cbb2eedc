"""What data points to is not followed: no command opens a socket, or a file that nobody named, whatever stands inside."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely

from tests.chinese_town import Town

ADDRESS = "http://127.0.0.1:9/trap"
VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}.csv</SrcDataSource></OGRVRTLayer>'
    "</OGRVRTDataSource>"
)
WFS = f"<OGRWFSDataSource><URL>{ADDRESS}</URL></OGRWFSDataSource>"
WMS = (
    f'<GDAL_WMS><Service name="TMS"><ServerUrl>{ADDRESS}</ServerUrl></Service><DataWindow><UpperLeftX>121</UpperLeftX>'
    "<UpperLeftY>30</UpperLeftY><LowerRightX>122</LowerRightX><LowerRightY>29</LowerRightY><SizeX>100</SizeX>"
    "<SizeY>100</SizeY></DataWindow><Projection>EPSG:4326</Projection></GDAL_WMS>"
)
RASTER_VRT = (
    '<VRTDataset rasterXSize="9" rasterYSize="9"><GeoTransform>121.4,0.1,0,30.1,0,-0.1</GeoTransform><SRS>EPSG:4326'
    '</SRS><VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename relativeToVRT="0">{name}'
    "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
)
POINT = {"type": "Feature", "properties": {"名称": "甲"}, "geometry": {"type": "Point", "coordinates": [121.51, 29.91]}}


def geojson(crs):
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": [POINT]}, ensure_ascii=False)


def text(content):
    return lambda path, secret: path.write_text(content.replace("{secret}", str(secret)), encoding="utf-8")


def tif_that_looks_for_overviews(path, secret):
    meta = {"driver": "GTiff", "width": 9, "height": 9, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=rasterio.Affine(0.1, 0, 121.4, 0, -0.1, 30.1), **meta) as raster:
        raster.write(np.ones((1, 9, 9), np.float32))
    path.with_name(path.name + ".aux.xml").write_text(
        f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{secret}.tif</MDI></Metadata></PAMDataset>'
    )


def geopackage_with_a_table_elsewhere(path, secret):
    gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[shapely.Point(121.51, 29.91)], crs=4326).to_file(path, layer="a")
    base = sqlite3.connect(path)
    base.execute("PRAGMA writable_schema = ON")
    sql = f"CREATE VIRTUAL TABLE elsewhere USING VirtualOGR('{secret}.csv')"
    base.execute("INSERT INTO sqlite_master VALUES ('table', 'elsewhere', 'elsewhere', 0, ?)", (sql,))
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('elsewhere', 'attributes', 'e')"
    )
    base.commit()
    base.close()


def parquet_with_a_grid_elsewhere(path, secret):
    wkt = (
        'BOUNDCRS[SOURCECRS[GEOGCRS["x",DATUM["x",ELLIPSOID["x",6378137,298.25]],CS[ellipsoidal,2],AXIS["lon",east],'
        'AXIS["lat",north],ANGLEUNIT["degree",0.0174532925199433]]],TARGETCRS[GEOGCRS["WGS 84",DATUM["World Geodetic '
        'System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]],CS[ellipsoidal,2],AXIS["lat",north],AXIS["lon",east],'
        'ANGLEUNIT["degree",0.0174532925199433]]],ABRIDGEDTRANSFORMATION["x",METHOD["NTv2",ID["EPSG",9615]],'
        f'PARAMETERFILE["Latitude and longitude difference file","{secret}.gsb"]]]'
    )
    column = {"encoding": "WKB", "geometry_types": ["Point"], "crs": wkt}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"名称": ["甲"], "geometry": [shapely.to_wkb(shapely.Point(121.51, 29.91))]})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)


GRAPHML = (
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="c" for="graph" attr.name="crs" attr.type="string"'
    '/><key id="x" for="node" attr.name="x" attr.type="string"/><key id="y" for="node" attr.name="y" attr.type="string"'
    '/><graph edgedefault="directed"><data key="c">{crs}</data><node id="1"><data key="x">121.51</data><data key="y">'
    '29.91</data></node><node id="2"><data key="x">121.52</data><data key="y">29.91</data></node><edge source="1"'
    ' target="2" id="0"/></graph></graphml>'
)
KML = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Style id="s">'
    f"<IconStyle><Icon><href>{ADDRESS}.png</href></Icon></IconStyle></Style><NetworkLink><Link><href>{ADDRESS}.kml"
    f"</href></Link></NetworkLink><Placemark><name>甲</name><styleUrl>{ADDRESS}.kml#s</styleUrl><Point><coordinates>"
    "121.51,29.91</coordinates></Point></Placemark></Document></kml>"
)


def grid(secret):
    shifts = f"+proj=longlat +nadgrids={secret}.gsb"
    return (
        f'GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.25],EXTENSION["PROJ4_GRIDS","{secret}.gsb"]],PRIMEM["Greenwich",'
        f'0],UNIT["degree",0.0174532925199433],EXTENSION["PROJ4","{shifts}"]]'
    )


def shapefile_with_a_grid_elsewhere(path, secret):
    gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[shapely.Point(121.51, 29.91)], crs=4326).to_file(path)
    path.with_suffix(".prj").write_text(grid(secret))


def geopackage_with_a_grid_elsewhere(path, secret):
    gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[shapely.Point(121.51, 29.91)], crs=4326).to_file(path, layer="a")
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "UPDATE gpkg_spatial_ref_sys SET organization = 'x', definition = ? WHERE srs_id = 4326", (grid(secret),)
        )


LONG_NAMES = (
    f'GEOGCS["{"y" * 300}",DATUM["{"d" * 300}",SPHEROID["x",6378137,298.25]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]]'
)


def geodatabase_with_a_grid_elsewhere(path, secret):
    """Write a geodatabase, and over the long system that stands in three of its tables one that names a grid."""
    places = gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[shapely.Point(121.51, 29.91)], crs=LONG_NAMES)
    places.to_file(path, driver="OpenFileGDB", layer="a")
    n_written = 0
    for table in path.glob("*.gdbtable"):
        content = table.read_bytes()
        for letters in ("utf-8", "utf-16-le"):
            begin, unit, end = (t.encode(letters) for t in ('GEOGCS["GCS_y', "0.0174532925199433", "]]"))
            while (at := content.find(begin)) >= 0:
                stop = content.index(end, content.index(unit, at)) + len(end)
                length = (stop - at) // len("x".encode(letters))
                evil = grid(secret).replace('GEOGCS["', f'GEOGCS["{"z" * (length - len(grid(secret)))}', 1)
                content = content[:at] + evil.encode(letters) + content[stop:]
                n_written += 1
        table.write_bytes(content)
    assert n_written == 3


def zipped_folder(make, inner):
    def write(path, secret):
        (path.parent / "made").mkdir()
        make(path.parent / "made" / inner, secret)
        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted((path.parent / "made").rglob("*")):
                archive.write(part, part.relative_to(path.parent / "made"))
        shutil.rmtree(path.parent / "made")

    return write


def heights_with_a_grid_elsewhere(path, secret):
    path.write_text("ncols 2\nnrows 2\nxllcorner 121.4\nyllcorner 29.8\ncellsize 0.2\n1 1\n1 1\n")
    path.with_suffix(".prj").write_text(grid(secret))


def raster_with_a_grid_elsewhere(path, secret):
    tif_that_looks_for_overviews(path, secret)
    path.with_name(path.name + ".aux.xml").write_text(f"<PAMDataset><SRS>{grid(secret)}</SRS></PAMDataset>")


def zipped(name, content):
    def make(path, secret):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content.replace("{secret}", str(secret)))

    return make


def workbook_with_links(path, secret):
    book = openpyxl.Workbook()
    book.active.append(["名称", "经度", "纬度", "托位数"])
    book.active.append(["甲", 121.51, 29.91, f"='[{secret}.xlsx]a'!A1"])
    book.active.append(["乙", 121.52, 29.91, f'=WEBSERVICE("{ADDRESS}")'])
    book.save(path)


NURSERIES, STREETS = 'source = "托育.csv"', 'source = "streets.osm"'
MINUTES = "minutes = 10"
PEOPLE = '"units"\npath = "人口.csv"'
TRAPS = {
    "outlines' crs is an address": ("街道.geojson", None, lambda path, _: linked(path)),
    "facilities' crs is an address": ("托育.geojson", NURSERIES, text(geojson({"type": "url", "properties": {"url": ADDRESS}}))),
    "its letters are escaped": ("托育.geojson", NURSERIES, text(geojson({"type": "LINK", "properties": {"href": ADDRESS}}).replace('"crs"', '"\\u0063r\\u0073"'))),
    "OGR VRT in GeoJSON": ("托育.geojson", NURSERIES, text(VRT)),
    "OGR VRT in a GeoPackage": ("托育.gpkg", NURSERIES, text(VRT)),
    "WFS in GeoJSON": ("托育.geojson", NURSERIES, text(WFS)),
    "WFS behind a brace": ("托育.geojson", NURSERIES, text('{"type": "' + WFS + '"}')),
    "KML with links": ("托育.kml", NURSERIES, text(KML)),
    "a table of another file in a GeoPackage": ("托育.gpkg", NURSERIES, geopackage_with_a_table_elsewhere),
    "a crs with a grid in GeoParquet": ("托育.parquet", NURSERIES, parquet_with_a_grid_elsewhere),
    "WMS in a raster": ("p.tif", PEOPLE, text(WMS)),
    "VRT in a raster": ("p.tif", PEOPLE, text(RASTER_VRT.replace("{name}", "{secret}.tif"))),
    "a VRT of an address": ("p.vrt", PEOPLE, text(RASTER_VRT.replace("{name}", "/vsicurl/" + ADDRESS + ".tif"))),
    "a VRT of a file elsewhere": ("p.vrt", PEOPLE, text(RASTER_VRT.replace("{name}", "{secret}.tif"))),
    "overviews elsewhere": ("p.tif", PEOPLE, tif_that_looks_for_overviews),
    "WMS in heights": ("dem.tif", "[network]\n", text(WMS)),
    "OGR VRT in own lines": ("own.geojson", "[network]", text(VRT)),
    "an init file in GraphML": ("s.graphml", STREETS, text(GRAPHML.replace("{crs}", "+init={secret}.init:1"))),
    "a grid in GraphML": ("s.graphml", STREETS, text(GRAPHML.replace("{crs}", "+proj=longlat +nadgrids={secret}.gsb"))),
    "an entity in streets": ("streets.osm", None, text('<!DOCTYPE osm [<!ENTITY a SYSTEM "{secret}.csv">]><osm version="0.6">&a;</osm>')),
    "WFS in streets": ("s.gpkg", STREETS, text(WFS)),
    "WFS in an extract": ("s.osm.pbf", STREETS, text(WFS)),
    "OGR VRT in outlines": ("o.geojson", ('units = "街道.geojson"', 'units = "o.geojson"'), text(VRT)),
    "WFS in communities": ("c.geojson", ('lang = "zh"', 'lang = "zh"\ncommunities = "c.geojson"'), text(WFS)),
    "OGR VRT in a shapefile": ("托育.shp", NURSERIES, text(VRT)),
    "a grid in a shapefile": ("托育.shp", NURSERIES, shapefile_with_a_grid_elsewhere),
    "a grid in a GeoPackage": ("托育.gpkg", NURSERIES, geopackage_with_a_grid_elsewhere),
    "a grid in a geodatabase": ("托育.gdb", NURSERIES, geodatabase_with_a_grid_elsewhere),
    "a grid in a zipped geodatabase": ("托育.zip", NURSERIES, zipped_folder(geodatabase_with_a_grid_elsewhere, "a.gdb")),
    "a grid in a zipped shapefile": ("托育.zip", NURSERIES, zipped_folder(shapefile_with_a_grid_elsewhere, "a.shp")),
    "a grid beside heights": ("dem.asc", ("[network]", '[network]\nelevation = "dem.asc"'), heights_with_a_grid_elsewhere),
    "a grid beside a raster": ("p.tif", PEOPLE, raster_with_a_grid_elsewhere),
    "KMZ with links": ("托育.kmz", NURSERIES, zipped("doc.kml", KML)),
    "OGR VRT in a zip": ("托育.zip", NURSERIES, zipped("托育.vrt", VRT)),
    "a workbook with links": ("托育.xlsx", NURSERIES, workbook_with_links),
    "OGR VRT in a table": ("托育.tsv", NURSERIES, text(VRT)),
    "points of people as OGR VRT": ("p.geojson", ('"units"\npath = "人口.csv"', '"points"\npath = "p.geojson"'), text(VRT)),
    "OGR VRT in candidates": ("c.geojson", (MINUTES, f'{MINUTES}\n[planning]\ncandidates = "c.geojson"'), text(VRT)),
    "WFS in projects": ("c.geojson", (MINUTES, f'{MINUTES}\n[planning]\nprojects = "c.geojson"'), text(WFS)),
    "OGR VRT in areas not to build in": ("f.gpkg", (MINUTES, f'{MINUTES}\n[planning]\nforbidden = "f.gpkg"'), text(VRT)),
    "OGR VRT in a new path": ("n.geojson", (MINUTES, f'{MINUTES}\n[[change]]\nkind = "add_path"\nline = "n.geojson"'), text(VRT)),
    "WFS in figures of a plan": ("a.csv", (MINUTES, f'{MINUTES}\n[policy]\nplace = "jiangbei"\nyear = 2027\nactual = "a.csv"'), text(WFS)),
}  # fmt: skip
SAYS = {
    "[network]\n": '[network]\nelevation = "dem.tif"\n',
    "[network]": '[network]\nlines = ["own.geojson"]',
}
DRIVER = """
import json, sys
from click.testing import CliRunner
from circle15.cli import main
told = []
for command in json.loads(sys.argv[1]):
    done = CliRunner().invoke(main, command)
    told.append([done.exit_code, done.output])
print(json.dumps(told))
"""


def linked(path):
    told = json.loads(path.read_text("utf-8"))
    told = {"type": "FeatureCollection", "crs": {"type": "link", "properties": {"href": ADDRESS}}, **told}
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def trapped_town(folder, secret, trap):
    name, old, make = TRAPS[trap]
    folder.mkdir()
    town = Town(folder)
    town.write_table(*town.places())
    config = town.write()
    said = config.read_text("utf-8")
    if isinstance(old, tuple):
        assert old[0] in said
        config.write_text(said.replace(*old, 1), encoding="utf-8")
    elif old is not None:
        assert old in said
        new = SAYS.get(old) or (f'"raster"\npath = "{name}"' if old == PEOPLE else f'source = "{name}"')
        config.write_text(said.replace(old, new, 1), encoding="utf-8")
    make(folder / name, secret)
    return config


FEW = (
    "outlines' crs is an address", "OGR VRT in GeoJSON", "WFS in GeoJSON", "VRT in a raster", "WMS in heights",
    "a table of another file in a GeoPackage",
)  # fmt: skip

PARTS = [tuple(TRAPS)[i::4] for i in range(4)]


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(
    ("traps", "commands"),
    [(FEW, ("check",)), *(pytest.param(part, ("check", "run", "init"), marks=pytest.mark.slow) for part in PARTS)],
    ids=["few", *(f"all, part {i}" for i in range(1, 5))],
)
def test_no_command_opens_a_socket_or_a_file_that_nobody_named(tmp_path, traps, commands):
    secret = tmp_path / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.with_suffix(".csv").write_text("名称,x,y\n密,121.51,29.91\n")
    secret.with_suffix(".init").write_text("<1> +proj=longlat +datum=WGS84 <>\n")
    tif_that_looks_for_overviews(secret.with_suffix(".tif"), secret)
    called = []
    for i, trap in enumerate(traps):
        config = trapped_town(tmp_path / f"t{i}", secret, trap)
        for command in commands:
            where = {"check": [config], "run": [config, "--out", tmp_path / f"o{i}"], "init": [config.parent]}[command]
            called.append([command, *map(str, where)])
    log = tmp_path / "trace"
    traced = ["strace", "-f", "-qq", "-s", "300", "-e", "trace=openat,open,connect,sendto", "-o", str(log)]
    driver = [sys.executable, "-c", DRIVER, json.dumps(called)]
    done = subprocess.run([*traced, *driver], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    calls = log.read_text(errors="replace").splitlines()
    assert [c for c in calls if str(tmp_path / "t0" / "town.toml") in c]
    assert [c for c in calls if str(secret.parent) in c] == []
    assert [c for c in calls if "AF_INET" in c] == []
    for command, (code, output) in zip(called, json.loads(done.stdout), strict=True):
        assert code in {0, 1, 2}, (command, output)
        assert "密" not in output
