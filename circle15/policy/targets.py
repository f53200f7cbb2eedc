"""Where a district stands against its plan: each indicator's target, its status, and the yearly pace still needed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from circle15.inputs.tables.units_of_supply import compare_units
from circle15.policy.apply import choose_target, norm_group
from circle15.policy.traps import falling_rows, group_rows, is_dated, register_warnings, target_rows
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circle15.policy.registers import Registers
    from circle15.policy.traps import RegisterWarning, Row

Status = Literal["met", "behind", "above", "no data"]
UNDECIDABLE = {"base-against-sum"}
"""Traps that make a comparison with the target meaningless."""
COLUMNS = (
    "indicator_id", "indicator", "unit", "service_id", "kind", "direction", "year", "comparator", "target",
    "target_upper", "base_year", "base", "actual_year", "actual", "actual_source", "status", "pace_needed", "pace_from",
    "document_id", "location", "warnings", "note",
)  # fmt: skip


def assess(registers: Registers, place: str, year: int, actual: pd.DataFrame | None = None) -> pd.DataFrame:
    """Hold every indicator of a place against its target for a year.

    Parameters
    ----------
    registers
        From `inputs.registers.read_registers`.
    place
        place_id of the registers.
    year
        Year whose target is meant; where it has none, the latest before it, else the first after it.
    actual
        indicator_id, year, value, source: what is known today, from a run (`measured_norms`) or a bureau's table; with
        unit_zh and kind where the place has several of the indicator (`indicator_series`), each of which has its own
        value. The latest year counts. None for nothing.

    Returns
    -------
    pandas.DataFrame
        A row per indicator, unit and kind, with `COLUMNS`. ``status`` is "met", "behind", "above" (a target that is a
        range, and more than its upper bound) or "no data"; ``warnings`` is `Said`; ``pace_needed`` is in the
        indicator's unit per year: for a stock or a cumulative count what is still missing over the years left, for an
        annual flow the target itself; from the actual value, else from the plan's base. Empty where there is nothing to
        start from, or no year left.
    """
    known = [] if actual is None else target_rows(actual.sort_values("year"))
    today = {(r["indicator_id"], r.get("unit_zh"), r.get("kind")): r for r in known}
    traps: dict[str, list[RegisterWarning]] = {}
    for trap in register_warnings(registers.targets, place=place):
        traps.setdefault(trap.subject, []).append(trap)
    series = indicator_series(registers, place)
    n_series = Counter(indicator for indicator, _, _ in series)
    found = []
    for (indicator, unit, kind), group in series.items():
        own = today.get((indicator, unit, kind))
        # A value that says no unit is that of the only one there is.
        own = own or (today.get((indicator, None, None)) if n_series[indicator] == 1 else None)
        found.append(_assessed(registers, group, year, own, traps.get(indicator, [])))
    return pd.DataFrame([row for row in found if row is not None], columns=list(COLUMNS))


def indicator_series(registers: Registers, place: str) -> dict[tuple[str, str, str], list[Row]]:
    """Give a place's rows by indicator, unit and kind: what one value of today can be held against."""
    of_place = [r for r in target_rows(registers.targets) if r["place_id"] == place]
    falls = falling_rows(of_place)
    read = ({**r, "kind": "annual"} if r["row"] in falls else r for r in of_place)
    return group_rows(read, "indicator_id", "unit_zh", "kind")


def measured_norms(
    registers: Registers,
    place: str,
    year: int,
    supply: Mapping[str, tuple[float, str | None]],
    people: Mapping[str, float],
    *,
    source: Said | str,
) -> pd.DataFrame:
    """Express what a run measured as the plan's own indicators, for `assess`.

    Parameters
    ----------
    registers, place
        As in `assess`.
    year
        Year that the run's inputs stand for.
    supply
        For each layer whose id is a service: the supply standing in the district, and its unit; one whose unit is not
        known (None) is left out.
    people
        Persons of the district by group; "all" for residents.
    source
        What to write as the values' source.

    Returns
    -------
    pandas.DataFrame
        indicator_id, unit_zh, kind, year, value, source; value = supply / people of the indicator's denominator x
        ``per``. An indicator in another unit, or whose denominator is unknown or not counted, is left out.
    """
    rows = []
    series = indicator_series(registers, place)
    for service, (amount, unit) in supply.items():
        wanted = set(registers.norms.loc[registers.norms["service_id"] == service, "indicator_id"])
        for (indicator, unit_zh, kind), of_series in series.items():
            if indicator not in wanted or unit is None or compare_units(unit, unit_zh) == "different":
                continue
            group = norm_group(of_series[-1])
            heads = 0.0 if group is None else people.get(group, 0.0)
            if heads > 0:
                rows.append((indicator, unit_zh, kind, year, amount / heads * of_series[-1]["per"], source))
    return pd.DataFrame(rows, columns=["indicator_id", "unit_zh", "kind", "year", "value", "source"])


