"""What a run says of every district, street and community, as one long table: measure by measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

READ = ("coverage", "completeness", "gaps", "communities", "portrait", "targets")
"""Tables of a run that numbers are taken from."""
KEY = ["level", "unit_id", "layer", "measure"]
COLUMNS = (*KEY, "unit_name", "parent_id", "unit", "value")
PORTRAIT = {"匹配度": "match", "可及度": "access", "饱和度": "saturation", "满意度": "satisfaction", "index": "index"}
MEASURED_HERE = ("本次测算", "this run")
"""What `targets.csv` says of values that the run measured itself; others were reported to it."""
OF_ALL_SERVICES = ("complete_share", "mean_layers", *PORTRAIT.values())
"""Measures over all services together, which runs of other services do not share."""


def unit_numbers(tables: Mapping[str, pd.DataFrame], district_id: str, *, only_measured: bool = False) -> pd.DataFrame:
    """Give `COLUMNS`, a row per level, unit, service and measure; ``layer`` is "" for all services together.

    Parameters
    ----------
    tables
        A run's tables by name, as it computed them or as they are read again; those of `READ` count.
    district_id
        unit_id of the rows of the whole district.
    only_measured
        Leave out values of the plan's indicators that a bureau reported.
    """
    frames = [*_shares(tables, district_id), *_gaps(tables, district_id), *_communities(tables)]
    portrait = tables.get("portrait")
    if portrait is not None:
        base = _base(portrait, level=portrait["level"], parent=portrait["parent_id"], layer="")
        frames += [_rows(base, name, portrait[column], "points") for column, name in PORTRAIT.items()]
    targets = tables.get("targets")
    if targets is not None and len(targets):
        frames.append(_indicators(targets, district_id, only_measured=only_measured))
    made = pd.concat([f for f in frames if len(f)], ignore_index=True)[list(COLUMNS)]
    return made.astype({"value": np.float64}).drop_duplicates(KEY, ignore_index=True)


def _shares(tables: Mapping[str, pd.DataFrame], district_id: str) -> list[pd.DataFrame]:
    coverage, complete = tables.get("coverage"), tables.get("completeness")
    frames = []
    if coverage is not None:
        base = _base(coverage, level=_level(coverage, district_id), layer=coverage["layer"])
        frames += [_rows(base, name, coverage[name], "people") for name in ("people", "covered_people")]
        frames.append(_rows(base, "covered_share", coverage["covered_share"], "share"))
    if complete is not None:
        base = _base(complete, level=_level(complete, district_id), layer="")
        frames.append(_rows(base, "complete_share", complete["complete_share"], "share"))
        frames.append(_rows(base, "mean_layers", complete["mean_layers"], "services"))
    return frames


def _gaps(tables: Mapping[str, pd.DataFrame], district_id: str) -> list[pd.DataFrame]:
    gaps = tables.get("gaps")
    if gaps is None:
        return []
    base = _base(gaps, level=_level(gaps, district_id), layer=gaps["layer"])
    supplied = gaps["supply_unit"].fillna("")
    per = gaps["supply"] / gaps["norm_people"].where(gaps["norm_people"] > 0) * 1000
    return [
        _rows(base, "gap", gaps["gap"], gaps["gap_unit"].fillna("")),
        _rows(base, "places_missing", gaps["places_missing"], supplied),
        _rows(base, "supply", gaps["supply"], supplied),
        _rows(base, "supply_per_1000", per, supplied),
    ]


def _communities(tables: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    table = tables.get("communities")
    if table is None:
        return []
    base = _base(table, level="community", parent=table["parent_id"], layer=table["layer"])
    frames = [_rows(base, name, table[name], "people") for name in ("people", "covered_people")]
    frames.append(_rows(base, "covered_share", table["covered_share"], "share"))
    if "gap" in table:  # a run of an earlier version has none
        frames.append(_rows(base, "gap", table["gap"], table["gap_unit"].fillna("")))
    return frames


def _indicators(targets: pd.DataFrame, district_id: str, *, only_measured: bool) -> pd.DataFrame:
    """Give the plan's indicators; one that a place has in several units or kinds is named with them."""
    names = indicator_names(targets)
    base = pd.DataFrame(
        {
            "level": "district", "unit_id": district_id, "layer": targets["service_id"].fillna(""),
            "unit_name": "", "parent_id": "",
        }
    )  # fmt: skip
    rows = _rows(base, "", targets["actual"], targets["unit"].fillna("")).assign(measure=names)
    if only_measured:
        source = targets["actual_source"].map(str)
        rows = rows[source.isin(MEASURED_HERE).to_numpy()]
    return rows


def indicator_names(targets: pd.DataFrame) -> list[str]:
    """Name the rows of targets.csv: by indicator_id, with unit and kind where there are several."""
    ids = targets["indicator_id"]
    several = ids.duplicated(keep=False)
    told = zip(ids, targets["unit"].fillna(""), targets["kind"].fillna(""), several, strict=True)
    return [f"{i} {unit} {kind}".strip() if is_one_of else str(i) for i, unit, kind, is_one_of in told]


def _level(table: pd.DataFrame, district_id: str) -> Any:
    return np.where(table["unit_id"].astype(str) == district_id, "district", "town")


def _base(table: pd.DataFrame, *, level: Any, layer: Any, parent: Any = "") -> pd.DataFrame:
    made = pd.DataFrame({"unit_id": table["unit_id"].astype(str), "unit_name": table["unit_name"]})
    parents = pd.Series(parent, index=made.index) if isinstance(parent, str) else parent.fillna("")
    return made.assign(level=level, layer=layer, parent_id=parents)


def _rows(base: pd.DataFrame, measure: str, values: Any, unit: Any) -> pd.DataFrame:
    return base.assign(measure=measure, value=np.asarray(values, dtype=np.float64), unit=np.asarray(unit, dtype=object))
