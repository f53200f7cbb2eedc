"""note.html: one or more scenarios side by side on one page: what they change, who gains, who loses, per street."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from circle15.outputs.difference import GAINED, LOST
from circle15.outputs.difference_tables import gap_texts, is_moved, own_rows, signed_people
from circle15.outputs.drawing import path_of, plane_of
from circle15.outputs.page_parts import template_text
from circle15.outputs.palette import ACCENT, INK
from circle15.outputs.shown_changes import change_facts, scenario_title
from circle15.outputs.text import group_of, share_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from circle15.outputs.drawing import Plane
    from circle15.outputs.shown_changes import ShownChange


@dataclass(frozen=True, slots=True)
class NotedScenario:
    """One run beside the one that it is compared with."""

    name: str  # what it is called where its changes have no title
    table: pd.DataFrame  # rows of scenario.csv
    changed: gpd.GeoDataFrame  # layer, change, geometry
    changes: tuple[ShownChange, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotedBase:
    """What all scenarios of a note share."""

    district: str
    lang: str
    units: gpd.GeoDataFrame  # unit_id, unit_name, geometry
    layers: Mapping[str, str]  # names by id
    groups: Mapping[str, str]  # whom each is for, by id
    capacity_units: Mapping[str, str]  # by id
    sources: tuple[str, ...]


def write_note(base: NotedBase, scenarios: Sequence[NotedScenario], path: Path) -> None:
    """Write the note as one HTML file that prints on a lying A4 sheet and asks for nothing from outside."""
    is_zh = base.lang == "zh"
    title = f"{base.district}：方案比较" if is_zh else f"{base.district}: scenarios compared"
    plane = plane_of(gpd.GeoDataFrame(geometry=base.units.geometry, crs=base.units.crs))
    columns = "".join(_scenario(base, scenario, number, plane) for number, scenario in enumerate(scenarios, start=1))
    foot = " · ".join(html.escape(source) for source in base.sources)
    lang = "zh-Hans" if is_zh else "en"
    page = (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title>'
        f'<link rel="icon" href="data:,"><style>{template_text("note.css")}</style></head><body><main>'
        f"<h1>{html.escape(title)}</h1>{_overall(base, scenarios)}"
        f'<div class="columns">{columns}</div><footer>{foot}</footer></main></body></html>\n'
    )
    path.write_text(page, encoding="utf-8", newline="\n")


def name_of(scenario: NotedScenario, lang: str) -> str:
    """Name a scenario by its changes, else as its folder is called."""
    return scenario_title(scenario.changes, lang) or scenario.name


def _overall(base: NotedBase, scenarios: Sequence[NotedScenario]) -> str:
    """Give the services of the whole district, before and under each scenario."""
    is_zh = base.lang == "zh"
    heads = ("服务", "人群", "现状") if is_zh else ("Service", "Group", "As it is")
    under = ("覆盖率", "新增覆盖", "不再覆盖", "缺口") if is_zh else ("Share", "Gained", "Lost", "Gap")
    tops = "".join(f'<th rowspan="2">{head}</th>' for head in heads)
    tops += "".join(
        f'<th colspan="{len(under)}">{n} {html.escape(name_of(s, base.lang))}</th>' for n, s in enumerate(scenarios, 1)
    )
    second = "".join(f"<th>{head}</th>" for _ in scenarios for head in under)
    body = []
    for layer, name in base.layers.items():
        rows: list[Any] = [_whole(scenario.table, layer) for scenario in scenarios]
        first = next((row for row in rows if row is not None), None)
        if first is None:
            continue
        cells = [
            html.escape(name),
            html.escape(group_of(base.groups[layer], base.lang)),
            share_text(first["share_before"]),
        ]
        for row in rows:
            cells += ["–"] * len(under) if row is None else [
                share_text(row["share_after"]),
                signed_people(row["newly_covered_people"], "+") or "0",
                signed_people(row["lost_people"], "\N{MINUS SIGN}") or "0",
                gap_texts(row) or "–",
            ]  # fmt: skip
        body.append(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    return (
        f'<table class="overall"><thead><tr>{tops}</tr><tr>{second}</tr></thead><tbody>{"".join(body)}</tbody></table>'
    )


def _whole(table: pd.DataFrame, layer: str) -> Any:
    rows = own_rows(table, layer)
    return rows.iloc[-1].to_dict() if len(rows) else None


def _scenario(base: NotedBase, scenario: NotedScenario, number: int, plane: Plane) -> str:
    """Give a scenario's block: its changes, its map, its streets."""
    is_zh = base.lang == "zh"
    facts = change_facts(scenario.changes, base.lang, base.layers, base.capacity_units)
    colon = "：" if is_zh else ": "
    changes = "".join(f"<li>{html.escape(f'{kind}{colon}{text}')}</li>" for kind, text in facts)
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in scenario.notes)
    return (
        f"<section><h2>{number} {html.escape(name_of(scenario, base.lang))}</h2><ul>{changes}</ul>"
        f"{_map(base, scenario, plane)}{_streets(base, scenario)}{notes}</section>"
    )


