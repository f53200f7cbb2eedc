"""Places that are missing however supply is shared out: the largest flow from facilities to needs within the threshold.

E2SFCA shares a facility's places over everybody in its circle, whether or not they have others; its gap says what that
leaves short. The largest flow (Ford & Fulkerson 1956, Canadian Journal of Mathematics 8, doi:10.4153/CJM-1956-045-5)
says what no way of sharing out could mend: need - flow. Its value is one; who is short is not. Among the largest flows
the fairest is taken, in which nobody's met share of the need can rise but from who has no more than they (the
lexicographically optimal base of Megiddo 1974, Mathematical Programming 7, doi:10.1007/BF01585506, by the decomposition
of Fujishige 1980, Mathematics of Operations Research 5(2), doi:10.1287/moor.5.2.186). Those shares are unique.

Flows are found in whole numbers: needs and supplies are multiplied by the largest power of two that fits 31 bits, which
is exact for whole places, and within one part in a thousand of a place up to a million of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy  # its parts load when they are used

from circle15.reach.times import checked_threshold, n_cells, pair_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from circle15.reach.times import BoolArray, FloatArray, IntArray, TravelTable

_MOST_UNITS = 2**31 - 2**20
"""What whole-number flows may sum to: 32 bits with their sign, less what rounding may add."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Needs and supplies in whole units and who reaches what; every facility and need here has a partner."""

    need: IntArray  # (n_groups,)
    supply: IntArray  # (n_facilities,)
    group: IntArray  # (n_pairs,)
    facility: IntArray  # (n_pairs,)

    def part(self, groups: BoolArray, facilities: BoolArray) -> _Task:
        """Give what is among some groups and some facilities, renumbered."""
        kept = groups[self.group] & facilities[self.facility]
        group, facility = np.cumsum(groups) - 1, np.cumsum(facilities) - 1
        return _Task(self.need[groups], self.supply[facilities], group[self.group[kept]], facility[self.facility[kept]])


def fair_shares(
    t: TravelTable, *, supply: npt.ArrayLike, need: npt.ArrayLike, threshold_s: float | None = None
) -> FloatArray:
    """Give the share of each cell's need that is met where supply is shared out as well as it can be.

    The places that are missing whatever the allocation are the sum of need x (1 - share), and no allocation to places
    within the threshold leaves fewer.

    Parameters
    ----------
    t
        Cells x facilities, seconds.
    supply
        S_j in supply units, float (n_facilities,), not negative.
    need
        Need of each cell in supply units, float (n_cells,), not negative.
    threshold_s
        T in seconds, inclusive, at most the cutoff of `t`, which is the default.

    Returns
    -------
    numpy.ndarray
        0 to 1, float64 (n_cells,); 0 where no supply is in reach, and 1 where nothing is needed.

    Raises
    ------
    ValueError
        If lengths do not fit, or a value is negative or not finite.
    """
    places, wanted = checked_amounts(supply, t.n_destinations, "supply"), checked_amounts(need, n_cells(t), "need")
    shares = np.where(wanted > 0, 0.0, 1.0)
    inside = t.seconds <= checked_threshold(t, threshold_s)
    row, column = pair_rows(t)[inside], t.destination[inside].astype(np.int64)
    used = (wanted[row] > 0) & (places[column] > 0)
    row, column = row[used], column[used]
    if not len(row):
        return shares
    cell_group, group, facility = _alike(row, column, len(wanted))
    n_groups = int(cell_group.max()) + 1
    in_group = cell_group >= 0
    pooled = np.bincount(cell_group[in_group], weights=wanted[in_group], minlength=n_groups).astype(np.float64)
    met = np.zeros(n_groups)
    for groups, facilities in _components(group, facility, n_groups, len(places)):
        of_pair = groups[group]
        task = _scaled(pooled[groups], places[facilities], _ranks(groups, group[of_pair]),
                       _ranks(facilities, facility[of_pair]))  # fmt: skip
        met[groups] = _shares(task)
    shares[in_group] = met[cell_group[in_group]]
    return shares


def least_served(t: TravelTable, *, supply: npt.ArrayLike, need: npt.ArrayLike) -> tuple[BoolArray, BoolArray]:
    """Give who falls short most, taken together: the cells whose need exceeds all that they reach by the most.

    That excess, need of the cells less supply of the facilities, is what is missing whatever the allocation (the least
    cut of the flow); nobody where nothing is missing.

    Parameters
    ----------
    t, supply, need
        As for `fair_shares`.

    Returns
    -------
    cells
        bool (n_cells,).
    facilities
        bool (n_facilities,): those with supply that one of the cells reaches.
    """
    places, wanted = checked_amounts(supply, t.n_destinations, "supply"), checked_amounts(need, n_cells(t), "need")
    row, column = pair_rows(t), t.destination.astype(np.int64)
    used = (wanted[row] > 0) & (places[column] > 0)
    row, column = row[used], column[used]
    # Who reaches nothing lacks all that they need, and takes nothing from anybody.
    short = wanted > 0
    short[row] = False
    taken = np.zeros(len(places), dtype=np.bool_)
    if len(row):
        cell_group, group, facility = _alike(row, column, len(wanted))
        in_group = cell_group >= 0
        n_groups = int(cell_group.max()) + 1
        pooled = np.bincount(cell_group[in_group], weights=wanted[in_group], minlength=n_groups).astype(np.float64)
        for groups, facilities in _components(group, facility, n_groups, len(places)):
            of_pair = groups[group]
            task = _scaled(pooled[groups], places[facilities], _ranks(groups, group[of_pair]),
                           _ranks(facilities, facility[of_pair]))  # fmt: skip
            starving, theirs = _starving(task, task.need)
            of_group = np.zeros(n_groups, dtype=np.bool_)
            of_group[np.flatnonzero(groups)[starving]] = True
            short |= in_group & of_group[cell_group]
            taken[np.flatnonzero(facilities)[theirs]] = True
    return short, taken


