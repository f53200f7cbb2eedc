"""可及度 coverage: who has enough facilities within the threshold, per cell, unit and district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from circle15.reach.times import BoolArray, FloatArray, IntArray, TravelTable


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of each unit and, in the last place, of the whole district (the sum of the units)."""

    people: FloatArray  # (n_units + 1,) persons
    covered_people: FloatArray  # (n_units + 1,) persons
    covered_share: FloatArray  # (n_units + 1,) 0 to 1; NaN where nobody lives


@dataclass(frozen=True, slots=True)
class Completeness:
    """All services at once, for each unit and, in the last place, for the whole district."""

    people: FloatArray  # (n_units + 1,) persons
    complete_people: FloatArray  # (n_units + 1,) persons with every layer in reach
    complete_share: FloatArray  # (n_units + 1,) 0 to 1; NaN where nobody lives
    mean_layers: FloatArray  # (n_units + 1,) people-weighted mean number of layers in reach; NaN where nobody lives


@dataclass(frozen=True, slots=True)
class OffNetwork:
    """Whose walks are unknown, for each unit and, in the last place, for the whole district."""

    people: FloatArray  # (n_units + 1,) persons in cells off the network
    without_streets: FloatArray  # (n_units + 1,) those of them in whose cells no street is mapped at all
    share_on_network: FloatArray  # (n_units + 1,) covered / people on the network; NaN where nobody is on it


def count_within(t: TravelTable, threshold_s: float) -> IntArray:
    """Count the facilities within `threshold_s` seconds (inclusive) of each cell, int64 (n_cells,)."""
    inside = np.concatenate(([0], np.cumsum(t.seconds <= threshold_s)))
    return (inside[t.indptr[1:]] - inside[t.indptr[:-1]]).astype(np.int64)


def covered_cells(seconds: npt.ArrayLike, threshold_s: float) -> BoolArray:
    """Tell which cells are covered: `seconds` of the k-th nearest is at most `threshold_s`; NaN is not covered."""
    return np.asarray(seconds, dtype=np.float64) <= threshold_s


def sum_by_unit(values: npt.ArrayLike, unit: npt.ArrayLike, n_units: int) -> FloatArray:
    """Sum `values` (n_cells,) by `unit` code (n_cells,); the last of the (n_units + 1,) sums is the whole district.

    The whole is the sum of the units, so that a printed table adds up.

    Raises
    ------
    ValueError
        If the lengths differ or a code is not 0 to ``n_units - 1``.
    """
    weights = np.asarray(values, dtype=np.float64)
    codes = np.asarray(unit, dtype=np.int64)
    if codes.shape != weights.shape:
        raise ValueError(f"values {weights.shape} and unit codes {codes.shape} differ in length")
    if codes.size and not (codes.min() >= 0 and codes.max() < n_units):
        raise ValueError(f"unit codes are 0 to {n_units - 1}; every cell lies in a unit")
    sums: FloatArray = np.bincount(codes, weights=weights, minlength=n_units).astype(np.float64)
    return np.append(sums, sums.sum())


def share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide, giving NaN (not 0) where the whole is 0."""
    quotient: FloatArray = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=quotient, where=whole > 0)


def coverage(covered: npt.ArrayLike, people: npt.ArrayLike, unit: npt.ArrayLike, n_units: int) -> Coverage:
    """Give the people of one group, and those of them who are covered, by unit and for the district.

    Method: the share of a unit's people whose k-th nearest facility is within the threshold, summed over cells.

    Parameters
    ----------
    covered
        bool (n_cells,), see `covered_cells`.
    people
        Persons of the group in each cell, float (n_cells,).
    unit
        Unit code of each cell, int (n_cells,), 0 to ``n_units - 1``.
    n_units
        Number of units; one without cells has 0 people and no share.

    Returns
    -------
    Coverage
        Arrays of ``n_units + 1``; the last place is the whole district.
    """
    heads = np.asarray(people, dtype=np.float64)
    total = sum_by_unit(heads, unit, n_units)
    inside = sum_by_unit(np.where(np.asarray(covered, dtype=bool), heads, 0.0), unit, n_units)
    return Coverage(total, inside, share(inside, total))


def off_network(
    covered: npt.ArrayLike,
    people: npt.ArrayLike,
    unit: npt.ArrayLike,
    n_units: int,
    *,
    is_off: npt.ArrayLike,
    is_without_streets: npt.ArrayLike,
) -> OffNetwork:
    """Give the people off the network, of whom nobody knows whether they are covered, and the share among the others.

    Parameters
    ----------
    covered
        bool (n_cells,); no cell off the network is covered.
    people
        Persons of one group in each cell, float (n_cells,).
    unit, n_units
        As in `coverage`.
    is_off
        bool (n_cells,): cells that the walkers of the service cannot leave by any street of the network.
    is_without_streets
        bool (n_cells,): those of them near which no street is mapped, rather than only streets that are cut off.
    """
    heads, off = np.asarray(people, dtype=np.float64), np.asarray(is_off, dtype=bool)
    inside = sum_by_unit(np.where(np.asarray(covered, dtype=bool) & ~off, heads, 0.0), unit, n_units)
    return OffNetwork(
        people=sum_by_unit(np.where(off, heads, 0.0), unit, n_units),
        without_streets=sum_by_unit(np.where(off & np.asarray(is_without_streets, bool), heads, 0.0), unit, n_units),
        share_on_network=share(inside, sum_by_unit(np.where(off, 0.0, heads), unit, n_units)),
    )


def completeness(covered: npt.ArrayLike, people: npt.ArrayLike, unit: npt.ArrayLike, n_units: int) -> Completeness:
    """Give the share of people with every layer in reach, and the people-weighted mean number of layers.

    Parameters
    ----------
    covered
        bool (n_layers, n_cells): each layer at its own threshold and minimum count.
    people
        Persons in each cell, float (n_cells,): one group for all layers, usually "all".
    unit, n_units
        As in `coverage`.

    Raises
    ------
    ValueError
        If there is no layer.
    """
    by_layer = np.atleast_2d(np.asarray(covered, dtype=bool))
    if by_layer.shape[0] == 0:
        raise ValueError("completeness needs at least one layer")
    heads = np.asarray(people, dtype=np.float64)
    total = sum_by_unit(heads, unit, n_units)
    complete = sum_by_unit(np.where(by_layer.all(axis=0), heads, 0.0), unit, n_units)
    in_reach = sum_by_unit(heads * by_layer.sum(axis=0), unit, n_units)
    return Completeness(total, complete, share(complete, total), share(in_reach, total))
