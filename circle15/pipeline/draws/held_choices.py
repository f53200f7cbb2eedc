"""Choices that hold: in how many draws a place comes first, among the top three, or is chosen at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from circle15.planning.ranking import covered_in_order, rank_candidates
from circle15.reach.redraws import Walks
from circle15.reach.times import pair_rows

if TYPE_CHECKING:
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.draws.certainty_table import Certainty
    from circle15.pipeline.tables.measured import Service
    from circle15.reach.search import TravelTimes

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

NO_REGRET = 0.95
"""A place is one of no regret where it is chosen in at least this share of the draws."""
ROBUST_QUANTILE = 0.1
TOP = 3
_ALONE = ("positions", "speed", "people")
_FACTOR_DRAWS = 60
"""Draws in which each factor is drawn alone, where a draw costs little: enough to tell one in twenty."""


@dataclass(frozen=True, slots=True)
class DrawnDemand:
    """What candidates can gain in one draw, as `planning.ranking.rank_candidates` takes it."""

    reach: csr_array  # (n_places, n_cells) an entry where the cell lies within the place's circle
    people: Float64  # (n_cells,) not covered in the draw
    missing: Int64  # (n_cells,) facilities that a cell lacks


class Places(Protocol):
    """Places of a list that is made anew in every draw."""

    @property
    def n_draws(self) -> int:
        """Number of draws."""

    @property
    def n_alone(self) -> int:
        """Number of draws in which each factor is drawn alone."""

    def chosen(self, draw: int, top: int, *, cost: Float64 | None = None, budget: float | None = None,
               drawn: str = "all") -> Int64:  # fmt: skip
        """Choose up to ``top`` places in a draw, best first; ``drawn`` is "all", or the one factor that is drawn."""

    def gained(self, draw: int) -> Float64:
        """Give what each place gains in a draw, built in their order, (n_places,)."""


class Candidates:
    """Places where a service could be built, in every draw.

    Parameters
    ----------
    certainty
        The study's draws.
    service
        Which service would be built.
    at
        The places, linked for the service's profile; they are known exactly, as they are chosen.
    """

    def __init__(self, certainty: Certainty, service: Service, at: Linkage) -> None:
        self._world, self._service, self._at = certainty.world, service, at
        self._drawn = certainty.of_layer(service.layer.id)
        study = certainty.world.study
        origins = study.linked_cells(service.layer.profile)
        self._rows = np.flatnonzero((study.cells.sum_of_pieces(service.people) > 0) & (origins.edge >= 0))
        self._walks = Walks(study.network, origins.take(self._rows), profile=service.layer.profile)
        self._table: TravelTimes | None = None
        if not self._walks.has_waits:
            fastest = max((self._factor(d).max(initial=1.0) for d in range(self.n_draws)), default=1.0)
            self._table = self._walks.table(at, cutoff_s=service.threshold_s * max(1.0, float(fastest)))

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self._drawn.n_draws

    @property
    def n_alone(self) -> int:
        """Number of draws in which each factor is drawn alone."""
        return min(self.n_draws, _FACTOR_DRAWS)

    def in_draw(self, draw: int, drawn: str = "all") -> DrawnDemand:
        """Give what can be gained in a draw; ``drawn`` is "all", or the one factor that is drawn."""
        world, study = self._world, self._world.study
        group = self._service.layer.group
        people = world.people(group, draw) if drawn in {"all", "people"} else self._service.people
        uncovered = np.where(self._drawn.covered(draw, drawn), 0.0, people)
        missing = self._drawn.missing
        lacking = np.ones(len(self._rows), dtype=np.int64)
        if missing is not None:
            lacking = missing[draw][self._rows].astype(np.int64)
        reach = self._reach(self._factor(draw) if drawn in {"all", "speed"} else np.ones(len(self._rows)))
        return DrawnDemand(reach, study.cells.sum_of_pieces(uncovered)[self._rows], lacking)

    def chosen(self, draw: int, top: int, *, cost: Float64 | None = None, budget: float | None = None,
               drawn: str = "all") -> Int64:  # fmt: skip
        """Choose up to ``top`` places by newly covered people (per cost) in a draw, best first."""
        demand = self.in_draw(draw, drawn)
        return rank_candidates(
            demand.reach, demand.people, missing=demand.missing, cost=cost, budget=budget, top=top
        ).candidate

    def gains(self, draw: int) -> tuple[Float64, Float64]:
        """Give the people newly covered by each place in a draw, built in their order and alone, (n_places,) each."""
        demand = self.in_draw(draw)
        return covered_in_order(demand.reach, demand.people, missing=demand.missing)

    def gained(self, draw: int) -> Float64:
        """Give the people newly covered by each place in a draw, built in their order, (n_places,)."""
        return self.gains(draw)[0]

    def _factor(self, draw: int) -> Float64:
        layer = self._service.layer
        speed = float(self._drawn.speed_factor[draw])
        return speed * self._world.walker_factors(layer, draw)[self._rows]

    def _reach(self, factor: Float64) -> csr_array:
        threshold_s = self._service.threshold_s
        if self._table is not None:
            table, within_s = self._table, threshold_s * factor
        else:
            # Waits are as long as ever: the streets are costed anew at the mean speed of the draw.
            mean = float(factor.mean()) if len(factor) else 1.0
            walks = self._walks if mean == 1.0 else self._walks.at(mean)
            within_s = threshold_s * (factor / mean)
            table = walks.table(self._at, cutoff_s=float(within_s.max(initial=threshold_s)))
        row = pair_rows(table)
        inside = table.seconds <= within_s[row]
        pairs = (np.ones(int(inside.sum()), np.int8), (table.destination[inside], row[inside]))
        return csr_array(pairs, shape=(len(self._at), len(factor)))


@dataclass(frozen=True, slots=True)
class HeldChoice:
    """In which share of the draws each place of a pool comes first, among the top three, and is chosen at all."""

    first_share: Float64  # (n_places,)
    top3_share: Float64  # (n_places,)
    chosen_share: Float64  # (n_places,)
    gain_p10: Float64  # (n_places,) 10 % quantile of what each gains, built in the pool's order

    @property
    def no_regret(self) -> npt.NDArray[np.bool_]:
        """Tell which places are chosen in nearly every draw."""
        return self.chosen_share >= NO_REGRET


def hold_choice(
    candidates: Places, n_places: int, top: int, *, cost: Float64 | None = None, budget: float | None = None
) -> HeldChoice:
    """Choose ``top`` of a pool's places in every draw, and count in how many each stays where.

    Parameters
    ----------
    candidates
        The pool, all that competes; its first places are what was chosen as stated.
    n_places
        Number of places of the pool.
    top
        How many are chosen.
    cost, budget
        As for `planning.ranking.rank_candidates`.
    """
    counts = np.zeros((3, n_places))
    gains = np.empty((candidates.n_draws, n_places))
    for draw in range(candidates.n_draws):
        order = candidates.chosen(draw, top, cost=cost, budget=budget)
        for i, n in enumerate((1, min(TOP, top), top)):
            counts[i, order[:n]] += 1
        gains[draw] = candidates.gained(draw)
    first, top3, chosen = counts / max(candidates.n_draws, 1)
    p10 = np.quantile(gains, ROBUST_QUANTILE, axis=0) if candidates.n_draws else np.full(n_places, np.nan)
    return HeldChoice(first, top3, chosen, p10)


def order_depends_on(candidates: Places, n_places: int, top: int, *, cost: Float64 | None = None,
                     budget: float | None = None) -> npt.NDArray[np.object_]:  # fmt: skip
    """Name for each place the one factor under which it is chosen least often, "" where it is in nearly every draw."""
    share = np.zeros((len(_ALONE), n_places))
    n_draws = candidates.n_alone
    for i, factor in enumerate(_ALONE):
        for draw in range(n_draws):
            share[i, candidates.chosen(draw, top, cost=cost, budget=budget, drawn=factor)] += 1
    share /= max(n_draws, 1)
    names = np.array(_ALONE, dtype=object)[share.argmin(axis=0)]
    return np.where(share.min(axis=0) < NO_REGRET, names, "")


def robust_order(candidates: Candidates, n_places: int, top: int) -> tuple[Int64, Float64]:
    """Choose places one after another, each time the one whose gain is most in its 10 % quantile over the draws.

    Returns
    -------
    tuple of ndarray
        The places, best first, and the 10 % quantile of the people that each newly covers given those above it.
    """
    demands = [candidates.in_draw(draw) for draw in range(candidates.n_draws)]
    still = [d.missing.copy() for d in demands]
    chosen: list[int] = []
    gained: list[float] = []
    while len(chosen) < min(top, n_places):
        gains = np.array([d.reach @ (d.people * (s == 1)) for d, s in zip(demands, still, strict=True)])
        worth = np.quantile(gains, ROBUST_QUANTILE, axis=0)
        worth[chosen] = -np.inf
        best = int(np.argmax(np.round(worth, 6)))
        if not worth[best] > 0:
            break
        chosen.append(best)
        gained.append(float(worth[best]))
        for d, s in zip(demands, still, strict=True):
            s[d.reach.indices[d.reach.indptr[best] : d.reach.indptr[best + 1]]] -= 1
    return np.array(chosen, dtype=np.int64), np.array(gained)
