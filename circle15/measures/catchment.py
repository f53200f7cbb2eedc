"""匹配度 match: supply per person, by the floating catchment family, from the sparse table of walking times.

Notation: cell i with P_i people (`demand`), facility j with S_j places (`supply`), walking time t_ij, weight W_ij =
W(t_ij) (see `decay`), threshold T inclusive. All results A_i are in supply units per person of the demand group.
Everything is two or three sums over the reached pairs, so its cost grows with the number of reached pairs alone.

Conservation: sum_i P_i A_i = sum of S_j over the facilities that anyone reaches (with a weight above 0) holds for
`two_step_fca` with every decay and for `three_step_fca`. `modified_two_step_fca` gives less on purpose, and
`balanced_fca` conserves sum_i A_i = sum_j R_j and the people instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import share
from circle15.measures.decay import Decay, DecayName, decay_weights
from circle15.reach.times import FloatArray, TravelTable, checked_threshold, n_cells, pair_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def two_step_fca(
    t: TravelTable,
    *,
    supply: npt.ArrayLike,
    demand: npt.ArrayLike,
    decay: DecayName | Decay = "binary",
    threshold_s: float | None = None,
) -> FloatArray:
    """Give each cell's accessible supply per person by the two-step floating catchment area method.

    R_j = S_j / sum_k P_k W_kj, then A_i = sum_j R_j W_ij. With "binary" it is 2SFCA (Luo & Wang 2003), with "stepped"
    E2SFCA (Luo & Qi 2009), with "gaussian" Dai 2010, with "kernel" KD2SFCA (Dai & Wang 2011).

    Parameters
    ----------
    t
        Cells x facilities, seconds.
    supply
        S_j, places (or beds, square metres...), float (n_facilities,), not negative.
    demand
        P_i, persons, float (n_cells,), not negative.
    decay
        "binary", "stepped", "gaussian", "kernel" or a callable of seconds; see `decay.decay_weights`.
    threshold_s
        T in seconds, at most the cutoff of `t`, which is the default.

    Returns
    -------
    numpy.ndarray
        A_i, supply units per person, float64 (n_cells,); 0 where no supply is in reach. A facility that no people
        reach gives its supply to nobody, so an empty cell beside it has 0 too.

    Raises
    ------
    ValueError
        If lengths do not fit, a value is negative or not finite, or the threshold is beyond the cutoff of `t`.
    """
    places, people, weights = _prepared(t, supply, demand, decay, threshold_s)
    return _over_facilities(t, weights, _ratio(places, _over_cells(t, weights, people)))


def three_step_fca(
    t: TravelTable,
    *,
    supply: npt.ArrayLike,
    demand: npt.ArrayLike,
    decay: DecayName | Decay = "stepped",
    threshold_s: float | None = None,
) -> FloatArray:
    """Give each cell's accessible supply per person by the three-step method, in which people choose among facilities.

    G_ij = W_ij / sum_j W_ij; R_j = S_j / sum_k G_kj P_k W_kj; A_i = sum_j G_ij R_j W_ij (3SFCA: Wan, Zou & Sternberg
    2012, International Journal of Geographical Information Science 26(6), doi:10.1080/13658816.2011.624987).
    Supply is conserved. Arguments, result and errors as in `two_step_fca`.
    """
    places, people, weights = _prepared(t, supply, demand, decay, threshold_s)
    chosen = weights * _row_shares(t, weights)
    return _over_facilities(t, chosen, _ratio(places, _over_cells(t, chosen, people)))


def modified_two_step_fca(
    t: TravelTable,
    *,
    supply: npt.ArrayLike,
    demand: npt.ArrayLike,
    decay: DecayName | Decay = "stepped",
    threshold_s: float | None = None,
) -> FloatArray:
    """Give each cell's accessible supply per person where distance also wastes supply.

    A_i = sum_j S_j W_ij W_ij / sum_k P_k W_kj (M2SFCA: Delamater 2013, Health & Place 24,
    doi:10.1016/j.healthplace.2013.07.012). With weights of at most 1 the total sum_i P_i A_i is at most the supply:
    the rest is what badly placed facilities cannot give. Arguments, result and errors as in `two_step_fca`.
    """
    places, people, weights = _prepared(t, supply, demand, decay, threshold_s)
    return _over_facilities(t, weights**2, _ratio(places, _over_cells(t, weights, people)))


def balanced_fca(
    t: TravelTable,
    *,
    supply: npt.ArrayLike,
    demand: npt.ArrayLike,
    decay: DecayName | Decay = "stepped",
    threshold_s: float | None = None,
) -> FloatArray:
    """Give each cell's level of service without counting people or service twice.

    R_j = S_j / sum_i P_i w_ij / sum_j w_ij, then A_i = sum_j R_j w_ij / sum_i w_ij (BFCA: Paez, Higgins & Vivona 2019,
    PLoS ONE 14(6), doi:10.1371/journal.pone.0218773). People are shared over their facilities with row shares, and each
    facility's level of service over its cells with column shares: sum_j R_j = sum_i A_i, so A adds over cells and is
    smaller where the cells are smaller. Compare cells of one run only. Arguments and errors as in `two_step_fca`.
    """
    places, people, weights = _prepared(t, supply, demand, decay, threshold_s)
    level = _ratio(places, _over_cells(t, _row_shares(t, weights), people))
    return _over_facilities(t, weights, _ratio(level, _column_sums(t, weights)))


CATCHMENTS: Mapping[str, Callable[..., FloatArray]] = {
    "two_step": two_step_fca,
    "three_step": three_step_fca,
    "modified": modified_two_step_fca,
}
"""Catchments whose A_i is supply per person, by the name that a config gives them."""


def cumulative_opportunities(t: TravelTable, *, supply: npt.ArrayLike, threshold_s: float | None = None) -> FloatArray:
    """Sum the supply within the threshold of each cell, in supply units (Wachs & Kumagai 1973; Handy & Niemeier 1997).

    Nobody competes: a place counts for every cell that reaches it.
    """
    places = _checked(supply, t.n_destinations, "supply", "facility")
    weights = decay_weights(t.seconds, checked_threshold(t, threshold_s), "binary")
    return _over_facilities(t, weights, places)


def gravity_opportunities(
    t: TravelTable, *, supply: npt.ArrayLike, decay: DecayName | Decay, threshold_s: float | None = None
) -> FloatArray:
    """Sum the supply around each cell, each place weighted by its walking time (gravity measure).

    Method: sum_j S_j W_ij (Hansen 1959, Journal of the American Institute of Planners 25(2),
    doi:10.1080/01944365908978307).

    The unit is supply units times the decay's weight; see `decay.exponential` and `decay.power`.
    """
    places = _checked(supply, t.n_destinations, "supply", "facility")
    weights = decay_weights(t.seconds, checked_threshold(t, threshold_s), decay)
    return _over_facilities(t, weights, places)


def _prepared(
    t: TravelTable, supply: npt.ArrayLike, demand: npt.ArrayLike, decay: DecayName | Decay, threshold_s: float | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    places = _checked(supply, t.n_destinations, "supply", "facility")
    people = _checked(demand, n_cells(t), "demand", "cell")
    return places, people, decay_weights(t.seconds, checked_threshold(t, threshold_s), decay)


def _checked(values: npt.ArrayLike, length: int, what: str, each: str) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (length,):
        raise ValueError(f"{what} has shape {array.shape}; one value per {each} is ({length},)")
    bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if bad.size:
        raise ValueError(f"{what}[{bad[0]}] = {array[bad[0]]}: {what} is finite and not negative")
    return array


def _over_facilities(t: TravelTable, weights: FloatArray, values: FloatArray) -> FloatArray:
    """Sum weighted values of the facilities that each cell reaches, (n_cells,)."""
    return np.bincount(pair_rows(t), weights=weights * values[t.destination], minlength=n_cells(t)).astype(np.float64)


def _over_cells(t: TravelTable, weights: FloatArray, values: FloatArray) -> FloatArray:
    """Sum weighted values of the cells that reach each facility, (n_facilities,)."""
    of_pair = weights * np.repeat(values, np.diff(t.indptr))
    return np.bincount(t.destination, weights=of_pair, minlength=t.n_destinations).astype(np.float64)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide; what nobody demands is given to nobody."""
    return np.nan_to_num(share(part, whole), nan=0.0)


def _row_shares(t: TravelTable, weights: FloatArray) -> FloatArray:
    row = pair_rows(t)
    sums: FloatArray = np.bincount(row, weights=weights, minlength=n_cells(t)).astype(np.float64)
    return _ratio(weights, sums[row])


def _column_sums(t: TravelTable, weights: FloatArray) -> FloatArray:
    return np.bincount(t.destination, weights=weights, minlength=t.n_destinations).astype(np.float64)
