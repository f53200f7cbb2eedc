"""The four-dimension portrait (四维画像) of every street and community, and the composite index with its ranks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from circle15.measures.coverage import share, sum_by_unit
from circle15.measures.saturation import saturation_score
from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from circle15.reach.times import BoolArray, FloatArray

DIMENSIONS = ("匹配度", "可及度", "饱和度", "满意度")
DIMENSIONS_EN = ("match", "accessibility", "saturation", "satisfaction")
WEIGHT_SPREAD = 0.2
"""Weights are drawn within plus and minus this share to see how much a rank depends on them."""


@dataclass(frozen=True, slots=True)
class UnitUse:
    """How the facilities of each unit are used, a row per layer and a column per unit (`saturation.Saturation`)."""

    in_use: FloatArray  # (n_layers, n_units) 0 to 1, share of the places that somebody uses
    overuse: FloatArray  # (n_layers, n_units) users beyond the places / places
    score: FloatArray  # (n_layers, n_units) 0 to 100
    n_idle: FloatArray  # (n_layers, n_units) facilities
    n_overloaded: FloatArray  # (n_layers, n_units) facilities


@dataclass(frozen=True, slots=True)
class UnitMeasures:
    """What a portrait is made of, a row per layer and a column per unit; NaN where there is nothing to measure."""

    match: FloatArray  # (n_layers, n_units) 0 to 1, share of the need that is met (`gaps.Gaps.match`)
    covered_share: FloatArray  # (n_layers, n_units) 0 to 1
    used_ratio: FloatArray  # (n_layers, n_units) used / capacity, as counted (`saturation.unit_saturation`)
    gini: FloatArray  # (n_layers, n_units) of access within the unit
    quality_share: FloatArray  # (n_layers, n_units) 0 to 1, of the reachable supply
    satisfaction: FloatArray  # (n_units,) 0 to 100 (`satisfaction.satisfaction`)
    # What is not given is read from the others: all is known, and a unit is as full as one facility of its used_ratio.
    is_unknown: BoolArray | None = None  # (n_layers, n_units) people live there, and none of them is on the network
    use: UnitUse | None = None


@dataclass(frozen=True, slots=True)
class IndexWeights:
    """Weights of the composite index; only their ratios matter."""

    equity: float = 1.0
    access: float = 1.0
    quality: float = 1.0
    seed: int = 15
    draws: int = 1000
    layers: Mapping[str, float] = field(default_factory=dict)  # weight of a layer in every mean; 1 where not named


def portrait(
    units: pd.DataFrame,
    layers: Sequence[str],
    measures: UnitMeasures,
    *,
    weights: IndexWeights | None = None,
    idle_below: float = 0.6,
    overloaded_above: float = 1.0,
) -> pd.DataFrame:
    """Draw one row per unit: four dimensions from 0 to 100, the worst named, and the composite index.

    匹配度 is the mean over layers of the met share of the need, 可及度 that of the covered share, 饱和度 that of the
    share of places in use (an overfull facility fills no place of another; `overuse`, `n_idle` and `n_overloaded` stand
    beside it), 满意度 the survey's score. Layers without a value are left out of a mean, a dimension without any is
    empty. For the worst dimension saturation counts with `saturation.saturation_score`, so that neither idle nor
    overfull facilities pass for good ones.

    均衡可及优质 index = 100 E^a A^b Q^c with E = 1 - Gini of access, A the covered share, Q the quality share, weights
    a + b + c = 1 (an own definition of the index that the plans name without a formula). A service that nobody of a
    unit reaches has no Gini and no quality; absence is the worst of both, so E = 0 for it and, where the service's
    facilities state a quality at all, Q = 0; `absent_layers` names it. Where no unit has a quality
    share (or another part), the index is that of the other parts, which `index_parts` names. A unit with a part of
    0 has the index 0 and the last rank, also where another part has no value. The rank interval is the best and worst
    rank under the stated weights and `rank_draws` draws of them within plus and minus 20 %, from a fixed seed: of those
    draws alone, not a confidence interval.

    Parameters
    ----------
    units
        unit_id, unit_name, and what else is to stand in front (level, parent_id), a row per unit.
    layers
        Ids of the layers, in the order of the measures' rows.
    measures
        See `UnitMeasures`.
    weights
        Of the index and of the layers; equal by default.
    idle_below, overloaded_above
        Bounds of a normal used ratio.

    Returns
    -------
    pandas.DataFrame
        Columns as the data dictionary describes for `portrait`; ``worst_dimension`` is `Said`, "" where there is none.

    Raises
    ------
    ValueError
        If the shapes do not fit units and layers.
    """
    chosen = weights or IndexWeights()
    _check_shapes(measures, len(layers), len(units))
    by_layer = np.array([chosen.layers.get(layer, 1.0) for layer in layers])
    match = 100 * _mean_over_layers(measures.match, by_layer)
    access = 100 * _mean_over_layers(measures.covered_share, by_layer)
    use = measures.use or _use_of_ratio(measures.used_ratio, idle_below, overloaded_above)
    saturation = 100 * _mean_over_layers(use.in_use, by_layer)
    scores = use.score
    score = _mean_over_layers(scores, by_layer)
    absent = is_absent(measures)
    worst = worst_of(np.array([match, access, score, measures.satisfaction]))
    names = [Said(*sides) for sides in zip(DIMENSIONS, DIMENSIONS_EN, strict=True)]
    parts = {
        "equity": _mean_over_layers(layer_equity(measures), by_layer),
        "access": access / 100,
        "quality": _mean_over_layers(_layer_quality(measures, absent), by_layer),
    }
    columns = {
        **dict(zip(DIMENSIONS, (match, access, saturation, measures.satisfaction), strict=True)),
        "saturation_score": score,
        "overuse": 100 * _mean_over_layers(use.overuse, by_layer),
        "n_idle": _sum_over_layers(use.n_idle),
        "n_overloaded": _sum_over_layers(use.n_overloaded),
        "worst_dimension": np.array([*names, ""], dtype=object)[worst],
        "worst_layer": _worst_layers(worst, (measures.match, measures.covered_share, scores), layers),
        "absent_layers": [";".join(np.array(layers, dtype=object)[column]) for column in absent.T],
        **parts,
        **_index(parts, chosen),
    }
    return pd.concat([units.reset_index(drop=True), pd.DataFrame(columns, index=range(len(units)))], axis=1)


def portrait_layers(units: pd.DataFrame, layers: Sequence[str], measures: UnitMeasures) -> pd.DataFrame:
    """Give the numbers behind the portrait: a row per unit and layer with each measure."""
    n_layers, n_units = len(layers), len(units)
    _check_shapes(measures, n_layers, n_units)
    repeated = units.loc[units.index.repeat(n_layers)].reset_index(drop=True)
    return repeated.assign(
        layer=list(layers) * n_units,
        match=measures.match.T.ravel(),
        covered_share=measures.covered_share.T.ravel(),
        used_ratio=measures.used_ratio.T.ravel(),
        gini=measures.gini.T.ravel(),
        equity=layer_equity(measures).T.ravel(),
        quality_share=measures.quality_share.T.ravel(),
    )


def is_absent(measures: UnitMeasures) -> BoolArray:
    """Tell where people live whose access is known and none of whom reaches the service, bool (n_layers, n_units)."""
    absent = np.isnan(measures.gini) & ~np.isnan(measures.covered_share)
    return absent if measures.is_unknown is None else absent & ~measures.is_unknown


def layer_equity(measures: UnitMeasures) -> FloatArray:
    """Give E of each layer and unit, (n_layers, n_units): 1 - Gini, 0 where nobody reaches the service, else NaN."""
    return np.where(is_absent(measures), 0.0, 1 - measures.gini)


def _layer_quality(measures: UnitMeasures, absent: BoolArray) -> FloatArray:
    """Give Q of each layer and unit: 0 where a service whose facilities state a quality is absent."""
    states_quality = ~np.isnan(measures.quality_share).all(axis=1, keepdims=True)
    return np.where(absent & states_quality, 0.0, measures.quality_share)


def _use_of_ratio(ratio: FloatArray, idle_below: float, overloaded_above: float) -> UnitUse:
    """Give the use of units that have one facility each."""
    unknown = np.isnan(ratio)
    return UnitUse(
        in_use=np.minimum(ratio, 1.0),
        overuse=np.maximum(ratio - 1.0, 0.0),
        score=saturation_score(ratio, idle_below=idle_below, overloaded_above=overloaded_above),
        n_idle=np.where(unknown, np.nan, ratio < idle_below),
        n_overloaded=np.where(unknown, np.nan, ratio > overloaded_above),
    )


def worst_of(scores: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Give the row of each column's lowest score, the first among equals, -1 where a column has none."""
    values = np.asarray(scores, dtype=np.float64)
    filled = np.where(np.isnan(values), np.inf, values)
    return np.where(np.isinf(filled).all(axis=0), -1, filled.argmin(axis=0))


