"""Tables of the report that a run may or may not have: gaps and the portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from circle15.measures.portrait import DIMENSIONS
from circle15.outputs.dictionary import entry
from circle15.outputs.shared_words import words
from circle15.outputs.text import column_texts

if TYPE_CHECKING:
    from circle15.outputs.result import DistrictResult

Value = dict[str, Any]
# Columns of the portrait that a reader of the report needs, in order.
PORTRAIT = ("unit_name", *DIMENSIONS, "n_overloaded", "n_idle", "worst_dimension", "index", "rank")
GAPS = ("norm", "supply", "accessible_supply", "need", "gap", "places_missing")
FEWEST_DIMENSIONS = 2


def extra_tables(result: DistrictResult) -> list[Value]:
    """Give the chapters of tables that the run has, ready to print."""
    return [chapter for chapter in (_gaps(result), _portrait(result)) if chapter is not None]


def _portrait(result: DistrictResult) -> Value | None:
    """Give the portraits of streets and, apart, of communities; None where there is nothing to compare."""
    say = words(result.lang)
    table = result.tables.portrait
    if table is None or len(result.units) < 2:  # noqa: PLR2004 (one unit has nobody to stand beside)
        return None
    shown = [c for c in PORTRAIT if c in table.columns and (c in DIMENSIONS or table[c].notna().any())]
    if sum(table[c].notna().any() for c in DIMENSIONS if c in shown) < FEWEST_DIMENSIONS:
        return None
    entries = [entry("portrait", c) for c in shown]
    headings = [c if e is None else e.heading(result.lang) for c, e in zip(shown, entries, strict=True)]
    levels = table["level"] if "level" in table else pd.Series("town", index=table.index)
    parts = []
    for level, caption in (("town", say["units"]), ("community", say["communities"])):
        own = table[levels == level]
        if len(own):
            parts.append({"caption": caption, **_printed([own[c] for c in shown], headings, say["no_data"])})
    return {"title": say["portrait_title"], "parts": parts, "note": say["portrait_note"]}


def _gaps(result: DistrictResult) -> Value | None:
    """Give supply, need and gap of each layer that has a norm, a row per unit."""
    say = words(result.lang)
    table = result.tables.gaps
    own = pd.DataFrame() if table is None else table[table["norm"].notna()]
    if own.empty:
        return None
    names = {layer.id: layer.name for layer in result.layers}
    gaps = [c for c in GAPS if c in own]
    columns = [own["unit_name"], own["layer"].map(names), *(own[c] for c in gaps), own["gap_unit"]]
    headings = [say[k] for k in ("unit", "service", *gaps, "supply_unit")]
    return {
        "title": say["gaps_title"],
        "parts": [{"caption": "", **_printed(columns, headings, say["no_data"])}],
        "note": say["gaps_note"],
    }


def _printed(columns: list[pd.Series[Any]], headings: list[str], no_data: str) -> Value:
    """Give one table; norms keep two decimals, since 4.55 places are not 4.6."""
    texts, kinds = [], []
    for column in columns:
        is_number = pd.api.types.is_numeric_dtype(column)
        decimals = 2 if column.name == "norm" else 1
        kinds.append("number" if is_number else "")
        texts.append(
            column_texts(column.astype(float), no_data, decimals=decimals)
            if is_number
            else [no_data if pd.isna(v) or v == "" else str(v) for v in column]
        )
    return {"headings": headings, "kinds": kinds, "rows": list(zip(*texts, strict=True))}
