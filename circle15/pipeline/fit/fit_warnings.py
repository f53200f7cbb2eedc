"""What a planner must know of how a study's parts fit each other: one line each, for maps, tables and `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3
import numpy as np

from circle15.inputs.people.beyond import is_covered
from circle15.pipeline.fit.capacities import capacity_warnings
from circle15.pipeline.fit.islands import island_warnings
from circle15.pipeline.fit.people_fit import people_fit_warnings
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.pipeline.study.study import Study


MUCH_OFF = 0.01
"""Share of the people off the network above which a run says so; unlinked.csv names every cell anyway."""


def fit_warnings(study: Study) -> list[Said]:
    """Say what is off the network, which thresholds fit neither cells nor buffer, and what lacks a capacity."""
    return [
        *people_fit_warnings(study),
        *_people_off(study),
        *_new_facilities_off(study),
        *island_warnings(study),
        *_coarse_cells(study),
        *_thresholds(study),
        *capacity_warnings(study),
    ]


def nobody_competes(study: Study) -> Said:
    """Say that nobody from beyond the border competes for supply, and why."""
    config = study.config
    why = Said("人口来源不含区外居民", "the population source tells of nobody beyond the border")
    if study.around is not None:
        why = Said("区外居民步行到不了任何设施", "nobody there can walk to a facility")
    elif config.population.buffer_demand is False:
        why = Said("配置 population.buffer_demand = false", "the config says population.buffer_demand = false")
    elif not is_covered(config):
        why = Said("人口来源只含本区", "the population source is of the district alone")
    return Said(
        f"区外居民未计入供需分配（{why.zh}），区界附近人均供给可能偏高",
        f"people beyond the border do not compete for supply ({why.en}); supply per person near it may be too high",
    )


def _people_off(study: Study) -> list[Said]:
    people = study.people.groups["all"].to_numpy(np.float64)
    everybody, of_cell = people.sum(), study.cells.cell_of_piece
    found: dict[tuple[int, float], list[str]] = {}
    for profile in dict.fromkeys(layer.profile for layer in study.config.layers):
        is_off = (study.linked_cells(profile).edge < 0)[of_cell] & (people > 0)
        n_off, people_off = len(np.unique(of_cell[is_off])), float(people[is_off].sum())
        if people_off > MUCH_OFF * everybody:
            found.setdefault((n_off, people_off), []).append(profile)
    return [
        Said(
            f"{n} 个网格的 {heads:,.0f} 人（{heads / everybody:.1%}）未接入路网（{'、'.join(profiles)}），"
            "可及性未知，各覆盖率旁另列，见 unlinked.csv",
            f"{heads:,.0f} people ({heads / everybody:.1%}) in {n} cells are off the network ({', '.join(profiles)})"
            ": how far they walk is unknown, and they are told beside each share; see unlinked.csv",
        )
        for (n, heads), profiles in found.items()
    ]


def _new_facilities_off(study: Study) -> list[Said]:
    if not any(change.kind == "add_facility" for change in study.config.changes):
        return []
    is_new = (study.facilities["source"] == f"{study.config.path.name}:change").to_numpy()
    rows = np.flatnonzero(is_new & np.isnan(study.facility_access_m()))
    limit = study.config.network.max_access_m
    return [
        Said(
            f"新增设施“{name}”（{layer}）未接入路网，服务不到任何人：{limit:g} 米内没有可步行的街道",
            f"the new facility {name!r} ({layer}) is off the network and reaches nobody: no walkable street within"
            f" {limit:g} m",
        )
        for name, layer in study.facilities[["name", "layer"]].iloc[rows].itertuples(index=False)
    ]


def _coarse_cells(study: Study) -> list[Said]:
    config, resolution = study.config, study.cells.resolution
    across_m = h3.average_hexagon_edge_length(resolution, unit="m") * np.sqrt(3.0)
    shortest = min(config.layers, key=config.threshold_m)
    if across_m <= config.threshold_m(shortest) / 2:
        return []
    return [
        Said(
            "网格过粗：分辨率 {resolution} 的网格宽约 {across_m:,.0f} 米，而{service}的步行距离只有"
            " {walk_m:,.0f} 米；请提高 cells.resolution",
            "cells of resolution {resolution} are about {across_m:,.0f} m across, too coarse for {service}'s"
            " walk of {walk_m:,.0f} m; raise cells.resolution",
        ).format(resolution=resolution, across_m=across_m, service=shortest.name, walk_m=config.threshold_m(shortest))
    ]


def _thresholds(study: Study) -> list[Said]:
    config, found = study.config, []
    for layer in config.layers:
        n = len(study.rows_of(layer.id))
        if 0 < n < layer.min_count:
            found.append(
                Said(
                    f"{layer.name}：min_count = {layer.min_count}，而只有 {n} 处设施，无人能达标",
                    f"{layer.name}: min_count = {layer.min_count}, but there are {n} facilities; nobody is covered",
                )
            )
    buffer_m, longest = config.buffer_m(), max(config.threshold_m(layer) for layer in config.layers)
    if buffer_m < longest:
        found.append(
            Said(
                f"network.buffer_m = {buffer_m:g} 米，短于最长的步行距离 {longest:,.0f} 米，靠近区界处结果可能偏低",
                f"network.buffer_m = {buffer_m:g} m is shorter than the longest walk, {longest:,.0f} m; results near"
                " the border may be too low",
            )
        )
    return found


def street_warnings(study: Study) -> list[Said]:
    """Say which of the user's paths miss the streets, and how many links would have crossed a hard border."""
    found = [
        Said(
            f"自设路径 {end} 距最近道路 {miss_m:.1f} 米，未接入",
            f"own path {end} misses the nearest street by {miss_m:.1f} m and does not join it",
        )
        for end, miss_m in study.network.report.path_ends_missed
    ]
    profiles = sorted({layer.profile for layer in study.config.layers})
    cells = max(int(study.linked_cells(p).skipped_border.sum()) for p in profiles)
    facilities = int(study.facility_skipped_border().sum())
    if cells + facilities:
        counted = [(cells, "个网格", "cells"), (facilities, "处设施", "facilities")]
        zh = "、".join(f"{n} {what}" for n, what, _ in counted if n)
        en = " and ".join(f"{n} {what}" for n, _, what in counted if n)
        found.append(
            Said(
                f"{zh}的最近道路隔着河流、铁路、快速路、围墙或自设边界，改接本侧最近道路",
                f"{en} stand nearest to a street behind a river, railway,"
                " expressway, wall or own border; they are linked to the nearest street on their side",
            )
        )
    return found
