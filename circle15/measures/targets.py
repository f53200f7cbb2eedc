"""Where a district stands against its plan: each indicator's target, its status, and the yearly pace still needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from circle15.inputs.policy import choose_target, norm_group
from circle15.inputs.register_traps import falling_series, register_warnings
from circle15.inputs.units_of_supply import compare_units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circle15.inputs.registers import Registers

Status = Literal["met", "behind", "no data"]
UNDECIDABLE = {"base-against-sum"}
"""Traps that make a comparison with the target meaningless."""
COLUMNS = (
    "indicator_id", "indicator", "unit", "service_id", "kind", "direction", "year", "comparator", "target",
    "target_upper", "base_year", "base", "actual_year", "actual", "actual_source", "status", "pace_needed", "pace_from",
    "document_id", "location", "warnings", "note",
)  # fmt: skip


def assess(
    registers: Registers, place: str, year: int, actual: pd.DataFrame | None = None, *, lang: str = "zh"
) -> pd.DataFrame:
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
        indicator_id, year, value, source: what is known today, in the unit of the register, from a run
        (`measured_norms`) or a bureau's table. The latest year of an indicator counts. None for nothing.
    lang
        Language of the warnings: "zh" or "en".

    Returns
    -------
    pandas.DataFrame
        A row per indicator, unit and kind, with `COLUMNS`. ``status`` is "met", "behind" or "no data"; ``pace_needed``
        is in the indicator's unit per year: for a stock or a cumulative count what is still missing over the years
        left, for an annual flow the target itself; from the actual value, else from the plan's base. Empty where
        there is nothing to start from, or no year left.
    """
    of_place = registers.targets[registers.targets["place_id"] == place]
    kinds = of_place["kind"].mask(falling_series(of_place), "annual")
    known = pd.DataFrame(columns=["indicator_id", "year", "value", "source"]) if actual is None else actual
    rows = []
    for (indicator, _, _), group in of_place.assign(kind=kinds).groupby(
        ["indicator_id", "unit_zh", "kind"], sort=False
    ):
        found = known[known["indicator_id"] == indicator].sort_values("year")
        rows.append(_assessed(registers, group, year, found.iloc[-1] if len(found) else None, lang))
    return pd.DataFrame([row for row in rows if row is not None], columns=list(COLUMNS))


def measured_norms(
    registers: Registers,
    place: str,
    year: int,
    supply: Mapping[str, tuple[float, str | None]],
    people: Mapping[str, float],
    *,
    source: str,
) -> pd.DataFrame:
    """Express what a run measured as the plan's own indicators, for `assess`.

    Parameters
    ----------
    registers, place
        As in `assess`.
    year
        Year that the run's inputs stand for.
    supply
        For each layer whose id is a service: the supply standing in the district, and its unit (None where unsaid).
    people
        Persons of the district by group; "all" for residents.
    source
        What to write as the values' source.

    Returns
    -------
    pandas.DataFrame
        indicator_id, year, value, source; value = supply / people of the indicator's denominator x ``per``. An
        indicator in another unit, or whose denominator is unknown or not counted, is left out.
    """
    rows = []
    targets = registers.targets[registers.targets["place_id"] == place]
    for service, (amount, unit) in supply.items():
        for indicator in registers.norms.loc[registers.norms["service_id"] == service, "indicator_id"]:
            found = targets[targets["indicator_id"] == indicator]
            group = None if found.empty else norm_group(found.iloc[-1])
            heads = 0.0 if group is None else people.get(group, 0.0)
            if heads > 0 and (unit is None or compare_units(unit, str(found["unit_zh"].iloc[-1])) != "different"):
                rows.append((indicator, year, amount / heads * found["per"].iloc[-1], source))
    return pd.DataFrame(rows, columns=["indicator_id", "year", "value", "source"])


def _assessed(
    registers: Registers, group: pd.DataFrame, year: int, actual: pd.Series | None, lang: str
) -> dict[str, object] | None:
    target, upper = _target(registers, group, year)
    if target is None:
        return None
    place, indicator = str(target["place_id"]), str(target["indicator_id"])
    traps = register_warnings(registers.targets, place=place, indicators={indicator})
    bases = group[group["is_base"] & group["year"].notna()].sort_values(["year", "row"], ascending=[True, False])
    base = bases.iloc[-1] if len(bases) else None
    decidable = not UNDECIDABLE & {t.code for t in traps}
    start, pace_from = (actual, "actual") if actual is not None else (base, "base")
    pace = _pace(target, start) if decidable and start is not None else np.nan
    return {
        "indicator_id": indicator,
        "indicator": target["indicator_zh"],
        "unit": target["unit_zh"],
        "service_id": target["service_id"],
        "kind": target["kind"],
        "direction": target["direction"],
        "year": target["year"],
        "comparator": target["comparator"],
        "target": target["value"],
        "target_upper": upper,
        "base_year": np.nan if base is None else base["year"],
        "base": np.nan if base is None else base["value"],
        "actual_year": np.nan if actual is None else float(actual["year"]),
        "actual": np.nan if actual is None else float(actual["value"]),
        "actual_source": "" if actual is None else actual["source"],
        "status": _status(target, upper, actual) if decidable else "no data",
        "pace_needed": pace,
        "pace_from": "" if np.isnan(pace) else pace_from,
        "document_id": target["document_id"],
        "location": target["location"],
        "warnings": "; ".join(dict.fromkeys(t.text(lang) for t in traps)),
        "note": target["definition_note_zh"],
    }


def _target(registers: Registers, group: pd.DataFrame, year: int) -> tuple[pd.Series | None, float]:
    """Give the target for the year and, of a range, its upper bound."""
    chosen = choose_target(group, year, registers.documents)
    ranges = group[(group["direction"] == "range") & group["year"].notna()]
    if chosen is not None or ranges.empty:
        return chosen, np.nan
    before = ranges.loc[ranges["year"] <= year, "year"]
    bounds = ranges[ranges["year"] == (before.max() if len(before) else ranges["year"].min())].sort_values("value")
    return bounds.iloc[0], float(bounds["value"].iloc[-1])


def _status(target: pd.Series, upper: float, actual: pd.Series | None) -> Status:
    if actual is None or np.isnan(float(actual["value"])):
        return "no data"
    value, bound = float(actual["value"]), float(target["value"])
    if target["direction"] == "range":
        return "met" if bound <= value <= upper else "behind"
    if np.isclose(value, bound, rtol=1e-9, atol=0.0):
        return "behind" if target["comparator"] in {">", "<"} else "met"
    return "met" if (value > bound) == (target["direction"] == ">=") else "behind"


def _pace(target: pd.Series, start: pd.Series) -> float:
    """Give the change per year from `start` to the target; 0 where it is reached, NaN where no year is left."""
    if target["kind"] == "annual":
        return float(target["value"])
    missing = float(target["value"]) - float(start["value"])
    is_reached = missing <= 0 if target["direction"] != "<=" else missing >= 0
    years = float(target["year"]) - float(start["year"])
    if is_reached:
        return 0.0
    return missing / years if years > 0 else float("nan")
