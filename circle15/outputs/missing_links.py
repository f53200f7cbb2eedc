"""Missing links, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from circle15.outputs.proposals import amount_text
from circle15.outputs.text import group_of, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.outputs.view import View


@dataclass(frozen=True, slots=True)
class Link:
    """One missing link, as pages show it."""

    layer: int
    ends: tuple[tuple[float, float], tuple[float, float]]  # lon, lat of each
    unit_id: str
    title: str
    where: str  # between which roads, in which community; "" where neither is known
    rows: tuple[tuple[str, str], ...]


def missing_links(view: View) -> Iterator[Link]:
    """Give the missing links in their order."""
    table = view.result.tables.links
    if table is None:
        return
    say = view.say
    position = {layer.id: i for i, layer in enumerate(view.result.layers)}
    row: Any
    for row in table.itertuples(index=False):
        layer = view.result.layers[position[row.layer]]
        whom = spaced(group_of(layer.group, view.result.lang), view.result.lang)
        yield Link(
            layer=position[row.layer],
            ends=((float(row.from_lon), float(row.from_lat)), (float(row.to_lon), float(row.to_lat))),
            unit_id=str(row.unit_id),
            title=f"{layer.name} · {say['missing_link']} {int(row.rank)}",
            where=link_where(row, view.result.lang),
            rows=(
                (
                    say["newly_covered_link"].format(group=whom),
                    amount_text(row.newly_covered_people, say["people_unit"], 0),
                ),
                (say["straight_m"], amount_text(row.straight_m, say["metres"], 0)),
                (say["walk_now_m"], amount_text(row.walk_m, say["metres"], 0)),
            ),
        )


def link_where(row: Any, lang: str) -> str:
    """Say from which road to which a link leads, and in which community; "" where nothing is known."""
    start, end, community = (str(getattr(row, name, "") or "") for name in ("from_road", "to_road", "community"))
    between, to = ("，", " — ") if lang == "zh" else (", ", " – ")
    roads = start if start == end else to.join(part for part in (start, end) if part)
    return between.join(part for part in (roads, community) if part)
