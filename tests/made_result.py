"""A made DistrictResult: smooth times over H3 cells of a harbour town's shape, small or as large as a city district."""

from __future__ import annotations

import geopandas as gpd
import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely

from circle15.outputs.result import DistrictResult, LayerInfo
from circle15.outputs.result_tables import ResultTables

SIZES = {
    "small": (11, 0.0085, 9),
    "tiny": (11, 0.003, 3),
    "large": (10, 0.107, 24),
}  # resolution, radius in degrees, units
EVIL_NAME = "</script><script>alert(1)</script>"
FORMULA_NAME = '=HYPERLINK("http://x")'
SERVICES = (
    ("nursery", "托育", "Nurseries", 15.0, 1.0, 12),
    ("canteen", "老年食堂", "Elderly canteens", 15.0, 0.9, 30),
    ("clinic", "社区卫生", "Clinics", 15.0, 1.25, 9),
    ("sports", "体育场地", "Sports sites", 1000 / 1.25 / 60, 1.25, 6),
)
CENTRE = (7.425, 43.738)
LONELY, LONELY_LAYERS = 3, ("nursery", "canteen")
"""The cell that is on no street, and the services whose walkers cannot leave it."""


def made_result(size="small", *, lang="zh", **changes):
    """Give a district of ``size``; "tiny" has a few cells, "small" some hundreds, "large" over 20,000."""
    resolution, radius, n_units = SIZES[size]
    random = np.random.default_rng(15)
    shape = _coast(radius)
    units = _units(shape, n_units, random, lang)
    cells = _cells(units, resolution, random)
    facilities, cells = _facilities(cells, shape, radius, random, lang)
    layers = tuple(_layer(service, lang) for service in SERVICES)
    tables = {
        "coverage": _coverage(cells, units, layers, lang),
        "facilities": facilities,
        "ranking": _ranking(cells, layers),
        "gaps": _gaps(units, layers, cells, lang),
        "completeness": _completeness(cells, units, layers, lang),
        "unlinked": _unlinked(cells, facilities),
    }
    fields = {
        "id": "made", "name": "港城区" if lang == "zh" else "Harbour District", "lang": lang,
        "boundary": gpd.GeoDataFrame({"id": ["made"]}, geometry=[shape], crs="EPSG:4326"),
        "units": units, "layers": layers, "cells": cells, "tables": ResultTables(**tables),
        "isochrones": _isochrones(facilities, layers),
        "streets": _streets(shape, radius, random),
        "population_source": "按建筑体量分摊，总数 35,881" if lang == "zh" else "spread over buildings, 35,881 in all",
        "resolution": resolution,
        "attributions": ("© OpenStreetMap contributors, ODbL 1.0",),
        "warnings": ("东侧路网数据止于缓冲区以内，靠近东界的时间可能偏长。",) if lang == "zh"
        else ("The extract ends inside the buffer on the east side; times near it may be too long.",),
    }  # fmt: skip
    return DistrictResult(**(fields | changes))


def _coast(radius):
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    r = radius * (1 + 0.14 * np.sin(3 * angle) + 0.05 * np.cos(7 * angle))
    x, y = r * 1.9 * np.cos(angle), r * 0.62 * np.sin(angle)
    turn = np.deg2rad(32)
    return shapely.Polygon(
        np.c_[CENTRE[0] + x * np.cos(turn) - y * np.sin(turn), CENTRE[1] + (x * np.sin(turn) + y * np.cos(turn)) * 0.74]
    )


def _units(shape, n, random, lang):
    west, south, east, north = shape.bounds
    points = []
    while len(points) < n:
        at = shapely.Point(random.uniform(west, east), random.uniform(south, north))
        if shape.contains(at) and all(at.distance(p) > (east - west) / n * 0.9 for p in points):
            points.append(at)
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=shape, ordered=True))
    zh = ("蒙特卡洛", "拉康达明", "丰特维耶", "拉尔沃托", "圣米歇尔", "莫内格蒂", "花园", "圣罗马", "老城")
    names = [f"{zh[i % 9]}{'' if i < 9 else i}街道" if lang == "zh" else f"Ward {i + 1}" for i in range(n)]
    return gpd.GeoDataFrame(
        {"unit_id": [f"unit-{i + 1}" for i in range(n)], "unit_name": names},
        geometry=shapely.intersection(parts, shape),
        crs="EPSG:4326",
    )


def _cells(units, resolution, random):
    whole = units.union_all().buffer(0.001 if resolution > 10 else 0.003)
    ids = np.sort(np.asarray(h3.geo_to_cells(whole, resolution), dtype=np.uint64))
    hexagons = np.array([shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(i)]) for i in ids])
    at, unit = units.sindex.query(hexagons, predicate="intersects")
    pieces = shapely.intersection(hexagons[at], units.geometry.to_numpy()[unit])
    keep = shapely.area(pieces) > 1e-9 * shapely.area(hexagons[at])
    centre = np.array([h3.cell_to_latlng(i) for i in ids[at]])
    frame = gpd.GeoDataFrame(
        {
            "cell": [h3.int_to_str(i) for i in ids[at]],
            "unit_id": units["unit_id"].to_numpy()[unit],
            "lon": centre[:, 1],
            "lat": centre[:, 0],
            "population": np.round(random.gamma(0.7, 60, len(at)) * (random.random(len(at)) > 0.3), 3),
        },
        geometry=pieces,
        crs="EPSG:4326",
    )
    kept = frame[keep].sort_values(["cell", "unit_id"]).reset_index(drop=True)
    kept.loc[LONELY, "population"] = 0.0
    return kept


