"""People whom the same options reach, taken together: a programme cannot tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from circle15.planning.programme.task import ServiceTask
    from circle15.planning.ranking import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of people, and the service's options that reach each."""

    n: int
    group: IntArray  # (n_pairs,)
    own: IntArray  # (n_pairs,) row of the service's options
    people: FloatArray  # (n,)
    missing: IntArray  # (n,) facilities that each still needs
    unit: IntArray  # (n,) -1 where units are not told apart


def cover_groups(service: ServiceTask, *, by_unit: bool) -> Groups:
    """Group the people whom enough options reach, by those options and how many they need, and by unit if asked."""
    by_piece = csr_array(csr_array(service.reach).T)
    by_piece.sort_indices()
    n_able = np.diff(by_piece.indptr)
    useful = np.flatnonzero((service.people > 0) & (n_able >= service.missing))
    numbers: dict[tuple[int, int, bytes], int] = {}
    first: list[int] = []
    of_piece = np.empty(len(useful), dtype=np.int64)
    for place, piece in enumerate(useful.tolist()):
        reached = by_piece.indices[by_piece.indptr[piece] : by_piece.indptr[piece + 1]].tobytes()
        key = (int(service.missing[piece]), int(service.unit[piece]) if by_unit else -1, reached)
        of_piece[place] = number = numbers.setdefault(key, len(numbers))
        if number == len(first):
            first.append(piece)
    n = len(first)
    one = np.array(first, dtype=np.int64)
    size = n_able[one]
    starts = np.repeat(by_piece.indptr[one] - np.concatenate(([0], np.cumsum(size)[:-1])), size) if n else one
    return Groups(
        n=n,
        group=np.repeat(np.arange(n), size),
        own=by_piece.indices[starts + np.arange(int(size.sum()))].astype(np.int64),
        people=np.bincount(of_piece, weights=service.people[useful], minlength=n).astype(np.float64),
        missing=service.missing[one].astype(np.int64),
        unit=service.unit[one].astype(np.int64) if by_unit else np.full(n, -1, dtype=np.int64),
    )
