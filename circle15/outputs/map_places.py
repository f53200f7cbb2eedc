"""What stands on a map beside its cells: units, facilities, proposed sites, service areas, unlinked points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from circle15.outputs.beside_share import is_told, known_uncovered, off_people_text, share_on_network
from circle15.outputs.certainty_words import interval_of
from circle15.outputs.missing_links import missing_links
from circle15.outputs.proposals import proposals
from circle15.outputs.text import estimate_text, group_of, people_text, plain_number, share_text, spaced
from circle15.outputs.view import DEGREES_PER_METRE

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.proposals import Proposal
    from circle15.outputs.result import LayerInfo
    from circle15.outputs.view import View

PLACE_DECIMALS = 7
AREA_TOLERANCE_DEG = 9e-5
"""About 10 m: service areas are drawn as a whole, district.gpkg has every bend of them."""
AREA_SMALLEST_HOLE_M2 = 30_000
AREA_STEP_PX = 1
"""The shortest walk's line is one step wide, the next two."""

Value = dict[str, Any]


def units(view: View) -> list[Value]:
    """Give the units with the place of their label, their shares and their popup's rows."""
    shown = view.once("units", lambda: {unit_id: _unit(view.of_unit(unit_id)) for unit_id in view.unit_names()})
    has_pages = len(shown) > 1
    if view.unit_id is not None:
        return [{**shown[view.unit_id], "href": ""}]
    return [{**unit, "href": f"units/{unit_id}.html" if has_pages else ""} for unit_id, unit in shown.items()]


def _unit(view: View) -> Value:
    at = shapely.point_on_surface(view.area().geometry.to_numpy()[0])
    rows = view.coverage_rows()
    shares = {f"time-{i}": share_text(float(row.covered_share)) for i, (_, row) in enumerate(rows)}
    for own in view.own("completeness"):
        shares["count"] = share_text(float(own.complete_share))
    people = float(view.cell_values("population").sum())
    return {
        "name": view.name,
        "lon": round(at.x, PLACE_DECIMALS),
        "lat": round(at.y, PLACE_DECIMALS),
        "people": people_text(people),
        "weight": round(people, 1),
        "shares": shares,
        **_unit_table(view, rows),
    }


def _unit_table(view: View, rows: list[tuple[LayerInfo, Any]]) -> Value:
    """Give the popup's table of shares; where people are off the network with their number and the share without them.

    Uncovered are only those whose walks are known.
    """
    say, with_off = view.say, any(is_told(row) for _, row in rows)
    heading = [say["service"], say["covered_share"], say["uncovered_people"]]
    heading += [say["people_off_network"], say["share_on_network"]] if with_off else []
    table = []
    for layer, row in rows:
        own = [
            f"{layer.name} · {group_of(layer.group, view.result.lang)}",
            share_text(float(row.covered_share)) + interval_of(view, layer.id),
            people_text(known_uncovered(row, float(row.covered_people))),
        ]
        off = [off_people_text(row), share_text(share_on_network(row)) if is_told(row) else ""] if with_off else []
        table.append([*own, *off])
    return {"heading": heading, "rows": table}


def facilities(view: View) -> Value:
    """Give the facilities with their popups' rows, which stand under their layer's `columns`."""
    say = view.say
    before, after = ("capacity", "used", "used_ratio", "ownership"), ("access_m", "source", "id")
    columns = [
        [*(say[k] for k in before), say["people_within_of"].format(group=_whom(view, layer)), *(say[k] for k in after)]
        for layer in view.result.layers
    ]
    return {"columns": columns, "facilities": _within_reach(view, view.once("facilities", lambda: _facilities(view)))}


def _whom(view: View, layer: LayerInfo) -> str:
    return spaced(group_of(layer.group, view.result.lang), view.result.lang)


