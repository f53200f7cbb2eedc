"""What differs per street and service, as tables of the difference page and of the note."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from circle15.outputs.text import people_text, quantity_text, share_text

if TYPE_CHECKING:
    import pandas as pd

    from circle15.outputs.shared_words import Words

NOBODY = 1e-6
"""People: fewer are a rounding's."""
_HEADS = {
    "zh": ("街道", "实施前", "实施后", "新增覆盖", "不再覆盖", "缺口"),
    "en": ("Unit", "Before", "After", "Gained", "Lost", "Gap"),
}


def own_rows(table: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Give a service's rows of its own group, a row per unit, the whole district last."""
    return table[table["layer"] == layer].drop_duplicates("unit_id")


def unit_table(table: pd.DataFrame, layer: str, lang: str) -> str:
    """Give the streets whose coverage or gap differs as an HTML table; "" where none does.

    Parameters
    ----------
    table
        Rows of scenario.csv.
    layer
        The service's id.
    lang
        "zh" or "en".
    """
    rows = own_rows(table, layer).iloc[:-1]
    body = [_row(row) for row in rows.to_dict("records") if is_moved(row)]
    if not body:
        return ""
    heads = "".join(f"<th>{head}</th>" for head in _HEADS[lang])
    return f'<table class="c15-units"><thead><tr>{heads}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def is_moved(row: Any) -> bool:
    """Tell whether anybody of a row is covered otherwise, or its gap is another as printed."""
    is_other = quantity_text(float(row["gap_before"])) != quantity_text(float(row["gap_after"]))
    return row["newly_covered_people"] > NOBODY or row["lost_people"] > NOBODY or is_other


def signed_people(value: float, sign: str) -> str:
    """Write people with a sign; nothing for nobody."""
    if value <= NOBODY:
        return ""
    return f"{sign}{people_text(value)}" if value >= 0.5 else f"{sign}&lt; 1"  # noqa: PLR2004 (printed as none)


def gap_texts(row: Any) -> str:
    """Write a gap before and after; once where both print alike, nothing where there is none."""
    before, after = (quantity_text(float(row[f"gap_{when}"])) for when in ("before", "after"))
    if before == "–" and after == "–":
        return ""
    return html.escape(before if before == after else f"{before} → {after}")


def _row(row: Any) -> str:
    cells = (
        share_text(row["share_before"]),
        share_text(row["share_after"]),
        signed_people(row["newly_covered_people"], "+"),
        signed_people(row["lost_people"], "\N{MINUS SIGN}"),
        gap_texts(row),
    )
    return f"<tr><td>{html.escape(str(row['unit_name']))}</td>{''.join(f'<td>{c}</td>' for c in cells)}</tr>"


def heading(say: Words, lang: str) -> str:
    """Head the table of a service's streets."""
    return "分街道" if lang == "zh" else f"By {say['unit'].lower()}"
