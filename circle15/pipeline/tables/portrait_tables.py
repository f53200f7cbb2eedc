"""The four dimensions of every unit as tables: equity, saturation, satisfaction, the portrait and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.inputs.tables.values import FLAGGED, says_kind
from circle15.measures.coverage import coverage, share, sum_by_unit
from circle15.measures.equity import equity
from circle15.measures.gaps import unit_gaps
from circle15.measures.portrait import (
    IndexWeights,
    UnitMeasures,
    UnitUse,
    portrait,
    portrait_layers,
    unit_quality_share,
)
from circle15.measures.saturation import unit_classes, unit_saturation
from circle15.pipeline.tables.policy_tables import plan_tables
from circle15.pipeline.tables.surveyed import level_satisfaction, satisfaction_table, survey_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

from circle15.pipeline.tables.levels import Level, levels_of
from circle15.pipeline.tables.load import service_load

OLD = "age_60_plus"


def appraisal_tables(study: Study, services: Sequence[Service]) -> dict[str, pd.DataFrame]:
    """Give every table of this module by its file's stem, without those that have nothing to say.

    Parameters
    ----------
    study, services
        One district, measured.

    Raises
    ------
    InputError
        If the survey or the table of actual values cannot be used.
    """
    chosen = levels_of(study)
    survey = survey_of(study, chosen)
    answers = [level_satisfaction(study, survey, chosen, level) for level in chosen]
    measured = [
        _unit_measures(study, services, level, found.score[:-1]) for level, found in zip(chosen, answers, strict=True)
    ]
    ids = [s.layer.id for s in services]
    tables = {
        "portrait": pd.concat(
            [_portrait(study, ids, level, m) for level, m in zip(chosen, measured, strict=True)], ignore_index=True
        ),
        "portrait_layers": pd.concat(
            [portrait_layers(level.units, ids, m) for level, m in zip(chosen, measured, strict=True)], ignore_index=True
        ),
        "equity": _equity_table(study, services),
        "saturation": _saturation_table(study, services),
        "satisfaction": satisfaction_table(study, chosen, answers) if survey is not None else pd.DataFrame(),
        **plan_tables(study, services, chosen),
    }
    if study.people.raking is not None:
        tables["raking"] = study.people.raking
    return {name: table for name, table in tables.items() if len(table)}


def _unit_measures(study: Study, services: Sequence[Service], level: Level, score: FloatArray) -> UnitMeasures:
    rows = [_one_service(study, service, level) for service in services]
    stacked = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    use = UnitUse(**{name: stacked.pop(name) for name in UnitUse.__slots__})
    return UnitMeasures(**stacked, satisfaction=score, use=use, is_unknown=_is_unknown(level, services))


def _is_unknown(level: Level, services: Sequence[Service]) -> npt.NDArray[np.bool_]:
    """Tell of each service in which units nobody who is for it is on the network, though some live there."""
    rows = []
    for service in services:
        people = level.people(service.layer.group)
        linked = np.where(level.spread(service.is_linked.astype(np.float64)) > 0, people, 0.0)
        lived_in, known = (
            sum_by_unit(heads, level.of_inside(), len(level.units))[:-1] > 0 for heads in (people, linked)
        )
        rows.append(lived_in & ~known)
    return np.array(rows)


def _one_service(study: Study, service: Service, level: Level) -> dict[str, FloatArray]:
    """Measure one service for every unit of a level."""
    n = len(level.units)
    unit, people, access = level.of_inside(), level.people(service.layer.group), level.spread(service.access)
    stands_in = level.of_facility[service.rows]
    facilities = study.facilities.iloc[service.rows]
    # What people off the network reach is not known, so that they have no part in how evenly access is shared.
    known_people = np.where(level.spread(service.is_linked.astype(np.float64)) > 0, people, 0.0)
    use = unit_saturation(
        facilities["used"], facilities["capacity"], stands_in, n, **study.config.saturation.model_dump()
    )
    has_use = use.n_facilities[:-1] > 0
    none = np.full(n, np.nan)
    match = none
    if service.need_rule is not None:
        match = unit_gaps(
            access=access,
            people=people,
            norm_people=level.people(service.layer.norm_group),
            norm_per_person=service.norm_per_person,
            unit=unit,
            n_units=n,
            facility_supply=service.supply,
            facility_unit=stands_in,
            need=service.need_rule.need(level.groups[level.of_part >= 0]),
        ).match[:-1]
    flag = _quality_flags(facilities)
    quality = none
    if not np.isnan(flag).all():
        flagged, known = (
            service.demand.access(service.layer, service.supply * part)
            for part in (np.nan_to_num(flag), np.isfinite(flag))
        )
        quality = unit_quality_share(level.spread(flagged), level.spread(known), people, unit, n)[:-1]
    covered = level.spread(service.covered.astype(np.float64)) > 0
    return {
        "match": match,
        "covered_share": coverage(covered, people, unit, n).covered_share[:-1],
        "used_ratio": use.ratio[:-1],
        "in_use": use.in_use[:-1],
        "overuse": use.overuse[:-1],
        "score": use.score[:-1],
        "n_idle": np.where(has_use, use.n_idle[:-1], np.nan),
        "n_overloaded": np.where(has_use, use.n_overloaded[:-1], np.nan),
        "gini": equity(access, known_people, unit, n).gini[:-1],
        "quality_share": quality,
    }


def _quality_flags(facilities: pd.DataFrame) -> FloatArray:
    """Give each facility's flag from 0 to 1, NaN where it does not say.

    The column of quality counts; without it, ownership that says 公办 or 普惠.
    """
    stated = facilities["quality"].to_numpy(np.float64)
    if not np.isnan(stated).all():
        return stated
    kinds = facilities["ownership"].fillna("").astype(str)
    return np.array([float(says_kind(k, *FLAGGED)) if k else np.nan for k in kinds], dtype=np.float64)


def _portrait(study: Study, layers: Sequence[str], level: Level, measures: UnitMeasures) -> pd.DataFrame:
    weights, bounds = study.config.portrait, study.config.saturation
    return portrait(
        level.units,
        layers,
        measures,
        weights=IndexWeights(**weights.model_dump()),
        idle_below=bounds.idle_below,
        overloaded_above=bounds.overloaded_above,
    )


def _equity_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give equity.csv: how evenly access is shared, by unit and, in the last row of each service, in the district."""
    groups = study.people.groups
    everybody = groups["all"].to_numpy(np.float64)
    old_share = share(groups[OLD].to_numpy(np.float64), everybody) if OLD in groups else None
    frames = []
    for service in services:
        # What people off the network reach is not known: they are counted apart, not as having nothing.
        known = np.where(service.is_linked, service.people, 0.0)
        found = equity(service.access, known, study.unit_of_piece, study.n_units, old_share)
        nothing = np.full(study.n_units, np.nan)
        frames.append(
            study.unit_names().assign(
                layer=service.layer.id,
                mean_access=found.mean,
                gini=found.gini,
                palma=found.palma,
                palma_state=np.array(found.palma_state, dtype=object),
                theil=found.theil,
                theil_between=np.append(nothing, found.theil_between),
                theil_within=np.append(nothing, found.theil_within),
                concentration=found.concentration,
                people_off_network=sum_by_unit(service.people - known, study.unit_of_piece, study.n_units),
            )
        )
    return pd.concat([study.once_per_unit(f) for f in frames], ignore_index=True)


def _saturation_table(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give saturation.csv of the services with a table of used places."""
    bounds = study.config.saturation
    frames = []
    for service in services:
        facilities = study.facilities.iloc[service.rows]
        stands_in = study.unit_of_facility[service.rows]
        limits = bounds.model_dump()
        found = unit_saturation(facilities["used"], facilities["capacity"], stands_in, study.n_units, **limits)
        if not found.n_facilities[-1]:
            continue
        here = stands_in >= 0
        load = sum_by_unit(service_load(service)[here], stands_in[here], study.n_units)
        capacity = sum_by_unit(service.supply[here], stands_in[here], study.n_units)
        frames.append(
            study.unit_names().assign(
                layer=service.layer.id,
                used=found.used,
                capacity=found.capacity,
                used_ratio=found.ratio,
                saturation_class=unit_classes(found, **limits).astype(object),
                n_facilities=found.n_facilities,
                n_idle=found.n_idle,
                n_overloaded=found.n_overloaded,
                free_places=found.free,
                excess_users=found.excess,
                modelled_load=load,
                modelled_ratio=share(load, capacity) if service.has_norm else np.nan,
            )
        )
    return pd.concat([study.once_per_unit(f) for f in frames], ignore_index=True) if frames else pd.DataFrame()
