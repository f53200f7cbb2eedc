"""What a plan asks for and where the district stands: targets, unit rules, and the values taken from the registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.inputs.ground.communities import REST_SUFFIX
from circle15.measures.coverage import sum_by_unit
from circle15.pipeline.study.later_tables import read_actual
from circle15.policy.rules import check_rules
from circle15.policy.targets import assess, measured_norms
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.levels import Level
    from circle15.pipeline.tables.measured import Service
    from circle15.policy.registers import Registers


def plan_tables(study: Study, services: Sequence[Service], levels: Sequence[Level]) -> dict[str, pd.DataFrame]:
    """Give what a plan asks for and where the district stands; nothing without [policy]."""
    applied, settings = study.policy, study.config.policy
    if applied.registers is None or settings is None:
        return {}
    standing = {
        s.layer.id: (float(s.supply[study.unit_of_facility[s.rows] >= 0].sum()), s.layer.capacity_unit)
        for s in services
        if not s.is_count_only
    }
    people = {str(group): float(heads.sum()) for group, heads in study.people.groups.items()}
    source = Said("本次测算", "this run")
    known = measured_norms(applied.registers, settings.place, settings.year, standing, people, source=source)
    if settings.actual is not None:
        reported = read_actual(study, settings.actual)
        known = pd.concat([known[~known["indicator_id"].isin(reported["indicator_id"])], reported], ignore_index=True)
    taken = [(t.layer, t.key, str(t.value), t.source, np.nan if t.row is None else float(t.row)) for t in applied.taken]
    targets = assess(applied.registers, settings.place, settings.year, known)
    return {
        "targets": _with_names(targets, applied.registers),
        "unit_rules": _with_names(unit_rules_of(study, services, levels), applied.registers),
        "policy": pd.DataFrame(taken, columns=["layer", "key", "value", "source", "row"]),
    }


def _with_names(table: pd.DataFrame, registers: Registers) -> pd.DataFrame:
    """Give ``table`` with what people call its services and documents beside their ids."""
    names = registers.services[["service_id", "name_zh", "name_en"]].itertuples(index=False)
    services = {service: Said(zh or en, en or zh) for service, zh, en in names}
    titles = registers.documents.set_index("document_id")["title_zh"].to_dict()
    named = table.copy()
    for name, texts in (("service", services), ("document", titles)):
        named.insert(named.columns.tolist().index(f"{name}_id") + 1, name, named[f"{name}_id"].map(texts))
    return named


def unit_rules_of(study: Study, services: Sequence[Service], levels: Sequence[Level]) -> pd.DataFrame:
    """Give every rule of the plan held against every unit of the levels; nothing without [policy]."""
    registers, settings = study.policy.registers, study.config.policy
    if registers is None or settings is None:
        return pd.DataFrame()
    everybody = study.people.groups["all"].to_numpy(np.float64)
    district = study.config.district
    rows = [
        pd.DataFrame(
            {
                "unit_id": [district.id],
                "unit_name": [district.name],
                "level": ["county"],
                "resident_population": [everybody.sum()],
            }
        )
    ]
    stands_in = {"county": np.where(study.unit_of_facility >= 0, district.id, "")}
    for level in levels:
        if level.name == "town" and district.units is None:
            continue  # the district is its own one unit, and no street
        # Raked people are whole to a thousandth; a bound of 50,000 is met by 50,000.
        people = np.rint(sum_by_unit(level.people("all"), level.of_inside(), len(level.units))[:-1])
        units = level.units[["unit_id", "unit_name", "level"]].assign(resident_population=people)
        # No rule asks anything of the ground that belongs to no unit.
        rows.append(units[units["unit_id"] != district.id + REST_SUFFIX])
        ids = np.append(level.units["unit_id"].to_numpy(object), "")
        stands_in[level.name] = ids[level.of_facility]
    facilities = pd.DataFrame(
        {
            "layer": study.facilities["layer"].to_numpy(),
            "quality": study.facilities["ownership"].to_numpy(),
            **{
                name: stands_in.get(name, np.full(len(study.facilities), ""))
                for name in ("county", "town", "community")
            },
        }
    )
    return check_rules(
        registers,
        settings.place,
        pd.concat(rows, ignore_index=True),
        facilities,
        layers=[s.layer.id for s in services],
        full_coverage_k=settings.full_coverage_k,
    )
