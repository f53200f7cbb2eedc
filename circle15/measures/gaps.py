"""Gaps in physical units: how many places, beds or square metres are missing, per cell, unit and district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import share, sum_by_unit

if TYPE_CHECKING:
    from circle15.measures.times import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Gaps:
    """Supply, need and gap of each unit and, in the last place, of the whole district (the sum of the units)."""

    norm_people: FloatArray  # (n_units + 1,) persons of the norm's own denominator
    supply: FloatArray  # (n_units + 1,) supply units standing in the unit
    accessible_supply: FloatArray  # (n_units + 1,) supply units, sum of P A over the unit's cells
    need: FloatArray  # (n_units + 1,) supply units, norm x norm_people
    gap: FloatArray  # (n_units + 1,) supply units, sum of the cells' gaps
    match: FloatArray  # (n_units + 1,) 0 to 1, need-weighted mean of min(1, A / r); NaN where nothing is needed


def cell_gaps(
    access: npt.ArrayLike, people: npt.ArrayLike, norm_people: npt.ArrayLike, norm_per_person: float
) -> FloatArray:
    """Give each cell's gap, max(0, need_i - P_i A_i), in the layer's own supply unit.

    It is P_i max(0, r_i - A_i) with r_i = need_i / P_i and need_i = norm x D_i, D the people of the norm's own
    denominator: nursery places are per 1,000 residents, while the demand is the children under three. A cell with
    residents and none of the demand group lacks its whole need.

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
    if not norm_per_person > 0:
        raise ValueError(f"norm_per_person = {norm_per_person}: a norm is above 0")
    need = norm_per_person * np.asarray(norm_people, dtype=np.float64)
    return np.maximum(0.0, need - np.asarray(people, dtype=np.float64) * np.asarray(access, dtype=np.float64))


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
    """
    heads = np.asarray(people, dtype=np.float64)
    denominator = np.asarray(norm_people, dtype=np.float64)
    gaps = sum_by_unit(cell_gaps(access, heads, denominator, norm_per_person), unit, n_units)
    need = sum_by_unit(norm_per_person * denominator, unit, n_units)
    stands_in = np.asarray(facility_unit, dtype=np.int64)
    inside = stands_in >= 0
    return Gaps(
        norm_people=sum_by_unit(denominator, unit, n_units),
        supply=sum_by_unit(np.asarray(facility_supply, dtype=np.float64)[inside], stands_in[inside], n_units),
        accessible_supply=sum_by_unit(heads * np.asarray(access, dtype=np.float64), unit, n_units),
        need=need,
        gap=gaps,
        match=1.0 - share(gaps, need),
    )


def usable_supply(capacity: npt.ArrayLike) -> tuple[FloatArray | None, BoolArray]:
    """Turn capacities as read into the supply of a catchment.

    Returns
    -------
    supply
        float64 (n_facilities,), a missing capacity counting 0; None where none of the facilities states one ("count
        only"). Without any facility the supply is known: empty.
    missing
        bool (n_facilities,): facilities without a capacity, to be counted and named.
    """
    stated = np.asarray(capacity, dtype=np.float64)
    missing = np.isnan(stated)
    return (None if len(missing) and missing.all() else np.where(missing, 0.0, stated)), missing
