"""How satisfied people are: the survey's scores of every street and community, and the district's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.inputs.people.survey import Survey, read_survey
from circle15.measures.coverage import share, sum_by_unit
from circle15.measures.satisfaction import Satisfaction, satisfaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.levels import Level

    FloatArray = npt.NDArray[np.float64]


def survey_of(study: Study, levels: Sequence[Level]) -> Survey | None:
    """Read the config's survey, None where it has none; ``levels`` are whose units it may name."""
    settings = study.config.survey
    if settings is None:
        return None
    units = pd.concat([level.units for level in levels], ignore_index=True)
    path = study.config.resolve(settings.path)
    return read_survey(settings, path, units, headings=study.config.headings)


def level_satisfaction(study: Study, survey: Survey | None, levels: Sequence[Level], level: Level) -> Satisfaction:
    """Score a level's units; a street's answers are its own and its communities'. People are a unit's weight."""
    if survey is None or study.config.survey is None:
        none = np.full(len(level.units) + 1, np.nan)
        return Satisfaction(none, none, none, none, np.zeros(len(level.units) + 1, dtype=np.int64))
    n = survey.n.astype(np.float64)
    every = pd.concat([one.units for one in levels], ignore_index=True).assign(
        n=n, answered=np.nan_to_num(survey.mean) * n, squares=np.nan_to_num(survey.mean) ** 2 * n
    )
    counted = every[(every["level"] == level.name) | (every["level"] == "community")]
    belongs_to = counted["unit_id"].where(counted["level"] == level.name, counted["parent_id"])
    summed = counted.groupby(belongs_to)[["n", "answered", "squares"]].sum()
    sums = summed.reindex(level.units["unit_id"], fill_value=0.0)
    answers = sums["n"].to_numpy(np.float64)
    mean = share(sums["answered"].to_numpy(np.float64), answers)
    settings = study.config.survey
    return satisfaction(
        mean,
        answers.astype(np.int64),
        scale=settings.scale,
        spread=_spread(survey, answers, mean, float(sums["squares"].sum())),
        k=settings.shrink_k,
        people=sum_by_unit(level.people("all"), level.of_inside(), len(level.units))[:-1],
    )


def _spread(survey: Survey, answers: FloatArray, mean: FloatArray, squares: float) -> float | None:
    """Give the standard deviation of answers within the units of a level: within their parts, and between these.

    ``squares`` sums n x^2 over the survey's own units; what is left of n x^2 of the level's is between its parts.
    """
    if survey.spread is None:
        return None
    freedom = float((survey.n - 1)[survey.n > 0].sum())
    within = survey.spread**2 * freedom + squares - float(np.nansum(answers * mean**2))
    left = float((answers - 1)[answers > 0].sum())
    return float(np.sqrt(max(within, 0.0) / left)) if left > 0 else None


def satisfaction_table(study: Study, levels: Sequence[Level], found: Sequence[Satisfaction]) -> pd.DataFrame:
    """Give satisfaction.csv: streets, then communities, the whole district last."""
    district = study.config.district
    whole = pd.DataFrame(
        {
            "unit_id": [district.id],
            "unit_name": study.unit_names()["unit_name"].iloc[-1:].to_numpy(),
            "level": "county",
            "parent_id": "",
        }
    )
    tables = [_scored(level.units, one, slice(None, -1)) for level, one in zip(levels, found, strict=True)]
    return pd.concat([*tables, _scored(whole, found[0], slice(-1, None))], ignore_index=True)


def _scored(units: pd.DataFrame, found: Satisfaction, rows: slice) -> pd.DataFrame:
    is_whole = rows.start is not None
    return units.assign(
        score=found.score[rows],
        low=found.low[rows],
        high=found.high[rows],
        raw=found.raw[rows],
        n=found.n[rows],
        # The whole is not shrunk, and where units do not differ k has no bound.
        k=np.nan if is_whole or np.isinf(found.k) else found.k,
        k_source="" if is_whole else found.k_source,
    )
