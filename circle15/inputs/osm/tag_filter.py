"""Selections of OSM objects by their tags, as written in a config: ``leisure=pitch|track,access!=private;shop``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circle15.errors import ConfigError, Problem
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

GRAMMAR = Said(
    "请写 键=值|值、键!=值|值、键（任意值）或 !键（没有该标签）；“,”连接须同时满足的条件，“;”分隔任选其一的条件："
    "leisure=sports_centre|pitch,access!=private;sport",
    "write KEY=VALUE|VALUE, KEY!=VALUE|VALUE, KEY (any value) or !KEY (no such tag); "
    "',' joins what must all hold, ';' parts alternatives: leisure=sports_centre|pitch,access!=private;sport",
)
_CONDITION = re.compile(r"(?P<no>!?)\s*(?P<key>[^\s=!|,;]+)\s*(?:(?P<op>!?=)\s*(?P<values>[^=]*))?")


@dataclass(frozen=True, slots=True)
class TagCondition:
    """One condition on one key."""

    key: str
    values: frozenset[str] | None  # None: any value
    negated: bool

    def holds(self, tags: Mapping[str, str]) -> bool:
        """Tell whether ``tags`` meet the condition; a missing tag meets every negated one."""
        value = tags.get(self.key)
        # OSM lists several values of one key as "a;b".
        given = {value, *value.split(";")} if value is not None else set()
        found = bool(given) if self.values is None else not given.isdisjoint(self.values)
        return found != self.negated


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Alternatives of conditions that must all hold."""

    text: str
    alternatives: tuple[tuple[TagCondition, ...], ...]

    @property
    def wanted(self) -> dict[str, frozenset[str] | None]:
        """Keys of which every matching object has one, with the values of them that can match, None for any.

        A reader may skip all other objects. Lists of values ("a;b") match by their members.
        """
        found: dict[str, frozenset[str] | None] = {}
        for every in self.alternatives:
            first = _first_wanted(every)
            if first is not None:
                before = found.get(first.key, frozenset())
                found[first.key] = None if before is None or first.values is None else before | first.values
        return found

    def matches(self, tags: Mapping[str, str]) -> bool:
        """Tell whether an object with ``tags`` is selected."""
        return any(all(condition.holds(tags) for condition in every) for every in self.alternatives)

    def main_tag(self, tags: Mapping[str, str]) -> str | None:
        """Give the tag that made the object match, as ``key=value``: the first positive one of its alternative."""
        for every in self.alternatives:
            first = _first_wanted(every)
            if first is not None and all(condition.holds(tags) for condition in every):
                return f"{first.key}={tags[first.key]}"
        return None


def _first_wanted(every: tuple[TagCondition, ...]) -> TagCondition | None:
    wanted = [condition for condition in every if not condition.negated]
    # Areas have lost their relation's `type`, so that it is the last to choose by.
    return min(wanted, key=lambda condition: condition.key == "type", default=None)


def parse_tag_filter(
    text: str, *, key: str | None = None, file: str | None = None, needs_wanted: bool = True
) -> TagFilter:
    """Parse a selection such as ``amenity=clinic|doctors;healthcare=clinic,access!=private``.

    Parameters
    ----------
    text
        ``k=v|v`` one of the values, ``k!=v|v`` none of them (or no such tag), ``k`` or ``k=*`` any value, ``!k`` or
        ``k!=*`` no such tag; ``,`` joins conditions that must all hold, ``;`` parts alternatives and binds weaker.
    key, file
        Config key and file that the text stands in, for the error.
    needs_wanted
        Refuse alternatives that only say what is not wanted: nearly every object of a file would match.

    Raises
    ------
    ConfigError
        Naming every condition that cannot be read, and what would be right.
    """
    problems: list[Problem] = []
    alternatives = []
    for every in text.split(";"):
        conditions = []
        for part in every.split(","):
            condition = _condition(part)
            if isinstance(condition, Said):
                problems.append(Problem(condition + Said("；", "; ") + GRAMMAR, file=file, key=key, value=text))
            else:
                conditions.append(condition)
        if needs_wanted and conditions and all(c.negated for c in conditions) and not problems:
            message = Said(
                f"“{every.strip()}”只写了不要什么；请写要什么，如 leisure=pitch,{every.strip()}",
                f"'{every.strip()}' says only what is not wanted; add what is, such as leisure=pitch,{every.strip()}",
            )
            problems.append(Problem(message, file=file, key=key, value=text))
        alternatives.append(tuple(conditions))
    ConfigError.gather(problems)
    return TagFilter(text, tuple(alternatives))


def _condition(part: str) -> TagCondition | Said:
    """Read one condition, or say what is wrong with it."""
    part = part.strip()
    if not part:
        return Said("空的条件", "an empty condition")
    found = _CONDITION.fullmatch(part)
    if found is None:
        return Said(f"“{part}”不是条件", f"'{part}' is not a condition")
    negated = bool(found["no"]) != (found["op"] == "!=")
    if found["op"] is None:
        return TagCondition(found["key"], None, negated)
    values = frozenset(v.strip() for v in found["values"].split("|"))
    if found["no"] or "" in values or ("*" in values and len(values) > 1):
        wrong = (
            Said("重复否定", "is negated twice")
            if found["no"]
            else Said("有空值", "has an empty value")
            if "" in values
            else Said("把 * 与具体值混用", "mixes * with values")
        )
        return Said(f"“{part}”{wrong.zh}", f"'{part}' {wrong.en}")
    return TagCondition(found["key"], None if "*" in values else values, negated)
