"""Walks to the k-th nearest facility, each facility at the nearest of its entrances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circle15.reach.search import nearest, travel_times_blocks
from circle15.reach.times import FloatArray, IntArray, TravelTable, by_facility, n_cells, pair_rows

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile


def seconds_to_kth(
    net: WalkNetwork, origins: Linkage, entrances: Linkage, facility: IntArray,
    *, k: int, profile: str | WalkProfile, cutoff_s: float, block: int = 65_536, threads: int | None = None,
) -> FloatArray:  # fmt: skip
    """Give the seconds from each origin to its k-th nearest facility, NaN beyond the cutoff.

    ``facility`` is that of each entrance, int (n_entrances,), from 0; the rest is as for `search.travel_times_blocks`.
    """
    if k == 1:
        return nearest(net, origins, entrances, profile=profile, cutoff_s=cutoff_s, threads=threads).seconds
    found = np.empty(len(origins))
    n_facilities = int(facility.max(initial=-1)) + 1
    for first, table in travel_times_blocks(
        net, origins, entrances, profile=profile, cutoff_s=cutoff_s, block=block, threads=threads
    ):
        found[first : first + n_cells(table)] = kth_nearest(by_facility(table, facility, n_facilities), k)
    return found


def kth_nearest(t: TravelTable, k: int = 1) -> FloatArray:
    """Give each cell's walking time to its k-th nearest facility.

    Parameters
    ----------
    t
        Cells x facilities; two entrances of one facility must be merged first (`times.by_facility`).
    k
        1 for the nearest; facilities at equal times count one by one.

    Returns
    -------
    numpy.ndarray
        Seconds, float64 (n_cells,); NaN where fewer than `k` facilities are within the cutoff of `t`.

    Raises
    ------
    ValueError
        If `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k = {k}: the nearest facility is k = 1")
    left = np.array(t.seconds, dtype=np.float64)
    counts = np.diff(t.indptr)
    filled = np.flatnonzero(counts > 0)
    found = np.full(n_cells(t), np.nan)
    if len(filled) == 0:
        return found
    starts = t.indptr[filled]
    row = pair_rows(t) if k > 1 else None
    for turn in range(k):
        # Rows between two filled ones are empty, so each filled row's segment ends where the next begins.
        smallest = np.minimum.reduceat(left, starts)
        if turn == k - 1:
            found[filled] = np.where(np.isinf(smallest), np.nan, smallest)
        elif row is not None:
            shortest = np.full(n_cells(t), np.inf)
            shortest[filled] = smallest
            at = np.flatnonzero(left == shortest[row])
            # Only the first of several equal times is taken away, so that ties count one by one.
            is_first = np.ones(len(at), dtype=bool)
            is_first[1:] = row[at[1:]] != row[at[:-1]]
            left[at[is_first]] = np.inf
    return found
