"""Tables of the report that a run may or may not have: gaps, portrait, targets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from circle15.outputs.dictionary import entry
from circle15.outputs.text import plain_number, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from circle15.outputs.result import DistrictResult

# Columns of each table that a reader of the report needs, in order.
PORTRAIT = ("unit_name", "匹配度", "可及度", "饱和度", "满意度", "worst_dimension", "index", "rank")
TARGETS = ("indicator", "unit", "year", "target", "actual", "status", "document_id", "location")


def extra_tables(result: DistrictResult) -> list[dict[str, Any]]:
    """Give the tables that the run has, ready to print."""
    say = words(result.lang)
    found = []
    gaps = _gaps(result)
    if gaps is not None:
        found.append(gaps)
    portrait = result.tables.get("portrait")
    if portrait is not None and len(portrait):
        found.append(_printed(result, "portrait", say["portrait_title"], portrait, PORTRAIT))
    targets = result.tables.get("targets")
    if targets is not None and len(targets):
        found.append(_targets(result, targets))
    return found


def _targets(result: DistrictResult, targets: pd.DataFrame) -> dict[str, Any]:
    """Give the targets that are decided; of the others, which may be a hundred, the report says how many there are."""
    say = words(result.lang)
    decided = targets[targets["actual"].notna()]
    printed = _printed(result, "targets", say["targets_title"], decided, TARGETS)
    n = len(targets) - len(decided)
    printed["note"] = say["targets_without_data"].format(n=n) if n else ""
    return printed


def _printed(
    result: DistrictResult, name: str, title: str, table: pd.DataFrame, columns: Sequence[str]
) -> dict[str, Any]:
    shown = [c for c in columns if c in table.columns]
    entries = [entry(name, c) for c in shown]
    headings = [c if e is None else e.heading(result.lang) for c, e in zip(shown, entries, strict=True)]
    rows = [[_cell(row[c], result.lang, c) for c in shown] for _, row in table.iterrows()]
    kinds = ["number" if all(_is_number(v) for v in table[c]) else "" for c in shown]
    return {"title": title, "headings": headings, "kinds": kinds, "rows": rows, "note": ""}


def _gaps(result: DistrictResult) -> dict[str, Any] | None:
    """Give supply, need and gap of each layer that has a norm, a row per unit."""
    say = words(result.lang)
    table = result.tables.get("gaps")
    if table is None:
        return None
    own = table[table["norm"].notna()]
    if own.empty:
        return None
    names = {layer.id: layer.name for layer in result.layers}
    rows = [
        [
            str(row["unit_name"]),
            names.get(row["layer"], str(row["layer"])),
            plain_number(float(row["norm"]), 2),
            _cell(row["supply"], result.lang),
            _cell(row["need"], result.lang),
            f"{_cell(row['gap'], result.lang)} {row['gap_unit']}",
        ]
        for _, row in own.iterrows()
    ]
    headings = [say[k] for k in ("unit", "service", "norm", "supply", "need", "gap")]
    return {
        "title": say["gaps_title"],
        "headings": headings,
        "kinds": ["", "", *["number"] * 4],
        "rows": rows,
        "note": "",
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _cell(value: Any, lang: str, column: str = "") -> str:
    """Write one value: numbers with one decimal, missing ones as no data, a status and a year as such."""
    if column == "status":
        return words(lang).get(f"status_{value}", str(value))
    if column == "year" and isinstance(value, float) and not math.isnan(value):
        return str(int(value))
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return words(lang)["no_data"]
    return plain_number(float(value)) if isinstance(value, float) else str(value)