def unit_quality_share(
    quality_access: npt.ArrayLike, access: npt.ArrayLike, people: npt.ArrayLike, unit: npt.ArrayLike, n_units: int
) -> FloatArray:
    """Give the share of each unit's reachable supply that carries a quality flag: sum P A_q / sum P A.

    `quality_access` is A of the same catchment with each facility's supply times its flag, and `access` that of the
    facilities that say whether they have one: those that do not say are in neither. A is linear in supply.

    Returns
    -------
    numpy.ndarray
        float64 (n_units + 1,), 0 to 1, the district in the last place; NaN where no such supply is reachable.
    """
    heads = np.asarray(people, dtype=np.float64)
    flagged = sum_by_unit(heads * np.asarray(quality_access, dtype=np.float64), unit, n_units)
    return share(flagged, sum_by_unit(heads * np.asarray(access, dtype=np.float64), unit, n_units))


def rank_interval(
    parts: npt.ArrayLike, weights: npt.ArrayLike, *, seed: int, draws: int
) -> tuple[FloatArray, FloatArray]:
    """Give the best and the worst rank of each unit (1 = highest index) over drawn weights.

    Parameters
    ----------
    parts
        Parts of the index, float (n_parts, n_units), 0 to 1; NaN leaves the unit unranked unless another part is 0.
    weights
        Weight of each part, float (n_parts,), above 0 in sum; each draw multiplies each by 0.8 to 1.2, evenly.
    seed, draws
        Of the random generator (PCG64), so that the same inputs give the same interval.

    Returns
    -------
    best, worst
        float64 (n_units,), NaN where unranked.
    """
    values, centre = np.asarray(parts, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    factors = np.random.default_rng(seed).uniform(1 - WEIGHT_SPREAD, 1 + WEIGHT_SPREAD, (draws, len(centre)))
    drawn = np.vstack([centre, centre * factors])
    ranks = np.array([_ranks(_geometric(values, w)) for w in drawn])
    return ranks.min(axis=0), ranks.max(axis=0)


def _index(parts: Mapping[str, FloatArray], weights: IndexWeights) -> dict[str, object]:
    stated = {"equity": weights.equity, "access": weights.access, "quality": weights.quality}
    used = [name for name, values in parts.items() if stated[name] > 0 and not np.isnan(values).all()]
    n_units = len(parts["access"])
    if not used:
        empty = np.full(n_units, np.nan)
        return {
            "index": empty, "index_parts": "", "rank": empty, "rank_best": empty, "rank_worst": empty,
            "rank_draws": empty,
        }  # fmt: skip
    values = np.array([parts[name] for name in used])
    centre = np.array([stated[name] for name in used])
    index = _geometric(values, centre)
    best, worst = rank_interval(values, centre, seed=weights.seed, draws=weights.draws)
    return {
        "index": 100 * index,
        "index_parts": "+".join(used),
        "rank": _ranks(index),
        "rank_best": best,
        "rank_worst": worst,
        "rank_draws": np.where(np.isnan(best), np.nan, weights.draws),
    }


def _geometric(parts: FloatArray, weights: FloatArray) -> FloatArray:
    """Give the weighted geometric mean of each column; 0 where a part is 0, else NaN where one is unknown."""
    # Where nobody reaches anything, evenness and quality have no value, and the index is 0 whatever they would be.
    known = np.where((parts <= 0).any(axis=0), 0.0, np.clip(parts, 0.0, 1.0))
    product: FloatArray = np.prod(known ** (weights / weights.sum())[:, None], axis=0)
    return product


def _ranks(index: FloatArray) -> FloatArray:
    """Rank from 1 for the highest; equals share the better rank; NaN stays NaN."""
    known = ~np.isnan(index)
    # Rounding keeps equal units equal whatever order their factors were multiplied in.
    rounded = np.round(index[known], 12)
    ranks = np.full(len(index), np.nan)
    ranks[known] = 1 + (rounded[None, :] > rounded[:, None]).sum(axis=1)
    return ranks


def _mean_over_layers(values: FloatArray, weights: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    total = known.T @ weights
    sums = np.where(known, values, 0.0).T @ weights
    means: FloatArray = np.full(len(total), np.nan)
    return np.divide(sums, total, out=means, where=total > 0)


def _sum_over_layers(counts: FloatArray) -> FloatArray:
    """Sum what is known; NaN where nothing is."""
    known = ~np.isnan(counts)
    return np.where(known.any(axis=0), np.where(known, counts, 0.0).sum(axis=0), np.nan)


def _worst_layers(
    worst: npt.NDArray[np.int64], scores: Sequence[FloatArray], layers: Sequence[str]
) -> npt.NDArray[np.object_]:
    """Name the layer that is lowest in each unit's worst dimension; "" for satisfaction and where nothing is known."""
    names = np.array([*layers, ""], dtype=object)
    found = np.full(len(worst), "", dtype=object)
    for dimension, by_layer in enumerate(scores):
        here = worst == dimension
        found[here] = names[worst_of(by_layer)[here]]
    return found


def _check_shapes(measures: UnitMeasures, n_layers: int, n_units: int) -> None:
    for name in ("match", "covered_share", "used_ratio", "gini", "quality_share"):
        shape = getattr(measures, name).shape
        if shape != (n_layers, n_units):
            raise ValueError(
                f"{name} has shape {shape}; a row per layer and a column per unit is ({n_layers}, {n_units})"
            )
    if measures.satisfaction.shape != (n_units,):
        raise ValueError(f"satisfaction has shape {measures.satisfaction.shape}; one per unit is ({n_units},)")
