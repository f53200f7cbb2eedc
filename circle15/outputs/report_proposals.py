"""The report's chapters of what is proposed: ranked places, planned projects, and the programme over the years."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from circle15.outputs.certainty_words import held_sentences, word
from circle15.outputs.missing_links import missing_links
from circle15.outputs.proposals import held_share, where_text
from circle15.outputs.text import group_of, people_text, plain_number, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from circle15.outputs.result import LayerInfo
    from circle15.outputs.shared_words import Words
    from circle15.outputs.view import View

Value = dict[str, Any]
PROJECTS_PER_LAYER = 5
MOST_ROWS = 40


def proposal_chapters(view: View) -> list[Value]:
    """Give the chapters that the run has: title, parts of headings, kinds and rows, and a note."""
    found = (_programme(view), _ranking(view), _projects(view), _links(view))
    return [chapter for chapter in found if chapter is not None]


def _ranking(view: View) -> Value | None:
    table = view.result.tables.ranking
    if table is None:
        return None
    say = view.say
    own = table.groupby("layer", sort=False).head(PROJECTS_PER_LAYER)
    if not len(own):
        return {"title": say["top_projects"], "parts": [], "note": say["no_sites"]}
    shown = [(say["rank"], "number", lambda row, _: str(int(row.rank))), *_columns(view, own)]
    shown.append((say["cumulative"], "number", lambda row, _: people_text(row.cumulative_people)))
    held = held_sentences(view.result)
    return {"title": say["top_projects"], "parts": [_part(view, "", own, shown)],
            "note": " ".join([*held, say["top_projects_note"]])}  # fmt: skip


def _projects(view: View) -> Value | None:
    table = view.result.tables.projects
    if table is None or not len(table):
        return None
    say = view.say
    shown = _columns(view, table)
    if table["is_duplicate"].any():
        duplicate = say["duplicates"]
        shown.append((duplicate, "", lambda row, _: str(row.overlaps_with) if row.is_duplicate else ""))
    return {"title": say["projects"], "parts": [_part(view, "", table.head(MOST_ROWS), shown)], "note": ""}


def _programme(view: View) -> Value | None:
    say, table, proof = view.say, view.result.tables.programme, view.result.tables.programme_proof
    if table is None or proof is None:
        return None
    year = (say["year_built"], "number", lambda row, _: str(int(row.year)))
    parts = [_part(view, "", table.head(MOST_ROWS), [year, *_columns(view, table)])] if len(table) else []
    goals, money = view.result.tables.programme_goals, view.result.tables.programme_years
    if goals is not None and len(goals):
        parts.append(_goals(goals, say))
    if money is not None and money["budget"].notna().any():
        parts.append(_money(money, say))
    note = ("；" if view.result.lang == "zh" else "; ").join(proof["statement"].astype(str))
    return {"title": say["programme"], "parts": parts, "note": note}


def _links(view: View) -> Value | None:
    found = list(missing_links(view))[:MOST_ROWS]
    if not found:
        return None
    labels = [label for label, _ in found[0].rows]
    # People of several services stand in one column: each is named in the link's title.
    names = view.unit_names()
    places = ["\n".join(part for part in (str(names.get(link.unit_id, "")), link.where) if part) for link in found]
    rows = [[link.title, at, *(value for _, value in link.rows)] for link, at in zip(found, places, strict=True)]
    headings = [view.say["missing_link"], view.say["unit"], view.say["newly_covered"], *labels[1:]]
    kinds = ["", "lines", *("number" for _ in labels)]
    return {"title": view.say["links"], "parts": [{"caption": "", "headings": headings, "kinds": kinds, "rows": rows}],
            "note": ""}  # fmt: skip


def _columns(view: View, table: pd.DataFrame) -> list[Any]:
    """Give heading, kind and text of the columns that a table of places can fill."""
    say, names = view.say, view.unit_names()
    columns: list[Any] = []
    heading = say["name_and_where"] if _has(table, "name") else say["where"]
    columns.append((heading, "lines", lambda row, _: _where(row, view, names)))
    if "capacity" in table and table["capacity"].notna().any():
        columns.append((say["capacity_new"], "lines", _capacity))
    has_cost = "cost" in table and table["cost"].notna().any()
    if has_cost:
        columns.append((say["cost_heading"], "number", lambda row, _: _plain(row.cost)))
    columns.append((say["alone"], "number", lambda row, _: people_text(row.alone_covered_people)))
    columns.append((say["newly_short"], "number", lambda row, _: people_text(row.newly_covered_people)))
    if has_cost:
        columns.append((say["per_cost_short"], "number", lambda row, _: _plain(row.people_per_cost, 2)))
    if "chosen_share" in table and table["chosen_share"].notna().any():
        columns.append((word("held", view.result.lang), "number", lambda row, _: held_share(row)))
    return columns


def _has(table: pd.DataFrame, column: str) -> bool:
    return column in table and bool((table[column].astype(str) != "").any())


def _where(row: Any, view: View, names: Mapping[str, str]) -> str:
    """Give the name and, on a line of its own, the street with what is known of the place."""
    between = "，" if view.result.lang == "zh" else ", "
    place = where_text(row, view.result.lang) or f"{row.lon:.5f}, {row.lat:.5f}"
    around = between.join(part for part in (str(names.get(row.unit_id, "")), place) if part)
    return "\n".join(part for part in (str(getattr(row, "name", "") or ""), around) if part)


def _capacity(row: Any, layer: LayerInfo) -> str:
    """Give the capacity and, on a line of its own, where it was taken from."""
    if math.isnan(row.capacity):
        return ""
    held = f"{_plain(row.capacity)} {layer.capacity_unit or ''}".strip()
    return "\n".join(part for part in (held, str(getattr(row, "capacity_from", "") or "")) if part)


def _plain(value: float, decimals: int = 1) -> str:
    return "" if math.isnan(value) else plain_number(value, decimals, separator=",")


def _part(view: View, caption: str, table: pd.DataFrame, columns: list[Any]) -> Value:
    layers = {layer.id: layer for layer in view.result.layers}
    lang = view.result.lang
    rows = []
    row: Any
    for row in table.itertuples(index=False):
        if row.layer in layers:
            layer = layers[row.layer]
            rows.append([_service(layer, lang), *(text(row, layer) for _, _, text in columns)])
    return {
        "caption": caption,
        "headings": [view.say["service"], *(heading for heading, _, _ in columns)],
        "kinds": ["", *(kind for _, kind, _ in columns)],
        "rows": rows,
    }


def _service(layer: LayerInfo, lang: str) -> str:
    return layer.name if layer.group == "all" else f"{layer.name} ·{spaced(group_of(layer.group, lang), lang) or ''}"


def _goals(goals: pd.DataFrame, say: Words) -> Value:
    rows = [
        [str(row.goal), say["met"] if row.is_met else say["not_met"], str(row.would_meet)]
        for row in goals.itertuples(index=False)
    ]
    has_more = any(row[2] for row in rows)
    headings = [say["goal"], say["status"], *([say["would_meet"]] if has_more else [])]
    return {"caption": say["goals"], "headings": headings, "kinds": [""] * len(headings),
            "rows": [row[: len(headings)] for row in rows]}  # fmt: skip


def _money(money: pd.DataFrame, say: Words) -> Value:
    rows = []
    row: Any
    for row in money.itertuples(index=False):
        amounts = [_plain(value) for value in (row.budget, row.spent, row.left)]
        rows.append([str(int(row.year)), str(row.pot), *amounts, str(row.pot_unit)])
    headings = [say[k] for k in ("year", "pot", "budget", "spent", "left_over", "money_word")]
    return {"caption": say["money"], "headings": headings, "kinds": ["", "", "number", "number", "number", ""],
            "rows": rows}  # fmt: skip
