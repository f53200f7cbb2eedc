"""What stands on a map beside its cells: units, facilities, proposed sites, service areas, unlinked points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import shapely

from circle15.outputs.text import people_text, plain_number, share_text

if TYPE_CHECKING:
    import geopandas as gpd

    from circle15.outputs.view import View

PLACE_DECIMALS = 7
AREA_TOLERANCE_DEG = 2e-5

Value = dict[str, Any]


def units(view: View) -> list[Value]:
    """Give the units with the place of their label, their shares and their popup's rows."""
    units = view.units()
    coverage = view.result.tables["coverage"].set_index(["unit_id", "layer"])
    complete = view.result.tables.get("completeness")
    inside = shapely.point_on_surface(units.geometry.to_numpy())
    shown = []
    for unit, at in zip(units.itertuples(index=False), inside, strict=True):
        rows = [coverage.loc[(unit.unit_id, layer.id)] for layer in view.result.layers]
        shares = {f"time-{i}": share_text(float(row["covered_share"])) for i, row in enumerate(rows)}
        if complete is not None:
            own = complete[complete["unit_id"] == unit.unit_id]
            shares["count"] = share_text(float(own["complete_share"].iloc[0]))
        people = _all_people(view, unit.unit_id)
        shown.append(
            {
                "name": str(unit.unit_name),
                "lon": round(at.x, PLACE_DECIMALS),
                "lat": round(at.y, PLACE_DECIMALS),
                "people": people_text(people),
                "weight": round(people, 1),
                "shares": shares,
                "rows": [
                    [layer.name, share_text(float(row["covered_share"])),
                     people_text(float(row["people"] - row["covered_people"]))]
                    for layer, row in zip(view.result.layers, rows, strict=True)
                ],
                "href": f"units/{unit.unit_id}.html" if view.unit_id is None and len(view.result.units) > 1 else "",
            }
        )  # fmt: skip
    return shown


def _all_people(view: View, unit_id: str) -> float:
    cells = view.result.cells
    return float(cells.loc[cells["unit_id"] == unit_id, "population"].sum())


def facilities(view: View) -> Value:
    """Give the facilities with their popups' rows, which stand under `columns`."""
    table = view.near(view.result.tables["facilities"])
    say = view.say
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    units = _supply_units(view)
    columns = [say[k] for k in ("capacity", "people_within", "load", "access_m", "source", "id")]
    rows = []
    f: Any
    for f in table.itertuples(index=False):
        if f.layer not in position:
            continue
        values = [
            _measure(f.capacity, units.get(f.layer, "")),
            _measure(f.people_within, say["people_unit"], 0),
            _measure(f.load, say["people_unit"], 0),
            _measure(f.access_m, say["metres"]),
            str(f.source),
            str(f.id),
        ]
        rows.append(
            {"layer": position[f.layer], "name": str(f.name), "lon": round(f.lon, PLACE_DECIMALS),
             "lat": round(f.lat, PLACE_DECIMALS), "linked": not math.isnan(f.access_m), "values": values}
        )  # fmt: skip
    return {"columns": columns, "facilities": rows}


def _measure(value: float, unit: str, decimals: int = 1) -> str:
    if math.isnan(value):
        return ""
    text = people_text(value) if decimals == 0 else plain_number(value, decimals)
    return f"{text} {unit}".strip()


def _supply_units(view: View) -> dict[str, str]:
    return {layer.id: layer.capacity_unit or "" for layer in view.result.layers}


def sites(view: View) -> list[Value]:
    """Give the ranking's places; a unit's page has those in the unit."""
    say = view.say
    ranking = view.result.tables.get("ranking")
    if ranking is None:
        return []
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    names = dict(zip(view.result.units["unit_id"], view.result.units["unit_name"], strict=True))
    rows = ranking if view.unit_id is None else ranking[ranking["unit_id"] == view.unit_id]
    sites = []
    site: Any
    for site in rows.itertuples(index=False):
        layer = view.result.layers[position[site.layer]]
        facts = [
            [say["newly_covered"], _measure(site.newly_covered_people, say["people_unit"], 0)],
            [say["cumulative"], _measure(site.cumulative_people, say["people_unit"], 0)],
            [say["gap_filled"], _measure(site.gap_filled, layer.capacity_unit or "") if layer.norm_per_1000 else ""],
            [say["cell"], str(site.cell)],
        ]
        sites.append(
            {"layer": position[site.layer], "rank": int(site.rank), "lon": round(site.lon, PLACE_DECIMALS),
             "lat": round(site.lat, PLACE_DECIMALS), "title": f"{layer.name} · {say['site']} {int(site.rank)}",
             "unit": str(names.get(site.unit_id, "")), "rows": [f for f in facts if f[1]]}
        )  # fmt: skip
    return sites


def areas_in_reach(view: View) -> gpd.GeoDataFrame:
    """Give the service areas as far as the page shows them, their arcs simplified to about 2 m."""
    areas = view.result.isochrones
    known = areas[areas["layer"].isin([layer.id for layer in view.result.layers])]
    cut = shapely.clip_by_rect(known.geometry.to_numpy(), *view.reach().bounds)
    # Only outlines are drawn of them, so the faster simplification that may let rings touch is good enough.
    drawn = known.set_geometry(shapely.simplify(cut, AREA_TOLERANCE_DEG, preserve_topology=False), crs=known.crs)
    return drawn[~drawn.geometry.is_empty]


def areas(view: View, areas: gpd.GeoDataFrame) -> list[Value]:
    """Give the service areas, the longest walk of each layer drawn as a full line."""
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    rows = list(zip(areas["layer"].tolist(), areas["cutoff_min"].tolist(), strict=True))
    shown = []
    for layer_id, cutoff_min in rows:
        minutes = plain_number(float(cutoff_min))
        shown.append(
            {
                "layer": position[layer_id],
                "minutes": minutes,
                "order": sum(other == layer_id and longer > cutoff_min for other, longer in rows),
                "title": f"{view.result.layers[position[layer_id]].name} · {minutes} {view.say['minutes']}",
            }
        )
    return shown


def unlinked(view: View) -> list[Value]:
    """Give what could not be put on the network, each with its reason."""
    say = view.say
    table = view.result.tables.get("unlinked")
    if table is None:
        return []
    rows = view.near(table[table["lon"].notna() & table["lat"].notna()])
    names = {layer.id: layer.name for layer in view.result.layers}
    shown = []
    lost: Any
    for lost in rows.itertuples(index=False):
        is_cell = lost.kind == "cell"
        title = f"{say['cell']} {lost.id}" if is_cell else (str(lost.name) or str(lost.id))
        layers = "、".join(names.get(part, part) for part in str(lost.layer).split(";"))
        facts = [[say["reason"], str(lost.reason)]]
        if is_cell:
            facts.insert(0, [say["people"], plain_number(float(lost.people))])
        shown.append(
            {"lon": round(lost.lon, PLACE_DECIMALS), "lat": round(lost.lat, PLACE_DECIMALS), "title": title,
             "subtitle": f"{say['unlinked']} · {layers}", "rows": facts}
        )  # fmt: skip
    return shown