def _within_reach(view: View, places: list[Value]) -> list[Value]:
    lon, lat = (np.array([place[k] for place in places], dtype=np.float64) for k in ("lon", "lat"))
    return [places[i] for i in np.flatnonzero(view.is_near(lon, lat))]


def _facilities(view: View) -> list[Value]:
    say = view.say
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    units = _supply_units(view)
    rows = []
    f: Any
    for f in view.result.tables.facilities.itertuples(index=False):
        if f.layer not in position:
            continue
        values = [
            _measure(f.capacity, units.get(f.layer, "")),
            _measure(f.used, units.get(f.layer, "")),
            "" if math.isnan(f.used_ratio) else share_text(f.used_ratio),
            str(f.ownership),
            _measure(f.people_within, say["people_unit"], 0),
            _measure(f.access_m, say["metres"]),
            str(f.source),
            str(f.id),
        ]
        rows.append(
            {"layer": position[f.layer], "id": str(f.id), "name": str(f.name), "lon": round(f.lon, PLACE_DECIMALS),
             "lat": round(f.lat, PLACE_DECIMALS), "linked": not math.isnan(f.access_m), "values": values}
        )  # fmt: skip
    return rows


def _measure(value: float, unit: str, decimals: int = 1) -> str:
    if math.isnan(value):
        return ""
    text = people_text(value) if decimals == 0 else plain_number(value, decimals, separator=",")
    return f"{text} {unit}".strip()


def _supply_units(view: View) -> dict[str, str]:
    return {layer.id: layer.capacity_unit or "" for layer in view.result.layers}


def sites(view: View) -> list[Value]:
    """Give the ranking's places; a unit's page has those in the unit."""
    whole = view.once("sites", lambda: _sites(view))
    return [site for unit_id, site in whole if view.unit_id in (None, unit_id)]


def _sites(view: View) -> list[tuple[str, Value]]:
    """Give the ranking's places with the unit of each."""
    return [(p.unit_id, _proposal(view, p)) for p in proposals(view, "ranking")]


def _proposal(view: View, p: Proposal) -> Value:
    return {
        "layer": p.layer, "rank": p.number, "lon": round(p.lon, PLACE_DECIMALS), "lat": round(p.lat, PLACE_DECIMALS),
        "title": p.title, "unit": view.unit_names().get(p.unit_id, ""), "rows": [list(row) for row in p.rows],
    }  # fmt: skip


def planned(view: View) -> Value:
    """Give planned projects, the programme's projects and missing links; a unit's page has those in the unit."""
    whole = view.once("planned", lambda: _planned(view))
    own = {
        name: [one for unit_id, one in found if view.unit_id in (None, unit_id)] for name, found in whole.items()
    }  # fmt: skip
    return {name: found for name, found in own.items() if found}


def _planned(view: View) -> dict[str, list[tuple[str, Value]]]:
    names = view.unit_names()
    found = {kind: _at_places(view, kind) for kind in ("projects", "programme")}
    found["links"] = [
        (
            link.unit_id,
            {
                "layer": link.layer, "title": link.title, "unit": names.get(link.unit_id, ""),
                "latlngs": [[round(lat, PLACE_DECIMALS), round(lon, PLACE_DECIMALS)] for lon, lat in link.ends],
                "rows": [*([[view.say["where"], link.where]] if link.where else []), *(list(row) for row in link.rows)],
            },
        )
        for link in missing_links(view)
    ]  # fmt: skip
    return found


def _at_places(view: View, kind: str) -> list[tuple[str, Value]]:
    """Give one marker for all that one table proposes at one place: for several services, or of several sizes."""
    by_place: dict[tuple[float, float], list[Proposal]] = {}
    for p in proposals(view, kind):
        by_place.setdefault((round(p.lon, PLACE_DECIMALS), round(p.lat, PLACE_DECIMALS)), []).append(p)
    found = []
    for several in by_place.values():
        first = _proposal(view, several[0])
        rest = [row for p in several[1:] for row in ([p.title, ""], *(list(r) for r in p.rows))]
        marks = [[p.layer, p.number] for p in several]
        found.append((several[0].unit_id, {**first, "rows": [*first["rows"], *rest], "marks": marks}))
    return found


