"""A service measured again in every draw: who is covered, what share of a unit, and what gap is left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import coverage, covered_cells, sum_by_unit
from circle15.measures.gaps import open_gap
from circle15.measures.random_draws import (
    CAPACITY,
    PEOPLE,
    WALKERS,
    drawn_people,
    drawn_speed,
    lognormal_factors,
    normals,
    place_normals,
    speed_normals,
)
from circle15.pipeline.draws.drawn_places import DrawnPlaces
from circle15.reach.kth import kth_nearest
from circle15.reach.redraws import Walks
from circle15.reach.times import Times, by_facility, pair_rows, spread_to_pieces, stacked
from circle15.threads import available_threads

if TYPE_CHECKING:
    from circle15.config.certainty import CertaintyTable
    from circle15.config.layer import LayerTable
    from circle15.network.linking.linkage import Linkage
    from circle15.pipeline.study.study import Study
    from circle15.pipeline.tables.measured import Service
    from circle15.reach.times import TravelTable

Float64 = npt.NDArray[np.float64]
FACTORS = ("positions", "speed", "people")
"""What is drawn, each also alone with everything else as stated."""
_DRAWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class World:
    """What all services of a study share in a draw."""

    study: Study
    table: CertaintyTable
    root: np.random.SeedSequence
    draws: int
    kept: npt.NDArray[np.int64] | None  # (n_pieces,) code of the sum of people that is official; None: none is

    @classmethod
    def of(cls, study: Study, table: CertaintyTable, root: np.random.SeedSequence, draws: int) -> World:
        """Gather what is drawn once for all services."""
        return cls(study, table, root, draws, _kept_sums(study))

    def people_factor(self, draw: int) -> Float64:
        """Give the factors of the pieces' people, the same for every group, (n_pieces,)."""
        n = len(self.study.unit_of_piece)
        cv = self.table.people_of(self.study.config.population.source)
        return lognormal_factors(normals(self.root, PEOPLE, draw, n), cv)

    def people(self, group: str, draw: int) -> Float64:
        """Give the people of a group in a draw, (n_pieces,)."""
        heads = self.study.people.groups[group].to_numpy(np.float64)
        return drawn_people(heads, self.people_factor(draw), self.kept)

    def speed_factors(self, layer: LayerTable) -> Float64:
        """Give how many times as fast as stated a layer's people walk in each draw; 1 where the rule is in metres."""
        if layer.metres is not None:
            return np.ones(self.draws)
        stated = self.study.config.walk[layer.profile].speed_m_s
        found = drawn_speed(stated, speed_normals(self.root, self.draws), self.table.speed_of(layer.profile))
        return found / stated

    def walker_factors(self, layer: LayerTable, draw: int) -> Float64:
        """Give how many times as fast as the mean of the draw each cell's people walk, (n_cells,)."""
        n = self.study.cells.n_cells
        if layer.metres is not None or not self.table.walker_sd > 0:
            return np.ones(n)
        stated = self.study.config.walk[layer.profile].speed_m_s
        return drawn_speed(stated, normals(self.root, WALKERS, draw, n), self.table.walker_sd) / stated


@dataclass(frozen=True, slots=True)
class Drawn:
    """A service in every draw."""

    layer: LayerTable
    shares: Float64  # (draws, n_units + 1) covered share with everything drawn
    alone: dict[str, Float64]  # by factor: the same with that alone drawn
    packed: dict[str, npt.NDArray[np.uint8]]  # "all" or a factor drawn alone: (draws, bytes), who is covered by bits
    missing: npt.NDArray[np.int32] | None  # (draws, n_cells) facilities that a cell lacks; None where one is enough
    gap: Float64 | None  # (draws, n_units + 1) in the layer's unit; None without a norm
    speed_factor: Float64  # (draws,)
    n_pieces: int

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return len(self.shares)

    def covered(self, draw: int, drawn: str = "all") -> npt.NDArray[np.bool_]:
        """Tell who is covered in a draw, (n_pieces,); ``drawn`` is "all" or the one factor that is."""
        return np.unpackbits(self.packed[drawn][draw], count=self.n_pieces).view(np.bool_)

    def probability(self) -> Float64:
        """Give the share of the draws in which each piece is covered, (n_pieces,)."""
        total = np.zeros(self.n_pieces)
        for draw in range(self.n_draws):
            total += self.covered(draw)
        return total / max(self.n_draws, 1)


@dataclass(frozen=True, slots=True)
class _Found:
    """One draw."""

    shares: Float64
    alone: tuple[Float64, ...]
    packed: dict[str, npt.NDArray[np.uint8]]
    missing: npt.NDArray[np.int32] | None
    gap: Float64 | None


