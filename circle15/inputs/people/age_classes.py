"""Age classes as sources count them (WorldPop's 0, 1-4, 5-9 ... 80+) to the groups that services ask for."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circle15.errors import InputError, Problem
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

OLDEST = 130
"""No age is above; an open class ("80+", age_60_plus) reaches to it."""


@dataclass(frozen=True, slots=True, order=True)
class Ages:
    """Whole years of age from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def is_open(self) -> bool:
        """Whether the class has no upper bound."""
        return self.last == OLDEST

    def share_of(self, other: Ages) -> float:
        """Give the share of `other`'s years that lie in this one, each year of age counting alike."""
        years = min(self.last, other.last) - max(self.first, other.first) + 1
        return max(0, years) / (other.last - other.first + 1)

    def __str__(self) -> str:
        if self.is_open:
            return f"{self.first}+"
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


def parse_ages(text: str) -> Ages | None:
    """Read a class or group: 0, 1-4, 80+, age_0_2, age_60_plus; None where it speaks of no ages.

    Examples
    --------
    >>> str(parse_ages("age_60_plus")), str(parse_ages("1-4")), parse_ages("all")
    ('60+', '1-4', None)
    """
    plain = text.removeprefix("age_")
    single, closed, opened = (
        re.fullmatch(p, plain) for p in (r"(\d+)", r"(\d+)\s*[-_~]\s*(\d+)", r"(\d+)\s*(?:\+|_plus)")
    )
    if closed and int(closed[1]) <= int(closed[2]):
        return Ages(int(closed[1]), int(closed[2]))
    if opened:
        return Ages(int(opened[1]), OLDEST)
    return Ages(int(single[1]), int(single[1])) if single else None


def split_classes(classes: Mapping[str, npt.ArrayLike], group: str) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Give the people of an age group from a source's classes, and say how classes were split.

    A class that lies in part in the group gives the share of its years: each year of age in a class holds as many
    people. An open class is never split.

    Parameters
    ----------
    classes
        People of each class, float (n,), by its name ("0", "1-4", "5-9", ..., "80+").
    group
        age_0_2, age_60_plus ...

    Returns
    -------
    people
        float64 (n,).
    splits
        One statement per split class, e.g. "2/4 of 1-4"; to be printed with the result.

    Raises
    ------
    ValueError
        If the group or a class names no ages, or the classes do not hold every year of the group.
    """
    wanted = parse_ages(group)
    ages = {name: parse_ages(name) for name in classes}
    unread = [name for name, found in {**ages, group: wanted}.items() if found is None]
    if wanted is None or unread:
        raise ValueError(
            Said(
                f"{', '.join(unread)}：年龄应写作 0、1-4、80+、age_0_2 或 age_60_plus",
                f"{', '.join(unread)}: name ages as 0, 1-4, 80+, age_0_2 or age_60_plus",
            )
        )
    known = {name: found for name, found in ages.items() if found is not None}
    inside = {name: a for name, a in known.items() if a.first <= wanted.last and a.last >= wanted.first}
    ordered = sorted(inside.values())
    gapless = ordered and all(b.first == a.last + 1 for a, b in itertools.pairwise(ordered))
    reaches = bool(gapless) and ordered[0].first <= wanted.first and ordered[-1].last >= wanted.last
    if (
        not reaches
        or (ordered[-1].is_open and wanted.first > ordered[-1].first)
        or (ordered[-1].is_open and not wanted.is_open)
    ):
        raise ValueError(
            Said(
                f"分组 {', '.join(known)} 不含 {group} 的年龄 {wanted}",
                f"the classes {', '.join(known)} do not hold the ages {wanted} of {group}",
            )
        )
    shares = {name: wanted.share_of(a) for name, a in inside.items()}
    splits = tuple(
        f"{round(s * (inside[n].last - inside[n].first + 1))}/{inside[n].last - inside[n].first + 1} of {inside[n]}"
        for n, s in shares.items()
        if s < 1
    )
    people = np.sum([s * np.asarray(classes[name], dtype=np.float64) for name, s in shares.items()], axis=0)
    return np.asarray(people, dtype=np.float64), splits


def derive_groups(
    classes: Mapping[str, npt.ArrayLike], groups: Sequence[str], *, file: str
) -> tuple[dict[str, npt.NDArray[np.float64]], tuple[str, ...]]:
    """Give several groups from a source's classes, and every split that it took ("age_0_2: 2/4 of 1-4").

    Raises
    ------
    InputError
        Naming each group that the classes do not hold.
    """
    found: dict[str, npt.NDArray[np.float64]] = {}
    statements: list[str] = []
    problems: list[Problem] = []
    for group in groups:
        try:
            found[group], splits = split_classes(classes, group)
        except ValueError as e:
            problems.append(Problem(e.args[0], file=file, key=f"population.groups.{group}"))
            continue
        statements += [f"{group}: {split}" for split in splits]
    InputError.gather(problems)
    return found, tuple(statements)
