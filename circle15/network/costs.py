"""Milliseconds of every profile on one topology: speed, steps, surfaces, slopes, waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circle15.network.passages import PaidEnd, add_waits, paid_ends, passage_table
from circle15.network.traits import Traits
from circle15.network.walking import WalkProfile
from circle15.units import MAX_MS, UNREACHED, metres_to_ms

if TYPE_CHECKING:
    from circle15.network.graph import WalkNetwork
    from circle15.network.segments import Segments
    from circle15.network.slope import Terrain

METRES = WalkProfile("metres", 1.0)
"""Walks a metre in a second and pays nothing else: its seconds are metres."""

Float64 = npt.NDArray[np.float64]


def walk_costs(s: Segments, profiles: tuple[WalkProfile, ...], terrain: Terrain | None) -> npt.NDArray[np.uint32]:
    """Cost every segment for every profile.

    The length is stretched by what slows down (steps, surface, slope), turned to whole milliseconds by itself, and the
    waits are added, so that a profile that states only a speed pays exactly for the length.

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
    ends: dict[float, list[PaidEnd]] = {}
    for i, profile in enumerate(profiles):
        if traits is None or profile.pays_only_speed:
            walk_ms[i] = metres_to_ms(s.length_m, profile.speed_m_s)
        else:
            if profile.wait_once_m not in ends:
                ends[profile.wait_once_m] = paid_ends(s, traits, profile.wait_once_m)
            walk_ms[i] = _profile_ms(s, traits, profile, terrain, ends[profile.wait_once_m])
    return walk_ms


def metres_network(network: WalkNetwork) -> WalkNetwork:
    """Give the same streets walked by `METRES` alone: its seconds are metres."""
    lengths = metres_to_ms(network.length_m, METRES.speed_m_s)
    return replace(network, profiles=(METRES,), walk_ms=np.stack([lengths, lengths])[np.newaxis])


def closable_nodes(s: Segments, profiles: tuple[WalkProfile, ...]) -> tuple[Segments, npt.NDArray[np.int64]]:
    """Let streets meet a place that some profile can never pass through a link of no length.

    The links carry the place's wait, or are closed, while the streets up to it stay open from either side.

    Returns
    -------
    Segments
        With the links at their end.
    numpy.ndarray
        int64 (n_links,): the segment that each link parts from its place.
    """
    kinds = {kind for p in profiles for kind in p.closed_kinds}
    rows = [i for i, row in enumerate(passage_table()) if row.object == "node" and row.kind in kinds]
    closable = np.isin(s.node_row, rows)
    if not closable.any():
        return s, np.empty(0, np.int64)
    traits = Traits.of(s.trait, s.traits)
    only_paths = np.array([row.pays == "paths" for row in passage_table()])[s.node_row]
    tail, head = s.tail.copy(), s.head.copy()
    links: list[npt.NDArray[np.int64]] = []
    place: list[npt.NDArray[np.int32]] = []
    n = len(s.node_lon)
    for ends in (tail, head):
        parted = np.flatnonzero(closable[ends] & ~(only_paths[ends] & traits.is_road))
        place.append(ends[parted].copy())
        ends[parted] = n + np.arange(len(parted))
        n += len(parted)
        links.append(parted)
    edge, at = np.concatenate(links), np.concatenate(place)
    new = np.arange(len(s.node_lon), n, dtype=np.int32)
    parted_off = replace(
        s,
        node_lon=np.concatenate([s.node_lon, s.node_lon[at]]),
        node_lat=np.concatenate([s.node_lat, s.node_lat[at]]),
        tail=np.concatenate([tail, new]),
        head=np.concatenate([head, at]),
        length_m=np.concatenate([s.length_m, np.zeros(len(at))]),
        component=np.concatenate([s.component, s.component[at]]),
        way_id=np.concatenate([s.way_id, s.way_id[edge]]),
        trait=np.concatenate([s.trait, s.trait[edge]]),
        n_steps=np.concatenate([s.n_steps, np.zeros(len(at))]),
        part=np.concatenate([s.part, s.part[edge]]),
        node_row=np.concatenate([s.node_row, np.full(len(at), -1, np.int8)]),
    )
    return parted_off, edge


def _profile_ms(
    s: Segments, traits: Traits, p: WalkProfile, terrain: Terrain | None, ends: list[PaidEnd]
) -> npt.NDArray[np.uint32]:
    n = len(s.tail)
    slow = np.maximum(_slopes(p, traits, terrain, n), 1.0) * traits.slowness(p)
    steps = np.flatnonzero(traits.is_steps)
    slow[:, steps] = _steps(s, traits, p, terrain, steps)
    moving = np.flatnonzero(traits.conveys != 0)
    if p.conveyor_m_s is not None and len(moving):
        with_it = np.where(traits.is_steps[moving] & (not p.stairs), np.inf, p.speed_m_s / p.conveyor_m_s)
        slow[0, moving] = np.where(traits.conveys[moving] == -1, np.inf, with_it)
        slow[1, moving] = np.where(traits.conveys[moving] == 1, np.inf, with_it)
    closed = ~np.isfinite(slow)
    total = metres_to_ms(np.where(closed, 0.0, s.length_m * np.where(closed, 1.0, slow)), p.speed_m_s).astype(np.int64)
    add_waits(total, p, ends)
    return np.where(closed | (total < 0) | (total > MAX_MS), UNREACHED, total).astype(np.uint32)


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
