"""How well a district's cells, facilities and streets fit each other, in words for `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circle15.inputs.ground.partition import metric_scale
from circle15.outputs.result import one_side
from circle15.pipeline.fit.fit_warnings import fit_warnings, nobody_competes, street_warnings
from circle15.pipeline.fit.street_check import street_facts, thin_units, unit_access
from circle15.said import Said

if TYPE_CHECKING:
    from circle15.doctor.findings import Findings
    from circle15.inputs.ground.districts import District
    from circle15.pipeline.study.study import Study

_M2_PER_KM2 = 1e6
_MUCH_ISLAND = 0.05


def check_fit(study: Study, found: Findings) -> None:
    """Tell how well cells and facilities fit the streets."""
    found.warnings.extend([*study.warnings, *street_warnings(study), *fit_warnings(study)])
    if not _may_compete(study):
        found.warnings.append(nobody_competes(study))
    found.systems, found.outlines = dict(study.detections), study.outlines
    found.streets, found.units = street_facts(study), one_side(unit_access(study), found.lang)
    note_district(study.district, found)
    _note_streets(found)
    people = study.people.groups["all"].sum()
    n_cells = len(study.cells.pieces)
    found.note(
        Said("人口", "people"),
        Said(
            f"{people:,.0f} 人，{n_cells} 个网格块；{study.people.label.zh}",
            f"{people:,.0f} in {n_cells} pieces of cells; {study.people.label.en}",
        ),
    )
    if study.chosen is not None:
        level = study.chosen.resolution
        found.note(Said("网格", "cells"), Said(f"H3 {level} 级，", f"H3 resolution {level}, ") + study.chosen.why())
    for profile in dict.fromkeys(layer.profile for layer in study.config.layers):
        at = study.linked_cells(profile)
        n, of = int((at.edge >= 0).sum()), len(at.edge)
        found.note(
            Said("网格", "cells"), Said(f"{profile}：{n}/{of} 接入路网", f"{profile}: {n} of {of} on the network")
        )
    _note_layers(study, found)
    n = len(study.changes)
    if n:
        found.note(
            Said("导入报告", "import"),
            Said(
                f"{n} 行改动或舍去，逐条列于 import_report.xlsx",
                f"{n} values changed or rows left out; a run lists each in import_report.xlsx",
            ),
        )
    _warn_of_thin_units(found)


def _may_compete(study: Study) -> bool:
    """Tell whether anybody beyond the border is on the network; whom they reach only a run knows."""
    around = study.around
    profiles = {layer.profile for layer in study.config.layers}
    return around is not None and any((study.linked_around(around, p).edge >= 0).any() for p in profiles)


def note_district(district: District, found: Findings) -> None:
    """Tell the district's size and units."""
    scale = metric_scale(district.geometry)
    km2 = district.geometry.area * scale[0] * scale[1] / _M2_PER_KM2
    n = len(district.units)
    found.note(
        Said("区界", "district"),
        Said(
            f"{district.name}（{district.id}），{km2:,.2f} 平方公里，{n} 个街道",
            f"{district.name} ({district.id}), {km2:,.2f} km2, {n} unit{'s' if n != 1 else ''}",
        ),
    )
    if district.n_outside:
        found.note(
            Said("区外街道", "units elsewhere"),
            Said(
                f"另有 {district.n_outside} 个街道不在区内，未采用",
                f"{district.n_outside} more have no ground in the district and are left out",
            ),
        )
    if district.sliver_m2 >= 1:
        found.note(
            Said("细缝", "gaps"),
            Said(
                f"街道之间及沿区界的细小缝隙共 {district.sliver_m2:,.0f} 平方米，已归相邻街道",
                f"narrow gaps between units and along the border, {district.sliver_m2:,.0f} m2 in all, went to"
                " their neighbours",
            ),
        )


def _note_streets(found: Findings) -> None:
    s = found.streets
    found.note(
        Said("路网", "network"),
        Said(
            f"{s['nodes']:,} 个节点，{s['edges']:,} 条边，{s['street_km']:,.1f} 公里；"
            f"{s['components']} 个连通分量，其中孤岛 {s['islands']} 个，共 {s['island_km']:,.1f} 公里",
            f"{s['nodes']:,} nodes, {s['edges']:,} edges, {s['street_km']:,.1f} km; {s['components']} components,"
            f" {s['islands']} of them islands with {s['island_km']:,.1f} km",
        ),
    )
    found.note(
        Said("断头路", "dead ends"),
        Said(
            f"区内 {s['dead_ends_in_district']} 处，占路口与断头的 {s['dead_end_share']:.0%}",
            f"{s['dead_ends_in_district']} in the district, {s['dead_end_share']:.0%} of junctions and ends",
        ),
    )
    if s["opened_by_day"] or s["closed_by_day"]:
        found.note(
            Said("分时通行", "by the hour"),
            Said(
                f"按白天计：{s['opened_by_day']} 处道路或门视为开放（夜间关闭），"
                f"{s['closed_by_day']} 处视为关闭（仅夜间开放）",
                f"as in daytime: {s['opened_by_day']} streets or gates count as open (closed at night),"
                f" {s['closed_by_day']} as closed (open at night alone)",
            ),
        )
    if s["island_km"] > _MUCH_ISLAND * s["street_km"]:
        share = s["island_km"] / s["street_km"]
        found.warnings.append(
            Said(
                f"路网中 {share:.0%} 的道路与主网不连通（{s['islands']} 个孤岛），设施和网格不会接到其上",
                f"{share:.0%} of the streets are cut off from the main network ({s['islands']} islands); nothing is"
                " linked to them",
            )
        )


def _note_layers(study: Study, found: Findings) -> None:
    access, limit = study.facility_access_m(), study.config.network.max_access_m
    for layer in study.config.layers:
        of_layer = access[study.rows_of(layer.id)]
        n, on = len(of_layer), int((of_layer >= 0).sum())
        counts = study.counts["facilities"][layer.id]
        found.note(
            Said("设施", "layer"),
            Said(
                f"{layer.name}（{layer.id}）：读入 {counts['read']}，范围外 {counts['beyond_buffer']}，"
                f"研究范围内 {n}，接入路网 {on}",
                f"{layer.name} ({layer.id}): {counts['read']} read, {counts['beyond_buffer']} beyond the study"
                f" area, {n} in it, {on} on the network",
            ),
        )
        if on < n:
            found.warnings.append(
                Said(
                    f"{layer.name}：{n - on} 处设施距任何可步行街道超过 {limit:g} 米，将列入 unlinked.csv",
                    f"{layer.name}: {n - on} facilities are farther than {limit:g} m from any walkable street and will"
                    " be listed in unlinked.csv",
                )
            )


def _warn_of_thin_units(found: Findings) -> None:
    if found.units is None:
        return
    whole = found.units["street_km_per_km2"].iloc[-1]
    for row in thin_units(found.units).itertuples():
        found.warnings.append(
            Said(
                f"{row.unit_name}：建成区步行道路 {row.street_km_per_km2:.1f} 公里/平方公里，全区 {whole:.1f}，"
                "OSM 可能漏绘，该街道结果可能偏低",
                f"{row.unit_name}: {row.street_km_per_km2:.1f} km of street per built-up km2 against {whole:.1f} in the"
                " district: mapped thinly, probably; its results may be too low",
            )
        )