def _facilities(cells, shape, radius, random, lang):
    rows = []
    scale = np.cos(np.deg2rad(CENTRE[1])) * 111_320, 111_320
    west, south, east, north = shape.bounds
    columns = {}
    for layer, zh, en, minutes, speed, n in SERVICES:
        n_sites = max(2, n * (1 if radius < 0.05 else 25))
        # West has more than east, so that maps show who is left out.
        lon = west + (east - west) * random.beta(1.2, 2.4, n_sites)
        lat = random.uniform(south, north, n_sites)
        distance = np.full(len(cells), np.inf)
        count = np.zeros(len(cells), dtype=np.int64)
        within = np.zeros(n_sites)
        for j in range(n_sites):
            d = np.hypot((cells["lon"] - lon[j]) * scale[0], (cells["lat"] - lat[j]) * scale[1]) * 1.35 / speed
            d = np.round(d + 20, 3)
            distance = np.minimum(distance, d)
            count += d <= minutes * 60
            within[j] = cells.loc[d <= minutes * 60, "population"].sum()
        linked = np.ones(len(cells), dtype=bool)
        linked[LONELY] = layer not in LONELY_LAYERS
        distance, count = np.where(linked, distance, np.inf), np.where(linked, count, 0)
        seconds = np.where(distance <= 2 * minutes * 60, distance, np.nan)
        covered = distance <= minutes * 60
        columns |= {
            f"{layer}_seconds": seconds, f"{layer}_linked": linked, f"{layer}_count": count, f"{layer}_covered": covered,
            f"{layer}_access": np.where(covered, 0.01, 0.0),
            f"{layer}_gap": np.where(covered, 0.0, cells["population"] * 0.0055),
            f"{layer}_cause": _causes(covered, cells),
        }  # fmt: skip
        for j in range(n_sites):
            name = f"第{j + 1}{zh}点" if lang == "zh" else f"{en} no. {j + 1}"
            name = {0: EVIL_NAME, 1: FORMULA_NAME}.get(j, name) if layer == "nursery" else name
            access = float("nan") if layer == "sports" and j == 0 else 12.5 + j
            rows.append(
                (
                    f"{layer}-{j}",
                    name,
                    layer,
                    lon[j],
                    lat[j],
                    "unit-1",
                    40.0 + j,
                    np.nan if j % 2 else 30.0,
                    np.nan if j % 2 else 30.0 / (40.0 + j),
                    "",
                    access,
                    within[j],
                    within[j] / 2,
                    f"osm:n{j}",
                )
            )
    names = (
        "id", "name", "layer", "lon", "lat", "unit_id", "capacity", "used", "used_ratio", "ownership", "access_m",
        "people_within", "load", "source",
    )  # fmt: skip
    return pd.DataFrame(rows, columns=names), cells.assign(**columns)


def _layer(service, lang):
    id_, zh, en, minutes, speed, _ = service
    return LayerInfo(
        id=id_, name=zh if lang == "zh" else en, source="osm:amenity=kindergarten|childcare",
        note="以学校代替托育机构" if lang == "zh" else "schools stand in", profile="adult",
        speed_m_s=speed, threshold_s=minutes * 60, threshold_min=minutes, threshold_m=minutes * 60 * speed, group="all",
        min_count=1, norm_per_1000=5.5 if id_ == "nursery" else None,
        capacity_unit="托位" if lang == "zh" else "places", searched_s=2 * minutes * 60,
    )  # fmt: skip


def _by_unit(cells, units, column, lang):
    sums = cells.groupby("unit_id")[column].sum().reindex(units["unit_id"]).fillna(0.0)
    return np.append(sums.to_numpy(), sums.sum())


def _unit_names(units, lang):
    return pd.DataFrame(
        {
            "unit_id": [*units["unit_id"], "made"],
            "unit_name": [*units["unit_name"], "港城区" if lang == "zh" else "Harbour District"],
        }
    )


def _coverage(cells, units, layers, lang):
    frames = []
    for layer in layers:
        covered = cells.assign(c=np.where(cells[f"{layer.id}_covered"], cells["population"], 0.0))
        people, inside = _by_unit(cells, units, "population", lang), _by_unit(covered, units, "c", lang)
        frames.append(
            _unit_names(units, lang).assign(
                layer=layer.id, threshold_min=layer.threshold_min, threshold_m=layer.threshold_m, group="all",
                people=people, covered_people=inside, covered_share=inside / people,
                **_off(~cells[f"{layer.id}_linked"], cells, units, lang, inside=inside, share="covered_share_on_network"),
            )
        )  # fmt: skip
    return pd.concat(frames).sort_values(["unit_id", "layer"], kind="stable").reset_index(drop=True)