def _streets(base: NotedBase, scenario: NotedScenario) -> str:
    """Give one line per street and service that differs."""
    is_zh = base.lang == "zh"
    heads = ("街道", "服务", "实施前", "实施后", "新增", "减少", "缺口") if is_zh else (
        "Unit", "Service", "Before", "After", "Gained", "Lost", "Gap"
    )  # fmt: skip
    body = []
    for layer, name in base.layers.items():
        for row in own_rows(scenario.table, layer).iloc[:-1].to_dict("records"):
            if is_moved(row):
                cells = (
                    html.escape(str(row["unit_name"])), html.escape(name), share_text(row["share_before"]),
                    share_text(row["share_after"]), signed_people(row["newly_covered_people"], "+"),
                    signed_people(row["lost_people"], "\N{MINUS SIGN}"), gap_texts(row),
                )  # fmt: skip
                body.append(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    if not body:
        return f"<p>{'各街道无变化' if is_zh else 'No street differs'}</p>"
    tops = "".join(f"<th>{head}</th>" for head in heads)
    return f"<table><thead><tr>{tops}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _map(base: NotedBase, scenario: NotedScenario, plane: Plane) -> str:
    """Draw the streets' outlines, cells that any service gained or lost, and the changes."""
    x, y, width, height = plane.box(base.units.total_bounds, 0.03)
    thin = width / 400
    outlines = path_of(base.units.geometry.to_numpy(), plane)
    drawn = [f'<path d="{outlines}" fill="none" stroke="{INK}" stroke-width="{thin}"/>']
    for sign, colour in ((1, GAINED), (-1, LOST)):
        shapes = scenario.changed.geometry[scenario.changed["change"] == sign].to_numpy()
        if len(shapes):
            path = path_of(np.array([shapely.union_all(shapes, grid_size=1e-7)], dtype=object), plane)
            drawn.append(f'<path d="{path}" fill="{colour}" fill-opacity="0.85"/>')
    for change in scenario.changes:
        is_closed = change.kind in {"close_facility", "close_path"}
        colour = INK if is_closed else ACCENT
        for line in change.lines:
            points = " ".join(f"{px},{py}" for px, py in plane.steps(np.asarray(line, dtype=np.float64)).tolist())
            dash = f' stroke-dasharray="{thin * 2} {thin * 4}"' if is_closed else ""
            drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{thin * 5}"{dash}/>')
        if change.lon is not None and change.lat is not None:
            px, py = plane.steps(np.array([[change.lon, change.lat]]))[0].tolist()
            drawn.append(
                f'<circle cx="{px}" cy="{py}" r="{thin * 7}" fill="#fff" stroke="{colour}" stroke-width="{thin * 3}"/>'
            )
    is_zh = base.lang == "zh"
    keys = (
        (GAINED, "新增覆盖", "newly covered"), (LOST, "不再覆盖", "no longer covered"),
        (ACCENT, "新增或调整", "new, resized"), (INK, "撤销或封闭", "closed"),
    )  # fmt: skip
    legend = "".join(f'<span><i style="background:{c}"></i>{zh if is_zh else en}</span>' for c, zh, en in keys)
    return f'<svg viewBox="{x} {y} {width} {height}">{"".join(drawn)}</svg><p class="legend">{legend}</p>'
