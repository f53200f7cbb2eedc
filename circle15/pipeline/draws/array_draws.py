"""How sure covered shares are, from arrays alone: for scripts and notebooks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.measures.coverage import coverage
from circle15.measures.random_draws import (
    PEOPLE,
    drawn_people,
    drawn_speed,
    lognormal_factors,
    normals,
    seed_sequence,
    speed_normals,
)
from circle15.measures.share_intervals import Interval
from circle15.network.linking.link import DEFAULT_MAX_ACCESS_M, link
from circle15.pipeline.draws.drawn_places import DrawnPlaces
from circle15.reach.kth import kth_nearest
from circle15.reach.redraws import Walks
from circle15.reach.times import by_facility
from circle15.threads import available_threads

if TYPE_CHECKING:
    from circle15.measures.random_draws import Seed
    from circle15.network.graph import WalkNetwork
    from circle15.network.linking.linkage import Linkage
    from circle15.network.walking.profiles import WalkProfile

Float64 = npt.NDArray[np.float64]
_DRAWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True, eq=False)
class CoverageDraws:
    """Coverage in every draw.

    Parameters
    ----------
    shares
        float64 (draws, n_units + 1): covered share of each unit and, in the last place, of all; NaN where nobody lives.
    probability
        float64 (n,): share of the draws in which each origin is covered.
    interval
        Quantiles ``p05``, ``p50``, ``p95`` and standard deviation ``sd`` of the shares, float64 (n_units + 1,) each.
    """

    shares: Float64
    probability: Float64
    interval: Interval


def coverage_certainty(  # noqa: PLR0913 (the public signature)
    net: WalkNetwork,
    origins: Linkage,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    *,
    profile: str | WalkProfile,
    threshold_s: float,
    people: npt.ArrayLike,
    unit: npt.ArrayLike | None = None,
    facility: npt.ArrayLike | None = None,
    min_count: int = 1,
    position_m: float = 0.0,
    speed_sd: float = 0.0,
    people_cv: float = 0.0,
    max_access_m: float = DEFAULT_MAX_ACCESS_M,
    draws: int = 200,
    seed: Seed = 15,
    threads: int | None = None,
) -> CoverageDraws:
    """Measure coverage again and again under errors of places, speed and people.

    Method: as a run with [certainty] does (docs/explanation/how-sure.md); without errors every draw is the plain
    coverage.

    Parameters
    ----------
    net
        Walking network.
    origins
        Linkage of ``net``: where walks start.
    lon, lat
        float64 (n_entrances,) degrees WGS-84: the places of facilities, or of their entrances.
    profile
        Walking profile of ``net``, by name or value.
    threshold_s
        Longest walk in seconds, inclusive.
    people
        Persons at each origin, float (n,).
    unit
        Unit code of each origin, int (n,), from 0; one unit by default.
    facility
        Facility of each entrance, int (n_entrances,), from 0; each its own by default.
    min_count
        How many facilities must be within the threshold.
    position_m
        Standard deviation of places east and north, metres.
    speed_sd
        Standard deviation of the walking speed, metres per second; all walk faster or slower together.
    people_cv
        Coefficient of variation of the people of each origin.
    max_access_m
        Longest access leg of a facility, metres.
    draws
        How many, at least 1.
    seed
        Whole number, `numpy.random.SeedSequence` or `numpy.random.Generator`.
    threads
        Threads to search with, all by default; they change no result.

    Raises
    ------
    ValueError
        If ``draws`` is below 1, or an error is negative.
    """
    if draws < 1:
        raise ValueError(f"draws = {draws}: at least 1")
    for name, value in (("position_m", position_m), ("speed_sd", speed_sd), ("people_cv", people_cv)):
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} = {value}: must be finite, at least 0")
    root, heads = seed_sequence(seed), np.asarray(people, dtype=np.float64)
    codes = np.zeros(len(heads), np.int64) if unit is None else np.asarray(unit, dtype=np.int64)
    n_units = int(codes.max(initial=0)) + 1
    x, y = (np.ascontiguousarray(v, dtype=np.float64) for v in (lon, lat))
    owner = np.arange(len(x)) if facility is None else np.asarray(facility, dtype=np.int64)
    first = np.unique(owner, return_index=True)[1]
    at = link(net, x, y, max_access_m=max_access_m, profile=profile)
    places = DrawnPlaces(at, owner, x, y, x[first], y[first], position_m, max_access_m, profile).drawn(root, draws)
    stated = net.profiles[net.profile_index(profile)].speed_m_s
    factors = drawn_speed(stated, speed_normals(root, draws), speed_sd) / stated
    walks = Walks(net, origins, profile=profile)
    _ = walks.has_waits, walks.seconds_to_nearest(at.take(slice(0, 1)), cutoff_s=1.0)  # made before threads share them

    def covered(draw: int, moved: Linkage) -> npt.NDArray[np.bool_]:
        factor = float(factors[draw])
        own, limit_s = (walks.at(factor), threshold_s) if walks.has_waits else (walks, threshold_s * factor)
        if min_count == 1:
            return own.seconds_to_nearest(moved, cutoff_s=limit_s) <= limit_s
        table = by_facility(own.table(moved, cutoff_s=limit_s), owner, len(first))
        return kth_nearest(table, min_count) <= limit_s

    shares: list[Float64] = []
    total, waiting = np.zeros(len(heads)), iter(places)
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        while some := list(islice(waiting, _DRAWS_AT_ONCE)):
            for rows in pool.map(covered, range(len(shares), len(shares) + len(some)), some):
                factor = lognormal_factors(normals(root, PEOPLE, len(shares), len(heads)), people_cv)
                shares.append(coverage(rows, drawn_people(heads, factor, None), codes, n_units).covered_share)
                total += rows
    found = np.array(shares)
    return CoverageDraws(found, total / draws, Interval.of(found))
