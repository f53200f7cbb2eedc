"""Two runs of one district side by side: who is newly covered, who is not any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from circle15.config.model import parse_config
from circle15.errors import Circle15Error, InputError, Problem
from circle15.inputs.osm.shapes import merged
from circle15.outputs.difference import LayerMoves
from circle15.outputs.drawing import CORNER_DECIMALS
from circle15.outputs.shown_changes import ShownChange, changes_of_records
from circle15.pipeline.study.read_study import study_area
from circle15.pipeline.study.scenario import change_network
from circle15.pipeline.study.study_streets import read_streets
from circle15.pipeline.tables.district_result import streets_around
from circle15.runs.compared_run import (
    ComparedRun,
    check_same,
    group_column,
    read_compared,
    run_called,
    runs_title,
    unit_names,
)
from circle15.runs.folder import read_results
from circle15.runs.stale import changed_inputs
from circle15.said import Said

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


COLUMNS = (
    "unit_id", "unit_name", "layer", "group", "people", "covered_before", "covered_after", "newly_covered_people",
    "lost_people", "share_before", "share_after", "gap_before", "gap_after",
    "places_missing_before", "places_missing_after",
)  # fmt: skip

SAME_GAP, SAME_SECONDS = 0.0005, 0.0005
"""As cells.parquet rounds them."""

_RULES = {
    "profile": ("步行者", "walker"),
    "speed_m_s": ("步速（米/秒）", "m/s"),
    "threshold_min": ("达标线（分钟）", "minutes"),
    "threshold_m": ("达标线（米）", "metres"),
    "group": ("人群", "group"),
    "min_count": ("至少可达", "at least"),
    "norm_per_1000": ("每千人标准", "per 1,000"),
    "capacity_unit": ("容量单位", "unit"),
}
_GAP_RULES = ("group", "norm_per_1000", "capacity_unit")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two runs."""

    table: pd.DataFrame  # COLUMNS
    changed: gpd.GeoDataFrame  # layer, change (1 newly covered, -1 lost), people of its group, unit_id, unit_name,
    # geometry; cells with nobody whom the layer is for are left out
    units: gpd.GeoDataFrame  # unit_id, unit_name, geometry
    layers: dict[str, str]  # names by id
    moved: dict[str, LayerMoves]  # by layer
    title: str
    district: str  # its name
    lang: str
    sources: tuple[str, ...]  # what a map of the runs credits
    changes: tuple[ShownChange, ...]  # of a scenario, those that the first run has not
    after: str  # what the second run is called where it is no scenario: its date, or its folder
    rules: dict[str, dict[str, Any]]  # of the second run's layers, by id
    notes: tuple[str, ...]  # layers that only one of the runs has, and those that were measured by other rules


def compare_runs(before: Path, after: Path) -> Comparison:
    """Compare two folders that `run` wrote, of the same cells and people.

    Raises
    ------
    InputError
        If a folder is not a run's, lacks its cells, or the two differ in cells or people, so that nobody could be said
        to be newly covered.
    """
    one, two = read_compared(before), read_compared(after)
    check_same(one, two)
    common = [layer for layer in one.layers if layer in two.layers]
    if not common:
        raise InputError(Problem(Said(f"没有 {before} 中的服务", f"has no layer of {before}"), file=str(after)))
    alone = sorted(set(one.layers) ^ set(two.layers))
    district_id, lang = two.manifest.district_id, two.manifest.lang
    notes = [_only_in(one if name in one.layers else two, name, lang) for name in alone]
    notes += [note for layer in common if (note := _other_rules(one, two, layer, lang))]
    names = unit_names(two)
    unit = pd.Categorical(one.cells["unit_id"], categories=list(names))
    rows = [_rows(one, two, layer, group, unit) for layer in common for group in _ordered_groups(one, layer)]
    table = pd.concat(rows, ignore_index=True)
    whole = {district_id: "全区" if lang == "zh" else "whole district"}
    table["unit_name"] = table["unit_id"].map({**names, **whole})
    order = {name: i for i, name in enumerate([*names, district_id])}
    table = table.sort_values("unit_id", key=lambda ids: ids.map(order), kind="stable").reset_index(drop=True)
    return Comparison(
        table=table[list(COLUMNS)],
        changed=_changed(one, two, common, names),
        units=_units(one, names),
        layers={name: two.layers[name]["name"] for name in common},
        moved={name: _moves(one, two, name, table) for name in common},
        title=runs_title(one, two, lang),
        district=two.manifest.district_name,
        lang=lang,
        sources=two.manifest.sources,
        changes=_own_changes(one, two),
        after=run_called(two),
        rules=two.layers,
        notes=tuple(notes),
    )