def draw_service(world: World, service: Service, *, threads: int | None = None) -> Drawn:
    """Measure a service in every draw.

    A speed draw rescales the threshold where the profile pays only for speed; where it waits at signals and the like,
    its streets are costed anew. All draws are searched from the facilities in one pass each.
    """
    one = _Redrawn(world, service)
    places = DrawnPlaces.of(world.study, service.layer, world.root, world.draws, world.table.position_of(service.layer))
    found: list[_Found] = []
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        waiting = iter(places)
        while some := list(islice(waiting, _DRAWS_AT_ONCE)):
            found += pool.map(one.draw, range(len(found), len(found) + len(some)), some)
    layer, missing, gaps = service.layer, [f.missing for f in found], [f.gap for f in found]
    n = world.study.n_units + 1
    return Drawn(
        layer=layer,
        shares=np.array([f.shares for f in found]).reshape(-1, n),
        alone={name: np.array([f.alone[i] for f in found]).reshape(-1, n) for i, name in enumerate(FACTORS)},
        packed={name: np.array([f.packed[name] for f in found]) for name in found[0].packed},
        missing=None if layer.min_count == 1 else np.array(missing, dtype=np.int32),
        gap=np.array(gaps).reshape(-1, n) if service.has_norm else None,
        speed_factor=one.speed,
        n_pieces=len(service.people),
    )


class _Redrawn:
    """What one service's draws share."""

    def __init__(self, world: World, service: Service) -> None:
        self.world, self.service, self.layer = world, service, service.layer
        study, layer = world.study, service.layer
        self.speed = world.speed_factors(layer)
        self.threshold_s = service.threshold_s
        self.cell = study.cells.cell_of_piece
        origins = study.linked_cells(layer.profile)
        self.walks = Walks(study.network, origins, profile=layer.profile)
        self.stated, self.owner = study.linked_entrances(layer)
        self.n_facilities = len(service.rows)
        self.is_near = layer.min_count == 1 and not service.has_norm
        # The farthest that any draw asks for, so that the walks to stated places are searched once.
        cutoff_s = self.threshold_s * float(np.max(self._faster(), initial=1.0))
        self.stated_s = self._kth(self.walks, self.stated, cutoff_s)
        self.capacity = capacity_factors(world, service)
        # Made before the threads begin, which share them.
        _ = self.walks.has_waits, self.walks.seconds_to_nearest(self.stated.take(slice(0, 1)), cutoff_s=1.0)

    def _faster(self) -> Float64:
        """Give the factor of the fastest walkers of each draw."""
        sd = self.world.table.walker_sd
        if self.layer.metres is not None or not sd > 0:
            return self.speed
        return np.array([f * self.world.walker_factors(self.layer, d).max() for d, f in enumerate(self.speed)])

    def draw(self, draw: int, places: Linkage) -> _Found:
        world, service, study = self.world, self.service, self.world.study
        people = world.people(self.layer.group, draw)
        speed = float(self.speed[draw])
        walkers = world.walker_factors(self.layer, draw)
        moved_s, covered, table = self._walk(places, speed, walkers)
        by_position = covered_cells(moved_s, self.threshold_s)[self.cell]
        by_speed = self._covered_stated(speed, walkers)
        alone = (
            self._share(by_position, service.people),
            self._share(by_speed, service.people),
            self._share(service.covered, people),
        )
        missing = gap = None
        if table is not None:
            counts = np.diff(table.indptr)
            missing = (self.layer.min_count - counts).astype(np.int32)
            if service.has_norm:
                gap = sum_by_unit(self._gap(table, people, draw), study.unit_of_piece, study.n_units)
        by_name = {"all": covered[self.cell], "positions": by_position, "speed": by_speed, "people": service.covered}
        packed = {name: np.packbits(rows) for name, rows in by_name.items()}
        return _Found(self._share(covered[self.cell], people), alone, packed, missing, gap)

    def _share(self, covered: npt.NDArray[np.bool_], people: Float64) -> Float64:
        study = self.world.study
        return coverage(covered, people, study.unit_of_piece, study.n_units).covered_share

    def _kth(self, walks: Walks, places: Linkage, cutoff_s: float) -> Float64:
        if self.layer.min_count == 1:
            return walks.seconds_to_nearest(places, cutoff_s=cutoff_s)
        table = by_facility(walks.table(places, cutoff_s=cutoff_s), self.owner, self.n_facilities)
        return kth_nearest(table, self.layer.min_count)

    def _walk(
        self, places: Linkage, speed: float, walkers: Float64
    ) -> tuple[Float64, npt.NDArray[np.bool_], Times | None]:
        """Give the walks at the stated speed in seconds, who is covered at the drawn one, and who reaches what then.

        The last holds the pairs within the threshold at the drawn speed, in seconds at that speed; it is made where
        the service counts several facilities or has a gap.
        """
        fastest = float(walkers.max(initial=1.0))
        if self.walks.has_waits and speed != 1.0:
            moved_s = self._kth(self.walks, places, self.threshold_s)
            walks, factor, cutoff_s = self.walks.at(speed), walkers, self.threshold_s * max(1.0, fastest)
            if self.is_near:
                seconds = walks.seconds_to_nearest(places, cutoff_s=cutoff_s)
                return moved_s, seconds <= self.threshold_s * factor, None
            table = by_facility(walks.table(places, cutoff_s=cutoff_s), self.owner, self.n_facilities)
            return moved_s, *self._within(table, factor)
        factor, cutoff_s = speed * walkers, self.threshold_s * max(1.0, speed * fastest)
        if self.is_near:
            moved_s = self.walks.seconds_to_nearest(places, cutoff_s=cutoff_s)
            return moved_s, moved_s <= self.threshold_s * factor, None
        table = by_facility(self.walks.table(places, cutoff_s=cutoff_s), self.owner, self.n_facilities)
        return kth_nearest(table, self.layer.min_count), *self._within(table, factor)

    def _within(self, table: TravelTable, factor: Float64) -> tuple[npt.NDArray[np.bool_], Times]:
        """Give who reaches enough facilities within the threshold, and the pairs within it, by factor (n_cells,)."""
        row = pair_rows(table)
        inside = table.seconds <= self.threshold_s * factor[row]
        counts = np.bincount(row[inside], minlength=len(factor))
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        seconds = np.minimum(table.seconds[inside] / factor[row[inside]], self.threshold_s)
        kept = Times(indptr, table.destination[inside], seconds, self.threshold_s, table.n_destinations)
        return counts >= self.layer.min_count, kept

    def _covered_stated(self, speed: float, walkers: Float64) -> npt.NDArray[np.bool_]:
        """Tell who is covered by facilities where they are stated, at a drawn speed."""
        if not (self.walks.has_waits and speed != 1.0):
            return (self.stated_s <= self.threshold_s * (speed * walkers))[self.cell]
        cutoff_s = self.threshold_s * max(1.0, float(walkers.max(initial=1.0)))
        return (self._kth(self.walks.at(speed), self.stated, cutoff_s) <= self.threshold_s * walkers)[self.cell]

    def _gap(self, table: Times, people: Float64, draw: int) -> Float64:
        """Give the gap of each piece, the people beyond the border competing as stated."""
        service, rule = self.service, self.service.need_rule
        times = spread_to_pieces(table, self.cell)
        beyond = service.demand.people[len(service.people) :]
        if len(beyond):
            first = int(service.demand.times.indptr[len(service.people)])
            rest = service.demand.times
            indptr = rest.indptr[len(service.people) :] - first
            tail = Times(indptr, rest.destination[first:], rest.seconds[first:], rest.cutoff_s, rest.n_destinations)
            times = stacked(times, tail)
        demand = replace(service.demand, times=times, people=np.concatenate([people, beyond]))
        access = demand.access(self.layer, service.supply * self.capacity[draw])
        need = rule.per_head * self.world.people(rule.group, draw) if rule is not None else people
        return open_gap(access, people, need)


