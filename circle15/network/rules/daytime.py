"""Access that depends on the hour (``access:conditional``, ``foot:conditional``) as it is in daytime."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from circle15.network.rules.walking_table import may_walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.inputs.osm.columns import TagColumn

BASE_KEYS = ("access", "foot")
DAYTIME_KEYS = tuple(f"{key}:conditional" for key in BASE_KEYS)

_FROM_H, _TO_H = 8.0, 18.0
_MOST = 0.5
"""A condition holds in daytime if it holds at least half of the time from 8 to 18, over the week and the year."""

_CLAUSE = re.compile(r"\s*([^@;]+?)\s*@\s*(\((?:[^()]|\([^()]*\))*\)|[^;]+)\s*;?")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_SUN = {"sunrise": "06:00", "dawn": "06:00", "sunset": "18:00", "dusk": "18:00"}
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HOLIDAYS = r"\b[ps]h\b(\s+off)?"


def daytime_share(condition: str) -> float | None:
    """Give the share of daytime at which an opening-hours condition holds, None where it is about something else.

    Of several rules (parted by ``;``) the last that names a day decides on it. Months count by their share of the year;
    holidays do not count. Sunrise is taken as 6, sunset as 18 o'clock.

    Examples
    --------
    >>> daytime_share("(22:00-06:00)"), daytime_share("06:00-22:00"), daytime_share("weight>3.5")
    (0.0, 1.0, None)
    >>> daytime_share("Mo-Fr 00:00-06:30,21:30-24:00; Su 00:00-24:00")  # a road that is a promenade on Sundays
    0.14285714285714285
    """
    text = condition.strip().lower()
    if re.search(r"[<>=]|\band\b", text):
        return None
    text = re.sub(r"\(?\b(sunrise|sunset|dawn|dusk)\b(\s*[-+]\s*\d{1,2}:\d{2}\))?", lambda m: _SUN[m[1]], text)
    week, is_told = np.zeros(len(_DAYS)), False
    for rule in text.strip("() ").split(";"):
        share = _rule_share(rule)
        if share is None:
            return None
        if re.search(_HOLIDAYS, rule) and not _cycle(rule, _DAYS):  # of holidays alone
            continue
        is_told = True
        week[_cycle(rule, _DAYS) or list(range(len(_DAYS)))] = share
    return float(week.mean()) if is_told else None


def _rule_share(rule: str) -> float | None:
    """Give the share of the hours from 8 to 18 at which one rule holds on its days; None where it is not understood."""
    text = re.sub(_HOLIDAYS, " ", rule)
    left = _HOURS.sub(" ", text)
    for name in (*_DAYS, *_MONTHS, "24/7"):
        left = re.sub(rf"\b{re.escape(name)}", " ", left)
    if re.search(r"[a-z]", left.replace("off", "")):
        return None
    if "off" in left:
        return 0.0
    hours, months, days = _HOURS.findall(text), _cycle(text, _MONTHS), _cycle(text, _DAYS)
    if not (hours or months or days or "24/7" in text or text != rule):
        return None
    return (_hours_share(hours) if hours else 1.0) * (len(months) / len(_MONTHS) if months else 1.0)


def by_day(tags: Mapping[str, str]) -> dict[str, str]:
    """Give tags with ``access`` and ``foot`` as they are in daytime; the last condition that holds decides.

    Examples
    --------
    >>> by_day({"access": "no", "access:conditional": "yes @ (06:00-22:00)"})["access"]
    'yes'
    """
    found = dict(tags)
    for key, conditional in zip(BASE_KEYS, DAYTIME_KEYS, strict=True):
        for value, condition in _CLAUSE.findall(tags.get(conditional, "")):
            share = daytime_share(condition)
            if share is not None and share >= _MOST:
                found[key] = value.strip()
    return found


@dataclass(slots=True)
class DaytimeCounts:
    """Ways and barriers that are open or closed by day alone."""

    n_opened: int = 0
    n_closed: int = 0

    def add(self, columns: Mapping[str, TagColumn], kind: str) -> None:
        """Count the objects of some columns."""
        for row in _conditional_rows(columns):
            tags = _tags_of(columns, row)
            before, after = may_walk(tags, kind)[0], may_walk(by_day(tags), kind)[0]
            self.n_opened += after and not before
            self.n_closed += before and not after


def daytime_columns(columns: Mapping[str, TagColumn]) -> dict[str, TagColumn]:
    """Give the columns with ``access`` and ``foot`` as they are in daytime."""
    made = dict(columns)
    rows = _conditional_rows(columns)
    for key in BASE_KEYS if len(rows) else ():
        column = columns[key]
        codes, values = column.codes.copy(), list(column.values)
        for row in rows:
            value = by_day(_tags_of(columns, row)).get(key)
            if value is not None:
                if value not in values:
                    values.append(value)
                codes[row] = values.index(value)
        made[key] = replace(column, codes=codes, values=tuple(values))
    return made


def _conditional_rows(columns: Mapping[str, TagColumn]) -> list[int]:
    known = [columns[key].codes >= 0 for key in DAYTIME_KEYS if key in columns]
    return np.flatnonzero(np.any(known, axis=0)).tolist() if known else []


def _tags_of(columns: Mapping[str, TagColumn], row: int) -> dict[str, str]:
    return {key: c.values[c.codes[row]] for key, c in columns.items() if c.codes[row] >= 0}


def _hours_share(hours: list[tuple[str, str, str, str]]) -> float:
    is_in = np.zeros(24 * 4, dtype=np.bool_)
    for first_h, first_min, last_h, last_min in hours:
        begin, end = int(first_h) * 60 + int(first_min), int(last_h) * 60 + int(last_min)
        quarters = np.arange(begin, end if end > begin else end + 24 * 60) // 15
        is_in[quarters % len(is_in)] = True
    return float(is_in[int(_FROM_H * 4) : int(_TO_H * 4)].mean())


def _cycle(text: str, names: tuple[str, ...]) -> list[int]:
    """Give the days or months that a rule names, with those between them."""
    one = "|".join(names)
    found: set[int] = set()
    for first, last in re.findall(rf"\b({one})[a-z]*(?:\s*-\s*({one})[a-z]*)?\b", text):
        begin = names.index(first)
        n = (names.index(last) - begin) % len(names) + 1 if last else 1
        found.update((begin + k) % len(names) for k in range(n))
    return sorted(found)
