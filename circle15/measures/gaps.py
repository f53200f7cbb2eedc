"""Gaps in physical units: how many places, beds or square metres are missing, per cell, unit and district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import share, sum_by_unit

if TYPE_CHECKING:
    from circle15.reach.times import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Gaps:
    """Supply, need and gap of each unit and, in the last place, of the whole district (the sum of the units)."""

    norm_people: FloatArray  # (n_units + 1,) persons of the norm's own denominator
    supply: FloatArray  # (n_units + 1,) supply units standing in the unit
    accessible_supply: FloatArray  # (n_units + 1,) supply units, sum of P A over the unit's cells
    need: FloatArray  # (n_units + 1,) supply units, sum of the cells' needs; in the whole, norm x norm_people
    gap: FloatArray  # (n_units + 1,) supply units, sum of the cells' gaps
    match: FloatArray  # (n_units + 1,) 0 to 1, need-weighted mean of min(1, A / r); NaN where nothing is needed


def need_per_head(people: float, norm_people: float, norm_per_person: float) -> tuple[float, bool]:
    """Give what each of those who use a service needs, so that all of them together need what the norm grants.

    Nursery places are due per 1,000 residents, while children under three take them: a district of D residents and P
    children needs norm x D places, norm x D / P a child, wherever the residents live. Where nobody of the group is
    counted, need stays with the norm's own people.

    Parameters
    ----------
    people
        Persons of the demand group in the whole district.
    norm_people
        Persons of the norm's own denominator in the whole district.
    norm_per_person
        Norm in supply units per person of the denominator (a norm per 1,000 divided by 1,000).

    Returns
    -------
    rate
        Supply units per head.
    is_of_group
        Whether heads are those of the demand group; else they are the norm's own people.

    Raises
    ------
    ValueError
        If the norm is not above 0.
    """
    if not norm_per_person > 0:
        raise ValueError(f"norm_per_person = {norm_per_person}: a norm is above 0")
    if not people > 0:
        return norm_per_person, False
    # The same people give the very norm, not its last bit more or less.
    return (norm_per_person if people == norm_people else norm_per_person * norm_people / people), True


def cell_need(people: npt.ArrayLike, norm_people: npt.ArrayLike, norm_per_person: float) -> FloatArray:
    """Give each cell's need in supply units, the cells being a whole district; see `need_per_head`."""
    heads, denominator = np.asarray(people, dtype=np.float64), np.asarray(norm_people, dtype=np.float64)
    rate, is_of_group = need_per_head(float(heads.sum()), float(denominator.sum()), norm_per_person)
    return rate * (heads if is_of_group else denominator)


def cell_gaps(
    access: npt.ArrayLike, people: npt.ArrayLike, norm_people: npt.ArrayLike, norm_per_person: float
) -> FloatArray:
    """Give each cell's gap, max(0, need_i - P_i A_i), in the layer's own supply unit.

    It is P_i max(0, r - A_i) with r the need per head of those who use the service, scaled so that the whole needs
    norm x D, D the people of the norm's own denominator (`need_per_head`). It is short of what this way of sharing out
    leaves, not of places: see `flow.fair_shares` for places that are missing however they are shared out.

    Parameters
    ----------
    access
        A_i, supply units per person of the demand group, float (n_cells,), e.g. from `catchment.two_step_fca`.
    people
        P_i, persons of the demand group, float (n_cells,).
    norm_people
        D_i, persons of the norm's denominator, float (n_cells,).
    norm_per_person
        Norm in supply units per person of the denominator (a norm per 1,000 divided by 1,000).

    Returns
    -------
    numpy.ndarray
        Supply units, float64 (n_cells,), never negative.

    Raises
    ------
    ValueError
        If the norm is not above 0.
    """
    return open_gap(access, people, cell_need(people, norm_people, norm_per_person))


def open_gap(access: npt.ArrayLike, people: npt.ArrayLike, need: npt.ArrayLike) -> FloatArray:
    """Give max(0, need_i - P_i A_i), float64 (n_cells,), of needs that are known (`cell_need`)."""
    given = np.asarray(people, dtype=np.float64) * np.asarray(access, dtype=np.float64)
    return np.maximum(0.0, np.asarray(need, dtype=np.float64) - given)


def unit_gaps(
    *,
    access: npt.ArrayLike,
    people: npt.ArrayLike,
    norm_people: npt.ArrayLike,
    norm_per_person: float,
    unit: npt.ArrayLike,
    n_units: int,
    facility_supply: npt.ArrayLike,
    facility_unit: npt.ArrayLike,
    need: npt.ArrayLike | None = None,
) -> Gaps:
    """Sum need, supply and gap by unit and for the district.

    One cell's surplus does not fill another's gap: whatever can be walked to is already in A. Hence ``match`` = 1 -
    gap / need is the need-weighted mean of min(1, A_i / r_i).

    Parameters
    ----------
    access, people, norm_people, norm_per_person
        As in `cell_gaps`.
    unit
        Unit code of each cell, int (n_cells,).
    n_units
        Number of units.
    facility_supply
        S_j in supply units, float (n_facilities,).
    facility_unit
        Unit in which each facility stands, int (n_facilities,); -1 for one in the buffer, which counts in no unit's
        ``supply`` but does in ``accessible_supply``.
    need
        Need of each cell in supply units, float (n_cells,), where the cells are not the whole district; by default
        `cell_need` of the people given.
    """
    heads = np.asarray(people, dtype=np.float64)
    denominator = np.asarray(norm_people, dtype=np.float64)
    wanted = cell_need(heads, denominator, norm_per_person) if need is None else np.asarray(need, dtype=np.float64)
    gaps = sum_by_unit(open_gap(access, heads, wanted), unit, n_units)
    total = sum_by_unit(wanted, unit, n_units)
    stands_in = np.asarray(facility_unit, dtype=np.int64)
    inside = stands_in >= 0
    return Gaps(
        norm_people=sum_by_unit(denominator, unit, n_units),
        supply=sum_by_unit(np.asarray(facility_supply, dtype=np.float64)[inside], stands_in[inside], n_units),
        accessible_supply=sum_by_unit(heads * np.asarray(access, dtype=np.float64), unit, n_units),
        need=total,
        gap=gaps,
        match=1.0 - share(gaps, total),
    )


def usable_supply(capacity: npt.ArrayLike, *, least_share: float = 0.5) -> tuple[FloatArray | None, BoolArray]:
    """Turn capacities as read into the supply of a catchment.

    Parameters
    ----------
    capacity
        Capacity of each facility, float (n_facilities,), NaN where it states none.
    least_share
        Share of the facilities that must state a capacity. Below it the few that do would be all the supply there is.

    Returns
    -------
    supply
        float64 (n_facilities,), a missing capacity counting 0; None where none of the facilities, or too few, state one
        ("count only"). Without any facility the supply is known: empty.
    missing
        bool (n_facilities,): facilities without a capacity, to be counted and named.
    """
    stated = np.asarray(capacity, dtype=np.float64)
    missing = np.isnan(stated)
    n_stated = int((~missing).sum())
    is_count_only = len(missing) > 0 and (n_stated == 0 or n_stated < least_share * len(missing))
    return (None if is_count_only else np.where(missing, 0.0, stated)), missing