def _off(is_off, cells, units, lang, *, inside, share):
    """Give the columns beside a share; off the network means without streets here."""
    people = _by_unit(cells, units, "population", lang)
    off = _by_unit(cells.assign(c=np.where(is_off, cells["population"], 0.0)), units, "c", lang)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"people_off_network": off, "people_without_streets": off, share: inside / (people - off)}


def _unknown(cells, layers, covered):
    off = ~np.array([cells[f"{layer.id}_linked"] for layer in layers])
    return (covered | off).all(axis=0) & off.any(axis=0)


def _completeness(cells, units, layers, lang):
    covered = np.array([cells[f"{layer.id}_covered"] for layer in layers])
    full = cells.assign(
        c=np.where(covered.all(axis=0), cells["population"], 0.0), n=covered.sum(axis=0) * cells["population"]
    )
    people = _by_unit(cells, units, "population", lang)
    complete = _by_unit(full, units, "c", lang)
    return _unit_names(units, lang).assign(
        people=people, complete_people=complete, complete_share=complete / people,
        mean_layers=_by_unit(full, units, "n", lang) / people, n_layers=len(layers),
        **_off(_unknown(cells, layers, covered), cells, units, lang, inside=complete, share="complete_share_on_network"),
    )  # fmt: skip


def _gaps(units, layers, cells, lang):
    frames = [
        _unit_names(units, lang).assign(
            layer=layer.id, norm=layer.norm_per_1000 or np.nan, norm_per=1000.0, norm_people=np.nan, supply=100.0,
            supply_unit=layer.capacity_unit, accessible_supply=90.0, need=np.nan,
            gap=_by_unit(cells, units, f"{layer.id}_gap", lang),
            gap_unit=layer.capacity_unit if layer.norm_per_1000 else ("人" if lang == "zh" else "people"), match=np.nan,
        )
        for layer in layers
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _ranking(cells, layers):
    rows = []
    for layer in layers:
        lost = cells[~cells[f"{layer.id}_covered"] & (cells["population"] > 0)]
        best = lost.sort_values(["population", "cell"], ascending=[False, True]).head(8)
        total = 0.0
        for rank, (_, cell) in enumerate(best.iterrows(), start=1):
            gain = float(cell["population"]) * 3
            total += gain
            at = (cell["cell"], cell["lon"], cell["lat"], cell["unit_id"])
            # Alone the third gains most: ranks before it took people from it.
            rows.append((rank, layer.id, *at, gain, gain * (1 + 3 * (rank == 3)), gain / 200, total))
    names = (
        "rank",
        "layer",
        "cell",
        "lon",
        "lat",
        "unit_id",
        "newly_covered_people",
        "alone_covered_people",
        "gap_filled",
        "cumulative_people",
    )
    return pd.DataFrame(rows, columns=names)


def _unlinked(cells, facilities):
    far = facilities[facilities["access_m"].isna()]
    reason = "300 米内没有可步行的街道"
    rows = [("facility", f.id, f.layer, f.name, f.lon, f.lat, np.nan, reason) for f in far.itertuples(index=False)]
    lonely = cells.iloc[LONELY]
    rows.append(("cell", lonely["cell"], ";".join(LONELY_LAYERS), "", lonely["lon"], lonely["lat"], 12.5, reason))
    return pd.DataFrame(rows, columns=["kind", "id", "layer", "name", "lon", "lat", "people", "reason"])


def _isochrones(facilities, layers):
    rows = []
    for layer in layers:
        own = facilities[facilities["layer"] == layer.id]
        points = shapely.points(own["lon"], own["lat"])
        for minutes in (5, 10, 15):
            r = minutes * 60 * layer.speed_m_s / 1.35 / 111_320
            rows.append((layer.id, minutes, shapely.union_all(shapely.buffer(points, r, quad_segs=6))))
    names = ("layer", "cutoff_min", "geometry")
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=names), geometry="geometry", crs="EPSG:4326")


def _streets(shape, radius, random):
    west, south, east, north = shape.buffer(radius * 0.3).bounds
    n = 40 if radius < 0.05 else 260
    lines = []
    for x in np.linspace(west, east, n):
        y = np.linspace(south, north, 30)
        lines.append(
            shapely.LineString(
                np.c_[x + 0.04 * radius * np.sin(y / radius * 5) + random.normal(0, radius / 300, 30), y]
            )
        )
    for y in np.linspace(south, north, n):
        x = np.linspace(west, east, 30)
        lines.append(shapely.LineString(np.c_[x, y + 0.04 * radius * np.sin(x / radius * 4)]))
    return gpd.GeoSeries(lines, crs="EPSG:4326")


def _causes(covered, cells):
    """Give uncovered people by turns two causes, and some of the covered too little supply."""
    by_turns = np.where(np.arange(len(cells)) % 2, "barrier", "none_near").astype(object)
    supplied = np.where(np.arange(len(cells)) % 5 == 0, "full", "").astype(object)
    return np.where(cells["population"] > 0, np.where(covered, supplied, by_turns), "").astype(object)