def areas_in_reach(view: View) -> gpd.GeoDataFrame:
    """Give the service areas as far as the page shows them, without small holes and small bends."""
    known = view.once("areas", lambda: _simple_areas(view))
    cut = shapely.clip_by_rect(known.geometry.to_numpy(), *view.reach().bounds)
    return known.set_geometry(cut, crs=known.crs)[~shapely.is_empty(cut)].sort_values("cutoff_min", kind="stable")


def _simple_areas(view: View) -> gpd.GeoDataFrame:
    areas = view.result.isochrones
    known = areas[areas["layer"].isin([layer.id for layer in view.result.layers])]
    whole = np.array([_without_small_holes(area) for area in known.geometry], dtype=object)
    # Only outlines are drawn of them, so the faster simplification that may let rings touch is good enough.
    drawn = shapely.simplify(whole, AREA_TOLERANCE_DEG, preserve_topology=False)
    return known.set_geometry(shapely.make_valid(drawn), crs=known.crs)


def _without_small_holes(area: shapely.Geometry) -> shapely.Geometry:
    """Fill the holes that a map of a district shows as specks: blocks that no street of the walk touches."""
    parts = shapely.get_parts(area)
    if not len(parts):
        return area
    middle = math.radians(float(shapely.bounds(area)[[1, 3]].mean()))
    smallest = AREA_SMALLEST_HOLE_M2 * DEGREES_PER_METRE**2 / max(math.cos(middle), 0.01)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    is_hole = np.append(False, of_part[1:] == of_part[:-1])
    is_kept = ~is_hole | (shapely.area(shapely.polygons(rings)) >= smallest)
    return shapely.multipolygons(shapely.polygons(rings[is_kept], indices=of_part[is_kept]))


def areas(view: View, areas: gpd.GeoDataFrame) -> list[Value]:
    """Give the service areas, the shortest walk of each layer first and drawn with the thinnest line."""
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    rows = list(zip(areas["layer"].tolist(), areas["cutoff_min"].tolist(), strict=True))
    shown = []
    for layer_id, cutoff_min in rows:
        minutes = plain_number(float(cutoff_min))
        order = sum(other == layer_id and shorter < cutoff_min for other, shorter in rows)
        shown.append(
            {
                "layer": position[layer_id],
                "minutes": minutes,
                "weight": AREA_STEP_PX * (1 + order),
                "title": f"{view.result.layers[position[layer_id]].name} · {minutes} {view.say['minutes']}",
            }
        )
    return shown


def unlinked(view: View) -> list[Value]:
    """Give what could not be put on the network, each with its reason."""
    return _within_reach(view, view.once("unlinked", lambda: _unlinked(view)))


def _unlinked(view: View) -> list[Value]:
    say = view.say
    table = view.result.tables.unlinked
    if table is None:
        return []
    rows = table[table["lon"].notna() & table["lat"].notna()]
    names = {layer.id: layer.name for layer in view.result.layers}
    shown = []
    lost: Any
    for lost in rows.itertuples(index=False):
        is_cell = lost.kind == "cell"
        title = f"{say['cell']} {lost.id}" if is_cell else (str(lost.name) or str(lost.id))
        layers = "、".join(names.get(part, part) for part in str(lost.layer).split(";"))
        facts = [[say["reason"], str(lost.reason)]]
        if is_cell:
            facts.insert(0, [say["people"], estimate_text(float(lost.people), say)])
        shown.append(
            {"lon": round(lost.lon, PLACE_DECIMALS), "lat": round(lost.lat, PLACE_DECIMALS), "title": title,
             "subtitle": f"{say['unlinked']} · {layers}", "rows": facts}
        )  # fmt: skip
    return shown