def streets_of_run(folder: Path, units: gpd.GeoDataFrame) -> gpd.GeoSeries | Said:
    """Read a run's walkable streets again, to draw a map on; a sentence where its inputs are not what it read."""
    manifest = read_results(folder)
    config = parse_config(manifest.told["config_stated"], manifest.config_path)
    changed = changed_inputs(manifest, config)
    if changed:
        text = Said(
            "输入文件 {name} 已不是当时所读的，地图不绘道路", "no streets are drawn: {name} is not what was read"
        )
        return text.format(name=changed[0])
    try:
        network, _ = change_network(config, read_streets(config, study_area(config)))
    except Circle15Error as e:
        first = e.problems[0]
        text = Said("道路无法重读，地图不绘道路：{why}", "no streets are drawn: {why}")
        return text.format(why=Said(first.in_("zh"), first.in_("en")))
    return streets_around(network, shapely.union_all(units.geometry.to_numpy()))


def _own_changes(one: ComparedRun, two: ComparedRun) -> tuple[ShownChange, ...]:
    """Give what the second run changes and the first does not."""
    before, after = (changes_of_records(run.manifest.told.get("scenario", ())) for run in (one, two))
    return tuple(change for change in after if change not in before)


def _moves(one: ComparedRun, two: ComparedRun, layer: str, table: pd.DataFrame) -> LayerMoves:
    """Tell what of a layer differs anywhere: sums may hide that one cell gained what another lost."""

    def differs(column: str, tolerance: float) -> bool:
        if not all(column in run.cells for run in (one, two)):  # a run of an earlier version
            return False
        was, now = (run.cells[column].to_numpy(np.float64) for run in (one, two))
        return not np.allclose(was, now, rtol=0, atol=tolerance, equal_nan=True)

    has_gap = bool(table.loc[table["layer"] == layer, "gap_before"].notna().any())
    rules = two.layers[layer]
    return LayerMoves(
        group=str(rules["group"]),
        gap_unit=str(rules.get("capacity_unit") or "") if rules.get("norm_per_1000") is not None else "",
        is_gap_moved=has_gap and (differs(f"{layer}_gap", SAME_GAP) or differs(f"{layer}_places_missing", SAME_GAP)),
        is_walk_moved=differs(f"{layer}_seconds", SAME_SECONDS),
    )


def _only_in(run: ComparedRun, layer: str, lang: str) -> str:
    name, folder = run.layers[layer]["name"], run.folder.name
    return f"{name}：只在 {folder} 中，未比较" if lang == "zh" else f"{name}: in {folder} alone, not compared"


def _other_rules(one: ComparedRun, two: ComparedRun, layer: str, lang: str) -> str:
    """Name the rules of a layer that differ: what changed is then not the supply or the streets alone."""
    at = 0 if lang == "zh" else 1
    pairs = [(names[at], *(run.layers[layer].get(rule) for run in (one, two))) for rule, names in _RULES.items()]
    access = [run.manifest.told["config"]["network"].get("max_access_m") for run in (one, two)]
    pairs.append((("最远接入（米）", "longest access leg in metres")[at], *access))
    told = [f"{name} {_shown(was)} → {_shown(now)}" for name, was, now in pairs if was != now]
    if not told:
        return ""
    name = two.layers[layer]["name"]
    return f"{name}：两次口径不同：{'，'.join(told)}" if lang == "zh" else f"{name}: other rules: {', '.join(told)}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value if value is not None else "-")


def _ordered_groups(run: ComparedRun, layer: str) -> list[str]:
    """Give the layer's own group first."""
    own = group_column(run.layers[layer]["group"])
    return sorted(run.groups, key=lambda g: g != own)


