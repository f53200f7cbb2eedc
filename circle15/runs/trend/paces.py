"""Each target's path: what is still missing at a date, how fast it would have to grow, and how fast it grew."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from circle15.runs.trend.unit_numbers import indicator_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

DAYS_PER_YEAR = 365.25
_HEADS = (1, 10, 100, 1000, 10_000)
"""Numbers of people that plans state a supply for."""
Status = Literal["", "met", "on pace", "behind pace", "overdue", "behind"]
"""met; else, before the target's year is over, whether what was gained since the date before would do if it went on;
"behind" where there is no date before, "overdue" where the year is over; "" where there is no target."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan asks of one number by the end of a year."""

    value: float
    year: int
    direction: Literal[">=", "<="] = ">="
    comparator: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a number stands on the way to its target."""

    pace: float  # per year since the date before; NaN at the first date
    needed: float  # per year from the date to the end of the target's year; 0 where it is met, NaN where it is over
    status: Status


def targets_of(tables: Mapping[str, pd.DataFrame], numbers: pd.DataFrame, year: int | None) -> dict[int, Target]:
    """Give the targets of a run's numbers by their row: indicators' own, and each street's norm of supply.

    Parameters
    ----------
    tables
        The run's targets.csv and gaps.csv, as far as it wrote them.
    numbers
        `unit_numbers.COLUMNS`.
    year
        The plan's year that the run asks for, which a norm holds for that is no target of another.
    """
    found: dict[int, Target] = {}
    plan = tables.get("targets")
    by_indicator: dict[str, Target] = {}
    norm_years: dict[tuple[str, float], int] = {}
    if plan is not None:
        # Of a target that is decided by nothing, or is a flow of each year, there is no path.
        is_level = (plan["direction"] != "range") & (plan["kind"] != "annual") & plan["year"].notna()
        rows = zip(plan.to_dict("records"), indicator_names(plan), is_level, strict=True)
        for row, name, has_path in rows:
            if has_path:
                target = Target(float(row["target"]), int(row["year"]), row["direction"], row["comparator"])
                by_indicator[name] = target
                # A norm is kept per 1,000 people, its target per as many as the plan says.
                norms_of = {round(target.value * 1000 / heads, 9): target.year for heads in _HEADS}
                norm_years |= {(str(row["service_id"]), norm): due for norm, due in norms_of.items()}
    gaps = tables.get("gaps")
    norms = {} if gaps is None else gaps.dropna(subset="norm").groupby("layer")["norm"].first().to_dict()
    told = zip(numbers["measure"], numbers["layer"], strict=True)
    for i, (measure, layer) in enumerate(told):
        if measure in by_indicator:
            found[i] = by_indicator[measure]
        elif measure == "supply_per_1000" and layer in norms:
            norm_year = norm_years.get((layer, round(norms[layer], 9)), year)
            if norm_year is not None:
                found[i] = Target(float(norms[layer]), norm_year)
    return found


def pace_of(target: Target, value: float, day: dt.date, earlier: tuple[float, dt.date] | None) -> Pace:
    """Tell where a number stands at a date, and how fast it came there since an earlier one.

    Examples
    --------
    >>> four = Target(4.0, 2026)
    >>> pace_of(four, 3.0, dt.date(2024, 12, 31), (2.0, dt.date(2023, 12, 31))).status
    'on pace'
    >>> pace_of(four, 2.1, dt.date(2024, 12, 31), (2.0, dt.date(2023, 12, 31))).status
    'behind pace'
    """
    pace = np.nan
    if earlier is not None and day > earlier[1]:
        pace = (value - earlier[0]) / ((day - earlier[1]).days / DAYS_PER_YEAR)
    if np.isnan(value):
        return Pace(pace, np.nan, "")
    missing = target.value - value
    sign = -1.0 if target.direction == "<=" else 1.0
    at_it = bool(np.isclose(value, target.value, rtol=1e-9, atol=0.0))
    is_met = target.comparator not in {">", "<"} if at_it else sign * missing < 0
    if is_met:
        return Pace(pace, 0.0, "met")
    days_left = (dt.date(target.year, 12, 31) - day).days
    if days_left <= 0:
        return Pace(pace, np.nan, "overdue")
    needed = missing / (days_left / DAYS_PER_YEAR)
    if np.isnan(pace):
        return Pace(pace, needed, "behind")
    is_enough = sign * pace >= sign * needed * (1 - 1e-9)
    return Pace(pace, needed, "on pace" if is_enough else "behind pace")
