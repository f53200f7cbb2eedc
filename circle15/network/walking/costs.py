"""Milliseconds of every profile on one topology: speed, steps, surfaces, slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.rules.directions import ONE_WAY
from circle15.network.walking.traits import Traits
from circle15.network.walking.waits import closed_passages
from circle15.units import MAX_MS, UNREACHED, metres_to_ms

if TYPE_CHECKING:
    from circle15.network.streets.segments import Segments
    from circle15.network.walking.profiles import WalkProfile
    from circle15.network.walking.slope import Terrain


Float64 = npt.NDArray[np.float64]


def walk_costs(s: Segments, profiles: tuple[WalkProfile, ...], terrain: Terrain | None) -> npt.NDArray[np.uint32]:
    """Cost every segment for every profile, waits apart (`circle15.network.walking.waits`).

    The length is stretched by what slows down (steps, surface, slope) and turned to whole milliseconds by itself, so
    that a profile that states only a speed pays exactly for the length.

    Parameters
    ----------
    s
        The streets.
    profiles
        Walking profiles.
    terrain
        Slopes along the segments, None without an elevation raster.

    Returns
    -------
    numpy.ndarray
        uint32 (n_profiles, 2, n_segments), UNREACHED where a profile may not walk.
    """
    walk_ms = np.empty((len(profiles), 2, len(s.tail)), dtype=np.uint32)
    traits = None if all(p.pays_only_speed for p in profiles) else Traits.of(s.trait, s.traits)
    for i, profile in enumerate(profiles):
        if traits is None or profile.pays_only_speed:
            walk_ms[i] = metres_to_ms(s.length_m, profile.speed_m_s)
        else:
            walk_ms[i] = _profile_ms(s, traits, profile, terrain)
    if any(ONE_WAY in tags for tags in s.traits):  # whatever a profile pays, it keeps to the law
        one_way = (traits or Traits.of(s.trait, s.traits)).one_way
        walk_ms[:, 1, one_way == 1] = walk_ms[:, 0, one_way == -1] = UNREACHED
    return walk_ms


def _profile_ms(s: Segments, traits: Traits, p: WalkProfile, terrain: Terrain | None) -> npt.NDArray[np.uint32]:
    n = len(s.tail)
    slow = np.maximum(_slopes(p, traits, terrain, n), 1.0) * traits.slowness(p)
    steps = np.flatnonzero(traits.is_steps)
    slow[:, steps] = _steps(s, traits, p, terrain, steps)
    moving = np.flatnonzero(traits.conveys != 0)
    if p.conveyor_m_s is not None and len(moving):
        with_it = np.where(traits.is_steps[moving] & (not p.stairs), np.inf, p.speed_m_s / p.conveyor_m_s)
        slow[0, moving] = np.where(traits.conveys[moving] == -1, np.inf, with_it)
        slow[1, moving] = np.where(traits.conveys[moving] == 1, np.inf, with_it)
    closed = ~np.isfinite(slow) | closed_passages(traits, p)
    total = metres_to_ms(np.where(closed, 0.0, s.length_m * np.where(closed, 1.0, slow)), p.speed_m_s).astype(np.int64)
    return np.where(closed | (total > MAX_MS), UNREACHED, total).astype(np.uint32)


def _slopes(p: WalkProfile, traits: Traits, terrain: Terrain | None, n: int) -> Float64:
    """Give the slowness of slopes, (2, n), infinite where it is too steep."""
    slow = np.ones((2, n))
    steepest = np.abs(np.nan_to_num(traits.incline))
    if terrain is not None:
        steepest = np.where(np.isnan(traits.incline), terrain.steepest(n), steepest)
        if p.slope == "tobler":
            slow = terrain.slowness(n)
    if p.max_slope is not None:
        slow[:, (steepest > p.max_slope) & ~traits.is_steps] = np.inf
    return slow


def _steps(
    s: Segments, traits: Traits, p: WalkProfile, terrain: Terrain | None, steps: npt.NDArray[np.int64]
) -> Float64:
    """Give the slowness of steps, (2, n_steps): from tail to head, and back."""
    if not p.stairs:
        return np.full((2, len(steps)), np.inf)
    length = s.length_m[steps]
    tagged = traits.step_height_m[steps]
    height = np.where(np.isnan(tagged), np.nan if p.step_height_m is None else p.step_height_m, tagged)
    rise = np.nan_to_num(s.n_steps[steps] * height)
    ways = []
    for along_m_s, vertical_m_s in ((p.stairs_up_m_s, p.climb_m_s), (p.stairs_down_m_s, p.descend_m_s)):
        slow = np.full(len(steps), p.speed_m_s / (along_m_s or p.speed_m_s))
        if vertical_m_s is not None:
            vertical = np.divide(rise * p.speed_m_s, vertical_m_s * length, out=np.zeros(len(steps)), where=length > 0)
            slow = np.maximum(slow, vertical)
        ways.append(slow)
    up, down = ways
    direction = traits.up[steps].astype(np.int64)
    if terrain is not None:
        direction = np.where(direction == 0, np.sign(terrain.rise_m[steps]), direction)
    mean = (up + down) / 2
    tags = traits.slowness(p)[steps]
    forward = np.select([direction > 0, direction < 0], [up, down], mean)
    backward = np.select([direction > 0, direction < 0], [down, up], mean)
    return np.stack([forward, backward]) * tags