def _assessed(
    registers: Registers,
    group: Sequence[Row],
    year: int,
    actual: Row | None,
    traps: Sequence[RegisterWarning],
) -> dict[str, object] | None:
    target, upper = _target(registers, group, year)
    if target is None:
        return None
    # Of two values of one base year the one that stands first, which is the table's.
    base = max((r for r in group if r["is_base"] and is_dated(r)), key=lambda r: (r["year"], -r["row"]), default=None)
    is_decidable = not UNDECIDABLE & {t.code for t in traps}
    start, pace_from = (actual, "actual") if actual is not None else (base, "base")
    pace = _pace(target, upper, start) if is_decidable and start is not None else np.nan
    return {
        **{name: target[name] for name in ("indicator_id", "service_id", "kind", "direction", "year", "comparator")},
        "indicator": target["indicator_zh"],
        "unit": target["unit_zh"],
        "target": target["value"],
        "target_upper": upper,
        "base_year": np.nan if base is None else base["year"],
        "base": np.nan if base is None else base["value"],
        "actual_year": np.nan if actual is None else float(actual["year"]),
        "actual": np.nan if actual is None else float(actual["value"]),
        "actual_source": "" if actual is None else actual["source"],
        "status": _status(target, upper, actual) if is_decidable else "no data",
        "pace_needed": pace,
        "pace_from": "" if np.isnan(pace) else pace_from,
        "document_id": target["document_id"],
        "location": target["location"],
        "warnings": Said("; ", "; ").join(dict.fromkeys(t.words + f" [{t.code}]" for t in traps)),
        "note": target["definition_note_zh"],
    }


def _target(registers: Registers, group: Sequence[Row], year: int) -> tuple[Row | None, float]:
    """Give the target for the year and, of a range, its upper bound."""
    chosen = choose_target(group, year, registers.documents)
    ranges = [r for r in group if r["direction"] == "range" and is_dated(r)]
    if chosen is not None or not ranges:
        return chosen, np.nan
    before = [r["year"] for r in ranges if r["year"] <= year]
    used = max(before) if before else min(r["year"] for r in ranges)
    bounds = sorted((r for r in ranges if r["year"] == used), key=lambda r: r["value"])
    return bounds[0], float(bounds[-1]["value"])


def _status(target: Row, upper: float, actual: Row | None) -> Status:
    if actual is None or np.isnan(float(actual["value"])):
        return "no data"
    value, bound = float(actual["value"]), float(target["value"])
    if target["direction"] == "range":
        return "behind" if value < bound else "above" if value > upper else "met"
    if np.isclose(value, bound, rtol=1e-9, atol=0.0):
        return "behind" if target["comparator"] in {">", "<"} else "met"
    return "met" if (value > bound) == (target["direction"] == ">=") else "behind"


def _pace(target: Row, upper: float, start: Row) -> float:
    """Give the change per year from `start` to the target; 0 where it is reached, NaN where no year is left.

    Above a range it is below 0, down to the upper bound.
    """
    if target["kind"] == "annual":
        return float(target["value"])
    is_above = target["direction"] == "range" and float(start["value"]) > upper
    missing = (upper if is_above else float(target["value"])) - float(start["value"])
    is_reached = not is_above and (missing <= 0 if target["direction"] != "<=" else missing >= 0)
    years = float(target["year"]) - float(start["year"])
    if is_reached:
        return 0.0
    return missing / years if years > 0 else float("nan")