def _rows(one: ComparedRun, two: ComparedRun, layer: str, group: str, unit: pd.Categorical) -> pd.DataFrame:
    people = one.cells[group].to_numpy(np.float64)
    was, now = (run.cells[f"{layer}_covered"].to_numpy(np.bool_) for run in (one, two))
    is_own = group == group_column(one.layers[layer]["group"])
    has_gap = is_own and all(one.layers[layer].get(rule) == two.layers[layer].get(rule) for rule in _GAP_RULES)
    missing = [_places_missing(run, layer) for run in (one, two)]
    has_places = [bool(np.isfinite(values).any()) for values in missing]
    # Where one run counted facilities and the other places, their gaps are of people and of places.
    has_gap = has_gap and has_places[0] == has_places[1]
    sums = {
        "people": people,
        "covered_before": people * was,
        "covered_after": people * now,
        "newly_covered_people": people * (now & ~was),
        "lost_people": people * (was & ~now),
        **{
            f"gap_{when}": run.cells[f"{layer}_gap"].to_numpy(np.float64)
            for when, run in (("before", one), ("after", two))
        },
        "places_missing_before": missing[0],
        "places_missing_after": missing[1],
    }
    by_unit = {
        name: np.bincount(unit.codes, weights=values, minlength=len(unit.categories)) for name, values in sums.items()
    }
    frame = pd.DataFrame({name: np.append(values, values.sum()) for name, values in by_unit.items()})
    frame.insert(0, "unit_id", [*unit.categories, two.manifest.district_id])
    for when in ("before", "after"):
        frame[f"share_{when}"] = (frame[f"covered_{when}"] / frame["people"]).where(frame["people"] > 0)
        frame[f"gap_{when}"] = frame[f"gap_{when}"] if has_gap else np.nan
        frame[f"places_missing_{when}"] = frame[f"places_missing_{when}"] if has_gap and all(has_places) else np.nan
    frame = frame.drop_duplicates("unit_id", keep="last")  # a district without units is its own one
    return frame.assign(layer=layer, group="all" if group == "population" else group)


def _places_missing(run: ComparedRun, layer: str) -> npt.NDArray[np.float64]:
    """Give the places that each piece lacks, NaN where the run had no norm or counted facilities."""
    column = f"{layer}_places_missing"
    if column not in run.cells:  # a run of an earlier version
        return np.full(len(run.cells), np.nan)
    return np.asarray(run.cells[column], dtype=np.float64)


def _changed(one: ComparedRun, two: ComparedRun, layers: list[str], names: dict[str, str]) -> gpd.GeoDataFrame:
    frames = []
    for layer in layers:
        was, now = (run.cells[f"{layer}_covered"].to_numpy(np.int8) for run in (one, two))
        own = group_column(one.layers[layer]["group"])
        at = np.flatnonzero((was != now) & (one.cells[own].to_numpy(np.float64) > 0))
        rows = one.cells.iloc[at]
        frames.append(
            gpd.GeoDataFrame(
                {
                    "layer": layer,
                    "change": (now - was)[at],
                    "people": rows[own].to_numpy(np.float64),
                    "unit_id": rows["unit_id"].to_numpy(object),
                    "unit_name": rows["unit_id"].map(names).to_numpy(object),
                },
                geometry=rows.geometry.to_numpy(),
                crs="EPSG:4326",
            )
        )
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs="EPSG:4326")


def _units(run: ComparedRun, names: dict[str, str]) -> gpd.GeoDataFrame:
    """Put the units' outlines together from their cells, whose corners are rounded so that neighbours' are the same."""
    owner = run.cells["unit_id"].to_numpy()
    pieces = shapely.transform(run.cells.geometry.to_numpy(), lambda xy: np.round(xy, CORNER_DECIMALS))
    ids = sorted(set(owner))
    outlines = [merged(pieces[owner == unit_id], 10.0**-CORNER_DECIMALS) for unit_id in ids]
    columns = {"unit_id": ids, "unit_name": [names[unit_id] for unit_id in ids]}
    return gpd.GeoDataFrame(columns, geometry=outlines, crs="EPSG:4326")
