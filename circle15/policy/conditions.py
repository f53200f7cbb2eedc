"""The conditions of unit rules, such as ``resident_population >= 50000 and unit_type in [镇, 街道]``."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = ("resident_population", "population", "unit_type")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq,
}  # fmt: skip
_COMPARED = re.compile(r"(\w+)\s*(>=|<=|==|>|<)\s*(\d+(?:\.\d+)?)")
_LISTED = re.compile(r"(\w+)\s+in\s+\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a unit's property with a number or a list of words."""

    name: str
    sign: str  # a comparison, or "in"
    bound: float | tuple[str, ...]

    def holds(self, value: object) -> bool:
        """Tell whether `value` satisfies the clause."""
        if isinstance(self.bound, tuple):
            return str(value) in self.bound
        return _COMPARISONS[self.sign](float(str(value)), self.bound)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a unit rule applies: every clause holds; without clauses, always."""

    clauses: tuple[Clause, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read a condition: empty, or clauses joined by ``and``.

        Raises
        ------
        ValueError
            Naming the clause that is malformed or speaks of something else than `NAMES`.

        Examples
        --------
        >>> Condition.parse("resident_population >= 50000").applies({"resident_population": 50000})
        True
        """
        return cls(tuple(_clause(part.strip()) for part in re.split(r"\band\b", text)) if text.strip() else ())

    def applies(self, unit: Mapping[str, object]) -> bool | None:
        """Tell whether the rule applies to a unit; None where a property that it asks for is unknown."""
        known = [clause.holds(unit[clause.name]) for clause in self.clauses if unit.get(clause.name) is not None]
        if not all(known):
            return False
        return True if len(known) == len(self.clauses) else None


def _clause(text: str) -> Clause:
    compared, listed = _COMPARED.fullmatch(text), _LISTED.fullmatch(text)
    if compared and compared[1] in NAMES and compared[1] != "unit_type":
        return Clause(compared[1], compared[2], float(compared[3]))
    if listed and listed[1] == "unit_type":
        return Clause("unit_type", "in", tuple(word.strip() for word in listed[2].split(",")))
    raise ValueError(
        f"cannot read the condition {text!r}; write e.g. resident_population >= 50000, unit_type in [镇, 街道],"
        " joined by 'and'"
    )
