"""The four dimensions of every unit as tables: equity, saturation, satisfaction, the portrait and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.inputs.facility_values import FLAGGED, says_kind
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
from circle15.measures.saturation import (
    modelled_load,
    saturation_classes,
    unit_classes,
    unit_saturation,
    used_ratio,
)
from circle15.pipeline.plan import plan_tables
from circle15.pipeline.surveyed import level_satisfaction, satisfaction_table, survey_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    import numpy.typing as npt

    from circle15.pipeline.service import Service
    from circle15.pipeline.study import Study

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

OLD = "age_60_plus"


@dataclass(frozen=True, slots=True)
class Level:
    """The units of one level, and where parts of cells and facilities lie among them.

    The parts of the streets' level are the study's pieces; those of communities are cut finer.
    """

    name: Literal["town", "community"]
    units: pd.DataFrame  # unit_id, unit_name, level, parent_id; a row per unit code
    of_part: IntArray  # (n_parts,) unit code; -1 for a part in none
    of_facility: IntArray  # (n_facilities,) unit code; -1 outside
    piece: IntArray  # (n_parts,) row of the study's pieces, which have the parts' times and access
    groups: pd.DataFrame  # (n_parts, n_groups) persons

    def people(self, group: str) -> FloatArray:
        """Give the people of a group in the parts that lie in a unit, (n_inside,)."""
        return self.groups[group].to_numpy(np.float64)[self.of_part >= 0]

    def of_inside(self) -> IntArray:
        """Give the unit code of the parts that lie in a unit, (n_inside,)."""
        return self.of_part[self.of_part >= 0]

    def spread(self, values: FloatArray) -> FloatArray:
        """Give values of pieces to the parts that lie in a unit, (n_inside,)."""
        return values[self.piece[self.of_part >= 0]]


def town_level(study: Study) -> Level:
    """Give the level of the district's own units."""
    units = study.district.units[["unit_id", "unit_name"]].assign(level="town", parent_id="")
    groups = study.people.groups
    return Level(
        "town",
        units.reset_index(drop=True),
        study.unit_of_piece,
        study.unit_of_facility,
        np.arange(len(groups), dtype=np.int64),
        groups,
    )


def levels_of(study: Study) -> list[Level]:
    """Give the levels of a study, streets first; ground in no community is in no unit of the second."""
    towns = town_level(study)
    second = study.second
    if second is None:
        return [towns]
    is_own = ~second.units["is_rest"].to_numpy(np.bool_)
    code = np.append(np.where(is_own, np.cumsum(is_own) - 1, -1), -1)
    units = pd.DataFrame(second.units.loc[is_own, ["unit_id", "unit_name", "parent_id"]]).assign(level="community")
    stands_in = second.unit_of_points(study.facilities["lon"], study.facilities["lat"])
    communities = Level(
        "community",
        units[["unit_id", "unit_name", "level", "parent_id"]].reset_index(drop=True),
        code[second.unit],
        code[stands_in],
        second.piece,
        second.groups,
    )
    return [towns, communities]


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


def facility_load(study: Study, services: Sequence[Service]) -> pd.DataFrame:
    """Give, for every facility of the study, its use as counted and, beside it, its load as modelled.

    Returns
    -------
    pandas.DataFrame
        ``used_ratio``, ``saturation_class``, ``modelled_load`` (people, or places where the layer has a norm; those
        of people beyond the border too),
        ``modelled_ratio`` (modelled places / capacity); a row per facility, in the study's order.
    """
    n = len(study.facilities)
    load, ratio = np.full(n, np.nan), np.full(n, np.nan)
    for service in services:
        load[service.rows] = _modelled(service)
        if service.has_norm:
            ratio[service.rows] = share(load[service.rows], service.supply)
    counted = used_ratio(study.facilities["used"], study.facilities["capacity"])
    bounds = study.config.saturation
    classes = saturation_classes(counted, idle_below=bounds.idle_below, overloaded_above=bounds.overloaded_above)
    return pd.DataFrame(
        {
            "used_ratio": counted,
            "saturation_class": classes.astype(object),
            "modelled_load": load,
            "modelled_ratio": ratio,
        }
    )


def _modelled(service: Service) -> FloatArray:
    return modelled_load(service.demand.times, need=service.wanted, attraction=service.supply)


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
        lang=study.config.district.lang,
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
        load = sum_by_unit(_modelled(service)[here], stands_in[here], study.n_units)
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
