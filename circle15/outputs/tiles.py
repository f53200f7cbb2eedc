"""Base maps from the internet, for those who ask for one: OpenStreetMap, Tianditu or Amap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from circle15.inputs.coordinates.systems import gcj02_to_wgs84
from circle15.outputs.page_parts import MAX_ZOOM
from circle15.outputs.reprojected import in_system

if TYPE_CHECKING:
    import folium

    from circle15.outputs.result import DistrictResult


@dataclass(frozen=True, slots=True)
class _Source:
    name_zh: str
    name_en: str
    urls: tuple[str, ...]  # one per layer, lowest first, with {x} {y} {z} {s} and {key}
    attribution: str
    subdomains: str
    largest_zoom: int  # tiles of this zoom are magnified beyond it
    system: str  # what the tiles are drawn in


_TIANDITU = (
    "https://t{s}.tianditu.gov.cn/%s_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=%s&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
)
# Addresses as the providers state them: operations.osmfoundation.org/policies/tiles, lbs.tianditu.gov.cn, and the tiles
# that Amap's own web map loads, which are in GCJ-02.
SOURCES = {
    "osm": _Source(
        "OpenStreetMap 底图", "OpenStreetMap", ("https://tile.openstreetmap.org/{z}/{x}/{y}.png",),
        "© OpenStreetMap contributors", "abc", 19, "wgs84",
    ),
    "tianditu": _Source(
        "天地图底图", "Tianditu", tuple(_TIANDITU % (layer, layer) for layer in ("vec", "cva")),
        "© 国家地理信息公共服务平台（天地图）", "01234567", 18, "wgs84",
    ),
    "amap": _Source(
        "高德底图（图形已转为 GCJ-02）", "Amap (drawn in GCJ-02)",
        ("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
        "© 高德地图", "1234", 18, "gcj02",
    ),
}  # fmt: skip


def in_tile_system(result: DistrictResult) -> DistrictResult:
    """Give the result as it is drawn on its tiles: on Amap's in GCJ-02, else unchanged, so that both fit."""
    source = SOURCES.get(result.tiles)
    return result if source is None else in_system(result, source.system)


def draws_in_gcj02(result: DistrictResult) -> bool:
    """Tell whether a result that is drawn on its tiles (`in_tile_system`) is shifted against WGS-84."""
    source = SOURCES.get(result.tiles)
    if source is None or source.system != "gcj02":
        return False
    west, south, east, north = (float(v) for v in result.boundary.total_bounds)
    lon, lat = (west + east) / 2, (south + north) / 2
    return bool(gcj02_to_wgs84(lon, lat)[0] != lon)


def tile_layers(result: DistrictResult) -> list[folium.TileLayer]:
    """Give the layers of the base map that the result asks for, lowest first; none where it asks for none."""
    source = SOURCES.get(result.tiles)
    if source is None:
        return []
    import folium  # noqa: PLC0415 (asked for by few; it takes a tenth of a second)

    name = source.name_zh if result.lang == "zh" else source.name_en
    return [
        folium.TileLayer(
            tiles=url.replace("{key}", quote(result.tianditu_key, safe="")),
            attr=source.attribution,
            name=name if i == 0 else f"{name} ({i + 1})",
            overlay=True,
            subdomains=source.subdomains,
            max_zoom=MAX_ZOOM,
            max_native_zoom=source.largest_zoom,
        )
        for i, url in enumerate(source.urls)
    ]
