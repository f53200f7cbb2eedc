"""What unfolds, never ends or crosses itself without end is refused in bounded time, and its like that is sound is not."""

import gzip
import json
import random
import sqlite3

import geopandas as gpd
import pytest
import shapely

from circle15.errors import InputError
from circle15.inputs.geofiles.drivers import without_links
from circle15.inputs.geofiles.geopackage_guard import check_geopackage
from circle15.inputs.geofiles.tangles import is_tangled
from circle15.inputs.geofiles.vectors import read_vector
from circle15.inputs.ground.polygons import read_polygons
from circle15.inputs.osm.unfolding import FREE_BYTES, check_unfolding
from circle15.network.streets.graphml import refuse_declarations
from tests.hostile.odd_shapes import crossing
from tests.hostile.odd_streets import _pbf_bomb
from tests.hostile.village import outline
from tests.hostile.village import units as village_units

NODE = b'<node id="7" version="1" lon="121.5" lat="29.9"/>'


def test_an_extract_that_unfolds_to_fifty_times_its_size_is_refused(tmp_path, monaco_pbf):
    _pbf_bomb(tmp_path / "bomb.osm.pbf")
    with pytest.raises(InputError, match="unfolds to more than 50 times"):
        check_unfolding(tmp_path / "bomb.osm.pbf")
    (tmp_path / "bomb.osm.gz").write_bytes(gzip.compress(NODE * (2 * FREE_BYTES // len(NODE))))
    with pytest.raises(InputError, match="unfolds to more than 50 times"):
        check_unfolding(tmp_path / "bomb.osm.gz")
    check_unfolding(monaco_pbf)
    (tmp_path / "small.osm.gz").write_bytes(gzip.compress(NODE * 10_000))
    check_unfolding(tmp_path / "small.osm.gz")


def geopackage(path, sql):
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)], crs=4326).to_file(path, layer="t")
    base = sqlite3.connect(path)
    base.executescript(sql)
    base.close()
    return path


def test_a_view_without_end_is_refused_and_one_of_a_table_is_not(tmp_path):
    endless = "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    path = geopackage(tmp_path / "endless.gpkg", endless)
    with pytest.raises(InputError, match=r"x\.gpkg: the view v cannot be read, or has no end"):
        check_geopackage(path, file="x.gpkg")
    check_geopackage(geopackage(tmp_path / "plain.gpkg", "CREATE VIEW v AS SELECT * FROM t"), file="x")


def test_a_virtual_table_that_is_no_index_is_refused(tmp_path):
    sql = "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('table', 'w', 'w', 0, '{}')"
    for kind, is_index in (("VirtualOGR(x)", False), ("csv(x)", False), ("rtree(id, a, b)", True)):
        path = geopackage(tmp_path / f"{kind[:3]}.gpkg", sql.format(f"CREATE VIRTUAL TABLE w USING {kind}"))
        if is_index:
            check_geopackage(path, file="x")
        else:
            with pytest.raises(InputError, match="w is a virtual table"):
                check_geopackage(path, file="x")


@pytest.mark.parametrize("corners", [800, 5000])
def test_an_outline_that_crosses_itself_thousands_of_times_is_told_by_its_row(tmp_path, corners):
    shapes = [shapely.Polygon(outline(121.5, 121.6)), shapely.Polygon(crossing(random.Random(5), corners))]  # noqa: S311 (no secret)
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapes, crs=4326).to_file(path)
    with pytest.raises(InputError, match=r"a\.gpkg, row 2: its outline crosses itself more than 1,000 times"):
        read_vector(path, "gpkg")


def test_outlines_with_a_few_crossings_are_no_tangle():
    star = [(0, 0), (2, 3), (4, 0), (0, 2), (4, 2)]
    assert not is_tangled(shapely.Polygon(star))
    assert not is_tangled(shapely.Point(0, 0).buffer(1, quad_segs=5000))
    assert not is_tangled(shapely.Polygon(crossing(random.Random(1), 20)))  # noqa: S311 (no secret)
    assert not is_tangled(None)


LINK = '{"type": "link", "properties": {"href": "http://127.0.0.1:9/"}}'


@pytest.mark.parametrize(
    ("crs", "n"),
    [
        (f'"crs": {LINK}', 1), (f'"CRS" : {LINK}', 1), (f'"\\u0063r\\u0073":{LINK}', 1), (f'"crs": {LINK.replace("link", "URL")}', 1),
        ('"crs": {"type": "name", "properties": {"name": "EPSG:4490"}}', 0), ('"crs": null', 0), ('"a": "crs: link"', 0),
        (f'"a": [{{"crs": {LINK}}}, {{"crs": {LINK}}}]', 2),
    ],
)  # fmt: skip
def test_links_to_coordinate_systems_are_taken_out_however_they_are_written(crs, n):
    text = f'{{"type": "FeatureCollection", {crs}, "features": [{{"note": "a link"}}]}}'
    made, found = without_links(text, file="x.geojson")
    assert found == n
    assert ("127.0.0.1" in made) == (n == 0 and "127" in text)
    assert '"features": [{"note": "a link"}]' in made


def test_json_that_only_a_lenient_reader_takes_is_refused_where_it_may_hold_a_link():
    with pytest.raises(InputError, match="cannot be read as JSON"):
        without_links("{'crs': {'type': 'link', 'href': 'http://127.0.0.1:9/'}}", file="x.geojson")


def test_declared_entities_are_refused_and_plain_xml_is_not(tmp_path):
    (tmp_path / "a.graphml").write_text('<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "b">]><graphml/>')
    with pytest.raises(InputError, match="declares entities"):
        refuse_declarations(tmp_path / "a.graphml")
    (tmp_path / "b.graphml").write_text('<?xml version="1.0"?><!-- <!ENTITY a "b"> --><graphml/>')
    refuse_declarations(tmp_path / "b.graphml")


def test_an_outline_with_a_corner_nowhere_on_earth_is_told_by_its_row(tmp_path):
    for corner in (1e308, 1000.0, -91.0):
        told = village_units()
        told["features"][1]["geometry"]["coordinates"][0][2][1] = corner
        (tmp_path / "u.geojson").write_text(json.dumps(told), encoding="utf-8")
        with pytest.raises(InputError, match=r"u\.geojson.*row 2.*nowhere on earth|u\.geojson.*degrees"):
            read_polygons("u.geojson", key="district.units", osm_path=None, resolve=lambda name: tmp_path / name)
