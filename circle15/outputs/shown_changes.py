"""A scenario's changes as people read them: a title, and a sentence each."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMED_CHANGES = 3
"""Changes that a title names; more are counted."""
_WORDS = {
    "add_facility": ("新增", "new"), "close_facility": ("撤销", "closed"), "set_capacity": ("调整容量", "resized"),
    "add_path": ("新增", "new"), "close_path": ("封闭", "closed"),
}  # fmt: skip
_PATH = ("通道", "path")
_KIND_NAMES = {
    "add_facility": ("新增设施", "New facility"), "close_facility": ("撤销设施", "Closed facility"),
    "set_capacity": ("调整容量", "Resized facility"), "add_path": ("新增通道", "New path"),
    "close_path": ("封闭通道", "Closed path"),
}  # fmt: skip
SIGNS = {
    "add_facility": "M34 5V15M29 10H39",
    "close_facility": "M30 6L38 14M38 6L30 14",
    "set_capacity": "M34 15V5M30 9L34 5L38 9",
}
"""What stands in the badge of a changed facility, as an SVG path in a square of 44: plus, cross, arrow."""


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change of a scenario."""

    kind: str  # as in [[change]]
    name: str = ""  # of the facility or path
    layer: str = ""  # id; "" of a path
    lon: float | None = None  # of a facility, degrees WGS-84
    lat: float | None = None
    lines: tuple[tuple[tuple[float, float], ...], ...] = ()  # of a path: longitude and latitude
    capacity: float | None = None  # new
    capacity_before: float | None = None
    cost: float | None = None  # 万元

    def record(self) -> dict[str, Any]:
        """Give the change as run.json holds it."""
        return {k: v for k, v in asdict(self).items() if v not in (None, "", ())}


def kind_name(kind: str, lang: str) -> str:
    """Name a kind of change."""
    return _KIND_NAMES[kind][lang != "zh"]


def changes_of_records(records: Sequence[Mapping[str, Any]]) -> tuple[ShownChange, ...]:
    """Read changes from run.json again."""
    found = []
    for record in records:
        lines = tuple(tuple((float(x), float(y)) for x, y in line) for line in record.get("lines", ()))
        found.append(ShownChange(**{**record, "lines": lines}))
    return tuple(found)


def scenario_title(changes: Sequence[ShownChange], lang: str) -> str:
    """Name a scenario by its changes, 新增河滨人行桥; "" where there are none.

    Examples
    --------
    >>> scenario_title([ShownChange("add_path", "河滨人行桥"), ShownChange("close_facility", "旧园", "nursery")], "zh")
    '新增河滨人行桥、撤销旧园'
    """
    side = 0 if lang == "zh" else 1
    between, gap = ("、", "") if lang == "zh" else (", ", " ")
    named = []
    for change in changes:
        word, name = _WORDS[change.kind][side], change.name or _PATH[side]
        named.append(f"{name}{gap}{word}" if change.kind == "set_capacity" else f"{word}{gap}{name}")
    more = len(named) - NAMED_CHANGES
    rest = "" if more <= 0 else f" 等 {len(named)} 项" if lang == "zh" else f" and {more} more"
    return between.join(named[:NAMED_CHANGES]) + rest


def is_closing(change: ShownChange) -> bool:
    """Tell whether a change takes away what is there."""
    return change.kind in {"close_facility", "close_path"}


def change_facts(
    changes: Sequence[ShownChange], lang: str, layers: Mapping[str, str], units: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Say each change: its kind, and which it is, with its service, capacity and cost.

    Parameters
    ----------
    changes, lang
        The changes, and "zh" or "en".
    layers, units
        Names of the services and units of their capacity, by id.
    """
    is_zh, side = lang == "zh", 0 if lang == "zh" else 1
    told = []
    for change in changes:
        parts = [layers.get(change.layer, change.layer)] if change.layer else []
        unit = units.get(change.layer, "")
        amounts = [_amount(v) for v in (change.capacity_before, change.capacity) if v is not None]
        if amounts:
            parts.append(f"{' → '.join(amounts)} {unit}".strip())
        if change.cost is not None:
            parts.append(f"{_amount(change.cost)} {'万元' if is_zh else '10,000 yuan'}")
        name = change.name or _PATH[side]
        inside = ("，" if is_zh else ", ").join(parts)
        text = name if not inside else f"{name}（{inside}）" if is_zh else f"{name} ({inside})"
        told.append((_KIND_NAMES[change.kind][side], text))
    return told


def _amount(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def known(value: Any) -> float | None:
    """Give a number, None where it is not known."""
    return None if value is None or math.isnan(float(value)) else float(value)