def checked_amounts(values: npt.ArrayLike, length: int, what: str) -> FloatArray:
    """Give amounts as float64 (length,).

    Raises
    ------
    ValueError
        If their number is another, or one is negative or not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (length,):
        raise ValueError(f"{what} has shape {array.shape}; it is ({length},)")
    bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if bad.size:
        raise ValueError(f"{what}[{bad[0]}] = {array[bad[0]]}: {what} is finite and not negative")
    return array


def _ranks(chosen: BoolArray, numbers: IntArray) -> IntArray:
    return (np.cumsum(chosen) - 1)[numbers]


def _alike(row: IntArray, column: IntArray, n_rows: int) -> tuple[IntArray, IntArray, IntArray]:
    """Take cells that reach the same facilities together: the flow cannot tell them apart.

    Gives each cell's group, -1 without a facility, and the pairs of groups and facilities.
    """
    order = np.lexsort((column, row))
    row, column = row[order], column[order].astype(np.int32)
    starts = np.flatnonzero(np.concatenate(([True], row[1:] != row[:-1])))
    ends = np.append(starts[1:], len(row))
    numbers: dict[bytes, int] = {}
    cell_group = np.full(n_rows, -1, dtype=np.int64)
    firsts: list[tuple[int, int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        key = column[start:end].tobytes()
        number = numbers.setdefault(key, len(numbers))
        if number == len(firsts):
            firsts.append((start, end))
        cell_group[row[start]] = number
    group = np.repeat(np.arange(len(firsts)), [end - start for start, end in firsts])
    facility = np.concatenate([column[start:end] for start, end in firsts]).astype(np.int64)
    return cell_group, group, facility


def _components(
    group: IntArray, facility: IntArray, n_groups: int, n_facilities: int
) -> Iterator[tuple[BoolArray, BoolArray]]:
    """Give the groups and facilities of each part of the district that shares nothing with another."""
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 (slow import that only capacities need)

    n = n_groups + n_facilities
    graph = scipy.sparse.coo_array((np.ones(len(group), dtype=np.int8), (group, n_groups + facility)), shape=(n, n))
    part = connected_components(graph, directed=False)[1]
    for number in np.unique(part[:n_groups]).tolist():
        yield part[:n_groups] == number, part[n_groups:] == number


def _scaled(need: FloatArray, supply: FloatArray, group: IntArray, facility: IntArray) -> _Task:
    """Put amounts into whole units; a facility never has more than all that is needed in its circle."""
    asked = np.bincount(facility, weights=need[group], minlength=len(supply))
    useful = np.minimum(supply, asked)
    total = max(float(need.sum()), float(useful.sum()))
    unit = 2.0 ** np.floor(np.log2(_MOST_UNITS / total))
    return _Task(_whole(need * unit), _whole(useful * unit), group, facility)


def _whole(amounts: npt.NDArray[np.floating[Any]]) -> IntArray:
    """Round amounts so that their sum is the rounded sum."""
    edges: IntArray = np.rint(np.concatenate(([0.0], np.cumsum(amounts)))).astype(np.int64)
    return np.diff(edges)


def _shares(task: _Task) -> FloatArray:
    """Give the met share of each group of one component."""
    met = np.ones(len(task.need))
    groups, facilities = _starving(task, task.need)
    if not groups.any():
        return met
    # Those who are short get all that they reach, as little as it is; how it is shared among them is decided below.
    stack = [(np.flatnonzero(groups), task.part(groups, facilities))]
    while stack:
        members, part = stack.pop()
        total, given = int(part.need.sum()), int(part.supply.sum())
        evenly = given / total if total else 1.0
        met[members] = min(evenly, 1.0)
        if not given or len(members) == 1:
            continue
        poor, theirs = _starving(part, _whole(part.need * evenly), slack=len(members))
        if not poor.any() or poor.all():
            continue
        stack.append((members[poor], part.part(poor, theirs)))
        stack.append((members[~poor], part.part(~poor, ~theirs)))
    return met


def _starving(task: _Task, wanted: IntArray, *, slack: int = 0) -> tuple[BoolArray, BoolArray]:
    """Give the groups that cannot all have what they want, and the facilities, which are theirs alone.

    None where at most `slack` units are missing, which is what rounding may take.
    """
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow  # noqa: PLC0415 (as above)

    n_facilities, n_groups = len(task.supply), len(task.need)
    n = n_facilities + n_groups + 2
    source, sink = n - 2, n - 1
    of_group = n_facilities + np.arange(n_groups)
    tail = np.concatenate([np.full(n_facilities, source), task.facility, of_group])
    head = np.concatenate([np.arange(n_facilities), n_facilities + task.group, np.full(n_groups, sink)])
    # A pair never binds: one unit more than its facility has.
    room = np.concatenate([task.supply, task.supply[task.facility] + 1, wanted])
    graph = scipy.sparse.csr_array((room.astype(np.int32), (tail, head)), shape=(n, n))
    found = maximum_flow(graph, source, sink)
    if int(wanted.sum()) - int(found.flow_value) <= slack:
        return np.zeros(n_groups, dtype=np.bool_), np.zeros(n_facilities, dtype=np.bool_)
    left = (graph - found.flow).tocsr()
    left.eliminate_zeros()
    reached = np.zeros(n, dtype=np.bool_)
    reached[breadth_first_order(left, source, return_predecessors=False)] = True
    return ~reached[n_facilities : n_facilities + n_groups], ~reached[:n_facilities]
