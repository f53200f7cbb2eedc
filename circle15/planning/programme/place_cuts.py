"""Bounds on the missing places that new facilities make up for, as rows of a programme.

What is missing is at least what any set A of those who are short needs beyond all that A can reach (Hall 1935; Ford &
Fulkerson 1956: for the right A it is exactly that): missing >= need(A) - supply(N(A)) - sum of C_c y_c over the new
facilities c that somebody of A reaches. So with M missing today F <= M - need(A) + supply(N(A)) + sum C_c y_c. The A
that a solution breaks most is the smaller side of a least cut of its flow (Benders 1962, Numerische Mathematik 4).

Where people beyond the border have a claim to the places too, the district's part is no flow's value but that of the
fairest one. It is bounded by what the district could have without them, by what all who compete gain together (a new
facility takes nothing from anybody), and by F(Y) + sum C_c y_c over what is not in Y, F(Y) being exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from circle15.measures.flow import least_served
from circle15.reach.times import Times, pair_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circle15.planning.place_ranking import Shortage
    from circle15.planning.programme.task import BoolArray, ServiceTask
    from circle15.planning.ranking import FloatArray, IntArray

Cut = tuple[float, "IntArray", "FloatArray"]
"""F <= constant + sum of value x y over the service's own options."""

_ALL_PARTS = -1
_STANDS = 1e-9


@dataclass(frozen=True, slots=True)
class PlacesPart:
    """Those who are short and might share a place, today's or a new one's."""

    shortage: Shortage  # of the part alone
    own: IntArray  # (n_own_of_part,) the service's options that somebody of the part reaches
    circles: csr_array  # (n_own_of_part, n_short_of_part)
    capacity: FloatArray  # (n_own_of_part,)
    missing: FloatArray  # (n_short_of_part,) today

    @property
    def most(self) -> float:
        """The district's places that are missing today."""
        return float(self.missing[self.shortage.is_inside].sum())

    @property
    def has_others(self) -> bool:
        """Whether people beyond the border compete."""
        return not bool(self.shortage.is_inside.all())

    def first_cuts(self) -> Iterator[Cut]:
        """Give what holds of every choice: no more is made up for than all new places together."""
        yield 0.0, self.own, self.capacity

    def cut(self, stands: FloatArray, *, inside_only: bool) -> Cut:
        """Give the tightest bound at ``stands`` (n_own_of_part,), shares of each option that stand."""
        short = self.shortage
        who = short.is_inside if inside_only else np.ones(len(short.need), dtype=bool)
        task = short.take(who)
        circles = csr_array(self.circles[:, np.flatnonzero(who)])
        built = np.flatnonzero(stands > _STANDS)
        times, supply = _with_new(task, circles, built, self.capacity[built] * stands[built])
        groups, old = least_served(times, supply=supply, need=task.need)
        needed = np.where(groups, task.need, 0.0)
        n_old = len(task.supply)
        # Nobody gives the set more than those of it in reach need.
        asked = np.bincount(task.times.destination, weights=needed[pair_rows(task.times)], minlength=n_old)
        given = np.minimum(task.supply, asked)[old[:n_old]].sum()
        row = np.repeat(np.arange(circles.shape[0]), np.diff(circles.indptr))
        wanted = np.bincount(row, weights=needed[circles.indices], minlength=circles.shape[0])
        reached = np.flatnonzero(wanted > 0)
        today = self.most if inside_only else float(self.missing.sum())
        value = np.minimum(self.capacity, wanted)[reached]
        return today - float(needed.sum() - given), self.own[reached], value


def parts_of(service: ServiceTask) -> list[PlacesPart]:
    """Cut a service's shortage into parts between which no place could pass."""
    places = service.places
    if places is None:
        return []
    shortage, circles = places.shortage, csr_array(places.circles)
    with_new = _joined(shortage, circles)
    number = with_new.parts()
    missing = shortage.missing()
    row = np.repeat(np.arange(circles.shape[0]), np.diff(circles.indptr))
    parts = []
    for part in np.unique(number[circles.indices]).tolist():
        who = number == part
        own = np.unique(row[who[circles.indices]])
        capacity = service.capacity[own]
        if missing[who & shortage.is_inside].sum() > 0:
            inside = csr_array(circles[own][:, np.flatnonzero(who)])
            parts.append(PlacesPart(shortage.take(who), own.astype(np.int64), inside, capacity, missing[who]))
    return parts


def place_cuts(
    service: ServiceTask, parts: list[PlacesPart], stands: FloatArray, filled: FloatArray, *, slack: float
) -> Iterator[tuple[int, Cut]]:
    """Give the cuts that a solution breaks, each with its part, -1 for all parts together.

    Parameters
    ----------
    service, parts
        The service, and its parts from `parts_of`.
    stands
        (n_own,) shares of the service's options that stand in the solution.
    filled
        (n_parts,) places that the solution says are made up for.
    slack
        By how much a cut must be broken.
    """
    is_broken = False
    for number, part in enumerate(parts):
        for inside_only in (True, False) if part.has_others else (True,):
            cut = part.cut(stands[part.own], inside_only=inside_only)
            if filled[number] > _at(cut, stands) + slack * max(1.0, part.most):
                is_broken = True
                yield number, cut
    is_whole = bool((np.abs(stands - np.rint(stands)) < slack).all())
    if is_broken or not is_whole or service.places is None or not any(part.has_others for part in parts):
        return
    is_open: BoolArray = stands > 0.5  # noqa: PLR2004 (halfway between no and yes)
    exact = service.places.filled(service.capacity, is_open)
    if filled.sum() > exact + 10 * slack * max(1.0, exact):
        others = np.flatnonzero(~is_open)
        yield _ALL_PARTS, (exact, others, service.capacity[others])


def _at(cut: Cut, stands: FloatArray) -> float:
    constant, own, value = cut
    return constant + float((value * stands[own]).sum())


def _with_new(task: Shortage, circles: csr_array, built: IntArray, capacity: FloatArray) -> tuple[Times, FloatArray]:
    """Give the pairs and supply with the built ones behind the old."""
    new = csr_array(circles[built])
    n_old = len(task.supply)
    row = np.concatenate([pair_rows(task.times), new.indices.astype(np.int64)])
    behind = n_old + np.repeat(np.arange(len(built)), np.diff(new.indptr))
    column = np.concatenate([task.times.destination, behind]).astype(np.int32)
    order = np.argsort(row, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(task.need))))).astype(np.int64)
    times = Times(indptr, column[order], np.zeros(len(order)), task.times.cutoff_s, n_old + len(built))
    return times, np.concatenate([task.supply, capacity])


def _joined(shortage: Shortage, circles: csr_array) -> Shortage:
    every = np.arange(circles.shape[0])
    times, supply = _with_new(shortage, circles, every, np.zeros(len(every)))
    return replace(shortage, times=times, supply=supply)
