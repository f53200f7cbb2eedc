"""The walking tables as text, for `circle15 info --walking-table`."""

from __future__ import annotations

import textwrap
from importlib import resources
from typing import TYPE_CHECKING

from circle15.network.rules.passage_table import passage_table
from circle15.network.rules.walking_table import walking_table

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 118
_INDENT = "      "


def walking_text() -> str:
    """Give the tag table, the table of passages and the profiles that come along, as a person reads them."""
    parts = [
        "WHO MAY WALK WHERE (of all rows that match a way or a node the first decides)",
        *_tag_rows(),
        'WHAT IS PASSED, AND MAY BE WAITED FOR ([walk.NAME] waits = { KIND = SECONDS or "never" })',
        *_passage_rows(),
        'PROFILES THAT COME ALONG ([walk.NAME] like = "...")',
        resources.files("circle15.config").joinpath("walking_profiles.toml").read_text("utf-8").rstrip(),
    ]
    return "\n\n".join(parts)


def _tag_rows() -> Iterator[str]:
    for i, rule in enumerate(walking_table(), start=1):
        lines = [f"{i:>3}.  {rule.kind} {rule.walk}: {rule.reason}", *_wrapped("when ", rule.when.text)]
        engines = f"OSRM {rule.osrm}; GraphHopper {rule.graphhopper}; Valhalla {rule.valhalla}"
        lines += [*_wrapped("such as ", rule.example), *_wrapped("", engines), *_wrapped("", rule.note)]
        yield "\n".join(lines)


def _passage_rows() -> Iterator[str]:
    who = {"all": "who passes", "paths": "who crosses the street, not who walks along it", "ends": "who walks over it"}
    for i, row in enumerate(passage_table(), start=1):
        lines = [f"{i:>3}.  {row.object} {row.kind or 'free'}{': paid by ' + who[row.pays] if row.kind else ''}"]
        lines += [*_wrapped("when ", row.when.text), *_wrapped("such as ", row.example), *_wrapped("", row.note)]
        yield "\n".join(lines)
    yield "\n".join(
        [
            f"{len(passage_table()) + 1:>3}.  node unmarked: paid by who crosses the street, not who walks along it",
            *_wrapped("", "where anything else meets a primary, secondary or trunk road and no row above decides."),
        ]
    )


def _wrapped(label: str, text: str) -> list[str]:
    """Break a text into lines below a row's first; an empty one gives none."""
    if not text:
        return []
    # Selections have no blanks to break at.
    loose = text.replace(",", ", ").replace(";", "; ") if label == "when " else text
    return textwrap.wrap(label + loose, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
