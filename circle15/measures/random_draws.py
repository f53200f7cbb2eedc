"""Random draws of inputs that are not known exactly, the same for the same place whatever else is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from circle15.reach.times import FloatArray, IntArray

Seed = int | np.random.SeedSequence | np.random.Generator
"""What NumPy takes for one; a Generator gives other draws each time, as it does everywhere."""

POSITIONS, SPEED, PEOPLE, WALKERS, CAPACITY, ACCESS, DOOR = range(1, 8)
"""What is drawn: the first word of a stream's spawn key."""
SLOWEST_M_S = 0.05
"""A drawn walking speed is no slower; no profile may be."""
_E7 = 10_000_000


def seed_sequence(seed: Seed) -> np.random.SeedSequence:
    """Give the root of all streams.

    Raises
    ------
    TypeError
        If a Generator's bit generator was not seeded by a SeedSequence.
    """
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if isinstance(seed, np.random.Generator):
        found = seed.bit_generator.seed_seq
        if not isinstance(found, np.random.SeedSequence):
            raise TypeError("the generator was not seeded by a SeedSequence; make it by numpy.random.default_rng")
        return found.spawn(1)[0]
    return np.random.SeedSequence(seed)


def stream(root: np.random.SeedSequence, *key: int) -> np.random.Generator:
    """Give the generator of one thing of one draw, as `SeedSequence.spawn` would: no stream depends on another."""
    child = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *key), pool_size=root.pool_size)
    return np.random.Generator(np.random.PCG64(child))


def place_normals(
    root: np.random.SeedSequence, lon: FloatArray, lat: FloatArray, draws: int, *, factor: int = POSITIONS
) -> FloatArray:
    """Draw standard normals east and north for places, the same wherever a place stands among others.

    Facilities in one place move as one, in every layer: they have one address. Fewer draws are the first of more.

    Returns
    -------
    numpy.ndarray
        float64 (draws, n_places, 2).
    """
    keys = np.column_stack([np.rint((lon + 180) * _E7), np.rint((lat + 90) * _E7)]).astype(np.int64)
    places, owner = np.unique(keys, axis=0, return_inverse=True)
    normals = np.empty((draws, len(places), 2))
    for i, key in enumerate(places.tolist()):
        normals[:, i] = stream(root, factor, *key).standard_normal((draws, 2))
    return normals[:, owner.ravel()]


def speed_normals(root: np.random.SeedSequence, draws: int) -> FloatArray:
    """Draw one standard normal a draw: everybody walks faster or slower together, float64 (draws,)."""
    return stream(root, SPEED).standard_normal(draws)


def normals(root: np.random.SeedSequence, factor: int, draw: int, n: int) -> FloatArray:
    """Draw ``n`` standard normals of one factor and draw."""
    return stream(root, factor, draw).standard_normal(n)


def drawn_speed(speed_m_s: float, normal: npt.ArrayLike, sd_m_s: float) -> FloatArray:
    """Give walking speeds in metres per second, normal around the stated one, at least `SLOWEST_M_S`."""
    return np.maximum(speed_m_s + sd_m_s * np.asarray(normal, dtype=np.float64), SLOWEST_M_S)


def lognormal_factors(normal: FloatArray, cv: float) -> FloatArray:
    """Give factors of mean 1 and coefficient of variation ``cv``; exactly 1 where that is 0.

    Counts have no negative values, and errors of gridded people are skewed as these are.
    """
    variance = np.log1p(cv * cv)
    return np.asarray(np.exp(np.sqrt(variance) * normal - variance / 2), dtype=np.float64)


def drawn_people(people: FloatArray, factor: FloatArray, kept: IntArray | None) -> FloatArray:
    """Give people times factors, with the sums over ``kept`` codes (n_cells,) as they were; None keeps no sum."""
    drawn = people * factor
    if kept is None:
        return drawn
    n = int(kept.max(initial=-1)) + 1
    before, after = (np.bincount(kept, weights=w, minlength=n) for w in (people, drawn))
    rescale = np.divide(before, after, out=np.ones(n), where=after > 0)
    return drawn * rescale[kept]