def capacity_factors(world: World, service: Service) -> Float64:
    """Give the factors of capacities that their table states as approximate, (draws, n_facilities)."""
    facilities = world.study.facilities.iloc[service.rows]
    hedged = {(c.file, c.row, c.taken) for c in world.study.changes if c.reason == "approximate"}
    factors = np.ones((world.draws, len(service.rows)))
    about = [
        i for i, (source, capacity) in enumerate(zip(facilities["source"], facilities["capacity"], strict=True))
        if _is_about(str(source), float(capacity), hedged)
    ]  # fmt: skip
    if about:
        lon, lat = (facilities[c].to_numpy(np.float64)[about] for c in ("lon", "lat"))
        drawn = place_normals(world.root, lon, lat, world.draws, factor=CAPACITY)[:, :, 0]
        factors[:, about] = lognormal_factors(drawn, world.table.capacity_cv)
    return factors


def _is_about(source: str, capacity: float, hedged: set[tuple[str, int | None, str | None]]) -> bool:
    file, _, row = source.rpartition(":")
    return row.isdigit() and any(
        (f, r) == (file, int(row)) and taken is not None and _number(taken) == capacity for f, r, taken in hedged
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _kept_sums(study: Study) -> npt.NDArray[np.int64] | None:
    """Give the code of the official sum that each piece's people belong to.

    Sums of streets are kept where people come from a table of streets or were raked to streets' totals; the district's
    where only that is stated.
    """
    table, raking = study.config.population, study.people.raking
    by_unit = table.source == "units"
    if raking is not None:
        by_unit = by_unit or bool((raking["unit_id"] != study.district.id).any())
    if by_unit:
        return study.unit_of_piece
    if table.total is not None or raking is not None:
        return np.zeros(len(study.unit_of_piece), dtype=np.int64)
    return None
