"""Base maps from the internet: none unless asked for, the right addresses, and geometry that fits them."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from circle15.inputs.coordinates.systems import wgs84_to_gcj02
from circle15.outputs.maps import write_district_map, write_unit_maps
from circle15.outputs.tiles import SOURCES, in_tile_system, tile_layers
from tests.made_result import made_result


@pytest.fixture(scope="module")
def result():
    return made_result("tiny")


def _page(result, tmp_path):
    write_district_map(result, tmp_path / "index.html")
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def _data(page):
    return json.loads(re.search(r'<script type="application/json" id="c15-data">(.*?)</script>', page, re.DOTALL)[1])


def test_without_tiles_no_page_holds_an_address_of_a_tile(result, tmp_path):
    page = _page(result, tmp_path)
    assert tile_layers(result) == []
    assert "L.tileLayer(" not in page.split('id="c15-panel"')[1]
    assert not any(host in page for host in ("tile.openstreetmap.org", "tianditu.gov.cn", "autonavi.com"))
    assert _data(page)["tiles"] is False


@pytest.mark.parametrize(
    ("tiles", "host", "n"), [("osm", "tile.openstreetmap.org", 1), ("tianditu", "tianditu.gov.cn", 2), ("amap", "autonavi.com", 1)]
)  # fmt: skip
def test_the_tiles_asked_for_lie_below_district_and_unit_maps(result, tiles, host, n, tmp_path):
    asked = replace(result, tiles=tiles, tianditu_key="k&1")
    page = _page(asked, tmp_path)
    assert len(re.findall(rf"L\.tileLayer\(\s*\"https://[^\"]*{host}", page)) == n
    assert json.dumps(SOURCES[tiles].attribution) in page
    write_unit_maps(asked, tmp_path / "units")
    assert all(host in p.read_text(encoding="utf-8") for p in (tmp_path / "units").iterdir())


def test_the_key_is_part_of_the_address_and_ends_nothing(result, tmp_path):
    page = _page(replace(result, tiles="tianditu", tianditu_key='"</script><script>alert(1)'), tmp_path)
    assert "<script>alert(1)" not in page
    assert "tk=%22%3C%2Fscript%3E%3Cscript%3Ealert%281%29" in page.replace("\\u0026", "&")


def test_amap_pages_draw_everything_in_gcj02(result):
    china = replace(
        result,
        tiles="amap",
        tables=replace(result.tables, facilities=result.tables.facilities.assign(lon=121.55, lat=29.88)),
    )
    moved = in_tile_system(china)
    lon, lat = wgs84_to_gcj02(np.array([121.55]), np.array([29.88]))
    assert moved.tables["facilities"]["lon"].iloc[0] == lon[0] != 121.55
    assert moved.tables["facilities"]["lat"].iloc[0] == lat[0]
    assert in_tile_system(replace(china, tiles="osm")) == replace(china, tiles="osm")
