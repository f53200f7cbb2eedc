"""饱和度 saturation: how full facilities are, as counted and, beside it and marked so, as modelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from circle15.measures.coverage import share, sum_by_unit
from circle15.measures.decay import decay_weights
from circle15.reach.times import checked_threshold, n_cells, pair_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from circle15.measures.decay import Decay, DecayName
    from circle15.reach.times import FloatArray, IntArray, TravelTable

SaturationClass = Literal["idle", "normal", "overloaded", "mixed", ""]


@dataclass(frozen=True, slots=True)
class Saturation:
    """Saturation of each unit's own facilities and, in the last place, of the whole district's."""

    used: FloatArray  # (n_units + 1,) places in use, of facilities that state both
    capacity: FloatArray  # (n_units + 1,) places, of facilities that state both
    ratio: FloatArray  # (n_units + 1,) used / capacity, above 1 where overfull; NaN where no facility states both
    n_facilities: IntArray  # (n_units + 1,) facilities that state both
    n_idle: IntArray  # (n_units + 1,) of them idle
    n_overloaded: IntArray  # (n_units + 1,) of them overloaded
    free: FloatArray  # (n_units + 1,) places that nobody uses, where a facility is not full
    excess: FloatArray  # (n_units + 1,) users beyond the places, where a facility is overfull
    score: FloatArray  # (n_units + 1,) 0 to 100, mean of the facilities' scores by their places; NaN as ratio

    @property
    def in_use(self) -> FloatArray:
        """Share of the places that somebody uses, 0 to 1: one overfull facility fills no place of another."""
        return share(self.capacity - self.free, self.capacity)

    @property
    def overuse(self) -> FloatArray:
        """Users beyond the places, as a share of all places."""
        return share(self.excess, self.capacity)


def used_ratio(used: npt.ArrayLike, capacity: npt.ArrayLike) -> FloatArray:
    """Give used places / capacity per facility, no unit; NaN where either is unknown or the capacity is 0."""
    return share(np.asarray(used, dtype=np.float64), np.nan_to_num(np.asarray(capacity, dtype=np.float64), nan=0.0))


def unit_saturation(
    used: npt.ArrayLike,
    capacity: npt.ArrayLike,
    facility_unit: npt.ArrayLike,
    n_units: int,
    *,
    idle_below: float = 0.6,
    overloaded_above: float = 1.0,
) -> Saturation:
    """Sum used places and capacity over the facilities standing in each unit, idle and overfull ones apart.

    Parameters
    ----------
    used, capacity
        Places in use and in all, float (n_facilities,), NaN where not stated; a facility that lacks either counts in
        neither sum.
    facility_unit
        Unit in which each facility stands, int (n_facilities,), -1 for one in the buffer, which is left out.
    n_units
        Number of units.
    idle_below, overloaded_above
        As in `saturation_classes`.
    """
    taken, places = np.asarray(used, dtype=np.float64), np.asarray(capacity, dtype=np.float64)
    stands_in = np.asarray(facility_unit, dtype=np.int64)
    known = ~np.isnan(used_ratio(taken, places)) & (stands_in >= 0)
    taken, places, stands_in = taken[known], places[known], stands_in[known]
    bounds = {"idle_below": idle_below, "overloaded_above": overloaded_above}
    classes = saturation_classes(taken / places, **bounds)

    def summed(values: npt.ArrayLike) -> FloatArray:
        return sum_by_unit(values, stands_in, n_units)

    def counted(chosen: npt.ArrayLike) -> IntArray:
        return summed(np.asarray(chosen, dtype=np.float64)).astype(np.int64)

    in_all = summed(places)
    return Saturation(
        used=summed(taken),
        capacity=in_all,
        ratio=share(summed(taken), in_all),
        n_facilities=counted(np.ones(len(taken))),
        n_idle=counted(classes == "idle"),
        n_overloaded=counted(classes == "overloaded"),
        free=summed(np.maximum(places - taken, 0.0)),
        excess=summed(np.maximum(taken - places, 0.0)),
        score=share(summed(places * saturation_score(taken / places, **bounds)), in_all),
    )


def unit_classes(found: Saturation, *, idle_below: float = 0.6, overloaded_above: float = 1.0) -> npt.NDArray[np.str_]:
    """Name how each unit's facilities are used: as `saturation_classes`, "mixed" where some are idle and some overfull.

    An empty and an overfull facility are 90 % full together, and neither is well used.
    """
    pooled = saturation_classes(found.ratio, idle_below=idle_below, overloaded_above=overloaded_above)
    return np.where((found.n_idle > 0) & (found.n_overloaded > 0), "mixed", pooled)


def huff_shares(
    t: TravelTable,
    *,
    attraction: npt.ArrayLike,
    decay: DecayName | Decay = "gaussian",
    threshold_s: float | None = None,
) -> FloatArray:
    """Give the share of a cell's people who go to each facility that they reach.

    p_ij = S_j W(t_ij) / sum_j S_j W(t_ij) (Huff 1963, Land Economics 39(1), doi:10.2307/3144521, whose W is t to a
    power: `decay.power`).

    Parameters
    ----------
    t
        Cells x facilities, seconds.
    attraction
        S_j, the facility's capacity or another size, float (n_facilities,), not negative.
    decay, threshold_s
        As in `catchment.two_step_fca`.

    Returns
    -------
    numpy.ndarray
        Shares, float64 (n_pairs,), in the order of `t`; they sum to 1 over each cell that reaches any attraction.
    """
    size = np.asarray(attraction, dtype=np.float64)
    if size.shape != (t.n_destinations,) or not (np.isfinite(size) & (size >= 0)).all():
        raise ValueError(f"attraction is finite, not negative and one per facility ({t.n_destinations},)")
    pull = size[t.destination] * decay_weights(t.seconds, checked_threshold(t, threshold_s), decay)
    row = pair_rows(t)
    sums: FloatArray = np.bincount(row, weights=pull, minlength=n_cells(t)).astype(np.float64)
    return np.nan_to_num(share(pull, sums[row]), nan=0.0)


def modelled_load(
    t: TravelTable,
    *,
    need: npt.ArrayLike,
    attraction: npt.ArrayLike,
    decay: DecayName | Decay = "gaussian",
    threshold_s: float | None = None,
) -> FloatArray:
    """Give the places that people would use at each facility if they went by Huff shares: a model, not a count.

    Parameters
    ----------
    t, attraction, decay, threshold_s
        As in `huff_shares`.
    need
        Places that each cell needs (norm x people), or people, float (n_cells,).

    Returns
    -------
    numpy.ndarray
        Load in the unit of `need`, float64 (n_facilities,); it sums to the need of the cells that reach any attraction.
    """
    wanted = np.asarray(need, dtype=np.float64)
    flow = wanted[pair_rows(t)] * huff_shares(t, attraction=attraction, decay=decay, threshold_s=threshold_s)
    return np.bincount(t.destination, weights=flow, minlength=t.n_destinations).astype(np.float64)


def saturation_classes(
    ratio: npt.ArrayLike, *, idle_below: float = 0.6, overloaded_above: float = 1.0
) -> npt.NDArray[np.str_]:
    """Name each ratio idle (below `idle_below`), overloaded (above `overloaded_above`), normal, or "" where unknown."""
    values = np.asarray(ratio, dtype=np.float64)
    choices = [np.isnan(values), values < idle_below, values > overloaded_above]
    return np.select(choices, ["", "idle", "overloaded"], "normal")


def saturation_score(ratio: npt.ArrayLike, *, idle_below: float = 0.6, overloaded_above: float = 1.0) -> FloatArray:
    """Score a ratio from 0 to 100: 100 between the two bounds, falling to 0 for empty and in proportion for overfull.

    An own definition, so that "full" and "too full" do not score alike: 100 u / `idle_below` below it, and 100
    `overloaded_above` / u above it; NaN stays NaN.
    """
    u = np.asarray(ratio, dtype=np.float64)
    overfull = np.divide(overloaded_above, u, out=np.ones_like(u), where=u > overloaded_above)
    return 100.0 * np.where(np.isnan(u), np.nan, np.minimum(np.minimum(u / idle_below, 1.0), overfull))
