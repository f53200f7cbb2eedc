"""Places that are proposed, in words: ranked ones, planned projects, and the programme's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from circle15.outputs.certainty_words import word
from circle15.outputs.text import group_of, people_text, plain_number, share_text, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from circle15.outputs.result import DistrictResult, LayerInfo
    from circle15.outputs.shared_words import Words
    from circle15.outputs.view import View


@dataclass(frozen=True, slots=True)
class Proposal:
    """One place that may be built on, as pages show it."""

    kind: str  # "ranking" | "projects" | "programme"
    layer: int  # row of the result's layers
    number: int  # rank, or order of building
    lon: float
    lat: float
    unit_id: str
    title: str
    where: str  # by which road, in which community; "" where neither is known
    rows: tuple[tuple[str, str], ...]  # label and value


def proposals(view: View, kind: str) -> Iterator[Proposal]:
    """Give the places of one table in its order."""
    table = places_of(view.result)[kind]
    if table is None:
        return
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    row: Any
    for row in table.itertuples(index=False):
        if row.layer not in position:
            continue
        layer = view.result.layers[position[row.layer]]
        number = int(row.rank if kind == "ranking" else row.order)
        yield Proposal(
            kind=kind,
            layer=position[row.layer],
            number=number,
            lon=float(row.lon),
            lat=float(row.lat),
            unit_id=str(row.unit_id),
            title=_title(row, kind, layer, number, view.say),
            where=where_text(row, view.result.lang),
            rows=tuple(fact for fact in _facts(row, kind, layer, view) if fact[1]),
        )


def places_of(result: DistrictResult) -> dict[str, pd.DataFrame | None]:
    """Give the tables of proposed places by their names, None where the run has none."""
    return {
        "ranking": result.tables.ranking,
        "projects": result.tables.projects,
        "programme": result.tables.programme,
    }


def where_text(row: Any, lang: str) -> str:
    """Say by which road and in which community a row's place is; "" where neither is known."""
    parts = [str(getattr(row, name, "") or "") for name in ("road", "community")]
    return ("，" if lang == "zh" else ", ").join(part for part in parts if part)


def _title(row: Any, kind: str, layer: LayerInfo, number: int, say: Words) -> str:
    name = str(getattr(row, "name", "") or "")
    if kind == "programme":
        return f"{layer.name} · {int(row.year)} · {name or number}"
    what = f"{say['site']} {number}" if kind == "ranking" else f"{say['project']} {number}"
    return " · ".join(part for part in (layer.name, what, name) if part)


def _facts(row: Any, kind: str, layer: LayerInfo, view: View) -> Iterator[tuple[str, str]]:
    say, unit = view.say, layer.capacity_unit or ""
    whom = spaced(group_of(layer.group, view.result.lang), view.result.lang)
    if kind == "programme":
        yield say["year_built"], str(int(row.year))
        yield say["is_decided"], say["yes"] if row.is_decided else ""
    yield say["where"], where_text(row, view.result.lang)
    gains = [("newly_covered_of", row.newly_covered_people), ("alone_covered_of", row.alone_covered_people)]
    gains += [("cumulative_of", row.cumulative_people)] if kind == "ranking" else []
    for key, people in gains:
        yield say[key].format(group=whom), amount_text(people, say["people_unit"], 0)
    if layer.norm_per_1000:
        yield say["gap_filled"], amount_text(row.gap_filled, unit)
        yield say["places_filled"], amount_text(getattr(row, "places_filled", math.nan), unit)
    source = str(getattr(row, "capacity_from", "") or "")
    held = amount_text(getattr(row, "capacity", math.nan), unit)
    yield say["capacity_new"], (say["in_brackets"].format(a=held, b=source) if held and source else held)
    cost = getattr(row, "cost", math.nan)
    yield say["cost"], amount_text(cost, say["money_unit"])
    if not math.isnan(cost) and cost > 0:
        yield say["people_per_cost"], amount_text(float(row.newly_covered_people) / cost, "", 2)
    if kind == "projects" and row.overlaps_with and row.is_duplicate:
        yield say["duplicates"], str(row.overlaps_with)
    yield word("held", view.result.lang), held_share(row)
    yield say["cell"], str(row.cell)


def held_share(row: Any) -> str:
    """Write in which share of the draws a place is chosen; "" where nothing was drawn."""
    share = float(getattr(row, "chosen_share", math.nan))
    return "" if math.isnan(share) else share_text(share)


def amount_text(value: float, unit: str, decimals: int = 1) -> str:
    """Give an amount with its unit; "" where it is not known."""
    if math.isnan(value):
        return ""
    text = people_text(value) if decimals == 0 else plain_number(value, decimals, separator=",")
    return f"{text} {unit}".strip()
